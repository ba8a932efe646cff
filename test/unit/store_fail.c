/* SPDX-License-Identifier: Apache-2.0 */
#include "store_fail.h"

#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int wanted, counted, commits_wanted, done;
static apr_status_t wanted_code;

void store_fail_at(int nth, apr_status_t code)
{
    pthread_mutex_lock(&lock);
    wanted = nth;
    wanted_code = code;
    counted = commits_wanted = done = 0;
    pthread_mutex_unlock(&lock);
}

void store_fail_after_commit(int nth, apr_status_t code)
{
    store_fail_at(0, code);
    pthread_mutex_lock(&lock);
    commits_wanted = nth;
    pthread_mutex_unlock(&lock);
}

int store_fail_count(void)
{
    pthread_mutex_lock(&lock);
    int count = counted;
    pthread_mutex_unlock(&lock);
    return count;
}

int store_fail_done(void)
{
    pthread_mutex_lock(&lock);
    int result = done;
    pthread_mutex_unlock(&lock);
    return result;
}

/* The code to fail with, or 0. */
static apr_status_t count_one(void)
{
    pthread_mutex_lock(&lock);
    int now = ++counted == wanted;
    done |= now;
    pthread_mutex_unlock(&lock);
    return now ? wanted_code : 0;
}

static apr_status_t count_commit(void)
{
    pthread_mutex_lock(&lock);
    int now = commits_wanted > 0 && !--commits_wanted;
    done |= now;
    pthread_mutex_unlock(&lock);
    return now ? wanted_code : 0;
}

/* An operation has no pool of its own; its error hangs below one that lives as long as the process. */
static usm_error_t *failure(apr_status_t code, const char *name)
{
    return usm_error_make(NULL, __FILE__, __LINE__, code, NULL, "%s was told to fail", name);
}

