/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: log.c */
#include "test_core.h"

static char last[2048];
static int written, number;

static int only_errors(void *baton, usm_level_e level)
{
    (void)baton;
    return level <= USM_LOG_ERR;
}

static void write_line(void *baton, usm_level_e level, int no, const char *line)
{
    (void)baton;
    (void)level;
    written++;
    number = no;
    apr_cpystrn(last, line, sizeof last);
}

static void test_sink(void **state)
{
    usm_log_t log = {.enabled = only_errors, .write = write_line}, all = {.write = write_line},
              none = {NULL, NULL, NULL};
    char longer[3000];
    (void)state;
    usm_log(NULL, USM_LOG_ERR, 1, "to nobody");
    usm_log(&none, USM_LOG_ERR, 1, "to nobody");
    usm_log(&log, USM_LOG_INFO, 1, "below the level");
    assert_int_equal(written, 0);
    usm_log(&log, USM_LOG_ERR, 17, "user %s", "x");
    assert_int_equal(written, 1);
    assert_int_equal(number, 17);
    /* What comes from outside cannot start a line of its own or steer a terminal. */
    usm_log(&all, USM_LOG_TRACE, 0, "a%s", "\r\nEAS00001: forged\x1b[2J\x7f");
    assert_string_equal(last, "a??EAS00001: forged?[2J?");
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    usm_log(&all, USM_LOG_ERR, 1, "%s", longer);
    assert_int_equal(strlen(last), 1023);
    assert_true(usm_log_on(&all, USM_LOG_TRACE));
    assert_false(usm_log_on(&log, USM_LOG_WARNING));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sink)};
    return cmocka_run_group_tests_name("log", tests, pool_up, pool_down);
}
