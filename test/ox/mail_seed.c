/* SPDX-License-Identifier: Apache-2.0 */
/* Mail from seeds, state files and the control port. SEED-mail.md describes the rows. */
#include "mail.h"

#include <string.h>

#define GENERATE_MAX 1000000

/* ---- one row to one message ---- */

static GBytes *bytes_of_base64(const char *text)
{
    gsize len;
    guchar *data = g_base64_decode(text, &len);
    return g_bytes_new_take(data, len);
}

/* Attachments of a row: content as text or base64, or just a size. Bytes go into own. */
static GArray *row_files(const json_t *row, GPtrArray *own)
{
    GArray *files = g_array_new(FALSE, TRUE, sizeof(mime_file_t));
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(row, "attachments"), i, entry)
    {
        const char *text = json_string_value(json_object_get(entry, "text"));
        const char *b64 = json_string_value(json_object_get(entry, "base64"));
        int64_t size = MIN(json_integer_value(json_object_get(entry, "size")), 200000000);
        GBytes *bytes;
        if (b64) {
            bytes = bytes_of_base64(b64);
        } else if (text) {
            bytes = g_bytes_new(text, strlen(text));
        } else {
            char *fill = g_malloc((gsize)MAX(size, 0) + 1);
            memset(fill, 'x', (size_t)MAX(size, 0));
            bytes = g_bytes_new_take(fill, (gsize)MAX(size, 0));
        }
        g_ptr_array_add(own, bytes);
        mime_file_t file = {
            .name = json_string_value(json_object_get(entry, "name")),
            .type = json_string_value(json_object_get(entry, "type")),
            .cid = json_string_value(json_object_get(entry, "cid")),
            .data = g_bytes_get_data(bytes, NULL),
            .len = g_bytes_get_size(bytes),
        };
        if (!file.data) {
            file.data = "";
        }
        g_array_append_val(files, file);
    }
    return files;
}

/* The body entry: html and text together make an alternative of the HTML. */
static json_t *row_body(const json_t *row)
{
    const char *text = json_string_value(json_object_get(row, "text"));
    const char *html = json_string_value(json_object_get(row, "html"));
    const char *type = html ? (text ? "ALTERNATIVE" : "text/html") : "text/plain";
    return json_pack("{s:s, s:s}", "content_type", type, "content", html ? html : text ? text : "");
}

/* Raw bytes of a row of fields. serial tells rows with a count apart. */
static GBytes *row_build(const struct oxd_user *user, const json_t *row, int64_t received, int64_t serial)
{
    GPtrArray *own = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    GArray *files = row_files(row, own);
    json_t *mail = json_copy((json_t *)row);
    json_t *list = json_array();
    const char *subject = json_string_value(json_object_get(row, "subject"));
    const char *message_id = json_string_value(json_object_get(row, "message_id"));
    size_t len;
    json_array_append_new(list, row_body(row));
    json_object_set_new(mail, "attachments", list);
    if (!json_object_get(mail, "from")) {
        json_object_set_new(mail, "from", json_string("sender@example.net"));
    }
    if (!json_object_get(mail, "to")) {
        json_object_set_new(mail, "to", json_string(user->email));
    }
    if (!json_object_get(mail, "sent_date")) {
        json_object_set_new(mail, "sent_date", json_integer(received));
    }
    if (serial > 0) {
        json_object_set_new(mail, "subject", json_sprintf("%s %lld", subject ? subject : "Mail", (long long)serial));
    }
    char *text = mime_build(mail, (mime_file_t *)(void *)files->data, files->len, &len);
    if (message_id) {
        size_t dropped;
        char *bare = mime_header_drop(text, len, "Message-ID", &dropped);
        g_free(text);
        text = mime_header_put(bare, dropped, "Message-ID", message_id, &len);
        g_free(bare);
    }
    json_decref(mail);
    g_array_free(files, TRUE);
    g_ptr_array_unref(own);
    return g_bytes_new_take(text, len);
}

static GBytes *row_raw(const struct oxd_user *user, const json_t *row, int64_t received, int64_t serial)
{
    const json_t *raw = json_object_get(row, "raw");
    const char *b64 = json_string_value(json_object_get(row, "raw64"));
    if (b64) {
        return bytes_of_base64(b64);
    }
    if (json_is_string(raw)) {
        return g_string_free_to_bytes(mail_crlf(json_string_value(raw), json_string_length(raw)));
    }
    return row_build(user, row, received, serial);
}

