/* SPDX-License-Identifier: Apache-2.0 */
/** @file ox_picture.h  Pictures of contacts. Spec 4.4. */
#ifndef OX_PICTURE_H
#define OX_PICTURE_H

#include "ox/ox.h"

/** Read a contact's picture into the item's PICTURE: scaled by the server until it has at most @a max bytes (0 = no
 * limit), left empty when there is none or none that small. @a url is the contact's image1_url or NULL, for servers
 * without the picture module. Errors: UNAVAILABLE, BACKEND. */
usm_error_t *ox_picture_read(usm_item_t *item, usm_bcall_t *call, const char *folder, const char *id, const char *url,
                             int max, apr_pool_t *scratch_pool);

/** The bytes of a picture as they came, to be given back with ox_http_free(). Errors: NOTFOUND (there is none), LIMIT
 * (none that small), UNAVAILABLE, BACKEND. */
usm_error_t *ox_picture_fetch(ox_rsp_t *rsp, usm_bcall_t *call, const char *folder, const char *id, const char *url,
                              int max, apr_pool_t *pool);

/** Write an object together with a picture: action `new` or `update` of contacts as an upload. @a path as for the plain
 * call. */
usm_error_t *ox_picture_write(ox_answer_t *answer, usm_bcall_t *call, const char *path, const ox_json_t *object,
                              const usm_blob_t *picture, apr_pool_t *pool);

#endif
