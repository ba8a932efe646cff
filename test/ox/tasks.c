/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "data.h"
#include "pim.h"
#include "recur.h"
#include "modules.h"
#include "seedfield.h"

/* Module tasks, spec 6. */

enum { G_START_DATE = OXG_MODULE, G_END_DATE, G_USERS };

#define S(id, name) {id, name, OXG_STR}

static const struct oxd_column columns[] = {
    {1, "id", OXG_ID}, {2, "created_by", OXG_CREATED_BY}, {3, "modified_by", OXG_MODIFIED_BY},
    {4, "creation_date", OXG_CREATED}, {5, "last_modified", OXG_MODIFIED}, {6, "last_modified_utc", OXG_MODIFIED_UTC},
    {20, "folder_id", OXG_FOLDER}, S(100, "categories"), {101, "private_flag", OXG_BOOL}, {102, "color_label", OXG_INT},
    {104, "number_of_attachments", OXG_ATTACHMENTS},
    {105, "lastModifiedOfNewestAttachmentUTC", OXG_ATTACHMENT_MODIFIED}, S(200, "title"),
    {201, "start_date", G_START_DATE}, {202, "end_date", G_END_DATE}, S(203, "note"), {204, "alarm", OXG_TIME},
    {209, "recurrence_type", OXG_INT}, {212, "days", OXG_INT}, {213, "day_in_month", OXG_INT}, {214, "month", OXG_INT},
    {215, "interval", OXG_INT}, {216, "until", OXG_DATE}, {220, "participants", OXG_JSON}, {221, "users", G_USERS},
    {222, "occurrences", OXG_INT}, S(223, "uid"), {300, "status", OXG_INT}, {301, "percent_completed", OXG_INT},
    {302, "actual_costs", OXG_NUMBER}, {303, "actual_duration", OXG_DIGITS}, {304, "after_complete", OXG_DATE},
    S(305, "billing_information"), {307, "target_costs", OXG_NUMBER}, {308, "target_duration", OXG_DIGITS},
    {309, "priority", OXG_INT}, S(312, "currency"), S(313, "trip_meter"), S(314, "companies"),
    {315, "date_completed", OXG_TIME}, {316, "start_time", OXG_TIME_FULL}, {317, "end_time", OXG_TIME_FULL},
    {401, "full_time", OXG_BOOL}, {0, NULL, 0},
};

#undef S

static const struct oxd_limit limits[] = {
    {200, 256}, {203, 16000}, {305, 255}, {312, 10}, {313, 255}, {314, 255}, {100, 255}, {223, 1024}, {0, 0},
};

/* The day of an instant, in the zone of the user who asks: the deprecated Dates 201 and 202. */
static json_t *day_of(const struct oxd_req *req, const struct oxd_obj *o, const char *name)
{
    const json_t *v = json_object_get(o->f, name);
    int64_t t;

    if (!json_is_integer(v))
        return NULL;
    t = json_integer_value(v);
    if (!oxd_obj_bool(o, "full_time") && req->user)
        t = oxd_time_out(req->user->zone, t);
    return json_integer(t - ((t % 86400000) + 86400000) % 86400000);
}

static json_t *users(const struct oxd_req *req, const struct oxd_obj *o)
{
    const json_t *p, *list = json_object_get(o->f, "participants");
    json_t *out;
    size_t i;

    if (!list)
        return NULL;
    out = json_array();
    json_array_foreach(list, i, p) {
        const struct oxd_user *u = oxd_user_find(req->ctx, (int)oxd_json_id(json_object_get(p, "id")));

        if (u && oxd_field_int(p, "type", 1) == 1)
            json_array_append_new(out, json_pack("{s:i, s:s, s:I, s:s}", "id", u->id, "display_name", u->display_name,
                                                 "confirmation", (json_int_t)oxd_field_int(p, "confirmation", 0),
                                                 "confirmmessage", oxd_field_str(p, "confirmmessage", "")));
    }
    return out;
}

