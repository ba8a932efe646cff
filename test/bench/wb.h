/* SPDX-License-Identifier: Apache-2.0 */
/* WBXML for the load generator: a builder that writes tokens by number and a reader that tells start tags, text
 * and ends. Both know pages and token numbers only, so that the generator shares nothing with the servers it
 * loads. */
#ifndef BENCH_WB_H
#define BENCH_WB_H

#include <stddef.h>

/* A tag: code page and token. */
#define WB(page, token) (((page) << 8) | (token))
enum {
    AS_SYNC = WB(0, 0x05), AS_ADD = WB(0, 0x07), AS_CHANGE = WB(0, 0x08), AS_DELETE = WB(0, 0x09), AS_KEY = WB(0, 0x0B),
    AS_STATUS = WB(0, 0x0E), AS_COLLECTION = WB(0, 0x0F), AS_CLASS = WB(0, 0x10), AS_ID = WB(0, 0x12),
    AS_GETCHANGES = WB(0, 0x13), AS_MORE = WB(0, 0x14), AS_WINDOW = WB(0, 0x15), AS_OPTIONS = WB(0, 0x17),
    AS_FILTER = WB(0, 0x18), AS_COLLECTIONS = WB(0, 0x1C), AS_SOFTDELETE = WB(0, 0x21),
    FH_ID = WB(7, 0x08), FH_TYPE = WB(7, 0x0A), FH_STATUS = WB(7, 0x0C), FH_ADD = WB(7, 0x0F), FH_KEY = WB(7, 0x12),
    FH_SYNC = WB(7, 0x16),
    PR_PROVISION = WB(14, 0x05), PR_POLICIES = WB(14, 0x06), PR_POLICY = WB(14, 0x07), PR_TYPE = WB(14, 0x08),
    PR_KEY = WB(14, 0x09), PR_STATUS = WB(14, 0x0B),
    BO_PREFERENCE = WB(17, 0x05), BO_TYPE = WB(17, 0x06), BO_TRUNCATION = WB(17, 0x07),
    SE_SET = WB(18, 0x08), SE_DEVICEINFO = WB(18, 0x16), SE_MODEL = WB(18, 0x17)
};

/* A request being built; too long a one sets `full` and is cut. */
typedef struct wb_out_t {
    unsigned char data[4096];
    size_t len;
    int page, full;
} wb_out_t;

void wb_begin(wb_out_t *out);
void wb_open(wb_out_t *out, int tag);
void wb_close(wb_out_t *out);
void wb_empty(wb_out_t *out, int tag);
void wb_text(wb_out_t *out, int tag, const char *text);

/* What the reader is told, in document order. Text points into the document. */
typedef struct wb_event_t {
    enum { WB_START, WB_TEXT, WB_END } kind;
    int tag;   /* of the element that starts, ends, or holds the text */
    int depth; /* 1 for the root */
    const char *text;
    size_t len;
} wb_event_t;
typedef void (*wb_event_fn)(void *baton, const wb_event_t *event);

/* Read a whole document. Returns 0, or -1 when it is not well-formed, is cut, or uses what ActiveSync does not. */
int wb_read(const unsigned char *data, size_t len, wb_event_fn fn, void *baton);

#endif
