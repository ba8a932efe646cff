/* SPDX-License-Identifier: Apache-2.0 */
#include "eas.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>

#include "eas_folder.h"
#include "eas_access.h"
#include "eas_policy.h"

/* What MS-Server-ActiveSync says: clients of old looked at it to guess what a server can do. */
#define SERVER_VERSION "15.1"

/* Account checks of Android's mail client come with this id, once. */
#define VALIDATE_DEVICE "validate"

/* A request that took so long paces its device by itself. */
#define WAITED apr_time_from_sec(5)

static const eas_handler_t handlers[EAS_COMMAND_COUNT] = {
#define EAS_COMMAND(name_, code_, first_, last_, root_, flags_, handler_, doc_) [EAS_COMMAND_##name_] = handler_,
#include "tbl/commands.h"
};

eas_handler_t eas_command_handler(eas_command_id_t id)
{
    return eas_command_get(id)->flags & EAS_CMD_BUILT ? handlers[id] : NULL;
}

usm_error_t *eas_cmd_none(eas_ctx_t *ctx, const eas_node_t *doc, eas_writer_t *out)
{
    return eas_answer_status(ctx, EAS_STATUS_CommandNotSupported);
}

static const char *header(const eas_ctx_t *ctx, const char *name)
{
    return ctx->req->header(ctx->req->baton, name);
}

static int is_options(const eas_ctx_t *ctx)
{
    return strcmp(ctx->req->method, "OPTIONS") == 0;
}

/* Each check answers and returns 1, or returns 0 and lets the next one look. Their order is run_checks(). */
static int refuse(eas_ctx_t *ctx, int status)
{
    eas_answer_status(ctx, status);
    return 1;
}

static int check_transport(eas_ctx_t *ctx)
{
    return ctx->conf->require_tls && !ctx->req->is_tls ? refuse(ctx, 403) : 0;
}

static int check_method(eas_ctx_t *ctx)
{
    if (is_options(ctx) || strcmp(ctx->req->method, "POST") == 0) {
        return 0;
    }
    apr_table_setn(ctx->rsp->headers, "Allow", "OPTIONS, POST");
    return refuse(ctx, 501);
}

/* The version of a plain query is in a header; that of a base64 query is its own, whatever the header says. */
static void find_version(eas_ctx_t *ctx)
{
    const char *text = header(ctx, "MS-ASProtocolVersion");

    if (ctx->query->is_base64) {
        ctx->version = eas_version_known(ctx->query->version) ? ctx->query->version : 0;
    } else {
        ctx->version = eas_version_parse(text);
    }
}

static int check_query(eas_ctx_t *ctx)
{
    eas_query_code_t code = eas_query_parse(&ctx->query, ctx->req->args, ctx->pool);
    int status = eas_query_status(code);

    /* Windows and Outlook put all sorts of things behind OPTIONS: nothing of it matters. */
    if (is_options(ctx)) {
        return 0;
    }
    ctx->command = ctx->query->command;
    find_version(ctx);
    if (code == EAS_QUERY_OK) {
        return 0;
    }
    usm_log(ctx->log, USM_LOG_INFO, EASLOGNO(3), "bad query: %s", eas_query_text(code));
    /* Where the query as such cannot be read, nobody knows which document the device waits for. */
    if (status == EAS_STATUS_InvalidContent || ctx->query->is_base64) {
        return refuse(ctx, 400);
    }
    return refuse(ctx, status);
}

static int check_login(eas_ctx_t *ctx)
{
    const eas_request_t *req = ctx->req;
    usm_error_t *err = req->usm_error != NULL ? req->usm_error : req->login_error;

    ctx->login = req->login;
    if (err == NULL && ctx->login == NULL && req->usm != NULL) {
        if (req->user == NULL || req->password == NULL) {
            return refuse(ctx, 401);
        }
        err = usm_login(&ctx->login, req->usm, req->user, req->password, req->log, ctx->pool);
    }
    if (err == NULL) {
        return ctx->login == NULL ? refuse(ctx, 500) : 0;
    }
    /* Without a version there is no document either. */
    if (usm_error_is(err, USM_EDISABLED) && ctx->version < 140) {
        usm_log(ctx->log, USM_LOG_INFO, EASLOGNO(4), "user %s is not enabled", req->user);
        return refuse(ctx, 403);
    }
    eas_answer_error(ctx, err);
    return 1;
}

