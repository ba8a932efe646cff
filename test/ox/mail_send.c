/* SPDX-License-Identifier: Apache-2.0 */
/* Sending, storing and importing messages, and their delivery to the other users of the stand-in. */
#include "mail.h"
#include "server.h"

#include <string.h>

#define OUTBOX_MAX 1000

/* ---- bytes on their way in ---- */

/* What a server does that takes the body as text and writes it as ASCII: each character beyond 127 becomes one '?'. */
static GString *ascii_damage(const char *raw, size_t len)
{
    GString *out = g_string_sized_new(len + 1);
    const char *end = raw + len;
    for (const char *p = raw; p < end;) {
        if ((unsigned char)*p < 128) {
            g_string_append_c(out, *p++);
            continue;
        }
        gunichar ch = g_utf8_get_char_validated(p, end - p);
        g_string_append_c(out, '?');
        p = (ch == (gunichar)-1 || ch == (gunichar)-2) ? p + 1 : g_utf8_next_char(p);
    }
    return out;
}

GString *mail_crlf(const char *raw, size_t len)
{
    GString *out = g_string_sized_new(len + len / 32 + 1);
    for (size_t i = 0; i < len; i++) {
        if (raw[i] == '\n' && (i == 0 || raw[i - 1] != '\r')) {
            g_string_append_c(out, '\r');
        }
        g_string_append_c(out, raw[i]);
    }
    return out;
}

/* Replaces the text by a changed copy that mime_header_* made. */
static void take(GString *s, char *text, size_t len)
{
    g_string_truncate(s, 0);
    g_string_append_len(s, text, (gssize)len);
    g_free(text);
}

static void header_put(GString *s, const char *name, const char *value)
{
    size_t len;
    char *text = mime_header_put(s->str, s->len, name, value, &len);
    take(s, text, len);
}

static void header_drop(GString *s, const char *name)
{
    size_t len;
    char *text = mime_header_drop(s->str, s->len, name, &len);
    take(s, text, len);
}

static bool header_missing(const GString *s, const char *name)
{
    char *value = mime_header_raw(s->str, s->len, name);
    bool missing = !value || !*value;
    g_free(value);
    return missing;
}

/* "Mon, 20 Nov 2023 09:00:00 +0000", in English whatever the locale. */
static char *date_text(int64_t utc)
{
    static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    GDateTime *t = g_date_time_new_from_unix_utc(utc / 1000);
    char *out =
        g_strdup_printf("%s, %d %s %d %02d:%02d:%02d +0000", days[g_date_time_get_day_of_week(t) - 1],
                        g_date_time_get_day_of_month(t), months[g_date_time_get_month(t) - 1], g_date_time_get_year(t),
                        g_date_time_get_hour(t), g_date_time_get_minute(t), g_date_time_get_second(t));
    g_date_time_unref(t);
    return out;
}

/* Adds what a server adds: Date and Message-ID. */
static void stamps_add(GString *s)
{
    static gint serial;
    if (header_missing(s, "Message-ID")) {
        char *id =
            g_strdup_printf("<%" G_GINT64_FORMAT ".%d@ox.example.org>", oxd_now(), g_atomic_int_add(&serial, 1) + 1);
        header_put(s, "Message-ID", id);
        g_free(id);
    }
    if (header_missing(s, "Date")) {
        char *date = date_text(oxd_now());
        header_put(s, "Date", date);
        g_free(date);
    }
}

/* Puts the user's address in when there is no From; else sets MSG-0056 when it is a stranger's. */
static bool sender_check(struct oxd_req *req, GString *s)
{
    if (header_missing(s, "From")) {
        header_put(s, "From", req->user->email);
        return true;
    }
    char *text = mime_header_raw(s->str, s->len, "From");
    json_t *list = mime_addresses(text);
    const char *addr = json_string_value(json_array_get(json_array_get(list, 0), 1));
    bool ok = oxd_param_bool(req, "force", false) || (addr && oxd_user_owns_address(req->user, addr));
    if (!ok) {
        oxd_fail(req, "MSG-0056", "Invalid or unknown sender address: %s", addr ? addr : text);
    }
    json_decref(list);
    g_free(text);
    return ok;
}

/* ---- delivery ---- */

