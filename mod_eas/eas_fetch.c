/* SPDX-License-Identifier: Apache-2.0 */
#include "eas_fetch.h"

#include <apr_strings.h>
#include <ctype.h>
#include <string.h>

#include "eas_collection.h"
#include "eas_spool.h"

#define SCHEMA_MAX 128 /* elements; no class has more */

typedef struct fetch_t {
    eas_ctx_t *ctx;
    eas_writer_t *out;
    apr_pool_t *pool;
    const eas_node_t *node, *options;
    const char *collection, *server_id, *long_id, *file; /* as the device sent them, NULL = not */
    const char *item, *part;                             /* what they stand for */
    apr_off_t *left;
} fetch_t;

const char *eas_fetch_type(const usm_attachment_t *info, apr_pool_t *pool)
{
    const char *type = info->content_type;
    apr_size_t n = 0, slashes = 0;
    while (type && type[n] && n < 100 && (isalnum((unsigned char)type[n]) || strchr("!#$&^_.+-/", type[n])))
        slashes += type[n++] == '/';
    return slashes == 1 && n < 100 ? apr_pstrmemdup(pool, type, n) : "application/octet-stream";
}

int eas_fetch_status(eas_ctx_t *ctx, usm_error_t *err)
{
    int status = eas_error_status(err, ctx->command);
    if (status >= 100)
        return 0;
    usm_log(ctx->log, USM_LOG_INFO, EASLOGNO(45), "ItemOperations: status %d: %s", status,
            usm_error_text(err, ctx->pool));
    usm_error_clear(err);
    return status;
}

/* ---- reading the request ---- */

static int one_child(const char **text_p, const eas_node_t *node, unsigned tag)
{
    const eas_node_t *child = eas_node_child(node, tag);
    *text_p = child ? eas_node_text(child) : NULL;
    if (child && !*text_p)
        *text_p = "";
    return eas_node_count(node, tag) <= 1;
}

static int is_known(const eas_node_t *fetch)
{
    static const unsigned tags[] = {EAS_ItemOperations_Store, EAS_AirSync_ServerId, EAS_AirSync_CollectionId,
                                    EAS_DocumentLibrary_LinkId, EAS_Search_LongId, EAS_AirSyncBase_FileReference,
                                    EAS_ItemOperations_Options,
                                    EAS_RightsManagement_RemoveRightsManagementProtection, 0};
    return eas_node_only(fetch, tags);
}

/* With an attachment only Range may be asked, with an item anything else. */
static int options_fit(const fetch_t *f)
{
    const eas_node_t *node;
    EAS_NODE_EACH(node, f->options)
    {
        if ((node->tag == EAS_ItemOperations_Range) != (f->file != NULL))
            return 0;
    }
    return 1;
}

/* What is to be fetched; 0, or the status that says what is wrong with the request. */
static int read_target(fetch_t *f)
{
    const char *store, *link;
    const eas_node_t *node = f->node;
    if (!is_known(node) || !one_child(&store, node, EAS_ItemOperations_Store) ||
        !one_child(&f->collection, node, EAS_AirSync_CollectionId) ||
        !one_child(&f->server_id, node, EAS_AirSync_ServerId) || !one_child(&f->long_id, node, EAS_Search_LongId) ||
        !one_child(&f->file, node, EAS_AirSyncBase_FileReference) ||
        !one_child(&link, node, EAS_DocumentLibrary_LinkId) || !store)
        return ITEMS_PROTOCOL;
    f->options = eas_node_child(node, EAS_ItemOperations_Options);
    if (strcasecmp(store, "Mailbox") != 0 || link)
        return ITEMS_STORE; /* no document library here */
    if ((f->server_id != NULL) + (f->long_id != NULL) + (f->file != NULL) != 1 || !options_fit(f))
        return ITEMS_PROTOCOL;
    return f->file && !*f->file ? ITEMS_BAD_ATTACHMENT : 0;
}

static usm_error_t *resolve(fetch_t *f)
{
    if (f->server_id) {
        const char *folder = usm_server_id_folder(f->server_id, f->pool);
        f->item = f->server_id;
        if (!f->collection || !folder || strcmp(folder, f->collection) != 0)
            return USM_ERROR(f->pool, USM_ENOTFOUND, "no such item in that folder");
        return NULL;
    }
    USM_ERR(usm_ref_parse(&f->item, &f->part, f->ctx->session, f->file ? f->file : f->long_id, f->pool));
    if ((f->part != NULL) != (f->file != NULL))
        return USM_ERROR(f->pool, USM_ENOTFOUND, "a reference of another kind");
    return NULL;
}

/* "first-last", bytes from 0 on, both of them included. */
static int read_range(apr_off_t *first, apr_off_t *last, const char *text)
{
    apr_off_t n[2];
    for (int i = 0; i < 2; i++) {
        char *end;
        if (!isdigit((unsigned char)*text) || strspn(text, "0123456789") > 15 ||
            apr_strtoff(&n[i], text, &end, 10) != APR_SUCCESS || *end != (i ? '\0' : '-'))
            return 0;
        text = end + 1;
    }
    *first = n[0];
    *last = n[1];
    return n[0] <= n[1];
}

/* ---- writing the answer ---- */

static void put_head(fetch_t *f, int status, usm_class_e cls)
{
    eas_writer_t *out = f->out;
    eas_writer_tag_int(out, EAS_ItemOperations_Status, status);
    eas_writer_tag_text(out, EAS_AirSync_CollectionId, f->collection);
    eas_writer_tag_text(out, EAS_AirSync_ServerId, f->server_id);
    eas_writer_tag_text(out, EAS_Search_LongId, f->long_id);
    if (cls != USM_CLASS_COUNT)
        eas_writer_tag_text(out, EAS_AirSync_Class, eas_class_name(cls));
    eas_writer_tag_text(out, EAS_AirSyncBase_FileReference, f->file);
    if (status != ITEMS_OK)
        f->ctx->status = status;
}

