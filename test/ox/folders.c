/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "data.h"
#include "folders.h"
#include "modules.h"

/* Module folders, reading: spec 2. Writing is in folderedit.c. */

enum {
    F_ID = 1,
    F_CREATED_BY,
    F_MODIFIED_BY,
    F_CREATED,
    F_MODIFIED,
    F_MODIFIED_UTC,
    F_PARENT,
    F_META,
    F_TITLE,
    F_MODULE,
    F_TYPE,
    F_SUBFOLDERS,
    F_RIGHTS,
    F_PERMISSIONS,
    F_STD,
    F_TOTAL,
    F_NEW,
    F_UNREAD,
    F_DELETED,
    F_CAPS,
    F_SUBSCRIBED,
    F_SUBSCR_SUB,
    F_STD_TYPE,
    F_CAP_NAMES,
    F_ACCOUNT,
    F_NAME,
    F_ORIGIN,
    F_SYNC,
    F_OWNER_NAME,
    F_PROVIDER,
    F_NOTHING
};

static const struct oxd_column columns[] = {
    {1, "id", F_ID},
    {2, "created_by", F_CREATED_BY},
    {3, "modified_by", F_MODIFIED_BY},
    {4, "creation_date", F_CREATED},
    {5, "last_modified", F_MODIFIED},
    {6, "last_modified_utc", F_MODIFIED_UTC},
    {20, "folder_id", F_PARENT},
    {23, "meta", F_META},
    {300, "title", F_TITLE},
    {301, "module", F_MODULE},
    {302, "type", F_TYPE},
    {304, "subfolders", F_SUBFOLDERS},
    {305, "own_rights", F_RIGHTS},
    {306, "permissions", F_PERMISSIONS},
    {307, "summary", F_NOTHING},
    {308, "standard_folder", F_STD},
    {309, "total", F_TOTAL},
    {310, "new", F_NEW},
    {311, "unread", F_UNREAD},
    {312, "deleted", F_DELETED},
    {313, "capabilities", F_CAPS},
    {314, "subscribed", F_SUBSCRIBED},
    {315, "subscr_subflds", F_SUBSCR_SUB},
    {316, "standard_folder_type", F_STD_TYPE},
    {317, "supported_capabilities", F_CAP_NAMES},
    {318, "account_id", F_ACCOUNT},
    {319, "folder_name", F_NAME},
    {320, "origin", F_ORIGIN},
    {321, "used_for_sync", F_SYNC},
    {3010, "com.openexchange.publish.publicationFlag", F_NOTHING},
    {3020, "com.openexchange.subscribe.subscriptionFlag", F_NOTHING},
    {3030, "com.openexchange.folderstorage.displayName", F_OWNER_NAME},
    {3031, "com.openexchange.folderstorage.accountError", F_NOTHING},
    {3060, "com.openexchange.share.extendedPermissions", F_NOTHING},
    {3201, "com.openexchange.calendar.extendedProperties", F_NOTHING},
    {3203, "com.openexchange.calendar.provider", F_PROVIDER},
    {3204, "com.openexchange.calendar.accountError", F_NOTHING},
    {3205, "com.openexchange.calendar.config", F_NOTHING},
    {3220, "com.openexchange.caldav.url", F_NOTHING},
    {3301, "com.openexchange.contacts.extendedProperties", F_NOTHING},
    {0, NULL, 0},
};

/* ---- how a user sees a folder ---- */

static bool shared_to(const struct oxd_folder *f, const struct oxd_user *user)
{
    return f->type == OXT_PRIVATE && f->owner != user->id;
}

static json_t *parent_id(const struct oxd_req *req, const struct oxd_folder *f)
{
    bool outlook = oxd_param_int(req, "tree", 0) == 1;

    if (shared_to(f, req->user) && f->parent && !shared_to(f->parent, req->user))
        return json_sprintf("u:%d", f->owner);
    if (f->id[0] == 'u')
        return json_string("3");
    if (f->kind == OXK_MAIL && (!f->parent || (outlook && !f->parent->parent)))
        return json_string("1");
    return json_string(f->parent ? f->parent->id : "0");
}

