/* SPDX-License-Identifier: Apache-2.0 */
/* Logins: verified once per user and password, shared by all requests of a process, and, sealed under the password,
 * by all processes that use the same database. A refused password is remembered for a while, so that a phone that
 * keeps trying an old one never reaches the groupware server (and never locks the account). */
#include "core.h"

#include <stdlib.h>

#define LOGINS_MAX 20000
#define IDLE_MS (3600 * APR_INT64_C(1000))
#define BUSY_WAIT_US (60 * APR_USEC_PER_SEC)

static apr_status_t release_ref(void *data)
{
    usm_login_t *login = data;
    apr_thread_mutex_lock(login->ctx->lock);
    login->refs--;
    apr_thread_mutex_unlock(login->ctx->lock);
    return APR_SUCCESS;
}

void usm__login_hold(usm_login_t *login, apr_pool_t *pool)
{
    apr_thread_mutex_lock(login->ctx->lock);
    login->refs++;
    login->used = usm__now();
    apr_thread_mutex_unlock(login->ctx->lock);
    apr_pool_cleanup_register(pool, login, release_ref, apr_pool_cleanup_null);
}

static void forget(usm_login_t *login)
{
    apr_hash_set(login->ctx->logins, login->key, APR_HASH_KEY_STRING, NULL);
    if (login->blogin)
        login->ctx->backend->vt->release(login->blogin);
    apr_pool_destroy(login->pool);
}

/* Under the lock. */
static void sweep(usm_context_t *ctx, usm_time_t now)
{
    int full = apr_hash_count(ctx->logins) >= LOGINS_MAX;
    if (now - ctx->swept < 60000 && !full)
        return;
    ctx->swept = now;
    apr_pool_t *pool;
    apr_pool_create(&pool, NULL);
    for (apr_hash_index_t *hi = apr_hash_first(pool, ctx->logins); hi; hi = apr_hash_next(hi)) {
        usm_login_t *login = apr_hash_this_val(hi);
        int idle = login->blogin ? now - login->used > IDLE_MS : now > login->refused_until;
        /* Someone who tries passwords must not push out those who are in: refused ones go first, a tenth at once. */
        unsigned crowd = login->blogin ? LOGINS_MAX : LOGINS_MAX / 10 * 9;
        if (login->refs == 0 && !login->busy && (idle || (full && apr_hash_count(ctx->logins) > crowd)))
            forget(login);
    }
    apr_pool_destroy(pool);
}

/* Under the lock. */
static usm_login_t *find_or_make(usm_context_t *ctx, const char *key, const char *name)
{
    usm_login_t *login = apr_hash_get(ctx->logins, key, APR_HASH_KEY_STRING);
    if (login)
        return login;
    apr_pool_t *pool;
    apr_pool_create(&pool, NULL);
    login = apr_pcalloc(pool, sizeof *login);
    login->pool = pool;
    login->ctx = ctx;
    memcpy(login->key, key, sizeof login->key);
    login->name = apr_pstrdup(pool, name);
    apr_hash_set(ctx->logins, login->key, APR_HASH_KEY_STRING, login);
    return login;
}

static const char *sealed_name(const char *name, apr_pool_t *pool)
{
    char *hex = apr_palloc(pool, 65);
    usm__hmac_hex(hex, "usm-login", 9, name, NULL);
    return hex;
}

/* What is sealed: the time of the login, a blank, the backend's text. *frozen_p is NULL when there is nothing that this
 * password opens. */
static usm_error_t *find_shared(const char **frozen_p, usm_time_t *verified_p, usm_context_t *ctx, const char *name,
                                const char *password, usm_stats_t *stats, apr_pool_t *pool)
{
    const char *sealed = NULL;
    char *rest;
    usm_txn_t *txn;
    usm_time_t oldest = usm__now() - ctx->config.login_ttl_s * APR_INT64_C(1000);
    *frozen_p = NULL;
    USM_ERR(ctx->store_vt->begin(&txn, ctx->store, USM_TXN_READ, stats, pool));
    usm_error_t *err = ctx->store_vt->login_get(&sealed, txn, sealed_name(name, pool), oldest, pool);
    if (err) {
        ctx->store_vt->rollback(txn);
        return err;
    }
    USM_ERR(ctx->store_vt->commit(txn));
    const char *plain = sealed ? usm__unseal(sealed, password, pool) : NULL;
    if (!plain)
        return NULL;
    *verified_p = strtoll(plain, &rest, 10);
    if (*rest == ' ' && *verified_p >= oldest)
        *frozen_p = rest + 1;
    return NULL;
}

