/* SPDX-License-Identifier: Apache-2.0 */
/** @file eas_compose.h  What SendMail, SmartReply and SmartForward have in common (code page ComposeMail). */
#ifndef EAS_COMPOSE_H
#define EAS_COMPOSE_H

#include "eas_map.h"

/** Read ClientId, SaveInSentItems and, when @a needs_mime, Mime of @a doc into @a mail. @return 0, or the status that
 * says what is wrong with them or with AccountId and TemplateID. */
int eas_compose_check(usm_outgoing_t *mail, eas_ctx_t *ctx, const eas_node_t *doc, int needs_mime);

/** Send @a mail once. Up to 12.1 a request has no name that its repeat could be known by: there it is the message
 * itself, if it says when it was written or who it is, and a repeat is told that all is well, as the first one was. */
usm_error_t *eas_compose_send(eas_ctx_t *ctx, usm_outgoing_t *mail);

#endif
