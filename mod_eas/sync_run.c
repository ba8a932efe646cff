/* SPDX-License-Identifier: Apache-2.0 */
#include <apr_strings.h>
#include <string.h>

#include "eas_series.h"
#include "eas_sync.h"

/* What became of an item, as Sync says it. Rows: the first class that fits. */
static int outcome_status(const usm_error_t *err, unsigned version)
{
    static const struct {
        usm_errclass_e cls;
        int status;
    } rows[] = {{USM_CLASS_CONFLICT, SYNC_CONFLICT}, {USM_CLASS_NOTFOUND, SYNC_NOT_FOUND},
                {USM_CLASS_INVALID, SYNC_CONVERSION}, {USM_CLASS_EXISTS, SYNC_CONVERSION},
                {USM_CLASS_PERM, SYNC_CONVERSION},    {USM_CLASS_LIMIT, SYNC_CONVERSION},
                {USM_CLASS_QUOTA, SYNC_FULL}};
    if (!err)
        return SYNC_OK;
    for (apr_size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].cls == usm_error_class(err))
            return rows[i].status;
    }
    return version >= 140 ? SYNC_RETRY : SYNC_SERVER;
}

/* A class that a command names and that is not the folder's: SMS in a mail folder, or a mistake. */
static const char *other_class(const eas_collection_t *col, const eas_node_t *cmd)
{
    const char *cls = eas_node_child_text(cmd, EAS_AirSync_Class);
    return cls && !eas_class_is(col->cls, cls) ? cls : NULL;
}

static void respond(eas_collection_t *col, const eas_node_t *cmd, const char *client_id, const char *server_id,
                    int status, const usm_item_t *item)
{
    const char *instance = eas_node_child_text(cmd, EAS_AirSyncBase_InstanceId);
    eas_response_row_t *row = apr_array_push(col->responses);
    usm_time_t t;
    *row = (eas_response_row_t){.tag = cmd->tag, .cls = other_class(col, cmd), .client_id = client_id,
                                .server_id = server_id, .status = status, .item = item,
                                .instance_id = eas_time_parse(&t, instance) ? instance : NULL};
}

static void log_refusal(eas_sync_t *sync, const eas_collection_t *col, const char *what, const char *id,
                        const usm_error_t *err)
{
    usm_log(sync->ctx->log, USM_LOG_INFO, EASLOGNO(40), "%s %s in folder %s was refused: %s", what, id, col->id,
            usm_error_text(err, sync->ctx->pool));
}

static usm_error_t *decode(usm_item_t **item_p, eas_sync_t *sync, eas_collection_t *col, const eas_node_t *cmd,
                           const char *server_id, const usm_item_t *base)
{
    eas_map_t map = {.ctx = sync->ctx, .cls = col->cls, .view = &col->options.view, .pool = sync->ctx->pool,
                     .server_id = server_id, .base = base};
    const eas_node_t *data = eas_node_child(cmd, EAS_AirSync_ApplicationData);
    if (!data) { /* a draft to be sent as it is: drafts are not kept for devices here */
        *item_p = NULL;
        return USM_ERROR(sync->ctx->pool, USM_EINVALID, "a command without data");
    }
    return eas_map_decode(item_p, &map, data);
}

/* Fetch gives the item whole, in the form the options ask for. */
static void whole_view(eas_view_t *view, const eas_view_t *kept)
{
    *view = *kept;
    view->full = 1;
    view->truncation = view->mime_truncation = -1;
    for (int i = 0; i < view->prefs; i++)
        view->pref[i].truncation = -1;
}

/* The item as the server has it. What it has to be asked for and cannot be told now ends the turn. */
static usm_error_t *read_base(usm_item_t **base_p, usm_outcome_t *out, eas_sync_t *sync, eas_collection_t *col,
                              const char *server_id)
{
    eas_view_t view;
    usm_fetch_t fetch;
    whole_view(&view, &col->options.view);
    eas_map_fetch(&fetch, col->cls, sync->ctx->version, &view);
    usm_error_t *err = usm_turn_fetch(base_p, col->turn, server_id, &fetch, sync->ctx->pool);
    if (!err || usm_error_class(err) == USM_CLASS_UNAVAILABLE || usm_error_class(err) == USM_CLASS_AUTH)
        return err;
    out->error = err;
    return NULL;
}

