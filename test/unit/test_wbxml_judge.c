/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: wbxml_reader.c */
/*
 * Our codec against libwbxml, which knows nothing of it. Only documents that we made are shown to libwbxml: bytes from
 * elsewhere could end the process. Where its names differ from the specification's, or it has none, a table made at run
 * time says so; that table may shrink with a newer libwbxml, never grow.
 */
#include "wbxml_golden.h"

#include <apr_base64.h>
#include <wbxml/wbxml.h>

#include "wbxml/wbxml_node.h"
#include "wbxml/wbxml_writer.h"

#define XML_HEAD                                                                                                       \
    "<?xml version=\"1.0\"?><!DOCTYPE ActiveSync PUBLIC \"-//MICROSOFT//DTD ActiveSync//EN\" "                         \
    "\"http://www.microsoft.com/\">"

/* Counted with libwbxml 0.11.8. */
#define MOST_ALIASES 67
#define MOST_UNKNOWN 36

/* What libwbxml calls a tag; NULL when it does not know it. */
static const char *names[EAS_PAGE_COUNT << 8];
static unsigned known[EAS_TOKEN_COUNT], known_count;

/* libwbxml's XML for a document, NULL when it refuses. */
static const char *judge_decode(const char *data, size_t len, apr_pool_t *pool)
{
    WBXMLConvWBXML2XML *conv;
    WB_UTINY *xml = NULL;
    WB_ULONG xml_len = 0;
    const char *copy = NULL;

    assert_int_equal(wbxml_conv_wbxml2xml_create(&conv), WBXML_OK);
    wbxml_conv_wbxml2xml_set_gen_type(conv, WBXML_GEN_XML_CANONICAL);
    wbxml_conv_wbxml2xml_set_language(conv, WBXML_LANG_ACTIVESYNC);
    wbxml_conv_wbxml2xml_enable_preserve_whitespaces(conv);
    if (wbxml_conv_wbxml2xml_run(conv, (WB_UTINY *)data, (WB_ULONG)len, &xml, &xml_len) == WBXML_OK) {
        copy = apr_pstrmemdup(pool, (char *)xml, xml_len);
        free(xml);
    }
    wbxml_conv_wbxml2xml_destroy(conv);
    return copy;
}

/* libwbxml's bytes for XML, NULL when it refuses. */
static const char *judge_encode(const char *xml, size_t *len_p, apr_pool_t *pool)
{
    WBXMLConvXML2WBXML *conv;
    WB_UTINY *data = NULL;
    WB_ULONG len = 0;
    const char *copy = NULL;

    assert_int_equal(wbxml_conv_xml2wbxml_create(&conv), WBXML_OK);
    wbxml_conv_xml2wbxml_set_version(conv, WBXML_VERSION_13);
    wbxml_conv_xml2wbxml_enable_preserve_whitespaces(conv);
    wbxml_conv_xml2wbxml_disable_string_table(conv);
    wbxml_conv_xml2wbxml_disable_public_id(conv);
    if (wbxml_conv_xml2wbxml_run(conv, (WB_UTINY *)xml, (WB_ULONG)strlen(xml), &data, &len) == WBXML_OK) {
        copy = apr_pmemdup(pool, data, len);
        *len_p = len;
        free(data);
    }
    wbxml_conv_xml2wbxml_destroy(conv);
    return copy;
}

static void write_node(eas_writer_t *w, const eas_node_t *node)
{
    const eas_node_t *child;

    eas_writer_start(w, node->tag);
    if (node->is_opaque) {
        eas_writer_opaque(w, node->data, node->len);
    } else if (node->len > 0) {
        eas_writer_text(w, node->data, node->len);
    }
    EAS_NODE_EACH(child, node)
    {
        write_node(w, child);
    }
    eas_writer_end(w);
}

/* Our bytes for a tree. */
static const char *our_bytes(const eas_node_t *root, size_t *len_p, apr_pool_t *pool)
{
    apr_bucket_brigade *bb = test_brigade(pool);
    eas_writer_t *w = eas_writer_create(bb, 1 << 24, pool);

    write_node(w, root);
    assert_int_equal(eas_writer_finish(w), EAS_WBXML_OK);
    return test_flatten(bb, len_p, pool);
}

static const char *escaped(const char *text, size_t len, apr_pool_t *pool)
{
    char *out = apr_palloc(pool, len * 6 + 1);
    size_t n = 0, i;

    for (i = 0; i < len; i++) {
        const char *entity = NULL;

        switch (text[i]) {
        case '&':
            entity = "&amp;";
            break;
        case '<':
            entity = "&lt;";
            break;
        case '>':
            entity = "&gt;";
            break;
        case '"':
            entity = "&quot;";
            break;
        case '\'':
            entity = "&apos;";
            break;
        case '\r':
            entity = "&#13;";
            break;
        case '\n':
            entity = "&#10;";
            break;
        case '\t':
            entity = "&#9;";
            break;
        default:
            out[n++] = text[i];
        }
        if (entity != NULL) {
            memcpy(out + n, entity, strlen(entity));
            n += strlen(entity);
        }
    }
    out[n] = '\0';
    return out;
}

