/* SPDX-License-Identifier: Apache-2.0 */
/* Server changes: from what is dirty to what the device is told, and what that does to the store. */
#include "core.h"

#include <stdlib.h>

#define PASSED_MAX 4096      /* entries that a turn passes over before it lets the client ask again */
#define AGE_EVERY_MS 3600000 /* see detect.c */

static usm_error_t *keep_pending(void *baton, const usm_pending_row_t *row, const usm_item_row_t *has)
{
    usm_turn_t *turn = baton;
    turn->scanned++;
    if (apr_hash_get(turn->passed, row->id, APR_HASH_KEY_STRING))
        return NULL;
    usm__entry_t *e = apr_array_push(turn->queue);
    e->p = *row;
    e->p.id = apr_pstrdup(turn->pool, row->id);
    e->has.id = NULL;
    if (!has)
        return NULL;
    e->has = *has;
    e->has.id = e->p.id;
    if (has->digests_len)
        e->has.digests = apr_pmemdup(turn->pool, has->digests, has->digests_len);
    return NULL;
}

static usm_pending_row_t entry_of(const usm__mutation_t *m)
{
    return (usm_pending_row_t){.id = m->row.id, .state = m->row.withheld, .rev = m->row.rev, .edge = m->row.edge,
                               .ord = m->ord};
}

/* An entry that detection has renewed since it was read stays where it is. */
static usm_error_t *settle_pending(usm_turn_t *turn, usm_txn_t *txn, const usm__mutation_t *m, apr_int64_t gen)
{
    const usm_pending_row_t seen = entry_of(m);
    if (!turn->held)
        return USM__VT(turn->session)->pending_take(txn, turn->coll.id, &seen, gen);
    return gen ? USM__VT(turn->session)->pending_told(txn, turn->coll.id, &seen, gen) : NULL;
}

/* Entries that turned out to be no news are dropped at once, so that the rest of the queue comes into reach. */
static usm_error_t *drop_idle(usm_turn_t *turn)
{
    usm_session_t *session = turn->session;
    usm_txn_t *txn;
    int n = 0;
    usm_error_t *err = NULL;
    USM_ERR(usm__write(&txn, session, turn->pool));
    err = usm__turn_same_epoch(turn, txn);
    for (int i = 0; !err && i < turn->mutations->nelts; i++) {
        usm__mutation_t *m = &APR_ARRAY_IDX(turn->mutations, i, usm__mutation_t);
        if (m->op == USM__DROP)
            err = settle_pending(turn, txn, m, 0);
    }
    for (int i = 0; !err && i < turn->mutations->nelts; i++) {
        usm__mutation_t *m = &APR_ARRAY_IDX(turn->mutations, i, usm__mutation_t);
        if (m->op == USM__TOUCH)
            err = USM__VT(session)->item_touch(txn, turn->coll.id, turn->base, m->row.id, m->row.rev, m->row.edge);
        else if (m->op != USM__DROP)
            APR_ARRAY_IDX(turn->mutations, n++, usm__mutation_t) = *m;
    }
    turn->mutations->nelts = n;
    return usm__finish(session, txn, err);
}

static usm_error_t *fill_queue(usm_turn_t *turn)
{
    usm_session_t *session = turn->session;
    usm_txn_t *txn;
    int window = turn->params.window, limit = window > 4096 ? 8192 : window + window / 4 + 16;
    limit += (int)apr_hash_count(turn->passed);
    turn->scanned = 0;
    turn->queue = apr_array_make(turn->pool, 64, sizeof(usm__entry_t));
    turn->queue_at = 0;
    turn->ready = NULL;
    if (turn->coll.queued) {
        USM_ERR(usm__read(&txn, session, turn->pool));
        USM_ERR(usm__finish(session, txn, USM__VT(session)->pending_scan(txn, turn->coll.id, turn->base, limit,
                                                                         keep_pending, turn, turn->pool)));
    }
    turn->queue_full = turn->scanned == limit;
    return NULL;
}

/* A device that nothing is kept for: its one answer comes straight from the listing. */
static usm_error_t *no_op(void *baton)
{
    return NULL;
}

static usm_error_t *queue_folder(void *baton, const char *id, apr_uint64_t rev, usm_time_t edge, apr_int64_t order)
{
    const usm_pending_row_t row = {.id = id, .rev = rev, .edge = edge, .ord = order};
    return keep_pending(baton, &row, NULL);
}

