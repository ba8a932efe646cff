/* SPDX-License-Identifier: Apache-2.0 */
/** @file recur.h  Recurring items: on which days a rule strikes, and the occurrences of a series of events.
 *
 * An occurrence is known by the day it was planned for, in the series' own zone: that is what its exceptions are kept
 * by. Times of day and instants come in only where an occurrence is shown. Pure functions (zones are read from files);
 * results live in the pool given or in the item's. */
#ifndef USM_RECUR_H
#define USM_RECUR_H

#include <usm/item.h>
#include <usm/zone.h>

#ifdef __cplusplus
extern "C" {
#endif

#define USM_RECUR_MAX 100000 /**< occurrences looked at of one series */

/** Is it a rule that strikes at all, for a series whose first day is @a first? NULL, or what is wrong with it. */
const char *usm_recurrence_check(const usm_recurrence_t *rule, usm_time_t first);
/** Bring a rule into the one form that its meaning has: members that do not count are cleared, twelve months are a
 * year, and the first day of the week is Monday where it makes no difference to the days. */
void usm_recurrence_normalise(usm_recurrence_t *rule, usm_time_t first);

/** A walk over the days of a rule. */
typedef struct usm_recur_t {
    const usm_recurrence_t *rule;
    usm_time_t first, cursor;
    int position; /**< of the day found last, from 1 */
} usm_recur_t;
/** @a first: day of the first occurrence; days before it are none. */
void usm_recur_start(usm_recur_t *r, const usm_recurrence_t *rule, usm_time_t first);
/** The next day; 0 when the series is over. */
int usm_recur_next(usm_time_t *day_p, usm_recur_t *r);
/** Number, from 1, of the occurrence on a day; 0: there is none. */
int usm_recur_position(const usm_recurrence_t *rule, usm_time_t first, usm_time_t day);
/** The occurrence on @a day or, when there is none, the one the day before or, failing that, after it; USM_TIME_NONE:
 * there is none. */
usm_time_t usm_recur_near(const usm_recurrence_t *rule, usm_time_t first, usm_time_t day);
/** Day of the last occurrence; USM_TIME_NONE when the series has no end. */
usm_time_t usm_recur_last(const usm_recurrence_t *rule, usm_time_t first);

/* ---- series of events ---- */

/** Rule of an event, NULL when it does not recur. */
const usm_recurrence_t *usm_series_rule(const usm_item_t *event);
/** Day of the event's start, in its zone (UTC when it names none that is known). */
usm_time_t usm_series_first(const usm_item_t *event, apr_pool_t *pool);
/** Day, in the event's zone, that a value of an EVTIME field lies in. */
usm_time_t usm_series_day(const usm_item_t *event, usm_time_t t, apr_pool_t *pool);
/** START and END of the occurrence planned for @a day. */
void usm_series_times(const usm_item_t *event, usm_time_t day, usm_time_t *start_p, usm_time_t *end_p,
                      apr_pool_t *pool);
/** The occurrence of the series that is on @a day or, when there is none, the nearest one not more than a day off;
 * USM_TIME_NONE: there is none. */
usm_time_t usm_series_snap(const usm_item_t *event, usm_time_t day, apr_pool_t *pool);
/** Exception for a day; NULL: the occurrence is as the series has it. */
const usm_exception_t *usm_series_exception(const usm_item_t *event, usm_time_t day);
/** The occurrence planned for @a day as an event of its own: what @a own (NULL: nothing) says, the rest as the series
 * has it. Fields of the series alone (USM_F_SERIES) are left out. */
usm_item_t *usm_series_occurrence(const usm_item_t *event, usm_time_t day, const usm_item_t *own, apr_pool_t *pool);
/** Take out of the exceptions all values that are as the series has them, so that what is left is what differs, and
 * put them in order of their days. Needed for equal series to have equal digests. */
void usm_series_reduce(usm_item_t *event);
/** EXCEPTIONS of @a event with those of @a patch (NULL: none) put in their places. Lives in @a pool, items shared. */
const usm_exceptions_t *usm_series_merge(const usm_item_t *event, const usm_exceptions_t *patch, apr_pool_t *pool);
/** The instant when the last occurrence is over; USM_TIME_NONE when the series has no end. */
usm_time_t usm_series_edge(const usm_item_t *event, apr_pool_t *pool);

#ifdef __cplusplus
}
#endif
#endif
