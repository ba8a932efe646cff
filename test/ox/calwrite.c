/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "cal.h"
#include "data.h"
#include "seedfield.h"

/* Changing appointments: checks, participants, exceptions, answers. */

static const char *const rule_members[] = {"recurrence_type", "interval", "days", "day_in_month", "month", "until",
                                           "occurrences", "week_start"};

/* Not a column: only an RRULE can say where weeks begin. */
static void take_week_start(const json_t *body, json_t *m)
{
    json_t *v = json_object_get(body, "week_start");

    if (json_is_integer(v))
        json_object_set(m, "week_start", v);
    else if (v)
        json_object_del(m, "week_start");
}

/* ---- checks ---- */

static int check_people(struct oxd_req *req, const json_t *members)
{
    const json_t *list = json_object_get(members, "participants"), *p;
    size_t i;

    if (list && !json_is_array(list))
        return oxd_fail(req, "CAL-4230", "participants must be an array");
    json_array_foreach(list, i, p) {
        int64_t type = oxd_field_int(p, "type", 0), id = oxd_json_id(json_object_get(p, "id"));

        if (type < 1 || type > 5)
            return oxd_fail(req, "CAL-4230", "A participant's type must be from 1 to 5");
        if (type == 5 && !json_is_string(json_object_get(p, "mail")))
            return oxd_fail(req, "CAL-4220", "Mandatory field \"mail\" of an external participant");
        if (type == 1 && !oxd_user_find(req->ctx, (int)id))
            return oxd_fail(req, "CAL-4230", "There is no user %" G_GINT64_FORMAT, id);
    }
    return 0;
}

int cal_check(struct oxd_req *req, const struct oxd_folder *f, json_t *m)
{
    int64_t start = oxd_field_int(m, "start_date", 0), end = oxd_field_int(m, "end_date", 0);
    int64_t shown = oxd_field_int(m, "shown_as", 1);
    const char *why;

    if (!json_object_get(m, "start_date") || !json_object_get(m, "end_date"))
        return oxd_fail(req, "CAL-4220", "Mandatory field \"%s\" missing",
                        json_object_get(m, "start_date") ? "end_date" : "start_date");
    if (end < start)
        return oxd_fail(req, "CAL-4221", "The end lies before the start");
    if (oxd_field_bool(m, "full_time", false) && end == start)
        json_object_set_new(m, "end_date", json_integer(start + OXD_DAY));
    if (shown < 1 || shown > 4)
        return oxd_fail(req, "CAL-4230", "shown_as must be from 1 to 4");
    if (oxd_field_bool(m, "private_flag", false) && (f->type != OXT_PRIVATE || f->owner != req->user->id))
        return oxd_fail(req, "CAL-4222", NULL);
    if (!oxd_zone(oxd_field_str(m, "timezone", NULL)))
        json_object_set_new(m, "timezone", json_string(req->user->tz));
    if (oxd_field_int(m, "recurrence_type", 0)) {
        why = oxd_recur_check(m);
        if (why)
            return oxd_fail(req, "CAL-4223", "%s", why);
    }
    return check_people(req, m);
}

/* ---- participants ---- */

static void add_user(const struct oxd_ctx *ctx, GArray *users, int id)
{
    for (guint i = 0; i < users->len; i++)
        if (g_array_index(users, int, i) == id)
            return;
    if (oxd_user_find(ctx, id))
        g_array_append_val(users, id);
}

/* The users that participants and groups name; the owner of the private folder belongs to them in any case. */
static GArray *resolve(const struct oxd_obj *o)
{
    GArray *users = g_array_new(FALSE, FALSE, sizeof(int));
    const struct oxd_ctx *ctx = o->folder->ctx;
    const json_t *p;
    size_t i;

    add_user(ctx, users, o->folder->type == OXT_PRIVATE ? o->folder->owner : o->created_by);
    json_array_foreach(json_object_get(o->f, "participants"), i, p) {
        int id = (int)oxd_json_id(json_object_get(p, "id"));
        const struct oxd_group *g = NULL;

        if (oxd_field_int(p, "type", 0) == 1)
            add_user(ctx, users, id);
        else if (oxd_field_int(p, "type", 0) == 2)
            g = oxd_group_find(ctx, id);
        for (guint k = 0; g && k < g->members->len; k++)
            add_user(ctx, users, g_array_index(g->members, int, k));
    }
    return users;
}

