/* SPDX-License-Identifier: Apache-2.0 */
/* Devices that do not take "start over" (Status 3) or "the folders have changed" (12) for an answer and send the same
 * again. Per folder and key it is counted how often, and the answer changes:
 *
 *     3 said:   3 3 3, then 12 and the hierarchy's key is void, 12, then 503
 *     12 said:  12 12, then 3, then 12 and the hierarchy's key is void, 12, then 503
 *
 * so that a device that knows only one of them, or only what FolderSync says, still finds out. What it sent is
 * forgotten when it was quiet for an hour. Kept as "id,key,status,count,second;…" in the attribute "missed"; a device
 * that takes its answers costs nothing. */
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#include "eas_sync.h"

#define ATTR "missed"
#define ROWS_MAX 32
#define QUIET 3600 /* seconds */

typedef struct missed_t {
    const char *id, *key;
    int status, count;
    apr_int64_t at;
} missed_t;

/* What is answered the first, second … time; the last is repeated. */
#define SLOW 503
static const struct {
    int status;
    int answers[6];
} ladders[] = {
    {SYNC_STALE_KEY, {SYNC_STALE_KEY, SYNC_STALE_KEY, SYNC_STALE_KEY, -SYNC_HIERARCHY, SYNC_HIERARCHY, SLOW}},
    {SYNC_HIERARCHY, {SYNC_HIERARCHY, SYNC_HIERARCHY, SYNC_STALE_KEY, -SYNC_HIERARCHY, SYNC_HIERARCHY, SLOW}},
};
#define STEPS 6

static int answer_of(int status, int count)
{
    for (apr_size_t i = 0; i < sizeof ladders / sizeof ladders[0]; i++) {
        if (ladders[i].status == status)
            return ladders[i].answers[(count > STEPS ? STEPS : count) - 1];
    }
    return 0;
}

static apr_array_header_t *unpack(const char *kept, apr_int64_t now, apr_pool_t *pool)
{
    apr_array_header_t *rows = apr_array_make(pool, 8, sizeof(missed_t));
    char *lines, *fields, *text = kept ? apr_pstrdup(pool, kept) : NULL;
    for (char *line = text ? apr_strtok(text, ";", &lines) : NULL; line; line = apr_strtok(NULL, ";", &lines)) {
        missed_t row = {.id = apr_strtok(line, ",", &fields), .key = apr_strtok(NULL, ",", &fields)};
        const char *status = apr_strtok(NULL, ",", &fields), *count = apr_strtok(NULL, ",", &fields);
        const char *at = apr_strtok(NULL, ",", &fields);
        row.status = status ? atoi(status) : 0;
        row.count = count ? atoi(count) : 0;
        row.at = at ? strtoll(at, NULL, 10) : 0;
        if (row.id && row.key && row.count > 0 && now - row.at < QUIET && rows->nelts < ROWS_MAX)
            APR_ARRAY_PUSH(rows, missed_t) = row;
    }
    return rows;
}

static const char *pack(const apr_array_header_t *rows, apr_pool_t *pool)
{
    apr_array_header_t *lines = apr_array_make(pool, rows->nelts + 1, sizeof(const char *));
    for (int i = rows->nelts > ROWS_MAX ? rows->nelts - ROWS_MAX : 0; i < rows->nelts; i++) {
        const missed_t *row = &APR_ARRAY_IDX(rows, i, missed_t);
        APR_ARRAY_PUSH(lines, const char *) = apr_psprintf(pool, "%s,%s,%d,%d,%" APR_INT64_T_FMT, row->id, row->key,
                                                           row->status, row->count, row->at);
    }
    return apr_array_pstrcat(pool, lines, ';');
}

/* How often this was said to the device, now included. */
static int count_of(apr_array_header_t *rows, const eas_collection_t *col, apr_int64_t now)
{
    for (int i = 0; i < rows->nelts; i++) {
        missed_t *row = &APR_ARRAY_IDX(rows, i, missed_t);
        if (strcmp(row->id, col->id) == 0 && strcmp(row->key, col->key) == 0 && row->status == col->status) {
            row->at = now;
            return row->count < 1000 ? ++row->count : row->count;
        }
    }
    APR_ARRAY_PUSH(rows, missed_t) =
        (missed_t){.id = col->id, .key = col->key, .status = col->status, .count = 1, .at = now};
    return 1;
}

static int is_missed(const eas_collection_t *col)
{
    /* An id or key that cannot be ours may hold anything. */
    return *col->key && (col->status == SYNC_STALE_KEY || col->status == SYNC_HIERARCHY) && !strpbrk(col->id, ",;") &&
           !strpbrk(col->key, ",;");
}

usm_error_t *eas_sync_missed(int *slow_p, eas_sync_t *sync)
{
    eas_ctx_t *ctx = sync->ctx;
    apr_array_header_t *rows = NULL;
    const char *kept = NULL;
    int news = 0, slow = 0;
    apr_int64_t now = apr_time_sec(apr_time_now());
    *slow_p = 0;
    for (int i = 0; i < sync->collections->nelts; i++) {
        eas_collection_t *col = &APR_ARRAY_IDX(sync->collections, i, eas_collection_t);
        news |= col->status == SYNC_OK;
        if (!is_missed(col))
            continue;
        if (!rows) {
            USM_ERR(usm_device_attr_get(&kept, ctx->session, ATTR, ctx->pool));
            rows = unpack(kept, now, ctx->pool);
        }
        int count = count_of(rows, col, now), answer = answer_of(col->status, count);
        if (answer != col->status)
            usm_log(ctx->log, USM_LOG_INFO, EASLOGNO(44),
                    "device %s has been told Status %d for folder %s %d times and sends the same again", ctx->device_id,
                    col->status, col->id, count - 1);
        if (answer < 0)
            USM_ERR(usm_hierarchy_forget(ctx->session));
        slow |= answer == SLOW;
        if (answer != SLOW)
            col->status = answer < 0 ? -answer : answer;
    }
    /* Others in the request that went well must hear of it. */
    *slow_p = slow && !news;
    return rows ? usm_device_attr_set(ctx->session, ATTR, pack(rows, ctx->pool)) : NULL;
}