static int compare_order(const void *a, const void *b)
{
    apr_int64_t x = ((const usm__entry_t *)a)->p.ord, y = ((const usm__entry_t *)b)->p.ord;
    return x < y ? 1 : x > y ? -1 : 0;
}

static usm_error_t *detect_transient(usm_turn_t *turn)
{
    const usm_bsink_t sink = {.baton = turn, .begin_full = no_op, .upsert = queue_folder, .end_full = no_op};
    const char *cursor;
    turn->looked = 1;
    turn->queue = apr_array_make(turn->pool, 64, sizeof(usm__entry_t));
    USM_ERR(usm__hierarchy_changes(&cursor, turn->session, &sink, turn->pool, turn->pool));
    qsort(turn->queue->elts, (size_t)turn->queue->nelts, sizeof(usm__entry_t), compare_order);
    return NULL;
}

/* A queue that is long enough for this answer need not be made longer first. Now and then it is all the same, or what
 * is new would wait for what is old to be told; and whatever makes this request another one than the last calls for a
 * look. */
static int can_wait(const usm_turn_t *turn)
{
    const usm_collection_row_t *coll = &turn->coll;
    usm_time_t since = turn->params.since;
    int same_range = turn->params.open_tasks_only == coll->open_tasks_only &&
                     (since == coll->since || (since != USM_TIME_NONE && coll->since != USM_TIME_NONE &&
                                               since > coll->since && since - coll->since < AGE_EVERY_MS));
    return turn->folder.fid && coll->cursor && same_range && !turn->applied && !turn->repeated && !turn->retry_due &&
           turn->queue->nelts > turn->params.window && coll->gen % USM__LOOK_EVERY != 0;
}

usm_error_t *usm__turn_detect(usm_turn_t *turn, int must)
{
    const usm_brange_t range = {.since = turn->params.since, .open_tasks_only = turn->params.open_tasks_only,
                                .max_items = turn->params.max_items};
    turn->detected = 1;
    if (turn->session->transient)
        return detect_transient(turn);
    turn->retry_due = usm__bad_due(&turn->coll);
    USM_ERR(fill_queue(turn));
    if (!must && can_wait(turn))
        return NULL;
    turn->looked = 1;
    USM_ERR(usm__detect(&turn->news, turn->session, &turn->coll, turn->folder.fid ? &turn->folder : NULL, &range,
                        turn->applied ? turn->touched : NULL, turn->base, 1, turn->pool));
    if (!turn->news.entries)
        return turn->news.written ? fill_queue(turn) : NULL;
    turn->held = 1;
    turn->queue = turn->news.entries;
    return NULL;
}

/* Told by what the client did itself in this turn? Its item need not be read. */
static int is_own(const usm_turn_t *turn, const usm_pending_row_t *p)
{
    const usm__touched_t *t = apr_hash_get(turn->touched, p->id, APR_HASH_KEY_STRING);
    if (!t)
        return 0;
    return p->state == USM_PENDING_PRESENT ? t->alive && p->rev && t->row.rev == p->rev : !t->alive;
}

static int too_early(const usm_turn_t *turn, const usm_pending_row_t *p)
{
    const usm__touched_t *t = apr_hash_get(turn->touched, p->id, APR_HASH_KEY_STRING);
    return t && t->added && !is_own(turn, p);
}

static int wants(const usm_turn_t *turn, const usm_pending_row_t *p)
{
    return p->state == USM_PENDING_PRESENT && !is_own(turn, p) && !too_early(turn, p);
}

/* What the device has of a queue's entry, this turn's client changes included; NULL = nothing. */
static const usm_item_row_t *has_of(const usm_turn_t *turn, const usm__entry_t *e)
{
    const usm__touched_t *t = apr_hash_get(turn->touched, e->p.id, APR_HASH_KEY_STRING);
    if (t)
        return t->alive ? &t->row : NULL;
    return e->has.id ? &e->has : NULL;
}

