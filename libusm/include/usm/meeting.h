/* SPDX-License-Identifier: Apache-2.0 */
/** @file meeting.h  Answering invitations.
 *
 * An invitation is named by the server id of the event in a calendar, or of the mail that brought it: then the event is
 * the one with the mail's UID, in whichever of the user's calendars it is; when it is in none, or as it was before the
 * mail, the groupware server takes it out of the mail. */
#ifndef USM_MEETING_H
#define USM_MEETING_H

#include <usm/session.h>
#include <usm/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct usm_answer_t {
    const char *invitation; /**< server id of an event or a mail */
    usm_time_t instance;    /**< start of the one occurrence that is meant, as planned; USM_TIME_NONE = all of it */
    int status;             /**< enum usm_attendee_status_e, not NONE */
    const char *message;    /**< words to the organizer, or NULL */
} usm_answer_t;

/** Say in the groupware server whether the user takes part; it tells the organizer. A mail that was answered goes to
 * the trash. *event_p is the event's server id. The same answer again, also after that, has the same result and does
 * nothing twice. Errors: NOTFOUND (no such item, event or occurrence); INVALID (no meeting, or the user's own);
 * UNSUPPORTED (an occurrence of what does not recur); FORBIDDEN; UNAVAILABLE, BACKEND, STORE. */
usm_error_t *usm_meeting_answer(const char **event_p, usm_session_t *session, const usm_answer_t *answer,
                                apr_pool_t *pool);

#ifdef __cplusplus
}
#endif
#endif
