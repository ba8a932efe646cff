/* SPDX-License-Identifier: Apache-2.0 */
/* The body of a message: its parts, numbered as IMAP numbers them, and the views over them. */
#include "mime.h"
#include "mail_html.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <gmime/gmime.h>

#define MAX_DEPTH 20
#define MAX_PARTS 1000

typedef struct leaf {
    char id[64];
    GMimeObject *obj; /* borrowed from the message */
    int alt;          /* number of the enclosing multipart/alternative, 0 = none */
    bool related;     /* inside multipart/related */
    bool used;        /* already shown as body or alternative */
} leaf_t;

static GMimeMessage *message_parse(const char *raw, size_t len)
{
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(raw, len);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    g_mime_parser_set_persist_stream(parser, FALSE);
    GMimeMessage *msg = g_mime_parser_construct_message(parser, NULL);
    g_object_unref(parser);
    g_object_unref(stream);
    return msg;
}

static bool type_is(GMimeObject *obj, const char *type, const char *sub)
{
    GMimeContentType *ct = g_mime_object_get_content_type(obj);
    return ct ? g_mime_content_type_is_type(ct, type, sub) : strcmp(type, "text") == 0;
}

static void leaf_add(GArray *out, GMimeObject *obj, const char *id, int alt, bool related)
{
    leaf_t leaf = {.obj = obj, .alt = alt, .related = related};
    g_strlcpy(leaf.id, id, sizeof(leaf.id));
    g_array_append_val(out, leaf);
}

/* prefix "" is the root. alts counts the alternatives seen so far. */
static void leaves_walk(GArray *out, GMimeObject *obj, const char *prefix, int alt, bool related, int *alts, int depth)
{
    if (!obj || depth > MAX_DEPTH || out->len >= MAX_PARTS) {
        return;
    }
    if (!GMIME_IS_MULTIPART(obj)) {
        leaf_add(out, obj, prefix, alt, related);
        return;
    }
    if (type_is(obj, "multipart", "alternative")) {
        alt = ++*alts;
    }
    related = related || type_is(obj, "multipart", "related");
    int n = g_mime_multipart_get_count(GMIME_MULTIPART(obj));
    for (int i = 0; i < n; i++) {
        char id[64];
        g_snprintf(id, sizeof(id), "%s%s%d", prefix, *prefix ? "." : "", i + 1);
        leaves_walk(out, g_mime_multipart_get_part(GMIME_MULTIPART(obj), i), id, alt, related, alts, depth + 1);
    }
}

/* All parts that are no multiparts. A message with a single part has the id "1" for it, below prefix. */
static GArray *leaves_of(GMimeMessage *msg, const char *prefix, int depth)
{
    GArray *out = g_array_new(FALSE, TRUE, sizeof(leaf_t));
    GMimeObject *root = msg ? g_mime_message_get_mime_part(msg) : NULL;
    int alts = 0;
    char first[64];
    g_snprintf(first, sizeof(first), "%s%s1", prefix, *prefix ? "." : "");
    bool multi = root && GMIME_IS_MULTIPART(root);
    leaves_walk(out, root, multi ? prefix : first, 0, false, &alts, depth);
    return out;
}

/* Bytes of a part without transfer encoding; those of an attached message are its source. */
static GByteArray *leaf_bytes(GMimeObject *obj)
{
    GMimeStream *mem = g_mime_stream_mem_new();
    if (GMIME_IS_MESSAGE_PART(obj)) {
        GMimeMessage *inner = g_mime_message_part_get_message(GMIME_MESSAGE_PART(obj));
        if (inner) {
            g_mime_object_write_to_stream(GMIME_OBJECT(inner), NULL, mem);
        }
    } else if (GMIME_IS_PART(obj)) {
        GMimeDataWrapper *content = g_mime_part_get_content(GMIME_PART(obj));
        if (content) {
            g_mime_data_wrapper_write_to_stream(content, mem);
        }
    }
    g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(mem), FALSE);
    GByteArray *bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(mem));
    g_object_unref(mem);
    return bytes;
}

