/* SPDX-License-Identifier: Apache-2.0 */
#include "core.h"

#include <apr_sha1.h>
#include <usm/draft.h>
#include <usm/mail.h>
#include <usm/spool.h>

#include "util/mime.h"

#define STEP ((apr_size_t)1 << 20)
#define SOURCE_MAX ((apr_uint64_t)96 << 20)

typedef struct drafting_t {
    usm_turn_t *turn;
    usm_draft_t *draft;
    usm_echo_row_t echo;
    const char *old;        /* backend id of the draft that is changed, NULL for an add or when it is gone */
    const char *source;     /* its bytes */
    apr_size_t source_len;
    const char *uid, *message_id;
    usm__mail_t mail;
} drafting_t;

/* ---- what was asked ---- */

static apr_uint64_t digest_text(apr_uint64_t h, const char *text)
{
    return text ? usm__hash(text, strlen(text) + 1, h) : usm__hash("\1", 1, h);
}

/* The pages of a large file go again. */
static apr_uint64_t digest_bytes(apr_uint64_t h, const char *data, apr_size_t len)
{
    apr_size_t at = 0;
    do {
        apr_size_t n = len - at < STEP ? len - at : STEP;
        h = usm__hash(data + at, n, h);
        usm_spool_passed(data + at, n);
        at += n;
    } while (at < len);
    return h;
}

static apr_uint64_t digest_of(const usm_draft_t *d, apr_uint64_t h)
{
    const int numbers[] = {d->importance, d->body, d->file_count, d->removed_count, d->send};
    h = usm__hash(numbers, sizeof numbers, h);
    h = digest_text(digest_text(digest_text(h, d->to), d->cc), d->bcc);
    h = digest_text(digest_text(h, d->reply_to), d->subject);
    h = d->data ? digest_bytes(h, d->data, d->len) : h;
    for (int i = 0; i < d->file_count; i++) {
        h = digest_text(digest_text(h, d->files[i].name), d->files[i].content_id);
        h = digest_bytes(h, d->files[i].data, d->files[i].len);
    }
    for (int i = 0; i < d->removed_count; i++)
        h = digest_text(h, d->removed[i]);
    return h;
}

/* A line end or another control character in a header would end it, or begin one of somebody's own. */
static int is_header(const char *text)
{
    for (; text && *text; text++) {
        if ((unsigned char)*text < ' ' && *text != '\t')
            return 0;
    }
    return 1;
}

static usm_error_t *check(const usm_draft_t *d, apr_pool_t *pool)
{
    const char *const headers[] = {d->to, d->cc, d->bcc, d->reply_to, d->subject};
    for (apr_size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        if (!is_header(headers[i]))
            return USM_ERROR(pool, USM_EINVALID, "a control character in a header");
    }
    for (int i = 0; i < d->file_count; i++) {
        const usm_newfile_t *f = &d->files[i];
        if (!is_header(f->name) || !is_header(f->content_type) || !is_header(f->content_id))
            return USM_ERROR(pool, USM_EINVALID, "a control character in the name of a file");
    }
    return NULL;
}

/* ---- the draft as it is ---- */

static usm_error_t *read_old(drafting_t *d)
{
    usm_turn_t *turn = d->turn;
    usm_session_t *session = turn->session;
    usm_fetch_t fetch = {.body_forms = USM_BODY_MIME, .mime_max = SOURCE_MAX};
    usm_bget_t get = {.id = d->old};
    apr_pool_t *scratch;
    if (!d->old)
        return NULL;
    USM_FIELDSET_ADD(&fetch.fields, USM_EMAIL_BODY);
    apr_pool_create(&scratch, turn->pool);
    USM_ERR(usm__checked(session, USM__BVT(session)->get(&get, 1, &session->call, &turn->ref, &fetch, turn->pool,
                                                         scratch)));
    apr_pool_destroy(scratch);
    if (get.error)
        return get.error;
    if (!get.item) { /* changed in another place, where it got another id */
        d->old = NULL;
        return NULL;
    }
    const usm_body_t *body = usm_item_isset(get.item, USM_EMAIL_BODY) ? get.item->v[USM_EMAIL_BODY].u.body : NULL;
    if (!body || !body->mime.data || body->mime.truncated)
        return USM_ERROR(turn->pool, USM_ELIMIT, "the draft is too large");
    d->source = body->mime.data;
    d->source_len = body->mime.len;
    return NULL;
}

