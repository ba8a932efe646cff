/* SPDX-License-Identifier: Apache-2.0 */
/* The header block of a message as bytes: what is not touched keeps its form. */
#include "util/mime.h"

#include <usm/spool.h>

#include <apr_strings.h>
#include <string.h>

/* End of the field that begins at @a at: its line and the ones folded below it. */
static apr_size_t field_end(const char *data, apr_size_t len, apr_size_t at)
{
    for (;;) {
        const char *nl = memchr(data + at, '\n', len - at);
        if (!nl)
            return len;
        at = (apr_size_t)(nl - data) + 1;
        if (at >= len || (data[at] != ' ' && data[at] != '\t'))
            return at;
    }
}

static int is_field(const char *data, apr_size_t len, const char *name)
{
    apr_size_t n = strlen(name);
    if (len <= n || strncasecmp(data, name, n) != 0)
        return 0;
    while (n < len && (data[n] == ' ' || data[n] == '\t'))
        n++;
    return n < len && data[n] == ':';
}

static int ends_block(const char *data, apr_size_t len, apr_size_t at)
{
    return at >= len || data[at] == '\n' || (data[at] == '\r' && at + 1 < len && data[at + 1] == '\n');
}

int usm__head_has(const char *data, apr_size_t len, const char *name)
{
    for (apr_size_t at = 0; !ends_block(data, len, at); at = field_end(data, len, at)) {
        if (is_field(data + at, len - at, name))
            return 1;
    }
    return 0;
}

int usm__head_ok(const char *data, apr_size_t len)
{
    apr_size_t at = 0;
    while (!ends_block(data, len, at)) {
        apr_size_t end = field_end(data, len, at);
        for (; at < end; at++) {
            /* A line end that only some servers take for one hides a header from those that do not. */
            if (data[at] == '\0' || (data[at] == '\r' && !(at + 1 < len && data[at + 1] == '\n')))
                return 0;
        }
    }
    return 1;
}

/* The block that ends @a at becomes @a head, of @a n bytes. What follows it stays where it is when it lies in a file
 * and there is room in front of it. */
static void replace_head(const char **data_p, apr_size_t *len_p, apr_size_t at, const char *head, apr_size_t n,
                         apr_pool_t *pool)
{
    const char *rest = *data_p + at;
    apr_size_t left = *len_p - at;
    char *out;
    if (left && usm_spool_room(rest) >= n) {
        out = (char *)(uintptr_t)rest - n;
        memmove(out, head, n);
    } else {
        out = apr_palloc(pool, n + left + 1);
        memcpy(out, head, n);
        memcpy(out + n, rest, left);
        out[n + left] = '\0';
    }
    *data_p = out;
    *len_p = n + left;
}

void usm__head_put(const char **data_p, apr_size_t *len_p, const char *lines, apr_pool_t *pool)
{
    replace_head(data_p, len_p, 0, lines, strlen(lines), pool);
}

void usm__head_set(const char **data_p, apr_size_t *len_p, const char *name, const char *value, apr_pool_t *pool)
{
    const char *data = *data_p, *first = value ? apr_pstrcat(pool, name, ": ", value, "\r\n", NULL) : "";
    apr_size_t n = strlen(first), at = 0, block = 0;
    while (!ends_block(data, *len_p, block))
        block = field_end(data, *len_p, block);
    char *head = apr_palloc(pool, block + n + 1);
    memcpy(head, first, n);
    while (at < block) {
        apr_size_t end = field_end(data, *len_p, at);
        if (!is_field(data + at, *len_p - at, name)) {
            memcpy(head + n, data + at, end - at);
            n += end - at;
        }
        at = end;
    }
    replace_head(data_p, len_p, block, head, n, pool);
}
