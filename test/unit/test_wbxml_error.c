/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: wbxml_error.c */
#include "wbxml_test.h"

#include "wbxml/wbxml_error.h"

static void test_codes(void **state)
{
    static const struct {
        eas_wbxml_code_t code;
        unsigned status;
    } rows[] = {
        {EAS_WBXML_OK, 1},      {EAS_WBXML_TRUNCATED, 102}, {EAS_WBXML_GLOBAL, 102},
        {EAS_WBXML_TEXT, 102},  {EAS_WBXML_TRAILING, 102},  {EAS_WBXML_UNKNOWN_TOKEN, 102},
        {EAS_WBXML_DEPTH, 102}, {EAS_WBXML_MIXED, 103},     {EAS_WBXML_UNKNOWN_PAGE, 102},
        {EAS_WBXML_IO, 110},
    };
    size_t i;

    for (i = 0; i < COUNT(rows); i++) {
        if (eas_wbxml_code_status(rows[i].code) != rows[i].status) {
            fail_msg("row %zu", i);
        }
    }
}

static void test_texts(void **state)
{
    static const struct {
        eas_wbxml_error_t error;
        const char *text;
    } rows[] = {
        {{EAS_WBXML_UNKNOWN_PAGE, 5, 0, 26}, "an unknown code page: 26, at byte 5"},
        {{EAS_WBXML_UNKNOWN_TOKEN, 7, 8, 15}, "an unknown token: 0x0F in page 8 (MeetingResponse), at byte 7"},
        {{EAS_WBXML_UNKNOWN_TOKEN, 7, 99, 15}, "an unknown token: 0x0F in page 99 (none), at byte 7"},
        {{EAS_WBXML_TRUNCATED, 4, 0, 0}, "the document ends too early, at byte 4"},
    };
    size_t i;

    for (i = 0; i < COUNT(rows); i++) {
        const char *text = eas_wbxml_error_text(&rows[i].error, *state);

        if (strcmp(text, rows[i].text) != 0) {
            fail_msg("row %zu: %s", i, text);
        }
    }
    assert_string_equal(eas_wbxml_code_text(EAS_WBXML_SIZE), "the document is too big");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_codes), POOL_TEST(test_texts)};

    return RUN_TESTS(tests);
}
