/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: ctl_conflicts.c ctl_table.c sql_bad.c */
/* The two listings: as tables, as JSON, of one user and of all; what is held back counts as long as it is. */
#include "ctl_test.h"

#define OK(expr) assert_null(expr)

static void fill(const char *url, apr_pool_t *pool)
{
    usm_store_t *store;
    usm_txn_t *txn;
    int i;

    OK(usm_store_sql()->open(&store, url, 1, NULL, pool));
    OK(store->vt->begin(&txn, store, USM_TXN_WRITE, NULL, pool));
    for (i = 4; i <= 5; i++) {
        usm_id_t user;
        usm_device_row_t device = {.device_id = "DEV1", .device_type = "Phone"};
        usm_folder_row_t folder = {.backend_id = "32", .name = "Kontakte", .cls = USM_CONTACT, .token = ""};
        usm_collection_row_t coll = {.cls = USM_CONTACT, .epoch = 1, .gen = 3, .prev = 2, .since = USM_TIME_NONE,
                                     .created = 1, .retry_at = USM_TIME_NONE};
        usm_item_row_t held = {.id = "7", .born = 3, .died = USM_GEN_INF, .edge = USM_TIME_NONE, .withheld = 1};
        usm_bad_row_t bad = {.kind = USM_BAD_HELD_BACK, .id = "7", .item = "7", .code = USM_EINVALID,
                             .reason = "no\x1b[2J date", .at = 1700000000123};
        usm_conflict_row_t row = {.at = 1700000000123, .cls = USM_CONTACT, .device = "DEV1", .folder = "32", .id = "8",
                                  .device_edit = "change", .server_edit = "delete", .winner = "server",
                                  .fields = "FIRST_NAME", .lost = "FIRST_NAME: \"A\"\nNOTE: \x1b"};

        OK(store->vt->user_id(&user, txn, apr_psprintf(pool, "1/%d", i)));
        row.user = folder.user = device.user = user;
        OK(store->vt->device_add(txn, &device));
        OK(store->vt->folder_add(txn, &folder));
        coll.device = device.id;
        coll.fid = folder.fid;
        int made;
        OK(store->vt->collection_reset(&made, txn, &coll, 0));
        OK(store->vt->item_add(txn, coll.id, &held));
        bad.collection = coll.id;
        OK(store->vt->bad_put(txn, &bad));
        bad.id = bad.item = "9"; /* a row whose item is no longer held back */
        OK(store->vt->bad_put(txn, &bad));
        bad.kind = USM_ECHO_ADD + 1;
        bad.item = "cid";
        bad.reason = "too long";
        OK(store->vt->bad_put(txn, &bad));
        OK(store->vt->conflict_add(txn, &row));
    }
    OK(store->vt->commit(txn));
}

static const char *filled(apr_pool_t *pool)
{
    const char *url = ctl_test_store(pool);
    apr_pool_t *work;

    apr_pool_create(&work, pool);
    fill(url, work);
    apr_pool_destroy(work);
    return apr_pstrcat(pool, " --store ", url, NULL);
}

static void test_conflicts(void **state)
{
    apr_pool_t *pool = *state;
    const char *store = filled(pool);

    assert_string_equal(ctl_test_run(apr_pstrcat(pool, "conflicts --json --user 1/4", store, NULL), "", pool).out,
                        "[\n  {\"time\": \"2023-11-14T22:13:20Z\", \"user\": \"1/4\", \"device\": \"DEV1\", "
                        "\"class\": \"contact\", \"folder\": \"32\", \"item\": \"8\", \"device_edit\": \"change\", "
                        "\"server_edit\": \"delete\", \"won\": \"server\", \"fields\": \"FIRST_NAME\", "
                        "\"lost\": \"FIRST_NAME: \\\"A\\\"\\nNOTE: \", \"copy\": null}\n]\n");
    ctl_result_t table = ctl_test_run(apr_pstrcat(pool, "conflicts", store, NULL), "", pool);
    assert_int_equal(strncmp(table.out, "TIME                  USER  DEVICE  CLASS    FOLDER  ITEM  ", 59), 0);
    assert_non_null(strstr(table.out, "1/5   DEV1    contact  32      8     change      delete      server  FIRST_"));
    assert_null(strstr(table.out, "NOTE"));
    ctl_test_expect(apr_pstrcat(pool, "conflicts --user 1/9", store, NULL), "", CTL_FAULT, "no user has the key 1/9",
                    pool);
}

static void test_bad(void **state)
{
    apr_pool_t *pool = *state;
    const char *store = filled(pool);
    const char *empty = apr_pstrcat(pool, "bad --json --store ", ctl_test_store(pool), NULL);
    const char *one = ctl_test_run(apr_pstrcat(pool, "bad --json --user 1/5", store, NULL), "", pool).out;
    const char *all = ctl_test_run(apr_pstrcat(pool, "bad", store, NULL), "", pool).out;

    assert_string_equal(one, "[\n  {\"since\": \"2023-11-14T22:13:20Z\", \"user\": \"1/5\", \"device\": \"DEV1\", "
                             "\"folder\": \"1 Kontakte\", \"item\": \"7\", \"what\": \"held back\", "
                             "\"reason\": \"no[2J date\"},\n"
                             "  {\"since\": \"2023-11-14T22:13:20Z\", \"user\": \"1/5\", \"device\": \"DEV1\", "
                             "\"folder\": \"1 Kontakte\", \"item\": \"cid\", \"what\": \"add refused\", "
                             "\"reason\": \"too long\"}\n]\n");
    assert_non_null(strstr(all, "1/4"));
    assert_non_null(strstr(all, "1/5"));
    assert_string_equal(ctl_test_run(empty, "", pool).out, "[]\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {POOL_TEST(test_conflicts), POOL_TEST(test_bad)};

    return RUN_TESTS(tests);
}
