/* SPDX-License-Identifier: Apache-2.0 */
/** @file hint.h  The hub of a context: who waits for which user, and the hints that come. */
#ifndef USM_CORE_HINT_H
#define USM_CORE_HINT_H

#include "core.h"

#include <usm/hint.h>

/** Somebody who waits. Its owner keeps it in place and closes it; everything in it is guarded by the hub's lock. */
typedef struct usm__ear_t usm__ear_t;
typedef void (*usm__heard_fn)(usm__ear_t *ear);
struct usm__ear_t {
    usm__ear_t *next, **prev;             /**< of the same user */
    usm__ear_t *next_login, **prev_login; /**< of the same login name */
    apr_uint64_t user, login;
    apr_uint64_t *folders; /**< digests of backend ids, the lowest bit 1: something was heard of it */
    int count;
    short hierarchy;       /**< the folders themselves are of interest */
    short hierarchy_moved;
    int moved;             /**< something was heard since usm__ear_calm() */
    usm__heard_fn heard;   /**< called when `moved` becomes 1, under the lock: must not block nor use the hub */
    void *baton;
};

usm_error_t *usm__hub_make(usm__hub_t **hub_p, apr_pool_t *pool);
/** The hub's lock, which guards ears and what is parked. Nothing else is ever locked under it. */
apr_thread_mutex_t *usm__hub_lock(usm__hub_t *hub);

/** Begin to listen. @a heard may be NULL. */
void usm__ear_open(usm__ear_t *ear, usm__hub_t *hub, const char *user, const char *login);
/** Listen for another folder; @a folders is the ear's new array with room for it, the old ones copied. */
void usm__ear_add(usm__ear_t *ear, usm__hub_t *hub, const char *folder, apr_pool_t *pool);
void usm__ear_close(usm__ear_t *ear, usm__hub_t *hub);
/** As open and close for whoever holds the lock: @a ear takes over what @a from listens for and has heard, with its own
 * array for the folders. */
void usm__ear_take_over(usm__ear_t *ear, const usm__ear_t *from, apr_uint64_t *folders, usm__hub_t *hub);
void usm__ear_drop(usm__ear_t *ear);
/** Before looking: what is heard from now on is news. Returns whether something had been heard; the marks of folders
 * stay until usm__ear_take(). */
int usm__ear_calm(usm__ear_t *ear, usm__hub_t *hub);
/** Was something heard of folder number @a i (-1: of the hierarchy)? Forgets it. */
int usm__ear_take(usm__ear_t *ear, usm__hub_t *hub, int i);

/** Time of the newest hint for this folder of the user, 0 = none that is remembered. */
usm_time_t usm__hinted_at(usm_session_t *session, const char *folder);
/** A change made by this session, for the user's other devices. */
void usm__hint_own(usm_session_t *session, const char *folder, usm_hint_kind_e kind);

/** Send on what was kept back, as far as its time has come. */
void usm__hub_flush(usm_context_t *ctx, usm_time_t now);

#endif
