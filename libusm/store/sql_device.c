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

static usm_error_t *device_get(int *found_p, usm_device_row_t *row, usm_txn_t *txn, const char *user_key,
                               const char *device_id, apr_pool_t *pool)
{
    const usm__val_t *col;
    USM_ERR(usm__sql_select(txn, USM__STMT_DEVICE_GET, USM__ARGS(usm__id(user_key), usm__id(device_id))));
    USM_ERR(usm__sql_step(&col, txn));
    *found_p = col != NULL;
    if (!col)
        return NULL;
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

static usm_error_t *device_delete(usm_txn_t *txn, usm_id_t device)
{
    return usm__sql_exec(NULL, txn, USM__STMT_DEVICE_DELETE, USM__ARGS(usm__int(device)));
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
    vt->device_delete = device_delete;
    vt->attr_get = attr_get;
    vt->attr_set = attr_set;
}
