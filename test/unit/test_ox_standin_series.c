/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: ox_series.c ox_series_write.c ox_conv_recur.c ox_meeting.c ox_chronos.c ox_chronos_write.c */
/* Series of appointments of the OX backend against the stand-in: what was written is read back as the same value. */
#include "ox_test.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <apr_strings.h>
#include <string.h>
#include <usm/fields.h>
#include <usm/recur.h>

#define HOUR APR_INT64_C(3600000)

static const char seed[] =
    "{\"contexts\":[{\"id\":1,\"name\":\"example.org\",\"users\":["
    "{\"id\":4,\"login\":\"anton\",\"password\":\"secret\",\"displayName\":\"Anton "
    "Meier\",\"timezone\":\"Europe/Berlin\","
    "\"email\":\"anton@example.org\",\"caps\":{\"usm\":true,\"active_sync\":true},\"contactId\":7}]}]}";

typedef struct env_t {
    apr_pool_t *pool;
    standin_t *oxd;
    usm_bcall_t *call;
    const usm_backend_vtable_t *vt;
    usm_bref_t folder;
    usm_fetch_t fetch;
    usm_time_t monday;
} env_t;

static int setup(void **state)
{
    apr_pool_t *pool;
    const apr_array_header_t *folders;
    apr_pool_create(&pool, NULL);
    env_t *e = apr_pcalloc(pool, sizeof *e);
    e->pool = pool;
    e->monday = usm_date_make(2031, 1, 6);
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

static usm_recurrence_t *rule_of(apr_pool_t *pool, int freq)
{
    usm_recurrence_t *r = apr_pcalloc(pool, sizeof *r);
    r->freq = freq;
    r->interval = 1;
    r->first_weekday = 1;
    r->until = USM_TIME_NONE;
    r->occurrences = 20;
    if (freq == USM_RECUR_WEEKLY || freq == USM_RECUR_MONTHLY_NTH || freq == USM_RECUR_YEARLY_NTH)
        r->weekdays = 2;
    if (freq == USM_RECUR_MONTHLY_NTH || freq == USM_RECUR_YEARLY_NTH)
        r->week = 1;
    if (freq == USM_RECUR_MONTHLY || freq == USM_RECUR_YEARLY)
        r->day = 6;
    if (freq >= USM_RECUR_YEARLY)
        r->month = 1;
    return r;
}

static usm_item_t *series(env_t *e, int freq)
{
    usm_item_t *item = usm_item_create(USM_EVENT, e->pool);
    usm_item_set_text(item, USM_EVENT_SUBJECT, "Jour fixe");
    usm_item_set_text(item, USM_EVENT_TIMEZONE, "Europe/Berlin");
    usm_item_set_num(item, USM_EVENT_START, e->monday + 9 * HOUR);
    usm_item_set_num(item, USM_EVENT_END, e->monday + 10 * HOUR);
    usm_item_set_num(item, USM_EVENT_ALL_DAY, 0);
    usm_item_set_ptr(item, USM_EVENT_RECURRENCE, rule_of(e->pool, freq));
    return item;
}

/* Exceptions by number of week: a subject, or NULL for one that is gone. */
static void except(env_t *e, usm_item_t *item, int count, const int *weeks, const char *const *subjects)
{
    usm_exceptions_t *list = apr_pcalloc(e->pool, sizeof *list);
    list->count = count;
    list->items = apr_pcalloc(e->pool, sizeof(usm_exception_t) * (apr_size_t)count);
    for (int i = 0; i < count; i++) {
        list->items[i].day = e->monday + weeks[i] * 7 * USM_DAY_MS;
        if (!subjects[i])
            continue;
        usm_item_t *own = usm_item_create(USM_EVENT, e->pool);
        usm_item_set_text(own, USM_EVENT_SUBJECT, subjects[i]);
        list->items[i].item = own;
    }
    usm_item_set_ptr(item, USM_EVENT_EXCEPTIONS, list);
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

static void same(const usm_item_t *a, const usm_item_t *b, int field)
{
    if (!usm_value_equal(usm_field(USM_EVENT, field)->type, &a->v[field], &b->v[field]))
        fail_msg("%s is another value", usm_field(USM_EVENT, field)->name);
}

static int exceptions_in(const usm_item_t *item)
{
    return usm_item_isset(item, USM_EVENT_EXCEPTIONS) ? item->v[USM_EVENT_EXCEPTIONS].u.exceptions->count : 0;
}

static void test_rules(void **state)
{
    env_t *e = *state;
    NEED_STANDIN(e);
    for (int freq = USM_RECUR_DAILY; freq <= USM_RECUR_YEARLY_NTH; freq++) {
        usm_item_t *item = series(e, freq);
        usm_bwrite_t w = {0};
        apr_uint64_t rev;
        const char *uid = apr_psprintf(e->pool, "u-%d", freq);
        test_ok(e->vt->add(&w, e->call, &e->folder, item, uid, e->pool, e->pool), "add");
        usm_item_t *is = read_one(e, w.id, &rev);
        same(is, item, USM_EVENT_RECURRENCE);
        assert_int_equal(rev, w.rev);
        assert_int_equal(w.edge, usm_series_edge(item, e->pool));
    }
    /* every other year is every so many months to OX, and the same again when it is read */
    usm_item_t *item = series(e, USM_RECUR_YEARLY);
    usm_bwrite_t w = {0};
    ((usm_recurrence_t *)item->v[USM_EVENT_RECURRENCE].u.recurrence)->interval = 2;
    test_ok(e->vt->add(&w, e->call, &e->folder, item, "u-y", e->pool, e->pool), "add");
    same(read_one(e, w.id, NULL), item, USM_EVENT_RECURRENCE);
    /* what OX has no words for is refused before anything is written */
    usm_recurrence_t *rule = rule_of(e->pool, USM_RECUR_WEEKLY);
    rule->interval = 2;
    rule->weekdays = 3;
    rule->first_weekday = 0;
    usm_item_set_ptr(item, USM_EVENT_RECURRENCE, rule);
    if (test_calendar == USM_CALENDAR_LEGACY) {
        test_fails(e->vt->add(&w, e->call, &e->folder, item, "u-s", e->pool, e->pool), USM_EINVALID,
                   "weeks from Sunday");
        return;
    }
    test_ok(e->vt->add(&w, e->call, &e->folder, item, "u-s", e->pool, e->pool), "weeks from Sunday");
    same(read_one(e, w.id, NULL), item, USM_EVENT_RECURRENCE);
    rule->regenerate = 1;
    test_fails(e->vt->add(&w, e->call, &e->folder, item, "u-r", e->pool, e->pool), USM_EINVALID, "from completion");
}

static void test_exceptions(void **state)
{
    env_t *e = *state;
    NEED_STANDIN(e);
    static const int weeks[] = {1, 2, 3}, two[] = {1, 4};
    static const char *const subjects[] = {"One", NULL, "Three"}, *const others[] = {"Uno", NULL};
    usm_item_t *item = series(e, USM_RECUR_WEEKLY), *is;
    usm_bwrite_t w = {0};
    usm_fieldset_t fields = {{0}};
    apr_uint64_t rev;
    except(e, item, 3, weeks, subjects);
    test_ok(e->vt->add(&w, e->call, &e->folder, item, "u-x", e->pool, e->pool), "add");
    is = read_one(e, w.id, &rev);
    same(is, item, USM_EVENT_EXCEPTIONS);
    assert_int_equal(rev, w.rev);
    /* the same again writes nothing */
    USM_FIELDSET_ADD(&fields, USM_EVENT_EXCEPTIONS);
    test_ok(e->vt->update(&w, e->call, &e->folder, w.id, item, &fields, rev, e->pool, e->pool), "update");
    assert_int_equal(w.rev, 0); /* to be compared */
    apr_uint64_t now;
    read_one(e, w.id, &now);
    assert_int_equal(now, rev);
    /* those that are not named stay */
    except(e, item, 2, two, others);
    test_ok(e->vt->update(&w, e->call, &e->folder, w.id, item, &fields, rev, e->pool, e->pool), "update");
    is = read_one(e, w.id, &rev);
    assert_int_equal(exceptions_in(is), 4);
    assert_string_equal(usm_item_text(is->v[USM_EVENT_EXCEPTIONS].u.exceptions->items[0].item, USM_EVENT_SUBJECT),
                        "Uno");
    /* who has not seen that is told so, and one on no day of the series is refused before anything is written */
    test_fails(e->vt->update(&w, e->call, &e->folder, w.id, item, &fields, 1, e->pool, e->pool), USM_ECONFLICT, "old");
    static const int none[] = {40};
    static const char *const lost[] = {"Lost"};
    except(e, item, 1, none, lost);
    usm_item_set_text(item, USM_EVENT_SUBJECT, "Not written");
    USM_FIELDSET_ADD(&fields, USM_EVENT_SUBJECT);
    test_fails(e->vt->update(&w, e->call, &e->folder, w.id, item, &fields, rev, e->pool, e->pool), USM_EINVALID, "day");
    assert_string_equal(usm_item_text(read_one(e, w.id, NULL), USM_EVENT_SUBJECT), "Jour fixe");
}

/* A new rule takes the exceptions with it in OX: those that still fit come again, unless the device wants none. */
static void test_new_rule(void **state)
{
    env_t *e = *state;
    NEED_STANDIN(e);
    static const int weeks[] = {2, 3};
    static const char *const subjects[] = {"Two", NULL};
    for (int drop = 0; drop < 2; drop++) {
        usm_item_t *item = series(e, USM_RECUR_WEEKLY), *is;
        usm_recurrence_t *rule = rule_of(e->pool, USM_RECUR_WEEKLY);
        usm_bwrite_t w = {0};
        usm_fieldset_t fields = {{0}};
        apr_uint64_t rev;
        except(e, item, 2, weeks, subjects);
        test_ok(e->vt->add(&w, e->call, &e->folder, item, drop ? "u-d" : "u-k", e->pool, e->pool), "add");
        read_one(e, w.id, &rev);
        rule->interval = 2; /* weeks 0, 2, 4 … */
        usm_item_set_ptr(item, USM_EVENT_RECURRENCE, rule);
        USM_FIELDSET_ADD(&fields, USM_EVENT_RECURRENCE);
        if (drop) {
            usm_item_set_empty(item, USM_EVENT_EXCEPTIONS);
            USM_FIELDSET_ADD(&fields, USM_EVENT_EXCEPTIONS);
        }
        test_ok(e->vt->update(&w, e->call, &e->folder, w.id, item, &fields, rev, e->pool, e->pool), "update");
        is = read_one(e, w.id, NULL);
        same(is, item, USM_EVENT_RECURRENCE);
        assert_int_equal(exceptions_in(is), drop ? 0 : 1);
    }
}

/* A listing tells of masters only, with the newest stamp of all their objects. */
static void test_listing(void **state)
{
    env_t *e = *state;
    NEED_STANDIN(e);
    static const usm_brange_t everything = {.since = USM_TIME_NONE};
    static const int weeks[] = {1};
    static const char *const subjects[] = {"One"};
    usm_item_t *item = series(e, USM_RECUR_WEEKLY);
    usm_bwrite_t w = {0};
    usm_fieldset_t fields = {{0}};
    const char *cursor, *next;
    noted_t n;
    apr_uint64_t rev, told;
    usm_bsink_t sink = noted_sink(&n, e->pool);
    test_ok(e->vt->add(&w, e->call, &e->folder, item, "u-l", e->pool, e->pool), "add");
    test_ok(e->vt->changes(&cursor, e->call, &e->folder, &everything, NULL, 0, &sink, e->pool, e->pool), "all");
    assert_int_equal(n.upserts, 1);
    except(e, item, 1, weeks, subjects);
    USM_FIELDSET_ADD(&fields, USM_EVENT_EXCEPTIONS);
    test_ok(e->vt->update(&w, e->call, &e->folder, w.id, item, &fields, w.rev, e->pool, e->pool), "update");
    sink = noted_sink(&n, e->pool);
    test_ok(e->vt->changes(&next, e->call, &e->folder, &everything, cursor, 0, &sink, e->pool, e->pool), "changes");
    assert_int_equal(n.upserts, 1);
    read_one(e, w.id, &rev);
    assert_true(noted_has(&n, '+', w.id, &told));
    assert_int_equal(told, rev);
    sink = noted_sink(&n, e->pool);
    test_ok(e->vt->changes(&next, e->call, &e->folder, &everything, next, 1, &sink, e->pool, e->pool), "all again");
    assert_int_equal(n.upserts, 1);
    assert_true(noted_has(&n, '+', w.id, &told));
    assert_int_equal(told, rev);
    /* an answer for one occurrence, once it is there by itself and once it is not */
    test_ok(e->vt->confirm(e->call, &e->folder, w.id, e->monday + 7 * USM_DAY_MS, USM_ATT_TENTATIVE, "?", e->pool),
            "confirm");
    test_ok(e->vt->confirm(e->call, &e->folder, w.id, e->monday + 14 * USM_DAY_MS, USM_ATT_DECLINED, NULL, e->pool),
            "confirm");
    test_fails(e->vt->confirm(e->call, &e->folder, w.id, e->monday + USM_DAY_MS, USM_ATT_ACCEPTED, NULL, e->pool),
               USM_ENOTFOUND, "no occurrence");
    item = read_one(e, w.id, NULL);
    const usm_exception_t *x = usm_series_exception(item, e->monday + 14 * USM_DAY_MS);
    assert_int_equal(usm_item_num(x->item, USM_EVENT_OWN_STATUS, 0), USM_ATT_DECLINED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_rules, setup, teardown),
        cmocka_unit_test_setup_teardown(test_exceptions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_new_rule, setup, teardown),
        cmocka_unit_test_setup_teardown(test_listing, setup, teardown),
    };
    apr_initialize();
    int failed = cmocka_run_group_tests_name("calendar", tests, NULL, NULL);
    test_calendar = USM_CALENDAR_CHRONOS;
    return failed + cmocka_run_group_tests_name("chronos", tests, NULL, NULL);
}
