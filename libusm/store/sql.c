/* SPDX-License-Identifier: Apache-2.0 */
/** @file sql.c  The SQL store's frame: opening, connections, transactions, running statements. */
#include "store/sql.h"

#include <apr_portable.h>
#include <apr_reslist.h>
#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#define CONNS_MIN 1
#define CONNS_KEPT 4
#define CONN_TTL apr_time_from_sec(300)
#define CONN_WAIT apr_time_from_sec(10)
#define BULK_COLUMNS 16

typedef struct sql_store_t {
    usm_store_t base;
    const usm__driver_t *driver;
    const void *target;
    int max;
    usm_log_t log;
    apr_thread_mutex_t *lock; /**< of the members below */
    apr_pool_t *conns_pool;
    apr_reslist_t *conns; /**< made by the first begin() of each process */
    pid_t pid;
} sql_store_t;

/** A place for a connection: it is made and made again inside. */
typedef struct conn_t {
    const sql_store_t *store;
    apr_pool_t *pool;
    pid_t pid;
    apr_pool_t *db_pool;
    usm__db_t *db; /**< NULL: not connected */
    apr_time_t used;
    usm__dbstmt_t *stmts[USM__STMT_COUNT];
    /* Rows that the transaction has put and not yet sent, all of one statement. */
    apr_pool_t *bulk_pool;
    usm__val_t *bulk;
    usm__stmt_e bulk_name;
    apr_size_t bulk_rows, bulk_columns;
} conn_t;

struct usm_txn_t {
    sql_store_t *store;
    conn_t *conn; /**< NULL: finished */
    apr_reslist_t *conns;
    apr_pool_t *pool;
    usm_txn_mode_e mode;
    usm_stats_t *stats, own_stats;
    int failed;
    usm__dbstmt_t *open; /**< has a result */
    usm__stmt_e open_name;
};

static const usm__driver_t *const drivers[] = {&usm__driver_sqlite, &usm__driver_mariadb};

static const char *const stmt_texts[USM__STMT_COUNT][USM__DIALECTS] = {
#define USM__STMT(name, sqlite, mariadb) {sqlite, mariadb},
#include "store/queries.h"
#undef USM__STMT
};

static const char *const stmt_names[USM__STMT_COUNT] = {
#define USM__STMT(name, sqlite, mariadb) #name,
#include "store/queries.h"
#undef USM__STMT
};

const char *usm__stmt_text(usm__stmt_e stmt, int dialect)
{
    return stmt_texts[stmt][dialect];
}

const char *usm__stmt_name(usm__stmt_e stmt)
{
    return stmt_names[stmt];
}

/* ---- connections ---- */

/** A pool of one thread at a time, apart from the process's tree of pools: it goes when its owner says so. */
static apr_pool_t *make_root_pool(const char *tag)
{
    apr_allocator_t *allocator;
    apr_pool_t *pool;
    if (apr_allocator_create(&allocator) != APR_SUCCESS)
        return NULL;
    if (apr_pool_create_unmanaged_ex(&pool, NULL, allocator) != APR_SUCCESS) {
        apr_allocator_destroy(allocator);
        return NULL;
    }
    apr_allocator_owner_set(allocator, pool);
    apr_pool_tag(pool, tag);
    return pool;
}

static void disconnect(conn_t *conn)
{
    if (conn->db_pool)
        apr_pool_destroy(conn->db_pool);
    conn->db_pool = NULL;
    conn->db = NULL;
    memset(conn->stmts, 0, sizeof conn->stmts);
}

static usm_error_t *connect_db(conn_t *conn, int create, apr_pool_t *error_pool)
{
    apr_pool_create(&conn->db_pool, conn->pool);
    usm_error_t *err = conn->store->driver->connect(&conn->db, conn->store->target, create, conn->db_pool, error_pool);
    if (err)
        disconnect(conn);
    return err;
}

