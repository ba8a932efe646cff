/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: ox_backend.c ox_call.c ox_folder.c ox_mail.c ox_pim.c */
/* Folders, PIM and mail against canned answers: what servers of other versions say, and what must never be misread. */
#include "ox_test.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <apr_strings.h>
#include <string.h>
#include <usm/fields.h>
#include "ox/ox_mail.h"

#define LOGIN                                                                                                          \
    {                                                                                                                  \
        .match = "action=login", .body = "{\"session\":\"s\",\"user_id\":4,\"context_id\":1}"                         \
    }
#define END                                                                                                            \
    {                                                                                                                  \
        .match = NULL                                                                                                  \
    }
#define NO_SUCH "{\"error\":\"x\",\"categories\":\"ERROR\",\"code\":\"CON-0125\"}"
#define DENIED "{\"error\":\"x\",\"categories\":\"PERMISSION_DENIED\",\"code\":\"ABC-0001\"}"
#define DOWN "{\"error\":\"x\",\"categories\":\"SERVICE_DOWN\",\"code\":\"ABC-0002\"}"
#define UNSUPPORTED "{\"error\":\"x\",\"categories\":\"ERROR\",\"code\":\"MSG-0078\"}"

typedef struct env_t {
    apr_pool_t *pool, *calls;
    mock_t *mock;
    usm_bcall_t *call;
    const usm_backend_vtable_t *vt;
} env_t;

static env_t start(const canned_t *rows)
{
    env_t e;
    apr_pool_create(&e.pool, NULL);
    e.mock = mock_start(rows, e.pool);
    apr_pool_create(&e.calls, e.pool);
    usm_backend_t *be = test_backend(mock_port(e.mock), "", e.pool);
    e.vt = be->vt;
    e.call = test_call(be, e.calls);
    return e;
}

static void stop(env_t *e)
{
    apr_pool_destroy(e->calls);
    apr_pool_destroy(e->pool);
}

static const usm_brange_t everything = {.since = USM_TIME_NONE};
static const usm_bref_t contacts = {.id = "32", .cls = USM_CONTACT}, tasks = {.id = "33", .cls = USM_TASK};
static const usm_bref_t inbox = {.id = "default0/INBOX", .cls = USM_EMAIL};

/* ---- folders ---- */

#define ALL "403710016"
/* id, parent, title, module, rights, standard type, used for sync */
#define ROW(id, parent, title, module, rights, std, sync)                                                             \
    "[\"" id "\",\"" parent "\",\"" title "\",\"" module "\",false," rights ",true,true,false," std "," sync "]"
#define OFF "{\"value\":false,\"protected\":false}"
#define CALENDARS                                                                                                      \
    "{\"data\":{\"private\":[" ROW("31", "1", "Cal", "calendar", ALL, "2", "null") ","                                 \
    ROW("41", "31", "Off", "calendar", ALL, "0", OFF) ","                                                              \
    ROW("42", "41", "Below", "calendar", ALL, "0", "{\"value\":true}") ","                                             \
    ROW("43", "1", "Blind", "calendar", "1", "0", "null")                                                              \
    "],\"public\":[[\"50\",\"2\",\"Pub\",\"calendar\",false," ALL ",false,true,false,0,null]],\"shared\":[]}}"
#define CONTACTS                                                                                                       \
    "{\"data\":{\"private\":[" ROW("32", "1", "Con", "contacts", ALL, "3", "null")                                    \
    "],\"public\":[" ROW("6", "2", "GAB", "contacts", "257", "0", "null") "]}}"
#define MAILS                                                                                                          \
    "{\"data\":[" ROW("default0/INBOX", "default0", "In\\u0007box", "mail", ALL, "7", "null")                        \
    ",[\"default0/Off\",\"default0\",\"Off\",\"mail\",false," ALL ",false,false,false,0,null]]}"

