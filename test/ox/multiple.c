/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "data.h"
#include "server.h"
#include "modules.h"

/* Module multiple, spec 1.12. */

static void add_member(struct oxd_req *child, const char *key, const json_t *value)
{
    char num[32];

    if (json_is_string(value)) {
        oxd_req_add_param(child, key, json_string_value(value));
    } else if (json_is_integer(value)) {
        g_snprintf(num, sizeof(num), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        oxd_req_add_param(child, key, num);
    } else if (json_is_boolean(value)) {
        oxd_req_add_param(child, key, json_is_true(value) ? "true" : "false");
    }
}

static struct oxd_req *make_child(struct oxd_req *req, json_t *element)
{
    struct oxd_req *child = oxd_req_new();
    const char *action = json_string_value(json_object_get(element, "action"));
    const char *key;
    json_t *value;

    child->method = "PUT";
    child->module = oxd_req_strdup(child, json_string_value(json_object_get(element, "module")));
    child->action = oxd_req_strdup(child, action ? action : "");
    child->peer_ip = req->peer_ip;
    child->user_agent = req->user_agent;
    child->accept = req->accept;
    child->cookie = req->cookie;
    child->in_multiple = true;
    child->internal = req->internal;
    if (req->internal) {
        child->ctx = req->ctx;
        child->user = req->user;
    }
    json_object_foreach(element, key, value) {
        if (strcmp(key, "module") && strcmp(key, "action") && strcmp(key, "data") && strcmp(key, "session"))
            add_member(child, key, value);
    }
    oxd_req_add_param(child, "session", oxd_param(req, "session"));
    child->body = json_incref(json_object_get(element, "data"));
    if (json_is_string(child->body)) {
        child->raw = json_string_value(child->body);
        child->raw_len = json_string_length(child->body);
    }
    return child;
}

static bool serial(const struct oxd_req *child)
{
    const char *folder = oxd_param(child, "id");

    if (!strcmp(child->module, "mail"))
        return true;
    if (!strcmp(child->module, "folders") && folder && !strncmp(folder, "default", 7))
        return true;
    return oxd_action_flags(child->module, child->action) & OXS_SERIAL;
}

/*
 * The real server runs what is not serial five at a time, so that reads may overtake writes. Here such elements run in
 * an order shuffled inside windows of five, before the serial ones of the window: whoever relies on the order sees it.
 */
static void run_all(struct oxd_req **children, size_t n)
{
    static gint turn;
    guint32 r = (guint32)g_atomic_int_add(&turn, 1) * 2654435761u;

    for (size_t at = 0; at < n; at += 5) {
        size_t end = MIN(n, at + 5), order[5], k = 0;

        for (size_t i = at; i < end; i++)
            if (n > 1 && !serial(children[i]))
                order[k++] = i;
        for (size_t i = k; i > 1; i--) {
            size_t j, t;

            r = r * 1664525u + 1013904223u;
            j = (r >> 16) % i;
            t = order[i - 1];
            order[i - 1] = order[j];
            order[j] = t;
        }
        for (size_t i = 0; i < k; i++)
            oxd_dispatch(children[order[i]]);
        for (size_t i = at; i < end; i++)
            if (!children[i]->out)
                oxd_dispatch(children[i]);
    }
}

static bool session_ok(struct oxd_req *req)
{
    bool ok;

    if (req->internal)
        return true;
    if (!oxd_param(req, "session")) {
        oxd_reply_status(req, 400, "The session parameter is missing.");
        return false;
    }
    g_rw_lock_reader_lock(&oxd_lock);
    ok = oxd_session_check(req) == 0;
    g_rw_lock_reader_unlock(&oxd_lock);
    return ok;
}

static int do_multiple(struct oxd_req *req)
{
    size_t n = json_array_size(req->body), i;
    struct oxd_req **children;
    GString *out;
    json_t *element;

    if (!json_is_array(req->body))
        return oxd_reply_status(req, 400, "The body must be a JSON array.");
    if (!session_ok(req))
        return -1;
    json_array_foreach(req->body, i, element) {
        if (!json_is_string(json_object_get(element, "module")))
            return oxd_fail(req, "SVL-0002", "Missing the following request parameter: module");
    }
    children = g_new0(struct oxd_req *, n + 1);
    json_array_foreach(req->body, i, element)
        children[i] = make_child(req, element);
    run_all(children, n);
    out = g_string_new("[");
    for (i = 0; i < n; i++) {
        enum oxd_reply_kind kind = children[i]->reply.kind;

        g_string_append(out, i ? "," : "");
        if (kind == OXR_RAW || kind == OXR_EMPTY || kind == OXR_NONE)
            g_string_append(out, kind == OXR_RAW ? "{\"error\":\"This call has no JSON answer.\",\"code\":\"SVL-0001\","
                                                   "\"categories\":\"ERROR\",\"category\":8,\"error_params\":[]}"
                                                 : "{}");
        else
            g_string_append_len(out, children[i]->out->str, (gssize)children[i]->out->len);
        oxd_req_free(children[i]);
    }
    g_string_append_c(out, ']');
    g_free(children);
    oxd_reply_raw(req, "text/javascript; charset=UTF-8", out, NULL);
    return 0;
}

static const struct oxs_action actions[] = {
    {"", OXS_NOLOCK | OXS_NOSESSION | OXS_NOMULTI, do_multiple},
    {NULL, 0, NULL},
};

const struct oxs_module oxs_multiple = {.name = "multiple", .actions = actions};
