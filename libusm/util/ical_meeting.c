/* SPDX-License-Identifier: Apache-2.0 */
#include "util/ical_meeting.h"
#include "util/text.h"

#include <apr_strings.h>
#include <libical/ical.h>
#include <stdlib.h>
#include <string.h>

#define COMPONENTS_MAX 500

/* ---- small values ---- */

static const char *clean(const char *text, apr_pool_t *pool)
{
    return text && *text ? usm__text_clean(pool, text, strlen(text), NULL) : NULL;
}

static const char *x_property(icalcomponent *c, const char *name)
{
    icalproperty *p = icalcomponent_get_first_property(c, ICAL_X_PROPERTY);
    for (; p; p = icalcomponent_get_next_property(c, ICAL_X_PROPERTY)) {
        if (icalproperty_get_x_name(p) && strcasecmp(icalproperty_get_x_name(p), name) == 0)
            return icalproperty_get_x(p);
    }
    return NULL;
}

static const char *bare_address(const char *value, apr_pool_t *pool)
{
    if (value && strncasecmp(value, "mailto:", 7) == 0)
        value += 7;
    return clean(value, pool);
}

/* An instant; of a day or a floating time that instant of local reckoning. */
static usm_time_t instant(struct icaltimetype t)
{
    if (icaltime_is_null_time(t) || t.year < 1601 || t.year > 9999)
        return USM_TIME_NONE;
    if (t.is_date || (!t.zone && !icaltime_is_utc(t)))
        return (usm_time_t)icaltime_as_timet_with_zone(t, NULL) * 1000;
    return (usm_time_t)icaltime_as_timet_with_zone(t, t.zone) * 1000;
}

/* ---- zone ---- */

/* "A-1:00" style offset of a POSIX zone text, whose sign is the other way round. */
static const char *posix_offset(int seconds, apr_pool_t *pool)
{
    int n = abs(seconds);
    return apr_psprintf(pool, "%s%d:%02d", seconds > 0 ? "-" : "", n / 3600, n / 60 % 60);
}

/* ",M3.5.0/2:00:00" of a STANDARD or DAYLIGHT; NULL when it does not recur that way. */
static const char *posix_change(icalcomponent *c, apr_pool_t *pool)
{
    icalproperty *rule = icalcomponent_get_first_property(c, ICAL_RRULE_PROPERTY);
    icalproperty *start = icalcomponent_get_first_property(c, ICAL_DTSTART_PROPERTY);
    if (!rule || !start)
        return NULL;
    struct icalrecurrencetype r = icalproperty_get_rrule(rule);
    struct icaltimetype t = icalproperty_get_dtstart(start);
    int month = r.by_month[0], day = r.by_day[0];
    if (r.freq != ICAL_YEARLY_RECURRENCE || month < 1 || month > 12 || day == ICAL_RECURRENCE_ARRAY_MAX)
        return NULL;
    int week = icalrecurrencetype_day_position((short)day), weekday = icalrecurrencetype_day_day_of_week((short)day);
    if (week == -1)
        week = 5;
    if (week < 1 || week > 5 || weekday < 1 || weekday > 7)
        return NULL;
    return apr_psprintf(pool, ",M%d.%d.%d/%d:%02d:%02d", month, week, weekday - 1, t.hour, t.minute, t.second);
}

/* The newest STANDARD or DAYLIGHT of a zone. */
static icalcomponent *newest(icalcomponent *zone, icalcomponent_kind kind)
{
    icalcomponent *best = NULL, *c = icalcomponent_get_first_component(zone, kind);
    for (; c; c = icalcomponent_get_next_component(zone, kind)) {
        if (!best || icaltime_compare(icalcomponent_get_dtstart(c), icalcomponent_get_dtstart(best)) > 0)
            best = c;
    }
    return best;
}

static int offset_to(icalcomponent *c)
{
    icalproperty *p = c ? icalcomponent_get_first_property(c, ICAL_TZOFFSETTO_PROPERTY) : NULL;
    return p ? icalproperty_get_tzoffsetto(p) : 0;
}

/* Does a zone change now and then by this rule? libical writes out every change, and looks for one that never comes
 * through thousands of years. */
