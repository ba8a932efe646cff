/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <stdio.h>
#include <unistd.h>
#include <microhttpd.h>
#include "server.h"
#include "upload.h"

/* The two HTTP ports over libmicrohttpd: one for the API, one for the control calls. */

#define MAX_BODY (100u << 20) /* com.openexchange.servlet.maxBodySize */

struct exchange {
    GString *body;
    struct oxd_req *req;
    struct oxd_fault fault;
    struct MHD_Connection *connection;
    int64_t due;              /* parked until then, monotonic us */
    bool too_big, delayed;
    char peer[INET6_ADDRSTRLEN];
};

static struct MHD_Daemon *api, *control;

/* ---- parking: delayed answers must not hold a thread ---- */

static GMutex park_lock;
static GCond park_cond;
static GSList *parked;
static GThread *park_thread;
static bool park_end;

static void *park_main(void *unused)
{
    (void)unused;
    g_mutex_lock(&park_lock);
    while (!park_end) {
        int64_t now = g_get_monotonic_time(), next = now + G_TIME_SPAN_SECOND;
        GSList *keep = NULL;

        for (GSList *l = parked; l; l = l->next) {
            struct exchange *x = l->data;

            if (x->due <= now) {
                MHD_resume_connection(x->connection);
            } else {
                next = MIN(next, x->due);
                keep = g_slist_prepend(keep, x);
            }
        }
        g_slist_free(parked);
        parked = keep;
        g_cond_wait_until(&park_cond, &park_lock, next);
    }
    for (GSList *l = parked; l; l = l->next)
        MHD_resume_connection(((struct exchange *)l->data)->connection);
    g_slist_free(parked);
    parked = NULL;
    g_mutex_unlock(&park_lock);
    return NULL;
}

static bool park(struct exchange *x, int64_t ms)
{
    bool held = false;

    g_mutex_lock(&park_lock);
    if (!park_end) {
        x->due = g_get_monotonic_time() + ms * 1000;
        MHD_suspend_connection(x->connection);
        parked = g_slist_prepend(parked, x);
        g_cond_signal(&park_cond);
        held = true;
    }
    g_mutex_unlock(&park_lock);
    return held;
}

/* ---- building the request ---- */

static enum MHD_Result add_arg(void *cls, enum MHD_ValueKind kind, const char *key, const char *value)
{
    oxd_req_add_param(cls, key, value);
    return MHD_YES;
}

static void form_args(struct oxd_req *req, const GString *body)
{
    char **pairs = g_strsplit(body->str, "&", -1);

    for (char **p = pairs; *p; p++) {
        char *eq = strchr(*p, '=');

        if (eq)
            *eq++ = 0;
        for (char *c = eq; c && *c; c++)
            if (*c == '+')
                *c = ' ';
        MHD_http_unescape(*p);
        if (eq)
            MHD_http_unescape(eq);
        if (**p)
            oxd_req_add_param(req, *p, eq ? eq : "");
    }
    g_strfreev(pairs);
}

static void take_body(struct oxd_req *req, const GString *body, const char *type, bool to_control)
{
    const struct oxd_part *json;

    req->raw = body->str;
    req->raw_len = body->len;
    if (!to_control && !strcmp(req->method, "POST") &&
        !g_ascii_strncasecmp(type, "application/x-www-form-urlencoded", 33)) {
        form_args(req, body);
        return;
    }
    if (!g_ascii_strncasecmp(type, "multipart/form-data", 19)) {
        req->parts = oxd_upload_parse(type, body->str, body->len);
        json = oxd_part(req, "json");
        if (!json)
            json = oxd_part(req, "json_0");
        if (json)
            req->body = json_loadb(json->data, json->len, JSON_DECODE_ANY, NULL);
        return;
    }
    if (body->len)
        req->body = json_loadb(body->str, body->len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
}

static const char *header(struct MHD_Connection *c, const char *name)
{
    const char *v = MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);

    return v ? v : "";
}

static void peer_name(struct exchange *x)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *sa = info ? info->client_addr : NULL;

    if (sa && sa->sa_family == AF_INET) {
        struct sockaddr_in in;

        memcpy(&in, sa, sizeof(in));
        inet_ntop(AF_INET, &in.sin_addr, x->peer, sizeof(x->peer));
    }
}

static struct oxd_req *make_req(struct exchange *x, const char *url, const char *method, bool to_control)
{
    size_t n = strlen(oxd_options.prefix);
    struct oxd_req *req = oxd_req_new();
    const char *action;

    req->method = oxd_req_strdup(req, method);
    peer_name(x);
    req->peer_ip = x->peer;
    req->user_agent = header(x->connection, MHD_HTTP_HEADER_USER_AGENT);
    req->accept = header(x->connection, MHD_HTTP_HEADER_ACCEPT);
    req->cookie = header(x->connection, MHD_HTTP_HEADER_COOKIE);
    MHD_get_connection_values(x->connection, MHD_GET_ARGUMENT_KIND, add_arg, req);
    req->nquery = req->params->len;
    take_body(req, x->body, header(x->connection, MHD_HTTP_HEADER_CONTENT_TYPE), to_control);
    if (to_control)
        req->path = oxd_req_strdup(req, url + (*url == '/'));
    else if (!strncmp(url, oxd_options.prefix, n))
        req->module = oxd_req_strdup(req, url + n);
    action = oxd_param(req, "action");
    req->action = action ? action : "";
    return req;
}

