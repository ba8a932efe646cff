/* SPDX-License-Identifier: Apache-2.0 */
/* Events of module chronos ⇄ items. */
#include "ox/ox_chronos.h"

#include <apr_strings.h>
#include <string.h>
#include <usm/fields.h>

/* What Outlook and its kin say beyond opaque and transparent, where iCalendar keeps what it has no word for. */
#define BUSY_PROPERTY "X-MICROSOFT-CDO-BUSYSTATUS"
#define EXCEPTIONS_MAX 10000

/* ---- times ---- */

/* @return 0 when it is no date-time. An unknown zone counts as UTC. */
static int read_when(usm_time_t *t, int *all_day, const char **zone, const ox_json_t *when, apr_pool_t *pool)
{
    ox_form_e form = ox_time_parse(t, ox_json_str(ox_json_get(when, "value"), NULL));
    const char *name = ox_json_get_text(when, "tzid", pool);
    const usm_zone_t *known = name ? usm_zone_open(name, pool) : NULL;
    *all_day = form == OX_FORM_DATE;
    *zone = *all_day ? NULL : known ? name : "UTC";
    if (form == OX_FORM_LOCAL && known)
        *t = usm_zone_to_utc(known, *t);
    return form != OX_FORM_NONE;
}

void ox_event_times(ox_event_times_t *times, const ox_json_t *event, apr_pool_t *pool)
{
    int days;
    memset(times, 0, sizeof *times);
    times->known = read_when(&times->start, &times->all_day, &times->zone, ox_json_get(event, "startDate"), pool);
    if (!times->known) {
        times->zone = NULL;
        return;
    }
    if (!read_when(&times->end, &days, &times->end_zone, ox_json_get(event, "endDate"), pool) ||
        days != times->all_day || times->end < times->start) {
        times->end = times->all_day ? times->start + USM_DAY_MS : times->start;
        times->end_zone = times->zone;
    }
    times->first.all_day = times->all_day;
    times->first.zone = times->zone ? usm_zone_open(times->zone, pool) : NULL;
    usm_time_t local = times->first.zone ? usm_zone_to_local(times->first.zone, times->start) : times->start;
    times->first.day = usm_date_floor(local);
    times->first.time_of_day = local - times->first.day;
}

static void read_zone(const ox_event_read_t *r, const ox_event_row_t *row)
{
    usm_item_set_text(r->item, row->field, r->times.zone);
}

static void read_all_day(const ox_event_read_t *r, const ox_event_row_t *row)
{
    usm_item_set_num(r->item, row->field, r->times.all_day);
}

static void read_start(const ox_event_read_t *r, const ox_event_row_t *row)
{
    if (r->times.known)
        usm_item_set_num(r->item, row->field, r->times.start);
    else
        usm_item_set_empty(r->item, row->field);
}

static void read_end(const ox_event_read_t *r, const ox_event_row_t *row)
{
    if (r->times.known)
        usm_item_set_num(r->item, row->field, r->times.end);
    else
        usm_item_set_empty(r->item, row->field);
}

static void read_stamp(const ox_event_read_t *r, const ox_event_row_t *row)
{
    const ox_json_t *value = ox_json_get(r->event, row->key);
    if (ox_json_has_int(value))
        usm_item_set_num(r->item, row->field, ox_json_int(value, 0));
    else
        usm_item_set_empty(r->item, row->field);
}

/* Devices know the rule of a zone, not its name: one that has the same rule is no other zone. */
static int same_rule(const char *a, const char *b, apr_pool_t *pool)
{
    const usm_zone_t *x = a ? usm_zone_open(a, pool) : NULL, *y = b ? usm_zone_open(b, pool) : NULL;
    return x && y && memcmp(usm_zone_rule(x), usm_zone_rule(y), sizeof(usm_tzrule_t)) == 0;
}

static ox_json_t *when_of(usm_time_t t, int all_day, const char *name, apr_pool_t *pool)
{
    ox_json_t *when = ox_json_object(pool);
    const usm_zone_t *zone = !all_day && name ? usm_zone_open(name, pool) : NULL;
    /* An hour that comes twice can be said in UTC only. */
    if (zone && usm_zone_to_utc(zone, usm_zone_to_local(zone, t)) == t) {
        ox_json_set_text(when, "value", ox_time_text(usm_zone_to_local(zone, t), OX_FORM_LOCAL, pool));
        ox_json_set_text(when, "tzid", name);
    } else {
        ox_json_set_text(when, "value",
                         ox_time_text(all_day ? usm_date_floor(t) : t, all_day ? OX_FORM_DATE : OX_FORM_UTC, pool));
    }
    return when;
}

