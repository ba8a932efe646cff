/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: ap_request.c */
/* What the handler hands to the protocol ring, bodies within their limits, and how its answer reaches httpd. */
#include "ap_test.h"

#include <ap_mpm.h>
#include <apr_network_io.h>

/* What the protocol ring saw, and what it is to do. */
static struct {
    const eas_request_t *req;
    int http, body_http, stop;
    apr_size_t max, len;
    const char *data;
    const char *type, *answer;
} seen;

static void look(eas_response_t *rsp, const eas_request_t *req)
{
    seen.req = apr_pmemdup(req->pool, req, sizeof(*req)); /* the handler's is gone when a test looks */
    if (seen.max > 0) {
        seen.body_http = req->read_body(req->baton, seen.max, &seen.data, &seen.len);
    }
    seen.stop = req->stop(req->baton);
    rsp->http = seen.http;
    rsp->content_type = seen.type;
    apr_table_setn(rsp->headers, "MS-Server-ActiveSync", "14.1");
    apr_table_setn(rsp->notes, "eas-user", "anna");
    if (seen.answer != NULL) {
        apr_brigade_puts(rsp->body, NULL, NULL, seen.answer);
        rsp->length = (apr_off_t)strlen(seen.answer);
    }
}

static request_rec *start(void **state)
{
    request_rec *r = ap_test_start(*state);

    memset(&seen, 0, sizeof(seen));
    seen.http = 200;
    ap_fake.dispatch = look;
    ap_fake.user = "anna";
    ap_fake.password = "secret";
    return r;
}

/* Only the handler "eas" is ours. */
static void test_handler(void **state)
{
    static const char *const others[] = {NULL, "", "eas2", "EAS", "default-handler"};
    request_rec *r = start(state);
    unsigned i;

    for (i = 0; i < COUNT(others); i++) {
        r->handler = others[i];
        assert_int_equal(eas_ap_handler(r), DECLINED);
        assert_null(seen.req);
    }
    r->handler = "eas";
    assert_int_equal(eas_ap_handler(r), OK);
    assert_non_null(seen.req);
}

/* The request as it came. */
static void test_request(void **state)
{
    request_rec *r = start(state);
    usm_context_t *ctx;

    r->method = "OPTIONS";
    r->args = (char *)"Cmd=Ping";
    apr_table_setn(r->headers_in, "X-MS-PolicyKey", "17");
    apr_table_setn(r->subprocess_env, "HTTPS", "on");
    assert_int_equal(eas_ap_handler(r), OK);
    assert_string_equal(seen.req->method, "OPTIONS");
    assert_string_equal(seen.req->args, "Cmd=Ping");
    assert_int_equal(seen.req->is_tls, 1);
    assert_string_equal(seen.req->header(seen.req->baton, "x-ms-policykey"), "17");
    assert_null(seen.req->header(seen.req->baton, "X-Other"));
    assert_ptr_equal(seen.req->conf, ap_test_dir(r)->conf);
    assert_null(seen.req->usm_error);
    assert_null(eas_ap_context(&ctx, seen.req->conf, r->pool));
    assert_ptr_equal(seen.req->usm, ctx);
}

/* A location without a store is served as well: the protocol ring tells the device. */
static void test_no_context(void **state)
{
    request_rec *r = start(state);

    ap_test_dir(r)->conf = eas_conf_create(r->pool);
    assert_int_equal(eas_ap_handler(r), OK);
    assert_null(seen.req->usm);
    assert_true(usm_error_is(seen.req->usm_error, USM_ECONFIG));
}

/* Credentials of our own provider come with their login; those of another are taken as they are; a user whom httpd
 * knows by other means than a password has none. */
static void test_credentials(void **state)
{
    static const struct {
        const char *header_user, *header_password, *httpd_user;
        const char *user, *password;
    } rows[] = {
        {"anna", "secret", NULL, "anna", "secret"},
        {"Z\xfcrich", "p\xe4ss", NULL, "Z\xc3\xbcrich", "p\xc3\xa4ss"},
        {"anna", "secret", "anna.other", "anna.other", "secret"},
        {NULL, NULL, "CN=anna", "CN=anna", NULL},
        {NULL, NULL, NULL, NULL, NULL},
    };
    request_rec *r;
    unsigned i;

    for (i = 0; i < COUNT(rows); i++) {
        r = start(state);
        ap_fake.user = rows[i].header_user;
        ap_fake.password = rows[i].header_password;
        r->user = (char *)rows[i].httpd_user;
        assert_int_equal(eas_ap_handler(r), OK);
        if (strcmp(rows[i].user != NULL ? rows[i].user : "", seen.req->user != NULL ? seen.req->user : "") != 0 ||
            strcmp(rows[i].password != NULL ? rows[i].password : "",
                   seen.req->password != NULL ? seen.req->password : "") != 0) {
            fail_msg("row %u: %s", i, seen.req->user);
        }
        assert_null(seen.req->login);
    }
    r = start(state);
    assert_int_equal(ap_fake.provider->check_password(r, "anna", "secret"), AUTH_GRANTED);
    assert_int_equal(eas_ap_handler(r), OK);
    assert_non_null(seen.req->login);
    assert_int_equal(ap_fake.logins, 1);
    r = start(state);
    ap_fake.login_code = USM_EDISABLED;
    assert_int_equal(ap_fake.provider->check_password(r, "anna", "secret"), AUTH_GRANTED);
    assert_int_equal(eas_ap_handler(r), OK);
    assert_null(seen.req->login);
    assert_true(usm_error_is(seen.req->login_error, USM_EDISABLED));
}

