/* SPDX-License-Identifier: Apache-2.0 */
/** @file sync.h  Turns: one step of one collection from sync key to sync key.
 *
 *     open(key) → apply(client change)* → next(server change)* → close() → new key
 *
 * A collection is one folder on one device. The hierarchy of folders is a collection too (folder id NULL).
 * Keys are opaque text of at most 64 characters. A client holds one acknowledged key and may repeat its last request:
 * that repeat undoes what the lost answer had said and does nothing twice. Nothing is promised to the device before
 * usm_turn_close() has committed it; abandoning a turn (clearing its pool) leaves the state as it was.
 * A turn belongs to one thread and to the pool it was opened in. */
#ifndef USM_SYNC_H
#define USM_SYNC_H

#include <usm/item.h>
#include <usm/session.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What of an item is wanted. */
typedef struct usm_fetch_t {
    usm_fieldset_t fields;    /**< fields wanted */
    int body_forms;           /**< USM_BODY_… bits wanted */
    apr_uint64_t text_max, html_max, mime_max; /**< bytes of each form wanted; 0 = none of it, APR_UINT64_MAX = all */
    int picture_max;          /**< bytes; larger pictures are left out; 0 = no limit */
} usm_fetch_t;

typedef enum usm_policy_e { USM_SERVER_WINS, USM_CLIENT_WINS } usm_policy_e;
typedef enum usm_delete_e { USM_DELETE_TRASH, USM_DELETE_HARD } usm_delete_e;

typedef struct usm_turn_params_t {
    const char *folder;   /**< short folder id; NULL = the hierarchy */
    const char *key;      /**< as the client sent it; "0" = start over */
    int strict; /**< 1: the key before the newest is stale too (requests that leave it unsaid which they have) */
    usm_time_t since;     /**< items wholly older than this instant are outside the window; USM_TIME_NONE = all */
    int open_tasks_only;  /**< tasks: completed ones are outside the window */
    int max_items;        /**< recipients: those written to most, so many; 0 = USM_RECIPIENTS_MAX */
    usm_policy_e conflict;
    usm_fetch_t fetch;    /**< for server changes */
    const usm_fieldset_t *ghosted; /**< fields absent in a client change that stay; NULL = none */
    int window;           /**< server changes at most, 1..512; 0 = none this time (client changes only) */
    const char *options;  /**< blob the protocol wants kept with the collection (up to 4 KiB); NULL = keep the last */
} usm_turn_params_t;

/** Start a turn. On key "0" the collection is made anew and next() yields nothing (a repeat within a minute gives the
 * same key again). Errors: STALE_KEY, FOLDER_GONE (it was there once), NOTFOUND
 * (no such folder), STORE, UNAVAILABLE, BACKEND, INVALID. */
usm_error_t *usm_turn_open(usm_turn_t **turn_p, usm_session_t *session, const usm_turn_params_t *params,
                           apr_pool_t *pool);
/** Was this turn opened with key "0"? */
int usm_turn_initial(const usm_turn_t *turn);
/** Class of the folder's items. */
usm_class_e usm_turn_class(const usm_turn_t *turn);
usm_role_e usm_turn_role(const usm_turn_t *turn);
/** Options blob as last stored with usm_turn_params_t.options, or NULL. Also readable without a turn: */
const char *usm_turn_options(const usm_turn_t *turn);
usm_error_t *usm_collection_options(const char **options_p, usm_class_e *cls_p, usm_session_t *session,
                                    const char *folder, apr_pool_t *pool);

/** What became of a client's change. */
typedef struct usm_outcome_t {
    usm_error_t *error;      /**< NULL = done. CONFLICT: server's version was kept and follows from next();
                                  NOTFOUND: item is gone; INVALID, TRUNCATED, FORBIDDEN, QUOTA: refused, do not resend;
                                  others (retry): nothing happened */
    const char *server_id;   /**< id of the item added, at most 64 characters; NULL otherwise */
} usm_outcome_t;

/** Apply one change of the client. Outcomes live in the turn's pool. The functions return an error only when the
 * whole turn must be given up (BUSY, STORE, UNAVAILABLE); refusals of one item are in the outcome.
 * @a item holds the fields the client sent: set, or empty to delete one. Fields it left out: kept when ghosted or
 * USM_F_KEEP, else deleted, unless @a partial is 1 (then all absent ones are kept).
 * Repeats of a lost answer are recognised by @a client_id (add) or server id. */
