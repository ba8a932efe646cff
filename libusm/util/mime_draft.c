/* SPDX-License-Identifier: Apache-2.0 */
/* Drafts: a message made, or made anew, of what a device says of it. */
#include "util/mime_int.h"
#include "util/text.h"

#include <apr_strings.h>
#include <string.h>
#include <usm/draft.h>

#define DEPTH_MAX 32

/* Parts of the old message that stay, but for its body. */
typedef struct kept_t {
    GPtrArray *parts;
    GMimeObject *text, *html;
    const usm_draft_t *draft;
    apr_pool_t *pool;
} kept_t;

static int is_removed(const kept_t *k, const char *section)
{
    for (int i = 0; i < k->draft->removed_count; i++) {
        if (strcmp(k->draft->removed[i], section) == 0)
            return 1;
    }
    return 0;
}

static int is_text(GMimeObject *part, const char *subtype)
{
    const char *disposition = g_mime_object_get_disposition(part);
    return GMIME_IS_TEXT_PART(part) && !(disposition && strcasecmp(disposition, "attachment") == 0) &&
           g_mime_content_type_is_type(g_mime_object_get_content_type(part), "text", subtype);
}

/* Sections are numbered as IMAP does: the first part of a multipart is 1, the second one in it 1.2. */
static void collect(kept_t *k, GMimeObject *part, const char *section, int depth)
{
    if (!part)
        return;
    if (GMIME_IS_MULTIPART(part) && depth < DEPTH_MAX) {
        for (int i = 0; i < g_mime_multipart_get_count(GMIME_MULTIPART(part)); i++) {
            const char *own = apr_psprintf(k->pool, "%s%s%d", section, *section ? "." : "", i + 1);
            collect(k, g_mime_multipart_get_part(GMIME_MULTIPART(part), i), own, depth + 1);
        }
        return;
    }
    if (!k->text && is_text(part, "plain"))
        k->text = part;
    else if (!k->html && is_text(part, "html"))
        k->html = part;
    else if (!is_removed(k, *section ? section : "1"))
        g_ptr_array_add(k->parts, g_object_ref(part));
}

static GMimeObject *new_text(const char *data, apr_size_t len, const char *subtype, apr_pool_t *pool)
{
    GMimeTextPart *part = g_mime_text_part_new_with_subtype(subtype);
    const char *text = usm__text_clean(pool, data ? data : "", data ? len : 0, NULL);
    g_mime_text_part_set_charset(part, "utf-8");
    g_mime_text_part_set_text(part, text);
    g_mime_part_set_content_encoding(GMIME_PART(part), usm__text_is_ascii(text, strlen(text))
                                                           ? GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE
                                                           : GMIME_CONTENT_ENCODING_BASE64);
    return GMIME_OBJECT(part);
}

static GMimeObject *new_file(const usm_newfile_t *file)
{
    GMimeContentType *type = g_mime_content_type_parse(NULL, file->content_type && *file->content_type
                                                                 ? file->content_type
                                                                 : "application/octet-stream");
    int composed = !type || g_mime_content_type_is_type(type, "multipart", "*") ||
                   g_mime_content_type_is_type(type, "message", "*");
    GMimePart *part = composed ? g_mime_part_new_with_type("application", "octet-stream")
                               : g_mime_part_new_with_type(g_mime_content_type_get_media_type(type),
                                                           g_mime_content_type_get_media_subtype(type));
    GMimeStream *stream = usm__gmime_stream(file->data ? file->data : "", file->data ? file->len : 0);
    GMimeDataWrapper *content = g_mime_data_wrapper_new_with_stream(stream, GMIME_CONTENT_ENCODING_DEFAULT);
    g_mime_part_set_content(part, content);
    g_mime_part_set_content_encoding(part, GMIME_CONTENT_ENCODING_BASE64);
    g_mime_object_set_disposition(GMIME_OBJECT(part), file->is_inline ? "inline" : "attachment");
    g_mime_part_set_filename(part, file->name ? file->name : "");
    if (file->content_id && *file->content_id)
        g_mime_part_set_content_id(part, file->content_id);
    g_object_unref(content);
    g_object_unref(stream);
    if (type)
        g_object_unref(type);
    return GMIME_OBJECT(part);
}

/* The body as the device wants it, else the one that was there: HTML and text both where both were. */
static GMimeObject *choose_body(const kept_t *k)
{
    const usm_draft_t *d = k->draft;
    if (d->body == USM_BODY_TEXT || d->body == USM_BODY_HTML)
        return new_text(d->data, d->len, d->body == USM_BODY_HTML ? "html" : "plain", k->pool);
    if (k->text && k->html) {
        GMimeMultipart *both = g_mime_multipart_new_with_subtype("alternative");
        g_mime_multipart_set_boundary(both, NULL);
        g_mime_multipart_add(both, k->text);
        g_mime_multipart_add(both, k->html);
        return GMIME_OBJECT(both);
    }
    GMimeObject *one = k->html ? k->html : k->text;
    return one ? g_object_ref(one) : new_text("", 0, "plain", k->pool);
}

