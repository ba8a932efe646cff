/* SPDX-License-Identifier: Apache-2.0 */
/** @file ox_attach.h  Files of appointments: module attachment, spec 7. Those of a series belong to its master; what an
 * exception has of its own is neither told nor touched. */
#ifndef OX_ATTACH_H
#define OX_ATTACH_H

#include "ox/ox.h"

/** Set ATTACHMENTS of an event. A list that the server does not give leaves it unsaid. Errors: UNAVAILABLE, AUTH. */
usm_error_t *ox_attach_read(usm_item_t *item, usm_bcall_t *call, const usm_bref_t *folder, const char *id,
                            apr_pool_t *scratch_pool);
/** Make the files of an event those of @a want (NULL: none): what is not in it goes, what has data is added. */
usm_error_t *ox_attach_write(usm_bcall_t *call, const usm_bref_t *folder, const char *id,
                             const usm_attachments_t *want, apr_pool_t *scratch_pool);
/** See ox_module_t.part. */
usm_error_t *ox_attach_part(apr_uint64_t *size_p, usm_bcall_t *call, const usm_bref_t *folder, const char *id,
                            const char *part, usm_data_fn fn, void *baton, apr_pool_t *scratch_pool);

#endif
