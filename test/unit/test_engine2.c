/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: apply.c context.c login.c send.c session.c */
/* The engine where it is pressed: repeats that leave something out, requests at once, long queues, odd ids, many
 * folders, sending, logins. Same server in memory and store in SQLite as test_engine.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/core.h"
#include "fake_backend.h"

#define OK(expr)                                                                                                       \
    do {                                                                                                               \
        usm_error_t *e_ = (expr);                                                                                      \
        if (e_)                                                                                                        \
            fail_msg("%s: %s", #expr, usm_error_text(e_, test_pool));                                                  \
    } while (0)

static apr_pool_t *root, *test_pool;
static usm_context_t *ctx;
static char db_path[200];
static usm_store_vtable_t store_vt; /* the SQL store's, with eyes in it */
static apr_uint32_t writes;
static __thread int handles;

static usm_error_t *count_begin(usm_txn_t **txn_p, usm_store_t *store, usm_txn_mode_e mode, usm_stats_t *stats,
                                apr_pool_t *pool)
{
    usm_error_t *err = usm_store_sql()->begin(txn_p, store, mode, stats, pool);
    handles += !err;
    if (mode == USM_TXN_WRITE)
        __atomic_add_fetch(&writes, 1, __ATOMIC_RELAXED);
    return err;
}

static usm_error_t *count_commit(usm_txn_t *txn)
{
    handles--;
    return usm_store_sql()->commit(txn);
}

static void count_rollback(usm_txn_t *txn)
{
    handles--;
    usm_store_sql()->rollback(txn);
}

static void no_handle(void)
{
    if (handles)
        abort(); /* a database connection waits for the groupware server */
}

static int setup(void **state)
{
    static int n;
    usm_config_t config = {.backend_url = "fake:", .full_compare_s = 100000};
    const char *dir;
    apr_pool_create(&test_pool, root);
    apr_temp_dir_get(&dir, test_pool);
    snprintf(db_path, sizeof db_path, "%s/usm-engine2-%ld-%d.db", dir, (long)getpid(), n++);
    fake_reset();
    fake.on_call = no_handle;
    store_vt = *usm_store_sql();
    store_vt.begin = count_begin;
    store_vt.commit = count_commit;
    store_vt.rollback = count_rollback;
    config.store = apr_pstrcat(test_pool, "sqlite:", db_path, NULL);
    usm_error_t *err = usm__context_make(&ctx, &config, &store_vt, fake_backend(), test_pool);
    if (err)
        fprintf(stderr, "%s\n", usm_error_text(err, test_pool));
    return err != NULL;
}

static int teardown(void **state)
{
    apr_pool_destroy(test_pool);
    remove(db_path);
    remove(apr_pstrcat(root, db_path, "-wal", NULL));
    remove(apr_pstrcat(root, db_path, "-shm", NULL));
    return 0;
}

/* ---- a device: server id → first name ---- */

typedef struct phone_t {
    const char *user, *name, *folder;
    char key[70];
    apr_hash_t *items;
    apr_pool_t *pool;
    usm_time_t since;
} phone_t;

static usm_session_t *open_session(const char *user, const char *device, apr_pool_t *pool)
{
    usm_login_t *login;
    usm_session_t *session;
    OK(usm_login(&login, ctx, user, "secret", NULL, pool));
    OK(usm_session_open(&session, ctx, login, "secret", device, "Test", 0, NULL, pool));
    return session;
}

static usm_turn_t *open_turn(usm_error_t **err_p, phone_t *p, int window, apr_pool_t *pool)
{
    usm_turn_t *turn = NULL;
    usm_turn_params_t params = {.folder = p->folder, .key = p->key, .since = p->since, .window = window};
    USM_FIELDSET_ADD(&params.fetch.fields, USM_CONTACT_FIRST_NAME);
    *err_p = usm_turn_open(&turn, open_session(p->user, p->name, pool), &params, pool);
    return turn;
}

static void take(phone_t *p, const usm_change_t *c)
{
    int has = apr_hash_get(p->items, c->id, APR_HASH_KEY_STRING) != NULL;
    const char *name = c->item && p->folder ? usm_item_text(c->item, USM_CONTACT_FIRST_NAME) : "folder";
    if (has != (c->kind != USM_CHANGE_ADD))
        fail_msg("%s: change %d of %s", p->name, c->kind, c->id);
    apr_hash_set(p->items, apr_pstrdup(p->pool, c->id), APR_HASH_KEY_STRING,
                 c->item ? apr_pstrdup(p->pool, name ? name : "") : NULL);
}

