/* SPDX-License-Identifier: Apache-2.0 */
/** @file eas_compose.h  What SendMail, SmartReply and SmartForward have in common (code page ComposeMail). */
#ifndef EAS_COMPOSE_H
#define EAS_COMPOSE_H

#include "eas_map.h"

/** Read ClientId, SaveInSentItems and, when @a needs_mime, Mime of @a doc into @a mail. @return 0, or the status that
 * says what is wrong with them or with AccountId and TemplateID. */
int eas_compose_check(usm_outgoing_t *mail, eas_ctx_t *ctx, const eas_node_t *doc, int needs_mime);

#endif
