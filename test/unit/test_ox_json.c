/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: ox_json.c */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <apr_general.h>
#include <string.h>
#include "ox/ox_json.h"

static apr_pool_t *pool;

/* in → compact text again; NULL = no JSON */
static const struct {
    const char *in, *out;
} parse_rows[] = {
    {"{}", "{}"},
    {" \n [1, 2] ", "[1,2]"},
    {"{\"a\":9223372036854775807}", "{\"a\":9223372036854775807}"},
    {"[\"\xff\"]", "[\"\xef\xbf\xbd\"]"},
    {"[\"a\xc3\"]", "[\"a\xef\xbf\xbd\"]"},
    {"[\"\\ud83d\\ude00\"]", "[\"\xf0\x9f\x98\x80\"]"},
    {"[\"\\ud83d\"]", "[\"\xef\xbf\xbd\"]"},
    {"[\"\\ude00\\ud83dx\"]", "[\"\xef\xbf\xbd\xef\xbf\xbdx\"]"},
    {"[\"\\\\ud83d\"]", "[\"\\\\ud83d\"]"},
    {"[\"a\nb\"]", "[\"a b\"]"},
    {"", NULL},
    {"{", NULL},
    {"<html>", NULL},
    {"{\"a\":1}x", NULL},
};

static void test_parse(void **state)
{
    for (size_t i = 0; i < sizeof parse_rows / sizeof parse_rows[0]; i++) {
        ox_json_t *j = ox_json_parse(parse_rows[i].in, strlen(parse_rows[i].in), pool);
        const char *out = j ? ox_json_dump(NULL, j, pool) : NULL;
        if (!out != !parse_rows[i].out || (out && strcmp(out, parse_rows[i].out) != 0))
            fail_msg("row %d: %s", (int)i, out ? out : "(no JSON)");
    }
}

static const struct {
    const char *in, *out;
} callback_rows[] = {
    {"<html><head><script type=\"text/javascript\">(parent[\"callback_update\"] || window.opener && "
     "window.opener[\"callback_update\"])({\"data\":{},\"timestamp\":17})</script></head></html>",
     "{\"data\":{},\"timestamp\":17}"},
    {"<html>callback_import({\"a\":\"({x})\"})</html>", "{\"a\":\"({x})\"}"},
    {"  {\"data\":1}", "{\"data\":1}"},
    {"({})", "{}"},
    {"<html>no</html>", NULL},
    {"({", NULL},
    {"})({", NULL},
    {"({\"a\":})", NULL},
    {"", NULL},
};

static void test_callback(void **state)
{
    for (size_t i = 0; i < sizeof callback_rows / sizeof callback_rows[0]; i++) {
        ox_json_t *j = ox_json_parse_callback(callback_rows[i].in, strlen(callback_rows[i].in), pool);
        const char *out = j ? ox_json_dump(NULL, j, pool) : NULL;
        if (!out != !callback_rows[i].out || (out && strcmp(out, callback_rows[i].out) != 0))
            fail_msg("row %d: %s", (int)i, out ? out : "(no JSON)");
    }
}

static const struct {
    const char *in;
    int has;
    apr_int64_t num;
    int yes;
    const char *text;
} value_rows[] = {
    {"5", 1, 5, 1, "5"},          {"0", 1, 0, 0, "0"},         {"-3", 1, -3, 1, "-3"},
    {"\"17\"", 1, 17, 0, "17"},   {"\"1\"", 1, 1, 1, "1"},     {"\"-8\"", 1, -8, 0, "-8"},
    {"\"\"", 0, 99, 0, ""},       {"\"1x\"", 0, 99, 0, "1x"},  {"\"true\"", 0, 99, 1, "true"},
    {"true", 0, 99, 1, NULL},     {"false", 0, 99, 0, NULL},   {"null", 0, 99, 0, NULL},
    {"1.7e12", 1, 1700000000000, 0, "1700000000000"},          {"[1]", 0, 99, 0, NULL},
    {"\"a\\u0000b\"", 0, 99, 0, "ab"},                         {"\"a\\u0007b\\ufffe\"", 0, 99, 0, "ab"},
    {"1e300", 0, 99, 0, "1e+300"}, {"\"123456789012345678901\"", 0, 99, 0, "123456789012345678901"},
};

static void test_values(void **state)
{
    for (size_t i = 0; i < sizeof value_rows / sizeof value_rows[0]; i++) {
        ox_json_t *j = ox_json_parse(value_rows[i].in, strlen(value_rows[i].in), pool);
        const char *text = ox_json_text(j, pool);
        if (!j || ox_json_has_int(j) != value_rows[i].has || ox_json_int(j, 99) != value_rows[i].num ||
            ox_json_true(j) != value_rows[i].yes || !text != !value_rows[i].text ||
            (text && strcmp(text, value_rows[i].text) != 0))
            fail_msg("row %d: %s", (int)i, text ? text : "(no text)");
    }
}

/* Looking into what is not there is no error. */
static void test_absent(void **state)
{
    assert_null(ox_json_get(NULL, "a"));
    assert_null(ox_json_at(NULL, 0));
    assert_null(ox_json_at(ox_json_array(pool), -1));
    assert_int_equal(ox_json_count(NULL), 0);
    assert_true(ox_json_is_null(NULL));
    assert_null(ox_json_get_text(NULL, "a", pool));
    assert_null(ox_json_get_nocase(NULL, "a"));
    ox_json_t *o = ox_json_object(pool);
    ox_json_set_text(o, "a", NULL);
    ox_json_set_text(o, "b", "\xff");
    assert_string_equal(ox_json_dump(NULL, o, pool), "{\"a\":null,\"b\":\"\"}");
    assert_ptr_equal(ox_json_get_nocase(o, "B"), ox_json_get(o, "b"));
    assert_null(ox_json_get_nocase(o, "c"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse), cmocka_unit_test(test_callback), cmocka_unit_test(test_values),
        cmocka_unit_test(test_absent),
    };
    apr_initialize();
    apr_pool_create(&pool, NULL);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_pool_destroy(pool);
    apr_terminate();
    return failed;
}
