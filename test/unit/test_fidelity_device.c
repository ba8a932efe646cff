/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: class_event.c class_task.c class_contact.c */
/* Property: what a device of any version adds goes to Open-Xchange, comes back, and is as the device said it, but for
 * what Open-Xchange cannot hold, which is written down here. */
#include "fidelity.h"

#include <apr_base64.h>
#include <usm/recur.h>
#include "eas_series.h"

#define TURNS 400

typedef struct doc_t {
    apr_pool_t *pool;
    apr_array_header_t *parts;
    unsigned version;
    const char *zone;  /* of the device; its rule as its blob says it */
    eas_tzrule_t rule;
    const char *page;  /* of the class */
} doc_t;

/* ---- what a device says ---- */

static void open_doc(doc_t *d, unsigned version, const char *page, apr_pool_t *pool)
{
    eas_tzrule_t rule;
    *d = (doc_t){.pool = pool, .version = version, .zone = random_zone(), .page = page};
    d->parts = apr_array_make(pool, 40, sizeof(const char *));
    assert_true(eas_tz_zone(&rule, d->zone, pool));
    d->rule = eas_tz_told(&rule);
}

static void raw(doc_t *d, const char *text)
{
    APR_ARRAY_PUSH(d->parts, const char *) = text;
}

/* TAG has its page when it is not of the class's. */
static void say(doc_t *d, const char *tag, const char *value)
{
    size_t len = strlen(value), n = 0;
    char *coded = apr_palloc(d->pool, len * 3 + 1);
    for (size_t i = 0; i < len; i++)
        n += (size_t)snprintf(coded + n, 4, "%%%02X", (unsigned char)value[i]);
    raw(d, strchr(tag, ':') ? tag : apr_pstrcat(d->pool, d->page, ":", tag, NULL));
    raw(d, len ? apr_pstrcat(d->pool, "='", coded, "' ", NULL) : " ");
}

static void say_int(doc_t *d, const char *tag, int value)
{
    say(d, tag, apr_itoa(d->pool, value));
}

static void begin(doc_t *d, const char *tag)
{
    raw(d, strchr(tag, ':') ? tag : apr_pstrcat(d->pool, d->page, ":", tag, NULL));
    raw(d, "{");
}

static void end(doc_t *d)
{
    raw(d, "} ");
}

static void say_time(doc_t *d, const char *tag, usm_time_t t)
{
    char text[EAS_TIME_LEN];
    assert_true(eas_time_format(text, t, strcmp(d->page, "Calendar") == 0 ? EAS_TIME_COMPACT : EAS_TIME_DASHED));
    say(d, tag, text);
}

static const eas_node_t *close_doc(doc_t *d)
{
    const char *text = apr_array_pstrcat(d->pool, d->parts, '\0');
    return map_doc(apr_pstrcat(d->pool, "AirSync:ApplicationData{", text, "}", NULL), d->pool);
}

static void say_body(doc_t *d, const char *text)
{
    if (d->version < 120) {
        say(d, "Body", text);
        return;
    }
    begin(d, "AirSyncBase:Body");
    say_int(d, "AirSyncBase:Type", 1);
    say(d, "AirSyncBase:Data", text);
    end(d);
}

static void say_place(doc_t *d, const char *text)
{
    if (d->version < 160) {
        say(d, "Location", text);
        return;
    }
    begin(d, "AirSyncBase:Location");
    say(d, "AirSyncBase:DisplayName", text);
    end(d);
}

static void say_categories(doc_t *d)
{
    begin(d, "Categories");
    say(d, "Category", random_words(d->pool));
    say(d, "Category", "two words");
    end(d);
}

static void say_zone(doc_t *d)
{
    unsigned char blob[EAS_TZ_BLOB];
    char text[EAS_TZ_BLOB * 4 / 3 + 8];
    eas_tz_to_blob(blob, &d->rule);
    apr_base64_encode_binary(text, blob, EAS_TZ_BLOB);
    say(d, "Timezone", text);
}

