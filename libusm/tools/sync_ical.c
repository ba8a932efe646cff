/* SPDX-License-Identifier: Apache-2.0 */
/* usmsync: events and tasks as iCalendar, by libical. Times are written in UTC. A series is written as its first event
 * with X-USM-SERIES, and its rule stays what it is on the server. */
#include "tools/sync.h"

#include <apr_strings.h>
#include <libical/ical.h>
#include <string.h>

/* The same property of both classes. */
typedef struct names_t {
    int subject, location, body, categories, start, end;
} names_t;

static const names_t event_names = {USM_EVENT_SUBJECT, USM_EVENT_LOCATION, USM_EVENT_BODY, USM_EVENT_CATEGORIES,
                                    USM_EVENT_START, USM_EVENT_END};
static const names_t task_names = {USM_TASK_SUBJECT, -1, USM_TASK_BODY, USM_TASK_CATEGORIES, USM_TASK_START,
                                   USM_TASK_DUE};

/* ---- writing ---- */

static void put(icalcomponent *c, icalproperty_kind kind, const char *text)
{
    if (!text)
        return;
    icalproperty *p = icalproperty_new(kind);
    icalproperty_set_value(p, icalvalue_new_text(text));
    icalcomponent_add_property(c, p);
}

static void put_x(icalcomponent *c, const char *name, const char *text)
{
    icalproperty *p = icalproperty_new_x(text);
    icalproperty_set_x_name(p, name);
    icalcomponent_add_property(c, p);
}

static struct icaltimetype to_ical(usm_time_t t, int day)
{
    struct icaltimetype out = icaltime_from_timet_with_zone((time_t)(t / 1000), 0, icaltimezone_get_utc_timezone());
    out.is_date = day;
    if (day)
        out.hour = out.minute = out.second = 0;
    return out;
}

static void put_time(icalcomponent *c, icalproperty_kind kind, const usm_item_t *item, int field, int day)
{
    if (!usm_item_isset(item, field))
        return;
    struct icaltimetype t = to_ical(usm_item_num(item, field, 0), day);
    icalproperty *p = icalproperty_new(kind);
    icalproperty_set_value(p, day ? icalvalue_new_date(t) : icalvalue_new_datetime(t));
    icalcomponent_add_property(c, p);
}

static void put_event(icalcomponent *c, const usm_item_t *item, apr_pool_t *pool)
{
    int day = (int)usm_item_num(item, USM_EVENT_ALL_DAY, 0);
    put_time(c, ICAL_DTSTART_PROPERTY, item, USM_EVENT_START, day);
    put_time(c, ICAL_DTEND_PROPERTY, item, USM_EVENT_END, day);
    put(c, ICAL_UID_PROPERTY, usm_item_text(item, USM_EVENT_UID));
    if (usm_item_isset(item, USM_EVENT_BUSY))
        put_x(c, "X-USM-BUSY", apr_psprintf(pool, "%d", (int)usm_item_num(item, USM_EVENT_BUSY, 0)));
    if (usm_item_isset(item, USM_EVENT_REMINDER))
        put_x(c, "X-USM-REMINDER", apr_psprintf(pool, "%d", (int)usm_item_num(item, USM_EVENT_REMINDER, 0)));
    if (usm_item_isset(item, USM_EVENT_RECURRENCE))
        put_x(c, "X-USM-SERIES", "1");
}

static void put_task(icalcomponent *c, const usm_item_t *item)
{
    static const int priorities[] = {9, 5, 1};
    apr_int64_t importance = usm_item_num(item, USM_TASK_IMPORTANCE, -1);
    put_time(c, ICAL_DTSTART_PROPERTY, item, USM_TASK_START, 1);
    put_time(c, ICAL_DUE_PROPERTY, item, USM_TASK_DUE, 1);
    if (usm_item_num(item, USM_TASK_STATE, USM_TASK_OPEN) == USM_TASK_DONE)
        icalcomponent_add_property(c, icalproperty_new_status(ICAL_STATUS_COMPLETED));
    if (usm_item_isset(item, USM_TASK_COMPLETED))
        put_time(c, ICAL_COMPLETED_PROPERTY, item, USM_TASK_COMPLETED, 0);
    if (importance >= USM_IMP_LOW && importance <= USM_IMP_HIGH)
        icalcomponent_add_property(c, icalproperty_new_priority(priorities[importance]));
}

