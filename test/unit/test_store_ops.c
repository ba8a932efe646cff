/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: mariadb.c sql.c sql_collection.c sql_device.c sql_echo.c sql_folder.c sqlite.c */
/* Every operation of the store, on both databases. */
#include "store_test.h"

#include <apr_strings.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static apr_pool_t *pool;
static usm_store_t *store;
static const usm_store_vtable_t *vt;

static int setup(void **state)
{
    apr_pool_create(&pool, NULL);
    store = test_store(pool);
    vt = store->vt;
    return 0;
}

static int teardown(void **state)
{
    apr_pool_destroy(pool);
    return 0;
}

static void test_vtable_is_full(void **state)
{
    void *entries[sizeof(usm_store_vtable_t) / sizeof(void *)];
    memcpy(entries, vt, sizeof entries);
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        if (!entries[i])
            fail_msg("entry %d of the vtable is empty", (int)i);
    }
}

static void test_users_devices(void **state)
{
    usm_id_t id, again, other;
    int found;
    usm_device_row_t row = {.device_id = "Gerät-1", .device_type = "Fon\xf0\x9f\x93\xb1", .created = 11, .seen = 12};
    usm_device_row_t twin = {.device_id = "Gerät-1", .device_type = "x"}, got;
    usm_txn_t *txn = test_begin(store, USM_TXN_READ, pool);
    OK(vt->user_id(&id, txn, "1/4"));
    assert_int_equal(id, 0);
    OK(vt->commit(txn));

    txn = test_begin(store, USM_TXN_WRITE, pool);
    OK(vt->user_id(&id, txn, "1/4"));
    OK(vt->user_id(&again, txn, "1/4"));
    OK(vt->user_id(&other, txn, "1/5"));
    assert_true(id > 0);
    assert_int_equal(id, again);
    assert_int_not_equal(id, other);
    row.user = twin.user = id;
    OK(vt->device_add(txn, &row));
    OK(vt->device_add(txn, &twin));
    assert_int_equal(row.id, twin.id);
    OK(vt->device_get(&found, &got, txn, "1/4", "gerät-1", pool));
    assert_false(found);
    OK(vt->device_get(&found, &got, txn, "1/5", "Gerät-1", pool));
    assert_false(found);
    OK(vt->device_get(&found, &got, txn, "1/4", "Gerät-1", pool));
    assert_true(found);
    assert_int_equal(got.id, row.id);
    assert_int_equal(got.user, id);
    assert_string_equal(got.device_id, row.device_id);
    assert_string_equal(got.device_type, row.device_type);
    assert_string_equal(got.policy.digest, "");
    assert_int_equal(got.created, 11);
    assert_int_equal(got.seen, 12);
    usm_policy_t policy = {.key = 4294967295u, .pending_key = 7, .digest = "abc", .pending_digest = "def"};
    OK(vt->device_policy(txn, row.id, &policy));
    OK(vt->device_seen(txn, row.id, APR_INT64_C(1700000000123)));
    OK(vt->commit(txn));

    txn = test_begin(store, USM_TXN_READ, pool);
    OK(vt->device_get(&found, &got, txn, "1/4", "Gerät-1", pool));
    assert_int_equal(got.policy.key, 4294967295u);
    assert_int_equal(got.policy.pending_key, 7);
    assert_string_equal(got.policy.digest, "abc");
    assert_string_equal(got.policy.pending_digest, "def");
    assert_int_equal(got.seen, APR_INT64_C(1700000000123));
    vt->rollback(txn);
}

typedef struct sums_t {
    int count, ordered;
    usm_id_t user;
    char device[32];
    usm_device_sum_t first;
} sums_t;

static usm_error_t *see_sum(void *baton, const usm_device_sum_t *sum)
{
    sums_t *sums = baton;
    if (!sums->count++) {
        sums->first = *sum;
        sums->first.user_key = apr_pstrdup(pool, sum->user_key);
        sums->first.device.device_id = apr_pstrdup(pool, sum->device.device_id);
        sums->first.device.device_type = apr_pstrdup(pool, sum->device.device_type);
        sums->ordered = 1;
    } else if (sum->device.user < sums->user ||
               (sum->device.user == sums->user && strcmp(sum->device.device_id, sums->device) <= 0)) {
        sums->ordered = 0;
    }
    sums->user = sum->device.user;
    apr_cpystrn(sums->device, sum->device.device_id, sizeof sums->device);
    return NULL;
}

