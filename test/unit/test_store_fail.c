/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: sql.c */
/* The failing store: a turn's worth of operations is failed at every place, and the state is always the one before. */
#include "store_fail.h"
#include "store_test.h"

#include <string.h>

static usm_error_t *work(usm_store_t *store, const test_ids_t *ids, apr_pool_t *pool)
{
    const usm_store_vtable_t *vt = store->vt;
    usm_txn_t *txn;
    int done;
    usm_item_row_t item = {.id = "x", .born = 2, .died = USM_GEN_INF, .edge = USM_TIME_NONE};
    usm_pending_row_t pending = {.id = "y", .edge = USM_TIME_NONE};
    USM_ERR(vt->begin(&txn, store, USM_TXN_WRITE, NULL, pool));
    USM_ERR(vt->pending_put(txn, ids->collection, &pending));
    USM_ERR(vt->item_add(txn, ids->collection, &item));
    USM_ERR(vt->pending_take(txn, ids->collection, &pending, 2));
    USM_ERR(vt->collection_advance(&done, txn, ids->collection, ids->epoch, 1, 2, 1, "", 0));
    return vt->commit(txn);
}

static int generation(usm_store_t *store, const test_ids_t *ids, apr_pool_t *pool)
{
    int found, has;
    usm_collection_row_t row;
    usm_item_row_t item;
    usm_txn_t *txn = test_begin(store, USM_TXN_READ, pool);
    OK(store->vt->collection_get(&found, &row, NULL, txn, ids->device, ids->user, ids->fid, pool));
    OK(store->vt->item_get(&has, &item, txn, ids->collection, 2, "x", pool));
    assert_int_equal(has, row.gen == 2);
    OK(store->vt->commit(txn));
    return (int)row.gen;
}

static void test_every_place(void **state)
{
    apr_pool_t *pool, *own;
    usm_store_t *store;
    int nth = 0, failed = 1;
    apr_pool_create(&pool, NULL);
    OK(store_fail_vtable()->open(&store, test_fresh_url(pool), 2, NULL, pool));
    store_fail_at(0, 0);
    test_ids_t ids = test_collection(store, "1/4", pool);
    while (failed) {
        apr_pool_create(&own, pool);
        store_fail_at(++nth, USM_ESTORE);
        usm_error_t *err = work(store, &ids, own);
        failed = err != NULL;
        assert_int_equal(failed, store_fail_done());
        assert_true(!err || usm_error_is(err, USM_ESTORE));
        usm_error_clear(err);
        apr_pool_destroy(own);
        store_fail_at(0, 0);
        assert_int_equal(generation(store, &ids, pool), failed ? 1 : 2);
    }
    assert_int_equal(nth, 7);
    apr_pool_destroy(pool);
}

static void test_lost_answer(void **state)
{
    apr_pool_t *pool;
    usm_store_t *store;
    apr_pool_create(&pool, NULL);
    OK(store_fail_vtable()->open(&store, test_fresh_url(pool), 2, NULL, pool));
    store_fail_at(0, 0);
    test_ids_t ids = test_collection(store, "1/4", pool);
    store_fail_after_commit(1, USM_ESTORE);
    FAILS(USM_ESTORE, work(store, &ids, pool));
    store_fail_at(0, 0);
    assert_int_equal(generation(store, &ids, pool), 2);
    apr_pool_destroy(pool);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_place), cmocka_unit_test(test_lost_answer)};
    return store_test_main(argv, tests, sizeof tests / sizeof tests[0]);
}
