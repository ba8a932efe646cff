/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the pairs of test/golden: NNN-name.wbxml (hex) and NNN-name.txt (the same in words). */
#ifndef WBXML_GOLDEN_H
#define WBXML_GOLDEN_H

#include <glob.h>

#include <apr_file_info.h>
#include <apr_file_io.h>

#include "wbxml_test.h"

/* The paths of all golden documents; released by globfree(). Fails when there are none. */
static inline void golden_find(glob_t *found, apr_pool_t *pool)
{
    const char *top = getenv("top_srcdir");
    char *pattern = apr_pstrcat(pool, top != NULL ? top : ".", "/test/golden/*.wbxml", NULL);

    if (glob(pattern, 0, NULL, found) != 0 || found->gl_pathc < 20) {
        fail_msg("golden documents are missing: %s", pattern);
    }
}

/* The whole file, NUL terminated. */
static inline char *golden_read(const char *path, size_t *len_p, apr_pool_t *pool)
{
    apr_finfo_t info;
    apr_file_t *file;
    char *data;

    if (apr_file_open(&file, path, APR_READ, APR_OS_DEFAULT, pool) != APR_SUCCESS ||
        apr_file_info_get(&info, APR_FINFO_SIZE, file) != APR_SUCCESS) {
        fail_msg("cannot read %s", path);
    }
    data = apr_pcalloc(pool, (size_t)info.size + 1);
    *len_p = (size_t)info.size;
    if (info.size > 0 && apr_file_read_full(file, data, *len_p, NULL) != APR_SUCCESS) {
        fail_msg("cannot read %s", path);
    }
    apr_file_close(file);
    return data;
}

/* The bytes of one document. */
static inline char *golden_bytes(const char *path, size_t *len_p, apr_pool_t *pool)
{
    return test_bytes(golden_read(path, len_p, pool), len_p, pool);
}

#endif