/* Nothing of a change may live in the pool given to next(). */
static usm_error_t *drain(phone_t *p, usm_turn_t *turn, int keep)
{
    const usm_change_t *changes[600];
    apr_pool_t *scratch;
    int n = 0;
    apr_pool_create(&scratch, test_pool ? p->pool : root);
    for (;;) {
        usm_error_t *err = usm_turn_next(&changes[n], turn, scratch);
        apr_pool_clear(scratch);
        memset(apr_palloc(scratch, 4000), 'x', 4000);
        apr_pool_clear(scratch);
        if (err)
            return err;
        if (!changes[n] || n == 599)
            break;
        n++;
    }
    for (int i = 0; keep && i < n; i++)
        take(p, changes[i]);
    apr_pool_destroy(scratch);
    return NULL;
}

typedef struct cmd_t {
    char op; /* '+', '=', '-' */
    const char *id, *name;
    const char *sid;
    apr_status_t code;
} cmd_t;

static usm_error_t *apply(usm_turn_t *turn, cmd_t *c, apr_pool_t *pool)
{
    usm_outcome_t out;
    usm_item_t *item = usm_item_create(USM_CONTACT, pool);
    if (c->name)
        usm_item_set_text(item, USM_CONTACT_FIRST_NAME, c->name);
    USM_ERR(c->op == '+'   ? usm_turn_add(&out, turn, c->id, item)
            : c->op == '=' ? usm_turn_change(&out, turn, c->id, item, 1)
                           : usm_turn_delete(&out, turn, c->id, USM_DELETE_HARD));
    c->code = usm_error_code(out.error);
    c->sid = out.server_id;
    return NULL;
}

/* One request; what the device does itself it also knows. @return the error's code. */
static apr_status_t request(phone_t *p, cmd_t *cmds, int n, int window, int lost, int *more_p)
{
    apr_pool_t *pool;
    usm_error_t *err;
    const char *key;
    apr_pool_create(&pool, p->pool);
    usm_turn_t *turn = open_turn(&err, p, window, pool);
    for (int i = 0; !err && i < n; i++)
        err = apply(turn, &cmds[i], pool);
    for (int i = 0; !err && !lost && i < n; i++) {
        const char *id = cmds[i].op == '+' ? cmds[i].sid : cmds[i].id;
        if (id && !cmds[i].code)
            apr_hash_set(p->items, apr_pstrdup(p->pool, id), APR_HASH_KEY_STRING,
                         cmds[i].op == '-' ? NULL : apr_pstrdup(p->pool, cmds[i].name));
    }
    if (!err)
        err = drain(p, turn, !lost);
    if (!err && more_p)
        *more_p = usm_turn_more(turn);
    if (!err)
        err = usm_turn_close(&key, turn, pool);
    if (!err && !lost)
        apr_cpystrn(p->key, key, sizeof p->key);
    apr_status_t code = usm_error_code(err);
    apr_pool_destroy(pool);
    return code;
}

static void sync_all(phone_t *p, int window)
{
    int more = 1;
    if (strcmp(p->key, "0") == 0)
        assert_int_equal(request(p, NULL, 0, 0, 0, NULL), 0);
    for (int i = 0; more && i < 200; i++)
        assert_int_equal(request(p, NULL, 0, window, 0, &more), 0);
    assert_int_equal(more, 0);
}

static void same(phone_t *p, const char *folder)
{
    int n = 0;
    for (int i = 0; i < fake.count; i++) {
        const fake_item_t *item = &fake.items[i];
        if (!item->alive || strcmp(item->folder, folder) || strcmp(item->text[0], "poison") == 0 ||
            strlen(item->id) > 255)
            continue;
        const char *sid = usm__sid_make(atoi(p->folder), item->id, p->pool);
        const char *has = apr_hash_get(p->items, sid, APR_HASH_KEY_STRING);
        if (!has || strcmp(has, item->text[0]) != 0)
            fail_msg("%s: %s is '%s', server '%s'", p->name, sid, has ? has : "(none)", item->text[0]);
        n++;
    }
    assert_int_equal(n, apr_hash_count(p->items));
}

static phone_t *phone(const char *user, const char *name, const char *folder)
{
    phone_t *p = apr_pcalloc(test_pool, sizeof *p);
    apr_pool_create(&p->pool, test_pool);
    p->user = user;
    p->name = name;
    p->folder = folder;
    p->since = USM_TIME_NONE;
    p->items = apr_hash_make(p->pool);
    apr_cpystrn(p->key, "0", sizeof(p->key));
    return p;
}

