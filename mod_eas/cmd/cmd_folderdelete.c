/* SPDX-License-Identifier: Apache-2.0 */
/* FolderDelete (MS-ASCMD 2.2.1.4). */
#include "eas_folder.h"

#include <string.h>

usm_error_t *eas_cmd_folderdelete(eas_ctx_t *ctx, const eas_node_t *doc, eas_writer_t *out)
{
    static const unsigned children[] = {EAS_FolderHierarchy_SyncKey, EAS_FolderHierarchy_ServerId, 0};
    const char *id = eas_folder_text(doc, EAS_FolderHierarchy_ServerId, EAS_ID_MAX);
    usm_outcome_t outcome;
    usm_turn_t *turn;

    if (!eas_node_only(doc, children) || id == NULL) {
        return eas_answer_status(ctx, FOLDER_MALFORMED);
    }
    if (strcmp(id, EAS_FOLDER_RI) == 0) {
        return eas_answer_status(ctx, FOLDER_RECIPIENT_CACHE);
    }
    USM_ERR(eas_folder_turn(&turn, ctx, doc, 0));
    if (turn == NULL) {
        return NULL;
    }
    USM_ERR(usm_turn_delete(&outcome, turn, id, USM_DELETE_TRASH));
    USM_ERR(outcome.error);
    return eas_folder_finish(ctx, out, turn, NULL);
}
