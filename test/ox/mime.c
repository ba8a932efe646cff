/* SPDX-License-Identifier: Apache-2.0 */
#include "mime.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <gmime/gmime.h>

/* Runs before main(), when there is one thread only. */
__attribute__((constructor)) static void mime_init(void)
{
    g_mime_init();
    const char *fallback[] = {"utf-8", "windows-1252", NULL};
    g_mime_parser_options_set_fallback_charsets(g_mime_parser_options_get_default(), fallback);
}

/* One header field inside the raw bytes. */
typedef struct field {
    const char *start; /* first byte of the name */
    size_t name_len;
    const char *value; /* first byte after the colon */
    const char *end;   /* first byte of the next field */
} field_t;

/* Moves to the next field; false at the blank line, at the end, or at a line that is no header. */
static bool field_next(field_t *f, const char *p, const char *end)
{
    if (p >= end || *p == '\n' || (*p == '\r' && p + 1 < end && p[1] == '\n')) {
        return false;
    }
    f->start = p;
    while (p < end && *p != ':' && *p != '\n') {
        p++;
    }
    if (p >= end || *p == '\n') {
        return false;
    }
    f->name_len = (size_t)(p - f->start);
    f->value = p + 1;
    do {
        p = memchr(p, '\n', (size_t)(end - p));
        p = p ? p + 1 : end;
    } while (p < end && (*p == ' ' || *p == '\t'));
    f->end = p;
    return true;
}

static bool field_is(const field_t *f, const char *name)
{
    size_t n = strlen(name);
    return f->name_len == n && strncasecmp(f->start, name, n) == 0;
}

/* Value without line ends and surrounding blanks, in a fresh buffer. */
static char *field_unfold(const field_t *f)
{
    char *out = g_malloc((gsize)(f->end - f->value) + 1);
    size_t n = 0;
    for (const char *p = f->value; p < f->end; p++) {
        if (*p != '\r' && *p != '\n' && *p != '\0') {
            out[n++] = *p == '\t' ? ' ' : *p;
        }
    }
    out[n] = '\0';
    return g_strstrip(out);
}

size_t mime_header_len(const char *raw, size_t len)
{
    field_t f;
    const char *p = raw;
    const char *end = raw + len;
    while (field_next(&f, p, end)) {
        p = f.end;
    }
    if (p < end && *p == '\r') {
        p++;
    }
    if (p < end && *p == '\n') {
        p++;
    }
    return (size_t)(p - raw);
}

char *mime_header_raw(const char *raw, size_t len, const char *name)
{
    field_t f;
    for (const char *p = raw; field_next(&f, p, raw + len); p = f.end) {
        if (field_is(&f, name)) {
            return field_unfold(&f);
        }
    }
    return NULL;
}

/* Decodes encoded words and makes the result UTF-8 whatever was in it. */
static char *text_decode(const char *value)
{
    char *text = g_mime_utils_header_decode_text(NULL, value);
    if (text && g_utf8_validate(text, -1, NULL)) {
        return text;
    }
    char *valid = g_utf8_make_valid(text ? text : value, -1);
    g_free(text);
    return valid;
}

json_t *mime_header_text(const char *raw, size_t len, const char *name)
{
    char *value = mime_header_raw(raw, len, name);
    if (!value) {
        return NULL;
    }
    char *text = text_decode(value);
    json_t *out = json_string(text);
    g_free(text);
    g_free(value);
    return out;
}

void mime_header_each(const char *raw, size_t len, mime_header_fn fn, void *baton)
{
    field_t f;
    bool go_on = true;
    for (const char *p = raw; go_on && field_next(&f, p, raw + len); p = f.end) {
        char *name = g_strndup(f.start, f.name_len);
        char *value = field_unfold(&f);
        char *text = text_decode(value);
        go_on = !g_utf8_validate(name, -1, NULL) || fn(baton, name, text);
        g_free(text);
        g_free(value);
        g_free(name);
    }
}

char *mime_header_drop(const char *raw, size_t len, const char *name, size_t *out_len)
{
    char *out = g_malloc(len + 1);
    size_t n = 0;
    field_t f;
    const char *p = raw;
    for (; field_next(&f, p, raw + len); p = f.end) {
        if (!field_is(&f, name)) {
            memcpy(out + n, f.start, (size_t)(f.end - f.start));
            n += (size_t)(f.end - f.start);
        }
    }
    memcpy(out + n, p, len - (size_t)(p - raw));
    n += len - (size_t)(p - raw);
    out[n] = '\0';
    *out_len = n;
    return out;
}

char *mime_header_put(const char *raw, size_t len, const char *name, const char *value, size_t *out_len)
{
    size_t head = strlen(name) + strlen(value) + 4;
    char *out = g_malloc(head + len + 1);
    int n = snprintf(out, head + 1, "%s: %s\r\n", name, value);
    memcpy(out + n, raw, len);
    *out_len = (size_t)n + len;
    out[*out_len] = '\0';
    return out;
}