static GMutex outbox_lock;
static json_t *outbox;

static void outbox_add(const struct oxd_user *sender, const json_t *to, const GString *raw)
{
    json_t *row = json_pack("{s:s, s:O, s:o}", "from", sender ? sender->email : "", "to", to, "raw",
                            mime_json_text(raw->str, raw->len));
    g_mutex_lock(&outbox_lock);
    if (!outbox) {
        outbox = json_array();
    }
    if (json_array_size(outbox) >= OUTBOX_MAX) {
        json_array_remove(outbox, 0);
    }
    json_array_append_new(outbox, row);
    g_mutex_unlock(&outbox_lock);
}

json_t *mail_outbox(bool forget)
{
    g_mutex_lock(&outbox_lock);
    json_t *out = outbox ? json_copy(outbox) : json_array();
    if (forget && outbox) {
        json_array_clear(outbox);
    }
    g_mutex_unlock(&outbox_lock);
    return out;
}

/* Addresses of the recipient headers, each once, as JSON strings. */
static json_t *recipients(const char *raw, size_t len)
{
    json_t *out = json_array();
    GHashTable *seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    mime_head_t *head = mime_head_new(raw, len);
    const json_t *lists[] = {head->to, head->cc, head->bcc};
    for (size_t l = 0; l < G_N_ELEMENTS(lists); l++) {
        size_t i;
        json_t *row;
        json_array_foreach(lists[l], i, row)
        {
            const char *addr = json_string_value(json_array_get(row, 1));
            if (addr && *addr && g_hash_table_add(seen, g_ascii_strdown(addr, -1))) {
                json_array_append_new(out, json_string(addr));
            }
        }
    }
    mime_head_free(head);
    g_hash_table_unref(seen);
    return out;
}

void mail_announce(const struct oxd_user *user, const struct oxd_folder *f, mail_msg_t *msg)
{
    const mime_head_t *head = mail_head(user, msg);
    const json_t *first = json_array_get(head->from, 0);
    const char *name = json_string_value(json_array_get(first, 0));
    const char *addr = json_string_value(json_array_get(first, 1));
    const char *subject = head->subject ? json_string_value(head->subject) : "";
    char *from = name ? g_strdup_printf("%s <%s>", name, addr ? addr : "") : g_strdup(addr ? addr : "");
    const mail_box_t *box = f->mail;
    oxd_event_mail(user, f, msg->uid, from, subject, subject, box ? box->unread : 0);
    g_free(from);
}

static void deliver_to(const char *addr, GBytes *raw, GHashTable *done)
{
    for (guint i = 0; i < oxd_world->ctxs->len; i++) {
        struct oxd_user *user = oxd_user_by_address(g_ptr_array_index(oxd_world->ctxs, i), addr);
        struct oxd_folder *inbox = user ? oxd_mail_folder_std(user, OXF_INBOX) : NULL;
        if (inbox && g_hash_table_add(done, user)) {
            mail_announce(user, inbox, mail_add(inbox, raw, 0, 0, -1));
        }
    }
}

void mail_deliver(const struct oxd_user *sender, GBytes *raw)
{
    size_t i;
    json_t *addr;
    gsize len;
    const char *data = g_bytes_get_data(raw, &len);
    json_t *to = recipients(data, len);
    GString *text = g_string_new_len(data, (gssize)len);
    GHashTable *done = g_hash_table_new(g_direct_hash, g_direct_equal);
    header_drop(text, "Bcc");
    outbox_add(sender, to, text);
    GBytes *out = g_string_free_to_bytes(text);
    json_array_foreach(to, i, addr)
    {
        deliver_to(json_string_value(addr), out, done);
    }
    g_hash_table_unref(done);
    g_bytes_unref(out);
    json_decref(to);
}

/* ---- new ---- */

