/* SPDX-License-Identifier: Apache-2.0 */
/* Detection: ask the backend what changed and find out what of it is news for the device. It moves no generation, so it
 * may run at any time (Sync, Ping, estimate) and be repeated after a crash. No database connection is held while the
 * backend talks.
 *
 * What is found is collected in a buffer. As long as it fits there and the queue in the store is empty, it can stay in
 * memory (the caller's commit then writes what became of it, together with the cursor); else it goes into the queue, in
 * transactions of a bounded size. A full listing is compared with the rows in the store as a merge of two sorted
 * streams, so memory does not grow with the folder. */
#include "hint.h"

#include <stdlib.h>

#define AGE_EVERY_MS 3600000 /* what has left the window is looked for this often */

/* A row of the buffer. */
typedef struct found_t {
    usm__entry_t entry;
    int aged;   /* found by the passing of time */
    int queued; /* `before` is in the queue */
    usm_pending_row_t before;
} found_t;

typedef struct detect_t {
    usm_session_t *session;
    usm_collection_row_t *coll;
    usm_time_t since;
    apr_hash_t *touched;
    apr_int64_t view;           /**< generation whose item rows count as "what the device has" */
    int fresh;                  /**< the collection has no item yet: a listing needs no comparison */
    int full;
    int keep;                   /**< the buffer may stay in memory */
    usm__news_t *news;
    usm__runs_t *listed;        /**< of a full listing */
    apr_array_header_t *buffer; /**< found_t */
    apr_hash_t *by_id;          /**< id → index in the buffer + 1 */
    apr_pool_t *pool;           /**< lives as long as the detection */
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

static found_t *in_buffer(const detect_t *d, const char *id)
{
    void *at = apr_hash_get(d->by_id, id, APR_HASH_KEY_STRING);
    return at ? &APR_ARRAY_IDX(d->buffer, (int)(intptr_t)at - 1, found_t) : NULL;
}

static usm_error_t *on_has(void *baton, const usm_item_row_t *row)
{
    detect_t *d = baton;
    found_t *f = in_buffer(d, row->id);
    f->entry.has = *row;
    f->entry.has.id = f->entry.p.id;
    if (row->digests_len)
        f->entry.has.digests = apr_pmemdup(d->buffer_pool, row->digests, row->digests_len);
    return NULL;
}

static usm_error_t *on_queued(void *baton, const usm_pending_row_t *row, const usm_item_row_t *has)
{
    found_t *f = in_buffer(baton, row->id);
    f->queued = 1;
    f->before = *row;
    f->before.id = f->entry.p.id;
    return NULL;
}

/* What the device has and what the queue holds of all that is in the buffer. */
static usm_error_t *look_up(detect_t *d)
{
    const usm_store_vtable_t *vt = USM__VT(d->session);
    int n = d->buffer->nelts;
    usm_txn_t *txn;
    apr_pool_t *scratch;
    if (d->fresh)
        return NULL;
    apr_pool_create(&scratch, d->buffer_pool);
    const char **ids = apr_palloc(scratch, sizeof *ids * (apr_size_t)n);
    for (int i = 0; i < n; i++)
        ids[i] = APR_ARRAY_IDX(d->buffer, i, found_t).entry.p.id;
    USM_ERR(usm__read(&txn, d->session, scratch));
    usm_error_t *err = vt->item_find(txn, d->coll->id, d->view, ids, n, on_has, d, scratch);
    if (!err && d->coll->queued)
        err = vt->pending_find(txn, d->coll->id, ids, n, on_queued, d, scratch);
    USM_ERR(usm__finish(d->session, txn, err));
    apr_pool_destroy(scratch);
    return NULL;
}

/* An item whose old end has left the window may have got a new one: from this turn's client, or in the queue. */
static int moved_back(const detect_t *d, const found_t *f)
{
    const usm__touched_t *t = touched_by(d, f->entry.p.id);
    if (t && (!t->alive || within(d, t->row.edge)))
        return 1;
    return f->queued && (f->before.state == USM_PENDING_GONE ||
                         (f->before.state == USM_PENDING_PRESENT && within(d, f->before.edge)));
}

typedef enum fate_e { NO_NEWS, NEWS, NO_LONGER } fate_e;

/* Is it news for the device? What the client of this turn did itself is told to the turn as well: it settles it when
 * it commits, and until then nothing else remembers that the device may have to be told. */
static fate_e judge(const detect_t *d, found_t *f)
{
    usm_pending_row_t *p = &f->entry.p;
    const usm__touched_t *t = touched_by(d, p->id);
    int found = f->entry.has.id != NULL, there = found || (t && t->alive);
    if (f->aged && moved_back(d, f))
        return NO_NEWS;
    if (p->state == USM_PENDING_PRESENT && !within(d, p->edge))
        p->state = USM_PENDING_OUTSIDE;
    int same = p->state == USM_PENDING_PRESENT && found && !t && f->entry.has.rev == p->rev;
    if (same || (p->state != USM_PENDING_PRESENT && !there))
        return f->queued ? NO_LONGER : NO_NEWS;
    if (f->queued && f->before.state == p->state && f->before.rev == p->rev && f->before.edge == p->edge)
        return NO_NEWS; /* the queue has it */
    return NEWS;
}

/* Only the rows that a fate was found for stay in the buffer. @return how many are to be written. */
static int sift(detect_t *d, apr_array_header_t *dropped)
{
    int kept = 0;
    for (int i = 0; i < d->buffer->nelts; i++) {
        found_t *f = &APR_ARRAY_IDX(d->buffer, i, found_t);
        fate_e fate = judge(d, f);
        if (fate == NO_LONGER)
            APR_ARRAY_PUSH(dropped, const char *) = f->entry.p.id;
        else if (fate == NEWS)
            APR_ARRAY_IDX(d->buffer, kept++, found_t) = *f;
    }
    d->buffer->nelts = kept;
    apr_hash_clear(d->by_id);
    return kept + dropped->nelts;
}

static usm_error_t *write_buffer(detect_t *d, usm_txn_t *txn, const apr_array_header_t *dropped)
{
    const usm_store_vtable_t *vt = USM__VT(d->session);
    for (int i = 0; i < dropped->nelts; i++)
        USM_ERR(vt->pending_drop(txn, d->coll->id, APR_ARRAY_IDX(dropped, i, const char *)));
    for (int i = 0; i < d->buffer->nelts; i++)
        USM_ERR(vt->pending_put(txn, d->coll->id, &APR_ARRAY_IDX(d->buffer, i, found_t).entry.p));
    return NULL;
}

usm_error_t *usm__remember(usm_txn_t *txn, usm_session_t *session, usm_collection_row_t *coll, const usm__news_t *news)
{
    if (!news->cursor)
        return NULL;
    coll->cursor = news->cursor;
    coll->since = news->since;
    coll->open_tasks_only = news->open_tasks_only;
    coll->full_at = news->full_at;
    return USM__VT(session)->collection_cursor(txn, coll->id, coll->epoch, coll->cursor, coll->since,
                                               coll->open_tasks_only, coll->full_at);
}

usm_error_t *usm__remember_now(usm_session_t *session, usm_collection_row_t *coll, const usm__news_t *news,
                               apr_pool_t *pool)
{
    usm_txn_t *txn;
    if (!news->cursor)
        return NULL;
    USM_ERR(usm__write(&txn, session, pool));
    return usm__finish(session, txn, usm__remember(txn, session, coll, news));
}

/* Empty the buffer into the queue; with the cursor when detection is through. */
static usm_error_t *flush(detect_t *d)
{
    usm_txn_t *txn;
    apr_array_header_t *dropped = apr_array_make(d->buffer_pool, 8, sizeof(const char *));
    if (d->buffer->nelts) {
        USM_ERR(look_up(d));
        sift(d, dropped);
    }
    if (d->buffer->nelts || dropped->nelts || d->news->cursor) {
        USM_ERR(usm__write(&txn, d->session, d->buffer_pool));
        usm_error_t *err = write_buffer(d, txn, dropped);
        if (!err)
            err = usm__remember(txn, d->session, d->coll, d->news);
        USM_ERR(usm__finish(d->session, txn, err));
        d->news->written += d->buffer->nelts + dropped->nelts;
        d->coll->queued |= d->buffer->nelts > 0;
    }
    d->buffer->nelts = 0;
    apr_hash_clear(d->by_id);
    apr_pool_clear(d->buffer_pool);
    return NULL;
}

static int compare_order(const void *a, const void *b)
{
    const usm_pending_row_t *x = &((const usm__entry_t *)a)->p, *y = &((const usm__entry_t *)b)->p;
    return x->ord != y->ord ? (x->ord < y->ord ? 1 : -1) : usm__compare_ids(x->id, y->id);
}

/* All fits into memory: hand it to the caller, in the queue's order. */
static usm_error_t *hand_over(detect_t *d, apr_pool_t *pool)
{
    apr_array_header_t *dropped = apr_array_make(d->buffer_pool, 8, sizeof(const char *));
    if (d->buffer->nelts) {
        USM_ERR(look_up(d));
        sift(d, dropped);
    }
    apr_array_header_t *entries = apr_array_make(pool, d->buffer->nelts + 1, sizeof(usm__entry_t));
    for (int i = 0; i < d->buffer->nelts; i++) {
        usm__entry_t *e = apr_array_push(entries);
        *e = APR_ARRAY_IDX(d->buffer, i, found_t).entry;
        e->p.id = apr_pstrdup(pool, e->p.id);
        if (e->has.id)
            e->has.id = e->p.id;
        if (e->has.digests_len)
            e->has.digests = apr_pmemdup(pool, e->has.digests, e->has.digests_len);
    }
    qsort(entries->elts, (size_t)entries->nelts, sizeof(usm__entry_t), compare_order);
    d->news->entries = entries;
    return NULL;
}

/* Of one id the last thing told counts. */
static usm_error_t *push(detect_t *d, const usm_pending_row_t *row, int aged)
{
    found_t *f = in_buffer(d, row->id);
    if (f && aged && (f->entry.p.state == USM_PENDING_GONE ||
                      (f->entry.p.state == USM_PENDING_PRESENT && within(d, f->entry.p.edge))))
        return NULL;
    if (!f) {
        if (d->buffer->nelts >= d->session->ctx->write_batch) {
            d->keep = 0;
            USM_ERR(flush(d));
        }
        f = apr_array_push(d->buffer);
        const char *id = apr_pstrdup(d->buffer_pool, row->id);
        apr_hash_set(d->by_id, id, APR_HASH_KEY_STRING, (void *)(intptr_t)d->buffer->nelts);
        *f = (found_t){.entry.p.id = id};
    }
    const char *id = f->entry.p.id;
    f->entry.p = *row;
    f->entry.p.id = id;
    f->aged = aged;
    return NULL;
}

static usm_error_t *push_new(detect_t *d, const char *id, int state, apr_uint64_t rev, usm_time_t edge,
                             apr_int64_t order)
{
    const usm_pending_row_t row = {.id = id, .state = state, .rev = rev, .edge = edge,
                                   .ord = state == USM_PENDING_PRESENT ? order : APR_INT64_MAX};
    return push(d, &row, 0);
}

static usm_error_t *on_begin_full(void *baton)
{
    detect_t *d = baton;
    d->full = 1;
    if (!d->fresh)
        d->listed = usm__runs_create(d->session->ctx->run_rows, d->pool);
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
    if (d->listed)
        return usm__runs_add(d->listed, id, rev, edge, order);
    return push_new(d, id, USM_PENDING_PRESENT, rev, edge, order);
}

static usm_error_t *on_remove(void *baton, const char *id)
{
    detect_t *d = baton;
    return strlen(id) > 255 ? NULL : push_new(d, id, USM_PENDING_GONE, 0, USM_TIME_NONE, 0);
}

/* ---- a full listing against the rows in the store ---- */

typedef struct row_t {
    const char *id;
    apr_uint64_t rev;
    usm_time_t edge;
} row_t;

typedef struct page_t {
    apr_pool_t *pool;
    row_t rows[USM__SCAN_ROWS];
    int count;
} page_t;

static usm_error_t *keep_row(void *baton, const usm_item_row_t *row)
{
    page_t *page = baton;
    page->rows[page->count++] = (row_t){apr_pstrdup(page->pool, row->id), row->rev, row->edge};
    return NULL;
}

/* The database is not held while rows are compared: news may have to be written. */
static usm_error_t *read_page(page_t *page, detect_t *d, const char *after)
{
    usm_txn_t *txn;
    apr_pool_clear(page->pool);
    page->count = 0;
    USM_ERR(usm__read(&txn, d->session, page->pool));
    return usm__finish(d->session, txn,
                       USM__VT(d->session)->item_scan(txn, d->coll->id, d->view, after, d->session->ctx->scan_rows,
                                                      keep_row, page, page->pool));
}

static usm_error_t *push_listed(detect_t *d, const usm__listed_t *l)
{
    return push_new(d, l->id, USM_PENDING_PRESENT, l->rev, l->edge, l->order);
}

/* Both sides come in (length, bytes) order of the id. */
static usm_error_t *join_page(detect_t *d, const page_t *page, const usm__listed_t **l)
{
    for (int i = 0; i < page->count; i++) {
        const row_t *row = &page->rows[i];
        int order = 1;
        while (*l && (order = usm__compare_ids((*l)->id, row->id)) < 0) {
            USM_ERR(push_listed(d, *l));
            USM_ERR(usm__runs_next(l, d->listed));
        }
        if (!*l || order) {
            USM_ERR(push_new(d, row->id, within(d, row->edge) ? USM_PENDING_GONE : USM_PENDING_OUTSIDE, 0,
                             USM_TIME_NONE, 0));
            continue;
        }
        if ((*l)->rev != row->rev)
            USM_ERR(push_listed(d, *l));
        USM_ERR(usm__runs_next(l, d->listed));
    }
    return NULL;
}

static usm_error_t *on_end_full(void *baton)
{
    detect_t *d = baton;
    const usm__listed_t *l;
    char after[256] = "";
    if (!d->listed)
        return NULL;
    page_t *page = apr_palloc(d->pool, sizeof *page);
    apr_pool_create(&page->pool, d->pool);
    USM_ERR(usm__runs_next(&l, d->listed));
    do {
        USM_ERR(read_page(page, d, after));
        USM_ERR(join_page(d, page, &l));
        if (page->count)
            apr_cpystrn(after, page->rows[page->count - 1].id, sizeof after);
    } while (page->count == d->session->ctx->scan_rows);
    for (; l;) {
        USM_ERR(push_listed(d, l));
        USM_ERR(usm__runs_next(&l, d->listed));
    }
    apr_pool_destroy(page->pool);
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
    if (in_buffer(d, id)) {
        *known_p = 1;
        return NULL;
    }
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

/* ---- what has left the window since the last look ---- */

static usm_error_t *age(detect_t *d)
{
    usm_txn_t *txn;
    char last[256];
    usm_item_row_t after = {.id = last};
    page_t *page = apr_palloc(d->pool, sizeof *page);
    apr_pool_create(&page->pool, d->pool);
    page->count = 0;
    do {
        int first = page->count == 0;
        apr_pool_clear(page->pool);
        page->count = 0;
        USM_ERR(usm__read(&txn, d->session, page->pool));
        USM_ERR(usm__finish(d->session, txn,
                            USM__VT(d->session)->item_edge_scan(txn, d->coll->id, d->view, d->since,
                                                                first ? NULL : &after, d->session->ctx->scan_rows,
                                                                keep_row, page, page->pool)));
        for (int i = 0; i < page->count; i++) {
            const usm_pending_row_t row = {.id = page->rows[i].id, .state = USM_PENDING_OUTSIDE, .edge = USM_TIME_NONE,
                                           .ord = APR_INT64_MAX};
            USM_ERR(push(d, &row, 1));
        }
        if (page->count) {
            after.edge = page->rows[page->count - 1].edge;
            apr_cpystrn(last, page->rows[page->count - 1].id, sizeof last);
        }
    } while (page->count == d->session->ctx->scan_rows);
    apr_pool_destroy(page->pool);
    return NULL;
}

/* Time passes all the while; an hour of it at a time is looked at. A listing has seen to it already. */
static int should_age(const detect_t *d)
{
    usm_time_t last = d->coll->since;
    if (d->since == USM_TIME_NONE || d->fresh || d->full)
        return 0;
    return last == USM_TIME_NONE || d->since - last >= AGE_EVERY_MS;
}

static void note_cursor(detect_t *d, const char *cursor, int full, int aged, const usm_brange_t *range)
{
    const usm_collection_row_t *coll = d->coll;
    int covered = full || aged || d->fresh || range->since == USM_TIME_NONE || range->since < coll->since;
    usm_time_t since = covered ? range->since : coll->since;
    if (!full && coll->cursor && strcmp(coll->cursor, cursor) == 0 && coll->since == since &&
        coll->open_tasks_only == range->open_tasks_only)
        return;
    d->news->cursor = cursor;
    d->news->since = since;
    d->news->open_tasks_only = range->open_tasks_only;
    d->news->full_at = full ? usm__now() : coll->full_at;
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

usm_error_t *usm__detect(usm__news_t *news, usm_session_t *session, usm_collection_row_t *coll,
                         const usm_folder_row_t *folder, const usm_brange_t *range, apr_hash_t *touched,
                         apr_int64_t view, int keep, apr_pool_t *pool)
{
    detect_t d = {.session = session, .coll = coll, .since = range->since, .touched = touched, .view = view,
                  .keep = keep && !coll->queued, .news = news};
    int due = usm__bad_due(coll); /* the queue gets more than what is found here */
    d.keep &= !due;
    memset(news, 0, sizeof *news);
    if (folder && folder->role == USM_ROLE_OUTBOX)
        return NULL;
    apr_pool_create(&d.pool, pool);
    apr_pool_create(&d.buffer_pool, pool);
    d.buffer = apr_array_make(d.pool, 64, sizeof(found_t));
    d.by_id = apr_hash_make(d.pool);
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
        session->call.hinted = usm__hinted_at(session, ref.id);
        USM_ERR(usm__checked(session, USM__BVT(session)->changes(&cursor, &session->call, &ref, range, coll->cursor,
                                                                 grown || stale, &sink, pool, d.pool)));
    }
    if (due) {
        USM_ERR(flush(&d));
        USM_ERR(usm__bad_requeue(session, coll, d.pool));
        coll->queued = 1;
        news->written++;
    }
    int aged = should_age(&d);
    if (aged)
        USM_ERR(age(&d));
    note_cursor(&d, cursor, folder && (d.full || grown || stale), aged, range);
    if (d.keep)
        USM_ERR(hand_over(&d, pool));
    else
        USM_ERR(flush(&d));
    if (folder && !d.fresh && (news->written || (news->entries && news->entries->nelts)))
        usm__hint_found(session, folder->backend_id);
    apr_pool_destroy(d.buffer_pool);
    apr_pool_destroy(d.pool);
    return NULL;
}
