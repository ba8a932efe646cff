/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: ox_backend.c ox_call.c ox_folder.c ox_picture.c ox_pim.c ox_pim_write.c */
/* The OX backend against the stand-in: everything core relies on, over real HTTP. */
#include "ox_test.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <apr_strings.h>
#include <string.h>
#include <usm/fields.h>

static const char seed[] =
    "{\"contexts\":[{\"id\":1,\"name\":\"example.org\",\"users\":["
    "{\"id\":4,\"login\":\"anton\",\"password\":\"secret\",\"displayName\":\"Anton Meier\",\"firstName\":\"Anton\","
    "\"lastName\":\"Meier\",\"email\":\"anton@example.org\",\"aliases\":[\"a.meier@example.org\"],"
    "\"timezone\":\"Europe/Berlin\",\"contactId\":7,\"caps\":{\"usm\":true,\"active_sync\":true},"
    "\"contacts\":[{\"id\":101,\"display_name\":\"Meier, Carla\",\"first_name\":\"Carla\",\"last_name\":\"Meier\","
    "\"email1\":\"carla@example.org\"}],"
    "\"mails\":[{\"folder\":\"INBOX\",\"generate\":120,\"seed\":1,\"until\":1700000000000},"
    "{\"from\":\"Berta <berta@example.org>\",\"subject\":\"Minutes\",\"text\":\"Hello\",\"html\":\"<p>Hello</p>\","
    "\"date\":1700470800000,\"attachments\":[{\"name\":\"minutes.pdf\",\"type\":\"application/pdf\",\"size\":18000}]},"
    "{\"folder\":\"INBOX/Project/Deep\",\"subject\":\"x\",\"text\":\"y\"}]},"
    "{\"id\":5,\"login\":\"berta\",\"password\":\"secret\",\"displayName\":\"Berta Beispiel\",\"email\":"
    "\"berta@example.org\",\"contactId\":8,\"caps\":{\"usm\":true,\"active_sync\":true}},"
    "{\"id\":6,\"login\":\"carl\",\"password\":\"secret\",\"displayName\":\"Carl\",\"email\":\"carl@example.org\","
    "\"contactId\":9,\"caps\":{\"usm\":false,\"active_sync\":true}}]}]}";

typedef struct env_t {
    apr_pool_t *pool;
    standin_t *oxd;
    usm_backend_t *be;
    usm_bcall_t *call;
    const usm_backend_vtable_t *vt;
    const apr_array_header_t *folders;
} env_t;

static int setup(void **state)
{
    apr_pool_t *pool;
    apr_pool_create(&pool, NULL);
    env_t *e = apr_pcalloc(pool, sizeof *e);
    e->pool = pool;
    e->oxd = standin_start(seed, pool);
    if (e->oxd) {
        e->be = test_backend(e->oxd->port, NULL, pool);
        e->vt = e->be->vt;
        e->call = test_call(e->be, pool);
        test_ok(e->vt->folders(&e->folders, e->call, NULL, pool), "folders");
    }
    *state = e;
    return 0;
}

static int teardown(void **state)
{
    env_t *e = *state;
    apr_pool_destroy(e->pool);
    return 0;
}

#define NEED_STANDIN(e)                                                                                                \
    if (!(e)->oxd) {                                                                                                   \
        print_message("stand-in is not built (no libmicrohttpd)\n");                                                 \
        skip();                                                                                                        \
    }

static usm_bref_t folder_of(const env_t *e, usm_class_e cls, usm_role_e role, const char *id)
{
    for (int i = 0; i < e->folders->nelts; i++) {
        const usm_bfolder_t *f = &APR_ARRAY_IDX(e->folders, i, usm_bfolder_t);
        if (f->cls == cls && f->role == role && (!id || strcmp(id, f->id) == 0))
            return (usm_bref_t){.id = f->id, .cls = cls, .role = role};
    }
    fail_msg("no folder of class %d, role %d", (int)cls, (int)role);
    return (usm_bref_t){0};
}

