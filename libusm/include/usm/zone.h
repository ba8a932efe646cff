/* SPDX-License-Identifier: Apache-2.0 */
/** @file zone.h  Dates and time zones, from the system's zoneinfo files.
 *
 * A zone has the changes of the clock that its file lists, and, from the last of them on, a rule. Local times are
 * milliseconds since 1970 in local reckoning. Pure but for reading the file; a zone is constant and may be shared. */
#ifndef USM_ZONE_H
#define USM_ZONE_H

#include <apr_pools.h>
#include <usm/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** When in a year the clock changes: the n-th (5 = last) weekday of a month at a local time. month 0 = never. */
typedef struct usm_tzchange_t {
    int month, week, weekday; /**< 1..12, 1..5, 0 = Sunday */
    int seconds;              /**< after local midnight; may be negative or above a day in POSIX rules */
} usm_tzchange_t;

typedef struct usm_tzrule_t {
    int std_offset, dst_offset; /**< seconds east of UTC */
    usm_tzchange_t to_std, to_dst;
} usm_tzrule_t;

typedef struct usm_zone_t usm_zone_t;

/** Midnight UTC, ms, of a day of the Gregorian calendar; @a month 1..12, @a day may lie outside of its month. */
usm_time_t usm_date_make(int year, int month, int day);
/** The parts of the UTC day that @a t lies in; pointers may be NULL. weekday 0 = Sunday. */
void usm_date_split(usm_time_t t, int *year, int *month, int *day, int *weekday);
/** Days of a month, 28..31. */
int usm_month_days(int year, int month);
/** Midnight of the day that @a t lies in. */
static inline usm_time_t usm_date_floor(usm_time_t t)
{
    return t - ((t % USM_DAY_MS) + USM_DAY_MS) % USM_DAY_MS;
}

/** Parse a POSIX TZ string such as "CET-1CEST,M3.5.0,M10.5.0/3". @return 1 on success. Julian-day rules, which no
 * zone in use has, are refused. Summer time is always the later clock, also where the law says it the other way round.
 */
int usm_tzrule_parse(usm_tzrule_t *rule, const char *text);
/** One form for one meaning: see usm_tzrule_parse(); changes that change nothing are dropped. */
void usm_tzrule_normalise(usm_tzrule_t *rule);
/** Local seconds since 1970 at which the clock changes in a year. */
apr_int64_t usm_tzchange_at(const usm_tzchange_t *change, apr_int64_t year);
/** Seconds east of UTC at an instant. */
int usm_tzrule_offset(const usm_tzrule_t *rule, usm_time_t utc);
/** Instant of a local time. */
usm_time_t usm_tzrule_to_utc(const usm_tzrule_t *rule, usm_time_t local);

/** The zone of an IANA name, kept with @a pool for the next who asks. NULL when it is unknown or no plain name. */
const usm_zone_t *usm_zone_open(const char *name, apr_pool_t *pool);
/** What is in force from the last change that the file lists. */
const usm_tzrule_t *usm_zone_rule(const usm_zone_t *zone);
/** Seconds east of UTC at an instant. */
int usm_zone_offset(const usm_zone_t *zone, usm_time_t utc);
/** Local time of an instant. */
usm_time_t usm_zone_to_local(const usm_zone_t *zone, usm_time_t utc);
/** Instant of a local time: the first one of an hour that comes twice; one that is left out moves on by what is left
 * out. */
usm_time_t usm_zone_to_utc(const usm_zone_t *zone, usm_time_t local);

#ifdef __cplusplus
}
#endif
#endif
