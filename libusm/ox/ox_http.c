/* SPDX-License-Identifier: Apache-2.0 */
#include "ox/ox_http.h"

#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include <apr_time.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <usm/spool.h>

#define BODY_MAX ((apr_size_t)64 * 1024 * 1024)
#define ERROR_MAX ((apr_size_t)1024 * 1024) /* of a text that is kept in place of a streamed body */
#define COOKIE_MAX 64
#define COOKIE_LEN_MAX 8192

struct ox_http_t {
    ox_http_config_t cfg;
    apr_thread_mutex_t *lock;
    CURL **idle; /* a stack: the warmest connection is on top */
    int idle_count;
    int failures;          /* connect failures in a row */
    apr_time_t open_until; /* 0 = breaker closed */
    int probing;
};

/* One transfer in flight. */
typedef struct xfer_t {
    const ox_req_t *req;
    ox_rsp_t *rsp;
    apr_pool_t *pool;
    char *buf;
    apr_size_t len, size, max, seen;
    int stopped, too_large, no_memory;
    CURL *curl;
    int keep; /* the body is kept although there is an on_data: its head was refused */
} xfer_t;

/* ---- the pool of handles and the breaker ---- */

static apr_status_t http_cleanup(void *data)
{
    ox_http_t *http = data;
    while (http->idle_count > 0)
        curl_easy_cleanup(http->idle[--http->idle_count]);
    free(http->idle);
    http->idle = NULL;
    curl_global_cleanup();
    return APR_SUCCESS;
}

usm_error_t *ox_http_create(ox_http_t **http_p, const ox_http_config_t *config, apr_pool_t *pool)
{
    ox_http_t *http = apr_pcalloc(pool, sizeof *http);
    http->cfg = *config;
    http->cfg.keep = config->keep > 0 ? config->keep : 64;
    http->cfg.connect_timeout_ms = config->connect_timeout_ms > 0 ? config->connect_timeout_ms : 5000;
    http->cfg.timeout_ms = config->timeout_ms > 0 ? config->timeout_ms : 60000;
    http->cfg.breaker_failures = config->breaker_failures > 0 ? config->breaker_failures : 5;
    http->cfg.breaker_ms = config->breaker_ms > 0 ? config->breaker_ms : 5000;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return USM_ERROR(pool, USM_ECONFIG, "cannot set up libcurl");
    http->idle = calloc((size_t)http->cfg.keep, sizeof(CURL *));
    if (!http->idle || apr_thread_mutex_create(&http->lock, APR_THREAD_MUTEX_DEFAULT, pool) != APR_SUCCESS) {
        http_cleanup(http);
        return USM_ERROR(pool, USM_ENOMEM, "cannot set up the HTTP client");
    }
    apr_pool_cleanup_register(pool, http, http_cleanup, apr_pool_cleanup_null);
    *http_p = http;
    return NULL;
}

/* Take a handle. NULL with *open_p 1: the breaker is open. *probe_p: this call is the one that may close it. */
static CURL *handle_take(ox_http_t *http, int *open_p, int *probe_p)
{
    CURL *curl = NULL;
    *open_p = *probe_p = 0;
    apr_thread_mutex_lock(http->lock);
    if (http->open_until) {
        if (apr_time_now() < http->open_until || http->probing) {
            *open_p = 1;
        } else {
            http->probing = *probe_p = 1;
        }
    }
    if (!*open_p && http->idle_count > 0)
        curl = http->idle[--http->idle_count];
    apr_thread_mutex_unlock(http->lock);
    if (curl)
        curl_easy_reset(curl);
    else if (!*open_p)
        curl = curl_easy_init();
    return curl;
}

/* Give a handle back and tell the breaker how it went. */
static void handle_give(ox_http_t *http, CURL *curl, int connect_failed, int probe)
{
    apr_thread_mutex_lock(http->lock);
    if (probe)
        http->probing = 0;
    if (!connect_failed) {
        http->failures = 0;
        http->open_until = 0;
    } else if (probe || ++http->failures >= http->cfg.breaker_failures) {
        http->open_until = apr_time_now() + apr_time_from_msec(http->cfg.breaker_ms);
    }
    if (curl && http->idle_count < http->cfg.keep) {
        http->idle[http->idle_count++] = curl;
        curl = NULL;
    }
    apr_thread_mutex_unlock(http->lock);
    if (curl)
        curl_easy_cleanup(curl);
}

