/* SPDX-License-Identifier: Apache-2.0 */
/** @file eas_people.h  What Search, Find and ResolveRecipients have in common: pictures of people. */
#ifndef EAS_PEOPLE_H
#define EAS_PEOPLE_H

#include "eas.h"

#define EAS_PICTURE_MAX 102400 /**< bytes of a picture at most (MS-ASCMD 2.2.3.112) */
#define EAS_PICTURES_MAX 100   /**< in one answer at most */

/** The tags that a command writes pictures with; each lives in a page of its own. */
typedef struct eas_picture_tags_t {
    unsigned option, max_size, max_pictures; /**< of the request */
    unsigned picture, status, data;          /**< of the answer */
} eas_picture_tags_t;

/** Pictures of one answer. */
typedef struct eas_pictures_t {
    const eas_picture_tags_t *tags;
    int wanted;
    apr_int64_t max_size, left; /**< bytes of each; how many more */
    apr_time_t until;           /**< then no more are fetched: a device does not wait for ever */
} eas_pictures_t;

/** Read what @a options (may be NULL) says of pictures. @return 0 when it makes no sense. */
int eas_pictures_read(eas_pictures_t *pictures, const eas_node_t *options, const eas_picture_tags_t *tags);
/** Write the picture of a person, or the status that says why there is none (173 to 175); nothing when none is wanted.
 * A server that is down is an error. */
usm_error_t *eas_picture_put(eas_pictures_t *pictures, eas_ctx_t *ctx, eas_writer_t *out, const usm_person_t *person);

#endif
