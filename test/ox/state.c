/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <stdio.h>
#include "data.h"
#include "server.h"
#include "seedfield.h"

/* The whole world as one JSON value, and back: --state and the control port's dump. */

static json_t *dump_perms(const struct oxd_folder *f)
{
    json_t *out = json_array();

    for (guint i = 0; i < f->perms->len; i++) {
        const struct oxd_perm *p = &g_array_index(f->perms, struct oxd_perm, i);

        json_array_append_new(out, json_pack("{s:i, s:b, s:I}", "entity", p->entity, "group", p->group, "bits",
                                             (json_int_t)p->bits));
    }
    return out;
}

/* Parents come before their children. */
static void dump_folder(json_t *out, const struct oxd_folder *f)
{
    json_t *v = json_pack(
        "{s:s, s:s, s:s?, s:i, s:i, s:i, s:i, s:i, s:i, s:I, s:I, s:b, s:b, s:s?, s:I, s:I, s:o, s:O*}", "id", f->id,
        "title", f->title, "parent", f->parent ? f->parent->id : NULL, "kind", (int)f->kind, "type", f->type, "std",
        f->std_type, "owner", f->owner, "createdBy", f->created_by, "modifiedBy", f->modified_by, "created",
        (json_int_t)f->created, "modified", (json_int_t)f->modified, "subscribed", f->subscribed, "usedForSync",
        f->used_for_sync, "origin", f->origin, "uidvalidity", (json_int_t)f->uidvalidity, "uidnext",
        (json_int_t)f->uidnext, "perms", dump_perms(f), "meta", f->meta);

    json_array_append_new(out, v);
    for (guint i = 0; i < f->children->len; i++)
        dump_folder(out, f->children->pdata[i]);
}

static json_t *dump_tombs(const GArray *tombs)
{
    json_t *out = json_array();

    for (guint i = 0; i < tombs->len; i++) {
        const struct oxd_folder_tomb *t = &g_array_index(tombs, struct oxd_folder_tomb, i);

        json_array_append_new(out, json_pack("[s, I, i]", t->id, (json_int_t)t->when, t->viewer));
    }
    return out;
}

static json_t *dump_set(GHashTable *set)
{
    GList *keys = g_list_sort(g_hash_table_get_keys(set), (GCompareFunc)(void (*)(void))strcmp);
    json_t *out = json_array();

    for (GList *l = keys; l; l = l->next)
        json_array_append_new(out, json_string(l->data));
    g_list_free(keys);
    return out;
}

static json_t *dump_user(const struct oxd_user *u)
{
    json_t *aliases = json_array(), *folders = json_array(), *out;

    for (guint i = 0; i < u->aliases->len; i++)
        json_array_append_new(aliases, json_string(u->aliases->pdata[i]));
    if (u->mail_root)
        dump_folder(folders, u->mail_root);
    out = json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:b, s:b, s:b, s:b, s:I, s:i}", "id", u->id, "login",
                    u->login, "password", u->password, "displayName", u->display_name, "email", u->email, "timezone",
                    u->tz, "locale", u->locale, "contactId", u->contact_id, "admin", u->admin, "disabled", u->disabled,
                    "hardDelete", u->hard_delete, "noSentCopy", u->no_sent_copy, "quotaMail", (json_int_t)u->quota_mail,
                    "nextFilter", u->next_filter);
    json_object_set_new(out, "aliases", aliases);
    json_object_set_new(out, "caps", dump_set(u->caps));
    json_object_set_new(out, "mailFolders", folders);
    json_object_set_new(out, "mailTombs", dump_tombs(u->mail_tombs));
    json_object_set_new(out, "config", json_deep_copy(u->config));
    json_object_set_new(out, "attributes", json_deep_copy(u->attributes));
    json_object_set_new(out, "filters", json_deep_copy(u->filters));
    json_object_set_new(out, "defaults", json_pack("[i, i, i]", u->def[1] ? u->def[1]->num : 0,
                                                   u->def[2] ? u->def[2]->num : 0, u->def[3] ? u->def[3]->num : 0));
    return out;
}

static json_t *dump_groups(const struct oxd_ctx *ctx)
{
    json_t *out = json_array();

    for (guint i = 0; i < ctx->groups->len; i++) {
        const struct oxd_group *g = ctx->groups->pdata[i];
        json_t *members = json_array();

        for (guint k = 0; k < g->members->len; k++)
            json_array_append_new(members, json_integer(g_array_index(g->members, int, k)));
        json_array_append_new(out, json_pack("{s:i, s:s, s:o}", "id", g->id, "name", g->name, "members", members));
    }
    return out;
}

