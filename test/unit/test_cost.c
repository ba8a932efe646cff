/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: detect.c echo.c next.c watch.c */
/* What each command costs: calls of the groupware server, statements and rows of the database. The figures do not
 * depend on the machine and are the same on both databases; a change that makes one grow must say why. */
#include "store_test.h"

#include <apr_general.h>
#include <apr_strings.h>
#include <stdio.h>
#include <string.h>

#include "core/core.h"
#include "fake_backend.h"

static apr_pool_t *pool;
static usm_context_t *ctx;
static char folders_key[80], key[80], before[80], folder[20];
static int told, more;

static usm_session_t *session(apr_pool_t *own)
{
    usm_login_t *login;
    usm_session_t *s;
    OK(usm_login(&login, ctx, "anton", "secret", NULL, own));
    OK(usm_session_open(&s, ctx, login, "secret", "phone", "Test", 0, NULL, own));
    return s;
}

static usm_turn_params_t params(int window)
{
    usm_turn_params_t p = {.folder = folder, .key = key, .since = USM_TIME_NONE, .window = window};
    USM_FIELDSET_ADD(&p.fetch.fields, USM_CONTACT_FIRST_NAME);
    USM_FIELDSET_ADD(&p.fetch.fields, USM_CONTACT_LAST_NAME);
    return p;
}

static void finish(usm_turn_t *turn, char *key_p, apr_pool_t *own)
{
    const usm_change_t *change;
    const char *next;
    for (told = 0;; told++) {
        OK(usm_turn_next(&change, turn, own));
        if (!change)
            break;
        if (change->item && usm_item_text(change->item, USM_FOLDER_NAME) && key_p == folders_key &&
            strcmp(usm_item_text(change->item, USM_FOLDER_NAME), "Contacts") == 0)
            apr_cpystrn(folder, change->id, sizeof folder);
    }
    more = usm_turn_more(turn);
    OK(usm_turn_close(&next, turn, own));
    apr_cpystrn(before, key, sizeof before);
    apr_cpystrn(key_p, next, sizeof key);
}

/* ---- the commands ---- */

static void folder_sync(usm_session_t *s, apr_pool_t *own)
{
    usm_turn_t *turn;
    usm_turn_params_t p = {.key = folders_key, .window = 512, .since = USM_TIME_NONE};
    OK(usm_turn_open(&turn, s, &p, own));
    finish(turn, folders_key, own);
}

static void sync_window(usm_session_t *s, int window, apr_pool_t *own)
{
    usm_turn_t *turn;
    usm_turn_params_t p = params(window);
    OK(usm_turn_open(&turn, s, &p, own));
    finish(turn, key, own);
}

static void sync_100(usm_session_t *s, apr_pool_t *own)
{
    sync_window(s, 100, own);
}

static void drain(usm_session_t *s, apr_pool_t *own)
{
    int all = 0, rounds = 0;
    do {
        apr_pool_t *iterpool;
        apr_pool_create(&iterpool, own);
        sync_window(s, 100, iterpool);
        all += told;
        apr_pool_destroy(iterpool);
    } while (more && ++rounds < 100);
    told = all;
}

static void send_adds(usm_session_t *s, int count, apr_pool_t *own)
{
    usm_turn_t *turn;
    usm_outcome_t out;
    static int cid;
    usm_turn_params_t p = params(100);
    usm_ahead_t *rows = apr_pcalloc(own, sizeof *rows * (apr_size_t)count);
    OK(usm_turn_open(&turn, s, &p, own));
    for (int i = 0; i < count; i++) {
        usm_item_t *item = usm_item_create(USM_CONTACT, own);
        usm_item_set_text(item, USM_CONTACT_FIRST_NAME, "Sent");
        rows[i] = (usm_ahead_t){.client_id = apr_itoa(own, ++cid), .item = item};
    }
    OK(usm_turn_ahead(turn, rows, count));
    for (int i = 0; i < count; i++) {
        OK(usm_turn_add(&out, turn, rows[i].client_id, rows[i].item));
        assert_null(out.error);
    }
    finish(turn, key, own);
}

static void send_1(usm_session_t *s, apr_pool_t *own)
{
    send_adds(s, 1, own);
}

static void send_100(usm_session_t *s, apr_pool_t *own)
{
    send_adds(s, 100, own);
}

static void estimate(usm_session_t *s, apr_pool_t *own)
{
    usm_turn_params_t p = params(100);
    OK(usm_collection_estimate(&told, s, &p, own));
}

static void ping(usm_session_t *s, apr_pool_t *own)
{
    usm_watch_t *watch;
    usm_watch_result_t result;
    int known;
    OK(usm_watch_create(&watch, s, own));
    OK(usm_watch_add(&known, watch, folder));
    assert_int_equal(known, 1);
    OK(usm_watch_check(&result, watch, own));
    told = result.count;
}

