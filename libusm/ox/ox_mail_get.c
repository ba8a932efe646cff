/* SPDX-License-Identifier: Apache-2.0 */
/* Mail: reading. One `multiple` of mail?action=get for as many mails as an answer of bounded size holds. */
#include "ox/ox_mail.h"
#include "util/mime.h"
#include "util/text.h"

#include <apr_strings.h>
#include <string.h>
#include <usm/spool.h>

#define ANSWER_MAX ((apr_uint64_t)8 * 1024 * 1024) /* bytes of mail asked for in one call */
#define BODY_SURE ((apr_uint64_t)256 * 1024) /* wanted of a mail: no more, and its size need not be known */
#define BODY_USUAL ((apr_uint64_t)64 * 1024) /* what is reckoned for it then */
#define MAIL_FIXED 8192                            /* of an answer, beside the body */
#define SENT_LAST APR_INT64_C(253370764800000) /* the year 9999 begins */
#define SHOWN_MAX 100 /* attachments that are looked for in the HTML */
#define PART_MAX ((apr_size_t)2048 * 1024 * 1024)
#define RAW_MAX ((apr_size_t)256 * 1024 * 1024)

/* One mail on its way. */
typedef struct one_t {
    usm_bget_t *get;
    apr_uint64_t size; /* of the message, when it was asked for */
    int want_mime;
    const ox_json_t *mail; /* until its kind is known */
} one_t;

typedef struct reading_t {
    usm_bcall_t *call;
    const usm_bref_t *folder;
    const usm_fetch_t *fetch;
    one_t *mails;
    int count;
    apr_pool_t *result_pool, *pool;
} reading_t;

/* ---- small fields ---- */

/* Fields that are a bit of `flags`. */
static const struct {
    int field, bit;
} flag_rows[] = {{USM_EMAIL_READ, OX_SEEN}, {USM_EMAIL_DRAFT, OX_DRAFT}};

static void read_flags(usm_item_t *item, const usm_fieldset_t *fields, apr_int64_t flags)
{
    for (apr_size_t i = 0; i < sizeof flag_rows / sizeof flag_rows[0]; i++) {
        if (USM_FIELDSET_HAS(fields, flag_rows[i].field))
            usm_item_set_num(item, flag_rows[i].field, (flags & flag_rows[i].bit) != 0);
    }
    if (USM_FIELDSET_HAS(fields, USM_EMAIL_FLAG)) {
        usm_flag_t *flag = apr_pcalloc(item->pool, sizeof *flag);
        flag->status = flags & OX_FLAGGED ? 2 : 0;
        flag->type = "Follow up";
        usm_item_set_ptr(item, USM_EMAIL_FLAG, flags & OX_FLAGGED ? flag : NULL);
    }
    if (USM_FIELDSET_HAS(fields, USM_EMAIL_LAST_VERB))
        usm_item_set_num(item, USM_EMAIL_LAST_VERB,
                         flags & OX_FORWARDED  ? USM_VERB_FORWARDED
                         : flags & OX_ANSWERED ? USM_VERB_REPLIED
                                               : USM_VERB_NONE);
}

const char *ox_mail_header(const ox_json_t *mail, const char *name, apr_pool_t *pool)
{
    const ox_json_t *value = ox_json_get_nocase(ox_json_get(mail, "headers"), name);
    return ox_json_text(ox_json_is_array(value) ? ox_json_at(value, 0) : value, pool);
}

/* The server looks at X-Priority alone; where that says nothing, the header of RFC 4021 may. */
static void read_importance(usm_item_t *item, const char *word)
{
    if (!word || usm_item_num(item, USM_EMAIL_IMPORTANCE, USM_IMP_NORMAL) != USM_IMP_NORMAL)
        return;
    if (strcasecmp(word, "high") == 0)
        usm_item_set_num(item, USM_EMAIL_IMPORTANCE, USM_IMP_HIGH);
    else if (strcasecmp(word, "low") == 0)
        usm_item_set_num(item, USM_EMAIL_IMPORTANCE, USM_IMP_LOW);
}

