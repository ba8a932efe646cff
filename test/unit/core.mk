# SPDX-License-Identifier: Apache-2.0
# Tests of the engine, against a groupware server in memory.
EXTRA_DIST += test/unit/test_core.h test/unit/fake_backend.h test/unit/fake_backend.c
if HAVE_CMOCKA
CORE_TESTS = test/unit/test_error test/unit/test_item test/unit/test_ids test/unit/test_log test/unit/test_seal \
	test/unit/test_engine test/unit/test_engine2 test/unit/test_engine3 test/unit/test_conflicts test/unit/test_bad \
	test/unit/test_cost test/unit/test_upkeep test/unit/test_access
check_PROGRAMS += $(CORE_TESTS)
TESTS += $(CORE_TESTS)
CORE_TEST_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/libusm -I$(top_builddir)/libusm $(APR_CFLAGS) $(CMOCKA_CFLAGS)
CORE_TEST_LDADD = libusm/libusmall.la $(CMOCKA_LIBS) $(APR_LIBS)
test_unit_test_error_SOURCES = test/unit/test_error.c
test_unit_test_error_CPPFLAGS = $(CORE_TEST_CPPFLAGS)
test_unit_test_error_LDADD = $(CORE_TEST_LDADD)
test_unit_test_item_SOURCES = test/unit/test_item.c
test_unit_test_item_CPPFLAGS = $(CORE_TEST_CPPFLAGS)
test_unit_test_item_LDADD = $(CORE_TEST_LDADD)
test_unit_test_ids_SOURCES = test/unit/test_ids.c
test_unit_test_ids_CPPFLAGS = $(CORE_TEST_CPPFLAGS)
test_unit_test_ids_LDADD = $(CORE_TEST_LDADD)
test_unit_test_log_SOURCES = test/unit/test_log.c
test_unit_test_log_CPPFLAGS = $(CORE_TEST_CPPFLAGS)
test_unit_test_log_LDADD = $(CORE_TEST_LDADD)
test_unit_test_seal_SOURCES = test/unit/test_seal.c
test_unit_test_seal_CPPFLAGS = $(CORE_TEST_CPPFLAGS)
test_unit_test_seal_LDADD = $(CORE_TEST_LDADD)
test_unit_test_engine_SOURCES = test/unit/test_engine.c test/unit/fake_backend.c
test_unit_test_engine_CPPFLAGS = $(CORE_TEST_CPPFLAGS)
test_unit_test_engine_LDADD = $(CORE_TEST_LDADD)
test_unit_test_engine2_SOURCES = test/unit/test_engine2.c test/unit/fake_backend.c
test_unit_test_engine2_CPPFLAGS = $(CORE_TEST_CPPFLAGS)
test_unit_test_engine2_LDADD = $(CORE_TEST_LDADD)
test_unit_test_conflicts_SOURCES = test/unit/test_conflicts.c test/unit/fake_backend.c
test_unit_test_conflicts_CPPFLAGS = $(CORE_TEST_CPPFLAGS)
test_unit_test_conflicts_LDADD = $(CORE_TEST_LDADD)
test_unit_test_engine3_SOURCES = test/unit/test_engine3.c test/unit/fake_backend.c
test_unit_test_engine3_CPPFLAGS = $(CORE_TEST_CPPFLAGS)
test_unit_test_engine3_LDADD = $(CORE_TEST_LDADD)
# Costs are the same on both databases.
test_unit_test_cost_SOURCES = test/unit/test_cost.c test/unit/fake_backend.c
test_unit_test_cost_CPPFLAGS = $(CORE_TEST_CPPFLAGS) -DTEST_SRCDIR='"$(abs_top_srcdir)"'
test_unit_test_cost_LDADD = test/unit/libstoretest.la $(CORE_TEST_LDADD)
CORE_TESTS += test/unit/test_recur
check_PROGRAMS += test/unit/test_recur
TESTS += test/unit/test_recur
test_unit_test_recur_SOURCES = test/unit/test_recur.c
test_unit_test_recur_CPPFLAGS = $(CORE_TEST_CPPFLAGS) $(ICAL_CFLAGS)
test_unit_test_recur_LDADD = $(CORE_TEST_LDADD) $(ICAL_LIBS)
test_unit_test_bad_SOURCES = test/unit/test_bad.c test/unit/fake_backend.c
test_unit_test_bad_CPPFLAGS = $(CORE_TEST_CPPFLAGS)
test_unit_test_bad_LDADD = $(CORE_TEST_LDADD)
test_unit_test_access_SOURCES = test/unit/test_access.c test/unit/fake_backend.c
test_unit_test_access_CPPFLAGS = $(CORE_TEST_CPPFLAGS)
test_unit_test_access_LDADD = $(CORE_TEST_LDADD)
test_unit_test_upkeep_SOURCES = test/unit/test_upkeep.c test/unit/fake_backend.c
test_unit_test_upkeep_CPPFLAGS = $(CORE_TEST_CPPFLAGS)
test_unit_test_upkeep_LDADD = $(CORE_TEST_LDADD)
CORE_TESTS += test/unit/test_remake
check_PROGRAMS += test/unit/test_remake
TESTS += test/unit/test_remake
test_unit_test_remake_SOURCES = test/unit/test_remake.c test/unit/fake_backend.c
test_unit_test_remake_CPPFLAGS = $(CORE_TEST_CPPFLAGS)
test_unit_test_remake_LDADD = $(CORE_TEST_LDADD)
CORE_TESTS += test/unit/test_park
check_PROGRAMS += test/unit/test_park
TESTS += test/unit/test_park
test_unit_test_park_SOURCES = test/unit/test_park.c test/unit/fake_backend.c
test_unit_test_park_CPPFLAGS = $(CORE_TEST_CPPFLAGS)
test_unit_test_park_LDADD = $(CORE_TEST_LDADD)
CORE_TESTS += test/unit/test_hint
check_PROGRAMS += test/unit/test_hint
TESTS += test/unit/test_hint
test_unit_test_hint_SOURCES = test/unit/test_hint.c test/unit/fake_backend.c
test_unit_test_hint_CPPFLAGS = $(CORE_TEST_CPPFLAGS)
test_unit_test_hint_LDADD = $(CORE_TEST_LDADD)
endif
