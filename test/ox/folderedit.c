/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "data.h"
#include "folders.h"
#include "seedfield.h"

/* Module folders, writing: new, update, delete, clear. Spec 2.4 and 2.5. */

static json_t *folder_body(struct oxd_req *req)
{
    json_t *body = oxd_body_object(req), *inner = json_object_get(body, "folder");

    return json_is_object(inner) ? inner : body;
}

static bool title_ok(struct oxd_req *req, const char *title, bool mail)
{
    if (title && *title && !(mail && strchr(title, '/')) && g_utf8_validate(title, -1, NULL) &&
        g_utf8_strlen(title, -1) <= 255)
        return true;
    oxd_fail(req, "FLD-1014", "The title \"%s\" is not possible", title ? title : "");
    return false;
}

static int set_perms(struct oxd_req *req, struct oxd_folder *f, const json_t *list)
{
    const json_t *p;
    bool admin = false;
    size_t i;

    json_array_foreach(list, i, p) {
        int64_t entity = oxd_json_id(json_object_get(p, "entity"));

        if (entity < 0)
            return oxd_fail(req, "FLD-1013", "A permission has no entity");
        admin |= (oxd_field_int(p, "bits", 0) >> 28) & 1;
    }
    if (!admin)
        return oxd_fail(req, "FLD-1013", "One permission must have the right to administer the folder");
    g_array_set_size(f->perms, 0);
    json_array_foreach(list, i, p)
        oxd_folder_perm(f, (int)oxd_json_id(json_object_get(p, "entity")), oxd_field_bool(p, "group", false),
                        (uint32_t)oxd_field_int(p, "bits", 0));
    return 0;
}

/* ---- new ---- */

static int new_mail(struct oxd_req *req, struct oxd_folder *parent, const char *title)
{
    struct oxd_folder *f;

    if (!title_ok(req, title, true))
        return -1;
    f = oxd_mail_folder_new(req->user, parent, title, OXF_NONE);
    if (!f)
        return oxd_fail(req, "IMAP-1016", "Mail folder %s/%s exists", parent->id, title);
    return oxd_reply(req, json_string(f->id), -1);
}

static bool may_have_children(struct oxd_req *req, const struct oxd_folder *parent, enum oxd_kind kind)
{
    if (parent->num == 3 || parent->num == 6 || parent->num == 9 ||
        oxd_right(oxd_folder_rights(parent, req->user), OXD_R_FOLDER) < 4) {
        oxd_fail(req, "FLD-1029", "User %d may not create a folder below %s", req->user->id, parent->id);
        return false;
    }
    if (parent->num == 2 && !oxd_user_has_cap(req->user, "edit_public_folders")) {
        oxd_fail(req, "FLD-1029", "User %d may not create public folders", req->user->id);
        return false;
    }
    if (kind != OXK_TASKS && kind != OXK_CALENDAR && kind != OXK_CONTACTS) {
        oxd_fail(req, "FLD-1016", "Folders of this module cannot be made below %s", parent->id);
        return false;
    }
    return true;
}

static bool title_taken(struct oxd_req *req, const struct oxd_folder *parent, const char *title, enum oxd_kind kind,
                        const struct oxd_folder *self)
{
    for (guint i = 0; i < parent->children->len; i++) {
        const struct oxd_folder *c = parent->children->pdata[i];

        if (c == self || c->kind != kind || g_ascii_strcasecmp(c->title, title))
            continue;
        if (parent->num == 1 && c->owner != req->user->id)
            continue;
        oxd_fail(req, "FLD-1012", "A folder named %s exists below %s", title, parent->id);
        return true;
    }
    return false;
}

