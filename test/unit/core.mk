# SPDX-License-Identifier: Apache-2.0
# Tests of the engine, against a groupware server in memory.
EXTRA_DIST += test/unit/fake_backend.h test/unit/fake_backend.c
if HAVE_CMOCKA
CORE_TESTS = test/unit/test_engine
check_PROGRAMS += $(CORE_TESTS)
TESTS += $(CORE_TESTS)
CORE_TEST_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/libusm -I$(top_builddir)/libusm $(APR_CFLAGS) $(CMOCKA_CFLAGS)
CORE_TEST_LDADD = libusm/libusmall.la $(CMOCKA_LIBS) $(APR_LIBS)
test_unit_test_engine_SOURCES = test/unit/test_engine.c test/unit/fake_backend.c
test_unit_test_engine_CPPFLAGS = $(CORE_TEST_CPPFLAGS)
test_unit_test_engine_LDADD = $(CORE_TEST_LDADD)
endif
