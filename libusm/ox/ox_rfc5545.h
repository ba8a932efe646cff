/* SPDX-License-Identifier: Apache-2.0 */
/** @file ox_rfc5545.h  Texts of iCalendar (RFC 5545) that module chronos uses: dates and times, durations before a
 * start, recurrence ids and rules. Pure but for zones; results live in the pool given. */
#ifndef OX_RFC5545_H
#define OX_RFC5545_H

#include <usm/recur.h>
#include <usm/zone.h>

/** How a date-time was written: 20310106, 20310106T100000, 20310106T090000Z. */
typedef enum ox_form_e { OX_FORM_NONE, OX_FORM_DATE, OX_FORM_LOCAL, OX_FORM_UTC } ox_form_e;

/** Parse. *value_p: a DATE, a local time or an instant, in ms. @return OX_FORM_NONE when it is none of them. */
ox_form_e ox_time_parse(usm_time_t *value_p, const char *text);
/** Write @a value in one of the three forms. */
const char *ox_time_text(usm_time_t value, ox_form_e form, apr_pool_t *pool);

/** Minutes before the start that a duration such as "-PT15M", "-P1DT2H" or "PT0S" means, seconds rounded up; -1 when it
 * lies after the start or is none. */
int ox_minutes_parse(const char *text);
/** "-PT15M". */
const char *ox_minutes_text(int minutes, apr_pool_t *pool);

/** The start of a series. */
typedef struct ox_first_t {
    usm_time_t day;         /**< DATE of the first occurrence, in the zone */
    usm_time_t time_of_day; /**< ms after midnight there; 0 for days */
    const usm_zone_t *zone; /**< NULL: UTC */
    int all_day;
} ox_first_t;

/** DATE, in the series' zone, that a recurrence id names: any form, or "Europe/Berlin:20310106T100000". USM_TIME_NONE
 * when it is none. */
usm_time_t ox_recurrence_day(const char *text, const ox_first_t *first, apr_pool_t *pool);

/** Parse a rule. @return 0 when it is none, or one that usm_recurrence_t has no words for; the result is normalised. */
int ox_rule_parse(usm_recurrence_t *rule, const char *text, const ox_first_t *first, apr_pool_t *pool);
/** Write a rule. */
const char *ox_rule_text(const usm_recurrence_t *rule, const ox_first_t *first, apr_pool_t *pool);

#endif
