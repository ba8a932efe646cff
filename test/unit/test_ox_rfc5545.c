/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: ox_rfc5545.c */
/* Texts of iCalendar: tables, and rules that are written, read again and expanded by libical. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <libical/ical.h>
#include <string.h>
#include <usm/item.h>
#include "ox/ox_rfc5545.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define HOUR APR_INT64_C(3600000)

static apr_pool_t *pool;

/* Monday the 6th of January 2031, 10 o'clock in Berlin. */
static ox_first_t monday(void)
{
    return (ox_first_t){.day = usm_date_make(2031, 1, 6), .time_of_day = 10 * HOUR,
                        .zone = usm_zone_open("Europe/Berlin", pool)};
}

static void test_times(void **state)
{
    static const struct {
        const char *text;
        ox_form_e form;
        int hours; /* after 2031-01-06 */
    } rows[] = {
        {"20310106", OX_FORM_DATE, 0},          {"20310106T100000", OX_FORM_LOCAL, 10},
        {"20310106T090000Z", OX_FORM_UTC, 9},   {"20310107", OX_FORM_DATE, 24},
        {"2031010", OX_FORM_NONE, 0},           {"20310106T1000", OX_FORM_NONE, 0},
        {"20311306", OX_FORM_NONE, 0},          {"20310132", OX_FORM_NONE, 0},
        {"20310106T240000", OX_FORM_NONE, 0},   {"20310106T100000X", OX_FORM_NONE, 0},
        {"20310106T100000ZZ", OX_FORM_NONE, 0}, {"20310106 100000", OX_FORM_NONE, 0},
        {"", OX_FORM_NONE, 0},                  {"abcdefgh", OX_FORM_NONE, 0},
        {"20310229", OX_FORM_NONE, 0},          {"00000101", OX_FORM_NONE, 0},
    };
    assert_int_equal(ox_time_parse(&(usm_time_t){0}, NULL), OX_FORM_NONE);
    for (size_t i = 0; i < COUNT(rows); i++) {
        usm_time_t t = 0;
        ox_form_e form = ox_time_parse(&t, rows[i].text);
        if (form != rows[i].form || (form && t != usm_date_make(2031, 1, 6) + rows[i].hours * HOUR))
            fail_msg("row %zu: %s", i, rows[i].text);
        if (form)
            assert_string_equal(ox_time_text(t, form, pool), rows[i].text);
    }
}

static void test_minutes(void **state)
{
    static const struct {
        const char *text;
        int minutes;
    } rows[] = {
        {"-PT15M", 15}, {"-P1D", 1440},      {"-P1W", 10080}, {"-P1DT2H3M", 1563}, {"PT0S", 0},   {"-PT0M", 0},
        {"-PT30S", 1},  {"+PT15M", -1},      {"PT15M", -1},   {"P", -1},           {"-P", -1},    {"15", -1},
        {"-PTM", -1},   {"-PT15", -1},       {"-PT15X", -1},  {"", -1},            {"-PT-5M", -1}, {"PT0M", 0},
        {"-PT99999999999999999999M", -1},    {"-P9999999W", -1},
    };
    assert_int_equal(ox_minutes_parse(NULL), -1);
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (ox_minutes_parse(rows[i].text) != rows[i].minutes)
            fail_msg("row %zu: %s gives %d", i, rows[i].text, ox_minutes_parse(rows[i].text));
    }
    assert_string_equal(ox_minutes_text(90, pool), "-PT90M");
}

