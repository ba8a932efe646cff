/* SPDX-License-Identifier: Apache-2.0 */
/** @file ical_event.h  An event as iCalendar (RFC 5545, 5546), for whoever it is forwarded to. */
#ifndef USM_UTIL_ICAL_EVENT_H
#define USM_UTIL_ICAL_EVENT_H

#include <usm/item.h>

/** What is to be told of an event. */
typedef struct usm__ical_event_t {
    const usm_item_t *event;    /**< a single event, a series with its exceptions, or, with @a day, one occurrence */
    const usm_item_t *series;   /**< with @a day: the series it is of */
    usm_time_t day;             /**< planned day of the occurrence; USM_TIME_NONE = none */
    int is_meeting;             /**< METHOD:REQUEST, else PUBLISH */
    usm_addr_t organizer;       /**< addr NULL = none is named */
    const usm_addrs_t *invited; /**< people to be asked beside the event's attendees; may be NULL */
    usm_time_t stamp;
} usm__ical_event_t;

/** The whole VCALENDAR, lines ended by CR LF, in @a pool; NULL when libical cannot make one. Times of a series are
 * local ones with a VTIMEZONE, all others are UTC; days are days. */
const char *usm__ical_event(const usm__ical_event_t *what, apr_pool_t *pool);

#endif