static const usm_brange_t everything = {.since = USM_TIME_NONE};

/* ---- login and folders ---- */

static void test_login(void **state)
{
    env_t *e = *state;
    NEED_STANDIN(e);
    usm_blogin_t *login = NULL;
    usm_userinfo_t info;
    test_fails(e->vt->login(&login, e->be, "anton", "wrong", NULL, NULL, e->pool), USM_EAUTH, "wrong password");
    test_fails(e->vt->login(&login, e->be, "nobody", "secret", NULL, NULL, e->pool), USM_EAUTH, "unknown user");
    test_fails(e->vt->login(&login, e->be, "carl", "secret", NULL, NULL, e->pool), USM_EDISABLED, "no capability");
    assert_string_equal(e->vt->user(e->call->login), "1/4");
    test_ok(e->vt->userinfo(&info, e->call, e->pool), "userinfo");
    assert_string_equal(info.display_name, "Anton Meier");
    assert_string_equal(info.primary_address, "anton@example.org");
    assert_string_equal(info.timezone, "Europe/Berlin");
    assert_int_equal(info.address_count, 2);

    /* Thawed in "another process" it works, and a session that is gone is replaced by one login. */
    const char *frozen = e->vt->freeze(e->call->login, e->pool);
    test_ok(e->vt->resume(&login, e->be, frozen, e->pool), "resume");
    usm_stats_t stats = {0};
    usm_bcall_t call = *e->call;
    call.login = login;
    call.stats = &stats;
    test_ok(e->vt->userinfo(&info, &call, e->pool), "userinfo of a resumed login");
    assert_int_equal(stats.backend_logins, 0);
    standin_control(e->oxd, "expire", "{}", e->pool);
    test_ok(e->vt->userinfo(&info, &call, e->pool), "userinfo after the session expired");
    assert_int_equal(stats.backend_logins, 1);
    standin_control(e->oxd, "expire", "{\"secret\":true}", e->pool);
    test_ok(e->vt->userinfo(&info, &call, e->pool), "userinfo after the secret was lost");
    standin_control(e->oxd, "expire", "{}", e->pool);
    call.password = NULL;
    test_fails(e->vt->userinfo(&info, &call, e->pool), USM_EAUTH, "no password to log in again");
    e->vt->drop(login);
    e->vt->release(login);
}

