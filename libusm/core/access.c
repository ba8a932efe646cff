/* SPDX-License-Identifier: Apache-2.0 */
#include "core.h"

#include <usm/access.h>

const usm_standing_t *usm_device_standing(const usm_session_t *session)
{
    return &session->device.standing;
}

static usm_error_t *record(usm_session_t *session, usm_txn_t *txn, const char *actor, const char *action,
                           const char *detail)
{
    const usm_audit_row_t row = {.user = session->device.user,
                                 .device_id = session->device.device_id,
                                 .at = usm__now(),
                                 .actor = actor,
                                 .action = action,
                                 .detail = detail ? detail : ""};
    USM_ERR(USM__VT(session)->standing_put(txn, row.user, row.device_id, &session->device.standing));
    return USM__VT(session)->audit_add(txn, &row);
}

static int wipe_wanted(const usm_standing_t *standing)
{
    return standing->wipe != USM_WIPE_NONE && standing->wipe != USM_WIPE_DONE;
}

static usm_error_t *note_wipe(usm_session_t *session, usm_txn_t *txn, usm_wipe_e wipe, const char *detail)
{
    static const char *const actions[] = {
        [USM_WIPE_SENT] = "wipe-sent", [USM_WIPE_DONE] = "wipe-done", [USM_WIPE_FAILED] = "wipe-failed"};
    usm_standing_t *standing = &session->device.standing;
    USM_ERR(USM__VT(session)->standing_get(standing, txn, session->device.user, session->device.device_id));
    if (!wipe_wanted(standing) || standing->wipe == wipe)
        return NULL;
    standing->wipe = wipe;
    standing->changed = usm__now();
    return record(session, txn, "device", actions[wipe], detail);
}

usm_error_t *usm_device_wiped(const usm_standing_t **standing_p, usm_session_t *session, usm_wipe_e wipe,
                              const char *detail)
{
    usm_txn_t *txn;
    if (wipe != USM_WIPE_SENT && wipe != USM_WIPE_DONE && wipe != USM_WIPE_FAILED)
        return USM_ERROR(session->pool, USM_EINVALID, "a device cannot report that state of a wipe");
    if (!session->transient) {
        USM_ERR(usm__write(&txn, session, session->pool));
        USM_ERR(usm__finish(session, txn, note_wipe(session, txn, wipe, detail)));
    }
    if (standing_p)
        *standing_p = &session->device.standing;
    return NULL;
}

static usm_error_t *note_quarantine(int *first_p, usm_session_t *session, usm_txn_t *txn, const char *why)
{
    usm_standing_t *standing = &session->device.standing;
    USM_ERR(USM__VT(session)->standing_get(standing, txn, session->device.user, session->device.device_id));
    if (standing->access != USM_ACCESS_UNSET)
        return NULL;
    standing->access = USM_ACCESS_QUARANTINE;
    standing->changed = usm__now();
    USM_ERR(record(session, txn, "rules", "quarantine", why));
    *first_p = 1;
    return NULL;
}

usm_error_t *usm_device_quarantine(int *first_p, usm_session_t *session, const char *why)
{
    usm_txn_t *txn;
    *first_p = 0;
    if (session->transient || session->device.standing.access != USM_ACCESS_UNSET)
        return NULL;
    USM_ERR(usm__write(&txn, session, session->pool));
    return usm__finish(session, txn, note_quarantine(first_p, session, txn, why));
}
