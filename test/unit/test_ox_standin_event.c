/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: ox_attach.c ox_conv_people.c ox_pim.c ox_chronos.c ox_chronos_people.c ox_chronos_write.c */
/* Appointments of the OX backend against the stand-in, through both of its calendar modules. */
#include "ox_test.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <apr_strings.h>
#include <string.h>
#include <usm/fields.h>

#define NINE APR_INT64_C(1700470800000) /* 2023-11-20 09:00 UTC */
#define DAY APR_INT64_C(1700438400000)  /* that day */
#define HOUR APR_INT64_C(3600000)

static const char seed[] =
    "{\"contexts\":[{\"id\":1,\"name\":\"example.org\",\"users\":["
    "{\"id\":4,\"login\":\"anton\",\"password\":\"secret\",\"displayName\":\"Anton "
    "Meier\",\"timezone\":\"Europe/Berlin\","
    "\"email\":\"anton@example.org\",\"caps\":{\"usm\":true,\"active_sync\":true},\"contactId\":7},"
    "{\"id\":5,\"login\":\"berta\",\"password\":\"secret\",\"displayName\":\"Berta Beispiel\",\"email\":"
    "\"berta@example.org\",\"contactId\":8,\"caps\":{\"usm\":true,\"active_sync\":true}}]}]}";

typedef struct env_t {
    apr_pool_t *pool;
    standin_t *oxd;
    usm_bcall_t *call;
    const usm_backend_vtable_t *vt;
    usm_bref_t folder;
    usm_fetch_t fetch;
} env_t;

static const usm_brange_t everything = {.since = USM_TIME_NONE};