/* Decoded text as UTF-8 with no NUL byte in it; the caller frees it. */
static char *leaf_text(GMimeObject *obj)
{
    GByteArray *bytes = leaf_bytes(obj);
    const char *charset = g_mime_object_get_content_type_parameter(obj, "charset");
    char *out = NULL;
    gsize n = 0;
    const char *data = bytes->data ? (const char *)bytes->data : "";
    if (charset && g_ascii_strcasecmp(charset, "utf-8") != 0 && g_ascii_strcasecmp(charset, "us-ascii") != 0) {
        out = g_convert(data, (gssize)bytes->len, "UTF-8", g_mime_charset_iconv_name(charset), NULL, &n, NULL);
    }
    if (!out) {
        bool utf8 = charset && g_ascii_strcasecmp(charset, "utf-8") == 0;
        if (utf8 || g_utf8_validate_len(data, bytes->len, NULL)) {
            out = g_utf8_make_valid(data, (gssize)bytes->len);
        } else {
            out = g_convert(data, (gssize)bytes->len, "UTF-8", "ISO-8859-1", NULL, &n, NULL);
        }
    }
    g_byte_array_free(bytes, TRUE);
    /* Callers see C strings; a converted text may hold NUL. */
    for (gsize i = 0; out && i < n; i++) {
        out[i] = out[i] ? out[i] : ' ';
    }
    return out ? out : g_strdup("");
}

static const char *leaf_disp(const leaf_t *leaf)
{
    GMimeContentDisposition *disp = g_mime_object_get_content_disposition(leaf->obj);
    return disp ? g_mime_content_disposition_get_disposition(disp) : NULL;
}

static const char *leaf_name(const leaf_t *leaf)
{
    return GMIME_IS_PART(leaf->obj) ? g_mime_part_get_filename(GMIME_PART(leaf->obj)) : NULL;
}

/* Text that is shown, not offered for saving. */
static bool leaf_is_text(const leaf_t *leaf)
{
    const char *disp = leaf_disp(leaf);
    if (!GMIME_IS_PART(leaf->obj) || (disp && g_ascii_strcasecmp(disp, "attachment") == 0)) {
        return false;
    }
    return (type_is(leaf->obj, "text", "plain") || type_is(leaf->obj, "text", "html")) && !leaf_name(leaf);
}

static bool leaf_is_html(const leaf_t *leaf)
{
    return type_is(leaf->obj, "text", "html");
}

static bool leaf_is_attachment(const leaf_t *leaf)
{
    const char *disp = leaf_disp(leaf);
    if (disp && g_ascii_strcasecmp(disp, "attachment") == 0) {
        return true;
    }
    if (type_is(leaf->obj, "application", "pkcs7-signature") || type_is(leaf->obj, "application", "pgp-signature")) {
        return false;
    }
    if (leaf->related && g_mime_object_get_content_id(leaf->obj)) {
        return false;
    }
    if (leaf->alt || leaf_is_text(leaf)) {
        return false;
    }
    return leaf_name(leaf) || !type_is(leaf->obj, "text", "*");
}

bool mime_has_attachment(const char *raw, size_t len)
{
    GMimeMessage *msg = message_parse(raw, len);
    GArray *leaves = leaves_of(msg, "", 0);
    bool found = false;
    for (guint i = 0; i < leaves->len && !found; i++) {
        found = leaf_is_attachment(&g_array_index(leaves, leaf_t, i));
    }
    g_array_free(leaves, TRUE);
    g_clear_object(&msg);
    return found;
}

static const struct {
    const char *name;
    enum mime_view view;
} views[] = {
    {"raw", MIME_VIEW_RAW},   {"text", MIME_VIEW_TEXT},   {"textNoHtmlAttach", MIME_VIEW_TEXT_ONLY},
    {"html", MIME_VIEW_HTML}, {"noimg", MIME_VIEW_NOIMG}, {"document", MIME_VIEW_DOCUMENT},
    {"", MIME_VIEW_HTML},
};

bool mime_view_parse(const char *name, enum mime_view *view)
{
    for (size_t i = 0; i < G_N_ELEMENTS(views); i++) {
        if (strcmp(views[i].name, name ? name : "") == 0) {
            *view = views[i].view;
            return true;
        }
    }
    return false;
}

static bool view_is_text(enum mime_view view)
{
    return view == MIME_VIEW_TEXT || view == MIME_VIEW_TEXT_ONLY;
}

/* The text as the view wants it, and whether it is HTML now. The caller frees it. */
static char *text_for_view(const leaf_t *leaf, enum mime_view view, bool convert, bool *html)
{
    char *text = leaf_text(leaf->obj);
    char *out = text;
    *html = leaf_is_html(leaf);
    if (view == MIME_VIEW_RAW) {
        return out;
    }
    if (*html && view_is_text(view) && convert) {
        out = mail_html_to_text(text);
        *html = false;
    } else if (*html) {
        out = mail_html_clean(text, view != MIME_VIEW_DOCUMENT, view == MIME_VIEW_NOIMG);
    } else if (!view_is_text(view) && convert) {
        out = mail_html_from_text(text);
        *html = true;
    }
    if (out != text) {
        g_free(text);
    }
    return out;
}

