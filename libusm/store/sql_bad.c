/* SPDX-License-Identifier: Apache-2.0 */
/** @file sql_bad.c  The conflict log, items held back, and commands refused. */
#include "store/sql.h"

#include <apr_strings.h>
#include <apr_tables.h>

#define REASON_MAX 1000 /* bytes of a reason that are kept */

/* ---- conflicts ---- */

static usm_error_t *conflict_add(usm_txn_t *txn, const usm_conflict_row_t *row)
{
    return usm__sql_exec(NULL, txn, USM__STMT_CLASH_ADD,
                         USM__ARGS(usm__int(row->user), usm__int(row->at), usm__int(row->cls), usm__id(row->device),
                                   usm__longid(row->folder), usm__longid(row->id), usm__id(row->device_edit),
                                   usm__id(row->server_edit), usm__id(row->winner), usm__text(row->fields, 1024),
                                   usm__text(row->lost, USM__TEXT_MAX), usm__longid(row->copy)));
}

static usm_error_t *conflict_trim(usm_txn_t *txn, usm_id_t user, int keep, usm_time_t after)
{
    const usm__val_t *col;
    USM_ERR(usm__sql_select(txn, USM__STMT_CLASH_NTH, USM__ARGS(usm__int(user), usm__int(keep))));
    USM_ERR(usm__sql_step(&col, txn));
    apr_int64_t last = col ? col[0].i : 0;
    usm__sql_end(txn);
    if (last)
        USM_ERR(usm__sql_exec(NULL, txn, USM__STMT_CLASH_TRIM, USM__ARGS(usm__int(user), usm__int(last))));
    return usm__sql_exec(NULL, txn, USM__STMT_CLASH_EXPIRE, USM__ARGS(usm__int(user), usm__int(after)));
}

static void conflict_from(usm_conflict_row_t *row, const usm__val_t *col, apr_pool_t *pool)
{
    row->at = col[1].i;
    row->cls = (usm_class_e)col[2].i;
    row->device = usm__col_text(&col[3], pool);
    row->folder = usm__col_text(&col[4], pool);
    row->id = usm__col_text(&col[5], pool);
    row->device_edit = usm__col_text(&col[6], pool);
    row->server_edit = usm__col_text(&col[7], pool);
    row->winner = usm__col_text(&col[8], pool);
    row->fields = usm__col_text(&col[9], pool);
    row->lost = usm__col_text(&col[10], pool);
    row->copy = usm__col_text(&col[11], pool);
    row->user_key = usm__col_text(&col[12], pool);
    row->user = col[13].i;
}

static usm_error_t *conflict_page(usm_conflict_row_t *rows, int *count_p, apr_int64_t *last_p, usm_txn_t *txn,
                                  usm_id_t user, apr_pool_t *pool)
{
    const usm__val_t *col;
    usm__val_t after = usm__int(*last_p), limit = usm__int(USM__PAGE);
    *count_p = 0;
    if (user)
        USM_ERR(usm__sql_select(txn, USM__STMT_CLASH_SCAN, USM__ARGS(usm__int(user), after, limit)));
    else
        USM_ERR(usm__sql_select(txn, USM__STMT_CLASH_SCAN_ALL, USM__ARGS(after, limit)));
    for (;;) {
        USM_ERR(usm__sql_step(&col, txn));
        if (!col)
            return NULL;
        *last_p = col[0].i;
        conflict_from(&rows[(*count_p)++], col, pool);
    }
}

static usm_error_t *conflict_scan(usm_txn_t *txn, usm_id_t user, usm_conflict_row_fn fn, void *baton,
                                  apr_pool_t *scratch_pool)
{
    apr_pool_t *pool;
    usm_conflict_row_t *rows = apr_palloc(scratch_pool, sizeof *rows * USM__PAGE);
    apr_int64_t last = 0;
    int count;
    apr_pool_create(&pool, scratch_pool);
    do {
        apr_pool_clear(pool);
        USM_ERR(conflict_page(rows, &count, &last, txn, user, pool));
        for (int i = 0; i < count; i++)
            USM_ERR(fn(baton, &rows[i]));
    } while (count == USM__PAGE);
    apr_pool_destroy(pool);
    return NULL;
}

/* ---- bad items ---- */

static usm_error_t *bad_put(usm_txn_t *txn, const usm_bad_row_t *row)
{
    apr_size_t len = strlen(row->reason);
    usm__val_t reason = usm__text(row->reason, 1024);
    if (len > REASON_MAX) { /* at a character */
        for (len = REASON_MAX; len && ((unsigned char)row->reason[len] & 0xC0) == 0x80; len--)
            ;
        reason.len = len;
    }
    return usm__sql_exec(NULL, txn, USM__STMT_BAD_PUT,
                         USM__ARGS(usm__int(row->collection), usm__int(row->kind), USM__KEY(row->id),
                                   usm__longid(row->item), usm__int(row->code), reason, usm__int(!!row->retry),
                                   usm__int(row->at)));
}

