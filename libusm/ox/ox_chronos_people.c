/* SPDX-License-Identifier: Apache-2.0 */
/* Module chronos: attendees, the organizer, and when people are busy. */
#include "ox/ox_chronos.h"

#include <apr_strings.h>
#include <string.h>
#include <usm/fields.h>

#define PEOPLE_MAX 2000
#define BUSY_MAX 10000

static const char *const part_stats[] = {[USM_ATT_NONE] = "NEEDS-ACTION", [USM_ATT_TENTATIVE] = "TENTATIVE",
                                         [USM_ATT_ACCEPTED] = "ACCEPTED", [USM_ATT_DECLINED] = "DECLINED"};

const char *ox_event_part_stat(int status)
{
    return part_stats[status & 3];
}

static int status_of(const ox_json_t *person)
{
    const char *text = ox_json_str(ox_json_get(person, "partStat"), NULL);
    for (int i = 0; text && i < 4; i++) {
        if (strcasecmp(text, part_stats[i]) == 0)
            return i;
    }
    return USM_ATT_NONE;
}

static apr_int64_t entity_of(const ox_json_t *person)
{
    return ox_json_int(ox_json_get(person, "entity"), 0);
}

const char *ox_event_address(const ox_json_t *person, apr_pool_t *pool)
{
    const char *mail = ox_json_get_text(person, "email", pool), *uri = ox_json_get_text(person, "uri", pool);
    if ((!mail || !*mail) && uri && strncasecmp(uri, "mailto:", 7) == 0)
        mail = uri + 7;
    return mail && *mail ? mail : NULL;
}

static int is_word(const ox_json_t *person, const char *key, const char *word)
{
    const char *text = ox_json_str(ox_json_get(person, key), NULL);
    return text && strcasecmp(text, word) == 0;
}

static int is_group(const ox_json_t *person)
{
    return is_word(person, "cuType", "GROUP");
}

static int is_resource(const ox_json_t *person)
{
    return is_word(person, "cuType", "RESOURCE") || is_word(person, "cuType", "ROOM");
}

static int is_user(const ox_json_t *person)
{
    return entity_of(person) > 0 && !is_group(person) && !is_resource(person);
}

/* Are two calendar users the same person? Numbers of users, groups and resources overlap. */
static int same_person(const ox_json_t *a, const ox_json_t *b, apr_pool_t *pool)
{
    const char *x = ox_event_address(a, pool), *y = ox_event_address(b, pool);
    if (is_user(a) && is_user(b))
        return entity_of(a) == entity_of(b);
    return x && y && strcasecmp(x, y) == 0;
}

/* ---- reading ---- */

void ox_event_read_organizer(const ox_event_read_t *r, const ox_event_row_t *row)
{
    usm_item_set_text(r->item, row->field, ox_event_address(ox_json_get(r->event, row->key), r->item->pool));
}

void ox_event_read_own_status(const ox_event_read_t *r, const ox_event_row_t *row)
{
    const ox_json_t *people = ox_json_get(r->event, row->key);
    usm_item_set_empty(r->item, row->field);
    for (int i = 0; i < ox_json_count(people); i++) {
        const ox_json_t *one = ox_json_at(people, i);
        if (is_user(one) && entity_of(one) == r->own_id)
            usm_item_set_num(r->item, row->field, status_of(one));
    }
}

static int type_of(const ox_json_t *person)
{
    if (is_resource(person))
        return USM_ATT_RESOURCE;
    return is_word(person, "role", "OPT-PARTICIPANT") || is_word(person, "role", "NON-PARTICIPANT") ? USM_ATT_OPTIONAL
                                                                                                     : USM_ATT_REQUIRED;
}

/* Devices have the organizer in a field of its own: in the list there are the others only. Nobody known to be it: the
 * one whose calendar it is. */
static int is_organizer(const ox_json_t *person, const ox_json_t *organizer, int own_id, apr_pool_t *pool)
{
    if (!ox_json_is_object(organizer))
        return is_user(person) && entity_of(person) == own_id;
    return same_person(person, organizer, pool);
}