/* The end of a rule is an instant that moves with the series. */
static void move_until(ox_event_write_t *w, const ox_event_times_t *was)
{
    const char *text = ox_json_str(ox_json_get(w->current, "rrule"), NULL);
    usm_recurrence_t rule;
    ox_event_times_t now;
    ox_json_t *event;
    if (!text || USM_FIELDSET_HAS(w->fields, USM_EVENT_RECURRENCE) ||
        !ox_rule_parse(&rule, text, &was->first, w->pool) || rule.until == USM_TIME_NONE)
        return;
    event = ox_json_object(w->pool);
    ox_json_set(event, "startDate", ox_json_get(w->object, "startDate"));
    ox_event_times(&now, event, w->pool);
    ox_json_set_text(w->object, "rrule", ox_rule_text(&rule, &now.first, w->pool));
}

/* A value that is to be written, else @a dflt. */
static apr_int64_t written(const ox_event_write_t *w, int field, apr_int64_t dflt)
{
    return USM_FIELDSET_HAS(w->fields, field) ? usm_item_num(w->item, field, dflt) : dflt;
}

/* Zone, days or hours, start and end stand in two members together. */
static void write_times(ox_event_write_t *w, const ox_event_row_t *row, const usm_value_t *v)
{
    ox_event_times_t was;
    if (w->times_done++)
        return;
    ox_event_times(&was, w->current, w->pool);
    if (!was.known && !usm_item_isset(w->item, USM_EVENT_START))
        return;
    int all_day = (int)written(w, USM_EVENT_ALL_DAY, was.all_day);
    usm_time_t start = written(w, USM_EVENT_START, was.start);
    usm_time_t end = written(w, USM_EVENT_END, was.known ? was.end : start);
    const char *zone = was.zone, *end_zone = was.end_zone, *said = usm_item_text(w->item, USM_EVENT_TIMEZONE);
    if (said && USM_FIELDSET_HAS(w->fields, USM_EVENT_TIMEZONE) && !same_rule(said, zone, w->pool))
        zone = end_zone = said;
    if (!zone)
        zone = end_zone = w->fallback_zone;
    if (all_day && usm_date_floor(end) <= usm_date_floor(start))
        end = usm_date_floor(start) + USM_DAY_MS;
    if (w->both_times || !was.known || all_day != was.all_day || start != was.start ||
        (!all_day && strcmp(zone ? zone : "", was.zone ? was.zone : "") != 0)) {
        ox_json_set(w->object, "startDate", when_of(start, all_day, zone, w->pool));
        if (was.known)
            move_until(w, &was);
    }
    if (ox_json_get(w->object, "startDate") || end != was.end)
        ox_json_set(w->object, "endDate", when_of(end, all_day, end_zone, w->pool));
}

/* ---- texts ---- */

static void read_text(const ox_event_read_t *r, const ox_event_row_t *row)
{
    const char *text = ox_json_get_text(r->event, row->key, r->item->pool);
    usm_item_set_text(r->item, row->field, text && *text ? text : NULL);
}

static void write_text(ox_event_write_t *w, const ox_event_row_t *row, const usm_value_t *v)
{
    ox_json_set_text(w->object, row->key, v->state == USM_SET ? v->u.text : NULL);
}

static void read_body(const ox_event_read_t *r, const ox_event_row_t *row)
{
    const char *text = ox_json_get_text(r->event, row->key, r->item->pool);
    if (text && *text)
        usm_item_set_ptr(r->item, row->field, ox_text_body(text, strlen(text),
                                                           r->fetch ? r->fetch->text_max : APR_UINT64_MAX,
                                                           r->item->pool));
    else
        usm_item_set_empty(r->item, row->field);
}

/* Descriptions have plain line feeds. */
static void write_body(ox_event_write_t *w, const ox_event_row_t *row, const usm_value_t *v)
{
    char *text = NULL, *o;
    if (v->state == USM_SET && !v->u.body->text.data)
        return; /* only a form OX cannot store: better the old text than none */
    if (v->state == USM_SET) {
        text = o = apr_pstrmemdup(w->pool, v->u.body->text.data, v->u.body->text.len);
        for (const char *p = text; *p; p++) {
            if (!(p[0] == '\r' && p[1] == '\n'))
                *o++ = *p;
        }
        *o = '\0';
    }
    ox_json_set_text(w->object, row->key, text);
}

