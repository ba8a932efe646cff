/* SPDX-License-Identifier: Apache-2.0 */
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#include "eas_sync.h"

#define CACHE_ATTR "sync"
#define NUMBER_MAX APR_INT64_C(999999999999999999) /* what is out of range is still a number */

/* ---- the last request, for empty and partial ones ---- */

/* A folder that the device has to start over, or whose ids it has to learn anew, is none to come back to. */
static int worth_keeping(const eas_collection_t *col)
{
    return col->status == SYNC_OK || col->status == SYNC_RETRY || col->status == SYNC_SERVER;
}

/* Form: "wait;window/beat\n" (see eas_beat_t) then a line "id;key;window;get_changes;unproven" for each collection. */
usm_error_t *eas_sync_remember(eas_sync_t *sync)
{
    apr_pool_t *pool = sync->ctx->pool;
    apr_array_header_t *lines = apr_array_make(pool, sync->collections->nelts + 2, sizeof(const char *));
    if (sync->ctx->version < 121)
        return NULL;
    APR_ARRAY_PUSH(lines, const char *) = apr_psprintf(pool, "%" APR_INT64_T_FMT ";%d%s", sync->wait_ms, sync->window,
                                                       eas_beat_text(&sync->beat, pool));
    for (int i = 0; i < sync->collections->nelts; i++) {
        const eas_collection_t *col = &APR_ARRAY_IDX(sync->collections, i, eas_collection_t);
        if (worth_keeping(col))
            APR_ARRAY_PUSH(lines, const char *) =
                apr_psprintf(pool, "%s;%s;%d;%d;%d", col->id, col->new_key ? col->new_key : col->key, col->window,
                             col->get_changes, col->changed_key || strcmp(col->key, "0") == 0);
    }
    const char *text = apr_array_pstrcat(pool, lines, '\n');
    if (sync->cached && strcmp(sync->cached, text) == 0)
        return NULL;
    sync->cached = text;
    return usm_device_attr_set(sync->ctx->session, CACHE_ATTR, text);
}

/* What is known of the connections, in the first line of the notes. */
static void recall_beat(eas_sync_t *sync)
{
    const char *beat = sync->cached ? strchr(sync->cached, '/') : NULL, *end = sync->cached;
    end = end ? strchr(end, '\n') : NULL;
    eas_beat_parse(&sync->beat, beat && (!end || beat < end) ? beat : NULL);
}

usm_error_t *eas_sync_learn(eas_ctx_t *ctx, apr_int64_t seconds)
{
    eas_sync_t sync = {.ctx = ctx};
    USM_ERR(usm_device_attr_get(&sync.cached, ctx->session, CACHE_ATTR, ctx->pool));
    if (!sync.cached)
        return NULL;
    eas_beat_learn(&sync.beat, seconds);
    apr_size_t head = strcspn(sync.cached, "/\n");
    const char *rest = strchr(sync.cached, '\n');
    return usm_device_attr_set(ctx->session, CACHE_ATTR,
                               apr_pstrcat(ctx->pool, apr_pstrmemdup(ctx->pool, sync.cached, head),
                                           eas_beat_text(&sync.beat, ctx->pool), rest ? rest : "", NULL));
}

static eas_collection_t *find(eas_sync_t *sync, const char *id)
{
    for (int i = 0; i < sync->collections->nelts; i++) {
        eas_collection_t *col = &APR_ARRAY_IDX(sync->collections, i, eas_collection_t);
        if (strcmp(col->id, id) == 0)
            return col;
    }
    return NULL;
}

static usm_error_t *complete(eas_sync_t *sync, eas_collection_t *col);

static usm_error_t *recall_collection(eas_sync_t *sync, char *line)
{
    char *state, *id = apr_strtok(line, ";", &state), *key = apr_strtok(NULL, ";", &state);
    char *window = apr_strtok(NULL, ";", &state), *get = apr_strtok(NULL, ";", &state);
    char *unproven = apr_strtok(NULL, ";", &state);
    if (!unproven || find(sync, id))
        return NULL;
    eas_collection_t *col = apr_array_push(sync->collections);
    memset(col, 0, sizeof *col);
    col->id = id;
    col->key = key;
    col->window = atoi(window);
    col->get_changes = atoi(get);
    col->unproven = atoi(unproven);
    return complete(sync, col);
}

