/* SPDX-License-Identifier: Apache-2.0 */
/* The table of devices that run too fast, in memory that the children inherit. */
#include "ap_eas.h"

#include <apr_shm.h>
#include <http_log.h>

APLOG_USE_MODULE(eas);

/* Written by the parent while it reads its configuration; children and threads only read it. */
static eas_pace_t *table;

static apr_status_t forget(void *data)
{
    table = NULL;
    return APR_SUCCESS;
}

int eas_ap_pace_init(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *server)
{
    apr_shm_t *shm;
    void *memory;
    usm_log_t log;

    if (apr_shm_create(&shm, eas_pace_size(), NULL, pconf) == APR_SUCCESS) {
        memory = apr_shm_baseaddr_get(shm); /* anonymous: the kernel hands it out zeroed */
    } else {
        eas_ap_log_server(&log, server);
        usm_log(&log, USM_LOG_NOTICE, EASLOGNO(51), "no shared memory: each child counts for itself whom to slow");
        memory = apr_pcalloc(pconf, eas_pace_size());
    }
    table = eas_pace_table(memory);
    apr_pool_cleanup_register(pconf, NULL, forget, apr_pool_cleanup_null);
    return OK;
}

eas_pace_t *eas_ap_pace(void)
{
    return table;
}