/* Only rows of the newest generation that the device really has are counted, the hierarchy's are not. */
static void test_device_scan(void **state)
{
    static const usm_item_row_t items[] = {
        {.id = "has", .born = 1, .died = USM_GEN_INF},       {.id = "had", .born = 1, .died = 2},
        {.id = "will lose", .born = 1, .died = 3},           {.id = "not yet", .born = 3, .died = USM_GEN_INF},
        {.id = "kept back", .born = 1, .died = USM_GEN_INF, .withheld = 1},
    };
    test_ids_t ids = test_collection(store, "1/4", pool);
    usm_id_t other;
    int done;
    sums_t sums = {0};
    usm_txn_t *txn = test_begin(store, USM_TXN_WRITE, pool);
    usm_collection_row_t tree = {.device = ids.device, .fid = 0, .cls = USM_FOLDER, .epoch = 5, .gen = 2, .prev = 1};
    usm_item_row_t folder = {.id = "1", .born = 1, .died = USM_GEN_INF};
    OK(vt->collection_reset(&done, txn, &tree, 0));
    assert_true(done);
    OK(vt->item_add(txn, tree.id, &folder));
    OK(vt->collection_advance(&done, txn, ids.collection, ids.epoch, 1, 2, 1, "", 0));
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++)
        OK(vt->item_add(txn, ids.collection, &items[i]));
    OK(vt->device_seen(txn, ids.device, APR_INT64_C(1700000000123)));
    OK(vt->device_scan(txn, 0, see_sum, &sums, pool));
    assert_int_equal(sums.count, 1);
    assert_string_equal(sums.first.user_key, "1/4");
    assert_int_equal(sums.first.device.id, ids.device);
    assert_int_equal(sums.first.device.user, ids.user);
    assert_int_equal(sums.first.device.seen, APR_INT64_C(1700000000123));
    assert_int_equal(sums.first.collections, 1);
    assert_int_equal(sums.first.items, 2);

    OK(vt->user_id(&other, txn, "1/5"));
    for (int i = 0; i < 600; i++) {
        usm_device_row_t row = {.user = i < 300 ? other : ids.user, .device_id = apr_psprintf(pool, "d%d", i),
                                .device_type = "t"};
        OK(vt->device_add(txn, &row));
    }
    memset(&sums, 0, sizeof sums);
    OK(vt->device_scan(txn, 0, see_sum, &sums, pool));
    assert_int_equal(sums.count, 601);
    assert_true(sums.ordered);
    memset(&sums, 0, sizeof sums);
    OK(vt->device_scan(txn, other, see_sum, &sums, pool));
    assert_int_equal(sums.count, 300);
    assert_true(sums.ordered);
    assert_string_equal(sums.first.user_key, "1/5");
    assert_int_equal(sums.first.collections, 0);
    assert_int_equal(sums.first.items, 0);
    memset(&sums, 0, sizeof sums);
    OK(vt->device_scan(txn, other + 1, see_sum, &sums, pool));
    assert_int_equal(sums.count, 0);
    OK(vt->commit(txn));
}

static void test_attrs(void **state)
{
    test_ids_t ids = test_collection(store, "1/4", pool);
    const char *value;
    char *big = apr_palloc(pool, 65537);
    memset(big, 'x', 65536);
    big[65536] = '\0';
    usm_txn_t *txn = test_begin(store, USM_TXN_WRITE, pool);
    OK(vt->attr_get(&value, txn, ids.device, "ping", pool));
    assert_null(value);
    OK(vt->attr_set(txn, ids.device, "ping", "a"));
    OK(vt->attr_set(txn, ids.device, "ping", "ü\xf0\x9f\x98\x80"));
    OK(vt->attr_set(txn, ids.device, "big", big));
    OK(vt->attr_set(txn, ids.device, "empty", ""));
    OK(vt->attr_get(&value, txn, ids.device, "ping", pool));
    assert_string_equal(value, "ü\xf0\x9f\x98\x80");
    OK(vt->attr_get(&value, txn, ids.device, "big", pool));
    assert_string_equal(value, big);
    OK(vt->attr_get(&value, txn, ids.device, "empty", pool));
    assert_string_equal(value, "");
    OK(vt->attr_set(txn, ids.device, "ping", NULL));
    OK(vt->attr_get(&value, txn, ids.device, "ping", pool));
    assert_null(value);
    OK(vt->commit(txn));
}

