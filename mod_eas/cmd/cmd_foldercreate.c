/* SPDX-License-Identifier: Apache-2.0 */
/* FolderCreate (MS-ASCMD 2.2.1.3). */
#include "eas_folder.h"

#include <apr_escape.h>
#include <apr_sha1.h>
#include <apr_strings.h>
#include <string.h>

/*
 * The device gives no id of its own for the new folder. What it asks for names the request well enough to know it again
 * when its answer was lost: the engine looks at it only for the same key.
 */
static const char *client_id(const char *parent, const char *name, int type, apr_pool_t *pool)
{
    const char *text = apr_psprintf(pool, "%d/%s/%s", type, parent, name);
    unsigned char sum[APR_SHA1_DIGESTSIZE];
    apr_sha1_ctx_t sha;

    apr_sha1_init(&sha);
    apr_sha1_update(&sha, text, (unsigned)strlen(text));
    apr_sha1_final(sum, &sha);
    return apr_pescape_hex(pool, sum, sizeof(sum), 0);
}

/* 0, or the status that says what is wrong with the wanted type. */
static int check_type(usm_class_e *cls_p, int *type_p, const eas_node_t *doc, unsigned version)
{
    apr_int64_t type;

    if (!eas_node_int(eas_node_child(doc, EAS_FolderHierarchy_Type), 1, 99, &type)) {
        return FOLDER_MALFORMED;
    }
    if (type == EAS_FOLDER_TYPE_RI) {
        return FOLDER_RECIPIENT_CACHE;
    }
    *type_p = (int)type;
    return eas_folder_creatable(cls_p, (int)type, version) ? 0 : FOLDER_MALFORMED;
}

usm_error_t *eas_cmd_foldercreate(eas_ctx_t *ctx, const eas_node_t *doc, eas_writer_t *out)
{
    static const unsigned children[] = {EAS_FolderHierarchy_SyncKey, EAS_FolderHierarchy_ParentId,
                                        EAS_FolderHierarchy_DisplayName, EAS_FolderHierarchy_Type, 0};
    const char *parent = eas_folder_text(doc, EAS_FolderHierarchy_ParentId, EAS_ID_MAX);
    const char *name = eas_folder_text(doc, EAS_FolderHierarchy_DisplayName, EAS_FOLDER_NAME_MAX);
    usm_class_e cls = USM_EMAIL;
    usm_outcome_t outcome;
    usm_item_t *item;
    usm_turn_t *turn;
    int type = 0;
    int status = check_type(&cls, &type, doc, ctx->version);

    if (!eas_node_only(doc, children) || parent == NULL || name == NULL) {
        return eas_answer_status(ctx, FOLDER_MALFORMED);
    }
    if (status != 0) {
        return eas_answer_status(ctx, status);
    }
    if (strcmp(parent, EAS_FOLDER_RI) == 0) {
        return eas_answer_status(ctx, FOLDER_RECIPIENT_CACHE);
    }
    USM_ERR(eas_folder_turn(&turn, ctx, doc, 0));
    if (turn == NULL) {
        return NULL;
    }
    item = usm_item_create(USM_FOLDER, ctx->pool);
    usm_item_set_text(item, USM_FOLDER_PARENT, parent);
    usm_item_set_text(item, USM_FOLDER_NAME, name);
    usm_item_set_num(item, USM_FOLDER_CLASS, cls);
    USM_ERR(usm_turn_add(&outcome, turn, client_id(parent, name, type, ctx->pool), item));
    USM_ERR(outcome.error);
    return eas_folder_finish(ctx, out, turn, outcome.server_id);
}
