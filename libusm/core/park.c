/* SPDX-License-Identifier: Apache-2.0 */
/* Watches that wait without a thread. One thread per context calls their wake functions when it is time to look. */
#include "park.h"

#include <apr_ring.h>
#include <apr_thread_proc.h>
#include <stdlib.h>

#define BUCKETS 1024 /* of users */
#define TICK_MS 100    /* in which is gone through what is due */
#define SLOTS 2048     /* of a tick each: what is due later comes by several times */
#define POSTPONE_MAX 3 /* so often in a row another device's look is as good */

struct usm_parked_t {
    APR_RING_ENTRY(usm_parked_t) by_time; /* while armed */
    APR_RING_ENTRY(usm_parked_t) by_user; /* while armed */
    APR_RING_ENTRY(usm_parked_t) later;   /* while `later_at` is set */
    usm__ear_t ear;                       /* as long as it lives, so that nothing is missed while it looks */
    usm_context_t *ctx;
    usm_login_t *login;
    usm__waiter_t *waiter;
    usm_wake_fn wake;
    void *baton;
    usm_id_t device, user;
    usm_time_t due;
    usm_time_t deaf_until; /* a hint before wakes it then */
    usm_time_t later_at;   /* 0, or when to wake it although it is not due */
    usm_wake_e reason;     /* why it was woken */
    apr_uint32_t epoch;
    unsigned hidden;       /* classes of the session, see usm_session_hide() */
    int armed, hierarchy, count;
    apr_int64_t fids[]; /* and behind them the digests of the ear */
};

APR_RING_HEAD(usm__parked_ring_t, usm_parked_t);

struct usm__parking_t {
    apr_pool_t *pool;
    apr_thread_mutex_t *lock; /* the hub's: guards the rings and what is armed */
    apr_thread_cond_t *changed;
    apr_thread_t *thread; /* NULL: nothing was ever parked */
    int stopping;
    struct usm__parked_ring_t wheel[SLOTS]; /* by the tick in which it is due */
    struct usm__parked_ring_t due;          /* whose time has come, in its order */
    struct usm__parked_ring_t later;
    apr_int64_t tick;                       /* the last one that was gone through */
    int armed;                              /* how many wait */
    usm_time_t looks_from;                  /* when the looks of a second began to be counted */
    int looks;
    struct usm__parked_ring_t by_user[BUCKETS];
};

usm_error_t *usm__parking_create(usm_context_t *ctx)
{
    usm__parking_t *p = ctx->parking = apr_pcalloc(ctx->pool, sizeof *p);
    for (int i = 0; i < SLOTS; i++)
        APR_RING_INIT(&p->wheel[i], usm_parked_t, by_time);
    APR_RING_INIT(&p->due, usm_parked_t, by_time);
    APR_RING_INIT(&p->later, usm_parked_t, later);
    p->lock = usm__hub_lock(ctx->hub);
    for (int i = 0; i < BUCKETS; i++)
        APR_RING_INIT(&p->by_user[i], usm_parked_t, by_user);
    p->pool = ctx->pool;
    apr_status_t rv = apr_thread_cond_create(&p->changed, p->pool);
    return rv ? USM_ERROR_APR(ctx->pool, rv, "cannot make the lock of what is parked") : NULL;
}

void usm__parking_stop(usm_context_t *ctx)
{
    usm__parking_t *p = ctx->parking;
    apr_status_t rv;
    apr_thread_mutex_lock(p->lock);
    p->stopping = 1;
    apr_thread_cond_signal(p->changed);
    apr_thread_mutex_unlock(p->lock);
    if (p->thread)
        apr_thread_join(&rv, p->thread);
}

static void not_later(usm_parked_t *parked)
{
    if (parked->later_at)
        APR_RING_REMOVE(parked, later);
    parked->later_at = 0;
}

static void disarm(usm_parked_t *parked)
{
    not_later(parked);
    if (!parked->armed)
        return;
    parked->armed = 0;
    parked->ctx->parking->armed--;
    APR_RING_REMOVE(parked, by_time);
    APR_RING_REMOVE(parked, by_user);
}

