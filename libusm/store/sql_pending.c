/* SPDX-License-Identifier: Apache-2.0 */
/** @file sql_pending.c  Ids that are dirty: what the device is to be told. */
#include "store/sql.h"

#include <apr_strings.h>

/* place is the complement of ord: the index ascends, larger ones come first. */
static apr_int64_t place_of(apr_int64_t ord)
{
    return ~ord;
}

/* place, state, rev, edge. */
static void pending_from(usm_pending_row_t *row, const usm__val_t *col)
{
    row->ord = place_of(col[0].i);
    row->state = (int)col[1].i;
    row->rev = (apr_uint64_t)col[2].i;
    row->edge = usm__col_time(&col[3]);
}

static usm_error_t *pending_put(usm_txn_t *txn, usm_id_t collection, const usm_pending_row_t *row)
{
    return usm__sql_put(txn, USM__STMT_PENDING_PUT,
                        USM__ARGS(usm__int(collection), USM__KEY(row->id), usm__int(place_of(row->ord)),
                                  usm__int(row->state), usm__bits(row->rev), usm__time(row->edge)));
}

static usm_error_t *pending_drop(usm_txn_t *txn, usm_id_t collection, const char *id)
{
    return usm__sql_put(txn, USM__STMT_PENDING_DROP, USM__ARGS(usm__int(collection), USM__KEY(id), usm__int(0)));
}

static usm_error_t *pending_told(usm_txn_t *txn, usm_id_t collection, const usm_pending_row_t *row, apr_int64_t gen)
{
    return usm__sql_put(txn, USM__STMT_PENDING_TOLD,
                        USM__ARGS(usm__int(collection), USM__KEY(row->id), usm__int(gen), usm__int(place_of(row->ord)),
                                  usm__int(row->state), usm__bits(row->rev), usm__time(row->edge)));
}

typedef struct page_t {
    usm_pending_row_t rows[USM__PAGE];
    usm_item_row_t has[USM__PAGE]; /**< id NULL: nothing */
    int count;
    apr_int64_t place;
    const char *id;
} page_t;

static usm_error_t *read_page(page_t *page, usm_txn_t *txn, usm_id_t collection, apr_int64_t gen, int limit,
                              apr_pool_t *pool)
{
    const usm__val_t *col;
    apr_int64_t idlen = (apr_int64_t)strlen(page->id);
    page->count = 0;
    USM_ERR(usm__sql_select(txn, USM__STMT_PENDING_SCAN,
                            USM__ARGS(usm__int(gen), usm__int(gen), usm__int(collection), usm__int(page->place),
                                      usm__int(idlen), usm__id(page->id), usm__int(page->place), usm__int(idlen),
                                      usm__int(page->place), usm__int(limit))));
    for (;;) {
        USM_ERR(usm__sql_step(&col, txn));
        if (!col)
            return NULL;
        usm_pending_row_t *row = &page->rows[page->count];
        usm_item_row_t *has = &page->has[page->count++];
        row->id = usm__col_text(&col[0], pool);
        pending_from(row, col + 1);
        has->id = NULL;
        if (col[5].kind == USM__NULL)
            continue;
        has->id = row->id;
        usm__item_from(has, col + 5, pool);
    }
}

static usm_error_t *pending_scan(usm_txn_t *txn, usm_id_t collection, apr_int64_t gen, int limit, usm_pending_row_fn fn,
                                 void *baton, apr_pool_t *scratch_pool)
{
    apr_pool_t *own, *pools[2];
    usm_error_t *err = NULL;
    int turn = 0, asked = 0;
    apr_pool_create(&own, scratch_pool);
    apr_pool_create(&pools[0], own);
    apr_pool_create(&pools[1], own);
    page_t *page = apr_palloc(own, sizeof *page);
    page->place = APR_INT64_MIN;
    page->id = "";
    do {
        asked = limit < USM__PAGE ? limit : USM__PAGE;
        if (asked <= 0)
            break;
        apr_pool_clear(pools[turn]);
        err = read_page(page, txn, collection, gen, asked, pools[turn]);
        for (int i = 0; !err && i < page->count; i++) {
            err = fn(baton, &page->rows[i], page->has[i].id ? &page->has[i] : NULL);
            page->id = page->rows[i].id;
            page->place = place_of(page->rows[i].ord);
        }
        limit -= asked;
        turn = !turn;
    } while (!err && page->count == asked);
    apr_pool_destroy(own);
    return err;
}

