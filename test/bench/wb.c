/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "wb.h"

enum { SWITCH_PAGE = 0x00, END = 0x01, STR_I = 0x03, OPAQUE = 0xC3, WITH_CONTENT = 0x40, DEPTH_MAX = 32 };

static void put(wb_out_t *out, const void *data, size_t len)
{
    if (len > sizeof(out->data) - out->len) {
        out->full = 1;
        return;
    }
    memcpy(out->data + out->len, data, len);
    out->len += len;
}

static void put_byte(wb_out_t *out, int byte)
{
    unsigned char c = (unsigned char)byte;

    put(out, &c, 1);
}

static void put_tag(wb_out_t *out, int tag, int flags)
{
    if (tag >> 8 != out->page) {
        put_byte(out, SWITCH_PAGE);
        put_byte(out, tag >> 8);
        out->page = tag >> 8;
    }
    put_byte(out, (tag & 0xFF) | flags);
}

void wb_begin(wb_out_t *out)
{
    out->len = 0;
    out->page = 0;
    out->full = 0;
    put(out, "\x03\x01\x6A\x00", 4);
}

void wb_open(wb_out_t *out, int tag)
{
    put_tag(out, tag, WITH_CONTENT);
}

void wb_close(wb_out_t *out)
{
    put_byte(out, END);
}

void wb_empty(wb_out_t *out, int tag)
{
    put_tag(out, tag, 0);
}

void wb_text(wb_out_t *out, int tag, const char *text)
{
    wb_open(out, tag);
    put_byte(out, STR_I);
    put(out, text, strlen(text) + 1);
    wb_close(out);
}

/* A reader's place in the document. */
typedef struct wb_in_t {
    const unsigned char *at, *end;
    int page, depth;
    int tags[DEPTH_MAX];
    wb_event_fn fn;
    void *baton;
} wb_in_t;

static int read_number(wb_in_t *in, size_t *value_p)
{
    size_t value = 0;

    for (int i = 0; i < 5 && in->at < in->end; i++) {
        int byte = *in->at++;

        value = value << 7 | (byte & 0x7F);
        if (!(byte & 0x80)) {
            *value_p = value;
            return 0;
        }
    }
    return -1;
}

static void tell(wb_in_t *in, int kind, const unsigned char *text, size_t len)
{
    wb_event_t event = {
        .kind = kind, .tag = in->tags[in->depth - 1], .depth = in->depth, .text = (const char *)text, .len = len};

    in->fn(in->baton, &event);
}

static int read_text(wb_in_t *in, int token)
{
    const unsigned char *text;
    size_t len;

    if (in->depth == 0)
        return -1;
    if (token == OPAQUE) {
        if (read_number(in, &len) != 0 || len > (size_t)(in->end - in->at))
            return -1;
        text = in->at;
        in->at += len;
    } else {
        const unsigned char *nul = memchr(in->at, 0, (size_t)(in->end - in->at));

        if (!nul)
            return -1;
        text = in->at;
        len = (size_t)(nul - text);
        in->at = nul + 1;
    }
    tell(in, WB_TEXT, text, len);
    return 0;
}

static int read_tag(wb_in_t *in, int token)
{
    if ((token & 0x80) || (token & 0x3F) < 5 || in->depth == DEPTH_MAX)
        return -1;
    in->tags[in->depth++] = WB(in->page, token & 0x3F);
    tell(in, WB_START, NULL, 0);
    if (!(token & WITH_CONTENT)) {
        tell(in, WB_END, NULL, 0);
        in->depth--;
    }
    return 0;
}

static int read_one(wb_in_t *in)
{
    int token = *in->at++;

    switch (token) {
    case SWITCH_PAGE:
        if (in->at == in->end)
            return -1;
        in->page = *in->at++;
        return 0;
    case END:
        if (in->depth == 0)
            return -1;
        tell(in, WB_END, NULL, 0);
        in->depth--;
        return 0;
    case STR_I:
    case OPAQUE:
        return read_text(in, token);
    default:
        return read_tag(in, token);
    }
}

int wb_read(const unsigned char *data, size_t len, wb_event_fn fn, void *baton)
{
    wb_in_t in = {.at = data, .end = data + len, .fn = fn, .baton = baton};
    size_t ignored, strings;

    if (len < 4)
        return -1;
    in.at++;
    if (read_number(&in, &ignored) != 0 || read_number(&in, &ignored) != 0 || read_number(&in, &strings) != 0 ||
        strings > (size_t)(in.end - in.at))
        return -1;
    in.at += strings;
    while (in.at < in.end)
        if (read_one(&in) != 0)
            return -1;
    return in.depth == 0 ? 0 : -1;
}
