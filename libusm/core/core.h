/* SPDX-License-Identifier: Apache-2.0 */
/** @file core.h  What the files of the engine share. Nobody outside libusm/core (and its tests) includes this. */
#ifndef USM_CORE_H
#define USM_CORE_H

#include <apr_hash.h>
#include <apr_strings.h>
#include <apr_tables.h>
#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>
#include <apr_time.h>
#include <string.h>
#include <usm/backend.h>
#include <usm/fields.h>
#include <usm/session.h>
#include <usm/store.h>
#include <usm/sync.h>
#include <usm/watch.h>

#define USM__OUTBOX_ID "usm:outbox" /**< backend id of the folder that only devices see */
#define USM__RECIPIENTS_ID "usm:recipients"
/* Short ids from here on are given out by libusm itself and have a word for their text: no user ever has so many. */
#define USM__FID_OWN APR_INT64_C(900000000)
#define USM__FID_RECIPIENTS (USM__FID_OWN + 1)
#define USM__GET_BATCH 256          /**< items read from the backend in one go */
/* Sizes that bound memory and transactions; tests make them small. */
#define USM__WRITE_BATCH 2000 /**< changes found that stay in memory, or are written in one transaction */
#define USM__SCAN_ROWS 1024   /**< rows of the store compared between two of its calls */
#define USM__RUN_ROWS 8192    /**< rows of a listing in memory */
#define USM__LOOK_EVERY 8           /**< answers from a long queue, after which the server is asked for changes again */
#define USM__KEY_MAX 64

typedef struct usm__waiter_t usm__waiter_t;
typedef struct usm__echoes_t usm__echoes_t;
typedef struct usm__parking_t usm__parking_t;
typedef struct usm__hub_t usm__hub_t;   /**< hint.h */
typedef struct usm__pump_t usm__pump_t; /**< pump.h */

struct usm_context_t {
    apr_pool_t *pool;
    usm_config_t config;
    const usm_store_vtable_t *store_vt;
    usm_store_t *store;
    usm_backend_t *backend;
    apr_thread_mutex_t *lock; /**< guards logins and stats */
    apr_thread_cond_t *login_done;
    apr_hash_t *logins; /**< hex key → usm_login_t */
    apr_hash_t *waiters; /**< device row id → usm__waiter_t of a device that waits */
    usm__waiter_t *free_waiters;
    usm__parking_t *parking;
    usm__hub_t *hub;
    usm__pump_t *pump; /**< NULL: there is none */
    usm_time_t swept;
    int write_batch, scan_rows, run_rows; /**< USM__WRITE_BATCH … at most */
    struct usm__owed_t *owed; /**< leases that are over and could not be given back yet */
    int owed_count;
    usm_time_t upkeep_at; /**< when to look for old devices; 0 = not yet chosen */
    unsigned char secret[32]; /**< keys the hash, so that no password digest is worth stealing */
    usm_stats_t stats;
};

struct usm_login_t {
    apr_pool_t *pool;
    usm_context_t *ctx;
    char key[65];
    int refs;
    int busy;          /**< a thread is logging in */
    int suspect;       /**< the server refused the password later on: verify again */
    usm_blogin_t *blogin;
    const char *name, *user;
    usm_time_t verified, used;
    usm_time_t refused_until; /**< negative entry */
    apr_status_t refused_code;
    const usm_userinfo_t *info;
};

/** Rows that were read a moment ago, to be used once. */
typedef struct usm__peeked_t {
    int found;
    usm_collection_row_t coll;
    usm_folder_row_t folder;
    usm_time_t at;
} usm__peeked_t;

