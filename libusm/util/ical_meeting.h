/* SPDX-License-Identifier: Apache-2.0 */
/** @file ical_meeting.h  What an invitation, an answer or a cancellation in a mail says (RFC 5545, 5546). Any
 * thread. */
#ifndef USM_UTIL_ICAL_MEETING_H
#define USM_UTIL_ICAL_MEETING_H

#include <usm/item.h>

#define USM__MEETING_MAX ((apr_size_t)1024 * 1024) /* bytes of a calendar part that are looked at */

/** Read a text/calendar part. NULL when it is none, has no METHOD that concerns a meeting, or no event with a UID and
 * a start. All that is returned is in @a pool. */
const usm_meeting_t *usm__meeting_read(const char *text, apr_size_t len, apr_pool_t *pool);

#endif
