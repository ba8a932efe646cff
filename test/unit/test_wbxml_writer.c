/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: wbxml_writer.c */
#include "wbxml_test.h"

#include <apr_file_io.h>

#include "wbxml/wbxml_node.h"
#include "wbxml/wbxml_writer.h"

#define HEAD "03 01 6A 00 "

typedef struct fixture_t {
    apr_pool_t *pool;
    apr_bucket_brigade *bb;
    eas_writer_t *w;
} fixture_t;

static fixture_t begin(apr_off_t max, apr_pool_t *pool)
{
    fixture_t f = {.pool = pool, .bb = test_brigade(pool)};

    f.w = eas_writer_create(f.bb, max, pool);
    return f;
}

static void expect(fixture_t *f, const char *hex)
{
    size_t len, want_len;
    char *got = test_flatten(f->bb, &len, f->pool), *want = test_bytes(hex, &want_len, f->pool);

    if (len != want_len || memcmp(got, want, len) != 0) {
        fail_msg("\nwant %s\ngot  %s", test_hex(want, want_len, f->pool), test_hex(got, len, f->pool));
    }
    assert_int_equal(eas_writer_bytes(f->w), len);
}

static void expect_error(fixture_t *f, eas_wbxml_code_t code)
{
    assert_string_equal(eas_wbxml_code_text(eas_writer_error(f->w)->code), eas_wbxml_code_text(code));
    assert_int_equal(eas_writer_finish(f->w), code);
}

static void test_bytes_written(void **state)
{
    fixture_t f = begin(1000, *state);

    eas_writer_start(f.w, EAS_AirSync_Sync);
    eas_writer_start(f.w, EAS_AirSync_Collections);
    eas_writer_tag_text(f.w, EAS_AirSync_SyncKey, "1.2");
    eas_writer_tag_text(f.w, EAS_AirSync_Class, NULL);
    eas_writer_tag_text(f.w, EAS_AirSync_Class, "");
    eas_writer_tag_int(f.w, EAS_AirSync_Status, -7);
    eas_writer_empty(f.w, EAS_AirSync_MoreAvailable);
    eas_writer_tag_time(f.w, EAS_Email_DateReceived, 0, EAS_TIME_DASHED);
    eas_writer_tag_time(f.w, EAS_Calendar_StartTime, 1000, EAS_TIME_COMPACT);
    eas_writer_tag_opaque(f.w, EAS_Email2_ConversationId, "\x00\xFF\x01", 3);
    eas_writer_tag_opaque(f.w, EAS_Email2_ConversationIndex, "", 0);
    eas_writer_end(f.w);
    eas_writer_start(f.w, EAS_AirSync_Commands);
    eas_writer_start(f.w, EAS_AirSync_Add);
    eas_writer_end(f.w);
    eas_writer_end(f.w);
    eas_writer_end(f.w);
    assert_int_equal(eas_writer_finish(f.w), EAS_WBXML_OK);
    expect(&f, HEAD "45 5C 4B 03 '1.2' 00 01 10 4E 03 '-7' 00 01 14 00 02 4F 03 '1970-01-01T00:00:00.000Z' 00 01 "
                    "00 04 67 03 '19700101T000001Z' 00 01 00 16 49 C3 03 00 FF 01 01 0A 01 00 00 56 07 01 01");
}

static void test_text_is_cleaned(void **state)
{
    fixture_t f = begin(1000, *state);

    eas_writer_start(f.w, EAS_AirSync_SyncKey);
    eas_writer_text(f.w, "a\0b\x0C\xC3\xA4\xE2\x82", 8);
    eas_writer_end(f.w);
    expect(&f, HEAD "4B 03 'a' EF BF BD 'b' EF BF BD C3 A4 EF BF BD 00 01");
    assert_int_equal(eas_writer_finish(f.w), EAS_WBXML_OK);
}

