/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: remake.c sql_remade.c */
/* An item is deleted and made again, and again, while devices hold any of the ids it had: there is one item. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/core.h"
#include "fake_backend.h"

#define OK(expr)                                                                                                       \
    do {                                                                                                               \
        usm_error_t *e_ = (expr);                                                                                      \
        if (e_)                                                                                                        \
            fail_msg("%s: %s", #expr, usm_error_text(e_, pool));                                                       \
    } while (0)

#define HERE "60"
#define THERE "61"
#define EVENTS "62"
#define HELD_MAX 40

static apr_pool_t *root, *pool;
static usm_context_t *ctx;
static char db_path[200];

/* ---- devices ---- */

typedef struct device_t {
    const char *name, *folder, *key;
    const char *ids[HELD_MAX]; /* server ids that it holds */
    int count;
    usm_class_e cls;
} device_t;

static usm_session_t *session_of(const char *device)
{
    usm_login_t *login;
    usm_session_t *session;
    OK(usm_login(&login, ctx, "anton", "secret", NULL, pool));
    OK(usm_session_open(&session, ctx, login, "secret", device, "Test", 0, NULL, pool));
    return session;
}

static void drop(device_t *d, const char *id)
{
    for (int i = 0; i < d->count; i++) {
        if (strcmp(d->ids[i], id) == 0)
            d->ids[i--] = d->ids[--d->count];
    }
}

static void take_all(device_t *d, usm_turn_t *turn)
{
    const usm_change_t *change;
    for (;;) {
        OK(usm_turn_next(&change, turn, pool));
        if (!change)
            return;
        drop(d, change->id);
        if (change->item)
            d->ids[d->count++] = apr_pstrdup(pool, change->id);
        assert_true(d->count < HELD_MAX);
    }
}

/* One request, with a change of the item @a id unless that is NULL. */
static void exchange(device_t *d, const char *id, const usm_item_t *item)
{
    usm_turn_t *turn;
    usm_outcome_t out = {0};
    usm_turn_params_t p = {.folder = d->folder, .key = d->key, .since = USM_TIME_NONE, .window = 100};
    for (int f = 0; f < usm_class_fields(d->cls); f++)
        USM_FIELDSET_ADD(&p.fetch.fields, f);
    p.fetch.body_forms = USM_BODY_TEXT;
    OK(usm_turn_open(&turn, session_of(d->name), &p, pool));
    if (item)
        OK(usm_turn_change(&out, turn, id, item, 0));
    take_all(d, turn);
    OK(usm_turn_close(&d->key, turn, pool));
}

static usm_error_t *find_fid(void *baton, const usm_folder_row_t *row)
{
    device_t *d = baton;
    if (strcmp(row->backend_id, d->folder) == 0)
        d->folder = apr_psprintf(pool, "%" APR_INT64_T_FMT, row->fid);
    return NULL;
}

/* A device that has all of a folder. */
static device_t device(const char *name, const char *folder)
{
    device_t d = {.name = name, .folder = folder, .key = "0",
                  .cls = strcmp(folder, EVENTS) == 0 ? USM_EVENT : USM_CONTACT};
    usm_turn_params_t hierarchy = {.key = "0", .since = USM_TIME_NONE};
    const usm_change_t *change;
    const char *key;
    usm_turn_t *turn;
    usm_txn_t *txn;
    OK(usm_turn_open(&turn, session_of(name), &hierarchy, pool));
    do
        OK(usm_turn_next(&change, turn, pool));
    while (change);
    OK(usm_turn_close(&key, turn, pool));
    OK(ctx->store_vt->begin(&txn, ctx->store, USM_TXN_READ, NULL, pool));
    OK(ctx->store_vt->folder_scan(txn, 1, 0, find_fid, &d, pool));
    OK(ctx->store_vt->commit(txn));
    exchange(&d, NULL, NULL);
    exchange(&d, NULL, NULL);
    return d;
}