/* ---- the answer ---- */

static int body_grow(xfer_t *x, apr_size_t more)
{
    if (x->len + more + 1 <= x->size)
        return 1;
    apr_size_t size = x->size ? x->size : 16384;
    while (size < x->len + more + 1)
        size *= 2;
    char *buf = realloc(x->buf, size);
    if (!buf) {
        x->no_memory = 1;
        return 0;
    }
    x->buf = buf;
    x->size = size;
    return 1;
}

/* The first piece of a body that may be an error's text. */
static void judge_head(xfer_t *x)
{
    long status = 0;
    char *type = NULL;
    curl_easy_getinfo(x->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(x->curl, CURLINFO_CONTENT_TYPE, &type);
    x->keep = !x->req->on_head(x->req->baton, (int)status, type ? type : "");
    if (x->keep && x->max > ERROR_MAX)
        x->max = ERROR_MAX;
}

static size_t on_body(char *data, size_t size, size_t count, void *baton)
{
    xfer_t *x = baton;
    size_t len = size * count;
    if (x->req->on_head && !x->seen && len)
        judge_head(x);
    x->seen += len;
    if (x->seen > x->max) {
        x->too_large = 1;
        return 0;
    }
    if (x->req->on_data && !x->keep) {
        if (x->req->on_data(x->req->baton, data, len) != 0) {
            x->stopped = 1;
            return 0;
        }
        return len;
    }
    if (!body_grow(x, len))
        return 0;
    memcpy(x->buf + x->len, data, len);
    x->len += len;
    return len;
}

/* Only Set-Cookie is wanted: name=value up to the first ';'. */
static size_t on_header(char *data, size_t size, size_t count, void *baton)
{
    static const char name[] = "set-cookie:";
    xfer_t *x = baton;
    size_t len = size * count, at = sizeof name - 1, end;
    if (len <= at || len > COOKIE_LEN_MAX || strncasecmp(data, name, at) != 0)
        return len;
    while (at < len && data[at] == ' ')
        at++;
    for (end = at; end < len && data[end] != ';' && data[end] != '\r' && data[end] != '\n';)
        end++;
    if (!memchr(data + at, '=', end - at))
        return len;
    if (!x->rsp->cookies)
        x->rsp->cookies = apr_array_make(x->pool, 4, sizeof(const char *));
    if (x->rsp->cookies->nelts < COOKIE_MAX)
        APR_ARRAY_PUSH(x->rsp->cookies, const char *) = apr_pstrmemdup(x->pool, data + at, end - at);
    return len;
}

static apr_status_t body_free(void *data)
{
    free(data);
    return APR_SUCCESS;
}

void ox_http_free(ox_rsp_t *rsp, apr_pool_t *pool)
{
    if (rsp->mem)
        apr_pool_cleanup_run(pool, rsp->mem, body_free);
    rsp->mem = rsp->body = NULL;
    rsp->len = 0;
}

/* ---- the request ---- */

#define UPLOAD_STEP ((apr_size_t)1 << 20)

/* Bytes that go up and need not stay in memory behind us. */
typedef struct upload_t {
    const char *data;
    apr_size_t len, at;
} upload_t;

static size_t on_read(char *buffer, size_t size, size_t count, void *baton)
{
    upload_t *u = baton;
    apr_size_t n = size * count, left = u->len - u->at, step = u->at / UPLOAD_STEP;
    n = n < left ? n : left;
    memcpy(buffer, u->data + u->at, n);
    u->at += n;
    if (u->at / UPLOAD_STEP != step)
        usm_spool_passed(u->data + step * UPLOAD_STEP, UPLOAD_STEP);
    return n;
}

/* A connection that the server closed meanwhile: all over again. */
static int on_seek(void *baton, curl_off_t offset, int origin)
{
    upload_t *u = baton;
    if (origin != SEEK_SET || offset < 0 || (apr_size_t)offset > u->len)
        return CURL_SEEKFUNC_FAIL;
    u->at = (apr_size_t)offset;
    return CURL_SEEKFUNC_OK;
}

static upload_t *upload(const char *data, apr_size_t len, apr_pool_t *pool)
{
    upload_t *u = apr_pcalloc(pool, sizeof *u);
    u->data = data;
    u->len = len;
    return u;
}

static int add_header(struct curl_slist **list, const char *name, const char *value, apr_pool_t *pool)
{
    struct curl_slist *more = curl_slist_append(*list, apr_pstrcat(pool, name, value, NULL));
    if (!more)
        return 0;
    *list = more;
    return 1;
}

/* What is large is read when it is wanted: curl would make a copy of it. */
static int set_part_data(curl_mimepart *p, const ox_part_t *part, apr_pool_t *pool)
{
    if (part->len <= UPLOAD_STEP)
        return curl_mime_data(p, part->data, part->len) == CURLE_OK;
    return curl_mime_data_cb(p, (curl_off_t)part->len, on_read, on_seek, NULL,
                             upload(part->data, part->len, pool)) == CURLE_OK;
}

static int set_parts(CURL *curl, curl_mime **mime_p, const ox_req_t *req, apr_pool_t *pool)
{
    curl_mime *mime = *mime_p = curl_mime_init(curl);
    if (!mime)
        return 0;
    for (int i = 0; i < req->part_count; i++) {
        const ox_part_t *part = &req->parts[i];
        curl_mimepart *p = curl_mime_addpart(mime);
        if (!p || curl_mime_name(p, part->name) || !set_part_data(p, part, pool) ||
            (part->filename && curl_mime_filename(p, part->filename)) ||
            (part->content_type && curl_mime_type(p, part->content_type)))
            return 0;
    }
    return curl_easy_setopt(curl, CURLOPT_MIMEPOST, mime) == CURLE_OK;
}

static void set_transport(CURL *curl, const ox_http_t *http, const ox_req_t *req)
{
    const ox_http_config_t *cfg = &http->cfg;
    curl_easy_setopt(curl, CURLOPT_URL, req->url);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(curl, CURLOPT_MAXAGE_CONN, 4L); /* below the usual keep-alive of 5 s on the other side */
    curl_easy_setopt(curl, CURLOPT_MAXCONNECTS, 2L);
    curl_easy_setopt(curl, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)cfg->connect_timeout_ms);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)(req->timeout_ms > 0 ? req->timeout_ms : cfg->timeout_ms));
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* the environment of httpd must not redirect passwords */
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
    curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "gzip");
    curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, 65536L);
    if (cfg->user_agent)
        curl_easy_setopt(curl, CURLOPT_USERAGENT, cfg->user_agent);
    if (cfg->ca)
        curl_easy_setopt(curl, CURLOPT_CAINFO, cfg->ca);
    if (cfg->insecure) {
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    if (req->cookies)
        curl_easy_setopt(curl, CURLOPT_COOKIE, req->cookies);
}