static usm_error_t *pending_get(int *found_p, usm_pending_row_t *row, usm_txn_t *txn, usm_id_t collection,
                                const char *id, apr_pool_t *pool)
{
    const usm__val_t *col;
    USM_ERR(usm__sql_select(txn, USM__STMT_PENDING_GET, USM__ARGS(usm__int(collection), USM__KEY(id))));
    USM_ERR(usm__sql_step(&col, txn));
    *found_p = col != NULL;
    if (!col)
        return NULL;
    row->id = apr_pstrdup(pool, id);
    pending_from(row, col);
    usm__sql_end(txn);
    return NULL;
}

static usm_error_t *tell_found(usm_txn_t *txn, const usm__found_t *found, apr_pool_t *pool)
{
    const usm__val_t *col;
    usm_pending_row_t rows[USM__FIND];
    int count = 0;
    for (;;) {
        USM_ERR(usm__sql_step(&col, txn));
        if (!col || count == USM__FIND)
            break;
        rows[count].id = usm__col_text(&col[0], pool);
        pending_from(&rows[count++], col + 1);
    }
    for (int i = 0; i < count; i++)
        USM_ERR(((usm_pending_row_fn)found->fn)(found->baton, &rows[i], NULL));
    return NULL;
}

static usm_error_t *pending_find(usm_txn_t *txn, usm_id_t collection, const char **ids, int count,
                                 usm_pending_row_fn fn, void *baton, apr_pool_t *scratch_pool)
{
    const usm__val_t first[] = {usm__int(collection)};
    const usm__found_t found = {.tell = tell_found, .fn = (void (*)(void))fn, .baton = baton};
    usm_pending_row_t row;
    int one = 0;
    if (count == 1) {
        USM_ERR(pending_get(&one, &row, txn, collection, ids[0], scratch_pool));
        return one ? fn(baton, &row, NULL) : NULL;
    }
    return usm__sql_find(txn, USM__STMT_PENDING_FIND, first, 1, ids, count, &found, scratch_pool);
}

static usm_error_t *pending_take(usm_txn_t *txn, usm_id_t collection, const usm_pending_row_t *seen, apr_int64_t gen)
{
    const usm__val_t state = usm__int(seen->state), rev = usm__bits(seen->rev);
    if (gen == 0)
        return usm__sql_put(txn, USM__STMT_PENDING_SETTLE,
                            USM__ARGS(usm__int(collection), USM__KEY(seen->id), state, rev));
    return usm__sql_put(txn, USM__STMT_PENDING_TAKE,
                        USM__ARGS(usm__int(gen), usm__int(collection), USM__KEY(seen->id), state, rev));
}

static usm_error_t *pending_count(int *count_p, usm_txn_t *txn, usm_id_t collection, int limit)
{
    const usm__val_t *col;
    USM_ERR(usm__sql_select(txn, USM__STMT_PENDING_COUNT, USM__ARGS(usm__int(collection), usm__int(limit))));
    USM_ERR(usm__sql_step(&col, txn));
    *count_p = col ? (int)col[0].i : 0;
    usm__sql_end(txn);
    return NULL;
}

void usm__sql_pending_fill(usm_store_vtable_t *vt)
{
    vt->pending_put = pending_put;
    vt->pending_drop = pending_drop;
    vt->pending_told = pending_told;
    vt->pending_scan = pending_scan;
    vt->pending_get = pending_get;
    vt->pending_find = pending_find;
    vt->pending_take = pending_take;
    vt->pending_count = pending_count;
}
