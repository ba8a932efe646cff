/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "eas_sync.h"

int eas_sync_has_news(const eas_sync_t *sync, const eas_collection_t *col)
{
    /* Up to 12.0 each collection asked for is answered; later, silence means that nothing happened. */
    return sync->ctx->version < 121 || col->status != SYNC_OK || col->changed_key || col->more || col->changes->nelts ||
           col->responses->nelts;
}

static void write_item(eas_sync_t *sync, const eas_collection_t *col, eas_writer_t *out, const char *server_id,
                       const usm_item_t *item, const usm_fieldset_t *changed, const eas_view_t *view)
{
    eas_map_t map = {.ctx = sync->ctx, .out = out, .cls = col->cls, .view = view, .server_id = server_id,
                     .pool = sync->ctx->pool};
    eas_writer_start(out, EAS_AirSync_ApplicationData);
    eas_map_encode(&map, item, changed);
    eas_writer_end(out);
}

static void write_change(eas_sync_t *sync, const eas_collection_t *col, eas_writer_t *out, const usm_change_t *change)
{
    static const unsigned tags[] = {[USM_CHANGE_ADD] = EAS_AirSync_Add, [USM_CHANGE_CHANGE] = EAS_AirSync_Change,
                                    [USM_CHANGE_DELETE] = EAS_AirSync_Delete,
                                    [USM_CHANGE_SOFTDELETE] = EAS_AirSync_SoftDelete};
    const usm_fieldset_t *changed = change->kind == USM_CHANGE_CHANGE ? &change->changed : NULL;
    eas_writer_start(out, tags[change->kind]);
    if (change->item && col->cls == USM_EMAIL && col->options.sms &&
        usm_item_num(change->item, USM_EMAIL_KIND, USM_MAIL_NOTE) == USM_MAIL_SMS)
        eas_writer_tag_text(out, EAS_AirSync_Class, "SMS");
    eas_writer_tag_text(out, EAS_AirSync_ServerId, change->id);
    if (change->item)
        write_item(sync, col, out, change->id, change->item, changed, &col->options.view);
    eas_writer_end(out);
}

static void write_response(eas_sync_t *sync, const eas_collection_t *col, eas_writer_t *out,
                           const eas_response_row_t *row)
{
    eas_view_t view = col->options.view;
    eas_writer_start(out, row->tag);
    eas_writer_tag_text(out, EAS_AirSync_Class, row->cls);
    eas_writer_tag_text(out, EAS_AirSync_ClientId, row->client_id);
    eas_writer_tag_text(out, EAS_AirSync_ServerId, row->server_id);
    eas_writer_tag_text(out, EAS_AirSyncBase_InstanceId, row->instance_id);
    eas_writer_tag_int(out, EAS_AirSync_Status, row->status);
    if (row->item) {
        view.full = 1;
        view.truncation = view.mime_truncation = -1;
        for (int i = 0; i < view.prefs; i++)
            view.pref[i].truncation = -1;
        write_item(sync, col, out, row->server_id, row->item, NULL, &view);
    }
    if (row->draft) {
        eas_writer_start(out, EAS_AirSync_ApplicationData);
        eas_draft_write(row->draft, sync->ctx, out);
        eas_writer_end(out);
    }
    eas_writer_end(out);
}

static void write_collection(eas_sync_t *sync, const eas_collection_t *col, eas_writer_t *out)
{
    eas_writer_start(out, EAS_AirSync_Collection);
    if (sync->ctx->version < 121)
        eas_writer_tag_text(out, EAS_AirSync_Class, eas_class_name(col->cls));
    eas_writer_tag_text(out, EAS_AirSync_SyncKey, col->new_key ? col->new_key : col->key);
    eas_writer_tag_text(out, EAS_AirSync_CollectionId, col->id);
    eas_writer_tag_int(out, EAS_AirSync_Status, col->status);
    if (col->more)
        eas_writer_empty(out, EAS_AirSync_MoreAvailable);
    if (col->changes->nelts) {
        eas_writer_start(out, EAS_AirSync_Commands);
        for (int i = 0; i < col->changes->nelts; i++)
            write_change(sync, col, out, APR_ARRAY_IDX(col->changes, i, const usm_change_t *));
        eas_writer_end(out);
    }
    if (col->responses->nelts) {
        eas_writer_start(out, EAS_AirSync_Responses);
        for (int i = 0; i < col->responses->nelts; i++)
            write_response(sync, col, out, &APR_ARRAY_IDX(col->responses, i, eas_response_row_t));
        eas_writer_end(out);
    }
    eas_writer_end(out);
}

void eas_sync_write(eas_sync_t *sync, eas_writer_t *out)
{
    int begun = 0;
    for (int i = 0; i < sync->collections->nelts; i++) {
        const eas_collection_t *col = &APR_ARRAY_IDX(sync->collections, i, eas_collection_t);
        if (!eas_sync_has_news(sync, col))
            continue;
        if (!begun) { /* an empty Collections element crashes iOS: nothing at all is said instead */
            eas_writer_start(out, EAS_AirSync_Sync);
            eas_writer_start(out, EAS_AirSync_Collections);
            begun = 1;
        }
        write_collection(sync, col, out);
        if (!sync->ctx->status || col->status != SYNC_OK)
            sync->ctx->status = col->status;
    }
    if (begun) {
        eas_writer_end(out);
        eas_writer_end(out);
    }
}
