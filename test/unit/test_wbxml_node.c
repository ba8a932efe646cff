/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: wbxml_node.c */
#include "wbxml_test.h"

#include "wbxml/wbxml_node.h"

static eas_node_t *parse(const char *hex, const eas_limits_t *limits, apr_pool_t *pool)
{
    eas_node_t *root;
    eas_wbxml_error_t error;
    size_t len;
    char *data = test_bytes(hex, &len, pool);

    if (eas_node_parse(&root, &error, data, len, limits, pool) != EAS_WBXML_OK) {
        fail_msg("%s: %s", hex, eas_wbxml_error_text(&error, pool));
    }
    return root;
}

/* Sync{Collections{Collection{SyncKey 1, CollectionId 5}, Collection{SyncKey, GetChanges}}, AirSyncBase Data [FF 00]}
 */
#define REQUEST "03 01 6A 00 45 5C 4F 4B 03 '1' 00 01 52 03 '5' 00 01 01 4F 4B 01 13 01 01 00 11 4B C3 02 FF 00 01 01"

static void test_tree(void **state)
{
    static const unsigned path[] = {EAS_AirSync_Collections, EAS_AirSync_Collection, EAS_AirSync_CollectionId, 0};
    static const unsigned no_path[] = {EAS_AirSync_Collections, EAS_AirSync_Wait, EAS_AirSync_CollectionId, 0};
    eas_node_t *root = parse(REQUEST, NULL, *state);
    const eas_node_t *collections = eas_node_child(root, EAS_AirSync_Collections), *first, *second, *node,
                     *nobody = NULL;
    unsigned count = 0;
    apr_size_t len;

    assert_int_equal(root->tag, EAS_AirSync_Sync);
    assert_null(root->next);
    assert_int_equal(eas_node_count(collections, EAS_AirSync_Collection), 2);
    first = eas_node_child(collections, EAS_AirSync_Collection);
    second = eas_node_next(first, EAS_AirSync_Collection);
    assert_null(eas_node_next(second, EAS_AirSync_Collection));
    assert_string_equal(eas_node_child_text(first, EAS_AirSync_SyncKey), "1");
    assert_string_equal(eas_node_text(eas_node_path(root, path)), "5");
    assert_null(eas_node_path(root, no_path));
    assert_null(eas_node_path(NULL, path));
    assert_string_equal(eas_node_child_text(second, EAS_AirSync_SyncKey), "");
    assert_null(eas_node_child_text(second, EAS_AirSync_CollectionId));
    assert_null(eas_node_child_text(NULL, EAS_AirSync_CollectionId));
    assert_null(eas_node_text(collections));
    assert_null(eas_node_bytes(collections, &len));
    assert_true(eas_node_child(second, EAS_AirSync_SyncKey)->is_empty);
    assert_true(eas_node_child(second, EAS_AirSync_GetChanges)->is_empty);
    assert_false(collections->is_empty);
    node = eas_node_child(root, EAS_AirSyncBase_Data);
    assert_true(node->is_opaque);
    assert_null(eas_node_text(node));
    assert_memory_equal(eas_node_bytes(node, &len), "\xFF\x00", 2);
    assert_int_equal(len, 2);
    assert_string_equal(eas_node_bytes(eas_node_child(first, EAS_AirSync_SyncKey), &len), "1");
    assert_null(eas_node_bytes(NULL, &len));
    assert_int_equal(len, 0);
    EAS_NODE_EACH(node, root)
    {
        count++;
    }
    EAS_NODE_EACH(node, nobody)
    {
        count += 100;
    }
    EAS_NODE_EACH_TAG(node, collections, EAS_AirSync_Collection)
    {
        count += 10;
    }
    assert_int_equal(count, 22);
}

