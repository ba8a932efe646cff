/* SPDX-License-Identifier: Apache-2.0 */
/* Series of events: times as the device reckons them, and exceptions (MS-ASCAL 2.2.2.21). */
#include <apr_strings.h>
#include <string.h>

#include "eas_series.h"

/* ---- times ---- */

static const char *zone_name(const eas_map_t *map, const usm_item_t *event)
{
    const char *zone = usm_item_text(event, USM_EVENT_TIMEZONE);
    return zone && usm_zone_open(zone, map->pool) ? zone : eas_user_zone(map);
}

/* A day goes out as midnight of the event's zone, from 16.0 on as it is. */
usm_time_t eas_series_wire(const eas_map_t *map, const usm_item_t *event, usm_time_t t, int all_day)
{
    const usm_zone_t *zone;
    if (all_day && map->ctx->version >= 160)
        return t;
    if (!all_day && !usm_series_rule(event))
        return t;
    zone = usm_zone_open(zone_name(map, event), map->pool);
    if (!zone)
        return t;
    const usm_tzrule_t rule = eas_tz_told(usm_zone_rule(zone));
    if (all_day)
        return usm_tzrule_to_utc(&rule, t);
    if (usm_zone_offset(zone, t) == usm_tzrule_offset(&rule, t))
        return t;
    return usm_tzrule_to_utc(&rule, usm_zone_to_local(zone, t));
}

usm_time_t eas_series_wire_start(const eas_map_t *map, const usm_item_t *event, usm_time_t day)
{
    usm_time_t start, end;
    usm_series_times(event, day, &start, &end, map->pool);
    return eas_series_wire(map, event, start, usm_item_num(event, USM_EVENT_ALL_DAY, 0) != 0);
}

usm_time_t eas_series_unwire(const eas_map_t *map, const usm_item_t *event, usm_time_t t, int all_day,
                             const eas_tzrule_t *rule)
{
    const usm_zone_t *zone = usm_zone_open(zone_name(map, event), map->pool);
    usm_tzrule_t told;
    if (!rule && zone) {
        told = eas_tz_told(usm_zone_rule(zone));
        rule = &told;
    }
    if (all_day) { /* devices an hour off at a change of the clock still mean that day */
        if (map->ctx->version < 160 && rule)
            t += (usm_time_t)usm_tzrule_offset(rule, t) * 1000;
        return usm_date_floor(t + USM_DAY_MS / 2);
    }
    if (!usm_series_rule(event) || !zone || !rule || usm_zone_offset(zone, t) == usm_tzrule_offset(rule, t))
        return t;
    return usm_zone_to_utc(zone, t + (usm_time_t)usm_tzrule_offset(rule, t) * 1000);
}

usm_time_t eas_series_unwire_known(const eas_map_t *map, const usm_item_t *event, usm_time_t t, int all_day,
                                   const eas_tzrule_t *rule, const usm_item_t *known, int field)
{
    usm_time_t now = usm_item_num(known, field, USM_TIME_NONE);
    if (now != USM_TIME_NONE && t == eas_series_wire(map, event, now, all_day))
        return now;
    return eas_series_unwire(map, event, t, all_day, rule);
}

/* Until is an instant; what counts is the day it lies in. Some clients send the day's midnight in UTC, whatever the
 * zone is: west of Greenwich that would be the day before. */
static usm_time_t until_day(const eas_map_t *map, const usm_item_t *view, usm_time_t t, const eas_tzrule_t *rule)
{
    int all_day = usm_item_num(view, USM_EVENT_ALL_DAY, 0) != 0;
    usm_time_t start = usm_item_num(view, USM_EVENT_START, 0), day;
    if (all_day)
        return eas_series_unwire(map, view, t, 1, rule);
    day = usm_series_day(view, eas_series_unwire(map, view, t, 0, rule), map->pool);
    if (t % USM_DAY_MS == 0 && eas_series_wire(map, view, start, 0) % USM_DAY_MS != 0 && day < t)
        return t;
    return day;
}

usm_error_t *eas_recurrence_settle(usm_item_t *item, const usm_item_t *view, eas_map_t *map,
                                   const eas_tzrule_t *tz)
{
    usm_recurrence_t *rule = apr_pmemdup(map->pool, usm_series_rule(item), sizeof *rule);
    usm_time_t first = usm_series_first(view, map->pool);
    if (rule->until != USM_TIME_NONE)
        rule->until = until_day(map, view, rule->until, tz);
    const char *why = usm_recurrence_check(rule, first);
    if (why)
        return USM_ERROR(map->pool, USM_EINVALID, "a recurrence that cannot be: %s", why);
    usm_recurrence_normalise(rule, first);
    usm_item_set_ptr(item, USM_EVENT_RECURRENCE, rule);
    return NULL;
}

/* ---- exceptions out ---- */

/* Large values only where they are the occurrence's own; the small ones always, since some clients take what is missing
 * for empty. */
static int is_large(const eas_row_t *row)
{
    return row->type == USM_T_BODY || row->type == USM_T_ATTENDEES;
}

