/* SPDX-License-Identifier: Apache-2.0 */
/* Answers to invitations, each kept with the device that gave it: its repeat finds the mail gone. */
#include "hint.h"

#include <usm/meeting.h>
#include <usm/recur.h>

#define CALENDARS_MAX 32

typedef struct calendars_t {
    usm_folder_row_t rows[CALENDARS_MAX];
    int count;
    apr_pool_t *pool;
} calendars_t;

/* The default calendar first. */
static usm_error_t *note_calendar(void *baton, const usm_folder_row_t *row)
{
    calendars_t *c = baton;
    if (row->cls != USM_EVENT || c->count == CALENDARS_MAX)
        return NULL;
    usm_folder_row_t *kept = &c->rows[c->count++];
    *kept = *row;
    kept->backend_id = apr_pstrdup(c->pool, row->backend_id);
    kept->name = kept->token = "";
    if (row->role == USM_ROLE_DEFAULT) {
        usm_folder_row_t first = c->rows[0];
        c->rows[0] = *kept;
        *kept = first;
    }
    return NULL;
}

static usm_error_t *find_event(usm__place_t *place, usm_session_t *session, const char *uid, apr_pool_t *pool)
{
    calendars_t *c = apr_pcalloc(pool, sizeof *c);
    usm_txn_t *txn;
    c->pool = pool;
    USM_ERR(usm__read(&txn, session, pool));
    USM_ERR(usm__finish(session, txn, USM__VT(session)->folder_scan(txn, session->device.user, 0, note_calendar, c,
                                                                    pool)));
    for (int i = 0; i < c->count; i++) {
        usm_bwrite_t found = {.edge = USM_TIME_NONE};
        usm__folder_ref(&place->ref, &c->rows[i]);
        USM_ERR(usm__checked(session, USM__BVT(session)->find_uid(&found, &session->call, &place->ref, uid, pool,
                                                                  pool)));
        if (found.id) {
            place->folder = c->rows[i];
            place->id = found.id;
            return NULL;
        }
    }
    return USM_ERROR(pool, USM_ENOTFOUND, "the meeting is in none of the user's calendars");
}

static usm_error_t *read_at(usm_item_t **item_p, usm_session_t *session, const usm__place_t *place, int skip,
                            apr_pool_t *pool)
{
    usm_bget_t get = {.id = place->id};
    usm_fetch_t fetch = {.body_forms = 0};
    for (int f = 0; f < usm_class_fields(place->ref.cls); f++) {
        if (f != skip)
            USM_FIELDSET_ADD(&fetch.fields, f);
    }
    USM_ERR(usm__checked(session, USM__BVT(session)->get(&get, 1, &session->call, &place->ref, &fetch, pool, pool)));
    if (get.error)
        return get.error;
    if (!get.item)
        return USM_ERROR(pool, USM_ENOTFOUND, "the invitation is gone");
    *item_p = get.item;
    return NULL;
}

/* Somebody else's meeting: there is an organizer, and it is not the user. */
static usm_error_t *check_organizer(usm_session_t *session, const char *organizer, apr_pool_t *pool)
{
    const usm_userinfo_t *info = NULL;
    USM_ERR(usm_session_userinfo(&info, session));
    for (int i = 0; organizer && i < info->address_count; i++) {
        if (strcasecmp(info->addresses[i], organizer) == 0)
            return USM_ERROR(pool, USM_EINVALID, "the meeting is the user's own");
    }
    return organizer ? NULL : USM_ERROR(pool, USM_EINVALID, "not a meeting");
}

/* The event of an invitation in a mail. One that the calendar does not have yet, or has as it was before this mail, the
 * groupware server puts there; then *told_p says that it has the user's answer already. An answer for one occurrence
 * comes after that: of a series that is new nothing more is known than that he is thinking of it. */
static usm_error_t *bring_event(usm__place_t *event, int *told_p, usm_session_t *session, const usm__place_t *mail,
                                const usm_meeting_t *meeting, const usm_answer_t *answer, apr_pool_t *pool)
{
    int whole = answer->instance == USM_TIME_NONE, applied = 0;
    usm_error_t *err = find_event(event, session, meeting->uid, pool);
    int found = !err;
    if (err && (usm_error_class(err) != USM_CLASS_NOTFOUND || !USM__BVT(session)->take_invitation))
        return err;
    usm_error_clear(err);
    if (!USM__BVT(session)->take_invitation)
        return NULL;
    if (!found)
        USM_ERR(check_organizer(session, meeting->organizer.addr, pool));
    USM_ERR(usm__checked(session, USM__BVT(session)->take_invitation(
                                      &applied, &session->call, &mail->ref, mail->id, meeting,
                                      found ? &event->ref : NULL, found ? event->id : NULL,
                                      whole ? answer->status : USM_ATT_TENTATIVE, whole ? answer->message : NULL,
                                      pool)));
    *told_p = applied && whole;
    return found ? NULL : find_event(event, session, meeting->uid, pool);
}