static usm_item_t *contact(const char *name, const char *company)
{
    usm_item_t *item = usm_item_create(USM_CONTACT, pool);
    usm_item_set_text(item, USM_CONTACT_FIRST_NAME, name);
    usm_item_set_text(item, USM_CONTACT_COMPANY, company);
    return item;
}

static usm_item_t *event(const char *subject, const char *uid)
{
    usm_item_t *item = usm_item_create(USM_EVENT, pool);
    usm_item_set_text(item, USM_EVENT_SUBJECT, subject);
    usm_item_set_num(item, USM_EVENT_START, 20000 * USM_DAY_MS);
    usm_item_set_num(item, USM_EVENT_END, 20000 * USM_DAY_MS + 3600000);
    if (uid)
        usm_item_set_text(item, USM_EVENT_UID, uid);
    return item;
}

/* ---- the server ---- */

static void remove_all(void)
{
    for (int i = 0; i < fake.count; i++) {
        if (fake.items[i].alive)
            fake_remove(&fake.items[i]);
    }
}

/* The only item that lives. */
static fake_item_t *only(const char *folder)
{
    fake_item_t *found = NULL;
    for (int i = 0; i < fake.count; i++) {
        if (fake.items[i].alive) {
            if (found)
                fail_msg("there are %s and %s", found->id, fake.items[i].id);
            found = &fake.items[i];
        }
    }
    assert_non_null(found);
    assert_string_equal(found->folder, folder);
    return found;
}

static int setup(void **state)
{
    static int n;
    usm_config_t config = {.backend_url = "fake:", .full_compare_s = 100000, .device_days = 10};
    const char *dir;
    if (apr_pool_create(&pool, root))
        return 1;
    apr_temp_dir_get(&dir, pool);
    snprintf(db_path, sizeof db_path, "%s/usm-remake-%ld-%d.db", dir, (long)getpid(), n++);
    fake_reset();
    fake.full = 1;
    fake_folder(HERE, "Here", NULL, USM_ROLE_USER, USM_CONTACT, NULL);
    fake_folder(THERE, "There", NULL, USM_ROLE_USER, USM_CONTACT, NULL);
    fake_folder(EVENTS, "Events", NULL, USM_ROLE_USER, USM_EVENT, NULL);
    config.store = apr_pstrcat(pool, "sqlite:", db_path, NULL);
    return usm__context_make(&ctx, &config, usm_store_sql(), fake_backend(), pool) != NULL;
}

static int teardown(void **state)
{
    apr_pool_destroy(pool);
    remove(db_path);
    remove(apr_pstrcat(root, db_path, "-wal", NULL));
    remove(apr_pstrcat(root, db_path, "-shm", NULL));
    return 0;
}

/* ---- tests ---- */

static void test_every_ancestor(void **state)
{
    fake_add_full(HERE, contact("base", "base"));
    device_t a = device("a", HERE), b = device("b", HERE), c = device("c", HERE);
    const char *first = b.ids[0];
    for (int i = 0; i < 4; i++) { /* only a follows */
        remove_all();
        exchange(&a, a.ids[0], contact(apr_psprintf(pool, "a%d", i), "base"));
        exchange(&a, NULL, NULL);
        assert_int_equal(a.count, 1);
        only(HERE);
    }
    assert_string_equal(b.ids[0], first);
    exchange(&b, first, contact("base", "b")); /* what lives is found from the first */
    assert_string_equal(usm_item_text(only(HERE)->full, USM_CONTACT_FIRST_NAME), "a3");
    assert_string_equal(usm_item_text(only(HERE)->full, USM_CONTACT_COMPANY), "b");
    exchange(&b, NULL, NULL);
    remove_all();
    exchange(&c, first, contact("c", "base")); /* made again from the first, and found from the last */
    only(HERE);
    exchange(&a, a.ids[0], contact("a3", "a"));
    exchange(&b, b.ids[0], contact("a3", "a"));
    only(HERE);
    exchange(&a, NULL, NULL);
    exchange(&b, NULL, NULL);
    exchange(&c, NULL, NULL);
    assert_int_equal(a.count == 1 && b.count == 1 && c.count == 1, 1);
    assert_string_equal(a.ids[0], c.ids[0]);
    assert_string_equal(b.ids[0], c.ids[0]);
}

