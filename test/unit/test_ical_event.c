/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: ical_event.c mime_invite.c */
/* Events as iCalendar, and the message that brings one along. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <string.h>
#include <usm/fields.h>
#include <usm/recur.h>

#include "util/ical_event.h"
#include "util/mime.h"

static apr_pool_t *pool;

static int setup(void **state)
{
    apr_pool_create(&pool, NULL);
    return 0;
}

static int teardown(void **state)
{
    apr_pool_destroy(pool);
    return 0;
}

/* Monday the 6th of January 2031, 10 o'clock in Berlin. */
#define DAY APR_INT64_C(1925424000000)
#define START (DAY + 9 * 3600000)

static usm_item_t *event_of(int all_day)
{
    usm_item_t *item = usm_item_create(USM_EVENT, pool);
    usm_item_set_text(item, USM_EVENT_UID, "u-1");
    usm_item_set_text(item, USM_EVENT_SUBJECT, "Jour fixe");
    usm_item_set_text(item, USM_EVENT_TIMEZONE, "Europe/Berlin");
    usm_item_set_num(item, USM_EVENT_ALL_DAY, all_day);
    usm_item_set_num(item, USM_EVENT_START, all_day ? DAY : START);
    usm_item_set_num(item, USM_EVENT_END, all_day ? DAY + USM_DAY_MS : START + 3600000);
    return item;
}

static const char *calendar_of(const usm_item_t *event)
{
    const usm__ical_event_t what = {.event = event, .day = USM_TIME_NONE, .stamp = START};
    const char *text = usm__ical_event(&what, pool);
    assert_non_null(text);
    return text;
}

static void has(const char *text, const char *line)
{
    if (!strstr(text, apr_pstrcat(pool, "\r\n", line, "\r\n", NULL)))
        fail_msg("no \"%s\" in %s", line, text);
}

/* The rule alone: that of the zone comes before it. */
static const char *rule_in(const char *text)
{
    const char *at = strstr(strstr(text, "BEGIN:VEVENT"), "RRULE:");
    return at ? apr_pstrmemdup(pool, at + 6, strcspn(at + 6, "\r")) : "";
}

