/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: bad.c */
/* Items that cannot be read or sent: the others arrive, nothing is asked for again and again, and what is cured comes.
 * Commands that the server refuses for good: answered from memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <apr_file_io.h>
#include <apr_general.h>
#include <stdio.h>
#include <string.h>
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
static char db_path[200], key[70], folder[20];
static apr_hash_t *held; /* what the device has: server id → first name */

static usm_session_t *session_of(apr_pool_t *p)
{
    usm_login_t *login;
    usm_session_t *session;
    OK(usm_login(&login, ctx, "anton", "secret", NULL, p));
    OK(usm_session_open(&session, ctx, login, "secret", "phone", "Test", 0, NULL, p));
    return session;
}

static void take(apr_hash_t *items, const usm_change_t *change)
{
    int known = apr_hash_get(items, change->id, APR_HASH_KEY_STRING) != NULL;
    if (known == (change->kind == USM_CHANGE_ADD))
        fail_msg("change of kind %d for %s", change->kind, change->id);
    const char *name = change->item ? usm_item_text(change->item, USM_CONTACT_FIRST_NAME) : NULL;
    apr_hash_set(items, apr_pstrdup(pool, change->id), APR_HASH_KEY_STRING,
                 change->item ? apr_pstrdup(pool, name ? name : "") : NULL);
}

/* One turn with a command (may be NULL), its answer taken unless @a lost. @return class of the turn's error, -1: none.
 * *status_p: code of the command's outcome. An item called "unsendable" the caller cannot send. */
static int turn(const usm_item_t *add, const char *client_id, int lost, apr_status_t *status_p)
{
    apr_pool_t *p;
    usm_turn_t *t = NULL;
    const usm_change_t *change;
    const char *next = key;
    apr_pool_create(&p, pool);
    usm_turn_params_t params = {.folder = *folder ? folder : NULL, .key = key, .since = USM_TIME_NONE, .window = 100};
    for (int f = 0; f < usm_class_fields(USM_CONTACT); f++)
        USM_FIELDSET_ADD(&params.fetch.fields, f);
    apr_hash_t *after = apr_hash_copy(pool, held);
    usm_error_t *err = usm_turn_open(&t, session_of(p), &params, p);
    if (!err && add) {
        usm_outcome_t out;
        err = usm_turn_add(&out, t, client_id, add);
        *status_p = usm_error_code(out.error);
    }
    while (!err && !(err = usm_turn_next(&change, t, p)) && change) {
        if (change->item && *folder && usm_item_isset(change->item, USM_CONTACT_FIRST_NAME) &&
            strcmp(usm_item_text(change->item, USM_CONTACT_FIRST_NAME), "unsendable") == 0)
            usm_turn_withhold(t, "no such letter");
        else if (*folder)
            take(after, change);
    }
    if (!err && usm_turn_more(t))
        fail_msg("more is said to be there");
    if (!err)
        err = usm_turn_close(&next, t, p);
    int cls = err ? (int)usm_error_class(err) : -1;
    if (!err && !lost) {
        apr_cpystrn(key, next, sizeof key);
        held = after;
    }
    apr_pool_destroy(p);
    return cls;
}

static void exchange(void)
{
    assert_int_equal(turn(NULL, NULL, 0, NULL), -1);
}

/* ---- the listing ---- */

static usm_bad_row_t last_bad;

static usm_error_t *on_bad(void *baton, const usm_bad_row_t *row)
{
    ++*(int *)baton;
    last_bad = *row;
    last_bad.item = apr_pstrdup(pool, row->item);
    last_bad.reason = apr_pstrdup(pool, row->reason);
    return NULL;
}

static int bad_count(void)
{
    int count = 0;
    usm_txn_t *txn;
    OK(ctx->store_vt->begin(&txn, ctx->store, USM_TXN_READ, NULL, pool));
    OK(ctx->store_vt->bad_list(txn, 0, on_bad, &count, pool));
    OK(ctx->store_vt->commit(txn));
    return count;
}

/* As if the time of the next try had come. */
static void time_passes(void)
{
    usm_txn_t *txn;
    usm_collection_row_t coll;
    int found;
    OK(ctx->store_vt->begin(&txn, ctx->store, USM_TXN_WRITE, NULL, pool));
    OK(ctx->store_vt->collection_get(&found, &coll, NULL, txn, 1, 1, apr_atoi64(folder), pool));
    assert_true(found && coll.retry_at != USM_TIME_NONE);
    OK(ctx->store_vt->collection_retry(txn, coll.id, 1));
    OK(ctx->store_vt->commit(txn));
}

