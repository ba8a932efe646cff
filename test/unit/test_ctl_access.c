/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: ctl_access.c */
/* Deciding of devices: what may be asked for, what is kept of it, and the record. */
#include "ctl_test.h"

static const char *filled(apr_pool_t *pool)
{
    const char *url = ctl_test_store(pool);
    usm_device_row_t device = {
        .device_id = "DEV1", .device_type = "Phone", .created = 1600000000000, .seen = 1600000001000};
    usm_store_t *store;
    usm_txn_t *txn;
    apr_pool_t *work;

    apr_pool_create(&work, pool);
    assert_null(usm_store_sql()->open(&store, url, 1, NULL, work));
    assert_null(store->vt->begin(&txn, store, USM_TXN_WRITE, NULL, work));
    assert_null(store->vt->user_id(&device.user, txn, "1/4"));
    assert_null(store->vt->device_add(txn, &device));
    assert_null(store->vt->commit(txn));
    apr_pool_destroy(work);
    return apr_pstrcat(pool, " --store ", url, NULL);
}

static void expect(const char *line, const char *store, int code, const char *wanted, apr_pool_t *pool)
{
    ctl_test_expect(apr_pstrcat(pool, line, store, NULL), "", code, wanted, pool);
}

static void test_access(void **state)
{
    static const struct {
        const char *line, *shown;
    } rows[] = {
        {"access block --user 1/4 --device DEV1", "\"access\": \"blocked\""},
        {"access allow --user 1/4 --device DEV1", "\"access\": \"allowed\""},
        {"access clear --user 1/4 --device DEV1", "\"access\": null"},
        {"wipe --yes --user 1/4 --device DEV1", "\"wipe\": \"asked for\""},
        {"wipe --cancel --user 1/4 --device DEV1", "\"wipe\": null"},
        {"wipe --account-only --yes --user 1/4 --device DEV1", "\"wipe\": \"asked for (account)\""},
        {"wipe --cancel --user 1/4 --device DEV1", "\"wipe\": null"},
    };
    const char *store = filled(*state);
    unsigned i;

    for (i = 0; i < COUNT(rows); i++) {
        ctl_result_t result = ctl_test_run(apr_pstrcat(*state, rows[i].line, store, NULL), "", *state);

        assert_int_equal(result.code, CTL_OK);
        expect("devices --json", store, CTL_OK, rows[i].shown, *state);
    }
    /* In order, and each once. */
    {
        static const char *const actions[] = {"\"block\"",       "\"allow\"",        "\"clear\"",      "\"wipe\"",
                                              "\"wipe-cancel\"", "\"wipe-account\"", "\"wipe-cancel\""};
        const char *at = ctl_test_run(apr_pstrcat(*state, "audit --json --user 1/4", store, NULL), "", *state).out;

        for (i = 0; i < COUNT(actions); i++) {
            at = strstr(at, "\"who\": \"usmctl:");
            assert_non_null(at);
            at = strstr(at, "\"action\": ") + strlen("\"action\": ");
            assert_int_equal(strncmp(at, actions[i], strlen(actions[i])), 0);
        }
        assert_null(strstr(at, "\"who\""));
    }
}

/* A device that has not come yet. */
static void test_beforehand(void **state)
{
    const char *store = filled(*state);

    expect("access block --user 1/4 --device LATER", store, CTL_OK, "kept out", *state);
    expect("audit", store, CTL_OK, "LATER", *state);
}

static void test_wrong(void **state)
{
    static const struct {
        const char *line;
        int code;
        const char *text;
    } rows[] = {
        {"access --user 1/4 --device DEV1", CTL_USAGE, "one of allow, block and clear"},
        {"access deny --user 1/4 --device DEV1", CTL_USAGE, "one of allow, block and clear"},
        {"access block --user 1/4", CTL_USAGE, "needs --user and --device"},
        {"access block --device DEV1", CTL_USAGE, "needs --user and --device"},
        {"access block --user 1/9 --device DEV1", CTL_FAULT, "no user has the key 1/9"},
        {"wipe --user 1/4 --device DEV1", CTL_USAGE, "give --yes"},
        {"wipe --yes --user 1/4", CTL_USAGE, "needs --user and --device"},
        {"wipe --cancel --account-only --user 1/4 --device DEV1", CTL_USAGE, "goes without"},
        {"wipe --cancel --user 1/4 --device DEV1", CTL_FAULT, "no wipe of this device is asked for"},
        {"audit --user 1/9", CTL_FAULT, "no user has the key 1/9"},
    };
    const char *store = filled(*state);
    unsigned i;

    for (i = 0; i < COUNT(rows); i++) {
        expect(rows[i].line, store, rows[i].code, rows[i].text, *state);
    }
    expect("audit --json", store, CTL_OK, "[]\n", *state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {POOL_TEST(test_access), POOL_TEST(test_beforehand), POOL_TEST(test_wrong)};

    return RUN_TESTS(tests);
}
