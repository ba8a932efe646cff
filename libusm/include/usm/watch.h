/* SPDX-License-Identifier: Apache-2.0 */
/** @file watch.h  Waiting for changes in some folders of one device. */
#ifndef USM_WATCH_H
#define USM_WATCH_H

#include <usm/session.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Make an empty watch in @a pool. */
usm_error_t *usm_watch_create(usm_watch_t **watch_p, usm_session_t *session, apr_pool_t *pool);
/** Watch a folder by short id. *@a known_p: 1 watched; 0 the device has never synced it, it is passed over when
 * waiting; -1 there is no such folder (any more). Errors: STORE. */
usm_error_t *usm_watch_add(int *known_p, usm_watch_t *watch, const char *folder);
/** Also end when the hierarchy changed. */
void usm_watch_hierarchy(usm_watch_t *watch);

typedef struct usm_watch_result_t {
    int hierarchy;        /**< folders changed: FolderSync is needed */
    int count;
    const char **folders; /**< short ids with changes the device does not have, verified against its state */
} usm_watch_result_t;

/** One look at all folders, now. Changes the device made itself do not count. */
usm_error_t *usm_watch_check(usm_watch_result_t *result, usm_watch_t *watch, apr_pool_t *pool);
/** Look until something changed, @a deadline (ms since 1970) passed, or @a stop (may be NULL) returns non-zero; it is
 * asked at least once a second. Blocks the calling thread. A failing groupware server does not end the wait. A newer
 * watch or turn of the same device in this process ends it at once: the device has given up the older request. */
usm_error_t *usm_watch_wait(usm_watch_result_t *result, usm_watch_t *watch, usm_time_t deadline,
                            int (*stop)(void *baton), void *baton, apr_pool_t *pool);

/** A watch that waits without a thread, a session or a pool: some hundred bytes of its own. */
typedef struct usm_parked_t usm_parked_t;

/** Why a parked watch is woken. */
typedef enum usm_wake_e {
    USM_WAKE_HINT,      /**< somebody says that something has changed: look now */
    USM_WAKE_POLL,      /**< it is time to look */
    USM_WAKE_SUPERSEDED /**< a newer request of the device in this process: it has given up the one that waits */
} usm_wake_e;

/** Called at most once until the watch is parked again; from any thread, also during usm_watch_park() itself. It must
 * not block and must call no function of the library. */
typedef void (*usm_wake_fn)(void *baton, usm_wake_e reason);

/** Detach what @a watch is interested in, so that session and pools can go. *@a parked_p: NULL, or what
 * usm_watch_unpark() made @a watch of, which is armed again. Keeps a reference to the login. Errors: UNSUPPORTED (a
 * device of which nothing is kept), LIMIT (no memory, no thread). Any thread. */
usm_error_t *usm_watch_park(usm_parked_t **parked_p, usm_watch_t *watch, usm_wake_fn wake, void *baton);
/** Has there been a hint since the last check of the watch began? To be asked once more after parking: what is hinted
 * later wakes. */
int usm_parked_moved(const usm_parked_t *parked);
/** The login of a parked watch, to open a session without a password; it stays valid as long as @a pool. Errors: AUTH:
 * the groupware server has dropped its session, the device has to come again with its password. */
usm_error_t *usm_parked_login(usm_login_t **login_p, const usm_parked_t *parked, apr_pool_t *pool);
/** A watch in @a pool with what @a parked is interested in, for usm_watch_check(). @a session must be one of the same
 * device; it hides what the watch's session did. @a parked is not woken any more until it is parked again; it stays
 * the caller's. */
usm_error_t *usm_watch_unpark(usm_watch_t **watch_p, usm_parked_t *parked, usm_session_t *session, apr_pool_t *pool);
/** Forget it. Once this returns it is not woken any more. NULL is nothing. Must not be called from the wake function,
 * nor under a lock that this takes. */
void usm_parked_free(usm_parked_t *parked);

#ifdef __cplusplus
}
#endif
#endif
