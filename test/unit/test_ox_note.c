/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: ox_note.c mime_note.c */
/* Notes as mails of a folder, against the stand-in. */
#include "ox_test.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <apr_strings.h>
#include <apr_tables.h>
#include <string.h>
#include <usm/fields.h>
#include "ox/ox_mail.h"
#include "util/mime.h"

static const char seed[] =
    "{\"contexts\":[{\"id\":1,\"name\":\"example.org\",\"users\":["
    "{\"id\":4,\"login\":\"anton\",\"password\":\"secret\",\"displayName\":\"Anton Meier\","
    "\"email\":\"anton@example.org\",\"caps\":{\"usm\":true,\"active_sync\":true},\"contactId\":7}]}]}";

typedef struct env_t {
    apr_pool_t *pool;
    standin_t *oxd;
    usm_bcall_t *call;
    const usm_backend_vtable_t *vt;
} env_t;

static const usm_brange_t everything = {.since = USM_TIME_NONE};
static const usm_bref_t notes = {.id = OX_NOTES_ID, .cls = USM_NOTE, .role = USM_ROLE_DEFAULT};

static int setup(void **state)
{
    apr_pool_t *pool;
    apr_pool_create(&pool, NULL);
    env_t *e = apr_pcalloc(pool, sizeof *e);
    e->pool = pool;
    e->oxd = standin_start(seed, pool);
    if (e->oxd) {
        usm_backend_t *be = test_backend(e->oxd->port, NULL, pool);
        e->vt = be->vt;
        e->call = test_call(be, pool);
    }
    *state = e;
    return 0;
}

static int teardown(void **state)
{
    apr_pool_destroy(((env_t *)*state)->pool);
    return 0;
}

#define NEED_STANDIN(e)                                                                                                \
    if (!(e)->oxd) {                                                                                                   \
        print_message("stand-in is not built (no libmicrohttpd)\n");                                                 \
        skip();                                                                                                        \
    }

static usm_item_t *note(env_t *e, const char *subject, const char *text, int html)
{
    usm_item_t *item = usm_item_create(USM_NOTE, e->pool);
    usm_body_t *body = apr_pcalloc(e->pool, sizeof *body);
    usm_bodyform_t *form = html ? &body->html : &body->text;
    body->native = html ? USM_BODY_HTML : USM_BODY_TEXT;
    *form = (usm_bodyform_t){.data = text, .len = strlen(text), .full_size = strlen(text)};
    usm_item_set_text(item, USM_NOTE_SUBJECT, subject);
    usm_item_set_ptr(item, USM_NOTE_BODY, body);
    return item;
}

static usm_item_t *read_note(usm_bget_t *get, env_t *e, const char *id)
{
    usm_fetch_t fetch = {.body_forms = USM_BODY_TEXT, .text_max = APR_UINT64_MAX};
    *get = (usm_bget_t){.id = id};
    test_ok(e->vt->get(get, 1, e->call, &notes, &fetch, e->pool, e->pool), "get");
    assert_null(get->error);
    return get->item;
}

