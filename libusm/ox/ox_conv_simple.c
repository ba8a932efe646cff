/* SPDX-License-Identifier: Apache-2.0 */
/* Converters of types with one plain value. */
#include "ox/ox_map.h"
#include "util/text.h"

#include <apr_strings.h>
#include <string.h>
#include <usm/zone.h>

#define TASK_DONE 3
#define TASK_NOT_STARTED 1

/* ---- tables of values ---- */

typedef struct pair_t {
    int ours, ox;
} pair_t;

static const pair_t busy_pairs[] = {{USM_BUSY_FREE, 4}, {USM_BUSY_TENTATIVE, 2}, {USM_BUSY_BUSY, 1},
                                    {USM_BUSY_AWAY, 3}, {USM_BUSY_ELSEWHERE, 1}};
static const pair_t task_priority_pairs[] = {{USM_IMP_LOW, 1}, {USM_IMP_NORMAL, 2}, {USM_IMP_HIGH, 3}};
static const pair_t mail_priority_pairs[] = {{USM_IMP_HIGH, 1}, {USM_IMP_HIGH, 2}, {USM_IMP_NORMAL, 3},
                                             {USM_IMP_NORMAL, 0}, {USM_IMP_LOW, 4}, {USM_IMP_LOW, 5}};
/* color_label of a mail, in the order of the colours' use in OX App Suite */
static const pair_t label_pairs[] = {{USM_LABEL_NONE, 0},   {USM_LABEL_RED, 1},    {USM_LABEL_BLUE, 2},
                                     {USM_LABEL_GREEN, 3},  {USM_LABEL_GRAY, 4},   {USM_LABEL_PURPLE, 5},
                                     {USM_LABEL_LIGHT_GREEN, 6}, {USM_LABEL_ORANGE, 7}, {USM_LABEL_PINK, 8},
                                     {USM_LABEL_LIGHT_BLUE, 9}, {USM_LABEL_YELLOW, 10}};
/* confirm of OX users, spec 5.4 */
static const pair_t confirm_pairs[] = {{USM_ATT_NONE, 0}, {USM_ATT_ACCEPTED, 1}, {USM_ATT_DECLINED, 2},
                                       {USM_ATT_TENTATIVE, 3}};

#define TO_OURS(pairs, value, dflt) to_ours(pairs, sizeof pairs / sizeof pairs[0], value, dflt)
#define TO_OX(pairs, value, dflt) to_ox(pairs, sizeof pairs / sizeof pairs[0], value, dflt)

static int to_ours(const pair_t *pairs, apr_size_t count, apr_int64_t ox, int dflt)
{
    for (apr_size_t i = 0; i < count; i++) {
        if (pairs[i].ox == ox)
            return pairs[i].ours;
    }
    return dflt;
}

static int to_ox(const pair_t *pairs, apr_size_t count, apr_int64_t ours, int dflt)
{
    for (apr_size_t i = 0; i < count; i++) {
        if (pairs[i].ours == ours)
            return pairs[i].ox;
    }
    return dflt;
}

/* ---- text ---- */

static void read_text(const ox_read_t *r, const ox_field_t *f, const ox_json_t *value)
{
    const char *text = ox_json_text(value, r->item->pool);
    if (text && *text)
        usm_item_set_text(r->item, f->field, text);
    else
        usm_item_set_empty(r->item, f->field);
}

static void write_text(const ox_write_t *w, const ox_field_t *f, const usm_value_t *v)
{
    ox_json_set_text(w->object, f->key, v->state == USM_SET ? v->u.text : NULL);
}

void ox_read_TEXT(const ox_read_t *r, const ox_field_t *f, const ox_json_t *value)
{
    read_text(r, f, value);
}

void ox_write_TEXT(const ox_write_t *w, const ox_field_t *f, const usm_value_t *v)
{
    write_text(w, f, v);
}

void ox_read_EMAIL(const ox_read_t *r, const ox_field_t *f, const ox_json_t *value)
{
    read_text(r, f, value);
}

void ox_write_EMAIL(const ox_write_t *w, const ox_field_t *f, const usm_value_t *v)
{
    write_text(w, f, v);
}

void ox_read_ZONE(const ox_read_t *r, const ox_field_t *f, const ox_json_t *value)
{
    read_text(r, f, value);
}

