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
    apr_uint64_t *folders; /**< digests of backend ids, with marks: USM__EAR_… */
    int count;
    int postponed;         /**< so often in a row another device looked instead */
    int interval;          /**< ms until the next look, as long as nothing changes */
    usm_time_t tree_at;    /**< last look at the hierarchy */
    usm_time_t mail_at;    /**< and at mail folders */
    usm_time_t pushed_at;  /**< last hint of the mail server, 0 = none */
    usm_time_t looked_at;  /**< another device of the user looked at the same folders, and nothing was new */
    apr_uint64_t device;   /**< whose habits it has */
    short hierarchy;       /**< the folders themselves are of interest */
    short hierarchy_moved;
    int moved;             /**< something was heard since usm__ear_calm() */
    usm__heard_fn heard;   /**< called when `moved` becomes 1, under the lock: must not block nor use the hub */
    void *baton;
};

/** Marks in a folder's digest. */
enum { USM__EAR_MOVED = 1, USM__EAR_MAIL = 2, USM__EAR_MARKS = 3 };

/** What a look is for. */
typedef enum usm__look_e {
    USM__LOOK_ALL,    /**< the first one: everything */
    USM__LOOK_HINTED, /**< what hints have told of */
    USM__LOOK_POLL    /**< it is time: the hierarchy and mail that the server tells of anyway only now and then */
} usm__look_e;
#define USM__TREE_EVERY 40                 /**< intervals between looks at the hierarchy */
#define USM__PUSHED_MS (24 * 3600000)      /**< how long a mail server is believed to go on telling */
#define USM__PUSHED_EVERY_MS (30 * 60000)  /**< looks at mail that it tells of */

usm_error_t *usm__hub_make(usm__hub_t **hub_p, apr_pool_t *pool);
/** The hub's lock, which guards ears and what is parked. Nothing else is ever locked under it. */
apr_thread_mutex_t *usm__hub_lock(usm__hub_t *hub);

/** Begin to listen. ear->heard may be NULL. The device's habits are taken up where it left them. */
void usm__ear_open(usm__ear_t *ear, usm__hub_t *hub, usm_session_t *session);
/** Listen for another folder, @a marks 0 or USM__EAR_MAIL. */
void usm__ear_add(usm__ear_t *ear, usm__hub_t *hub, const char *folder, int marks, apr_pool_t *pool);
void usm__ear_close(usm__ear_t *ear, usm__hub_t *hub);
/** As open and close for whoever holds the lock: @a ear takes over what @a from listens for and has heard, with its own
 * array for the folders. */
void usm__ear_take_over(usm__ear_t *ear, const usm__ear_t *from, apr_uint64_t *folders, usm__hub_t *hub);
void usm__ear_drop(usm__ear_t *ear);
/** Before looking: what is heard from now on is news. Returns whether something had been heard; the marks of folders
 * stay until usm__ear_wants(). */
int usm__ear_calm(usm__ear_t *ear, usm__hub_t *hub);
/** Does a look of this kind take in folder number @a i (-1: the hierarchy)? Forgets what was heard of it. */
int usm__ear_wants(usm__ear_t *ear, usm__hub_t *hub, int i, usm__look_e look, const usm_config_t *config);
/** A look is over and nothing was new (@a news 0), or something was: sets the interval, and remembers it. */
void usm__ear_looked(usm__ear_t *ear, usm_session_t *session, usm__look_e look, int news);
/** ear->interval with some jitter. */
int usm__ear_pause(const usm__ear_t *ear);
/** Detection has found something in a folder: the user's others want to know, unless they do already. */
void usm__hint_found(usm_session_t *session, const char *folder);

/** Time of the newest hint for this folder of the user, 0 = none that is remembered. */
usm_time_t usm__hinted_at(usm_session_t *session, const char *folder);
/** A change made by this session, for the user's other devices. */
void usm__hint_own(usm_session_t *session, const char *folder, usm_hint_kind_e kind);

/** Send on what was kept back, as far as its time has come. */
void usm__hub_flush(usm_context_t *ctx, usm_time_t now);

#endif
