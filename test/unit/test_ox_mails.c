/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: ox_mail_many.c ox_search.c */
/* Many mails in one call: flags and deletions, and searches of folders; what is asked, and what each answer means. */
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
#define NO_SUCH "{\"error\":\"x\",\"categories\":\"ERROR\",\"code\":\"MSG-0032\"}"
#define DOWN "{\"error\":\"x\",\"categories\":\"SERVICE_DOWN\",\"code\":\"ABC-0002\"}"

typedef struct site_t {
    apr_pool_t *pool;
    mock_t *mock;
    usm_bcall_t *call;
    const usm_backend_vtable_t *vt;
} site_t;

static void site_up(site_t *site, const char *answers, int status)
{
    const canned_t canned[] = {LOGIN, {.match = "multiple", .body = answers, .status = status}, {.match = NULL}};
    apr_pool_t *calls;
    apr_pool_create(&site->pool, NULL);
    const canned_t *rows = apr_pmemdup(site->pool, canned, sizeof canned);
    site->mock = mock_start(rows, site->pool);
    apr_pool_create(&calls, site->pool);
    usm_backend_t *be = test_backend(mock_port(site->mock), "", calls);
    site->vt = be->vt;
    site->call = test_call(be, calls);
}

/* The body of the last `multiple`, "" when there was none. */
static const char *asked(const site_t *site)
{
    for (int r = mock_requests(site->mock) - 1; r >= 0; r--) {
        if (strstr(mock_request(site->mock, r, site->pool), "multiple"))
            return mock_request(site->mock, r, site->pool);
    }
    return "";
}

/* ---- flags and deletions ---- */

typedef struct edits_t {
    usm_bmail_t rows[4];
    usm_fieldset_t fields;
} edits_t;

/* 11 becomes read, 12 goes to the trash, 13 and 14 for good. */
static void make_edits(edits_t *e, apr_pool_t *pool)
{
    usm_item_t *item = usm_item_create(USM_EMAIL, pool);
    memset(e, 0, sizeof *e);
    usm_item_set_num(item, USM_EMAIL_READ, 1);
    USM_FIELDSET_ADD(&e->fields, USM_EMAIL_READ);
    e->rows[0] = (usm_bmail_t){.id = "11", .item = item, .fields = &e->fields};
    e->rows[1] = (usm_bmail_t){.id = "12", .how = USM_DELETE_TRASH};
    e->rows[2] = (usm_bmail_t){.id = "13", .how = USM_DELETE_HARD};
    e->rows[3] = (usm_bmail_t){.id = "14", .how = USM_DELETE_HARD};
}

