/* SPDX-License-Identifier: Apache-2.0 */
#include <stdatomic.h>
#include <string.h>
#include "data.h"
#include "server.h"

/* The control port. Manual: README.md. Every call answers JSON; a failed one has HTTP 400 and {"error":text}. */

static atomic_bool quit_wanted;

bool oxd_quit_wanted(void)
{
    return atomic_load(&quit_wanted);
}

static int bad(struct oxd_req *req, const char *text)
{
    oxd_reply_bare(req, json_pack("{s:s}", "error", text));
    req->reply.status = 400;
    return -1;
}

static int bad_free(struct oxd_req *req, char *text)
{
    bad(req, text ? text : "failed");
    g_free(text);
    return -1;
}

static int ok(struct oxd_req *req)
{
    return oxd_reply_bare(req, json_pack("{s:b}", "ok", 1));
}

/* ctx and user from the members "context" (default: the first) and "user" (login or id). Under the data lock. */
static int who(struct oxd_req *req, const json_t *body, bool needed)
{
    const json_t *user = json_object_get(body, "user"), *ctx = json_object_get(body, "context");

    req->ctx = ctx ? oxd_ctx_find((int)json_integer_value(ctx))
                   : oxd_world->ctxs->len ? oxd_world->ctxs->pdata[0] : NULL;
    if (json_is_string(user))
        req->user = oxd_user_by_login(json_string_value(user));
    else if (json_is_integer(user) && req->ctx)
        req->user = oxd_user_find(req->ctx, (int)json_integer_value(user));
    if (req->user)
        req->ctx = req->user->ctx;
    if ((user || needed) && !req->user)
        return bad(req, "no such user");
    return req->ctx ? 0 : bad(req, "no such context");
}

/* ---- the calls ---- */

static int do_call(struct oxd_req *req)
{
    const json_t *params = json_object_get(req->body, "params");
    const char *module = json_string_value(json_object_get(req->body, "module"));
    const char *action = json_string_value(json_object_get(req->body, "action")), *key;
    struct oxd_req *child;
    json_t *value;
    int rc;

    if (!module)
        return bad(req, "module is missing");
    g_rw_lock_reader_lock(&oxd_lock);
    rc = who(req, req->body, true);
    g_rw_lock_reader_unlock(&oxd_lock);
    if (rc < 0)
        return -1;
    child = oxd_req_new();
    child->internal = true;
    child->method = "PUT";
    child->module = oxd_req_strdup(child, module);
    child->action = oxd_req_strdup(child, action ? action : "");
    child->ctx = req->ctx;
    child->user = req->user;
    json_object_foreach((json_t *)(uintptr_t)params, key, value) {
        if (json_is_string(value))
            oxd_req_add_param(child, key, json_string_value(value));
        else if (json_is_integer(value))
            oxd_req_add_param(child, key, oxd_json_text(req, params, key));
        else if (json_is_boolean(value))
            oxd_req_add_param(child, key, json_is_true(value) ? "true" : "false");
    }
    child->body = json_incref(json_object_get(req->body, "body"));
    if (json_is_string(child->body)) {
        child->raw = json_string_value(child->body);
        child->raw_len = json_string_length(child->body);
    }
    oxd_dispatch(child);
    req->reply.kind = OXR_RAW;
    req->reply.text = child->out;
    req->reply.content_type = child->out_type;
    child->out = NULL;
    oxd_req_free(child);
    return 0;
}

static int do_sessions(struct oxd_req *req)
{
    return oxd_reply_bare(req, oxd_sessions_dump());
}

static int do_expire(struct oxd_req *req)
{
    bool spoil = json_is_true(json_object_get(req->body, "secret"));
    int n;

    if (who(req, req->body, false) < 0)
        return -1;
    n = spoil ? oxd_sessions_spoil(req->user) : oxd_sessions_drop(req->user);
    return oxd_reply_bare(req, json_pack("{s:i}", "sessions", n));
}