static apr_status_t make_conn(void **conn_p, void *params, apr_pool_t *unused)
{
    apr_pool_t *pool = make_root_pool("usm_store_conn");
    if (!pool)
        return APR_ENOMEM;
    conn_t *conn = apr_pcalloc(pool, sizeof *conn);
    conn->store = params;
    conn->pool = pool;
    conn->pid = getpid();
    *conn_p = conn;
    return APR_SUCCESS;
}

static apr_status_t drop_conn(void *data, void *params, apr_pool_t *unused)
{
    conn_t *conn = data;
    /* A connection that came over a fork belongs to the parent: a proper end would end the parent's. */
    if (conn->pid == getpid())
        apr_pool_destroy(conn->pool);
    return APR_SUCCESS;
}

/* The list's own pool is a root: it is made by whichever thread comes first. */
static usm_error_t *get_conns(apr_reslist_t **conns_p, sql_store_t *store, apr_pool_t *error_pool)
{
    usm_error_t *err = NULL;
    apr_thread_mutex_lock(store->lock);
    if (!store->conns || store->pid != getpid()) {
        apr_status_t status = APR_ENOMEM;
        apr_reslist_t *conns = NULL;
        apr_pool_t *pool = make_root_pool("usm_store_conns");
        if (pool)
            status = apr_reslist_create(&conns, CONNS_MIN < store->max ? CONNS_MIN : store->max,
                                        CONNS_KEPT < store->max ? CONNS_KEPT : store->max, store->max, CONN_TTL,
                                        make_conn, drop_conn, store, pool);
        if (status == APR_SUCCESS) {
            apr_reslist_timeout_set(conns, CONN_WAIT);
            store->conns = conns;
            store->conns_pool = pool;
            store->pid = getpid();
        } else {
            err = USM_ERROR(error_pool, USM_ESTORE, "list of connections: status %d", status);
        }
    }
    *conns_p = store->conns;
    apr_thread_mutex_unlock(store->lock);
    return err;
}

static usm_error_t *acquire(conn_t **conn_p, apr_reslist_t **conns_p, sql_store_t *store, apr_pool_t *error_pool)
{
    void *found;
    USM_ERR(get_conns(conns_p, store, error_pool));
    apr_status_t status = apr_reslist_acquire(*conns_p, &found);
    if (status != APR_SUCCESS)
        return USM_ERROR(error_pool, USM_ESTORE, "all %d database connections are in use", store->max);
    *conn_p = found;
    return NULL;
}

/* ---- open ---- */

static apr_status_t close_store(void *data)
{
    sql_store_t *store = data;
    /* A list with connections in use cannot be taken apart; whoever holds one has outlived the store. */
    if (store->conns && store->pid == getpid() && !apr_reslist_acquired_count(store->conns))
        apr_pool_destroy(store->conns_pool);
    store->conns = NULL;
    return APR_SUCCESS;
}

static usm_error_t *find_driver(sql_store_t *store, const char *url, apr_pool_t *pool)
{
    for (apr_size_t i = 0; url && i < sizeof drivers / sizeof drivers[0]; i++) {
        apr_size_t len = strlen(drivers[i]->scheme);
        if (!strncmp(url, drivers[i]->scheme, len) && url[len] == ':') {
            store->driver = drivers[i];
            return drivers[i]->target(&store->target, url + len + 1, pool);
        }
    }
    return USM_ERROR(pool, USM_ECONFIG, "store URL must begin with sqlite: or mariadb:");
}

/* With a connection of its own: a parent process may open the store and its children use it. */
static usm_error_t *check_schema(sql_store_t *store, apr_pool_t *pool)
{
    conn_t conn = {.store = store};
    int from;
    apr_pool_create(&conn.pool, pool);
    usm_error_t *err = connect_db(&conn, 1, pool);
    if (!err)
        err = usm__schema_migrate(&from, store->driver, conn.db, usm__schema(), pool);
    disconnect(&conn);
    apr_pool_destroy(conn.pool);
    if (!err && from != usm__schema()->version)
        usm_log(&store->log, USM_LOG_NOTICE, 120, "state database: schema version %d moved to %d", from,
                usm__schema()->version);
    return err;
}

