/* SPDX-License-Identifier: Apache-2.0 */
/* Series of appointments: writing. What a device says of a series is compared with what OX has, occurrence by
 * occurrence, and only what differs is written: first the master, guarded by its revision, then each exception. So a
 * write that broke off in the middle is completed by its repeat, and one that says nothing new writes nothing. */
#include "ox/ox_series.h"

#include <apr_strings.h>
#include <string.h>
#include <usm/recur.h>

static const usm_exceptions_t *exceptions_of(const usm_item_t *item)
{
    return item && usm_item_isset(item, USM_EVENT_EXCEPTIONS) ? item->v[USM_EVENT_EXCEPTIONS].u.exceptions : NULL;
}

/* Before anything is written: can all of it be? */
usm_error_t *ox_series_check(const ox_series_ops_t *ops, const usm_item_t *item, const usm_item_t *was,
                             apr_pool_t *pool)
{
    const usm_recurrence_t *rule = usm_series_rule(item);
    const usm_exceptions_t *list = exceptions_of(item);
    usm_time_t first = usm_series_first(item, pool);
    const char *why = rule ? ops->unfit(rule, first) : NULL;
    if (why)
        return USM_ERROR(pool, USM_EINVALID, "the recurrence cannot be stored: %s", why);
    if (!rule && list && list->count)
        return USM_ERROR(pool, USM_EINVALID, "exceptions of an event that does not recur");
    for (int i = 0; list && i < list->count; i++) {
        const usm_item_t *own = list->items[i].item;
        usm_time_t start, end, day = list->items[i].day;
        if (!own)
            continue;
        usm_series_times(item, day, &start, &end, pool);
        if (usm_item_num(own, USM_EVENT_START, start) > usm_item_num(own, USM_EVENT_END, end))
            return USM_ERROR(pool, USM_EINVALID, "an occurrence ends before it starts");
        if (!(was && usm_series_exception(was, day)) && usm_recur_near(rule, first, day) != day)
            return USM_ERROR(pool, USM_EINVALID, "there is no occurrence on the day of an exception");
    }
    return NULL;
}

/* The days of exceptions come in order, so that one walk along the series finds them all. */
static int position_of(ox_series_write_t *s, usm_time_t day)
{
    usm_time_t at;
    if (!s->walk.rule || day < s->walked) {
        usm_recur_start(&s->walk, usm_series_rule(s->is), usm_series_first(s->is, s->w->pool));
        s->walked = USM_TIME_NONE;
    }
    while (s->walked < day && usm_recur_next(&at, &s->walk))
        s->walked = at;
    return s->walked == day ? s->walk.position : 0;
}

void ox_series_note_stamp(ox_series_write_t *s, const ox_answer_t *answer)
{
    if (answer->timestamp > s->stamp)
        s->stamp = answer->timestamp;
    else if (answer->timestamp <= 0)
        s->stamp = ox_now() + USM_DAY_MS;
}

const char *ox_series_stamp_text(const ox_series_write_t *s)
{
    return apr_psprintf(s->w->pool, "%" APR_INT64_T_FMT, s->stamp);
}

/* Fields in which two forms of an occurrence differ, as far as devices can write them. */
static int differing(usm_fieldset_t *fields, const usm_item_t *a, const usm_item_t *b)
{
    int n = 0;
    memset(fields, 0, sizeof *fields);
    for (int f = 0; f < usm_class_fields(USM_EVENT); f++) {
        const usm_fieldinfo_t *info = usm_field(USM_EVENT, f);
        if ((info->flags & (USM_F_SERIES | USM_F_RO)) || a->v[f].state == USM_ABSENT ||
            usm_value_equal(info->type, &a->v[f], &b->v[f]))
            continue;
        USM_FIELDSET_ADD(fields, f);
        n++;
    }
    return n;
}

static usm_error_t *remove_occurrence(ox_series_write_t *s, usm_time_t day)
{
    ox_answer_t answer;
    apr_pool_t *pool = s->w->pool;
    ox_json_t *list = ox_json_array(pool), *one = ox_json_object(pool);
    int position = position_of(s, day);
    if (!position) /* there is none: that is what the device wants */
        return NULL;
    ox_json_set_text(one, "folder", s->w->folder->id);
    ox_json_set_text(one, "id", s->id);
    ox_json_set_int(one, "pos", position);
    ox_json_add(list, one);
    USM_ERR(ox_put(&answer, s->w->call,
                   ox_path(pool, "calendar", "action", "delete", "timestamp", ox_series_stamp_text(s), "timezone",
                           "UTC", NULL),
                   list, pool));
    if (ox_json_count(answer.data) > 0)
        return USM_ERROR(pool, USM_ECONFLICT, "series %.60s has been changed meanwhile", s->id);
    ox_series_note_stamp(s, &answer);
    return NULL;
}

