# SPDX-License-Identifier: Apache-2.0
# Tests of the codec and of the query parser: one program per source file.
EXTRA_DIST += test/unit/wbxml_test.h test/unit/wbxml_golden.h
if HAVE_CMOCKA
WBXML_TESTS = \
	test/unit/test_wbxml_token \
	test/unit/test_wbxml_text \
	test/unit/test_wbxml_error \
	test/unit/test_wbxml_reader \
	test/unit/test_wbxml_node \
	test/unit/test_wbxml_writer \
	test/unit/test_wbxml_print \
	test/unit/test_wbxml_golden \
	test/unit/test_eas_table \
	test/unit/test_eas_query
check_PROGRAMS += $(WBXML_TESTS)
TESTS += $(WBXML_TESTS)
WBXML_TEST_CPPFLAGS = $(EAS_CPPFLAGS) $(CMOCKA_CFLAGS)
WBXML_TEST_LDADD = mod_eas/libeas.la $(CMOCKA_LIBS) $(APR_LIBS)
test_unit_test_wbxml_token_CPPFLAGS = $(WBXML_TEST_CPPFLAGS)
test_unit_test_wbxml_token_LDADD = $(WBXML_TEST_LDADD)
test_unit_test_wbxml_text_CPPFLAGS = $(WBXML_TEST_CPPFLAGS)
test_unit_test_wbxml_text_LDADD = $(WBXML_TEST_LDADD)
test_unit_test_wbxml_error_CPPFLAGS = $(WBXML_TEST_CPPFLAGS)
test_unit_test_wbxml_error_LDADD = $(WBXML_TEST_LDADD)
test_unit_test_wbxml_reader_CPPFLAGS = $(WBXML_TEST_CPPFLAGS)
test_unit_test_wbxml_reader_LDADD = $(WBXML_TEST_LDADD)
test_unit_test_wbxml_node_CPPFLAGS = $(WBXML_TEST_CPPFLAGS)
test_unit_test_wbxml_node_LDADD = $(WBXML_TEST_LDADD)
test_unit_test_wbxml_writer_CPPFLAGS = $(WBXML_TEST_CPPFLAGS)
test_unit_test_wbxml_writer_LDADD = $(WBXML_TEST_LDADD)
test_unit_test_wbxml_print_CPPFLAGS = $(WBXML_TEST_CPPFLAGS)
test_unit_test_wbxml_print_LDADD = $(WBXML_TEST_LDADD)
test_unit_test_eas_table_CPPFLAGS = $(WBXML_TEST_CPPFLAGS)
test_unit_test_eas_table_LDADD = $(WBXML_TEST_LDADD)
test_unit_test_eas_query_CPPFLAGS = $(WBXML_TEST_CPPFLAGS)
test_unit_test_eas_query_LDADD = $(WBXML_TEST_LDADD)
test_unit_test_wbxml_golden_CPPFLAGS = $(WBXML_TEST_CPPFLAGS)
test_unit_test_wbxml_golden_LDADD = $(WBXML_TEST_LDADD)

# The judge: a process of its own, and the only place that links libwbxml.
if HAVE_WBXML
check_PROGRAMS += test/unit/test_wbxml_judge
TESTS += test/unit/test_wbxml_judge
test_unit_test_wbxml_judge_CPPFLAGS = $(WBXML_TEST_CPPFLAGS) $(WBXML_CFLAGS)
test_unit_test_wbxml_judge_LDADD = $(WBXML_TEST_LDADD) $(WBXML_LIBS)
endif
endif
