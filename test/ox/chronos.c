/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include "cal.h"
#include "chronos.h"
#include "data.h"
#include "modules.h"
#include "seedfield.h"

/* Module chronos, spec 5.6 and 5.7: the same appointments as events. */

static json_t *event(struct oxd_req *req, const struct oxd_obj *o, const struct oxd_folder *view)
{
    return chronos_event(req, o, view, oxd_param(req, "fields"));
}

static struct oxd_folder *folder_need(struct oxd_req *req)
{
    const char *id = oxd_param_need(req, "folder");

    return id ? oxd_pim_folder(req, &oxd_calendar, id) : NULL;
}

static bool read_range(const struct oxd_req *req, int64_t *from, int64_t *to)
{
    const char *start = oxd_param(req, "rangeStart"), *end = oxd_param(req, "rangeEnd");

    *from = start ? chronos_instant(start, NULL, NULL) : INT64_MIN / 2;
    *to = end ? chronos_instant(end, NULL, NULL) : INT64_MAX / 2;
    return start && end;
}

/* Events of a folder in the range, newer than since. */
static json_t *events_of(struct oxd_req *req, struct oxd_folder *f, int64_t since, int64_t *newest)
{
    bool expand = oxd_param_bool(req, "expand", false);
    json_t *out = json_array();
    int64_t from, to;

    read_range(req, &from, &to);
    for (guint i = 0; i < f->objs->len; i++) {
        const struct oxd_obj *o = f->objs->pdata[i];
        struct cal_iter it;
        struct cal_occ occ;

        if (o->modified <= since || !oxd_obj_can(o, f, req->user, OXD_R_READ) || !cal_in_range(o, from, to))
            continue;
        *newest = MAX(*newest, o->modified);
        if (!expand || !cal_is_series(o)) {
            json_array_append_new(out, event(req, o, f));
            continue;
        }
        cal_iter_init(&it, o, from, to, false);
        for (int n = 0; n < 1000 && cal_iter_next(&it, &occ); n++) {
            struct oxd_obj copy = cal_occ_object(o, &occ);

            json_array_append_new(out, event(req, &copy, f));
            cal_occ_free(&copy);
        }
    }
    return out;
}

static int all_of_folders(struct oxd_req *req)
{
    json_t *out = json_array(), *v;
    size_t i;

    json_array_foreach(json_object_get(req->body, "folders"), i, v) {
        const char *id = json_string_value(v);
        struct oxd_folder *f = oxd_pim_folder(req, &oxd_calendar, id);
        int64_t newest = 0;
        json_t *events;

        if (!f) {
            json_array_append_new(out, json_pack("{s:s?, s:O}", "folder", id, "error", req->reply.error));
            req->reply.kind = OXR_NONE;
            continue;
        }
        events = events_of(req, f, INT64_MIN, &newest);
        json_array_append_new(out, json_pack("{s:s, s:o, s:I}", "folder", id, "events", events, "timestamp",
                                             (json_int_t)newest));
    }
    return oxd_reply(req, out, -1);
}

static int do_all(struct oxd_req *req)
{
    int64_t from, to, newest = 0;
    struct oxd_folder *f;
    json_t *out;

    if (!read_range(req, &from, &to))
        return oxd_fail(req, "SVL-0002", "rangeStart and rangeEnd are needed");
    if (json_is_object(req->body))
        return all_of_folders(req);
    f = oxd_param(req, "folder") ? folder_need(req) : req->user->def[OXK_CALENDAR];
    if (!f)
        return -1;
    out = events_of(req, f, INT64_MIN, &newest);
    return oxd_reply(req, out, newest);
}

static int do_updates(struct oxd_req *req)
{
    struct oxd_folder *f = folder_need(req);
    const char *since = f ? oxd_param_need(req, "timestamp") : NULL;
    json_t *changed, *deleted;
    int64_t ts, newest;

    if (!since)
        return -1;
    ts = newest = g_ascii_strtoll(since, NULL, 10);
    changed = events_of(req, f, ts, &newest);
    deleted = json_array();
    for (guint i = 0; i < f->tombs->len; i++) {
        const struct oxd_tomb *t = &g_array_index(f->tombs, struct oxd_tomb, i);
        const struct oxd_obj *o = oxd_obj_find(f->ctx, OXK_CALENDAR, t->id);

        if (t->when <= ts || (o && oxd_obj_in(o, f)))
            continue;
        newest = MAX(newest, t->when);
        json_array_append_new(deleted, json_pack("{s:o, s:o, s:I}", "id", json_sprintf("%d", t->id), "folder",
                                                 json_sprintf("cal://0/%d", f->num), "timestamp", (json_int_t)t->when));
    }
    return oxd_reply(req, json_pack("{s:o, s:o}", "newAndModified", changed, "deleted", deleted), newest);
}

