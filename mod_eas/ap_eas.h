/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ap ring: the only files that know httpd. It feeds configuration and requests to the protocol ring and writes its
 * answers. Everything here runs in the thread of the request or of the child's start.
 */
#ifndef EAS_AP_EAS_H
#define EAS_AP_EAS_H

#include <httpd.h>
#include <http_config.h>

#include "eas.h"

extern module AP_MODULE_DECLARE_DATA eas_module;

/* Per-directory configuration: the module's rows, and what AuthBasicProvider says. */
typedef struct eas_ap_dir_t {
    const eas_conf_t *conf;
    int providers; /* how many AuthBasicProvider names in this section, 0 = it says nothing */
    int has_ox;    /* "ox" is among them */
} eas_ap_dir_t;

/* What is known of a request before its handler runs. */
typedef struct eas_ap_state_t {
    int tried;                   /* a login was tried with these credentials */
    const char *user, *password; /* UTF-8 */
    usm_login_t *login;
    usm_error_t *error;
    usm_log_t log;
} eas_ap_state_t;

/* ap_config.c */
extern const command_rec eas_ap_commands[];
void *eas_ap_dir_create(apr_pool_t *pool, char *dir);
void *eas_ap_dir_merge(apr_pool_t *pool, void *base, void *inner);
/* The configuration of the request's location. */
const eas_ap_dir_t *eas_ap_dir(const request_rec *r);

/* ap_context.c */
/* Sets up what all contexts of this child share. To be called once per child, before any request. */
void eas_ap_context_init(apr_pool_t *pool, server_rec *server);
/*
 * The library context of a configuration: made when it is first asked for, shared by all with the same BACKEND rows.
 * After a failure nobody tries again for some seconds. Errors live in POOL. Any thread may call.
 */
usm_error_t *eas_ap_context(usm_context_t **ctx_p, const eas_conf_t *conf, apr_pool_t *pool);

/* ap_auth.c */
void eas_ap_auth_register(apr_pool_t *pool);
/* The request's state; made when there is none yet. */
eas_ap_state_t *eas_ap_state(request_rec *r);
/* Did the request come over TLS, to us or to a proxy that the administrator trusts (environment HTTPS=on)? */
int eas_ap_is_tls(request_rec *r);

/* ap_pace.c */
/* Makes the table of eas_pace.h, which all children share, before there are any. */
int eas_ap_pace_init(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *server);
eas_pace_t *eas_ap_pace(void);

/* ap_request.c */
/* Handler "eas". */
int eas_ap_handler(request_rec *r);
/* What the protocol ring is to know of R. */
void eas_ap_request(eas_request_t *req, request_rec *r);
/* Sends RSP; what a handler returns. */
int eas_ap_answer(request_rec *r, eas_response_t *rsp);

/* ap_autodiscover.c */
/* Handler "eas-autodiscover". */
int eas_ap_autodiscover(request_rec *r);

/* ap_log.c */
/* A sink that writes to the log of R, or of SERVER. */
void eas_ap_log_request(usm_log_t *log, request_rec *r);
void eas_ap_log_server(usm_log_t *log, server_rec *server);

#endif
