/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: ox_people.c ox_mailfilter.c ox_picture.c */
/* People, their pictures, their time, and the out-of-office notice: what is asked, and what is made of the answers. */
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
#define NONE "null,null,null,null,null,null,null,null"
/* display, phone, office, title, company, alias, first, last, home, mobile, mail | id, folder, user, mail2, mail3 … */
#define ANNA                                                                                                           \
    "[\"Anna\",\"1\",\"\",null,null,null,null,null,null,null,\"a@x\",\"7\",\"6\",4,null,null,null,false,\"/ajax/p\",1]"
#define BERT "[\"Bert\"," NONE ",null,\"b*d@x\",\"8\",\"32\",9,null,null,null,false,null,1]"
#define LIST                                                                                                           \
    "[\"Team\"," NONE ",null,null,\"9\",\"32\",null,null,null,[{\"display_name\":\"C\",\"mail\":\"c@x\"},{}"          \
    ",{\"mail\":\"d@x\"}],true,null,0]"
#define SECOND "[\"Second\"," NONE ",null,null,\"10\",\"32\",null,\"s2@x\",\"s3@x\",null,false,null,0]"

typedef struct site_t {
    apr_pool_t *pool;
    mock_t *mock;
    usm_bcall_t *call;
} site_t;

static void site_up(site_t *site, const canned_t *rows)
{
    apr_pool_t *calls;
    apr_pool_create(&site->pool, NULL);
    site->mock = mock_start(rows, site->pool);
    apr_pool_create(&calls, site->pool);
    site->call = test_call(test_backend(mock_port(site->mock), "", calls), calls);
}

static const char *asked(const site_t *site, const char *what)
{
    for (int r = mock_requests(site->mock) - 1; r >= 0; r--) {
        if (strstr(mock_request(site->mock, r, site->pool), what))
            return mock_request(site->mock, r, site->pool);
    }
    return "";
}

static apr_array_header_t *search(site_t *site, const char *text, int everywhere, apr_status_t *code)
{
    usm_people_query_t query = {.text = text, .everywhere = everywhere,
                                .people = apr_array_make(site->pool, 4, sizeof(usm_person_t))};
    usm_people_query_t *queries[] = {&query};
    usm_error_t *err = ox_people(queries, 1, site->call, site->pool, site->pool);
    *code = usm_error_code(err ? err : query.error);
    usm_error_clear(err);
    return query.people;
}

static void test_people(void **state)
{
    static const canned_t rows[] = {
        LOGIN, {.match = "multiple", .body = "[{\"data\":[" ANNA "," BERT "," LIST "," SECOND "]}]"}, {.match = NULL}};
    site_t site;
    apr_status_t code;
    site_up(&site, rows);
    apr_array_header_t *people = search(&site, " an ", 1, &code);
    const usm_person_t *p = (const usm_person_t *)people->elts;
    assert_int_equal(code, 0);
    assert_int_equal(people->nelts, 4);
    assert_string_equal(p[0].address, "a@x");
    assert_null(p[0].office);
    assert_int_equal(p[0].user, 4);
    assert_string_equal(p[0].picture, "/ajax/p");
    assert_true(p[0].in_directory && !p[1].in_directory);
    assert_int_equal(p[1].user, 0); /* the number is of the directory only */
    assert_string_equal(p[1].picture, "");
    assert_true(p[2].is_list);
    assert_int_equal(p[2].member_count, 2);
    assert_string_equal(p[2].members[1].address, "d@x");
    assert_string_equal(p[3].address, "s2@x");
    assert_non_null(strstr(asked(&site, "multiple"), "\"display_name\":\"an*\""));
    assert_null(strstr(asked(&site, "multiple"), "\"folder\""));
    people = search(&site, "an", 0, &code);
    assert_int_equal(people->nelts, 3); /* no list in the directory */
    assert_non_null(strstr(asked(&site, "multiple"), "\"folder\":[6]"));
    apr_pool_destroy(site.pool);
    (void)state;
}

/* Wildcards stand for themselves. */
static void test_literal(void **state)
{
    static const canned_t rows[] = {LOGIN, {.match = "multiple", .body = "[{\"data\":[" ANNA "," BERT "]}]"},
                                    {.match = NULL}};
    site_t site;
    apr_status_t code;
    site_up(&site, rows);
    apr_array_header_t *people = search(&site, "B*D", 1, &code);
    assert_int_equal(people->nelts, 1);
    assert_string_equal(APR_ARRAY_IDX(people, 0, usm_person_t).display_name, "Bert");
    assert_non_null(strstr(asked(&site, "multiple"), "\"email1\":\"B?D*\""));
    assert_int_equal(search(&site, "%", 1, &code)->nelts, 0);
    assert_int_equal(search(&site, "a_", 1, &code)->nelts, 0);
    search(&site, "\"},{", 1, &code);
    assert_non_null(strstr(asked(&site, "multiple"), "\"email1\":\"\\\"},{*\""));
    apr_pool_destroy(site.pool);
    (void)state;
}

