/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notifications of a mail server: what Dovecot's driver for Open-Xchange or the Lua script of conf/ sends. Who may send
 * them is the business of httpd's authorization. libusm/doc/notifications.md tells the form. Knows no httpd; any
 * thread.
 */
#ifndef EAS_NOTIFY_H
#define EAS_NOTIFY_H

#include <apr_thread_mutex.h>

#include "eas.h"

#define EAS_NOTIFY_BODY_MAX 524288 /* bytes of a request */
#define EAS_NOTIFY_MAX 1000        /* notifications in it */

/* How many come: of a child process. */
typedef struct eas_flow_t {
    apr_thread_mutex_t *mutex;
    apr_time_t clear_at; /* when what has come is worked off at the permitted rate */
} eas_flow_t;

/* Takes COUNT out of what may come at RATE per second (0: any number), a second's worth at once. @return seconds after
 * which to come again, 0 = they may pass. */
int eas_flow_take(eas_flow_t *flow, int count, apr_int64_t rate, apr_time_t now);

/* Answers one request; RSP is zeroed by the caller and always filled. Each hint is given to RAISE. */
void eas_notify(eas_response_t *rsp, const eas_request_t *req, eas_flow_t *flow,
                void (*raise)(const eas_request_t *req, const usm_hint_t *hint));

#endif
