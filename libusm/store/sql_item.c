/* SPDX-License-Identifier: Apache-2.0 */
/** @file sql_item.c  Item rows, and what a new or a repeated key does to generations. */
#include "store/sql.h"

#include <apr_strings.h>

/* born, died, rev, edge, withheld, digests. */
void usm__item_from(usm_item_row_t *row, const usm__val_t *col, apr_pool_t *pool)
{
    row->born = col[0].i;
    row->died = col[1].i;
    row->rev = (apr_uint64_t)col[2].i;
    row->edge = usm__col_time(&col[3]);
    row->withheld = (int)col[4].i;
    row->digests = col[5].len ? apr_pmemdup(pool, col[5].s, col[5].len) : NULL;
    row->digests_len = col[5].len;
}

static usm_error_t *item_get(int *found_p, usm_item_row_t *row, usm_txn_t *txn, usm_id_t collection, apr_int64_t gen,
                             const char *id, apr_pool_t *pool)
{
    const usm__val_t *col;
    USM_ERR(usm__sql_select(txn, USM__STMT_ITEM_GET,
                            USM__ARGS(usm__int(collection), USM__KEY(id), usm__int(gen), usm__int(gen))));
    USM_ERR(usm__sql_step(&col, txn));
    *found_p = col != NULL;
    if (!col)
        return NULL;
    row->id = apr_pstrdup(pool, id);
    usm__item_from(row, col, pool);
    usm__sql_end(txn);
    return NULL;
}

static usm_error_t *tell_found(usm_txn_t *txn, const usm__found_t *found, apr_pool_t *pool)
{
    const usm__val_t *col;
    usm_item_row_t rows[USM__FIND];
    int count = 0;
    for (;;) {
        USM_ERR(usm__sql_step(&col, txn));
        if (!col || count == USM__FIND)
            break;
        rows[count].id = usm__col_text(&col[0], pool);
        usm__item_from(&rows[count++], col + 1, pool);
    }
    for (int i = 0; i < count; i++)
        USM_ERR(((usm_item_row_fn)found->fn)(found->baton, &rows[i]));
    return NULL;
}

static usm_error_t *item_find(usm_txn_t *txn, usm_id_t collection, apr_int64_t gen, const char **ids, int count,
                              usm_item_row_fn fn, void *baton, apr_pool_t *scratch_pool)
{
    const usm__val_t first[] = {usm__int(gen), usm__int(gen), usm__int(collection)};
    const usm__found_t found = {.tell = tell_found, .fn = (void (*)(void))fn, .baton = baton};
    usm_item_row_t row;
    int one = 0;
    if (count == 1) {
        USM_ERR(item_get(&one, &row, txn, collection, gen, ids[0], scratch_pool));
        return one ? fn(baton, &row) : NULL;
    }
    return usm__sql_find(txn, USM__STMT_ITEM_FIND, first, 3, ids, count, &found, scratch_pool);
}

static usm_error_t *item_add(usm_txn_t *txn, usm_id_t collection, const usm_item_row_t *row)
{
    return usm__sql_put(txn, USM__STMT_ITEM_ADD,
                        USM__ARGS(usm__int(collection), USM__KEY(row->id), usm__int(row->born), usm__int(row->died),
                                  usm__bits(row->rev), usm__time(row->edge), usm__int(row->withheld),
                                  usm__blob(row->digests, row->digests_len)));
}

static usm_error_t *item_kill(usm_txn_t *txn, usm_id_t collection, apr_int64_t gen, const char *id, apr_int64_t died)
{
    return usm__sql_put(
        txn, USM__STMT_ITEM_KILL,
        USM__ARGS(usm__int(died), usm__int(collection), USM__KEY(id), usm__int(gen), usm__int(gen)));
}

static usm_error_t *item_touch(usm_txn_t *txn, usm_id_t collection, apr_int64_t gen, const char *id, apr_uint64_t rev,
                               usm_time_t edge)
{
    return usm__sql_put(txn, USM__STMT_ITEM_TOUCH,
                        USM__ARGS(usm__bits(rev), usm__time(edge), usm__int(collection), USM__KEY(id), usm__int(gen),
                                  usm__int(gen)));
}

/** A page of items and where the next one begins. */
typedef struct page_t {
    usm_item_row_t rows[USM__PAGE];
    int count, limit;
    usm_time_t edge;
    const char *id;
} page_t;

static usm_error_t *read_rows(page_t *page, usm_txn_t *txn, apr_pool_t *pool)
{
    const usm__val_t *col;
    page->count = 0;
    for (;;) {
        USM_ERR(usm__sql_step(&col, txn));
        if (!col)
            return NULL;
        usm_item_row_t *row = &page->rows[page->count++];
        row->id = usm__col_text(&col[0], pool);
        usm__item_from(row, col + 1, pool);
    }
}

