/* SPDX-License-Identifier: Apache-2.0 */
/** @file eas_timezone.h  Time zones: IANA names, the rule of a year, and the 172-byte blob (MS-ASDTYPE 2.7.6).
 *
 * The rule of an IANA zone is the POSIX rule at the end of its zoneinfo file: what is in force from now on. */
#ifndef EAS_TIMEZONE_H
#define EAS_TIMEZONE_H

#include <apr_pools.h>
#include <usm/zone.h>

#define EAS_TZ_BLOB 172

typedef usm_tzchange_t eas_tzchange_t;
typedef usm_tzrule_t eas_tzrule_t;

/** Parse a POSIX TZ string: usm_tzrule_parse(). */
#define eas_tz_posix usm_tzrule_parse
/** Rule of an IANA zone name. @return 0 when the zone is unknown or the name is not a plain one. Reads a file. */
int eas_tz_zone(eas_tzrule_t *rule, const char *name, apr_pool_t *scratch_pool);
/** Make the blob; names stay empty, which every client accepts. A change outside of its day moves to the day's edge. */
void eas_tz_to_blob(unsigned char blob[EAS_TZ_BLOB], const eas_tzrule_t *rule);
/** The rule as its blob says it: with it a device reckons, so that what it is told and what it says is reckoned with it
 * too. */
eas_tzrule_t eas_tz_told(const eas_tzrule_t *rule);
/** Read a blob. @return 0 when it is not one (length, impossible dates). */
int eas_tz_from_blob(eas_tzrule_t *rule, const unsigned char *blob, apr_size_t len);
/** Seconds east of UTC at an instant; instant of a local time. */
#define eas_tz_offset usm_tzrule_offset
#define eas_tz_to_utc usm_tzrule_to_utc
/** Do two rules have the same blob? */
int eas_tz_same(const eas_tzrule_t *a, const eas_tzrule_t *b);
/** A zone that follows @a rule: @a prefer when it does, or tells the same time this year or in the twelve months to
 * come; else the first of a list that has each rule in use. When none does exactly, one with the same offsets and
 * changes less than about a week apart (@a prefer first), else NULL. */
const char *eas_tz_find(const eas_tzrule_t *rule, const char *prefer, apr_pool_t *scratch_pool);

#endif
