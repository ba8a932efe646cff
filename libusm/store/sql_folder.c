/* SPDX-License-Identifier: Apache-2.0 */
/** @file sql_folder.c  The hierarchy of a user: short ids and what the groupware calls them. */
#include "store/sql.h"

void usm__folder_from(usm_folder_row_t *row, const usm__val_t *col, usm_id_t user, apr_pool_t *pool)
{
    row->user = user;
    row->fid = col[0].i;
    row->backend_id = usm__col_text(&col[1], pool);
    row->gone = col[2].kind == USM__NULL;
    row->parent = col[3].i;
    row->name = usm__col_text(&col[4], pool);
    row->cls = (usm_class_e)col[5].i;
    row->role = (usm_role_e)col[6].i;
    row->rights = (int)col[7].i;
    row->token = usm__col_text(&col[8], pool);
    row->has_children = (int)col[9].i;
}

/* Reads one page into @a rows. */
static usm_error_t *read_page(int *count_p, usm_folder_row_t *rows, usm_txn_t *txn, usm_id_t user, apr_int64_t after,
                              int with_gone, apr_pool_t *pool)
{
    const usm__val_t *col;
    int count = 0;
    USM_ERR(usm__sql_select(txn, USM__STMT_FOLDER_SCAN,
                            USM__ARGS(usm__int(user), usm__int(after), usm__int(!!with_gone), usm__int(USM__PAGE))));
    for (;;) {
        USM_ERR(usm__sql_step(&col, txn));
        if (!col)
            break;
        usm__folder_from(&rows[count++], col, user, pool);
    }
    *count_p = count;
    return NULL;
}

static usm_error_t *folder_scan(usm_txn_t *txn, usm_id_t user, int with_gone, usm_folder_row_fn fn, void *baton,
                                apr_pool_t *scratch_pool)
{
    apr_pool_t *own, *iterpool;
    apr_int64_t after = 0;
    int count = USM__PAGE;
    usm_error_t *err = NULL;
    apr_pool_create(&own, scratch_pool);
    apr_pool_create(&iterpool, own);
    usm_folder_row_t *rows = apr_palloc(own, USM__PAGE * sizeof *rows);
    while (!err && count == USM__PAGE) {
        apr_pool_clear(iterpool);
        err = read_page(&count, rows, txn, user, after, with_gone, iterpool);
        for (int i = 0; !err && i < count; i++) {
            err = fn(baton, &rows[i]);
            after = rows[i].fid;
        }
    }
    apr_pool_destroy(own);
    return err;
}

static usm_error_t *folder_get(int *found_p, usm_folder_row_t *row, usm_txn_t *txn, usm_id_t user, apr_int64_t fid,
                               apr_pool_t *pool)
{
    const usm__val_t *col;
    USM_ERR(usm__sql_select(txn, USM__STMT_FOLDER_GET, USM__ARGS(usm__int(user), usm__int(fid))));
    USM_ERR(usm__sql_step(&col, txn));
    *found_p = col != NULL;
    if (col)
        usm__folder_from(row, col, user, pool);
    usm__sql_end(txn);
    return NULL;
}

static usm__val_t live(const usm_folder_row_t *row)
{
    return row->gone ? (usm__val_t){.kind = USM__NULL} : usm__int(1);
}

static usm__val_t token(const usm_folder_row_t *row)
{
    return usm__longid(row->token ? row->token : "");
}

static usm_error_t *next_fid(apr_int64_t *fid_p, usm_txn_t *txn, const usm_folder_row_t *row)
{
    const usm__val_t *col;
    apr_int64_t matched;
    *fid_p = row->fid;
    if (row->fid)
        return NULL;
    USM_ERR(usm__sql_exec(&matched, txn, USM__STMT_FOLDER_NEXT, USM__ARGS(usm__int(row->user))));
    if (!matched)
        return USM_ERROR(usm__sql_pool(txn), USM_ESTORE, "folder of a user that is not there");
    USM_ERR(usm__sql_select(txn, USM__STMT_FOLDER_LAST, USM__ARGS(usm__int(row->user))));
    USM_ERR(usm__sql_step(&col, txn));
    if (!col)
        return USM_ERROR(usm__sql_pool(txn), USM_ESTORE, "folder of a user that is not there");
    *fid_p = col[0].i;
    usm__sql_end(txn);
    return NULL;
}

static usm_error_t *folder_add(usm_txn_t *txn, usm_folder_row_t *row)
{
    apr_int64_t fid;
    USM_ERR(next_fid(&fid, txn, row));
    USM_ERR(usm__sql_exec(NULL, txn, USM__STMT_FOLDER_ADD,
                          USM__ARGS(usm__int(row->user), usm__int(fid), usm__longid(row->backend_id), live(row),
                                    usm__int(row->parent), usm__text(row->name, USM__LONG_MAX), usm__int(row->cls),
                                    usm__int(row->role), usm__int(row->rights), token(row),
                                    usm__int(!!row->has_children))));
    row->fid = fid;
    return NULL;
}

static usm_error_t *folder_update(usm_txn_t *txn, const usm_folder_row_t *row)
{
    return usm__sql_exec(NULL, txn, USM__STMT_FOLDER_UPDATE,
                         USM__ARGS(usm__longid(row->backend_id), live(row), usm__int(row->parent),
                                   usm__text(row->name, USM__LONG_MAX), usm__int(row->cls), usm__int(row->role),
                                   usm__int(row->rights), token(row), usm__int(!!row->has_children),
                                   usm__int(row->user), usm__int(row->fid)));
}

void usm__sql_folder_fill(usm_store_vtable_t *vt)
{
    vt->folder_scan = folder_scan;
    vt->folder_get = folder_get;
    vt->folder_add = folder_add;
    vt->folder_update = folder_update;
}
