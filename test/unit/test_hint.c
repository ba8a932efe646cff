/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: hint.c pump.c watch.c */
/* Hints: whom they wake and how soon, that none gets lost between looking and waiting, and what a flood of them does.
 * The interval of polling is an hour here, so that whatever is noticed was noticed by a hint. */
#include "test_core.h"

#include <apr_file_io.h>
#include <apr_thread_proc.h>

#include <usm/pump.h>

#include "core/hint.h"
#include "fake_backend.h"

#define OK(expr)                                                                                                       \
    do {                                                                                                               \
        usm_error_t *e_ = (expr);                                                                                      \
        if (e_)                                                                                                        \
            fail_msg("%s: %s", #expr, usm_error_text(e_, pool));                                                       \
    } while (0)

#define SOON 900 /* ms within which a hint must have woken whoever waits */

static usm_context_t *ctx;
static char path[] = "/tmp/hint_test.XXXXXX";

typedef struct phone_t {
    const char *name, *folder;
    char key[70], folders_key[70];
} phone_t;
static phone_t phone, tablet;

static usm_session_t *session_of(const char *device, apr_pool_t *own)
{
    usm_login_t *login;
    usm_session_t *session;
    OK(usm_login(&login, ctx, "anton", "secret", NULL, own));
    OK(usm_session_open(&session, ctx, login, "secret", device, "Test", 0, NULL, own));
    return session;
}

static void drain(phone_t *p, usm_turn_t *turn, char *key, apr_pool_t *own)
{
    const usm_change_t *change;
    const char *next;
    for (;;) {
        OK(usm_turn_next(&change, turn, own));
        if (!change)
            break;
        if (key == p->folders_key && strcmp(usm_item_text(change->item, USM_FOLDER_NAME), "Contacts") == 0)
            p->folder = apr_pstrdup(pool, change->id);
    }
    OK(usm_turn_close(&next, turn, own));
    apr_cpystrn(key, next, sizeof p->key);
}

static void one_sync(phone_t *p, const char *first_name)
{
    apr_pool_t *own;
    usm_turn_t *turn;
    usm_outcome_t out;
    apr_pool_create(&own, pool);
    usm_turn_params_t params = {.folder = p->folder, .key = p->folder ? p->key : p->folders_key,
                                .since = USM_TIME_NONE, .window = 100};
    USM_FIELDSET_ADD(&params.fetch.fields, USM_CONTACT_FIRST_NAME);
    OK(usm_turn_open(&turn, session_of(p->name, own), &params, own));
    if (first_name) {
        usm_item_t *item = usm_item_create(USM_CONTACT, own);
        usm_item_set_text(item, USM_CONTACT_FIRST_NAME, first_name);
        OK(usm_turn_add(&out, turn, first_name, item));
        assert_null(out.error);
    }
    drain(p, turn, p->folder ? p->key : p->folders_key, own);
    apr_pool_destroy(own);
}

static void start_phone(phone_t *p, const char *name)
{
    *p = (phone_t){.name = name, .key = "0", .folders_key = "0"};
    one_sync(p, NULL);
    one_sync(p, NULL);
    one_sync(p, NULL);
}

static int start(void **state)
{
    usm_config_t config = {.backend_url = "fake:", .poll_interval_ms = 3600000};
    apr_file_t *file;
    if (pool_up(state))
        return -1;
    memcpy(path + sizeof path - 7, "XXXXXX", 6);
    assert_int_equal(apr_file_mktemp(&file, path, APR_CREATE | APR_EXCL | APR_READ | APR_WRITE, pool), APR_SUCCESS);
    apr_file_close(file);
    config.store = apr_pstrcat(pool, "sqlite:", path, NULL);
    fake_reset();
    OK(usm__context_make(&ctx, &config, usm_store_sql(), fake_backend(), pool));
    fake_add("32", "Anna", "Arendt");
    start_phone(&phone, "phone");
    start_phone(&tablet, "tablet");
    return 0;
}

static int stop(void **state)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    char file[sizeof path + 8];
    pool_down(state);
    for (size_t i = 0; i < 3; i++) {
        snprintf(file, sizeof file, "%s%s", path, ends[i]);
        remove(file);
    }
    return 0;
}

/* ---- somebody who waits in a thread ---- */

typedef struct wait_t {
    phone_t *p;
    apr_thread_t *thread;
    int hierarchy, ms;
    volatile int begun, over;
    int count, folders; /* what came of it */
    usm_time_t ended;
} wait_t;

