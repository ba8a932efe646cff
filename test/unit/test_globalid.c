/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: eas_globalid.c */
/* GlobalObjId: a UID there and back, the examples of MS-ASEMAIL's form, and what is none. */
#include <apr_base64.h>
#include <apr_strings.h>
#include <string.h>

#include "eas_globalid.h"
#include "wbxml_test.h"

#define CLASS "040000008200E00074C5B7101A82E008"

static void test_round_trip(void **state)
{
    static const char *const uids[] = {
        "a", "u1@example.org", "{81412D3C-2A24-4E9D-B20E-11F7BBE92799}", "Gr\xc3\xbc\xc3\x9f e",
        CLASS "00000000" "0011223344556677" "0000000000000000" "10000000" "000102030405060708090A0B0C0D0E0F"};
    for (size_t i = 0; i < COUNT(uids); i++) {
        assert_string_equal(eas_globalid_uid(eas_globalid_make(uids[i], 0, 0, 0, *state), *state), uids[i]);
        /* An occurrence belongs to the same calendar item as its series. */
        assert_string_equal(eas_globalid_uid(eas_globalid_make(uids[i], 2030, 7, 2, *state), *state), uids[i]);
    }
}

static void test_layout(void **state)
{
    unsigned char raw[200];
    int len = apr_base64_decode_binary(raw, eas_globalid_make("xyz", 2030, 7, 2, *state));
    assert_int_equal(len, 40 + 12 + 4);
    assert_memory_equal(raw + 16, "\x07\xee\x07\x02", 4);
    assert_memory_equal(raw + 36, "\x10\0\0\0vCal-Uid\1\0\0\0xyz", 20);
}

static void test_bad(void **state)
{
    char uid[EAS_GLOBALID_UID_MAX + 2], id[100];
    static const char *const rows[] = {"", "AAAA", "no base64!", "BAAAAIIA4AB0xbcQGoLgCA=="};
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_null(eas_globalid_uid(rows[i], *state));
    assert_null(eas_globalid_uid(NULL, *state));
    memset(uid, 'x', sizeof uid - 1);
    uid[sizeof uid - 1] = '\0';
    assert_null(eas_globalid_make(uid, 0, 0, 0, *state));
    /* A length that goes beyond the end: taken as an id of Outlook's, and nothing is read behind it. */
    unsigned char raw[60];
    apr_base64_decode_binary(raw, eas_globalid_make("xyz", 0, 0, 0, *state));
    raw[36] = 0xff;
    apr_base64_encode_binary(id, raw, 56);
    assert_int_equal(strlen(eas_globalid_uid(id, *state)), 112);
}

int main(void)
{
    const struct CMUnitTest tests[] = {POOL_TEST(test_round_trip), POOL_TEST(test_layout), POOL_TEST(test_bad)};
    return RUN_TESTS(tests);
}
