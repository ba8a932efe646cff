/* SPDX-License-Identifier: Apache-2.0 */
/* The thread that works for those who wait. */
#include "pump.h"

#include <apr_thread_proc.h>

#define TICK_US 100000

struct usm__pump_t {
    usm_context_t *ctx;
    usm_pump_config_t config;
    apr_thread_mutex_t *lock; /* guards `stopping` */
    apr_thread_cond_t *stop;
    apr_thread_t *thread;
    int stopping;
};

/* @return non-zero: it is time to end. */
static int rest(usm__pump_t *pump)
{
    apr_thread_mutex_lock(pump->lock);
    if (!pump->stopping)
        apr_thread_cond_timedwait(pump->stop, pump->lock, TICK_US);
    int stopping = pump->stopping;
    apr_thread_mutex_unlock(pump->lock);
    return stopping;
}

static void *APR_THREAD_FUNC run(apr_thread_t *thread, void *data)
{
    usm__pump_t *pump = data;
    (void)thread;
    while (!rest(pump))
        usm__hub_flush(pump->ctx, usm__now());
    return NULL;
}

usm_error_t *usm_pump_start(usm_context_t *ctx, const usm_pump_config_t *config)
{
    usm__pump_t *pump = apr_pcalloc(ctx->pool, sizeof *pump);
    pump->ctx = ctx;
    pump->config = *config;
    apr_status_t rv = apr_thread_mutex_create(&pump->lock, APR_THREAD_MUTEX_DEFAULT, ctx->pool);
    if (!rv)
        rv = apr_thread_cond_create(&pump->stop, ctx->pool);
    if (rv)
        return USM_ERROR_APR(ctx->pool, rv, "no lock for the pump");
    if (config->forward)
        usm_hint_listen(ctx, config->forward, config->baton);
    rv = apr_thread_create(&pump->thread, NULL, run, pump, ctx->pool);
    if (rv)
        return USM_ERROR_APR(ctx->pool, rv, "no thread for the pump");
    ctx->pump = pump;
    return NULL;
}

void usm__pump_stop(usm_context_t *ctx)
{
    usm__pump_t *pump = ctx->pump;
    apr_status_t rv;
    if (!pump)
        return;
    apr_thread_mutex_lock(pump->lock);
    pump->stopping = 1;
    apr_thread_cond_signal(pump->stop);
    apr_thread_mutex_unlock(pump->lock);
    apr_thread_join(&rv, pump->thread);
    ctx->pump = NULL;
}
