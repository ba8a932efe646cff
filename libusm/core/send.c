/* SPDX-License-Identifier: Apache-2.0 */
/* Sending a message once. What it is made of an original is in answer.c. */
#include "hint.h"

#include <apr_sha1.h>
#include <usm/mail.h>
#include <usm/spool.h>

#include "answer.h"

#define SENDS_KEPT 100
#define SENDS_KEPT_MS (7 * USM_DAY_MS)
#define STEP ((apr_size_t)1 << 20)
#define MESSAGE_MAX ((apr_size_t)100 << 20) /* OX takes no more by default */

/* ---- sent before? ---- */

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

/* ---- the message ---- */

/* The same message of the same device always gets the same id. */
static const char *own_message_id(usm_session_t *session, const usm_outgoing_t *out, const char *address)
{
    unsigned char digest[APR_SHA1_DIGESTSIZE];
    char hex[2 * APR_SHA1_DIGESTSIZE + 1];
    const char *at = address ? strrchr(address, '@') : NULL;
    const char *name = apr_pstrcat(session->pool, session->user, "|", session->device.device_id, "|", out->client_id,
                                   "|", NULL);
    apr_sha1_ctx_t sha;
    apr_sha1_init(&sha);
    apr_sha1_update(&sha, name, (unsigned)strlen(name));
    for (apr_size_t at = 0; at < out->len; at += STEP) {
        apr_size_t n = out->len - at < STEP ? out->len - at : STEP;
        apr_sha1_update(&sha, out->mime + at, (unsigned)n);
        usm_spool_passed(out->mime + at, n);
    }
    apr_sha1_final(digest, &sha);
    for (int i = 0; i < APR_SHA1_DIGESTSIZE; i++)
        apr_snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    return apr_pstrcat(session->pool, "<", hex, at ? at : "@localhost", ">", NULL);
}

static usm_error_t *prepare(usm__mail_t *mail, usm__sender_t *sender, usm_session_t *session, const char *mime,
                            apr_size_t len)
{
    if (len > MESSAGE_MAX)
        return USM_ERROR(session->pool, USM_ELIMIT, "a message of %" APR_SIZE_T_FMT " bytes", len);
    USM_ERR(usm__mime_prepare(mail, mime, len, sender, session->pool));
    if (mail->recipients == 0)
        return USM_ERROR(session->pool, USM_ERECIPIENT, "the message has no recipient");
    return NULL;
}

/* The mail as it goes out. */
static usm_error_t *complete(usm__mail_t *mail, usm__sender_t *sender, usm_session_t *session,
                             const usm_outgoing_t *out, usm__place_t *original)
{
    const char *data;
    apr_size_t len;
    if (out->verb == USM_VERB_NONE)
        return NULL;
    USM_ERR(usm__answer_place(original, session, out));
    USM_ERR(usm__answer_make(&data, &len, session, out, mail, original));
    sender->message_id = mail->message_id;
    return prepare(mail, sender, session, data, len);
}

static usm_error_t *deliver(usm_session_t *session, const usm_outgoing_t *out, const usm__mail_t *mail)
{
    return USM__BVT(session)->send(&session->call, mail->data, mail->len, out->save_in_sent, session->pool);
}

static usm_error_t *send_once(usm_session_t *session, const usm_outgoing_t *out, usm__mail_t *mail,
                              usm__sender_t *sender, usm__place_t *original)
{
    int sent = 0;
    usm_echo_row_t echo = {.device = session->device.id, .kind = USM_ECHO_SEND, .cid = out->client_id,
                           .id = mail->message_id, .edge = USM_TIME_NONE, .at = usm__now()};
    USM_ERR(sent_before(&sent, &echo, session));
    if (sent)
        return USM_ERROR(session->pool, USM_EREPEATED, "this message was sent before");
    USM_ERR(ended(session, &echo, echo.id, complete(mail, sender, session, out, original)));
    USM_ERR(ended(session, &echo, echo.id, deliver(session, out, mail)));
    echo.done = 1;
    return put_echo(session, &echo);
}

usm_error_t *usm_mail_send(usm_session_t *session, const usm_outgoing_t *asked)
{
    usm_outgoing_t out = *asked;
    usm__mail_t mail;
    usm__sender_t sender = {.message_id = NULL};
    usm__place_t original = {.id = NULL};
    const usm_userinfo_t *info;
    if (out.client_id && (!*out.client_id || strlen(out.client_id) > 64))
        return USM_ERROR(session->pool, USM_EINVALID, "client id must have 1 to 64 bytes");
    USM_ERR(usm_session_userinfo(&info, session));
    if (!out.mime)
        usm__answer_blank(&out, session);
    sender.name = info->display_name;
    sender.address_count = info->address_count;
    sender.addresses = info->addresses;
    if (out.client_id)
        sender.message_id = own_message_id(session, &out, info->primary_address);
    USM_ERR(prepare(&mail, &sender, session, out.mime, out.len));
    if (out.client_id && !session->transient) {
        USM_ERR(send_once(session, &out, &mail, &sender, &original));
    } else {
        USM_ERR(usm__checked(session, complete(&mail, &sender, session, &out, &original)));
        USM_ERR(usm__checked(session, deliver(session, &out, &mail)));
    }
    usm__answer_done(session, &out, &original);
    if (original.id)
        usm__hint_own(session, original.ref.id, USM_HINT_ITEMS);
    if (out.save_in_sent)
        usm__hint_own(session, NULL, USM_HINT_ITEMS); /* where the server put it is its own affair */
    return NULL;
}

usm_error_t *usm_session_send(usm_session_t *session, const char *client_id, const char *mime, apr_size_t len,
                              int save_in_sent)
{
    const usm_outgoing_t out = {.client_id = client_id, .mime = mime, .len = len, .save_in_sent = save_in_sent};
    return usm_mail_send(session, &out);
}
