/* SPDX-License-Identifier: Apache-2.0 */
#include "core.h"

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

static usm_watch_t *make(usm_session_t *session, apr_pool_t *pool)
{
    usm_watch_t *watch = apr_pcalloc(pool, sizeof *watch);
    watch->pool = pool;
    watch->session = session;
    watch->folders = apr_array_make(pool, 8, sizeof(usm__watched_t));
    watch->hints = usm__hints(session->ctx, session->device.user);
    return watch;
}

usm_error_t *usm_watch_create(usm_watch_t **watch_p, usm_session_t *session, apr_pool_t *pool)
{
    usm_watch_t *watch = make(session, pool);
    if (!session->transient) {
        join(watch);
        usm__park_supersede(session);
    }
    *watch_p = watch;
    return NULL;
}

usm_watch_t *usm__watch_again(usm_session_t *session, usm__waiter_t *waiter, apr_uint32_t epoch, apr_pool_t *pool)
{
    usm_watch_t *watch = make(session, pool);
    apr_thread_mutex_lock(session->ctx->lock);
    waiter->watches++;
    apr_thread_mutex_unlock(session->ctx->lock);
    watch->waiter = waiter;
    watch->epoch = epoch;
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
    if (fid && (!folder->fid || folder->gone))
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
    if (!row.fid || row.gone)
        *known_p = -1;
    if (*known_p > 0) {
        usm__watched_t *w = apr_array_push(watch->folders);
        w->folder = apr_pstrdup(watch->pool, folder);
        w->fid = fid;
    }
    return NULL;
}

void usm_watch_hierarchy(usm_watch_t *watch)
{
    watch->hierarchy = 1;
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
    const usm_brange_t range = {.since = coll.since, .open_tasks_only = coll.open_tasks_only};
    if (fid) {
        usm__folder_ref(&ref, &folder);
        USM_ERR(usm__checked(session, USM__BVT(session)->changed(&changed, &session->call, &ref, coll.cursor, pool)));
    }
    if (!changed)
        return NULL;
    USM_ERR(usm__detect(&news, session, &coll, fid ? &folder : NULL, &range, NULL, coll.gen, 1, pool));
    *changed_p = news.entries ? news.entries->nelts > 0 : news.written > 0;
    return *changed_p ? NULL : usm__remember_now(session, &coll, &news, pool);
}

usm_error_t *usm_watch_check(usm_watch_result_t *result, usm_watch_t *watch, apr_pool_t *pool)
{
    apr_array_header_t *changed = apr_array_make(pool, 4, sizeof(const char *));
    apr_pool_t *iterpool;
    apr_pool_create(&iterpool, pool);
    memset(result, 0, sizeof *result);
    watch->hints = usm__hints(watch->session->ctx, watch->session->device.user);
    if (watch->hierarchy)
        USM_ERR(check_one(&result->hierarchy, watch, 0, iterpool));
    for (int i = 0; i < watch->folders->nelts; i++) {
        const usm__watched_t *w = &APR_ARRAY_IDX(watch->folders, i, usm__watched_t);
        int yes = 0;
        apr_pool_clear(iterpool);
        usm_error_t *err = check_one(&yes, watch, w->fid, iterpool);
        if (err && (usm_error_is(err, USM_ECURSOR) || usm_error_is(err, USM_EFOLDER_GONE))) {
            usm_error_clear(err); /* a Sync of this folder tells the device what to do */
            err = NULL;
            yes = 1;
        }
        if (err)
            return err;
        if (yes)
            APR_ARRAY_PUSH(changed, const char *) = w->folder;
    }
    apr_pool_destroy(iterpool);
    result->count = changed->nelts;
    result->folders = (const char **)changed->elts;
    return NULL;
}

/* Sleep in short pieces, so that a stop is noticed. @return non-zero = stop. */
static int nap(usm_watch_t *watch, usm_time_t until, int (*stop)(void *baton), void *baton)
{
    for (;;) {
        usm_time_t left = until - usm__now();
        if ((stop && stop(baton)) || superseded(watch))
            return 1;
        if (left <= 0)
            return 0;
        apr_sleep((left > 250 ? 250 : left) * 1000);
    }
}

usm_error_t *usm_watch_wait(usm_watch_result_t *result, usm_watch_t *watch, usm_time_t deadline,
                            int (*stop)(void *baton), void *baton, apr_pool_t *pool)
{
    apr_pool_t *iterpool;
    apr_pool_create(&iterpool, pool);
    for (;;) {
        apr_pool_clear(iterpool);
        usm_error_t *err = usm_watch_check(result, watch, iterpool);
        if (err && !usm_error_retry(err))
            return err;
        if (err) {
            usm_log(watch->session->log, USM_LOG_DEBUG, 102, "watch: %s", usm_error_text(err, iterpool));
            usm_error_clear(err);
            memset(result, 0, sizeof *result);
        }
        usm_time_t now = usm__now(), next = now + watch->session->ctx->config.poll_interval_ms;
        if (result->hierarchy || result->count || now >= deadline)
            break;
        if (nap(watch, next < deadline ? next : deadline, stop, baton))
            break;
    }
    const char **folders = apr_palloc(pool, sizeof(char *) * (apr_size_t)(result->count + 1));
    for (int i = 0; i < result->count; i++)
        folders[i] = apr_pstrdup(pool, result->folders[i]);
    result->folders = folders;
    apr_pool_destroy(iterpool);
    return NULL;
}
