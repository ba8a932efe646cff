/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "data.h"
#include "server.h"
#include "seedfield.h"

/* Reads a seed (SEED.md): contexts, groups, users, folders here; what lies in the folders is the modules' business. */

static int seed_perms(struct oxd_folder *f, const json_t *perms, char **err)
{
    const json_t *p;
    size_t i;

    json_array_foreach(perms, i, p) {
        int64_t entity = oxd_json_id(json_object_get(p, "entity"));

        if (entity < 0) {
            *err = g_strdup_printf("folder %s: a permission without an entity", f->id);
            return -1;
        }
        oxd_folder_perm(f, (int)entity, json_is_true(json_object_get(p, "group")),
                        (uint32_t)oxd_field_int(p, "bits", 257));
    }
    return 0;
}

static int seed_folder(struct oxd_ctx *ctx, struct oxd_user *user, const json_t *seed, char **err)
{
    const char *parent_id = oxd_field_str(seed, "parent", user ? "1" : "2");
    struct oxd_folder *parent = g_hash_table_lookup(ctx->folders, parent_id);
    enum oxd_kind kind = oxd_kind_by_name(oxd_field_str(seed, "module", "contacts"));
    struct oxd_folder *f;

    if (!parent || kind == OXK_NONE || kind == OXK_MAIL) {
        *err = g_strdup_printf("folder %s: parent or module is unknown", oxd_field_str(seed, "title", "?"));
        return -1;
    }
    f = oxd_folder_new(ctx, parent, (int)oxd_field_int(seed, "id", 0), oxd_field_str(seed, "title", "Folder"), kind,
                       user ? OXT_PRIVATE : OXT_PUBLIC, user ? user->id : (int)oxd_field_int(seed, "owner", 0),
                       oxd_field_int(seed, "modified", oxd_stamp()));
    return seed_perms(f, json_object_get(seed, "permissions"), err);
}

static void set_text(char **field, const json_t *seed, const char *key)
{
    const char *v = oxd_field_str(seed, key, NULL);

    if (v) {
        g_free(*field);
        *field = g_strdup(v);
    }
}

static void seed_caps(struct oxd_user *user, const json_t *caps)
{
    const char *key;
    json_t *on;

    json_object_foreach((json_t *)(uintptr_t)caps, key, on) {
        if (json_is_true(on))
            g_hash_table_add(user->caps, g_strdup(key));
        else
            g_hash_table_remove(user->caps, key);
    }
}

static void seed_filters(struct oxd_user *user, const json_t *filters)
{
    json_t *rule;
    size_t i;

    json_array_foreach(filters, i, rule) {
        json_t *copy = json_deep_copy(rule);
        int id = (int)oxd_field_int(rule, "id", user->next_filter);

        json_object_set_new(copy, "id", json_integer(id));
        json_object_set_new(copy, "position", json_integer((json_int_t)i));
        json_array_append_new(user->filters, copy);
        user->next_filter = MAX(user->next_filter, id + 1);
    }
}

