/* SPDX-License-Identifier: Apache-2.0 */
#include "cal.h"
#include "data.h"
#include "seedfield.h"

/* Columns of appointments, spec 5.2 and 5.4. */

enum { G_ALARM = OXG_MODULE, G_SERIES, G_POSITION, G_DAY, G_TYPE, G_CHANGED, G_DELETED, G_USERS, G_CONFIRMATIONS,
       G_SEQUENCE, G_START_DAY };

#define S(id, name) {id, name, OXG_STR}

static const struct oxd_column columns[] = {
    {1, "id", OXG_ID},
    {2, "created_by", OXG_CREATED_BY},
    {3, "modified_by", OXG_MODIFIED_BY},
    {4, "creation_date", OXG_CREATED},
    {5, "last_modified", OXG_MODIFIED},
    {6, "last_modified_utc", OXG_MODIFIED_UTC},
    {20, "folder_id", OXG_FOLDER},
    S(100, "categories"),
    {101, "private_flag", OXG_BOOL},
    {102, "color_label", OXG_INT},
    {104, "number_of_attachments", OXG_ATTACHMENTS},
    {105, "lastModifiedOfNewestAttachmentUTC", OXG_ATTACHMENT_MODIFIED},
    S(200, "title"),
    {201, "start_date", OXG_TIME_FULL},
    {202, "end_date", OXG_TIME_FULL},
    S(203, "note"),
    {204, "alarm", G_ALARM},
    {206, "recurrence_id", G_SERIES},
    {207, "recurrence_position", G_POSITION},
    {208, "recurrence_date_position", G_DAY},
    {209, "recurrence_type", G_TYPE},
    {210, "change_exceptions", G_CHANGED},
    {211, "delete_exceptions", G_DELETED},
    {212, "days", OXG_INT},
    {213, "day_in_month", OXG_INT},
    {214, "month", OXG_INT},
    {215, "interval", OXG_INT},
    {216, "until", OXG_DATE},
    {220, "participants", OXG_JSON},
    {221, "users", G_USERS},
    {222, "occurrences", OXG_INT},
    S(223, "uid"),
    S(224, "organizer"),
    {225, "sequence", G_SEQUENCE},
    {226, "confirmations", G_CONFIRMATIONS},
    {227, "organizerId", OXG_INT},
    S(228, "principal"),
    {229, "principalId", OXG_INT},
    S(400, "location"),
    {401, "full_time", OXG_BOOL},
    {402, "shown_as", OXG_INT},
    S(408, "timezone"),
    {410, "recurrence_start", G_START_DAY},
    {0, NULL, 0},
};

#undef S

static const struct oxd_limit limits[] = {{200, 255}, {203, 16000}, {400, 255}, {223, 1024}, {100, 255}, {0, 0}};

static json_t *alarm(const struct oxd_req *req, const struct oxd_obj *o, const struct oxd_folder *view)
{
    int actor = view ? cal_actor(req, view) : req->user ? req->user->id : 0;
    const struct oxd_place *p = oxd_obj_place_of(o, actor);

    return json_integer(p ? p->alarm : -1);
}

static json_t *users(const struct oxd_obj *o)
{
    json_t *out = json_array();

    for (guint i = 0; o->places && i < o->places->len; i++) {
        const struct oxd_place *p = &g_array_index(o->places, struct oxd_place, i);
        const struct oxd_user *u = oxd_user_find(o->folder->ctx, p->user);

        json_array_append_new(out, json_pack("{s:i, s:s, s:i, s:s}", "id", p->user, "display_name",
                                             u ? u->display_name : "", "confirm", p->confirm, "confirmmessage",
                                             p->message ? p->message : ""));
    }
    return out;
}

static json_t *confirmations(const struct oxd_obj *o)
{
    json_t *out = json_array(), *ext;
    const char *mail;

    for (guint i = 0; o->places && i < o->places->len; i++) {
        const struct oxd_place *p = &g_array_index(o->places, struct oxd_place, i);
        const struct oxd_user *u = oxd_user_find(o->folder->ctx, p->user);

        if (u)
            json_array_append_new(out, json_pack("{s:i, s:i, s:s, s:s, s:i, s:s}", "type", 1, "id", u->id, "mail",
                                                 u->email, "display_name", u->display_name, "status", p->confirm,
                                                 "message", p->message ? p->message : ""));
    }
    json_object_foreach(json_object_get(o->f, "external"), mail, ext)
        json_array_append_new(out, json_pack("{s:i, s:s, s:s, s:I, s:s}", "type", 5, "mail", mail, "display_name",
                                             oxd_field_str(ext, "display_name", ""), "status",
                                             (json_int_t)oxd_field_int(ext, "status", 0), "message",
                                             oxd_field_str(ext, "message", "")));
    return out;
}

static json_t *days(const struct oxd_obj *o, const char *name)
{
    json_t *list = json_object_get(o->f, name);

    return json_array_size(list) ? json_incref(list) : NULL;
}

static json_t *own(struct oxd_req *req, const struct oxd_obj *o, const struct oxd_folder *view, int type)
{
    switch (type) {
    case G_ALARM: return alarm(req, o, view);
    case G_SERIES: return json_integer(oxd_obj_int(o, "recurrence_id", cal_is_series(o) ? o->id : 0));
    case G_POSITION: return json_integer(oxd_obj_int(o, "recurrence_position", 0));
    case G_DAY: return json_incref(json_object_get(o->f, "recurrence_date_position"));
    case G_TYPE: return json_integer(oxd_obj_int(o, "recurrence_type", 0));
    case G_CHANGED: return days(o, "change_exceptions");
    case G_DELETED: return days(o, "delete_exceptions");
    case G_USERS: return users(o);
    case G_CONFIRMATIONS: return confirmations(o);
    case G_SEQUENCE: return json_integer(oxd_obj_int(o, "sequence", 0));
    case G_START_DAY: return cal_is_series(o) ? json_integer(cal_first_day(o)) : NULL;
    default: return NULL;
    }
}

const struct oxd_class oxd_calendar = {
    .kind = OXK_CALENDAR, .columns = columns, .limits = limits, .text_max = 255, .e_not_found = "CAL-4040",
    .e_read = "CAL-4030", .e_write = "CAL-4031", .e_delete = "CAL-4032", .e_create = "CAL-4031", .e_folder = "CAL-4045",
    .e_no_folder = "CAL-4045", .e_conflict = "CAL-4120", .e_long = "CAL-4229", .e_type = "CAL-4230",
    .e_private = "CAL-4222", .noun = "Appointment", .deletions_by_default = true, .switch_ids = "calendar-ids",
    .string_ids = false, .own = own,
};