static void read_headers(usm_item_t *item, const usm_fieldset_t *fields, const ox_json_t *mail)
{
    apr_pool_t *pool = item->pool;
    if (USM_FIELDSET_HAS(fields, USM_EMAIL_REPLY_TO)) {
        const char *text = ox_mail_header(mail, "Reply-To", pool);
        usm_item_set_ptr(item, USM_EMAIL_REPLY_TO, text ? usm__mime_addresses(text, pool) : NULL);
    }
    if (USM_FIELDSET_HAS(fields, USM_EMAIL_MESSAGE_ID))
        usm_item_set_text(item, USM_EMAIL_MESSAGE_ID, ox_mail_header(mail, "Message-ID", pool));
    if (USM_FIELDSET_HAS(fields, USM_EMAIL_REFERENCES)) {
        const char *text = ox_mail_header(mail, "References", pool);
        usm_item_set_text(item, USM_EMAIL_REFERENCES, text ? text : ox_mail_header(mail, "In-Reply-To", pool));
    }
    if (USM_FIELDSET_HAS(fields, USM_EMAIL_SENDER)) {
        const char *text = ox_mail_header(mail, "Sender", pool);
        usm_item_set_ptr(item, USM_EMAIL_SENDER, text ? usm__mime_addresses(text, pool) : NULL);
    }
    if (USM_FIELDSET_HAS(fields, USM_EMAIL_THREAD_INDEX))
        usm_item_set_text(item, USM_EMAIL_THREAD_INDEX, ox_mail_header(mail, "Thread-Index", pool));
    if (USM_FIELDSET_HAS(fields, USM_EMAIL_KEYWORDS))
        usm_item_set_text(item, USM_EMAIL_KEYWORDS, ox_mail_header(mail, "Keywords", pool));
    if (USM_FIELDSET_HAS(fields, USM_EMAIL_IMPORTANCE))
        read_importance(item, ox_mail_header(mail, "Importance", pool));
}

/* Fields that are members of the object under their own key. */
static void read_members(usm_item_t *item, const usm_fieldset_t *fields, const ox_json_t *mail)
{
    int count;
    const ox_field_t *rows = ox_map_fields(&count, USM_EMAIL);
    ox_read_t r = {.row = mail, .item = item};
    for (int i = 0; i < count; i++) {
        const ox_field_t *f = &rows[i];
        if (f->column && strcmp(f->key, "flags") != 0 && USM_FIELDSET_HAS(fields, f->field))
            ox_map_read_value(&r, f, ox_json_get(mail, f->key));
    }
}

/* The Date header is the sender's and may be anything: what is no date is none, and the mail is shown all the same. */
static void drop_odd_date(usm_item_t *item)
{
    apr_int64_t sent = usm_item_num(item, USM_EMAIL_SENT, 0);
    if (sent < 0 || sent > SENT_LAST)
        usm_item_set_empty(item, USM_EMAIL_SENT);
}

/* ---- body ---- */

typedef struct text_t {
    const char *data;
    char *own; /* where more can be put behind it */
    apr_size_t len, room;
    apr_uint64_t size;
    int cut;
} text_t;

static int is_html(const ox_json_t *part)
{
    const char *type = ox_json_str(ox_json_get(part, "content_type"), NULL);
    return type && strncasecmp(type, "text/htm", 8) == 0;
}

static void text_add(text_t *t, const ox_json_t *part, apr_pool_t *pool)
{
    apr_size_t raw_len = 0, len;
    const char *raw = ox_json_str(ox_json_get(part, "content"), &raw_len);
    const char *clean = usm__text_clean(pool, raw, raw_len, &len);
    if (is_html(part))
        clean = usm__html_utf8(clean, &len, pool);
    apr_uint64_t size = (apr_uint64_t)ox_json_int(ox_json_get(part, "size"), 0);
    t->cut |= ox_json_true(ox_json_get(part, "truncated"));
    t->size += t->cut && size > len ? size : len;
    if (!t->data) {
        t->data = clean;
        t->len = len;
        return;
    }
    if (t->len + 1 + len > t->room) { /* a mail may have thousands of parts: twice as much each time */
        t->room = 2 * (t->len + 1 + len);
        t->data = t->own = memcpy(apr_palloc(pool, t->room), t->data, t->len);
    }
    t->own[t->len++] = '\n';
    memcpy(t->own + t->len, clean, len);
    t->len += len;
    t->size++;
}

static void form_set(usm_bodyform_t *form, const text_t *t, apr_uint64_t max, apr_pool_t *pool)
{
    if (!t->data)
        return;
    form->len = t->len > max ? usm__text_cut(t->data, t->len, (apr_size_t)max) : t->len;
    form->data = apr_pstrmemdup(pool, t->data, form->len);
    form->full_size = t->size;
    form->truncated = form->len < t->len || t->cut;
}

