/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: eas_body.c */
/* Compressed bodies within their limits, and credentials in ISO 8859-1. */
#include "eas_test.h"

#include <zlib.h>

/* LEN bytes packed; BITS as deflateInit2() wants them. */
static char *pack(apr_size_t *packed_p, const char *data, apr_size_t len, int bits, apr_pool_t *pool)
{
    z_stream z = {0};
    apr_size_t room = len + len / 100 + 100;
    char *packed = apr_palloc(pool, room);

    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (Bytef *)data;
    z.avail_in = (uInt)len;
    z.next_out = (Bytef *)packed;
    z.avail_out = (uInt)room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    *packed_p = z.total_out;
    deflateEnd(&z);
    return packed;
}

/* Bytes that pack badly. */
static char *noise(apr_size_t len, apr_pool_t *pool)
{
    char *data = apr_palloc(pool, len);
    apr_uint32_t x = 12345;
    apr_size_t i;

    for (i = 0; i < len; i++) {
        x = x * 1103515245 + 12345;
        data[i] = (char)(x >> 16);
    }
    return data;
}

static void test_sizes(void **state)
{
    static const apr_size_t sizes[] = {0, 1, 16383, 16384, 16385, 32768, 100000};
    static const int kinds[] = {MAX_WBITS + 16, MAX_WBITS};
    apr_pool_t *pool = *state;
    unsigned i, k;

    for (i = 0; i < COUNT(sizes); i++) {
        for (k = 0; k < COUNT(kinds); k++) {
            char *data = noise(sizes[i], pool);
            const char *back = NULL;
            apr_size_t packed_len, len = 0;
            char *packed = pack(&packed_len, data, sizes[i], kinds[k], pool);

            assert_int_equal(eas_inflate(&back, &len, packed, packed_len, 100000, pool), 0);
            if (len != sizes[i] || memcmp(back, data, len) != 0) {
                fail_msg("row %u, kind %u: %lu bytes", i, k, (unsigned long)len);
            }
            assert_int_equal(back[len], 0);
        }
    }
}

static void test_limits(void **state)
{
    apr_pool_t *pool = *state;
    const char *back;
    apr_size_t packed_len, len;
    char *data = noise(50000, pool);
    char *packed = pack(&packed_len, data, 50000, MAX_WBITS + 16, pool);

    assert_int_equal(eas_inflate(&back, &len, packed, packed_len, 50000, pool), 0);
    assert_int_equal(eas_inflate(&back, &len, packed, packed_len, 49999, pool), 413);
    /* A bomb: one byte a thousand times. */
    data = apr_pcalloc(pool, 4 << 20);
    packed = pack(&packed_len, data, 4 << 20, MAX_WBITS + 16, pool);
    assert_int_equal(eas_inflate(&back, &len, packed, packed_len, 64 << 20, pool), 413);
}

/* Cut anywhere, or with any byte changed in the check sum, or something behind it: refused. */
static void test_broken(void **state)
{
    apr_pool_t *pool = *state;
    const char *back;
    apr_size_t packed_len, len, cut;
    char *data = noise(300, pool);
    char *packed = pack(&packed_len, data, 300, MAX_WBITS + 16, pool);

    for (cut = 0; cut < packed_len; cut++) {
        if (eas_inflate(&back, &len, packed, cut, 1000, pool) != 400) {
            fail_msg("cut at %lu", (unsigned long)cut);
        }
    }
    packed[packed_len - 6] ^= 1;
    assert_int_equal(eas_inflate(&back, &len, packed, packed_len, 1000, pool), 400);
    packed[packed_len - 6] ^= 1;
    packed[packed_len] = 'x';
    assert_int_equal(eas_inflate(&back, &len, packed, packed_len + 1, 1000, pool), 400);
    assert_int_equal(eas_inflate(&back, &len, "plain text", 10, 1000, pool), 400);
}

static void test_utf8(void **state)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"", ""},
        {"plain", "plain"},
        {"p\xC3\xA4\xC3\x9F", "p\xC3\xA4\xC3\x9F"},
        {"p\xE4\xDF", "p\xC3\xA4\xC3\x9F"},
        {"\xFF", "\xC3\xBF"},
        {"\x80", "\xC2\x80"},
        {"a\x01\xC3\xA4", "a\x01\xC3\xA4"},
        {"a\x01\xE4", "a\x01\xC3\xA4"},
        {"\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80"},
        {"\xC3", "\xC3\x83"},
    };
    unsigned i;

    for (i = 0; i < COUNT(rows); i++) {
        if (strcmp(eas_utf8(rows[i].in, *state), rows[i].out) != 0) {
            fail_msg("row %u: %s", i, eas_utf8(rows[i].in, *state));
        }
    }
    assert_null(eas_utf8(NULL, *state));
}

int main(void)
{
    const struct CMUnitTest tests[] = {POOL_TEST(test_sizes), POOL_TEST(test_limits), POOL_TEST(test_broken),
                                       POOL_TEST(test_utf8)};
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
