/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: mariadb.c sql.c sqlite.c url.c */
/* Transactions: what is kept, what is undone, what is refused; lost connections, locks, forks; many rows; counters. */
#include "store_test.h"

#include <apr_strings.h>
#include <apr_time.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static apr_pool_t *pool;
static const char *url;
static usm_store_t *store;
static const usm_store_vtable_t *vt;
static test_ids_t ids;

static int setup(void **state)
{
    apr_pool_create(&pool, NULL);
    url = test_fresh_url(pool);
    OK(usm_store_sql()->open(&store, url, 4, NULL, pool));
    vt = store->vt;
    ids = test_collection(store, "1/4", pool);
    return 0;
}

static int teardown(void **state)
{
    apr_pool_destroy(pool);
    return 0;
}

static void put(usm_txn_t *txn, const char *id)
{
    usm_pending_row_t row = {.id = id, .rev = 1, .edge = USM_TIME_NONE};
    OK(vt->pending_put(txn, ids.collection, &row));
}

static int count(void)
{
    int n;
    usm_txn_t *txn = test_begin(store, USM_TXN_READ, pool);
    OK(vt->pending_count(&n, txn, ids.collection, 1000000));
    OK(vt->commit(txn));
    return n;
}

static void test_commit_and_rollback(void **state)
{
    apr_pool_t *own;
    usm_txn_t *txn = test_begin(store, USM_TXN_WRITE, pool);
    put(txn, "a");
    vt->rollback(txn);
    vt->rollback(txn);
    assert_int_equal(count(), 0);

    apr_pool_create(&own, pool);
    txn = test_begin(store, USM_TXN_WRITE, own);
    put(txn, "b");
    apr_pool_destroy(own);
    assert_int_equal(count(), 0);

    txn = test_begin(store, USM_TXN_WRITE, pool);
    put(txn, "c");
    OK(vt->commit(txn));
    assert_int_equal(count(), 1);
    /* The connections that were rolled back serve on: more transactions than there are connections. */
    for (int i = 0; i < 20; i++) {
        apr_pool_create(&own, pool);
        txn = test_begin(store, USM_TXN_WRITE, own);
        put(txn, apr_itoa(pool, i));
        apr_pool_destroy(own);
    }
    assert_int_equal(count(), 1);
}

static void test_finished_handle(void **state)
{
    int n;
    usm_txn_t *txn = test_begin(store, USM_TXN_WRITE, pool);
    OK(vt->commit(txn));
    FAILS(USM_EINTERNAL, vt->commit(txn));
    FAILS(USM_EINTERNAL, vt->pending_count(&n, txn, ids.collection, 5));
    FAILS(USM_EINTERNAL, vt->pending_drop(txn, ids.collection, "x"));
    vt->rollback(txn);
    txn = test_begin(store, USM_TXN_READ, pool);
    FAILS(USM_EINTERNAL, vt->pending_drop(txn, ids.collection, "x"));
    FAILS(USM_EINTERNAL, vt->device_seen(txn, ids.device, 1));
    OK(vt->pending_count(&n, txn, ids.collection, 5));
    OK(vt->commit(txn));
}

/* After an error nothing but a rollback is possible: the database may have undone the first half already. */
static void test_failed_transaction(void **state)
{
    usm_item_row_t orphan = {.id = "o", .born = 2, .died = USM_GEN_INF, .edge = USM_TIME_NONE};
    usm_txn_t *txn = test_begin(store, USM_TXN_WRITE, pool);
    int n;
    put(txn, "before");
    usm_error_t *err = vt->item_add(txn, 4711, &orphan);
    if (!err)
        err = vt->pending_count(&n, txn, ids.collection, 5);
    FAILS(USM_ESTORE, err);
    FAILS(USM_ESTORE, vt->pending_count(&n, txn, ids.collection, 5));
    FAILS(USM_ESTORE, vt->commit(txn));
    assert_int_equal(count(), 0);
}

