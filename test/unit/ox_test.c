/* SPDX-License-Identifier: Apache-2.0 */
#include "ox_test.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <apr_file_io.h>
#include <apr_network_io.h>
#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include <apr_thread_proc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define REQUEST_MAX (4 * 1024 * 1024)

/* ---- canned answers ---- */

struct mock_t {
    const canned_t *rows;
    int used[64];
    apr_pool_t *pool;
    apr_socket_t *listener;
    apr_thread_t *thread;
    apr_thread_mutex_t *lock;
    apr_array_header_t *requests;
    int port;
    _Atomic int stop;
};

typedef struct conn_t {
    mock_t *mock;
    apr_socket_t *sock;
    apr_pool_t *pool;
} conn_t;

static void send_all(apr_socket_t *sock, const char *data, apr_size_t len)
{
    while (len > 0) {
        apr_size_t n = len;
        if (apr_socket_send(sock, data, &n) != APR_SUCCESS)
            return;
        data += n;
        len -= n;
    }
}

static const canned_t *choose(mock_t *mock, const char *request)
{
    const char *end = strchr(request, '\n');
    const canned_t *found = NULL;
    char *line = strndup(request, (size_t)(end ? end - request : 0));
    apr_thread_mutex_lock(mock->lock);
    APR_ARRAY_PUSH(mock->requests, const char *) = apr_pstrdup(mock->pool, request);
    for (int i = 0; mock->rows[i].match && !found; i++) {
        if (strstr(line, mock->rows[i].match) && (!mock->rows[i].times || mock->used[i] < mock->rows[i].times)) {
            mock->used[i]++;
            found = &mock->rows[i];
        }
    }
    apr_thread_mutex_unlock(mock->lock);
    free(line);
    return found;
}

/* 0: close the connection. */
static int answer(conn_t *c, const char *request)
{
    static const canned_t none = {.body = "<html>nothing</html>", .status = 404};
    const canned_t *row = choose(c->mock, request);
    char head[2048];
    if (!row)
        row = &none;
    apr_size_t len = strlen(row->body), step = row->chunk > 0 ? (apr_size_t)row->chunk : len;
    if (row->delay_ms)
        apr_sleep(row->delay_ms * 1000);
    apr_snprintf(head, sizeof head, "HTTP/1.1 %d X\r\nContent-Length: %" APR_SIZE_T_FMT "\r\n%s\r\n",
                 row->status ? row->status : 200, len,
                 row->headers ? row->headers : "Content-Type: text/javascript; charset=UTF-8\r\n");
    send_all(c->sock, head, strlen(head));
    if (row->cut)
        len = (apr_size_t)row->cut;
    for (apr_size_t at = 0; at < len; at += step)
        send_all(c->sock, row->body + at, len - at < step ? len - at : step);
    return row->cut == 0;
}

/* Reads one whole request into buf. 0 = the connection ended. */
static int read_request(conn_t *c, char *buf)
{
    apr_size_t have = 0, need = 0;
    for (;;) {
        apr_size_t n = REQUEST_MAX - 1 - have;
        buf[have] = '\0';
        char *body = strstr(buf, "\r\n\r\n");
        if (body && !need) {
            char *length = strstr(buf, "Content-Length: ");
            need = (apr_size_t)(body + 4 - buf) + (length && length < body ? (apr_size_t)atoi(length + 16) : 0);
        }
        if (need && have >= need)
            return 1;
        if (apr_socket_recv(c->sock, buf + have, &n) != APR_SUCCESS || n == 0)
            return 0;
        have += n;
    }
}

static void *APR_THREAD_FUNC serve_conn(apr_thread_t *thread, void *data)
{
    conn_t *c = data;
    char *buf = malloc(REQUEST_MAX);
    apr_socket_timeout_set(c->sock, 200000);
    while (!c->mock->stop && read_request(c, buf) && answer(c, buf))
        ;
    free(buf);
    apr_socket_close(c->sock);
    apr_pool_destroy(c->pool);
    return NULL;
}

static void *APR_THREAD_FUNC serve(apr_thread_t *thread, void *data)
{
    mock_t *mock = data;
    apr_array_header_t *threads = apr_array_make(mock->pool, 16, sizeof(apr_thread_t *));
    for (;;) {
        apr_pool_t *pool;
        apr_socket_t *sock;
        apr_thread_t *t;
        apr_status_t rv;
        apr_pool_create_unmanaged_ex(&pool, NULL, NULL);
        if (apr_socket_accept(&sock, mock->listener, pool) != APR_SUCCESS || mock->stop) {
            apr_pool_destroy(pool);
            break;
        }
        conn_t *c = apr_pcalloc(pool, sizeof *c);
        *c = (conn_t){mock, sock, pool};
        apr_thread_mutex_lock(mock->lock);
        rv = apr_thread_create(&t, NULL, serve_conn, c, mock->pool);
        if (rv == APR_SUCCESS)
            APR_ARRAY_PUSH(threads, apr_thread_t *) = t;
        apr_thread_mutex_unlock(mock->lock);
    }
    for (int i = 0; i < threads->nelts; i++) {
        apr_status_t rv;
        apr_thread_join(&rv, APR_ARRAY_IDX(threads, i, apr_thread_t *));
    }
    return NULL;
}

