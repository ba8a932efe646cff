/* SPDX-License-Identifier: Apache-2.0 */
/** @file store_test.h  What the store's tests share: each body runs on SQLite and on MariaDB. */
#ifndef STORE_TEST_H
#define STORE_TEST_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <usm/store.h>

#include "store/driver.h"

/** Run the tests once for each database. MariaDB is a private server (test/lib/with_mariadb.sh), started here unless
 * USM_TEST_DB names one. USM_TEST_ONLY=sqlite or =mariadb limits the run to one. */
int store_test_main(char **argv, const struct CMUnitTest *tests, size_t count);

/** The database under test now: USM__SQLITE or USM__MARIADB. */
extern int test_dialect;
const usm__driver_t *test_driver(void);

/** URL of a new empty database, removed when @a pool goes. */
const char *test_fresh_url(apr_pool_t *pool);
/** A store on a new empty database. */
usm_store_t *test_store(apr_pool_t *pool);
/** A raw connection to the database @a url names. */
usm__db_t *test_connect(const char *url, apr_pool_t *pool);
/** First column of the first row as text; NULL when there is none. */
const char *test_value(usm__db_t *db, const char *sql, apr_pool_t *pool);
/** Run a statement without result. */
void test_direct(usm__db_t *db, const char *sql, apr_pool_t *pool);

/** A user, a device and a collection with generation 1. */
typedef struct test_ids_t {
    usm_id_t user, device, collection;
    apr_int64_t fid, epoch;
} test_ids_t;
test_ids_t test_collection(usm_store_t *store, const char *user_key, apr_pool_t *pool);

usm_txn_t *test_begin(usm_store_t *store, usm_txn_mode_e mode, apr_pool_t *pool);

/** Fails the test with the error's text. */
void test_ok(usm_error_t *err, const char *what, const char *file, int line);
#define OK(expr) test_ok((expr), #expr, __FILE__, __LINE__)
/** The expression must fail with @a want in its chain. */
void test_fails(usm_error_t *err, apr_status_t want, const char *what, const char *file, int line);
#define FAILS(code, expr) test_fails((expr), (code), #expr, __FILE__, __LINE__)

#endif
