# SPDX-License-Identifier: Apache-2.0
# Tests of the item mapping and of what stands around it; those of Sync, Ping and their like run on a real engine.
EXTRA_DIST += test/unit/map_test.h test/unit/sync_test.h test/unit/fidelity.h
if HAVE_CMOCKA
MAP_TESTS = test/unit/test_timezone \
	test/unit/test_globalid \
	test/unit/test_eas_meeting \
	test/unit/test_html \
	test/unit/test_map \
	test/unit/test_conv \
	test/unit/test_mapbody \
	test/unit/test_class \
	test/unit/test_collection \
	test/unit/test_sync_read \
	test/unit/test_sync_run \
	test/unit/test_cmd_items \
	test/unit/test_cmd_move \
	test/unit/test_cmd_itemoperations \
	test/unit/test_eas_spool \
	test/unit/test_hierarchy \
	test/unit/test_people \
	test/unit/test_eas_oof \
	test/unit/test_cmd_resolve \
	test/unit/test_crypt_cert
check_PROGRAMS += $(MAP_TESTS)
TESTS += $(MAP_TESTS)
MAP_TEST_CPPFLAGS = $(EAS_CPPFLAGS) -I$(top_srcdir)/libusm $(CMOCKA_CFLAGS)
MAP_TEST_LDADD = mod_eas/libeas.la libusm/libusmall.la $(ZLIB_LIBS) $(CMOCKA_LIBS) $(APR_LIBS)
SYNC_TEST_SOURCES = test/unit/sync_test.c test/unit/map_test.c test/unit/fake_backend.c
test_unit_test_timezone_CPPFLAGS = $(MAP_TEST_CPPFLAGS)
test_unit_test_timezone_LDADD = $(MAP_TEST_LDADD)
test_unit_test_globalid_CPPFLAGS = $(MAP_TEST_CPPFLAGS)
test_unit_test_globalid_LDADD = $(MAP_TEST_LDADD)
test_unit_test_eas_meeting_SOURCES = test/unit/test_eas_meeting.c test/unit/map_test.c
test_unit_test_eas_meeting_CPPFLAGS = $(MAP_TEST_CPPFLAGS)
test_unit_test_eas_meeting_LDADD = $(MAP_TEST_LDADD)
test_unit_test_html_CPPFLAGS = $(MAP_TEST_CPPFLAGS)
test_unit_test_html_LDADD = $(MAP_TEST_LDADD)
test_unit_test_map_SOURCES = test/unit/test_map.c test/unit/map_test.c
test_unit_test_map_CPPFLAGS = $(MAP_TEST_CPPFLAGS)
test_unit_test_map_LDADD = $(MAP_TEST_LDADD)
test_unit_test_conv_SOURCES = test/unit/test_conv.c test/unit/map_test.c
test_unit_test_conv_CPPFLAGS = $(MAP_TEST_CPPFLAGS)
test_unit_test_conv_LDADD = $(MAP_TEST_LDADD)
test_unit_test_mapbody_SOURCES = test/unit/test_mapbody.c test/unit/map_test.c
test_unit_test_mapbody_CPPFLAGS = $(MAP_TEST_CPPFLAGS)
test_unit_test_mapbody_LDADD = $(MAP_TEST_LDADD)
test_unit_test_class_SOURCES = test/unit/test_class.c test/unit/map_test.c
test_unit_test_class_CPPFLAGS = $(MAP_TEST_CPPFLAGS)
test_unit_test_class_LDADD = $(MAP_TEST_LDADD)
test_unit_test_collection_SOURCES = test/unit/test_collection.c test/unit/map_test.c
test_unit_test_collection_CPPFLAGS = $(MAP_TEST_CPPFLAGS)
test_unit_test_collection_LDADD = $(MAP_TEST_LDADD)
test_unit_test_sync_read_SOURCES = test/unit/test_sync_read.c $(SYNC_TEST_SOURCES)
test_unit_test_sync_read_CPPFLAGS = $(MAP_TEST_CPPFLAGS)
test_unit_test_sync_read_LDADD = $(MAP_TEST_LDADD)
test_unit_test_sync_run_SOURCES = test/unit/test_sync_run.c $(SYNC_TEST_SOURCES)
test_unit_test_sync_run_CPPFLAGS = $(MAP_TEST_CPPFLAGS)
test_unit_test_sync_run_LDADD = $(MAP_TEST_LDADD)
test_unit_test_cmd_items_SOURCES = test/unit/test_cmd_items.c $(SYNC_TEST_SOURCES)
test_unit_test_cmd_items_CPPFLAGS = $(MAP_TEST_CPPFLAGS)
test_unit_test_cmd_items_LDADD = $(MAP_TEST_LDADD)
test_unit_test_cmd_move_SOURCES = test/unit/test_cmd_move.c $(SYNC_TEST_SOURCES)
test_unit_test_cmd_move_CPPFLAGS = $(MAP_TEST_CPPFLAGS)
test_unit_test_cmd_move_LDADD = $(MAP_TEST_LDADD)
test_unit_test_cmd_itemoperations_SOURCES = test/unit/test_cmd_itemoperations.c $(SYNC_TEST_SOURCES)
test_unit_test_cmd_itemoperations_CPPFLAGS = $(MAP_TEST_CPPFLAGS)
test_unit_test_cmd_itemoperations_LDADD = $(MAP_TEST_LDADD)
test_unit_test_eas_spool_CPPFLAGS = $(MAP_TEST_CPPFLAGS)
test_unit_test_eas_spool_LDADD = $(MAP_TEST_LDADD)
test_unit_test_hierarchy_SOURCES = test/unit/test_hierarchy.c $(SYNC_TEST_SOURCES)
test_unit_test_hierarchy_CPPFLAGS = $(MAP_TEST_CPPFLAGS)
test_unit_test_hierarchy_LDADD = $(MAP_TEST_LDADD)
MEETING_TESTS = test/unit/test_cmd_meeting test/unit/test_fidelity test/unit/test_fidelity_device
test_unit_test_fidelity_SOURCES = test/unit/test_fidelity.c test/unit/fidelity.c test/unit/map_test.c
test_unit_test_fidelity_device_SOURCES = test/unit/test_fidelity_device.c test/unit/fidelity.c test/unit/map_test.c
test_unit_test_fidelity_device_CPPFLAGS = $(MAP_TEST_CPPFLAGS)
test_unit_test_fidelity_device_LDADD = $(MAP_TEST_LDADD)
test_unit_test_fidelity_CPPFLAGS = $(MAP_TEST_CPPFLAGS)
test_unit_test_fidelity_LDADD = $(MAP_TEST_LDADD)
check_PROGRAMS += $(MEETING_TESTS)
TESTS += $(MEETING_TESTS)
test_unit_test_cmd_meeting_SOURCES = test/unit/test_cmd_meeting.c $(SYNC_TEST_SOURCES)
test_unit_test_cmd_meeting_CPPFLAGS = $(MAP_TEST_CPPFLAGS)
test_unit_test_cmd_meeting_LDADD = $(MAP_TEST_LDADD)
test_unit_test_people_SOURCES = test/unit/test_people.c $(SYNC_TEST_SOURCES)
test_unit_test_people_CPPFLAGS = $(MAP_TEST_CPPFLAGS)
test_unit_test_people_LDADD = $(MAP_TEST_LDADD)
test_unit_test_eas_oof_SOURCES = test/unit/test_eas_oof.c $(SYNC_TEST_SOURCES)
test_unit_test_eas_oof_CPPFLAGS = $(MAP_TEST_CPPFLAGS)
test_unit_test_eas_oof_LDADD = $(MAP_TEST_LDADD)
test_unit_test_cmd_resolve_SOURCES = test/unit/test_cmd_resolve.c $(SYNC_TEST_SOURCES)
test_unit_test_cmd_resolve_CPPFLAGS = $(MAP_TEST_CPPFLAGS)
test_unit_test_cmd_resolve_LDADD = $(MAP_TEST_LDADD)
test_unit_test_crypt_cert_SOURCES = test/unit/test_crypt_cert.c $(SYNC_TEST_SOURCES)
test_unit_test_crypt_cert_CPPFLAGS = $(MAP_TEST_CPPFLAGS) $(OPENSSL_CFLAGS)
test_unit_test_crypt_cert_LDADD = $(MAP_TEST_LDADD) $(OPENSSL_LIBS)
MAIL_TESTS = test/unit/test_search test/unit/test_thread test/unit/test_flag test/unit/test_sms test/unit/test_cmd_smart test/unit/test_drafts
check_PROGRAMS += $(MAIL_TESTS)
TESTS += $(MAIL_TESTS)
test_unit_test_flag_SOURCES = test/unit/test_flag.c $(SYNC_TEST_SOURCES)
test_unit_test_flag_CPPFLAGS = $(MAP_TEST_CPPFLAGS)
test_unit_test_flag_LDADD = $(MAP_TEST_LDADD)
test_unit_test_sms_SOURCES = test/unit/test_sms.c $(SYNC_TEST_SOURCES)
test_unit_test_sms_CPPFLAGS = $(MAP_TEST_CPPFLAGS)
test_unit_test_sms_LDADD = $(MAP_TEST_LDADD)
test_unit_test_thread_SOURCES = test/unit/test_thread.c $(SYNC_TEST_SOURCES)
test_unit_test_thread_CPPFLAGS = $(MAP_TEST_CPPFLAGS)
test_unit_test_thread_LDADD = $(MAP_TEST_LDADD)
test_unit_test_search_SOURCES = test/unit/test_search.c $(SYNC_TEST_SOURCES)
test_unit_test_search_CPPFLAGS = $(MAP_TEST_CPPFLAGS)
test_unit_test_search_LDADD = $(MAP_TEST_LDADD)
test_unit_test_cmd_smart_SOURCES = test/unit/test_cmd_smart.c $(SYNC_TEST_SOURCES)
test_unit_test_cmd_smart_CPPFLAGS = $(MAP_TEST_CPPFLAGS)
test_unit_test_cmd_smart_LDADD = $(MAP_TEST_LDADD)
test_unit_test_drafts_SOURCES = test/unit/test_drafts.c $(SYNC_TEST_SOURCES)
test_unit_test_drafts_CPPFLAGS = $(MAP_TEST_CPPFLAGS)
test_unit_test_drafts_LDADD = $(MAP_TEST_LDADD)
check_PROGRAMS += test/unit/test_eas_park
TESTS += test/unit/test_eas_park
test_unit_test_eas_park_SOURCES = test/unit/test_eas_park.c $(SYNC_TEST_SOURCES)
test_unit_test_eas_park_CPPFLAGS = $(MAP_TEST_CPPFLAGS)
test_unit_test_eas_park_LDADD = $(MAP_TEST_LDADD)
endif
