/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "data.h"
#include "modules.h"
#include "seedfield.h"

/* Module mailfilter, spec 9: the user's rules, of which a gateway needs the vacation notice. */

static void renumber(struct oxd_user *user)
{
    json_t *rule;
    size_t i;

    json_array_foreach(user->filters, i, rule)
        json_object_set_new(rule, "position", json_integer((json_int_t)i));
}

static json_t *find(struct oxd_req *req, int64_t id, size_t *at)
{
    json_t *rule;
    size_t i;

    json_array_foreach(req->user->filters, i, rule) {
        *at = i;
        if (oxd_field_int(rule, "id", -1) == id)
            return rule;
    }
    oxd_fail(req, "MAIL_FILTER-0002", "There is no rule %" G_GINT64_FORMAT, id);
    return NULL;
}

static bool has_flag(const json_t *rule, const char *flag)
{
    const json_t *v;
    size_t i;

    json_array_foreach(json_object_get(rule, "flags"), i, v)
        if (!g_strcmp0(json_string_value(v), flag))
            return true;
    return false;
}

static int do_config(struct oxd_req *req)
{
    json_t *tests = json_array();

    /* The switch makes a server without date tests: OOF with a time window is not possible there. */
    if (!oxd_switch_is("sieve-currentdate", "off"))
        json_array_append_new(tests,
                              json_pack("{s:s, s:[s, s, s]}", "test", "currentdate", "comparison", "is", "ge", "le"));
    json_array_append_new(tests, json_pack("{s:s, s:[]}", "test", "true", "comparison"));
    json_array_append_new(tests, json_pack("{s:s, s:[]}", "test", "allof", "comparison"));
    json_array_append_new(tests, json_pack("{s:s, s:[]}", "test", "anyof", "comparison"));
    json_array_append_new(tests,
                          json_pack("{s:s, s:[s, s, s]}", "test", "header", "comparison", "is", "contains", "matches"));
    return oxd_reply(req,
                     json_pack("{s:o, s:[s, s, s, s, s, s], s:[s, s]}", "tests", tests, "actioncommands", "keep",
                               "discard", "redirect", "move", "stop", "vacation", "capabilities", "vacation", "date"),
                     -1);
}

static int do_list(struct oxd_req *req)
{
    const char *flag = oxd_param(req, "flag");
    json_t *out = json_array(), *rule;
    size_t i;

    json_array_foreach(req->user->filters, i, rule)
        if (!flag || has_flag(rule, flag))
            json_array_append_new(out, json_deep_copy(rule));
    return oxd_reply(req, out, -1);
}

/* What Sieve would refuse. */
static int check(struct oxd_req *req, const json_t *rule)
{
    const json_t *cmds = json_object_get(rule, "actioncmds"), *test = json_object_get(rule, "test"), *cmd;
    size_t i;

    if (!oxd_field_str(test, "id", NULL) || !json_array_size(cmds))
        return oxd_fail(req, "MAIL_FILTER-0019", "A rule needs test and actioncmds");
    json_array_foreach(cmds, i, cmd) {
        if (!oxd_field_str(cmd, "id", NULL))
            return oxd_fail(req, "MAIL_FILTER-0019", "An action without id");
        if (!strcmp(oxd_field_str(cmd, "id", ""), "vacation") && !oxd_field_str(cmd, "text", NULL))
            return oxd_fail(req, "MAIL_FILTER-0019", "The vacation action needs a text");
    }
    return 0;
}

static int do_new(struct oxd_req *req)
{
    json_t *body = oxd_body_object(req), *rule;
    size_t n = json_array_size(req->user->filters);
    int64_t position;
    int id;

    if (!body || check(req, body) < 0)
        return -1;
    rule = json_deep_copy(body);
    id = req->user->next_filter++;
    json_object_set_new(rule, "id", json_integer(id));
    if (!json_object_get(rule, "active"))
        json_object_set_new(rule, "active", json_true());
    if (!json_object_get(rule, "flags"))
        json_object_set_new(rule, "flags", json_array());
    position = oxd_field_int(rule, "position", (int64_t)n);
    json_array_insert_new(req->user->filters, (size_t)CLAMP(position, 0, (int64_t)n), rule);
    renumber(req->user);
    return oxd_reply(req, json_integer(id), -1);
}

static int do_update(struct oxd_req *req)
{
    json_t *body = oxd_body_object(req), *rule, *copy;
    size_t at;

    if (!body)
        return -1;
    rule = find(req, oxd_json_id(json_object_get(body, "id")), &at);
    if (!rule)
        return -1;
    copy = json_deep_copy(rule);
    json_object_update(copy, body);
    if (check(req, copy) < 0) {
        json_decref(copy);
        return -1;
    }
    json_array_set_new(req->user->filters, at, copy);
    renumber(req->user);
    return oxd_reply(req, NULL, -1);
}

static int do_delete(struct oxd_req *req)
{
    json_t *body = oxd_body_object(req);
    size_t at;

    if (!body || !find(req, oxd_json_id(json_object_get(body, "id")), &at))
        return -1;
    json_array_remove(req->user->filters, at);
    renumber(req->user);
    return oxd_reply(req, NULL, -1);
}

static int do_reorder(struct oxd_req *req)
{
    json_t *body = oxd_body_array(req), *out, *v;
    size_t i, at;

    if (!body)
        return -1;
    json_array_foreach(body, i, v)
        if (!find(req, oxd_json_id(v), &at))
            return -1;
    out = json_array();
    json_array_foreach(body, i, v) {
        json_t *rule = find(req, oxd_json_id(v), &at);

        if (rule) {
            json_array_append(out, rule);
            json_array_remove(req->user->filters, at);
        }
    }
    json_array_extend(out, req->user->filters);
    json_decref(req->user->filters);
    req->user->filters = out;
    renumber(req->user);
    return oxd_reply(req, NULL, -1);
}

static const struct oxs_action actions[] = {
    {"config", 0, do_config},
    {"list", 0, do_list},
    {"new", OXS_WRITE, do_new},
    {"update", OXS_WRITE, do_update},
    {"delete", OXS_WRITE, do_delete},
    {"reorder", OXS_WRITE, do_reorder},
    {NULL, 0, NULL},
};

const struct oxs_module oxs_mailfilter = {
    .name = "mailfilter", .cap = "mailfilter", .denied = "MAIL_FILTER-0012", .actions = actions,
};
