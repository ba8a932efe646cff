/* SPDX-License-Identifier: Apache-2.0 */
#include "ox/ox_stream.h"

#include <string.h>

#define ROW_MAX ((apr_size_t)8 * 1024 * 1024)
#define REST_MAX ((apr_size_t)4 * 1024 * 1024)

/* Where the scanner is. Only two places matter: inside the data array between rows, and inside a row. */
typedef enum place_e { OUTSIDE, BETWEEN_ROWS, IN_ROW } place_e;

typedef struct buf_t {
    char *data;
    apr_size_t len, size, max;
} buf_t;

struct ox_stream_t {
    ox_row_fn on_row;
    void *baton;
    apr_pool_t *pool;
    place_e place;
    int depth;            /* open brackets, of the whole text or of the row */
    int in_string, escape;
    int scalar_row;       /* the row is a number, true, false or null: it ends at the next separator */
    char key[8];          /* last string at depth 1, as far as it may be "data" */
    int key_len, is_data; /* is_data: the value that follows belongs to "data" */
    buf_t row, rest;
    apr_size_t rows;
    int too_large, bad_row;
    usm_error_t *err;
};

ox_stream_t *ox_stream_create(ox_row_fn on_row, void *baton, apr_pool_t *pool)
{
    ox_stream_t *s = apr_pcalloc(pool, sizeof *s);
    s->on_row = on_row;
    s->baton = baton;
    s->pool = pool;
    s->row.max = ROW_MAX;
    s->rest.max = REST_MAX;
    return s;
}

/* Buffers double, so that what the pool keeps of the smaller ones is at most as much again. */
static int buf_add(ox_stream_t *s, buf_t *b, const char *data, apr_size_t len)
{
    if (len > b->max - b->len) {
        s->too_large = 1;
        return 0;
    }
    if (b->len + len > b->size) {
        apr_size_t size = b->size ? b->size : 1024;
        while (size < b->len + len)
            size *= 2;
        char *grown = apr_palloc(s->pool, size);
        if (b->len)
            memcpy(grown, b->data, b->len);
        b->data = grown;
        b->size = size;
    }
    memcpy(b->data + b->len, data, len);
    b->len += len;
    return 1;
}

/* The row's bytes are complete: [data, data + len) behind what is in s->row already. */
static int row_done(ox_stream_t *s, const char *data, apr_size_t len)
{
    if (s->row.len) {
        if (!buf_add(s, &s->row, data, len))
            return 0;
        data = s->row.data;
        len = s->row.len;
    }
    ox_json_t *row = ox_json_parse_short(data, len);
    s->row.len = 0;
    s->place = BETWEEN_ROWS;
    if (!row) {
        s->bad_row = 1;
        return 0;
    }
    s->rows++;
    s->err = s->on_row(s->baton, row);
    ox_json_free(row);
    return s->err == NULL;
}

/* Skip to the end of a string that is open. @return bytes used. */
static apr_size_t skip_string(ox_stream_t *s, const char *p, apr_size_t len)
{
    apr_size_t i = 0;
    while (i < len && s->in_string) {
        if (s->escape) {
            s->escape = 0;
        } else if (p[i] == '\\') {
            s->escape = 1;
        } else if (p[i] == '"') {
            s->in_string = 0;
        }
        i++;
    }
    return i;
}

/* Outside the rows: keep the bytes, watch for the start of the data array. @return bytes used, 0 = give up. */
static apr_size_t scan_outside(ox_stream_t *s, const char *p, apr_size_t len)
{
    apr_size_t i = 0;
    while (i < len && s->place == OUTSIDE) {
        char c = p[i];
        if (s->in_string) {
            if (s->depth == 1 && !s->escape && c != '"' && s->key_len < (int)sizeof s->key)
                s->key[s->key_len++] = c;
            i += skip_string(s, p + i, 1);
            continue;
        }
        i++;
        if (c == '"') {
            s->in_string = 1;
            s->key_len = 0;
        } else if (c == ':' && s->depth == 1) {
            s->is_data = s->key_len == 4 && memcmp(s->key, "data", 4) == 0;
        } else if (c == ',' && s->depth == 1) {
            s->is_data = 0;
        } else if (c == '{' || c == '[') {
            if (c == '[' && s->depth == 1 && s->is_data)
                s->place = BETWEEN_ROWS;
            s->depth++;
        } else if (c == '}' || c == ']') {
            s->depth--;
        }
    }
    return buf_add(s, &s->rest, p, i) ? i : 0;
}

static apr_size_t scan_between(ox_stream_t *s, const char *p)
{
    switch (*p) {
    case ' ':
    case '\t':
    case '\r':
    case '\n':
    case ',':
        return 1;
    case ']':
        s->place = OUTSIDE;
        s->is_data = 0;
        s->depth = 1;
        return buf_add(s, &s->rest, "]", 1);
    default:
        s->place = IN_ROW;
        s->depth = 0;
        s->scalar_row = *p != '[' && *p != '{' && *p != '"';
        s->in_string = s->escape = 0;
        s->row.len = 0;
        return 0;
    }
}

/* Inside a row. @return bytes used; s->place tells whether the row ended. 0 = give up. */
static apr_size_t scan_row(ox_stream_t *s, const char *p, apr_size_t len)
{
    apr_size_t i = 0;
    while (i < len) {
        char c = p[i];
        if (s->in_string) {
            i += skip_string(s, p + i, len - i);
            if (!s->in_string && s->depth == 0)
                return row_done(s, p, i) ? i : 0;
            continue;
        }
        if (s->scalar_row) {
            if (c == ',' || c == ']' || c == ' ' || c == '\t' || c == '\r' || c == '\n')
                return row_done(s, p, i) ? i : 0;
        } else if (c == '"') {
            s->in_string = 1;
        } else if (c == '[' || c == '{') {
            s->depth++;
        } else if ((c == ']' || c == '}') && --s->depth == 0) {
            i++;
            return row_done(s, p, i) ? i : 0;
        }
        i++;
    }
    return buf_add(s, &s->row, p, i) ? i : 0;
}

static int failed(const ox_stream_t *s)
{
    return s->err || s->too_large || s->bad_row;
}

int ox_stream_feed(ox_stream_t *s, const char *data, apr_size_t len)
{
    while (len > 0 && !failed(s)) {
        apr_size_t used = s->place == OUTSIDE        ? scan_outside(s, data, len)
                          : s->place == BETWEEN_ROWS ? scan_between(s, data)
                                                     : scan_row(s, data, len);
        data += used;
        len -= used;
    }
    return failed(s);
}

apr_size_t ox_stream_rows(const ox_stream_t *s)
{
    return s->rows;
}

usm_error_t *ox_stream_end(ox_json_t **envelope_p, ox_stream_t *s, apr_pool_t *pool)
{
    *envelope_p = NULL;
    if (s->err)
        return s->err;
    if (s->too_large)
        return USM_ERROR(pool, USM_ELIMIT, "a row of the groupware server's answer is too large");
    if (!s->bad_row && s->place == OUTSIDE)
        *envelope_p = ox_json_parse(s->rest.data, s->rest.len, pool);
    if (!ox_json_is_object(*envelope_p)) {
        *envelope_p = NULL;
        return USM_ERROR(pool, USM_EBACKEND, "answer of the groupware server is no JSON object or was cut off");
    }
    return NULL;
}
