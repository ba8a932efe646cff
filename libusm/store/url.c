/* SPDX-License-Identifier: Apache-2.0 */
/** @file url.c  Parts of store URLs. */
#include "store/driver.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)apr_tolower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

const char *usm__url_decode(const char *text, apr_size_t len, apr_pool_t *pool)
{
    char *out = apr_palloc(pool, len + 1), *to = out;
    for (apr_size_t i = 0; i < len; i++) {
        if (text[i] == '%' && i + 2 < len && hex(text[i + 1]) >= 0 && hex(text[i + 2]) >= 0) {
            *to++ = (char)(hex(text[i + 1]) * 16 + hex(text[i + 2]));
            i += 2;
        } else {
            *to++ = text[i];
        }
    }
    *to = '\0';
    return out;
}

const char *usm__url_param(const char *query, const char *name, apr_pool_t *pool)
{
    apr_size_t len = strlen(name);
    while (query && *query) {
        const char *end = query + strcspn(query, "&");
        if (!strncmp(query, name, len) && query[len] == '=')
            return usm__url_decode(query + len + 1, (apr_size_t)(end - query) - len - 1, pool);
        query = *end ? end + 1 : end;
    }
    return NULL;
}

usm_error_t *usm__url_number(int *number_p, const char *query, const char *name, int low, int high, int dflt,
                             apr_pool_t *pool)
{
    const char *text = usm__url_param(query, name, pool);
    *number_p = dflt;
    if (!text)
        return NULL;
    char *end;
    apr_int64_t number = apr_strtoi64(text, &end, 10);
    if (end == text || *end || number < low || number > high)
        return USM_ERROR(pool, USM_ECONFIG, "store URL: %s must be a number from %d to %d", name, low, high);
    *number_p = (int)number;
    return NULL;
}