static void externals(struct oxd_obj *o)
{
    json_t *old = json_object_get(o->f, "external"), *now = json_object();
    const json_t *p;
    size_t i;

    json_array_foreach(json_object_get(o->f, "participants"), i, p) {
        const char *mail = oxd_field_str(p, "mail", NULL);
        json_t *had = mail ? json_object_get(old, mail) : NULL;

        if (oxd_field_int(p, "type", 0) != 5 || !mail)
            continue;
        json_object_set_new(now, mail, had ? json_deep_copy(had)
                                           : json_pack("{s:s, s:i}", "display_name",
                                                       oxd_field_str(p, "display_name", mail), "status", 0));
    }
    if (json_object_size(now))
        json_object_set_new(o->f, "external", now);
    else
        json_decref(now);
}

/* The creator appears among the participants even if the client did not name him. */
static void name_owner(struct oxd_obj *o, int owner)
{
    json_t *list = json_array();
    const json_t *p;
    bool in = false;
    size_t i;

    json_array_foreach(json_object_get(o->f, "participants"), i, p) {
        in |= oxd_field_int(p, "type", 0) == 1 && oxd_json_id(json_object_get(p, "id")) == owner;
        json_array_append_new(list, json_deep_copy(p));
    }
    if (!in && owner)
        json_array_insert_new(list, 0, json_pack("{s:i, s:i}", "id", owner, "type", 1));
    json_object_set_new(o->f, "participants", list);
}

void cal_places(struct oxd_obj *o, int64_t stamp)
{
    GArray *users;

    name_owner(o, o->folder->type == OXT_PRIVATE ? o->folder->owner : o->created_by);
    users = resolve(o);
    for (guint i = o->places ? o->places->len : 0; i > 0; i--) {
        int user = g_array_index(o->places, struct oxd_place, i - 1).user;
        bool stays = false;

        for (guint k = 0; k < users->len; k++)
            stays |= g_array_index(users, int, k) == user;
        if (!stays)
            oxd_obj_unplace(o, user, stamp);
    }
    for (guint i = 0; i < users->len; i++) {
        int id = g_array_index(users, int, i);
        struct oxd_user *u = oxd_user_find(o->folder->ctx, id);
        bool fresh = !oxd_obj_place_of(o, id);
        struct oxd_place *p;

        p = oxd_obj_place(
            o, o->folder->type != OXT_PRIVATE || o->folder->owner == id ? o->folder : u->def[OXK_CALENDAR], id);
        if (fresh && (id == o->folder->owner || id == o->created_by))
            p->confirm = 1;
    }
    g_array_free(users, TRUE);
    externals(o);
}

static void set_alarm(struct oxd_obj *o, int user, const json_t *body)
{
    const json_t *v = json_object_get(body, "alarm");
    struct oxd_place *p = oxd_obj_place_of(o, user);

    if (v && p)
        p->alarm = json_is_integer(v) && json_integer_value(v) >= 0 ? (int)json_integer_value(v) : -1;
}

static bool ignores_conflicts(const json_t *body)
{
    return json_is_true(json_object_get(body, "ignore_conflicts"));
}

/* true: the call ends with *conflicts. Hard ones cannot be ignored. */
static bool clash(struct oxd_req *req, const struct oxd_obj *o, const json_t *body, json_t **conflicts)
{
    bool hard = false;

    if (!conflicts || oxd_obj_int(o, "shown_as", 1) == 4)
        return false;
    *conflicts = cal_conflicts(req, o, &hard);
    if (*conflicts && ignores_conflicts(body) && !hard) {
        json_decref(*conflicts);
        *conflicts = NULL;
    }
    return *conflicts != NULL;
}

/* ---- new ---- */

