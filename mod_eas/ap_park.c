/* SPDX-License-Identifier: Apache-2.0 */
/* Where requests leave httpd's hands, and what httpd says to those that have. */
#include "ap_park.h"

#include <ap_mpm.h>
#include <apr_portable.h>
#include <http_core.h>
#include <http_log.h>
#include <mpm_common.h>
#include <stdlib.h>

APLOG_USE_MODULE(eas);

#define LATER apr_time_from_sec(15) /* when nothing can be looked at */
#define STREAM_WAIT_MS 60000 /* what a stream of HTTP/2 waits at most, as it does so in a thread */

eas_ring_t *eas_ring;

/* ---- waiting in a thread ---- */

/* Three quarters of all workers at most wait; the others are for those that work. */
static int enter(void *baton)
{
    int daemons = 1, threads = 1, mine = eas_ap_slot_mine();
    unsigned limit, waiting;

    if (mine == EAS_SLOT_NONE) {
        return 1;
    }
    ap_mpm_query(AP_MPMQ_MAX_DAEMONS, &daemons);
    ap_mpm_query(AP_MPMQ_MAX_THREADS, &threads);
    limit = (unsigned)daemons * (unsigned)(threads > 0 ? threads : 1);
    limit = limit - limit / 4;
    waiting = eas_slot_block(eas_ap_slots(), mine, 1);
    if (waiting <= limit) {
        return 1;
    }
    eas_slot_block(eas_ap_slots(), mine, -1);
    return 0;
}

static void leave(void *baton)
{
    if (eas_ap_slot_mine() != EAS_SLOT_NONE) {
        eas_slot_block(eas_ap_slots(), eas_ap_slot_mine(), -1);
    }
}

/* ---- parking ---- */

static int can_park(request_rec *r)
{
    conn_rec *c = r->connection;

    return eas_ring != NULL && eas_ring->started && !eas_ring->stopping && r->main == NULL && c->master == NULL &&
           c->cs != NULL && !c->clogging_input_filters && !r->expecting_100;
}

static void claim(void *baton, eas_slot_key_t *key)
{
    int slot;

    if (eas_ap_slots() == NULL) {
        return;
    }
    slot = eas_slot_claim(eas_ap_slots(), key, apr_time_now());
    if (slot != EAS_SLOT_NONE && slot != eas_ap_slot_mine()) {
        eas_ap_slot_post(slot, EAS_SLOT_SUPERSEDED, key->device);
    }
}

void eas_ap_park_offer(eas_request_t *req, request_rec *r)
{
    req->can_park = can_park(r);
    req->enter = enter;
    req->leave = leave;
    req->claim = claim;
    req->wait_max = r->connection->master != NULL ? STREAM_WAIT_MS : 0;
}

static apr_status_t forget(void *data)
{
    eas_conn_t *conn = data;

    ap_set_module_config(conn->c->conn_config, &eas_module, NULL);
    free(conn->saved);
    free(conn);
    return APR_SUCCESS;
}

static eas_conn_t *conn_of(conn_rec *c)
{
    eas_conn_t *conn = ap_get_module_config(c->conn_config, &eas_module);

    if (conn != NULL) {
        return conn;
    }
    conn = calloc(1, sizeof(*conn));
    if (conn != NULL) {
        conn->c = c;
        conn->fd = -1;
        apr_os_sock_get(&conn->fd, ap_get_conn_socket(c));
        ap_set_module_config(c->conn_config, &eas_module, conn);
        apr_pool_cleanup_register(c->pool, conn, forget, apr_pool_cleanup_null);
    }
    return conn;
}

void eas_conn_wake(void *data, usm_wake_e reason)
{
    eas_conn_t *conn = data;

    apr_thread_mutex_lock(eas_ring->lock);
    if (reason == USM_WAKE_SUPERSEDED) {
        conn->end = 1;
    } else {
        conn->look = 1;
    }
    if (conn->state == EAS_CONN_PARKED) {
        eas_finish_queue(eas_ring, conn);
    }
    apr_thread_mutex_unlock(eas_ring->lock);
}

/* @return why it cannot be, or EAS_SLOT_PARKED. */
static eas_slot_park_e count_in(eas_conn_t *conn, const eas_request_t *req)
{
    eas_slot_park_e result;

    if (eas_ap_slots() == NULL) {
        return EAS_SLOT_PARKED;
    }
    result = eas_slot_park(eas_ap_slots(), &conn->park->key, eas_ap_slot_mine(), (unsigned)req->conf->park_user,
                           (unsigned)req->conf->park_all, apr_time_now());
    conn->counted = result == EAS_SLOT_PARKED;
    return result;
}

void eas_conn_unpark(eas_conn_t *conn)
{
    if (conn->counted) {
        eas_slot_unpark(eas_ap_slots(), &conn->park->key, eas_ap_slot_mine(), apr_time_now());
        conn->counted = 0;
    }
    eas_park_free(conn->park);
    conn->park = NULL;
}

/* The request cannot be parked after all. */
static int answer_now(request_rec *r, const eas_request_t *req, eas_conn_t *conn, eas_park_t *park, eas_resume_e why)
{
    eas_response_t rsp = {0};

    eas_resume(&rsp, req, park, why);
    if (conn != NULL) {
        eas_conn_unpark(conn);
    } else {
        eas_park_free(park);
    }
    return eas_ap_answer(r, &rsp);
}

