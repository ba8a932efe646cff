/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include "chronos.h"
#include "data.h"
#include "seedfield.h"

/* Events as appointments. */

static int64_t day_of(int64_t t)
{
    return t - ((t % OXD_DAY) + OXD_DAY) % OXD_DAY;
}

/* ---- times ---- */

static int to_date(struct oxd_req *req, const json_t *ev, const char *name, json_t *out, const char *to)
{
    const json_t *v = json_object_get(ev, name);
    const char *value = oxd_field_str(v, "value", NULL), *tzid = oxd_field_str(v, "tzid", NULL);
    GTimeZone *zone = oxd_zone(tzid);
    bool date_only;
    int64_t t;

    if (!v)
        return 0;
    t = value ? chronos_instant(value, zone, &date_only) : -1;
    if (!value || (t == -1 && strncmp(value, "19691231", 8)) || (tzid && !zone))
        return oxd_fail(req, "CAL-4230", "%s is not a date", name);
    json_object_set_new(out, to, json_integer(t));
    if (strcmp(name, "startDate"))
        return 0;
    json_object_set_new(out, "full_time", json_boolean(date_only));
    if (!date_only)
        json_object_set_new(out, "timezone", json_string(tzid ? tzid : "UTC"));
    return 0;
}

/* The last day an UNTIL leaves: of an instant, the one whose occurrence does not begin after it. */
static void to_until(const char *rule, json_t *out, GTimeZone *zone, int64_t time_of_day)
{
    const char *p = strstr(rule, "UNTIL=");
    bool date_only;
    int64_t at = p ? chronos_instant(p + 6, zone, &date_only) : -1, local = oxd_time_out(zone, at);

    if (p && !date_only)
        json_object_set_new(out, "until",
                            json_integer(day_of(local) - (local - day_of(local) < time_of_day ? OXD_DAY : 0)));
}

static int to_rule(struct oxd_req *req, const struct oxd_obj *o, const json_t *ev, json_t *out)
{
    static const char *const names[] = {"days", "day_in_month", "month", "until", "occurrences", "week_start"};
    const json_t *v = json_object_get(ev, "rrule");
    const char *rule = json_string_value(v), *tz = o ? oxd_obj_str(o, "timezone") : NULL;
    int64_t start = oxd_field_int(out, "start_date", o ? oxd_obj_int(o, "start_date", 0) : 0);
    bool full = oxd_field_bool(out, "full_time", o && oxd_obj_bool(o, "full_time"));

    if (!v)
        return 0;
    if (!rule || !*rule) {
        json_object_set_new(out, "recurrence_type", json_integer(0));
        return 0;
    }
    tz = oxd_field_str(out, "timezone", tz);
    start = full ? start : oxd_time_out(oxd_zone(tz), start);
    if (oxd_recur_from_rrule(rule, out, day_of(start)) < 0)
        return oxd_fail(req, "CAL-4223", "Unsupported RRULE %s", rule);
    if (!full)
        to_until(rule, out, oxd_zone(tz), start - day_of(start));
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) /* what the rule before had */
        if (!json_object_get(out, names[i]))
            json_object_set_new(out, names[i], json_null());
    return 0;
}

/* ---- people ---- */

static const char *mail_of(const json_t *v)
{
    const char *uri = oxd_field_str(v, "uri", ""), *mail = oxd_field_str(v, "email", NULL);

    return mail ? mail : g_str_has_prefix(uri, "mailto:") ? uri + 7 : NULL;
}

static const char *type_of(const json_t *v)
{
    const char *type = oxd_field_str(v, "cuType", "INDIVIDUAL");

    return !strcmp(type, "ROOM") ? "RESOURCE" : type;
}

static const struct oxd_user *user_of(const struct oxd_req *req, const json_t *v)
{
    const struct oxd_user *u = oxd_user_find(req->ctx, (int)oxd_field_int(v, "entity", -1));

    return u || !mail_of(v) ? u : oxd_user_by_address(req->ctx, mail_of(v));
}

