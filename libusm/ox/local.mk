# SPDX-License-Identifier: Apache-2.0
# Adds to the lists in the top Makefile.am.
libusm_libusmall_la_SOURCES += \
	libusm/ox/ox.h \
	libusm/ox/ox_attach.c libusm/ox/ox_backend.c \
	libusm/ox/ox_call.c \
	libusm/ox/ox_chronos.c \
	libusm/ox/ox_chronos.h \
	libusm/ox/ox_chronos_map.c \
	libusm/ox/ox_chronos_people.c \
	libusm/ox/ox_chronos_write.c \
	libusm/ox/ox_conv_people.c \
	libusm/ox/ox_conv_recur.c \
	libusm/ox/ox_conv_simple.c \
	libusm/ox/ox_cursor.c \
	libusm/ox/ox_cursor.h \
	libusm/ox/ox_error.c \
	libusm/ox/ox_folder.c \
	libusm/ox/ox_hint.c \
	libusm/ox/ox_http.c \
	libusm/ox/ox_http.h \
	libusm/ox/ox_json.c \
	libusm/ox/ox_json.h \
	libusm/ox/ox_login.c \
	libusm/ox/ox_mail.c \
	libusm/ox/ox_mail.h \
	libusm/ox/ox_mail_get.c \
	libusm/ox/ox_mail_kind.c \
	libusm/ox/ox_mail_many.c \
	libusm/ox/ox_mail_write.c \
	libusm/ox/ox_map.c \
	libusm/ox/ox_map.h \
	libusm/ox/ox_meeting.c \
	libusm/ox/ox_move.c \
	libusm/ox/ox_mailfilter.c \
	libusm/ox/ox_note.c \
	libusm/ox/ox_people.c \
	libusm/ox/ox_picture.c \
	libusm/ox/ox_picture.h libusm/ox/ox_attach.h \
	libusm/ox/ox_pim.c \
	libusm/ox/ox_pim.h \
	libusm/ox/ox_pim_write.c \
	libusm/ox/ox_recipient.c \
	libusm/ox/ox_rfc5545.c \
	libusm/ox/ox_rfc5545.h \
	libusm/ox/ox_search.c \
	libusm/ox/ox_series.c \
	libusm/ox/ox_series.h \
	libusm/ox/ox_series_write.c \
	libusm/ox/ox_stream.c \
	libusm/ox/ox_stream.h \
	libusm/ox/ox_thread.c