/* A rule that strikes on its first day, as a device words it. */
static void say_rule(doc_t *d, usm_recurrence_t *r, usm_time_t first)
{
    static const int types[] = {0, 1, 2, 3, 5, 6};
    int y, m, day, w;
    usm_date_split(first, &y, &m, &day, &w);
    *r = (usm_recurrence_t){.freq = (int)dice(6), .interval = 1 + (int)dice(4), .first_weekday = 1,
                            .until = USM_TIME_NONE};
    int nth = r->freq == USM_RECUR_MONTHLY_NTH || r->freq == USM_RECUR_YEARLY_NTH;
    begin(d, "Recurrence");
    say_int(d, "Type", types[r->freq]);
    if (strcmp(d->page, "Tasks") == 0)
        say_time(d, "Start", first);
    say_int(d, "Interval", r->interval);
    if (r->freq == USM_RECUR_WEEKLY)
        say_int(d, "DayOfWeek", r->weekdays = 1 << w | (int)dice(128));
    if (nth) {
        say_int(d, "DayOfWeek", r->weekdays = 1 << w);
        say_int(d, "WeekOfMonth", r->week = (day - 1) / 7 + 1);
    }
    if (r->freq == USM_RECUR_MONTHLY || r->freq == USM_RECUR_YEARLY)
        say_int(d, "DayOfMonth", r->day = day);
    if (r->freq >= USM_RECUR_YEARLY)
        say_int(d, "MonthOfYear", r->month = m);
    if (r->freq == USM_RECUR_WEEKLY && d->version >= 141 && dice(2))
        say_int(d, "FirstDayOfWeek", r->first_weekday = (int)dice(7));
    if (dice(3) == 0)
        say_int(d, "Occurrences", r->occurrences = 2 + (int)dice(30));
}

static usm_time_t instant(const doc_t *d, usm_time_t local, int all_day)
{
    return all_day && d->version >= 160 ? local : usm_tzrule_to_utc(&d->rule, local);
}

/* Until is the start of the last occurrence, as devices write it. */
static void say_until(doc_t *d, usm_recurrence_t *r, usm_time_t first, usm_time_t clock, int all_day)
{
    usm_recur_t walk;
    usm_time_t day, last = first;
    usm_recur_start(&walk, r, first);
    for (int n = (int)dice(40); n >= 0 && usm_recur_next(&day, &walk); n--)
        last = day;
    r->until = last;
    say_time(d, "Until", instant(d, last + clock, all_day));
}

static void say_exceptions(doc_t *d, const usm_recurrence_t *r, usm_time_t first, usm_time_t clock, int all_day)
{
    usm_recur_t walk;
    usm_time_t day;
    usm_recur_start(&walk, r, first);
    begin(d, "Exceptions");
    for (int i = 0; i < 12 && usm_recur_next(&day, &walk); i++) {
        if (dice(3))
            continue;
        begin(d, "Exception");
        say_time(d, d->version >= 160 ? "AirSyncBase:InstanceId" : "ExceptionStartTime",
                 instant(d, day + clock, all_day));
        if (dice(2)) {
            say_int(d, "Deleted", 1);
        } else {
            say(d, "Subject", random_words(d->pool));
            if (dice(2))
                say_int(d, "Reminder", (int)dice(99));
            if (dice(2) && !all_day) {
                say_time(d, "StartTime", instant(d, day + clock, 0) + 1800000);
                say_time(d, "EndTime", instant(d, day + clock, 0) + 7200000);
            }
            if (dice(2))
                say_body(d, "of this day alone");
        }
        end(d);
    }
    end(d);
}