/* The XML that libwbxml should make of the subtree, in its names. */
static const char *judge_xml(const eas_node_t *node, unsigned page, apr_pool_t *pool)
{
    const eas_token_t *row = eas_token_find(node->tag);
    const char *open = apr_pstrcat(pool, "<", names[node->tag], NULL), *content = "";
    const eas_node_t *child;

    if (row->page != page) {
        open = apr_pstrcat(pool, open, " xmlns=\"", row->xmlns, "\"", NULL);
    }
    if (node->is_empty) {
        return apr_pstrcat(pool, open, "/>", NULL);
    }
    if (node->is_opaque) {
        char *base64 = apr_palloc(pool, (size_t)apr_base64_encode_len((int)node->len));

        apr_base64_encode_binary(base64, (const unsigned char *)node->data, (int)node->len);
        content = base64;
    } else if (node->child == NULL) {
        content = escaped(node->data, node->len, pool);
    }
    EAS_NODE_EACH(child, node)
    {
        content = apr_pstrcat(pool, content, judge_xml(child, row->page, pool), NULL);
    }
    return apr_pstrcat(pool, open, ">", content, "</", names[node->tag], ">", NULL);
}

/* Asks libwbxml for the name of each token: group set-up, for all tests that follow. */
static int learn_names(void **state)
{
    static char buffer[EAS_TOKEN_COUNT][64];
    const eas_token_t *row = NULL;
    apr_pool_t *pool;
    unsigned i = 0;

    apr_pool_create(&pool, NULL);
    for (; (row = eas_token_next(row)) != NULL; i++) {
        eas_node_t node = {.tag = (apr_uint16_t)eas_token_tag(row), .data = "", .is_empty = 1};
        char xmlns[64];
        size_t len;
        const char *data = our_bytes(&node, &len, pool), *xml = judge_decode(data, len, pool);

        if (xml == NULL || sscanf(strrchr(xml, '<'), "<%63[^ ] xmlns=\"%63[^\"]\"/>", buffer[i], xmlns) != 2) {
            return -1;
        }
        if (strcmp(buffer[i], "unknown") != 0 && strcmp(xmlns, row->xmlns) == 0) {
            names[node.tag] = buffer[i];
            known[known_count++] = node.tag;
        }
    }
    apr_pool_destroy(pool);
    return 0;
}

static void test_names(void **state)
{
    const eas_token_t *row = NULL;
    unsigned unknown = 0, aliases = 0;

    while ((row = eas_token_next(row)) != NULL) {
        const char *name = names[eas_token_tag(row)];

        unknown += name == NULL;
        aliases += name != NULL && strcmp(name, row->name) != 0;
    }
    print_message("libwbxml: %u of %u names, %u aliases, %u unknown\n", EAS_TOKEN_COUNT - aliases - unknown,
                  EAS_TOKEN_COUNT, aliases, unknown);
    assert_int_equal(unknown + known_count, EAS_TOKEN_COUNT);
    assert_true(unknown <= MOST_UNKNOWN);
    assert_true(aliases <= MOST_ALIASES);
}

/* Fails with what surrounds the first difference; cmocka cuts long messages. */
static void fail_difference(const char *what, const char *ours, const char *judges, apr_pool_t *pool)
{
    size_t at = 0, from;

    if (judges == NULL) {
        fail_msg("%s: libwbxml refuses", what);
        return;
    }
    while (ours[at] == judges[at]) {
        at++;
    }
    from = at > 150 ? at - 150 : 0;
    fail_msg("%s, at %zu:\nwe       %s\nlibwbxml %s", what, at, apr_pstrndup(pool, ours + from, 300),
             apr_pstrndup(pool, judges + from, 300));
}

/* Both directions of one tree. */
static void compare(const char *what, const eas_node_t *root, apr_pool_t *pool)
{
    size_t len, judge_len = 0;
    const char *data = our_bytes(root, &len, pool), *judge_data, *xml;
    const char *want = apr_pstrcat(pool, XML_HEAD, judge_xml(root, 0xFFFF, pool), NULL);

    xml = judge_decode(data, len, pool);
    if (xml == NULL || strcmp(xml, want) != 0) {
        fail_difference(what, want, xml, pool);
    }
    judge_data = judge_encode(want, &judge_len, pool);
    if (judge_data == NULL || judge_len != len || memcmp(judge_data, data, len) != 0) {
        fail_difference(what, test_hex(data, len, pool),
                        judge_data != NULL ? test_hex(judge_data, judge_len, pool) : NULL, pool);
    }
}

