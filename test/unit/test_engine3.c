/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: runs.c lease.c echo.c sql_collection.c */
/* The engine where requests meet: two with one key, many first ones at once; limits that bend, tables that shrink, and
 * listings longer than memory is meant to hold. */
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

static apr_pool_t *root, *pool;
static usm_context_t *ctx;
static char db_path[200];

static int setup(void **state)
{
    static int n;
    usm_config_t config = {.backend_url = "fake:", .full_compare_s = 100000, .folders_max = 40};
    const char *dir;
    apr_pool_create(&pool, root);
    apr_temp_dir_get(&dir, pool);
    snprintf(db_path, sizeof db_path, "%s/usm-engine3-%ld-%d.db", dir, (long)getpid(), n++);
    fake_reset();
    config.store = apr_pstrcat(pool, "sqlite:", db_path, "?lock_timeout=1", NULL);
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

static usm_session_t *session_of(const char *device, apr_pool_t *own)
{
    usm_login_t *login;
    usm_session_t *session;
    OK(usm_login(&login, ctx, "anton", "secret", NULL, own));
    OK(usm_session_open(&session, ctx, login, "secret", device, "Test", 0, NULL, own));
    return session;
}

static usm_turn_params_t params_of(const char *folder, const char *key)
{
    usm_turn_params_t p = {.folder = folder, .key = key, .since = USM_TIME_NONE, .window = 100};
    USM_FIELDSET_ADD(&p.fetch.fields, USM_CONTACT_FIRST_NAME);
    return p;
}

/* All changes into nothing. @return their number. */
static int take_all(usm_turn_t *turn)
{
    const usm_change_t *change;
    for (int n = 0;; n++) {
        OK(usm_turn_next(&change, turn, pool));
        if (!change)
            return n;
    }
}

static usm_error_t *sync_once(const char **key_p, int *told_p, const char *folder, const char *key)
{
    usm_turn_t *turn;
    usm_turn_params_t p = params_of(folder, key);
    USM_ERR(usm_turn_open(&turn, session_of("phone", pool), &p, pool));
    *told_p = take_all(turn);
    return usm_turn_close(key_p, turn, pool);
}

/* The fake's contacts folder on the phone, and its first key. */
static const char *first_key(void)
{
    const char *key;
    int told;
    OK(sync_once(&key, &told, NULL, "0"));
    OK(sync_once(&key, &told, "1", "0"));
    OK(sync_once(&key, &told, "1", key));
    return key;
}

static usm_item_t *contact(const char *name)
{
    usm_item_t *item = usm_item_create(USM_CONTACT, pool);
    usm_item_set_text(item, USM_CONTACT_FIRST_NAME, name);
    return item;
}

/* Ids that a device knows by a digest cost one look at what it has, however many commands name them. */
static void test_long_ids(void **state)
{
    const char *key = first_key(), *next, *ids[50];
    usm_turn_params_t p = params_of("1", key);
    const usm_change_t *change;
    usm_session_t *session = session_of("phone", pool);
    usm_turn_t *turn;
    usm_outcome_t out;
    for (int i = 0; i < 50; i++) {
        fake_item_t *item = fake_add("32", "A", "B");
        snprintf(item->id, sizeof item->id, "folder/with a name/%d", i);
    }
    OK(usm_turn_open(&turn, session_of("phone", pool), &p, pool));
    for (int i = 0; i < 50; i++) {
        OK(usm_turn_next(&change, turn, pool));
        ids[i] = change->id;
        assert_non_null(strstr(change->id, ":~"));
    }
    OK(usm_turn_close(&next, turn, pool));
    p = params_of("1", next);
    OK(usm_turn_open(&turn, session, &p, pool));
    for (int i = 0; i < 40; i++) {
        OK(usm_turn_delete(&out, turn, ids[i], USM_DELETE_HARD));
        assert_null(out.error);
    }
    OK(usm_turn_delete(&out, turn, "1:~AAAAAAAAAAAAAAAAAAAAAAAAAAA", USM_DELETE_HARD));
    assert_true(usm_error_is(out.error, USM_ENOTFOUND));
    assert_int_equal(fake_alive("32"), 10);
    assert_in_range(usm_session_stats(session)->store_rows, 50, 300);
    take_all(turn);
    OK(usm_turn_close(&next, turn, pool));
    (void)state;
}

enum { MANY = 40, DOWN_AT = 10 };

/* Many adds noted together; the server goes down at the @a down_at-th. *calls_p: of the server. */
static usm_error_t *add_many(usm_turn_t **turn_p, const char *key, int down_at, int *calls_p, apr_pool_t *own)
{
    usm_turn_params_t p = params_of("1", key);
    usm_session_t *session = session_of("phone", own);
    usm_ahead_t rows[MANY];
    usm_error_t *err = NULL;
    OK(usm_turn_open(turn_p, session, &p, own));
    for (int i = 0; i < MANY; i++)
        rows[i] = (usm_ahead_t){.client_id = apr_itoa(own, i + 1), .item = contact(apr_itoa(own, i))};
    OK(usm_turn_ahead(*turn_p, rows, MANY));
    for (int i = 0; !err && i < MANY; i++) {
        usm_outcome_t out = {0};
        fake.down = i + 1 == down_at;
        err = usm_turn_add(&out, *turn_p, rows[i].client_id, rows[i].item);
        assert_null(out.error);
    }
    fake.down = 0;
    *calls_p = (int)usm_session_stats(session)->backend_calls;
    return err;
}

/* As a process that dies leaves it: nothing more is written, and its lease is free. */
static void die(usm_turn_t *turn)
{
    usm_txn_t *txn;
    turn->leased = 0;
    OK(ctx->store_vt->begin(&txn, ctx->store, USM_TXN_WRITE, NULL, pool));
    OK(ctx->store_vt->collection_unlease(txn, turn->coll.id, turn->lease_owner));
    OK(ctx->store_vt->commit(txn));
}

/* Whatever became of the first request, the repeat makes each item once; after a mere outage it knows what was not even
 * begun, and asks for the one whose end nobody knows only. */
static void test_planned_adds(void **state)
{
    for (int dies = 0; dies < 2; dies++) {
        const char *key = first_key(), *next;
        apr_pool_t *own;
        usm_turn_t *turn;
        int calls, told;
        fake.adds = 0;
        apr_pool_create(&own, pool);
        usm_error_t *err = add_many(&turn, key, DOWN_AT, &calls, own);
        assert_true(usm_error_is(err, USM_EUNAVAILABLE));
        if (dies)
            die(turn);
        apr_pool_destroy(own);
        int before = fake_alive("32");
        apr_pool_create(&own, pool);
        OK(add_many(&turn, key, 0, &calls, own));
        if (dies) /* each of them may have been made: they are looked for */
            assert_in_range(calls, MANY, 2 * MANY);
        else
            assert_int_equal(calls, MANY - DOWN_AT + 1 + 1);
        assert_int_equal(fake_alive("32") - before, MANY - DOWN_AT + 1);
        take_all(turn);
        OK(usm_turn_close(&next, turn, own));
        next = apr_pstrdup(pool, next);
        apr_pool_destroy(own);
        OK(sync_once(&next, &told, "1", next));
        assert_int_equal(told, 0);
        for (int i = fake.count - 1; i >= 0; i--)
            fake.items[i].alive = 0;
    }
    (void)state;
}

/* Two requests with one key, one of them with an Add. If the other one were first, the device would send its Add with
 * the new key, under which nothing is known of it. */
static void test_add_beside_a_plain_sync(void **state)
{
    const char *key = first_key(), *next;
    usm_turn_t *with, *without;
    usm_turn_params_t p = params_of("1", key);
    usm_outcome_t out;
    fake_add("32", "Theirs", "L");
    OK(usm_turn_open(&without, session_of("phone", pool), &p, pool));
    OK(usm_turn_open(&with, session_of("phone", pool), &p, pool));
    OK(usm_turn_add(&out, with, "c1", contact("Mine")));
    assert_null(out.error);
    assert_int_equal(take_all(without), 2); /* the Add is seen as something new */
    assert_int_equal(usm_error_code(usm_turn_close(&next, without, pool)), USM_ERACE);
    assert_int_equal(take_all(with), 1);
    OK(usm_turn_close(&next, with, pool));
    assert_int_equal(fake.adds, 1);
    assert_int_equal(fake_alive("32"), 2);
    int told;
    OK(sync_once(&key, &told, "1", next));
    assert_int_equal(told, 0);
}

/* A process that died with the lease does not stand in the way of a plain Sync. */
static void test_plain_sync_after_a_death(void **state)
{
    const char *key = first_key(), *next, *owner;
    int done, status, told, ends[2];
    char text[100] = "";
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        owner = usm__lease_owner(pool);
        _exit(write(ends[1], owner, strlen(owner)) <= 0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(read(ends[0], text, sizeof text - 1) > 0);
    assert_true(usm__lease_is_dead(text));
    assert_false(usm__lease_is_dead(usm__lease_owner(pool)));
    usm_session_t *session = session_of("phone", pool);
    usm_collection_row_t coll;
    usm_txn_t *txn;
    OK(usm__write(&txn, session, pool));
    OK(usm__finish(session, txn, USM__VT(session)->collection_get(&done, &coll, NULL, txn, session->device.id,
                                                                  session->device.user, 1, pool)));
    OK(usm__write(&txn, session, pool));
    OK(usm__finish(session, txn, USM__VT(session)->collection_lease(&done, txn, coll.id, coll.epoch, text, usm__now(),
                                                                    usm__now() + 100000)));
    assert_true(done);
    fake_add("32", "New", "L");
    OK(sync_once(&next, &told, "1", key));
    assert_int_equal(told, 1);
}

/* The store was away when a request that held the lease ended: the lease is given back later, and not only when it runs
 * out. */
static void test_lease_is_given_back_late(void **state)
{
    const char *key = first_key(), *next;
    usm_turn_params_t p = params_of("1", key);
    usm_session_t *other = session_of("other", pool);
    usm_outcome_t out;
    usm_turn_t *turn;
    usm_txn_t *txn;
    apr_pool_t *own;
    int told;
    apr_pool_create(&own, pool);
    OK(usm_turn_open(&turn, session_of("phone", own), &p, own));
    OK(usm_turn_add(&out, turn, "c1", contact("Mine")));
    OK(usm__write(&txn, other, pool));
    apr_pool_destroy(own);
    assert_int_equal(ctx->owed_count, 1);
    OK(usm__finish(other, txn, NULL));
    OK(sync_once(&next, &told, "1", key));
    assert_int_equal(told, 1);
    assert_int_equal(ctx->owed_count, 0);
}

/* Process numbers of another machine or container say nothing here, dead or alive. */
static void test_foreign_leases_last(void **state)
{
    const char *mine = usm__lease_owner(pool), *slash = strchr(mine, '/');
    long pid = 0;
    unsigned long long where = 0, since = 0, nonce = 0;
    char rest = 0;
    assert_non_null(slash);
    assert_int_equal(sscanf(mine, "%llx/%ld/%llu/%llx%c", &where, &pid, &since, &nonce, &rest), 4);
    assert_int_equal(pid, getpid());
    assert_true(since > 0);
    assert_string_not_equal(mine, usm__lease_owner(pool)); /* two requests of one process are two holders */
    assert_false(usm__lease_is_dead("host.example.org/1999999/3f"));
    assert_false(usm__lease_is_dead("1234abcd/1999999/5/3f"));
    assert_false(usm__lease_is_dead(""));
    /* The same number, started at another time: another process. */
    assert_true(usm__lease_is_dead(apr_psprintf(pool, "%.*s/%ld/1/3f", (int)(slash - mine), mine, (long)getpid())));
}

/* ---- many first requests at once ---- */

#define STARTERS 8
static pthread_barrier_t barrier;

typedef struct starter_t {
    apr_pool_t *pool;
    char key[80];
    int failed;
} starter_t;

static void *start_one(void *data)
{
    starter_t *s = data;
    usm_turn_t *turn;
    const char *key;
    usm_login_t *login;
    usm_session_t *session;
    usm_turn_params_t p = params_of("1", "0");
    usm_error_t *err = usm_login(&login, ctx, "anton", "secret", NULL, s->pool);
    if (!err)
        err = usm_session_open(&session, ctx, login, "secret", "phone", "Test", 0, NULL, s->pool);
    pthread_barrier_wait(&barrier);
    if (!err)
        err = usm_turn_open(&turn, session, &p, s->pool);
    if (!err)
        err = usm_turn_close(&key, turn, s->pool);
    s->failed = err != NULL;
    if (!err)
        apr_cpystrn(s->key, key, sizeof s->key);
    return NULL;
}

static void test_first_requests_at_once(void **state)
{
    static starter_t starters[STARTERS];
    pthread_t threads[STARTERS];
    const char *key;
    int told;
    OK(sync_once(&key, &told, NULL, "0"));
    pthread_barrier_init(&barrier, NULL, STARTERS);
    for (int i = 0; i < STARTERS; i++) {
        apr_allocator_t *allocator;
        apr_allocator_create(&allocator);
        apr_pool_create_ex(&starters[i].pool, NULL, NULL, allocator);
        apr_allocator_owner_set(allocator, starters[i].pool);
    }
    for (int i = 0; i < STARTERS; i++)
        pthread_create(&threads[i], NULL, start_one, &starters[i]);
    for (int i = 0; i < STARTERS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < STARTERS; i++) {
        assert_false(starters[i].failed);
        assert_string_equal(starters[i].key, starters[0].key);
        apr_pool_destroy(starters[i].pool);
    }
    pthread_barrier_destroy(&barrier);
}

/* The key a device has for its folders stays good while the server cannot be asked. */
static void test_folder_key_outlives_an_outage(void **state)
{
    const char *key, *next;
    int told;
    usm_turn_t *turn;
    usm_turn_params_t p = params_of(NULL, "0");
    const usm_change_t *change;
    OK(sync_once(&key, &told, NULL, "0"));
    usm_session_t *session = session_of("phone", pool);
    usm_txn_t *txn; /* the minute in which a repeat gets the same key is over */
    usm_collection_row_t coll;
    OK(usm__write(&txn, session, pool));
    OK(USM__VT(session)->collection_get(&told, &coll, NULL, txn, session->device.id, session->device.user, 0, pool));
    OK(usm__finish(session, txn, NULL));
    assert_non_null(coll.cursor);
    fake.down = 1;
    usm_error_t *err = usm_turn_open(&turn, session, &p, pool);
    if (!err)
        err = usm_turn_next(&change, turn, pool);
    assert_int_equal(usm_error_code(err), USM_EUNAVAILABLE);
    fake.down = 0;
    OK(sync_once(&next, &told, NULL, key));
    assert_string_equal(next, key);
    assert_int_equal(told, 0);
}

/* ---- folders ---- */

static int folders_now(void)
{
    const char *key;
    int told;
    OK(sync_once(&key, &told, NULL, "0"));
    return told;
}

static void test_too_many_folders(void **state)
{
    int before = folders_now();
    for (int i = 0; i < 30; i++)
        fake_folder(apr_psprintf(pool, "9%03d", i), apr_psprintf(pool, "Old %d", i), NULL, USM_ROLE_USER, USM_CONTACT,
                    NULL);
    assert_int_equal(folders_now(), before + 30);
    for (int i = 0; i < 900; i++)
        fake_folder(apr_psprintf(pool, "8%03d", i), apr_psprintf(pool, "New %d", i), "9000", USM_ROLE_USER,
                    USM_CONTACT, NULL);
    fake_folder("77", "Calendar", NULL, USM_ROLE_DEFAULT, USM_EVENT, NULL);
    const char *key;
    usm_turn_t *turn;
    const usm_change_t *change;
    int old = 0, all = 0, calendar = 0;
    usm_turn_params_t p = params_of(NULL, "0");
    OK(usm_turn_open(&turn, session_of("phone", pool), &p, pool));
    for (;; all++) {
        OK(usm_turn_next(&change, turn, pool));
        if (!change)
            break;
        const char *name = usm_item_text(change->item, USM_FOLDER_NAME);
        old += strncmp(name, "Old", 3) == 0;
        calendar += strcmp(name, "Calendar") == 0;
    }
    OK(usm_turn_close(&key, turn, pool));
    assert_int_equal(all, 41); /* with the Outbox */
    assert_int_equal(old, 30);
    assert_int_equal(calendar, 1);
}

/* ---- waiting ---- */

static void test_waiters_leave(void **state)
{
    usm_watch_t *watch;
    for (int i = 0; i < 50; i++) {
        apr_pool_t *own;
        apr_pool_create(&own, pool);
        OK(usm_watch_create(&watch, session_of(apr_psprintf(own, "device%d", i), own), own));
        OK(usm_watch_create(&watch, session_of("phone", own), own));
        assert_int_equal(apr_hash_count(ctx->waiters), 2);
        apr_pool_destroy(own);
        assert_int_equal(apr_hash_count(ctx->waiters), 0);
    }
}

static int check_now(usm_stats_t *stats)
{
    usm_watch_t *watch;
    usm_watch_result_t result;
    int known;
    usm_session_t *session = session_of("phone", pool);
    OK(usm_watch_create(&watch, session, pool));
    OK(usm_watch_add(&known, watch, "1"));
    assert_int_equal(known, 1);
    OK(usm_watch_check(&result, watch, pool));
    *stats = *usm_session_stats(session);
    return result.count;
}

/* The folder was never listed with the filter of the device: not here either. */
static void test_ping_before_the_first_sync(void **state)
{
    const char *key;
    int told;
    usm_stats_t stats;
    fake_add("32", "Ada", "L");
    OK(sync_once(&key, &told, NULL, "0"));
    OK(sync_once(&key, &told, "1", "0"));
    assert_int_equal(check_now(&stats), 1);
    assert_int_equal(stats.backend_calls, 0);
}

/* What a server tells again and again is no news: nobody is woken, nothing written. */
static void test_told_again(void **state)
{
    const char *key;
    int told;
    usm_stats_t stats;
    for (int i = 0; i < 300; i++)
        fake_add("32", "Import", "L");
    fake.overlap = 1000;
    key = first_key();
    for (told = 1; told;)
        OK(sync_once(&key, &told, "1", key));
    for (int i = 0; i < 3; i++) {
        const char *before = key;
        assert_int_equal(check_now(&stats), 0);
        assert_int_equal(stats.store_statements, 6); /* all of them read */
        OK(sync_once(&key, &told, "1", key));
        assert_string_equal(key, before);
        assert_int_equal(told, 0);
    }
    usm_session_t *session = session_of("phone", pool);
    usm_txn_t *txn;
    int count;
    usm_collection_row_t coll;
    OK(usm__read(&txn, session, pool));
    OK(USM__VT(session)->collection_get(&count, &coll, NULL, txn, session->device.id, session->device.user, 1, pool));
    OK(usm__finish(session, txn, NULL));
    assert_false(coll.queued);
}

/* ---- logins ---- */

/* A session that was renewed is there for other processes; the one sealed before would make each of them log in. */
static void test_renewed_session_is_shared(void **state)
{
    usm_context_t *other;
    usm_login_t *login;
    usm_txn_t *txn;
    usm_config_t config = {.backend_url = "fake:", .store = apr_pstrcat(pool, "sqlite:", db_path, NULL)};
    char name[65];
    const char *key = first_key();
    int told, logins = fake.logins;
    usm__hmac_hex(name, "usm-login", 9, "anton", NULL);
    usm_session_t *session = session_of("phone", pool);
    OK(usm__write(&txn, session, pool));
    OK(usm__finish(session, txn, USM__VT(session)->login_set(txn, name, NULL, 0)));
    fake.renew = 1;
    OK(sync_once(&key, &told, "1", key));
    OK(usm__context_make(&other, &config, usm_store_sql(), fake_backend(), pool));
    OK(usm_login(&login, other, "anton", "secret", NULL, pool));
    assert_int_equal(fake.logins, logins);
}

/* ---- runs ---- */

static void test_runs(void **state)
{
    static const int sizes[] = {0, 1, 99, 100, 101, 5000};
    for (unsigned s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        usm__runs_t *runs = usm__runs_create(100, pool);
        const usm__listed_t *row;
        char last[256] = "";
        int n = sizes[s], seen = 0;
        for (int i = 0; i < n; i++) {
            char id[256] = "";
            if (i == 57)
                memset(id, 'z', 255); /* the longest */
            else
                snprintf(id, sizeof id, "%d", (int)((apr_int64_t)i * 7919 % n));
            OK(usm__runs_add(runs, id, (apr_uint64_t)i + 1, i, -i));
        }
        for (;; seen++) {
            OK(usm__runs_next(&row, runs));
            if (!row)
                break;
            assert_true(usm__compare_ids(last, row->id) < 0);
            apr_cpystrn(last, row->id, sizeof last);
            assert_int_equal(row->rev, row->edge + 1);
            assert_int_equal(row->order, -row->edge);
            if (row->edge != 57)
                assert_int_equal(atoi(row->id), row->edge * 7919 % n);
        }
        assert_int_equal(seen, n);
    }
    /* Of one id the last one told comes last, also from another run. */
    usm__runs_t *runs = usm__runs_create(2, pool);
    const usm__listed_t *row;
    for (int i = 0; i < 9; i++)
        OK(usm__runs_add(runs, i % 2 ? "a" : "b", (apr_uint64_t)i, i, i));
    for (int i = 0; i < 9; i++) {
        OK(usm__runs_next(&row, runs));
        assert_string_equal(row->id, i < 4 ? "a" : "b");
        assert_int_equal(row->rev, i < 4 ? 2 * i + 1 : 2 * (i - 4));
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_long_ids), T(test_planned_adds), T(test_add_beside_a_plain_sync),
        T(test_plain_sync_after_a_death),
        T(test_lease_is_given_back_late), T(test_foreign_leases_last),
        T(test_first_requests_at_once), T(test_folder_key_outlives_an_outage), T(test_too_many_folders),
        T(test_waiters_leave), T(test_ping_before_the_first_sync), T(test_told_again),
        T(test_renewed_session_is_shared), T(test_runs),
    };
    apr_initialize();
    apr_pool_create(&root, NULL);
    int failed = cmocka_run_group_tests_name("engine3", tests, NULL, NULL);
    apr_pool_destroy(root);
    apr_terminate();
    return failed;
}