static void test_folders(void **state)
{
    env_t *e = *state;
    NEED_STANDIN(e);
    const apr_array_header_t *again;
    const char *id, *token, *same;
    int deep = 0;
    folder_of(e, USM_EVENT, USM_ROLE_DEFAULT, NULL);
    folder_of(e, USM_TASK, USM_ROLE_DEFAULT, NULL);
    folder_of(e, USM_CONTACT, USM_ROLE_DEFAULT, NULL);
    usm_bref_t inbox = folder_of(e, USM_EMAIL, USM_ROLE_INBOX, NULL);
    folder_of(e, USM_EMAIL, USM_ROLE_SENT, NULL);
    folder_of(e, USM_EMAIL, USM_ROLE_DRAFTS, NULL);
    folder_of(e, USM_EMAIL, USM_ROLE_TRASH, NULL);
    for (int i = 0; i < e->folders->nelts; i++) {
        const usm_bfolder_t *f = &APR_ARRAY_IDX(e->folders, i, usm_bfolder_t);
        assert_string_not_equal(f->id, "6");
        if (strcmp(f->id, "default0/INBOX/Project/Deep") == 0) {
            deep = 1;
            assert_string_equal(f->parent, "default0/INBOX/Project");
        }
        if (strcmp(f->id, inbox.id) == 0) {
            assert_null(f->parent);
            assert_int_equal(f->rights, USM_RIGHT_ALL);
            assert_true(f->has_children);
        }
    }
    assert_true(deep);

    /* Nothing new: one call. */
    apr_uint64_t before = e->call->stats->backend_calls;
    test_ok(e->vt->folders(&again, e->call, e->folders, e->pool), "folders again");
    assert_int_equal(e->call->stats->backend_calls - before, 1);
    assert_int_equal(again->nelts, e->folders->nelts);

    test_ok(e->vt->folder_create(&id, e->call, inbox.id, USM_EMAIL, "M\xc3\xbcll", e->pool), "create");
    assert_string_equal(id, "default0/INBOX/M\xc3\xbcll");
    test_fails(e->vt->folder_create(&same, e->call, inbox.id, USM_EMAIL, "M\xc3\xbcll", e->pool), USM_EEXISTS,
               "create twice");
    usm_bref_t ref = {.id = id, .cls = USM_EMAIL};
    test_ok(e->vt->folder_token(&token, e->call, &ref, e->pool), "token");
    assert_non_null(token);
    test_ok(e->vt->folder_update(&id, e->call, &ref, "", "Other", e->pool), "move to the root and rename");
    assert_string_equal(id, "default0/Other");
    ref.id = id;
    test_ok(e->vt->folder_token(&same, e->call, &ref, e->pool), "token after renaming");
    assert_string_equal(same, token);
    test_ok(e->vt->folder_delete(e->call, &ref, e->pool), "delete");
    test_ok(e->vt->folder_create(&id, e->call, NULL, USM_CONTACT, "Suppliers", e->pool), "create contacts");
    ref = (usm_bref_t){.id = id, .cls = USM_CONTACT};
    test_ok(e->vt->folder_delete(e->call, &ref, e->pool), "delete contacts");
    test_fails(e->vt->folder_delete(e->call, &inbox, e->pool), USM_ESPECIAL_FOLDER, "delete the inbox");
}

/* ---- contacts ---- */

