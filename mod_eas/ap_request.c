/* SPDX-License-Identifier: Apache-2.0 */
/* Handler "eas": httpd's request into an eas_request_t, and the answer back. */
#include "ap_eas.h"

#include <ap_mpm.h>
#include <apr_portable.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>
#include <poll.h>
#include <util_filter.h>

APLOG_USE_MODULE(eas);

static const char *get_header(void *baton, const char *name)
{
    request_rec *r = baton;

    return apr_table_get(r->headers_in, name);
}

/* Moves what the filters have ready into ALL. Sets *DONE_P at the end of the body. */
static int read_some(request_rec *r, usm_spool_t *all, apr_bucket_brigade *in, apr_size_t max, int *done_p)
{
    apr_status_t rv = ap_get_brigade(r->input_filters, in, AP_MODE_READBYTES, APR_BLOCK_READ, HUGE_STRING_LEN);
    usm_error_t *err;
    apr_bucket *b;

    if (rv != APR_SUCCESS) {
        return ap_map_http_request_error(rv, HTTP_BAD_REQUEST);
    }
    for (b = APR_BRIGADE_FIRST(in); b != APR_BRIGADE_SENTINEL(in); b = APR_BUCKET_NEXT(b)) {
        const char *data;
        apr_size_t len;

        if (APR_BUCKET_IS_EOS(b)) {
            *done_p = 1;
            break;
        }
        if (APR_BUCKET_IS_METADATA(b)) {
            continue;
        }
        if (apr_bucket_read(b, &data, &len, APR_BLOCK_READ) != APR_SUCCESS) {
            return HTTP_BAD_REQUEST;
        }
        if (len > max || usm_spool_len(all) > max - len) {
            return HTTP_REQUEST_ENTITY_TOO_LARGE;
        }
        if ((err = usm_spool_add(all, data, len)) != NULL) {
            usm_error_clear(err);
            return HTTP_INTERNAL_SERVER_ERROR;
        }
    }
    apr_brigade_cleanup(in);
    return 0;
}

static int read_body(void *baton, apr_size_t max, const char **data_p, apr_size_t *len_p)
{
    request_rec *r = baton;
    const char *length = apr_table_get(r->headers_in, "Content-Length");
    usm_spool_t *all = usm_spool_create(r->pool);
    apr_bucket_brigade *in;
    apr_off_t declared = 0;
    int done = 0, http = 0;
    usm_error_t *err;

    /* httpd has checked the header's form already; what is too long is refused before it is read. */
    if (length != NULL && apr_strtoff(&declared, length, NULL, 10) == APR_SUCCESS && declared > (apr_off_t)max) {
        r->connection->keepalive = AP_CONN_CLOSE;
        return HTTP_REQUEST_ENTITY_TOO_LARGE;
    }
    in = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    while (!done && http == 0) {
        http = read_some(r, all, in, max, &done);
    }
    if (http == 0 && (err = usm_spool_data(data_p, all)) != NULL) {
        usm_error_clear(err);
        http = HTTP_INTERNAL_SERVER_ERROR;
    }
    *len_p = usm_spool_len(all);
    if (http != 0) {
        r->connection->keepalive = AP_CONN_CLOSE;
    }
    apr_brigade_destroy(in);
    return http;
}

/* A command that waits ends when its device hangs up or this process is to end. */
static int should_stop(void *baton)
{
    request_rec *r = baton;
    conn_rec *c = r->connection->master != NULL ? r->connection->master : r->connection;
    apr_socket_t *sock = ap_get_conn_socket(c);
    struct pollfd pfd = {.fd = -1, .events = POLLRDHUP};
    int state = AP_MPMQ_RUNNING;
    apr_os_sock_t fd;

    if (c->aborted || (ap_mpm_query(AP_MPMQ_MPM_STATE, &state) == APR_SUCCESS && state == AP_MPMQ_STOPPING)) {
        return 1;
    }
    if (sock == NULL || apr_os_sock_get(&fd, sock) != APR_SUCCESS) {
        return 0;
    }
    pfd.fd = fd;
    return poll(&pfd, 1, 0) > 0 && (pfd.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

/* Credentials that httpd accepted, by our provider or by another. */
static void take_credentials(eas_request_t *req, request_rec *r, eas_ap_state_t *state)
{
    const char *user = NULL, *password = NULL;

    if (state->tried) {
        req->user = state->user;
        req->password = state->password;
        req->login = state->login;
        req->login_error = state->error;
        return;
    }
    if (ap_get_basic_auth_components(r, &user, &password) == APR_SUCCESS) {
        req->user = eas_utf8(user, r->pool);
        req->password = eas_utf8(password, r->pool);
    }
    if (r->user != NULL) {
        req->user = eas_utf8(r->user, r->pool);
    }
}

static int write_answer(request_rec *r, eas_response_t *rsp)
{
    apr_bucket_alloc_t *alloc = r->connection->bucket_alloc;

    ap_set_content_length(r, rsp->length);
    if (rsp->content_type != NULL) {
        ap_set_content_type(r, rsp->content_type);
    } else {
        /* An empty answer that was compressed is not empty any more: phones then wait for the rest. */
        apr_table_setn(r->subprocess_env, "no-gzip", "1");
        apr_table_setn(r->subprocess_env, "no-brotli", "1");
    }
    APR_BRIGADE_INSERT_TAIL(rsp->body, apr_bucket_eos_create(alloc));
    if (ap_pass_brigade(r->output_filters, rsp->body) != APR_SUCCESS && !r->connection->aborted) {
        return AP_FILTER_ERROR;
    }
    return OK;
}

/* Statuses that httpd has no text for. */
static const char *status_line(int http)
{
    switch (http) {
    case 449:
        return "449 Retry after sending a PROVISION command";
    default:
        return NULL;
    }
}

void eas_ap_request(eas_request_t *req, request_rec *r)
{
    eas_ap_state_t *state = eas_ap_state(r);

    *req = (eas_request_t){
        .method = r->method,
        .args = r->args,
        .is_tls = eas_ap_is_tls(r),
        .group = apr_table_get(r->subprocess_env, "EAS_GROUP"),
        .conf = eas_ap_dir(r)->conf,
        .log = &state->log,
        .pool = r->pool,
        .bucket_alloc = r->connection->bucket_alloc,
        .baton = r,
        .header = get_header,
        .read_body = read_body,
        .stop = should_stop,
    };
    take_credentials(req, r, state);
    req->pace = eas_ap_pace();
    req->usm_error = eas_ap_context(&req->usm, req->conf, r->pool);
}

int eas_ap_answer(request_rec *r, eas_response_t *rsp)
{
    apr_table_overlap(r->notes, rsp->notes, APR_OVERLAP_TABLES_SET);
    apr_table_overlap(r->headers_out, rsp->headers, APR_OVERLAP_TABLES_SET);
    if (rsp->http == HTTP_UNAUTHORIZED) {
        ap_note_auth_failure(r);
        return HTTP_UNAUTHORIZED;
    }
    r->status = rsp->http;
    r->status_line = status_line(rsp->http);
    return write_answer(r, rsp);
}

int eas_ap_handler(request_rec *r)
{
    eas_response_t rsp = {0};
    eas_request_t req;

    if (r->handler == NULL || strcmp(r->handler, "eas") != 0) {
        return DECLINED;
    }
    eas_ap_request(&req, r);
    eas_ap_park_offer(&req, r);
    eas_dispatch(&rsp, &req);
    return rsp.park != NULL ? eas_ap_park(r, &req, &rsp) : eas_ap_answer(r, &rsp);
}
