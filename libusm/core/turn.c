/* SPDX-License-Identifier: Apache-2.0 */
/* Turns: from the client's key to the next one. See design note in libusm/doc/sync-keys.md.
 *
 *   key = gen   the client has the newest answer; what went before can be forgotten
 *   key = prev  the newest answer was lost: undo it, and never hand out its number again, so that a late arrival of
 *               that answer shows up as a stale key instead of as a silent divergence
 *   otherwise   stale
 */
#include "hint.h"

#include <stdlib.h>

#define REPEAT_INITIAL_MS 60000
#define START_TRIES 8
#define PEEKED_MS 1000
#define PURGE_ALL_EVERY 64 /* generations; in between only what the newest answer is known to have left */

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

/* The protocol asks for a collection's options and opens its turn right after: the rows are read once for both. Should
 * they have changed in between, the guarded commit finds out. */
static usm_error_t *read_rows(int *found_p, usm_collection_row_t *coll, usm_folder_row_t *folder,
                              usm_session_t *session, apr_int64_t fid, apr_pool_t *pool)
{
    usm_txn_t *txn;
    memset(coll, 0, sizeof *coll);
    memset(folder, 0, sizeof *folder);
    *found_p = 0;
    USM_ERR(usm__read(&txn, session, pool));
    return usm__finish(session, txn, USM__VT(session)->collection_get(found_p, coll, folder, txn, session->device.id,
                                                                      session->device.user, fid, pool));
}

static usm__peeked_t *take_peeked(usm_session_t *session, apr_int64_t fid)
{
    usm__peeked_t *peeked = session->peeked ? apr_hash_get(session->peeked, &fid, sizeof fid) : NULL;
    if (!peeked)
        return NULL;
    apr_hash_set(session->peeked, &fid, sizeof fid, NULL);
    return usm__now() - peeked->at < PEEKED_MS ? peeked : NULL;
}

static void keep_peeked(usm_session_t *session, apr_int64_t fid, int found, const usm_collection_row_t *coll,
                        const usm_folder_row_t *folder)
{
    usm__peeked_t *peeked = apr_palloc(session->pool, sizeof *peeked);
    *peeked = (usm__peeked_t){.found = found, .coll = *coll, .folder = *folder, .at = usm__now()};
    if (!session->peeked)
        session->peeked = apr_hash_make(session->pool);
    apr_hash_set(session->peeked, apr_pmemdup(session->pool, &fid, sizeof fid), sizeof fid, peeked);
}

static usm_error_t *load(int *found_p, usm_turn_t *turn)
{
    usm_session_t *session = turn->session;
    apr_int64_t fid = turn->params.folder ? usm__fid_parse(turn->params.folder) : 0;
    *found_p = 0;
    if (turn->params.folder && !fid)
        return USM_ERROR(turn->pool, USM_ENOTFOUND, "not a folder id");
    const usm__peeked_t *peeked = take_peeked(session, fid);
    if (peeked) {
        *found_p = peeked->found;
        turn->coll = peeked->coll;
        turn->folder = peeked->folder;
    } else {
        USM_ERR(read_rows(found_p, &turn->coll, &turn->folder, session, fid, turn->pool));
    }
    if (fid && (!usm__folder_shown(session, &turn->folder) || turn->folder.gone))
        return USM_ERROR(turn->pool, turn->folder.gone ? USM_EFOLDER_GONE : USM_ENOTFOUND,
                         "folder %" APR_INT64_T_FMT " is gone or unknown", fid);
    if (!fid)
        turn->folder = (usm_folder_row_t){.cls = USM_FOLDER};
    usm__folder_ref(&turn->ref, &turn->folder);
    return NULL;
}

/* Some clients start the same folder twice within seconds, or at once: all get the same key. */
static int just_started(const usm_collection_row_t *coll)
{
    return coll->gen == 1 && !coll->cursor && usm__now() - coll->created < REPEAT_INITIAL_MS;
}

static usm_error_t *reset(int *done_p, usm_turn_t *turn, int found)
{
    usm_session_t *session = turn->session;
    usm_txn_t *txn;
    apr_uint64_t epoch = 0;
    usm__random(&epoch, 6);
    usm_collection_row_t row = {.device = session->device.id, .fid = turn->folder.fid, .cls = turn->folder.cls,
                                .epoch = (apr_int64_t)(epoch ? epoch : 1), .gen = 1, .prev = 1,
                                .since = USM_TIME_NONE, .options = turn->params.options, .created = usm__now(),
                                .lease = "", .retry_at = USM_TIME_NONE};
    USM_ERR(usm__write(&txn, session, turn->pool));
    USM_ERR(usm__finish(session, txn, USM__VT(session)->collection_reset(done_p, txn, &row,
                                                                         found ? turn->coll.epoch : 0)));
    if (*done_p)
        turn->coll = row;
    return NULL;
}

