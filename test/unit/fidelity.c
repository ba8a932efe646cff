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

/* ---- events of module chronos ---- */

int fidelity_chronos;

static ox_json_t *parse(const char *text, apr_pool_t *pool)
{
    ox_json_t *j = ox_json_parse(text, strlen(text), pool);
    assert_non_null(j);
    return j;
}

static ox_json_t *chronos_when(usm_time_t local, int all_day, const char *zone, apr_pool_t *pool)
{
    ox_json_t *when = ox_json_object(pool);
    ox_json_set_text(when, "value", ox_time_text(local, all_day ? OX_FORM_DATE : zone ? OX_FORM_LOCAL : OX_FORM_UTC,
                                                 pool));
    if (zone && !all_day)
        ox_json_set_text(when, "tzid", zone);
    return when;
}

static void add_chronos_rule(ox_json_t *o, usm_time_t day, apr_pool_t *pool)
{
    static const char *const rules[] = {
        "FREQ=DAILY;COUNT=9", "FREQ=DAILY;INTERVAL=3", "COUNT=4;FREQ=WEEKLY", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO;WKST=SU", "FREQ=DAILY;BYDAY=SA,SU", "FREQ=MONTHLY",
        "FREQ=MONTHLY;BYMONTHDAY=-1", "FREQ=MONTHLY;BYDAY=-1FR;COUNT=12", "FREQ=MONTHLY;BYDAY=TU;BYSETPOS=2",
        "FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=3", "FREQ=YEARLY", "FREQ=YEARLY;BYMONTH=3;BYDAY=2SU", "FREQ=HOURLY",
        "FREQ=MONTHLY;BYMONTHDAY=1,15", "FREQ=YEARLY;BYWEEKNO=20", "FREQ=WEEKLY;UNTIL=%s", "FREQ=DAILY;UNTIL=%s"};
    const char *rule = rules[dice(COUNT(rules))];
    int all_day = strlen(ox_json_str(ox_json_get(ox_json_get(o, "startDate"), "value"), NULL)) == 8;
    usm_time_t until = day + (usm_time_t)dice(400) * USM_DAY_MS + (all_day ? 0 : (usm_time_t)dice(1440) * 60000);
    if (strchr(rule, '%')) {
        apr_size_t n = (apr_size_t)(strchr(rule, '%') - rule);
        rule = apr_pstrcat(pool, apr_pstrmemdup(pool, rule, n),
                           ox_time_text(until, all_day ? OX_FORM_DATE : OX_FORM_UTC, pool), NULL);
    }
    ox_json_set_text(o, "rrule", rule);
}

static void add_chronos_people(ox_json_t *o, apr_pool_t *pool)
{
    static const char *const people[] = {
        "{\"entity\":5,\"email\":\"berta@b\",\"cn\":\"Berta\",\"role\":\"OPT-PARTICIPANT\",\"rsvp\":true}",
        "{\"uri\":\"mailto:x@c\",\"cn\":\"X\",\"role\":\"CHAIR\",\"partStat\":\"TENTATIVE\"}",
        "{\"uri\":\"mailto:y@c\",\"cn\":\"Y\",\"role\":\"NON-PARTICIPANT\",\"partStat\":\"DECLINED\"}",
        "{\"entity\":5,\"cuType\":\"GROUP\",\"cn\":\"All\"}",
        "{\"entity\":4,\"cuType\":\"ROOM\",\"email\":\"room@b\",\"cn\":\"Room\",\"partStat\":\"ACCEPTED\"}"};
    ox_json_t *list = parse("[{\"entity\":4,\"email\":\"a@b\",\"partStat\":\"ACCEPTED\"}]", pool);
    ox_json_set(o, "organizer", parse("{\"entity\":4,\"email\":\"a@b\"}", pool));
    for (size_t i = 0; i < COUNT(people); i++) {
        if (dice(2))
            ox_json_add(list, parse(people[i], pool));
    }
    ox_json_set(o, "attendees", list);
}

