/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: ap_autodiscover.c */
/* The addresses that the handler makes of what a client asked. */
#include "ap_test.h"

static void test_addresses(void **state)
{
    static const struct {
        const char *host, *https;
        int port;
        const char *url;
    } rows[] = {
        {"mail.example.org", "on", 443, "https://mail.example.org/Microsoft-Server-ActiveSync\""},
        {"mail.example.org", "on", 80, "https://mail.example.org/Microsoft-Server-ActiveSync\""},
        {"mail.example.org", "on", 8443, "https://mail.example.org:8443/Microsoft-Server-ActiveSync\""},
        {"mail.example.org", "off", 80, "http://mail.example.org/Microsoft-Server-ActiveSync\""},
        {"2001:db8::1", "on", 443, "https://[2001:db8::1]/Microsoft-Server-ActiveSync\""},
        {NULL, "on", 443, "https://www.example.org/Microsoft-Server-ActiveSync\""},
    };
    unsigned i;

    for (i = 0; i < COUNT(rows); i++) {
        request_rec *r = ap_test_start(*state);

        ap_fake.port = rows[i].port;
        r->handler = "eas-autodiscover";
        r->method = "GET";
        r->uri = (char *)"/autodiscover/autodiscover.json";
        r->args = (char *)"Protocol=ActiveSync";
        r->hostname = rows[i].host;
        apr_table_setn(r->subprocess_env, "HTTPS", rows[i].https);
        assert_int_equal(eas_ap_autodiscover(r), OK);
        if (r->status != 200 || strstr(ap_fake.sent, rows[i].url) == NULL) {
            fail_msg("row %u: HTTP %d: %s", i, r->status, ap_fake.sent);
        }
    }
}

static void test_handler(void **state)
{
    request_rec *r = ap_test_start(*state);

    assert_int_equal(eas_ap_autodiscover(r), DECLINED);
    r->handler = NULL;
    assert_int_equal(eas_ap_autodiscover(r), DECLINED);
    r->handler = "eas-autodiscover";
    r->uri = (char *)"/autodiscover/autodiscover.xml";
    apr_table_setn(r->subprocess_env, "HTTPS", "on");
    assert_int_equal(eas_ap_autodiscover(r), HTTP_UNAUTHORIZED);
    assert_int_equal(ap_fake.auth_failures, 1);
    assert_int_equal(eas_ap_handler(r), DECLINED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {POOL_TEST(test_addresses), POOL_TEST(test_handler)};
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
