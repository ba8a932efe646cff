/* SPDX-License-Identifier: Apache-2.0 */
/** @file sqlite.c  Driver for SQLite: one file, for demos, tests and single machines. The only includer of sqlite3.h.
 * URL: sqlite:/path/to/file[?lock_timeout=SECONDS]. */
#include "store/driver.h"

#include <apr_strings.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

#define COLUMNS_MAX 32
#define BULK_MAX 512

typedef struct sqlite_target_t {
    const char *path;
    int lock_timeout; /**< s */
} sqlite_target_t;

typedef struct sqlite_db_t {
    usm__db_t base;
    sqlite3 *handle;
    apr_pool_t *pool;
} sqlite_db_t;

typedef struct sqlite_stmt_t {
    usm__dbstmt_t base;
    sqlite3_stmt *handle;
    int row_waits; /**< exec() has stepped onto the first row */
    int done;
    usm__val_t cols[COLUMNS_MAX];
} sqlite_stmt_t;

static usm_error_t *sqlite_target(const void **target_p, const char *rest, apr_pool_t *pool)
{
    sqlite_target_t *target = apr_pcalloc(pool, sizeof *target);
    const char *query = strchr(rest, '?');
    target->path = query ? usm__url_decode(rest, (apr_size_t)(query - rest), pool) : apr_pstrdup(pool, rest);
    if (!*target->path || !strcmp(target->path, ":memory:"))
        return USM_ERROR(pool, USM_ECONFIG, "store URL: sqlite: needs the path of a file");
    USM_ERR(usm__url_number(&target->lock_timeout, query ? query + 1 : NULL, "lock_timeout", 0, 3600, 10, pool));
    *target_p = target;
    return NULL;
}

static usm_error_t *db_error(sqlite_db_t *db, int rc, const char *what, apr_pool_t *error_pool)
{
    apr_status_t code = USM_ESTORE;
    int extended = db->handle ? sqlite3_extended_errcode(db->handle) : rc;
    switch (rc & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        code = USM_EBUSY;
        break;
    case SQLITE_CONSTRAINT:
        if (extended == SQLITE_CONSTRAINT_UNIQUE || extended == SQLITE_CONSTRAINT_PRIMARYKEY)
            code = USM_EEXISTS;
        break;
    case SQLITE_IOERR:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_CANTOPEN:
        db->base.lost = 1;
        break;
    default:
        break;
    }
    return USM_ERROR(error_pool, code, "SQLite, %s: %s (%d)", what,
                     db->handle ? sqlite3_errmsg(db->handle) : sqlite3_errstr(rc), extended);
}

static apr_status_t close_db(void *data)
{
    sqlite_db_t *db = data;
    /* Statements are finalised by their own cleanups; _v2 also bears one that was forgotten. */
    sqlite3_close_v2(db->handle);
    db->handle = NULL;
    return APR_SUCCESS;
}

static usm_error_t *run(sqlite_db_t *db, const char *sql, const char *what, apr_pool_t *error_pool)
{
    int rc = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? NULL : db_error(db, rc, what, error_pool);
}

/* Two that turn a new file to WAL at once do not wait for each other: SQLite tells one of them BUSY at once. */
static usm_error_t *set_wal(sqlite_db_t *db, int timeout, apr_pool_t *error_pool)
{
    for (int tries = 0;; tries++) {
        usm_error_t *err = run(db, "PRAGMA journal_mode=WAL", "journal_mode", error_pool);
        if (!err || !usm_error_is(err, USM_EBUSY) || tries >= timeout * 50)
            return err;
        usm_error_clear(err);
        apr_sleep(apr_time_from_msec(20));
    }
}

/* Made here for its mode; the files beside it (WAL) take over the mode. An existing file is not opened: closing a
 * second descriptor would drop the locks that another connection of this process holds on it. */
static usm_error_t *create_file(const char *path, apr_pool_t *error_pool)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 && errno != EEXIST)
        return USM_ERROR(error_pool, USM_ESTORE, "SQLite, %s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return NULL;
}

