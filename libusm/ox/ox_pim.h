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

/** What a list call reads. */
typedef struct ox_series_row_t {
    const char *master; /* of a changed occurrence: id of its series */
    int changed;        /* of a series: it has changed occurrences */
} ox_series_row_t;
typedef struct ox_reading_t {
    usm_bget_t *gets;
    int count;
    ox_series_row_t *series; /* as many, for appointments; else NULL */
    usm_bcall_t *call;
    const usm_bref_t *folder;
    const usm_fetch_t *fetch;
    const ox_plan_t *plan;
    apr_pool_t *result_pool, *pool;
} ox_reading_t;
usm_error_t *ox_pim_get(usm_bget_t *gets, int count, usm_bcall_t *call, const usm_bref_t *folder,
                        const usm_fetch_t *fetch, apr_pool_t *result_pool, apr_pool_t *scratch_pool);

/** State of one write. */
typedef struct ox_writing_t {
    usm_bcall_t *call;
    const usm_bref_t *folder;
    const usm_item_t *item;
    ox_json_t *object;
    const usm_blob_t *picture;
    const char *path;
    apr_pool_t *pool;
} ox_writing_t;
/** Put the fields into w->object, with what an object needs beside them. @a current: the object as it is, or NULL. */
void ox_pim_encode(ox_writing_t *w, const usm_fieldset_t *fields, const ox_json_t *current, int is_new);
/** Write w->object to w->path, and again with shorter values when some were too long. */
usm_error_t *ox_pim_put(ox_answer_t *answer, ox_writing_t *w);
/** Revision and edge of result->id as they are now; revision 0: it is not there. */
usm_error_t *ox_pim_state(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder, apr_pool_t *pool);
/** The object of an appointment, its people with their addresses where @a people is 1. */
usm_error_t *ox_pim_current(ox_json_t **object_p, usm_bcall_t *call, const usm_bref_t *folder, const char *id,
                            int people, apr_pool_t *pool);

/** Cut to @a chars as Java counts them: a character beyond the first plane is two. */
const char *ox_pim_cut(const char *text, int chars, apr_pool_t *pool);
/** Id of the appointment with a uid, in whatever folder; NULL: there is none. *known_p: the server could tell. */
usm_error_t *ox_pim_find_event(int *known_p, const char **id_p, usm_bcall_t *call, const char *uid,
                               apr_pool_t *result_pool, apr_pool_t *pool);

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