json_t *mime_json_text(const char *bytes, size_t len)
{
    if (g_utf8_validate_len(bytes, len, NULL)) {
        return json_stringn_nocheck(bytes, len);
    }
    gsize n = 0;
    char *text = g_convert(bytes, (gssize)len, "UTF-8", "WINDOWS-1252", NULL, &n, NULL);
    if (!text) {
        text = g_convert(bytes, (gssize)len, "UTF-8", "ISO-8859-1", NULL, &n, NULL);
    }
    json_t *out = json_stringn_nocheck(text, n);
    g_free(text);
    return out;
}

static void addresses_add(json_t *out, InternetAddressList *list)
{
    int n = list ? internet_address_list_length(list) : 0;
    for (int i = 0; i < n; i++) {
        InternetAddress *ia = internet_address_list_get_address(list, i);
        const char *name = internet_address_get_name(ia);
        if (INTERNET_ADDRESS_IS_GROUP(ia)) {
            addresses_add(out, internet_address_group_get_members(INTERNET_ADDRESS_GROUP(ia)));
            continue;
        }
        const char *addr = internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(ia));
        json_t *row = json_array();
        json_array_append_new(row, name && *name ? mime_json_text(name, strlen(name)) : json_null());
        json_array_append_new(row, mime_json_text(addr ? addr : "", addr ? strlen(addr) : 0));
        json_array_append_new(out, row);
    }
}

json_t *mime_addresses(const char *text)
{
    json_t *out = json_array();
    InternetAddressList *list = text ? internet_address_list_parse(NULL, text) : NULL;
    if (list) {
        addresses_add(out, list);
        g_object_unref(list);
    }
    return out;
}

static int64_t date_parse(const char *text)
{
    GDateTime *when = text ? g_mime_utils_header_decode_date(text) : NULL;
    if (!when) {
        return -1;
    }
    int64_t out = g_date_time_to_unix(when) * 1000;
    g_date_time_unref(when);
    return out;
}

static json_t *type_parse(const char *text)
{
    GMimeContentType *ct = text ? g_mime_content_type_parse(NULL, text) : NULL;
    if (!ct) {
        return json_string("text/plain");
    }
    char *name = g_mime_content_type_get_mime_type(ct);
    char *low = g_ascii_strdown(name, -1);
    json_t *out = mime_json_text(low, strlen(low));
    g_free(low);
    g_free(name);
    g_object_unref(ct);
    return out;
}

static json_t *addresses_take(char *text)
{
    json_t *out = mime_addresses(text);
    g_free(text);
    return out;
}

/* The headers a listing needs, found in one pass. */
enum { H_FROM, H_TO, H_CC, H_BCC, H_DATE, H_TYPE, H_PRIO, H_SUBJECT, H_NOTIFY, H_ID, H_REFS, H_COUNT };
static const char *const head_names[H_COUNT] = {
    "From",       "To", "Cc", "Bcc", "Date", "Content-Type", "X-Priority", "Subject", "Disposition-Notification-To",
    "Message-ID",
    "References",
};

static json_t *text_take(char *value)
{
    if (!value) {
        return NULL;
    }
    char *text = text_decode(value);
    json_t *out = json_string(text);
    g_free(text);
    g_free(value);
    return out;
}

mime_head_t *mime_head_new(const char *raw, size_t len)
{
    char *v[H_COUNT] = {NULL};
    field_t f;
    for (const char *p = raw; field_next(&f, p, raw + len); p = f.end) {
        for (int i = 0; i < H_COUNT; i++) {
            if (!v[i] && field_is(&f, head_names[i])) {
                v[i] = field_unfold(&f);
                break;
            }
        }
    }
    mime_head_t *head = g_malloc0(sizeof(*head));
    head->from = addresses_take(v[H_FROM]);
    head->to = addresses_take(v[H_TO]);
    head->cc = addresses_take(v[H_CC]);
    head->bcc = addresses_take(v[H_BCC]);
    head->sent = date_parse(v[H_DATE]);
    head->content_type = type_parse(v[H_TYPE]);
    long prio = v[H_PRIO] ? strtol(v[H_PRIO], NULL, 10) : 3;
    head->priority = prio >= 0 && prio <= 5 ? (int)prio : 3;
    g_free(v[H_DATE]);
    g_free(v[H_TYPE]);
    g_free(v[H_PRIO]);
    head->subject = text_take(v[H_SUBJECT]);
    head->notify = text_take(v[H_NOTIFY]);
    head->message_id = text_take(v[H_ID]);
    head->references = text_take(v[H_REFS]);
    return head;
}

void mime_head_free(mime_head_t *head)
{
    if (!head) {
        return;
    }
    json_decref(head->from);
    json_decref(head->to);
    json_decref(head->cc);
    json_decref(head->bcc);
    json_decref(head->subject);
    json_decref(head->content_type);
    json_decref(head->notify);
    json_decref(head->message_id);
    json_decref(head->references);
    g_free(head);
}
