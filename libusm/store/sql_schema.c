/* SPDX-License-Identifier: Apache-2.0 */
/** @file sql_schema.c  The schema's version: make the tables, move them forward, refuse what is newer. */
#include "store/driver.h"

#include "store/schema.h"

static const usm__schema_t current = {
    .version = USM__SCHEMA_VERSION,
    .create = {[USM__SQLITE] = schema_sqlite, [USM__MARIADB] = schema_mariadb},
    .upgrades = schema_upgrades,
};

const usm__schema_t *usm__schema(void)
{
    return &current;
}

static usm_error_t *read_version(int *version_p, const usm__driver_t *driver, usm__db_t *db, apr_pool_t *pool)
{
    usm__dbstmt_t *stmt;
    const usm__val_t *row;
    *version_p = 0;
    USM_ERR(driver->prepare(&stmt, db, "SELECT version FROM usm_schema WHERE id = 1", pool));
    USM_ERR(driver->exec(stmt, NULL, 0, pool));
    USM_ERR(driver->fetch(&row, stmt, pool));
    if (row)
        *version_p = (int)row[0].i;
    driver->reset(stmt);
    return NULL;
}

static usm_error_t *write_version(int version, const usm__driver_t *driver, usm__db_t *db, apr_pool_t *pool)
{
    usm__dbstmt_t *stmt;
    usm__val_t val = {.kind = USM__INT, .i = version};
    USM_ERR(driver->prepare(&stmt, db, "REPLACE INTO usm_schema (id, version) VALUES (1, ?)", pool));
    return driver->exec(stmt, &val, 1, pool);
}

usm_error_t *usm__schema_read(int *version_p, const usm__driver_t *driver, usm__db_t *db, apr_pool_t *pool)
{
    static const char *const has_schema[USM__DIALECTS] = {
        [USM__SQLITE] = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'usm_schema'",
        [USM__MARIADB] = "SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() "
                         "AND table_name = 'usm_schema'",
    };
    usm__dbstmt_t *stmt;
    const usm__val_t *row;
    *version_p = 0;
    USM_ERR(driver->prepare(&stmt, db, has_schema[driver->dialect], pool));
    USM_ERR(driver->exec(stmt, NULL, 0, pool));
    USM_ERR(driver->fetch(&row, stmt, pool));
    int found = row != NULL;
    driver->reset(stmt);
    return found ? read_version(version_p, driver, db, pool) : NULL;
}

static usm_error_t *refuse_newer(int version, const usm__schema_t *schema, apr_pool_t *pool)
{
    if (version <= schema->version)
        return NULL;
    return USM_ERROR(pool, USM_ESTORE_SCHEMA, "the database has schema version %d, this library knows up to %d",
                     version, schema->version);
}

/* The version is written after each step: where a database cannot undo a change of tables (MariaDB), the next start
 * goes on from there. */
static usm_error_t *upgrade(int version, const usm__driver_t *driver, usm__db_t *db, const usm__schema_t *schema,
                            apr_pool_t *pool)
{
    const usm__upgrade_t *step = schema->upgrades;
    while (version < schema->version) {
        int steps = 0;
        while (step->version && step->version <= version)
            step++;
        for (; step->version == version + 1; step++, steps++) {
            if (step->dialect == driver->dialect)
                USM_ERR_W(driver->direct(db, step->sql, pool), "upgrade to schema version %d", step->version);
        }
        if (!steps)
            return USM_ERROR(pool, USM_ESTORE_SCHEMA, "there is no way from schema version %d to %d", version,
                             schema->version);
        USM_ERR(write_version(++version, driver, db, pool));
    }
    return NULL;
}

static usm_error_t *make_or_upgrade(int *from_p, const usm__driver_t *driver, usm__db_t *db,
                                    const usm__schema_t *schema, apr_pool_t *pool)
{
    const char *const *sql = schema->create[driver->dialect];
    /* The first statement makes the version's table, if absent: from here on a failing read is a true error. */
    USM_ERR_W(driver->direct(db, *sql, pool), "make the schema");
    USM_ERR(read_version(from_p, driver, db, pool));
    USM_ERR(refuse_newer(*from_p, schema, pool));
    if (*from_p)
        return upgrade(*from_p, driver, db, schema, pool);
    while (*++sql)
        USM_ERR_W(driver->direct(db, *sql, pool), "make the schema");
    return NULL;
}

usm_error_t *usm__schema_migrate(int *from_p, const usm__driver_t *driver, usm__db_t *db, const usm__schema_t *schema,
                                 apr_pool_t *pool)
{
    /* First without the lock and without any right beyond reading: the usual case, and that of a locked-down user. */
    usm_error_t *err = read_version(from_p, driver, db, pool);
    if (!err && *from_p == schema->version)
        return NULL;
    if (err && (db->lost || usm_error_is(err, USM_EBUSY)))
        return err;
    usm_error_clear(err);
    USM_ERR(refuse_newer(*from_p, schema, pool));

    USM_ERR_W(driver->control(db, USM__LOCK, pool), "lock the schema");
    USM_ERR(make_or_upgrade(from_p, driver, db, schema, pool));
    return driver->control(db, USM__UNLOCK, pool);
}
