/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: ox_login.c */
/* Logins against canned answers: cookies, renewal by one thread for all, refusals. */
#include "ox_test.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <apr_strings.h>
#include <apr_thread_proc.h>
#include <string.h>

#define JSON_TYPE "Content-Type: text/javascript; charset=UTF-8\r\n"
#define LOGIN_OK(session)                                                                                              \
    "{\"session\":\"" session "\",\"user\":\"anton\",\"user_id\":4,\"context_id\":1,\"locale\":\"de_DE\"}"
#define COOKIES(secret)                                                                                                \
    JSON_TYPE "Set-Cookie: JSESSIONID=113.APP1; Path=/; HttpOnly\r\nset-cookie: open-xchange-secret-x=" secret         \
              "; Path=/\r\n"
#define EXPIRED                                                                                                        \
    "{\"error\":\"Your session expired.\",\"categories\":\"TRY_AGAIN\",\"category\":4,\"code\":\"SES-0203\"}"
#define CAPS "{\"data\":[{\"id\":\"webmail\"},{\"id\":\"usm\",\"attributes\":{}},{\"id\":\"active_sync\"}]}"

static apr_pool_t *new_pool(void)
{
    apr_pool_t *pool;
    apr_pool_create(&pool, NULL);
    return pool;
}

static void test_requests(void **state)
{
    static const canned_t rows[] = {
        {.match = "action=login", .body = LOGIN_OK("s1"), .headers = COOKIES("aa")},
        {.match = "capabilities", .body = CAPS},
        {.match = "module=x",
         .body = "{\"data\":1}",
         .times = 1,
         .headers = JSON_TYPE "Set-Cookie: JSESSIONID=114.APP2\r\n"},
        {.match = "module=x", .body = "{\"data\":1}"},
        {.match = "action=logout", .body = ""},
        {.match = NULL},
    };
    apr_pool_t *pool = new_pool(), *calls;
    mock_t *mock = mock_start(rows, pool);
    ox_answer_t a;
    usm_backend_t *be = test_backend(mock_port(mock), NULL, pool);
    apr_pool_create(&calls, pool);
    usm_bcall_t *call = test_call(be, calls);
    test_ok(ox_get(&a, call, "module=x", calls), "call");
    test_ok(ox_get(&a, call, "module=x", calls), "call");
    apr_pool_destroy(calls);
    const char *login = mock_request(mock, 0, pool), *caps = mock_request(mock, 1, pool);
    assert_non_null(strstr(login, "POST /ajax/login?action=login&authId="));
    assert_null(strstr(login, "GET /ajax/login?action=login&password"));
    assert_non_null(strstr(login, "\r\n\r\nname=anton&password=secret&client=USM-EAS&version="));
    assert_non_null(strstr(login, "User-Agent: Open-Xchange USM HTTP Client\r\n"));
    assert_non_null(strstr(caps, "session=s1"));
    assert_non_null(strstr(caps, "Cookie: JSESSIONID=113.APP1; open-xchange-secret-x=aa\r\n"));
    assert_non_null(strstr(caps, "Accept: application/json, text/javascript\r\n"));
    /* A cookie that a later answer sets replaces the old one. */
    assert_non_null(strstr(mock_request(mock, 3, pool), "Cookie: JSESSIONID=114.APP2; open-xchange-secret-x=aa\r\n"));
    assert_non_null(strstr(mock_request(mock, 4, pool), "action=logout&session=s1"));
    assert_int_equal(mock_requests(mock), 5);
    apr_pool_destroy(pool);
}

static const struct {
    const char *what, *login, *caps, *need;
    int status;
    apr_status_t code;
} refusal_rows[] = {
    {"wrong password", "{\"error\":\"x\",\"categories\":\"USER_INPUT\",\"category\":1,\"code\":\"LGI-0006\"}", CAPS,
     NULL, 0, USM_EAUTH},
    {"user error", "{\"error\":\"x\",\"categories\":\"USER_INPUT\",\"code\":\"LGI-0010\"}", CAPS, NULL, 0, USM_EAUTH},
    {"login later", "{\"error\":\"x\",\"categories\":\"TRY_AGAIN\",\"code\":\"LGI-0001\"}", CAPS, NULL, 0,
     USM_EBACKEND},
    {"login down", "{\"error\":\"x\",\"categories\":\"SERVICE_DOWN\",\"code\":\"LGI-0001\"}", CAPS, NULL, 0,
     USM_EUNAVAILABLE},
    {"too many sessions", "{\"error\":\"x\",\"categories\":\"USER_INPUT\",\"code\":\"SES-0007\"}", CAPS, NULL, 0,
     USM_EUNAVAILABLE},
    {"no session", "{\"user_id\":4,\"context_id\":1}", CAPS, NULL, 0, USM_EBACKEND},
    {"no JSON", "<html></html>", CAPS, NULL, 0, USM_EBACKEND},
    {"503", LOGIN_OK("s1"), CAPS, NULL, 503, USM_EUNAVAILABLE},
    {"429", LOGIN_OK("s1"), CAPS, NULL, 429, USM_EUNAVAILABLE},
    {"no capability", LOGIN_OK("s1"), "{\"data\":[{\"id\":\"usm\"}]}", NULL, 0, USM_EDISABLED},
    {"capability as single object", LOGIN_OK("s1"), "{\"data\":{\"id\":\"usm\"}}", "usm", 0, APR_SUCCESS},
    {"empty result", LOGIN_OK("s1"), "{\"data\":{}}", "usm", 0, USM_EDISABLED},
    {"no capabilities module", LOGIN_OK("s1"), "{\"error\":\"x\",\"categories\":\"ERROR\",\"code\":\"SVL-0021\"}", NULL,
     0, USM_EDISABLED},
    {"no capabilities module, none needed", LOGIN_OK("s1"), "{\"error\":\"x\"}", "", 0, APR_SUCCESS},
    {"all", LOGIN_OK("s1"), CAPS, NULL, 0, APR_SUCCESS},
};

