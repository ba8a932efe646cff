/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: eas_conv.c */
/* The converters: what clients send, and what they must never get. */
#include "map_test.h"

#include <apr_base64.h>
#include <usm/fields.h>

static void test_time_parse(void **state)
{
    static const struct {
        const char *text;
        int good;
        apr_int64_t ms;
    } rows[] = {
        {"1970-01-01T00:00:00.000Z", 1, 0},
        {"1970-01-01T00:00:00Z", 1, 0},
        {"19700101T000000Z", 1, 0},
        {"2026-02-28T23:59:59.999Z", 1, APR_INT64_C(1772323199999)},
        {"2024-02-29T00:00:00.5Z", 1, APR_INT64_C(1709164800500)},
        {"20240229T000000.123Z", 1, APR_INT64_C(1709164800123)},
        {"1969-12-31T23:59:59Z", 1, -1000},
        {"16040101T000000Z", 1, APR_INT64_C(-11549865600000)}, /* a birthday without a year, from iOS */
        {"9999-12-31T23:59:59Z", 1, APR_INT64_C(253402300799000)},
        {"2026-02-29T00:00:00Z", 0, 0},
        {"2026-13-01T00:00:00Z", 0, 0},
        {"2026-00-01T00:00:00Z", 0, 0},
        {"2026-01-32T00:00:00Z", 0, 0},
        {"2026-01-01T24:00:00Z", 0, 0},
        {"2026-01-01T00:60:00Z", 0, 0},
        {"2026-01-01T00:00:60Z", 0, 0},
        {"2026-01-01", 0, 0},
        {"20260101", 0, 0},
        {"2026-01-01T00:00:00", 0, 0},
        {"2026-01-01T00:00:00+01:00", 0, 0},
        {"2026-01-01 00:00:00Z", 0, 0},
        {"2026-1-1T0:0:0Z", 0, 0},
        {"0000-01-01T00:00:00Z", 0, 0},
        {"20260101T000000ZZ", 0, 0},
        {"-2026101T000000Z", 0, 0},
        {"", 0, 0},
        {"2026", 0, 0},
        {"rubbish!", 0, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        usm_time_t t = 0;
        const char *text = test_exact(rows[i].text, strlen(rows[i].text) + 1, *state);
        if (eas_time_parse(&t, text) != rows[i].good || (rows[i].good && t != rows[i].ms))
            fail_msg("row %zu (%s): %" APR_INT64_T_FMT, i, rows[i].text, t);
    }
    usm_time_t t;
    assert_false(eas_time_parse(&t, NULL));
}

/* Calendar has the compact form, everything else the punctuated one. */
static void test_time_forms(void **state)
{
    usm_time_t t = map_time("2026-03-10T08:00:00Z");
    usm_item_t *event = usm_item_create(USM_EVENT, *state), *mail = usm_item_create(USM_EMAIL, *state),
               *task = usm_item_create(USM_TASK, *state);
    usm_item_set_num(event, USM_EVENT_START, t);
    usm_item_set_num(event, USM_EVENT_DTSTAMP, t);
    usm_item_set_num(mail, USM_EMAIL_RECEIVED, t);
    usm_item_set_num(task, USM_TASK_REMINDER_TIME, t);
    eas_ctx_t *ctx = map_ctx(141, "Europe/Berlin", *state);
    const eas_node_t *node = map_encode(ctx, event, NULL, NULL, *state);
    assert_string_equal(eas_node_child_text(node, EAS_Calendar_StartTime), "20260310T080000Z");
    assert_string_equal(eas_node_child_text(node, EAS_Calendar_DtStamp), "20260310T080000Z");
    node = map_encode(ctx, mail, NULL, NULL, *state);
    assert_string_equal(eas_node_child_text(node, EAS_Email_DateReceived), "2026-03-10T08:00:00.000Z");
    node = map_encode(ctx, task, NULL, NULL, *state);
    assert_string_equal(eas_node_child_text(node, EAS_Tasks_ReminderTime), "2026-03-10T08:00:00.000Z");
}

/* Birthdays: each client has an hour of its own, and means a day. */
static void test_birthdays(void **state)
{
    static const struct {
        const char *zone, *sent, *day;
    } rows[] = {
        {"Europe/Berlin", "1980-05-05T00:00:00.000Z", "1980-05-05T00:00:00Z"},
        {"Europe/Berlin", "1980-05-04T22:00:00.000Z", "1980-05-05T00:00:00Z"}, /* local midnight, summer */
        {"Europe/Berlin", "1980-01-04T23:00:00.000Z", "1980-01-05T00:00:00Z"},
        {"Europe/Berlin", "1980-05-05T11:59:00.000Z", "1980-05-05T00:00:00Z"}, /* what it was sent */
        {"Europe/Berlin", "1980-05-05T12:00:00.000Z", "1980-05-05T00:00:00Z"}, /* noon */
        {"America/New_York", "1980-05-05T04:00:00.000Z", "1980-05-05T00:00:00Z"},
        {"America/Los_Angeles", "1980-05-05T07:00:00.000Z", "1980-05-05T00:00:00Z"},
        {"Pacific/Pago_Pago", "1980-05-05T11:00:00.000Z", "1980-05-05T00:00:00Z"},
        {"Asia/Tokyo", "1980-05-04T15:00:00.000Z", "1980-05-05T00:00:00Z"},
        {"Pacific/Auckland", "1980-05-04T12:00:00.000Z", "1980-05-05T00:00:00Z"},
        {"Pacific/Auckland", "1980-01-04T11:00:00.000Z", "1980-01-05T00:00:00Z"},
        {"Pacific/Auckland", "1980-01-05T11:59:00.000Z", "1980-01-05T00:00:00Z"},
        {"Pacific/Kiritimati", "1980-05-04T10:00:00.000Z", "1980-05-05T00:00:00Z"},
        {"Europe/Berlin", "19800505T000000Z", "1980-05-05T00:00:00Z"},
        {"Europe/Berlin", "1955-05-04T23:00:00.000Z", "1955-05-05T00:00:00Z"},
        {NULL, "1980-05-04T22:00:00.000Z", "1980-05-05T00:00:00Z"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *text = apr_pstrcat(*state, "Contacts:Birthday=", rows[i].sent, NULL);
        usm_item_t *item = map_decode(map_ctx(141, rows[i].zone, *state), USM_CONTACT, text, NULL, *state);
        if (!item || usm_item_num(item, USM_CONTACT_BIRTHDAY, 1) != map_time(rows[i].day))
            fail_msg("row %zu (%s in %s)", i, rows[i].sent, rows[i].zone);
    }
    usm_item_t *item = usm_item_create(USM_CONTACT, *state);
    usm_item_set_num(item, USM_CONTACT_BIRTHDAY, map_time("1980-05-05T00:00:00Z"));
    const eas_node_t *node = map_encode(map_ctx(141, NULL, *state), item, NULL, NULL, *state);
    assert_string_equal(eas_node_child_text(node, EAS_Contacts_Birthday), "1980-05-05T11:59:00.000Z");
}

/* What makes a field, and what refuses the item (Status 6). */
static void test_numbers(void **state)
{
    static const struct {
        usm_class_e cls;
        const char *text;
        int field;
        int want; /* -1: refused, -2: emptied */
    } rows[] = {
        {USM_EMAIL, "Email:Read=1", USM_EMAIL_READ, 1},
        {USM_EMAIL, "Email:Read=0", USM_EMAIL_READ, 0},
        {USM_EMAIL, "Email:Read", USM_EMAIL_READ, 1},
        {USM_EMAIL, "Email:Read=2", USM_EMAIL_READ, -1},
        {USM_EMAIL, "Email:Read=true", USM_EMAIL_READ, -1},
        {USM_TASK, "Tasks:Complete", USM_TASK_STATE, 1},
        {USM_TASK, "Tasks:Complete=0", USM_TASK_STATE, 0},
        {USM_TASK, "Tasks:Complete=7", USM_TASK_STATE, -1},
        {USM_TASK, "Tasks:Importance=2", USM_TASK_IMPORTANCE, 2},
        {USM_TASK, "Tasks:Importance=9", USM_TASK_IMPORTANCE, 2},
        {USM_TASK, "Tasks:Importance=-1", USM_TASK_IMPORTANCE, -1},
        {USM_TASK, "Tasks:Sensitivity=3", USM_TASK_SENSITIVITY, 3},
        {USM_TASK, "Tasks:Sensitivity=4", USM_TASK_SENSITIVITY, -1},
        {USM_TASK, "Tasks:ReminderSet=2", USM_TASK_REMINDER_TIME, -1},
        {USM_EVENT, "Calendar:BusyStatus=4", USM_EVENT_BUSY, 4},
        {USM_EVENT, "Calendar:BusyStatus=5", USM_EVENT_BUSY, -1},
        {USM_EVENT, "Calendar:Reminder=15", USM_EVENT_REMINDER, 15},
        {USM_EVENT, "Calendar:Reminder=0", USM_EVENT_REMINDER, 0},
        {USM_EVENT, "Calendar:Reminder", USM_EVENT_REMINDER, -2},
        {USM_EVENT, "Calendar:Reminder=-5", USM_EVENT_REMINDER, -1},
        {USM_EVENT, "Calendar:Reminder=99999999999999999999", USM_EVENT_REMINDER, -1},
        {USM_EVENT, "Calendar:Subject{StartTime=x}", USM_EVENT_SUBJECT, -1},
        {USM_EVENT, "Calendar:Subject", USM_EVENT_SUBJECT, -2},
        {USM_EVENT, "Calendar:StartTime=rubbish", USM_EVENT_START, -1},
        {USM_CONTACT, "Contacts:Birthday=rubbish", USM_CONTACT_BIRTHDAY, -1},
        {USM_CONTACT, "Contacts:Birthday", USM_CONTACT_BIRTHDAY, -2},
        {USM_CONTACT, "Contacts:Categories", USM_CONTACT_CATEGORIES, -2},
        {USM_CONTACT, "Contacts:Picture", USM_CONTACT_PICTURE, -2},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        usm_item_t *item = map_decode(map_ctx(141, "Europe/Berlin", *state), rows[i].cls, rows[i].text, "5:1", *state);
        if (!item != (rows[i].want == -1))
            fail_msg("row %zu (%s) is %s", i, rows[i].text, item ? "taken" : "refused");
        if (item && rows[i].want == -2 && usm_item_state(item, rows[i].field) != USM_EMPTY)
            fail_msg("row %zu (%s) does not delete", i, rows[i].text);
        if (rows[i].want >= 0 && usm_item_num(item, rows[i].field, -9) != rows[i].want)
            fail_msg("row %zu (%s)", i, rows[i].text);
    }
}

static void test_emails(void **state)
{
    static const struct {
        const char *sent, *want; /* NULL: emptied */
    } rows[] = {
        {"a@b", "a@b"}, {"'\"Ada L\" <a@b>'", "a@b"}, {"'<a@b>'", "a@b"}, {"'Ada <x> <a@b>'", "a@b"},
        {"'\"Ada\" <a@b'", "\"Ada\" <a@b"}, {"'<>'", NULL}, {"''", NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        usm_item_t *item = map_decode(map_ctx(141, NULL, *state), USM_CONTACT,
                                      apr_pstrcat(*state, "Contacts:Email1Address=", rows[i].sent, NULL), NULL, *state);
        const char *got = usm_item_text(item, USM_CONTACT_EMAIL1);
        if (!got != !rows[i].want || (got && strcmp(got, rows[i].want) != 0))
            fail_msg("row %zu (%s): %s", i, rows[i].sent, got);
    }
}

static void test_lists(void **state)
{
    usm_item_t *item = map_decode(map_ctx(141, NULL, *state), USM_CONTACT,
                                  "Contacts:Categories{Category=red Category Category='dark blue'}", NULL, *state);
    const usm_list_t *list = item->v[USM_CONTACT_CATEGORIES].u.list;
    assert_int_equal(list->count, 2);
    assert_string_equal(list->items[1], "dark blue");
    const char *text = "";
    for (int i = 0; i < 301; i++)
        text = apr_pstrcat(*state, text, " Category=x", NULL);
    text = apr_pstrcat(*state, "Contacts:Categories{", text + 1, "}", NULL);
    assert_null(map_decode(map_ctx(141, NULL, *state), USM_CONTACT, text, NULL, *state));
}

static const char *picture_text(size_t bytes, apr_pool_t *pool)
{
    unsigned char *data = apr_palloc(pool, bytes);
    char *text = apr_palloc(pool, bytes * 4 / 3 + 8);
    for (size_t i = 0; i < bytes; i++)
        data[i] = (unsigned char)(i * 7);
    memcpy(data, "\x89PNG", bytes < 4 ? bytes : 4);
    apr_base64_encode_binary(text, data, (int)bytes);
    return text;
}

/* 48 KB of base64 are the limit, in both directions (MS-ASCNTC 2.2.2.57). */
static void test_picture_limits(void **state)
{
    static const struct {
        size_t bytes;
        int good;
    } rows[] = {{1, 1}, {2, 1}, {3, 1}, {36863, 1}, {36864, 1}, {36865, 0}, {100000, 0}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *text = apr_pstrcat(*state, "Contacts:Picture=", picture_text(rows[i].bytes, *state), NULL);
        usm_item_t *item = map_decode(map_ctx(141, NULL, *state), USM_CONTACT, text, NULL, *state);
        if (!item != !rows[i].good || (item && item->v[USM_CONTACT_PICTURE].u.blob->len != rows[i].bytes))
            fail_msg("row %zu in", i);
        usm_blob_t blob = {.data = apr_pcalloc(*state, rows[i].bytes), .len = rows[i].bytes};
        item = usm_item_create(USM_CONTACT, *state);
        usm_item_set_ptr(item, USM_CONTACT_PICTURE, &blob);
        const eas_node_t *node = map_encode(map_ctx(141, NULL, *state), item, NULL, NULL, *state);
        if (!eas_node_child(node, EAS_Contacts_Picture) != !rows[i].good)
            fail_msg("row %zu out", i);
    }
}

static void test_pictures(void **state)
{
    static const struct {
        const char *text;
        int len; /* -1: refused */
        const char *type;
    } rows[] = {
        {"iVBORw==", 4, "image/png"},
        {"iVBORw", 4, "image/png"},
        {"'iVBO%0D%0ARw==%0D%0A'", 4, "image/png"}, /* in lines */
        {"R0lGODlh", 6, "image/gif"},
        {"/9j/4AAQ", 6, "image/jpeg"},
        {"'iVBO*w=='", -1, NULL},
        {"'iVBO=Rw='", -1, NULL},
        {"iVBORw===", -1, NULL},
        {"#rawbytes", -1, NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        usm_item_t *item = map_decode(map_ctx(141, NULL, *state), USM_CONTACT,
                                      apr_pstrcat(*state, "Contacts:Picture=", rows[i].text, NULL), NULL, *state);
        if (!item != (rows[i].len < 0))
            fail_msg("row %zu (%s) is %s", i, rows[i].text, item ? "taken" : "refused");
        if (item && ((int)item->v[USM_CONTACT_PICTURE].u.blob->len != rows[i].len ||
                     strcmp(item->v[USM_CONTACT_PICTURE].u.blob->content_type, rows[i].type) != 0))
            fail_msg("row %zu (%s): %d bytes", i, rows[i].text, (int)item->v[USM_CONTACT_PICTURE].u.blob->len);
    }
}

static void test_flags_in(void **state)
{
#define DATES(s, d) "Tasks:StartDate=" s " DueDate=" d " UtcStartDate=" s " UtcDueDate=" d
    static const struct {
        const char *text;
        int want; /* status, 0: cleared, -1: refused */
    } rows[] = {
        {"Email:Flag", 0},
        {"Email:Flag{Status=0}", 0},
        {"Email:Flag{Status=2 FlagType='Flag for follow up'}", 2},
        {"Email:Flag{Status=2 FlagType='for Follow Up'}", 2},
        {"Email:Flag{Status=2}", -1},
        {"Email:Flag{Status=1}", 1},
        {"Email:Flag{Status=1 CompleteTime=2026-01-01T00:00:00.000Z Tasks:DateCompleted=2026-01-01T00:00:00.000Z}", 1},
        {"Email:Flag{Status=1 CompleteTime=2026-01-01T00:00:00.000Z}", -1},
        {"Email:Flag{Status=3 FlagType=x}", -1},
        {"Email:Flag{FlagType=x}", -1},
        {"Email:Flag{Status=x}", -1},
        {"Email:Flag{Status=2 FlagType=x " DATES("2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z") "}", 2},
        {"Email:Flag{Status=2 FlagType=x " DATES("2026-01-02T00:00:00.000Z", "2026-01-01T00:00:00.000Z") "}", -1},
        {"Email:Flag{Status=2 FlagType=x " DATES("2026-01-01T00:00:00.000Z", "rubbish") "}", -1},
        {"Email:Flag{Status=2 FlagType=x Tasks:StartDate=2026-01-01T00:00:00.000Z}", -1},
        {"Email:Flag{Status=2 FlagType=x Tasks:ReminderSet=1}", -1},
        {"Email:Flag{Status=2 FlagType=x Tasks:ReminderSet=0}", 2},
        {"Email:Flag{Status=2 FlagType=x Tasks:ReminderSet=9}", -1},
        {"Email:Flag{Status=2 FlagType=x Tasks:ReminderSet=1 ReminderTime=2026-01-01T00:00:00.000Z}", 2},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        usm_item_t *item = map_decode(map_ctx(141, NULL, *state), USM_EMAIL, rows[i].text, "5:1", *state);
        if (!item != (rows[i].want < 0))
            fail_msg("row %zu (%s) is %s", i, rows[i].text, item ? "taken" : "refused");
        if (item && (rows[i].want ? item->v[USM_EMAIL_FLAG].u.flag->status != rows[i].want
                                  : usm_item_state(item, USM_EMAIL_FLAG) != USM_EMPTY))
            fail_msg("row %zu (%s)", i, rows[i].text);
    }
}

static void test_flags_out(void **state)
{
    static const struct {
        usm_flag_t flag;
        const char *want;
    } rows[] = {
        {{0, NULL, NULL}, "Flag"},
        {{2, NULL, NULL}, "Flag{Status=2 FlagType='for Follow Up'}"},
        {{2, "x", NULL}, "Flag{Status=2 FlagType=x}"},
        {{1, "", NULL}, "Flag{Status=1 FlagType='for Follow Up'}"},
    };
    usm_fieldset_t only = {{0}};
    USM_FIELDSET_ADD(&only, USM_EMAIL_FLAG);
    for (size_t i = 0; i < COUNT(rows); i++) {
        usm_item_t *item = usm_item_create(USM_EMAIL, *state);
        usm_item_set_ptr(item, USM_EMAIL_FLAG, &rows[i].flag);
        const char *got = map_text(map_encode(map_ctx(141, NULL, *state), item, &only, NULL, *state), *state);
        if (strcmp(got, rows[i].want) != 0)
            fail_msg("row %zu: %s", i, got);
    }
}

static void test_attendees(void **state)
{
    usm_item_t *item = map_decode(map_ctx(141, "Europe/Berlin", *state), USM_EVENT,
                                  "Calendar:Attendees{"
                                  "Attendee{Email=nobody Name=x AttendeeStatus=4} "
                                  "Attendee{Email='\"Bert\" <b@b>' Name=Bert} "
                                  "Attendee{Email=c@c Name=C AttendeeStatus=3 AttendeeType=2} "
                                  "Attendee{Email=d@d AttendeeStatus=5 AttendeeType=9} "
                                  "Attendee}", "5:1", *state);
    const usm_attendees_t *list = item->v[USM_EVENT_ATTENDEES].u.attendees;
    assert_int_equal(list->count, 3);
    assert_string_equal(list->items[0].email, "b@b");
    assert_int_equal(list->items[0].status, USM_ATT_NONE); /* not that of the one who was left out */
    assert_int_equal(list->items[0].type, USM_ATT_REQUIRED);
    assert_int_equal(list->items[1].status, USM_ATT_ACCEPTED);
    assert_int_equal(list->items[1].type, USM_ATT_OPTIONAL);
    assert_int_equal(list->items[2].status, USM_ATT_NONE);
    assert_int_equal(list->items[2].type, USM_ATT_REQUIRED);
    item = map_decode(map_ctx(141, NULL, *state), USM_EVENT, "Calendar:Attendees", "5:1", *state);
    assert_int_equal(usm_item_state(item, USM_EVENT_ATTENDEES), USM_EMPTY);
}

static const char *child_text(const usm_item_t *item, unsigned version, unsigned tag, apr_pool_t *pool)
{
    return map_text(eas_node_child(map_encode(map_ctx(version, "Europe/Berlin", pool), item, NULL, NULL, pool), tag),
                    pool);
}

static void test_attendees_out(void **state)
{
    usm_attendee_t people[] = {{.email = "a@b", .name = "Me", .type = 1, .status = USM_ATT_ACCEPTED},
                               {.email = "c@c", .type = 3, .status = USM_ATT_DECLINED},
                               {.email = "d@d", .name = "D", .status = 77}};
    usm_attendees_t list = {COUNT(people), people};
    usm_item_t *item = usm_item_create(USM_EVENT, *state);
    usm_item_set_ptr(item, USM_EVENT_ATTENDEES, &list);
    assert_string_equal(child_text(item, 141, EAS_Calendar_Attendees, *state),
                        "Attendee{Email=a@b Name=Me AttendeeStatus=3 AttendeeType=1} "
                        "Attendee{Email=c@c Name=c@c AttendeeStatus=4 AttendeeType=3} "
                        "Attendee{Email=d@d Name=D AttendeeStatus=0 AttendeeType=1}");
    assert_string_equal(child_text(item, 25, EAS_Calendar_Attendees, *state),
                        "Attendee{Email=a@b Name=Me} Attendee{Email=c@c Name=c@c} Attendee{Email=d@d Name=D}");
}

static void test_addresses(void **state)
{
    usm_addr_t people[] = {{"Ada \"L\" \\", "a@b"}, {NULL, "c@c"}, {"", "d@d"}, {"No Address", NULL}};
    usm_addrs_t list = {COUNT(people), people};
    usm_item_t *item = usm_item_create(USM_EMAIL, *state);
    usm_item_set_ptr(item, USM_EMAIL_TO, &list);
    usm_item_set_ptr(item, USM_EMAIL_REPLY_TO, &list);
    const eas_node_t *node = map_encode(map_ctx(141, NULL, *state), item, NULL, NULL, *state);
    assert_string_equal(eas_node_child_text(node, EAS_Email_To), "\"Ada 'L' /\" <a@b>, c@c, d@d, \"No Address\" <>");
    assert_string_equal(eas_node_child_text(node, EAS_Email_ReplyTo),
                        "\"Ada 'L' /\" <a@b>; c@c; d@d; \"No Address\" <>");
}

/* A list to everybody: whole addresses up to the limit, and memory in proportion. */
static void test_many_addresses(void **state)
{
    enum { N = 20000 };
    usm_addr_t *people = apr_pcalloc(*state, sizeof(usm_addr_t) * N);
    usm_addrs_t list = {N, people};
    for (int i = 0; i < N; i++)
        people[i] = (usm_addr_t){"Somebody", apr_psprintf(*state, "%05d@example.org", i)};
    usm_item_t *item = usm_item_create(USM_EMAIL, *state);
    usm_item_set_ptr(item, USM_EMAIL_TO, &list);
    const char *text =
        eas_node_child_text(map_encode(map_ctx(141, NULL, *state), item, NULL, NULL, *state), EAS_Email_To);
    assert_true(strlen(text) <= 32768 && strlen(text) > 32700);
    assert_int_equal(text[strlen(text) - 1], '>');
}

static void test_attachments(void **state)
{
    usm_attachment_t files[] = {{.id = "2", .name = "a.pdf", .size = 1000},
                                {.id = "3", .content_id = "x@y", .size = 5, .is_inline = 1},
                                {.id = "4", .name = "", .is_message = 1}};
    usm_attachments_t list = {COUNT(files), files}, none = {0, NULL};
    usm_item_t *item = usm_item_create(USM_EMAIL, *state);
    usm_item_set_ptr(item, USM_EMAIL_ATTACHMENTS, &list);
    usm_session_t *session = map_ctx(141, "UTC", *state)->session;
    const char *ref[3];
    for (int i = 0; i < 3; i++) {
        const char *id, *part;
        ref[i] = usm_ref_make(session, "5:7", files[i].id, *state);
        assert_null(usm_ref_parse(&id, &part, session, ref[i], *state));
        assert_string_equal(id, "5:7");
        assert_string_equal(part, files[i].id);
    }
    assert_string_equal(
        child_text(item, 141, EAS_AirSyncBase_Attachments, *state),
        apr_psprintf(*state,
                     "Attachment{DisplayName=a.pdf FileReference=%s Method=1 EstimatedDataSize=1000} "
                     "Attachment{DisplayName=attachment FileReference=%s Method=1 EstimatedDataSize=5 ContentId=x@y "
                     "IsInline=1} "
                     "Attachment{DisplayName=message.eml FileReference=%s Method=5 EstimatedDataSize=0}",
                     ref[0], ref[1], ref[2]));
    assert_string_equal(child_text(item, 25, EAS_Email_Attachments, *state),
                        apr_psprintf(*state,
                                     "Attachment{DisplayName=a.pdf AttName=%s AttMethod=1 AttSize=1000} "
                                     "Attachment{DisplayName=attachment AttName=%s AttMethod=1 AttSize=5} "
                                     "Attachment{DisplayName=message.eml AttName=%s AttMethod=5 AttSize=0}",
                                     ref[0], ref[1], ref[2]));
    usm_item_set_ptr(item, USM_EMAIL_ATTACHMENTS, &none);
    assert_null(eas_node_child(map_encode(map_ctx(141, NULL, *state), item, NULL, NULL, *state),
                               EAS_AirSyncBase_Attachments));
}

static void test_zones(void **state)
{
    static const struct {
        const char *sent, *want; /* NULL: not said */
        int good;
    } rows[] = {
        {"AAAA", NULL, 0}, {"'!'", NULL, 0}, {"#raw", NULL, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        usm_item_t *item = map_decode(map_ctx(141, "Europe/Berlin", *state), USM_EVENT,
                                      apr_pstrcat(*state, "Calendar:Timezone=", rows[i].sent, NULL), "5:1", *state);
        if (!item != !rows[i].good)
            fail_msg("row %zu", i);
    }
    /* A rule that no zone has leaves the event's zone alone. */
    unsigned char blob[EAS_TZ_BLOB];
    char text[EAS_TZ_BLOB * 4 / 3 + 8];
    eas_tzrule_t odd = {.std_offset = 4620, .dst_offset = 4620};
    eas_tz_to_blob(blob, &odd);
    apr_base64_encode_binary(text, blob, EAS_TZ_BLOB);
    usm_item_t *item = map_decode(map_ctx(141, "Europe/Berlin", *state), USM_EVENT,
                                  apr_pstrcat(*state, "Calendar:Timezone=", text, NULL), "5:1", *state);
    assert_int_equal(usm_item_state(item, USM_EVENT_TIMEZONE), USM_ABSENT);
}

static void test_verbs(void **state)
{
    usm_item_t *item = usm_item_create(USM_EMAIL, *state);
    usm_item_set_num(item, USM_EMAIL_LAST_VERB, USM_VERB_FORWARDED);
    const eas_node_t *node = map_encode(map_ctx(141, NULL, *state), item, NULL, NULL, *state);
    assert_string_equal(eas_node_child_text(node, EAS_Email2_LastVerbExecuted), "3");
    usm_item_set_num(item, USM_EMAIL_LAST_VERB, USM_VERB_NONE);
    assert_null(eas_node_child(map_encode(map_ctx(141, NULL, *state), item, NULL, NULL, *state),
                               EAS_Email2_LastVerbExecuted));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_time_parse),     POOL_TEST(test_time_forms),     POOL_TEST(test_birthdays),
        POOL_TEST(test_numbers),        POOL_TEST(test_emails),         POOL_TEST(test_lists),
        POOL_TEST(test_picture_limits), POOL_TEST(test_pictures),       POOL_TEST(test_flags_in),
        POOL_TEST(test_flags_out),      POOL_TEST(test_attendees),      POOL_TEST(test_attendees_out),
        POOL_TEST(test_addresses),      POOL_TEST(test_many_addresses), POOL_TEST(test_attachments),
        POOL_TEST(test_zones),          POOL_TEST(test_verbs),
    };
    return RUN_TESTS(tests);
}