struct usm_session_t {
    apr_pool_t *pool;
    usm_context_t *ctx;
    usm_login_t *login;
    const char *user; /**< the login's when the session was opened */
    const usm_log_t *log;
    usm_stats_t stats;
    usm_bcall_t call;
    usm_device_row_t device;
    int transient;
    const apr_array_header_t *mail_lines; /**< usm__mailattr_t, NULL = not read yet */
    unsigned hidden;     /**< classes whose folders are not there for the device, as bits */
    apr_array_header_t *folders; /**< usm_folder_row_t, as the last refresh left them, in its pool */
    int refreshed;       /**< the folders were brought up to date a moment ago */
    void *longs;         /**< of ids.c: ids that devices know by a digest */
    apr_hash_t *peeked;  /**< fid → usm__peeked_t: read by usm_collection_options() for the turn that follows */
};

/** A change to the store that close() makes. */
typedef struct usm__mutation_t {
    enum { USM__NONE, USM__KILL, USM__TOUCH, USM__ADD, USM__TAKE, USM__DROP, USM__STAY } op;
    usm_item_row_t row; /**< id always; the rest for ADD and TOUCH */
    const char *why;    /**< ADD of a row that is withheld */
    apr_status_t code;
    int retry;          /**< the reason may pass */
    apr_int64_t ord;    /**< TAKE, STAY: place in the queue */
} usm__mutation_t;

/** What this turn did to an item of the client's: detection must not tell it back. */
typedef struct usm__touched_t {
    const char *id;
    int alive;
    int added; /**< the device learns the item's id only with this turn's answer: nothing more can be said of it yet */
    usm_item_row_t row;
} usm__touched_t;

/** What the device is to be told, and what it has. */
typedef struct usm__entry_t {
    usm_pending_row_t p;
    usm_item_row_t has; /**< id NULL: nothing */
} usm__entry_t;

/** What detection found. */
typedef struct usm__news_t {
    apr_array_header_t *entries; /**< usm__entry_t in the queue's order; NULL: they were put into the queue */
    int written;                 /**< changes of the queue */
    const char *cursor;          /**< what usm__remember() is to write, with the members below; NULL: nothing */
    usm_time_t since, full_at;
    int open_tasks_only;
} usm__news_t;

struct usm_turn_t {
    apr_pool_t *pool;
    usm_session_t *session;
    usm_turn_params_t params;
    usm_collection_row_t coll;
    usm_folder_row_t folder; /**< fid 0 for the hierarchy */
    usm_bref_t ref;
    apr_int64_t base;        /**< generation of the client's key */
    int initial;
    int only_looks;          /**< for an estimate: keys are not moved, waiting requests go on */
    int repeated;            /**< the client's key was the one before the newest */
    int applied;             /**< client changes were looked at */
    int leased;
    int overtaken;           /**< the collection moved between opening and leasing */
    const char *lease_owner;
    usm_time_t lease_renew;  /**< when the lease should be prolonged */
    apr_hash_t *touched;     /**< backend id → usm__touched_t */
    apr_array_header_t *mutations; /**< usm__mutation_t */
    apr_hash_t *passed;      /**< queue entries settled without a change for the client, which commit() takes */
    int detected, sent, more, finished;
    int looked;              /**< the server was asked for changes, and not only the queue */
    usm__news_t news;        /**< what commit() has to write of it */
    int held;                /**< the queue is in memory only: what is left of it goes into the store with the commit */
    apr_array_header_t *queue; /**< usm__entry_t, not yet looked at */
    int queue_at, queue_full, scanned;
    apr_array_header_t *ready; /**< usm_bget_t read ahead, parallel to queue entries [ready_at…) */
    apr_pool_t *batch_pool;
    int batch_used;          /**< a change that was handed out points into batch_pool */
    int last_mutations;      /**< length of mutations before the last change */
    int set_aside;           /**< index of a mutation the last change replaced, or -1 */
    usm_pending_row_t last;  /**< entry of the last change */
    apr_uint64_t bytes;
    usm__echoes_t *echoes;   /**< commands that are known of the client's key, NULL = not yet read */
    const usm_echo_row_t *command; /**< the client's command that is being applied */
    const char *other_add;   /**< the client sent another add under this id before: the item that came of it, or "" */
    int begun_before;        /**< … and was begun by an earlier request, whose end is not known */
    const usm_conflict_row_t *clash; /**< conflict that is written together with the command's end, or NULL */
    const char *copy;        /**< id of the copy that this command made of a losing version */
    int retry_due, retry_wanted; /**< items held back for a passing error: they were queued again; there are some */
    apr_hash_t *refusals;    /**< commands of this device that were refused before: name → usm_bad_row_t */
    const char *refusal_name; /**< of the command that is being applied */
    usm_bad_row_t *refusal;  /**< written together with the command's end, or NULL */
};

