/* SPDX-License-Identifier: Apache-2.0 */
#include "cal.h"
#include "data.h"
#include "seedfield.h"

/* Series and their occurrences. */

bool cal_is_series(const struct oxd_obj *o)
{
    return oxd_obj_int(o, "recurrence_type", 0) > 0;
}

bool cal_is_exception(const struct oxd_obj *o)
{
    int64_t id = oxd_obj_int(o, "recurrence_id", 0);

    return id && id != o->id;
}

struct oxd_obj *cal_master(const struct oxd_obj *o)
{
    struct oxd_obj *m =
        cal_is_exception(o) ? oxd_obj_find(o->folder->ctx, OXK_CALENDAR, oxd_obj_int(o, "recurrence_id", 0)) : NULL;

    return m ? m : (struct oxd_obj *)(uintptr_t)o;
}

GPtrArray *cal_exceptions(const struct oxd_obj *master)
{
    GPtrArray *out = g_ptr_array_new();
    const json_t *changed = json_object_get(master->f, "change_exceptions");

    /* Exceptions lie in the master's folder. */
    for (guint i = 0; json_array_size(changed) && i < master->folder->objs->len; i++) {
        struct oxd_obj *o = master->folder->objs->pdata[i];

        if (o != master && oxd_obj_int(o, "recurrence_id", 0) == master->id)
            g_ptr_array_add(out, o);
    }
    return out;
}

GTimeZone *cal_zone(const struct oxd_obj *o)
{
    return oxd_obj_bool(o, "full_time") ? NULL : oxd_zone(oxd_obj_str(o, "timezone"));
}

static int64_t floor_day(int64_t t)
{
    return t - ((t % OXD_DAY) + OXD_DAY) % OXD_DAY;
}

int64_t cal_first_day(const struct oxd_obj *o)
{
    return floor_day(oxd_time_out(cal_zone(o), oxd_obj_int(o, "start_date", 0)));
}

bool cal_day_listed(const struct oxd_obj *o, const char *list, int64_t day)
{
    const json_t *v;
    size_t i;

    json_array_foreach(json_object_get(o->f, list), i, v)
        if (json_integer_value(v) == day)
            return true;
    return false;
}

/* The lists are replaced, never changed: replies may hold the old ones. */
void cal_day_add(struct oxd_obj *o, const char *list, int64_t day)
{
    json_t *out = json_array();
    const json_t *v;
    bool in = false;
    size_t i;

    json_array_foreach(json_object_get(o->f, list), i, v) {
        int64_t d = json_integer_value(v);

        if (!in && d >= day) {
            json_array_append_new(out, json_integer(day));
            in = true;
        }
        if (d != day)
            json_array_append_new(out, json_integer(d));
    }
    if (!in)
        json_array_append_new(out, json_integer(day));
    json_object_set_new(o->f, list, out);
}

void cal_day_drop(struct oxd_obj *o, const char *list, int64_t day)
{
    json_t *out = json_array();
    const json_t *v;
    size_t i;

    json_array_foreach(json_object_get(o->f, list), i, v)
        if (json_integer_value(v) != day)
            json_array_append_new(out, json_integer(json_integer_value(v)));
    json_object_set_new(o->f, list, out);
}

void cal_iter_init(struct cal_iter *it, const struct oxd_obj *o, int64_t from, int64_t to, bool all)
{
    int64_t start = oxd_obj_int(o, "start_date", 0);

    *it =
        (struct cal_iter){.o = o, .from = from, .to = to, .all = all, .series = cal_is_series(o), .zone = cal_zone(o)};
    it->length = oxd_obj_int(o, "end_date", start) - start;
    if (it->series) {
        oxd_recur_start(&it->r, o->f, cal_first_day(o));
        it->time_of_day = oxd_time_out(it->zone, start) - it->r.first;
    }
}

static bool overlaps(const struct cal_iter *it, int64_t start, int64_t end)
{
    return start < it->to && (end > it->from || (start == end && start >= it->from));
}

bool cal_iter_next(struct cal_iter *it, struct cal_occ *occ)
{
    if (!it->series) {
        int64_t start = oxd_obj_int(it->o, "start_date", 0);

        *occ = (struct cal_occ){start, start + it->length, cal_first_day(it->o), 0};
        if (it->done || !overlaps(it, occ->start, occ->end))
            return false;
        it->done = true;
        return true;
    }
    while (oxd_recur_next(&it->r)) {
        occ->day = it->r.day;
        occ->position = it->r.position;
        occ->start = oxd_time_in(it->zone, it->r.day + it->time_of_day);
        occ->end = occ->start + it->length;
        if (occ->start >= it->to)
            return false;
        if (!overlaps(it, occ->start, occ->end))
            continue;
        if (!it->all && (cal_day_listed(it->o, "delete_exceptions", occ->day) ||
                         cal_day_listed(it->o, "change_exceptions", occ->day)))
            continue;
        return true;
    }
    return false;
}

bool cal_in_range(const struct oxd_obj *o, int64_t from, int64_t to)
{
    struct cal_iter it;
    struct cal_occ occ;

    cal_iter_init(&it, o, from, to, true);
    return cal_iter_next(&it, &occ);
}

bool cal_occurrence(const struct oxd_obj *o, int position, struct cal_occ *occ)
{
    struct cal_iter it;

    cal_iter_init(&it, o, INT64_MIN / 2, INT64_MAX, true);
    while (it.series && cal_iter_next(&it, occ))
        if (occ->position == position)
            return true;
    return false;
}

struct oxd_obj cal_occ_object(const struct oxd_obj *o, const struct cal_occ *occ)
{
    struct oxd_obj copy = *o;

    copy.f = json_copy(o->f);
    json_object_set_new(copy.f, "start_date", json_integer(occ->start));
    json_object_set_new(copy.f, "end_date", json_integer(occ->end));
    if (occ->position) {
        json_object_set_new(copy.f, "recurrence_id", json_integer(o->id));
        json_object_set_new(copy.f, "recurrence_position", json_integer(occ->position));
        json_object_set_new(copy.f, "recurrence_date_position", json_integer(occ->day));
    }
    return copy;
}

void cal_occ_free(struct oxd_obj *copy)
{
    json_decref(copy->f);
}

int cal_actor(const struct oxd_req *req, const struct oxd_folder *view)
{
    return view->type == OXT_PRIVATE && view->owner ? view->owner : req->user ? req->user->id : 0;
}