/* Devices know the rule of a zone, not its name: one that has the same rule is no other zone. */
static int same_rule(const ox_write_t *w, const ox_field_t *f, const char *name)
{
    const usm_zone_t *now = usm_zone_open(ox_json_str(ox_json_get(w->current, f->key), NULL), w->pool);
    const usm_zone_t *next = usm_zone_open(name, w->pool);
    return now && next && memcmp(usm_zone_rule(now), usm_zone_rule(next), sizeof(usm_tzrule_t)) == 0;
}

/* OX knows no appointment without a zone: an empty one stays as it is. */
void ox_write_ZONE(const ox_write_t *w, const ox_field_t *f, const usm_value_t *v)
{
    if (v->state == USM_SET && !same_rule(w, f, v->u.text))
        write_text(w, f, v);
}

/* ---- numbers ---- */

static void read_num(const ox_read_t *r, const ox_field_t *f, const ox_json_t *value)
{
    if (ox_json_has_int(value))
        usm_item_set_num(r->item, f->field, ox_json_int(value, 0));
    else
        usm_item_set_empty(r->item, f->field);
}

static void write_num(const ox_write_t *w, const ox_field_t *f, const usm_value_t *v)
{
    if (v->state == USM_SET)
        ox_json_set_int(w->object, f->key, v->u.num);
    else
        ox_json_set_null(w->object, f->key);
}

/* A list of users stands for what the login's own user said. */
void ox_read_INT(const ox_read_t *r, const ox_field_t *f, const ox_json_t *value)
{
    if (!ox_json_is_array(value)) {
        read_num(r, f, value);
        return;
    }
    for (int i = 0; i < ox_json_count(value); i++) {
        const ox_json_t *user = ox_json_at(value, i);
        if (ox_json_int(ox_json_get(user, "id"), -1) == r->own_id) {
            usm_item_set_num(r->item, f->field,
                             TO_OURS(confirm_pairs, ox_json_int(ox_json_get(user, "confirm"), 0), USM_ATT_NONE));
            return;
        }
    }
    usm_item_set_empty(r->item, f->field);
}

void ox_write_INT(const ox_write_t *w, const ox_field_t *f, const usm_value_t *v)
{
    write_num(w, f, v);
}

void ox_read_BOOL(const ox_read_t *r, const ox_field_t *f, const ox_json_t *value)
{
    usm_item_set_num(r->item, f->field, ox_json_true(value));
}

void ox_write_BOOL(const ox_write_t *w, const ox_field_t *f, const usm_value_t *v)
{
    ox_json_set_bool(w->object, f->key, v->state == USM_SET && v->u.num);
}

static apr_int64_t day_of(apr_int64_t ms)
{
    apr_int64_t day = ms / USM_DAY_MS - (ms % USM_DAY_MS < 0);
    return day * USM_DAY_MS;
}

void ox_read_DATE(const ox_read_t *r, const ox_field_t *f, const ox_json_t *value)
{
    if (ox_json_has_int(value))
        usm_item_set_num(r->item, f->field, day_of(ox_json_time(value, 0)));
    else
        usm_item_set_empty(r->item, f->field);
}

/* A task's dates are days only when the task says so. */
void ox_write_DATE(const ox_write_t *w, const ox_field_t *f, const usm_value_t *v)
{
    write_num(w, f, v);
    if (w->item->cls == USM_TASK && v->state == USM_SET)
        ox_json_set_bool(w->object, "full_time", 1);
}

void ox_read_TIME(const ox_read_t *r, const ox_field_t *f, const ox_json_t *value)
{
    if (ox_json_has_int(value))
        usm_item_set_num(r->item, f->field, ox_json_time(value, 0));
    else
        usm_item_set_empty(r->item, f->field);
}

void ox_write_TIME(const ox_write_t *w, const ox_field_t *f, const usm_value_t *v)
{
    write_num(w, f, v);
}

void ox_read_EVTIME(const ox_read_t *r, const ox_field_t *f, const ox_json_t *value)
{
    if (ox_json_true(ox_plan_cell(r->plan, r->row, 401)))
        ox_read_DATE(r, f, value);
    else
        ox_read_TIME(r, f, value);
}

/* An appointment must have both times: an empty one stays as it is. */
void ox_write_EVTIME(const ox_write_t *w, const ox_field_t *f, const usm_value_t *v)
{
    if (v->state != USM_SET)
        return;
    int all_day = (int)usm_item_num(w->item, USM_EVENT_ALL_DAY, ox_json_true(ox_json_get(w->current, "full_time")));
    ox_json_set_int(w->object, f->key, all_day ? day_of(v->u.num) : v->u.num);
}

