/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: ctl_state.c sql_upkeep.c */
/* A device's state shown, a state that cannot be found and taken away, and old devices forgotten. */
#include "ctl_test.h"

#include <apr_time.h>

#define OK(expr) assert_null(expr)

/* User 1/4 has a device seen just now, 1/5 one that was last seen in 2020. Each has a collection of contacts with two
 * items; BROKEN: one of them of a generation that the first collection has not come to. */
static void fill(const char *url, int broken, apr_pool_t *pool)
{
    usm_store_t *store;
    usm_txn_t *txn;
    OK(usm_store_sql()->open(&store, url, 1, NULL, pool));
    OK(store->vt->begin(&txn, store, USM_TXN_WRITE, NULL, pool));
    for (int i = 4; i <= 5; i++) {
        usm_time_t at = i == 4 ? apr_time_as_msec(apr_time_now()) : 1600000000000;
        usm_device_row_t device = {.device_id = "DEV1", .device_type = "Phone", .created = at, .seen = at};
        usm_folder_row_t folder = {.backend_id = "32", .name = "Kontakte\x1b[2J", .cls = USM_CONTACT, .token = ""};
        usm_collection_row_t coll = {.cls = USM_CONTACT, .epoch = 0xabc, .gen = 3, .prev = 2, .since = USM_TIME_NONE,
                                     .created = 1700000000123, .retry_at = USM_TIME_NONE};
        usm_pending_row_t row = {.id = "9", .state = USM_PENDING_PRESENT, .edge = USM_TIME_NONE};
        int made;
        OK(store->vt->user_id(&device.user, txn, apr_psprintf(pool, "1/%d", i)));
        folder.user = device.user;
        OK(store->vt->device_add(txn, &device));
        OK(store->vt->folder_add(txn, &folder));
        coll.device = device.id;
        coll.fid = folder.fid;
        OK(store->vt->collection_reset(&made, txn, &coll, 0));
        for (int k = 0; k < 2; k++) {
            usm_item_row_t item = {.id = k ? "8" : "7", .born = broken && i == 4 && k ? 9 : 3, .died = USM_GEN_INF,
                                   .edge = USM_TIME_NONE};
            OK(store->vt->item_add(txn, coll.id, &item));
        }
        OK(store->vt->pending_put(txn, coll.id, &row));
    }
    OK(store->vt->login_set(txn, "old", "sealed", 1600000000000));
    OK(store->vt->commit(txn));
}

static const char *filled(int broken, apr_pool_t *pool)
{
    const char *url = ctl_test_store(pool);
    apr_pool_t *work;
    apr_pool_create(&work, pool);
    fill(url, broken, work);
    apr_pool_destroy(work);
    return apr_pstrcat(pool, " --store ", url, NULL);
}

static void test_show(void **state)
{
    apr_pool_t *pool = *state;
    const char *store = filled(0, pool);
    const char *mine = apr_pstrcat(pool, "state show --user 1/4 --device DEV1", store, NULL);
    assert_string_equal(ctl_test_run(apr_pstrcat(pool, mine, " --json", NULL), "", pool).out,
                        "[\n  {\"folder\": 1, \"class\": \"contact\", \"epoch\": \"abc\", \"generation\": 3, "
                        "\"items\": 2, \"waiting\": 1, \"started\": \"2023-11-14T22:13:20Z\", \"busy\": null, "
                        "\"name\": \"Kontakte[2J\"}\n]\n");
    ctl_test_expect(mine, "", CTL_OK, "Kontakte[2J", pool);
    ctl_test_expect(apr_pstrcat(pool, "state show --user 1/4", store, NULL), "", CTL_USAGE, "needs --user and --device",
                    pool);
    ctl_test_expect(apr_pstrcat(pool, "state show --user 1/4 --device DEV2", store, NULL), "", CTL_FAULT,
                    "user 1/4 has no device DEV2", pool);
    ctl_test_expect(apr_pstrcat(pool, "state weigh", store, NULL), "", CTL_USAGE, "one of show, check, reset", pool);
    ctl_test_expect(apr_pstrcat(pool, "state", store, NULL), "", CTL_USAGE, "one of show, check, reset", pool);
}