/* A session another process has left in the store; *blogin_p NULL when there is none that can be used. It is trusted no
 * longer than where it was made: *verified_p. */
static usm_error_t *resume(usm_blogin_t **blogin_p, usm_time_t *verified_p, usm_context_t *ctx, const char *name,
                           const char *password, usm_stats_t *stats, apr_pool_t *pool)
{
    const char *frozen;
    usm_time_t verified;
    USM_ERR(find_shared(&frozen, &verified, ctx, name, password, stats, pool));
    usm_error_t *err = frozen ? ctx->backend->vt->resume(blogin_p, ctx->backend, frozen, pool) : NULL;
    if (err)
        *blogin_p = NULL; /* of another version: a login makes a new one */
    else if (*blogin_p)
        *verified_p = verified;
    usm_error_clear(err);
    return NULL;
}

static usm_error_t *set_shared(usm_context_t *ctx, const char *name, const char *sealed, usm_stats_t *stats,
                               apr_pool_t *pool)
{
    usm_txn_t *txn;
    USM_ERR(ctx->store_vt->begin(&txn, ctx->store, USM_TXN_WRITE, stats, pool));
    usm_error_t *err = ctx->store_vt->login_set(txn, sealed_name(name, pool), sealed, usm__now());
    if (err) {
        ctx->store_vt->rollback(txn);
        return err;
    }
    return ctx->store_vt->commit(txn);
}

/* The login is good even if the others cannot be told. */
static void share(usm_context_t *ctx, usm_blogin_t *blogin, const char *name, const char *password,
                  const usm_log_t *log, usm_stats_t *stats, apr_pool_t *pool)
{
    const char *frozen = ctx->backend->vt->freeze(blogin, pool);
    const char *plain = frozen ? apr_psprintf(pool, "%" APR_INT64_T_FMT " %s", usm__now(), frozen) : NULL;
    const char *sealed = plain ? usm__seal(plain, password, pool) : NULL;
    usm_error_t *err = sealed ? set_shared(ctx, name, sealed, stats, pool) : NULL;
    if (err)
        usm_log(log, USM_LOG_WARNING, 104, "a login could not be shared with other processes: %s",
                usm_error_text(err, pool));
    usm_error_clear(err);
}

/* A password that was good is refused now: what it still opens must not let it in elsewhere. Other passwords do not
 * get here, nor do they open the entry. */
static void unshare(usm_context_t *ctx, const char *name, const char *password, usm_stats_t *stats, apr_pool_t *pool)
{
    const char *frozen;
    usm_time_t verified;
    usm_error_t *err = find_shared(&frozen, &verified, ctx, name, password, stats, pool);
    if (!err && frozen)
        err = set_shared(ctx, name, NULL, stats, pool);
    usm_error_clear(err); /* it runs out by itself */
}

static usm_error_t *verify(usm_blogin_t **blogin_p, usm_time_t *verified_p, usm_login_t *login, int fresh,
                           const char *password, const usm_log_t *log, apr_pool_t *pool)
{
    usm_context_t *ctx = login->ctx;
    usm_stats_t stats = {0};
    usm_blogin_t *blogin = NULL;
    *verified_p = usm__now();
    usm_error_t *err = fresh ? NULL : resume(&blogin, verified_p, ctx, login->name, password, &stats, pool);
    if (!err && !blogin) {
        stats.backend_logins++;
        err = ctx->backend->vt->login(&blogin, ctx->backend, login->name, password, log, &stats, pool);
        if (!err)
            share(ctx, blogin, login->name, password, log, &stats, pool);
        else if (fresh && usm_error_class(err) == USM_CLASS_AUTH)
            unshare(ctx, login->name, password, &stats, pool);
    }
    apr_thread_mutex_lock(ctx->lock);
#define USM_COUNTER(name, unit, text) ctx->stats.name += stats.name;
#include <usm/tbl/counters.h>
#undef USM_COUNTER
    apr_thread_mutex_unlock(ctx->lock);
    *blogin_p = blogin;
    return err;
}

/* Under the lock: what the verification of `login` gave. @return the groupware session to be given up once the lock is
 * free (that may call the server), or NULL. */