static void test_folder_rules(void **state)
{
    static const canned_t rows[] = {
        LOGIN,
        {.match = "multiple", .body = "[" CALENDARS "," CONTACTS "," DENIED "," MAILS "]", .times = 1},
        {.match = "multiple", .body = "[{\"data\":{\"validity\":\"77\",\"total\":0}}]", .times = 1},
        {.match = "multiple", .body = "[" CALENDARS "," CONTACTS "," DENIED "," MAILS "]"},
        END};
    env_t e = start(rows);
    const apr_array_header_t *folders;
    test_ok(e.vt->folders(&folders, e.call, NULL, e.pool), "folders");
    const char *text = "";
    for (int i = 0; i < folders->nelts; i++) {
        const usm_bfolder_t *f = &APR_ARRAY_IDX(folders, i, usm_bfolder_t);
        text = apr_psprintf(e.pool, "%s%s(%s,%s,%d,%d)", text, f->id, f->parent ? f->parent : "-", f->name, (int)f->cls,
                            (int)f->role);
    }
    assert_string_equal(text, "31(-,Cal,3,1)42(-,Below,3,0)32(-,Con,2,1)default0/INBOX(-,Inbox,1,2)"
                              "notes(-,Notes,5,1)"); /* whether or not there is a mail folder for them yet */
    assert_string_equal(APR_ARRAY_IDX(folders, 3, usm_bfolder_t).token, "77");
    /* What is known is not asked about again. */
    test_ok(e.vt->folders(&folders, e.call, folders, e.pool), "folders again");
    assert_string_equal(APR_ARRAY_IDX(folders, 3, usm_bfolder_t).token, "77");
    assert_int_equal(mock_count(e.mock, "PUT /ajax/multiple"), 3);
    stop(&e);
}

/* A listing that failed must not look like an empty one. */
static void test_folder_failure(void **state)
{
    static const canned_t rows[] = {
        LOGIN,
        {.match = "multiple", .body = "[{\"data\":{}},{\"data\":{}},{\"data\":{}}," DOWN "]", .times = 1},
        {.match = "multiple", .body = "[{\"data\":{}},{\"data\":{}},{\"data\":{}}," NO_SUCH "]", .times = 1},
        {.match = "multiple", .body = "[{\"data\":{}}]", .times = 1},
        {.match = "multiple", .body = "<html></html>"},
        END};
    env_t e = start(rows);
    const apr_array_header_t *folders;
    test_fails(e.vt->folders(&folders, e.call, NULL, e.pool), USM_EUNAVAILABLE, "mail is down");
    test_fails(e.vt->folders(&folders, e.call, NULL, e.pool), USM_ENOTFOUND, "no mail root");
    test_fails(e.vt->folders(&folders, e.call, NULL, e.pool), USM_EBACKEND, "too few answers");
    test_fails(e.vt->folders(&folders, e.call, NULL, e.pool), USM_EBACKEND, "no JSON");
    stop(&e);
}

/* ---- PIM ---- */

static void test_deleted_forms(void **state)
{
    static const canned_t rows[] = {
        LOGIN,
        {.match = "action=updates",
         .body = "{\"data\":[[\"103\",1700000500000,false],\"102\",101,{\"id\":100,\"folder\":\"32\"},"
                 "[\"104\",1700000500001,true],null],\"timestamp\":0}"},
        END};
    env_t e = start(rows);
    noted_t n;
    usm_bsink_t sink = noted_sink(&n, e.pool);
    const char *cursor;
    test_ok(e.vt->changes(&cursor, e.call, &contacts, &everything, "1 1700000000000", 0, &sink, e.pool, e.pool),
            "changes");
    assert_true(noted_has(&n, '+', "103", NULL));
    assert_true(noted_has(&n, '-', "102", NULL));
    assert_true(noted_has(&n, '-', "101", NULL));
    assert_true(noted_has(&n, '-', "100", NULL));
    assert_true(noted_has(&n, '-', "104", NULL)); /* a distribution list now */
    assert_int_equal(n.upserts, 1);
    assert_int_equal(n.removes, 4);
    assert_int_equal(strncmp(cursor, "1 1700000500001 ", 16), 0); /* although the envelope says 0 */
    const char *request = mock_request(e.mock, 1, e.pool);
    assert_non_null(strstr(request, "ignore=false"));
    assert_non_null(strstr(request, "timezone=UTC"));
    assert_non_null(strstr(request, "timestamp=1700000000000&"));
    stop(&e);
}