/* The new message; it says nothing that it could be recognised by but its id, which belongs to this version. */
static usm_error_t *write_message(drafting_t *d)
{
    usm_session_t *session = d->turn->session;
    const usm_userinfo_t *info;
    const char *data;
    apr_size_t len;
    USM_ERR(usm_session_userinfo(&info, session));
    const char *at = info->primary_address ? strrchr(info->primary_address, '@') : NULL;
    d->message_id = apr_pstrcat(d->turn->pool, "<", d->uid, at ? at : "@localhost", ">", NULL);
    const usm__sender_t sender = {.name = info->display_name, .address_count = info->address_count,
                                  .addresses = info->addresses, .message_id = d->message_id};
    USM_ERR(usm__mime_draft(&data, &len, d->source, d->source_len, d->draft, &sender, d->turn->pool));
    return usm__mime_prepare(&d->mail, data, len, &sender, d->turn->pool);
}

/* ---- keeping and sending ---- */

static usm_error_t *remove_old(drafting_t *d)
{
    usm_session_t *session = d->turn->session;
    if (!d->old)
        return NULL;
    usm_error_t *err = usm__checked(session, USM__BVT(session)->remove(&session->call, &d->turn->ref, d->old,
                                                                       USM_DELETE_HARD, 0, d->turn->pool));
    if (err && usm_error_class(err) == USM_CLASS_NOTFOUND) {
        usm_error_clear(err);
        err = NULL;
    }
    return err;
}

static usm_error_t *send_draft(drafting_t *d)
{
    const usm_outgoing_t out = {.client_id = d->uid, .mime = d->mail.data, .len = d->mail.len, .save_in_sent = 1};
    usm_error_t *err = usm_mail_send(d->turn->session, &out);
    if (err && usm_error_is(err, USM_EREPEATED)) {
        usm_error_clear(err);
        err = NULL;
    }
    return err;
}

/* @a maybe: an earlier try of this command may have got as far as storing it. */
static usm_error_t *keep_draft(usm_bwrite_t *result, drafting_t *d, int maybe)
{
    usm_session_t *session = d->turn->session;
    apr_pool_t *pool = d->turn->pool;
    if (maybe)
        USM_ERR(usm__checked(session, USM__BVT(session)->find_mail(result, &session->call, &d->turn->ref,
                                                                   d->message_id, pool, pool)));
    if (result->id)
        return NULL;
    return usm__checked(session, USM__BVT(session)->store_mail(result, &session->call, &d->turn->ref, d->mail.data,
                                                               d->mail.len, USM_STORE_READ | USM_STORE_DRAFT, pool,
                                                               pool));
}

static usm_error_t *carry_out(usm_bwrite_t *result, drafting_t *d, int maybe)
{
    *result = (usm_bwrite_t){.edge = USM_TIME_NONE};
    USM_ERR(read_old(d));
    USM_ERR(write_message(d));
    if (d->draft->send) {
        USM_ERR(send_draft(d));
        result->id = d->uid; /* it is nowhere, but the device must have a name for what it added */
    } else {
        USM_ERR(keep_draft(result, d, maybe));
    }
    return remove_old(d);
}

/* ---- the command ---- */

static usm_error_t *tell(usm_outcome_t *out, drafting_t *d, const char *old)
{
    usm_turn_t *turn = d->turn;
    usm_item_t *item = usm_item_create(USM_EMAIL, turn->pool);
    usm_item_set_num(item, USM_EMAIL_READ, 1); /* drafts are stored as read */
    if (d->echo.kind == USM_ECHO_ADD) {
        USM_ERR(usm__apply_added(out, turn, item, &d->echo));
        return d->draft->send ? usm__apply_queue(turn, d->echo.id, USM_PENDING_GONE) : NULL;
    }
    USM_ERR(usm__apply_queue(turn, old, USM_PENDING_GONE));
    if (d->draft->send)
        return NULL;
    out->server_id = usm__sid_make(turn->folder.fid, d->echo.id, turn->pool);
    return usm__apply_queue(turn, d->echo.id, USM_PENDING_PRESENT);
}