/* Keeps the copy of a sent message. *path: NULL when none is wanted. */
static int sent_copy(struct oxd_req *req, GBytes *raw, json_t **path)
{
    const char *wish = oxd_param(req, "copy2Sent");
    bool keep = wish && *wish ? oxd_param_bool(req, "copy2Sent", true) : !req->user->no_sent_copy;
    struct oxd_folder *sent = oxd_mail_folder_std(req->user, OXF_SENT);
    *path = NULL;
    if (!keep || !sent) {
        return 0;
    }
    if (!mail_room(req->user, (int64_t)g_bytes_get_size(raw))) {
        return oxd_fail(req, "MSG-0042",
                        "The message has been sent, but could not be copied to the sent folder: quota exceeded.");
    }
    int flags = (int)oxd_param_int(req, "flags", 0) | MAIL_SEEN;
    *path = mail_path(sent, mail_add(sent, raw, flags, 0, -1));
    return 0;
}

/* Checks, stamps, delivers and copies. Takes s. */
static int message_send(struct oxd_req *req, GString *s, json_t **path)
{
    *path = NULL;
    if (!sender_check(req, s)) {
        g_string_free(s, TRUE);
        return -1;
    }
    if (oxd_param_bool(req, "new", false)) {
        header_drop(s, "Message-ID");
    }
    stamps_add(s);
    header_put(s, "X-Originating-Client", req->session ? req->session->client : "control");
    json_t *to = recipients(s->str, s->len);
    bool nobody = json_array_size(to) == 0;
    json_decref(to);
    if (nobody) {
        g_string_free(s, TRUE);
        return oxd_fail(req, "MSG-0114", "The message has no recipients.");
    }
    GBytes *raw = g_string_free_to_bytes(s);
    mail_deliver(req->user, raw);
    int rc = sent_copy(req, raw, path);
    g_bytes_unref(raw);
    return rc;
}

/* Stores into a folder. Takes s. NULL: error set. */
static mail_msg_t *message_store(struct oxd_req *req, struct oxd_folder *f, GString *s, int flags)
{
    if (!mail_room(req->user, (int64_t)s->len)) {
        g_string_free(s, TRUE);
        mail_fail_quota(req);
        return NULL;
    }
    GBytes *raw = g_string_free_to_bytes(s);
    mail_msg_t *msg = mail_add(f, raw, flags, 0, -1);
    g_bytes_unref(raw);
    return msg;
}

static int new_raw(struct oxd_req *req)
{
    const char *folder = oxd_param(req, "folder");
    json_t *path;
    /* Inside `multiple` the message is a JSON string. */
    const char *text = json_is_string(req->body) ? json_string_value(req->body) : req->raw;
    size_t len = json_is_string(req->body) ? json_string_length(req->body) : req->raw_len;
    if (!text || !len) {
        return oxd_fail(req, "SVL-0003", "No message in the request body.");
    }
    GString *ascii = ascii_damage(text, len);
    GString *s = mail_crlf(ascii->str, ascii->len);
    g_string_free(ascii, TRUE);
    if (!folder) {
        return message_send(req, s, &path) ? -1 : oxd_reply(req, path ? path : json_null(), -1);
    }
    struct oxd_folder *f = mail_folder_id(req, folder);
    if (!f) {
        g_string_free(s, TRUE);
        return -1;
    }
    stamps_add(s);
    mail_msg_t *msg = message_store(req, f, s, (int)oxd_param_int(req, "flags", 0));
    return msg ? oxd_reply(req, mail_path(f, msg), -1) : -1;
}

/* ---- structured messages ---- */

/* "default0/INBOX/4710" → folder and mail; NULL when it is gone. */
static mail_msg_t *ref_find(struct oxd_req *req, const char *ref, struct oxd_folder **f)
{
    const char *slash = ref ? strrchr(ref, '/') : NULL;
    if (!slash) {
        return NULL;
    }
    char *fid = g_strndup(ref, (gsize)(slash - ref));
    *f = oxd_folder_find(req->ctx, req->user, fid);
    g_free(fid);
    return *f && (*f)->kind == OXK_MAIL ? mail_find_id(mail_box(*f), slash + 1) : NULL;
}

