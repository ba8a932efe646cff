/* SPDX-License-Identifier: Apache-2.0 */
#include "park.h"
#include "pump.h"

#include <apr_allocator.h>

static void defaults(usm_config_t *c)
{
#define DEFAULT(member, value)                                                                                         \
    if (!c->member)                                                                                                    \
    c->member = (value)
    DEFAULT(store_max, 16);
    DEFAULT(backend, "ox");
    DEFAULT(backend_max, 64);
    DEFAULT(connect_timeout_ms, 5000);
    DEFAULT(timeout_ms, 60000);
    DEFAULT(client_id, "USM-EAS");
    DEFAULT(user_agent, "Open-Xchange USM HTTP Client");
    DEFAULT(capabilities, "active_sync,usm");
    DEFAULT(login_ttl_s, 3600);
    DEFAULT(login_negative_ttl_s, 60);
    DEFAULT(poll_interval_ms, 15000);
    DEFAULT(poll_max_ms, 180000);
    DEFAULT(poll_rate, 50);
    DEFAULT(full_compare_s, 300);
    DEFAULT(flag_compare_s, 60);
    DEFAULT(turn_bytes_max, 4 * 1024 * 1024);
    DEFAULT(conflict_days, 30);
    DEFAULT(folders_max, 1000);
#undef DEFAULT
}

/* Threads allocate from the context at the same time, so it gets an allocator of its own with a lock. */
static apr_status_t locked_pool(apr_pool_t **pool_p)
{
    apr_allocator_t *allocator;
    apr_thread_mutex_t *mutex;
    apr_status_t rv = apr_allocator_create(&allocator);
    if (rv)
        return rv;
    rv = apr_pool_create_unmanaged_ex(pool_p, NULL, allocator);
    if (rv)
        return rv;
    apr_allocator_owner_set(allocator, *pool_p);
    rv = apr_thread_mutex_create(&mutex, APR_THREAD_MUTEX_DEFAULT, *pool_p);
    if (!rv)
        apr_allocator_mutex_set(allocator, mutex);
    return rv;
}

static apr_status_t destroy_pool(void *data)
{
    usm_context_t *ctx = data;
    usm__pump_stop(ctx);
    usm__parking_stop(ctx);
    for (apr_hash_index_t *hi = apr_hash_first(NULL, ctx->logins); hi; hi = apr_hash_next(hi)) {
        usm_login_t *login = apr_hash_this_val(hi);
        if (login->blogin)
            ctx->backend->vt->release(login->blogin);
        apr_pool_destroy(login->pool);
    }
    apr_pool_destroy(ctx->pool);
    return APR_SUCCESS;
}

usm_error_t *usm__context_make(usm_context_t **ctx_p, const usm_config_t *config, const usm_store_vtable_t *store_vt,
                               const usm_backend_vtable_t *backend_vt, apr_pool_t *pool)
{
    apr_pool_t *own;
    apr_status_t rv = locked_pool(&own);
    if (rv)
        return USM_ERROR_APR(pool, rv, "cannot make the context's memory pool");
    usm_context_t *ctx = apr_pcalloc(own, sizeof *ctx);
    ctx->pool = own;
    ctx->config = *config;
    defaults(&ctx->config);
    ctx->logins = apr_hash_make(own);
    ctx->waiters = apr_hash_make(own);
    ctx->store_vt = store_vt;
    ctx->write_batch = USM__WRITE_BATCH;
    ctx->scan_rows = USM__SCAN_ROWS;
    ctx->run_rows = USM__RUN_ROWS;
    apr_pool_cleanup_register(pool, ctx, destroy_pool, apr_pool_cleanup_null);
    rv = apr_thread_mutex_create(&ctx->lock, APR_THREAD_MUTEX_DEFAULT, own);
    if (!rv)
        rv = apr_thread_cond_create(&ctx->login_done, own);
    if (rv)
        return USM_ERROR_APR(pool, rv, "cannot make the context's lock");
    usm__random(ctx->secret, sizeof ctx->secret);
    USM_ERR(usm__hub_make(&ctx->hub, own));
    USM_ERR(usm__parking_create(ctx));
    USM_ERR_W(backend_vt->create(&ctx->backend, &ctx->config, &ctx->config.log, own), "groupware backend %s",
              backend_vt->name);
    USM_ERR_W(store_vt->open(&ctx->store, ctx->config.store, ctx->config.store_max, &ctx->config.log, own),
              "state database");
    *ctx_p = ctx;
    return NULL;
}

const usm_config_t *usm_context_config(const usm_context_t *ctx)
{
    return &ctx->config;
}

void usm_context_stats(usm_stats_t *stats, usm_context_t *ctx)
{
    apr_thread_mutex_lock(ctx->lock);
    *stats = ctx->stats;
    apr_thread_mutex_unlock(ctx->lock);
}

usm_error_t *usm__read(usm_txn_t **txn_p, usm_session_t *session, apr_pool_t *pool)
{
    return USM__VT(session)->begin(txn_p, session->ctx->store, USM_TXN_READ, &session->stats, pool);
}

usm_error_t *usm__write(usm_txn_t **txn_p, usm_session_t *session, apr_pool_t *pool)
{
    return USM__VT(session)->begin(txn_p, session->ctx->store, USM_TXN_WRITE, &session->stats, pool);
}

usm_error_t *usm__finish(usm_session_t *session, usm_txn_t *txn, usm_error_t *err)
{
    if (!err)
        return USM__VT(session)->commit(txn);
    USM__VT(session)->rollback(txn);
    return err;
}