static void test_every_known_token(void **state)
{
    unsigned i;

    for (i = 0; i < known_count; i++) {
        const eas_token_t *row = eas_token_find(known[i]);
        eas_node_t node = {.tag = (apr_uint16_t)known[i],
                           .data = "Gr\xC3\xB6\xC3\x9F"
                                   "e",
                           .len = 7};

        node.is_opaque = row->type == EAS_TYPE_opaque;
        compare(row->name, &node, *state);
        if (i % 50 == 0) {
            apr_pool_clear(*state);
        }
    }
}

/*
 * A known tag for an element two levels below OUTER (0: none). libwbxml takes Add/x/Data for SyncML and makes it CDATA,
 * which is its mistake and not ours: that shape is left out. EAS has a Body or an ApplicationData more in between.
 */
static apr_uint16_t random_tag(uint64_t *seed, unsigned outer)
{
    unsigned tag = known[test_random(seed) % known_count];

    while (outer != 0 && strcmp(names[outer], "Add") == 0 && strcmp(names[tag], "Data") == 0) {
        tag = known[test_random(seed) % known_count];
    }
    return (apr_uint16_t)tag;
}

/* A random tree of known tags; binary only where the table says so, which is where libwbxml knows it as well. */
static eas_node_t *random_tree(uint64_t *seed, unsigned outer, unsigned parent, int depth, int *left, apr_pool_t *pool)
{
    static const char *const texts[] = {
        "0", " a ", "\xC3\xA4\xF0\x9F\x98\x80", "a&b<c>\"d'", "\r\n\t", "2026-01-31T00:00:00.000Z", "]]>", "x"};
    eas_node_t *node = apr_pcalloc(pool, sizeof(*node)), **end = &node->child;
    int i, kind = depth > 12 || *left <= 0 ? (int)(test_random(seed) % 2) : (int)(test_random(seed) % 5);

    node->tag = random_tag(seed, outer);
    node->data = "";
    if (kind == 0) {
        node->is_empty = 1;
    } else if (eas_token_find(node->tag)->type == EAS_TYPE_opaque) {
        char *bytes = apr_palloc(pool, 200);

        node->is_opaque = 1;
        node->len = 1 + test_random(seed) % 200;
        for (i = 0; i < (int)node->len; i++) {
            bytes[i] = (char)test_random(seed);
        }
        node->data = bytes;
    } else if (kind == 1) {
        node->data = texts[test_random(seed) % COUNT(texts)];
        node->len = strlen(node->data);
    } else {
        for (i = (int)(test_random(seed) % 5) + 1; i > 0; i--) {
            --*left;
            *end = random_tree(seed, parent, node->tag, depth + 1, left, pool);
            end = &(*end)->next;
        }
    }
    return node;
}

static void test_random_documents(void **state)
{
    int round;

    for (round = 0; round < 300; round++) {
        uint64_t seed = 4711 + (uint64_t)round * 65537;
        int left = 60;

        compare(apr_psprintf(*state, "round %d", round), random_tree(&seed, 0, 0, 1, &left, *state), *state);
        apr_pool_clear(*state);
    }
}

static int all_known(const eas_node_t *node)
{
    const eas_node_t *child;

    if (names[node->tag] == NULL || (node->is_opaque && eas_token_find(node->tag)->type != EAS_TYPE_opaque)) {
        return 0;
    }
    EAS_NODE_EACH(child, node)
    {
        if (!all_known(child)) {
            return 0;
        }
    }
    return 1;
}

static void test_golden(void **state)
{
    unsigned compared = 0;
    glob_t found;
    size_t i, len;

    golden_find(&found, *state);
    for (i = 0; i < found.gl_pathc; i++) {
        char *data = golden_bytes(found.gl_pathv[i], &len, *state);
        eas_node_t *root;

        assert_int_equal(eas_node_parse(&root, NULL, data, len, NULL, *state), EAS_WBXML_OK);
        if (all_known(root)) {
            compare(found.gl_pathv[i], root, *state);
            compared++;
        }
    }
    print_message("%u of %zu golden documents are within what libwbxml knows\n", compared, (size_t)found.gl_pathc);
    assert_true(compared > found.gl_pathc / 2);
    globfree(&found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        POOL_TEST(test_every_known_token),
        POOL_TEST(test_random_documents),
        POOL_TEST(test_golden),
    };

    return apr_initialize() == APR_SUCCESS ? cmocka_run_group_tests(tests, learn_names, NULL) : 1;
}
