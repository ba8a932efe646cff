/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: ap_log.c */
/* Levels, numbers and the text of messages, for a request and for the server. */
#include "ap_test.h"

static void test_lines(void **state)
{
    static const struct {
        usm_level_e level;
        int number;
        int httpd; /* level in httpd's log */
        const char *line;
    } rows[] = {
        {USM_LOG_ERR, EASLOGNO(7), APLOG_ERR, "EAS00007: 100% text"},
        {USM_LOG_WARNING, 12, APLOG_WARNING, "USM00012: 100% text"},
        {USM_LOG_NOTICE, 123456, APLOG_NOTICE, "USM123456: 100% text"},
        {USM_LOG_INFO, EASLOGNO(1), APLOG_INFO, "EAS00001: 100% text"},
        {USM_LOG_DEBUG, EASLOGNO(1), APLOG_DEBUG, "EAS00001: 100% text"},
        {USM_LOG_TRACE, 0, APLOG_TRACE2, "100% text"},
    };
    request_rec *r = ap_test_start(*state);
    usm_log_t logs[2];
    unsigned i, k;

    eas_ap_log_request(&logs[0], r);
    eas_ap_log_server(&logs[1], r->server);
    r->server->log.level = APLOG_TRACE8;
    for (k = 0; k < COUNT(logs); k++) {
        for (i = 0; i < COUNT(rows); i++) {
            ap_fake.log_lines = 0;
            usm_log(&logs[k], rows[i].level, rows[i].number, "%s", "100% text");
            if (ap_fake.log_lines != 1 || ap_fake.log_level != rows[i].httpd ||
                strcmp(ap_fake.log_line, rows[i].line) != 0) {
                fail_msg("sink %u row %u: level %d, %s", k, i, ap_fake.log_level, ap_fake.log_line);
            }
        }
    }
}

/* What httpd's LogLevel leaves out is not even made. Notices and what is graver httpd looks at itself. */
static void test_enabled(void **state)
{
    static const int levels[] = {APLOG_ERR, APLOG_WARNING, APLOG_NOTICE, APLOG_INFO, APLOG_DEBUG, APLOG_TRACE2};
    request_rec *r = ap_test_start(*state);
    usm_log_t logs[2];
    unsigned i, k;
    int at;

    eas_ap_log_request(&logs[0], r);
    eas_ap_log_server(&logs[1], r->server);
    for (k = 0; k < COUNT(logs); k++) {
        for (i = 0; i < COUNT(levels); i++) {
            r->server->log.level = levels[i];
            for (at = USM_LOG_ERR; at <= USM_LOG_TRACE; at++) {
                int want = at <= (int)i || at <= USM_LOG_NOTICE;

                ap_fake.log_lines = 0;
                usm_log(&logs[k], (usm_level_e)at, EASLOGNO(1), "text");
                if (ap_fake.log_lines != want || !logs[k].enabled(logs[k].baton, (usm_level_e)at) != !want) {
                    fail_msg("sink %u, LogLevel %d, level %d: %d lines", k, levels[i], at, ap_fake.log_lines);
                }
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {POOL_TEST(test_lines), POOL_TEST(test_enabled)};

    return RUN_TESTS(tests);
}
