# SPDX-License-Identifier: Apache-2.0
# Tests of the store: each runs on SQLite and on a private MariaDB server.
EXTRA_DIST += test/unit/store_test.h test/unit/store_test.c
if HAVE_CMOCKA
STORE_TESTS = test/unit/test_store_ops
check_PROGRAMS += $(STORE_TESTS)
TESTS += $(STORE_TESTS)
STORE_TEST_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/libusm -I$(top_builddir)/libusm $(APR_CFLAGS) $(CMOCKA_CFLAGS) \
	-DTEST_SRCDIR='"$(abs_top_srcdir)"'
STORE_TEST_LDADD = libusm/libusmall.la $(CMOCKA_LIBS) $(APR_LIBS)
test_unit_test_store_ops_SOURCES = test/unit/test_store_ops.c test/unit/store_test.c
test_unit_test_store_ops_CPPFLAGS = $(STORE_TEST_CPPFLAGS)
test_unit_test_store_ops_LDADD = $(STORE_TEST_LDADD)
endif
