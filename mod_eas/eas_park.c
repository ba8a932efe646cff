/* SPDX-License-Identifier: Apache-2.0 */
#include "eas_park.h"

#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

/* Appends LEN bytes and a zero to the block's text. */
static const char *put(char **at, const char *bytes, apr_size_t len)
{
    char *text = *at;

    memcpy(text, bytes, len);
    text[len] = '\0';
    *at += len + 1;
    return text;
}

static eas_park_t *make(const eas_ctx_t *ctx)
{
    const char *user = ctx->req->user != NULL ? ctx->req->user : "";
    const char *type = ctx->device_type != NULL ? ctx->device_type : "";
    apr_size_t user_len = strlen(user), id_len = strlen(ctx->device_id), type_len = strlen(type);
    eas_park_t *park = malloc(sizeof(*park) + user_len + id_len + type_len + ctx->body_len + 4);
    char *at;

    if (park == NULL) {
        return NULL;
    }
    memset(park, 0, sizeof(*park));
    at = park->text;
    park->user = put(&at, user, user_len);
    park->device_id = put(&at, ctx->device_id, id_len);
    park->device_type = put(&at, type, type_len);
    park->body = put(&at, ctx->body, ctx->body_len);
    park->body_len = ctx->body_len;
    park->command = ctx->command;
    park->version = ctx->version;
    park->began = ctx->began;
    park->key = ctx->key;
    return park;
}

static usm_error_t *wait_here(usm_watch_result_t *result, eas_ctx_t *ctx, usm_watch_t *watch, usm_time_t deadline)
{
    const eas_request_t *req = ctx->req;
    usm_time_t limit = apr_time_as_msec(apr_time_now()) + req->wait_max;
    usm_error_t *err;

    if (req->wait_max > 0 && deadline > limit) {
        deadline = limit;
    }
    if (req->enter != NULL && !req->enter(req->baton)) {
        return eas_answer_status(ctx, 503);
    }
    err = usm_watch_wait(result, watch, deadline, req->stop, req->baton, ctx->pool);
    if (req->leave != NULL) {
        req->leave(req->baton);
    }
    return err;
}

/* A groupware server that is down does not end a wait. */
static usm_error_t *look(usm_watch_result_t *result, eas_ctx_t *ctx, usm_watch_t *watch)
{
    usm_error_t *err = usm_watch_check(result, watch, ctx->pool);

    if (err != NULL && usm_error_retry(err)) {
        usm_log(ctx->log, USM_LOG_DEBUG, EASLOGNO(91), "cannot look for news now: %s", usm_error_text(err, ctx->pool));
        usm_error_clear(err);
        memset(result, 0, sizeof(*result));
        return NULL;
    }
    return err;
}

static apr_int64_t today(void)
{
    return apr_time_sec(apr_time_now()) / 86400;
}

void eas_beat_parse(eas_beat_t *beat, const char *text)
{
    char *rest = NULL;

    memset(beat, 0, sizeof(*beat));
    if (text == NULL || *text != '/') {
        return;
    }
    beat->limit = strtoll(text + 1, &rest, 10);
    beat->day = *rest == '/' ? strtoll(rest + 1, NULL, 10) : 0;
    if (beat->limit <= 0 || beat->day + EAS_BEAT_DAYS < today()) {
        memset(beat, 0, sizeof(*beat));
    }
}

const char *eas_beat_text(const eas_beat_t *beat, apr_pool_t *pool)
{
    return beat->limit == 0 ? ""
                            : apr_psprintf(pool, "/%" APR_INT64_T_FMT "/%" APR_INT64_T_FMT, beat->limit, beat->day);
}

void eas_beat_learn(eas_beat_t *beat, apr_int64_t seconds)
{
    beat->limit = seconds;
    beat->day = today();
}

apr_int64_t eas_beat_high(const eas_beat_t *beat, apr_int64_t low, apr_int64_t high)
{
    apr_int64_t limit = beat->limit > 0 && beat->limit < high ? beat->limit : high;

    return limit < low ? low : limit;
}

usm_error_t *eas_wait(eas_ctx_t *ctx, usm_watch_t *watch, usm_time_t deadline, eas_resume_fn resume,
                      eas_learn_fn learn)
{
    usm_watch_result_t result = {0};
    eas_park_t *park;

    if (!ctx->req->can_park || ctx->body_len > EAS_PARK_BODY_MAX) {
        USM_ERR(wait_here(&result, ctx, watch, deadline));
        return ctx->answered ? NULL : resume(ctx, ctx->doc, &result, ctx->out);
    }
    USM_ERR(look(&result, ctx, watch));
    if (result.hierarchy || result.count > 0 || apr_time_as_msec(apr_time_now()) >= deadline) {
        return resume(ctx, ctx->doc, &result, ctx->out);
    }
    park = make(ctx);
    if (park == NULL) {
        return USM_ERROR(ctx->pool, USM_ELIMIT, "no memory for a request that waits");
    }
    park->watch = watch;
    park->deadline = deadline;
    park->resume = resume;
    park->learn = learn;
    ctx->rsp->park = park;
    return NULL;
}