/* What the request leaves out is as in the last one: all of it without @a doc, else what @a doc does not say. */
static usm_error_t *recall(eas_sync_t *sync, const eas_node_t *doc)
{
    char *state, *text = sync->cached ? apr_pstrdup(sync->ctx->pool, sync->cached) : NULL;
    char *line = text ? apr_strtok(text, "\n", &state) : NULL, *field;
    if (!line) {
        sync->status = SYNC_INCOMPLETE;
        return NULL;
    }
    if (!eas_node_child(doc, EAS_AirSync_Wait) && !eas_node_child(doc, EAS_AirSync_HeartbeatInterval))
        sync->wait_ms = strtoll(line, NULL, 10);
    if (sync->beat.limit > 0 && sync->wait_ms > sync->beat.limit * 1000)
        sync->wait_ms = eas_beat_high(&sync->beat, sync->ctx->conf->heartbeat_min, EAS_BEAT_MAX) * 1000;
    if (!eas_node_child(doc, EAS_AirSync_WindowSize))
        sync->window = (field = strchr(line, ';')) ? atoi(field + 1) : 0;
    while ((line = apr_strtok(NULL, "\n", &state)))
        USM_ERR(recall_collection(sync, line));
    if (sync->collections->nelts == 0)
        sync->status = SYNC_INCOMPLETE;
    return NULL;
}

/* ---- one collection ---- */

/* Class and sticky options of the folder; sets col->status when there is no such folder. */
static usm_error_t *complete(eas_sync_t *sync, eas_collection_t *col)
{
    const char *packed = NULL;
    int first = strcmp(col->key, "0") == 0;
    usm_error_t *err = usm_collection_options(&packed, &col->cls, sync->ctx->session, col->id, sync->ctx->pool);
    if (err && usm_error_class(err) == USM_CLASS_NOTFOUND) {
        /* iOS loops on "object not found" for a folder it has a key of: an invalid key makes it start over. */
        col->status = usm_error_is(err, USM_ENOTFOUND) && !first ? SYNC_STALE_KEY : SYNC_HIERARCHY;
        usm_error_clear(err);
        return NULL;
    }
    if (err)
        return err;
    eas_options_unpack(&col->options, first ? NULL : packed);
    col->status = SYNC_OK;
    return NULL;
}

/* The order of elements is part of the schema and Exchange insists on it; up to 12.0 it does not. */
static int in_order(const eas_node_t *collection, unsigned version)
{
    static const unsigned order[] = {EAS_AirSync_Class, EAS_AirSync_SyncKey, EAS_AirSync_CollectionId,
                                     EAS_AirSync_Supported, EAS_AirSync_DeletesAsMoves, EAS_AirSync_GetChanges,
                                     EAS_AirSync_WindowSize, EAS_AirSync_ConversationMode, EAS_AirSync_Options,
                                     EAS_AirSync_Commands};
    const eas_node_t *node;
    int at = -1;
    EAS_NODE_EACH(node, collection)
    {
        int i;
        for (i = 0; i < 10 && order[i] != node->tag; i++)
            ;
        if (i == 10)
            return 0;
        if (version >= 121 && (i < at || (i == at && node->tag != EAS_AirSync_Options)))
            return 0;
        at = i;
    }
    return 1;
}

static int command_is_whole(const eas_node_t *cmd)
{
    const char *server_id = eas_node_child_text(cmd, EAS_AirSync_ServerId);
    const char *client_id = eas_node_child_text(cmd, EAS_AirSync_ClientId);
    int data = eas_node_child(cmd, EAS_AirSync_ApplicationData) != NULL;
    switch (cmd->tag) {
    case EAS_AirSync_Add:
        return client_id && *client_id && strlen(client_id) <= EAS_ID_MAX && data;
    case EAS_AirSync_Change:
        return server_id && *server_id && (data || eas_node_child(cmd, EAS_Email2_Send));
    case EAS_AirSync_Delete:
    case EAS_AirSync_Fetch:
        return server_id && *server_id;
    default:
        return 0;
    }
}

