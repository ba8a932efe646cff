/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: ox_move.c */
/* Moving items in one call: what is asked, and what each answer means for its row. */
#include "ox_test.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <apr_strings.h>
#include <string.h>

#define LOGIN                                                                                                          \
    {                                                                                                                  \
        .match = "action=login", .body = "{\"session\":\"s\",\"user_id\":4,\"context_id\":1}"                         \
    }
#define NO_SUCH "{\"error\":\"x\",\"categories\":\"ERROR\",\"code\":\"CON-0125\"}"
#define DOWN "{\"error\":\"x\",\"categories\":\"SERVICE_DOWN\",\"code\":\"ABC-0002\"}"

/* Three rows: two are done, one is refused; a server that is down is an error of the whole. */
static void test_classes(void **state)
{
    static const struct {
        usm_class_e cls;
        const char *module, *answers, *first_id;
        int stamped, quiet; /* the request has a timestamp; tells nobody */
        apr_status_t whole;
    } rows[] = {
        {USM_EMAIL, "mail", "[{\"data\":{\"folder_id\":\"b\",\"id\":\"91\"}}," NO_SUCH ",{\"data\":{\"id\":\"93\"}}]",
         "91", 0, 0, 0},
        {USM_EMAIL, "mail", "[{\"data\":{}}," NO_SUCH ",{\"data\":{\"id\":\"93\"}}]", NULL, 0, 0, 0},
        {USM_CONTACT, "contacts", "[{\"data\":{}}," NO_SUCH ",{\"data\":{}}]", "11", 1, 0, 0},
        {USM_EVENT, "calendar", "[{\"data\":{}}," NO_SUCH ",{\"data\":{}}]", "11", 1, 1, 0},
        {USM_TASK, "tasks", "[{\"data\":{}}," NO_SUCH ",{\"data\":{}}]", "11", 1, 0, 0},
        {USM_CONTACT, "contacts", "[{\"data\":{}}," DOWN ",{\"data\":{}}]", NULL, 1, 0, USM_EUNAVAILABLE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const canned_t canned[] = {LOGIN, {.match = "multiple", .body = rows[i].answers}, {.match = NULL}};
        const usm_bref_t from = {.id = "a", .cls = rows[i].cls}, to = {.id = "b", .cls = rows[i].cls};
        usm_bmove_t moves[3] = {{.id = "11"}, {.id = "12"}, {.id = "13"}};
        apr_pool_t *pool, *calls;
        apr_pool_create(&pool, NULL);
        mock_t *mock = mock_start(canned, pool);
        apr_pool_create(&calls, pool);
        usm_backend_t *be = test_backend(mock_port(mock), "", pool);
        usm_error_t *err = be->vt->move(moves, 3, test_call(be, calls), &from, &to, pool, pool);
        if (usm_error_code(err) != rows[i].whole)
            fail_msg("row %zu: %s", i, err ? usm_error_text(err, pool) : "no error");
        const char *request = NULL;
        for (int r = 0; r < mock_requests(mock); r++) {
            if (strstr(mock_request(mock, r, pool), "multiple"))
                request = mock_request(mock, r, pool);
        }
        if (!request || !strstr(request, apr_psprintf(pool, "\"module\":\"%s\"", rows[i].module)) ||
            !strstr(request, "\"folder_id\":\"b\"") || !strstr(request, "\"id\":\"12\"") ||
            !strstr(request, "\"timestamp\"") != !rows[i].stamped ||
            !strstr(request, "\"notification\":false") != !rows[i].quiet)
            fail_msg("row %zu asks: %s", i, request ? request : "nothing");
        if (!rows[i].whole) {
            assert_null(moves[0].error);
            if (!moves[0].result.id != !rows[i].first_id ||
                (rows[i].first_id && strcmp(moves[0].result.id, rows[i].first_id) != 0))
                fail_msg("row %zu: the first is %s", i, moves[0].result.id ? moves[0].result.id : "nowhere");
            assert_true(usm_error_is(moves[1].error, USM_ENOTFOUND));
            assert_null(moves[1].result.id);
            assert_null(moves[2].error);
            assert_string_equal(moves[2].result.id, rows[i].cls == USM_EMAIL ? "93" : "13");
        }
        apr_pool_destroy(calls);
        apr_pool_destroy(pool);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_classes)};
    apr_initialize();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