/* One row per operation: name, parameters, arguments. */
#define OPERATIONS(OP)                                                                                                 \
    OP(user_id, (usm_id_t *id_p, usm_txn_t *txn, const char *user_key), (id_p, txn, user_key))                         \
    OP(device_get,                                                                                                     \
       (int *found_p, usm_device_row_t *row, usm_txn_t *txn, const char *user_key, const char *device_id,              \
        apr_pool_t *pool),                                                                                             \
       (found_p, row, txn, user_key, device_id, pool))                                                                 \
    OP(device_add, (usm_txn_t *txn, usm_device_row_t *row), (txn, row))                                                \
    OP(device_policy, (usm_txn_t *txn, usm_id_t device, const usm_policy_t *policy), (txn, device, policy))            \
    OP(device_seen, (usm_txn_t *txn, usm_id_t device, usm_time_t seen), (txn, device, seen))                           \
    OP(device_delete, (usm_txn_t *txn, usm_id_t device), (txn, device))                                                \
    OP(device_scan,                                                                                                    \
       (usm_txn_t *txn, usm_id_t user, usm_device_sum_fn fn, void *baton, apr_pool_t *scratch_pool),                   \
       (txn, user, fn, baton, scratch_pool))                                                                           \
    OP(attr_get,                                                                                                       \
       (const char **value_p, usm_txn_t *txn, usm_id_t device, const char *name, apr_pool_t *pool),                    \
       (value_p, txn, device, name, pool))                                                                             \
    OP(attr_set,                                                                                                       \
       (usm_txn_t *txn, usm_id_t device, const char *name, const char *value),                                         \
       (txn, device, name, value))                                                                                     \
    OP(folder_scan,                                                                                                    \
       (usm_txn_t *txn, usm_id_t user, int with_gone, usm_folder_row_fn fn, void *baton,                               \
        apr_pool_t *scratch_pool),                                                                                     \
       (txn, user, with_gone, fn, baton, scratch_pool))                                                                \
    OP(folder_get,                                                                                                     \
       (int *found_p, usm_folder_row_t *row, usm_txn_t *txn, usm_id_t user, apr_int64_t fid, apr_pool_t *pool),        \
       (found_p, row, txn, user, fid, pool))                                                                           \
    OP(folder_add, (usm_txn_t *txn, usm_folder_row_t *row), (txn, row))                                                \
    OP(folder_update, (usm_txn_t *txn, const usm_folder_row_t *row), (txn, row))                                       \
    OP(collection_get,                                                                                                 \
       (int *found_p, usm_collection_row_t *row, usm_folder_row_t *folder, usm_txn_t *txn, usm_id_t device,            \
        usm_id_t user, apr_int64_t fid, apr_pool_t *pool),                                                             \
       (found_p, row, folder, txn, device, user, fid, pool))                                                           \
    OP(collection_reset,                                                                                               \
       (int *done_p, usm_txn_t *txn, usm_collection_row_t *row, apr_int64_t seen), (done_p, txn, row, seen))           \
    OP(collection_advance,                                                                                             \
       (int *done_p, usm_txn_t *txn, usm_id_t id, apr_int64_t epoch, apr_int64_t gen, apr_int64_t new_gen,             \
        apr_int64_t new_prev, const char *owner, usm_time_t now),                                                      \
       (done_p, txn, id, epoch, gen, new_gen, new_prev, owner, now))                                                   \
    OP(collection_cursor,                                                                                              \
       (usm_txn_t *txn, usm_id_t id, apr_int64_t epoch, const char *cursor, usm_time_t since,                          \
        int open_tasks_only, usm_time_t full_at),                                                                      \
       (txn, id, epoch, cursor, since, open_tasks_only, full_at))                                                      \
    OP(collection_options, (usm_txn_t *txn, usm_id_t id, const char *options), (txn, id, options))                     \
    OP(collection_lease,                                                                                               \
       (int *done_p, usm_txn_t *txn, usm_id_t id, apr_int64_t epoch, const char *owner, usm_time_t now,                \
        usm_time_t until),                                                                                             \
       (done_p, txn, id, epoch, owner, now, until))                                                                    \
    OP(collection_unlease, (usm_txn_t *txn, usm_id_t id, const char *owner), (txn, id, owner))                         \
    OP(collection_delete, (usm_txn_t *txn, usm_id_t id), (txn, id))                                                    \
    OP(item_get,                                                                                                       \
       (int *found_p, usm_item_row_t *row, usm_txn_t *txn, usm_id_t collection, apr_int64_t gen,                       \
        const char *id, apr_pool_t *pool),                                                                             \
       (found_p, row, txn, collection, gen, id, pool))                                                                 \
    OP(item_add, (usm_txn_t *txn, usm_id_t collection, const usm_item_row_t *row), (txn, collection, row))             \
    OP(item_kill,                                                                                                      \
       (usm_txn_t *txn, usm_id_t collection, apr_int64_t gen, const char *id, apr_int64_t died),                       \
       (txn, collection, gen, id, died))                                                                               \
    OP(item_touch,                                                                                                     \
       (usm_txn_t *txn, usm_id_t collection, apr_int64_t gen, const char *id, apr_uint64_t rev, usm_time_t edge),      \
       (txn, collection, gen, id, rev, edge))                                                                          \
    OP(item_find,                                                                                                      \
       (usm_txn_t *txn, usm_id_t collection, apr_int64_t gen, const char **ids, int count, usm_item_row_fn fn,         \
        void *baton, apr_pool_t *scratch_pool),                                                                        \
       (txn, collection, gen, ids, count, fn, baton, scratch_pool))                                                    \
    OP(item_scan,                                                                                                      \
       (usm_txn_t *txn, usm_id_t collection, apr_int64_t gen, const char *after, int limit, usm_item_row_fn fn,        \
        void *baton, apr_pool_t *scratch_pool),                                                                        \
       (txn, collection, gen, after, limit, fn, baton, scratch_pool))                                                  \
    OP(item_edge_scan,                                                                                                 \
       (usm_txn_t *txn, usm_id_t collection, apr_int64_t gen, usm_time_t before, const usm_item_row_t *after,          \
        int limit, usm_item_row_fn fn, void *baton, apr_pool_t *scratch_pool),                                         \
       (txn, collection, gen, before, after, limit, fn, baton, scratch_pool))                                          \
    OP(pending_put, (usm_txn_t *txn, usm_id_t collection, const usm_pending_row_t *row), (txn, collection, row))       \
    OP(pending_drop, (usm_txn_t *txn, usm_id_t collection, const char *id), (txn, collection, id))                     \
    OP(pending_told,                                                                                                   \
       (usm_txn_t *txn, usm_id_t collection, const usm_pending_row_t *row, apr_int64_t gen),                           \
       (txn, collection, row, gen))                                                                                    \
    OP(pending_scan,                                                                                                   \
       (usm_txn_t *txn, usm_id_t collection, apr_int64_t gen, int limit, usm_pending_row_fn fn, void *baton,           \
        apr_pool_t *scratch_pool),                                                                                     \
       (txn, collection, gen, limit, fn, baton, scratch_pool))                                                         \
    OP(pending_find,                                                                                                   \
       (usm_txn_t *txn, usm_id_t collection, const char **ids, int count, usm_pending_row_fn fn, void *baton,          \
        apr_pool_t *scratch_pool),                                                                                     \
       (txn, collection, ids, count, fn, baton, scratch_pool))                                                         \
    OP(pending_get,                                                                                                    \
       (int *found_p, usm_pending_row_t *row, usm_txn_t *txn, usm_id_t collection, const char *id,                     \
        apr_pool_t *pool),                                                                                             \
       (found_p, row, txn, collection, id, pool))                                                                      \
    OP(pending_take,                                                                                                   \
       (usm_txn_t *txn, usm_id_t collection, const usm_pending_row_t *seen, apr_int64_t gen),                          \
       (txn, collection, seen, gen))                                                                                   \
    OP(pending_count,                                                                                                  \
       (int *count_p, usm_txn_t *txn, usm_id_t collection, int limit),                                                 \
       (count_p, txn, collection, limit))                                                                              \
    OP(purge, (usm_txn_t *txn, usm_id_t collection, apr_int64_t acked, unsigned what), (txn, collection, acked, what)) \
    OP(undo, (usm_txn_t *txn, usm_id_t collection, apr_int64_t gen), (txn, collection, gen))                           \
    OP(echo_get,                                                                                                       \
       (int *found_p, usm_echo_row_t *row, usm_txn_t *txn, usm_id_t collection, usm_id_t device,                       \
        apr_int64_t base, int kind, const char *cid, apr_pool_t *pool),                                                \
       (found_p, row, txn, collection, device, base, kind, cid, pool))                                                 \
    OP(echo_scan, (usm_txn_t *txn, usm_id_t collection, apr_int64_t base, usm_echo_row_fn fn, void *baton,            \
                   apr_pool_t *pool),                                                                                  \
       (txn, collection, base, fn, baton, pool))                                                                       \
    OP(echo_put, (usm_txn_t *txn, const usm_echo_row_t *row), (txn, row))                                              \
    OP(echo_trim_sends, (usm_txn_t *txn, usm_id_t device, int keep, usm_time_t after), (txn, device, keep, after))     \
    OP(conflict_add, (usm_txn_t *txn, const usm_conflict_row_t *row), (txn, row))                                      \
    OP(conflict_trim, (usm_txn_t *txn, usm_id_t user, int keep, usm_time_t after), (txn, user, keep, after))           \
    OP(conflict_scan,                                                                                                  \
       (usm_txn_t *txn, usm_id_t user, usm_conflict_row_fn fn, void *baton, apr_pool_t *pool),                         \
       (txn, user, fn, baton, pool))                                                                                   \
    OP(device_count, (int *all_p, int *alike_p, usm_txn_t *txn, usm_id_t user, const char *type),                      \
       (all_p, alike_p, txn, user, type))                                                                              \
    OP(standing_get, (usm_standing_t *standing, usm_txn_t *txn, usm_id_t user, const char *device_id),                 \
       (standing, txn, user, device_id))                                                                               \
    OP(standing_put, (usm_txn_t *txn, usm_id_t user, const char *device_id, const usm_standing_t *standing),           \
       (txn, user, device_id, standing))                                                                               \
    OP(audit_add, (usm_txn_t *txn, const usm_audit_row_t *row), (txn, row))                                            \
    OP(remade_get,                                                                                                     \
       (int *found_p, usm_remade_row_t *row, usm_txn_t *txn, usm_id_t user, usm_class_e cls, const char *id,           \
        apr_pool_t *pool),                                                                                             \
       (found_p, row, txn, user, cls, id, pool))                                                                       \
    OP(remade_add, (usm_txn_t *txn, const usm_remade_row_t *row), (txn, row))                                          \
    OP(remade_lease,                                                                                                   \
       (int *done_p, usm_txn_t *txn, const usm_remade_row_t *row, const char *owner, usm_time_t now,                   \
        usm_time_t until),                                                                                             \
       (done_p, txn, row, owner, now, until))                                                                          \
    OP(remade_unlease, (usm_txn_t *txn, const usm_remade_row_t *row, const char *owner), (txn, row, owner))            \
    OP(remade_trim, (usm_txn_t *txn, usm_id_t user, usm_time_t before), (txn, user, before))                           \
    OP(bad_put, (usm_txn_t *txn, const usm_bad_row_t *row), (txn, row))                                                \
    OP(bad_drop, (usm_txn_t *txn, usm_id_t collection, int kind, const char *id), (txn, collection, kind, id))         \
    OP(bad_scan,                                                                                                       \
       (usm_txn_t *txn, usm_id_t collection, int kind, usm_bad_row_fn fn, void *baton, apr_pool_t *pool),              \
       (txn, collection, kind, fn, baton, pool))                                                                       \
    OP(bad_trim, (usm_txn_t *txn, usm_id_t collection, usm_time_t before), (txn, collection, before))                  \
    OP(bad_list, (usm_txn_t *txn, usm_id_t user, usm_bad_row_fn fn, void *baton, apr_pool_t *pool),                    \
       (txn, user, fn, baton, pool))                                                                                   \
    OP(collection_retry, (usm_txn_t *txn, usm_id_t id, usm_time_t at), (txn, id, at))                                  \
    OP(login_get,                                                                                                      \
       (const char **value_p, usm_txn_t *txn, const char *name, usm_time_t not_before, apr_pool_t *pool),              \
       (value_p, txn, name, not_before, pool))                                                                         \
    OP(login_set, (usm_txn_t *txn, const char *name, const char *value, usm_time_t at), (txn, name, value, at))

