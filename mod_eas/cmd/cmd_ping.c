/* SPDX-License-Identifier: Apache-2.0 */
/* Ping (MS-ASCMD 2.2.1.13). Parameters stick to the device: "heartbeat;id;id;…" in the attribute "ping", with what is
 * known of its connections behind the heartbeat (eas_beat_t). */
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#include "eas_collection.h"
#include "eas_park.h"

#define FOLDERS_MAX 300
#define ATTR "ping"
#define TOLD_ATTR "ping-unknown"

typedef struct ping_t {
    apr_int64_t heartbeat; /* seconds, 0 = not known */
    eas_beat_t beat;
    apr_array_header_t *ids;
} ping_t;

static int listed(const apr_array_header_t *ids, const char *id)
{
    for (int i = 0; i < ids->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(ids, i, const char *), id) == 0)
            return 1;
    }
    return 0;
}

static void recall(ping_t *ping, const char *cached, apr_pool_t *pool)
{
    char *state, *rest, *text = cached ? apr_pstrdup(pool, cached) : NULL;
    char *part = text ? apr_strtok(text, ";", &state) : NULL;
    if (!part)
        return;
    ping->heartbeat = strtoll(part, &rest, 10);
    eas_beat_parse(&ping->beat, rest);
    while ((part = apr_strtok(NULL, ";", &state)))
        APR_ARRAY_PUSH(ping->ids, const char *) = part;
}

/* @return 0 or a Status. */
static int read_request(ping_t *ping, const eas_node_t *doc)
{
    const eas_node_t *beat = eas_node_child(doc, EAS_Ping_HeartbeatInterval), *node;
    const eas_node_t *folders = eas_node_child(doc, EAS_Ping_Folders);
    static const unsigned tags[] = {EAS_Ping_HeartbeatInterval, EAS_Ping_Folders, 0};
    if (doc && !eas_node_only(doc, tags))
        return PING_SYNTAX;
    if (beat && !eas_node_int(beat, APR_INT64_MIN / 1000, APR_INT64_MAX / 1000, &ping->heartbeat))
        return PING_SYNTAX;
    if (eas_node_count(folders, EAS_Ping_Folder) > FOLDERS_MAX)
        return PING_TOO_MANY;
    if (folders)
        ping->ids->nelts = 0;
    EAS_NODE_EACH(node, folders)
    {
        const char *id = eas_node_child_text(node, EAS_Ping_Id), *cls = eas_node_child_text(node, EAS_Ping_Class);
        if (node->tag != EAS_Ping_Folder || !id || !*id || strlen(id) > EAS_ID_MAX || strchr(id, ';') ||
            listed(ping->ids, id) || (cls && eas_class_parse(cls) == USM_CLASS_COUNT))
            return PING_SYNTAX;
        APR_ARRAY_PUSH(ping->ids, const char *) = id;
    }
    return 0;
}

static usm_error_t *answer(eas_ctx_t *ctx, eas_writer_t *out, int status, const usm_watch_result_t *result,
                           apr_int64_t limit)
{
    ctx->came = status == PING_EXPIRED                               ? EAS_PACE_IDLE
                : status == PING_CHANGES || status == PING_HIERARCHY ? EAS_PACE_NEWS
                                                                     : EAS_PACE_FAILED;
    eas_writer_start(out, EAS_Ping_Ping);
    eas_put_status(ctx, out, EAS_Ping_Status, status);
    if (result && result->count) {
        eas_writer_start(out, EAS_Ping_Folders);
        for (int i = 0; i < result->count; i++)
            eas_writer_tag_text(out, EAS_Ping_Folder, result->folders[i]);
        eas_writer_end(out);
    }
    if (status == PING_RANGE)
        eas_writer_tag_int(out, EAS_Ping_HeartbeatInterval, limit);
    if (status == PING_TOO_MANY)
        eas_writer_tag_int(out, EAS_Ping_MaxFolders, FOLDERS_MAX);
    eas_writer_end(out);
    return NULL;
}