static void test_cut_listing(void **state)
{
    static const canned_t rows[] = {
        LOGIN, {.match = "action=all", .body = "{\"data\":[[\"1\",5,false],[\"2\",6,fal"}, END};
    env_t e = start(rows);
    noted_t n;
    usm_bsink_t sink = noted_sink(&n, e.pool);
    const char *cursor;
    test_fails(e.vt->changes(&cursor, e.call, &contacts, &everything, NULL, 0, &sink, e.pool, e.pool), USM_EBACKEND,
               "cut off");
    assert_int_equal(n.ends, 0);
    stop(&e);
}

/* Whatever is no listing must not look like an empty one: devices would delete everything. */
static void test_no_listing(void **state)
{
    static const canned_t answers[] = {
        {.body = "{}"},
        {.body = "{\"timestamp\":5}"},
        {.body = "{\"data\":null}"},
        {.body = "{\"data\":{}}"},
        {.body = "{\"data\":[]}", .status = 404},
        {.body = "<html></html>", .status = 404},
        {.body = "<html></html>", .status = 403},
        {.body = "<html></html>"},
        {.body = ""},
        {.body = "{\"data\":[]}", .status = 302},
    };
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        canned_t rows[] = {LOGIN, answers[i], answers[i], END};
        rows[1].match = "contacts?action";
        rows[2].match = "mail?action=examine";
        env_t e = start(rows);
        noted_t n;
        usm_bsink_t sink = noted_sink(&n, e.pool);
        usm_fetch_t fetch = {.text_max = 1};
        usm_bget_t get = {.id = "1"};
        const char *cursor;
        USM_FIELDSET_ADD(&fetch.fields, USM_CONTACT_FIRST_NAME);
        usm_error_t *err = e.vt->changes(&cursor, e.call, &contacts, &everything, NULL, 0, &sink, e.pool, e.pool);
        usm_error_t *err2 = e.vt->changes(&cursor, e.call, &contacts, &everything, "1 5", 0, &sink, e.pool, e.pool);
        if (usm_error_code(err) != USM_EBACKEND || usm_error_code(err2) != USM_EBACKEND || n.ends)
            fail_msg("row %d: %s", (int)i, usm_error_text(err, e.pool));
        err = e.vt->get(&get, 1, e.call, &contacts, &fetch, e.pool, e.pool);
        err2 = e.vt->changes(&cursor, e.call, &inbox, &everything, "m1 1 2 3 4", 0, &sink, e.pool, e.pool);
        if (usm_error_code(err) != USM_EBACKEND || usm_error_code(err2) != USM_EBACKEND)
            fail_msg("row %d, get: %s", (int)i, usm_error_text(err ? err : err2, e.pool));
        stop(&e);
    }
}

static void test_get_singly(void **state)
{
    static const canned_t rows[] = {
        LOGIN,
        {.match = "contacts?action=list", .body = NO_SUCH},
        {.match = "multiple",
         .body = "[{\"data\":[[\"1\",5,false,\"Ada\"]]}," NO_SUCH "," DENIED ",{\"data\":[null]}]"},
        END};
    env_t e = start(rows);
    usm_bget_t gets[] = {{.id = "1"}, {.id = "2"}, {.id = "3"}, {.id = "4"}};
    usm_fetch_t fetch = {.text_max = 100};
    USM_FIELDSET_ADD(&fetch.fields, USM_CONTACT_FIRST_NAME);
    test_ok(e.vt->get(gets, 4, e.call, &contacts, &fetch, e.pool, e.pool), "get");
    assert_string_equal(usm_item_text(gets[0].item, USM_CONTACT_FIRST_NAME), "Ada");
    assert_int_equal(gets[0].rev, 5);
    assert_int_equal(usm_item_state(gets[0].item, USM_CONTACT_LAST_NAME), USM_ABSENT);
    assert_null(gets[1].item);
    assert_null(gets[1].error);
    assert_null(gets[2].item);
    assert_int_equal(usm_error_code(gets[2].error), USM_EFORBIDDEN);
    assert_null(gets[3].item);
    assert_null(gets[3].error);
    stop(&e);
}

