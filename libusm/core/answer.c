/* SPDX-License-Identifier: Apache-2.0 */
#include "answer.h"

#define SOURCE_MAX ((apr_uint64_t)96 << 20) /* bytes of an original that is taken along */
#define TEXT_MAX_ ((apr_uint64_t)1 << 20)

/* ---- a message of our own ---- */

void usm__answer_blank(usm_outgoing_t *out, usm_session_t *session)
{
    apr_pool_t *pool = session->pool;
    out->mime = apr_pstrcat(pool, "To: ", usm__mime_address_list(out->to, pool),
                            "\r\nMIME-Version: 1.0\r\nContent-Type: text/", out->note_is_html ? "html" : "plain",
                            "; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n", out->note ? out->note : "",
                            "\r\n", NULL);
    out->len = strlen(out->mime);
}

/* ---- the original ---- */

usm_error_t *usm__answer_place(usm__place_t *place, usm_session_t *session, const usm_outgoing_t *out)
{
    USM_ERR(usm__item_place(place, session, out->original, session->pool));
    if (place->folder.cls != USM_EMAIL && place->folder.cls != USM_EVENT)
        return USM_ERROR(session->pool, USM_ENOTFOUND, "only mails and events can be answered or forwarded");
    if (out->has_instance && place->folder.cls != USM_EVENT)
        return USM_ERROR(session->pool, USM_EUNSUPPORTED, "a mail has no occurrences");
    return NULL;
}

static usm_error_t *read_mail(usm_item_t **item_p, usm_session_t *session, const usm__place_t *place,
                              const usm_fetch_t *fetch)
{
    usm_bget_t get = {.id = place->id};
    apr_pool_t *scratch;
    apr_pool_create(&scratch, session->pool);
    USM_ERR(USM__BVT(session)->get(&get, 1, &session->call, &place->ref, fetch, session->pool, scratch));
    apr_pool_destroy(scratch);
    USM_ERR(get.error);
    if (!get.item)
        return USM_ERROR(session->pool, USM_ENOTFOUND, "the mail that is answered is gone");
    *item_p = get.item;
    return NULL;
}

static const usm_body_t *body_of(const usm_item_t *item)
{
    return usm_item_isset(item, USM_EMAIL_BODY) ? item->v[USM_EMAIL_BODY].u.body : NULL;
}

/* "From: …" and its like, as readers know it from above an original. */
static const char *addresses(const usm_item_t *item, int field, const char *name, apr_pool_t *pool)
{
    const usm_addrs_t *list = usm_item_isset(item, field) ? item->v[field].u.addrs : NULL;
    const char *text = "";
    for (int i = 0; list && i < list->count && strlen(text) < 2000; i++) {
        const usm_addr_t *a = &list->items[i];
        text = apr_pstrcat(pool, text, *text ? ", " : "", a->name ? a->name : "", a->name ? " <" : "",
                           a->addr ? a->addr : "", a->name ? ">" : "", NULL);
    }
    return *text ? apr_pstrcat(pool, name, ": ", text, "\n", NULL) : "";
}

static void describe(usm__original_t *original, const usm_item_t *item, apr_pool_t *pool)
{
    const usm_addrs_t *from = usm_item_isset(item, USM_EMAIL_FROM) ? item->v[USM_EMAIL_FROM].u.addrs : NULL;
    const char *subject = usm_item_text(item, USM_EMAIL_SUBJECT);
    usm_time_t sent = usm_item_num(item, USM_EMAIL_SENT, usm_item_num(item, USM_EMAIL_RECEIVED, 0));
    char date[APR_RFC822_DATE_LEN] = "";
    apr_rfc822_date(date, apr_time_from_msec(sent));
    original->from = from && from->count ? from->items[0].addr : NULL;
    original->message_id = usm_item_text(item, USM_EMAIL_MESSAGE_ID);
    original->references = usm_item_text(item, USM_EMAIL_REFERENCES);
    original->head = apr_pstrcat(pool, addresses(item, USM_EMAIL_FROM, "From", pool), "Sent: ", date, "\n",
                                 addresses(item, USM_EMAIL_TO, "To", pool), addresses(item, USM_EMAIL_CC, "Cc", pool),
                                 "Subject: ", subject ? subject : "", "\n", NULL);
}

