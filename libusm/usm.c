/* SPDX-License-Identifier: Apache-2.0 */
/* The one place that knows which stores and backends there are. */
#include <usm/usm.h>

#include <usm/backend.h>
#include <usm/store.h>

#include "core/core.h"
#include "util/mime.h"

typedef const usm_backend_vtable_t *(*backend_fn)(void);

static const struct {
    const char *name;
    backend_fn get;
} backends[] = {{"ox", usm_backend_ox}};

const char *usm_version(void)
{
    return USM_VERSION_STRING;
}

static const usm_backend_vtable_t *find(const char *name)
{
    for (apr_size_t i = 0; i < sizeof backends / sizeof backends[0]; i++) {
        if (strcmp(backends[i].name, name ? name : "ox") == 0)
            return backends[i].get();
    }
    return NULL;
}

usm_error_t *usm_hint_parse(usm_hint_t *hints, int *count_p, int max, const char *backend, const char *body,
                            apr_size_t len, apr_pool_t *pool)
{
    const usm_backend_vtable_t *vt = find(backend);
    *count_p = 0;
    if (!vt || !vt->notification)
        return USM_ERROR(pool, USM_EUNSUPPORTED, "no backend that reads notifications is called %s", backend);
    return vt->notification(hints, count_p, max, body, len, pool);
}

usm_error_t *usm_context_create(usm_context_t **ctx_p, const usm_config_t *config, apr_pool_t *pool)
{
    const usm_backend_vtable_t *vt = find(config->backend);
    if (!config->store || !*config->store)
        return USM_ERROR(pool, USM_ECONFIG, "no state database is named");
    if (!config->backend_url || !*config->backend_url)
        return USM_ERROR(pool, USM_ECONFIG, "no groupware server is named");
    if (!vt)
        return USM_ERROR(pool, USM_ECONFIG, "no backend is called %s", config->backend);
    return usm__context_make(ctx_p, config, usm_store_sql(), vt, pool);
}

usm_error_t *usm_library_init(apr_pool_t *pool)
{
    usm__mime_init();
    return NULL;
}