/* A mail that is being written, which the Drafts folder takes from 16.0 on. */
static int is_draft(const eas_sync_t *sync, const eas_collection_t *col, const eas_node_t *cmd)
{
    return col->cls == USM_EMAIL && usm_turn_role(col->turn) == USM_ROLE_DRAFTS && !other_class(col, cmd) &&
           eas_draft_is(cmd, sync->ctx->version);
}

static usm_error_t *run_draft(eas_sync_t *sync, eas_collection_t *col, const eas_node_t *cmd)
{
    int adds = cmd->tag == EAS_AirSync_Add;
    const char *client_id = adds ? eas_node_child_text(cmd, EAS_AirSync_ClientId) : NULL;
    const char *server_id = adds ? NULL : eas_node_child_text(cmd, EAS_AirSync_ServerId);
    eas_draft_t *draft = apr_palloc(sync->ctx->pool, sizeof *draft);
    usm_outcome_t out = {0};
    out.error = eas_draft_read(draft, sync->ctx, cmd, server_id);
    if (!out.error)
        USM_ERR(usm_turn_draft(&out, col->turn, client_id, server_id, &draft->draft));
    if (out.error)
        log_refusal(sync, col, adds ? "Add" : "Change", adds ? client_id : server_id, out.error);
    int status = usm_error_is(out.error, USM_ERECIPIENT) ? EAS_STATUS_InvalidRecipients
                                                         : outcome_status(out.error, sync->ctx->version);
    draft->now = out.server_id;
    int news = !out.error && out.server_id && eas_draft_has_news(draft);
    if (adds || out.error || news)
        respond(col, cmd, client_id, adds ? out.server_id : server_id, status, NULL);
    if (news)
        APR_ARRAY_IDX(col->responses, col->responses->nelts - 1, eas_response_row_t).draft = draft;
    return NULL;
}

/* Files that came with an event: under which reference each of them can be had (MS-ASCMD 2.2.3.7). */
static usm_error_t *tell_files(eas_sync_t *sync, eas_collection_t *col, const eas_node_t *cmd, const char *server_id)
{
    const eas_node_t *list = eas_node_child(eas_node_child(cmd, EAS_AirSync_ApplicationData),
                                            EAS_AirSyncBase_Attachments);
    usm_fetch_t fetch = {.text_max = 0};
    usm_item_t *item;
    if (sync->ctx->version < 160 || col->cls != USM_EVENT || !eas_node_child(list, EAS_AirSyncBase_Add))
        return NULL;
    eas_draft_t *files = apr_palloc(sync->ctx->pool, sizeof *files);
    memset(files, 0, sizeof *files);
    USM_FIELDSET_ADD(&fetch.fields, USM_EVENT_ATTACHMENTS);
    usm_error_t *err = eas_draft_files(files, sync->ctx, list, server_id);
    if (!err)
        err = usm_turn_fetch(&item, col->turn, server_id, &fetch, sync->ctx->pool);
    if (err && (usm_error_class(err) == USM_CLASS_UNAVAILABLE || usm_error_class(err) == USM_CLASS_AUTH))
        return err;
    if (err) { /* it is stored: the device hears of it with the event's next change */
        usm_error_clear(err);
        return NULL;
    }
    if (usm_item_isset(item, USM_EVENT_ATTACHMENTS))
        eas_draft_match(files, item->v[USM_EVENT_ATTACHMENTS].u.attachments);
    files->now = server_id;
    if (!eas_draft_has_news(files))
        return NULL;
    if (cmd->tag != EAS_AirSync_Add)
        respond(col, cmd, NULL, server_id, SYNC_OK, NULL);
    APR_ARRAY_IDX(col->responses, col->responses->nelts - 1, eas_response_row_t).draft = files;
    return NULL;
}

