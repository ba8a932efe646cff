/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "data.h"
#include "pim.h"

/* The trees of folders: groupware folders of a context, mail folders of a user. */

static struct oxd_folder *folder_alloc(struct oxd_ctx *ctx, struct oxd_folder *parent, const char *title, int64_t stamp)
{
    struct oxd_folder *f = g_new0(struct oxd_folder, 1);

    f->ctx = ctx;
    f->title = g_strdup(title);
    f->parent = parent;
    f->children = g_ptr_array_new();
    f->perms = g_array_new(FALSE, FALSE, sizeof(struct oxd_perm));
    f->objs = g_ptr_array_new();
    f->tombs = g_array_new(FALSE, FALSE, sizeof(struct oxd_tomb));
    f->created = f->modified = stamp;
    f->subscribed = f->used_for_sync = true;
    if (parent)
        g_ptr_array_add(parent->children, f);
    return f;
}

struct oxd_folder *oxd_folder_new(struct oxd_ctx *ctx, struct oxd_folder *parent, int num, const char *title,
                                  enum oxd_kind kind, int type, int owner, int64_t stamp)
{
    struct oxd_folder *f = folder_alloc(ctx, parent, title, stamp);

    f->num = num > 0 ? num : ctx->next_folder++;
    if (f->num >= ctx->next_folder)
        ctx->next_folder = f->num + 1;
    f->id = g_strdup_printf("%d", f->num);
    f->kind = kind;
    f->type = type;
    f->owner = f->created_by = f->modified_by = owner;
    if (owner)
        oxd_folder_perm(f, owner, false, OXD_BITS_OWNER);
    g_hash_table_replace(ctx->folders, f->id, f);
    return f;
}

void oxd_folder_perm(struct oxd_folder *f, int entity, bool group, uint32_t bits)
{
    struct oxd_perm p = {entity, group, bits};

    for (guint i = 0; i < f->perms->len; i++) {
        struct oxd_perm *old = &g_array_index(f->perms, struct oxd_perm, i);

        if (old->entity == entity && old->group == group) {
            old->bits = bits;
            return;
        }
    }
    g_array_append_val(f->perms, p);
}

uint32_t oxd_folder_rights(const struct oxd_folder *f, const struct oxd_user *user)
{
    unsigned best[4] = {0}, admin = 0;

    for (guint i = 0; i < f->perms->len; i++) {
        const struct oxd_perm *p = &g_array_index(f->perms, struct oxd_perm, i);

        if (p->group ? !oxd_user_in_group(user, p->entity) : p->entity != user->id)
            continue;
        for (int k = 0; k < 4; k++)
            best[k] = MAX(best[k], oxd_right(p->bits, k * 7));
        admin |= oxd_right(p->bits, OXD_R_ADMIN);
    }
    return OXD_BITS(best[0], best[1], best[2], best[3], admin);
}

bool oxd_folder_visible(const struct oxd_folder *f, const struct oxd_user *user)
{
    if (f->kind == OXK_MAIL)
        return f->owner == user->id;
    if (f->num == 6 && !oxd_user_has_cap(user, "gab"))
        return false;
    return oxd_right(oxd_folder_rights(f, user), OXD_R_FOLDER) > 0;
}

struct oxd_folder *oxd_folder_find(const struct oxd_ctx *ctx, const struct oxd_user *user, const char *id)
{
    if (!id)
        return NULL;
    if (!strncmp(id, "default", 7))
        return user ? g_hash_table_lookup(user->mail_folders, id) : NULL;
    if (!strncmp(id, "cal://0/", 8) || !strncmp(id, "con://0/", 8))
        id += 8;
    return g_hash_table_lookup(ctx->folders, id);
}

struct oxd_user *oxd_folder_owner(const struct oxd_folder *f)
{
    return oxd_user_find(f->ctx, f->owner);
}

struct oxd_folder *oxd_folder_child(const struct oxd_folder *parent, const char *title)
{
    for (guint i = 0; i < parent->children->len; i++) {
        struct oxd_folder *f = parent->children->pdata[i];

        if (!g_ascii_strcasecmp(f->title, title))
            return f;
    }
    return NULL;
}

