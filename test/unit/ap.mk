# SPDX-License-Identifier: Apache-2.0
# Tests of the ap ring: its objects and the few functions of httpd that they call (ap_test.c) in one program each.
EXTRA_DIST += test/unit/ap_test.h test/unit/ap_conn_test.h
if HAVE_CMOCKA
AP_TESTS = test/unit/test_ap_auth test/unit/test_ap_config test/unit/test_ap_context test/unit/test_ap_log \
	test/unit/test_ap_pace test/unit/test_ap_request test/unit/test_ap_slot test/unit/test_ap_park test/unit/test_ap_autodiscover
check_PROGRAMS += $(AP_TESTS)
TESTS += $(AP_TESTS)
AP_TEST_CPPFLAGS = $(EAS_CPPFLAGS) $(HTTPD_CFLAGS) $(CMOCKA_CFLAGS)
check_LTLIBRARIES += test/unit/libaptest.la
test_unit_libaptest_la_SOURCES = test/unit/ap_test.c test/unit/ap_conn_test.c $(MOD_EAS_SOURCES)
test_unit_libaptest_la_CPPFLAGS = $(AP_TEST_CPPFLAGS)
test_unit_libaptest_la_LIBADD = mod_eas/libeas.la libusm/libusmall.la $(ZLIB_LIBS) $(CMOCKA_LIBS) $(APR_LIBS)
AP_TEST_LDADD = test/unit/libaptest.la
# The stand-in's functions come first and win over the library's.
AP_TEST_LDFLAGS = $(AM_LDFLAGS) -Wl,--allow-multiple-definition
test_unit_test_ap_auth_CPPFLAGS = $(AP_TEST_CPPFLAGS)
test_unit_test_ap_auth_LDADD = $(AP_TEST_LDADD)
test_unit_test_ap_auth_LDFLAGS = $(AP_TEST_LDFLAGS)
test_unit_test_ap_config_CPPFLAGS = $(AP_TEST_CPPFLAGS)
test_unit_test_ap_config_LDADD = $(AP_TEST_LDADD)
test_unit_test_ap_config_LDFLAGS = $(AP_TEST_LDFLAGS)
test_unit_test_ap_context_CPPFLAGS = $(AP_TEST_CPPFLAGS)
test_unit_test_ap_context_LDADD = $(AP_TEST_LDADD)
test_unit_test_ap_context_LDFLAGS = $(AP_TEST_LDFLAGS)
test_unit_test_ap_log_CPPFLAGS = $(AP_TEST_CPPFLAGS)
test_unit_test_ap_log_LDADD = $(AP_TEST_LDADD)
test_unit_test_ap_log_LDFLAGS = $(AP_TEST_LDFLAGS)
test_unit_test_ap_pace_CPPFLAGS = $(AP_TEST_CPPFLAGS)
test_unit_test_ap_pace_LDADD = $(AP_TEST_LDADD)
test_unit_test_ap_pace_LDFLAGS = $(AP_TEST_LDFLAGS)
test_unit_test_ap_request_CPPFLAGS = $(AP_TEST_CPPFLAGS)
test_unit_test_ap_request_LDADD = $(AP_TEST_LDADD)
test_unit_test_ap_request_LDFLAGS = $(AP_TEST_LDFLAGS)
test_unit_test_ap_autodiscover_CPPFLAGS = $(AP_TEST_CPPFLAGS)
test_unit_test_ap_autodiscover_LDADD = $(AP_TEST_LDADD)
test_unit_test_ap_autodiscover_LDFLAGS = $(AP_TEST_LDFLAGS)
test_unit_test_ap_slot_CPPFLAGS = $(AP_TEST_CPPFLAGS)
test_unit_test_ap_slot_LDADD = $(AP_TEST_LDADD)
test_unit_test_ap_slot_LDFLAGS = $(AP_TEST_LDFLAGS)
test_unit_test_ap_park_CPPFLAGS = $(AP_TEST_CPPFLAGS)
test_unit_test_ap_park_LDADD = $(AP_TEST_LDADD)
test_unit_test_ap_park_LDFLAGS = $(AP_TEST_LDFLAGS)
AP_TESTS += test/unit/test_ap_push
check_PROGRAMS += test/unit/test_ap_push
TESTS += test/unit/test_ap_push
test_unit_test_ap_push_CPPFLAGS = $(AP_TEST_CPPFLAGS)
test_unit_test_ap_push_LDADD = $(AP_TEST_LDADD)
test_unit_test_ap_push_LDFLAGS = $(AP_TEST_LDFLAGS)
endif
