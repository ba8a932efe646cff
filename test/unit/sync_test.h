/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands on a real engine: a store in SQLite, a groupware server in memory (fake_backend.h), one device. Documents
 * are in the notation of map_test.h; in them $C, $D, $M, $E and $T are the ids of two contact folders, a mail, a
 * calendar and a task folder.
 */
#ifndef SYNC_TEST_H
#define SYNC_TEST_H

#include "fake_backend.h"
#include "map_test.h"

/* Setup and teardown of each test: everything is new, the folders are known, *STATE is a pool. */
int sync_setup(void **state);
int sync_teardown(void **state);
#define SYNC_TEST(function) cmocka_unit_test_setup_teardown(function, sync_setup, sync_teardown)

/* A request's context in VERSION, with a session; lives as long as the test. */
eas_ctx_t *sync_ctx(unsigned version);

/* TEXT with the ids in it. */
const char *sync_expand(const char *text);

/* Runs the handler on a document; "" is an empty body. The answer's document, or NULL when it is empty. Its HTTP status
 * goes to sync_http, the EAS status to sync_status. */
eas_node_t *sync_run(eas_handler_t handler, unsigned version, const char *text);
extern int sync_http, sync_status;

/* EASCertCAFile of requests. */
extern const char *sync_cert_ca;

/* The key of the folder in an answer to Sync; fails the test when it has none. */
const char *sync_key(const eas_node_t *answer, const char *folder);

/* Syncs FOLDER from key 0 until nothing is left; the key it has then. */
const char *sync_all(unsigned version, const char *folder, const char *options);

/* How often stop() is asked before it says yes; each time is up to a quarter of a second. */
extern int sync_patience;

/* Called whenever a waiting request asks whether to stop; NULL: nothing. */
extern void (*sync_meanwhile)(void);

#endif