static void read_categories(const ox_event_read_t *r, const ox_event_row_t *row)
{
    const ox_json_t *words = ox_json_get(r->event, row->key);
    usm_list_t *list = apr_pcalloc(r->item->pool, sizeof *list);
    list->items = apr_pcalloc(r->item->pool, sizeof(char *) * (apr_size_t)(ox_json_count(words) + 1));
    for (int i = 0; i < ox_json_count(words); i++) {
        const char *word = ox_json_text(ox_json_at(words, i), r->item->pool);
        if (word && *word)
            list->items[list->count++] = word;
    }
    usm_item_set_ptr(r->item, row->field, list->count ? list : NULL);
}

static void write_categories(ox_event_write_t *w, const ox_event_row_t *row, const usm_value_t *v)
{
    ox_json_t *words = ox_json_array(w->pool);
    for (int i = 0; v->state == USM_SET && i < v->u.list->count; i++)
        ox_json_add_text(words, v->u.list->items[i]);
    if (ox_json_count(words))
        ox_json_set(w->object, row->key, words);
    else
        ox_json_set_null(w->object, row->key);
}

/* ---- values with a table ---- */

typedef struct pair_t {
    int ours;
    const char *ox;
} pair_t;

static const pair_t class_pairs[] = {{USM_SENS_NORMAL, "PUBLIC"}, {USM_SENS_PRIVATE, "PRIVATE"},
                                     {USM_SENS_CONFIDENTIAL, "CONFIDENTIAL"}};
static const pair_t busy_pairs[] = {{USM_BUSY_FREE, "FREE"}, {USM_BUSY_TENTATIVE, "TENTATIVE"},
                                    {USM_BUSY_BUSY, "BUSY"}, {USM_BUSY_AWAY, "OOF"},
                                    {USM_BUSY_ELSEWHERE, "WORKINGELSEWHERE"}};

static int to_ours(const pair_t *pairs, apr_size_t count, const char *text, int dflt)
{
    for (apr_size_t i = 0; text && i < count; i++) {
        if (strcasecmp(pairs[i].ox, text) == 0)
            return pairs[i].ours;
    }
    return dflt;
}

static const char *to_ox(const pair_t *pairs, apr_size_t count, apr_int64_t ours, const char *dflt)
{
    for (apr_size_t i = 0; i < count; i++) {
        if (pairs[i].ours == ours)
            return pairs[i].ox;
    }
    return dflt;
}
#define PAIRS(table) table, sizeof table / sizeof table[0]

static int class_of(const ox_json_t *event)
{
    const char *text = ox_json_str(ox_json_get(event, "class"), NULL);
    return to_ours(PAIRS(class_pairs), text, text ? USM_SENS_PRIVATE : USM_SENS_NORMAL);
}

static void read_class(const ox_event_read_t *r, const ox_event_row_t *row)
{
    usm_item_set_num(r->item, row->field, class_of(r->event));
}

/* OX has no "personal". A class without a word here that reads the same stays. */
static void write_class(ox_event_write_t *w, const ox_event_row_t *row, const usm_value_t *v)
{
    apr_int64_t now = v->state == USM_SET ? v->u.num : USM_SENS_NORMAL;
    if (!w->current || class_of(w->current) != now)
        ox_json_set_text(w->object, row->key, to_ox(PAIRS(class_pairs), now, "PUBLIC"));
}

static int is_transparent(const ox_json_t *event)
{
    const char *transp = ox_json_str(ox_json_get(event, "transp"), NULL);
    return transp && strcasecmp(transp, "TRANSPARENT") == 0;
}

static int busy_of(const ox_json_t *event)
{
    const char *status = ox_json_str(ox_json_get(event, "status"), NULL);
    const ox_json_t *said = ox_json_get(ox_json_get(event, "extendedProperties"), BUSY_PROPERTY);
    int dflt = status && strcasecmp(status, "TENTATIVE") == 0 ? USM_BUSY_TENTATIVE : USM_BUSY_BUSY;
    if (is_transparent(event))
        return USM_BUSY_FREE;
    int busy = to_ours(PAIRS(busy_pairs), ox_json_str(ox_json_get(said, "value"), NULL), dflt);
    return busy == USM_BUSY_FREE ? dflt : busy; /* somebody has made it opaque since */
}

static void read_busy(const ox_event_read_t *r, const ox_event_row_t *row)
{
    usm_item_set_num(r->item, row->field, busy_of(r->event));
}

