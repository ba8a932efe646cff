/* SPDX-License-Identifier: Apache-2.0 */
/** @file ox_http.h  HTTP calls to the groupware server. ox_http.c alone includes libcurl.
 *
 * One client per process: a pool of handles, each keeping its connection, taken last in first out. Thread safe; calls
 * block the calling thread. Cookies are the caller's business: handles are shared by all users. */
#ifndef OX_HTTP_H
#define OX_HTTP_H

#include <apr_tables.h>
#include <usm/session.h>

typedef struct ox_http_t ox_http_t;

/** What of the configuration concerns HTTP. Zeroed members mean the default behind them. */
typedef struct ox_http_config_t {
    const char *user_agent;
    const char *ca;         /**< file with trusted CAs, NULL = the system's */
    int insecure;           /**< do not check the server's certificate */
    int keep;               /**< connections kept, 64 */
    int connect_timeout_ms; /**< 5,000 */
    int timeout_ms;         /**< 60,000 */
    int breaker_failures;   /**< connect failures in a row that open the breaker, 5 */
    int breaker_ms;         /**< how long it stays open before one probe goes out, 5,000 */
} ox_http_config_t;

/** Receives the (decompressed) body in pieces. 0 = go on; anything else ends the transfer early, which is no error. */
typedef int (*ox_http_data_fn)(void *baton, const char *data, apr_size_t len);

/** Asked when the body begins: shall it go to on_data? 0 = no, it is kept in the answer (an error's text). */
typedef int (*ox_http_head_fn)(void *baton, int status, const char *content_type);

/** A part of a multipart/form-data upload. */
typedef struct ox_part_t {
    const char *name;
    const char *filename;     /**< NULL: an ordinary field */
    const char *content_type; /**< may be NULL */
    const char *data;
    apr_size_t len;
} ox_part_t;

typedef struct ox_req_t {
    const char *method; /**< "GET", "PUT", "POST" */
    const char *url;
    const char *cookies; /**< value of the Cookie header, or NULL */
    const char *accept;  /**< NULL = JSON */
    const char *content_type;
    const char *body; /**< NULL = none */
    apr_size_t body_len;
    const ox_part_t *parts; /**< POST multipart instead of a body */
    int part_count;
    apr_size_t max;          /**< bytes of answer taken; more is LIMIT. 0 = 64 MiB */
    ox_http_data_fn on_data; /**< NULL: the body is kept in the answer */
    ox_http_head_fn on_head; /**< NULL: all of it goes to on_data; what it refuses is kept up to 1 MiB */
    void *baton;
    int timeout_ms; /**< 0 = the client's */
} ox_req_t;

typedef struct ox_rsp_t {
    int status;
    const char *content_type;    /**< "" when there is none */
    char *body;                  /**< NUL-terminated; belongs to the pool of the call, or until ox_http_free() */
    apr_size_t len;
    apr_array_header_t *cookies; /**< const char *: "name=value" of each Set-Cookie, or NULL */
    void *mem;                   /**< private */
} ox_rsp_t;

/** Make a client; it lives as long as @a pool. Errors: CONFIG, NOMEM. */
usm_error_t *ox_http_create(ox_http_t **http_p, const ox_http_config_t *config, apr_pool_t *pool);

/** Do one call. Any HTTP answer is a success here. @a stats may be NULL. Errors: UNAVAILABLE (no connection, breaker
 * open, timeout, broken transfer, HTTP 429 and 5xx), LIMIT (answer too large). */
usm_error_t *ox_http_perform(ox_rsp_t *rsp, ox_http_t *http, const ox_req_t *req, usm_stats_t *stats,
                             apr_pool_t *pool);
/** Give the body's memory back before the pool goes. */
void ox_http_free(ox_rsp_t *rsp, apr_pool_t *pool);

/** Percent-encode for a query: everything but unreserved characters. In @a pool. */
const char *ox_http_escape(const char *text, apr_pool_t *pool);

#endif
