/* SPDX-License-Identifier: Apache-2.0 */
#include "eas_spool.h"

#include <apr_base64.h>
#include <apr_strings.h>
#include <string.h>

#define GROUPS 1024 /* of three bytes, encoded in one go */

usm_error_t *eas_spool_create(eas_spool_t *spool, int base64, apr_off_t first, apr_off_t last, apr_off_t max,
                              apr_pool_t *pool)
{
    const char *folder;
    memset(spool, 0, sizeof *spool);
    spool->pool = pool;
    spool->base64 = base64;
    spool->first = first;
    spool->last = last;
    spool->max = max;
    if (apr_temp_dir_get(&folder, pool) != APR_SUCCESS)
        return USM_ERROR(pool, USM_ENOMEM, "no folder for temporary files");
    char *name = apr_pstrcat(pool, folder, "/mod_eas.XXXXXX", NULL);
    if (apr_file_mktemp(&spool->file, name,
                        APR_FOPEN_CREATE | APR_FOPEN_EXCL | APR_FOPEN_READ | APR_FOPEN_WRITE | APR_FOPEN_BINARY,
                        pool) != APR_SUCCESS)
        return USM_ERROR(pool, USM_ENOMEM, "cannot make a temporary file in %s", folder);
    apr_file_remove(name, pool); /* from here on it has no name and goes with its last user */
    return NULL;
}

static usm_error_t *put(eas_spool_t *spool, const char *data, apr_size_t len)
{
    apr_size_t done;
    spool->len += (apr_off_t)len;
    if (len && apr_file_write_full(spool->file, data, len, &done) != APR_SUCCESS)
        return USM_ERROR(spool->pool, USM_ENOMEM, "no room for a temporary file");
    return NULL;
}

static usm_error_t *put_groups(eas_spool_t *spool, const unsigned char *data, apr_size_t len)
{
    char text[GROUPS * 4 + 1];
    while (len) {
        apr_size_t n = len < GROUPS * 3 ? len : GROUPS * 3;
        int out = apr_base64_encode_binary(text, data, (int)n) - 1; /* without its NUL */
        USM_ERR(put(spool, text, (apr_size_t)out));
        data += n;
        len -= n;
    }
    return NULL;
}

static usm_error_t *encode(eas_spool_t *spool, const unsigned char *data, apr_size_t len)
{
    while (spool->rest_len > 0 && spool->rest_len < 3 && len) {
        spool->rest[spool->rest_len++] = *data++;
        len--;
    }
    if (spool->rest_len == 3) {
        USM_ERR(put_groups(spool, spool->rest, 3));
        spool->rest_len = 0;
    }
    apr_size_t whole = spool->rest_len ? 0 : len / 3 * 3;
    USM_ERR(put_groups(spool, data, whole));
    for (; whole < len; whole++)
        spool->rest[spool->rest_len++] = data[whole];
    return NULL;
}

usm_error_t *eas_spool_data(void *baton, const char *data, apr_size_t len)
{
    eas_spool_t *spool = baton;
    apr_off_t from = spool->first - spool->at, to = spool->last - spool->at;
    spool->at += (apr_off_t)len;
    if (from < 0)
        from = 0;
    if (to >= (apr_off_t)len)
        to = (apr_off_t)len - 1;
    if (from > to)
        return NULL;
    apr_size_t n = (apr_size_t)(to - from + 1);
    spool->kept += (apr_off_t)n;
    if (spool->kept > spool->max)
        return USM_ERROR(spool->pool, USM_ELIMIT, "attachment is larger than %" APR_OFF_T_FMT " bytes", spool->max);
    return spool->base64 ? encode(spool, (const unsigned char *)data + from, n) : put(spool, data + from, n);
}

usm_error_t *eas_spool_end(eas_spool_t *spool)
{
    return spool->rest_len ? put_groups(spool, spool->rest, (apr_size_t)spool->rest_len) : NULL;
}