static int is_seldom(const icalproperty *rule)
{
    const short none = ICAL_RECURRENCE_ARRAY_MAX;
    const struct icalrecurrencetype value = icalproperty_get_rrule(rule), *r = &value;
    int day = r->by_day[0] == none ? none : icalrecurrencetype_day_position(r->by_day[0]);
    return r->freq == ICAL_YEARLY_RECURRENCE && r->interval <= 1 && r->by_second[0] == none &&
           r->by_minute[0] == none && r->by_hour[0] == none && r->by_year_day[0] == none &&
           r->by_week_no[0] == none && r->by_set_pos[0] == none && (r->by_month[0] == none || r->by_month[1] == none) &&
           (r->by_month_day[0] == none || (r->by_month_day[0] >= 1 && r->by_month_day[0] <= 28)) &&
           (day == none ? r->by_month_day[0] == none || r->by_month_day[1] == none
                        : r->by_month[0] != none && r->by_day[1] == none && day >= -5 && day <= 5);
}

/* Take out of the zones what a hostile sender could keep us busy with for hours. */
static void tame_zones(icalcomponent *calendar)
{
    icalcomponent *zone = icalcomponent_get_first_component(calendar, ICAL_VTIMEZONE_COMPONENT), *c;
    for (; zone; zone = icalcomponent_get_next_component(calendar, ICAL_VTIMEZONE_COMPONENT)) {
        for (c = icalcomponent_get_first_component(zone, ICAL_ANY_COMPONENT); c;
             c = icalcomponent_get_next_component(zone, ICAL_ANY_COMPONENT)) {
            int rules = icalcomponent_count_properties(c, ICAL_RRULE_PROPERTY);
            icalproperty *p = icalcomponent_get_first_property(c, ICAL_RRULE_PROPERTY);
            for (; p && (rules > 1 || !is_seldom(p)); rules--) {
                icalcomponent_remove_property(c, p);
                icalproperty_free(p);
                p = icalcomponent_get_first_property(c, ICAL_RRULE_PROPERTY);
            }
        }
    }
}

/* The zone's rule as a POSIX text: what is in force from now on. */
static const char *posix_zone(const icaltimezone *zone, apr_pool_t *pool)
{
    icalcomponent *c = icaltimezone_get_component((icaltimezone *)zone);
    icalcomponent *std = c ? newest(c, ICAL_XSTANDARD_COMPONENT) : NULL;
    icalcomponent *dst = c ? newest(c, ICAL_XDAYLIGHT_COMPONENT) : NULL;
    const char *to_dst = dst ? posix_change(dst, pool) : NULL, *to_std = std ? posix_change(std, pool) : NULL;
    if (!std && !dst)
        return NULL;
    const char *base = apr_pstrcat(pool, "STD", posix_offset(offset_to(std ? std : dst), pool), NULL);
    if (!std || !to_dst || !to_std)
        return base;
    return apr_pstrcat(pool, base, "DST", posix_offset(offset_to(dst), pool), to_dst, to_std, NULL);
}

static void read_zone(usm_meeting_t *m, struct icaltimetype start, apr_pool_t *pool)
{
    if (start.is_date || !start.zone || icaltime_is_utc(start))
        return;
    m->zone_rule = posix_zone(start.zone, pool);
    m->zone = clean(icaltimezone_get_location((icaltimezone *)start.zone), pool);
}

/* ---- recurrence ---- */

#define ALL_DAYS 127

static int day_bit(short day)
{
    int dow = icalrecurrencetype_day_day_of_week(day);
    return dow >= 1 && dow <= 7 ? 1 << (dow - 1) : 0;
}

static int day_bits(const struct icalrecurrencetype *r)
{
    int bits = 0;
    for (int i = 0; i < ICAL_BY_DAY_SIZE && r->by_day[i] != ICAL_RECURRENCE_ARRAY_MAX; i++)
        bits |= day_bit(r->by_day[i]);
    return bits;
}

/* Which week of the month, 5 = the last; 0 = the rule does not say. */
static int week_of(const struct icalrecurrencetype *r)
{
    int week = r->by_day[0] != ICAL_RECURRENCE_ARRAY_MAX ? icalrecurrencetype_day_position(r->by_day[0]) : 0;
    if (!week && r->by_set_pos[0] != ICAL_RECURRENCE_ARRAY_MAX)
        week = r->by_set_pos[0];
    return week == -1 ? 5 : week >= 1 && week <= 5 ? week : 0;
}

static int count_of(const short *list, int size)
{
    int n = 0;
    while (n < size && list[n] != ICAL_RECURRENCE_ARRAY_MAX)
        n++;
    return n;
}