/* Two items under one temporary id: the device could not tell the answers apart. */
static int is_named_twice(const eas_node_t *add)
{
    const char *id = eas_node_child_text(add, EAS_AirSync_ClientId);
    for (const eas_node_t *cmd = eas_node_next(add, EAS_AirSync_Add); cmd; cmd = eas_node_next(cmd, EAS_AirSync_Add)) {
        const char *other = eas_node_child_text(cmd, EAS_AirSync_ClientId);
        if (other && strcmp(other, id) == 0)
            return 1;
    }
    return 0;
}

static int read_commands(eas_sync_t *sync, eas_collection_t *col, const eas_node_t *node)
{
    const eas_node_t *cmd;
    col->fetch_only = 1;
    EAS_NODE_EACH(cmd, eas_node_child(node, EAS_AirSync_Commands))
    {
        if (++sync->commands > EAS_SYNC_COMMANDS_MAX || !command_is_whole(cmd))
            return 0;
        if (cmd->tag == EAS_AirSync_Add && is_named_twice(cmd))
            return 0;
        col->fetch_only &= cmd->tag == EAS_AirSync_Fetch;
        col->commands++;
    }
    col->fetch_only &= col->commands > 0;
    return 1;
}

static int read_switches(eas_collection_t *col, const eas_node_t *node)
{
    const eas_node_t *get = eas_node_child(node, EAS_AirSync_GetChanges);
    const eas_node_t *moves = eas_node_child(node, EAS_AirSync_DeletesAsMoves);
    const eas_node_t *window = eas_node_child(node, EAS_AirSync_WindowSize);
    int yes = 1, first = strcmp(col->key, "0") == 0;
    apr_int64_t n = EAS_WINDOW_DEFAULT;
    if (moves && !eas_node_bool(moves, &yes))
        return 0;
    col->how = yes ? USM_DELETE_TRASH : USM_DELETE_HARD;
    yes = !first;
    if (get && !eas_node_bool(get, &yes))
        return 0;
    col->get_changes = yes;
    if (window && !eas_node_int(window, 0, NUMBER_MAX, &n))
        return 0;
    col->window = n == 0 || n > EAS_WINDOW_MAX ? EAS_WINDOW_MAX : (int)n;
    return 1;
}

/* What the elements of a folder's own class demand. @return 0 or the Status. */
static int read_class(eas_sync_t *sync, eas_collection_t *col, const eas_node_t *node)
{
    const char *cls = eas_node_child_text(node, EAS_AirSync_Class);
    const eas_node_t *conversations = eas_node_child(node, EAS_AirSync_ConversationMode);
    const eas_node_t *supported = eas_node_child(node, EAS_AirSync_Supported);
    int yes;
    if (cls && !eas_class_is(col->cls, cls))
        return SYNC_PROTOCOL;
    if (conversations && (col->cls != USM_EMAIL || !eas_node_bool(conversations, &yes)))
        return SYNC_PROTOCOL;
    if (supported && col->cls == USM_NOTE)
        return SYNC_PROTOCOL;
    /* Only these two have what can be ghosted; after the first request it is passed over. */
    if (supported && strcmp(col->key, "0") == 0 && (col->cls == USM_CONTACT || col->cls == USM_EVENT)) {
        col->options.has_supported = 1;
        eas_map_supported(&col->options.supported, col->cls, supported);
    }
    return eas_options_read(&col->options, node, sync->ctx->version, col->cls);
}

static usm_error_t *read_collection(eas_sync_t *sync, const eas_node_t *node)
{
    unsigned version = sync->ctx->version;
    eas_collection_t *col;
    const char *id = eas_node_child_text(node, EAS_AirSync_CollectionId);
    const char *key = eas_node_child_text(node, EAS_AirSync_SyncKey);
    sync->status = SYNC_PROTOCOL;
    if (!id || !*id || strlen(id) > EAS_ID_MAX || !key || strlen(key) > EAS_ID_MAX || find(sync, id) ||
        !in_order(node, version))
        return NULL;
    col = apr_array_push(sync->collections);
    memset(col, 0, sizeof *col);
    col->node = node;
    col->id = id;
    col->key = key;
    int first = strcmp(key, "0") == 0;
    if (!read_switches(col, node) || !read_commands(sync, col, node) || (first && (col->get_changes || col->commands)))
        return NULL;
    USM_ERR(complete(sync, col));
    sync->status = col->status == SYNC_OK ? read_class(sync, col, node) : 0;
    if (col->status == SYNC_OK && col->cls == USM_RECIPIENT && col->commands && !col->fetch_only)
        sync->status = SYNC_PROTOCOL; /* it can only be read (MS-ASCMD 2.2.3.7.2) */
    if (col->fetch_only && !eas_node_child(node, EAS_AirSync_GetChanges))
        col->get_changes = 0;
    return NULL;
}