/* Read the next items of the queue from the backend, as many as the window may still take. */
static usm_error_t *read_ahead(usm_turn_t *turn)
{
    usm_session_t *session = turn->session;
    int room = turn->params.window - turn->sent, count = turn->queue->nelts - turn->queue_at;
    if (count > USM__GET_BATCH)
        count = USM__GET_BATCH;
    if (count > room)
        count = room;
    /* Items that are told stay for the life of the turn: the answer is written after the commit. turn_bytes_max bounds
     * them. A batch without any is of no more use. */
    if (turn->batch_pool && !turn->batch_used)
        apr_pool_destroy(turn->batch_pool);
    turn->batch_used = 0;
    apr_pool_create(&turn->batch_pool, turn->pool);
    turn->ready = apr_array_make(turn->batch_pool, count, sizeof(usm_bget_t));
    usm_bget_t *wanted = apr_pcalloc(turn->batch_pool, sizeof(usm_bget_t) * (apr_size_t)count);
    char *is_new = apr_pcalloc(turn->batch_pool, (apr_size_t)count);
    int n = 0;
    for (int i = 0; i < count; i++) {
        const usm_pending_row_t *p = &APR_ARRAY_IDX(turn->queue, turn->queue_at + i, usm__entry_t).p;
        if (!wants(turn, p))
            continue;
        is_new[n] = !has_of(turn, &APR_ARRAY_IDX(turn->queue, turn->queue_at + i, usm__entry_t));
        wanted[n++].id = p->id;
    }
    if (n && turn->folder.fid == 0) {
        USM_ERR(usm__hierarchy_get(wanted, n, session, turn->batch_pool));
    } else if (n) {
        USM_ERR(usm__read_items(wanted, n, turn, turn->batch_pool));
        USM_ERR(usm__thread_rules(turn, wanted, is_new, n));
    }
    for (int i = 0, k = 0; i < count; i++) {
        const usm_pending_row_t *p = &APR_ARRAY_IDX(turn->queue, turn->queue_at + i, usm__entry_t).p;
        usm_bget_t none = {.id = p->id};
        if (wants(turn, p) && wanted[k].later && i > 0)
            break;
        APR_ARRAY_PUSH(turn->ready, usm_bget_t) = wants(turn, p) ? wanted[k++] : none;
    }
    return NULL;
}

static apr_uint64_t weigh(const usm_item_t *item)
{
    apr_uint64_t bytes = 512;
    for (int f = 0; f < usm_class_fields(item->cls); f++) {
        const usm_fieldinfo_t *info = usm_field(item->cls, f);
        if (item->v[f].state != USM_SET)
            continue;
        if (info->type == USM_T_BODY)
            bytes += item->v[f].u.body->text.len + item->v[f].u.body->html.len + item->v[f].u.body->mime.len;
        else if (info->type == USM_T_PICTURE)
            bytes += item->v[f].u.blob->len * 4 / 3;
        else if (info->type == USM_T_EXCEPTIONS)
            bytes += (apr_uint64_t)item->v[f].u.exceptions->count * 1024;
    }
    return bytes;
}

/* The device no longer has the row it had. One that the client itself made in this turn exists only as a mutation,
 * which is set aside (its old row, if any, is killed by a mutation of its own). */
static void kill_row(usm_turn_t *turn, const usm_item_row_t *has)
{
    usm__touched_t *t = apr_hash_get(turn->touched, has->id, APR_HASH_KEY_STRING);
    if (!t) {
        usm__mutate(turn, USM__KILL, has);
        return;
    }
    t->alive = 0;
    for (int i = turn->mutations->nelts - 1; i >= 0; i--) {
        usm__mutation_t *m = &APR_ARRAY_IDX(turn->mutations, i, usm__mutation_t);
        if (m->op == USM__ADD && strcmp(m->row.id, has->id) == 0) {
            m->op = USM__NONE;
            turn->set_aside = i;
            return;
        }
    }
}

/* Take back all that the last change noted. */
static void forget_last(usm_turn_t *turn)
{
    turn->mutations->nelts = turn->last_mutations;
    if (turn->set_aside >= 0) {
        usm__mutation_t *m = &APR_ARRAY_IDX(turn->mutations, turn->set_aside, usm__mutation_t);
        usm__touched_t *t = apr_hash_get(turn->touched, m->row.id, APR_HASH_KEY_STRING);
        m->op = USM__ADD;
        t->alive = 1;
        turn->set_aside = -1;
    }
    turn->sent--;
}