static int answer_options(eas_ctx_t *ctx)
{
    apr_table_t *headers = ctx->rsp->headers;

    if (!is_options(ctx)) {
        return 0;
    }
    apr_table_setn(headers, "MS-ASProtocolVersions", eas_version_list_to(eas_access_max_version(ctx), ctx->pool));
    apr_table_setn(headers, "MS-ASProtocolCommands", eas_command_list(ctx->pool));
    apr_table_setn(headers, "Public", "OPTIONS,POST");
    apr_table_setn(headers, "Allow", "OPTIONS,POST");
    return refuse(ctx, 200);
}

/* What may be in a device id: letters and digits by the grammar, and the few others that devices use. */
static int good_device_id(const char *id)
{
    const char *at;

    for (at = id; *at != '\0'; at++) {
        if (!apr_isalnum(*at) && strchr("-_.~", *at) == NULL) {
            return 0;
        }
    }
    return at > id && at - id <= EAS_DEVICE_ID_STRICT;
}

static int check_device(eas_ctx_t *ctx)
{
    const eas_query_t *query = ctx->query;
    int status = 0;

    if (query->cmd == NULL) {
        return refuse(ctx, 400);
    }
    if (query->device_id == NULL || !good_device_id(query->device_id)) {
        status = EAS_STATUS_DeviceIdMissingOrInvalid;
    } else if (query->device_type == NULL || *query->device_type == '\0') {
        status = EAS_STATUS_DeviceTypeMissingOrInvalid;
    }
    if (status != 0) {
        return refuse(ctx, query->is_base64 ? 400 : status);
    }
    ctx->device_id = query->device_id;
    ctx->device_type = query->device_type;
    return 0;
}

static int check_version(eas_ctx_t *ctx)
{
    const char *text = header(ctx, "MS-ASProtocolVersion");

    if (ctx->version != 0) {
        return 0;
    }
    /* MS-ASHTTP 2.2.2.1.1: devices of version 1.0 are told so. */
    return refuse(ctx, !ctx->query->is_base64 && text != NULL && strcmp(text, "1.0") == 0 ? 505 : 400);
}

static int check_command(eas_ctx_t *ctx)
{
    if (ctx->command == NULL) {
        return refuse(ctx, 501);
    }
    if (!(ctx->command->flags & EAS_CMD_BUILT)) {
        return refuse(ctx, EAS_STATUS_CommandNotSupported);
    }
    return eas_command_in_version(ctx->command, ctx->version) ? 0 : refuse(ctx, EAS_STATUS_VersionNotSupported);
}

static int open_session(eas_ctx_t *ctx)
{
    int transient = strcmp(ctx->device_id, VALIDATE_DEVICE) == 0;
    usm_error_t *err = usm_session_open(&ctx->session, ctx->req->usm, ctx->login, ctx->req->password, ctx->device_id,
                                        ctx->device_type, transient, ctx->log, ctx->pool);

    if (err != NULL) {
        eas_answer_error(ctx, err);
        return 1;
    }
    usm_session_hide(ctx->session, eas_folder_hidden(ctx->conf, ctx->version));
    return 0;
}

/* The policy key of the request: 0 without; what is no number is a key that nobody has been given. */
static apr_uint32_t request_policy_key(const eas_ctx_t *ctx)
{
    const char *text = header(ctx, "X-MS-PolicyKey");
    apr_int64_t value;
    char *end;

    if (ctx->query->is_base64) {
        return ctx->query->has_policy_key ? ctx->query->policy_key : 0;
    }
    if (text == NULL || *text == '\0') {
        return 0;
    }
    value = apr_isdigit(*text) && strlen(text) <= 10 ? apr_strtoi64(text, &end, 10) : -1;
    return value < 0 || *end != '\0' || value > APR_UINT32_MAX ? APR_UINT32_MAX : (apr_uint32_t)value;
}

static int check_access(eas_ctx_t *ctx)
{
    int status = 0;
    usm_error_t *err;

    ctx->policy_key = request_policy_key(ctx);
    err = eas_access_check(&status, ctx);
    if (err != NULL) {
        eas_answer_error(ctx, err);
        return 1;
    }
    return status != 0 ? refuse(ctx, status) : 0;
}

static int check_policy(eas_ctx_t *ctx)
{
    int optional = ctx->command->flags & EAS_CMD_POLICY_LATER || !ctx->conf->require_policy;
    int status;

    if (ctx->command->flags & EAS_CMD_NO_POLICY) {
        return 0;
    }
    status = eas_policy_check(usm_device_policy(ctx->session), ctx->policy, ctx->policy_key, ctx->version, optional);
    return status != 0 ? refuse(ctx, status) : 0;
}

