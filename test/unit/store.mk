# SPDX-License-Identifier: Apache-2.0
# Tests of the store: each runs on SQLite and on a private MariaDB server.
TESTS += test/unit/test_store_awk.sh
EXTRA_DIST += test/unit/test_store_awk.sh
if HAVE_CMOCKA
STORE_TEST_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/libusm -I$(top_builddir)/libusm $(APR_CFLAGS) $(CMOCKA_CFLAGS) \
	-DTEST_SRCDIR='"$(abs_top_srcdir)"'
# What starts the server and opens databases, and a store that fails when told (for tests of core too).
check_LTLIBRARIES += test/unit/libstoretest.la
test_unit_libstoretest_la_SOURCES = \
	test/unit/store_fail.c \
	test/unit/store_fail.h \
	test/unit/store_test.c \
	test/unit/store_test.h
test_unit_libstoretest_la_CPPFLAGS = $(STORE_TEST_CPPFLAGS)
test_unit_libstoretest_la_LIBADD = libusm/libusmall.la $(CMOCKA_LIBS) $(APR_LIBS)

STORE_TESTS = \
	test/unit/test_store_ops \
	test/unit/test_store_txn \
	test/unit/test_store_threads \
	test/unit/test_store_model \
	test/unit/test_store_plan \
	test/unit/test_store_schema \
	test/unit/test_store_fail
check_PROGRAMS += $(STORE_TESTS)
TESTS += $(STORE_TESTS)
STORE_TEST_LDADD = test/unit/libstoretest.la
test_unit_test_store_ops_CPPFLAGS = $(STORE_TEST_CPPFLAGS)
test_unit_test_store_ops_LDADD = $(STORE_TEST_LDADD)
test_unit_test_store_txn_CPPFLAGS = $(STORE_TEST_CPPFLAGS)
test_unit_test_store_txn_LDADD = $(STORE_TEST_LDADD)
test_unit_test_store_threads_CPPFLAGS = $(STORE_TEST_CPPFLAGS)
test_unit_test_store_threads_LDADD = $(STORE_TEST_LDADD)
test_unit_test_store_model_CPPFLAGS = $(STORE_TEST_CPPFLAGS)
test_unit_test_store_model_LDADD = $(STORE_TEST_LDADD)
test_unit_test_store_plan_CPPFLAGS = $(STORE_TEST_CPPFLAGS)
test_unit_test_store_plan_LDADD = $(STORE_TEST_LDADD)
test_unit_test_store_schema_CPPFLAGS = $(STORE_TEST_CPPFLAGS)
test_unit_test_store_schema_LDADD = $(STORE_TEST_LDADD)
test_unit_test_store_fail_CPPFLAGS = $(STORE_TEST_CPPFLAGS)
test_unit_test_store_fail_LDADD = $(STORE_TEST_LDADD)
endif
