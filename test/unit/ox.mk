# SPDX-License-Identifier: Apache-2.0
# Adds to the lists in the top Makefile.am. test_ox_*: libusm/ox; test_text, test_mime: libusm/util.
if HAVE_CMOCKA
OX_TEST_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/libusm -I$(top_srcdir)/test/unit $(APR_CFLAGS) $(CMOCKA_CFLAGS)
OX_TEST_LDADD = libusm/libusmall.la $(APR_LIBS) $(CMOCKA_LIBS)
OX_TEST_COMMON = test/unit/ox_test.c test/unit/ox_test.h
OX_TESTS = test/unit/test_ox_standin \
	test/unit/test_ox_standin_mail \
	test/unit/test_ox_standin_event \
	test/unit/test_ox_error \
	test/unit/test_ox_json \
	test/unit/test_ox_stream \
	test/unit/test_ox_cursor \
	test/unit/test_ox_map \
	test/unit/test_ox_login \
	test/unit/test_ox_http \
	test/unit/test_ox_pim \
	test/unit/test_ox_move \
	test/unit/test_ox_mails \
	test/unit/test_ox_note \
	test/unit/test_ox_people \
	test/unit/test_ox_recipient \
	test/unit/test_text \
	test/unit/test_mime_head \
	test/unit/test_spool \
	test/unit/test_ical_event \
	test/unit/test_mime
check_PROGRAMS += $(OX_TESTS)
TESTS += $(OX_TESTS)

test_unit_test_ox_standin_SOURCES = test/unit/test_ox_standin.c $(OX_TEST_COMMON)
test_unit_test_ox_standin_CPPFLAGS = $(OX_TEST_CPPFLAGS)
test_unit_test_ox_standin_LDADD = $(OX_TEST_LDADD)

test_unit_test_ox_standin_mail_SOURCES = test/unit/test_ox_standin_mail.c $(OX_TEST_COMMON)
test_unit_test_ox_standin_mail_CPPFLAGS = $(OX_TEST_CPPFLAGS)
test_unit_test_ox_standin_mail_LDADD = $(OX_TEST_LDADD)

test_unit_test_ox_standin_event_SOURCES = test/unit/test_ox_standin_event.c $(OX_TEST_COMMON)
test_unit_test_ox_standin_event_CPPFLAGS = $(OX_TEST_CPPFLAGS)
test_unit_test_ox_standin_event_LDADD = $(OX_TEST_LDADD)

test_unit_test_ox_note_SOURCES = test/unit/test_ox_note.c $(OX_TEST_COMMON)
test_unit_test_ox_note_CPPFLAGS = $(OX_TEST_CPPFLAGS)
test_unit_test_ox_note_LDADD = $(OX_TEST_LDADD)

test_unit_test_ical_event_SOURCES = test/unit/test_ical_event.c
test_unit_test_ical_event_CPPFLAGS = $(OX_TEST_CPPFLAGS)
test_unit_test_ical_event_LDADD = $(OX_TEST_LDADD)

test_unit_test_ox_error_SOURCES = test/unit/test_ox_error.c $(OX_TEST_COMMON)
test_unit_test_ox_error_CPPFLAGS = $(OX_TEST_CPPFLAGS)
test_unit_test_ox_error_LDADD = $(OX_TEST_LDADD)

test_unit_test_ox_json_SOURCES = test/unit/test_ox_json.c
test_unit_test_ox_json_CPPFLAGS = $(OX_TEST_CPPFLAGS)
test_unit_test_ox_json_LDADD = $(OX_TEST_LDADD)

test_unit_test_ox_stream_SOURCES = test/unit/test_ox_stream.c
test_unit_test_ox_stream_CPPFLAGS = $(OX_TEST_CPPFLAGS)
test_unit_test_ox_stream_LDADD = $(OX_TEST_LDADD)

test_unit_test_ox_cursor_SOURCES = test/unit/test_ox_cursor.c
test_unit_test_ox_cursor_CPPFLAGS = $(OX_TEST_CPPFLAGS)
test_unit_test_ox_cursor_LDADD = $(OX_TEST_LDADD)

test_unit_test_ox_map_SOURCES = test/unit/test_ox_map.c $(OX_TEST_COMMON)
test_unit_test_ox_map_CPPFLAGS = $(OX_TEST_CPPFLAGS)
test_unit_test_ox_map_LDADD = $(OX_TEST_LDADD)

test_unit_test_ox_login_SOURCES = test/unit/test_ox_login.c $(OX_TEST_COMMON)
test_unit_test_ox_login_CPPFLAGS = $(OX_TEST_CPPFLAGS)
test_unit_test_ox_login_LDADD = $(OX_TEST_LDADD)

test_unit_test_ox_http_SOURCES = test/unit/test_ox_http.c $(OX_TEST_COMMON)
test_unit_test_ox_http_CPPFLAGS = $(OX_TEST_CPPFLAGS)
test_unit_test_ox_http_LDADD = $(OX_TEST_LDADD)

