/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: ox_cursor.c */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <string.h>
#include "ox/ox_cursor.h"

static apr_pool_t *pool;

static const struct {
    const char *text;
    int ok, settled;
    apr_int64_t since;
} parse_rows[] = {
    {NULL, 0, 0, 0},
    {"", 0, 0, 0},
    {"1", 0, 0, 0},
    {"1 ", 0, 0, 0},
    {"1 x", 0, 0, 0},
    {"1 -5", 0, 0, 0},
    {"2 1700000000000", 0, 0, 0},
    {"1 1700000000000", 1, 1, 1700000000000},
    {"1 1700000000000 ", 0, 0, 0},
    {"1 1700000000000 1700000000500", 0, 0, 0},
    {"1 1700000000000 1700000000500 ", 0, 0, 0},
    {"1 1700000000000 1700000000500 ab12", 1, 0, 1699999999000},
    {"1 1700000000000 1700000000500 ab12z", 0, 0, 0},
    {"1 500 1700000000500 1", 1, 0, 0},
    {"m1 1 2 3 4", 0, 0, 0},
};

static void test_parse(void **state)
{
    for (size_t i = 0; i < sizeof parse_rows / sizeof parse_rows[0]; i++) {
        ox_cursor_t c;
        int ok = ox_cursor_parse(&c, parse_rows[i].text);
        if (ok != parse_rows[i].ok || (ok && (c.settled != parse_rows[i].settled ||
                                              ox_cursor_since(&c) != parse_rows[i].since)))
            fail_msg("row %d", (int)i);
        if (ok)
            assert_string_equal(ox_cursor_text(&c, pool), parse_rows[i].text);
    }
}

/* Plays one answer: rows "id@stamp", NULL at the end; "-id" is a deletion. */
static void answer(ox_recent_t *r, const char *const *rows)
{
    ox_recent_init(r, pool);
    for (; *rows; rows++) {
        const char *at = strchr(*rows, '@');
        if (**rows == '-')
            ox_recent_add(r, *rows + 1, -1);
        else
            ox_recent_add(r, apr_pstrmemdup(pool, *rows, (size_t)(at - *rows)), apr_atoi64(at + 1));
    }
}

#define T APR_INT64_C(1700000000000)
#define ROWS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void test_settle(void **state)
{
    ox_cursor_t first, second, third;
    ox_recent_t r;
    answer(&r, ROWS("a@1699999990000", "b@1699999999500", "c@1700000000000"));
    ox_cursor_next(&first, NULL, &r, T, T + 100);
    assert_int_equal(first.stamp, T);
    assert_false(first.settled);
    assert_int_equal(ox_cursor_since(&first), T - 1000);

    /* The overlap comes again: no news, and the text stays the same until five seconds have gone. */
    answer(&r, ROWS("c@1700000000000", "b@1699999999500"));
    assert_false(ox_recent_is_news(&r, &first, T));
    ox_cursor_next(&second, &first, &r, T, T + 3000);
    assert_string_equal(ox_cursor_text(&second, pool), ox_cursor_text(&first, pool));

    /* A commit that came late, with an older stamp, is news. */
    answer(&r, ROWS("c@1700000000000", "late@1699999999900", "b@1699999999500"));
    assert_true(ox_recent_is_news(&r, &first, T));
    ox_cursor_next(&second, &first, &r, T, T + 3000);
    assert_false(ox_recent_is_news(&r, &second, T));
    assert_false(second.settled);

    /* After five seconds it settles, and then only strictly newer rows are asked for. */
    ox_cursor_next(&third, &second, &r, T, T + 5100);
    assert_true(third.settled);
    assert_int_equal(ox_cursor_since(&third), T);
    ox_recent_init(&r, pool);
    assert_false(ox_recent_is_news(&r, &third, T));
    assert_false(ox_recent_is_news(&r, &third, 0));
    ox_cursor_next(&second, &third, &r, 0, T + 9000);
    assert_string_equal(ox_cursor_text(&second, pool), ox_cursor_text(&third, pool));

    /* A deletion alone moves the stamp. */
    answer(&r, ROWS("-a"));
    assert_true(ox_recent_is_news(&r, &third, T + 7000));
    ox_cursor_next(&second, &third, &r, T + 7000, T + 9000);
    assert_int_equal(second.stamp, T + 7000);
    assert_false(second.settled);
}

static void test_empty(void **state)
{
    ox_cursor_t c, next;
    ox_recent_t r;
    ox_recent_init(&r, pool);
    ox_cursor_next(&c, NULL, &r, -1, T);
    assert_int_equal(c.stamp, 0);
    assert_int_equal(ox_cursor_since(&c), 0);
    assert_false(ox_recent_is_news(&r, &c, -1));
    answer(&r, ROWS("a@5"));
    assert_true(ox_recent_is_news(&r, &c, -1));
    ox_cursor_next(&next, &c, &r, -1, T);
    assert_int_equal(next.stamp, 5);
}

/* An import of thousands of objects in one second is not held in memory; it is told again until it has settled. */
static void test_flood(void **state)
{
    ox_cursor_t c, next;
    ox_recent_t r;
    ox_recent_init(&r, pool);
    for (int i = 0; i < 100000; i++)
        ox_recent_add(&r, apr_itoa(pool, i), T);
    assert_true(r.rows->nelts < 5000);
    ox_cursor_next(&c, NULL, &r, T, T);
    assert_true(ox_recent_is_news(&r, &c, T));
    ox_cursor_next(&next, &c, &r, T, T + 6000);
    assert_true(next.settled);

    /* Spread over hours only the last second counts. */
    ox_recent_init(&r, pool);
    for (int i = 0; i < 20000; i++)
        ox_recent_add(&r, apr_itoa(pool, i), T + i * 100);
    ox_cursor_next(&c, NULL, &r, T + 1999900, T + 1999900);
    ox_recent_t again;
    ox_recent_init(&again, pool);
    for (int i = 19990; i < 20000; i++)
        ox_recent_add(&again, apr_itoa(pool, i), T + i * 100);
    assert_false(ox_recent_is_news(&again, &c, T + 1999900));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_settle),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_flood),
    };
    apr_initialize();
    apr_pool_create(&pool, NULL);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_pool_destroy(pool);
    apr_terminate();
    return failed;
}
