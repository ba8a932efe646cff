/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: ox_http.c */
#include "ox_test.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <apr_strings.h>
#include <apr_time.h>
#include <string.h>

typedef struct env_t {
    apr_pool_t *pool;
    mock_t *mock;
    ox_http_t *http;
    const char *url;
    usm_stats_t stats;
} env_t;

static env_t start(const canned_t *rows, ox_http_config_t config)
{
    env_t e = {0};
    apr_pool_create(&e.pool, NULL);
    e.mock = mock_start(rows, e.pool);
    test_ok(ox_http_create(&e.http, &config, e.pool), "create");
    e.url = apr_psprintf(e.pool, "http://127.0.0.1:%d/x", mock_port(e.mock));
    return e;
}

static usm_error_t *get(ox_rsp_t *rsp, env_t *e, ox_req_t req)
{
    req.method = req.method ? req.method : "GET";
    req.url = e->url;
    return ox_http_perform(rsp, e->http, &req, &e->stats, e->pool);
}

static void test_plain(void **state)
{
    static const canned_t rows[] = {{.match = "GET",
                                     .body = "hello",
                                     .headers = "Content-Type: text/x\r\nSet-Cookie: a=b; Path=/\r\n"
                                                "Set-Cookie: junk\r\nSet-Cookie:c=d\r\n"},
                                    {.match = "PUT", .body = "", .status = 404},
                                    {.match = NULL}};
    env_t e = start(rows, (ox_http_config_t){.user_agent = "test/1"});
    ox_rsp_t rsp;
    test_ok(get(&rsp, &e, (ox_req_t){.cookies = "x=y"}), "GET");
    assert_int_equal(rsp.status, 200);
    assert_string_equal(rsp.body, "hello");
    assert_int_equal(rsp.len, 5);
    assert_string_equal(rsp.content_type, "text/x");
    assert_int_equal(rsp.cookies->nelts, 2);
    assert_string_equal(APR_ARRAY_IDX(rsp.cookies, 0, const char *), "a=b");
    assert_string_equal(APR_ARRAY_IDX(rsp.cookies, 1, const char *), "c=d");
    assert_non_null(strstr(mock_request(e.mock, 0, e.pool), "Cookie: x=y\r\n"));
    assert_non_null(strstr(mock_request(e.mock, 0, e.pool), "User-Agent: test/1\r\n"));
    ox_http_free(&rsp, e.pool);
    assert_null(rsp.body);
    /* The next call of another user knows nothing of these cookies. */
    test_ok(get(&rsp, &e, (ox_req_t){.method = "PUT", .body = "abc", .body_len = 3}), "PUT");
    assert_int_equal(rsp.status, 404);
    assert_string_equal(rsp.body, "");
    assert_null(strstr(mock_request(e.mock, 1, e.pool), "Cookie"));
    assert_non_null(strstr(mock_request(e.mock, 1, e.pool), "\r\n\r\nabc"));
    assert_null(strstr(mock_request(e.mock, 1, e.pool), "Expect"));
    assert_int_equal(e.stats.backend_calls, 2);
    assert_int_equal(e.stats.backend_bytes_in, 5);
    assert_true(e.stats.backend_bytes_out > 100);
    apr_pool_destroy(e.pool);
}

static void test_status(void **state)
{
    static const canned_t rows[] = {{.match = "GET", .body = "<html>", .status = 503, .times = 1},
                                    {.match = "GET", .body = "<html>", .status = 500, .times = 1},
                                    {.match = "GET", .body = "<html>", .status = 429, .times = 1},
                                    {.match = "GET", .body = "<html>", .status = 403, .times = 1},
                                    {.match = "GET", .body = "0123456789", .cut = 4},
                                    {.match = NULL}};
    env_t e = start(rows, (ox_http_config_t){0});
    ox_rsp_t rsp;
    test_fails(get(&rsp, &e, (ox_req_t){0}), USM_EUNAVAILABLE, "503");
    test_fails(get(&rsp, &e, (ox_req_t){0}), USM_EUNAVAILABLE, "500");
    test_fails(get(&rsp, &e, (ox_req_t){0}), USM_EUNAVAILABLE, "429");
    test_ok(get(&rsp, &e, (ox_req_t){0}), "403");
    assert_int_equal(rsp.status, 403);
    test_fails(get(&rsp, &e, (ox_req_t){0}), USM_EUNAVAILABLE, "cut off");
    apr_pool_destroy(e.pool);
}

static void test_bounds(void **state)
{
    static const canned_t rows[] = {{.match = "GET", .body = "0123456789", .chunk = 3}, {.match = NULL}};
    env_t e = start(rows, (ox_http_config_t){0});
    ox_rsp_t rsp;
    test_ok(get(&rsp, &e, (ox_req_t){.max = 10}), "as large as allowed");
    test_fails(get(&rsp, &e, (ox_req_t){.max = 9}), USM_ELIMIT, "too large");
    test_ok(get(&rsp, &e, (ox_req_t){0}), "works afterwards");
    apr_pool_destroy(e.pool);
}

