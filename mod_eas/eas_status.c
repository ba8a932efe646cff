/* SPDX-License-Identifier: Apache-2.0 */
#include "eas.h"

#include <apr_strings.h>

/* The row's command when it is for all of them. */
#define EAS_COMMAND_ANY EAS_COMMAND_COUNT

typedef enum { MATCH_CODE, MATCH_CLASS } match_t;

/* Names the two kinds of `what` alike, so that the rows can spell them short. */
#define MATCH_CODE_VALUE(what_) USM_E##what_
#define MATCH_CLASS_VALUE(what_) (apr_status_t) USM_CLASS_##what_

static const struct {
    eas_command_id_t command;
    match_t kind;
    apr_status_t what;
    int status;
} errmap[] = {
#define EAS_ERRMAP(command_, kind_, what_, status_)                                                                    \
    {EAS_COMMAND_##command_, MATCH_##kind_, MATCH_##kind_##_VALUE(what_), status_},
#include "tbl/errmap.h"
};

int eas_error_status(const usm_error_t *err, const eas_command_t *command)
{
    unsigned i;

    for (i = 0; i < sizeof(errmap) / sizeof(errmap[0]); i++) {
        if (errmap[i].command != EAS_COMMAND_ANY && (command == NULL || errmap[i].command != command->id)) {
            continue;
        }
        if (errmap[i].kind == MATCH_CODE ? usm_error_is(err, errmap[i].what)
                                         : (apr_status_t)usm_error_class(err) == errmap[i].what) {
            return errmap[i].status;
        }
    }
    return EAS_STATUS_ServerError;
}

void eas_put_status(eas_ctx_t *ctx, eas_writer_t *out, unsigned tag, int status)
{
    eas_writer_tag_int(out, tag, status);
    ctx->status = status;
}

/* The tag Status in the code page of a command's root; 0 when the page has none. */
static unsigned status_tag(unsigned root)
{
    const char *page = eas_page_name(EAS_TAG_PAGE(root));
    const eas_token_t *row = page != NULL ? eas_token_by_name(page, "Status") : NULL;

    return row != NULL ? eas_token_tag(row) : 0;
}

static void answer_http(eas_ctx_t *ctx, int http)
{
    ctx->rsp->http = http;
    if (http == 503) {
        apr_table_setn(ctx->rsp->headers, "Retry-After",
                       apr_psprintf(ctx->pool, "%" APR_INT64_T_FMT, ctx->conf->retry_after));
    }
}

/* The command's document with nothing but STATUS. False when there can be no such document. */
static int answer_document(eas_ctx_t *ctx, int status)
{
    unsigned root = ctx->command != NULL ? ctx->command->root_tag : 0;
    unsigned tag = root != 0 ? status_tag(root) : 0;

    if (tag == 0 || !eas_token_in_version(root, ctx->version)) {
        return 0;
    }
    eas_writer_start(ctx->out, root);
    eas_writer_tag_int(ctx->out, tag, status);
    eas_writer_end(ctx->out);
    return eas_writer_finish(ctx->out) == EAS_WBXML_OK;
}

usm_error_t *eas_answer_status(eas_ctx_t *ctx, int status)
{
    int http = 200;

    eas_writer_rollback(ctx->out, &ctx->start);
    eas_part_drop(ctx, 1);
    ctx->multipart = 0;
    ctx->raw_type = NULL;
    ctx->answered = 1;
    ctx->status = status < 200 ? status : 0;
    if (status >= 200) {
        http = status;
    } else if (status >= 100) {
        const eas_status_t *row = eas_status_find(status);

        http = eas_status_http(&status, ctx->version);
        /* What has no document, such as a command without root, is told as HTTP in all versions. */
        if (http == 200 && !answer_document(ctx, status)) {
            http = row != NULL ? row->http : 500;
        }
    } else if (!answer_document(ctx, status)) {
        http = 500;
    }
    answer_http(ctx, http);
    return NULL;
}

/* How loud an error is in the log, by class. */
static usm_level_e error_level(const usm_error_t *err)
{
    switch (usm_error_class(err)) {
    case USM_CLASS_INTERNAL:
        return USM_LOG_ERR;
    case USM_CLASS_UNAVAILABLE:
        return USM_LOG_WARNING;
    case USM_CLASS_TEMP:
        return USM_LOG_NOTICE;
    default:
        return USM_LOG_INFO;
    }
}

void eas_answer_error(eas_ctx_t *ctx, usm_error_t *err)
{
    /* Before there is a session the command has not begun: none of its own statuses fits. */
    const eas_command_t *command = ctx->session != NULL ? ctx->command : NULL;

    usm_log(ctx->log, error_level(err), EASLOGNO(2), "%s: %s", command != NULL ? command->name : "request",
            usm_error_text(err, ctx->pool));
    eas_answer_status(ctx, eas_error_status(err, command));
    usm_error_clear(err);
}

int eas_node_only(const eas_node_t *node, const unsigned *tags)
{
    const eas_node_t *child, *other;
    const unsigned *tag;

    EAS_NODE_EACH(child, node)
    {
        for (tag = tags; *tag != 0 && *tag != child->tag; tag++) {
        }
        if (*tag == 0) {
            return 0;
        }
        other = eas_node_next(child, child->tag);
        if (other != NULL) {
            return 0;
        }
    }
    return 1;
}