static json_t *permissions(const struct oxd_folder *f)
{
    json_t *out = json_array();

    for (guint i = 0; i < f->perms->len; i++) {
        const struct oxd_perm *p = &g_array_index(f->perms, struct oxd_perm, i);
        json_t *v = json_pack("{s:I, s:i, s:b}", "bits", (json_int_t)p->bits, "entity", p->entity, "group", p->group);

        if (f->kind == OXK_MAIL)
            json_object_set_new(v, "rights", json_string("lrswipkxtea"));
        else
            json_object_set_new(v, "type", json_string(p->group ? "group" : "user"));
        json_array_append_new(out, v);
    }
    return out;
}

static bool has_subfolders(const struct oxd_req *req, const struct oxd_folder *f, bool subscribed)
{
    for (guint i = 0; i < f->children->len; i++) {
        const struct oxd_folder *c = f->children->pdata[i];

        if (subscribed && !c->subscribed)
            continue;
        if (oxd_folder_visible(c, req->user) && (f->parent || c->type != OXT_PRIVATE || c->owner == req->user->id))
            return true;
    }
    return f->num == 1 && oxd_param_int(req, "tree", 0) == 1;
}

static json_t *count(const struct oxd_req *req, const struct oxd_folder *f, int which)
{
    const struct oxs_module *m = oxd_module_by_kind(f->kind);
    int n[4] = {0};

    if (!m || !m->folder_counts || f->id[0] == 'u')
        return json_integer(0);
    m->folder_counts(f, req->user, &n[0], &n[1], &n[2], &n[3]);
    return json_integer(n[which]);
}

/* Values that only mail folders have; json null for the rest. */
static json_t *mail_value(const struct oxd_folder *f, int type)
{
    if (f->kind != OXK_MAIL)
        return NULL;
    if (type == F_CAPS)
        return json_integer(31);
    if (type == F_CAP_NAMES)
        return json_pack("[s, s, s, s]", "permissions", "quota", "sort", "subscription");
    return json_string("default0");
}

static const char *title(const struct oxd_folder *f)
{
    return f->std_type == OXF_INBOX ? "Inbox" : f->kind == OXK_MAIL && !f->parent ? "E-Mail" : f->title;
}

static json_t *value(const struct oxd_req *req, const struct oxd_folder *f, int type)
{
    bool mine = f->owner == req->user->id;
    const struct oxd_user *owner;

    switch (type) {
    case F_ID: return json_string(f->id);
    case F_CREATED_BY: return json_sprintf("%d", f->created_by);
    case F_MODIFIED_BY: return json_sprintf("%d", f->modified_by);
    case F_CREATED: return json_integer(oxd_time_out(req->tz, f->created));
    case F_MODIFIED: return json_integer(oxd_time_out(req->tz, f->modified));
    case F_MODIFIED_UTC: return json_integer(f->modified);
    case F_PARENT: return parent_id(req, f);
    case F_META: return json_incref(f->meta);
    case F_TITLE: return json_string(title(f));
    case F_NAME: return json_string(f->title);
    case F_MODULE: return json_string(oxd_kind_names[f->kind]);
    case F_TYPE: return json_integer(shared_to(f, req->user) ? OXT_SHARED : f->type);
    case F_SUBFOLDERS: return json_boolean(has_subfolders(req, f, false));
    case F_SUBSCR_SUB: return json_boolean(has_subfolders(req, f, true));
    case F_RIGHTS: return json_integer(oxd_folder_rights(f, req->user));
    case F_PERMISSIONS: return permissions(f);
    case F_STD: return json_boolean(mine && f->std_type);
    case F_STD_TYPE: return json_integer(mine ? f->std_type : 0);
    case F_TOTAL: return count(req, f, 0);
    case F_NEW: return count(req, f, 1);
    case F_UNREAD: return count(req, f, 2);
    case F_DELETED: return count(req, f, 3);
    case F_SUBSCRIBED: return json_boolean(f->subscribed);
    case F_CAPS:
    case F_CAP_NAMES:
    case F_ACCOUNT: return mail_value(f, type);
    case F_ORIGIN: return f->origin ? json_string(f->origin) : NULL;
    case F_SYNC: return json_pack("{s:b, s:b}", "value", f->used_for_sync, "protected", f->std_type != 0);
    case F_OWNER_NAME:
        owner = oxd_user_find(f->ctx, f->owner);
        return owner && f->kind != OXK_MAIL ? json_string(owner->display_name) : NULL;
    case F_PROVIDER: return f->kind == OXK_CALENDAR ? json_string("chronos") : NULL;
    default: return NULL;
    }
}

