/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "data.h"
#include "contacts.h"
#include "modules.h"

/*
 * Contact pictures by GET, spec 4.4: contacts/picture, image/contact/picture and halo/contact/picture. Scaling
 * parameters are accepted, the picture comes as it was stored.
 */

static const struct oxd_obj *by_address(struct oxd_req *req, const char *address)
{
    static const char *const names[] = {"email1", "email2", "email3"};
    GHashTableIter it;
    void *value;

    g_hash_table_iter_init(&it, req->ctx->store[OXK_CONTACTS]);
    while (g_hash_table_iter_next(&it, NULL, &value)) {
        const struct oxd_obj *o = value;

        for (size_t i = 0; o->image && i < G_N_ELEMENTS(names); i++) {
            const char *have = oxd_obj_str(o, names[i]);

            if (have && !g_ascii_strcasecmp(have, address) && oxd_obj_can(o, o->folder, req->user, OXD_R_READ))
                return o;
        }
    }
    return NULL;
}

static int do_picture(struct oxd_req *req)
{
    const char *id = oxd_param(req, "contact_id"), *email = oxd_param(req, "email"), *user = oxd_param(req, "user_id");
    const struct oxd_obj *o = NULL;

    if (!id)
        id = oxd_param(req, "id");
    if (id)
        o = oxd_obj_find(req->ctx, OXK_CONTACTS, g_ascii_strtoll(id, NULL, 10));
    else if (user)
        o = oxd_contact_of_user(oxd_user_find(req->ctx, atoi(user)));
    else if (email)
        o = by_address(req, email);
    if (!o || !o->image || !oxd_obj_can(o, o->folder, req->user, OXD_R_READ))
        return oxd_reply_status(req, 404, "Not Found");
    return oxd_reply_raw(req, oxd_req_strdup(req, o->image_type),
                         g_string_new_len(o->image->str, (gssize)o->image->len), NULL);
}

static const struct oxs_action actions[] = {
    {"get", OXS_NOMULTI, do_picture},
    {"", OXS_NOMULTI, do_picture},
    {NULL, 0, NULL},
};

const struct oxs_module oxs_contacts_picture = {.name = "contacts/picture", .cap = "contacts", .actions = actions};
const struct oxs_module oxs_image_picture = {.name = "image/contact/picture", .cap = "contacts", .actions = actions};
const struct oxs_module oxs_halo_picture = {.name = "halo/contact/picture", .cap = "contacts", .actions = actions};