static void test_edit(void **state)
{
    static const struct {
        const char *answers;
        int status;
        const char *done; /* of each row */
        apr_status_t whole;
    } rows[] = {
        {"[{\"data\":{}},{\"data\":[]},{\"data\":[]}]", 0, "1111", 0},
        {"[" NO_SUCH ",{\"data\":[]},{\"data\":[]}]", 0, "0111", 0},
        {"[{\"data\":{}}," NO_SUCH ",{\"data\":[]}]", 0, "1011", 0},
        /* A deletion that names mails has not done all of them: nobody knows of which row that is true. */
        {"[{\"data\":{}},{\"data\":[]},{\"data\":[{\"folder_id\":\"a\",\"id\":\"13\"}]}]", 0, "1100", 0},
        {"[{\"data\":{}}," DOWN ",{\"data\":[]}]", 0, NULL, USM_EUNAVAILABLE},
        {"down", 503, NULL, USM_EUNAVAILABLE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const usm_bref_t folder = {.id = "a", .cls = USM_EMAIL};
        edits_t e;
        site_t site;
        site_up(&site, rows[i].answers, rows[i].status);
        make_edits(&e, site.pool);
        usm_error_t *err = site.vt->edit_mails(e.rows, 4, site.call, &folder, site.pool, site.pool);
        if (usm_error_code(err) != rows[i].whole)
            fail_msg("row %zu: %s", i, err ? usm_error_text(err, site.pool) : "no error");
        usm_error_clear(err);
        for (int k = 0; rows[i].done && k < 4; k++) {
            if (e.rows[k].done != (rows[i].done[k] == '1'))
                fail_msg("row %zu: mail %s is %sdone", i, e.rows[k].id, e.rows[k].done ? "" : "not ");
        }
        apr_pool_destroy(site.pool);
    }
}

/* One request for each change, one for each kind of deletion; follow-up flags are left to be done alone. */
static void test_edit_asks(void **state)
{
    const usm_bref_t folder = {.id = "a", .cls = USM_EMAIL};
    edits_t e;
    site_t site;
    (void)state;
    site_up(&site, "[{\"data\":{}},{\"data\":[]},{\"data\":[]}]", 0);
    make_edits(&e, site.pool);
    test_ok(site.vt->edit_mails(e.rows, 4, site.call, &folder, site.pool, site.pool), "edit");
    const char *body = asked(&site);
    assert_int_equal(mock_count(site.mock, "multiple"), 1);
    assert_non_null(strstr(body, "\"action\":\"update\""));
    assert_non_null(strstr(body, "\"data\":[{\"folder\":\"a\",\"id\":\"12\"}]"));
    const char *hard = strstr(body, "\"harddelete\":\"true\"");
    assert_non_null(hard);
    assert_null(strstr(hard + 2, "harddelete"));
    assert_non_null(strstr(body, "\"data\":[{\"folder\":\"a\",\"id\":\"13\"},{\"folder\":\"a\",\"id\":\"14\"}]"));

    USM_FIELDSET_ADD(&e.fields, USM_EMAIL_FLAG);
    e.rows[0].done = 0;
    test_ok(site.vt->edit_mails(e.rows, 1, site.call, &folder, site.pool, site.pool), "flag");
    assert_int_equal(e.rows[0].done, 0);
    assert_int_equal(mock_count(site.mock, "multiple"), 1); /* nothing was asked for it */
    apr_pool_destroy(site.pool);
}

/* ---- searching ---- */

typedef struct searches_t {
    usm_bref_t refs[2];
    usm_bsearch_t rows[2];
} searches_t;

static void make_searches(searches_t *s, apr_pool_t *pool)
{
    for (int i = 0; i < 2; i++) {
        s->refs[i] = (usm_bref_t){.id = i ? "b" : "a", .cls = USM_EMAIL};
        s->rows[i] = (usm_bsearch_t){.folder = &s->refs[i], .hits = apr_array_make(pool, 4, sizeof(usm_bhit_t))};
    }
}

static const char *ids_of(const usm_bsearch_t *search, apr_pool_t *pool)
{
    const char *text = "";
    for (int i = 0; i < search->hits->nelts; i++)
        text = apr_pstrcat(pool, text, *text ? " " : "", APR_ARRAY_IDX(search->hits, i, usm_bhit_t).id, NULL);
    return text;
}

static void test_search(void **state)
{
    static const struct {
        const char *answers;
        usm_time_t after, before;
        const char *first, *second; /* ids found; NULL: the folder has an error */
        apr_status_t whole;
    } rows[] = {
        {"[{\"data\":[[\"7\",5000,0],[\"8\",4000,32]]},{\"data\":[]}]", USM_TIME_NONE, USM_TIME_NONE, "7 8", "", 0},
        {"[{\"data\":[[\"7\",5000,2],[\"\",4000,0],[null,1,0]]},{\"data\":[[\"9\",1,0]]}]", USM_TIME_NONE,
         USM_TIME_NONE, "", "9", 0}, /* deleted, without an id */
        {"[{\"data\":[[\"7\",5000,0],[\"8\",4000,0],[\"9\",3000,0]]},{\"data\":[]}]", 3000, 5000, "8", "", 0},
        {"[" NO_SUCH ",{\"data\":[[\"9\",1,0]]}]", USM_TIME_NONE, USM_TIME_NONE, NULL, "9", 0},
        {"[{\"data\":[]}," DOWN "]", USM_TIME_NONE, USM_TIME_NONE, NULL, NULL, USM_EUNAVAILABLE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const usm_query_t query = {.terms = {{.where = USM_IN_ANY, .text = "x"}}, .term_count = 1,
                                   .after = rows[i].after, .before = rows[i].before, .cls = USM_EMAIL};
        searches_t s;
        site_t site;
        site_up(&site, rows[i].answers, 0);
        make_searches(&s, site.pool);
        usm_error_t *err = site.vt->search(s.rows, 2, site.call, &query, site.pool, site.pool);
        if (usm_error_code(err) != rows[i].whole)
            fail_msg("row %zu: %s", i, err ? usm_error_text(err, site.pool) : "no error");
        for (int k = 0; !err && k < 2; k++) {
            const char *want = k ? rows[i].second : rows[i].first;
            if (!want != (s.rows[k].error != NULL) || (want && strcmp(ids_of(&s.rows[k], site.pool), want) != 0))
                fail_msg("row %zu: folder %d has '%s'", i, k, ids_of(&s.rows[k], site.pool));
        }
        apr_pool_destroy(site.pool);
    }
}

static void test_search_asks(void **state)
{
    static const struct {
        usm_term_t term;
        const char *has;
    } rows[] = {
        {{.where = USM_IN_FROM, .text = "x"}, "[\"=\",{\"field\":\"from\"},\"x\"]"},
        {{.where = USM_IN_BODY, .text = "a\"b"}, "[\"=\",{\"field\":\"content\"},\"a\\\"b\"]"},
        {{.where = USM_IN_SUBJECT, .text = "x", .not = 1}, "[\"not\",[\"=\",{\"field\":\"subject\"},\"x\"]]"},
        {{.where = USM_IN_ANY, .text = "x"}, "[\"or\",[\"=\",{\"field\":\"from\"},\"x\"],[\"=\",{\"field\":\"to\"}"},
    };
    site_t site;
    searches_t s;
    (void)state;
    site_up(&site, "[{\"data\":[]},{\"data\":[]}]", 0);
    make_searches(&s, site.pool);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        /* Days are compared by the server, instants here: it is asked for a day more on either side. */
        const usm_query_t query = {.terms = {rows[i].term}, .term_count = 1, .after = 3 * USM_DAY_MS,
                                   .before = 5 * USM_DAY_MS, .cls = USM_EMAIL};
        test_ok(site.vt->search(s.rows, 2, site.call, &query, site.pool, site.pool), "search");
        const char *body = asked(&site);
        if (!strstr(body, rows[i].has) || !strstr(body, "[\">\",{\"field\":\"received_date\"},172800000]") ||
            !strstr(body, "[\"<\",{\"field\":\"received_date\"},518400000]") || !strstr(body, "\"folder\":\"b\""))
            fail_msg("row %zu asks: %s", i, body);
    }
    int before = mock_requests(site.mock);
    const usm_query_t other = {.cls = USM_CONTACT};
    test_ok(site.vt->search(s.rows, 2, site.call, &other, site.pool, site.pool), "contacts");
    assert_int_equal(mock_requests(site.mock), before); /* only mails can be searched */
    apr_pool_destroy(site.pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_edit), cmocka_unit_test(test_edit_asks),
                                       cmocka_unit_test(test_search), cmocka_unit_test(test_search_asks)};
    apr_initialize();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
