/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: cmd_meetingresponse.c meeting.c */
/* Answers to invitations on a real engine. */
#include "sync_test.h"

#include <usm/recur.h>
#include "core/core.h"

static apr_pool_t *pool;
static fake_item_t *single, *series, *own, *mail, *stray;

static fake_item_t *add_event(const char *uid, const char *organizer, int recurs)
{
    usm_item_t *item = usm_item_create(USM_EVENT, pool);
    usm_recurrence_t rule = {.freq = USM_RECUR_WEEKLY, .interval = 1, .weekdays = 2, .first_weekday = 1,
                             .occurrences = 10, .until = USM_TIME_NONE};
    usm_exception_t gone = {.day = usm_date_make(2031, 1, 20)};
    usm_exceptions_t exceptions = {1, &gone};
    usm_item_set_text(item, USM_EVENT_UID, uid);
    usm_item_set_text(item, USM_EVENT_TIMEZONE, "Europe/Berlin");
    usm_item_set_num(item, USM_EVENT_START, map_time("2031-01-06T09:00:00Z"));
    usm_item_set_num(item, USM_EVENT_END, map_time("2031-01-06T10:00:00Z"));
    usm_item_set_text(item, USM_EVENT_ORGANIZER_EMAIL, organizer);
    if (recurs) {
        usm_item_set_ptr(item, USM_EVENT_RECURRENCE, &rule);
        usm_item_set_ptr(item, USM_EVENT_EXCEPTIONS, &exceptions);
    }
    fake_item_t *made = fake_add_full("41", item);
    snprintf(made->uid, sizeof made->uid, "%s", uid);
    return made;
}

static fake_item_t *add_mail(const char *uid, int method)
{
    usm_item_t *item = usm_item_create(USM_EMAIL, pool);
    usm_meeting_t meeting = {.method = method, .uid = uid, .stamp = USM_TIME_NONE, .recurrence_id = USM_TIME_NONE};
    meeting.organizer.addr = strcmp(uid, "u-mine") == 0 ? "anton@example.org" : "boss@example.net";
    usm_item_set_text(item, USM_EMAIL_SUBJECT, "Invitation");
    usm_item_set_ptr(item, USM_EMAIL_MEETING, &meeting);
    return fake_add_full("40", item);
}

static int start(void **state)
{
    int rv = sync_setup(state);
    pool = *state;
    single = add_event("u-single", "boss@example.net", 0);
    series = add_event("u-series", "boss@example.net", 1);
    own = add_event("u-own", "anton@example.org", 0);
    mail = add_mail("u-single", USM_MEETING_REQUEST);
    stray = add_mail("u-nowhere", USM_MEETING_REQUEST);
    return rv;
}

static const char *sid(const char *folder, const fake_item_t *item)
{
    return apr_pstrcat(pool, sync_expand(folder), ":", item->id, NULL);
}

/* The answer to a Request; '@' in it stands for the id. */
static const char *respond(unsigned version, const char *text, const char *id)
{
    const char *at = strchr(text, '@');
    if (at)
        text = apr_pstrcat(pool, apr_pstrmemdup(pool, text, (apr_size_t)(at - text)), id, at + 1, NULL);
    eas_node_t *answer = sync_run(eas_cmd_meetingresponse, version,
                                  apr_pstrcat(pool, "MeetingResponse:MeetingResponse{Request{", text, "}}", NULL));
    return answer ? map_text(answer, pool) : "";
}

static const char *result(const char *id, int status, const char *event)
{
    return apr_psprintf(pool, "Result{RequestId=%s Status=%d%s%s}", id, status, event ? " CalendarId=" : "",
                        event ? event : "");
}

static void test_event(void **state)
{
    static const int status[] = {USM_ATT_NONE, USM_ATT_ACCEPTED, USM_ATT_TENTATIVE, USM_ATT_DECLINED};
    const char *id = sid("$E", single);
    for (int i = 1; i <= 3; i++) {
        const char *format = apr_psprintf(pool, "UserResponse=%d RequestId=@", i);
        assert_string_equal(respond(141, format, id), result(id, 1, i == 3 ? NULL : id));
        assert_int_equal(fake.confirmed, status[i]);
        assert_true(fake.confirmed_day == USM_TIME_NONE);
    }
    assert_string_equal(respond(161,
                                "UserResponse=1 RequestId=@ SendResponse{AirSyncBase:Body{Type=2 "
                                "Data='<p>Late%20again</p>'}}",
                                id),
                        result(id, 1, id));
    assert_non_null(strstr(fake.said, "Late again"));
}