typedef struct names_t {
    char text[8192];
    int count;
    usm_txn_t *txn;
} names_t;

static usm_error_t *add_folder_name(void *baton, const usm_folder_row_t *row)
{
    names_t *names = baton;
    size_t len = strlen(names->text);
    snprintf(names->text + len, sizeof names->text - len, "%d=%s%s ", (int)row->fid, row->name, row->gone ? "!" : "");
    names->count++;
    return NULL;
}

static void test_folders(void **state)
{
    usm_id_t user;
    int found;
    names_t names = {0};
    usm_txn_t *txn = test_begin(store, USM_TXN_WRITE, pool);
    OK(vt->user_id(&user, txn, "1/4"));
    usm_folder_row_t a = {.user = user, .backend_id = "b/1", .name = "Eins", .cls = USM_EVENT, .role = USM_ROLE_DEFAULT,
                          .rights = USM_RIGHT_ALL, .token = "tok", .has_children = 1};
    usm_folder_row_t b = {.user = user, .backend_id = "b/2", .name = "Zwei", .parent = 1}, got;
    OK(vt->folder_add(txn, &a));
    OK(vt->folder_add(txn, &b));
    assert_int_equal(a.fid, 1);
    assert_int_equal(b.fid, 2);
    OK(vt->folder_get(&found, &got, txn, user, 1, pool));
    assert_true(found);
    assert_string_equal(got.backend_id, "b/1");
    assert_string_equal(got.token, "tok");
    assert_int_equal(got.cls, USM_EVENT);
    assert_int_equal(got.role, USM_ROLE_DEFAULT);
    assert_int_equal(got.rights, USM_RIGHT_ALL);
    assert_int_equal(got.has_children, 1);
    assert_int_equal(got.gone, 0);
    OK(vt->folder_get(&found, &got, txn, user, 2, pool));
    assert_string_equal(got.token, "");
    assert_int_equal(got.parent, 1);
    OK(vt->folder_get(&found, &got, txn, user, 3, pool));
    assert_false(found);
    usm_folder_row_t twin = b;
    twin.fid = 0;
    FAILS(USM_EEXISTS, vt->folder_add(txn, &twin));
    b.gone = 1;
    OK(vt->folder_update(txn, &b));
    OK(vt->folder_add(txn, &twin));
    assert_true(twin.fid > 2);
    twin.gone = 1;
    OK(vt->folder_update(txn, &twin));
    b.gone = 0;
    b.name = "Wieder";
    OK(vt->folder_update(txn, &b));
    OK(vt->folder_scan(txn, user, 0, add_folder_name, &names, pool));
    assert_string_equal(names.text, "1=Eins 2=Wieder ");
    memset(&names, 0, sizeof names);
    OK(vt->folder_scan(txn, user, 1, add_folder_name, &names, pool));
    assert_int_equal(names.count, 3);
    assert_non_null(strstr(names.text, "=Zwei! "));
    for (int i = 0; i < 600; i++) {
        usm_folder_row_t row = {.user = user, .backend_id = apr_psprintf(pool, "many/%d", i), .name = "m"};
        OK(vt->folder_add(txn, &row));
    }
    memset(&names, 0, sizeof names);
    OK(vt->folder_scan(txn, user, 1, add_folder_name, &names, pool));
    assert_int_equal(names.count, 603);
    OK(vt->commit(txn));
}

