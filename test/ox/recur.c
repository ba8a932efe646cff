/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "recur.h"
#include "seedfield.h"

/* Series may run for ever; nobody needs more than that many. */
#define MAX_POSITION 5000

/* Days since 1970-01-01 of a civil date: months counted from March make leap days the last of their year. */
static int64_t days_from_civil(int64_t y, int m, int d)
{
    int64_t era, doy, yoe;

    y -= m <= 2;
    era = (y >= 0 ? y : y - 399) / 400;
    yoe = y - era * 400;
    doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

int64_t oxd_day_make(int year, int month, int mday)
{
    year += month / 12;
    month %= 12;
    return (days_from_civil(year, month + 1, 1) + mday - 1) * OXD_DAY;
}

void oxd_day_split(int64_t day, int *year, int *month, int *mday, int *wday)
{
    int64_t z = (day >= 0 ? day : day - OXD_DAY + 1) / OXD_DAY, n = z + 719468;
    int64_t era = (n >= 0 ? n : n - 146096) / 146097, doe = n - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365, doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;

    *mday = (int)(doy - (153 * mp + 2) / 5 + 1);
    *month = (int)(mp < 10 ? mp + 2 : mp - 10);
    *year = (int)(yoe + era * 400 + (*month <= 1));
    *wday = (int)(((z % 7) + 11) % 7);
}

static int month_length(int year, int month)
{
    return (int)((oxd_day_make(year, month + 1, 1) - oxd_day_make(year, month, 1)) / OXD_DAY);
}

static bool is_rule(int type)
{
    return type >= 1 && type <= 4;
}

const char *oxd_recur_check(const json_t *m)
{
    int64_t type = oxd_field_int(m, "recurrence_type", 0), dim = oxd_field_int(m, "day_in_month", 1);
    int64_t days = oxd_field_int(m, "days", 127), month = oxd_field_int(m, "month", 0);

    if (!is_rule((int)type))
        return "recurrence_type must be from 0 to 4";
    if (oxd_field_int(m, "interval", 1) < 1)
        return "interval must be at least 1";
    if (days < 1 || days > 127)
        return "days must be from 1 to 127";
    if (type >= 3 && (dim < 1 || dim > 31 || (json_object_get(m, "days") && dim > 5)))
        return "day_in_month is out of range";
    if (type >= 3 && !json_object_get(m, "day_in_month"))
        return "day_in_month is missing";
    if (type == 4 && (month < 0 || month > 11 || !json_object_get(m, "month")))
        return "month is missing or out of range";
    if (json_object_get(m, "occurrences") && oxd_field_int(m, "occurrences", 0) < 1)
        return "occurrences must be at least 1";
    return NULL;
}

void oxd_recur_start(struct oxd_recur *r, const json_t *m, int64_t first_day)
{
    int y, mo, d, w;

    memset(r, 0, sizeof(*r));
    oxd_day_split(first_day, &y, &mo, &d, &w);
    r->type = (int)oxd_field_int(m, "recurrence_type", 0);
    r->interval = (int)MAX(1, oxd_field_int(m, "interval", 1));
    r->days = (int)oxd_field_int(m, "days", 0);
    r->day_in_month = (int)oxd_field_int(m, "day_in_month", d);
    r->month = (int)oxd_field_int(m, "month", mo);
    r->occurrences = (int)oxd_field_int(m, "occurrences", 0);
    r->week_start = (int)oxd_field_int(m, "week_start", 1);
    r->until = oxd_field_int(m, "until", INT64_MAX);
    r->first = r->cursor = first_day;
    if (r->type == 2 && !r->days)
        r->days = 1 << w;
}

/* The day the rule names in one month, -1 if the month has none. */
static int64_t day_in(const struct oxd_recur *r, int year, int month)
{
    int len = month_length(year, month), y, m, d, w, n = 0, last = 0;

    if (!r->days)
        return r->day_in_month > len ? -1 : oxd_day_make(year, month, r->day_in_month);
    oxd_day_split(oxd_day_make(year, month, 1), &y, &m, &d, &w);
    for (int i = 1; i <= len; i++, w = (w + 1) % 7) {
        if (!(r->days >> w & 1))
            continue;
        last = i;
        if (++n == r->day_in_month && r->day_in_month < 5)
            return oxd_day_make(year, month, i);
    }
    return r->day_in_month == 5 && last ? oxd_day_make(year, month, last) : -1;
}

static int64_t next_weekly(const struct oxd_recur *r, int64_t from)
{
    int y, m, d, w;
    int64_t week0, week;

    /* Weeks begin on Monday but for an RRULE that says otherwise; the first one is the first occurrence's. */
    oxd_day_split(r->first, &y, &m, &d, &w);
    week0 = r->first - (w + 7 - r->week_start) % 7 * OXD_DAY;
    for (int64_t day = from; day < from + (int64_t)(r->interval + 1) * 7 * OXD_DAY; day += OXD_DAY) {
        oxd_day_split(day, &y, &m, &d, &w);
        week = (day - week0) / (7 * OXD_DAY);
        if (week % r->interval == 0 && (r->days >> w & 1))
            return day;
    }
    return -1;
}

static int64_t next_monthly(const struct oxd_recur *r, int64_t from)
{
    int fy, fm, d, w, y, m;

    oxd_day_split(r->first, &fy, &fm, &d, &w);
    oxd_day_split(from, &y, &m, &d, &w);
    for (int i = 0; i < 12 * 40 * r->interval; i++) {
        int month = m + i, since = (y - fy) * 12 + month - fm;
        int64_t day;

        if (since < 0 || since % r->interval)
            continue;
        day = day_in(r, y + month / 12, month % 12);
        if (day >= from)
            return day;
    }
    return -1;
}

static int64_t next_yearly(const struct oxd_recur *r, int64_t from)
{
    int fy, y, m, d, w;

    oxd_day_split(r->first, &fy, &m, &d, &w);
    oxd_day_split(from, &y, &m, &d, &w);
    for (int i = 0; i < 40 * r->interval; i++) {
        int64_t day;

        if ((y + i - fy) % r->interval)
            continue;
        day = day_in(r, y + i, r->month);
        if (day >= from)
            return day;
    }
    return -1;
}

bool oxd_recur_next(struct oxd_recur *r)
{
    int64_t day = -1;

    if (r->position >= MAX_POSITION || (r->occurrences && r->position >= r->occurrences))
        return false;
    if (r->type == 1)
        day = r->first +
              (r->cursor - r->first + r->interval * OXD_DAY - 1) / (r->interval * OXD_DAY) * r->interval * OXD_DAY;
    else if (r->type == 2)
        day = next_weekly(r, r->cursor);
    else if (r->type == 3)
        day = next_monthly(r, r->cursor);
    else if (r->type == 4)
        day = next_yearly(r, r->cursor);
    if (day < 0 && r->first >= 0)
        return false;
    if (day > r->until)
        return false;
    r->day = day;
    r->cursor = day + OXD_DAY;
    r->position++;
    return true;
}

int64_t oxd_recur_day(const json_t *m, int64_t first_day, int position)
{
    struct oxd_recur r;

    oxd_recur_start(&r, m, first_day);
    while (oxd_recur_next(&r))
        if (r.position == position)
            return r.day;
    return -1;
}

int oxd_recur_position(const json_t *m, int64_t first_day, int64_t day)
{
    struct oxd_recur r;

    oxd_recur_start(&r, m, first_day);
    while (oxd_recur_next(&r) && r.day <= day)
        if (r.day == day)
            return r.position;
    return 0;
}

int64_t oxd_recur_next_day(const json_t *m, int64_t when)
{
    int64_t rest = ((when % OXD_DAY) + OXD_DAY) % OXD_DAY;
    struct oxd_recur r;

    oxd_recur_start(&r, m, when - rest);
    r.occurrences = 0;
    while (oxd_recur_next(&r))
        if (r.day > when - rest)
            return r.day + rest;
    return -1;
}

/* ---- RRULE ---- */

static const char *const day_names[] = {"SU", "MO", "TU", "WE", "TH", "FR", "SA"};

static void byday(GString *out, int days, int nth)
{
    const char *sep = ";BYDAY=";
    bool one = !(days & (days - 1));

    for (int i = 0; i < 7; i++) {
        int w = (i + 1) % 7;

        if (!(days >> w & 1))
            continue;
        g_string_append(out, sep);
        if (nth && one)
            g_string_append_printf(out, "%d", nth == 5 ? -1 : nth);
        g_string_append(out, day_names[w]);
        sep = ",";
    }
    if (nth && !one)
        g_string_append_printf(out, ";BYSETPOS=%d", nth == 5 ? -1 : nth);
}

char *oxd_recur_rrule(const json_t *m, int64_t until_instant)
{
    static const char *const freq[] = {NULL, "DAILY", "WEEKLY", "MONTHLY", "YEARLY"};
    int64_t type = oxd_field_int(m, "recurrence_type", 0), interval = oxd_field_int(m, "interval", 1);
    int days = (int)oxd_field_int(m, "days", 0), dim = (int)oxd_field_int(m, "day_in_month", 0);
    GString *out;

    if (!is_rule((int)type))
        return NULL;
    out = g_string_new(NULL);
    g_string_printf(out, "FREQ=%s", freq[type]);
    if (interval > 1)
        g_string_append_printf(out, ";INTERVAL=%d", (int)interval);
    if (type == 4)
        g_string_append_printf(out, ";BYMONTH=%d", (int)oxd_field_int(m, "month", 0) + 1);
    if (type >= 2 && days)
        byday(out, days, type >= 3 ? dim : 0);
    else if (type >= 3 && dim)
        g_string_append_printf(out, ";BYMONTHDAY=%d", dim);
    if (json_object_get(m, "week_start"))
        g_string_append_printf(out, ";WKST=%s", day_names[oxd_field_int(m, "week_start", 1) % 7]);
    if (oxd_field_int(m, "occurrences", 0) > 0) {
        g_string_append_printf(out, ";COUNT=%d", (int)oxd_field_int(m, "occurrences", 0));
    } else if (json_object_get(m, "until")) {
        int y, mo, d, w, s = (int)((until_instant % OXD_DAY) / 1000);

        oxd_day_split(until_instant >= 0 ? until_instant : oxd_field_int(m, "until", 0), &y, &mo, &d, &w);
        g_string_append_printf(out, ";UNTIL=%04d%02d%02d", y, mo + 1, d);
        if (until_instant >= 0)
            g_string_append_printf(out, "T%02d%02d%02dZ", s / 3600, s / 60 % 60, s % 60);
    }
    return g_string_free(out, FALSE);
}

static int weekday_named(const char *name)
{
    for (int w = 0; w < 7; w++)
        if (!strncmp(name, day_names[w], 2))
            return w;
    return 1;
}

static int read_days(const char *list, int *nth)
{
    int days = 0;

    for (const char *p = list; *p;) {
        char *end;
        long n = strtol(p, &end, 10);

        if (n)
            *nth = n < 0 ? 5 : (int)n;
        for (int w = 0; w < 7; w++)
            if (!strncmp(end, day_names[w], 2))
                days |= 1 << w;
        p = end + strcspn(end, ",");
        p += *p == ',';
    }
    return days;
}

int oxd_recur_from_rrule(const char *rrule, json_t *m, int64_t first_day)
{
    static const char *const names[] = {"recurrence_type", "interval", "days", "day_in_month", "month", "until",
                                        "occurrences", "week_start"};
    int type = 0, nth = 0, days = 0, y, mo, d, w, uy, um, ud;
    bool last = false;
    char **parts;

    oxd_day_split(first_day, &y, &mo, &d, &w);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        json_object_del(m, names[i]);
    parts = g_strsplit(rrule, ";", 20);
    json_object_set_new(m, "interval", json_integer(1));
    for (char **p = parts; *p; p++) {
        char *v = strchr(*p, '=');

        if (!v)
            continue;
        *v++ = 0;
        if (!strcmp(*p, "FREQ"))
            type = !strcmp(v, "DAILY")     ? 1
                   : !strcmp(v, "WEEKLY")  ? 2
                   : !strcmp(v, "MONTHLY") ? 3
                   : !strcmp(v, "YEARLY")  ? 4
                                           : 0;
        else if (!strcmp(*p, "INTERVAL"))
            json_object_set_new(m, "interval", json_integer(atoi(v)));
        else if (!strcmp(*p, "COUNT"))
            json_object_set_new(m, "occurrences", json_integer(atoi(v)));
        else if (!strcmp(*p, "BYDAY"))
            days = read_days(v, &nth);
        else if (!strcmp(*p, "BYSETPOS"))
            nth = atoi(v) < 0 ? 5 : atoi(v);
        else if (!strcmp(*p, "WKST") && strcmp(v, "MO"))
            json_object_set_new(m, "week_start", json_integer(weekday_named(v)));
        else if (!strcmp(*p, "BYMONTHDAY") && atoi(v) < 0)
            last = true;
        else if (!strcmp(*p, "BYMONTHDAY"))
            d = atoi(v);
        else if (!strcmp(*p, "BYMONTH"))
            mo = atoi(v) - 1;
        else if (!strcmp(*p, "UNTIL") && sscanf(v, "%4d%2d%2d", &uy, &um, &ud) == 3)
            json_object_set_new(m, "until", json_integer(oxd_day_make(uy, um - 1, ud)));
    }
    g_strfreev(parts);
    if (last && !days) { /* the last of all days */
        days = 127;
        nth = 5;
    }
    json_object_set_new(m, "recurrence_type", json_integer(type));
    if (type == 2 || (type >= 3 && days) || (type == 1 && days)) {
        json_object_set_new(m, "days", json_integer(days ? days : 1 << w));
        if (type == 1)
            json_object_set_new(m, "recurrence_type", json_integer(2));
    }
    if (type >= 3)
        json_object_set_new(m, "day_in_month", json_integer(days ? (nth ? nth : 1) : d));
    if (type == 4)
        json_object_set_new(m, "month", json_integer(mo));
    return type ? 0 : -1;
}
