/* SPDX-License-Identifier: Apache-2.0 */
#include <apr_strings.h>
#include <string.h>

#include "eas_draft.h"

#define FILES_MAX 100
#define TEXT_MAX 32768 /* of To and its like (MS-ASEMAIL 2.2.2.76) */

/* Elements that make it the content of a draft. */
static const unsigned content_tags[] = {EAS_Email_To,         EAS_Email_Cc,        EAS_Email2_Bcc,
                                        EAS_Email_Subject,    EAS_Email_Importance, EAS_Email_ReplyTo,
                                        EAS_AirSyncBase_Body, EAS_AirSyncBase_Attachments};

int eas_draft_is(const eas_node_t *command, unsigned version)
{
    const eas_node_t *data = eas_node_child(command, EAS_AirSync_ApplicationData);
    if (version < 160)
        return 0;
    if (command->tag == EAS_AirSync_Add || eas_node_child(command, EAS_Email2_Send))
        return 1;
    for (apr_size_t i = 0; i < sizeof content_tags / sizeof content_tags[0]; i++) {
        if (eas_node_child(data, content_tags[i]))
            return 1;
    }
    return 0;
}

/* False when there is a value that cannot be. */
static int take_text(const char **text_p, const eas_node_t *data, unsigned tag)
{
    const eas_node_t *node = eas_node_child(data, tag);
    *text_p = node ? eas_node_text(node) : NULL;
    return !node || (*text_p && strlen(*text_p) <= TEXT_MAX);
}

/* ReplyTo alone has semicolons between its addresses. */
static const char *with_commas(const char *text, apr_pool_t *pool)
{
    char *out = text ? apr_pstrdup(pool, text) : NULL;
    int quoted = 0;
    for (char *p = out; p && *p; p++) {
        quoted ^= *p == '"';
        if (*p == ';' && !quoted)
            *p = ',';
    }
    return out;
}

static int take_body(usm_draft_t *d, const eas_node_t *body)
{
    static const int forms[] = {0, USM_BODY_TEXT, USM_BODY_HTML, -1, USM_BODY_MIME};
    apr_int64_t type;
    if (!body)
        return 1;
    if (!eas_node_int(eas_node_child(body, EAS_AirSyncBase_Type), 1, 4, &type) || forms[type] < 0)
        return 0;
    const eas_node_t *data = eas_node_child(body, EAS_AirSyncBase_Data);
    d->body = forms[type];
    d->data = data ? eas_node_bytes(data, &d->len) : "";
    return d->data != NULL && (d->body != USM_BODY_MIME || d->len > 0);
}

static int take_file(eas_draft_t *out, const eas_node_t *node)
{
    usm_newfile_t *file = &out->draft.files[out->draft.file_count];
    apr_int64_t method = 1;
    const eas_node_t *kind = eas_node_child(node, EAS_AirSyncBase_Method);
    const eas_node_t *shown = eas_node_child(node, EAS_AirSyncBase_IsInline);
    file->name = eas_node_child_text(node, EAS_AirSyncBase_DisplayName);
    file->content_type = eas_node_child_text(node, EAS_AirSyncBase_ContentType);
    file->content_id = eas_node_child_text(node, EAS_AirSyncBase_ContentId);
    file->data = eas_node_bytes(eas_node_child(node, EAS_AirSyncBase_Content), &file->len);
    out->client_ids[out->draft.file_count++] = eas_node_child_text(node, EAS_AirSyncBase_ClientId);
    return file->data && (!kind || (eas_node_int(kind, 1, 6, &method) && method != 6)) &&
           (!shown || eas_node_bool(shown, &file->is_inline)) && (!file->name || strlen(file->name) <= 1024);
}

/* Only a part of this very draft can be taken from it. */
static usm_error_t *take_removed(eas_draft_t *out, eas_ctx_t *ctx, const eas_node_t *node, const char *server_id)
{
    const char *ref = eas_node_child_text(node, EAS_AirSyncBase_FileReference), *item, *part;
    USM_ERR(usm_ref_parse(&item, &part, ctx->session, ref, ctx->pool));
    if (!server_id || !part || strcmp(item, server_id) != 0)
        return USM_ERROR(ctx->pool, USM_EINVALID, "an attachment of something else");
    out->draft.removed[out->draft.removed_count++] = part;
    return NULL;
}

