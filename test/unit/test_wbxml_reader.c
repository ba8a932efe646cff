/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: wbxml_reader.c */
#include "wbxml_test.h"

#include <apr_file_io.h>

#include "wbxml/wbxml_reader.h"

/*
 * All events as one line: (0005 START, ) END, "text", [hex] opaque, and the depth after START and END; ! and the code
 * on an error.
 */
static char *events(const char *data, size_t len, const eas_limits_t *limits, eas_reader_t *r, apr_pool_t *pool)
{
    char *out = "";
    int left = 100000;

    eas_reader_init(r, data, len, limits);
    while (left-- > 0) {
        switch (eas_reader_next(r)) {
        case EAS_EVENT_START:
            out = apr_psprintf(pool, "%s(%04X/%u ", out, r->tag, r->depth);
            break;
        case EAS_EVENT_END:
            out = apr_psprintf(pool, "%s%04X/%u) ", out, r->tag, r->depth);
            break;
        case EAS_EVENT_TEXT:
            assert_int_equal(r->data[r->len], 0);
            out = apr_psprintf(pool, "%s\"%s\" ", out, apr_pstrmemdup(pool, r->data, r->len));
            break;
        case EAS_EVENT_OPAQUE:
            out = apr_psprintf(pool, "%s[%s] ", out, test_hex(r->data, r->len, pool));
            break;
        case EAS_EVENT_DONE:
            return out;
        case EAS_EVENT_ERROR:
            return apr_psprintf(pool, "%s!", out);
        }
    }
    fail_msg("the reader does not end");
    return NULL;
}

static void test_good(void **state)
{
    static const struct {
        const char *hex, *events;
    } rows[] = {
        {"03 01 6A 00 05", "(0005/1 0005/1) "},
        {"03 01 6A 00 45 01", "(0005/1 0005/1) "},
        {"01 01 6A 00 05", "(0005/1 0005/1) "},
        {"02 81 7F 6A 00 05", "(0005/1 0005/1) "},
        {"03 00 05 6A 00 05", "(0005/1 0005/1) "},
        {"03 01 80 6A 00 05", "(0005/1 0005/1) "},
        {"03 01 6A 00 45 4B 03 '0' 00 01 01", "(0005/1 (000B/2 \"0\" 000B/2) 0005/1) "},
        {"03 01 6A 00 45 4B 03 00 01 01", "(0005/1 (000B/2 000B/2) 0005/1) "},
        {"03 01 6A 00 45 4B 03 'ab' 00 03 00 03 'c' 00 01 01", "(0005/1 (000B/2 \"ab\" \"c\" 000B/2) 0005/1) "},
        {"03 01 6A 00 45 4B 03 'a' C3 00 03 A4 'b' 00 01 01", "(0005/1 (000B/2 \"a\xC3\" \"\xA4"
                                                              "b\" 000B/2) 0005/1) "},
        {"03 01 6A 00 45 4B 03 F0 00 03 9F 00 03 98 00 03 80 00 01 01",
         "(0005/1 (000B/2 \"\xF0\" \"\x9F\" \"\x98\" \"\x80\" 000B/2) 0005/1) "},
        /* The page is the document's, not the element's (MS-ASWBXML 2.1.2.1): after the END it is still 17. */
        {"03 01 6A 00 45 00 11 4A 01 00 00 4B 01 00 11 05 01",
         "(0005/1 (110A/2 110A/2) (000B/2 000B/2) (1105/2 1105/2) 0005/1) "},
        {"03 01 6A 00 00 15 00 07 00 15 45 50 C3 03 00 FF 0A 01 01", "(1505/1 (1510/2 [00 FF 0A ] 1510/2) 1505/1) "},
        /* Mime as text is let through unchecked, as bytes. */
        {"03 01 6A 00 00 15 45 50 03 'a' E4 00 01 01", "(1505/1 (1510/2 [61 E4 ] 1510/2) 1505/1) "},
        {"03 01 6A 00 45 4B C3 81 00 " /* 128 bytes, length in two */
         "'0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'"
         "'0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef' 01 01",
         NULL},
        {"03 01 6A 00 45 4B C3 80 80 80 80 01 'x' 01 01", "(0005/1 (000B/2 [78 ] 000B/2) 0005/1) "},
        {"03 01 6A 00 45 4B C3 00 01 01", "(0005/1 (000B/2 000B/2) 0005/1) "},
        {"03 01 6A 00 45 03 00 0B 01", "(0005/1 (000B/2 000B/2) 0005/1) "},
    };
    size_t i;

    for (i = 0; i < COUNT(rows); i++) {
        eas_reader_t r;
        size_t len;
        char *data = test_bytes(rows[i].hex, &len, *state);
        char *got = events(data, len, NULL, &r, *state);

        if (r.error.code != EAS_WBXML_OK || (rows[i].events != NULL && strcmp(got, rows[i].events) != 0)) {
            fail_msg("row %zu: %s, %s", i, got, eas_wbxml_error_text(&r.error, *state));
        }
    }
}

