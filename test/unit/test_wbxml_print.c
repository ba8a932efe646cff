/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: wbxml_print.c */
#include "wbxml_test.h"

#include "wbxml/wbxml_print.h"
#include "wbxml/wbxml_token.h"

static void test_documents(void **state)
{
    static const struct {
        const char *hex;
        eas_print_t options;
        const char *text;
    } rows[] = {
        {"03 01 6A 00 05", {0}, "<Sync xmlns=\"AirSync:\"/>\n"},
        {"03 01 6A 00 45 01", {0}, "<Sync xmlns=\"AirSync:\"/>\n"},
        {"03 01 6A 00 45 4B 03 '1' 00 01 13 00 11 45 46 03 '2' 00 01 01 01",
         {0},
         "<Sync xmlns=\"AirSync:\">\n  <SyncKey>1</SyncKey>\n  <GetChanges/>\n"
         "  <BodyPreference xmlns=\"AirSyncBase:\">\n    <Type>2</Type>\n  </BodyPreference>\n</Sync>\n"},
        {"03 01 6A 00 45 4B 03 '1' 00 01 01",
         {.indent = 1},
         "<Sync xmlns=\"AirSync:\">\n <SyncKey>1</SyncKey>\n</Sync>\n"},
        /* What a log line must not hold raw. */
        {"03 01 6A 00 4B 03 'a<b>&' 0D 0A 7F 09 00 01",
         {0},
         "<SyncKey xmlns=\"AirSync:\">a&#60;b&#62;&#38;&#13;&#10;&#127;&#9;</SyncKey>\n"},
        {"03 01 6A 00 4B 03 'a' 01 80 'b' 00 01",
         {0},
         "<SyncKey xmlns=\"AirSync:\">a\xEF\xBF\xBD\xEF\xBF\xBD"
         "b</SyncKey>\n"},
        /* Opaque: length and a prefix. */
        {"03 01 6A 00 00 16 49 C3 03 00 FF 10 01",
         {0},
         "<ConversationId xmlns=\"Email2:\"><!-- opaque, 3 bytes: 00FF10 --></ConversationId>\n"},
        {"03 01 6A 00 00 16 49 C3 11 '0123456789abcdefg' 01",
         {0},
         "<ConversationId xmlns=\"Email2:\"><!-- opaque, 17 bytes: 30313233343536373839616263646566... "
         "--></ConversationId>\n"},
        /* Secrets, always; bodies when asked. */
        {"03 01 6A 00 00 12 55 03 'geheim' 00 01", {0}, "<Password xmlns=\"Settings:\">***</Password>\n"},
        {"03 01 6A 00 00 12 55 C3 06 'geheim' 01", {0}, "<Password xmlns=\"Settings:\">***</Password>\n"},
        {"03 01 6A 00 00 12 55 03 'geheim' 00 01",
         {.show_secrets = 1},
         "<Password xmlns=\"Settings:\">geheim</Password>\n"},
        {"03 01 6A 00 00 0E 49 03 '12345' 00 01", {0}, "<PolicyKey xmlns=\"Provision:\">***</PolicyKey>\n"},
        {"03 01 6A 00 00 0F 5F 03 'p' 00 01", {0}, "<Password xmlns=\"Search:\">***</Password>\n"},
        {"03 01 6A 00 00 14 55 03 'p' 00 01", {0}, "<Password xmlns=\"ItemOperations:\">***</Password>\n"},
        {"03 01 6A 00 00 11 4B 03 'Dear' 00 01", {0}, "<Data xmlns=\"AirSyncBase:\">Dear</Data>\n"},
        {"03 01 6A 00 00 11 4B 03 'Dear' 00 01",
         {.mask_bodies = 1},
         "<Data xmlns=\"AirSyncBase:\"><!-- 4 bytes --></Data>\n"},
        /* Long values are cut between characters. */
        {"03 01 6A 00 4B 03 'abc' C3 A4 'def' 00 01",
         {.value_max = 4},
         "<SyncKey xmlns=\"AirSync:\">abc<!-- cut, 8 bytes in all --></SyncKey>\n"},
        {"03 01 6A 00 45 4B 03 '1' 00 01 01", {.total_max = 30}, "<Sync xmlns=\"AirSync:\">\n  <Sync"},
    };
    size_t i;

    for (i = 0; i < COUNT(rows); i++) {
        const char *text;
        size_t len;
        char *data = test_bytes(rows[i].hex, &len, *state);
        eas_wbxml_code_t code = eas_wbxml_print(&text, NULL, data, len, &rows[i].options, *state);

        if (rows[i].options.total_max > 0) {
            if (code != EAS_WBXML_OK || strstr(text, "<!-- cut here -->") == NULL ||
                strlen(text) > rows[i].options.total_max + 20) {
                fail_msg("row %zu: %s", i, text);
            }
        } else if (code != EAS_WBXML_OK || strcmp(text, rows[i].text) != 0) {
            fail_msg("row %zu: %s", i, text);
        }
    }
}

