/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: park.c */
/* Watches without a thread: what wakes them, once, and that nothing is missed between looking and parking. */
#include "test_core.h"

#include <apr_atomic.h>
#include <apr_file_io.h>

#include "core/hint.h"
#include "fake_backend.h"

static usm_context_t *ctx;
static char path[] = "/tmp/park_test.XXXXXX";
static volatile apr_uint32_t wakes, last_reason;

static void ok(usm_error_t *err)
{
    if (err)
        fail_msg("%s", usm_error_text(err, pool));
}

static int start(void **state)
{
    usm_config_t config = {.backend_url = "fake:", .poll_interval_ms = 60000};
    apr_file_t *file;
    if (pool_up(state))
        return -1;
    memcpy(path + sizeof path - 7, "XXXXXX", 6);
    assert_int_equal(apr_file_mktemp(&file, path, APR_CREATE | APR_EXCL | APR_READ | APR_WRITE, pool), APR_SUCCESS);
    apr_file_close(file);
    config.store = apr_pstrcat(pool, "sqlite:", path, NULL);
    fake_reset();
    ok(usm__context_make(&ctx, &config, usm_store_sql(), fake_backend(), pool));
    wakes = 0;
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

static void note_wake(void *baton, usm_wake_e reason)
{
    assert_ptr_equal(baton, &wakes);
    last_reason = reason;
    apr_atomic_inc32(&wakes);
}

static void wait_wakes(apr_uint32_t count)
{
    for (int i = 0; i < 200 && apr_atomic_read32(&wakes) < count; i++)
        apr_sleep(10000);
    assert_int_equal(apr_atomic_read32(&wakes), count);
}

static usm_session_t *open_session(const char *device, apr_pool_t *own)
{
    usm_login_t *login;
    usm_session_t *session;
    ok(usm_login(&login, ctx, "anton", "secret", NULL, own));
    ok(usm_session_open(&session, ctx, login, "secret", device, "Test", 0, NULL, own));
    return session;
}

/* A device that looked at the hierarchy and waits; the pools of its request are gone. */
static usm_parked_t *park(const char *device)
{
    usm_parked_t *parked = NULL;
    usm_watch_result_t result;
    usm_watch_t *watch;
    apr_pool_t *own;
    apr_pool_create(&own, pool);
    ok(usm_watch_create(&watch, open_session(device, own), own));
    usm_watch_hierarchy(watch);
    ok(usm_watch_check(&result, watch, own));
    ok(usm_watch_park(&parked, watch, note_wake, (void *)&wakes));
    apr_pool_destroy(own);
    return parked;
}

static void hint(const char *device)
{
    apr_pool_t *own;
    apr_pool_create(&own, pool);
    usm__hint_own(open_session(device, own), NULL, USM_HINT_FOLDERS);
    apr_pool_destroy(own);
}

static void test_hint_wakes_once(void **state)
{
    usm_parked_t *parked = park("one");
    assert_false(usm_parked_moved(parked));
    hint("two");
    assert_int_equal(wakes, 1);
    assert_int_equal(last_reason, USM_WAKE_HINT);
    assert_true(usm_parked_moved(parked));
    hint("two");
    assert_int_equal(wakes, 1); /* until it is parked again */
    usm_parked_free(parked);
    usm_parked_free(NULL);
    hint("two");
    assert_int_equal(wakes, 1);
}

static void test_moved_since_the_check(void **state)
{
    usm_parked_t *parked = NULL;
    usm_watch_result_t result;
    usm_watch_t *watch;
    apr_pool_t *own;
    apr_pool_create(&own, pool);
    ok(usm_watch_create(&watch, open_session("one", own), own));
    usm_watch_hierarchy(watch);
    ok(usm_watch_check(&result, watch, own));
    hint("two"); /* between the check and the parking: wakes nobody, so it must be seen */
    ok(usm_watch_park(&parked, watch, note_wake, (void *)&wakes));
    assert_int_equal(wakes, 0);
    assert_true(usm_parked_moved(parked));
    ok(usm_watch_unpark(&watch, parked, open_session("one", own), own));
    ok(usm_watch_check(&result, watch, own));
    ok(usm_watch_park(&parked, watch, note_wake, (void *)&wakes));
    assert_false(usm_parked_moved(parked));
    hint("two"); /* soon after one that was looked into: heeded a second later */
    assert_int_equal(wakes, 0);
    assert_false(usm_parked_moved(parked));
    wait_wakes(1);
    assert_int_equal(last_reason, USM_WAKE_HINT);
    usm_parked_free(parked);
    apr_pool_destroy(own);
}

/* The session that looks in place of the one that parked sees the same folders as that one did. */
static void test_hidden_folders(void **state)
{
    usm_parked_t *parked = NULL;
    usm_watch_t *watch;
    apr_pool_t *own;
    apr_pool_create(&own, pool);
    usm_session_t *before = open_session("one", own), *after = open_session("one", own);
    usm_session_hide(before, 1U << USM_NOTE);
    ok(usm_watch_create(&watch, before, own));
    usm_watch_hierarchy(watch);
    ok(usm_watch_park(&parked, watch, note_wake, (void *)&wakes));
    assert_int_equal(after->hidden, 1U << USM_RECIPIENT);
    ok(usm_watch_unpark(&watch, parked, after, own));
    assert_int_equal(after->hidden, 1U << USM_NOTE);
    usm_parked_free(parked);
    apr_pool_destroy(own);
}

static void test_newer_request(void **state)
{
    usm_parked_t *first = park("one"), *other = park("two"), *second;
    usm_watch_t *watch;
    apr_pool_t *own;
    assert_int_equal(wakes, 0); /* of another device */
    second = park("one");
    assert_int_equal(wakes, 1);
    assert_int_equal(last_reason, USM_WAKE_SUPERSEDED);
    apr_pool_create(&own, pool);
    /* The older one looks and would park again: it is told at once. */
    ok(usm_watch_unpark(&watch, first, open_session("one", own), own));
    ok(usm_watch_park(&first, watch, note_wake, (void *)&wakes));
    assert_int_equal(wakes, 2);
    assert_int_equal(last_reason, USM_WAKE_SUPERSEDED);
    usm_error_t *err = usm_watch_unpark(&watch, other, open_session("one", own), own);
    assert_true(usm_error_is(err, USM_EINVALID));
    apr_pool_destroy(own);
    usm_parked_free(first);
    usm_parked_free(second);
    usm_parked_free(other);
    assert_int_equal(wakes, 2);
    assert_int_equal(apr_hash_count(ctx->waiters), 0);
}

static void test_time_to_look(void **state)
{
    ctx->config.poll_interval_ms = 50;
    usm_parked_t *parked = park("one"), *gone = park("two");
    usm_parked_free(gone);
    wait_wakes(1);
    assert_int_equal(last_reason, USM_WAKE_POLL);
    usm_parked_free(parked);
}

/* Too many at once: they come one after the other, and none is forgotten. */
static void test_rate(void **state)
{
    usm_parked_t *parked[6];
    ctx->config.poll_interval_ms = 50;
    ctx->config.poll_rate = 4;
    for (int i = 0; i < 6; i++)
        parked[i] = park(apr_psprintf(pool, "device%d", i));
    apr_sleep(600000);
    assert_in_range(wakes, 1, 5);
    wait_wakes(6);
    for (int i = 0; i < 6; i++)
        usm_parked_free(parked[i]);
}

/* One device looks: the other one of the user need not. */
static void test_one_look_for_all(void **state)
{
    usm_parked_t *first = park("one"), *second;
    usm_watch_result_t result;
    usm_watch_t *watch;
    apr_pool_t *own;
    ctx->config.poll_interval_ms = 1000;
    second = park("two");
    apr_pool_create(&own, pool);
    for (int i = 0; i < 3; i++) {
        apr_sleep(600000);
        ok(usm_watch_unpark(&watch, first, open_session("one", own), own));
        ok(usm_watch_check(&result, watch, own));
        ok(usm_watch_park(&first, watch, note_wake, (void *)&wakes));
    }
    assert_int_equal(wakes, 0);
    wait_wakes(1); /* nobody looks for it any more */
    assert_int_equal(last_reason, USM_WAKE_POLL);
    apr_pool_destroy(own);
    usm_parked_free(first);
    usm_parked_free(second);
}

static void test_login_without_password(void **state)
{
    usm_parked_t *parked = park("one");
    usm_session_t *session;
    usm_login_t *login;
    apr_pool_t *own;
    apr_pool_create(&own, pool);
    ok(usm_parked_login(&login, parked, own));
    ok(usm_session_open(&session, ctx, login, NULL, "one", "Test", 0, NULL, own));
    usm__login_suspect(login); /* as a call does when the server has dropped its session */
    apr_pool_destroy(own);
    apr_pool_create(&own, pool);
    usm_error_t *err = usm_parked_login(&login, parked, own);
    assert_int_equal(usm_error_class(err), USM_CLASS_AUTH);
    apr_pool_destroy(own);
    usm_parked_free(parked);
}

static void test_nothing_kept(void **state)
{
    usm_parked_t *parked = NULL;
    usm_session_t *session;
    usm_login_t *login;
    usm_watch_t *watch;
    ok(usm_login(&login, ctx, "anton", "secret", NULL, pool));
    ok(usm_session_open(&session, ctx, login, "secret", "validate", "Test", 1, NULL, pool));
    ok(usm_watch_create(&watch, session, pool));
    usm_error_t *err = usm_watch_park(&parked, watch, note_wake, (void *)&wakes);
    assert_true(usm_error_is(err, USM_EUNSUPPORTED));
    assert_null(parked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_hint_wakes_once, start, stop),
        cmocka_unit_test_setup_teardown(test_moved_since_the_check, start, stop),
        cmocka_unit_test_setup_teardown(test_hidden_folders, start, stop),
        cmocka_unit_test_setup_teardown(test_newer_request, start, stop),
        cmocka_unit_test_setup_teardown(test_time_to_look, start, stop),
        cmocka_unit_test_setup_teardown(test_rate, start, stop),
        cmocka_unit_test_setup_teardown(test_one_look_for_all, start, stop),
        cmocka_unit_test_setup_teardown(test_login_without_password, start, stop),
        cmocka_unit_test_setup_teardown(test_nothing_kept, start, stop),
    };
    return cmocka_run_group_tests_name("watches without a thread", tests, NULL, NULL);
}