/* Cuts at a character border. */
static bool text_cut(char *text, size_t max)
{
    size_t n = strlen(text);
    if (!max || n <= max) {
        return false;
    }
    while (max > 0 && ((unsigned char)text[max] & 0xc0) == 0x80) {
        max--;
    }
    text[max] = '\0';
    return true;
}

static void entry_common(json_t *entry, const leaf_t *leaf)
{
    const char *name = leaf_name(leaf);
    const char *cid = g_mime_object_get_content_id(leaf->obj);
    json_object_set_new(entry, "id", json_string(leaf->id));
    if (name) {
        json_object_set_new(entry, "filename", mime_json_text(name, strlen(name)));
    }
    if (cid) {
        json_object_set_new(entry, "cid", json_sprintf("<%s>", cid));
    }
}

static json_t *text_entry(const leaf_t *leaf, const mime_opts_t *opts, const char *disp, bool convert, bool *cut)
{
    bool html;
    char *text = text_for_view(leaf, opts->view, convert, &html);
    json_t *entry = json_object();
    entry_common(entry, leaf);
    json_object_set_new(entry, "content_type", json_string(html ? "text/html" : "text/plain"));
    json_object_set_new(entry, "disp", json_string(disp));
    json_object_set_new(entry, "size", json_integer((json_int_t)strlen(text)));
    if (text_cut(text, opts->max_size)) {
        json_object_set_new(entry, "truncated", json_true());
        *cut = true;
    }
    json_object_set_new(entry, "content", mime_json_text(text, strlen(text)));
    g_free(text);
    return entry;
}

static json_t *file_entry(const leaf_t *leaf, const mime_opts_t *opts)
{
    json_t *entry = json_object();
    entry_common(entry, leaf);
    GMimeContentType *ct = g_mime_object_get_content_type(leaf->obj);
    char *type = ct ? g_mime_content_type_get_mime_type(ct) : g_strdup("text/plain");
    char *low = g_ascii_strdown(type, -1);
    const char *disp = leaf_disp(leaf);
    bool inside = leaf->alt && !leaf->related && !disp;
    GByteArray *bytes = leaf_bytes(leaf->obj);
    json_object_set_new(entry, "content_type", mime_json_text(low, strlen(low)));
    json_object_set_new(entry, "size", json_integer(bytes->len));
    if (inside) {
        json_object_set_new(entry, "disp", json_string("alternative"));
    } else {
        bool shown = disp ? g_ascii_strcasecmp(disp, "inline") == 0 : leaf->related;
        json_object_set_new(entry, "disp", json_string(shown ? "inline" : "attachment"));
    }
    if (opts->attach_src && GMIME_IS_MESSAGE_PART(leaf->obj)) {
        json_object_set_new(entry, "source", mime_json_text((const char *)bytes->data, bytes->len));
    }
    g_byte_array_free(bytes, TRUE);
    g_free(low);
    g_free(type);
    return entry;
}

/* The body and, when the body is one form of an alternative, the other form. */
static void body_choose(GArray *leaves, enum mime_view view, leaf_t **body, leaf_t **other)
{
    *body = *other = NULL;
    for (guint i = 0; i < leaves->len; i++) {
        leaf_t *leaf = &g_array_index(leaves, leaf_t, i);
        if (!leaf_is_text(leaf)) {
            continue;
        }
        if (!*body) {
            *body = leaf;
        } else if (!*other && leaf->alt && (*body)->alt == leaf->alt && leaf_is_html(leaf) != leaf_is_html(*body)) {
            *other = leaf;
        }
    }
    bool want_html = view != MIME_VIEW_RAW && !view_is_text(view);
    if (*other && view != MIME_VIEW_RAW && leaf_is_html(*other) == want_html) {
        leaf_t *swap = *body;
        *body = *other;
        *other = swap;
    }
    if (*body) {
        (*body)->used = true;
    }
    if (*other) {
        (*other)->used = true;
    }
}

static json_t *object_of(GMimeMessage *msg, const char *prefix, const mime_opts_t *opts, const char *raw, size_t len,
                         int depth);