static json_t *dump_ctx(const struct oxd_ctx *ctx)
{
    static const char *const roots[] = {"1", "2", "3", "9"};
    json_t *users = json_array(), *folders = json_array(), *modules = json_object();

    for (guint i = 0; i < ctx->users->len; i++)
        json_array_append_new(users, dump_user(ctx->users->pdata[i]));
    for (size_t i = 0; i < G_N_ELEMENTS(roots); i++)
        dump_folder(folders, g_hash_table_lookup(ctx->folders, roots[i]));
    for (size_t m = 0; oxd_modules[m]; m++)
        if (oxd_modules[m]->dump)
            json_object_set_new(modules, oxd_modules[m]->name, oxd_modules[m]->dump(ctx));
    return json_pack("{s:i, s:s, s:b, s:i, s:i, s:o, s:o, s:o, s:o, s:o}", "id", ctx->id, "name", ctx->name, "locked",
                     ctx->locked, "nextFolder", ctx->next_folder, "nextId", ctx->next_id, "groups", dump_groups(ctx),
                     "users", users, "folders", folders, "folderTombs", dump_tombs(ctx->folder_tombs), "modules",
                     modules);
}

json_t *oxd_state_dump(void)
{
    json_t *ctxs = json_array();

    for (guint i = 0; i < oxd_world->ctxs->len; i++)
        json_array_append_new(ctxs, dump_ctx(oxd_world->ctxs->pdata[i]));
    return json_pack("{s:i, s:I, s:I, s:O, s:o}", "version", 1, "clock", (json_int_t)oxd_stamp(), "nextUidvalidity",
                     (json_int_t)oxd_world->next_uidvalidity, "switches", oxd_world->switches, "contexts", ctxs);
}

int oxd_state_save(const char *path, char **err)
{
    json_t *v = oxd_state_dump();
    char *tmp = g_strdup_printf("%s.new", path);
    int rc = json_dump_file(v, tmp, JSON_COMPACT);

    if (rc == 0)
        rc = rename(tmp, path);
    if (rc < 0)
        *err = g_strdup_printf("cannot write %s", path);
    json_decref(v);
    g_free(tmp);
    return rc;
}

/* ---- back ---- */

static void restore_folder(struct oxd_ctx *ctx, struct oxd_user *user, const json_t *v)
{
    const char *id = oxd_field_str(v, "id", ""), *parent_id = oxd_field_str(v, "parent", NULL);
    GHashTable *table = user ? user->mail_folders : ctx->folders;
    struct oxd_folder *f = g_hash_table_lookup(table, id), *parent;
    const json_t *p;
    size_t i;

    parent = parent_id ? g_hash_table_lookup(table, parent_id) : NULL;
    if (!f && user)
        f = oxd_mail_folder_new(user, parent, oxd_field_str(v, "title", ""), (int)oxd_field_int(v, "std", 0));
    else if (!f)
        f = oxd_folder_new(ctx, parent, atoi(id), oxd_field_str(v, "title", ""),
                           (enum oxd_kind)oxd_field_int(v, "kind", 3), (int)oxd_field_int(v, "type", 1),
                           (int)oxd_field_int(v, "owner", 0), 1);
    if (!f)
        return;
    f->std_type = (int)oxd_field_int(v, "std", 0);
    f->created_by = (int)oxd_field_int(v, "createdBy", f->owner);
    f->modified_by = (int)oxd_field_int(v, "modifiedBy", f->owner);
    f->created = oxd_field_int(v, "created", 1);
    f->modified = oxd_field_int(v, "modified", 1);
    f->subscribed = oxd_field_bool(v, "subscribed", true);
    f->used_for_sync = oxd_field_bool(v, "usedForSync", true);
    f->origin = g_strdup(oxd_field_str(v, "origin", NULL));
    f->uidvalidity = oxd_field_int(v, "uidvalidity", 0);
    f->uidnext = oxd_field_int(v, "uidnext", 1);
    f->meta = json_deep_copy(json_object_get(v, "meta"));
    g_array_set_size(f->perms, 0);
    json_array_foreach(json_object_get(v, "perms"), i, p)
        oxd_folder_perm(f, (int)oxd_field_int(p, "entity", 0), oxd_field_bool(p, "group", false),
                        (uint32_t)oxd_field_int(p, "bits", 0));
}

static void restore_tombs(GArray *tombs, const json_t *list)
{
    const json_t *v;
    size_t i;

    json_array_foreach(list, i, v) {
        struct oxd_folder_tomb t = {g_strdup(json_string_value(json_array_get(v, 0))),
                                    json_integer_value(json_array_get(v, 1)),
                                    (int)json_integer_value(json_array_get(v, 2))};

        g_array_append_val(tombs, t);
    }
}

static void restore_text(char **field, const json_t *v, const char *key)
{
    const char *text = oxd_field_str(v, key, NULL);

    g_free(*field);
    *field = g_strdup(text ? text : "");
}

static void restore_json(json_t **field, const json_t *v, const char *key)
{
    json_t *copy = json_deep_copy(json_object_get(v, key));

    if (copy) {
        json_decref(*field);
        *field = copy;
    }
}