/* A phone that knows the folders, synced in "Contacts" (always the same short id: the first folder). */
static phone_t *synced(const char *user, const char *name)
{
    phone_t *h = phone(user, name, NULL), *p = phone(user, name, "1");
    assert_int_equal(request(h, NULL, 0, 512, 0, NULL), 0);
    sync_all(p, 50);
    return p;
}

/* ---- repeats that are none ---- */

static void test_lost_and_left_out(void **state)
{
    static const char ops[] = "+=-";
    for (int i = 0; i < 6; i++) { /* each change alone; an answer lost with and without server changes */
        fake_item_t *item = fake_add("32", "Ada", "L");
        phone_t *p = synced("anton", apr_psprintf(test_pool, "phone%d", i));
        cmd_t c = {.op = ops[i % 3], .id = i % 3 ? usm__sid_make(1, item->id, test_pool) : "c1", .name = "Mine"};
        assert_int_equal(request(p, &c, 1, i < 3 ? 10 : 0, 1, NULL), 0);
        assert_int_equal(c.code, 0);
        if (i >= 3) { /* a Ping sees the change before the device comes back */
            usm_watch_t *watch;
            usm_watch_result_t r;
            int known;
            OK(usm_watch_create(&watch, open_session("anton", p->name, test_pool), test_pool));
            OK(usm_watch_add(&known, watch, "1"));
            OK(usm_watch_check(&r, watch, test_pool));
        }
        sync_all(p, 10); /* the user has taken it back meanwhile */
        same(p, "32");
    }
}

/* The server fails after the change was made, before the answer: nothing was committed. */
static void test_failed_and_left_out(void **state)
{
    phone_t *p = synced("anton", "phone");
    cmd_t c = {.op = '+', .id = "c1", .name = "Mine"};
    fake_add("32", "Theirs", "L");
    fake.no_get = 1;
    assert_int_equal(request(p, &c, 1, 10, 0, NULL), USM_EUNAVAILABLE);
    fake.no_get = 0;
    apr_hash_clear(p->items);
    sync_all(p, 10);
    same(p, "32");
    assert_int_equal(apr_hash_count(p->items), 2);
}

/* ---- queues ---- */

static void test_long_queue_of_nothing(void **state)
{
    phone_t *p = synced("anton", "phone");
    for (int i = 0; i < 130; i++)
        fake_add("32", i % 26 == 0 ? "good" : "poison", "L");
    alarm(60); /* it used to turn on the spot */
    sync_all(p, 3);
    alarm(0);
    same(p, "32");
    assert_int_equal(apr_hash_count(p->items), 5);
}

static void test_many_own_changes(void **state)
{
    static cmd_t cmds[90];
    phone_t *p = synced("anton", "phone");
    for (int i = 0; i < 90; i++)
        cmds[i] = (cmd_t){.op = '+', .id = apr_psprintf(test_pool, "c%d", i), .name = "Mine"};
    fake_add("32", "Theirs", "L");
    int gets = fake.gets;
    alarm(60);
    assert_int_equal(request(p, cmds, 90, 1, 0, NULL), 0);
    alarm(0);
    assert_true(fake.gets - gets <= 2); /* its own are not read back */
    sync_all(p, 10);
    same(p, "32");
}

/* ---- windows in time ---- */

static void test_old_end_moved_back(void **state)
{
    usm_time_t now = usm__now();
    fake_item_t *a = fake_add("32", "A", "x"), *b = fake_add("32", "B", "x"), *c = fake_add("32", "C", "x");
    a->edge = b->edge = c->edge = now - 2 * USM_DAY_MS;
    phone_t *p = phone("anton", "phone", "1"), *h = phone("anton", "phone", NULL);
    assert_int_equal(request(h, NULL, 0, 512, 0, NULL), 0);
    p->since = now - 3 * USM_DAY_MS;
    sync_all(p, 50);
    assert_int_equal(apr_hash_count(p->items), 3);
    p->since = now - USM_DAY_MS; /* days pass; A is put off by the server, B by the device, C stays */
    a->edge = b->edge = now + USM_DAY_MS;
    fake_touch(a);
    cmd_t cmd = {.op = '=', .id = usm__sid_make(1, b->id, test_pool), .name = "B2"};
    assert_int_equal(request(p, &cmd, 1, 50, 0, NULL), 0);
    sync_all(p, 50);
    c->alive = 0; /* same() compares with what the window holds */
    same(p, "32");
}

