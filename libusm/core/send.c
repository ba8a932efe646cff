/* SPDX-License-Identifier: Apache-2.0 */
#include "core.h"

#include "util/mime.h"

#define SENDS_KEPT 100
#define SENDS_KEPT_MS (7 * USM_DAY_MS)

static usm_error_t *check_addresses(usm_session_t *session, const usm__mail_t *mail)
{
    const usm_userinfo_t *info;
    if (mail->recipients == 0)
        return USM_ERROR(session->pool, USM_ERECIPIENT, "the message has no recipient");
    if (!mail->from)
        return NULL; /* the groupware server puts the user's default address in */
    USM_ERR(usm_session_userinfo(&info, session));
    for (int i = 0; i < info->address_count; i++) {
        if (strcasecmp(info->addresses[i], mail->from) == 0)
            return NULL;
    }
    return USM_ERROR(session->pool, USM_ESENDER, "the sender's address is none of the user's");
}

static usm_error_t *put_echo(usm_session_t *session, const usm_echo_row_t *echo)
{
    usm_txn_t *txn;
    USM_ERR(usm__write(&txn, session, session->pool));
    usm_error_t *err = USM__VT(session)->echo_put(txn, echo);
    if (!err && echo->done)
        err = USM__VT(session)->echo_trim_sends(txn, session->device.id, SENDS_KEPT, usm__now() - SENDS_KEPT_MS);
    return usm__finish(session, txn, err);
}

/* *sent_p 1: this client id was sent before. A send that was begun and never finished is looked for in Sent. */
static usm_error_t *sent_before(int *sent_p, usm_echo_row_t *echo, usm_session_t *session, const char *client_id,
                                const usm__mail_t *mail)
{
    usm_txn_t *txn;
    int found = 0;
    USM_ERR(usm__read(&txn, session, session->pool));
    USM_ERR(usm__finish(session, txn, USM__VT(session)->echo_get(&found, echo, txn, 0, session->device.id, 0,
                                                                 USM_ECHO_SEND, client_id, session->pool)));
    *sent_p = found && echo->done;
    if (found && !echo->done)
        USM_ERR(
            usm__checked(session, USM__BVT(session)->was_sent(sent_p, &session->call,
                                                              echo->id ? echo->id : mail->message_id, session->pool)));
    if (!found)
        *echo = (usm_echo_row_t){.device = session->device.id, .kind = USM_ECHO_SEND, .cid = client_id,
                                 .id = mail->message_id, .edge = USM_TIME_NONE, .at = usm__now()};
    return NULL;
}

usm_error_t *usm_session_send(usm_session_t *session, const char *client_id, const char *mime, apr_size_t len,
                              int save_in_sent)
{
    usm__mail_t mail;
    usm_echo_row_t echo;
    int sent = 0;
    if (client_id && (!*client_id || strlen(client_id) > 64))
        return USM_ERROR(session->pool, USM_EINVALID, "client id must have 1 to 64 bytes");
    USM_ERR(usm__mime_prepare(&mail, mime, len, session->pool));
    if (client_id && !session->transient) {
        USM_ERR(sent_before(&sent, &echo, session, client_id, &mail));
        if (sent)
            return USM_ERROR(session->pool, USM_EREPEATED, "this message was sent before");
    }
    USM_ERR(check_addresses(session, &mail));
    if (client_id && !session->transient)
        USM_ERR(put_echo(session, &echo));
    USM_ERR(usm__checked(session, USM__BVT(session)->send(&session->call, mail.data, mail.len, save_in_sent,
                                                          session->pool)));
    if (!client_id || session->transient)
        return NULL;
    echo.done = 1;
    return put_echo(session, &echo);
}
