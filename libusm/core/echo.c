/* SPDX-License-Identifier: Apache-2.0 */
/* What is written down of a client's commands. All that there is of the client's key is read with the first command;
 * under the lease nobody else writes it. Adds to come can be noted as begun together, and their ends are written a few
 * at a time: should the process die before, they count as begun, and the repeat looks for what came of them. A turn
 * that ends otherwise than by its commit writes what it knows when its pool goes, and that the rest was never begun. */
#include "core.h"

#define DUE_MAX 32      /* ends of adds that are not yet written */
#define NEVER_BEGUN (-1) /* code of a row that is not done */

typedef struct known_t {
    usm_echo_row_t row;
    int planned; /* noted as begun by this request, which has not come to it yet */
} known_t;

struct usm__echoes_t {
    apr_hash_t *known;       /* kind and client's id → known_t */
    apr_array_header_t *due; /* usm_echo_row_t */
};

static const char *name_of(int kind, const char *cid, apr_pool_t *pool)
{
    return apr_psprintf(pool, "%d %s", kind, cid);
}

static known_t *known_of(usm_turn_t *turn, int kind, const char *cid)
{
    return apr_hash_get(turn->echoes->known, name_of(kind, cid, turn->pool), APR_HASH_KEY_STRING);
}

static known_t *know(usm_turn_t *turn, const usm_echo_row_t *row)
{
    known_t *known = known_of(turn, row->kind, row->cid);
    if (!known) {
        known = apr_pcalloc(turn->pool, sizeof *known);
        apr_hash_set(turn->echoes->known, name_of(row->kind, row->cid, turn->pool), APR_HASH_KEY_STRING, known);
    }
    known->row = *row;
    known->row.cid = apr_pstrdup(turn->pool, row->cid);
    known->row.id = apr_pstrdup(turn->pool, row->id);
    known->planned = 0;
    return known;
}

static usm_error_t *on_row(void *baton, const usm_echo_row_t *row)
{
    if (row->done || row->code != NEVER_BEGUN)
        know(baton, row);
    return NULL;
}

static usm_error_t *load(usm_turn_t *turn)
{
    usm_session_t *session = turn->session;
    usm_txn_t *txn;
    if (turn->echoes)
        return NULL;
    USM_ERR(usm__read(&txn, session, turn->pool));
    turn->echoes = apr_pcalloc(turn->pool, sizeof *turn->echoes);
    turn->echoes->known = apr_hash_make(turn->pool);
    turn->echoes->due = apr_array_make(turn->pool, DUE_MAX, sizeof(usm_echo_row_t));
    usm_error_t *err = usm__finish(session, txn, USM__VT(session)->echo_scan(txn, turn->coll.id, turn->base, on_row,
                                                                             turn, turn->pool));
    if (err)
        turn->echoes = NULL;
    return err;
}

usm_error_t *usm__echo_get(int *found_p, usm_echo_row_t *row, usm_turn_t *turn, int kind, const char *cid)
{
    *found_p = 0;
    USM_ERR(load(turn));
    const known_t *known = known_of(turn, kind, cid);
    *found_p = known && !known->planned;
    if (*found_p)
        *row = known->row;
    return NULL;
}

void usm__echo_know(usm_turn_t *turn, const usm_echo_row_t *row)
{
    if (turn->echoes)
        know(turn, row);
}

usm_error_t *usm__echo_flush(usm_turn_t *turn, usm_txn_t *txn)
{
    usm__echoes_t *e = turn->echoes;
    for (int i = 0; e && i < e->due->nelts; i++)
        USM_ERR(USM__VT(turn->session)->echo_put(txn, &APR_ARRAY_IDX(e->due, i, usm_echo_row_t)));
    if (e)
        e->due->nelts = 0;
    return NULL;
}

usm_error_t *usm__echo_put(usm_turn_t *turn, const usm_echo_row_t *row)
{
    usm_session_t *session = turn->session;
    usm_txn_t *txn;
    USM_ERR(load(turn));
    known_t *known = known_of(turn, row->kind, row->cid);
    int planned = known && known->planned && !row->done && known->row.digest == row->digest;
    know(turn, row);
    if (planned)
        return NULL;
    USM_ERR(usm__write(&txn, session, turn->pool));
    usm_error_t *err = usm__echo_flush(turn, txn);
    if (!err)
        err = USM__VT(session)->echo_put(txn, row);
    if (!err && row->done)
        err = usm__conflict_write(turn, txn);
    if (!err && row->done)
        err = usm__refusal_write(turn, txn, row);
    return usm__finish(session, txn, err);
}

usm_error_t *usm__echo_put_later(usm_turn_t *turn, const usm_echo_row_t *row)
{
    USM_ERR(load(turn));
    if (turn->echoes->due->nelts >= DUE_MAX)
        return usm__echo_put(turn, row);
    APR_ARRAY_PUSH(turn->echoes->due, usm_echo_row_t) = know(turn, row)->row;
    return NULL;
}

usm_error_t *usm__echo_plan(usm_turn_t *turn, const usm_echo_row_t *rows, int count)
{
    usm_session_t *session = turn->session;
    usm_error_t *err = NULL;
    usm_txn_t *txn;
    USM_ERR(load(turn));
    USM_ERR(usm__write(&txn, session, turn->pool));
    for (int i = 0; !err && i < count; i++) {
        if (!known_of(turn, rows[i].kind, rows[i].cid))
            err = USM__VT(session)->echo_put(txn, &rows[i]);
    }
    USM_ERR(usm__finish(session, txn, err));
    for (int i = 0; i < count; i++) {
        if (!known_of(turn, rows[i].kind, rows[i].cid))
            know(turn, &rows[i])->planned = 1;
    }
    return NULL;
}

/* Nobody else has taken over? Then the rows are no longer ours to write. */
static usm_error_t *is_ours(int *ours_p, usm_turn_t *turn, usm_txn_t *txn, apr_pool_t *pool)
{
    usm_session_t *session = turn->session;
    usm_collection_row_t coll;
    int found = 0;
    USM_ERR(USM__VT(session)->collection_get(&found, &coll, NULL, txn, session->device.id, session->device.user,
                                             turn->coll.fid, pool));
    *ours_p = found && coll.epoch == turn->coll.epoch && coll.lease && strcmp(coll.lease, turn->lease_owner) == 0;
    return NULL;
}

usm_error_t *usm__echo_abandon(usm_turn_t *turn, usm_txn_t *txn, apr_pool_t *pool)
{
    int ours = 0;
    if (turn->echoes)
        USM_ERR(is_ours(&ours, turn, txn, pool));
    if (!ours)
        return NULL;
    USM_ERR(usm__echo_flush(turn, txn));
    for (apr_hash_index_t *hi = apr_hash_first(pool, turn->echoes->known); hi; hi = apr_hash_next(hi)) {
        known_t *known = apr_hash_this_val(hi);
        if (!known->planned)
            continue;
        known->row.code = NEVER_BEGUN;
        USM_ERR(USM__VT(turn->session)->echo_put(txn, &known->row));
    }
    return NULL;
}