/* Under the lock, so that nobody frees it meanwhile. */
static void wake(usm_parked_t *parked, usm_wake_e reason)
{
    disarm(parked);
    parked->reason = reason;
    parked->wake(parked->baton, reason);
}

/* Under the lock. */
static void wake_later(usm_parked_t *parked, usm_time_t at)
{
    usm__parking_t *p = parked->ctx->parking;
    not_later(parked);
    parked->later_at = at;
    APR_RING_INSERT_TAIL(&p->later, parked, usm_parked_t, later);
}

static void on_heard(usm__ear_t *ear)
{
    usm_parked_t *parked = ear->baton;
    if (!parked->armed)
        return;
    if (usm__now() >= parked->deaf_until)
        wake(parked, USM_WAKE_HINT);
    else if (!parked->later_at)
        wake_later(parked, parked->deaf_until);
}

/* Under the lock. */
static void set_due(usm_parked_t *parked, usm_time_t due)
{
    usm__parking_t *p = parked->ctx->parking;
    apr_int64_t tick = due / TICK_MS > p->tick ? due / TICK_MS : p->tick + 1;
    parked->due = due;
    APR_RING_INSERT_TAIL(&p->wheel[tick % SLOTS], parked, usm_parked_t, by_time);
}

/* Another device of the user has just looked at the same folders. */
static int postpone(usm_parked_t *parked, usm_time_t now)
{
    usm__ear_t *ear = &parked->ear;
    if (ear->postponed >= POSTPONE_MAX || now - ear->looked_at >= ear->interval)
        return 0;
    ear->postponed++;
    APR_RING_REMOVE(parked, by_time);
    set_due(parked, ear->looked_at + usm__ear_pause(ear));
    return 1;
}

/* From the wheel to those that are due. After a long sleep one round is enough. */
static void turn_wheel(usm__parking_t *p, usm_time_t now)
{
    apr_int64_t last = now / TICK_MS;
    if (last - p->tick > SLOTS)
        p->tick = last - SLOTS;
    while (p->tick < last) {
        struct usm__parked_ring_t *slot = &p->wheel[++p->tick % SLOTS];
        usm_parked_t *at = APR_RING_FIRST(slot), *next;
        for (; at != APR_RING_SENTINEL(slot, usm_parked_t, by_time); at = next) {
            next = APR_RING_NEXT(at, by_time);
            if (at->due / TICK_MS > p->tick || postpone(at, now))
                continue;
            APR_RING_REMOVE(at, by_time);
            APR_RING_INSERT_TAIL(&p->due, at, usm_parked_t, by_time);
        }
    }
}

/* May another look begin? Those that come too many wait, so that all come later by the same. */
static int may_look(usm__parking_t *p, int rate, usm_time_t now)
{
    if (now - p->looks_from >= 1000 || now < p->looks_from) {
        p->looks_from = now;
        p->looks = 0;
    }
    /* Not all of them at the second's start. */
    return p->looks < rate && p->looks <= rate * (now - p->looks_from + TICK_MS) / 1000;
}

/* Wake whose time has come. */
static void wake_due(usm__parking_t *p, usm_time_t now)
{
    usm_parked_t *at = APR_RING_FIRST(&p->later), *next;
    for (; at != APR_RING_SENTINEL(&p->later, usm_parked_t, later); at = next) {
        next = APR_RING_NEXT(at, later);
        if (at->later_at <= now)
            wake(at, at->ear.moved ? USM_WAKE_HINT : USM_WAKE_POLL);
    }
    turn_wheel(p, now);
    while (!APR_RING_EMPTY(&p->due, usm_parked_t, by_time)) {
        at = APR_RING_FIRST(&p->due);
        if (!may_look(p, at->ctx->config.poll_rate, now))
            break;
        p->looks++;
        wake(at, USM_WAKE_POLL);
    }
}

