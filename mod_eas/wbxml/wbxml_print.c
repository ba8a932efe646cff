/* SPDX-License-Identifier: Apache-2.0 */
#include "wbxml/wbxml_print.h"

#include <apr_strings.h>
#include <stdarg.h>
#include <string.h>

#include "wbxml/wbxml_reader.h"
#include "wbxml/wbxml_text.h"

#define HEX_BYTES 16

/* Values that logs must not show: SECRET never, BODY when asked. */
enum { SECRET = 1, BODY = 2 };
static const struct {
    unsigned tag;
    int kind;
} masked[] = {
    {EAS_Settings_Password, SECRET},
    {EAS_Search_Password, SECRET},
    {EAS_ItemOperations_Password, SECRET},
    {EAS_Provision_PolicyKey, SECRET},
    {EAS_AirSyncBase_Data, BODY},
    {EAS_AirSyncBase_Preview, BODY},
    {EAS_AirSyncBase_Content, BODY},
    {EAS_ComposeMail_Mime, BODY},
    {EAS_ItemOperations_Data, BODY},
    {EAS_Email_Body, BODY},
    {EAS_Email_MIMEData, BODY},
    {EAS_Calendar_Body, BODY},
    {EAS_Contacts_Body, BODY},
    {EAS_Tasks_Body, BODY},
    {EAS_Contacts_Picture, BODY},
    {EAS_Gal_Data, BODY},
    {EAS_ResolveRecipients_Data, BODY},
    {EAS_Settings_ReplyMessage, BODY},
    {EAS_Find_Preview, BODY},
};

typedef struct printer_t {
    eas_print_t opt;
    apr_pool_t *pool;
    char *out;
    apr_size_t len, size;
    int full;
} printer_t;

static int masked_as(unsigned tag, int kind)
{
    apr_size_t i;

    for (i = 0; i < sizeof(masked) / sizeof(masked[0]); i++) {
        if (masked[i].tag == tag) {
            return masked[i].kind == kind;
        }
    }
    return 0;
}

int eas_tag_is_secret(unsigned tag)
{
    return masked_as(tag, SECRET);
}

int eas_tag_is_body(unsigned tag)
{
    return masked_as(tag, BODY);
}

static void add(printer_t *p, const char *text, apr_size_t len)
{
    if (p->full || len > p->opt.total_max - p->len) {
        p->full = 1;
        return;
    }
    if (p->size - p->len <= len) {
        char *grown;

        p->size = (p->len + len + 1) * 2;
        grown = apr_palloc(p->pool, p->size);
        memcpy(grown, p->out, p->len);
        p->out = grown;
    }
    memcpy(p->out + p->len, text, len);
    p->len += len;
    p->out[p->len] = '\0';
}

static void add_string(printer_t *p, const char *text)
{
    add(p, text, strlen(text));
}

static void add_format(printer_t *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add_format(printer_t *p, const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    apr_vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    add_string(p, text);
}

static void add_indent(printer_t *p, unsigned depth)
{
    unsigned i, n = (depth - 1) * (unsigned)p->opt.indent;

    for (i = 0; i < n; i++) {
        add(p, " ", 1);
    }
}

/* Text with XML's escapes; control characters are written as references to keep a log line one line. */
static void add_escaped(printer_t *p, const char *text, apr_size_t len)
{
    apr_size_t from = 0, i;

    for (i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c >= 0x20 && c != '&' && c != '<' && c != '>' && c != 0x7F) {
            continue;
        }
        add(p, text + from, i - from);
        add_format(p, "&#%u;", c);
        from = i + 1;
    }
    add(p, text + from, len - from);
}

static void add_hex(printer_t *p, const char *data, apr_size_t len)
{
    apr_size_t i;

    for (i = 0; i < len && i < HEX_BYTES; i++) {
        add_format(p, "%02X", (unsigned char)data[i]);
    }
    if (len > HEX_BYTES) {
        add_string(p, "...");
    }
}