static usm_blogin_t *settle(usm_login_t *login, usm_blogin_t *blogin, usm_error_t *err, usm_time_t verified)
{
    const usm_config_t *config = &login->ctx->config;
    usm_blogin_t *old = NULL;
    login->busy = 0;
    if (blogin && !err) {
        const char *user = login->ctx->backend->vt->user(blogin);
        old = login->blogin;
        login->blogin = blogin;
        /* Texts that were handed out stay as they are. */
        if (!login->user || strcmp(login->user, user) != 0)
            login->user = apr_pstrdup(login->pool, user);
        login->verified = verified;
        login->suspect = 0;
        login->refused_until = 0;
    } else if (err) {
        usm_errclass_e cls = usm_error_class(err);
        old = blogin;
        if (cls == USM_CLASS_AUTH || usm_error_is(err, USM_EDISABLED)) {
            login->refused_until = usm__now() + config->login_negative_ttl_s * APR_INT64_C(1000);
            login->refused_code = cls == USM_CLASS_AUTH ? USM_EAUTH : USM_EDISABLED;
        }
    }
    apr_thread_cond_broadcast(login->ctx->login_done);
    return old;
}

usm_error_t *usm_login(usm_login_t **login_p, usm_context_t *ctx, const char *name, const char *password,
                       const usm_log_t *log, apr_pool_t *pool)
{
    char key[65];
    if (!name || !*name || !password || strlen(name) > 255 || strlen(password) > 1024)
        return USM_ERROR(pool, USM_EAUTH, "user name or password is empty or too long");
    usm__hmac_hex(key, ctx->secret, sizeof ctx->secret, name, password);
    apr_thread_mutex_lock(ctx->lock);
    usm_time_t now = usm__now();
    sweep(ctx, now);
    usm_login_t *login = find_or_make(ctx, key, name);
    login->refs++;
    login->used = now;
    apr_pool_cleanup_register(pool, login, release_ref, apr_pool_cleanup_null);
    while (login->busy) {
        if (apr_thread_cond_timedwait(ctx->login_done, ctx->lock, BUSY_WAIT_US) == APR_TIMEUP)
            break;
    }
    usm_error_t *err = NULL;
    usm_blogin_t *old = NULL;
    int trusted =
        login->blogin && !login->suspect && now - login->verified < ctx->config.login_ttl_s * APR_INT64_C(1000);
    if (login->refused_until > now)
        err = USM_ERROR(pool, login->refused_code, "%s (remembered)", usm_code_text(login->refused_code));
    else if (login->busy)
        err = USM_ERROR(pool, USM_EUNAVAILABLE, "a login of this user takes too long");
    if (!err && !trusted) {
        int fresh = login->suspect || login->blogin != NULL;
        login->busy = 1;
        apr_thread_mutex_unlock(ctx->lock);
        usm_blogin_t *blogin = NULL;
        usm_time_t verified;
        err = verify(&blogin, &verified, login, fresh, password, log, pool);
        apr_thread_mutex_lock(ctx->lock);
        old = settle(login, blogin, err, verified);
    }
    apr_thread_mutex_unlock(ctx->lock);
    if (old) {
        ctx->backend->vt->drop(old);
        ctx->backend->vt->release(old);
    }
    if (!err)
        *login_p = login;
    return err;
}

const char *usm_login_user(const usm_login_t *login)
{
    apr_thread_mutex_lock(login->ctx->lock);
    const char *user = login->user;
    apr_thread_mutex_unlock(login->ctx->lock);
    return user;
}

void usm__login_suspect(usm_login_t *login)
{
    apr_thread_mutex_lock(login->ctx->lock);
    login->suspect = 1;
    apr_thread_mutex_unlock(login->ctx->lock);
}

/* The groupware server had forgotten its session, and the backend has a new one: what is sealed is of no more use. */
static void share_renewed(usm_session_t *session)
{
    usm_login_t *login = session->login;
    session->call.renewed = 0;
    if (!session->call.name || !session->call.password)
        return;
    share(session->ctx, session->call.login, session->call.name, session->call.password, session->log, &session->stats,
          session->pool);
    apr_thread_mutex_lock(session->ctx->lock);
    if (login->blogin == session->call.login)
        login->verified = usm__now();
    apr_thread_mutex_unlock(session->ctx->lock);
}

usm_error_t *usm__checked(usm_session_t *session, usm_error_t *err)
{
    if (session->call.renewed)
        share_renewed(session);
    if (err && usm_error_class(err) == USM_CLASS_AUTH)
        usm__login_suspect(session->login);
    return err;
}
