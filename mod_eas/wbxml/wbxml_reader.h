/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pull decoder for WBXML as EAS uses it (MS-ASWBXML). It walks over one buffer, allocates nothing, copies nothing and
 * never recurses; what it hands out points into the buffer, which must stay until the reader and whatever was taken
 * from it are done. A reader belongs to one thread; different readers do not know of each other.
 *
 * Beyond the grammar it refuses what EAS never sends: string tables, entities, literals, extensions, attributes,
 * processing instructions, other character sets, unknown pages and tokens, elements with both text and elements, and
 * bytes after the root.
 */
#ifndef EAS_WBXML_READER_H
#define EAS_WBXML_READER_H

#include <apr_buckets.h>

#include "wbxml/wbxml_error.h"
#include "wbxml/wbxml_token.h"

#define EAS_READER_DEPTH 64          /* deepest nesting, and the default limit */
#define EAS_READER_ELEMENTS 65536    /* default: elements in a document */
#define EAS_READER_TEXT (4 << 20)    /* default: bytes of text in one element */
#define EAS_READER_OPAQUE (64 << 20) /* default: bytes of opaque data in one element */

/* Limits; 0 stands for the default. */
typedef struct eas_limits_t {
    unsigned depth;    /* not above EAS_READER_DEPTH */
    unsigned elements; /* in the whole document */
    apr_size_t text;   /* bytes of text in one element */
    apr_size_t opaque; /* bytes of opaque data in one element */
    int repair;        /* true: hand out bad text as it is instead of failing; eas_node_parse() then cleans it */
} eas_limits_t;

typedef enum {
    EAS_EVENT_START,  /* an element begins: tag, depth (1 for the root) */
    EAS_EVENT_TEXT,   /* a piece of text, never empty: data, len; NUL follows. More pieces of the same text may come */
    EAS_EVENT_OPAQUE, /* a piece of binary, never empty: data, len. Also text in an element that is opaque by its type
                       */
    EAS_EVENT_END,    /* the element ends: tag, depth. An element without content gives START and END as well */
    EAS_EVENT_DONE,   /* the document is complete */
    EAS_EVENT_ERROR   /* see error; every further call answers the same */
} eas_event_t;

typedef struct eas_reader_t {
    /* What the last event brought. Read only. */
    unsigned tag;
    unsigned depth;
    const char *data;
    apr_size_t len;
    eas_wbxml_error_t error;

    /* Private. */
    const unsigned char *base, *pos, *end;
    eas_limits_t limits;
    unsigned page, elements, open;
    apr_size_t value_len;
    unsigned char carry[4];
    unsigned carried;
    int close_pending, root_seen;
    struct {
        apr_uint16_t tag;
        unsigned char has_value, has_child, is_opaque;
    } stack[EAS_READER_DEPTH];
} eas_reader_t;

/*
 * Sets READER to the start of a document of LEN bytes and checks its header; a bad header is the first event. LIMITS
 * may be NULL.
 */
void eas_reader_init(eas_reader_t *reader, const void *data, apr_size_t len, const eas_limits_t *limits);

/* The next event; see eas_event_t for what is set with it. */
eas_event_t eas_reader_next(eas_reader_t *reader);

/*
 * Copies what is in BRIGADE into one block in POOL and sets *DATA_P and *LEN_P. The brigade keeps its buckets. Answers
 * EAS_WBXML_SIZE as soon as more than MAX bytes show, without having allocated for them, and EAS_WBXML_IO when a bucket
 * cannot be read.
 */
eas_wbxml_code_t eas_wbxml_flatten(const char **data_p, apr_size_t *len_p, apr_bucket_brigade *brigade, apr_size_t max,
                                   apr_pool_t *pool);

#endif