static int seed_user(struct oxd_ctx *ctx, const json_t *seed, char **err)
{
    const char *login = oxd_field_str(seed, "login", NULL), *alias;
    const json_t *std = json_object_get(seed, "defaultFolders"), *perms = json_object_get(seed, "defaultPermissions");
    int ids[4] = {0};
    struct oxd_user *u;
    const json_t *v;
    size_t i;

    if (!login || oxd_user_by_login(login)) {
        *err = g_strdup_printf("user %s: no login or used twice", login ? login : "?");
        return -1;
    }
    u = oxd_user_new(ctx, (int)oxd_field_int(seed, "id", (int64_t)ctx->users->len + 3), login);
    u->next_filter = 1;
    set_text(&u->password, seed, "password");
    set_text(&u->display_name, seed, "displayName");
    set_text(&u->email, seed, "email");
    set_text(&u->tz, seed, "timezone");
    set_text(&u->locale, seed, "locale");
    u->zone = oxd_zone(u->tz);
    if (!u->zone) {
        *err = g_strdup_printf("user %s: unknown time zone %s", login, u->tz);
        return -1;
    }
    json_array_foreach(json_object_get(seed, "aliases"), i, v)
        if ((alias = json_string_value(v)))
            g_ptr_array_add(u->aliases, g_strdup(alias));
    u->admin = json_is_true(json_object_get(seed, "admin"));
    u->contact_id = (int)oxd_field_int(seed, "contactId", 0);
    u->quota_mail = oxd_field_int(seed, "quotaMail", u->quota_mail);
    u->hard_delete = json_is_true(json_object_get(seed, "hardDelete"));
    u->no_sent_copy = json_is_true(json_object_get(seed, "noSentCopy"));
    seed_caps(u, json_object_get(seed, "caps"));
    seed_filters(u, json_object_get(seed, "filters"));
    for (int k = OXK_TASKS; k <= OXK_CONTACTS; k++)
        ids[k] = (int)oxd_field_int(std, oxd_kind_names[k], 0);
    oxd_user_folders(u, ids, oxd_field_int(seed, "modified", oxd_stamp()));
    for (int k = OXK_TASKS; k <= OXK_CONTACTS; k++)
        if (seed_perms(u->def[k], json_object_get(perms, oxd_kind_names[k]), err) < 0)
            return -1;
    json_array_foreach(json_object_get(seed, "folders"), i, v)
        if (seed_folder(ctx, u, v, err) < 0)
            return -1;
    return 0;
}

static int seed_modules(struct oxd_ctx *ctx, const json_t *seed, char **err)
{
    const json_t *v, *users = json_object_get(seed, "users");
    size_t i, first = ctx->users->len - json_array_size(users); /* they were added in this order just now */

    for (size_t m = 0; oxd_modules[m]; m++) {
        if (!oxd_modules[m]->seed_load)
            continue;
        json_array_foreach(users, i, v)
            if (oxd_modules[m]->seed_load(ctx, ctx->users->pdata[first + i], v, err) < 0)
                return -1;
        if (oxd_modules[m]->seed_load(ctx, NULL, seed, err) < 0)
            return -1;
    }
    return 0;
}

static int seed_ctx(const json_t *seed, char **err)
{
    struct oxd_ctx *ctx = oxd_ctx_new(oxd_world, (int)oxd_field_int(seed, "id", 1),
                                      oxd_field_str(seed, "name", "example.org"));
    const json_t *v, *member;
    size_t i, k;

    ctx->next_folder = (int)oxd_field_int(seed, "nextFolder", ctx->next_folder);
    json_array_foreach(json_object_get(seed, "users"), i, v)
        if (seed_user(ctx, v, err) < 0)
            return -1;
    json_array_foreach(json_object_get(seed, "groups"), i, v) {
        struct oxd_group *g = oxd_group_new(ctx, (int)oxd_field_int(v, "id", (int64_t)i + 2),
                                            oxd_field_str(v, "name", "group"));

        json_array_foreach(json_object_get(v, "members"), k, member) {
            int id = (int)json_integer_value(member);

            g_array_append_val(g->members, id);
        }
    }
    json_array_foreach(json_object_get(seed, "folders"), i, v)
        if (seed_folder(ctx, NULL, v, err) < 0)
            return -1;
    if (seed_modules(ctx, seed, err) < 0)
        return -1;
    ctx->next_id = (int)oxd_field_int(seed, "nextId", ctx->next_id + 1) - 1;
    return 0;
}

int oxd_seed_load(const json_t *seed, char **err)
{
    struct oxd_world *old = oxd_world;
    const json_t *v;
    size_t i;

    oxd_world = oxd_world_new();
    if (oxd_field_int(seed, "now", 0) > 0)
        oxd_clock_set(oxd_field_int(seed, "now", 0));
    if (json_is_object(json_object_get(seed, "switches")))
        json_object_update(oxd_world->switches, json_object_get(seed, "switches"));
    oxd_world->next_uidvalidity = oxd_field_int(seed, "nextUidvalidity", oxd_world->next_uidvalidity);
    json_array_foreach(json_object_get(seed, "contexts"), i, v) {
        if (seed_ctx(v, err) < 0) {
            oxd_world_free(oxd_world);
            oxd_world = old;
            return -1;
        }
    }
    oxd_world_free(old);
    return 0;
}