/* Adds all mails of one row. `last` gets the newest of them, NULL when there was none. */
static void row_add(const struct oxd_user *user, struct oxd_folder *f, const json_t *row, mail_msg_t **last)
{
    int64_t count = json_object_get(row, "count") ? json_integer_value(json_object_get(row, "count")) : 1;
    const json_t *when = json_object_get(row, "date") ? json_object_get(row, "date") : json_object_get(row, "received");
    int64_t date = when ? json_integer_value(when) : oxd_now();
    int64_t age = (int64_t)(json_number_value(json_object_get(row, "age_days")) * 86400000.0);
    int64_t uid = json_integer_value(json_object_get(row, "uid"));
    int flags = (int)json_integer_value(json_object_get(row, "flags"));
    int color = (int)json_integer_value(json_object_get(row, "color"));
    *last = NULL;
    if (uid >= f->uidnext && uid < UINT32_MAX) {
        f->uidnext = uid;
    }
    for (int64_t i = 0; i < MIN(count, GENERATE_MAX); i++) {
        int64_t received = date - age + i * 60000;
        GBytes *raw = row_raw(user, row, received, count > 1 ? i + 1 : 0);
        *last = mail_add(f, raw, flags, color, received);
        g_bytes_unref(raw);
    }
}

/* {"generate":N,"seed":s,"until":ms}: only numbers are kept. */
static void row_generate(const struct oxd_user *user, struct oxd_folder *f, const json_t *row)
{
    int64_t count = MIN(json_integer_value(json_object_get(row, "generate")), GENERATE_MAX);
    int64_t seed = json_object_get(row, "seed") ? json_integer_value(json_object_get(row, "seed")) : 1;
    const json_t *until = json_object_get(row, "until");
    int64_t newest = until ? json_integer_value(until) : INT64_C(1700000000000);
    GString *raw = g_string_sized_new(65536);
    for (int64_t i = 0; i < count; i++) {
        int64_t received;
        int flags;
        int color;
        mail_gen_meta((uint32_t)seed, (uint32_t)i, (uint32_t)count, newest, &received, &flags, &color);
        g_string_truncate(raw, 0);
        mail_gen_raw(user, (uint32_t)seed, (uint32_t)i, received, raw);
        mail_add_generated(f, (uint32_t)seed, (uint32_t)i, (uint32_t)raw->len, flags, color, received);
    }
    g_string_free(raw, TRUE);
}

/* ---- seed ---- */

/* The folder by path below default0 ("INBOX/Project"); missing ones are made. NULL: a name is empty. */
static struct oxd_folder *folder_ensure(struct oxd_user *user, const char *path)
{
    struct oxd_folder *f = user->mail_root;
    char **names = g_strsplit(g_str_has_prefix(path, "default0/") ? path + 9 : path, "/", -1);
    for (char **name = names; f && *name; name++) {
        char *id = g_strdup_printf("%s/%s", f->id, *name);
        struct oxd_folder *kid = **name ? oxd_folder_find(user->ctx, user, id) : NULL;
        f = kid || !**name ? kid : oxd_mail_folder_new(user, f, *name, OXF_NONE);
        g_free(id);
    }
    g_strfreev(names);
    return f;
}

int mail_seed_load(struct oxd_ctx *ctx, struct oxd_user *user, const json_t *seed, char **err)
{
    size_t i;
    json_t *row;
    json_array_foreach(user ? json_object_get(seed, "mails") : NULL, i, row)
    {
        const char *id = json_string_value(json_object_get(row, "folder"));
        struct oxd_folder *f = folder_ensure(user, id ? id : "default0/INBOX");
        mail_msg_t *last;
        if (!f || !f->parent) {
            *err = g_strdup_printf("mails[%zu]: no mail folder %s", i, id ? id : "default0/INBOX");
            return -1;
        }
        if (json_object_get(row, "uidvalidity")) {
            f->uidvalidity = json_integer_value(json_object_get(row, "uidvalidity"));
        }
        if (json_object_get(row, "generate")) {
            row_generate(user, f, row);
        } else {
            row_add(user, f, row, &last);
        }
        if (json_integer_value(json_object_get(row, "uidnext")) > f->uidnext) {
            f->uidnext = json_integer_value(json_object_get(row, "uidnext"));
        }
    }
    return 0;
}

