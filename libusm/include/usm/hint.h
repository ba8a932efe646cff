/* SPDX-License-Identifier: Apache-2.0 */
/** @file hint.h  Hints: somebody has noticed that something changed for a user. A hint is no data: it wakes whoever
 * waits for folders of the user, and each of them looks for itself, so that a wrong or a forged one costs one cheap
 * look. A lost one costs time, for polling finds the change as well. */
#ifndef USM_HINT_H
#define USM_HINT_H

#include <usm/error.h>
#include <usm/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What has changed. Values are stored and sent: append only. */
typedef enum usm_hint_kind_e {
    USM_HINT_ITEMS = 0,   /**< items of a folder, or of one that is not known */
    USM_HINT_FOLDERS = 1, /**< the hierarchy */
    USM_HINT_MAIL = 2,    /**< as ITEMS, told by the mail server: it will go on telling */
    USM_HINT_LOOKED = 3,  /**< no change: the folders whose digests have this sum were looked at, nothing was new */
    USM_HINT_KINDS
} usm_hint_kind_e;

/** A hint as it goes from process to process: of fixed size, without names. */
typedef struct usm_hint_t {
    apr_uint64_t user;   /**< digest of the user's key or login name */
    apr_uint64_t folder; /**< digest of the backend's id of the folder; 0: not known which */
    apr_uint32_t kind;   /**< usm_hint_kind_e */
    apr_uint32_t spare;  /**< 0 */
} usm_hint_t;

/** Make a hint for the user with this key (usm_login_user(), e.g. "1/4"). @a folder: the backend's id, NULL = not known
 * which. */
void usm_hint_for_user(usm_hint_t *hint, const char *user, const char *folder, usm_hint_kind_e kind);
/** The same for whoever logs in by this name, whatever its case. */
void usm_hint_for_login(usm_hint_t *hint, const char *login, const char *folder, usm_hint_kind_e kind);

/** Read what a mail server of the groupware @a backend (NULL: the default one) sends when something has changed: one
 * notification or an array of at most @a max, as far as devices can see what it tells of. The form is the groupware's;
 * for Open-Xchange see libusm/doc/notifications.md. Errors: INVALID (what it is not), LIMIT (too many), UNSUPPORTED. */
usm_error_t *usm_hint_parse(usm_hint_t *hints, int *count_p, int max, const char *backend, const char *body,
                            apr_size_t len, apr_pool_t *pool);

/** Told of each hint that was raised here and is news, in the thread that raised it; must not block. */
typedef void (*usm_hint_fn)(void *baton, const usm_hint_t *hint);
/** Have @a fn told, to bring hints to other processes; one listener per context, set before there are other threads. */
void usm_hint_listen(usm_context_t *ctx, usm_hint_fn fn, void *baton);

/** Raise a hint: wake who waits in this process and tell the listener. Where there is one, the same hint again within
 * USM_HINT_QUIET_MS is kept back until that time is over and then goes out once. Any thread; never fails. */
void usm_hint_raise(usm_context_t *ctx, const usm_hint_t *hint);
/** A hint from another process: wake who waits in this one, no more. Any thread. */
void usm_hint_deliver(usm_context_t *ctx, const usm_hint_t *hint);
#define USM_HINT_QUIET_MS 200

#ifdef __cplusplus
}
#endif
#endif
