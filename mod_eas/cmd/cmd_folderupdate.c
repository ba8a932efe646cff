/* SPDX-License-Identifier: Apache-2.0 */
/* FolderUpdate (MS-ASCMD 2.2.1.6): renames and moves a folder. */
#include "eas_folder.h"

#include <string.h>

usm_error_t *eas_cmd_folderupdate(eas_ctx_t *ctx, const eas_node_t *doc, eas_writer_t *out)
{
    static const unsigned children[] = {EAS_FolderHierarchy_SyncKey, EAS_FolderHierarchy_ServerId,
                                        EAS_FolderHierarchy_ParentId, EAS_FolderHierarchy_DisplayName, 0};
    const char *id = eas_folder_text(doc, EAS_FolderHierarchy_ServerId, EAS_ID_MAX);
    const char *parent = eas_folder_text(doc, EAS_FolderHierarchy_ParentId, EAS_ID_MAX);
    const char *name = eas_folder_text(doc, EAS_FolderHierarchy_DisplayName, EAS_FOLDER_NAME_MAX);
    usm_outcome_t outcome;
    usm_item_t *item;
    usm_turn_t *turn;

    if (!eas_node_only(doc, children) || id == NULL || parent == NULL || name == NULL) {
        return eas_answer_status(ctx, FOLDER_MALFORMED);
    }
    if (strcmp(id, EAS_FOLDER_RI) == 0 || strcmp(parent, EAS_FOLDER_RI) == 0) {
        return eas_answer_status(ctx, FOLDER_RECIPIENT_CACHE);
    }
    USM_ERR(eas_folder_turn(&turn, ctx, doc, 0));
    if (turn == NULL) {
        return NULL;
    }
    item = usm_item_create(USM_FOLDER, ctx->pool);
    usm_item_set_text(item, USM_FOLDER_PARENT, parent);
    usm_item_set_text(item, USM_FOLDER_NAME, name);
    USM_ERR(usm_turn_change(&outcome, turn, id, item, 1));
    USM_ERR(outcome.error);
    return eas_folder_finish(ctx, out, turn, NULL);
}