static int setup(void **state)
{
    apr_pool_t *pool;
    const apr_array_header_t *folders;
    apr_pool_create(&pool, NULL);
    env_t *e = apr_pcalloc(pool, sizeof *e);
    e->pool = pool;
    e->oxd = standin_start(seed, pool);
    *state = e;
    if (!e->oxd)
        return 0;
    usm_backend_t *be = test_backend(e->oxd->port, NULL, pool);
    e->vt = be->vt;
    e->call = test_call(be, pool);
    e->fetch = fetch_all(USM_EVENT, USM_BODY_TEXT);
    test_ok(e->vt->folders(&folders, e->call, NULL, pool), "folders");
    for (int i = 0; i < folders->nelts; i++) {
        const usm_bfolder_t *f = &APR_ARRAY_IDX(folders, i, usm_bfolder_t);
        if (f->cls == USM_EVENT && f->role == USM_ROLE_DEFAULT)
            e->folder = (usm_bref_t){.id = f->id, .cls = f->cls, .role = f->role};
    }
    return e->folder.id ? 0 : -1;
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

static usm_item_t *event(apr_pool_t *pool, const char *subject, usm_time_t start, usm_time_t end, int all_day)
{
    usm_item_t *item = usm_item_create(USM_EVENT, pool);
    usm_item_set_text(item, USM_EVENT_SUBJECT, subject);
    usm_item_set_text(item, USM_EVENT_TIMEZONE, "Europe/Berlin");
    usm_item_set_num(item, USM_EVENT_START, start);
    usm_item_set_num(item, USM_EVENT_END, end);
    usm_item_set_num(item, USM_EVENT_ALL_DAY, all_day);
    return item;
}

static usm_item_t *read_one(env_t *e, const char *id, apr_uint64_t *rev_p)
{
    usm_bget_t get = {.id = id};
    test_ok(e->vt->get(&get, 1, e->call, &e->folder, &e->fetch, e->pool, e->pool), "get");
    if (get.error)
        test_ok(get.error, "get of one");
    if (rev_p)
        *rev_p = get.rev;
    return get.item;
}

static void test_timed(void **state)
{
    env_t *e = *state;
    NEED_STANDIN(e);
    usm_item_t *item = event(e->pool, "Dentist", NINE, NINE + HOUR, 0);
    usm_bwrite_t w = {0}, found = {0};
    apr_uint64_t rev;
    usm_item_set_num(item, USM_EVENT_REMINDER, 15);
    usm_item_set_num(item, USM_EVENT_BUSY, USM_BUSY_AWAY);
    usm_item_set_num(item, USM_EVENT_SENSITIVITY, USM_SENS_PRIVATE);
    usm_item_set_text(item, USM_EVENT_LOCATION, "Main St");
    test_ok(e->vt->add(&w, e->call, &e->folder, item, "11111111-0000-4000-8000-000000000201", e->pool, e->pool), "add");
    assert_int_equal(w.edge, NINE + HOUR);
    usm_item_t *is = read_one(e, w.id, &rev);
    assert_non_null(is);
    assert_int_equal(rev, w.rev);
    assert_int_equal(usm_item_num(is, USM_EVENT_START, 0), NINE);
    assert_int_equal(usm_item_num(is, USM_EVENT_END, 0), NINE + HOUR);
    assert_int_equal(usm_item_num(is, USM_EVENT_REMINDER, 0), 15);
    assert_int_equal(usm_item_num(is, USM_EVENT_BUSY, 0), USM_BUSY_AWAY);
    assert_int_equal(usm_item_num(is, USM_EVENT_SENSITIVITY, 0), USM_SENS_PRIVATE);
    assert_string_equal(usm_item_text(is, USM_EVENT_TIMEZONE), "Europe/Berlin");
    assert_string_equal(usm_item_text(is, USM_EVENT_UID), "11111111-0000-4000-8000-000000000201");
    assert_int_equal(usm_item_state(is, USM_EVENT_ATTENDEES), USM_EMPTY); /* only the user */

    test_ok(e->vt->find_uid(&found, e->call, &e->folder, "11111111-0000-4000-8000-000000000201", e->pool, e->pool),
            "find");
    assert_string_equal(found.id, w.id);
    assert_int_equal(found.rev, w.rev);
    assert_int_equal(found.edge, NINE + HOUR);
    test_ok(e->vt->find_uid(&found, e->call, &e->folder, "nothing", e->pool, e->pool), "find nothing");
    assert_null(found.id);

    /* Another event at the same time is no conflict for a synchronising client. */
    test_ok(e->vt->add(&found, e->call, &e->folder, item, "u-clash", e->pool, e->pool), "add a clashing one");

    usm_fieldset_t fields = {{0}};
    apr_uint64_t old = w.rev;
    USM_FIELDSET_ADD(&fields, USM_EVENT_REMINDER);
    usm_item_set_empty(item, USM_EVENT_REMINDER);
    test_ok(e->vt->update(&w, e->call, &e->folder, w.id, item, &fields, old, e->pool, e->pool), "no reminder");
    is = read_one(e, w.id, &rev);
    assert_int_equal(rev, w.rev);
    assert_int_equal(usm_item_state(is, USM_EVENT_REMINDER), USM_EMPTY);
    test_fails(e->vt->update(&w, e->call, &e->folder, w.id, item, &fields, old, e->pool, e->pool), USM_ECONFLICT,
               "old revision");
    test_fails(e->vt->update(&w, e->call, &e->folder, "99999", item, &fields, old, e->pool, e->pool), USM_ENOTFOUND,
               "gone");
}

static void test_all_day(void **state)
{
    env_t *e = *state;
    NEED_STANDIN(e);
    usm_item_t *item = event(e->pool, "Holiday", DAY, DAY + USM_DAY_MS, 1);
    usm_fieldset_t fields = {{0}};
    usm_bwrite_t w = {0};
    test_ok(e->vt->add(&w, e->call, &e->folder, item, "u-day", e->pool, e->pool), "add");
    usm_item_t *is = read_one(e, w.id, NULL);
    assert_int_equal(usm_item_num(is, USM_EVENT_ALL_DAY, 0), 1);
    assert_int_equal(usm_item_num(is, USM_EVENT_START, 0), DAY);
    assert_int_equal(usm_item_num(is, USM_EVENT_END, 0), DAY + USM_DAY_MS);

    /* Only the end is sent: OX still takes it for a day. */
    usm_item_t *part = usm_item_create(USM_EVENT, e->pool);
    usm_item_set_num(part, USM_EVENT_END, DAY + 2 * USM_DAY_MS);
    USM_FIELDSET_ADD(&fields, USM_EVENT_END);
    test_ok(e->vt->update(&w, e->call, &e->folder, w.id, part, &fields, w.rev, e->pool, e->pool), "longer");
    is = read_one(e, w.id, NULL);
    assert_int_equal(usm_item_num(is, USM_EVENT_START, 0), DAY);
    assert_int_equal(usm_item_num(is, USM_EVENT_END, 0), DAY + 2 * USM_DAY_MS);
    assert_int_equal(w.edge, DAY + 2 * USM_DAY_MS);
}

static void test_attendees(void **state)
{
    env_t *e = *state;
    NEED_STANDIN(e);
    usm_attendee_t people[] = {{.name = "Ext", .email = "ext@example.net", .type = USM_ATT_REQUIRED},
                               {.name = "Berta", .email = "berta@example.org", .backend_ref = "5"}};
    usm_attendees_t list = {2, people};
    usm_item_t *item = event(e->pool, "Meeting", NINE, NINE + HOUR, 0);
    usm_fieldset_t fields = {{0}};
    usm_bwrite_t w = {0};
    usm_item_set_ptr(item, USM_EVENT_ATTENDEES, &list);
    test_ok(e->vt->add(&w, e->call, &e->folder, item, "u-people", e->pool, e->pool), "add");
    usm_item_t *is = read_one(e, w.id, NULL);
    const usm_attendees_t *got = is->v[USM_EVENT_ATTENDEES].u.attendees;
    assert_int_equal(got->count, 2);
    const usm_attendee_t *berta = &got->items[0], *ext = &got->items[1];
    assert_string_equal(berta->email, "berta@example.org");
    assert_string_equal(berta->name, "Berta Beispiel");
    assert_string_equal(berta->backend_ref, "5");
    assert_string_equal(ext->email, "ext@example.net");
    assert_null(ext->backend_ref);

    /* A device sends the list back without our ids: Berta stays the internal user she is. */
    people[1].backend_ref = NULL;
    list.count = 2;
    people[0].email = "other@example.net";
    USM_FIELDSET_ADD(&fields, USM_EVENT_ATTENDEES);
    test_ok(e->vt->update(&w, e->call, &e->folder, w.id, item, &fields, w.rev, e->pool, e->pool), "update");
    got = read_one(e, w.id, NULL)->v[USM_EVENT_ATTENDEES].u.attendees;
    assert_int_equal(got->count, 2);
    assert_string_equal(got->items[0].backend_ref, "5");
    assert_string_equal(got->items[1].email, "other@example.net");
}

static void test_turns_into_series(void **state)
{
    env_t *e = *state;
    NEED_STANDIN(e);
    noted_t n;
    usm_bsink_t sink = noted_sink(&n, e->pool);
    usm_bwrite_t w = {0};
    const char *cursor, *next;
    test_ok(
        e->vt->add(&w, e->call, &e->folder, event(e->pool, "Once", NINE, NINE + HOUR, 0), "u-once", e->pool, e->pool),
        "add");
    test_ok(e->vt->changes(&cursor, e->call, &e->folder, &everything, NULL, 0, &sink, e->pool, e->pool), "all");
    assert_true(noted_has(&n, '+', w.id, NULL));
    /* It turns into a series behind our back. */
    standin_control(
        e->oxd, "call",
        apr_psprintf(e->pool,
                     "{\"user\":\"anton\",\"module\":\"calendar\",\"action\":\"update\",\"params\":{\"id\":\"%s\","
                     "\"folder\":\"%s\",\"timestamp\":\"9999999999999\",\"timezone\":\"UTC\"},\"body\":{"
                     "\"recurrence_type\":2,\"interval\":1,\"days\":2,\"occurrences\":4}}",
                     w.id, e->folder.id),
        e->pool);
    sink = noted_sink(&n, e->pool);
    test_ok(e->vt->changes(&next, e->call, &e->folder, &everything, cursor, 0, &sink, e->pool, e->pool), "changes");
    assert_true(noted_has(&n, '+', w.id, NULL));
    assert_int_equal(n.removes, 0);
    usm_item_t *is = read_one(e, w.id, NULL);
    assert_int_equal(is->v[USM_EVENT_RECURRENCE].u.recurrence->occurrences, 4);
    sink = noted_sink(&n, e->pool);
    test_ok(e->vt->changes(&next, e->call, &e->folder, &everything, next, 1, &sink, e->pool, e->pool), "all again");
    assert_int_equal(n.begins, 1);
    assert_int_equal(n.upserts, 1);
}

static void test_range(void **state)
{
    env_t *e = *state;
    NEED_STANDIN(e);
    noted_t n;
    usm_bsink_t sink = noted_sink(&n, e->pool);
    usm_brange_t range = {.since = NINE};
    usm_bwrite_t old = {0}, now = {0}, ancient = {0};
    const char *cursor;
    test_ok(e->vt->add(&old, e->call, &e->folder, event(e->pool, "old", NINE - 3 * HOUR, NINE - 2 * HOUR, 0), "u-old",
                       e->pool, e->pool),
            "old");
    test_ok(e->vt->add(&now, e->call, &e->folder, event(e->pool, "now", NINE - HOUR, NINE + HOUR, 0), "u-now", e->pool,
                       e->pool),
            "now");
    test_ok(e->vt->add(&ancient, e->call, &e->folder,
                       event(e->pool, "1965", APR_INT64_C(-157766400000), APR_INT64_C(-157766400000) + HOUR, 0),
                       "u-1965", e->pool, e->pool),
            "1965");
    test_ok(e->vt->changes(&cursor, e->call, &e->folder, &range, NULL, 0, &sink, e->pool, e->pool), "range");
    assert_true(noted_has(&n, '+', now.id, NULL));
    assert_false(noted_has(&n, '+', old.id, NULL));
    sink = noted_sink(&n, e->pool);
    test_ok(e->vt->changes(&cursor, e->call, &e->folder, &everything, cursor, 1, &sink, e->pool, e->pool),
            "everything");
    assert_true(noted_has(&n, '+', old.id, NULL));
    assert_true(noted_has(&n, '+', ancient.id, NULL));
}

/* ---- files ---- */

static const usm_attachments_t *files_of(env_t *e, const char *id)
{
    const usm_item_t *item = read_one(e, id, NULL);
    return usm_item_isset(item, USM_EVENT_ATTACHMENTS) ? item->v[USM_EVENT_ATTACHMENTS].u.attachments : NULL;
}

static usm_error_t *take_bytes(void *baton, const char *data, apr_size_t len)
{
    char **out = baton;
    *out = apr_pstrmemdup((apr_pool_t *)out[1], data, len);
    return NULL;
}

static void test_files(void **state)
{
    env_t *e = *state;
    NEED_STANDIN(e);
    usm_bwrite_t w = {0};
    usm_attachment_t items[2] = {{.name = "a.txt", .size = 3, .data = "abc", .content_type = "text/plain"},
                                 {.name = "b.txt", .size = 2, .data = "de"}};
    usm_attachments_t list = {2, items};
    usm_fieldset_t fields = {{0}};
    usm_item_t *item = event(e->pool, "files", NINE, NINE + HOUR, 0);
    USM_FIELDSET_ADD(&fields, USM_EVENT_ATTACHMENTS);
    usm_item_set_ptr(item, USM_EVENT_ATTACHMENTS, &list);
    test_ok(e->vt->add(&w, e->call, &e->folder, item, "u-files", e->pool, e->pool), "add");
    const usm_attachments_t *have = files_of(e, w.id);
    assert_non_null(have);
    assert_int_equal(have->count, 2);
    assert_string_equal(have->items[0].name, "a.txt");
    assert_int_equal(have->items[0].size, 3);

    char *bytes[2] = {NULL, (char *)e->pool};
    apr_uint64_t size;
    test_ok(e->vt->part(&size, e->call, &e->folder, w.id, have->items[0].id, take_bytes, bytes, e->pool), "part");
    assert_string_equal(bytes[0], "abc");
    usm_error_t *err = e->vt->part(&size, e->call, &e->folder, w.id, "999999", take_bytes, bytes, e->pool);
    assert_non_null(err);
    usm_error_clear(err);

    /* one goes, one is said again (a repeat), one is new */
    usm_attachment_t next[3] = {have->items[1], {.name = "b.txt", .size = 2, .data = "de"},
                                {.name = "c.txt", .size = 1, .data = "f"}};
    list = (usm_attachments_t){3, next};
    usm_item_set_ptr(item, USM_EVENT_ATTACHMENTS, &list);
    usm_bwrite_t now = {.id = w.id};
    test_ok(e->vt->update(&now, e->call, &e->folder, w.id, item, &fields, w.rev, e->pool, e->pool), "update");
    have = files_of(e, w.id);
    assert_int_equal(have->count, 2);
    assert_string_equal(have->items[0].name, "b.txt");
    assert_string_equal(have->items[1].name, "c.txt");
    usm_item_set_empty(item, USM_EVENT_ATTACHMENTS);
    test_ok(e->vt->update(&now, e->call, &e->folder, w.id, item, &fields, 0, e->pool, e->pool), "none");
    assert_null(files_of(e, w.id));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_timed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_all_day, setup, teardown),
        cmocka_unit_test_setup_teardown(test_attendees, setup, teardown),
        cmocka_unit_test_setup_teardown(test_turns_into_series, setup, teardown),
        cmocka_unit_test_setup_teardown(test_range, setup, teardown),
        cmocka_unit_test_setup_teardown(test_files, setup, teardown),
    };
    apr_initialize();
    int failed = cmocka_run_group_tests_name("calendar", tests, NULL, NULL);
    test_calendar = USM_CALENDAR_CHRONOS;
    failed += cmocka_run_group_tests_name("chronos", tests, NULL, NULL);
    apr_terminate();
    return failed;
}