static void test_mb_lengths(void **state)
{
    static const struct {
        size_t len;
        const char *hex;
    } rows[] = {{1, "01"},        {127, "7F"},         {128, "81 00"},
                {16383, "FF 7F"}, {16384, "81 80 00"}, {2097152, "81 80 80 00"}};
    size_t i;

    for (i = 0; i < COUNT(rows); i++) {
        fixture_t f = begin(10000000, *state);
        char *value = apr_pcalloc(*state, rows[i].len), *got, *want;
        size_t len, head;

        eas_writer_tag_opaque(f.w, EAS_ComposeMail_Mime, value, rows[i].len);
        assert_int_equal(eas_writer_finish(f.w), EAS_WBXML_OK);
        got = test_flatten(f.bb, &len, *state);
        want = test_bytes(apr_pstrcat(*state, HEAD "00 15 50 C3 ", rows[i].hex, NULL), &head, *state);
        if (len != head + rows[i].len + 1 || memcmp(got, want, head) != 0 || got[len - 1] != 0x01) {
            fail_msg("row %zu: %s", i, test_hex(got, 16, *state));
        }
    }
}

static void test_errors(void **state)
{
    static const struct {
        const char *calls; /* S start Sync, K start SyncKey, U an unknown tag, E end, t text, z empty text, o opaque */
        eas_wbxml_code_t code;
    } rows[] = {
        {"SE", EAS_WBXML_OK},
        {"", EAS_WBXML_STRUCTURE},
        {"S", EAS_WBXML_STRUCTURE},
        {"E", EAS_WBXML_STRUCTURE},
        {"SEE", EAS_WBXML_STRUCTURE},
        {"SES", EAS_WBXML_STRUCTURE},
        {"t", EAS_WBXML_STRUCTURE},
        {"o", EAS_WBXML_STRUCTURE},
        {"SEt", EAS_WBXML_STRUCTURE},
        {"StKE", EAS_WBXML_MIXED},
        {"SKEtE", EAS_WBXML_MIXED},
        {"SttE", EAS_WBXML_MIXED},
        {"StoE", EAS_WBXML_MIXED},
        {"SotE", EAS_WBXML_MIXED},
        {"SzE", EAS_WBXML_OK},
        {"SzKE", EAS_WBXML_MIXED},
        {"SUE", EAS_WBXML_UNKNOWN_TOKEN},
        {"SKtEKtEE", EAS_WBXML_OK},
        {"SSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSSS", EAS_WBXML_DEPTH},
    };
    size_t i;

    for (i = 0; i < COUNT(rows); i++) {
        fixture_t f = begin(1000, *state);
        const char *call;

        for (call = rows[i].calls; *call != '\0'; call++) {
            switch (*call) {
            case 'S':
                eas_writer_start(f.w, EAS_AirSync_Sync);
                break;
            case 'K':
                eas_writer_start(f.w, EAS_AirSync_SyncKey);
                break;
            case 'U':
                eas_writer_start(f.w, 0x080F);
                break;
            case 'E':
                eas_writer_end(f.w);
                break;
            case 't':
                eas_writer_text(f.w, "x", 1);
                break;
            case 'z':
                eas_writer_text(f.w, "", 0);
                break;
            case 'o':
                eas_writer_opaque(f.w, "x", 1);
                break;
            }
        }
        if (eas_writer_finish(f.w) != rows[i].code) {
            fail_msg("row %zu: %s", i, eas_wbxml_error_text(eas_writer_error(f.w), *state));
        }
    }
}

static void test_errors_stick(void **state)
{
    fixture_t f = begin(1000, *state);
    apr_off_t bytes;

    eas_writer_start(f.w, EAS_AirSync_Sync);
    eas_writer_start(f.w, 0x190F);
    assert_int_equal(eas_writer_error(f.w)->page, 25);
    assert_int_equal(eas_writer_error(f.w)->token, 0x0F);
    bytes = eas_writer_bytes(f.w);
    eas_writer_start(f.w, EAS_AirSync_SyncKey);
    eas_writer_text(f.w, "x", 1);
    eas_writer_opaque(f.w, "x", 1);
    eas_writer_opaque_bucket(f.w, apr_bucket_immortal_create("x", 1, f.bb->bucket_alloc));
    eas_writer_end(f.w);
    eas_writer_end(f.w);
    eas_writer_fail(f.w, EAS_WBXML_IO);
    assert_int_equal(eas_writer_bytes(f.w), bytes);
    expect_error(&f, EAS_WBXML_UNKNOWN_TOKEN);
}