#define SHORT "{\"error\":\"x\",\"categories\":\"USER_INPUT\",\"code\":\"CON-1000\"}"
#define DENIED "{\"error\":\"x\",\"categories\":\"PERMISSION_DENIED\",\"code\":\"CON-0104\"}"
#define DOWN "{\"error\":\"x\",\"categories\":\"SERVICE_DOWN\",\"code\":\"ABC-0002\"}"

/* First and last name are asked for beside the whole; nobody is told of twice. */
static void test_pairs(void **state)
{
    static const struct {
        const char *body;
        int found;
        apr_status_t code;
    } rows[] = {
        {"[{\"data\":[" ANNA "]},{\"data\":[" ANNA "," BERT "]},{\"data\":[]}]", 2, 0},
        {"[{\"data\":[" ANNA "]}," SHORT "," SHORT "]", 1, 0},
        {"[" SHORT "," SHORT "," SHORT "]", 0, USM_EINVALID},
        {"[" DENIED "," DENIED "," DENIED "]", 0, USM_EFORBIDDEN},
        {"[{\"data\":[" ANNA "]}," DOWN ",{\"data\":[]}]", -1, USM_EUNAVAILABLE},
        {"[{\"data\":[]}]", -1, USM_EBACKEND},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const canned_t canned[] = {LOGIN, {.match = "multiple", .body = rows[i].body}, {.match = NULL}};
        site_t site;
        apr_status_t code;
        site_up(&site, canned);
        apr_array_header_t *people = search(&site, "Anna Meier", 1, &code);
        if (code != rows[i].code || (rows[i].found >= 0 && people->nelts != rows[i].found))
            fail_msg("row %zu: %d people, code %d", i, people->nelts, code);
        assert_non_null(strstr(asked(&site, "multiple"), "\"first_name\":\"Anna*\",\"last_name\":\"Meier*\""));
        assert_non_null(strstr(asked(&site, "multiple"), "\"last_name\":\"Anna*\",\"first_name\":\"Meier*\""));
        apr_pool_destroy(site.pool);
    }
}

static void test_picture(void **state)
{
    static const canned_t rows[] = {LOGIN, {.match = "contacts/picture", .body = "0123456789"}, {.match = NULL}};
    static const canned_t none[] = {LOGIN, {.match = NULL}};
    const usm_person_t person = {.id = "7", .folder = "6", .picture = ""};
    const usm_blob_t *picture = NULL;
    site_t site;
    (void)state;
    site_up(&site, rows);
    test_ok(ox_people_picture(&picture, site.call, &person, 10, site.pool), "picture");
    assert_int_equal(picture->len, 10);
    test_fails(ox_people_picture(&picture, site.call, &person, 9, site.pool), USM_ELIMIT, "large");
    test_fails(ox_people_picture(&picture, site.call, &person, 0, site.pool), USM_ELIMIT, "size 0");
    apr_pool_destroy(site.pool);
    site_up(&site, none);
    test_fails(ox_people_picture(&picture, site.call, &person, 10, site.pool), USM_ENOTFOUND, "none");
    apr_pool_destroy(site.pool);
}

static void test_busy(void **state)
{
    static const canned_t rows[] = {
        LOGIN,
        {.match = "multiple",
         .body = "[{\"data\":[{\"start_date\":10,\"end_date\":20,\"shown_as\":1},{\"start_date\":10,\"end_date\":20,"
                 "\"shown_as\":4},{\"start_date\":86400000,\"end_date\":172800000,\"shown_as\":3,\"full_time\":true},"
                 "{\"start_date\":30,\"end_date\":40,\"shown_as\":2},{\"start_date\":30,\"end_date\":40},"
                 "{\"start_date\":30},{\"start_date\":9,\"end_date\":3}]}," DENIED "]"},
        {.match = NULL}};
    static const enum usm_busy_e expected[] = {USM_BUSY_BUSY, USM_BUSY_AWAY, USM_BUSY_TENTATIVE, USM_BUSY_BUSY};
    site_t site;
    usm_busy_query_t queries[] = {{.user = 4}, {.user = 5}};
    (void)state;
    site_up(&site, rows);
    for (int i = 0; i < 2; i++)
        queries[i].times = apr_array_make(site.pool, 4, sizeof(usm_busy_t));
    test_ok(ox_people_busy(queries, 2, site.call, 200000000, 300000000, site.pool, site.pool), "busy");
    assert_int_equal(queries[0].times->nelts, 4);
    for (int i = 0; i < 4; i++) {
        const usm_busy_t *t = &APR_ARRAY_IDX(queries[0].times, i, usm_busy_t);
        assert_int_equal(t->busy, expected[i]);
        assert_int_equal(t->whole_days, i == 1);
    }
    assert_true(usm_error_is(queries[1].error, USM_EFORBIDDEN));
    const char *request = asked(&site, "multiple");
    assert_non_null(strstr(request, "\"start\":\"86400000\""));
    assert_non_null(strstr(request, "\"end\":\"432000000\""));
    apr_pool_destroy(site.pool);
}

