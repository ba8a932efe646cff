/* SPDX-License-Identifier: Apache-2.0 */
#include "util/ical_event.h"
#include "util/text.h"

#include <apr_strings.h>
#include <libical/ical.h>
#include <stdlib.h>
#include <string.h>
#include <usm/fields.h>
#include <usm/recur.h>

typedef struct ical_t {
    const usm__ical_event_t *what;
    icalcomponent *calendar;
    const usm_zone_t *zone; /* NULL: times are UTC */
    const char *tzid;
    int all_day;
    apr_pool_t *pool;
} ical_t;

/* ---- small values ---- */

static void put_text(icalcomponent *c, icalproperty_kind kind, const char *text)
{
    icalproperty *p;
    if (!text || !*text)
        return;
    p = icalproperty_new(kind);
    icalproperty_set_value(p, icalvalue_new_text(text));
    icalcomponent_add_property(c, p);
}

/* The parts of a local time or an instant. */
static struct icaltimetype parts_of(usm_time_t t, int is_date)
{
    struct icaltimetype out = icaltime_null_time();
    usm_time_t ms = t - usm_date_floor(t);
    usm_date_split(t, &out.year, &out.month, &out.day, NULL);
    out.is_date = is_date;
    if (!is_date) {
        out.hour = (int)(ms / 3600000);
        out.minute = (int)(ms / 60000 % 60);
        out.second = (int)(ms / 1000 % 60);
    }
    return out;
}

static void put_utc(icalcomponent *c, icalproperty_kind kind, usm_time_t t)
{
    struct icaltimetype value = parts_of(t, 0);
    icalproperty *p = icalproperty_new(kind);
    value.zone = icaltimezone_get_utc_timezone();
    icalproperty_set_value(p, icalvalue_new_datetime(value));
    icalcomponent_add_property(c, p);
}

/* A value of an EVTIME field: a day, an instant, or the local time of one. */
static void put_time(const ical_t *i, icalcomponent *c, icalproperty_kind kind, usm_time_t t, int all_day)
{
    if (!all_day && !i->zone) {
        put_utc(c, kind, t);
        return;
    }
    icalproperty *p = icalproperty_new(kind);
    struct icaltimetype value = parts_of(all_day ? t : usm_zone_to_local(i->zone, t), all_day);
    icalproperty_set_value(p, all_day ? icalvalue_new_date(value) : icalvalue_new_datetime(value));
    if (!all_day)
        icalproperty_add_parameter(p, icalparameter_new_tzid(i->tzid));
    icalcomponent_add_property(c, p);
}

/* ---- zone ---- */

static const char *offset_text(int seconds, apr_pool_t *pool)
{
    int n = abs(seconds);
    return apr_psprintf(pool, "%c%02d%02d", seconds < 0 ? '-' : '+', n / 3600, n / 60 % 60);
}

static const char *change_text(const usm_tzchange_t *change, int from, int to, const char *kind, apr_pool_t *pool)
{
    static const char *const days[] = {"SU", "MO", "TU", "WE", "TH", "FR", "SA"};
    struct icaltimetype t = parts_of(change->month ? usm_tzchange_at(change, 1970) * 1000 : 0, 0);
    const char *rule = change->month ? apr_psprintf(pool, "RRULE:FREQ=YEARLY;BYMONTH=%d;BYDAY=%d%s\r\n", change->month,
                                                    change->week == 5 ? -1 : change->week, days[change->weekday % 7])
                                     : "";
    return apr_psprintf(pool, "BEGIN:%s\r\nDTSTART:1970%02d%02dT%02d%02d%02d\r\nTZOFFSETFROM:%s\r\nTZOFFSETTO:%s\r\n"
                        "%sEND:%s\r\n", kind, t.month, t.day, t.hour, t.minute, t.second, offset_text(from, pool),
                        offset_text(to, pool), rule, kind);
}

