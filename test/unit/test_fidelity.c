/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: class_series.c ox_conv_recur.c */
/* Property: random appointments and tasks of Open-Xchange go to a device of every version and come back, and nothing of
 * them has changed: no field that core would write, and where all of it is written, no member of the object. */
#include "fidelity.h"

#include <usm/recur.h>
#include "eas_series.h"

#define TURNS 1000 /* objects of each class at each version */

/* Some occurrences are gone, some are others. */
static void add_exceptions(usm_item_t *item, apr_pool_t *pool)
{
    usm_recur_t walk;
    usm_time_t day;
    usm_exceptions_t *list = apr_pcalloc(pool, sizeof *list);
    list->items = apr_pcalloc(pool, 20 * sizeof(usm_exception_t));
    usm_recur_start(&walk, usm_series_rule(item), usm_series_first(item, pool));
    while (list->count < 6 && walk.position < 60 && usm_recur_next(&day, &walk)) {
        usm_exception_t *e = &list->items[list->count];
        if (dice(4))
            continue;
        list->count++;
        e->day = day;
        if (dice(2))
            continue;
        usm_item_t *own = usm_series_occurrence(item, day, NULL, pool);
        if (dice(2))
            usm_item_set_text(own, USM_EVENT_SUBJECT, random_words(pool));
        if (dice(2))
            usm_item_set_empty(own, USM_EVENT_LOCATION);
        if (dice(2)) {
            usm_time_t shift = usm_item_num(item, USM_EVENT_ALL_DAY, 0) ? USM_DAY_MS : 1800000;
            own->v[USM_EVENT_START].u.num += shift;
            own->v[USM_EVENT_END].u.num += 2 * shift;
        }
        if (dice(3) == 0)
            usm_item_set_num(own, USM_EVENT_REMINDER, dice(100));
        else if (dice(3) == 0)
            usm_item_set_empty(own, USM_EVENT_REMINDER);
        if (dice(3) == 0)
            usm_item_set_ptr(own, USM_EVENT_BODY, ox_text_body("own note", 8, APR_UINT64_MAX, pool));
        else if (dice(3) == 0)
            usm_item_set_empty(own, USM_EVENT_BODY);
        if (dice(3) == 0)
            usm_item_set_empty(own, USM_EVENT_CATEGORIES);
        if (dice(3) == 0)
            usm_item_set_num(own, USM_EVENT_BUSY, dice(4));
        if (dice(3) == 0)
            usm_item_set_num(own, USM_EVENT_SENSITIVITY, dice(2) ? USM_SENS_PRIVATE : USM_SENS_NORMAL);
        e->item = own;
    }
    usm_item_set_ptr(item, USM_EVENT_EXCEPTIONS, list->count ? list : NULL);
    usm_series_reduce(item);
}

/* ---- and back ---- */

static usm_item_t *there_and_back(eas_ctx_t *ctx, const usm_item_t *item, apr_pool_t *pool)
{
    eas_view_t view;
    usm_item_t *back = NULL;
    map_view(&view);
    const eas_node_t *data = map_encode(ctx, item, NULL, NULL, pool);
    if (eas_node_outside_version(data, ctx->version))
        fail_msg("a tag of another version: %s", map_text(data, pool));
    eas_map_t map = {.ctx = ctx, .cls = item->cls, .view = &view, .server_id = "5:7", .pool = pool};
    if (item->cls == USM_EVENT && eas_event_needs_base(data, ctx->version))
        map.base = item;
    usm_error_t *err = eas_map_decode(&back, &map, data);
    if (err)
        fail_msg("%s: %s", usm_error_text(err, pool), map_text(data, pool));
    return back;
}

static int comes_back(const eas_row_t *row, usm_class_e cls, const usm_item_t *item, unsigned version)
{
    if (!eas_map_in_version(row, version) || usm_field(cls, row->field)->flags & USM_F_RO)
        return 0;
    if (cls != USM_EVENT || version < 160)
        return 1;
    /* Exceptions are commands of their own then, days float, and some fields are the server's. */
    return row->field != USM_EVENT_EXCEPTIONS && row->field != USM_EVENT_UID &&
           row->field != USM_EVENT_ORGANIZER_EMAIL &&
           !(row->field == USM_EVENT_TIMEZONE && usm_item_num(item, USM_EVENT_ALL_DAY, 0));
}