/* A short message, which a mail folder takes from 14.0 on. */
static int is_sms(const eas_sync_t *sync, const eas_collection_t *col, const eas_node_t *cmd)
{
    const char *cls = other_class(col, cmd);
    return sync->ctx->version >= 140 && col->cls == USM_EMAIL && cls && strcmp(cls, "SMS") == 0;
}

static usm_error_t *run_sms(eas_sync_t *sync, eas_collection_t *col, const eas_node_t *cmd)
{
    const char *client_id = eas_node_child_text(cmd, EAS_AirSync_ClientId);
    usm_outcome_t out = {0};
    usm_sms_t sms;
    out.error = eas_sms_read(&sms, sync->ctx, cmd);
    if (!out.error)
        USM_ERR(usm_turn_sms(&out, col->turn, client_id, &sms));
    if (out.error)
        log_refusal(sync, col, "Add", client_id, out.error);
    respond(col, cmd, client_id, out.server_id, outcome_status(out.error, sync->ctx->version), NULL);
    return NULL;
}

static usm_error_t *run_add(eas_sync_t *sync, eas_collection_t *col, const eas_node_t *cmd)
{
    const char *client_id = eas_node_child_text(cmd, EAS_AirSync_ClientId);
    usm_outcome_t out = {0};
    usm_item_t *item;
    if (other_class(col, cmd))
        out.error = USM_ERROR(sync->ctx->pool, USM_EINVALID, "an item of another class than its folder");
    else if (col->cls == USM_EMAIL) /* mail is not added by devices: it is sent */
        out.error = USM_ERROR(sync->ctx->pool, USM_EINVALID, "mail cannot be added by a device");
    else if (!(item = col->decoded ? apr_hash_get(col->decoded, &cmd, sizeof cmd) : NULL))
        out.error = decode(&item, sync, col, cmd, NULL, NULL);
    if (!out.error)
        USM_ERR(usm_turn_add(&out, col->turn, client_id, item));
    if (out.error)
        log_refusal(sync, col, "Add", client_id, out.error);
    respond(col, cmd, client_id, out.server_id, outcome_status(out.error, sync->ctx->version), NULL);
    return out.error ? NULL : tell_files(sync, col, cmd, out.server_id);
}

static usm_error_t *run_change(eas_sync_t *sync, eas_collection_t *col, const eas_node_t *cmd)
{
    const char *server_id = eas_node_child_text(cmd, EAS_AirSync_ServerId);
    const eas_node_t *data = eas_node_child(cmd, EAS_AirSync_ApplicationData);
    usm_outcome_t out = {0};
    usm_item_t *item, *base = NULL;
    int partial = sync->ctx->version >= 160 && col->cls == USM_EVENT;
    if ((col->cls == USM_EVENT && eas_event_needs_base(data, sync->ctx->version)) ||
        (col->cls == USM_NOTE && eas_note_needs_base(data)))
        USM_ERR(read_base(&base, &out, sync, col, server_id));
    if (out.error && usm_error_class(out.error) == USM_CLASS_NOTFOUND) {
        usm_error_clear(out.error); /* it may have moved: the change follows it */
        out.error = NULL;
    }
    if (!out.error)
        out.error = decode(&item, sync, col, cmd, server_id, base);
    if (!out.error)
        USM_ERR(usm_turn_change(&out, col->turn, server_id, item, partial));
    if (out.error) { /* silence is success */
        log_refusal(sync, col, "Change", server_id, out.error);
        respond(col, cmd, NULL, server_id, outcome_status(out.error, sync->ctx->version), NULL);
        return NULL;
    }
    return tell_files(sync, col, cmd, server_id);
}

