/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: mariadb.c sql.c sql_item.c sql_pending.c sqlite.c */
/* Property test: thousands of random steps on one collection, compared with a model in memory. The steps are those of
 * turns (a generation is built, acknowledged or undone), with transactions that are committed or rolled back.
 * USM_TEST_SEED repeats a run, USM_TEST_STEPS sets its length. */
#include "store_test.h"

#include <apr_strings.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IDS 700 /* more than two pages of a walk */
#define ROWS 8  /* of one id at a time */
#define TAKEN 8

typedef struct model_pending_t {
    apr_int64_t taken, ord;
    apr_uint64_t rev;
    usm_time_t edge;
    int state, used;
} model_pending_t;

typedef struct model_item_t {
    apr_int64_t born, died;
    apr_uint64_t rev;
    usm_time_t edge;
    int withheld, used, digest;
} model_item_t;

typedef struct model_t {
    model_item_t items[IDS][ROWS];
    model_pending_t pending[IDS][TAKEN];
    apr_int64_t gen;   /* newest answer */
    apr_int64_t acked; /* what the client has for sure */
    int undone;        /* the newest answer was taken back */
} model_t;

static model_t model, saved;
static char ids[IDS][40];
static int by_id[IDS]; /* in scan order */
static apr_pool_t *pool;
static usm_store_t *store;
static const usm_store_vtable_t *vt;
static usm_id_t coll;
static usm__db_t *raw;
static apr_uint64_t seed;

