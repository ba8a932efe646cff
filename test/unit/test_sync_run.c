/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: cmd_sync.c sync_missed.c sync_run.c sync_write.c */
/* Sync from request to answer, on a real engine. */
#include "sync_test.h"

static apr_pool_t *pool; /* of the test */

static int start(void **state)
{
    int rv = sync_setup(state);
    pool = *state;
    return rv;
}
#define RUN_TEST(function) cmocka_unit_test_setup_teardown(function, start, sync_teardown)

/* A request about one contact folder with its key. */
static eas_node_t *ask(unsigned version, const char *key, const char *rest)
{
    return sync_run(eas_cmd_sync, version,
                    apr_psprintf(pool, "AirSync:Sync{Collections{Collection{%sSyncKey=%s CollectionId=$C %s}}}",
                                 version < 121 ? "Class=Contacts " : "", key, rest));
}

static const eas_node_t *only(const eas_node_t *answer)
{
    const eas_node_t *list = eas_node_child(answer, EAS_AirSync_Collections);
    if (eas_node_count(list, EAS_AirSync_Collection) != 1)
        fail_msg("not one collection: %s", answer ? map_text(answer, pool) : "empty");
    return eas_node_child(list, EAS_AirSync_Collection);
}

static const char *part(const eas_node_t *answer, unsigned tag)
{
    const eas_node_t *node = eas_node_child(only(answer), tag);
    return node ? map_text(node, pool) : "";
}

static unsigned commands(const eas_node_t *answer, unsigned tag)
{
    return eas_node_count(eas_node_child(only(answer), EAS_AirSync_Commands), tag);
}

static int status_of(const eas_node_t *answer)
{
    return atoi(eas_node_child_text(only(answer), EAS_AirSync_Status));
}

static void add_many(int n)
{
    for (int i = 0; i < n; i++)
        fake_add("32", apr_psprintf(pool, "First%d", i), "Last");
}

static const char *sid(const fake_item_t *item)
{
    return apr_pstrcat(pool, sync_expand("$C"), ":", item->id, NULL);
}

/* ---- server's changes ---- */

static void test_first_sync(void **state)
{
    add_many(3);
    eas_node_t *answer = ask(141, "0", "");
    const char *key = sync_key(answer, "$C");
    assert_int_equal(status_of(answer), 1);
    assert_null(eas_node_child(only(answer), EAS_AirSync_Commands));
    answer = ask(141, key, "");
    assert_int_equal(commands(answer, EAS_AirSync_Add), 3);
    assert_null(eas_node_child(only(answer), EAS_AirSync_MoreAvailable));
    assert_string_not_equal(sync_key(answer, "$C"), key);
    /* nothing new: no answer at all */
    assert_null(ask(141, sync_key(answer, "$C"), ""));
    assert_int_equal(sync_http, 200);
}

/* Up to 12.0 each folder is answered, with its class. */
static void test_old_versions(void **state)
{
    static const unsigned versions[] = {25, 120};
    add_many(1);
    for (size_t i = 0; i < COUNT(versions); i++) {
        const char *key = sync_all(versions[i], "$C", "");
        eas_node_t *answer = ask(versions[i], key, "");
        const char *want =
            apr_psprintf(pool, "Class=Contacts SyncKey=%s CollectionId=%s Status=1", key, sync_expand("$C"));
        assert_string_equal(map_text(only(answer), pool), want);
    }
}

static void test_windows(void **state)
{
    const char *key = sync_all(141, "$C", "");
    add_many(5);
    eas_node_t *answer = ask(141, key, "WindowSize=2");
    assert_int_equal(commands(answer, EAS_AirSync_Add), 2);
    assert_non_null(eas_node_child(only(answer), EAS_AirSync_MoreAvailable));
    answer = ask(141, sync_key(answer, "$C"), "WindowSize=3");
    assert_int_equal(commands(answer, EAS_AirSync_Add), 3);
    assert_null(eas_node_child(only(answer), EAS_AirSync_MoreAvailable));
    assert_null(ask(141, sync_key(answer, "$C"), "GetChanges=0"));
}

