/* SPDX-License-Identifier: Apache-2.0 */
/* The lease: one request at a time applies client changes to a collection. */
#include "core.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define LEASE_MS 120000
#define LEASE_RENEW_MS 30000
#define LEASE_WAIT_MS 20000

static const char *lease_owner(apr_pool_t *pool)
{
    char host[65] = "";
    apr_uint64_t nonce = 0;
    gethostname(host, sizeof host - 1);
    usm__random(&nonce, 6);
    return apr_psprintf(pool, "%.64s/%ld/%" APR_UINT64_T_HEX_FMT, host, (long)getpid(), nonce);
}

/* A process of this host that has died holds nothing. */
static int owner_is_dead(const char *owner, const char *mine)
{
    const char *a = strchr(owner, '/'), *b = strchr(mine, '/');
    if (!a || !b || a - owner != b - mine || strncmp(owner, mine, (size_t)(a - owner)) != 0)
        return 0;
    long pid = strtol(a + 1, NULL, 10);
    return pid > 0 && kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

static usm_error_t *try_lease(int *done_p, usm_turn_t *turn, apr_pool_t *pool)
{
    usm_session_t *session = turn->session;
    usm_collection_row_t coll;
    usm_folder_row_t folder;
    usm_txn_t *txn;
    usm_time_t now = usm__now();
    int found;
    USM_ERR(usm__read(&txn, session, pool));
    USM_ERR(usm__finish(session, txn, USM__VT(session)->collection_get(&found, &coll, &folder, txn, session->device.id,
                                                                       session->device.user, turn->coll.fid, pool)));
    *done_p = 0;
    if (!found || coll.epoch != turn->coll.epoch)
        return USM_ERROR(pool, USM_ESTALE_KEY, "the collection was started over meanwhile");
    turn->overtaken = coll.gen != turn->coll.gen;
    USM_ERR(usm__write(&txn, session, pool));
    usm_error_t *err = NULL;
    if (coll.lease && *coll.lease && owner_is_dead(coll.lease, turn->lease_owner))
        err = USM__VT(session)->collection_unlease(txn, coll.id, coll.lease);
    if (!err)
        err = USM__VT(session)->collection_lease(done_p, txn, coll.id, coll.epoch, turn->lease_owner, now,
                                                 now + LEASE_MS);
    return usm__finish(session, txn, err);
}

static apr_status_t drop_lease(void *data)
{
    usm_turn_t *turn = data;
    usm_session_t *session = turn->session;
    usm_txn_t *txn;
    apr_pool_t *pool;
    if (!turn->leased || apr_pool_create(&pool, NULL))
        return APR_SUCCESS;
    usm_error_t *err = usm__write(&txn, session, pool);
    if (!err)
        err = usm__finish(session, txn, USM__VT(session)->collection_unlease(txn, turn->coll.id, turn->lease_owner));
    usm_error_clear(err); /* the lease runs out by itself */
    apr_pool_destroy(pool);
    return APR_SUCCESS;
}

/* Many changes at a slow server take longer than a lease lasts. */
static usm_error_t *renew_lease(usm_turn_t *turn)
{
    usm_session_t *session = turn->session;
    usm_time_t now = usm__now();
    usm_txn_t *txn;
    int done = 0;
    USM_ERR(usm__write(&txn, session, turn->pool));
    USM_ERR(usm__finish(session, txn, USM__VT(session)->collection_lease(&done, txn, turn->coll.id, turn->coll.epoch,
                                                                         turn->lease_owner, now, now + LEASE_MS)));
    if (!done)
        return USM_ERROR(turn->pool, USM_EBUSY, "another request of this device has taken over");
    turn->lease_renew = now + LEASE_RENEW_MS;
    return NULL;
}

usm_error_t *usm__turn_lease(usm_turn_t *turn)
{
    usm_time_t until = usm__now() + LEASE_WAIT_MS;
    apr_pool_t *iterpool;
    int done = 0;
    if (turn->leased)
        return usm__now() < turn->lease_renew ? NULL : renew_lease(turn);
    turn->lease_owner = lease_owner(turn->pool);
    apr_pool_create(&iterpool, turn->pool);
    for (;;) {
        apr_pool_clear(iterpool);
        USM_ERR(try_lease(&done, turn, iterpool));
        if (done)
            break;
        if (usm__now() > until)
            return USM_ERROR(turn->pool, USM_EBUSY, "another request of this device still applies its changes");
        apr_sleep(50000);
    }
    apr_pool_destroy(iterpool);
    turn->leased = 1;
    turn->lease_renew = usm__now() + LEASE_RENEW_MS;
    apr_pool_pre_cleanup_register(turn->pool, turn, drop_lease);
    /* While waiting, the other request may have finished: look at the key again. */
    return turn->overtaken ? usm__turn_validate(turn) : NULL;
}