static void test_contacts(void **state)
{
    env_t *e = *state;
    NEED_STANDIN(e);
    usm_bref_t f = folder_of(e, USM_CONTACT, USM_ROLE_DEFAULT, NULL);
    noted_t n;
    usm_bsink_t sink = noted_sink(&n, e->pool);
    const char *cursor, *next;
    apr_uint64_t rev = 0;
    int changed;
    usm_fetch_t fetch = fetch_all(USM_CONTACT, USM_BODY_TEXT);
    test_ok(e->vt->changes(&cursor, e->call, &f, &everything, NULL, 0, &sink, e->pool, e->pool), "first listing");
    assert_int_equal(n.begins, 1);
    assert_int_equal(n.ends, 1);
    assert_true(noted_has(&n, '+', "101", &rev));
    test_ok(e->vt->changed(&changed, e->call, &f, cursor, e->pool), "changed");
    assert_false(changed);

    usm_bget_t gets[2] = {{.id = "101"}, {.id = "999"}};
    test_ok(e->vt->get(gets, 2, e->call, &f, &fetch, e->pool, e->pool), "get");
    assert_non_null(gets[0].item);
    assert_null(gets[1].item);
    assert_null(gets[1].error);
    assert_int_equal(gets[0].rev, rev);
    assert_string_equal(usm_item_text(gets[0].item, USM_CONTACT_FIRST_NAME), "Carla");
    assert_string_equal(usm_item_text(gets[0].item, USM_CONTACT_FILE_AS), "Meier, Carla");

    /* add → found by its uid, told by the feed with the same revision */
    usm_item_t *item = usm_item_create(USM_CONTACT, e->pool);
    usm_bwrite_t w = {0}, found = {0};
    usm_item_set_text(item, USM_CONTACT_FIRST_NAME, "D\xc3\xb6rte");
    usm_item_set_text(item, USM_CONTACT_LAST_NAME, "Dorn");
    usm_item_set_num(item, USM_CONTACT_BIRTHDAY, APR_INT64_C(320284800000));
    test_ok(e->vt->add(&w, e->call, &f, item, "uid-1", e->pool, e->pool), "add");
    assert_true(w.rev > 0);
    test_ok(e->vt->find_uid(&found, e->call, &f, "uid-1", e->pool, e->pool), "find");
    assert_string_equal(found.id, w.id);
    assert_int_equal(found.rev, w.rev);
    test_ok(e->vt->find_uid(&found, e->call, &f, "uid-2", e->pool, e->pool), "find nothing");
    assert_null(found.id);
    sink = noted_sink(&n, e->pool);
    test_ok(e->vt->changed(&changed, e->call, &f, cursor, e->pool), "changed");
    assert_true(changed);
    test_ok(e->vt->changes(&next, e->call, &f, &everything, cursor, 0, &sink, e->pool, e->pool), "changes");
    assert_int_equal(n.begins, 0);
    assert_true(noted_has(&n, '+', w.id, &rev));
    assert_int_equal(rev, w.rev);
    assert_string_not_equal(next, cursor);

    /* update with the right revision, then with an old one */
    usm_fieldset_t fields = {{0}};
    USM_FIELDSET_ADD(&fields, USM_CONTACT_LAST_NAME);
    USM_FIELDSET_ADD(&fields, USM_CONTACT_BIRTHDAY);
    usm_item_set_text(item, USM_CONTACT_LAST_NAME, "Baum");
    usm_item_set_empty(item, USM_CONTACT_BIRTHDAY);
    apr_uint64_t old = w.rev;
    test_ok(e->vt->update(&w, e->call, &f, w.id, item, &fields, old, e->pool, e->pool), "update");
    assert_true(w.rev > old);
    gets[0] = (usm_bget_t){.id = w.id};
    test_ok(e->vt->get(gets, 1, e->call, &f, &fetch, e->pool, e->pool), "get after update");
    assert_int_equal(gets[0].rev, w.rev);
    assert_string_equal(usm_item_text(gets[0].item, USM_CONTACT_LAST_NAME), "Baum");
    assert_int_equal(usm_item_state(gets[0].item, USM_CONTACT_BIRTHDAY), USM_EMPTY);
    test_fails(e->vt->update(&found, e->call, &f, w.id, item, &fields, old, e->pool, e->pool), USM_ECONFLICT,
               "update with an old revision");
    test_fails(e->vt->remove(e->call, &f, w.id, USM_DELETE_TRASH, old, e->pool), USM_ECONFLICT, "remove, old revision");
    test_ok(e->vt->remove(e->call, &f, w.id, USM_DELETE_TRASH, w.rev, e->pool), "remove");
    test_fails(e->vt->remove(e->call, &f, w.id, USM_DELETE_TRASH, 0, e->pool), USM_ENOTFOUND, "remove twice");
    sink = noted_sink(&n, e->pool);
    test_ok(e->vt->changes(&cursor, e->call, &f, &everything, next, 0, &sink, e->pool, e->pool), "changes");
    assert_true(noted_has(&n, '-', w.id, NULL));
}

static void test_long_values(void **state)
{
    env_t *e = *state;
    NEED_STANDIN(e);
    usm_bref_t f = folder_of(e, USM_CONTACT, USM_ROLE_DEFAULT, NULL);
    usm_item_t *item = usm_item_create(USM_CONTACT, e->pool);
    usm_fetch_t fetch = fetch_all(USM_CONTACT, USM_BODY_TEXT);
    usm_bwrite_t w;
    char *text = apr_palloc(e->pool, 4001);
    memset(text, 'x', 4000);
    text[4000] = '\0';
    usm_item_set_text(item, USM_CONTACT_FIRST_NAME, text);
    usm_item_set_text(item, USM_CONTACT_LAST_NAME, "Long");
    test_ok(e->vt->add(&w, e->call, &f, item, "uid-long", e->pool, e->pool), "add of a long value");
    usm_bget_t get = {.id = w.id};
    test_ok(e->vt->get(&get, 1, e->call, &f, &fetch, e->pool, e->pool), "get");
    apr_size_t len = strlen(usm_item_text(get.item, USM_CONTACT_FIRST_NAME));
    assert_in_range(len, 32, 1000);
    assert_string_equal(usm_item_text(get.item, USM_CONTACT_LAST_NAME), "Long");
}

