/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request as a small tree. Command handlers read requests through this only. Everything lives in the pool given to
 * eas_node_parse() or points into the document's buffer, which must live as long as the tree. All helpers take NULL for
 * "no such node", so that look-ups can be nested. A tree is constant after parsing: threads may share it.
 */
#ifndef EAS_WBXML_NODE_H
#define EAS_WBXML_NODE_H

#include "wbxml/wbxml_reader.h"

typedef struct eas_node_t eas_node_t;
struct eas_node_t {
    const char *data;       /* text (NUL terminated) or opaque bytes (not terminated); "" without a value */
    apr_size_t len;         /* of data */
    eas_node_t *child;      /* first child */
    eas_node_t *next;       /* next sibling */
    apr_uint16_t tag;       /* EAS_<page>_<tag> */
    unsigned is_opaque : 1; /* data are bytes that nobody has checked as text */
    unsigned is_empty : 1;  /* neither value nor children: <Tag/> or <Tag></Tag> */
};

/* Walks over all children of PARENT, which may be NULL. */
#define EAS_NODE_EACH(node, parent)                                                                                    \
    for ((node) = (parent) != NULL ? (parent)->child : NULL; (node) != NULL; (node) = (node)->next)

/* Walks over the children of PARENT with TAG. */
#define EAS_NODE_EACH_TAG(node, parent, tag_)                                                                          \
    for ((node) = eas_node_child(parent, tag_); (node) != NULL; (node) = eas_node_next(node, tag_))

/*
 * Decodes LEN bytes into a tree in POOL and sets *ROOT_P. On any code but EAS_WBXML_OK *ROOT_P is NULL and ERROR (may
 * be NULL) tells the place. LIMITS may be NULL; they bound the tree's memory. With limits->repair bad text is not an
 * error: it is replaced as eas_xml_clean() does.
 */
eas_wbxml_code_t eas_node_parse(eas_node_t **root_p, eas_wbxml_error_t *error, const void *data, apr_size_t len,
                                const eas_limits_t *limits, apr_pool_t *pool);

/* The first child of PARENT with TAG, or NULL. */
const eas_node_t *eas_node_child(const eas_node_t *parent, unsigned tag);

/* The next sibling of NODE with the same TAG, or NULL. */
const eas_node_t *eas_node_next(const eas_node_t *node, unsigned tag);

/* The node reached by going from PARENT down the tags, a list that ends with 0; NULL when one is missing. */
const eas_node_t *eas_node_path(const eas_node_t *parent, const unsigned *tags);

/* How many children with TAG there are. */
unsigned eas_node_count(const eas_node_t *parent, unsigned tag);

/* The text of NODE, "" when it is empty; NULL when NODE is NULL, holds elements, or is opaque. */
const char *eas_node_text(const eas_node_t *node);

/* eas_node_text() of the first child with TAG. */
const char *eas_node_child_text(const eas_node_t *parent, unsigned tag);

/*
 * Text or opaque bytes of NODE and their number in *LEN_P; NULL and 0 when NODE is NULL or holds elements. For values
 * that clients send either way (ComposeMail Mime, AirSyncBase Data). Bytes of an opaque node are not checked.
 */
const char *eas_node_bytes(const eas_node_t *node, apr_size_t *len_p);

/*
 * NODE's text as a decimal number from MIN to MAX. True and *VALUE_P set when it is one: an optional minus sign and 1
 * to 18 digits, nothing else. False otherwise; *VALUE_P is then unchanged.
 */
int eas_node_int(const eas_node_t *node, apr_int64_t min, apr_int64_t max, apr_int64_t *value_p);

/* NODE as a boolean (MS-ASDTYPE 2.1): "1", "0", or empty for 1. False, *VALUE_P unchanged, for NULL or anything else.
 */
int eas_node_bool(const eas_node_t *node, int *value_p);

/*
 * The first node of the tree under and with ROOT, in document order, whose tag does not exist in VERSION (times ten),
 * or NULL when all do.
 */
const eas_node_t *eas_node_outside_version(const eas_node_t *root, unsigned version);

#endif