/* ---- out of office ---- */

#define ACTION(text)                                                                                                   \
    "\"actioncmds\":[{\"id\":\"vacation\",\"days\":\"3\",\"addresses\":[\"q@x\"],\"subject\":\"S\",\"text\":\"" text   \
    "\"},{\"id\":\"stop\"}]"
#define RULE(id, active, test)                                                                                         \
    "{\"id\":" id ",\"active\":" active ",\"flags\":[\"vacation\"],\"test\":" test "," ACTION("weg") "}"
#define GE "{\"id\":\"currentdate\",\"comparison\":\"ge\",\"datepart\":\"date\",\"datevalue\":[1700438400000]}"
#define LE "{\"id\":\"currentdate\",\"comparison\":\"le\",\"datepart\":\"date\",\"datevalue\":[1701043200000]}"
#define WEEKDAY "{\"id\":\"currentdate\",\"comparison\":\"is\",\"datepart\":\"weekday\",\"datevalue\":[1]}"
#define FROM "{\"id\":\"from\",\"comparison\":\"contains\",\"values\":[\"@x\"]}"
#define ALL(a, b) "{\"id\":\"allof\",\"tests\":[" a "," b "]}"
#define TRUE_ "{\"id\":\"true\"}"
#define DATA(x) "{\"data\":[" x "]}"

