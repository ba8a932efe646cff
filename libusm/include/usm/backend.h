/* SPDX-License-Identifier: Apache-2.0 */
/** @file backend.h  What a groupware server must be able to do. A backend fills the struct of functions; core calls it.
 *
 * Ids of folders and items are the backend's own text here (up to 500 and 255 bytes); core maps them to what devices
 * see. A revision token (`rev`) is any 64-bit number that differs whenever the item differs for a device; the backend
 * must return the same token for an item from changes(), get() and its own writes.
 * Functions are called from any thread; a usm_bcall_t is of one thread. Results live in result pools. */
#ifndef USM_BACKEND_H
#define USM_BACKEND_H

#include <apr_tables.h>
#include <usm/hint.h>
#include <usm/item.h>
#include <usm/people.h>
#include <usm/read.h>
#include <usm/search.h>
#include <usm/session.h>
#include <usm/sync.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct usm_backend_t usm_backend_t;
typedef struct usm_blogin_t usm_blogin_t; /**< backend's session of one user; counted by the backend, thread safe */

/** One request's use of a login. */
typedef struct usm_bcall_t {
    usm_backend_t *backend;
    usm_blogin_t *login;
    const char *name, *password; /**< to log in again once when the server has forgotten the session */
    const usm_log_t *log;
    usm_stats_t *stats; /**< the backend adds to backend_… counters */
    usm_time_t hinted;  /**< somebody told then that the folder asked about has changed: look closer. 0 = nobody */
    int renewed;        /**< the backend sets it: it has logged in again, other processes should hear of it */
} usm_bcall_t;

/** A folder as the backend sees it. */
typedef struct usm_bfolder_t {
    const char *id;
    const char *parent; /**< backend id of the parent, NULL = root for devices */
    const char *name;   /**< display name */
    usm_class_e cls;
    usm_role_e role;
    int rights;        /**< USM_RIGHT_… */
    const char
        *token; /**< tells a renamed folder from a new one (UIDVALIDITY for mail), NULL = unknown; max 64 bytes */
    int has_children;
} usm_bfolder_t;

/** What core already knows of a folder when it asks about it. Of class USM_RECIPIENT there is one, which core has made
 * up: the backend tells whom the user writes to as its items, and is never asked to change it. */
typedef struct usm_bref_t {
    const char *id;
    usm_class_e cls;
    usm_role_e role;
} usm_bref_t;

/** A task that is done lies before all times: a window from the instant after on holds open tasks only. */
#define USM_EDGE_DONE 0

/** Part of a folder that a device wants. */
typedef struct usm_brange_t {
    usm_time_t since; /**< USM_TIME_NONE = all */
    int open_tasks_only; /**< then since is USM_EDGE_DONE + 1 */
    int max_items; /**< of recipients: so many at most; 0 = USM_RECIPIENTS_MAX, -1 = as at the cursor */
} usm_brange_t;

/** Receiver of change detection. Either single changes, or one full listing between begin and end: then what is not
 * named is outside the range or gone. `edge`: the instant from which on the item leaves a time window (received date
 * of a mail, end of an event; USM_EDGE_DONE for a task that is done), USM_TIME_NONE = never. `order`: larger is
 * delivered first. */
typedef struct usm_bsink_t {
    void *baton;
    usm_error_t *(*begin_full)(void *baton);
    usm_error_t *(*upsert)(void *baton, const char *id, apr_uint64_t rev, usm_time_t edge, apr_int64_t order);
    usm_error_t *(*remove)(void *baton, const char *id); /**< gone from the folder */
    usm_error_t *(*end_full)(void *baton);
    /** Does the device's collection or queue hold this id? For backends that find new items by walking back. */
    usm_error_t *(*knows)(int *known_p, void *baton, const char *id);
} usm_bsink_t;

typedef struct usm_bget_t {
    const char *id;
    usm_item_t *item; /**< NULL: the item is gone */
    apr_uint64_t rev;
    usm_time_t edge;
    usm_error_t *error; /**< this item alone cannot be read; item is NULL then */
    int later;          /**< not read yet, there was enough already (never the first one): ask again */
} usm_bget_t;

typedef struct usm_bwrite_t {
    const char *id;   /**< id after the call (new on add, possibly new on move) */
    apr_uint64_t rev; /**< revision after the call, 0 when the server did not say */
    usm_time_t edge;
} usm_bwrite_t;