/* What the database says about a duplicate must not tell the value. */
static void test_no_values_in_errors(void **state)
{
    usm_folder_row_t row = {.user = ids.user, .backend_id = "secret-folder-name", .name = "n"};
    usm_txn_t *txn = test_begin(store, USM_TXN_WRITE, pool);
    OK(vt->folder_add(txn, &row));
    usm_error_t *err = vt->folder_add(txn, &row);
    const char *text = usm_error_text(err, pool);
    assert_true(usm_error_is(err, USM_EEXISTS));
    assert_null(strstr(text, "secret"));
    assert_non_null(strstr(text, "FOLDER_ADD"));
    usm_error_clear(err);
    vt->rollback(txn);
}

static void test_lost_connection(void **state)
{
    if (test_dialect != USM__MARIADB)
        return;
    usm__db_t *killer = test_connect(url, pool);
    usm_txn_mode_e modes[] = {USM_TXN_READ, USM_TXN_WRITE};
    for (int i = 0; i < 2; i++) {
        int n;
        usm_txn_t *first = test_begin(store, USM_TXN_READ, pool), *second = test_begin(store, USM_TXN_READ, pool);
        OK(vt->pending_count(&n, first, ids.collection, 5));
        OK(vt->pending_count(&n, second, ids.collection, 5));
        OK(vt->commit(first));
        OK(vt->commit(second));
        const char *id;
        while ((id = test_value(killer,
                                "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND "
                                "id <> CONNECTION_ID() LIMIT 1",
                                pool)))
            /* One killed a moment ago may be listed still, and cannot be killed again. */
            usm_error_clear(test_driver()->direct(killer, apr_psprintf(pool, "KILL %s", id), pool));
        usm_txn_t *txn = test_begin(store, modes[i], pool);
        OK(vt->pending_count(&n, txn, ids.collection, 5));
        OK(vt->commit(txn));
    }
    /* In the middle: an error, no half of it stays, and the next one works. */
    int n;
    usm_txn_t *txn = test_begin(store, USM_TXN_WRITE, pool);
    put(txn, "half");
    OK(vt->pending_count(&n, txn, ids.collection, 5));
    const char *id = test_value(killer,
                                "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND "
                                "id <> CONNECTION_ID() ORDER BY id DESC LIMIT 1",
                                pool);
    test_direct(killer, apr_psprintf(pool, "KILL %s", id), pool);
    put(txn, "other half");
    FAILS(USM_ESTORE, vt->commit(txn));
    assert_int_equal(count(), 0);
}

static void test_locks(void **state)
{
    usm_txn_t *first = test_begin(store, USM_TXN_WRITE, pool), *second = NULL;
    OK(vt->collection_options(first, ids.collection, "first"));
    usm_error_t *err = vt->begin(&second, store, USM_TXN_WRITE, NULL, pool);
    if (!err)
        err = vt->collection_options(second, ids.collection, "second");
    assert_int_equal(usm_error_retry(err), 1);
    FAILS(USM_EBUSY, err);
    /* Readers do not wait. */
    assert_int_equal(count(), 0);
    OK(vt->commit(first));
    if (second)
        FAILS(USM_ESTORE, vt->commit(second));
    second = test_begin(store, USM_TXN_WRITE, pool);
    OK(vt->collection_options(second, ids.collection, "second"));
    OK(vt->commit(second));
}

/* Opened and used before a fork, used in parent and child after it. */
static void test_fork(void **state)
{
    for (int i = 0; i < 3; i++) {
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (!pid) {
            apr_pool_t *own;
            usm_txn_t *txn;
            usm_pending_row_t row = {.id = apr_psprintf(pool, "child%d", i), .edge = USM_TIME_NONE};
            apr_pool_create(&own, pool);
            int bad = vt->begin(&txn, store, USM_TXN_WRITE, NULL, own) ||
                      vt->pending_put(txn, ids.collection, &row) || vt->commit(txn);
            apr_pool_destroy(own);
            _exit(bad);
        }
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_int_equal(count(), i + 1);
    }
}