static void put_row(eas_map_t *map, const eas_row_t *row, const usm_item_t *own)
{
    unsigned flags = usm_field(USM_EVENT, row->field)->flags;
    const usm_value_t *v = &map->item->v[row->field];
    if (flags & (USM_F_SERIES | USM_F_NODIGEST) || !eas_map_in_version(row, map->ctx->version) ||
        !eas_convs[row->type].encode || (is_large(row) && own->v[row->field].state == USM_ABSENT) ||
        (row->type == USM_T_ATTENDEES && map->ctx->version < 140))
        return;
    if (v->state == USM_SET)
        eas_convs[row->type].encode(map, row, v);
    else if (own->v[row->field].state == USM_EMPTY && map->series->v[row->field].state == USM_SET)
        eas_writer_empty(map->out, row->type == USM_T_BODY && map->ctx->version < 120 ? EAS_Calendar_Body : row->tag);
}

static void put_exception(eas_map_t *map, const usm_exception_t *e)
{
    usm_time_t planned = eas_series_wire_start(map, map->series, e->day);
    unsigned id = map->ctx->version >= 160 ? EAS_AirSyncBase_InstanceId : EAS_Calendar_ExceptionStartTime;
    eas_writer_start(map->out, EAS_Calendar_Exception);
    if (!e->item)
        eas_writer_tag_int(map->out, EAS_Calendar_Deleted, 1);
    eas_writer_tag_time(map->out, id, planned, EAS_TIME_COMPACT);
    if (e->item) {
        map->item = usm_series_occurrence(map->series, e->day, e->item, map->pool);
        for (const eas_row_t *row = eas_map_rows(USM_EVENT); row->name; row++)
            put_row(map, row, e->item);
        eas_event_extra(map, map->item);
    }
    eas_writer_end(map->out);
}

/* More of them than there may be: the latest. */
void eas_encode_exceptions(eas_map_t *map, const eas_row_t *row, const usm_value_t *v)
{
    const usm_exceptions_t *list = v->u.exceptions;
    const usm_item_t *series = map->item;
    if (!usm_series_rule(series))
        return;
    eas_writer_start(map->out, row->tag);
    map->series = series;
    for (int i = list->count > EAS_EXCEPTIONS_MAX ? list->count - EAS_EXCEPTIONS_MAX : 0; i < list->count; i++)
        put_exception(map, &list->items[i]);
    map->series = NULL;
    map->item = series;
    eas_writer_end(map->out);
}

/* ---- exceptions in ---- */

usm_error_t *eas_occurrence_day(usm_time_t *day_p, eas_map_t *map, const usm_item_t *event, const char *instance_id)
{
    usm_time_t t;
    int all_day = usm_item_num(event, USM_EVENT_ALL_DAY, 0) != 0;
    if (!eas_time_parse(&t, instance_id))
        return USM_ERROR(map->pool, USM_EINVALID, "the time of an occurrence cannot be read");
    usm_time_t day = usm_series_day(event, eas_series_unwire(map, event, t, all_day, NULL), map->pool);
    *day_p = usm_series_snap(event, day, map->pool);
    return *day_p == USM_TIME_NONE ? USM_ERROR(map->pool, USM_ENOTFOUND, "there is no such occurrence") : NULL;
}

/* The fields of one occurrence. */
static usm_error_t *read_fields(usm_item_t **own_p, const usm_item_t *view, usm_time_t day, eas_map_t *map,
                                const eas_node_t *node, const eas_tzrule_t *rule)
{
    static const int times[] = {USM_EVENT_START, USM_EVENT_END};
    usm_item_t *own = usm_item_create(USM_EVENT, map->pool);
    USM_ERR(eas_map_read_rows(own, map, node));
    for (int f = 0; f < usm_class_fields(USM_EVENT); f++) {
        if (usm_field(USM_EVENT, f)->flags & USM_F_SERIES)
            own->v[f].state = USM_ABSENT;
    }
    eas_event_place(own, node);
    int all_day = usm_item_num(own, USM_EVENT_ALL_DAY, usm_item_num(view, USM_EVENT_ALL_DAY, 0)) != 0;
    const usm_exception_t *old = usm_series_exception(map->base ? map->base : view, day);
    const usm_item_t *known = usm_series_occurrence(view, day, old ? old->item : NULL, map->pool);
    for (int i = 0; i < 2; i++) {
        if (usm_item_isset(own, times[i]))
            usm_item_set_num(own, times[i],
                             eas_series_unwire_known(map, view, usm_item_num(own, times[i], 0), all_day, rule, known,
                                                     times[i]));
        else
            own->v[times[i]].state = USM_ABSENT;
    }
    *own_p = own;
    return NULL;
}

static usm_error_t *check_times(const usm_item_t *view, usm_time_t day, const usm_item_t *own, eas_map_t *map)
{
    const usm_item_t *all = usm_series_occurrence(view, day, own, map->pool);
    if (usm_item_num(all, USM_EVENT_START, 0) > usm_item_num(all, USM_EVENT_END, 0))
        return USM_ERROR(map->pool, USM_EINVALID, "an occurrence ends before it starts");
    return NULL;
}