static apr_uint64_t rnd(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static int below(int n)
{
    return (int)(rnd() % (apr_uint64_t)n);
}

static int chance(int percent)
{
    return below(100) < percent;
}

static usm_time_t random_edge(void)
{
    return chance(30) ? USM_TIME_NONE : (usm_time_t)below(50) - 10;
}

static int compare_ids(const void *a, const void *b)
{
    const char *x = ids[*(const int *)a], *y = ids[*(const int *)b];
    size_t xl = strlen(x), yl = strlen(y);
    return xl != yl ? (xl < yl ? -1 : 1) : memcmp(x, y, xl);
}

static void make_ids(void)
{
    for (int i = 0; i < IDS; i++) {
        /* Mixed lengths; bytes that a collation would sort otherwise than memcmp(). */
        static const char *const starts[] = {"", "A", "a", "\xc3\xa9", "default0/INBOX/", " "};
        snprintf(ids[i], sizeof ids[i], "%s%d", starts[i % 6], i * 7919 % 100000);
        by_id[i] = i;
    }
    qsort(by_id, IDS, sizeof by_id[0], compare_ids);
}

static model_item_t *visible(int id, apr_int64_t gen)
{
    for (int i = 0; i < ROWS; i++) {
        model_item_t *row = &model.items[id][i];
        if (row->used && row->born <= gen && row->died > gen)
            return row;
    }
    return NULL;
}

/* ---- steps: the model and the store do the same ---- */

static int free_row(int id)
{
    for (int i = 0; i < ROWS; i++) {
        if (!model.items[id][i].used)
            return i;
    }
    return -1;
}

static void step_add(usm_txn_t *txn, int id)
{
    apr_int64_t born = model.gen + 1;
    int at = -1;
    for (int i = 0; i < ROWS; i++) {
        if (model.items[id][i].used && model.items[id][i].born == born)
            at = i;
    }
    if (at < 0 && (visible(id, born) || (at = free_row(id)) < 0))
        return;
    model_item_t *row = &model.items[id][at];
    *row = (model_item_t){.born = born, .died = USM_GEN_INF, .rev = rnd(), .edge = random_edge(), .used = 1,
                          .withheld = chance(5), .digest = below(4)};
    unsigned char digests[600];
    memset(digests, row->digest, sizeof digests);
    usm_item_row_t item = {.id = ids[id], .born = born, .died = USM_GEN_INF, .rev = row->rev, .edge = row->edge,
                           .withheld = row->withheld, .digests = digests,
                           .digests_len = (apr_size_t)row->digest * 200};
    OK(vt->item_add(txn, coll, &item));
}

static void step_kill(usm_txn_t *txn, int id)
{
    apr_int64_t died = model.gen + 1, gen = chance(70) ? model.gen : died;
    model_item_t *row = visible(id, gen);
    OK(vt->item_kill(txn, coll, gen, ids[id], died));
    if (row)
        row->died = died;
}

static void step_touch(usm_txn_t *txn, int id)
{
    apr_int64_t gen = model.gen + below(2);
    apr_uint64_t rev = rnd();
    usm_time_t edge = random_edge();
    model_item_t *row = visible(id, gen);
    OK(vt->item_touch(txn, coll, gen, ids[id], rev, edge));
    if (row) {
        row->rev = rev;
        row->edge = edge;
    }
}

static model_pending_t *find_pending(int id, apr_int64_t taken)
{
    for (int i = 0; i < TAKEN; i++) {
        if (model.pending[id][i].used && model.pending[id][i].taken == taken)
            return &model.pending[id][i];
    }
    return NULL;
}

static void step_put(usm_txn_t *txn, int id)
{
    model_pending_t *row = find_pending(id, 0);
    for (int i = 0; !row && i < TAKEN; i++) {
        if (!model.pending[id][i].used)
            row = &model.pending[id][i];
    }
    if (!row)
        return;
    *row = (model_pending_t){.ord = chance(5) ? APR_INT64_MIN + below(2) : chance(5) ? APR_INT64_MAX - below(2)
                                                                                     : below(20) - 10,
                             .rev = rnd(), .edge = random_edge(), .state = below(3), .used = 1};
    usm_pending_row_t pending = {.id = ids[id], .state = row->state, .rev = row->rev, .edge = row->edge,
                                 .ord = row->ord};
    OK(vt->pending_put(txn, coll, &pending));
}

static void step_drop(usm_txn_t *txn, int id)
{
    model_pending_t *row = find_pending(id, 0);
    OK(vt->pending_drop(txn, coll, ids[id]));
    if (row)
        row->used = 0;
}

static void step_take(usm_txn_t *txn, int id)
{
    model_pending_t *row = find_pending(id, 0);
    if (find_pending(id, model.gen + 1)) /* an id is taken once in a generation */
        return;
    int newer = row && chance(10); /* the entry changed after it was read: it stays */
    apr_int64_t gen = chance(15) ? 0 : model.gen + 1;
    usm_pending_row_t seen = {.id = ids[id], .state = row ? row->state : 0, .rev = row ? row->rev : 1};
    if (newer && chance(50))
        seen.rev++;
    else if (newer)
        seen.state++;
    OK(vt->pending_take(txn, coll, &seen, gen));
    if (!row || newer)
        return;
    if (!gen) {
        row->used = 0;
        return;
    }
    row->taken = gen;
}

/* Told without having been queued. */
static void step_told(usm_txn_t *txn, int id)
{
    model_pending_t *row = NULL;
    for (int i = 0; !row && i < TAKEN; i++) {
        if (!model.pending[id][i].used)
            row = &model.pending[id][i];
    }
    if (!row || find_pending(id, model.gen + 1))
        return;
    *row = (model_pending_t){.ord = below(20) - 10, .rev = rnd(), .edge = random_edge(), .state = below(3), .used = 1,
                             .taken = model.gen + 1};
    usm_pending_row_t pending = {.id = ids[id], .state = row->state, .rev = row->rev, .edge = row->edge,
                                 .ord = row->ord};
    OK(vt->pending_told(txn, coll, &pending, model.gen + 1));
}

/* The answer goes out: the generation being built is the newest. */
static void step_answer(void)
{
    model.gen++;
    model.undone = 0;
}

static void step_purge(usm_txn_t *txn)
{
    model.acked = model.gen;
    unsigned what = (unsigned)below(USM_OLD_ALL + 1);
    OK(vt->purge(txn, coll, model.acked, what));
    for (int id = 0; id < IDS; id++) {
        for (int i = 0; i < ROWS; i++) {
            if (what & USM_OLD_ITEMS && model.items[id][i].died <= model.acked)
                model.items[id][i].used = 0;
        }
        for (int i = 0; i < TAKEN; i++) {
            if (what & USM_OLD_PENDING && model.pending[id][i].taken > 0 && model.pending[id][i].taken <= model.acked)
                model.pending[id][i].used = 0;
        }
    }
}

/* What the store's interface says about undo, in the words of the model. */
static void step_undo(usm_txn_t *txn)
{
    apr_int64_t gen = model.gen;
    if (gen <= model.acked || model.undone)
        return;
    /* Rows of the generation under construction go first, as an abandoned turn would have it. */
    OK(vt->undo(txn, coll, gen + 1));
    OK(vt->undo(txn, coll, gen));
    for (apr_int64_t g = gen + 1; g >= gen; g--) {
        for (int id = 0; id < IDS; id++) {
            for (int i = 0; i < ROWS; i++) {
                model_item_t *row = &model.items[id][i];
                if (row->born == g)
                    row->used = 0;
                else if (row->died == g)
                    row->died = USM_GEN_INF;
            }
            model_pending_t *taken = find_pending(id, g);
            if (taken && find_pending(id, 0))
                taken->used = 0;
            else if (taken)
                taken->taken = 0;
        }
    }
    model.undone = 1;
}

/* ---- comparison ---- */

typedef struct expect_t {
    int order[IDS];
    int count, next;
    apr_int64_t gen;
} expect_t;

static usm_error_t *check_item(void *baton, const usm_item_row_t *row)
{
    expect_t *expect = baton;
    assert_true(expect->next < expect->count);
    int id = expect->order[expect->next++];
    const model_item_t *want = visible(id, expect->gen);
    assert_string_equal(row->id, ids[id]);
    assert_int_equal(row->born, want->born);
    assert_int_equal(row->died, want->died);
    assert_true(row->rev == want->rev);
    assert_int_equal(row->edge, want->edge);
    assert_int_equal(row->withheld, want->withheld);
    assert_int_equal(row->digests_len, want->digest * 200);
    for (apr_size_t i = 0; i < row->digests_len; i++)
        assert_int_equal(row->digests[i], want->digest);
    return NULL;
}

static void check_scan(usm_txn_t *txn, apr_int64_t gen)
{
    expect_t expect = {.gen = gen};
    for (int i = 0; i < IDS; i++) {
        if (visible(by_id[i], gen))
            expect.order[expect.count++] = by_id[i];
    }
    int limit = chance(50) ? IDS : 1 + below(300), before;
    const char *after = "";
    do {
        before = expect.next;
        OK(vt->item_scan(txn, coll, gen, after, limit, check_item, &expect, pool));
        assert_true(expect.next - before <= limit);
        after = expect.next ? ids[expect.order[expect.next - 1]] : "";
    } while (expect.next - before == limit);
    assert_int_equal(expect.next, expect.count);
}

static apr_int64_t sort_gen;

static int compare_edges(const void *a, const void *b)
{
    usm_time_t x = visible(*(const int *)a, sort_gen)->edge, y = visible(*(const int *)b, sort_gen)->edge;
    return x != y ? (x < y ? -1 : 1) : compare_ids(a, b);
}

static void check_edges(usm_txn_t *txn, apr_int64_t gen, usm_time_t before)
{
    expect_t expect = {.gen = gen};
    for (int id = 0; id < IDS; id++) {
        const model_item_t *row = visible(id, gen);
        if (row && row->edge != USM_TIME_NONE && row->edge < before)
            expect.order[expect.count++] = id;
    }
    sort_gen = gen;
    qsort(expect.order, (size_t)expect.count, sizeof expect.order[0], compare_edges);
    int limit = chance(50) ? IDS : 1 + below(300), at;
    usm_item_row_t after = {0};
    do {
        at = expect.next;
        OK(vt->item_edge_scan(txn, coll, gen, before, at ? &after : NULL, limit, check_item, &expect, pool));
        if (expect.next > at)
            after = (usm_item_row_t){.id = ids[expect.order[expect.next - 1]],
                                     .edge = visible(expect.order[expect.next - 1], gen)->edge};
    } while (expect.next - at == limit);
    assert_int_equal(expect.next, expect.count);
}

static int compare_pending(const void *a, const void *b)
{
    const model_pending_t *x = find_pending(*(const int *)a, 0), *y = find_pending(*(const int *)b, 0);
    return x->ord != y->ord ? (x->ord > y->ord ? -1 : 1) : compare_ids(a, b);
}

static usm_error_t *check_entry(void *baton, const usm_pending_row_t *row, const usm_item_row_t *has)
{
    expect_t *expect = baton;
    assert_true(expect->next < expect->count);
    int id = expect->order[expect->next++];
    const model_pending_t *want = find_pending(id, 0);
    assert_string_equal(row->id, ids[id]);
    assert_int_equal(row->state, want->state);
    assert_true(row->rev == want->rev);
    assert_int_equal(row->edge, want->edge);
    assert_int_equal(row->ord, want->ord);
    if (!expect->gen)
        return NULL;
    assert_int_equal(has != NULL, visible(id, expect->gen) != NULL);
    expect_t item = {.order = {id}, .count = 1, .gen = expect->gen};
    return has ? check_item(&item, has) : NULL;
}

static void check_pending(usm_txn_t *txn)
{
    expect_t expect = {0};
    int count, limit = below(IDS + 50);
    for (int id = 0; id < IDS; id++) {
        if (find_pending(id, 0))
            expect.order[expect.count++] = id;
    }
    qsort(expect.order, (size_t)expect.count, sizeof expect.order[0], compare_pending);
    OK(vt->pending_count(&count, txn, coll, IDS));
    assert_int_equal(count, expect.count);
    if (expect.count > limit)
        expect.count = limit;
    OK(vt->pending_count(&count, txn, coll, limit));
    assert_int_equal(count, expect.count);
    expect.gen = model.gen + below(2);
    OK(vt->pending_scan(txn, coll, expect.gen, limit, check_entry, &expect, pool));
    assert_int_equal(expect.next, expect.count);
}

/* ---- rows asked for by their ids: each once, all that are there ---- */

typedef struct finding_t {
    apr_int64_t gen;
    int wanted[IDS], left;
} finding_t;

static int index_of(const char *id)
{
    int i = 0;
    while (strcmp(ids[i], id) != 0)
        i++;
    return i;
}

static usm_error_t *found_item(void *baton, const usm_item_row_t *row)
{
    finding_t *f = baton;
    expect_t expect = {.order = {index_of(row->id)}, .count = 1, .gen = f->gen};
    assert_int_equal(f->wanted[expect.order[0]], 1);
    f->wanted[expect.order[0]] = 0;
    f->left--;
    return check_item(&expect, row);
}

static usm_error_t *found_entry(void *baton, const usm_pending_row_t *row, const usm_item_row_t *has)
{
    finding_t *f = baton;
    expect_t expect = {.order = {index_of(row->id)}, .count = 1};
    assert_int_equal(f->wanted[expect.order[0]], 1);
    f->wanted[expect.order[0]] = 0;
    f->left--;
    return check_entry(&expect, row, has);
}

static void check_find(usm_txn_t *txn)
{
    const char *names[IDS];
    int count = chance(30) ? 1 : 1 + below(IDS);
    finding_t items = {.gen = model.gen + below(2)}, entries = {0};
    for (int i = 0; i < count; i++) {
        int id = by_id[(i * 3 + count) % IDS];
        names[i] = ids[id];
        items.left += items.wanted[id] = visible(id, items.gen) != NULL;
        entries.left += entries.wanted[id] = find_pending(id, 0) != NULL;
    }
    OK(vt->item_find(txn, coll, items.gen, names, count, found_item, &items, pool));
    OK(vt->pending_find(txn, coll, names, count, found_entry, &entries, pool));
    assert_int_equal(items.left, 0);
    assert_int_equal(entries.left, 0);
}

static void check_one(usm_txn_t *txn, int id)
{
    usm_item_row_t item;
    usm_pending_row_t pending;
    int found;
    expect_t expect = {.order = {id}, .count = 1, .gen = model.gen + below(2)};
    OK(vt->item_get(&found, &item, txn, coll, expect.gen, ids[id], pool));
    assert_int_equal(found, visible(id, expect.gen) != NULL);
    if (found)
        check_item(&expect, &item);
    expect.next = 0;
    OK(vt->pending_get(&found, &pending, txn, coll, ids[id], pool));
    assert_int_equal(found, find_pending(id, 0) != NULL);
    expect.gen = 0;
    if (found)
        check_entry(&expect, &pending, NULL);
}

/* Nothing stays behind that no generation shows. */
static void check_leftovers(void)
{
    int items = 0, entries = 0;
    for (int id = 0; id < IDS; id++) {
        for (int i = 0; i < ROWS; i++)
            items += model.items[id][i].used;
        for (int i = 0; i < TAKEN; i++)
            entries += model.pending[id][i].used;
    }
    assert_int_equal(atoi(test_value(raw, "SELECT COUNT(*) FROM item", pool)), items);
    assert_int_equal(atoi(test_value(raw, "SELECT COUNT(*) FROM pending", pool)), entries);
}

static void check_all(usm_txn_t *txn)
{
    for (apr_int64_t gen = model.acked; gen <= model.gen + 1; gen++)
        check_scan(txn, gen);
    check_edges(txn, model.gen, (usm_time_t)below(60) - 12);
    check_edges(txn, model.gen + 1, APR_INT64_MAX);
    check_pending(txn);
    check_find(txn);
}

/* ---- the run ---- */

typedef void (*step_fn)(usm_txn_t *txn, int id);

static void one_step(usm_txn_t *txn)
{
    static const step_fn steps[] = {step_add, step_add, step_add,  step_kill, step_touch, step_put,
                                    step_put, step_put, step_drop, step_take, step_take,  step_told, check_one};
    int what = below(1000);
    if (what < 10)
        step_answer();
    else if (what < 15)
        step_purge(txn);
    else if (what < 22)
        step_undo(txn);
    else /* some ids often, so that much happens to one of them in one generation */
        steps[below(sizeof steps / sizeof steps[0])](txn, chance(50) ? below(12) : below(IDS));
}

static void fill(void)
{
    usm_txn_t *txn = test_begin(store, USM_TXN_WRITE, pool);
    for (int id = 0; id < IDS; id++) {
        step_add(txn, id);
        step_put(txn, id);
    }
    OK(vt->commit(txn));
}

static void test_random_steps(void **state)
{
    const char *text = getenv("USM_TEST_SEED"), *length = getenv("USM_TEST_STEPS");
    int steps = length ? atoi(length) : 6000;
    seed = text ? strtoull(text, NULL, 10) : 20261122;
    print_message("seed %" APR_UINT64_T_FMT ", %d steps\n", seed, steps);
    apr_pool_create(&pool, NULL);
    const char *url = test_fresh_url(pool);
    OK(usm_store_sql()->open(&store, url, 2, NULL, pool));
    raw = test_connect(url, pool);
    vt = store->vt;
    test_ids_t made = test_collection(store, "1/1", pool);
    coll = made.collection;
    memset(&model, 0, sizeof model);
    model.gen = model.acked = 1;
    make_ids();
    fill();
    while (steps > 0) {
        apr_pool_t *own;
        apr_pool_create(&own, pool);
        usm_txn_t *txn = test_begin(store, USM_TXN_WRITE, own);
        memcpy(&saved, &model, sizeof model);
        for (int n = 1 + below(200); n > 0; n--, steps--)
            one_step(txn);
        if (chance(20)) {
            memcpy(&model, &saved, sizeof model);
            if (chance(50))
                vt->rollback(txn);
        } else {
            if (chance(50))
                check_all(txn);
            OK(vt->commit(txn));
        }
        apr_pool_destroy(own);
        apr_pool_create(&own, pool);
        txn = test_begin(store, USM_TXN_READ, own);
        check_all(txn);
        OK(vt->commit(txn));
        check_leftovers();
        apr_pool_destroy(own);
    }
    assert_true(model.gen > 10);
    apr_pool_destroy(pool);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_steps)};
    return store_test_main(argv, tests, sizeof tests / sizeof tests[0]);
}