const char *sync_ical_write(const usm_item_t *item, apr_pool_t *pool)
{
    const names_t *names = item->cls == USM_EVENT ? &event_names : &task_names;
    icalcomponent *top = icalcomponent_new(ICAL_VCALENDAR_COMPONENT);
    icalcomponent *c = icalcomponent_new(item->cls == USM_EVENT ? ICAL_VEVENT_COMPONENT : ICAL_VTODO_COMPONENT);
    put(top, ICAL_VERSION_PROPERTY, "2.0");
    put(top, ICAL_PRODID_PROPERTY, "-//libusm//usmsync//EN");
    icalcomponent_add_component(top, c);
    put(c, ICAL_SUMMARY_PROPERTY, usm_item_text(item, names->subject));
    if (names->location >= 0)
        put(c, ICAL_LOCATION_PROPERTY, usm_item_text(item, names->location));
    put(c, ICAL_DESCRIPTION_PROPERTY, sync_body_text(item, names->body));
    for (int i = 0; usm_item_isset(item, names->categories) && i < item->v[names->categories].u.list->count; i++)
        put(c, ICAL_CATEGORIES_PROPERTY, item->v[names->categories].u.list->items[i]);
    if (item->cls == USM_EVENT)
        put_event(c, item, pool);
    else
        put_task(c, item);
    char *text = icalcomponent_as_ical_string_r(top);
    const char *out = apr_pstrdup(pool, text ? text : "");
    icalmemory_free_buffer(text);
    icalcomponent_free(top);
    return out;
}

/* ---- reading ---- */

static const char *text_of(icalcomponent *c, icalproperty_kind kind, apr_pool_t *pool)
{
    icalproperty *p = icalcomponent_get_first_property(c, kind);
    const char *text = p ? icalvalue_get_text(icalproperty_get_value(p)) : NULL;
    return text && *text ? apr_pstrdup(pool, text) : NULL;
}

static const char *x_of(icalcomponent *c, const char *name)
{
    for (icalproperty *p = icalcomponent_get_first_property(c, ICAL_X_PROPERTY); p;
         p = icalcomponent_get_next_property(c, ICAL_X_PROPERTY)) {
        if (strcasecmp(icalproperty_get_x_name(p), name) == 0)
            return icalproperty_get_x(p);
    }
    return NULL;
}

static usm_time_t from_ical(struct icaltimetype t, int day)
{
    if (day) {
        t.is_date = 0;
        t.hour = t.minute = t.second = 0;
        return (usm_time_t)icaltime_as_timet_with_zone(t, icaltimezone_get_utc_timezone()) * 1000;
    }
    const icaltimezone *zone = icaltime_get_timezone(t);
    return (usm_time_t)icaltime_as_timet_with_zone(t, zone ? zone : icaltimezone_get_utc_timezone()) * 1000;
}

static void take_categories(usm_item_t *item, int field, icalcomponent *c)
{
    int count = icalcomponent_count_properties(c, ICAL_CATEGORIES_PROPERTY);
    usm_list_t *list = apr_pcalloc(item->pool, sizeof *list);
    list->items = apr_palloc(item->pool, sizeof(char *) * (apr_size_t)(count + 1));
    for (icalproperty *p = icalcomponent_get_first_property(c, ICAL_CATEGORIES_PROPERTY); p && list->count < count;
         p = icalcomponent_get_next_property(c, ICAL_CATEGORIES_PROPERTY))
        list->items[list->count++] = apr_pstrdup(item->pool, icalvalue_get_text(icalproperty_get_value(p)));
    usm_item_set_ptr(item, field, list->count ? list : NULL);
}

