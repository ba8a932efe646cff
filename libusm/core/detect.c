/* SPDX-License-Identifier: Apache-2.0 */
/* Detection: ask the backend what changed and put the dirty ids into the collection's queue. It moves no generation,
 * so it may run at any time (Sync, Ping, estimate) and be repeated after a crash. No database connection is held
 * while the backend talks. */
#include "core.h"

#include <stdlib.h>

typedef struct listed_t {
    const char *id;
    apr_uint64_t rev;
    usm_time_t edge;
    apr_int64_t order;
} listed_t;

typedef struct detect_t {
    usm_session_t *session;
    usm_collection_row_t *coll;
    usm_time_t since;
    apr_hash_t *touched;
    apr_int64_t view;           /**< generation whose item rows count as "what the device has" */
    int fresh;                  /**< the collection has no item yet: a listing needs no comparison */
    int full;
    int aging;                  /**< the buffer holds what left the window by the passing of time */
    apr_array_header_t *listed; /**< listed_t of a full listing */
    apr_array_header_t *buffer; /**< usm_pending_row_t to be looked at and written */
    apr_pool_t *pool;           /**< lives as long as a full listing is compared */
    apr_pool_t *buffer_pool;    /**< cleared with each flush */
} detect_t;

static usm__touched_t *touched_by(const detect_t *d, const char *id)
{
    return d->touched ? apr_hash_get(d->touched, id, APR_HASH_KEY_STRING) : NULL;
}

static int within(const detect_t *d, usm_time_t edge)
{
    return d->since == USM_TIME_NONE || edge == USM_TIME_NONE || edge >= d->since;
}

/* An item whose old end has left the window may have got a new one: from this turn's client, or in the queue. */
static usm_error_t *moved_back(int *yes_p, detect_t *d, usm_txn_t *txn, const char *id, apr_pool_t *pool)
{
    usm__touched_t *t = touched_by(d, id);
    usm_pending_row_t queued;
    int found = 0;
    *yes_p = t && (!t->alive || within(d, t->row.edge));
    if (*yes_p)
        return NULL;
    USM_ERR(USM__VT(d->session)->pending_get(&found, &queued, txn, d->coll->id, id, pool));
    *yes_p = found && (queued.state == USM_PENDING_GONE ||
                       (queued.state == USM_PENDING_PRESENT && within(d, queued.edge)));
    return NULL;
}

/* One entry of the buffer: is it news for the device? What the client of this turn did itself is queued as well: the
 * turn takes it when it commits, and until then nothing else remembers that the device may have to be told. */
static usm_error_t *write_one(detect_t *d, usm_txn_t *txn, usm_pending_row_t *row, apr_pool_t *pool)
{
    const usm_store_vtable_t *vt = USM__VT(d->session);
    usm_item_row_t has;
    int found = 0, skip = 0;
    if (d->aging)
        USM_ERR(moved_back(&skip, d, txn, row->id, pool));
    if (skip)
        return NULL;
    if (!d->fresh)
        USM_ERR(vt->item_get(&found, &has, txn, d->coll->id, d->view, row->id, pool));
    if (row->state == USM_PENDING_PRESENT && !within(d, row->edge))
        row->state = USM_PENDING_OUTSIDE;
    usm__touched_t *t = touched_by(d, row->id);
    int there = found || (t && t->alive);
    if (row->state == USM_PENDING_PRESENT && found && !t && has.rev == row->rev)
        return vt->pending_drop(txn, d->coll->id, row->id);
    if (row->state != USM_PENDING_PRESENT && !there)
        return vt->pending_drop(txn, d->coll->id, row->id);
    return vt->pending_put(txn, d->coll->id, row);
}

static usm_error_t *flush(detect_t *d)
{
    usm_txn_t *txn;
    usm_error_t *err = NULL;
    apr_pool_t *iterpool;
    if (!d->buffer->nelts)
        return NULL;
    apr_pool_create(&iterpool, d->buffer_pool);
    USM_ERR(usm__write(&txn, d->session, d->buffer_pool));
    for (int i = 0; !err && i < d->buffer->nelts; i++) {
        apr_pool_clear(iterpool);
        err = write_one(d, txn, &APR_ARRAY_IDX(d->buffer, i, usm_pending_row_t), iterpool);
    }
    USM_ERR(usm__finish(d->session, txn, err));
    d->buffer->nelts = 0;
    apr_pool_clear(d->buffer_pool);
    return NULL;
}

static usm_error_t *push(detect_t *d, const char *id, int state, apr_uint64_t rev, usm_time_t edge, apr_int64_t order)
{
    usm_pending_row_t *row = apr_array_push(d->buffer);
    *row = (usm_pending_row_t){.id = apr_pstrdup(d->buffer_pool, id), .state = state, .rev = rev, .edge = edge,
                               .ord = state == USM_PENDING_PRESENT ? order : APR_INT64_MAX};
    return d->buffer->nelts >= USM__WRITE_BATCH ? flush(d) : NULL;
}

static usm_error_t *on_begin_full(void *baton)
{
    detect_t *d = baton;
    d->full = 1;
    d->listed = apr_array_make(d->pool, 256, sizeof(listed_t));
    return NULL;
}