static int setup(void **state)
{
    usm_config_t config = {.backend_url = "fake:", .full_compare_s = 100000};
    const char *dir;
    static int n;
    if (apr_pool_create(&pool, root))
        return 1;
    apr_temp_dir_get(&dir, pool);
    snprintf(db_path, sizeof db_path, "%s/usm-bad-%ld-%d.db", dir, (long)getpid(), n++);
    fake_reset();
    config.store = apr_pstrcat(pool, "sqlite:", db_path, NULL);
    OK(usm__context_make(&ctx, &config, usm_store_sql(), fake_backend(), pool));
    held = apr_hash_make(pool);
    *folder = '\0';
    snprintf(key, sizeof key, "0");
    exchange(); /* the hierarchy */
    usm_txn_t *txn;
    usm_folder_row_t row = {0};
    int found = 0;
    OK(ctx->store_vt->begin(&txn, ctx->store, USM_TXN_READ, NULL, pool));
    for (int fid = 1; fid < 10 && (!found || strcmp(row.backend_id, "32") != 0); fid++)
        OK(ctx->store_vt->folder_get(&found, &row, txn, 1, fid, pool));
    OK(ctx->store_vt->commit(txn));
    snprintf(folder, sizeof folder, "%" APR_INT64_T_FMT, row.fid);
    snprintf(key, sizeof key, "0");
    exchange();
    return 0;
}

static int teardown(void **state)
{
    apr_pool_destroy(pool);
    remove(db_path);
    remove(apr_pstrcat(root, db_path, "-wal", NULL));
    remove(apr_pstrcat(root, db_path, "-shm", NULL));
    return 0;
}

static void fill(int n)
{
    for (int i = 0; i < n; i++)
        fake_add("32", apr_psprintf(pool, "First%d", i), "Last");
}

/* ---- tests ---- */

/* One that is unreadable by itself, one that makes the whole call fail: the rest arrives, once. */
static void test_others_arrive(void **state)
{
    static const int broken[] = {USM_EINVALID, -USM_EINVALID, USM_ELIMIT, -USM_EBACKEND};
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        fill(30);
        unsigned before = apr_hash_count(held);
        fake_item_t *item = &fake.items[fake.count - 7];
        item->broken = broken[i];
        exchange();
        assert_int_equal(apr_hash_count(held), before + 29);
        assert_int_equal(bad_count(), 1);
        assert_string_equal(last_bad.item, item->id);
        assert_true(*last_bad.reason && last_bad.at > 0);
        assert_int_equal(last_bad.code, broken[i] < 0 ? -broken[i] : broken[i]);
        int gets = fake.gets;
        exchange();
        assert_int_equal(fake.gets, gets);
        item->broken = 0;
        fake_touch(item);
        exchange();
        assert_int_equal(apr_hash_count(held), before + 30);
        assert_int_equal(bad_count(), 0);
    }
}

/* The device keeps the version it has, and gets the next that can be read as a change. */
static void test_known_item(void **state)
{
    fill(2);
    exchange();
    fake_item_t *item = &fake.items[0];
    snprintf(item->text[0], sizeof item->text[0], "New");
    item->broken = USM_EINVALID;
    fake_touch(item);
    exchange();
    assert_int_equal(apr_hash_count(held), 2);
    assert_int_equal(bad_count(), 1);
    const char *id = apr_psprintf(pool, "%s:%s", folder, item->id);
    assert_string_equal(apr_hash_get(held, id, APR_HASH_KEY_STRING), "First0");
    item->broken = 0;
    fake_touch(item);
    exchange();
    assert_string_equal(apr_hash_get(held, id, APR_HASH_KEY_STRING), "New");
    assert_int_equal(bad_count(), 0);

    item->broken = USM_EINVALID; /* broken, and then as it was before */
    fake_touch(item);
    exchange();
    item->broken = 0;
    fake_touch(item);
    exchange();
    assert_int_equal(bad_count(), 0);
    item->broken = USM_EINVALID; /* broken, and then gone */
    fake_touch(item);
    exchange();
    fake_remove(item);
    exchange();
    assert_int_equal(apr_hash_count(held), 1);
    assert_int_equal(bad_count(), 0);
}

/* The answer that held something back is lost: the same again. */
static void test_lost_answer(void **state)
{
    fill(3);
    fake.items[1].broken = USM_EINVALID;
    for (int i = 2; i >= 0; i--)
        assert_int_equal(turn(NULL, NULL, i, NULL), -1);
    assert_int_equal(apr_hash_count(held), 2);
    assert_int_equal(bad_count(), 1);
    fake.items[1].broken = 0;
    fake_touch(&fake.items[1]);
    for (int i = 2; i >= 0; i--)
        assert_int_equal(turn(NULL, NULL, i, NULL), -1);
    assert_int_equal(apr_hash_count(held), 3);
    assert_int_equal(bad_count(), 0);
}