static void test_away_get(void **state)
{
    static const struct {
        const char *rules;
        usm_away_e away;
        int first, last; /* days since 1970, -1: none */
        const char *text;
    } rows[] = {
        {"", USM_AWAY_OFF, -1, -1, NULL},
        {RULE("3", "true", TRUE_), USM_AWAY_ON, -1, -1, "weg"},
        {RULE("3", "false", TRUE_), USM_AWAY_OFF, -1, -1, "weg"},
        {RULE("3", "true", ALL(GE, LE)), USM_AWAY_DAYS, 19681, 19688, "weg"},
        {RULE("3", "false", ALL(GE, LE)), USM_AWAY_OFF, 19681, 19688, "weg"},
        {RULE("3", "true", GE), USM_AWAY_DAYS, 19681, -1, "weg"},
        {RULE("3", "true", ALL(LE, FROM)), USM_AWAY_DAYS, -1, 19688, "weg"},
        {RULE("3", "true", ALL(WEEKDAY, FROM)), USM_AWAY_ON, -1, -1, "weg"},
        {RULE("3", "false", GE) "," RULE("4", "true", TRUE_), USM_AWAY_ON, -1, -1, "weg"},
        {"{\"id\":1,\"active\":true,\"flags\":[],\"test\":" TRUE_ "," ACTION("fremd") "}", USM_AWAY_OFF, -1, -1, NULL},
        {"{\"id\":1,\"active\":true,\"flags\":[\"vacation\"],\"text\":\"broken\",\"errormsg\":\"e\"}", USM_AWAY_OFF, -1,
         -1, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        usm_away_t away = {.first = USM_TIME_NONE, .last = USM_TIME_NONE};
        site_t site;
        const char *body = apr_psprintf((apr_pool_t *)*state, DATA("%s"), rows[i].rules);
        const canned_t canned[] = {LOGIN, {.match = "flag=vacation", .body = body}, {.match = NULL}};
        site_up(&site, canned);
        test_ok(ox_away_get(&away, site.call, site.pool), "get");
        usm_time_t first = rows[i].first < 0 ? USM_TIME_NONE : rows[i].first * USM_DAY_MS;
        usm_time_t last = rows[i].last < 0 ? USM_TIME_NONE : rows[i].last * USM_DAY_MS;
        if (away.state != rows[i].away || away.first != first || away.last != last || !away.text != !rows[i].text ||
            (away.text && strcmp(away.text, rows[i].text) != 0))
            fail_msg("row %zu: state %d, days %ld to %ld, %s", i, away.state, (long)away.first, (long)away.last,
                     away.text ? away.text : "no text");
        apr_pool_destroy(site.pool);
    }
}

static const char *addresses[] = {"a@x", "b@x"};
static const usm_userinfo_t info = {.address_count = 2, .addresses = addresses};

static void test_away_set(void **state)
{
    static const struct {
        const char *rules, *config;
        usm_away_t away;
        apr_status_t code;
        const char *action, *sent; /* NULL: nothing is written */
    } rows[] = {
        {"", "", {.state = USM_AWAY_ON, .text = "neu"}, 0, "new",
         "{\"rulename\":\"vacation notice\",\"active\":true,\"flags\":[\"vacation\"],\"position\":0,\"test\":" TRUE_
         ",\"actioncmds\":[{\"id\":\"vacation\",\"days\":\"7\",\"addresses\":[\"a@x\",\"b@x\"],\"text\":\"neu\"}]}"},
        {"", "", {.state = USM_AWAY_ON}, USM_EINVALID, NULL, NULL},
        {"", "", {.state = USM_AWAY_OFF}, 0, NULL, NULL},
        {RULE("3", "true", TRUE_), "", {.state = USM_AWAY_OFF}, 0, "update", "{\"id\":3,\"active\":false}"},
        {RULE("3", "false", ALL(GE, LE)), "", {.state = USM_AWAY_ON, .text = "neu"}, 0, "update",
         "{\"id\":3,\"active\":true,\"test\":" TRUE_ "," ACTION("neu") "}"},
        {RULE("3", "true", ALL(GE, FROM)), "", {.state = USM_AWAY_ON}, 0, "update",
         "{\"id\":3,\"active\":true,\"test\":" FROM "}"},
        {RULE("3", "true", FROM), "{\"test\":\"currentdate\"}",
         {.state = USM_AWAY_DAYS, .first = 19681 * USM_DAY_MS, .last = USM_TIME_NONE}, 0, "update",
         "{\"id\":3,\"active\":true,\"test\":" ALL(FROM, GE) "}"},
        {RULE("3", "true", TRUE_), "{\"test\":\"currentdate\"}",
         {.state = USM_AWAY_DAYS, .first = 19681 * USM_DAY_MS, .last = 19688 * USM_DAY_MS}, 0, "update",
         "{\"id\":3,\"active\":true,\"test\":" ALL(GE, LE) "}"},
        {RULE("3", "true", ALL(WEEKDAY, GE)), "", {.state = USM_AWAY_ON}, 0, "update",
         "{\"id\":3,\"active\":true,\"test\":" WEEKDAY "}"},
        {RULE("3", "true", TRUE_), "{\"test\":\"header\"}",
         {.state = USM_AWAY_DAYS, .first = 19681 * USM_DAY_MS, .last = 19688 * USM_DAY_MS},
         USM_EUNSUPPORTED, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        site_t site;
        const char *list = apr_psprintf((apr_pool_t *)*state, DATA("%s"), rows[i].rules);
        const char *config = apr_psprintf((apr_pool_t *)*state, "{\"data\":{\"tests\":[%s]}}", rows[i].config);
        const canned_t canned[] = {LOGIN,
                                   {.match = "flag=vacation", .body = list},
                                   {.match = "action=config", .body = config},
                                   {.match = "action=new", .body = "{\"data\":4}"},
                                   {.match = "action=update", .body = "{}"},
                                   {.match = NULL}};
        site_up(&site, canned);
        usm_error_t *err = ox_away_set(site.call, &rows[i].away, &info, site.pool);
        if (usm_error_code(err) != rows[i].code)
            fail_msg("row %zu: %s", i, err ? usm_error_text(err, site.pool) : "no error");
        usm_error_clear(err);
        const char *sent = asked(&site, "PUT ");
        if (!rows[i].sent ? *sent != '\0' : !strstr(sent, rows[i].sent) || !strstr(sent, rows[i].action))
            fail_msg("row %zu sends %s", i, sent);
        apr_pool_destroy(site.pool);
    }
}

static void test_away_denied(void **state)
{
    static const canned_t rows[] = {LOGIN, {.match = "mailfilter", .body = DENIED}, {.match = NULL}};
    usm_away_t away = {.state = USM_AWAY_OFF};
    site_t site;
    (void)state;
    site_up(&site, rows);
    test_fails(ox_away_get(&away, site.call, site.pool), USM_EUNSUPPORTED, "get");
    test_fails(ox_away_set(site.call, &away, &info, site.pool), USM_EUNSUPPORTED, "set");
    apr_pool_destroy(site.pool);
}

static int up(void **state)
{
    return apr_pool_create((apr_pool_t **)state, NULL);
}

static int down(void **state)
{
    apr_pool_destroy(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_people),       cmocka_unit_test(test_literal),  cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_picture),      cmocka_unit_test(test_busy),     cmocka_unit_test(test_away_get),
        cmocka_unit_test(test_away_set),     cmocka_unit_test(test_away_denied)};
    apr_initialize();
    int failed = cmocka_run_group_tests(tests, up, down);
    apr_terminate();
    return failed;
}