static json_t *own(struct oxd_req *req, const struct oxd_obj *o, const struct oxd_folder *view, int type)
{
    if (type == G_USERS)
        return users(req, o);
    return day_of(req, o, type == G_START_DATE ? "start_time" : "end_time");
}

const struct oxd_class oxd_tasks = {
    .kind = OXK_TASKS,
    .columns = columns,
    .limits = limits,
    .text_max = 255,
    .e_not_found = "TSK-0019",
    .e_read = "TSK-0023",
    .e_write = "TSK-0033",
    .e_delete = "TSK-0014",
    .e_create = "TSK-0025",
    .e_folder = "TSK-0006",
    .e_no_folder = "FLD-0008",
    .e_conflict = "TSK-0007",
    .e_long = "TSK-0041",
    .e_type = "TSK-0060",
    .e_private = "TSK-0008",
    .noun = "Task",
    .deletions_by_default = false,
    .switch_ids = "task-ids",
    .string_ids = false,
    .own = own,
};

/* ---- checks ---- */

/* The old Dates are another way to give start and due time, for a whole day. */
static void old_dates(const json_t *body, json_t *members)
{
    static const char *const names[][2] = {{"start_date", "start_time"}, {"end_date", "end_time"}};

    for (size_t i = 0; i < 2; i++) {
        const json_t *v = json_object_get(body, names[i][0]);

        if (!v || json_object_get(body, names[i][1]))
            continue;
        if (json_is_integer(v)) {
            json_object_set_new(members, names[i][1],
                                json_integer(json_integer_value(v) - json_integer_value(v) % 86400000));
            json_object_set_new(members, "full_time", json_true());
        } else {
            json_object_del(members, names[i][1]);
        }
    }
}

static int check_participants(struct oxd_req *req, const json_t *members)
{
    const json_t *list = json_object_get(members, "participants"), *p;
    size_t i;

    if (list && !json_is_array(list))
        return oxd_fail(req, "TSK-0060", "participants must be an array");
    if (!json_array_size(list))
        return 0;
    if (!oxd_user_has_cap(req->user, "delegate_tasks"))
        return oxd_fail(req, "TSK-0026", NULL);
    if (oxd_field_bool(members, "private_flag", false))
        return oxd_fail(req, "TSK-0028", NULL);
    json_array_foreach(list, i, p)
        if (oxd_field_int(p, "type", 1) == 5 && !json_is_string(json_object_get(p, "mail")))
            return oxd_fail(req, "TSK-0044", NULL);
    return 0;
}

static int check(struct oxd_req *req, const struct oxd_folder *f, const json_t *m)
{
    int64_t percent = oxd_field_int(m, "percent_completed", 0), status = oxd_field_int(m, "status", 1);
    int64_t priority = oxd_field_int(m, "priority", 2), start = oxd_field_int(m, "start_time", INT64_MIN);
    const char *why;

    if (percent < 0 || percent > 100)
        return oxd_fail(req, "TSK-0030", "The percentage is %" G_GINT64_FORMAT, percent);
    if (status == 1 && percent != 0)
        return oxd_fail(req, "TSK-0031",
                        "Tasks that are not started need to have a percentage of 0 and not %" G_GINT64_FORMAT ".",
                        percent);
    if (status == 3 && percent != 100 && json_object_get(m, "percent_completed"))
        return oxd_fail(req, "TSK-0038",
                        "Finished tasks need to have a percentage of 100 and not %" G_GINT64_FORMAT ".", percent);
    if (status < 1 || status > 5)
        return oxd_fail(req, "TSK-0060", "The status is %" G_GINT64_FORMAT, status);
    if (priority < 1 || priority > 3)
        return oxd_fail(req, "TSK-0057", "The priority is %" G_GINT64_FORMAT, priority);
    if (json_object_get(m, "end_time") && start > oxd_field_int(m, "end_time", 0))
        return oxd_fail(req, "TSK-0040", NULL);
    if (oxd_field_bool(m, "private_flag", false) && (f->type != OXT_PRIVATE || f->owner != req->user->id))
        return oxd_fail(req, "TSK-0008", NULL);
    if (oxd_field_int(m, "recurrence_type", 0)) {
        if (!json_object_get(m, "start_time") || !json_object_get(m, "end_time"))
            return oxd_fail(req, "TSK-0036", "A recurring task needs a start and an end");
        why = oxd_recur_check(m);
        if (why)
            return oxd_fail(req, "TSK-0037", "%s", why);
    }
    return check_participants(req, m);
}

