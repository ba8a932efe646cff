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

#ifdef __cplusplus
}
#endif
#endif
