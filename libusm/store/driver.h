/* SPDX-License-Identifier: Apache-2.0 */
/** @file driver.h  What the SQL store needs of a database: the struct of functions a driver fills.
 *
 * A driver knows statements and values, nothing of devices or items. Each connection and all that hangs on it is used
 * by one thread at a time. Errors: USM_EBUSY for deadlocks and lock time-outs, USM_EEXISTS for a duplicate key,
 * USM_ESTORE for all else; their texts are the database's, never with a value bound to a statement. A driver sets
 * usm__db_t.lost when the connection cannot be used again. */
#ifndef USM_STORE_DRIVER_H
#define USM_STORE_DRIVER_H

#include <usm/error.h>
#include <usm/types.h>

enum { USM__SQLITE, USM__MARIADB, USM__DIALECTS };

/** Every statement, named as in queries.sql. */
typedef enum usm__stmt_e {
#define USM__STMT(name, sqlite, mariadb) USM__STMT_##name,
#include "store/queries.h"
#undef USM__STMT
    USM__STMT_COUNT
} usm__stmt_e;

/** TEXT is UTF-8; ID is text that is compared byte by byte; BLOB is binary. Columns come as NULL, INT or BLOB. */
typedef enum usm__kind_e { USM__NULL, USM__INT, USM__TEXT, USM__ID, USM__BLOB } usm__kind_e;

typedef struct usm__val_t {
    usm__kind_e kind;
    apr_int64_t i;
    const char *s;
    apr_size_t len;
    apr_size_t max; /**< bytes the column takes; 0 = any */
} usm__val_t;

/** First member of a driver's connection. */
typedef struct usm__db_t {
    int lost;
} usm__db_t;

/** First member of a driver's prepared statement. */
typedef struct usm__dbstmt_t {
    usm__db_t *db;
} usm__dbstmt_t;

/** LOCK and UNLOCK enclose a change of the schema: one process at a time; closing the connection unlocks too. */
typedef enum usm__control_e { USM__BEGIN, USM__COMMIT, USM__ROLLBACK, USM__LOCK, USM__UNLOCK } usm__control_e;

typedef struct usm__driver_t {
    const char *scheme; /**< of the store's URL */
    int dialect;
    int bulk_max; /**< rows one bulk() may take; 1: no use in collecting them */
    /** Parse what follows the scheme and its colon. Errors: CONFIG. */
    usm_error_t *(*target)(const void **target_p, const char *rest, apr_pool_t *pool);
    /** Connect. @a pool owns the connection: clearing it disconnects. @a create: make the database file if absent. */
    usm_error_t *(*connect)(usm__db_t **db_p, const void *target, int create, apr_pool_t *pool, apr_pool_t *error_pool);
    /** Does a connection unused for @a idle still stand? Cheap. */
    int (*alive)(usm__db_t *db, apr_interval_time_t idle);
    usm_error_t *(*control)(usm__db_t *db, usm__control_e what, apr_pool_t *error_pool);
    /** Run a statement that has neither parameters nor a result (schema). */
    usm_error_t *(*direct)(usm__db_t *db, const char *sql, apr_pool_t *error_pool);
    /** Prepare; the statement lives as long as the connection's pool. */
    usm_error_t *(*prepare)(usm__dbstmt_t **stmt_p, usm__db_t *db, const char *sql, apr_pool_t *error_pool);
    /** Run with @a count parameters, which must stay where they are until reset(). */
    usm_error_t *(*exec)(usm__dbstmt_t *stmt, const usm__val_t *vals, apr_size_t count, apr_pool_t *error_pool);
    /** Run once for each of @a rows rows of @a count parameters; kinds of a column are the same or NULL in all rows.
     * May be NULL when bulk_max is 1. */
    usm_error_t *(*bulk)(usm__dbstmt_t *stmt, const usm__val_t *vals, apr_size_t rows, apr_size_t count,
                         apr_pool_t *error_pool);
    /** Next row, NULL at the end. Valid until the next call on the statement. */
    usm_error_t *(*fetch)(const usm__val_t **row_p, usm__dbstmt_t *stmt, apr_pool_t *error_pool);
    /** Let go of the result. Harmless at any time. */
    void (*reset)(usm__dbstmt_t *stmt);
    /** Rows matched by the last statement that wrote. */
    apr_int64_t (*affected)(usm__dbstmt_t *stmt);
    apr_int64_t (*last_id)(usm__db_t *db);
} usm__driver_t;

extern const usm__driver_t usm__driver_sqlite;
extern const usm__driver_t usm__driver_mariadb;

/** Texts of a statement, and its name for messages. */
const char *usm__stmt_text(usm__stmt_e stmt, int dialect);
const char *usm__stmt_name(usm__stmt_e stmt);

/** Value of parameter @a name in "a=1&b=2" (percent-decoded, in @a pool), or NULL. */
const char *usm__url_param(const char *query, const char *name, apr_pool_t *pool);
/** Decode %XX of @a len bytes. */
const char *usm__url_decode(const char *text, apr_size_t len, apr_pool_t *pool);
/** A whole number parameter between @a low and @a high, @a dflt when absent. Errors: CONFIG. */
usm_error_t *usm__url_number(int *number_p, const char *query, const char *name, int low, int high, int dflt,
                             apr_pool_t *pool);

/* ---- schema ---- */

typedef struct usm__upgrade_t {
    int version; /**< that the statement leads to */
    int dialect;
    const char *sql;
} usm__upgrade_t;

typedef struct usm__schema_t {
    int version;
    const char *const *create[USM__DIALECTS]; /**< statements of a new database, NULL at the end */
    const usm__upgrade_t *upgrades;           /**< ascending, version 0 at the end */
} usm__schema_t;

/** The schema this library was built with. */
const usm__schema_t *usm__schema(void);
/** Bring the database to @a schema: make it, or move it forward; any number of processes may do so at once.
 * *from_p: version found (0 = empty). Errors: BUSY, STORE, STORE_SCHEMA (newer, or older than the upgrades reach). */
usm_error_t *usm__schema_migrate(int *from_p, const usm__driver_t *driver, usm__db_t *db, const usm__schema_t *schema,
                                 apr_pool_t *pool);
/** Version of the schema in the database that @a db is connected to, 0 = it has none. Changes nothing. */
usm_error_t *usm__schema_read(int *version_p, const usm__driver_t *driver, usm__db_t *db, apr_pool_t *pool);
/** The same of the database at the store's URL @a url. The database (of SQLite: the file) must be there.
 * Errors: CONFIG, BUSY, STORE. */
usm_error_t *usm__store_version(int *version_p, const char *url, apr_pool_t *pool);

#endif