static void test_rules(void **state)
{
    static const struct {
        usm_recurrence_t rule;
        const char *words[4]; /* all of them are in the rule */
    } rows[] = {
        {{.freq = USM_RECUR_DAILY, .interval = 3, .occurrences = 5, .until = USM_TIME_NONE},
         {"FREQ=DAILY", "INTERVAL=3", "COUNT=5"}},
        {{.freq = USM_RECUR_WEEKLY, .interval = 2, .weekdays = 42, .until = DAY + 100 * USM_DAY_MS},
         {"FREQ=WEEKLY", "BYDAY=MO,WE,FR", "UNTIL=20310416T080000Z"}},
        {{.freq = USM_RECUR_MONTHLY, .interval = 1, .day = 6, .until = USM_TIME_NONE},
         {"FREQ=MONTHLY", "BYMONTHDAY=6"}},
        {{.freq = USM_RECUR_MONTHLY_NTH, .interval = 1, .weekdays = 2, .week = 5, .until = USM_TIME_NONE},
         {"FREQ=MONTHLY", "BYDAY=-1MO"}},
        {{.freq = USM_RECUR_MONTHLY_NTH, .interval = 1, .weekdays = 62, .week = 1, .until = USM_TIME_NONE},
         {"BYDAY=MO,TU,WE,TH,FR", "BYSETPOS=1"}},
        {{.freq = USM_RECUR_YEARLY, .interval = 1, .day = 6, .month = 1, .until = USM_TIME_NONE},
         {"FREQ=YEARLY", "BYMONTHDAY=6", "BYMONTH=1"}},
        {{.freq = USM_RECUR_YEARLY_NTH, .interval = 1, .weekdays = 2, .week = 1, .month = 1, .until = USM_TIME_NONE},
         {"FREQ=YEARLY", "BYDAY=1MO", "BYMONTH=1"}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        usm_item_t *event = event_of(0);
        usm_item_set_ptr(event, USM_EVENT_RECURRENCE, &rows[i].rule);
        const char *rule = rule_in(calendar_of(event));
        for (int k = 0; k < 4 && rows[i].words[k]; k++) {
            if (!strstr(rule, rows[i].words[k]))
                fail_msg("row %zu: %s", i, rule);
        }
    }
}

static void test_series(void **state)
{
    static const usm_recurrence_t weekly = {.freq = USM_RECUR_WEEKLY, .interval = 1, .weekdays = 2, .occurrences = 9,
                                            .until = USM_TIME_NONE};
    usm_item_t *event = event_of(0), *own = usm_item_create(USM_EVENT, pool);
    usm_exception_t list[] = {{.day = DAY + 7 * USM_DAY_MS}, {.day = DAY + 14 * USM_DAY_MS, .item = own}};
    const usm_exceptions_t exceptions = {.count = 2, .items = list};
    usm_item_set_text(own, USM_EVENT_SUBJECT, "Anders");
    usm_item_set_ptr(event, USM_EVENT_RECURRENCE, &weekly);
    usm_item_set_ptr(event, USM_EVENT_EXCEPTIONS, &exceptions);
    const char *text = calendar_of(event);
    has(text, "DTSTART;TZID=Europe/Berlin:20310106T100000");
    has(text, "EXDATE;TZID=Europe/Berlin:20310113T100000");
    has(text, "RECURRENCE-ID;TZID=Europe/Berlin:20310120T100000");
    has(text, "SUMMARY:Anders");
    has(text, "TZOFFSETTO:+0200");
    has(text, "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3");
    has(text, "METHOD:PUBLISH");
    /* Of days. */
    event = event_of(1);
    usm_item_set_ptr(event, USM_EVENT_RECURRENCE, &weekly);
    text = calendar_of(event);
    has(text, "DTSTART;VALUE=DATE:20310106");
    assert_null(strstr(text, "VTIMEZONE"));
    /* One occurrence. */
    const usm__ical_event_t what = {.event = usm_series_occurrence(event_of(0), DAY, NULL, pool), .series = event_of(0),
                                    .day = DAY, .stamp = START};
    text = usm__ical_event(&what, pool);
    has(text, "RECURRENCE-ID:20310106T090000Z");
    has(text, "UID:u-1");
}

static void test_people(void **state)
{
    usm_attendee_t people[] = {{.name = "Berta", .email = "berta@x", .status = USM_ATT_ACCEPTED},
                               {.email = "carl@x", .type = USM_ATT_OPTIONAL}, {.name = "nobody"}};
    const usm_attendees_t attendees = {.count = 3, .items = people};
    usm_addr_t more[] = {{.addr = "BERTA@x"}, {.name = "Dora", .addr = "dora@x"}};
    const usm_addrs_t invited = {.count = 2, .items = more};
    usm_item_t *event = event_of(0);
    usm_item_set_ptr(event, USM_EVENT_ATTENDEES, &attendees);
    usm__ical_event_t what = {.event = event, .day = USM_TIME_NONE, .is_meeting = 1, .invited = &invited,
                              .organizer = {.addr = "anton@x", .name = "Anton"}, .stamp = START};
    const char *text = usm__ical_event(&what, pool);
    has(text, "METHOD:REQUEST");
    has(text, "ORGANIZER;CN=Anton:mailto:anton@x");
    assert_non_null(strstr(text, "PARTSTAT=ACCEPTED:mailto:berta@x"));
    assert_non_null(strstr(text, "dora@x"));
    assert_null(strstr(text, "BERTA@x"));
    assert_null(strstr(text, "nobody"));
}

static void test_message(void **state)
{
    static const struct {
        const char *type, *want; /* of the whole message */
        int count;               /* of calendars in it */
    } rows[] = {
        {"text/plain\r\n\r\nHallo\r\n", "multipart/alternative", 1},
        {"multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\nHallo\r\n--b--\r\n", "multipart/alternative", 1},
        {"multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nHallo\r\n--b\r\nContent-Type: a/b\r\n\r\nx\r\n--b--\r\n",
         "multipart/mixed", 1},
        {"multipart/signed; boundary=b; protocol=\"application/pkcs7-signature\"\r\n\r\n--b\r\n\r\nHallo\r\n--b\r\n"
         "Content-Type: application/pkcs7-signature\r\n\r\nx\r\n--b--\r\n", "multipart/signed", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *data = apr_pstrcat(pool, "From: a@x\r\nTo: B <b@x>, c@x\r\nCc: d@x\r\nMIME-Version: 1.0\r\n"
                                       "Content-Type: ", rows[i].type, NULL);
        apr_size_t len = strlen(data);
        assert_int_equal(usm__mime_recipients(data, len, pool)->count, 3);
        assert_null(usm__mime_invite(&data, &len, "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "REQUEST", pool));
        const char *part = strstr(data, "text/calendar");
        if ((part != NULL) != rows[i].count || !strstr(data, rows[i].want) || !strstr(data, "Hallo"))
            fail_msg("row %zu: %s", i, data);
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {T(test_rules), T(test_series), T(test_people), T(test_message)};
    apr_initialize();
    int failed = cmocka_run_group_tests_name("ical_event", tests, NULL, NULL);
    apr_terminate();
    return failed;
}
