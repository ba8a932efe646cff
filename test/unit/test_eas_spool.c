/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: eas_spool.c */
/* Attachments in pieces of any size: ranges, base64, and the limit. */
#include "wbxml_test.h"

#include <apr_base64.h>
#include <apr_encode.h>

#include "eas_spool.h"

/* What the spool's file has. */
static const char *contents(eas_spool_t *spool, apr_pool_t *pool)
{
    apr_size_t len = (apr_size_t)spool->len;
    char *text = apr_pcalloc(pool, len + 1);
    apr_off_t start = 0;

    assert_int_equal(apr_file_seek(spool->file, APR_SET, &start), APR_SUCCESS);
    if (len > 0) {
        assert_int_equal(apr_file_read_full(spool->file, text, len, &len), APR_SUCCESS);
    }
    return text;
}

static void test_ranges(void **state)
{
    static const struct {
        const char *data;
        apr_off_t first, last;
        const char *want;
    } rows[] = {
        {"0123456789", 0, APR_INT64_MAX, "0123456789"}, {"0123456789", 0, 9, "0123456789"}, {"0123456789", 0, 0, "0"},
        {"0123456789", 3, 5, "345"},                    {"0123456789", 9, 9, "9"},          {"0123456789", 9, 20, "9"},
        {"0123456789", 10, 20, ""},                     {"0123456789", 4, 3, ""},           {"", 0, APR_INT64_MAX, ""},
    };
    apr_pool_t *pool = *state;
    unsigned i, base64;
    apr_size_t step, at;

    for (i = 0; i < COUNT(rows); i++) {
        for (base64 = 0; base64 < 2; base64++) {
            for (step = 1; step <= 11; step++) {
                apr_size_t len = strlen(rows[i].data), want_len = strlen(rows[i].want);
                const char *want = rows[i].want;
                eas_spool_t spool;

                if (base64) {
                    want = apr_pencode_base64(pool, want, APR_ENCODE_STRING, APR_ENCODE_NONE, NULL);
                }
                assert_null(eas_spool_create(&spool, (int)base64, rows[i].first, rows[i].last, 100, pool));
                for (at = 0; at < len; at += step) {
                    apr_size_t n = len - at < step ? len - at : step;

                    assert_null(eas_spool_data(&spool, test_exact(rows[i].data + at, n, pool), n));
                }
                assert_null(eas_spool_end(&spool));
                if (strcmp(contents(&spool, pool), want) != 0 || spool.at != (apr_off_t)len ||
                    spool.kept != (apr_off_t)want_len || spool.len != (apr_off_t)strlen(want)) {
                    fail_msg("row %u, step %zu: %s", i, step, contents(&spool, pool));
                }
            }
        }
    }
}

/* Many groups at once, and bytes of every value. */
static void test_large(void **state)
{
    apr_pool_t *pool = *state;
    apr_size_t len = 100 * 1000 + 1, i, cuts[] = {1, 3071, 3072, 3073, 50000};
    char *data = apr_palloc(pool, len);
    eas_spool_t spool;
    unsigned c;

    for (i = 0; i < len; i++) {
        data[i] = (char)(i * 7 + i / 256);
    }
    for (c = 0; c < COUNT(cuts); c++) {
        char *back = apr_palloc(pool, len + 3);

        assert_null(eas_spool_create(&spool, 1, 0, APR_INT64_MAX, (apr_off_t)len, pool));
        assert_null(eas_spool_data(&spool, data, cuts[c]));
        assert_null(eas_spool_data(&spool, data + cuts[c], len - cuts[c]));
        assert_null(eas_spool_end(&spool));
        assert_int_equal(apr_base64_decode_binary((unsigned char *)back, contents(&spool, pool)), len);
        assert_memory_equal(back, data, len);
    }
}

/* The limit is of the bytes kept, to the byte; what is outside the range does not count. */
static void test_limit(void **state)
{
    static const struct {
        apr_off_t first, last, max;
        int good;
    } rows[] = {{0, APR_INT64_MAX, 10, 1}, {0, APR_INT64_MAX, 9, 0}, {0, 8, 9, 1}, {5, APR_INT64_MAX, 5, 1},
                {5, APR_INT64_MAX, 4, 0},  {20, 30, 0, 1},           {0, 0, 0, 0}};
    unsigned i;

    for (i = 0; i < COUNT(rows); i++) {
        eas_spool_t spool;
        usm_error_t *err;

        assert_null(eas_spool_create(&spool, 0, rows[i].first, rows[i].last, rows[i].max, *state));
        err = eas_spool_data(&spool, "01234", 5);
        if (err == NULL) {
            err = eas_spool_data(&spool, "56789", 5);
        }
        if ((err == NULL) != rows[i].good || (err != NULL && !usm_error_is(err, USM_ELIMIT))) {
            fail_msg("row %u", i);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {POOL_TEST(test_ranges), POOL_TEST(test_large), POOL_TEST(test_limit)};

    return RUN_TESTS(tests);
}
