/* SPDX-License-Identifier: Apache-2.0 */
#include "core.h"

#define SEEN_EVERY_MS (3600 * APR_INT64_C(1000))
#define ATTR_MAX 65536

static apr_status_t add_stats(void *data)
{
    usm_session_t *session = data;
    usm_context_t *ctx = session->ctx;
    apr_thread_mutex_lock(ctx->lock);
#define USM_COUNTER(name, unit, text) ctx->stats.name += session->stats.name;
#include <usm/tbl/counters.h>
#undef USM_COUNTER
    apr_thread_mutex_unlock(ctx->lock);
    return APR_SUCCESS;
}

/* Some programs take a new device id each time they are set up: the new one takes the place of its twin and uses up
 * nothing of the user's share. */
static int has_twins(const char *device_type)
{
    static const char *const types[] = {"Outlook", "WindowsOutlook", "WindowsOutlook15"};
    for (apr_size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strcasecmp(device_type, types[i]) == 0)
            return 1;
    }
    return 0;
}

static usm_error_t *check_share(usm_session_t *session, usm_txn_t *txn)
{
    const usm_device_row_t *row = &session->device;
    int max = session->ctx->config.devices_max, all, alike;
    if (!max)
        return NULL;
    USM_ERR(USM__VT(session)->device_count(&all, &alike, txn, row->user, row->device_type));
    if (has_twins(row->device_type) && alike)
        return NULL;
    return all < max ? NULL : USM_ERROR(session->pool, USM_EDEVICES, "the user has %d devices already", all);
}

static usm_error_t *insert_device(usm_session_t *session, usm_txn_t *txn)
{
    usm_device_row_t *row = &session->device;
    USM_ERR(USM__VT(session)->user_id(&row->user, txn, session->user));
    USM_ERR(check_share(session, txn));
    USM_ERR(USM__VT(session)->standing_get(&row->standing, txn, row->user, row->device_id));
    return USM__VT(session)->device_add(txn, row);
}

static usm_error_t *add_device(usm_session_t *session, const char *device_id, const char *device_type)
{
    usm_txn_t *txn;
    usm_device_row_t *row = &session->device;
    row->device_id = apr_pstrdup(session->pool, device_id);
    row->device_type = apr_pstrdup(session->pool, device_type ? device_type : "");
    row->created = row->seen = usm__now();
    row->policy.digest = row->policy.pending_digest = "";
    USM_ERR(usm__write(&txn, session, session->pool));
    return usm__finish(session, txn, insert_device(session, txn));
}

static usm_error_t *load_device(int *found_p, usm_session_t *session, const char *device_id)
{
    usm_txn_t *txn;
    USM_ERR(usm__read(&txn, session, session->pool));
    return usm__finish(session, txn,
                       USM__VT(session)->device_get(found_p, &session->device, txn, session->user, device_id,
                                                    session->pool));
}

static usm_error_t *note_seen(usm_session_t *session)
{
    usm_txn_t *txn;
    usm_time_t now = usm__now();
    if (now - session->device.seen < SEEN_EVERY_MS)
        return NULL;
    USM_ERR(usm__write(&txn, session, session->pool));
    return usm__finish(session, txn, USM__VT(session)->device_seen(txn, session->device.id, now));
}

static apr_status_t release_blogin(void *data)
{
    usm_session_t *session = data;
    USM__BVT(session)->release(session->call.login);
    return APR_SUCCESS;
}

/* The login may get a new groupware session while this request still uses the old one. */
static void hold_login(usm_session_t *session, const char *password)
{
    usm_login_t *login = session->login;
    apr_thread_mutex_lock(session->ctx->lock);
    session->call = (usm_bcall_t){.backend = session->ctx->backend, .login = login->blogin, .name = login->name,
                                  .password = password, .log = session->log, .stats = &session->stats};
    USM__BVT(session)->retain(login->blogin);
    session->user = apr_pstrdup(session->pool, login->user);
    apr_thread_mutex_unlock(session->ctx->lock);
    apr_pool_cleanup_register(session->pool, session, release_blogin, apr_pool_cleanup_null);
}

