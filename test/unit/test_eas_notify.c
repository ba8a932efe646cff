/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: eas_notify.c */
/* The endpoint for mail servers: what it answers to what, how many hints come of it, and its limit on floods. */
#include "eas_test.h"

#include "eas_notify.h"

#define ONE "{\"user\":\"11@3\",\"event\":\"messageNew\",\"folder\":\"INBOX\"}"

static int raised;

static void count(const eas_request_t *req, const usm_hint_t *hint)
{
    assert_true(hint->user != 0);
    raised++;
}

static eas_flow_t *flow_of(apr_pool_t *pool)
{
    eas_flow_t *flow = apr_pcalloc(pool, sizeof(*flow));

    assert_int_equal(apr_thread_mutex_create(&flow->mutex, APR_THREAD_MUTEX_DEFAULT, pool), APR_SUCCESS);
    return flow;
}

static void notify(test_answer_t *answer, const test_request_t *request, const eas_conf_t *conf, eas_flow_t *flow,
                   apr_pool_t *pool)
{
    eas_request_t req;

    memset(answer, 0, sizeof(*answer));
    test_request_fill(&req, request, conf, pool);
    raised = 0;
    eas_notify(&answer->rsp, &req, flow, count);
    test_answer_read(answer, pool);
}

static void test_answers(void **state)
{
    static const struct {
        const char *method, *body;
        int http_body, http, raised;
    } rows[] = {
        {"PUT", ONE, 0, 200, 1},
        {"POST", "[" ONE "," ONE "]", 0, 200, 2},
        {"POST", "[]", 0, 200, 0},
        {"PUT", "{\"user\":\"x\",\"event\":\"unknown\"}", 0, 200, 0},
        {"PUT", "{", 0, 400, 0},
        {"PUT", ONE, 413, 413, 0},
        {"PUT", ONE, 400, 400, 0},
        {"GET", ONE, 0, 405, 0},
        {"DELETE", "", 0, 405, 0},
    };
    eas_conf_t *conf = test_start(*state);
    unsigned i;

    for (i = 0; i < COUNT(rows); i++) {
        const test_request_t request = {.method = rows[i].method, .body = rows[i].body,
                                        .body_len = strlen(rows[i].body), .http_body = rows[i].http_body};
        test_answer_t answer;

        notify(&answer, &request, conf, flow_of(*state), *state);
        if (answer.rsp.http != rows[i].http || raised != rows[i].raised ||
            strstr(answer.data, rows[i].http == 200 ? "{\"success\":true}" : "{\"success\":false}") == NULL) {
            fail_msg("row %u: HTTP %d, %d hints, %s", i, answer.rsp.http, raised, answer.data);
        }
        if (rows[i].http == 405) {
            assert_string_equal(apr_table_get(answer.rsp.headers, "Allow"), "PUT, POST");
        }
    }
}

static void test_flow(void **state)
{
    eas_flow_t *flow = flow_of(*state);
    apr_time_t now = apr_time_from_sec(1000);
    int i;

    for (i = 0; i < 10; i++) {
        assert_int_equal(eas_flow_take(flow, 1, 10, now), 0);
    }
    assert_int_equal(eas_flow_take(flow, 1, 10, now), 2);
    assert_int_equal(eas_flow_take(flow, 1, 10, now + 200000), 0);
    assert_int_equal(eas_flow_take(flow, 1000, 0, now), 0); /* no limit */
    /* One request may have more than a second's worth; those behind it wait for it. */
    assert_int_equal(eas_flow_take(flow, 100, 10, now + apr_time_from_sec(60)), 0);
    assert_int_equal(eas_flow_take(flow, 1, 10, now + apr_time_from_sec(61)), 10);
    assert_int_equal(eas_flow_take(flow, 1, 10, now + apr_time_from_sec(70)), 0);
}

static void test_flood(void **state)
{
    static const test_request_t request = {.method = "PUT", .body = ONE, .body_len = sizeof(ONE) - 1};
    eas_conf_t *conf = test_start(*state);
    eas_flow_t *flow = flow_of(*state);
    test_answer_t answer;

    conf->notify_rate = 1;
    for (int i = 0; i < 2; i++) { /* the second one while the first one's time runs */
        notify(&answer, &request, conf, flow, *state);
        assert_int_equal(answer.rsp.http, 200);
    }
    notify(&answer, &request, conf, flow, *state);
    assert_int_equal(answer.rsp.http, 429);
    assert_int_equal(raised, 0);
    assert_true(atoi(apr_table_get(answer.rsp.headers, "Retry-After")) >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {POOL_TEST(test_answers), POOL_TEST(test_flow), POOL_TEST(test_flood)};

    return RUN_TESTS(tests);
}
