/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests without a thread. A handler that has nothing to say yet returns SUSPENDED; from then on this module owns
 * the connection until it is closed, as no MPM of httpd 2.4 takes one back. One thread of each child watches
 * (ap_parkloop.c): sockets, deadlines, the child's pipe. Some others do what there is to be done (ap_finish.c): look
 * again, answer, send the rest of an answer, serve the next request of the connection. While a device waits, its
 * request_rec is gone too (ap_slim.c).
 *
 * A connection is of one thread at a time, whose it is by its state, and the state is only changed under the ring's
 * lock. The watcher alone ends connections, after it has dealt with all events it had fetched. Under that lock no
 * function of libusm is called: it calls wake functions under locks of its own.
 */
#ifndef EAS_AP_PARK_H
#define EAS_AP_PARK_H

#include <apr_ring.h>
#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>

#include "ap_eas.h"
#include "eas_park.h"

typedef enum {
    EAS_CONN_HTTPD,   /* it is httpd's: the handler is on its way, or the connection waits for no one */
    EAS_CONN_PARKED,  /* a device waits */
    EAS_CONN_BUSY,    /* a finisher has it, or will take it from the queue */
    EAS_CONN_WRITING, /* the socket takes no more at the moment */
    EAS_CONN_IDLE,    /* between two requests */
    EAS_CONN_LINGER,  /* closed by us, and the other side has time to read what was sent */
    EAS_CONN_DEAD     /* to be ended by the watcher */
} eas_conn_state_e;

/* What is kept of a request that was dropped: one block. */
typedef struct eas_ap_saved_t {
    server_rec *server;
    apr_time_t request_time;
    int proto_num;
    const char *uri, *args, *the_request, *user, *hostname, *ip, *agent, *encoding, *connection;
    char text[];
} eas_ap_saved_t;

typedef struct eas_conn_t {
    APR_RING_ENTRY(eas_conn_t) all;
    APR_RING_ENTRY(eas_conn_t) timer;
    APR_RING_ENTRY(eas_conn_t) queue; /* of finishers, or of the dead */
    APR_RING_ENTRY(eas_conn_t) device;
    conn_rec *c;
    request_rec *r; /* from the handler until the request is dropped */
    eas_ap_saved_t *saved;
    eas_park_t *park; /* NULL: nobody waits on it */
    int fd;
    eas_conn_state_e state;
    apr_uint32_t due; /* second */
    unsigned char in_epoll, in_timer, in_table, in_all, counted;
    unsigned char later; /* nothing can be looked at now: it is not armed */
    unsigned char fresh; /* httpd's worker has perhaps not left it yet */
    /* why it is woken; several may come together */
    unsigned char look, end, hung_up, timed_out;
} eas_conn_t;

APR_RING_HEAD(eas_conn_ring_t, eas_conn_t);

#define EAS_WHEEL 4096   /* seconds, more than the longest wait */
#define EAS_TABLE 4096   /* buckets of devices */

/* Of this child. */
typedef struct eas_ring_t {
    apr_pool_t *pool;
    server_rec *server;
    apr_thread_mutex_t *lock; /* guards all below and all states */
    apr_thread_cond_t *work;
    int epoll, event;
    int started;        /* the watcher runs */
    _Atomic int stopping, quit; /* no device waits any more; threads end */
    apr_thread_t *watcher;
    apr_thread_t **finishers;
    int threads, threads_max, idle, queued; /* finishers, and what waits for them */
    int timers; /* that run */
    apr_uint32_t second; /* timers up to this one were seen to */
    struct eas_conn_ring_t all, queue, dead;
    struct eas_conn_ring_t wheel[EAS_WHEEL];
    struct eas_conn_ring_t table[EAS_TABLE];
} eas_ring_t;

/* ap_park.c */
extern eas_ring_t *eas_ring; /* NULL: requests cannot leave their threads here */
void eas_conn_wake(void *conn, usm_wake_e reason);
/* A request of the connection waits for good: its request_rec goes, and the watcher has it. By whoever had it. */
void eas_conn_park(eas_conn_t *conn);
/* Nobody waits on the connection any more. */
void eas_conn_unpark(eas_conn_t *conn);

/* ap_parkloop.c */
usm_error_t *eas_loop_start(eas_ring_t *ring);
void eas_loop_kick(eas_ring_t *ring);
/* Under the lock. */
void eas_loop_watch(eas_ring_t *ring, eas_conn_t *conn, eas_conn_state_e state, unsigned events, apr_time_t until);
void eas_loop_forget_timer(eas_ring_t *ring, eas_conn_t *conn);

/* ap_finish.c */
/* Under the lock: the connection is to be served. */
void eas_finish_queue(eas_ring_t *ring, eas_conn_t *conn);
/* Before the pool of the ring goes. */
void eas_finish_stop(eas_ring_t *ring);

/* ap_slim.c */
/* Keep what the answer and the access log need of conn->r, and drop it. */
int eas_slim_drop(eas_conn_t *conn);
/* A request like the one that was dropped. */
request_rec *eas_slim_restore(eas_conn_t *conn);

#endif