static void test_recurrence_ids(void **state)
{
    static const struct {
        const char *text;
        int all_day, day; /* of January 2031; 0: none */
    } rows[] = {
        {"20310113T090000Z", 0, 13},          {"20310112T233000Z", 0, 13}, {"20310112T233000Z", 1, 12},
        {"20310113T000500", 0, 13},           {"20310113", 0, 13},         {"20310113", 1, 13},
        {"Europe/Berlin:20310113T100000", 0, 13},
        {"America/New_York:20310112T200000", 0, 13},
        {"Nowhere/Land:20310113T100000", 0, 0},
        {"Europe/Berlin:", 0, 0},             {"x", 0, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        ox_first_t first = monday();
        first.all_day = rows[i].all_day;
        usm_time_t want = rows[i].day ? usm_date_make(2031, 1, rows[i].day) : USM_TIME_NONE;
        if (ox_recurrence_day(rows[i].text, &first, pool) != want)
            fail_msg("row %zu: %s", i, rows[i].text);
    }
    assert_true(ox_recurrence_day(NULL, &(ox_first_t){0}, pool) == USM_TIME_NONE);
}

/* What is written, and how it is written back (NULL: the same); freq -1: no words for it. */
static const struct {
    const char *text;
    int freq, interval, days, week, day, month, count, until; /* day of January 2031 */
    const char *again;
} rules[] = {
    {"FREQ=DAILY", USM_RECUR_DAILY, 1, 0, 0, 0, 0, 0, 0, NULL},
    {"FREQ=DAILY;INTERVAL=3;COUNT=5", USM_RECUR_DAILY, 3, 0, 0, 0, 0, 5, 0, NULL},
    {"FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", USM_RECUR_WEEKLY, 1, 62, 0, 0, 0, 0, 0, "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"},
    {"FREQ=WEEKLY", USM_RECUR_WEEKLY, 1, 2, 0, 0, 0, 0, 0, "FREQ=WEEKLY;BYDAY=MO"},
    {"FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20310120T090000Z", USM_RECUR_WEEKLY, 1, 10, 0, 0, 0, 0, 20, NULL},
    {"FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20310120T085959Z", USM_RECUR_WEEKLY, 1, 10, 0, 0, 0, 0, 19,
     "FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20310119T090000Z"},
    {"FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20310120", USM_RECUR_WEEKLY, 1, 10, 0, 0, 0, 0, 20,
     "FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20310120T090000Z"},
    {"FREQ=WEEKLY;BYDAY=MO;UNTIL=20310120T100000", USM_RECUR_WEEKLY, 1, 2, 0, 0, 0, 0, 20,
     "FREQ=WEEKLY;BYDAY=MO;UNTIL=20310120T090000Z"},
    {"WKST=SU;BYDAY=SU,MO;INTERVAL=2;FREQ=WEEKLY", USM_RECUR_WEEKLY, 2, 3, 0, 0, 0, 0, 0,
     "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=SU"},
    {"FREQ=WEEKLY;WKST=SU;BYDAY=SU,MO", USM_RECUR_WEEKLY, 1, 3, 0, 0, 0, 0, 0, "FREQ=WEEKLY;BYDAY=MO,SU"},
    {"freq=monthly;bymonthday=6", USM_RECUR_MONTHLY, 1, 0, 0, 6, 0, 0, 0, "FREQ=MONTHLY;BYMONTHDAY=6"},
    {"FREQ=MONTHLY", USM_RECUR_MONTHLY, 1, 0, 0, 6, 0, 0, 0, "FREQ=MONTHLY;BYMONTHDAY=6"},
    {"FREQ=MONTHLY;BYMONTHDAY=-1", USM_RECUR_MONTHLY_NTH, 1, 127, 5, 0, 0, 0, 0, NULL},
    {"FREQ=MONTHLY;BYDAY=2MO", USM_RECUR_MONTHLY_NTH, 1, 2, 2, 0, 0, 0, 0, NULL},
    {"FREQ=MONTHLY;BYDAY=-1FR", USM_RECUR_MONTHLY_NTH, 1, 32, 5, 0, 0, 0, 0, NULL},
    {"FREQ=MONTHLY;BYDAY=FR;BYSETPOS=-1", USM_RECUR_MONTHLY_NTH, 1, 32, 5, 0, 0, 0, 0, "FREQ=MONTHLY;BYDAY=-1FR"},
    {"FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1", USM_RECUR_MONTHLY_NTH, 1, 62, 1, 0, 0, 0, 0, NULL},
    {"FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYSETPOS=2", USM_RECUR_MONTHLY_NTH, 1, 127, 2, 0, 0, 0, 0, NULL},
    {"FREQ=MONTHLY;BYDAY=MO,FR", USM_RECUR_WEEKLY, 1, 34, 0, 0, 0, 0, 0, "FREQ=WEEKLY;BYDAY=MO,FR"},
    {"FREQ=MONTHLY;INTERVAL=24;BYMONTHDAY=6", USM_RECUR_YEARLY, 2, 0, 0, 6, 1, 0, 0,
     "FREQ=YEARLY;INTERVAL=2;BYMONTH=1;BYMONTHDAY=6"},
    {"FREQ=YEARLY", USM_RECUR_YEARLY, 1, 0, 0, 6, 1, 0, 0, "FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=6"},
    {"FREQ=YEARLY;BYMONTH=3", USM_RECUR_YEARLY, 1, 0, 0, 6, 3, 0, 0, "FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=6"},
    {"FREQ=YEARLY;INTERVAL=3;BYMONTH=2;BYMONTHDAY=29", USM_RECUR_YEARLY, 3, 0, 0, 29, 2, 0, 0, NULL},
    {"FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU", USM_RECUR_YEARLY_NTH, 1, 1, 5, 0, 3, 0, 0, NULL},
    {"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1", USM_RECUR_YEARLY_NTH, 1, 127, 5, 0, 2, 0, 0, NULL},
};

static const char *const unfit[] = {
    "", "FREQ", "FREQ=HOURLY", "FREQ=SECONDLY;COUNT=3", "BYDAY=MO", "FREQ=DAILY;INTERVAL=0", "FREQ=DAILY;INTERVAL=x",
    "FREQ=DAILY;COUNT=0", "FREQ=DAILY;COUNT=-1", "FREQ=DAILY;UNTIL=never", "FREQ=DAILY;BYHOUR=9",
    "FREQ=DAILY;INTERVAL=2;BYDAY=MO", "FREQ=DAILY;BYMONTH=1", "FREQ=WEEKLY;BYDAY=XX", "FREQ=WEEKLY;BYDAY=",
    "FREQ=WEEKLY;BYDAY=MO,", "FREQ=WEEKLY;BYDAY=1MO", "FREQ=WEEKLY;WKST=X", "FREQ=WEEKLY;BYDAY=MO;BYSETPOS=1",
    "FREQ=MONTHLY;BYDAY=5MO", "FREQ=MONTHLY;BYDAY=-2MO", "FREQ=MONTHLY;BYDAY=1MO,2TU", "FREQ=MONTHLY;BYDAY=1MO,1TU",
    "FREQ=MONTHLY;BYDAY=99MO", "FREQ=MONTHLY;BYMONTHDAY=1,15", "FREQ=MONTHLY;BYMONTHDAY=-2",
    "FREQ=MONTHLY;BYMONTHDAY=32",
    "FREQ=MONTHLY;BYMONTHDAY=13;BYDAY=FR", "FREQ=MONTHLY;INTERVAL=2;BYDAY=MO", "FREQ=MONTHLY;BYMONTH=1;BYMONTHDAY=6",
    "FREQ=MONTHLY;BYMONTHDAY=-1;BYSETPOS=1", "FREQ=YEARLY;BYMONTH=1,7", "FREQ=YEARLY;BYMONTH=13",
    "FREQ=YEARLY;BYDAY=20MO",
    "FREQ=YEARLY;BYDAY=MO", "FREQ=YEARLY;BYYEARDAY=100", "FREQ=YEARLY;BYWEEKNO=20", "FREQ=YEARLY;BYMONTHDAY=6",
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=YEARLY;BYMONTH=3;BYDAY=MO", "FREQ=DAILY;RSCALE=GREGORIAN",
    "FREQ=DAILY;UNTIL=20300101",
};

static void test_rules(void **state)
{
    ox_first_t first = monday();
    for (size_t i = 0; i < COUNT(rules); i++) {
        usm_recurrence_t r;
        if (!ox_rule_parse(&r, rules[i].text, &first, pool))
            fail_msg("row %zu: %s is not read", i, rules[i].text);
        usm_time_t until = rules[i].until ? usm_date_make(2031, 1, rules[i].until) : USM_TIME_NONE;
        if (r.freq != rules[i].freq || r.interval != rules[i].interval || r.weekdays != rules[i].days ||
            r.week != rules[i].week || r.day != rules[i].day || r.month != rules[i].month ||
            r.occurrences != rules[i].count || r.until != until)
            fail_msg("row %zu: %s is read as %s", i, rules[i].text, ox_rule_text(&r, &first, pool));
        assert_string_equal(ox_rule_text(&r, &first, pool), rules[i].again ? rules[i].again : rules[i].text);
    }
    for (size_t i = 0; i < COUNT(unfit); i++) {
        usm_recurrence_t r;
        if (ox_rule_parse(&r, unfit[i], &first, pool))
            fail_msg("row %zu: %s is read as %s", i, unfit[i], ox_rule_text(&r, &first, pool));
    }
}

static void test_until_of_whole_days(void **state)
{
    ox_first_t first = {.day = usm_date_make(2031, 1, 6), .all_day = 1};
    usm_recurrence_t r;
    assert_true(ox_rule_parse(&r, "FREQ=DAILY;UNTIL=20310109T000000Z", &first, pool));
    assert_true(r.until == usm_date_make(2031, 1, 9));
    assert_string_equal(ox_rule_text(&r, &first, pool), "FREQ=DAILY;UNTIL=20310109");
}

/* ---- against libical ---- */

static uint32_t next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*seed >> 33);
}