ox_json_t *random_chronos_event(apr_pool_t *pool)
{
    static const struct {
        const char *key, *value;
    } more[] = {
        {"transp", "\"TRANSPARENT\""}, {"transp", "\"OPAQUE\""}, {"status", "\"TENTATIVE\""},
        {"status", "\"CANCELLED\""}, {"class", "\"PUBLIC\""}, {"class", "\"PRIVATE\""},
        {"class", "\"CONFIDENTIAL\""}, {"color", "\"red\""}, {"conferences", "[{\"uri\":\"https://m/1\"}]"},
        {"extendedProperties", "{\"X-A\":{\"value\":\"1\"}}"},
        {"extendedProperties", "{\"X-MICROSOFT-CDO-BUSYSTATUS\":{\"value\":\"OOF\"}}"},
        {"extendedProperties", "{\"X-MICROSOFT-CDO-BUSYSTATUS\":{\"value\":\"FREE\"}}"},
        {"categories", "[\"red\",\"blue, sky\"]"}, {"description", "\"one\\ntwo\""},
        {"alarms", "[{\"id\":1,\"action\":\"EMAIL\",\"trigger\":{\"duration\":\"-PT5M\"}},"
                   "{\"id\":2,\"action\":\"DISPLAY\",\"trigger\":{\"duration\":\"-P1DT2H\"}},"
                   "{\"id\":3,\"action\":\"AUDIO\",\"trigger\":{\"duration\":\"-PT10M\"}}]"},
        {"alarms", "[{\"action\":\"DISPLAY\",\"trigger\":{\"dateTime\":\"20310106T080000Z\"}}]"},
        {"alarms", "[{\"action\":\"DISPLAY\",\"trigger\":{\"duration\":\"-PT20M\",\"related\":\"END\"}}]"}};
    ox_json_t *o = ox_json_object(pool);
    int all_day = dice(3) == 0;
    usm_time_t day = usm_date_make(2031, 1, 1) + (usm_time_t)dice(2000) * USM_DAY_MS;
    usm_time_t local = all_day ? day : day + (usm_time_t)dice(1440) * 60000;
    usm_time_t end = local + (all_day ? USM_DAY_MS * (1 + (int)dice(3)) : (usm_time_t)dice(600) * 60000);
    const char *zone = dice(6) ? random_zone() : NULL;
    ox_json_set(o, "startDate", chronos_when(local, all_day, zone, pool));
    /* now and then it ends in another zone, always after it has begun */
    ox_json_set(o, "endDate", chronos_when(dice(8) || !zone ? end : end + USM_DAY_MS, all_day,
                                           dice(8) || !zone ? zone : random_zone(), pool));
    ox_json_set_text(o, "id", "5");
    ox_json_set_text(o, "uid", apr_psprintf(pool, "uid-%u", dice(100000)));
    ox_json_set_text(o, "summary", random_words(pool));
    if (dice(2))
        ox_json_set_text(o, "location", random_words(pool));
    for (size_t i = 0; i < COUNT(more); i++) {
        if (dice(4) == 0)
            ox_json_set(o, more[i].key, parse(more[i].value, pool));
    }
    if (dice(2))
        add_chronos_people(o, pool);
    if (dice(2))
        add_chronos_rule(o, day, pool);
    return o;
}

static usm_item_t *read_chronos(const ox_json_t *o, apr_pool_t *pool)
{
    usm_fieldset_t all = {{0}};
    ox_event_read_t r = {.event = o, .item = usm_item_create(USM_EVENT, pool), .own_id = 4};
    for (int f = 0; f < usm_class_fields(USM_EVENT); f++)
        USM_FIELDSET_ADD(&all, f);
    ox_event_read(&r, &all);
    return r.item;
}

static ox_json_t *write_chronos(const usm_item_t *item, const usm_fieldset_t *fields, apr_pool_t *pool)
{
    ox_event_write_t w = {.object = ox_json_object(pool), .item = item, .fields = fields, .own_id = 4,
                          .fallback_zone = "Europe/Berlin", .pool = pool};
    ox_event_write(&w);
    ox_json_set_text(w.object, "uid", usm_item_text(item, USM_EVENT_UID));
    ox_json_set(w.object, "organizer", parse("{\"entity\":4,\"email\":\"a@b\"}", pool));
    return w.object;
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
    if (cls == USM_EVENT && fidelity_chronos)
        return read_chronos(o, pool);
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
    if (item->cls == USM_EVENT && fidelity_chronos)
        return write_chronos(item, &fields, pool);
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
