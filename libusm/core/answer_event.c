/* SPDX-License-Identifier: Apache-2.0 */
/* Answering and forwarding an event: what it says is quoted like a mail; a forward brings it along as iCalendar, so
 * that whoever gets it can take part. Of a meeting of somebody else's that somebody stays the organizer. */
#include "answer.h"

#include <usm/recur.h>

#include "util/ical_event.h"

typedef struct source_t {
    const usm_item_t *event;  /* as it is told: the event, or one occurrence of it */
    const usm_item_t *series; /* as it is kept */
    usm_time_t day;
} source_t;

static usm_error_t *read_event(usm_item_t **item_p, usm_session_t *session, const usm__place_t *place)
{
    usm_fetch_t fetch = {.body_forms = USM_BODY_TEXT, .text_max = APR_UINT64_MAX};
    usm_bget_t get = {.id = place->id};
    for (int f = 0; f < usm_class_fields(USM_EVENT); f++)
        USM_FIELDSET_ADD(&fetch.fields, f);
    USM_ERR(USM__BVT(session)->get(&get, 1, &session->call, &place->ref, &fetch, session->pool, session->pool));
    USM_ERR(get.error);
    if (!get.item)
        return USM_ERROR(session->pool, USM_ENOTFOUND, "the event that is forwarded is gone");
    *item_p = get.item;
    return NULL;
}

static usm_error_t *choose(source_t *source, usm_session_t *session, const usm_outgoing_t *out,
                           const usm__place_t *place)
{
    usm_item_t *event = NULL;
    USM_ERR(read_event(&event, session, place));
    *source = (source_t){.event = event, .series = event, .day = USM_TIME_NONE};
    if (!out->has_instance)
        return NULL;
    USM_ERR(usm__meeting_day(&source->day, event, out->instance, session->pool));
    const usm_exception_t *e = usm_series_exception(event, source->day);
    source->event = usm_series_occurrence(event, source->day, e ? e->item : NULL, session->pool);
    return NULL;
}

/* ---- as text ---- */

static const char *time_text(usm_time_t t, int all_day, apr_pool_t *pool)
{
    int year, month, day;
    usm_time_t ms = t - usm_date_floor(t);
    usm_date_split(t, &year, &month, &day, NULL);
    const char *date = apr_psprintf(pool, "%04d-%02d-%02d", year, month, day);
    return all_day ? date : apr_psprintf(pool, "%s %02d:%02d", date, (int)(ms / 3600000), (int)(ms / 60000 % 60));
}

/* In the event's zone; the end of whole days is told as the last of them. */
static const char *when_text(const source_t *s, apr_pool_t *pool)
{
    int all_day = usm_item_num(s->event, USM_EVENT_ALL_DAY, 0) != 0;
    usm_time_t start = usm_item_num(s->event, USM_EVENT_START, 0), end = usm_item_num(s->event, USM_EVENT_END, start);
    const char *name = usm_item_text(s->series, USM_EVENT_TIMEZONE);
    const usm_zone_t *zone = name && !all_day ? usm_zone_open(name, pool) : NULL;
    if (all_day && end > start)
        end -= USM_DAY_MS;
    const char *from = time_text(zone ? usm_zone_to_local(zone, start) : start, all_day, pool);
    const char *to = time_text(zone ? usm_zone_to_local(zone, end) : end, all_day, pool);
    return apr_pstrcat(pool, from, strcmp(from, to) ? " - " : "", strcmp(from, to) ? to : "",
                       all_day ? "" : zone ? " (" : " (UTC", zone ? name : "", all_day ? "" : ")", NULL);
}

static const char *line(const char *name, const char *value, apr_pool_t *pool)
{
    return value && *value ? apr_pstrcat(pool, name, ": ", value, "\n", NULL) : "";
}

static void describe(usm__original_t *original, const source_t *s, apr_pool_t *pool)
{
    const usm_body_t *body =
        usm_item_isset(s->event, USM_EVENT_BODY) ? s->event->v[USM_EVENT_BODY].u.body : NULL;
    const char *text = body && body->text.data ? apr_pstrmemdup(pool, body->text.data, body->text.len) : "";
    original->head = apr_pstrcat(pool, line("From", usm_item_text(s->series, USM_EVENT_ORGANIZER_EMAIL), pool),
                                 line("When", when_text(s, pool), pool),
                                 line("Where", usm_item_text(s->event, USM_EVENT_LOCATION), pool),
                                 line("Subject", usm_item_text(s->event, USM_EVENT_SUBJECT), pool), NULL);
    original->data = apr_pstrcat(pool, "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
                                 "Content-Transfer-Encoding: 8bit\r\n\r\n", text, "\r\n", NULL);
    original->len = strlen(original->data);
}

/* ---- as iCalendar ---- */

/* Who has called the meeting; of an event that nobody has called it is the user. *own_p: it is the user. */
static usm_error_t *organizer_of(usm_addr_t *addr, int *own_p, usm_session_t *session, const source_t *s)
{
    const usm_userinfo_t *info;
    const char *named = usm_item_text(s->series, USM_EVENT_ORGANIZER_EMAIL);
    USM_ERR(usm_session_userinfo(&info, session));
    *own_p = !named || !*named;
    for (int i = 0; !*own_p && i < info->address_count; i++)
        *own_p = strcasecmp(info->addresses[i], named) == 0;
    *addr = (usm_addr_t){.addr = named && *named ? named : info->primary_address,
                         .name = *own_p ? info->display_name : NULL};
    return NULL;
}

static usm_error_t *add_calendar(const char **data_p, apr_size_t *len_p, usm_session_t *session,
                                 const usm_outgoing_t *out, const source_t *s)
{
    apr_pool_t *pool = session->pool;
    usm__ical_event_t what = {.event = s->event, .series = s->series, .day = s->day, .stamp = usm__now()};
    int own;
    what.invited = out->to ? out->to : usm__mime_recipients(*data_p, *len_p, pool);
    USM_ERR(organizer_of(&what.organizer, &own, session, s));
    what.is_meeting = !own || usm_item_isset(s->series, USM_EVENT_ATTENDEES);
    const char *calendar = usm__ical_event(&what, pool);
    if (!calendar)
        return USM_ERROR(pool, USM_EINTERNAL, "an event cannot be written as iCalendar");
    return usm__mime_invite(data_p, len_p, calendar, what.is_meeting ? "REQUEST" : "PUBLISH", pool);
}

usm_error_t *usm__answer_event(const char **data_p, apr_size_t *len_p, usm_session_t *session,
                               const usm_outgoing_t *out, const usm__mail_t *mail, const usm__place_t *place)
{
    usm__original_t original = {.data = NULL};
    int forward = out->verb == USM_VERB_FORWARDED;
    source_t source;
    USM_ERR(choose(&source, session, out, place));
    if (!out->complete)
        describe(&original, &source, session->pool);
    USM_ERR(usm__mime_answer(data_p, len_p, mail->data, mail->len, &original, forward, session->pool));
    if (out->to) {
        const char *subject = usm_item_text(source.event, USM_EVENT_SUBJECT);
        subject = apr_pstrcat(session->pool, "FW: ", subject ? subject : "", NULL);
        usm__head_set(data_p, len_p, "Subject", usm__mime_header_text(subject, session->pool), session->pool);
    }
    return forward && !out->complete ? add_calendar(data_p, len_p, session, out, &source) : NULL;
}
