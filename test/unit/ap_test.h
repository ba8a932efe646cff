/* SPDX-License-Identifier: Apache-2.0 */
/*
 * httpd for the tests of the ap ring: the few of its functions which that ring calls, with what they were given to look
 * at and what they are to answer. usm_login() and eas_dispatch() are stand-ins too, so that a test sees what httpd's
 * side hands over and decides what comes back.
 */
#ifndef AP_TEST_H
#define AP_TEST_H

#include "wbxml_test.h"

#include "ap_eas.h"

#include <ap_mpm.h>
#include <http_log.h>
#include <mpm_common.h>
#include <mod_auth.h>

/* What httpd was told, and what it is to answer. Zeroed by ap_test_start(). */
typedef struct ap_fake_t {
    /* hooks and providers that the module registered */
    int (*post_config)(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *server);
    void (*child_init)(apr_pool_t *pool, server_rec *server);
    void (*child_status)(server_rec *server, pid_t pid, ap_generation_t generation, int slot,
                         mpm_child_status status);
    int (*handlers[8])(request_rec *r);
    int handler_count;
    int (*check_authn)(request_rec *r);
    void (*retrieve)(void);
    const char *authn_before; /* the module that check_authn has to run before */
    const char *provider_group, *provider_name;
    const authn_provider *provider;
    /* the log */
    int log_level, log_lines;
    char log_line[1024];
    /* the request's body: pieces that the input filters give, one at a time */
    const char *const *pieces;  /* ends with NULL, then comes the end of the stream */
    int flushes;                /* each piece has a flush bucket before it */
    int broken_bucket;          /* the first bucket cannot be read */
    apr_status_t brigade_error; /* not 0: after the pieces comes this */
    int reads;
    /* the answer */
    apr_off_t content_length;
    const char *sent; /* what went to the output filters; NULL: nothing yet */
    int sent_eos, auth_failures;
    apr_status_t pass_error;
    /* credentials and the rest of httpd */
    const char *auth_type, *user, *password; /* user NULL: there are none */
    apr_socket_t *socket;
    int mpm_state;
    int children;            /* how many processes there may be */
    const char *server_root; /* NULL: no path can be made */
    int port;                /* of the server */
    int https;               /* what mod_ssl says of the connection */
    /* libusm and the protocol ring */
    apr_status_t login_code; /* not 0: usm_login() fails with it */
    int logins;
    char login_user[2048], login_password[2048]; /* of the last one */
    void (*dispatch)(eas_response_t *rsp, const eas_request_t *req);
} ap_fake_t;
extern ap_fake_t ap_fake;
extern int ap_test_async; /* the MPM can suspend; to be set before ap_test_start() */

/* Start of a test: httpd is fresh, the module has registered its hooks and the child has started. A request in a
 * location that has nothing set but a new store in SQLite and a groupware server that nobody calls. */
request_rec *ap_test_start(apr_pool_t *pool);

/* The location's configuration. */
eas_ap_dir_t *ap_test_dir(request_rec *r);

/* Runs the directive NAME with TEXT on DIR as httpd would; its complaint, or NULL. */
const char *ap_test_directive(eas_ap_dir_t *dir, const char *name, const char *text, apr_pool_t *pool);

#endif
