/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include "chronos.h"
#include "data.h"
#include "seedfield.h"

/* ---- dates ---- */

int64_t chronos_instant(const char *text, GTimeZone *zone, bool *date_only)
{
    int y, mo, d, h = 0, mi = 0, s = 0, n = sscanf(text, "%4d%2d%2dT%2d%2d%2d", &y, &mo, &d, &h, &mi, &s);
    int64_t t;

    if (date_only)
        *date_only = n == 3;
    if (n < 3 || mo < 1 || mo > 12)
        return -1;
    t = oxd_day_make(y, mo - 1, d) + ((h * 60 + mi) * 60 + s) * 1000LL;
    return n > 3 && zone && !strchr(text, 'Z') ? oxd_time_in(zone, t) : t;
}

static void format(char out[20], int64_t t, bool date_only)
{
    int y, mo, d, w, s = (int)(((t % OXD_DAY) + OXD_DAY) % OXD_DAY / 1000);

    oxd_day_split(t, &y, &mo, &d, &w);
    if (date_only)
        g_snprintf(out, 20, "%04d%02d%02d", y, mo + 1, d);
    else
        g_snprintf(out, 20, "%04d%02d%02dT%02d%02d%02d", y, mo + 1, d, s / 3600, s / 60 % 60, s % 60);
}

static json_t *date_time(const struct oxd_obj *o, const char *name)
{
    int64_t t = oxd_obj_int(o, name, 0);
    char text[20];

    if (oxd_obj_bool(o, "full_time")) {
        format(text, t, true);
        return json_pack("{s:s}", "value", text);
    }
    format(text, oxd_time_out(cal_zone(o), t), false);
    return json_pack("{s:s, s:s}", "value", text, "tzid", oxd_field_str(o->f, "timezone", "UTC"));
}

/* The original start of an occurrence as an instant. */
static int64_t original_start(const struct oxd_obj *o, int64_t day)
{
    const struct oxd_obj *m = cal_master(o);
    int64_t tod = oxd_time_out(cal_zone(m), oxd_obj_int(m, "start_date", 0)) - cal_first_day(m);

    return oxd_obj_bool(m, "full_time") ? day : oxd_time_in(cal_zone(m), day + tod);
}

static json_t *recurrence_id(const struct oxd_obj *o, int64_t day)
{
    char text[20];
    bool full = oxd_obj_bool(cal_master(o), "full_time");

    format(text, original_start(o, day), full);
    return json_sprintf("%s%s", text, full ? "" : "Z");
}

static json_t *exception_dates(const struct oxd_obj *o, const char *list)
{
    json_t *out;
    const json_t *v;
    size_t i;

    if (!cal_is_series(o) || !json_array_size(json_object_get(o->f, list)))
        return NULL;
    out = json_array();
    json_array_foreach(json_object_get(o->f, list), i, v)
        json_array_append_new(out, recurrence_id(o, json_integer_value(v)));
    return out;
}

/* ---- people ---- */

static const char *const stats[] = {"NEEDS-ACTION", "ACCEPTED", "DECLINED", "TENTATIVE"};

static json_t *user_object(const struct oxd_user *u)
{
    return u ? json_pack("{s:o, s:s, s:s, s:i}", "uri", json_sprintf("mailto:%s", u->email), "cn", u->display_name,
                         "email", u->email, "entity", u->id)
             : NULL;
}

static json_t *attendees(const struct oxd_obj *o)
{
    json_t *out = json_array(), *ext;
    const char *mail;

    for (guint i = 0; o->places && i < o->places->len; i++) {
        const struct oxd_place *p = &g_array_index(o->places, struct oxd_place, i);
        json_t *v = user_object(oxd_user_find(o->folder->ctx, p->user));

        if (!v)
            continue;
        json_object_set_new(v, "cuType", json_string("INDIVIDUAL"));
        json_object_set_new(v, "role", json_string("REQ-PARTICIPANT"));
        json_object_set_new(v, "partStat", json_string(stats[p->confirm & 3]));
        if (p->message && *p->message)
            json_object_set_new(v, "comment", json_string(p->message));
        if (p->folder)
            json_object_set_new(v, "folder", json_sprintf("cal://0/%d", p->folder->num));
        json_array_append_new(out, v);
    }
    json_object_foreach(json_object_get(o->f, "external"), mail, ext) json_array_append_new(
        out, json_pack("{s:o, s:s, s:s, s:s, s:s, s:s}", "uri", json_sprintf("mailto:%s", mail), "cn",
                       oxd_field_str(ext, "display_name", mail), "email", mail, "cuType", "INDIVIDUAL", "role",
                       "REQ-PARTICIPANT", "partStat", stats[oxd_field_int(ext, "status", 0) & 3]));
    return out;
}