static void test_malformed(void **state)
{
    static const struct {
        const char *hex;
        eas_wbxml_code_t code;
        size_t offset;
    } rows[] = {
        {"", EAS_WBXML_TRUNCATED, 0},
        {"03", EAS_WBXML_TRUNCATED, 1},
        {"03 01", EAS_WBXML_TRUNCATED, 2},
        {"03 01 6A", EAS_WBXML_TRUNCATED, 3},
        {"03 01 6A 00", EAS_WBXML_TRUNCATED, 4},
        {"03 00", EAS_WBXML_TRUNCATED, 2},
        {"00 01 6A 00 05", EAS_WBXML_VERSION, 0},
        {"04 01 6A 00 05", EAS_WBXML_VERSION, 0},
        {"'<?xml version=\"1.0\"?>'", EAS_WBXML_VERSION, 0},
        {"03 01 03 00 05", EAS_WBXML_CHARSET, 2},
        {"03 01 04 00 05", EAS_WBXML_CHARSET, 2},
        {"03 01 00 00 05", EAS_WBXML_CHARSET, 2},
        {"03 01 6A 01 'a' 05", EAS_WBXML_STRING_TABLE, 3},
        {"03 01 6A 8F FF FF FF 7F 05", EAS_WBXML_STRING_TABLE, 3},
        {"03 8F FF FF FF FF 6A 00 05", EAS_WBXML_INTEGER, 1},
        {"03 01 90 80 80 80 00 00 05", EAS_WBXML_INTEGER, 2},
        {"03 01 6A 00 45", EAS_WBXML_TRUNCATED, 5},
        {"03 01 6A 00 45 4B", EAS_WBXML_TRUNCATED, 6},
        {"03 01 6A 00 45 4B 03", EAS_WBXML_TRUNCATED, 7},
        {"03 01 6A 00 45 4B 03 '0'", EAS_WBXML_TRUNCATED, 7},
        {"03 01 6A 00 45 4B 03 '0' 00 01", EAS_WBXML_TRUNCATED, 10},
        {"03 01 6A 00 00", EAS_WBXML_TRUNCATED, 5},
        {"03 01 6A 00 45 00", EAS_WBXML_TRUNCATED, 6},
        {"03 01 6A 00 45 4B C3", EAS_WBXML_TRUNCATED, 7},
        {"03 01 6A 00 45 4B C3 80", EAS_WBXML_TRUNCATED, 8},
        {"03 01 6A 00 45 4B C3 02 'a'", EAS_WBXML_TRUNCATED, 8},
        {"03 01 6A 00 45 4B C3 8F FF FF FF 7F 'a' 01 01", EAS_WBXML_TRUNCATED, 12},
        {"03 01 6A 00 45 4B C3 87 FF FF FF 7F 'a' 01 01", EAS_WBXML_TRUNCATED, 12},
        {"03 01 6A 00 45 4B C3 90 80 80 80 00 'a' 01 01", EAS_WBXML_INTEGER, 7},
        {"03 01 6A 00 45 4B C3 80 80 80 80 80 01 'a' 01 01", EAS_WBXML_INTEGER, 7},
        {"03 01 6A 00 01", EAS_WBXML_STRUCTURE, 4},
        {"03 01 6A 00 03 'a' 00 05", EAS_WBXML_STRUCTURE, 4},
        {"03 01 6A 00 C3 01 'a' 05", EAS_WBXML_STRUCTURE, 4},
        {"03 01 6A 00 05 05", EAS_WBXML_TRAILING, 5},
        {"03 01 6A 00 05 01", EAS_WBXML_TRAILING, 5},
        {"03 01 6A 00 05 00 00", EAS_WBXML_TRAILING, 5},
        {"03 01 6A 00 45 01 00", EAS_WBXML_TRAILING, 6},
        {"03 01 6A 00 00 1A 05", EAS_WBXML_UNKNOWN_PAGE, 5},
        {"03 01 6A 00 00 FF 05", EAS_WBXML_UNKNOWN_PAGE, 5},
        {"03 01 6A 00 45 00 FE 05 01", EAS_WBXML_UNKNOWN_PAGE, 6},
        {"03 01 6A 00 3F", EAS_WBXML_UNKNOWN_TOKEN, 4},
        {"03 01 6A 00 00 08 45 0F 01", EAS_WBXML_UNKNOWN_TOKEN, 7},
        {"03 01 6A 00 00 08 45 4F 01 01", EAS_WBXML_UNKNOWN_TOKEN, 7},
        {"03 01 6A 00 45 02 81 20 01", EAS_WBXML_GLOBAL, 5},
        {"03 01 6A 00 45 02 8F FF FF FF 7F 01", EAS_WBXML_GLOBAL, 5}, /* the one that aborts libwbxml */
        {"03 01 6A 00 45 04 00 01", EAS_WBXML_GLOBAL, 5},
        {"03 01 6A 00 45 40 'a' 00 01", EAS_WBXML_GLOBAL, 5},
        {"03 01 6A 00 45 41 'a' 00 01", EAS_WBXML_GLOBAL, 5},
        {"03 01 6A 00 45 42 'a' 00 01", EAS_WBXML_GLOBAL, 5},
        {"03 01 6A 00 43 05 01", EAS_WBXML_GLOBAL, 4},
        {"03 01 6A 00 44 00 01", EAS_WBXML_GLOBAL, 4},
        {"03 01 6A 00 45 80 00 01", EAS_WBXML_GLOBAL, 5},
        {"03 01 6A 00 45 81 00 01", EAS_WBXML_GLOBAL, 5},
        {"03 01 6A 00 45 82 00 01", EAS_WBXML_GLOBAL, 5},
        {"03 01 6A 00 45 83 00 01", EAS_WBXML_GLOBAL, 5},
        {"03 01 6A 00 45 84 00 01", EAS_WBXML_GLOBAL, 5},
        {"03 01 6A 00 45 C0 01", EAS_WBXML_GLOBAL, 5},
        {"03 01 6A 00 45 C1 01", EAS_WBXML_GLOBAL, 5},
        {"03 01 6A 00 45 C2 01", EAS_WBXML_GLOBAL, 5},
        {"03 01 6A 00 45 C4 01", EAS_WBXML_GLOBAL, 5},
        {"03 01 6A 00 85 01", EAS_WBXML_GLOBAL, 4},
        {"03 01 6A 00 C5 05 03 'a' 00 01 01", EAS_WBXML_GLOBAL, 4},
        {"03 01 6A 00 45 03 'a' 00 0B 01", EAS_WBXML_MIXED, 8},
        {"03 01 6A 00 45 0B 03 'a' 00 01", EAS_WBXML_MIXED, 6},
        {"03 01 6A 00 45 0B C3 01 'a' 01", EAS_WBXML_MIXED, 6},
        {"03 01 6A 00 45 4B 03 01 00 01 01", EAS_WBXML_TEXT, 7},
        {"03 01 6A 00 45 4B 03 'abc' 80 00 01 01", EAS_WBXML_TEXT, 10},
        {"03 01 6A 00 45 4B 03 ED A0 80 00 01 01", EAS_WBXML_TEXT, 7},
        {"03 01 6A 00 45 4B 03 EF BF BE 00 01 01", EAS_WBXML_TEXT, 7},
        {"03 01 6A 00 45 4B 03 'a' C3 00 01 01", EAS_WBXML_TEXT, 10},
        {"03 01 6A 00 45 4B 03 'a' C3 00 03 'b' 00 01 01", EAS_WBXML_TEXT, 11},
        {"03 01 6A 00 45 4B 03 'a' E2 82 00 03 00 03 C3 00 01 01", EAS_WBXML_TEXT, 14},
        {"03 01 6A 00 45 4B 03 F0 00 03 80 00 03 80 00 03 80 00 01 01", EAS_WBXML_TEXT, 16},
    };
    size_t i;

    for (i = 0; i < COUNT(rows); i++) {
        eas_reader_t r;
        size_t len;
        char *data = test_bytes(rows[i].hex, &len, *state);

        events(data, len, NULL, &r, *state);
        if (r.error.code != rows[i].code || r.error.offset != rows[i].offset) {
            fail_msg("row %zu: %s", i, eas_wbxml_error_text(&r.error, *state));
        }
        assert_int_equal(eas_reader_next(&r), EAS_EVENT_ERROR);
    }
}