usm_error_t *usm__store_version(int *version_p, const char *url, apr_pool_t *pool)
{
    sql_store_t store = {0};
    conn_t conn = {.store = &store};
    USM_ERR(find_driver(&store, url, pool));
    apr_pool_create(&conn.pool, pool);
    usm_error_t *err = connect_db(&conn, 0, pool);
    if (!err)
        err = usm__schema_read(version_p, store.driver, conn.db, pool);
    disconnect(&conn);
    apr_pool_destroy(conn.pool);
    return err;
}

static usm_error_t *sql_open(usm_store_t **store_p, const char *url, int max_connections, const usm_log_t *log,
                           apr_pool_t *pool)
{
    sql_store_t *store = apr_pcalloc(pool, sizeof *store);
    store->base.vt = usm_store_sql();
    store->max = max_connections > 0 ? max_connections : 16;
    if (log)
        store->log = *log;
    USM_ERR(find_driver(store, url, pool));
    apr_status_t status = apr_thread_mutex_create(&store->lock, APR_THREAD_MUTEX_DEFAULT, pool);
    if (status != APR_SUCCESS)
        return USM_ERROR_APR(pool, status, "mutex of the store");
    USM_ERR_W(check_schema(store, pool), "state database");
    apr_pool_cleanup_register(pool, store, close_store, apr_pool_cleanup_null);
    *store_p = &store->base;
    return NULL;
}

/* ---- transactions ---- */

static void release(usm_txn_t *txn)
{
    conn_t *conn = txn->conn;
    usm__sql_end(txn);
    conn->bulk_rows = 0;
    if (conn->bulk_pool)
        apr_pool_clear(conn->bulk_pool);
    if (conn->db && conn->db->lost)
        disconnect(conn);
    conn->used = apr_time_now();
    txn->conn = NULL;
    apr_reslist_release(txn->conns, conn);
}

/** Runs a control statement and counts it. */
static usm_error_t *control(usm_txn_t *txn, usm__control_e what)
{
    apr_time_t start = apr_time_now();
    usm_error_t *err = txn->store->driver->control(txn->conn->db, what, txn->pool);
    txn->stats->store_us += (apr_uint64_t)(apr_time_now() - start);
    txn->stats->store_statements++;
    return err;
}

static void give_up(usm_txn_t *txn)
{
    usm__sql_end(txn);
    if (txn->mode == USM_TXN_WRITE && txn->conn->db && !txn->conn->db->lost) {
        usm_error_t *err = control(txn, USM__ROLLBACK);
        /* What cannot be rolled back must not be used again. */
        if (err)
            disconnect(txn->conn);
        usm_error_clear(err);
    }
    release(txn);
}

static apr_status_t txn_cleanup(void *data)
{
    usm_txn_t *txn = data;
    /* The counters' owner may be gone by now. */
    txn->stats = &txn->own_stats;
    give_up(txn);
    return APR_SUCCESS;
}

static usm_error_t *start(usm_txn_t *txn)
{
    conn_t *conn = txn->conn;
    const usm__driver_t *driver = txn->store->driver;
    if (conn->db && !driver->alive(conn->db, apr_time_now() - conn->used))
        disconnect(conn);
    if (!conn->db)
        USM_ERR(connect_db(conn, 0, txn->pool));
    return txn->mode == USM_TXN_WRITE ? control(txn, USM__BEGIN) : NULL;
}

