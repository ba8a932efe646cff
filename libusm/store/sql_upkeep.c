/* SPDX-License-Identifier: Apache-2.0 */
/** @file sql_upkeep.c  What keeps a state database small and sound: old devices go, what cannot be is found and taken
 * away, and a device's state can be looked at. */
#include "store/sql.h"

#include <apr_tables.h>

#define COLLECTIONS_MAX 10000 /* of one device, told to a tool */

/* Owners before what they own: a repair of an owner may take the rest with it. */
static const struct {
    usm__stmt_e check, repair;
    const char *name, *what;
} checks[] = {
    {USM__STMT_CHECK_DEVICE, USM__STMT_REPAIR_DEVICE,
     "device", "devices without a user"},
    {USM__STMT_CHECK_FOLDER, USM__STMT_REPAIR_FOLDER,
     "folder", "folders without a user"},
    {USM__STMT_CHECK_COLLECTION, USM__STMT_REPAIR_COLLECTION,
     "collection", "collections without a device"},
    {USM__STMT_CHECK_COLLECTION_FOLDER, USM__STMT_REPAIR_COLLECTION_FOLDER,
     "collection_folder", "collections of a folder that never was"},
    {USM__STMT_CHECK_COLLECTION_GEN, USM__STMT_REPAIR_COLLECTION_GEN,
     "collection_gen", "collections whose generations cannot be"},
    {USM__STMT_CHECK_ITEM_GEN, USM__STMT_REPAIR_ITEM_GEN,
     "item_gen", "collections with items of generations that are not yet"},
    {USM__STMT_CHECK_ITEM_TWICE, USM__STMT_REPAIR_ITEM_TWICE,
     "item_twice", "collections with an item twice in a generation"},
    {USM__STMT_CHECK_ITEM_DIGESTS, USM__STMT_REPAIR_ITEM_DIGESTS,
     "item_digests", "collections with an item whose digests are broken"},
    {USM__STMT_CHECK_PENDING_GEN, USM__STMT_REPAIR_PENDING_GEN,
     "pending_gen", "collections with broken queue entries"},
    {USM__STMT_CHECK_ECHO_GEN, USM__STMT_REPAIR_ECHO_GEN,
     "echo_gen", "collections with answers to keys that are not yet"},
    {USM__STMT_CHECK_ITEM, USM__STMT_REPAIR_ITEM,
     "item", "items of no collection"},
    {USM__STMT_CHECK_PENDING, USM__STMT_REPAIR_PENDING,
     "pending", "queue entries of no collection"},
    {USM__STMT_CHECK_ECHO, USM__STMT_REPAIR_ECHO,
     "echo", "answers of no collection"},
    {USM__STMT_CHECK_BAD, USM__STMT_REPAIR_BAD,
     "bad", "refusals of no collection"},
    {USM__STMT_CHECK_ATTR, USM__STMT_REPAIR_ATTR,
     "attr", "values of no device"},
    {USM__STMT_CHECK_SENT, USM__STMT_REPAIR_SENT,
     "sent", "messages of no device"},
    {USM__STMT_CHECK_LAST_FID, USM__STMT_REPAIR_LAST_FID,
     "last_fid", "users whose next folder id is taken"},
};

static usm_error_t *integrity(usm_txn_t *txn, int repair, usm_flaw_fn fn, void *baton)
{
    for (apr_size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        usm_flaw_t flaw = {.name = checks[i].name, .what = checks[i].what};
        const usm__val_t *col;
        USM_ERR(usm__sql_select(txn, checks[i].check, NULL, 0));
        USM_ERR(usm__sql_step(&col, txn));
        flaw.found = col ? col[0].i : 0;
        usm__sql_end(txn);
        if (flaw.found && repair)
            USM_ERR(usm__sql_exec(&flaw.repaired, txn, checks[i].repair, NULL, 0));
        USM_ERR(fn(baton, &flaw));
    }
    return NULL;
}

static usm_error_t *expire(usm_expired_t *gone, usm_txn_t *txn, usm_time_t before, int limit, apr_pool_t *scratch_pool)
{
    apr_array_header_t *ids = apr_array_make(scratch_pool, 16, sizeof(usm_id_t));
    const usm__val_t *col;
    USM_ERR(usm__sql_select(txn, USM__STMT_DEVICE_STALE, USM__ARGS(usm__int(before), usm__int(limit))));
    for (;;) {
        USM_ERR(usm__sql_step(&col, txn));
        if (!col)
            break;
        APR_ARRAY_PUSH(ids, usm_id_t) = col[0].i;
    }
    for (int i = 0; i < ids->nelts; i++)
        USM_ERR(usm__sql_exec(NULL, txn, USM__STMT_DEVICE_DELETE,
                              USM__ARGS(usm__int(APR_ARRAY_IDX(ids, i, usm_id_t)))));
    gone->devices += ids->nelts;
    return NULL;
}

static usm_error_t *expire_rest(usm_expired_t *gone, usm_txn_t *txn, usm_time_t logins_before)
{
    apr_int64_t n = 0;
    USM_ERR(usm__sql_exec(&n, txn, USM__STMT_REPAIR_GONE, NULL, 0));
    gone->collections += n;
    USM_ERR(usm__sql_exec(&n, txn, USM__STMT_LOGIN_EXPIRE, USM__ARGS(usm__int(logins_before))));
    gone->logins += n;
    return NULL;
}

static usm_error_t *collection_scan(usm_txn_t *txn, usm_id_t device, usm_collection_sum_fn fn, void *baton,
                                    apr_pool_t *scratch_pool)
{
    const usm__val_t *col;
    apr_array_header_t *rows = apr_array_make(scratch_pool, 32, sizeof(usm_collection_sum_t));
    USM_ERR(usm__sql_select(txn, USM__STMT_COLLECTION_SCAN,
                            USM__ARGS(usm__int(device), usm__int(-1), usm__int(COLLECTIONS_MAX))));
    for (;;) {
        USM_ERR(usm__sql_step(&col, txn));
        if (!col)
            break;
        usm_collection_sum_t *sum = apr_array_push(rows);
        usm_collection_row_t *row = &sum->row;
        *row = (usm_collection_row_t){.id = col[0].i, .device = col[1].i, .fid = col[2].i, .cls = (usm_class_e)col[3].i,
                                      .epoch = col[4].i, .gen = col[5].i, .prev = col[6].i,
                                      .since = usm__col_time(&col[7]), .created = usm__col_time(&col[8]),
                                      .full_at = usm__col_time(&col[9]), .lease_until = usm__col_time(&col[11])};
        row->lease = usm__col_text(&col[10], scratch_pool);
        sum->folder = usm__col_text(&col[12], scratch_pool);
        sum->gone = row->fid && col[13].kind == USM__NULL;
        sum->items = col[14].i;
        sum->waiting = col[15].i;
    }
    for (int i = 0; i < rows->nelts; i++)
        USM_ERR(fn(baton, &APR_ARRAY_IDX(rows, i, usm_collection_sum_t)));
    return NULL;
}

void usm__sql_upkeep_fill(usm_store_vtable_t *vt)
{
    vt->integrity = integrity;
    vt->expire = expire;
    vt->expire_rest = expire_rest;
    vt->collection_scan = collection_scan;
}