static void test_life(void **state)
{
    env_t *e = *state;
    NEED_STANDIN(e);
    noted_t n;
    usm_bsink_t sink = noted_sink(&n, e->pool);
    const char *none, *cursor, *next;
    usm_bwrite_t made, found = {0}, result = {0};
    usm_fieldset_t fields = {{0}};
    usm_bget_t get;
    int changed;
    /* No folder yet: nothing is there, and nothing changes. */
    test_ok(e->vt->changes(&none, e->call, &notes, &everything, NULL, 0, &sink, e->pool, e->pool), "no folder");
    assert_int_equal(n.upserts + 10 * n.begins, 10);
    test_ok(e->vt->changed(&changed, e->call, &notes, none, e->pool), "changed");
    assert_false(changed);
    assert_null(read_note(&get, e, "u-1"));
    test_ok(e->vt->add(&made, e->call, &notes, note(e, "Ä", "<p>x</p>", 1), "u-1", e->pool, e->pool), "add");
    assert_string_equal(made.id, "u-1");
    test_ok(e->vt->find_uid(&found, e->call, &notes, "u-1", e->pool, e->pool), "find");
    assert_true(found.id && found.rev == made.rev);
    found.id = NULL;
    test_ok(e->vt->find_uid(&found, e->call, &notes, "u-2", e->pool, e->pool), "find none");
    assert_null(found.id);
    test_ok(e->vt->changed(&changed, e->call, &notes, none, e->pool), "changed");
    assert_true(changed);
    usm_item_t *item = read_note(&get, e, "u-1");
    assert_string_equal(usm_item_text(item, USM_NOTE_SUBJECT), "Ä");
    assert_true(get.rev == made.rev && usm_item_num(item, USM_NOTE_MODIFIED, 0) > 0);
    assert_true(usm_value_equal(USM_T_BODY, &item->v[USM_NOTE_BODY], &note(e, "", "<p>x</p>", 1)->v[USM_NOTE_BODY]));
    sink = noted_sink(&n, e->pool);
    test_ok(e->vt->changes(&cursor, e->call, &notes, &everything, none, 0, &sink, e->pool, e->pool), "one");
    assert_int_equal(n.upserts, 1);
    test_ok(e->vt->changes(&next, e->call, &notes, &everything, cursor, 0, &sink, e->pool, e->pool), "none");
    assert_string_equal(next, cursor);
    /* Another revision than the newest is a conflict; the right one makes a new mail of the same name. */
    USM_FIELDSET_ADD(&fields, USM_NOTE_SUBJECT);
    test_fails(e->vt->update(&result, e->call, &notes, "u-1", note(e, "B", "", 0), &fields, made.rev + 2, e->pool,
                             e->pool),
               USM_ECONFLICT, "old revision");
    test_fails(e->vt->update(&result, e->call, &notes, "u-9", note(e, "B", "", 0), &fields, 1, e->pool, e->pool),
               USM_ENOTFOUND, "no such note");
    test_ok(e->vt->update(&result, e->call, &notes, "u-1", note(e, "B", "", 0), &fields, made.rev, e->pool, e->pool),
            "update");
    item = read_note(&get, e, "u-1");
    assert_string_equal(usm_item_text(item, USM_NOTE_SUBJECT), "B");
    assert_true(get.rev == result.rev && result.rev != made.rev && item->v[USM_NOTE_BODY].u.body->html.data);
    test_fails(e->vt->remove(e->call, &notes, "u-1", USM_DELETE_TRASH, made.rev, e->pool), USM_ECONFLICT, "contested");
    test_ok(e->vt->remove(e->call, &notes, "u-1", USM_DELETE_TRASH, result.rev, e->pool), "remove");
    test_fails(e->vt->remove(e->call, &notes, "u-1", USM_DELETE_TRASH, 0, e->pool), USM_ENOTFOUND, "gone");
    test_ok(e->vt->add(&made, e->call, &notes, note(e, "C", "x", 0), "u-3", e->pool, e->pool), "add");
    test_ok(e->vt->folder_clear(e->call, &notes, e->pool), "clear");
    assert_null(read_note(&get, e, "u-3"));
}

static void test_listed_as_a_folder(void **state)
{
    env_t *e = *state;
    NEED_STANDIN(e);
    const apr_array_header_t *folders;
    const char *token = "x";
    int found = 0;
    test_ok(e->vt->folders(&folders, e->call, NULL, e->pool), "folders");
    for (int i = 0; i < folders->nelts; i++) {
        const usm_bfolder_t *f = &APR_ARRAY_IDX(folders, i, usm_bfolder_t);
        found += f->cls == USM_NOTE && f->role == USM_ROLE_DEFAULT && strcmp(f->name, "Notes") == 0;
    }
    assert_int_equal(found, 1);
    test_ok(e->vt->folder_token(&token, e->call, &notes, e->pool), "token");
    assert_null(token);
}

static void test_keywords(void **state)
{
    env_t *e = *state;
    static const struct {
        const char *in, *out; /* words between bars */
    } rows[] = {{"a", "a|"},          {"a, b c ,d", "a|b c|d|"},       {"\"x, y\", z", "x, y|z|"},
                {" , ,", ""},         {"\"a \\\" b\"", "a \" b|"},     {"=?utf-8?Q?=C3=BC?=, x", "ü|x|"},
                {"\"open", "open|"},  {"", ""}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const usm_list_t *list = usm__mime_keywords(rows[i].in, e->pool), *again;
        const char *text = "";
        for (int k = 0; list && k < list->count; k++)
            text = apr_pstrcat(e->pool, text, list->items[k], "|", NULL);
        if (strcmp(text, rows[i].out) != 0)
            fail_msg("row %zu: %s", i, text);
        again = list ? usm__mime_keywords(usm__mime_keyword_list(list, e->pool), e->pool) : NULL;
        for (int k = 0; list && k < list->count; k++)
            assert_string_equal(again->items[k], list->items[k]);
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {T(test_life), T(test_listed_as_a_folder), T(test_keywords)};
    apr_initialize();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
