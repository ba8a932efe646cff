/* SPDX-License-Identifier: Apache-2.0 */
#include "store_test.h"

#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int test_dialect;

const usm__driver_t *test_driver(void)
{
    return test_dialect == USM__SQLITE ? &usm__driver_sqlite : &usm__driver_mariadb;
}

void test_ok(usm_error_t *err, const char *what, const char *file, int line)
{
    if (!err)
        return;
    fprintf(stderr, "%s: %s\n", what, usm_error_text(err, err->pool));
    _fail(file, line);
}

void test_fails(usm_error_t *err, apr_status_t want, const char *what, const char *file, int line)
{
    if (!usm_error_is(err, want)) {
        fprintf(stderr, "%s: %s, not %s\n", what, err ? usm_error_text(err, err->pool) : "no error",
                usm_code_name(want));
        _fail(file, line);
    }
    usm_error_clear(err);
}

usm__db_t *test_connect(const char *url, apr_pool_t *pool)
{
    const void *target;
    usm__db_t *db;
    OK(test_driver()->target(&target, strchr(url, ':') + 1, pool));
    OK(test_driver()->connect(&db, target, 1, pool, pool));
    return db;
}

void test_direct(usm__db_t *db, const char *sql, apr_pool_t *pool)
{
    test_ok(test_driver()->direct(db, sql, pool), sql, __FILE__, __LINE__);
}

const char *test_value(usm__db_t *db, const char *sql, apr_pool_t *pool)
{
    usm__dbstmt_t *stmt;
    const usm__val_t *row;
    const char *value = NULL;
    test_ok(test_driver()->prepare(&stmt, db, sql, pool), sql, __FILE__, __LINE__);
    test_ok(test_driver()->exec(stmt, NULL, 0, pool), sql, __FILE__, __LINE__);
    test_ok(test_driver()->fetch(&row, stmt, pool), sql, __FILE__, __LINE__);
    if (row && row[0].kind == USM__INT)
        value = apr_psprintf(pool, "%" APR_INT64_T_FMT, row[0].i);
    else if (row && row[0].kind == USM__BLOB)
        value = apr_pstrmemdup(pool, row[0].s, row[0].len);
    test_driver()->reset(stmt);
    return value;
}

static apr_status_t remove_files(void *data)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    char path[256];
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        snprintf(path, sizeof path, "%s%s", (const char *)data, suffixes[i]);
        unlink(path);
    }
    return APR_SUCCESS;
}

const char *test_fresh_url(apr_pool_t *pool)
{
    static int count;
    const char *temp = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
    if (test_dialect == USM__SQLITE) {
        const char *path = apr_psprintf(pool, "%s/usm-test-%d-%d.db", temp, (int)getpid(), ++count);
        remove_files((void *)path);
        apr_pool_cleanup_register(pool, path, remove_files, apr_pool_cleanup_null);
        return apr_pstrcat(pool, "sqlite:", path, "?lock_timeout=1", NULL);
    }
    const char *base = getenv("USM_TEST_DB");
    const char *name = apr_psprintf(pool, "usm_%d_%d", (int)getpid(), ++count);
    apr_pool_t *subpool;
    apr_pool_create(&subpool, pool);
    test_direct(test_connect(base, subpool), apr_psprintf(pool, "CREATE DATABASE %s CHARACTER SET latin1", name),
                pool);
    apr_pool_destroy(subpool);
    const char *slash = strchr(strstr(base, "//") + 2, '/');
    const char *query = strchr(base, '?');
    return apr_psprintf(pool, "%.*s/%s%s%slock_timeout=1", (int)(slash - base), base, name, query ? query : "?",
                        query ? "&" : "");
}

usm_store_t *test_store(apr_pool_t *pool)
{
    usm_store_t *store;
    OK(usm_store_sql()->open(&store, test_fresh_url(pool), 0, NULL, pool));
    return store;
}

usm_txn_t *test_begin(usm_store_t *store, usm_txn_mode_e mode, apr_pool_t *pool)
{
    usm_txn_t *txn;
    OK(store->vt->begin(&txn, store, mode, NULL, pool));
    return txn;
}

test_ids_t test_collection(usm_store_t *store, const char *user_key, apr_pool_t *pool)
{
    test_ids_t ids = {.epoch = 77};
    usm_txn_t *txn = test_begin(store, USM_TXN_WRITE, pool);
    OK(store->vt->user_id(&ids.user, txn, user_key));
    usm_device_row_t device = {.user = ids.user, .device_id = "dev1", .device_type = "Phone", .created = 5, .seen = 6};
    OK(store->vt->device_add(txn, &device));
    usm_folder_row_t folder = {.user = ids.user, .backend_id = "default0/INBOX", .name = "Inbox", .cls = USM_EMAIL};
    OK(store->vt->folder_add(txn, &folder));
    usm_collection_row_t row = {.device = device.id, .fid = folder.fid, .cls = USM_EMAIL, .epoch = ids.epoch,
                                .gen = 1, .prev = 1, .since = USM_TIME_NONE};
    int done;
    OK(store->vt->collection_reset(&done, txn, &row, 0));
    assert_true(done);
    OK(store->vt->commit(txn));
    ids.device = device.id;
    ids.fid = folder.fid;
    ids.collection = row.id;
    return ids;
}

static int run_group(const char *name, const struct CMUnitTest *tests, size_t count)
{
    const char *only = getenv("USM_TEST_ONLY");
    if (only && strcmp(only, name) != 0)
        return 0;
    return _cmocka_run_group_tests(name, tests, count, NULL, NULL);
}

/* Starts this program anew inside the script that gives it a server. Fails, not skips, when there is none. */
static int restart_with_server(char **argv)
{
    const char *srcdir = getenv("top_srcdir");
    char script[4096];
    snprintf(script, sizeof script, "%s/test/lib/with_mariadb.sh", srcdir ? srcdir : TEST_SRCDIR);
    execl("/bin/sh", "sh", script, argv[0], (char *)NULL);
    perror(script);
    return 2;
}

int store_test_main(char **argv, const struct CMUnitTest *tests, size_t count)
{
    const char *only = getenv("USM_TEST_ONLY");
    if (!getenv("USM_TEST_DB") && !(only && !strcmp(only, "sqlite")))
        return restart_with_server(argv);
    apr_initialize();
    test_dialect = USM__SQLITE;
    int failed = run_group("sqlite", tests, count);
    test_dialect = USM__MARIADB;
    failed += run_group("mariadb", tests, count);
    apr_terminate();
    return failed != 0;
}