static void test_pieces_are_joined(void **state)
{
    static const struct {
        const char *hex, *want;
        int is_opaque;
    } rows[] = {
        {"03 01 6A 00 45 03 'abc' 00 01", "'abc'", 0},
        {"03 01 6A 00 45 03 'a' 00 03 'b' 00 03 00 03 'c' 00 01", "'abc'", 0},
        {"03 01 6A 00 45 03 'a' C3 00 03 A4 00 01", "'a' C3 A4", 0},
        {"03 01 6A 00 45 03 'a' 00 C3 01 FF 03 'b' 00 01", "'a' FF 'b'", 1},
        {"03 01 6A 00 45 C3 01 FF C3 02 00 01 01", "FF 00 01", 1},
    };
    size_t i, n;

    for (i = 0; i < COUNT(rows); i++) {
        eas_node_t *root = parse(rows[i].hex, NULL, *state);
        size_t len;
        char *want = test_bytes(rows[i].want, &len, *state);

        if (root->len != len || memcmp(root->data, want, len) != 0 || root->is_opaque != (unsigned)rows[i].is_opaque ||
            (!root->is_opaque && root->data[len] != '\0')) {
            fail_msg("row %zu: %s", i, test_hex(root->data, root->len, *state));
        }
    }
    for (n = 1; n < 5000; n = n * 3 + 1) {
        char *data = apr_palloc(*state, 6 + n * 4), *at = data + 5;
        eas_node_t *root;

        memcpy(data, "\x03\x01\x6A\x00\x45", 5);
        for (i = 0; i < n; i++, at += 4) {
            memcpy(at, "\x03xy\0", 4);
        }
        *at = 0x01;
        assert_int_equal(eas_node_parse(&root, NULL, data, 6 + n * 4, NULL, *state), EAS_WBXML_OK);
        assert_int_equal(root->len, n * 2);
        assert_int_equal(strlen(root->data), n * 2);
    }
}

static void test_repair(void **state)
{
    eas_limits_t limits = {.repair = 1};
    eas_node_t *root =
        parse("03 01 6A 00 45 4B 03 'a' 01 'b' 80 00 01 4B 03 C3 00 03 A4 00 01 4B 03 'ok' 00 01 01", &limits, *state);

    assert_string_equal(root->child->data, "a\xEF\xBF\xBD"
                                           "b\xEF\xBF\xBD");
    assert_int_equal(root->child->len, 8);
    assert_string_equal(root->child->next->data, "\xC3\xA4");
    assert_string_equal(root->child->next->next->data, "ok");
}

static void test_errors(void **state)
{
    eas_wbxml_error_t error;
    eas_node_t *root = (eas_node_t *)&error;

    assert_int_equal(eas_node_parse(&root, &error, "\x03\x01\x6A\x00\x00\x08\x45\x0F\x01", 9, NULL, *state),
                     EAS_WBXML_UNKNOWN_TOKEN);
    assert_null(root);
    assert_int_equal(error.page, 8);
    assert_int_equal(error.token, 0x0F);
    assert_int_equal(error.offset, 7);
    assert_int_equal(eas_node_parse(&root, NULL, "", 0, NULL, *state), EAS_WBXML_TRUNCATED);
}

static void test_int(void **state)
{
    static const struct {
        const char *text;
        apr_int64_t min, max;
        int ok;
        apr_int64_t value;
    } rows[] = {
        {"0", 0, 9, 1, 0},
        {"9", 0, 9, 1, 9},
        {"10", 0, 9, 0, 0},
        {"-1", 0, 9, 0, 0},
        {"-1", -1, 9, 1, -1},
        {"007", 0, 9, 1, 7},
        {"-0", 0, 9, 1, 0},
        {"", 0, 9, 0, 0},
        {"-", -9, 9, 0, 0},
        {"+1", 0, 9, 0, 0},
        {" 1", 0, 9, 0, 0},
        {"1 ", 0, 9, 0, 0},
        {"1.0", 0, 9, 0, 0},
        {"0x1", 0, 9, 0, 0},
        {"1e1", 0, 99, 0, 0},
        {"999999999999999999", 0, INT64_MAX, 1, 999999999999999999},
        {"9999999999999999999", 0, INT64_MAX, 0, 0},
        {"-999999999999999999", INT64_MIN, 0, 1, -999999999999999999},
        {"99999999999999999999999999999999", INT64_MIN, INT64_MAX, 0, 0},
        {"4294967295", 0, 4294967295, 1, 4294967295},
        {"4294967296", 0, 4294967295, 0, 0},
    };
    eas_node_t node = {.tag = EAS_AirSync_WindowSize};
    apr_int64_t value;
    size_t i;

    for (i = 0; i < COUNT(rows); i++) {
        value = -12345;
        node.data = rows[i].text;
        node.len = strlen(rows[i].text);
        if (eas_node_int(&node, rows[i].min, rows[i].max, &value) != rows[i].ok ||
            value != (rows[i].ok ? rows[i].value : -12345)) {
            fail_msg("row %zu: %lld", i, (long long)value);
        }
    }
    assert_false(eas_node_int(NULL, 0, 9, &value));
}