static struct oxd_obj *object_need(struct oxd_req *req, struct oxd_folder **f)
{
    const char *id = oxd_param_need(req, "id");

    *f = id ? folder_need(req) : NULL;
    return *f ? oxd_pim_find(req, &oxd_calendar, *f, g_ascii_strtoll(id, NULL, 10)) : NULL;
}

/* Day of the series that a recurrenceId names: a date, or a date-time in UTC, without a zone, or "Zone:date-time". */
static int64_t day_named(const struct oxd_obj *o, const char *id)
{
    const char *colon = strchr(id, ':');
    char *name = colon ? g_strndup(id, (gsize)(colon - id)) : NULL;
    GTimeZone *zone = name ? oxd_zone(name) : cal_zone(o);
    bool date_only;
    int64_t at = chronos_instant(colon ? colon + 1 : id, zone, &date_only);

    g_free(name);
    if (!date_only && !oxd_obj_bool(o, "full_time"))
        at = oxd_time_out(cal_zone(o), at);
    return at - ((at % OXD_DAY) + OXD_DAY) % OXD_DAY;
}

/* The occurrence a recurrenceId names: 0 the whole series, -1 error set. */
static int position_of(struct oxd_req *req, const struct oxd_obj *o, const char *recurrence_id)
{
    int n;

    if (!recurrence_id || !cal_is_series(o))
        return 0;
    n = oxd_recur_position(o->f, cal_first_day(o), day_named(o, recurrence_id));
    return n ? n : oxd_fail(req, "CAL-4061", "Invalid recurrence id [id %s, rule of %d]", recurrence_id, o->id);
}

/* The event, or what its series has become on one day. NULL: error set. */
static json_t *event_at(struct oxd_req *req, const struct oxd_obj *o, const struct oxd_folder *f, const char *rid,
                        int64_t *newest)
{
    int position = position_of(req, o, rid);
    GPtrArray *all = position > 0 ? cal_exceptions(o) : NULL;
    const struct oxd_obj *hit = position ? NULL : o;
    struct oxd_obj copy;
    struct cal_occ occ;
    json_t *out;

    for (guint i = 0; all && i < all->len; i++)
        if (oxd_obj_int(all->pdata[i], "recurrence_position", 0) == position && oxd_obj_in(all->pdata[i], f))
            hit = all->pdata[i];
    if (all)
        g_ptr_array_free(all, TRUE);
    if (hit) {
        *newest = MAX(*newest, hit->modified);
        return event(req, hit, f);
    }
    if (position < 0)
        return NULL;
    if (!cal_occurrence(o, position, &occ) || cal_day_listed(o, "delete_exceptions", occ.day)) {
        oxd_fail(req, "CAL-4042", "Event occurrence %s of series %d not found", rid, o->id);
        return NULL;
    }
    copy = cal_occ_object(o, &occ);
    out = event(req, &copy, f);
    cal_occ_free(&copy);
    *newest = MAX(*newest, o->modified);
    return out;
}

static int do_get(struct oxd_req *req)
{
    struct oxd_folder *f;
    const struct oxd_obj *o = object_need(req, &f);
    int64_t newest = 0;
    json_t *ev = o ? event_at(req, o, f, oxd_param(req, "recurrenceId"), &newest) : NULL;

    return ev ? oxd_reply(req, ev, newest) : -1;
}

/* An event in the view of who asks, whatever its folder. */
static int do_resolve(struct oxd_req *req)
{
    const char *id = oxd_param_need(req, "id");
    const struct oxd_obj *o = id ? oxd_obj_find(req->ctx, OXK_CALENDAR, g_ascii_strtoll(id, NULL, 10)) : NULL;
    const struct oxd_place *p = o ? oxd_obj_place_of(o, req->user->id) : NULL;

    if (!id)
        return -1;
    if (!p || !p->folder)
        return oxd_fail(req, "CAL-4040", "Event not found [id %s]", id);
    return oxd_reply(req, event(req, o, p->folder), o->modified);
}

