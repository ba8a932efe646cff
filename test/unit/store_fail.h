/* SPDX-License-Identifier: Apache-2.0 */
/** @file store_fail.h  A store that fails when told: the SQL store behind a vtable that counts operations.
 *
 * Give store_fail_vtable() where a store's vtable is asked for. Walk a piece of work by failing its first, second, …
 * operation until one run comes through: each must leave the state either before or after, never between.
 * The count is of the process and safe with threads; handles are the SQL store's own. */
#ifndef STORE_FAIL_H
#define STORE_FAIL_H

#include <usm/store.h>

const usm_store_vtable_t *store_fail_vtable(void);
/** Let the @a nth operation from now (1 = the next) fail with @a code; 0: none. A failed commit has rolled back, as
 * the SQL store's does. Operations are all functions but open, rollback. */
void store_fail_at(int nth, apr_status_t code);
/** As store_fail_at(), but the commit is done before the error is told: an answer of the database lost on the way.
 * Counts commits only. */
void store_fail_after_commit(int nth, apr_status_t code);
/** Operations since the last store_fail_at(). */
int store_fail_count(void);
/** Did the failure happen? */
int store_fail_done(void);

#endif