/* A member that is written is as it was; where there was none, it says that there is none. */
static void compare_member(const ox_json_t *o, const ox_json_t *object, const char *key, unsigned version,
                           apr_pool_t *pool)
{
    const ox_json_t *old = ox_json_get(o, key), *value = ox_json_get(object, key);
    const char *now = value ? ox_json_dump(NULL, value, pool) : "", *was = old ? ox_json_dump(NULL, old, pool) : "null";
    int none = ox_json_is_null(old) && (ox_json_is_null(value) || strcmp(now, "0") == 0 || strcmp(now, "-1") == 0);
    if (value && strcmp(now, was) != 0 && !none)
        fail_msg("version %u: %s is %s, was %s in %s", version, key, now, was, ox_json_dump(NULL, o, pool));
}

static void compare(const usm_item_t *item, const usm_item_t *back, unsigned version, const ox_json_t *o,
                    apr_pool_t *pool)
{
    usm_fieldset_t written = {{0}};
    ox_json_t *object = ox_json_object(pool);
    for (const eas_row_t *row = eas_map_rows(item->cls); row->name; row++) {
        if (!comes_back(row, item->cls, item, version))
            continue;
        /* Module chronos tells more than older versions have words for: what counts is what is written, below. */
        if (!(item->cls == USM_EVENT && fidelity_chronos) &&
            !usm_value_equal(row->type, &item->v[row->field], &back->v[row->field]))
            fail_msg("version %u: %s came back as something else: %s\n%s", version, row->name,
                     ox_json_dump(NULL, o, pool),
                     map_text(map_encode(map_ctx(version, "Europe/Berlin", pool), item, NULL, NULL, pool), pool));
        USM_FIELDSET_ADD(&written, row->field);
    }
    if (item->cls == USM_EVENT && version >= 160 && usm_item_state(back, USM_EVENT_EXCEPTIONS) != USM_ABSENT)
        fail_msg("version %u: exceptions are touched: %s", version, ox_json_dump(NULL, o, pool));
    if (item->cls == USM_EVENT && fidelity_chronos) {
        ox_event_write_t w = {.object = object, .item = back, .fields = &written, .current = o, .own_id = 4,
                              .pool = pool};
        ox_event_write(&w);
        if (!ox_json_equal(object, ox_json_object(pool)))
            fail_msg("version %u: %s is written to %s", version, ox_json_dump(NULL, object, pool),
                     ox_json_dump(NULL, o, pool));
        return;
    }
    ox_write_t w = {.object = object, .item = back, .fields = &written, .current = o, .own_id = 4, .pool = pool};
    USM_FIELDSET_DEL(&written, USM_EVENT_ATTENDEES);
    ox_map_write(&w);
    int count;
    const ox_field_t *fields = ox_map_fields(&count, item->cls);
    for (int i = 0; i < count; i++)
        compare_member(o, object, fields[i].key, version, pool);
    for (const char *const *key = more_keys; *key; key++)
        compare_member(o, object, *key, version, pool);
}

static void say_occurrences(eas_ctx_t *ctx, const usm_item_t *item, const usm_item_t *start, apr_pool_t *pool)
{
    eas_view_t view;
    usm_item_t *now = usm_item_copy(start, pool), *patch;
    const eas_node_t *data = map_encode(ctx, item, NULL, NULL, pool), *one;
    map_view(&view);
    EAS_NODE_EACH_TAG(one, eas_node_child(data, EAS_Calendar_Exceptions), EAS_Calendar_Exception)
    {
        const char *id = eas_node_child_text(one, EAS_AirSyncBase_InstanceId);
        int gone = eas_node_child(one, EAS_Calendar_Deleted) != NULL;
        eas_map_t map = {.ctx = ctx, .cls = USM_EVENT, .view = &view, .server_id = "5:7", .base = now, .pool = pool};
        usm_error_t *err = eas_occurrence_decode(&patch, &map, id, gone ? NULL : one);
        if (err)
            fail_msg("%s: %s", usm_error_text(err, pool), map_text(one, pool));
        usm_item_set_ptr(now, USM_EVENT_EXCEPTIONS,
                         usm_series_merge(now, patch->v[USM_EVENT_EXCEPTIONS].u.exceptions, pool));
        usm_series_reduce(now);
    }
    /* Two instants may have one local time; of those that nobody but the device knows of it is the first. */
    if (!usm_value_equal(USM_T_EXCEPTIONS, &now->v[USM_EVENT_EXCEPTIONS], &item->v[USM_EVENT_EXCEPTIONS]) &&
        (start == item || strcmp(map_text(map_encode(ctx, now, NULL, NULL, pool), pool), map_text(data, pool)) != 0))
        fail_msg("version %u: the exceptions became others: %s", ctx->version, map_text(data, pool));
}