/* Rows as they would be, without showing the object anywhere: to look for conflicts before it exists. */
static void provisional(struct oxd_obj *o)
{
    GArray *users = resolve(o);

    o->places = g_array_new(FALSE, FALSE, sizeof(struct oxd_place));
    for (guint i = 0; i < users->len; i++) {
        struct oxd_place p = {NULL, g_array_index(users, int, i), -1, 0, NULL};

        g_array_append_val(o->places, p);
    }
    g_array_free(users, TRUE);
}

static bool clash_new(struct oxd_req *req, struct oxd_folder *f, json_t *members, const json_t *body,
                      json_t **conflicts)
{
    struct oxd_obj probe = {.kind = OXK_CALENDAR, .folder = f, .f = members, .created_by = req->user->id};
    bool hit;

    provisional(&probe);
    hit = clash(req, &probe, body, conflicts);
    g_array_free(probe.places, TRUE);
    return hit;
}

static bool uid_taken(struct oxd_req *req, const char *uid, const struct oxd_obj *self)
{
    struct oxd_obj *other = uid ? cal_by_uid(req->ctx, req->user, uid) : NULL;

    if (!other || other == self)
        return false;
    oxd_fail(req, "CAL-4090", "UID conflict [uid %s, conflicting id %d]", uid, other->id);
    return true;
}

struct oxd_obj *cal_create(struct oxd_req *req, struct oxd_folder *f, const json_t *body, json_t **conflicts)
{
    const struct oxd_user *owner = oxd_user_find(f->ctx, f->type == OXT_PRIVATE ? f->owner : req->user->id);
    json_t *m = json_pack("{s:b, s:b, s:i, s:i, s:i}", "private_flag", 0, "full_time", 0, "shown_as", 1,
                          "recurrence_type", 0, "sequence", 0);
    const char *type = "recurrence_type";
    struct oxd_obj *o;

    json_object_set_new(m, "timezone", json_string(req->user->tz));
    if (json_is_integer(json_object_get(body, type)))
        json_object_set(m, type, json_object_get(body, type));
    if (oxd_pim_apply(req, &oxd_calendar, body, m) < 0 || cal_check(req, f, m) < 0 ||
        uid_taken(req, oxd_field_str(m, "uid", NULL), NULL) || clash_new(req, f, m, body, conflicts)) {
        json_decref(m);
        return NULL;
    }
    take_week_start(body, m);
    if (!json_object_get(m, "uid"))
        json_object_set_new(m, "uid", oxd_uid());
    if (!json_object_get(m, "organizer") && owner) {
        json_object_set_new(m, "organizer", json_string(owner->email));
        json_object_set_new(m, "organizerId", json_integer(owner->id));
    }
    if (json_is_integer(json_object_get(body, "sequence")))
        json_object_set(m, "sequence", json_object_get(body, "sequence"));
    o = oxd_obj_new(f, 0, req->user->id, m, oxd_stamp());
    if (cal_is_series(o))
        json_object_set_new(o->f, "recurrence_id", json_integer(o->id));
    cal_places(o, o->modified);
    set_alarm(o, cal_actor(req, f), body);
    return o;
}

/* ---- exceptions ---- */

static void copy_places(const struct oxd_obj *from, struct oxd_obj *to)
{
    for (guint i = 0; from->places && i < from->places->len; i++) {
        const struct oxd_place *p = &g_array_index(from->places, struct oxd_place, i);
        struct oxd_place *q = oxd_obj_place(to, p->folder, p->user);

        q->alarm = p->alarm;
        q->confirm = p->confirm;
        g_free(q->message);
        q->message = g_strdup(p->message);
    }
}

static struct oxd_obj *exception_at(const struct oxd_obj *master, int64_t day)
{
    GPtrArray *all = cal_exceptions(master);
    struct oxd_obj *hit = NULL;

    for (guint i = 0; i < all->len; i++)
        if (oxd_obj_int(all->pdata[i], "recurrence_date_position", -1) == day)
            hit = all->pdata[i];
    g_ptr_array_free(all, TRUE);
    return hit;
}

