/* SPDX-License-Identifier: Apache-2.0 */
/* Finishers: threads that do for connections of this module what httpd's workers do for the others. */
#include "ap_park.h"

#include <ap_mpm.h>
#include <apr_portable.h>
#include <http_connection.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>
#include <sys/epoll.h>
#include <util_filter.h>

APLOG_USE_MODULE(eas);

#define LINGER apr_time_from_sec(2)
#define LEFT_TRIES 1000             /* milliseconds that a worker may take to let go of a connection */

/* ---- the answer ---- */

/* The device is gone: the request ends, for the log. */
static void give_up(eas_conn_t *conn, request_rec *r)
{
    unsigned waited = (unsigned)apr_time_sec(apr_time_now() - conn->park->began), survives = 0;
    eas_response_t rsp = {0};
    eas_request_t req;

    if (!eas_ring->stopping && conn->counted) {
        survives = eas_slot_cut(eas_ap_slots(), &conn->park->key, waited, apr_time_now());
    }
    if (survives > 0) {
        conn->park->survives = survives;
        eas_ap_request(&req, r);
        eas_resume(&rsp, &req, conn->park, EAS_RESUME_CUT);
    }
    eas_conn_unpark(conn);
    conn->c->aborted = 1;
    r->status = 499;
    ap_finalize_request_protocol(r);
    ap_process_request_after_handler(r);
}

static void send_answer(eas_conn_t *conn, request_rec *r, eas_response_t *rsp)
{
    eas_conn_unpark(conn);
    if (eas_ring->stopping) {
        conn->c->keepalive = AP_CONN_CLOSE;
    }
    eas_ap_answer(r, rsp);
    ap_finalize_request_protocol(r);
    ap_process_request_after_handler(r);
}

/* It waits on. False: it cannot. */
static int wait_on(eas_conn_t *conn, request_rec *r, const eas_request_t *req)
{
    eas_park_arm_e armed = eas_park_arm(conn->park, eas_conn_wake, conn, req->log, r->pool);

    if (armed == EAS_PARK_FAILED) {
        return 0;
    }
    apr_thread_mutex_lock(eas_ring->lock);
    conn->look |= armed == EAS_PARK_MOVED;
    apr_thread_mutex_unlock(eas_ring->lock);
    conn->r = r;
    conn->later = armed == EAS_PARK_LATER;
    eas_conn_park(conn);
    return 1;
}

/* A device waits on it, and was woken. False: it waits on, and the connection is the watcher's again. */
static int go_on(eas_conn_t *conn)
{
    request_rec *r = conn->r != NULL ? conn->r : eas_slim_restore(conn);
    eas_resume_e why = EAS_RESUME_LOOK;
    eas_response_t rsp = {0};
    eas_request_t req;

    apr_thread_mutex_lock(eas_ring->lock);
    if (conn->end) {
        why = EAS_RESUME_END;
    }
    conn->look = 0;
    apr_thread_mutex_unlock(eas_ring->lock);
    conn->r = NULL;
    if (conn->hung_up) {
        give_up(conn, r);
        return 1;
    }
    eas_ap_request(&req, r);
    eas_resume(&rsp, &req, conn->park, why);
    if (rsp.park != NULL && wait_on(conn, r, &req)) {
        return 0;
    }
    if (rsp.park != NULL) {
        memset(&rsp, 0, sizeof(rsp));
        eas_resume(&rsp, &req, conn->park, EAS_RESUME_END);
    }
    send_answer(conn, r, &rsp);
    return 1;
}

/* ---- the connection ---- */

static void hand_over(eas_conn_t *conn, eas_conn_state_e state, unsigned events, apr_time_t after)
{
    apr_thread_mutex_lock(eas_ring->lock);
    conn->timed_out = 0;
    eas_loop_watch(eas_ring, conn, state, events, apr_time_now() + after);
    apr_thread_mutex_unlock(eas_ring->lock);
}

static void end(eas_conn_t *conn)
{
    apr_thread_mutex_lock(eas_ring->lock);
    eas_loop_forget_timer(eas_ring, conn);
    conn->state = EAS_CONN_DEAD;
    APR_RING_INSERT_TAIL(&eas_ring->dead, conn, eas_conn_t, queue);
    apr_thread_mutex_unlock(eas_ring->lock);
    eas_loop_kick(eas_ring);
}

static void close_it(eas_conn_t *conn)
{
    apr_socket_t *csd = ap_get_conn_socket(conn->c);

    apr_socket_timeout_set(csd, LINGER);
    if (conn->c->aborted || ap_start_lingering_close(conn->c)) {
        end(conn);
        return;
    }
    hand_over(conn, EAS_CONN_LINGER, EPOLLIN, LINGER);
}

