# SPDX-License-Identifier: Apache-2.0
# Adds to the lists in the top Makefile.am.
if HAVE_CMOCKA
OX_TEST_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/libusm -I$(top_srcdir)/test/unit $(APR_CFLAGS) $(CMOCKA_CFLAGS)
OX_TEST_LDADD = libusm/libusmall.la $(APR_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += test/unit/test_ox_standin
TESTS += test/unit/test_ox_standin

test_unit_test_ox_standin_SOURCES = test/unit/test_ox_standin.c test/unit/ox_test.c test/unit/ox_test.h
test_unit_test_ox_standin_CPPFLAGS = $(OX_TEST_CPPFLAGS)
test_unit_test_ox_standin_LDADD = $(OX_TEST_LDADD)
endif
