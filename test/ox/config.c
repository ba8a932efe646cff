/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "data.h"
#include "modules.h"

/* Module config, spec 8.1: one tree of values made for the user, over which his own writes lie. */

static json_t *addresses(const struct oxd_user *u)
{
    json_t *out = json_pack("[s]", u->email);

    for (guint i = 0; i < u->aliases->len; i++)
        json_array_append_new(out, json_string(u->aliases->pdata[i]));
    return out;
}

static json_t *mail_folders(const struct oxd_user *u)
{
    static const struct {
        const char *name;
        int std;
    } rows[] = {
        {"inbox", OXF_INBOX}, {"drafts", OXF_DRAFTS}, {"trash", OXF_TRASH}, {"spam", OXF_SPAM}, {"sent", OXF_SENT}};
    json_t *out = json_object();

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const struct oxd_folder *f = oxd_mail_folder_std(u, rows[i].std);

        if (f)
            json_object_set_new(out, rows[i].name, json_string(f->id));
    }
    return out;
}

static json_t *module_node(const struct oxd_user *u, const char *cap)
{
    return json_pack("{s:b}", "module", oxd_user_has_cap(u, cap));
}

static json_t *modules(const struct oxd_user *u)
{
    json_t *mail = module_node(u, "webmail");
    json_t *out = json_object();

    json_object_set_new(mail, "addresses", addresses(u));
    json_object_set_new(mail, "defaultaddress", json_string(u->email));
    json_object_set_new(mail, "sendaddress", json_string(u->email));
    json_object_set_new(mail, "defaultFolder", mail_folders(u));
    json_object_set_new(out, "mail", mail);
    json_object_set_new(out, "calendar", module_node(u, "calendar"));
    json_object_set_new(out, "contacts", module_node(u, "contacts"));
    json_object_set_new(out, "tasks", module_node(u, "tasks"));
    json_object_set_new(out, "infostore", module_node(u, "infostore"));
    return out;
}

static json_t *available(const struct oxd_user *u)
{
    static const char *const names[][2] = {{"webmail", "mail"}, {"calendar", "calendar"}, {"contacts", "contacts"},
                                           {"tasks", "tasks"},  {"infostore", "infostore"}};
    json_t *out = json_array();

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        if (oxd_user_has_cap(u, names[i][0]))
            json_array_append_new(out, json_string(names[i][1]));
    return out;
}

static json_t *tree(const struct oxd_req *req)
{
    const struct oxd_user *u = req->user;
    const json_t *min = oxd_switch("minimum-search-characters");
    json_t *mail = json_pack("{s:o, s:s, s:s, s:o}", "addresses", addresses(u), "defaultaddress", u->email,
                             "sendaddress", u->email, "folder", mail_folders(u));
    json_t *folder = json_pack("{s:i, s:i, s:i, s:i, s:b}", "calendar", u->def[OXK_CALENDAR]->num, "contacts",
                               u->def[OXK_CONTACTS]->num, "tasks", u->def[OXK_TASKS]->num, "infostore", 10, "eas", 0);

    return json_pack("{s:i, s:i, s:s, s:s, s:o, s:o, s:o, s:o, s:I, s:i, s:s, s:I}", "identifier", u->id, "context_id",
                     u->ctx->id, "timezone", u->tz, "language", u->locale, "mail", mail, "folder", folder, "modules",
                     modules(u), "availableModules", available(u), "minimumSearchCharacters",
                     (json_int_t)json_integer_value(min), "maxUploadIdleTimeout", 300000, "serverVersion",
                     "7.10.6-Rev1", "currentTime", (json_int_t)oxd_time_out(u->zone, oxd_now()));
}

static json_t *walk(json_t *node, const char *path)
{
    char **words = g_strsplit(path, "/", 16);

    for (char **w = words; *w && node; w++)
        if (**w)
            node = json_object_get(node, *w);
    g_strfreev(words);
    return node;
}

static int do_property(struct oxd_req *req)
{
    const char *name = oxd_param_need(req, "name");
    const json_t *all = oxd_switch("properties");
    json_t *v = name ? json_object_get(all, name) : NULL;

    if (!name)
        return -1;
    return oxd_reply(req, json_pack("{s:s, s:o}", "name", name, "value", v ? json_incref(v) : json_null()), -1);
}

static int do_config(struct oxd_req *req)
{
    json_t *root, *v, *over;

    if (!strcmp(req->method, "PUT") && !req->internal) {
        v = json_object_get(req->body, "data");
        json_object_set(req->user->config, req->path, v ? v : req->body);
        return oxd_reply(req, NULL, -1);
    }
    root = tree(req);
    over = json_object_get(req->user->config, req->path);
    v = over ? over : walk(root, req->path);
    if (!v) {
        json_decref(root);
        return oxd_fail(req, "SVL-0004", "Unknown configuration path %s", req->path);
    }
    json_incref(v);
    json_decref(root);
    return oxd_reply(req, v, -1);
}

static const struct oxs_action actions[] = {
    {"", OXS_WRITE, do_config},
    {"get_property", 0, do_property},
    {NULL, 0, NULL},
};

const struct oxs_module oxs_config = {.name = "config", .actions = actions};