/* *day_p USM_TIME_NONE: nothing to note. */
static usm_error_t *read_exception(usm_exception_t *e, const usm_item_t *view, eas_map_t *map, const eas_node_t *node,
                                   const eas_tzrule_t *rule)
{
    const char *planned = eas_node_child_text(
        node, map->ctx->version >= 160 ? EAS_AirSyncBase_InstanceId : EAS_Calendar_ExceptionStartTime);
    const eas_node_t *flag = eas_node_child(node, EAS_Calendar_Deleted);
    int deleted = 0, all_day = usm_item_num(view, USM_EVENT_ALL_DAY, 0) != 0;
    usm_item_t *own;
    usm_time_t t;
    if (!eas_time_parse(&t, planned) || (flag && !eas_node_bool(flag, &deleted)))
        return USM_ERROR(map->pool, USM_EINVALID, "an exception cannot be read");
    e->day = usm_series_snap(view, usm_series_day(view, eas_series_unwire(map, view, t, all_day, rule), map->pool),
                             map->pool);
    if (deleted)
        return NULL;
    if (e->day == USM_TIME_NONE)
        return USM_ERROR(map->pool, USM_EINVALID, "an exception on a day of no occurrence");
    USM_ERR(read_fields(&own, view, e->day, map, node, rule));
    e->item = own;
    return check_times(view, e->day, own, map);
}

static void note(usm_exceptions_t *list, const usm_exception_t *e)
{
    int i = 0;
    while (i < list->count && list->items[i].day != e->day)
        i++;
    list->items[i] = *e; /* said twice: the later one */
    list->count += i == list->count;
}

usm_error_t *eas_exceptions_read(usm_item_t *item, const usm_item_t *view, eas_map_t *map, const eas_node_t *data,
                                 const eas_tzrule_t *rule)
{
    const eas_node_t *all = eas_node_child(data, EAS_Calendar_Exceptions), *node;
    unsigned count = eas_node_count(all, EAS_Calendar_Exception);
    usm_exceptions_t *list = apr_pcalloc(map->pool, sizeof *list);
    if (!count)
        return NULL; /* none is said of: all stay */
    if (count > EAS_EXCEPTIONS_MAX)
        return USM_ERROR(map->pool, USM_EINVALID, "%u exceptions are too many", count);
    if (!usm_series_rule(view))
        return USM_ERROR(map->pool, USM_EINVALID, "exceptions of an event that does not recur");
    list->items = apr_pcalloc(map->pool, sizeof(usm_exception_t) * (count + 1));
    EAS_NODE_EACH_TAG(node, all, EAS_Calendar_Exception)
    {
        usm_exception_t e = {.day = USM_TIME_NONE};
        USM_ERR(read_exception(&e, view, map, node, rule));
        if (e.day != USM_TIME_NONE)
            note(list, &e);
    }
    usm_item_set_ptr(item, USM_EVENT_EXCEPTIONS, list->count ? list : NULL);
    if (!list->count)
        item->v[USM_EVENT_EXCEPTIONS].state = USM_ABSENT;
    return NULL;
}

/* ---- commands for one occurrence (16.x) ---- */

/* What the occurrence has of its own, with what is said of it now on top. */
static const usm_item_t *overlay(const usm_item_t *old, const usm_item_t *now, apr_pool_t *pool)
{
    if (!old)
        return now;
    usm_item_t *all = usm_item_copy(old, pool);
    for (int f = 0; f < usm_class_fields(USM_EVENT); f++) {
        if (now->v[f].state != USM_ABSENT)
            all->v[f] = now->v[f];
    }
    return all;
}

usm_error_t *eas_occurrence_decode(usm_item_t **item_p, eas_map_t *map, const char *instance_id,
                                   const eas_node_t *data)
{
    const usm_item_t *series = map->base;
    usm_exception_t e = {.day = USM_TIME_NONE};
    usm_exceptions_t patch = {1, &e};
    usm_item_t *own, *view = usm_item_copy(series, map->pool);
    if (!usm_series_rule(series))
        return USM_ERROR(map->pool, USM_EINVALID, "the event does not recur");
    USM_ERR(eas_occurrence_day(&e.day, map, series, instance_id));
    const usm_exception_t *old = usm_series_exception(series, e.day);
    if (data) {
        if (old && !old->item)
            return USM_ERROR(map->pool, USM_ENOTFOUND, "the occurrence was deleted");
        USM_ERR(read_fields(&own, series, e.day, map, data, NULL));
        e.item = overlay(old ? old->item : NULL, own, map->pool);
        USM_ERR(check_times(series, e.day, e.item, map));
    }
    usm_item_set_ptr(view, USM_EVENT_EXCEPTIONS, usm_series_merge(series, &patch, map->pool));
    usm_series_reduce(view);
    *item_p = usm_item_create(USM_EVENT, map->pool);
    (*item_p)->v[USM_EVENT_EXCEPTIONS] = view->v[USM_EVENT_EXCEPTIONS];
    return NULL;
}
