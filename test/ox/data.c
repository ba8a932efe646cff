/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "data.h"
#include "pim.h"

struct oxd_world *oxd_world;
GRWLock oxd_lock;

const char *const oxd_kind_names[OXK_MAX] = {
    [OXK_TASKS] = "tasks",   [OXK_CALENDAR] = "calendar", [OXK_CONTACTS] = "contacts",   [OXK_UNBOUND] = "unbound",
    [OXK_SYSTEM] = "system", [OXK_MAIL] = "mail",         [OXK_INFOSTORE] = "infostore",
};

enum oxd_kind oxd_kind_by_name(const char *name)
{
    if (!name)
        return OXK_NONE;
    for (int k = 1; k < OXK_MAX; k++)
        if (oxd_kind_names[k] && (!strcmp(oxd_kind_names[k], name) || atoi(name) == k))
            return k;
    return OXK_NONE;
}

/* ---- worlds, contexts, groups ---- */

static void folder_free(void *data)
{
    struct oxd_folder *f = data;
    const struct oxs_module *m = oxd_module_by_kind(f->kind);

    if (m && m->folder_free)
        m->folder_free(f);
    g_free(f->id);
    g_free(f->title);
    g_free(f->origin);
    json_decref(f->meta);
    g_ptr_array_free(f->children, TRUE);
    g_array_free(f->perms, TRUE);
    g_ptr_array_free(f->objs, TRUE);
    g_array_free(f->tombs, TRUE);
    g_free(f);
}

static void tombs_free(GArray *tombs)
{
    for (guint i = 0; i < tombs->len; i++)
        g_free(g_array_index(tombs, struct oxd_folder_tomb, i).id);
    g_array_free(tombs, TRUE);
}

static void user_free(void *data)
{
    struct oxd_user *u = data;

    for (size_t i = 0; oxd_modules[i]; i++)
        if (oxd_modules[i]->user_free)
            oxd_modules[i]->user_free(u);
    g_hash_table_destroy(u->mail_folders);
    g_hash_table_destroy(u->caps);
    tombs_free(u->mail_tombs);
    g_ptr_array_free(u->aliases, TRUE);
    g_free(u->login);
    g_free(u->password);
    g_free(u->display_name);
    g_free(u->email);
    g_free(u->tz);
    g_free(u->locale);
    json_decref(u->config);
    json_decref(u->attributes);
    json_decref(u->filters);
    g_free(u);
}

static void group_free(void *data)
{
    struct oxd_group *g = data;

    g_free(g->name);
    g_array_free(g->members, TRUE);
    g_free(g);
}

static void ctx_free(void *data)
{
    struct oxd_ctx *ctx = data;

    for (size_t i = 0; oxd_modules[i]; i++)
        if (oxd_modules[i]->ctx_free)
            oxd_modules[i]->ctx_free(ctx);
    for (int k = 0; k < OXK_MAX; k++)
        if (ctx->store[k])
            g_hash_table_destroy(ctx->store[k]);
    g_ptr_array_free(ctx->users, TRUE);
    g_ptr_array_free(ctx->groups, TRUE);
    g_hash_table_destroy(ctx->folders);
    tombs_free(ctx->folder_tombs);
    g_free(ctx->name);
    g_free(ctx);
}

struct oxd_world *oxd_world_new(void)
{
    struct oxd_world *w = g_new0(struct oxd_world, 1);

    w->ctxs = g_ptr_array_new_with_free_func(ctx_free);
    w->next_uidvalidity = 1358854322;
    w->switches = json_object();
    return w;
}

void oxd_world_free(struct oxd_world *w)
{
    if (!w)
        return;
    g_ptr_array_free(w->ctxs, TRUE);
    json_decref(w->switches);
    g_free(w);
}

struct oxd_group *oxd_group_new(struct oxd_ctx *ctx, int id, const char *name)
{
    struct oxd_group *g = g_new0(struct oxd_group, 1);

    g->id = id;
    g->name = g_strdup(name);
    g->members = g_array_new(FALSE, FALSE, sizeof(int));
    g_ptr_array_add(ctx->groups, g);
    return g;
}