/* The queue entry is told (TAKE) or was no news (DROP); its state travels in `withheld`. */
static void settle(usm_turn_t *turn, int op, const usm_pending_row_t *p)
{
    usm_item_row_t row = {.id = p->id, .rev = p->rev, .edge = p->edge, .withheld = p->state};
    usm__mutate(turn, op, &row);
    APR_ARRAY_IDX(turn->mutations, turn->mutations->nelts - 1, usm__mutation_t).ord = p->ord;
}

/* The item cannot be sent: remember its revision, so that it is tried again when it changes and not before (or, when
 * the reason may pass, after a while). */
static void withhold_row(usm_turn_t *turn, const usm_pending_row_t *p, const usm_item_row_t *has, const char *why,
                         const usm_error_t *err)
{
    if (!has || !has->withheld || (p->rev && has->rev != p->rev)) /* once for each version of it */
        usm_log(turn->session->log, USM_LOG_WARNING, 101, "item %s of folder %" APR_INT64_T_FMT " is held back: %s",
                p->id, turn->folder.fid, why);
    if (has)
        kill_row(turn, has);
    usm_item_row_t row = {.id = p->id, .rev = p->rev || !has ? p->rev : has->rev, .edge = p->edge,
                          .withheld = USM_ITEM_HELD_BACK};
    if (has && has->withheld != USM_ITEM_HELD_BACK) { /* the device keeps the version it has */
        row.digests = has->digests;
        row.digests_len = has->digests_len;
        row.edge = has->edge;
        row.withheld = USM_ITEM_OUTDATED;
    }
    usm__mutate(turn, USM__ADD, &row);
    usm__mutation_t *m = &APR_ARRAY_IDX(turn->mutations, turn->mutations->nelts - 1, usm__mutation_t);
    m->why = apr_pstrdup(turn->pool, why);
    m->code = err ? usm_error_code(err) : USM_EINVALID;
    m->retry = err && usm_error_retry(err);
    settle(turn, USM__TAKE, p);
}

static usm_change_t *make_change(usm_turn_t *turn, usm_change_e kind, const char *id)
{
    usm_change_t *change = apr_pcalloc(turn->pool, sizeof *change);
    change->kind = kind;
    change->id = usm__sid_make(turn->folder.fid, id, turn->pool);
    return change;
}

static usm_change_t *gone(usm_turn_t *turn, const usm_pending_row_t *p, const usm_item_row_t *has, usm_change_e kind)
{
    if (!has) {
        settle(turn, USM__DROP, p);
        return NULL;
    }
    kill_row(turn, has);
    settle(turn, USM__TAKE, p);
    return has->withheld == USM_ITEM_HELD_BACK ? NULL : make_change(turn, kind, p->id);
}

/* The device has all of it already, but for the revision. Of an item that its client changed in this turn the row in
 * the store is still the one before: it is the new one that gets the revision. */
static void no_news(usm_turn_t *turn, const usm_pending_row_t *p, usm_item_row_t *now)
{
    usm__touched_t *t = apr_hash_get(turn->touched, p->id, APR_HASH_KEY_STRING);
    if (!t) {
        usm__mutate(turn, USM__TOUCH, now);
        settle(turn, USM__DROP, p);
        return;
    }
    t->row.rev = now->rev;
    t->row.edge = now->edge;
    usm__mutate(turn, USM__ADD, &t->row);
    settle(turn, USM__TAKE, p);
}