/* Whatever the document, all its prefixes are errors. */
static void test_every_prefix(void **state)
{
    size_t len, n;
    char *data = test_bytes("03 01 6A 00 45 5C 4F 4B 03 '1' 00 01 00 11 45 4A 03 C3 A4 00 01 01 00 15 50 C3 03 'abc'"
                            "01 01 01 01",
                            &len, *state);
    eas_reader_t r;

    events(data, len, NULL, &r, *state);
    assert_int_equal(r.error.code, EAS_WBXML_OK);
    for (n = 0; n < len; n++) {
        events(test_exact(data, n, *state), n, NULL, &r, *state);
        if (r.error.code != EAS_WBXML_TRUNCATED) {
            fail_msg("prefix of %zu bytes: %s", n, eas_wbxml_error_text(&r.error, *state));
        }
    }
}

static char *nested(unsigned depth, size_t *len_p, apr_pool_t *pool)
{
    char *data = apr_palloc(pool, 4 + depth * 2);

    memcpy(data, "\x03\x01\x6A\x00", 4);
    memset(data + 4, 0x45, depth);
    memset(data + 4 + depth, 0x01, depth);
    *len_p = 4 + depth * 2;
    return data;
}

static void test_limits(void **state)
{
    static const struct {
        unsigned depth; /* of the document */
        eas_limits_t limits;
        eas_wbxml_code_t code;
    } rows[] = {
        {64, {0}, EAS_WBXML_OK},
        {65, {0}, EAS_WBXML_DEPTH},
        {100000, {0}, EAS_WBXML_DEPTH},
        {65, {.depth = 1000}, EAS_WBXML_DEPTH},
        {3, {.depth = 3}, EAS_WBXML_OK},
        {4, {.depth = 3}, EAS_WBXML_DEPTH},
        {5, {.elements = 5}, EAS_WBXML_OK},
        {6, {.elements = 5}, EAS_WBXML_ELEMENTS},
    };
    static const struct {
        const char *hex;
        eas_limits_t limits;
        eas_wbxml_code_t code;
    } values[] = {
        {"03 01 6A 00 45 4B 03 'abc' 00 01 01", {.text = 3}, EAS_WBXML_OK},
        {"03 01 6A 00 45 4B 03 'abcd' 00 01 01", {.text = 3}, EAS_WBXML_TEXT_LEN},
        {"03 01 6A 00 45 4B 03 'ab' 00 03 'cd' 00 01 01", {.text = 3}, EAS_WBXML_TEXT_LEN},
        {"03 01 6A 00 45 4B 03 'ab' 00 01 4B 03 'ab' 00 01 01", {.text = 3}, EAS_WBXML_OK},
        {"03 01 6A 00 45 4B C3 03 'abc' 01 01", {.text = 1, .opaque = 3}, EAS_WBXML_OK},
        {"03 01 6A 00 45 4B C3 04 'abcd' 01 01", {.opaque = 3}, EAS_WBXML_OPAQUE_LEN},
        {"03 01 6A 00 45 4B C3 02 'ab' C3 02 'ab' 01 01", {.opaque = 3}, EAS_WBXML_OPAQUE_LEN},
        {"03 01 6A 00 00 15 45 50 03 'abcd' 00 01 01", {.text = 1, .opaque = 4}, EAS_WBXML_OK},
        {"03 01 6A 00 00 15 45 50 03 'abcde' 00 01 01", {.opaque = 4}, EAS_WBXML_OPAQUE_LEN},
        {"03 01 6A 00 45 4B 03 'a' 01 80 00 01 01", {.repair = 1}, EAS_WBXML_OK},
    };
    eas_reader_t r;
    size_t i, len;

    for (i = 0; i < COUNT(rows); i++) {
        char *data = nested(rows[i].depth, &len, *state);

        events(data, len, &rows[i].limits, &r, *state);
        if (r.error.code != rows[i].code) {
            fail_msg("row %zu: %s", i, eas_wbxml_error_text(&r.error, *state));
        }
    }
    for (i = 0; i < COUNT(values); i++) {
        char *data = test_bytes(values[i].hex, &len, *state);

        events(data, len, &values[i].limits, &r, *state);
        if (r.error.code != values[i].code) {
            fail_msg("value row %zu: %s", i, eas_wbxml_error_text(&r.error, *state));
        }
    }
}

