/* SPDX-License-Identifier: Apache-2.0 */
#include "ox/ox.h"

#include <apr_strings.h>
#include <stdarg.h>
#include <string.h>

usm_time_t ox_now(void)
{
    return apr_time_now() / 1000;
}

const char *ox_path(apr_pool_t *pool, const char *module, ...)
{
    apr_array_header_t *parts = apr_array_make(pool, 24, sizeof(const char *));
    const char *name;
    va_list ap;
    APR_ARRAY_PUSH(parts, const char *) = module;
    va_start(ap, module);
    while ((name = va_arg(ap, const char *)) != NULL) {
        const char *value = va_arg(ap, const char *);
        if (!value)
            continue;
        APR_ARRAY_PUSH(parts, const char *) = parts->nelts == 1 ? "?" : "&";
        APR_ARRAY_PUSH(parts, const char *) = name;
        APR_ARRAY_PUSH(parts, const char *) = "=";
        APR_ARRAY_PUSH(parts, const char *) = ox_http_escape(value, pool);
    }
    va_end(ap);
    return apr_array_pstrcat(pool, parts, 0);
}

ox_json_t *ox_request(apr_pool_t *pool, const char *module, const char *action, ...)
{
    ox_json_t *request = ox_json_object(pool);
    const char *name;
    va_list ap;
    ox_json_set_text(request, "module", module);
    ox_json_set_text(request, "action", action);
    va_start(ap, action);
    while ((name = va_arg(ap, const char *)) != NULL) {
        const char *value = va_arg(ap, const char *);
        if (value)
            ox_json_set_text(request, name, value);
    }
    va_end(ap);
    return request;
}

const char *ox_columns(apr_pool_t *pool, const int *columns, int count)
{
    apr_array_header_t *parts = apr_array_make(pool, count, sizeof(const char *));
    for (int i = 0; i < count; i++)
        APR_ARRAY_PUSH(parts, const char *) = apr_itoa(pool, columns[i]);
    return apr_array_pstrcat(pool, parts, ',');
}

#define STREAM_TIMEOUT_MS 600000 /* a large attachment takes its time */

/* ---- one call, with a repeat after a new login ---- */

/* What differs between the kinds of calls: how the answer is read. */
typedef struct oxcall_t oxcall_t;
struct oxcall_t {
    usm_bcall_t *call;
    ox_req_t req;
    const char *path;
    /* Reads an answer. *lost_p 1: the session is gone. */
    usm_error_t *(*read)(int *lost_p, oxcall_t *c, ox_rsp_t *rsp, apr_pool_t *pool);
    ox_answer_t *answer;
    ox_json_t *array;    /* of `multiple` */
    ox_stream_t *stream; /* of a row listing */
    ox_row_fn on_row;
    void *baton;
    ox_rsp_t *bytes;
    usm_data_fn on_bytes; /* of a body that is handed on */
    usm_error_t *handed;  /* what it said */
    apr_uint64_t seen;
};

static const char *url_of(const oxcall_t *c, const ox_snap_t *snap, apr_pool_t *pool)
{
    const ox_backend_t *be = c->call->login->be;
    int absolute = c->path[0] == '/';
    return apr_pstrcat(pool, absolute ? be->origin : be->base_url, c->path, strchr(c->path, '?') ? "&" : "?",
                       "session=", snap->session, NULL);
}

static int on_stream_data(void *baton, const char *data, apr_size_t len)
{
    oxcall_t *c = baton;
    return ox_stream_feed(c->stream, data, len);
}

static void trace(const oxcall_t *c, const ox_rsp_t *rsp)
{
    if (usm_log_on(c->call->log, USM_LOG_TRACE))
        usm_log(c->call->log, USM_LOG_TRACE, 0, "OX %s %s: HTTP %d, %" APR_SIZE_T_FMT " bytes", c->req.method,
                c->path, rsp->status, rsp->len);
}

static usm_error_t *run(oxcall_t *c, apr_pool_t *pool)
{
    usm_blogin_t *login = c->call->login;
    for (int round = 0;; round++) {
        ox_snap_t snap;
        ox_rsp_t rsp;
        int lost = 0;
        ox_login_snap(&snap, login, pool);
        c->req.url = url_of(c, &snap, pool);
        c->req.cookies = snap.cookies;
        if (c->on_row) {
            c->stream = ox_stream_create(c->on_row, c->baton, pool);
            c->req.on_data = on_stream_data;
            c->req.baton = c;
        }
        USM_ERR_W(ox_http_perform(&rsp, login->be->http, &c->req, c->call->stats, pool), "OX %s %.60s", c->req.method,
                  c->path);
        trace(c, &rsp);
        ox_login_cookies(login, &snap, rsp.cookies, pool);
        usm_error_t *err = c->read(&lost, c, &rsp, pool);
        if (!lost || round > 0)
            return usm_error_wrap(err, __FILE__, __LINE__, "OX %s %.60s", c->req.method, c->path);
        if (strcmp(ox_error_code(c->answer ? c->answer->root : NULL), "SES-0205") == 0)
            usm_log(c->call->log, USM_LOG_WARNING, 301, "OX refuses this gateway's address for sessions of user %s: "
                    "its IP check must know the gateway", login->user);
        usm_error_clear(err);
        USM_ERR(ox_login_again(c->call, snap.generation, pool));
    }
}

