/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: ap_pace.c */
/* The table of paces lives as long as the configuration, and processes that are forked share it. */
#include "ap_test.h"

#include <sys/wait.h>
#include <unistd.h>

static void test_life(void **state)
{
    apr_pool_t *first, *second;
    eas_pace_t *table;

    apr_pool_create(&first, *state);
    ap_test_start(first);
    assert_non_null(eas_ap_pace());
    apr_pool_destroy(first);
    assert_null(eas_ap_pace());

    /* httpd reads its configuration anew at a graceful restart. */
    apr_pool_create(&second, *state);
    ap_test_start(second);
    table = eas_ap_pace();
    assert_non_null(table);
    assert_ptr_equal(eas_ap_pace(), table);
}

/* What a child writes, the parent and with it all other children see. */
static void test_shared(void **state)
{
    volatile char *byte;
    int status;
    pid_t pid;

    ap_test_start(*state);
    byte = (volatile char *)eas_ap_pace() + eas_pace_size() - 1;
    assert_int_equal(*byte, 0);
    pid = fork();
    if (pid == 0) {
        *byte = 1;
        _exit(0);
    }
    assert_true(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
    assert_int_equal(*byte, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {POOL_TEST(test_life), POOL_TEST(test_shared)};

    return RUN_TESTS(tests);
}
