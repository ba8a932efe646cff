/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: class_contact.c class_email.c class_event.c class_note.c class_task.c */
/* What no row can say: events with their zones, days and meetings, the extras of mails, contacts and tasks. */
#include "map_test.h"

#include <apr_base64.h>
#include <usm/fields.h>

static const char *blob_text(const char *rule_text, apr_pool_t *pool)
{
    unsigned char blob[EAS_TZ_BLOB];
    char *text = apr_palloc(pool, EAS_TZ_BLOB * 4 / 3 + 8);
    eas_tzrule_t rule;
    if (!eas_tz_posix(&rule, rule_text))
        fail_msg("%s is no rule", rule_text);
    eas_tz_to_blob(blob, &rule);
    apr_base64_encode_binary(text, blob, EAS_TZ_BLOB);
    return text;
}

/* ---- all-day events ---- */

static void test_all_day_out(void **state)
{
    static const struct {
        unsigned version;
        const char *zone, *user, *start, *end;
        int blob; /* is Timezone there? */
    } rows[] = {
        {141, "Europe/Berlin", "Europe/Berlin", "20260309T230000Z", "20260310T230000Z", 1},
        {141, "America/New_York", "Europe/Berlin", "20260310T040000Z", "20260311T040000Z", 1},
        {141, "Australia/Sydney", "Europe/Berlin", "20260309T130000Z", "20260310T130000Z", 1},
        {141, "Pacific/Kiritimati", "Europe/Berlin", "20260309T100000Z", "20260310T100000Z", 1},
        {141, "Pacific/Pago_Pago", "Europe/Berlin", "20260310T110000Z", "20260311T110000Z", 1},
        {141, "No/Such", "Asia/Tokyo", "20260309T150000Z", "20260310T150000Z", 1},
        {141, NULL, "Asia/Tokyo", "20260309T150000Z", "20260310T150000Z", 1}, /* and its blob is Tokyo's */
        {25, "Europe/Berlin", "Europe/Berlin", "20260309T230000Z", "20260310T230000Z", 1},
        {160, "Europe/Berlin", "Europe/Berlin", "20260310T000000Z", "20260311T000000Z", 0},
        {161, NULL, "Asia/Tokyo", "20260310T000000Z", "20260311T000000Z", 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        usm_item_t *item = usm_item_create(USM_EVENT, *state);
        usm_item_set_num(item, USM_EVENT_ALL_DAY, 1);
        usm_item_set_num(item, USM_EVENT_START, map_time("2026-03-10T00:00:00Z"));
        usm_item_set_num(item, USM_EVENT_END, map_time("2026-03-11T00:00:00Z"));
        if (rows[i].zone)
            usm_item_set_text(item, USM_EVENT_TIMEZONE, rows[i].zone);
        const eas_node_t *node = map_encode(map_ctx(rows[i].version, rows[i].user, *state), item, NULL, NULL, *state);
        const char *start = eas_node_child_text(node, EAS_Calendar_StartTime),
                   *end = eas_node_child_text(node, EAS_Calendar_EndTime);
        if (strcmp(start, rows[i].start) != 0 || strcmp(end, rows[i].end) != 0)
            fail_msg("row %zu: %s to %s", i, start, end);
        if ((eas_node_child(node, EAS_Calendar_Timezone) != NULL) != rows[i].blob)
            fail_msg("row %zu: Timezone", i);
    }
}

/* The days that a device means, whatever its zone is, its user's zone is and the hour's fault of its clock. */
static void test_all_day_in(void **state)
{
    static const struct {
        unsigned version;
        const char *rule, *user, *start, *end, *day, *last;
    } rows[] = {
        {141, "CET-1CEST,M3.5.0,M10.5.0/3", "Europe/Berlin", "20260309T230000Z", "20260310T230000Z", "2026-03-10",
         "2026-03-11"},
        {141, "CET-1CEST,M3.5.0,M10.5.0/3", "America/New_York", "20260309T230000Z", "20260310T230000Z", "2026-03-10",
         "2026-03-11"},
        {141, "EST5EDT,M3.2.0,M11.1.0", "Europe/Berlin", "20260310T040000Z", "20260311T040000Z", "2026-03-10",
         "2026-03-11"},
        {141, "<+14>-14", "Europe/Berlin", "20260309T100000Z", "20260310T100000Z", "2026-03-10", "2026-03-11"},
        {141, "<-11>11", "Europe/Berlin", "20260310T110000Z", "20260311T110000Z", "2026-03-10", "2026-03-11"},
        /* a rule that no zone has: its offset counts all the same */
        {141, "QQQ-13:17", "America/Los_Angeles", "20260309T104300Z", "20260310T104300Z", "2026-03-10", "2026-03-11"},
        {141, NULL, "Asia/Tokyo", "20260309T150000Z", "20260310T150000Z", "2026-03-10", "2026-03-11"},
        /* an hour off */
        {141, "CET-1CEST,M3.5.0,M10.5.0/3", "Europe/Berlin", "20260309T220000Z", "20260311T000000Z", "2026-03-10",
         "2026-03-11"},
        /* ends at its start, or a second before midnight */
        {141, "UTC0", "Europe/Berlin", "20260310T000000Z", "20260310T000000Z", "2026-03-10", "2026-03-11"},
        {141, "UTC0", "Europe/Berlin", "20260310T000000Z", "20260311T235959Z", "2026-03-10", "2026-03-12"},
        /* across the change of the clock */
        {141, "CET-1CEST,M3.5.0,M10.5.0/3", "Europe/Berlin", "20260328T230000Z", "20260329T220000Z", "2026-03-29",
         "2026-03-30"},
        {160, NULL, "Asia/Tokyo", "20260310T000000Z", "20260311T000000Z", "2026-03-10", "2026-03-11"},
        {161, NULL, "America/Los_Angeles", "20260310T000000Z", "20260312T000000Z", "2026-03-10", "2026-03-12"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *zone = rows[i].rule ? apr_pstrcat(*state, "Timezone=", blob_text(rows[i].rule, *state), NULL) : "";
        const char *text = apr_pstrcat(*state, "Calendar:AllDayEvent=1 StartTime=", rows[i].start,
                                       " EndTime=", rows[i].end, " ", zone, NULL);
        usm_item_t *item = map_decode(map_ctx(rows[i].version, rows[i].user, *state), USM_EVENT, text, NULL, *state);
        if (!item ||
            usm_item_num(item, USM_EVENT_START, 1) != map_time(apr_pstrcat(*state, rows[i].day, "T00:00:00Z", NULL)) ||
            usm_item_num(item, USM_EVENT_END, 1) != map_time(apr_pstrcat(*state, rows[i].last, "T00:00:00Z", NULL)))
            fail_msg("row %zu", i);
    }
}

static void test_default_times(void **state)
{
    enum { NONE, PAST, FUTURE };
    static const struct {
        int start, end, good;
    } rows[] = {{NONE, NONE, 1}, {NONE, FUTURE, 1}, {NONE, PAST, 0},
                {PAST, NONE, 1}, {FUTURE, NONE, 0}, {FUTURE, PAST, 0}};
    static const char *const times[] = {NULL, "20200101T000000Z", "20900101T000000Z"};
    eas_ctx_t *ctx = map_ctx(141, "Europe/Berlin", *state);
    usm_time_t now = apr_time_as_msec(apr_time_now());
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *start = times[rows[i].start], *end = times[rows[i].end];
        const char *text = apr_pstrcat(*state, "Calendar:Subject=x", start ? " StartTime=" : "", start ? start : "",
                                       end ? " EndTime=" : "", end ? end : "", NULL);
        usm_item_t *item = map_decode(ctx, USM_EVENT, text, NULL, *state);
        if (!item != !rows[i].good)
            fail_msg("row %zu is %s", i, item ? "taken" : "refused");
        if (item && usm_item_num(item, USM_EVENT_START, 1) >= usm_item_num(item, USM_EVENT_END, 0))
            fail_msg("row %zu has no duration", i);
        if (item && !start &&
            (usm_item_num(item, USM_EVENT_START, 0) <= now || usm_item_num(item, USM_EVENT_START, 0) % 1800000))
            fail_msg("row %zu does not start at the next half hour", i);
    }
    /* A change says nothing about times that it leaves out. */
    usm_item_t *item = map_decode(ctx, USM_EVENT, "Calendar:Subject=x", "5:1", *state);
    assert_int_equal(usm_item_state(item, USM_EVENT_START), USM_ABSENT);
}

/* All day without times is today, also late in the evening, in the user's zone. */
static void test_default_day(void **state)
{
    static const char *const zones[] = {"UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Tokyo"};
    for (size_t i = 0; i < COUNT(zones); i++) {
        eas_tzrule_t rule;
        usm_time_t before = apr_time_as_msec(apr_time_now());
        usm_item_t *item =
            map_decode(map_ctx(141, zones[i], *state), USM_EVENT, "Calendar:AllDayEvent=1", NULL, *state);
        usm_time_t after = apr_time_as_msec(apr_time_now()), start = usm_item_num(item, USM_EVENT_START, 0);
        eas_tz_zone(&rule, zones[i], *state);
        before += eas_tz_offset(&rule, before) * APR_INT64_C(1000);
        after += eas_tz_offset(&rule, after) * APR_INT64_C(1000);
        if (start != before - before % USM_DAY_MS && start != after - after % USM_DAY_MS)
            fail_msg("%s: not today", zones[i]);
        assert_true(usm_item_num(item, USM_EVENT_END, 0) == start + USM_DAY_MS);
    }
}

static void test_events_in(void **state)
{
    static const struct {
        unsigned version;
        const char *text, *server_id;
        int good, field;
        const char *want; /* text of the field, "" = emptied, NULL = absent */
    } rows[] = {
        {141, "Calendar:StartTime=20260310T100000Z EndTime=20260310T090000Z", NULL, 0, 0, NULL},
        {141, "Calendar:Recurrence{Type=4}", "5:1", 0, 0, NULL},
        {141, "Calendar:Recurrence", "5:1", 1, USM_EVENT_SUBJECT, NULL},
        {141, "Calendar:Location='Room 5'", "5:1", 1, USM_EVENT_LOCATION, "Room 5"},
        {161, "AirSyncBase:Location{DisplayName='Room 5' City=Bonn}", "5:1", 1, USM_EVENT_LOCATION, "Room 5"},
        {161, "AirSyncBase:Location", "5:1", 1, USM_EVENT_LOCATION, ""},
        {161, "AirSyncBase:Location{DisplayName}", "5:1", 1, USM_EVENT_LOCATION, ""},
        /* of a place without a name: where */
        {161, "AirSyncBase:Location{City=Bonn}", "5:1", 1, USM_EVENT_LOCATION, "Bonn"},
        {161, "Calendar:ClientUid=u-1", NULL, 1, USM_EVENT_UID, "u-1"},
        {161, "Calendar:ClientUid=u-1", "5:1", 1, USM_EVENT_UID, NULL},
        {161, "Calendar:UID=u-2", NULL, 1, USM_EVENT_UID, NULL},
        {141, "Calendar:UID=u-2", NULL, 1, USM_EVENT_UID, "u-2"},
        {161, "Calendar:OrganizerEmail=x@y", NULL, 1, USM_EVENT_ORGANIZER_EMAIL, NULL},
        {141, "Calendar:OrganizerEmail=x@y", NULL, 1, USM_EVENT_ORGANIZER_EMAIL, "x@y"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        usm_item_t *item = map_decode(map_ctx(rows[i].version, "Europe/Berlin", *state), USM_EVENT, rows[i].text,
                                      rows[i].server_id, *state);
        if (!item != !rows[i].good)
            fail_msg("row %zu (%s) is %s", i, rows[i].text, item ? "taken" : "refused");
        if (!item)
            continue;
        usm_state_e want = !rows[i].want ? USM_ABSENT : *rows[i].want ? USM_SET : USM_EMPTY;
        if (usm_item_state(item, rows[i].field) != want ||
            (want == USM_SET && strcmp(usm_item_text(item, rows[i].field), rows[i].want) != 0))
            fail_msg("row %zu (%s): state %d", i, rows[i].text, usm_item_state(item, rows[i].field));
    }
}

/* The user is a@b, also known as alias@b. */
static void test_meetings(void **state)
{
    static const struct {
        const char *organizer, *attendees[3];
        int own;
        const char *status, *response;
    } rows[] = {
        {"a@b", {NULL}, 0, "0", NULL},
        {"a@b", {"a@b"}, 0, "0", NULL}, /* OX names the owner as participant of each appointment */
        {"a@b", {"Alias@B"}, 0, "0", NULL},
        {"a@b", {"a@b", "c@c"}, 0, "1", "1"},
        {"ALIAS@b", {"c@c"}, 0, "1", "1"},
        {NULL, {"c@c"}, 0, "1", "1"},
        {"c@c", {"a@b"}, USM_ATT_ACCEPTED, "3", "3"}, /* to the user alone */
        {"c@c", {NULL}, 0, "0", NULL},
        {"c@c", {"a@b", "c@c"}, USM_ATT_NONE, "3", "5"},
        {"c@c", {"a@b", "c@c"}, USM_ATT_TENTATIVE, "3", "2"},
        {"c@c", {"a@b", "c@c"}, USM_ATT_ACCEPTED, "3", "3"},
        {"c@c", {"a@b", "c@c"}, USM_ATT_DECLINED, "3", "4"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        usm_item_t *item = usm_item_create(USM_EVENT, *state);
        usm_attendee_t people[3];
        usm_attendees_t list = {0, people};
        memset(people, 0, sizeof people);
        while (list.count < 3 && rows[i].attendees[list.count]) {
            people[list.count].email = rows[i].attendees[list.count];
            list.count++;
        }
        if (list.count)
            usm_item_set_ptr(item, USM_EVENT_ATTENDEES, &list);
        if (rows[i].organizer)
            usm_item_set_text(item, USM_EVENT_ORGANIZER_EMAIL, rows[i].organizer);
        usm_item_set_num(item, USM_EVENT_OWN_STATUS, rows[i].own);
        const eas_node_t *node = map_encode(map_ctx(141, "Europe/Berlin", *state), item, NULL, NULL, *state);
        const char *status = eas_node_child_text(node, EAS_Calendar_MeetingStatus);
        const char *response = eas_node_child_text(node, EAS_Calendar_ResponseType);
        if (strcmp(status, rows[i].status) != 0 || !response != !rows[i].response ||
            (response && strcmp(response, rows[i].response) != 0))
            fail_msg("row %zu: MeetingStatus %s, ResponseType %s", i, status, response);
        int shown = eas_node_child(node, EAS_Calendar_Attendees) != NULL;
        if (shown != (*rows[i].status != '0'))
            fail_msg("row %zu: attendees of an appointment", i);
    }
}

static void test_event_defaults(void **state)
{
    usm_item_t *item = usm_item_create(USM_EVENT, *state);
    usm_item_set_text(item, USM_EVENT_LOCATION, "Room 5");
    const eas_node_t *node = map_encode(map_ctx(161, "Europe/Berlin", *state), item, NULL, NULL, *state);
    assert_string_equal(
        eas_node_child_text(eas_node_child(node, EAS_AirSyncBase_Location), EAS_AirSyncBase_DisplayName), "Room 5");
    assert_null(eas_node_child(node, EAS_Calendar_Location));
    assert_string_equal(eas_node_child_text(node, EAS_Calendar_AllDayEvent), "0");
    assert_string_equal(eas_node_child_text(node, EAS_Calendar_Sensitivity), "0");
    assert_string_equal(eas_node_child_text(node, EAS_Calendar_Timezone),
                        blob_text("CET-1CEST,M3.5.0,M10.5.0/3", *state));
    node = map_encode(map_ctx(141, "Europe/Berlin", *state), item, NULL, NULL, *state);
    assert_string_equal(eas_node_child_text(node, EAS_Calendar_Location), "Room 5");
    assert_null(eas_node_child(node, EAS_AirSyncBase_Location));
    usm_item_set_num(item, USM_EVENT_BUSY, USM_BUSY_ELSEWHERE);
    node = map_encode(map_ctx(141, "Europe/Berlin", *state), item, NULL, NULL, *state);
    assert_string_equal(eas_node_child_text(node, EAS_Calendar_BusyStatus), "2");
}

/* ---- tasks: each date twice ---- */

static void test_task_dates(void **state)
{
    static const struct {
        const char *text, *start, *due; /* NULL: absent, "": emptied */
    } rows[] = {
        {"Tasks:UtcStartDate=2026-03-09T23:00:00.000Z StartDate=2026-03-10T00:00:00.000Z "
         "UtcDueDate=2026-03-11T23:00:00.000Z DueDate=2026-03-12T00:00:00.000Z", "2026-03-10", "2026-03-12"},
        /* the UTC one alone, from both sides of Greenwich */
        {"Tasks:UtcDueDate=2026-03-11T23:00:00.000Z", NULL, "2026-03-12"},
        {"Tasks:UtcDueDate=2026-03-12T05:00:00.000Z", NULL, "2026-03-12"},
        {"Tasks:UtcDueDate=2026-03-12T00:00:00.000Z", NULL, "2026-03-12"},
        /* the local one wins: it is the day that was seen, also with a time of day */
        {"Tasks:DueDate=2026-03-12T17:00:00.000Z UtcDueDate=2026-03-12T22:00:00.000Z", NULL, "2026-03-12"},
        {"Tasks:UtcDueDate=2026-03-12T22:00:00.000Z DueDate=2026-03-12T17:00:00.000Z", NULL, "2026-03-12"},
        {"Tasks:DueDate=20260312T000000Z", NULL, "2026-03-12"},
        {"Tasks:StartDate UtcStartDate DueDate UtcDueDate", "", ""},
        /* due before start: the start gives way */
        {"Tasks:StartDate=2026-03-15T00:00:00.000Z DueDate=2026-03-12T00:00:00.000Z", "2026-03-12", "2026-03-12"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        usm_item_t *item = map_decode(map_ctx(141, "Europe/Berlin", *state), USM_TASK, rows[i].text, "5:1", *state);
        const char *want[] = {rows[i].start, rows[i].due};
        const int fields[] = {USM_TASK_START, USM_TASK_DUE};
        for (int n = 0; n < 2; n++) {
            usm_state_e wanted = !want[n] ? USM_ABSENT : *want[n] ? USM_SET : USM_EMPTY;
            if (usm_item_state(item, fields[n]) != wanted ||
                (wanted == USM_SET &&
                 usm_item_num(item, fields[n], 1) != map_time(apr_pstrcat(*state, want[n], "T00:00:00Z", NULL))))
                fail_msg("row %zu, date %d", i, n);
        }
    }
    assert_null(map_decode(map_ctx(141, NULL, *state), USM_TASK, "Tasks:DueDate=rubbish", NULL, *state));
}

static void test_tasks(void **state)
{
    usm_item_t *item = usm_item_create(USM_TASK, *state);
    usm_item_set_num(item, USM_TASK_DUE, map_time("2026-03-12T00:00:00Z"));
    usm_item_set_num(item, USM_TASK_STATE, USM_TASK_DONE);
    const eas_node_t *node = map_encode(map_ctx(141, NULL, *state), item, NULL, NULL, *state);
    assert_string_equal(map_text(node, *state),
                        "Complete=1 UtcDueDate=2026-03-12T00:00:00.000Z DueDate=2026-03-12T00:00:00.000Z ReminderSet=0 "
                        "Importance=1 DateCompleted=2026-03-12T00:00:00.000Z");
    eas_ctx_t *ctx = map_ctx(141, "Europe/Berlin", *state);
    item = map_decode(ctx, USM_TASK, "Tasks:ReminderSet=0 ReminderTime=2026-03-12T08:00:00.000Z", "5:1", *state);
    assert_int_equal(usm_item_state(item, USM_TASK_REMINDER_TIME), USM_EMPTY);
    item = map_decode(ctx, USM_TASK, "Tasks:ReminderSet=1 ReminderTime=2026-03-12T08:00:00.000Z", "5:1", *state);
    assert_true(usm_item_num(item, USM_TASK_REMINDER_TIME, 0) == map_time("2026-03-12T08:00:00Z"));
    item = map_decode(ctx, USM_TASK, "Tasks:Subject=x", "5:1", *state);
    assert_int_equal(usm_item_state(item, USM_TASK_REMINDER_TIME), USM_ABSENT);
    assert_null(map_decode(ctx, USM_TASK, "Tasks:Recurrence{Type=0}", "5:1", *state));
    assert_non_null(map_decode(ctx, USM_TASK, "Tasks:Recurrence", "5:1", *state));
}

static void test_notes(void **state)
{
    static const struct {
        const char *text;
        int good;
    } rows[] = {{"Notes:MessageClass=IPM.StickyNote", 1}, {"Notes:MessageClass=ipm.stickynote.x", 1},
                {"Notes:Subject=x", 1}, {"Notes:MessageClass=IPM.StickyNote.", 0}, {"Notes:MessageClass=IPM.Note", 0}};
    static const struct {
        const char *was, *now; /* HTML at the server, text of the device */
        usm_state_e state;
    } bodies[] = {{"<b>x</b> y", "x y", USM_ABSENT}, {"<b>x</b> y", "x z", USM_SET}, {NULL, "x", USM_SET}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        usm_item_t *item = map_decode(map_ctx(141, NULL, *state), USM_NOTE, rows[i].text, "5:1", *state);
        if ((item != NULL) != rows[i].good)
            fail_msg("row %zu", i);
    }
    for (size_t i = 0; i < COUNT(bodies); i++) {
        usm_item_t *base = usm_item_create(USM_NOTE, *state), *item;
        usm_body_t html = {.native = USM_BODY_HTML, .html = {.data = bodies[i].was}};
        html.html.len = bodies[i].was ? strlen(bodies[i].was) : 0;
        usm_item_set_ptr(base, USM_NOTE_BODY, bodies[i].was ? &html : NULL);
        const char *text = apr_psprintf(*state, "AirSyncBase:Body{Type=1 Data='%s'}", bodies[i].now);
        const eas_node_t *data = map_doc(apr_psprintf(*state, "AirSync:ApplicationData{%s}", text), *state);
        eas_map_t map = {.ctx = map_ctx(141, NULL, *state), .cls = USM_NOTE, .base = base, .pool = *state};
        assert_true(eas_note_needs_base(data));
        assert_null(eas_map_decode(&item, &map, data));
        assert_int_equal(usm_item_state(item, USM_NOTE_BODY), bodies[i].state);
    }
    usm_item_t *item = usm_item_create(USM_NOTE, *state);
    usm_item_set_num(item, USM_NOTE_MODIFIED, map_time("2026-03-12T08:00:00Z"));
    assert_string_equal(map_text(map_encode(map_ctx(141, NULL, *state), item, NULL, NULL, *state), *state),
                        "LastModifiedDate=20260312T080000Z MessageClass=IPM.StickyNote");
    assert_non_null(item = map_decode(map_ctx(161, NULL, *state), USM_NOTE,
                                      "AirSyncBase:Body{Type=2 Data=<b>x</b>} Notes:Subject=s", "5:1", *state));
    assert_non_null(item->v[USM_NOTE_BODY].u.body->html.data);
}

/* ---- mails ---- */

static void test_topics(void **state)
{
    static const struct {
        const char *subject, *topic;
    } rows[] = {
        {"Hello", "Hello"},      {"Re: Hello", "Hello"},      {"RE: AW: Fwd: Hello", "Hello"}, {"Antw: Hello", "Hello"},
        {"re:re:Hello", "Hello"}, {"Hallo: Welt", "Hallo: Welt"}, {"Info: x", "Info: x"},      {"Re:", ""},
        {"Reply: x", "Reply: x"}, {": x", ": x"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        usm_item_t *item = usm_item_create(USM_EMAIL, *state);
        usm_item_set_text(item, USM_EMAIL_SUBJECT, rows[i].subject);
        const eas_node_t *node = map_encode(map_ctx(141, NULL, *state), item, NULL, NULL, *state);
        const char *topic = eas_node_child_text(node, EAS_Email_ThreadTopic);
        if (strcmp(topic, rows[i].topic) != 0)
            fail_msg("row %zu (%s): %s", i, rows[i].subject, topic);
    }
}

static const eas_node_t *conversation_id(const char *id, const char *references, apr_pool_t *pool)
{
    usm_item_t *item = usm_item_create(USM_EMAIL, pool);
    usm_item_set_num(item, USM_EMAIL_SENT, map_time("2026-03-10T08:00:00Z"));
    usm_item_set_text(item, USM_EMAIL_MESSAGE_ID, id);
    if (references)
        usm_item_set_text(item, USM_EMAIL_REFERENCES, references);
    return eas_node_child(map_encode(map_ctx(141, NULL, pool), item, NULL, NULL, pool), EAS_Email2_ConversationId);
}

/* A message and the answers to it are one conversation, whatever stands between them. */
static void test_conversations(void **state)
{
    const eas_node_t *first = conversation_id("<a@x>", NULL, *state),
                     *reply = conversation_id("<b@x>", "<a@x>", *state),
                     *last = conversation_id("<c@x>", "<a@x> <b@x>", *state),
                     *other = conversation_id("<d@x>", NULL, *state);
    assert_int_equal(first->len, 16);
    assert_true(first->is_opaque);
    assert_memory_equal(first->data, reply->data, 16);
    assert_memory_equal(first->data, last->data, 16);
    assert_memory_not_equal(first->data, other->data, 16);
}

static void test_mail_extras(void **state)
{
    usm_addr_t people[] = {{"Ada", "a@b"}, {NULL, "c@c"}, {NULL, NULL}, {"", "d@d"}};
    usm_addrs_t to = {COUNT(people), people};
    usm_item_t *item = usm_item_create(USM_EMAIL, *state);
    usm_item_set_ptr(item, USM_EMAIL_TO, &to);
    usm_item_set_num(item, USM_EMAIL_KIND, USM_MAIL_CLEAR_SIGNED);
    const eas_node_t *node = map_encode(map_ctx(25, NULL, *state), item, NULL, NULL, *state);
    assert_string_equal(eas_node_child_text(node, EAS_Email_DisplayTo), "Ada;c@c;d@d");
    assert_string_equal(eas_node_child_text(node, EAS_Email_Importance), "1");
    assert_string_equal(eas_node_child_text(node, EAS_Email_MessageClass), "IPM.Note.SMIME.MultipartSigned");
    assert_null(eas_node_child(node, EAS_Email_ContentClass));
    assert_null(eas_node_child(node, EAS_Email2_ConversationId));
}

static void test_file_as(void **state)
{
    static const struct {
        int field[2];
        const char *value[2], *want;
    } rows[] = {
        {{USM_CONTACT_FIRST_NAME, USM_CONTACT_LAST_NAME}, {"Ada", "Lovelace"}, "Lovelace, Ada"},
        {{USM_CONTACT_LAST_NAME, USM_CONTACT_COMPANY}, {"Lovelace", "X"}, "Lovelace"},
        {{USM_CONTACT_COMPANY, USM_CONTACT_EMAIL1}, {"X", "a@b"}, "X"},
        {{USM_CONTACT_EMAIL1, USM_CONTACT_EMAIL2}, {"a@b", "c@d"}, "a@b"},
        {{USM_CONTACT_PAGER, USM_CONTACT_SPOUSE}, {"1", "S"}, "?"},
        {{USM_CONTACT_DISPLAY_NAME, USM_CONTACT_LAST_NAME}, {"D", "L"}, "D"},
        {{USM_CONTACT_FILE_AS, USM_CONTACT_LAST_NAME}, {"F", "L"}, "F"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        usm_item_t *item = usm_item_create(USM_CONTACT, *state);
        for (int n = 0; n < 2; n++)
            usm_item_set_text(item, rows[i].field[n], rows[i].value[n]);
        const eas_node_t *node = map_encode(map_ctx(141, NULL, *state), item, NULL, NULL, *state);
        if (eas_node_count(node, EAS_Contacts_FileAs) != 1 ||
            strcmp(eas_node_child_text(node, EAS_Contacts_FileAs), rows[i].want) != 0)
            fail_msg("row %zu: %s", i, eas_node_child_text(node, EAS_Contacts_FileAs));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_all_day_out), POOL_TEST(test_all_day_in),   POOL_TEST(test_default_times),
        POOL_TEST(test_default_day), POOL_TEST(test_events_in),    POOL_TEST(test_meetings),
        POOL_TEST(test_event_defaults), POOL_TEST(test_task_dates), POOL_TEST(test_tasks),
        POOL_TEST(test_topics),      POOL_TEST(test_conversations), POOL_TEST(test_mail_extras),
        POOL_TEST(test_file_as),      POOL_TEST(test_notes),
    };
    return RUN_TESTS(tests);
}
