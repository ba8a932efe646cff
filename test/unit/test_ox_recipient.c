/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: ox_recipient.c */
/* Whom the user writes to: what is asked, what is made of the answer, and how often. */
#include "ox_test.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <apr_strings.h>
#include <string.h>
#include <usm/fields.h>

#define LOGIN                                                                                                          \
    {                                                                                                                  \
        .match = "action=login", .body = "{\"session\":\"s\",\"user_id\":4,\"context_id\":1}"                         \
    }
/* rank, name, alias, three addresses */
#define ADA "[5,\"Ada\",\"al\",\"ada@x\",\"lady@x\",null]"
#define BERT "[7,\"\",null,null,null,\"bert@x\"]"
#define AGAIN "[1,\"Other\",null,\"ADA@X\",\"no address\",null]"

static const usm_bref_t folder = {.id = "usm:recipients", .cls = USM_RECIPIENT, .role = USM_ROLE_DEFAULT};

typedef struct site_t {
    apr_pool_t *pool;
    mock_t *mock;
    usm_backend_t *be;
    usm_bcall_t *call;
} site_t;

static void site_up(site_t *site, const canned_t *rows)
{
    apr_pool_create(&site->pool, NULL);
    site->mock = mock_start(rows, site->pool);
    site->be = test_backend(mock_port(site->mock), "", site->pool);
    site->call = test_call(site->be, site->pool);
}

static usm_error_t *changes(const char **cursor_p, noted_t *noted, site_t *site, const char *cursor, int max)
{
    const usm_brange_t range = {.since = USM_TIME_NONE, .max_items = max};
    usm_bsink_t sink = noted_sink(noted, site->pool);
    return site->be->vt->changes(cursor_p, site->call, &folder, &range, cursor, 0, &sink, site->pool, site->pool);
}

static void test_list(void **state)
{
    static const canned_t rows[] = {LOGIN,
                                    {.match = "action=search", .times = 6,
                                     .body = "{\"data\":[" BERT "," ADA "," AGAIN "]}"},
                                    {.match = "action=search", .body = "{\"data\":[" ADA "]}"}, {.match = NULL}};
    site_t site;
    noted_t noted;
    const char *cursor, *next;
    int changed;
    site_up(&site, rows);
    test_ok(changes(&cursor, &noted, &site, NULL, 0), "first");
    assert_int_equal(noted.upserts, 3); /* one address of two contacts is one */
    assert_int_equal(noted.begins, 1);
    assert_int_equal(noted.ends, 1);
    assert_non_null(strstr(mock_request(site.mock, 1, site.pool), "\"exclude_folders\":[6]"));
    assert_non_null(strstr(mock_request(site.mock, 1, site.pool), "sort=608&order=desc"));
    assert_non_null(strstr(mock_request(site.mock, 1, site.pool), "right_hand_limit=200"));
    test_ok(changes(&next, &noted, &site, cursor, 0), "the same");
    assert_string_equal(next, cursor);
    assert_int_equal(noted.begins, 0);
    /* Who waits asks no oftener than every ten minutes. */
    test_ok(site.be->vt->changed(&changed, site.call, &folder, cursor, site.pool), "changed");
    assert_false(changed);
    assert_int_equal(mock_count(site.mock, "action=search"), 2);
    test_ok(changes(&next, &noted, &site, cursor, 1), "fewer");
    assert_string_not_equal(next, cursor);
    assert_int_equal(noted.upserts, 1); /* a full listing: what is not named is gone */
    test_ok(changes(&cursor, &noted, &site, next, -1), "as many as before");
    assert_string_equal(next, cursor);
    test_ok(site.be->vt->changed(&changed, site.call, &folder, "1 200 0", site.pool), "changed");
    assert_true(changed);
    test_ok(site.be->vt->changed(&changed, site.call, &folder, "other", site.pool), "changed");
    assert_true(changed);
    test_ok(changes(&next, &noted, &site, cursor, 0), "less");
    assert_int_equal(noted.upserts, 2);
    apr_pool_destroy(site.pool);
    (void)state;
}

