/* SPDX-License-Identifier: Apache-2.0 */
/* Answers to invitations: action `confirm`, spec 5.5; invitations that come by mail: module itip, spec 5.9. */
#include "ox/ox_chronos.h"
#include "ox/ox_mail.h"
#include "ox/ox_series.h"

#include <apr_strings.h>
#include <usm/recur.h>

/* confirmation of spec 5.4 */
static const int confirmations[] = {[USM_ATT_NONE] = 0, [USM_ATT_TENTATIVE] = 3, [USM_ATT_ACCEPTED] = 1,
                                    [USM_ATT_DECLINED] = 2};

/* An occurrence is confirmed by its number in the series, one that is an object of its own already by its id. */
static usm_error_t *find_occurrence(const char **id_p, int *position_p, usm_bcall_t *call, const usm_bref_t *folder,
                                    usm_time_t day, apr_pool_t *pool)
{
    usm_bget_t get = {.id = *id_p};
    usm_fetch_t fetch = {.body_forms = 0};
    for (int f = 0; f < usm_class_fields(USM_EVENT); f++)
        USM_FIELDSET_ADD(&fetch.fields, f);
    USM_ERR(ox_pim_get(&get, 1, call, folder, &fetch, pool, pool));
    if (get.error)
        return get.error;
    const usm_recurrence_t *rule = get.item ? usm_series_rule(get.item) : NULL;
    const usm_exception_t *own = rule ? usm_series_exception(get.item, day) : NULL;
    if (own && own->item && own->id)
        *id_p = own->id;
    else if (rule && !own)
        *position_p = usm_recur_position(rule, usm_series_first(get.item, pool), day);
    return own || *position_p ? NULL : USM_ERROR(pool, USM_ENOTFOUND, "there is no such occurrence");
}

usm_error_t *ox_confirm(usm_bcall_t *call, const usm_bref_t *folder, const char *id, usm_time_t day, int status,
                        const char *message, apr_pool_t *scratch_pool)
{
    ox_answer_t answer;
    ox_json_t *body = ox_json_object(scratch_pool);
    int position = 0;
    if (ox_is_chronos(call, folder->cls))
        return ox_chronos_confirm(call, folder, id, day, status, message, scratch_pool);
    if (day != USM_TIME_NONE)
        USM_ERR(find_occurrence(&id, &position, call, folder, day, scratch_pool));
    ox_json_set_int(body, "confirmation", confirmations[status & 3]);
    ox_json_set_text(body, "confirmmessage", message ? message : "");
    /* An answer is the user's own: no edit of the meeting stands against it. */
    const char *stamp = apr_psprintf(scratch_pool, "%" APR_INT64_T_FMT, ox_now() + USM_DAY_MS);
    return ox_put(&answer, call,
                  ox_path(scratch_pool, "calendar", "action", "confirm", "folder", folder->id, "id", id, "timestamp",
                          stamp, "occurrence", position ? apr_itoa(scratch_pool, position) : NULL, "timezone", "UTC",
                          NULL),
                  body, scratch_pool);
}

/* ---- invitations in mails ---- */

static usm_error_t *is_news(int *news_p, usm_bcall_t *call, const usm_meeting_t *meeting, const usm_bref_t *calendar,
                            const char *event, apr_pool_t *pool)
{
    ox_json_t *object;
    *news_p = 1;
    if (!event)
        return NULL;
    USM_ERR(ox_is_chronos(call, USM_EVENT) ? ox_chronos_current(&object, call, calendar, event, pool)
                                           : ox_pim_current(&object, call, calendar, event, 0, pool));
    *news_p = meeting->sequence > ox_json_int(ox_json_get(object, "sequence"), 0);
    return NULL;
}

usm_error_t *ox_take_invitation(int *applied_p, usm_bcall_t *call, const usm_bref_t *mails, const char *id,
                                const usm_meeting_t *meeting, const usm_bref_t *calendar, const char *event, int status,
                                const char *message, apr_pool_t *pool)
{
    static const char *const names[] = {[USM_ATT_NONE] = "tentative", [USM_ATT_TENTATIVE] = "tentative",
                                        [USM_ATT_ACCEPTED] = "accept_and_ignore_conflicts",
                                        [USM_ATT_DECLINED] = "decline"};
    ox_answer_t answer;
    ox_json_t *body = ox_json_object(pool);
    int news;
    *applied_p = 0;
    USM_ERR(is_news(&news, call, meeting, calendar, event, pool));
    if (!news)
        return NULL;
    USM_ERR(ox_get(&answer, call,
                   ox_path(pool, "mail", "action", "get", "folder", mails->id, "id", id, "unseen", "true", NULL),
                   pool));
    const char *part = ox_mail_calendar_part(answer.data, pool);
    if (!part)
        return USM_ERROR(pool, USM_ENOTFOUND, "the mail has no part about a meeting");
    ox_json_set_text(body, "com.openexchange.mail.conversion.fullname", mails->id);
    ox_json_set_text(body, "com.openexchange.mail.conversion.mailid", id);
    ox_json_set_text(body, "com.openexchange.mail.conversion.sequenceid", part);
    USM_ERR(ox_put(&answer, call,
                   ox_path(pool, ox_is_chronos(call, USM_EVENT) ? "chronos/itip" : "calendar/itip", "action",
                           names[status & 3], "dataSource", "com.openexchange.mail.ical", "descriptionFormat", "html",
                           "timezone", "UTC", "message", message ? message : "", NULL),
                   body, pool));
    *applied_p = 1;
    return NULL;
}