/* Parts of the original that the mail object names by id go along. */
static void files_from_ref(struct oxd_req *req, const json_t *mail, const mail_msg_t *ref, GArray *files,
                           GPtrArray *own)
{
    size_t i;
    json_t *entry;
    gsize len;
    GBytes *raw = mail_raw(req->user, ref);
    const char *data = g_bytes_get_data(raw, &len);
    g_ptr_array_add(own, raw);
    json_array_foreach(json_object_get(mail, "attachments"), i, entry)
    {
        const char *id = oxd_json_text(req, entry, "id");
        mime_bytes_t part;
        if (i == 0 || !id || !data || !mime_part(data, len, id, NULL, &part)) {
            continue;
        }
        mime_file_t file = {
            .name = part.name ? oxd_req_strdup(req, part.name) : NULL,
            .type = oxd_req_strdup(req, part.type),
            .len = part.len,
        };
        GBytes *bytes = g_bytes_new(part.data, part.len);
        file.data = g_bytes_get_data(bytes, NULL);
        g_ptr_array_add(own, bytes);
        g_array_append_val(files, file);
        mime_bytes_free(&part);
    }
}

static void files_from_upload(const struct oxd_req *req, GArray *files)
{
    for (guint i = 0; req->parts && i < req->parts->len; i++) {
        const struct oxd_part *part = g_ptr_array_index(req->parts, i);
        if (part->name && g_str_has_prefix(part->name, "file")) {
            mime_file_t file = {
                .name = part->filename, .type = part->content_type, .data = part->data, .len = part->len};
            g_array_append_val(files, file);
        }
    }
}

/* The message of a mail object with its uploads and the parts of the mail it refers to. */
static GString *message_build(struct oxd_req *req, const json_t *mail, const mail_msg_t *ref)
{
    GArray *files = g_array_new(FALSE, TRUE, sizeof(mime_file_t));
    GPtrArray *own = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    size_t len;
    if (ref) {
        files_from_ref(req, mail, ref, files, own);
    }
    files_from_upload(req, files);
    char *text = mime_build(mail, (mime_file_t *)(void *)files->data, files->len, &len);
    GString *out = g_string_new_len(text, (gssize)len);
    g_free(text);
    g_array_free(files, TRUE);
    g_ptr_array_unref(own);
    return out;
}

/* Replies name the mail they answer. */
static void reference_put(const struct oxd_user *user, mail_msg_t *ref, GString *s)
{
    const char *id = json_string_value(mail_head(user, ref)->message_id);
    if (id && header_missing(s, "In-Reply-To")) {
        header_put(s, "References", id);
        header_put(s, "In-Reply-To", id);
    }
}

enum { SEND_NEW, SEND_REPLY, SEND_FORWARD, SEND_DRAFT_EDIT, SEND_DRAFT, SEND_DRAFT_NO_DELETE, SEND_DRAFT_DELETE };

static void ref_mark(mail_msg_t *ref, struct oxd_folder *f, int sendtype)
{
    if (sendtype == SEND_REPLY) {
        mail_flags_set(mail_box(f), ref, ref->flags | MAIL_ANSWERED);
    } else if (sendtype == SEND_FORWARD) {
        mail_flags_set(mail_box(f), ref, ref->flags | MAIL_FORWARDED);
    } else if (sendtype == SEND_DRAFT_EDIT || sendtype == SEND_DRAFT_DELETE) {
        mail_remove(f, ref);
    }
}

/* "default0/Sent/123" */
static json_t *path_text(const struct oxd_folder *f, const mail_msg_t *msg)
{
    return json_sprintf("%s/%u", f->id, msg->uid);
}

/* Into Drafts; the draft it replaces goes away. Takes s. */
static int draft_store(struct oxd_req *req, GString *s, struct oxd_folder *old_folder, mail_msg_t *old)
{
    struct oxd_folder *drafts = oxd_mail_folder_std(req->user, OXF_DRAFTS);
    mail_msg_t *msg = drafts ? message_store(req, drafts, s, MAIL_DRAFT | MAIL_SEEN) : NULL;
    if (!msg) {
        return -1;
    }
    if (old && (old->flags & MAIL_DRAFT)) {
        mail_remove(old_folder, old);
    }
    return oxd_reply(req, path_text(drafts, msg), -1);
}