static usm_error_t *sqlite_connect(usm__db_t **db_p, const void *target, int create, apr_pool_t *pool,
                                   apr_pool_t *error_pool)
{
    const sqlite_target_t *to = target;
    if (create)
        USM_ERR(create_file(to->path, error_pool));
    sqlite_db_t *db = apr_pcalloc(pool, sizeof *db);
    db->pool = pool;
    int rc = sqlite3_open_v2(to->path, &db->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    apr_pool_cleanup_register(pool, db, close_db, apr_pool_cleanup_null);
    if (rc != SQLITE_OK)
        return db_error(db, rc, to->path, error_pool);
    sqlite3_extended_result_codes(db->handle, 1);
    sqlite3_busy_timeout(db->handle, to->lock_timeout * 1000);
    /* The first use of the file happens here, so a file that is no database is told by its path. */
    USM_ERR_W(set_wal(db, to->lock_timeout, error_pool), "database %s", to->path);
    USM_ERR(run(db,
                "PRAGMA synchronous=NORMAL;"
                "PRAGMA foreign_keys=ON;"
                "PRAGMA trusted_schema=OFF;"
                "PRAGMA temp_store=MEMORY;"
                "PRAGMA cache_size=-512;" /* each connection has one; the system has the file in its own */
                "PRAGMA journal_size_limit=67108864",
                "settings", error_pool));
    *db_p = &db->base;
    return NULL;
}

static int sqlite_alive(usm__db_t *base, apr_interval_time_t idle)
{
    return !base->lost;
}

static usm_error_t *sqlite_control(usm__db_t *base, usm__control_e what, apr_pool_t *error_pool)
{
    sqlite_db_t *db = (sqlite_db_t *)base;
    switch (what) {
    case USM__BEGIN:
    case USM__LOCK:
        return run(db, "BEGIN IMMEDIATE", "begin", error_pool);
    case USM__COMMIT:
    case USM__UNLOCK:
        return run(db, "COMMIT", "commit", error_pool);
    case USM__ROLLBACK:
        /* Some errors have rolled back already. */
        return sqlite3_get_autocommit(db->handle) ? NULL : run(db, "ROLLBACK", "rollback", error_pool);
    }
    return NULL;
}

static usm_error_t *sqlite_direct(usm__db_t *base, const char *sql, apr_pool_t *error_pool)
{
    return run((sqlite_db_t *)base, sql, "schema", error_pool);
}

static apr_status_t finalize(void *data)
{
    sqlite_stmt_t *stmt = data;
    sqlite3_finalize(stmt->handle);
    return APR_SUCCESS;
}

static usm_error_t *sqlite_prepare(usm__dbstmt_t **stmt_p, usm__db_t *base, const char *sql, apr_pool_t *error_pool)
{
    sqlite_db_t *db = (sqlite_db_t *)base;
    sqlite_stmt_t *stmt = apr_pcalloc(db->pool, sizeof *stmt);
    int rc = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt->handle, NULL);
    if (rc != SQLITE_OK)
        return db_error(db, rc, "prepare", error_pool);
    apr_pool_cleanup_register(db->pool, stmt, finalize, apr_pool_cleanup_null);
    if (sqlite3_column_count(stmt->handle) > COLUMNS_MAX)
        return USM_ERROR(error_pool, USM_EINTERNAL, "statement with more than %d columns", COLUMNS_MAX);
    stmt->base.db = base;
    stmt->done = 1;
    *stmt_p = &stmt->base;
    return NULL;
}

static int bind_one(sqlite3_stmt *handle, int at, const usm__val_t *val)
{
    switch (val->kind) {
    case USM__INT:
        return sqlite3_bind_int64(handle, at, val->i);
    case USM__TEXT:
    case USM__ID:
        return sqlite3_bind_text64(handle, at, val->s, val->len, SQLITE_STATIC, SQLITE_UTF8);
    case USM__BLOB:
        return sqlite3_bind_blob64(handle, at, val->s, val->len, SQLITE_STATIC);
    case USM__NULL:
        break;
    }
    return sqlite3_bind_null(handle, at);
}

static void sqlite_reset(usm__dbstmt_t *base)
{
    sqlite_stmt_t *stmt = (sqlite_stmt_t *)base;
    sqlite3_reset(stmt->handle);
    stmt->done = 1;
    stmt->row_waits = 0;
}