static json_t *to_participants(const struct oxd_req *req, const json_t *list)
{
    json_t *out = json_array();
    const json_t *v;
    size_t i;

    json_array_foreach(list, i, v) {
        int64_t entity = oxd_field_int(v, "entity", 0);
        const char *type = type_of(v), *mail = mail_of(v);
        const struct oxd_user *u = user_of(req, v);

        if (entity > 0 && (!strcmp(type, "GROUP") || !strcmp(type, "RESOURCE")))
            json_array_append_new(out, json_pack("{s:I, s:i, s:s}", "id", (json_int_t)entity, "type",
                                                 !strcmp(type, "GROUP") ? 2 : 3, "display_name",
                                                 oxd_field_str(v, "cn", type)));
        else if (u)
            json_array_append_new(out, json_pack("{s:i, s:i}", "id", u->id, "type", 1));
        else if (mail)
            json_array_append_new(out, json_pack("{s:i, s:s, s:s}", "type", 5, "mail", mail, "display_name",
                                                 oxd_field_str(v, "cn", mail)));
    }
    return out;
}

/* Only for a new event: afterwards it takes changeOrganizer. */
static int to_organizer(struct oxd_req *req, const struct oxd_obj *o, const json_t *ev, json_t *out)
{
    const json_t *v = json_object_get(ev, "organizer");
    const char *mail = mail_of(v);
    const struct oxd_user *u = v ? user_of(req, v) : NULL;

    if (!json_is_object(v))
        return 0;
    if (o && (u ? u->id != oxd_obj_int(o, "organizerId", 0) : g_strcmp0(mail, oxd_obj_str(o, "organizer"))))
        return oxd_fail(req, "CAL-40310", "Different organizer for %d", o->id);
    if (!o && (u || mail))
        json_object_set_new(out, "organizer", json_string(u ? u->email : mail));
    if (!o && u)
        json_object_set_new(out, "organizerId", json_integer(u->id));
    return 0;
}

/* ---- plain members ---- */

static void to_texts(const json_t *ev, json_t *out)
{
    static const char *const pairs[][2] = {
        {"summary", "title"}, {"location", "location"}, {"description", "note"}, {"uid", "uid"}};
    const json_t *list = json_object_get(ev, "categories"), *v;
    GString *words = g_string_new(NULL);
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(pairs); i++)
        if (json_object_get(ev, pairs[i][0]))
            json_object_set(out, pairs[i][1], json_object_get(ev, pairs[i][0]));
    json_array_foreach(list, i, v)
        g_string_append_printf(words, "%s%s", i ? "," : "", json_string_value(v) ? json_string_value(v) : "");
    if (list)
        json_object_set_new(out, "categories", json_string(words->str));
    g_string_free(words, TRUE);
}

/* The legacy model knows four ways of being busy; of them only "free" is not opaque. */
static void to_shown(const struct oxd_obj *o, const json_t *ev, json_t *out)
{
    const json_t *v = json_object_get(ev, "transp");
    bool free_now = o && oxd_obj_int(o, "shown_as", 1) == 4;

    if (!v)
        return;
    if (!g_strcmp0(json_string_value(v), "TRANSPARENT"))
        json_object_set_new(out, "shown_as", json_integer(4));
    else if (!o || free_now)
        json_object_set_new(out, "shown_as", json_integer(1));
}

static void to_alarm(const json_t *ev, json_t *out)
{
    const json_t *list = json_object_get(ev, "alarms"), *v;
    int minutes = -1;
    size_t i;

    if (!list)
        return;
    json_array_foreach(list, i, v)
        if (minutes < 0)
            minutes = chronos_alarm_minutes(v);
    json_object_set_new(out, "alarm", json_integer(minutes));
}

json_t *chronos_to_legacy(struct oxd_req *req, const struct oxd_obj *o, const json_t *ev)
{
    json_t *out = json_object();
    const json_t *v = json_object_get(ev, "sequence");

    if (json_is_integer(v) && o && json_integer_value(v) < oxd_obj_int(o, "sequence", 0)) {
        oxd_fail(req, "CAL-4121", "Sequence of %d is newer", o->id);
        goto fail;
    }
    if (json_is_integer(v))
        json_object_set_new(out, "sequence", json_integer(json_integer_value(v)));
    to_texts(ev, out);
    to_shown(o, ev, out);
    to_alarm(ev, out);
    if ((v = json_object_get(ev, "class")))
        json_object_set_new(out, "private_flag",
                            json_boolean(json_is_string(v) && strcmp(json_string_value(v), "PUBLIC")));
    if ((v = json_object_get(ev, "attendees")))
        json_object_set_new(out, "participants", to_participants(req, v));
    if (to_date(req, ev, "startDate", out, "start_date") < 0 || to_date(req, ev, "endDate", out, "end_date") < 0 ||
        to_rule(req, o, ev, out) < 0 || to_organizer(req, o, ev, out) < 0)
        goto fail;
    return out;
fail:
    json_decref(out);
    return NULL;
}