/* ---- actions ---- */

static int do_new(struct oxd_req *req)
{
    json_t *body = oxd_body_object(req), *m;
    struct oxd_folder *f = body ? oxd_pim_folder(req, &oxd_tasks, oxd_json_text(req, body, "folder_id")) : NULL;
    struct oxd_obj *o;

    if (!f || !oxd_pim_may_create(req, &oxd_tasks, f))
        return -1;
    m = json_pack("{s:b, s:i, s:i}", "private_flag", 0, "status", 1, "percent_completed", 0);
    if (oxd_field_int(body, "status", 1) == 3 && !json_object_get(body, "percent_completed"))
        json_object_set_new(m, "percent_completed", json_integer(100));
    if (oxd_pim_apply(req, &oxd_tasks, body, m) < 0) {
        json_decref(m);
        return -1;
    }
    old_dates(body, m);
    if (check(req, f, m) < 0) {
        json_decref(m);
        return -1;
    }
    if (!json_object_get(m, "uid"))
        json_object_set_new(m, "uid", oxd_uid());
    o = oxd_obj_new(f, 0, req->user->id, m, oxd_stamp());
    return oxd_reply(req, json_pack("{s:o}", "id", json_sprintf("%d", o->id)), o->modified);
}

/* A series that is done makes its next task (spec 6.1, inferred). */
static void next_task(struct oxd_obj *o, int64_t stamp)
{
    int64_t start = oxd_obj_int(o, "start_time", 0), len = oxd_obj_int(o, "end_time", 0) - start, next;
    int64_t left = oxd_obj_int(o, "occurrences", 0);
    json_t *m;

    next = oxd_recur_next_day(o->f, start);
    if (next < 0 || left == 1)
        return;
    m = json_deep_copy(o->f);
    json_object_del(m, "date_completed");
    json_object_set_new(m, "status", json_integer(1));
    json_object_set_new(m, "percent_completed", json_integer(0));
    json_object_set_new(m, "start_time", json_integer(next));
    json_object_set_new(m, "end_time", json_integer(next + len));
    json_object_set_new(m, "uid", oxd_uid());
    if (left > 1)
        json_object_set_new(m, "occurrences", json_integer(left - 1));
    oxd_obj_new(o->folder, 0, o->created_by, m, stamp);
    json_object_set_new(o->f, "recurrence_type", json_integer(0));
}

static int move_checked(struct oxd_req *req, struct oxd_obj *o, struct oxd_folder *from, json_t *m,
                        struct oxd_folder **to)
{
    const char *id = oxd_json_text(req, req->body, "folder_id");

    *to = id && strcmp(id, from->id) ? oxd_pim_folder(req, &oxd_tasks, id) : from;
    if (!*to)
        return -1;
    if (*to == from)
        return 0;
    if (!oxd_obj_can(o, from, req->user, OXD_R_DELETE))
        return oxd_fail(req, "TSK-0014", NULL);
    if (oxd_field_bool(m, "private_flag", false) && (*to)->type == OXT_PUBLIC)
        return oxd_fail(req, "TSK-0042", NULL);
    if (oxd_field_bool(m, "private_flag", false) && (*to)->owner != req->user->id)
        return oxd_fail(req, "TSK-0034", NULL);
    return oxd_pim_may_create(req, &oxd_tasks, *to) ? 0 : -1;
}