static usm_error_t *fetch_part(int *status_p, fetch_t *f)
{
    const char *text = eas_node_child_text(f->options, EAS_ItemOperations_Range);
    apr_off_t first = 0, last = APR_INT64_MAX;
    apr_uint64_t size;
    usm_attachment_t info;
    eas_spool_t spool;
    if (text && !read_range(&first, &last, text)) {
        *status_p = ITEMS_RANGE;
        return NULL;
    }
    USM_ERR(usm_part_info(&info, f->ctx->session, f->item, f->part, f->pool));
    USM_ERR(eas_spool_create(&spool, !f->ctx->multipart, first, last, *f->left, f->ctx->pool));
    USM_ERR(usm_part_read(&size, f->ctx->session, f->item, f->part, eas_spool_data, &spool, f->pool));
    USM_ERR(eas_spool_end(&spool));
    if (text && first >= spool.at && (first || spool.at)) {
        *status_p = ITEMS_RANGE;
        return NULL;
    }
    *f->left -= spool.kept;
    put_head(f, ITEMS_OK, USM_CLASS_COUNT);
    eas_writer_start(f->out, EAS_ItemOperations_Properties);
    if (text && spool.kept) { /* iOS does not take a Range that it has not asked for */
        eas_writer_tag_text(f->out, EAS_ItemOperations_Range,
                            apr_psprintf(f->pool, "%" APR_OFF_T_FMT "-%" APR_OFF_T_FMT, first, first + spool.kept - 1));
        eas_writer_tag_int(f->out, EAS_ItemOperations_Total, spool.at);
    }
    eas_writer_tag_text(f->out, EAS_AirSyncBase_ContentType, eas_fetch_type(&info, f->pool));
    if (f->ctx->multipart) {
        eas_part_t part = {.file = spool.file, .len = spool.len};
        eas_writer_tag_int(f->out, EAS_ItemOperations_Part, eas_part_add(f->ctx, &part));
    } else {
        eas_writer_start(f->out, EAS_ItemOperations_Data);
        eas_writer_text_file(f->out, spool.file, 0, spool.len, f->ctx->pool);
        eas_writer_end(f->out);
    }
    eas_writer_end(f->out);
    return NULL;
}

/* Tags of a Schema, ended by 0; NULL when there is none. */
static const unsigned *read_schema(const fetch_t *f)
{
    const eas_node_t *schema = eas_node_child(f->options, EAS_ItemOperations_Schema), *node;
    unsigned *tags = schema ? apr_pcalloc(f->pool, sizeof *tags * (SCHEMA_MAX + 1)) : NULL, n = 0;
    EAS_NODE_EACH(node, schema)
    {
        if (n < SCHEMA_MAX)
            tags[n++] = node->tag;
    }
    return tags;
}

static usm_error_t *fetch_item(int *status_p, fetch_t *f)
{
    eas_ctx_t *ctx = f->ctx;
    eas_options_t options;
    const char *folder = usm_server_id_folder(f->item, f->pool), *kept;
    usm_class_e cls;
    usm_fetch_t fetch;
    usm_item_t *item;
    if (!folder)
        return USM_ERROR(f->pool, USM_ENOTFOUND, "not an id of an item");
    USM_ERR(usm_collection_options(&kept, &cls, ctx->session, folder, f->pool));
    eas_options_init(&options);
    int wrong = eas_options_block(&options, f->options, ctx->version, cls);
    if (wrong) {
        *status_p = wrong < 100 ? ITEMS_PROTOCOL : wrong;
        return NULL;
    }
    options.view.full = 1;
    eas_map_fetch(&fetch, cls, ctx->version, &options.view);
    USM_ERR(usm_item_read(&item, NULL, ctx->session, f->item, &fetch, f->pool));
    eas_map_t map = {.ctx = ctx, .out = f->out, .cls = cls, .view = &options.view, .server_id = f->item,
                     .pool = f->pool};
    put_head(f, ITEMS_OK, cls);
    eas_writer_start(f->out, EAS_ItemOperations_Properties);
    const unsigned *schema = read_schema(f);
    if (schema)
        eas_writer_only(f->out, schema);
    eas_map_encode(&map, item, NULL);
    eas_writer_end(f->out);
    return NULL;
}

usm_error_t *eas_fetch(eas_ctx_t *ctx, const eas_node_t *node, eas_writer_t *out, apr_off_t *left)
{
    fetch_t f = {.ctx = ctx, .out = out, .node = node, .left = left};
    usm_error_t *err = NULL;
    eas_writer_mark_t mark;
    int parts = ctx->parts ? ctx->parts->nelts : 0, status;
    apr_pool_create(&f.pool, ctx->pool);
    eas_writer_start(out, EAS_ItemOperations_Fetch);
    eas_writer_mark(out, &mark);
    status = read_target(&f);
    if (!status)
        err = resolve(&f);
    if (!status && !err)
        err = f.part ? fetch_part(&status, &f) : fetch_item(&status, &f);
    if (err && !(status = eas_fetch_status(ctx, err)))
        return err;
    if (!status && eas_writer_error(out)->code == EAS_WBXML_SIZE)
        status = ITEMS_TOO_LARGE;
    if (status) {
        eas_writer_rollback(out, &mark);
        eas_part_drop(ctx, parts + 1);
        put_head(&f, status, USM_CLASS_COUNT);
    }
    eas_writer_end(out);
    apr_pool_destroy(f.pool); /* what goes out is in the writer and in the request's pool */
    return NULL;
}
