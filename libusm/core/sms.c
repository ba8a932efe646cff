/* SPDX-License-Identifier: Apache-2.0 */
/* Short messages that a device keeps in a mail folder: each becomes a mail that says what it is. Nothing is sent. */
#include "core.h"

#include <usm/draft.h>

#include "util/mime.h"

static apr_uint64_t digest_of(const usm_sms_t *sms)
{
    const char *const texts[] = {sms->from, sms->to, sms->subject, sms->text};
    const apr_int64_t numbers[] = {sms->received, sms->importance, sms->read};
    apr_uint64_t h = usm__hash(numbers, sizeof numbers, 47);
    for (int i = 0; i < 4; i++)
        h = texts[i] ? usm__hash(texts[i], strlen(texts[i]) + 1, h) : usm__hash("\1", 1, h);
    return h;
}

static const char *fault_of(const usm_sms_t *sms, const usm_turn_t *turn)
{
    const char *const headers[] = {sms->from, sms->to, sms->subject};
    for (int i = 0; i < 3; i++) {
        for (const char *p = headers[i]; p && *p; p++) {
            if ((unsigned char)*p < ' ')
                return "a control character in a header";
        }
    }
    if (turn->folder.cls != USM_EMAIL || turn->folder.role == USM_ROLE_OUTBOX)
        return "short messages are kept in mail folders, and none is sent";
    return sms->text && (sms->from || sms->to) ? NULL : "a short message without text or people";
}

static usm_error_t *keep(usm_bwrite_t *result, usm_turn_t *turn, const usm_sms_t *sms, const char *uid, int maybe)
{
    usm_session_t *session = turn->session;
    apr_pool_t *pool = turn->pool;
    const char *data, *message_id = apr_pstrcat(pool, "<", uid, "@sms.invalid>", NULL);
    apr_size_t len;
    *result = (usm_bwrite_t){.edge = USM_TIME_NONE};
    if (maybe)
        USM_ERR(usm__checked(session, USM__BVT(session)->find_mail(result, &session->call, &turn->ref, message_id, pool,
                                                                   pool)));
    if (result->id)
        return NULL;
    USM_ERR(usm__mime_sms(&data, &len, sms, message_id, pool));
    return usm__checked(session, USM__BVT(session)->store_mail(result, &session->call, &turn->ref, data, len,
                                                               sms->read ? USM_STORE_READ : 0, pool, pool));
}

usm_error_t *usm_turn_sms(usm_outcome_t *out, usm_turn_t *turn, const char *client_id, const usm_sms_t *sms)
{
    usm_echo_row_t echo;
    usm_bwrite_t result;
    int found;
    USM_ERR(usm__apply_begin(out, turn));
    const char *fault = client_id && *client_id && strlen(client_id) <= 64 ? fault_of(sms, turn) : "no client id";
    if (fault) {
        out->error = USM_ERROR(turn->pool, USM_EINVALID, "%s", fault);
        return NULL;
    }
    USM_ERR(usm__apply_find(&found, &echo, turn, USM_ECHO_ADD, client_id, digest_of(sms)));
    if (found && echo.done && echo.code) {
        out->error = USM_ERROR(turn->pool, (apr_status_t)echo.code, "%s (repeated)",
                               usm_code_text((apr_status_t)echo.code));
        return NULL;
    }
    if (!found || !echo.done) {
        const char *uid = usm__uid(turn, apr_psprintf(turn->pool, "sms|%s|%s|%" APR_INT64_T_FMT "|%" APR_INT64_T_FMT
                                                      "|%s|%" APR_UINT64_T_HEX_FMT, turn->session->user,
                                                      turn->session->device.device_id, turn->coll.epoch, turn->base,
                                                      client_id, echo.digest));
        if (!found)
            USM_ERR(usm__apply_put(turn, &echo));
        usm_error_t *err = keep(&result, turn, sms, uid, found);
        if (err)
            return usm__apply_refuse(out, turn, &echo, err);
        USM_ERR(usm__apply_done(turn, &echo, &result));
    }
    usm_item_t *item = usm_item_create(USM_EMAIL, turn->pool);
    usm_item_set_num(item, USM_EMAIL_READ, sms->read);
    return usm__apply_added(out, turn, item, &echo);
}