static void test_moved_descendant(void **state)
{
    fake_add_full(HERE, contact("base", "base"));
    device_t a = device("a", HERE), b = device("b", HERE);
    for (int i = 0; i < 2; i++) {
        remove_all();
        exchange(&a, a.ids[0], contact(apr_psprintf(pool, "a%d", i), "base"));
        exchange(&a, NULL, NULL);
    }
    fake_move(only(HERE), THERE);
    exchange(&b, b.ids[0], contact("base", "b"));
    assert_string_equal(usm_item_text(only(THERE)->full, USM_CONTACT_COMPANY), "b");
    exchange(&b, NULL, NULL);
    assert_int_equal(b.count, 0);
}

/* Devices of one version say the UID with each change, those of another do not. */
static void test_with_and_without_uid(void **state)
{
    for (int i = 0; i < 2; i++) {
        remove_all();
        fake_item_t *item = fake_add_full(EVENTS, event("base", NULL));
        snprintf(item->uid, sizeof item->uid, "uid-%d", i);
        device_t a = device(i ? "a" : "c", EVENTS), b = device(i ? "b" : "d", EVENTS);
        fake_remove(item);
        exchange(&a, a.ids[0], event("a", i ? "uid-1" : NULL));
        exchange(&b, b.ids[0], event("b", i ? NULL : "uid-0"));
        only(EVENTS);
    }
}

/* ---- two at once ---- */

static usm_remade_row_t row_of(const char *id)
{
    return (usm_remade_row_t){.user = 1, .cls = USM_CONTACT, .id = id, .root = id, .uid = "the-uid", .at = usm__now()};
}

static usm_error_t *lease(const char *id, const char *owner)
{
    usm_remade_row_t row = row_of(id);
    usm_txn_t *txn;
    int done;
    USM_ERR(ctx->store_vt->begin(&txn, ctx->store, USM_TXN_WRITE, NULL, pool));
    USM_ERR(ctx->store_vt->remade_add(txn, &row));
    USM_ERR(ctx->store_vt->remade_lease(&done, txn, &row, owner, row.at, row.at + 60000));
    assert_true(done);
    return ctx->store_vt->commit(txn);
}

static void *finish_making(void *data)
{
    usm_remade_row_t row = row_of(data);
    apr_pool_t *own;
    usm_txn_t *txn;
    apr_pool_create(&own, NULL);
    usleep(300000);
    usm_error_t *err = ctx->store_vt->begin(&txn, ctx->store, USM_TXN_WRITE, NULL, own);
    if (!err)
        err = ctx->store_vt->remade_unlease(txn, &row, "somebody");
    if (!err)
        err = ctx->store_vt->commit(txn);
    apr_pool_destroy(own);
    return err ? (void *)"failed" : NULL;
}

/* Once by the first id, once by one that came of it: the first one's lease counts. */
static void test_waits_for_the_other(void **state)
{
    pthread_t thread;
    void *failed;
    fake_item_t *first = fake_add_full(HERE, contact("base", "base"));
    device_t a = device("a", HERE);
    for (int i = 0; i < 2; i++) {
        remove_all();
        OK(lease(first->id, "somebody"));
        usm_time_t begun = usm__now();
        assert_int_equal(pthread_create(&thread, NULL, finish_making, first->id), 0);
        exchange(&a, a.ids[0], contact(i ? "a1" : "a0", "base"));
        usm_time_t took = usm__now() - begun;
        pthread_join(thread, &failed);
        assert_null(failed);
        assert_true(took >= 250);
        assert_string_equal(only(HERE)->uid, "the-uid");
        exchange(&a, NULL, NULL);
        assert_string_not_equal(strchr(a.ids[0], ':') + 1, first->id);
    }
    remove_all(); /* the lease was given back */
    exchange(&a, a.ids[0], contact("a2", "base"));
    assert_string_equal(only(HERE)->uid, "the-uid");
}