/** One item to be moved to another folder. */
typedef struct usm_bmove_t {
    const char *id;      /**< in the source folder */
    usm_bwrite_t result; /**< id in the target folder; NULL = moved, but the server did not tell */
    usm_error_t *error;  /**< this item alone was not moved: NOTFOUND, FORBIDDEN, QUOTA, CONFLICT, … */
} usm_bmove_t;

/** One folder to be searched. */
typedef struct usm_bhit_t {
    const char *id;
    usm_time_t at; /**< received */
} usm_bhit_t;
typedef struct usm_bsearch_t {
    const usm_bref_t *folder;
    apr_array_header_t *hits; /**< usm_bhit_t; made by the caller, filled with at most USM_HITS_MAX, newest first */
    usm_error_t *error;       /**< this folder alone could not be searched */
} usm_bsearch_t;

/** One mail whose flags change or that is deleted. */
typedef struct usm_bmail_t {
    const char *id;
    const usm_item_t *item;       /**< NULL: delete */
    const usm_fieldset_t *fields; /**< of the item, to be written */
    usm_delete_e how;
    apr_uint64_t rev;    /**< that the caller has seen */
    usm_bwrite_t result; /**< of a change; its edge stays as the caller set it */
    int done;            /**< 0: not, or nobody knows: to be tried alone */
} usm_bmail_t;

enum { USM_STORE_READ = 1, USM_STORE_DRAFT = 2 };

/** Gets one mail with what names its conversation: SUBJECT, MESSAGE_ID, REFERENCES, THREAD_INDEX. It lives during the
 * call. */
typedef usm_error_t *(*usm_bthread_fn)(void *baton, const char *id, usm_time_t received, const usm_item_t *mail);