static void write_busy(ox_event_write_t *w, const ox_event_row_t *row, const usm_value_t *v)
{
    int busy = v->state == USM_SET ? (int)v->u.num : USM_BUSY_BUSY;
    ox_json_t *event, *all, *one;
    if (!w->current || is_transparent(w->current) != (busy == USM_BUSY_FREE))
        ox_json_set_text(w->object, row->key, busy == USM_BUSY_FREE ? "TRANSPARENT" : "OPAQUE");
    event = ox_json_object(w->pool); /* what would be read of it without saying more */
    ox_json_set(event, "status", ox_json_get(w->current, "status"));
    ox_json_set(event, "extendedProperties", ox_json_get(w->current, "extendedProperties"));
    if (busy == USM_BUSY_FREE || busy_of(event) == busy)
        return;
    all = ox_json_object(w->pool);
    ox_json_merge(all, ox_json_get(w->current, "extendedProperties"));
    one = ox_json_object(w->pool);
    ox_json_set_text(one, "value", to_ox(PAIRS(busy_pairs), busy, "BUSY"));
    ox_json_set(all, BUSY_PROPERTY, one);
    ox_json_set(w->object, "extendedProperties", all);
}

/* ---- alarms ---- */

/* Minutes before the start; -1 for a mail, a trigger at a time of its own, one after the start or by the end. */
static int minutes_of(const ox_json_t *alarm)
{
    const ox_json_t *trigger = ox_json_get(alarm, "trigger");
    const char *action = ox_json_str(ox_json_get(alarm, "action"), NULL);
    const char *related = ox_json_str(ox_json_get(trigger, "related"), NULL);
    if ((action && strcasecmp(action, "DISPLAY") != 0 && strcasecmp(action, "AUDIO") != 0) ||
        (related && strcasecmp(related, "START") != 0))
        return -1;
    return ox_minutes_parse(ox_json_str(ox_json_get(trigger, "duration"), NULL));
}

/* Devices have one reminder: the first that they could show. */
static void read_reminder(const ox_event_read_t *r, const ox_event_row_t *row)
{
    const ox_json_t *alarms = ox_json_get(r->event, row->key);
    usm_item_set_empty(r->item, row->field);
    for (int i = 0; i < ox_json_count(alarms); i++) {
        int minutes = minutes_of(ox_json_at(alarms, i));
        if (minutes >= 0) {
            usm_item_set_num(r->item, row->field, minutes);
            return;
        }
    }
}

static ox_json_t *alarm_at(const ox_json_t *old, int minutes, apr_pool_t *pool)
{
    ox_json_t *alarm = ox_json_object(pool), *trigger = ox_json_object(pool);
    ox_json_merge(alarm, old);
    if (!ox_json_get(alarm, "action"))
        ox_json_set_text(alarm, "action", "DISPLAY");
    ox_json_set_text(trigger, "duration", ox_minutes_text(minutes, pool));
    ox_json_set(alarm, "trigger", trigger);
    ox_json_del(alarm, "acknowledged"); /* it has not been shown at its new time */
    return alarm;
}

/* Alarms that devices cannot show stay. No reminder on the device means none that it could show. */
static void write_reminder(ox_event_write_t *w, const ox_event_row_t *row, const usm_value_t *v)
{
    const ox_json_t *old = ox_json_get(w->current, row->key);
    ox_json_t *list = ox_json_array(w->pool);
    int minutes = v->state == USM_SET && v->u.num >= 0 ? (int)v->u.num : -1, told = minutes < 0;
    for (int i = 0; i < ox_json_count(old); i++) {
        ox_json_t *one = ox_json_at(old, i);
        int shown = minutes_of(one);
        if (shown < 0 || (told && minutes >= 0)) {
            ox_json_add(list, one);
        } else if (!told) {
            ox_json_add(list, shown == minutes ? one : alarm_at(one, minutes, w->pool));
            told = 1;
        }
    }
    if (!told)
        ox_json_add(list, alarm_at(NULL, minutes, w->pool));
    if (ox_json_count(list))
        ox_json_set(w->object, row->key, list);
    else
        ox_json_set_null(w->object, row->key);
}

/* ---- series ---- */

const char *ox_event_master(const ox_json_t *event, apr_pool_t *pool)
{
    const char *id = ox_json_get_text(event, "id", pool), *series = ox_json_get_text(event, "seriesId", pool);
    return series && *series && id && strcmp(id, series) != 0 ? series : NULL;
}