static int note_begun(void *baton)
{
    ((wait_t *)baton)->begun = 1;
    return ((wait_t *)baton)->over;
}

static void *APR_THREAD_FUNC run_wait(apr_thread_t *thread, void *data)
{
    wait_t *w = data;
    apr_pool_t *own = apr_thread_pool_get(thread);
    usm_watch_t *watch;
    usm_watch_result_t r;
    int known;
    OK(usm_watch_create(&watch, session_of(w->p->name, own), own));
    OK(usm_watch_add(&known, watch, w->p->folder));
    if (w->hierarchy)
        usm_watch_hierarchy(watch);
    OK(usm_watch_wait(&r, watch, usm__now() + w->ms, note_begun, w, own));
    w->count = r.count;
    w->folders = r.hierarchy;
    w->ended = usm__now();
    w->begun = 1;
    return NULL;
}

static void begin(wait_t *w, phone_t *p, int ms)
{
    *w = (wait_t){.p = p, .ms = ms, .hierarchy = 1};
    assert_int_equal(apr_thread_create(&w->thread, NULL, run_wait, w, pool), APR_SUCCESS);
    while (!w->begun)
        apr_sleep(1000);
}

static void end(wait_t *w)
{
    apr_status_t rv;
    apr_thread_join(&rv, w->thread);
}

static usm_hint_t hint_of(const char *user, const char *folder, usm_hint_kind_e kind)
{
    usm_hint_t hint;
    usm_hint_for_user(&hint, user, folder, kind);
    return hint;
}

/* The user's key, as the backend tells it. */
static const char *key_of_anton(void)
{
    return usm_session_user(session_of("phone", pool));
}

static void test_a_hint_wakes(void **state)
{
    wait_t w;
    begin(&w, &phone, 20000);
    fake_add("32", "Berta", "Brecht");
    usm_hint_t hint = hint_of(key_of_anton(), "32", USM_HINT_ITEMS);
    usm_time_t at = usm__now();
    usm_hint_raise(ctx, &hint);
    end(&w);
    assert_int_equal(w.count, 1);
    assert_in_range(w.ended - at, 0, SOON);
}

static void test_by_login_name(void **state)
{
    wait_t w;
    usm_hint_t hint;
    begin(&w, &phone, 20000);
    fake_add("32", "Berta", "Brecht");
    usm_hint_for_login(&hint, "ANTON", NULL, USM_HINT_ITEMS);
    usm_time_t at = usm__now();
    usm_hint_raise(ctx, &hint);
    end(&w);
    assert_int_equal(w.count, 1);
    assert_in_range(w.ended - at, 0, SOON);
}

static void test_folders(void **state)
{
    wait_t w;
    begin(&w, &phone, 20000);
    fake_folder("40", "New", "32", USM_ROLE_USER, USM_CONTACT, NULL);
    usm_hint_t hint = hint_of(key_of_anton(), NULL, USM_HINT_FOLDERS);
    usm_time_t at = usm__now();
    usm_hint_raise(ctx, &hint);
    end(&w);
    assert_int_equal(w.folders, 1);
    assert_in_range(w.ended - at, 0, SOON);
}

/* Hints for others, for other folders and for nothing: whoever waits goes on. */
static void test_not_meant(void **state)
{
    wait_t w;
    begin(&w, &phone, 700);
    usm_time_t at = usm__now();
    const usm_hint_t hints[] = {hint_of("9/9", "32", USM_HINT_ITEMS), hint_of(key_of_anton(), "33", USM_HINT_ITEMS),
                                hint_of(key_of_anton(), "32", USM_HINT_ITEMS),
                                hint_of(key_of_anton(), NULL, USM_HINT_FOLDERS)};
    for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++)
        usm_hint_raise(ctx, &hints[i]);
    end(&w);
    assert_int_equal(w.count, 0);
    assert_int_equal(w.folders, 0);
    assert_in_range(w.ended - at, 600, 5000);
}

static int looks;
static void count_looks(void)
{
    looks++;
}