int oxd_folder_new_call(struct oxd_req *req)
{
    const char *id = oxd_param_need(req, "folder_id"), *title, *module;
    struct oxd_folder *parent = id ? oxd_folder_need(req, id) : NULL, *f;
    json_t *body = parent ? folder_body(req) : NULL;
    enum oxd_kind kind;
    int64_t stamp;

    if (!body)
        return -1;
    title = oxd_field_str(body, "title", NULL);
    if (parent->kind == OXK_MAIL)
        return new_mail(req, parent, title);
    module = oxd_field_str(body, "module", NULL);
    kind = module && !strcmp(module, "event") ? OXK_CALENDAR : module ? oxd_kind_by_name(module) : parent->kind;
    if (!title_ok(req, title, false) || !may_have_children(req, parent, kind) ||
        title_taken(req, parent, title, kind, NULL))
        return -1;
    stamp = oxd_stamp();
    f = oxd_folder_new(req->ctx, parent, 0, title, kind,
                       parent->num == 2 || parent->type == OXT_PUBLIC ? OXT_PUBLIC : OXT_PRIVATE,
                       parent->owner ? parent->owner : req->user->id, stamp);
    f->created_by = f->modified_by = req->user->id;
    f->meta = json_deep_copy(json_object_get(body, "meta"));
    for (guint i = 0; parent->num > 16 && i < parent->perms->len; i++) {
        const struct oxd_perm *p = &g_array_index(parent->perms, struct oxd_perm, i);

        oxd_folder_perm(f, p->entity, p->group, p->bits);
    }
    if (json_object_get(body, "permissions") && set_perms(req, f, json_object_get(body, "permissions")) < 0) {
        oxd_folder_remove(f, 0);
        return -1;
    }
    return oxd_reply(req, json_string(f->id), stamp);
}

/* ---- update ---- */

static bool inside(const struct oxd_folder *f, const struct oxd_folder *top)
{
    for (; f; f = f->parent)
        if (f == top)
            return true;
    return false;
}

static int update_mail(struct oxd_req *req, struct oxd_folder *f, const json_t *body)
{
    const char *title = oxd_field_str(body, "title", f->title), *to_id = oxd_field_str(body, "folder_id", NULL);
    struct oxd_folder *to = to_id ? oxd_folder_need(req, to_id) : f->parent;
    const json_t *v;

    if (to_id && !to)
        return -1;
    if (to && to->kind != OXK_MAIL)
        return oxd_fail(req, "FLD-1015", "Mail folders stay in their account");
    if (to != f->parent || strcmp(title, f->title)) {
        if (f->std_type || !f->parent)
            return oxd_fail(req, "FLD-1027", "Default folder %s cannot be renamed or moved", f->id);
        if (!title_ok(req, title, true))
            return -1;
        if (inside(to, f))
            return oxd_fail(req, "FLD-1015", "Folder %s cannot be moved below itself", f->id);
        if (oxd_mail_folder_rename(f, to, title) < 0)
            return oxd_fail(req, "IMAP-1016", "Mail folder %s/%s exists", to->id, title);
    }
    if ((v = json_object_get(body, "subscribed")) && !f->std_type) {
        f->subscribed = json_is_true(v) || json_integer_value(v);
        f->modified = oxd_stamp();
    }
    if ((v = json_object_get(body, "used_for_sync")))
        f->used_for_sync = json_is_true(json_is_object(v) ? json_object_get(v, "value") : v);
    return oxd_reply(req, json_string(f->id), -1);
}

static int move_folder(struct oxd_req *req, struct oxd_folder *f, const char *to_id)
{
    struct oxd_folder *to = oxd_folder_need(req, to_id);

    if (!to)
        return -1;
    if (to == f->parent)
        return 0;
    if (inside(to, f) || to->kind == OXK_MAIL)
        return oxd_fail(req, "FLD-1015", "Folder %s cannot be moved to %s", f->id, to_id);
    if (!may_have_children(req, to, f->kind) || title_taken(req, to, f->title, f->kind, f))
        return -1;
    g_ptr_array_remove(f->parent->children, f);
    g_ptr_array_add(to->children, f);
    f->parent = to;
    f->type = to->num == 2 || to->type == OXT_PUBLIC ? OXT_PUBLIC : OXT_PRIVATE;
    return 0;
}