/* ---- answering ---- */

/* A body that ends before its Content-Length: the connection is cut in the middle. */
struct cut_body {
    GString *text;
    size_t stop;
};

static ssize_t cut_read(void *cls, uint64_t pos, char *buf, size_t max)
{
    struct cut_body *cut = cls;
    size_t left = pos < cut->stop ? cut->stop - (size_t)pos : 0;

    if (!left)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    left = MIN(left, max);
    memcpy(buf, cut->text->str + pos, left);
    return (ssize_t)left;
}

static void cut_free(void *cls)
{
    struct cut_body *cut = cls;

    g_string_free(cut->text, TRUE);
    g_free(cut);
}

static struct MHD_Response *cut_response(GString *text)
{
    struct cut_body *cut = g_new0(struct cut_body, 1);

    if (text->len < 2)
        g_string_append(text, "{}");
    cut->text = text;
    cut->stop = text->len / 2;
    return MHD_create_response_from_callback(text->len, 4096, cut_read, cut, cut_free);
}

static enum MHD_Result send_text(struct exchange *x, int status, const char *type, GString *text, bool cut)
{
    const struct oxd_req *req = x->req;
    size_t len = text->len;
    struct MHD_Response *r;
    enum MHD_Result result;

    oxd_count_bytes(x->body->len, len);
    if (cut)
        r = cut_response(text);
    else
        r = MHD_create_response_from_buffer_with_free_callback(len, g_string_free(text, FALSE), g_free);
    if (type)
        MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    for (guint i = 0; req->reply.cookies && i < req->reply.cookies->len; i++)
        MHD_add_response_header(r, MHD_HTTP_HEADER_SET_COOKIE, req->reply.cookies->pdata[i]);
    if (x->fault.retry_after) {
        char secs[16];

        g_snprintf(secs, sizeof(secs), "%d", x->fault.retry_after);
        MHD_add_response_header(r, MHD_HTTP_HEADER_RETRY_AFTER, secs);
    }
    if (req->reply.filename) {
        char *name = g_strdup_printf("attachment; filename=\"%s\"", req->reply.filename);

        g_strdelimit(name + 22, "\r\n", ' ');
        MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_DISPOSITION, name);
        g_free(name);
    }
    result = MHD_queue_response(x->connection, (unsigned)status, r);
    MHD_destroy_response(r);
    return result;
}

/* Session errors go to a client that does not accept JSON as 403 and HTML (spec 1.3). */
static bool wants_html(const struct oxd_req *req)
{
    const char *code = json_string_value(json_object_get(req->reply.error, "code"));

    if (req->reply.kind != OXR_ERROR || !code || strncmp(code, "SES-", 4) || !*req->accept)
        return false;
    return !strstr(req->accept, "json") && !strstr(req->accept, "javascript") && !strstr(req->accept, "*/*");
}

static enum MHD_Result answer(struct exchange *x)
{
    struct oxd_req *req = x->req;
    GString *text;

    if (wants_html(req)) {
        if (!strcmp(req->user_agent, "Open-Xchange USM HTTP Client")) {
            oxd_reply_as_html(req, req->action);
            text = oxd_reply_body(req, &req->out_type);
            return send_text(x, 200, req->out_type, text, false);
        }
        text = g_string_new("<html><head><title>Forbidden</title></head><body><h1>403</h1></body></html>");
        return send_text(x, 403, "text/html; charset=UTF-8", text, false);
    }
    text = req->out;
    req->out = NULL;
    if (x->fault.kind == OXF_TRUNCATE)
        g_string_truncate(text, text->len / 2);
    if (!text->len && req->reply.kind == OXR_EMPTY)
        return send_text(x, 200, NULL, text, false);
    return send_text(x, req->reply.status, req->out_type, text, x->fault.kind == OXF_CUT);
}

static enum MHD_Result answer_fault(struct exchange *x)
{
    const struct oxd_fault *f = &x->fault;
    struct oxd_req *req = x->req;

    switch (f->kind) {
    case OXF_ERROR:
    case OXF_WARN:
        if (req->out)
            g_string_free(req->out, TRUE);
        oxd_fail_cat(req, f->code, f->cat, "Fault on command");
        req->out = oxd_reply_body(req, &req->out_type);
        x->fault.kind = OXF_NO_FAULT;
        return answer(x);
    case OXF_STATUS:
    case OXF_BODY:
        return send_text(x, f->status, f->content_type, g_string_new(f->body), false);
    case OXF_CUT:
        if (req->out)
            return answer(x);
        return MHD_NO;
    default:
        return answer(x);
    }
}