/* Is it a text part shown as the body, not a file? */
static int is_body_part(const ox_json_t *part)
{
    const char *disp = ox_json_str(ox_json_get(part, "disp"), NULL);
    return ox_json_str(ox_json_get(part, "content"), NULL) && !ox_json_str(ox_json_get(part, "filename"), NULL) &&
           !(disp && strcmp(disp, "attachment") == 0);
}

static int type_starts(const char *type, const char *with)
{
    return type && strncasecmp(type, with, strlen(with)) == 0;
}

static int is_signed(const ox_json_t *mail)
{
    const char *type = ox_json_str(ox_json_get(mail, "content_type"), NULL);
    return type_starts(type, "multipart/signed") || type_starts(type, "multipart/encrypted") ||
           type_starts(type, "application/pkcs7-mime") || type_starts(type, "application/x-pkcs7-mime");
}

/* With view=text the server has made text of whatever there was; the type of the message tells what. */
static int native_form(const ox_json_t *mail, const text_t *html)
{
    const char *type = ox_json_str(ox_json_get(mail, "content_type"), NULL);
    return html->data || type_starts(type, "text/html") || type_starts(type, "multipart/alternative") ||
                   type_starts(type, "multipart/related")
               ? USM_BODY_HTML
               : USM_BODY_TEXT;
}

static usm_body_t *read_body(const reading_t *g, const ox_json_t *mail)
{
    usm_body_t *body = apr_pcalloc(g->result_pool, sizeof *body);
    const ox_json_t *parts = ox_json_get(mail, "attachments");
    const usm_fetch_t *fetch = g->fetch;
    text_t text = {0}, html = {0};
    for (int i = 0; i < ox_json_count(parts); i++) {
        const ox_json_t *part = ox_json_at(parts, i);
        if (is_body_part(part))
            text_add(is_html(part) ? &html : &text, part, g->pool);
    }
    body->native = native_form(mail, &html);
    body->is_signed = is_signed(mail);
    /* A form that is not there is better served by the other one than by nothing. */
    if (fetch->body_forms & USM_BODY_TEXT || !html.data)
        form_set(&body->text, &text, fetch->body_forms & USM_BODY_TEXT ? fetch->text_max : fetch->html_max,
                 g->result_pool);
    if (fetch->body_forms & USM_BODY_HTML || !text.data)
        form_set(&body->html, &html, fetch->body_forms & USM_BODY_HTML ? fetch->html_max : fetch->text_max,
                 g->result_pool);
    return body;
}

/* ---- attachments ---- */

static const char *bare_cid(const char *cid, apr_pool_t *pool)
{
    if (!cid || *cid != '<')
        return cid;
    return apr_pstrmemdup(pool, cid + 1, strcspn(cid + 1, ">"));
}

static void add_attachment(apr_array_header_t *list, const ox_json_t *part, apr_pool_t *pool)
{
    usm_attachment_t a = {.id = ox_json_get_text(part, "id", pool)};
    const char *disp = ox_json_str(ox_json_get(part, "disp"), NULL);
    a.name = ox_json_get_text(part, "filename", pool);
    a.content_type = ox_json_get_text(part, "content_type", pool);
    a.content_id = bare_cid(ox_json_get_text(part, "cid", pool), pool);
    a.size = (apr_uint64_t)ox_json_int(ox_json_get(part, "size"), 0);
    a.is_inline = a.content_id != NULL && (!disp || strcmp(disp, "attachment") != 0);
    a.is_message = type_starts(a.content_type, "message/rfc822");
    if (!a.name || !*a.name)
        a.name = apr_pstrcat(pool, "part-", a.id ? a.id : "", a.is_message ? ".eml" : "", NULL);
    if (a.id && *a.id)
        APR_ARRAY_PUSH(list, usm_attachment_t) = a;
}

static void add_nested(apr_array_header_t *list, const ox_json_t *mail, apr_pool_t *pool)
{
    usm_attachment_t a = {.id = ox_json_get_text(mail, "id", pool), .content_type = "message/rfc822", .is_message = 1};
    const char *subject = ox_json_get_text(mail, "subject", pool);
    a.name = apr_pstrcat(pool, subject && *subject ? subject : "message", ".eml", NULL);
    a.size = (apr_uint64_t)ox_json_int(ox_json_get(mail, "size"), 0);
    if (a.id && *a.id)
        APR_ARRAY_PUSH(list, usm_attachment_t) = a;
}