static json_t *nested_entry(const leaf_t *leaf, const mime_opts_t *opts, int depth)
{
    GByteArray *bytes = leaf_bytes(leaf->obj);
    GMimeMessage *inner = g_mime_message_part_get_message(GMIME_MESSAGE_PART(leaf->obj));
    json_t *out = object_of(inner, leaf->id, opts, (const char *)bytes->data, bytes->len, depth + 1);
    json_object_set_new(out, "id", json_string(leaf->id));
    json_object_set_new(out, "size", json_integer(bytes->len));
    g_byte_array_free(bytes, TRUE);
    return out;
}

/* Headers the object has members for; the rest goes into `headers`. */
static const char *const own_headers[] = {
    "From",
    "To",
    "Cc",
    "Bcc",
    "Subject",
    "Date",
    "Content-Type",
    "Content-Transfer-Encoding",
    "MIME-Version",
    "X-Priority",
    "Disposition-Notification-To",
    "Content-Disposition",
    "Content-ID",
};

static bool headers_add(void *baton, const char *name, const char *value)
{
    json_t *out = baton;
    for (size_t i = 0; i < G_N_ELEMENTS(own_headers); i++) {
        if (g_ascii_strcasecmp(own_headers[i], name) == 0) {
            return true;
        }
    }
    json_t *before = json_object_get(out, name);
    if (!before) {
        json_object_set_new(out, name, json_string(value));
    } else if (json_is_array(before)) {
        json_array_append_new(before, json_string(value));
    } else {
        json_object_set_new(out, name, json_pack("[Os]", before, value));
    }
    return true;
}

static void object_head(json_t *out, const mime_opts_t *opts, const char *raw, size_t len)
{
    mime_head_t *head = mime_head_new(raw, len);
    json_object_set(out, "from", head->from);
    json_object_set(out, "to", head->to);
    json_object_set(out, "cc", head->cc);
    json_object_set(out, "bcc", head->bcc);
    json_object_set_new(out, "subject", head->subject ? json_incref(head->subject) : json_string(""));
    json_object_set(out, "content_type", head->content_type);
    json_object_set_new(out, "priority", json_integer(head->priority));
    if (head->notify) {
        json_object_set(out, "disp_notification_to", head->notify);
    }
    if (head->sent >= 0) {
        int64_t when = opts->time_fn ? opts->time_fn(opts->baton, head->sent) : head->sent;
        json_object_set_new(out, "sent_date", json_integer(when));
    }
    json_t *headers = json_object();
    mime_header_each(raw, len, headers_add, headers);
    json_object_set_new(out, "headers", headers);
    mime_head_free(head);
}

static json_t *object_of(GMimeMessage *msg, const char *prefix, const mime_opts_t *opts, const char *raw, size_t len,
                         int depth)
{
    json_t *out = json_object();
    json_t *list = json_array();
    json_t *nested = json_array();
    bool cut = false;
    bool files = false;
    leaf_t *body;
    leaf_t *other;
    GArray *leaves = leaves_of(msg, prefix, depth);
    object_head(out, opts, raw ? raw : "", len);
    body_choose(leaves, opts->view, &body, &other);
    if (body) {
        json_array_append_new(list, text_entry(body, opts, "inline", true, &cut));
    }
    if (other && opts->view != MIME_VIEW_TEXT_ONLY) {
        json_array_append_new(list, text_entry(other, opts, "alternative", false, &cut));
    }
    for (guint i = 0; i < leaves->len; i++) {
        leaf_t *leaf = &g_array_index(leaves, leaf_t, i);
        files = files || leaf_is_attachment(leaf);
        if (leaf->used) {
            continue;
        }
        if (GMIME_IS_MESSAGE_PART(leaf->obj) && !opts->no_nested && depth < MAX_DEPTH) {
            json_array_append_new(nested, nested_entry(leaf, opts, depth));
            if (!opts->attach_src) {
                continue;
            }
        }
        json_array_append_new(list, leaf_is_text(leaf) ? text_entry(leaf, opts, "inline", true, &cut)
                                                       : file_entry(leaf, opts));
    }
    json_object_set_new(out, "attachment", json_boolean(files));
    json_object_set_new(out, "attachments", list);
    if (json_array_size(nested)) {
        json_object_set_new(out, "nested_msgs", nested);
    } else {
        json_decref(nested);
    }
    if (cut) {
        json_object_set_new(out, "truncated", json_true());
    }
    g_array_free(leaves, TRUE);
    return out;
}

json_t *mime_object(const char *raw, size_t len, const mime_opts_t *opts)
{
    GMimeMessage *msg = message_parse(raw, len);
    json_t *out = object_of(msg, "", opts, raw, len, 0);
    g_clear_object(&msg);
    return out;
}

