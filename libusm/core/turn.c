/* SPDX-License-Identifier: Apache-2.0 */
/* Turns: from the client's key to the next one. See design note in libusm/doc/sync-keys.md.
 *
 *   key = gen   the client has the newest answer; what went before can be forgotten
 *   key = prev  the newest answer was lost: undo it, and never hand out its number again, so that a late arrival of
 *               that answer shows up as a stale key instead of as a silent divergence
 *   otherwise   stale
 */
#include "core.h"

#include <stdlib.h>

#define REPEAT_INITIAL_MS 60000
#define PASSED_MAX 4096 /* entries that a turn passes over before it lets the client ask again */

void usm__mutate(usm_turn_t *turn, int op, const usm_item_row_t *row)
{
    usm__mutation_t *m = apr_array_push(turn->mutations);
    memset(m, 0, sizeof *m);
    m->op = op;
    m->row = *row;
    m->row.id = apr_pstrdup(turn->pool, row->id);
    if (row->digests_len)
        m->row.digests = apr_pmemdup(turn->pool, row->digests, row->digests_len);
}

static usm_error_t *load(int *found_p, usm_turn_t *turn)
{
    usm_session_t *session = turn->session;
    usm_txn_t *txn;
    apr_int64_t fid = turn->params.folder ? usm__fid_parse(turn->params.folder) : 0;
    *found_p = 0;
    if (turn->params.folder && !fid)
        return USM_ERROR(turn->pool, USM_ENOTFOUND, "not a folder id");
    USM_ERR(usm__read(&txn, session, turn->pool));
    USM_ERR(usm__finish(session, txn, USM__VT(session)->collection_get(found_p, &turn->coll, &turn->folder, txn,
                                                                       session->device.id, session->device.user, fid,
                                                                       turn->pool)));
    if (fid && (turn->folder.fid == 0 || turn->folder.gone))
        return USM_ERROR(turn->pool, turn->folder.gone ? USM_EFOLDER_GONE : USM_ENOTFOUND,
                         "folder %" APR_INT64_T_FMT " is gone or unknown", fid);
    if (!fid)
        turn->folder = (usm_folder_row_t){.cls = USM_FOLDER};
    usm__folder_ref(&turn->ref, &turn->folder);
    return NULL;
}

static usm_error_t *start_over(usm_turn_t *turn, int found)
{
    usm_session_t *session = turn->session;
    usm_collection_row_t *coll = &turn->coll;
    usm_txn_t *txn;
    usm_time_t now = usm__now();
    turn->initial = 1;
    /* Some clients start the same folder twice within seconds: both get the same key. */
    if (found && coll->gen == 1 && !coll->cursor && now - coll->created < REPEAT_INITIAL_MS) {
        turn->base = 1;
        return NULL;
    }
    apr_uint64_t epoch = 0;
    usm__random(&epoch, 6);
    *coll = (usm_collection_row_t){.device = session->device.id, .fid = turn->folder.fid, .cls = turn->folder.cls,
                                   .epoch = (apr_int64_t)epoch, .gen = 1, .prev = 1, .since = USM_TIME_NONE,
                                   .options = turn->params.options, .created = now, .lease = "",
                                   .retry_at = USM_TIME_NONE};
    turn->base = 1;
    USM_ERR(usm__write(&txn, session, turn->pool));
    return usm__finish(session, txn, USM__VT(session)->collection_reset(txn, coll));
}

/* What the client had changed with the lost answer: the repeat may leave some of it out, and detection has passed it.
 */
static usm_error_t *queue_echo(void *baton, const usm_echo_row_t *echo)
{
    usm_turn_t *turn = baton;
    usm_pending_row_t row = {.id = echo->id, .state = USM_PENDING_PRESENT, .rev = echo->rev, .edge = USM_TIME_NONE,
                             .ord = APR_INT64_MAX - 1};
    if (echo->id && *echo->id)
        APR_ARRAY_PUSH(turn->queue, usm_pending_row_t) = row;
    return NULL;
}