/* What the HTML shows by its Content-ID is inline, whatever its disposition says: many senders call it attachment. */
static void mark_shown(apr_array_header_t *list, const ox_json_t *parts, apr_pool_t *pool)
{
    int looked = 0;
    for (int i = 0; i < list->nelts && looked < SHOWN_MAX; i++) {
        usm_attachment_t *a = &APR_ARRAY_IDX(list, i, usm_attachment_t);
        if (!a->content_id || !*a->content_id || a->is_inline)
            continue;
        const char *url = apr_pstrcat(pool, "cid:", a->content_id, NULL);
        looked++;
        for (int k = 0; k < ox_json_count(parts) && !a->is_inline; k++) {
            const ox_json_t *part = ox_json_at(parts, k);
            if (is_body_part(part) && is_html(part))
                a->is_inline = strstr(ox_json_str(ox_json_get(part, "content"), NULL), url) != NULL;
        }
    }
}

static void read_attachments(usm_item_t *item, const ox_json_t *mail)
{
    apr_array_header_t *list = apr_array_make(item->pool, 4, sizeof(usm_attachment_t));
    const ox_json_t *parts = ox_json_get(mail, "attachments"), *nested = ox_json_get(mail, "nested_msgs");
    for (int i = 0; i < ox_json_count(parts); i++) {
        if (!is_body_part(ox_json_at(parts, i)) && !ox_mail_part_hidden(ox_json_at(parts, i)))
            add_attachment(list, ox_json_at(parts, i), item->pool);
    }
    mark_shown(list, parts, item->pool);
    for (int i = 0; i < ox_json_count(nested); i++)
        add_nested(list, ox_json_at(nested, i), item->pool);
    usm_attachments_t *out = apr_palloc(item->pool, sizeof *out);
    out->count = list->nelts;
    out->items = (usm_attachment_t *)list->elts;
    usm_item_set_ptr(item, USM_EMAIL_ATTACHMENTS, list->nelts ? out : NULL);
}

/* ---- one mail's answer ---- */

static void take_mail(const reading_t *g, one_t *one, const ox_json_t *mail)
{
    const usm_fieldset_t *fields = &g->fetch->fields;
    apr_int64_t flags = ox_json_int(ox_json_get(mail, "flags"), 0);
    if (!ox_json_is_object(mail)) {
        one->get->error = USM_ERROR(g->result_pool, USM_EBACKEND, "mail without data");
        return;
    }
    if (flags & OX_DELETED)
        return;
    usm_item_t *item = usm_item_create(USM_EMAIL, g->result_pool);
    read_members(item, fields, mail);
    drop_odd_date(item);
    read_flags(item, fields, flags);
    read_headers(item, fields, mail);
    if (USM_FIELDSET_HAS(fields, USM_EMAIL_ATTACHMENTS))
        read_attachments(item, mail);
    if (USM_FIELDSET_HAS(fields, USM_EMAIL_BODY)) {
        usm_body_t *body = read_body(g, mail);
        usm_item_set_ptr(item, USM_EMAIL_BODY, body);
        one->want_mime = g->fetch->body_forms & USM_BODY_MIME ||
                         (g->fetch->body_forms & USM_BODY_MIME_IF_SIGNED && body->is_signed);
    }
    one->mail = mail;
    one->size = (apr_uint64_t)ox_json_int(ox_json_get(mail, "size"), 0);
    one->get->item = item;
    one->get->rev = ox_mail_rev(flags, ox_json_int(ox_json_get(mail, "color_label"), 0));
    one->get->edge = ox_json_time(ox_json_get(mail, "received_date"), 0);
}

/* A mail that is gone is no error; one that cannot be read is its own; a server that is down is everybody's. */
static usm_error_t *take_error(one_t *one, usm_error_t *err)
{
    usm_errclass_e cls = usm_error_class(err);
    one->get->item = NULL;
    if (cls == USM_CLASS_UNAVAILABLE || usm_error_is(err, USM_EFOLDER_GONE))
        return err;
    if (cls == USM_CLASS_NOTFOUND)
        usm_error_clear(err);
    else
        one->get->error = err;
    return NULL;
}

/* ---- the calls ---- */

