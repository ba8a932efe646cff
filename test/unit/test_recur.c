/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: recur.c series.c zone.c */
/* Rules: every kind against libical day by day over ten years, and against the definition spelled out day by day. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <libical/ical.h>
#include <stdlib.h>
#include <string.h>
#include <usm/fields.h>
#include <usm/recur.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define YEARS 10
#define DAYS_MAX 4000

static apr_pool_t *pool;

static uint32_t next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*seed >> 33);
}

/* ---- the judge ---- */

static const char *const day_names[] = {"SU", "MO", "TU", "WE", "TH", "FR", "SA"};

static const char *by_day(const usm_recurrence_t *r)
{
    const char *text = "";
    for (int w = 0; w < 7; w++) {
        if (r->weekdays >> w & 1)
            text = apr_pstrcat(pool, text, *text ? "," : ";BYDAY=", day_names[w], NULL);
    }
    return text;
}

static const char *rrule_of(const usm_recurrence_t *r)
{
    static const char *const freqs[] = {"DAILY", "WEEKLY", "MONTHLY", "MONTHLY", "YEARLY", "YEARLY"};
    const char *text = apr_psprintf(pool, "FREQ=%s;INTERVAL=%d%s", freqs[r->freq], r->interval, by_day(r));
    if (r->freq == USM_RECUR_WEEKLY)
        text = apr_pstrcat(pool, text, ";WKST=", day_names[r->first_weekday], NULL);
    if (r->month)
        text = apr_psprintf(pool, "%s;BYMONTH=%d", text, r->month);
    if (r->day)
        text = apr_psprintf(pool, "%s;BYMONTHDAY=%d", text, r->day);
    if (r->week)
        text = apr_psprintf(pool, "%s;BYSETPOS=%d", text, r->week == 5 ? -1 : r->week);
    if (r->occurrences)
        text = apr_psprintf(pool, "%s;COUNT=%d", text, r->occurrences);
    if (r->until != USM_TIME_NONE) {
        int y, m, d;
        usm_date_split(r->until, &y, &m, &d, NULL);
        text = apr_psprintf(pool, "%s;UNTIL=%04d%02d%02d", text, y, m, d);
    }
    return text;
}

static int by_ical(usm_time_t *days, const usm_recurrence_t *r, usm_time_t first, usm_time_t end)
{
    int n = 0;
    struct icaltimetype start = {.is_date = 1}, t;
    usm_date_split(first, &start.year, &start.month, &start.day, NULL);
    icalrecur_iterator *it = icalrecur_iterator_new(icalrecurrencetype_from_string(rrule_of(r)), start);
    assert_non_null(it);
    while (n < DAYS_MAX && !icaltime_is_null_time(t = icalrecur_iterator_next(it))) {
        usm_time_t day = usm_date_make(t.year, t.month, t.day);
        if (day > end)
            break;
        days[n++] = day;
    }
    icalrecur_iterator_free(it);
    return n;
}

/* ---- the definition: is a day one of the rule's? ---- */

static int nth_of(const usm_recurrence_t *r, int y, int m, int d)
{
    int n = 0, last = 0, hit = 0;
    for (int i = 1; i <= usm_month_days(y, m); i++) {
        int w;
        usm_date_split(usm_date_make(y, m, i), NULL, NULL, NULL, &w);
        if (!(r->weekdays >> w & 1))
            continue;
        n++;
        last = i;
        hit |= i == d && n == r->week;
    }
    return r->week == 5 ? last == d : hit;
}

static int strikes(const usm_recurrence_t *r, usm_time_t first, usm_time_t day)
{
    int fy, fm, fw, y, m, d, w;
    usm_date_split(first, &fy, &fm, NULL, &fw);
    usm_date_split(day, &y, &m, &d, &w);
    int months = (y - fy) * 12 + m - fm;
    switch (r->freq) {
    case USM_RECUR_DAILY:
        return (day - first) / USM_DAY_MS % r->interval == 0;
    case USM_RECUR_WEEKLY: {
        usm_time_t begin = first - (fw - r->first_weekday + 7) % 7 * USM_DAY_MS;
        return (r->weekdays >> w & 1) && (day - begin) / (7 * USM_DAY_MS) % r->interval == 0;
    }
    case USM_RECUR_MONTHLY:
        return months % r->interval == 0 && d == r->day;
    case USM_RECUR_MONTHLY_NTH:
        return months % r->interval == 0 && nth_of(r, y, m, d);
    case USM_RECUR_YEARLY:
        return (y - fy) % r->interval == 0 && m == r->month && d == r->day;
    default:
        return (y - fy) % r->interval == 0 && m == r->month && nth_of(r, y, m, d);
    }
}

