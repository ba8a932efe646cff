# SPDX-License-Identifier: Apache-2.0
# Adds to the lists in the top Makefile.am.
libusm_libusmall_la_SOURCES += \
	libusm/util/crypt_cert.c \
	libusm/util/ical_event.c \
	libusm/util/ical_event.h \
	libusm/util/ical_meeting.c \
	libusm/util/ical_meeting.h \
	libusm/util/mime.c \
	libusm/util/mime.h \
	libusm/util/mime_answer.c \
	libusm/util/mime_draft.c \
	libusm/util/mime_head.c \
	libusm/util/mime_int.h \
	libusm/util/mime_invite.c \
	libusm/util/mime_note.c \
	libusm/util/mime_sms.c \
	libusm/util/spool.c \
	libusm/util/text.c \
	libusm/util/text.h