static usm_error_t *run_delete(eas_sync_t *sync, eas_collection_t *col, const eas_node_t *cmd)
{
    const char *server_id = eas_node_child_text(cmd, EAS_AirSync_ServerId);
    usm_outcome_t out = {0};
    USM_ERR(usm_turn_delete(&out, col->turn, server_id, col->how));
    if (out.error) {
        log_refusal(sync, col, "Delete", server_id, out.error);
        respond(col, cmd, NULL, server_id, outcome_status(out.error, sync->ctx->version), NULL);
    }
    return NULL;
}

/* A command for one occurrence is a change of its series. */
static usm_error_t *run_occurrence(eas_sync_t *sync, eas_collection_t *col, const eas_node_t *cmd)
{
    const char *server_id = eas_node_child_text(cmd, EAS_AirSync_ServerId);
    const char *instance = eas_node_child_text(cmd, EAS_AirSyncBase_InstanceId);
    const eas_node_t *data = eas_node_child(cmd, EAS_AirSync_ApplicationData);
    usm_outcome_t out = {0};
    usm_item_t *base = NULL, *item = NULL;
    if (sync->ctx->version < 160 || col->cls != USM_EVENT || (cmd->tag == EAS_AirSync_Change && !data))
        out.error = USM_ERROR(sync->ctx->pool, USM_EINVALID, "there are no occurrences of this");
    else
        USM_ERR(read_base(&base, &out, sync, col, server_id));
    if (base && eas_event_is_orphan(base)) /* it is all there is of the series */
        return cmd->tag == EAS_AirSync_Change ? run_change(sync, col, cmd) : run_delete(sync, col, cmd);
    if (!out.error) {
        eas_map_t map = {.ctx = sync->ctx, .cls = col->cls, .view = &col->options.view, .pool = sync->ctx->pool,
                         .server_id = server_id, .base = base};
        out.error = eas_occurrence_decode(&item, &map, instance, cmd->tag == EAS_AirSync_Change ? data : NULL);
    }
    if (!out.error)
        USM_ERR(usm_turn_change(&out, col->turn, server_id, item, 1));
    if (!out.error)
        return NULL;
    log_refusal(sync, col, "A command for an occurrence of", server_id, out.error);
    int status = outcome_status(out.error, sync->ctx->version);
    respond(col, cmd, NULL, server_id, status, NULL);
    return NULL;
}

static usm_error_t *run_fetch(eas_sync_t *sync, eas_collection_t *col, const eas_node_t *cmd)
{
    const char *server_id = eas_node_child_text(cmd, EAS_AirSync_ServerId);
    eas_view_t view;
    usm_fetch_t fetch;
    usm_item_t *item = NULL;
    whole_view(&view, &col->options.view);
    eas_map_fetch(&fetch, col->cls, sync->ctx->version, &view);
    usm_error_t *err = usm_turn_fetch(&item, col->turn, server_id, &fetch, sync->ctx->pool);
    if (err && usm_error_class(err) == USM_CLASS_UNAVAILABLE)
        return err;
    const char *fault = item ? eas_map_fault(item, sync->ctx->pool) : NULL;
    if (fault) {
        err = USM_ERROR(sync->ctx->pool, USM_EINVALID, "%s", fault);
        item = NULL;
    }
    respond(col, cmd, NULL, server_id, outcome_status(err, sync->ctx->version), item);
    usm_error_clear(err);
    return NULL;
}

/* A phone that adds a hundred contacts must not cost hundreds of transactions. */
static usm_error_t *run_adds_ahead(eas_sync_t *sync, eas_collection_t *col)
{
    apr_array_header_t *rows = apr_array_make(sync->ctx->pool, col->commands + 1, sizeof(usm_ahead_t));
    const eas_node_t *cmd;
    EAS_NODE_EACH_TAG(cmd, eas_node_child(col->node, EAS_AirSync_Commands), EAS_AirSync_Add)
    {
        usm_ahead_t row = {.client_id = eas_node_child_text(cmd, EAS_AirSync_ClientId)};
        usm_item_t *item = NULL;
        usm_error_t *err = other_class(col, cmd) ? NULL : decode(&item, sync, col, cmd, NULL, NULL);
        row.item = item;
        if (!err && item) {
            APR_ARRAY_PUSH(rows, usm_ahead_t) = row;
            if (!col->decoded)
                col->decoded = apr_hash_make(sync->ctx->pool);
            apr_hash_set(col->decoded, apr_pmemdup(sync->ctx->pool, &cmd, sizeof cmd), sizeof cmd, item);
        }
        usm_error_clear(err); /* the command itself will say it */
    }
    return usm_turn_ahead(col->turn, (usm_ahead_t *)rows->elts, rows->nelts);
}