static usm_error_t *queue_echoes(usm_turn_t *turn, usm_txn_t *txn)
{
    const usm_store_vtable_t *vt = USM__VT(turn->session);
    usm_pending_row_t newer;
    turn->queue = apr_array_make(turn->pool, 8, sizeof(usm_pending_row_t));
    USM_ERR(vt->echo_scan(txn, turn->coll.id, turn->base, queue_echo, turn, turn->pool));
    for (int i = 0; i < turn->queue->nelts; i++) {
        const usm_pending_row_t *row = &APR_ARRAY_IDX(turn->queue, i, usm_pending_row_t);
        int found = 0;
        USM_ERR(vt->pending_get(&found, &newer, txn, turn->coll.id, row->id, turn->pool));
        if (!found)
            USM_ERR(vt->pending_put(txn, turn->coll.id, row));
    }
    turn->queue = NULL;
    return NULL;
}

static usm_error_t *undo(usm_turn_t *turn)
{
    usm_session_t *session = turn->session;
    const usm_store_vtable_t *vt = USM__VT(session);
    usm_collection_row_t *coll = &turn->coll;
    usm_txn_t *txn;
    int done = 0;
    USM_ERR(usm__write(&txn, session, turn->pool));
    usm_error_t *err = vt->undo(txn, coll->id, coll->gen);
    if (!err)
        err = queue_echoes(turn, txn);
    if (!err)
        err = vt->collection_advance(&done, txn, coll->id, coll->epoch, coll->gen, coll->gen + 1, coll->prev);
    if (!err && !done)
        err = USM_ERROR(turn->pool, USM_ERACE, "another request moved the collection");
    USM_ERR(usm__finish(session, txn, err));
    coll->gen++;
    turn->repeated = 1;
    return NULL;
}

usm_error_t *usm__turn_validate(usm_turn_t *turn)
{
    apr_int64_t epoch, gen;
    int found;
    USM_ERR(load(&found, turn));
    if (turn->params.key && strcmp(turn->params.key, "0") == 0)
        return start_over(turn, found);
    if (!usm__key_parse(&epoch, &gen, turn->params.key) || !found || epoch != turn->coll.epoch)
        return USM_ERROR(turn->pool, USM_ESTALE_KEY, "key of another start or no key at all");
    turn->base = gen;
    turn->repeated = 0;
    if (gen == turn->coll.gen)
        return NULL;
    if (gen == turn->coll.prev && turn->only_looks) { /* what was told is not taken back for a question */
        turn->base = turn->coll.gen;
        turn->repeated = 1;
        return NULL;
    }
    if (gen == turn->coll.prev && !turn->params.strict) {
        /* Not while another repeat still applies its changes: it would no longer find out what was done. */
        if (!turn->leased) {
            USM_ERR(usm__turn_lease(turn));
            if (turn->overtaken)
                return NULL; /* the key was looked at again */
        }
        return undo(turn);
    }
    return USM_ERROR(turn->pool, USM_ESTALE_KEY, "key of generation %" APR_INT64_T_FMT ", collection is at %"
                     APR_INT64_T_FMT, gen, turn->coll.gen);
}

/* @a only_looks: the state stays as it is. */
static usm_error_t *open_turn(usm_turn_t **turn_p, usm_session_t *session, const usm_turn_params_t *params,
                              int only_looks, apr_pool_t *pool)
{
    if (session->transient && params->folder)
        return USM_ERROR(pool, USM_EUNSUPPORTED, "nothing is kept for this device");
    usm_turn_t *turn = apr_pcalloc(pool, sizeof *turn);
    turn->pool = pool;
    turn->session = session;
    turn->params = *params;
    turn->only_looks = only_looks;
    turn->touched = apr_hash_make(pool);
    turn->mutations = apr_array_make(pool, 64, sizeof(usm__mutation_t));
    turn->passed = apr_hash_make(pool);
    if (turn->params.window < 0 || turn->params.window > 512)
        turn->params.window = 512;
    if (!params->folder)
        turn->params.window = USM_GEN_INF / 4; /* FolderSync has no window */
    if (session->transient) { /* a key that no later request can use */
        turn->initial = 1;
        turn->base = 1;
        turn->folder.cls = USM_FOLDER;
        *turn_p = turn;
        return NULL;
    }
    if (!only_looks)
        usm__supersede(session, 0);
    USM_ERR(usm__turn_validate(turn));
    *turn_p = turn;
    return NULL;
}

