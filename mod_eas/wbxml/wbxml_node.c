/* SPDX-License-Identifier: Apache-2.0 */
#include "wbxml/wbxml_node.h"

#include <string.h>

#include "wbxml/wbxml_text.h"

typedef struct builder_t {
    apr_pool_t *pool;
    eas_node_t *root;
    eas_node_t *node[EAS_READER_DEPTH];       /* the open elements */
    eas_node_t *last_child[EAS_READER_DEPTH]; /* of each, so that siblings cost the same each */
    char *joined;                             /* the open element's pieces, once there are two */
    apr_size_t joined_size;
} builder_t;

static void add_node(builder_t *b, const eas_reader_t *r)
{
    eas_node_t *node = apr_pcalloc(b->pool, sizeof(*node));
    unsigned level = r->depth - 1;

    node->tag = (apr_uint16_t)r->tag;
    node->data = "";
    b->node[level] = node;
    b->last_child[level] = NULL;
    b->joined = NULL;
    if (level == 0) {
        b->root = node;
        return;
    }
    if (b->last_child[level - 1] == NULL) {
        b->node[level - 1]->child = node;
    } else {
        b->last_child[level - 1]->next = node;
    }
    b->last_child[level - 1] = node;
}

static void add_piece(builder_t *b, const eas_reader_t *r, eas_node_t *node, int is_opaque)
{
    apr_size_t need = node->len + r->len + 1;
    char *grown;

    node->is_opaque |= is_opaque ? 1 : 0;
    if (node->len == 0) {
        node->data = r->data;
        node->len = r->len;
        return;
    }
    if (b->joined == NULL || need > b->joined_size) {
        b->joined_size = need * 2;
        grown = apr_palloc(b->pool, b->joined_size);
        memcpy(grown, node->data, node->len);
        b->joined = grown;
        node->data = grown;
    }
    memcpy(b->joined + node->len, r->data, r->len);
    node->len += r->len;
    b->joined[node->len] = '\0';
}

static void close_node(builder_t *b, const eas_reader_t *r, eas_node_t *node)
{
    node->is_empty = node->child == NULL && node->len == 0;
    if (r->limits.repair && !node->is_opaque && node->len > 0) {
        node->data = eas_xml_clean(node->data, &node->len, b->pool);
    }
}

eas_wbxml_code_t eas_node_parse(eas_node_t **root_p, eas_wbxml_error_t *error, const void *data, apr_size_t len,
                                const eas_limits_t *limits, apr_pool_t *pool)
{
    builder_t builder = {.pool = pool};
    eas_reader_t reader;
    eas_event_t event;

    *root_p = NULL;
    eas_reader_init(&reader, data, len, limits);
    while ((event = eas_reader_next(&reader)) != EAS_EVENT_DONE && event != EAS_EVENT_ERROR) {
        switch (event) {
        case EAS_EVENT_START:
            add_node(&builder, &reader);
            break;
        case EAS_EVENT_END:
            close_node(&builder, &reader, builder.node[reader.depth - 1]);
            break;
        default:
            add_piece(&builder, &reader, builder.node[reader.open - 1], event == EAS_EVENT_OPAQUE);
            break;
        }
    }
    if (error != NULL) {
        *error = reader.error;
    }
    if (event == EAS_EVENT_DONE) {
        *root_p = builder.root;
    }
    return reader.error.code;
}

static const eas_node_t *first_with(const eas_node_t *node, unsigned tag)
{
    while (node != NULL && node->tag != tag) {
        node = node->next;
    }
    return node;
}

const eas_node_t *eas_node_child(const eas_node_t *parent, unsigned tag)
{
    return parent != NULL ? first_with(parent->child, tag) : NULL;
}

const eas_node_t *eas_node_next(const eas_node_t *node, unsigned tag)
{
    return node != NULL ? first_with(node->next, tag) : NULL;
}

const eas_node_t *eas_node_path(const eas_node_t *parent, const unsigned *tags)
{
    /* EAS_AirSync never assigns token 0, so 0 is no tag. */
    for (; parent != NULL && *tags != 0; tags++) {
        parent = eas_node_child(parent, *tags);
    }
    return parent;
}

unsigned eas_node_count(const eas_node_t *parent, unsigned tag)
{
    const eas_node_t *node;
    unsigned count = 0;

    EAS_NODE_EACH_TAG(node, parent, tag)
    {
        count++;
    }
    return count;
}

const char *eas_node_text(const eas_node_t *node)
{
    return node == NULL || node->child != NULL || (node->is_opaque && node->len > 0) ? NULL : node->data;
}

const char *eas_node_child_text(const eas_node_t *parent, unsigned tag)
{
    return eas_node_text(eas_node_child(parent, tag));
}

const char *eas_node_bytes(const eas_node_t *node, apr_size_t *len_p)
{
    if (node == NULL || node->child != NULL) {
        *len_p = 0;
        return NULL;
    }
    *len_p = node->len;
    return node->data;
}

int eas_node_int(const eas_node_t *node, apr_int64_t min, apr_int64_t max, apr_int64_t *value_p)
{
    const char *text = eas_node_text(node);
    int negative, digits = 0;
    apr_int64_t value = 0;

    if (text == NULL) {
        return 0;
    }
    negative = *text == '-';
    text += negative;
    for (; *text >= '0' && *text <= '9'; text++) {
        if (++digits > 18) {
            return 0;
        }
        value = value * 10 + (*text - '0');
    }
    if (digits == 0 || *text != '\0') {
        return 0;
    }
    value = negative ? -value : value;
    if (value < min || value > max) {
        return 0;
    }
    *value_p = value;
    return 1;
}

int eas_node_bool(const eas_node_t *node, int *value_p)
{
    const char *text = eas_node_text(node);

    if (text == NULL || (text[0] != '\0' && text[1] != '\0')) {
        return 0;
    }
    if (text[0] != '\0' && text[0] != '0' && text[0] != '1') {
        return 0;
    }
    *value_p = text[0] != '0';
    return 1;
}

const eas_node_t *eas_node_outside_version(const eas_node_t *root, unsigned version)
{
    const eas_node_t *waiting[EAS_READER_DEPTH];
    const eas_node_t *node = root;
    unsigned depth = 0;

    /* The tree is never deeper than EAS_READER_DEPTH; the list holds one open ancestor's sibling per level. */
    while (node != NULL) {
        if (!eas_token_in_version(node->tag, version)) {
            return node;
        }
        if (node->child != NULL) {
            waiting[depth++] = node == root ? NULL : node->next;
            node = node->child;
            continue;
        }
        node = node == root ? NULL : node->next;
        while (node == NULL && depth > 0) {
            node = waiting[--depth];
        }
    }
    return NULL;
}