/* Rows under way: columns are read once. */
struct rows {
    struct oxd_req *req;
    const struct oxd_colsel *sel;
    size_t n;
    json_t *out;
    int64_t newest;
    bool stamped;          /* a groupware folder is among them */
};

static void row(struct rows *r, const struct oxd_folder *f)
{
    json_t *v = json_array();

    for (size_t i = 0; i < r->n; i++) {
        json_t *cell = r->sel[i].col ? value(r->req, f, r->sel[i].col->type) : NULL;

        json_array_append_new(v, cell ? cell : json_null());
    }
    json_array_append_new(r->out, v);
    if (f->kind != OXK_MAIL) {
        r->newest = MAX(r->newest, f->modified);
        r->stamped = true;
    }
}

static struct rows rows_start(struct oxd_req *req)
{
    struct rows r = {.req = req, .out = json_array()};

    r.sel = oxd_columns(req, columns, false, &r.n);
    return r;
}

static int rows_reply(struct rows *r)
{
    return oxd_reply(r->req, r->out, r->stamped ? r->newest : -1);
}

struct oxd_folder *oxd_folder_need(struct oxd_req *req, const char *id)
{
    struct oxd_folder *f = oxd_folder_find(req->ctx, req->user, id);

    if (!f && id && !strncmp(id, "default", 7))
        oxd_fail(req, "IMAP-1002", "Mail folder \"%s\" could not be found", id);
    else if (!f)
        oxd_fail(req, "FLD-0008", "Folder %s not found in context %d", id ? id : "(null)", req->ctx->id);
    else if (!oxd_folder_visible(f, req->user))
        oxd_fail(req, "FLD-1004", "Folder %s is not visible to user %d", id, req->user->id);
    else
        return f;
    return NULL;
}

/* ---- the virtual nodes of sharing users ---- */

static void node_row(struct rows *r, struct oxd_user *user)
{
    struct oxd_folder f = {.ctx = user->ctx, .kind = OXK_SYSTEM, .type = OXT_SYSTEM, .owner = 0, .subscribed = true};

    f.id = g_strdup_printf("u:%d", user->id);
    f.title = user->display_name;
    f.children = g_ptr_array_new();
    f.perms = g_array_new(FALSE, FALSE, sizeof(struct oxd_perm));
    f.objs = g_ptr_array_new();
    oxd_folder_perm(&f, r->req->user->id, false, OXD_BITS(1, 0, 0, 0, 0));
    row(r, &f);
    g_ptr_array_free(f.children, TRUE);
    g_ptr_array_free(f.objs, TRUE);
    g_array_free(f.perms, TRUE);
    g_free(f.id);
}

static int by_num(gconstpointer a, gconstpointer b)
{
    return (*(struct oxd_folder *const *)a)->num - (*(struct oxd_folder *const *)b)->num;
}

/* Every groupware folder the user sees, ordered by number. */
static GPtrArray *visible(const struct oxd_req *req)
{
    GPtrArray *out = g_ptr_array_new();
    GHashTableIter it;
    void *v;

    g_hash_table_iter_init(&it, req->ctx->folders);
    while (g_hash_table_iter_next(&it, NULL, &v))
        if (oxd_folder_visible(v, req->user))
            g_ptr_array_add(out, v);
    g_ptr_array_sort(out, by_num);
    return out;
}

static void sharing_nodes(struct rows *r)
{
    GPtrArray *all = visible(r->req);
    int last = 0;

    for (guint u = 0; u < r->req->ctx->users->len; u++) {
        struct oxd_user *user = r->req->ctx->users->pdata[u];

        for (guint i = 0; i < all->len && last != user->id; i++) {
            const struct oxd_folder *f = all->pdata[i];

            if (f->owner == user->id && shared_to(f, r->req->user)) {
                node_row(r, user);
                last = user->id;
            }
        }
    }
    g_ptr_array_free(all, TRUE);
}

