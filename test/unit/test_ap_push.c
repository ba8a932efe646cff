/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: ap_push.c ap_notify.c */
/* Hints from one child of a server to another, and the handler that gets them from outside. */
#include "ap_test.h"

#include <sys/wait.h>
#include <unistd.h>

/* The contexts of a child are not looked at here: what would reach them is. */
static volatile int reached;
static apr_uint64_t last;

void usm_hint_deliver(usm_context_t *ctx, const usm_hint_t *hint)
{
    last = hint->user;
    reached++;
}

static void test_handler(void **state)
{
    static const char *const pieces[] = {"{\"user\":\"11@3\",", "\"event\":\"messageNew\"}", NULL};
    request_rec *r = ap_test_start(*state);

    assert_int_equal(eas_ap_notify(r), DECLINED);
    r->handler = "eas";
    assert_int_equal(eas_ap_notify(r), DECLINED);
    r->handler = "eas-notify";
    r->method = "PUT";
    ap_fake.pieces = pieces;
    assert_int_equal(eas_ap_notify(r), OK);
    assert_int_equal(r->status, 200);
    assert_string_equal(ap_fake.sent, "{\"success\":true}\n");
    r = ap_test_start(*state);
    r->handler = "eas-notify";
    r->method = "GET";
    assert_int_equal(eas_ap_notify(r), OK);
    assert_int_equal(r->status, 405);
}

/* Another child says something; this one's thread must take it out of the pipe, however much it is. */
static void test_children(void **state)
{
    request_rec *r = ap_test_start(*state);
    usm_hint_t hint;
    int status, i;
    pid_t pid;

    usm_hint_for_user(&hint, "1/4", NULL, USM_HINT_MAIL);
    pid = fork();
    if (pid == 0) {
        apr_pool_t *pool;

        apr_pool_create(&pool, NULL);
        eas_ap_slot_child(pool);
        for (i = 0; i < 200000; i++) {
            eas_ap_push_raise(NULL, &hint);
        }
        _exit(eas_ap_slot_mine() != 1);
    }
    assert_true(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
    eas_ap_push_raise(NULL, &hint); /* to nobody: that child is gone */
    assert_non_null(r);
}

static void test_no_slot(void **state)
{
    apr_pool_t *own;

    apr_pool_create(&own, *state);
    ap_test_start(own);
    apr_pool_destroy(own); /* the configuration is gone: so are the pipes */
    usm_hint_t hint = {.user = 2};
    eas_ap_push_raise(NULL, &hint);
    eas_ap_push_child(*state, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {POOL_TEST(test_handler), POOL_TEST(test_children), POOL_TEST(test_no_slot)};

    return RUN_TESTS(tests);
}
