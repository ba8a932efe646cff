/* SPDX-License-Identifier: Apache-2.0 */
/* What the unit tests of mod_eas/wbxml and mod_eas/eas_query.c share: pools, hex, brigades, seeded random numbers. */
#ifndef WBXML_TEST_H
#define WBXML_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <apr_buckets.h>
#include <apr_general.h>
#include <apr_strings.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Per test: *STATE becomes a fresh pool. */
static inline int test_pool_create(void **state)
{
    apr_pool_t *pool;

    if (apr_pool_create(&pool, NULL) != APR_SUCCESS) {
        return -1;
    }
    *state = pool;
    return 0;
}

static inline int test_pool_destroy(void **state)
{
    apr_pool_destroy(*state);
    return 0;
}

#define POOL_TEST(function) cmocka_unit_test_setup_teardown(function, test_pool_create, test_pool_destroy)

/* Runs TESTS with APR up; the answer is main's. */
#define RUN_TESTS(tests) (apr_initialize() == APR_SUCCESS ? cmocka_run_group_tests(tests, NULL, NULL) : 1)

static apr_status_t test_free_block(void *block)
{
    free(block);
    return APR_SUCCESS;
}

/* LEN bytes in a block of exactly that size, so that a sanitizer or valgrind sees one byte too far. */
static inline char *test_exact(const void *data, size_t len, apr_pool_t *pool)
{
    char *block = malloc(len > 0 ? len : 1);

    assert_non_null(block);
    memcpy(block, data, len);
    apr_pool_cleanup_register(pool, block, test_free_block, apr_pool_cleanup_null);
    return block;
}

/* Bytes of hex text; blanks are left out, and 'quoted' runs stand for themselves. */
static inline char *test_bytes(const char *hex, size_t *len_p, apr_pool_t *pool)
{
    char *out = apr_palloc(pool, strlen(hex) + 1);
    size_t n = 0;
    unsigned value;

    while (*hex != '\0') {
        if (*hex == ' ' || *hex == '\n') {
            hex++;
        } else if (*hex == '\'') {
            for (hex++; *hex != '\''; hex++) {
                out[n++] = *hex;
            }
            hex++;
        } else {
            if (sscanf(hex, "%2x", &value) != 1) {
                fail_msg("bad hex in the test: %s", hex);
            }
            out[n++] = (char)value;
            hex += 2;
        }
    }
    *len_p = n;
    return test_exact(out, n, pool);
}

/* The hex of LEN bytes. */
static inline char *test_hex(const char *data, size_t len, apr_pool_t *pool)
{
    char *out = apr_palloc(pool, len * 3 + 1);
    size_t i;

    out[0] = '\0';
    for (i = 0; i < len; i++) {
        snprintf(out + i * 3, 4, "%02X ", (unsigned char)data[i]);
    }
    return out;
}

static inline apr_bucket_brigade *test_brigade(apr_pool_t *pool)
{
    return apr_brigade_create(pool, apr_bucket_alloc_create(pool));
}

/* The bytes of BRIGADE, in an exact block. */
static inline char *test_flatten(apr_bucket_brigade *brigade, size_t *len_p, apr_pool_t *pool)
{
    char *data;

    assert_int_equal(apr_brigade_pflatten(brigade, &data, len_p, pool), APR_SUCCESS);
    return test_exact(data, *len_p, pool);
}

/* The next number of a generator that is the same everywhere (xorshift). */
static inline uint32_t test_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return (uint32_t)(*seed >> 16);
}

#endif
