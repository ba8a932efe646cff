/* SPDX-License-Identifier: Apache-2.0 */
/** @file sql.h  Inside of the SQL store: the transaction handle and how the sql_*.c files run statements with it.
 *
 * A function of the vtable is a handful of lines: values in, a named statement, columns out. At most one result is open
 * in a handle, and none while a caller's callback runs: walks read a page of rows first. So callbacks may use the
 * handle as they like. */
#ifndef USM_STORE_SQL_H
#define USM_STORE_SQL_H

#include <usm/store.h>

#include "store/driver.h"

#include <string.h>

/** Rows that a walk reads before it tells them. */
#define USM__PAGE 256

/** Longest ids, names and texts in bytes: what MariaDB's columns take; the same limit holds on SQLite. */
enum { USM__ID_MAX = 255, USM__LONG_MAX = 1024, USM__TEXT_MAX = 16 * 1024 * 1024 - 1 };

static inline usm__val_t usm__int(apr_int64_t i)
{
    return (usm__val_t){.kind = USM__INT, .i = i};
}

/** USM_TIME_NONE is NULL in the database. */
static inline usm__val_t usm__time(usm_time_t t)
{
    return (usm__val_t){.kind = t == USM_TIME_NONE ? USM__NULL : USM__INT, .i = t};
}

/** An unsigned number is stored as the signed one of the same bits. */
static inline usm__val_t usm__bits(apr_uint64_t u)
{
    return usm__int((apr_int64_t)u);
}

static inline usm__val_t usm__str(usm__kind_e kind, const char *s, apr_size_t max)
{
    return (usm__val_t){.kind = s ? kind : USM__NULL, .s = s, .len = s ? strlen(s) : 0, .max = max};
}

static inline usm__val_t usm__id(const char *s)
{
    return usm__str(USM__ID, s, USM__ID_MAX);
}

static inline usm__val_t usm__longid(const char *s)
{
    return usm__str(USM__ID, s, USM__LONG_MAX);
}

static inline usm__val_t usm__text(const char *s, apr_size_t max)
{
    return usm__str(USM__TEXT, s, max);
}

static inline usm__val_t usm__blob(const void *data, apr_size_t len)
{
    return (usm__val_t){.kind = data ? USM__BLOB : USM__NULL, .s = data, .len = data ? len : 0, .max = 65535};
}

/** The two columns of an item id. */
#define USM__KEY(id) usm__int((apr_int64_t)strlen(id)), usm__id(id)
/** The last two arguments of the functions below. */
#define USM__ARGS(...) (const usm__val_t[]){__VA_ARGS__}, sizeof((const usm__val_t[]){__VA_ARGS__}) / sizeof(usm__val_t)

static inline usm_time_t usm__col_time(const usm__val_t *col)
{
    return col->kind == USM__NULL ? USM_TIME_NONE : col->i;
}

/** Copy of a text column in @a pool; NULL stays NULL. */
const char *usm__col_text(const usm__val_t *col, apr_pool_t *pool);

/** Run a statement that reads. Get its rows by usm__sql_step(). */
usm_error_t *usm__sql_select(usm_txn_t *txn, usm__stmt_e stmt, const usm__val_t *vals, apr_size_t count);
/** Next row; NULL at the end, which closes the result. */
usm_error_t *usm__sql_step(const usm__val_t **row_p, usm_txn_t *txn);
/** Close the result early. */
void usm__sql_end(usm_txn_t *txn);
/** Run a statement that writes. @a matched_p (may be NULL): rows it found. Errors: EXISTS leaves the transaction as it
 * was; after any other error it can only be rolled back. */
usm_error_t *usm__sql_exec(apr_int64_t *matched_p, usm_txn_t *txn, usm__stmt_e stmt, const usm__val_t *vals,
                           apr_size_t count);
/** As usm__sql_exec(), but the database may get it later together with the following ones of its kind: before any other
 * statement of the handle at the latest. For statements that cannot fail for their values. */
usm_error_t *usm__sql_put(usm_txn_t *txn, usm__stmt_e stmt, const usm__val_t *vals, apr_size_t count);
/** Who hears of what was found: @a tell reads the rows of the open result and hands them to @a fn. */
typedef struct usm__found_t {
    usm_error_t *(*tell)(usm_txn_t *txn, const struct usm__found_t *found, apr_pool_t *pool);
    void (*fn)(void);
    void *baton;
} usm__found_t;
/** Run a statement that ends in "idlen = ? AND id IN (@FIND@)" as often as it takes for all @a ids, which it sorts; the
 * parameters before those two are in @a first. */
usm_error_t *usm__sql_find(usm_txn_t *txn, usm__stmt_e stmt, const usm__val_t *first, apr_size_t first_count,
                           const char **ids, int count, const usm__found_t *found, apr_pool_t *scratch_pool);
apr_int64_t usm__sql_last_id(usm_txn_t *txn);
/** For errors that a vtable function makes itself. */
apr_pool_t *usm__sql_pool(usm_txn_t *txn);
int usm__sql_writes(const usm_txn_t *txn);

/** Each file fills its rows of the vtable. */
void usm__sql_device_fill(usm_store_vtable_t *vt);
void usm__sql_folder_fill(usm_store_vtable_t *vt);
void usm__sql_collection_fill(usm_store_vtable_t *vt);
void usm__sql_item_fill(usm_store_vtable_t *vt);
void usm__sql_pending_fill(usm_store_vtable_t *vt);
void usm__sql_echo_fill(usm_store_vtable_t *vt);
void usm__sql_bad_fill(usm_store_vtable_t *vt);
void usm__sql_remade_fill(usm_store_vtable_t *vt);
void usm__sql_standing_fill(usm_store_vtable_t *vt);
/** The four columns from @a col on. */
void usm__sql_standing_from(usm_standing_t *standing, const usm__val_t *col);
void usm__sql_upkeep_fill(usm_store_vtable_t *vt);

/** Item row (but for its id) from born, died, rev, edge, withheld, digests; the digests in @a pool. */
void usm__item_from(usm_item_row_t *row, const usm__val_t *col, apr_pool_t *pool);

/** Folder row from the ten columns that FOLDER_GET and COLLECTION_GET begin with; strings in @a pool. */
void usm__folder_from(usm_folder_row_t *row, const usm__val_t *col, usm_id_t user, apr_pool_t *pool);

#endif