usm_error_t *usm_turn_open(usm_turn_t **turn_p, usm_session_t *session, const usm_turn_params_t *params,
                           apr_pool_t *pool)
{
    return open_turn(turn_p, session, params, 0, pool);
}

int usm_turn_initial(const usm_turn_t *turn)
{
    return turn->initial;
}

usm_class_e usm_turn_class(const usm_turn_t *turn)
{
    return turn->folder.cls;
}

usm_role_e usm_turn_role(const usm_turn_t *turn)
{
    return turn->folder.role;
}

const char *usm_turn_options(const usm_turn_t *turn)
{
    return turn->params.options ? turn->params.options : turn->coll.options;
}

usm_error_t *usm_collection_options(const char **options_p, usm_class_e *cls_p, usm_session_t *session,
                                    const char *folder, apr_pool_t *pool)
{
    usm_collection_row_t coll = {0};
    usm_folder_row_t row = {0};
    usm_txn_t *txn;
    int found = 0;
    apr_int64_t fid = usm__fid_parse(folder);
    *options_p = NULL;
    if (!fid || session->transient)
        return USM_ERROR(pool, USM_ENOTFOUND, "not a folder id");
    USM_ERR(usm__read(&txn, session, pool));
    USM_ERR(usm__finish(session, txn, USM__VT(session)->collection_get(&found, &coll, &row, txn, session->device.id,
                                                                       session->device.user, fid, pool)));
    if (!row.fid || row.gone)
        return USM_ERROR(pool, row.gone ? USM_EFOLDER_GONE : USM_ENOTFOUND, "folder %s is gone or unknown", folder);
    *cls_p = row.cls;
    if (found)
        *options_p = coll.options;
    return NULL;
}

/* ---- server changes ---- */

static usm_error_t *keep_pending(void *baton, const usm_pending_row_t *row)
{
    usm_turn_t *turn = baton;
    turn->scanned++;
    if (apr_hash_get(turn->passed, row->id, APR_HASH_KEY_STRING))
        return NULL;
    usm_pending_row_t *copy = apr_array_push(turn->queue);
    *copy = *row;
    copy->id = apr_pstrdup(turn->pool, row->id);
    return NULL;
}

/* An entry that detection has renewed since it was read stays where it is. */
static usm_error_t *settle_pending(usm_turn_t *turn, usm_txn_t *txn, const usm__mutation_t *m, apr_int64_t gen)
{
    const usm_pending_row_t seen = {.id = m->row.id, .state = m->row.withheld, .rev = m->row.rev};
    return USM__VT(turn->session)->pending_take(txn, turn->coll.id, &seen, gen);
}

/* A commit without a new generation: has the collection been started over, its numbers no longer mean the same. */
static usm_error_t *same_epoch(usm_turn_t *turn, usm_txn_t *txn)
{
    usm_session_t *session = turn->session;
    usm_collection_row_t now;
    int found = 0;
    USM_ERR(USM__VT(session)->collection_get(&found, &now, NULL, txn, session->device.id, session->device.user,
                                             turn->coll.fid, turn->pool));
    if (!found || now.epoch != turn->coll.epoch)
        return USM_ERROR(turn->pool, USM_ERACE, "another request started the collection over");
    return NULL;
}

/* Entries that turned out to be no news are dropped at once, so that the rest of the queue comes into reach. */
static usm_error_t *drop_idle(usm_turn_t *turn)
{
    usm_session_t *session = turn->session;
    usm_txn_t *txn;
    int n = 0;
    usm_error_t *err = NULL;
    USM_ERR(usm__write(&txn, session, turn->pool));
    err = same_epoch(turn, txn);
    for (int i = 0; !err && i < turn->mutations->nelts; i++) {
        usm__mutation_t *m = &APR_ARRAY_IDX(turn->mutations, i, usm__mutation_t);
        if (m->op == USM__DROP)
            err = settle_pending(turn, txn, m, 0);
        else if (m->op == USM__TOUCH)
            err = USM__VT(session)->item_touch(txn, turn->coll.id, turn->base, m->row.id, m->row.rev, m->row.edge);
        else
            APR_ARRAY_IDX(turn->mutations, n++, usm__mutation_t) = *m;
    }
    turn->mutations->nelts = n;
    return usm__finish(session, txn, err);
}

