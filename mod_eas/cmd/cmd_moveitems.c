/* SPDX-License-Identifier: Apache-2.0 */
/* MoveItems (MS-ASCMD 2.2.1.12). Success is Status 3 here. */
#include <apr_hash.h>
#include <string.h>

#include "eas.h"

#define MOVES_MAX 1000 /* MS-ASCMD 3.1.5.10 */

static const int statuses[] = {[USM_MOVE_DONE] = MOVE_SUCCESS,     [USM_MOVE_NO_SOURCE] = MOVE_NO_SOURCE,
                               [USM_MOVE_NO_TARGET] = MOVE_NO_TARGET, [USM_MOVE_SAME] = MOVE_SAME,
                               [USM_MOVE_REFUSED] = MOVE_FAILED,   [USM_MOVE_LATER] = MOVE_LOCKED};

typedef struct row_t {
    const char *item;
    const usm_move_t *move; /* NULL: what it asks for cannot be */
} row_t;

/* What a phone sends as an id may have any length; what is too long is no id of ours. */
static const char *id_of(const eas_node_t *move, unsigned tag)
{
    const char *text = eas_node_child_text(move, tag);
    return text && strlen(text) > EAS_ID_MAX ? "" : text;
}

/* False when the document does not follow the schema. An item with several targets gets a status of its own. */
static int read_rows(apr_array_header_t *rows, apr_array_header_t *moves, const eas_node_t *doc, apr_pool_t *pool)
{
    apr_hash_t *targets = apr_hash_make(pool);
    const eas_node_t *node;
    EAS_NODE_EACH(node, doc)
    {
        usm_move_t move = {.item = id_of(node, EAS_Move_SrcMsgId), .from = id_of(node, EAS_Move_SrcFldId),
                           .to = id_of(node, EAS_Move_DstFldId)};
        if (node->tag != EAS_Move_Move || !move.item || !move.from || !move.to)
            return 0;
        const char *other = apr_hash_get(targets, move.item, APR_HASH_KEY_STRING);
        row_t *row = apr_array_push(rows);
        row->item = eas_node_child_text(node, EAS_Move_SrcMsgId);
        row->move = NULL;
        if (eas_node_count(node, EAS_Move_DstFldId) > 1 || (other && strcmp(other, move.to) != 0))
            continue;
        apr_hash_set(targets, move.item, APR_HASH_KEY_STRING, move.to);
        usm_move_t *kept = apr_array_push(moves);
        *kept = move;
        row->move = kept;
    }
    return rows->nelts > 0;
}

static void write_rows(eas_ctx_t *ctx, eas_writer_t *out, const apr_array_header_t *rows)
{
    eas_writer_start(out, EAS_Move_MoveItems);
    for (int i = 0; i < rows->nelts; i++) {
        const row_t *row = &APR_ARRAY_IDX(rows, i, row_t);
        int status = row->move ? statuses[row->move->outcome] : MOVE_FAILED;
        eas_writer_start(out, EAS_Move_Response);
        eas_writer_tag_text(out, EAS_Move_SrcMsgId, row->item);
        eas_writer_tag_int(out, EAS_Move_Status, status);
        if (row->move)
            eas_writer_tag_text(out, EAS_Move_DstMsgId, row->move->new_id);
        eas_writer_end(out);
        if (!ctx->status || status != MOVE_SUCCESS)
            ctx->status = status;
        if (row->move && row->move->error)
            usm_log(ctx->log, USM_LOG_INFO, EASLOGNO(43), "move of %s from %s to %s was refused: %s", row->item,
                    row->move->from, row->move->to, usm_error_text(row->move->error, ctx->pool));
    }
    eas_writer_end(out);
}

usm_error_t *eas_cmd_moveitems(eas_ctx_t *ctx, const eas_node_t *doc, eas_writer_t *out)
{
    int count = (int)eas_node_count(doc, EAS_Move_Move);
    if (count > MOVES_MAX)
        return eas_answer_status(ctx, EAS_STATUS_InvalidXML);
    apr_array_header_t *rows = apr_array_make(ctx->pool, count + 1, sizeof(row_t));
    apr_array_header_t *moves = apr_array_make(ctx->pool, count + 1, sizeof(usm_move_t)); /* never grows: see rows */
    if (!read_rows(rows, moves, doc, ctx->pool))
        return eas_answer_status(ctx, EAS_STATUS_InvalidXML);
    USM_ERR(usm_items_move(ctx->session, (usm_move_t *)moves->elts, moves->nelts, ctx->pool));
    write_rows(ctx, out, rows);
    return NULL;
}
