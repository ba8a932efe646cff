/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streaming encoder for WBXML (MS-ASWBXML) into a bucket brigade. Text is copied into 16 KB heap buckets; files and
 * foreign buckets are appended as they are. The header is always 03 01 6A 00.
 *
 * Errors stick: after one, calls write nothing, and eas_writer_finish() (or eas_writer_error()) tells. So callers write
 * straight through and check once, or once per item. A mark takes the writer back to where it was, its error included:
 * that is how an item is dropped that turned out bad or too big after it was begun.
 *
 * A writer belongs to one thread.
 */
#ifndef EAS_WBXML_WRITER_H
#define EAS_WBXML_WRITER_H

#include <apr_buckets.h>
#include <apr_file_io.h>

#include "wbxml/wbxml_error.h"
#include "wbxml/wbxml_token.h"

#define EAS_WRITER_DEPTH 64

typedef struct eas_writer_t eas_writer_t;

/* Private: what a mark has to bring back. */
typedef struct eas_writer_state_t {
    eas_wbxml_error_t error;
    apr_off_t bytes;
    apr_bucket *last; /* last bucket of the brigade, NULL when it had none */
    apr_size_t last_len;
    int last_is_ours; /* last is a heap bucket that we may extend */
    apr_off_t files; /* of bytes: those that are in files */
    unsigned page, open;
    const unsigned *only; /* the children that the element at depth only_depth may have, NULL = any */
    unsigned only_depth, skipping; /* open elements that are left out */
    int root_closed, just_opened;
    struct {
        apr_uint16_t tag;
        unsigned char has_value, has_child;
    } stack[EAS_WRITER_DEPTH];
} eas_writer_state_t;

/* A point to go back to. Plain data: lives where the caller puts it. */
typedef struct eas_writer_mark_t {
    eas_writer_state_t state;
    unsigned long released;
} eas_writer_mark_t;

/*
 * A writer in POOL that appends to BRIGADE, which must live as long. Once the document, closed, would have more than
 * MAX bytes the writer is in error EAS_WBXML_SIZE. After a rollback there is always room for the ENDs.
 */
eas_writer_t *eas_writer_create(apr_bucket_brigade *brigade, apr_off_t max, apr_pool_t *pool);

/* Begins an element. Errors: UNKNOWN_TOKEN, DEPTH, MIXED (the parent has text), STRUCTURE (a second root). */
void eas_writer_start(eas_writer_t *w, unsigned tag);

/* Ends the element begun last; one without content shrinks to its bare token. Error: STRUCTURE. */
void eas_writer_end(eas_writer_t *w);

/* An element without content. */
void eas_writer_empty(eas_writer_t *w, unsigned tag);

/*
 * The value of the open element; call at most one value function per element. TEXT need not be terminated. What XML
 * forbids and broken UTF-8 become U+FFFD. Errors: STRUCTURE (no element open), MIXED (it has elements or a value).
 */
void eas_writer_text(eas_writer_t *w, const char *text, apr_size_t len);

/*
 * LEN bytes of FILE from OFFSET as text of the open element, as file buckets: nothing is read here, so they must be
 * good text without NUL. They do not count towards the document's maximum. FILE as in eas_writer_opaque_file().
 */
void eas_writer_text_file(eas_writer_t *w, apr_file_t *file, apr_off_t offset, apr_off_t len, apr_pool_t *pool);

/*
 * Of the open element's children from here on only those of TAGS (ended by 0) are written; others are left out with all
 * that is in them. Ends with the element. TAGS must live as long.
 */
void eas_writer_only(eas_writer_t *w, const unsigned *tags);

/* The value of the open element as a decimal number. */
void eas_writer_text_int(eas_writer_t *w, apr_int64_t value);

typedef enum {
    EAS_TIME_DASHED, /* dateTime: 2026-01-31T23:59:59.000Z */
    EAS_TIME_COMPACT /* Compact DateTime: 20260131T235959Z */
} eas_time_form_t;

/* Room for either form with its NUL. */
#define EAS_TIME_LEN 28

/*
 * Writes MS, milliseconds since 1970 UTC, into TEXT in the given form; parts of a second are cut off (MS-ASDTYPE 2.3,
 * 2.7). False, TEXT empty, outside of the years 1 to 9999.
 */
int eas_time_format(char text[EAS_TIME_LEN], apr_int64_t ms, eas_time_form_t form);

/* The value of the open element as eas_time_format() makes it. Error: VALUE. */
void eas_writer_text_time(eas_writer_t *w, apr_int64_t ms, eas_time_form_t form);

/* Opaque bytes, copied, as the value of the open element. */
void eas_writer_opaque(eas_writer_t *w, const void *data, apr_size_t len);

/*
 * The data of BUCKET, whose length must be known, as opaque value of the open element. The bucket becomes the
 * brigade's, or is destroyed after an error.
 */
void eas_writer_opaque_bucket(eas_writer_t *w, apr_bucket *bucket);

/*
 * LEN bytes of FILE from OFFSET as opaque value of the open element, as file buckets: nothing is read here. FILE must
 * live as long as the brigade's pool or longer.
 */
void eas_writer_opaque_file(eas_writer_t *w, apr_file_t *file, apr_off_t offset, apr_off_t len, apr_pool_t *pool);

/* Elements with a value in one call. TEXT is NUL terminated; NULL writes nothing at all, "" an empty element. */
void eas_writer_tag_text(eas_writer_t *w, unsigned tag, const char *text);
void eas_writer_tag_int(eas_writer_t *w, unsigned tag, apr_int64_t value);
void eas_writer_tag_time(eas_writer_t *w, unsigned tag, apr_int64_t ms, eas_time_form_t form);
void eas_writer_tag_opaque(eas_writer_t *w, unsigned tag, const void *data, apr_size_t len);

/* Notes in MARK where the writer is. Valid until eas_writer_release() or a rollback to an earlier mark. */
void eas_writer_mark(const eas_writer_t *w, eas_writer_mark_t *mark);

/*
 * Takes back everything since MARK: bytes, open elements, page, and an error that came later. The elements that were
 * open at the mark are open again.
 */
void eas_writer_rollback(eas_writer_t *w, const eas_writer_mark_t *mark);

/*
 * To be called after the brigade's buckets were passed on in the middle of the document: the writer forgets them and
 * goes on in new ones. Marks taken before are void: rolling back to one is error STRUCTURE.
 */
void eas_writer_release(eas_writer_t *w);

/* Bytes written so far, header and opaque files included. */
apr_off_t eas_writer_bytes(const eas_writer_t *w);

/* The error in force; code EAS_WBXML_OK when there is none. */
const eas_wbxml_error_t *eas_writer_error(const eas_writer_t *w);

/* Puts the writer in error CODE, unless it is in error already: for callers that meet one of their own. */
void eas_writer_fail(eas_writer_t *w, eas_wbxml_code_t code);

/* Ends the document: EAS_WBXML_OK when there was no error and the root is closed, else the error (STRUCTURE). */
eas_wbxml_code_t eas_writer_finish(eas_writer_t *w);

#endif