void ox_event_read_attendees(const ox_event_read_t *r, const ox_event_row_t *row)
{
    apr_pool_t *pool = r->item->pool;
    const ox_json_t *people = ox_json_get(r->event, row->key), *organizer = ox_json_get(r->event, "organizer");
    int count = ox_json_count(people) > PEOPLE_MAX ? PEOPLE_MAX : ox_json_count(people);
    usm_attendees_t *list = apr_pcalloc(pool, sizeof *list);
    list->items = apr_pcalloc(pool, sizeof(usm_attendee_t) * (apr_size_t)(count + 1));
    for (int i = 0; i < count; i++) {
        const ox_json_t *one = ox_json_at(people, i);
        const char *mail = ox_event_address(one, pool);
        if (!mail || is_group(one) || is_organizer(one, organizer, r->own_id, pool))
            continue; /* of a group its members are listed */
        list->items[list->count++] = (usm_attendee_t){
            .name = ox_json_get_text(one, "cn", pool), .email = mail, .type = type_of(one), .status = status_of(one),
            .backend_ref = is_user(one) ? apr_psprintf(pool, "%" APR_INT64_T_FMT, entity_of(one)) : NULL};
    }
    usm_item_set_ptr(r->item, row->field, list->count ? list : NULL);
}

int ox_event_is_guest(const ox_json_t *event, int own_id, apr_pool_t *pool)
{
    const ox_json_t *organizer = ox_json_get(event, "organizer"), *people = ox_json_get(event, "attendees");
    if (!ox_json_is_object(organizer))
        return 0;
    if (entity_of(organizer) > 0)
        return entity_of(organizer) != own_id;
    for (int i = 0; i < ox_json_count(people); i++) { /* one from outside has no number */
        if (!is_user(ox_json_at(people, i)) && same_person(ox_json_at(people, i), organizer, pool))
            return 1;
    }
    return 0;
}

/* ---- writing ---- */

/* The attendee of the item that a person of the event is; -1: none. */
static int find(const usm_attendees_t *list, const ox_json_t *person, apr_pool_t *pool)
{
    const char *mail = ox_event_address(person, pool);
    for (int i = 0; list && i < list->count; i++) {
        const usm_attendee_t *a = &list->items[i];
        if (is_user(person) && a->backend_ref && apr_atoi64(a->backend_ref) == entity_of(person))
            return i;
        if (mail && a->email && strcasecmp(mail, a->email) == 0)
            return i;
    }
    return -1;
}

static const char *role_of(const usm_attendee_t *a)
{
    return a->type == USM_ATT_OPTIONAL ? "OPT-PARTICIPANT" : "REQ-PARTICIPANT";
}

/* As it is, but for one who may stay away now. That somebody must come is what devices before 12.0 say of all. */
static ox_json_t *kept(ox_json_t *person, const usm_attendee_t *a, apr_pool_t *pool)
{
    ox_json_t *copy;
    if (!a || a->type != USM_ATT_OPTIONAL || type_of(person) != USM_ATT_REQUIRED)
        return person;
    copy = ox_json_object(pool);
    ox_json_merge(copy, person);
    ox_json_set_text(copy, "role", role_of(a));
    return copy;
}

static ox_json_t *person_of(const usm_attendee_t *a, apr_pool_t *pool)
{
    ox_json_t *one = ox_json_object(pool);
    apr_int64_t entity = a->backend_ref ? apr_atoi64(a->backend_ref) : 0;
    if (entity > 0)
        ox_json_set_int(one, "entity", entity);
    ox_json_set_text(one, "uri", apr_pstrcat(pool, "mailto:", a->email, NULL));
    ox_json_set_text(one, "email", a->email);
    if (a->name)
        ox_json_set_text(one, "cn", a->name);
    ox_json_set_text(one, "cuType", a->type == USM_ATT_RESOURCE ? "RESOURCE" : "INDIVIDUAL");
    ox_json_set_text(one, "role", role_of(a));
    return one;
}

static ox_json_t *own_user(int own_id, apr_pool_t *pool)
{
    ox_json_t *one = ox_json_object(pool);
    ox_json_set_int(one, "entity", own_id);
    ox_json_set_text(one, "cuType", "INDIVIDUAL");
    ox_json_set_text(one, "partStat", "ACCEPTED");
    return one;
}

/* The list replaces OX's own. Devices do not know groups, may not see resources, and do not list the organizer: those
 * stay. What they do not say of a person, answers too, stays as well. */
