/* SPDX-License-Identifier: Apache-2.0 */
/* Files of appointments: module attachment, spec 7. */
#include "ox/ox_attach.h"

#include <apr_strings.h>
#include <string.h>
#include <usm/fields.h>

#define MODULE "1" /* appointments, in this module's own count */
#define FILES_MAX 1000
#define FILE_MAX ((apr_size_t)512 << 20)

static const char *path_of(const char *action, const usm_bref_t *folder, const char *id, const char *columns,
                           apr_pool_t *pool)
{
    return ox_path(pool, "attachment", "action", action, "attached", id, "folder", folder->id, "module", MODULE,
                   "columns", columns, "timezone", "UTC", NULL);
}

static usm_error_t *read_list(usm_attachments_t **list_p, usm_bcall_t *call, const usm_bref_t *folder, const char *id,
                              apr_pool_t *result_pool, apr_pool_t *pool)
{
    ox_answer_t answer;
    usm_attachments_t *list = apr_pcalloc(result_pool, sizeof *list);
    USM_ERR(ox_get(&answer, call, path_of("all", folder, id, "1,803,804,805", pool), pool));
    if (!ox_json_is_array(answer.data)) /* no answer is not "none" */
        return USM_ERROR(pool, USM_EBACKEND, "list of attachments without data");
    int count = ox_json_count(answer.data) < FILES_MAX ? ox_json_count(answer.data) : FILES_MAX;
    list->items = apr_pcalloc(result_pool, sizeof(usm_attachment_t) * (apr_size_t)(count + 1));
    for (int i = 0; i < count; i++) {
        const ox_json_t *row = ox_json_at(answer.data, i);
        usm_attachment_t *a = &list->items[list->count];
        a->id = ox_json_text(ox_json_at(row, 0), result_pool);
        a->name = ox_json_text(ox_json_at(row, 1), result_pool);
        a->size = (apr_uint64_t)ox_json_int(ox_json_at(row, 2), 0);
        a->content_type = ox_json_text(ox_json_at(row, 3), result_pool);
        list->count += a->id != NULL;
    }
    *list_p = list;
    return NULL;
}

usm_error_t *ox_attach_read(usm_item_t *item, usm_bcall_t *call, const usm_bref_t *folder, const char *id,
                            apr_pool_t *scratch_pool)
{
    usm_attachments_t *list;
    usm_error_t *err = read_list(&list, call, folder, id, item->pool, scratch_pool);
    if (err && usm_error_class(err) != USM_CLASS_UNAVAILABLE && usm_error_class(err) != USM_CLASS_AUTH) {
        usm_error_clear(err); /* an event without its files is better than none */
        return NULL;
    }
    USM_ERR(err);
    usm_item_set_ptr(item, USM_EVENT_ATTACHMENTS, list->count ? list : NULL);
    return NULL;
}

/* One that is there, under its id, or, for a repeat of an upload whose answer was lost, the same file by name and
 * size. */
static const usm_attachment_t *find(const usm_attachments_t *list, const usm_attachment_t *like)
{
    for (int i = 0; list && i < list->count; i++) {
        const usm_attachment_t *a = &list->items[i];
        if (like->id && a->id ? strcmp(a->id, like->id) == 0
                              : a->size == like->size && a->name && like->name && strcmp(a->name, like->name) == 0)
            return a;
    }
    return NULL;
}

static usm_error_t *detach(usm_bcall_t *call, const usm_bref_t *folder, const char *id, const usm_attachments_t *have,
                           const usm_attachments_t *want, apr_pool_t *pool)
{
    ox_answer_t answer;
    ox_json_t *gone = ox_json_array(pool);
    for (int i = 0; i < have->count; i++) {
        if (!find(want, &have->items[i]))
            ox_json_add_text(gone, have->items[i].id);
    }
    return ox_json_count(gone) ? ox_put(&answer, call, path_of("detach", folder, id, NULL, pool), gone, pool) : NULL;
}

static usm_error_t *attach(usm_bcall_t *call, const usm_bref_t *folder, const char *id, const usm_attachment_t *file,
                           apr_pool_t *pool)
{
    ox_answer_t answer;
    ox_part_t parts[2] = {{.name = "json_0"}, {.name = "file_0"}};
    ox_json_t *about = ox_json_object(pool);
    ox_json_set_text(about, "folder", folder->id);
    ox_json_set_text(about, "attached", id);
    ox_json_set_text(about, "module", MODULE);
    if (file->name)
        ox_json_set_text(about, "filename", file->name);
    parts[0].data = ox_json_dump(&parts[0].len, about, pool);
    parts[1].filename = file->name && *file->name ? file->name : "attachment";
    parts[1].content_type = file->content_type && *file->content_type ? file->content_type : "application/octet-stream";
    parts[1].data = file->data;
    parts[1].len = (apr_size_t)file->size;
    return ox_post_parts(&answer, call, ox_path(pool, "attachment", "action", "attach", NULL), parts, 2, pool);
}

usm_error_t *ox_attach_write(usm_bcall_t *call, const usm_bref_t *folder, const char *id,
                             const usm_attachments_t *want, apr_pool_t *scratch_pool)
{
    usm_attachments_t *have;
    USM_ERR(read_list(&have, call, folder, id, scratch_pool, scratch_pool));
    USM_ERR(detach(call, folder, id, have, want, scratch_pool));
    for (int i = 0; want && i < want->count; i++) {
        if (want->items[i].data && !find(have, &want->items[i]))
            USM_ERR(attach(call, folder, id, &want->items[i], scratch_pool));
    }
    return NULL;
}

usm_error_t *ox_attach_part(apr_uint64_t *size_p, usm_bcall_t *call, const usm_bref_t *folder, const char *id,
                            const char *part, usm_data_fn fn, void *baton, apr_pool_t *scratch_pool)
{
    if (folder->cls != USM_EVENT)
        return USM_ERROR(scratch_pool, USM_ENOTFOUND, "items of this kind have no attachments");
    return ox_get_stream(size_p, call,
                         ox_path(scratch_pool, "attachment", "action", "document", "attached", id, "folder", folder->id,
                                 "module", MODULE, "id", part, NULL),
                         FILE_MAX, fn, baton, scratch_pool);
}