static int do_list(struct oxd_req *req)
{
    json_t *body = oxd_body_array(req), *out, *v, *ev;
    int64_t newest = 0;
    size_t i;

    if (!body)
        return -1;
    out = json_array();
    json_array_foreach(body, i, v) {
        struct oxd_folder *f = oxd_pim_folder(req, &oxd_calendar, oxd_json_text(req, v, "folder"));
        const struct oxd_obj *o = f ? oxd_pim_find(req, &oxd_calendar, f, oxd_json_id(json_object_get(v, "id"))) : NULL;

        ev = o ? event_at(req, o, f, oxd_field_str(v, "recurrenceId", NULL), &newest) : NULL;
        if (!ev) {
            json_decref(out);
            return -1;
        }
        json_array_append_new(out, ev);
    }
    return oxd_reply(req, out, newest);
}

/* ---- writing ---- */

static json_t *short_event(const struct oxd_obj *o, const struct oxd_folder *f)
{
    return json_pack("{s:o, s:o, s:I}", "id", json_sprintf("%d", o->id), "folder", json_sprintf("cal://0/%d", f->num),
                     "timestamp", (json_int_t)o->modified);
}

static int result(struct oxd_req *req, json_t *created, json_t *updated, json_t *deleted, int64_t ts)
{
    return oxd_reply(req, json_pack("{s:o, s:o, s:o}", "created", created ? json_pack("[o]", created) : json_array(),
                                    "updated", updated ? json_pack("[o]", updated) : json_array(), "deleted",
                                    deleted ? json_pack("[o]", deleted) : json_array()),
                     ts);
}

static int clashes(struct oxd_req *req, json_t *conflicts)
{
    return oxd_reply(req, json_pack("{s:[], s:[], s:[], s:o}", "created", "updated", "deleted", "conflicts", conflicts),
                     -1);
}

/* Legacy members of the event; times in UTC, so the request's zone must not count. */
static json_t *legacy(struct oxd_req *req, const struct oxd_obj *o, const json_t *ev)
{
    json_t *body = chronos_to_legacy(req, o, ev);

    if (body && !oxd_param_bool(req, "checkConflicts", false))
        json_object_set_new(body, "ignore_conflicts", json_true());
    req->tz = NULL;
    return body;
}

static int do_new(struct oxd_req *req)
{
    json_t *ev = oxd_body_object(req), *body, *conflicts = NULL;
    struct oxd_folder *f = ev ? folder_need(req) : NULL;
    struct oxd_obj *o;

    if (!f || !oxd_pim_may_create(req, &oxd_calendar, f) || !(body = legacy(req, NULL, ev)))
        return -1;
    o = cal_create(req, f, body, &conflicts);
    json_decref(body);
    if (conflicts)
        return clashes(req, conflicts);
    if (!o)
        return -1;
    chronos_keep(req, o, f, ev);
    return result(req, event(req, o, f), NULL, NULL, o->modified);
}

static int do_update(struct oxd_req *req)
{
    struct oxd_folder *f;
    struct oxd_obj *o = object_need(req, &f), *changed;
    json_t *outer = o ? oxd_body_object(req) : NULL, *ev = json_object_get(outer, "event"), *body, *conflicts = NULL;
    int position;

    if (!outer || oxd_pim_stale(req, &oxd_calendar, o))
        return -1;
    if (!oxd_obj_can(o, f, req->user, OXD_R_WRITE))
        return oxd_fail(req, "CAL-4031", NULL);
    ev = ev ? ev : outer;
    position = position_of(req, o, oxd_param(req, "recurrenceId"));
    body = position < 0 || chronos_may_keep(req, o, f, ev) < 0 ? NULL : legacy(req, o, ev);
    if (!body)
        return -1;
    if (position)
        json_object_set_new(body, "recurrence_position", json_integer(position));
    changed = cal_change(req, o, f, body, &conflicts);
    json_decref(body);
    if (conflicts)
        return clashes(req, conflicts);
    if (!changed)
        return -1;
    chronos_keep(req, changed, f, ev);
    if (changed != o)
        return result(req, event(req, changed, f), event(req, o, f), NULL, o->modified);
    return result(req, NULL, event(req, o, f), NULL, o->modified);
}