/* The request's window is shared by its folders, in their order. */
static void test_shared_window(void **state)
{
    const char *c = sync_all(141, "$C", ""), *d = sync_all(141, "$D", "");
    add_many(3);
    fake_add("33", "Other", "Folder");
    for (int i = 0; i < 2; i++) {
        eas_node_t *answer = sync_run(eas_cmd_sync, 141,
                                      apr_psprintf(pool,
                                                   "AirSync:Sync{Collections{Collection{SyncKey=%s CollectionId=$C} "
                                                   "Collection{SyncKey=%s CollectionId=$D}} WindowSize=3}",
                                                   c, d));
        const char *text = map_text(answer, pool);
        assert_int_equal(strstr(text, "MoreAvailable") != NULL, i == 0);
        if (i == 0)
            c = sync_key(answer, "$C");
        else
            assert_non_null(strstr(text, "Other"));
    }
}

/* ---- device's changes ---- */

static void test_add(void **state)
{
    const char *key = sync_all(141, "$C", "");
    eas_node_t *answer = ask(141, key,
                             "Commands{Add{ClientId=c1 ApplicationData{Contacts:FirstName=Ada}} "
                             "AirSync:Add{ClientId=c2 ApplicationData{Contacts:FirstName=refuse}} "
                             "AirSync:Add{ClientId=c3 ApplicationData{Contacts:Birthday=rubbish}}}");
    assert_string_equal(part(answer, EAS_AirSync_Responses),
                        apr_psprintf(pool,
                                     "Add{ClientId=c1 ServerId=%s Status=1} Add{ClientId=c2 Status=6} "
                                     "Add{ClientId=c3 Status=6}",
                                     sid(&fake.items[0])));
    assert_int_equal(fake.adds, 1);
    assert_null(eas_node_child(only(answer), EAS_AirSync_Commands)); /* no echo */
    assert_null(ask(141, sync_key(answer, "$C"), ""));
}

/* The answer is lost: the same request again does nothing twice. */
static void test_lost_answer(void **state)
{
    const char *key = sync_all(141, "$C", ""),
               *body = "Commands{Add{ClientId=c1 ApplicationData{Contacts:FirstName=Ada}}}";
    eas_node_t *first = ask(141, key, body), *second = ask(141, key, body);
    assert_string_equal(part(first, EAS_AirSync_Responses), part(second, EAS_AirSync_Responses));
    assert_int_equal(fake.adds, 1);
    assert_int_equal(fake_alive("32"), 1);
}

/* Success is silent; what failed is named. */
static void test_change_and_delete(void **state)
{
    add_many(2);
    const char *key = sync_all(141, "$C", "");
    eas_node_t *answer = ask(141, key,
                             apr_psprintf(pool,
                                          "Commands{Change{ServerId=%s ApplicationData{Contacts:FirstName=New}} "
                                          "AirSync:Delete{ServerId=%s}}",
                                          sid(&fake.items[0]), sid(&fake.items[1])));
    assert_string_equal(part(answer, EAS_AirSync_Responses), "");
    assert_string_equal(fake.items[0].text[0], "New");
    assert_int_equal(fake.items[1].alive, 0);
    answer = ask(141, sync_key(answer, "$C"),
                 "Commands{Change{ServerId=9:9 ApplicationData{Contacts:FirstName=x}} AirSync:Delete{ServerId=rubbish} "
                 "Fetch{ServerId=9:9}}");
    assert_string_equal(part(answer, EAS_AirSync_Responses),
                        "Change{ServerId=9:9 Status=8} Delete{ServerId=rubbish Status=8} Fetch{ServerId=9:9 Status=8}");
}

static void test_fetch(void **state)
{
    add_many(1);
    const char *key = sync_all(141, "$C", "");
    eas_node_t *answer = ask(141, key, apr_psprintf(pool, "Commands{Fetch{ServerId=%s}}", sid(&fake.items[0])));
    assert_non_null(strstr(part(answer, EAS_AirSync_Responses), "Status=1 ApplicationData{FirstName=First0"));
}

/* Without Supported what a change leaves out is gone; with an empty one everything stays (MS-ASCMD 2.2.3.178). */
static void test_ghosting(void **state)
{
    static const struct {
        const char *supported, *kept;
    } rows[] = {{"", ""},
                {"Supported", "Last"},
                {"Supported{Contacts:FirstName}", "Last"},
                {"Supported{Contacts:LastName}", ""}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        fake_item_t *item = fake_add("32", "First", "Last");
        const char *key = sync_all(141, "$C", rows[i].supported);
        ask(141, key,
            apr_psprintf(pool, "Commands{Change{ServerId=%s ApplicationData{Contacts:FirstName=New}}}", sid(item)));
        if (strcmp(item->text[0], "New") != 0 || strcmp(item->text[1], rows[i].kept) != 0)
            fail_msg("row %zu: '%s' '%s'", i, item->text[0], item->text[1]);
    }
}