/* ---- values with a table ---- */

void ox_read_BUSY(const ox_read_t *r, const ox_field_t *f, const ox_json_t *value)
{
    usm_item_set_num(r->item, f->field, TO_OURS(busy_pairs, ox_json_int(value, 1), USM_BUSY_BUSY));
}

void ox_write_BUSY(const ox_write_t *w, const ox_field_t *f, const usm_value_t *v)
{
    ox_json_set_int(w->object, f->key, v->state == USM_SET ? TO_OX(busy_pairs, v->u.num, 1) : 1);
}

void ox_read_SENSITIVITY(const ox_read_t *r, const ox_field_t *f, const ox_json_t *value)
{
    usm_item_set_num(r->item, f->field, ox_json_true(value) ? USM_SENS_PRIVATE : USM_SENS_NORMAL);
}

void ox_write_SENSITIVITY(const ox_write_t *w, const ox_field_t *f, const usm_value_t *v)
{
    int yes = v->state == USM_SET && (v->u.num == USM_SENS_PRIVATE || v->u.num == USM_SENS_CONFIDENTIAL);
    ox_json_set_bool(w->object, f->key, yes);
}

void ox_read_LABEL(const ox_read_t *r, const ox_field_t *f, const ox_json_t *value)
{
    int label = TO_OURS(label_pairs, ox_json_int(value, 0), USM_LABEL_NONE);
    if (label == USM_LABEL_NONE)
        usm_item_set_empty(r->item, f->field);
    else
        usm_item_set_num(r->item, f->field, label);
}

void ox_write_LABEL(const ox_write_t *w, const ox_field_t *f, const usm_value_t *v)
{
    ox_json_set_int(w->object, f->key, ox_color_of(v->state == USM_SET ? v->u.num : USM_LABEL_NONE));
}

int ox_color_of(apr_int64_t label)
{
    return TO_OX(label_pairs, label, 0);
}

void ox_read_IMPORTANCE(const ox_read_t *r, const ox_field_t *f, const ox_json_t *value)
{
    apr_int64_t n = ox_json_int(value, -1);
    usm_item_set_num(r->item, f->field,
                     r->item->cls == USM_EMAIL ? TO_OURS(mail_priority_pairs, n, USM_IMP_NORMAL)
                                               : TO_OURS(task_priority_pairs, n, USM_IMP_NORMAL));
}

void ox_write_IMPORTANCE(const ox_write_t *w, const ox_field_t *f, const usm_value_t *v)
{
    ox_json_set_int(w->object, f->key, v->state == USM_SET ? TO_OX(task_priority_pairs, v->u.num, 2) : 2);
}

void ox_read_TASKSTATE(const ox_read_t *r, const ox_field_t *f, const ox_json_t *value)
{
    usm_item_set_num(r->item, f->field, ox_json_int(value, 0) == TASK_DONE ? USM_TASK_DONE : USM_TASK_OPEN);
}

/* OX checks status against percentage. A task that is open already keeps its finer state. */
void ox_write_TASKSTATE(const ox_write_t *w, const ox_field_t *f, const usm_value_t *v)
{
    apr_int64_t now = ox_json_int(ox_json_get(w->current, "status"), TASK_DONE);
    if (v->state == USM_SET && v->u.num == USM_TASK_DONE) {
        ox_json_set_int(w->object, f->key, TASK_DONE);
        ox_json_set_int(w->object, "percent_completed", 100);
        if (!ox_json_get(w->object, "date_completed"))
            ox_json_set_int(w->object, "date_completed", ox_now());
    } else if (now == TASK_DONE) {
        ox_json_set_int(w->object, f->key, TASK_NOT_STARTED);
        ox_json_set_int(w->object, "percent_completed", 0);
        ox_json_set_null(w->object, "date_completed");
    }
}

void ox_read_REMINDER(const ox_read_t *r, const ox_field_t *f, const ox_json_t *value)
{
    apr_int64_t minutes = ox_json_int(value, -1);
    if (minutes >= 0)
        usm_item_set_num(r->item, f->field, minutes);
    else
        usm_item_set_empty(r->item, f->field);
}

void ox_write_REMINDER(const ox_write_t *w, const ox_field_t *f, const usm_value_t *v)
{
    ox_json_set_int(w->object, f->key, v->state == USM_SET && v->u.num >= 0 ? v->u.num : -1);
}

