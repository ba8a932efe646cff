/* SPDX-License-Identifier: Apache-2.0 */
/* Answers that are more than a document: multipart ones, and attachments alone. */
#include <apr_strings.h>
#include <string.h>

#include "eas.h"

#define MULTIPART_TYPE "application/vnd.ms-sync.multipart"

int eas_part_add(eas_ctx_t *ctx, const eas_part_t *part)
{
    if (!ctx->parts)
        ctx->parts = apr_array_make(ctx->pool, 4, sizeof(eas_part_t));
    APR_ARRAY_PUSH(ctx->parts, eas_part_t) = *part;
    return ctx->parts->nelts;
}

void eas_part_drop(eas_ctx_t *ctx, int first)
{
    if (ctx->parts && ctx->parts->nelts >= first)
        ctx->parts->nelts = first - 1;
}

static void put_le32(char *at, apr_uint64_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (char)(value >> (8 * i) & 0xff);
}

static void append(eas_ctx_t *ctx, const eas_part_t *part)
{
    apr_bucket_brigade *body = ctx->rsp->body;
    if (part->len <= 0)
        return;
    if (part->file)
        apr_brigade_insert_file(body, part->file, 0, part->len, ctx->pool);
    else
        APR_BRIGADE_INSERT_TAIL(body, apr_bucket_pool_create(part->data, (apr_size_t)part->len, ctx->pool,
                                                             body->bucket_alloc));
    ctx->rsp->length += part->len;
}

/* PartsCount, then offset and length of each part, the document being the first: all of 32 bits. */
static void prepend_head(eas_ctx_t *ctx)
{
    int count = 1 + (ctx->parts ? ctx->parts->nelts : 0);
    apr_size_t len = 4 + 8 * (apr_size_t)count;
    char *head = apr_palloc(ctx->pool, len);
    apr_uint64_t offset = len;
    put_le32(head, (apr_uint64_t)count);
    for (int i = 0; i < count; i++) {
        apr_off_t part_len = i ? APR_ARRAY_IDX(ctx->parts, i - 1, eas_part_t).len : ctx->rsp->length;
        put_le32(head + 4 + 8 * i, offset);
        put_le32(head + 8 + 8 * i, (apr_uint64_t)part_len);
        offset += (apr_uint64_t)part_len;
    }
    APR_BRIGADE_INSERT_HEAD(ctx->rsp->body, apr_bucket_pool_create(head, len, ctx->pool, ctx->rsp->body->bucket_alloc));
    ctx->rsp->length += (apr_off_t)len;
}

void eas_part_finish(eas_ctx_t *ctx)
{
    eas_response_t *rsp = ctx->rsp;
    if (ctx->raw_type && ctx->parts && ctx->parts->nelts == 1) {
        apr_brigade_cleanup(rsp->body);
        rsp->length = 0;
        append(ctx, &APR_ARRAY_IDX(ctx->parts, 0, eas_part_t));
        rsp->content_type = rsp->length ? ctx->raw_type : NULL;
    } else if (ctx->multipart && rsp->length) {
        prepend_head(ctx);
        for (int i = 0; ctx->parts && i < ctx->parts->nelts; i++)
            append(ctx, &APR_ARRAY_IDX(ctx->parts, i, eas_part_t));
        rsp->content_type = MULTIPART_TYPE;
    }
}