static usm_error_t *bad_drop(usm_txn_t *txn, usm_id_t collection, int kind, const char *id)
{
    return usm__sql_exec(NULL, txn, USM__STMT_BAD_DROP, USM__ARGS(usm__int(collection), usm__int(kind), USM__KEY(id)));
}

static void bad_from(usm_bad_row_t *row, const usm__val_t *col, apr_pool_t *pool)
{
    row->kind = (int)col[0].i;
    row->id = usm__col_text(&col[1], pool);
    row->item = usm__col_text(&col[2], pool);
    row->code = col[3].i;
    row->reason = usm__col_text(&col[4], pool);
    row->retry = (int)col[5].i;
    row->at = col[6].i;
}

static usm_error_t *tell_rows(const apr_array_header_t *rows, usm_bad_row_fn fn, void *baton)
{
    for (int i = 0; i < rows->nelts; i++)
        USM_ERR(fn(baton, &APR_ARRAY_IDX(rows, i, usm_bad_row_t)));
    return NULL;
}

static usm_error_t *bad_scan(usm_txn_t *txn, usm_id_t collection, int kind, usm_bad_row_fn fn, void *baton,
                             apr_pool_t *scratch_pool)
{
    const usm__val_t *col;
    apr_array_header_t *rows = apr_array_make(scratch_pool, 16, sizeof(usm_bad_row_t));
    USM_ERR(usm__sql_select(txn, USM__STMT_BAD_SCAN, USM__ARGS(usm__int(collection), usm__int(kind))));
    for (;;) {
        USM_ERR(usm__sql_step(&col, txn));
        if (!col)
            break;
        usm_bad_row_t *row = apr_array_push(rows);
        memset(row, 0, sizeof *row);
        row->collection = collection;
        bad_from(row, col, scratch_pool);
    }
    return tell_rows(rows, fn, baton);
}

static usm_error_t *bad_trim(usm_txn_t *txn, usm_id_t collection, usm_time_t before)
{
    return usm__sql_exec(NULL, txn, USM__STMT_BAD_TRIM, USM__ARGS(usm__int(collection), usm__int(before)));
}

static usm_error_t *list_collection(usm_txn_t *txn, usm_id_t collection, usm_id_t user, usm_bad_row_fn fn,
                                    void *baton, apr_pool_t *pool)
{
    const usm__val_t *col;
    apr_array_header_t *rows = apr_array_make(pool, 16, sizeof(usm_bad_row_t));
    USM_ERR(usm__sql_select(txn, USM__STMT_BAD_LIST, USM__ARGS(usm__int(collection))));
    for (;;) {
        USM_ERR(usm__sql_step(&col, txn));
        if (!col)
            break;
        if (user && col[8].i != user)
            continue;
        usm_bad_row_t *row = apr_array_push(rows);
        const char *name = usm__col_text(&col[12], pool);
        memset(row, 0, sizeof *row);
        bad_from(row, col, pool);
        row->collection = collection;
        row->device = usm__col_text(&col[9], pool);
        row->user_key = usm__col_text(&col[10], pool);
        row->folder = apr_psprintf(pool, "%" APR_INT64_T_FMT " %s", col[11].i, name ? name : "");
    }
    return tell_rows(rows, fn, baton);
}

static usm_error_t *bad_list(usm_txn_t *txn, usm_id_t user, usm_bad_row_fn fn, void *baton, apr_pool_t *scratch_pool)
{
    const usm__val_t *col;
    apr_pool_t *pool;
    usm_id_t at = 0;
    apr_pool_create(&pool, scratch_pool);
    for (;;) {
        apr_pool_clear(pool);
        USM_ERR(usm__sql_select(txn, USM__STMT_BAD_NEXT, USM__ARGS(usm__int(at))));
        USM_ERR(usm__sql_step(&col, txn));
        if (!col)
            break;
        at = col[0].i;
        usm__sql_end(txn);
        USM_ERR(list_collection(txn, at, user, fn, baton, pool));
    }
    apr_pool_destroy(pool);
    return NULL;
}

static usm_error_t *collection_retry(usm_txn_t *txn, usm_id_t id, usm_time_t at)
{
    return usm__sql_exec(NULL, txn, USM__STMT_COLLECTION_RETRY, USM__ARGS(usm__time(at), usm__int(id)));
}

void usm__sql_bad_fill(usm_store_vtable_t *vt)
{
    vt->conflict_add = conflict_add;
    vt->conflict_trim = conflict_trim;
    vt->conflict_scan = conflict_scan;
    vt->bad_put = bad_put;
    vt->bad_drop = bad_drop;
    vt->bad_scan = bad_scan;
    vt->bad_trim = bad_trim;
    vt->bad_list = bad_list;
    vt->collection_retry = collection_retry;
}
