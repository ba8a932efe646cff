/* SPDX-License-Identifier: Apache-2.0 */
/* Devices that nobody has seen for long are forgotten, a few at a time, by whichever process comes by. */
#include "core.h"

#define EVERY_MS 3600000
#define AGAIN_MS 30000  /* when a look has found as many as it may take */
#define DEVICES_MAX 20  /* that one request deletes; each may have many rows */

/* Is it this request's turn? */
static int due(usm_context_t *ctx, usm_time_t now)
{
    apr_thread_mutex_lock(ctx->lock);
    if (!ctx->upkeep_at) { /* many processes start together */
        apr_uint64_t r = 0;
        usm__random(&r, 4);
        ctx->upkeep_at = now + (usm_time_t)(r % EVERY_MS);
    }
    int yes = now >= ctx->upkeep_at;
    if (yes)
        ctx->upkeep_at = now + EVERY_MS;
    apr_thread_mutex_unlock(ctx->lock);
    return yes;
}

void usm__upkeep(usm_session_t *session)
{
    usm_context_t *ctx = session->ctx;
    usm_expired_t gone = {0};
    usm_time_t now = usm__now();
    usm_txn_t *txn;
    apr_pool_t *pool;
    if (ctx->config.device_days <= 0 || !due(ctx, now))
        return;
    apr_pool_create(&pool, session->pool);
    usm_error_t *err = usm__write(&txn, session, pool);
    if (!err)
        err = usm__finish(session, txn, USM__VT(session)->expire(&gone, txn, now - ctx->config.device_days * USM_DAY_MS,
                                                                 DEVICES_MAX, pool));
    if (err)
        usm_log(session->log, USM_LOG_INFO, 122, "old devices were not looked for: %s", usm_error_text(err, pool));
    else if (gone.devices)
        usm_log(session->log, USM_LOG_INFO, 121, "%" APR_INT64_T_FMT " devices not seen for %d days are forgotten",
                gone.devices, ctx->config.device_days);
    if (!err && gone.devices == DEVICES_MAX) {
        apr_thread_mutex_lock(ctx->lock);
        ctx->upkeep_at = now + AGAIN_MS;
        apr_thread_mutex_unlock(ctx->lock);
    }
    usm_error_clear(err);
    apr_pool_destroy(pool);
}