/* The zone's rule, as devices know it. */
static void add_zone(const ical_t *i)
{
    const usm_tzrule_t *r = usm_zone_rule(i->zone);
    static const usm_tzchange_t never = {.month = 0};
    int summer = r->to_dst.month != 0;
    const char *text = apr_pstrcat(
        i->pool, "BEGIN:VTIMEZONE\r\nTZID:", i->tzid, "\r\n",
        change_text(summer ? &r->to_std : &never, summer ? r->dst_offset : r->std_offset, r->std_offset, "STANDARD",
                    i->pool),
        summer ? change_text(&r->to_dst, r->std_offset, r->dst_offset, "DAYLIGHT", i->pool) : "", "END:VTIMEZONE\r\n",
        NULL);
    icalcomponent *zone = icalcomponent_new_from_string(text);
    if (zone)
        icalcomponent_add_component(i->calendar, zone);
}

/* ---- recurrence ---- */

static const char *day_list(int bits, int week, apr_pool_t *pool)
{
    static const char *const names[] = {"SU", "MO", "TU", "WE", "TH", "FR", "SA"};
    const char *text = "";
    for (int d = 0; d < 7; d++) {
        if (bits & 1 << d)
            text = apr_pstrcat(pool, text, *text ? "," : "", week ? apr_itoa(pool, week) : "", names[d], NULL);
    }
    return text;
}

/* Of several days of the week the n-th one together is picked by its position. */
static const char *nth_text(const usm_recurrence_t *r, apr_pool_t *pool)
{
    int week = r->week == 5 ? -1 : r->week, one = !(r->weekdays & (r->weekdays - 1));
    const char *days = apr_pstrcat(pool, ";BYDAY=", day_list(r->weekdays, one ? week : 0, pool), NULL);
    return one ? days : apr_psprintf(pool, "%s;BYSETPOS=%d", days, week);
}

static const char *rule_text(const ical_t *i, const usm_recurrence_t *r)
{
    static const char *const names[] = {"DAILY", "WEEKLY", "MONTHLY", "MONTHLY", "YEARLY", "YEARLY"};
    static const char *const days[] = {"SU", "MO", "TU", "WE", "TH", "FR", "SA"};
    apr_pool_t *pool = i->pool;
    const char *text = apr_psprintf(pool, "FREQ=%s;INTERVAL=%d", names[r->freq], r->interval > 0 ? r->interval : 1);
    if (r->freq == USM_RECUR_WEEKLY)
        text = apr_pstrcat(pool, text, ";BYDAY=", day_list(r->weekdays, 0, pool), NULL);
    if (r->freq == USM_RECUR_MONTHLY_NTH || r->freq == USM_RECUR_YEARLY_NTH)
        text = apr_pstrcat(pool, text, nth_text(r, pool), NULL);
    if (r->freq == USM_RECUR_MONTHLY || r->freq == USM_RECUR_YEARLY)
        text = apr_psprintf(pool, "%s;BYMONTHDAY=%d", text, r->day);
    if (r->freq == USM_RECUR_YEARLY || r->freq == USM_RECUR_YEARLY_NTH)
        text = apr_psprintf(pool, "%s;BYMONTH=%d", text, r->month);
    if (r->freq == USM_RECUR_WEEKLY)
        text = apr_pstrcat(pool, text, ";WKST=", days[r->first_weekday % 7], NULL);
    if (r->occurrences)
        text = apr_psprintf(pool, "%s;COUNT=%d", text, r->occurrences);
    if (r->until != USM_TIME_NONE) {
        usm_time_t start, end;
        usm_series_times(i->what->event, r->until, &start, &end, pool);
        struct icaltimetype t = parts_of(start, i->all_day);
        t.zone = i->all_day ? NULL : icaltimezone_get_utc_timezone();
        char *until = icaltime_as_ical_string_r(t);
        text = apr_pstrcat(pool, text, ";UNTIL=", until, NULL);
        icalmemory_free_buffer(until);
    }
    return text;
}

static void put_rule(const ical_t *i, icalcomponent *c, const usm_recurrence_t *rule)
{
    struct icalrecurrencetype r = icalrecurrencetype_from_string(rule_text(i, rule));
    if (r.freq != ICAL_NO_RECURRENCE)
        icalcomponent_add_property(c, icalproperty_new_rrule(r));
}

/* ---- people ---- */

static const char *uri_of(const char *addr, apr_pool_t *pool)
{
    return apr_pstrcat(pool, "mailto:", addr, NULL);
}