struct oxd_obj *cal_exception_for(struct oxd_req *req, struct oxd_obj *master, const struct cal_occ *occ, int64_t stamp)
{
    struct oxd_obj *o = exception_at(master, occ->day);
    json_t *m;

    if (o)
        return o;
    m = json_deep_copy(master->f);
    for (size_t i = 0; i < G_N_ELEMENTS(rule_members); i++)
        json_object_del(m, rule_members[i]);
    json_object_del(m, "delete_exceptions");
    json_object_set_new(m, "recurrence_type", json_integer(0));
    json_object_set_new(m, "recurrence_id", json_integer(master->id));
    json_object_set_new(m, "recurrence_position", json_integer(occ->position));
    json_object_set_new(m, "recurrence_date_position", json_integer(occ->day));
    json_object_set_new(m, "change_exceptions", json_pack("[I]", (json_int_t)occ->day));
    json_object_set_new(m, "start_date", json_integer(occ->start));
    json_object_set_new(m, "end_date", json_integer(occ->end));
    o = oxd_obj_new(master->folder, 0, master->created_by, m, stamp);
    copy_places(master, o);
    cal_day_add(master, "change_exceptions", occ->day);
    oxd_obj_touch(master, req->user ? req->user->id : 0, stamp);
    return o;
}

int cal_position(struct oxd_req *req, const struct oxd_obj *o, const json_t *v, const char *name)
{
    const json_t *pos = json_object_get(v, name), *day = json_object_get(v, "recurrence_date_position");
    int64_t n = pos ? oxd_json_id(pos) : 0;

    if (!cal_is_series(o))
        return 0;
    if (n <= 0 && json_is_integer(day)) {
        n = oxd_recur_position(o->f, cal_first_day(o), json_integer_value(day));
        if (!n)
            return oxd_fail(req, "CAL-4042", "No occurrence on %" JSON_INTEGER_FORMAT, json_integer_value(day));
    }
    return (int)MAX(n, 0);
}

static void drop_exceptions(struct oxd_obj *master, int64_t stamp)
{
    GPtrArray *all = cal_exceptions(master);

    for (guint i = 0; i < all->len; i++)
        oxd_obj_delete(all->pdata[i], stamp);
    g_ptr_array_free(all, TRUE);
    json_object_del(master->f, "change_exceptions");
    json_object_del(master->f, "delete_exceptions");
}

/* ---- update ---- */

static bool differs(const json_t *a, const json_t *b, const char *name)
{
    const json_t *x = json_object_get(a, name), *y = json_object_get(b, name);

    return x != y && (!x || !y || !json_equal(x, y));
}

static bool rule_differs(const json_t *a, const json_t *b)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rule_members); i++)
        if (differs(a, b, rule_members[i]))
            return true;
    return false;
}

/* What an attendee may change in his own calendar without being the organizer: his row, and these. */
static bool only_personal(const json_t *a, const json_t *b)
{
    const struct oxd_column *c;

    for (c = oxd_calendar.columns; c->id; c++)
        if (c->type < OXG_RO && strcmp(c->name, "categories") && strcmp(c->name, "color_label") &&
            differs(a, b, c->name))
            return false;
    return true;
}

/* Others have to answer again when the time moves. */
static void reset_answers(struct oxd_obj *o, int actor)
{
    for (guint i = 0; o->places && i < o->places->len; i++) {
        struct oxd_place *p = &g_array_index(o->places, struct oxd_place, i);

        if (p->user != actor && p->user != o->folder->owner)
            p->confirm = 0;
    }
}

static int check_move(struct oxd_req *req, const struct oxd_obj *o, struct oxd_folder *view, const json_t *body,
                      struct oxd_folder **to)
{
    const char *id = oxd_json_text(req, body, "folder_id");

    *to = NULL;
    if (!id || oxd_folder_find(req->ctx, req->user, id) == view)
        return 0;
    *to = oxd_pim_folder(req, &oxd_calendar, id);
    if (!*to)
        return -1;
    if (view != o->folder)
        return oxd_fail(req, "CAL-4035", "Only the organizer's copy can be moved");
    return oxd_pim_may_create(req, &oxd_calendar, *to) ? 0 : -1;
}