static json_t *alarms(const struct oxd_req *req, const struct oxd_obj *o)
{
    const struct oxd_place *p = oxd_obj_place_of(o, req->user->id);

    if (!p || p->alarm < 0)
        return NULL;
    return json_pack("[{s:s, s:{s:o}}]", "action", "DISPLAY", "trigger", "duration", json_sprintf("-PT%dM", p->alarm));
}

static json_t *categories(const struct oxd_obj *o)
{
    const char *text = oxd_obj_str(o, "categories");
    char **words;
    json_t *out;

    if (!text)
        return NULL;
    out = json_array();
    words = g_strsplit(text, ",", -1);
    for (char **w = words; *w; w++)
        json_array_append_new(out, json_string(g_strstrip(*w)));
    g_strfreev(words);
    return out;
}

static json_t *flags(const struct oxd_req *req, const struct oxd_obj *o)
{
    json_t *out = json_array();
    const struct oxd_place *p = oxd_obj_place_of(o, req->user->id);

    if (o->attachments)
        json_array_append_new(out, json_string("attachments"));
    if (p && p->alarm >= 0)
        json_array_append_new(out, json_string("alarms"));
    if (o->places && o->places->len + json_object_size(json_object_get(o->f, "external")) > 1)
        json_array_append_new(out, json_string("scheduled"));
    if (oxd_obj_int(o, "organizerId", 0) == req->user->id)
        json_array_append_new(out, json_string("organizer"));
    if (p)
        json_array_append_new(out, json_string("attendee"));
    if (oxd_obj_bool(o, "private_flag"))
        json_array_append_new(out, json_string("private"));
    if (oxd_obj_int(o, "shown_as", 1) == 4)
        json_array_append_new(out, json_string("transparent"));
    if (cal_is_series(o))
        json_array_append_new(out, json_string("series"));
    if (cal_is_exception(o))
        json_array_append_new(out, json_string("overridden"));
    return out;
}

/* ---- events ---- */

static bool wanted(const char *fields, const char *name)
{
    size_t n = strlen(name);

    for (const char *p = fields; p && *p;) {
        size_t len = strcspn(p, ",");

        if (len == n && !strncmp(p, name, n))
            return true;
        p += len + (p[len] == ',');
    }
    return !fields;
}

static json_t *text(const struct oxd_obj *o, const char *name)
{
    return oxd_obj_str(o, name) ? json_string(oxd_obj_str(o, name)) : NULL;
}

static json_t *rrule(const struct oxd_obj *o)
{
    const json_t *until = json_object_get(o->f, "until");
    char *rule = oxd_recur_rrule(o->f, until && !oxd_obj_bool(o, "full_time")
                                           ? original_start(o, json_integer_value(until)) : -1);
    json_t *v = rule ? json_string(rule) : NULL;

    g_free(rule);
    return v;
}

json_t *chronos_event(struct oxd_req *req, const struct oxd_obj *o, const struct oxd_folder *view, const char *fields)
{
    const json_t *day = json_object_get(o->f, "recurrence_date_position");
    int64_t series = oxd_obj_int(o, "recurrence_id", 0);
    json_t *out = json_object();
    const struct {
        const char *name;
        json_t *value;
    } all[] = {
        {"id", json_sprintf("%d", o->id)},
        {"seriesId", series ? json_sprintf("%d", (int)series) : NULL},
        {"folder", json_sprintf("cal://0/%d", view->num)},
        {"timestamp", json_integer(o->modified)},
        {"recurrenceId", json_is_integer(day) ? recurrence_id(o, json_integer_value(day)) : NULL},
        {"uid", text(o, "uid")},
        {"sequence", json_integer(oxd_obj_int(o, "sequence", 0))},
        {"created", json_integer(o->created)},
        {"lastModified", json_integer(o->modified)},
        {"createdBy", user_object(oxd_user_find(o->folder->ctx, o->created_by))},
        {"modifiedBy", user_object(oxd_user_find(o->folder->ctx, o->modified_by))},
        {"organizer", user_object(oxd_user_find(o->folder->ctx, (int)oxd_obj_int(o, "organizerId", 0)))},
        {"summary", text(o, "title")},
        {"location", text(o, "location")},
        {"description", text(o, "note")},
        {"categories", categories(o)},
        {"class", json_string(oxd_obj_bool(o, "private_flag") ? "PRIVATE" : "PUBLIC")},
        {"transp", json_string(oxd_obj_int(o, "shown_as", 1) == 4 ? "TRANSPARENT" : "OPAQUE")},
        {"startDate", date_time(o, "start_date")},
        {"endDate", date_time(o, "end_date")},
        {"rrule", rrule(o)},
        {"changeExceptionDates", exception_dates(o, "change_exceptions")},
        {"deleteExceptionDates", exception_dates(o, "delete_exceptions")},
        {"attendees", attendees(o)},
        {"alarms", alarms(req, o)},
        {"flags", flags(req, o)},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
        if (all[i].value && wanted(fields, all[i].name))
            json_object_set_new(out, all[i].name, all[i].value);
        else
            json_decref(all[i].value);
    }
    return out;
}