static usm_error_t *fill_queue(usm_turn_t *turn)
{
    usm_session_t *session = turn->session;
    usm_txn_t *txn;
    int limit = turn->params.window > 4096 ? 8192 : turn->params.window * 2 + 16;
    limit += (int)apr_hash_count(turn->passed);
    turn->scanned = 0;
    turn->queue = apr_array_make(turn->pool, 64, sizeof(usm_pending_row_t));
    turn->queue_at = 0;
    USM_ERR(usm__read(&txn, session, turn->pool));
    USM_ERR(usm__finish(session, txn, USM__VT(session)->pending_scan(txn, turn->coll.id, limit, keep_pending, turn,
                                                                     turn->pool)));
    turn->queue_full = turn->scanned == limit;
    turn->ready = NULL;
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
    return keep_pending(baton, &row);
}

static int compare_order(const void *a, const void *b)
{
    apr_int64_t x = ((const usm_pending_row_t *)a)->ord, y = ((const usm_pending_row_t *)b)->ord;
    return x < y ? 1 : x > y ? -1 : 0;
}

static usm_error_t *detect_transient(usm_turn_t *turn)
{
    const usm_bsink_t sink = {.baton = turn, .begin_full = no_op, .upsert = queue_folder, .end_full = no_op};
    const char *cursor;
    turn->queue = apr_array_make(turn->pool, 64, sizeof(usm_pending_row_t));
    USM_ERR(usm__hierarchy_changes(&cursor, turn->session, &sink, turn->pool, turn->pool));
    qsort(turn->queue->elts, (size_t)turn->queue->nelts, sizeof(usm_pending_row_t), compare_order);
    return NULL;
}

static usm_error_t *detect(usm_turn_t *turn)
{
    usm_brange_t range = {.since = turn->params.since, .open_tasks_only = turn->params.open_tasks_only};
    turn->detected = 1;
    if (turn->session->transient)
        return detect_transient(turn);
    turn->retry_due = usm__bad_due(&turn->coll);
    USM_ERR(usm__detect(turn->session, &turn->coll, turn->folder.fid ? &turn->folder : NULL, &range,
                        turn->applied ? turn->touched : NULL, turn->base, turn->pool));
    return fill_queue(turn);
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
    int n = 0;
    for (int i = 0; i < count; i++) {
        const usm_pending_row_t *p = &APR_ARRAY_IDX(turn->queue, turn->queue_at + i, usm_pending_row_t);
        if (wants(turn, p))
            wanted[n++].id = p->id;
    }
    if (n && turn->folder.fid == 0) {
        USM_ERR(usm__hierarchy_get(wanted, n, session, turn->batch_pool));
    } else if (n) {
        USM_ERR(usm__read_items(wanted, n, turn, turn->batch_pool));
    }
    for (int i = 0, k = 0; i < count; i++) {
        const usm_pending_row_t *p = &APR_ARRAY_IDX(turn->queue, turn->queue_at + i, usm_pending_row_t);
        usm_bget_t none = {.id = p->id};
        APR_ARRAY_PUSH(turn->ready, usm_bget_t) = wants(turn, p) ? wanted[k++] : none;
    }
    return NULL;
}

