/* SPDX-License-Identifier: Apache-2.0 */
/* Listings and counters. Rows are written as text: a folder may have 100,000 of them. */
#include "mail.h"

#include <stdlib.h>
#include <string.h>

const struct oxd_column mail_columns[] = {
    {102, "color_label", 0},
    {600, "id", 0},
    {601, "folder_id", 0},
    {602, "attachment", 0},
    {603, "from", 0},
    {604, "to", 0},
    {605, "cc", 0},
    {606, "bcc", 0},
    {607, "subject", 0},
    {608, "size", 0},
    {609, "sent_date", 0},
    {610, "received_date", 0},
    {611, "flags", 0},
    {612, "level", 0},
    {613, "disp_notification_to", 0},
    {614, "priority", 0},
    {615, "msg_ref", 0},
    {650, "folder", 0},
    {652, "account_name", 0},
    {653, "account_id", 0},
    {654, "original_id", 0},
    {655, "original_folder_id", 0},
    {656, "content_type", 0},
    {661, "date", 0},
    {662, "text_preview", 0},
    {663, "text_preview", 0},
    {309, "total", 0},
    {310, "new", 0},
    {311, "unread", 0},
    {312, "deleted", 0},
    {0, NULL, 0},
};

const struct oxd_colsel *mail_colsel(struct oxd_req *req, size_t *n)
{
    return oxd_columns(req, mail_columns, true, n);
}

/* First text body, short and on one line. */
static bool preview_take(void *baton, const char *text)
{
    GString *out = baton;
    for (const char *p = text; *p && out->len < 200; p = g_utf8_next_char(p)) {
        if (!g_ascii_isspace(*p)) {
            g_string_append_len(out, p, g_utf8_next_char(p) - p);
        } else if (out->len && out->str[out->len - 1] != ' ') {
            g_string_append_c(out, ' ');
        }
    }
    return true;
}

static void preview_write(GString *out, const struct oxd_user *user, const mail_msg_t *msg)
{
    GBytes *raw = mail_raw(user, msg);
    gsize len;
    const char *data = g_bytes_get_data(raw, &len);
    GString *text = g_string_new(NULL);
    mime_text_any(data ? data : "", len, preview_take, text);
    oxd_text_str(out, text->str);
    g_string_free(text, TRUE);
    g_bytes_unref(raw);
}

/* A header column. *raw is fetched when first needed and shared by the columns of a row. */
static void header_write(GString *out, const struct oxd_user *user, mail_msg_t *msg, const char *name, GBytes **raw)
{
    if (g_ascii_strcasecmp(name, "Message-ID") == 0) {
        oxd_text_json(out, mail_head(user, msg)->message_id);
        return;
    }
    if (g_ascii_strcasecmp(name, "References") == 0) {
        oxd_text_json(out, mail_head(user, msg)->references);
        return;
    }
    if (!*raw) {
        *raw = mail_raw(user, msg);
    }
    gsize len;
    const char *data = g_bytes_get_data(*raw, &len);
    json_t *value = mime_header_text(data ? data : "", len, name);
    oxd_text_json(out, value);
    json_decref(value);
}

/* Columns that need the parsed head. */
static void head_cell(GString *out, struct oxd_req *req, mail_msg_t *msg, int id)
{
    const mime_head_t *head = mail_head(req->user, msg);
    switch (id) {
    case 603:
        oxd_text_json(out, head->from);
        break;
    case 604:
        oxd_text_json(out, head->to);
        break;
    case 605:
        oxd_text_json(out, head->cc);
        break;
    case 606:
        oxd_text_json(out, head->bcc);
        break;
    case 607:
        oxd_text_str(out, head->subject ? json_string_value(head->subject) : "");
        break;
    case 609:
        if (head->sent < 0) {
            g_string_append(out, "null");
        } else {
            oxd_text_int(out, oxd_time_out(req->tz, head->sent));
        }
        break;
    case 613:
        oxd_text_json(out, head->notify);
        break;
    case 614:
        oxd_text_int(out, head->priority);
        break;
    default: /* 656 */
        oxd_text_json(out, head->content_type);
    }
}

