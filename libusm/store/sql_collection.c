/* SPDX-License-Identifier: Apache-2.0 */
/** @file sql_collection.c  Collections: epoch, generations, detection's progress, lease. */
#include "store/sql.h"

/* The columns after the folder's ten. */
static void collection_from(usm_collection_row_t *row, const usm__val_t *col, usm_id_t device, apr_int64_t fid,
                            apr_pool_t *pool)
{
    row->id = col[0].i;
    row->device = device;
    row->fid = fid;
    row->cls = (usm_class_e)col[1].i;
    row->epoch = col[2].i;
    row->gen = col[3].i;
    row->prev = col[4].i;
    row->since = usm__col_time(&col[5]);
    row->open_tasks_only = (int)col[6].i;
    row->cursor = usm__col_text(&col[7], pool);
    row->options = usm__col_text(&col[8], pool);
    row->created = usm__col_time(&col[9]);
    row->full_at = usm__col_time(&col[10]);
    row->lease = usm__col_text(&col[11], pool);
    row->lease_until = usm__col_time(&col[12]);
    row->retry_at = usm__col_time(&col[13]);
    row->queued = (int)col[14].i;
    row->old = (col[15].i ? USM_OLD_ITEMS : 0U) | (col[16].i ? USM_OLD_PENDING : 0U) | (col[17].i ? USM_OLD_ECHO : 0U);
}

static usm_error_t *collection_get(int *found_p, usm_collection_row_t *row, usm_folder_row_t *folder, usm_txn_t *txn,
                                   usm_id_t device, usm_id_t user, apr_int64_t fid, apr_pool_t *pool)
{
    const usm__val_t *col;
    if (folder)
        folder->fid = 0;
    USM_ERR(usm__sql_select(txn, USM__STMT_COLLECTION_GET,
                            USM__ARGS(usm__int(fid), usm__int(device), usm__int(fid), usm__int(user))));
    USM_ERR(usm__sql_step(&col, txn));
    *found_p = col && col[10].kind != USM__NULL;
    if (col && folder && col[0].kind != USM__NULL)
        usm__folder_from(folder, col, user, pool);
    if (*found_p)
        collection_from(row, col + 10, device, fid, pool);
    usm__sql_end(txn);
    return NULL;
}

/** What COLLECTION_ADD and COLLECTION_RESTART begin with. */
#define STATE(row)                                                                                                     \
    usm__int((row)->cls), usm__int((row)->epoch), usm__int((row)->gen), usm__int((row)->prev),                         \
        usm__time((row)->since), usm__int(!!(row)->open_tasks_only), usm__text((row)->cursor, USM__TEXT_MAX),          \
        usm__text((row)->options, USM__TEXT_MAX), usm__time((row)->created), usm__time((row)->full_at),                \
        usm__id((row)->lease ? (row)->lease : ""), usm__time((row)->lease_until)

static usm_error_t *find_collection(usm_id_t *id_p, usm_txn_t *txn, const usm_collection_row_t *row)
{
    const usm__val_t *col;
    USM_ERR(usm__sql_select(txn, USM__STMT_COLLECTION_ID, USM__ARGS(usm__int(row->device), usm__int(row->fid))));
    USM_ERR(usm__sql_step(&col, txn));
    *id_p = col ? col[0].i : 0;
    usm__sql_end(txn);
    return NULL;
}

static usm_error_t *restart(int *done_p, usm_txn_t *txn, usm_collection_row_t *row, apr_int64_t seen)
{
    static const usm__stmt_e wipes[] = {USM__STMT_ITEM_WIPE, USM__STMT_PENDING_WIPE, USM__STMT_BAD_WIPE,
                                        USM__STMT_ECHO_WIPE};
    apr_int64_t matched = 0;
    /* The row first: it is what other transactions of the collection wait for. */
    USM_ERR(usm__sql_exec(&matched, txn, USM__STMT_COLLECTION_RESTART,
                          USM__ARGS(STATE(row), usm__int(row->id), usm__int(seen))));
    *done_p = matched == 1;
    for (apr_size_t i = 0; *done_p && i < sizeof wipes / sizeof wipes[0]; i++)
        USM_ERR(usm__sql_exec(NULL, txn, wipes[i], USM__ARGS(usm__int(row->id))));
    return NULL;
}

