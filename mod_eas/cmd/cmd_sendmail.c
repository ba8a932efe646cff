/* SPDX-License-Identifier: Apache-2.0 */
/* SendMail (MS-ASCMD 2.2.1.17): a message as the body up to 12.1, in WBXML from 14.0. Success has no body at all. */
#include <string.h>

#include "eas.h"

#define CLIENT_ID_MAX 40

/* A message that is to be protected must not go out as it is (MS-ASRM 2.2.2.17); zeroes stand for "not protected". */
static int wants_protection(const eas_node_t *doc)
{
    const eas_node_t *template = eas_node_child(doc, EAS_RightsManagement_TemplateID);
    const char *id = template ? eas_node_text(template) : "";
    return !id || strspn(id, "0-{}") != strlen(id);
}

static usm_error_t *send_wbxml(eas_ctx_t *ctx, const eas_node_t *doc)
{
    const char *client_id = eas_node_child_text(doc, EAS_ComposeMail_ClientId);
    const eas_node_t *mime = eas_node_child(doc, EAS_ComposeMail_Mime);
    const eas_node_t *save = eas_node_child(doc, EAS_ComposeMail_SaveInSentItems);
    apr_size_t len = 0;
    const char *data = eas_node_bytes(mime, &len);
    if (!client_id || !*client_id || strlen(client_id) > CLIENT_ID_MAX || !mime)
        return eas_answer_status(ctx, EAS_STATUS_InvalidXML);
    if (eas_node_child(doc, EAS_ComposeMail_AccountId))
        return eas_answer_status(ctx, EAS_STATUS_InvalidAccountId);
    if (wants_protection(doc))
        return eas_answer_status(ctx, EAS_STATUS_IRM_FeatureDisabled);
    if (!data || !len)
        return eas_answer_status(ctx, EAS_STATUS_InvalidMIME);
    return usm_session_send(ctx->session, client_id, data, len, save != NULL);
}

usm_error_t *eas_cmd_sendmail(eas_ctx_t *ctx, const eas_node_t *doc, eas_writer_t *out)
{
    (void)out;
    if (!ctx->is_mime)
        return send_wbxml(ctx, doc);
    if (!ctx->body_len)
        return eas_answer_status(ctx, EAS_STATUS_InvalidMIME);
    return usm_session_send(ctx->session, NULL, ctx->body, ctx->body_len, ctx->query->save_in_sent);
}
