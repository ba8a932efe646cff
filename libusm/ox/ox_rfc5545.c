/* SPDX-License-Identifier: Apache-2.0 */
#include "ox/ox_rfc5545.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE_MS 60000
#define MINUTES_MAX (366 * 24 * 60 * 20)

static const char *const weekdays[] = {"SU", "MO", "TU", "WE", "TH", "FR", "SA"};

/* ---- dates and times ---- */

/* @a n digits; -1 when there are fewer. */
static int digits(const char *p, int n)
{
    int value = 0;
    for (int i = 0; i < n; i++) {
        if (!apr_isdigit(p[i]))
            return -1;
        value = value * 10 + (p[i] - '0');
    }
    return value;
}

ox_form_e ox_time_parse(usm_time_t *value_p, const char *text)
{
    if (!text || strnlen(text, 17) > 16 || strlen(text) < 8)
        return OX_FORM_NONE;
    int year = digits(text, 4), month = digits(text + 4, 2), day = digits(text + 6, 2);
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > usm_month_days(year, month))
        return OX_FORM_NONE;
    *value_p = usm_date_make(year, month, day);
    if (!text[8])
        return OX_FORM_DATE;
    if (text[8] != 'T' || strlen(text) < 15)
        return OX_FORM_NONE;
    int hour = digits(text + 9, 2), minute = digits(text + 11, 2), second = digits(text + 13, 2);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
        return OX_FORM_NONE;
    *value_p += ((hour * 60 + minute) * 60 + second) * APR_INT64_C(1000);
    return !text[15] ? OX_FORM_LOCAL : text[15] == 'Z' ? OX_FORM_UTC : OX_FORM_NONE;
}

const char *ox_time_text(usm_time_t value, ox_form_e form, apr_pool_t *pool)
{
    int year, month, day, second = (int)((value - usm_date_floor(value)) / 1000);
    usm_date_split(value, &year, &month, &day, NULL);
    const char *date = apr_psprintf(pool, "%04d%02d%02d", year, month, day);
    if (form == OX_FORM_DATE)
        return date;
    return apr_psprintf(pool, "%sT%02d%02d%02d%s", date, second / 3600, second / 60 % 60, second % 60,
                        form == OX_FORM_UTC ? "Z" : "");
}

/* ---- durations ---- */

int ox_minutes_parse(const char *text)
{
    static const struct {
        char unit;
        int seconds;
    } units[] = {{'W', 7 * 86400}, {'D', 86400}, {'H', 3600}, {'M', 60}, {'S', 1}};
    apr_int64_t seconds = 0;
    int before = text && *text == '-', parts = 0;
    if (text && (*text == '-' || *text == '+'))
        text++;
    if (!text || *text++ != 'P')
        return -1;
    while (*text) {
        char *end;
        apr_size_t k = 0;
        if (*text == 'T') {
            text++;
            continue;
        }
        if (!apr_isdigit(*text))
            return -1;
        apr_int64_t n = apr_strtoi64(text, &end, 10);
        while (k < sizeof units / sizeof units[0] && units[k].unit != *end)
            k++;
        if (k == sizeof units / sizeof units[0] || n > MINUTES_MAX)
            return -1;
        seconds += n * units[k].seconds;
        text = end + 1;
        parts++;
    }
    if (!parts || (!before && seconds) || seconds > APR_INT64_C(60) * MINUTES_MAX)
        return -1;
    return (int)((seconds + 59) / 60);
}

const char *ox_minutes_text(int minutes, apr_pool_t *pool)
{
    return apr_psprintf(pool, "-PT%dM", minutes);
}

/* ---- recurrence ids ---- */

usm_time_t ox_recurrence_day(const char *text, const ox_first_t *first, apr_pool_t *pool)
{
    const char *colon = text ? strrchr(text, ':') : NULL;
    usm_time_t t;
    const usm_zone_t *zone =
        colon ? usm_zone_open(apr_pstrmemdup(pool, text, (apr_size_t)(colon - text)), pool) : NULL;
    ox_form_e form = ox_time_parse(&t, colon ? colon + 1 : text);
    if (form == OX_FORM_NONE || (colon && !zone))
        return USM_TIME_NONE;
    if (form == OX_FORM_LOCAL && zone) {
        t = usm_zone_to_utc(zone, t);
        form = OX_FORM_UTC;
    }
    if (form == OX_FORM_UTC && first->zone && !first->all_day)
        t = usm_zone_to_local(first->zone, t);
    return usm_date_floor(t);
}

/* ---- reading rules ---- */

/* The parts of a rule as they stand there. */
typedef struct parts_t {
    int freq, interval, count;
    int days, ordinal; /* BYDAY: bits, and the number before each of them when it is the same (0: none) */
    int month_day, month, position; /* 0: not said */
    int week_start;
    const char *until;
} parts_t;

enum { F_NONE, F_DAILY, F_WEEKLY, F_MONTHLY, F_YEARLY };

