/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: eas_meeting.c ical_meeting.c */
/* From the calendar part of a mail to MeetingRequest. */
#include "map_test.h"
#include "util/ical_meeting.h"

#include <apr_strings.h>
#include <string.h>

static const char zone_part[] =
    "BEGIN:VTIMEZONE\r\nTZID:Irgendwo\r\n"
    "BEGIN:STANDARD\r\nDTSTART:16010101T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\n"
    "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\nEND:STANDARD\r\n"
    "BEGIN:DAYLIGHT\r\nDTSTART:16010101T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\n"
    "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\n";

static const usm_meeting_t *read_it(const char *method, const char *event, apr_pool_t *pool)
{
    const char *ics = apr_pstrcat(pool, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nMETHOD:", method, "\r\n",
                                  zone_part, "BEGIN:VEVENT\r\nUID:u\r\nDTSTAMP:20300101T000000Z\r\n", event,
                                  "END:VEVENT\r\nEND:VCALENDAR\r\n", NULL);
    return usm__meeting_read(ics, strlen(ics), pool);
}

/* MeetingRequest in the notation, without the zone's blob and the id, which have tests of their own. */
static const char *shown(const usm_meeting_t *m, unsigned version, apr_pool_t *pool)
{
    usm_item_t *item = usm_item_create(USM_EMAIL, pool);
    usm_item_set_ptr(item, USM_EMAIL_MEETING, m);
    eas_node_t *node = map_encode(map_ctx(version, "Europe/Berlin", pool), item, NULL, NULL, pool);
    eas_node_t *meeting = (eas_node_t *)eas_node_child(node, EAS_Email_MeetingRequest);
    assert_non_null(meeting);
    for (eas_node_t **at = &meeting->child; *at;) {
        if ((*at)->tag == EAS_Email_TimeZone || (*at)->tag == EAS_Email_GlobalObjId)
            *at = (*at)->next;
        else
            at = &(*at)->next;
    }
    return map_text(meeting, pool);
}

#define TIMED "DTSTART;TZID=Irgendwo:20300703T100000\r\nDTEND;TZID=Irgendwo:20300703T110000\r\n"
#define HEAD "AllDayEvent=0 StartTime=2030-07-03T08:00:00.000Z DtStamp=2030-01-01T00:00:00.000Z "                      \
             "EndTime=2030-07-03T09:00:00.000Z "