static usm_error_t *start_over(usm_turn_t *turn, int found)
{
    int done = 0;
    turn->initial = 1;
    turn->base = 1;
    /* The device's old key of the hierarchy stays good until the server has answered. */
    if (!turn->folder.fid && !(found && just_started(&turn->coll)))
        USM_ERR(usm__hierarchy_refresh_ahead(turn->session));
    for (int tries = 0; tries < START_TRIES && !(found && just_started(&turn->coll)); tries++) {
        USM_ERR(reset(&done, turn, found));
        if (done)
            return NULL;
        USM_ERR(load(&found, turn)); /* another request has just started it */
    }
    return found && just_started(&turn->coll) ? NULL
                                              : USM_ERROR(turn->pool, USM_ERACE, "other requests keep starting over");
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
        err = vt->collection_advance(&done, txn, coll->id, coll->epoch, coll->gen, coll->gen + 1, coll->prev,
                                     turn->lease_owner ? turn->lease_owner : "", usm__now());
    if (!err && !done)
        err = USM_ERROR(turn->pool, USM_ERACE, "another request moved the collection");
    USM_ERR(usm__finish(session, txn, err));
    coll->gen++;
    coll->queued = 1; /* what is untaken now */
    coll->old = USM_OLD_ALL;
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
    if (params->open_tasks_only)
        turn->params.since = USM_EDGE_DONE + 1;
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
        usm__supersede(session);
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
    usm_collection_row_t coll;
    usm_folder_row_t row;
    int found;
    apr_int64_t fid = usm__fid_parse(folder);
    *options_p = NULL;
    if (!fid || session->transient)
        return USM_ERROR(pool, USM_ENOTFOUND, "not a folder id");
    USM_ERR(read_rows(&found, &coll, &row, session, fid, session->pool));
    if (!usm__folder_shown(session, &row) || row.gone)
        return USM_ERROR(pool, row.gone ? USM_EFOLDER_GONE : USM_ENOTFOUND, "folder %s is gone or unknown", folder);
    keep_peeked(session, fid, found, &coll, &row);
    *cls_p = row.cls;
    if (found)
        *options_p = coll.options;
    return NULL;
}

usm_error_t *usm_hierarchy_forget(usm_session_t *session)
{
    usm_collection_row_t coll;
    usm_txn_t *txn;
    int found = 0;
    if (session->transient)
        return NULL;
    USM_ERR(usm__write(&txn, session, session->pool));
    usm_error_t *err = USM__VT(session)->collection_get(&found, &coll, NULL, txn, session->device.id,
                                                        session->device.user, 0, session->pool);
    if (!err && found)
        err = USM__VT(session)->collection_delete(txn, coll.id);
    return usm__finish(session, txn, err);
}

/* ---- end ---- */

/* A commit without a new generation: has the collection been started over, its numbers no longer mean the same. */
usm_error_t *usm__turn_same_epoch(usm_turn_t *turn, usm_txn_t *txn)
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

/* Whose lease does not stand in the way of this commit. */
static const char *may_pass(const usm_turn_t *turn)
{
    if (turn->leased)
        return turn->lease_owner;
    const char *holder = turn->coll.lease;
    return holder && *holder && usm__lease_is_dead(holder) ? holder : "";
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
        /* One that applies client changes goes first: what it notes belongs to the key that both have. */
        err = vt->collection_advance(&done, txn, coll->id, coll->epoch, coll->gen, new_gen, turn->base,
                                     may_pass(turn), usm__now());
    if (!err && !done)
        err = USM_ERROR(turn->pool, USM_ERACE, "another request moved the collection first, or is about to");
    if (!err && !advance)
        err = usm__turn_same_epoch(turn, txn);
    if (!err && advance)
        err = vt->purge(txn, coll->id, turn->base, coll->gen % PURGE_ALL_EVERY ? coll->old : USM_OLD_ALL);
    if (!err)
        err = usm__echo_flush(turn, txn);
    if (!err)
        err = usm__turn_mutate(turn, txn, new_gen);
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
    int left = turn->held && turn->queue_at < turn->queue->nelts;
    if (advance || turn->mutations->nelts || options || left || (turn->looked && turn->news.cursor))
        USM_ERR(commit(turn, advance));
    if (turn->applied)
        usm__hint_own(turn->session, turn->folder.fid ? turn->ref.id : NULL,
                      turn->folder.fid ? USM_HINT_ITEMS : USM_HINT_FOLDERS);
    *key_p = usm__key_make(coll->epoch, coll->gen, pool);
    return NULL;
}

static usm_error_t *count_news(int *count_p, usm_turn_t *turn, apr_pool_t *pool)
{
    usm_session_t *session = turn->session;
    usm__news_t *news = &turn->news;
    usm_txn_t *txn;
    const usm_brange_t range = {.since = turn->params.since, .open_tasks_only = turn->params.open_tasks_only,
                                .max_items = turn->params.max_items};
    USM_ERR(usm__detect(news, session, &turn->coll, turn->folder.fid ? &turn->folder : NULL, &range, NULL, turn->base,
                        1, pool));
    if (news->entries) { /* the Sync that follows finds them again */
        *count_p = news->entries->nelts;
        return *count_p ? NULL : usm__remember_now(session, &turn->coll, news, pool);
    }
    if (!turn->coll.queued)
        return NULL;
    USM_ERR(usm__read(&txn, session, pool));
    return usm__finish(session, txn, USM__VT(session)->pending_count(count_p, txn, turn->coll.id, USM_GEN_INF));
}

usm_error_t *usm_collection_estimate(int *count_p, usm_session_t *session, const usm_turn_params_t *params,
                                     apr_pool_t *pool)
{
    usm_turn_t *turn;
    *count_p = 0;
    if (params->key && strcmp(params->key, "0") == 0)
        return NULL;
    USM_ERR(open_turn(&turn, session, params, 1, pool));
    USM_ERR(count_news(count_p, turn, pool));
    /* What a lost answer held comes again. How much that was is told by the next turn. */
    if (turn->repeated && *count_p == 0)
        *count_p = 1;
    return NULL;
}
