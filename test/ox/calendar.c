/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "cal.h"
#include "data.h"
#include "modules.h"
#include "seedfield.h"

/* Module calendar, the legacy interface: spec 5.5. */

static int do_get(struct oxd_req *req)
{
    const char *id = oxd_param_need(req, "id"), *folder = oxd_param(req, "folder");
    int position = (int)oxd_param_int(req, "recurrence_position", 0);
    struct oxd_folder *f = folder && *folder ? oxd_pim_folder(req, &oxd_calendar, folder) : NULL;
    struct oxd_obj *o, copy;
    struct cal_occ occ;
    json_t *out;

    if (!id || (folder && *folder && !f))
        return -1;
    o = oxd_pim_find(req, &oxd_calendar, f, g_ascii_strtoll(id, NULL, 10));
    if (!o)
        return -1;
    if (position <= 0 || !cal_is_series(o))
        return oxd_reply(req, oxd_pim_object(req, &oxd_calendar, o, f), o->modified);
    if (!cal_occurrence(o, position, &occ))
        return oxd_fail(req, "CAL-4042", "Event occurrence %d of series %d not found", position, o->id);
    copy = cal_occ_object(o, &occ);
    out = oxd_pim_object(req, &oxd_calendar, &copy, f);
    cal_occ_free(&copy);
    return oxd_reply(req, out, o->modified);
}

static int do_list(struct oxd_req *req)
{
    json_t *body = oxd_body_array(req), *v;
    const struct oxd_colsel *sel;
    int64_t newest = 0;
    GString *out;
    size_t i, n;

    if (!body)
        return -1;
    sel = oxd_columns(req, oxd_calendar.columns, false, &n);
    out = g_string_new("[");
    json_array_foreach(body, i, v) {
        const char *folder = oxd_json_text(req, v, json_object_get(v, "folder") ? "folder" : "folder_id");
        struct oxd_folder *f = folder ? oxd_pim_folder(req, &oxd_calendar, folder) : NULL;
        struct oxd_obj *o =
            folder && !f ? NULL : oxd_pim_find(req, &oxd_calendar, f, oxd_json_id(json_object_get(v, "id")));
        int position = o ? cal_position(req, o, v, "recurrence_position") : -1;
        struct cal_occ occ;

        if (position < 0) {
            g_string_free(out, TRUE);
            return -1;
        }
        if (out->len > 1)
            g_string_append_c(out, ',');
        if (position > 0 && cal_occurrence(o, position, &occ)) {
            struct oxd_obj copy = cal_occ_object(o, &occ);

            oxd_pim_row(req, &oxd_calendar, out, &copy, f, sel, n);
            cal_occ_free(&copy);
        } else {
            oxd_pim_row(req, &oxd_calendar, out, o, f, sel, n);
        }
        newest = MAX(newest, o->modified);
    }
    g_string_append_c(out, ']');
    return oxd_reply_text(req, out, newest);
}

static int answer(struct oxd_req *req, const struct oxd_obj *o, json_t *conflicts)
{
    if (conflicts)
        return oxd_reply(req, json_pack("{s:o}", "conflicts", conflicts), -1);
    if (!o)
        return -1;
    return oxd_reply(req, json_pack("{s:o}", "id", json_sprintf("%d", o->id)), o->modified);
}

static int do_new(struct oxd_req *req)
{
    json_t *body = oxd_body_object(req), *conflicts = NULL;
    struct oxd_folder *f = body ? oxd_pim_folder(req, &oxd_calendar, oxd_json_text(req, body, "folder_id")) : NULL;
    struct oxd_obj *o;

    if (!f || !oxd_pim_may_create(req, &oxd_calendar, f))
        return -1;
    o = cal_create(req, f, body, &conflicts);
    return answer(req, o, conflicts);
}

static int do_update(struct oxd_req *req)
{
    const char *folder = oxd_param_need(req, "folder"), *id = folder ? oxd_param_need(req, "id") : NULL;
    json_t *body = id && oxd_param_need(req, "timestamp") ? oxd_body_object(req) : NULL, *conflicts = NULL;
    struct oxd_folder *f = body ? oxd_pim_folder(req, &oxd_calendar, folder) : NULL;
    struct oxd_obj *o = f ? oxd_pim_find(req, &oxd_calendar, f, g_ascii_strtoll(id, NULL, 10)) : NULL;

    if (!o)
        return -1;
    if (!oxd_obj_can(o, f, req->user, OXD_R_WRITE))
        return oxd_fail(req, "CAL-4031", "User %d may not change appointment %d", req->user->id, o->id);
    if (oxd_pim_stale(req, &oxd_calendar, o))
        return -1;
    o = cal_change(req, o, f, body, &conflicts);
    return answer(req, o, conflicts);
}