/* With every maximum from 0 up: either the whole document, or an error and never more bytes than that. */
static void test_maximum(void **state)
{
    int max, fits = 0;

    for (max = 0; max < 40; max++) {
        fixture_t f = begin(max, *state);
        eas_writer_mark_t mark;
        size_t len;

        eas_writer_start(f.w, EAS_AirSync_Sync);
        eas_writer_mark(f.w, &mark);
        eas_writer_tag_text(f.w, EAS_AirSync_SyncKey, "12");
        eas_writer_tag_opaque(f.w, EAS_AirSyncBase_Content, "1234", 4);
        eas_writer_end(f.w);
        test_flatten(f.bb, &len, *state);
        assert_true((int)len <= max);
        if (eas_writer_finish(f.w) == EAS_WBXML_OK) {
            fits++;
            assert_int_equal(len, 22);
            continue;
        }
        assert_int_equal(eas_writer_error(f.w)->code, EAS_WBXML_SIZE);
        if (max >= 6) {
            /* The item is dropped; the document can then always be closed. */
            eas_writer_rollback(f.w, &mark);
            eas_writer_end(f.w);
            assert_int_equal(eas_writer_finish(f.w), EAS_WBXML_OK);
            expect(&f, HEAD "05");
        }
    }
    assert_int_equal(fits, 40 - 22);
}

