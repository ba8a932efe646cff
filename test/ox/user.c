/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "data.h"
#include "contacts.h"
#include "modules.h"
#include "seedfield.h"

/* Modules user, user/me, capabilities and quota: spec 8.1, 8.2, 10. */

/* ---- user ---- */

static json_t *aliases(const struct oxd_user *u)
{
    json_t *out = json_array();

    for (guint i = 0; i < u->aliases->len; i++)
        json_array_append_new(out, json_string(u->aliases->pdata[i]));
    json_array_append_new(out, json_string(u->email));
    return out;
}

static json_t *groups(const struct oxd_user *u)
{
    json_t *out = json_array();

    for (guint i = 0; i < u->ctx->groups->len; i++) {
        const struct oxd_group *g = u->ctx->groups->pdata[i];

        if (oxd_user_in_group(u, g->id))
            json_array_append_new(out, json_integer(g->id));
    }
    return out;
}

/* The user's own fields: columns 610 - 616 mean these in module user only. */
static json_t *user_field(const struct oxd_user *u, int column)
{
    switch (column) {
    case 1: return json_sprintf("%d", u->id);
    case 610: return aliases(u);
    case 611: return json_string(u->tz);
    case 612: return json_string(u->locale);
    case 613: return groups(u);
    case 614: return json_sprintf("%d", u->contact_id);
    case 615: return json_string(u->login);
    case 616: return json_integer(0);
    default: return NULL;
    }
}

static json_t *user_object(struct oxd_req *req, const struct oxd_user *u)
{
    static const struct {
        int column;
        const char *name;
    } own[] = {{1, "id"}, {610, "aliases"}, {611, "timezone"}, {612, "locale"}, {613, "groups"}, {614, "contact_id"},
               {615, "login_info"}};
    const struct oxd_obj *o = oxd_contact_of_user(u);
    json_t *out = o ? oxd_pim_object(req, &oxd_contacts, o, NULL) : json_object();

    json_object_set_new(out, "user_id", json_integer(u->id));
    for (size_t i = 0; i < G_N_ELEMENTS(own); i++)
        json_object_set_new(out, own[i].name, user_field(u, own[i].column));
    return out;
}

static int do_get(struct oxd_req *req)
{
    const struct oxd_user *u = oxd_user_find(req->ctx, (int)oxd_param_int(req, "id", req->user->id));
    const struct oxd_obj *o = oxd_contact_of_user(u);

    if (!u)
        return oxd_fail(req, "USR-0010", "User %s not found", oxd_param(req, "id"));
    return oxd_reply(req, user_object(req, u), o ? o->modified : 0);
}

/* A row of columns: the user's fields where they differ from a contact's, the address book entry's for the rest. */
static void user_row(struct oxd_req *req, GString *out, const struct oxd_user *u, const struct oxd_colsel *sel,
                     size_t n, char **ids)
{
    const struct oxd_obj *o = oxd_contact_of_user(u);

    g_string_append_c(out, out->len > 1 ? ',' : ' ');
    g_string_append_c(out, '[');
    for (size_t i = 0; i < n; i++) {
        json_t *v = user_field(u, atoi(ids[i]));
        GString *cell = g_string_new(NULL);

        if (i)
            g_string_append_c(out, ',');
        if (v)
            oxd_text_json(cell, v);
        else if (o && sel[i].col)
            oxd_pim_row(req, &oxd_contacts, cell, o, NULL, &sel[i], 1);
        else
            g_string_append(cell, "null");
        /* oxd_pim_row made an array of one. */
        if (!v && o && sel[i].col)
            g_string_append_len(out, cell->str + 1, (gssize)cell->len - 2);
        else
            g_string_append_len(out, cell->str, (gssize)cell->len);
        g_string_free(cell, TRUE);
        json_decref(v);
    }
    g_string_append_c(out, ']');
}

static int rows(struct oxd_req *req, bool (*take)(struct oxd_req *req, const struct oxd_user *u))
{
    const char *text = oxd_param_need(req, "columns");
    const struct oxd_colsel *sel;
    GString *out;
    char **ids;
    size_t n;

    if (!text)
        return -1;
    sel = oxd_columns(req, oxd_contacts.columns, false, &n);
    ids = g_strsplit(text, ",", -1);
    out = g_string_new("[");
    for (guint i = 0; i < req->ctx->users->len; i++)
        if (take(req, req->ctx->users->pdata[i]))
            user_row(req, out, req->ctx->users->pdata[i], sel, n, ids);
    g_string_append_c(out, ']');
    g_strfreev(ids);
    return oxd_reply_text(req, out, oxd_now());
}

static bool take_all(struct oxd_req *req, const struct oxd_user *u)
{
    return true;
}

static bool take_listed(struct oxd_req *req, const struct oxd_user *u)
{
    const json_t *v;
    size_t i;

    json_array_foreach(req->body, i, v)
        if (oxd_json_id(v) == u->id)
            return true;
    return false;
}

static bool take_found(struct oxd_req *req, const struct oxd_user *u)
{
    const char *pattern = oxd_field_str(req->body, "pattern", "*");
    char *p = g_utf8_casefold(pattern, -1), *t = g_utf8_casefold(u->display_name, -1);
    char *glob = strpbrk(p, "*?") ? g_strdup(p) : g_strdup_printf("*%s*", p);
    bool hit = g_pattern_match_simple(glob, t);

    g_free(p);
    g_free(t);
    g_free(glob);
    return hit;
}

