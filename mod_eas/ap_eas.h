/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ap ring: the only files that know httpd. It feeds configuration and requests to the protocol ring and writes its
 * answers. Everything here runs in the thread of the request or of the child's start.
 */
#ifndef EAS_AP_EAS_H
#define EAS_AP_EAS_H

#include <httpd.h>
#include <http_config.h>

#include <usm/pump.h>

#include "eas.h"
#include "eas_slot.h"

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

/* Wakes who waits for what HINT tells of, in all contexts of this child but BUT (may be NULL). Any thread. */
void eas_ap_context_hint(const usm_context_t *but, const usm_hint_t *hint);

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

/* ap_slot.c */
#define EAS_SLOT_ALL (-2) /* every child but this one */

/* What children tell each other. */
typedef enum {
    EAS_SLOT_SUPERSEDED = 1, /* payload: device; a newer request of it came in another child */
    EAS_SLOT_HINT = 2        /* payload: whose folders may have changed */
} eas_slot_type_e;

typedef struct eas_slot_message_t {
    apr_uint64_t type;
    apr_uint64_t payload;
} eas_slot_message_t;

/* Makes the table and a pipe for each child there may be, before there are any. */
int eas_ap_slot_init(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *server);
/* A child starts: it takes a slot. The parent has seen it end. */
void eas_ap_slot_child(apr_pool_t *pchild);
void eas_ap_slot_ended(apr_uint32_t pid);
/* The table, NULL when there is none; this child's slot, EAS_SLOT_NONE without; the read end of its pipe, or -1. */
eas_slots_t *eas_ap_slots(void);
int eas_ap_slot_mine(void);
int eas_ap_slot_fd(void);
/* Tells the child in SLOT, or EAS_SLOT_ALL. Never blocks; what does not fit into a pipe is noted as lost, and that
 * child then looks at everything. Any thread. */
void eas_ap_slot_post(int slot, eas_slot_type_e type, apr_uint64_t payload);
/* What this child was told: up to MAX messages; *LOST_P: some were lost before. Never blocks. One thread. */
int eas_ap_slot_read(int *lost_p, eas_slot_message_t *messages, int max);

/* ap_park.c */
void eas_ap_park_register(void);
/* A child starts. Without a thread to watch over them, or under an MPM that cannot suspend, requests wait in theirs. */
void eas_ap_park_init(apr_pool_t *pchild, server_rec *server);
/* What a command that waits may do with this request. */
void eas_ap_park_offer(eas_request_t *req, request_rec *r);
/* There is no answer yet, rsp->park is set: what the handler is to return. */
int eas_ap_park(request_rec *r, const eas_request_t *req, eas_response_t *rsp);

/* ap_push.c */
/* Makes the pipes, after those of ap_slot.c. A child starts, after it has a slot. */
int eas_ap_push_init(apr_pool_t *pconf);
void eas_ap_push_child(apr_pool_t *pchild, server_rec *server);
/* What a new context needs to work for devices that wait. */
usm_error_t *eas_ap_push_serve(usm_context_t *ctx);
/* Wakes who waits for what HINT tells of, here and elsewhere. CTX may be NULL. Any thread; does not block. */
void eas_ap_push_raise(usm_context_t *ctx, const usm_hint_t *hint);

/* ap_notify.c */
/* Handler "eas-notify". */
void eas_ap_notify_init(apr_pool_t *pchild);
int eas_ap_notify(request_rec *r);

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