static void restore_user(struct oxd_ctx *ctx, const json_t *v)
{
    struct oxd_user *u = oxd_user_new(ctx, (int)oxd_field_int(v, "id", 0), oxd_field_str(v, "login", ""));
    const json_t *e;
    size_t i;

    restore_text(&u->password, v, "password");
    restore_text(&u->display_name, v, "displayName");
    restore_text(&u->email, v, "email");
    restore_text(&u->tz, v, "timezone");
    restore_text(&u->locale, v, "locale");
    u->zone = oxd_zone(u->tz);
    u->contact_id = (int)oxd_field_int(v, "contactId", 0);
    u->admin = oxd_field_bool(v, "admin", false);
    u->disabled = oxd_field_bool(v, "disabled", false);
    u->hard_delete = oxd_field_bool(v, "hardDelete", false);
    u->no_sent_copy = oxd_field_bool(v, "noSentCopy", false);
    u->quota_mail = oxd_field_int(v, "quotaMail", -1);
    u->next_filter = (int)oxd_field_int(v, "nextFilter", 1);
    json_array_foreach(json_object_get(v, "aliases"), i, e)
        g_ptr_array_add(u->aliases, g_strdup(json_string_value(e)));
    g_hash_table_remove_all(u->caps);
    json_array_foreach(json_object_get(v, "caps"), i, e)
        g_hash_table_add(u->caps, g_strdup(json_string_value(e)));
    json_array_foreach(json_object_get(v, "mailFolders"), i, e)
        restore_folder(ctx, u, e);
    restore_tombs(u->mail_tombs, json_object_get(v, "mailTombs"));
    restore_json(&u->config, v, "config");
    restore_json(&u->attributes, v, "attributes");
    restore_json(&u->filters, v, "filters");
}

static void restore_groups(struct oxd_ctx *ctx, const json_t *groups)
{
    const json_t *v, *m;
    size_t i, k;

    json_array_foreach(groups, i, v) {
        int id = (int)oxd_field_int(v, "id", 0);
        struct oxd_group *g = oxd_group_find(ctx, id);

        if (!g)
            g = oxd_group_new(ctx, id, oxd_field_str(v, "name", ""));
        g_array_set_size(g->members, 0);
        json_array_foreach(json_object_get(v, "members"), k, m) {
            int member = (int)json_integer_value(m);

            g_array_append_val(g->members, member);
        }
    }
}

static int restore_ctx(const json_t *v, char **err)
{
    struct oxd_ctx *ctx = oxd_ctx_new(oxd_world, (int)oxd_field_int(v, "id", 1), oxd_field_str(v, "name", ""));
    const json_t *e;
    size_t i;

    ctx->locked = oxd_field_bool(v, "locked", false);
    json_array_foreach(json_object_get(v, "users"), i, e)
        restore_user(ctx, e);
    restore_groups(ctx, json_object_get(v, "groups"));
    json_array_foreach(json_object_get(v, "folders"), i, e)
        restore_folder(ctx, NULL, e);
    restore_tombs(ctx->folder_tombs, json_object_get(v, "folderTombs"));
    ctx->next_folder = (int)oxd_field_int(v, "nextFolder", ctx->next_folder);
    ctx->next_id = (int)oxd_field_int(v, "nextId", ctx->next_id);
    json_array_foreach(json_object_get(v, "users"), i, e) {
        struct oxd_user *u = oxd_user_find(ctx, (int)oxd_field_int(e, "id", 0));

        for (int k = 1; k <= 3; k++) {
            char id[16];

            g_snprintf(id, sizeof(id), "%d",
                       (int)json_integer_value(json_array_get(json_object_get(e, "defaults"), (size_t)k - 1)));
            u->def[k] = g_hash_table_lookup(ctx->folders, id);
        }
    }
    for (size_t m = 0; oxd_modules[m]; m++) {
        const json_t *state = json_object_get(json_object_get(v, "modules"), oxd_modules[m]->name);

        if (state && oxd_modules[m]->restore && oxd_modules[m]->restore(ctx, state, err) < 0)
            return -1;
    }
    return 0;
}

int oxd_state_restore(const json_t *state, char **err)
{
    struct oxd_world *old = oxd_world;
    const json_t *v;
    size_t i;

    oxd_world = oxd_world_new();
    oxd_clock_atleast(oxd_field_int(state, "clock", 0));
    json_array_foreach(json_object_get(state, "contexts"), i, v) {
        if (restore_ctx(v, err) < 0) {
            oxd_world_free(oxd_world);
            oxd_world = old;
            return -1;
        }
    }
    if (json_is_object(json_object_get(state, "switches")))
        json_object_update(oxd_world->switches, json_object_get(state, "switches"));
    oxd_world->next_uidvalidity = oxd_field_int(state, "nextUidvalidity", oxd_world->next_uidvalidity);
    oxd_world_free(old);
    return 0;
}