static int do_clock(struct oxd_req *req)
{
    const json_t *now = json_object_get(req->body, "now"), *equal = json_object_get(req->body, "equal");
    const json_t *frozen = json_object_get(req->body, "frozen");

    if (now)
        oxd_clock_set(json_integer_value(now));
    if (frozen)
        oxd_clock_freeze(json_is_true(frozen));
    if (equal)
        oxd_clock_equal(json_is_true(equal));
    return oxd_reply_bare(req, json_pack("{s:I}", "now", (json_int_t)oxd_now()));
}

static int do_fault(struct oxd_req *req)
{
    json_t *rule = json_copy(req->body);
    char *err = NULL;
    int rc;

    if (who(req, rule, false) < 0) {
        json_decref(rule);
        return -1;
    }
    if (req->user)
        json_object_set_new(rule, "userId", json_integer(req->user->id));
    rc = oxd_fault_add(rule, &err);
    json_decref(rule);
    return rc < 0 ? bad_free(req, err) : ok(req);
}

static int do_faults(struct oxd_req *req)
{
    return oxd_reply_bare(req, oxd_fault_dump());
}

static int do_fault_clear(struct oxd_req *req)
{
    oxd_fault_clear();
    return ok(req);
}

static int do_calls(struct oxd_req *req)
{
    return oxd_reply_bare(req, oxd_counts());
}

static int do_calls_reset(struct oxd_req *req)
{
    oxd_counts_reset();
    return ok(req);
}

static int do_dump(struct oxd_req *req)
{
    return oxd_reply_bare(req, oxd_state_dump());
}

static int do_save(struct oxd_req *req)
{
    const char *path = json_string_value(json_object_get(req->body, "file"));
    char *err = NULL;

    if (!path)
        path = oxd_options.state;
    if (!path)
        return bad(req, "no file is given and the server has no --state");
    return oxd_state_save(path, &err) < 0 ? bad_free(req, err) : ok(req);
}

static int do_seed(struct oxd_req *req)
{
    const char *path = json_string_value(json_object_get(req->body, "file"));
    json_t *seed = path ? json_load_file(path, JSON_ALLOW_NUL, NULL) : json_incref(req->body);
    char *err = NULL;
    int rc;

    if (!seed)
        return bad(req, "the seed cannot be read");
    rc = oxd_seed_load(seed, &err);
    json_decref(seed);
    if (rc < 0)
        return bad_free(req, err);
    oxd_sessions_drop(NULL);
    return ok(req);
}

/* {"user":…, "caps":{"usm":true,"active_sync":false}} and further fields of the user. */
static int do_user(struct oxd_req *req)
{
    const json_t *caps = json_object_get(req->body, "caps"), *v;
    const char *key;
    json_t *on;

    if (who(req, req->body, true) < 0)
        return -1;
    json_object_foreach((json_t *)(uintptr_t)caps, key, on) {
        if (json_is_true(on))
            g_hash_table_add(req->user->caps, g_strdup(key));
        else
            g_hash_table_remove(req->user->caps, key);
    }
    if ((v = json_object_get(req->body, "disabled")))
        req->user->disabled = json_is_true(v);
    if ((v = json_object_get(req->body, "quotaMail")))
        req->user->quota_mail = json_integer_value(v);
    if (json_is_string(v = json_object_get(req->body, "password"))) {
        g_free(req->user->password);
        req->user->password = g_strdup(json_string_value(v));
    }
    if (json_is_string(v = json_object_get(req->body, "timezone")) && oxd_zone(json_string_value(v))) {
        g_free(req->user->tz);
        req->user->tz = g_strdup(json_string_value(v));
        req->user->zone = oxd_zone(req->user->tz);
    }
    return ok(req);
}