/* Which draft is meant: *old_p stays NULL for an add. */
static usm_error_t *find_old(const char **old_p, usm_outcome_t *out, usm_turn_t *turn, const char *server_id)
{
    usm_item_row_t has;
    int known = 0;
    *old_p = NULL;
    if (!server_id)
        return NULL;
    USM_ERR(usm__sid_parse(old_p, turn, server_id));
    if (*old_p)
        USM_ERR(usm__device_has(&known, &has, turn, *old_p, turn->pool));
    if (!known)
        out->error = USM_ERROR(turn->pool, USM_ENOTFOUND, "the device has no such draft");
    return NULL;
}

/* A second change of a draft in one request goes on from what the first one made of it. */
static usm_error_t *made_since(const char **old_p, usm_turn_t *turn, const char *server_id, apr_uint64_t digest)
{
    usm_echo_row_t echo;
    usm_txn_t *txn;
    int found = 0;
    USM_ERR(usm__read(&txn, turn->session, turn->pool));
    USM_ERR(usm__finish(turn->session, txn,
                        USM__VT(turn->session)->echo_get(&found, &echo, txn, turn->coll.id, 0, turn->base,
                                                         USM_ECHO_CHANGE, server_id, turn->pool)));
    if (found && echo.done && !echo.code && echo.digest != digest && echo.id && *echo.id)
        *old_p = echo.id;
    return NULL;
}

usm_error_t *usm_turn_draft(usm_outcome_t *out, usm_turn_t *turn, const char *client_id, const char *server_id,
                            usm_draft_t *draft)
{
    drafting_t d = {.turn = turn, .draft = draft};
    const char *cid = server_id ? server_id : client_id, *old;
    usm_bwrite_t result;
    int found;
    USM_ERR(usm__apply_begin(out, turn));
    if (turn->folder.role != USM_ROLE_DRAFTS || turn->folder.cls != USM_EMAIL || !cid || !*cid || strlen(cid) > 64)
        out->error = USM_ERROR(turn->pool, USM_EINVALID, "drafts belong into the Drafts folder");
    else
        out->error = check(draft, turn->pool);
    if (out->error)
        return NULL;
    USM_ERR(find_old(&old, out, turn, server_id));
    if (out->error)
        return NULL;
    int kind = server_id ? USM_ECHO_CHANGE : USM_ECHO_ADD;
    apr_uint64_t digest = digest_of(draft, server_id ? 37 : 31);
    d.old = old;
    if (server_id)
        USM_ERR(made_since(&d.old, turn, server_id, digest));
    USM_ERR(usm__apply_find(&found, &d.echo, turn, kind, cid, digest));
    d.uid = usm__uid(turn, apr_psprintf(turn->pool, "draft|%s|%s|%" APR_INT64_T_FMT "|%" APR_INT64_T_FMT "|%s|%"
                                        APR_UINT64_T_HEX_FMT, turn->session->user, turn->session->device.device_id,
                                        turn->coll.epoch, turn->base, cid, d.echo.digest));
    if (found && d.echo.done && d.echo.code) {
        out->error = USM_ERROR(turn->pool, (apr_status_t)d.echo.code, "%s (repeated)",
                               usm_code_text((apr_status_t)d.echo.code));
        return NULL;
    }
    if (!found || !d.echo.done) {
        if (!found)
            USM_ERR(usm__apply_put(turn, &d.echo));
        usm_error_t *err = carry_out(&result, &d, found);
        if (err)
            return usm__apply_refuse(out, turn, &d.echo, err);
        USM_ERR(usm__apply_done(turn, &d.echo, &result));
    }
    return tell(out, &d, old);
}