static int do_all(struct oxd_req *req)
{
    return rows(req, take_all);
}

static int do_list(struct oxd_req *req)
{
    return oxd_body_array(req) ? rows(req, take_listed) : -1;
}

static int do_search(struct oxd_req *req)
{
    return oxd_body_object(req) ? rows(req, take_found) : -1;
}

static int do_update(struct oxd_req *req)
{
    json_t *body = oxd_body_object(req);
    const char *tz = oxd_field_str(body, "timezone", NULL), *locale = oxd_field_str(body, "locale", NULL);

    if (!body)
        return -1;
    if (oxd_param_int(req, "id", req->user->id) != req->user->id)
        return oxd_fail(req, "USR-0011", NULL);
    if (tz) {
        if (!oxd_zone(tz))
            return oxd_fail(req, "SVL-0004", "Unknown time zone: %s", tz);
        g_free(req->user->tz);
        req->user->tz = g_strdup(tz);
        req->user->zone = oxd_zone(tz);
    }
    if (locale) {
        g_free(req->user->locale);
        req->user->locale = g_strdup(locale);
    }
    return oxd_reply(req, json_object(), oxd_stamp());
}

static int do_set_attribute(struct oxd_req *req)
{
    json_t *body = oxd_body_object(req), *value;
    const char *name = oxd_field_str(body, "name", NULL);

    if (!body)
        return -1;
    if (!name)
        return oxd_fail(req, "SVL-0002", "name is missing");
    value = json_object_get(body, "value");
    if (!value || json_is_null(value))
        json_object_del(req->user->attributes, name);
    else
        json_object_set(req->user->attributes, name, value);
    return oxd_reply(req, json_true(), -1);
}

static int do_get_attribute(struct oxd_req *req)
{
    const char *name = oxd_param_need(req, "name");
    json_t *v = name ? json_object_get(req->user->attributes, name) : NULL;

    if (!name)
        return -1;
    return oxd_reply(req, json_pack("{s:s, s:O*}", "name", name, "value", v), -1);
}

static const struct oxs_action user_actions[] = {
    {"get", 0, do_get},
    {"all", 0, do_all},
    {"list", 0, do_list},
    {"search", 0, do_search},
    {"update", OXS_WRITE, do_update},
    {"setAttribute", OXS_WRITE, do_set_attribute},
    {"getAttribute", 0, do_get_attribute},
    {NULL, 0, NULL},
};

const struct oxs_module oxs_user = {.name = "user", .actions = user_actions};

/* ---- user/me ---- */

static int do_me(struct oxd_req *req)
{
    const struct oxd_user *u = req->user, *admin = NULL;

    for (guint i = 0; i < req->ctx->users->len && !admin; i++)
        if (((struct oxd_user *)req->ctx->users->pdata[i])->admin)
            admin = req->ctx->users->pdata[i];
    return oxd_reply(req, json_pack("{s:i, s:i, s:i, s:s, s:s}", "context_id", u->ctx->id, "user_id", u->id,
                                    "context_admin", admin ? admin->id : 2, "login_name", u->login, "display_name",
                                    u->display_name),
                     -1);
}

static const struct oxs_action me_actions[] = {{"", 0, do_me}, {NULL, 0, NULL}};

const struct oxs_module oxs_user_me = {.name = "user/me", .actions = me_actions};

/* ---- capabilities ---- */

static json_t *capability(const char *id)
{
    return json_pack("{s:s, s:{}}", "id", id, "attributes");
}

static int do_caps(struct oxd_req *req)
{
    GList *keys = g_list_sort(g_hash_table_get_keys(req->user->caps), (GCompareFunc)(void (*)(void))strcmp);
    json_t *out = json_array();

    for (GList *l = keys; l; l = l->next)
        json_array_append_new(out, capability(l->data));
    g_list_free(keys);
    return oxd_reply(req, out, -1);
}

static int do_cap(struct oxd_req *req)
{
    const char *id = oxd_param_need(req, "id");

    if (!id)
        return -1;
    return oxd_reply(req, oxd_user_has_cap(req->user, id) ? capability(id) : json_object(), -1);
}

static const struct oxs_action cap_actions[] = {{"all", 0, do_caps}, {"get", 0, do_cap}, {NULL, 0, NULL}};

const struct oxs_module oxs_capabilities = {.name = "capabilities", .actions = cap_actions};

/* ---- quota ---- */

static int do_quota(struct oxd_req *req)
{
    const struct oxs_module *m = oxd_module_by_kind(OXK_MAIL);
    int64_t used = 0;

    if (!strcmp(req->action, "filestore"))
        return oxd_reply(req, json_pack("{s:I, s:i}", "quota", (json_int_t)-1, "use", 0), -1);
    if (m && m->user_bytes)
        used = m->user_bytes(req->user);
    return oxd_reply(req, json_pack("{s:I, s:I}", "quota", (json_int_t)req->user->quota_mail, "use", (json_int_t)used),
                     -1);
}

static const struct oxs_action quota_actions[] = {{"mail", 0, do_quota}, {"filestore", 0, do_quota}, {NULL, 0, NULL}};

const struct oxs_module oxs_quota = {.name = "quota", .actions = quota_actions};