/* A flood of hints with nothing behind it costs a look a second, and what is true is not lost in it. */
static void test_flood(void **state)
{
    wait_t w;
    usm_hint_t hint = hint_of(key_of_anton(), "32", USM_HINT_ITEMS);
    begin(&w, &phone, 20000);
    looks = 0;
    fake.on_call = count_looks;
    usm_time_t at = usm__now();
    while (usm__now() < at + 2500) {
        usm_hint_raise(ctx, &hint);
        apr_sleep(500);
    }
    assert_in_range(looks, 1, 5);
    fake.on_call = NULL;
    fake_add("32", "Berta", "Brecht");
    usm_hint_raise(ctx, &hint);
    end(&w);
    assert_int_equal(w.count, 1);
    assert_in_range(w.ended - at, 2500, 2500 + 1000 + SOON);
}

/* A change at each moment of a look, and the hint right after it. */
static int change_at, calls;
static void change_during(void)
{
    if (calls++ != change_at)
        return;
    fake_add("32", "Berta", "Brecht");
    usm_hint_t hint = hint_of("1/anton", "32", USM_HINT_ITEMS);
    usm_hint_raise(ctx, &hint);
}

static void test_no_gap(void **state)
{
    assert_string_equal(key_of_anton(), "1/anton");
    for (change_at = 0; change_at < 3; change_at++) {
        wait_t w = {.p = &phone, .ms = 8000, .hierarchy = 1};
        calls = 0;
        fake.on_call = change_during;
        usm_time_t at = usm__now();
        assert_int_equal(apr_thread_create(&w.thread, NULL, run_wait, &w, pool), APR_SUCCESS);
        end(&w);
        fake.on_call = NULL;
        if (calls <= change_at)
            break; /* there are no more moments */
        assert_int_equal(w.count, 1);
        assert_in_range(w.ended - at, 0, 2 * SOON);
        one_sync(&phone, NULL);
    }
    assert_in_range(change_at, 1, 3);
}

/* While the server is away a hint is not used up. */
static void test_outage(void **state)
{
    wait_t w;
    begin(&w, &phone, 20000);
    fake.down = 1;
    fake_add("32", "Berta", "Brecht");
    usm_hint_t hint = hint_of(key_of_anton(), "32", USM_HINT_ITEMS);
    usm_time_t at = usm__now();
    usm_hint_raise(ctx, &hint);
    apr_sleep(500000);
    fake.down = 0;
    end(&w);
    assert_int_equal(w.count, 1);
    assert_in_range(w.ended - at, 500, 7000);
}

/* What the user's other device sends wakes this one. */
static void test_own_changes(void **state)
{
    wait_t w;
    begin(&w, &phone, 20000);
    usm_time_t at = usm__now();
    one_sync(&tablet, "Sent");
    end(&w);
    assert_int_equal(w.count, 1);
    assert_in_range(w.ended - at, 0, SOON);
}

/* ---- what goes on to other processes ---- */

static int told;
static usm_hint_t last_told;
static void note_told(void *baton, const usm_hint_t *hint)
{
    told++;
    last_told = *hint;
}

static void test_listener(void **state)
{
    usm_hint_t a = hint_of("1/anton", "32", USM_HINT_ITEMS), b = hint_of("1/anton", "33", USM_HINT_ITEMS);
    told = 0;
    usm_hint_listen(ctx, note_told, NULL);
    usm_hint_raise(ctx, &a);
    assert_int_equal(told, 1);
    for (int i = 0; i < 1000; i++)
        usm_hint_raise(ctx, &a); /* kept back */
    assert_int_equal(told, 1);
    usm_hint_raise(ctx, &b);
    assert_int_equal(told, 2);
    usm__hub_flush(ctx, usm__now());
    assert_int_equal(told, 2); /* not yet */
    usm__hub_flush(ctx, usm__now() + USM_HINT_QUIET_MS);
    assert_int_equal(told, 3);
    assert_true(last_told.folder == a.folder);
    usm__hub_flush(ctx, usm__now() + 10 * USM_HINT_QUIET_MS);
    assert_int_equal(told, 3); /* once */
    usm_hint_deliver(ctx, &b); /* from another process: not told again */
    assert_int_equal(told, 3);
}

/* The pump sends on what was kept back, and ends with its context. */
static void test_pump(void **state)
{
    usm_hint_t a = hint_of("1/4", "32", USM_HINT_ITEMS);
    const usm_pump_config_t config = {.forward = note_told};
    told = 0;
    OK(usm_pump_start(ctx, &config));
    usm_hint_raise(ctx, &a);
    usm_hint_raise(ctx, &a);
    assert_int_equal(told, 1);
    apr_sleep(700000);
    assert_int_equal(told, 2);
}