/** How the value of a field is held: the second column of USM_TYPES. */
typedef enum usm__form_e {
    USM__KIND_text, USM__KIND_num, USM__KIND_list, USM__KIND_addrs, USM__KIND_body, USM__KIND_blob,
    USM__KIND_attendees, USM__KIND_attachments, USM__KIND_flag, USM__KIND_meeting, USM__KIND_recurrence,
    USM__KIND_exceptions
} usm__form_e;
usm__form_e usm__type_kind(usm_type_e type);

usm_time_t usm__now(void);
/** Text → digest, 48 bits, never 0. */
apr_uint64_t usm__hash(const void *data, apr_size_t len, apr_uint64_t seed);
/** @a len random bytes. */
void usm__random(void *buf, apr_size_t len);

/* login.c */
/** One more user of a login, as long as @a pool. */
void usm__login_hold(usm_login_t *login, apr_pool_t *pool);
void usm__login_suspect(usm_login_t *login);
/** Note what an error of the backend says about the login; returns @a err. */
usm_error_t *usm__checked(usm_session_t *session, usm_error_t *err);

/* seal.c: AES-256-GCM under a key derived from a password. NULL when the text cannot be opened with it. */
const char *usm__seal(const char *plain, const char *password, apr_pool_t *pool);
const char *usm__unseal(const char *sealed, const char *password, apr_pool_t *pool);
/** Lower-case hex of HMAC-SHA-256. @a out holds 65 bytes. */
void usm__hmac_hex(char out[65], const void *key, apr_size_t key_len, const char *a, const char *b);

/* ids.c */
const char *usm__fid_text(apr_int64_t fid, apr_pool_t *pool);
/** Is this folder there for the session? @a row may be one that was not found (fid 0). */
int usm__folder_shown(const usm_session_t *session, const usm_folder_row_t *row);
/** 0 when @a text is not a plain number in range. */
apr_int64_t usm__fid_parse(const char *text);
const char *usm__sid_make(apr_int64_t fid, const char *id, apr_pool_t *pool);
/** Backend id behind a server id of the turn's folder; NULL when it is none. */
usm_error_t *usm__sid_parse(const char **id_p, usm_turn_t *turn, const char *sid);
/** The same outside of a turn; ids that are kept as a digest are looked for among those the device has in generation
 * @a gen of @a collection (0: there is none). */
usm_error_t *usm__sid_find(const char **id_p, usm_session_t *session, apr_int64_t folder, usm_id_t collection,
                           apr_int64_t gen, const char *sid, apr_pool_t *pool);
const char *usm__key_make(apr_int64_t epoch, apr_int64_t gen, apr_pool_t *pool);
/** Non-zero when @a key has the right form. */
int usm__key_parse(apr_int64_t *epoch_p, apr_int64_t *gen_p, const char *key);

/* store access with the session's counters */
usm_error_t *usm__read(usm_txn_t **txn_p, usm_session_t *session, apr_pool_t *pool);
usm_error_t *usm__write(usm_txn_t **txn_p, usm_session_t *session, apr_pool_t *pool);
/** Commit when @a err is NULL, else roll back; hands on the error. */
usm_error_t *usm__finish(usm_session_t *session, usm_txn_t *txn, usm_error_t *err);
#define USM__VT(session) ((session)->ctx->store_vt)
#define USM__BVT(session) ((session)->ctx->backend->vt)