static usm_error_t *take_event(usm_item_t *item, icalcomponent *c)
{
    struct icaltimetype start = icalcomponent_get_dtstart(c), end = icalcomponent_get_dtend(c);
    const char *busy = x_of(c, "X-USM-BUSY"), *reminder = x_of(c, "X-USM-REMINDER");
    if (icaltime_is_null_time(start) || icaltime_is_null_time(end))
        return USM_ERROR(item->pool, USM_EINVALID, "the event has no start or no end");
    usm_item_set_num(item, USM_EVENT_ALL_DAY, start.is_date);
    usm_item_set_num(item, USM_EVENT_START, from_ical(start, start.is_date));
    usm_item_set_num(item, USM_EVENT_END, from_ical(end, start.is_date));
    if (text_of(c, ICAL_UID_PROPERTY, item->pool))
        usm_item_set_text(item, USM_EVENT_UID, text_of(c, ICAL_UID_PROPERTY, item->pool));
    if (busy)
        usm_item_set_num(item, USM_EVENT_BUSY, apr_atoi64(busy));
    if (reminder)
        usm_item_set_num(item, USM_EVENT_REMINDER, apr_atoi64(reminder));
    else
        usm_item_set_empty(item, USM_EVENT_REMINDER);
    return NULL;
}

static void take_day(usm_item_t *item, int field, struct icaltimetype t)
{
    if (icaltime_is_null_time(t))
        usm_item_set_empty(item, field);
    else
        usm_item_set_num(item, field, from_ical(t, 1));
}

static void take_task(usm_item_t *item, icalcomponent *c)
{
    icalproperty *status = icalcomponent_get_first_property(c, ICAL_STATUS_PROPERTY);
    icalproperty *priority = icalcomponent_get_first_property(c, ICAL_PRIORITY_PROPERTY);
    icalproperty *completed = icalcomponent_get_first_property(c, ICAL_COMPLETED_PROPERTY);
    int n = priority ? icalproperty_get_priority(priority) : 0;
    take_day(item, USM_TASK_START, icalcomponent_get_dtstart(c));
    take_day(item, USM_TASK_DUE, icalcomponent_get_due(c));
    usm_item_set_num(item, USM_TASK_STATE, status && icalproperty_get_status(status) == ICAL_STATUS_COMPLETED
                                               ? USM_TASK_DONE : USM_TASK_OPEN);
    if (completed)
        usm_item_set_num(item, USM_TASK_COMPLETED, from_ical(icalproperty_get_completed(completed), 0));
    if (n) /* 0 is "not said": what the server has stays */
        usm_item_set_num(item, USM_TASK_IMPORTANCE, n == 5 ? USM_IMP_NORMAL : n < 5 ? USM_IMP_HIGH : USM_IMP_LOW);
}

static usm_error_t *take(usm_item_t *item, icalcomponent *c)
{
    const names_t *names = item->cls == USM_EVENT ? &event_names : &task_names;
    usm_item_set_text(item, names->subject, text_of(c, ICAL_SUMMARY_PROPERTY, item->pool));
    if (names->location >= 0)
        usm_item_set_text(item, names->location, text_of(c, ICAL_LOCATION_PROPERTY, item->pool));
    sync_set_body(item, names->body, text_of(c, ICAL_DESCRIPTION_PROPERTY, item->pool));
    take_categories(item, names->categories, c);
    if (item->cls == USM_EVENT)
        return take_event(item, c);
    take_task(item, c);
    return NULL;
}

usm_error_t *sync_ical_read(usm_item_t **item_p, usm_class_e cls, const char *text, apr_pool_t *pool)
{
    icalcomponent *top = icalparser_parse_string(text);
    icalcomponent *c = top ? icalcomponent_get_first_component(top, cls == USM_EVENT ? ICAL_VEVENT_COMPONENT
                                                                                     : ICAL_VTODO_COMPONENT) : NULL;
    usm_error_t *err = NULL;
    *item_p = usm_item_create(cls, pool);
    if (c)
        err = take(*item_p, c);
    else
        err = USM_ERROR(pool, USM_EINVALID, "no %s in the file", cls == USM_EVENT ? "event" : "task");
    if (top)
        icalcomponent_free(top);
    return err;
}