static void test_refusals(void **state)
{
    for (size_t i = 0; i < sizeof refusal_rows / sizeof refusal_rows[0]; i++) {
        canned_t rows[] = {
            {.match = "action=login", .body = refusal_rows[i].login, .status = refusal_rows[i].status},
            {.match = "capabilities", .body = refusal_rows[i].caps},
            {.match = "action=logout", .body = ""},
            {.match = NULL},
        };
        apr_pool_t *pool = new_pool();
        mock_t *mock = mock_start(rows, pool);
        usm_backend_t *be = test_backend(mock_port(mock), refusal_rows[i].need, pool);
        usm_blogin_t *login = NULL;
        usm_error_t *err = be->vt->login(&login, be, "anton", "p&w=\xc3\xbc", NULL, NULL, pool);
        if (usm_error_code(err) != refusal_rows[i].code)
            fail_msg("%s: %s", refusal_rows[i].what, usm_error_text(err, pool));
        assert_int_equal(mock_count(mock, "password=p%26w%3D%C3%BC&"), 1);
        /* A session that was opened and not used is closed again. */
        if (refusal_rows[i].code == USM_EDISABLED)
            assert_int_equal(mock_count(mock, "action=logout"), 1);
        if (!err) {
            be->vt->release(login);
            assert_int_equal(mock_count(mock, "action=logout"), 0);
        }
        apr_pool_destroy(pool);
    }
}

/* ---- one thread logs in again for all ---- */

enum { THREADS = 8, ROUNDS = 10 };

typedef struct worker_t {
    usm_bcall_t call;
    int errors;
} worker_t;

static void *APR_THREAD_FUNC work(apr_thread_t *thread, void *data)
{
    worker_t *w = data;
    for (int i = 0; i < ROUNDS; i++) {
        apr_pool_t *pool;
        ox_answer_t a;
        apr_pool_create_unmanaged_ex(&pool, NULL, NULL);
        w->call.backend->vt->retain(w->call.login);
        w->errors += ox_get(&a, &w->call, "module=y", pool) != NULL;
        w->call.backend->vt->freeze(w->call.login, pool);
        w->call.backend->vt->release(w->call.login);
        apr_pool_destroy(pool);
    }
    return NULL;
}

static void test_renewal_shared(void **state)
{
    static const canned_t rows[] = {
        {.match = "action=login", .body = LOGIN_OK("old"), .headers = COOKIES("aa"), .times = 1},
        {.match = "action=login", .body = LOGIN_OK("new"), .headers = COOKIES("bb"), .delay_ms = 50},
        {.match = "capabilities", .body = CAPS},
        {.match = "session=old", .body = EXPIRED},
        {.match = "session=new", .body = "{\"data\":1}", .headers = JSON_TYPE "Set-Cookie: JSESSIONID=115.APP1\r\n"},
        {.match = NULL},
    };
    apr_pool_t *pool = new_pool(), *calls;
    mock_t *mock = mock_start(rows, pool);
    usm_backend_t *be = test_backend(mock_port(mock), NULL, pool);
    worker_t workers[THREADS] = {{{0}, 0}};
    usm_stats_t stats[THREADS] = {{0}};
    apr_thread_t *threads[THREADS];
    apr_uint64_t logins = 0;
    apr_pool_create(&calls, pool);
    usm_bcall_t *call = test_call(be, calls);
    for (int i = 0; i < THREADS; i++) {
        workers[i].call = *call;
        workers[i].call.stats = &stats[i];
        assert_int_equal(apr_thread_create(&threads[i], NULL, work, &workers[i], pool), APR_SUCCESS);
    }
    for (int i = 0; i < THREADS; i++) {
        apr_status_t rv;
        apr_thread_join(&rv, threads[i]);
        assert_int_equal(workers[i].errors, 0);
        logins += stats[i].backend_logins;
    }
    assert_int_equal(logins, 1);
    assert_int_equal(mock_count(mock, "POST /ajax/login"), 2);
    /* Nothing of the old session is left. */
    ox_snap_t snap;
    ox_login_snap(&snap, call->login, pool);
    assert_string_equal(snap.session, "new");
    assert_null(strstr(snap.cookies, "secret-x=aa"));
    apr_pool_destroy(calls);
    apr_pool_destroy(pool);
}

