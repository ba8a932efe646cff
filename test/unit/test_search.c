/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: search.c eas_search.c cmd_search.c cmd_find.c */
/* Search and Find in the mailbox, on a real engine: which folders are searched, in which order results come, how pages
 * go on in a kept result, and what is refused with which Status. */
#include "sync_test.h"

#include "eas_search.h"

static apr_pool_t *pool;

/* AT: seconds of the day. */
static fake_item_t *add_mail(const char *folder, const char *subject, const char *from, int at)
{
    usm_item_t *item = usm_item_create(USM_EMAIL, pool);
    usm_addr_t *address = apr_pcalloc(pool, sizeof *address);
    usm_addrs_t *list = apr_pcalloc(pool, sizeof *list);
    usm_body_t *body = apr_pcalloc(pool, sizeof *body);
    usm_time_t t = map_time("2026-01-31T00:00:00Z") + at * 1000;
    *address = (usm_addr_t){.name = "Absender", .addr = from};
    *list = (usm_addrs_t){.count = 1, .items = address};
    body->native = USM_BODY_TEXT;
    body->text = (usm_bodyform_t){.data = "Gr\xc3\xbc\xc3\x9f" "e", .len = 7, .full_size = 7};
    usm_item_set_text(item, USM_EMAIL_SUBJECT, subject);
    usm_item_set_num(item, USM_EMAIL_RECEIVED, t);
    usm_item_set_ptr(item, USM_EMAIL_FROM, list);
    usm_item_set_ptr(item, USM_EMAIL_TO, list);
    usm_item_set_ptr(item, USM_EMAIL_BODY, body);
    fake_item_t *added = fake_add_full(folder, item);
    added->edge = t;
    return added;
}

static int start(void **state)
{
    int rv = sync_setup(state);
    pool = *state;
    fake_folder("60", "Below", "40", USM_ROLE_USER, USM_EMAIL, NULL);
    fake_folder("61", "Junk", NULL, USM_ROLE_SPAM, USM_EMAIL, NULL);
    sync_run(eas_cmd_foldersync, 141, "FolderHierarchy:FolderSync{SyncKey=0}");
    add_mail("40", "Rechnung Mai", "berta@example.org", 1);
    add_mail("40", "Einladung", "carl@example.org", 2);
    add_mail("40", "Rechnung Juni", "berta@example.org", 3);
    add_mail("60", "Rechnung unten", "carl@example.org", 4);
    return rv;
}
#define RUN_TEST(function) cmocka_unit_test_setup_teardown(function, start, sync_teardown)

/* Subjects of the results, or the whole answer when it tells of a failure. */
static const char *shown(const eas_node_t *answer)
{
    const unsigned search[] = {EAS_Search_Response, EAS_Search_Store, 0}, find[] = {EAS_Find_Response, 0};
    const eas_node_t *list = eas_node_path(answer, search), *node;
    const char *text = "";
    list = list ? list : eas_node_path(answer, find);
    EAS_NODE_EACH(node, list)
    {
        const eas_node_t *properties = eas_node_child(node, EAS_Search_Properties);
        properties = properties ? properties : eas_node_child(node, EAS_Find_Properties);
        const char *subject = eas_node_child_text(properties, EAS_Email_Subject);
        if (subject)
            text = apr_pstrcat(pool, text, *text ? "," : "", subject, NULL);
    }
    return text;
}

static eas_node_t *search(const char *conditions, const char *options)
{
    return sync_run(eas_cmd_search, 141,
                    apr_pstrcat(pool, "Search:Search{Store{Name=Mailbox Query{And{", conditions, "}} Search:Options{",
                                options, "}}}", NULL));
}

static eas_node_t *find(const char *query, const char *options)
{
    return sync_run(eas_cmd_find, 161,
                    apr_pstrcat(pool, "Find:Find{SearchId=S1 ExecuteSearch{MailBoxSearchCriterion{Query{", query,
                                "} Find:Options{", options, "}}}}", NULL));
}

