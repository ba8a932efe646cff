/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: ox_stream.c */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <string.h>
#include "ox/ox_stream.h"

static apr_pool_t *pool;

typedef struct rows_t {
    char text[4096];
    int count, fail_at;
    apr_pool_t *pool;
} rows_t;

static usm_error_t *on_row(void *baton, const ox_json_t *row)
{
    rows_t *r = baton;
    if (++r->count == r->fail_at)
        return USM_ERROR(r->pool, USM_ECONFLICT, "row %d", r->count);
    apr_size_t len = strlen(r->text);
    apr_snprintf(r->text + len, sizeof r->text - len, "%s;", ox_json_dump(NULL, row, r->pool));
    return NULL;
}

/* in → rows joined by ';' and the envelope that remains; rows NULL = must be refused */
static const struct {
    const char *in, *rows, *rest;
} stream_rows[] = {
    {"{\"data\":[],\"timestamp\":5}", "", "{\"data\":[],\"timestamp\":5}"},
    {" \r\n\t {\"timestamp\":5 , \"data\" : [ [1,\"a\"] , [2,null] ] } ", "[1,\"a\"];[2,null];",
     "{\"timestamp\":5,\"data\":[]}"},
    {"{\"data\":[[\"a\\\"]\",{\"data\":[1]}],\"77\",78,-1.5,null,true,{\"id\":\"x\"}],\"timestamp\":7}",
     "[\"a\\\"]\",{\"data\":[1]}];\"77\";78;-1.5;null;true;{\"id\":\"x\"};", "{\"data\":[],\"timestamp\":7}"},
    {"{\"error\":\"data\",\"code\":\"SES-0203\",\"categories\":\"TRY_AGAIN\"}", "",
     "{\"error\":\"data\",\"code\":\"SES-0203\",\"categories\":\"TRY_AGAIN\"}"},
    {"{\"x\":{\"data\":[1,2]},\"data\":[3]}", "3;", "{\"x\":{\"data\":[1,2]},\"data\":[]}"},
    {"{\"data\":{\"a\":[1]}}", "", "{\"data\":{\"a\":[1]}}"},
    {"{\"data\":null}", "", "{\"data\":null}"},
    {"{\"data\":[[\"\\u00fc\\\\\",\"\xc3\xbc\"]]}", "[\"\xc3\xbc\\\\\",\"\xc3\xbc\"];", "{\"data\":[]}"},
    {"{\"data2\":[1],\"dat\":[2],\"data\":[9]}", "9;", "{\"data2\":[1],\"dat\":[2],\"data\":[]}"},
    {"{\"data\":[1,2", NULL, NULL},
    {"{\"data\":[[1,2", NULL, NULL},
    {"{\"data\":[\"x", NULL, NULL},
    {"{\"data\":[1]", NULL, NULL},
    {"", NULL, NULL},
    {"   ", NULL, NULL},
    {"<html>503</html>", NULL, NULL},
    {"[1,2]", NULL, NULL},
    {"{\"data\":[[1,]]}", NULL, NULL},
    {"{\"data\":[wrong]}", NULL, NULL},
};

/* Feeds in three pieces cut at a and b. @return 1 when the result is what the row says. */
static int play(size_t row, size_t a, size_t b)
{
    const char *in = stream_rows[row].in;
    size_t len = strlen(in);
    apr_pool_t *sub;
    apr_pool_create(&sub, pool);
    rows_t rows = {.pool = sub};
    ox_json_t *rest = NULL;
    ox_stream_t *s = ox_stream_create(on_row, &rows, sub);
    int stop = ox_stream_feed(s, in, a) || ox_stream_feed(s, in + a, b - a) || ox_stream_feed(s, in + b, len - b);
    usm_error_t *err = ox_stream_end(&rest, s, sub);
    int ok;
    if (stream_rows[row].rows) {
        ok = !err && !stop && strcmp(rows.text, stream_rows[row].rows) == 0 &&
             strcmp(ox_json_dump(NULL, rest, sub), stream_rows[row].rest) == 0;
    } else {
        ok = err && usm_error_code(err) == USM_EBACKEND;
    }
    apr_pool_destroy(sub);
    return ok;
}

static void test_every_split(void **state)
{
    for (size_t i = 0; i < sizeof stream_rows / sizeof stream_rows[0]; i++) {
        size_t len = strlen(stream_rows[i].in);
        for (size_t a = 0; a <= len; a++) {
            for (size_t b = a; b <= len; b++) {
                if (!play(i, a, b))
                    fail_msg("row %d split at %d and %d", (int)i, (int)a, (int)b);
            }
        }
    }
}

static void test_row_error(void **state)
{
    rows_t rows = {.pool = pool, .fail_at = 2};
    ox_json_t *rest;
    ox_stream_t *s = ox_stream_create(on_row, &rows, pool);
    assert_true(ox_stream_feed(s, "{\"data\":[1,2,3,4]}", 18));
    usm_error_t *err = ox_stream_end(&rest, s, pool);
    assert_int_equal(usm_error_code(err), USM_ECONFLICT);
    assert_int_equal(rows.count, 2);
}

static usm_error_t *count_row(void *baton, const ox_json_t *row)
{
    *(int *)baton += 1;
    return NULL;
}

/* 200,000 rows in pieces need the memory of a row. */
static void test_memory(void **state)
{
    apr_pool_t *sub;
    apr_allocator_t *allocator;
    int count = 0;
    ox_json_t *rest;
    char piece[128];
    apr_allocator_create(&allocator);
    apr_pool_create_ex(&sub, pool, NULL, allocator);
    apr_allocator_owner_set(allocator, sub);
    ox_stream_t *s = ox_stream_create(count_row, &count, sub);
    char *start = apr_palloc(sub, 1);
    ox_stream_feed(s, "{\"data\":[0", 10);
    for (int i = 0; i < 200000; i++) {
        int n = apr_snprintf(piece, sizeof piece, ",[\"%d\",1700000000000,\"a row of text\"]", i);
        /* half of the rows arrive in two pieces */
        assert_false(ox_stream_feed(s, piece, (size_t)(i % 2 ? n / 2 : n)));
        if (i % 2)
            assert_false(ox_stream_feed(s, piece + n / 2, (size_t)(n - n / 2)));
    }
    /* The pool has grown by no more than its first node: the next byte lies near. */
    char *now = apr_palloc(sub, 1);
    assert_true(now - start < 8192 && now - start >= 0);
    assert_false(ox_stream_feed(s, "],\"timestamp\":1}", 16));
    assert_null(ox_stream_end(&rest, s, sub));
    assert_int_equal(count, 200001);
    apr_pool_destroy(sub);
}

static void test_huge_row(void **state)
{
    static char junk[65536];
    int count = 0, stopped = 0;
    ox_json_t *rest;
    apr_pool_t *sub;
    apr_pool_create(&sub, pool);
    ox_stream_t *s = ox_stream_create(count_row, &count, sub);
    memset(junk, 'x', sizeof junk);
    ox_stream_feed(s, "{\"data\":[\"", 10);
    for (int i = 0; i < 1000 && !stopped; i++)
        stopped = ox_stream_feed(s, junk, sizeof junk);
    assert_true(stopped);
    assert_int_equal(usm_error_code(ox_stream_end(&rest, s, sub)), USM_ELIMIT);
    apr_pool_destroy(sub);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_split), cmocka_unit_test(test_row_error), cmocka_unit_test(test_memory),
        cmocka_unit_test(test_huge_row),
    };
    apr_initialize();
    apr_pool_create(&pool, NULL);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_pool_destroy(pool);
    apr_terminate();
    return failed;
}
