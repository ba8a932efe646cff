/* SPDX-License-Identifier: Apache-2.0 */
/* Follow-up flags of mails (MS-ASEMAIL 2.2.2.34). */
#include <stddef.h>
#include <string.h>

#include "eas_map.h"

#define TEXT_MAX 1024

/* The times, in the order of the schema; the reminder has an element of its own before its time. */
static const struct {
    unsigned tag;
    apr_size_t offset; /* in usm_flagmore_t */
} time_rows[] = {
    {EAS_Tasks_DateCompleted, offsetof(usm_flagmore_t, completed_on)},
    {EAS_Email_CompleteTime, offsetof(usm_flagmore_t, completed)},
    {EAS_Tasks_StartDate, offsetof(usm_flagmore_t, start)},
    {EAS_Tasks_DueDate, offsetof(usm_flagmore_t, due)},
    {EAS_Tasks_UtcStartDate, offsetof(usm_flagmore_t, utc_start)},
    {EAS_Tasks_UtcDueDate, offsetof(usm_flagmore_t, utc_due)},
    {EAS_Tasks_ReminderTime, offsetof(usm_flagmore_t, reminder)},
    {EAS_Tasks_OrdinalDate, offsetof(usm_flagmore_t, ordinal)},
};
#define TIME_ROWS (sizeof time_rows / sizeof time_rows[0])

static usm_time_t *time_of(usm_flagmore_t *more, apr_size_t i)
{
    return (usm_time_t *)((char *)more + time_rows[i].offset);
}

static void put_more(eas_map_t *map, const usm_flagmore_t *more)
{
    for (apr_size_t i = 0; i < TIME_ROWS; i++) {
        char text[EAS_TIME_LEN];
        usm_time_t t = *time_of((usm_flagmore_t *)more, i);
        if (time_rows[i].tag == EAS_Tasks_ReminderTime && more->reminder_set >= 0)
            eas_writer_tag_int(map->out, EAS_Tasks_ReminderSet, more->reminder_set);
        if (t != USM_TIME_NONE && eas_time_format(text, t, EAS_TIME_DASHED))
            eas_writer_tag_text(map->out, time_rows[i].tag, text);
    }
    eas_writer_tag_text(map->out, EAS_Tasks_SubOrdinalDate, more->sub_ordinal);
}

void eas_encode_flag(eas_map_t *map, const eas_row_t *row, const usm_value_t *v)
{
    const usm_flag_t *flag = v->state == USM_SET ? v->u.flag : NULL;
    if (!flag || !flag->status) {
        eas_writer_empty(map->out, row->tag);
        return;
    }
    eas_writer_start(map->out, row->tag);
    if (flag->more)
        eas_writer_tag_text(map->out, EAS_Tasks_Subject, flag->more->subject);
    eas_writer_tag_int(map->out, EAS_Email_Status, flag->status);
    eas_writer_tag_text(map->out, EAS_Email_FlagType, flag->type && *flag->type ? flag->type : "for Follow Up");
    if (flag->more)
        put_more(map, flag->more);
    eas_writer_end(map->out);
}

/* ---- reading ---- */

/* Two times: both good, and the second not before the first. */
static int in_time(const eas_node_t *node, unsigned first, unsigned second)
{
    usm_time_t a, b;
    return eas_time_parse(&a, eas_node_child_text(node, first)) &&
           eas_time_parse(&b, eas_node_child_text(node, second)) && a <= b;
}

/* What belongs together must come together. */
static int is_whole(const eas_node_t *node, apr_int64_t status)
{
    static const unsigned dates[] = {EAS_Tasks_StartDate, EAS_Tasks_DueDate, EAS_Tasks_UtcStartDate,
                                     EAS_Tasks_UtcDueDate};
    int n = 0, remind = 0;
    for (int i = 0; i < 4; i++)
        n += eas_node_child(node, dates[i]) != NULL;
    if (eas_node_child(node, EAS_Tasks_ReminderSet) &&
        !eas_node_bool(eas_node_child(node, EAS_Tasks_ReminderSet), &remind))
        return 0;
    if (n && (n < 4 || !in_time(node, EAS_Tasks_StartDate, EAS_Tasks_DueDate) ||
              !in_time(node, EAS_Tasks_UtcStartDate, EAS_Tasks_UtcDueDate)))
        return 0;
    if (remind && !eas_node_child(node, EAS_Tasks_ReminderTime))
        return 0;
    int done = eas_node_child(node, EAS_Email_CompleteTime) != NULL,
        date = eas_node_child(node, EAS_Tasks_DateCompleted) != NULL;
    return done == date && (status != 2 || eas_node_child(node, EAS_Email_FlagType));
}

static int read_text(const char **text_p, const eas_node_t *node, unsigned tag)
{
    const char *text = eas_node_child_text(node, tag);
    *text_p = text && *text ? text : NULL;
    return !text || strlen(text) <= TEXT_MAX;
}

/* *any_p: there is something beside status and type. 0 when a value cannot be. */
static int read_more(usm_flagmore_t *more, int *any_p, const eas_node_t *node)
{
    const eas_node_t *set = eas_node_child(node, EAS_Tasks_ReminderSet);
    *any_p = set != NULL;
    more->reminder_set = -1;
    if ((set && !eas_node_bool(set, &more->reminder_set)) || !read_text(&more->subject, node, EAS_Tasks_Subject) ||
        !read_text(&more->sub_ordinal, node, EAS_Tasks_SubOrdinalDate))
        return 0;
    *any_p |= more->subject || more->sub_ordinal;
    for (apr_size_t i = 0; i < TIME_ROWS; i++) {
        const eas_node_t *child = eas_node_child(node, time_rows[i].tag);
        usm_time_t *t = time_of(more, i);
        *t = USM_TIME_NONE;
        if (!child || child->is_empty)
            continue;
        if (!eas_time_parse(t, eas_node_text(child)))
            return 0;
        *any_p = 1;
    }
    return 1;
}

usm_error_t *eas_decode_flag(usm_item_t *item, eas_map_t *map, const eas_row_t *row, const eas_node_t *node)
{
    usm_flag_t *flag = apr_pcalloc(map->pool, sizeof *flag);
    usm_flagmore_t *more = apr_pcalloc(map->pool, sizeof *more);
    apr_int64_t status = 0;
    int any = 0;
    if (node->is_empty) {
        usm_item_set_empty(item, row->field);
        return NULL;
    }
    if (!eas_node_int(eas_node_child(node, EAS_Email_Status), 0, 2, &status) || !is_whole(node, status) ||
        !read_text(&flag->type, node, EAS_Email_FlagType) || !read_more(more, &any, node))
        return USM_ERROR(map->pool, USM_EINVALID, "a Flag that cannot be");
    flag->status = (int)status;
    flag->more = any ? more : NULL;
    usm_item_set_ptr(item, row->field, status ? flag : NULL);
    return NULL;
}