static json_t *delete_one(struct oxd_req *req, const json_t *v)
{
    const char *rid = oxd_field_str(v, "recurrenceId", NULL), *folder = oxd_json_text(req, v, "folder");
    struct oxd_folder *f = oxd_pim_folder(req, &oxd_calendar, folder);
    struct oxd_obj *o = f ? oxd_pim_find(req, &oxd_calendar, f, oxd_json_id(json_object_get(v, "id"))) : NULL;
    int position = o && !oxd_pim_stale(req, &oxd_calendar, o) ? position_of(req, o, rid) : -1;
    json_t *out = json_pack("{s:s?, s:s?, s:[], s:[], s:[]}", "folderId", folder, "id", oxd_json_text(req, v, "id"),
                            "created", "updated", "deleted");
    json_t *gone;

    if (rid)
        json_object_set_new(out, "recurrenceId", json_string(rid));
    gone = o ? short_event(o, f) : NULL;
    if (position < 0 || cal_remove(req, o, f, position) < 0) {
        json_object_set(out, "error", req->reply.error);
        req->reply.kind = OXR_NONE;
        json_decref(gone);
        return out;
    }
    if (position > 0) {
        json_decref(gone);
        json_object_set_new(out, "updated", json_pack("[o]", short_event(o, f)));
    } else {
        json_object_set_new(out, "deleted", json_pack("[o]", gone));
    }
    return out;
}

static int do_delete(struct oxd_req *req)
{
    const json_t *list = json_is_array(req->body) ? req->body : json_object_get(req->body, "events"), *v;
    json_t *out = json_array();
    size_t i;

    if (!oxd_param_need(req, "timestamp")) {
        json_decref(out);
        return -1;
    }
    json_array_foreach(list, i, v)
        json_array_append_new(out, delete_one(req, v));
    return oxd_reply(req, out, oxd_stamp());
}

static void set_alarms(struct oxd_req *req, struct oxd_obj *o, const struct oxd_folder *f, const json_t *list)
{
    struct oxd_place *p = oxd_obj_place_of(o, cal_actor(req, f));
    json_t *ev = json_pack("{s:O}", "alarms", list), *v;
    size_t i;

    if (p)
        p->alarm = -1;
    json_array_foreach((json_t *)list, i, v)
        if (p && p->alarm < 0)
            p->alarm = chronos_alarm_minutes(v);
    chronos_keep(req, o, f, ev);
    json_decref(ev);
}

static int do_update_attendee(struct oxd_req *req)
{
    static const char *const stats[] = {"NEEDS-ACTION", "ACCEPTED", "DECLINED", "TENTATIVE"};
    struct oxd_folder *f;
    struct oxd_obj *o = object_need(req, &f);
    const json_t *body = o ? oxd_body_object(req) : NULL, *who = json_object_get(body, "attendee");
    const char *stat = oxd_field_str(who, "partStat", "NEEDS-ACTION");
    int status = 0, position, user = (int)oxd_field_int(who, "entity", req->user->id);
    const json_t *alarms = json_object_get(body, "alarms");
    struct cal_occ occ;

    if (!body || oxd_pim_stale(req, &oxd_calendar, o))
        return -1;
    if (user != cal_actor(req, f))
        return oxd_fail(req, "CAL-4033", "User %d may not answer for %d", req->user->id, user);
    for (int i = 0; i < 4; i++)
        if (!g_ascii_strcasecmp(stats[i], stat))
            status = i;
    position = position_of(req, o, oxd_param(req, "recurrenceId"));
    if (position < 0)
        return -1;
    if (position > 0 && cal_occurrence(o, position, &occ))
        o = cal_exception_for(req, o, &occ, oxd_stamp());
    if (cal_answer(req, o, user, status, oxd_field_str(who, "comment", NULL)) < 0)
        return -1;
    if (alarms)
        set_alarms(req, o, f, alarms);
    return result(req, NULL, short_event(o, f), NULL, o->modified);
}