/* Does the header VALUE name TYPE, with or without parameters? */
static int type_is(const char *value, const char *type)
{
    apr_size_t len = strlen(type);

    return value != NULL && strncasecmp(value, type, len) == 0 &&
           (value[len] == '\0' || value[len] == ';' || apr_isspace(value[len]));
}

static int read_body(eas_ctx_t *ctx)
{
    apr_size_t max = (apr_size_t)ctx->conf->max_body;
    const char *coding = header(ctx, "Content-Encoding");
    int http;

    if (!(ctx->command->flags & EAS_CMD_BIG_BODY) && max > EAS_SMALL_BODY) {
        max = EAS_SMALL_BODY;
    }
    ctx->body = "";
    http = ctx->req->read_body(ctx->req->baton, max, &ctx->body, &ctx->body_len);
    if (http == 0 && coding != NULL && strcasecmp(coding, "identity") != 0 && ctx->body_len > 0) {
        http =
            strcasecmp(coding, "gzip") == 0 || strcasecmp(coding, "x-gzip") == 0 || strcasecmp(coding, "deflate") == 0
                ? eas_inflate(&ctx->body, &ctx->body_len, ctx->body, ctx->body_len, max, ctx->pool)
                : 415;
    }
    if (http != 0) {
        usm_log(ctx->log, USM_LOG_INFO, EASLOGNO(5), "the request's body cannot be used (HTTP %d)", http);
    }
    /* A mail that is too large gets a word that phones show; before 14.0 there is none. */
    if (http == 413 && ctx->command->flags & EAS_CMD_MIME_IN && ctx->version >= 140) {
        return refuse(ctx, EAS_STATUS_AttachmentIsTooLarge);
    }
    return http != 0 ? refuse(ctx, http) : 0;
}

static int check_content(eas_ctx_t *ctx)
{
    const char *type = header(ctx, "Content-Type");
    unsigned flags = ctx->command->flags;

    if (ctx->body_len == 0) {
        return flags & EAS_CMD_EMPTY_OK ? 0 : refuse(ctx, EAS_STATUS_InvalidContent);
    }
    if (flags & EAS_CMD_MIME_IN && ctx->version < 140) {
        ctx->is_mime = type_is(type, "message/rfc822");
        return ctx->is_mime ? 0 : refuse(ctx, EAS_STATUS_InvalidContent);
    }
    if (!(flags & EAS_CMD_WBXML_IN) || !(type_is(type, EAS_WBXML_TYPE) || type_is(type, "application/vnd.ms-sync"))) {
        return refuse(ctx, EAS_STATUS_InvalidContent);
    }
    return 0;
}

static int check_document(eas_ctx_t *ctx)
{
    eas_limits_t limits = {.elements = (unsigned)ctx->conf->max_elements, .repair = 1};
    const eas_node_t *odd;
    eas_wbxml_error_t error;
    eas_wbxml_code_t code;

    if (ctx->body_len == 0 || ctx->is_mime) {
        return 0;
    }
    code = eas_node_parse(&ctx->doc, &error, ctx->body, ctx->body_len, &limits, ctx->pool);
    if (code != EAS_WBXML_OK) {
        usm_log(ctx->log, USM_LOG_INFO, EASLOGNO(6), "%s: bad document: %s", ctx->command->name,
                eas_wbxml_error_text(&error, ctx->pool));
        return refuse(ctx, (int)eas_wbxml_code_status(code));
    }
    odd = ctx->doc->tag != ctx->command->root_tag ? ctx->doc : eas_node_outside_version(ctx->doc, ctx->version);
    if (odd == NULL) {
        return 0;
    }
    usm_log(ctx->log, USM_LOG_INFO, EASLOGNO(7), "%s: element %s does not belong into a request of version %s",
            ctx->command->name, eas_token_find(odd->tag)->name, eas_version_text(ctx->version));
    return refuse(ctx, EAS_STATUS_InvalidXML);
}

/* ---- pace ---- */

/* What eas_pace.h is to know of the request. False: nothing is counted here. */
static int pace_of(eas_pace_request_t *request, eas_pace_limits_t *limits, const eas_ctx_t *ctx)
{
    const eas_conf_t *conf = ctx->conf;

    if (ctx->req->pace == NULL || conf->throttle == 0 || ctx->session == NULL) {
        return 0;
    }
    *limits = (eas_pace_limits_t){
        .burst = conf->throttle, .rate = conf->throttle_rate, .repeats = conf->throttle_repeats};
    *request = (eas_pace_request_t){.device = eas_pace_device(usm_login_user(ctx->login), ctx->device_id),
                                    .what = eas_pace_what((int)ctx->command->id, ctx->body, ctx->body_len),
                                    .is_paced = (ctx->command->flags & EAS_CMD_PACED) != 0,
                                    .is_poll = ctx->command->id == EAS_COMMAND_Ping || ctx->body_len == 0,
                                    .now = apr_time_now()};
    return 1;
}

