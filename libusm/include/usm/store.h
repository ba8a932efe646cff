/* SPDX-License-Identifier: Apache-2.0 */
/** @file store.h  Where sync state lives. A store fills the struct of functions; core calls it.
 *
 * All work happens in a transaction handle: READ takes a pooled connection without a transaction, WRITE begins one
 * (SQLite: BEGIN IMMEDIATE). A handle is of one thread, is never held while the groupware server is called, and gives
 * its connection back on commit or rollback; clearing its pool rolls back. Deadlocks and lock time-outs come as
 * BUSY, lost connections as STORE; both are retried once inside begin() only.
 * Writing needs a WRITE handle. After any error but EXISTS and LIMIT a WRITE handle can only be rolled back; an error
 * of item_add(), item_kill(), item_touch(), pending_put(), pending_told(), pending_take(), pending_drop(), echo_put()
 * may be told by a later call of the handle. Calls of one of these in a row go to the database together, and are
 * cheapest so.
 * Ids longer than 255 bytes (backend ids and tokens of folders: 1,024) give LIMIT.
 * Text results live in the pool given. Rows are told to callbacks one by one and live as long as the call; the callback
 * may use the handle; rows it changes may still be told in their old form.
 *
 * Generations (design: "how a sync key works"): an item row is what the device has in generations born <= G < died.
 * `pending` holds ids that are dirty: what the device must be told, with the backend's newest revision. */
#ifndef USM_STORE_H
#define USM_STORE_H

#include <usm/error.h>
#include <usm/log.h>
#include <usm/access.h>
#include <usm/session.h>
#include <usm/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct usm_store_t usm_store_t;
typedef struct usm_txn_t usm_txn_t;
typedef apr_int64_t usm_id_t; /**< row id, > 0 */

#define USM_GEN_INF 2147483647 /**< `died` of a living row */

typedef struct usm_device_row_t {
    usm_id_t id, user;
    const char *device_id, *device_type;
    usm_policy_t policy;
    usm_time_t created, seen;
    usm_standing_t standing; /**< read only */
} usm_device_row_t;

/** A device as an administrator looks at it. */
typedef struct usm_device_sum_t {
    const char *user_key;
    usm_device_row_t device;
    apr_int64_t collections; /**< without the hierarchy */
    apr_int64_t items;       /**< that the device has in them */
} usm_device_sum_t;

typedef struct usm_folder_row_t {
    usm_id_t user;
    apr_int64_t fid;        /**< short id, per user, never used again */
    const char *backend_id; /**< unique per user among rows that are not gone */
    apr_int64_t parent;     /**< fid of the parent, 0 = root */
    const char *name;
    usm_class_e cls;
    usm_role_e role;
    int rights;
    const char *token; /**< "" = unknown */
    int has_children;
    int gone;
} usm_folder_row_t;

typedef struct usm_collection_row_t {
    usm_id_t id, device;
    apr_int64_t fid; /**< 0 = hierarchy */
    usm_class_e cls;
    apr_int64_t epoch;    /**< random, new with each start from key 0 */
    apr_int64_t gen;      /**< generation of the newest answer */
    apr_int64_t prev;     /**< generation of the key that answer was made from; gen = prev = 1 after key 0 */
    usm_time_t since;     /**< range that detection has covered; USM_TIME_NONE = all */
    int open_tasks_only;
    const char *cursor;   /**< backend's, NULL = nothing detected yet */
    const char *options;  /**< protocol's, may be NULL */
    usm_time_t created, full_at; /**< full_at: time of the last full comparison */
    const char *lease;    /**< "" or who applies client changes now */
    usm_time_t lease_until;
    usm_time_t retry_at;  /**< when to try items held back for a passing error again; USM_TIME_NONE = never */
    int queued;           /**< read only: there are untaken pending entries */
    unsigned old;         /**< read only: what purge() of the newest generation would find, USM_OLD_… bits */
} usm_collection_row_t;

enum { USM_OLD_ITEMS = 1, USM_OLD_PENDING = 2, USM_OLD_ECHO = 4, USM_OLD_ALL = 7 };

/** What a device has of an item: it as it is; nothing; an older version, which the digests are of. */
enum { USM_ITEM_SENT, USM_ITEM_HELD_BACK, USM_ITEM_OUTDATED };
typedef struct usm_item_row_t {
    const char *id;     /**< backend's item id, up to 255 bytes */
    apr_int64_t born, died;
    apr_uint64_t rev;
    usm_time_t edge;    /**< USM_TIME_NONE = never leaves the window */
    int withheld;       /**< USM_ITEM_…: it could not be sent */
    const unsigned char *digests; /**< packed, NULL when empty */
    apr_size_t digests_len;
} usm_item_row_t;