/* One item that cannot be kept must not hold up its folder. */
static int too_long(detect_t *d, const char *id)
{
    if (strlen(id) <= 255)
        return 0;
    usm_log(d->session->log, USM_LOG_WARNING, 103, "an item is passed over: its id has more than 255 bytes: %s", id);
    return 1;
}

static usm_error_t *on_upsert(void *baton, const char *id, apr_uint64_t rev, usm_time_t edge, apr_int64_t order)
{
    detect_t *d = baton;
    if (too_long(d, id))
        return NULL;
    if (d->full && !d->fresh) {
        listed_t *l = apr_array_push(d->listed);
        *l = (listed_t){.id = apr_pstrdup(d->pool, id), .rev = rev, .edge = edge, .order = order};
        return NULL;
    }
    return push(d, id, USM_PENDING_PRESENT, rev, edge, order);
}

static usm_error_t *on_remove(void *baton, const char *id)
{
    return strlen(id) > 255 ? NULL : push(baton, id, USM_PENDING_GONE, 0, USM_TIME_NONE, 0);
}

static int compare_ids(const char *a, const char *b)
{
    apr_size_t la = strlen(a), lb = strlen(b);
    return la != lb ? (la < lb ? -1 : 1) : strcmp(a, b);
}

static int compare_listed(const void *a, const void *b)
{
    return compare_ids(((const listed_t *)a)->id, ((const listed_t *)b)->id);
}

typedef struct join_t {
    detect_t *d;
    int at;
    apr_array_header_t *news; /**< usm_pending_row_t; written after the scan, which has a connection of its own */
} join_t;

static void add_news(join_t *join, const char *id, int state, const listed_t *l)
{
    usm_pending_row_t *row = apr_array_push(join->news);
    *row = (usm_pending_row_t){.id = apr_pstrdup(join->d->pool, id), .state = state};
    row->rev = l ? l->rev : 0;
    row->edge = l ? l->edge : USM_TIME_NONE;
    row->ord = l ? l->order : APR_INT64_MAX;
}

/* Merge join: both sides come in (length, bytes) order of the id. */
static usm_error_t *join_row(void *baton, const usm_item_row_t *row)
{
    join_t *join = baton;
    detect_t *d = join->d;
    int order = 1;
    while (join->at < d->listed->nelts) {
        const listed_t *l = &APR_ARRAY_IDX(d->listed, join->at, listed_t);
        order = compare_ids(l->id, row->id);
        if (order >= 0)
            break;
        add_news(join, l->id, USM_PENDING_PRESENT, l);
        join->at++;
    }
    if (join->at < d->listed->nelts && order == 0) {
        const listed_t *l = &APR_ARRAY_IDX(d->listed, join->at, listed_t);
        if (l->rev != row->rev)
            add_news(join, l->id, USM_PENDING_PRESENT, l);
        join->at++;
        return NULL;
    }
    add_news(join, row->id, !within(d, row->edge) ? USM_PENDING_OUTSIDE : USM_PENDING_GONE, NULL);
    return NULL;
}

static usm_error_t *on_end_full(void *baton)
{
    detect_t *d = baton;
    if (d->fresh)
        return NULL;
    qsort(d->listed->elts, (size_t)d->listed->nelts, sizeof(listed_t), compare_listed);
    join_t join = {.d = d, .news = apr_array_make(d->pool, 64, sizeof(usm_pending_row_t))};
    usm_txn_t *txn;
    USM_ERR(usm__read(&txn, d->session, d->pool));
    USM_ERR(usm__finish(d->session, txn, USM__VT(d->session)->item_scan(txn, d->coll->id, d->view, join_row, &join,
                                                                        d->pool)));
    for (; join.at < d->listed->nelts; join.at++) {
        const listed_t *l = &APR_ARRAY_IDX(d->listed, join.at, listed_t);
        add_news(&join, l->id, USM_PENDING_PRESENT, l);
    }
    for (int i = 0; i < join.news->nelts; i++) {
        const usm_pending_row_t *row = &APR_ARRAY_IDX(join.news, i, usm_pending_row_t);
        USM_ERR(push(d, row->id, row->state, row->rev, row->edge, row->ord));
    }
    return NULL;
}

static usm_error_t *on_knows(int *known_p, void *baton, const char *id)
{
    detect_t *d = baton;
    usm_item_row_t item;
    usm_pending_row_t pending;
    usm_txn_t *txn;
    apr_pool_t *pool;
    *known_p = 0;
    if (d->fresh || strlen(id) > 255)
        return NULL;
    apr_pool_create(&pool, d->pool);
    USM_ERR(usm__read(&txn, d->session, pool));
    usm_error_t *err = USM__VT(d->session)->item_get(known_p, &item, txn, d->coll->id, d->view, id, pool);
    if (!err && !*known_p)
        err = USM__VT(d->session)->pending_get(known_p, &pending, txn, d->coll->id, id, pool);
    err = usm__finish(d->session, txn, err);
    if (!err)
        apr_pool_destroy(pool);
    return err;
}