static void test_time(void **state)
{
    static const struct {
        apr_int64_t ms;
        const char *dashed, *compact;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000Z", "19700101T000000Z"},
        {999, "1970-01-01T00:00:00.000Z", "19700101T000000Z"},
        {-1, "1969-12-31T23:59:59.000Z", "19691231T235959Z"},
        {-86400000, "1969-12-31T00:00:00.000Z", "19691231T000000Z"},
        {951782400000, "2000-02-29T00:00:00.000Z", "20000229T000000Z"},
        {1709210096789, "2024-02-29T12:34:56.000Z", "20240229T123456Z"},
        {4107542399000, "2100-02-28T23:59:59.000Z", "21000228T235959Z"},
        {-62135596800000, "0001-01-01T00:00:00.000Z", "00010101T000000Z"},
        {-62135596800001, NULL, NULL},
        {253402300799999, "9999-12-31T23:59:59.000Z", "99991231T235959Z"},
        {253402300800000, NULL, NULL},
        {INT64_MAX, NULL, NULL},
        {INT64_MIN, NULL, NULL},
    };
    fixture_t f = begin(1000, *state);
    char text[EAS_TIME_LEN];
    apr_time_exp_t tm;
    apr_int64_t day;
    size_t i;

    for (i = 0; i < COUNT(rows); i++) {
        int ok = eas_time_format(text, rows[i].ms, EAS_TIME_DASHED);

        if (ok != (rows[i].dashed != NULL) || strcmp(text, ok ? rows[i].dashed : "") != 0) {
            fail_msg("row %zu: %s", i, text);
        }
        eas_time_format(text, rows[i].ms, EAS_TIME_COMPACT);
        if (strcmp(text, ok ? rows[i].compact : "") != 0) {
            fail_msg("row %zu: %s", i, text);
        }
    }
    /* Every day of four centuries against APR's calendar. */
    for (day = -25000; day < 125000; day++) {
        char want[64];

        apr_time_exp_gmt(&tm, apr_time_from_sec(day * 86400 + 86399));
        snprintf(want, sizeof(want), "%04d%02d%02dT235959Z", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
        eas_time_format(text, (day * 86400 + 86399) * 1000, EAS_TIME_COMPACT);
        assert_string_equal(text, want);
    }
    eas_writer_tag_time(f.w, EAS_Email_DateReceived, INT64_MAX, EAS_TIME_DASHED);
    expect_error(&f, EAS_WBXML_VALUE);
}

static void test_buckets_and_files(void **state)
{
    fixture_t f = begin(100000, *state);
    char *name = apr_pstrdup(*state, "wbxmlXXXXXX"), *content = apr_palloc(*state, 50000), *got;
    apr_size_t wrote = 50000;
    apr_bucket *b;
    apr_file_t *file;
    size_t len;
    int files = 0;

    memset(content, 'm', 50000);
    assert_int_equal(apr_file_mktemp(&file, name, 0, *state), APR_SUCCESS);
    assert_int_equal(apr_file_write_full(file, content, wrote, &wrote), APR_SUCCESS);
    eas_writer_start(f.w, EAS_ItemOperations_Properties);
    eas_writer_start(f.w, EAS_ComposeMail_Mime);
    eas_writer_opaque_file(f.w, file, 10, 40000, *state);
    eas_writer_end(f.w);
    eas_writer_start(f.w, EAS_AirSyncBase_Content);
    eas_writer_opaque_bucket(f.w, apr_bucket_immortal_create("bucket", 6, f.bb->bucket_alloc));
    eas_writer_end(f.w);
    eas_writer_start(f.w, EAS_AirSyncBase_Content);
    eas_writer_opaque_file(f.w, file, 0, 0, *state);
    eas_writer_end(f.w);
    eas_writer_end(f.w);
    assert_int_equal(eas_writer_finish(f.w), EAS_WBXML_OK);
    for (b = APR_BRIGADE_FIRST(f.bb); b != APR_BRIGADE_SENTINEL(f.bb); b = APR_BUCKET_NEXT(b)) {
        files += APR_BUCKET_IS_FILE(b);
    }
    assert_int_equal(files, 1);
    got = test_flatten(f.bb, &len, *state);
    /* header, page, Properties, page, Mime, head of 40,000; then the file, END, page, Content, 6 bytes, two ENDs. */
    assert_int_equal(len, 4 + 2 + 1 + 2 + 1 + 4 + 40000 + 1 + 2 + 1 + 2 + 6 + 1 + 1 + 1);
    assert_int_equal(eas_writer_bytes(f.w), len);
    assert_memory_equal(got + 14, content, 40000);
    assert_memory_equal(got + 14 + 40000,
                        "\x01\x00\x11\x5F\xC3\x06"
                        "bucket\x01\x1F\x01",
                        15);
    apr_file_close(file);
}

static void test_bucket_of_unknown_length(void **state)
{
    fixture_t f = begin(1000, *state);
    apr_file_t *in, *out;

    assert_int_equal(apr_file_pipe_create(&in, &out, *state), APR_SUCCESS);
    eas_writer_start(f.w, EAS_ComposeMail_Mime);
    eas_writer_opaque_bucket(f.w, apr_bucket_pipe_create(in, f.bb->bucket_alloc));
    eas_writer_end(f.w);
    expect_error(&f, EAS_WBXML_SIZE);
}

static void test_rollback(void **state)
{
    fixture_t f = begin(10000, *state);
    eas_writer_mark_t outer, inner;

    eas_writer_start(f.w, EAS_AirSync_Sync);
    eas_writer_start(f.w, EAS_AirSync_Commands);
    eas_writer_mark(f.w, &outer);
    /* The element is closed as an empty one, then taken back: it must be open, and not empty, again. */
    eas_writer_end(f.w);
    eas_writer_rollback(f.w, &outer);
    eas_writer_start(f.w, EAS_AirSync_Add);
    eas_writer_tag_text(f.w, EAS_Email_Subject, "dropped");
    eas_writer_end(f.w);
    eas_writer_end(f.w);
    eas_writer_end(f.w);
    eas_writer_rollback(f.w, &outer);
    eas_writer_tag_text(f.w, EAS_AirSync_ServerId, "kept");
    eas_writer_mark(f.w, &inner);
    eas_writer_start(f.w, EAS_AirSync_Add);
    eas_writer_tag_text(f.w, EAS_Email_Subject, "x");
    eas_writer_text(f.w, "mixed", 5);
    assert_int_equal(eas_writer_error(f.w)->code, EAS_WBXML_MIXED);
    eas_writer_rollback(f.w, &inner);
    assert_int_equal(eas_writer_error(f.w)->code, EAS_WBXML_OK);
    eas_writer_empty(f.w, EAS_Email_Read);
    eas_writer_end(f.w);
    eas_writer_end(f.w);
    assert_int_equal(eas_writer_finish(f.w), EAS_WBXML_OK);
    expect(&f, HEAD "45 56 4D 03 'kept' 00 01 00 02 15 01 01");
}

static void test_rollback_over_buckets(void **state)
{
    fixture_t f = begin(1000000, *state);
    char *big = apr_palloc(*state, 100000);
    eas_writer_mark_t mark;
    size_t len, want_len;
    char *got, *want;
    int i;

    memset(big, 'b', 100000);
    eas_writer_start(f.w, EAS_AirSync_Sync);
    for (i = 0; i < 50; i++) {
        eas_writer_tag_text(f.w, EAS_AirSync_ServerId, "kept");
        eas_writer_mark(f.w, &mark);
        eas_writer_start(f.w, EAS_AirSync_Add);
        eas_writer_tag_opaque(f.w, EAS_AirSyncBase_Content, big, 1000u * (unsigned)i);
        eas_writer_start(f.w, EAS_AirSyncBase_Content);
        eas_writer_opaque_bucket(f.w, apr_bucket_immortal_create("bucket", 6, f.bb->bucket_alloc));
        eas_writer_tag_text(f.w, EAS_Email_Subject, "dropped");
        eas_writer_rollback(f.w, &mark);
    }
    eas_writer_end(f.w);
    assert_int_equal(eas_writer_finish(f.w), EAS_WBXML_OK);
    got = test_flatten(f.bb, &len, *state);
    want = test_bytes(HEAD "45", &want_len, *state);
    assert_int_equal(len, 5 + 50 * 8 + 1);
    assert_memory_equal(got, want, want_len);
    for (i = 0; i < 50; i++) {
        assert_memory_equal(got + 5 + i * 8, "\x4D\x03kept\0\x01", 8);
    }
}

static void test_foreign_buckets_in_front(void **state)
{
    fixture_t f = {.pool = *state, .bb = test_brigade(*state)};
    eas_writer_mark_t mark;
    size_t len;

    APR_BRIGADE_INSERT_TAIL(f.bb, apr_bucket_immortal_create("PARTS", 5, f.bb->bucket_alloc));
    f.w = eas_writer_create(f.bb, 2, *state);
    eas_writer_mark(f.w, &mark);
    eas_writer_start(f.w, EAS_AirSync_Sync);
    eas_writer_rollback(f.w, &mark);
    assert_memory_equal(test_flatten(f.bb, &len, *state), "PARTS", 5);
    expect_error(&f, EAS_WBXML_SIZE);
}

static void test_release(void **state)
{
    fixture_t f = begin(1000, *state);
    eas_writer_mark_t mark;

    eas_writer_start(f.w, EAS_AirSync_Sync);
    eas_writer_mark(f.w, &mark);
    eas_writer_start(f.w, EAS_AirSync_Commands);
    apr_brigade_cleanup(f.bb);
    eas_writer_release(f.w);
    eas_writer_end(f.w);
    eas_writer_end(f.w);
    assert_int_equal(eas_writer_bytes(f.w), 8);
    assert_int_equal(eas_writer_finish(f.w), EAS_WBXML_OK);
    eas_writer_rollback(f.w, &mark);
    expect_error(&f, EAS_WBXML_STRUCTURE);
}

/* Every token of the table: alone, with a value, and behind every other page. */
static void test_every_token(void **state)
{
    const eas_token_t *row = NULL;
    unsigned count = 0;

    while ((row = eas_token_next(row)) != NULL) {
        unsigned tag = eas_token_tag(row), other = EAS_TAG(row->page == 0 ? 7 : 0, row->page == 0 ? 0x16 : 0x05);
        fixture_t f = begin(1000, *state);
        const char *data;
        eas_node_t *root;
        size_t len;

        eas_writer_start(f.w, tag);
        eas_writer_empty(f.w, other);
        eas_writer_tag_text(f.w, tag, row->name);
        eas_writer_empty(f.w, tag);
        eas_writer_tag_opaque(f.w, tag, "\x00\xFF", 2);
        eas_writer_end(f.w);
        assert_int_equal(eas_writer_finish(f.w), EAS_WBXML_OK);
        data = test_flatten(f.bb, &len, *state);
        if (eas_node_parse(&root, NULL, data, len, NULL, *state) != EAS_WBXML_OK || root->tag != tag ||
            root->child->tag != other || root->child->next->tag != tag ||
            strcmp(root->child->next->data, row->name) != 0 || root->child->next->next->tag != tag ||
            !root->child->next->next->is_empty || !root->child->next->next->next->is_opaque ||
            root->child->next->next->next->len != 2 || root->child->next->next->next->next != NULL) {
            fail_msg("%s %s", row->page_name, row->name);
        }
        count++;
        if (count % 50 == 0) {
            apr_pool_clear(*state);
        }
    }
    assert_int_equal(count, EAS_TOKEN_COUNT);
}

/* A random tree, kept as nodes beside the bytes. */
static eas_node_t *random_tree(uint64_t *seed, int depth, int *left, apr_pool_t *pool)
{
    static const char *const texts[] = {"0", "a",
                                        ("Gr\xC3\xBC\xC3\x9F"
                                         "e & <b>"),
                                        "line\r\nline\ttab", "\xF0\x9F\x98\x80"};
    eas_node_t *node = apr_pcalloc(pool, sizeof(*node)), **end = &node->child;
    const eas_token_t *row = NULL;
    unsigned i, skip = test_random(seed) % EAS_TOKEN_COUNT;

    for (i = 0; i <= skip; i++) {
        row = eas_token_next(row);
    }
    node->tag = (apr_uint16_t)eas_token_tag(row);
    node->data = "";
    switch (depth >= 60 || *left <= 0 ? 1 + test_random(seed) % 3 : test_random(seed) % 6) {
    case 1:
        break;
    case 2:
        node->len = 1 + test_random(seed) % (test_random(seed) % 50 == 0 ? 40000 : 20);
        node->data = apr_palloc(pool, node->len);
        for (i = 0; i < node->len; i++) {
            ((char *)node->data)[i] = (char)test_random(seed);
        }
        node->is_opaque = 1;
        break;
    case 3:
        node->data = texts[test_random(seed) % COUNT(texts)];
        node->len = strlen(node->data);
        node->is_opaque = row->type == EAS_TYPE_opaque;
        break;
    default:
        for (i = test_random(seed) % 6 + 1; i > 0; i--) {
            --*left;
            *end = random_tree(seed, depth + 1, left, pool);
            end = &(*end)->next;
        }
    }
    return node;
}

static void write_tree(eas_writer_t *w, const eas_node_t *node, uint64_t *seed)
{
    const eas_node_t *child;
    eas_writer_mark_t mark;

    if (test_random(seed) % 4 == 0) {
        /* Something that is taken back again leaves no trace. */
        eas_writer_mark(w, &mark);
        eas_writer_start(w, EAS_Email_Subject);
        eas_writer_text(w, "dropped", 7);
        eas_writer_rollback(w, &mark);
    }
    eas_writer_start(w, node->tag);
    if (node->is_opaque) {
        eas_writer_opaque(w, node->data, node->len);
    } else if (node->len > 0) {
        eas_writer_text(w, node->data, node->len);
    }
    EAS_NODE_EACH(child, node)
    {
        write_tree(w, child, seed);
    }
    eas_writer_end(w);
}

static int same_tree(const eas_node_t *a, const eas_node_t *b)
{
    for (; a != NULL && b != NULL; a = a->next, b = b->next) {
        if (a->tag != b->tag || a->len != b->len || memcmp(a->data, b->data, a->len) != 0 ||
            (a->len > 0 && a->is_opaque != b->is_opaque) || !same_tree(a->child, b->child)) {
            return 0;
        }
    }
    return a == b;
}

static void test_random_documents(void **state)
{
    uint64_t seed = 655;
    int round;

    for (round = 0; round < 1000; round++) {
        fixture_t f = begin(10000000, *state);
        int left = 200;
        uint64_t shape = seed + (uint64_t)round * 7919, noise = shape * 3;
        eas_node_t *tree = random_tree(&shape, 1, &left, *state), *back;
        eas_wbxml_error_t error;
        const char *data;
        size_t len;

        write_tree(f.w, tree, &noise);
        assert_int_equal(eas_writer_finish(f.w), EAS_WBXML_OK);
        data = test_flatten(f.bb, &len, *state);
        if (eas_node_parse(&back, &error, data, len, NULL, *state) != EAS_WBXML_OK) {
            fail_msg("round %d: %s", round, eas_wbxml_error_text(&error, *state));
        }
        if (!same_tree(tree, back) || back->next != NULL) {
            fail_msg("round %d: the tree that came back differs", round);
        }
        apr_pool_clear(*state);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_bytes_written), POOL_TEST(test_text_is_cleaned),       POOL_TEST(test_mb_lengths),
        POOL_TEST(test_errors),        POOL_TEST(test_errors_stick),          POOL_TEST(test_maximum),
        POOL_TEST(test_time),          POOL_TEST(test_buckets_and_files),     POOL_TEST(test_bucket_of_unknown_length),
        POOL_TEST(test_rollback),      POOL_TEST(test_rollback_over_buckets), POOL_TEST(test_foreign_buckets_in_front),
        POOL_TEST(test_release),       POOL_TEST(test_every_token),           POOL_TEST(test_random_documents),
    };

    return RUN_TESTS(tests);
}
