/* SPDX-License-Identifier: Apache-2.0 */
/** @file mariadb.c  Driver for MariaDB (10.3 or later), the store of clusters. The only includer of mysql.h.
 * URL: mariadb://user@host[:port]/db[?password_file=FILE&socket=PATH&lock_timeout=SECONDS&tls_ca=FILE]. */
#include "store/driver.h"

#include <apr_file_io.h>
#include <apr_strings.h>
#include <errmsg.h>
#include <mysql.h>
#include <mysqld_error.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>

#define CONNECT_TIMEOUT_S 5
#define IO_TIMEOUT_S 60
#define SCHEMA_LOCK_S 45 /* below IO_TIMEOUT_S */
#define PING_AFTER apr_time_from_sec(30)
#define FIRST_BUFFER 320
#define PASSWORD_MAX 1024

/** Rows in one bulk(); the limit of what sql.c collects. */
#define BULK_MAX 512

typedef struct maria_target_t {
    const char *user, *host, *database, *password, *socket, *tls_ca;
    int port, lock_timeout;
} maria_target_t;

typedef struct maria_db_t {
    usm__db_t base;
    MYSQL *handle;
    apr_pool_t *pool;
    int has_bulk;
} maria_db_t;

/** Where a column of a result is put. */
typedef struct slot_t {
    apr_int64_t number;
    char *buffer;
    unsigned long length, kept;
    my_bool is_null, error;
} slot_t;

typedef struct maria_stmt_t {
    usm__dbstmt_t base;
    MYSQL_STMT *handle;
    unsigned params, columns;
    MYSQL_BIND *in, *out;
    slot_t *slots;
    usm__val_t *cols;
    int running; /**< has rows to fetch */
    int bulk;    /**< array size is set */
    /* For bulk(): arrays of BULK_MAX per parameter, made when first needed. */
    apr_int64_t **numbers;
    const char ***strings;
    unsigned long **lengths;
    char **indicators;
} maria_stmt_t;

/* ---- URL ---- */

static usm_error_t *read_password(const char **password_p, const char *path, apr_pool_t *pool)
{
    apr_file_t *file;
    char text[PASSWORD_MAX];
    apr_size_t len = sizeof text;
    apr_status_t status = apr_file_open(&file, path, APR_FOPEN_READ, APR_FPROT_OS_DEFAULT, pool);
    if (status == APR_SUCCESS) {
        status = apr_file_read_full(file, text, sizeof text, &len);
        apr_file_close(file);
    }
    if (status != APR_EOF)
        return USM_ERROR(pool, USM_ECONFIG, "store URL: password_file %s cannot be read or is too long", path);
    while (len && (text[len - 1] == '\n' || text[len - 1] == '\r'))
        len--;
    *password_p = apr_pstrmemdup(pool, text, len);
    return NULL;
}

/* host, host:port, [address]:port */
static usm_error_t *parse_host(maria_target_t *target, const char *text, apr_size_t len, apr_pool_t *pool)
{
    const char *port = NULL;
    char *host = apr_pstrmemdup(pool, text, len), *end;
    if (*host == '[') {
        end = strchr(++host, ']');
        if (!end)
            return USM_ERROR(pool, USM_ECONFIG, "store URL: no ] behind the address");
        *end = '\0';
        if (end[1] == ':')
            port = end + 2;
    } else if ((end = strchr(host, ':'))) {
        *end = '\0';
        port = end + 1;
    }
    target->host = *host ? host : "localhost";
    if (!port)
        return NULL;
    target->port = (int)apr_strtoi64(port, &end, 10);
    if (*end || target->port <= 0 || target->port > 65535)
        return USM_ERROR(pool, USM_ECONFIG, "store URL: %s is no port", port);
    return NULL;
}

static void init_library(void)
{
    mysql_library_init(0, NULL, NULL);
}