enum { USM_PENDING_PRESENT, USM_PENDING_GONE, USM_PENDING_OUTSIDE };
typedef struct usm_pending_row_t {
    const char *id;
    int state; /**< USM_PENDING_… */
    apr_uint64_t rev;
    usm_time_t edge;
    apr_int64_t ord; /**< larger first */
} usm_pending_row_t;

/** kinds of echo rows */
enum { USM_ECHO_ADD, USM_ECHO_CHANGE, USM_ECHO_DELETE, USM_ECHO_SEND, USM_ECHO_MOVE, USM_ECHO_ANSWER };
typedef struct usm_echo_row_t {
    usm_id_t collection;  /**< 0 for sends and moves, which belong to the device */
    usm_id_t device;
    apr_int64_t base;     /**< generation of the key the client sent (0 for sends) */
    int kind;
    const char *cid;      /**< client id or server id or send's client id, up to 255 bytes */
    apr_uint64_t digest;  /**< of what was asked */
    int done;             /**< 0: begun, 1: finished */
    apr_int64_t code;     /**< 0 or the USM_E… of the outcome */
    const char *id;       /**< backend id made or touched, may be NULL */
    apr_uint64_t rev;
    usm_time_t edge;
    usm_time_t at;
} usm_echo_row_t;

/** A conflict that one side lost (see libusm/doc/conflicts.md). Texts are NULL-free; "" = nothing. */
typedef struct usm_conflict_row_t {
    usm_id_t user;
    const char *user_key;     /**< told by conflict_scan() only */
    usm_time_t at;
    usm_class_e cls;
    const char *device;       /**< its id, for the device's row may be gone */
    const char *folder, *id;  /**< backend ids */
    const char *device_edit, *server_edit; /**< "add", "change", "delete" */
    const char *winner;       /**< "device" or "server" */
    const char *fields;       /**< names of the fields that lost, with commas */
    const char *lost;         /**< the losing values, "NAME: value" a line */
    const char *copy;         /**< backend id of the copy made of the losing version, NULL = none */
} usm_conflict_row_t;

/** Something that was decided of a device, or that it said to it. */
typedef struct usm_audit_row_t {
    usm_id_t user;
    const char *user_key; /**< told by audit_scan() only */
    const char *device_id;
    usm_time_t at;
    const char *actor;  /**< who: "device", "rules", or the name of a person, up to 255 bytes */
    const char *action; /**< one word, as usmctl(8) lists them */
    const char *detail; /**< up to 1,024 bytes, "" = nothing */
} usm_audit_row_t;

/** An id of an item that was made again after it had been deleted. All ids that one item had over time have the same
 * uid and root; the root's row has the lease of whoever makes it again. */
typedef struct usm_remade_row_t {
    usm_id_t user;
    usm_class_e cls;
    const char *id;    /**< backend id, up to 255 bytes */
    const char *uid;   /**< the item is made again under this one */
    const char *root;  /**< the first id, the row's own for the first */
    const char *lease; /**< "" = nobody makes it again now; not read by remade_add() */
    usm_time_t at;
} usm_remade_row_t;

/** What cannot be brought to or taken from a device. */
typedef struct usm_bad_row_t {
    usm_id_t collection;
    int kind;             /**< USM_BAD_HELD_BACK, or 1 + USM_ECHO_… of a command that was refused */
    const char *id;       /**< backend id of the item; for a refused command the digest of what was asked */
    const char *item;     /**< id to show: backend id, server id or client id */
    apr_int64_t code;     /**< USM_E… */
    const char *reason;
    int retry;            /**< the error may pass: it is tried again at the collection's retry_at */
    usm_time_t at;
    const char *user_key, *device, *folder; /**< told by bad_list() only; folder: short id and name */
} usm_bad_row_t;
enum { USM_BAD_HELD_BACK };

/** A collection as an administrator looks at it. */
typedef struct usm_collection_sum_t {
    usm_collection_row_t row; /**< without cursor and options */
    const char *folder;       /**< name, NULL for the hierarchy */
    int gone;                 /**< the folder is */
    apr_int64_t items;        /**< that the device has */
    apr_int64_t waiting;      /**< entries of the queue */
} usm_collection_sum_t;