static void move_series(struct oxd_obj *o, struct oxd_folder *to, int64_t stamp)
{
    GPtrArray *all = cal_exceptions(o);

    for (guint i = 0; i < all->len; i++)
        oxd_obj_move(all->pdata[i], to, stamp);
    g_ptr_array_free(all, TRUE);
    oxd_obj_move(o, to, stamp);
}

/* New members for the object, checked; NULL: error set or *conflicts. */
static json_t *new_members(struct oxd_req *req, struct oxd_obj *o, struct oxd_folder *view, const json_t *body,
                           json_t **conflicts)
{
    json_t *m = json_deep_copy(o->f);
    const json_t *type = json_object_get(body, "recurrence_type"), *seq = json_object_get(body, "sequence");
    struct oxd_obj probe = *o;

    if (json_is_integer(type) && !cal_is_exception(o))
        json_object_set_new(m, "recurrence_type", json_integer(json_integer_value(type)));
    if (oxd_pim_apply(req, &oxd_calendar, body, m) < 0)
        goto fail;
    json_object_set(m, "uid", json_object_get(o->f, "uid"));
    take_week_start(body, m);
    if (cal_is_exception(o))
        for (size_t i = 1; i < G_N_ELEMENTS(rule_members); i++)
            json_object_del(m, rule_members[i]);
    if (view != o->folder && o->folder->type == OXT_PRIVATE && !oxd_switch_is("attendee-edit", "allow") &&
        !only_personal(o->f, m)) {
        oxd_fail(req, "CAL-4038", "User %d is not the organizer of %d", req->user->id, o->id);
        goto fail;
    }
    if (cal_check(req, o->folder, m) < 0)
        goto fail;
    json_object_set_new(
        m, "sequence",
        json_integer(json_is_integer(seq) ? json_integer_value(seq) : oxd_field_int(m, "sequence", 0) + 1));
    probe.f = m;
    if ((differs(o->f, m, "start_date") || differs(o->f, m, "end_date") || differs(o->f, m, "participants")) &&
        clash(req, &probe, body, conflicts))
        goto fail;
    return m;
fail:
    json_decref(m);
    return NULL;
}

static struct oxd_obj *change_occurrence(struct oxd_req *req, struct oxd_obj *master, struct oxd_folder *view,
                                         const json_t *body, int position, json_t **conflicts)
{
    struct cal_occ occ;
    struct oxd_obj copy, *o;
    json_t *m;

    if (!cal_occurrence(master, position, &occ) || cal_day_listed(master, "delete_exceptions", occ.day)) {
        oxd_fail(req, "CAL-4042", "Event occurrence %d of series %d not found", position, master->id);
        return NULL;
    }
    o = exception_at(master, occ.day);
    if (o)
        return cal_change(req, o, view, body, conflicts);
    /* Check on a copy first, so that a refused change leaves no exception behind. */
    copy = cal_occ_object(master, &occ);
    json_object_set_new(copy.f, "recurrence_type", json_integer(0));
    copy.id = 0;
    m = new_members(req, &copy, view, body, conflicts);
    cal_occ_free(&copy);
    if (!m)
        return NULL;
    json_decref(m);
    o = cal_exception_for(req, master, &occ, oxd_stamp());
    o = cal_change(req, o, view, body, NULL);
    return o;
}

