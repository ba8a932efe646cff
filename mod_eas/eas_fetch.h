/* SPDX-License-Identifier: Apache-2.0 */
/** @file eas_fetch.h  Fetch of ItemOperations (MS-ASCMD 2.2.3.67.1): one item or attachment. */
#ifndef EAS_FETCH_H
#define EAS_FETCH_H

#include "eas.h"

/** Statuses of ItemOperations (MS-ASCMD 2.2.3.177.8). */
enum {
    ITEMS_OK = 1,
    ITEMS_PROTOCOL = 2,
    ITEMS_SERVER = 3,
    ITEMS_NOT_FOUND = 6,
    ITEMS_RANGE = 8,
    ITEMS_STORE = 9,
    ITEMS_EMPTY = 10,
    ITEMS_TOO_LARGE = 11,
    ITEMS_BAD_ATTACHMENT = 15
};

/** Carry out one Fetch element and write its answer, whatever came of it. @a left: bytes of attachments that the answer
 * may still take, less what this one took. Errors are those that end the whole command: nothing that concerns this
 * item alone. */
usm_error_t *eas_fetch(eas_ctx_t *ctx, const eas_node_t *fetch, eas_writer_t *out, apr_off_t *left);
/** Status of ItemOperations for an error, which is logged and consumed; 0: the error ends the whole command. */
int eas_fetch_status(eas_ctx_t *ctx, usm_error_t *err);
/** Content type of an attachment, fit for a header. */
const char *eas_fetch_type(const usm_attachment_t *info, apr_pool_t *pool);

#endif
