/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: eas_query.c */
#include "wbxml_test.h"

#include <apr_base64.h>

#include "eas_query.h"

static const char *or_none(const char *text)
{
    return text != NULL ? text : "-";
}

/* All that a query says in one line: fields that are not set are left out. */
static const char *summary(const eas_query_t *q, apr_pool_t *pool)
{
    const char *out =
        apr_psprintf(pool, "%s cmd=%s%s id=%s type=%s user=%s", q->is_base64 ? "base64" : "plain", or_none(q->cmd),
                     q->command == NULL ? "?" : "", or_none(q->device_id), or_none(q->device_type), or_none(q->user));
    const struct {
        const char *name, *value;
    } strings[] = {
        {"attachment", q->attachment_name},
        {"collection", q->collection_id},
        {"item", q->item_id},
        {"long", q->long_id},
        {"occurrence", q->occurrence},
    };
    size_t i;

    if (q->is_base64) {
        out = apr_psprintf(pool, "%s version=%u code=%d locale=%04X", out, q->version, q->cmd_code, q->locale);
    }
    if (q->has_policy_key) {
        out = apr_psprintf(pool, "%s key=%u", out, q->policy_key);
    }
    for (i = 0; i < COUNT(strings); i++) {
        if (strings[i].value != NULL) {
            out = apr_psprintf(pool, "%s %s=%s", out, strings[i].name, strings[i].value);
        }
    }
    return apr_pstrcat(pool, out, q->save_in_sent ? " save" : "", q->accept_multipart ? " multi" : "",
                       q->is_options ? " options" : "", NULL);
}