static int by_definition(usm_time_t *days, const usm_recurrence_t *r, usm_time_t first, usm_time_t end)
{
    int n = 0;
    for (usm_time_t day = first; day <= end; day += USM_DAY_MS) {
        if ((r->until != USM_TIME_NONE && day > r->until) || (r->occurrences && n == r->occurrences))
            break;
        if (strikes(r, first, day) && n < DAYS_MAX)
            days[n++] = day;
    }
    return n;
}

static int by_walk(usm_time_t *days, const usm_recurrence_t *r, usm_time_t first, usm_time_t end)
{
    usm_recur_t walk;
    usm_time_t day;
    int n = 0;
    usm_recur_start(&walk, r, first);
    while (n < DAYS_MAX && usm_recur_next(&day, &walk) && day <= end)
        days[n++] = day;
    return n;
}

/* ---- comparison ---- */

static const char *date_text(usm_time_t t)
{
    int y, m, d;
    usm_date_split(t, &y, &m, &d, NULL);
    return apr_psprintf(pool, "%04d-%02d-%02d", y, m, d);
}

static void same(const usm_time_t *a, int na, const usm_time_t *b, int nb, const char *who, const usm_recurrence_t *r,
                 usm_time_t first)
{
    for (int i = 0; i < na || i < nb; i++) {
        if (i >= na || i >= nb || a[i] != b[i])
            fail_msg("%s from %s: occurrence %d of %d is %s, of %s's %d %s", rrule_of(r), date_text(first), i + 1, na,
                     i < na ? date_text(a[i]) : "none", who, nb, i < nb ? date_text(b[i]) : "none");
    }
}

