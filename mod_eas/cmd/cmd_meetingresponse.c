/* SPDX-License-Identifier: Apache-2.0 */
/* MeetingResponse (MS-ASCMD 2.2.1.11). Invitations may be named by their mail or by their event, in every version:
 * Outlook and iOS do the latter before 14.1 too. */
#include <apr_strings.h>
#include <string.h>

#include "eas_html.h"
#include "eas_map.h"

#define REQUESTS_MAX 100 /* MS-ASCMD 3.1.5.10 */

/* Statuses of MeetingResponse (MS-ASCMD 2.2.3.177.9). */
enum { MEETING_OK = 1, MEETING_INVALID = 2, MEETING_SERVER = 4 };

static int status_of(const usm_error_t *err, unsigned version)
{
    switch (usm_error_class(err)) {
    case USM_CLASS_INVALID:
    case USM_CLASS_NOTFOUND:
        return MEETING_INVALID;
    case USM_CLASS_PERM:
        return usm_error_is(err, USM_EUNSUPPORTED) && version >= 140 ? EAS_STATUS_NoRecurrenceInCalendar
                                                                     : MEETING_INVALID;
    default:
        return MEETING_SERVER;
    }
}

/* Words to the organizer: text, or HTML that is made text. */
static const char *message_of(const eas_node_t *request, apr_pool_t *pool)
{
    const eas_node_t *body = eas_node_child(eas_node_child(request, EAS_MeetingResponse_SendResponse),
                                            EAS_AirSyncBase_Body);
    const char *data = eas_node_child_text(body, EAS_AirSyncBase_Data);
    apr_int64_t type = 1;
    apr_size_t len = data ? strlen(data) : 0;
    eas_node_int(eas_node_child(body, EAS_AirSyncBase_Type), 1, 2, &type);
    return data && type == 2 ? eas_html_to_text(&len, data, len, pool) : data;
}

/* What is asked for; a Status other than OK when it cannot be. */
static int read_request(usm_answer_t *answer, eas_ctx_t *ctx, const eas_node_t *request)
{
    static const int wanted[] = {USM_ATT_NONE, USM_ATT_ACCEPTED, USM_ATT_TENTATIVE, USM_ATT_DECLINED};
    const eas_node_t *instance = eas_node_child(request, EAS_MeetingResponse_InstanceId);
    const eas_node_t *reply = eas_node_child(request, EAS_MeetingResponse_SendResponse);
    const char *id = eas_node_child_text(request, EAS_MeetingResponse_RequestId), *part;
    const char *long_id = eas_node_child_text(request, EAS_Search_LongId);
    apr_int64_t n = 0;
    *answer = (usm_answer_t){.invitation = id, .instance = USM_TIME_NONE};
    if (!eas_node_int(eas_node_child(request, EAS_MeetingResponse_UserResponse), 1, 3, &n) || !id == !long_id)
        return MEETING_INVALID;
    answer->status = wanted[n];
    answer->message = message_of(request, ctx->pool);
    if (long_id) {
        usm_error_t *err = usm_ref_parse(&answer->invitation, &part, ctx->session, long_id, ctx->pool);
        if (err || part || instance) {
            usm_error_clear(err);
            return MEETING_INVALID;
        }
    }
    if (strlen(answer->invitation) > EAS_ID_MAX || !*answer->invitation)
        return MEETING_INVALID;
    if (instance && !eas_time_parse(&answer->instance, eas_node_text(instance)))
        return ctx->version >= 140 ? EAS_STATUS_InvalidDateTime : MEETING_INVALID;
    /* Open-Xchange keeps no proposals of another time, and devices were told so (DisallowNewTimeProposal). */
    return eas_node_child(reply, EAS_MeetingResponse_ProposedStartTime) ? MEETING_INVALID : MEETING_OK;
}

static usm_error_t *run_request(eas_ctx_t *ctx, const eas_node_t *request, eas_writer_t *out)
{
    usm_answer_t answer;
    const char *event = NULL;
    int status = read_request(&answer, ctx, request);
    if (status == MEETING_OK) {
        usm_error_t *err = usm_meeting_answer(&event, ctx->session, &answer, ctx->pool);
        usm_errclass_e cls = usm_error_class(err);
        if (err && (cls == USM_CLASS_UNAVAILABLE || cls == USM_CLASS_AUTH))
            return err;
        if (err) {
            status = status_of(err, ctx->version);
            usm_log(ctx->log, USM_LOG_INFO, EASLOGNO(52), "the answer to invitation %s was refused: %s",
                    answer.invitation, usm_error_text(err, ctx->pool));
            usm_error_clear(err);
        }
    }
    eas_writer_start(out, EAS_MeetingResponse_Result);
    eas_writer_tag_text(out, EAS_MeetingResponse_RequestId,
                        eas_node_child_text(request, EAS_MeetingResponse_RequestId));
    eas_writer_tag_int(out, EAS_MeetingResponse_Status, status);
    if (status == MEETING_OK && answer.status != USM_ATT_DECLINED)
        eas_writer_tag_text(out, EAS_MeetingResponse_CalendarId, event);
    eas_writer_end(out);
    if (!ctx->status || status != MEETING_OK)
        ctx->status = status;
    return NULL;
}

usm_error_t *eas_cmd_meetingresponse(eas_ctx_t *ctx, const eas_node_t *doc, eas_writer_t *out)
{
    const eas_node_t *request;
    unsigned count = eas_node_count(doc, EAS_MeetingResponse_Request);
    EAS_NODE_EACH(request, doc)
    {
        if (request->tag != EAS_MeetingResponse_Request)
            return eas_answer_status(ctx, EAS_STATUS_InvalidXML);
    }
    if (!count || count > REQUESTS_MAX)
        return eas_answer_status(ctx, EAS_STATUS_InvalidXML);
    eas_writer_start(out, EAS_MeetingResponse_MeetingResponse);
    EAS_NODE_EACH(request, doc)
    {
        USM_ERR(run_request(ctx, request, out));
    }
    eas_writer_end(out);
    return NULL;
}