/* The window shrinks, and grows again before the device was told all of it, or the answer that told it was lost. */
static void test_window_grows_again(void **state)
{
    usm_time_t now = usm__now();
    for (int lost = 0; lost < 2; lost++) {
        for (int i = 0; i < 10; i++)
            fake_add("32", "A", "x")->edge = now - 2 * USM_DAY_MS;
        phone_t *p = synced("anton", lost ? "phone1" : "phone0");
        p->since = now - USM_DAY_MS;
        assert_int_equal(request(p, NULL, 0, 3, lost, NULL), 0);
        p->since = USM_TIME_NONE;
        sync_all(p, 50);
        same(p, "32");
    }
}

/* ---- leases ---- */

typedef struct repeat_t {
    phone_t *p;
    cmd_t cmd;
    apr_status_t code;
} repeat_t;

static void *APR_THREAD_FUNC run_repeat(apr_thread_t *thread, void *data)
{
    repeat_t *r = data;
    r->code = request(r->p, &r->cmd, 1, 10, 1, NULL);
    return NULL;
}

static void join_all(apr_thread_t **threads, int n)
{
    for (int i = 0; i < n; i++) {
        apr_status_t rv;
        apr_thread_join(&rv, threads[i]);
    }
}

/* A device that loses patience with a slow server sends the same again, twice, while the first still runs; a request
 * without changes comes between. */
static void test_impatient_repeats(void **state)
{
    apr_thread_t *threads[4];
    repeat_t r[4];
    phone_t *p = synced("anton", "phone");
    cmd_t c = {.op = '+', .id = "c0", .name = "Zero"};
    assert_int_equal(request(p, &c, 1, 10, 1, NULL), 0); /* this answer was lost already */
    fake.slow_write_ms = 400;
    for (int i = 0; i < 4; i++) {
        r[i] = (repeat_t){.p = phone("anton", "phone", "1"), .cmd = {.op = '+', .id = "c1", .name = "One"}};
        apr_cpystrn(r[i].p->key, p->key, sizeof(r[i].p->key));
        apr_thread_create(&threads[i], NULL, run_repeat, &r[i], root);
        apr_sleep(100000);
    }
    join_all(threads, 4);
    fake.slow_write_ms = 0;
    cmd_t again[] = {{.op = '+', .id = "c0", .name = "Zero"}, {.op = '+', .id = "c1", .name = "One"}};
    assert_int_equal(request(p, again, 2, 10, 0, NULL), 0);
    assert_int_equal(fake.adds, 2);
    sync_all(p, 10);
    same(p, "32");
}

static void test_lease_is_prolonged_and_kept(void **state)
{
    phone_t *p = synced("anton", "phone");
    usm_error_t *err;
    usm_collection_row_t row;
    usm_txn_t *txn;
    int found, done;
    const char *key;
    cmd_t one = {.op = '+', .id = "c1", .name = "One"}, two = {.op = '+', .id = "c2", .name = "Two"};
    usm_turn_t *turn = open_turn(&err, p, 10, test_pool);
    OK(apply(turn, &one, test_pool));
    fake_add("32", "Theirs", "L");
    assert_int_equal(request(p, NULL, 0, 10, 1, NULL), USM_ERACE); /* another request, without changes, waits */
    OK(usm__read(&txn, turn->session, test_pool));
    OK(usm__finish(turn->session, txn, store_vt.collection_get(&found, &row, NULL, txn, turn->session->device.id,
                                                               turn->session->device.user, 1, test_pool)));
    assert_string_equal(row.lease, turn->lease_owner);
    turn->lease_renew = 0; /* time passes */
    OK(apply(turn, &two, test_pool));
    assert_true(turn->lease_renew > usm__now());
    OK(usm__write(&txn, turn->session, test_pool));
    OK(store_vt.collection_lease(&done, txn, row.id, row.epoch, "other/1/1", usm__now() + 10000000,
                                 usm__now() + 100000));
    OK(usm__finish(turn->session, txn, NULL));
    assert_true(done);
    turn->lease_renew = 0;
    err = apply(turn, &two, test_pool);
    assert_int_equal(usm_error_code(err), USM_EBUSY);
    assert_int_equal(usm_error_code(usm_turn_close(&key, turn, test_pool)), USM_ERACE);
}

/* ---- ids, users, folders ---- */