/* ---- the request ---- */

static void read_wait(eas_sync_t *sync, const eas_node_t *doc)
{
    const eas_node_t *wait = eas_node_child(doc, EAS_AirSync_Wait);
    const eas_node_t *beat = eas_node_child(doc, EAS_AirSync_HeartbeatInterval);
    apr_int64_t low = sync->ctx->conf->heartbeat_min, high = sync->ctx->conf->heartbeat_max, n = 0;
    if (!wait && !beat)
        return;
    if ((wait && beat) || !eas_node_int(wait ? wait : beat, -NUMBER_MAX, NUMBER_MAX, &n)) {
        sync->status = SYNC_PROTOCOL;
        return;
    }
    high = eas_beat_high(&sync->beat, low, high);
    if (wait) { /* minutes */
        low = (low + 59) / 60;
        high = high / 60;
        high = high < low ? low : high > 59 ? 59 : high;
    }
    if (n < low || n > high) {
        sync->status = SYNC_RANGE;
        sync->limit = n < low ? low : high;
        return;
    }
    sync->wait_ms = n * (wait ? 60000 : 1000);
}

/* Has the request what it must have, and nothing else? */
static int has_shape(const eas_node_t *doc, const eas_node_t *list)
{
    static const unsigned tags[] = {EAS_AirSync_Collections, EAS_AirSync_Wait, EAS_AirSync_HeartbeatInterval,
                                    EAS_AirSync_WindowSize, EAS_AirSync_Partial, 0};
    const eas_node_t *node;
    EAS_NODE_EACH(node, list)
    {
        if (node->tag != EAS_AirSync_Collection)
            return 0;
    }
    /* Partial is to be partial to something. */
    return eas_node_only(doc, tags) && (list || (eas_node_child(doc, EAS_AirSync_Partial) && doc->child->next));
}

usm_error_t *eas_sync_read(eas_sync_t *sync, const eas_node_t *doc)
{
    const eas_node_t *list = eas_node_child(doc, EAS_AirSync_Collections), *node;
    const eas_node_t *window = eas_node_child(doc, EAS_AirSync_WindowSize);
    int partial = eas_node_child(doc, EAS_AirSync_Partial) != NULL;
    apr_int64_t n = 0;
    unsigned version = sync->ctx->version;
    sync->collections = apr_array_make(sync->ctx->pool, 8, sizeof(eas_collection_t));
    if (version >= 121)
        USM_ERR(usm_device_attr_get(&sync->cached, sync->ctx->session, CACHE_ATTR, sync->ctx->pool));
    recall_beat(sync);
    if (!doc) {
        if (version < 121)
            sync->status = SYNC_PROTOCOL;
        return sync->status ? NULL : recall(sync, NULL);
    }
    if (!has_shape(doc, list) || (window && !eas_node_int(window, 0, NUMBER_MAX, &n))) {
        sync->status = SYNC_PROTOCOL;
        return NULL;
    }
    sync->window = n > EAS_WINDOW_MAX || (window && n == 0) ? EAS_WINDOW_MAX : (int)n;
    if (eas_node_count(list, EAS_AirSync_Collection) > EAS_SYNC_COLLECTIONS_MAX) {
        int told = sync->ctx->version >= 121; /* Limit is of 12.1 */
        sync->status = told ? SYNC_TOO_MANY : SYNC_PROTOCOL;
        sync->limit = told ? EAS_SYNC_COLLECTIONS_MAX : 0;
        return NULL;
    }
    read_wait(sync, doc);
    EAS_NODE_EACH_TAG(node, list, EAS_AirSync_Collection)
    {
        if (sync->status)
            return NULL;
        USM_ERR(read_collection(sync, node));
    }
    if (!sync->status && partial)
        USM_ERR(recall(sync, doc));
    if (!sync->status && sync->collections->nelts == 0)
        sync->status = SYNC_PROTOCOL;
    return NULL;
}
