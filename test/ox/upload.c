/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <string.h>
#include "upload.h"

/* key="value" or key=value in a header's text; g_free the result, NULL if it is not there. */
static char *header_param(const char *text, const char *key)
{
    size_t n = strlen(key);

    for (const char *p = strchr(text, ';'); p; p = strchr(p, ';')) {
        p++;
        while (*p == ' ' || *p == '\t')
            p++;
        if (g_ascii_strncasecmp(p, key, n) || p[n] != '=')
            continue;
        p += n + 1;
        if (*p == '"')
            return g_strndup(p + 1, strcspn(p + 1, "\""));
        return g_strndup(p, strcspn(p, "; \t\r\n"));
    }
    return NULL;
}

static void part_headers(struct oxd_part *part, const char *text, size_t len)
{
    char *copy = g_strndup(text, len);
    char **lines = g_strsplit(copy, "\r\n", -1);

    for (char **l = lines; *l; l++) {
        if (!g_ascii_strncasecmp(*l, "Content-Disposition:", 20)) {
            part->name = header_param(*l, "name");
            part->filename = header_param(*l, "filename");
        } else if (!g_ascii_strncasecmp(*l, "Content-Type:", 13)) {
            part->content_type = g_strdup(g_strstrip(*l + 13));
        }
    }
    g_strfreev(lines);
    g_free(copy);
    if (!part->name)
        part->name = g_strdup("");
    if (!part->content_type)
        part->content_type = g_strdup("application/octet-stream");
}

GPtrArray *oxd_upload_parse(const char *content_type, const char *body, size_t len)
{
    GPtrArray *parts = g_ptr_array_new();
    char *boundary = header_param(content_type, "boundary");
    char *mark = g_strdup_printf("\r\n--%s", boundary ? boundary : "");
    size_t n = strlen(mark);
    const char *end = body + len, *p = NULL;

    /* The first mark has no line end before it. */
    if (boundary && *boundary && len >= n - 2 && !memcmp(body, mark + 2, n - 2))
        p = body + n - 2;
    while (p && end - p >= 2 && !memcmp(p, "\r\n", 2)) {
        const char *next = memmem(p, (size_t)(end - p), mark, n);
        const char *data = next ? memmem(p, (size_t)(next - p), "\r\n\r\n", 4) : NULL;
        struct oxd_part *part;

        if (!data)
            break;
        part = g_new0(struct oxd_part, 1);
        part_headers(part, p + 2, (size_t)(data - p) - 2 + (data == p ? 2 : 0));
        data += 4;
        part->len = data <= next ? (size_t)(next - data) : 0;
        part->data = g_malloc(part->len + 1);
        memcpy(part->data, data, part->len);
        part->data[part->len] = 0;
        g_ptr_array_add(parts, part);
        p = next + n;
    }
    g_free(mark);
    g_free(boundary);
    return parts;
}
