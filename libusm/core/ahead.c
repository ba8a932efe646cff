/* SPDX-License-Identifier: Apache-2.0 */
/* Many flags and deletions of mails at once. What is done here is written down as each command would do it by itself;
 * the command that follows finds it done. Whatever is not plain is left to it. */
#include "core.h"

#define TOGETHER 50

typedef struct one_t {
    const usm_ahead_t *asked;
    const char *id;
    usm_item_row_t has;
    usm_echo_row_t echo;
    usm__merge_t merge;
} one_t;

typedef struct ahead_t {
    usm_turn_t *turn;
    one_t *ones;
    int count;
} ahead_t;

/* A mail named twice is dealt with in order, one command after the other. */
static int is_single(const usm_ahead_t *row, apr_hash_t *seen)
{
    const int *times = apr_hash_get(seen, row->server_id, APR_HASH_KEY_STRING);
    return times && *times == 1;
}

static apr_hash_t *count_ids(const usm_ahead_t *rows, int count, apr_pool_t *pool)
{
    apr_hash_t *seen = apr_hash_make(pool);
    for (int i = 0; i < count; i++) {
        int *times = apr_hash_get(seen, rows[i].server_id, APR_HASH_KEY_STRING);
        if (!times) {
            times = apr_pcalloc(pool, sizeof *times);
            apr_hash_set(seen, rows[i].server_id, APR_HASH_KEY_STRING, times);
        }
        ++*times;
    }
    return seen;
}

/* *fit_p 1: known to the device, not done before, and something for the server to do. */
static usm_error_t *look(int *fit_p, one_t *one, usm_turn_t *turn, usm_txn_t *txn)
{
    const usm_store_vtable_t *vt = USM__VT(turn->session);
    const usm_ahead_t *asked = one->asked;
    int kind = asked->item ? USM_ECHO_CHANGE : USM_ECHO_DELETE, found = 0;
    *fit_p = 0;
    USM_ERR(vt->item_get(&found, &one->has, txn, turn->coll.id, turn->base, one->id, turn->pool));
    if (!found || one->has.withheld)
        return NULL;
    one->has.id = one->id;
    USM_ERR(usm__echo_get(&found, &one->echo, turn, kind, asked->server_id));
    apr_uint64_t digest = asked->item ? usm__apply_digest(asked->item, 19) : (apr_uint64_t)asked->how + 29;
    if (found && (one->echo.done || one->echo.digest != digest)) /* begun alone it may be: twice is as once */
        return NULL;
    one->echo = (usm_echo_row_t){.collection = turn->coll.id, .base = turn->base, .kind = kind,
                                 .cid = asked->server_id, .digest = digest, .edge = USM_TIME_NONE, .at = usm__now()};
    *fit_p = !asked->item || usm__merge_begin(&one->merge, turn, usm_item_copy(asked->item, turn->pool), &one->has,
                                              asked->partial) > 0;
    return NULL;
}

static usm_error_t *choose(ahead_t *a, const usm_ahead_t *rows, int count)
{
    usm_turn_t *turn = a->turn;
    apr_hash_t *seen = count_ids(rows, count, turn->pool);
    usm_error_t *err = NULL;
    usm_txn_t *txn;
    a->ones = apr_pcalloc(turn->pool, sizeof *a->ones * (apr_size_t)count);
    for (int i = 0; i < count; i++) {
        one_t *one = &a->ones[a->count];
        *one = (one_t){.asked = &rows[i]};
        if (!is_single(&rows[i], seen) || strchr(rows[i].server_id, '~'))
            continue;
        USM_ERR(usm__sid_parse(&one->id, turn, rows[i].server_id));
        a->count += one->id && !apr_hash_get(turn->touched, one->id, APR_HASH_KEY_STRING);
    }
    USM_ERR(usm__read(&txn, turn->session, turn->pool));
    int kept = 0, fit;
    for (int i = 0; !err && i < a->count; i++) {
        err = look(&fit, &a->ones[i], turn, txn);
        if (!err && fit)
            a->ones[kept++] = a->ones[i];
    }
    a->count = kept;
    return usm__finish(turn->session, txn, err);
}

