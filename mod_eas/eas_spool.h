/* SPDX-License-Identifier: Apache-2.0 */
/** @file eas_spool.h  An attachment on its way: what comes from the groupware server goes into a file that nobody else
 * sees, and from there into the answer. So its size is known before the first byte goes out, a failure in the middle
 * can still be told by a Status, and memory holds a piece of it only. */
#ifndef EAS_SPOOL_H
#define EAS_SPOOL_H

#include <apr_file_io.h>
#include <usm/usm.h>

typedef struct eas_spool_t {
    apr_pool_t *pool;
    apr_file_t *file;
    int base64;
    apr_off_t first, last; /**< bytes wanted, last APR_INT64_MAX = to the end */
    apr_off_t at;          /**< bytes seen */
    apr_off_t kept;        /**< of these */
    apr_off_t len;         /**< bytes of the file */
    apr_off_t max;         /**< bytes that may be kept */
    unsigned char rest[3]; /**< not yet a whole group of base64 */
    int rest_len;
} eas_spool_t;

/** Make a spool in @a pool, whose file goes with it. Errors: NOMEM (there is no room for files). */
usm_error_t *eas_spool_create(eas_spool_t *spool, int base64, apr_off_t first, apr_off_t last, apr_off_t max,
                              apr_pool_t *pool);
/** A usm_data_fn. Errors: LIMIT (more than max), NOMEM. */
usm_error_t *eas_spool_data(void *spool, const char *data, apr_size_t len);
/** To be called once at the end. Errors: NOMEM. */
usm_error_t *eas_spool_end(eas_spool_t *spool);

#endif
