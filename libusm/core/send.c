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

/* A call failed: nobody is at this message any more, and what became of it is open. Hands on the error. */
static usm_error_t *ended(usm_session_t *session, const usm_echo_row_t *echo, const char *message_id, usm_error_t *err)
{
    if (!err)
        return NULL;
    usm_echo_row_t row = *echo;
    row.code = usm_error_code(err);
    row.id = message_id;
    usm_error_clear(put_echo(session, &row)); /* without it the next try has to wait a while */
    return usm__checked(session, err);
}

/* Read what is known of this client id and, when nobody is at it, write it down as begun by us: one transaction, so
 * that of two requests at once one finds the other. A row that is begun and carries no code belongs to a request that
 * still runs, or to a process that died: for as long as a call can take it is taken for the former. */
static usm_error_t *claim(int *found_p, int *ours_p, usm_echo_row_t *before, const usm_echo_row_t *mine,
                          usm_session_t *session)
{
    usm_txn_t *txn;
    USM_ERR(usm__write(&txn, session, session->pool));
    usm_error_t *err = USM__VT(session)->echo_get(found_p, before, txn, 0, session->device.id, 0, USM_ECHO_SEND,
                                                  mine->cid, session->pool);
    int running = !err && *found_p && !before->code && mine->at - before->at < session->ctx->config.timeout_ms;
    *ours_p = !err && !(*found_p && before->done) && !running;
    if (*ours_p) {
        usm_echo_row_t row = *mine;
        if (*found_p)
            row.id = before->id; /* until it was looked for, it is the first try that may be in Sent */
        err = USM__VT(session)->echo_put(txn, &row);
    }
    return usm__finish(session, txn, err);
}

/* *sent_p 1: this client id was sent before. A send that was begun and never finished is looked for in Sent. */
static usm_error_t *sent_before(int *sent_p, usm_echo_row_t *mine, usm_session_t *session)
{
    usm_echo_row_t before;
    int found = 0, ours = 0;
    *sent_p = 0;
    USM_ERR(claim(&found, &ours, &before, mine, session));
    if (found && before.done) {
        *sent_p = 1;
        return NULL;
    }
    if (!ours)
        return USM_ERROR(session->pool, USM_EBUSY, "another request of this device is sending this message");
    if (!found)
        return NULL;
    const char *id = before.id ? before.id : mine->id;
    USM_ERR(ended(session, mine, id, USM__BVT(session)->was_sent(sent_p, &session->call, id, session->pool)));
    mine->done = *sent_p; /* what goes out now may have got another Message-ID than the first try */
    return put_echo(session, mine);
}

usm_error_t *usm_session_send(usm_session_t *session, const char *client_id, const char *mime, apr_size_t len,
                              int save_in_sent)
{
    usm__mail_t mail;
    int sent = 0;
    if (client_id && (!*client_id || strlen(client_id) > 64))
        return USM_ERROR(session->pool, USM_EINVALID, "client id must have 1 to 64 bytes");
    USM_ERR(usm__mime_prepare(&mail, mime, len, session->pool));
    USM_ERR(check_addresses(session, &mail));
    if (!client_id || session->transient)
        return usm__checked(session, USM__BVT(session)->send(&session->call, mail.data, mail.len, save_in_sent,
                                                             session->pool));
    usm_echo_row_t echo = {.device = session->device.id, .kind = USM_ECHO_SEND, .cid = client_id, .id = mail.message_id,
                           .edge = USM_TIME_NONE, .at = usm__now()};
    USM_ERR(sent_before(&sent, &echo, session));
    if (sent)
        return USM_ERROR(session->pool, USM_EREPEATED, "this message was sent before");
    USM_ERR(ended(session, &echo, echo.id, USM__BVT(session)->send(&session->call, mail.data, mail.len, save_in_sent,
                                                                   session->pool)));
    echo.done = 1;
    return put_echo(session, &echo);
}
