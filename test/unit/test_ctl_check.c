/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: ctl_check.c */
/* Each fault that check can find is told as that one, against canned answers. */
#include "ox_test.h"

#include "ctl_test.h"

#define LOGIN_OK                                                                                                       \
    "{\"session\":\"s1\",\"user\":\"anton\",\"user_id\":4,\"context_id\":1,\"locale\":\"de_DE\"}"
#define CAPS "{\"data\":[{\"id\":\"active_sync\"},{\"id\":\"usm\"},{\"id\":\"webmail\"}]}"
#define NO_CAPS "{\"data\":[{\"id\":\"webmail\"}]}"
#define REFUSED                                                                                                        \
    "{\"error\":\"The user name or password is incorrect.\",\"code\":\"LGI-0006\",\"category\":1,\"error_params\":[]}"
#define COOKIES "Set-Cookie: open-xchange-secret-x=aa; Path=/\r\nSet-Cookie: JSESSIONID=1.APP1; Path=/\r\n"

/* The words "ok" and "fault" of the lines, in the order store, server, tls, login, capabilities. */
static const char *verdicts(const char *out)
{
    static const char *const names[] = {"store", "server", "tls", "login", "capabilities"};
    static char text[COUNT(names) + 1];
    unsigned i;

    for (i = 0; i < COUNT(names); i++) {
        char ok[64], fault[64];

        apr_snprintf(ok, sizeof(ok), "ok     %-12s  ", names[i]);
        apr_snprintf(fault, sizeof(fault), "fault  %-12s  ", names[i]);
        text[i] = strstr(out, ok) != NULL ? '+' : strstr(out, fault) != NULL ? '-' : '?';
    }
    return text;
}

static void test_verdicts(void **state)
{
    static const struct {
        const char *login, *caps, *options, *password, *want, *says;
        int code;
    } rows[] = {
        {LOGIN_OK, CAPS, "", "secret\n", "+++++", "the user's key is 1/4", CTL_OK},
        {LOGIN_OK, CAPS, "", "secret\r\nmore\n", "+++++", "active_sync,usm", CTL_OK},
        {LOGIN_OK, NO_CAPS, "", "secret\n", "++++-", "active_sync", CTL_FAULT},
        {LOGIN_OK, NO_CAPS, " --capabilities=", "secret\n", "+++++", "none are asked for", CTL_OK},
        {LOGIN_OK, CAPS, " --insecure", "secret\n", "+++++", "not checked, as told", CTL_OK},
        {REFUSED, CAPS, "", "secret\n", "+++--", "try the name and the password", CTL_FAULT},
        {"<html>hello</html>", CAPS, "", "secret\n", "+++--", "not looked at, for want of a login", CTL_FAULT},
        {LOGIN_OK, CAPS, "", "", "+++--", "no password can be read", CTL_FAULT},
        {LOGIN_OK, CAPS, " --password-file /nonexistent", "secret\n", "+++--", "no password can be read", CTL_FAULT},
    };
    unsigned i;

    for (i = 0; i < COUNT(rows); i++) {
        const canned_t answers[] = {
            {.match = "action=login", .body = rows[i].login, .headers = COOKIES},
            {.match = "capabilities", .body = rows[i].caps},
            {.match = "action=ping", .body = "{\"data\":true}"},
            {.match = "action=logout", .body = ""},
            {.match = NULL},
        };
        apr_pool_t *pool;
        ctl_result_t result;
        const char *line;
        mock_t *mock;

        apr_pool_create(&pool, *state);
        mock = mock_start(answers, pool);
        line = apr_psprintf(pool, "check --user anton --store %s --ox http://127.0.0.1:%d/ajax/%s",
                            ctl_test_store(pool), mock_port(mock), rows[i].options);
        result = ctl_test_run(line, rows[i].password, pool);
        if (result.code != rows[i].code || strcmp(verdicts(result.out), rows[i].want) != 0 ||
            strstr(result.out, rows[i].says) == NULL || strstr(result.out, "secret") != NULL) {
            fail_msg("row %u: %d\n%s%s", i, result.code, result.out, result.err);
        }
        /* A session that was opened is closed. */
        assert_int_equal(mock_count(mock, "action=logout") > 0, strcmp(rows[i].want, "+++--") != 0);
        apr_pool_destroy(pool);
    }
}

/* Nobody answers, or somebody without TLS: the password is not sent. */
static void test_unreachable(void **state)
{
    apr_pool_t *pool = *state;
    const char *store = ctl_test_store(pool);
    ctl_result_t result =
        ctl_test_run(apr_psprintf(pool, "check --user a --store %s --ox http://127.0.0.1:1/ajax/", store), "x\n", pool);

    assert_int_equal(result.code, CTL_FAULT);
    assert_string_equal(verdicts(result.out), "+----");
    assert_non_null(strstr(result.out, "look at the URL"));
    result = ctl_test_run("check --user a --store sqlite:/nonexistent/x.db --ox https://127.0.0.1:1", "x\n", pool);
    assert_int_equal(result.code, CTL_FAULT);
    assert_string_equal(verdicts(result.out), "-----");
}

int main(void)
{
    const struct CMUnitTest tests[] = {POOL_TEST(test_verdicts), POOL_TEST(test_unreachable)};

    return RUN_TESTS(tests);
}