static void test_collections(void **state)
{
    test_ids_t ids = test_collection(store, "1/4", pool);
    usm_collection_row_t row;
    usm_folder_row_t folder;
    int found, done;
    usm_txn_t *txn = test_begin(store, USM_TXN_WRITE, pool);
    OK(vt->collection_get(&found, &row, &folder, txn, ids.device, ids.user, ids.fid, pool));
    assert_true(found);
    assert_int_equal(row.id, ids.collection);
    assert_int_equal(row.device, ids.device);
    assert_int_equal(row.since, USM_TIME_NONE);
    assert_null(row.cursor);
    assert_null(row.options);
    assert_string_equal(row.lease, "");
    assert_string_equal(folder.backend_id, "default0/INBOX");
    assert_int_equal(folder.fid, ids.fid);
    OK(vt->collection_get(&found, &row, &folder, txn, ids.device, ids.user, 99, pool));
    assert_false(found);
    assert_int_equal(folder.fid, 0);
    OK(vt->collection_get(&found, &row, &folder, txn, ids.device + 1, ids.user, ids.fid, pool));
    assert_false(found);
    assert_int_equal(folder.fid, ids.fid);
    OK(vt->collection_get(&found, &row, NULL, txn, ids.device, ids.user, 0, pool));
    assert_false(found);
    usm_collection_row_t tree = {.device = ids.device, .fid = 0, .cls = USM_FOLDER, .epoch = 5, .gen = 1, .prev = 1};
    OK(vt->collection_reset(&done, txn, &tree, 0));
    assert_true(done);
    OK(vt->collection_get(&found, &row, NULL, txn, ids.device, ids.user, 0, pool));
    assert_true(found);
    assert_int_equal(row.id, tree.id);
    assert_int_not_equal(row.id, ids.collection);

    OK(vt->collection_cursor(txn, ids.collection, ids.epoch, "{\"n\":1}", -5, 1, 99));
    OK(vt->collection_cursor(txn, ids.collection, ids.epoch + 1, "other epoch", 1, 0, 1));
    OK(vt->collection_options(txn, ids.collection, "opt"));
    OK(vt->collection_advance(&done, txn, ids.collection, ids.epoch + 1, 1, 2, 1, "", 0));
    assert_false(done);
    OK(vt->collection_advance(&done, txn, ids.collection, ids.epoch, 2, 3, 2, "", 0));
    assert_false(done);
    OK(vt->collection_lease(&done, txn, ids.collection, ids.epoch, "a", 100, 200));
    OK(vt->collection_advance(&done, txn, ids.collection, ids.epoch, 1, 2, 1, "", 199)); /* another one's lease */
    assert_false(done);
    OK(vt->collection_unlease(txn, ids.collection, "a"));
    OK(vt->collection_advance(&done, txn, ids.collection, ids.epoch, 1, 2, 1, "", 0));
    assert_true(done);
    OK(vt->collection_get(&found, &row, NULL, txn, ids.device, ids.user, ids.fid, pool));
    assert_string_equal(row.cursor, "{\"n\":1}");
    assert_string_equal(row.options, "opt");
    assert_int_equal(row.since, -5);
    assert_int_equal(row.open_tasks_only, 1);
    assert_int_equal(row.full_at, 99);
    assert_int_equal(row.gen, 2);
    assert_int_equal(row.prev, 1);

    usm_item_row_t item = {.id = "x", .born = 2, .died = USM_GEN_INF, .edge = USM_TIME_NONE};
    usm_pending_row_t pending = {.id = "y"};
    usm_echo_row_t echo = {.collection = ids.collection, .device = ids.device, .cid = "c"};
    OK(vt->item_add(txn, ids.collection, &item));
    OK(vt->pending_put(txn, ids.collection, &pending));
    OK(vt->echo_put(txn, &echo));
    row.epoch = 78;
    row.gen = row.prev = 1;
    row.cursor = NULL;
    usm_collection_row_t late = row; /* another one has started over meanwhile */
    OK(vt->collection_reset(&done, txn, &late, 0));
    assert_false(done);
    OK(vt->collection_reset(&done, txn, &late, ids.epoch + 1));
    assert_false(done);
    OK(vt->item_get(&found, &item, txn, row.id, 2, "x", pool));
    assert_true(found);
    OK(vt->collection_reset(&done, txn, &row, ids.epoch));
    assert_true(done);
    assert_int_equal(row.id, ids.collection);
    OK(vt->item_get(&found, &item, txn, row.id, 2, "x", pool));
    assert_false(found);
    OK(vt->pending_get(&found, &pending, txn, row.id, "y", pool));
    assert_false(found);
    OK(vt->echo_get(&found, &echo, txn, row.id, ids.device, 0, 0, "c", pool));
    assert_false(found);
    OK(vt->collection_delete(txn, row.id));
    OK(vt->collection_get(&found, &row, NULL, txn, ids.device, ids.user, ids.fid, pool));
    assert_false(found);
    OK(vt->commit(txn));
}