static void test_events(void **state)
{
    apr_pool_t *pool;
    apr_pool_create(&pool, *state);
    for (const unsigned *version = map_versions; *version; version++) {
        fidelity_seed(20310106 + *version);
        for (int i = fidelity_turns(TURNS); i > 0; i--) {
            eas_ctx_t *ctx = map_ctx(*version, "Europe/Berlin", pool);
            ox_json_t *o = random_event(pool);
            usm_item_t *item = read_object(USM_EVENT, o, pool);
            if (usm_series_rule(item) && dice(2))
                add_exceptions(item, pool);
            compare(item, there_and_back(ctx, item, pool), *version, o, pool);
            apr_pool_clear(pool);
        }
    }
}

static void test_chronos_events(void **state)
{
    apr_pool_t *pool;
    apr_pool_create(&pool, *state);
    fidelity_chronos = 1;
    for (const unsigned *version = map_versions; *version; version++) {
        fidelity_seed(710 + *version);
        for (int i = fidelity_turns(TURNS); i > 0; i--) {
            eas_ctx_t *ctx = map_ctx(*version, "Europe/Berlin", pool);
            ox_json_t *o = random_chronos_event(pool);
            usm_item_t *item = read_object(USM_EVENT, o, pool);
            compare(item, there_and_back(ctx, item, pool), *version, o, pool);
            apr_pool_clear(pool);
        }
    }
    fidelity_chronos = 0;
}

static void test_tasks(void **state)
{
    apr_pool_t *pool;
    apr_pool_create(&pool, *state);
    for (const unsigned *version = map_versions; *version; version++) {
        fidelity_seed(4711 + *version);
        for (int i = fidelity_turns(TURNS); i > 0; i--) {
            ox_json_t *o = random_task(pool);
            usm_item_t *item = read_object(USM_TASK, o, pool);
            compare(item, there_and_back(map_ctx(*version, "Europe/Berlin", pool), item, pool), *version, o, pool);
            apr_pool_clear(pool);
        }
    }
}

static void test_contacts(void **state)
{
    apr_pool_t *pool;
    apr_pool_create(&pool, *state);
    for (const unsigned *version = map_versions; *version; version++) {
        fidelity_seed(99 + *version);
        for (int i = fidelity_turns(TURNS); i > 0; i--) {
            ox_json_t *o = random_contact(pool);
            usm_item_t *item = read_object(USM_CONTACT, o, pool);
            eas_ctx_t *ctx = map_ctx(*version, random_zone(), pool);
            usm_item_t *back = there_and_back(ctx, item, pool);
            if (!usm_item_isset(item, USM_CONTACT_FILE_AS)) /* made up for the device: see class_contact.c */
                back->v[USM_CONTACT_FILE_AS] = item->v[USM_CONTACT_FILE_AS];
            compare(item, back, *version, o, pool);
            apr_pool_clear(pool);
        }
    }
}

/* From 16.0 on an occurrence is a command of its own: a device that says of each what it was told of it changes
 * nothing, and one that says it of a bare series makes the series whole. */
static void test_occurrences(void **state)
{
    apr_pool_t *pool;
    apr_pool_create(&pool, *state);
    for (const unsigned *version = map_versions; *version; version++) {
        fidelity_seed(16 + *version);
        for (int i = *version >= 160 ? fidelity_turns(TURNS) : 0; i > 0; i--) {
            ox_json_t *o = random_event(pool);
            usm_item_t *item = read_object(USM_EVENT, o, pool);
            if (usm_series_rule(item)) {
                add_exceptions(item, pool);
                say_occurrences(map_ctx(*version, "Europe/Berlin", pool), item, item, pool);
                usm_item_t *bare = usm_item_copy(item, pool);
                usm_item_set_empty(bare, USM_EVENT_EXCEPTIONS);
                say_occurrences(map_ctx(*version, "Europe/Berlin", pool), item, bare, pool);
            }
            apr_pool_clear(pool);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {POOL_TEST(test_events), POOL_TEST(test_chronos_events),
                                       POOL_TEST(test_tasks), POOL_TEST(test_contacts),
                                       POOL_TEST(test_occurrences)};
    return RUN_TESTS(tests);
}