static int rule_of(usm_recurrence_t *rule, const ox_json_t *event, const ox_event_times_t *times, apr_pool_t *pool)
{
    const char *text = ox_json_str(ox_json_get(event, "rrule"), NULL);
    return text && times->known && !ox_json_get(event, "recurrenceId") &&
           ox_rule_parse(rule, text, &times->first, pool);
}

/* A rule that devices have no words for leaves the one event that there is. */
static void read_rule(const ox_event_read_t *r, const ox_event_row_t *row)
{
    usm_recurrence_t *rule = apr_palloc(r->item->pool, sizeof *rule);
    int good = rule_of(rule, r->event, &r->times, r->item->pool);
    usm_item_set_ptr(r->item, row->field, good ? rule : NULL);
}

static void read_planned(const ox_event_read_t *r, const ox_event_row_t *row)
{
    const char *text = ox_json_str(ox_json_get(r->event, row->key), NULL);
    usm_time_t day = text ? ox_recurrence_day(text, &r->times.first, r->item->pool) : USM_TIME_NONE;
    if (day != USM_TIME_NONE)
        usm_item_set_num(r->item, row->field, day);
    else
        usm_item_set_empty(r->item, row->field);
}

static void write_rule(ox_event_write_t *w, const ox_event_row_t *row, const usm_value_t *v)
{
    ox_event_times_t was, now;
    usm_recurrence_t old;
    ox_event_times(&was, w->current, w->pool);
    int had = rule_of(&old, w->current, &was, w->pool);
    if (v->state != USM_SET) {
        if (had) /* else it is one that the device never saw */
            ox_json_set_null(w->object, row->key);
        return;
    }
    ox_event_times(&now, ox_json_get(w->object, "startDate") ? w->object : w->current, w->pool);
    usm_recurrence_t rule = *v->u.recurrence;
    usm_recurrence_normalise(&rule, now.first.day);
    if (had && rule.first_weekday == 1) /* before 14.1 devices cannot say where weeks begin */
        rule.first_weekday = old.first_weekday;
    usm_value_t a = {.state = USM_SET, .u.recurrence = &rule}, b = {.state = USM_SET, .u.recurrence = &old};
    if (had && usm_value_equal(USM_T_RECURRENCE, &a, &b) && was.start == now.start)
        return; /* in whatever words it was said */
    ox_json_set_text(w->object, row->key, ox_rule_text(&rule, &now.first, w->pool));
}

/* Days on which nothing takes place any more; changed occurrences are events of their own. */
static void read_exceptions(const ox_event_read_t *r, const ox_event_row_t *row)
{
    const ox_json_t *days = ox_json_get(r->event, row->key);
    int count = ox_json_count(days) > EXCEPTIONS_MAX ? EXCEPTIONS_MAX : ox_json_count(days);
    usm_exceptions_t *list = apr_pcalloc(r->item->pool, sizeof *list);
    list->items = apr_pcalloc(r->item->pool, sizeof(usm_exception_t) * (apr_size_t)(count + 1));
    for (int i = 0; i < count; i++) {
        usm_time_t day = ox_recurrence_day(ox_json_str(ox_json_at(days, i), NULL), &r->times.first, r->item->pool);
        if (day != USM_TIME_NONE)
            list->items[list->count++].day = day;
    }
    usm_item_set_ptr(r->item, row->field, list->count ? list : NULL);
}

const char *ox_event_recurrence_id(const usm_item_t *series, usm_time_t day, apr_pool_t *pool)
{
    usm_time_t start, end;
    if (usm_item_num(series, USM_EVENT_ALL_DAY, 0))
        return ox_time_text(day, OX_FORM_DATE, pool);
    usm_series_times(series, day, &start, &end, pool);
    return ox_time_text(start, OX_FORM_UTC, pool);
}

/* Files are read and written through another module (ox_attach.c): here only whether there are any. */
static void read_files(const ox_event_read_t *r, const ox_event_row_t *row)
{
    const ox_json_t *flags = ox_json_get(r->event, "flags");
    int some = ox_json_count(ox_json_get(r->event, row->key)) > 0;
    for (int i = 0; i < ox_json_count(flags) && !some; i++) {
        const char *word = ox_json_str(ox_json_at(flags, i), NULL);
        some = word && strcmp(word, "attachments") == 0;
    }
    if (!some)
        usm_item_set_empty(r->item, row->field);
}

/* ---- all of it ---- */