static void cell_write(GString *out, struct oxd_req *req, const struct oxd_folder *f, mail_msg_t *msg, int id)
{
    int counts[4];
    switch (id) {
    case 102:
        oxd_text_int(out, msg->color);
        break;
    case 600:
    case 654:
        g_string_append_printf(out, "\"%u\"", msg->uid);
        break;
    case 601:
    case 650:
    case 655:
        oxd_text_str(out, f->id);
        break;
    case 602:
        g_string_append(out, mail_has_attachment(req->user, msg) ? "true" : "false");
        break;
    case 608:
        oxd_text_int(out, msg->size);
        break;
    case 610:
    case 661:
        oxd_text_int(out, oxd_time_out(req->tz, msg->received));
        break;
    case 611:
        oxd_text_int(out, msg->flags);
        break;
    case 612:
    case 653:
        g_string_append_c(out, '0');
        break;
    case 615:
        g_string_append(out, "null");
        break;
    case 652:
        oxd_text_str(out, req->user->email);
        break;
    case 662:
    case 663:
        preview_write(out, req->user, msg);
        break;
    case 309:
    case 310:
    case 311:
    case 312:
        oxs_mail.folder_counts(f, req->user, &counts[0], &counts[1], &counts[2], &counts[3]);
        oxd_text_int(out, counts[id - 309]);
        break;
    default:
        head_cell(out, req, msg, id);
    }
}

/* The cell of a column, whatever kind it is. */
static void column_write(GString *out, struct oxd_req *req, const struct oxd_folder *f, mail_msg_t *msg,
                         const struct oxd_colsel *col, GBytes **raw)
{
    if (col->col) {
        cell_write(out, req, f, msg, col->col->id);
    } else if (col->header) {
        header_write(out, req->user, msg, col->header, raw);
    } else {
        g_string_append(out, "null");
    }
}

void mail_row(GString *out, struct oxd_req *req, const struct oxd_folder *f, mail_msg_t *msg,
              const struct oxd_colsel *cols, size_t n)
{
    GBytes *raw = NULL;
    g_string_append_c(out, '[');
    for (size_t i = 0; i < n; i++) {
        if (i) {
            g_string_append_c(out, ',');
        }
        column_write(out, req, f, msg, &cols[i], &raw);
    }
    g_string_append_c(out, ']');
    g_clear_pointer(&raw, g_bytes_unref);
}

/* ---- which messages, in which order ---- */

/* The sort column of a request: a number or a column's name; 610 when absent. */
static int sort_key(const struct oxd_req *req)
{
    const char *sort = oxd_param(req, "sort");
    if (!sort || !*sort || strcmp(sort, "thread") == 0) {
        return 610;
    }
    for (const struct oxd_column *c = mail_columns; c->id; c++) {
        if (strcmp(c->name, sort) == 0) {
            return c->id;
        }
    }
    int key = atoi(sort);
    return key > 0 ? key : 610;
}

typedef struct pick {
    const mail_term_t *term;
    bool unseen, no_deleted;
} pick_t;

static bool picked(const pick_t *pick, const struct oxd_req *req, mail_msg_t *msg)
{
    if (pick->unseen && (msg->flags & MAIL_SEEN)) {
        return false;
    }
    if (pick->no_deleted && (msg->flags & MAIL_DELETED)) {
        return false;
    }
    return !pick->term || mail_term_match(pick->term, req, msg);
}

/* Messages the request wants, in its order, before limits. */
static GPtrArray *messages_pick(struct oxd_req *req, struct oxd_folder *f, const mail_term_t *term)
{
    pick_t pick = {
        .term = term,
        .unseen = oxd_param_bool(req, "unseen", false),
        .no_deleted = !oxd_param_bool(req, "deleted", true),
    };
    const char *order = oxd_param(req, "order");
    bool desc = order ? g_ascii_strcasecmp(order, "desc") == 0 : false;
    GPtrArray *all = mail_order(req->user, mail_box(f), sort_key(req));
    if (!desc && !term && !pick.unseen && !pick.no_deleted) {
        return all;
    }
    GPtrArray *out = g_ptr_array_sized_new(all->len);
    for (guint i = 0; i < all->len; i++) {
        mail_msg_t *msg = g_ptr_array_index(all, desc ? all->len - 1 - i : i);
        if (picked(&pick, req, msg)) {
            g_ptr_array_add(out, msg);
        }
    }
    g_ptr_array_unref(all);
    return out;
}

/* left_hand_limit and right_hand_limit, or limit=N or limit=from,to; the right end is not part of it. */
static bool limits_read(const struct oxd_req *req, guint total, guint *from, guint *to)
{
    int64_t left = oxd_param_int(req, "left_hand_limit", -1);
    int64_t right = oxd_param_int(req, "right_hand_limit", -1);
    const char *limit = oxd_param(req, "limit");
    if (left < 0 && right < 0 && limit && *limit) {
        const char *comma = strchr(limit, ',');
        left = comma ? g_ascii_strtoll(limit, NULL, 10) : 0;
        right = g_ascii_strtoll(comma ? comma + 1 : limit, NULL, 10);
    }
    bool chunk = left >= 0 || right >= 0;
    left = left < 0 ? 0 : left;
    right = right < 0 || right > total ? total : right;
    *from = left > right ? (guint)right : (guint)left;
    *to = (guint)right;
    return chunk;
}

