/* SPDX-License-Identifier: Apache-2.0 */
/* Converters of recurrence: the legacy model, spec 5.3. */
#include "ox/ox_map.h"

#include <apr_strings.h>
#include <string.h>
#include <usm/recur.h>

enum { OX_DAILY = 1, OX_WEEKLY, OX_MONTHLY, OX_YEARLY };
#define ALL_DAYS 127

/* Day of the first occurrence; USM_TIME_NONE when the row does not tell. */
static usm_time_t first_day(const ox_read_t *r)
{
    const ox_json_t *start = ox_plan_cell(r->plan, r->row, r->item->cls == USM_TASK ? 316 : 201);
    const ox_json_t *end = ox_plan_cell(r->plan, r->row, 317);
    if (!ox_json_has_int(start))
        start = end;
    usm_time_t t = ox_json_time(start, 0);
    if (!ox_json_has_int(start))
        return USM_TIME_NONE;
    const usm_zone_t *zone =
        ox_json_true(ox_plan_cell(r->plan, r->row, 401)) || r->item->cls == USM_TASK
            ? NULL
            : usm_zone_open(ox_json_str(ox_plan_cell(r->plan, r->row, 408), NULL), r->item->pool);
    return usm_date_floor(zone ? usm_zone_to_local(zone, t) : t);
}

static int cell(const ox_read_t *r, int column, int dflt)
{
    return (int)ox_json_int(ox_plan_cell(r->plan, r->row, column), dflt);
}

void ox_read_RECURRENCE(const ox_read_t *r, const ox_field_t *f, const ox_json_t *value)
{
    int type = (int)ox_json_int(value, 0), days = cell(r, 212, 0);
    const ox_json_t *until = ox_plan_cell(r->plan, r->row, 216);
    usm_time_t first = first_day(r);
    usm_item_set_empty(r->item, f->field);
    if (type < OX_DAILY || type > OX_YEARLY)
        return;
    usm_recurrence_t *rule = apr_pcalloc(r->item->pool, sizeof *rule);
    rule->interval = cell(r, 215, 1);
    rule->first_weekday = 1; /* OX begins weeks on Monday */
    rule->occurrences = cell(r, 222, 0);
    rule->until = ox_json_has_int(until) ? usm_date_floor(ox_json_time(until, 0)) : USM_TIME_NONE;
    rule->month = cell(r, 214, 0) + 1;
    if (type == OX_DAILY) {
        rule->freq = USM_RECUR_DAILY;
    } else if (type == OX_WEEKLY) {
        rule->freq = USM_RECUR_WEEKLY;
        rule->weekdays = days ? days : ALL_DAYS;
    } else if (days) {
        rule->freq = type == OX_MONTHLY ? USM_RECUR_MONTHLY_NTH : USM_RECUR_YEARLY_NTH;
        rule->weekdays = days;
        rule->week = cell(r, 213, 1);
    } else {
        rule->freq = type == OX_MONTHLY ? USM_RECUR_MONTHLY : USM_RECUR_YEARLY;
        rule->day = cell(r, 213, 1);
    }
    if (rule->occurrences < 0)
        rule->occurrences = 0;
    if (first == USM_TIME_NONE || usm_recurrence_check(rule, first))
        return; /* no series that anybody could show: the one appointment that there is */
    usm_recurrence_normalise(rule, first);
    usm_item_set_ptr(r->item, f->field, rule);
}

const char *ox_recurrence_unfit(const usm_recurrence_t *rule, usm_time_t first)
{
    const char *why = usm_recurrence_check(rule, first);
    usm_recurrence_t own = *rule;
    if (why)
        return why;
    usm_recurrence_normalise(&own, first);
    if (own.first_weekday != 1)
        return "weeks do not begin on Monday, and it matters";
    if (own.regenerate)
        return "it is reckoned from the day of completion";
    return NULL;
}

/* A member that the rule has no value for; an object that may have one from before gets it taken away. */
static void put(const ox_write_t *w, const char *key, int has, apr_int64_t num)
{
    if (has)
        ox_json_set_int(w->object, key, num);
    else if (w->current)
        ox_json_set_null(w->object, key);
}

void ox_write_RECURRENCE(const ox_write_t *w, const ox_field_t *f, const usm_value_t *v)
{
    static const int types[] = {[USM_RECUR_DAILY] = OX_DAILY,     [USM_RECUR_WEEKLY] = OX_WEEKLY,
                                [USM_RECUR_MONTHLY] = OX_MONTHLY, [USM_RECUR_MONTHLY_NTH] = OX_MONTHLY,
                                [USM_RECUR_YEARLY] = OX_YEARLY,   [USM_RECUR_YEARLY_NTH] = OX_YEARLY};
    if (v->state != USM_SET) {
        ox_json_set_int(w->object, f->key, 0);
        return;
    }
    const usm_recurrence_t *r = v->u.recurrence;
    int type = types[r->freq], interval = r->interval;
    if (type == OX_YEARLY && interval > 1) { /* OX knows "every year" only: every so many months is the same */
        type = OX_MONTHLY;
        interval *= 12;
    }
    ox_json_set_int(w->object, f->key, type);
    ox_json_set_int(w->object, "interval", interval);
    put(w, "days", r->weekdays != 0, r->weekdays);
    put(w, "day_in_month", type >= OX_MONTHLY, r->week ? r->week : r->day);
    put(w, "month", type == OX_YEARLY, r->month - 1);
    put(w, "occurrences", r->occurrences > 0, r->occurrences);
    put(w, "until", r->until != USM_TIME_NONE && !r->occurrences, r->until);
}

/* Days on which nothing takes place any more; changed occurrences are objects of their own (ox_series.c). */
void ox_read_EXCEPTIONS(const ox_read_t *r, const ox_field_t *f, const ox_json_t *value)
{
    int count = ox_json_count(value);
    usm_exceptions_t *list = apr_pcalloc(r->item->pool, sizeof *list);
    list->items = apr_pcalloc(r->item->pool, sizeof(usm_exception_t) * (apr_size_t)(count + 1));
    for (int i = 0; i < count; i++) {
        if (ox_json_has_int(ox_json_at(value, i)))
            list->items[list->count++].day = usm_date_floor(ox_json_time(ox_json_at(value, i), 0));
    }
    usm_item_set_ptr(r->item, f->field, list->count ? list : NULL);
}

/* Each exception is a call of its own: ox_series_write.c. */
void ox_write_EXCEPTIONS(const ox_write_t *w, const ox_field_t *f, const usm_value_t *v)
{
}
