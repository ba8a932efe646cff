/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include "cal.h"
#include "chronos.h"
#include "data.h"
#include "mail.h"
#include "modules.h"
#include "seedfield.h"

/* Modules chronos/itip and calendar/itip, spec 5.9: reads the invitation in a mail and applies it. */

/* One VEVENT, unfolded: name (with parameters) and value. */
struct line {
    char *name, *params, *value;
};

struct ical {
    char *method;
    GArray *lines;
};

static void ical_free(struct ical *c)
{
    for (guint i = 0; i < c->lines->len; i++) {
        struct line *l = &g_array_index(c->lines, struct line, i);

        g_free(l->name);
        g_free(l->params);
        g_free(l->value);
    }
    g_array_free(c->lines, TRUE);
    g_free(c->method);
}

static char *unescape(const char *text)
{
    GString *out = g_string_new(NULL);

    for (; *text; text++) {
        if (*text == '\\' && text[1]) {
            text++;
            g_string_append_c(out, *text == 'n' || *text == 'N' ? '\n' : *text);
        } else {
            g_string_append_c(out, *text);
        }
    }
    return g_string_free(out, FALSE);
}

/* The value begins at the first colon outside quotes. */
static size_t name_length(const char *text)
{
    bool quoted = false;
    size_t i;

    for (i = 0; text[i] && (quoted || text[i] != ':'); i++)
        quoted ^= text[i] == '"';
    return i;
}

static void add_line(struct ical *c, char *text, int *depth)
{
    size_t n = name_length(text), name = strcspn(text, ";:");
    struct line l;

    if (!text[n])
        return;
    text[n] = 0;
    if (!g_ascii_strcasecmp(text, "BEGIN")) {
        *depth = !g_ascii_strcasecmp(text + n + 1, "VEVENT") && !c->lines->len ? 1 : *depth ? *depth + 1 : 0;
        return;
    }
    if (!g_ascii_strcasecmp(text, "END")) {
        *depth = *depth ? *depth - 1 : 0;
        return;
    }
    if (!g_ascii_strcasecmp(text, "METHOD"))
        c->method = c->method ? c->method : g_strdup(text + n + 1);
    if (*depth != 1)
        return;
    l.name = g_ascii_strup(text, (gssize)MIN(name, n));
    l.params = g_strdup(name < n ? text + name : "");
    l.value = unescape(text + n + 1);
    g_array_append_val(c->lines, l);
}

static struct ical ical_parse(const char *data, size_t len)
{
    struct ical c = {NULL, g_array_new(FALSE, FALSE, sizeof(struct line))};
    GString *flat = g_string_new(NULL);
    char **lines;
    int depth = 0;

    for (size_t i = 0; i < len; i++) {
        if (data[i] == '\r')
            continue;
        if (data[i] == '\n' && i + 1 < len && (data[i + 1] == ' ' || data[i + 1] == '\t'))
            i++;
        else
            g_string_append_c(flat, data[i] ? data[i] : ' ');
    }
    lines = g_strsplit(flat->str, "\n", -1);
    for (char **l = lines; *l; l++)
        add_line(&c, *l, &depth);
    g_strfreev(lines);
    g_string_free(flat, TRUE);
    return c;
}

static const struct line *find(const struct ical *c, const char *name)
{
    for (guint i = 0; i < c->lines->len; i++) {
        const struct line *l = &g_array_index(c->lines, struct line, i);

        if (!strcmp(l->name, name))
            return l;
    }
    return NULL;
}

static const char *value(const struct ical *c, const char *name)
{
    const struct line *l = find(c, name);

    return l ? l->value : NULL;
}

/* PARAM=value of a line's parameters; g_free. */
static char *param(const struct line *l, const char *name)
{
    char **words = g_strsplit(l->params, ";", -1), *out = NULL;
    size_t n = strlen(name);

    for (char **w = words; *w && !out; w++)
        if (!g_ascii_strncasecmp(*w, name, n) && (*w)[n] == '=') {
            const char *v = *w + n + 1;

            out = *v == '"' ? g_strndup(v + 1, strcspn(v + 1, "\"")) : g_strdup(v);
        }
    g_strfreev(words);
    return out;
}

/* ---- to an event of chronos ---- */

static json_t *ical_date(const struct line *l)
{
    char *tzid = param(l, "TZID");
    json_t *v = json_pack("{s:s}", "value", l->value);

    if (tzid && oxd_zone(tzid))
        json_object_set_new(v, "tzid", json_string(tzid));
    else if (strchr(l->value, 'Z'))
        json_object_set_new(v, "tzid", json_string("UTC"));
    g_free(tzid);
    return v;
}