static ox_json_t *request_for(const reading_t *g, const one_t *one)
{
    const usm_fetch_t *f = g->fetch;
    int want_body = USM_FIELDSET_HAS(&f->fields, USM_EMAIL_BODY);
    int text = want_body && f->body_forms & USM_BODY_TEXT, html = want_body && f->body_forms & USM_BODY_HTML;
    apr_uint64_t max = 1; /* the server takes 0 for no limit */
    if (text && f->text_max > max)
        max = f->text_max;
    if (html && f->html_max > max)
        max = f->html_max;
    return ox_request(g->pool, "mail", "get", "folder", g->folder->id, "id", one->get->id, "view",
                      text && !html ? "text" : "raw", "unseen", "true", "timezone", "UTC", "max_size",
                      max <= APR_INT32_MAX ? apr_psprintf(g->pool, "%" APR_UINT64_T_FMT, max) : NULL, NULL);
}

/* One batch: from mail @a first on as many as fit. *next_p is where the next one starts. */
static usm_error_t *read_batch(int *next_p, const reading_t *g, int first, apr_uint64_t each)
{
    ox_json_t *requests = ox_json_array(g->pool), *answers;
    apr_uint64_t bytes = 0;
    int last = first;
    for (; last < g->count; last++) {
        apr_uint64_t size = g->mails[last].size ? g->mails[last].size : BODY_USUAL, body = size < each ? size : each;
        apr_uint64_t cost = MAIL_FIXED + (body < ANSWER_MAX ? body : ANSWER_MAX);
        if (last > first && bytes + cost > ANSWER_MAX)
            break;
        bytes += cost;
        ox_json_add(requests, request_for(g, &g->mails[last]));
    }
    *next_p = last;
    usm_error_t *err = ox_multiple(&answers, g->call, requests, g->pool);
    if (usm_error_is(err, USM_ELIMIT) && last - first == 1) {
        g->mails[first].get->error = err;
        return NULL;
    }
    USM_ERR(err);
    for (int i = first; i < last; i++) {
        const ox_json_t *answer = ox_json_at(answers, i - first);
        err = ox_error_of(answer, g->result_pool);
        if (err)
            USM_ERR(take_error(&g->mails[i], err));
        else
            take_mail(g, &g->mails[i], ox_json_get(answer, "data"));
    }
    return NULL;
}

static usm_error_t *read_kinds(const reading_t *g)
{
    for (int i = 0; i < g->count && USM_FIELDSET_HAS(&g->fetch->fields, USM_EMAIL_KIND); i++) {
        const one_t *one = &g->mails[i];
        if (one->get->item)
            USM_ERR(ox_mail_kind(one->get->item, g->call, g->folder, one->get->id, one->mail, g->pool));
    }
    return NULL;
}

/* Sizes, when bodies are wanted whole and one call must not bring a hundred megabytes. */
static usm_error_t *read_sizes(reading_t *g)
{
    ox_answer_t answer;
    ox_json_t *list = ox_json_array(g->pool);
    for (int i = 0; i < g->count; i++) {
        ox_json_t *one = ox_json_object(g->pool);
        ox_json_set_text(one, "folder", g->folder->id);
        ox_json_set_text(one, "id", g->mails[i].get->id);
        ox_json_add(list, one);
        g->mails[i].size = 1; /* when the list does not have it: gone */
    }
    USM_ERR(ox_put(&answer, g->call, ox_path(g->pool, "mail", "action", "list", "columns", "600,608", NULL), list,
                   g->pool));
    for (int i = 0; i < ox_json_count(answer.data); i++) {
        const ox_json_t *row = ox_json_at(answer.data, i);
        const char *id = ox_json_text(ox_json_at(row, 0), g->pool);
        for (int k = 0; id && k < g->count; k++) {
            if (strcmp(g->mails[k].get->id, id) == 0)
                g->mails[k].size = (apr_uint64_t)ox_json_int(ox_json_at(row, 1), 0);
        }
    }
    return NULL;
}

/* ---- MIME ---- */

/* @a data: stays as long as the item. */
static void set_mime(const reading_t *g, one_t *one, const char *data, apr_size_t len)
{
    usm_body_t *body = (usm_body_t *)one->get->item->v[USM_EMAIL_BODY].u.body; /* made by read_body() */
    apr_size_t keep = len > g->fetch->mime_max ? (apr_size_t)g->fetch->mime_max : len;
    body->mime.data = data;
    body->mime.len = keep;
    body->mime.full_size = len;
    body->mime.truncated = keep < len;
}

static usm_error_t *take_piece(void *spool, const char *data, apr_size_t len)
{
    return usm_spool_add(spool, data, len);
}

