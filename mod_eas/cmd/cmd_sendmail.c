/* SPDX-License-Identifier: Apache-2.0 */
/* SendMail (MS-ASCMD 2.2.1.17): a message as the body up to 12.1, in WBXML from 14.0. Success has no body at all. */
#include <string.h>

#include "eas_compose.h"

#define CLIENT_ID_MAX 40

/* A message that is to be protected must not go out as it is (MS-ASRM 2.2.2.17); zeroes stand for "not protected". */
static int wants_protection(const eas_node_t *doc)
{
    const eas_node_t *template = eas_node_child(doc, EAS_RightsManagement_TemplateID);
    const char *id = template ? eas_node_text(template) : "";
    return !id || strspn(id, "0-{}") != strlen(id);
}

int eas_compose_check(usm_outgoing_t *mail, eas_ctx_t *ctx, const eas_node_t *doc, int needs_mime)
{
    const eas_node_t *mime = eas_node_child(doc, EAS_ComposeMail_Mime);
    (void)ctx;
    mail->client_id = eas_node_child_text(doc, EAS_ComposeMail_ClientId);
    mail->save_in_sent = eas_node_child(doc, EAS_ComposeMail_SaveInSentItems) != NULL;
    if (!mail->client_id || !*mail->client_id || strlen(mail->client_id) > CLIENT_ID_MAX || (needs_mime && !mime))
        return EAS_STATUS_InvalidXML;
    if (eas_node_child(doc, EAS_ComposeMail_AccountId))
        return EAS_STATUS_InvalidAccountId;
    if (wants_protection(doc))
        return EAS_STATUS_IRM_FeatureDisabled;
    if (!needs_mime)
        return 0;
    mail->mime = eas_node_bytes(mime, &mail->len);
    return mail->mime && mail->len ? 0 : EAS_STATUS_InvalidMIME;
}

usm_error_t *eas_cmd_sendmail(eas_ctx_t *ctx, const eas_node_t *doc, eas_writer_t *out)
{
    usm_outgoing_t mail = {.client_id = NULL};
    (void)out;
    if (!ctx->is_mime) {
        int status = eas_compose_check(&mail, ctx, doc, 1);
        return status ? eas_answer_status(ctx, status) : usm_mail_send(ctx->session, &mail);
    }
    if (!ctx->body_len)
        return eas_answer_status(ctx, EAS_STATUS_InvalidMIME);
    return usm_session_send(ctx->session, NULL, ctx->body, ctx->body_len, ctx->query->save_in_sent);
}