struct oxd_obj *cal_change(struct oxd_req *req, struct oxd_obj *o, struct oxd_folder *view, const json_t *body,
                           json_t **conflicts)
{
    int position = cal_position(req, o, body, "recurrence_position"), actor = cal_actor(req, view);
    struct oxd_folder *to;
    bool moved_time, new_rule;
    int64_t stamp;
    json_t *m;

    if (position < 0)
        return NULL;
    if (position > 0)
        return change_occurrence(req, o, view, body, position, conflicts);
    if (check_move(req, o, view, body, &to) < 0)
        return NULL;
    m = new_members(req, o, view, body, conflicts);
    if (!m)
        return NULL;
    stamp = oxd_stamp();
    moved_time = differs(o->f, m, "start_date") || differs(o->f, m, "end_date");
    new_rule = !cal_is_exception(o) && rule_differs(o->f, m);
    if (new_rule)
        drop_exceptions(o, stamp);
    if (new_rule) {
        json_object_del(m, "change_exceptions");
        json_object_del(m, "delete_exceptions");
    }
    json_decref(o->f);
    o->f = m;
    if (cal_is_series(o))
        json_object_set_new(m, "recurrence_id", json_integer(o->id));
    else if (!cal_is_exception(o))
        json_object_del(m, "recurrence_id");
    if (to)
        move_series(o, to, stamp);
    cal_places(o, stamp);
    set_alarm(o, actor, body);
    if (moved_time)
        reset_answers(o, actor);
    oxd_obj_touch(o, req->user->id, stamp);
    if (cal_is_exception(o))
        oxd_obj_touch(cal_master(o), req->user->id, stamp);
    return o;
}

/* ---- delete ---- */

static int remove_occurrence(struct oxd_req *req, struct oxd_obj *master, int position)
{
    struct cal_occ occ;
    struct oxd_obj *exception;
    int64_t stamp = oxd_stamp();

    if (!cal_occurrence(master, position, &occ) || cal_day_listed(master, "delete_exceptions", occ.day))
        return oxd_fail(req, "CAL-4042", "Event occurrence %d of series %d not found", position, master->id);
    exception = exception_at(master, occ.day);
    if (exception)
        oxd_obj_delete(exception, stamp);
    cal_day_drop(master, "change_exceptions", occ.day);
    cal_day_add(master, "delete_exceptions", occ.day);
    json_object_set_new(master->f, "sequence", json_integer(oxd_obj_int(master, "sequence", 0) + 1));
    oxd_obj_touch(master, req->user->id, stamp);
    return 0;
}

/* A participant who deletes takes himself out. */
static int leave_appointment(struct oxd_req *req, struct oxd_obj *o, int user)
{
    json_t *list = json_array();
    int64_t stamp = oxd_stamp();
    const json_t *p;
    size_t i;

    json_array_foreach(json_object_get(o->f, "participants"), i, p)
        if (oxd_field_int(p, "type", 0) != 1 || oxd_json_id(json_object_get(p, "id")) != user)
            json_array_append_new(list, json_deep_copy(p));
    json_object_set_new(o->f, "participants", list);
    oxd_obj_unplace(o, user, stamp);
    oxd_obj_touch(o, req->user->id, stamp);
    return 0;
}

int cal_remove(struct oxd_req *req, struct oxd_obj *o, struct oxd_folder *view, int position)
{
    int64_t stamp;

    if (!oxd_obj_can(o, view, req->user, OXD_R_DELETE))
        return oxd_fail(req, "CAL-4032", "User %d may not delete appointment %d", req->user->id, o->id);
    if (position > 0)
        return remove_occurrence(req, o, position);
    if (view != o->folder)
        return leave_appointment(req, o, cal_actor(req, view));
    if (cal_is_exception(o) && cal_master(o) != o)
        return remove_occurrence(req, cal_master(o), (int)oxd_obj_int(o, "recurrence_position", 0));
    stamp = oxd_stamp();
    if (cal_is_series(o))
        drop_exceptions(o, stamp);
    oxd_obj_delete(o, stamp);
    return 0;
}

/* ---- answers ---- */

int cal_answer(struct oxd_req *req, struct oxd_obj *o, int user, int64_t status, const char *message)
{
    struct oxd_place *p = oxd_obj_place_of(o, user);

    if (!p)
        return oxd_fail(req, "CAL-4034", "User %d does not take part in %d", user, o->id);
    if (status < 0 || status > 3)
        return oxd_fail(req, "CAL-4230", "confirmation must be from 0 to 3");
    p->confirm = (int)status;
    if (message) {
        g_free(p->message);
        p->message = g_strdup(message);
    }
    oxd_obj_touch(o, req->user->id, oxd_stamp());
    if (cal_is_exception(o))
        oxd_obj_touch(cal_master(o), req->user->id, o->modified);
    return 0;
}
