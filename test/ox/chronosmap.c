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
    const char *tzid;
    char text[20];

    if (oxd_obj_bool(o, "full_time")) {
        format(text, t, true);
        return json_pack("{s:s}", "value", text);
    }
    tzid = oxd_field_str(o->f, "timezone", "UTC");
    if (!strcmp(name, "end_date"))
        tzid = oxd_field_str(chronos_extras(o), "endTzid", tzid);
    format(text, oxd_time_out(oxd_zone(tzid), t), false);
    return json_pack("{s:s, s:s}", "value", text, "tzid", tzid);
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

const json_t *chronos_extras(const struct oxd_obj *o)
{
    return json_object_get(o->f, "chronos");
}

static const char *const stats[] = {"NEEDS-ACTION", "ACCEPTED", "DECLINED", "TENTATIVE"};

static json_t *user_object(const struct oxd_user *u)
{
    return u ? json_pack("{s:o, s:s, s:s, s:i}", "uri", json_sprintf("mailto:%s", u->email), "cn", u->display_name,
                         "email", u->email, "entity", u->id)
             : NULL;
}

static json_t *organizer(const struct oxd_obj *o)
{
    const struct oxd_user *u = oxd_user_find(o->folder->ctx, (int)oxd_obj_int(o, "organizerId", 0));
    const char *mail = oxd_obj_str(o, "organizer");

    if (u)
        return user_object(u);
    return mail ? json_pack("{s:o, s:s}", "uri", json_sprintf("mailto:%s", mail), "email", mail) : NULL;
}

static json_t *calendar_user(const struct oxd_obj *o, const struct oxd_folder *view)
{
    return user_object(view->type == OXT_PRIVATE ? oxd_user_find(o->folder->ctx, view->owner) : NULL);
}

char *chronos_person_key(int64_t entity, const char *type, const char *mail)
{
    if (entity > 0)
        return g_strdup_printf("%s:%d", type && (!strcmp(type, "GROUP") || !strcmp(type, "RESOURCE")) ? type : "USER",
                               (int)entity);
    return g_ascii_strdown(mail ? mail : "", -1);
}

/* What was said of a person in this interface alone. */
static void add_kept(const struct oxd_obj *o, json_t *v, int64_t entity, const char *type, const char *mail)
{
    char *key = chronos_person_key(entity, type, mail);
    const json_t *kept = json_object_get(json_object_get(chronos_extras(o), "people"), key);

    json_object_set_new(v, "cuType", json_string(type));
    json_object_set_new(v, "role", json_string("REQ-PARTICIPANT"));
    json_object_update(v, (json_t *)kept);
    g_free(key);
}

static void add_users(const struct oxd_obj *o, json_t *out)
{
    for (guint i = 0; o->places && i < o->places->len; i++) {
        const struct oxd_place *p = &g_array_index(o->places, struct oxd_place, i);
        json_t *v = user_object(oxd_user_find(o->folder->ctx, p->user));

        if (!v)
            continue;
        add_kept(o, v, p->user, "INDIVIDUAL", NULL);
        json_object_set_new(v, "partStat", json_string(stats[p->confirm & 3]));
        if (p->message && *p->message)
            json_object_set_new(v, "comment", json_string(p->message));
        if (p->folder)
            json_object_set_new(v, "folder", json_sprintf("cal://0/%d", p->folder->num));
        json_array_append_new(out, v);
    }
}

/* Groups and resources have numbers and no mail address. */
static void add_things(const struct oxd_obj *o, json_t *out)
{
    const json_t *p;
    size_t i;

    json_array_foreach(json_object_get(o->f, "participants"), i, p) {
        int64_t type = oxd_field_int(p, "type", 0), id = oxd_json_id(json_object_get(p, "id"));
        const char *word = type == 2 ? "GROUP" : "RESOURCE";
        json_t *v;

        if (type != 2 && type != 3)
            continue;
        v = json_pack("{s:o, s:I, s:s, s:s}", "uri", json_sprintf("urn:%s:%d", word, (int)id), "entity", (json_int_t)id,
                      "cn", oxd_field_str(p, "display_name", word), "partStat", "ACCEPTED");
        add_kept(o, v, id, word, NULL);
        json_array_append_new(out, v);
    }
}

static json_t *attendees(const struct oxd_obj *o)
{
    json_t *out = json_array(), *ext, *v;
    const char *mail;

    add_users(o, out);
    add_things(o, out);
    json_object_foreach(json_object_get(o->f, "external"), mail, ext) {
        v = json_pack("{s:o, s:s, s:s, s:s}", "uri", json_sprintf("mailto:%s", mail), "cn",
                      oxd_field_str(ext, "display_name", mail), "email", mail, "partStat",
                      stats[oxd_field_int(ext, "status", 0) & 3]);
        add_kept(o, v, 0, "INDIVIDUAL", mail);
        json_array_append_new(out, v);
    }
    return out;
}

/* ---- alarms ---- */

