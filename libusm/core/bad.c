/* SPDX-License-Identifier: Apache-2.0 */
/* Items that cannot be read or sent are held back until they change; commands that the server refuses for good are
 * answered from memory for a while. Neither may hold up the folder they are in. */
#include "core.h"

#define RETRY_FIRST_MS 60000  /* an error that may pass: when the item is read again */
#define RETRY_LATER_MS 900000
#define REFUSED_MS 3600000    /* so long a refusal is repeated without asking */
#define REFUSED_KEPT_MS (7 * USM_DAY_MS)

/* ---- reading ---- */

/* Says the error something about one of the items? Else it is about the folder, the user or the server. */
static int may_be_an_item(const usm_error_t *err)
{
    usm_errclass_e cls = usm_error_class(err);
    return cls == USM_CLASS_TEMP || cls == USM_CLASS_INVALID || cls == USM_CLASS_LIMIT;
}

static usm_error_t *read_some(usm_bget_t *gets, int count, usm_turn_t *turn, apr_pool_t *pool)
{
    usm_session_t *session = turn->session;
    apr_pool_t *scratch;
    apr_pool_create(&scratch, pool);
    USM_ERR(usm__checked(session, USM__BVT(session)->get(gets, count, &session->call, &turn->ref,
                                                         &turn->params.fetch, pool, scratch)));
    apr_pool_destroy(scratch);
    return usm__flags_show(session, &turn->ref, gets, count);
}

/* Halve until the item is found that makes the call fail. @a *good_p: items that could be read. */
static usm_error_t *bisect(int *good_p, usm_bget_t *gets, int count, usm_turn_t *turn, apr_pool_t *pool)
{
    usm_error_t *err = read_some(gets, count, turn, pool);
    if (!err) {
        *good_p += count;
        return NULL;
    }
    if (!may_be_an_item(err))
        return err;
    if (count == 1) {
        gets->item = NULL;
        gets->error = err;
        return NULL;
    }
    usm_error_clear(err);
    USM_ERR(bisect(good_p, gets, count / 2, turn, pool));
    return bisect(good_p, gets + count / 2, count - count / 2, turn, pool);
}

static usm_error_t *set_retry(usm_turn_t *turn, usm_time_t at)
{
    usm_session_t *session = turn->session;
    usm_txn_t *txn;
    USM_ERR(usm__write(&txn, session, turn->pool));
    return usm__finish(session, txn, USM__VT(session)->collection_retry(txn, turn->coll.id, at));
}

usm_error_t *usm__read_items(usm_bget_t *gets, int count, usm_turn_t *turn, apr_pool_t *pool)
{
    int good = 0;
    usm_error_t *err = read_some(gets, count, turn, pool);
    if (!err || !may_be_an_item(err))
        return err;
    if (count > 1) {
        USM_ERR(bisect(&good, gets, count / 2, turn, pool));
        USM_ERR(bisect(&good, gets + count / 2, count - count / 2, turn, pool));
    } else {
        gets->item = NULL;
        gets->error = err;
    }
    /* Nothing at all can be read: rather the server's fault, for a minute. */
    if (good || !usm_error_retry(err) || turn->retry_due)
        return NULL;
    if (turn->coll.retry_at == USM_TIME_NONE)
        USM_ERR(set_retry(turn, usm__now() + RETRY_FIRST_MS));
    return err;
}

/* ---- held back ---- */

int usm__bad_due(const usm_collection_row_t *coll)
{
    return coll->retry_at != USM_TIME_NONE && usm__now() >= coll->retry_at;
}

static usm_error_t *requeue(void *baton, const usm_bad_row_t *row)
{
    apr_array_header_t *ids = baton;
    if (row->kind == USM_BAD_HELD_BACK && row->retry)
        APR_ARRAY_PUSH(ids, const char *) = row->id;
    return NULL;
}

usm_error_t *usm__bad_requeue(usm_session_t *session, const usm_collection_row_t *coll, apr_pool_t *pool)
{
    apr_array_header_t *ids = apr_array_make(pool, 8, sizeof(const char *));
    usm_error_t *err = NULL;
    usm_txn_t *txn;
    if (!usm__bad_due(coll))
        return NULL;
    USM_ERR(usm__write(&txn, session, pool));
    err = USM__VT(session)->bad_scan(txn, coll->id, USM_BAD_HELD_BACK, requeue, ids, pool);
    for (int i = 0; !err && i < ids->nelts; i++) {
        const usm_pending_row_t row = {.id = APR_ARRAY_IDX(ids, i, const char *), .state = USM_PENDING_PRESENT,
                                       .edge = USM_TIME_NONE, .ord = APR_INT64_MIN / 2};
        usm_pending_row_t newer;
        int found = 0;
        err = USM__VT(session)->pending_get(&found, &newer, txn, coll->id, row.id, pool);
        if (!err && !found)
            err = USM__VT(session)->pending_put(txn, coll->id, &row);
    }
    return usm__finish(session, txn, err);
}

