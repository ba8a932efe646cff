/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "cal.h"
#include "data.h"
#include "modules.h"
#include "seedfield.h"

/*
 * Module reminder, spec 10: made from the alarms of appointments and tasks; what the user dismissed is kept with him.
 */

static const char *const done_key = " reminders";

/* A reminder's id says what it reminds of. */
static int reminder_id(const struct oxd_obj *o)
{
    return o->id * 2 + (o->kind == OXK_TASKS);
}

static int64_t done_until(const struct oxd_user *user, int id)
{
    char key[16];

    g_snprintf(key, sizeof(key), "%d", id);
    return oxd_field_int(json_object_get(user->attributes, done_key), key, 0);
}

static json_t *item(const struct oxd_req *req, const struct oxd_obj *o, const struct oxd_folder *f, int64_t alarm,
                    int position)
{
    return json_pack("{s:i, s:i, s:i, s:I, s:i, s:I, s:i, s:I, s:i}", "id", reminder_id(o), "target_id", o->id,
                     "folder", f->num, "alarm", (json_int_t)oxd_time_out(req->tz, alarm), "module",
                     o->kind == OXK_TASKS ? 4 : 1, "server_time", (json_int_t)oxd_time_out(req->tz, oxd_now()),
                     "user_id", req->user->id, "last_modified", (json_int_t)oxd_time_out(req->tz, o->modified),
                     "recurrence_position", position);
}

/* The first alarm after the dismissed ones. */
static void appointment(struct oxd_req *req, const struct oxd_obj *o, int64_t end, json_t *out)
{
    const struct oxd_place *p = oxd_obj_place_of(o, req->user->id);
    int64_t done = done_until(req->user, reminder_id(o));
    struct cal_iter it;
    struct cal_occ occ;

    if (!p || p->alarm < 0 || p->confirm == 2)
        return;
    cal_iter_init(&it, o, INT64_MIN / 2, end + 366 * OXD_DAY, false);
    while (cal_iter_next(&it, &occ)) {
        int64_t alarm = occ.start - p->alarm * 60000LL;

        if (alarm > end)
            return;
        if (alarm > done && (!occ.position || occ.end > oxd_now() || done)) {
            json_array_append_new(out, item(req, o, p->folder ? p->folder : o->folder, alarm, occ.position));
            return;
        }
    }
}

static int do_range(struct oxd_req *req)
{
    const char *end_text = oxd_param_need(req, "end"), *modules = oxd_param(req, "modules");
    int64_t end;
    GHashTableIter it;
    json_t *out;
    void *v;

    if (!end_text)
        return -1;
    end = oxd_time_in(req->tz, g_ascii_strtoll(end_text, NULL, 10));
    out = json_array();
    g_hash_table_iter_init(&it, req->ctx->store[OXK_CALENDAR]);
    while ((!modules || strchr(modules, '1')) && g_hash_table_iter_next(&it, NULL, &v))
        appointment(req, v, end, out);
    g_hash_table_iter_init(&it, req->ctx->store[OXK_TASKS]);
    while ((!modules || strchr(modules, '4')) && g_hash_table_iter_next(&it, NULL, &v)) {
        const struct oxd_obj *o = v;
        int64_t alarm = oxd_obj_int(o, "alarm", INT64_MAX);

        if (o->created_by == req->user->id && alarm <= end && oxd_obj_int(o, "status", 1) != 3 &&
            alarm > done_until(req->user, reminder_id(o)))
            json_array_append_new(out, item(req, o, o->folder, alarm, 0));
    }
    return oxd_reply(req, out, oxd_now());
}

static void dismiss(struct oxd_user *user, int64_t id, int64_t until)
{
    json_t *done = json_object_get(user->attributes, done_key);
    char key[24];

    if (!done) {
        done = json_object();
        json_object_set_new(user->attributes, done_key, done);
    }
    g_snprintf(key, sizeof(key), "%" G_GINT64_FORMAT, id);
    json_object_set_new(done, key, json_integer(until));
}

static const struct oxd_obj *target_of(const struct oxd_req *req, int64_t id)
{
    return oxd_obj_find(req->ctx, id % 2 ? OXK_TASKS : OXK_CALENDAR, id / 2);
}

static int do_delete(struct oxd_req *req)
{
    json_t *body = json_is_object(req->body) ? json_pack("[O]", req->body) : json_incref(oxd_body_array(req)), *v;
    size_t i;

    if (!body)
        return -1;
    json_array_foreach(body, i, v) {
        int64_t id = oxd_json_id(json_object_get(v, "id"));
        const struct oxd_obj *o = target_of(req, id);
        const struct oxd_place *p = o ? oxd_obj_place_of(o, req->user->id) : NULL;

        if (!o) {
            json_decref(body);
            return oxd_fail(req, "REM-0009", "There is no reminder %" G_GINT64_FORMAT, id);
        }
        /* A series goes on with its next occurrence. */
        dismiss(req->user, id, cal_is_series(o) && p ? oxd_now() + p->alarm * 60000LL : INT64_MAX / 2);
    }
    json_decref(body);
    return oxd_reply(req, json_array(), oxd_now());
}

static int do_again(struct oxd_req *req)
{
    const char *id = oxd_param_need(req, "id");
    json_t *body = id ? oxd_body_object(req) : NULL;
    const struct oxd_obj *o;

    if (!body)
        return -1;
    o = target_of(req, g_ascii_strtoll(id, NULL, 10));
    if (!o)
        return oxd_fail(req, "REM-0009", "There is no reminder %s", id);
    dismiss(req->user, g_ascii_strtoll(id, NULL, 10), 0);
    return oxd_reply(req, item(req, o, o->folder, oxd_time_in(req->tz, oxd_field_int(body, "alarm", 0)), 0), oxd_now());
}

static const struct oxs_action actions[] = {
    {"range", 0, do_range},
    {"delete", OXS_WRITE, do_delete},
    {"remindAgain", OXS_WRITE, do_again},
    {NULL, 0, NULL},
};

const struct oxs_module oxs_reminder = {.name = "reminder", .actions = actions};