/* Both sides changed the same field. Default: the server wins, says 7 and sends its version. */
static void test_conflict(void **state)
{
    static const struct {
        const char *options, *responses, *value;
        unsigned changes;
    } rows[] = {{"", "Status=7", "Server", 1},
                {"Options{Conflict=1}", "Status=7", "Server", 1},
                {"Options{Conflict=0}", "", "Client", 0}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        fake_item_t *item = fake_add("32", "First", "Last");
        const char *key = sync_all(141, "$C", "Supported");
        snprintf(item->text[0], sizeof item->text[0], "Server");
        fake_touch(item);
        eas_node_t *answer = ask(141, key,
                                 apr_psprintf(pool,
                                              "%s Commands{AirSync:Change{ServerId=%s "
                                              "ApplicationData{Contacts:FirstName=Client}}}",
                                              rows[i].options, sid(item)));
        const char *responses = part(answer, EAS_AirSync_Responses);
        if ((*rows[i].responses ? !strstr(responses, rows[i].responses) : *responses != 0) ||
            strcmp(item->text[0], rows[i].value) != 0 || commands(answer, EAS_AirSync_Change) != rows[i].changes)
            fail_msg("row %zu: %s; %s; %s", i, responses, item->text[0], map_text(only(answer), pool));
    }
}

/* What is not taken from devices is refused item by item, and the rest is done. */
static void test_refused_kinds(void **state)
{
    static const struct {
        unsigned version;
        const char *folder, *command;
        const char *status; /* NULL: 6 */
    } rows[] = {
        {141, "$M", "Add{ClientId=c1 ApplicationData{Email:Subject=x}}", NULL},
        {141, "$M", "Add{Class=SMS ClientId=c1 ApplicationData{Email:Subject=x}}", NULL},
        {161, "$E", "Add{ClientId=c1 ApplicationData{Calendar:Recurrence{Type=4}}}", NULL},
        {141, "$T", "Add{ClientId=c1 ApplicationData{Tasks:Complete=5}}", NULL},
        {161, "$E", "Delete{ServerId=1 AirSyncBase:InstanceId=20260101T000000Z}", "Status=8"},
        {161, "$E",
         "Change{ServerId=1 AirSyncBase:InstanceId=20260101T000000Z AirSync:ApplicationData{Calendar:Subject=x}}",
         "Status=8"},
        {161, "$E", "Change{ServerId=1 AirSyncBase:InstanceId=20260101T000000Z Email2:Send}", NULL},
        {161, "$C", "Delete{ServerId=1 AirSyncBase:InstanceId=20260101T000000Z}", NULL},
        {161, "$M", "Change{ServerId=1 Email2:Send}", NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *key = sync_key(sync_run(eas_cmd_sync, rows[i].version,
                                            apr_psprintf(pool,
                                                         "AirSync:Sync{Collections{Collection{SyncKey=0 "
                                                         "CollectionId=%s}}}",
                                                         rows[i].folder)),
                                   rows[i].folder);
        eas_node_t *answer = sync_run(eas_cmd_sync, rows[i].version,
                                      apr_psprintf(pool,
                                                   "AirSync:Sync{Collections{Collection{SyncKey=%s CollectionId=%s "
                                                   "Commands{%s}}}}",
                                                   key, rows[i].folder, rows[i].command));
        const char *want = rows[i].status ? rows[i].status : "Status=6";
        if (status_of(answer) != 1 || !strstr(part(answer, EAS_AirSync_Responses), want))
            fail_msg("row %zu: %s", i, map_text(answer, pool));
    }
}

/* ---- keys, repeats, empty requests ---- */

static void test_stale_keys(void **state)
{
    static const char *const keys[] = {"1", "rubbish", "99999.99999", "-1", "''"};
    const char *good = sync_all(141, "$D", "");
    sync_all(141, "$C", "");
    for (size_t i = 0; i < COUNT(keys); i++) {
        eas_node_t *answer = ask(141, keys[i], "");
        if (status_of(answer) != 3)
            fail_msg("row %zu: %d", i, status_of(answer));
    }
    /* one folder's fault is not the other's */
    fake_add("33", "Other", "Folder");
    eas_node_t *answer = sync_run(eas_cmd_sync, 141,
                                  apr_psprintf(pool,
                                               "AirSync:Sync{Collections{Collection{SyncKey=1 CollectionId=$C} "
                                               "Collection{SyncKey=%s CollectionId=$D}}}",
                                               good));
    assert_string_not_equal(sync_key(answer, "$D"), good);
}

/* A device that does not take an answer gets another one in turn, for each folder and key by itself. */
static void test_missed(void **state)
{
    static const struct {
        const char *what, *collection;
        int answers[9]; /* 0: HTTP 503 */
    } rows[] = {
        {"a key that is stale", "SyncKey=1 CollectionId=$C", {3, 3, 3, 12, 12, 0, 0, 0, -1}},
        {"another one", "SyncKey=2 CollectionId=$C", {3, 3, -1}},
        {"no such folder", "SyncKey=0 CollectionId=gone", {12, 12, 3, 12, 12, 0, 0, -1}},
        {"a key that holds anything", "SyncKey='1,2;3' CollectionId=$C", {3, 3, 3, 3, 3, 3, 3, -1}},
    };
    (void)state;
    sync_all(141, "$C", "");
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (int k = 0; rows[i].answers[k] >= 0; k++) {
            const eas_node_t *answer = sync_run(
                eas_cmd_sync, 141, apr_psprintf(pool, "AirSync:Sync{Collections{Collection{%s}}}", rows[i].collection));
            int got = sync_http == 503 ? 0 : status_of(answer);
            if (got != rows[i].answers[k])
                fail_msg("%s, time %d: %d", rows[i].what, k + 1, got);
        }
    }
    /* what went well beside it must be heard of */
    add_many(1);
    const char *key = sync_all(141, "$D", "");
    const eas_node_t *answer =
        sync_run(eas_cmd_sync, 141,
                 apr_psprintf(pool,
                              "AirSync:Sync{Collections{Collection{SyncKey=1 CollectionId=$C} "
                              "Collection{SyncKey=%s CollectionId=$D}}}", key));
    assert_int_equal(sync_http, 200);
    assert_int_equal(status_of(answer), 3);
}

