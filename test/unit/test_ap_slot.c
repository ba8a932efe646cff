/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: ap_slot.c mod_eas.c */
/* Children of a server, and what they tell each other. */
#include "ap_test.h"

#include <sys/wait.h>
#include <unistd.h>

static void test_life(void **state)
{
    apr_pool_t *own;

    apr_pool_create(&own, *state);
    ap_test_start(own);
    assert_non_null(eas_ap_slots());
    assert_int_equal(eas_ap_slot_mine(), 0);
    assert_true(eas_ap_slot_fd() >= 0);
    apr_pool_destroy(own);
    assert_null(eas_ap_slots());
    assert_int_equal(eas_ap_slot_fd(), -1);
    eas_ap_slot_ended(1);
    eas_ap_slot_post(EAS_SLOT_ALL, EAS_SLOT_HINT, 1);
}

/* Another child of the same parent, which says COUNT things to slot 0 and to all. */
static void talk(int count)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        apr_pool_t *pool;

        apr_pool_create(&pool, NULL);
        eas_ap_slot_child(pool);
        if (eas_ap_slot_mine() != 1) {
            _exit(1);
        }
        eas_ap_slot_post(0, EAS_SLOT_SUPERSEDED, 42);
        for (int i = 0; i < count; i++) {
            eas_ap_slot_post(EAS_SLOT_ALL, EAS_SLOT_HINT, 43);
        }
        _exit(0);
    }
    assert_true(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
    ap_fake.child_status(NULL, pid, 0, 0, MPM_CHILD_EXITED);
    assert_false(eas_slot_is_used(eas_ap_slots(), 1));
}

static void test_messages(void **state)
{
    eas_slot_message_t messages[8];
    int lost, n, total = 0;

    ap_test_start(*state);
    assert_int_equal(eas_ap_slot_read(&lost, messages, 8), 0);
    talk(1);
    assert_int_equal(eas_ap_slot_read(&lost, messages, 8), 2);
    assert_int_equal(messages[0].type, EAS_SLOT_SUPERSEDED);
    assert_int_equal(messages[0].payload, 42);
    assert_int_equal(messages[1].type, EAS_SLOT_HINT);
    assert_false(lost);
    talk(10000); /* more than a pipe holds */
    n = eas_ap_slot_read(&lost, messages, 8);
    assert_true(lost);
    for (; n > 0; n = eas_ap_slot_read(&lost, messages, 8)) {
        total += n;
        assert_true(messages[n - 1].type == EAS_SLOT_HINT && messages[n - 1].payload == 43);
    }
    assert_true(total > 1000 && total < 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {POOL_TEST(test_life), POOL_TEST(test_messages)};

    return RUN_TESTS(tests);
}
