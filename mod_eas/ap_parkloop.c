/* SPDX-License-Identifier: Apache-2.0 */
/* The watcher: one thread of a child that looks after all connections which this module owns. */
#include "ap_park.h"

#include <errno.h>
#include <http_core.h>
#include <http_log.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

APLOG_USE_MODULE(eas);

#define EVENTS 256
#define MESSAGES 256

/* What is in an event that is of no connection. */
static char kick_mark, pipe_mark;

void eas_loop_kick(eas_ring_t *ring)
{
    apr_uint64_t one = 1;

    if (write(ring->event, &one, sizeof(one)) < 0) {
        return; /* the counter is full: the watcher has reason enough to look */
    }
}

static apr_uint32_t now_second(void)
{
    return (apr_uint32_t)apr_time_sec(apr_time_now());
}

void eas_loop_forget_timer(eas_ring_t *ring, eas_conn_t *conn)
{
    if (conn->in_timer) {
        APR_RING_REMOVE(conn, timer);
        conn->in_timer = 0;
        ring->timers--;
    }
}

void eas_loop_watch(eas_ring_t *ring, eas_conn_t *conn, eas_conn_state_e state, unsigned events, apr_time_t until)
{
    struct epoll_event event = {.events = events | EPOLLRDHUP | EPOLLONESHOT, .data.ptr = conn};
    int was_idle = ring->timers == 0;

    conn->state = state;
    eas_loop_forget_timer(ring, conn);
    conn->due = (apr_uint32_t)apr_time_sec(until + APR_USEC_PER_SEC - 1);
    APR_RING_INSERT_TAIL(&ring->wheel[conn->due % EAS_WHEEL], conn, eas_conn_t, timer);
    conn->in_timer = 1;
    ring->timers++;
    if (epoll_ctl(ring->epoll, conn->in_epoll ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, conn->fd, &event) != 0) {
        conn->hung_up = 1;
        eas_finish_queue(ring, conn);
    }
    conn->in_epoll = 1;
    if (was_idle) {
        eas_loop_kick(ring); /* it sleeps without a limit */
    }
}

/* ---- under the lock ---- */

static void die(eas_ring_t *ring, eas_conn_t *conn)
{
    eas_loop_forget_timer(ring, conn);
    conn->state = EAS_CONN_DEAD;
    APR_RING_INSERT_TAIL(&ring->dead, conn, eas_conn_t, queue);
}

/* Reads what is still on the way, until the other side has closed too. */
static void drain(eas_ring_t *ring, eas_conn_t *conn)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT, .data.ptr = conn};
    char rest[4096];
    ssize_t got;
    int i;

    for (i = 0; i < 16; i++) {
        got = recv(conn->fd, rest, sizeof(rest), MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
            die(ring, conn);
            return;
        }
        if (got < 0) {
            break;
        }
    }
    epoll_ctl(ring->epoll, EPOLL_CTL_MOD, conn->fd, &event);
}

static void on_event(eas_ring_t *ring, eas_conn_t *conn, unsigned events)
{
    int gone = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;

    switch (conn->state) {
    case EAS_CONN_PARKED:
        conn->hung_up |= gone;
        if (gone) {
            eas_finish_queue(ring, conn);
        }
        break;
    case EAS_CONN_BUSY:
        conn->hung_up |= gone;
        break;
    case EAS_CONN_WRITING:
    case EAS_CONN_IDLE:
        eas_finish_queue(ring, conn);
        break;
    case EAS_CONN_LINGER:
        drain(ring, conn);
        break;
    case EAS_CONN_HTTPD:
    case EAS_CONN_DEAD:
    default:
        break;
    }
}

static void on_time(eas_ring_t *ring, eas_conn_t *conn)
{
    eas_loop_forget_timer(ring, conn);
    switch (conn->state) {
    case EAS_CONN_PARKED:
        if (apr_time_as_msec(apr_time_now()) >= conn->park->deadline) {
            conn->end = 1;
        } else {
            conn->look = 1;
        }
        eas_finish_queue(ring, conn);
        break;
    case EAS_CONN_WRITING:
    case EAS_CONN_IDLE:
        conn->timed_out = 1;
        eas_finish_queue(ring, conn);
        break;
    case EAS_CONN_LINGER:
        die(ring, conn);
        break;
    case EAS_CONN_HTTPD:
    case EAS_CONN_BUSY:
    case EAS_CONN_DEAD:
    default:
        break;
    }
}