/* Nor one that marks a hundred mails as read a hundred calls. */
static usm_error_t *run_ahead(eas_sync_t *sync, eas_collection_t *col)
{
    apr_array_header_t *rows = apr_array_make(sync->ctx->pool, col->commands + 1, sizeof(usm_ahead_t));
    const eas_node_t *cmd;
    if (col->cls != USM_EMAIL)
        return run_adds_ahead(sync, col);
    EAS_NODE_EACH(cmd, eas_node_child(col->node, EAS_AirSync_Commands))
    {
        usm_ahead_t row = {.server_id = eas_node_child_text(cmd, EAS_AirSync_ServerId), .how = col->how};
        usm_item_t *item = NULL;
        if ((cmd->tag != EAS_AirSync_Change && cmd->tag != EAS_AirSync_Delete) || other_class(col, cmd) ||
            eas_node_child(cmd, EAS_AirSyncBase_InstanceId) || is_draft(sync, col, cmd))
            continue;
        usm_error_t *err = cmd->tag == EAS_AirSync_Change ? decode(&item, sync, col, cmd, row.server_id, NULL)
                                                              : NULL;
        row.item = item;
        if (!err && (item || cmd->tag == EAS_AirSync_Delete))
            APR_ARRAY_PUSH(rows, usm_ahead_t) = row;
        usm_error_clear(err);
    }
    return usm_turn_ahead(col->turn, (usm_ahead_t *)rows->elts, rows->nelts);
}

static usm_error_t *run_commands(eas_sync_t *sync, eas_collection_t *col, int fetches)
{
    const eas_node_t *cmd;
    EAS_NODE_EACH(cmd, eas_node_child(col->node, EAS_AirSync_Commands))
    {
        usm_error_t *err = NULL;
        if ((cmd->tag == EAS_AirSync_Fetch) != fetches)
            continue;
        if (cmd->tag != EAS_AirSync_Add && cmd->tag != EAS_AirSync_Fetch &&
            eas_node_child(cmd, EAS_AirSyncBase_InstanceId))
            err = run_occurrence(sync, col, cmd);
        else if (cmd->tag != EAS_AirSync_Delete && cmd->tag != EAS_AirSync_Fetch && is_draft(sync, col, cmd))
            err = run_draft(sync, col, cmd);
        else if (cmd->tag == EAS_AirSync_Add && is_sms(sync, col, cmd))
            err = run_sms(sync, col, cmd);
        else if (cmd->tag == EAS_AirSync_Add)
            err = run_add(sync, col, cmd);
        else if (cmd->tag == EAS_AirSync_Change)
            err = run_change(sync, col, cmd);
        else if (cmd->tag == EAS_AirSync_Delete)
            err = run_delete(sync, col, cmd);
        else
            err = run_fetch(sync, col, cmd);
        if (err)
            return err;
    }
    return NULL;
}

/* The server's changes, as many as the windows allow. Once the answer is full, one is looked at and put back, so that
 * the device is told of more only where there is more. */