void ox_event_write_attendees(ox_event_write_t *w, const ox_event_row_t *row, const usm_value_t *v)
{
    const ox_json_t *old = ox_json_get(w->current, row->key), *organizer = ox_json_get(w->current, "organizer");
    const usm_attendees_t *now = v->state == USM_SET ? v->u.attendees : NULL;
    ox_json_t *list = ox_json_array(w->pool);
    char *done = apr_pcalloc(w->pool, (apr_size_t)(now ? now->count + 1 : 1));
    for (int i = 0; i < ox_json_count(old); i++) {
        ox_json_t *one = ox_json_at(old, i);
        int at = find(now, one, w->pool);
        if (at >= 0)
            done[at] = 1;
        if (at >= 0 || is_group(one) || is_resource(one) || (is_user(one) && entity_of(one) == w->own_id) ||
            is_organizer(one, organizer, w->own_id, w->pool))
            ox_json_add(list, kept(one, at < 0 ? NULL : &now->items[at], w->pool));
    }
    if (!ox_json_count(old) && now)
        ox_json_add(list, own_user(w->own_id, w->pool));
    for (int i = 0; now && i < now->count; i++) {
        const usm_attendee_t *a = &now->items[i];
        int own = a->backend_ref && apr_atoi64(a->backend_ref) == w->own_id;
        if (!done[i] && !own && a->email && *a->email)
            ox_json_add(list, person_of(a, w->pool));
    }
    ox_json_set(w->object, row->key, list);
}

/* ---- free and busy ---- */

static const struct {
    const char *type;
    enum usm_busy_e busy;
} busy_rows[] = {{"BUSY", USM_BUSY_BUSY}, {"BUSY-TENTATIVE", USM_BUSY_TENTATIVE}, {"BUSY-UNAVAILABLE", USM_BUSY_AWAY},
                 {"FREE", USM_BUSY_FREE}};

static usm_time_t instant(const ox_json_t *value)
{
    usm_time_t t;
    if (ox_json_is_number(value))
        return ox_json_int(value, USM_TIME_NONE);
    return ox_time_parse(&t, ox_json_str(value, NULL)) == OX_FORM_NONE ? USM_TIME_NONE : t;
}

static void take_busy(apr_array_header_t *times, const ox_json_t *list)
{
    for (int i = 0; i < ox_json_count(list) && times->nelts < BUSY_MAX; i++) {
        const ox_json_t *entry = ox_json_at(list, i);
        const char *type = ox_json_str(ox_json_get(entry, "fbType"), NULL);
        usm_busy_t t = {.start = instant(ox_json_get(entry, "startTime")),
                        .end = instant(ox_json_get(entry, "endTime")),
                        .busy = USM_BUSY_BUSY};
        for (apr_size_t k = 0; type && k < sizeof busy_rows / sizeof busy_rows[0]; k++) {
            if (strcasecmp(busy_rows[k].type, type) == 0)
                t.busy = busy_rows[k].busy;
        }
        if (t.start == USM_TIME_NONE || t.end == USM_TIME_NONE || t.end <= t.start || t.busy == USM_BUSY_FREE)
            continue;
        /* Days have no zone: they are told from midnight to midnight of UTC. */
        t.whole_days = t.start % USM_DAY_MS == 0 && t.end % USM_DAY_MS == 0;
        APR_ARRAY_PUSH(times, usm_busy_t) = t;
    }
}

static ox_json_t *ask_busy(const usm_busy_query_t *query, usm_time_t from, usm_time_t to, apr_pool_t *pool)
{
    ox_json_t *body = ox_json_object(pool), *list = ox_json_array(pool), *who = ox_json_object(pool);
    ox_json_t *request = ox_request(pool, "chronos", "freeBusy", "from", ox_time_text(from, OX_FORM_UTC, pool), "until",
                                    ox_time_text(to, OX_FORM_UTC, pool), NULL);
    ox_json_set_int(who, "entity", query->user);
    ox_json_set_text(who, "cuType", "INDIVIDUAL");
    ox_json_add(list, who);
    ox_json_set(body, "attendees", list);
    ox_json_set(request, "data", body);
    return request;
}

usm_error_t *ox_chronos_busy(usm_busy_query_t *queries, int count, usm_bcall_t *call, usm_time_t from, usm_time_t to,
                             apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    ox_json_t *requests = ox_json_array(scratch_pool), *answers;
    /* A zone may put a day's edge up to a day off. */
    usm_time_t first = (from / USM_DAY_MS - 1) * USM_DAY_MS, last = (to / USM_DAY_MS + 2) * USM_DAY_MS;
    for (int i = 0; i < count; i++)
        ox_json_add(requests, ask_busy(&queries[i], first, last, scratch_pool));
    USM_ERR(ox_multiple(&answers, call, requests, scratch_pool));
    for (int i = 0; i < count; i++) {
        const ox_json_t *answer = ox_json_at(answers, i);
        queries[i].error = ox_error_of(answer, result_pool);
        if (!queries[i].error)
            take_busy(queries[i].times, ox_json_get(ox_json_at(ox_json_get(answer, "data"), 0), "freeBusyTime"));
    }
    return NULL;
}
