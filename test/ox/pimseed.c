/* SPDX-License-Identifier: Apache-2.0 */
#include "data.h"
#include "pim.h"
#include "seedfield.h"

json_t *oxd_uid(void)
{
    char *text = g_uuid_string_random();
    json_t *v = json_string(text);

    g_free(text);
    return v;
}

bool oxd_pim_may_create(struct oxd_req *req, const struct oxd_class *cls, const struct oxd_folder *f)
{
    if (oxd_right(oxd_folder_rights(f, req->user), OXD_R_FOLDER) >= 2)
        return true;
    oxd_fail(req, cls->e_create, "User %d may not create in folder %s", req->user->id, f->id);
    return false;
}

/* Seeds give times in UTC; the field checks of the API apply. */
static struct oxd_obj *seed_one(struct oxd_req *req, struct oxd_user *user, struct oxd_folder *f,
                                const struct oxd_class *cls, const json_t *v)
{
    int64_t stamp = oxd_field_int(v, "modified", 0);
    json_t *members = json_object();
    struct oxd_obj *o;

    json_object_set_new(members, "private_flag", json_false());
    if (oxd_pim_apply(req, cls, v, members) < 0) {
        json_decref(members);
        return NULL;
    }
    if (!json_object_get(members, "uid"))
        json_object_set_new(members, "uid", oxd_uid());
    o = oxd_obj_new(f, (int)oxd_field_int(v, "id", 0), (int)oxd_field_int(v, "createdBy", user ? user->id : f->owner),
                    members, stamp ? stamp : oxd_stamp());
    o->created = oxd_field_int(v, "created", o->modified);
    return o;
}

int oxd_pim_seed(struct oxd_ctx *ctx, struct oxd_user *user, const struct oxd_class *cls, const json_t *list,
                 char **err, int (*made)(struct oxd_obj *o, const json_t *seed, char **err))
{
    struct oxd_req *req = oxd_req_new();
    const json_t *v;
    int rc = 0;
    size_t i;

    req->ctx = ctx;
    req->user = user;
    json_array_foreach(list, i, v) {
        const char *id = oxd_field_str(v, "folder", NULL);
        struct oxd_folder *f = id ? g_hash_table_lookup(ctx->folders, id) : user ? user->def[cls->kind] : NULL;
        struct oxd_obj *o = f && f->kind == cls->kind ? seed_one(req, user, f, cls, v) : NULL;

        if (!o) {
            *err = g_strdup_printf("%s %zu: %s", cls->noun, i,
                                   f ? oxd_field_str(req->reply.error, "error_desc", "bad") : "no such folder");
            rc = -1;
            break;
        }
        if (made && made(o, v, err) < 0) {
            rc = -1;
            break;
        }
    }
    oxd_req_free(req);
    return rc;
}