/* ---- reading envelopes ---- */

/* A page of some proxy in between says nothing about objects: 404 here must not be taken for "the object is gone". */
static usm_error_t *no_json(const ox_rsp_t *rsp, apr_pool_t *pool)
{
    return USM_ERROR(pool, rsp->status == 413 ? USM_ELIMIT : USM_EBACKEND,
                     "groupware server answered HTTP %d without JSON", rsp->status);
}

static usm_error_t *take_envelope(int *lost_p, ox_answer_t *answer, ox_json_t *root, const ox_rsp_t *rsp,
                                  apr_pool_t *pool)
{
    answer->root = root;
    *lost_p = ox_error_is_session(root);
    USM_ERR(ox_error_of(root, pool));
    if (rsp->status != 200)
        return USM_ERROR(pool, USM_EBACKEND, "groupware server answered HTTP %d without an error", rsp->status);
    answer->data = ox_json_get(root, "data");
    if (ox_json_is_null(answer->data))
        answer->data = NULL;
    answer->timestamp = ox_json_int(ox_json_get(root, "timestamp"), -1);
    return NULL;
}

static usm_error_t *read_envelope(int *lost_p, oxcall_t *c, ox_rsp_t *rsp, apr_pool_t *pool)
{
    ox_json_t *root = ox_json_parse_callback(rsp->body, rsp->len, pool);
    ox_http_free(rsp, pool);
    if (!ox_json_is_object(root))
        return no_json(rsp, pool);
    return take_envelope(lost_p, c->answer, root, rsp, pool);
}

static usm_error_t *read_rows(int *lost_p, oxcall_t *c, ox_rsp_t *rsp, apr_pool_t *pool)
{
    ox_json_t *root = NULL;
    usm_error_t *err = ox_stream_end(&root, c->stream, pool);
    if (err)
        return rsp->status == 200 ? err : no_json(rsp, pool);
    err = take_envelope(lost_p, c->answer, root, rsp, pool);
    if (ox_stream_rows(c->stream) > 0)
        *lost_p = 0; /* rows were handed out: a repeat would hand them out twice */
    if (!err && !ox_json_is_array(c->answer->data))
        err = USM_ERROR(pool, USM_EBACKEND, "listing without data"); /* no listing is not an empty one */
    return err;
}

static usm_error_t *read_array(int *lost_p, oxcall_t *c, ox_rsp_t *rsp, apr_pool_t *pool)
{
    ox_json_t *root = ox_json_parse(rsp->body, rsp->len, pool);
    ox_http_free(rsp, pool);
    if (ox_json_is_object(root)) {
        ox_answer_t answer = {0};
        USM_ERR(take_envelope(lost_p, &answer, root, rsp, pool));
        root = answer.data;
    }
    if (!ox_json_is_array(root))
        return no_json(rsp, pool);
    c->array = root;
    for (int i = 0; i < ox_json_count(root) && !*lost_p; i++)
        *lost_p = ox_error_is_session(ox_json_at(root, i));
    return *lost_p ? USM_ERROR(pool, USM_EBACKEND, "session is not accepted") : NULL;
}

static usm_error_t *read_bytes(int *lost_p, oxcall_t *c, ox_rsp_t *rsp, apr_pool_t *pool)
{
    /* An error comes as JSON, or as a page with 403 when the session is gone. */
    if (rsp->len > 0 && (strncmp(rsp->content_type, "text/javascript", 15) == 0 ||
                         strncmp(rsp->content_type, "application/json", 16) == 0)) {
        ox_answer_t answer = {0};
        ox_json_t *root = ox_json_parse(rsp->body, rsp->len, pool);
        if (ox_json_get(root, "error"))
            return take_envelope(lost_p, &answer, root, rsp, pool);
    }
    *lost_p = rsp->status == 403;
    if (rsp->status == 404)
        return USM_ERROR(pool, USM_ENOTFOUND, "groupware server answered HTTP 404");
    if (rsp->status != 200)
        return no_json(rsp, pool);
    *c->bytes = *rsp;
    return NULL;
}

/* ---- bodies that are handed on ---- */

static int is_json(const char *type)
{
    return strncmp(type, "text/javascript", 15) == 0 || strncmp(type, "application/json", 16) == 0;
}

static int on_stream_head(void *baton, int status, const char *content_type)
{
    return status == 200 && !is_json(content_type);
}

static int on_stream_bytes(void *baton, const char *data, apr_size_t len)
{
    oxcall_t *c = baton;
    c->seen += len;
    c->handed = c->on_bytes(c->baton, data, len);
    return c->handed != NULL;
}