static usm_error_t *write_occurrence(ox_series_write_t *s, const usm_exception_t *old, usm_time_t day,
                                     const usm_item_t *want, usm_fieldset_t *fields)
{
    ox_answer_t answer;
    apr_pool_t *pool = s->w->pool;
    ox_json_t *current = (ox_json_t *)s->master;
    const char *id = old && old->id ? old->id : s->id;
    ox_writing_t w = {.call = s->w->call, .folder = s->w->folder, .item = want, .object = ox_json_object(pool),
                      .pool = pool};
    int position = position_of(s, day), people = USM_FIELDSET_HAS(fields, USM_EVENT_ATTENDEES);
    if (!position && id == s->id)
        return USM_ERROR(pool, USM_EINVALID, "there is no such occurrence");
    if (people || !current)
        USM_ERR(ox_pim_current(&current, w.call, w.folder, id, people, pool));
    if (id == s->id) { /* one that has not been changed yet comes into being with both times */
        USM_FIELDSET_ADD(fields, USM_EVENT_START);
        USM_FIELDSET_ADD(fields, USM_EVENT_END);
        ox_json_set_int(w.object, "recurrence_id", apr_atoi64(s->id));
        ox_json_set_int(w.object, "recurrence_position", position);
        ox_json_set_int(w.object, "recurrence_date_position", day);
    }
    ox_pim_encode(&w, fields, current, 0);
    w.path = ox_path(pool, "calendar", "action", "update", "folder", w.folder->id, "id", id, "timestamp",
                     ox_series_stamp_text(s), "timezone", "UTC", NULL);
    USM_ERR(ox_pim_put(&answer, &w));
    if (ox_json_get(answer.data, "conflicts"))
        return USM_ERROR(pool, USM_EINVALID, "a resource of an occurrence is not free");
    ox_series_note_stamp(s, &answer);
    return NULL;
}

static usm_error_t *bring_one(ox_series_write_t *s, const usm_exception_t *e)
{
    apr_pool_t *pool = s->w->pool;
    const usm_exception_t *old = s->was ? usm_series_exception(s->was, e->day) : NULL;
    usm_fieldset_t fields;
    if (!e->item)
        return old && !old->item ? NULL : s->ops->remove_occurrence(s, e->day);
    if (old && !old->item)
        return NULL; /* OX has no way to bring an occurrence back: the device is told that it is gone */
    usm_item_t *want = usm_series_occurrence(s->is, e->day, e->item, pool);
    usm_item_t *have = old ? usm_series_occurrence(s->was, e->day, old->item, pool)
                           : usm_series_occurrence(s->is, e->day, NULL, pool);
    if (!differing(&fields, want, have))
        return NULL;
    return s->ops->write_occurrence(s, old, e->day, want, &fields);
}

static usm_error_t *bring_all(ox_series_write_t *s)
{
    const usm_exceptions_t *list = exceptions_of(s->is);
    for (int i = 0; list && i < list->count; i++)
        USM_ERR(bring_one(s, &list->items[i]));
    return NULL;
}

usm_error_t *ox_series_add(const ox_series_ops_t *ops, ox_writing_t *w, const char *id, apr_int64_t stamp)
{
    usm_item_t *is = usm_item_copy(w->item, w->pool);
    ox_series_write_t s = {.w = w, .ops = ops, .id = id, .is = is, .stamp = stamp > 0 ? stamp : ox_now() + USM_DAY_MS};
    usm_series_reduce(is);
    return bring_all(&s);
}

/* ---- update ---- */

static usm_error_t *read_series(usm_item_t **item_p, apr_uint64_t *rev_p, const ox_series_write_t *s)
{
    usm_bget_t get = {.id = s->id};
    usm_fetch_t fetch = {.body_forms = USM_BODY_TEXT, .text_max = APR_UINT64_MAX};
    for (int f = 0; f < usm_class_fields(USM_EVENT); f++)
        USM_FIELDSET_ADD(&fetch.fields, f);
    USM_ERR(s->ops->get(&get, 1, s->w->call, s->w->folder, &fetch, s->w->pool, s->w->pool));
    if (get.error)
        return get.error;
    if (!get.item)
        return USM_ERROR(s->w->pool, USM_ENOTFOUND, "the series is gone");
    *item_p = get.item;
    *rev_p = get.rev;
    return NULL;
}