static void random_rule(usm_recurrence_t *r, usm_time_t *first_p, uint64_t *seed)
{
    static const int longest[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    memset(r, 0, sizeof *r);
    r->freq = (int)(next_random(seed) % 6);
    r->interval = 1 + (int)(next_random(seed) % (next_random(seed) % 3 ? 3 : 20));
    r->until = USM_TIME_NONE;
    r->first_weekday = r->freq == USM_RECUR_WEEKLY ? (int)(next_random(seed) % 7) : 1;
    if (r->freq == USM_RECUR_WEEKLY || r->freq == USM_RECUR_MONTHLY_NTH || r->freq == USM_RECUR_YEARLY_NTH)
        r->weekdays = next_random(seed) % 2 ? 1 << next_random(seed) % 7 : 1 + (int)(next_random(seed) % 127);
    if (r->freq == USM_RECUR_MONTHLY_NTH || r->freq == USM_RECUR_YEARLY_NTH)
        r->week = 1 + (int)(next_random(seed) % 5);
    if (r->freq >= USM_RECUR_YEARLY)
        r->month = 1 + (int)(next_random(seed) % 12);
    if (r->freq == USM_RECUR_MONTHLY || r->freq == USM_RECUR_YEARLY)
        r->day = 1 + (int)(next_random(seed) % (unsigned)(r->month ? longest[r->month - 1] : 31));
    *first_p = usm_date_make(2020, 1, 1) + (usm_time_t)(next_random(seed) % 4000) * USM_DAY_MS;
    if (next_random(seed) % 3 == 0)
        r->occurrences = 1 + (int)(next_random(seed) % 50);
    else if (next_random(seed) % 2)
        r->until = *first_p + (usm_time_t)(next_random(seed) % 3000) * USM_DAY_MS;
}

static void test_ten_years(void **state)
{
    static usm_time_t mine[DAYS_MAX], theirs[DAYS_MAX], told[DAYS_MAX];
    uint64_t seed = 20310106;
    apr_pool_t *top = pool;
    for (int i = 0; i < 2000; i++) {
        usm_recurrence_t r;
        usm_time_t first;
        apr_pool_create(&pool, top);
        random_rule(&r, &first, &seed);
        usm_time_t end = first + YEARS * 365 * USM_DAY_MS;
        int n = by_walk(mine, &r, first, end);
        same(mine, n, told, by_definition(told, &r, first, end), "the definition", &r, first);
        /* RFC 5545 leaves open what a start outside of the rule means: libical begins with the first day inside. It
         * drops the first day of some rules whose weeks do not begin on Monday (3.0.16: FREQ=WEEKLY;INTERVAL=2;
         * BYDAY=MO,TH;WKST=SA from a Thursday on), so that those are judged by the definition alone. */
        if (n && r.first_weekday == 1)
            same(mine, n, theirs, by_ical(theirs, &r, mine[0], end), "libical", &r, first);
        if (n) {
            int k = (int)(next_random(&seed) % (unsigned)n);
            assert_int_equal(usm_recur_position(&r, first, mine[k]), k + 1);
            assert_null(usm_recurrence_check(&r, first));
            assert_true(usm_recur_near(&r, first, mine[k]) == mine[k]);
            usm_time_t near = usm_recur_near(&r, first, mine[k] + USM_DAY_MS);
            assert_true(near == mine[k] || near == mine[k] + USM_DAY_MS);
        }
        /* The one form of a rule means the same. */
        usm_recurrence_t one = r;
        usm_recurrence_normalise(&one, first);
        same(mine, n, told, by_walk(told, &one, first, end), "the normal form", &r, first);
        apr_pool_destroy(pool);
        pool = top;
    }
}

/* ---- every pattern that there is ---- */

static int leap_days(int month)
{
    return usm_month_days(2024, month);
}

/* Pattern number N; 0 when there are no more. @return 1, or -1 for a number that is no pattern. */
static int pattern(usm_recurrence_t *r, int n)
{
    static const struct {
        int freq, intervals, weekdays, weeks, months, days, begins;
    } kinds[] = {{USM_RECUR_DAILY, 60, 1, 1, 1, 1, 1},        {USM_RECUR_WEEKLY, 6, 127, 1, 1, 1, 7},
                 {USM_RECUR_MONTHLY, 13, 1, 1, 1, 31, 1},     {USM_RECUR_MONTHLY_NTH, 13, 127, 5, 1, 1, 1},
                 {USM_RECUR_YEARLY, 4, 1, 1, 12, 31, 1},      {USM_RECUR_YEARLY_NTH, 3, 127, 5, 12, 1, 1}};
    for (size_t k = 0; k < COUNT(kinds); k++) {
        int all = kinds[k].intervals * kinds[k].weekdays * kinds[k].weeks * kinds[k].months * kinds[k].days *
                  kinds[k].begins;
        if (n >= all) {
            n -= all;
            continue;
        }
        *r = (usm_recurrence_t){.freq = kinds[k].freq, .first_weekday = 1, .until = USM_TIME_NONE};
        r->interval = n % kinds[k].intervals + 1;
        n /= kinds[k].intervals;
        r->weekdays = kinds[k].weekdays > 1 ? n % kinds[k].weekdays + 1 : 0;
        n /= kinds[k].weekdays;
        r->week = kinds[k].weeks > 1 ? n % kinds[k].weeks + 1 : 0;
        n /= kinds[k].weeks;
        r->month = kinds[k].months > 1 ? n % kinds[k].months + 1 : 0;
        n /= kinds[k].months;
        r->day = kinds[k].days > 1 ? n % kinds[k].days + 1 : 0;
        n /= kinds[k].days;
        if (kinds[k].begins > 1)
            r->first_weekday = n;
        return r->month && r->day > leap_days(r->month) ? -1 : 1;
    }
    return 0;
}

/* Day by day over ten years against libical and the definition: all of them in a long run, each 23rd in a short one. */
static void test_every_pattern(void **state)
{
    static usm_time_t mine[DAYS_MAX], theirs[DAYS_MAX];
    apr_pool_t *top = pool;
    int step = getenv("USM_FIDELITY") ? 1 : 23, kind, count = 0;
    for (int n = 0; (kind = 1); n += step) {
        usm_recurrence_t r;
        if ((kind = pattern(&r, n)) == 0)
            break;
        if (kind < 0)
            continue;
        apr_pool_create(&pool, top);
        usm_time_t first = usm_date_make(2027, 1 + n % 12, 1 + n % 28), end = first + YEARS * 365 * USM_DAY_MS;
        int days = by_walk(mine, &r, first, end);
        same(mine, days, theirs, by_definition(theirs, &r, first, end), "the definition", &r, first);
        if (days && r.first_weekday == 1)
            same(mine, days, theirs, by_ical(theirs, &r, mine[0], end), "libical", &r, first);
        usm_recurrence_normalise(&r, first);
        same(mine, days, theirs, by_walk(theirs, &r, first, end), "the normal form", &r, first);
        apr_pool_destroy(pool);
        pool = top;
        count++;
    }
    assert_true(count > 1500);
}

static void test_impossible(void **state)
{
    const usm_time_t first = usm_date_make(2031, 1, 6);
    const usm_recurrence_t bad[] = {
        {.freq = -1, .interval = 1, .until = USM_TIME_NONE},
        {.freq = 6, .interval = 1, .until = USM_TIME_NONE},
        {.freq = USM_RECUR_DAILY, .interval = 0, .until = USM_TIME_NONE},
        {.freq = USM_RECUR_DAILY, .interval = 1, .until = first - USM_DAY_MS},
        {.freq = USM_RECUR_DAILY, .interval = 1, .occurrences = -1, .until = USM_TIME_NONE},
        {.freq = USM_RECUR_WEEKLY, .interval = 1, .until = USM_TIME_NONE},
        {.freq = USM_RECUR_WEEKLY, .interval = 1, .weekdays = 128, .until = USM_TIME_NONE},
        {.freq = USM_RECUR_WEEKLY, .interval = 1, .weekdays = 1, .first_weekday = 7, .until = USM_TIME_NONE},
        {.freq = USM_RECUR_MONTHLY, .interval = 1, .day = 32, .until = USM_TIME_NONE},
        {.freq = USM_RECUR_MONTHLY_NTH, .interval = 1, .weekdays = 2, .week = 6, .until = USM_TIME_NONE},
        {.freq = USM_RECUR_YEARLY, .interval = 1, .day = 30, .month = 2, .until = USM_TIME_NONE},
        {.freq = USM_RECUR_YEARLY, .interval = 1, .day = 1, .month = 13, .until = USM_TIME_NONE},
        {.freq = USM_RECUR_MONTHLY, .interval = 12, .day = 31, .until = first + 20 * USM_DAY_MS},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        if (!usm_recurrence_check(&bad[i], first))
            fail_msg("row %zu is taken", i);
    }
    /* never on the 30th of February, but on its 29th every fourth year */
    const usm_recurrence_t leap = {.freq = USM_RECUR_YEARLY, .interval = 1, .day = 29, .month = 2,
                                   .until = USM_TIME_NONE};
    usm_recur_t walk;
    usm_time_t day;
    usm_recur_start(&walk, &leap, first);
    assert_true(usm_recur_next(&day, &walk));
    assert_string_equal(date_text(day), "2032-02-29");
}

/* One meaning, one form. */
static void test_normal_form(void **state)
{
    const usm_time_t monday = usm_date_make(2031, 1, 6);
    static const struct {
        usm_recurrence_t in;
        int freq, interval, first_weekday, month;
    } rows[] = {
        {{.freq = USM_RECUR_MONTHLY, .interval = 24, .day = 6}, USM_RECUR_YEARLY, 2, 1, 1},
        {{.freq = USM_RECUR_MONTHLY_NTH, .interval = 12, .weekdays = 2, .week = 5}, USM_RECUR_YEARLY_NTH, 1, 1, 1},
        {{.freq = USM_RECUR_MONTHLY, .interval = 3, .day = 6, .month = 7}, USM_RECUR_MONTHLY, 3, 1, 0},
        /* weeks from Sunday on: no matter every week, nor for Mondays, but for Sundays every other week */
        {{.freq = USM_RECUR_WEEKLY, .interval = 1, .weekdays = 127, .first_weekday = 0}, USM_RECUR_WEEKLY, 1, 1, 0},
        {{.freq = USM_RECUR_WEEKLY, .interval = 2, .weekdays = 2, .first_weekday = 0}, USM_RECUR_WEEKLY, 2, 1, 0},
        {{.freq = USM_RECUR_WEEKLY, .interval = 2, .weekdays = 3, .first_weekday = 0}, USM_RECUR_WEEKLY, 2, 0, 0},
        /* that is over before the first Sunday: nobody sees a difference */
        {{.freq = USM_RECUR_WEEKLY, .interval = 2, .weekdays = 3, .first_weekday = 0, .occurrences = 1},
         USM_RECUR_WEEKLY, 2, 1, 0},
        {{.freq = USM_RECUR_WEEKLY, .interval = 2, .weekdays = 3, .first_weekday = 0, .occurrences = 2},
         USM_RECUR_WEEKLY, 2, 0, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        usm_recurrence_t r = rows[i].in;
        r.until = USM_TIME_NONE;
        usm_recurrence_normalise(&r, monday);
        if (r.freq != rows[i].freq || r.interval != rows[i].interval || r.first_weekday != rows[i].first_weekday ||
            r.month != rows[i].month)
            fail_msg("row %zu: %d %d %d %d", i, r.freq, r.interval, r.first_weekday, r.month);
    }
}

/* ---- zones ---- */

/* Instants of local times around changes of the clock, and where the rule of today is not that of the day. */
static void test_zones(void **state)
{
    static const struct {
        const char *zone;
        int year, month, day, minutes; /* local */
        int offset;                    /* minutes east of UTC */
    } rows[] = {
        {"Europe/Berlin", 2031, 1, 6, 600, 60},
        {"Europe/Berlin", 2031, 7, 6, 600, 120},
        {"Europe/Berlin", 2031, 3, 30, 150, 60},   /* left out: moves on */
        {"Europe/Berlin", 2031, 10, 26, 150, 120}, /* twice: the first */
        {"Europe/Berlin", 1942, 1, 6, 600, 120},   /* the war's summer time in winter */
        {"Europe/Istanbul", 2015, 1, 6, 600, 120}, /* before it stayed on summer time */
        {"Europe/Istanbul", 2031, 1, 6, 600, 180},
        {"Australia/Sydney", 2031, 1, 6, 600, 660},
        {"Australia/Sydney", 2031, 7, 6, 600, 600},
        {"Asia/Kolkata", 2031, 7, 6, 600, 330},
        {"Etc/UTC", 2031, 7, 6, 600, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const usm_zone_t *zone = usm_zone_open(rows[i].zone, pool);
        usm_time_t local = usm_date_make(rows[i].year, rows[i].month, rows[i].day) + rows[i].minutes * 60000;
        assert_non_null(zone);
        assert_ptr_equal(zone, usm_zone_open(rows[i].zone, pool));
        usm_time_t utc = usm_zone_to_utc(zone, local);
        if (utc != local - rows[i].offset * 60000)
            fail_msg("row %zu: %d minutes east", i, (int)((local - utc) / 60000));
    }
    assert_null(usm_zone_open("No/Such", pool));
    assert_null(usm_zone_open("../../etc/passwd", pool));
    assert_null(usm_zone_open(NULL, pool));
}

/* ---- series ---- */

static usm_item_t *series(const char *zone, usm_time_t start, int all_day)
{
    usm_item_t *item = usm_item_create(USM_EVENT, pool);
    usm_recurrence_t *rule = apr_pcalloc(pool, sizeof *rule);
    rule->freq = USM_RECUR_WEEKLY;
    rule->interval = 1;
    rule->weekdays = 2;
    rule->first_weekday = 1;
    rule->occurrences = 20;
    rule->until = USM_TIME_NONE;
    usm_item_set_text(item, USM_EVENT_TIMEZONE, zone);
    usm_item_set_num(item, USM_EVENT_ALL_DAY, all_day);
    usm_item_set_num(item, USM_EVENT_START, start);
    usm_item_set_num(item, USM_EVENT_END, start + (all_day ? USM_DAY_MS : 3600000));
    usm_item_set_text(item, USM_EVENT_SUBJECT, "Jour fixe");
    usm_item_set_text(item, USM_EVENT_LOCATION, "Room 1");
    usm_item_set_ptr(item, USM_EVENT_RECURRENCE, rule);
    return item;
}

static void test_series_times(void **state)
{
    const usm_time_t monday = usm_date_make(2031, 1, 6), april = usm_date_make(2031, 4, 7), hour = 3600000;
    usm_time_t start, end;
    usm_item_t *item = series("Europe/Berlin", monday + 9 * hour, 0);
    assert_int_equal(usm_series_first(item, pool), monday);
    usm_series_times(item, april, &start, &end, pool);
    assert_int_equal(start, april + 8 * hour); /* ten o'clock by the clock on the wall */
    assert_int_equal(end, april + 9 * hour);
    assert_int_equal(usm_series_snap(item, april, pool), april);
    assert_int_equal(usm_series_snap(item, april + USM_DAY_MS, pool), april);
    assert_true(usm_series_snap(item, april + 3 * USM_DAY_MS, pool) == USM_TIME_NONE);
    assert_int_equal(usm_series_edge(item, pool), usm_date_make(2031, 5, 19) + 9 * hour);
    /* half past midnight of Monday in Berlin is Sunday in UTC */
    assert_int_equal(usm_series_first(series("Europe/Berlin", monday - hour / 2, 0), pool), monday);
    assert_int_equal(usm_series_first(series("America/New_York", monday + hour, 0), pool), monday - USM_DAY_MS);
    item = series("Pacific/Kiritimati", monday, 1);
    usm_series_times(item, april, &start, &end, pool);
    assert_int_equal(start, april);
    assert_int_equal(end, april + USM_DAY_MS);
}

/* What an exception says of its own is what differs, whoever told it and in whatever order. */
static void test_exceptions(void **state)
{
    const usm_time_t monday = usm_date_make(2031, 1, 6), hour = 3600000;
    usm_item_t *a = series("Europe/Berlin", monday + 9 * hour, 0), *b = series("Europe/Berlin", monday + 9 * hour, 0);
    usm_item_t *full = usm_series_occurrence(a, monday + 7 * USM_DAY_MS, NULL, pool), *own;
    usm_exception_t one[2] = {{.day = monday + 14 * USM_DAY_MS}, {.day = monday + 7 * USM_DAY_MS}}, other[2];
    usm_exceptions_t x = {2, one}, y = {2, other};
    usm_item_set_text(full, USM_EVENT_SUBJECT, "Moved");
    usm_item_set_empty(full, USM_EVENT_LOCATION);
    one[1].item = full;
    own = usm_item_create(USM_EVENT, pool);
    usm_item_set_text(own, USM_EVENT_SUBJECT, "Moved");
    usm_item_set_empty(own, USM_EVENT_LOCATION);
    other[0] = (usm_exception_t){.day = monday + 7 * USM_DAY_MS, .item = own};
    other[1] = (usm_exception_t){.day = monday + 14 * USM_DAY_MS};
    usm_item_set_ptr(a, USM_EVENT_EXCEPTIONS, &x);
    usm_item_set_ptr(b, USM_EVENT_EXCEPTIONS, &y);
    assert_false(usm_value_equal(USM_T_EXCEPTIONS, &a->v[USM_EVENT_EXCEPTIONS], &b->v[USM_EVENT_EXCEPTIONS]));
    usm_series_reduce(a);
    usm_series_reduce(b);
    assert_true(usm_value_equal(USM_T_EXCEPTIONS, &a->v[USM_EVENT_EXCEPTIONS], &b->v[USM_EVENT_EXCEPTIONS]));
    const usm_exception_t *e = usm_series_exception(a, monday + 7 * USM_DAY_MS);
    assert_int_equal(usm_item_state(e->item, USM_EVENT_START), USM_ABSENT);
    assert_int_equal(usm_item_state(e->item, USM_EVENT_LOCATION), USM_EMPTY);
    /* taken away is not the same as left alone */
    own->v[USM_EVENT_LOCATION].state = USM_ABSENT;
    usm_item_set_ptr(b, USM_EVENT_EXCEPTIONS, &y);
    usm_series_reduce(b);
    assert_false(usm_value_equal(USM_T_EXCEPTIONS, &a->v[USM_EVENT_EXCEPTIONS], &b->v[USM_EVENT_EXCEPTIONS]));

    /* one exception put in the place of another leaves the rest */
    usm_exception_t more[2] = {{.day = monday + 21 * USM_DAY_MS}, {.day = monday + 7 * USM_DAY_MS}};
    usm_exceptions_t patch = {2, more};
    const usm_exceptions_t *merged = usm_series_merge(a, &patch, pool);
    assert_int_equal(merged->count, 3);
    assert_null(merged->items[0].item);
    assert_int_equal(merged->items[2].day, monday + 21 * USM_DAY_MS);
}

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_ten_years, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_pattern, setup, teardown),
        cmocka_unit_test_setup_teardown(test_impossible, setup, teardown),
        cmocka_unit_test_setup_teardown(test_normal_form, setup, teardown),
        cmocka_unit_test_setup_teardown(test_zones, setup, teardown),
        cmocka_unit_test_setup_teardown(test_series_times, setup, teardown),
        cmocka_unit_test_setup_teardown(test_exceptions, setup, teardown),
    };
    apr_initialize();
    atexit(apr_terminate);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
