/* SPDX-License-Identifier: Apache-2.0 */
#include "mail.h"

struct oxd_folder *mail_folder_id(struct oxd_req *req, const char *id)
{
    struct oxd_folder *f = id ? oxd_folder_find(req->ctx, req->user, id) : NULL;
    if (!f || f->kind != OXK_MAIL || !f->parent) {
        oxd_fail(req, "IMAP-1002", "Mail folder \"%s\" could not be found on the mail server.", id ? id : "");
        return NULL;
    }
    return f;
}

struct oxd_folder *mail_folder_param(struct oxd_req *req, const char *name)
{
    const char *id = oxd_param_need(req, name);
    return id ? mail_folder_id(req, id) : NULL;
}

/* What the mail server calls the folder: its id without the account. */
static const char *folder_full_name(const struct oxd_folder *f)
{
    const char *slash = strchr(f->id, '/');
    return slash ? slash + 1 : f->id;
}

int mail_fail_gone(struct oxd_req *req, const struct oxd_folder *f, const char *id)
{
    return oxd_fail(req, "MSG-0032", "Mail(s) %s could not be found in folder %s", id, folder_full_name(f));
}

int mail_fail_quota(struct oxd_req *req)
{
    return oxd_fail(req, "MSG-1031", "The allowed quota of the mail account is reached.");
}

mail_msg_t *mail_msg_param(struct oxd_req *req, struct oxd_folder *f)
{
    const char *message_id = oxd_param(req, "message_id");
    const char *id = oxd_param(req, "id");
    if (!id && !message_id) {
        oxd_param_need(req, "id");
        return NULL;
    }
    const mail_box_t *box = mail_box(f);
    mail_msg_t *msg = id ? mail_find_id(box, id) : mail_find_message_id(req->user, box, message_id);
    if (!msg) {
        mail_fail_gone(req, f, id ? id : message_id);
    }
    return msg;
}

json_t *mail_path(const struct oxd_folder *f, const mail_msg_t *msg)
{
    return json_pack("{s:s, s:o}", "folder_id", f->id, "id", json_sprintf("%u", msg->uid));
}

static void folder_counts(const struct oxd_folder *f, const struct oxd_user *viewer, int *total, int *fresh,
                          int *unread, int *deleted)
{
    const mail_box_t *box = mail_box_peek(f);
    *total = box ? (int)box->n : 0;
    *fresh = 0;
    *unread = box ? box->unread : 0;
    *deleted = box ? box->deleted : 0;
}

static void folder_clear(struct oxd_folder *f, struct oxd_user *by)
{
    mail_empty(by, f, mail_delete_is_hard(by, f));
}

static void folder_free(struct oxd_folder *f)
{
    mail_box_free(f->mail);
    f->mail = NULL;
}

static const struct oxs_action actions[] = {
    {"all", 0, mail_act_all},
    {"list", 0, mail_act_list},
    {"search", 0, mail_act_search},
    {"get", OXS_WRITE_UNSEEN, mail_act_get},
    {"attachment", OXS_NOMULTI, mail_act_attachment},
    {"examine", 0, mail_act_examine},
    {"count", 0, mail_act_count},
    {"updates", 0, mail_act_updates},
    {"threadedAll", 0, mail_act_threaded},
    {"update", OXS_WRITE, mail_act_update},
    {"copy", OXS_WRITE, mail_act_copy},
    {"delete", OXS_WRITE, mail_act_delete},
    {"clear", OXS_WRITE, mail_act_clear},
    {"all_seen", OXS_WRITE, mail_act_all_seen},
    {"new", OXS_WRITE, mail_act_new},
    {"import", OXS_WRITE | OXS_NOMULTI, mail_act_import},
    {"autosave", OXS_WRITE, mail_act_autosave},
    {"reply", 0, mail_act_reply},
    {"replyall", 0, mail_act_replyall},
    {"forward", 0, mail_act_forward},
    {"receipt_ack", OXS_WRITE, mail_act_receipt},
    {NULL, 0, NULL},
};

const struct oxs_module oxs_mail = {
    .name = "mail",
    .cap = "webmail",
    .user_bytes = mail_usage,
    .denied = "MSG-0013",
    .flags = OXS_SERIAL,
    .kind = OXK_MAIL,
    .actions = actions,
    .seed_load = mail_seed_load,
    .dump = mail_dump,
    .restore = mail_restore,
    .control = mail_control,
    .folder_counts = folder_counts,
    .folder_clear = folder_clear,
    .folder_free = folder_free,
};