static void test_picture(void **state)
{
    static const unsigned char png[] = {
        0x89, 'P',  'N',  'G',  '\r', '\n', 0x1a, '\n', 0,    0,    0,    13,   'I',  'H',  'D',  'R', 0, 0,
        0,    1,    0,    0,    0,    1,    8,    6,    0,    0,    0,    0x1f, 0x15, 0xc4, 0x89, 0,   0, 0,
        13,   'I',  'D',  'A',  'T',  0x78, 0x9c, 0x63, 0xf8, 0xcf, 0xc0, 0xf0, 0x1f, 0,    5,    0,   1, 0xff,
        0x89, 0x99, 0x3d, 0x1d, 0,    0,    0,    0,    'I',  'E',  'N',  'D',  0xae, 0x42, 0x60, 0x82};
    env_t *e = *state;
    NEED_STANDIN(e);
    usm_bref_t f = folder_of(e, USM_CONTACT, USM_ROLE_DEFAULT, NULL);
    usm_item_t *item = usm_item_create(USM_CONTACT, e->pool);
    usm_fetch_t fetch = fetch_all(USM_CONTACT, USM_BODY_TEXT);
    usm_fieldset_t fields = {{0}};
    usm_blob_t blob = {.data = png, .len = sizeof png, .content_type = "image/png"};
    usm_bwrite_t w;
    usm_item_set_text(item, USM_CONTACT_LAST_NAME, "Picture");
    usm_item_set_ptr(item, USM_CONTACT_PICTURE, &blob);
    test_ok(e->vt->add(&w, e->call, &f, item, "uid-pic", e->pool, e->pool), "add with a picture");
    usm_bget_t get = {.id = w.id};
    test_ok(e->vt->get(&get, 1, e->call, &f, &fetch, e->pool, e->pool), "get");
    assert_int_equal(get.rev, w.rev);
    assert_true(usm_item_isset(get.item, USM_CONTACT_PICTURE));
    assert_int_equal(get.item->v[USM_CONTACT_PICTURE].u.blob->len, sizeof png);
    assert_memory_equal(get.item->v[USM_CONTACT_PICTURE].u.blob->data, png, sizeof png);
    fetch.picture_max = 10;
    test_ok(e->vt->get(&get, 1, e->call, &f, &fetch, e->pool, e->pool), "get with a limit");
    assert_int_equal(usm_item_state(get.item, USM_CONTACT_PICTURE), USM_EMPTY);
    usm_item_set_empty(item, USM_CONTACT_PICTURE);
    USM_FIELDSET_ADD(&fields, USM_CONTACT_PICTURE);
    test_ok(e->vt->update(&w, e->call, &f, w.id, item, &fields, w.rev, e->pool, e->pool), "take the picture away");
    fetch.picture_max = 0;
    test_ok(e->vt->get(&get, 1, e->call, &f, &fetch, e->pool, e->pool), "get without picture");
    assert_int_equal(usm_item_state(get.item, USM_CONTACT_PICTURE), USM_EMPTY);
}

/* ---- tasks ---- */

