/* SPDX-License-Identifier: Apache-2.0 */
#include "eas_timezone.h"

#include <apr_file_io.h>
#include <apr_strings.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define ZONEINFO "/usr/share/zoneinfo/"
#define DAY 86400

/* ---- calendar arithmetic (proleptic Gregorian) ---- */

static apr_int64_t days_from_civil(apr_int64_t y, int m, int d)
{
    y -= m <= 2;
    apr_int64_t era = (y >= 0 ? y : y - 399) / 400;
    apr_int64_t yoe = y - era * 400, doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static apr_int64_t year_of(apr_int64_t seconds)
{
    apr_int64_t days = seconds / DAY - (seconds % DAY < 0);
    apr_int64_t y = 1970 + days / 366;
    while (days_from_civil(y + 1, 1, 1) <= days)
        y++;
    while (days_from_civil(y, 1, 1) > days)
        y--;
    return y;
}

/* Local seconds since 1970 at which the clock changes in a year. */
static apr_int64_t change_at(const eas_tzchange_t *c, apr_int64_t year)
{
    apr_int64_t first = days_from_civil(year, c->month, 1);
    int weekday = (int)(((first + 4) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
    apr_int64_t day = first + (c->weekday - weekday + 7) % 7 + (c->week - 1) * 7;
    apr_int64_t next = c->month == 12 ? days_from_civil(year + 1, 1, 1) : days_from_civil(year, c->month + 1, 1);
    while (day >= next)
        day -= 7;
    return day * DAY + c->seconds;
}

/* ---- POSIX rules ---- */

static const char *skip_name(const char *p)
{
    if (*p == '<') {
        const char *end = strchr(p, '>');
        return end ? end + 1 : NULL;
    }
    const char *start = p;
    while (isalpha((unsigned char)*p))
        p++;
    return p - start >= 3 ? p : NULL;
}

static const char *parse_hms(int *seconds, const char *p)
{
    int sign = 1, part[3] = {0, 0, 0};
    if (*p == '+' || *p == '-')
        sign = *p++ == '-' ? -1 : 1;
    if (!isdigit((unsigned char)*p))
        return NULL;
    for (int i = 0; i < 3; i++) {
        for (int n = 0; isdigit((unsigned char)*p) && n < 3; n++)
            part[i] = part[i] * 10 + (*p++ - '0');
        if (*p != ':' || i == 2)
            break;
        p++;
    }
    *seconds = sign * (part[0] * 3600 + part[1] * 60 + part[2]);
    return p;
}

static const char *parse_change(eas_tzchange_t *c, const char *p)
{
    char *end;
    if (*p++ != ',' || *p++ != 'M')
        return NULL;
    c->month = (int)strtol(p, &end, 10);
    if (*end != '.')
        return NULL;
    c->week = (int)strtol(end + 1, &end, 10);
    if (*end != '.')
        return NULL;
    c->weekday = (int)strtol(end + 1, &end, 10);
    c->seconds = 7200;
    p = end;
    if (*p == '/')
        p = parse_hms(&c->seconds, p + 1);
    return p && c->month >= 1 && c->month <= 12 && c->week >= 1 && c->week <= 5 && c->weekday >= 0 && c->weekday <= 6
               ? p
               : NULL;
}

/* One form for one meaning: Ireland's rule calls summer the standard time and winter the other one, and a blob may name
 * changes that change nothing. */
static void normalise(eas_tzrule_t *rule)
{
    eas_tzrule_t was = *rule;
    if (!was.to_dst.month || !was.to_std.month || was.dst_offset == was.std_offset) {
        memset(rule, 0, sizeof *rule);
        rule->std_offset = rule->dst_offset = was.std_offset;
    } else if (was.dst_offset < was.std_offset) {
        rule->std_offset = was.dst_offset;
        rule->dst_offset = was.std_offset;
        rule->to_std = was.to_dst;
        rule->to_dst = was.to_std;
    }
}

int eas_tz_posix(eas_tzrule_t *rule, const char *text)
{
    const char *p = skip_name(text);
    memset(rule, 0, sizeof *rule);
    if (!p || !(p = parse_hms(&rule->std_offset, p)))
        return 0;
    rule->std_offset = -rule->std_offset;
    rule->dst_offset = rule->std_offset;
    if (!*p)
        return 1;
    if (!(p = skip_name(p)))
        return 0;
    rule->dst_offset = rule->std_offset + 3600;
    if (*p != ',') {
        if (!(p = parse_hms(&rule->dst_offset, p)))
            return 0;
        rule->dst_offset = -rule->dst_offset;
    }
    if (!(p = parse_change(&rule->to_dst, p)) || !(p = parse_change(&rule->to_std, p)) || *p)
        return 0;
    normalise(rule);
    return 1;
}

static int plain_name(const char *name)
{
    if (!name || !*name || strlen(name) > 64 || *name == '/' || strstr(name, ".."))
        return 0;
    for (; *name; name++) {
        if (!isalnum((unsigned char)*name) && !strchr("_+-/", *name))
            return 0;
    }
    return 1;
}

/* The rule stands in the last line of a version 2 or newer zoneinfo file. */
int eas_tz_zone(eas_tzrule_t *rule, const char *name, apr_pool_t *pool)
{
    apr_file_t *file;
    char tail[129];
    apr_off_t size = 0;
    apr_size_t len;
    if (!plain_name(name) || apr_file_open(&file, apr_pstrcat(pool, ZONEINFO, name, NULL), APR_READ, 0, pool))
        return 0;
    apr_file_seek(file, APR_END, &size);
    apr_off_t at = size > 128 ? size - 128 : 0;
    len = (apr_size_t)(size - at);
    apr_status_t rv = apr_file_seek(file, APR_SET, &at);
    if (!rv)
        rv = apr_file_read_full(file, tail, len, &len);
    apr_file_close(file);
    if (rv || len < 2 || tail[len - 1] != '\n')
        return 0;
    tail[len - 1] = '\0';
    for (apr_size_t i = len - 1; i-- > 0;) {
        if (tail[i] == '\n')
            return eas_tz_posix(rule, tail + i + 1);
    }
    return 0;
}

/* ---- blob ---- */

static void put16(unsigned char *p, int v)
{
    p[0] = (unsigned char)v;
    p[1] = (unsigned char)(v >> 8);
}

static void put32(unsigned char *p, apr_int32_t v)
{
    put16(p, v);
    put16(p + 2, v >> 16);
}

static int get16(const unsigned char *p)
{
    return p[0] | p[1] << 8;
}

static apr_int32_t get32(const unsigned char *p)
{
    return (apr_int32_t)((apr_uint32_t)get16(p) | (apr_uint32_t)get16(p + 2) << 16);
}

/* SYSTEMTIME holds 0:00 to 23:59:59 only. A change outside of its day is moved to the day's edge: some hours wrong
 * once a year, where another weekday ("the last Saturday" for "the eve of the last Sunday") is a week wrong some years.
 */
static void put_change(unsigned char *p, const eas_tzchange_t *c)
{
    int seconds = c->seconds < 0 ? 0 : c->seconds >= DAY ? DAY - 1 : c->seconds;
    put16(p + 2, c->month);
    put16(p + 4, c->weekday);
    put16(p + 6, c->week);
    put16(p + 8, seconds / 3600);
    put16(p + 10, seconds / 60 % 60);
    put16(p + 12, seconds % 60);
}

static int get_change(eas_tzchange_t *c, const unsigned char *p)
{
    memset(c, 0, sizeof *c);
    c->month = get16(p + 2);
    if (!c->month)
        return 1;
    c->weekday = get16(p + 4);
    c->week = get16(p + 6);
    c->seconds = get16(p + 8) * 3600 + get16(p + 10) * 60 + get16(p + 12);
    if (get16(p)) { /* one absolute date: read as the rule it stands for */
        apr_int64_t day = days_from_civil(get16(p), c->month, c->week);
        c->weekday = (int)(((day + 4) % 7 + 7) % 7);
        c->week = (c->week + 6) / 7;
    }
    return c->month <= 12 && c->weekday <= 6 && c->week >= 1 && c->week <= 5 && c->seconds <= DAY;
}

void eas_tz_to_blob(unsigned char blob[EAS_TZ_BLOB], const eas_tzrule_t *rule)
{
    memset(blob, 0, EAS_TZ_BLOB);
    put32(blob, -rule->std_offset / 60);
    if (!rule->to_dst.month)
        return;
    put_change(blob + 68, &rule->to_std);
    put_change(blob + 152, &rule->to_dst);
    put32(blob + 168, (rule->std_offset - rule->dst_offset) / 60);
}

static int in_day(apr_int32_t minutes)
{
    return minutes >= -1440 && minutes <= 1440;
}

int eas_tz_from_blob(eas_tzrule_t *rule, const unsigned char *blob, apr_size_t len)
{
    memset(rule, 0, sizeof *rule);
    if (len != EAS_TZ_BLOB)
        return 0;
    apr_int32_t bias = get32(blob), std = get32(blob + 84), dst = get32(blob + 168);
    if (!in_day(bias) || !in_day(std) || !in_day(dst) || !in_day(bias + std) || !in_day(bias + dst) ||
        !in_day(dst - std))
        return 0;
    rule->std_offset = -(bias + std) * 60;
    rule->dst_offset = -(bias + dst) * 60;
    if (!get_change(&rule->to_std, blob + 68) || !get_change(&rule->to_dst, blob + 152))
        return 0;
    normalise(rule);
    return 1;
}

int eas_tz_offset(const eas_tzrule_t *rule, usm_time_t utc)
{
    if (!rule->to_dst.month)
        return rule->std_offset;
    apr_int64_t seconds = utc / 1000 - (utc % 1000 < 0);
    apr_int64_t year = year_of(seconds + rule->std_offset);
    apr_int64_t to_dst = change_at(&rule->to_dst, year) - rule->std_offset;
    apr_int64_t to_std = change_at(&rule->to_std, year) - rule->dst_offset;
    int summer = to_dst < to_std ? seconds >= to_dst && seconds < to_std : seconds >= to_dst || seconds < to_std;
    return summer ? rule->dst_offset : rule->std_offset;
}

usm_time_t eas_tz_to_utc(const eas_tzrule_t *rule, usm_time_t local)
{
    usm_time_t utc = local - (usm_time_t)eas_tz_offset(rule, local - (usm_time_t)rule->std_offset * 1000) * 1000;
    /* Near a change the first guess may lie on the other side of it. */
    return local - (usm_time_t)eas_tz_offset(rule, utc) * 1000;
}

int eas_tz_same(const eas_tzrule_t *a, const eas_tzrule_t *b)
{
    unsigned char x[EAS_TZ_BLOB], y[EAS_TZ_BLOB];
    eas_tz_to_blob(x, a);
    eas_tz_to_blob(y, b);
    return memcmp(x, y, EAS_TZ_BLOB) == 0;
}

/* Sum of the distances, in seconds, between the changes of two rules; -1 when they are not of the same zone. Devices
 * make their rules out of this year's dates ("the fourth Sunday" where it is the last one), a week off other years. */
static apr_int64_t distance(const eas_tzrule_t *a, const eas_tzrule_t *b)
{
    apr_int64_t sum = 0;
    if (a->std_offset != b->std_offset || a->dst_offset != b->dst_offset || !a->to_dst.month != !b->to_dst.month)
        return -1;
    for (int year = 2024; a->to_dst.month && year < 2032; year++) {
        apr_int64_t dst = llabs(change_at(&a->to_dst, year) - change_at(&b->to_dst, year));
        apr_int64_t std = llabs(change_at(&a->to_std, year) - change_at(&b->to_std, year));
        if (dst > 8 * DAY || std > 8 * DAY)
            return -1;
        sum += dst + std;
    }
    return sum;
}

/* One zone for each rule in common use, the most populous first. */
static const char *const well_known[] = {
    "Europe/Berlin", "Europe/London", "Europe/Athens", "Europe/Moscow", "Europe/Istanbul", "Europe/Lisbon",
    "America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles",
    "America/Anchorage", "Pacific/Honolulu", "America/Halifax", "America/St_Johns", "America/Sao_Paulo",
    "America/Argentina/Buenos_Aires", "America/Bogota", "America/Mexico_City", "America/Caracas", "America/Santiago",
    "America/Asuncion", "America/Havana", "Atlantic/Azores", "Atlantic/Cape_Verde", "Africa/Cairo",
    "Africa/Johannesburg", "Africa/Lagos", "Africa/Nairobi", "Asia/Jerusalem", "Asia/Beirut", "Asia/Tehran",
    "Asia/Dubai", "Asia/Kabul", "Asia/Karachi", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Dhaka", "Asia/Yangon",
    "Asia/Bangkok", "Asia/Shanghai", "Asia/Tokyo", "Australia/Perth", "Australia/Darwin", "Australia/Adelaide",
    "Australia/Brisbane", "Australia/Sydney", "Australia/Lord_Howe", "Pacific/Guadalcanal", "Pacific/Auckland",
    "Pacific/Chatham", "Pacific/Tongatapu", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Pacific/Marquesas",
    "Pacific/Gambier", "Pacific/Pitcairn", "America/Nuuk", "America/Noronha", "Etc/UTC",
};

const char *eas_tz_find(const eas_tzrule_t *rule, const char *prefer, apr_pool_t *pool)
{
    eas_tzrule_t other;
    const char *best = NULL;
    apr_int64_t least = APR_INT64_MAX;
    int near = prefer && eas_tz_zone(&other, prefer, pool) && distance(rule, &other) >= 0;
    if (near && eas_tz_same(rule, &other))
        return prefer;
    for (apr_size_t i = 0; i < sizeof well_known / sizeof well_known[0]; i++) {
        apr_int64_t d = eas_tz_zone(&other, well_known[i], pool) ? distance(rule, &other) : -1;
        if (d >= 0 && eas_tz_same(rule, &other))
            return well_known[i];
        if (d >= 0 && d < least) {
            least = d;
            best = well_known[i];
        }
    }
    return near ? prefer : best;
}