static void test_lease(void **state)
{
    static const struct {
        const char *owner;
        usm_time_t now, until;
        int epoch_off, want;
    } rows[] = {
        {"a", 100, 200, 0, 1}, /* free */
        {"b", 150, 250, 0, 0}, /* held */
        {"a", 160, 300, 0, 1}, /* renewed by its owner */
        {"b", 299, 400, 0, 0},
        {"b", 300, 400, 1, 0}, /* of another epoch */
        {"b", 300, 400, 0, 1}, /* over */
        {"a", 301, 400, 0, 0},
    };
    test_ids_t ids = test_collection(store, "1/4", pool);
    int done, found;
    usm_collection_row_t row;
    usm_txn_t *txn = test_begin(store, USM_TXN_WRITE, pool);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        OK(vt->collection_lease(&done, txn, ids.collection, ids.epoch + rows[i].epoch_off, rows[i].owner, rows[i].now,
                                rows[i].until));
        if (done != rows[i].want)
            fail_msg("row %d: done is %d", (int)i, done);
    }
    OK(vt->collection_unlease(txn, ids.collection, "a"));
    OK(vt->collection_get(&found, &row, NULL, txn, ids.device, ids.user, ids.fid, pool));
    assert_string_equal(row.lease, "b");
    assert_int_equal(row.lease_until, 400);
    OK(vt->collection_unlease(txn, ids.collection, "b"));
    OK(vt->collection_lease(&done, txn, ids.collection, ids.epoch, "c", 1, 500));
    assert_true(done);
    OK(vt->collection_advance(&done, txn, ids.collection, ids.epoch, 1, 2, 1, "", 0));
    OK(vt->collection_get(&found, &row, NULL, txn, ids.device, ids.user, ids.fid, pool));
    assert_string_equal(row.lease, "c"); /* it is its owner's to give back */
    OK(vt->commit(txn));
}

static void test_echo(void **state)
{
    test_ids_t ids = test_collection(store, "1/4", pool);
    int found;
    usm_echo_row_t got;
    usm_echo_row_t row = {.collection = ids.collection, .device = ids.device, .base = 3, .kind = USM_ECHO_ADD,
                          .cid = "cid", .digest = APR_UINT64_MAX, .edge = USM_TIME_NONE, .at = 50};
    usm_txn_t *txn = test_begin(store, USM_TXN_WRITE, pool);
    OK(vt->echo_put(txn, &row));
    OK(vt->echo_get(&found, &got, txn, ids.collection, ids.device, 3, USM_ECHO_ADD, "cid", pool));
    assert_true(found);
    assert_true(got.digest == APR_UINT64_MAX);
    assert_int_equal(got.done, 0);
    assert_null(got.id);
    assert_int_equal(got.edge, USM_TIME_NONE);
    assert_int_equal(got.at, 50);
    row.done = 1;
    row.code = USM_ECONFLICT;
    row.id = "made";
    row.rev = APR_UINT64_C(1) << 63;
    row.edge = 8;
    OK(vt->echo_put(txn, &row));
    OK(vt->echo_get(&found, &got, txn, ids.collection, ids.device, 3, USM_ECHO_ADD, "cid", pool));
    assert_int_equal(got.done, 1);
    assert_int_equal(got.code, USM_ECONFLICT);
    assert_string_equal(got.id, "made");
    assert_true(got.rev == APR_UINT64_C(1) << 63);
    assert_int_equal(got.edge, 8);
    OK(vt->echo_get(&found, &got, txn, ids.collection, ids.device, 3, USM_ECHO_CHANGE, "cid", pool));
    assert_false(found);
    OK(vt->echo_get(&found, &got, txn, 0, ids.device, 3, USM_ECHO_ADD, "cid", pool));
    assert_false(found);
    OK(vt->purge(txn, ids.collection, 3, USM_OLD_ALL));
    OK(vt->echo_get(&found, &got, txn, ids.collection, ids.device, 3, USM_ECHO_ADD, "cid", pool));
    assert_true(found);
    OK(vt->purge(txn, ids.collection, 4, USM_OLD_ALL));
    OK(vt->echo_get(&found, &got, txn, ids.collection, ids.device, 3, USM_ECHO_ADD, "cid", pool));
    assert_false(found);
    OK(vt->commit(txn));
}

