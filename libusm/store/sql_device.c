/* SPDX-License-Identifier: Apache-2.0 */
/** @file sql_device.c  Users, devices, their attributes. */
#include "store/sql.h"

static usm_error_t *find_id(usm_id_t *id_p, usm_txn_t *txn, usm__stmt_e stmt, const usm__val_t *vals, apr_size_t count)
{
    const usm__val_t *row;
    USM_ERR(usm__sql_select(txn, stmt, vals, count));
    USM_ERR(usm__sql_step(&row, txn));
    *id_p = row ? row[0].i : 0;
    usm__sql_end(txn);
    return NULL;
}

static usm_error_t *user_id(usm_id_t *id_p, usm_txn_t *txn, const char *user_key)
{
    USM_ERR(find_id(id_p, txn, USM__STMT_USER_GET, USM__ARGS(usm__id(user_key))));
    if (*id_p || !usm__sql_writes(txn))
        return NULL;
    usm_error_t *err = usm__sql_exec(NULL, txn, USM__STMT_USER_ADD, USM__ARGS(usm__id(user_key)));
    if (!err) {
        *id_p = usm__sql_last_id(txn);
        return NULL;
    }
    if (!usm_error_is(err, USM_EEXISTS))
        return err;
    /* Another transaction made the user meanwhile. */
    usm_error_clear(err);
    return find_id(id_p, txn, USM__STMT_USER_GET, USM__ARGS(usm__id(user_key)));
}

/* The fourteen columns that DEVICE_GET and DEVICE_SCAN begin with. */
static void device_from(usm_device_row_t *row, const usm__val_t *col, apr_pool_t *pool)
{
    row->id = col[0].i;
    row->user = col[1].i;
    row->device_id = usm__col_text(&col[2], pool);
    row->device_type = usm__col_text(&col[3], pool);
    row->policy.key = (apr_uint32_t)col[4].i;
    row->policy.digest = usm__col_text(&col[5], pool);
    row->policy.pending_key = (apr_uint32_t)col[6].i;
    row->policy.pending_digest = usm__col_text(&col[7], pool);
    row->created = col[8].i;
    row->seen = col[9].i;
    usm__sql_standing_from(&row->standing, &col[10]);
}