static usm_error_t *sql_begin(usm_txn_t **txn_p, usm_store_t *store, usm_txn_mode_e mode, usm_stats_t *stats,
                            apr_pool_t *pool)
{
    usm_txn_t *txn = apr_pcalloc(pool, sizeof *txn);
    txn->store = (sql_store_t *)store;
    txn->pool = pool;
    txn->mode = mode;
    txn->stats = stats ? stats : &txn->own_stats;
    USM_ERR(acquire(&txn->conn, &txn->conns, txn->store, pool));
    usm_error_t *err = start(txn);
    /* No connection at all is not better a moment later; one that was lost, or a lock, may be. */
    if (err && txn->conn->db && (txn->conn->db->lost || usm_error_is(err, USM_EBUSY))) {
        usm_error_clear(err);
        if (txn->conn->db->lost)
            disconnect(txn->conn);
        err = start(txn);
    }
    if (err) {
        release(txn);
        return err;
    }
    apr_pool_cleanup_register(pool, txn, txn_cleanup, apr_pool_cleanup_null);
    *txn_p = txn;
    return NULL;
}

static usm_error_t *flush(usm_txn_t *txn);

static usm_error_t *sql_commit(usm_txn_t *txn)
{
    if (!txn->conn)
        return USM_ERROR(txn->pool, USM_EINTERNAL, "the transaction is over");
    usm_error_t *err = flush(txn);
    usm__sql_end(txn);
    if (!err && txn->failed && txn->mode == USM_TXN_WRITE)
        err = USM_ERROR(txn->pool, USM_ESTORE, "a statement of the transaction has failed");
    if (!err && txn->mode == USM_TXN_WRITE)
        err = control(txn, USM__COMMIT);
    apr_pool_cleanup_kill(txn->pool, txn, txn_cleanup);
    if (err)
        give_up(txn);
    else
        release(txn);
    return err;
}

static void sql_rollback(usm_txn_t *txn)
{
    if (!txn->conn)
        return;
    apr_pool_cleanup_kill(txn->pool, txn, txn_cleanup);
    give_up(txn);
}

/* ---- statements ---- */

/** Adds the statement's name, and decides what the error means for the transaction. */
static usm_error_t *fail(usm_txn_t *txn, usm__stmt_e stmt, usm_error_t *err)
{
    if (err && (txn->conn->db->lost || (txn->mode == USM_TXN_WRITE && !usm_error_is(err, USM_EEXISTS))))
        txn->failed = 1;
    return err ? usm_error_wrap(err, __FILE__, __LINE__, "statement %s", stmt_names[stmt]) : NULL;
}

static usm_error_t *check(usm_txn_t *txn, usm__stmt_e stmt, const usm__val_t *vals, apr_size_t count)
{
    if (!txn->conn)
        return USM_ERROR(txn->pool, USM_EINTERNAL, "statement %s: the transaction is over", stmt_names[stmt]);
    if (txn->failed)
        return USM_ERROR(txn->pool, USM_ESTORE, "statement %s: the transaction has failed before", stmt_names[stmt]);
    for (apr_size_t i = 0; i < count; i++) {
        if (vals[i].max && vals[i].len > vals[i].max)
            return USM_ERROR(txn->pool, USM_ELIMIT, "statement %s: parameter %d has %" APR_SIZE_T_FMT " bytes",
                             stmt_names[stmt], (int)i + 1, vals[i].len);
    }
    return NULL;
}

static usm_error_t *prepared(usm__dbstmt_t **stmt_p, usm_txn_t *txn, usm__stmt_e stmt)
{
    conn_t *conn = txn->conn;
    const usm__driver_t *driver = txn->store->driver;
    if (!conn->stmts[stmt])
        USM_ERR(driver->prepare(&conn->stmts[stmt], conn->db, stmt_texts[stmt][driver->dialect], txn->pool));
    *stmt_p = conn->stmts[stmt];
    return NULL;
}

static usm_error_t *execute(usm__dbstmt_t **stmt_p, usm_txn_t *txn, usm__stmt_e stmt, const usm__val_t *vals,
                            apr_size_t rows, apr_size_t count)
{
    const usm__driver_t *driver = txn->store->driver;
    apr_time_t begun = apr_time_now();
    usm_error_t *err = prepared(stmt_p, txn, stmt);
    if (!err && rows > 1)
        err = driver->bulk(*stmt_p, vals, rows, count, txn->pool);
    else if (!err)
        err = driver->exec(*stmt_p, vals, count, txn->pool);
    txn->stats->store_us += (apr_uint64_t)(apr_time_now() - begun);
    txn->stats->store_statements++;
    return fail(txn, stmt, err);
}

