/* SPDX-License-Identifier: Apache-2.0 */
/** @file ox_pim.h  Contacts, appointments and tasks: shared by reading (ox_pim.c) and writing (ox_pim_write.c). */
#ifndef OX_PIM_H
#define OX_PIM_H

#include "ox/ox_map.h"

/** The OX module of a class. */
const char *ox_pim_name(usm_class_e cls);
/** Names and addresses of the internal users @a ids (int): rows [id, display name, address]; NULL when there are none.
 * */
usm_error_t *ox_pim_users(ox_json_t **rows_p, usm_bcall_t *call, const apr_array_header_t *ids, apr_pool_t *pool);

usm_error_t *ox_pim_add(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder, const usm_item_t *item,
                        const char *uid, apr_pool_t *result_pool, apr_pool_t *scratch_pool);
usm_error_t *ox_pim_find_uid(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder, const char *uid,
                             apr_pool_t *result_pool, apr_pool_t *scratch_pool);
usm_error_t *ox_pim_update(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder, const char *id,
                           const usm_item_t *item, const usm_fieldset_t *fields, apr_uint64_t rev,
                           apr_pool_t *result_pool, apr_pool_t *scratch_pool);
usm_error_t *ox_pim_remove(usm_bcall_t *call, const usm_bref_t *folder, const char *id, usm_delete_e how,
                           apr_uint64_t rev, apr_pool_t *scratch_pool);

#endif
