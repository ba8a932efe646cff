/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: ctl_devices.c */
/* The listing as a table and as JSON, and forgetting one device but no other. */
#include "ctl_test.h"

static void fill(const char *url, apr_pool_t *pool)
{
    static const struct {
        const char *user, *device, *type;
        usm_time_t created, seen;
    } rows[] = {
        {"1/4", "DEV1", "A\"\\\xc3\xbc\x1b[2J", 0, 1700000000123},
        {"1/4", "DEV2", "Phone", 1600000000000, 1600000001000},
        {"1/5", "DEV1", "Phone", 1600000000000, 1600000001000},
    };
    usm_store_t *store;
    usm_txn_t *txn;
    unsigned i;

    assert_null(usm_store_sql()->open(&store, url, 1, NULL, pool));
    assert_null(store->vt->begin(&txn, store, USM_TXN_WRITE, NULL, pool));
    for (i = 0; i < COUNT(rows); i++) {
        usm_device_row_t device = {.device_id = rows[i].device, .device_type = rows[i].type,
                                   .created = rows[i].created, .seen = rows[i].seen};

        assert_null(store->vt->user_id(&device.user, txn, rows[i].user));
        if (device.user == 0) {
            fail_msg("row %u: no user was made", i);
        }
        assert_null(store->vt->device_add(txn, &device));
    }
    assert_null(store->vt->commit(txn));
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

static void test_json(void **state)
{
    apr_pool_t *pool = *state;
    const char *store = filled(pool);
    const char *empty = apr_pstrcat(pool, "devices --json --store ", ctl_test_store(pool), NULL);

    assert_string_equal(ctl_test_run(apr_pstrcat(pool, "devices --json --user 1/4", store, NULL), "", pool).out,
                        "[\n"
                        "  {\"user\": \"1/4\", \"device\": \"DEV1\", \"type\": \"A\\\"\\\\\xc3\xbc[2J\", "
                        "\"first_seen\": null, \"last_seen\": \"2023-11-14T22:13:20Z\", \"collections\": 0, "
                        "\"items\": 0, \"access\": null, \"wipe\": null},\n"
                        "  {\"user\": \"1/4\", \"device\": \"DEV2\", \"type\": \"Phone\", "
                        "\"first_seen\": \"2020-09-13T12:26:40Z\", \"last_seen\": \"2020-09-13T12:26:41Z\", "
                        "\"collections\": 0, \"items\": 0, \"access\": null, \"wipe\": null}\n"
                        "]\n");
    assert_string_equal(ctl_test_run(empty, "", pool).out, "[]\n");
    ctl_test_expect(apr_pstrcat(pool, "devices --user 1/9", store, NULL), "", CTL_FAULT, "no user has the key 1/9",
                    pool);
}

/* Columns stand below each other, also where a character is two bytes. */
static void test_table(void **state)
{
    apr_pool_t *pool = *state;
    ctl_result_t result = ctl_test_run(apr_pstrcat(pool, "devices", filled(pool), NULL), "", pool);
    int lines = 0, width = 0, at = 0;
    const char *c;

    assert_int_equal(result.code, CTL_OK);
    assert_int_equal(strncmp(result.out, "USER  DEVICE  TYPE", 18), 0);
    for (c = result.out; *c != '\0'; c++) {
        if (*c == '\n') {
            assert_true(lines == 0 || at == width);
            width = at;
            at = 0;
            lines++;
        } else {
            at += ((unsigned char)*c & 0xc0) != 0x80;
        }
    }
    assert_int_equal(lines, 4);
}

static void test_reset(void **state)
{
    apr_pool_t *pool = *state;
    const char *store = filled(pool);
    const char *mine = apr_pstrcat(pool, "reset --user 1/4 --device DEV1", store, NULL);
    const char *list = apr_pstrcat(pool, "devices --json", store, NULL);
    ctl_result_t before = ctl_test_run(list, "", pool), after;

    ctl_test_expect(mine, "y\n", CTL_USAGE, "give --yes", pool);
    ctl_test_expect(apr_pstrcat(pool, "reset --yes --user 1/4 --device DEV9", store, NULL), "", CTL_FAULT,
                    "user 1/4 has no device DEV9", pool);
    ctl_test_expect(apr_pstrcat(pool, "reset --yes --user 1/9 --device DEV1", store, NULL), "", CTL_FAULT,
                    "user 1/9 has no device DEV1", pool);
    assert_string_equal(ctl_test_run(list, "", pool).out, before.out);

    ctl_test_expect(apr_pstrcat(pool, mine, " --yes", NULL), "", CTL_OK, "starts over", pool);
    after = ctl_test_run(list, "", pool);
    assert_null(strstr(after.out, "\"1/4\", \"device\": \"DEV1\""));
    assert_non_null(strstr(after.out, "\"1/4\", \"device\": \"DEV2\""));
    assert_non_null(strstr(after.out, "\"1/5\", \"device\": \"DEV1\""));
    ctl_test_expect(apr_pstrcat(pool, mine, " --yes", NULL), "", CTL_FAULT, "has no device", pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {POOL_TEST(test_json), POOL_TEST(test_table), POOL_TEST(test_reset)};

    return RUN_TESTS(tests);
}