static int rows_reply(struct oxd_req *req, struct oxd_folder *f, GPtrArray *msgs)
{
    size_t n;
    guint from;
    guint to;
    const struct oxd_colsel *cols = mail_colsel(req, &n);
    bool chunk = limits_read(req, msgs->len, &from, &to);
    GString *out = g_string_sized_new((gsize)(to - from) * 40 + 16);
    g_string_append_c(out, '[');
    for (guint i = from; i < to; i++) {
        if (i > from) {
            g_string_append_c(out, ',');
        }
        mail_row(out, req, f, g_ptr_array_index(msgs, i), cols, n);
    }
    g_string_append_c(out, ']');
    oxd_reply_text(req, out, -1);
    if (chunk) {
        oxd_reply_more(req, msgs->len);
    }
    return 0;
}

int mail_act_all(struct oxd_req *req)
{
    struct oxd_folder *f = mail_folder_param(req, "folder");
    if (!f || !oxd_param_need(req, "columns")) {
        return -1;
    }
    GPtrArray *msgs = messages_pick(req, f, NULL);
    int rc = rows_reply(req, f, msgs);
    g_ptr_array_unref(msgs);
    return rc;
}

int mail_act_search(struct oxd_req *req)
{
    struct oxd_folder *f = mail_folder_param(req, "folder");
    if (!f || !oxd_param_need(req, "columns")) {
        return -1;
    }
    mail_term_t *term = mail_term_parse(req, req->body);
    if (!term) {
        return -1;
    }
    GPtrArray *msgs = messages_pick(req, f, term);
    int rc = rows_reply(req, f, msgs);
    g_ptr_array_unref(msgs);
    mail_term_free(term);
    return rc;
}

int mail_act_list(struct oxd_req *req)
{
    size_t i;
    size_t n;
    json_t *row;
    json_t *body = oxd_body_array(req);
    if (!body || !oxd_param_need(req, "columns")) {
        return -1;
    }
    const struct oxd_colsel *cols = mail_colsel(req, &n);
    GString *out = g_string_new("[");
    json_array_foreach(body, i, row)
    {
        const char *fid = oxd_json_text(req, row, "folder");
        struct oxd_folder *f = mail_folder_id(req, fid ? fid : oxd_json_text(req, row, "folder_id"));
        if (!f) {
            g_string_free(out, TRUE);
            return -1;
        }
        mail_msg_t *msg = mail_find_id(mail_box(f), oxd_json_text(req, row, "id"));
        if (i) {
            g_string_append_c(out, ',');
        }
        if (msg) {
            mail_row(out, req, f, msg, cols, n);
        } else {
            g_string_append(out, "null");
        }
    }
    g_string_append_c(out, ']');
    return oxd_reply_text(req, out, -1);
}

/* ---- counters ---- */

int mail_act_examine(struct oxd_req *req)
{
    const char *id = oxd_param_need(req, "folder");
    if (!id) {
        return -1;
    }
    if (g_str_has_prefix(id, "default") && !g_str_has_prefix(id, "default0")) {
        return oxd_fail(req, "MSG-0078", "Unsupported operation.");
    }
    struct oxd_folder *f = mail_folder_id(req, id);
    if (!f) {
        return -1;
    }
    const mail_box_t *box = mail_box(f);
    GString *out = g_string_sized_new(96);
    g_string_printf(
        out, "{\"validity\":\"%" G_GINT64_FORMAT "\",\"total\":%zu,\"unread\":%d,\"next\":\"%" G_GINT64_FORMAT "\"}",
        f->uidvalidity, box->n, box->unread, f->uidnext);
    return oxd_reply_text(req, out, -1);
}

int mail_act_count(struct oxd_req *req)
{
    struct oxd_folder *f = mail_folder_param(req, "folder");
    return f ? oxd_reply(req, json_integer((json_int_t)mail_box(f)->n), -1) : -1;
}

int mail_act_updates(struct oxd_req *req)
{
    return mail_folder_param(req, "folder") ? oxd_reply(req, json_array(), -1) : -1;
}

/* ---- threads ---- */

typedef struct thread {
    GPtrArray *msgs; /* oldest first */
    int64_t newest;
} thread_t;

static void thread_free(gpointer p)
{
    thread_t *t = p;
    g_ptr_array_unref(t->msgs);
    g_free(t);
}

static int thread_compare(gconstpointer pa, gconstpointer pb)
{
    const thread_t *a = *(thread_t *const *)pa;
    const thread_t *b = *(thread_t *const *)pb;
    return a->newest < b->newest ? -1 : a->newest > b->newest;
}