static usm_error_t *put_again(void *baton, const usm_item_row_t *row)
{
    usm_txn_t *txn = baton;
    usm_item_row_t got;
    int found;
    OK(vt->item_get(&found, &got, txn, ids.collection, 2, row->id, pool));
    assert_true(found);
    put(txn, row->id);
    OK(vt->item_kill(txn, ids.collection, 2, row->id, 3));
    return NULL;
}

static usm_error_t *stop_at_three(void *baton, const usm_item_row_t *row)
{
    return ++*(int *)baton == 3 ? USM_ERROR(pool, USM_EQUOTA, "enough") : NULL;
}

static void test_callbacks_may_use_the_handle(void **state)
{
    int seen = 0;
    usm_txn_t *txn = test_begin(store, USM_TXN_WRITE, pool);
    for (int i = 0; i < 1000; i++) {
        usm_item_row_t row = {.id = apr_itoa(pool, i), .born = 2, .died = USM_GEN_INF, .edge = USM_TIME_NONE};
        OK(vt->item_add(txn, ids.collection, &row));
    }
    FAILS(USM_EQUOTA, vt->item_scan(txn, ids.collection, 2, "", 1000, stop_at_three, &seen, pool));
    assert_int_equal(seen, 3);
    OK(vt->item_scan(txn, ids.collection, 2, "", 1000, put_again, txn, pool));
    OK(vt->commit(txn));
    assert_int_equal(count(), 1000);
}

/* First detection of a large folder. The time is told, the number of statements is held. */
static void test_many_rows(void **state)
{
    usm_stats_t stats = {0};
    apr_time_t start = apr_time_now();
    for (int i = 0; i < 100000;) {
        apr_pool_t *own;
        usm_txn_t *txn;
        apr_pool_create(&own, pool);
        OK(vt->begin(&txn, store, USM_TXN_WRITE, &stats, own));
        for (int n = 0; n < 2000; n++, i++) {
            usm_pending_row_t row = {.id = apr_itoa(own, i * 7), .rev = 1, .edge = i};
            row.ord = (apr_int64_t)i * 1000003 % 65536;
            OK(vt->pending_put(txn, ids.collection, &row));
        }
        OK(vt->commit(txn));
        apr_pool_destroy(own);
    }
    print_message("100,000 rows in %d ms, %" APR_UINT64_T_FMT " statements, %" APR_UINT64_T_FMT " us in the database\n",
                  (int)apr_time_as_msec(apr_time_now() - start), stats.store_statements, stats.store_us);
    assert_int_equal(count(), 100000);
    assert_true(stats.store_rows == 100000);
    assert_true(stats.store_statements <= 50 * (2 + 8));
}

static usm_error_t *ignore_row(void *baton, const usm_item_row_t *row)
{
    return NULL;
}

/* A turn that has one change to tell, then its repeat: what must not cost more in a larger collection. */
static usm_stats_t turn_with_one_change(void)
{
    usm_stats_t stats = {0};
    usm_pending_row_t dirty;
    apr_pool_t *own;
    int found, done, n;
    usm_item_row_t row = {.id = "one", .born = 3, .died = USM_GEN_INF, .edge = USM_TIME_NONE};
    apr_pool_create(&own, pool);
    usm_txn_t *txn = test_begin(store, USM_TXN_WRITE, own);
    put(txn, "one");
    OK(vt->commit(txn));
    OK(vt->begin(&txn, store, USM_TXN_WRITE, &stats, own));
    OK(vt->pending_get(&found, &dirty, txn, ids.collection, "one", own));
    OK(vt->item_kill(txn, ids.collection, 2, "one", 3));
    OK(vt->item_add(txn, ids.collection, &row));
    OK(vt->pending_take(txn, ids.collection, &dirty, 3));
    OK(vt->pending_count(&n, txn, ids.collection, 512));
    OK(vt->item_edge_scan(txn, ids.collection, 3, 1000, NULL, 1000, ignore_row, NULL, own));
    OK(vt->purge(txn, ids.collection, 2, USM_OLD_ALL));
    OK(vt->undo(txn, ids.collection, 3));
    OK(vt->collection_advance(&done, txn, ids.collection, ids.epoch, 1, 1, 1, "", 0));
    assert_true(done);
    OK(vt->commit(txn));
    apr_pool_destroy(own);
    return stats;
}

