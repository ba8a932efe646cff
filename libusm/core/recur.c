/* SPDX-License-Identifier: Apache-2.0 */
/* On which days a rule strikes. */
#include "core.h"

#include <usm/recur.h>

#define WEEK_MS (7 * USM_DAY_MS)
#define YEARS_MAX 400 /* the calendar repeats itself after that */

static int weekday_of(usm_time_t day)
{
    int w;
    usm_date_split(day, NULL, NULL, NULL, &w);
    return w;
}

/* ---- rules ---- */

static int is_nth(int freq)
{
    return freq == USM_RECUR_MONTHLY_NTH || freq == USM_RECUR_YEARLY_NTH;
}

static int is_yearly(int freq)
{
    return freq == USM_RECUR_YEARLY || freq == USM_RECUR_YEARLY_NTH;
}

const char *usm_recurrence_check(const usm_recurrence_t *r, usm_time_t first)
{
    static const int longest[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    usm_recur_t walk;
    usm_time_t day;
    if (r->freq < USM_RECUR_DAILY || r->freq > USM_RECUR_YEARLY_NTH)
        return "no such kind of recurrence";
    if (r->interval < 1 || r->interval > 12000)
        return "the interval is out of range";
    if ((r->freq == USM_RECUR_WEEKLY || is_nth(r->freq)) && (r->weekdays < 1 || r->weekdays > 127))
        return "no weekday";
    if (is_nth(r->freq) && (r->week < 1 || r->week > 5))
        return "the week is out of range";
    if (is_yearly(r->freq) && (r->month < 1 || r->month > 12))
        return "the month is out of range";
    if ((r->freq == USM_RECUR_MONTHLY || r->freq == USM_RECUR_YEARLY) && (r->day < 1 || r->day > 31))
        return "the day is out of range";
    if (r->freq == USM_RECUR_YEARLY && r->day > longest[r->month - 1])
        return "no month has that day";
    if (r->first_weekday < 0 || r->first_weekday > 6 || r->occurrences < 0)
        return "a number is out of range";
    usm_recur_start(&walk, r, first);
    return usm_recur_next(&day, &walk) ? NULL : "it never takes place";
}

/* Which of the interval's weeks, counted from the first day's, the next such weekday after the first day is in. */
static int phase(int weekday, int first_day, int begin, int interval)
{
    int a = (weekday - begin + 7) % 7, b = (first_day - begin + 7) % 7;
    return a >= b ? a - b : a - b + 7 * interval;
}

/* Does a rule that ends strike on the same days when weeks begin on Monday? */
static int same_from_monday(const usm_recurrence_t *r, usm_time_t first)
{
    usm_recurrence_t other = *r;
    usm_recur_t a, b;
    usm_time_t x, y;
    other.first_weekday = 1;
    if (!r->occurrences && r->until == USM_TIME_NONE)
        return 0;
    usm_recur_start(&a, r, first);
    usm_recur_start(&b, &other, first);
    for (;;) {
        int p = usm_recur_next(&x, &a), q = usm_recur_next(&y, &b);
        if (p != q || (p && x != y))
            return 0;
        if (!p)
            return 1;
    }
}

static int week_begin_matters(const usm_recurrence_t *r, usm_time_t first)
{
    for (int w = 0; w < 7; w++) {
        if ((r->weekdays >> w & 1) && phase(w, weekday_of(first), r->first_weekday, r->interval) !=
                                          phase(w, weekday_of(first), 1, r->interval))
            return !same_from_monday(r, first);
    }
    return 0;
}

void usm_recurrence_normalise(usm_recurrence_t *r, usm_time_t first)
{
    int month;
    usm_date_split(first, NULL, &month, NULL, NULL);
    if ((r->freq == USM_RECUR_MONTHLY || r->freq == USM_RECUR_MONTHLY_NTH) && r->interval % 12 == 0) {
        r->freq = r->freq == USM_RECUR_MONTHLY ? USM_RECUR_YEARLY : USM_RECUR_YEARLY_NTH;
        r->interval /= 12;
        r->month = month;
    }
    if (r->freq != USM_RECUR_WEEKLY || !week_begin_matters(r, first))
        r->first_weekday = 1;
    if (r->freq != USM_RECUR_WEEKLY && !is_nth(r->freq))
        r->weekdays = 0;
    if (!is_nth(r->freq))
        r->week = 0;
    if (r->freq != USM_RECUR_MONTHLY && r->freq != USM_RECUR_YEARLY)
        r->day = 0;
    if (!is_yearly(r->freq))
        r->month = 0;
    if (r->occurrences)
        r->until = USM_TIME_NONE;
}

/* ---- days ---- */

/* The day that a rule by month names in one month, USM_TIME_NONE if the month has none. */
static usm_time_t day_in(const usm_recurrence_t *r, int year, int month)
{
    int len = usm_month_days(year, month), n = 0, last = 0;
    if (!is_nth(r->freq))
        return r->day > len ? USM_TIME_NONE : usm_date_make(year, month, r->day);
    int w = weekday_of(usm_date_make(year, month, 1));
    for (int d = 1; d <= len; d++, w = (w + 1) % 7) {
        if (!(r->weekdays >> w & 1))
            continue;
        last = d;
        if (++n == r->week && r->week < 5)
            return usm_date_make(year, month, d);
    }
    return r->week == 5 && last ? usm_date_make(year, month, last) : USM_TIME_NONE;
}

static usm_time_t next_weekly(const usm_recur_t *walk)
{
    const usm_recurrence_t *r = walk->rule;
    usm_time_t begin = walk->first - (weekday_of(walk->first) - r->first_weekday + 7) % 7 * USM_DAY_MS;
    usm_time_t week = (walk->cursor - begin) / WEEK_MS, day = walk->cursor;
    for (int step = 0; step < 2; step++) {
        if (week % r->interval == 0) {
            for (int w = weekday_of(day); day < begin + (week + 1) * WEEK_MS; day += USM_DAY_MS, w = (w + 1) % 7) {
                if (r->weekdays >> w & 1)
                    return day;
            }
        }
        week += r->interval - week % r->interval;
        day = begin + week * WEEK_MS;
    }
    return USM_TIME_NONE;
}

static usm_time_t next_by_month(const usm_recur_t *walk)
{
    const usm_recurrence_t *r = walk->rule;
    int step = is_yearly(r->freq) ? 12 * r->interval : r->interval, fy, fm, y, m;
    usm_date_split(walk->first, &fy, &fm, NULL, NULL);
    usm_date_split(walk->cursor, &y, &m, NULL, NULL);
    int base = is_yearly(r->freq) ? fy * 12 + r->month - 1 : fy * 12 + fm - 1, at = y * 12 + m - 1 - base;
    at = at <= 0 ? 0 : (at + step - 1) / step * step;
    for (int end = (y + YEARS_MAX) * 12 - base; at < end; at += step) {
        usm_time_t day = day_in(r, (base + at) / 12, (base + at) % 12 + 1);
        if (day != USM_TIME_NONE && day >= walk->cursor)
            return day;
    }
    return USM_TIME_NONE;
}

void usm_recur_start(usm_recur_t *walk, const usm_recurrence_t *rule, usm_time_t first)
{
    *walk = (usm_recur_t){.rule = rule, .first = first, .cursor = first};
}

int usm_recur_next(usm_time_t *day_p, usm_recur_t *walk)
{
    const usm_recurrence_t *r = walk->rule;
    usm_time_t day = walk->cursor, step = r->interval * USM_DAY_MS;
    if (walk->position >= USM_RECUR_MAX || (r->occurrences && walk->position >= r->occurrences))
        return 0;
    if (r->freq == USM_RECUR_DAILY)
        day = walk->first + (walk->cursor - walk->first + step - 1) / step * step;
    else if (r->freq == USM_RECUR_WEEKLY)
        day = next_weekly(walk);
    else
        day = next_by_month(walk);
    if (day == USM_TIME_NONE || (r->until != USM_TIME_NONE && day > r->until))
        return 0;
    walk->cursor = day + USM_DAY_MS;
    walk->position++;
    *day_p = day;
    return 1;
}

int usm_recur_position(const usm_recurrence_t *rule, usm_time_t first, usm_time_t day)
{
    usm_recur_t walk;
    usm_time_t at;
    usm_recur_start(&walk, rule, first);
    while (usm_recur_next(&at, &walk) && at <= day) {
        if (at == day)
            return walk.position;
    }
    return 0;
}

/* Where the number does not count a walk can begin right there, however long the series has been going on. */
usm_time_t usm_recur_near(const usm_recurrence_t *rule, usm_time_t first, usm_time_t day)
{
    usm_time_t at, best = USM_TIME_NONE;
    usm_recur_t walk;
    usm_recur_start(&walk, rule, first);
    if (!rule->occurrences && day - USM_DAY_MS > first)
        walk.cursor = day - USM_DAY_MS;
    while (usm_recur_next(&at, &walk) && at <= day + USM_DAY_MS) {
        if (at == day)
            return at;
        if (at == day - USM_DAY_MS || (at == day + USM_DAY_MS && best == USM_TIME_NONE))
            best = at;
    }
    return best;
}

usm_time_t usm_recur_last(const usm_recurrence_t *rule, usm_time_t first)
{
    usm_recur_t walk;
    usm_time_t day, last = first;
    if (!rule->occurrences)
        return rule->until;
    usm_recur_start(&walk, rule, first);
    while (usm_recur_next(&day, &walk))
        last = day;
    return last;
}