usm_error_t *usm_turn_add(usm_outcome_t *out, usm_turn_t *turn, const char *client_id, const usm_item_t *item);
usm_error_t *usm_turn_change(usm_outcome_t *out, usm_turn_t *turn, const char *server_id, const usm_item_t *item,
                             int partial);
usm_error_t *usm_turn_delete(usm_outcome_t *out, usm_turn_t *turn, const char *server_id, usm_delete_e how);
/** A command to come. */
typedef struct usm_ahead_t {
    const char *client_id; /**< of an add, else NULL */
    const char *server_id;
    const usm_item_t *item; /**< NULL: delete */
    int partial;
    usm_delete_e how;
} usm_ahead_t;

/** Carry out plain changes and deletes of mails in few calls of the server. Each of them must still be applied by
 * usm_turn_change() or usm_turn_delete() right after, in order, which find it done; what is not plain (mails named
 * twice, unknown, asked for before, refused) is left to those. Of other classes than mail adds are noted together,
 * which saves most of what usm_turn_add() writes for each. Errors as those of the functions. */
usm_error_t *usm_turn_ahead(usm_turn_t *turn, const usm_ahead_t *rows, int count);
/** Read one item now (Sync Fetch). The item must be one the device knows. Errors: NOTFOUND, UNAVAILABLE, BACKEND. */
usm_error_t *usm_turn_fetch(usm_item_t **item_p, usm_turn_t *turn, const char *server_id, const usm_fetch_t *fetch,
                            apr_pool_t *pool);

typedef enum usm_change_e { USM_CHANGE_ADD, USM_CHANGE_CHANGE, USM_CHANGE_DELETE, USM_CHANGE_SOFTDELETE } usm_change_e;

typedef struct usm_change_t {
    usm_change_e kind;
    const char *id;          /**< server id */
    const usm_item_t *item;  /**< ADD, CHANGE; NULL otherwise */
    usm_fieldset_t changed;  /**< CHANGE: fields that differ from what the device has */
} usm_change_t;

/** Next change for the device; *change_p is NULL when the window is full or nothing is left. The change lives as
 * long as the turn; @a pool is for scratch. Errors: UNAVAILABLE, BACKEND, STORE. */
usm_error_t *usm_turn_next(const usm_change_t **change_p, usm_turn_t *turn, apr_pool_t *pool);
/** Tell that the last change from next() could not be sent: it is withheld until the item changes again. */
void usm_turn_withhold(usm_turn_t *turn, const char *why);
/** Put the last change from next() back, unsent (the answer is full): it comes again in the next turn. */
void usm_turn_unread(usm_turn_t *turn);
/** Are there more changes than were taken? Valid after next() gave NULL or the caller stopped. */
int usm_turn_more(const usm_turn_t *turn);
/** About how many bytes the items from next() have so far: a caller with several turns can bound its answer. */
apr_uint64_t usm_turn_bytes(const usm_turn_t *turn);
/** Commit. *key_p is the key for the client: a new one if anything was applied or sent, else the one it has.
 * Errors: RACE (another request was first: answer "retry"), STORE. */
usm_error_t *usm_turn_close(const char **key_p, usm_turn_t *turn, apr_pool_t *pool);

/** Number of changes waiting for the key (GetItemEstimate), without taking any and without moving the collection: after
 * a lost answer, which only a turn takes back, it is 1 at least. Nothing waits for key "0". Errors as usm_turn_open().
 */
usm_error_t *usm_collection_estimate(int *count_p, usm_session_t *session, const usm_turn_params_t *params,
                                     apr_pool_t *pool);

/** Make the key of the device's hierarchy void: whatever it comes with next but "0" is stale. For devices that do not
 * notice that their folders are no longer what they believe. Errors: STORE. */
usm_error_t *usm_hierarchy_forget(usm_session_t *session);

/** Hierarchy changes by the device are changes in the hierarchy's turn; items are of class FOLDER with NAME, PARENT
 * and (add) CLASS set. Outcome errors: EXISTS (name), PARENT, NOTFOUND, SPECIAL_FOLDER, FORBIDDEN, INVALID. */

#ifdef __cplusplus
}
#endif
#endif