static usm_error_t *age_row(void *baton, const usm_item_row_t *row)
{
    add_news(baton, row->id, USM_PENDING_OUTSIDE, NULL);
    return NULL;
}

/* What has left the window since the last look. */
static usm_error_t *age(detect_t *d)
{
    join_t join = {.d = d, .news = apr_array_make(d->pool, 8, sizeof(usm_pending_row_t))};
    usm_txn_t *txn;
    if (d->since == USM_TIME_NONE || d->fresh)
        return NULL;
    USM_ERR(usm__read(&txn, d->session, d->pool));
    USM_ERR(usm__finish(d->session, txn, USM__VT(d->session)->item_edge_scan(txn, d->coll->id, d->view, d->since,
                                                                             age_row, &join, d->pool)));
    for (int i = 0; i < join.news->nelts; i++)
        USM_ERR(push(d, APR_ARRAY_IDX(join.news, i, usm_pending_row_t).id, USM_PENDING_OUTSIDE, 0, USM_TIME_NONE, 0));
    return NULL;
}

static usm_error_t *remember(detect_t *d, const char *cursor, int full, const usm_brange_t *range)
{
    usm_collection_row_t *coll = d->coll;
    usm_txn_t *txn;
    int same = coll->cursor && strcmp(coll->cursor, cursor) == 0 && !full &&
               coll->open_tasks_only == range->open_tasks_only;
    /* The covered range moves on every day; that alone is not worth a write until it is an hour. */
    if (same && coll->since != USM_TIME_NONE && range->since != USM_TIME_NONE && range->since - coll->since < 3600000)
        return NULL;
    if (same && coll->since == range->since)
        return NULL;
    coll->cursor = cursor;
    coll->since = range->since;
    coll->open_tasks_only = range->open_tasks_only;
    if (full)
        coll->full_at = usm__now();
    USM_ERR(usm__write(&txn, d->session, d->pool));
    return usm__finish(d->session, txn, USM__VT(d->session)->collection_cursor(txn, coll->id, coll->epoch, cursor,
                                                                               coll->since, coll->open_tasks_only,
                                                                               coll->full_at));
}

/* A mail folder's token is learned with its first listing: later it tells a renamed folder from a new one. */
static usm_error_t *learn_token(usm_session_t *session, const usm_folder_row_t *folder, apr_pool_t *pool)
{
    usm_bref_t ref;
    const char *token = NULL;
    usm_txn_t *txn;
    if (!folder || *folder->token || folder->cls != USM_EMAIL)
        return NULL;
    usm__folder_ref(&ref, folder);
    USM_ERR(usm__checked(session, USM__BVT(session)->folder_token(&token, &session->call, &ref, pool)));
    if (!token || !*token)
        return NULL;
    usm_folder_row_t row = *folder;
    row.token = token;
    USM_ERR(usm__write(&txn, session, pool));
    return usm__finish(session, txn, USM__VT(session)->folder_update(txn, &row));
}

usm_error_t *usm__detect(usm_session_t *session, usm_collection_row_t *coll, const usm_folder_row_t *folder,
                         const usm_brange_t *range, apr_hash_t *touched, apr_int64_t view, apr_pool_t *pool)
{
    detect_t d = {.session = session, .coll = coll, .since = range->since, .touched = touched, .view = view};
    if (folder && folder->role == USM_ROLE_OUTBOX)
        return NULL;
    apr_pool_create(&d.pool, pool);
    apr_pool_create(&d.buffer_pool, pool);
    d.buffer = apr_array_make(d.pool, 64, sizeof(usm_pending_row_t));
    d.fresh = coll->cursor == NULL && coll->gen == 1;
    if (coll->cursor == NULL)
        USM_ERR(learn_token(session, folder, d.pool));
    const usm_bsink_t sink = {.baton = &d, .begin_full = on_begin_full, .upsert = on_upsert, .remove = on_remove,
                              .end_full = on_end_full, .knows = on_knows};
    int grown = coll->cursor && (range->since < coll->since || range->open_tasks_only != coll->open_tasks_only);
    int stale = coll->cursor && folder && folder->cls == USM_EMAIL &&
                usm__now() - coll->full_at > session->ctx->config.full_compare_s * APR_INT64_C(1000);
    const char *cursor = NULL;
    if (!folder) {
        USM_ERR(usm__hierarchy_changes(&cursor, session, &sink, pool, d.pool));
    } else {
        usm_bref_t ref;
        usm__folder_ref(&ref, folder);
        USM_ERR(usm__checked(session, USM__BVT(session)->changes(&cursor, &session->call, &ref, range, coll->cursor,
                                                                 grown || stale, &sink, pool, d.pool)));
    }
    USM_ERR(flush(&d));
    USM_ERR(usm__bad_requeue(session, coll, d.pool));
    d.aging = 1;
    USM_ERR(age(&d));
    USM_ERR(flush(&d));
    USM_ERR(remember(&d, cursor, folder && (d.full || grown || stale), range));
    apr_pool_destroy(d.buffer_pool);
    apr_pool_destroy(d.pool);
    return NULL;
}