/* apply.c, for commands that are no plain add, change or delete (draft.c) */
usm_error_t *usm__apply_begin(usm_outcome_t *out, usm_turn_t *turn);
usm_error_t *usm__apply_find(int *found_p, usm_echo_row_t *echo, usm_turn_t *turn, int kind, const char *cid,
                             apr_uint64_t digest);
usm_error_t *usm__apply_put(usm_turn_t *turn, const usm_echo_row_t *echo);
usm_error_t *usm__apply_done(usm_turn_t *turn, usm_echo_row_t *echo, const usm_bwrite_t *result);
usm_error_t *usm__apply_refuse(usm_outcome_t *out, usm_turn_t *turn, usm_echo_row_t *echo, usm_error_t *err);
usm_error_t *usm__apply_added(usm_outcome_t *out, usm_turn_t *turn, const usm_item_t *item,
                              const usm_echo_row_t *echo);
/** Digest of what a change asks for. */
apr_uint64_t usm__apply_digest(const usm_item_t *item, apr_uint64_t seed);
/** @a state: USM_PENDING_… */
usm_error_t *usm__apply_queue(usm_turn_t *turn, const char *id, int state);

/* echo.c */
/** The row of a command, if one was begun or done with the client's key before (or by an earlier command). */
usm_error_t *usm__echo_get(int *found_p, usm_echo_row_t *row, usm_turn_t *turn, int kind, const char *cid);
/** Write a row; with one that is done also what turn->clash and turn->refusal hold. */
usm_error_t *usm__echo_put(usm_turn_t *turn, const usm_echo_row_t *row);
/** Write the row of an add that is done, soon, with others. */
usm_error_t *usm__echo_put_later(usm_turn_t *turn, const usm_echo_row_t *row);
/** A row was written in another way. */
void usm__echo_know(usm_turn_t *turn, const usm_echo_row_t *row);
/** Note commands as begun, as far as they are not known: each still goes through usm__echo_put() when it begins. */
usm_error_t *usm__echo_plan(usm_turn_t *turn, const usm_echo_row_t *rows, int count);
/** Write what is still to be written, in the commit. */
usm_error_t *usm__echo_flush(usm_turn_t *turn, usm_txn_t *txn);
/** The same without a commit; what was planned has not begun. */
usm_error_t *usm__echo_abandon(usm_turn_t *turn, usm_txn_t *txn, apr_pool_t *pool);

/* read.c */
/** Where an item is, by its server id. */
typedef struct usm__place_t {
    usm_folder_row_t folder;
    usm_bref_t ref;
    const char *id; /**< the backend's */
} usm__place_t;
/** Errors: NOTFOUND, FOLDER_GONE. */
usm_error_t *usm__item_place(usm__place_t *place, usm_session_t *session, const char *server_id, apr_pool_t *pool);

/* hierarchy.c */
/** Bring the user's folder rows up to date with the backend. @a moved: short id of a folder that was just renamed or
 * moved, whose descendants got new backend ids with it; 0 = none. */
usm_error_t *usm__hierarchy_refresh(usm_session_t *session, apr_int64_t moved, apr_pool_t *scratch_pool);
/** Refresh now; the listing that follows in this session does without. */
usm_error_t *usm__hierarchy_refresh_ahead(usm_session_t *session);
/** Refresh, then tell @a sink a full listing of folders. */
usm_error_t *usm__hierarchy_changes(const char **cursor_p, usm_session_t *session, const usm_bsink_t *sink,
                                    apr_pool_t *result_pool, apr_pool_t *scratch_pool);
usm_error_t *usm__hierarchy_get(usm_bget_t *gets, int count, usm_session_t *session, apr_pool_t *result_pool);
/** @a begun: the same was tried before and nobody knows what became of it; what it left behind is success. */
usm_error_t *usm__folder_add(usm_bwrite_t *result, usm_turn_t *turn, const usm_item_t *item, int begun);
/** Only what is in @a ours is changed. result->rev is 0 when the device then has something else than the server. */
usm_error_t *usm__folder_change(usm_bwrite_t *result, usm_turn_t *turn, const char *id, const usm_item_t *item,
                                const usm_fieldset_t *ours);