/* Sends the rows put. */
static usm_error_t *flush(usm_txn_t *txn)
{
    usm__dbstmt_t *stmt;
    conn_t *conn = txn->conn;
    apr_size_t rows = conn->bulk_rows;
    if (!rows)
        return NULL;
    conn->bulk_rows = 0;
    usm_error_t *err = execute(&stmt, txn, conn->bulk_name, conn->bulk, rows, conn->bulk_columns);
    if (!err) {
        txn->store->driver->reset(stmt);
        txn->stats->store_rows += rows;
    }
    apr_pool_clear(conn->bulk_pool);
    return err;
}

usm_error_t *usm__sql_select(usm_txn_t *txn, usm__stmt_e stmt, const usm__val_t *vals, apr_size_t count)
{
    usm__dbstmt_t *dbstmt;
    USM_ERR(check(txn, stmt, vals, count));
    usm__sql_end(txn);
    USM_ERR(flush(txn));
    USM_ERR(execute(&dbstmt, txn, stmt, vals, 1, count));
    txn->open = dbstmt;
    txn->open_name = stmt;
    return NULL;
}

usm_error_t *usm__sql_step(const usm__val_t **row_p, usm_txn_t *txn)
{
    *row_p = NULL;
    if (!txn->open)
        return NULL;
    apr_time_t begun = apr_time_now();
    usm_error_t *err = txn->store->driver->fetch(row_p, txn->open, txn->pool);
    txn->stats->store_us += (apr_uint64_t)(apr_time_now() - begun);
    if (*row_p)
        txn->stats->store_rows++;
    else
        usm__sql_end(txn);
    return fail(txn, txn->open_name, err);
}

void usm__sql_end(usm_txn_t *txn)
{
    if (txn->open)
        txn->store->driver->reset(txn->open);
    txn->open = NULL;
}

static usm_error_t *check_write(usm_txn_t *txn, usm__stmt_e stmt, const usm__val_t *vals, apr_size_t count)
{
    USM_ERR(check(txn, stmt, vals, count));
    if (txn->mode != USM_TXN_WRITE)
        return USM_ERROR(txn->pool, USM_EINTERNAL, "statement %s needs a WRITE handle", stmt_names[stmt]);
    return NULL;
}

usm_error_t *usm__sql_exec(apr_int64_t *matched_p, usm_txn_t *txn, usm__stmt_e stmt, const usm__val_t *vals,
                           apr_size_t count)
{
    usm__dbstmt_t *dbstmt;
    USM_ERR(check_write(txn, stmt, vals, count));
    usm__sql_end(txn);
    USM_ERR(flush(txn));
    USM_ERR(execute(&dbstmt, txn, stmt, vals, 1, count));
    apr_int64_t matched = txn->store->driver->affected(dbstmt);
    txn->store->driver->reset(dbstmt);
    txn->stats->store_rows += (apr_uint64_t)matched;
    if (matched_p)
        *matched_p = matched;
    return NULL;
}