/** One thing that integrity() looks for. */
typedef struct usm_flaw_t {
    const char *name, *what;
    apr_int64_t found, repaired;
} usm_flaw_t;

/** What upkeep took away. */
typedef struct usm_expired_t {
    apr_int64_t devices, collections, logins;
} usm_expired_t;

typedef usm_error_t *(*usm_collection_sum_fn)(void *baton, const usm_collection_sum_t *sum);
typedef usm_error_t *(*usm_flaw_fn)(void *baton, const usm_flaw_t *flaw);
typedef usm_error_t *(*usm_conflict_row_fn)(void *baton, const usm_conflict_row_t *row);
typedef usm_error_t *(*usm_bad_row_fn)(void *baton, const usm_bad_row_t *row);
typedef usm_error_t *(*usm_audit_row_fn)(void *baton, const usm_audit_row_t *row);
typedef usm_error_t *(*usm_device_sum_fn)(void *baton, const usm_device_sum_t *sum);
typedef usm_error_t *(*usm_item_row_fn)(void *baton, const usm_item_row_t *row);
/** @a has: what the device has of the item, NULL when nothing or when it was not asked for. */
typedef usm_error_t *(*usm_pending_row_fn)(void *baton, const usm_pending_row_t *row, const usm_item_row_t *has);
typedef usm_error_t *(*usm_echo_row_fn)(void *baton, const usm_echo_row_t *row);
typedef usm_error_t *(*usm_folder_row_fn)(void *baton, const usm_folder_row_t *row);

typedef enum usm_txn_mode_e { USM_TXN_READ, USM_TXN_WRITE } usm_txn_mode_e;