static void test_odd_ids(void **state)
{
    static const char *const ids[] = {"a b", "x:y", "~tilde", "default0/INBOX/1", "\xC3\xA4", "%41", "1;2\n3", "'\"--"};
    phone_t *p = synced("anton", "phone");
    for (unsigned i = 0; i < sizeof ids / sizeof ids[0]; i++)
        snprintf(fake_add("32", "odd", "x")->id, 300, "%s", ids[i]);
    for (int len = 39; len < 300; len += len == 64 ? 190 : len == 254 ? 1 : len == 255 ? 1 : 1) {
        fake_item_t *item = fake_add("32", "long", "x");
        memset(item->id, 'a', (size_t)len);
        item->id[len] = '\0';
        if (len > 256)
            break;
    }
    sync_all(p, 7);
    same(p, "32"); /* the ids that nothing can hold are passed over */
    for (int i = 0; i < fake.count; i++) {
        fake_item_t *item = &fake.items[i];
        const char *id = usm__sid_make(1, item->id, test_pool);
        assert_true(strlen(id) <= 64);
        cmd_t c = {.op = i % 2 ? '=' : '-', .id = id, .name = "changed"};
        if (strlen(item->id) > 255)
            continue;
        assert_int_equal(request(p, &c, 1, 10, 0, NULL), 0);
        if (c.code)
            fail_msg("%s: code %d", item->id, c.code - USM_ERR_BASE);
        c.id = apr_pstrcat(test_pool, "1:", item->id, NULL); /* no second name for it */
        if (strcmp(c.id, id) != 0) {
            assert_int_equal(request(p, &c, 1, 10, 0, NULL), 0);
            assert_int_equal(c.code, USM_ENOTFOUND);
        }
    }
    sync_all(p, 7);
    same(p, "32");
}

static void test_one_device_id_two_users(void **state)
{
    fake_add("32", "A", "x");
    phone_t *p = synced("anton", "phone"), *q = synced("berta", "phone");
    char key[70];
    assert_string_not_equal(p->key, q->key);
    apr_cpystrn(key, q->key, sizeof(key));
    apr_cpystrn(q->key, p->key, sizeof(q->key));
    assert_int_equal(request(q, NULL, 0, 10, 0, NULL), USM_ESTALE_KEY);
    apr_cpystrn(q->key, key, sizeof(q->key));
    usm_session_t *a = open_session("anton", "phone", test_pool), *b = open_session("berta", "phone", test_pool);
    const char *value;
    OK(usm_device_attr_set(a, "x", "anton's"));
    OK(usm_device_attr_get(&value, b, "x", test_pool));
    assert_null(value);
    same(p, "32");
    same(q, "32");
}

static void test_thousand_folders(void **state)
{
    for (int i = 0; i < 990; i++) {
        const char *id = apr_psprintf(test_pool, "f%d", i);
        fake_folder(id, id, i % 10 ? apr_psprintf(test_pool, "f%d", i - 1) : NULL, USM_ROLE_USER, USM_CONTACT, NULL);
    }
    ctx->config.turn_bytes_max = 1000; /* FolderSync cannot say that there is more */
    phone_t *h = phone("anton", "phone", NULL);
    open_session("anton", "phone", test_pool);
    writes = 0;
    usm_error_t *err;
    const usm_change_t *change;
    const char *key;
    int n = 0;
    usm_turn_t *turn = open_turn(&err, h, 512, test_pool);
    OK(err);
    for (;; n++) {
        OK(usm_turn_next(&change, turn, test_pool));
        if (!change)
            break;
        const char *parent = usm_item_text(change->item, USM_FOLDER_PARENT);
        if (strcmp(parent, "0") && !apr_hash_get(h->items, parent, APR_HASH_KEY_STRING))
            fail_msg("folder %s comes before its parent %s", change->id, parent);
        apr_hash_set(h->items, change->id, APR_HASH_KEY_STRING, "");
    }
    OK(usm_turn_close(&key, turn, test_pool));
    assert_int_equal(n, 993);
    if (writes > 8)
        fail_msg("%u transactions", writes);
}

/* ---- sending ---- */

#define MAIL "From: anton@example.org\r\nTo: x@example.org\r\nSubject: hi\r\n"

static apr_status_t post(const char *device, const char *cid, const char *text)
{
    apr_pool_t *pool;
    apr_pool_create(&pool, test_pool);
    usm_error_t *err = usm_session_send(open_session("anton", device, pool), cid, text, strlen(text), 1);
    apr_status_t code = usm_error_code(err);
    apr_pool_destroy(pool);
    return code;
}

