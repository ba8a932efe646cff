/* SPDX-License-Identifier: Apache-2.0 */
/* The lease: one request at a time applies client changes to a collection. */
#include "core.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define LEASE_MS 120000
#define LEASE_RENEW_MS 30000
#define LEASE_WAIT_MS 20000
#define OWED_MAX 512 /* more run out by themselves */

/* A small file of the system, up to its first line's end; "" when there is none. */
static void read_line(char *line, apr_size_t size, const char *path)
{
    FILE *f = fopen(path, "re");
    if (!f || !fgets(line, (int)size, f))
        *line = '\0';
    if (f)
        fclose(f);
    line[strcspn(line, "\n")] = '\0';
}

/* Since when a process runs, in the system's ticks; 0 = not known. It tells a process from a later one of its number.
 * The name in the line's brackets may hold anything. */
static apr_uint64_t started(long pid)
{
    char path[64], line[1024], *rest;
    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    read_line(line, sizeof line, path);
    rest = strrchr(line, ')');
    for (int field = 2; rest && field < 22; field++)
        rest = strchr(rest + 1, ' ');
    return rest ? strtoull(rest, NULL, 10) : 0;
}

/* Where process numbers mean what they mean here: this start of this machine, and this container of it. One name of
 * the host may stand for several. */
static apr_uint64_t namespace_of(void)
{
    char host[65] = "", boot[64];
    struct stat ns;
    memset(&ns, 0, sizeof ns);
    gethostname(host, sizeof host - 1);
    read_line(boot, sizeof boot, "/proc/sys/kernel/random/boot_id");
    if (!*boot || stat("/proc/self/ns/pid", &ns) != 0)
        return 0; /* nothing can be said of other processes */
    apr_uint64_t id[2] = {(apr_uint64_t)ns.st_ino, (apr_uint64_t)ns.st_dev};
    return usm__hash(id, sizeof id, usm__hash(boot, strlen(boot), usm__hash(host, strlen(host), 31)));
}

const char *usm__lease_owner(apr_pool_t *pool)
{
    apr_uint64_t nonce = 0;
    long pid = (long)getpid();
    usm__random(&nonce, 6);
    return apr_psprintf(pool, "%" APR_UINT64_T_HEX_FMT "/%ld/%" APR_UINT64_T_FMT "/%012" APR_UINT64_T_HEX_FMT,
                        namespace_of(), pid, started(pid), nonce);
}

/* A process that has died holds nothing. What cannot be known waits until the lease runs out. */
int usm__lease_is_dead(const char *owner)
{
    char *rest;
    apr_uint64_t here = namespace_of();
    apr_uint64_t since = 0;
    if (!here || strtoull(owner, &rest, 16) != here || *rest != '/')
        return 0;
    long pid = strtol(rest + 1, &rest, 10);
    if (pid <= 0 || *rest != '/')
        return 0;
    since = strtoull(rest + 1, &rest, 10);
    if (kill((pid_t)pid, 0) != 0)
        return errno == ESRCH;
    return since && started(pid) && started(pid) != since;
}

/* ---- owed ---- */

typedef struct usm__owed_t {
    struct usm__owed_t *next;
    apr_pool_t *pool;
    usm_id_t collection;
    usm_remade_row_t root; /* user 0: none */
    const char *owner;
} usm__owed_t;

static void put_owed(usm_context_t *ctx, usm__owed_t *owed)
{
    apr_thread_mutex_lock(ctx->lock);
    owed->next = ctx->owed;
    ctx->owed = owed;
    ctx->owed_count++;
    apr_thread_mutex_unlock(ctx->lock);
}

static usm__owed_t *take_owed(usm_context_t *ctx)
{
    apr_thread_mutex_lock(ctx->lock);
    usm__owed_t *owed = ctx->owed;
    if (owed) {
        ctx->owed = owed->next;
        ctx->owed_count--;
    }
    apr_thread_mutex_unlock(ctx->lock);
    return owed;
}

void usm__lease_owe(usm_session_t *session, usm_id_t collection, const usm_remade_row_t *root, const char *owner)
{
    apr_pool_t *pool;
    apr_thread_mutex_lock(session->ctx->lock);
    int full = session->ctx->owed_count >= OWED_MAX;
    apr_thread_mutex_unlock(session->ctx->lock);
    if (full || apr_pool_create(&pool, session->ctx->pool))
        return;
    usm__owed_t *owed = apr_pcalloc(pool, sizeof *owed);
    owed->pool = pool;
    owed->collection = collection;
    owed->owner = apr_pstrdup(pool, owner);
    if (root) {
        owed->root = *root;
        owed->root.id = apr_pstrdup(pool, root->id);
        owed->root.uid = apr_pstrdup(pool, root->uid);
        owed->root.root = apr_pstrdup(pool, root->root);
        owed->root.lease = "";
    }
    put_owed(session->ctx, owed);
}

static usm_error_t *pay_one(usm_session_t *session, const usm__owed_t *owed, apr_pool_t *pool)
{
    const usm_store_vtable_t *vt = USM__VT(session);
    usm_txn_t *txn;
    USM_ERR(usm__write(&txn, session, pool));
    return usm__finish(session, txn, owed->root.user ? vt->remade_unlease(txn, &owed->root, owed->owner)
                                                     : vt->collection_unlease(txn, owed->collection, owed->owner));
}

void usm__lease_pay(usm_session_t *session)
{
    usm_context_t *ctx = session->ctx;
    for (usm__owed_t *owed = take_owed(ctx); owed; owed = take_owed(ctx)) {
        usm_error_t *err = pay_one(session, owed, owed->pool);
        if (err) {
            usm_error_clear(err);
            put_owed(ctx, owed);
            return;
        }
        apr_pool_destroy(owed->pool);
    }
}

/* ---- of a collection ---- */

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
    if (coll.lease && *coll.lease && usm__lease_is_dead(coll.lease))
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
    if (!err) {
        err = usm__echo_abandon(turn, txn, pool);
        if (!err)
            err = USM__VT(session)->collection_unlease(txn, turn->coll.id, turn->lease_owner);
        err = usm__finish(session, txn, err);
    }
    if (err)
        usm__lease_owe(session, turn->coll.id, NULL, turn->lease_owner);
    usm_error_clear(err);
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
    turn->lease_owner = usm__lease_owner(turn->pool);
    apr_pool_create(&iterpool, turn->pool);
    for (;;) {
        apr_pool_clear(iterpool);
        usm__lease_pay(turn->session);
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
