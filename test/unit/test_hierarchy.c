/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: hierarchy.c */
/* Folders that a device makes, renames, moves and deletes: what is refused, and that a short id stays what it is. */
#include "sync_test.h"

#include <usm/fields.h>

static apr_pool_t *pool;
static eas_ctx_t *ctx;
static const char *key;
static apr_pool_t *turn_pool; /* a turn ends with it */

static int start(void **state)
{
    int rv = sync_setup(state);

    pool = *state;
    ctx = sync_ctx(141);
    key = "0";
    return rv;
}
#define RUN_TEST(function) cmocka_unit_test_setup_teardown(function, start, sync_teardown)

/* A turn for a command: it brings nothing to the device. */
static usm_turn_t *open_turn(void)
{
    usm_turn_params_t params = {.key = key, .since = USM_TIME_NONE, .window = 0};
    usm_turn_t *turn;

    apr_pool_create(&turn_pool, pool);
    assert_null(usm_turn_open(&turn, ctx->session, &params, turn_pool));
    return turn;
}

static void close_turn(usm_turn_t *turn)
{
    assert_null(usm_turn_close(&key, turn, pool));
    apr_pool_destroy(turn_pool);
}

/* Brings the device up to date; what it is told as "+id parent name" "*id parent name" "-id". */
static const char *told(void)
{
    usm_turn_params_t params = {.key = key, .since = USM_TIME_NONE, .window = 512};
    const usm_change_t *change;
    const char *text = "";
    usm_turn_t *turn;

    USM_FIELDSET_ADD(&params.fetch.fields, USM_FOLDER_NAME);
    USM_FIELDSET_ADD(&params.fetch.fields, USM_FOLDER_PARENT);
    apr_pool_create(&turn_pool, pool);
    assert_null(usm_turn_open(&turn, ctx->session, &params, turn_pool));
    for (assert_null(usm_turn_next(&change, turn, pool)); change != NULL;
         assert_null(usm_turn_next(&change, turn, pool))) {
        text = apr_pstrcat(pool, text, *text != '\0' ? " " : "",
                           change->kind == USM_CHANGE_ADD      ? "+"
                           : change->kind == USM_CHANGE_DELETE ? "-"
                                                               : "*",
                           change->id, NULL);
        if (change->item != NULL) {
            text = apr_pstrcat(pool, text, " ", usm_item_text(change->item, USM_FOLDER_PARENT), " ",
                               usm_item_text(change->item, USM_FOLDER_NAME), NULL);
        }
    }
    close_turn(turn);
    return text;
}

static usm_item_t *folder(const char *name, const char *parent, usm_class_e cls)
{
    usm_item_t *item = usm_item_create(USM_FOLDER, pool);

    if (name != NULL) {
        usm_item_set_text(item, USM_FOLDER_NAME, name);
    }
    if (parent != NULL) {
        usm_item_set_text(item, USM_FOLDER_PARENT, sync_expand(parent));
    }
    if (cls != USM_CLASS_COUNT) {
        usm_item_set_num(item, USM_FOLDER_CLASS, cls);
    }
    return item;
}

/* One command in a turn of its own; the error's code, 0 when it was done. *ID_P: the new folder. */
static apr_status_t add(const char **id_p, const char *name, const char *parent, usm_class_e cls)
{
    static int count;
    usm_turn_t *turn = open_turn();
    usm_outcome_t out = {0};
    usm_error_t *err = usm_turn_add(&out, turn, apr_psprintf(pool, "c%d", count++), folder(name, parent, cls));
    apr_status_t code;

    code = usm_error_code(err != NULL ? err : out.error);
    if (id_p != NULL) {
        *id_p = code == 0 ? apr_pstrdup(pool, out.server_id) : NULL;
    }
    close_turn(turn);
    return code;
}

static apr_status_t change(const char *id, const char *name, const char *parent)
{
    usm_turn_t *turn = open_turn();
    usm_outcome_t out = {0};
    usm_error_t *err = usm_turn_change(&out, turn, sync_expand(id), folder(name, parent, USM_CLASS_COUNT), 1);
    apr_status_t code;

    code = usm_error_code(err != NULL ? err : out.error);
    close_turn(turn);
    return code;
}

static apr_status_t drop(const char *id)
{
    usm_turn_t *turn = open_turn();
    usm_outcome_t out = {0};
    usm_error_t *err = usm_turn_delete(&out, turn, sync_expand(id), USM_DELETE_HARD);
    apr_status_t code;

    code = usm_error_code(err != NULL ? err : out.error);
    close_turn(turn);
    return code;
}