static usm_error_t *maria_target(const void **target_p, const char *rest, apr_pool_t *pool)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    maria_target_t *target = apr_pcalloc(pool, sizeof *target);
    const char *query = strchr(rest, '?');
    apr_size_t len = query ? (apr_size_t)(query - rest) : strlen(rest);
    const char *slash = len > 2 ? memchr(rest + 2, '/', len - 2) : NULL;
    const char *at = slash ? memchr(rest, '@', (apr_size_t)(slash - rest)) : NULL;
    if (strncmp(rest, "//", 2) != 0 || !at || at == rest + 2 || slash + 1 == rest + len)
        return USM_ERROR(pool, USM_ECONFIG, "store URL must be mariadb://user@host[:port]/database[?…]");
    if (memchr(rest + 2, ':', (apr_size_t)(at - rest - 2)))
        return USM_ERROR(pool, USM_ECONFIG, "store URL: a password belongs into a file (password_file=…)");
    pthread_once(&once, init_library);
    query = query ? query + 1 : NULL;
    target->user = usm__url_decode(rest + 2, (apr_size_t)(at - rest - 2), pool);
    target->database = usm__url_decode(slash + 1, (apr_size_t)(rest + len - slash - 1), pool);
    target->socket = usm__url_param(query, "socket", pool);
    target->tls_ca = usm__url_param(query, "tls_ca", pool);
    USM_ERR(parse_host(target, at + 1, (apr_size_t)(slash - at - 1), pool));
    USM_ERR(usm__url_number(&target->lock_timeout, query, "lock_timeout", 1, 3600, 10, pool));
    const char *password_file = usm__url_param(query, "password_file", pool);
    if (password_file)
        USM_ERR(read_password(&target->password, password_file, pool));
    *target_p = target;
    return NULL;
}

/* ---- errors ---- */

/* Errors about data quote values: those of the classes 22 (data) and 23 (constraint), and truncation warnings. */
static const char *without_values(const char *text, const char *state, apr_pool_t *pool)
{
    if (strncmp(state, "22", 2) != 0 && strncmp(state, "23", 2) != 0 && strncmp(state, "01", 2) != 0)
        return text;
    char *out = apr_pstrdup(pool, text), *to = out;
    int quoted = 0;
    for (; *text; text++) {
        if (*text == '\'' || *text == '`' || *text == '"') {
            quoted = !quoted;
            *to++ = *text;
        } else if (!quoted) {
            *to++ = *text;
        }
    }
    *to = '\0';
    return out;
}

static int is_lost(unsigned number)
{
    switch (number) {
    case ER_SERVER_SHUTDOWN:
    case ER_CONNECTION_KILLED:
    case ER_UNKNOWN_STMT_HANDLER:
    case ER_NEED_REPREPARE:
    case ER_UNKNOWN_COM_ERROR: /* Galera: node is not ready */
        return 1;
    default:
        /* Whatever the client library itself complains of leaves the connection in doubt. */
        return (number >= CR_MIN_ERROR && number <= CR_MAX_ERROR) ||
               (number >= CER_MIN_ERROR && number < CER_MIN_ERROR + 1000);
    }
}

static usm_error_t *make_error(usm__db_t *db, unsigned number, const char *state, const char *text, const char *what,
                               apr_pool_t *error_pool)
{
    apr_status_t code = USM_ESTORE;
    if (number == ER_LOCK_DEADLOCK || number == ER_LOCK_WAIT_TIMEOUT || number == ER_CHECKREAD)
        code = USM_EBUSY;
    else if (number == ER_DUP_ENTRY)
        code = USM_EEXISTS;
    if (db && is_lost(number))
        db->lost = 1;
    return USM_ERROR(error_pool, code, "MariaDB, %s: %s (%u, %s)", what, without_values(text, state, error_pool),
                     number, state);
}

static usm_error_t *db_error(maria_db_t *db, const char *what, apr_pool_t *error_pool)
{
    return make_error(&db->base, mysql_errno(db->handle), mysql_sqlstate(db->handle), mysql_error(db->handle), what,
                      error_pool);
}

static usm_error_t *stmt_error(maria_stmt_t *stmt, const char *what, apr_pool_t *error_pool)
{
    return make_error(stmt->base.db, mysql_stmt_errno(stmt->handle), mysql_stmt_sqlstate(stmt->handle),
                      mysql_stmt_error(stmt->handle), what, error_pool);
}

/* ---- connection ---- */

static apr_status_t close_db(void *data)
{
    maria_db_t *db = data;
    mysql_close(db->handle);
    db->handle = NULL;
    return APR_SUCCESS;
}