static usm_error_t *take_changes(eas_sync_t *sync, eas_collection_t *col, int *window_left)
{
    const usm_change_t *change;
    for (;;) {
        USM_ERR(usm_turn_next(&change, col->turn, sync->ctx->pool));
        if (!change)
            break;
        const char *fault = change->item ? eas_map_fault(change->item, sync->ctx->pool) : NULL;
        if (fault) {
            usm_turn_withhold(col->turn, fault);
            continue;
        }
        int began = sync->bytes || col->changes->nelts;
        if (*window_left <= 0 || (began && apr_time_now() - sync->started > EAS_SYNC_TIME) ||
            (sync->bytes && sync->bytes + usm_turn_bytes(col->turn) > EAS_SYNC_BYTES)) {
            usm_turn_unread(col->turn);
            break;
        }
        APR_ARRAY_PUSH(col->changes, const usm_change_t *) = change;
        (*window_left)--;
    }
    sync->bytes += col->changes->nelts ? usm_turn_bytes(col->turn) : 0;
    col->more = usm_turn_more(col->turn);
    return NULL;
}

static usm_error_t *run_turn(eas_sync_t *sync, eas_collection_t *col, int *window_left)
{
    eas_ctx_t *ctx = sync->ctx;
    usm_fieldset_t ghosted;
    usm_turn_params_t params = {.folder = col->id, .key = col->key, .strict = col->node == NULL};
    int first = strcmp(col->key, "0") == 0, room = *window_left > 0 ? *window_left : 1;
    eas_map_ghosted(&ghosted, col->cls, ctx->version, col->options.has_supported ? &col->options.supported : NULL);
    params.ghosted = &ghosted;
    params.window = !col->get_changes || first ? 0 : col->window < room ? col->window : room;
    col->options.window = col->window;
    params.options = eas_options_pack(&col->options, ctx->pool);
    eas_options_apply(&params, &col->options, col->cls, ctx);
    USM_ERR(usm_turn_open(&col->turn, ctx->session, &params, ctx->pool));
    if (!first) {
        USM_ERR(run_ahead(sync, col));
        USM_ERR(run_commands(sync, col, 0));
        USM_ERR(run_commands(sync, col, 1));
    }
    USM_ERR(take_changes(sync, col, window_left));
    USM_ERR(usm_turn_close(&col->new_key, col->turn, ctx->pool));
    col->changed_key = strcmp(col->new_key, col->key) != 0;
    return NULL;
}

usm_error_t *eas_sync_run(eas_sync_t *sync, eas_collection_t *col, int *window_left)
{
    col->changes = apr_array_make(sync->ctx->pool, 16, sizeof(const usm_change_t *));
    col->responses = apr_array_make(sync->ctx->pool, 4, sizeof(eas_response_row_t));
    if (col->status != SYNC_OK)
        return NULL;
    usm_error_t *err = col->unproven ? USM_ERROR(sync->ctx->pool, USM_ESTALE_KEY, "the last answer had changes")
                                     : run_turn(sync, col, window_left);
    if (!err)
        return NULL;
    col->changes->nelts = 0;
    col->responses->nelts = 0;
    col->more = 0;
    usm_errclass_e cls = usm_error_class(err);
    if (cls == USM_CLASS_UNAVAILABLE || cls == USM_CLASS_AUTH)
        return err;
    if (cls == USM_CLASS_STALE_KEY && !col->node)
        sync->status = SYNC_INCOMPLETE; /* only the device can tell which answer it has */
    else if (cls == USM_CLASS_STALE_KEY)
        col->status = SYNC_STALE_KEY;
    else if (cls == USM_CLASS_NOTFOUND)
        col->status = SYNC_HIERARCHY;
    else if (cls == USM_CLASS_TEMP || cls == USM_CLASS_CONFLICT)
        col->status = sync->ctx->version >= 140 ? SYNC_RETRY : SYNC_SERVER;
    else
        col->status = SYNC_SERVER;
    /* Old devices get the same number for "come again", which is nobody's fault. */
    int passing = col->status != SYNC_SERVER || cls == USM_CLASS_TEMP || cls == USM_CLASS_CONFLICT;
    usm_log(sync->ctx->log, passing ? USM_LOG_INFO : USM_LOG_ERR, EASLOGNO(41),
            "Sync of folder %s answers %d: %s", col->id, col->status, usm_error_text(err, sync->ctx->pool));
    usm_error_clear(err);
    return NULL;
}