static void test_send(void **state)
{
    static const struct {
        const char *device, *cid, *text;
        apr_status_t code;
        int sends;
    } rows[] = {
        {"phone", "a", MAIL "\r\nx", 0, 1},
        {"phone", "a", MAIL "\r\nx", USM_EREPEATED, 1},
        {"tablet", "a", MAIL "\r\nx", 0, 2}, /* ids are the device's */
        {"phone", NULL, MAIL "\r\nx", 0, 3},
        {"phone", NULL, MAIL "\r\nx", 0, 4},
        {"phone", "c", "From: anton@example.org\r\nSubject: x\r\n\r\nx", USM_ERECIPIENT, 4},
        {"phone", "b", "From: A.Meier@example.org\r\nTo: x@example.org\r\n\r\nx", 0, 5}, /* refusals leave no trace */
        {"phone", "c", "From: anton@example.org\r\nBcc: x@example.org\r\n\r\nx", 0, 6},
        {"phone", "", MAIL "\r\nx", USM_EINVALID, 6},
        {"phone", "d", MAIL "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
                           "Content-Transfer-Encoding: 8bit\r\n\r\nGr\xC3\xBC\xC3\x9F" "e", 0, 7},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        apr_status_t code = post(rows[i].device, rows[i].cid, rows[i].text);
        if (code != rows[i].code || fake.sends != rows[i].sends)
            fail_msg("row %u: code %d, %d sent", i, code ? code - USM_ERR_BASE : 0, fake.sends);
        for (const char *c = fake.sent; *c; c++) {
            if ((unsigned char)*c > 127)
                fail_msg("row %u: 8-bit byte", i);
        }
    }
}

/* Who sends is the user, whatever the message says; his aliases stay as they are. */
static void test_send_from(void **state)
{
    static const struct {
        const char *from, *want;
    } rows[] = {
        {"From: else@example.org\r\n", "From: Anton Meier <anton@example.org>\r\n"},
        {"From: \"Boss\" <else@example.org>,\r\n anton@example.org\r\n", "From: Anton Meier <anton@example.org>\r\n"},
        {"From: Me <a.meier@example.org>\r\n", "From: Me <a.meier@example.org>\r\n"},
        {"From: anton@example.org\r\nSender: else@example.org\r\n", "From: anton@example.org\r\n"},
        {"from : x\r\nFrom: else@example.org\r\n", "From: Anton Meier <anton@example.org>\r\n"},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *text = apr_pstrcat(test_pool, rows[i].from, "To: x@example.org\r\n\r\nx", NULL);
        assert_int_equal(post("phone", apr_itoa(test_pool, (int)i), text), 0);
        if (!strstr(fake.sent, rows[i].want) || strstr(fake.sent, "else@"))
            fail_msg("row %u: %s", i, fake.sent);
    }
}

/* One message of one device has one Message-ID, however often it is tried; of two messages none is the other's. */
static void test_send_message_id(void **state)
{
    char first[4000];
    const char *a, *b;
    fake.die_after = -1;
    assert_int_equal(post("phone", "a", MAIL "\r\nx"), USM_EUNAVAILABLE);
    assert_int_equal(post("phone", "a", MAIL "\r\nx"), 0);
    memcpy(first, fake.sent, sizeof first);
    assert_int_equal(post("tablet", "a", MAIL "\r\nx"), 0);
    a = strstr(first, "Message-ID: ");
    b = strstr(fake.sent, "Message-ID: ");
    assert_non_null(a);
    assert_non_null(b);
    assert_int_not_equal(strncmp(a, b, 60), 0);
}

/* The message has no Message-ID of its own. */
static void test_send_unfinished(void **state)
{
    fake.die_after = 1; /* sent, and the answer lost */
    assert_int_equal(post("phone", "a", MAIL "\r\nx"), USM_EUNAVAILABLE);
    for (int i = 0; i < 2; i++)
        assert_int_equal(post("phone", "a", MAIL "\r\nx"), USM_EREPEATED);
    assert_int_equal(fake.sends, 1);
    fake.die_after = -1; /* not sent; then sent, and the answer lost */
    assert_int_equal(post("phone", "b", MAIL "\r\nx"), USM_EUNAVAILABLE);
    fake.die_after = 1;
    assert_int_equal(post("phone", "b", MAIL "\r\nx"), USM_EUNAVAILABLE);
    assert_int_equal(post("phone", "b", MAIL "\r\nx"), USM_EREPEATED);
    assert_int_equal(fake.sends, 2);
}