static int sends_left(usm_txn_t *txn, usm_id_t device)
{
    int left = 0;
    for (int i = 1; i <= 20; i++) {
        usm_echo_row_t got;
        int found;
        OK(vt->echo_get(&found, &got, txn, 0, device, 0, USM_ECHO_SEND, apr_psprintf(pool, "send%d", i), pool));
        left += found;
    }
    return left;
}

static void test_sends(void **state)
{
    /* 20 sends at the times 10, 20 … 200 */
    static const struct {
        int keep;
        usm_time_t after;
        int left;
    } rows[] = {{100, 1000, 20}, {5, 0, 20}, {5, 100, 11}, {5, 1000, 5}, {2, 190, 2}, {0, 195, 1}, {0, 1000, 0}};
    test_ids_t ids = test_collection(store, "1/4", pool);
    usm_txn_t *txn = test_begin(store, USM_TXN_WRITE, pool);
    for (int i = 1; i <= 20; i++) {
        usm_echo_row_t row = {.device = ids.device, .kind = USM_ECHO_SEND, .at = i * 10, .edge = USM_TIME_NONE,
                              .cid = apr_psprintf(pool, "send%d", i)};
        OK(vt->echo_put(txn, &row));
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        OK(vt->echo_trim_sends(txn, ids.device, rows[i].keep, rows[i].after));
        if (sends_left(txn, ids.device) != rows[i].left)
            fail_msg("row %d: %d left, not %d", (int)i, sends_left(txn, ids.device), rows[i].left);
    }
    OK(vt->commit(txn));
}

static void test_logins(void **state)
{
    const char *value;
    usm_time_t now = APR_INT64_C(1700000000000);
    usm_txn_t *txn = test_begin(store, USM_TXN_WRITE, pool);
    OK(vt->login_set(txn, "n1", "sealed", now));
    OK(vt->login_get(&value, txn, "n1", now + 1, pool));
    assert_null(value);
    OK(vt->login_get(&value, txn, "n1", now, pool));
    assert_string_equal(value, "sealed");
    OK(vt->login_set(txn, "n1", "again", now + 5));
    OK(vt->login_get(&value, txn, "n1", now, pool));
    assert_string_equal(value, "again");
    OK(vt->login_set(txn, "n2", "x", now + 40 * USM_DAY_MS));
    OK(vt->login_get(&value, txn, "n1", 0, pool));
    assert_null(value);
    OK(vt->login_set(txn, "n2", NULL, 0));
    OK(vt->login_get(&value, txn, "n2", 0, pool));
    assert_null(value);
    OK(vt->commit(txn));
}

static void test_device_delete(void **state)
{
    static const char *const tables[] = {"device", "device_attr", "collection", "item", "pending", "echo", "sent"};
    apr_pool_t *own;
    usm_store_t *other;
    apr_pool_create(&own, pool);
    const char *url = test_fresh_url(own);
    OK(vt->open(&other, url, 2, NULL, own));
    test_ids_t ids = test_collection(other, "1/4", own);
    usm_txn_t *txn = test_begin(other, USM_TXN_WRITE, own);
    usm_item_row_t item = {.id = "x", .born = 2, .died = USM_GEN_INF, .edge = 4};
    usm_pending_row_t pending = {.id = "y"};
    usm_echo_row_t echo = {.collection = ids.collection, .device = ids.device, .cid = "c"};
    OK(vt->attr_set(txn, ids.device, "n", "v"));
    OK(vt->item_add(txn, ids.collection, &item));
    OK(vt->pending_put(txn, ids.collection, &pending));
    OK(vt->echo_put(txn, &echo));
    echo.collection = 0;
    OK(vt->echo_put(txn, &echo));
    OK(vt->commit(txn));
    usm__db_t *db = test_connect(url, own);
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        assert_string_equal(test_value(db, apr_psprintf(own, "SELECT COUNT(*) FROM %s", tables[i]), own), "1");
    txn = test_begin(other, USM_TXN_WRITE, own);
    OK(vt->device_delete(txn, ids.device));
    OK(vt->commit(txn));
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        assert_string_equal(test_value(db, apr_psprintf(own, "SELECT COUNT(*) FROM %s", tables[i]), own), "0");
    assert_string_equal(test_value(db, "SELECT COUNT(*) FROM folder", own), "1");
    apr_pool_destroy(own);
}

