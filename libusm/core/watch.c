/* SPDX-License-Identifier: Apache-2.0 */
#include "park.h"

#define NAP_MS 250 /* how soon a stop is noticed */

static usm__waiter_t *waiter_of(usm_session_t *session)
{
    return apr_hash_get(session->ctx->waiters, &session->device.id, sizeof session->device.id);
}

void usm__supersede(usm_session_t *session)
{
    apr_thread_mutex_lock(session->ctx->lock);
    usm__waiter_t *waiter = waiter_of(session);
    if (waiter)
        waiter->epoch++;
    apr_thread_mutex_unlock(session->ctx->lock);
    if (waiter)
        usm__park_supersede(session);
}

static int superseded(usm_watch_t *watch)
{
    if (!watch->waiter)
        return 0;
    apr_thread_mutex_lock(watch->session->ctx->lock);
    int newer = watch->waiter->epoch != watch->epoch;
    apr_thread_mutex_unlock(watch->session->ctx->lock);
    return newer;
}

/* The last one that waited is gone: its place is free for another device. */
void usm__waiter_leave(usm_context_t *ctx, usm__waiter_t *waiter)
{
    apr_thread_mutex_lock(ctx->lock);
    if (--waiter->watches == 0) {
        apr_hash_set(ctx->waiters, &waiter->device, sizeof waiter->device, NULL);
        waiter->next = ctx->free_waiters;
        ctx->free_waiters = waiter;
    }
    apr_thread_mutex_unlock(ctx->lock);
}

static apr_status_t leave(void *data)
{
    usm_watch_t *watch = data;
    usm__waiter_leave(watch->session->ctx, watch->waiter);
    return APR_SUCCESS;
}

static void join(usm_watch_t *watch)
{
    usm_context_t *ctx = watch->session->ctx;
    apr_thread_mutex_lock(ctx->lock);
    usm__waiter_t *waiter = waiter_of(watch->session);
    if (!waiter) {
        waiter = ctx->free_waiters;
        if (waiter)
            ctx->free_waiters = waiter->next;
        else
            waiter = apr_palloc(ctx->pool, sizeof *waiter);
        *waiter = (usm__waiter_t){.device = watch->session->device.id};
        apr_hash_set(ctx->waiters, &waiter->device, sizeof waiter->device, waiter);
    }
    waiter->watches++;
    watch->waiter = waiter;
    watch->epoch = ++waiter->epoch;
    apr_thread_mutex_unlock(ctx->lock);
    apr_pool_cleanup_register(watch->pool, watch, leave, apr_pool_cleanup_null);
}

static void on_heard(usm__ear_t *ear)
{
    usm_watch_t *watch = ear->baton;
    apr_thread_cond_signal(watch->heard);
}

static apr_status_t stop_listening(void *data)
{
    usm_watch_t *watch = data;
    usm__ear_close(&watch->own, watch->session->ctx->hub);
    return APR_SUCCESS;
}

/* From here on nothing is missed: looking comes after this. */
static usm_error_t *listen_up(usm_watch_t *watch)
{
    apr_status_t rv = apr_thread_cond_create(&watch->heard, watch->pool);
    if (rv)
        return USM_ERROR_APR(watch->pool, rv, "nothing to wait with");
    watch->own.heard = on_heard;
    watch->own.baton = watch;
    usm__ear_open(&watch->own, watch->session->ctx->hub, watch->session);
    apr_pool_cleanup_register(watch->pool, watch, stop_listening, apr_pool_cleanup_null);
    return NULL;
}

static usm_watch_t *make(usm_session_t *session, apr_pool_t *pool)
{
    usm_watch_t *watch = apr_pcalloc(pool, sizeof *watch);
    watch->pool = pool;
    watch->session = session;
    watch->folders = apr_array_make(pool, 8, sizeof(usm__watched_t));
    watch->ear = &watch->own;
    watch->own.interval = session->ctx->config.poll_interval_ms;
    return watch;
}

usm_error_t *usm_watch_create(usm_watch_t **watch_p, usm_session_t *session, apr_pool_t *pool)
{
    usm_watch_t *watch = make(session, pool);
    if (!session->transient) {
        join(watch);
        usm__park_supersede(session);
        USM_ERR(listen_up(watch));
    }
    *watch_p = watch;
    return NULL;
}

