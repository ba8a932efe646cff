/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: class_series.c ox_conv_recur.c */
/* Property: random appointments and tasks of Open-Xchange go to a device of every version and come back, and nothing of
 * them has changed: no field that core would write, and where all of it is written, no member of the object. */
#include "map_test.h"

#include <usm/recur.h>
#include "eas_series.h"
#include "ox/ox_map.h"

#define TURNS 400 /* objects of each class at each version */

static const char *const zones[] = {"Europe/Berlin",    "America/New_York", "Australia/Sydney",   "Asia/Kolkata",
                                    "Europe/Istanbul",  "America/Sao_Paulo", "Pacific/Kiritimati", "Etc/UTC",
                                    "Europe/Paris",     "Asia/Tehran",       "Africa/Cairo",       "America/St_Johns"};
static uint64_t seed;

static unsigned dice(unsigned n)
{
    return (unsigned)(test_random(&seed) % n);
}

/* ---- random objects of OX ---- */

static const char *random_words(apr_pool_t *pool)
{
    static const char *const words[] = {"Jour fixe", "Zahnarzt", "\xc3\xa4\xc3\xb6", "<&>",
                                        "\"q\"",     "x",        "2",                "\xf0\x9f\x8e\x82"};
    return apr_pstrcat(pool, words[dice(8)], dice(2) ? " " : "", words[dice(8)], NULL);
}

/* A rule whose first day is the day of the start, so that the start is an occurrence. */
static void add_rule(ox_json_t *o, usm_time_t first, int is_task)
{
    int y, m, d, w, type = 1 + (int)dice(4), nth = 0;
    usm_date_split(first, &y, &m, &d, &w);
    ox_json_set_int(o, "recurrence_type", type);
    ox_json_set_int(o, "interval", type == 4 ? 1 : 1 + dice(5));
    if (type == 2)
        ox_json_set_int(o, "days", 1 << w | (int)dice(128));
    if (type >= 3) {
        nth = (int)dice(2);
        ox_json_set_int(o, "day_in_month", nth ? (d - 1) / 7 + 1 : d);
    }
    if (nth)
        ox_json_set_int(o, "days", 1 << w);
    if (type == 4)
        ox_json_set_int(o, "month", m - 1);
    if (dice(3) == 0)
        ox_json_set_int(o, "occurrences", 1 + dice(40));
    else if (dice(2))
        ox_json_set_int(o, "until", first + (usm_time_t)dice(2000) * USM_DAY_MS);
}

static ox_json_t *random_event(apr_pool_t *pool)
{
    ox_json_t *o = ox_json_object(pool);
    const char *name = zones[dice(COUNT(zones))];
    const usm_zone_t *zone = usm_zone_open(name, pool);
    int all_day = dice(3) == 0;
    usm_time_t day = usm_date_make(2012, 1, 1) + (usm_time_t)dice(8000) * USM_DAY_MS;
    usm_time_t local = day + (usm_time_t)dice(1440) * 60000;
    ox_json_set_text(o, "title", random_words(pool));
    ox_json_set_text(o, "timezone", name);
    ox_json_set_bool(o, "full_time", all_day);
    usm_time_t start = all_day ? day : usm_zone_to_utc(zone, local);
    ox_json_set_int(o, "start_date", start);
    ox_json_set_int(o, "end_date", start + (all_day ? USM_DAY_MS * (1 + dice(3)) : 60000 * (usm_time_t)dice(600)));
    ox_json_set_int(o, "shown_as", 1 + dice(4));
    ox_json_set_bool(o, "private_flag", (int)dice(2));
    ox_json_set_int(o, "alarm", dice(2) ? (int)dice(10000) : -1);
    if (dice(2))
        ox_json_set_text(o, "location", random_words(pool));
    if (dice(2))
        ox_json_set_text(o, "note", random_words(pool));
    if (dice(3) == 0)
        ox_json_set_text(o, "categories", "red,blue sky");
    if (dice(3))
        add_rule(o, all_day ? day : usm_date_floor(usm_zone_to_local(zone, start)), 0);
    return o;
}