static void cascade(struct oxd_folder *f, int64_t stamp)
{
    for (guint i = 0; i < f->children->len; i++) {
        struct oxd_folder *c = f->children->pdata[i];

        g_array_set_size(c->perms, 0);
        g_array_append_vals(c->perms, f->perms->data, f->perms->len);
        c->modified = stamp;
        cascade(c, stamp);
    }
}

/* Users who saw the folder before and do not see it now get a deletion. */
static int change_perms(struct oxd_req *req, struct oxd_folder *f, const json_t *perms, int64_t stamp)
{
    const GPtrArray *users = f->ctx->users;
    bool *saw = g_new0(bool, users->len + 1);
    int rc;

    for (guint i = 0; i < users->len; i++)
        saw[i] = oxd_folder_visible(f, users->pdata[i]);
    rc = set_perms(req, f, perms);
    for (guint i = 0; rc == 0 && i < users->len; i++)
        if (saw[i] && !oxd_folder_visible(f, users->pdata[i]))
            oxd_tomb_folder(f, ((struct oxd_user *)users->pdata[i])->id, stamp);
    g_free(saw);
    if (rc == 0 && oxd_param_bool(req, "cascadePermissions", false))
        cascade(f, stamp);
    return rc;
}

static int update_fields(struct oxd_req *req, struct oxd_folder *f, const json_t *body, int64_t stamp)
{
    const char *title = oxd_field_str(body, "title", NULL), *to = oxd_json_text(req, body, "folder_id");
    const json_t *v;

    if (f->std_type && ((title && strcmp(title, f->title)) || (to && f->parent && strcmp(to, f->parent->id))))
        return oxd_fail(req, "FLD-1027", "Default folder %s cannot be renamed or moved", f->id);
    if (title && strcmp(title, f->title)) {
        char *copy;

        if (!title_ok(req, title, false) || title_taken(req, f->parent, title, f->kind, f))
            return -1;
        copy = g_strdup(title);
        g_free(f->title);
        f->title = copy;
    }
    if (to && move_folder(req, f, to) < 0)
        return -1;
    if (json_is_array(v = json_object_get(body, "permissions")) && change_perms(req, f, v, stamp) < 0)
        return -1;
    if ((v = json_object_get(body, "subscribed")))
        f->subscribed = json_is_true(v) || json_integer_value(v);
    if ((v = json_object_get(body, "used_for_sync")))
        f->used_for_sync = json_is_true(json_is_object(v) ? json_object_get(v, "value") : v);
    if ((v = json_object_get(body, "meta"))) {
        json_decref(f->meta);
        f->meta = json_is_object(v) ? json_deep_copy(v) : NULL;
    }
    return 0;
}

int oxd_folder_update_call(struct oxd_req *req)
{
    const char *id = oxd_param_need(req, "id");
    struct oxd_folder *f = id ? oxd_folder_need(req, id) : NULL;
    json_t *body = f ? folder_body(req) : NULL;
    int64_t stamp;

    if (!body)
        return -1;
    if (f->kind == OXK_MAIL)
        return update_mail(req, f, body);
    if (oxd_param_int(req, "timestamp", INT64_MAX) < f->modified)
        return oxd_fail(req, "FLD-1022", NULL);
    if (!oxd_right(oxd_folder_rights(f, req->user), OXD_R_ADMIN) || f->num < 20)
        return oxd_fail(req, "FLD-1013", "User %d may not change folder %s", req->user->id, id);
    stamp = oxd_stamp();
    if (update_fields(req, f, body, stamp) < 0)
        return -1;
    f->modified = stamp;
    f->modified_by = req->user->id;
    return oxd_reply(req, json_string(f->id), stamp);
}

/* ---- delete and clear ---- */

