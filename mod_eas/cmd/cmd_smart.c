/* SPDX-License-Identifier: Apache-2.0 */
/* SmartReply and SmartForward (MS-ASCMD 2.2.1.19, 2.2.1.20): a message as the body and the original in the query up to
 * 12.1, both in WBXML from 14.0. Success has no body at all. */
#include <apr_strings.h>
#include <string.h>

#include "eas_compose.h"

#define FORWARDEES_MAX 500

/* ---- the original ---- */

typedef struct names_t {
    const char *folder, *item, *long_id, *instance;
} names_t;

static int is_set(const char *text)
{
    return text && *text;
}

/* What the message is about, or in *STATUS_P what is wrong with its name. */
static usm_error_t *find_original(usm_outgoing_t *mail, int *status_p, eas_ctx_t *ctx, const names_t *names)
{
    const char *part;
    *status_p = 0;
    if (is_set(names->long_id)) {
        if (is_set(names->item) || is_set(names->folder) || is_set(names->instance))
            *status_p = EAS_STATUS_InvalidCombinationOfIDs;
        else if (strlen(names->long_id) > USM_REF_MAX)
            *status_p = EAS_STATUS_InvalidIDs;
        else
            USM_ERR(usm_ref_parse(&mail->original, &part, ctx->session, names->long_id, ctx->pool));
        if (!*status_p && part) /* a FileReference is no name of a mail */
            *status_p = EAS_STATUS_ItemNotFound;
        return NULL;
    }
    if (!is_set(names->item)) {
        *status_p = EAS_STATUS_InvalidXML;
        return NULL;
    }
    mail->original = names->item;
    const char *folder = usm_server_id_folder(names->item, ctx->pool);
    if (!folder || (is_set(names->folder) && strcmp(folder, names->folder) != 0))
        *status_p = EAS_STATUS_ItemNotFound;
    mail->has_instance = is_set(names->instance);
    if (!*status_p && mail->has_instance && !eas_time_parse(&mail->instance, names->instance))
        *status_p = EAS_STATUS_InvalidDateTime;
    return NULL;
}

/* ---- Forwardees (16.0) ---- */

static int is_address(const char *text)
{
    const char *at = text ? strchr(text, '@') : NULL;
    return at && at > text && at[1] && strlen(text) <= 320 && strcspn(text, "\r\n\t <>,;:\"()") == strlen(text);
}

static int is_name(const char *text)
{
    return !text || (strlen(text) <= 256 && strcspn(text, "\r\n") == strlen(text));
}

/* False when one cannot be read. */
static int read_forwardees(usm_outgoing_t *mail, const eas_node_t *list, apr_pool_t *pool)
{
    const eas_node_t *node;
    usm_addrs_t *to = apr_pcalloc(pool, sizeof *to);
    unsigned count = eas_node_count(list, EAS_ComposeMail_Forwardee);
    if (count == 0 || count > FORWARDEES_MAX)
        return 0;
    to->items = apr_pcalloc(pool, sizeof *to->items * count);
    EAS_NODE_EACH_TAG(node, list, EAS_ComposeMail_Forwardee)
    {
        const char *addr = eas_node_child_text(node, EAS_ComposeMail_ForwardeeEmail);
        const char *name = eas_node_child_text(node, EAS_ComposeMail_ForwardeeName);
        if (!is_address(addr) || !is_name(name))
            return 0;
        to->items[to->count++] = (usm_addr_t){.name = is_set(name) ? name : NULL, .addr = addr};
    }
    mail->to = to;
    return 1;
}

static int read_note(usm_outgoing_t *mail, const eas_node_t *body)
{
    apr_int64_t type = 1;
    if (!body)
        return 1;
    if (!eas_node_int(eas_node_child(body, EAS_AirSyncBase_Type), 1, 2, &type))
        return 0;
    mail->note = eas_node_child_text(body, EAS_AirSyncBase_Data);
    mail->note_is_html = type == 2;
    return 1;
}

static usm_error_t *forward_to(eas_ctx_t *ctx, const eas_node_t *doc, usm_outgoing_t *mail)
{
    const eas_node_t *list = eas_node_child(doc, EAS_ComposeMail_Forwardees);
    if (eas_node_child(doc, EAS_ComposeMail_Mime) || eas_node_child(doc, EAS_ComposeMail_SaveInSentItems) ||
        eas_node_child(doc, EAS_ComposeMail_ReplaceMime) || eas_node_child(doc, EAS_RightsManagement_TemplateID))
        return eas_answer_status(ctx, EAS_STATUS_InvalidMimeBodyCombination);
    /* Phones that want the meeting's place alone forward it to nobody: nothing may come of that. */
    if (!list || !read_forwardees(mail, list, ctx->pool) || !read_note(mail, eas_node_child(doc, EAS_AirSyncBase_Body)))
        return eas_answer_status(ctx, EAS_STATUS_InvalidSmartForwardParameters);
    mail->save_in_sent = 1;
    return usm_mail_send(ctx->session, mail);
}

/* ---- the commands ---- */

static usm_error_t *from_wbxml(eas_ctx_t *ctx, const eas_node_t *doc, usm_outgoing_t *mail)
{
    const eas_node_t *source = eas_node_child(doc, EAS_ComposeMail_Source);
    const names_t names = {.folder = eas_node_child_text(source, EAS_ComposeMail_FolderId),
                           .item = eas_node_child_text(source, EAS_ComposeMail_ItemId),
                           .long_id = eas_node_child_text(source, EAS_ComposeMail_LongId),
                           .instance = eas_node_child_text(source, EAS_ComposeMail_InstanceId)};
    int to_names = eas_node_child(doc, EAS_ComposeMail_Forwardees) || eas_node_child(doc, EAS_AirSyncBase_Body);
    int status = eas_compose_check(mail, ctx, doc, !to_names);
    if (!status)
        USM_ERR(find_original(mail, &status, ctx, &names));
    if (status)
        return eas_answer_status(ctx, status);
    mail->complete = eas_node_child(doc, EAS_ComposeMail_ReplaceMime) != NULL;
    return to_names ? forward_to(ctx, doc, mail) : usm_mail_send(ctx->session, mail);
}

static usm_error_t *from_query(eas_ctx_t *ctx, usm_outgoing_t *mail)
{
    const names_t names = {.folder = ctx->query->collection_id, .item = ctx->query->item_id,
                           .long_id = ctx->query->long_id, .instance = ctx->query->occurrence};
    int status;
    if (!ctx->body_len)
        return eas_answer_status(ctx, EAS_STATUS_InvalidMIME);
    USM_ERR(find_original(mail, &status, ctx, &names));
    if (status)
        return eas_answer_status(ctx, status);
    mail->mime = ctx->body;
    mail->len = ctx->body_len;
    mail->save_in_sent = ctx->query->save_in_sent;
    return eas_compose_send(ctx, mail);
}

static usm_error_t *answer(eas_ctx_t *ctx, const eas_node_t *doc, int verb)
{
    usm_outgoing_t mail = {.verb = verb};
    return ctx->is_mime ? from_query(ctx, &mail) : from_wbxml(ctx, doc, &mail);
}

usm_error_t *eas_cmd_smartreply(eas_ctx_t *ctx, const eas_node_t *doc, eas_writer_t *out)
{
    (void)out;
    return answer(ctx, doc, USM_VERB_REPLIED);
}

usm_error_t *eas_cmd_smartforward(eas_ctx_t *ctx, const eas_node_t *doc, eas_writer_t *out)
{
    (void)out;
    return answer(ctx, doc, USM_VERB_FORWARDED);
}