static int do_update(struct oxd_req *req)
{
    const char *folder = oxd_param_need(req, "folder"), *id = folder ? oxd_param_need(req, "id") : NULL;
    json_t *body = id && oxd_param_need(req, "timestamp") ? oxd_body_object(req) : NULL, *m;
    struct oxd_folder *f = body ? oxd_pim_folder(req, &oxd_tasks, folder) : NULL, *to = f;
    struct oxd_obj *o = f ? oxd_pim_find(req, &oxd_tasks, f, g_ascii_strtoll(id, NULL, 10)) : NULL;
    bool was_done;
    int64_t stamp;
    int rc;

    if (!o)
        return -1;
    if (!oxd_obj_can(o, f, req->user, OXD_R_WRITE))
        return oxd_fail(req, "TSK-0033", "User %d may not change task %d", req->user->id, o->id);
    if (oxd_pim_stale(req, &oxd_tasks, o))
        return -1;
    if (json_object_get(body, "private_flag") && o->created_by != req->user->id &&
        json_is_true(json_object_get(body, "private_flag")) != oxd_obj_bool(o, "private_flag"))
        return oxd_fail(req, "TSK-0043", NULL);
    if (json_is_string(json_object_get(body, "uid")) &&
        g_strcmp0(oxd_field_str(body, "uid", NULL), oxd_obj_str(o, "uid")))
        return oxd_fail(req, "TSK-0053", NULL);
    m = json_deep_copy(o->f);
    rc = oxd_pim_apply(req, &oxd_tasks, body, m);
    if (rc == 0) {
        old_dates(body, m);
        if (!json_object_get(body, "percent_completed") && oxd_field_int(body, "status", 0) == 3)
            json_object_set_new(m, "percent_completed", json_integer(100));
        else if (!json_object_get(body, "percent_completed") && oxd_field_int(body, "status", 0) == 1)
            json_object_set_new(m, "percent_completed", json_integer(0));
        rc = move_checked(req, o, f, m, &to);
    }
    if (rc < 0 || check(req, to, m) < 0) {
        json_decref(m);
        return -1;
    }
    was_done = oxd_obj_int(o, "status", 1) == 3;
    json_decref(o->f);
    o->f = m;
    stamp = oxd_stamp();
    oxd_obj_move(o, to, stamp);
    oxd_obj_touch(o, req->user->id, stamp);
    if (!was_done && oxd_obj_int(o, "status", 1) == 3 && oxd_obj_int(o, "recurrence_type", 0))
        next_task(o, stamp);
    return oxd_reply(req, json_object(), stamp);
}

static int remove_one(struct oxd_req *req, struct oxd_obj *o, struct oxd_folder *view, const json_t *item)
{
    if (!oxd_obj_can(o, view, req->user, OXD_R_DELETE))
        return oxd_fail(req, "TSK-0014", "User %d may not delete task %d", req->user->id, o->id);
    oxd_obj_delete(o, oxd_stamp());
    return 0;
}

static int do_delete(struct oxd_req *req)
{
    return oxd_pim_delete(req, &oxd_tasks, remove_one);
}

static int do_confirm(struct oxd_req *req)
{
    json_t *body = oxd_body_object(req), *list, *p;
    const char *id = body ? oxd_param_need(req, "id") : NULL;
    struct oxd_obj *o = id ? oxd_pim_find(req, &oxd_tasks, NULL, g_ascii_strtoll(id, NULL, 10)) : NULL;
    int64_t stamp;
    size_t i;

    if (!o)
        return -1;
    list = json_deep_copy(json_object_get(o->f, "participants"));
    json_array_foreach(list, i, p) {
        if (oxd_json_id(json_object_get(p, "id")) != req->user->id)
            continue;
        json_object_set_new(p, "confirmation", json_integer(oxd_field_int(body, "confirmation", 0)));
        json_object_set_new(p, "confirmmessage", json_string(oxd_field_str(body, "confirmmessage", "")));
    }
    if (list)
        json_object_set_new(o->f, "participants", list);
    stamp = oxd_stamp();
    oxd_obj_touch(o, req->user->id, stamp);
    return oxd_reply(req, NULL, stamp);
}

