/* SPDX-License-Identifier: Apache-2.0 */
/** @file eas_sync.h  A Sync request on its way: read (sync_read.c), carried out (sync_run.c), answered (sync_write.c).
 */
#ifndef EAS_SYNC_H
#define EAS_SYNC_H

#include <apr_hash.h>

#include "eas_collection.h"
#include "eas_draft.h"
#include "eas_park.h"

#define EAS_SYNC_COLLECTIONS_MAX 300
#define EAS_SYNC_TIME apr_time_from_sec(20)  /* after that an answer takes nothing more in: phones give up at 30 s */
#define EAS_SYNC_BYTES (8 << 20)             /* the same by size */
#define EAS_SYNC_COMMANDS_MAX 200 /* in all of a request (MS-ASCMD 3.1.5.10) */

/** Something to say about one of the device's commands. */
typedef struct eas_response_row_t {
    unsigned tag; /**< EAS_AirSync_Add, Change, Delete, Fetch */
    const char *cls; /**< as the command gave it, when it is not that of the folder; else NULL */
    const char *client_id, *server_id;
    int status;
    const usm_item_t *item; /**< Fetch */
    const char *instance_id; /**< of a command for one occurrence, else NULL */
    const eas_draft_t *draft; /**< with files whose names are to be told; else NULL */
} eas_response_row_t;

typedef struct eas_collection_t {
    const eas_node_t *node; /**< NULL: taken from the last request */
    const char *id, *key;
    usm_class_e cls;
    int get_changes;
    usm_delete_e how;
    int window;
    eas_options_t options;
    int commands;      /**< number of them */
    int fetch_only;
    int unproven;      /**< from the last request, and its answer brought a new key that the device has not used yet */
    usm_turn_t *turn;
    apr_hash_t *decoded; /**< const eas_node_t * of an Add → its usm_item_t, when that was read ahead; or NULL */
    /* what came of it */
    int status;
    const char *new_key;
    int changed_key;
    apr_array_header_t *changes;   /**< const usm_change_t * */
    apr_array_header_t *responses; /**< eas_response_row_t */
    int more;
} eas_collection_t;

typedef struct eas_sync_t {
    eas_ctx_t *ctx;
    apr_array_header_t *collections; /**< eas_collection_t */
    int window;        /**< over all collections, 0 = no such limit */
    int commands;      /**< in all collections */
    apr_int64_t wait_ms;
    eas_beat_t beat;   /**< of the last request's notes */
    apr_time_t started; /**< collections are run since then */
    apr_uint64_t bytes; /**< of the items of the collections so far */
    int status;        /**< global failure, 0 = none */
    apr_int64_t limit; /**< with SYNC_RANGE and SYNC_TOO_MANY */
    const char *cached; /**< what is kept of the last request, NULL = nothing */
} eas_sync_t;

/** Read the whole request; sync->status is set when it cannot be carried out. Nothing is written to the store. */
usm_error_t *eas_sync_read(eas_sync_t *sync, const eas_node_t *doc);
/** Keep what an empty or partial request would refer to. */
usm_error_t *eas_sync_remember(eas_sync_t *sync);
/** Keep in mind how long connections of the device survive. */
usm_error_t *eas_sync_learn(eas_ctx_t *ctx, apr_int64_t seconds);
/** Carry out one collection: device's commands, then server's changes, then commit. Errors end the request. */
usm_error_t *eas_sync_run(eas_sync_t *sync, eas_collection_t *col, int *window_left);
/** Devices that send the same again after Status 3 or 12 get other answers in turn; *slow_p 1: 503. */
usm_error_t *eas_sync_missed(int *slow_p, eas_sync_t *sync);
/** Is there anything to say about it? */
int eas_sync_has_news(const eas_sync_t *sync, const eas_collection_t *col);
void eas_sync_write(eas_sync_t *sync, eas_writer_t *out);

#endif
