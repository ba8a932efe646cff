/* SPDX-License-Identifier: Apache-2.0 */
/* Dates, rules of time zones, and zoneinfo files (RFC 8536). */
#include "core.h"

#include <apr_file_io.h>
#include <ctype.h>
#include <stdlib.h>
#include <usm/zone.h>

#define ZONEINFO "/usr/share/zoneinfo/"
#define DAY 86400
#define FILE_MAX 262144
#define CHANGES_MAX 4000
#define TYPES_MAX 256

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

usm_time_t usm_date_make(int year, int month, int day)
{
    return (days_from_civil(year, month, 1) + day - 1) * USM_DAY_MS;
}

void usm_date_split(usm_time_t t, int *year, int *month, int *day, int *weekday)
{
    apr_int64_t days = usm_date_floor(t) / USM_DAY_MS, n = days + 719468;
    apr_int64_t era = (n >= 0 ? n : n - 146096) / 146097, doe = n - era * 146097;
    apr_int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    apr_int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    int m = (int)(mp < 10 ? mp + 3 : mp - 9);
    if (year)
        *year = (int)(yoe + era * 400 + (m <= 2));
    if (month)
        *month = m;
    if (day)
        *day = (int)(doy - (153 * mp + 2) / 5 + 1);
    if (weekday)
        *weekday = (int)(((days + 4) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
}

int usm_month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && ((year % 4 == 0 && year % 100 != 0) || year % 400 == 0) ? 29 : days[month - 1];
}

/* Local seconds since 1970 at which the clock changes in a year. */
apr_int64_t usm_tzchange_at(const usm_tzchange_t *c, apr_int64_t year)
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

static const char *parse_change(usm_tzchange_t *c, const char *p)
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
void usm_tzrule_normalise(usm_tzrule_t *rule)
{
    usm_tzrule_t was = *rule;
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

int usm_tzrule_parse(usm_tzrule_t *rule, const char *text)
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
    usm_tzrule_normalise(rule);
    return 1;
}

int usm_tzrule_offset(const usm_tzrule_t *rule, usm_time_t utc)
{
    if (!rule->to_dst.month)
        return rule->std_offset;
    apr_int64_t seconds = utc / 1000 - (utc % 1000 < 0);
    apr_int64_t year = year_of(seconds + rule->std_offset);
    apr_int64_t to_dst = usm_tzchange_at(&rule->to_dst, year) - rule->std_offset;
    apr_int64_t to_std = usm_tzchange_at(&rule->to_std, year) - rule->dst_offset;
    int summer = to_dst < to_std ? seconds >= to_dst && seconds < to_std : seconds >= to_dst || seconds < to_std;
    return summer ? rule->dst_offset : rule->std_offset;
}

usm_time_t usm_tzrule_to_utc(const usm_tzrule_t *rule, usm_time_t local)
{
    usm_time_t utc = local - (usm_time_t)usm_tzrule_offset(rule, local - (usm_time_t)rule->std_offset * 1000) * 1000;
    /* Near a change the first guess may lie on the other side of it. */
    return local - (usm_time_t)usm_tzrule_offset(rule, utc) * 1000;
}

/* ---- zoneinfo files ---- */

struct usm_zone_t {
    int changes, types;
    apr_int64_t *at;         /* seconds since 1970 */
    unsigned char *type;     /* in force from there on */
    int offset[TYPES_MAX];   /* of a type */
    int has_rule;
    usm_tzrule_t rule;
};

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

static apr_int64_t big(const unsigned char *p, int bytes)
{
    apr_uint64_t v = p[0] & 0x80 ? ~APR_UINT64_C(0) : 0;
    for (int i = 0; i < bytes; i++)
        v = v << 8 | p[i];
    return (apr_int64_t)v;
}

typedef struct head_t {
    apr_int64_t isut, isstd, leap, time, type, chars;
} head_t;

static int read_head(head_t *h, const unsigned char *p, apr_size_t len)
{
    if (len < 44 || memcmp(p, "TZif", 4) != 0 || p[4] < '2')
        return 0;
    *h = (head_t){.isut = big(p + 20, 4), .isstd = big(p + 24, 4), .leap = big(p + 28, 4), .time = big(p + 32, 4),
                  .type = big(p + 36, 4), .chars = big(p + 40, 4)};
    return h->isut >= 0 && h->isut <= TYPES_MAX && h->isstd >= 0 && h->isstd <= TYPES_MAX && h->leap >= 0 &&
           h->leap <= CHANGES_MAX && h->time >= 0 && h->time <= CHANGES_MAX && h->type >= 1 && h->type <= TYPES_MAX &&
           h->chars >= 0 && h->chars <= CHANGES_MAX;
}

static apr_size_t block_size(const head_t *h, int wide)
{
    return (apr_size_t)(h->time * (wide + 1) + h->type * 6 + h->chars + h->leap * (wide + 4) + h->isstd + h->isut);
}

static void read_block(usm_zone_t *zone, const head_t *h, const unsigned char *p, apr_pool_t *pool)
{
    zone->at = apr_palloc(pool, sizeof *zone->at * (apr_size_t)(h->time + 1));
    zone->type = apr_pmemdup(pool, p + h->time * 8, (apr_size_t)h->time + 1);
    zone->changes = (int)h->time;
    zone->types = (int)h->type;
    for (int i = 0; i < zone->changes; i++) {
        zone->at[i] = big(p + i * 8, 8);
        if (zone->type[i] >= zone->types)
            zone->type[i] = 0;
    }
    for (int i = 0; i < zone->types; i++)
        zone->offset[i] = (int)big(p + h->time * 9 + i * 6, 4);
}

/* The second block has 64-bit times; the rule stands in a line of its own behind it. */
static int parse_file(usm_zone_t *zone, unsigned char *data, apr_size_t len, apr_pool_t *pool)
{
    head_t h;
    if (!read_head(&h, data, len))
        return 0;
    apr_size_t at = 44 + block_size(&h, 4);
    if (at >= len || !read_head(&h, data + at, len - at))
        return 0;
    at += 44;
    apr_size_t end = at + block_size(&h, 8);
    if (end >= len || data[end] != '\n' || data[len - 1] != '\n')
        return 0;
    read_block(zone, &h, data + at, pool);
    data[len - 1] = '\0';
    zone->has_rule = end + 1 < len && usm_tzrule_parse(&zone->rule, (const char *)data + end + 1);
    return zone->has_rule;
}

const usm_zone_t *usm_zone_open(const char *name, apr_pool_t *pool)
{
    apr_file_t *file;
    void *kept = NULL;
    apr_size_t len = 0;
    if (!plain_name(name))
        return NULL;
    const char *key = apr_pstrcat(pool, "usm-zone:", name, NULL);
    if (apr_pool_userdata_get(&kept, key, pool) == APR_SUCCESS && kept)
        return kept;
    if (apr_file_open(&file, apr_pstrcat(pool, ZONEINFO, name, NULL), APR_READ, 0, pool))
        return NULL;
    apr_finfo_t info = {0};
    unsigned char *data = NULL;
    usm_zone_t *zone = apr_pcalloc(pool, sizeof *zone);
    apr_status_t rv = apr_file_info_get(&info, APR_FINFO_SIZE | APR_FINFO_TYPE, file);
    if (!rv && info.filetype == APR_REG && info.size > 44 && info.size <= FILE_MAX) {
        data = apr_palloc(pool, (apr_size_t)info.size);
        rv = apr_file_read_full(file, data, (apr_size_t)info.size, &len);
    }
    apr_file_close(file);
    if (rv || !data || !parse_file(zone, data, len, pool))
        return NULL;
    apr_pool_userdata_setn(zone, key, NULL, pool);
    return zone;
}

const usm_tzrule_t *usm_zone_rule(const usm_zone_t *zone)
{
    return &zone->rule;
}

int usm_zone_offset(const usm_zone_t *zone, usm_time_t utc)
{
    apr_int64_t seconds = utc / 1000 - (utc % 1000 < 0);
    int low = 0, high = zone->changes;
    if (!high || seconds >= zone->at[high - 1])
        return usm_tzrule_offset(&zone->rule, utc);
    while (low < high) { /* the number of changes up to then */
        int mid = (low + high) / 2;
        if (zone->at[mid] <= seconds)
            low = mid + 1;
        else
            high = mid;
    }
    return zone->offset[low ? zone->type[low - 1] : 0];
}

usm_time_t usm_zone_to_local(const usm_zone_t *zone, usm_time_t utc)
{
    return utc + (usm_time_t)usm_zone_offset(zone, utc) * 1000;
}

usm_time_t usm_zone_to_utc(const usm_zone_t *zone, usm_time_t local)
{
    usm_time_t before = (usm_time_t)usm_zone_offset(zone, local - USM_DAY_MS) * 1000;
    usm_time_t after = (usm_time_t)usm_zone_offset(zone, local + USM_DAY_MS) * 1000;
    if (before != after && (usm_time_t)usm_zone_offset(zone, local - before) * 1000 != before &&
        (usm_time_t)usm_zone_offset(zone, local - after) * 1000 == after)
        return local - after;
    return local - before;
}