/** Ids (const char *) of the folders that the device has below @a id, at any depth. */
usm_error_t *usm__folders_below(apr_array_header_t **ids_p, usm_turn_t *turn, const char *id);
usm_error_t *usm__folder_delete(usm_turn_t *turn, const char *id, int begun);
void usm__folder_ref(usm_bref_t *ref, const usm_folder_row_t *row);

/* detect.c */
/** Ask the backend what changed. @a touched may be NULL; @a view: generation whose rows count as what the device has.
 * With @a keep 1 and an empty queue the findings come back in news->entries, and nothing is written: whoever has
 * written what became of them calls usm__remember(). Else, or when there are too many, they are put into the queue. */
usm_error_t *usm__detect(usm__news_t *news, usm_session_t *session, usm_collection_row_t *coll,
                         const usm_folder_row_t *folder, const usm_brange_t *range, apr_hash_t *touched,
                         apr_int64_t view, int keep, apr_pool_t *pool);
/** Write detection's progress, if there is any: with other writing, or by itself. */
usm_error_t *usm__remember(usm_txn_t *txn, usm_session_t *session, usm_collection_row_t *coll, const usm__news_t *news);
usm_error_t *usm__remember_now(usm_session_t *session, usm_collection_row_t *coll, const usm__news_t *news,
                               apr_pool_t *pool);

/* runs.c: a listing of any length in (length, bytes) order of the ids, in bounded memory. */
typedef struct usm__runs_t usm__runs_t;
typedef struct usm__listed_t {
    const char *id; /**< up to 255 bytes */
    apr_uint64_t rev;
    usm_time_t edge;
    apr_int64_t order;
    int seq;
} usm__listed_t;
int usm__compare_ids(const char *a, const char *b);
usm__runs_t *usm__runs_create(int max_rows, apr_pool_t *pool);
usm_error_t *usm__runs_add(usm__runs_t *runs, const char *id, apr_uint64_t rev, usm_time_t edge, apr_int64_t order);
/** Next row, NULL at the end; valid until the next call. Nothing can be added after the first one. Rows of one id come
 * one by one. */
usm_error_t *usm__runs_next(const usm__listed_t **row_p, usm__runs_t *runs);

/* lease.c */
/** Name of a holder: where it runs, process, its start, and a random number. */
const char *usm__lease_owner(apr_pool_t *pool);
/** Is the process that this holder was known to be gone? Only of processes that can be seen from here. */
int usm__lease_is_dead(const char *owner);
/** A lease is over and the store does not hear it: @a session's process gives it back when somebody asks the store
 * next. @a root NULL: of the collection; else of an item that is made again. */
void usm__lease_owe(usm_session_t *session, usm_id_t collection, const usm_remade_row_t *root, const char *owner);
/** Give back what is owed. What fails stays owed. */
void usm__lease_pay(usm_session_t *session);
/** Take or prolong the lease before a client change or an undo; may look at the key again (see turn.c), then
 * turn->overtaken is set. */
usm_error_t *usm__turn_lease(usm_turn_t *turn);

/* mailattr.c */
/** Something kept with the device: of a conversation ('C') or a flag ('F'). */
typedef struct usm__mailattr_t {
    char kind;
    const char *key, *value; /**< key: without blanks; neither has line ends */
} usm__mailattr_t;
/** All of it, the newest last; read once in a session. */
usm_error_t *usm__mailattr_lines(const apr_array_header_t **lines_p, usm_session_t *session);
/** NULL when there is none. */
const char *usm__mailattr_find(const apr_array_header_t *lines, char kind, const char *key);
/** Set, or with @a value NULL take away; the newest @a max of a kind are kept. */
usm_error_t *usm__mailattr_set(usm_session_t *session, char kind, const char *key, const char *value, int max);