static void ical_people(const struct ical *c, json_t *ev)
{
    json_t *list = json_array();

    for (guint i = 0; i < c->lines->len; i++) {
        const struct line *l = &g_array_index(c->lines, struct line, i);
        bool organizer = !strcmp(l->name, "ORGANIZER");
        char *cn, *stat;
        json_t *v;

        if (!organizer && strcmp(l->name, "ATTENDEE"))
            continue;
        cn = param(l, "CN");
        stat = param(l, "PARTSTAT");
        v = json_pack("{s:s, s:s*, s:s}", "uri", l->value, "cn", cn, "partStat", stat ? stat : "NEEDS-ACTION");
        if (!g_ascii_strncasecmp(l->value, "mailto:", 7))
            json_object_set_new(v, "email", json_string(l->value + 7));
        if (organizer)
            json_object_set(ev, "organizer", v);
        else
            json_array_append(list, v);
        json_decref(v);
        g_free(cn);
        g_free(stat);
    }
    json_object_set_new(ev, "attendees", list);
}

static json_t *ical_event(const struct ical *c)
{
    static const char *const names[][2] = {{"UID", "uid"},           {"SUMMARY", "summary"}, {"LOCATION", "location"},
                                           {"DESCRIPTION", "description"}, {"RRULE", "rrule"}, {"CLASS", "class"},
                                           {"TRANSP", "transp"}};
    json_t *ev = json_object();

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        if (value(c, names[i][0]))
            json_object_set_new(ev, names[i][1], json_string(value(c, names[i][0])));
    if (find(c, "DTSTART"))
        json_object_set_new(ev, "startDate", ical_date(find(c, "DTSTART")));
    if (find(c, "DTEND"))
        json_object_set_new(ev, "endDate", ical_date(find(c, "DTEND")));
    else if (find(c, "DTSTART"))
        json_object_set_new(ev, "endDate", ical_date(find(c, "DTSTART")));
    ical_people(c, ev);
    return ev;
}

/* ---- the mail ---- */

/* The invitation a body names; lines stay empty and the error is set when there is none. */
static int load(struct oxd_req *req, struct ical *c)
{
    static const char prefix[] = "com.openexchange.mail.conversion.";
    json_t *body = oxd_body_object(req);
    char *names[3] = {g_strconcat(prefix, "fullname", NULL), g_strconcat(prefix, "mailid", NULL),
                      g_strconcat(prefix, "sequenceid", NULL)};
    const char *folder = body ? oxd_json_text(req, body, names[0]) : NULL, *id = oxd_json_text(req, body, names[1]);
    const char *part = oxd_json_text(req, body, names[2]);
    struct oxd_folder *f = folder ? oxd_folder_find(req->ctx, req->user, folder) : NULL;
    const mail_box_t *box = f && f->kind == OXK_MAIL ? mail_box_peek(f) : NULL;
    const mail_msg_t *msg = box && id ? mail_find_id(box, id) : NULL;
    mime_bytes_t bytes;
    bool found = false;

    for (int i = 0; i < 3; i++)
        g_free(names[i]);
    if (msg && part) {
        GBytes *raw = mail_raw(req->user, msg);
        gsize len;
        const char *data = g_bytes_get_data(raw, &len);

        found = mime_part(data, len, part, NULL, &bytes);
        g_bytes_unref(raw);
    }
    if (!found)
        return oxd_fail(req, "CAL-5000", "No calendar part %s in mail %s", part ? part : "", id ? id : "");
    *c = ical_parse(bytes.data, bytes.len);
    mime_bytes_free(&bytes);
    if (value(c, "UID") && find(c, "DTSTART"))
        return 0;
    ical_free(c);
    return oxd_fail(req, "CAL-5000", "The part holds no event");
}

static int do_analyze(struct oxd_req *req)
{
    struct oxd_obj *known;
    json_t *actions, *change;
    struct ical c;
    bool cancel;

    if (load(req, &c) < 0)
        return -1;
    known = cal_by_uid(req->ctx, req->user, value(&c, "UID"));
    cancel = c.method && !g_ascii_strcasecmp(c.method, "CANCEL");
    if (c.method && !g_ascii_strcasecmp(c.method, "REPLY"))
        actions = json_pack("[s]", "update");
    else if (cancel)
        actions = json_pack("[s]", "delete");
    else
        actions = json_pack("[s, s, s]", "accept", "tentative", "decline");
    change = json_pack("{s:s, s:b, s:o, s:[], s:[]}", "type",
                       cancel  ? "DELETE"
                       : known ? "UPDATE"
                               : "CREATE",
                       "exception", 0, "newEvent", ical_event(&c), "conflicts", "diffDescription");
    if (known)
        json_object_set_new(change, "currentEvent", chronos_event(req, known, known->folder, NULL));
    ical_free(&c);
    return oxd_reply(req, json_pack("[{s:o, s:[], s:[o]}]", "actions", actions, "annotations", "changes", change), -1);
}