static void test_timeout(void **state)
{
    static const canned_t rows[] = {{.match = "GET", .body = "late", .delay_ms = 600}, {.match = NULL}};
    env_t e = start(rows, (ox_http_config_t){.timeout_ms = 150, .breaker_failures = 1});
    ox_rsp_t rsp;
    test_fails(get(&rsp, &e, (ox_req_t){0}), USM_EUNAVAILABLE, "slow answer");
    /* Slow is not gone: the breaker counts connections only. */
    test_ok(get(&rsp, &e, (ox_req_t){.timeout_ms = 5000}), "longer patience");
    apr_pool_destroy(e.pool);
}

static int take(void *baton, const char *data, apr_size_t len)
{
    apr_size_t *seen = baton;
    *seen += len;
    return *seen >= 4;
}

static void test_early_end(void **state)
{
    static const canned_t rows[] = {{.match = "GET", .body = "0123456789", .chunk = 2}, {.match = NULL}};
    env_t e = start(rows, (ox_http_config_t){0});
    ox_rsp_t rsp;
    apr_size_t seen = 0;
    test_ok(get(&rsp, &e, (ox_req_t){.on_data = take, .baton = &seen}), "ended by the receiver");
    assert_in_range(seen, 4, 10);
    assert_null(rsp.body && rsp.len ? rsp.body : NULL);
    apr_pool_destroy(e.pool);
}

static void test_parts(void **state)
{
    static const canned_t rows[] = {{.match = "POST", .body = "ok"}, {.match = NULL}};
    env_t e = start(rows, (ox_http_config_t){0});
    ox_part_t parts[] = {
        {.name = "json", .data = "{}", .len = 2},
        {.name = "file", .filename = "p.png", .content_type = "image/png", .data = "\x89PNG", .len = 4}};
    ox_rsp_t rsp;
    test_ok(get(&rsp, &e, (ox_req_t){.method = "POST", .parts = parts, .part_count = 2}), "upload");
    const char *request = mock_request(e.mock, 0, e.pool);
    assert_non_null(strstr(request, "multipart/form-data; boundary="));
    assert_non_null(strstr(request, "name=\"json\"\r\n\r\n{}\r\n"));
    assert_non_null(strstr(request, "name=\"file\"; filename=\"p.png\"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n"));
    apr_pool_destroy(e.pool);
}

/* After enough refused connections the next calls fail without trying; one probe closes the breaker again. */
static void test_breaker(void **state)
{
    static const canned_t rows[] = {{.match = "GET", .body = "back"}, {.match = NULL}};
    apr_pool_t *pool;
    ox_http_t *http;
    ox_rsp_t rsp;
    usm_stats_t stats = {0};
    ox_http_config_t config = {.breaker_failures = 3, .breaker_ms = 200};
    apr_pool_create(&pool, NULL);
    test_ok(ox_http_create(&http, &config, pool), "create");
    /* A port nobody listens on: one that was free a moment ago. */
    apr_pool_t *short_pool;
    apr_pool_create(&short_pool, NULL);
    int port = mock_port(mock_start(rows, short_pool));
    apr_pool_destroy(short_pool);
    ox_req_t req = {.method = "GET", .url = apr_psprintf(pool, "http://127.0.0.1:%d/", port)};
    for (int i = 0; i < 3; i++)
        test_fails(ox_http_perform(&rsp, http, &req, &stats, pool), USM_EUNAVAILABLE, "refused");
    assert_int_equal(stats.backend_calls, 3);
    mock_t *mock = mock_start(rows, pool);
    req.url = apr_psprintf(pool, "http://127.0.0.1:%d/", mock_port(mock));
    test_fails(ox_http_perform(&rsp, http, &req, &stats, pool), USM_EUNAVAILABLE, "open");
    assert_int_equal(stats.backend_calls, 3);
    assert_int_equal(mock_requests(mock), 0);
    apr_sleep(250000);
    test_ok(ox_http_perform(&rsp, http, &req, &stats, pool), "probe");
    test_ok(ox_http_perform(&rsp, http, &req, &stats, pool), "closed");
    assert_int_equal(mock_requests(mock), 2);
    apr_pool_destroy(pool);
}

static void test_escape(void **state)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"", ""}, {"abc-._~09", "abc-._~09"}, {"a b&c=d/e?", "a%20b%26c%3Dd%2Fe%3F"}, {"\xc3\xbc%", "%C3%BC%25"}};
    apr_pool_t *pool;
    apr_pool_create(&pool, NULL);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_string_equal(ox_http_escape(rows[i].in, pool), rows[i].out);
    assert_string_equal(ox_path(pool, "mail", "action", "all", "skip", NULL, "folder", "default0/IN BOX", NULL),
                        "mail?action=all&folder=default0%2FIN%20BOX");
    apr_pool_destroy(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),     cmocka_unit_test(test_status),  cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_timeout),   cmocka_unit_test(test_early_end), cmocka_unit_test(test_parts),
        cmocka_unit_test(test_breaker),   cmocka_unit_test(test_escape),
    };
    apr_initialize();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