static const char *pack(const ping_t *ping, apr_pool_t *pool)
{
    const char *text = apr_psprintf(pool, "%" APR_INT64_T_FMT "%s", ping->heartbeat, eas_beat_text(&ping->beat, pool));
    for (int i = 0; i < ping->ids->nelts; i++)
        text = apr_pstrcat(pool, text, ";", APR_ARRAY_IDX(ping->ids, i, const char *), NULL);
    return text;
}

/* Folders the device never synced are passed over: answering for them makes a loop. Of ids that are no folder the
 * device is told once; one that goes on asking for them has its reasons, and is not sent round in circles. */
static usm_error_t *add_folders(const char **unknown_p, usm_watch_t *watch, const ping_t *ping, apr_pool_t *pool)
{
    for (int i = 0; i < ping->ids->nelts; i++) {
        const char *id = APR_ARRAY_IDX(ping->ids, i, const char *);
        int known;
        USM_ERR(usm_watch_add(&known, watch, id));
        if (known < 0)
            *unknown_p = apr_pstrcat(pool, *unknown_p, id, ";", NULL);
    }
    return NULL;
}

static usm_error_t *tell(eas_ctx_t *ctx, const eas_node_t *doc, const usm_watch_result_t *result, eas_writer_t *out)
{
    if (result->hierarchy)
        return answer(ctx, out, PING_HIERARCHY, NULL, 0);
    return answer(ctx, out, result->count ? PING_CHANGES : PING_EXPIRED, result, 0);
}

static usm_error_t *learn(eas_ctx_t *ctx, apr_int64_t seconds)
{
    ping_t ping = {.ids = apr_array_make(ctx->pool, 8, sizeof(const char *))};
    const char *cached = NULL;
    USM_ERR(usm_device_attr_get(&cached, ctx->session, ATTR, ctx->pool));
    recall(&ping, cached, ctx->pool);
    eas_beat_learn(&ping.beat, seconds);
    return cached ? usm_device_attr_set(ctx->session, ATTR, pack(&ping, ctx->pool)) : NULL;
}

usm_error_t *eas_cmd_ping(eas_ctx_t *ctx, const eas_node_t *doc, eas_writer_t *out)
{
    ping_t ping = {.ids = apr_array_make(ctx->pool, 8, sizeof(const char *))};
    const char *cached = NULL, *packed;
    apr_int64_t low = ctx->conf->heartbeat_min, high = ctx->conf->heartbeat_max;
    usm_watch_t *watch;
    const char *told = NULL, *unknown = "";
    USM_ERR(usm_device_attr_get(&cached, ctx->session, ATTR, ctx->pool));
    recall(&ping, cached, ctx->pool);
    high = eas_beat_high(&ping.beat, low, high);
    int status = read_request(&ping, doc);
    if (!status && (ping.heartbeat == 0 && !eas_node_child(doc, EAS_Ping_HeartbeatInterval)))
        status = PING_MISSING;
    if (!status && ping.ids->nelts == 0)
        status = PING_MISSING;
    if (!status && (ping.heartbeat < low || ping.heartbeat > high))
        status = PING_RANGE;
    if (status)
        return answer(ctx, out, status, NULL, ping.heartbeat < low ? low : high);
    packed = pack(&ping, ctx->pool);
    if (!cached || strcmp(cached, packed) != 0)
        USM_ERR(usm_device_attr_set(ctx->session, ATTR, packed));
    USM_ERR(usm_watch_create(&watch, ctx->session, ctx->pool));
    USM_ERR(add_folders(&unknown, watch, &ping, ctx->pool));
    if (*unknown) {
        USM_ERR(usm_device_attr_get(&told, ctx->session, TOLD_ATTR, ctx->pool));
        if (!told || strcmp(told, unknown) != 0) {
            USM_ERR(usm_device_attr_set(ctx->session, TOLD_ATTR, unknown));
            return answer(ctx, out, PING_HIERARCHY, NULL, 0);
        }
    }
    usm_watch_hierarchy(watch);
    return eas_wait(ctx, watch, apr_time_as_msec(ctx->began) + ping.heartbeat * 1000, tell, learn);
}