usm_watch_t *usm__watch_again(usm_session_t *session, usm__waiter_t *waiter, apr_uint32_t epoch, usm__ear_t *ear,
                              apr_pool_t *pool)
{
    usm_watch_t *watch = make(session, pool);
    apr_thread_mutex_lock(session->ctx->lock);
    waiter->watches++;
    apr_thread_mutex_unlock(session->ctx->lock);
    watch->waiter = waiter;
    watch->epoch = epoch;
    watch->ear = ear;
    apr_pool_cleanup_register(pool, watch, leave, apr_pool_cleanup_null);
    return watch;
}

static usm_error_t *load(int *found_p, usm_collection_row_t *coll, usm_folder_row_t *folder, usm_watch_t *watch,
                         apr_int64_t fid, apr_pool_t *pool)
{
    usm_session_t *session = watch->session;
    usm_txn_t *txn;
    *found_p = 0;
    memset(folder, 0, sizeof *folder);
    USM_ERR(usm__read(&txn, session, pool));
    USM_ERR(usm__finish(session, txn, USM__VT(session)->collection_get(found_p, coll, folder, txn, session->device.id,
                                                                       session->device.user, fid, pool)));
    if (fid && (!usm__folder_shown(session, folder) || folder->gone))
        *found_p = 0;
    return NULL;
}

usm_error_t *usm_watch_add(int *known_p, usm_watch_t *watch, const char *folder)
{
    usm_collection_row_t coll;
    usm_folder_row_t row;
    apr_int64_t fid = usm__fid_parse(folder);
    *known_p = -1;
    if (!fid || watch->session->transient)
        return NULL;
    USM_ERR(load(known_p, &coll, &row, watch, fid, watch->pool));
    if (!usm__folder_shown(watch->session, &row) || row.gone)
        *known_p = -1;
    if (*known_p > 0) {
        usm__watched_t *w = apr_array_push(watch->folders);
        w->folder = apr_pstrdup(watch->pool, folder);
        w->fid = fid;
        usm__ear_add(watch->ear, watch->session->ctx->hub, row.backend_id, row.cls == USM_EMAIL ? USM__EAR_MAIL : 0,
                     watch->pool);
    }
    return NULL;
}

void usm_watch_hierarchy(usm_watch_t *watch)
{
    watch->hierarchy = 1;
    watch->ear->hierarchy = 1; /* a word, read by others as it is or was */
}

/* Is there something the device does not have? The queue first, then the cheap question, then a look at what it is.
 * Nothing is written for what is found: the Sync that follows finds it again. */
static usm_error_t *check_one(int *changed_p, usm_watch_t *watch, apr_int64_t fid, apr_pool_t *pool)
{
    usm_session_t *session = watch->session;
    usm_collection_row_t coll;
    usm_folder_row_t folder;
    usm__news_t news;
    usm_bref_t ref;
    int found, changed = 1;
    *changed_p = 0;
    USM_ERR(load(&found, &coll, &folder, watch, fid, pool));
    if (!found || folder.role == USM_ROLE_OUTBOX)
        return NULL;
    /* Never looked at with the device's filter: its Sync will tell. */
    *changed_p = coll.queued || !coll.cursor;
    if (*changed_p)
        return NULL;
    const usm_brange_t range = {.since = coll.since, .open_tasks_only = coll.open_tasks_only, .max_items = -1};
    if (fid) {
        usm__folder_ref(&ref, &folder);
        session->call.hinted = usm__hinted_at(session, ref.id);
        USM_ERR(usm__checked(session, USM__BVT(session)->changed(&changed, &session->call, &ref, coll.cursor, pool)));
    }
    if (!changed)
        return NULL;
    USM_ERR(usm__detect(&news, session, &coll, fid ? &folder : NULL, &range, NULL, coll.gen, 1, pool));
    *changed_p = news.entries ? news.entries->nelts > 0 : news.written > 0;
    return *changed_p ? NULL : usm__remember_now(session, &coll, &news, pool);
}

/* One folder, or the hierarchy (-1). A folder whose state is void counts as changed: its Sync tells what to do. */
static usm_error_t *look_at(int *changed_p, usm_watch_t *watch, int i, apr_pool_t *pool)
{
    apr_int64_t fid = i < 0 ? 0 : APR_ARRAY_IDX(watch->folders, i, usm__watched_t).fid;
    usm_error_t *err = check_one(changed_p, watch, fid, pool);
    if (i < 0 || !err || (!usm_error_is(err, USM_ECURSOR) && !usm_error_is(err, USM_EFOLDER_GONE)))
        return err;
    usm_error_clear(err);
    *changed_p = 1;
    return NULL;
}