static void test_check(void **state)
{
    apr_pool_t *pool = *state;
    const char *store = filled(1, pool), *check = apr_pstrcat(pool, "state check", store, NULL);
    const char *json = apr_pstrcat(pool, check, " --json", NULL);
    ctl_test_expect(apr_pstrcat(pool, "state check", filled(0, pool), NULL), "", CTL_OK, "the state is sound", pool);
    ctl_test_expect(check, "", CTL_FAULT, "the state is not sound", pool);
    ctl_result_t found = ctl_test_run(check, "", pool);
    assert_string_equal(found.out, "collections with items of generations that are not yet: 1\n");
    found = ctl_test_run(json, "", pool);
    assert_int_equal(found.code, CTL_FAULT);
    assert_non_null(strstr(found.out, "{\"check\": \"item_gen\", \"found\": 1, \"repaired\": 0}"));
    assert_non_null(strstr(found.out, "{\"check\": \"sent\", \"found\": 0, \"repaired\": 0}"));
    ctl_test_expect(apr_pstrcat(pool, check, " --repair", NULL), "", CTL_OK,
                    "collections with items of generations that are not yet: 1, taken away", pool);
    ctl_test_expect(check, "", CTL_OK, "the state is sound", pool);
    /* The device starts over with it; the other one keeps its own. */
    assert_string_equal(
        ctl_test_run(apr_pstrcat(pool, "state show --json --user 1/4 --device DEV1", store, NULL), "", pool).out,
        "[]\n");
    ctl_test_expect(apr_pstrcat(pool, "state show --json --user 1/5 --device DEV1", store, NULL), "", CTL_OK,
                    "\"items\": 2", pool);
}

static void test_reset(void **state)
{
    apr_pool_t *pool = *state;
    const char *store = filled(0, pool);
    ctl_test_expect(apr_pstrcat(pool, "state reset --yes --user 1/4 --device DEV1", store, NULL), "", CTL_OK,
                    "starts over", pool);
    ctl_test_expect(apr_pstrcat(pool, "state show --user 1/4 --device DEV1", store, NULL), "", CTL_FAULT,
                    "has no device", pool);
}

static void test_upkeep(void **state)
{
    apr_pool_t *pool = *state;
    const char *store = filled(0, pool);
    static const struct {
        const char *line, *out;
    } rows[] = {
        {"upkeep --days 0 --json", "{\"devices\": 0, \"collections\": 0, \"sessions\": 1}\n"},
        {"upkeep --days 30000 --json", "{\"devices\": 0, \"collections\": 0, \"sessions\": 0}\n"},
        {"upkeep", "forgotten: 1 devices, 0 collections of folders that are gone, 0 old sessions\n"},
        {"upkeep --json", "{\"devices\": 0, \"collections\": 0, \"sessions\": 0}\n"},
    };
    static const char *const wrong[] = {"-1", "36501", "x", "1d"};
    for (size_t i = 0; i < COUNT(rows); i++) {
        ctl_result_t result = ctl_test_run(apr_pstrcat(pool, rows[i].line, store, NULL), "", pool);
        if (result.code != CTL_OK || strcmp(result.out, rows[i].out) != 0)
            fail_msg("row %zu: %d %s%s", i, result.code, result.out, result.err);
    }
    ctl_result_t left = ctl_test_run(apr_pstrcat(pool, "devices --json", store, NULL), "", pool);
    assert_non_null(strstr(left.out, "\"1/4\""));
    assert_null(strstr(left.out, "\"1/5\""));
    for (size_t i = 0; i < COUNT(wrong); i++)
        ctl_test_expect(apr_pstrcat(pool, "upkeep --days=", wrong[i], store, NULL), "", CTL_USAGE, "--days is a number",
                        pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {POOL_TEST(test_show), POOL_TEST(test_check), POOL_TEST(test_reset),
                                       POOL_TEST(test_upkeep)};
    return RUN_TESTS(tests);
}
