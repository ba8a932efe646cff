/* SPDX-License-Identifier: Apache-2.0 */
/* The Recurrence element of events and tasks (MS-ASCAL 2.2.2.37, MS-ASTASK 2.2.2.18). */
#include <apr_strings.h>
#include <string.h>

#include "eas_series.h"

#define OCCURRENCES_MAX 999
#define INTERVAL_MAX 999

/* The same children in two code pages; 0: the page has none. */
typedef struct tags_t {
    unsigned type, interval, until, occurrences, day_of_week, day_of_month, week_of_month, month_of_year;
    unsigned calendar_type, is_leap_month, first_day_of_week, start, regenerate, dead;
} tags_t;

#define COMMON(page)                                                                                                   \
    .type = EAS_##page##_Type, .interval = EAS_##page##_Interval, .until = EAS_##page##_Until,                         \
    .occurrences = EAS_##page##_Occurrences, .day_of_week = EAS_##page##_DayOfWeek,                                    \
    .day_of_month = EAS_##page##_DayOfMonth, .week_of_month = EAS_##page##_WeekOfMonth,                                \
    .month_of_year = EAS_##page##_MonthOfYear, .calendar_type = EAS_##page##_CalendarType,                             \
    .is_leap_month = EAS_##page##_IsLeapMonth, .first_day_of_week = EAS_##page##_FirstDayOfWeek

static const tags_t event_tags = {COMMON(Calendar)};
static const tags_t task_tags = {COMMON(Tasks), .start = EAS_Tasks_Start, .regenerate = EAS_Tasks_Regenerate,
                                 .dead = EAS_Tasks_DeadOccur};

static const tags_t *tags_of(const eas_map_t *map)
{
    return map->cls == USM_TASK ? &task_tags : &event_tags;
}

/* Which children a Type has beside those that all have. */
enum { DAYS = 1, WEEK = 2, DAY = 4, MONTH = 8 };
static const struct {
    int type, freq, needs, may;
} kinds[] = {
    {0, USM_RECUR_DAILY, 0, DAYS},
    {1, USM_RECUR_WEEKLY, DAYS, 0},
    {2, USM_RECUR_MONTHLY, DAY, 0},
    {3, USM_RECUR_MONTHLY_NTH, WEEK | DAYS, 0},
    {5, USM_RECUR_YEARLY, DAY | MONTH, 0},
    {6, USM_RECUR_YEARLY_NTH, WEEK | DAYS | MONTH, 0},
};
#define KINDS ((int)(sizeof kinds / sizeof kinds[0]))

static int kind_of_freq(int freq)
{
    int k = 0;
    while (k < KINDS - 1 && kinds[k].freq != freq)
        k++;
    return k;
}

/* ---- out ---- */

static void put_until(eas_map_t *map, const tags_t *tags, usm_time_t day)
{
    if (map->cls == USM_TASK)
        eas_writer_tag_time(map->out, tags->until, day, EAS_TIME_DASHED);
    else
        eas_writer_tag_time(map->out, tags->until, eas_series_wire_start(map, map->item, day), EAS_TIME_COMPACT);
}

static void put_end(eas_map_t *map, const tags_t *tags, const usm_recurrence_t *r)
{
    if (r->occurrences > 0 && r->occurrences <= OCCURRENCES_MAX) {
        eas_writer_tag_int(map->out, tags->occurrences, r->occurrences);
        return;
    }
    usm_time_t last = r->until;
    if (r->occurrences) /* more than the element can say: up to the day of the last one */
        last = usm_recur_last(r, map->cls == USM_TASK ? eas_task_first(map->item)
                                                      : usm_series_first(map->item, map->pool));
    if (last != USM_TIME_NONE)
        put_until(map, tags, last);
}

static void put_rule(eas_map_t *map, const tags_t *tags, const usm_recurrence_t *r)
{
    const int k = kind_of_freq(r->freq);
    eas_writer_tag_int(map->out, tags->interval, r->interval);
    if (kinds[k].needs & DAYS)
        eas_writer_tag_int(map->out, tags->day_of_week, r->weekdays);
    if (kinds[k].needs & WEEK)
        eas_writer_tag_int(map->out, tags->week_of_month, r->week);
    if (kinds[k].needs & DAY)
        eas_writer_tag_int(map->out, tags->day_of_month, r->day);
    if (kinds[k].needs & MONTH)
        eas_writer_tag_int(map->out, tags->month_of_year, r->month);
    if (map->ctx->version >= 140 && kinds[k].type >= 2)
        eas_writer_tag_int(map->out, tags->calendar_type, 0);
    if (map->ctx->version >= 141 && r->freq == USM_RECUR_WEEKLY)
        eas_writer_tag_int(map->out, tags->first_day_of_week, r->first_weekday);
}

void eas_encode_recurrence(eas_map_t *map, const eas_row_t *row, const usm_value_t *v)
{
    const usm_recurrence_t *r = v->u.recurrence;
    const tags_t *tags = tags_of(map);
    eas_writer_start(map->out, row->tag);
    eas_writer_tag_int(map->out, tags->type, kinds[kind_of_freq(r->freq)].type);
    if (tags->start)
        eas_writer_tag_time(map->out, tags->start, eas_task_first(map->item), EAS_TIME_DASHED);
    put_rule(map, tags, r);
    put_end(map, tags, r);
    if (tags->regenerate) {
        eas_writer_tag_int(map->out, tags->regenerate, r->regenerate);
        eas_writer_tag_int(map->out, tags->dead, 0);
    }
    eas_writer_end(map->out);
}

/* ---- in ---- */