struct oxd_group *oxd_group_find(const struct oxd_ctx *ctx, int id)
{
    for (guint i = 0; i < ctx->groups->len; i++) {
        struct oxd_group *g = ctx->groups->pdata[i];

        if (g->id == id)
            return g;
    }
    return NULL;
}

static const struct {
    int num, parent;
    const char *title;
    enum oxd_kind kind;
} system_folders[] = {
    {1, 0, "Private", OXK_SYSTEM},          {2, 0, "Public", OXK_SYSTEM},
    {3, 0, "Shared", OXK_SYSTEM},           {9, 0, "Infostore", OXK_INFOSTORE},
    {6, 2, "Global address book", OXK_CONTACTS}, {10, 9, "Userstore", OXK_INFOSTORE},
    {15, 9, "Public infostore", OXK_INFOSTORE},
};

struct oxd_ctx *oxd_ctx_new(struct oxd_world *world, int id, const char *name)
{
    struct oxd_ctx *ctx = g_new0(struct oxd_ctx, 1);

    ctx->id = id;
    ctx->name = g_strdup(name);
    ctx->users = g_ptr_array_new_with_free_func(user_free);
    ctx->groups = g_ptr_array_new_with_free_func(group_free);
    ctx->folders = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, folder_free);
    ctx->folder_tombs = g_array_new(FALSE, FALSE, sizeof(struct oxd_folder_tomb));
    ctx->next_folder = 31;
    ctx->next_id = 100;
    for (int k = OXK_TASKS; k <= OXK_CONTACTS; k++)
        ctx->store[k] = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, oxd_obj_free);
    g_ptr_array_add(world->ctxs, ctx);
    oxd_group_new(ctx, 0, "All users");
    oxd_group_new(ctx, 1, "Standard group");
    for (size_t i = 0; i < G_N_ELEMENTS(system_folders); i++) {
        char parent[12];
        struct oxd_folder *f;

        g_snprintf(parent, sizeof(parent), "%d", system_folders[i].parent);
        f = oxd_folder_new(ctx, g_hash_table_lookup(ctx->folders, parent), system_folders[i].num,
                           system_folders[i].title, system_folders[i].kind, OXT_SYSTEM, 0, 1);
        if (f->num == 6)
            oxd_folder_perm(f, 0, true, OXD_BITS(1, 2, 0, 0, 0));
        else if (f->num == 1 || f->num == 2)
            oxd_folder_perm(f, 0, true, OXD_BITS(4, 0, 0, 0, 0));
        else
            oxd_folder_perm(f, 0, true, OXD_BITS(1, 0, 0, 0, 0));
    }
    return ctx;
}

struct oxd_ctx *oxd_ctx_find(int id)
{
    for (guint i = 0; i < oxd_world->ctxs->len; i++) {
        struct oxd_ctx *ctx = oxd_world->ctxs->pdata[i];

        if (ctx->id == id)
            return ctx;
    }
    return NULL;
}

int oxd_new_id(struct oxd_ctx *ctx)
{
    return ++ctx->next_id;
}

/* ---- users ---- */

struct oxd_user *oxd_user_new(struct oxd_ctx *ctx, int id, const char *login)
{
    static const char *const caps[] = {"webmail",   "calendar",    "contacts",  "tasks", "gab", "mailfilter",
                                       "infostore", "active_sync", "read_create_shared_folders",
                                       "edit_public_folders", "delegate_tasks", "collect_email_addresses"};
    struct oxd_user *u = g_new0(struct oxd_user, 1);

    u->ctx = ctx;
    u->id = id;
    u->login = g_strdup(login);
    u->password = g_strdup("secret");
    u->display_name = g_strdup(login);
    u->email = g_strdup_printf("%s@example.org", login);
    u->aliases = g_ptr_array_new_with_free_func(g_free);
    u->tz = g_strdup("Europe/Berlin");
    u->zone = oxd_zone(u->tz);
    u->locale = g_strdup("de_DE");
    u->quota_mail = 1073741824;
    u->caps = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(caps); i++)
        g_hash_table_add(u->caps, g_strdup(caps[i]));
    u->mail_folders = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, folder_free);
    u->mail_tombs = g_array_new(FALSE, FALSE, sizeof(struct oxd_folder_tomb));
    u->config = json_object();
    u->attributes = json_object();
    u->filters = json_array();
    g_ptr_array_add(ctx->users, u);
    for (int i = 0; i < 2; i++)
        g_array_append_val(oxd_group_find(ctx, i)->members, id);
    return u;
}