/* ---- lists and bodies ---- */

void ox_read_LIST(const ox_read_t *r, const ox_field_t *f, const ox_json_t *value)
{
    apr_pool_t *pool = r->item->pool;
    const char *text = ox_json_text(value, pool);
    apr_array_header_t *items = apr_array_make(pool, 4, sizeof(const char *));
    for (const char *p = text; p && *p;) {
        apr_size_t len = strcspn(p, ",");
        const char *one = usm__text_trim(pool, p, len);
        if (*one)
            APR_ARRAY_PUSH(items, const char *) = one;
        p += len + (p[len] == ',');
    }
    usm_list_t *list = apr_palloc(pool, sizeof *list);
    list->count = items->nelts;
    list->items = (const char **)items->elts;
    usm_item_set_ptr(r->item, f->field, items->nelts ? list : NULL);
}

void ox_write_LIST(const ox_write_t *w, const ox_field_t *f, const usm_value_t *v)
{
    const char *text = NULL;
    for (int i = 0; v->state == USM_SET && i < v->u.list->count; i++) {
        char *one = apr_pstrdup(w->pool, v->u.list->items[i]);
        for (char *p = one; *p; p++) {
            if (*p == ',')
                *p = ' ';
        }
        text = text ? apr_pstrcat(w->pool, text, ",", one, NULL) : one;
    }
    ox_json_set_text(w->object, f->key, text);
}

const usm_body_t *ox_text_body(const char *text, apr_size_t len, apr_uint64_t max, apr_pool_t *pool)
{
    usm_body_t *body = apr_pcalloc(pool, sizeof *body);
    body->native = USM_BODY_TEXT;
    body->text.full_size = len;
    body->text.len = max >= len ? len : usm__text_cut(text, len, (apr_size_t)max);
    body->text.truncated = body->text.len < len;
    body->text.data = apr_pstrmemdup(pool, text, body->text.len);
    return body;
}

void ox_read_BODY(const ox_read_t *r, const ox_field_t *f, const ox_json_t *value)
{
    const char *text = ox_json_text(value, r->item->pool);
    if (!text || !*text) {
        usm_item_set_empty(r->item, f->field);
        return;
    }
    apr_uint64_t max = r->fetch ? r->fetch->text_max : APR_UINT64_MAX;
    usm_item_set_ptr(r->item, f->field, ox_text_body(text, strlen(text), max, r->item->pool));
}

/* OX keeps notes with plain line feeds. */
void ox_write_BODY(const ox_write_t *w, const ox_field_t *f, const usm_value_t *v)
{
    const char *text = v->state == USM_SET && v->u.body->text.data
                           ? apr_pstrmemdup(w->pool, v->u.body->text.data, v->u.body->text.len)
                           : NULL;
    if (v->state == USM_SET && !text && v->u.body->html.data)
        return; /* only a form OX cannot store: better the old note than none */
    char *out = text ? apr_pstrdup(w->pool, text) : NULL, *o = out;
    for (const char *p = text; p && *p; p++) {
        if (!(p[0] == '\r' && p[1] == '\n'))
            *o++ = *p;
    }
    if (o)
        *o = '\0';
    ox_json_set_text(w->object, f->key, out);
}

/* ---- types that are reached in another way than by a column of a row ---- */

/* Pictures are files: ox_picture.c. */
void ox_read_PICTURE(const ox_read_t *r, const ox_field_t *f, const ox_json_t *value)
{
    usm_item_set_empty(r->item, f->field);
}

/* A new picture goes as an upload beside the object; here it can only be taken away. */
void ox_write_PICTURE(const ox_write_t *w, const ox_field_t *f, const usm_value_t *v)
{
    if (v->state != USM_SET)
        ox_json_set_null(w->object, f->key);
}

#define NEVER(name)                                                                                                    \
    void ox_read_##name(const ox_read_t *r, const ox_field_t *f, const ox_json_t *value)                              \
    {                                                                                                                  \
        usm_item_set_empty(r->item, f->field);                                                                         \
    }                                                                                                                  \
    void ox_write_##name(const ox_write_t *w, const ox_field_t *f, const usm_value_t *v)                              \
    {                                                                                                                  \
    }
/* Read from a part of the mail by ox_mail_kind.c. */
NEVER(MEETING)
/* Folders have their own listing (ox_folder.c): these never come in items. */
NEVER(FOLDERREF)
NEVER(ROLE)
NEVER(CLASS)
