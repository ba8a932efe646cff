/* SPDX-License-Identifier: Apache-2.0 */
/* ItemOperations (MS-ASCMD 2.2.1.10): fetch items and attachments, empty folders, move conversations. */
#include <string.h>

#include "eas_fetch.h"

#define OPERATIONS_MAX 100 /* MS-ASCMD 3.1.5.10 */

/* Multipart is asked for in a header, or in the options of the base64 query. */
static int wants_multipart(const eas_ctx_t *ctx)
{
    const char *header = ctx->req->header(ctx->req->baton, "MS-ASAcceptMultiPart");
    return ctx->query->is_base64 ? ctx->query->accept_multipart : header && strcasecmp(header, "T") == 0;
}

static int clear_options(int *subfolders_p, const eas_node_t *node)
{
    static const unsigned tags[] = {EAS_AirSync_CollectionId, EAS_ItemOperations_Options, 0};
    static const unsigned inner[] = {EAS_ItemOperations_DeleteSubFolders, 0};
    const eas_node_t *options = eas_node_child(node, EAS_ItemOperations_Options);
    const eas_node_t *sub = eas_node_child(options, EAS_ItemOperations_DeleteSubFolders);
    *subfolders_p = 0;
    return eas_node_only(node, tags) && (!options || eas_node_only(options, inner)) &&
           (!sub || eas_node_bool(sub, subfolders_p));
}

static usm_error_t *clear_folder(eas_ctx_t *ctx, const eas_node_t *node, eas_writer_t *out)
{
    const char *folder = eas_node_child_text(node, EAS_AirSync_CollectionId);
    int subfolders, status = clear_options(&subfolders, node) && folder && *folder ? ITEMS_OK : ITEMS_PROTOCOL;
    usm_error_t *err = NULL;
    if (status == ITEMS_OK)
        err = usm_folder_clear(ctx->session, folder, subfolders, ctx->pool);
    if (err && !(status = eas_fetch_status(ctx, err)))
        return err;
    eas_writer_start(out, EAS_ItemOperations_EmptyFolderContents);
    eas_writer_tag_int(out, EAS_ItemOperations_Status, status);
    eas_writer_tag_text(out, EAS_AirSync_CollectionId, folder);
    eas_writer_end(out);
    if (status != ITEMS_OK)
        ctx->status = status;
    return NULL;
}

/* 0, or the status that says why the conversation cannot be moved as asked (MS-ASCMD 2.2.3.115). */
static int check_move(const eas_node_t *node, const char *id, apr_size_t len, const char *to)
{
    static const unsigned tags[] = {EAS_ItemOperations_ConversationId, EAS_ItemOperations_DstFldId,
                                    EAS_ItemOperations_Options, 0};
    if (!id || !to || !eas_node_only(node, tags))
        return ITEMS_PROTOCOL;
    if (!eas_node_child(eas_node_child(node, EAS_ItemOperations_Options), EAS_ItemOperations_MoveAlways))
        return EAS_STATUS_MoveCommandDisallowedForNonPersistentMoveAction;
    if (strcmp(to, "RI") == 0)
        return EAS_STATUS_InvalidCombinationOfIDs;
    return len == USM_THREAD_ID && strlen(to) <= EAS_ID_MAX ? 0 : ITEMS_NOT_FOUND;
}

static usm_error_t *move_conversation(eas_ctx_t *ctx, const eas_node_t *node, eas_writer_t *out)
{
    apr_size_t len = 0;
    const char *id = eas_node_bytes(eas_node_child(node, EAS_ItemOperations_ConversationId), &len);
    const char *to = eas_node_child_text(node, EAS_ItemOperations_DstFldId);
    int found = 0, status = check_move(node, id, len, to);
    if (!status) {
        usm_error_t *err = usm_thread_move(&found, ctx->session, (const unsigned char *)id, to, 1, ctx->pool);
        if (usm_error_is(err, USM_EPARENT)) {
            status = EAS_STATUS_MoveCommandInvalidDestinationFolder;
            usm_error_clear(err);
        } else if (err && !(status = eas_fetch_status(ctx, err))) {
            return err;
        }
        status = status ? status : found ? ITEMS_OK : ITEMS_NOT_FOUND;
    }
    eas_writer_start(out, EAS_ItemOperations_Move);
    eas_writer_tag_int(out, EAS_ItemOperations_Status, status);
    if (id)
        eas_writer_tag_opaque(out, EAS_ItemOperations_ConversationId, id, len);
    eas_writer_end(out);
    if (status != ITEMS_OK)
        ctx->status = status;
    return NULL;
}

/* In the order of the answer's schema: kind by kind, each in the order of the request. */
static usm_error_t *run(eas_ctx_t *ctx, const eas_node_t *doc, eas_writer_t *out)
{
    apr_off_t left = (apr_off_t)ctx->conf->max_attachments;
    const eas_node_t *node;
    EAS_NODE_EACH_TAG(node, doc, EAS_ItemOperations_Move)
    {
        USM_ERR(move_conversation(ctx, node, out));
    }
    EAS_NODE_EACH_TAG(node, doc, EAS_ItemOperations_EmptyFolderContents)
    {
        USM_ERR(clear_folder(ctx, node, out));
    }
    EAS_NODE_EACH_TAG(node, doc, EAS_ItemOperations_Fetch)
    {
        USM_ERR(eas_fetch(ctx, node, out, &left));
    }
    return NULL;
}

usm_error_t *eas_cmd_itemoperations(eas_ctx_t *ctx, const eas_node_t *doc, eas_writer_t *out)
{
    const eas_node_t *node;
    unsigned count = 0;
    EAS_NODE_EACH(node, doc)
    {
        count++;
        if (node->tag != EAS_ItemOperations_Fetch && node->tag != EAS_ItemOperations_EmptyFolderContents &&
            (node->tag != EAS_ItemOperations_Move || ctx->version < 140))
            return eas_answer_status(ctx, ITEMS_PROTOCOL);
    }
    if (count == 0 || count > OPERATIONS_MAX)
        return eas_answer_status(ctx, count ? ITEMS_TOO_LARGE : ITEMS_PROTOCOL);
    ctx->multipart = wants_multipart(ctx);
    eas_writer_start(out, EAS_ItemOperations_ItemOperations);
    eas_put_status(ctx, out, EAS_ItemOperations_Status, ITEMS_OK);
    eas_writer_start(out, EAS_ItemOperations_Response);
    USM_ERR(run(ctx, doc, out));
    eas_writer_end(out);
    eas_writer_end(out);
    return NULL;
}
