/* SPDX-License-Identifier: Apache-2.0 */
/** @file read.h  Reading single items and their parts outside of turns, and references to them that a client may keep.
 *
 * Server ids are those of turns. A reference is opaque text of at most 256 characters that names an item, or a part of
 * one, without its folder beside it (LongId and FileReference of ActiveSync). It is made for one user: another user's,
 * and one that was made up or changed, is NOTFOUND, and what it names is read with the user's own rights in any case.
 * It is the same on all devices and nodes, and good as long as the item is where it is. One thread per session. */
#ifndef USM_READ_H
#define USM_READ_H

#include <usm/item.h>
#include <usm/session.h>

#ifdef __cplusplus
extern "C" {
#endif

struct usm_fetch_t;

#define USM_REF_MAX 256

/** Receives bytes in pieces; an error ends the reading and is handed on to its caller. */
typedef usm_error_t *(*usm_data_fn)(void *baton, const char *data, apr_size_t len);

/** Reference to the item @a server_id, or to its part @a part (NULL: the item). NULL when it would be too long. */
const char *usm_ref_make(usm_session_t *session, const char *server_id, const char *part, apr_pool_t *pool);
/** What a reference names; *part_p is NULL for an item. Errors: NOTFOUND. */
usm_error_t *usm_ref_parse(const char **server_id_p, const char **part_p, usm_session_t *session, const char *ref,
                           apr_pool_t *pool);

/** Short id of the folder that a server id is of; NULL when it is none. */
const char *usm_server_id_folder(const char *server_id, apr_pool_t *pool);

/** Read an item, whether the device has it or not; *cls_p (may be NULL) is its class. Errors: NOTFOUND (item),
 * FOLDER_GONE, FORBIDDEN, UNAVAILABLE, BACKEND, STORE. */
usm_error_t *usm_item_read(usm_item_t **item_p, usm_class_e *cls_p, usm_session_t *session, const char *server_id,
                           const struct usm_fetch_t *fetch, apr_pool_t *pool);
/** Name, type and expected size of a part. Errors as usm_item_read(). */
usm_error_t *usm_part_info(usm_attachment_t *info, usm_session_t *session, const char *server_id, const char *part,
                           apr_pool_t *pool);
/** Hand the bytes of a part to @a fn; *size_p is their number. However large it is, only a piece of it is in memory.
 * Errors as usm_item_read(), LIMIT (more than 2 GiB), and those of @a fn. */
usm_error_t *usm_part_read(apr_uint64_t *size_p, usm_session_t *session, const char *server_id, const char *part,
                           usm_data_fn fn, void *baton, apr_pool_t *pool);

/** Remove all items of a folder (by its short id), with @a subfolders 1 also the folders below it. Where the groupware
 * server has a trash, items of other folders go there. Errors: FOLDER_GONE, NOTFOUND, FORBIDDEN, UNAVAILABLE,
 * BACKEND, STORE. */
usm_error_t *usm_folder_clear(usm_session_t *session, const char *folder, int subfolders, apr_pool_t *pool);

#ifdef __cplusplus
}
#endif
#endif
