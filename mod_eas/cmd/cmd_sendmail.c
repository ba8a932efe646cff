/* SPDX-License-Identifier: Apache-2.0 */
/* SendMail (MS-ASCMD 2.2.1.17): a message as the body up to 12.1, in WBXML from 14.0. Success has no body at all. */
#include <string.h>

#include "eas.h"

#define CLIENT_ID_MAX 40

static usm_error_t *send_wbxml(eas_ctx_t *ctx, const eas_node_t *doc)
{
    const char *client_id = eas_node_child_text(doc, EAS_ComposeMail_ClientId);
    const eas_node_t *mime = eas_node_child(doc, EAS_ComposeMail_Mime),
                     *save = eas_node_child(doc, EAS_ComposeMail_SaveInSentItems);
    apr_size_t len = 0;
    const char *data = eas_node_bytes(mime, &len);
    if (!client_id || !*client_id || strlen(client_id) > CLIENT_ID_MAX || !mime)
        return eas_answer_status(ctx, EAS_STATUS_InvalidXML);
    if (eas_node_child(doc, EAS_ComposeMail_AccountId))
        return eas_answer_status(ctx, EAS_STATUS_InvalidAccountId);
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