static bool search_hit(const struct oxd_obj *o, const json_t *body)
{
    const char *pattern = oxd_field_str(body, "pattern", "*"), *title = oxd_obj_str(o, "title");
    char *t = g_utf8_casefold(title ? title : "", -1), *p = g_utf8_casefold(pattern, -1);
    char *glob = strpbrk(p, "*?") ? g_strdup(p) : g_strdup_printf("*%s*", p);
    bool hit = g_pattern_match_simple(glob, t);
    int64_t end = oxd_obj_int(o, "end_time", 0);

    g_free(t);
    g_free(p);
    g_free(glob);
    return hit && end >= oxd_field_int(body, "start", INT64_MIN) && end < oxd_field_int(body, "end", INT64_MAX);
}

static int do_search(struct oxd_req *req)
{
    json_t *body = oxd_body_object(req);
    const char *folder = body ? oxd_json_text(req, body, "folder") : NULL;
    struct oxd_folder *f = folder ? oxd_pim_folder(req, &oxd_tasks, folder) : body ? req->user->def[OXK_TASKS] : NULL;
    GPtrArray *objs;
    int rc;

    if (!f)
        return -1;
    objs = g_ptr_array_new();
    for (guint i = 0; i < f->objs->len; i++)
        if (oxd_obj_can(f->objs->pdata[i], f, req->user, OXD_R_READ) && search_hit(f->objs->pdata[i], body))
            g_ptr_array_add(objs, f->objs->pdata[i]);
    oxd_pim_sort(req, &oxd_tasks, objs);
    rc = oxd_pim_rows(req, &oxd_tasks, objs, f);
    g_ptr_array_free(objs, TRUE);
    return rc;
}

static int do_all(struct oxd_req *req)
{
    return oxd_pim_all(req, &oxd_tasks);
}

static int do_list(struct oxd_req *req)
{
    return oxd_pim_list(req, &oxd_tasks);
}

static int do_get(struct oxd_req *req)
{
    return oxd_pim_get(req, &oxd_tasks);
}

static int do_updates(struct oxd_req *req)
{
    return oxd_pim_updates(req, &oxd_tasks);
}

/* ---- hooks ---- */

static int made(struct oxd_obj *o, const json_t *seed, char **err)
{
    old_dates(seed, o->f);
    if (!json_object_get(o->f, "status"))
        json_object_set_new(o->f, "status", json_integer(1));
    if (!json_object_get(o->f, "percent_completed"))
        json_object_set_new(o->f, "percent_completed", json_integer(oxd_obj_int(o, "status", 1) == 3 ? 100 : 0));
    return 0;
}

static int seed_load(struct oxd_ctx *ctx, struct oxd_user *user, const json_t *seed, char **err)
{
    return oxd_pim_seed(ctx, user, &oxd_tasks, json_object_get(seed, "tasks"), err, made);
}

static json_t *dump(const struct oxd_ctx *ctx)
{
    return oxd_pim_dump(ctx, OXK_TASKS);
}

static int restore(struct oxd_ctx *ctx, const json_t *state, char **err)
{
    return oxd_pim_restore(ctx, OXK_TASKS, state, err);
}

static const struct oxs_action actions[] = {
    {"all", 0, do_all},
    {"list", 0, do_list},
    {"get", 0, do_get},
    {"updates", 0, do_updates},
    {"new", OXS_WRITE | OXS_SERIAL, do_new},
    {"update", OXS_WRITE | OXS_SERIAL, do_update},
    {"delete", OXS_WRITE | OXS_SERIAL, do_delete},
    {"confirm", OXS_WRITE, do_confirm},
    {"search", 0, do_search},
    {NULL, 0, NULL},
};

const struct oxs_module oxs_tasks = {
    .name = "tasks", .cap = "tasks", .denied = "TSK-0024", .kind = OXK_TASKS, .actions = actions,
    .seed_load = seed_load, .dump = dump, .restore = restore, .folder_counts = oxd_pim_counts,
    .folder_clear = oxd_pim_clear,
};
