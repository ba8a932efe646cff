/* SPDX-License-Identifier: Apache-2.0 */
#include "eas_notify.h"

#include <apr_strings.h>
#include <string.h>
#include <usm/hint.h>

#define TYPE "application/json; charset=utf-8"

int eas_flow_take(eas_flow_t *flow, int count, apr_int64_t rate, apr_time_t now)
{
    int wait = 0;

    if (rate <= 0) {
        return 0;
    }
    apr_thread_mutex_lock(flow->mutex);
    if (flow->clear_at < now) {
        flow->clear_at = now;
    }
    if (flow->clear_at - now < APR_USEC_PER_SEC) {
        flow->clear_at += APR_USEC_PER_SEC * count / rate;
    } else {
        wait = (int)apr_time_sec(flow->clear_at - now) + 1;
    }
    apr_thread_mutex_unlock(flow->mutex);
    return wait;
}

static void put(eas_response_t *rsp, int http, const char *text)
{
    rsp->http = http;
    rsp->content_type = TYPE;
    rsp->length = (apr_off_t)strlen(text);
    apr_brigade_puts(rsp->body, NULL, NULL, text);
}

static void refuse(eas_response_t *rsp, const eas_request_t *req, int http, const char *why)
{
    usm_log(req->log, USM_LOG_INFO, EASLOGNO(100), "notification refused with HTTP %d: %s", http, why);
    put(rsp, http, "{\"success\":false}\n");
}

static int read_hints(usm_hint_t *hints, int *count, const eas_request_t *req, const char **why)
{
    const char *body = "";
    apr_size_t len = 0;
    usm_error_t *err;
    int http = req->read_body(req->baton, EAS_NOTIFY_BODY_MAX, &body, &len);

    if (http != 0) {
        *why = "the body cannot be read, or is too long";
        return http;
    }
    err = usm_hint_parse(hints, count, EAS_NOTIFY_MAX, NULL, body, len, req->pool);
    if (err == NULL) {
        return 0;
    }
    http = usm_error_is(err, USM_ELIMIT) ? 413 : 400;
    *why = usm_error_text(err, req->pool);
    return http;
}

void eas_notify(eas_response_t *rsp, const eas_request_t *req, eas_flow_t *flow,
                void (*raise)(const eas_request_t *req, const usm_hint_t *hint))
{
    usm_hint_t *hints = apr_palloc(req->pool, sizeof(*hints) * EAS_NOTIFY_MAX);
    const char *why = NULL;
    int count = 0, http, wait, i;

    rsp->headers = apr_table_make(req->pool, 2);
    rsp->notes = apr_table_make(req->pool, 2);
    rsp->body = apr_brigade_create(req->pool, req->bucket_alloc);
    if (strcmp(req->method, "PUT") != 0 && strcmp(req->method, "POST") != 0) {
        apr_table_setn(rsp->headers, "Allow", "PUT, POST");
        refuse(rsp, req, 405, req->method);
        return;
    }
    http = read_hints(hints, &count, req, &why);
    if (http != 0) {
        refuse(rsp, req, http, why);
        return;
    }
    wait = eas_flow_take(flow, count, req->conf->notify_rate, apr_time_now());
    if (wait != 0) {
        apr_table_setn(rsp->headers, "Retry-After", apr_itoa(req->pool, wait));
        refuse(rsp, req, 429, "too many of them (EASNotifyRate)");
        return;
    }
    for (i = 0; i < count; i++) {
        raise(req, &hints[i]);
    }
    apr_table_setn(rsp->notes, "eas-cmd", "Notify");
    put(rsp, 200, "{\"success\":true}\n");
}
