/* SPDX-License-Identifier: Apache-2.0 */
/* SendMail (MS-ASCMD 2.2.1.17): a message as the body up to 12.1, in WBXML from 14.0. Success has no body at all. */
#include <apr_cstr.h>
#include <apr_escape.h>
#include <apr_sha1.h>
#include <apr_strings.h>
#include <string.h>

#include "eas_compose.h"

#define CLIENT_ID_MAX 40
#define STEP ((apr_size_t)1 << 20) /* bytes of a large message that are looked at in one go */

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

/* Is NAME a header of the message? */
static int has_header(const char *mime, apr_size_t len, const char *name)
{
    apr_size_t n = strlen(name);
    const char *at = mime, *end = mime + len;
    while (at < end && *at != '\r' && *at != '\n') {
        const char *eol = memchr(at, '\n', (apr_size_t)(end - at));
        if ((apr_size_t)(end - at) > n && apr_cstr_casecmpn(at, name, n) == 0 && at[n] == ':')
            return 1;
        at = eol ? eol + 1 : end;
    }
    return 0;
}

static const char *name_of(const char *mime, apr_size_t len, apr_pool_t *pool)
{
    unsigned char sum[APR_SHA1_DIGESTSIZE];
    apr_sha1_ctx_t sha;
    /* Without these the same text may well be meant to go out twice. */
    if (!has_header(mime, len, "Message-ID") && !has_header(mime, len, "Date"))
        return NULL;
    apr_sha1_init(&sha);
    for (apr_size_t at = 0; at < len; at += STEP) {
        apr_size_t n = len - at < STEP ? len - at : STEP;
        apr_sha1_update(&sha, mime + at, (unsigned)n);
        usm_spool_passed(mime + at, n);
    }
    apr_sha1_final(sum, &sha);
    return apr_pstrcat(pool, "mime:", apr_pescape_hex(pool, sum, sizeof sum, 0), NULL);
}

usm_error_t *eas_compose_send(eas_ctx_t *ctx, usm_outgoing_t *mail)
{
    if (ctx->is_mime)
        mail->client_id = name_of(mail->mime, mail->len, ctx->pool);
    usm_error_t *err = usm_mail_send(ctx->session, mail);
    if (!err || !ctx->is_mime || !usm_error_is(err, USM_EREPEATED))
        return err;
    usm_error_clear(err);
    return NULL;
}

usm_error_t *eas_cmd_sendmail(eas_ctx_t *ctx, const eas_node_t *doc, eas_writer_t *out)
{
    usm_outgoing_t mail = {.client_id = NULL};
    (void)out;
    if (!ctx->is_mime) {
        int status = eas_compose_check(&mail, ctx, doc, 1);
        return status ? eas_answer_status(ctx, status) : eas_compose_send(ctx, &mail);
    }
    if (!ctx->body_len)
        return eas_answer_status(ctx, EAS_STATUS_InvalidMIME);
    mail.mime = ctx->body;
    mail.len = ctx->body_len;
    mail.save_in_sent = ctx->query->save_in_sent;
    return eas_compose_send(ctx, &mail);
}