typedef struct parts_t {
    apr_int64_t type, interval, occurrences, days, week, day, month, calendar, leap, begin;
    int have; /* DAYS … MONTH */
    int regenerate;
} parts_t;

/* One child: 0 when its value cannot be. An unknown child is passed over (some clients put DeadOccur there). */
static int read_part(parts_t *p, usm_recurrence_t *rule, const tags_t *tags, const eas_node_t *node)
{
    const struct {
        unsigned tag;
        apr_int64_t min, max, *value;
        int have;
    } numbers[] = {{tags->type, 0, 6, &p->type, 0},
                   {tags->interval, 0, INTERVAL_MAX, &p->interval, 0},
                   {tags->occurrences, 1, OCCURRENCES_MAX, &p->occurrences, 0},
                   {tags->day_of_week, 1, 127, &p->days, DAYS},
                   {tags->week_of_month, 1, 5, &p->week, WEEK},
                   {tags->day_of_month, 1, 31, &p->day, DAY},
                   {tags->month_of_year, 1, 12, &p->month, MONTH},
                   {tags->calendar_type, 0, 23, &p->calendar, 0},
                   {tags->is_leap_month, 0, 1, &p->leap, 0},
                   {tags->first_day_of_week, 0, 6, &p->begin, 0}};
    for (apr_size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (numbers[i].tag != node->tag)
            continue;
        p->have |= numbers[i].have;
        return eas_node_int(node, numbers[i].min, numbers[i].max, numbers[i].value);
    }
    if (node->tag == tags->until)
        return eas_time_parse(&rule->until, eas_node_text(node));
    if (tags->regenerate && node->tag == tags->regenerate)
        return eas_node_bool(node, &p->regenerate);
    return 1;
}

/* Calendars whose months and days are those of the Gregorian one, whatever they call its years (MS-ASCAL 2.2.2.10). */
static int gregorian(apr_int64_t calendar)
{
    static const unsigned char same[24] = {[0] = 1, [1] = 1, [2] = 1,  [3] = 1,  [4] = 1, [5] = 1,
                                           [7] = 1, [9] = 1, [10] = 1, [11] = 1, [12] = 1};
    return calendar < 0 || same[calendar];
}

static int doubled(const eas_node_t *node)
{
    const eas_node_t *child;
    EAS_NODE_EACH(child, node)
    {
        if (eas_node_next(child, child->tag))
            return 1;
    }
    return 0;
}

/* What is there already, for the elements that a change of 16.x leaves out. */
static void from_base(parts_t *p, usm_recurrence_t *rule, const eas_map_t *map)
{
    const usm_recurrence_t *old = map->base ? usm_series_rule(map->base) : NULL;
    if (!old || map->ctx->version < 160)
        return;
    p->type = kinds[kind_of_freq(old->freq)].type;
    p->interval = old->interval;
    p->occurrences = old->occurrences;
    p->days = old->weekdays;
    p->week = old->week;
    p->day = old->day;
    p->month = old->month;
    p->have = kinds[kind_of_freq(old->freq)].needs;
    rule->until = old->until == USM_TIME_NONE ? USM_TIME_NONE : eas_series_wire_start(map, map->base, old->until);
}

static int make_rule(usm_recurrence_t *rule, const parts_t *p)
{
    int k = 0;
    while (k < KINDS && kinds[k].type != p->type)
        k++;
    if (k == KINDS || (p->have & kinds[k].needs) != kinds[k].needs || (p->have & ~(kinds[k].needs | kinds[k].may)) ||
        !gregorian(p->calendar) || p->leap)
        return 0;
    rule->freq = kinds[k].freq;
    if (rule->freq == USM_RECUR_DAILY && p->have & DAYS) /* "every day that is one of these" */
        rule->freq = USM_RECUR_WEEKLY;
    rule->interval = p->interval > 0 ? (int)p->interval : 1;
    rule->occurrences = (int)p->occurrences;
    rule->weekdays = (int)p->days;
    rule->week = (int)p->week;
    rule->day = (int)p->day;
    rule->month = (int)p->month;
    rule->first_weekday = (int)p->begin;
    rule->regenerate = p->regenerate;
    if (rule->occurrences)
        rule->until = USM_TIME_NONE; /* both were sent: the number counts */
    return 1;
}

usm_error_t *eas_decode_recurrence(usm_item_t *item, eas_map_t *map, const eas_row_t *row, const eas_node_t *node)
{
    const tags_t *tags = tags_of(map);
    usm_recurrence_t *rule = apr_pcalloc(map->pool, sizeof *rule);
    parts_t p = {.type = -1, .interval = 1, .calendar = -1, .begin = 1};
    const eas_node_t *child;
    int ends = eas_node_child(node, tags->until) || eas_node_child(node, tags->occurrences), dead = 0, good;
    rule->until = USM_TIME_NONE;
    if (!eas_node_child(node, tags->type))
        from_base(&p, rule, map);
    if (ends) {
        p.occurrences = 0;
        rule->until = USM_TIME_NONE;
    }
    good = !doubled(node);
    EAS_NODE_EACH(child, node)
    {
        good = good && read_part(&p, rule, tags, child);
    }
    good = good && make_rule(rule, &p) && (!tags->start || eas_node_child(node, tags->start));
    if (map->cls == USM_TASK && p.calendar >= 0 && p.type < 2)
        good = 0;
    if (!good)
        return USM_ERROR(map->pool, USM_EINVALID, "a recurrence that cannot be");
    /* A finished task that was split off from its series is one by itself. */
    if (tags->dead && eas_node_bool(eas_node_child(node, tags->dead), &dead) && dead)
        usm_item_set_empty(item, row->field);
    else
        usm_item_set_ptr(item, row->field, rule);
    return NULL;
}