/* What the caller cannot send. */
static void test_unsendable(void **state)
{
    fill(3);
    snprintf(fake.items[1].text[0], sizeof fake.items[1].text[0], "unsendable");
    exchange();
    assert_int_equal(apr_hash_count(held), 2);
    assert_int_equal(bad_count(), 1);
    assert_string_equal(last_bad.reason, "no such letter");
    snprintf(fake.items[0].text[0], sizeof fake.items[0].text[0], "unsendable"); /* the device has an older version */
    fake_touch(&fake.items[0]);
    exchange();
    assert_int_equal(apr_hash_count(held), 2);
    assert_int_equal(bad_count(), 2);
    for (int i = 0; i < 2; i++) {
        snprintf(fake.items[i].text[0], sizeof fake.items[i].text[0], "cured");
        fake_touch(&fake.items[i]);
    }
    exchange();
    assert_int_equal(apr_hash_count(held), 3);
    assert_int_equal(bad_count(), 0);
}

/* An error that may pass is tried again after a while, though the item has not changed. */
static void test_passing_error(void **state)
{
    fill(5);
    fake.items[2].broken = -USM_EBACKEND;
    exchange();
    assert_int_equal(bad_count(), 1);
    assert_int_equal(last_bad.retry, 1);
    for (int i = 0; i < 2; i++) {
        time_passes();
        exchange(); /* still broken: held back once more */
        assert_int_equal(apr_hash_count(held), 4);
        assert_int_equal(bad_count(), 1);
    }
    fake.items[2].broken = 0;
    exchange();
    assert_int_equal(apr_hash_count(held), 4); /* not yet */
    time_passes();
    exchange();
    assert_int_equal(apr_hash_count(held), 5);
    assert_int_equal(bad_count(), 0);
}

/* Nothing can be read: for a minute the server's fault, then the item's. */
static void test_nothing_readable(void **state)
{
    fill(1);
    fake.items[0].broken = -USM_EBACKEND;
    assert_int_equal(turn(NULL, NULL, 0, NULL), USM_CLASS_TEMP);
    assert_int_equal(turn(NULL, NULL, 0, NULL), USM_CLASS_TEMP);
    assert_int_equal(bad_count(), 0);
    time_passes();
    exchange();
    assert_int_equal(bad_count(), 1);
    fake.items[0].broken = 0;
    time_passes();
    exchange();
    assert_int_equal(apr_hash_count(held), 1);
}

/* Not an item's fault: the folder may not be read, or the server is down. */
static void test_whole_folder(void **state)
{
    static const struct {
        int code, cls;
    } rows[] = {{USM_EFORBIDDEN, USM_CLASS_PERM}, {USM_EUNAVAILABLE, USM_CLASS_UNAVAILABLE}};
    fill(4);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fake.items[2].broken = -rows[i].code;
        assert_int_equal(turn(NULL, NULL, 0, NULL), rows[i].cls);
        assert_int_equal(bad_count(), 0);
    }
    fake.items[2].broken = 0;
    exchange();
    assert_int_equal(apr_hash_count(held), 4);
}

static int calls;

static void count_call(void)
{
    calls++;
}

/* Refused for good: the same under another key and client id is answered without the server; another item is not. */
static void test_refused(void **state)
{
    usm_item_t *item = usm_item_create(USM_CONTACT, pool), *other = usm_item_create(USM_CONTACT, pool);
    apr_status_t first = 0, again = 0, good = 0;
    usm_item_set_text(item, USM_CONTACT_FIRST_NAME, "refuse");
    usm_item_set_text(other, USM_CONTACT_FIRST_NAME, "Ada");
    assert_int_equal(turn(item, "c1", 1, &first), -1);
    assert_int_equal(turn(item, "c1", 0, &again), -1);
    assert_int_equal(first, USM_EINVALID);
    assert_int_equal(again, USM_EINVALID);
    assert_int_equal(bad_count(), 1);
    assert_int_equal(last_bad.kind, USM_ECHO_ADD + 1);
    assert_string_equal(last_bad.item, "c1");
    calls = 0;
    fake.on_call = count_call;
    exchange();
    int idle = calls;
    for (int i = 0; i < 3; i++) {
        calls = 0;
        assert_int_equal(turn(item, apr_psprintf(pool, "again%d", i), 0, &again), -1);
        assert_int_equal(again, USM_EINVALID);
        assert_true(calls <= idle + 1); /* detection alone */
    }
    fake.on_call = NULL;
    assert_int_equal(bad_count(), 1);
    assert_int_equal(turn(other, "c2", 0, &good), -1);
    assert_int_equal(good, 0);
    assert_int_equal(fake.adds, 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {T(test_others_arrive),    T(test_known_item),   T(test_lost_answer),
                                       T(test_unsendable),       T(test_passing_error), T(test_nothing_readable),
                                       T(test_whole_folder),     T(test_refused)};
    apr_initialize();
    apr_pool_create(&root, NULL);
    int failed = cmocka_run_group_tests_name("bad", tests, NULL, NULL);
    apr_pool_destroy(root);
    apr_terminate();
    return failed;
}