static int keep_pace(eas_ctx_t *ctx)
{
    eas_pace_request_t request;
    eas_pace_limits_t limits;
    eas_pace_e answer;
    unsigned count;
    int tell;

    if (!pace_of(&request, &limits, ctx)) {
        return 0;
    }
    answer = eas_pace_ask(&tell, &count, ctx->req->pace, &limits, &request);
    if (answer == EAS_PACE_GO) {
        return 0;
    }
    ctx->slowed = 1;
    if (tell) {
        usm_log(ctx->log, USM_LOG_WARNING, EASLOGNO(50),
                "device %s of %s is told to come later: %s (%u refused since this was last said)", ctx->device_id,
                ctx->req->user != NULL ? ctx->req->user : "-",
                answer == EAS_PACE_REPEATS ? "it repeats requests and does not take the answers"
                                           : "it sends more requests that lead to nothing than EASThrottle allows",
                count);
    }
    if (ctx->version >= 140) {
        apr_table_setn(ctx->rsp->headers, "X-MS-ASThrottle",
                       answer == EAS_PACE_REPEATS ? "RecentCommands" : "CommandFrequency");
    }
    return refuse(ctx, 503);
}

/* Before anything is read for a command that only asks for news. */
static int check_pace(eas_ctx_t *ctx)
{
    return ctx->command->flags & EAS_CMD_PACED ? keep_pace(ctx) : 0;
}

/* Others are refused when it is the same again, which takes the body to know. */
static int check_repeats(eas_ctx_t *ctx)
{
    return ctx->command->flags & EAS_CMD_PACED ? 0 : keep_pace(ctx);
}

static void note_pace(eas_ctx_t *ctx)
{
    eas_pace_result_e result = ctx->came;
    eas_pace_request_t request;
    eas_pace_limits_t limits;

    /* What is down behind us is not the device's fault. */
    if (ctx->slowed || ctx->rsp->http >= 500 || !pace_of(&request, &limits, ctx)) {
        return;
    }
    if (ctx->rsp->http != 200 || ctx->status >= 100) {
        result = EAS_PACE_FAILED;
    }
    if (request.now - ctx->began >= WAITED) {
        result = EAS_PACE_WAITED;
    }
    eas_pace_note(ctx->req->pace, &limits, &request, result);
}

/* Commands that say to whom the device listens from now on. */
static int claim(eas_ctx_t *ctx)
{
    int waits = ctx->command->id == EAS_COMMAND_Ping || ctx->command->id == EAS_COMMAND_Sync;

    if (!waits || ctx->req->claim == NULL) {
        return 0;
    }
    ctx->key.device = eas_pace_device(usm_login_user(ctx->login), ctx->device_id);
    ctx->key.user = eas_pace_device(usm_login_user(ctx->login), "");
    ctx->req->claim(ctx->req->baton, &ctx->key);
    return 0;
}

static int complete(eas_ctx_t *ctx, usm_error_t *err)
{
    if (err != NULL) {
        eas_answer_error(ctx, err);
        return 1;
    }
    if (ctx->answered || ctx->rsp->park != NULL) {
        return 1;
    }
    ctx->answered = 1;
    ctx->rsp->http = 200;
    if (eas_writer_error(ctx->out)->code == EAS_WBXML_OK && eas_writer_bytes(ctx->out) == ctx->start.state.bytes) {
        return 1; /* nothing written: a truly empty answer */
    }
    if (eas_writer_finish(ctx->out) != EAS_WBXML_OK) {
        usm_log(ctx->log, USM_LOG_ERR, EASLOGNO(8), "%s: the answer cannot be written: %s", ctx->command->name,
                eas_wbxml_error_text(eas_writer_error(ctx->out), ctx->pool));
        return refuse(ctx, EAS_STATUS_ServerError);
    }
    return 1;
}

static int run_command(eas_ctx_t *ctx)
{
    return complete(ctx, handlers[ctx->command->id](ctx, ctx->doc, ctx->out));
}

