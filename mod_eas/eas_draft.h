/* SPDX-License-Identifier: Apache-2.0 */
/** @file eas_draft.h  Drafts in Sync (MS-ASEMAIL 3.2.5, from 16.0): ApplicationData of a mail that is being written. */
#ifndef EAS_DRAFT_H
#define EAS_DRAFT_H

#include <usm/draft.h>

#include "eas.h"

/** What a device wrote of a draft, and the names its files have for the device. */
typedef struct eas_draft_t {
    usm_draft_t draft;
    const char **client_ids; /**< of draft.files; NULL where the device gave none */
    const char *now;         /**< server id of the draft after the command */
} eas_draft_t;

/** Is this Add or Change about a draft's content, or does it ask to send it? Changes of Read, Flag and Categories alone
 * are those of any mail. */
int eas_draft_is(const eas_node_t *command, unsigned version);
/** Read the command; @a server_id is that of a changed draft, NULL for an add. Errors: INVALID. */
usm_error_t *eas_draft_read(eas_draft_t *draft, eas_ctx_t *ctx, const eas_node_t *command, const char *server_id);
/** Read an Attachments element alone, of an item of any class: the files to be added and the parts that go. */
usm_error_t *eas_draft_files(eas_draft_t *draft, eas_ctx_t *ctx, const eas_node_t *list, const char *server_id);
/** Give the files that were added the ids that they have got among @a now, by name and size. */
void eas_draft_match(eas_draft_t *draft, const usm_attachments_t *now);
/** Read a short message that a device puts into a mail folder (class_sms.c). Errors: INVALID. */
usm_error_t *eas_sms_read(usm_sms_t *sms, eas_ctx_t *ctx, const eas_node_t *command);
/** Is there something to tell of the files that were added? */
int eas_draft_has_news(const eas_draft_t *draft);
/** Write Attachments of the response: for each new file the reference it has got. */
void eas_draft_write(const eas_draft_t *draft, eas_ctx_t *ctx, eas_writer_t *out);

#endif