/* Bodies in pieces: within the limit they arrive whole, with a NUL behind; beyond it 413, whatever was declared. */
static void test_bodies(void **state)
{
    static const char *const none[] = {NULL}, *const one[] = {"12345", NULL};
    static const char *const three[] = {"12", "345", "67", NULL};
    static const struct {
        const char *const *pieces;
        const char *declared;
        apr_size_t max;
        int http;
        const char *data;
        int reads;
    } rows[] = {
        {none, NULL, 10, 0, "", 1},
        {one, NULL, 10, 0, "12345", 2},
        {one, "5", 5, 0, "12345", 2},
        {one, NULL, 4, HTTP_REQUEST_ENTITY_TOO_LARGE, NULL, 1},
        {three, NULL, 7, 0, "1234567", 4},
        {three, NULL, 6, HTTP_REQUEST_ENTITY_TOO_LARGE, NULL, 3},
        {one, "3", 4, HTTP_REQUEST_ENTITY_TOO_LARGE, NULL, 1},   /* more comes than was said */
        {one, "11", 10, HTTP_REQUEST_ENTITY_TOO_LARGE, NULL, 0}, /* refused unread */
        {one, "9223372036854775807", 10, HTTP_REQUEST_ENTITY_TOO_LARGE, NULL, 0},
        {one, "99999999999999999999999", 10, 0, "12345", 2}, /* no number; httpd refuses it before us */
    };
    int flushes;
    unsigned i;

    for (i = 0; i < 2 * COUNT(rows); i++) {
        request_rec *r = start(state);
        unsigned row = i / 2;

        flushes = i % 2;
        ap_fake.pieces = rows[row].pieces;
        ap_fake.flushes = flushes;
        seen.max = rows[row].max;
        if (rows[row].declared != NULL) {
            apr_table_setn(r->headers_in, "Content-Length", rows[row].declared);
        }
        assert_int_equal(eas_ap_handler(r), OK);
        if (seen.body_http != rows[row].http || ap_fake.reads != rows[row].reads) {
            fail_msg("row %u: %d after %d reads", row, seen.body_http, ap_fake.reads);
        }
        /* What was not read must not be taken for the next request. */
        assert_int_equal(r->connection->keepalive == AP_CONN_CLOSE, rows[row].http != 0);
        if (rows[row].http == 0) {
            assert_int_equal(seen.len, strlen(rows[row].data));
            assert_string_equal(seen.data, rows[row].data);
        }
    }
}

/* A body that breaks off in the middle. */
static void test_broken_bodies(void **state)
{
    static const char *const one[] = {"12345", NULL};
    static const struct {
        apr_status_t error;
        int broken, http;
    } rows[] = {
        {APR_TIMEUP, 0, HTTP_REQUEST_TIME_OUT},
        {APR_ECONNRESET, 0, HTTP_BAD_REQUEST},
        {APR_ENOSPC, 0, HTTP_REQUEST_ENTITY_TOO_LARGE}, /* LimitRequestBody */
        {0, 1, HTTP_BAD_REQUEST},
    };
    unsigned i;

    for (i = 0; i < COUNT(rows); i++) {
        request_rec *r = start(state);

        ap_fake.pieces = one;
        ap_fake.brigade_error = rows[i].error;
        ap_fake.broken_bucket = rows[i].broken;
        seen.max = 100;
        assert_int_equal(eas_ap_handler(r), OK);
        if (seen.body_http != rows[i].http || r->connection->keepalive != AP_CONN_CLOSE) {
            fail_msg("row %u: %d", i, seen.body_http);
        }
    }
}