usm_error_t *usm__device_has(int *found_p, usm_item_row_t *row, usm_turn_t *turn, const char *id, apr_pool_t *pool)
{
    usm__touched_t *t = apr_hash_get(turn->touched, id, APR_HASH_KEY_STRING);
    usm_session_t *session = turn->session;
    usm_txn_t *txn;
    *found_p = 0;
    if (session->transient)
        return NULL;
    if (t) {
        *found_p = t->alive;
        *row = t->row;
        return NULL;
    }
    *found_p = 0;
    USM_ERR(usm__read(&txn, session, pool));
    USM_ERR(
        usm__finish(session, txn, USM__VT(session)->item_get(found_p, row, txn, turn->coll.id, turn->base, id, pool)));
    row->id = id;
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
static int forget_last(usm_turn_t *turn)
{
    int had = turn->set_aside >= 0;
    for (int i = turn->last_mutations; i < turn->mutations->nelts; i++)
        had |= APR_ARRAY_IDX(turn->mutations, i, usm__mutation_t).op == USM__KILL;
    turn->mutations->nelts = turn->last_mutations;
    if (turn->set_aside >= 0) {
        usm__mutation_t *m = &APR_ARRAY_IDX(turn->mutations, turn->set_aside, usm__mutation_t);
        usm__touched_t *t = apr_hash_get(turn->touched, m->row.id, APR_HASH_KEY_STRING);
        m->op = USM__ADD;
        t->alive = 1;
        turn->set_aside = -1;
    }
    turn->sent--;
    return had;
}

/* The queue entry is told (TAKE) or was no news (DROP); its state travels in `withheld`. */
static void settle(usm_turn_t *turn, int op, const usm_pending_row_t *p)
{
    usm_item_row_t row = {.id = p->id, .rev = p->rev, .withheld = p->state};
    usm__mutate(turn, op, &row);
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
    usm_item_row_t row = {.id = p->id, .rev = p->rev || !has ? p->rev : has->rev, .edge = p->edge, .withheld = 1};
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
    return has->withheld ? NULL : make_change(turn, kind, p->id);
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
    usm_change_t *change = make_change(turn, has && !has->withheld ? USM_CHANGE_CHANGE : USM_CHANGE_ADD, p->id);
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

usm_error_t *usm_turn_next(const usm_change_t **change_p, usm_turn_t *turn, apr_pool_t *pool)
{
    *change_p = NULL;
    if ((turn->initial && turn->folder.fid) || turn->params.window == 0 || turn->finished)
        return NULL;
    if (!turn->detected)
        USM_ERR(detect(turn));
    for (;;) {
        if (turn->queue_at >= turn->queue->nelts) {
            if (!turn->queue_full || turn->sent || apr_hash_count(turn->passed) > PASSED_MAX) {
                turn->more = turn->queue_full;
                return NULL;
            }
            USM_ERR(drop_idle(turn)); /* a long run of no news: go on with what lies behind it */
            USM_ERR(fill_queue(turn));
            continue;
        }
        if (window_full(turn)) {
            turn->more = 1;
            return NULL;
        }
        if (!turn->ready || !turn->ready->nelts)
            USM_ERR(read_ahead(turn));
        usm_bget_t got = APR_ARRAY_IDX(turn->ready, 0, usm_bget_t);
        turn->ready->elts += sizeof(usm_bget_t);
        turn->ready->nelts--;
        const usm_pending_row_t *p = &APR_ARRAY_IDX(turn->queue, turn->queue_at++, usm_pending_row_t);
        usm_item_row_t has;
        int found = 0;
        turn->last_mutations = turn->mutations->nelts;
        turn->set_aside = -1;
        turn->last = *p;
        if (is_own(turn, p)) {
            settle(turn, USM__TAKE, p);
            apr_hash_set(turn->passed, p->id, APR_HASH_KEY_STRING, "");
            continue;
        }
        if (too_early(turn, p)) { /* it stays in the queue, and what waits for changes sees it there */
            apr_hash_set(turn->passed, p->id, APR_HASH_KEY_STRING, "");
            continue;
        }
        USM_ERR(usm__device_has(&found, &has, turn, p->id, pool));
        if (found)
            USM_ERR(look_again(&got, turn, p, &has));
        *change_p = judge(turn, p, &got, found ? &has : NULL, pool);
        if (*change_p) {
            turn->batch_used |= (*change_p)->item != NULL;
            turn->sent++;
            turn->session->stats.items_out++;
            return NULL;
        }
        if (took_last(turn))
            apr_hash_set(turn->passed, p->id, APR_HASH_KEY_STRING, "");
    }
}

void usm_turn_withhold(usm_turn_t *turn, const char *why)
{
    usm_item_row_t has = {.id = turn->last.id};
    int had = forget_last(turn);
    withhold_row(turn, &turn->last, had ? &has : NULL, why, NULL);
}

void usm_turn_unread(usm_turn_t *turn)
{
    forget_last(turn);
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

/* ---- end ---- */

static usm_error_t *run_mutation(usm_turn_t *turn, usm_txn_t *txn, const usm__mutation_t *m, apr_int64_t new_gen)
{
    const usm_store_vtable_t *vt = USM__VT(turn->session);
    usm_item_row_t row = m->row;
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
    }
    return NULL;
}

static usm_error_t *commit(usm_turn_t *turn, int advance)
{
    usm_session_t *session = turn->session;
    const usm_store_vtable_t *vt = USM__VT(session);
    usm_collection_row_t *coll = &turn->coll;
    apr_int64_t new_gen = coll->gen + 1;
    usm_txn_t *txn;
    int done = 1;
    usm_error_t *err = NULL;
    USM_ERR(usm__write(&txn, session, turn->pool));
    if (advance)
        err = vt->collection_advance(&done, txn, coll->id, coll->epoch, coll->gen, new_gen, turn->base);
    if (!err && !done)
        err = USM_ERROR(turn->pool, USM_ERACE, "another request moved the collection first");
    if (!err && !advance)
        err = same_epoch(turn, txn);
    if (!err && advance)
        err = vt->purge(txn, coll->id, turn->base);
    for (int i = 0; !err && i < turn->mutations->nelts; i++)
        err = run_mutation(turn, txn, &APR_ARRAY_IDX(turn->mutations, i, usm__mutation_t), new_gen);
    if (!err)
        err = usm__bad_schedule(turn, txn);
    if (!err && turn->params.options && (!coll->options || strcmp(coll->options, turn->params.options) != 0))
        err = vt->collection_options(txn, coll->id, turn->params.options);
    if (!err && turn->leased)
        err = vt->collection_unlease(txn, coll->id, turn->lease_owner);
    USM_ERR(usm__finish(session, txn, err));
    turn->leased = 0;
    if (advance)
        coll->gen = new_gen;
    return NULL;
}

usm_error_t *usm_turn_close(const char **key_p, usm_turn_t *turn, apr_pool_t *pool)
{
    usm_collection_row_t *coll = &turn->coll;
    if (turn->session->transient) {
        apr_uint64_t epoch = 0;
        usm__random(&epoch, 6);
        *key_p = usm__key_make((apr_int64_t)epoch, 1, pool);
        return NULL;
    }
    int news = 0;
    for (int i = 0; i < turn->mutations->nelts; i++) {
        int op = APR_ARRAY_IDX(turn->mutations, i, usm__mutation_t).op;
        news |= op == USM__KILL || op == USM__ADD || op == USM__TAKE;
    }
    int options = turn->params.options && (!coll->options || strcmp(coll->options, turn->params.options) != 0);
    int advance = news || turn->applied || turn->repeated;
    if (advance || turn->mutations->nelts || options)
        USM_ERR(commit(turn, advance));
    *key_p = usm__key_make(coll->epoch, coll->gen, pool);
    return NULL;
}

usm_error_t *usm_collection_estimate(int *count_p, usm_session_t *session, const usm_turn_params_t *params,
                                     apr_pool_t *pool)
{
    usm_turn_t *turn;
    usm_txn_t *txn;
    *count_p = 0;
    if (params->key && strcmp(params->key, "0") == 0)
        return NULL;
    USM_ERR(open_turn(&turn, session, params, 1, pool));
    USM_ERR(detect(turn));
    USM_ERR(usm__read(&txn, session, pool));
    USM_ERR(usm__finish(session, txn, USM__VT(session)->pending_count(count_p, txn, turn->coll.id, USM_GEN_INF)));
    /* What a lost answer held comes again. How much that was is told by the next turn. */
    if (turn->repeated && *count_p == 0)
        *count_p = 1;
    return NULL;
}
