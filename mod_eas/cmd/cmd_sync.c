/* SPDX-License-Identifier: Apache-2.0 */
/* Sync (MS-ASCMD 2.2.1.21). */
#include <string.h>

#include "eas_sync.h"

static usm_error_t *answer_limit(eas_sync_t *sync, eas_writer_t *out)
{
    sync->ctx->came = EAS_PACE_FAILED;
    if (!sync->limit)
        return eas_answer_status(sync->ctx, sync->status);
    eas_writer_start(out, EAS_AirSync_Sync);
    eas_put_status(sync->ctx, out, EAS_AirSync_Status, sync->status);
    eas_writer_tag_int(out, EAS_AirSync_Limit, sync->limit);
    eas_writer_end(out);
    return NULL;
}

static int has_commands(const eas_sync_t *sync)
{
    for (int i = 0; i < sync->collections->nelts; i++) {
        if (APR_ARRAY_IDX(sync->collections, i, eas_collection_t).commands)
            return 1;
    }
    return 0;
}

/* What came of a request for both sides. */
static eas_pace_result_e result_of(const eas_sync_t *sync)
{
    eas_pace_result_e result = EAS_PACE_IDLE;
    for (int i = 0; i < sync->collections->nelts; i++) {
        const eas_collection_t *col = &APR_ARRAY_IDX(sync->collections, i, eas_collection_t);
        if (col->changed_key)
            return EAS_PACE_NEWS;
        if (col->status != SYNC_OK)
            result = EAS_PACE_FAILED;
    }
    return result;
}

/* All collections in the order of the request. Once one has been committed, an outage must not take its answer away:
 * the others then say "later". */
static usm_error_t *run_all(int *news_p, eas_sync_t *sync)
{
    int left = sync->window ? sync->window : EAS_SYNC_COLLECTIONS_MAX * EAS_WINDOW_MAX, committed = 0;
    *news_p = 0;
    sync->started = apr_time_now();
    sync->bytes = 0;
    for (int i = 0; i < sync->collections->nelts && !sync->status; i++) {
        eas_collection_t *col = &APR_ARRAY_IDX(sync->collections, i, eas_collection_t);
        usm_error_t *err = eas_sync_run(sync, col, &left);
        if (err && !committed)
            return err;
        if (err) {
            usm_log(sync->ctx->log, USM_LOG_WARNING, EASLOGNO(42), "Sync of folder %s is put off: %s", col->id,
                    usm_error_text(err, sync->ctx->pool));
            usm_error_clear(err);
            col->status = sync->ctx->version >= 140 ? SYNC_RETRY : SYNC_SERVER;
        }
        committed |= col->changed_key;
        *news_p |= eas_sync_has_news(sync, col);
    }
    return NULL;
}

static usm_error_t *finish(eas_sync_t *sync, eas_writer_t *out)
{
    eas_ctx_t *ctx = sync->ctx;
    int slow;
    if (sync->status)
        return answer_limit(sync, out);
    USM_ERR(eas_sync_missed(&slow, sync));
    if (slow) {
        ctx->came = EAS_PACE_FAILED;
        if (ctx->version >= 140)
            apr_table_setn(ctx->rsp->headers, "X-MS-ASThrottle", "RecentCommands");
        return eas_answer_status(ctx, 503);
    }
    USM_ERR(eas_sync_remember(sync));
    ctx->status = SYNC_OK;
    ctx->came = result_of(sync);
    eas_sync_write(sync, out);
    return NULL;
}

/* After the wait: with news the request is carried out as if it came now; without, the answer is empty. */
static usm_error_t *go_on(eas_ctx_t *ctx, const eas_node_t *doc, const usm_watch_result_t *result, eas_writer_t *out)
{
    eas_sync_t sync = {.ctx = ctx};
    int news;
    ctx->status = SYNC_OK;
    ctx->came = EAS_PACE_IDLE;
    if (result->count == 0)
        return NULL;
    USM_ERR(eas_sync_read(&sync, doc));
    if (!sync.status)
        USM_ERR(run_all(&news, &sync));
    return finish(&sync, out);
}

static usm_error_t *wait_for_news(eas_sync_t *sync)
{
    eas_ctx_t *ctx = sync->ctx;
    usm_watch_t *watch;
    USM_ERR(usm_watch_create(&watch, ctx->session, ctx->pool));
    for (int i = 0; i < sync->collections->nelts; i++) {
        int known;
        USM_ERR(usm_watch_add(&known, watch, APR_ARRAY_IDX(sync->collections, i, eas_collection_t).id));
    }
    return eas_wait(ctx, watch, apr_time_as_msec(ctx->began) + sync->wait_ms, go_on, eas_sync_learn);
}

usm_error_t *eas_cmd_sync(eas_ctx_t *ctx, const eas_node_t *doc, eas_writer_t *out)
{
    eas_sync_t sync = {.ctx = ctx};
    int news = 0;
    USM_ERR(eas_sync_read(&sync, doc));
    if (sync.status)
        return answer_limit(&sync, out);
    USM_ERR(run_all(&news, &sync));
    if (!news && !sync.status && sync.wait_ms && !has_commands(&sync)) {
        USM_ERR(eas_sync_remember(&sync));
        return wait_for_news(&sync);
    }
    return finish(&sync, out);
}