/* The answer's status, length, type, headers and notes; nothing that has no body may be packed on its way. */
static void test_answers(void **state)
{
    static const struct {
        int http;
        const char *type, *body, *status_line;
    } rows[] = {
        {200, EAS_WBXML_TYPE, "\x03\x01\x6a", NULL},
        {200, NULL, NULL, NULL},
        {449, NULL, NULL, "449 Retry after sending a PROVISION command"},
        {503, NULL, NULL, NULL},
        {400, NULL, NULL, NULL},
    };
    unsigned i;

    for (i = 0; i < COUNT(rows); i++) {
        request_rec *r = start(state);

        seen.http = rows[i].http;
        seen.type = rows[i].type;
        seen.answer = rows[i].body;
        assert_int_equal(eas_ap_handler(r), OK);
        assert_int_equal(r->status, rows[i].http);
        assert_int_equal(ap_fake.content_length, rows[i].body != NULL ? strlen(rows[i].body) : 0);
        assert_string_equal(ap_fake.sent, rows[i].body != NULL ? rows[i].body : "");
        assert_int_equal(ap_fake.sent_eos, 1);
        assert_string_equal(apr_table_get(r->headers_out, "MS-Server-ActiveSync"), "14.1");
        assert_string_equal(apr_table_get(r->notes, "eas-user"), "anna");
        if ((apr_table_get(r->subprocess_env, "no-gzip") != NULL) != (rows[i].type == NULL) ||
            (apr_table_get(r->subprocess_env, "no-brotli") != NULL) != (rows[i].type == NULL) ||
            (r->content_type != NULL) != (rows[i].type != NULL)) {
            fail_msg("row %u: packing or type", i);
        }
        if (rows[i].status_line != NULL) {
            assert_string_equal(r->status_line, rows[i].status_line);
        } else {
            assert_null(r->status_line);
        }
    }
}

/* 401 is httpd's to answer, with the challenge of the location, and keeps our headers and notes. */
static void test_unauthorized(void **state)
{
    request_rec *r = start(state);

    seen.http = 401;
    assert_int_equal(eas_ap_handler(r), HTTP_UNAUTHORIZED);
    assert_int_equal(ap_fake.auth_failures, 1);
    assert_null(ap_fake.sent);
    assert_non_null(apr_table_get(r->notes, "eas-user"));
}

/* An answer that cannot be written is an error, unless the device itself has gone. */
static void test_write_errors(void **state)
{
    request_rec *r = start(state);

    ap_fake.pass_error = APR_EGENERAL;
    assert_int_equal(eas_ap_handler(r), AP_FILTER_ERROR);
    r = start(state);
    ap_fake.pass_error = APR_ECONNABORTED;
    r->connection->aborted = 1;
    assert_int_equal(eas_ap_handler(r), OK);
}

/* A pair of connected sockets on the loopback. */
static void connect_pair(apr_socket_t **ours_p, apr_socket_t **device_p, apr_pool_t *pool)
{
    apr_socket_t *listener;
    apr_sockaddr_t *address;

    assert_int_equal(apr_sockaddr_info_get(&address, "127.0.0.1", APR_INET, 0, 0, pool), APR_SUCCESS);
    assert_int_equal(apr_socket_create(&listener, APR_INET, SOCK_STREAM, APR_PROTO_TCP, pool), APR_SUCCESS);
    assert_int_equal(apr_socket_bind(listener, address), APR_SUCCESS);
    assert_int_equal(apr_socket_listen(listener, 1), APR_SUCCESS);
    assert_int_equal(apr_socket_addr_get(&address, APR_LOCAL, listener), APR_SUCCESS);
    assert_int_equal(apr_socket_create(device_p, APR_INET, SOCK_STREAM, APR_PROTO_TCP, pool), APR_SUCCESS);
    assert_int_equal(apr_socket_connect(*device_p, address), APR_SUCCESS);
    assert_int_equal(apr_socket_accept(ours_p, listener, pool), APR_SUCCESS);
    apr_socket_close(listener);
}

static int asked_to_stop(request_rec *r)
{
    assert_int_equal(eas_ap_handler(r), OK);
    return seen.stop;
}

/* A command that waits ends when the device hangs up, its connection is given up, or the process is to end. */
static void test_stop(void **state)
{
    request_rec *r = start(state);
    conn_rec stream;
    apr_socket_t *device;

    assert_int_equal(asked_to_stop(r), 0); /* no socket: nothing is known */
    connect_pair(&ap_fake.socket, &device, r->pool);
    assert_int_equal(asked_to_stop(r), 0);
    ap_fake.mpm_state = AP_MPMQ_STOPPING;
    assert_int_equal(asked_to_stop(r), 1);
    ap_fake.mpm_state = AP_MPMQ_RUNNING;
    assert_int_equal(asked_to_stop(r), 0);

    /* A stream of HTTP/2 waits on its master's connection. */
    stream = *r->connection;
    stream.master = r->connection;
    r->connection = &stream;
    assert_int_equal(asked_to_stop(r), 0);
    stream.master->aborted = 1;
    assert_int_equal(asked_to_stop(r), 1);
    stream.master->aborted = 0;
    assert_int_equal(asked_to_stop(r), 0);

    apr_socket_close(device);
    assert_int_equal(asked_to_stop(r), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_handler),       POOL_TEST(test_request),      POOL_TEST(test_no_context),
        POOL_TEST(test_credentials),   POOL_TEST(test_bodies),       POOL_TEST(test_broken_bodies),
        POOL_TEST(test_answers),       POOL_TEST(test_unauthorized), POOL_TEST(test_write_errors),
        POOL_TEST(test_stop),
    };

    return RUN_TESTS(tests);
}
