/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: apply.c detect.c lease.c merge.c next.c runs.c turn.c watch.c */
/* The engine against a server in memory and a store in SQLite: lost answers, repeats, conflicts, windows, withheld
 * items, and a random walk in which the device must end up with exactly what the server has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/core.h"
#include "fake_backend.h"

/* ---- a device that keeps what it is told ---- */

typedef struct held_t {
    char id[70], text[4][40];
    int alive;
} held_t;

typedef struct device_t {
    char name[20], folder[20], key[70];
    held_t held[FAKE_ITEMS];
    int count, next_cid;
    usm_time_t since;
} device_t;

static const int text_fields[4] = {USM_CONTACT_FIRST_NAME, USM_CONTACT_LAST_NAME, USM_CONTACT_COMPANY,
                                   USM_CONTACT_JOB_TITLE};
static apr_pool_t *root, *test_pool;
static usm_context_t *ctx;
static char db_path[200];
static device_t dev, saved, dev2;

#define OK(expr)                                                                                                       \
    do {                                                                                                               \
        usm_error_t *e_ = (expr);                                                                                      \
        if (e_)                                                                                                        \
            fail_msg("%s: %s", #expr, usm_error_text(e_, test_pool));                                                  \
    } while (0)

/* DST is an array. */
#define put(dst, src) apr_cpystrn(dst, src, sizeof(dst))

static usm_session_t *session_of(device_t *d, apr_pool_t *pool)
{
    usm_login_t *login;
    usm_session_t *session;
    OK(usm_login(&login, ctx, "anton", "secret", NULL, pool));
    OK(usm_session_open(&session, ctx, login, "secret", d->name, "Test", 0, NULL, pool));
    return session;
}

static void params_for(usm_turn_params_t *p, device_t *d, int window)
{
    memset(p, 0, sizeof *p);
    p->folder = *d->folder ? d->folder : NULL;
    p->key = d->key;
    p->since = d->since;
    p->window = window;
    for (int f = 0; f < 4; f++)
        USM_FIELDSET_ADD(&p->fetch.fields, text_fields[f]);
}

static held_t *held_find(device_t *d, const char *id)
{
    for (int i = 0; i < d->count; i++) {
        if (strcmp(d->held[i].id, id) == 0 && d->held[i].alive)
            return &d->held[i];
    }
    return NULL;
}

static void hold(held_t *h, const char *id, const usm_item_t *item)
{
    apr_cpystrn(h->id, id, sizeof h->id);
    h->alive = 1;
    for (int f = 0; f < 4; f++)
        snprintf(h->text[f], sizeof h->text[f], "%s",
                 usm_item_text(item, text_fields[f]) ? usm_item_text(item, text_fields[f]) : "");
}

/* As a real phone: an Add of an id it has is an error of the server. */
static void take_change(device_t *d, const usm_change_t *c)
{
    held_t *h = held_find(d, c->id);
    switch (c->kind) {
    case USM_CHANGE_ADD:
        if (h)
            fail_msg("%s was added twice", c->id);
        hold(&d->held[d->count++], c->id, c->item);
        break;
    case USM_CHANGE_CHANGE:
        if (!h)
            fail_msg("change of %s, which the device does not have", c->id);
        hold(h, c->id, c->item);
        break;
    default:
        if (!h)
            fail_msg("delete of %s, which the device does not have", c->id);
        h->alive = 0;
    }
}

typedef struct command_t {
    enum { ADD, CHANGE, DELETE } op;
    char cid[20], id[70], text[4][40];
    int status; /* USM_E… of the outcome */
} command_t;

static usm_item_t *item_of(const command_t *c, apr_pool_t *pool)
{
    usm_item_t *item = usm_item_create(USM_CONTACT, pool);
    for (int f = 0; f < 4; f++) {
        if (c->text[f][0])
            usm_item_set_text(item, text_fields[f], c->text[f]);
    }
    return item;
}

/* One request. @return USM_E… or 0. The device takes the answer, unless @a lost. */
static apr_status_t request_policy(device_t *d, command_t *cmds, int n, int window, int lost, int *more_p, int policy)
{
    apr_pool_t *pool;
    usm_turn_params_t p;
    usm_turn_t *turn;
    const usm_change_t *change;
    const char *key;
    apr_status_t code = 0;
    apr_pool_create(&pool, test_pool);
    usm_session_t *session = session_of(d, pool);
    params_for(&p, d, window);
    p.conflict = policy ? USM_CLIENT_WINS : USM_SERVER_WINS;
    device_t *target = memcpy(&saved, d, sizeof *d); /* without an answer nothing changes on the device */
    if (more_p)
        *more_p = 0;
    usm_error_t *err = usm_turn_open(&turn, session, &p, pool);
    for (int i = 0; !err && i < n; i++) {
        usm_outcome_t out;
        command_t *c = &cmds[i];
        if (c->op == ADD)
            err = usm_turn_add(&out, turn, c->cid, item_of(c, pool));
        else if (c->op == CHANGE)
            err = usm_turn_change(&out, turn, c->id, item_of(c, pool), 0);
        else
            err = usm_turn_delete(&out, turn, c->id, USM_DELETE_HARD);
        if (err)
            break;
        c->status = usm_error_code(out.error);
        if (c->op == ADD && !out.error) {
            snprintf(c->id, sizeof c->id, "%s", out.server_id);
            if (!held_find(target, c->id))
                hold(&target->held[target->count++], c->id, item_of(c, pool));
        }
    }
    /* A device that deleted or changed an item sees it so from now on; what comes back comes as Add or Change. */
    for (int i = 0; !err && i < n; i++) {
        held_t *h = cmds[i].op == ADD ? NULL : held_find(target, cmds[i].id);
        if (h && cmds[i].op == DELETE)
            h->alive = 0;
        else if (h)
            hold(h, cmds[i].id, item_of(&cmds[i], pool));
    }
    while (!err && !(err = usm_turn_next(&change, turn, pool)) && change)
        take_change(target, change);
    if (!err && more_p)
        *more_p = usm_turn_more(turn);
    if (!err)
        err = usm_turn_close(&key, turn, pool);
    if (err)
        code = usm_error_code(err);
    else if (!lost) {
        memcpy(d, &saved, sizeof *d);
        apr_cpystrn(d->key, key, sizeof d->key);
    }
    apr_pool_destroy(pool);
    return code;
}

static apr_status_t request(device_t *d, command_t *cmds, int n, int window, int lost, int *more_p)
{
    return request_policy(d, cmds, n, window, lost, more_p, 0);
}

static void start(device_t *d, const char *name, const char *folder)
{
    memset(d, 0, sizeof *d);
    snprintf(d->name, sizeof d->name, "%s", name);
    snprintf(d->folder, sizeof d->folder, "%s", folder);
    d->since = USM_TIME_NONE;
    put(d->key, "0");
}

static void sync_all(device_t *d)
{
    int more = 1;
    if (strcmp(d->key, "0") == 0)
        assert_int_equal(request(d, NULL, 0, 0, 0, NULL), 0);
    for (int i = 0; more && i < 1000; i++)
        assert_int_equal(request(d, NULL, 0, 50, 0, &more), 0);
    assert_int_equal(more, 0);
}

static const char *sid(const fake_item_t *item)
{
    return apr_psprintf(test_pool, "%s:%s", dev.folder, item->id);
}

static void same_as_server(device_t *d, const char *folder)
{
    int held = 0;
    for (int i = 0; i < d->count; i++) {
        const fake_item_t *item = d->held[i].alive ? fake_find(strchr(d->held[i].id, ':') + 1) : NULL;
        held += d->held[i].alive;
        if (d->held[i].alive && !(item && item->alive))
            fail_msg("%s has %s (%s), which the server does not", d->name, d->held[i].id, d->held[i].text[0]);
    }
    for (int i = 0; i < fake.count; i++) {
        const fake_item_t *item = &fake.items[i];
        if (!item->alive || strcmp(item->folder, folder) != 0)
            continue;
        held_t *h = held_find(d, apr_psprintf(test_pool, "%s:%s", d->folder, item->id));
        if (!h)
            fail_msg("the device lacks %s", item->id);
        for (int f = 0; f < 4; f++) {
            if (strcmp(h->text[f], item->text[f]) != 0)
                fail_msg("item %s field %d: device '%s', server '%s'", item->id, f, h->text[f], item->text[f]);
        }
    }
    assert_int_equal(held, fake_alive(folder));
}

/* Short id of a folder of the server, found by FolderSync as a device does. */
static char *folder_id(const char *name)
{
    static device_t d;
    apr_pool_t *pool;
    usm_turn_params_t p;
    usm_turn_t *turn;
    const usm_change_t *change;
    const char *key;
    char *id = NULL;
    start(&d, "finder", "");
    apr_pool_create(&pool, test_pool);
    usm_session_t *session = session_of(&d, pool);
    params_for(&p, &d, 512);
    p.folder = NULL;
    OK(usm_turn_open(&turn, session, &p, pool));
    for (;;) {
        OK(usm_turn_next(&change, turn, pool));
        if (!change)
            break;
        if (strcmp(usm_item_text(change->item, USM_FOLDER_NAME), name) == 0)
            id = apr_pstrdup(test_pool, change->id);
    }
    OK(usm_turn_close(&key, turn, pool));
    apr_pool_destroy(pool);
    assert_non_null(id);
    return id;
}

static int setup(void **state)
{
    static int n;
    usm_config_t config = {.backend_url = "fake:", .full_compare_s = 100000};
    const char *dir;
    apr_pool_create(&test_pool, root);
    apr_temp_dir_get(&dir, test_pool);
    snprintf(db_path, sizeof db_path, "%s/usm-engine-%ld-%d.db", dir, (long)getpid(), n++);
    fake_reset();
    config.store = apr_pstrcat(test_pool, "sqlite:", db_path, NULL);
    usm_error_t *err = usm__context_make(&ctx, &config, usm_store_sql(), fake_backend(), test_pool);
    if (err) {
        fprintf(stderr, "%s\n", usm_error_text(err, test_pool));
        return 1;
    }
    start(&dev, "phone", folder_id("Contacts"));
    return 0;
}

static int teardown(void **state)
{
    apr_pool_destroy(test_pool);
    remove(db_path);
    remove(apr_pstrcat(root, db_path, "-wal", NULL));
    remove(apr_pstrcat(root, db_path, "-shm", NULL));
    return 0;
}

static void fill(int n)
{
    for (int i = 0; i < n; i++)
        fake_add("32", apr_psprintf(test_pool, "First%d", i), "Last");
}

/* ---- tests ---- */

static void test_first_sync(void **state)
{
    int more;
    fill(120);
    assert_int_equal(request(&dev, NULL, 0, 50, 0, &more), 0); /* key 0 brings a key and nothing else */
    assert_int_equal(dev.count, 0);
    assert_int_equal(request(&dev, NULL, 0, 50, 0, &more), 0);
    assert_int_equal(dev.count, 50);
    assert_int_equal(more, 1);
    sync_all(&dev);
    same_as_server(&dev, "32");
    char key[70];
    put(key, dev.key);
    sync_all(&dev);
    assert_string_equal(key, dev.key); /* nothing happened: the key stays */
}

static void test_key_zero_twice(void **state)
{
    char key[70];
    assert_int_equal(request(&dev, NULL, 0, 0, 0, NULL), 0);
    put(key, dev.key);
    put(dev.key, "0");
    assert_int_equal(request(&dev, NULL, 0, 0, 0, NULL), 0);
    assert_string_equal(key, dev.key);
}

static void test_stale_keys(void **state)
{
    static const char *const keys[] = {"", "1", "x.1", "0123456789ab.1", "0123456789ab.99999999999999", "{G}5", "-1"};
    fill(3);
    sync_all(&dev);
    for (unsigned i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        char good[70];
        put(good, dev.key);
        put(dev.key, keys[i]);
        if (request(&dev, NULL, 0, 10, 0, NULL) != USM_ESTALE_KEY)
            fail_msg("key %u was not refused", i);
        put(dev.key, good);
    }
    sync_all(&dev);
    same_as_server(&dev, "32");
}

static void test_lost_answer(void **state)
{
    fill(30);
    assert_int_equal(request(&dev, NULL, 0, 10, 0, NULL), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(request(&dev, NULL, 0, 10, 1, NULL), 0);
    sync_all(&dev);
    same_as_server(&dev, "32");
    assert_int_equal(dev.count, 30);
}

/* The lost answer arrives after all, later than the one to the repeat: its key must not be taken for the newest. */
static void test_late_answer(void **state)
{
    apr_pool_t *pool;
    usm_turn_params_t p;
    usm_turn_t *turn;
    const usm_change_t *change;
    const char *lost_key;
    fill(5);
    assert_int_equal(request(&dev, NULL, 0, 10, 0, NULL), 0);
    apr_pool_create(&pool, test_pool);
    params_for(&p, &dev, 10);
    OK(usm_turn_open(&turn, session_of(&dev, pool), &p, pool));
    do
        OK(usm_turn_next(&change, turn, pool));
    while (change);
    OK(usm_turn_close(&lost_key, turn, pool));
    fake_add("32", "Late", "Comer");
    assert_int_equal(request(&dev, NULL, 0, 10, 0, NULL), 0);
    put(dev.key, lost_key);
    assert_int_equal(request(&dev, NULL, 0, 10, 0, NULL), USM_ESTALE_KEY);
}

static void add_command(command_t *c, const char *first)
{
    memset(c, 0, sizeof *c);
    c->op = ADD;
    snprintf(c->cid, sizeof c->cid, "c%d", dev.next_cid++);
    snprintf(c->text[0], sizeof c->text[0], "%s", first);
    snprintf(c->text[1], sizeof c->text[1], "FromPhone");
}

static void test_add_once(void **state)
{
    command_t c[2];
    sync_all(&dev);
    add_command(&c[0], "One");
    add_command(&c[1], "Two");
    for (int i = 0; i < 4; i++)
        assert_int_equal(request(&dev, c, 2, 10, i < 3, NULL), 0);
    assert_int_equal(fake.adds, 2);
    assert_int_equal(fake_alive("32"), 2);
    sync_all(&dev);
    same_as_server(&dev, "32");
}

/* The server has made the item, but its answer never came: the repeat finds it by its UID. */
static void test_add_unfinished(void **state)
{
    command_t c;
    sync_all(&dev);
    add_command(&c, "Orphan");
    fake.die_after = 1;
    assert_int_equal(request(&dev, &c, 1, 10, 1, NULL), USM_EUNAVAILABLE);
    assert_int_equal(request(&dev, &c, 1, 10, 0, NULL), 0);
    assert_int_equal(fake.adds, 1);
    sync_all(&dev);
    same_as_server(&dev, "32");
}

static void test_refused_add(void **state)
{
    command_t c;
    sync_all(&dev);
    add_command(&c, "refuse");
    assert_int_equal(request(&dev, &c, 1, 10, 1, NULL), 0);
    assert_int_equal(c.status, USM_EINVALID);
    assert_int_equal(request(&dev, &c, 1, 10, 0, NULL), 0);
    assert_int_equal(c.status, USM_EINVALID);
    assert_int_equal(fake_alive("32"), 0);
}

static command_t change_of(const fake_item_t *item, const char *first, const char *last, const char *company)
{
    command_t c = {.op = CHANGE};
    snprintf(c.id, sizeof c.id, "%s", sid(item));
    snprintf(c.text[0], sizeof c.text[0], "%s", first);
    snprintf(c.text[1], sizeof c.text[1], "%s", last);
    snprintf(c.text[2], sizeof c.text[2], "%s", company);
    return c;
}

static void test_change_and_delete(void **state)
{
    fill(3);
    sync_all(&dev);
    command_t c = change_of(&fake.items[1], "Ada", "Last", "ACME"), d = {.op = DELETE};
    for (int i = 0; i < 3; i++)
        assert_int_equal(request(&dev, &c, 1, 10, i < 2, NULL), 0);
    assert_int_equal(fake.updates, 1);
    assert_string_equal(fake.items[1].text[2], "ACME");
    int gets = fake.gets;
    sync_all(&dev);
    assert_int_equal(fake.gets, gets); /* the device's own change is not read back */
    snprintf(d.id, sizeof d.id, "%s", sid(&fake.items[2]));
    for (int i = 0; i < 3; i++)
        assert_int_equal(request(&dev, &d, 1, 10, i < 2, NULL), 0);
    assert_int_equal(fake.removes, 1);
    sync_all(&dev);
    same_as_server(&dev, "32");
}

/* What a change leaves out is deleted. */
static void test_absent_is_deleted(void **state)
{
    fake_item_t *item = fake_add("32", "Ada", "Lovelace");
    put(item->text[2], "Engines");
    fake_touch(item);
    sync_all(&dev);
    command_t c = change_of(item, "Ada", "Byron", "");
    assert_int_equal(request(&dev, &c, 1, 10, 0, NULL), 0);
    assert_string_equal(item->text[1], "Byron");
    assert_string_equal(item->text[2], "");
    sync_all(&dev);
    same_as_server(&dev, "32");
}

/* Edits of different fields on both sides are merged; the same field follows the policy. */
static void test_conflicts(void **state)
{
    static const struct {
        const char *server_first, *server_company, *phone_first, *phone_company, *first, *company;
        int client_wins, code;
    } rows[] = {
        {"Ada", "New", "Ada B.", "Old", "Ada B.", "New", 0, 0},
        {"Ada S.", "Old", "Ada B.", "Old", "Ada S.", "Old", 0, USM_ECONFLICT},
        {"Ada S.", "Old", "Ada B.", "Old", "Ada B.", "Old", 1, 0},
        {"Ada S.", "Old", "Ada S.", "Old", "Ada S.", "Old", 0, 0},
        {"Ada S.", "Old", "Ada B.", "Mine", "Ada S.", "Mine", 0, USM_ECONFLICT},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fake_item_t *item = fake_add("32", "Ada", "L");
        put(item->text[2], "Old");
        sync_all(&dev);
        snprintf(item->text[0], 40, "%s", rows[i].server_first);
        snprintf(item->text[2], 40, "%s", rows[i].server_company);
        fake_touch(item);
        command_t c = change_of(item, rows[i].phone_first, "L", rows[i].phone_company);
        assert_int_equal(request_policy(&dev, &c, 1, 10, 0, NULL, rows[i].client_wins), 0);
        if (c.status != rows[i].code || strcmp(item->text[0], rows[i].first) || strcmp(item->text[2], rows[i].company))
            fail_msg("row %u: status %d, %s, %s", i, c.status, item->text[0], item->text[2]);
        sync_all(&dev);
        same_as_server(&dev, "32");
    }
}

static void test_delete_against_change(void **state)
{
    fake_item_t *item = fake_add("32", "Ada", "L");
    sync_all(&dev);
    put(item->text[0], "Edited");
    fake_touch(item);
    command_t c = {.op = DELETE};
    snprintf(c.id, sizeof c.id, "%s", sid(item));
    assert_int_equal(request(&dev, &c, 1, 10, 0, NULL), 0);
    assert_int_equal(item->alive, 1);
    sync_all(&dev);
    same_as_server(&dev, "32");
}

static void test_withheld(void **state)
{
    fill(3);
    put(fake.items[1].text[0], "poison");
    sync_all(&dev);
    assert_int_equal(dev.count, 2);
    int gets = fake.gets;
    sync_all(&dev);
    assert_int_equal(fake.gets, gets); /* not asked for again */
    put(fake.items[1].text[0], "cured");
    fake_touch(&fake.items[1]);
    sync_all(&dev);
    same_as_server(&dev, "32");
}

/* The caller cannot send an item, or has no room for it. */
static void test_withhold_and_unread(void **state)
{
    apr_pool_t *pool;
    usm_turn_params_t p;
    usm_turn_t *turn;
    const usm_change_t *change;
    const char *key;
    fill(3);
    assert_int_equal(request(&dev, NULL, 0, 10, 0, NULL), 0);
    apr_pool_create(&pool, test_pool);
    params_for(&p, &dev, 10);
    OK(usm_turn_open(&turn, session_of(&dev, pool), &p, pool));
    OK(usm_turn_next(&change, turn, pool));
    usm_turn_withhold(turn, "test");
    OK(usm_turn_next(&change, turn, pool));
    take_change(&dev, change);
    OK(usm_turn_next(&change, turn, pool));
    usm_turn_unread(turn);
    assert_int_equal(usm_turn_more(turn), 1);
    OK(usm_turn_close(&key, turn, pool));
    snprintf(dev.key, sizeof dev.key, "%s", key);
    apr_pool_destroy(pool);
    sync_all(&dev);
    assert_int_equal(dev.count, 2);
    fake_touch(&fake.items[2]); /* the one with the highest order was withheld */
    sync_all(&dev);
    same_as_server(&dev, "32");
}

static void test_window_in_time(void **state)
{
    usm_time_t now = usm__now();
    apr_pool_t *pool;
    usm_turn_params_t p;
    usm_turn_t *turn;
    const usm_change_t *change;
    const char *key;
    usm_time_t since[] = {now - 10 * USM_DAY_MS, now - 3 * USM_DAY_MS, now - 10 * USM_DAY_MS, USM_TIME_NONE};
    int have;
    for (int i = 0; i < 20; i++)
        fake_add("32", "x", "y")->edge = now - (i + 1) * USM_DAY_MS + i * 7 * 3600000;
    assert_int_equal(request(&dev, NULL, 0, 0, 0, NULL), 0);
    for (int i = 0; i < 4; i++) {
        apr_pool_create(&pool, test_pool);
        params_for(&p, &dev, 100);
        p.since = since[i];
        OK(usm_turn_open(&turn, session_of(&dev, pool), &p, pool));
        for (;;) {
            OK(usm_turn_next(&change, turn, pool));
            if (!change)
                break;
            assert_true(change->kind != USM_CHANGE_DELETE); /* leaving the window is no deletion */
            take_change(&dev, change);
        }
        OK(usm_turn_close(&key, turn, pool));
        snprintf(dev.key, sizeof dev.key, "%s", key);
        apr_pool_destroy(pool);
        have = 0;
        int want = 0;
        for (int k = 0; k < dev.count; k++)
            have += dev.held[k].alive;
        for (int k = 0; k < fake.count; k++)
            want += since[i] == USM_TIME_NONE || fake.items[k].edge >= since[i];
        if (have != want)
            fail_msg("window %d: device has %d of %d", i, have, want);
    }
}

static void test_void_cursor(void **state)
{
    fill(3);
    sync_all(&dev);
    fake.cursor_void = ++fake.clock;
    assert_int_equal(request(&dev, NULL, 0, 10, 0, NULL), USM_ECURSOR);
}

static void test_outage_keeps_state(void **state)
{
    fill(5);
    sync_all(&dev);
    fake_add("32", "New", "One");
    fake.down = 1;
    assert_int_equal(request(&dev, NULL, 0, 10, 0, NULL), USM_EUNAVAILABLE);
    fake.down = 0;
    sync_all(&dev);
    same_as_server(&dev, "32");
}

static void test_two_devices(void **state)
{
    command_t c;
    start(&dev2, "tablet", dev.folder);
    fill(4);
    sync_all(&dev);
    sync_all(&dev2);
    c = change_of(&fake.items[0], "Changed", "Last", "");
    assert_int_equal(request(&dev, &c, 1, 10, 0, NULL), 0);
    sync_all(&dev2);
    same_as_server(&dev2, "32");
    put(dev2.key, dev.key); /* another device's key */
    assert_int_equal(request(&dev2, NULL, 0, 10, 0, NULL), USM_ESTALE_KEY);
}

static void test_watch(void **state)
{
    usm_watch_t *watch;
    usm_watch_result_t r;
    int known;
    fill(2);
    sync_all(&dev);
    usm_session_t *s = session_of(&dev, test_pool);
    OK(usm_watch_create(&watch, s, test_pool));
    OK(usm_watch_add(&known, watch, "999"));
    assert_int_equal(known, -1);
    OK(usm_watch_add(&known, watch, folder_id("More")));
    assert_int_equal(known, 0);
    OK(usm_watch_add(&known, watch, dev.folder));
    assert_int_equal(known, 1);
    OK(usm_watch_check(&r, watch, test_pool));
    assert_int_equal(r.count, 0);
    command_t c = change_of(&fake.items[0], "Own", "Last", "");
    assert_int_equal(request(&dev, &c, 1, 10, 0, NULL), 0);
    OK(usm_watch_check(&r, watch, test_pool));
    assert_int_equal(r.count, 0); /* its own change is no news */
    fake_touch(&fake.items[1]);
    put(fake.items[1].text[0], "Theirs");
    OK(usm_watch_check(&r, watch, test_pool));
    assert_int_equal(r.count, 1);
    assert_string_equal(r.folders[0], dev.folder);
    sync_all(&dev);
    same_as_server(&dev, "32");
    OK(usm_watch_wait(&r, watch, usm__now() + 300, NULL, NULL, test_pool));
    assert_int_equal(r.count, 0);
}

static void test_login_cache(void **state)
{
    usm_login_t *login;
    apr_pool_t *pool;
    int before = fake.logins;
    put(fake.bad_password, "old");
    for (int i = 0; i < 5; i++) {
        apr_pool_create(&pool, test_pool);
        OK(usm_login(&login, ctx, "anton", "secret", NULL, pool));
        usm_error_t *err = usm_login(&login, ctx, "anton", "old", NULL, pool);
        assert_int_equal(usm_error_class(err), USM_CLASS_AUTH);
        apr_pool_destroy(pool);
    }
    assert_int_equal(fake.logins - before, 1); /* the wrong one was asked for once, the right one before */
    usm_error_t *err = usm_login(&login, ctx, "", "x", NULL, test_pool);
    assert_int_equal(usm_error_class(err), USM_CLASS_AUTH);
}

static void test_sealed_login(void **state)
{
    usm_context_t *other;
    usm_login_t *login;
    usm_config_t config = {.backend_url = "fake:", .store = apr_pstrcat(test_pool, "sqlite:", db_path, NULL)};
    OK(usm__context_make(&other, &config, usm_store_sql(), fake_backend(), test_pool));
    int before = fake.logins;
    OK(usm_login(&login, other, "anton", "secret", NULL, test_pool));
    assert_int_equal(fake.logins, before); /* another process: the session comes out of the store */
    assert_string_equal(usm_login_user(login), "1/anton");
    OK(usm_login(&login, other, "anton", "other", NULL, test_pool));
    assert_int_equal(fake.logins, before + 1); /* it opens with its own password only */
    const char *sealed = usm__seal("plain text", "pw", test_pool);
    assert_null(strstr(sealed, "plain"));
    assert_null(usm__unseal(sealed, "pv", test_pool));
    assert_string_equal(usm__unseal(sealed, "pw", test_pool), "plain text");
}

/* ---- the random walk ---- */

static unsigned seed_state;
static unsigned rnd(unsigned n)
{
    seed_state = seed_state * 1103515245u + 12345u;
    return (seed_state >> 16) % n;
}

/* Half of the items have an end, which edits move to and fro over the devices' windows. */
static void move_end(fake_item_t *item)
{
    item->edge = rnd(2) ? USM_TIME_NONE : usm__now() - (apr_int64_t)rnd(20) * USM_DAY_MS + 3600000;
}

static usm_time_t random_window(void)
{
    return rnd(3) ? usm__now() - (apr_int64_t)rnd(20) * USM_DAY_MS : USM_TIME_NONE;
}

static void ping(device_t *d)
{
    apr_pool_t *pool;
    usm_watch_t *watch;
    usm_watch_result_t result;
    int known;
    apr_pool_create(&pool, test_pool);
    OK(usm_watch_create(&watch, session_of(d, pool), pool));
    OK(usm_watch_add(&known, watch, d->folder));
    usm_watch_hierarchy(watch);
    OK(usm_watch_check(&result, watch, pool));
    apr_pool_destroy(pool);
}

static void server_edit(void)
{
    fake_item_t *item = fake.count ? &fake.items[rnd((unsigned)fake.count)] : NULL;
    switch (rnd(4)) {
    case 0:
        move_end(fake_add("32", apr_psprintf(test_pool, "S%u", rnd(1000)), "x"));
        break;
    case 1:
        if (item && item->alive)
            fake_remove(item);
        break;
    default:
        if (item && item->alive) {
            snprintf(item->text[rnd(4)], 40, "s%u", rnd(1000));
            if (rnd(4) == 0)
                move_end(item);
            fake_touch(item);
        }
    }
}

static int random_commands(device_t *d, command_t *c, int max)
{
    int n = 0;
    while (n < max && rnd(3)) {
        held_t *h = d->count ? &d->held[rnd((unsigned)d->count)] : NULL;
        int used = 0;
        memset(&c[n], 0, sizeof c[n]);
        for (int i = 0; h && i < n; i++)
            used |= strcmp(c[i].id, h->id) == 0;
        if (rnd(3) == 0) {
            c[n].op = ADD;
            snprintf(c[n].cid, sizeof c[n].cid, "r%d", d->next_cid++);
            snprintf(c[n].text[0], 40, "p%u", rnd(1000));
            n++;
        } else if (h && h->alive && !used) {
            c[n].op = rnd(4) ? CHANGE : DELETE;
            put(c[n].id, h->id);
            memcpy(c[n].text, h->text, sizeof h->text);
            snprintf(c[n].text[rnd(4)], 40, "p%u", rnd(1000));
            n++;
        } else {
            break;
        }
    }
    return n;
}

static void trace(const char *what, const device_t *d, const command_t *c, int n, apr_status_t code, int lost)
{
    if (!getenv("USM_WALK_SEED"))
        return;
    printf("%s %s key %s lost %d code %d:", what, d->name, d->key, lost, code ? code - USM_ERR_BASE : 0);
    for (int i = 0; i < n; i++)
        printf(" %d %s %s %d;", c[i].op, c[i].cid, c[i].id, c[i].status ? c[i].status - USM_ERR_BASE : 0);
    printf("\n");
}

static void walk(unsigned seed)
{
    command_t cmds[2][8];
    device_t *devices[2] = {&dev, &dev2};
    seed_state = seed;
    start(&dev2, "tablet", dev.folder);
    fill((int)rnd(20));
    for (int step = 0; step < 120 && fake.count < FAKE_ITEMS - 50; step++) {
        int w = (int)rnd(2), repeats = 0;
        for (unsigned i = rnd(3); i > 0; i--)
            server_edit();
        if (rnd(6) == 0)
            devices[w]->since = random_window();
        if (rnd(6) == 0)
            ping(devices[w]);
        int n = strcmp(devices[w]->key, "0") ? random_commands(devices[w], cmds[w], 8) : 0;
        for (;;) {
            int lost = rnd(3) == 0 && repeats++ < 4;
            if (rnd(6) == 0)
                fake.die_after = 1 + (int)rnd(3);
            apr_status_t code = request(devices[w], cmds[w], n, 1 + (int)rnd(20), lost, NULL);
            fake.die_after = 0;
            trace("request", devices[w], cmds[w], n, code, lost);
            if (rnd(5) == 0)
                server_edit();
            if (rnd(4) == 0)
                ping(devices[w]);
            /* A repeat may leave out what the user has taken back meanwhile. */
            if ((lost || code) && n && rnd(5) == 0)
                n--;
            if (code && code != USM_EUNAVAILABLE)
                fail_msg("seed %u step %d: code %d", seed, step, code - USM_ERR_BASE);
            if (!lost && !code)
                break;
        }
    }
    for (int i = 0; i < 2; i++) {
        devices[i]->since = USM_TIME_NONE;
        if (strcmp(devices[i]->key, "0") == 0)
            sync_all(devices[i]);
        sync_all(devices[i]);
        sync_all(devices[i]);
        same_as_server(devices[i], "32");
    }
    /* Nothing was made twice: each add of a device stands on the server at most once. */
    for (int i = 0; i < fake.count; i++) {
        for (int k = i + 1; k < fake.count; k++) {
            if (*fake.items[i].uid && strcmp(fake.items[i].uid, fake.items[k].uid) == 0 && fake.items[i].alive &&
                fake.items[k].alive)
                fail_msg("seed %u: item made twice", seed);
        }
    }
}

static void test_random_walk(void **state)
{
    const char *from = getenv("USM_WALK_SEED");
    unsigned first = from ? (unsigned)strtoul(from, NULL, 10) : 1, count = from ? 1 : 25;
    for (unsigned s = first; s < first + count; s++) {
        teardown(state);
        assert_int_equal(setup(state), 0);
        if (s % 2) { /* as if there were a hundred times as many items */
            ctx->write_batch = 3;
            ctx->scan_rows = 2;
            ctx->run_rows = 4;
        }
        walk(s);
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_first_sync),      T(test_key_zero_twice),      T(test_stale_keys),        T(test_lost_answer),
        T(test_late_answer),     T(test_add_once),            T(test_add_unfinished),    T(test_refused_add),
        T(test_change_and_delete), T(test_absent_is_deleted), T(test_conflicts),         T(test_delete_against_change),
        T(test_withheld),        T(test_withhold_and_unread), T(test_window_in_time),    T(test_void_cursor),
        T(test_outage_keeps_state), T(test_two_devices),      T(test_watch),             T(test_login_cache),
        T(test_sealed_login),    T(test_random_walk),
    };
    apr_initialize();
    apr_pool_create(&root, NULL);
    int failed = cmocka_run_group_tests_name("engine", tests, NULL, NULL);
    apr_pool_destroy(root);
    apr_terminate();
    return failed;
}