usm_error_t *usm_session_open(usm_session_t **session_p, usm_context_t *ctx, usm_login_t *login, const char *password,
                              const char *device_id, const char *device_type, int transient, const usm_log_t *log,
                              apr_pool_t *pool)
{
    if (!device_id || !*device_id || strlen(device_id) > 64)
        return USM_ERROR(pool, USM_EINVALID, "device id must have 1 to 64 bytes");
    usm_session_t *session = apr_pcalloc(pool, sizeof *session);
    session->pool = pool;
    session->ctx = ctx;
    session->login = login;
    session->log = log;
    session->transient = transient;
    session->hidden = 1U << USM_RECIPIENT;
    apr_pool_cleanup_register(pool, session, add_stats, apr_pool_cleanup_null);
    hold_login(session, password);
    int found = 0;
    USM_ERR(load_device(&found, session, device_id));
    if (!found && !transient) {
        usm_error_t *err = add_device(session, device_id, device_type);
        /* Two first requests of one device at once: the other one has made the row. */
        if (err) {
            USM_ERR(load_device(&found, session, device_id));
            if (!found)
                return err;
            usm_error_clear(err);
        }
    } else if (!found) {
        usm_txn_t *txn; /* the folders' short ids belong to the user, not to the device */
        USM_ERR(usm__write(&txn, session, pool));
        USM_ERR(usm__finish(session, txn, USM__VT(session)->user_id(&session->device.user, txn, session->user)));
        session->device.device_id = apr_pstrdup(pool, device_id);
        session->device.policy.digest = session->device.policy.pending_digest = "";
    } else {
        USM_ERR(note_seen(session));
        usm__lease_pay(session);
        usm__upkeep(session);
    }
    *session_p = session;
    return NULL;
}

void usm_session_hide(usm_session_t *session, unsigned classes)
{
    session->hidden = classes;
}

usm_error_t *usm_session_userinfo(const usm_userinfo_t **info_p, usm_session_t *session)
{
    usm_login_t *login = session->login;
    usm_context_t *ctx = session->ctx;
    apr_thread_mutex_lock(ctx->lock);
    *info_p = login->info;
    apr_thread_mutex_unlock(ctx->lock);
    if (*info_p)
        return NULL;
    usm_userinfo_t *info = apr_pcalloc(session->pool, sizeof *info);
    USM_ERR(usm__checked(session, USM__BVT(session)->userinfo(info, &session->call, session->pool)));
    apr_thread_mutex_lock(ctx->lock);
    if (!login->info) {
        usm_userinfo_t *kept = apr_pcalloc(login->pool, sizeof *kept);
        kept->display_name = apr_pstrdup(login->pool, info->display_name ? info->display_name : "");
        kept->primary_address = apr_pstrdup(login->pool, info->primary_address ? info->primary_address : "");
        kept->timezone = apr_pstrdup(login->pool, info->timezone ? info->timezone : "UTC");
        kept->address_count = info->address_count;
        kept->addresses = apr_palloc(login->pool, sizeof(char *) * (apr_size_t)(info->address_count + 1));
        for (int i = 0; i < info->address_count; i++)
            kept->addresses[i] = apr_pstrdup(login->pool, info->addresses[i]);
        login->info = kept;
    }
    *info_p = login->info;
    apr_thread_mutex_unlock(ctx->lock);
    return NULL;
}

const usm_stats_t *usm_session_stats(const usm_session_t *session)
{
    return &session->stats;
}

apr_pool_t *usm_session_pool(const usm_session_t *session)
{
    return session->pool;
}

const char *usm_session_user(const usm_session_t *session)
{
    return session->user;
}

const char *usm_session_device(const usm_session_t *session)
{
    return session->device.device_id;
}

const usm_policy_t *usm_device_policy(const usm_session_t *session)
{
    return &session->device.policy;
}

usm_error_t *usm_device_policy_set(usm_session_t *session, const usm_policy_t *policy)
{
    if (strlen(policy->digest) > 64 || strlen(policy->pending_digest) > 64)
        return USM_ERROR(session->pool, USM_EINVALID, "policy digest too long");
    if (!session->transient) {
        usm_txn_t *txn;
        USM_ERR(usm__write(&txn, session, session->pool));
        USM_ERR(usm__finish(session, txn, USM__VT(session)->device_policy(txn, session->device.id, policy)));
    }
    session->device.policy = *policy;
    session->device.policy.digest = apr_pstrdup(session->pool, policy->digest);
    session->device.policy.pending_digest = apr_pstrdup(session->pool, policy->pending_digest);
    return NULL;
}

usm_error_t *usm_device_attr_get(const char **value_p, usm_session_t *session, const char *name, apr_pool_t *pool)
{
    usm_txn_t *txn;
    *value_p = NULL;
    if (session->transient)
        return NULL;
    USM_ERR(usm__read(&txn, session, pool));
    return usm__finish(session, txn, USM__VT(session)->attr_get(value_p, txn, session->device.id, name, pool));
}

usm_error_t *usm_device_attr_set(usm_session_t *session, const char *name, const char *value)
{
    usm_txn_t *txn;
    if (strlen(name) > 32 || (value && strlen(value) > ATTR_MAX))
        return USM_ERROR(session->pool, USM_ELIMIT, "device attribute %s is too long", name);
    if (session->transient)
        return NULL;
    USM_ERR(usm__write(&txn, session, session->pool));
    return usm__finish(session, txn, USM__VT(session)->attr_set(txn, session->device.id, name, value));
}
