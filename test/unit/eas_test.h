/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests to the protocol ring without httpd and without a groupware server: eas_test.c takes the place of libusm's
 * sessions and turns. What it holds is one device of one user.
 */
#ifndef EAS_TEST_H
#define EAS_TEST_H

#include "wbxml_test.h"

#include "eas.h"

/* The stand-in's state, and what it is to answer. Zeroed by test_start(). */
typedef struct fake_t {
    apr_status_t login_code;   /* not 0: usm_login() fails with it */
    apr_status_t session_code; /* likewise usm_session_open() */
    apr_status_t turn_code;    /* likewise usm_turn_open() */
    apr_status_t outcome_code; /* likewise the outcome of the next change */
    int transient;             /* the session was opened so */
    unsigned hidden;           /* classes that the session was told to hide */
    int logins, sessions, closes, sends;
    usm_policy_t policy;
    usm_standing_t standing;
    int cancelled; /* the wipe was called off while the device was answered */
    char digest[65], pending_digest[65];
    const char *devinfo; /* last attribute set */
    const char *sent;    /* last mail */
    usm_change_t changes[16];
    int change_count;
    const usm_item_t *applied; /* last item of add or change */
    const char *applied_id;    /* client id or server id of the last change */
} fake_t;
extern fake_t fake;

/* One request. */
typedef struct test_request_t {
    const char *method; /* NULL: POST */
    const char *args;   /* NULL: made from cmd */
    const char *cmd, *version, *policy_key, *type, *coding, *device;
    const char *body;
    apr_size_t body_len;
    int clear;     /* did not come over TLS */
    int http_body; /* not 0: reading the body fails with it */
    int no_login;  /* there are no credentials */
} test_request_t;

typedef struct test_answer_t {
    eas_response_t rsp;
    const char *data;
    apr_size_t len;
    eas_node_t *doc; /* NULL: no body */
} test_answer_t;

/* Start of a test: everything zero, policy off unless the test sets it in *conf. */
eas_conf_t *test_start(apr_pool_t *pool);

/* Runs REQUEST with CONF. */
test_answer_t *test_run(const test_request_t *request, const eas_conf_t *conf, apr_pool_t *pool);

/* What the protocol ring gets of REQUEST. */
void test_request_fill(eas_request_t *req, const test_request_t *request, const eas_conf_t *conf, apr_pool_t *pool);

/* The bytes of ANSWER's body into its data. */
void test_answer_read(test_answer_t *answer, apr_pool_t *pool);

/* The document's bytes that CALL writes, into REQUEST. */
typedef void (*test_write_fn)(eas_writer_t *w, void *baton);
void test_body(test_request_t *request, test_write_fn call, void *baton, apr_pool_t *pool);

/* The number in the child with TAG, -1 without. */
int test_int(const eas_node_t *node, unsigned tag);

#endif