static void shared_of(struct rows *r, int owner)
{
    GPtrArray *all = visible(r->req);

    for (guint i = 0; i < all->len; i++) {
        const struct oxd_folder *f = all->pdata[i];

        if (f->owner == owner && shared_to(f, r->req->user) && !shared_to(f->parent, r->req->user))
            row(r, f);
    }
    g_ptr_array_free(all, TRUE);
}

/* ---- actions ---- */

static int do_root(struct oxd_req *req)
{
    static const char *const roots[] = {"1", "2", "3", "9"};
    struct rows r = rows_start(req);

    for (size_t i = 0; i < G_N_ELEMENTS(roots); i++)
        row(&r, g_hash_table_lookup(req->ctx->folders, roots[i]));
    return rows_reply(&r);
}

static void children(struct rows *r, const struct oxd_folder *parent, bool all)
{
    for (guint i = 0; i < parent->children->len; i++) {
        const struct oxd_folder *f = parent->children->pdata[i];

        if (!oxd_folder_visible(f, r->req->user) || (!all && f->kind == OXK_MAIL && !f->subscribed))
            continue;
        /* The private root holds everybody's folders; each user sees his own. */
        if (parent->num == 1 && f->owner != r->req->user->id)
            continue;
        row(r, f);
    }
}

static int do_list(struct oxd_req *req)
{
    const char *id = oxd_param_need(req, "parent");
    bool all = oxd_param_bool(req, "all", false);
    struct oxd_folder *parent;
    struct rows r;

    if (!id)
        return -1;
    if (!strcmp(id, "3") || !strncmp(id, "u:", 2)) {
        r = rows_start(req);
        if (*id == '3')
            sharing_nodes(&r);
        else
            shared_of(&r, atoi(id + 2));
        return rows_reply(&r);
    }
    if (!strcmp(id, "0"))
        return do_root(req);
    parent = oxd_folder_need(req, id);
    if (!parent)
        return -1;
    r = rows_start(req);
    children(&r, parent, all);
    if (parent->num == 1 && oxd_param_int(req, "tree", 0) == 1 && req->user->mail_root)
        children(&r, req->user->mail_root, all);
    return rows_reply(&r);
}

static int do_path(struct oxd_req *req)
{
    const char *id = oxd_param_need(req, "id");
    struct oxd_folder *f = id ? oxd_folder_need(req, id) : NULL;
    struct rows r;

    if (!f)
        return -1;
    r = rows_start(req);
    for (; f; f = f->parent) {
        row(&r, f);
        if (shared_to(f, req->user) && !shared_to(f->parent, req->user)) {
            node_row(&r, oxd_folder_owner(f));
            row(&r, g_hash_table_lookup(req->ctx->folders, "3"));
            break;
        }
    }
    return rows_reply(&r);
}

static int do_get(struct oxd_req *req)
{
    const char *id = oxd_param_need(req, "id");
    struct oxd_folder *f = id ? oxd_folder_need(req, id) : NULL;
    json_t *out;

    if (!f)
        return -1;
    out = json_object();
    for (const struct oxd_column *c = columns; c->id; c++) {
        json_t *v = value(req, f, c->type);

        if (v)
            json_object_set_new(out, c->name, v);
    }
    return oxd_reply(req, out, f->kind == OXK_MAIL ? -1 : f->modified);
}

static void mail_updates(struct rows *r, const struct oxd_folder *f, int64_t ts)
{
    if (f->modified > ts) {
        row(r, f);
        r->newest = MAX(r->newest, f->modified);
    }
    for (guint i = 0; i < f->children->len; i++)
        mail_updates(r, f->children->pdata[i], ts);
}

static void gone(struct rows *r, const GArray *tombs, int64_t ts)
{
    GHashTable *seen = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; i < tombs->len; i++) {
        const struct oxd_folder_tomb *t = &g_array_index(tombs, struct oxd_folder_tomb, i);
        const struct oxd_folder *f;

        if (t->when <= ts || (t->viewer && t->viewer != r->req->user->id))
            continue;
        r->newest = MAX(r->newest, t->when);
        f = oxd_folder_find(r->req->ctx, r->req->user, t->id);
        if ((!f || !oxd_folder_visible(f, r->req->user)) && g_hash_table_add(seen, t->id))
            json_array_append_new(r->out, json_string(t->id));
    }
    g_hash_table_destroy(seen);
}

