/* SPDX-License-Identifier: Apache-2.0 */
/* One mail: object, headers, source, attachments. */
#include "mail.h"

#include <string.h>

static int64_t time_out(void *baton, int64_t utc)
{
    const struct oxd_req *req = baton;
    return oxd_time_out(req->tz, utc);
}

static const char *raw_data(GBytes *raw, gsize *len)
{
    const char *data = g_bytes_get_data(raw, len);
    return data ? data : "";
}

static int reply_headers(struct oxd_req *req, GBytes *raw)
{
    gsize len;
    const char *data = raw_data(raw, &len);
    return oxd_reply(req, mime_json_text(data, mime_header_len(data, len)), -1);
}

static int reply_source(struct oxd_req *req, GBytes *raw, const mail_msg_t *msg)
{
    gsize len;
    const char *data = raw_data(raw, &len);
    if (oxd_param_bool(req, "save", false)) {
        const char *name = oxd_req_printf(req, "mail_%u.eml", msg->uid);
        return oxd_reply_raw(req, "application/octet-stream", g_string_new_len(data, (gssize)len), name);
    }
    return oxd_reply(req, mime_json_text(data, len), -1);
}

static int reply_object(struct oxd_req *req, const struct oxd_folder *f, const mail_msg_t *msg, GBytes *raw)
{
    gsize len;
    const char *data = raw_data(raw, &len);
    int64_t max = oxd_param_int(req, "max_size", 0);
    mime_opts_t opts = {
        .max_size = max > 0 ? (size_t)max : 0,
        .no_nested = oxd_param_bool(req, "no_nested_message", false),
        .attach_src = oxd_param_bool(req, "attach_src", false),
        .time_fn = time_out,
        .baton = req,
    };
    if (!mime_view_parse(oxd_param(req, "view"), &opts.view)) {
        return oxd_fail(req, "SVL-0004", "Invalid value for parameter view: %s", oxd_param(req, "view"));
    }
    json_t *out = mime_object(data, len, &opts);
    json_object_set_new(out, "id", json_sprintf("%u", msg->uid));
    json_object_set_new(out, "folder_id", json_string(f->id));
    json_object_set_new(out, "size", json_integer(msg->size));
    json_object_set_new(out, "received_date", json_integer(oxd_time_out(req->tz, msg->received)));
    json_object_set_new(out, "flags", json_integer(msg->flags));
    json_object_set_new(out, "color_label", json_integer(msg->color));
    json_object_set_new(out, "user", json_array());
    if (opts.attach_src) {
        json_object_set_new(out, "source", mime_json_text(data, len));
    }
    if (oxd_param_bool(req, "edit", false)) {
        json_object_set_new(out, "msgref", json_sprintf("%s/%u", f->id, msg->uid));
    }
    return oxd_reply(req, out, -1);
}

int mail_act_get(struct oxd_req *req)
{
    struct oxd_folder *f = mail_folder_param(req, "folder");
    mail_msg_t *msg = f ? mail_msg_param(req, f) : NULL;
    int rc;
    if (!msg) {
        return -1;
    }
    /* The dispatcher holds the exclusive lock exactly when unseen=true is absent. */
    if (!oxd_param_bool(req, "unseen", false)) {
        mail_flags_set(mail_box(f), msg, msg->flags | MAIL_SEEN);
    }
    GBytes *raw = mail_raw(req->user, msg);
    if (oxd_param_bool(req, "hdr", false)) {
        rc = reply_headers(req, raw);
    } else if (oxd_param_bool(req, "src", false)) {
        rc = reply_source(req, raw, msg);
    } else {
        rc = reply_object(req, f, msg, raw);
    }
    g_bytes_unref(raw);
    return rc;
}

int mail_act_attachment(struct oxd_req *req)
{
    struct oxd_folder *f = mail_folder_param(req, "folder");
    mail_msg_t *msg = f ? mail_msg_param(req, f) : NULL;
    if (!msg) {
        return -1;
    }
    const char *id = oxd_param(req, "attachment");
    const char *cid = oxd_param(req, "cid");
    if (!id && !cid) {
        oxd_param_need(req, "attachment");
        return -1;
    }
    gsize len;
    mime_bytes_t part;
    GBytes *raw = mail_raw(req->user, msg);
    const char *data = raw_data(raw, &len);
    bool found = mime_part(data, len, id, cid, &part);
    g_bytes_unref(raw);
    if (!found) {
        return oxd_fail(req, "MSG-0049", "No attachment was found with id %s in message", id ? id : cid);
    }
    const char *type = oxd_param_bool(req, "save", false) ? "application/octet-stream" : oxd_req_strdup(req, part.type);
    const char *name = part.name ? oxd_req_strdup(req, part.name) : NULL;
    GString *bytes = g_string_new_len(part.data, (gssize)part.len);
    mime_bytes_free(&part);
    return oxd_reply_raw(req, type, bytes, name);
}