static usm_error_t *read_ids(page_t *page, usm_txn_t *txn, usm_id_t collection, apr_int64_t gen, usm_time_t before,
                             apr_pool_t *pool)
{
    apr_int64_t idlen = (apr_int64_t)strlen(page->id);
    USM_ERR(usm__sql_select(txn, USM__STMT_ITEM_SCAN,
                            USM__ARGS(usm__int(collection), usm__int(idlen), usm__id(page->id), usm__int(idlen),
                                      usm__int(gen), usm__int(gen), usm__int(page->limit))));
    return read_rows(page, txn, pool);
}

static usm_error_t *read_edges(page_t *page, usm_txn_t *txn, usm_id_t collection, apr_int64_t gen, usm_time_t before,
                               apr_pool_t *pool)
{
    apr_int64_t idlen = (apr_int64_t)strlen(page->id);
    USM_ERR(usm__sql_select(
        txn, USM__STMT_ITEM_EDGE,
        USM__ARGS(usm__int(collection), usm__int(page->edge), usm__int(idlen), usm__id(page->id), usm__int(page->edge),
                  usm__int(idlen), usm__int(page->edge), usm__int(before), usm__int(gen), usm__int(gen),
                  usm__int(page->limit))));
    return read_rows(page, txn, pool);
}

typedef usm_error_t *(*read_fn)(page_t *page, usm_txn_t *txn, usm_id_t collection, apr_int64_t gen, usm_time_t before,
                                apr_pool_t *pool);

static usm_error_t *walk(read_fn read, usm_txn_t *txn, usm_id_t collection, apr_int64_t gen, usm_time_t before,
                         const usm_item_row_t *after, int limit, usm_item_row_fn fn, void *baton,
                         apr_pool_t *scratch_pool)
{
    /* Two pools in turn: the place where the last page ended is needed to read the next. */
    apr_pool_t *own, *pools[2];
    usm_error_t *err = NULL;
    int turn = 0;
    apr_pool_create(&own, scratch_pool);
    apr_pool_create(&pools[0], own);
    apr_pool_create(&pools[1], own);
    page_t *page = apr_palloc(own, sizeof *page);
    page->edge = after ? after->edge : USM_TIME_NONE;
    page->id = after ? after->id : "";
    do {
        apr_pool_clear(pools[turn]);
        page->limit = limit < USM__PAGE ? limit : USM__PAGE;
        if (page->limit <= 0)
            break;
        limit -= page->limit;
        err = read(page, txn, collection, gen, before, pools[turn]);
        for (int i = 0; !err && i < page->count; i++) {
            err = fn(baton, &page->rows[i]);
            page->id = page->rows[i].id;
            page->edge = page->rows[i].edge;
        }
        turn = !turn;
    } while (!err && page->count == page->limit);
    apr_pool_destroy(own);
    return err;
}

static usm_error_t *item_scan(usm_txn_t *txn, usm_id_t collection, apr_int64_t gen, const char *after, int limit,
                              usm_item_row_fn fn, void *baton, apr_pool_t *scratch_pool)
{
    const usm_item_row_t start = {.id = after};
    return walk(read_ids, txn, collection, gen, 0, &start, limit, fn, baton, scratch_pool);
}

static usm_error_t *item_edge_scan(usm_txn_t *txn, usm_id_t collection, apr_int64_t gen, usm_time_t before,
                                   const usm_item_row_t *after, int limit, usm_item_row_fn fn, void *baton,
                                   apr_pool_t *scratch_pool)
{
    return walk(read_edges, txn, collection, gen, before, after, limit, fn, baton, scratch_pool);
}

static usm_error_t *purge(usm_txn_t *txn, usm_id_t collection, apr_int64_t acked, unsigned what)
{
    static const struct {
        unsigned bit;
        usm__stmt_e stmt;
    } rows[] = {{USM_OLD_ITEMS, USM__STMT_ITEM_PURGE},
                {USM_OLD_PENDING, USM__STMT_PENDING_PURGE},
                {USM_OLD_ECHO, USM__STMT_ECHO_PURGE}};
    for (apr_size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (what & rows[i].bit)
            USM_ERR(usm__sql_exec(NULL, txn, rows[i].stmt, USM__ARGS(usm__int(collection), usm__int(acked))));
    }
    return NULL;
}

/* A row both born and dead in the generation goes: it was never told. */
static usm_error_t *undo(usm_txn_t *txn, usm_id_t collection, apr_int64_t gen)
{
    static const usm__stmt_e stmts[] = {USM__STMT_ITEM_UNBORN, USM__STMT_ITEM_REVIVE, USM__STMT_PENDING_UNTAKE,
                                        USM__STMT_PENDING_FORGET};
    for (apr_size_t i = 0; i < sizeof stmts / sizeof stmts[0]; i++)
        USM_ERR(usm__sql_exec(NULL, txn, stmts[i], USM__ARGS(usm__int(collection), usm__int(gen))));
    return NULL;
}

void usm__sql_item_fill(usm_store_vtable_t *vt)
{
    vt->item_get = item_get;
    vt->item_find = item_find;
    vt->item_add = item_add;
    vt->item_kill = item_kill;
    vt->item_touch = item_touch;
    vt->item_scan = item_scan;
    vt->item_edge_scan = item_edge_scan;
    vt->purge = purge;
    vt->undo = undo;
}