usm_error_t *eas_draft_files(eas_draft_t *out, eas_ctx_t *ctx, const eas_node_t *list, const char *server_id)
{
    unsigned adds = eas_node_count(list, EAS_AirSyncBase_Add), deletes = eas_node_count(list, EAS_AirSyncBase_Delete);
    const eas_node_t *node;
    if (adds > FILES_MAX || deletes > FILES_MAX)
        return USM_ERROR(ctx->pool, USM_EINVALID, "more than %d attachments", FILES_MAX);
    out->draft.files = apr_pcalloc(ctx->pool, sizeof *out->draft.files * (adds + 1));
    out->draft.removed = apr_pcalloc(ctx->pool, sizeof *out->draft.removed * (deletes + 1));
    out->client_ids = apr_pcalloc(ctx->pool, sizeof *out->client_ids * (adds + 1));
    EAS_NODE_EACH(node, list)
    {
        if (node->tag == EAS_AirSyncBase_Delete)
            USM_ERR(take_removed(out, ctx, node, server_id));
        else if (node->tag != EAS_AirSyncBase_Add || !take_file(out, node))
            return USM_ERROR(ctx->pool, USM_EINVALID, "an attachment that cannot be read");
    }
    return NULL;
}

usm_error_t *eas_draft_read(eas_draft_t *out, eas_ctx_t *ctx, const eas_node_t *command, const char *server_id)
{
    const eas_node_t *data = eas_node_child(command, EAS_AirSync_ApplicationData);
    const eas_node_t *importance = eas_node_child(data, EAS_Email_Importance);
    usm_draft_t *d = &out->draft;
    apr_int64_t n = -1;
    memset(out, 0, sizeof *out);
    d->send = eas_node_child(command, EAS_Email2_Send) != NULL;
    if (eas_node_child(data, EAS_Email2_IsDraft))
        return USM_ERROR(ctx->pool, USM_EINVALID, "IsDraft is the server's to say");
    if (!take_text(&d->to, data, EAS_Email_To) || !take_text(&d->cc, data, EAS_Email_Cc) ||
        !take_text(&d->bcc, data, EAS_Email2_Bcc) || !take_text(&d->reply_to, data, EAS_Email_ReplyTo) ||
        !take_text(&d->subject, data, EAS_Email_Subject) ||
        !take_body(d, eas_node_child(data, EAS_AirSyncBase_Body)) ||
        (importance && !importance->is_empty && !eas_node_int(importance, 0, 2, &n)))
        return USM_ERROR(ctx->pool, USM_EINVALID, "a draft that cannot be read");
    d->importance = (int)n;
    d->reply_to = with_commas(d->reply_to, ctx->pool);
    return eas_draft_files(out, ctx, eas_node_child(data, EAS_AirSyncBase_Attachments), server_id);
}

void eas_draft_match(eas_draft_t *draft, const usm_attachments_t *now)
{
    for (int i = 0; i < draft->draft.file_count; i++) {
        usm_newfile_t *file = &draft->draft.files[i];
        for (int k = 0; now && !file->part && k < now->count; k++) {
            const usm_attachment_t *a = &now->items[k];
            int taken = 0;
            for (int n = 0; n < i; n++)
                taken |= draft->draft.files[n].part && strcmp(draft->draft.files[n].part, a->id) == 0;
            if (!taken && a->size == file->len && a->name && file->name && strcmp(a->name, file->name) == 0)
                file->part = a->id;
        }
    }
}

int eas_draft_has_news(const eas_draft_t *draft)
{
    for (int i = 0; i < draft->draft.file_count; i++) {
        if (draft->draft.files[i].part && draft->client_ids[i])
            return 1;
    }
    return 0;
}

void eas_draft_write(const eas_draft_t *draft, eas_ctx_t *ctx, eas_writer_t *out)
{
    eas_writer_start(out, EAS_AirSyncBase_Attachments);
    for (int i = 0; i < draft->draft.file_count; i++) {
        const usm_newfile_t *file = &draft->draft.files[i];
        if (!file->part || !draft->client_ids[i])
            continue;
        eas_writer_start(out, EAS_AirSyncBase_Attachment);
        eas_writer_tag_text(out, EAS_AirSyncBase_ClientId, draft->client_ids[i]);
        eas_writer_tag_text(out, EAS_AirSyncBase_FileReference,
                            usm_ref_make(ctx->session, draft->now, file->part, ctx->pool));
        eas_writer_end(out);
    }
    eas_writer_end(out);
}