static void test_add(void **state)
{
    static char long_name[258];
    static const struct {
        const char *name, *parent;
        usm_class_e cls;
        apr_status_t want;
    } rows[] = {
        {"Plans", "0", USM_EMAIL, 0},
        {"Plans", "0", USM_EMAIL, USM_EEXISTS},
        {"PLANS", "0", USM_EMAIL, USM_EEXISTS},
        {"Plans", "$M", USM_EMAIL, 0},
        {"Plans", "0", USM_CONTACT, 0}, /* trees of their own */
        {"Inner", "$C", USM_EMAIL, USM_EPARENT},
        {"Inner", "9999", USM_EMAIL, USM_EPARENT},
        {"Inner", "nonsense", USM_EMAIL, USM_EPARENT},
        {NULL, "0", USM_EMAIL, USM_EINVALID},
        {long_name, "0", USM_EMAIL, USM_EINVALID},
        {"Inner", "0", USM_FOLDER, USM_EINVALID},
        {"Inner", "0", USM_CLASS_COUNT, USM_EINVALID},
    };
    unsigned i;

    memset(long_name, 'x', sizeof(long_name) - 1);
    told();
    for (i = 0; i < COUNT(rows); i++) {
        int before = fake.folder_count;
        const char *id;
        apr_status_t got = add(&id, rows[i].name, rows[i].parent, rows[i].cls);

        if (got != rows[i].want || fake.folder_count - before != (got == 0) || (id != NULL) != (got == 0)) {
            fail_msg("row %u: code %d, %d folders more", i, got, fake.folder_count - before);
        }
        /* The device knows what it has made itself. */
        assert_string_equal(told(), "");
    }
}

static void test_change(void **state)
{
    const char *outer, *inner, *other;

    told();
    assert_int_equal(add(&outer, "Outer", "0", USM_EMAIL), 0);
    assert_int_equal(add(&inner, "Inner", outer, USM_EMAIL), 0);
    assert_int_equal(add(&other, "Other", "0", USM_EMAIL), 0);
    const struct {
        const char *id, *name, *parent;
        apr_status_t want;
    } rows[] = {
        {inner, "Renamed", NULL, 0},
        {inner, "Renamed", NULL, 0}, /* as it is already */
        {inner, NULL, other, 0},
        {inner, "Twice", "0", 0},
        {inner, "Outer", NULL, USM_EEXISTS},
        {outer, NULL, outer, USM_EPARENT},
        {inner, NULL, outer, 0},
        {outer, NULL, inner, USM_EPARENT},
        {outer, NULL, "$C", USM_EPARENT},
        {"$M", "Mine", NULL, USM_ESPECIAL_FOLDER},
        {"9999", "Mine", NULL, USM_ENOTFOUND},
    };
    unsigned i;

    for (i = 0; i < COUNT(rows); i++) {
        apr_status_t got = change(rows[i].id, rows[i].name, rows[i].parent);

        if (got != rows[i].want) {
            fail_msg("row %u: code %d", i, got);
        }
        assert_string_equal(told(), "");
    }
    /* A device that starts over sees them where they are now, under the ids that they had from the start. */
    key = "0";
    assert_non_null(strstr(told(), apr_psprintf(pool, "+%s %s Twice", inner, outer)));
}

static void test_delete(void **state)
{
    const char *mine;

    told();
    assert_int_equal(add(&mine, "Mine", "0", USM_EMAIL), 0);
    assert_int_equal(drop("$M"), USM_ESPECIAL_FOLDER);
    assert_int_equal(drop("9999"), USM_ENOTFOUND);
    assert_int_equal(drop(mine), 0);
    assert_string_equal(told(), "");
    assert_int_equal(change(mine, "Again", NULL), USM_ENOTFOUND);
    key = "0";
    assert_null(strstr(told(), "Mine"));
}

/* What others do on the server reaches the device, parents first; a folder with a token keeps its id over a rename. */
static void test_others(void **state)
{
    const char *text, *outer, *inner;

    told();
    fake_folder("71", "Inner", "70", USM_ROLE_USER, USM_EMAIL, NULL);
    fake_folder("70", "Outer", NULL, USM_ROLE_USER, USM_EMAIL, NULL);
    text = told();
    outer = strstr(text, " 0 Outer");
    inner = strstr(text, " Inner");
    assert_true(outer != NULL && inner != NULL && outer < inner);
    snprintf(fake.folders[fake.folder_count - 1].name, sizeof(fake.folders[0].name), "Renamed");
    text = told();
    assert_true(*text == '*' && strstr(text, " 0 Renamed") != NULL && strchr(text + 1, '+') == NULL);
    fake.folders[fake.folder_count - 1].alive = 0;
    fake.folders[fake.folder_count - 2].alive = 0;
    text = told();
    assert_true(*text == '-' && strchr(text, '+') == NULL && strchr(text, '*') == NULL);
}

/* A server that does not answer makes no folder, and the device may ask again with the same key. */
static void test_outage(void **state)
{
    usm_turn_t *turn;
    usm_outcome_t out = {0};
    usm_error_t *err;

    told();
    turn = open_turn();
    fake.down = 1;
    err = usm_turn_add(&out, turn, "late", folder("Late", "0", USM_EMAIL));
    assert_int_equal(usm_error_class(err != NULL ? err : out.error), USM_CLASS_UNAVAILABLE);
    fake.down = 0;
    apr_pool_destroy(turn_pool);
    assert_int_equal(add(NULL, "Late", "0", USM_EMAIL), 0);
    assert_int_equal(add(NULL, "Late", "0", USM_EMAIL), USM_EEXISTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_TEST(test_add), RUN_TEST(test_change), RUN_TEST(test_delete), RUN_TEST(test_others), RUN_TEST(test_outage),
    };

    return RUN_TESTS(tests);
}