static void test_bool(void **state)
{
    static const struct {
        const char *text;
        int ok, value;
    } rows[] = {
        {"", 1, 1}, {"1", 1, 1}, {"0", 1, 0}, {"2", 0, 7}, {"01", 0, 7}, {"true", 0, 7}, {"0 ", 0, 7}, {"T", 0, 7},
    };
    eas_node_t node = {.tag = EAS_Email_Read};
    int value;
    size_t i;

    for (i = 0; i < COUNT(rows); i++) {
        value = 7;
        node.data = rows[i].text;
        node.len = strlen(rows[i].text);
        if (eas_node_bool(&node, &value) != rows[i].ok || value != rows[i].value) {
            fail_msg("row %zu", i);
        }
    }
    node.is_opaque = 1;
    node.data = "1";
    assert_false(eas_node_bool(&node, &value));
    assert_false(eas_node_bool(NULL, &value));
}

static void test_outside_version(void **state)
{
    eas_node_t *root = parse(REQUEST, NULL, *state);
    /* Sync{Collections{Collection{SyncKey, ConversationMode, Version}}, Partial} */
    eas_node_t *mixed = parse("03 01 6A 00 45 5C 4F 0B 67 03 '1' 00 01 11 01 01 14 01", NULL, *state);

    assert_null(eas_node_outside_version(root, 121));
    assert_int_equal(eas_node_outside_version(root, 25)->tag, EAS_AirSyncBase_Data);
    assert_int_equal(eas_node_outside_version(mixed, 25)->tag, EAS_AirSync_ConversationMode);
    assert_int_equal(eas_node_outside_version(mixed, 140)->tag, EAS_AirSync_Version);
    assert_null(eas_node_outside_version(root->child->child->child, 140));
    assert_null(eas_node_outside_version(NULL, 140));
}

/* The deepest tree, with a sibling on every level. */
static void test_deepest(void **state)
{
    char data[4 + 63 * 2 + 1 + 63];
    eas_node_t *root;
    const eas_node_t *node;
    int i, depth = 0;

    memcpy(data, "\x03\x01\x6A\x00", 4);
    for (i = 0; i < 63; i++) {
        data[4 + i * 2] = 0x45;
        data[5 + i * 2] = 0x0B;
    }
    data[4 + 126] = 0x05;
    memset(data + 4 + 127, 0x01, 63);
    assert_int_equal(eas_node_parse(&root, NULL, data, sizeof(data), NULL, *state), EAS_WBXML_OK);
    for (node = root; node != NULL; node = eas_node_child(node, EAS_AirSync_Sync)) {
        depth++;
    }
    assert_int_equal(depth, 64);
    assert_null(eas_node_outside_version(root, 161));
    assert_ptr_equal(eas_node_outside_version(root, 24), root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_tree),
        POOL_TEST(test_pieces_are_joined),
        POOL_TEST(test_repair),
        POOL_TEST(test_errors),
        POOL_TEST(test_int),
        POOL_TEST(test_bool),
        POOL_TEST(test_outside_version),
        POOL_TEST(test_deepest),
    };

    return RUN_TESTS(tests);
}