static void *APR_THREAD_FUNC run(apr_thread_t *thread, void *data)
{
    usm__parking_t *p = data;
    (void)thread;
    apr_thread_mutex_lock(p->lock);
    while (!p->stopping) {
        wake_due(p, usm__now());
        if (p->armed)
            apr_thread_cond_timedwait(p->changed, p->lock, TICK_MS * 1000);
        else
            apr_thread_cond_wait(p->changed, p->lock);
    }
    apr_thread_mutex_unlock(p->lock);
    return NULL;
}

void usm__park_supersede(usm_session_t *session)
{
    usm__parking_t *p = session->ctx->parking;
    struct usm__parked_ring_t *ring = &p->by_user[(apr_uint64_t)session->device.user % BUCKETS];
    usm_parked_t *next;
    apr_thread_mutex_lock(p->lock);
    for (usm_parked_t *at = APR_RING_FIRST(ring); at != APR_RING_SENTINEL(ring, usm_parked_t, by_user); at = next) {
        next = APR_RING_NEXT(at, by_user);
        if (at->device == session->device.id)
            wake(at, USM_WAKE_SUPERSEDED);
    }
    apr_thread_mutex_unlock(p->lock);
}

/* Under the lock. */
static usm_error_t *start_thread(usm__parking_t *p, apr_pool_t *pool)
{
    if (p->thread)
        return NULL;
    apr_status_t rv = apr_thread_create(&p->thread, NULL, run, p, p->pool);
    if (rv)
        p->thread = NULL;
    return rv ? USM_ERROR_APR(pool, rv, "cannot start the thread that wakes devices") : NULL;
}

static int is_superseded(usm_context_t *ctx, const usm_parked_t *parked)
{
    apr_thread_mutex_lock(ctx->lock);
    int yes = parked->waiter->epoch != parked->epoch;
    apr_thread_mutex_unlock(ctx->lock);
    return yes;
}

static usm_parked_t *detach(usm_watch_t *watch, usm_wake_fn wake_fn, void *baton)
{
    usm_context_t *ctx = watch->session->ctx;
    apr_size_t count = (apr_size_t)watch->folders->nelts;
    usm_parked_t *parked = calloc(1, sizeof *parked + 2 * count * sizeof parked->fids[0]);
    if (!parked)
        return NULL;
    parked->ctx = ctx;
    parked->login = watch->session->login;
    parked->waiter = watch->waiter;
    parked->wake = wake_fn;
    parked->baton = baton;
    parked->device = watch->session->device.id;
    parked->user = watch->session->device.user;
    parked->epoch = watch->epoch;
    parked->hidden = watch->session->hidden;
    parked->hierarchy = watch->hierarchy;
    parked->count = watch->folders->nelts;
    for (int i = 0; i < parked->count; i++)
        parked->fids[i] = APR_ARRAY_IDX(watch->folders, i, usm__watched_t).fid;
    parked->reason = USM_WAKE_POLL;
    parked->ear.heard = on_heard;
    parked->ear.baton = parked;
    apr_thread_mutex_lock(ctx->parking->lock);
    usm__ear_take_over(&parked->ear, watch->ear, (apr_uint64_t *)&parked->fids[count], ctx->hub);
    apr_thread_mutex_unlock(ctx->parking->lock);
    apr_thread_mutex_lock(ctx->lock);
    parked->waiter->watches++;
    parked->login->refs++;
    apr_thread_mutex_unlock(ctx->lock);
    return parked;
}

/* Under the lock. The thread sleeps until the first one is due: it must hear of those that come before. */
static void arm(usm_parked_t *parked, int failed)
{
    usm__parking_t *p = parked->ctx->parking;
    usm_time_t now = usm__now();
    int first = p->armed++ == 0;
    parked->armed = 1;
    parked->deaf_until = parked->reason == USM_WAKE_HINT ? now + USM__SPACING_MS : 0;
    set_due(parked, now + usm__ear_pause(&parked->ear));
    APR_RING_INSERT_TAIL(&p->by_user[(apr_uint64_t)parked->user % BUCKETS], parked, usm_parked_t, by_user);
    if (failed) /* what a hint told of was not seen */
        wake_later(parked, now + USM__RETRY_MS);
    else if (parked->ear.moved && parked->deaf_until)
        wake_later(parked, parked->deaf_until);
    if (first)
        apr_thread_cond_signal(p->changed);
}