/* The series as it is to be: what is, with the fields that are written, and with their exceptions in their places. */
static usm_item_t *intended(const ox_series_write_t *s, const usm_fieldset_t *fields, apr_pool_t *pool)
{
    usm_item_t *is = usm_item_copy(s->was, pool);
    const usm_item_t *item = s->w->item;
    for (int f = 0; f < usm_class_fields(USM_EVENT); f++) {
        if (USM_FIELDSET_HAS(fields, f) && f != USM_EVENT_EXCEPTIONS)
            is->v[f] = item->v[f];
    }
    if (!usm_series_rule(is))
        usm_item_set_empty(is, USM_EVENT_EXCEPTIONS);
    else if (USM_FIELDSET_HAS(fields, USM_EVENT_EXCEPTIONS))
        usm_item_set_ptr(is, USM_EVENT_EXCEPTIONS, usm_series_merge(s->was, exceptions_of(item), pool));
    return is;
}

/* A new rule has taken all exceptions with it: those that are still on days of the series are to come again, unless
 * the device wants none. */
static usm_error_t *after_new_rule(ox_series_write_t *s, int keep)
{
    usm_item_t *now, *is = (usm_item_t *)s->is;
    apr_uint64_t rev;
    const usm_exceptions_t *all = exceptions_of(is);
    usm_exceptions_t *left = apr_pcalloc(s->w->pool, sizeof *left);
    USM_ERR(read_series(&now, &rev, s));
    left->items = apr_palloc(s->w->pool, sizeof(usm_exception_t) * (apr_size_t)(all ? all->count + 1 : 1));
    for (int i = 0; keep && all && i < all->count; i++) {
        if (position_of(s, all->items[i].day))
            left->items[left->count++] = all->items[i];
    }
    usm_item_set_ptr(is, USM_EVENT_EXCEPTIONS, left->count ? left : NULL);
    s->was = now;
    s->stamp = (apr_int64_t)rev > s->stamp ? (apr_int64_t)rev : s->stamp;
    return NULL;
}

static usm_error_t *write_master(ox_series_write_t *s, const usm_fieldset_t *fields)
{
    ox_answer_t answer;
    ox_writing_t *w = s->w;
    ox_pim_encode(w, fields, s->master, 0);
    w->path = ox_path(w->pool, "calendar", "action", "update", "folder", w->folder->id, "id", s->id, "timestamp",
                      ox_series_stamp_text(s), "timezone", "UTC", NULL);
    USM_ERR(ox_pim_put(&answer, w));
    if (ox_json_get(answer.data, "conflicts"))
        return USM_ERROR(w->pool, USM_EINVALID, "a resource of the appointment is not free");
    ox_series_note_stamp(s, &answer);
    return NULL;
}

usm_error_t *ox_series_update(const ox_series_ops_t *ops, usm_bwrite_t *result, ox_writing_t *w, const char *id,
                              const usm_fieldset_t *fields, const ox_json_t *current, apr_uint64_t rev,
                              apr_pool_t *result_pool)
{
    ox_series_write_t s = {.w = w, .ops = ops, .id = id, .master = current, .stamp = (apr_int64_t)rev};
    usm_fieldset_t own = *fields;
    usm_item_t *was;
    apr_uint64_t now;
    int asked = USM_FIELDSET_HAS(fields, USM_EVENT_EXCEPTIONS);
    int dropped = asked && !usm_item_isset(w->item, USM_EVENT_EXCEPTIONS);
    USM_ERR(read_series(&was, &now, &s));
    if (now > rev)
        return USM_ERROR(w->pool, USM_ECONFLICT, "series %.60s is newer", id);
    s.was = was;
    usm_item_t *is = intended(&s, fields, w->pool);
    s.is = is;
    USM_ERR(ox_series_check(ops, is, was, w->pool));
    int new_rule = !usm_value_equal(USM_T_RECURRENCE, &was->v[USM_EVENT_RECURRENCE], &is->v[USM_EVENT_RECURRENCE]);
    USM_FIELDSET_DEL(&own, USM_EVENT_EXCEPTIONS);
    if (differing(&(usm_fieldset_t){{0}}, is, was) || new_rule ||
        !usm_value_equal(USM_T_ZONE, &is->v[USM_EVENT_TIMEZONE], &was->v[USM_EVENT_TIMEZONE]))
        USM_ERR(ops->write_master(&s, &own));
    if (new_rule && usm_series_rule(is))
        USM_ERR(after_new_rule(&s, !dropped));
    if (usm_series_rule(is))
        USM_ERR(bring_all(&s));
    /* What OX made of it is compared with what the device said, whenever exceptions are in play. */
    result->id = apr_pstrdup(result_pool, id);
    result->rev = asked || exceptions_of(was) ? 0 : (apr_uint64_t)s.stamp;
    result->edge = usm_series_rule(is) ? usm_series_edge(is, w->pool) : usm_item_num(is, USM_EVENT_END, USM_TIME_NONE);
    return NULL;
}

const ox_series_ops_t ox_series_legacy = {
    .get = ox_pim_get,
    .unfit = ox_recurrence_unfit,
    .write_master = write_master,
    .remove_occurrence = remove_occurrence,
    .write_occurrence = write_occurrence,
};
