/* SPDX-License-Identifier: Apache-2.0 */
#include "ox/ox_map.h"

#include <string.h>

#define USM_FIELD(id, type, column, key, page, tag, since, until, flags)                                               \
    {FIELD_(id), USM_T_##type, column, #key, flags},
#define USM_FIELD_INNER(id, type, column, key, flags) {FIELD_(id), USM_T_##type, column, #key, flags},
#define FIELD_(id) USM_CONTACT_##id
static const ox_field_t contact_rows[] = {
#include <usm/tbl/contact.h>
};
#undef FIELD_
#define FIELD_(id) USM_EVENT_##id
static const ox_field_t event_rows[] = {
#include <usm/tbl/event.h>
};
#undef FIELD_
#define FIELD_(id) USM_TASK_##id
static const ox_field_t task_rows[] = {
#include <usm/tbl/task.h>
};
#undef FIELD_
#define FIELD_(id) USM_EMAIL_##id
static const ox_field_t email_rows[] = {
#include <usm/tbl/email.h>
};
#undef FIELD_
#define FIELD_(id) USM_NOTE_##id
static const ox_field_t note_rows[] = {
#include <usm/tbl/note.h>
};
#undef FIELD_
#undef USM_FIELD
#undef USM_FIELD_INNER

static const struct {
    const ox_field_t *rows;
    int count;
} class_rows[USM_CLASS_COUNT] = {
    [USM_CONTACT] = {contact_rows, USM_CONTACT_COUNT_},
    [USM_EVENT] = {event_rows, USM_EVENT_COUNT_},
    [USM_TASK] = {task_rows, USM_TASK_COUNT_},
    [USM_EMAIL] = {email_rows, USM_EMAIL_COUNT_},
    [USM_NOTE] = {note_rows, USM_NOTE_COUNT_},
};

/* One reader and one writer for each type; a type without them does not link. */
static const struct {
    ox_read_fn read;
    ox_write_fn write;
} converters[] = {
#define USM_TYPE(name, kind) [USM_T_##name] = {ox_read_##name, ox_write_##name},
    USM_TYPES(USM_TYPE)
#undef USM_TYPE
};
_Static_assert(sizeof converters / sizeof converters[0] == USM_T_COUNT, "each type needs its converters");

/* Columns that a type's reader looks at beside the field's own; -1: of any class. */
static const struct {
    usm_type_e type;
    int cls;
    int column;
} type_columns[] = {
    {USM_T_EVTIME, -1, 401},           {USM_T_ATTENDEES, -1, 221},        {USM_T_ATTENDEES, -1, 226},
    {USM_T_ATTENDEES, -1, 227},        {USM_T_ATTENDEES, -1, 224},        {USM_T_PICTURE, -1, 597},
    {USM_T_RECURRENCE, -1, 212},       {USM_T_RECURRENCE, -1, 213},       {USM_T_RECURRENCE, -1, 214},
    {USM_T_RECURRENCE, -1, 215},       {USM_T_RECURRENCE, -1, 216},       {USM_T_RECURRENCE, -1, 222},
    {USM_T_RECURRENCE, -1, 401},       {USM_T_RECURRENCE, USM_EVENT, 201}, {USM_T_RECURRENCE, USM_EVENT, 408},
    {USM_T_RECURRENCE, USM_TASK, 316}, {USM_T_RECURRENCE, USM_TASK, 317}, {USM_T_EXCEPTIONS, -1, 210},
};

const ox_field_t *ox_map_fields(int *count_p, usm_class_e cls)
{
    *count_p = class_rows[cls].count;
    return class_rows[cls].rows;
}

void ox_plan_init(ox_plan_t *plan, usm_class_e cls)
{
    memset(plan, 0, sizeof *plan);
    plan->cls = cls;
}

void ox_plan_add(ox_plan_t *plan, int column)
{
    if (column <= 0 || column >= OX_COLUMN_MAX || plan->at[column] ||
        plan->count >= (int)(sizeof plan->columns / sizeof plan->columns[0]))
        return;
    plan->columns[plan->count++] = column;
    plan->at[column] = (short)plan->count;
}

void ox_plan_fields(ox_plan_t *plan, const usm_fieldset_t *fields)
{
    for (int i = 0; i < class_rows[plan->cls].count; i++) {
        const ox_field_t *f = &class_rows[plan->cls].rows[i];
        if (!USM_FIELDSET_HAS(fields, f->field))
            continue;
        ox_plan_add(plan, f->column);
        for (apr_size_t k = 0; k < sizeof type_columns / sizeof type_columns[0]; k++) {
            if (type_columns[k].type == f->type && (type_columns[k].cls < 0 || type_columns[k].cls == (int)plan->cls))
                ox_plan_add(plan, type_columns[k].column);
        }
    }
}

const char *ox_plan_text(const ox_plan_t *plan, apr_pool_t *pool)
{
    return ox_columns(pool, plan->columns, plan->count);
}

void ox_map_read_value(const ox_read_t *r, const ox_field_t *f, const ox_json_t *value)
{
    if (ox_json_is_null(value))
        usm_item_set_empty(r->item, f->field);
    else
        converters[f->type].read(r, f, value);
}

void ox_map_read(const ox_read_t *r, const usm_fieldset_t *fields)
{
    for (int i = 0; i < class_rows[r->item->cls].count; i++) {
        const ox_field_t *f = &class_rows[r->item->cls].rows[i];
        if (f->column && USM_FIELDSET_HAS(fields, f->field))
            ox_map_read_value(r, f, ox_plan_cell(r->plan, r->row, f->column));
    }
}

void ox_map_write(const ox_write_t *w)
{
    static const usm_value_t empty = {.state = USM_EMPTY};
    for (int i = 0; i < class_rows[w->item->cls].count; i++) {
        const ox_field_t *f = &class_rows[w->item->cls].rows[i];
        const usm_value_t *v = &w->item->v[f->field];
        /* A uid is set once, by add() itself. */
        if (!USM_FIELDSET_HAS(w->fields, f->field) || (f->flags & USM_F_RO) || strcmp(f->key, "uid") == 0)
            continue;
        converters[f->type].write(w, f, v->state == USM_SET ? v : &empty);
    }
}