/* A single number within bounds; 0 stays what no part may say. */
static int number(int *value_p, const char *text, int min, int max)
{
    char *end;
    long n = strtol(text, &end, 10);
    *value_p = (int)n;
    return end != text && !*end && n >= min && n <= max && n != 0;
}

static int weekday(const char *name)
{
    for (int w = 0; w < 7; w++) {
        if (strncasecmp(name, weekdays[w], 2) == 0)
            return w;
    }
    return -1;
}

static int read_days(parts_t *p, const char *text)
{
    int first = 1;
    for (;;) {
        char *end;
        long n = strtol(text, &end, 10);
        int w = weekday(end);
        if (w < 0 || (end[2] && end[2] != ',') || n < -5 || n > 5 || (!first && n != p->ordinal))
            return 0;
        p->ordinal = (int)n;
        p->days |= 1 << w;
        first = 0;
        if (!end[2])
            return 1;
        text = end + 3;
    }
}

static int read_freq(parts_t *p, const char *text)
{
    static const char *const names[] = {"", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"};
    for (int i = F_DAILY; i <= F_YEARLY; i++) {
        if (strcasecmp(text, names[i]) == 0)
            p->freq = i;
    }
    return p->freq != F_NONE;
}

static int read_week_start(parts_t *p, const char *text)
{
    p->week_start = weekday(text);
    return p->week_start >= 0 && !text[2];
}

/* @return 0 for a part that nothing here can stand for. */
static int read_part(parts_t *p, const char *name, const char *value)
{
    if (strcasecmp(name, "FREQ") == 0)
        return read_freq(p, value);
    if (strcasecmp(name, "INTERVAL") == 0)
        return number(&p->interval, value, 1, 12000);
    if (strcasecmp(name, "COUNT") == 0)
        return number(&p->count, value, 1, APR_INT32_MAX);
    if (strcasecmp(name, "BYDAY") == 0)
        return read_days(p, value);
    if (strcasecmp(name, "BYMONTHDAY") == 0)
        return number(&p->month_day, value, -1, 31);
    if (strcasecmp(name, "BYMONTH") == 0)
        return number(&p->month, value, 1, 12);
    if (strcasecmp(name, "BYSETPOS") == 0)
        return number(&p->position, value, -1, 4);
    if (strcasecmp(name, "WKST") == 0)
        return read_week_start(p, value);
    if (strcasecmp(name, "UNTIL") == 0) {
        p->until = value;
        return 1;
    }
    return 0;
}

/* The n-th of some weekdays: 2MO, MO,TU with BYSETPOS, or the last day of all. 0: none of these. */
static int nth_of(usm_recurrence_t *rule, const parts_t *p)
{
    int single = !(p->days & (p->days - 1)), n = p->ordinal ? p->ordinal : p->position;
    if (p->month_day == -1 && !p->days && !p->position) {
        rule->weekdays = 127;
        rule->week = 5;
        return 1;
    }
    if (!p->days || p->month_day || (p->ordinal && (p->position || !single)) || n < -1 || n > 4 || n == 0)
        return 0;
    rule->weekdays = p->days;
    rule->week = n < 0 ? 5 : n;
    return 1;
}

static int read_daily(usm_recurrence_t *rule, const parts_t *p)
{
    if (p->ordinal || p->month_day || p->month || p->position || (p->days && p->interval > 1))
        return 0;
    rule->freq = p->days ? USM_RECUR_WEEKLY : USM_RECUR_DAILY;
    rule->weekdays = p->days;
    return 1;
}

static int read_weekly(usm_recurrence_t *rule, const parts_t *p, int first_weekday)
{
    if (p->ordinal || p->month_day || p->month || p->position)
        return 0;
    rule->freq = USM_RECUR_WEEKLY;
    rule->weekdays = p->days ? p->days : 1 << first_weekday;
    return 1;
}

static int read_monthly(usm_recurrence_t *rule, const parts_t *p, int first_day)
{
    if (p->month)
        return 0;
    if (p->days && !p->ordinal && !p->position && !p->month_day && p->interval == 1)
        return read_weekly(rule, p, 0); /* all of them in every month */
    rule->freq = USM_RECUR_MONTHLY_NTH;
    if (nth_of(rule, p))
        return 1;
    rule->freq = USM_RECUR_MONTHLY;
    rule->day = p->month_day ? p->month_day : first_day;
    return !p->days && !p->position && p->month_day >= 0;
}

static int read_yearly(usm_recurrence_t *rule, const parts_t *p, int first_month, int first_day)
{
    if (!p->month && (p->days || p->month_day)) /* of the year, or of every month */
        return 0;
    rule->month = p->month ? p->month : first_month;
    rule->freq = USM_RECUR_YEARLY_NTH;
    if (nth_of(rule, p))
        return 1;
    rule->freq = USM_RECUR_YEARLY;
    rule->day = p->month_day ? p->month_day : first_day;
    return !p->days && !p->position && p->month_day >= 0;
}

/* The last day that an UNTIL leaves: of an instant, the one whose occurrence does not begin after it. */
static int read_until(usm_recurrence_t *rule, const parts_t *p, const ox_first_t *first)
{
    usm_time_t t;
    ox_form_e form = ox_time_parse(&t, p->until);
    if (form == OX_FORM_NONE)
        return 0;
    if (form == OX_FORM_UTC && first->zone && !first->all_day)
        t = usm_zone_to_local(first->zone, t);
    rule->until = usm_date_floor(t);
    if (form != OX_FORM_DATE && !first->all_day && t - rule->until < first->time_of_day)
        rule->until -= USM_DAY_MS;
    return 1;
}

int ox_rule_parse(usm_recurrence_t *rule, const char *text, const ox_first_t *first, apr_pool_t *pool)
{
    parts_t p = {.interval = 1, .week_start = 1};
    int month, day, w, ok = 0;
    char *last = NULL, *copy = apr_pstrdup(pool, text);
    memset(rule, 0, sizeof *rule);
    for (char *part = apr_strtok(copy, ";", &last); part; part = apr_strtok(NULL, ";", &last)) {
        char *value = strchr(part, '=');
        if (!value)
            return 0;
        *value++ = '\0';
        if (!read_part(&p, part, value))
            return 0;
    }
    usm_date_split(first->day, NULL, &month, &day, &w);
    rule->interval = p.interval;
    rule->first_weekday = p.week_start;
    rule->occurrences = p.count;
    rule->until = USM_TIME_NONE;
    if (p.freq == F_DAILY)
        ok = read_daily(rule, &p);
    else if (p.freq == F_WEEKLY)
        ok = read_weekly(rule, &p, w);
    else if (p.freq == F_MONTHLY)
        ok = read_monthly(rule, &p, day);
    else if (p.freq == F_YEARLY)
        ok = read_yearly(rule, &p, month, day);
    if (!ok || (p.until && !read_until(rule, &p, first)) || usm_recurrence_check(rule, first->day))
        return 0;
    usm_recurrence_normalise(rule, first->day);
    return 1;
}

/* ---- writing rules ---- */

static const char *days_text(const usm_recurrence_t *rule, apr_pool_t *pool)
{
    const char *text = "", *nth = "";
    int single = !(rule->weekdays & (rule->weekdays - 1));
    if (rule->week == 5 && rule->weekdays == 127)
        return ";BYMONTHDAY=-1";
    if (rule->week && single)
        nth = rule->week == 5 ? "-1" : apr_itoa(pool, rule->week);
    for (int i = 1; i <= 7; i++) { /* weeks are read from Monday on */
        if (rule->weekdays >> i % 7 & 1)
            text = apr_pstrcat(pool, text, *text ? "," : ";BYDAY=", nth, weekdays[i % 7], NULL);
    }
    if (rule->week && !single)
        text = apr_psprintf(pool, "%s;BYSETPOS=%d", text, rule->week == 5 ? -1 : rule->week);
    return text;
}

static const char *until_text(const usm_recurrence_t *rule, const ox_first_t *first, apr_pool_t *pool)
{
    usm_time_t t = rule->until + first->time_of_day;
    if (first->all_day)
        return ox_time_text(rule->until, OX_FORM_DATE, pool);
    return ox_time_text(first->zone ? usm_zone_to_utc(first->zone, t) : t, OX_FORM_UTC, pool);
}

const char *ox_rule_text(const usm_recurrence_t *rule, const ox_first_t *first, apr_pool_t *pool)
{
    static const char *const freqs[] = {[USM_RECUR_DAILY] = "DAILY",     [USM_RECUR_WEEKLY] = "WEEKLY",
                                        [USM_RECUR_MONTHLY] = "MONTHLY", [USM_RECUR_MONTHLY_NTH] = "MONTHLY",
                                        [USM_RECUR_YEARLY] = "YEARLY",   [USM_RECUR_YEARLY_NTH] = "YEARLY"};
    const char *text = apr_pstrcat(pool, "FREQ=", freqs[rule->freq], NULL);
    if (rule->interval > 1)
        text = apr_psprintf(pool, "%s;INTERVAL=%d", text, rule->interval);
    if (rule->freq == USM_RECUR_YEARLY || rule->freq == USM_RECUR_YEARLY_NTH)
        text = apr_psprintf(pool, "%s;BYMONTH=%d", text, rule->month);
    if (rule->freq == USM_RECUR_MONTHLY || rule->freq == USM_RECUR_YEARLY)
        text = apr_psprintf(pool, "%s;BYMONTHDAY=%d", text, rule->day);
    else if (rule->freq != USM_RECUR_DAILY)
        text = apr_pstrcat(pool, text, days_text(rule, pool), NULL);
    if (rule->freq == USM_RECUR_WEEKLY && rule->first_weekday != 1)
        text = apr_pstrcat(pool, text, ";WKST=", weekdays[rule->first_weekday], NULL);
    if (rule->occurrences > 0)
        text = apr_psprintf(pool, "%s;COUNT=%d", text, rule->occurrences);
    else if (rule->until != USM_TIME_NONE)
        text = apr_pstrcat(pool, text, ";UNTIL=", until_text(rule, first, pool), NULL);
    return text;
}
