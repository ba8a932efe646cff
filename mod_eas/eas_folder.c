/* SPDX-License-Identifier: Apache-2.0 */
#include "eas_folder.h"

#include <string.h>

#define ANY_ROLE USM_ROLE_COUNT
#define USM_ROLE_ANY ANY_ROLE

static const struct {
    int type;
    usm_class_e cls;
    usm_role_e role;
    unsigned first;
    int creatable;
} rows[] = {
#define EAS_FOLDER(type_, class_, role_, first_, creatable_)                                                           \
    {type_, USM_##class_, USM_ROLE_##role_, first_, creatable_},
#include "tbl/folders.h"
};

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

int eas_folder_type(usm_class_e cls, usm_role_e role, unsigned version)
{
    unsigned i;

    for (i = 0; i < ROW_COUNT; i++) {
        if (rows[i].cls == cls && (rows[i].role == role || rows[i].role == ANY_ROLE)) {
            return version >= rows[i].first ? rows[i].type : 0;
        }
    }
    return 0;
}

unsigned eas_folder_hidden(const eas_conf_t *conf, unsigned version)
{
    unsigned hidden = conf->recipient_cache ? 0 : 1U << USM_RECIPIENT;
    int cls;

    for (cls = USM_FOLDER + 1; cls < USM_CLASS_COUNT; cls++) {
        if (eas_folder_type((usm_class_e)cls, USM_ROLE_USER, version) == 0) {
            hidden |= 1U << cls;
        }
    }
    return hidden;
}

int eas_folder_creatable(usm_class_e *cls_p, int type, unsigned version)
{
    unsigned i;

    for (i = 0; i < ROW_COUNT; i++) {
        if (rows[i].type == type && rows[i].creatable && version >= rows[i].first) {
            *cls_p = rows[i].cls;
            return 1;
        }
    }
    return 0;
}

usm_error_t *eas_folder_turn(usm_turn_t **turn_p, eas_ctx_t *ctx, const eas_node_t *doc, int window)
{
    const char *key = eas_node_child_text(doc, EAS_FolderHierarchy_SyncKey);
    usm_turn_params_t params = {.key = key, .since = USM_TIME_NONE, .window = window};

    *turn_p = NULL;
    if (key == NULL) {
        return eas_answer_status(ctx, FOLDER_MALFORMED);
    }
    /* Key 0 starts the hierarchy over, which no command but FolderSync may do. */
    if (*key == '\0' || strlen(key) > EAS_ID_MAX || (window == 0 && strcmp(key, "0") == 0)) {
        return eas_answer_status(ctx, FOLDER_STALE_KEY);
    }
    return usm_turn_open(turn_p, ctx->session, &params, ctx->pool);
}

usm_error_t *eas_folder_finish(eas_ctx_t *ctx, eas_writer_t *out, usm_turn_t *turn, const char *server_id)
{
    const char *key;

    USM_ERR(usm_turn_close(&key, turn, ctx->pool));
    eas_writer_start(out, ctx->command->root_tag);
    eas_put_status(ctx, out, EAS_FolderHierarchy_Status, FOLDER_OK);
    eas_writer_tag_text(out, EAS_FolderHierarchy_SyncKey, key);
    eas_writer_tag_text(out, EAS_FolderHierarchy_ServerId, server_id);
    eas_writer_end(out);
    return NULL;
}

const char *eas_folder_text(const eas_node_t *doc, unsigned tag, apr_size_t max)
{
    const char *text = eas_node_child_text(doc, tag);
    apr_size_t count = 0;
    const char *at;

    for (at = text; at != NULL && *at != '\0'; at++) {
        count += (*at & 0xC0) != 0x80;
    }
    return count > 0 && count <= max ? text : NULL;
}