static int new_structured(struct oxd_req *req)
{
    json_t *mail = oxd_body_object(req);
    struct oxd_folder *ref_folder = NULL;
    json_t *path;
    oxd_reply_as_html(req, "new");
    if (!mail) {
        return -1;
    }
    int sendtype = (int)json_integer_value(json_object_get(mail, "sendtype"));
    int flags = (int)json_integer_value(json_object_get(mail, "flags"));
    mail_msg_t *ref = ref_find(req, oxd_json_text(req, mail, "msgref"), &ref_folder);
    if (sendtype != SEND_NEW && !ref) {
        return oxd_fail(req, "MSG-0067", "The mail that msgref names could not be found.");
    }
    GString *s = message_build(req, mail, ref);
    if (sendtype == SEND_REPLY) {
        reference_put(req->user, ref, s);
    }
    if (sendtype == SEND_DRAFT_EDIT || (flags & MAIL_DRAFT)) {
        return draft_store(req, s, ref_folder, sendtype == SEND_DRAFT_EDIT ? ref : NULL);
    }
    if (message_send(req, s, &path)) {
        return -1;
    }
    if (ref) {
        ref_mark(ref, ref_folder, sendtype);
    }
    json_t *out = path ? json_sprintf("%s/%s", json_string_value(json_object_get(path, "folder_id")),
                                      json_string_value(json_object_get(path, "id")))
                       : json_null();
    json_decref(path);
    return oxd_reply(req, out, -1);
}

int mail_act_new(struct oxd_req *req)
{
    return strcmp(req->method, "POST") == 0 ? new_structured(req) : new_raw(req);
}

int mail_act_autosave(struct oxd_req *req)
{
    json_t *mail = oxd_body_object(req);
    struct oxd_folder *old_folder = NULL;
    if (!mail) {
        return -1;
    }
    mail_msg_t *old = ref_find(req, oxd_json_text(req, mail, "msgref"), &old_folder);
    return draft_store(req, message_build(req, mail, old), old_folder, old);
}

int mail_act_import(struct oxd_req *req)
{
    struct oxd_folder *f = mail_folder_param(req, "folder");
    int flags = (int)oxd_param_int(req, "flags", 0);
    bool any = false;
    if (!f) {
        return -1;
    }
    json_t *out = json_array();
    for (guint i = 0; req->parts && i < req->parts->len; i++) {
        const struct oxd_part *part = g_ptr_array_index(req->parts, i);
        if (!part->len || (!part->filename && !g_str_has_prefix(part->name ? part->name : "", "file"))) {
            continue;
        }
        any = true;
        mail_msg_t *msg = message_store(req, f, mail_crlf(part->data, part->len), flags);
        if (!msg) {
            json_decref(out);
            return -1;
        }
        json_array_append_new(out, mail_path(f, msg));
    }
    if (!any) {
        json_decref(out);
        return oxd_fail(req, "SVL-0003", "No message in the upload.");
    }
    return oxd_reply(req, out, -1);
}

/* Answers a wish for a read receipt: a report goes to its address and the mail is marked. */
int mail_act_receipt(struct oxd_req *req)
{
    json_t *body = oxd_body_object(req);
    const char *fid = body ? oxd_json_text(req, body, "folder") : NULL;
    struct oxd_folder *f = body ? mail_folder_id(req, fid ? fid : oxd_json_text(req, body, "folder_id")) : NULL;
    const char *id = f ? oxd_json_text(req, body, "id") : NULL;
    mail_msg_t *msg = f ? mail_find_id(mail_box(f), id) : NULL;
    if (!f) {
        return -1;
    }
    if (!msg) {
        return mail_fail_gone(req, f, id ? id : "");
    }
    const mime_head_t *head = mail_head(req->user, msg);
    const char *from = oxd_json_text(req, body, "from");
    if (head->notify) {
        const char *to = json_string_value(head->notify);
        json_t *mail =
            json_pack("{s:s, s:s, s:o, s:[{s:s, s:s}]}", "from", from ? from : req->user->email, "to", to, "subject",
                      json_sprintf("Read: %s", head->subject ? json_string_value(head->subject) : ""), "attachments",
                      "content_type", "text/plain", "content", "The message was displayed.");
        GBytes *raw = g_string_free_to_bytes(message_build(req, mail, NULL));
        mail_deliver(req->user, raw);
        g_bytes_unref(raw);
        json_decref(mail);
    }
    mail_flags_set(mail_box(f), msg, msg->flags | MAIL_MDN_SENT);
    return oxd_reply(req, NULL, -1);
}