static enum MHD_Result serve(struct exchange *x)
{
    struct oxd_req *req = x->req;
    const struct oxd_fault *f = &x->fault;

    if (x->too_big)
        return send_text(x, 500, "text/html; charset=UTF-8", g_string_new("<html><body>Too large</body></html>"),
                         false);
    if (f->kind == OXF_NO_FAULT || f->kind == OXF_TRUNCATE || f->kind == OXF_WARN || f->after)
        oxd_dispatch(req);
    if (f->kind != OXF_NO_FAULT)
        return answer_fault(x);
    return answer(x);
}

static struct exchange *exchange_new(struct MHD_Connection *c)
{
    struct exchange *x = g_new0(struct exchange, 1);

    x->connection = c;
    x->body = g_string_new(NULL);
    return x;
}

static void take_upload(struct exchange *x, const char *data, size_t *size)
{
    if (x->body->len + *size > MAX_BODY)
        x->too_big = true;
    else
        g_string_append_len(x->body, data, (gssize)*size);
    *size = 0;
}

static enum MHD_Result on_api(void *cls, struct MHD_Connection *c, const char *url, const char *method,
                              const char *version, const char *data, size_t *size, void **state)
{
    struct exchange *x = *state;

    if (!x) {
        *state = exchange_new(c);
        return MHD_YES;
    }
    if (*size) {
        take_upload(x, data, size);
        return MHD_YES;
    }
    if (!x->req) {
        x->req = make_req(x, url, method, false);
        x->fault = oxd_fault_take(x->req);
    }
    if (x->fault.delay_ms > 0 && !x->delayed) {
        x->delayed = true;
        if (park(x, x->fault.delay_ms))
            return MHD_YES;
    }
    return serve(x);
}

static enum MHD_Result on_control(void *cls, struct MHD_Connection *c, const char *url, const char *method,
                                  const char *version, const char *data, size_t *size, void **state)
{
    struct exchange *x = *state;
    GString *text;

    if (!x) {
        *state = exchange_new(c);
        return MHD_YES;
    }
    if (*size) {
        take_upload(x, data, size);
        return MHD_YES;
    }
    x->req = make_req(x, url, method, true);
    oxd_control(x->req);
    text = x->req->out;
    x->req->out = NULL;
    return send_text(x, x->req->reply.status, "application/json; charset=UTF-8", text, false);
}

static void on_done(void *cls, struct MHD_Connection *c, void **state, enum MHD_RequestTerminationCode code)
{
    struct exchange *x = *state;

    if (!x)
        return;
    oxd_req_free(x->req);
    g_string_free(x->body, TRUE);
    g_free(x->fault.body);
    g_free(x->fault.content_type);
    g_free(x);
    *state = NULL;
}

/* ---- start and stop ---- */

static struct MHD_Daemon *listen_on(int port, unsigned threads, MHD_AccessHandlerCallback handler)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME;

    sa.sin_addr.s_addr = htonl(oxd_options.any_address ? INADDR_ANY : INADDR_LOOPBACK);
    return MHD_start_daemon(flags, 0, NULL, NULL, handler, NULL, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&sa,
                            MHD_OPTION_THREAD_POOL_SIZE, threads > 1 ? threads : 0, MHD_OPTION_NOTIFY_COMPLETED,
                            on_done, NULL, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)65536,
                            MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u, MHD_OPTION_LISTEN_BACKLOG_SIZE, 1024u,
                            MHD_OPTION_CONNECTION_TIMEOUT, 300u, MHD_OPTION_END);
}

static int port_of(struct MHD_Daemon *d)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(d, MHD_DAEMON_INFO_BIND_PORT);

    return info ? info->port : 0;
}

static int write_ports(void)
{
    char *text = g_strdup_printf("%d %d\n", port_of(api), port_of(control));
    GError *err = NULL;
    int rc = 0;

    /* g_file_set_contents renames: a reader never sees half a file. */
    if (oxd_options.port_file && !g_file_set_contents(oxd_options.port_file, text, -1, &err)) {
        fprintf(stderr, "oxd: %s\n", err->message);
        g_error_free(err);
        rc = -1;
    }
    printf("oxd: http://127.0.0.1:%d%s control http://127.0.0.1:%d/\n", port_of(api), oxd_options.prefix,
           port_of(control));
    fflush(stdout);
    g_free(text);
    return rc;
}

int oxd_http_start(void)
{
    park_thread = g_thread_new("park", park_main, NULL);
    api = listen_on(oxd_options.port, (unsigned)oxd_options.threads, on_api);
    control = api ? listen_on(oxd_options.control_port, 1, on_control) : NULL;
    if (!control) {
        perror("oxd: cannot listen");
        return -1;
    }
    return write_ports();
}

void oxd_http_stop(void)
{
    g_mutex_lock(&park_lock);
    park_end = true;
    g_cond_signal(&park_cond);
    g_mutex_unlock(&park_lock);
    if (park_thread)
        g_thread_join(park_thread);
    if (api)
        MHD_stop_daemon(api);
    if (control)
        MHD_stop_daemon(control);
}