static void test_occurrence(void **state)
{
    const char *id = sid("$E", series);
    assert_string_equal(respond(141, "UserResponse=1 RequestId=@ InstanceId=2031-01-13T09:00:00.000Z", id),
                        result(id, 1, id));
    assert_int_equal(fake.confirmed_day, usm_date_make(2031, 1, 13));
    /* deleted, of no occurrence, of a single event, no time */
    assert_string_equal(respond(141, "UserResponse=1 RequestId=@ InstanceId=2031-01-20T09:00:00.000Z", id),
                        result(id, 2, NULL));
    assert_string_equal(respond(141, "UserResponse=1 RequestId=@ InstanceId=2031-01-16T09:00:00.000Z", id),
                        result(id, 2, NULL));
    assert_string_equal(respond(141, "UserResponse=1 RequestId=@ InstanceId=soon", id), result(id, 104, NULL));
    id = sid("$E", single);
    assert_string_equal(respond(141, "UserResponse=1 RequestId=@ InstanceId=2031-01-13T09:00:00.000Z", id),
                        result(id, 146, NULL));
    assert_int_equal(fake.confirms, 1);
}

/* By the mail: it goes to the trash, and the repeat of the answer has the same result without it. */
static void test_mail(void **state)
{
    const char *id = sid("$M", mail), *event = sid("$E", single);
    assert_string_equal(respond(121, "UserResponse=1 CollectionId=x RequestId=@", id), result(id, 1, event));
    assert_false(mail->alive);
    assert_string_equal(respond(121, "UserResponse=1 CollectionId=x RequestId=@", id), result(id, 1, event));
    assert_int_equal(fake.confirms, 1);
    /* another answer is another wish, for which there is no mail any more */
    assert_string_equal(respond(121, "UserResponse=2 RequestId=@", id), result(id, 2, NULL));
    id = sid("$M", stray);
    assert_string_equal(respond(121, "UserResponse=1 RequestId=@", id), result(id, 2, NULL));
    assert_true(stray->alive);
    /* an event that is not there yet comes out of the mail, with the answer */
    fake.take_into = "41";
    fake_item_t *mine = add_mail("u-mine", USM_MEETING_REQUEST); /* what the user himself sent is none to answer */
    assert_string_equal(respond(121, "UserResponse=1 RequestId=@", sid("$M", mine)), result(sid("$M", mine), 2, NULL));
    assert_int_equal(fake.taken, USM_ATT_NONE);
    const char *got = respond(121, "UserResponse=1 RequestId=@", id);
    assert_non_null(strstr(got, "Status=1 CalendarId="));
    assert_int_equal(fake.taken, USM_ATT_ACCEPTED);
    assert_int_equal(fake.confirms, 1);
    assert_false(stray->alive);
    assert_string_equal(respond(121, "UserResponse=1 RequestId=@", id), got);
}

static void test_refused(void **state)
{
    static const char *const formats[] = {"UserResponse=0 RequestId=@", "UserResponse=4 RequestId=@",
                                          "RequestId=@", "UserResponse=1 RequestId=@ Search:LongId=x",
                                          ("UserResponse=1 RequestId=@ MeetingResponse:SendResponse{"
                                           "ProposedStartTime=20310106T100000Z}")};
    const char *id = sid("$E", single);
    for (size_t i = 0; i < COUNT(formats); i++) {
        if (strcmp(respond(161, formats[i], id), result(id, 2, NULL)) != 0)
            fail_msg("row %zu: %s", i, respond(161, formats[i], id));
    }
    id = sid("$E", own);
    assert_string_equal(respond(141, "UserResponse=1 RequestId=@", id), result(id, 2, NULL));
    id = sid("$M", add_mail("u-single", USM_MEETING_CANCEL));
    assert_string_equal(respond(141, "UserResponse=1 RequestId=@", id), result(id, 2, NULL));
    assert_string_equal(respond(141, "UserResponse=1 Search:LongId=@", "rubbish"), "Result{Status=2}");
    assert_string_equal(respond(141, "UserResponse=1 RequestId=@", "9:9"), result("9:9", 2, NULL));
    id = sid("$E", single);
    fake.refuse = 1;
    assert_string_equal(respond(141, "UserResponse=1 RequestId=@", id), result(id, 2, NULL));
    assert_int_equal(fake.confirms, 0);
    fake.down = 1;
    respond(141, "UserResponse=1 RequestId=@", id);
    assert_int_equal(sync_http, 503);
}

static void test_document(void **state)
{
    const char *many = "";
    sync_run(eas_cmd_meetingresponse, 141, "MeetingResponse:MeetingResponse");
    assert_int_equal(sync_status, 103);
    for (int i = 0; i < 101; i++)
        many = apr_pstrcat(pool, many, "Request{UserResponse=1 RequestId=1:1} ", NULL);
    sync_run(eas_cmd_meetingresponse, 141, apr_pstrcat(pool, "MeetingResponse:MeetingResponse{", many, "}", NULL));
    assert_int_equal(sync_status, 103);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_event, start, sync_teardown),
        cmocka_unit_test_setup_teardown(test_occurrence, start, sync_teardown),
        cmocka_unit_test_setup_teardown(test_mail, start, sync_teardown),
        cmocka_unit_test_setup_teardown(test_refused, start, sync_teardown),
        cmocka_unit_test_setup_teardown(test_document, start, sync_teardown),
    };
    return RUN_TESTS(tests);
}