static usm_error_t *device_get(int *found_p, usm_device_row_t *row, usm_txn_t *txn, const char *user_key,
                               const char *device_id, apr_pool_t *pool)
{
    const usm__val_t *col;
    USM_ERR(usm__sql_select(txn, USM__STMT_DEVICE_GET, USM__ARGS(usm__id(user_key), usm__id(device_id))));
    USM_ERR(usm__sql_step(&col, txn));
    *found_p = col != NULL;
    if (!col)
        return NULL;
    device_from(row, col, pool);
    usm__sql_end(txn);
    return NULL;
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

static usm_error_t *device_add(usm_txn_t *txn, usm_device_row_t *row)
{
    usm_error_t *err = usm__sql_exec(
        NULL, txn, USM__STMT_DEVICE_ADD,
        USM__ARGS(usm__int(row->user), usm__id(row->device_id), usm__text(or_empty(row->device_type), USM__ID_MAX),
                  usm__int(row->policy.key), usm__id(or_empty(row->policy.digest)), usm__int(row->policy.pending_key),
                  usm__id(or_empty(row->policy.pending_digest)), usm__int(row->created), usm__int(row->seen)));
    if (!err) {
        row->id = usm__sql_last_id(txn);
        return NULL;
    }
    if (!usm_error_is(err, USM_EEXISTS))
        return err;
    /* Two first requests of a device at once: both get the row that the earlier one made. */
    usm_error_clear(err);
    return find_id(&row->id, txn, USM__STMT_DEVICE_ID, USM__ARGS(usm__int(row->user), usm__id(row->device_id)));
}

static usm_error_t *device_policy(usm_txn_t *txn, usm_id_t device, const usm_policy_t *policy)
{
    return usm__sql_exec(NULL, txn, USM__STMT_DEVICE_POLICY,
                         USM__ARGS(usm__int(policy->key), usm__id(or_empty(policy->digest)),
                                   usm__int(policy->pending_key), usm__id(or_empty(policy->pending_digest)),
                                   usm__int(device)));
}

static usm_error_t *device_seen(usm_txn_t *txn, usm_id_t device, usm_time_t seen)
{
    return usm__sql_exec(NULL, txn, USM__STMT_DEVICE_SEEN, USM__ARGS(usm__int(seen), usm__int(device)));
}

static usm_error_t *device_count(int *all_p, int *alike_p, usm_txn_t *txn, usm_id_t user, const char *device_type)
{
    const usm__val_t *col;
    *all_p = *alike_p = 0;
    USM_ERR(usm__sql_select(txn, USM__STMT_DEVICE_COUNT,
                            USM__ARGS(usm__text(device_type, USM__ID_MAX), usm__int(user))));
    USM_ERR(usm__sql_step(&col, txn));
    if (!col)
        return NULL;
    *all_p = (int)col[0].i;
    *alike_p = (int)col[1].i;
    usm__sql_end(txn);
    return NULL;
}

static usm_error_t *device_delete(usm_txn_t *txn, usm_id_t device)
{
    return usm__sql_exec(NULL, txn, USM__STMT_DEVICE_DELETE, USM__ARGS(usm__int(device)));
}

static usm_error_t *read_sums(int *count_p, usm_device_sum_t *sums, usm_txn_t *txn, usm_id_t after_user,
                              const char *after_device, usm_id_t last_user, apr_pool_t *pool)
{
    const usm__val_t *col;
    int count = 0;
    USM_ERR(usm__sql_select(txn, USM__STMT_DEVICE_SCAN,
                            USM__ARGS(usm__int(after_user), usm__id(after_device), usm__int(after_user),
                                      usm__int(last_user), usm__int(USM__PAGE))));
    for (;;) {
        USM_ERR(usm__sql_step(&col, txn));
        if (!col)
            break;
        usm_device_sum_t *sum = &sums[count++];
        device_from(&sum->device, col, pool);
        sum->user_key = usm__col_text(&col[14], pool);
        sum->collections = col[15].i;
        sum->items = col[16].i;
    }
    *count_p = count;
    return NULL;
}

static usm_error_t *device_scan(usm_txn_t *txn, usm_id_t user, usm_device_sum_fn fn, void *baton,
                                apr_pool_t *scratch_pool)
{
    /* Two pools in turn: the place where the last page ended is needed to read the next. */
    apr_pool_t *own, *pools[2];
    usm_id_t after_user = user, last_user = user ? user : APR_INT64_MAX;
    const char *after_device = "";
    int count = USM__PAGE, turn = 0;
    usm_error_t *err = NULL;
    apr_pool_create(&own, scratch_pool);
    apr_pool_create(&pools[0], own);
    apr_pool_create(&pools[1], own);
    usm_device_sum_t *sums = apr_palloc(own, USM__PAGE * sizeof *sums);
    for (; !err && count == USM__PAGE; turn = !turn) {
        apr_pool_clear(pools[turn]);
        err = read_sums(&count, sums, txn, after_user, after_device, last_user, pools[turn]);
        for (int i = 0; !err && i < count; i++) {
            err = fn(baton, &sums[i]);
            after_user = sums[i].device.user;
            after_device = sums[i].device.device_id;
        }
    }
    apr_pool_destroy(own);
    return err;
}

static usm_error_t *attr_get(const char **value_p, usm_txn_t *txn, usm_id_t device, const char *name, apr_pool_t *pool)
{
    const usm__val_t *col;
    USM_ERR(usm__sql_select(txn, USM__STMT_ATTR_GET, USM__ARGS(usm__int(device), usm__id(name))));
    USM_ERR(usm__sql_step(&col, txn));
    *value_p = col ? usm__col_text(&col[0], pool) : NULL;
    usm__sql_end(txn);
    return NULL;
}

static usm_error_t *attr_set(usm_txn_t *txn, usm_id_t device, const char *name, const char *value)
{
    if (!value)
        return usm__sql_exec(NULL, txn, USM__STMT_ATTR_DROP, USM__ARGS(usm__int(device), usm__id(name)));
    return usm__sql_exec(NULL, txn, USM__STMT_ATTR_SET,
                         USM__ARGS(usm__int(device), usm__id(name), usm__text(value, USM__TEXT_MAX)));
}

void usm__sql_device_fill(usm_store_vtable_t *vt)
{
    vt->user_id = user_id;
    vt->device_get = device_get;
    vt->device_add = device_add;
    vt->device_policy = device_policy;
    vt->device_seen = device_seen;
    vt->device_count = device_count;
    vt->device_delete = device_delete;
    vt->device_scan = device_scan;
    vt->attr_get = attr_get;
    vt->attr_set = attr_set;
}