static void test_empty_requests(void **state)
{
    add_many(1);
    const char *key = sync_key(ask(141, "0", ""), "$C");
    /* nobody knows whether the last answer, which had a new key, has arrived */
    assert_string_equal(map_text(sync_run(eas_cmd_sync, 141, ""), pool), "Status=13");
    key = sync_key(ask(141, key, ""), "$C");
    assert_string_equal(map_text(sync_run(eas_cmd_sync, 141, ""), pool), "Status=13");
    assert_null(ask(141, key, ""));
    assert_null(sync_run(eas_cmd_sync, 141, ""));
    assert_null(sync_run(eas_cmd_sync, 141, ""));
    add_many(1);
    assert_int_equal(commands(sync_run(eas_cmd_sync, 141, ""), EAS_AirSync_Add), 1);
}

static void test_refused_requests(void **state)
{
    static const struct {
        unsigned version;
        const char *text, *want;
        int http;
    } rows[] = {
        {141, "AirSync:Sync", "Status=4", 200},
        {120, "", "Status=4", 200},
        {141, "", "Status=13", 200},
        {141, "AirSync:Sync{Collections{Collection{SyncKey=0 CollectionId=$C}} Wait=99}", "Status=14 Limit=59", 200},
        {141, "AirSync:Sync{Collections{Collection{SyncKey=0 CollectionId=$C}} HeartbeatInterval=5}",
         "Status=14 Limit=60", 200},
        {141,
         "AirSync:Sync{Collections{Collection{SyncKey=1 CollectionId=$M "
         "Options{AirSyncBase:BodyPartPreference{Type=1}}}}}",
         "Status=164", 200},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        eas_node_t *answer = sync_run(eas_cmd_sync, rows[i].version, rows[i].text);
        if (!answer || strcmp(map_text(answer, pool), rows[i].want) != 0 || sync_http != rows[i].http)
            fail_msg("row %zu: %d %s", i, sync_http, answer ? map_text(answer, pool) : "empty");
    }
}

/* ---- outages ---- */