static void test_search_finds(void **state)
{
    static const struct {
        const char *conditions, *subjects;
    } rows[] = {
        {"FreeText=Rechnung", "Rechnung unten,Rechnung Juni,Rechnung Mai"},
        {"FreeText='rechnung mai'", "Rechnung Mai"},
        {"FreeText='%22Rechnung J%22'", "Rechnung Juni"},
        {"FreeText='Rechnung -Mai'", "Rechnung unten,Rechnung Juni"},
        {"AirSync:CollectionId=$M Search:FreeText=Rechnung", "Rechnung Juni,Rechnung Mai"},
        {"AirSync:Class=Email Search:FreeText=Einladung", "Einladung"},
        {"AirSync:Class=Calendar Search:FreeText=Einladung", ""},
        {"FreeText=Rechnung GreaterThan{Email:DateReceived Search:Value=2026-01-31T00:00:02.000Z}",
         "Rechnung unten,Rechnung Juni"},
        {"FreeText=Rechnung LessThan{Email:DateReceived Search:Value=2026-01-31T00:00:02.000Z}", "Rechnung Mai"},
        {"FreeText=nirgends", ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        eas_node_t *answer = search(rows[i].conditions, "");
        if (!answer || strcmp(shown(answer), rows[i].subjects) != 0)
            fail_msg("row %zu: %s", i, answer ? map_text(answer, pool) : "nothing");
    }
    /* Folders below are searched only when that is asked for. */
    assert_string_equal(shown(search("AirSync:CollectionId=$M Search:FreeText=Rechnung", "DeepTraversal")),
                        "Rechnung unten,Rechnung Juni,Rechnung Mai");
    assert_non_null(strstr(map_text(search("FreeText=nirgends", ""), pool), "Status=1 Result Range=0-0 Total=0"));
}

static void test_search_pages(void **state)
{
    (void)state;
    const char *first = map_text(search("FreeText=Rechnung", "Range=0-1"), pool);
    assert_non_null(strstr(first, "Range=0-1 Total=3"));
    add_mail("40", "Rechnung Juli", "berta@example.org", 5);
    eas_node_t *second = search("FreeText=Rechnung", "Range=2-9"); /* of the result as it was */
    assert_string_equal(shown(second), "Rechnung Mai");
    assert_int_equal(fake.searches, 1);
    assert_string_equal(shown(search("FreeText=Rechnung", "Range=2-9 RebuildResults")),
                        "Rechnung Juni,Rechnung Mai");
    fake_remove(fake_find("103"));
    /* Who went meanwhile is left out, the others keep their places. */
    assert_string_equal(shown(search("FreeText=Rechnung", "Range=1-9")), "Rechnung unten,Rechnung Mai");
}

static void test_search_refused(void **state)
{
    static const struct {
        const char *conditions, *options;
        int status;
    } rows[] = {
        {"", "", SEARCH_INVALID},
        {"FreeText=a FreeText=b", "", SEARCH_INVALID},
        {"FreeText=a AirSync:CollectionId", "", SEARCH_INVALID},
        {"FreeText=a GreaterThan{Email:DateReceived Search:Value=gestern}", "", SEARCH_INVALID},
        {"FreeText=a GreaterThan{Email:Subject Search:Value=x}", "", SEARCH_INVALID},
        {"FreeText=a", "Range=5-2", SEARCH_INVALID},
        {"FreeText=a", "Range=x", SEARCH_INVALID},
        {"FreeText=a", "Range=0-1000", SEARCH_BEYOND},
        {"Or{FreeText=a}", "", SEARCH_TOO_COMPLEX},
        {"And{FreeText=a}", "", SEARCH_TOO_COMPLEX},
        {"FreeText=a AirSync:CollectionId=999", "", SEARCH_HIERARCHY},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const unsigned path[] = {EAS_Search_Response, EAS_Search_Store, 0};
        eas_node_t *answer = search(rows[i].conditions, rows[i].options);
        const char *status = eas_node_child_text(eas_node_path(answer, path), EAS_Search_Status);
        if (!status || atoi(status) != rows[i].status)
            fail_msg("row %zu: %s", i, answer ? map_text(answer, pool) : "nothing");
    }
    assert_int_equal(fake.searches, 0);
    assert_string_equal(
        map_text(sync_run(eas_cmd_search, 141, "Search:Search{Store{Name=Attic Query{And{FreeText=a}}}}"), pool),
        "Status=1 Response{Store{Status=2}}");
    assert_string_equal(
        map_text(sync_run(eas_cmd_search, 141,
                          "Search:Search{Store{Name=DocumentLibrary Query{EqualTo{DocumentLibrary:LinkId=x "
                          "Search:Value=%5C%5Cserver}}}}"),
                 pool),
        "Status=1 Response{Store{Status=6}}");
    sync_run(eas_cmd_search, 141, "Search:Search{Store{Query{And{FreeText=a}}}}");
    assert_int_equal(sync_status, EAS_STATUS_InvalidXML);
    fake.down = 1;
    assert_null(search("FreeText=Rechnung", ""));
    assert_int_equal(sync_http, 503);
}

static void test_find_finds(void **state)
{
    static const struct {
        const char *query, *options, *subjects;
    } rows[] = {
        {"AirSync:Class=Email Find:FreeText=Rechnung", "", "Rechnung unten,Rechnung Juni,Rechnung Mai"},
        {"AirSync:Class=Email Find:FreeText='from:carl Rechnung'", "", "Rechnung unten"},
        {"AirSync:Class=Email Find:FreeText='subject:%22Rechnung J%22 AND from:berta'", "", "Rechnung Juni"},
        {"AirSync:Class=Email Find:FreeText='-from:berta'", "", "Rechnung unten,Einladung"},
        {"AirSync:Class=Email CollectionId=$M Find:FreeText=Rechnung", "", "Rechnung Juni,Rechnung Mai"},
        {"AirSync:Class=Email CollectionId=$M Find:FreeText=Rechnung", "DeepTraversal",
         "Rechnung unten,Rechnung Juni,Rechnung Mai"},
        {"AirSync:Class=Email Find:FreeText=Rechnung", "Range=0-0", "Rechnung unten"},
        {"AirSync:Class=Email Find:FreeText=nirgends", "", ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        eas_node_t *answer = find(rows[i].query, rows[i].options);
        if (!answer || strcmp(shown(answer), rows[i].subjects) != 0)
            fail_msg("row %zu: %s", i, answer ? map_text(answer, pool) : "nothing");
    }
    const char *one = map_text(find("AirSync:Class=Email Find:FreeText=Einladung", ""), pool);
    assert_non_null(strstr(one, "Preview=Gr\xc3\xbc\xc3\x9f" "e HasAttachments=0 "));
    assert_non_null(strstr(one, "DisplayTo=Absender"));
    assert_non_null(strstr(one, "From='\"Absender\" <carl@example.org>'"));
    assert_non_null(strstr(one, "Range=0-0 Total=1"));
}

static void test_find_pages(void **state)
{
    static const char query[] = "AirSync:Class=Email Find:FreeText=Rechnung";
    (void)state;
    find(query, "Range=1-2"); /* there is nothing yet that this could be a page of */
    assert_int_equal(sync_status, FIND_BAD_RANGE);
    assert_string_equal(shown(find(query, "Range=0-0")), "Rechnung unten");
    add_mail("40", "Rechnung Juli", "berta@example.org", 5);
    assert_string_equal(shown(find(query, "Range=1-2")), "Rechnung Juni,Rechnung Mai");
    assert_int_equal(fake.searches, 1);
    find("AirSync:Class=Email Find:FreeText=Einladung", "Range=1-2"); /* of another search */
    assert_int_equal(sync_status, FIND_BAD_RANGE);
}

static void test_find_refused(void **state)
{
    static const struct {
        const char *query, *options;
        int status;
    } rows[] = {
        {"Find:FreeText=a", "", FIND_INVALID},
        {"AirSync:Class=Contacts Find:FreeText=a", "", FIND_INVALID},
        {"AirSync:Class=Email", "", FIND_INVALID},
        {"AirSync:Class=Email CollectionId Find:FreeText=a", "", FIND_INVALID},
        {"AirSync:Class=Email Find:FreeText=a", "Range=3-1", FIND_INVALID},
        {"AirSync:Class=Email Find:FreeText=a", "Range=0-1000", FIND_INVALID},
        {"AirSync:Class=Email CollectionId=999 Find:FreeText=a", "", FIND_HIERARCHY},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        eas_node_t *answer = find(rows[i].query, rows[i].options);
        if (sync_status != rows[i].status)
            fail_msg("row %zu: %d %s", i, sync_status, answer ? map_text(answer, pool) : "nothing");
    }
    sync_run(eas_cmd_find, 161, "Find:Find{SearchId=S1}");
    assert_int_equal(sync_status, FIND_INVALID);
    sync_run(eas_cmd_find, 161, "Find:Find{SearchId ExecuteSearch{MailBoxSearchCriterion{Query}}}");
    assert_int_equal(sync_status, FIND_INVALID);
}

/* A folder that cannot be searched has no results, the others have theirs. */
static void test_one_folder_fails(void **state)
{
    (void)state;
    fake.unsearchable = "60";
    assert_string_equal(shown(search("FreeText=Rechnung", "")), "Rechnung Juni,Rechnung Mai");
}

int main(void)
{
    const struct CMUnitTest tests[] = {RUN_TEST(test_search_finds), RUN_TEST(test_search_pages),
                                       RUN_TEST(test_search_refused), RUN_TEST(test_find_finds),
                                       RUN_TEST(test_find_pages), RUN_TEST(test_find_refused),
                                       RUN_TEST(test_one_folder_fails)};
    return RUN_TESTS(tests);
}
