/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: people.c eas_people.c */
/* Looking people up: what is asked, in which order it is told, and which status what has. */
#include "sync_test.h"

#include <string.h>

static void add_person(const char *name, const char *address, const char *picture, apr_int64_t user, int in_directory)
{
    usm_person_t *p = &fake.people[fake.person_count++];
    *p = (usm_person_t){.display_name = name, .address = address, .picture = picture, .user = user,
                        .in_directory = in_directory, .id = address, .folder = "6"};
}

static int start(void **state)
{
    int rv = sync_setup(state);
    fake.person_count = 0;
    add_person("Zoe", "zoe@x", "/p", 1, 1);
    add_person("Anna", "anna@x", "/p", 2, 1);
    add_person("anders", "anders@x", NULL, 3, 1);
    add_person("Anton privat", "anton@y", NULL, 0, 0);
    fake.picture = "jpegjpeg";
    return rv;
}
#define RUN_TEST(function) cmocka_unit_test_setup_teardown(function, start, sync_teardown)

typedef struct row_t {
    unsigned version;
    const char *in, *out;
} row_t;

static void play(const row_t *rows, size_t count, eas_handler_t handler, apr_pool_t *pool)
{
    for (size_t i = 0; i < count; i++) {
        const char *got = map_text(sync_run(handler, rows[i].version, rows[i].in), pool);
        if (strcmp(got, rows[i].out) != 0)
            fail_msg("row %zu: %s", i, got);
    }
}

#define GAL(query, options) "Search:Search{Store{Name=GAL " query " " options "}}"
#define STORE(text) "Status=1 Response{Store{" text "}}"
#define ANDERS "Result{Properties{DisplayName=anders EmailAddress=anders@x}}"
#define ANNA "Result{Properties{DisplayName=Anna EmailAddress=anna@x}}"

static void test_search(void **state)
{
    static const row_t rows[] = {
        {25, GAL("Query=an", ""), STORE("Status=1 " ANDERS " " ANNA " Range=0-1 Total=2")},
        {25, GAL("Query=an", "Options{Range=1-5}"), STORE("Status=1 " ANNA " Range=1-1 Total=2")},
        {161, GAL("Query=an", "Options{Range=5-9}"), STORE("Status=1 Range=0-0 Total=2")},
        {141, GAL("Query=nobody", ""), STORE("Status=1 Range=0-0 Total=0")},
        {141, GAL("Query=an", "Options{Range=2-1}"), STORE("Status=2")},
        {141, GAL("Query=an", "Options{Range=0-1000}"), STORE("Status=12")},
        {141, GAL("Query", ""), STORE("Status=2")},
        {141, GAL("Query='  '", ""), STORE("Status=2")},
        {141, GAL("", ""), STORE("Status=2")},
        {141, GAL("Query{And}", ""), STORE("Status=2")},
        {141, GAL("Query=an", "Options{Picture{MaxSize=x}}"), STORE("Status=2")},
        {141, GAL("Query=an", "Options{Picture{MaxPictures=-1}}"), STORE("Status=2")},
    };
    play(rows, sizeof rows / sizeof rows[0], eas_cmd_search, *state);
}

static void test_pictures(void **state)
{
    static const struct {
        const char *options;
        int statuses[3]; /* of Anna, of Zoe, who has one too, of anders, who has none */
    } rows[] = {{"Picture", {1, 1, 173}},
                {"Picture{MaxSize=8}", {1, 1, 173}},
                {"Picture{MaxSize=7}", {174, 174, 173}},
                {"Picture{MaxPictures=1}", {1, 175, 173}},
                {"Picture{MaxPictures=0}", {175, 175, 173}},
                {"Picture{MaxSize=99999999}", {1, 1, 173}}};
    static const char *const who[] = {"anna", "zoe", "anders"};
    static const unsigned path[] = {EAS_Search_Response, EAS_Search_Store, EAS_Search_Result, EAS_Search_Properties,
                                    EAS_Gal_Picture, 0};
    fake.people[0].display_name = "Anna Zoe";
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int left = fake.people[1].picture && strstr(rows[i].options, "MaxPictures=1") ? 1 : 0;
        for (int k = 0; k < 3; k++) {
            const char *text = apr_psprintf(*state, "Search:Search{Store{Name=GAL Query=%s Options{%s}}}", who[k],
                                            rows[i].options);
            const eas_node_t *picture = eas_node_path(sync_run(eas_cmd_search, 141, text), path);
            apr_int64_t status = 0;
            apr_size_t len;
            assert_true(eas_node_int(eas_node_child(picture, EAS_Gal_Status), 0, 999, &status));
            if (left && k == 1) /* asked for one at a time the limit is not reached */
                status = status == 1 ? 175 : 0;
            if (status != rows[i].statuses[k])
                fail_msg("row %zu: %s has %d", i, who[k], (int)status);
            const char *data = eas_node_bytes(eas_node_child(picture, EAS_Gal_Data), &len);
            assert_int_equal(data ? (int)len : 0, rows[i].statuses[k] == 1 || (left && k == 1) ? 8 : 0);
        }
    }
}

