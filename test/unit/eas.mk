# SPDX-License-Identifier: Apache-2.0
# Tests of the protocol ring: one program per source file, against a stand-in for libusm's sessions (eas_test.c).
EXTRA_DIST += test/unit/eas_test.h
if HAVE_CMOCKA
EAS_TESTS = test/unit/test_eas_conf test/unit/test_eas_body test/unit/test_eas_policy test/unit/test_eas_dispatch \
	test/unit/test_cmd_provision test/unit/test_cmd_settings test/unit/test_cmd_folders \
	test/unit/test_eas_pace test/unit/test_eas_slot test/unit/test_eas_autodiscover test/unit/test_eas_rules \
	test/unit/test_eas_access
check_PROGRAMS += $(EAS_TESTS)
TESTS += $(EAS_TESTS)
EAS_TEST_CPPFLAGS = $(EAS_CPPFLAGS) $(CMOCKA_CFLAGS)
EAS_TEST_LDADD = mod_eas/libeas.la libusm/libusmall.la $(ZLIB_LIBS) $(CMOCKA_LIBS) $(APR_LIBS)
# The stand-in's functions come first and win over the library's.
EAS_TEST_LDFLAGS = $(AM_LDFLAGS) -Wl,--allow-multiple-definition
test_unit_test_eas_conf_CPPFLAGS = $(EAS_TEST_CPPFLAGS)
test_unit_test_eas_conf_LDADD = $(EAS_TEST_LDADD)
test_unit_test_eas_body_CPPFLAGS = $(EAS_TEST_CPPFLAGS)
test_unit_test_eas_body_LDADD = $(EAS_TEST_LDADD)
test_unit_test_eas_policy_SOURCES = test/unit/test_eas_policy.c test/unit/eas_test.c
test_unit_test_eas_policy_CPPFLAGS = $(EAS_TEST_CPPFLAGS)
test_unit_test_eas_policy_LDADD = $(EAS_TEST_LDADD)
test_unit_test_eas_policy_LDFLAGS = $(EAS_TEST_LDFLAGS)
test_unit_test_eas_dispatch_SOURCES = test/unit/test_eas_dispatch.c test/unit/eas_test.c
test_unit_test_eas_dispatch_CPPFLAGS = $(EAS_TEST_CPPFLAGS)
test_unit_test_eas_dispatch_LDADD = $(EAS_TEST_LDADD)
test_unit_test_eas_dispatch_LDFLAGS = $(EAS_TEST_LDFLAGS)
test_unit_test_cmd_provision_SOURCES = test/unit/test_cmd_provision.c test/unit/eas_test.c
test_unit_test_cmd_provision_CPPFLAGS = $(EAS_TEST_CPPFLAGS)
test_unit_test_cmd_provision_LDADD = $(EAS_TEST_LDADD)
test_unit_test_cmd_provision_LDFLAGS = $(EAS_TEST_LDFLAGS)
test_unit_test_cmd_settings_SOURCES = test/unit/test_cmd_settings.c test/unit/eas_test.c
test_unit_test_cmd_settings_CPPFLAGS = $(EAS_TEST_CPPFLAGS)
test_unit_test_cmd_settings_LDADD = $(EAS_TEST_LDADD)
test_unit_test_cmd_settings_LDFLAGS = $(EAS_TEST_LDFLAGS)
test_unit_test_cmd_folders_SOURCES = test/unit/test_cmd_folders.c test/unit/eas_test.c
test_unit_test_cmd_folders_CPPFLAGS = $(EAS_TEST_CPPFLAGS)
test_unit_test_cmd_folders_LDADD = $(EAS_TEST_LDADD)
test_unit_test_cmd_folders_LDFLAGS = $(EAS_TEST_LDFLAGS)
test_unit_test_eas_pace_CPPFLAGS = $(EAS_TEST_CPPFLAGS)
test_unit_test_eas_pace_LDADD = $(EAS_TEST_LDADD)
test_unit_test_eas_autodiscover_SOURCES = test/unit/test_eas_autodiscover.c test/unit/eas_test.c
test_unit_test_eas_autodiscover_CPPFLAGS = $(EAS_TEST_CPPFLAGS)
test_unit_test_eas_autodiscover_LDADD = $(EAS_TEST_LDADD)
test_unit_test_eas_autodiscover_LDFLAGS = $(EAS_TEST_LDFLAGS)
test_unit_test_eas_slot_CPPFLAGS = $(EAS_TEST_CPPFLAGS)
test_unit_test_eas_slot_LDADD = $(EAS_TEST_LDADD)
EAS_TESTS += test/unit/test_eas_notify
check_PROGRAMS += test/unit/test_eas_notify
TESTS += test/unit/test_eas_notify
test_unit_test_eas_notify_SOURCES = test/unit/test_eas_notify.c test/unit/eas_test.c
test_unit_test_eas_notify_CPPFLAGS = $(EAS_TEST_CPPFLAGS)
test_unit_test_eas_notify_LDADD = $(EAS_TEST_LDADD)
test_unit_test_eas_notify_LDFLAGS = $(EAS_TEST_LDFLAGS)
test_unit_test_eas_rules_SOURCES = test/unit/test_eas_rules.c test/unit/eas_test.c
test_unit_test_eas_rules_CPPFLAGS = $(EAS_TEST_CPPFLAGS)
test_unit_test_eas_rules_LDADD = $(EAS_TEST_LDADD)
test_unit_test_eas_rules_LDFLAGS = $(EAS_TEST_LDFLAGS)
test_unit_test_eas_access_SOURCES = test/unit/test_eas_access.c test/unit/eas_test.c
test_unit_test_eas_access_CPPFLAGS = $(EAS_TEST_CPPFLAGS)
test_unit_test_eas_access_LDADD = $(EAS_TEST_LDADD)
test_unit_test_eas_access_LDFLAGS = $(EAS_TEST_LDFLAGS)
endif