/* The cheapest of some turns: what is left is the work itself. */
static usm_stats_t best_turn(int items)
{
    usm_stats_t best = turn_with_one_change();
    usm_txn_t *txn = test_begin(store, USM_TXN_WRITE, pool);
    for (int i = 0; i < items; i++) {
        usm_item_row_t item = {.id = apr_itoa(pool, i), .born = 2, .died = USM_GEN_INF, .edge = 1000 + i};
        OK(vt->item_add(txn, ids.collection, &item));
    }
    OK(vt->commit(txn));
    for (int i = 0; i < 400; i++) {
        usm_stats_t stats = turn_with_one_change();
        if (!i || stats.store_us < best.store_us)
            best = stats;
    }
    return best;
}

static void test_counters(void **state)
{
    usm_stats_t small = best_turn(100), large = best_turn(100000);
    assert_true(small.store_statements > 5);
    assert_true(small.store_us > 0);
    assert_true(small.store_statements == large.store_statements);
    assert_true(small.store_rows == large.store_rows);
    print_message("one change: %d us at 100 items, %d us at 100,000\n", (int)small.store_us, (int)large.store_us);
}

static void test_bad_urls(void **state)
{
    static const struct {
        const char *url;
        int code;
    } rows[] = {
        {"", USM_ECONFIG},
        {"sqlite", USM_ECONFIG},
        {"sqlite:", USM_ECONFIG},
        {"sqlite::memory:", USM_ECONFIG},
        {"oracle:x", USM_ECONFIG},
        {"sqlite:/x?lock_timeout=-1", USM_ECONFIG},
        {"sqlite:/x?lock_timeout=1x", USM_ECONFIG},
        {"sqlite:/nonexistent-folder/x.db", USM_ESTORE},
        {"mariadb:user@host/db", USM_ECONFIG},
        {"mariadb://host/db", USM_ECONFIG},
        {"mariadb://@host/db", USM_ECONFIG},
        {"mariadb://user@host", USM_ECONFIG},
        {"mariadb://user@host/", USM_ECONFIG},
        {"mariadb://user@host?x=/y", USM_ECONFIG},
        {"mariadb://user:password@host/db", USM_ECONFIG},
        {"mariadb://user@host:0/db", USM_ECONFIG},
        {"mariadb://user@host:70000/db", USM_ECONFIG},
        {"mariadb://user@host:33x/db", USM_ECONFIG},
        {"mariadb://user@[::1/db", USM_ECONFIG},
        {"mariadb://user@host/db?lock_timeout=0", USM_ECONFIG},
        {"mariadb://user@host/db?password_file=/nonexistent", USM_ECONFIG},
        {"mariadb://user@localhost/db?socket=/nonexistent.sock", USM_ESTORE},
    };
    usm_store_t *other;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        usm_error_t *err = vt->open(&other, rows[i].url, 0, NULL, pool);
        if (!usm_error_is(err, rows[i].code))
            fail_msg("row %d (%s): %s", (int)i, rows[i].url, usm_error_text(err, pool));
        if (strstr(usm_error_text(err, pool), ":password"))
            fail_msg("row %d tells the password", (int)i);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_commit_and_rollback, setup, teardown),
        cmocka_unit_test_setup_teardown(test_finished_handle, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failed_transaction, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_values_in_errors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lost_connection, setup, teardown),
        cmocka_unit_test_setup_teardown(test_locks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fork, setup, teardown),
        cmocka_unit_test_setup_teardown(test_callbacks_may_use_the_handle, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_rows, setup, teardown),
        cmocka_unit_test_setup_teardown(test_counters, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_urls, setup, teardown),
    };
    return store_test_main(argv, tests, sizeof tests / sizeof tests[0]);
}