static void put_organizer(const ical_t *i, icalcomponent *c)
{
    const usm_addr_t *o = &i->what->organizer;
    if (!o->addr || !*o->addr)
        return;
    icalproperty *p = icalproperty_new_organizer(uri_of(o->addr, i->pool));
    if (o->name && *o->name)
        icalproperty_add_parameter(p, icalparameter_new_cn(o->name));
    icalcomponent_add_property(c, p);
}

static void put_attendee(const ical_t *i, icalcomponent *c, const usm_attendee_t *a)
{
    static const icalparameter_partstat stats[] = {ICAL_PARTSTAT_NEEDSACTION, ICAL_PARTSTAT_TENTATIVE,
                                                   ICAL_PARTSTAT_ACCEPTED, ICAL_PARTSTAT_DECLINED};
    int status = a->status >= USM_ATT_NONE && a->status <= USM_ATT_DECLINED ? a->status : USM_ATT_NONE;
    if (!a->email || !*a->email)
        return;
    icalproperty *p = icalproperty_new_attendee(uri_of(a->email, i->pool));
    if (a->name && *a->name)
        icalproperty_add_parameter(p, icalparameter_new_cn(a->name));
    icalproperty_add_parameter(p, icalparameter_new_role(a->type == USM_ATT_OPTIONAL ? ICAL_ROLE_OPTPARTICIPANT
                                                                                      : ICAL_ROLE_REQPARTICIPANT));
    icalproperty_add_parameter(p, icalparameter_new_partstat(stats[status]));
    if (status == USM_ATT_NONE)
        icalproperty_add_parameter(p, icalparameter_new_rsvp(ICAL_RSVP_TRUE));
    icalcomponent_add_property(c, p);
}

static int is_among(const usm_attendees_t *list, const char *addr)
{
    for (int i = 0; list && i < list->count; i++) {
        if (list->items[i].email && strcasecmp(list->items[i].email, addr) == 0)
            return 1;
    }
    return 0;
}

static void put_people(const ical_t *i, icalcomponent *c, const usm_item_t *event)
{
    const usm_attendees_t *list =
        usm_item_isset(event, USM_EVENT_ATTENDEES) ? event->v[USM_EVENT_ATTENDEES].u.attendees : NULL;
    const usm_addrs_t *more = i->what->invited;
    put_organizer(i, c);
    if (!i->what->is_meeting)
        return;
    for (int k = 0; list && k < list->count; k++)
        put_attendee(i, c, &list->items[k]);
    for (int k = 0; more && k < more->count; k++) {
        const usm_attendee_t a = {.name = more->items[k].name, .email = more->items[k].addr,
                                  .type = USM_ATT_REQUIRED};
        if (a.email && !is_among(list, a.email))
            put_attendee(i, c, &a);
    }
}

/* ---- events ---- */

static const char *body_text(const usm_item_t *event, apr_pool_t *pool)
{
    const usm_body_t *b = usm_item_isset(event, USM_EVENT_BODY) ? event->v[USM_EVENT_BODY].u.body : NULL;
    return b && b->text.data ? usm__text_clean(pool, b->text.data, b->text.len, NULL) : NULL;
}

static void put_words(const ical_t *i, icalcomponent *c, const usm_item_t *event)
{
    static const icalproperty_class classes[] = {ICAL_CLASS_PUBLIC, ICAL_CLASS_PUBLIC, ICAL_CLASS_PRIVATE,
                                                 ICAL_CLASS_CONFIDENTIAL};
    apr_int64_t sens = usm_item_num(event, USM_EVENT_SENSITIVITY, USM_SENS_NORMAL);
    put_text(c, ICAL_SUMMARY_PROPERTY, usm_item_text(event, USM_EVENT_SUBJECT));
    put_text(c, ICAL_LOCATION_PROPERTY, usm_item_text(event, USM_EVENT_LOCATION));
    put_text(c, ICAL_DESCRIPTION_PROPERTY, body_text(event, i->pool));
    icalcomponent_add_property(c, icalproperty_new_class(sens >= 0 && sens <= USM_SENS_CONFIDENTIAL
                                                             ? classes[sens]
                                                             : ICAL_CLASS_PUBLIC));
    icalcomponent_add_property(c, icalproperty_new_transp(usm_item_num(event, USM_EVENT_BUSY, USM_BUSY_BUSY) ==
                                                                  USM_BUSY_FREE
                                                              ? ICAL_TRANSP_TRANSPARENT
                                                              : ICAL_TRANSP_OPAQUE));
}