int chronos_alarm_minutes(const json_t *alarm)
{
    const json_t *trigger = json_object_get(alarm, "trigger");
    const char *p = oxd_field_str(trigger, "duration", NULL);
    int minus, n, len, minutes = 0;

    if (!p || strcmp(oxd_field_str(alarm, "action", "DISPLAY"), "DISPLAY") ||
        strcmp(oxd_field_str(trigger, "related", "START"), "START"))
        return -1;
    minus = *p == '-';
    p += minus;
    if (*p++ != 'P')
        return -1;
    for (; *p; p++) {
        if (*p == 'T')
            continue;
        if (sscanf(p, "%d%n", &n, &len) != 1)
            return -1;
        p += len;
        minutes += n * (*p == 'W' ? 10080 : *p == 'D' ? 1440 : *p == 'H' ? 60 : *p == 'M' ? 1 : 0);
    }
    return minus || !minutes ? minutes : -1;
}

/* The list as it was given, brought up to what the legacy interface, which knows one alarm, has made of it since. */
static json_t *alarms(struct oxd_req *req, const struct oxd_obj *o, const struct oxd_folder *view)
{
    const struct oxd_place *p = oxd_obj_place_of(o, cal_actor(req, view));
    json_t *list = json_array(), *v;
    bool told = false;
    char key[16];
    size_t i;

    g_snprintf(key, sizeof(key), "%d", cal_actor(req, view));
    json_array_foreach(json_object_get(json_object_get(chronos_extras(o), "alarms"), key), i, v) {
        bool display = chronos_alarm_minutes(v) >= 0;
        json_t *copy;

        if (display && (!p || p->alarm < 0))
            continue;
        copy = json_deep_copy(v);
        if (display && !told && chronos_alarm_minutes(v) != p->alarm)
            json_object_set_new(copy, "trigger", json_pack("{s:o}", "duration", json_sprintf("-PT%dM", p->alarm)));
        told |= display;
        json_array_append_new(list, copy);
    }
    if (!told && p && p->alarm >= 0)
        json_array_insert_new(list, 0, json_pack("{s:s, s:{s:o}}", "action", "DISPLAY", "trigger", "duration",
                                                 json_sprintf("-PT%dM", p->alarm)));
    if (json_array_size(list))
        return list;
    json_decref(list);
    return NULL;
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

const char *const chronos_kept[] = {"status",             "color",       "url",      "geo", "relatedTo",
                                    "extendedProperties", "conferences", "filename", NULL};

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

char *chronos_rule(const struct oxd_obj *o)
{
    const json_t *until = json_object_get(o->f, "until");

    return oxd_recur_rrule(o->f, until && !oxd_obj_bool(o, "full_time") ? original_start(o, json_integer_value(until))
                                                                        : -1);
}

/* The text that was given, as long as the rule still is what it was taken for. */
static json_t *rrule(const struct oxd_obj *o)
{
    const json_t *kept = json_object_get(chronos_extras(o), "rrule");
    char *rule = chronos_rule(o);
    json_t *v = !rule ? NULL
                : strcmp(oxd_field_str(kept, "as", ""), rule) ? json_string(rule)
                                                              : json_incref(json_object_get(kept, "text"));

    g_free(rule);
    return v;
}

static json_t *class_of(const struct oxd_obj *o)
{
    return json_string(oxd_obj_bool(o, "private_flag") ? oxd_field_str(chronos_extras(o), "class", "PRIVATE")
                                                       : "PUBLIC");
}

/* An occurrence of a series that is not an object of its own: its day is in the copy. */
static json_t *recurrence_of(const struct oxd_obj *o)
{
    const json_t *day = json_object_get(o->f, "recurrence_date_position");

    return json_is_integer(day) ? recurrence_id(o, json_integer_value(day)) : NULL;
}

json_t *chronos_event(struct oxd_req *req, const struct oxd_obj *o, const struct oxd_folder *view, const char *fields)
{
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
        {"recurrenceId", recurrence_of(o)},
        {"uid", text(o, "uid")},
        {"sequence", json_integer(oxd_obj_int(o, "sequence", 0))},
        {"created", json_integer(o->created)},
        {"lastModified", json_integer(o->modified)},
        {"createdBy", user_object(oxd_user_find(o->folder->ctx, o->created_by))},
        {"modifiedBy", user_object(oxd_user_find(o->folder->ctx, o->modified_by))},
        {"calendarUser", calendar_user(o, view)},
        {"organizer", organizer(o)},
        {"summary", text(o, "title")},
        {"location", text(o, "location")},
        {"description", text(o, "note")},
        {"categories", categories(o)},
        {"class", class_of(o)},
        {"transp", json_string(oxd_obj_int(o, "shown_as", 1) == 4 ? "TRANSPARENT" : "OPAQUE")},
        {"startDate", date_time(o, "start_date")},
        {"endDate", date_time(o, "end_date")},
        {"rrule", rrule(o)},
        {"changeExceptionDates", exception_dates(o, "change_exceptions")},
        {"deleteExceptionDates", exception_dates(o, "delete_exceptions")},
        {"attendees", attendees(o)},
        {"alarms", alarms(req, o, view)},
        {"flags", flags(req, o)},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
        if (all[i].value && wanted(fields, all[i].name))
            json_object_set_new(out, all[i].name, all[i].value);
        else
            json_decref(all[i].value);
    }
    for (const char *const *name = chronos_kept; *name; name++)
        if (wanted(fields, *name) && json_object_get(chronos_extras(o), *name))
            json_object_set(out, *name, json_object_get(chronos_extras(o), *name));
    return out;
}
