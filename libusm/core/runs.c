/* SPDX-License-Identifier: Apache-2.0 */
/* A listing of any length, put into (length, bytes) order of its ids in bounded memory: what does not fit goes to a
 * file in sorted runs, which are merged when they are read. */
#include "core.h"

#include <apr_file_io.h>
#include <stdlib.h>

#define READ_BYTES 16384

/* A row in the file; the id follows. */
typedef struct head_t {
    apr_uint64_t rev;
    usm_time_t edge;
    apr_int64_t order;
    apr_uint32_t id_len;
} head_t;

typedef struct run_t {
    apr_off_t at, end; /* of what is not read yet */
    char *buffer;
    apr_size_t pos, len;
    usm__listed_t row; /* the next one; id NULL: none left */
    char id[256];
} run_t;

struct usm__runs_t {
    apr_pool_t *pool, *rows_pool;
    apr_array_header_t *rows; /* usm__listed_t not yet in the file */
    apr_file_t *file;
    apr_off_t size;
    apr_array_header_t *runs; /* run_t */
    int at, seq, max;
    int reading;
    usm__listed_t told;
    char told_id[256];
};

int usm__compare_ids(const char *a, const char *b)
{
    apr_size_t la = strlen(a), lb = strlen(b);
    return la != lb ? (la < lb ? -1 : 1) : memcmp(a, b, la);
}

usm__runs_t *usm__runs_create(int max_rows, apr_pool_t *pool)
{
    usm__runs_t *runs = apr_pcalloc(pool, sizeof *runs);
    runs->max = max_rows;
    runs->pool = pool;
    apr_pool_create(&runs->rows_pool, pool);
    runs->rows = apr_array_make(pool, 256, sizeof(usm__listed_t));
    runs->runs = apr_array_make(pool, 8, sizeof(run_t));
    return runs;
}

static int compare_rows(const void *a, const void *b)
{
    const usm__listed_t *x = a, *y = b;
    int order = usm__compare_ids(x->id, y->id);
    return order ? order : x->seq < y->seq ? -1 : 1;
}

static void sort_rows(usm__runs_t *runs)
{
    qsort(runs->rows->elts, (size_t)runs->rows->nelts, sizeof(usm__listed_t), compare_rows);
}

static usm_error_t *open_file(usm__runs_t *runs)
{
    const char *dir;
    apr_status_t rv = apr_temp_dir_get(&dir, runs->pool);
    if (!rv)
        rv = apr_file_mktemp(&runs->file, apr_pstrcat(runs->pool, dir, "/usm-list.XXXXXX", NULL),
                             APR_FOPEN_CREATE | APR_FOPEN_READ | APR_FOPEN_WRITE | APR_FOPEN_EXCL |
                                 APR_FOPEN_DELONCLOSE | APR_FOPEN_BINARY,
                             runs->pool);
    return rv ? USM_ERROR_APR(runs->pool, rv, "temporary file for a listing") : NULL;
}

/* Write the rows in memory as a run of their own. */
static usm_error_t *spill(usm__runs_t *runs)
{
    apr_pool_t *scratch;
    apr_size_t bytes = 0, at = 0;
    apr_off_t start = runs->size;
    if (!runs->file)
        USM_ERR(open_file(runs));
    sort_rows(runs);
    for (int i = 0; i < runs->rows->nelts; i++)
        bytes += sizeof(head_t) + strlen(APR_ARRAY_IDX(runs->rows, i, usm__listed_t).id);
    apr_pool_create(&scratch, runs->pool);
    char *buffer = apr_palloc(scratch, bytes + 1);
    for (int i = 0; i < runs->rows->nelts; i++) {
        const usm__listed_t *row = &APR_ARRAY_IDX(runs->rows, i, usm__listed_t);
        head_t head = {.rev = row->rev, .edge = row->edge, .order = row->order,
                       .id_len = (apr_uint32_t)strlen(row->id)};
        memcpy(buffer + at, &head, sizeof head);
        memcpy(buffer + at + sizeof head, row->id, head.id_len);
        at += sizeof head + head.id_len;
    }
    apr_status_t rv = apr_file_seek(runs->file, APR_SET, &start);
    if (!rv)
        rv = apr_file_write_full(runs->file, buffer, bytes, NULL);
    apr_pool_destroy(scratch);
    if (rv)
        return USM_ERROR_APR(runs->pool, rv, "temporary file for a listing");
    run_t *run = apr_array_push(runs->runs);
    *run = (run_t){.at = runs->size, .end = runs->size + (apr_off_t)bytes};
    runs->size = run->end;
    runs->rows->nelts = 0;
    apr_pool_clear(runs->rows_pool);
    return NULL;
}