static void test_plain(void **state)
{
    static const struct {
        const char *args;
        eas_query_code_t code;
        const char *summary;
    } rows[] = {
        {NULL, EAS_QUERY_OK, "plain cmd=-? id=- type=- user=-"},
        {"", EAS_QUERY_OK, "plain cmd=-? id=- type=- user=-"},
        {"Cmd=FolderSync&User=anna&DeviceId=v140Device&DeviceType=SmartPhone", EAS_QUERY_OK,
         "plain cmd=FolderSync id=v140Device type=SmartPhone user=anna"},
        {"devicetype=iPhone&DEVICEID=ApplDN6&cMD=fOLDERsYNC&user=DOMAIN%5Canna", EAS_QUERY_OK,
         "plain cmd=FolderSync id=ApplDN6 type=iPhone user=DOMAIN\\anna"},
        {"Cmd=Sync&User=anna%40example.com&DeviceId=a&DeviceType=b", EAS_QUERY_OK,
         "plain cmd=Sync id=a type=b user=anna@example.com"},
        {"Cmd=Sync&User=anna+work@x&DeviceId=a&DeviceType=b", EAS_QUERY_OK,
         "plain cmd=Sync id=a type=b user=anna+work@x"},
        {"Cmd=Sync&User=anna%2Bwork", EAS_QUERY_OK, "plain cmd=Sync id=- type=- user=anna+work"},
        {"Cmd=Sync&User=M%E4rz&DeviceId=a", EAS_QUERY_OK, "plain cmd=Sync id=a type=- user=M\xEF\xBF\xBDrz"},
        {"Cmd=Sync&User=M%C3%A4rz", EAS_QUERY_OK, "plain cmd=Sync id=- type=- user=M\xC3\xA4rz"},
        {"User=anna&DeviceId=a&DeviceType=b", EAS_QUERY_OK, "plain cmd=-? id=a type=b user=anna"},
        {"Cmd=OPTIONS&User=anna&DeviceId=a&DeviceType=WindowsOutlook15", EAS_QUERY_OK,
         "plain cmd=OPTIONS? id=a type=WindowsOutlook15 user=anna options"},
        {"Cmd=Options", EAS_QUERY_OK, "plain cmd=Options? id=- type=- user=- options"},
        {"Cmd=NoSuchThing&DeviceId=a", EAS_QUERY_OK, "plain cmd=NoSuchThing? id=a type=- user=-"},
        {"Cmd=", EAS_QUERY_OK, "plain cmd=-? id=- type=- user=-"},
        {"cmd=Sync", EAS_QUERY_OK, "plain cmd=Sync id=- type=- user=-"},
        {"&&Cmd=Sync&&x&=y&Unknown=1&", EAS_QUERY_OK, "plain cmd=Sync id=- type=- user=-"},
        {"Cmd=SmartReply&ItemId=5%3a1&CollectionId=5&SaveInSent=T&User=a", EAS_QUERY_OK,
         "plain cmd=SmartReply id=- type=- user=a collection=5 item=5:1 save"},
        {"Cmd=SendMail&SaveInSent=F", EAS_QUERY_OK, "plain cmd=SendMail id=- type=- user=-"},
        {"Cmd=SmartForward&LongId=R%2Fa=b&Occurrence=2026-01-01T00:00:00.000Z", EAS_QUERY_OK,
         "plain cmd=SmartForward id=- type=- user=- long=R/a=b occurrence=2026-01-01T00:00:00.000Z"},
        {"Cmd=GetAttachment&AttachmentName=5%3A1%3A0", EAS_QUERY_OK,
         "plain cmd=GetAttachment id=- type=- user=- attachment=5:1:0"},
        {"Cmd=Sync&Cmd=Ping&DeviceId=a&DeviceId=b&User=c&User=d", EAS_QUERY_OK, "plain cmd=Sync id=a type=- user=c"},
        {"Cmd=Sync&DeviceId=0123456789012345678901234567890123456789012345678901234567890123", EAS_QUERY_OK,
         "plain cmd=Sync id=0123456789012345678901234567890123456789012345678901234567890123 type=- user=-"},
        {"Cmd=Sync&DeviceId=01234567890123456789012345678901234567890123456789012345678901234", EAS_QUERY_DEVICE_ID,
         NULL},
        {"Cmd=Sync&DeviceId=a%20b", EAS_QUERY_DEVICE_ID, NULL},
        {"Cmd=Sync&DeviceId=a%00b", EAS_QUERY_DEVICE_ID, NULL},
        {"Cmd=Sync&DeviceId=%C3%A4", EAS_QUERY_DEVICE_ID, NULL},
        {"Cmd=Sync&DeviceType=a%00", EAS_QUERY_DEVICE_TYPE, NULL},
        {"Cmd=Sync&DeviceType=01234567890123456789012345678901234567890123456789012345678901234", EAS_QUERY_DEVICE_TYPE,
         NULL},
        {"Cmd=Sync%00&User=a", EAS_QUERY_PARAMETER, NULL},
        {"Cmd=Sync&ItemId=%00", EAS_QUERY_PARAMETER, NULL},
        {"Cmd=Sync&User=%", EAS_QUERY_PARAMETER, NULL},
        {"Cmd=Sync&User=%4", EAS_QUERY_PARAMETER, NULL},
        {"Cmd=Sync&User=%4g", EAS_QUERY_PARAMETER, NULL},
        {"Cmd=Sync&%zz=1", EAS_QUERY_PARAMETER, NULL},
    };
    size_t i;

    for (i = 0; i < COUNT(rows); i++) {
        char *args = rows[i].args != NULL ? test_exact(rows[i].args, strlen(rows[i].args) + 1, *state) : NULL;
        eas_query_t *q;
        eas_query_code_t code = eas_query_parse(&q, args, *state);

        if (code != rows[i].code || (rows[i].summary != NULL && strcmp(summary(q, *state), rows[i].summary) != 0)) {
            fail_msg("row %zu: %s; %s", i, eas_query_text(code), summary(q, *state));
        }
    }
}

/* The worked example of MS-ASHTTP. */
static void test_base64_example(void **state)
{
    eas_query_t *q;

    assert_int_equal(eas_query_parse(&q, "jAAJBAp2MTQwRGV2aWNlAApTbWFydFBob25l", *state), EAS_QUERY_OK);
    assert_string_equal(summary(q, *state),
                        "base64 cmd=Sync id=v140Device type=SmartPhone user=- version=140 code=0 locale=0409");
    assert_ptr_equal(q->command, eas_command_get(EAS_COMMAND_Sync));
    assert_false(q->has_policy_key);
}