static void test_meetings(void **state)
{
    static const struct {
        const char *method, *event;
        unsigned version;
        const char *want;
    } rows[] = {
        {"REQUEST", TIMED, 25, HEAD "InstanceType=0 ResponseRequested=0 Sensitivity=0 BusyStatus=2"},
        {"REQUEST", TIMED "CLASS:PRIVATE\r\nTRANSP:TRANSPARENT\r\nSEQUENCE:1\r\n", 141,
         HEAD "InstanceType=0 ResponseRequested=0 Sensitivity=2 BusyStatus=0 DisallowNewTimeProposal=0 "
              "MeetingMessageType=2"},
        {"REQUEST", TIMED "CLASS:CONFIDENTIAL\r\nX-MICROSOFT-CDO-BUSYSTATUS:WORKINGELSEWHERE\r\n"
                          "X-MICROSOFT-DISALLOW-COUNTER:TRUE\r\n", 161,
         HEAD "InstanceType=0 ResponseRequested=0 Sensitivity=3 BusyStatus=4 DisallowNewTimeProposal=1 "
              "MeetingMessageType=1 UID=u"},
        {"REQUEST", TIMED "X-MICROSOFT-CDO-INTENDEDSTATUS:WORKINGELSEWHERE\r\n", 25,
         HEAD "InstanceType=0 ResponseRequested=0 Sensitivity=0 BusyStatus=2"},
        {"REQUEST", TIMED "ORGANIZER:MAILTO:a@b\r\nATTENDEE;RSVP=TRUE:mailto:c@d\r\nLOCATION:R\r\n", 141,
         HEAD "InstanceType=0 Location=R Organizer=a@b ResponseRequested=1 Sensitivity=0 BusyStatus=2 "
              "DisallowNewTimeProposal=0 MeetingMessageType=1"},
        {"REQUEST", TIMED "BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT1H\r\nEND:VALARM\r\n", 25,
         HEAD "InstanceType=0 Reminder=60 ResponseRequested=0 Sensitivity=0 BusyStatus=2"},
        {"REQUEST", TIMED "BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:PT1H\r\nEND:VALARM\r\n", 25,
         HEAD "InstanceType=0 ResponseRequested=0 Sensitivity=0 BusyStatus=2"},
        {"CANCEL", TIMED "RECURRENCE-ID;TZID=Irgendwo:20300101T100000\r\n", 120,
         HEAD "InstanceType=3 RecurrenceId=2030-01-01T09:00:00.000Z ResponseRequested=0 Sensitivity=0 BusyStatus=2"},
        {"REQUEST", TIMED "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR;COUNT=4\r\n", 141,
         HEAD "InstanceType=1 ResponseRequested=0 Recurrences{Recurrence{Type=1 Interval=2 Occurrences=4 DayOfWeek=34 "
              "FirstDayOfWeek=1}} Sensitivity=0 BusyStatus=2 DisallowNewTimeProposal=0 MeetingMessageType=1"},
        {"REQUEST", TIMED "RRULE:FREQ=HOURLY\r\n", 25,
         HEAD "InstanceType=0 ResponseRequested=0 Sensitivity=0 BusyStatus=2"},
        {"REQUEST", "DTSTART:20300703T100000\r\nDURATION:PT1H\r\n", 25, /* floating: the reader's own zone */
         HEAD "InstanceType=0 ResponseRequested=0 Sensitivity=0 BusyStatus=2"},
        {"REQUEST", "DTSTART;VALUE=DATE:20300703\r\n", 25,
         "AllDayEvent=1 StartTime=2030-07-02T22:00:00.000Z DtStamp=2030-01-01T00:00:00.000Z "
         "EndTime=2030-07-03T22:00:00.000Z InstanceType=0 ResponseRequested=0 Sensitivity=0 BusyStatus=2"},
        {"REQUEST", "DTSTART;VALUE=DATE:20300703\r\n", 160,
         "AllDayEvent=1 StartTime=2030-07-03T00:00:00.000Z DtStamp=2030-01-01T00:00:00.000Z "
         "EndTime=2030-07-04T00:00:00.000Z InstanceType=0 ResponseRequested=0 Sensitivity=0 BusyStatus=2 "
         "DisallowNewTimeProposal=0 MeetingMessageType=1 UID=u"},
        {"COUNTER", TIMED, 161,
         HEAD "InstanceType=0 ResponseRequested=0 Sensitivity=0 BusyStatus=2 DisallowNewTimeProposal=0 "
              "MeetingMessageType=0 UID=u ProposedStartTime=20300703T080000Z ProposedEndTime=20300703T090000Z"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const usm_meeting_t *m = read_it(rows[i].method, rows[i].event, *state);
        if (!m)
            fail_msg("row %zu is no meeting", i);
        const char *got = shown(m, rows[i].version, *state);
        if (strcmp(got, rows[i].want) != 0)
            fail_msg("row %zu: %s", i, got);
    }
}

static void test_zone(void **state)
{
    const usm_meeting_t *m = read_it("REQUEST", TIMED, *state);
    eas_tzrule_t want, got;
    assert_true(eas_tz_posix(&got, m->zone_rule));
    assert_true(eas_tz_zone(&want, "Europe/Berlin", *state));
    assert_true(eas_tz_same(&got, &want));
}

/* A zone is written out change by change: one that changes by the second would take all day, and all memory. */
static void test_busy_zone(void **state)
{
    static const char *const rules[] = {
        "FREQ=SECONDLY", "FREQ=MINUTELY", "FREQ=HOURLY;INTERVAL=1", "FREQ=DAILY;BYSECOND=0,1,2,3,4,5,6,7,8,9",
        "FREQ=YEARLY;BYHOUR=0,1,2,3,4,5;BYMINUTE=1,2,3,4,5,6,7,8,9;BYSECOND=1,2,3,4,5,6,7,8,9;BYYEARDAY=1,2,3,4,5,6,7",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=YEARLY;BYMONTH=2;BYDAY=9SU", "FREQ=YEARLY;BYMONTH=2;BYSETPOS=9",
        "FREQ=YEARLY;BYMONTH=3;BYDAY=SU", "FREQ=YEARLY;INTERVAL=30000"};
    for (size_t i = 0; i < COUNT(rules); i++) {
        apr_array_header_t *text = apr_array_make(*state, 500, sizeof(const char *));
        APR_ARRAY_PUSH(text, const char *) = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VTIMEZONE\r\nTZID:Z\r\n";
        for (int k = 0; k < 60; k++)
            APR_ARRAY_PUSH(text, const char *) =
                apr_psprintf(*state, "BEGIN:STANDARD\r\nDTSTART:1601%02d%02dT%02d0000\r\nTZOFFSETFROM:+0200\r\n"
                                     "TZOFFSETTO:+0100\r\nRRULE:%s\r\nRRULE:%s\r\nEND:STANDARD\r\n",
                             k % 12 + 1, k % 28 + 1, k % 24, rules[i], rules[i]);
        APR_ARRAY_PUSH(text, const char *) = "END:VTIMEZONE\r\nBEGIN:VEVENT\r\nUID:u\r\n"
                                             "DTSTART;TZID=Z:20300703T100000\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        const char *ics = apr_array_pstrcat(*state, text, 0);
        apr_time_t begun = apr_time_now();
        const usm_meeting_t *m = usm__meeting_read(ics, strlen(ics), *state);
        assert_non_null(m);
        assert_true(m->start == 1909299600000); /* the offset alone counts */
        if (apr_time_now() - begun > apr_time_from_sec(10))
            fail_msg("row %d takes %d s", (int)i, (int)apr_time_sec(apr_time_now() - begun));
    }
}

static void test_answers(void **state)
{
    static const struct {
        const char *stat;
        int answer;
    } rows[] = {{"ACCEPTED", USM_ATT_ACCEPTED}, {"DECLINED", USM_ATT_DECLINED}, {"TENTATIVE", USM_ATT_TENTATIVE},
                {"NEEDS-ACTION", USM_ATT_NONE}, {"X-ODD", USM_ATT_NONE}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *event = apr_pstrcat(*state, TIMED "ATTENDEE;PARTSTAT=", rows[i].stat, ":mailto:a@b\r\n", NULL);
        const usm_meeting_t *m = read_it("REPLY", event, *state);
        assert_int_equal(m->method, USM_MEETING_REPLY);
        assert_int_equal(m->answer, rows[i].answer);
    }
}

static void test_none(void **state)
{
    static const char *const rows[] = {"", "x", "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n",
                                       "BEGIN:VEVENT\r\nEND:VEVENT\r\n",
                                       "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:x\r\nEND:VEVENT\r\n"};
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_null(usm__meeting_read(rows[i], strlen(rows[i]), *state));
    assert_null(usm__meeting_read(NULL, 0, *state));
    assert_null(read_it("PUBLISH", TIMED, *state));
    assert_null(read_it("REQUEST", "SUMMARY:ohne Zeit\r\n", *state));
    char *deep = apr_palloc(*state, 20000);
    for (size_t i = 0; i < 1300; i++)
        memcpy(deep + 14 * i, "BEGIN:VEVENT\r\n", 14);
    assert_null(usm__meeting_read(deep, (size_t)14 * 1300, *state));
}

/* Rules that one Recurrence can say, and those that it cannot: they are shown as the one meeting that there is. */
static void test_rules(void **state)
{
    static const struct {
        const char *rule;
        int type, days, week, day, month; /* type -1: none */
    } rows[] = {
        {"FREQ=MONTHLY;BYMONTHDAY=-1", USM_RECUR_MONTHLY_NTH, 127, 5, 0, 0},
        {"FREQ=MONTHLY;BYMONTHDAY=31", USM_RECUR_MONTHLY, 0, 0, 31, 0},
        {"FREQ=MONTHLY;BYMONTHDAY=-2", -1, 0, 0, 0, 0},
        {"FREQ=MONTHLY;BYMONTHDAY=1,15", -1, 0, 0, 0, 0},
        {"FREQ=MONTHLY;BYDAY=MO", USM_RECUR_WEEKLY, 2, 0, 0, 0},
        {"FREQ=MONTHLY;INTERVAL=2;BYDAY=MO", -1, 0, 0, 0, 0},
        {"FREQ=MONTHLY;BYDAY=1MO,3MO", -1, 0, 0, 0, 0},
        {"FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1", USM_RECUR_MONTHLY_NTH, 6, 5, 0, 0},
        {"FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=1,2", -1, 0, 0, 0, 0},
        {"FREQ=MONTHLY;BYMONTH=3;BYDAY=1MO", -1, 0, 0, 0, 0},
        {"FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=-1", USM_RECUR_YEARLY_NTH, 127, 5, 0, 12},
        {"FREQ=YEARLY;BYMONTH=3,9", -1, 0, 0, 0, 0},
        {"FREQ=YEARLY;BYMONTH=3;BYDAY=MO", -1, 0, 0, 0, 0},
        {"FREQ=YEARLY;BYWEEKNO=20", -1, 0, 0, 0, 0},
        {"FREQ=YEARLY;BYYEARDAY=100", -1, 0, 0, 0, 0},
        {"FREQ=YEARLY", USM_RECUR_YEARLY, 0, 0, 3, 7},
        {"RSCALE=GREGORIAN;FREQ=YEARLY;BYMONTH=5", USM_RECUR_YEARLY, 0, 0, 3, 5},
        {"RSCALE=CHINESE;FREQ=YEARLY;BYMONTH=5L", -1, 0, 0, 0, 0}, /* the leap month has a bit of its own */
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const usm_meeting_t *m =
            read_it("REQUEST", apr_pstrcat(*state, TIMED "RRULE:", rows[i].rule, "\r\n", NULL), *state);
        const usm_meetrecur_t *r = m ? m->recur : NULL;
        if (!m || (r ? r->type : -1) != rows[i].type ||
            (r && (r->days != rows[i].days || r->week != rows[i].week || r->day != rows[i].day ||
                   r->month != rows[i].month)))
            fail_msg("row %zu (%s): %d %d %d %d %d", i, rows[i].rule, r ? r->type : -1, r ? r->days : 0,
                     r ? r->week : 0, r ? r->day : 0, r ? r->month : 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {POOL_TEST(test_meetings), POOL_TEST(test_zone), POOL_TEST(test_busy_zone),
                                       POOL_TEST(test_answers), POOL_TEST(test_none), POOL_TEST(test_rules)};
    return RUN_TESTS(tests);
}