/* What one queue entry means for the device; NULL = nothing. */
static usm_change_t *judge(usm_turn_t *turn, const usm_pending_row_t *p, const usm_bget_t *got,
                           const usm_item_row_t *has, apr_pool_t *pool)
{
    usm_time_t since = turn->params.since;
    if (got->error) {
        withhold_row(turn, p, has, usm_error_text(got->error, pool), got->error);
        return NULL;
    }
    if ((p->state == USM_PENDING_OUTSIDE && !got->item) ||
        (got->item && since != USM_TIME_NONE && got->edge != USM_TIME_NONE && got->edge < since))
        return gone(turn, p, has, USM_CHANGE_SOFTDELETE);
    if (!got->item)
        return gone(turn, p, has, USM_CHANGE_DELETE);
    usm_item_row_t row = {.id = p->id, .rev = got->rev, .edge = got->edge};
    usm_fieldset_t changed;
    int differs = usm_digest_diff(&changed, got->item, has ? has->digests : NULL, has ? has->digests_len : 0);
    if (has && !has->withheld && !differs) {
        no_news(turn, p, &row);
        return NULL;
    }
    usm_item_digests(&row.digests, &row.digests_len, got->item, pool);
    if (has && has->withheld == USM_ITEM_OUTDATED && !differs) { /* back to what the device has had all the time */
        kill_row(turn, has);
        usm__mutate(turn, USM__ADD, &row);
        settle(turn, USM__TAKE, p);
        return NULL;
    }
    int known = has && has->withheld != USM_ITEM_HELD_BACK;
    usm_change_t *change = make_change(turn, known ? USM_CHANGE_CHANGE : USM_CHANGE_ADD, p->id);
    change->item = got->item;
    change->changed = changed;
    if (has)
        kill_row(turn, has);
    usm__mutate(turn, USM__ADD, &row);
    settle(turn, USM__TAKE, p);
    turn->bytes += weigh(got->item);
    return change;
}

static int window_full(const usm_turn_t *turn)
{
    return turn->sent >= turn->params.window ||
           (turn->folder.fid && turn->sent &&
            /* FolderSync has no MoreAvailable */ turn->bytes >= turn->session->ctx->config.turn_bytes_max);
}

/* The window may have grown since the entry was queued, so that an item it calls outside is inside again. */
static usm_error_t *look_again(usm_bget_t *got, usm_turn_t *turn, const usm_pending_row_t *p, const usm_item_row_t *has)
{
    usm_time_t edge = p->edge != USM_TIME_NONE ? p->edge : has->edge, since = turn->params.since;
    usm_session_t *session = turn->session;
    if (p->state != USM_PENDING_OUTSIDE || (since != USM_TIME_NONE && edge != USM_TIME_NONE && edge < since))
        return NULL;
    return usm__checked(session, USM__BVT(session)->get(got, 1, &session->call, &turn->ref, &turn->params.fetch,
                                                        turn->batch_pool, turn->batch_pool));
}

/* Did the entry just judged leave something for commit() to take? */
static int took_last(const usm_turn_t *turn)
{
    return turn->mutations->nelts > turn->last_mutations &&
           APR_ARRAY_IDX(turn->mutations, turn->mutations->nelts - 1, usm__mutation_t).op == USM__TAKE;
}

/* The queue that was read is at its end. *end_p: and so is this answer. */
static usm_error_t *go_on(int *end_p, usm_turn_t *turn)
{
    *end_p = turn->looked ? !turn->queue_full || turn->sent || apr_hash_count(turn->passed) > PASSED_MAX : turn->sent;
    if (*end_p) {
        turn->more = turn->queue_full || !turn->looked;
        return NULL;
    }
    USM_ERR(drop_idle(turn)); /* a long run of no news: go on with what lies behind it */
    return turn->looked ? fill_queue(turn) : usm__turn_detect(turn, 1);
}

/* Judge the entry at the front of the queue. */
static usm_error_t *take_next(const usm_change_t **change_p, usm_turn_t *turn, apr_pool_t *pool)
{
    if (!turn->ready || !turn->ready->nelts)
        USM_ERR(read_ahead(turn));
    usm_bget_t got = APR_ARRAY_IDX(turn->ready, 0, usm_bget_t);
    turn->ready->elts += sizeof(usm_bget_t);
    turn->ready->nelts--;
    const usm__entry_t *e = &APR_ARRAY_IDX(turn->queue, turn->queue_at++, usm__entry_t);
    turn->last_mutations = turn->mutations->nelts;
    turn->set_aside = -1;
    turn->last = e->p;
    if (is_own(turn, &e->p)) {
        settle(turn, USM__TAKE, &e->p);
        apr_hash_set(turn->passed, e->p.id, APR_HASH_KEY_STRING, "");
        return NULL;
    }
    if (too_early(turn, &e->p)) { /* it stays in the queue, and what waits for changes sees it there */
        settle(turn, USM__STAY, &e->p);
        apr_hash_set(turn->passed, e->p.id, APR_HASH_KEY_STRING, "");
        return NULL;
    }
    const usm_item_row_t *has = has_of(turn, e);
    if (has)
        USM_ERR(look_again(&got, turn, &e->p, has));
    *change_p = judge(turn, &e->p, &got, has, pool);
    if (!*change_p && took_last(turn))
        apr_hash_set(turn->passed, e->p.id, APR_HASH_KEY_STRING, "");
    return NULL;
}