/* flag.c */
/** Put what the device has said of flags into mails that were read. */
usm_error_t *usm__flags_show(usm_session_t *session, const usm_bref_t *ref, usm_bget_t *gets, int count);
/** A change of the device has been made: keep what it says of a flag. */
usm_error_t *usm__flag_keep(usm_turn_t *turn, const char *id, const usm_item_t *sent);

/* meeting.c */
/** Day for which the occurrence was planned that starts at @a instance (USM_TIME_NONE: none). Errors: UNSUPPORTED (no
 * series), NOTFOUND (it has no such occurrence). */
usm_error_t *usm__meeting_day(usm_time_t *day_p, const usm_item_t *event, usm_time_t instance, apr_pool_t *pool);

/* thread.c */
/** Add the mails of a conversation among the newest of a folder to @a hits (usm_bhit_t, in their array's pool). */
usm_error_t *usm__thread_find(apr_array_header_t *hits, usm_session_t *session, const usm_bref_t *ref,
                              const unsigned char *id, apr_pool_t *scratch);
/** Carry out the device's rules on mails that have just been read: one that moves becomes one that is gone. */
usm_error_t *usm__thread_rules(usm_turn_t *turn, usm_bget_t *gets, const char *is_new, int count);

/* merge.c */
/** A client's change on its way into the item. */
typedef struct usm__merge_t {
    usm_item_t *mine;          /**< what the client sent; what it deleted by leaving it out is made empty */
    const usm_item_row_t *has; /**< base: what the device had */
    usm_policy_e policy;
    int partial, adding;
    usm_fieldset_t sent;       /**< fields whose value at the client is known */
    usm_fieldset_t ours;       /**< fields that are to be written */
    usm_fieldset_t lost;       /**< fields in which one side has lost */
    int merged;                /**< the server's version was looked at: it may have edits that the device lacks */
    int collided;
} usm__merge_t;
/** @a mine is changed. @return number of fields that the client changed. */
int usm__merge_begin(usm__merge_t *m, usm_turn_t *turn, usm_item_t *mine, const usm_item_row_t *has, int partial);
/** Drop from m->ours what the server has already and what it wins. @return number of fields left to write. */
int usm__merge_with(usm__merge_t *m, const usm_item_t *theirs);
/** Write m->ours into item @a id of folder @a ref; on a CONFLICT of the server's read, merge and write again. @a got:
 * the item when it was read already (its revision is not the base's), else NULL. Errors: NOTFOUND, BACKEND (it keeps
 * changing), and what update() gives. */
usm_error_t *usm__merge_write(usm_bwrite_t *result, usm__merge_t *m, usm_turn_t *turn, const usm_bref_t *ref,
                              const char *id, usm_bget_t *got);
/** Digests of what the device has now into @a row: what it had, overlaid with what it sent. */
void usm__merge_overlay(usm_item_row_t *row, const usm_item_t *item, const usm_item_row_t *has, apr_pool_t *pool);
/** The item as it is now, with all fields that take part in merging. */
usm_error_t *usm__read_now(usm_bget_t *got, usm_turn_t *turn, const usm_bref_t *ref, const char *id);

/* conflict.c */
typedef struct usm__clash_t {
    const char *device_edit, *server_edit; /**< "add", "change", "delete" */
    const char *winner;                    /**< "device" or "server" */
    const usm_item_t *lost;                /**< losing version, NULL when there is nothing of it to keep */
    const usm_fieldset_t *fields;          /**< what of it has lost */
} usm__clash_t;
/** Log a conflict; as configured it is also kept (turn->clash), by the commit of the command's end. */
void usm__conflict_note(usm_turn_t *turn, const usm_bref_t *ref, const char *id, const usm__clash_t *clash);
/** Write turn->clash, if there is one. */
usm_error_t *usm__conflict_write(usm_turn_t *turn, usm_txn_t *txn);
/** A merge in which one side lost: keep the loser's version as configured. */
usm_error_t *usm__conflict_merged(usm_turn_t *turn, const usm__merge_t *m, const usm_bref_t *ref,
                                  const usm_item_t *theirs);
