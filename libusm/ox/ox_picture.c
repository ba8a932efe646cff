/* SPDX-License-Identifier: Apache-2.0 */
#include "ox/ox_picture.h"
#include <usm/fields.h>

#include <apr_strings.h>
#include <string.h>

#define PICTURE_MAX (4 * 1024 * 1024)

/* Edge lengths asked for one after the other until the picture is small enough; 0 = as it is. */
static const int sizes_limited[] = {480, 240, 96};
static const int sizes_free[] = {0};

static usm_error_t *fetch(ox_rsp_t *rsp, usm_bcall_t *call, const char *path, int max, apr_pool_t *pool)
{
    usm_error_t *err = ox_get_bytes(rsp, call, path, PICTURE_MAX, pool);
    if (!err && max > 0 && rsp->len > (apr_size_t)max) {
        ox_http_free(rsp, pool);
        err = USM_ERROR(pool, USM_ELIMIT, "picture is too large");
    }
    return err;
}

/* Errors that only say that this picture cannot be had. */
static int is_absence(const usm_error_t *err)
{
    usm_errclass_e cls = usm_error_class(err);
    return cls == USM_CLASS_NOTFOUND || cls == USM_CLASS_LIMIT || cls == USM_CLASS_PERM || cls == USM_CLASS_INVALID;
}

static void take(usm_item_t *item, ox_rsp_t *rsp)
{
    usm_blob_t *blob = apr_palloc(item->pool, sizeof *blob);
    blob->data = apr_pmemdup(item->pool, rsp->body, rsp->len);
    blob->len = rsp->len;
    blob->content_type = apr_pstrdup(item->pool, rsp->content_type);
    usm_item_set_ptr(item, USM_CONTACT_PICTURE, blob);
}

usm_error_t *ox_picture_fetch(ox_rsp_t *rsp, usm_bcall_t *call, const char *folder, const char *id, const char *url,
                              int max, apr_pool_t *pool)
{
    const int *sizes = max > 0 ? sizes_limited : sizes_free;
    int count = max > 0 ? (int)(sizeof sizes_limited / sizeof sizes_limited[0]) : 1;
    usm_error_t *err = NULL;
    for (int i = 0; i < count; i++) {
        const char *edge = sizes[i] ? apr_itoa(pool, sizes[i]) : NULL;
        usm_error_clear(err);
        err = fetch(rsp, call,
                    ox_path(pool, "contacts/picture", "action", "get", "contact_id", id, "folder_id", folder,
                            "width", edge, "height", edge, "scaleType", edge ? "contain" : NULL, "shrinkOnly",
                            edge ? "true" : NULL, NULL),
                    max, pool);
        if (!usm_error_is(err, USM_ELIMIT))
            break;
    }
    if (err && !usm_error_is(err, USM_ELIMIT) && url && url[0] == '/' &&
        usm_error_class(err) != USM_CLASS_UNAVAILABLE) {
        usm_error_clear(err);
        err = fetch(rsp, call, url, max, pool);
    }
    return err;
}

usm_error_t *ox_picture_read(usm_item_t *item, usm_bcall_t *call, const char *folder, const char *id, const char *url,
                             int max, apr_pool_t *scratch_pool)
{
    ox_rsp_t rsp = {0};
    usm_item_set_empty(item, USM_CONTACT_PICTURE);
    usm_error_t *err = ox_picture_fetch(&rsp, call, folder, id, url, max, scratch_pool);
    if (!err && rsp.len > 0)
        take(item, &rsp);
    ox_http_free(&rsp, scratch_pool);
    if (err && is_absence(err)) {
        usm_error_clear(err);
        err = NULL;
    }
    return err;
}

usm_error_t *ox_picture_write(ox_answer_t *answer, usm_bcall_t *call, const char *path, const ox_json_t *object,
                              const usm_blob_t *picture, apr_pool_t *pool)
{
    ox_part_t parts[2];
    apr_size_t len;
    memset(parts, 0, sizeof parts);
    parts[0].name = "json";
    parts[0].data = ox_json_dump(&len, object, pool);
    parts[0].len = len;
    parts[1].name = "file";
    parts[1].filename = "picture";
    parts[1].content_type = picture->content_type;
    parts[1].data = (const char *)picture->data;
    parts[1].len = picture->len;
    if (!parts[1].content_type || !*parts[1].content_type) {
        int png = picture->len > 4 && memcmp(picture->data, "\x89PNG", 4) == 0;
        parts[1].content_type = png ? "image/png" : "image/jpeg";
    }
    return ox_post_parts(answer, call, path, parts, 2, pool);
}