static void *APR_THREAD_FUNC run_post(apr_thread_t *thread, void *data)
{
    *(apr_status_t *)data = post("phone", "a", MAIL "\r\nx");
    return NULL;
}

static void test_send_twice_at_once(void **state)
{
    apr_thread_t *threads[3];
    apr_status_t codes[3];
    int done = 0;
    fake.slow_write_ms = 300;
    open_session("anton", "phone", test_pool);
    for (int i = 0; i < 3; i++)
        apr_thread_create(&threads[i], NULL, run_post, &codes[i], root);
    join_all(threads, 3);
    for (int i = 0; i < 3; i++) {
        done += codes[i] == 0;
        if (codes[i] && codes[i] != USM_EBUSY && codes[i] != USM_EREPEATED)
            fail_msg("request %d: code %d", i, codes[i] - USM_ERR_BASE);
    }
    assert_int_equal(done, 1);
    assert_int_equal(fake.sends, 1);
}

/* ---- logins ---- */

static usm_context_t *other_process(int ttl, int negative)
{
    usm_context_t *other;
    usm_config_t config = {.backend_url = "fake:", .store = apr_pstrcat(test_pool, "sqlite:", db_path, NULL),
                           .login_ttl_s = ttl, .login_negative_ttl_s = negative};
    OK(usm__context_make(&other, &config, usm_store_sql(), fake_backend(), test_pool));
    return other;
}

static int logins_of(usm_context_t *c, const char *password, apr_status_t code)
{
    usm_login_t *login;
    int before = fake.logins;
    assert_int_equal(usm_error_code(usm_login(&login, c, "anton", password, NULL, test_pool)), code);
    return fake.logins - before;
}

static void test_refused_expires(void **state)
{
    usm_context_t *c = other_process(3600, 1);
    apr_cpystrn(fake.bad_password, "new", sizeof(fake.bad_password));
    assert_int_equal(logins_of(c, "new", USM_EAUTH), 1);
    fake.bad_password[0] = '\0'; /* the user has changed the password meanwhile */
    assert_int_equal(logins_of(c, "new", USM_EAUTH), 0);
    apr_sleep(1100000);
    assert_int_equal(logins_of(c, "new", 0), 1);
    assert_int_equal(logins_of(c, "new", 0), 0);
}

static void test_shared_no_longer_than_trusted(void **state)
{
    usm_context_t *a = other_process(2, 60), *b = other_process(2, 60);
    assert_int_equal(logins_of(a, "secret", 0), 1);
    apr_sleep(1200000);
    assert_int_equal(logins_of(b, "secret", 0), 0); /* out of the store */
    apr_sleep(1200000);
    assert_int_equal(logins_of(b, "secret", 0), 1); /* 2.4 s after the login, not 1.2 s after it was found */
}

static void test_refused_is_unshared(void **state)
{
    usm_context_t *a = other_process(3600, 60), *b = other_process(3600, 60);
    usm_login_t *login;
    assert_int_equal(logins_of(a, "secret", 0), 1);
    apr_cpystrn(fake.bad_password, "secret", sizeof(fake.bad_password));
    OK(usm_login(&login, a, "anton", "secret", NULL, test_pool));
    usm__login_suspect(login);
    assert_int_equal(logins_of(a, "secret", USM_EAUTH), 1);
    assert_int_equal(logins_of(b, "secret", USM_EAUTH), 1);
}

static void test_unreadable_share(void **state)
{
    static const char *const plain[] = {"1/anton", "x", "", "99999999999999 not ours"};
    for (unsigned i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        usm_context_t *c = other_process(3600, 60);
        usm_stats_t stats = {0};
        usm_txn_t *txn;
        char name[65];
        usm__hmac_hex(name, "usm-login", 9, "anton", NULL);
        OK(usm_store_sql()->begin(&txn, c->store, USM_TXN_WRITE, &stats, test_pool));
        OK(usm_store_sql()->login_set(txn, name, usm__seal(plain[i], "secret", test_pool), usm__now()));
        OK(usm_store_sql()->commit(txn));
        assert_int_equal(logins_of(c, "secret", 0), 1);
    }
}

/* ---- threads ---- */

#define THREADS 8
#define ROUNDS 12

typedef struct worker_t {
    int n, failed;
    apr_pool_t *pool;
    phone_t *p;
    usm_watch_t *watch;
} worker_t;