static int to_trash(struct oxd_req *req, struct oxd_folder *f)
{
    struct oxd_folder *trash = oxd_mail_folder_std(req->user, OXF_TRASH);
    char *name = g_strdup(f->title);

    for (int n = 1; oxd_folder_child(trash, name); n++) {
        g_free(name);
        name = g_strdup_printf("%s %d", f->title, n);
    }
    g_free(f->origin);
    f->origin = g_strdup(f->id);
    oxd_mail_folder_rename(f, trash, name);
    g_free(name);
    return 0;
}

/* 0 gone, -1 refused: error set. */
static int delete_one(struct oxd_req *req, const char *id, int64_t stamp)
{
    struct oxd_folder *f = oxd_folder_need(req, id);

    if (!f)
        return -1;
    if (f->std_type || !f->parent || (f->kind != OXK_MAIL && f->num < 20))
        return oxd_fail(req, "FLD-1026", "Folder %s cannot be deleted", id);
    if (f->kind == OXK_MAIL) {
        if (!oxd_param_bool(req, "hardDelete", false) && !oxd_folder_in_trash(f))
            return to_trash(req, f);
        oxd_folder_remove(f, stamp);
        return 0;
    }
    if (!oxd_right(oxd_folder_rights(f, req->user), OXD_R_ADMIN))
        return oxd_fail(req, "FLD-1013", "User %d may not delete folder %s", req->user->id, id);
    if (oxd_param_int(req, "timestamp", INT64_MAX) < f->modified)
        return oxd_fail(req, "FLD-1022", NULL);
    oxd_folder_remove(f, stamp);
    return 0;
}

static void forget_error(struct oxd_req *req)
{
    json_decref(req->reply.error);
    req->reply.error = NULL;
    req->reply.kind = OXR_NONE;
}

int oxd_folder_delete_call(struct oxd_req *req)
{
    json_t *body = json_is_string(req->body) ? json_pack("[O]", req->body) : json_incref(oxd_body_array(req));
    bool strict = oxd_param_bool(req, "failOnError", false);
    json_t *refused, *v;
    int64_t stamp;
    size_t i;

    if (!body)
        return -1;
    refused = json_array();
    stamp = oxd_stamp();
    json_array_foreach(body, i, v) {
        const char *id = json_is_integer(v) ? oxd_req_printf(req, "%" JSON_INTEGER_FORMAT, json_integer_value(v))
                                            : json_string_value(v);

        if (delete_one(req, id, stamp) == 0)
            continue;
        if (strict) {
            json_decref(refused);
            json_decref(body);
            return -1;
        }
        forget_error(req);
        json_array_append(refused, v);
    }
    json_decref(body);
    return oxd_reply(req, refused, stamp);
}

static int clear_one(struct oxd_req *req, struct oxd_folder *f)
{
    const struct oxs_module *m = oxd_module_by_kind(f->kind);

    if (!m || !m->folder_clear || !oxd_right(oxd_folder_rights(f, req->user), OXD_R_DELETE))
        return oxd_fail(req, "FLD-1013", "Folder %s cannot be cleared", f->id);
    m->folder_clear(f, req->user);
    while (f->std_type == OXF_TRASH && f->children->len)
        oxd_folder_remove(f->children->pdata[f->children->len - 1], oxd_stamp());
    return 0;
}

int oxd_folder_clear_call(struct oxd_req *req)
{
    json_t *body = oxd_body_array(req), *refused, *v;
    size_t i;

    if (!body)
        return -1;
    refused = json_array();
    json_array_foreach(body, i, v) {
        const char *id = json_is_integer(v) ? oxd_req_printf(req, "%" JSON_INTEGER_FORMAT, json_integer_value(v))
                                            : json_string_value(v);
        struct oxd_folder *f = oxd_folder_need(req, id);

        if (f && clear_one(req, f) == 0)
            continue;
        forget_error(req);
        json_array_append(refused, v);
    }
    return oxd_reply(req, refused, -1);
}
