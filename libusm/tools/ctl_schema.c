/* SPDX-License-Identifier: Apache-2.0 */
/* usmctl schema, and opening the store for the other commands. */
#include "tools/ctl.h"

#include <stdio.h>

#include "store/driver.h"

int ctl_store_wanted(void)
{
    return usm__schema()->version;
}

static usm_error_t *store_url(const char **url_p, const ctl_t *ctl)
{
    *url_p = ctl->opt[CTL_STORE];
    return *url_p ? NULL : USM_ERROR(ctl->pool, USM_ECONFIG, "no state database is named: give --store or --conf");
}

usm_error_t *ctl_store_judge(int found, apr_pool_t *pool)
{
    int wanted = ctl_store_wanted();
    if (found == wanted)
        return NULL;
    if (found > wanted)
        return USM_ERROR(pool, USM_ESTORE_SCHEMA, "the database is of a newer libusm (version %d, this one knows up to "
                         "%d): use the newer usmctl", found, wanted);
    if (!found)
        return USM_ERROR(pool, USM_ESTORE_SCHEMA, "the database has no tables: make them by usmctl schema --upgrade");
    return USM_ERROR(pool, USM_ESTORE_SCHEMA, "the database has version %d, this library needs %d: move it forward by "
                     "usmctl schema --upgrade", found, wanted);
}

usm_error_t *ctl_store_open(usm_store_t **store_p, ctl_t *ctl)
{
    const char *url;
    int found;
    USM_ERR(store_url(&url, ctl));
    USM_ERR_W(usm__store_version(&found, url, ctl->pool), "state database");
    USM_ERR_W(ctl_store_judge(found, ctl->pool), "state database");
    return usm_store_sql()->open(store_p, url, 1, NULL, ctl->pool);
}

static usm_error_t *look(int *found_p, const char *url, apr_pool_t *pool)
{
    USM_ERR_W(usm__store_version(found_p, url, pool), "state database");
    printf("database: schema version %d\nlibrary: schema version %d\n", *found_p, ctl_store_wanted());
    return ctl_store_judge(*found_p, pool);
}

static usm_error_t *upgrade(const char *url, apr_pool_t *pool)
{
    usm_store_t *store;
    int before = 0, after;
    /* An SQLite file that is not there yet is no fault here: opening makes it. */
    usm_error_clear(usm__store_version(&before, url, pool));
    USM_ERR(usm_store_sql()->open(&store, url, 1, NULL, pool));
    USM_ERR(look(&after, url, pool));
    if (before == after)
        puts("nothing to do");
    else if (before)
        printf("moved from version %d to %d\n", before, after);
    else
        puts("the tables were made");
    return NULL;
}

int ctl_schema(ctl_t *ctl)
{
    const char *url;
    int found;
    usm_error_t *err = store_url(&url, ctl);
    if (!err)
        err = ctl->opt[CTL_UPGRADE] ? upgrade(url, ctl->pool) : look(&found, url, ctl->pool);
    return err ? ctl_error(err) : CTL_OK;
}
