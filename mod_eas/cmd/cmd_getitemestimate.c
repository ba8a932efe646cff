/* SPDX-License-Identifier: Apache-2.0 */
/* GetItemEstimate (MS-ASCMD 2.2.1.9). */
#include <string.h>

#include "eas_collection.h"

#define COLLECTIONS_MAX 1000
#define ESTIMATE_MAX 512 /* with no filter Exchange counts no further */

/* *filter_p: -1 = as in the last Sync. @return 0 or the status of the whole command. */
static int read_filter(int *filter_p, const eas_node_t *collection, const eas_node_t *options, usm_class_e cls)
{
    const eas_node_t *filter = eas_node_child(options, EAS_AirSync_FilterType);
    const eas_node_t *conversations = eas_node_child(collection, EAS_AirSync_ConversationMode);
    apr_int64_t n;
    int yes;
    *filter_p = -1;
    if (conversations && (cls != USM_EMAIL || !eas_node_bool(conversations, &yes)))
        return EAS_STATUS_InvalidXML;
    if (!filter)
        return 0;
    if (!eas_node_int(filter, 0, 8, &n))
        return EAS_STATUS_InvalidXML;
    if (!eas_filter_allowed(cls, (int)n))
        return EAS_STATUS_ServerError;
    *filter_p = (int)n;
    return 0;
}

static usm_error_t *estimate(int *status_p, int *count_p, int *global_p, eas_ctx_t *ctx, const eas_node_t *node)
{
    const char *id = eas_node_child_text(node, EAS_GetItemEstimate_CollectionId);
    const char *key = eas_node_child_text(node, EAS_AirSync_SyncKey), *packed = NULL;
    eas_options_t options;
    usm_turn_params_t params = {.folder = id, .key = key, .window = EAS_WINDOW_MAX};
    const eas_node_t *own;
    usm_class_e cls;
    apr_int64_t max_items = 0;
    int filter;
    *count_p = 0;
    *status_p = ESTIMATE_NO_FOLDER;
    usm_error_t *err = usm_collection_options(&packed, &cls, ctx->session, id ? id : "", ctx->pool);
    if (err && usm_error_class(err) == USM_CLASS_NOTFOUND) {
        usm_error_clear(err);
        return NULL;
    }
    if (err)
        return err;
    if (!eas_options_blocks(&own, node, ctx->version, cls)) {
        *status_p = ESTIMATE_STALE_KEY; /* that is the number for it, whatever it is called */
        return NULL;
    }
    if (!own)
        own = node; /* up to 12.1 the filter stands there */
    const eas_node_t *most = eas_node_child(own, EAS_AirSync_MaxItems);
    if (most && (cls != USM_RECIPIENT || !eas_node_int(most, 1, APR_INT32_MAX, &max_items)))
        return NULL;
    *global_p = read_filter(&filter, node, own, cls);
    *status_p = !key || strcmp(key, "0") == 0 || !packed ? ESTIMATE_NOT_PRIMED : ESTIMATE_OK;
    if (*global_p || *status_p != ESTIMATE_OK)
        return NULL;
    eas_options_unpack(&options, packed);
    if (filter >= 0)
        options.filter = filter;
    if (most)
        options.max_items = max_items > USM_RECIPIENTS_MAX ? USM_RECIPIENTS_MAX : (int)max_items;
    eas_options_apply(&params, &options, cls, ctx);
    err = usm_collection_estimate(count_p, ctx->session, &params, ctx->pool);
    if (err && usm_error_class(err) == USM_CLASS_STALE_KEY) {
        /* Android looks at the number alone: with one it will Sync, and that tells it to start over. */
        *status_p = ESTIMATE_STALE_KEY;
        *count_p = 1;
        usm_error_clear(err);
        return NULL;
    }
    if (*count_p > ESTIMATE_MAX && !options.filter)
        *count_p = ESTIMATE_MAX;
    return err;
}

usm_error_t *eas_cmd_getitemestimate(eas_ctx_t *ctx, const eas_node_t *doc, eas_writer_t *out)
{
    const eas_node_t *list = eas_node_child(doc, EAS_GetItemEstimate_Collections), *node;
    static const unsigned children[] = {EAS_GetItemEstimate_Collections, 0};
    unsigned n = 0, others = 0;
    EAS_NODE_EACH(node, list)
    {
        others += node->tag != EAS_GetItemEstimate_Collection;
        n++;
    }
    if (n == 0 || others || n > COLLECTIONS_MAX || !eas_node_only(doc, children))
        return eas_answer_status(ctx, EAS_STATUS_InvalidXML);
    eas_writer_start(out, EAS_GetItemEstimate_GetItemEstimate);
    ctx->status = ESTIMATE_OK;
    ctx->came = EAS_PACE_IDLE;
    EAS_NODE_EACH_TAG(node, list, EAS_GetItemEstimate_Collection)
    {
        int status = 0, count = 0, global = 0;
        USM_ERR(estimate(&status, &count, &global, ctx, node));
        if (global)
            return eas_answer_status(ctx, global);
        eas_writer_start(out, EAS_GetItemEstimate_Response);
        eas_writer_tag_int(out, EAS_GetItemEstimate_Status, status);
        if (status != ESTIMATE_OK)
            ctx->status = status;
        eas_writer_start(out, EAS_GetItemEstimate_Collection);
        if (ctx->version < 140 && eas_node_child_text(node, EAS_GetItemEstimate_Class))
            eas_writer_tag_text(out, EAS_GetItemEstimate_Class, eas_node_child_text(node, EAS_GetItemEstimate_Class));
        eas_writer_tag_text(out, EAS_GetItemEstimate_CollectionId,
                            eas_node_child_text(node, EAS_GetItemEstimate_CollectionId));
        if (status == ESTIMATE_OK || count)
            eas_writer_tag_int(out, EAS_GetItemEstimate_Estimate, count);
        eas_writer_end(out);
        eas_writer_end(out);
    }
    eas_writer_end(out);
    return NULL;
}