static usm_error_t *run(maria_db_t *db, const char *sql, const char *what, apr_pool_t *error_pool)
{
    if (mysql_real_query(db->handle, sql, strlen(sql)))
        return db_error(db, what, error_pool);
    return NULL;
}

static void set_options(MYSQL *handle, const maria_target_t *to)
{
    unsigned connect_timeout = CONNECT_TIMEOUT_S, io_timeout = IO_TIMEOUT_S, no_files = 0;
    my_bool off = 0, on = 1;
    mysql_options(handle, MYSQL_OPT_CONNECT_TIMEOUT, &connect_timeout);
    mysql_options(handle, MYSQL_OPT_READ_TIMEOUT, &io_timeout);
    mysql_options(handle, MYSQL_OPT_WRITE_TIMEOUT, &io_timeout);
    mysql_options(handle, MYSQL_OPT_RECONNECT, &off);
    /* A server must not be able to ask for our files. */
    mysql_options(handle, MYSQL_OPT_LOCAL_INFILE, &no_files);
    mysql_options(handle, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    mysql_options(handle, MYSQL_REPORT_DATA_TRUNCATION, &on);
    if (to->tls_ca) {
        mysql_ssl_set(handle, NULL, NULL, to->tls_ca, NULL, NULL);
        mysql_options(handle, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &on);
    }
}

static usm_error_t *maria_connect(usm__db_t **db_p, const void *target, int create, apr_pool_t *pool,
                                  apr_pool_t *error_pool)
{
    const maria_target_t *to = target;
    maria_db_t *db = apr_pcalloc(pool, sizeof *db);
    db->pool = pool;
    db->handle = mysql_init(NULL);
    if (!db->handle)
        return USM_ERROR(error_pool, USM_ENOMEM, "MariaDB: no memory");
    apr_pool_cleanup_register(pool, db, close_db, apr_pool_cleanup_null);
    set_options(db->handle, to);
    if (!mysql_real_connect(db->handle, to->host, to->user, to->password, to->database, (unsigned)to->port, to->socket,
                            CLIENT_FOUND_ROWS))
        return db_error(db, "connect", error_pool);
    db->has_bulk = strstr(mysql_get_server_info(db->handle), "MariaDB") != NULL;
    USM_ERR(run(db, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", "settings", error_pool));
    USM_ERR(run(db,
                apr_psprintf(pool,
                             "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', autocommit = 1, "
                             "innodb_lock_wait_timeout = %d",
                             to->lock_timeout),
                "settings", error_pool));
    *db_p = &db->base;
    return NULL;
}

/* An idle connection that has something to read was closed by the server, or says so with the next packet. */
static int maria_alive(usm__db_t *base, apr_interval_time_t idle)
{
    maria_db_t *db = (maria_db_t *)base;
    if (base->lost)
        return 0;
    struct pollfd fd = {.fd = (int)mysql_get_socket(db->handle), .events = POLLIN};
    if (poll(&fd, 1, 0) == 0 && idle < PING_AFTER)
        return 1;
    return mysql_ping(db->handle) == 0;
}

/* The lock is the server's and named after the database; it ends with the connection at the latest. */
static usm_error_t *lock_schema(maria_db_t *db, apr_pool_t *error_pool)
{
    USM_ERR(run(db, apr_psprintf(error_pool, "SELECT GET_LOCK(CONCAT('usm.', SHA1(DATABASE())), %d)", SCHEMA_LOCK_S),
                "schema lock", error_pool));
    MYSQL_RES *result = mysql_store_result(db->handle);
    if (!result)
        return db_error(db, "schema lock", error_pool);
    MYSQL_ROW row = mysql_fetch_row(result);
    int locked = row && row[0] && row[0][0] == '1';
    mysql_free_result(result);
    return locked ? NULL : USM_ERROR(error_pool, USM_EBUSY, "MariaDB: another process holds the schema lock");
}

static usm_error_t *maria_control(usm__db_t *base, usm__control_e what, apr_pool_t *error_pool)
{
    maria_db_t *db = (maria_db_t *)base;
    switch (what) {
    case USM__BEGIN:
        return run(db, "START TRANSACTION", "begin", error_pool);
    case USM__COMMIT:
        return run(db, "COMMIT", "commit", error_pool);
    case USM__ROLLBACK:
        return run(db, "ROLLBACK", "rollback", error_pool);
    case USM__LOCK:
        return lock_schema(db, error_pool);
    case USM__UNLOCK:
        return run(db, "DO RELEASE_LOCK(CONCAT('usm.', SHA1(DATABASE())))", "schema unlock", error_pool);
    }
    return NULL;
}

static usm_error_t *maria_direct(usm__db_t *base, const char *sql, apr_pool_t *error_pool)
{
    return run((maria_db_t *)base, sql, "schema", error_pool);
}

/* ---- statements ---- */

static apr_status_t close_stmt(void *data)
{
    mysql_stmt_close(((maria_stmt_t *)data)->handle);
    return APR_SUCCESS;
}

static int is_number(enum enum_field_types type)
{
    return type == MYSQL_TYPE_TINY || type == MYSQL_TYPE_SHORT || type == MYSQL_TYPE_INT24 || type == MYSQL_TYPE_LONG ||
           type == MYSQL_TYPE_LONGLONG;
}

/* Result buffers are bound once; a longer value makes its buffer grow for good. */
static usm_error_t *bind_result(maria_stmt_t *stmt, apr_pool_t *pool, apr_pool_t *error_pool)
{
    MYSQL_RES *meta = mysql_stmt_result_metadata(stmt->handle);
    if (!meta)
        return NULL;
    stmt->columns = mysql_num_fields(meta);
    stmt->out = apr_pcalloc(pool, stmt->columns * sizeof *stmt->out);
    stmt->slots = apr_pcalloc(pool, stmt->columns * sizeof *stmt->slots);
    stmt->cols = apr_pcalloc(pool, stmt->columns * sizeof *stmt->cols);
    for (unsigned i = 0; i < stmt->columns; i++) {
        MYSQL_BIND *out = &stmt->out[i];
        slot_t *slot = &stmt->slots[i];
        out->length = &slot->length;
        out->is_null = &slot->is_null;
        out->error = &slot->error;
        if (is_number(mysql_fetch_field_direct(meta, i)->type)) {
            out->buffer_type = MYSQL_TYPE_LONGLONG;
            out->buffer = &slot->number;
        } else {
            slot->buffer = apr_palloc(pool, FIRST_BUFFER);
            out->buffer_type = MYSQL_TYPE_BLOB;
            out->buffer = slot->buffer;
            out->buffer_length = FIRST_BUFFER;
        }
    }
    mysql_free_result(meta);
    return mysql_stmt_bind_result(stmt->handle, stmt->out) ? stmt_error(stmt, "bind", error_pool) : NULL;
}

static usm_error_t *maria_prepare(usm__dbstmt_t **stmt_p, usm__db_t *base, const char *sql, apr_pool_t *error_pool)
{
    maria_db_t *db = (maria_db_t *)base;
    maria_stmt_t *stmt = apr_pcalloc(db->pool, sizeof *stmt);
    stmt->base.db = base;
    stmt->handle = mysql_stmt_init(db->handle);
    if (!stmt->handle)
        return db_error(db, "prepare", error_pool);
    apr_pool_cleanup_register(db->pool, stmt, close_stmt, apr_pool_cleanup_null);
    if (mysql_stmt_prepare(stmt->handle, sql, strlen(sql)))
        return stmt_error(stmt, "prepare", error_pool);
    stmt->params = (unsigned)mysql_stmt_param_count(stmt->handle);
    stmt->in = apr_pcalloc(db->pool, (stmt->params + 1) * sizeof *stmt->in);
    USM_ERR(bind_result(stmt, db->pool, error_pool));
    *stmt_p = &stmt->base;
    return NULL;
}

static void maria_reset(usm__dbstmt_t *base)
{
    maria_stmt_t *stmt = (maria_stmt_t *)base;
    if (stmt->running)
        mysql_stmt_free_result(stmt->handle);
    stmt->running = 0;
}

static enum enum_field_types type_of(usm__kind_e kind)
{
    static const enum enum_field_types types[] = {[USM__NULL] = MYSQL_TYPE_NULL,
                                                  [USM__INT] = MYSQL_TYPE_LONGLONG,
                                                  [USM__TEXT] = MYSQL_TYPE_STRING,
                                                  [USM__ID] = MYSQL_TYPE_BLOB,
                                                  [USM__BLOB] = MYSQL_TYPE_BLOB};
    return types[kind];
}

static usm_error_t *execute(maria_stmt_t *stmt, apr_size_t count, unsigned array_size, apr_pool_t *error_pool)
{
    maria_reset(&stmt->base);
    if (count != stmt->params)
        return USM_ERROR(error_pool, USM_EINTERNAL, "statement takes %u parameters, %d given", stmt->params,
                         (int)count);
    if (array_size || stmt->bulk) {
        mysql_stmt_attr_set(stmt->handle, STMT_ATTR_ARRAY_SIZE, &array_size);
        stmt->bulk = array_size != 0;
    }
    if (count && mysql_stmt_bind_param(stmt->handle, stmt->in))
        return stmt_error(stmt, "bind", error_pool);
    if (mysql_stmt_execute(stmt->handle))
        return stmt_error(stmt, "execute", error_pool);
    stmt->running = stmt->columns > 0;
    return NULL;
}

static usm_error_t *maria_exec(usm__dbstmt_t *base, const usm__val_t *vals, apr_size_t count, apr_pool_t *error_pool)
{
    maria_stmt_t *stmt = (maria_stmt_t *)base;
    for (apr_size_t i = 0; i < count && i < stmt->params; i++) {
        MYSQL_BIND *in = &stmt->in[i];
        memset(in, 0, sizeof *in);
        in->buffer_type = type_of(vals[i].kind);
        in->buffer = vals[i].kind == USM__INT ? (void *)&vals[i].i : (void *)vals[i].s;
        in->buffer_length = vals[i].len;
    }
    return execute(stmt, count, 0, error_pool);
}

/* ---- many rows at once: one array per parameter ---- */

static void make_arrays(maria_stmt_t *stmt)
{
    apr_pool_t *pool = ((maria_db_t *)stmt->base.db)->pool;
    stmt->numbers = apr_palloc(pool, stmt->params * sizeof *stmt->numbers);
    stmt->strings = apr_palloc(pool, stmt->params * sizeof *stmt->strings);
    stmt->lengths = apr_palloc(pool, stmt->params * sizeof *stmt->lengths);
    stmt->indicators = apr_palloc(pool, stmt->params * sizeof *stmt->indicators);
    for (unsigned i = 0; i < stmt->params; i++) {
        stmt->numbers[i] = apr_palloc(pool, BULK_MAX * sizeof **stmt->numbers);
        stmt->strings[i] = apr_palloc(pool, BULK_MAX * sizeof **stmt->strings);
        stmt->lengths[i] = apr_palloc(pool, BULK_MAX * sizeof **stmt->lengths);
        stmt->indicators[i] = apr_palloc(pool, BULK_MAX);
    }
}

static void fill_array(maria_stmt_t *stmt, unsigned param, const usm__val_t *vals, apr_size_t rows)
{
    MYSQL_BIND *in = &stmt->in[param];
    usm__kind_e kind = USM__NULL;
    for (apr_size_t row = 0; row < rows; row++) {
        const usm__val_t *val = &vals[row * stmt->params + param];
        stmt->indicators[param][row] = val->kind == USM__NULL ? STMT_INDICATOR_NULL : STMT_INDICATOR_NONE;
        stmt->numbers[param][row] = val->i;
        stmt->strings[param][row] = val->s;
        stmt->lengths[param][row] = val->len;
        if (val->kind != USM__NULL)
            kind = val->kind;
    }
    /* The protocol wants a type although all are NULL. */
    if (kind == USM__NULL)
        kind = USM__INT;
    memset(in, 0, sizeof *in);
    in->buffer_type = type_of(kind);
    in->buffer = kind == USM__INT ? (void *)stmt->numbers[param] : (void *)stmt->strings[param];
    in->length = stmt->lengths[param];
    in->u.indicator = stmt->indicators[param];
}

static usm_error_t *maria_bulk(usm__dbstmt_t *base, const usm__val_t *vals, apr_size_t rows, apr_size_t count,
                               apr_pool_t *error_pool)
{
    maria_stmt_t *stmt = (maria_stmt_t *)base;
    if (rows > BULK_MAX || count != stmt->params)
        return USM_ERROR(error_pool, USM_EINTERNAL, "bulk of %d rows, %d columns", (int)rows, (int)count);
    if (!((maria_db_t *)base->db)->has_bulk) {
        for (apr_size_t row = 0; row < rows; row++)
            USM_ERR(maria_exec(base, vals + row * count, count, error_pool));
        return NULL;
    }
    if (!stmt->numbers)
        make_arrays(stmt);
    for (unsigned i = 0; i < stmt->params; i++)
        fill_array(stmt, i, vals, rows);
    return execute(stmt, count, (unsigned)rows, error_pool);
}

/* ---- results ---- */

/* Gets what did not fit, into buffers that last. */
static usm_error_t *grow(maria_stmt_t *stmt, apr_pool_t *error_pool)
{
    apr_pool_t *pool = ((maria_db_t *)stmt->base.db)->pool;
    for (unsigned i = 0; i < stmt->columns; i++) {
        MYSQL_BIND *out = &stmt->out[i];
        slot_t *slot = &stmt->slots[i];
        if (!slot->buffer || slot->length <= out->buffer_length)
            continue;
        slot->buffer = apr_palloc(pool, slot->length * 2);
        out->buffer = slot->buffer;
        out->buffer_length = slot->length * 2;
        if (mysql_stmt_fetch_column(stmt->handle, out, i, 0))
            return stmt_error(stmt, "fetch", error_pool);
    }
    /* Connector/C 3.3.19 clears the lengths of the row at hand when it is bound anew; 3.3.20 leaves them alone. */
    for (unsigned i = 0; i < stmt->columns; i++)
        stmt->slots[i].kept = stmt->slots[i].length;
    if (mysql_stmt_bind_result(stmt->handle, stmt->out))
        return stmt_error(stmt, "bind", error_pool);
    for (unsigned i = 0; i < stmt->columns; i++)
        stmt->slots[i].length = stmt->slots[i].kept;
    return NULL;
}

static usm_error_t *maria_fetch(const usm__val_t **row_p, usm__dbstmt_t *base, apr_pool_t *error_pool)
{
    maria_stmt_t *stmt = (maria_stmt_t *)base;
    *row_p = NULL;
    if (!stmt->running)
        return NULL;
    int rc = mysql_stmt_fetch(stmt->handle);
    if (rc == MYSQL_DATA_TRUNCATED) {
        USM_ERR(grow(stmt, error_pool));
    } else if (rc) {
        usm_error_t *err = rc == MYSQL_NO_DATA ? NULL : stmt_error(stmt, "fetch", error_pool);
        maria_reset(base);
        return err;
    }
    for (unsigned i = 0; i < stmt->columns; i++) {
        const slot_t *slot = &stmt->slots[i];
        if (slot->is_null)
            stmt->cols[i] = (usm__val_t){.kind = USM__NULL};
        else if (slot->buffer)
            stmt->cols[i] = (usm__val_t){.kind = USM__BLOB, .s = slot->buffer, .len = slot->length};
        else
            stmt->cols[i] = (usm__val_t){.kind = USM__INT, .i = slot->number};
    }
    *row_p = stmt->cols;
    return NULL;
}

static apr_int64_t maria_affected(usm__dbstmt_t *base)
{
    return (apr_int64_t)mysql_stmt_affected_rows(((maria_stmt_t *)base)->handle);
}

static apr_int64_t maria_last_id(usm__db_t *base)
{
    return (apr_int64_t)mysql_insert_id(((maria_db_t *)base)->handle);
}

const usm__driver_t usm__driver_mariadb = {
    .scheme = "mariadb",
    .dialect = USM__MARIADB,
    .bulk_max = BULK_MAX,
    .target = maria_target,
    .connect = maria_connect,
    .alive = maria_alive,
    .control = maria_control,
    .direct = maria_direct,
    .prepare = maria_prepare,
    .exec = maria_exec,
    .bulk = maria_bulk,
    .fetch = maria_fetch,
    .reset = maria_reset,
    .affected = maria_affected,
    .last_id = maria_last_id,
};
