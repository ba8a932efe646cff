/* SPDX-License-Identifier: Apache-2.0 */
/** @file sql_echo.c  What clients asked for and what came of it; shared groupware sessions. */
#include "store/sql.h"

#include <apr_strings.h>
#include <apr_tables.h>

/** A login that nobody has renewed for so long is of no use to anyone. */
#define LOGIN_KEPT (32 * USM_DAY_MS)

/* A row that is not there cannot be locked: of two requests at once each would find nothing and begin. So they meet at
 * the device's row. Rows of collections are guarded by the lease. */
static usm_error_t *lock_device(usm_txn_t *txn, usm_id_t device)
{
    const usm__val_t *col;
    USM_ERR(usm__sql_select(txn, USM__STMT_DEVICE_LOCK, USM__ARGS(usm__int(device))));
    do
        USM_ERR(usm__sql_step(&col, txn));
    while (col);
    return NULL;
}

/* Rows of collection 0 belong to the device; they have a table of their own. */
static usm_error_t *echo_get(int *found_p, usm_echo_row_t *row, usm_txn_t *txn, usm_id_t collection, usm_id_t device,
                             apr_int64_t base, int kind, const char *cid, apr_pool_t *pool)
{
    const usm__val_t *col;
    if (!collection)
        USM_ERR(lock_device(txn, device));
    USM_ERR(usm__sql_select(
        txn, collection ? USM__STMT_ECHO_GET : USM__STMT_SENT_GET,
        USM__ARGS(usm__int(collection ? collection : device), usm__int(base), usm__int(kind), usm__id(cid))));
    USM_ERR(usm__sql_step(&col, txn));
    *found_p = col != NULL;
    if (!col)
        return NULL;
    row->collection = collection;
    row->device = device;
    row->base = base;
    row->kind = kind;
    row->cid = apr_pstrdup(pool, cid);
    row->digest = (apr_uint64_t)col[0].i;
    row->done = (int)col[1].i;
    row->code = col[2].i;
    row->id = usm__col_text(&col[3], pool);
    row->rev = (apr_uint64_t)col[4].i;
    row->edge = usm__col_time(&col[5]);
    row->at = usm__col_time(&col[6]);
    usm__sql_end(txn);
    return NULL;
}

static usm_error_t *echo_scan(usm_txn_t *txn, usm_id_t collection, apr_int64_t base, usm_echo_row_fn fn, void *baton,
                              apr_pool_t *scratch_pool)
{
    const usm__val_t *col;
    apr_array_header_t *rows = apr_array_make(scratch_pool, 8, sizeof(usm_echo_row_t));
    USM_ERR(usm__sql_select(txn, USM__STMT_ECHO_SCAN, USM__ARGS(usm__int(collection), usm__int(base))));
    for (;;) {
        USM_ERR(usm__sql_step(&col, txn));
        if (!col)
            break;
        APR_ARRAY_PUSH(rows, usm_echo_row_t) = (usm_echo_row_t){
            .collection = collection, .base = base, .kind = (int)col[0].i, .cid = usm__col_text(&col[1], scratch_pool),
            .digest = (apr_uint64_t)col[2].i, .done = (int)col[3].i, .code = col[4].i,
            .id = usm__col_text(&col[5], scratch_pool), .rev = (apr_uint64_t)col[6].i,
            .edge = usm__col_time(&col[7]), .at = usm__col_time(&col[8])};
    }
    for (int i = 0; i < rows->nelts; i++)
        USM_ERR(fn(baton, &APR_ARRAY_IDX(rows, i, usm_echo_row_t)));
    return NULL;
}

static usm_error_t *echo_put(usm_txn_t *txn, const usm_echo_row_t *row)
{
    return usm__sql_put(
        txn, row->collection ? USM__STMT_ECHO_PUT : USM__STMT_SENT_PUT,
        USM__ARGS(usm__int(row->collection ? row->collection : row->device), usm__int(row->base), usm__int(row->kind),
                  usm__id(row->cid), usm__bits(row->digest), usm__int(!!row->done), usm__int(row->code),
                  usm__longid(row->id), usm__bits(row->rev), usm__time(row->edge), usm__time(row->at)));
}

static usm_error_t *echo_trim_sends(usm_txn_t *txn, usm_id_t device, int keep, usm_time_t after)
{
    if (keep > 0) {
        const usm__val_t *col;
        USM_ERR(usm__sql_select(txn, USM__STMT_SENT_NTH, USM__ARGS(usm__int(device), usm__int(keep - 1))));
        USM_ERR(usm__sql_step(&col, txn));
        if (!col)
            return NULL;
        if (col[0].kind == USM__INT && col[0].i < after)
            after = col[0].i;
        usm__sql_end(txn);
    }
    return usm__sql_exec(NULL, txn, USM__STMT_SENT_TRIM, USM__ARGS(usm__int(device), usm__int(after)));
}

static usm_error_t *login_get(const char **value_p, usm_txn_t *txn, const char *name, usm_time_t not_before,
                              apr_pool_t *pool)
{
    const usm__val_t *col;
    USM_ERR(usm__sql_select(txn, USM__STMT_LOGIN_GET, USM__ARGS(usm__id(name), usm__int(not_before))));
    USM_ERR(usm__sql_step(&col, txn));
    *value_p = col ? usm__col_text(&col[0], pool) : NULL;
    usm__sql_end(txn);
    return NULL;
}

static usm_error_t *login_set(usm_txn_t *txn, const char *name, const char *value, usm_time_t at)
{
    if (!value)
        return usm__sql_exec(NULL, txn, USM__STMT_LOGIN_DROP, USM__ARGS(usm__id(name)));
    USM_ERR(usm__sql_exec(NULL, txn, USM__STMT_LOGIN_SET,
                          USM__ARGS(usm__id(name), usm__text(value, USM__TEXT_MAX), usm__int(at))));
    return usm__sql_exec(NULL, txn, USM__STMT_LOGIN_EXPIRE, USM__ARGS(usm__int(at - LOGIN_KEPT)));
}

void usm__sql_echo_fill(usm_store_vtable_t *vt)
{
    vt->echo_get = echo_get;
    vt->echo_scan = echo_scan;
    vt->echo_put = echo_put;
    vt->echo_trim_sends = echo_trim_sends;
    vt->login_get = login_get;
    vt->login_set = login_set;
}