/* ---- what happens on the server before ---- */

static void nothing(void)
{
}

static void make(int count)
{
    for (int i = 0; i < count; i++)
        fake_add("32", "Ada", "Lovelace");
}

static void make_100(void)
{
    make(100);
}

static void make_1000(void)
{
    make(1000);
}

static void change(int count)
{
    for (int i = 0; i < fake.count && count > 0; i++) {
        if (!fake.items[i].alive)
            continue;
        snprintf(fake.items[i].text[0], sizeof fake.items[i].text[0], "Changed %d", (int)fake.clock);
        fake_touch(&fake.items[i]);
        count--;
    }
}

static void change_1(void)
{
    change(1);
}

static void change_100(void)
{
    change(100);
}

/* A new revision, and nothing that a device sees. */
static void touch_100(void)
{
    for (int i = 0; i < 100; i++)
        fake_touch(&fake.items[i]);
}

static void remove_100(void)
{
    for (int i = 0, n = 0; i < fake.count && n < 100; i++) {
        if (fake.items[i].alive) {
            fake_remove(&fake.items[i]);
            n++;
        }
    }
}

static void lose_answer(void)
{
    apr_cpystrn(key, before, sizeof key);
}

static void start_over(void)
{
    apr_cpystrn(key, "0", sizeof key);
}

typedef void (*command_fn)(usm_session_t *s, apr_pool_t *own);

static const struct {
    const char *name;
    void (*happened)(void);
    command_fn command;
    int told, calls, statements, rows;
} steps[] = {
    {"FolderSync from nothing", nothing, folder_sync, 3, 1, 28, 24},
    {"FolderSync, nothing new", nothing, folder_sync, 0, 1, 4, 9},
    {"Sync of key 0", start_over, sync_100, 0, 0, 6, 3},
    {"first Sync of 100", make_100, sync_100, 100, 2, 8, 204},
    {"Sync, nothing new, the first that knows the answer arrived", nothing, sync_100, 0, 1, 2, 2},
    {"Sync, nothing new", nothing, sync_100, 0, 1, 2, 2},
    {"Sync of 1 change", change_1, sync_100, 1, 2, 11, 108},
    {"Sync of 100 changes", change_100, sync_100, 100, 2, 12, 406},
    {"Sync of 100 changes that are none for a device", touch_100, sync_100, 0, 2, 8, 204},
    {"Sync of 100 deletions", remove_100, sync_100, 100, 1, 11, 504},
    {"repeat of a Sync of 100 deletions", lose_answer, sync_100, 100, 1, 24, 507},
    {"GetItemEstimate, nothing new", nothing, estimate, 0, 1, 2, 2},
    {"GetItemEstimate of 100", make_100, estimate, 100, 1, 3, 2},
    {"Ping, 100 new", nothing, ping, 1, 2, 4, 3},
    {"Sync of 100 new", nothing, sync_100, 100, 2, 11, 404},
    {"Ping, nothing new", nothing, ping, 0, 1, 3, 3},
    {"Sync that sends 1", nothing, send_1, 0, 2, 21, 111},
    {"Sync that sends 100", nothing, send_100, 0, 101, 31, 409},
    {"whole Sync of 1,000", make_1000, drain, 1000, 13, 93, 5250},
};

static void test_costs(void **state)
{
    int bad = 0;
    apr_pool_create(&pool, NULL);
    usm_config_t config = {.backend_url = "fake:", .store = test_fresh_url(pool)};
    fake_reset();
    apr_cpystrn(folders_key, "0", sizeof folders_key);
    OK(usm__context_make(&ctx, &config, usm_store_sql(), fake_backend(), pool));
    session(pool); /* the login and the device's row are made here */
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        apr_pool_t *own;
        apr_pool_create(&own, pool);
        steps[i].happened();
        usm_session_t *s = session(own);
        steps[i].command(s, own);
        const usm_stats_t *got = usm_session_stats(s);
        if (told != steps[i].told || (int)got->backend_calls != steps[i].calls ||
            (int)got->store_statements != steps[i].statements || (int)got->store_rows != steps[i].rows) {
            print_error("%s: told %d, %d calls, %d statements, %d rows\n", steps[i].name, told,
                        (int)got->backend_calls, (int)got->store_statements, (int)got->store_rows);
            bad++;
        }
        apr_pool_destroy(own);
    }
    assert_int_equal(bad, 0);
    apr_pool_destroy(pool);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_costs)};
    return store_test_main(argv, tests, sizeof tests / sizeof tests[0]);
}
