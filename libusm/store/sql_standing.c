/* SPDX-License-Identifier: Apache-2.0 */
/** @file sql_standing.c  What administrators have decided of devices, and the record of it. */
#include "store/sql.h"

/* NULLs, when nothing was decided, read as 0. */
void usm__sql_standing_from(usm_standing_t *standing, const usm__val_t *col)
{
    standing->access = (usm_access_e)col[0].i;
    standing->wipe = (usm_wipe_e)col[1].i;
    standing->account_only = (int)col[2].i;
    standing->changed = col[3].i;
}

static usm_error_t *standing_get(usm_standing_t *standing, usm_txn_t *txn, usm_id_t user, const char *device_id)
{
    const usm__val_t *col;
    memset(standing, 0, sizeof *standing);
    USM_ERR(usm__sql_select(txn, USM__STMT_STANDING_GET, USM__ARGS(usm__int(user), usm__id(device_id))));
    USM_ERR(usm__sql_step(&col, txn));
    if (!col)
        return NULL;
    usm__sql_standing_from(standing, col);
    usm__sql_end(txn);
    return NULL;
}

static usm_error_t *standing_put(usm_txn_t *txn, usm_id_t user, const char *device_id, const usm_standing_t *standing)
{
    if (standing->access == USM_ACCESS_UNSET && standing->wipe == USM_WIPE_NONE)
        return usm__sql_exec(NULL, txn, USM__STMT_STANDING_DROP, USM__ARGS(usm__int(user), usm__id(device_id)));
    return usm__sql_exec(NULL, txn, USM__STMT_STANDING_PUT,
                         USM__ARGS(usm__int(user), usm__id(device_id), usm__int(standing->access),
                                   usm__int(standing->wipe), usm__int(standing->account_only),
                                   usm__int(standing->changed)));
}

static usm_error_t *audit_add(usm_txn_t *txn, const usm_audit_row_t *row)
{
    return usm__sql_exec(NULL, txn, USM__STMT_AUDIT_ADD,
                         USM__ARGS(usm__int(row->user), usm__id(row->device_id), usm__int(row->at), usm__id(row->actor),
                                   usm__id(row->action), usm__text(row->detail, 1024)));
}

static usm_error_t *audit_page(usm_audit_row_t *rows, int *count_p, apr_int64_t *last_p, usm_txn_t *txn, usm_id_t user,
                               apr_pool_t *pool)
{
    const usm__val_t *col;
    usm__val_t after = usm__int(*last_p), limit = usm__int(USM__PAGE);
    *count_p = 0;
    if (user)
        USM_ERR(usm__sql_select(txn, USM__STMT_AUDIT_SCAN, USM__ARGS(usm__int(user), after, limit)));
    else
        USM_ERR(usm__sql_select(txn, USM__STMT_AUDIT_SCAN_ALL, USM__ARGS(after, limit)));
    for (;;) {
        USM_ERR(usm__sql_step(&col, txn));
        if (!col)
            return NULL;
        *last_p = col[0].i;
        rows[(*count_p)++] = (usm_audit_row_t){.user = user,
                                               .at = col[1].i,
                                               .device_id = usm__col_text(&col[2], pool),
                                               .actor = usm__col_text(&col[3], pool),
                                               .action = usm__col_text(&col[4], pool),
                                               .detail = usm__col_text(&col[5], pool),
                                               .user_key = usm__col_text(&col[6], pool)};
    }
}

static usm_error_t *audit_scan(usm_txn_t *txn, usm_id_t user, usm_audit_row_fn fn, void *baton,
                               apr_pool_t *scratch_pool)
{
    apr_pool_t *pool;
    usm_audit_row_t *rows = apr_palloc(scratch_pool, sizeof *rows * USM__PAGE);
    apr_int64_t last = 0;
    int count;
    apr_pool_create(&pool, scratch_pool);
    do {
        apr_pool_clear(pool);
        USM_ERR(audit_page(rows, &count, &last, txn, user, pool));
        for (int i = 0; i < count; i++)
            USM_ERR(fn(baton, &rows[i]));
    } while (count == USM__PAGE);
    apr_pool_destroy(pool);
    return NULL;
}

void usm__sql_standing_fill(usm_store_vtable_t *vt)
{
    vt->standing_get = standing_get;
    vt->standing_put = standing_put;
    vt->audit_add = audit_add;
    vt->audit_scan = audit_scan;
}