static ox_json_t *random_task(apr_pool_t *pool)
{
    ox_json_t *o = ox_json_object(pool);
    usm_time_t day = usm_date_make(2012, 1, 1) + (usm_time_t)dice(8000) * USM_DAY_MS;
    ox_json_set_text(o, "title", random_words(pool));
    ox_json_set_int(o, "priority", 1 + dice(3));
    ox_json_set_int(o, "status", (int[]){1, 2, 4, 5}[dice(4)]);
    ox_json_set_bool(o, "private_flag", (int)dice(2));
    ox_json_set_bool(o, "full_time", 1);
    ox_json_set_int(o, "start_time", day);
    ox_json_set_int(o, "end_time", day + (usm_time_t)dice(30) * USM_DAY_MS);
    if (dice(2))
        ox_json_set_text(o, "note", random_words(pool));
    if (dice(2))
        ox_json_set_int(o, "alarm", day + 3600000);
    if (dice(3))
        add_rule(o, day, 1);
    return o;
}

/* ---- there ---- */

static const struct {
    int column;
    const char *key;
} more_columns[] = {{212, "days"}, {213, "day_in_month"}, {214, "month"}, {215, "interval"}, {216, "until"},
                    {222, "occurrences"}, {401, "full_time"}, {201, "start_date"}, {408, "timezone"},
                    {316, "start_time"}, {317, "end_time"}};

static const char *key_of(usm_class_e cls, int column)
{
    int count;
    const ox_field_t *fields = ox_map_fields(&count, cls);
    for (int i = 0; i < count; i++) {
        if (fields[i].column == column)
            return fields[i].key;
    }
    for (size_t i = 0; i < COUNT(more_columns); i++) {
        if (more_columns[i].column == column)
            return more_columns[i].key;
    }
    return "";
}

static usm_item_t *read_object(usm_class_e cls, const ox_json_t *o, apr_pool_t *pool)
{
    static ox_plan_t plan;
    usm_item_t *item = usm_item_create(cls, pool);
    usm_fieldset_t all = {{0}};
    ox_json_t *row = ox_json_array(pool);
    for (int f = 0; f < usm_class_fields(cls); f++)
        USM_FIELDSET_ADD(&all, f);
    ox_plan_init(&plan, cls);
    ox_plan_fields(&plan, &all);
    for (int i = 0; i < plan.count; i++) {
        ox_json_t *v = ox_json_get(o, key_of(cls, plan.columns[i]));
        ox_json_add(row, v ? v : ox_json_parse("null", 4, pool));
    }
    ox_read_t r = {.plan = &plan, .row = row, .item = item, .own_id = 4};
    ox_map_read(&r, &all);
    return item;
}

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
        if (dice(3) == 0)
            usm_item_set_ptr(own, USM_EVENT_BODY, ox_text_body("own note", 8, APR_UINT64_MAX, pool));
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
        if (!usm_value_equal(row->type, &item->v[row->field], &back->v[row->field]))
            fail_msg("version %u: %s came back as something else: %s\n%s", version, row->name,
                     ox_json_dump(NULL, o, pool),
                     map_text(map_encode(map_ctx(version, "Europe/Berlin", pool), item, NULL, NULL, pool), pool));
        USM_FIELDSET_ADD(&written, row->field);
    }
    if (item->cls == USM_EVENT && version >= 160 && usm_item_state(back, USM_EVENT_EXCEPTIONS) != USM_ABSENT)
        fail_msg("version %u: exceptions are touched: %s", version, ox_json_dump(NULL, o, pool));
    ox_write_t w = {.object = object, .item = back, .fields = &written, .current = o, .own_id = 4, .pool = pool};
    USM_FIELDSET_DEL(&written, USM_EVENT_ATTENDEES);
    ox_map_write(&w);
    int count;
    const ox_field_t *fields = ox_map_fields(&count, item->cls);
    for (int i = 0; i < count; i++)
        compare_member(o, object, fields[i].key, version, pool);
    for (size_t i = 0; i < COUNT(more_columns); i++)
        compare_member(o, object, more_columns[i].key, version, pool);
}

static void test_events(void **state)
{
    apr_pool_t *pool;
    apr_pool_create(&pool, *state);
    for (const unsigned *version = map_versions; *version; version++) {
        seed = 20310106 + *version;
        for (int i = 0; i < TURNS; i++) {
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

static void test_tasks(void **state)
{
    apr_pool_t *pool;
    apr_pool_create(&pool, *state);
    for (const unsigned *version = map_versions; *version; version++) {
        seed = 4711 + *version;
        for (int i = 0; i < TURNS; i++) {
            ox_json_t *o = random_task(pool);
            usm_item_t *item = read_object(USM_TASK, o, pool);
            compare(item, there_and_back(map_ctx(*version, "Europe/Berlin", pool), item, pool), *version, o, pool);
            apr_pool_clear(pool);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {POOL_TEST(test_events), POOL_TEST(test_tasks)};
    return RUN_TESTS(tests);
}