static usm_error_t *look(usm_watch_result_t *result, usm_watch_t *watch, usm__look_e kind, apr_pool_t *pool)
{
    usm__hub_t *hub = watch->session->ctx->hub;
    apr_array_header_t *changed = apr_array_make(pool, 4, sizeof(const char *));
    apr_pool_t *iterpool;
    apr_pool_create(&iterpool, pool);
    memset(result, 0, sizeof *result);
    usm__ear_calm(watch->ear, hub);
    watch->failed = 1;
    for (int i = watch->hierarchy ? -1 : 0; i < watch->folders->nelts; i++) {
        int yes = 0;
        apr_pool_clear(iterpool);
        if (!usm__ear_wants(watch->ear, hub, i, kind, &watch->session->ctx->config))
            continue;
        USM_ERR(look_at(&yes, watch, i, iterpool));
        if (yes && i < 0)
            result->hierarchy = 1;
        else if (yes)
            APR_ARRAY_PUSH(changed, const char *) = APR_ARRAY_IDX(watch->folders, i, usm__watched_t).folder;
    }
    apr_pool_destroy(iterpool);
    watch->failed = 0;
    if (!watch->session->transient)
        usm__ear_looked(watch->ear, watch->session, kind, result->hierarchy || changed->nelts);
    result->count = changed->nelts;
    result->folders = (const char **)changed->elts;
    return NULL;
}

usm_error_t *usm_watch_check(usm_watch_result_t *result, usm_watch_t *watch, apr_pool_t *pool)
{
    usm__look_e kind = watch->kind;
    watch->kind = USM__LOOK_ALL;
    return look(result, watch, kind, pool);
}

/* Sleep until then, or until a hint comes, which is not heeded before @a deaf_until. In short pieces, so that a stop is
 * noticed. @return non-zero = stop. */
static int nap(usm_watch_t *watch, usm_time_t until, usm_time_t deaf_until, int (*stop)(void *baton), void *baton)
{
    apr_thread_mutex_t *lock = usm__hub_lock(watch->session->ctx->hub);
    for (;;) {
        usm_time_t now = usm__now(), left = until - now;
        if ((stop && stop(baton)) || superseded(watch))
            return 1;
        if (left <= 0)
            return 0;
        left = left > NAP_MS ? NAP_MS : left;
        apr_thread_mutex_lock(lock);
        int heard = watch->ear->moved;
        if (!heard)
            apr_thread_cond_timedwait(watch->heard, lock, left * 1000);
        else if (now < deaf_until)
            left = deaf_until - now < left ? deaf_until - now : left;
        apr_thread_mutex_unlock(lock);
        if (heard && now >= deaf_until)
            return 0;
        if (heard)
            apr_sleep(left * 1000);
    }
}

usm_error_t *usm_watch_wait(usm_watch_result_t *result, usm_watch_t *watch, usm_time_t deadline,
                            int (*stop)(void *baton), void *baton, apr_pool_t *pool)
{
    apr_pool_t *iterpool;
    usm_time_t next = 0; /* when it is time to look again */
    usm__look_e kind = watch->kind;
    apr_pool_create(&iterpool, pool);
    for (;;) {
        usm_time_t began = usm__now(), failed = 0;
        int hinted = began < next;
        apr_pool_clear(iterpool);
        usm_error_t *err = look(result, watch, hinted ? USM__LOOK_HINTED : kind, iterpool);
        if (err && !usm_error_retry(err))
            return err;
        if (err) {
            usm_log(watch->session->log, USM_LOG_DEBUG, 102, "watch: %s", usm_error_text(err, iterpool));
            usm_error_clear(err);
            memset(result, 0, sizeof *result);
            failed = usm__now() + USM__RETRY_MS;
        }
        if (!hinted)
            next = usm__now() + usm__ear_pause(watch->ear);
        kind = failed ? USM__LOOK_ALL : USM__LOOK_POLL;
        if (failed && failed < next)
            next = failed; /* what a hint told of was not seen */
        if (result->hierarchy || result->count || usm__now() >= deadline)
            break;
        if (nap(watch, next < deadline ? next : deadline, hinted ? began + USM__SPACING_MS : 0, stop, baton))
            break;
    }
    const char **folders = apr_palloc(pool, sizeof(char *) * (apr_size_t)(result->count + 1));
    for (int i = 0; i < result->count; i++)
        folders[i] = apr_pstrdup(pool, result->folders[i]);
    result->folders = folders;
    apr_pool_destroy(iterpool);
    return NULL;
}
