/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: upkeep.c */
/* Requests that forget devices nobody has seen for long: which, how many at a time, how often somebody looks. */
#include "test_core.h"

#include <apr_file_io.h>

#include "fake_backend.h"

static usm_context_t *ctx;
static char path[] = "/tmp/upkeep_test.XXXXXX";

static void ok(usm_error_t *err)
{
    if (err)
        fail_msg("%s", usm_error_text(err, pool));
}

static int start(void **state)
{
    usm_config_t config = {.backend_url = "fake:", .device_days = 30};
    apr_file_t *file;
    if (pool_up(state))
        return -1;
    memcpy(path + sizeof path - 7, "XXXXXX", 6);
    assert_int_equal(apr_file_mktemp(&file, path, APR_CREATE | APR_EXCL | APR_READ | APR_WRITE, pool), APR_SUCCESS);
    apr_file_close(file);
    config.store = apr_pstrcat(pool, "sqlite:", path, NULL);
    fake_reset();
    ok(usm__context_make(&ctx, &config, usm_store_sql(), fake_backend(), pool));
    return 0;
}

static int stop(void **state)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    char file[sizeof path + 8];
    pool_down(state);
    for (size_t i = 0; i < 3; i++) {
        snprintf(file, sizeof file, "%s%s", path, ends[i]);
        remove(file);
    }
    return 0;
}

/* A request of a device. */
static void request(const char *device)
{
    apr_pool_t *own;
    usm_login_t *login;
    usm_session_t *session;
    apr_pool_create(&own, pool);
    ok(usm_login(&login, ctx, "anton", "secret", NULL, own));
    ok(usm_session_open(&session, ctx, login, "secret", device, "Test", 0, NULL, own));
    apr_pool_destroy(own);
}

/* COUNT devices of an absent user, last seen so many days ago. */
static void add_devices(int count, int days)
{
    usm_txn_t *txn;
    ok(ctx->store->vt->begin(&txn, ctx->store, USM_TXN_WRITE, NULL, pool));
    for (int i = 0; i < count; i++) {
        usm_time_t at = usm__now() - days * USM_DAY_MS;
        usm_device_row_t row = {.device_id = apr_psprintf(pool, "d%d-%d", days, i), .device_type = "Phone",
                                .created = at, .seen = at};
        ok(ctx->store->vt->user_id(&row.user, txn, "1/absent"));
        ok(ctx->store->vt->device_add(txn, &row));
    }
    ok(ctx->store->vt->commit(txn));
}

static usm_error_t *count_one(void *baton, const usm_device_sum_t *sum)
{
    (void)sum;
    ++*(int *)baton;
    return NULL;
}

static int devices(void)
{
    usm_txn_t *txn;
    int count = 0;
    ok(ctx->store->vt->begin(&txn, ctx->store, USM_TXN_READ, NULL, pool));
    ok(ctx->store->vt->device_scan(txn, 0, count_one, &count, pool));
    ok(ctx->store->vt->commit(txn));
    return count;
}

/* Not at once: many processes start together. */
static void test_not_at_once(void **state)
{
    (void)state;
    request("phone");
    add_devices(1, 31);
    request("phone");
    assert_true(ctx->upkeep_at >= usm__now() - 1000);
    assert_true(ctx->upkeep_at <= usm__now() + 3600000);
    ctx->upkeep_at = usm__now() + 100000;
    request("phone");
    assert_int_equal(devices(), 2);
}

static void test_old_ones_go(void **state)
{
    (void)state;
    request("phone");
    add_devices(3, 31);
    add_devices(2, 29);
    ctx->upkeep_at = 1;
    request("phone");
    assert_int_equal(devices(), 3);
    assert_true(ctx->upkeep_at > usm__now() + 3500000); /* nobody looks again for an hour */
}

/* A request does not delete for long: the rest goes with a later one, soon. */
static void test_a_few_at_a_time(void **state)
{
    (void)state;
    request("phone");
    add_devices(25, 40);
    ctx->upkeep_at = 1;
    request("phone");
    assert_int_equal(devices(), 6);
    assert_true(ctx->upkeep_at < usm__now() + 60000);
    ctx->upkeep_at = 1;
    request("phone");
    assert_int_equal(devices(), 1);
}

static void test_never(void **state)
{
    (void)state;
    ctx->config.device_days = 0;
    request("phone");
    add_devices(1, 4000);
    ctx->upkeep_at = 1;
    request("phone");
    assert_int_equal(devices(), 2);
    assert_int_equal(ctx->upkeep_at, 1);
}

static usm_error_t *no_expire(usm_expired_t *gone, usm_txn_t *txn, usm_time_t before, int limit, apr_pool_t *scratch)
{
    (void)gone;
    (void)txn;
    (void)before;
    (void)limit;
    return USM_ERROR(scratch, USM_ESTORE, "no deleting on command");
}

/* The request itself is answered all the same. */
static void test_fails(void **state)
{
    usm_store_vtable_t vt = *ctx->store_vt;
    (void)state;
    request("phone");
    add_devices(1, 31);
    vt.expire = no_expire;
    ctx->store_vt = &vt;
    ctx->upkeep_at = 1;
    request("phone");
    assert_int_equal(devices(), 2);
    assert_true(ctx->upkeep_at > usm__now() + 3500000);
}

#define RUN_TEST(function) cmocka_unit_test_setup_teardown(function, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {RUN_TEST(test_not_at_once), RUN_TEST(test_old_ones_go),
                                       RUN_TEST(test_a_few_at_a_time), RUN_TEST(test_never), RUN_TEST(test_fails)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