int64_t oxd_new_uidvalidity(void)
{
    return oxd_world->next_uidvalidity++;
}

struct oxd_folder *oxd_mail_folder_std(const struct oxd_user *user, int std_type)
{
    for (guint i = 0; user->mail_root && i < user->mail_root->children->len; i++) {
        struct oxd_folder *f = user->mail_root->children->pdata[i];

        if (f->std_type == std_type)
            return f;
    }
    return NULL;
}

struct oxd_folder *oxd_mail_folder_new(struct oxd_user *user, struct oxd_folder *parent, const char *title,
                                       int std_type)
{
    struct oxd_folder *f;

    if (parent && oxd_folder_child(parent, title))
        return NULL;
    f = folder_alloc(user->ctx, parent, title, oxd_stamp());
    f->id = parent ? g_strdup_printf("%s/%s", parent->id, title) : g_strdup(title);
    f->kind = OXK_MAIL;
    f->type = OXT_MAIL;
    f->owner = f->created_by = f->modified_by = user->id;
    f->std_type = std_type;
    f->uidvalidity = oxd_new_uidvalidity();
    f->uidnext = 1;
    oxd_folder_perm(f, user->id, false, OXD_BITS_OWNER);
    g_hash_table_replace(user->mail_folders, f->id, f);
    if (!parent)
        user->mail_root = f;
    return f;
}

static void mail_ids(struct oxd_user *user, struct oxd_folder *f, int64_t stamp)
{
    char *id = g_strdup_printf("%s/%s", f->parent->id, f->title);

    if (strcmp(id, f->id))
        oxd_tomb_folder(f, 0, stamp);
    f->modified = stamp;
    g_hash_table_steal(user->mail_folders, f->id);
    g_free(f->id);
    f->id = id;
    g_hash_table_replace(user->mail_folders, f->id, f);
    for (guint i = 0; i < f->children->len; i++)
        mail_ids(user, f->children->pdata[i], stamp);
}

int oxd_mail_folder_rename(struct oxd_folder *f, struct oxd_folder *parent, const char *title)
{
    struct oxd_folder *other = oxd_folder_child(parent, title);
    char *copy;

    if (other && other != f)
        return -1;
    copy = g_strdup(title);
    g_free(f->title);
    f->title = copy;
    if (parent != f->parent) {
        g_ptr_array_remove(f->parent->children, f);
        g_ptr_array_add(parent->children, f);
        f->parent = parent;
    }
    mail_ids(oxd_folder_owner(f), f, oxd_stamp());
    return 0;
}

bool oxd_folder_in_trash(const struct oxd_folder *f)
{
    for (; f; f = f->parent)
        if (f->std_type == OXF_TRASH)
            return true;
    return false;
}

void oxd_tomb_folder(struct oxd_folder *f, int viewer, int64_t when)
{
    struct oxd_folder_tomb t = {g_strdup(f->id), when, viewer};

    if (f->kind == OXK_MAIL)
        g_array_append_val(oxd_folder_owner(f)->mail_tombs, t);
    else
        g_array_append_val(f->ctx->folder_tombs, t);
}

static void unplace_from(struct oxd_obj *o, struct oxd_folder *f)
{
    for (guint i = 0; o->places && i < o->places->len; i++) {
        if (g_array_index(o->places, struct oxd_place, i).folder == f) {
            oxd_obj_unplace(o, g_array_index(o->places, struct oxd_place, i).user, 0);
            return;
        }
    }
    g_ptr_array_remove(f->objs, o);
}

void oxd_folder_remove(struct oxd_folder *f, int64_t stamp)
{
    while (f->children->len)
        oxd_folder_remove(f->children->pdata[f->children->len - 1], stamp);
    if (stamp)
        oxd_tomb_folder(f, 0, stamp);
    while (f->objs->len) {
        struct oxd_obj *o = f->objs->pdata[f->objs->len - 1];

        if (o->folder == f)
            oxd_obj_delete(o, stamp);
        else
            unplace_from(o, f);
    }
    if (f->parent)
        g_ptr_array_remove(f->parent->children, f);
    g_hash_table_remove(f->kind == OXK_MAIL ? oxd_folder_owner(f)->mail_folders : f->ctx->folders, f->id);
}
