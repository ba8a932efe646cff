/* SPDX-License-Identifier: Apache-2.0 */
#include "ox/ox.h"

#include <apr_strings.h>
#include <string.h>

static const char *text_or(const char *text, const char *dflt)
{
    return text ? text : dflt;
}

/* scheme://host[:port] of a base URL; NULL when it is none. */
static const char *origin_of(const char *url, apr_pool_t *pool)
{
    const char *host = strncmp(url, "http://", 7) == 0 ? url + 7 : strncmp(url, "https://", 8) == 0 ? url + 8 : NULL;
    const char *end = host ? strchr(host, '/') : NULL;
    if (!host || !*host || host == end)
        return NULL;
    return end ? apr_pstrmemdup(pool, url, (apr_size_t)(end - url)) : url;
}

static usm_error_t *create(usm_backend_t **backend_p, const usm_config_t *config, const usm_log_t *log,
                           apr_pool_t *pool)
{
    ox_backend_t *be = apr_pcalloc(pool, sizeof *be);
    const char *url = config->backend_url;
    be->base.vt = usm_backend_ox();
    be->pool = pool;
    be->origin = url ? origin_of(url, pool) : NULL;
    if (!be->origin)
        return USM_ERROR(pool, USM_ECONFIG,
                         "the groupware server's URL must start with http:// or https:// and a host");
    be->base_url = url[strlen(url) - 1] == '/' ? apr_pstrdup(pool, url) : apr_pstrcat(pool, url, "/", NULL);
    be->client_id = text_or(config->client_id, "USM-EAS");
    be->flag_compare_ms = (config->flag_compare_s > 0 ? config->flag_compare_s : 60) * APR_INT64_C(1000);
    be->capabilities = text_or(config->capabilities, "active_sync,usm");
    be->show_shared = config->show_shared;
    be->show_public = config->show_public;
    be->calendar = config->calendar;
    be->notes_folder = text_or(config->notes_folder, "Notes");
    if (log)
        be->log = *log;
    ox_http_config_t http = {.user_agent = text_or(config->user_agent, "Open-Xchange USM HTTP Client"),
                             .ca = config->backend_ca,
                             .insecure = config->backend_insecure,
                             .keep = config->backend_max,
                             .connect_timeout_ms = config->connect_timeout_ms,
                             .timeout_ms = config->timeout_ms};
    USM_ERR(ox_http_create(&be->http, &http, pool));
    *backend_p = &be->base;
    return NULL;
}

/* ---- the folder's class says which module answers ---- */

static const ox_module_t *module_of(const usm_bcall_t *call, const usm_bref_t *folder)
{
    switch (folder->cls) {
    case USM_EMAIL:
        return &ox_mail_module;
    case USM_NOTE:
        return &ox_note_module;
    case USM_RECIPIENT:
        return &ox_recipient_module;
    default:
        return ox_is_chronos(call, folder->cls) ? &ox_chronos_module : &ox_pim_module;
    }
}

/* A folder whose user has lost the right to read it is gone for him, and FolderSync will say so. */
static usm_error_t *closed_is_gone(usm_error_t *err, const usm_bref_t *folder, apr_pool_t *pool)
{
    if (!usm_error_is(err, USM_EFORBIDDEN))
        return err;
    usm_error_clear(err);
    return USM_ERROR(pool, USM_EFOLDER_GONE, "folder %.100s may no longer be read", folder->id);
}

static usm_error_t *changed(int *changed_p, usm_bcall_t *call, const usm_bref_t *folder, const char *cursor,
                            apr_pool_t *scratch_pool)
{
    return closed_is_gone(module_of(call, folder)->changed(changed_p, call, folder, cursor, scratch_pool), folder,
                          scratch_pool);
}

static usm_error_t *changes(const char **cursor_p, usm_bcall_t *call, const usm_bref_t *folder,
                            const usm_brange_t *range, const char *cursor, int force_full, const usm_bsink_t *sink,
                            apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    return closed_is_gone(module_of(call, folder)->changes(cursor_p, call, folder, range, cursor, force_full, sink,
                                                           result_pool, scratch_pool),
                          folder, scratch_pool);
}

static usm_error_t *get(usm_bget_t *gets, int count, usm_bcall_t *call, const usm_bref_t *folder,
                        const usm_fetch_t *fetch, apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    if (count <= 0)
        return NULL;
    return module_of(call, folder)->get(gets, count, call, folder, fetch, result_pool, scratch_pool);
}

static usm_error_t *add(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder, const usm_item_t *item,
                        const char *uid, apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    memset(result, 0, sizeof *result);
    result->edge = USM_TIME_NONE;
    return module_of(call, folder)->add(result, call, folder, item, uid, result_pool, scratch_pool);
}

static usm_error_t *find_uid(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder, const char *uid,
                             apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    memset(result, 0, sizeof *result);
    result->edge = USM_TIME_NONE;
    return module_of(call, folder)->find_uid(result, call, folder, uid, result_pool, scratch_pool);
}

static usm_error_t *update(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder, const char *id,
                           const usm_item_t *item, const usm_fieldset_t *fields, apr_uint64_t rev,
                           apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    /* result->edge stays what the caller knows unless the change moved it. */
    return module_of(call, folder)->update(result, call, folder, id, item, fields, rev, result_pool, scratch_pool);
}

static usm_error_t *remove_item(usm_bcall_t *call, const usm_bref_t *folder, const char *id, usm_delete_e how,
                                apr_uint64_t rev, apr_pool_t *scratch_pool)
{
    return module_of(call, folder)->remove(call, folder, id, how, rev, scratch_pool);
}

static usm_error_t *read_part(apr_uint64_t *size_p, usm_bcall_t *call, const usm_bref_t *folder, const char *id,
                              const char *part, usm_data_fn fn, void *baton, apr_pool_t *scratch_pool)
{
    if (!module_of(call, folder)->part)
        return USM_ERROR(scratch_pool, USM_ENOTFOUND, "items of this kind have no attachments");
    return module_of(call, folder)->part(size_p, call, folder, id, part, fn, baton, scratch_pool);
}

const usm_backend_vtable_t *usm_backend_ox(void)
{
    static const usm_backend_vtable_t vtable = {
        .name = "ox",
        .create = create,
        .login = ox_login,
        .freeze = ox_login_freeze,
        .resume = ox_login_resume,
        .retain = ox_login_retain,
        .release = ox_login_release,
        .drop = ox_login_drop,
        .user = ox_login_user,
        .userinfo = ox_userinfo,
        .folders = ox_folders,
        .folder_token = ox_folder_token,
        .folder_create = ox_folder_create,
        .folder_update = ox_folder_update,
        .folder_delete = ox_folder_delete,
        .changed = changed,
        .changes = changes,
        .get = get,
        .add = add,
        .find_uid = find_uid,
        .update = update,
        .remove = remove_item,
        .move = ox_move,
        .confirm = ox_confirm,
        .take_invitation = ox_take_invitation,
        .search = ox_search,
        .threads = ox_threads,
        .edit_mails = ox_mail_edit,
        .store_mail = ox_mail_store,
        .find_mail = ox_mail_find,
        .part = read_part,
        .folder_clear = ox_folder_clear,
        .send = ox_mail_send,
        .was_sent = ox_mail_was_sent,
        .people = ox_people,
        .picture = ox_people_picture,
        .busy = ox_people_busy,
        .away_get = ox_away_get,
        .away_set = ox_away_set,
        .notification = ox_notification,
    };
    return &vtable;
}