usm_error_t *usm__bad_held(usm_turn_t *turn, usm_txn_t *txn, const usm__mutation_t *m)
{
    const usm_bad_row_t row = {.collection = turn->coll.id, .kind = USM_BAD_HELD_BACK, .id = m->row.id,
                               .item = m->row.id, .code = m->code, .reason = m->why ? m->why : "", .retry = m->retry,
                               .at = usm__now()};
    turn->retry_wanted |= m->retry;
    return USM__VT(turn->session)->bad_put(txn, &row);
}

usm_error_t *usm__bad_schedule(usm_turn_t *turn, usm_txn_t *txn)
{
    usm_collection_row_t *coll = &turn->coll;
    int done = turn->queue && turn->queue_at >= turn->queue->nelts && !turn->more;
    if (!turn->retry_wanted && !(turn->retry_due && done))
        return NULL;
    coll->retry_at = !turn->retry_wanted ? USM_TIME_NONE
                                         : usm__now() + (turn->retry_due ? RETRY_LATER_MS : RETRY_FIRST_MS);
    return USM__VT(turn->session)->collection_retry(txn, coll->id, coll->retry_at);
}

/* ---- refused ---- */

static int is_for_good(const usm_error_t *err)
{
    usm_errclass_e cls = usm_error_class(err);
    return !usm_error_retry(err) && (cls == USM_CLASS_INVALID || cls == USM_CLASS_LIMIT || cls == USM_CLASS_PERM ||
                                     cls == USM_CLASS_EXISTS);
}

/* With the user's rights in the folder: a refusal says nothing about what he may do with others. */
static const char *refusal_name(usm_turn_t *turn, int kind, apr_uint64_t digest)
{
    return apr_psprintf(turn->pool, "%d-%016" APR_UINT64_T_HEX_FMT "-%x", kind, digest, (unsigned)turn->folder.rights);
}

static usm_error_t *keep_refusal(void *baton, const usm_bad_row_t *row)
{
    usm_turn_t *turn = baton;
    usm_bad_row_t *copy = apr_pmemdup(turn->pool, row, sizeof *row);
    copy->id = apr_pstrdup(turn->pool, row->id);
    copy->reason = apr_pstrdup(turn->pool, row->reason);
    apr_hash_set(turn->refusals, copy->id, APR_HASH_KEY_STRING, copy);
    return NULL;
}

usm_error_t *usm__refused(usm_error_t **why_p, usm_turn_t *turn, int kind, apr_uint64_t digest)
{
    usm_session_t *session = turn->session;
    usm_txn_t *txn;
    *why_p = NULL;
    turn->refusal = NULL;
    if (!turn->refusals) {
        turn->refusals = apr_hash_make(turn->pool);
        USM_ERR(usm__read(&txn, session, turn->pool));
        USM_ERR(usm__finish(session, txn, USM__VT(session)->bad_scan(txn, turn->coll.id, 1, keep_refusal, turn,
                                                                     turn->pool)));
    }
    turn->refusal_name = refusal_name(turn, kind, digest);
    const usm_bad_row_t *row = apr_hash_get(turn->refusals, turn->refusal_name, APR_HASH_KEY_STRING);
    if (row && usm__now() - row->at < REFUSED_MS)
        *why_p = USM_ERROR(turn->pool, (apr_status_t)row->code, "%s (as before)", row->reason);
    return NULL;
}

void usm__refusal_note(usm_turn_t *turn, const usm_echo_row_t *echo, usm_error_t *err)
{
    if (!turn->refusals || !turn->refusal_name || !is_for_good(err))
        return;
    turn->refusal = apr_pcalloc(turn->pool, sizeof *turn->refusal);
    *turn->refusal = (usm_bad_row_t){.collection = turn->coll.id, .kind = echo->kind + 1, .id = turn->refusal_name,
                                     .item = echo->cid, .code = usm_error_code(err),
                                     .reason = usm_error_text(err, turn->pool), .at = usm__now()};
}

int usm__refusal_pending(const usm_turn_t *turn)
{
    return turn->refusal || (turn->refusals && turn->refusal_name &&
                             apr_hash_get(turn->refusals, turn->refusal_name, APR_HASH_KEY_STRING));
}

usm_error_t *usm__refusal_write(usm_turn_t *turn, usm_txn_t *txn, const usm_echo_row_t *echo)
{
    const usm_store_vtable_t *vt = USM__VT(turn->session);
    if (turn->refusal) {
        const usm_bad_row_t *row = turn->refusal;
        apr_hash_set(turn->refusals, row->id, APR_HASH_KEY_STRING, row);
        USM_ERR(vt->bad_put(txn, row));
        return vt->bad_trim(txn, turn->coll.id, row->at - REFUSED_KEPT_MS);
    }
    if (echo->code || !turn->refusals || !turn->refusal_name ||
        !apr_hash_get(turn->refusals, turn->refusal_name, APR_HASH_KEY_STRING))
        return NULL;
    apr_hash_set(turn->refusals, turn->refusal_name, APR_HASH_KEY_STRING, NULL); /* it is taken now */
    return vt->bad_drop(txn, turn->coll.id, echo->kind + 1, turn->refusal_name);
}