static void tick(eas_ring_t *ring)
{
    apr_uint32_t now = now_second();
    eas_conn_t *conn, *next;

    /* A clock that jumped is looked at once all round. */
    if (now - ring->second > EAS_WHEEL) {
        ring->second = now - EAS_WHEEL;
    }
    while (ring->second != now) {
        struct eas_conn_ring_t *slot = &ring->wheel[++ring->second % EAS_WHEEL];

        for (conn = APR_RING_FIRST(slot); conn != APR_RING_SENTINEL(slot, eas_conn_t, timer); conn = next) {
            next = APR_RING_NEXT(conn, timer);
            if (conn->due <= now) {
                on_time(ring, conn);
            }
        }
    }
}

/* Everything that waits gets its answer, and what is idle is closed. */
static void stop_all(eas_ring_t *ring)
{
    eas_conn_t *conn, *next;

    for (conn = APR_RING_FIRST(&ring->all); conn != APR_RING_SENTINEL(&ring->all, eas_conn_t, all); conn = next) {
        next = APR_RING_NEXT(conn, all);
        conn->end = 1;
        conn->timed_out |= conn->state == EAS_CONN_IDLE;
        if (conn->state == EAS_CONN_PARKED || conn->state == EAS_CONN_IDLE) {
            eas_finish_queue(ring, conn);
        }
    }
}

static void end_device(eas_ring_t *ring, apr_uint64_t device)
{
    struct eas_conn_ring_t *bucket = &ring->table[device % EAS_TABLE];
    eas_conn_t *conn, *next;

    for (conn = APR_RING_FIRST(bucket); conn != APR_RING_SENTINEL(bucket, eas_conn_t, device); conn = next) {
        next = APR_RING_NEXT(conn, device);
        if (conn->park != NULL && conn->park->key.device == device &&
            !eas_slot_is_newest(eas_ap_slots(), &conn->park->key)) {
            conn->end = 1;
            if (conn->state == EAS_CONN_PARKED) {
                eas_finish_queue(ring, conn);
            }
        }
    }
}

/* Messages got lost: any device may have a newer request elsewhere. */
static void end_old(eas_ring_t *ring)
{
    eas_conn_t *conn, *next;

    for (conn = APR_RING_FIRST(&ring->all); conn != APR_RING_SENTINEL(&ring->all, eas_conn_t, all); conn = next) {
        next = APR_RING_NEXT(conn, all);
        if (conn->state == EAS_CONN_PARKED && !eas_slot_is_newest(eas_ap_slots(), &conn->park->key)) {
            conn->end = 1;
            eas_finish_queue(ring, conn);
        }
    }
}

/* ---- without the lock ---- */

static void on_pipe(eas_ring_t *ring)
{
    eas_slot_message_t messages[MESSAGES];
    int lost, n, i;

    while ((n = eas_ap_slot_read(&lost, messages, MESSAGES)) > 0 || lost) {
        apr_thread_mutex_lock(ring->lock);
        if (lost) {
            end_old(ring);
        }
        for (i = 0; i < n; i++) {
            if (messages[i].type == EAS_SLOT_SUPERSEDED) {
                end_device(ring, messages[i].payload);
            }
        }
        apr_thread_mutex_unlock(ring->lock);
    }
}