/* The organizer stays who he is; the object lies in the calendar of the user who answers. */
static void keep_organizer(const struct ical *c, json_t *body)
{
    const char *organizer = value(c, "ORGANIZER");

    if (organizer && !g_ascii_strncasecmp(organizer, "mailto:", 7))
        json_object_set_new(body, "organizer", json_string(organizer + 7));
    if (value(c, "SEQUENCE"))
        json_object_set_new(body, "sequence", json_integer(atoi(value(c, "SEQUENCE"))));
    json_object_set_new(body, "ignore_conflicts", json_true());
}

static int answer(struct oxd_req *req, int status)
{
    struct oxd_folder *f = req->user->def[OXK_CALENDAR];
    struct oxd_obj *o;
    struct ical c;
    json_t *ev, *body;
    bool newer;

    if (load(req, &c) < 0)
        return -1;
    o = cal_by_uid(req->ctx, req->user, value(&c, "UID"));
    req->tz = NULL;
    newer = o && value(&c, "SEQUENCE") && atoi(value(&c, "SEQUENCE")) > oxd_obj_int(o, "sequence", 0);
    if (!o || newer) {
        ev = ical_event(&c);
        if (newer) /* who takes part is told by the answers */
            json_object_del(ev, "attendees");
        body = chronos_to_legacy(req, o, ev);
        json_decref(ev);
        if (body) {
            keep_organizer(&c, body);
            o = o ? cal_change(req, o, f, body, NULL) : cal_create(req, f, body, NULL);
            json_decref(body);
        }
    }
    ical_free(&c);
    if (!o || cal_answer(req, o, req->user->id, status, oxd_param(req, "message")) < 0)
        return -1;
    return oxd_reply(req, json_pack("[o]", chronos_event(req, o, f, NULL)), o->modified);
}

static int do_accept(struct oxd_req *req)
{
    return answer(req, 1);
}

static int do_decline(struct oxd_req *req)
{
    return answer(req, 2);
}

static int do_tentative(struct oxd_req *req)
{
    return answer(req, 3);
}

/* An attendee's REPLY: his answer goes into the organizer's appointment. */
static int do_update(struct oxd_req *req)
{
    static const char *const stats[] = {"NEEDS-ACTION", "ACCEPTED", "DECLINED", "TENTATIVE"};
    const struct line *l;
    struct oxd_obj *o;
    struct ical c;
    char *stat;

    if (load(req, &c) < 0)
        return -1;
    o = cal_by_uid(req->ctx, req->user, value(&c, "UID"));
    l = find(&c, "ATTENDEE");
    stat = l ? param(l, "PARTSTAT") : NULL;
    if (o && stat && !g_ascii_strncasecmp(l->value, "mailto:", 7)) {
        const struct oxd_user *u = oxd_user_by_address(req->ctx, l->value + 7);
        json_t *all = json_deep_copy(json_object_get(o->f, "external")), *ext = json_object_get(all, l->value + 7);

        for (int i = 0; i < 4; i++) {
            if (g_ascii_strcasecmp(stats[i], stat))
                continue;
            if (u && oxd_obj_place_of(o, u->id))
                oxd_obj_place_of(o, u->id)->confirm = i;
            else if (ext)
                json_object_set_new(ext, "status", json_integer(i));
        }
        if (all)
            json_object_set_new(o->f, "external", all);
        oxd_obj_touch(o, req->user->id, oxd_stamp());
    }
    g_free(stat);
    ical_free(&c);
    if (!o)
        return oxd_fail(req, "CAL-4040", NULL);
    return oxd_reply(req, json_pack("[o]", chronos_event(req, o, o->folder, NULL)), o->modified);
}

static const struct oxs_action actions[] = {
    {"analyze", 0, do_analyze},
    {"accept", OXS_WRITE, do_accept},
    {"accept_and_ignore_conflicts", OXS_WRITE, do_accept},
    {"tentative", OXS_WRITE, do_tentative},
    {"decline", OXS_WRITE, do_decline},
    {"update", OXS_WRITE, do_update},
    {NULL, 0, NULL},
};

const struct oxs_module oxs_itip = {
    .name = "chronos/itip", .cap = "calendar", .denied = "CAL-4036", .actions = actions};
const struct oxs_module oxs_itip_legacy = {
    .name = "calendar/itip", .cap = "calendar", .denied = "CAL-4036", .actions = actions,
};
