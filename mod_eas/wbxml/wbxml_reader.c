/* SPDX-License-Identifier: Apache-2.0 */
#include "wbxml/wbxml_reader.h"

#include <string.h>

#include "wbxml/wbxml_text.h"

/* Bytes of the grammar (MS-ASWBXML 2.1.2.1). */
#define SWITCH_PAGE 0x00
#define END 0x01
#define STR_I 0x03
#define OPAQUE 0xC3
#define HAS_CONTENT 0x40
#define HAS_ATTRIBUTES 0x80
#define FIRST_TOKEN 0x05
#define TOKEN_MASK 0x3F
#define CHARSET_UTF8 0x6A

static eas_event_t fail_at(eas_reader_t *r, eas_wbxml_code_t code, const unsigned char *at, unsigned token)
{
    r->error.code = code;
    r->error.offset = (apr_size_t)(at - r->base);
    r->error.page = r->page;
    r->error.token = token;
    return EAS_EVENT_ERROR;
}

/* An mb_u_int32: at most five bytes and 32 bits. False after an error. */
static int read_mb(eas_reader_t *r, apr_uint32_t *value_p)
{
    const unsigned char *start = r->pos;
    apr_uint64_t value = 0;
    int i;

    for (i = 0; i < 5; i++) {
        if (r->pos == r->end) {
            fail_at(r, EAS_WBXML_TRUNCATED, r->pos, 0);
            return 0;
        }
        value = value << 7 | (*r->pos & 0x7F);
        if ((*r->pos++ & 0x80) == 0) {
            if (value > APR_UINT32_MAX) {
                break;
            }
            *value_p = (apr_uint32_t)value;
            return 1;
        }
    }
    fail_at(r, EAS_WBXML_INTEGER, start, 0);
    return 0;
}

static void read_header(eas_reader_t *r)
{
    apr_uint32_t value;
    const unsigned char *at;

    if (r->pos == r->end) {
        fail_at(r, EAS_WBXML_TRUNCATED, r->pos, 0);
        return;
    }
    if (*r->pos < 1 || *r->pos > 3) {
        fail_at(r, EAS_WBXML_VERSION, r->pos, *r->pos);
        return;
    }
    r->pos++;
    /* The public id tells nothing; 0 announces an index into the string table instead. */
    if (!read_mb(r, &value) || (value == 0 && !read_mb(r, &value))) {
        return;
    }
    at = r->pos;
    if (!read_mb(r, &value)) {
        return;
    }
    if (value != CHARSET_UTF8) {
        fail_at(r, EAS_WBXML_CHARSET, at, value);
        return;
    }
    at = r->pos;
    if (read_mb(r, &value) && value != 0) {
        fail_at(r, EAS_WBXML_STRING_TABLE, at, value);
    }
}

void eas_reader_init(eas_reader_t *r, const void *data, apr_size_t len, const eas_limits_t *limits)
{
    memset(r, 0, sizeof(*r));
    r->base = r->pos = data;
    r->end = r->base + len;
    if (limits != NULL) {
        r->limits = *limits;
    }
    if (r->limits.depth == 0 || r->limits.depth > EAS_READER_DEPTH) {
        r->limits.depth = EAS_READER_DEPTH;
    }
    if (r->limits.elements == 0) {
        r->limits.elements = EAS_READER_ELEMENTS;
    }
    if (r->limits.text == 0) {
        r->limits.text = EAS_READER_TEXT;
    }
    if (r->limits.opaque == 0) {
        r->limits.opaque = EAS_READER_OPAQUE;
    }
    read_header(r);
}

static eas_event_t end_element(eas_reader_t *r)
{
    if (r->carried > 0) {
        return fail_at(r, EAS_WBXML_TEXT, r->pos - 1, r->carry[0]);
    }
    r->tag = r->stack[r->open - 1].tag;
    r->depth = r->open--;
    return EAS_EVENT_END;
}

