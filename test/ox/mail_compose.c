/* SPDX-License-Identifier: Apache-2.0 */
/* Prepared mail objects: reply, replyall, forward. Nothing is stored or sent. */
#include "mail.h"
#include "mail_html.h"

#include <string.h>

/* The original as an object in the view asked for. */
static json_t *original(struct oxd_req *req, const mail_msg_t *msg)
{
    int64_t max = oxd_param_int(req, "max_size", 0);
    mime_opts_t opts = {.max_size = max > 0 ? (size_t)max : 0, .no_nested = true};
    gsize len;
    if (!mime_view_parse(oxd_param(req, "view"), &opts.view)) {
        oxd_fail(req, "SVL-0004", "Invalid value for parameter view: %s", oxd_param(req, "view"));
        return NULL;
    }
    GBytes *raw = mail_raw(req->user, msg);
    const char *data = g_bytes_get_data(raw, &len);
    json_t *out = mime_object(data ? data : "", len, &opts);
    g_bytes_unref(raw);
    return out;
}

static json_t *subject_with(const char *mark, const json_t *mail)
{
    const char *subject = json_string_value(json_object_get(mail, "subject"));
    if (!subject) {
        subject = "";
    }
    if (g_ascii_strncasecmp(subject, mark, strlen(mark)) == 0) {
        return json_string(subject);
    }
    return json_sprintf("%s %s", mark, subject);
}

/* Each line of a text behind "> ". */
static void quote_text(GString *out, const char *text)
{
    char **lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        g_string_append_printf(out, "> %s\n", g_strchomp(*line));
    }
    g_strfreev(lines);
}

/* The body entry of the new mail: who wrote, then the original. */
static json_t *body_with(const json_t *mail, bool forward)
{
    const json_t *body = json_array_get(json_object_get(mail, "attachments"), 0);
    const char *type = json_string_value(json_object_get(body, "content_type"));
    const char *content = json_string_value(json_object_get(body, "content"));
    const json_t *from = json_array_get(json_object_get(mail, "from"), 0);
    const char *addr = json_string_value(json_array_get(from, 1));
    const char *name = json_string_value(json_array_get(from, 0));
    bool html = type && strcmp(type, "text/html") == 0;
    GString *text = g_string_new(html ? "<p></p>" : "\n");
    char *who =
        g_strdup_printf(forward ? "---------- Original Message ----------\nFrom: %s" : "%s wrote:", name   ? name
                                                                                                    : addr ? addr
                                                                                                           : "");
    if (html) {
        char *safe = mail_html_from_text(who);
        g_string_append_printf(text, "<div>%s</div><blockquote type=\"cite\">%s</blockquote>", safe,
                               content ? content : "");
        g_free(safe);
    } else {
        g_string_append_printf(text, "%s\n\n", who);
        quote_text(text, content ? content : "");
    }
    g_free(who);
    json_t *out = json_pack("{s:s, s:s, s:s, s:s, s:i}", "id", "1", "content_type", html ? "text/html" : "text/plain",
                            "content", text->str, "disp", "inline", "size", (int)text->len);
    g_string_free(text, TRUE);
    return out;
}

/* Adds those of list that are neither the user's own nor there yet. */
static void addresses_add(json_t *out, const json_t *list, const struct oxd_user *user, GHashTable *seen)
{
    size_t i;
    json_t *row;
    json_array_foreach(list, i, row)
    {
        const char *addr = json_string_value(json_array_get(row, 1));
        if (addr && !oxd_user_owns_address(user, addr) && g_hash_table_add(seen, g_ascii_strdown(addr, -1))) {
            json_array_append(out, row);
        }
    }
}

static void reply_recipients(json_t *out, const json_t *mail, const struct oxd_user *user, bool all)
{
    GHashTable *seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    json_t *to = json_array();
    json_t *cc = json_array();
    const char *reply_to = json_string_value(json_object_get(json_object_get(mail, "headers"), "Reply-To"));
    json_t *answer = reply_to ? mime_addresses(reply_to) : json_incref(json_object_get(mail, "from"));
    addresses_add(to, answer, user, seen);
    if (all) {
        addresses_add(to, json_object_get(mail, "to"), user, seen);
        addresses_add(cc, json_object_get(mail, "cc"), user, seen);
    }
    if (json_array_size(to) == 0) {
        json_array_extend(to, answer); /* a mail to oneself is answered to oneself */
    }
    json_object_set_new(out, "to", to);
    json_object_set_new(out, "cc", cc);
    json_decref(answer);
    g_hash_table_unref(seen);
}

static json_t *prepared(struct oxd_req *req, const struct oxd_folder *f, const mail_msg_t *msg, const json_t *mail,
                        const char *mark, bool forward)
{
    json_t *out = json_object();
    json_t *list = json_array();
    json_object_set_new(out, "subject", subject_with(mark, mail));
    json_object_set_new(
        out, "from", json_pack("[[s, s]]", req->user->display_name ? req->user->display_name : "", req->user->email));
    json_object_set_new(out, "msgref", json_sprintf("%s/%u", f->id, msg->uid));
    json_array_append_new(list, body_with(mail, forward));
    for (size_t i = 1; forward && i < json_array_size(json_object_get(mail, "attachments")); i++) {
        json_t *entry = json_array_get(json_object_get(mail, "attachments"), i);
        if (!json_object_get(entry, "content")) {
            json_array_append(list, entry);
        }
    }
    json_object_set_new(out, "attachments", list);
    return out;
}

static int compose(struct oxd_req *req, const char *mark, bool forward, bool all)
{
    struct oxd_folder *f = mail_folder_param(req, "folder");
    mail_msg_t *msg = f ? mail_msg_param(req, f) : NULL;
    json_t *mail = msg ? original(req, msg) : NULL;
    if (!mail) {
        return -1;
    }
    json_t *out = prepared(req, f, msg, mail, mark, forward);
    if (!forward) {
        reply_recipients(out, mail, req->user, all);
    }
    json_decref(mail);
    return oxd_reply(req, out, -1);
}

int mail_act_reply(struct oxd_req *req)
{
    return compose(req, "Re:", false, false);
}

int mail_act_replyall(struct oxd_req *req)
{
    return compose(req, "Re:", false, true);
}

int mail_act_forward(struct oxd_req *req)
{
    return compose(req, "Fwd:", true, false);
}