static int do_move(struct oxd_req *req)
{
    struct oxd_folder *f, *to;
    struct oxd_obj *o = object_need(req, &f);
    const char *target = o ? oxd_param_need(req, "targetFolder") : NULL;
    json_t *body;

    to = target ? oxd_pim_folder(req, &oxd_calendar, target) : NULL;
    if (!to || oxd_pim_stale(req, &oxd_calendar, o))
        return -1;
    body = json_pack("{s:s, s:b}", "folder_id", to->id, "ignore_conflicts", 1);
    req->tz = NULL;
    o = cal_change(req, o, f, body, NULL);
    json_decref(body);
    return o ? result(req, NULL, short_event(o, to), NULL, o->modified) : -1;
}

static const char *fb_type(int64_t shown_as)
{
    return shown_as == 4 ? "FREE" : shown_as == 2 ? "BUSY-TENTATIVE" : shown_as == 3 ? "BUSY-UNAVAILABLE" : "BUSY";
}

static json_t *busy_times(struct oxd_req *req, int user, int64_t from, int64_t to)
{
    json_t *out = json_array();
    GHashTableIter it;
    void *v;

    g_hash_table_iter_init(&it, req->ctx->store[OXK_CALENDAR]);
    while (g_hash_table_iter_next(&it, NULL, &v)) {
        const struct oxd_obj *o = v;
        const struct oxd_place *p = oxd_obj_place_of(o, user);
        struct cal_iter occs;
        struct cal_occ occ;

        if (!p || p->confirm == 2)
            continue;
        cal_iter_init(&occs, o, from, to, false);
        while (cal_iter_next(&occs, &occ))
            json_array_append_new(out,
                                  json_pack("{s:I, s:I, s:s}", "startTime", (json_int_t)occ.start, "endTime",
                                            (json_int_t)occ.end, "fbType", fb_type(oxd_obj_int(o, "shown_as", 1))));
    }
    return out;
}

static int do_free_busy(struct oxd_req *req)
{
    const char *from = oxd_param_need(req, "from"), *until = from ? oxd_param_need(req, "until") : NULL;
    json_t *out, *v;
    size_t i;

    if (!until)
        return -1;
    out = json_array();
    json_array_foreach(json_object_get(req->body, "attendees"), i, v) {
        const struct oxd_user *u = oxd_user_find(req->ctx, (int)oxd_field_int(v, "entity", -1));
        const char *uri = oxd_field_str(v, "uri", oxd_field_str(v, "email", ""));

        if (!u)
            u = oxd_user_by_address(req->ctx, g_str_has_prefix(uri, "mailto:") ? uri + 7 : uri);
        json_array_append_new(out, json_pack("{s:O, s:o, s:[]}", "attendee", v, "freeBusyTime",
                                             u ? busy_times(req, u->id, chronos_instant(from, NULL, NULL),
                                                            chronos_instant(until, NULL, NULL))
                                               : json_array(),
                                             "warnings"));
    }
    return oxd_reply(req, out, -1);
}

static int do_needs_action(struct oxd_req *req)
{
    struct oxd_folder *f = req->user->def[OXK_CALENDAR];
    json_t *out = json_array();
    int64_t from, to;

    read_range(req, &from, &to);
    for (guint i = 0; i < f->objs->len; i++) {
        const struct oxd_obj *o = f->objs->pdata[i];
        const struct oxd_place *p = oxd_obj_place_of(o, req->user->id);

        if (p && p->confirm == 0 && cal_in_range(o, from, to))
            json_array_append_new(out, event(req, o, f));
    }
    return oxd_reply(req, out, -1);
}

static const struct oxs_action actions[] = {
    {"all", 0, do_all},
    {"updates", 0, do_updates},
    {"get", 0, do_get},
    {"resolve", 0, do_resolve},
    {"list", 0, do_list},
    {"new", OXS_WRITE | OXS_SERIAL, do_new},
    {"update", OXS_WRITE | OXS_SERIAL, do_update},
    {"delete", OXS_WRITE | OXS_SERIAL, do_delete},
    {"updateAttendee", OXS_WRITE | OXS_SERIAL, do_update_attendee},
    {"move", OXS_WRITE | OXS_SERIAL, do_move},
    {"freeBusy", 0, do_free_busy},
    {"needsAction", 0, do_needs_action},
    {NULL, 0, NULL},
};

const struct oxs_module oxs_chronos = {.name = "chronos", .cap = "calendar", .denied = "CAL-4036", .actions = actions};
