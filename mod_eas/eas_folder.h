/* SPDX-License-Identifier: Apache-2.0 */
/* Folder types, and what the four folder commands share. */
#ifndef EAS_FOLDER_H
#define EAS_FOLDER_H

#include "eas.h"

/* Statuses that are the same in the four folder commands (MS-ASCMD 2.2.3.177.4 to .7). */
#define FOLDER_OK FOLDERSYNC_OK
#define FOLDER_RECIPIENT_CACHE FOLDERCREATE_SPECIAL
#define FOLDER_STALE_KEY FOLDERSYNC_STALE_KEY
#define FOLDER_MALFORMED FOLDERSYNC_MALFORMED

/* Id and type of the recipient information cache, which is no folder of the user. */
#define EAS_FOLDER_RI USM_FOLDER_RECIPIENTS
#define EAS_FOLDER_TYPE_RI 19

/* The type of a folder on the wire, 0 when VERSION has none for it: then it is not shown. */
int eas_folder_type(usm_class_e cls, usm_role_e role, unsigned version);

/* Classes, as bits, whose folders a device of VERSION is not shown. */
unsigned eas_folder_hidden(const eas_conf_t *conf, unsigned version);

/* May a device make a folder of TYPE? Then true, and *CLS_P is what is in it. */
int eas_folder_creatable(usm_class_e *cls_p, int type, unsigned version);

/*
 * Opens the hierarchy's turn with the SyncKey of DOC. WINDOW is 0 for commands that only bring changes of the device.
 * *TURN_P is NULL when the answer is already complete: no key, or one that cannot be ours.
 */
usm_error_t *eas_folder_turn(usm_turn_t **turn_p, eas_ctx_t *ctx, const eas_node_t *doc, int window);

/*
 * Ends a folder command: commits, and writes Status, the new SyncKey and, when SERVER_ID is not NULL, ServerId into the
 * command's document.
 */
usm_error_t *eas_folder_finish(eas_ctx_t *ctx, eas_writer_t *out, usm_turn_t *turn, const char *server_id);

/* The text of a name or id, 1 to MAX characters; NULL when it is missing, empty, or longer. */
const char *eas_folder_text(const eas_node_t *doc, unsigned tag, apr_size_t max);

#define EAS_FOLDER_NAME_MAX 256

#endif