static eas_event_t start_element(eas_reader_t *r, unsigned char byte)
{
    const unsigned char *at = r->pos - 1;
    unsigned token = byte & TOKEN_MASK;
    const eas_token_t *row = eas_token_find(EAS_TAG(r->page, token));

    if (token < FIRST_TOKEN || (byte & HAS_ATTRIBUTES) != 0) {
        return fail_at(r, EAS_WBXML_GLOBAL, at, byte);
    }
    if (row == NULL) {
        return fail_at(r, EAS_WBXML_UNKNOWN_TOKEN, at, token);
    }
    if (r->open > 0) {
        if (r->stack[r->open - 1].has_value) {
            return fail_at(r, EAS_WBXML_MIXED, at, token);
        }
        r->stack[r->open - 1].has_child = 1;
    }
    if (r->open == r->limits.depth) {
        return fail_at(r, EAS_WBXML_DEPTH, at, token);
    }
    if (r->elements == r->limits.elements) {
        return fail_at(r, EAS_WBXML_ELEMENTS, at, token);
    }
    r->elements++;
    r->root_seen = 1;
    r->value_len = 0;
    r->close_pending = (byte & HAS_CONTENT) == 0;
    memset(&r->stack[r->open], 0, sizeof(r->stack[r->open]));
    r->stack[r->open].tag = (apr_uint16_t)EAS_TAG(r->page, token);
    r->stack[r->open].is_opaque = row->type == EAS_TYPE_opaque;
    r->tag = r->stack[r->open].tag;
    r->depth = ++r->open;
    return EAS_EVENT_START;
}

/* Checks text that may be cut into pieces inside a character. Returns where it is bad, NULL when all is well. */
static const char *check_piece(eas_reader_t *r, const char *text, apr_size_t len)
{
    apr_size_t good;

    while (r->carried > 0 && len > 0) {
        r->carry[r->carried++] = (unsigned char)*text;
        if (eas_xml_tail((const char *)r->carry, r->carried) != r->carried) {
            if (eas_xml_check((const char *)r->carry, r->carried, NULL) != r->carried) {
                return text;
            }
            r->carried = 0;
        }
        text++;
        len--;
    }
    good = eas_xml_check(text, len, NULL);
    if (good == len) {
        return NULL;
    }
    if (len - good > 3 || eas_xml_tail(text + good, len - good) != len - good) {
        return text + good;
    }
    r->carried = (unsigned)(len - good);
    memcpy(r->carry, text + good, r->carried);
    return NULL;
}

/* Finds the piece of text or opaque data that begins at pos; false after an error. */
static int take_piece(eas_reader_t *r, int is_opaque)
{
    const unsigned char *nul;
    apr_uint32_t len;

    if (is_opaque) {
        if (!read_mb(r, &len)) {
            return 0;
        }
        if (len > (apr_size_t)(r->end - r->pos)) {
            fail_at(r, EAS_WBXML_TRUNCATED, r->pos, OPAQUE);
            return 0;
        }
        r->data = (const char *)r->pos;
        r->len = len;
        r->pos += len;
        return 1;
    }
    nul = r->pos < r->end ? memchr(r->pos, 0, (apr_size_t)(r->end - r->pos)) : NULL;
    if (nul == NULL) {
        fail_at(r, EAS_WBXML_TRUNCATED, r->pos, STR_I);
        return 0;
    }
    r->data = (const char *)r->pos;
    r->len = (apr_size_t)(nul - r->pos);
    r->pos = nul + 1;
    return 1;
}

