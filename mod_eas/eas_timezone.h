/* SPDX-License-Identifier: Apache-2.0 */
/** @file eas_timezone.h  Time zones: IANA names, the rule of a year, and the 172-byte blob (MS-ASDTYPE 2.7.6).
 *
 * The rule of an IANA zone is the POSIX rule at the end of its zoneinfo file: what is in force from now on. */
#ifndef EAS_TIMEZONE_H
#define EAS_TIMEZONE_H

#include <apr_pools.h>
#include <usm/types.h>

#define EAS_TZ_BLOB 172

/** When in a year the clock changes: the n-th (5 = last) weekday of a month at a local time. month 0 = never. */
typedef struct eas_tzchange_t {
    int month, week, weekday; /**< 1..12, 1..5, 0 = Sunday */
    int seconds;              /**< after local midnight; may be negative or above a day in POSIX rules */
} eas_tzchange_t;

typedef struct eas_tzrule_t {
    int std_offset, dst_offset; /**< seconds east of UTC */
    eas_tzchange_t to_std, to_dst;
} eas_tzrule_t;

/** Parse a POSIX TZ string such as "CET-1CEST,M3.5.0,M10.5.0/3". @return 1 on success. Julian-day rules, which no
 * zone in use has, are refused. Summer time is always the later clock, also where the law says it the other way round.
 */
int eas_tz_posix(eas_tzrule_t *rule, const char *text);
/** Rule of an IANA zone name. @return 0 when the zone is unknown or the name is not a plain one. Reads a file. */
int eas_tz_zone(eas_tzrule_t *rule, const char *name, apr_pool_t *scratch_pool);
/** Make the blob; names stay empty, which every client accepts. A change outside of its day moves to the day's edge. */
void eas_tz_to_blob(unsigned char blob[EAS_TZ_BLOB], const eas_tzrule_t *rule);
/** Read a blob. @return 0 when it is not one (length, impossible dates). */
int eas_tz_from_blob(eas_tzrule_t *rule, const unsigned char *blob, apr_size_t len);
/** Seconds east of UTC at an instant. */
int eas_tz_offset(const eas_tzrule_t *rule, usm_time_t utc);
/** Instant of a local time given as ms since 1970 in local reckoning. */
usm_time_t eas_tz_to_utc(const eas_tzrule_t *rule, usm_time_t local);
/** Do two rules have the same blob? */
int eas_tz_same(const eas_tzrule_t *a, const eas_tzrule_t *b);
/** A zone that follows @a rule: @a prefer when it does, else the first of a list of well-known ones. When none does
 * exactly, one with the same offsets and changes less than about a week apart (@a prefer first), else NULL. */
const char *eas_tz_find(const eas_tzrule_t *rule, const char *prefer, apr_pool_t *scratch_pool);

#endif