static int remove_one(struct oxd_req *req, struct oxd_obj *o, struct oxd_folder *view, const json_t *item)
{
    int position = cal_position(req, o, item, json_object_get(item, "pos") ? "pos" : "recurrence_position");

    return position < 0 ? -1 : cal_remove(req, o, view, position);
}

static int do_delete(struct oxd_req *req)
{
    return oxd_pim_delete(req, &oxd_calendar, remove_one);
}

static int confirm_external(struct oxd_req *req, struct oxd_obj *o, const char *mail, const json_t *body)
{
    json_t *all = json_deep_copy(json_object_get(o->f, "external")), *ext = json_object_get(all, mail);
    int64_t stamp;

    if (!ext) {
        json_decref(all);
        return oxd_fail(req, "CAL-4034", "%s does not take part in %d", mail, o->id);
    }
    json_object_set_new(ext, "status", json_integer(oxd_field_int(body, "confirmation", 0)));
    json_object_set_new(ext, "message", json_string(oxd_field_str(body, "confirmmessage", "")));
    json_object_set_new(o->f, "external", all);
    stamp = oxd_stamp();
    oxd_obj_touch(o, req->user->id, stamp);
    return oxd_reply(req, NULL, stamp);
}

static int do_confirm(struct oxd_req *req)
{
    json_t *body = oxd_body_object(req);
    const char *folder = body ? oxd_param_need(req, "folder") : NULL, *id = folder ? oxd_param_need(req, "id") : NULL;
    struct oxd_folder *f = id ? oxd_pim_folder(req, &oxd_calendar, folder) : NULL;
    struct oxd_obj *o = f ? oxd_pim_find(req, &oxd_calendar, f, g_ascii_strtoll(id, NULL, 10)) : NULL;
    int position = (int)oxd_param_int(req, "occurrence", 0);
    struct cal_occ occ;

    if (!o || oxd_pim_stale(req, &oxd_calendar, o))
        return -1;
    if (position > 0 && cal_is_series(o)) {
        if (!cal_occurrence(o, position, &occ) || cal_day_listed(o, "delete_exceptions", occ.day))
            return oxd_fail(req, "CAL-4042", "Event occurrence %d of series %d not found", position, o->id);
        o = cal_exception_for(req, o, &occ, oxd_stamp());
    }
    if (oxd_field_str(body, "mail", NULL) && oxd_field_int(body, "type", 5) == 5)
        return confirm_external(req, o, oxd_field_str(body, "mail", ""), body);
    if (cal_answer(req, o, (int)oxd_field_int(body, "id", cal_actor(req, f)), oxd_field_int(body, "confirmation", 0),
                   oxd_field_str(body, "confirmmessage", NULL)) < 0)
        return -1;
    return oxd_reply(req, NULL, o->modified);
}

static int do_change_exceptions(struct oxd_req *req)
{
    const char *id = oxd_param_need(req, "id"), *folder = id ? oxd_param_need(req, "folder") : NULL;
    struct oxd_folder *f = folder ? oxd_pim_folder(req, &oxd_calendar, folder) : NULL;
    struct oxd_obj *o = f ? oxd_pim_find(req, &oxd_calendar, f, g_ascii_strtoll(id, NULL, 10)) : NULL;
    GPtrArray *list;
    int rc;

    if (!o)
        return -1;
    list = cal_exceptions(o);
    rc = oxd_pim_rows(req, &oxd_calendar, list, f);
    g_ptr_array_free(list, TRUE);
    return rc;
}

static int do_copy(struct oxd_req *req)
{
    json_t *body = oxd_body_object(req), *copy, *conflicts = NULL;
    const char *folder = body ? oxd_param_need(req, "folder") : NULL, *id = folder ? oxd_param_need(req, "id") : NULL;
    struct oxd_folder *f = id ? oxd_pim_folder(req, &oxd_calendar, folder) : NULL, *to;
    struct oxd_obj *o = f ? oxd_pim_find(req, &oxd_calendar, f, g_ascii_strtoll(id, NULL, 10)) : NULL, *made;
    GTimeZone *tz = req->tz;

    to = o ? oxd_pim_folder(req, &oxd_calendar, oxd_json_text(req, body, "folder_id")) : NULL;
    if (!to || !oxd_pim_may_create(req, &oxd_calendar, to))
        return -1;
    copy = json_deep_copy(o->f);
    json_object_del(copy, "uid");
    json_object_set_new(copy, "ignore_conflicts",
                        json_boolean(oxd_param_bool(req, "ignore_conflicts", false) ||
                                     json_is_true(json_object_get(body, "ignore_conflicts"))));
    req->tz = NULL; /* stored members are UTC */
    made = cal_create(req, to, copy, &conflicts);
    req->tz = tz;
    json_decref(copy);
    return answer(req, made, conflicts);
}

/* ---- hooks ---- */