static int do_updates(struct oxd_req *req)
{
    const char *since = oxd_param_need(req, "timestamp"), *ignore = oxd_param(req, "ignore");
    bool mail = oxd_param_bool(req, "mail", false);
    GPtrArray *all;
    struct rows r;
    int64_t ts;

    if (!since)
        return -1;
    ts = g_ascii_strtoll(since, NULL, 10);
    r = rows_start(req);
    r.newest = ts;
    all = visible(req);
    for (guint i = 0; i < all->len; i++)
        if (((struct oxd_folder *)all->pdata[i])->modified > ts)
            row(&r, all->pdata[i]);
    g_ptr_array_free(all, TRUE);
    if (mail)
        mail_updates(&r, req->user->mail_root, ts);
    if (!ignore || strcmp(ignore, "deleted")) {
        gone(&r, req->ctx->folder_tombs, ts);
        if (mail)
            gone(&r, req->user->mail_tombs, ts);
    }
    return oxd_reply(req, r.out, r.newest);
}

static int do_all_visible(struct oxd_req *req)
{
    const char *type = oxd_param_need(req, "content_type");
    enum oxd_kind kind = oxd_kind_by_name(type);
    json_t *lists[3] = {NULL};
    struct rows r;
    GPtrArray *all;

    if (!type)
        return -1;
    if (type && !strcmp(type, "event"))
        kind = OXK_CALENDAR;
    r = rows_start(req);
    json_decref(r.out);
    for (int i = 0; i < 3; i++)
        lists[i] = json_array();
    all = visible(req);
    for (guint i = 0; i < all->len; i++) {
        const struct oxd_folder *f = all->pdata[i];

        if (f->kind != kind || !f->parent)
            continue;
        r.out = lists[f->type != OXT_PRIVATE ? 1 : shared_to(f, req->user) ? 2 : 0];
        row(&r, f);
    }
    g_ptr_array_free(all, TRUE);
    return oxd_reply(req, json_pack("{s:o, s:o, s:o}", "private", lists[0], "public", lists[1], "shared", lists[2]),
                     r.newest);
}

static int do_shares(struct oxd_req *req)
{
    enum oxd_kind kind = oxd_kind_by_name(oxd_param(req, "content_type"));
    struct rows r = rows_start(req);
    GPtrArray *all = visible(req);

    for (guint i = 0; i < all->len; i++) {
        const struct oxd_folder *f = all->pdata[i];

        if (f->owner == req->user->id && f->perms->len > 1 && (kind == OXK_NONE || f->kind == kind))
            row(&r, f);
    }
    g_ptr_array_free(all, TRUE);
    return rows_reply(&r);
}

static const struct oxs_action actions[] = {
    {"root", 0, do_root},
    {"list", 0, do_list},
    {"path", 0, do_path},
    {"get", 0, do_get},
    {"updates", 0, do_updates},
    {"allVisible", 0, do_all_visible},
    {"shares", 0, do_shares},
    {"new", OXS_WRITE | OXS_SERIAL, oxd_folder_new_call},
    {"update", OXS_WRITE | OXS_SERIAL, oxd_folder_update_call},
    {"delete", OXS_WRITE | OXS_SERIAL, oxd_folder_delete_call},
    {"clear", OXS_WRITE | OXS_SERIAL, oxd_folder_clear_call},
    {NULL, 0, NULL},
};

const struct oxs_module oxs_folders = {.name = "folders", .actions = actions};
/* Before 6.20 the module was called folder. */
const struct oxs_module oxs_folder = {.name = "folder", .actions = actions};

static const struct oxs_action sync_actions[] = {
    {"refresh_server", OXS_WRITE | OXS_SERIAL, oxd_folder_clear_call},
    {NULL, 0, NULL},
};

const struct oxs_module oxs_sync = {.name = "sync", .actions = sync_actions};