static int set_request(CURL *curl, struct curl_slist **headers, curl_mime **mime, const ox_req_t *req, xfer_t *x)
{
    if (!add_header(headers, "Accept: ", req->accept ? req->accept : "application/json, text/javascript", x->pool))
        return 0;
    if (req->parts) {
        if (!set_parts(curl, mime, req, x->pool))
            return 0;
    } else if (strcmp(req->method, "GET") != 0) {
        curl_easy_setopt(curl, CURLOPT_POST, 1L);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)req->body_len);
        if (req->body_len > UPLOAD_STEP) {
            upload_t *u = upload(req->body, req->body_len, x->pool);
            curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_read);
            curl_easy_setopt(curl, CURLOPT_READDATA, u);
            curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, on_seek);
            curl_easy_setopt(curl, CURLOPT_SEEKDATA, u);
        } else {
            curl_easy_setopt(curl, CURLOPT_POSTFIELDS, req->body ? req->body : "");
        }
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, req->method);
        if (!add_header(headers, "Content-Type: ", req->content_type ? req->content_type : "application/json", x->pool))
            return 0;
    }
    if (!add_header(headers, "Expect:", "", x->pool))
        return 0;
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, *headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, x);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, x);
    return 1;
}

/* ---- the call ---- */

static void count(usm_stats_t *stats, CURL *curl)
{
    curl_off_t up = 0, down = 0, us = 0;
    long request = 0;
    if (!stats)
        return;
    curl_easy_getinfo(curl, CURLINFO_SIZE_UPLOAD_T, &up);
    curl_easy_getinfo(curl, CURLINFO_SIZE_DOWNLOAD_T, &down);
    curl_easy_getinfo(curl, CURLINFO_TOTAL_TIME_T, &us);
    curl_easy_getinfo(curl, CURLINFO_REQUEST_SIZE, &request);
    stats->backend_calls++;
    stats->backend_us += (apr_uint64_t)us;
    stats->backend_bytes_in += (apr_uint64_t)down;
    stats->backend_bytes_out += (apr_uint64_t)request + (apr_uint64_t)up;
}

