/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: sql.c */
/* Several threads on one store: ids are unique, one of several racers wins, nothing is lost. Built with
 * --enable-sanitizers=thread this is the test of the connection list's own locking. */
#include "store_test.h"

#include <apr_strings.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 4
#define ROUNDS 40

static apr_pool_t *pool;
static usm_store_t *store;
static const usm_store_vtable_t *vt;
static test_ids_t ids;
static pthread_barrier_t barrier;

typedef struct worker_t worker_t;
typedef usm_error_t *(*work_fn)(worker_t *worker, usm_txn_t *txn, apr_pool_t *own);

struct worker_t {
    pthread_t thread;
    int number;
    work_fn work;
    apr_pool_t *pool; /* of this thread alone */
    int round, won, errors, busy, lockstep;
    apr_int64_t got[ROUNDS];
    char text[512]; /* of the first error */
};

static usm_error_t *one_transaction(worker_t *worker, apr_pool_t *own)
{
    usm_txn_t *txn;
    USM_ERR(vt->begin(&txn, store, USM_TXN_WRITE, NULL, own));
    USM_ERR(worker->work(worker, txn, own));
    return vt->commit(txn);
}

static void *run_worker(void *data)
{
    worker_t *worker = data;
    apr_pool_t *own;
    apr_pool_create(&own, worker->pool);
    for (worker->round = 0; worker->round < ROUNDS; worker->round++) {
        if (worker->lockstep)
            pthread_barrier_wait(&barrier);
        for (int again = 1; again;) {
            apr_pool_clear(own);
            usm_error_t *err = one_transaction(worker, own);
            again = usm_error_is(err, USM_EBUSY);
            worker->busy += again;
            if (err && !again && !worker->errors++)
                snprintf(worker->text, sizeof worker->text, "%s", usm_error_text(err, own));
        }
    }
    return NULL;
}