static usm_error_t *step(sqlite_stmt_t *stmt, int *row_p, apr_pool_t *error_pool)
{
    int rc = sqlite3_step(stmt->handle);
    *row_p = rc == SQLITE_ROW;
    if (rc == SQLITE_ROW)
        return NULL;
    usm_error_t *err = rc == SQLITE_DONE ? NULL : db_error((sqlite_db_t *)stmt->base.db, rc, "step", error_pool);
    sqlite_reset(&stmt->base);
    return err;
}

static usm_error_t *sqlite_exec(usm__dbstmt_t *base, const usm__val_t *vals, apr_size_t count, apr_pool_t *error_pool)
{
    sqlite_stmt_t *stmt = (sqlite_stmt_t *)base;
    if (sqlite3_bind_parameter_count(stmt->handle) != (int)count)
        return USM_ERROR(error_pool, USM_EINTERNAL, "statement takes %d parameters, %d given",
                         sqlite3_bind_parameter_count(stmt->handle), (int)count);
    for (apr_size_t i = 0; i < count; i++) {
        int rc = bind_one(stmt->handle, (int)i + 1, &vals[i]);
        if (rc != SQLITE_OK)
            return db_error((sqlite_db_t *)base->db, rc, "bind", error_pool);
    }
    stmt->done = 0;
    return step(stmt, &stmt->row_waits, error_pool);
}

/* Nothing travels here: a prepared statement run again for each row is the least there is to do. */
static usm_error_t *sqlite_bulk(usm__dbstmt_t *base, const usm__val_t *vals, apr_size_t rows, apr_size_t count,
                                apr_pool_t *error_pool)
{
    for (apr_size_t row = 0; row < rows; row++)
        USM_ERR(sqlite_exec(base, vals + row * count, count, error_pool));
    return NULL;
}

static usm_error_t *sqlite_fetch(const usm__val_t **row_p, usm__dbstmt_t *base, apr_pool_t *error_pool)
{
    sqlite_stmt_t *stmt = (sqlite_stmt_t *)base;
    *row_p = NULL;
    if (stmt->done)
        return NULL;
    if (!stmt->row_waits)
        USM_ERR(step(stmt, &stmt->row_waits, error_pool));
    if (!stmt->row_waits)
        return NULL;
    stmt->row_waits = 0;
    int count = sqlite3_data_count(stmt->handle);
    for (int i = 0; i < count; i++) {
        usm__val_t *col = &stmt->cols[i];
        switch (sqlite3_column_type(stmt->handle, i)) {
        case SQLITE_NULL:
            *col = (usm__val_t){.kind = USM__NULL};
            break;
        case SQLITE_INTEGER:
            *col = (usm__val_t){.kind = USM__INT, .i = sqlite3_column_int64(stmt->handle, i)};
            break;
        default:
            *col = (usm__val_t){.kind = USM__BLOB, .s = sqlite3_column_blob(stmt->handle, i)};
            col->len = (apr_size_t)sqlite3_column_bytes(stmt->handle, i);
            /* An empty value comes without an address. */
            if (!col->s)
                col->s = "";
            break;
        }
    }
    *row_p = stmt->cols;
    return NULL;
}

static apr_int64_t sqlite_affected(usm__dbstmt_t *base)
{
    return sqlite3_changes(((sqlite_db_t *)base->db)->handle);
}

static apr_int64_t sqlite_last_id(usm__db_t *base)
{
    return sqlite3_last_insert_rowid(((sqlite_db_t *)base)->handle);
}

const usm__driver_t usm__driver_sqlite = {
    .scheme = "sqlite",
    .dialect = USM__SQLITE,
    .bulk_max = BULK_MAX,
    .target = sqlite_target,
    .connect = sqlite_connect,
    .alive = sqlite_alive,
    .control = sqlite_control,
    .direct = sqlite_direct,
    .prepare = sqlite_prepare,
    .exec = sqlite_exec,
    .bulk = sqlite_bulk,
    .fetch = sqlite_fetch,
    .reset = sqlite_reset,
    .affected = sqlite_affected,
    .last_id = sqlite_last_id,
};