static void seed_answers(struct oxd_obj *o, const json_t *seed)
{
    const json_t *v;
    size_t i;

    json_array_foreach(json_object_get(seed, "users"), i, v) {
        struct oxd_place *p = oxd_obj_place_of(o, (int)oxd_field_int(v, "id", 0));

        if (!p)
            continue;
        p->confirm = (int)oxd_field_int(v, "confirm", p->confirm);
        p->alarm = (int)oxd_field_int(v, "alarm", p->alarm);
    }
}

static int made(struct oxd_obj *o, const json_t *seed, char **err)
{
    static const char *const lists[] = {"change_exceptions", "delete_exceptions"};
    const struct oxd_user *owner = oxd_user_find(o->folder->ctx, o->folder->owner ? o->folder->owner : o->created_by);
    int64_t master_id = oxd_field_int(seed, "recurrence_id", 0), type = oxd_field_int(seed, "recurrence_type", 0);
    struct oxd_place *p;
    struct oxd_obj *master;
    struct cal_occ occ;

    json_object_set_new(o->f, "recurrence_type", json_integer(type));
    json_object_set_new(o->f, "sequence", json_integer(oxd_field_int(seed, "sequence", 0)));
    if (!json_object_get(o->f, "timezone") && owner)
        json_object_set_new(o->f, "timezone", json_string(owner->tz));
    if (!json_object_get(o->f, "organizer") && owner) {
        json_object_set_new(o->f, "organizer", json_string(owner->email));
        json_object_set_new(o->f, "organizerId", json_integer(owner->id));
    }
    if (!json_object_get(o->f, "shown_as"))
        json_object_set_new(o->f, "shown_as", json_integer(1));
    if (!json_object_get(o->f, "full_time"))
        json_object_set_new(o->f, "full_time", json_false());
    for (size_t i = 0; i < 2; i++)
        if (json_object_get(seed, lists[i]))
            json_object_set_new(o->f, lists[i], json_deep_copy(json_object_get(seed, lists[i])));
    if (type)
        json_object_set_new(o->f, "recurrence_id", json_integer(o->id));
    if (master_id) {
        master = oxd_obj_find(o->folder->ctx, OXK_CALENDAR, master_id);
        if (!master || !cal_occurrence(master, (int)oxd_field_int(seed, "recurrence_position", 0), &occ)) {
            *err = g_strdup_printf("appointment %d: no such occurrence of %d", o->id, (int)master_id);
            return -1;
        }
        json_object_set_new(o->f, "recurrence_id", json_integer(master_id));
        json_object_set_new(o->f, "recurrence_position", json_integer(occ.position));
        json_object_set_new(o->f, "recurrence_date_position", json_integer(occ.day));
        json_object_set_new(o->f, "change_exceptions", json_pack("[I]", (json_int_t)occ.day));
        json_object_set(o->f, "uid", json_object_get(master->f, "uid"));
        cal_day_add(master, "change_exceptions", occ.day);
    }
    cal_places(o, 0);
    p = oxd_obj_place_of(o, o->folder->owner ? o->folder->owner : o->created_by);
    if (p && json_object_get(seed, "alarm"))
        p->alarm = (int)oxd_field_int(seed, "alarm", -1);
    seed_answers(o, seed);
    return 0;
}

static int seed_load(struct oxd_ctx *ctx, struct oxd_user *user, const json_t *seed, char **err)
{
    return oxd_pim_seed(ctx, user, &oxd_calendar, json_object_get(seed, "appointments"), err, made);
}

static json_t *dump(const struct oxd_ctx *ctx)
{
    return oxd_pim_dump(ctx, OXK_CALENDAR);
}

static int restore(struct oxd_ctx *ctx, const json_t *state, char **err)
{
    return oxd_pim_restore(ctx, OXK_CALENDAR, state, err);
}

static const struct oxs_action actions[] = {
    {"all", 0, cal_all},
    {"list", 0, do_list},
    {"get", 0, do_get},
    {"updates", 0, cal_updates},
    {"new", OXS_WRITE | OXS_SERIAL, do_new},
    {"update", OXS_WRITE | OXS_SERIAL, do_update},
    {"delete", OXS_WRITE | OXS_SERIAL, do_delete},
    {"confirm", OXS_WRITE, do_confirm},
    {"copy", OXS_WRITE, do_copy},
    {"freebusy", 0, cal_freebusy},
    {"resolveuid", 0, cal_resolve_uid},
    {"has", 0, cal_has},
    {"newappointments", 0, cal_new_appointments},
    {"search", 0, cal_search},
    {"getChangeExceptions", 0, do_change_exceptions},
    {NULL, 0, NULL},
};

const struct oxs_module oxs_calendar = {
    .name = "calendar", .cap = "calendar", .denied = "CAL-4036", .kind = OXK_CALENDAR, .actions = actions,
    .seed_load = seed_load, .dump = dump, .restore = restore, .folder_counts = oxd_pim_counts,
    .folder_clear = oxd_pim_clear,
};
