/* SPDX-License-Identifier: Apache-2.0 */
/** @file sql_remade.c  Items that were made again, by all ids that they had. */
#include "store/sql.h"

#include <apr_strings.h>

static usm_error_t *remade_get(int *found_p, usm_remade_row_t *row, usm_txn_t *txn, usm_id_t user, usm_class_e cls,
                               const char *id, apr_pool_t *pool)
{
    const usm__val_t *col;
    USM_ERR(usm__sql_select(txn, USM__STMT_REMADE_GET, USM__ARGS(usm__int(user), usm__int(cls), USM__KEY(id))));
    USM_ERR(usm__sql_step(&col, txn));
    *found_p = col != NULL;
    if (!col)
        return NULL;
    *row = (usm_remade_row_t){.user = user, .cls = cls, .id = apr_pstrdup(pool, id), .at = col[3].i,
                              .uid = usm__col_text(&col[0], pool), .root = usm__col_text(&col[1], pool),
                              .lease = usm__col_text(&col[2], pool)};
    usm__sql_end(txn);
    return NULL;
}

static usm_error_t *remade_add(usm_txn_t *txn, const usm_remade_row_t *row)
{
    usm_error_t *err = usm__sql_exec(NULL, txn, USM__STMT_REMADE_ADD,
                                     USM__ARGS(usm__int(row->user), usm__int(row->cls), USM__KEY(row->id),
                                               usm__longid(row->uid), usm__id(row->root), usm__int(row->at)));
    if (!err || !usm_error_is(err, USM_EEXISTS))
        return err;
    usm_error_clear(err);
    return NULL;
}

static usm_error_t *remade_lease(int *done_p, usm_txn_t *txn, const usm_remade_row_t *root, const char *owner,
                                 usm_time_t now, usm_time_t until)
{
    apr_int64_t matched = 0;
    USM_ERR(usm__sql_exec(&matched, txn, USM__STMT_REMADE_LEASE,
                          USM__ARGS(usm__id(owner), usm__int(until), usm__int(now), usm__int(root->user),
                                    usm__int(root->cls), USM__KEY(root->root), usm__id(owner), usm__int(now))));
    *done_p = matched == 1;
    return NULL;
}

static usm_error_t *remade_unlease(usm_txn_t *txn, const usm_remade_row_t *root, const char *owner)
{
    return usm__sql_exec(NULL, txn, USM__STMT_REMADE_UNLEASE,
                         USM__ARGS(usm__int(root->user), usm__int(root->cls), USM__KEY(root->root), usm__id(owner)));
}

static usm_error_t *remade_trim(usm_txn_t *txn, usm_id_t user, usm_time_t before)
{
    return usm__sql_exec(NULL, txn, USM__STMT_REMADE_TRIM, USM__ARGS(usm__int(user), usm__int(before)));
}

void usm__sql_remade_fill(usm_store_vtable_t *vt)
{
    vt->remade_get = remade_get;
    vt->remade_add = remade_add;
    vt->remade_lease = remade_lease;
    vt->remade_unlease = remade_unlease;
    vt->remade_trim = remade_trim;
}
