/* SPDX-License-Identifier: Apache-2.0 */
/* The library contexts of a child process: one for each distinct set of BACKEND rows. */
#include "ap_eas.h"

#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include <http_log.h>

APLOG_USE_MODULE(eas);

/* After a failure, the database is left alone for so long. */
#define RETRY_INTERVAL apr_time_from_sec(5)

typedef struct entry_t entry_t;
struct entry_t {
    entry_t *next;
    const eas_conf_t *conf;
    usm_context_t *ctx; /* NULL: failed, see below */
    apr_pool_t *pool;
    const char *fault;
    int is_config; /* the fault is the administrator's, not an outage */
    apr_time_t retry_at;
};

/* Of this child; set up before its threads start, then only used under the mutex. */
static struct {
    apr_pool_t *pool;
    apr_thread_mutex_t *mutex;
    entry_t *entries;
    usm_log_t log;
    const char *fault; /* why there can be no context at all */
} contexts;

static apr_status_t forget(void *data)
{
    contexts.entries = NULL;
    contexts.mutex = NULL;
    return APR_SUCCESS;
}

void eas_ap_context_init(apr_pool_t *pchild, server_rec *server)
{
    apr_allocator_t *allocator;
    usm_error_t *err;

    /* A pool with an allocator of its own: contexts are made while other threads use the child's. */
    apr_allocator_create(&allocator);
    apr_pool_create_ex(&contexts.pool, pchild, NULL, allocator);
    apr_allocator_owner_set(allocator, contexts.pool);
    apr_pool_tag(contexts.pool, "eas_contexts");
    contexts.entries = NULL;
    contexts.fault = NULL;
    apr_pool_cleanup_register(contexts.pool, NULL, forget, apr_pool_cleanup_null);
    eas_ap_log_server(&contexts.log, server);
    if (apr_thread_mutex_create(&contexts.mutex, APR_THREAD_MUTEX_DEFAULT, contexts.pool) != APR_SUCCESS) {
        contexts.fault = "no mutex";
        return;
    }
    err = usm_library_init(contexts.pool);
    if (err != NULL) {
        contexts.fault = apr_pstrdup(contexts.pool, usm_error_text(err, contexts.pool));
        usm_log(&contexts.log, USM_LOG_ERR, EASLOGNO(20), "the library cannot be set up: %s", contexts.fault);
    }
}

static void start(entry_t *entry)
{
    usm_config_t config;
    usm_error_t *err;

    apr_pool_clear(entry->pool);
    eas_conf_usm(&config, entry->conf, &contexts.log);
    err = usm_context_create(&entry->ctx, &config, entry->pool);
    if (err == NULL) {
        entry->fault = NULL;
        err = eas_ap_push_serve(entry->ctx);
        if (err != NULL) {
            usm_log(&contexts.log, USM_LOG_WARNING, EASLOGNO(102), "waiting devices look for themselves: %s",
                    usm_error_text(err, entry->pool));
            usm_error_clear(err);
        }
        return;
    }
    entry->ctx = NULL;
    entry->is_config = usm_error_class(err) == USM_CLASS_INTERNAL;
    entry->fault = apr_pstrdup(entry->pool, usm_error_text(err, entry->pool));
    entry->retry_at = apr_time_now() + RETRY_INTERVAL;
    usm_error_clear(err);
    usm_log(&contexts.log, USM_LOG_ERR, EASLOGNO(21), "EASStore %s cannot be used: %s", entry->conf->store,
            entry->fault);
}

static entry_t *find_or_add(const eas_conf_t *conf)
{
    entry_t *entry;

    for (entry = contexts.entries; entry != NULL; entry = entry->next) {
        if (eas_conf_same_backend(entry->conf, conf)) {
            return entry;
        }
    }
    entry = apr_pcalloc(contexts.pool, sizeof(*entry));
    entry->conf = eas_conf_copy(conf, contexts.pool);
    apr_pool_create(&entry->pool, contexts.pool);
    apr_pool_tag(entry->pool, "eas_context");
    entry->next = contexts.entries;
    contexts.entries = entry;
    return entry;
}

usm_error_t *eas_ap_context(usm_context_t **ctx_p, const eas_conf_t *conf, apr_pool_t *pool)
{
    const char *fault = eas_conf_check(conf);
    usm_error_t *err = NULL;
    entry_t *entry;

    *ctx_p = NULL;
    if (fault != NULL || contexts.fault != NULL) {
        return USM_ERROR(pool, USM_ECONFIG, "%s", fault != NULL ? fault : contexts.fault);
    }
    apr_thread_mutex_lock(contexts.mutex);
    entry = find_or_add(conf);
    if (entry->ctx == NULL && entry->retry_at <= apr_time_now()) {
        start(entry);
    }
    *ctx_p = entry->ctx;
    if (entry->ctx == NULL) {
        err = USM_ERROR(pool, entry->is_config ? USM_ECONFIG : USM_ESTORE, "%s", entry->fault);
    }
    apr_thread_mutex_unlock(contexts.mutex);
    return err;
}

void eas_ap_context_hint(const usm_context_t *but, const usm_hint_t *hint)
{
    const entry_t *entry;

    if (contexts.mutex == NULL) {
        return;
    }
    apr_thread_mutex_lock(contexts.mutex);
    for (entry = contexts.entries; entry != NULL; entry = entry->next) {
        if (entry->ctx != NULL && entry->ctx != but) {
            usm_hint_deliver(entry->ctx, hint);
        }
    }
    apr_thread_mutex_unlock(contexts.mutex);
}
