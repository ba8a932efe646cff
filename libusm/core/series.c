/* SPDX-License-Identifier: Apache-2.0 */
/* Series of events: their occurrences, and exceptions as what differs from the series. */
#include "core.h"

#include <stdlib.h>
#include <usm/recur.h>

const usm_recurrence_t *usm_series_rule(const usm_item_t *event)
{
    return event->cls == USM_EVENT && usm_item_isset(event, USM_EVENT_RECURRENCE)
               ? event->v[USM_EVENT_RECURRENCE].u.recurrence
               : NULL;
}

/* NULL: the event's times are days, or nobody knows the zone. */
static const usm_zone_t *zone_of(const usm_item_t *event, apr_pool_t *pool)
{
    if (usm_item_num(event, USM_EVENT_ALL_DAY, 0))
        return NULL;
    return usm_zone_open(usm_item_text(event, USM_EVENT_TIMEZONE), pool);
}

static usm_time_t local_of(const usm_zone_t *zone, usm_time_t t)
{
    return zone ? usm_zone_to_local(zone, t) : t;
}

usm_time_t usm_series_day(const usm_item_t *event, usm_time_t t, apr_pool_t *pool)
{
    return usm_date_floor(local_of(zone_of(event, pool), t));
}

usm_time_t usm_series_first(const usm_item_t *event, apr_pool_t *pool)
{
    return usm_series_day(event, usm_item_num(event, USM_EVENT_START, 0), pool);
}

void usm_series_times(const usm_item_t *event, usm_time_t day, usm_time_t *start_p, usm_time_t *end_p,
                      apr_pool_t *pool)
{
    const usm_zone_t *zone = zone_of(event, pool);
    usm_time_t start = usm_item_num(event, USM_EVENT_START, 0), end = usm_item_num(event, USM_EVENT_END, start);
    usm_time_t local = local_of(zone, start), at = day + (local - usm_date_floor(local));
    *start_p = zone ? usm_zone_to_utc(zone, at) : at;
    *end_p = *start_p + (end - start);
}

usm_time_t usm_series_snap(const usm_item_t *event, usm_time_t day, apr_pool_t *pool)
{
    const usm_recurrence_t *rule = usm_series_rule(event);
    return rule ? usm_recur_near(rule, usm_series_first(event, pool), day) : USM_TIME_NONE;
}

const usm_exception_t *usm_series_exception(const usm_item_t *event, usm_time_t day)
{
    const usm_exceptions_t *list =
        usm_item_isset(event, USM_EVENT_EXCEPTIONS) ? event->v[USM_EVENT_EXCEPTIONS].u.exceptions : NULL;
    for (int i = 0; list && i < list->count; i++) {
        if (list->items[i].day == day)
            return &list->items[i];
    }
    return NULL;
}

static int of_series(int field)
{
    return (usm_field(USM_EVENT, field)->flags & USM_F_SERIES) != 0;
}

usm_item_t *usm_series_occurrence(const usm_item_t *event, usm_time_t day, const usm_item_t *own, apr_pool_t *pool)
{
    usm_item_t *item = usm_item_create(USM_EVENT, pool);
    usm_time_t start, end;
    for (int f = 0; f < usm_class_fields(USM_EVENT); f++) {
        if (!of_series(f))
            item->v[f] = event->v[f];
    }
    usm_series_times(event, day, &start, &end, pool);
    usm_item_set_num(item, USM_EVENT_START, start);
    usm_item_set_num(item, USM_EVENT_END, end);
    for (int f = 0; own && f < usm_class_fields(USM_EVENT); f++) {
        if (own->v[f].state != USM_ABSENT && !of_series(f))
            item->v[f] = own->v[f];
    }
    return item;
}

static int by_day(const void *a, const void *b)
{
    usm_time_t x = ((const usm_exception_t *)a)->day, y = ((const usm_exception_t *)b)->day;
    return (x > y) - (x < y);
}