/* The ids a message names as its ancestors, as one text. */
static char *ancestors(const struct oxd_user *user, const mail_msg_t *msg)
{
    GBytes *raw = mail_raw(user, msg);
    gsize len;
    const char *data = g_bytes_get_data(raw, &len);
    char *refs = mime_header_raw(data ? data : "", len, "References");
    if (!refs) {
        refs = mime_header_raw(data ? data : "", len, "In-Reply-To");
    }
    g_bytes_unref(raw);
    return refs;
}

/* The thread of one of the message's ancestors, or a new one. */
static thread_t *thread_for(GPtrArray *threads, GHashTable *by_id, const struct oxd_user *user, mail_msg_t *msg)
{
    thread_t *t = NULL;
    char *refs = ancestors(user, msg);
    char **ids = g_strsplit_set(refs ? refs : "", " \t,", -1);
    for (char **id = ids; *id && !t; id++) {
        t = g_hash_table_lookup(by_id, *id);
    }
    if (!t) {
        t = g_new0(thread_t, 1);
        t->msgs = g_ptr_array_new();
        g_ptr_array_add(threads, t);
    }
    for (char **id = ids; *id; id++) {
        if (**id == '<' && !g_hash_table_contains(by_id, *id)) {
            g_hash_table_insert(by_id, g_strdup(*id), t);
        }
    }
    g_strfreev(ids);
    g_free(refs);
    return t;
}

static GPtrArray *threads_make(const struct oxd_user *user, const GPtrArray *msgs)
{
    GPtrArray *threads = g_ptr_array_new_with_free_func(thread_free);
    GHashTable *by_id = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; i < msgs->len; i++) {
        mail_msg_t *msg = g_ptr_array_index(msgs, i);
        const char *own = json_string_value(mail_head(user, msg)->message_id);
        thread_t *t = own ? g_hash_table_lookup(by_id, own) : NULL;
        if (!t) {
            t = thread_for(threads, by_id, user, msg);
        }
        if (own) {
            g_hash_table_replace(by_id, g_strdup(own), t);
        }
        g_ptr_array_add(t->msgs, msg);
        t->newest = MAX(t->newest, msg->received);
    }
    g_hash_table_unref(by_id);
    return threads;
}

/* One message as an object with the columns' names. */
static void object_write(GString *out, struct oxd_req *req, const struct oxd_folder *f, mail_msg_t *msg,
                         const struct oxd_colsel *cols, size_t n)
{
    GBytes *raw = NULL;
    g_string_append_c(out, '{');
    for (size_t i = 0; i < n; i++) {
        if (i) {
            g_string_append_c(out, ',');
        }
        oxd_text_str(out, cols[i].col ? cols[i].col->name : cols[i].header ? cols[i].header : "");
        g_string_append_c(out, ':');
        column_write(out, req, f, msg, &cols[i], &raw);
    }
    g_clear_pointer(&raw, g_bytes_unref);
}

static void thread_write(GString *out, struct oxd_req *req, const struct oxd_folder *f, const thread_t *t,
                         const struct oxd_colsel *cols, size_t n)
{
    object_write(out, req, f, g_ptr_array_index(t->msgs, t->msgs->len - 1), cols, n);
    g_string_append(out, n ? ",\"thread\":[" : "\"thread\":[");
    for (guint i = t->msgs->len; i-- > 0;) {
        object_write(out, req, f, g_ptr_array_index(t->msgs, i), cols, n);
        g_string_append(out, i ? "}," : "}");
    }
    g_string_append(out, "]}");
}

int mail_act_threaded(struct oxd_req *req)
{
    size_t n;
    guint from;
    guint to;
    struct oxd_folder *f = mail_folder_param(req, "folder");
    if (!f || !oxd_param_need(req, "columns")) {
        return -1;
    }
    const struct oxd_colsel *cols = mail_colsel(req, &n);
    const char *order = oxd_param(req, "order");
    bool desc = !order || g_ascii_strcasecmp(order, "asc") != 0;
    GPtrArray *msgs = mail_order(req->user, mail_box(f), 610);
    GPtrArray *threads = threads_make(req->user, msgs);
    g_ptr_array_sort(threads, thread_compare);
    bool chunk = limits_read(req, threads->len, &from, &to);
    GString *out = g_string_new("[");
    for (guint i = from; i < to; i++) {
        if (i > from) {
            g_string_append_c(out, ',');
        }
        thread_write(out, req, f, g_ptr_array_index(threads, desc ? threads->len - 1 - i : i), cols, n);
    }
    g_string_append_c(out, ']');
    oxd_reply_text(req, out, -1);
    if (chunk) {
        oxd_reply_more(req, threads->len);
    }
    g_ptr_array_unref(threads);
    g_ptr_array_unref(msgs);
    return 0;
}
