/* SPDX-License-Identifier: Apache-2.0 */
/** @file answer.h  What send.c needs of answer.c: an original put into a message that answers or forwards it. */
#ifndef USM_CORE_ANSWER_H
#define USM_CORE_ANSWER_H

#include "core.h"

#include <usm/mail.h>

#include "util/mime.h"

/** Give a forward without a message of its own one: the note, to the recipients. */
void usm__answer_blank(usm_outgoing_t *out, usm_session_t *session);
/** Where the original is, by its id alone. Errors: NOTFOUND, FOLDER_GONE. */
usm_error_t *usm__answer_place(usm__place_t *place, usm_session_t *session, const usm_outgoing_t *out);
/** The device's message @a mail with what it wants of the original. Errors: NOTFOUND, LIMIT, MIME, UNAVAILABLE, … */
usm_error_t *usm__answer_make(const char **data_p, apr_size_t *len_p, usm_session_t *session,
                              const usm_outgoing_t *out, const usm__mail_t *mail, const usm__place_t *place);
/** The same for an event (answer_event.c). Errors also: UNSUPPORTED (an occurrence of what does not recur). */
usm_error_t *usm__answer_event(const char **data_p, apr_size_t *len_p, usm_session_t *session,
                               const usm_outgoing_t *out, const usm__mail_t *mail, const usm__place_t *place);
/** It was sent: flag the original. What fails now is told to the log alone. */
void usm__answer_done(usm_session_t *session, const usm_outgoing_t *out, const usm__place_t *place);

#endif
