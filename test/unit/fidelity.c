/* SPDX-License-Identifier: Apache-2.0 */
#include "fidelity.h"

#include <usm/recur.h>

static const char *const zones[] = {
    "Europe/Berlin", "America/New_York", "Australia/Sydney", "Asia/Kolkata", "Europe/Istanbul",
    "America/Sao_Paulo", "Pacific/Kiritimati", "Etc/UTC", "Europe/Paris", "Asia/Tehran",
    "Africa/Cairo", "America/St_Johns", "Africa/Casablanca", "Asia/Gaza", "Pacific/Apia",
    "Australia/Lord_Howe", "Antarctica/Troll", "Pacific/Chatham", "America/Nuuk",
    "Pacific/Pago_Pago", "Europe/Dublin", "Asia/Pyongyang", "Europe/Moscow", "America/Mexico_City"};
static uint64_t seed;

void fidelity_seed(uint64_t value)
{
    seed = value;
}

static long objects;

static void tell_objects(void)
{
    printf("fidelity: %ld objects\n", objects);
}

int fidelity_turns(int dflt)
{
    const char *text = getenv("USM_FIDELITY");
    int turns = text && atoi(text) > 0 ? atoi(text) : dflt;
    if (!objects)
        atexit(tell_objects);
    objects += turns;
    return turns;
}

unsigned dice(unsigned n)
{
    return (unsigned)(test_random(&seed) % n);
}

/* ---- random objects of OX ---- */

const char *random_zone(void)
{
    return zones[dice(COUNT(zones))];
}

const char *random_words(apr_pool_t *pool)
{
    static const char *const words[] = {"Jour fixe", "Zahnarzt", "\xc3\xa4\xc3\xb6", "<&>",
                                        "\"q\"",     "x",        "2",                "\xf0\x9f\x8e\x82"};
    return apr_pstrcat(pool, words[dice(8)], dice(2) ? " " : "", words[dice(8)], NULL);
}

/* The weekdays of a rule for the n-th one of a month: the day itself, or a group that it is the n-th of. */
static int nth_days(int *nth, int y, int m, int d)
{
    static const int groups[] = {62, 65, 127, 0};
    int mask = groups[dice(4)], n = 0, w;
    for (int i = 1; i <= d; i++) {
        usm_date_split(usm_date_make(y, m, i), NULL, NULL, NULL, &w);
        n += mask >> w & 1;
    }
    if (n < 1 || n > 4 || !(mask >> w & 1)) {
        n = (d - 1) / 7 + 1;
        mask = 1 << w;
    }
    *nth = n;
    return mask;
}

/* A rule whose first day is the day of the start, so that the start is an occurrence. */
static void add_rule(ox_json_t *o, usm_time_t first, int is_task)
{
    int y, m, d, w, type = 1 + (int)dice(4), nth = 0, days = 0;
    usm_date_split(first, &y, &m, &d, &w);
    ox_json_set_int(o, "recurrence_type", type);
    ox_json_set_int(o, "interval", type == 4 ? 1 : 1 + dice(5));
    if (type == 2)
        ox_json_set_int(o, "days", 1 << w | (int)dice(128));
    if (type >= 3) {
        if (dice(2))
            days = nth_days(&nth, y, m, d);
        ox_json_set_int(o, "day_in_month", nth ? nth : d);
    }
    if (nth)
        ox_json_set_int(o, "days", days);
    if (type == 4)
        ox_json_set_int(o, "month", m - 1);
    if (dice(3) == 0)
        ox_json_set_int(o, "occurrences", 1 + dice(40));
    else if (dice(2))
        ox_json_set_int(o, "until", first + (usm_time_t)dice(2000) * USM_DAY_MS);
}

ox_json_t *random_event(apr_pool_t *pool)
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

ox_json_t *random_task(apr_pool_t *pool)
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

static const char *const contact_texts[] = {
    "file_as", "first_name", "last_name", "second_name", "suffix", "title", "nickname", "company", "department",
    "position", "room_number", "telephone_home1", "telephone_home2", "cellular_telephone1", "telephone_business1",
    "telephone_business2", "telephone_company", "telephone_assistant", "telephone_car", "telephone_radio",
    "telephone_pager", "fax_home", "fax_business", "street_home", "postal_code_home", "city_home", "state_home",
    "country_home", "street_business", "postal_code_business", "city_business", "state_business", "country_business",
    "street_other", "postal_code_other", "city_other", "state_other", "country_other", "spouse_name", "manager_name",
    "assistant_name", "url", "instant_messenger1", "instant_messenger2", "yomiFirstName", "yomiLastName",
    "yomiCompany", "note", "userfield16", "userfield17", "userfield18", "userfield19", "userfield20"};

ox_json_t *random_contact(apr_pool_t *pool)
{
    ox_json_t *o = ox_json_object(pool);
    ox_json_set_text(o, "display_name", random_words(pool));
    for (size_t i = 0; i < COUNT(contact_texts); i++) {
        if (dice(2))
            ox_json_set_text(o, contact_texts[i], random_words(pool));
    }
    for (int i = 1; i <= 3; i++) {
        if (dice(2))
            ox_json_set_text(o, apr_psprintf(pool, "email%d", i), apr_psprintf(pool, "a%u@example.com", dice(99)));
    }
    /* birthdays of the last centuries, 29 February among them */
    if (dice(2))
        ox_json_set_int(o, "birthday", usm_date_make(1875 + (int)dice(170), 2, 28) + dice(300) * USM_DAY_MS);
    if (dice(2))
        ox_json_set_int(o, "anniversary", usm_date_make(1950, 1, 1) + (usm_time_t)dice(40000) * USM_DAY_MS);
    if (dice(3) == 0)
        ox_json_set_text(o, "categories", "red,blue sky");
    return o;
}

/* ---- into items and out of them ---- */

const char *const more_keys[] = {"days", "day_in_month", "month", "interval", "until", "occurrences", "full_time",
                                 "start_date", "timezone", "start_time", "end_time", NULL};
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

usm_item_t *read_object(usm_class_e cls, const ox_json_t *o, apr_pool_t *pool)
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

ox_json_t *write_object(const usm_item_t *item, apr_pool_t *pool)
{
    ox_json_t *o = ox_json_object(pool), *users = ox_json_array(pool), *user = ox_json_object(pool);
    usm_fieldset_t fields = {{0}};
    for (int f = 0; f < usm_class_fields(item->cls); f++) {
        if (usm_item_isset(item, f))
            USM_FIELDSET_ADD(&fields, f);
    }
    ox_write_t w = {.object = o, .item = item, .fields = &fields, .own_id = 4, .pool = pool};
    ox_map_write(&w);
    if (item->cls != USM_EVENT)
        return o;
    if (usm_item_isset(item, USM_EVENT_UID))
        ox_json_set_text(o, "uid", usm_item_text(item, USM_EVENT_UID));
    if (!ox_json_get(o, "organizer"))
        ox_json_set_text(o, "organizer", "a@b");
    ox_json_set_int(o, "organizerId", 4);
    ox_json_set_int(user, "id", 4);
    ox_json_set_int(user, "confirm", 1);
    ox_json_add(users, user);
    ox_json_set(o, "users", users);
    return o;
}