#define WRAPPER(name, params, args)                                                                                    \
    static usm_error_t *fail_##name params                                                                             \
    {                                                                                                                  \
        apr_status_t code = count_one();                                                                               \
        return code ? failure(code, #name) : usm_store_sql()->name args;                                               \
    }
OPERATIONS(WRAPPER)

static usm_error_t *fail_open(usm_store_t **store_p, const char *url, int max_connections, const usm_log_t *log,
                              apr_pool_t *pool)
{
    USM_ERR(usm_store_sql()->open(store_p, url, max_connections, log, pool));
    (*store_p)->vt = store_fail_vtable();
    return NULL;
}

static usm_error_t *fail_begin(usm_txn_t **txn_p, usm_store_t *store, usm_txn_mode_e mode, usm_stats_t *stats,
                               apr_pool_t *pool)
{
    apr_status_t code = count_one();
    return code ? failure(code, "begin") : usm_store_sql()->begin(txn_p, store, mode, stats, pool);
}

static usm_error_t *fail_commit(usm_txn_t *txn)
{
    apr_status_t code = count_one();
    if (code) {
        usm_store_sql()->rollback(txn);
        return failure(code, "commit");
    }
    USM_ERR(usm_store_sql()->commit(txn));
    code = count_commit();
    return code ? failure(code, "the answer of commit") : NULL;
}

static void fail_rollback(usm_txn_t *txn)
{
    usm_store_sql()->rollback(txn);
}

const usm_store_vtable_t *store_fail_vtable(void)
{
#define ENTRY(name, params, args) .name = fail_##name,
    static const usm_store_vtable_t vtable = {
        .open = fail_open, .begin = fail_begin, .commit = fail_commit, .rollback = fail_rollback, OPERATIONS(ENTRY)};
    return &vtable;
}