test_unit_test_ox_pim_SOURCES = test/unit/test_ox_pim.c $(OX_TEST_COMMON)
test_unit_test_ox_pim_CPPFLAGS = $(OX_TEST_CPPFLAGS)
test_unit_test_ox_pim_LDADD = $(OX_TEST_LDADD)

test_unit_test_text_SOURCES = test/unit/test_text.c
test_unit_test_text_CPPFLAGS = $(OX_TEST_CPPFLAGS)
test_unit_test_text_LDADD = $(OX_TEST_LDADD)

test_unit_test_mime_SOURCES = test/unit/test_mime.c
test_unit_test_mime_CPPFLAGS = $(OX_TEST_CPPFLAGS)
test_unit_test_mime_LDADD = $(OX_TEST_LDADD)

test_unit_test_ox_move_SOURCES = test/unit/test_ox_move.c $(OX_TEST_COMMON)
test_unit_test_ox_move_CPPFLAGS = $(OX_TEST_CPPFLAGS)
test_unit_test_ox_move_LDADD = $(OX_TEST_LDADD)

test_unit_test_ox_mails_SOURCES = test/unit/test_ox_mails.c $(OX_TEST_COMMON)
test_unit_test_ox_mails_CPPFLAGS = $(OX_TEST_CPPFLAGS)
test_unit_test_ox_mails_LDADD = $(OX_TEST_LDADD)

test_unit_test_spool_SOURCES = test/unit/test_spool.c
test_unit_test_spool_CPPFLAGS = $(OX_TEST_CPPFLAGS)
test_unit_test_spool_LDADD = $(OX_TEST_LDADD)
test_unit_test_mime_head_SOURCES = test/unit/test_mime_head.c
test_unit_test_mime_head_CPPFLAGS = $(OX_TEST_CPPFLAGS)
test_unit_test_mime_head_LDADD = $(OX_TEST_LDADD)

test_unit_test_ox_people_SOURCES = test/unit/test_ox_people.c $(OX_TEST_COMMON)
test_unit_test_ox_people_CPPFLAGS = $(OX_TEST_CPPFLAGS)
test_unit_test_ox_people_LDADD = $(OX_TEST_LDADD)
test_unit_test_ox_recipient_SOURCES = test/unit/test_ox_recipient.c $(OX_TEST_COMMON)
test_unit_test_ox_recipient_CPPFLAGS = $(OX_TEST_CPPFLAGS)
test_unit_test_ox_recipient_LDADD = $(OX_TEST_LDADD)
check_PROGRAMS += test/unit/test_ox_standin_series
TESTS += test/unit/test_ox_standin_series
test_unit_test_ox_standin_series_SOURCES = test/unit/test_ox_standin_series.c $(OX_TEST_COMMON)
test_unit_test_ox_standin_series_CPPFLAGS = $(OX_TEST_CPPFLAGS)
test_unit_test_ox_standin_series_LDADD = $(OX_TEST_LDADD)
# usmsync's main() by another name; whole runs need the stand-in.
check_PROGRAMS += test/unit/test_usmsync
TESTS += test/unit/test_usmsync
test_unit_test_usmsync_SOURCES = test/unit/test_usmsync.c $(OX_TEST_COMMON) libusm/tools/sync.h \
	libusm/tools/sync_ical.c libusm/tools/sync_state.c libusm/tools/sync_vcard.c
test_unit_test_usmsync_CPPFLAGS = $(OX_TEST_CPPFLAGS) $(ICAL_CFLAGS)
test_unit_test_usmsync_LDADD = $(OX_TEST_LDADD) $(ICAL_LIBS)
# Texts of module chronos, held against libical.
check_PROGRAMS += test/unit/test_ox_rfc5545
TESTS += test/unit/test_ox_rfc5545
test_unit_test_ox_rfc5545_SOURCES = test/unit/test_ox_rfc5545.c
test_unit_test_ox_rfc5545_CPPFLAGS = $(OX_TEST_CPPFLAGS) $(ICAL_CFLAGS)
test_unit_test_ox_rfc5545_LDADD = $(OX_TEST_LDADD) $(ICAL_LIBS)
OX_TESTS += test/unit/test_ox_hint
check_PROGRAMS += test/unit/test_ox_hint
TESTS += test/unit/test_ox_hint
test_unit_test_ox_hint_SOURCES = test/unit/test_ox_hint.c $(OX_TEST_COMMON)
test_unit_test_ox_hint_CPPFLAGS = $(OX_TEST_CPPFLAGS)
test_unit_test_ox_hint_LDADD = $(OX_TEST_LDADD)
check_PROGRAMS += test/unit/test_ox_chronos
TESTS += test/unit/test_ox_chronos
test_unit_test_ox_chronos_SOURCES = test/unit/test_ox_chronos.c $(OX_TEST_COMMON)
test_unit_test_ox_chronos_CPPFLAGS = $(OX_TEST_CPPFLAGS)
test_unit_test_ox_chronos_LDADD = $(OX_TEST_LDADD)
endif