static usm_error_t *collection_reset(int *done_p, usm_txn_t *txn, usm_collection_row_t *row, apr_int64_t seen)
{
    *done_p = 0;
    USM_ERR(find_collection(&row->id, txn, row));
    if (row->id)
        return seen ? restart(done_p, txn, row, seen) : NULL;
    usm_error_t *err = usm__sql_exec(NULL, txn, USM__STMT_COLLECTION_ADD,
                                     USM__ARGS(STATE(row), usm__int(row->device), usm__int(row->fid)));
    if (err && !usm_error_is(err, USM_EEXISTS))
        return err;
    *done_p = !err; /* else another request has made it meanwhile */
    usm_error_clear(err);
    row->id = *done_p ? usm__sql_last_id(txn) : 0;
    return NULL;
}

static usm_error_t *collection_advance(int *done_p, usm_txn_t *txn, usm_id_t id, apr_int64_t epoch, apr_int64_t gen,
                                       apr_int64_t new_gen, apr_int64_t new_prev, const char *owner, usm_time_t now)
{
    apr_int64_t matched = 0;
    USM_ERR(usm__sql_exec(&matched, txn, USM__STMT_COLLECTION_ADVANCE,
                          USM__ARGS(usm__int(new_gen), usm__int(new_prev), usm__int(id), usm__int(epoch),
                                    usm__int(gen), usm__id(owner), usm__int(now))));
    *done_p = matched == 1;
    return NULL;
}

static usm_error_t *collection_cursor(usm_txn_t *txn, usm_id_t id, apr_int64_t epoch, const char *cursor,
                                      usm_time_t since, int open_tasks_only, usm_time_t full_at)
{
    return usm__sql_exec(NULL, txn, USM__STMT_COLLECTION_CURSOR,
                         USM__ARGS(usm__text(cursor, USM__TEXT_MAX), usm__time(since), usm__int(!!open_tasks_only),
                                   usm__time(full_at), usm__int(id), usm__int(epoch)));
}

static usm_error_t *collection_options(usm_txn_t *txn, usm_id_t id, const char *options)
{
    return usm__sql_exec(NULL, txn, USM__STMT_COLLECTION_OPTIONS,
                         USM__ARGS(usm__text(options, USM__TEXT_MAX), usm__int(id)));
}

static usm_error_t *collection_lease(int *done_p, usm_txn_t *txn, usm_id_t id, apr_int64_t epoch, const char *owner,
                                     usm_time_t now, usm_time_t until)
{
    apr_int64_t matched = 0;
    USM_ERR(usm__sql_exec(&matched, txn, USM__STMT_COLLECTION_LEASE,
                          USM__ARGS(usm__id(owner), usm__time(until), usm__int(id), usm__int(epoch), usm__id(owner),
                                    usm__int(now))));
    *done_p = matched == 1;
    return NULL;
}

static usm_error_t *collection_unlease(usm_txn_t *txn, usm_id_t id, const char *owner)
{
    return usm__sql_exec(NULL, txn, USM__STMT_COLLECTION_UNLEASE, USM__ARGS(usm__int(id), usm__id(owner)));
}

static usm_error_t *collection_delete(usm_txn_t *txn, usm_id_t id)
{
    return usm__sql_exec(NULL, txn, USM__STMT_COLLECTION_DELETE, USM__ARGS(usm__int(id)));
}

void usm__sql_collection_fill(usm_store_vtable_t *vt)
{
    vt->collection_get = collection_get;
    vt->collection_reset = collection_reset;
    vt->collection_advance = collection_advance;
    vt->collection_cursor = collection_cursor;
    vt->collection_options = collection_options;
    vt->collection_lease = collection_lease;
    vt->collection_unlease = collection_unlease;
    vt->collection_delete = collection_delete;
}