static void bytes_fill(mime_bytes_t *out, const leaf_t *leaf)
{
    GByteArray *bytes = leaf_bytes(leaf->obj);
    const char *name = leaf_name(leaf);
    const char *charset = g_mime_object_get_content_type_parameter(leaf->obj, "charset");
    GMimeContentType *ct = g_mime_object_get_content_type(leaf->obj);
    char *type = ct ? g_mime_content_type_get_mime_type(ct) : g_strdup("text/plain");
    char *low = g_ascii_strdown(type, -1);
    out->len = bytes->len;
    out->data = (char *)g_byte_array_free(bytes, FALSE);
    out->name = g_strdup(name);
    out->type = charset ? g_strdup_printf("%s; charset=%s", low, charset) : g_strdup(low);
    g_free(low);
    g_free(type);
}

static bool part_find(GMimeMessage *msg, const char *prefix, const char *id, const char *cid, mime_bytes_t *out,
                      int depth)
{
    GArray *leaves = leaves_of(msg, prefix, depth);
    bool found = false;
    for (guint i = 0; i < leaves->len && !found; i++) {
        const leaf_t *leaf = &g_array_index(leaves, leaf_t, i);
        const char *own = g_mime_object_get_content_id(leaf->obj);
        if (id ? strcmp(leaf->id, id) == 0 : own && cid && strcmp(own, cid) == 0) {
            bytes_fill(out, leaf);
            found = true;
        } else if (GMIME_IS_MESSAGE_PART(leaf->obj) && depth < MAX_DEPTH) {
            GMimeMessage *inner = g_mime_message_part_get_message(GMIME_MESSAGE_PART(leaf->obj));
            found = part_find(inner, leaf->id, id, cid, out, depth + 1);
        }
    }
    g_array_free(leaves, TRUE);
    return found;
}

bool mime_part(const char *raw, size_t len, const char *id, const char *cid, mime_bytes_t *out)
{
    char bare[256];
    memset(out, 0, sizeof(*out));
    if (cid) {
        g_strlcpy(bare, *cid == '<' ? cid + 1 : cid, sizeof(bare));
        size_t n = strlen(bare);
        if (n && bare[n - 1] == '>') {
            bare[n - 1] = '\0';
        }
    }
    GMimeMessage *msg = message_parse(raw, len);
    bool found = part_find(msg, "", id, cid ? bare : NULL, out, 0);
    g_clear_object(&msg);
    return found;
}

void mime_bytes_free(mime_bytes_t *bytes)
{
    g_free(bytes->data);
    g_free(bytes->type);
    g_free(bytes->name);
    memset(bytes, 0, sizeof(*bytes));
}

bool mime_text_any(const char *raw, size_t len, mime_match_fn match, void *baton)
{
    GMimeMessage *msg = message_parse(raw, len);
    GArray *leaves = leaves_of(msg, "", 0);
    bool found = false;
    for (guint i = 0; i < leaves->len && !found; i++) {
        const leaf_t *leaf = &g_array_index(leaves, leaf_t, i);
        if (leaf_is_text(leaf)) {
            char *text = leaf_text(leaf->obj);
            char *plain = leaf_is_html(leaf) ? mail_html_to_text(text) : g_strdup(text);
            found = match(baton, plain);
            g_free(plain);
            g_free(text);
        }
    }
    g_array_free(leaves, TRUE);
    g_clear_object(&msg);
    return found;
}

static char *attr_text(const leaf_t *leaf, char kind)
{
    if (kind == 'd') {
        return g_strdup(leaf_disp(leaf));
    }
    if (kind == 'n') {
        return g_strdup(leaf_name(leaf));
    }
    GMimeContentType *ct = g_mime_object_get_content_type(leaf->obj);
    return ct ? g_mime_content_type_get_mime_type(ct) : NULL;
}

bool mime_attr_any(const char *raw, size_t len, char kind, mime_match_fn match, void *baton)
{
    GMimeMessage *msg = message_parse(raw, len);
    GArray *leaves = leaves_of(msg, "", 0);
    bool found = false;
    for (guint i = 0; i < leaves->len && !found; i++) {
        char *text = attr_text(&g_array_index(leaves, leaf_t, i), kind);
        found = text && match(baton, text);
        g_free(text);
    }
    if (!found && kind == 't' && msg && g_mime_message_get_mime_part(msg)) {
        leaf_t root = {.obj = g_mime_message_get_mime_part(msg)};
        char *text = attr_text(&root, kind);
        found = text && match(baton, text);
        g_free(text);
    }
    g_array_free(leaves, TRUE);
    g_clear_object(&msg);
    return found;
}