/* Sends what is left of the answer. False: the socket takes no more, and the watcher has the connection. */
static int write_rest(eas_conn_t *conn)
{
    conn_rec *c = conn->c;
    ap_filter_t *last = c->output_filters;

    while (last->next != NULL) {
        last = last->next;
    }
    if (last->frec->filter_func.out_func(last, NULL) != APR_SUCCESS) {
        c->cs->state = CONN_STATE_LINGER;
    } else if (c->data_in_output_filters) {
        hand_over(conn, EAS_CONN_WRITING, EPOLLOUT, c->base_server->timeout);
        return 0;
    } else if (c->keepalive != AP_CONN_KEEPALIVE || c->aborted || eas_ring->stopping) {
        c->cs->state = CONN_STATE_LINGER;
    } else {
        c->cs->state = c->data_in_input_filters ? CONN_STATE_READ_REQUEST_LINE : CONN_STATE_CHECK_REQUEST_LINE_READABLE;
    }
    return 1;
}

/* Lets httpd serve what has come. */
static void process(conn_rec *c)
{
    int rc;

    c->cs->state = CONN_STATE_READ_REQUEST_LINE;
    rc = ap_run_process_connection(c);
    if ((rc != OK && rc != DONE) || c->cs->state == CONN_STATE_READ_REQUEST_LINE) {
        c->cs->state = CONN_STATE_LINGER;
    }
}

/* Until the connection is somebody else's. */
static void drive(eas_conn_t *conn)
{
    conn_rec *c = conn->c;

    for (;;) {
        switch (c->cs->state) {
        case CONN_STATE_READ_REQUEST_LINE:
            process(c);
            break;
        case CONN_STATE_WRITE_COMPLETION:
            if (!write_rest(conn)) {
                return;
            }
            break;
        case CONN_STATE_CHECK_REQUEST_LINE_READABLE:
            hand_over(conn, EAS_CONN_IDLE, EPOLLIN, c->base_server->keep_alive_timeout);
            return;
        case CONN_STATE_SUSPENDED:
            if (conn->park != NULL) {
                eas_conn_park(conn);
            } else {
                close_it(conn); /* suspended by somebody else, who will not find it here */
            }
            return;
        default:
            close_it(conn);
            return;
        }
    }
}

static void serve(eas_conn_t *conn)
{
    conn_rec *c = conn->c;
    int i;

    /* In the very first moments the worker that parked it writes into the connection once more. */
    for (i = 0; conn->fresh && c->sbh != NULL && i < LEFT_TRIES; i++) {
        apr_sleep(1000);
    }
    conn->fresh = 0;
    c->current_thread = ap_thread_current();
    if (conn->park != NULL) {
        if (!go_on(conn)) {
            return;
        }
    } else if (conn->timed_out) {
        c->cs->state = CONN_STATE_LINGER;
    } else if (c->cs->state == CONN_STATE_CHECK_REQUEST_LINE_READABLE) {
        c->cs->state = CONN_STATE_READ_REQUEST_LINE;
    }
    drive(conn);
}

/* ---- threads ---- */

static void *APR_THREAD_FUNC run(apr_thread_t *thread, void *data)
{
    eas_ring_t *ring = data;
    eas_conn_t *conn;

    apr_thread_mutex_lock(ring->lock);
    for (;;) {
        ring->idle++;
        while (!ring->quit && APR_RING_EMPTY(&ring->queue, eas_conn_t, queue)) {
            apr_thread_cond_wait(ring->work, ring->lock);
        }
        ring->idle--;
        if (ring->quit) {
            break;
        }
        conn = APR_RING_FIRST(&ring->queue);
        APR_RING_REMOVE(conn, queue);
        ring->queued--;
        apr_thread_mutex_unlock(ring->lock);
        serve(conn);
        apr_thread_mutex_lock(ring->lock);
    }
    apr_thread_mutex_unlock(ring->lock);
    return NULL;
}

/* One more, as long as there is work for it and it may be. */
static void add_thread(eas_ring_t *ring)
{
    int max = 1;

    if (ring->finishers == NULL) {
        ap_mpm_query(AP_MPMQ_MAX_THREADS, &max);
        ring->threads_max = max > 2 ? max : 2;
        ring->finishers = apr_pcalloc(ring->pool, sizeof(*ring->finishers) * (apr_size_t)ring->threads_max);
    }
    if (ring->threads < ring->threads_max &&
        ap_thread_create(&ring->finishers[ring->threads], NULL, run, ring, ring->pool) == APR_SUCCESS) {
        ring->threads++;
    }
}

void eas_finish_queue(eas_ring_t *ring, eas_conn_t *conn)
{
    eas_loop_forget_timer(ring, conn);
    conn->state = EAS_CONN_BUSY;
    APR_RING_INSERT_TAIL(&ring->queue, conn, eas_conn_t, queue);
    if (++ring->queued > ring->idle) {
        add_thread(ring);
    }
    apr_thread_cond_signal(ring->work);
}

void eas_finish_stop(eas_ring_t *ring)
{
    apr_status_t rv;
    int i;

    for (i = 0; i < ring->threads; i++) {
        apr_thread_join(&rv, ring->finishers[i]);
    }
}
