/* SPDX-License-Identifier: Apache-2.0 */
#include "ox/ox_cursor.h"

#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

/* More rows than this in one second are an import: then they are simply told again. */
#define RECENT_MAX 2048

typedef struct recent_row_t {
    apr_int64_t stamp; /* -1 deletion */
    apr_uint64_t hash;
} recent_row_t;

int ox_cursor_parse(ox_cursor_t *c, const char *text)
{
    char *end;
    memset(c, 0, sizeof *c);
    if (!text || strncmp(text, "1 ", 2) != 0)
        return 0;
    c->stamp = strtoll(text + 2, &end, 10);
    if (end == text + 2 || c->stamp < 0)
        return 0;
    if (*end == '\0') {
        c->settled = 1;
        return 1;
    }
    const char *seen = end;
    c->seen = strtoll(seen, &end, 10);
    if (end == seen || *end != ' ')
        return 0;
    const char *sum = end;
    c->sum = strtoull(sum, &end, 16);
    return end != sum && *end == '\0';
}

const char *ox_cursor_text(const ox_cursor_t *c, apr_pool_t *pool)
{
    if (c->settled)
        return apr_psprintf(pool, "1 %" APR_INT64_T_FMT, c->stamp);
    return apr_psprintf(pool, "1 %" APR_INT64_T_FMT " %" APR_INT64_T_FMT " %" APR_UINT64_T_HEX_FMT, c->stamp, c->seen,
                        c->sum);
}

apr_int64_t ox_cursor_since(const ox_cursor_t *c)
{
    if (c->settled)
        return c->stamp;
    return c->stamp > OX_OVERLAP_MS ? c->stamp - OX_OVERLAP_MS : 0;
}

void ox_recent_init(ox_recent_t *r, apr_pool_t *pool)
{
    memset(r, 0, sizeof *r);
    r->rows = apr_array_make(pool, 16, sizeof(recent_row_t));
}

/* FNV-1a over id and stamp. */
static apr_uint64_t hash_of(const char *id, apr_int64_t stamp)
{
    apr_uint64_t h = APR_UINT64_C(14695981039346656037);
    for (const unsigned char *p = (const unsigned char *)id; *p; p++)
        h = (h ^ *p) * APR_UINT64_C(1099511628211);
    for (int i = 0; i < 8; i++)
        h = (h ^ ((apr_uint64_t)stamp >> (8 * i) & 0xff)) * APR_UINT64_C(1099511628211);
    return h;
}

/* Rows that fell out of the last second while newer ones came. */
static void drop_old(ox_recent_t *r)
{
    int kept = 0;
    for (int i = 0; i < r->rows->nelts; i++) {
        recent_row_t row = APR_ARRAY_IDX(r->rows, i, recent_row_t);
        if (row.stamp < 0 || row.stamp > r->newest - OX_OVERLAP_MS)
            APR_ARRAY_IDX(r->rows, kept++, recent_row_t) = row;
    }
    r->rows->nelts = kept;
}

void ox_recent_add(ox_recent_t *r, const char *id, apr_int64_t stamp)
{
    if (stamp > r->newest)
        r->newest = stamp;
    if (r->overflow || (stamp >= 0 && stamp <= r->newest - OX_OVERLAP_MS))
        return;
    if (r->rows->nelts >= RECENT_MAX) {
        drop_old(r);
        if (r->rows->nelts >= RECENT_MAX / 2) {
            r->overflow = 1;
            return;
        }
    }
    APR_ARRAY_PUSH(r->rows, recent_row_t) = (recent_row_t){stamp, hash_of(id, stamp)};
}

static apr_uint64_t sum_of(const ox_recent_t *r, apr_int64_t stamp)
{
    apr_uint64_t sum = 1;
    if (r->overflow)
        return 0;
    for (int i = 0; i < r->rows->nelts; i++) {
        const recent_row_t *row = &APR_ARRAY_IDX(r->rows, i, recent_row_t);
        if (row->stamp < 0 || row->stamp > stamp - OX_OVERLAP_MS)
            sum ^= row->hash;
    }
    return sum ? sum : 1;
}

int ox_recent_is_news(const ox_recent_t *r, const ox_cursor_t *c, apr_int64_t answered)
{
    if (answered > c->stamp || r->newest > c->stamp)
        return 1;
    if (c->settled)
        return r->rows->nelts > 0 || r->overflow;
    return c->sum == 0 || sum_of(r, c->stamp) != c->sum;
}

void ox_cursor_next(ox_cursor_t *next, const ox_cursor_t *old, const ox_recent_t *r, apr_int64_t answered,
                    apr_int64_t now)
{
    apr_int64_t stamp = old ? old->stamp : 0;
    if (answered > stamp)
        stamp = answered;
    if (r->newest > stamp)
        stamp = r->newest;
    if (old && stamp == old->stamp) {
        *next = *old;
        if (!old->settled) {
            next->settled = now >= old->seen + OX_SETTLE_MS;
            next->sum = sum_of(r, stamp);
        }
        return;
    }
    *next = (ox_cursor_t){.stamp = stamp, .seen = now, .sum = sum_of(r, stamp), .settled = stamp == 0};
}