static void test_tasks(void **state)
{
    env_t *e = *state;
    NEED_STANDIN(e);
    usm_bref_t f = folder_of(e, USM_TASK, USM_ROLE_DEFAULT, NULL);
    usm_brange_t open = {.since = USM_EDGE_DONE + 1, .open_tasks_only = 1};
    usm_fetch_t fetch = fetch_all(USM_TASK, USM_BODY_TEXT);
    usm_fieldset_t fields = {{0}};
    noted_t n;
    usm_bsink_t sink = noted_sink(&n, e->pool);
    usm_bwrite_t w;
    const char *cursor, *next;
    test_ok(e->vt->changes(&cursor, e->call, &f, &open, NULL, 0, &sink, e->pool, e->pool), "empty listing");
    assert_int_equal(n.begins, 1);
    assert_int_equal(n.ends, 1);
    assert_int_equal(n.upserts, 0);

    usm_item_t *item = usm_item_create(USM_TASK, e->pool);
    usm_item_set_text(item, USM_TASK_SUBJECT, "Buy milk");
    usm_item_set_num(item, USM_TASK_IMPORTANCE, USM_IMP_HIGH);
    usm_item_set_num(item, USM_TASK_STATE, USM_TASK_OPEN);
    usm_item_set_num(item, USM_TASK_DUE, APR_INT64_C(1700438400000));
    usm_item_set_num(item, USM_TASK_REMINDER_TIME, APR_INT64_C(1700470800000));
    test_ok(e->vt->add(&w, e->call, &f, item, "uid-task", e->pool, e->pool), "add");
    usm_bget_t get = {.id = w.id};
    test_ok(e->vt->get(&get, 1, e->call, &f, &fetch, e->pool, e->pool), "get");
    assert_int_equal(get.rev, w.rev);
    assert_int_equal(usm_item_num(get.item, USM_TASK_DUE, 0), APR_INT64_C(1700438400000));
    assert_int_equal(usm_item_num(get.item, USM_TASK_REMINDER_TIME, 0), APR_INT64_C(1700470800000));
    assert_int_equal(usm_item_num(get.item, USM_TASK_IMPORTANCE, 0), USM_IMP_HIGH);
    assert_int_equal(usm_item_num(get.item, USM_TASK_STATE, -1), USM_TASK_OPEN);

    USM_FIELDSET_ADD(&fields, USM_TASK_STATE);
    usm_item_set_num(item, USM_TASK_STATE, USM_TASK_DONE);
    test_ok(e->vt->update(&w, e->call, &f, w.id, item, &fields, w.rev, e->pool, e->pool), "done");
    test_ok(e->vt->get(&get, 1, e->call, &f, &fetch, e->pool, e->pool), "get");
    assert_int_equal(usm_item_num(get.item, USM_TASK_STATE, -1), USM_TASK_DONE);
    assert_true(usm_item_isset(get.item, USM_TASK_COMPLETED));
    sink = noted_sink(&n, e->pool);
    test_ok(e->vt->changes(&next, e->call, &f, &open, cursor, 0, &sink, e->pool, e->pool), "changes");
    assert_true(noted_has(&n, '+', w.id, NULL)); /* by its edge it is outside, which is not the same as gone */
    assert_int_equal(w.edge, USM_EDGE_DONE);
    usm_item_set_num(item, USM_TASK_STATE, USM_TASK_OPEN);
    test_ok(e->vt->update(&w, e->call, &f, w.id, item, &fields, w.rev, e->pool, e->pool), "reopened");
    sink = noted_sink(&n, e->pool);
    test_ok(e->vt->changes(&next, e->call, &f, &open, next, 0, &sink, e->pool, e->pool), "changes");
    assert_true(noted_has(&n, '+', w.id, NULL));
    test_ok(e->vt->get(&get, 1, e->call, &f, &fetch, e->pool, e->pool), "get");
    assert_int_equal(usm_item_state(get.item, USM_TASK_COMPLETED), USM_EMPTY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_login, setup, teardown),
        cmocka_unit_test_setup_teardown(test_folders, setup, teardown),
        cmocka_unit_test_setup_teardown(test_contacts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_long_values, setup, teardown),
        cmocka_unit_test_setup_teardown(test_picture, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tasks, setup, teardown),
    };
    apr_initialize();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