/* The order of a list's rows is not trusted. */
static void test_get_order(void **state)
{
    static const canned_t rows[] = {
        LOGIN,
        {.match = "contacts?action=list",
         .body = "{\"data\":[[2,6,false,\"Two\"],[\"9\",9,false,\"?\"],[\"1\",5,true,\"List\"]]}"},
        END};
    env_t e = start(rows);
    usm_bget_t gets[] = {{.id = "1"}, {.id = "2"}};
    usm_fetch_t fetch = {.text_max = 100};
    USM_FIELDSET_ADD(&fetch.fields, USM_CONTACT_FIRST_NAME);
    test_ok(e.vt->get(gets, 2, e.call, &contacts, &fetch, e.pool, e.pool), "get");
    assert_null(gets[0].item);
    assert_string_equal(usm_item_text(gets[1].item, USM_CONTACT_FIRST_NAME), "Two");
    stop(&e);
}

static void test_write_answers(void **state)
{
    static const canned_t rows[] = {
        LOGIN,
        {.match = "tasks?action=update", .body = "{\"data\":{}}", .times = 1},
        {.match = "tasks?action=list", .body = "{\"data\":[[\"7\",1700000009999]]}"},
        {.match = "tasks?action=update", .body = "{\"data\":{},\"timestamp\":1700000008888}"},
        {.match = "tasks?action=delete", .body = "{\"data\":[\"7\"],\"timestamp\":1}", .times = 1},
        {.match = "tasks?action=delete",
         .body = "{\"error\":\"x\",\"categories\":\"CONFLICT\",\"code\":\"TSK-0007\"}",
         .times = 1},
        {.match = "tasks?action=delete", .body = "{\"data\":[],\"timestamp\":1}"},
        {.match = "tasks?action=new", .body = "{\"data\":{\"id\":12},\"timestamp\":5}", .times = 1},
        {.match = "tasks?action=new", .body = "{\"data\":{},\"timestamp\":5}"},
        END};
    env_t e = start(rows);
    usm_item_t *item = usm_item_create(USM_TASK, e.pool);
    usm_fieldset_t fields = {{0}};
    usm_bwrite_t w = {.edge = USM_TIME_NONE};
    usm_item_set_text(item, USM_TASK_SUBJECT, "x");
    USM_FIELDSET_ADD(&fields, USM_TASK_SUBJECT);
    test_ok(e.vt->update(&w, e.call, &tasks, "7", item, &fields, 5, e.pool, e.pool), "no timestamp: read it");
    assert_int_equal(w.rev, APR_INT64_C(1700000009999));
    assert_int_equal(w.edge, USM_TIME_NONE);
    usm_item_set_num(item, USM_TASK_STATE, USM_TASK_DONE); /* whether it is done need not be asked then */
    test_ok(e.vt->update(&w, e.call, &tasks, "7", item, &fields, 5, e.pool, e.pool), "timestamp of the envelope");
    assert_int_equal(w.rev, APR_INT64_C(1700000008888));
    assert_int_equal(w.edge, USM_EDGE_DONE);
    assert_non_null(strstr(mock_request(e.mock, 1, e.pool), "timestamp=5&"));
    test_fails(e.vt->remove(e.call, &tasks, "7", USM_DELETE_TRASH, 5, e.pool), USM_ECONFLICT, "refused id");
    test_fails(e.vt->remove(e.call, &tasks, "7", USM_DELETE_TRASH, 5, e.pool), USM_ECONFLICT, "refused by an error");
    test_ok(e.vt->remove(e.call, &tasks, "7", USM_DELETE_TRASH, 0, e.pool), "removed");
    test_ok(e.vt->add(&w, e.call, &tasks, item, "u", e.pool, e.pool), "add");
    assert_string_equal(w.id, "12");
    test_fails(e.vt->add(&w, e.call, &tasks, item, "u", e.pool, e.pool), USM_EBACKEND, "add without an id");
    stop(&e);
}

