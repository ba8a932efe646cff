# SPDX-License-Identifier: Apache-2.0
# Tests of usmctl: its objects in one program each, main() by another name (ctl_test.c).
EXTRA_DIST += test/unit/ctl_test.h
if HAVE_CMOCKA
CTL_TESTS = test/unit/test_usmctl test/unit/test_ctl_check test/unit/test_ctl_conf test/unit/test_ctl_decode \
	test/unit/test_ctl_devices test/unit/test_ctl_access test/unit/test_ctl_schema test/unit/test_ctl_conflicts test/unit/test_ctl_state
check_PROGRAMS += $(CTL_TESTS)
TESTS += $(CTL_TESTS)
CTL_TEST_CPPFLAGS = $(EAS_CPPFLAGS) -I$(top_srcdir)/libusm -I$(top_builddir)/libusm $(CMOCKA_CFLAGS)
check_LTLIBRARIES += test/unit/libctltest.la
test_unit_libctltest_la_SOURCES = test/unit/ctl_test.c libusm/tools/ctl.h libusm/tools/ctl_access.c libusm/tools/ctl_check.c \
	libusm/tools/ctl_conf.c libusm/tools/ctl_conflicts.c libusm/tools/ctl_table.c libusm/tools/ctl_table.h \
	libusm/tools/ctl_decode.c libusm/tools/ctl_devices.c libusm/tools/ctl_schema.c libusm/tools/ctl_state.c
test_unit_libctltest_la_CPPFLAGS = $(CTL_TEST_CPPFLAGS)
test_unit_libctltest_la_LIBADD = mod_eas/libeas.la libusm/libusmall.la $(ZLIB_LIBS) $(CMOCKA_LIBS) $(APR_LIBS)
CTL_TEST_LDADD = test/unit/libctltest.la
test_unit_test_usmctl_CPPFLAGS = $(CTL_TEST_CPPFLAGS)
test_unit_test_usmctl_LDADD = $(CTL_TEST_LDADD)
test_unit_test_ctl_check_SOURCES = test/unit/test_ctl_check.c $(OX_TEST_COMMON)
test_unit_test_ctl_check_CPPFLAGS = $(CTL_TEST_CPPFLAGS)
test_unit_test_ctl_check_LDADD = $(CTL_TEST_LDADD)
test_unit_test_ctl_conf_CPPFLAGS = $(CTL_TEST_CPPFLAGS)
test_unit_test_ctl_conf_LDADD = $(CTL_TEST_LDADD)
test_unit_test_ctl_decode_CPPFLAGS = $(CTL_TEST_CPPFLAGS)
test_unit_test_ctl_decode_LDADD = $(CTL_TEST_LDADD)
test_unit_test_ctl_devices_CPPFLAGS = $(CTL_TEST_CPPFLAGS)
test_unit_test_ctl_devices_LDADD = $(CTL_TEST_LDADD)
test_unit_test_ctl_access_CPPFLAGS = $(CTL_TEST_CPPFLAGS)
test_unit_test_ctl_access_LDADD = $(CTL_TEST_LDADD)
test_unit_test_ctl_schema_CPPFLAGS = $(CTL_TEST_CPPFLAGS)
test_unit_test_ctl_schema_LDADD = $(CTL_TEST_LDADD)
test_unit_test_ctl_conflicts_CPPFLAGS = $(CTL_TEST_CPPFLAGS)
test_unit_test_ctl_conflicts_LDADD = $(CTL_TEST_LDADD)
test_unit_test_ctl_state_CPPFLAGS = $(CTL_TEST_CPPFLAGS)
test_unit_test_ctl_state_LDADD = $(CTL_TEST_LDADD)
endif