/* ---- what is kept beside ---- */

int chronos_may_keep(struct oxd_req *req, const struct oxd_obj *o, const struct oxd_folder *view, const json_t *ev)
{
    if (view == o->folder || o->folder->type != OXT_PRIVATE || oxd_switch_is("attendee-edit", "allow"))
        return 0;
    for (const char *const *name = chronos_kept; *name; name++)
        if (json_object_get(ev, *name))
            return oxd_fail(req, "CAL-4038", "User %d is not the organizer of %d", req->user->id, o->id);
    return 0;
}

static void keep_people(const struct oxd_req *req, struct oxd_obj *o, json_t *extras, const json_t *list)
{
    static const char *const stats[] = {"NEEDS-ACTION", "ACCEPTED", "DECLINED", "TENTATIVE"};
    json_t *people = json_object(), *v;
    size_t i;

    json_array_foreach(list, i, v) {
        static const char *const names[] = {"role", "cuType", "rsvp", "sentBy"};
        const struct oxd_user *u = user_of(req, v);
        char *key = chronos_person_key(u ? u->id : oxd_field_int(v, "entity", 0), u ? NULL : type_of(v), mail_of(v));
        json_t *ext = mail_of(v) ? json_object_get(json_object_get(o->f, "external"), mail_of(v)) : NULL, *one;
        const char *stat = oxd_field_str(v, "partStat", NULL);

        one = json_object();
        for (size_t k = 0; k < G_N_ELEMENTS(names); k++)
            if (json_object_get(v, names[k]))
                json_object_set(one, names[k], json_object_get(v, names[k]));
        for (int k = 0; stat && ext && k < 4; k++)
            if (!strcmp(stat, stats[k]))
                json_object_set_new(ext, "status", json_integer(k));
        json_object_set_new(people, key, one);
        g_free(key);
    }
    json_object_set_new(extras, "people", people);
}

static void keep_alarms(struct oxd_req *req, const struct oxd_folder *view, json_t *extras, const json_t *list)
{
    json_t *all = json_object_get(extras, "alarms"), *copy = json_deep_copy(list), *v;
    char key[16];
    size_t i;

    g_snprintf(key, sizeof(key), "%d", cal_actor(req, view));
    if (!all) {
        all = json_object();
        json_object_set_new(extras, "alarms", all);
    }
    json_array_foreach(copy, i, v)
        if (!json_object_get(v, "id"))
            json_object_set_new(v, "id", json_integer(oxd_new_id(req->ctx)));
    json_object_set_new(all, key, json_is_array(copy) ? copy : json_array());
    if (!json_is_array(copy))
        json_decref(copy);
}

static void keep_rule(const struct oxd_obj *o, json_t *extras, const json_t *text)
{
    char *rule = chronos_rule(o);

    if (rule && json_is_string(text))
        json_object_set_new(extras, "rrule", json_pack("{s:O, s:s}", "text", text, "as", rule));
    g_free(rule);
}

void chronos_keep(struct oxd_req *req, struct oxd_obj *o, const struct oxd_folder *view, const json_t *ev)
{
    json_t *extras = json_object_get(o->f, "chronos");
    const json_t *v, *end = json_object_get(ev, "endDate");
    const char *class = oxd_field_str(ev, "class", NULL);

    if (!extras) {
        extras = json_object();
        json_object_set_new(o->f, "chronos", extras);
    }
    for (const char *const *name = chronos_kept; *name; name++) {
        v = json_object_get(ev, *name);
        if (v && (json_is_null(v) || (json_is_string(v) && !json_string_length(v))))
            json_object_del(extras, *name);
        else if (v)
            json_object_set_new(extras, *name, json_deep_copy(v));
    }
    if (class)
        json_object_set_new(extras, "class", json_string(strcmp(class, "PUBLIC") ? class : "PRIVATE"));
    if (end && json_object_get(end, "tzid"))
        json_object_set(extras, "endTzid", json_object_get(end, "tzid"));
    else if (end)
        json_object_del(extras, "endTzid");
    if ((v = json_object_get(ev, "attendees")))
        keep_people(req, o, extras, v);
    if ((v = json_object_get(ev, "alarms")))
        keep_alarms(req, view, extras, v);
    keep_rule(o, extras, json_object_get(ev, "rrule"));
}