static apr_status_t mock_stop(void *data)
{
    mock_t *mock = data;
    apr_status_t rv;
    apr_socket_t *sock;
    apr_sockaddr_t *addr;
    mock->stop = 1;
    apr_sockaddr_info_get(&addr, "127.0.0.1", APR_INET, (apr_port_t)mock->port, 0, mock->pool);
    apr_socket_create(&sock, APR_INET, SOCK_STREAM, 0, mock->pool);
    apr_socket_connect(sock, addr);
    apr_thread_join(&rv, mock->thread);
    apr_socket_close(sock);
    apr_socket_close(mock->listener);
    return APR_SUCCESS;
}

mock_t *mock_start(const canned_t *rows, apr_pool_t *parent)
{
    apr_pool_t *pool;
    apr_sockaddr_t *addr;
    signal(SIGPIPE, SIG_IGN); /* clients that hang up are part of the tests */
    apr_pool_create(&pool, parent);
    mock_t *mock = apr_pcalloc(pool, sizeof *mock);
    mock->rows = rows;
    mock->pool = pool;
    mock->requests = apr_array_make(pool, 16, sizeof(const char *));
    apr_thread_mutex_create(&mock->lock, APR_THREAD_MUTEX_DEFAULT, pool);
    apr_sockaddr_info_get(&addr, "127.0.0.1", APR_INET, 0, 0, pool);
    apr_socket_create(&mock->listener, APR_INET, SOCK_STREAM, 0, pool);
    assert_int_equal(apr_socket_bind(mock->listener, addr), APR_SUCCESS);
    assert_int_equal(apr_socket_listen(mock->listener, 64), APR_SUCCESS);
    apr_socket_addr_get(&addr, APR_LOCAL, mock->listener);
    mock->port = addr->port;
    assert_int_equal(apr_thread_create(&mock->thread, NULL, serve, mock, pool), APR_SUCCESS);
    apr_pool_pre_cleanup_register(pool, mock, mock_stop);
    return mock;
}

int mock_port(const mock_t *mock)
{
    return mock->port;
}

int mock_requests(mock_t *mock)
{
    apr_thread_mutex_lock(mock->lock);
    int n = mock->requests->nelts;
    apr_thread_mutex_unlock(mock->lock);
    return n;
}

const char *mock_request(mock_t *mock, int index, apr_pool_t *pool)
{
    const char *text = "";
    apr_thread_mutex_lock(mock->lock);
    if (index < mock->requests->nelts)
        text = apr_pstrdup(pool, APR_ARRAY_IDX(mock->requests, index, const char *));
    apr_thread_mutex_unlock(mock->lock);
    return text;
}

int mock_count(mock_t *mock, const char *text)
{
    int n = 0;
    apr_thread_mutex_lock(mock->lock);
    for (int i = 0; i < mock->requests->nelts; i++)
        n += strstr(APR_ARRAY_IDX(mock->requests, i, const char *), text) != NULL;
    apr_thread_mutex_unlock(mock->lock);
    return n;
}

/* ---- the stand-in ---- */

static apr_status_t standin_stop(void *data)
{
    standin_t *s = data;
    int status;
    kill(s->pid, SIGTERM);
    waitpid(s->pid, &status, 0);
    return APR_SUCCESS;
}

static const char *program(apr_pool_t *pool)
{
    const char *env = getenv("OXD"), *top = getenv("top_builddir");
    const char *path = env ? env : apr_pstrcat(pool, top ? top : ".", "/test/ox/oxd", NULL);
    return access(path, X_OK) == 0 ? path : NULL;
}

standin_t *standin_start(const char *seed, apr_pool_t *pool)
{
    const char *path = program(pool);
    char dir[] = "/tmp/oxtest.XXXXXX";
    if (!path)
        return NULL;
    assert_non_null(mkdtemp(dir));
    const char *seed_file = apr_pstrcat(pool, dir, "/seed.json", NULL);
    const char *port_file = apr_pstrcat(pool, dir, "/ports", NULL);
    FILE *f = fopen(seed_file, "w");
    fputs(seed, f);
    fclose(f);
    standin_t *s = apr_pcalloc(pool, sizeof *s);
    s->pool = pool;
    s->pid = fork();
    if (s->pid == 0) {
        execl(path, path, "--port", "0", "--control-port", "0", "--port-file", port_file, "--seed", seed_file,
              (char *)NULL);
        _exit(127);
    }
    for (int i = 0; i < 300 && !s->port; i++) {
        apr_sleep(20000);
        f = fopen(port_file, "r");
        if (f && fscanf(f, "%d %d", &s->port, &s->control_port) != 2)
            s->port = 0;
        if (f)
            fclose(f);
    }
    unlink(seed_file);
    unlink(port_file);
    rmdir(dir);
    apr_pool_pre_cleanup_register(pool, s, standin_stop);
    assert_true(s->port > 0);
    return s;
}

