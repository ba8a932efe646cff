/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks have each date twice, as a local one and as UTC, and a reminder as a switch and a time (MS-ASTASK 2.2.2). */
#include <apr_strings.h>

#include "eas_series.h"

void eas_task_extra(eas_map_t *map, const usm_item_t *item)
{
    usm_time_t start = usm_item_num(item, USM_TASK_START, USM_TIME_NONE),
               due = usm_item_num(item, USM_TASK_DUE, USM_TIME_NONE);
    if (start != USM_TIME_NONE)
        eas_writer_tag_time(map->out, EAS_Tasks_StartDate, start, EAS_TIME_DASHED);
    if (due != USM_TIME_NONE)
        eas_writer_tag_time(map->out, EAS_Tasks_DueDate, due, EAS_TIME_DASHED);
    eas_writer_tag_int(map->out, EAS_Tasks_ReminderSet, usm_item_isset(item, USM_TASK_REMINDER_TIME));
    if (!usm_item_isset(item, USM_TASK_STATE))
        eas_writer_tag_int(map->out, EAS_Tasks_Complete, 0);
    if (!usm_item_isset(item, USM_TASK_IMPORTANCE))
        eas_writer_tag_int(map->out, EAS_Tasks_Importance, USM_IMP_NORMAL);
    /* A completed task without the date of it is not valid for a device. */
    if (usm_item_num(item, USM_TASK_STATE, 0) && !usm_item_isset(item, USM_TASK_COMPLETED))
        eas_writer_tag_time(map->out, EAS_Tasks_DateCompleted, due != USM_TIME_NONE ? due : 0, EAS_TIME_DASHED);
}

/* The local date is the day that the user saw; the UTC one may lie on the day before. */
static usm_error_t *local_date(usm_item_t *item, eas_map_t *map, const eas_node_t *data, unsigned tag, int field)
{
    const eas_node_t *node = eas_node_child(data, tag);
    usm_time_t t;
    if (!node || node->is_empty)
        return NULL;
    if (!eas_time_parse(&t, eas_node_text(node)))
        return USM_ERROR(map->pool, USM_EINVALID, "a date of the task cannot be read");
    usm_item_set_num(item, field, t - ((t % USM_DAY_MS) + USM_DAY_MS) % USM_DAY_MS);
    return NULL;
}

usm_time_t eas_task_first(const usm_item_t *task)
{
    return usm_item_num(task, USM_TASK_START, usm_item_num(task, USM_TASK_DUE, 0));
}

/* Start says where the series begins; a task that recurs needs both dates in OX. */
static usm_error_t *settle_rule(usm_item_t *item, eas_map_t *map, const eas_node_t *data)
{
    usm_recurrence_t *rule = apr_pmemdup(map->pool, item->v[USM_TASK_RECURRENCE].u.recurrence, sizeof *rule);
    const eas_node_t *node = eas_node_child(data, EAS_Tasks_Recurrence);
    usm_time_t begin;
    if (!eas_time_parse(&begin, eas_node_child_text(node, EAS_Tasks_Start)))
        return USM_ERROR(map->pool, USM_EINVALID, "the start of a recurring task cannot be read");
    if (!usm_item_isset(item, USM_TASK_START) && !usm_item_isset(item, USM_TASK_DUE))
        usm_item_set_num(item, USM_TASK_DUE, eas_day_of(map, begin));
    if (!usm_item_isset(item, USM_TASK_START))
        usm_item_set_num(item, USM_TASK_START, usm_item_num(item, USM_TASK_DUE, 0));
    if (!usm_item_isset(item, USM_TASK_DUE))
        usm_item_set_num(item, USM_TASK_DUE, usm_item_num(item, USM_TASK_START, 0));
    usm_time_t first = eas_task_first(item);
    if (rule->until != USM_TIME_NONE)
        rule->until = eas_day_of(map, rule->until);
    const char *why = usm_recurrence_check(rule, first);
    if (why)
        return USM_ERROR(map->pool, USM_EINVALID, "a recurrence that cannot be: %s", why);
    usm_recurrence_normalise(rule, first);
    usm_item_set_ptr(item, USM_TASK_RECURRENCE, rule);
    return NULL;
}

usm_error_t *eas_task_decoded(usm_item_t *item, eas_map_t *map, const eas_node_t *data)
{
    const eas_node_t *set = eas_node_child(data, EAS_Tasks_ReminderSet);
    int remind = 0;
    USM_ERR(local_date(item, map, data, EAS_Tasks_StartDate, USM_TASK_START));
    USM_ERR(local_date(item, map, data, EAS_Tasks_DueDate, USM_TASK_DUE));
    if (set && !eas_node_bool(set, &remind))
        return USM_ERROR(map->pool, USM_EINVALID, "ReminderSet is neither 0 nor 1");
    if (set && !remind)
        usm_item_set_empty(item, USM_TASK_REMINDER_TIME);
    if (usm_item_isset(item, USM_TASK_START) && usm_item_isset(item, USM_TASK_DUE) &&
        usm_item_num(item, USM_TASK_START, 0) > usm_item_num(item, USM_TASK_DUE, 0))
        usm_item_set_num(item, USM_TASK_START, usm_item_num(item, USM_TASK_DUE, 0));
    return usm_item_isset(item, USM_TASK_RECURRENCE) ? settle_rule(item, map, data) : NULL;
}