/* ---- back ---- */

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
    if (!value || (tzid && !zone))
        return oxd_fail(req, "CAL-4230", "%s is not a date", name);
    json_object_set_new(out, to, json_integer(t));
    json_object_set_new(out, "full_time", json_boolean(date_only));
    if (tzid)
        json_object_set_new(out, "timezone", json_string(tzid));
    return 0;
}

static json_t *to_participants(struct oxd_req *req, const json_t *list)
{
    json_t *out = json_array();
    const json_t *v;
    size_t i;

    json_array_foreach(list, i, v) {
        const char *uri = oxd_field_str(v, "uri", ""), *mail = oxd_field_str(v, "email", NULL);
        const struct oxd_user *u = oxd_user_find(req->ctx, (int)oxd_field_int(v, "entity", -1));

        if (!mail && g_str_has_prefix(uri, "mailto:"))
            mail = uri + 7;
        if (!u && mail)
            u = oxd_user_by_address(req->ctx, mail);
        if (u)
            json_array_append_new(out, json_pack("{s:i, s:i}", "id", u->id, "type", 1));
        else if (mail)
            json_array_append_new(out, json_pack("{s:i, s:s, s:s}", "type", 5, "mail", mail, "display_name",
                                                 oxd_field_str(v, "cn", mail)));
    }
    return out;
}

static void copy_text(const json_t *ev, const char *from, json_t *out, const char *to)
{
    json_t *v = json_object_get(ev, from);

    if (v)
        json_object_set(out, to, v);
}

json_t *chronos_to_legacy(struct oxd_req *req, const json_t *ev)
{
    json_t *out = json_object();
    const json_t *v;
    const char *rule = oxd_field_str(ev, "rrule", NULL);
    int minutes;

    copy_text(ev, "summary", out, "title");
    copy_text(ev, "location", out, "location");
    copy_text(ev, "description", out, "note");
    copy_text(ev, "uid", out, "uid");
    if (to_date(req, ev, "startDate", out, "start_date") < 0 || to_date(req, ev, "endDate", out, "end_date") < 0) {
        json_decref(out);
        return NULL;
    }
    if ((v = json_object_get(ev, "class")))
        json_object_set_new(out, "private_flag", json_boolean(g_strcmp0(json_string_value(v), "PUBLIC")));
    if ((v = json_object_get(ev, "transp")))
        json_object_set_new(out, "shown_as", json_integer(!g_strcmp0(json_string_value(v), "TRANSPARENT") ? 4 : 1));
    if ((v = json_object_get(ev, "attendees")))
        json_object_set_new(out, "participants", to_participants(req, v));
    if ((v = json_object_get(ev, "alarms"))) {
        const char *d = oxd_field_str(json_object_get(json_array_get(v, 0), "trigger"), "duration", "");

        json_object_set_new(out, "alarm", json_integer(sscanf(d, "-PT%dM", &minutes) == 1 ? minutes : -1));
    }
    if (rule) {
        int64_t start = oxd_field_int(out, "start_date", 0);
        int64_t local = oxd_time_out(oxd_zone(oxd_field_str(out, "timezone", NULL)), start);

        if (oxd_recur_from_rrule(rule, out, local - ((local % OXD_DAY) + OXD_DAY) % OXD_DAY) < 0) {
            oxd_fail(req, "CAL-4223", "Unsupported RRULE %s", rule);
            json_decref(out);
            return NULL;
        }
    }
    return out;
}