static void wanted(usm_fetch_t *fetch, int source)
{
    static const int fields[] = {USM_EMAIL_FROM, USM_EMAIL_TO, USM_EMAIL_CC, USM_EMAIL_SUBJECT, USM_EMAIL_SENT,
                                 USM_EMAIL_RECEIVED, USM_EMAIL_MESSAGE_ID, USM_EMAIL_REFERENCES};
    memset(fetch, 0, sizeof *fetch);
    for (apr_size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        USM_FIELDSET_ADD(&fetch->fields, fields[i]);
    if (!source)
        return;
    USM_FIELDSET_ADD(&fetch->fields, USM_EMAIL_BODY);
    fetch->body_forms = USM_BODY_MIME;
    fetch->mime_max = SOURCE_MAX;
}

/* An original that is HTML alone, answered in plain text: the server knows how to make text of it. */
static usm_error_t *read_text(usm__original_t *original, usm_session_t *session, const usm__place_t *place)
{
    usm_fetch_t fetch = {.body_forms = USM_BODY_TEXT, .text_max = TEXT_MAX_};
    usm_item_t *item;
    USM_FIELDSET_ADD(&fetch.fields, USM_EMAIL_BODY);
    USM_ERR(read_mail(&item, session, place, &fetch));
    const usm_body_t *body = body_of(item);
    if (body && body->text.data) {
        original->text = body->text.data;
        original->text_len = body->text.len;
    }
    return NULL;
}

usm_error_t *usm__answer_make(const char **data_p, apr_size_t *len_p, usm_session_t *session,
                              const usm_outgoing_t *out, const usm__mail_t *mail, const usm__place_t *place)
{
    usm__original_t original = {.data = NULL};
    usm_fetch_t fetch;
    usm_item_t *item;
    apr_pool_t *pool = session->pool;
    if (place->folder.cls == USM_EVENT)
        return usm__answer_event(data_p, len_p, session, out, mail, place);
    wanted(&fetch, !out->complete);
    USM_ERR(read_mail(&item, session, place, &fetch));
    describe(&original, item, pool);
    if (!out->complete) {
        const usm_body_t *body = body_of(item);
        if (!body || !body->mime.data)
            return USM_ERROR(pool, USM_EBACKEND, "the source of the original cannot be read");
        if (body->mime.truncated)
            return USM_ERROR(pool, USM_ELIMIT, "the original is too large");
        original.data = body->mime.data;
        original.len = body->mime.len;
        int own = usm__mime_forms(mail->data, mail->len), theirs = usm__mime_forms(original.data, original.len);
        if (own != USM_BODY_HTML && theirs == USM_BODY_HTML)
            USM_ERR(read_text(&original, session, place));
    }
    USM_ERR(usm__mime_answer(data_p, len_p, mail->data, mail->len, &original, out->verb == USM_VERB_FORWARDED, pool));
    if (!out->to)
        return NULL;
    const char *subject = usm_item_text(item, USM_EMAIL_SUBJECT);
    usm__head_set(data_p, len_p, "Subject",
                  usm__mime_header_text(apr_pstrcat(pool, "FW: ", subject ? subject : "", NULL), pool), pool);
    return NULL;
}

/* Cheap looks at a folder do not see such a flag: this device at least is told with its next Sync. */
static usm_error_t *queue_verb(usm_session_t *session, const usm__place_t *place)
{
    const usm_store_vtable_t *vt = USM__VT(session);
    usm_pending_row_t row = {.id = place->id, .state = USM_PENDING_PRESENT, .edge = USM_TIME_NONE,
                             .ord = APR_INT64_MAX - 1};
    usm_collection_row_t coll;
    usm_item_row_t has;
    usm_txn_t *txn;
    int found = 0;
    if (session->transient)
        return NULL;
    USM_ERR(usm__write(&txn, session, session->pool));
    usm_error_t *err = vt->collection_get(&found, &coll, NULL, txn, session->device.id, session->device.user,
                                          place->folder.fid, session->pool);
    if (!err && found)
        err = vt->item_get(&found, &has, txn, coll.id, coll.gen, place->id, session->pool);
    if (!err && found)
        err = vt->pending_put(txn, coll.id, &row);
    return usm__finish(session, txn, err);
}

void usm__answer_done(usm_session_t *session, const usm_outgoing_t *out, const usm__place_t *place)
{
    usm_bwrite_t result = {.id = place->id, .edge = USM_TIME_NONE};
    usm_fieldset_t fields;
    if (!place->id || place->folder.cls != USM_EMAIL)
        return;
    usm_item_t *item = usm_item_create(USM_EMAIL, session->pool);
    memset(&fields, 0, sizeof fields);
    usm_item_set_num(item, USM_EMAIL_LAST_VERB, out->verb);
    USM_FIELDSET_ADD(&fields, USM_EMAIL_LAST_VERB);
    usm_error_t *err =
        usm__checked(session, USM__BVT(session)->update(&result, &session->call, &place->ref, place->id, item, &fields,
                                                        APR_UINT64_MAX, session->pool, session->pool));
    if (!err)
        err = queue_verb(session, place);
    if (err)
        usm_log(session->log, USM_LOG_INFO, 108, "the original of a message that was sent got no flag: %s",
                usm_error_text(err, session->pool));
    usm_error_clear(err);
}