static const eas_node_t *device_event(doc_t *d, usm_recurrence_t *rule, usm_time_t *first_p, apr_pool_t *pool)
{
    int all_day = dice(3) == 0, minutes = (int)dice(600);
    usm_time_t day = usm_date_make(2031, 1, 1) + (usm_time_t)dice(2000) * USM_DAY_MS;
    usm_time_t clock = all_day ? 0 : (usm_time_t)dice(1440) * 60000, start = instant(d, day + clock, all_day);
    /* A time that the change of the clock leaves out is another one. */
    if (!all_day)
        clock = start + eas_tz_offset(&d->rule, start) * APR_INT64_C(1000) - day;
    if (!(all_day && d->version >= 160))
        say_zone(d);
    say_int(d, "AllDayEvent", all_day);
    say_time(d, "StartTime", start);
    say_time(d, "EndTime", all_day ? instant(d, day + 2 * USM_DAY_MS, 1) : start + minutes * 60000);
    say(d, "Subject", random_words(pool));
    say_int(d, "BusyStatus", (int)dice(4));
    say_int(d, "Sensitivity", (int)dice(4));
    if (dice(2))
        say_int(d, "Reminder", (int)dice(20000));
    if (dice(2))
        say_place(d, random_words(pool));
    if (dice(2))
        say_body(d, "first line\r\nsecond <line> & more");
    if (dice(2))
        say_categories(d);
    if (d->version < 160)
        say(d, "UID", apr_psprintf(pool, "uid-%u", dice(1000000)));
    if (dice(3) == 0) {
        begin(d, "Attendees");
        for (unsigned i = dice(4); i < 4; i++) {
            begin(d, "Attendee");
            say(d, "Email", apr_psprintf(pool, "guest%u@example.org", i));
            say(d, "Name", random_words(pool));
            if (d->version >= 120)
                say_int(d, "AttendeeType", 1 + (int)dice(3));
            end(d);
        }
        end(d);
    }
    *first_p = day;
    if (dice(2) && clock >= 0 && clock < USM_DAY_MS) {
        say_rule(d, rule, day);
        if (!rule->occurrences && dice(2))
            say_until(d, rule, day, clock, all_day);
        end(d);
        if (dice(2))
            say_exceptions(d, rule, day, clock, all_day);
    }
    return close_doc(d);
}

static const eas_node_t *device_task(doc_t *d, usm_recurrence_t *rule, usm_time_t *first_p, apr_pool_t *pool)
{
    usm_time_t day = usm_date_make(2031, 1, 1) + (usm_time_t)dice(2000) * USM_DAY_MS;
    int done = dice(3) == 0, repeats = dice(3) == 0;
    *first_p = day;
    say(d, "Subject", random_words(pool));
    say_int(d, "Importance", (int)dice(3));
    say_int(d, "Sensitivity", (int)dice(4));
    say_int(d, "Complete", done && !repeats);
    if (done && !repeats)
        say_time(d, "DateCompleted", day + 3600000);
    if (repeats || dice(2)) {
        usm_time_t due = day + (repeats ? 0 : (usm_time_t)dice(9) * USM_DAY_MS);
        say_time(d, "UtcStartDate", usm_tzrule_to_utc(&d->rule, day));
        say_time(d, "StartDate", day);
        say_time(d, "UtcDueDate", usm_tzrule_to_utc(&d->rule, due));
        say_time(d, "DueDate", due);
    }
    if (dice(2)) {
        say_int(d, "ReminderSet", 1);
        say_time(d, "ReminderTime", day + 8 * 3600000);
    }
    if (dice(2))
        say_body(d, "some\r\nlines");
    if (dice(2))
        say_categories(d);
    if (repeats) {
        say_rule(d, rule, day);
        end(d);
    }
    return close_doc(d);
}

static const char *const contact_tags[] = {
    "Contacts:FirstName", "Contacts:LastName", "Contacts:MiddleName", "Contacts:Suffix", "Contacts:Title",
    "Contacts2:NickName", "Contacts:CompanyName", "Contacts:Department", "Contacts:JobTitle",
    "Contacts:OfficeLocation", "Contacts:MobilePhoneNumber", "Contacts:HomePhoneNumber", "Contacts:Home2PhoneNumber",
    "Contacts:BusinessPhoneNumber", "Contacts:Business2PhoneNumber", "Contacts2:CompanyMainPhone",
    "Contacts:AssistantPhoneNumber", "Contacts:CarPhoneNumber", "Contacts:RadioPhoneNumber", "Contacts:PagerNumber",
    "Contacts:HomeFaxNumber", "Contacts:BusinessFaxNumber", "Contacts:HomeAddressStreet",
    "Contacts:HomeAddressPostalCode", "Contacts:HomeAddressCity", "Contacts:HomeAddressState",
    "Contacts:HomeAddressCountry", "Contacts:BusinessAddressStreet", "Contacts:BusinessAddressPostalCode",
    "Contacts:BusinessAddressCity", "Contacts:BusinessAddressState", "Contacts:BusinessAddressCountry",
    "Contacts:OtherAddressStreet", "Contacts:OtherAddressPostalCode", "Contacts:OtherAddressCity",
    "Contacts:OtherAddressState", "Contacts:OtherAddressCountry", "Contacts:Spouse", "Contacts2:ManagerName",
    "Contacts:AssistantName", "Contacts:WebPage", "Contacts2:IMAddress", "Contacts2:IMAddress2",
    "Contacts2:CustomerId", "Contacts2:GovernmentId", "Contacts2:AccountName", "Contacts2:MMS",
    "Contacts2:IMAddress3", "Contacts:YomiFirstName", "Contacts:YomiLastName", "Contacts:YomiCompanyName"};