static int do_context(struct oxd_req *req)
{
    const json_t *locked = json_object_get(req->body, "locked"), *v;

    if (who(req, req->body, false) < 0)
        return -1;
    if (locked)
        req->ctx->locked = json_is_true(locked);
    if ((v = json_object_get(req->body, "nextId")))
        req->ctx->next_id = (int)json_integer_value(v) - 1;
    if ((v = json_object_get(req->body, "nextFolder")))
        req->ctx->next_folder = (int)json_integer_value(v);
    return ok(req);
}

static int do_switch(struct oxd_req *req)
{
    if (!json_is_object(req->body))
        return bad(req, "an object of switches is needed");
    json_object_update(oxd_world->switches, req->body);
    return oxd_reply_bare(req, json_deep_copy(oxd_world->switches));
}

static int do_push(struct oxd_req *req)
{
    json_t *answer = NULL;
    char *err = NULL;

    if (oxd_push_config(req->body, &answer, &err) < 0)
        return bad_free(req, err);
    return oxd_reply_bare(req, answer);
}

static int do_push_send(struct oxd_req *req)
{
    json_t *answer = NULL;
    char *err = NULL;

    if (oxd_push_send(req->body, &answer, &err) < 0)
        return bad_free(req, err);
    return oxd_reply_bare(req, answer);
}

static int do_quit(struct oxd_req *req)
{
    atomic_store(&quit_wanted, true);
    return ok(req);
}

static int do_ping(struct oxd_req *req)
{
    return ok(req);
}

enum { NO_LOCK, READ, WRITE };

static const struct {
    const char *path;
    int lock;
    int (*handle)(struct oxd_req *req);
} calls[] = {
    {"", NO_LOCK, do_ping},
    {"call", NO_LOCK, do_call},
    {"sessions", NO_LOCK, do_sessions},
    {"expire", READ, do_expire},
    {"clock", NO_LOCK, do_clock},
    {"fault", READ, do_fault},
    {"faults", NO_LOCK, do_faults},
    {"fault/clear", NO_LOCK, do_fault_clear},
    {"calls", NO_LOCK, do_calls},
    {"calls/reset", NO_LOCK, do_calls_reset},
    {"dump", READ, do_dump},
    {"save", READ, do_save},
    {"seed", WRITE, do_seed},
    {"user", WRITE, do_user},
    {"context", WRITE, do_context},
    {"switch", WRITE, do_switch},
    {"push", NO_LOCK, do_push},
    {"push/send", NO_LOCK, do_push_send},
    {"quit", NO_LOCK, do_quit},
};

static int module_call(struct oxd_req *req, const char *name)
{
    for (size_t i = 0; oxd_modules[i]; i++) {
        if (strcmp(oxd_modules[i]->name, name) || !oxd_modules[i]->control)
            continue;
        if (who(req, req->body, false) < 0)
            return -1;
        req->tz = NULL;
        return oxd_modules[i]->control(req);
    }
    return bad(req, "this module has no control calls");
}

static void run(struct oxd_req *req)
{
    if (!strncmp(req->path, "module/", 7)) {
        g_rw_lock_writer_lock(&oxd_lock);
        module_call(req, req->path + 7);
        req->out = oxd_reply_body(req, &req->out_type);
        g_rw_lock_writer_unlock(&oxd_lock);
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(calls); i++) {
        if (strcmp(calls[i].path, req->path))
            continue;
        if (calls[i].lock == WRITE)
            g_rw_lock_writer_lock(&oxd_lock);
        else if (calls[i].lock == READ)
            g_rw_lock_reader_lock(&oxd_lock);
        calls[i].handle(req);
        req->out = oxd_reply_body(req, &req->out_type);
        if (calls[i].lock == WRITE)
            g_rw_lock_writer_unlock(&oxd_lock);
        else if (calls[i].lock == READ)
            g_rw_lock_reader_unlock(&oxd_lock);
        return;
    }
    bad(req, "unknown control call");
    req->reply.status = 404;
}

void oxd_control(struct oxd_req *req)
{
    run(req);
    if (!req->out)
        req->out = oxd_reply_body(req, &req->out_type);
}
