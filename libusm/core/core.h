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
#define USM__GET_BATCH 50           /**< items read from the backend in one go */
#define USM__WRITE_BATCH 2000       /**< rows written in one transaction */
#define USM__KEY_MAX 64

struct usm_context_t {
    apr_pool_t *pool;
    usm_config_t config;
    const usm_store_vtable_t *store_vt;
    usm_store_t *store;
    usm_backend_t *backend;
    apr_thread_mutex_t *lock; /**< guards logins and stats */
    apr_thread_cond_t *login_done;
    apr_hash_t *logins; /**< hex key → usm_login_t */
    apr_hash_t *waiters; /**< device row id → number of its newest request */
    usm_time_t swept;
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
};

/** A change to the store that close() makes. */
typedef struct usm__mutation_t {
    enum { USM__NONE, USM__KILL, USM__ADD, USM__TOUCH, USM__TAKE, USM__DROP } op;
    usm_item_row_t row; /**< id always; the rest for ADD and TOUCH */
} usm__mutation_t;

/** What this turn did to an item of the client's: detection must not tell it back. */
typedef struct usm__touched_t {
    const char *id;
    int alive;
    usm_item_row_t row;
} usm__touched_t;

struct usm_turn_t {
    apr_pool_t *pool;
    usm_session_t *session;
    usm_turn_params_t params;
    usm_collection_row_t coll;
    usm_folder_row_t folder; /**< fid 0 for the hierarchy */
    usm_bref_t ref;
    apr_int64_t base;        /**< generation of the client's key */
    int initial;
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
    apr_array_header_t *queue; /**< usm_pending_row_t taken from the store, not yet looked at */
    int queue_at, queue_full, scanned;
    apr_array_header_t *ready; /**< usm_bget_t read ahead, parallel to queue entries [ready_at…) */
    apr_pool_t *batch_pool;
    int batch_used;          /**< a change that was handed out points into batch_pool */
    int last_mutations;      /**< length of mutations before the last change */
    int set_aside;           /**< index of a mutation the last change replaced, or -1 */
    usm_pending_row_t last;  /**< entry of the last change */
    apr_uint64_t bytes;
};

usm_time_t usm__now(void);
/** Text → digest, 48 bits, never 0. */
apr_uint64_t usm__hash(const void *data, apr_size_t len, apr_uint64_t seed);
/** @a len random bytes. */
void usm__random(void *buf, apr_size_t len);

/* login.c */
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

/* hierarchy.c */
/** Bring the user's folder rows up to date with the backend. @a moved: short id of a folder that was just renamed or
 * moved, whose descendants got new backend ids with it; 0 = none. */
usm_error_t *usm__hierarchy_refresh(usm_session_t *session, apr_int64_t moved, apr_pool_t *scratch_pool);
/** Refresh, then tell @a sink a full listing of folders. */
usm_error_t *usm__hierarchy_changes(const char **cursor_p, usm_session_t *session, const usm_bsink_t *sink,
                                    apr_pool_t *result_pool, apr_pool_t *scratch_pool);
usm_error_t *usm__hierarchy_get(usm_bget_t *gets, int count, usm_session_t *session, apr_pool_t *result_pool);
usm_error_t *usm__folder_add(usm_bwrite_t *result, usm_turn_t *turn, const usm_item_t *item);
usm_error_t *usm__folder_change(usm_bwrite_t *result, usm_turn_t *turn, const char *id, const usm_item_t *item);
usm_error_t *usm__folder_delete(usm_turn_t *turn, const char *id);
void usm__folder_ref(usm_bref_t *ref, const usm_folder_row_t *row);

/* detect.c */
/** Ask the backend what changed and queue it. @a touched may be NULL. */
usm_error_t *usm__detect(usm_session_t *session, usm_collection_row_t *coll, const usm_folder_row_t *folder,
                         const usm_brange_t *range, apr_hash_t *touched, apr_int64_t view, apr_pool_t *pool);

/* apply.c */
/** Take or prolong the lease before a client change or an undo; may look at the key again (see turn.c), then
 * turn->overtaken is set. */
usm_error_t *usm__turn_lease(usm_turn_t *turn);
/* watch.c */
/** A new request of the device: older ones that wait end. @a make: this one will wait itself. @return its number. */
apr_uint32_t usm__supersede(usm_session_t *session, int make);
/* turn.c */
usm_error_t *usm__turn_validate(usm_turn_t *turn);
void usm__mutate(usm_turn_t *turn, int op, const usm_item_row_t *row);
/** What the device has of an item, this turn's client changes included. */
usm_error_t *usm__device_has(int *found_p, usm_item_row_t *row, usm_turn_t *turn, const char *id, apr_pool_t *pool);

/** Make a context from parts (tests bring their own). */
usm_error_t *usm__context_make(usm_context_t **ctx_p, const usm_config_t *config, const usm_store_vtable_t *store_vt,
                               const usm_backend_vtable_t *backend_vt, apr_pool_t *pool);
#endif