static usm_error_t *read_raw(const reading_t *g, one_t *one)
{
    usm_spool_t *spool = usm_spool_create(g->result_pool);
    const char *data = NULL;
    apr_uint64_t seen;
    usm_error_t *err = ox_get_stream(&seen, g->call,
                                     ox_path(g->pool, "mail", "action", "get", "folder", g->folder->id, "id",
                                             one->get->id, "src", "1", "save", "1", "unseen", "true", NULL),
                                     RAW_MAX, take_piece, spool, g->pool);
    if (!err)
        err = usm_spool_data(&data, spool);
    if (err) {
        /* It was there a moment ago: not to be read is not to be gone. */
        one->get->item = NULL;
        if (usm_error_class(err) == USM_CLASS_UNAVAILABLE)
            return err;
        one->get->error = err;
        return NULL;
    }
    set_mime(g, one, data, usm_spool_len(spool));
    return NULL;
}

/* The source as a JSON string is exact only for 7-bit mails; others are read as bytes. */
static usm_error_t *take_source(const reading_t *g, one_t *one, const ox_json_t *answer)
{
    apr_size_t len = 0;
    usm_error_t *err = ox_error_of(answer, g->result_pool);
    if (err)
        return take_error(one, err);
    const char *source = ox_json_str(ox_json_get(answer, "data"), &len);
    if (!source || !usm__text_is_ascii(source, len))
        return read_raw(g, one);
    set_mime(g, one, apr_pstrmemdup(g->result_pool, source, len), len);
    return NULL;
}

static usm_error_t *read_sources(const reading_t *g)
{
    int i = 0;
    while (i < g->count) {
        ox_json_t *requests = ox_json_array(g->pool), *answers;
        one_t *batch[64];
        int n = 0;
        apr_uint64_t bytes = 0;
        for (; i < g->count && n < 64; i++) {
            one_t *one = &g->mails[i];
            if (!one->want_mime || !one->get->item)
                continue;
            if (one->size > ANSWER_MAX) {
                USM_ERR(read_raw(g, one));
                continue;
            }
            if (n > 0 && bytes + one->size > ANSWER_MAX)
                break;
            bytes += one->size;
            batch[n++] = one;
            ox_json_add(requests, ox_request(g->pool, "mail", "get", "folder", g->folder->id, "id", one->get->id, "src",
                                             "1", "unseen", "true", NULL));
        }
        if (n == 0)
            break;
        USM_ERR(ox_multiple(&answers, g->call, requests, g->pool));
        for (int k = 0; k < n; k++)
            USM_ERR(take_source(g, batch[k], ox_json_at(answers, k)));
    }
    return NULL;
}

usm_error_t *ox_mail_part(apr_uint64_t *size_p, usm_bcall_t *call, const usm_bref_t *folder, const char *id,
                          const char *part, usm_data_fn fn, void *baton, apr_pool_t *scratch_pool)
{
    return ox_get_stream(size_p, call,
                         ox_path(scratch_pool, "mail", "action", "attachment", "folder", folder->id, "id", id,
                                 "attachment", part, "save", "1", NULL),
                         PART_MAX, fn, baton, scratch_pool);
}

usm_error_t *ox_mail_get(usm_bget_t *gets, int count, usm_bcall_t *call, const usm_bref_t *folder,
                         const usm_fetch_t *fetch, apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    reading_t g = {.call = call, .folder = folder, .fetch = fetch, .count = count, .result_pool = result_pool,
                   .pool = scratch_pool};
    apr_uint64_t each = 0;
    g.mails = apr_pcalloc(scratch_pool, sizeof(one_t) * (apr_size_t)count);
    for (int i = 0; i < count; i++) {
        g.mails[i].get = &gets[i];
        gets[i].item = NULL;
        gets[i].error = NULL;
        gets[i].later = 0;
        gets[i].rev = 0;
        gets[i].edge = USM_TIME_NONE;
    }
    if (USM_FIELDSET_HAS(&fetch->fields, USM_EMAIL_BODY)) {
        each += fetch->body_forms & USM_BODY_TEXT ? fetch->text_max : 0;
        each += fetch->body_forms & USM_BODY_HTML && each + fetch->html_max > each ? fetch->html_max : 0;
        if (each > BODY_SURE)
            USM_ERR(read_sizes(&g));
    }
    int read = 0;
    USM_ERR(read_batch(&read, &g, 0, each));
    g.count = read; /* as much as one answer holds: whether more is wanted is known when these have been looked at */
    for (int i = read; i < count; i++)
        gets[i].later = 1;
    USM_ERR(read_kinds(&g));
    return read_sources(&g);
}
