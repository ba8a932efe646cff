/* SPDX-License-Identifier: Apache-2.0 */
/* Flags, colours, moves, copies and deletes. */
#include "mail.h"

#include <string.h>

/* What one update wants, read once and applied to one or all mails of a folder. */
typedef struct change {
    bool has_color;
    int color;
    int set, clear; /* of set_flags and clear_flags */
    int old_flags;  /* of flags + value */
    bool old_value;
    struct oxd_folder *dest; /* NULL: stays */
} change_t;

static bool change_read(struct oxd_req *req, const json_t *body, change_t *out)
{
    memset(out, 0, sizeof(*out));
    const json_t *color = json_object_get(body, "color_label");
    if (color) {
        int64_t value = oxd_json_id(color);
        if (value < 0 || value > 10) {
            oxd_fail(req, "SVL-0003", "color_label must be 0 to 10");
            return false;
        }
        out->has_color = true;
        out->color = (int)value;
    }
    out->old_flags = (int)MAX(0, oxd_json_id(json_object_get(body, "flags"))) & MAIL_SETTABLE;
    out->old_value = json_is_true(json_object_get(body, "value"));
    out->set = (int)MAX(0, oxd_json_id(json_object_get(body, "set_flags"))) & MAIL_SETTABLE;
    out->clear = (int)MAX(0, oxd_json_id(json_object_get(body, "clear_flags"))) & MAIL_SETTABLE;
    const char *dest = oxd_json_text(req, body, "folder_id");
    if (dest) {
        out->dest = mail_folder_id(req, dest);
    }
    return !dest || out->dest;
}

/* The order is colour, flags with value, set_flags, clear_flags, then the move. Answers the mail where it is now. */
static mail_msg_t *change_apply(struct oxd_folder *f, mail_msg_t *msg, const change_t *c)
{
    if (c->has_color) {
        msg->color = (uint8_t)c->color;
    }
    int flags = c->old_value ? msg->flags | c->old_flags : msg->flags & ~c->old_flags;
    flags |= c->set;
    flags &= ~c->clear;
    mail_flags_set(mail_box(f), msg, flags);
    return c->dest && c->dest != f ? mail_move(f, msg, c->dest) : msg;
}

int mail_act_update(struct oxd_req *req)
{
    change_t change;
    struct oxd_folder *f = mail_folder_param(req, "folder");
    json_t *body = f ? oxd_body_object(req) : NULL;
    if (!body || !change_read(req, body, &change)) {
        return -1;
    }
    if (oxd_param(req, "id") || oxd_param(req, "message_id")) {
        mail_msg_t *msg = mail_msg_param(req, f);
        if (!msg) {
            return -1;
        }
        msg = change_apply(f, msg, &change);
        return oxd_reply(req, mail_path(change.dest ? change.dest : f, msg), -1);
    }
    mail_box_t *box = mail_box(f);
    bool moves = change.dest && change.dest != f;
    for (size_t left = box->n, i = 0; left-- > 0; i += moves ? 0 : 1) {
        change_apply(f, box->v[i], &change);
    }
    return oxd_reply(req, json_pack("{s:s}", "folder_id", change.dest ? change.dest->id : f->id), -1);
}

int mail_act_copy(struct oxd_req *req)
{
    struct oxd_folder *f = mail_folder_param(req, "folder");
    mail_msg_t *msg = f ? mail_msg_param(req, f) : NULL;
    json_t *body = msg ? oxd_body_object(req) : NULL;
    struct oxd_folder *dest = body ? mail_folder_id(req, oxd_json_text(req, body, "folder_id")) : NULL;
    if (!dest) {
        return -1;
    }
    if (!mail_room(req->user, msg->size)) {
        return mail_fail_quota(req);
    }
    return oxd_reply(req, mail_path(dest, mail_copy(dest, msg)), -1);
}

int mail_act_delete(struct oxd_req *req)
{
    size_t i;
    json_t *row;
    json_t *body = oxd_body_array(req);
    bool hard = oxd_param_bool(req, "harddelete", false);
    if (!body) {
        return -1;
    }
    json_array_foreach(body, i, row)
    {
        const char *fid = oxd_json_text(req, row, "folder");
        struct oxd_folder *f = mail_folder_id(req, fid ? fid : oxd_json_text(req, row, "folder_id"));
        if (!f) {
            return -1;
        }
        mail_msg_t *msg = mail_find_id(mail_box(f), oxd_json_text(req, row, "id"));
        if (!msg) {
            continue; /* gone is what the caller wants */
        }
        if (hard || mail_delete_is_hard(req->user, f)) {
            mail_remove(f, msg);
        } else {
            mail_move(f, msg, oxd_mail_folder_std(req->user, OXF_TRASH));
        }
    }
    return oxd_reply(req, json_array(), -1);
}

int mail_act_clear(struct oxd_req *req)
{
    size_t i;
    json_t *id;
    json_t *body = oxd_body_array(req);
    bool hard = oxd_param_bool(req, "harddelete", false);
    json_t *left = json_array();
    json_array_foreach(body, i, id)
    {
        struct oxd_folder *f = oxd_folder_find(req->ctx, req->user, json_is_string(id) ? json_string_value(id) : "");
        if (f && f->kind == OXK_MAIL && f->parent) {
            mail_empty(req->user, f, hard || mail_delete_is_hard(req->user, f));
        } else {
            json_array_append(left, id);
        }
    }
    if (!body) {
        json_decref(left);
        return -1;
    }
    return oxd_reply(req, left, -1);
}

int mail_act_all_seen(struct oxd_req *req)
{
    struct oxd_folder *f = mail_folder_param(req, "folder");
    if (!f) {
        return -1;
    }
    mail_box_t *box = mail_box(f);
    for (size_t i = 0; i < box->n; i++) {
        mail_flags_set(box, box->v[i], box->v[i]->flags | MAIL_SEEN);
    }
    return oxd_reply(req, json_true(), -1);
}
