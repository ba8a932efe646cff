/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: ctl_decode.c */
/* Documents from files and standard input, in bytes and in digits, whole and broken. */
#include "ctl_test.h"

/* FolderSync with SyncKey "0". */
static const char bytes[] = "\x03\x01\x6a\x00\x00\x07\x56\x52\x03\x30\x00\x01\x01";
#define DIGITS "03016a00 0007 5652 0330 00 0101"

static void test_inputs(void **state)
{
    apr_pool_t *pool = *state;
    const char *folder = ctl_test_folder(pool);
    const char *digits = ctl_test_file(folder, "digits", DIGITS "\n", pool);
    const char *const lines[] = {"decode --hex", "decode --hex -", apr_pstrcat(pool, "decode --hex ", digits, NULL),
                                 "decode --mask --hex"};
    ctl_result_t raw = ctl_test_bytes("decode", bytes, sizeof(bytes) - 1, pool);
    unsigned i;

    assert_int_equal(raw.code, CTL_OK);
    assert_string_equal(raw.err, "");
    assert_non_null(strstr(raw.out, "<FolderSync"));
    assert_non_null(strstr(raw.out, "SyncKey"));
    for (i = 0; i < COUNT(lines); i++) {
        ctl_result_t result = ctl_test_run(lines[i], DIGITS, pool);

        assert_int_equal(result.code, CTL_OK);
        assert_string_equal(result.out, raw.out);
    }
    assert_string_equal(ctl_test_run("decode --hex", "03016A0000075652\n0330\t00 01 0 1 \r\n", pool).out, raw.out);
}

/* Cut anywhere, the document is shown as far as it goes, and the place is named. */
static void test_cut(void **state)
{
    apr_size_t len;

    for (len = 0; len + 1 < sizeof(bytes); len++) {
        ctl_result_t result = ctl_test_bytes("decode", bytes, len, *state);

        assert_int_equal(result.code, CTL_FAULT);
        assert_non_null(strstr(result.err, "usmctl: -: "));
        assert_non_null(strstr(result.err, "at byte"));
    }
}

static void test_faults(void **state)
{
    static const struct {
        const char *line, *input, *complaint;
    } rows[] = {
        {"decode --hex", "03 01 6a 0x", "byte 10 of the text is no hexadecimal digit"},
        {"decode --hex", "030", "odd"},
        {"decode --hex", DIGITS "21", "at byte 13"},
        {"decode /nonexistent/file", "", "/nonexistent/file cannot be opened"},
        {"decode /", "", "/ cannot be read"},
    };
    unsigned i;

    for (i = 0; i < COUNT(rows); i++) {
        ctl_test_expect(rows[i].line, rows[i].input, CTL_FAULT, rows[i].complaint, *state);
    }
}

/* More than one buffer of input. */
static void test_large(void **state)
{
    apr_pool_t *pool = *state;
    apr_size_t text_len = 200 * 1000, len = sizeof(bytes) - 1 + text_len - 1;
    char *data = apr_palloc(pool, len), *text = apr_palloc(pool, text_len + 1);
    ctl_result_t result;

    memset(text, 'k', text_len);
    text[text_len] = '\0';
    memcpy(data, bytes, 9);
    memcpy(data + 9, text, text_len);
    memcpy(data + 9 + text_len, "\x00\x01\x01", 3);
    result = ctl_test_bytes("decode", data, len, pool);
    assert_string_equal(result.err, "");
    assert_int_equal(result.code, CTL_OK);
    assert_non_null(strstr(result.out, text));
}

/* Passwords and policy keys are shown when asked for only. */
static void test_secrets(void **state)
{
    /* Provision{Policies{Policy{PolicyKey=987654321}}} */
    static const char policy[] = "03016a00 000e 45 46 47 4903 393837363534333231 00 01 01 01 01";
    ctl_result_t hidden = ctl_test_run("decode --hex", policy, *state);
    ctl_result_t shown = ctl_test_run("decode --hex --show-secrets", policy, *state);

    assert_int_equal(hidden.code, CTL_OK);
    assert_null(strstr(hidden.out, "987654321"));
    assert_non_null(strstr(hidden.out, "***"));
    assert_int_equal(shown.code, CTL_OK);
    assert_non_null(strstr(shown.out, "987654321"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_inputs), POOL_TEST(test_cut),     POOL_TEST(test_faults),
        POOL_TEST(test_large),  POOL_TEST(test_secrets),
    };

    return RUN_TESTS(tests);
}