/* The bytes as hex, and what they say. */
#define GUID "00 11 22 33 44 55 66 77 88 99 AA BB CC DD EE FF"
static const struct {
    const char *hex;
    eas_query_code_t code;
    const char *summary;
} binary[] = {
    {"8D 12 07 04 03 'abc' 04 78 56 34 12 02 'WP' ", EAS_QUERY_OK,
     "base64 cmd=Ping id=abc type=WP user=- version=141 code=18 locale=0407 key=305419896"},
    {"8D 12 07 04 03 'abc' 04 FF FF FF FF 00", EAS_QUERY_OK,
     "base64 cmd=Ping id=abc type=- user=- version=141 code=18 locale=0407 key=4294967295"},
    {"8D 12 07 04 03 'abc' 04 00 00 00 00 00", EAS_QUERY_OK,
     "base64 cmd=Ping id=abc type=- user=- version=141 code=18 locale=0407 key=0"},
    {"79 09 00 00 10 " GUID " 00 02 'PP'", EAS_QUERY_OK,
     "base64 cmd=FolderSync id=00112233445566778899AABBCCDDEEFF type=PP user=- version=121 code=9 locale=0000"},
    {"79 09 00 00 10 '0123456789abcdef' 00 02 'PP'", EAS_QUERY_OK,
     "base64 cmd=FolderSync id=0123456789abcdef type=PP user=- version=121 code=9 locale=0000"},
    /* a GUID as text, from the other form, is the same device in either case; what only looks alike is left alone */
    {"79 09 00 00 20 '00112233445566778899aabbccddeeff' 00 02 'PP'", EAS_QUERY_OK,
     "base64 cmd=FolderSync id=00112233445566778899AABBCCDDEEFF type=PP user=- version=121 code=9 locale=0000"},
    {"79 09 00 00 20 '00112233445566778899aabbccddeefg' 00 02 'PP'", EAS_QUERY_OK,
     "base64 cmd=FolderSync id=00112233445566778899aabbccddeefg type=PP user=- version=121 code=9 locale=0000"},
    {"A1 02 00 00 01 'a' 00 01 't' 01 01 '5' 03 03 '5:1' 06 02 '0Z' 07 01 01 08 04 'anna'", EAS_QUERY_OK,
     "base64 cmd=SmartForward id=a type=t user=anna version=161 code=2 locale=0000 collection=5 item=5:1 occurrence=0Z "
     "save"},
    {"A1 13 00 00 01 'a' 00 01 't' 07 01 02", EAS_QUERY_OK,
     "base64 cmd=ItemOperations id=a type=t user=- version=161 code=19 locale=0000 multi"},
    {"A1 13 00 00 01 'a' 00 01 't' 07 01 FF", EAS_QUERY_OK,
     "base64 cmd=ItemOperations id=a type=t user=- version=161 code=19 locale=0000 save multi"},
    {"A1 04 00 00 01 'a' 00 01 't' 00 01 'f' 04 01 'l'", EAS_QUERY_OK,
     "base64 cmd=GetAttachment id=a type=t user=- version=161 code=4 locale=0000 attachment=f long=l"},
    {"A1 00 00 00 01 'a' 00 01 't' 02 01 'x' 05 01 'y' 63 02 'zz'", EAS_QUERY_OK,
     "base64 cmd=Sync id=a type=t user=- version=161 code=0 locale=0000"},
    {"A1 00 00 00 01 'a' 00 01 't' 08 02 FF 'b'", EAS_QUERY_OK,
     "base64 cmd=Sync id=a type=t user=\xEF\xBF\xBD"
     "b version=161 code=0 locale=0000"},
    {"A1 05 00 00 01 'a' 00 01 't'", EAS_QUERY_OK, "base64 cmd=5? id=a type=t user=- version=161 code=5 locale=0000"},
    {"A1 00 00 00 00 00 00", EAS_QUERY_OK, "base64 cmd=Sync id=- type=- user=- version=161 code=0 locale=0000"},
    {"A1 00 00 00 01 'a' 01 'k' 01 't'", EAS_QUERY_POLICY_KEY, NULL},
    {"A1 00 00 00 01 'a' 05 'kkkkk' 01 't'", EAS_QUERY_POLICY_KEY, NULL},
    {"A1 00 00 00 01 'a' 03 'kkk'", EAS_QUERY_POLICY_KEY, NULL},
    {"A1 00 00 00 01 'a' 00 01 't' 07 00", EAS_QUERY_PARAMETER, NULL},
    {"A1 00 00 00 01 'a' 00 01 't' 07 02 01 01", EAS_QUERY_PARAMETER, NULL},
    {"A1 00 00 00 01 'a' 00 01 't' 03 01 00", EAS_QUERY_PARAMETER, NULL},
    {"A1 00 00 00 01 'a' 00 01 00", EAS_QUERY_DEVICE_TYPE, NULL},
    {"A1 00 00 00 21 " GUID GUID " 00 00 00", EAS_QUERY_DEVICE_ID, NULL},
    {"A1 00 00 00 41 '01234567890123456789012345678901234567890123456789012345678901234' 00 00", EAS_QUERY_DEVICE_ID,
     NULL},
};

static const char *to_base64(const char *data, size_t len, apr_pool_t *pool)
{
    char *out = apr_palloc(pool, (size_t)apr_base64_encode_len((int)len));

    apr_base64_encode_binary(out, (const unsigned char *)data, (int)len);
    return out;
}