eas_park_arm_e eas_park_arm(eas_park_t *park, usm_wake_fn wake, void *baton, const usm_log_t *log, apr_pool_t *pool)
{
    usm_watch_t *watch = park->watch;
    usm_error_t *err;

    park->watch = NULL;
    if (watch == NULL) {
        return EAS_PARK_LATER;
    }
    err = usm_watch_park(&park->parked, watch, wake, baton);
    if (err != NULL) {
        usm_log(log, USM_LOG_INFO, EASLOGNO(92), "device %s cannot wait: %s", park->device_id,
                usm_error_text(err, pool));
        usm_error_clear(err);
        return EAS_PARK_FAILED;
    }
    return usm_parked_moved(park->parked) ? EAS_PARK_MOVED : EAS_PARK_ARMED;
}

void eas_park_free(eas_park_t *park)
{
    if (park != NULL) {
        usm_parked_free(park->parked);
        free(park);
    }
}

/* A session as the one that was parked. */
static usm_error_t *open_again(usm_watch_t **watch_p, eas_ctx_t *ctx, eas_park_t *park)
{
    USM_ERR(usm_parked_login(&ctx->login, park->parked, ctx->pool));
    USM_ERR(usm_session_open(&ctx->session, ctx->req->usm, ctx->login, NULL, park->device_id, park->device_type, 0,
                             ctx->log, ctx->pool));
    return usm_watch_unpark(watch_p, park->parked, ctx->session, ctx->pool);
}

/* Without the password nobody can open a new session of the groupware server: the device comes with it again when it
 * is told that nothing has happened. */
static usm_error_t *look_again(usm_watch_result_t *result, usm_watch_t **watch_p, int *ended_p, eas_ctx_t *ctx,
                               eas_park_t *park)
{
    usm_error_t *err = open_again(watch_p, ctx, park);

    err = err == NULL ? look(result, ctx, *watch_p) : err;
    if (err != NULL && usm_error_class(err) == USM_CLASS_AUTH) {
        usm_log(ctx->log, USM_LOG_DEBUG, EASLOGNO(93), "device %s has to come again: %s", park->device_id,
                usm_error_text(err, ctx->pool));
        usm_error_clear(err);
        err = NULL;
        *ended_p = 1;
    }
    if (err != NULL && usm_error_retry(err)) { /* the state database is down: as with the groupware server */
        usm_log(ctx->log, USM_LOG_DEBUG, EASLOGNO(96), "cannot look for news now: %s", usm_error_text(err, ctx->pool));
        usm_error_clear(err);
        err = NULL;
        *watch_p = NULL;
    }
    return err;
}

static usm_error_t *go_on(eas_ctx_t *ctx, eas_park_t *park, eas_resume_e why)
{
    usm_watch_result_t result = {0};
    usm_watch_t *watch = NULL;
    int ended = why != EAS_RESUME_LOOK;

    if (why == EAS_RESUME_FULL) {
        return eas_answer_status(ctx, 503);
    }
    if (why == EAS_RESUME_CUT) {
        USM_ERR(open_again(&watch, ctx, park));
        usm_log(ctx->log, USM_LOG_INFO, EASLOGNO(97),
                "connections of device %s end after some %" APR_INT64_T_FMT " seconds: it is told to wait no longer",
                park->device_id, park->survives);
        return park->learn(ctx, park->survives);
    }
    if (!ended) {
        USM_ERR(look_again(&result, &watch, &ended, ctx, park));
    }
    if (!ended && !result.hierarchy && result.count == 0 && apr_time_as_msec(apr_time_now()) < park->deadline) {
        park->watch = watch;
        ctx->rsp->park = park;
        return NULL;
    }
    return park->resume(ctx, ctx->doc, &result, ctx->out);
}

/* The document was good when it came. */
static void parse_again(eas_ctx_t *ctx)
{
    eas_limits_t limits = {.elements = (unsigned)ctx->conf->max_elements, .repair = 1};
    eas_wbxml_error_t error;

    if (ctx->body_len > 0) {
        eas_node_parse(&ctx->doc, &error, ctx->body, ctx->body_len, &limits, ctx->pool);
    }
}

void eas_resume(eas_response_t *rsp, const eas_request_t *req, eas_park_t *park, eas_resume_e why)
{
    eas_ctx_t *ctx = eas_dispatch_begin(rsp, req);
    usm_error_t *err = req->usm_error;

    ctx->command = park->command;
    ctx->version = park->version;
    ctx->device_id = apr_pstrdup(ctx->pool, park->device_id); /* notes and log lines outlive the parked one */
    ctx->device_type = apr_pstrdup(ctx->pool, park->device_type);
    ctx->body = park->body;
    ctx->body_len = park->body_len;
    ctx->began = park->began;
    ctx->key = park->key;
    parse_again(ctx);
    if (err == NULL) {
        err = go_on(ctx, park, why);
    }
    eas_dispatch_end(ctx, err);
}
