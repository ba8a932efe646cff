/* SPDX-License-Identifier: Apache-2.0 */
/** @file park.h  What watch.c and park.c share. */
#ifndef USM_CORE_PARK_H
#define USM_CORE_PARK_H

#include "hint.h"

#define USM__SPACING_MS 1000 /**< between looks that only hints asked for */
#define USM__RETRY_MS 5000   /**< after a look that failed */

typedef struct usm__watched_t {
    const char *folder;
    apr_int64_t fid;
} usm__watched_t;

struct usm_watch_t {
    apr_pool_t *pool;
    usm__waiter_t *waiter;
    apr_uint32_t epoch; /**< of the device's requests when this watch began */
    usm_session_t *session;
    apr_array_header_t *folders; /**< usm__watched_t */
    int hierarchy;
    usm__look_e kind;            /**< of the next check; the first one is of everything */
    int failed;                  /**< the last check did not come to its end */
    usm__ear_t *ear;             /**< its own, or that of what was parked; folders in the same order */
    usm__ear_t own;
    apr_thread_cond_t *heard;    /**< with the hub's lock; of its own ear */
};

/** A device that waits in this process. */
struct usm__waiter_t {
    usm_id_t device;
    apr_uint32_t epoch;  /**< numbers its requests */
    int watches;         /**< and parked ones */
    usm__waiter_t *next; /**< when free */
};

/** Leave the waiter: whoever joined it does not wait any more. */
void usm__waiter_leave(usm_context_t *ctx, usm__waiter_t *waiter);
/** A watch without folders that continues as the request @a epoch of its device, with an ear that goes on hearing. */
usm_watch_t *usm__watch_again(usm_session_t *session, usm__waiter_t *waiter, apr_uint32_t epoch, usm__ear_t *ear,
                              apr_pool_t *pool);
/** The device has a newer request: what is parked for it wakes. Not under the context's lock. */
void usm__park_supersede(usm_session_t *session);
/** Set up, after the hub, and, before the context goes, end what wakes. */
usm_error_t *usm__parking_create(usm_context_t *ctx);
void usm__parking_stop(usm_context_t *ctx);

#endif