/* Can one rule of ActiveSync say it? One of another calendar (a leap month is its number with a bit beyond), of several
 * months or days of the month, or of several weeks of a month is shown as the one meeting that there is: better that
 * than on days when nobody meets. */
static int is_sayable(const struct icalrecurrencetype *r)
{
    int months = count_of(r->by_month, ICAL_BY_MONTH_SIZE), days = count_of(r->by_month_day, ICAL_BY_MONTHDAY_SIZE);
    int week = r->by_day[0] != ICAL_RECURRENCE_ARRAY_MAX ? icalrecurrencetype_day_position(r->by_day[0]) : 0;
    if ((r->rscale && *r->rscale && strcasecmp(r->rscale, "GREGORIAN") != 0) || months > 1 || days > 1 ||
        (months && (r->by_month[0] < 1 || r->by_month[0] > 12)) || count_of(r->by_set_pos, ICAL_BY_SETPOS_SIZE) > 1 ||
        (days && r->by_month_day[0] < -1) || count_of(r->by_year_day, ICAL_BY_YEARDAY_SIZE) ||
        count_of(r->by_week_no, ICAL_BY_WEEKNO_SIZE) || (months && r->freq < ICAL_YEARLY_RECURRENCE))
        return 0;
    return !week || r->by_day[1] == ICAL_RECURRENCE_ARRAY_MAX;
}

static void read_rule(usm_meeting_t *m, const struct icalrecurrencetype *r, struct icaltimetype start,
                      apr_pool_t *pool)
{
    usm_meetrecur_t *out = apr_pcalloc(pool, sizeof *out);
    int bits = day_bits(r), week = week_of(r);
    int day = r->by_month_day[0] != ICAL_RECURRENCE_ARRAY_MAX ? r->by_month_day[0] : start.day;
    int month = r->by_month[0] != ICAL_RECURRENCE_ARRAY_MAX ? r->by_month[0] : start.month;
    if (!is_sayable(r))
        return;
    if (day == -1) { /* the last day: of all seven weekdays the last */
        bits = ALL_DAYS;
        week = 5;
    }
    switch (r->freq) {
    case ICAL_DAILY_RECURRENCE:
        out->type = bits ? USM_RECUR_WEEKLY : USM_RECUR_DAILY;
        break;
    case ICAL_WEEKLY_RECURRENCE:
        out->type = USM_RECUR_WEEKLY;
        bits = bits ? bits : 1 << (icaltime_day_of_week(start) - 1);
        break;
    case ICAL_MONTHLY_RECURRENCE:
        out->type = bits && week ? USM_RECUR_MONTHLY_NTH : bits ? USM_RECUR_WEEKLY : USM_RECUR_MONTHLY;
        if (bits && !week && r->interval > 1)
            return; /* each Monday of every other month */
        break;
    case ICAL_YEARLY_RECURRENCE:
        out->type = bits && week ? USM_RECUR_YEARLY_NTH : USM_RECUR_YEARLY;
        if (bits && !week)
            return;
        break;
    default:
        return; /* by hours and less: nothing that a phone could show */
    }
    int nth = out->type == USM_RECUR_MONTHLY_NTH || out->type == USM_RECUR_YEARLY_NTH;
    int yearly = out->type == USM_RECUR_YEARLY || out->type == USM_RECUR_YEARLY_NTH;
    out->interval = r->interval > 0 ? r->interval : 1;
    out->until = icaltime_is_null_time(r->until) ? USM_TIME_NONE : instant(r->until);
    out->occurrences = r->count > 0 ? r->count : 0;
    out->days = nth || out->type == USM_RECUR_WEEKLY ? bits : 0;
    out->week = nth ? week : 0;
    out->day = !nth && (yearly || out->type == USM_RECUR_MONTHLY) ? day : 0;
    out->month = yearly ? month : 0;
    out->first_day = r->week_start >= ICAL_SUNDAY_WEEKDAY ? (int)r->week_start - 1 : 1;
    m->recur = out;
}

/* ---- people, reminder ---- */

static void read_organizer(usm_meeting_t *m, icalcomponent *event, apr_pool_t *pool)
{
    icalproperty *p = icalcomponent_get_first_property(event, ICAL_ORGANIZER_PROPERTY);
    icalparameter *cn = p ? icalproperty_get_first_parameter(p, ICAL_CN_PARAMETER) : NULL;
    if (!p)
        return;
    m->organizer.addr = bare_address(icalproperty_get_organizer(p), pool);
    m->organizer.name = cn ? clean(icalparameter_get_cn(cn), pool) : NULL;
}