/* Body first, then what was attached before, then what is new. */
static void rebuild(GMimeMessage *msg, kept_t *k)
{
    usm_draft_t *d = (usm_draft_t *)k->draft;
    GMimeObject *body = choose_body(k);
    int next = 2;
    if (!k->parts->len && !d->file_count) {
        g_mime_message_set_mime_part(msg, body);
        g_object_unref(body);
        return;
    }
    GMimeMultipart *mixed = g_mime_multipart_new_with_subtype("mixed");
    g_mime_multipart_set_boundary(mixed, NULL);
    g_mime_multipart_add(mixed, body);
    g_object_unref(body);
    for (guint i = 0; i < k->parts->len; i++, next++)
        g_mime_multipart_add(mixed, g_ptr_array_index(k->parts, i));
    for (int i = 0; i < d->file_count; i++, next++) {
        GMimeObject *file = new_file(&d->files[i]);
        g_mime_multipart_add(mixed, file);
        g_object_unref(file);
        d->files[i].part = apr_itoa(k->pool, next);
    }
    g_mime_message_set_mime_part(msg, GMIME_OBJECT(mixed));
    g_object_unref(mixed);
}

static void set_header(const char **data, apr_size_t *len, const char *name, const char *value, apr_pool_t *pool)
{
    if (value)
        usm__head_set(data, len, name, *value ? value : NULL, pool);
}

static const char *addresses(const char *text, apr_pool_t *pool)
{
    const usm_addrs_t *list = text && *text ? usm__mime_addresses(text, pool) : NULL;
    return list ? usm__mime_address_list(list, pool) : text ? "" : NULL;
}

static void set_headers(const char **data, apr_size_t *len, const usm_draft_t *d, const usm__sender_t *sender,
                        apr_pool_t *pool)
{
    static const char *const priorities[] = {"5", "3", "1"}, *const words[] = {"low", "normal", "high"};
    usm_addr_t own = {.name = sender->name && *sender->name ? sender->name : NULL,
                      .addr = sender->address_count ? sender->addresses[0] : ""};
    const usm_addrs_t from = {.count = 1, .items = &own};
    if (d->importance >= USM_IMP_LOW && d->importance <= USM_IMP_HIGH) {
        set_header(data, len, "X-Priority", priorities[d->importance], pool);
        set_header(data, len, "Importance", words[d->importance], pool);
    }
    set_header(data, len, "Subject", d->subject ? usm__mime_header_text(d->subject, pool) : NULL, pool);
    set_header(data, len, "Reply-To", addresses(d->reply_to, pool), pool);
    set_header(data, len, "Bcc", addresses(d->bcc, pool), pool);
    set_header(data, len, "Cc", addresses(d->cc, pool), pool);
    set_header(data, len, "To", addresses(d->to, pool), pool);
    if (!usm__head_has(*data, *len, "From") && sender->address_count)
        set_header(data, len, "From", usm__mime_address_list(&from, pool), pool);
    set_header(data, len, "Message-ID", sender->message_id, pool);
    usm__head_set(data, len, "Date", NULL, pool); /* the time of this version, added with the rest */
}

usm_error_t *usm__mime_draft(const char **data_p, apr_size_t *len_p, const char *old, apr_size_t old_len,
                             usm_draft_t *draft, const usm__sender_t *sender, apr_pool_t *pool)
{
    kept_t kept = {.draft = draft, .pool = pool};
    usm__mime_init();
    /* A whole message replaces the old one's headers and text; what was attached there stays. */
    int whole = draft->body == USM_BODY_MIME && draft->data && draft->len;
    GMimeMessage *was = old ? usm__gmime_parse(old, old_len) : NULL;
    GMimeMessage *msg = whole ? usm__gmime_parse(draft->data, draft->len) : was ? g_object_ref(was) : NULL;
    if (whole && !msg) {
        g_clear_object(&was);
        return USM_ERROR(pool, USM_EMIME, "the body of the draft is no message");
    }
    if (!msg)
        msg = g_mime_message_new(FALSE);
    GMimeObject *top = g_mime_message_get_mime_part(msg);
    int sealed = top && (usm__gmime_is_sealed(top) ||
                         g_mime_content_type_is_type(g_mime_object_get_content_type(top), "application", "*"));
    int touched = draft->body & (USM_BODY_TEXT | USM_BODY_HTML) || draft->file_count || draft->removed_count || !top;
    if (!sealed && (touched || (whole && was))) {
        kept.parts = g_ptr_array_new_with_free_func(g_object_unref);
        if (whole && was) {
            collect(&kept, g_mime_message_get_mime_part(was), "", 0);
            kept.text = kept.html = NULL;
        }
        collect(&kept, top, "", 0);
        rebuild(msg, &kept);
        g_ptr_array_unref(kept.parts);
    }
    apr_size_t about = old_len + draft->len;
    for (int i = 0; i < draft->file_count; i++)
        about += draft->files[i].len;
    usm_error_t *err = usm__gmime_write(data_p, len_p, msg, about, pool);
    g_object_unref(msg);
    g_clear_object(&was);
    USM_ERR(err);
    set_headers(data_p, len_p, draft, sender, pool);
    return NULL;
}