/* ---- mail ---- */

static void test_without_examine(void **state)
{
    static const canned_t rows[] = {
        LOGIN,
        {.match = "action=examine", .body = UNSUPPORTED},
        {.match = "folders?action=get", .body = "{\"data\":{\"total\":1,\"unread\":1}}", .times = 3},
        {.match = "folders?action=get", .body = "{\"data\":{\"total\":2,\"unread\":1}}"},
        {.match = "mail?action=all", .body = "{\"data\":[[\"7\",0,0,1700000000000]]}"},
        END};
    env_t e = start(rows);
    noted_t n;
    usm_bsink_t sink = noted_sink(&n, e.pool);
    const char *cursor, *token;
    int changed;
    test_ok(e.vt->changes(&cursor, e.call, &inbox, &everything, NULL, 0, &sink, e.pool, e.pool), "first");
    assert_int_equal(n.upserts, 1);
    test_ok(e.vt->changed(&changed, e.call, &inbox, cursor, e.pool), "changed");
    assert_false(changed);
    assert_int_equal(mock_count(e.mock, "examine"), 1); /* it is not asked again */
    test_ok(e.vt->changes(&cursor, e.call, &inbox, &everything, cursor, 0, &sink, e.pool, e.pool), "nothing");
    assert_int_equal(n.begins, 1);
    test_ok(e.vt->changes(&cursor, e.call, &inbox, &everything, cursor, 0, &sink, e.pool, e.pool), "total grew");
    assert_int_equal(n.begins, 2);
    test_ok(e.vt->folder_token(&token, e.call, &inbox, e.pool), "token");
    assert_null(token);
    stop(&e);
}

static const char *chunk(apr_pool_t *pool, int first, int count)
{
    char *text = apr_palloc(pool, (apr_size_t)count * 40 + 20);
    apr_size_t len = (apr_size_t)apr_snprintf(text, 20, "{\"data\":[");
    for (int i = 0; i < count; i++)
        len += (apr_size_t)apr_snprintf(text + len, 40, "%s[\"%d\",0,0,%d]", i ? "," : "", first - i, first - i);
    apr_cpystrn(text + len, "]}", 3);
    return text;
}

/* A mail deleted between two chunks moves all behind it up by one. None may be missed: the folder is listed anew. */
static void test_shifted_listing(void **state)
{
    apr_pool_t *pool;
    apr_pool_create(&pool, NULL);
    const canned_t rows[] = {
        LOGIN,
        {.match = "action=examine",
         .body = "{\"data\":{\"validity\":\"1\",\"total\":1500,\"unread\":0,\"next\":\"2000\"}}"},
        {.match = "left_hand_limit=0&", .body = chunk(pool, 1999, 1000)},
        {.match = "left_hand_limit=999&", .body = chunk(pool, 999, 500), .times = 1}, /* 1000 has moved away */
        {.match = "left_hand_limit=999&", .body = chunk(pool, 1000, 501)},
        END};
    env_t e = start(rows);
    noted_t n;
    usm_bsink_t sink = noted_sink(&n, e.pool);
    const char *cursor;
    test_ok(e.vt->changes(&cursor, e.call, &inbox, &everything, NULL, 0, &sink, e.pool, e.pool), "listing");
    assert_int_equal(mock_count(e.mock, "left_hand_limit=0&"), 2);
    for (int id = 500; id < 2000; id++) {
        if (!noted_has(&n, '+', apr_itoa(pool, id), NULL))
            fail_msg("mail %d was missed", id);
    }
    assert_int_equal(n.begins, 1);
    assert_int_equal(n.ends, 1);
    stop(&e);
    apr_pool_destroy(pool);
}