/* The dead are taken out of everything first; their pools go without the lock, as that may take a while. */
static void bury(eas_ring_t *ring)
{
    eas_conn_t *conn;

    for (;;) {
        apr_thread_mutex_lock(ring->lock);
        conn = APR_RING_FIRST(&ring->dead);
        if (conn == APR_RING_SENTINEL(&ring->dead, eas_conn_t, queue)) {
            apr_thread_mutex_unlock(ring->lock);
            return;
        }
        APR_RING_REMOVE(conn, queue);
        APR_RING_REMOVE(conn, all);
        if (conn->in_table) {
            APR_RING_REMOVE(conn, device);
        }
        apr_thread_mutex_unlock(ring->lock);
        /* httpd's own cleanup counts it out of what it counted it into. */
        conn->c->cs->state = CONN_STATE_SUSPENDED;
        apr_pool_destroy(conn->c->pool);
    }
}

static int pause_ms(eas_ring_t *ring)
{
    apr_time_t now = apr_time_now();

    return ring->timers == 0 ? -1 : (int)apr_time_as_msec(APR_USEC_PER_SEC - now % APR_USEC_PER_SEC) + 1;
}

static void take_events(eas_ring_t *ring, const struct epoll_event *events, int n)
{
    int i, told = 0;

    apr_thread_mutex_lock(ring->lock);
    for (i = 0; i < n; i++) {
        if (events[i].data.ptr == &kick_mark) {
            apr_uint64_t count;
            ssize_t got = read(ring->event, &count, sizeof(count));

            (void)got; /* it is only to be empty again */
        } else if (events[i].data.ptr == &pipe_mark) {
            told = 1;
        } else {
            on_event(ring, events[i].data.ptr, events[i].events);
        }
    }
    tick(ring);
    apr_thread_mutex_unlock(ring->lock);
    if (told) {
        on_pipe(ring);
    }
}

static void *APR_THREAD_FUNC run(apr_thread_t *thread, void *data)
{
    eas_ring_t *ring = data;
    struct epoll_event events[EVENTS];
    int timeout, n, stopped = 0;

    while (!ring->quit) {
        apr_thread_mutex_lock(ring->lock);
        timeout = pause_ms(ring);
        apr_thread_mutex_unlock(ring->lock);
        n = epoll_wait(ring->epoll, events, EVENTS, timeout);
        take_events(ring, events, n > 0 ? n : 0);
        if (ring->stopping && !stopped) {
            stopped = 1;
            apr_thread_mutex_lock(ring->lock);
            stop_all(ring);
            apr_thread_mutex_unlock(ring->lock);
        }
        bury(ring);
    }
    return NULL;
}

static int add_mark(eas_ring_t *ring, int fd, void *mark)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = mark};

    return epoll_ctl(ring->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

usm_error_t *eas_loop_start(eas_ring_t *ring)
{
    apr_status_t rv;
    int i;

    APR_RING_INIT(&ring->all, eas_conn_t, all);
    APR_RING_INIT(&ring->queue, eas_conn_t, queue);
    APR_RING_INIT(&ring->dead, eas_conn_t, queue);
    for (i = 0; i < EAS_WHEEL; i++) {
        APR_RING_INIT(&ring->wheel[i], eas_conn_t, timer);
    }
    for (i = 0; i < EAS_TABLE; i++) {
        APR_RING_INIT(&ring->table[i], eas_conn_t, device);
    }
    ring->second = now_second();
    ring->epoll = epoll_create1(EPOLL_CLOEXEC);
    ring->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (ring->epoll < 0 || ring->event < 0 || !add_mark(ring, ring->event, &kick_mark) ||
        (eas_ap_slot_fd() >= 0 && !add_mark(ring, eas_ap_slot_fd(), &pipe_mark))) {
        return USM_ERROR_APR(ring->pool, errno, "no descriptors to watch connections with");
    }
    rv = apr_thread_mutex_create(&ring->lock, APR_THREAD_MUTEX_DEFAULT, ring->pool);
    if (rv == APR_SUCCESS) {
        rv = apr_thread_cond_create(&ring->work, ring->pool);
    }
    if (rv == APR_SUCCESS) {
        rv = ap_thread_create(&ring->watcher, NULL, run, ring, ring->pool);
    }
    ring->started = rv == APR_SUCCESS;
    return rv == APR_SUCCESS ? NULL : USM_ERROR_APR(ring->pool, rv, "no thread to watch connections with");
}