struct oxd_user *oxd_user_find(const struct oxd_ctx *ctx, int id)
{
    for (guint i = 0; i < ctx->users->len; i++) {
        struct oxd_user *u = ctx->users->pdata[i];

        if (u->id == id)
            return u;
    }
    return NULL;
}

struct oxd_user *oxd_user_by_login(const char *login)
{
    const char *at = strrchr(login, '@');

    for (guint c = 0; c < oxd_world->ctxs->len; c++) {
        struct oxd_ctx *ctx = oxd_world->ctxs->pdata[c];
        bool here = at && !strcmp(at + 1, ctx->name);

        for (guint i = 0; i < ctx->users->len; i++) {
            struct oxd_user *u = ctx->users->pdata[i];

            if (!g_ascii_strcasecmp(u->login, login) || (at && !g_ascii_strcasecmp(u->email, login)))
                return u;
            if (here && (size_t)(at - login) == strlen(u->login) &&
                !g_ascii_strncasecmp(u->login, login, (size_t)(at - login)))
                return u;
        }
    }
    return NULL;
}

bool oxd_user_owns_address(const struct oxd_user *u, const char *address)
{
    if (!g_ascii_strcasecmp(u->email, address))
        return true;
    for (guint i = 0; i < u->aliases->len; i++)
        if (!g_ascii_strcasecmp(u->aliases->pdata[i], address))
            return true;
    return false;
}

struct oxd_user *oxd_user_by_address(const struct oxd_ctx *ctx, const char *address)
{
    for (guint i = 0; address && i < ctx->users->len; i++)
        if (oxd_user_owns_address(ctx->users->pdata[i], address))
            return ctx->users->pdata[i];
    return NULL;
}

bool oxd_user_has_cap(const struct oxd_user *user, const char *cap)
{
    return g_hash_table_contains(user->caps, cap);
}

bool oxd_user_in_group(const struct oxd_user *user, int group)
{
    const struct oxd_group *g = oxd_group_find(user->ctx, group);

    for (guint i = 0; g && i < g->members->len; i++)
        if (g_array_index(g->members, int, i) == user->id)
            return true;
    return false;
}

void oxd_user_folders(struct oxd_user *user, const int ids[4], int64_t stamp)
{
    static const struct {
        enum oxd_kind kind;
        const char *title;
        int std;
    } pim[] = {{OXK_CALENDAR, "Calendar", OXF_CALENDAR}, {OXK_CONTACTS, "Contacts", OXF_CONTACTS},
               {OXK_TASKS, "Tasks", OXF_TASKS}};
    static const struct {
        const char *title;
        int std;
    } mail[] = {{"INBOX", OXF_INBOX}, {"Drafts", OXF_DRAFTS}, {"Sent", OXF_SENT}, {"Spam", OXF_SPAM},
                {"Trash", OXF_TRASH}};
    struct oxd_folder *root = g_hash_table_lookup(user->ctx->folders, "1");

    for (size_t i = 0; i < G_N_ELEMENTS(pim); i++) {
        struct oxd_folder *f = oxd_folder_new(user->ctx, root, ids[pim[i].kind], pim[i].title, pim[i].kind, OXT_PRIVATE,
                                              user->id, stamp);

        f->std_type = pim[i].std;
        user->def[pim[i].kind] = f;
    }
    oxd_mail_folder_new(user, NULL, "default0", OXF_NONE);
    for (size_t i = 0; i < G_N_ELEMENTS(mail); i++)
        oxd_mail_folder_new(user, user->mail_root, mail[i].title, mail[i].std);
}

const json_t *oxd_switch(const char *name)
{
    return json_object_get(oxd_world->switches, name);
}

bool oxd_switch_is(const char *name, const char *value)
{
    const char *v = json_string_value(oxd_switch(name));

    return v && !strcmp(v, value);
}