static const eas_node_t *device_contact(doc_t *d, usm_time_t days[2], apr_pool_t *pool)
{
    static const char *const dates[] = {"Birthday", "Anniversary"};
    say(d, "FileAs", random_words(pool));
    for (size_t i = 0; i < COUNT(contact_tags); i++) {
        if (dice(2))
            say(d, contact_tags[i], random_words(pool));
    }
    if (dice(2))
        say(d, "Email1Address", dice(2) ? "\"A, B\" <ab@example.com>" : "ab@example.com");
    for (int i = 0; i < 2; i++) {
        days[i] = USM_TIME_NONE;
        if (dice(2))
            continue;
        days[i] = usm_date_make(1880, 2, 27) + (usm_time_t)dice(54000) * USM_DAY_MS;
        usm_time_t shapes[] = {usm_tzrule_to_utc(&d->rule, days[i]), days[i], days[i] + USM_DAY_MS / 2 - 60000};
        say_time(d, dates[i], shapes[dice(3)]);
    }
    if (dice(2))
        say_body(d, "a note\r\nof two lines");
    if (dice(2))
        say_categories(d);
    return close_doc(d);
}

/* ---- what comes back ---- */

/* What Open-Xchange cannot hold, by element. */
static int excused(const char *tag, const char *sent, const char *got)
{
    static const struct {
        const char *tag, *sent, *got; /* NULL: any */
        int legacy; /* module chronos can */
    } rows[] = {
        {"Sensitivity", "1", "0", 0},       /* one flag: private or not */
        {"Sensitivity", "3", "2", 1},
        {"AttendeeType", NULL, "1", 1},     /* people from outside have no role there */
        {"Email1Address", NULL, "ab@example.com", 0}, /* the address alone */
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (!(rows[i].legacy && fidelity_chronos) &&
            strcmp(tag, rows[i].tag) == 0 && (!rows[i].sent || strcmp(rows[i].sent, sent) == 0) &&
            strcmp(rows[i].got, got) == 0)
            return 1;
    }
    return 0;
}

/* Open-Xchange keeps line feeds; for core too a body with carriage returns is the same one. */
static int same_text(const char *a, const char *b)
{
    for (;; a++, b++) {
        a += *a == '\r';
        b += *b == '\r';
        if (*a != *b || !*a)
            return *a == *b;
    }
}

static int same_blob(const char *a, const char *b, apr_pool_t *pool)
{
    apr_size_t n, m;
    const unsigned char *x = eas_from_base64(&n, a, 400, pool), *y = eas_from_base64(&m, b, 400, pool);
    eas_tzrule_t r, s;
    return x && y && eas_tz_from_blob(&r, x, n) && eas_tz_from_blob(&s, y, m) && eas_tz_same(&r, &s);
}

/* The exception of the same occurrence, or the N-th of the elements with this tag. */
static const eas_node_t *partner(const eas_node_t *sent, const eas_node_t *parent, int n)
{
    static const unsigned keys[] = {EAS_Calendar_ExceptionStartTime, EAS_AirSyncBase_InstanceId, EAS_Calendar_Email};
    const eas_node_t *node;
    for (size_t k = 0; k < COUNT(keys); k++) {
        const char *id = eas_node_child_text(sent, keys[k]);
        EAS_NODE_EACH_TAG(node, id ? parent : NULL, sent->tag)
        {
            const char *other = eas_node_child_text(node, keys[k]);
            if (other && strcmp(id, other) == 0)
                return node;
        }
        if (id)
            return NULL;
    }
    EAS_NODE_EACH_TAG(node, parent, sent->tag)
    {
        if (n-- == 0)
            return node;
    }
    return NULL;
}