/* Looks become rare while nothing changes, also over several waits of a device; news bring them back. */
static void test_pace(void **state)
{
    wait_t w;
    ctx->config.poll_interval_ms = 50;
    ctx->config.poll_max_ms = 400;
    looks = 0;
    fake.on_call = count_looks;
    begin(&w, &phone, 1000);
    end(&w);
    assert_in_range(looks, 3, 12); /* with the hierarchy's calls; every 50 ms would be 20 of the folder alone */
    looks = 0;
    begin(&w, &phone, 300);
    end(&w);
    assert_in_range(looks, 1, 4);
    fake_add("32", "Berta", "Brecht");
    begin(&w, &phone, 5000);
    end(&w);
    assert_int_equal(w.count, 1);
    one_sync(&phone, NULL);
    looks = 0;
    begin(&w, &phone, 300);
    end(&w);
    assert_in_range(looks, 3, 9);
    fake.on_call = NULL;
}

/* What each kind of look takes in. */
static void test_kinds_of_looks(void **state)
{
    usm_session_t *s = session_of("phone", pool);
    usm_hint_t hint;
    usm__ear_t ear = {.hierarchy = 1};
    usm__hub_t *hub = ctx->hub;
    usm__ear_open(&ear, hub, s);
    usm__ear_add(&ear, hub, "32", 0, pool);
    usm__ear_add(&ear, hub, "mail", USM__EAR_MAIL, pool);
#define WANTS(i, kind) usm__ear_wants(&ear, hub, i, kind, &ctx->config)
    for (int i = -1; i < 2; i++) {
        assert_true(WANTS(i, USM__LOOK_ALL));
        assert_false(WANTS(i, USM__LOOK_HINTED));
    }
    usm__ear_looked(&ear, s, USM__LOOK_ALL, 0);
    assert_false(WANTS(-1, USM__LOOK_POLL)); /* it was just looked at */
    assert_true(WANTS(0, USM__LOOK_POLL));
    assert_true(WANTS(1, USM__LOOK_POLL));
    hint = hint_of(usm_session_user(s), "other", USM_HINT_MAIL);
    usm_hint_raise(ctx, &hint);
    assert_false(WANTS(1, USM__LOOK_POLL)); /* the mail server tells of it */
    assert_true(WANTS(0, USM__LOOK_POLL));
    ear.mail_at -= USM__PUSHED_EVERY_MS;
    assert_true(WANTS(1, USM__LOOK_POLL)); /* now and then nevertheless */
    usm__ear_looked(&ear, s, USM__LOOK_POLL, 0);
    assert_false(WANTS(1, USM__LOOK_POLL));
    hint = hint_of(usm_session_user(s), NULL, USM_HINT_MAIL);
    usm_hint_raise(ctx, &hint);
    assert_false(WANTS(0, USM__LOOK_HINTED));
    assert_true(WANTS(1, USM__LOOK_HINTED));
    assert_false(WANTS(1, USM__LOOK_HINTED)); /* once */
    ear.tree_at -= (usm_time_t)ctx->config.poll_interval_ms * USM__TREE_EVERY;
    assert_true(WANTS(-1, USM__LOOK_POLL));
    usm__ear_close(&ear, hub);
}

static void test_hinted_at(void **state)
{
    usm_session_t *s = session_of("phone", pool);
    usm_hint_t hint = hint_of("9/9", "32", USM_HINT_ITEMS);
    usm_hint_raise(ctx, &hint);
    assert_int_equal(usm__hinted_at(s, "32"), 0);
    hint = hint_of(usm_session_user(s), "32", USM_HINT_ITEMS);
    usm_hint_raise(ctx, &hint);
    assert_true(usm__hinted_at(s, "32") > usm__now() - 5000);
    assert_int_equal(usm__hinted_at(s, "33"), 0);
    usm_hint_for_login(&hint, "Anton", NULL, USM_HINT_ITEMS);
    usm_hint_raise(ctx, &hint);
    assert_true(usm__hinted_at(s, "33") > usm__now() - 5000);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = {
        T(test_a_hint_wakes), T(test_by_login_name), T(test_folders),     T(test_not_meant), T(test_flood),
        T(test_no_gap),       T(test_outage),        T(test_own_changes), T(test_listener),  T(test_hinted_at),
        T(test_pump),         T(test_pace),          T(test_kinds_of_looks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