/* Runs @a work in all threads; no thread may see an error other than BUSY, after which it tries again. */
static void run_workers(worker_t *workers, work_fn work, int lockstep)
{
    memset(workers, 0, THREADS * sizeof *workers);
    pthread_barrier_init(&barrier, NULL, THREADS);
    for (int i = 0; i < THREADS; i++) {
        apr_allocator_t *allocator;
        apr_allocator_create(&allocator);
        apr_pool_create_unmanaged_ex(&workers[i].pool, NULL, allocator);
        apr_allocator_owner_set(allocator, workers[i].pool);
        workers[i].number = i;
        workers[i].work = work;
        workers[i].lockstep = lockstep;
        assert_int_equal(pthread_create(&workers[i].thread, NULL, run_worker, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        apr_pool_destroy(workers[i].pool);
    }
    pthread_barrier_destroy(&barrier);
    for (int i = 0; i < THREADS; i++) {
        if (workers[i].errors)
            fail_msg("thread %d: %d errors, %s", i, workers[i].errors, workers[i].text);
    }
}

static int setup(void **state)
{
    apr_pool_create(&pool, NULL);
    const char *url = test_fresh_url(pool);
    /* Waits are short and happen; each error is one to try again. */
    OK(usm_store_sql()->open(&store, apr_pstrcat(pool, apr_pstrmemdup(pool, url, strlen(url) - 1), "5", NULL), THREADS,
                             NULL, pool));
    vt = store->vt;
    ids = test_collection(store, "1/4", pool);
    return 0;
}

static int teardown(void **state)
{
    apr_pool_destroy(pool);
    return 0;
}

static usm_error_t *add_folder(worker_t *worker, usm_txn_t *txn, apr_pool_t *own)
{
    usm_folder_row_t row = {.user = ids.user, .name = "f",
                            .backend_id = apr_psprintf(own, "t%d/%d", worker->number, worker->round)};
    USM_ERR(vt->folder_add(txn, &row));
    worker->got[worker->round] = row.fid;
    return NULL;
}

static int compare_numbers(const void *a, const void *b)
{
    apr_int64_t x = *(const apr_int64_t *)a, y = *(const apr_int64_t *)b;
    return x < y ? -1 : x > y;
}

static void test_folder_ids(void **state)
{
    static worker_t workers[THREADS];
    apr_int64_t all[THREADS * ROUNDS];
    run_workers(workers, add_folder, 0);
    for (int i = 0; i < THREADS; i++)
        memcpy(all + i * ROUNDS, workers[i].got, sizeof workers[i].got);
    qsort(all, THREADS * ROUNDS, sizeof all[0], compare_numbers);
    for (int i = 1; i < THREADS * ROUNDS; i++)
        assert_true(all[i] > all[i - 1]);
}

static usm_error_t *make_user(worker_t *worker, usm_txn_t *txn, apr_pool_t *own)
{
    const char *key = apr_psprintf(own, "user%d", worker->round);
    usm_device_row_t device = {.device_id = "same", .device_type = "t"};
    USM_ERR(vt->user_id(&device.user, txn, key));
    USM_ERR(vt->device_add(txn, &device));
    worker->got[worker->round] = device.id;
    return NULL;
}

/* The first requests of a device at once: all get the same user and device. */
static void test_first_requests(void **state)
{
    static worker_t workers[THREADS];
    run_workers(workers, make_user, 1);
    for (int i = 0; i < ROUNDS; i++) {
        assert_true(workers[0].got[i] > 0);
        for (int t = 1; t < THREADS; t++)
            assert_int_equal(workers[t].got[i], workers[0].got[i]);
    }
}

static usm_error_t *advance(worker_t *worker, usm_txn_t *txn, apr_pool_t *own)
{
    int done, gen = worker->round + 1;
    usm_item_row_t row = {.id = apr_psprintf(own, "i%d", worker->round), .born = gen + 1, .died = USM_GEN_INF,
                          .rev = (apr_uint64_t)worker->number, .edge = USM_TIME_NONE};
    USM_ERR(vt->collection_advance(&done, txn, ids.collection, ids.epoch, gen, gen + 1, gen, "", 0));
    worker->won += done;
    return done ? vt->item_add(txn, ids.collection, &row) : NULL;
}

static void test_advance_race(void **state)
{
    static worker_t workers[THREADS];
    usm_collection_row_t row;
    int won = 0, found;
    run_workers(workers, advance, 1);
    for (int i = 0; i < THREADS; i++)
        won += workers[i].won;
    assert_int_equal(won, ROUNDS);
    usm_txn_t *txn = test_begin(store, USM_TXN_READ, pool);
    OK(vt->collection_get(&found, &row, NULL, txn, ids.device, ids.user, ids.fid, pool));
    assert_int_equal(row.gen, ROUNDS + 1);
    for (int i = 0; i < ROUNDS; i++) {
        usm_item_row_t item;
        OK(vt->item_get(&found, &item, txn, ids.collection, ROUNDS + 1, apr_psprintf(pool, "i%d", i), pool));
        assert_true(found);
    }
    OK(vt->commit(txn));
}

static usm_error_t *lease(worker_t *worker, usm_txn_t *txn, apr_pool_t *own)
{
    int done;
    USM_ERR(vt->collection_lease(&done, txn, ids.collection, ids.epoch, apr_psprintf(own, "owner%d", worker->number),
                                 worker->round * 10, worker->round * 10 + 10));
    worker->won += done;
    return NULL;
}

static void test_lease_race(void **state)
{
    static worker_t workers[THREADS];
    int won = 0;
    run_workers(workers, lease, 1);
    for (int i = 0; i < THREADS; i++)
        won += workers[i].won;
    assert_int_equal(won, ROUNDS);
}

/* Each thread touches two collections in its own order: deadlocks come as BUSY, and both options are of one writer. */
static usm_id_t second_collection;

static usm_error_t *crossing(worker_t *worker, usm_txn_t *txn, apr_pool_t *own)
{
    usm_id_t order[] = {ids.collection, second_collection};
    const char *text = apr_psprintf(own, "%d.%d", worker->number, worker->round);
    int odd = worker->number & 1;
    USM_ERR(vt->collection_options(txn, order[odd], text));
    apr_sleep(1000);
    return vt->collection_options(txn, order[!odd], text);
}

static void test_deadlocks(void **state)
{
    static worker_t workers[THREADS];
    usm_collection_row_t first, second;
    int found, busy = 0;
    usm_collection_row_t row = {.device = ids.device, .fid = 99, .epoch = 1, .gen = 1, .prev = 1};
    usm_txn_t *txn = test_begin(store, USM_TXN_WRITE, pool);
    OK(vt->collection_reset(&found, txn, &row, 0));
    OK(vt->commit(txn));
    second_collection = row.id;
    run_workers(workers, crossing, 1);
    for (int i = 0; i < THREADS; i++)
        busy += workers[i].busy;
    txn = test_begin(store, USM_TXN_READ, pool);
    OK(vt->collection_get(&found, &first, NULL, txn, ids.device, ids.user, ids.fid, pool));
    OK(vt->collection_get(&found, &second, NULL, txn, ids.device, ids.user, 99, pool));
    OK(vt->commit(txn));
    assert_string_equal(first.options, second.options);
    print_message("%d times busy\n", busy);
    if (test_dialect == USM__MARIADB)
        assert_true(busy > 0);
}

/* More threads than connections: they wait for each other. */
static usm_error_t *put_rows(worker_t *worker, usm_txn_t *txn, apr_pool_t *own)
{
    for (int i = 0; i < 20; i++) {
        usm_pending_row_t row = {.id = apr_psprintf(own, "%d.%d.%d", worker->number, worker->round, i),
                                 .edge = USM_TIME_NONE};
        USM_ERR(vt->pending_put(txn, ids.collection, &row));
    }
    return NULL;
}

static void test_few_connections(void **state)
{
    static worker_t workers[THREADS];
    int n;
    OK(usm_store_sql()->open(&store, test_fresh_url(pool), 2, NULL, pool));
    ids = test_collection(store, "1/4", pool);
    run_workers(workers, put_rows, 0);
    usm_txn_t *txn = test_begin(store, USM_TXN_READ, pool);
    OK(vt->pending_count(&n, txn, ids.collection, 1000000));
    OK(vt->commit(txn));
    assert_int_equal(n, THREADS * ROUNDS * 20);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_folder_ids, setup, teardown),
        cmocka_unit_test_setup_teardown(test_first_requests, setup, teardown),
        cmocka_unit_test_setup_teardown(test_advance_race, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lease_race, setup, teardown),
        cmocka_unit_test_setup_teardown(test_deadlocks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_few_connections, setup, teardown),
    };
    return store_test_main(argv, tests, sizeof tests / sizeof tests[0]);
}