/* Once, not for ever. */
static void test_renewal_bounded(void **state)
{
    static const canned_t rows[] = {
        {.match = "action=login", .body = LOGIN_OK("s"), .headers = COOKIES("aa")},
        {.match = "capabilities", .body = CAPS},
        {.match = "module=z", .body = EXPIRED},
        {.match = "multiple", .body = "[" EXPIRED "]"},
        {.match = NULL},
    };
    apr_pool_t *pool = new_pool(), *calls;
    mock_t *mock = mock_start(rows, pool);
    usm_backend_t *be = test_backend(mock_port(mock), NULL, pool);
    ox_answer_t a;
    ox_json_t *answers;
    apr_pool_create(&calls, pool);
    usm_bcall_t *call = test_call(be, calls);
    test_fails(ox_get(&a, call, "module=z", calls), USM_EBACKEND, "expired for ever");
    assert_int_equal(mock_count(mock, "module=z"), 2);
    assert_int_equal(mock_count(mock, "POST /ajax/login"), 2);
    ox_json_t *requests = ox_json_array(calls);
    ox_json_add(requests, ox_request(calls, "mail", "all", NULL));
    test_fails(ox_multiple(&answers, call, requests, calls), USM_EBACKEND, "expired inside of multiple");
    assert_int_equal(mock_count(mock, "POST /ajax/login"), 3);
    apr_pool_destroy(calls);
    apr_pool_destroy(pool);
}

static void test_password_changed(void **state)
{
    static const canned_t rows[] = {
        {.match = "action=login", .body = LOGIN_OK("s"), .headers = COOKIES("aa"), .times = 1},
        {.match = "action=login", .body = "{\"error\":\"x\",\"categories\":\"USER_INPUT\",\"code\":\"LGI-0006\"}"},
        {.match = "capabilities", .body = CAPS},
        {.match = "module=z", .body = EXPIRED},
        {.match = NULL},
    };
    apr_pool_t *pool = new_pool(), *calls;
    mock_t *mock = mock_start(rows, pool);
    usm_backend_t *be = test_backend(mock_port(mock), NULL, pool);
    ox_answer_t a;
    apr_pool_create(&calls, pool);
    usm_bcall_t *call = test_call(be, calls);
    test_fails(ox_get(&a, call, "module=z", calls), USM_EAUTH, "password has changed");
    apr_pool_destroy(calls);
    apr_pool_destroy(pool);
}

static void test_another_user(void **state)
{
    static const canned_t rows[] = {
        {.match = "action=login", .body = LOGIN_OK("s"), .headers = COOKIES("aa"), .times = 1},
        {.match = "action=login", .body = "{\"session\":\"t\",\"user_id\":5,\"context_id\":1}"},
        {.match = "capabilities", .body = CAPS},
        {.match = "module=z", .body = EXPIRED},
        {.match = "action=logout", .body = ""},
        {.match = NULL},
    };
    apr_pool_t *pool = new_pool(), *calls;
    mock_t *mock = mock_start(rows, pool);
    usm_backend_t *be = test_backend(mock_port(mock), NULL, pool);
    ox_answer_t a;
    apr_pool_create(&calls, pool);
    usm_bcall_t *call = test_call(be, calls);
    test_fails(ox_get(&a, call, "module=z", calls), USM_EAUTH, "the name belongs to another user");
    assert_int_equal(mock_count(mock, "action=logout&session=t"), 1);
    apr_pool_destroy(calls);
    apr_pool_destroy(pool);
}

static void test_frozen(void **state)
{
    static const char *const bad[] = {
        "",
        "x",
        "{}",
        "{\"v\":2,\"session\":\"s\",\"cookies\":\"c\",\"context\":1,\"user\":4}",
        "{\"v\":1,\"cookies\":\"c\",\"context\":1,\"user\":4}",
        "{\"v\":1,\"session\":\"s\",\"cookies\":\"c\",\"user\":4}",
    };
    apr_pool_t *pool = new_pool();
    usm_backend_t *be = test_backend(9, NULL, pool);
    usm_blogin_t *login;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        test_fails(be->vt->resume(&login, be, bad[i], pool), USM_EINVALID, bad[i]);
    static const char good[] = "{\"v\":1,\"session\":\"s\",\"cookies\":\"a=b; c=d\",\"context\":1,\"user\":4}";
    test_ok(be->vt->resume(&login, be, good, pool), "resume");
    assert_string_equal(be->vt->user(login), "1/4");
    assert_string_equal(be->vt->freeze(login, pool), good);
    be->vt->retain(login);
    be->vt->release(login);
    be->vt->release(login);
    apr_pool_destroy(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),         cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_renewal_shared),   cmocka_unit_test(test_renewal_bounded),
        cmocka_unit_test(test_another_user),     cmocka_unit_test(test_frozen),
        cmocka_unit_test(test_password_changed),
    };
    apr_initialize();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