/* @a uid: of the series where it is one of its occurrences. */
static icalcomponent *new_event(const ical_t *i, const usm_item_t *event, const char *uid)
{
    icalcomponent *c = icalcomponent_new(ICAL_VEVENT_COMPONENT);
    int all_day = usm_item_num(event, USM_EVENT_ALL_DAY, 0) != 0;
    put_text(c, ICAL_UID_PROPERTY, uid);
    put_utc(c, ICAL_DTSTAMP_PROPERTY, i->what->stamp);
    put_time(i, c, ICAL_DTSTART_PROPERTY, usm_item_num(event, USM_EVENT_START, 0), all_day);
    put_time(i, c, ICAL_DTEND_PROPERTY, usm_item_num(event, USM_EVENT_END, 0), all_day);
    icalcomponent_add_property(c, icalproperty_new_sequence(0));
    put_words(i, c, event);
    put_people(i, c, event);
    icalcomponent_add_component(i->calendar, c);
    return c;
}

static void add_exceptions(const ical_t *i, icalcomponent *master, const char *uid)
{
    const usm_item_t *event = i->what->event;
    const usm_exceptions_t *list =
        usm_item_isset(event, USM_EVENT_EXCEPTIONS) ? event->v[USM_EVENT_EXCEPTIONS].u.exceptions : NULL;
    for (int k = 0; list && k < list->count; k++) {
        const usm_exception_t *e = &list->items[k];
        usm_time_t start, end;
        usm_series_times(event, e->day, &start, &end, i->pool);
        if (!e->item) {
            put_time(i, master, ICAL_EXDATE_PROPERTY, start, i->all_day);
            continue;
        }
        icalcomponent *c = new_event(i, usm_series_occurrence(event, e->day, e->item, i->pool), uid);
        put_time(i, c, ICAL_RECURRENCEID_PROPERTY, start, i->all_day);
    }
}

static void add_event(const ical_t *i)
{
    const usm__ical_event_t *w = i->what;
    const usm_recurrence_t *rule = w->day == USM_TIME_NONE ? usm_series_rule(w->event) : NULL;
    const usm_item_t *whole = w->day == USM_TIME_NONE ? w->event : w->series;
    const char *uid = usm_item_text(whole, USM_EVENT_UID);
    icalcomponent *c = new_event(i, w->event, uid ? uid : "");
    if (rule) {
        put_rule(i, c, rule);
        add_exceptions(i, c, uid ? uid : "");
    }
    if (w->day != USM_TIME_NONE) {
        usm_time_t start, end;
        usm_series_times(w->series, w->day, &start, &end, i->pool);
        put_time(i, c, ICAL_RECURRENCEID_PROPERTY, start, i->all_day);
    }
}

const char *usm__ical_event(const usm__ical_event_t *what, apr_pool_t *pool)
{
    ical_t i = {.what = what, .pool = pool, .calendar = icalcomponent_new(ICAL_VCALENDAR_COMPONENT)};
    const usm_item_t *whole = what->day == USM_TIME_NONE ? what->event : what->series;
    const char *zone = usm_item_text(whole, USM_EVENT_TIMEZONE), *out = NULL;
    i.all_day = usm_item_num(whole, USM_EVENT_ALL_DAY, 0) != 0;
    if (what->day == USM_TIME_NONE && usm_series_rule(what->event) && zone && !i.all_day) {
        i.zone = usm_zone_open(zone, pool);
        i.tzid = zone;
    }
    icalcomponent_add_property(i.calendar, icalproperty_new_prodid("-//mod_eas//libusm//EN"));
    icalcomponent_add_property(i.calendar, icalproperty_new_version("2.0"));
    icalcomponent_add_property(i.calendar, icalproperty_new_method(what->is_meeting ? ICAL_METHOD_REQUEST
                                                                                     : ICAL_METHOD_PUBLISH));
    if (i.zone)
        add_zone(&i);
    add_event(&i);
    char *text = icalcomponent_as_ical_string_r(i.calendar);
    if (text) {
        out = apr_pstrdup(pool, text);
        icalmemory_free_buffer(text);
    }
    icalcomponent_free(i.calendar);
    return out;
}
