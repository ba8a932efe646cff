/* SPDX-License-Identifier: Apache-2.0 */
/* What the ap ring calls of httpd for connections of its own. */
#include "ap_conn_test.h"

#include <ap_mpm.h>
#include <http_connection.h>
#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>
#include <mpm_common.h>
#include <sys/socket.h>

ap_conn_fake_t ap_conn_fake;

AP_DECLARE(void) ap_hook_suspend_connection(ap_HOOK_suspend_connection_t *fn, const char *const *pre,
                                            const char *const *succ, int order)
{
    ap_conn_fake.suspend = fn;
}

AP_DECLARE(void) ap_hook_child_stopping(ap_HOOK_child_stopping_t *fn, const char *const *pre, const char *const *succ,
                                        int order)
{
    ap_conn_fake.stopping = fn;
}

#ifndef ap_thread_create
AP_DECLARE(apr_status_t) ap_thread_create(apr_thread_t **thread, apr_threadattr_t *attr, apr_thread_start_t func,
                                          void *data, apr_pool_t *pool)
{
    return apr_thread_create(thread, attr, func, data, pool);
}
#endif

#if AP_HAS_THREAD_LOCAL && !defined(ap_thread_current)
AP_DECLARE(apr_thread_t *) ap_thread_current(void)
{
    return NULL;
}
#endif

AP_DECLARE(request_rec *) ap_create_request(conn_rec *c)
{
    request_rec *r;
    apr_pool_t *pool;

    apr_pool_create(&pool, c->pool);
    r = apr_pcalloc(pool, sizeof(*r));
    r->pool = pool;
    r->connection = c;
    r->server = c->base_server;
    r->headers_in = apr_table_make(pool, 4);
    r->headers_out = apr_table_make(pool, 4);
    r->err_headers_out = apr_table_make(pool, 4);
    r->subprocess_env = apr_table_make(pool, 4);
    r->notes = apr_table_make(pool, 4);
    r->request_config = apr_pcalloc(pool, 2 * sizeof(void *));
    r->output_filters = c->output_filters;
    return r;
}

AP_DECLARE(ap_filter_t *) ap_add_input_filter(const char *name, void *ctx, request_rec *r, conn_rec *c)
{
    assert_string_equal(name, "HTTP_IN");
    return NULL;
}

AP_DECLARE(int) ap_location_walk(request_rec *r)
{
    r->per_dir_config = ap_conn_fake.per_dir_config;
    return OK;
}

AP_DECLARE(void) ap_run_insert_filter(request_rec *r)
{
    ap_conn_fake.restored++;
}

AP_DECLARE(void) ap_finalize_request_protocol(request_rec *r)
{
    r->connection->keepalive = r->connection->keepalive == AP_CONN_CLOSE ? AP_CONN_CLOSE : AP_CONN_KEEPALIVE;
}

AP_DECLARE(void) ap_process_request_after_handler(request_rec *r)
{
    conn_rec *c = r->connection;

    ap_conn_fake.status = r->status;
    ap_conn_fake.ended++;
    c->cs->state = c->aborted ? CONN_STATE_LINGER : CONN_STATE_WRITE_COMPLETION;
    apr_pool_destroy(r->pool);
}

AP_DECLARE(int) ap_start_lingering_close(conn_rec *c)
{
    return shutdown(ap_conn_fake.fd, SHUT_WR) != 0;
}

AP_DECLARE(int) ap_run_process_connection(conn_rec *c)
{
    return ap_conn_fake.process(c);
}

/* ---- the protocol ring ---- */

eas_park_arm_e eas_park_arm(eas_park_t *park, usm_wake_fn wake, void *baton, const usm_log_t *log, apr_pool_t *pool)
{
    ap_conn_fake.wake = wake;
    ap_conn_fake.baton = baton;
    ap_conn_fake.armed++;
    return ap_conn_fake.arm;
}

void eas_park_free(eas_park_t *park)
{
    ap_conn_fake.freed += park != NULL;
}

void eas_resume(eas_response_t *rsp, const eas_request_t *req, eas_park_t *park, eas_resume_e why)
{
    ap_conn_fake.why = why;
    ap_conn_fake.resumed++;
    ap_conn_fake.seen = *req; /* its texts go with the request */
    apr_cpystrn(ap_conn_fake.user, req->user != NULL ? req->user : "", sizeof(ap_conn_fake.user));
    rsp->headers = apr_table_make(req->pool, 2);
    rsp->notes = apr_table_make(req->pool, 2);
    rsp->body = apr_brigade_create(req->pool, req->bucket_alloc);
    rsp->http = why == EAS_RESUME_FULL ? 503 : 200;
    rsp->park = why == EAS_RESUME_LOOK && ap_conn_fake.again > 0 && ap_conn_fake.again-- ? park : NULL;
}