/* ---- dump and restore: [uid, flags, colour, received, what] per mail ---- */

static json_t *msg_dump(const mail_msg_t *msg)
{
    json_t *what;
    gsize len;
    if (!msg->raw) {
        what = json_pack("[I, I, I]", (json_int_t)msg->gen_seed, (json_int_t)msg->gen_index, (json_int_t)msg->size);
    } else {
        const char *data = g_bytes_get_data(msg->raw, &len);
        if (data && g_utf8_validate_len(data, len, NULL)) {
            what = json_stringn_nocheck(data, len);
        } else {
            char *b64 = g_base64_encode((const guchar *)(data ? data : ""), len);
            what = json_pack("{s:s}", "base64", b64);
            g_free(b64);
        }
    }
    return json_pack("[I, i, i, I, o]", (json_int_t)msg->uid, (int)msg->flags, (int)msg->color,
                     (json_int_t)msg->received, what);
}

static json_t *user_dump(const struct oxd_user *user)
{
    json_t *out = json_object();
    GHashTableIter it;
    gpointer value;
    g_hash_table_iter_init(&it, user->mail_folders);
    while (g_hash_table_iter_next(&it, NULL, &value)) {
        const struct oxd_folder *f = value;
        const mail_box_t *box = mail_box_peek(f);
        json_t *rows = json_array();
        for (size_t i = 0; box && i < box->n; i++) {
            json_array_append_new(rows, msg_dump(box->v[i]));
        }
        json_object_set_new(out, f->id, rows);
    }
    return out;
}

json_t *mail_dump(const struct oxd_ctx *ctx)
{
    json_t *out = json_object();
    for (guint i = 0; i < ctx->users->len; i++) {
        const struct oxd_user *user = g_ptr_array_index(ctx->users, i);
        char id[16];
        g_snprintf(id, sizeof(id), "%d", user->id);
        json_object_set_new(out, id, user_dump(user));
    }
    return out;
}

static bool msg_restore(struct oxd_folder *f, const json_t *row)
{
    json_int_t uid;
    json_int_t received;
    int flags;
    int color;
    json_t *what;
    if (json_unpack((json_t *)row, "[I, i, i, I, o]", &uid, &flags, &color, &received, &what) || uid <= 0) {
        return false;
    }
    int64_t next = f->uidnext;
    f->uidnext = uid;
    if (json_is_array(what)) {
        mail_add_generated(f, (uint32_t)json_integer_value(json_array_get(what, 0)),
                           (uint32_t)json_integer_value(json_array_get(what, 1)),
                           (uint32_t)json_integer_value(json_array_get(what, 2)), flags, color, received);
    } else {
        const char *b64 = json_string_value(json_object_get(what, "base64"));
        GBytes *raw = b64 ? bytes_of_base64(b64) : g_bytes_new(json_string_value(what), json_string_length(what));
        mail_add(f, raw, flags, color, received);
        g_bytes_unref(raw);
    }
    f->uidnext = MAX(next, f->uidnext);
    return true;
}

int mail_restore(struct oxd_ctx *ctx, const json_t *state, char **err)
{
    const char *user_id;
    json_t *folders;
    json_object_foreach((json_t *)state, user_id, folders)
    {
        struct oxd_user *user = oxd_user_find(ctx, (int)g_ascii_strtoll(user_id, NULL, 10));
        const char *id;
        json_t *rows;
        json_object_foreach(folders, id, rows)
        {
            struct oxd_folder *f = user ? oxd_folder_find(ctx, user, id) : NULL;
            size_t i;
            json_t *row;
            json_array_foreach(rows, i, row)
            {
                if (!f || !msg_restore(f, row)) {
                    *err = g_strdup_printf("mail of user %s, folder %s, row %zu", user_id, id, i);
                    return -1;
                }
            }
        }
    }
    return 0;
}

/* ---- control ---- */

static struct oxd_folder *control_folder(struct oxd_req *req, const json_t *body)
{
    const char *id = oxd_json_text(req, body, "folder");
    if (!req->user) {
        oxd_fail(req, "SVL-0002", "user is missing");
        return NULL;
    }
    return mail_folder_id(req, id ? id : "default0/INBOX");
}