/* One STR_I or OPAQUE. Answers DONE for an empty one, which is no event. */
static eas_event_t value_piece(eas_reader_t *r, int is_opaque)
{
    const unsigned char *at = r->pos - 1;
    const char *bad;

    if (r->open == 0) {
        return fail_at(r, EAS_WBXML_STRUCTURE, at, *at);
    }
    if (!take_piece(r, is_opaque)) {
        return EAS_EVENT_ERROR;
    }
    if (r->len == 0) {
        return EAS_EVENT_DONE;
    }
    if (r->stack[r->open - 1].has_child) {
        return fail_at(r, EAS_WBXML_MIXED, at, *at);
    }
    r->stack[r->open - 1].has_value = 1;
    r->value_len += r->len;
    if (is_opaque) {
        r->stack[r->open - 1].is_opaque = 1;
        r->carried = 0;
    }
    if (r->stack[r->open - 1].is_opaque) {
        return r->value_len > r->limits.opaque ? fail_at(r, EAS_WBXML_OPAQUE_LEN, at, *at) : EAS_EVENT_OPAQUE;
    }
    if (r->value_len > r->limits.text) {
        return fail_at(r, EAS_WBXML_TEXT_LEN, at, *at);
    }
    if (!r->limits.repair && (bad = check_piece(r, r->data, r->len)) != NULL) {
        return fail_at(r, EAS_WBXML_TEXT, (const unsigned char *)bad, (unsigned char)*bad);
    }
    return EAS_EVENT_TEXT;
}

static int switch_page(eas_reader_t *r)
{
    if (r->pos == r->end) {
        fail_at(r, EAS_WBXML_TRUNCATED, r->pos, SWITCH_PAGE);
        return 0;
    }
    if (eas_page_name(*r->pos) == NULL) {
        fail_at(r, EAS_WBXML_UNKNOWN_PAGE, r->pos, *r->pos);
        return 0;
    }
    r->page = *r->pos++;
    return 1;
}

/* The next event from the byte stream. */
static eas_event_t read_event(eas_reader_t *r)
{
    while (r->pos < r->end) {
        unsigned char byte = *r->pos++;
        eas_event_t event;

        switch (byte) {
        case SWITCH_PAGE:
            if (!switch_page(r)) {
                return EAS_EVENT_ERROR;
            }
            break;
        case END:
            if (r->open == 0) {
                return fail_at(r, EAS_WBXML_STRUCTURE, r->pos - 1, byte);
            }
            return end_element(r);
        case STR_I:
        case OPAQUE:
            event = value_piece(r, byte == OPAQUE);
            if (event != EAS_EVENT_DONE) {
                return event;
            }
            break;
        default:
            return start_element(r, byte);
        }
    }
    return fail_at(r, EAS_WBXML_TRUNCATED, r->pos, 0);
}

eas_event_t eas_reader_next(eas_reader_t *r)
{
    r->data = NULL;
    r->len = 0;
    if (r->error.code != EAS_WBXML_OK) {
        return EAS_EVENT_ERROR;
    }
    if (r->close_pending) {
        r->close_pending = 0;
        return end_element(r);
    }
    if (r->root_seen && r->open == 0) {
        return r->pos == r->end ? EAS_EVENT_DONE : fail_at(r, EAS_WBXML_TRAILING, r->pos, *r->pos);
    }
    return read_event(r);
}

eas_wbxml_code_t eas_wbxml_flatten(const char **data_p, apr_size_t *len_p, apr_bucket_brigade *brigade, apr_size_t max,
                                   apr_pool_t *pool)
{
    apr_bucket *b;
    apr_size_t total = 0, n;
    const char *piece;
    char *data;

    /* Reading morphs buckets of unknown length into ones of known length; only then is the sum certain. */
    for (b = APR_BRIGADE_FIRST(brigade); b != APR_BRIGADE_SENTINEL(brigade); b = APR_BUCKET_NEXT(b)) {
        if (APR_BUCKET_IS_METADATA(b)) {
            continue;
        }
        if (b->length != (apr_size_t)-1 && b->length > max - total) {
            return EAS_WBXML_SIZE;
        }
        if (apr_bucket_read(b, &piece, &n, APR_BLOCK_READ) != APR_SUCCESS) {
            return EAS_WBXML_IO;
        }
        if (n > max - total) {
            return EAS_WBXML_SIZE;
        }
        total += n;
    }
    data = apr_palloc(pool, total + 1);
    n = total;
    if (apr_brigade_flatten(brigade, data, &n) != APR_SUCCESS || n != total) {
        return EAS_WBXML_IO;
    }
    data[total] = '\0';
    *data_p = data;
    *len_p = total;
    return EAS_WBXML_OK;
}