/* The first one's answer: a REPLY has one attendee only. Somebody asked for an answer: RSVP. */
static void read_attendees(usm_meeting_t *m, icalcomponent *event)
{
    icalproperty *p = icalcomponent_get_first_property(event, ICAL_ATTENDEE_PROPERTY);
    for (int first = 1; p; p = icalcomponent_get_next_property(event, ICAL_ATTENDEE_PROPERTY), first = 0) {
        icalparameter *stat = icalproperty_get_first_parameter(p, ICAL_PARTSTAT_PARAMETER);
        icalparameter *rsvp = icalproperty_get_first_parameter(p, ICAL_RSVP_PARAMETER);
        icalparameter_partstat value = stat ? icalparameter_get_partstat(stat) : ICAL_PARTSTAT_NEEDSACTION;
        if (first)
            m->answer = value == ICAL_PARTSTAT_ACCEPTED    ? USM_ATT_ACCEPTED
                        : value == ICAL_PARTSTAT_DECLINED  ? USM_ATT_DECLINED
                        : value == ICAL_PARTSTAT_TENTATIVE ? USM_ATT_TENTATIVE
                                                           : USM_ATT_NONE;
        m->response_requested |= rsvp && icalparameter_get_rsvp(rsvp) == ICAL_RSVP_TRUE;
    }
}

static int reminder_of(icalcomponent *event)
{
    icalcomponent *alarm = icalcomponent_get_first_component(event, ICAL_VALARM_COMPONENT);
    icalproperty *p = alarm ? icalcomponent_get_first_property(alarm, ICAL_TRIGGER_PROPERTY) : NULL;
    if (!p)
        return -1;
    struct icaltriggertype t = icalproperty_get_trigger(p);
    int seconds = icaldurationtype_as_int(t.duration);
    return !icaltime_is_null_time(t.time) || seconds > 0 ? -1 : seconds / -60;
}

static int busy_of(icalcomponent *event)
{
    static const struct {
        const char *name;
        int busy;
    } rows[] = {{"FREE", USM_BUSY_FREE}, {"TENTATIVE", USM_BUSY_TENTATIVE}, {"BUSY", USM_BUSY_BUSY},
                {"OOF", USM_BUSY_AWAY}, {"WORKINGELSEWHERE", USM_BUSY_ELSEWHERE}};
    const char *text = x_property(event, "X-MICROSOFT-CDO-INTENDEDSTATUS");
    icalproperty *p = icalcomponent_get_first_property(event, ICAL_TRANSP_PROPERTY);
    if (!text)
        text = x_property(event, "X-MICROSOFT-CDO-BUSYSTATUS");
    for (apr_size_t i = 0; text && i < sizeof rows / sizeof rows[0]; i++) {
        if (strcasecmp(rows[i].name, text) == 0)
            return rows[i].busy;
    }
    return p && icalproperty_get_transp(p) == ICAL_TRANSP_TRANSPARENT ? USM_BUSY_FREE : USM_BUSY_BUSY;
}

static int sensitivity_of(icalcomponent *event)
{
    icalproperty *p = icalcomponent_get_first_property(event, ICAL_CLASS_PROPERTY);
    icalproperty_class c = p ? icalproperty_get_class(p) : ICAL_CLASS_PUBLIC;
    return c == ICAL_CLASS_PRIVATE        ? USM_SENS_PRIVATE
           : c == ICAL_CLASS_CONFIDENTIAL ? USM_SENS_CONFIDENTIAL
                                          : USM_SENS_NORMAL;
}

/* ---- the event ---- */

/* The series itself, else its first exception. */
static icalcomponent *choose_event(icalcomponent *calendar)
{
    icalcomponent *first = NULL, *c = icalcomponent_get_first_component(calendar, ICAL_VEVENT_COMPONENT);
    for (; c; c = icalcomponent_get_next_component(calendar, ICAL_VEVENT_COMPONENT)) {
        if (!icalcomponent_get_first_property(c, ICAL_RECURRENCEID_PROPERTY))
            return c;
        first = first ? first : c;
    }
    return first;
}