static const char *replace(const char *text, char from, const char *to, apr_pool_t *pool)
{
    const char *out = "";

    for (; *text != '\0'; text++) {
        out = apr_pstrcat(pool, out, *text == from ? to : apr_pstrmemdup(pool, text, 1), NULL);
    }
    return out;
}

static void check_binary(size_t row, const char *args, apr_pool_t *pool)
{
    eas_query_t *q;
    eas_query_code_t code = eas_query_parse(&q, test_exact(args, strlen(args) + 1, pool), pool);

    if (code != binary[row].code ||
        (binary[row].summary != NULL && strcmp(summary(q, pool), binary[row].summary) != 0)) {
        fail_msg("row %zu, %s: %s; %s", row, args, eas_query_text(code), summary(q, pool));
    }
}

/* Each row in all spellings: padded, percent-encoded, without padding, URL-safe, plus turned into a blank. */
static void test_binary(void **state)
{
    size_t i;

    for (i = 0; i < COUNT(binary); i++) {
        size_t len;
        char *data = test_bytes(binary[i].hex, &len, *state);
        const char *args = to_base64(data, len, *state), *percent;

        check_binary(i, args, *state);
        check_binary(i, replace(args, '=', "", *state), *state);
        percent = replace(replace(replace(args, '+', "%2B", *state), '/', "%2F", *state), '=', "%3D", *state);
        check_binary(i, percent, *state);
        check_binary(i, replace(replace(args, '+', "-", *state), '/', "_", *state), *state);
        check_binary(i, replace(args, '+', "%20", *state), *state);
    }
}

/* No prefix of a query with parameters is taken for a whole one, but where a parameter ends. */
static void test_truncated(void **state)
{
    size_t len, n, good = 0;
    char *data = test_bytes("A1 02 00 00 01 'a' 04 'kkkk' 01 't' 01 01 '5' 03 03 '5:1'", &len, *state);

    for (n = 0; n <= len; n++) {
        eas_query_t *q;
        eas_query_code_t code = eas_query_parse(&q, to_base64(data, n, *state), *state);

        if (n == 0 || n == len || n == len - 5 || n == len - 8) {
            assert_int_equal(code, EAS_QUERY_OK);
            good++;
        } else if (code != EAS_QUERY_TRUNCATED) {
            fail_msg("prefix of %zu bytes: %s", n, eas_query_text(code));
        }
    }
    assert_int_equal(good, 4);
}

static void test_neither_form(void **state)
{
    static const struct {
        const char *args;
        eas_query_code_t code;
        int status;
    } rows[] = {
        {"hello!", EAS_QUERY_MALFORMED, 101}, {"jAAJB", EAS_QUERY_MALFORMED, 101},
        {"jAAJ%2", EAS_QUERY_MALFORMED, 101}, {"jAAJ%00", EAS_QUERY_MALFORMED, 101},
        {"jA==", EAS_QUERY_TRUNCATED, 101},   {"====", EAS_QUERY_MALFORMED, 101},
        {"=", EAS_QUERY_TRUNCATED, 101},      {"jAAJBA", EAS_QUERY_TRUNCATED, 101},
    };
    eas_query_t *q;
    char *big = apr_palloc(*state, EAS_QUERY_MAX + 2);
    size_t i;

    for (i = 0; i < COUNT(rows); i++) {
        eas_query_code_t code = eas_query_parse(&q, rows[i].args, *state);

        if (code != rows[i].code || eas_query_status(code) != rows[i].status) {
            fail_msg("row %zu: %s", i, eas_query_text(code));
        }
    }
    memset(big, 'A', EAS_QUERY_MAX + 1);
    big[EAS_QUERY_MAX + 1] = '\0';
    assert_int_equal(eas_query_parse(&q, big, *state), EAS_QUERY_TOO_LONG);
    big[EAS_QUERY_MAX] = '\0';
    assert_int_equal(eas_query_parse(&q, big, *state), EAS_QUERY_TRUNCATED);
    assert_int_equal(eas_query_status(EAS_QUERY_DEVICE_ID), EAS_STATUS_DeviceIdMissingOrInvalid);
    assert_int_equal(eas_query_status(EAS_QUERY_DEVICE_TYPE), EAS_STATUS_DeviceTypeMissingOrInvalid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_plain),     POOL_TEST(test_base64_example), POOL_TEST(test_binary),
        POOL_TEST(test_truncated), POOL_TEST(test_neither_form),
    };

    return RUN_TESTS(tests);
}
