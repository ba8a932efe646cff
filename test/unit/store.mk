# SPDX-License-Identifier: Apache-2.0
# Tests of the store: each runs on SQLite and on a private MariaDB server.
EXTRA_DIST += test/unit/store_test.h
if HAVE_CMOCKA
# The body that starts the server and opens databases, once for all of them.
check_LTLIBRARIES += test/unit/libstoretest.la
test_unit_libstoretest_la_SOURCES = test/unit/store_test.c
test_unit_libstoretest_la_CPPFLAGS = $(STORE_TEST_CPPFLAGS)
test_unit_libstoretest_la_LIBADD = libusm/libusmall.la $(CMOCKA_LIBS) $(APR_LIBS)
STORE_TESTS = test/unit/test_store_ops test/unit/test_store_txn test/unit/test_store_threads \
	test/unit/test_store_model test/unit/test_store_plan
check_PROGRAMS += $(STORE_TESTS)
TESTS += $(STORE_TESTS)
STORE_TEST_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/libusm -I$(top_builddir)/libusm $(APR_CFLAGS) $(CMOCKA_CFLAGS) \
	-DTEST_SRCDIR='"$(abs_top_srcdir)"'
STORE_TEST_LDADD = test/unit/libstoretest.la
test_unit_test_store_ops_CPPFLAGS = $(STORE_TEST_CPPFLAGS)
test_unit_test_store_ops_LDADD = $(STORE_TEST_LDADD)
test_unit_test_store_model_CPPFLAGS = $(STORE_TEST_CPPFLAGS)
test_unit_test_store_model_LDADD = $(STORE_TEST_LDADD)
test_unit_test_store_plan_CPPFLAGS = $(STORE_TEST_CPPFLAGS)
test_unit_test_store_plan_LDADD = $(STORE_TEST_LDADD)
test_unit_test_store_txn_CPPFLAGS = $(STORE_TEST_CPPFLAGS)
test_unit_test_store_txn_LDADD = $(STORE_TEST_LDADD)
test_unit_test_store_threads_CPPFLAGS = $(STORE_TEST_CPPFLAGS)
test_unit_test_store_threads_LDADD = $(STORE_TEST_LDADD)
endif
