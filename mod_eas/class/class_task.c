/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks have each date twice, as a local one and as UTC, and a reminder as a switch and a time (MS-ASTASK 2.2.2). */
#include "eas_map.h"

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

usm_error_t *eas_task_decoded(usm_item_t *item, eas_map_t *map, const eas_node_t *data)
{
    const eas_node_t *set = eas_node_child(data, EAS_Tasks_ReminderSet);
    const eas_node_t *recurrence = eas_node_child(data, EAS_Tasks_Recurrence);
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
    if (recurrence && !recurrence->is_empty)
        return USM_ERROR(map->pool, USM_EINVALID, "recurring tasks cannot be taken from devices");
    return NULL;
}
