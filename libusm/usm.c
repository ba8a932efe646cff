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

usm_error_t *usm_context_create(usm_context_t **ctx_p, const usm_config_t *config, apr_pool_t *pool)
{
    const char *name = config->backend ? config->backend : "ox";
    if (!config->store || !*config->store)
        return USM_ERROR(pool, USM_ECONFIG, "no state database is named");
    if (!config->backend_url || !*config->backend_url)
        return USM_ERROR(pool, USM_ECONFIG, "no groupware server is named");
    for (apr_size_t i = 0; i < sizeof backends / sizeof backends[0]; i++) {
        if (strcmp(backends[i].name, name) == 0)
            return usm__context_make(ctx_p, config, usm_store_sql(), backends[i].get(), pool);
    }
    return USM_ERROR(pool, USM_ECONFIG, "no backend is called %s", name);
}

usm_error_t *usm_library_init(apr_pool_t *pool)
{
    usm__mime_init();
    return NULL;
}