usm_error_t *usm_turn_next(const usm_change_t **change_p, usm_turn_t *turn, apr_pool_t *pool)
{
    int end = 0;
    *change_p = NULL;
    if ((turn->initial && turn->folder.fid) || turn->params.window == 0 || turn->finished)
        return NULL;
    if (!turn->detected)
        USM_ERR(usm__turn_detect(turn, 0));
    while (!*change_p) {
        if (turn->queue_at >= turn->queue->nelts) {
            USM_ERR(go_on(&end, turn));
            if (end)
                return NULL;
            continue;
        }
        if (window_full(turn)) {
            turn->more = 1;
            return NULL;
        }
        USM_ERR(take_next(change_p, turn, pool));
    }
    turn->batch_used |= (*change_p)->item != NULL;
    turn->sent++;
    turn->session->stats.items_out++;
    return NULL;
}

void usm_turn_withhold(usm_turn_t *turn, const char *why)
{
    forget_last(turn);
    const usm__entry_t *e = &APR_ARRAY_IDX(turn->queue, turn->queue_at - 1, usm__entry_t);
    withhold_row(turn, &turn->last, has_of(turn, e), why, NULL);
}

void usm_turn_unread(usm_turn_t *turn)
{
    forget_last(turn);
    turn->queue_at--;
    turn->more = 1;
    turn->finished = 1;
}

int usm_turn_more(const usm_turn_t *turn)
{
    return turn->more || (turn->queue && turn->queue_at < turn->queue->nelts);
}


apr_uint64_t usm_turn_bytes(const usm_turn_t *turn)
{
    return turn->bytes;
}

/* ---- what the commit has to write ---- */

static usm_error_t *run_mutation(usm_turn_t *turn, usm_txn_t *txn, const usm__mutation_t *m, apr_int64_t new_gen)
{
    const usm_store_vtable_t *vt = USM__VT(turn->session);
    usm_item_row_t row = m->row;
    usm_pending_row_t seen = entry_of(m);
    switch (m->op) {
    case USM__NONE:
        return NULL;
    case USM__KILL:
        if (row.withheld)
            USM_ERR(vt->bad_drop(txn, turn->coll.id, USM_BAD_HELD_BACK, row.id));
        return vt->item_kill(txn, turn->coll.id, turn->base, row.id, new_gen);
    case USM__ADD:
        row.born = new_gen;
        row.died = USM_GEN_INF;
        USM_ERR(vt->item_add(txn, turn->coll.id, &row));
        return row.withheld ? usm__bad_held(turn, txn, m) : NULL;
    case USM__TOUCH:
        return vt->item_touch(txn, turn->coll.id, turn->base, row.id, row.rev, row.edge);
    case USM__TAKE:
        return settle_pending(turn, txn, m, new_gen);
    case USM__DROP:
        return settle_pending(turn, txn, m, 0);
    case USM__STAY:
        return turn->held ? vt->pending_put(txn, turn->coll.id, &seen) : NULL;
    }
    return NULL;
}

/* Those of one kind together, which is how the database takes them best. Different kinds do not depend on each other's
 * order: a row that is added is born now, one that is killed or touched was born before. */
usm_error_t *usm__turn_mutate(usm_turn_t *turn, usm_txn_t *txn, apr_int64_t new_gen)
{
    for (int op = USM__KILL; op <= USM__STAY; op++) {
        for (int i = 0; i < turn->mutations->nelts; i++) {
            const usm__mutation_t *m = &APR_ARRAY_IDX(turn->mutations, i, usm__mutation_t);
            if ((int)m->op == op)
                USM_ERR(run_mutation(turn, txn, m, new_gen));
        }
    }
    for (int i = turn->queue_at; turn->held && i < turn->queue->nelts; i++)
        USM_ERR(USM__VT(turn->session)->pending_put(txn, turn->coll.id,
                                                    &APR_ARRAY_IDX(turn->queue, i, usm__entry_t).p));
    return usm__remember(txn, turn->session, &turn->coll, &turn->news);
}