/** The client deletes what the server has changed meanwhile. *kept_p 1: it stays. */
usm_error_t *usm__delete_contested(int *kept_p, usm_turn_t *turn, const char *id, const usm_item_row_t *has,
                                   usm_delete_e how);
/** UUID made from @a seed. */
const char *usm__uid(usm_turn_t *turn, const char *seed);

/* remake.c */
/** The item that the client changed is gone from the folder: write the change where the item went, or make the item
 * again. result->id: NULL when it went, else the id it was made again under. @a gone: the error that told it, which is
 * given back when the change cannot be kept. */
usm_error_t *usm__merge_elsewhere(usm_bwrite_t *result, usm__merge_t *m, usm_turn_t *turn, const char *id,
                                  usm_error_t *gone);

/* bad.c */
/** Read items for the device. One that makes the call fail is found and gets its error; the others are read. */
usm_error_t *usm__read_items(usm_bget_t *gets, int count, usm_turn_t *turn, apr_pool_t *pool);
/** Is it time to try again what was held back for a passing error? */
int usm__bad_due(const usm_collection_row_t *coll);
/** Then queue it. */
usm_error_t *usm__bad_requeue(usm_session_t *session, const usm_collection_row_t *coll, apr_pool_t *pool);
/** Record an item that is held back. */
usm_error_t *usm__bad_held(usm_turn_t *turn, usm_txn_t *txn, const usm__mutation_t *m);
/** In the commit, after its mutations: when to try again. */
usm_error_t *usm__bad_schedule(usm_turn_t *turn, usm_txn_t *txn);
/** Was the same refused lately? Then *why_p is the error, else NULL. @a digest: of all that was asked, without the
 * client's own id of an add. */
usm_error_t *usm__refused(usm_error_t **why_p, usm_turn_t *turn, int kind, apr_uint64_t digest);
/** Remember a refusal; usm__refusal_write() stores or forgets it. */
void usm__refusal_note(usm_turn_t *turn, const usm_echo_row_t *echo, usm_error_t *err);
/** Would usm__refusal_write() write something? */
int usm__refusal_pending(const usm_turn_t *turn);
usm_error_t *usm__refusal_write(usm_turn_t *turn, usm_txn_t *txn, const usm_echo_row_t *echo);

/* upkeep.c */
/** Forget devices that were not seen for long, if this process has not looked for an hour. Never fails. */
void usm__upkeep(usm_session_t *session);
/* watch.c */
/** A new request of the device: older ones that wait end. */
void usm__supersede(usm_session_t *session);
/* next.c */
/** Ask the server for changes, unless the queue is long enough for this answer and @a must is 0. */
usm_error_t *usm__turn_detect(usm_turn_t *turn, int must);
/** Carry out what was noted; the collection moves to @a new_gen. */
usm_error_t *usm__turn_mutate(usm_turn_t *turn, usm_txn_t *txn, apr_int64_t new_gen);
/* turn.c */
/** A commit without a new generation: has the collection been started over, its numbers no longer mean the same. */
usm_error_t *usm__turn_same_epoch(usm_turn_t *turn, usm_txn_t *txn);
usm_error_t *usm__turn_validate(usm_turn_t *turn);
void usm__mutate(usm_turn_t *turn, int op, const usm_item_row_t *row);
/** What the device has of an item, this turn's client changes included. */
usm_error_t *usm__device_has(int *found_p, usm_item_row_t *row, usm_turn_t *turn, const char *id, apr_pool_t *pool);

/** Make a context from parts (tests bring their own). */
usm_error_t *usm__context_make(usm_context_t **ctx_p, const usm_config_t *config, const usm_store_vtable_t *store_vt,
                               const usm_backend_vtable_t *backend_vt, apr_pool_t *pool);
#endif