static usm_recurrence_t random_rule(uint64_t *seed)
{
    usm_recurrence_t r = {.freq = (int)(next_random(seed) % 6), .until = USM_TIME_NONE};
    r.interval = 1 + (int)(next_random(seed) % 4);
    r.weekdays = 1 + (int)(next_random(seed) % 127);
    r.week = 1 + (int)(next_random(seed) % 5);
    r.day = 1 + (int)(next_random(seed) % 28);
    r.month = 1 + (int)(next_random(seed) % 12);
    r.first_weekday = (int)(next_random(seed) % 2); /* libical takes weeks from other days for others */
    if (next_random(seed) % 2)
        r.until = usm_date_make(2031, 1, 6 + (int)(next_random(seed) % 2000));
    else
        r.occurrences = 2 + (int)(next_random(seed) % 40);
    return r;
}

/* The first day that the rule names is where the series begins. */
static void test_against_libical(void **state)
{
    uint64_t seed = 5545;
    apr_pool_t *iterpool;
    apr_pool_create(&iterpool, pool);
    for (int n = 0; n < 3000; n++) {
        usm_recurrence_t r = random_rule(&seed), again;
        usm_recur_t walk;
        usm_time_t day;
        apr_pool_clear(iterpool);
        ox_first_t first = {.day = usm_date_make(2031, 1, 1 + (int)(next_random(&seed) % 365)),
                            .time_of_day = next_random(&seed) % 24 * HOUR,
                            .zone = usm_zone_open(n % 2 ? "America/New_York" : "Pacific/Auckland", iterpool)};
        if (usm_recurrence_check(&r, first.day))
            continue;
        usm_recur_start(&walk, &r, first.day);
        assert_true(usm_recur_next(&first.day, &walk));
        usm_recurrence_normalise(&r, first.day);
        const char *text = ox_rule_text(&r, &first, iterpool);
        if (!ox_rule_parse(&again, text, &first, iterpool) ||
            !usm_value_equal(USM_T_RECURRENCE, &(usm_value_t){.state = USM_SET, .u.recurrence = &r},
                             &(usm_value_t){.state = USM_SET, .u.recurrence = &again}))
            fail_msg("round %d: %s is not read as it was written", n, text);
        /* libical counts in local time: the instant of UNTIL is brought there. */
        struct icalrecurrencetype rule = icalrecurrencetype_from_string(text);
        struct icaltimetype start = icaltime_from_timet_with_zone((time_t)((first.day + first.time_of_day) / 1000), 0,
                                                                  icaltimezone_get_utc_timezone());
        if (r.until != USM_TIME_NONE && !r.occurrences)
            rule.until = icaltime_from_timet_with_zone((time_t)((r.until + first.time_of_day) / 1000), 0,
                                                       icaltimezone_get_utc_timezone());
        icalrecur_iterator *it = icalrecur_iterator_new(rule, start);
        usm_recur_start(&walk, &r, first.day);
        for (int k = 0; k < 60; k++) {
            struct icaltimetype t = icalrecur_iterator_next(it);
            int more = usm_recur_next(&day, &walk);
            if (more != !icaltime_is_null_time(t) || (more && day != usm_date_make(t.year, t.month, t.day)))
                fail_msg("round %d: %s differs at occurrence %d: %04d-%02d-%02d, not %s", n, text, k + 1, t.year,
                         t.month, t.day, ox_time_text(day, OX_FORM_DATE, iterpool));
            if (!more)
                break;
        }
        icalrecur_iterator_free(it);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_times),       cmocka_unit_test(test_minutes),
        cmocka_unit_test(test_rules),       cmocka_unit_test(test_recurrence_ids),
        cmocka_unit_test(test_until_of_whole_days), cmocka_unit_test(test_against_libical),
    };
    apr_initialize();
    apr_pool_create(&pool, NULL);
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    apr_pool_destroy(pool);
    return rc;
}