/* Each element that was said is there again. @return NULL, or what is not. */
static const char *missing(const eas_node_t *sent, const eas_node_t *got, apr_pool_t *pool)
{
    const eas_node_t *one, *before;
    EAS_NODE_EACH(one, sent)
    {
        int n = 0;
        const char *name = eas_token_find(one->tag)->name, *lost;
        if (one->tag == EAS_Calendar_Recurrence || one->tag == EAS_Tasks_Recurrence ||
            one->tag == EAS_Contacts_Birthday || one->tag == EAS_Contacts_Anniversary ||
            one->tag == EAS_Tasks_UtcStartDate || one->tag == EAS_Tasks_UtcDueDate)
            continue; /* compared by their days */
        EAS_NODE_EACH_TAG(before, sent, one->tag)
        {
            if (before == one)
                break;
            n++;
        }
        const eas_node_t *other = partner(one, got, n);
        if (!other)
            return one->tag == EAS_Calendar_Exceptions && !one->child ? NULL : name;
        if (one->child && (lost = missing(one, other, pool)))
            return apr_pstrcat(pool, name, ".", lost, NULL);
        const char *a = one->child ? "" : eas_node_text(one), *b = one->child ? "" : eas_node_text(other);
        if (one->tag == EAS_Calendar_Timezone ? same_blob(a, b, pool) : same_text(a, b) || excused(name, a, b))
            continue;
        return apr_psprintf(pool, "%s=%s, was %s", name, b, a);
    }
    return NULL;
}

static void same_days(const usm_recurrence_t *want, usm_time_t first, const usm_item_t *item, const char *doc,
                      apr_pool_t *pool)
{
    usm_recur_t a, b;
    const usm_recurrence_t *have = item->cls == USM_EVENT ? usm_series_rule(item)
                                                          : item->v[USM_TASK_RECURRENCE].u.recurrence;
    usm_time_t x, y, begin = item->cls == USM_EVENT ? usm_series_first(item, pool) : eas_task_first(item);
    usm_recur_start(&a, want, first);
    usm_recur_start(&b, have, begin);
    for (int i = 0; i < 200; i++) {
        int p = usm_recur_next(&x, &a), q = usm_recur_next(&y, &b);
        if (p != q || (p && x != y))
            fail_msg("occurrence %d is on another day: %s", i, doc);
        if (!p)
            return;
    }
}

/* Weeks that do not begin on Monday, where that makes a difference: Open-Xchange has no such series. */
static int unfit(const usm_item_t *item, apr_pool_t *pool)
{
    const usm_recurrence_t *rule = item->cls == USM_EVENT ? usm_series_rule(item) : NULL;
    if (item->cls == USM_EVENT && fidelity_chronos)
        return 0;
    if (item->cls == USM_TASK && usm_item_isset(item, USM_TASK_RECURRENCE))
        rule = item->v[USM_TASK_RECURRENCE].u.recurrence;
    return rule && ox_recurrence_unfit(rule, item->cls == USM_EVENT ? usm_series_first(item, pool)
                                                                    : eas_task_first(item));
}

/* Exceptions are objects of their own there; here they stay with the series. */
static usm_item_t *through_ox(const usm_item_t *item, apr_pool_t *pool)
{
    usm_item_t *back = read_object(item->cls, write_object(item, pool), pool);
    if (item->cls == USM_EVENT)
        back->v[USM_EVENT_EXCEPTIONS] = item->v[USM_EVENT_EXCEPTIONS];
    return back;
}

