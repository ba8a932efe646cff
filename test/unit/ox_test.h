/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of libusm/ox share: a server with canned answers on the loopback, and the stand-in. */
#ifndef OX_TEST_H
#define OX_TEST_H

#include <apr_pools.h>
#include <usm/backend.h>
#include "ox/ox.h"

/* ---- canned answers ---- */

/* One answer. The server takes the first row whose `match` is in the request's first line, and each row `times` times
 * (0 = for ever). A request no row matches gets 404. */
typedef struct canned_t {
    const char *match;
    const char *body;
    int times;
    int status;          /* 0 = 200 */
    const char *headers; /* lines with CRLF, or NULL */
    int chunk;           /* > 0: the body goes out in pieces of so many bytes */
    int cut;             /* > 0: the connection ends after so many bytes of the body */
    int delay_ms;
} canned_t;

typedef struct mock_t mock_t;
mock_t *mock_start(const canned_t *rows, apr_pool_t *pool); /* rows end with match NULL; stops with the pool */
int mock_port(const mock_t *mock);
/* Requests so far; text of one: first line, headers, body. Copied into pool. */
int mock_requests(mock_t *mock);
const char *mock_request(mock_t *mock, int index, apr_pool_t *pool);
/* How many requests have `text` in them. */
int mock_count(mock_t *mock, const char *text);

/* ---- the stand-in ---- */

typedef struct standin_t {
    int port, control_port;
    int pid;
    apr_pool_t *pool;
} standin_t;
/* NULL when the program is not built. seed: JSON text. Stops with the pool. */
standin_t *standin_start(const char *seed, apr_pool_t *pool);
/* POST to the control port; the answer's body. */
const char *standin_control(standin_t *s, const char *path, const char *body, apr_pool_t *pool);

/* ---- both ---- */

/* The calendar module of the backends that test_backend() makes. */
extern usm_calendar_e test_calendar;
/* A backend for http://127.0.0.1:port/ajax/. */
usm_backend_t *test_backend(int port, const char *capabilities, apr_pool_t *pool);
/* A call of a login as anton/secret; fails the test when the login fails. */
usm_bcall_t *test_call(usm_backend_t *be, apr_pool_t *pool);
/* Fails the test with the error's text. */
void test_ok(usm_error_t *err, const char *what);
/* Fails the test unless the error has the code; clears it. */
void test_fails(usm_error_t *err, apr_status_t code, const char *what);

/* A sink that keeps what it is told as text: "+id rev edge" "-id" "[" "]". */
typedef struct noted_t {
    apr_pool_t *pool;
    apr_array_header_t *lines; /* const char * */
    int upserts, removes, begins, ends;
} noted_t;
usm_bsink_t noted_sink(noted_t *noted, apr_pool_t *pool);
/* Is there an upsert (or remove) of the id? rev_p may be NULL. */
int noted_has(const noted_t *noted, char kind, const char *id, apr_uint64_t *rev_p);

/* All fields of a class and whole bodies. */
usm_fetch_t fetch_all(usm_class_e cls, int body_forms);

#endif