usm_error_t *usm_watch_park(usm_parked_t **parked_p, usm_watch_t *watch, usm_wake_fn wake_fn, void *baton)
{
    usm_context_t *ctx = watch->session->ctx;
    usm__parking_t *p = ctx->parking;
    usm_parked_t *parked = *parked_p;
    if (!watch->waiter)
        return USM_ERROR(watch->pool, USM_EUNSUPPORTED, "nothing is kept of this device");
    if (!parked)
        parked = detach(watch, wake_fn, baton);
    if (!parked)
        return USM_ERROR(watch->pool, USM_ELIMIT, "no memory for a device that waits");
    apr_thread_mutex_lock(p->lock);
    usm_error_t *err = start_thread(p, watch->pool);
    if (!err)
        arm(parked, watch->failed);
    apr_thread_mutex_unlock(p->lock);
    if (err && !*parked_p)
        usm_parked_free(parked);
    if (err)
        return err;
    *parked_p = parked;
    if (!is_superseded(ctx, parked))
        return NULL;
    apr_thread_mutex_lock(p->lock); /* the newer request came before there was something to wake */
    if (parked->armed)
        wake(parked, USM_WAKE_SUPERSEDED);
    apr_thread_mutex_unlock(p->lock);
    return NULL;
}

int usm_parked_moved(const usm_parked_t *parked)
{
    apr_thread_mutex_t *lock = parked->ctx->parking->lock;
    apr_thread_mutex_lock(lock);
    int moved = parked->ear.moved && !parked->later_at;
    apr_thread_mutex_unlock(lock);
    return moved;
}

usm_error_t *usm_parked_login(usm_login_t **login_p, const usm_parked_t *parked, apr_pool_t *pool)
{
    usm_login_t *login = parked->login;
    usm_context_t *ctx = parked->ctx;
    apr_thread_mutex_lock(ctx->lock);
    int good = login->blogin && !login->suspect;
    apr_thread_mutex_unlock(ctx->lock);
    if (!good)
        return USM_ERROR(pool, USM_EAUTH, "the session of %s has ended, and its password is not at hand", login->name);
    usm__login_hold(login, pool);
    *login_p = login;
    return NULL;
}

usm_error_t *usm_watch_unpark(usm_watch_t **watch_p, usm_parked_t *parked, usm_session_t *session, apr_pool_t *pool)
{
    usm__parking_t *p = parked->ctx->parking;
    if (session->ctx != parked->ctx || session->device.id != parked->device)
        return USM_ERROR(pool, USM_EINVALID, "a parked watch of another device");
    apr_thread_mutex_lock(p->lock);
    disarm(parked);
    if (parked->ear.moved)
        parked->reason = USM_WAKE_HINT;
    apr_thread_mutex_unlock(p->lock);
    usm_watch_t *watch = usm__watch_again(session, parked->waiter, parked->epoch, &parked->ear, pool);
    watch->kind = parked->reason == USM_WAKE_HINT ? USM__LOOK_HINTED : USM__LOOK_POLL;
    watch->hierarchy = parked->hierarchy;
    session->hidden = parked->hidden;
    for (int i = 0; i < parked->count; i++) {
        usm__watched_t *w = apr_array_push(watch->folders);
        w->fid = parked->fids[i];
        w->folder = usm__fid_text(w->fid, pool);
    }
    *watch_p = watch;
    return NULL;
}

void usm_parked_free(usm_parked_t *parked)
{
    if (!parked)
        return;
    usm_context_t *ctx = parked->ctx;
    apr_thread_mutex_lock(ctx->parking->lock);
    disarm(parked);
    usm__ear_drop(&parked->ear);
    apr_thread_mutex_unlock(ctx->parking->lock);
    usm__waiter_leave(ctx, parked->waiter);
    apr_thread_mutex_lock(ctx->lock);
    parked->login->refs--;
    apr_thread_mutex_unlock(ctx->lock);
    free(parked);
}