typedef struct usm_store_vtable_t {
    /** Open, check the schema, migrate it forward. @a url as in usm_config_t.store. Errors: CONFIG, STORE,
     * STORE_SCHEMA. */
    usm_error_t *(*open)(usm_store_t **store_p, const char *url, int max_connections, const usm_log_t *log,
                         apr_pool_t *pool);
    /** @a stats gets the counters of this handle added. */
    usm_error_t *(*begin)(usm_txn_t **txn_p, usm_store_t *store, usm_txn_mode_e mode, usm_stats_t *stats,
                          apr_pool_t *pool);
    usm_error_t *(*commit)(usm_txn_t *txn);
    void (*rollback)(usm_txn_t *txn);

    /** Makes it when new (WRITE), 0 in READ. */
    usm_error_t *(*user_id)(usm_id_t *id_p, usm_txn_t *txn, const char *user_key);
    /** *found_p 0 when there is none. One statement joining the user. */
    usm_error_t *(*device_get)(int *found_p, usm_device_row_t *row, usm_txn_t *txn, const char *user_key,
                               const char *device_id, apr_pool_t *pool);
    /** row->id is set; if another request was first, to the row that it made, which stays as it is. */
    usm_error_t *(*device_add)(usm_txn_t *txn, usm_device_row_t *row);
    usm_error_t *(*device_policy)(usm_txn_t *txn, usm_id_t device, const usm_policy_t *policy);
    usm_error_t *(*device_seen)(usm_txn_t *txn, usm_id_t device, usm_time_t seen);
    /** Devices of a user, and those of them that are of type @a device_type. */
    usm_error_t *(*device_count)(int *all_p, int *alike_p, usm_txn_t *txn, usm_id_t user, const char *device_type);
    usm_error_t *(*device_delete)(usm_txn_t *txn, usm_id_t device); /**< with everything that hangs on it */
    /** Devices of @a user (0: of all users) in the order of user's id and device id, with what they hold. Counts every
     * item: for tools, not for requests. */
    usm_error_t *(*device_scan)(usm_txn_t *txn, usm_id_t user, usm_device_sum_fn fn, void *baton,
                                apr_pool_t *scratch_pool);
    usm_error_t *(*attr_get)(const char **value_p, usm_txn_t *txn, usm_id_t device, const char *name, apr_pool_t *pool);
    usm_error_t *(*attr_set)(usm_txn_t *txn, usm_id_t device, const char *name, const char *value /* NULL deletes */);

    /** What was decided of a device that may not be there (yet, or any more); zeroed when nothing was. */
    usm_error_t *(*standing_get)(usm_standing_t *standing, usm_txn_t *txn, usm_id_t user, const char *device_id);
    /** Insert or replace; a standing that says nothing is dropped. */
    usm_error_t *(*standing_put)(usm_txn_t *txn, usm_id_t user, const char *device_id, const usm_standing_t *standing);
    usm_error_t *(*audit_add)(usm_txn_t *txn, const usm_audit_row_t *row);
    /** Newest last; @a user 0: of all users. For tools. */
    usm_error_t *(*audit_scan)(usm_txn_t *txn, usm_id_t user, usm_audit_row_fn fn, void *baton,
                               apr_pool_t *scratch_pool);

    usm_error_t *(*folder_scan)(usm_txn_t *txn, usm_id_t user, int with_gone, usm_folder_row_fn fn, void *baton,
                                apr_pool_t *scratch_pool);
    usm_error_t *(*folder_get)(int *found_p, usm_folder_row_t *row, usm_txn_t *txn, usm_id_t user, apr_int64_t fid,
                               apr_pool_t *pool);
    /** row->fid is set to the next free one of the user, unless it is there already. Errors also: EXISTS (a living
     * folder has the backend id), after which the transaction may go on; so with folder_update(). */
    usm_error_t *(*folder_add)(usm_txn_t *txn, usm_folder_row_t *row);
    usm_error_t *(*folder_update)(usm_txn_t *txn, const usm_folder_row_t *row);

    /** Collection by device and fid; for fid != 0 the folder's row comes with it in the same statement (@a folder may
     * be NULL). *found_p 0: no collection (the folder is filled in all the same if it exists, its fid 0 if not). */
    usm_error_t *(*collection_get)(int *found_p, usm_collection_row_t *row, usm_folder_row_t *folder, usm_txn_t *txn,
                                   usm_id_t device, usm_id_t user, apr_int64_t fid, apr_pool_t *pool);
    /** Insert or start over: removes items, pending and echo of an earlier epoch. row->id is set. Only if the epoch is
     * still @a seen (0: there is no row yet); *done_p tells. */
    usm_error_t *(*collection_reset)(int *done_p, usm_txn_t *txn, usm_collection_row_t *row, apr_int64_t seen);
    /** Move to a new generation, only if epoch and gen are still the given ones and nobody but @a owner ("": nobody at
     * all) holds the lease at @a now; *done_p tells. The lease stays. */
    usm_error_t *(*collection_advance)(int *done_p, usm_txn_t *txn, usm_id_t id, apr_int64_t epoch, apr_int64_t gen,
                                       apr_int64_t new_gen, apr_int64_t new_prev, const char *owner, usm_time_t now);
    /** Detection's progress. */
    usm_error_t *(*collection_cursor)(usm_txn_t *txn, usm_id_t id, apr_int64_t epoch, const char *cursor,
                                      usm_time_t since, int open_tasks_only, usm_time_t full_at);
    usm_error_t *(*collection_options)(usm_txn_t *txn, usm_id_t id, const char *options);
    /** Take or renew the lease if it is free, ours or over at @a now; *done_p tells. */
    usm_error_t *(*collection_lease)(int *done_p, usm_txn_t *txn, usm_id_t id, apr_int64_t epoch, const char *owner,
                                     usm_time_t now, usm_time_t until);
    usm_error_t *(*collection_unlease)(usm_txn_t *txn, usm_id_t id, const char *owner);
    usm_error_t *(*collection_delete)(usm_txn_t *txn, usm_id_t id);

    /** The row the device has in generation @a gen. */
    usm_error_t *(*item_get)(int *found_p, usm_item_row_t *row, usm_txn_t *txn, usm_id_t collection, apr_int64_t gen,
                             const char *id, apr_pool_t *pool);
    /** Those of @a count ids that the device has in generation @a gen, in no order. The ids may be sorted anew. */
    usm_error_t *(*item_find)(usm_txn_t *txn, usm_id_t collection, apr_int64_t gen, const char **ids, int count,
                              usm_item_row_fn fn, void *baton, apr_pool_t *scratch_pool);
    /** Insert, or replace the row of the same id and birth. */
    usm_error_t *(*item_add)(usm_txn_t *txn, usm_id_t collection, const usm_item_row_t *row);
    usm_error_t *(*item_kill)(usm_txn_t *txn, usm_id_t collection, apr_int64_t gen, const char *id,
                              apr_int64_t died); /**< living row of gen: died = @a died */
    /** Only the revision (and edge) moved, nothing a device sees: changed in place. */
    usm_error_t *(*item_touch)(usm_txn_t *txn, usm_id_t collection, apr_int64_t gen, const char *id, apr_uint64_t rev,
                               usm_time_t edge);
    /** Rows of generation @a gen in (length(id), id) byte order, at most @a limit of those behind the id @a after
     * ("": from the first). */
    usm_error_t *(*item_scan)(usm_txn_t *txn, usm_id_t collection, apr_int64_t gen, const char *after, int limit,
                              usm_item_row_fn fn, void *baton, apr_pool_t *scratch_pool);
    /** Rows of generation @a gen whose edge lies before @a before, in order of the edge, at most @a limit of those
     * behind the row @a after (its edge and id count; NULL: from the first); uses an index. */
    usm_error_t *(*item_edge_scan)(usm_txn_t *txn, usm_id_t collection, apr_int64_t gen, usm_time_t before,
                                   const usm_item_row_t *after, int limit, usm_item_row_fn fn, void *baton,
                                   apr_pool_t *scratch_pool);

    /** Insert or replace the untaken entry of row->id. */
    usm_error_t *(*pending_put)(usm_txn_t *txn, usm_id_t collection, const usm_pending_row_t *row);
    usm_error_t *(*pending_drop)(usm_txn_t *txn, usm_id_t collection, const char *id); /**< untaken entry */
    /** Insert an entry that was never queued as told in generation @a gen. */
    usm_error_t *(*pending_told)(usm_txn_t *txn, usm_id_t collection, const usm_pending_row_t *row, apr_int64_t gen);
    /** Untaken entries in order (ord descending, then id), at most @a limit, with what the device has of each in
     * generation @a gen. */
    usm_error_t *(*pending_scan)(usm_txn_t *txn, usm_id_t collection, apr_int64_t gen, int limit, usm_pending_row_fn fn,
                                 void *baton, apr_pool_t *scratch_pool);
    usm_error_t *(*pending_get)(int *found_p, usm_pending_row_t *row, usm_txn_t *txn, usm_id_t collection,
                                const char *id, apr_pool_t *pool);
    /** The untaken entries of @a count ids, as far as there are any, in no order. The ids may be sorted anew. */
    usm_error_t *(*pending_find)(usm_txn_t *txn, usm_id_t collection, const char **ids, int count,
                                 usm_pending_row_fn fn, void *baton, apr_pool_t *scratch_pool);
    /** Mark the untaken entry of seen->id as told in generation @a gen (0: remove it), if it still has the state and
     * revision of @a seen: an entry that became newer meanwhile stays. In one generation an id is taken once. */
    usm_error_t *(*pending_take)(usm_txn_t *txn, usm_id_t collection, const usm_pending_row_t *seen, apr_int64_t gen);
    usm_error_t *(*pending_count)(int *count_p, usm_txn_t *txn, usm_id_t collection, int limit);

    /** Forget what generation @a acked made superfluous, as far as @a what (USM_OLD_… bits) names it: item rows with
     * died <= acked, pending taken <= acked, echo with base < acked. */
    usm_error_t *(*purge)(usm_txn_t *txn, usm_id_t collection, apr_int64_t acked, unsigned what);
    /** Undo generation @a gen: rows born in it go, rows that died in it live again, pending taken in it is untaken
     * (unless a newer untaken entry of the same id is there). */
    usm_error_t *(*undo)(usm_txn_t *txn, usm_id_t collection, apr_int64_t gen);

    /** In a WRITE handle a row of collection 0 that is read stays the caller's until the end: who asks for one of the
     * same device waits. */
    usm_error_t *(*echo_get)(int *found_p, usm_echo_row_t *row, usm_txn_t *txn, usm_id_t collection, usm_id_t device,
                             apr_int64_t base, int kind, const char *cid, apr_pool_t *pool);
    /** What a client asked for with the key of generation @a base: at most as many rows as one request has commands. */
    usm_error_t *(*echo_scan)(usm_txn_t *txn, usm_id_t collection, apr_int64_t base, usm_echo_row_fn fn, void *baton,
                              apr_pool_t *scratch_pool);
    /** Insert or replace. */
    usm_error_t *(*echo_put)(usm_txn_t *txn, const usm_echo_row_t *row);
    /** Sends and moves of a device: keep the newest @a keep and those younger than @a after. */
    usm_error_t *(*echo_trim_sends)(usm_txn_t *txn, usm_id_t device, int keep, usm_time_t after);

    usm_error_t *(*conflict_add)(usm_txn_t *txn, const usm_conflict_row_t *row);
    /** Keep the newest @a keep of a user, and of those what is not older than @a after. */
    usm_error_t *(*conflict_trim)(usm_txn_t *txn, usm_id_t user, int keep, usm_time_t after);
    /** Newest last; @a user 0: of all users. For tools. */
    usm_error_t *(*conflict_scan)(usm_txn_t *txn, usm_id_t user, usm_conflict_row_fn fn, void *baton,
                                  apr_pool_t *scratch_pool);

    usm_error_t *(*remade_get)(int *found_p, usm_remade_row_t *row, usm_txn_t *txn, usm_id_t user, usm_class_e cls,
                               const char *id, apr_pool_t *pool);
    /** A row that is there stays what it is. */
    usm_error_t *(*remade_add)(usm_txn_t *txn, const usm_remade_row_t *row);
    /** Take or prolong the lease in the root's row (*done_p 0: another owner has it); the row counts as new again. */
    usm_error_t *(*remade_lease)(int *done_p, usm_txn_t *txn, const usm_remade_row_t *root, const char *owner,
                                 usm_time_t now, usm_time_t until);
    usm_error_t *(*remade_unlease)(usm_txn_t *txn, const usm_remade_row_t *root, const char *owner);
    /** Drop a user's rows from before @a before. */
    usm_error_t *(*remade_trim)(usm_txn_t *txn, usm_id_t user, usm_time_t before);

    /** Insert or replace. */
    usm_error_t *(*bad_put)(usm_txn_t *txn, const usm_bad_row_t *row);
    usm_error_t *(*bad_drop)(usm_txn_t *txn, usm_id_t collection, int kind, const char *id);
    /** Rows of a collection from @a kind up, at most 512. */
    usm_error_t *(*bad_scan)(usm_txn_t *txn, usm_id_t collection, int kind, usm_bad_row_fn fn, void *baton,
                             apr_pool_t *scratch_pool);
    /** Drop refused commands that are older than @a before. */
    usm_error_t *(*bad_trim)(usm_txn_t *txn, usm_id_t collection, usm_time_t before);
    /** What is bad now, of @a user (0: of all users), collection by collection. For tools. */
    usm_error_t *(*bad_list)(usm_txn_t *txn, usm_id_t user, usm_bad_row_fn fn, void *baton, apr_pool_t *scratch_pool);
    usm_error_t *(*collection_retry)(usm_txn_t *txn, usm_id_t id, usm_time_t at /* USM_TIME_NONE: no more */);

    /** Collections of a device in the order of their short folder ids, the hierarchy (0) first. For tools. */
    usm_error_t *(*collection_scan)(usm_txn_t *txn, usm_id_t device, usm_collection_sum_fn fn, void *baton,
                                    apr_pool_t *scratch_pool);
    /** Look through all tables for rows that cannot be: orphans, wrong generations, broken values; @a fn is told of
     * each thing looked for. @a repair (WRITE): take them away; a collection that cannot be trusted goes as a whole,
     * so that its device starts over. Reads everything: for tools. */
    usm_error_t *(*integrity)(usm_txn_t *txn, int repair, usm_flaw_fn fn, void *baton);
    /** Delete up to @a limit devices last seen before @a before, with all that hangs on them; adds to @a gone. */
    usm_error_t *(*expire)(usm_expired_t *gone, usm_txn_t *txn, usm_time_t before, int limit, apr_pool_t *scratch_pool);
    /** Delete collections of folders that are gone and sealed sessions older than @a logins_before. For tools. */
    usm_error_t *(*expire_rest)(usm_expired_t *gone, usm_txn_t *txn, usm_time_t logins_before);

    /** Sealed groupware sessions shared between processes: @a name is a digest of the login, the value is opaque. */
    usm_error_t *(*login_get)(const char **value_p, usm_txn_t *txn, const char *name, usm_time_t not_before,
                              apr_pool_t *pool);
    usm_error_t *(*login_set)(usm_txn_t *txn, const char *name, const char *value /* NULL deletes */, usm_time_t at);
} usm_store_vtable_t;

struct usm_store_t {
    const usm_store_vtable_t *vt;
};

/** The SQL store for both databases. */
const usm_store_vtable_t *usm_store_sql(void);

#ifdef __cplusplus
}
#endif
#endif