static void test_dead_owner(void **state)
{
    int fds[2];
    char owner[200] = "";
    fake_item_t *item = fake_add_full(HERE, contact("base", "base"));
    device_t a = device("a", HERE);
    assert_int_equal(pipe(fds), 0);
    pid_t pid = fork();
    if (pid == 0) {
        const char *own = usm__lease_owner(pool);
        _exit(write(fds[1], own, strlen(own)) < 0);
    }
    assert_true(read(fds[0], owner, sizeof owner - 1) > 0);
    waitpid(pid, NULL, 0);
    close(fds[0]);
    close(fds[1]);
    fake_remove(item);
    OK(lease(item->id, owner));
    usm_time_t begun = usm__now();
    exchange(&a, a.ids[0], contact("a", "base"));
    assert_true(usm__now() - begun < 5000);
    only(HERE);
}

/* Rows are kept as long as devices are. */
static void test_forgotten(void **state)
{
    usm_remade_row_t row = row_of("old");
    usm_txn_t *txn;
    int found;
    fake_item_t *item = fake_add_full(HERE, contact("base", "base"));
    device_t a = device("a", HERE);
    row.at -= 11 * USM_DAY_MS;
    OK(ctx->store_vt->begin(&txn, ctx->store, USM_TXN_WRITE, NULL, pool));
    OK(ctx->store_vt->remade_add(txn, &row));
    row.id = row.root = "older";
    row.at += 2 * USM_DAY_MS;
    OK(ctx->store_vt->remade_add(txn, &row));
    OK(ctx->store_vt->commit(txn));
    fake_remove(item);
    exchange(&a, a.ids[0], contact("a", "base"));
    OK(ctx->store_vt->begin(&txn, ctx->store, USM_TXN_READ, NULL, pool));
    OK(ctx->store_vt->remade_get(&found, &row, txn, 1, USM_CONTACT, "old", pool));
    assert_int_equal(found, 0);
    OK(ctx->store_vt->remade_get(&found, &row, txn, 1, USM_CONTACT, "older", pool));
    assert_int_equal(found, 1);
    OK(ctx->store_vt->remade_get(&found, &row, txn, 1, USM_CONTACT, item->id, pool));
    assert_int_equal(found, 1);
    assert_string_equal(row.lease, "");
    OK(ctx->store_vt->commit(txn));
}

/* The root's row was too old, the row of what came of it was not. */
static void test_forgotten_root(void **state)
{
    fake_item_t *item = fake_add_full(HERE, contact("base", "base"));
    device_t a = device("a", HERE);
    usm_remade_row_t row = row_of(item->id);
    usm_txn_t *txn;
    row.root = "gone";
    OK(ctx->store_vt->begin(&txn, ctx->store, USM_TXN_WRITE, NULL, pool));
    OK(ctx->store_vt->remade_add(txn, &row));
    OK(ctx->store_vt->commit(txn));
    fake_remove(item);
    usm_time_t begun = usm__now();
    exchange(&a, a.ids[0], contact("a", "base"));
    assert_true(usm__now() - begun < 5000);
    assert_string_equal(only(HERE)->uid, "the-uid");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {T(test_every_ancestor),      T(test_moved_descendant),
                                       T(test_with_and_without_uid), T(test_waits_for_the_other),
                                       T(test_dead_owner),          T(test_forgotten),
                                       T(test_forgotten_root)};
    apr_initialize();
    apr_pool_create(&root, NULL);
    int failed = cmocka_run_group_tests_name("remake", tests, NULL, NULL);
    apr_pool_destroy(root);
    apr_terminate();
    return failed;
}