static void test_down(void **state)
{
    const char *key = sync_all(141, "$C", "");
    fake.down = 1;
    assert_null(ask(141, key, "Commands{Add{ClientId=c1 ApplicationData{Contacts:FirstName=Ada}}}"));
    assert_int_equal(sync_http, 503);
    fake.down = 0;
    assert_non_null(strstr(part(ask(141, key, "Commands{Add{ClientId=c1 ApplicationData{Contacts:FirstName=Ada}}}"),
                                EAS_AirSync_Responses),
                           "Status=1"));
}

/* One folder is done and committed, the next one fails: the answer is kept, and the rest is for later. */
static void test_half_down(void **state)
{
    static const struct {
        unsigned version;
        const char *status;
    } rows[] = {{141, "Status=16"}, {121, "Status=5"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *c = sync_all(rows[i].version, "$C", ""), *d = sync_all(rows[i].version, "$D", "");
        fake.die_after = 2;
        eas_node_t *answer =
            sync_run(eas_cmd_sync, rows[i].version,
                     apr_psprintf(pool,
                                  "AirSync:Sync{Collections{Collection{SyncKey=%s CollectionId=$C "
                                  "Commands{Add{ClientId=c1 ApplicationData{Contacts:FirstName=a}}}} "
                                  "AirSync:Collection{SyncKey=%s CollectionId=$D "
                                  "Commands{Add{ClientId=c1 ApplicationData{Contacts:FirstName=b}}}}}}",
                                  c, d));
        assert_string_not_equal(sync_key(answer, "$C"), c);
        assert_string_equal(sync_key(answer, "$D"), d);
        if (!strstr(map_text(answer, pool), rows[i].status))
            fail_msg("row %zu: %s", i, map_text(answer, pool));
        fake.die_after = 0;
    }
}

/* ---- waiting ---- */

static int asked;
static void something_happens(void)
{
    if (++asked == 2)
        fake_add("32", "News", "Now");
}

static void test_wait(void **state)
{
    const char *key = sync_all(141, "$C", "");
    asked = 0;
    sync_meanwhile = something_happens;
    sync_patience = 100;
    eas_node_t *answer = sync_run(eas_cmd_sync, 141,
                                  apr_psprintf(pool,
                                               "AirSync:Sync{Collections{Collection{SyncKey=%s CollectionId=$C}} "
                                               "HeartbeatInterval=60}",
                                               key));
    assert_int_equal(commands(answer, EAS_AirSync_Add), 1);
    assert_true(sync_patience > 0);
    /* the device goes away: nothing is said */
    sync_meanwhile = NULL;
    sync_patience = 3;
    key = sync_key(answer, "$C");
    assert_null(sync_run(eas_cmd_sync, 141,
                         apr_psprintf(pool,
                                      "AirSync:Sync{Collections{Collection{SyncKey=%s "
                                      "CollectionId=$C}} Wait=1}",
                                      key)));
    assert_true(sync_patience < 0);
    /* and what waits is remembered for the empty request after it */
    sync_patience = 3;
    assert_null(sync_run(eas_cmd_sync, 141, ""));
    assert_true(sync_patience < 0);
}

/* A request with changes of the device's is answered at once. */
static void test_no_wait(void **state)
{
    const char *key = sync_all(141, "$C", "");
    sync_patience = 0;
    eas_node_t *answer = sync_run(eas_cmd_sync, 141,
                                  apr_psprintf(pool,
                                               "AirSync:Sync{Collections{Collection{SyncKey=%s CollectionId=$C "
                                               "Commands{Delete{ServerId=1}}}} HeartbeatInterval=60}",
                                               key));
    assert_non_null(answer);
    assert_int_equal(sync_patience, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_TEST(test_first_sync),
        RUN_TEST(test_old_versions),
        RUN_TEST(test_windows),
        RUN_TEST(test_shared_window),
        RUN_TEST(test_add),
        RUN_TEST(test_lost_answer),
        RUN_TEST(test_change_and_delete),
        RUN_TEST(test_fetch),
        RUN_TEST(test_ghosting),
        RUN_TEST(test_conflict),
        RUN_TEST(test_refused_kinds),
        RUN_TEST(test_stale_keys),
        RUN_TEST(test_missed),
        RUN_TEST(test_empty_requests),
        RUN_TEST(test_refused_requests),
        RUN_TEST(test_down),
        RUN_TEST(test_half_down),
        RUN_TEST(test_wait),
        RUN_TEST(test_no_wait),
    };
    return RUN_TESTS(tests);
}