/* A mail that was put into the folder with an old date is not among the newest: the counts tell. */
static void test_old_mail_arrives(void **state)
{
    static const canned_t rows[] = {
        LOGIN,
        {.match = "action=examine", .body = "{\"data\":{\"validity\":\"1\",\"total\":3,\"unread\":0,\"next\":\"13\"}}"},
        {.match = "right_hand_limit=50&",
         .body = "{\"data\":[[\"11\",32,0,50],[\"10\",32,0,40],[\"12\",32,0,3]]}",
         .times = 1},
        {.match = "mail?action=all", .body = "{\"data\":[[\"11\",32,0,50],[\"10\",32,0,40],[\"12\",32,0,3]]}"},
        END};
    env_t e = start(rows);
    noted_t n;
    usm_bsink_t sink = noted_sink(&n, e.pool);
    const char *cursor;
    test_ok(e.vt->changes(&cursor, e.call, &inbox, &everything, "m1 1 2 0 12", 0, &sink, e.pool, e.pool), "arrival");
    assert_true(noted_has(&n, '+', "12", NULL));
    assert_int_equal(n.begins, 0);
    /* One unread more than the new mails explain: somebody marked another one. */
    sink = noted_sink(&n, e.pool);
    test_ok(e.vt->changes(&cursor, e.call, &inbox, &everything, "m1 1 2 1 12", 0, &sink, e.pool, e.pool),
            "arrival and flag");
    assert_int_equal(n.begins, 1);
    test_fails(e.vt->changes(&cursor, e.call, &inbox, &everything, "m1 2 2 0 12", 0, &sink, e.pool, e.pool),
               USM_ECURSOR, "validity");
    stop(&e);
}

static void test_mail_get_errors(void **state)
{
    static const canned_t rows[] = {
        LOGIN,
        {.match = "multiple",
         .body =
             "[{\"error\":\"x\",\"categories\":\"USER_INPUT\",\"code\":\"MSG-0032\"},"
             "{\"error\":\"x\",\"categories\":\"ERROR\",\"code\":\"MSG-0099\"},{\"data\":{\"id\":\"3\",\"flags\":2}},{}"
             ","
             "{\"data\":{\"id\":\"4\",\"flags\":41,\"color_label\":3,\"subject\":\"s\\u0000x\",\"received_date\":9}}]",
         .times = 1},
        {.match = "multiple", .body = "[" DOWN "]"},
        END};
    env_t e = start(rows);
    usm_bget_t gets[] = {{.id = "1"}, {.id = "2"}, {.id = "3"}, {.id = "no data"}, {.id = "4"}};
    usm_fetch_t fetch = {{{0}}, 0, 0, 0, 0, 0};
    USM_FIELDSET_ADD(&fetch.fields, USM_EMAIL_SUBJECT);
    test_ok(e.vt->get(gets, 5, e.call, &inbox, &fetch, e.pool, e.pool), "get");
    assert_true(!gets[0].item && !gets[0].error);
    assert_true(!gets[1].item && usm_error_code(gets[1].error) == USM_EBACKEND);
    assert_true(!gets[2].item && !gets[2].error);
    assert_true(!gets[3].item && usm_error_code(gets[3].error) == USM_EBACKEND);
    assert_string_equal(usm_item_text(gets[4].item, USM_EMAIL_SUBJECT), "sx");
    assert_int_equal(gets[4].rev, ox_mail_rev(41, 3));
    assert_int_equal(gets[4].edge, 9);
    test_fails(e.vt->get(gets, 1, e.call, &inbox, &fetch, e.pool, e.pool), USM_EUNAVAILABLE, "down");
    assert_int_equal(mock_count(e.mock, "\"unseen\":\"true\""), 2);
    stop(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_folder_rules),  cmocka_unit_test(test_folder_failure),
        cmocka_unit_test(test_deleted_forms), cmocka_unit_test(test_cut_listing),
        cmocka_unit_test(test_get_singly),       cmocka_unit_test(test_no_listing),
           cmocka_unit_test(test_get_order),
        cmocka_unit_test(test_write_answers), cmocka_unit_test(test_without_examine),
        cmocka_unit_test(test_shifted_listing), cmocka_unit_test(test_old_mail_arrives),
        cmocka_unit_test(test_mail_get_errors),
    };
    apr_initialize();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