/* The order of eas-protocol's section 4: what is wrong with the request as such before what is wrong in it. */
static void run_checks(eas_ctx_t *ctx)
{
    static int (*const checks[])(eas_ctx_t *) = {
        check_transport, check_method, check_query,  check_login, answer_options, check_device,   check_version,
        check_command,   open_session, check_access, check_pace,  check_policy,   read_body,      check_content,
        check_document,  check_repeats, claim,       run_command,
    };
    unsigned i;

    for (i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        if (checks[i](ctx)) {
            return;
        }
    }
}

/* An answer is empty when nothing but the document's head was written: then it has no type either. */
static void finish(eas_ctx_t *ctx)
{
    eas_response_t *rsp = ctx->rsp;

    if (eas_writer_bytes(ctx->out) == ctx->start.state.bytes) {
        apr_brigade_cleanup(rsp->body);
    } else {
        rsp->length = eas_writer_bytes(ctx->out);
        rsp->content_type = EAS_WBXML_TYPE;
    }
    eas_part_finish(ctx);
    apr_table_setn(rsp->headers, "Cache-Control", "private");
    apr_table_setn(rsp->headers, "MS-Server-ActiveSync", SERVER_VERSION);
}

static void note(eas_ctx_t *ctx)
{
    static const usm_stats_t none;
    const usm_stats_t *stats = ctx->session != NULL ? usm_session_stats(ctx->session) : &none;
    const char *cmd = ctx->command != NULL ? ctx->command->name : is_options(ctx) ? "OPTIONS" : "-";
    const char *user = ctx->req->user != NULL ? ctx->req->user : "-";
    const char *device = ctx->device_id != NULL ? ctx->device_id : "-";
    apr_table_t *notes = ctx->rsp->notes;

    apr_table_setn(notes, "eas-user", user);
    apr_table_setn(notes, "eas-device", device);
    apr_table_setn(notes, "eas-cmd", cmd);
    apr_table_setn(notes, "eas-status", apr_itoa(ctx->pool, ctx->status));
    apr_table_setn(notes, "eas-ox-calls", apr_psprintf(ctx->pool, "%" APR_UINT64_T_FMT, stats->backend_calls));
    apr_table_setn(notes, "eas-store", apr_psprintf(ctx->pool, "%" APR_UINT64_T_FMT, stats->store_statements));
    apr_table_setn(notes, "eas-store-rows", apr_psprintf(ctx->pool, "%" APR_UINT64_T_FMT, stats->store_rows));
    usm_log(ctx->log, USM_LOG_INFO, EASLOGNO(1),
            "user=%s device=%s type=%s cmd=%s version=%s status=%d http=%d ms=%" APR_TIME_T_FMT " ox=%" APR_UINT64_T_FMT
            " store=%" APR_UINT64_T_FMT " in=%" APR_SIZE_T_FMT " out=%" APR_OFF_T_FMT,
            user, device, ctx->device_type != NULL ? ctx->device_type : "-", cmd, eas_version_text(ctx->version),
            ctx->status, ctx->rsp->http, apr_time_as_msec(apr_time_now() - ctx->began), stats->backend_calls,
            stats->store_statements, ctx->body_len, ctx->rsp->length);
}

eas_ctx_t *eas_dispatch_begin(eas_response_t *rsp, const eas_request_t *req)
{
    eas_ctx_t *ctx = apr_pcalloc(req->pool, sizeof(*ctx));

    ctx->req = req;
    ctx->rsp = rsp;
    ctx->conf = req->conf;
    ctx->log = req->log;
    ctx->pool = req->pool;
    ctx->began = apr_time_now();
    rsp->headers = apr_table_make(req->pool, 8);
    rsp->notes = apr_table_make(req->pool, 8);
    rsp->body = apr_brigade_create(req->pool, req->bucket_alloc);
    ctx->out = eas_writer_create(rsp->body, EAS_ANSWER_MAX, req->pool);
    eas_writer_mark(ctx->out, &ctx->start);
    return ctx;
}

static void tell(eas_ctx_t *ctx)
{
    if (ctx->rsp->park == NULL) {
        finish(ctx);
        note_pace(ctx);
        note(ctx);
    }
}

void eas_dispatch_end(eas_ctx_t *ctx, usm_error_t *err)
{
    complete(ctx, err);
    tell(ctx);
}

void eas_dispatch(eas_response_t *rsp, const eas_request_t *req)
{
    eas_ctx_t *ctx = eas_dispatch_begin(rsp, req);

    run_checks(ctx);
    tell(ctx);
}