const char *standin_control(standin_t *s, const char *path, const char *body, apr_pool_t *pool)
{
    ox_http_config_t config = {0};
    ox_http_t *http;
    ox_rsp_t rsp;
    ox_req_t req = {.method = "POST", .body = body, .body_len = strlen(body)};
    req.url = apr_psprintf(pool, "http://127.0.0.1:%d/%s", s->control_port, path);
    test_ok(ox_http_create(&http, &config, pool), "control client");
    test_ok(ox_http_perform(&rsp, http, &req, NULL, pool), path);
    if (rsp.status != 200)
        fail_msg("control %s: HTTP %d %s", path, rsp.status, rsp.body);
    return rsp.body;
}

/* ---- both ---- */

usm_calendar_e test_calendar;

usm_backend_t *test_backend(int port, const char *capabilities, apr_pool_t *pool)
{
    usm_config_t config = {0};
    usm_backend_t *be = NULL;
    config.backend_url = apr_psprintf(pool, "http://127.0.0.1:%d/ajax/", port);
    config.capabilities = capabilities;
    config.calendar = test_calendar;
    config.connect_timeout_ms = 2000;
    config.timeout_ms = 20000;
    test_ok(usm_backend_ox()->create(&be, &config, NULL, pool), "create");
    return be;
}

static apr_status_t call_end(void *data)
{
    usm_bcall_t *call = data;
    call->backend->vt->drop(call->login);
    call->backend->vt->release(call->login);
    return APR_SUCCESS;
}

usm_bcall_t *test_call(usm_backend_t *be, apr_pool_t *pool)
{
    usm_bcall_t *call = apr_pcalloc(pool, sizeof *call);
    call->backend = be;
    call->name = "anton";
    call->password = "secret";
    call->stats = apr_pcalloc(pool, sizeof *call->stats);
    test_ok(be->vt->login(&call->login, be, call->name, call->password, NULL, call->stats, pool), "login");
    apr_pool_pre_cleanup_register(pool, call, call_end);
    return call;
}

void test_ok(usm_error_t *err, const char *what)
{
    if (err)
        fail_msg("%s: %s (%s)", what, usm_error_text(err, err->pool), usm_code_name(usm_error_code(err)));
}

void test_fails(usm_error_t *err, apr_status_t code, const char *what)
{
    if (!err)
        fail_msg("%s: success, expected %s", what, usm_code_name(code));
    if (usm_error_code(err) != code)
        fail_msg("%s: %s (%s), expected %s", what, usm_error_text(err, err->pool), usm_code_name(usm_error_code(err)),
                 usm_code_name(code));
    usm_error_clear(err);
}

/* ---- the sink ---- */

static void note(noted_t *n, const char *line)
{
    APR_ARRAY_PUSH(n->lines, const char *) = line;
}

static usm_error_t *on_begin(void *baton)
{
    noted_t *n = baton;
    n->begins++;
    note(n, "[");
    return NULL;
}

static usm_error_t *on_upsert(void *baton, const char *id, apr_uint64_t rev, usm_time_t edge, apr_int64_t order)
{
    noted_t *n = baton;
    n->upserts++;
    note(n, apr_psprintf(n->pool, "+%s %" APR_UINT64_T_FMT " %" APR_INT64_T_FMT, id, rev, edge));
    return NULL;
}

static usm_error_t *on_remove(void *baton, const char *id)
{
    noted_t *n = baton;
    n->removes++;
    note(n, apr_psprintf(n->pool, "-%s ", id));
    return NULL;
}

static usm_error_t *on_end(void *baton)
{
    noted_t *n = baton;
    n->ends++;
    note(n, "]");
    return NULL;
}

static usm_error_t *on_knows(int *known_p, void *baton, const char *id)
{
    *known_p = noted_has(baton, '+', id, NULL);
    return NULL;
}

usm_bsink_t noted_sink(noted_t *n, apr_pool_t *pool)
{
    memset(n, 0, sizeof *n);
    n->pool = pool;
    n->lines = apr_array_make(pool, 16, sizeof(const char *));
    return (usm_bsink_t){.baton = n, .begin_full = on_begin, .upsert = on_upsert, .remove = on_remove,
                         .end_full = on_end, .knows = on_knows};
}

int noted_has(const noted_t *n, char kind, const char *id, apr_uint64_t *rev_p)
{
    for (int i = 0; i < n->lines->nelts; i++) {
        const char *line = APR_ARRAY_IDX(n->lines, i, const char *);
        size_t len = strlen(id);
        if (line[0] == kind && strncmp(line + 1, id, len) == 0 && line[len + 1] == ' ') {
            if (rev_p)
                *rev_p = strtoull(line + len + 2, NULL, 10);
            return 1;
        }
    }
    return 0;
}

usm_fetch_t fetch_all(usm_class_e cls, int body_forms)
{
    usm_fetch_t f = {.body_forms = body_forms, .text_max = APR_UINT64_MAX, .html_max = APR_UINT64_MAX,
                     .mime_max = APR_UINT64_MAX};
    for (int i = 0; i < usm_class_fields(cls); i++)
        USM_FIELDSET_ADD(&f.fields, i);
    return f;
}
