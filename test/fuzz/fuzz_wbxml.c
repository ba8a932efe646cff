/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The WBXML codec on bytes from the wire. Besides not crashing: what the reader accepts, the writer must be able to
 * write, and reading that again must give the same tree; a document that is fine as it is must be fine with repair as
 * well.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <apr_buckets.h>
#include <apr_general.h>

#include "wbxml/wbxml_node.h"
#include "wbxml/wbxml_print.h"
#include "wbxml/wbxml_text.h"
#include "wbxml/wbxml_writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition) ((condition) ? (void)0 : abort())

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

static int same(const eas_node_t *a, const eas_node_t *b)
{
    for (; a != NULL && b != NULL; a = a->next, b = b->next) {
        if (a->tag != b->tag || a->len != b->len || memcmp(a->data, b->data, a->len) != 0 ||
            a->is_opaque != b->is_opaque || a->is_empty != b->is_empty || !same(a->child, b->child)) {
            return 0;
        }
    }
    return a == b;
}

/* What handlers do with nodes; texts must be terminated and good. */
static void use_node(const eas_node_t *node)
{
    const eas_node_t *child;
    const char *text = eas_node_text(node);
    apr_int64_t number;
    int truth;

    CHECK(text == NULL || (strlen(text) == node->len && eas_xml_check(text, node->len, NULL) == node->len));
    if (eas_node_int(node, -100, 100, &number)) {
        CHECK(number >= -100 && number <= 100);
    }
    if (eas_node_bool(node, &truth)) {
        CHECK(truth == 0 || truth == 1);
    }
    CHECK(eas_token_find(node->tag) != NULL);
    EAS_NODE_EACH(child, node)
    {
        use_node(child);
    }
}

static void write_and_read_again(const eas_node_t *root, apr_pool_t *pool)
{
    apr_bucket_brigade *bb = apr_brigade_create(pool, apr_bucket_alloc_create(pool));
    eas_writer_t *w = eas_writer_create(bb, 1 << 26, pool);
    const char *data;
    apr_size_t len;
    eas_node_t *again;

    write_node(w, root);
    CHECK(eas_writer_finish(w) == EAS_WBXML_OK);
    CHECK(eas_wbxml_flatten(&data, &len, bb, 1 << 26, pool) == EAS_WBXML_OK);
    CHECK((apr_off_t)len == eas_writer_bytes(w));
    CHECK(eas_node_parse(&again, NULL, data, len, NULL, pool) == EAS_WBXML_OK);
    CHECK(same(root, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const eas_print_t print = {.value_max = 20, .total_max = 2000, .mask_bodies = 1};
    static const eas_limits_t repair = {.repair = 1}, narrow = {.depth = 4, .elements = 16, .text = 8, .opaque = 8};
    eas_node_t *root, *repaired;
    eas_wbxml_error_t error;
    eas_wbxml_code_t code;
    const char *text;
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    code = eas_node_parse(&root, &error, data, size, NULL, pool);
    CHECK((code == EAS_WBXML_OK) == (root != NULL) && error.code == code && error.offset <= size);
    CHECK(eas_wbxml_error_text(&error, pool) != NULL);
    if (eas_node_parse(&repaired, NULL, data, size, &repair, pool) == EAS_WBXML_OK) {
        use_node(repaired);
        CHECK(root == NULL || same(root, repaired));
        write_and_read_again(repaired, pool);
    } else {
        CHECK(root == NULL);
    }
    if (root != NULL) {
        use_node(root);
        eas_node_outside_version(root, 141);
    }
    eas_node_parse(&root, NULL, data, size, &narrow, pool);
    eas_wbxml_print(&text, NULL, data, size, NULL, pool);
    CHECK(eas_xml_check(text, strlen(text), NULL) == strlen(text));
    eas_wbxml_print(&text, NULL, data, size, &print, pool);
    /* What is cut or broken ends in a comment, which does not count. */
    CHECK(strlen(text) <= print.total_max + EAS_PRINT_REMARK);
    apr_pool_destroy(pool);
    return 0;
}