static usm_item_t *trip(const doc_t *d, usm_class_e cls, const eas_node_t *data, apr_pool_t *pool)
{
    eas_view_t view;
    usm_item_t *item;
    eas_ctx_t *ctx = map_ctx(d->version, d->zone, pool);
    map_view(&view);
    eas_map_t map = {.ctx = ctx, .cls = cls, .view = &view, .pool = pool};
    usm_error_t *err = eas_map_decode(&item, &map, data);
    if (err)
        fail_msg("version %u: %s: %s", d->version, usm_error_text(err, pool), map_text(data, pool));
    if (unfit(item, pool))
        return NULL;
    usm_item_t *back = through_ox(item, pool);
    const eas_node_t *told = map_encode(ctx, back, NULL, NULL, pool);
    const char *lost = missing(data, told, pool);
    if (lost)
        fail_msg("version %u, %s: %s: sent %s\ngot %s", d->version, d->zone, lost, map_text(data, pool),
                 map_text(told, pool));
    return back;
}

static void test_events(void **state)
{
    apr_pool_t *pool;
    apr_pool_create(&pool, *state);
    for (const unsigned *version = map_versions; *version; version++) {
        fidelity_seed(1970 + *version);
        for (int i = fidelity_turns(TURNS); i > 0; i--) {
            doc_t d;
            usm_recurrence_t rule = {.interval = 0};
            usm_time_t first;
            open_doc(&d, *version, "Calendar", pool);
            const eas_node_t *data = device_event(&d, &rule, &first, pool);
            usm_item_t *back = trip(&d, USM_EVENT, data, pool);
            if (back && rule.interval)
                same_days(&rule, first, back, map_text(data, pool), pool);
            apr_pool_clear(pool);
        }
    }
}

static void test_chronos_events(void **state)
{
    fidelity_chronos = 1;
    test_events(state);
    fidelity_chronos = 0;
}

static void test_tasks(void **state)
{
    apr_pool_t *pool;
    apr_pool_create(&pool, *state);
    for (const unsigned *version = map_versions; *version; version++) {
        fidelity_seed(1980 + *version);
        for (int i = fidelity_turns(TURNS); i > 0; i--) {
            doc_t d;
            usm_recurrence_t rule = {.interval = 0};
            usm_time_t first;
            open_doc(&d, *version, "Tasks", pool);
            const eas_node_t *data = device_task(&d, &rule, &first, pool);
            usm_item_t *back = trip(&d, USM_TASK, data, pool);
            if (back && rule.interval)
                same_days(&rule, first, back, map_text(data, pool), pool);
            apr_pool_clear(pool);
        }
    }
}

/* A day is one to a device that goes by UTC, and to one that goes by the clock of its zone. */
static void test_contacts(void **state)
{
    static const int fields[] = {USM_CONTACT_BIRTHDAY, USM_CONTACT_ANNIVERSARY};
    static const unsigned tags[] = {EAS_Contacts_Birthday, EAS_Contacts_Anniversary};
    apr_pool_t *pool;
    apr_pool_create(&pool, *state);
    for (const unsigned *version = map_versions; *version; version++) {
        fidelity_seed(1990 + *version);
        for (int i = fidelity_turns(TURNS); i > 0; i--) {
            doc_t d;
            usm_time_t days[2];
            open_doc(&d, *version, "Contacts", pool);
            const eas_node_t *data = device_contact(&d, days, pool);
            usm_item_t *back = trip(&d, USM_CONTACT, data, pool);
            const eas_node_t *told = map_encode(map_ctx(*version, d.zone, pool), back, NULL, NULL, pool);
            for (int k = 0; k < 2; k++) {
                usm_time_t t;
                if (usm_item_num(back, fields[k], USM_TIME_NONE) != days[k])
                    fail_msg("version %u, %s: another day: %s", *version, d.zone, map_text(data, pool));
                if (days[k] == USM_TIME_NONE)
                    continue;
                assert_true(eas_time_parse(&t, eas_node_child_text(told, tags[k])));
                if (usm_date_floor(t) != days[k] ||
                    usm_date_floor(t + eas_tz_offset(&d.rule, t) * APR_INT64_C(1000)) != days[k])
                    fail_msg("version %u: in %s a day becomes another: %s", *version, d.zone, map_text(told, pool));
            }
            apr_pool_clear(pool);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {POOL_TEST(test_events), POOL_TEST(test_chronos_events),
                                       POOL_TEST(test_tasks), POOL_TEST(test_contacts)};
    return RUN_TESTS(tests);
}