/* From what the client names to the event; *mail_p is the mail in between, or stays without an id. */
static usm_error_t *find_meeting(usm__place_t *event, usm__place_t *mail, int *told_p, usm_session_t *session,
                                 const usm_answer_t *answer, apr_pool_t *pool)
{
    usm_item_t *item;
    *told_p = 0;
    USM_ERR(usm__item_place(event, session, answer->invitation, pool));
    if (event->ref.cls == USM_EVENT)
        return NULL;
    if (event->ref.cls != USM_EMAIL)
        return USM_ERROR(pool, USM_EINVALID, "neither an event nor a mail");
    *mail = *event;
    USM_ERR(read_at(&item, session, mail, USM_EMAIL_BODY, pool));
    const usm_meeting_t *meeting =
        usm_item_isset(item, USM_EMAIL_MEETING) ? item->v[USM_EMAIL_MEETING].u.meeting : NULL;
    if (!meeting || meeting->method != USM_MEETING_REQUEST || !meeting->uid || !*meeting->uid)
        return USM_ERROR(pool, USM_EINVALID, "the mail is no invitation");
    return bring_event(event, told_p, session, mail, meeting, answer, pool);
}

/* Midnight of an all-day occurrence is that of the device's zone: the nearest day is meant. */
usm_error_t *usm__meeting_day(usm_time_t *day_p, const usm_item_t *event, usm_time_t instance, apr_pool_t *pool)
{
    int all_day = usm_item_num(event, USM_EVENT_ALL_DAY, 0) != 0;
    *day_p = USM_TIME_NONE;
    if (instance == USM_TIME_NONE)
        return NULL;
    if (!usm_series_rule(event))
        return USM_ERROR(pool, USM_EUNSUPPORTED, "the meeting does not recur");
    *day_p = usm_series_snap(event, usm_series_day(event, instance + (all_day ? USM_DAY_MS / 2 : 0), pool), pool);
    const usm_exception_t *e = *day_p == USM_TIME_NONE ? NULL : usm_series_exception(event, *day_p);
    return *day_p == USM_TIME_NONE || (e && !e->item)
               ? USM_ERROR(pool, USM_ENOTFOUND, "the meeting has no such occurrence")
               : NULL;
}

static usm_error_t *give_answer(const char **event_p, usm_session_t *session, const usm_answer_t *answer,
                                apr_pool_t *pool)
{
    usm__place_t event, mail = {.id = NULL};
    usm_item_t *item;
    usm_time_t day;
    int told;
    USM_ERR(find_meeting(&event, &mail, &told, session, answer, pool));
    USM_ERR(read_at(&item, session, &event, -1, pool));
    USM_ERR(check_organizer(session, usm_item_text(item, USM_EVENT_ORGANIZER_EMAIL), pool));
    USM_ERR(usm__meeting_day(&day, item, answer->instance, pool));
    if (!USM__BVT(session)->confirm)
        return USM_ERROR(pool, USM_EUNSUPPORTED, "the groupware server takes no answers");
    if (!told)
        USM_ERR(usm__checked(session, USM__BVT(session)->confirm(&session->call, &event.ref, event.id, day,
                                                                 answer->status, answer->message, pool)));
    *event_p = usm__sid_make(event.folder.fid, event.id, pool);
    usm__hint_own(session, event.ref.id, USM_HINT_ITEMS);
    if (!mail.id)
        return NULL;
    usm_error_t *err = usm__checked(session, USM__BVT(session)->remove(&session->call, &mail.ref, mail.id,
                                                                       USM_DELETE_TRASH, 0, pool));
    if (err && usm_error_class(err) != USM_CLASS_UNAVAILABLE) {
        usm_error_clear(err); /* it was answered all the same */
        err = NULL;
    }
    usm__hint_own(session, mail.ref.id, USM_HINT_ITEMS);
    return err;
}

usm_error_t *usm_meeting_answer(const char **event_p, usm_session_t *session, const usm_answer_t *answer,
                                apr_pool_t *pool)
{
    const usm_store_vtable_t *vt = USM__VT(session);
    usm_echo_row_t echo;
    usm_txn_t *txn;
    int found = 0;
    const char *cid = apr_psprintf(pool, "%.200s@%" APR_INT64_T_FMT, answer->invitation, answer->instance);
    if (!session->transient) {
        USM_ERR(usm__read(&txn, session, pool));
        USM_ERR(usm__finish(session, txn, vt->echo_get(&found, &echo, txn, 0, session->device.id, 0, USM_ECHO_ANSWER,
                                                       cid, pool)));
    }
    usm_error_t *err = give_answer(event_p, session, answer, pool);
    /* What the mail had named is known from the first time, when it went. */
    if (err && found && usm_error_class(err) == USM_CLASS_NOTFOUND && echo.digest == (apr_uint64_t)answer->status) {
        usm_error_clear(err);
        *event_p = echo.id;
        return NULL;
    }
    if (err || session->transient)
        return err;
    echo = (usm_echo_row_t){.device = session->device.id, .kind = USM_ECHO_ANSWER, .cid = cid, .done = 1,
                            .digest = (apr_uint64_t)answer->status, .id = *event_p, .edge = USM_TIME_NONE,
                            .at = usm__now()};
    USM_ERR(usm__write(&txn, session, pool));
    return usm__finish(session, txn, vt->echo_put(txn, &echo));
}