typedef struct usm_backend_vtable_t {
    const char *name;
    /** Set up for a process; @a pool lives as long. */
    usm_error_t *(*create)(usm_backend_t **backend_p, const usm_config_t *config, const usm_log_t *log,
                           apr_pool_t *pool);

    /** Log in. Errors: AUTH, DISABLED, UNAVAILABLE, BACKEND. The login holds one reference. */
    usm_error_t *(*login)(usm_blogin_t **login_p, usm_backend_t *backend, const char *name, const char *password,
                          const usm_log_t *log, usm_stats_t *stats, apr_pool_t *scratch_pool);
    /** Text from which resume() can make the login again in another process, without the password. */
    const char *(*freeze)(usm_blogin_t *login, apr_pool_t *pool);
    usm_error_t *(*resume)(usm_blogin_t **login_p, usm_backend_t *backend, const char *frozen,
                           apr_pool_t *scratch_pool);
    void (*retain)(usm_blogin_t *login);
    void (*release)(usm_blogin_t *login); /**< logs out when @a logout_on_last was set by drop() */
    /** Mark a login as not to be used again (log it out when the last reference goes). */
    void (*drop)(usm_blogin_t *login);
    const char *(*user)(const usm_blogin_t *login); /**< stable user key */
    usm_error_t *(*userinfo)(usm_userinfo_t *info, usm_bcall_t *call, apr_pool_t *pool);

    /** All folders for a device; parents may come after children. @a known are the folders core has stored (their ids
     * may save calls). */
    usm_error_t *(*folders)(const apr_array_header_t **folders_p /* usm_bfolder_t */, usm_bcall_t *call,
                            const apr_array_header_t *known /* usm_bfolder_t */, apr_pool_t *pool);
    /** Token (see usm_bfolder_t.token) of one folder; NULL when there is none. */
    usm_error_t *(*folder_token)(const char **token_p, usm_bcall_t *call, const usm_bref_t *folder, apr_pool_t *pool);
    usm_error_t *(*folder_create)(const char **id_p, usm_bcall_t *call, const char *parent_id, usm_class_e cls,
                                  const char *name, apr_pool_t *pool);
    /** Rename and/or move; @a parent_id, @a name NULL = as it is, parent "" = to the root. *id_p is the id afterwards.
     * Descendants' ids may change with it: core lists again. */
    usm_error_t *(*folder_update)(const char **id_p, usm_bcall_t *call, const usm_bref_t *folder,
                                  const char *parent_id, const char *name, apr_pool_t *pool);
    usm_error_t *(*folder_delete)(usm_bcall_t *call, const usm_bref_t *folder, apr_pool_t *scratch_pool);

    /** Cheap token of the folder's state: equal tokens mean "very probably nothing changed". One HTTP call at most.
     * @a cursor is the collection's, so that a backend with a change feed may simply ask it. *changed_p: 0 or 1. */
    usm_error_t *(*changed)(int *changed_p, usm_bcall_t *call, const usm_bref_t *folder, const char *cursor,
                            apr_pool_t *scratch_pool);
    /** Tell what changed since @a cursor (NULL = everything) to @a sink. *cursor_p (max 1,000 bytes) is for next
     * time; the same text as @a cursor when nothing moved. @a force_full: compare everything, whatever the cursor
     * says (the range grew). Errors: CURSOR (all ids became void), FOLDER_GONE, UNAVAILABLE, BACKEND. */
    usm_error_t *(*changes)(const char **cursor_p, usm_bcall_t *call, const usm_bref_t *folder,
                            const usm_brange_t *range, const char *cursor, int force_full, const usm_bsink_t *sink,
                            apr_pool_t *result_pool, apr_pool_t *scratch_pool);
    /** Read items; @a gets holds @a count rows with `id` set, filled in place. As few HTTP calls as the server allows.
     * At most 256 rows a call; a backend that finds them too large reads the first of them and marks the others. Gone
     * items and items of a kind devices cannot show have item NULL, error NULL. */
    usm_error_t *(*get)(usm_bget_t *gets, int count, usm_bcall_t *call, const usm_bref_t *folder,
                        const usm_fetch_t *fetch, apr_pool_t *result_pool, apr_pool_t *scratch_pool);
    /** Create. @a uid is a text unique for this add; find_uid() must find the item by it later (lost answers). */
    usm_error_t *(*add)(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder, const usm_item_t *item,
                        const char *uid, apr_pool_t *result_pool, apr_pool_t *scratch_pool);
    /** *result_p->id is NULL when nothing was created with this uid. */
    usm_error_t *(*find_uid)(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder, const char *uid,
                             apr_pool_t *result_pool, apr_pool_t *scratch_pool);
    /** Write the fields of @a item that are in @a fields (set or empty). @a rev is the revision the caller has seen:
     * CONFLICT when the item is newer. Errors also: NOTFOUND, FORBIDDEN, INVALID, TRUNCATED, QUOTA. */
    usm_error_t *(*update)(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder, const char *id,
                           const usm_item_t *item, const usm_fieldset_t *fields, apr_uint64_t rev,
                           apr_pool_t *result_pool, apr_pool_t *scratch_pool);
    /** Delete; @a rev as in update(), 0 = whatever it is. NOTFOUND is success for the caller, the backend reports it.
     */
    usm_error_t *(*remove)(usm_bcall_t *call, const usm_bref_t *folder, const char *id, usm_delete_e how,
                           apr_uint64_t rev, apr_pool_t *scratch_pool);
    /** Move items between two folders of one class; at most 50 rows a call. An item that has changed meanwhile moves as
     * it is. Errors of the whole: UNAVAILABLE, BACKEND (then nothing is known of any row). */
    usm_error_t *(*move)(usm_bmove_t *moves, int count, usm_bcall_t *call, const usm_bref_t *from,
                         const usm_bref_t *to, apr_pool_t *result_pool, apr_pool_t *scratch_pool);
    /** Hand the bytes of one part of an item (an attachment, an attached message's source) to @a fn, which may end the
     * call by an error of its own. *size_p is the number of bytes. Errors: NOTFOUND, UNAVAILABLE, BACKEND, LIMIT. */
    usm_error_t *(*part)(apr_uint64_t *size_p, usm_bcall_t *call, const usm_bref_t *folder, const char *id,
                         const char *part, usm_data_fn fn, void *baton, apr_pool_t *scratch_pool);
    /** Remove all items of a folder, not its subfolders. Errors: FOLDER_GONE, FORBIDDEN, UNAVAILABLE, BACKEND. */
    usm_error_t *(*folder_clear)(usm_bcall_t *call, const usm_bref_t *folder, apr_pool_t *scratch_pool);
    /** Search folders of the query's class, at most 8; what the query says of folders has been dealt with. */
    usm_error_t *(*search)(usm_bsearch_t *searches, int count, usm_bcall_t *call, const usm_query_t *query,
                           apr_pool_t *result_pool, apr_pool_t *scratch_pool);
    /** Tell the newest @a max mails of a folder. Errors: FOLDER_GONE, UNAVAILABLE, BACKEND, and those of @a fn. */
    usm_error_t *(*threads)(usm_bcall_t *call, const usm_bref_t *folder, int max, usm_bthread_fn fn, void *baton,
                            apr_pool_t *scratch_pool);
    /** Change flags and delete mails of one folder, at most 50, as update() and remove() would, in few calls. Errors:
     * UNAVAILABLE, BACKEND (nothing is known of any row). */
    usm_error_t *(*edit_mails)(usm_bmail_t *rows, int count, usm_bcall_t *call, const usm_bref_t *folder,
                               apr_pool_t *result_pool, apr_pool_t *scratch_pool);
    /** Put a message into a mail folder. @a how: USM_STORE_… bits. */
    usm_error_t *(*store_mail)(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder, const char *mime,
                               apr_size_t len, int how, apr_pool_t *result_pool, apr_pool_t *scratch_pool);
    /** The mail with this Message-ID among the newest of a folder; result->id NULL when there is none. */
    usm_error_t *(*find_mail)(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder,
                              const char *message_id, apr_pool_t *result_pool, apr_pool_t *scratch_pool);
    /** Answer an invitation: @a status is enum usm_attendee_status_e, @a message may be NULL; @a day USM_TIME_NONE =
     * the event as a whole, else the occurrence planned for that day (usm/recur.h). Errors: NOTFOUND, FORBIDDEN,
     * UNAVAILABLE, BACKEND. NULL: the server takes none. */
    usm_error_t *(*confirm)(usm_bcall_t *call, const usm_bref_t *folder, const char *id, usm_time_t day, int status,
                            const char *message, apr_pool_t *scratch_pool);
    /** Let the server take an invitation out of the mail @a id and put it into the user's calendar, with his answer:
     * when there is no event of it yet (@a event NULL), or when the mail is newer than the event; else nothing is done.
     * *applied_p says which. Errors: NOTFOUND (no such mail, or the server cannot), FORBIDDEN, UNAVAILABLE, BACKEND.
     * NULL: the server cannot. */
    usm_error_t *(*take_invitation)(int *applied_p, usm_bcall_t *call, const usm_bref_t *mails, const char *id,
                                    const usm_meeting_t *meeting, const usm_bref_t *calendar, const char *event,
                                    int status, const char *message, apr_pool_t *scratch_pool);
    /** Send a 7-bit clean message. Errors: SENDER, RECIPIENT, QUOTA, UNAVAILABLE, BACKEND. */
    usm_error_t *(*send)(usm_bcall_t *call, const char *mime, apr_size_t len, int save_in_sent,
                         apr_pool_t *scratch_pool);
    /** Is a message with this Message-ID in the Sent folder? For sends whose answer was lost. */
    usm_error_t *(*was_sent)(int *found_p, usm_bcall_t *call, const char *message_id, apr_pool_t *scratch_pool);
    /** Look for people by at most 25 texts; fills people (at most USM_PEOPLE_MAX each, in any order) and error. */
    usm_error_t *(*people)(usm_people_query_t **queries, int count, usm_bcall_t *call, apr_pool_t *result_pool,
                           apr_pool_t *scratch_pool);
    /** As usm_people_picture(). */
    usm_error_t *(*picture)(const usm_blob_t **picture_p, usm_bcall_t *call, const usm_person_t *person,
                            apr_size_t max, apr_pool_t *pool);
    /** The time of at most 25 users; fills times and error. */
    usm_error_t *(*busy)(usm_busy_query_t *queries, int count, usm_bcall_t *call, usm_time_t from, usm_time_t to,
                         apr_pool_t *result_pool, apr_pool_t *scratch_pool);
    /** The out-of-office notice, as usm_away_get() and usm_away_set(). @a away is OFF and empty when called. @a info:
     * whose mail a new notice answers. */
    usm_error_t *(*away_get)(usm_away_t *away, usm_bcall_t *call, apr_pool_t *pool);
    usm_error_t *(*away_set)(usm_bcall_t *call, const usm_away_t *away, const usm_userinfo_t *info, apr_pool_t *pool);
    /** As usm_hint_parse(). Calls nobody. NULL: this world knows no notifications. */
    usm_error_t *(*notification)(usm_hint_t *hints, int *count, int max, const char *body, apr_size_t len,
                                 apr_pool_t *pool);
} usm_backend_vtable_t;

struct usm_backend_t {
    const usm_backend_vtable_t *vt;
};

/** The backend that speaks to the OX HTTP API. */
const usm_backend_vtable_t *usm_backend_ox(void);

#ifdef __cplusplus
}
#endif
#endif