static void test_limits(void **state)
{
    test_ids_t ids = test_collection(store, "1/4", pool);
    char id[300];
    int found;
    usm_item_row_t row = {.id = id, .born = 2, .died = USM_GEN_INF, .rev = 1, .edge = USM_TIME_NONE}, got;
    usm_txn_t *txn = test_begin(store, USM_TXN_WRITE, pool);
    memset(id, 'i', sizeof id);
    id[255] = '\0';
    OK(vt->item_add(txn, ids.collection, &row));
    OK(vt->item_get(&found, &got, txn, ids.collection, 2, id, pool));
    assert_true(found);
    assert_string_equal(got.id, id);
    id[255] = 'i';
    id[256] = '\0';
    FAILS(USM_ELIMIT, vt->item_add(txn, ids.collection, &row));
    OK(vt->commit(txn));
}

static void test_file_mode(void **state)
{
    struct stat st;
    if (test_dialect != USM__SQLITE)
        return;
    const char *url = test_fresh_url(pool);
    usm_store_t *other;
    OK(vt->open(&other, url, 0, NULL, pool));
    assert_int_equal(stat(apr_pstrmemdup(pool, url + 7, strcspn(url + 7, "?")), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static usm_error_t *see_audit(void *baton, const usm_audit_row_t *row)
{
    char *seen = baton;
    apr_snprintf(seen + strlen(seen), 400 - strlen(seen), "%s %s %s %s %s;", row->user_key, row->device_id, row->actor,
                 row->action, row->detail);
    return NULL;
}

/* What is decided holds before the device comes, comes with its row, and outlives it. */
static void test_standing(void **state)
{
    usm_id_t user;
    usm_standing_t standing = {.access = USM_ACCESS_BLOCK, .wipe = USM_WIPE_ASKED, .account_only = 1, .changed = 77};
    usm_device_row_t row = {.device_id = "one", .device_type = "Phone", .created = 1, .seen = 1}, got;
    int found, all, alike;
    usm_txn_t *txn = test_begin(store, USM_TXN_WRITE, pool);
    OK(vt->user_id(&user, txn, "1/77"));
    row.user = user;
    OK(vt->standing_put(txn, user, "one", &standing));
    OK(vt->device_add(txn, &row));
    OK(vt->device_count(&all, &alike, txn, user, "Outlook"));
    assert_int_equal(all, 1);
    assert_int_equal(alike, 0);
    OK(vt->device_count(&all, &alike, txn, user, "Phone"));
    assert_int_equal(alike, 1);
    OK(vt->device_get(&found, &got, txn, "1/77", "one", pool));
    assert_true(found && got.standing.access == USM_ACCESS_BLOCK && got.standing.wipe == USM_WIPE_ASKED);
    assert_true(got.standing.account_only && got.standing.changed == 77);
    OK(vt->device_delete(txn, row.id));
    OK(vt->standing_get(&standing, txn, user, "one"));
    assert_int_equal(standing.access, USM_ACCESS_BLOCK);
    standing = (usm_standing_t){.access = USM_ACCESS_UNSET};
    OK(vt->standing_put(txn, user, "one", &standing)); /* nothing is kept of it */
    OK(vt->device_add(txn, &row));
    OK(vt->device_get(&found, &got, txn, "1/77", "one", pool));
    assert_true(found && got.standing.access == USM_ACCESS_UNSET && got.standing.wipe == USM_WIPE_NONE);
    OK(vt->commit(txn));
}

static void test_audit(void **state)
{
    usm_id_t users[2];
    char seen[400] = "";
    usm_txn_t *txn = test_begin(store, USM_TXN_WRITE, pool);
    OK(vt->user_id(&users[0], txn, "2/1"));
    OK(vt->user_id(&users[1], txn, "2/2"));
    for (int i = 0; i < 3; i++) {
        usm_audit_row_t row = {.user = users[i % 2], .device_id = "d", .at = i, .actor = "anna",
                               .action = apr_psprintf(pool, "act%d", i), .detail = i ? "why" : ""};
        OK(vt->audit_add(txn, &row));
    }
    OK(vt->commit(txn));
    txn = test_begin(store, USM_TXN_READ, pool);
    OK(vt->audit_scan(txn, users[0], see_audit, seen, pool));
    assert_string_equal(seen, "2/1 d anna act0 ;2/1 d anna act2 why;");
    *seen = '\0';
    OK(vt->audit_scan(txn, 0, see_audit, seen, pool));
    assert_string_equal(seen, "2/1 d anna act0 ;2/2 d anna act1 why;2/1 d anna act2 why;");
    OK(vt->commit(txn));
}

static void test_remade(void **state)
{
    usm_id_t user;
    usm_remade_row_t row = {.cls = USM_TASK, .id = "5", .root = "5", .uid = "uid-5", .at = 10}, got;
    int found, done;
    usm_txn_t *txn = test_begin(store, USM_TXN_WRITE, pool);
    OK(vt->user_id(&user, txn, "1/4"));
    row.user = user;
    OK(vt->remade_get(&found, &got, txn, user, USM_TASK, "5", pool));
    assert_false(found);
    OK(vt->remade_add(txn, &row));
    row.uid = "another";
    OK(vt->remade_add(txn, &row)); /* the first stays, and the transaction goes on */
    row.id = "6";
    row.uid = "uid-5";
    row.at = 20;
    OK(vt->remade_add(txn, &row));
    OK(vt->commit(txn));

    txn = test_begin(store, USM_TXN_WRITE, pool);
    OK(vt->remade_get(&found, &got, txn, user, USM_CONTACT, "5", pool));
    assert_false(found);
    OK(vt->remade_get(&found, &got, txn, user, USM_TASK, "6", pool));
    assert_true(found);
    assert_string_equal(got.uid, "uid-5");
    assert_string_equal(got.root, "5");
    OK(vt->remade_lease(&done, txn, &got, "one", 30, 40)); /* of a later one: the root's row has it */
    assert_true(done);
    OK(vt->remade_lease(&done, txn, &got, "two", 39, 50));
    assert_false(done);
    OK(vt->remade_unlease(txn, &got, "two"));
    OK(vt->remade_get(&found, &got, txn, user, USM_TASK, "5", pool));
    assert_string_equal(got.uid, "uid-5");
    assert_string_equal(got.lease, "one");
    assert_int_equal(got.at, 30);
    OK(vt->remade_lease(&done, txn, &got, "two", 40, 50)); /* it ran out */
    assert_true(done);
    OK(vt->remade_unlease(txn, &got, "two"));
    OK(vt->remade_lease(&done, txn, &got, "one", 41, 50));
    assert_true(done);
    OK(vt->remade_trim(txn, user, 41));
    OK(vt->remade_get(&found, &got, txn, user, USM_TASK, "6", pool));
    assert_false(found);
    OK(vt->remade_get(&found, &got, txn, user, USM_TASK, "5", pool));
    assert_true(found);
    OK(vt->commit(txn));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_vtable_is_full, setup, teardown),
        cmocka_unit_test_setup_teardown(test_users_devices, setup, teardown),
        cmocka_unit_test_setup_teardown(test_device_scan, setup, teardown),
        cmocka_unit_test_setup_teardown(test_attrs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_folders, setup, teardown),
        cmocka_unit_test_setup_teardown(test_collections, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lease, setup, teardown),
        cmocka_unit_test_setup_teardown(test_echo, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sends, setup, teardown),
        cmocka_unit_test_setup_teardown(test_logins, setup, teardown),
        cmocka_unit_test_setup_teardown(test_standing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_audit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_remade, setup, teardown),
        cmocka_unit_test_setup_teardown(test_device_delete, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_file_mode, setup, teardown),
    };
    return store_test_main(argv, tests, sizeof tests / sizeof tests[0]);
}
