/* SPDX-License-Identifier: Apache-2.0 */
#include "eas_timezone.h"

#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#define DAY 86400

/* The rule stands in the last line of the zone's file. */
int eas_tz_zone(eas_tzrule_t *rule, const char *name, apr_pool_t *pool)
{
    const usm_zone_t *zone = usm_zone_open(name, pool);
    if (zone)
        *rule = *usm_zone_rule(zone);
    return zone != NULL;
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
static int told_seconds(const eas_tzchange_t *c)
{
    return c->seconds < 0 ? 0 : c->seconds >= DAY ? DAY - 1 : c->seconds;
}

eas_tzrule_t eas_tz_told(const eas_tzrule_t *rule)
{
    eas_tzrule_t told = *rule;
    told.to_std.seconds = told_seconds(&rule->to_std);
    told.to_dst.seconds = told_seconds(&rule->to_dst);
    return told;
}

static void put_change(unsigned char *p, const eas_tzchange_t *c)
{
    int seconds = told_seconds(c);
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
        usm_date_split(usm_date_make(get16(p), c->month, c->week), NULL, NULL, NULL, &c->weekday);
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
    usm_tzrule_normalise(rule);
    return 1;
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
        apr_int64_t dst = llabs(usm_tzchange_at(&a->to_dst, year) - usm_tzchange_at(&b->to_dst, year));
        apr_int64_t std = llabs(usm_tzchange_at(&a->to_std, year) - usm_tzchange_at(&b->to_std, year));
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
    "Pacific/Gambier", "Pacific/Pitcairn", "America/Nuuk", "America/Noronha", "Pacific/Fiji", "Europe/Chisinau",
    "Asia/Gaza", "America/Adak", "America/Miquelon", "Antarctica/Troll", "Australia/Eucla", "Pacific/Norfolk",
    "Pacific/Easter", "Etc/GMT+12", "Etc/UTC",
};

/* Does a rule tell the time of a zone, day by day for a year? Where the clock follows the moon, no rule lasts: devices
 * there send one that is made of the dates of this year, or of the next ones to come. */
static int tells_year(const eas_tzrule_t *rule, const usm_zone_t *zone, usm_time_t from)
{
    int wrong = 0;
    for (int day = 0; day < 365; day++) {
        usm_time_t t = from + day * USM_DAY_MS + USM_DAY_MS / 2;
        wrong += usm_tzrule_offset(rule, t) != usm_zone_offset(zone, t);
    }
    return wrong <= 2;
}

static int tells_now(const eas_tzrule_t *rule, const char *name, apr_pool_t *pool)
{
    const usm_zone_t *zone = usm_zone_open(name, pool);
    usm_time_t today = usm_date_floor(apr_time_as_msec(apr_time_now()));
    int year;
    usm_date_split(today, &year, NULL, NULL, NULL);
    return zone && (tells_year(rule, zone, usm_date_make(year, 1, 1)) || tells_year(rule, zone, today));
}

const char *eas_tz_find(const eas_tzrule_t *rule, const char *prefer, apr_pool_t *pool)
{
    eas_tzrule_t other;
    const char *best = NULL;
    apr_int64_t least = APR_INT64_MAX;
    int near = prefer && eas_tz_zone(&other, prefer, pool) && distance(rule, &other) >= 0;
    if ((near && eas_tz_same(rule, &other)) || tells_now(rule, prefer, pool))
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
