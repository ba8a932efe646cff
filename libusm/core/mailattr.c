/* SPDX-License-Identifier: Apache-2.0 */
/* What a device has said of mails and conversations that the server cannot keep: lines "kind key value", the newest
 * last, in one attribute of the device. */
#include "core.h"

#define ATTR "mail"
#define BYTES_MAX 60000 /* of all lines: the oldest go */

usm_error_t *usm__mailattr_lines(const apr_array_header_t **lines_p, usm_session_t *session)
{
    const char *text;
    char *state;
    if (!session->mail_lines) {
        apr_array_header_t *lines = apr_array_make(session->pool, 16, sizeof(usm__mailattr_t));
        USM_ERR(usm_device_attr_get(&text, session, ATTR, session->pool));
        char *copy = text ? apr_pstrdup(session->pool, text) : NULL;
        for (char *line = copy ? apr_strtok(copy, "\n", &state) : NULL; line; line = apr_strtok(NULL, "\n", &state)) {
            char *key = strchr(line, ' '), *value = key ? strchr(key + 1, ' ') : NULL;
            if (!value)
                continue;
            *key = *value = '\0';
            APR_ARRAY_PUSH(lines, usm__mailattr_t) = (usm__mailattr_t){.kind = *line, .key = key + 1,
                                                                       .value = value + 1};
        }
        session->mail_lines = lines;
    }
    *lines_p = session->mail_lines;
    return NULL;
}

const char *usm__mailattr_find(const apr_array_header_t *lines, char kind, const char *key)
{
    for (int i = 0; i < lines->nelts; i++) {
        const usm__mailattr_t *line = &APR_ARRAY_IDX(lines, i, usm__mailattr_t);
        if (line->kind == kind && strcmp(line->key, key) == 0)
            return line->value;
    }
    return NULL;
}

static apr_size_t width(const usm__mailattr_t *line)
{
    return strlen(line->key) + strlen(line->value) + 4;
}

usm_error_t *usm__mailattr_set(usm_session_t *session, char kind, const char *key, const char *value, int max)
{
    const apr_array_header_t *old;
    apr_pool_t *pool = session->pool;
    USM_ERR(usm__mailattr_lines(&old, session));
    const char *was = usm__mailattr_find(old, kind, key);
    if (was ? value && strcmp(was, value) == 0 : !value)
        return NULL;
    apr_array_header_t *lines = apr_array_make(pool, old->nelts + 1, sizeof(usm__mailattr_t));
    const usm__mailattr_t own = {.kind = kind, .key = apr_pstrdup(pool, key),
                                 .value = value ? apr_pstrdup(pool, value) : ""};
    apr_size_t bytes = width(&own);
    int same = value != NULL;
    for (int i = old->nelts - 1; i >= 0; i--) { /* from the newest on, as many as there is room for */
        const usm__mailattr_t *line = &APR_ARRAY_IDX(old, i, usm__mailattr_t);
        bytes += width(line);
        same += line->kind == kind;
        if ((line->kind == kind && (strcmp(line->key, key) == 0 || same > max)) || bytes > BYTES_MAX)
            continue;
        APR_ARRAY_PUSH(lines, usm__mailattr_t) = *line;
    }
    const char *text = "";
    apr_array_header_t *kept = apr_array_make(pool, lines->nelts + 1, sizeof(usm__mailattr_t));
    apr_array_header_t *parts = apr_array_make(pool, lines->nelts + 1, sizeof(const char *));
    for (int i = lines->nelts - 1; i >= 0; i--)
        APR_ARRAY_PUSH(kept, usm__mailattr_t) = APR_ARRAY_IDX(lines, i, usm__mailattr_t);
    if (value)
        APR_ARRAY_PUSH(kept, usm__mailattr_t) = own;
    for (int i = 0; i < kept->nelts; i++) {
        const usm__mailattr_t *line = &APR_ARRAY_IDX(kept, i, usm__mailattr_t);
        APR_ARRAY_PUSH(parts, const char *) = apr_psprintf(pool, "%c %s %s", line->kind, line->key, line->value);
    }
    text = apr_array_pstrcat(pool, parts, '\n');
    USM_ERR(usm_device_attr_set(session, ATTR, *text ? text : NULL));
    session->mail_lines = kept;
    return NULL;
}