static int is_connect_failure(CURLcode rc, CURL *curl)
{
    double connected = 0;
    if (rc == CURLE_COULDNT_CONNECT || rc == CURLE_COULDNT_RESOLVE_HOST || rc == CURLE_SSL_CONNECT_ERROR)
        return 1;
    if (rc != CURLE_OPERATION_TIMEDOUT)
        return 0;
    curl_easy_getinfo(curl, CURLINFO_CONNECT_TIME, &connected);
    return connected <= 0;
}

/* The answer's header part; the strings must not point into the handle. */
static usm_error_t *finish(xfer_t *x, CURL *curl, CURLcode rc)
{
    long status = 0;
    char *type = NULL;
    if (x->too_large)
        return USM_ERROR(x->pool, USM_ELIMIT, "answer of the groupware server is larger than %" APR_SIZE_T_FMT " bytes",
                         x->max);
    if (x->no_memory)
        return USM_ERROR(x->pool, USM_ENOMEM, NULL);
    if (rc != CURLE_OK && !x->stopped)
        return USM_ERROR(x->pool, USM_EUNAVAILABLE, "HTTP call failed: %s", curl_easy_strerror(rc));
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
    x->rsp->status = (int)status;
    x->rsp->content_type = type ? apr_pstrdup(x->pool, type) : "";
    if (status == 429 || status >= 500)
        return USM_ERROR(x->pool, USM_EUNAVAILABLE, "groupware server answered HTTP %ld", status);
    return NULL;
}

/* The body's memory belongs to the pool from here on. */
static void hand_over(xfer_t *x)
{
    if (!x->buf)
        return;
    x->buf[x->len] = '\0';
    x->rsp->body = x->buf;
    x->rsp->len = x->len;
    x->rsp->mem = x->buf;
    apr_pool_cleanup_register(x->pool, x->buf, body_free, apr_pool_cleanup_null);
}

usm_error_t *ox_http_perform(ox_rsp_t *rsp, ox_http_t *http, const ox_req_t *req, usm_stats_t *stats, apr_pool_t *pool)
{
    struct curl_slist *headers = NULL;
    curl_mime *mime = NULL;
    int open, probe;
    memset(rsp, 0, sizeof *rsp);
    rsp->content_type = "";
    xfer_t x = {.req = req, .rsp = rsp, .pool = pool, .max = req->max ? req->max : BODY_MAX};

    CURL *curl = handle_take(http, &open, &probe);
    if (open)
        return USM_ERROR(pool, USM_EUNAVAILABLE, "groupware server did not accept connections a moment ago");
    if (!curl) {
        handle_give(http, NULL, 0, probe);
        return USM_ERROR(pool, USM_ENOMEM, NULL);
    }
    usm_error_t *err = NULL;
    CURLcode rc = CURLE_OUT_OF_MEMORY;
    x.curl = curl;
    set_transport(curl, http, req);
    if (!body_grow(&x, 0) || !set_request(curl, &headers, &mime, req, &x)) {
        err = USM_ERROR(pool, USM_ENOMEM, NULL);
    } else {
        rc = curl_easy_perform(curl);
        count(stats, curl);
        err = finish(&x, curl, rc);
    }
    int connect_failed = err && is_connect_failure(rc, curl);
    curl_slist_free_all(headers);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, NULL);
    curl_mime_free(mime);
    handle_give(http, curl, connect_failed, probe);
    hand_over(&x);
    return err;
}

const char *ox_http_escape(const char *text, apr_pool_t *pool)
{
    static const char hex[] = "0123456789ABCDEF";
    char *out = apr_palloc(pool, strlen(text) * 3 + 1), *o = out;
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || strchr("-._~", *p)) {
            *o++ = (char)*p;
        } else {
            *o++ = '%';
            *o++ = hex[*p >> 4];
            *o++ = hex[*p & 15];
        }
    }
    *o = '\0';
    return out;
}