static usm_error_t *one_round(worker_t *w, int round, apr_pool_t *pool)
{
    usm_login_t *login;
    usm_session_t *session;
    const usm_userinfo_t *info;
    usm_watch_result_t r;
    usm_turn_t *turn;
    const char *key;
    int known;
    usm_turn_params_t params = {.folder = "1", .key = w->p->key, .since = USM_TIME_NONE, .window = 20};
    USM_FIELDSET_ADD(&params.fetch.fields, USM_CONTACT_FIRST_NAME);
    USM_ERR(usm_login(&login, ctx, "anton", "secret", NULL, pool));
    usm_login_user(login);
    if (round % 4 == 3)
        usm__login_suspect(login);
    USM_ERR(usm_session_open(&session, ctx, login, "secret", w->p->name, "Test", 0, NULL, pool));
    USM_ERR(usm_session_userinfo(&info, session));
    if (round % 3 == 2) {
        USM_ERR(usm_watch_create(&w->watch, session, pool));
        USM_ERR(usm_watch_add(&known, w->watch, "1"));
        usm_watch_hierarchy(w->watch);
        USM_ERR(usm_watch_check(&r, w->watch, pool));
    }
    USM_ERR(usm_turn_open(&turn, session, &params, pool));
    if (round > 1 && round % 2) {
        cmd_t c = {.op = '+', .id = apr_psprintf(pool, "w%dr%d", w->n, round), .name = "Thread"};
        USM_ERR(apply(turn, &c, pool));
        if (c.sid)
            apr_hash_set(w->p->items, apr_pstrdup(w->p->pool, c.sid), APR_HASH_KEY_STRING, "Thread");
    }
    USM_ERR(drain(w->p, turn, 1));
    USM_ERR(usm_turn_close(&key, turn, pool));
    apr_cpystrn(w->p->key, key, sizeof w->p->key);
    usm_stats_t stats;
    usm_context_stats(&stats, ctx);
    return NULL;
}

static void *APR_THREAD_FUNC run_worker(apr_thread_t *thread, void *data)
{
    worker_t *w = data;
    for (int round = 0; round < ROUNDS && !w->failed; round++) {
        apr_pool_t *pool;
        apr_pool_create(&pool, w->pool);
        usm_error_t *err = one_round(w, round, pool);
        if (err) {
            fprintf(stderr, "worker %d round %d: %s\n", w->n, round, usm_error_text(err, pool));
            w->failed = 1;
        }
        apr_pool_destroy(pool);
    }
    return NULL;
}

static void test_threads(void **state)
{
    apr_thread_t *threads[THREADS];
    static worker_t workers[THREADS];
    phone_t *h = phone("anton", "first", NULL);
    assert_int_equal(request(h, NULL, 0, 512, 0, NULL), 0);
    for (int i = 0; i < 30; i++)
        fake_add("32", "Server", "x");
    for (int i = 0; i < THREADS; i++) {
        worker_t *w = &workers[i];
        memset(w, 0, sizeof *w);
        w->n = i;
        apr_pool_create(&w->pool, NULL);
        w->p = apr_pcalloc(w->pool, sizeof *w->p);
        *w->p = (phone_t){.user = "anton", .name = apr_psprintf(w->pool, "dev%d", i), .folder = "1", .pool = w->pool,
                          .items = apr_hash_make(w->pool), .since = USM_TIME_NONE, .key = "0"};
        apr_thread_create(&threads[i], NULL, run_worker, w, root);
    }
    join_all(threads, THREADS);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(workers[i].failed, 0);
        sync_all(workers[i].p, 50);
        same(workers[i].p, "32");
    }
    assert_int_equal(fake_alive("32"), 30 + THREADS * 5);
    for (int i = 0; i < THREADS; i++)
        apr_pool_destroy(workers[i].pool);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_lost_and_left_out), T(test_failed_and_left_out), T(test_long_queue_of_nothing),
        T(test_many_own_changes), T(test_old_end_moved_back), T(test_window_grows_again), T(test_impatient_repeats),
        T(test_lease_is_prolonged_and_kept), T(test_odd_ids), T(test_one_device_id_two_users),
        T(test_thousand_folders), T(test_send), T(test_send_from), T(test_send_message_id),
        T(test_send_unfinished), T(test_send_twice_at_once),
        T(test_refused_expires), T(test_shared_no_longer_than_trusted), T(test_refused_is_unshared),
        T(test_unreadable_share), T(test_threads),
    };
    apr_initialize();
    apr_pool_create(&root, NULL);
    int failed = cmocka_run_group_tests_name("engine2", tests, NULL, NULL);
    apr_pool_destroy(root);
    apr_terminate();
    return failed;
}