usm_error_t *usm__sql_put(usm_txn_t *txn, usm__stmt_e stmt, const usm__val_t *vals, apr_size_t count)
{
    apr_size_t max = (apr_size_t)txn->store->driver->bulk_max;
    if (max <= 1)
        return usm__sql_exec(NULL, txn, stmt, vals, count);
    USM_ERR(check_write(txn, stmt, vals, count));
    usm__sql_end(txn);
    conn_t *conn = txn->conn;
    if (conn->bulk_rows && (conn->bulk_name != stmt || conn->bulk_rows == max))
        USM_ERR(flush(txn));
    if (count > BULK_COLUMNS)
        return USM_ERROR(txn->pool, USM_EINTERNAL, "statement %s has too many columns", stmt_names[stmt]);
    if (!conn->bulk) {
        conn->bulk = apr_palloc(conn->pool, max * BULK_COLUMNS * sizeof *conn->bulk);
        apr_pool_create(&conn->bulk_pool, conn->pool);
    }
    conn->bulk_name = stmt;
    conn->bulk_columns = count;
    usm__val_t *row = conn->bulk + conn->bulk_rows++ * count;
    memcpy(row, vals, count * sizeof *row);
    for (apr_size_t i = 0; i < count; i++) {
        if (row[i].len)
            row[i].s = apr_pmemdup(conn->bulk_pool, row[i].s, row[i].len);
    }
    return NULL;
}

static int compare_ids(const void *a, const void *b)
{
    const char *x = *(const char *const *)a, *y = *(const char *const *)b;
    apr_size_t xl = strlen(x), yl = strlen(y);
    return xl != yl ? (xl < yl ? -1 : 1) : memcmp(x, y, xl);
}

usm_error_t *usm__sql_find(usm_txn_t *txn, usm__stmt_e stmt, const usm__val_t *first, apr_size_t first_count,
                           const char **ids, int count, const usm__found_t *found, apr_pool_t *scratch_pool)
{
    enum { FIRST_MAX = 4 };
    usm__val_t vals[FIRST_MAX + 1 + USM__FIND];
    apr_pool_t *iterpool;
    if (first_count > FIRST_MAX)
        return USM_ERROR(txn->pool, USM_EINTERNAL, "statement %s has too many parameters", stmt_names[stmt]);
    memcpy(vals, first, first_count * sizeof *vals);
    qsort(ids, (size_t)count, sizeof *ids, compare_ids);
    apr_pool_create(&iterpool, scratch_pool);
    for (int at = 0; at < count;) {
        apr_size_t len = strlen(ids[at]);
        usm__val_t *val = vals + first_count;
        *val++ = usm__int((apr_int64_t)len);
        int end = at;
        for (int i = 0; i < USM__FIND; i++) { /* places left over take the last one again */
            if (end < count && strlen(ids[end]) == len)
                end++;
            *val++ = usm__id(ids[end - 1]);
        }
        apr_pool_clear(iterpool);
        USM_ERR(usm__sql_select(txn, stmt, vals, (apr_size_t)(val - vals)));
        USM_ERR(found->tell(txn, found, iterpool));
        usm__sql_end(txn);
        at = end;
    }
    apr_pool_destroy(iterpool);
    return NULL;
}

apr_int64_t usm__sql_last_id(usm_txn_t *txn)
{
    return txn->store->driver->last_id(txn->conn->db);
}

apr_pool_t *usm__sql_pool(usm_txn_t *txn)
{
    return txn->pool;
}

int usm__sql_writes(const usm_txn_t *txn)
{
    return txn->mode == USM_TXN_WRITE;
}

const char *usm__col_text(const usm__val_t *col, apr_pool_t *pool)
{
    return col->kind == USM__NULL ? NULL : apr_pstrmemdup(pool, col->s, col->len);
}

/* ---- the table ---- */

static usm_store_vtable_t vtable = {
    .open = sql_open,
    .begin = sql_begin,
    .commit = sql_commit,
    .rollback = sql_rollback,
};

static void fill_vtable(void)
{
    usm__sql_device_fill(&vtable);
    usm__sql_folder_fill(&vtable);
    usm__sql_collection_fill(&vtable);
    usm__sql_item_fill(&vtable);
    usm__sql_pending_fill(&vtable);
    usm__sql_echo_fill(&vtable);
    usm__sql_bad_fill(&vtable);
    usm__sql_remade_fill(&vtable);
    usm__sql_standing_fill(&vtable);
    usm__sql_upkeep_fill(&vtable);
}

const usm_store_vtable_t *usm_store_sql(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, fill_vtable);
    return &vtable;
}
