/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: flag.c mailattr.c eas_flag.c */
/* What a device says of follow-up flags, on a real engine whose server keeps one bit of them. */
#include "sync_test.h"

#include "core/core.h"

static apr_pool_t *pool;
static fake_item_t *mail;

static int start(void **state)
{
    int rv = sync_setup(state);
    pool = *state;
    usm_item_t *item = usm_item_create(USM_EMAIL, pool);
    usm_item_set_text(item, USM_EMAIL_SUBJECT, "Frage");
    usm_item_set_text(item, USM_EMAIL_MESSAGE_ID, "<m@x>");
    usm_item_set_empty(item, USM_EMAIL_FLAG);
    mail = fake_add_full("40", item);
    return rv;
}
#define RUN_TEST(function) cmocka_unit_test_setup_teardown(function, start, sync_teardown)

/* The bit that is left of a flag. */
static void only_bit(int set)
{
    static const usm_flag_t plain = {.status = 2, .type = "Follow up"};
    usm_item_set_ptr(mail->full, USM_EMAIL_FLAG, set ? &plain : NULL);
    fake_touch(mail);
}

/* Flag as a device that starts over is told of it. */
static const char *told(void)
{
    eas_node_t *answer =
        sync_run(eas_cmd_sync, 141, "AirSync:Sync{Collections{Collection{SyncKey=0 CollectionId=$M}}}");
    answer = sync_run(eas_cmd_sync, 141,
                      apr_psprintf(pool, "AirSync:Sync{Collections{Collection{SyncKey=%s CollectionId=$M}}}",
                                   sync_key(answer, "$M")));
    const unsigned path[] = {EAS_AirSync_Collections, EAS_AirSync_Collection, EAS_AirSync_Commands, EAS_AirSync_Add,
                             EAS_AirSync_ApplicationData, EAS_Email_Flag, 0};
    const eas_node_t *flag = eas_node_path(answer, path);
    assert_non_null(flag);
    return map_text(flag, pool);
}

/* The Status of a change, 1 when nothing is said. */
static const char *set_flag(const char *flag)
{
    const char *key = sync_all(141, "$M", "");
    eas_node_t *answer = sync_run(
        eas_cmd_sync, 141,
        apr_psprintf(pool, "AirSync:Sync{Collections{Collection{SyncKey=%s CollectionId=$M GetChanges=0 "
                     "Commands{Change{ServerId=$M:%s ApplicationData{Email:Flag%s}}}}}}", key, mail->id, flag));
    const unsigned path[] = {EAS_AirSync_Collections, EAS_AirSync_Collection, EAS_AirSync_Responses,
                             EAS_AirSync_Change, EAS_AirSync_Status, 0};
    const eas_node_t *status = eas_node_path(answer, path);
    return status ? eas_node_text(status) : "1";
}

#define DATES                                                                                                          \
    "Tasks:StartDate=2031-05-06T07:00:00.000Z DueDate=2031-05-08T07:00:00.000Z UtcStartDate=2031-05-06T05:00:00.000Z " \
    "UtcDueDate=2031-05-08T05:00:00.000Z ReminderSet=1 ReminderTime=2031-05-07T06:30:00.000Z"
#define OUT                                                                                                            \
    "StartDate=2031-05-06T07:00:00.000Z DueDate=2031-05-08T07:00:00.000Z UtcStartDate=2031-05-06T05:00:00.000Z "       \
    "UtcDueDate=2031-05-08T05:00:00.000Z ReminderSet=1 ReminderTime=2031-05-07T06:30:00.000Z"
#define DONE "CompleteTime=2031-05-07T12:00:00.000Z"

static void test_kept(void **state)
{
    assert_string_equal(set_flag("{Tasks:Subject='a;b %25' Email:Status=2 FlagType=x " DATES " SubOrdinalDate=5}"),
                        "1");
    only_bit(1);
    assert_string_equal(told(), "Subject='a;b %' Status=2 FlagType=x " OUT " SubOrdinalDate=5");
    /* Done: nothing is left of it at the server. */
    assert_string_equal(set_flag("{Status=1 FlagType=x " DONE " Tasks:DateCompleted=2031-05-07T12:00:00.000Z}"), "1");
    only_bit(0);
    assert_string_equal(told(), "Status=1 FlagType=x DateCompleted=2031-05-07T12:00:00.000Z " DONE);
    /* Set again by somebody else: what was kept goes for good. */
    only_bit(1);
    assert_string_equal(told(), "Status=2 FlagType='Follow up'");
    only_bit(0);
    assert_string_equal(told(), "");
}

static void test_plain_again(void **state)
{
    assert_string_equal(set_flag("{Status=2 FlagType=x " DATES "}"), "1");
    assert_string_equal(set_flag("{Email:Status=2 FlagType='for Follow Up'}"), "1");
    only_bit(1);
    assert_string_equal(told(), "Status=2 FlagType='Follow up'");
}

static void test_bad(void **state)
{
    static const char *const rows[] = {"{Status=2}", "{Status=3 FlagType=x}",
                                       "{Status=2 FlagType=x Tasks:OrdinalDate=x}",
                                       "{Status=2 FlagType=x Tasks:ReminderSet=1}",
                                       "{Status=2 FlagType=x Tasks:ReminderSet=7}",
                                       "{Status=2 FlagType=x Tasks:StartDate=2031-05-06T07:00:00.000Z}",
                                       "{Status=1 FlagType=x " DONE "}"};
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (strcmp(set_flag(rows[i]), "6") != 0)
            fail_msg("row %zu", i);
    }
}

/* The newest are kept, and of all no more than there is room for. */
static void test_bounds(void **state)
{
    usm_session_t *session = sync_ctx(141)->session;
    const apr_array_header_t *lines;
    for (int i = 0; i < 5; i++)
        assert_null(usm__mailattr_set(session, 'X', apr_itoa(pool, i), "v w", 3));
    assert_null(usm__mailattr_set(session, 'Y', "2", "other", 3));
    assert_null(usm__mailattr_set(session, 'X', "3", NULL, 3));
    session = sync_ctx(141)->session;
    assert_null(usm__mailattr_lines(&lines, session));
    assert_null(usm__mailattr_find(lines, 'X', "0"));
    assert_null(usm__mailattr_find(lines, 'X', "3"));
    assert_string_equal(usm__mailattr_find(lines, 'X', "4"), "v w");
    assert_string_equal(usm__mailattr_find(lines, 'Y', "2"), "other");
    char *large = apr_palloc(pool, 40001);
    memset(large, 'x', 40000);
    large[40000] = '\0';
    assert_null(usm__mailattr_set(session, 'X', "a", large, 3));
    assert_null(usm__mailattr_set(session, 'X', "b", large, 3));
    assert_null(usm__mailattr_lines(&lines, session));
    assert_null(usm__mailattr_find(lines, 'X', "a"));
    assert_non_null(usm__mailattr_find(lines, 'X', "b"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {RUN_TEST(test_kept), RUN_TEST(test_plain_again), RUN_TEST(test_bad),
                                       RUN_TEST(test_bounds)};
    return RUN_TESTS(tests);
}