/* Neither siblings, nor pieces, nor page switches may cost more the more there are: 300,000 of each are one blink. */
static void test_many(void **state)
{
    static const struct {
        const char *unit;
        size_t unit_len, count;
        eas_wbxml_code_t code;
    } rows[] = {
        {"\x0B", 1, 65535, EAS_WBXML_OK},     {"\x0B", 1, 300000, EAS_WBXML_ELEMENTS},
        {"\x03x\0", 3, 300000, EAS_WBXML_OK}, {"\x03\0", 2, 300000, EAS_WBXML_OK},
        {"\0\x07", 2, 300000, EAS_WBXML_OK},
    };
    size_t i, n;

    for (i = 0; i < COUNT(rows); i++) {
        size_t len = 6 + rows[i].unit_len * rows[i].count;
        char *data = apr_palloc(*state, len);
        eas_event_t event;
        eas_reader_t r;

        memcpy(data, "\x03\x01\x6A\x00\x45", 5);
        for (n = 0; n < rows[i].count; n++) {
            memcpy(data + 5 + n * rows[i].unit_len, rows[i].unit, rows[i].unit_len);
        }
        data[len - 1] = 0x01;
        eas_reader_init(&r, data, len, NULL);
        while ((event = eas_reader_next(&r)) != EAS_EVENT_DONE && event != EAS_EVENT_ERROR) {
        }
        if (r.error.code != rows[i].code) {
            fail_msg("row %zu: %s", i, eas_wbxml_error_text(&r.error, *state));
        }
    }
}