static void read_times(usm_meeting_t *m, icalcomponent *event, apr_pool_t *pool)
{
    struct icaltimetype start = icalcomponent_get_dtstart(event), end = icalcomponent_get_dtend(event);
    icalproperty *stamp = icalcomponent_get_first_property(event, ICAL_DTSTAMP_PROPERTY);
    icalproperty *rid = icalcomponent_get_first_property(event, ICAL_RECURRENCEID_PROPERTY);
    icalproperty *rule = icalcomponent_get_first_property(event, ICAL_RRULE_PROPERTY);
    m->all_day = start.is_date;
    m->floating = start.is_date || (!start.zone && !icaltime_is_utc(start));
    m->start = instant(start);
    m->end = instant(end);
    if (m->end == USM_TIME_NONE || m->end < m->start)
        m->end = m->all_day && m->start != USM_TIME_NONE ? m->start + USM_DAY_MS : m->start;
    m->stamp = stamp ? instant(icalproperty_get_dtstamp(stamp)) : USM_TIME_NONE;
    m->recurrence_id = USM_TIME_NONE;
    read_zone(m, start, pool);
    if (rid) {
        struct icaltimetype t = icalproperty_get_datetime_with_component(rid, event);
        m->recurrence_id = instant(t);
        m->rid_year = t.year;
        m->rid_month = t.month;
        m->rid_day = t.day;
    } else if (rule) {
        struct icalrecurrencetype r = icalproperty_get_rrule(rule);
        read_rule(m, &r, start, pool);
    }
}

static int method_of(icalcomponent *calendar)
{
    icalproperty *p = icalcomponent_get_first_property(calendar, ICAL_METHOD_PROPERTY);
    switch (p ? icalproperty_get_method(p) : ICAL_METHOD_NONE) {
    case ICAL_METHOD_REQUEST:
    case ICAL_METHOD_ADD:
        return USM_MEETING_REQUEST;
    case ICAL_METHOD_CANCEL:
        return USM_MEETING_CANCEL;
    case ICAL_METHOD_REPLY:
        return USM_MEETING_REPLY;
    case ICAL_METHOD_COUNTER:
        return USM_MEETING_COUNTER;
    default:
        return USM_MEETING_NONE;
    }
}

static const usm_meeting_t *read_event(icalcomponent *calendar, icalcomponent *event, apr_pool_t *pool)
{
    usm_meeting_t *m = apr_pcalloc(pool, sizeof *m);
    const char *no_counter = x_property(event, "X-MICROSOFT-DISALLOW-COUNTER");
    m->method = method_of(calendar);
    m->uid = clean(icalcomponent_get_uid(event), pool);
    m->location = clean(icalcomponent_get_location(event), pool);
    m->sequence = icalcomponent_get_sequence(event);
    m->busy = busy_of(event);
    m->sensitivity = sensitivity_of(event);
    m->reminder = reminder_of(event);
    m->disallow_counter = no_counter && strcasecmp(no_counter, "TRUE") == 0;
    read_organizer(m, event, pool);
    read_attendees(m, event);
    read_times(m, event, pool);
    return m->method != USM_MEETING_NONE && m->uid && m->start != USM_TIME_NONE ? m : NULL;
}

static int components(const char *text)
{
    int n = 0;
    for (const char *p = text; (p = strcasestr(p, "BEGIN:")) != NULL && n <= COMPONENTS_MAX; p += 6)
        n++;
    return n;
}

const usm_meeting_t *usm__meeting_read(const char *data, apr_size_t len, apr_pool_t *pool)
{
    const usm_meeting_t *m = NULL;
    if (!data || len > USM__MEETING_MAX)
        return NULL;
    const char *text = usm__text_clean(pool, data, len, NULL);
    if (components(text) > COMPONENTS_MAX)
        return NULL; /* nesting is freed by recursion */
    icalcomponent *root = icalparser_parse_string(text);
    icalcomponent *calendar = root && icalcomponent_isa(root) == ICAL_VCALENDAR_COMPONENT
                                  ? root
                                  : root ? icalcomponent_get_first_component(root, ICAL_VCALENDAR_COMPONENT) : NULL;
    if (calendar)
        tame_zones(calendar);
    icalcomponent *event = calendar ? choose_event(calendar) : NULL;
    if (event)
        m = read_event(calendar, event, pool);
    if (root)
        icalcomponent_free(root);
    return m;
}