static int control_deliver(struct oxd_req *req, const json_t *body)
{
    struct oxd_folder *f = control_folder(req, body);
    mail_msg_t *last = NULL;
    if (!f) {
        return -1;
    }
    if (json_object_get(body, "generate")) {
        row_generate(req->user, f, body);
        return oxd_reply(req, mail_path(f, mail_box(f)->v[mail_box(f)->n - 1]), -1);
    }
    row_add(req->user, f, body, &last);
    if (!last) {
        return oxd_fail(req, "SVL-0003", "count must be positive");
    }
    if (!json_is_true(json_object_get(body, "silent"))) {
        mail_announce(req->user, f, last);
    }
    return oxd_reply(req, mail_path(f, last), -1);
}

static int control_validity(struct oxd_req *req, const json_t *body)
{
    struct oxd_folder *f = control_folder(req, body);
    if (!f) {
        return -1;
    }
    mail_box_t *box = mail_box(f);
    f->uidvalidity = oxd_new_uidvalidity();
    f->uidnext = 1;
    /* What a mail server does after it lost its index: every mail gets a new UID in the old order. */
    for (size_t i = 0; i < box->n; i++) {
        box->v[i]->uid = (uint32_t)f->uidnext++;
    }
    return oxd_reply(
        req, json_pack("{s:I, s:I}", "validity", (json_int_t)f->uidvalidity, "next", (json_int_t)f->uidnext), -1);
}

static int control_flags(struct oxd_req *req, const json_t *body)
{
    struct oxd_folder *f = control_folder(req, body);
    const char *id = oxd_json_text(req, body, "id");
    mail_msg_t *msg = f ? mail_find_id(mail_box(f), id) : NULL;
    if (!f) {
        return -1;
    }
    if (!msg) {
        return mail_fail_gone(req, f, id ? id : "");
    }
    if (json_object_get(body, "flags")) {
        mail_flags_set(mail_box(f), msg, (int)json_integer_value(json_object_get(body, "flags")));
    }
    if (json_object_get(body, "color")) {
        msg->color = (uint8_t)(json_integer_value(json_object_get(body, "color")) % 11);
    }
    return oxd_reply(req, mail_path(f, msg), -1);
}

static int control_expunge(struct oxd_req *req, const json_t *body)
{
    struct oxd_folder *f = control_folder(req, body);
    const char *id = f ? oxd_json_text(req, body, "id") : NULL;
    mail_msg_t *msg = id ? mail_find_id(mail_box(f), id) : NULL;
    if (!f) {
        return -1;
    }
    if (!id) {
        mail_empty(req->user, f, true);
    } else if (msg) {
        mail_remove(f, msg);
    } else {
        return mail_fail_gone(req, f, id);
    }
    return oxd_reply(req, json_true(), -1);
}

static int control_outbox(struct oxd_req *req, const json_t *body)
{
    return oxd_reply(req, mail_outbox(json_is_true(json_object_get(body, "forget"))), -1);
}

static int control_imap(struct oxd_req *req, const json_t *body)
{
    const char *login = oxd_json_text(req, body, "login"), *password = oxd_json_text(req, body, "password");
    int port = (int)json_integer_value(json_object_get(body, "port"));
    if (req->user && json_object_get(body, "port") && !port) {
        mail_imap_detach(req->user);
        return oxd_reply(req, json_true(), -1);
    }
    if (!req->user || !login || !password || port <= 0 || req->user->mail) {
        return oxd_fail(req, "SVL-0003", "op imap wants user, port, login and password, once");
    }
    mail_imap_attach(req->user, port, login, password);
    return oxd_reply(req, json_true(), -1);
}

static const struct {
    const char *op;
    int (*run)(struct oxd_req *req, const json_t *body);
} ops[] = {
    {"deliver", control_deliver}, {"validity", control_validity}, {"flags", control_flags},
    {"expunge", control_expunge}, {"outbox", control_outbox},   {"imap", control_imap},
};

int mail_control(struct oxd_req *req)
{
    const json_t *body = oxd_body_object(req);
    if (!body) {
        return -1;
    }
    const char *op = oxd_json_text(req, body, "op");
    for (size_t i = 0; i < G_N_ELEMENTS(ops); i++) {
        if (strcmp(ops[i].op, op ? op : "deliver") == 0) {
            return ops[i].run(req, body);
        }
    }
    return oxd_fail(req, "SVL-0003", "unknown op %s", op);
}
