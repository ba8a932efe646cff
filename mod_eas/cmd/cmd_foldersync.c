/* SPDX-License-Identifier: Apache-2.0 */
/* FolderSync (MS-ASCMD 2.2.1.5): what changed in the hierarchy since the device's key. */
#include "eas_folder.h"

#include <apr_strings.h>
#include <string.h>

/* FolderSync has no window. */
#define WINDOW 512

/* One change as it is written: copies, because the turn's own items do not outlive the next ones. */
typedef struct folder_t {
    usm_change_e kind;
    const char *id, *parent, *name;
    int type;
} folder_t;

static usm_error_t *collect(apr_array_header_t *folders, eas_ctx_t *ctx, usm_turn_t *turn)
{
    const usm_change_t *change;

    for (;;) {
        folder_t folder = {0};

        USM_ERR(usm_turn_next(&change, turn, ctx->pool));
        if (change == NULL) {
            return NULL;
        }
        folder.kind = change->kind;
        folder.id = change->id;
        if (change->item != NULL) {
            const usm_item_t *item = change->item;

            folder.parent = apr_pstrdup(ctx->pool, usm_item_text(item, USM_FOLDER_PARENT));
            folder.name = apr_pstrdup(ctx->pool, usm_item_text(item, USM_FOLDER_NAME));
            folder.type = eas_folder_type((usm_class_e)usm_item_num(item, USM_FOLDER_CLASS, USM_EMAIL),
                                          (usm_role_e)usm_item_num(item, USM_FOLDER_ROLE, USM_ROLE_USER), ctx->version);
            if (folder.type == 0) {
                continue;
            }
        }
        APR_ARRAY_PUSH(folders, folder_t) = folder;
    }
}

/* The changes of one kind; the schema wants the kinds one after another. */
static void write_kind(const apr_array_header_t *folders, eas_writer_t *out, unsigned tag, usm_change_e kind)
{
    int i;

    for (i = 0; i < folders->nelts; i++) {
        const folder_t *folder = &APR_ARRAY_IDX(folders, i, folder_t);

        if ((folder->kind == USM_CHANGE_SOFTDELETE ? USM_CHANGE_DELETE : folder->kind) != kind) {
            continue;
        }
        eas_writer_start(out, tag);
        eas_writer_tag_text(out, EAS_FolderHierarchy_ServerId, folder->id);
        if (kind != USM_CHANGE_DELETE) {
            eas_writer_tag_text(out, EAS_FolderHierarchy_ParentId, folder->parent != NULL ? folder->parent : "0");
            eas_writer_tag_text(out, EAS_FolderHierarchy_DisplayName, folder->name != NULL ? folder->name : "");
            eas_writer_tag_int(out, EAS_FolderHierarchy_Type, folder->type);
        }
        eas_writer_end(out);
    }
}

usm_error_t *eas_cmd_foldersync(eas_ctx_t *ctx, const eas_node_t *doc, eas_writer_t *out)
{
    static const unsigned children[] = {EAS_FolderHierarchy_SyncKey, 0};
    apr_array_header_t *folders = apr_array_make(ctx->pool, 32, sizeof(folder_t));
    usm_turn_t *turn;
    const char *key;

    if (!eas_node_only(doc, children)) {
        return eas_answer_status(ctx, FOLDER_MALFORMED);
    }
    USM_ERR(eas_folder_turn(&turn, ctx, doc, WINDOW));
    if (turn == NULL) {
        return NULL;
    }
    USM_ERR(collect(folders, ctx, turn));
    USM_ERR(usm_turn_close(&key, turn, ctx->pool));
    if (folders->nelts == 0 && strcmp(key, eas_node_child_text(doc, EAS_FolderHierarchy_SyncKey)) == 0) {
        ctx->came = EAS_PACE_IDLE;
    }
    eas_writer_start(out, EAS_FolderHierarchy_FolderSync);
    eas_put_status(ctx, out, EAS_FolderHierarchy_Status, FOLDER_OK);
    eas_writer_tag_text(out, EAS_FolderHierarchy_SyncKey, key);
    eas_writer_start(out, EAS_FolderHierarchy_Changes);
    eas_writer_tag_int(out, EAS_FolderHierarchy_Count, folders->nelts);
    write_kind(folders, out, EAS_FolderHierarchy_Update, USM_CHANGE_CHANGE);
    write_kind(folders, out, EAS_FolderHierarchy_Delete, USM_CHANGE_DELETE);
    write_kind(folders, out, EAS_FolderHierarchy_Add, USM_CHANGE_ADD);
    eas_writer_end(out);
    eas_writer_end(out);
    return NULL;
}