static void test_flatten_brigade(void **state)
{
    apr_bucket_brigade *bb = test_brigade(*state);
    apr_bucket_alloc_t *list = bb->bucket_alloc;
    apr_file_t *in, *out;
    apr_size_t len, wrote = 4;
    const char *data;

    assert_int_equal(eas_wbxml_flatten(&data, &len, bb, 0, *state), EAS_WBXML_OK);
    assert_int_equal(len, 0);
    APR_BRIGADE_INSERT_TAIL(bb, apr_bucket_immortal_create("abc", 3, list));
    APR_BRIGADE_INSERT_TAIL(bb, apr_bucket_flush_create(list));
    assert_int_equal(apr_file_pipe_create(&in, &out, *state), APR_SUCCESS);
    assert_int_equal(apr_file_write(out, "defg", &wrote), APR_SUCCESS);
    apr_file_close(out);
    APR_BRIGADE_INSERT_TAIL(bb, apr_bucket_pipe_create(in, list));
    APR_BRIGADE_INSERT_TAIL(bb, apr_bucket_eos_create(list));
    assert_int_equal(eas_wbxml_flatten(&data, &len, bb, 6, *state), EAS_WBXML_SIZE);
    assert_int_equal(eas_wbxml_flatten(&data, &len, bb, 2, *state), EAS_WBXML_SIZE);
    assert_int_equal(eas_wbxml_flatten(&data, &len, bb, 7, *state), EAS_WBXML_OK);
    assert_int_equal(len, 7);
    assert_memory_equal(data, "abcdefg", 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_good),   POOL_TEST(test_malformed), POOL_TEST(test_every_prefix),
        POOL_TEST(test_limits), POOL_TEST(test_many),      POOL_TEST(test_flatten_brigade),
    };

    return RUN_TESTS(tests);
}
