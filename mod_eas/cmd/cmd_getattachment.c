/* SPDX-License-Identifier: Apache-2.0 */
/* GetAttachment (MS-ASCMD 2.2.1.7): the bytes of an attachment, nothing around them. */
#include "eas_fetch.h"
#include "eas_spool.h"

usm_error_t *eas_cmd_getattachment(eas_ctx_t *ctx, const eas_node_t *doc, eas_writer_t *out)
{
    const char *name = ctx->query->attachment_name, *server_id, *part;
    usm_attachment_t info;
    eas_spool_t spool;
    apr_uint64_t size;
    (void)doc;
    (void)out;
    if (!name || !*name)
        return eas_answer_status(ctx, EAS_STATUS_InvalidContent);
    USM_ERR(usm_ref_parse(&server_id, &part, ctx->session, name, ctx->pool));
    if (!part)
        return USM_ERROR(ctx->pool, USM_ENOTFOUND, "reference to an item, not to an attachment");
    USM_ERR(usm_part_info(&info, ctx->session, server_id, part, ctx->pool));
    USM_ERR(eas_spool_create(&spool, 0, 0, APR_INT64_MAX, (apr_off_t)ctx->conf->max_attachments, ctx->pool));
    USM_ERR(usm_part_read(&size, ctx->session, server_id, part, eas_spool_data, &spool, ctx->pool));
    USM_ERR(eas_spool_end(&spool));
    eas_part_t whole = {.file = spool.file, .len = spool.len};
    eas_part_add(ctx, &whole);
    ctx->raw_type = eas_fetch_type(&info, ctx->pool);
    apr_table_setn(ctx->rsp->headers, "X-Content-Type-Options", "nosniff");
    return NULL;
}