static void test_get(void **state)
{
    static const canned_t rows[] = {LOGIN, {.match = "action=search", .body = "{\"data\":[" BERT "," ADA "]}"},
                                    {.match = NULL}};
    site_t site;
    noted_t noted;
    const char *cursor;
    usm_fetch_t fetch = fetch_all(USM_RECIPIENT, 0), none = {.text_max = 0};
    site_up(&site, rows);
    test_ok(changes(&cursor, &noted, &site, NULL, 0), "first");
    usm_bget_t gets[4];
    memset(gets, 0, sizeof gets);
    for (int i = 0; i < 3; i++) /* "+id rev edge" behind "[" */
        gets[i].id = apr_pstrmemdup(site.pool, APR_ARRAY_IDX(noted.lines, i + 1, const char *) + 1, 40);
    gets[3].id = "gone";
    test_ok(site.be->vt->get(gets, 4, site.call, &folder, &fetch, site.pool, site.pool), "get");
    const usm_item_t *bert = gets[0].item, *ada = gets[1].item;
    assert_string_equal(usm_item_text(bert, USM_RECIPIENT_EMAIL), "bert@x");
    assert_string_equal(usm_item_text(bert, USM_RECIPIENT_FILE_AS), "bert@x");
    assert_null(usm_item_text(bert, USM_RECIPIENT_ALIAS));
    assert_int_equal(usm_item_num(bert, USM_RECIPIENT_RANK, -1), 7);
    assert_string_equal(usm_item_text(ada, USM_RECIPIENT_FILE_AS), "Ada");
    assert_string_equal(usm_item_text(ada, USM_RECIPIENT_ALIAS), "al");
    assert_null(gets[3].item);
    assert_null(gets[3].error);
    for (int i = 0; i < 3; i++) {
        apr_uint64_t rev;
        assert_true(noted_has(&noted, '+', gets[i].id, &rev));
        assert_true(rev == gets[i].rev);
    }
    test_ok(site.be->vt->get(gets, 1, site.call, &folder, &none, site.pool, site.pool), "get nothing");
    assert_null(usm_item_text(gets[0].item, USM_RECIPIENT_EMAIL));
    apr_pool_destroy(site.pool);
    (void)state;
}

/* What cannot be told must not look like an empty folder; what the user may not do is one. */
static void test_refused(void **state)
{
    static const struct {
        const char *body;
        apr_status_t code;
    } rows[] = {
        {"{\"error\":\"x\",\"categories\":\"USER_INPUT\",\"code\":\"CON-1000\"}", 0},
        {"{\"error\":\"x\",\"categories\":\"PERMISSION_DENIED\",\"code\":\"CON-0104\"}", 0},
        {"{\"error\":\"x\",\"categories\":\"SERVICE_DOWN\",\"code\":\"ABC-0002\"}", USM_EUNAVAILABLE},
        {"{\"data\":null}", USM_EBACKEND},
        {"{\"data\":[]}", 0},
        {"{\"data\":[[-1,null,null,\"a@x\",17,{}],[99999999999,\"B\",\"\",\"b@x\",\"\",\"@\"],7,[]]}", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const canned_t canned[] = {LOGIN, {.match = "action=search", .body = rows[i].body}, {.match = NULL}};
        site_t site;
        noted_t noted;
        const char *cursor;
        site_up(&site, canned);
        usm_error_t *err = changes(&cursor, &noted, &site, NULL, 0);
        if (rows[i].code)
            test_fails(err, rows[i].code, rows[i].body);
        else
            test_ok(err, rows[i].body);
        assert_int_equal(noted.upserts, i == 5 ? 3 : 0);
        apr_pool_destroy(site.pool);
    }
}

static void test_read_only(void **state)
{
    static const canned_t rows[] = {LOGIN, {.match = NULL}};
    site_t site;
    usm_bwrite_t result;
    usm_fieldset_t fields = {{1, 0}};
    site_up(&site, rows);
    const usm_item_t *item = usm_item_create(USM_RECIPIENT, site.pool);
    const usm_backend_vtable_t *vt = site.be->vt;
    test_fails(vt->add(&result, site.call, &folder, item, "u", site.pool, site.pool), USM_EUNSUPPORTED, "add");
    test_fails(vt->find_uid(&result, site.call, &folder, "u", site.pool, site.pool), USM_EUNSUPPORTED, "find");
    test_fails(vt->update(&result, site.call, &folder, "1", item, &fields, 1, site.pool, site.pool), USM_EUNSUPPORTED,
               "update");
    test_fails(vt->remove(site.call, &folder, "1", USM_DELETE_HARD, 0, site.pool), USM_EUNSUPPORTED, "remove");
    assert_int_equal(mock_requests(site.mock), 1); /* the login */
    apr_pool_destroy(site.pool);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_list), cmocka_unit_test(test_get),
                                       cmocka_unit_test(test_refused), cmocka_unit_test(test_read_only)};
    apr_initialize();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