static usm_error_t *note(ahead_t *a, int first, int count, int done)
{
    usm_session_t *session = a->turn->session;
    usm_error_t *err = NULL;
    usm_txn_t *txn;
    USM_ERR(usm__write(&txn, session, a->turn->pool));
    for (int i = first; !err && i < first + count; i++) {
        if (a->ones[i].echo.done == done)
            err = USM__VT(session)->echo_put(txn, &a->ones[i].echo);
    }
    USM_ERR(usm__finish(session, txn, err));
    for (int i = first; i < first + count; i++) {
        if (a->ones[i].echo.done == done)
            usm__echo_know(a->turn, &a->ones[i].echo);
    }
    return NULL;
}

static usm_error_t *do_some(ahead_t *a, int first, int count, apr_pool_t *scratch)
{
    usm_turn_t *turn = a->turn;
    usm_session_t *session = turn->session;
    usm_bmail_t rows[TOGETHER];
    for (int i = 0; i < count; i++) {
        one_t *one = &a->ones[first + i];
        one->merge.has = &one->has; /* it was copied since */
        rows[i] = (usm_bmail_t){.id = one->id, .item = one->asked->item ? one->merge.mine : NULL,
                                .fields = &one->merge.ours, .how = one->asked->how, .rev = one->has.rev,
                                .result = {.id = one->id, .rev = one->has.rev, .edge = one->has.edge}};
    }
    USM_ERR(note(a, first, count, 0));
    USM_ERR(usm__checked(session, USM__BVT(session)->edit_mails(rows, count, &session->call, &turn->ref, turn->pool,
                                                                scratch)));
    for (int i = 0; i < count; i++) {
        usm_echo_row_t *echo = &a->ones[first + i].echo;
        if (!rows[i].done)
            continue; /* the command itself will find out why */
        echo->done = 1;
        echo->id = rows[i].result.id;
        echo->rev = rows[i].item ? rows[i].result.rev : 0;
        echo->edge = rows[i].item ? rows[i].result.edge : USM_TIME_NONE;
    }
    return note(a, first, count, 1);
}

/* Adds are still carried out one by one, but noted as begun together. */
static usm_error_t *plan_adds(usm_turn_t *turn, const usm_ahead_t *rows, int count)
{
    apr_array_header_t *echoes = apr_array_make(turn->pool, count, sizeof(usm_echo_row_t));
    for (int i = 0; i < count; i++) {
        const char *cid = rows[i].client_id;
        if (cid && *cid && strlen(cid) <= 64 && rows[i].item && rows[i].item->cls == turn->folder.cls)
            APR_ARRAY_PUSH(echoes, usm_echo_row_t) = (usm_echo_row_t){
                .collection = turn->coll.id, .base = turn->base, .kind = USM_ECHO_ADD, .cid = cid,
                .digest = usm__apply_digest(rows[i].item, 17), .edge = USM_TIME_NONE, .at = usm__now()};
    }
    return echoes->nelts > 1 ? usm__echo_plan(turn, (usm_echo_row_t *)echoes->elts, echoes->nelts) : NULL;
}

usm_error_t *usm_turn_ahead(usm_turn_t *turn, const usm_ahead_t *rows, int count)
{
    ahead_t a = {.turn = turn};
    apr_pool_t *iterpool;
    if (!turn->folder.fid || turn->initial || turn->detected || turn->session->transient || count < 2)
        return NULL;
    USM_ERR(usm__turn_lease(turn));
    turn->applied = 1;
    if (turn->folder.cls != USM_EMAIL)
        return plan_adds(turn, rows, count);
    USM_ERR(choose(&a, rows, count));
    apr_pool_create(&iterpool, turn->pool);
    for (int i = 0; i < a.count; i += TOGETHER) {
        apr_pool_clear(iterpool);
        USM_ERR(do_some(&a, i, a.count - i < TOGETHER ? a.count - i : TOGETHER, iterpool));
    }
    apr_pool_destroy(iterpool);
    return NULL;
}