/* One piece of a value. Each piece is cleaned and cut alone: for people that is good enough. */
static void print_piece(printer_t *p, const eas_reader_t *r, eas_event_t event, apr_pool_t *scratch_pool)
{
    unsigned tag = r->stack[r->open - 1].tag;
    apr_size_t len = r->len, shown;
    const char *text;

    if (!p->opt.show_secrets && eas_tag_is_secret(tag)) {
        add_string(p, "***");
    } else if (p->opt.mask_bodies && eas_tag_is_body(tag)) {
        add_format(p, "<!-- %" APR_SIZE_T_FMT " bytes -->", len);
    } else if (event == EAS_EVENT_OPAQUE) {
        add_format(p, "<!-- opaque, %" APR_SIZE_T_FMT " bytes: ", len);
        add_hex(p, r->data, len);
        add_string(p, " -->");
    } else {
        shown = eas_utf8_cut(r->data, len, p->opt.value_max);
        text = eas_xml_clean(r->data, &shown, scratch_pool);
        add_escaped(p, text, shown);
        if (len > p->opt.value_max) {
            add_format(p, "<!-- cut, %" APR_SIZE_T_FMT " bytes in all -->", len);
        }
    }
}

static void print_start(printer_t *p, const eas_reader_t *r)
{
    const eas_token_t *row = eas_token_find(r->tag);

    add_indent(p, r->depth);
    if (r->depth == 1 || EAS_TAG_PAGE(r->stack[r->depth - 2].tag) != row->page) {
        add_format(p, "<%s xmlns=\"%s\"", row->name, row->xmlns);
    } else {
        add_format(p, "<%s", row->name);
    }
}

/* All events. What an element's start is followed by decides how its start is closed: />, > or > and a line. */
static eas_event_t print_events(printer_t *p, eas_reader_t *r, apr_pool_t *scratch_pool)
{
    eas_event_t event, last = EAS_EVENT_DONE;

    while ((event = eas_reader_next(r)) != EAS_EVENT_DONE && event != EAS_EVENT_ERROR && !p->full) {
        if (last == EAS_EVENT_START) {
            add_string(p, event == EAS_EVENT_START ? ">\n" : event == EAS_EVENT_END ? "/>\n" : ">");
        }
        if (event == EAS_EVENT_START) {
            print_start(p, r);
        } else if (event != EAS_EVENT_END) {
            apr_pool_clear(scratch_pool);
            print_piece(p, r, event, scratch_pool);
        } else if (last != EAS_EVENT_START) {
            if (last == EAS_EVENT_END) {
                add_indent(p, r->depth);
            }
            add_format(p, "</%s>\n", eas_token_find(r->tag)->name);
        }
        last = event;
    }
    if (last == EAS_EVENT_START && event != EAS_EVENT_DONE) {
        add_string(p, ">");
    }
    return event;
}

eas_wbxml_code_t eas_wbxml_print(const char **text_p, eas_wbxml_error_t *error, const void *data, apr_size_t len,
                                 const eas_print_t *options, apr_pool_t *pool)
{
    eas_limits_t limits = {.repair = 1};
    printer_t p = {.pool = pool, .out = ""};
    eas_reader_t reader;
    apr_pool_t *scratch_pool;
    eas_event_t event;

    if (options != NULL) {
        p.opt = *options;
    }
    p.opt.indent = p.opt.indent > 0 ? p.opt.indent : 2;
    p.opt.value_max = p.opt.value_max > 0 ? p.opt.value_max : 1024;
    p.opt.total_max = p.opt.total_max > 0 ? p.opt.total_max : 65536;
    apr_pool_create(&scratch_pool, pool);
    eas_reader_init(&reader, data, len, &limits);
    event = print_events(&p, &reader, scratch_pool);
    if (p.full) {
        *text_p = apr_pstrcat(pool, p.out, "\n<!-- cut here -->\n", NULL);
        /* The rest is only checked, so that the answer is about the whole document. */
        while (event != EAS_EVENT_DONE && event != EAS_EVENT_ERROR) {
            event = eas_reader_next(&reader);
        }
    } else if (event == EAS_EVENT_ERROR) {
        *text_p = apr_pstrcat(pool, p.out, "\n<!-- error: ", eas_wbxml_error_text(&reader.error, pool), " -->\n", NULL);
    } else {
        *text_p = p.out;
    }
    apr_pool_destroy(scratch_pool);
    if (error != NULL) {
        *error = reader.error;
    }
    return reader.error.code;
}