int eas_ap_park(request_rec *r, const eas_request_t *req, eas_response_t *rsp)
{
    eas_conn_t *conn = conn_of(r->connection);
    eas_park_t *park = rsp->park;
    eas_slot_park_e counted;

    if (conn == NULL) {
        return answer_now(r, req, NULL, park, EAS_RESUME_FULL);
    }
    conn->r = r;
    conn->park = park;
    conn->look = conn->end = conn->hung_up = conn->timed_out = 0;
    counted = count_in(conn, req);
    if (counted != EAS_SLOT_PARKED) {
        if (counted == EAS_SLOT_FULL || counted == EAS_SLOT_USER_FULL) {
            usm_log(req->log, USM_LOG_INFO, EASLOGNO(94), "%s", counted == EAS_SLOT_FULL
                    ? "EASMaxParked devices wait already: one more has to come later"
                    : "EASMaxParkedUser devices of this user wait already: one more has to come later");
        }
        return answer_now(r, req, conn, park, counted == EAS_SLOT_OLD ? EAS_RESUME_END : EAS_RESUME_FULL);
    }
    switch (eas_park_arm(park, eas_conn_wake, conn, req->log, r->pool)) {
    case EAS_PARK_LATER:
    case EAS_PARK_MOVED:
        conn->look = 1;
        break;
    case EAS_PARK_ARMED:
        break;
    case EAS_PARK_FAILED:
    default:
        return answer_now(r, req, conn, park, EAS_RESUME_END);
    }
    return SUSPENDED;
}

void eas_conn_park(eas_conn_t *conn)
{
    eas_ring_t *ring = eas_ring;
    struct eas_conn_ring_t *bucket = &ring->table[conn->park->key.device % EAS_TABLE];
    apr_time_t until;

    if (!eas_slim_drop(conn)) {
        conn->end = 1; /* no memory: it is answered at once, with the request as it is */
    }
    apr_thread_mutex_lock(ring->lock);
    if (!conn->in_table) {
        APR_RING_INSERT_TAIL(bucket, conn, eas_conn_t, device);
        conn->in_table = 1;
    }
    if (!conn->in_all) {
        APR_RING_INSERT_TAIL(&ring->all, conn, eas_conn_t, all);
        conn->in_all = 1;
    }
    conn->end |= ring->stopping != 0;
    until = apr_time_from_msec(conn->park->deadline);
    if (conn->later && until > apr_time_now() + LATER) {
        until = apr_time_now() + LATER;
    }
    conn->later = 0;
    eas_loop_watch(ring, conn, EAS_CONN_PARKED, 0, until);
    if (conn->look || conn->end || conn->hung_up) {
        eas_finish_queue(ring, conn);
    }
    apr_thread_mutex_unlock(ring->lock);
}

/* httpd's worker has done what it does for a request that was suspended, and lets go of the connection. */
static void suspend(conn_rec *c, request_rec *r)
{
    eas_conn_t *conn = ap_get_module_config(c->conn_config, &eas_module);

    if (conn == NULL || conn->park == NULL || conn->state != EAS_CONN_HTTPD || c->cs == NULL ||
        c->cs->state != CONN_STATE_SUSPENDED) {
        return;
    }
    conn->fresh = 1;
    eas_conn_park(conn);
}

static void stopping(apr_pool_t *pchild, int graceful)
{
    if (eas_ring != NULL) {
        eas_ring->stopping = 1;
        eas_loop_kick(eas_ring);
    }
}

void eas_ap_park_register(void)
{
    ap_hook_suspend_connection(suspend, NULL, NULL, APR_HOOK_REALLY_LAST);
    ap_hook_child_stopping(stopping, NULL, NULL, APR_HOOK_MIDDLE);
}

static apr_status_t end(void *data)
{
    eas_ring_t *ring = data;
    apr_status_t rv;

    apr_thread_mutex_lock(ring->lock);
    ring->stopping = ring->quit = 1;
    apr_thread_cond_broadcast(ring->work);
    apr_thread_mutex_unlock(ring->lock);
    eas_loop_kick(ring);
    if (ring->watcher != NULL) {
        apr_thread_join(&rv, ring->watcher);
    }
    eas_finish_stop(ring);
    eas_ring = NULL;
    return APR_SUCCESS;
}

void eas_ap_park_init(apr_pool_t *pchild, server_rec *server)
{
    apr_allocator_t *allocator;
    apr_thread_mutex_t *mutex;
    int is_async = 0;
    apr_pool_t *pool;
    usm_error_t *err;
    eas_ring_t *ring;
    usm_log_t log;

    eas_ring = NULL;
    if (ap_mpm_query(AP_MPMQ_IS_ASYNC, &is_async) != APR_SUCCESS || !is_async) {
        return;
    }
    apr_allocator_create(&allocator);
    apr_pool_create_ex(&pool, pchild, NULL, allocator);
    apr_allocator_owner_set(allocator, pool);
    apr_thread_mutex_create(&mutex, APR_THREAD_MUTEX_DEFAULT, pool);
    apr_allocator_mutex_set(allocator, mutex);
    apr_pool_tag(pool, "eas_parked");
    ring = apr_pcalloc(pool, sizeof(*ring));
    ring->pool = pool;
    ring->server = server;
    err = eas_loop_start(ring);
    if (err != NULL) {
        eas_ap_log_server(&log, server);
        usm_log(&log, USM_LOG_ERR, EASLOGNO(95), "devices wait in threads, as there can be no other way: %s",
                usm_error_text(err, pchild));
        usm_error_clear(err);
        return;
    }
    eas_ring = ring;
    apr_pool_pre_cleanup_register(pchild, ring, end);
}