static void test_broken_documents(void **state)
{
    static const struct {
        const char *hex;
        eas_wbxml_code_t code;
        const char *text;
    } rows[] = {
        {"", EAS_WBXML_TRUNCATED, "\n<!-- error: the document ends too early, at byte 0 -->\n"},
        {"03 01 6A 00 45", EAS_WBXML_TRUNCATED,
         "<Sync xmlns=\"AirSync:\">\n<!-- error: the document ends too early, at byte 5 -->\n"},
        {"03 01 6A 00 45 4B 03 '1' 00 01 00 08 0F", EAS_WBXML_UNKNOWN_TOKEN,
         "<Sync xmlns=\"AirSync:\">\n  <SyncKey>1</SyncKey>\n\n"
         "<!-- error: an unknown token: 0x0F in page 8 (MeetingResponse), at byte 12 -->\n"},
    };
    size_t i;

    for (i = 0; i < COUNT(rows); i++) {
        eas_wbxml_error_t error;
        const char *text;
        size_t len;
        char *data = test_bytes(rows[i].hex, &len, *state);

        if (eas_wbxml_print(&text, &error, data, len, NULL, *state) != rows[i].code || error.code != rows[i].code ||
            strcmp(text, rows[i].text) != 0) {
            fail_msg("row %zu: %s", i, text);
        }
    }
}

/* An error behind the cut is still told. */
static void test_cut_checks_the_rest(void **state)
{
    eas_print_t options = {.total_max = 30};
    const char *text;
    size_t len;
    char *data = test_bytes("03 01 6A 00 45 4B 03 '1' 00 01 0B 3F 01", &len, *state);

    assert_int_equal(eas_wbxml_print(&text, NULL, data, len, &options, *state), EAS_WBXML_UNKNOWN_TOKEN);
}

/* A name that speaks of a password is masked, unless the table says that it holds a rule and no secret. */
static void test_no_password_is_forgotten(void **state)
{
    const eas_token_t *row = NULL;
    int secrets = 0;

    while ((row = eas_token_next(row)) != NULL) {
        int is_value =
            row->type == EAS_TYPE_string && (strcmp(row->name, "Password") == 0 || strcmp(row->name, "PolicyKey") == 0);

        assert_int_equal(eas_tag_is_secret(eas_token_tag(row)), is_value);
        assert_false(is_value && eas_tag_is_body(eas_token_tag(row)));
        secrets += is_value;
        if (row->type == EAS_TYPE_opaque && strncmp(row->name, "Conversation", 12) != 0) {
            assert_true(eas_tag_is_body(eas_token_tag(row)));
        }
    }
    assert_int_equal(secrets, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_documents),
        POOL_TEST(test_broken_documents),
        POOL_TEST(test_cut_checks_the_rest),
        cmocka_unit_test(test_no_password_is_forgotten),
    };

    return RUN_TESTS(tests);
}