/* In one answer the limit holds for all. */
static void test_picture_limit(void **state)
{
    const eas_node_t *answer = sync_run(eas_cmd_search, 141,
                                        GAL("Query=an", "Options{Picture{MaxPictures=1}}"));
    const char *text;
    fake.people[2].picture = "/p";
    answer = sync_run(eas_cmd_search, 141, GAL("Query=an", "Options{Picture{MaxPictures=1}}"));
    text = map_text(answer, *state);
    assert_non_null(strstr(text, "anders@x Picture{Status=1"));
    assert_non_null(strstr(text, "anna@x Picture{Status=175}"));
}

/* What the groupware refuses, and what it cannot do now. */
static void test_refusals(void **state)
{
    static const struct {
        apr_status_t code;
        const char *out;
    } rows[] = {{USM_EINVALID, STORE("Status=2")}, {USM_EFORBIDDEN, STORE("Status=5")}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fake.refusal = rows[i].code;
        assert_string_equal(map_text(sync_run(eas_cmd_search, 141, GAL("Query=an", "")), *state), rows[i].out);
    }
    fake.refusal = USM_ENOTFOUND;
    fake.refusal = 0;
    fake.down = 1;
    sync_run(eas_cmd_search, 141, GAL("Query=an", ""));
    assert_int_equal(sync_http, 503);
}

#define FIND(id, query, options)                                                                                       \
    "Find:Find{SearchId=" id " ExecuteSearch{GalSearchCriterion{" query " " options "}}}"

static void test_find(void **state)
{
    static const row_t rows[] = {
        {161, FIND("a", "Query=an", "Options{Range=1-1}"), "Status=4"},
        {161, FIND("a", "Query=an", "Options{Range=0-0}"),
         "Status=1 Response{Store=GAL Status=1 " ANDERS " Range=0-0 Total=2}"},
        {161, FIND("a", "Query=an", "Options{Range=1-1}"),
         "Status=1 Response{Store=GAL Status=1 " ANNA " Range=1-1 Total=2}"},
        {161, FIND("b", "Query=an", "Options{Range=1-1}"), "Status=4"},
        {161, FIND("a", "Query=ann", "Options{Range=1-1}"), "Status=4"},
        {161, FIND("a", "Query", ""), "Status=2"},
        {161, FIND("a", "", ""), "Status=2"},
        {161, FIND("a", "Query=an", "Options{Range=0-1000}"), "Status=2"},
        {161, FIND("a", "Query=an", "Options{Picture{MaxSize=x}}"), "Status=2"},
    };
    play(rows, sizeof rows / sizeof rows[0], eas_cmd_find, *state);
    fake.refusal = USM_EINVALID;
    assert_string_equal(map_text(sync_run(eas_cmd_find, 161, FIND("c", "Query=an", "")), *state), "Status=2");
}

/* Several texts in batches; one that makes no sense is answered for itself. */
static void test_batches(void **state)
{
    usm_people_query_t queries[60];
    eas_ctx_t *ctx = sync_ctx(141);
    for (int i = 0; i < 60; i++)
        queries[i] = (usm_people_query_t){.text = i == 7 ? " " : i == 8 ? NULL : "an", .everywhere = i == 9};
    assert_null(usm_people_search(queries, 60, ctx->session, *state));
    for (int i = 0; i < 60; i++) {
        assert_int_equal(queries[i].people->nelts, i == 7 || i == 8 ? 0 : i == 9 ? 3 : 2);
        assert_int_equal(usm_error_is(queries[i].error, USM_EINVALID), i == 7 || i == 8);
        usm_error_clear(queries[i].error);
    }
}

static void test_bounds(void **state)
{
    eas_ctx_t *ctx = sync_ctx(141);
    const usm_away_t wrong = {.state = USM_AWAY_DAYS, .first = USM_DAY_MS, .last = 0};
    const usm_person_t plain = {.id = "1"};
    const usm_blob_t *picture;
    usm_busy_query_t busy = {.user = 1};
    usm_away_t away;
    usm_error_t *err = usm_people_busy(&busy, 1, ctx->session, 5, 5, *state);
    assert_true(usm_error_is(err, USM_EINVALID));
    usm_error_clear(err);
    err = usm_away_set(ctx->session, &wrong, *state);
    assert_true(usm_error_is(err, USM_EINVALID));
    usm_error_clear(err);
    err = usm_people_picture(&picture, ctx->session, &plain, 100, *state);
    assert_true(usm_error_is(err, USM_ENOTFOUND));
    usm_error_clear(err);
    fake.away = (usm_away_t){.state = USM_AWAY_ON, .text = "weg"};
    assert_null(usm_away_get(&away, ctx->session, *state));
    assert_string_equal(away.text, "weg");
    assert_null(usm_people_busy(&busy, 1, ctx->session, 5, 6, *state));
    assert_int_equal(busy.times->nelts, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {RUN_TEST(test_search),   RUN_TEST(test_pictures), RUN_TEST(test_picture_limit),
                                       RUN_TEST(test_refusals), RUN_TEST(test_find),     RUN_TEST(test_batches),
                                       RUN_TEST(test_bounds)};
    return RUN_TESTS(tests);
}