static const ox_event_row_t rows[] = {
    {USM_EVENT_ALL_DAY, "startDate", NULL, read_all_day, write_times},
    {USM_EVENT_TIMEZONE, "startDate", NULL, read_zone, write_times},
    {USM_EVENT_START, "startDate", NULL, read_start, write_times},
    {USM_EVENT_END, "endDate", "startDate", read_end, write_times},
    {USM_EVENT_DTSTAMP, "lastModified", NULL, read_stamp, NULL},
    {USM_EVENT_SUBJECT, "summary", NULL, read_text, write_text},
    {USM_EVENT_LOCATION, "location", NULL, read_text, write_text},
    {USM_EVENT_UID, "uid", NULL, read_text, NULL},
    {USM_EVENT_BUSY, "transp", "status,extendedProperties", read_busy, write_busy},
    {USM_EVENT_SENSITIVITY, "class", NULL, read_class, write_class},
    {USM_EVENT_REMINDER, "alarms", NULL, read_reminder, write_reminder},
    {USM_EVENT_CATEGORIES, "categories", NULL, read_categories, write_categories},
    {USM_EVENT_BODY, "description", NULL, read_body, write_body},
    {USM_EVENT_ATTENDEES, "attendees", "organizer", ox_event_read_attendees, ox_event_write_attendees},
    {USM_EVENT_ORGANIZER_EMAIL, "organizer", NULL, ox_event_read_organizer, NULL},
    {USM_EVENT_OWN_STATUS, "attendees", NULL, ox_event_read_own_status, NULL},
    {USM_EVENT_RECURRENCE, "rrule", "startDate,recurrenceId", read_rule, write_rule},
    {USM_EVENT_EXCEPTIONS, "deleteExceptionDates", "startDate", read_exceptions, NULL},
    {USM_EVENT_ATTACHMENTS, "attachments", "flags", read_files, NULL},
    {USM_EVENT_PLANNED_DAY, "recurrenceId", "startDate", read_planned, NULL},
};
#define ROWS (int)(sizeof rows / sizeof rows[0])

const ox_event_row_t *ox_event_row(int field)
{
    for (int i = 0; i < ROWS; i++) {
        if (rows[i].field == field)
            return &rows[i];
    }
    return NULL;
}

static int has_word(const char *list, const char *word)
{
    apr_size_t len = strlen(word);
    for (const char *p = list; *p;) {
        apr_size_t n = strcspn(p, ",");
        if (n == len && strncmp(p, word, n) == 0)
            return 1;
        p += n + (p[n] == ',');
    }
    return 0;
}

static const char *add_words(const char *list, const char *words, apr_pool_t *pool)
{
    char *last = NULL, *copy = apr_pstrdup(pool, words ? words : "");
    for (char *word = apr_strtok(copy, ",", &last); word; word = apr_strtok(NULL, ",", &last)) {
        if (!has_word(list, word))
            list = apr_pstrcat(pool, list, ",", word, NULL);
    }
    return list;
}

const char *ox_event_fields(const char *base, const usm_fieldset_t *fields, apr_pool_t *pool)
{
    const char *list = base;
    for (int i = 0; i < ROWS; i++) {
        if (USM_FIELDSET_HAS(fields, rows[i].field))
            list = add_words(add_words(list, rows[i].key, pool), rows[i].more, pool);
    }
    return list;
}

void ox_event_read(ox_event_read_t *r, const usm_fieldset_t *fields)
{
    ox_event_times(&r->times, r->event, r->item->pool);
    for (int i = 0; i < ROWS; i++) {
        if (USM_FIELDSET_HAS(fields, rows[i].field))
            rows[i].read(r, &rows[i]);
    }
}

/* Take out what the event has already. Start and end go together, lest a server keep the length. */
static void prune(ox_event_write_t *w)
{
    for (int i = 0; w->current && i < ROWS; i++) {
        const ox_json_t *now = ox_json_get(w->object, rows[i].key), *was = ox_json_get(w->current, rows[i].key);
        if (now && rows[i].write != write_times && ox_json_equal(now, was))
            ox_json_del(w->object, rows[i].key);
    }
}

void ox_event_write(ox_event_write_t *w)
{
    static const usm_value_t empty = {.state = USM_EMPTY};
    for (int i = 0; i < ROWS; i++) {
        const usm_value_t *v = &w->item->v[rows[i].field];
        if (rows[i].write && USM_FIELDSET_HAS(w->fields, rows[i].field))
            rows[i].write(w, &rows[i], v->state == USM_SET ? v : &empty);
    }
    prune(w);
}