/* What OWN says beyond what the occurrence would be without it. */
static const usm_item_t *differences(const usm_item_t *event, usm_time_t day, const usm_item_t *own, apr_pool_t *pool)
{
    usm_item_t *plain = usm_series_occurrence(event, day, NULL, pool), *left = usm_item_create(USM_EVENT, pool);
    for (int f = 0; f < usm_class_fields(USM_EVENT); f++) {
        const usm_fieldinfo_t *info = usm_field(USM_EVENT, f);
        if (own->v[f].state == USM_ABSENT || of_series(f) || (info->flags & USM_F_NODIGEST))
            continue;
        /* A value of the series that nobody told is not known to be the same. */
        if (event->v[f].state == USM_ABSENT || !usm_value_equal(info->type, &own->v[f], &plain->v[f]))
            left->v[f] = own->v[f];
    }
    return left;
}

void usm_series_reduce(usm_item_t *event)
{
    apr_pool_t *pool = event->pool;
    if (!usm_item_isset(event, USM_EVENT_EXCEPTIONS))
        return;
    const usm_exceptions_t *old = event->v[USM_EVENT_EXCEPTIONS].u.exceptions;
    usm_exceptions_t *list = apr_palloc(pool, sizeof *list);
    list->count = old->count;
    list->items = apr_pmemdup(pool, old->items, sizeof(usm_exception_t) * (apr_size_t)(old->count + !old->count));
    for (int i = 0; i < list->count; i++) {
        if (list->items[i].item)
            list->items[i].item = differences(event, list->items[i].day, list->items[i].item, pool);
    }
    qsort(list->items, (size_t)list->count, sizeof(usm_exception_t), by_day);
    usm_item_set_ptr(event, USM_EVENT_EXCEPTIONS, list->count ? list : NULL);
}

const usm_exceptions_t *usm_series_merge(const usm_item_t *event, const usm_exceptions_t *patch, apr_pool_t *pool)
{
    const usm_exceptions_t *old =
        usm_item_isset(event, USM_EVENT_EXCEPTIONS) ? event->v[USM_EVENT_EXCEPTIONS].u.exceptions : NULL;
    usm_exceptions_t *list = apr_palloc(pool, sizeof *list);
    int n = 0, olds = old ? old->count : 0, news = patch ? patch->count : 0, k = 0;
    list->items = apr_palloc(pool, sizeof(usm_exception_t) * (apr_size_t)(olds + news + 1));
    if (news)
        memcpy(list->items, patch->items, sizeof(usm_exception_t) * (apr_size_t)news);
    qsort(list->items, (size_t)news, sizeof(usm_exception_t), by_day);
    n = news;
    for (int i = 0; i < olds; i++) { /* both are in order of days */
        while (k < news && list->items[k].day < old->items[i].day)
            k++;
        if (k < news && list->items[k].day == old->items[i].day)
            list->items[k].id = old->items[i].id;
        else
            list->items[n++] = old->items[i];
    }
    qsort(list->items, (size_t)n, sizeof(usm_exception_t), by_day);
    list->count = n;
    return list;
}

usm_time_t usm_series_edge(const usm_item_t *event, apr_pool_t *pool)
{
    const usm_recurrence_t *rule = usm_series_rule(event);
    usm_time_t last = rule ? usm_recur_last(rule, usm_series_first(event, pool)) : USM_TIME_NONE, start, edge;
    if (last == USM_TIME_NONE)
        return USM_TIME_NONE;
    usm_series_times(event, last, &start, &edge, pool);
    const usm_exceptions_t *list =
        usm_item_isset(event, USM_EVENT_EXCEPTIONS) ? event->v[USM_EVENT_EXCEPTIONS].u.exceptions : NULL;
    for (int i = 0; list && i < list->count; i++) { /* one may have been moved behind the last */
        usm_time_t end = list->items[i].item ? usm_item_num(list->items[i].item, USM_EVENT_END, edge) : edge;
        edge = end > edge ? end : edge;
    }
    return edge;
}