usm_error_t *usm__runs_add(usm__runs_t *runs, const char *id, apr_uint64_t rev, usm_time_t edge, apr_int64_t order)
{
    if (runs->rows->nelts >= runs->max)
        USM_ERR(spill(runs));
    usm__listed_t *row = apr_array_push(runs->rows);
    *row = (usm__listed_t){.id = apr_pstrdup(runs->rows_pool, id), .rev = rev, .edge = edge, .order = order,
                           .seq = runs->seq++};
    return NULL;
}

/* @a want bytes at the front of the run's buffer. */
static usm_error_t *need(usm__runs_t *runs, run_t *run, apr_size_t want)
{
    if (run->len - run->pos >= want)
        return NULL;
    apr_size_t left = run->len - run->pos, room = READ_BYTES - left;
    memmove(run->buffer, run->buffer + run->pos, left);
    if ((apr_off_t)room > run->end - run->at)
        room = (apr_size_t)(run->end - run->at);
    apr_off_t at = run->at;
    apr_status_t rv = apr_file_seek(runs->file, APR_SET, &at);
    if (!rv)
        rv = apr_file_read_full(runs->file, run->buffer + left, room, NULL);
    run->pos = 0;
    run->len = left + room;
    run->at += (apr_off_t)room;
    if (!rv && run->len < want)
        rv = APR_EOF;
    return rv ? USM_ERROR_APR(runs->pool, rv, "temporary file for a listing") : NULL;
}

static usm_error_t *read_row(usm__runs_t *runs, run_t *run)
{
    head_t head;
    run->row.id = NULL;
    if (run->pos == run->len && run->at == run->end)
        return NULL;
    USM_ERR(need(runs, run, sizeof head));
    memcpy(&head, run->buffer + run->pos, sizeof head);
    run->pos += sizeof head;
    if (head.id_len >= sizeof run->id)
        return USM_ERROR(runs->pool, USM_EINTERNAL, "temporary file of a listing was changed");
    USM_ERR(need(runs, run, head.id_len));
    memcpy(run->id, run->buffer + run->pos, head.id_len);
    run->id[head.id_len] = '\0';
    run->pos += head.id_len;
    run->row = (usm__listed_t){.id = run->id, .rev = head.rev, .edge = head.edge, .order = head.order};
    return NULL;
}

static usm_error_t *start_reading(usm__runs_t *runs)
{
    runs->reading = 1;
    if (!runs->file) {
        sort_rows(runs);
        return NULL;
    }
    if (runs->rows->nelts)
        USM_ERR(spill(runs));
    for (int i = 0; i < runs->runs->nelts; i++) {
        run_t *run = &APR_ARRAY_IDX(runs->runs, i, run_t);
        run->buffer = apr_palloc(runs->pool, READ_BYTES);
        USM_ERR(read_row(runs, run));
    }
    return NULL;
}

/* Rows of one id come in the order in which they were added: the runs are in that order. */
static usm_error_t *next_merged(const usm__listed_t **row_p, usm__runs_t *runs)
{
    run_t *least = NULL;
    for (int i = 0; i < runs->runs->nelts; i++) {
        run_t *run = &APR_ARRAY_IDX(runs->runs, i, run_t);
        if (run->row.id && (!least || usm__compare_ids(run->id, least->id) < 0))
            least = run;
    }
    *row_p = NULL;
    if (!least)
        return NULL;
    runs->told = least->row;
    apr_cpystrn(runs->told_id, least->id, sizeof runs->told_id);
    runs->told.id = runs->told_id;
    *row_p = &runs->told;
    return read_row(runs, least);
}

usm_error_t *usm__runs_next(const usm__listed_t **row_p, usm__runs_t *runs)
{
    if (!runs->reading)
        USM_ERR(start_reading(runs));
    if (runs->file)
        return next_merged(row_p, runs);
    *row_p = runs->at < runs->rows->nelts ? &APR_ARRAY_IDX(runs->rows, runs->at++, usm__listed_t) : NULL;
    return NULL;
}
