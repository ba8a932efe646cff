/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: text.c */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <apr_general.h>
#include <stdlib.h>
#include <string.h>
#include "util/text.h"

static apr_pool_t *pool;

#define BAD "\xef\xbf\xbd"
#define S(s) s, sizeof s - 1

static const struct {
    const char *in;
    size_t len;
    const char *out;
} clean_rows[] = {
    {S(""), ""},
    {S("plain text, longer than eight bytes"), "plain text, longer than eight bytes"},
    {S("a\tb\r\nc"), "a\tb\r\nc"},
    {S("a\x01" "b\x1f" "c\x7f" "d"), "abc\x7f" "d"},
    {S("a\0b"), "ab"},
    {S("\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80"), "\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80"},
    {S("\xff" "x"), BAD "x"},
    {S("x\xc3"), "x" BAD},
    {S("\xc3(x"), BAD "(x"},
    {S("\xe2\x82x"), BAD "x"},
    {S("\xc0\xaf"), BAD BAD},
    {S("\xe0\x80\xaf"), BAD},
    {S("\xed\xa0\x80z"), BAD "z"},
    {S("\xf4\x90\x80\x80"), BAD},
    {S("\xf5\x80"), BAD},
    {S("\x80\x80"), BAD BAD},
    {S("\xef\xbf\xbe\xef\xbf\xbfk"), "k"},
    {S("12345678\x80" "12345678"), "12345678" BAD "12345678"},
};

static void test_clean(void **state)
{
    for (size_t i = 0; i < sizeof clean_rows / sizeof clean_rows[0]; i++) {
        apr_size_t len;
        /* An exact copy, so that a read past the end is found. */
        char *in = malloc(clean_rows[i].len + 1);
        memcpy(in, clean_rows[i].in, clean_rows[i].len);
        char *out = usm__text_clean(pool, in, clean_rows[i].len, &len);
        int same = strcmp(out, clean_rows[i].out) == 0 && len == strlen(out);
        int was_clean = usm__text_is_clean(in, clean_rows[i].len);
        int unchanged = len == clean_rows[i].len && memcmp(out, in, len) == 0;
        free(in);
        if (!same || was_clean != unchanged || !usm__text_is_clean(out, len))
            fail_msg("row %d", (int)i);
    }
}

/* Whatever comes in, what goes out is clean and no longer than promised. */
static void test_random(void **state)
{
    srand(7);
    for (int round = 0; round < 20000; round++) {
        char in[40];
        apr_pool_t *p;
        apr_size_t len, n = (apr_size_t)(rand() % 40);
        apr_pool_create(&p, pool);
        for (apr_size_t i = 0; i < n; i++)
            in[i] = (char)(rand() % 3 ? rand() % 256 : 0xe0 | rand() % 32);
        char *out = usm__text_clean(p, in, n, &len);
        if (!usm__text_is_clean(out, len) || len > 3 * n || out[len] != '\0')
            fail_msg("round %d", round);
        apr_pool_destroy(p);
    }
}

/* What a document says of its charset is true after it was converted. */
static void test_html_charset(void **state)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"<p>x</p>", "<p>x</p>"},
        {"<meta charset=utf-8>", "<meta charset=utf-8>"},
        {"<meta charset=\"iso-8859-1\"><p>\xc3\xa4", "<meta charset=\"utf-8\"><p>\xc3\xa4"},
        {"<META http-equiv=Content-Type content='text/html; CHARSET=windows-1252'>y",
         "<META http-equiv=Content-Type content='text/html; CHARSET=utf-8'>y"},
        {"<meta charset=x><meta charset=latin1 >", "<meta charset=utf-8><meta charset=utf-8 >"},
        {"<meta charset=", "<meta charset="},
        {"<meta charset=>", "<meta charset=utf-8>"},
        {"<p charset=latin1>", "<p charset=latin1>"},
        {"<meta name=a><p charset=b>", "<meta name=a><p charset=b>"},
        {"", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apr_size_t len = strlen(rows[i].in);
        const char *out = usm__html_utf8(rows[i].in, &len, pool);
        if (strcmp(out, rows[i].out) != 0 || len != strlen(rows[i].out))
            fail_msg("row %d: %s", (int)i, out);
    }
}

static void test_cut_and_trim(void **state)
{
    assert_int_equal(usm__text_cut("abc", 3, 5), 3);
    assert_int_equal(usm__text_cut("abc", 3, 2), 2);
    assert_int_equal(usm__text_cut("a\xc3\xbc", 3, 2), 1);
    assert_int_equal(usm__text_cut("\xf0\x9f\x98\x80", 4, 3), 0);
    assert_int_equal(usm__text_cut("\xf0\x9f\x98\x80", 4, 4), 4);
    assert_string_equal(usm__text_trim(pool, " \t a b \r\n", 9), "a b");
    assert_string_equal(usm__text_trim(pool, "   ", 3), "");
    assert_string_equal(usm__text_trim(pool, "", 0), "");
    assert_true(usm__text_is_ascii("abc", 3));
    assert_false(usm__text_is_ascii("ab\x80", 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clean), cmocka_unit_test(test_random), cmocka_unit_test(test_html_charset),
        cmocka_unit_test(test_cut_and_trim),
    };
    apr_initialize();
    apr_pool_create(&pool, NULL);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_pool_destroy(pool);
    apr_terminate();
    return failed;
}