/* What was kept is an error, or a part whose own type is JSON. */
static usm_error_t *read_stream(int *lost_p, oxcall_t *c, ox_rsp_t *rsp, apr_pool_t *pool)
{
    if (c->handed || c->seen)
        return c->handed;
    if (rsp->len > 0 && is_json(rsp->content_type)) {
        ox_answer_t answer = {0};
        ox_json_t *root = ox_json_parse(rsp->body, rsp->len, pool);
        if (ox_json_get(root, "error"))
            return take_envelope(lost_p, &answer, root, rsp, pool);
    }
    *lost_p = rsp->status == 403;
    if (rsp->status == 404)
        return USM_ERROR(pool, USM_ENOTFOUND, "groupware server answered HTTP 404");
    if (rsp->status != 200)
        return no_json(rsp, pool);
    c->seen = rsp->len;
    return rsp->len ? c->on_bytes(c->baton, rsp->body, rsp->len) : NULL;
}

/* ---- the kinds of calls ---- */

static void dump_body(ox_req_t *req, const ox_json_t *body, apr_pool_t *pool)
{
    req->content_type = "text/javascript; charset=utf-8";
    req->body = ox_json_dump(&req->body_len, body, pool);
}

usm_error_t *ox_get(ox_answer_t *answer, usm_bcall_t *call, const char *path, apr_pool_t *pool)
{
    memset(answer, 0, sizeof *answer);
    oxcall_t c = {.call = call, .req = {.method = "GET"}, .path = path, .read = read_envelope, .answer = answer};
    return run(&c, pool);
}

usm_error_t *ox_put(ox_answer_t *answer, usm_bcall_t *call, const char *path, const ox_json_t *body, apr_pool_t *pool)
{
    memset(answer, 0, sizeof *answer);
    oxcall_t c = {.call = call, .req = {.method = "PUT"}, .path = path, .read = read_envelope, .answer = answer};
    dump_body(&c.req, body, pool);
    return run(&c, pool);
}

usm_error_t *ox_put_text(ox_answer_t *answer, usm_bcall_t *call, const char *path, const char *text, apr_size_t len,
                         apr_pool_t *pool)
{
    memset(answer, 0, sizeof *answer);
    oxcall_t c = {.call = call, .req = {.method = "PUT"}, .path = path, .read = read_envelope, .answer = answer};
    c.req.content_type = "text/plain; charset=us-ascii";
    c.req.body = text;
    c.req.body_len = len;
    return run(&c, pool);
}

usm_error_t *ox_post_parts(ox_answer_t *answer, usm_bcall_t *call, const char *path, const ox_part_t *parts, int count,
                           apr_pool_t *pool)
{
    memset(answer, 0, sizeof *answer);
    oxcall_t c = {.call = call, .req = {.method = "POST"}, .path = path, .read = read_envelope, .answer = answer};
    c.req.parts = parts;
    c.req.part_count = count;
    return run(&c, pool);
}

usm_error_t *ox_get_rows(ox_answer_t *answer, usm_bcall_t *call, const char *path, ox_row_fn on_row, void *baton,
                         apr_pool_t *pool)
{
    memset(answer, 0, sizeof *answer);
    oxcall_t c = {.call = call, .req = {.method = "GET"}, .path = path, .read = read_rows, .answer = answer};
    c.req.max = (apr_size_t)1024 * 1024 * 1024; /* nothing of it is kept */
    c.on_row = on_row;
    c.baton = baton;
    return run(&c, pool);
}

usm_error_t *ox_multiple(ox_json_t **answers_p, usm_bcall_t *call, const ox_json_t *requests, apr_pool_t *pool)
{
    oxcall_t c = {.call = call, .req = {.method = "PUT"}, .path = "multiple?continue=true", .read = read_array};
    dump_body(&c.req, requests, pool);
    USM_ERR(run(&c, pool));
    if (ox_json_count(c.array) != ox_json_count(requests))
        return USM_ERROR(pool, USM_EBACKEND, "OX answered %d of %d requests", ox_json_count(c.array),
                         ox_json_count(requests));
    *answers_p = c.array;
    return NULL;
}

usm_error_t *ox_get_bytes(ox_rsp_t *rsp, usm_bcall_t *call, const char *path, apr_size_t max, apr_pool_t *pool)
{
    memset(rsp, 0, sizeof *rsp);
    oxcall_t c = {.call = call, .req = {.method = "GET"}, .path = path, .read = read_bytes, .bytes = rsp};
    c.req.max = max;
    return run(&c, pool);
}

usm_error_t *ox_get_stream(apr_uint64_t *seen_p, usm_bcall_t *call, const char *path, apr_size_t max, usm_data_fn fn,
                           void *baton, apr_pool_t *pool)
{
    oxcall_t c = {.call = call, .req = {.method = "GET"}, .path = path, .read = read_stream, .on_bytes = fn,
                  .baton = baton};
    c.req.max = max;
    c.req.on_head = on_stream_head;
    c.req.on_data = on_stream_bytes;
    c.req.baton = &c;
    c.req.timeout_ms = STREAM_TIMEOUT_MS;
    *seen_p = 0;
    USM_ERR(run(&c, pool));
    *seen_p = c.seen;
    return NULL;
}
