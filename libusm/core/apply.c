/* SPDX-License-Identifier: Apache-2.0 */
/* Changes from the client: each is written down as begun before the groupware server is asked, and as done with its
 * result right after. So a repeat, whether the answer was lost, the process died, or the first request still runs,
 * finds out what became of it and never does it twice. */
#include "core.h"


/* ---- echo ---- */

static apr_uint64_t item_digest(const usm_item_t *item, apr_uint64_t h)
{
    if (!item)
        return h;
    for (int f = 0; f < usm_class_fields(item->cls); f++) {
        apr_uint64_t d[2] = {(apr_uint64_t)f << 2 | item->v[f].state,
                             usm_value_digest(usm_field(item->cls, f)->type, &item->v[f])};
        if (item->v[f].state != USM_ABSENT)
            h = usm__hash(d, sizeof d, h);
    }
    return h;
}

static usm_error_t *find_echo(int *found_p, usm_echo_row_t *echo, usm_turn_t *turn, int kind, const char *cid,
                              apr_uint64_t digest)
{
    *found_p = 0;
    turn->command = echo;
    turn->clash = NULL;
    turn->copy = NULL;
    turn->refusal = NULL;
    turn->refusal_name = NULL;
    USM_ERR(usm__echo_get(found_p, echo, turn, kind, cid));
    /* The same id for something else: a new command. */
    const char *other = *found_p && echo->digest != digest ? apr_pstrdup(turn->pool, echo->id ? echo->id : "") : NULL;
    turn->other_add = kind == USM_ECHO_ADD ? other : NULL;
    if (other)
        *found_p = 0;
    if (!*found_p)
        *echo = (usm_echo_row_t){.collection = turn->coll.id, .base = turn->base, .kind = kind, .cid = cid,
                                 .digest = digest, .edge = USM_TIME_NONE, .at = usm__now()};
    turn->begun_before = *found_p;
    return NULL;
}

static usm_error_t *echo_done(usm_turn_t *turn, usm_echo_row_t *echo, const usm_bwrite_t *result, apr_status_t code)
{
    echo->done = 1;
    echo->code = code;
    if (result) {
        echo->id = result->id;
        echo->rev = result->rev;
        echo->edge = result->edge;
    }
    /* An add whose process dies is found again; what else has to be written with it is written with it. */
    int later = echo->kind == USM_ECHO_ADD && !code && turn->folder.fid && turn->folder.cls != USM_EMAIL &&
                !turn->clash && !usm__refusal_pending(turn);
    return later ? usm__echo_put_later(turn, echo) : usm__echo_put(turn, echo);
}

/* Errors after which nothing is known or the server could not be asked end the turn; the rest is the item's fate. */
static int ends_turn(const usm_error_t *err)
{
    usm_errclass_e cls = usm_error_class(err);
    return cls == USM_CLASS_UNAVAILABLE || cls == USM_CLASS_AUTH || cls == USM_CLASS_INTERNAL;
}

static usm_error_t *refuse(usm_outcome_t *out, usm_turn_t *turn, usm_echo_row_t *echo, usm_error_t *err)
{
    if (ends_turn(err))
        return err;
    out->error = err;
    if (echo)
        usm__refusal_note(turn, echo, err);
    /* A retryable error leaves the echo open: the repeat tries again. */
    return echo && !usm_error_retry(err) ? echo_done(turn, echo, NULL, usm_error_code(err)) : NULL;
}

/* Known from memory: neither asked about nor noted once more. */
static usm_error_t *refuse_again(usm_outcome_t *out, usm_turn_t *turn, usm_echo_row_t *echo, usm_error_t *err)
{
    out->error = err;
    return echo_done(turn, echo, NULL, usm_error_code(err));
}

static usm__touched_t *touch(usm_turn_t *turn, const char *id, int alive, const usm_item_row_t *row)
{
    usm__touched_t *t = apr_pcalloc(turn->pool, sizeof *t);
    t->id = apr_pstrdup(turn->pool, id);
    t->alive = alive;
    if (row)
        t->row = *row;
    t->row.id = t->id;
    apr_hash_set(turn->touched, t->id, APR_HASH_KEY_STRING, t);
    return t;
}

/* Without a revision: it is read, compared with what the device has, and told when it differs. */
static usm_error_t *queue(usm_turn_t *turn, const char *id, int state)
{
    usm_session_t *session = turn->session;
    usm_pending_row_t row = {.id = id, .state = state, .edge = USM_TIME_NONE,
                             .ord = state == USM_PENDING_PRESENT ? APR_INT64_MAX - 1 : APR_INT64_MAX};
    usm_txn_t *txn;
    turn->coll.queued = 1;
    USM_ERR(usm__write(&txn, session, turn->pool));
    return usm__finish(session, txn, USM__VT(session)->pending_put(txn, turn->coll.id, &row));
}

static usm_error_t *queue_again(usm_turn_t *turn, const char *id)
{
    return queue(turn, id, USM_PENDING_PRESENT);
}

static usm_error_t *begin(usm_outcome_t *out, usm_turn_t *turn)
{
    memset(out, 0, sizeof *out);
    if (turn->session->transient || turn->initial)
        return USM_ERROR(turn->pool, USM_EINVALID, "no client changes with a first key");
    if (turn->detected)
        return USM_ERROR(turn->pool, USM_EINTERNAL, "client changes come before server changes");
    turn->session->stats.items_in++;
    USM_ERR(usm__turn_lease(turn));
    turn->applied = 1;
    return NULL;
}

/* Folders that only libusm fills. */
static int is_read_only(const usm_turn_t *turn)
{
    return turn->folder.fid && (turn->folder.role == USM_ROLE_OUTBOX || turn->folder.cls == USM_RECIPIENT);
}

/* ---- add ---- */

static const char *add_uid(usm_turn_t *turn, const char *client_id)
{
    return usm__uid(turn, apr_psprintf(turn->pool, "%s|%s|%" APR_INT64_T_FMT "|%" APR_INT64_T_FMT "|%" APR_INT64_T_FMT
                                       "|%s", turn->session->user, turn->session->device.device_id, turn->folder.fid,
                                       turn->coll.epoch, turn->base, client_id));
}

static const char *own_uid(const usm_item_t *item)
{
    return item->cls == USM_EVENT ? usm_item_text(item, USM_EVENT_UID) : NULL;
}

static usm_error_t *read_rev(usm_bwrite_t *result, usm_turn_t *turn, const char *id)
{
    usm_bget_t got;
    USM_ERR(usm__read_now(&got, turn, &turn->ref, id));
    result->rev = got.item ? got.rev : 0;
    return NULL;
}

/* A series, or an event with files, is made by several calls: what the first try left undone is done before the two are
 * compared. */
static usm_error_t *complete(usm_bwrite_t *result, usm_turn_t *turn, const usm_item_t *item)
{
    usm_session_t *session = turn->session;
    usm_fieldset_t fields = {{0}};
    usm_bwrite_t now = {.id = result->id};
    if (item->cls != USM_EVENT ||
        (!usm_item_isset(item, USM_EVENT_EXCEPTIONS) && !usm_item_isset(item, USM_EVENT_ATTACHMENTS)))
        return NULL;
    if (usm_item_isset(item, USM_EVENT_EXCEPTIONS))
        USM_FIELDSET_ADD(&fields, USM_EVENT_EXCEPTIONS);
    if (usm_item_isset(item, USM_EVENT_ATTACHMENTS))
        USM_FIELDSET_ADD(&fields, USM_EVENT_ATTACHMENTS);
    return USM__BVT(session)->update(&now, &session->call, &turn->ref, result->id, item, &fields, result->rev,
                                     turn->pool, turn->pool);
}

/* The item that the first try has added is no longer here. Nothing was edited since: detection tells. Else the edit
 * follows the item, or makes it again. */
static usm_error_t *join_gone(usm_bwrite_t *result, usm_turn_t *turn, usm__merge_t *m, const char *id)
{
    usm_error_t *gone = USM_ERROR(turn->pool, USM_ENOTFOUND, "deleted on the server meanwhile");
    if (turn->other_add)
        USM_ERR(usm__merge_elsewhere(result, m, turn, id, gone));
    if (!turn->other_add || !result->id)
        *result = (usm_bwrite_t){.id = id, .edge = USM_TIME_NONE};
    return NULL;
}

/* Somebody else has added it as well (an event with the same UID), or an earlier try of this command got through: what
 * the two have in common is nothing, so each field that both have set differently is the winner's. */
static usm_error_t *join_added(usm_bwrite_t *result, usm_turn_t *turn, const usm_item_t *item, int maybe)
{
    const usm_item_row_t nothing = {.edge = USM_TIME_NONE};
    const char *id = result->id;
    usm__merge_t m;
    usm_bget_t got;
    USM_ERR(maybe ? complete(result, turn, item) : NULL);
    usm__merge_begin(&m, turn, usm_item_copy(item, turn->pool), &nothing, 1);
    m.adding = 1;
    if (turn->other_add) /* edited on, because the answer to the first add was lost */
        m.policy = USM_CLIENT_WINS;
    else if (maybe)
        m.policy = USM_SERVER_WINS;
    USM_ERR(usm__read_now(&got, turn, &turn->ref, id));
    if (!got.item)
        return join_gone(result, turn, &m, id);
    USM_ERR(usm__merge_write(result, &m, turn, &turn->ref, id, &got));
    if (maybe && !m.collided && !result->rev) /* written in several calls: where that has led to */
        return read_rev(result, turn, id);
    if (m.collided || !maybe)
        result->rev = 0; /* it is read once more: the device gets what it does not have */
    return NULL;
}

/* Left so, an add whose end nobody knows would be done again under the client's next key. */
static usm_error_t *unknown_end(usm_bwrite_t *result, usm_turn_t *turn, usm_error_t *err, const char *uid,
                                apr_pool_t *scratch)
{
    usm_session_t *session = turn->session;
    memset(result, 0, sizeof *result);
    usm_error_t *unknown = USM__BVT(session)->find_uid(result, &session->call, &turn->ref, uid, turn->pool, scratch);
    result->rev = 0;
    if (!unknown && !result->id)
        return err;
    usm_error_clear(err);
    if (!unknown)
        return NULL;
    usm_error_clear(unknown);
    return USM_ERROR(turn->pool, USM_EUNAVAILABLE, "nobody knows whether an item was added");
}

static usm_error_t *create(usm_bwrite_t *result, int *fresh_p, usm_turn_t *turn, const usm_item_t *item,
                           const char *uid, int maybe)
{
    usm_session_t *session = turn->session;
    apr_pool_t *scratch;
    usm_error_t *err = NULL;
    apr_pool_create(&scratch, turn->pool);
    *result = (usm_bwrite_t){.id = turn->other_add && *turn->other_add ? turn->other_add : NULL};
    /* An event brings its UID: a second add of it means the one that is there. */
    if (!result->id && (maybe || turn->other_add || own_uid(item)))
        err = USM__BVT(session)->find_uid(result, &session->call, &turn->ref, uid, turn->pool, scratch);
    if (!err && result->id)
        err = join_added(result, turn, item, maybe);
    else if (!err && (*fresh_p = 1))
        err = USM__BVT(session)->add(result, &session->call, &turn->ref, item, uid, turn->pool, scratch);
    if (err)
        *fresh_p = 0;
    if (err && usm_error_class(err) == USM_CLASS_TEMP)
        err = unknown_end(result, turn, err, uid, scratch);
    if (!err)
        apr_pool_destroy(scratch);
    return usm__checked(session, err);
}

/* @a fresh: it has just come into being, so that the device cannot have it. */
static usm_error_t *note_added(usm_outcome_t *out, usm_turn_t *turn, const usm_item_t *item, const usm_echo_row_t *echo,
                               int fresh)
{
    usm_item_row_t row = {.id = echo->id, .rev = echo->rev, .edge = echo->edge}, has;
    int found = 0;
    usm_item_digests(&row.digests, &row.digests_len, item, turn->pool);
    if (!fresh)
        USM_ERR(usm__device_has(&found, &has, turn, echo->id, turn->pool));
    if (found)
        usm__mutate(turn, USM__KILL, &row); /* the UID was known to the device under another client id */
    usm__mutate(turn, USM__ADD, &row);
    touch(turn, echo->id, 1, &row)->added = 1;
    out->server_id = usm__sid_make(turn->folder.fid, echo->id, turn->pool);
    return turn->folder.fid && !echo->rev ? queue_again(turn, echo->id) : NULL;
}

usm_error_t *usm_turn_add(usm_outcome_t *out, usm_turn_t *turn, const char *client_id, const usm_item_t *item)
{
    usm_echo_row_t echo;
    usm_bwrite_t result;
    int found, fresh = 0;
    USM_ERR(begin(out, turn));
    if (!client_id || !*client_id || strlen(client_id) > 64) {
        out->error = USM_ERROR(turn->pool, USM_EINVALID, "client id must have 1 to 64 bytes");
        return NULL;
    }
    if (item->cls != turn->folder.cls && turn->folder.fid) {
        out->error = USM_ERROR(turn->pool, USM_EINVALID, "item of another class than its folder");
        return NULL;
    }
    if (is_read_only(turn)) {
        out->error = USM_ERROR(turn->pool, USM_EUNSUPPORTED, "nothing can be put into this folder");
        return NULL;
    }
    USM_ERR(find_echo(&found, &echo, turn, USM_ECHO_ADD, client_id, item_digest(item, 17)));
    if (!found || !echo.done) {
        if (!found)
            USM_ERR(usm__echo_put(turn, &echo));
        const char *uid = own_uid(item) ? own_uid(item) : add_uid(turn, client_id);
        usm_error_t *err = NULL;
        if (turn->folder.fid)
            USM_ERR(usm__refused(&err, turn, USM_ECHO_ADD, echo.digest));
        if (err)
            return refuse_again(out, turn, &echo, err);
        err = turn->folder.fid ? create(&result, &fresh, turn, item, uid, found)
                                            : usm__folder_add(&result, turn, item, found);
        if (err)
            return refuse(out, turn, &echo, err);
        USM_ERR(echo_done(turn, &echo, &result, 0));
    } else if (echo.code) {
        out->error =
            USM_ERROR(turn->pool, (apr_status_t)echo.code, "%s (repeated)", usm_code_text((apr_status_t)echo.code));
        return NULL;
    }
    return note_added(out, turn, item, &echo, fresh);
}

/* ---- change ---- */

static usm_error_t *note_changed(usm_turn_t *turn, const char *id, const usm_item_t *item, const usm_item_row_t *has,
                                 apr_uint64_t rev, usm_time_t edge)
{
    usm_item_row_t row = {.id = id, .rev = rev, .edge = edge};
    usm__merge_overlay(&row, item, has, turn->pool);
    if (!apr_hash_get(turn->touched, id, APR_HASH_KEY_STRING)) {
        usm__mutate(turn, USM__KILL, has);
    } else { /* a second change of the same item in one request replaces what the first one noted */
        for (int i = 0; i < turn->mutations->nelts; i++) {
            usm__mutation_t *m = &APR_ARRAY_IDX(turn->mutations, i, usm__mutation_t);
            if (m->op == USM__ADD && strcmp(m->row.id, id) == 0)
                m->op = USM__NONE;
        }
    }
    usm__mutate(turn, USM__ADD, &row);
    touch(turn, id, 1, &row);
    return NULL;
}

/* What the device is told of a change that was made: nothing when it is in the item, which has then what the device
 * has; else what became of the item. The same for a command that is repeated. */
static usm_error_t *tell_change(usm_outcome_t *out, usm_turn_t *turn, const char *id, const usm__merge_t *m,
                                const usm_echo_row_t *echo)
{
    if (echo->code && echo->code != USM_ECONFLICT) {
        out->error =
            USM_ERROR(turn->pool, (apr_status_t)echo->code, "%s (repeated)", usm_code_text((apr_status_t)echo->code));
        return NULL;
    }
    if (echo->code)
        out->error = USM_ERROR(turn->pool, USM_ECONFLICT, "changed on both sides; the server's version is kept");
    if (turn->folder.fid == 0 || (echo->id && strcmp(echo->id, id) == 0)) {
        if (turn->folder.fid && !echo->rev) /* what the server has is compared field by field and sent */
            USM_ERR(queue_again(turn, id));
        /* Exceptions are put beside those that the server has, and of these the device may not know all. */
        if (m->collided && m->mine->cls == USM_EVENT && usm_item_isset(m->mine, USM_EVENT_EXCEPTIONS))
            m->mine->v[USM_EVENT_EXCEPTIONS].state = USM_ABSENT;
        return note_changed(turn, id, m->mine, m->has, echo->rev, echo->edge);
    }
    /* It went elsewhere, or was made again under another id: the old one goes. */
    USM_ERR(queue(turn, id, USM_PENDING_GONE));
    return echo->id ? queue_again(turn, echo->id) : NULL;
}

static usm_error_t *apply_change(usm_outcome_t *out, usm_turn_t *turn, const char *id, usm__merge_t *m, int fields,
                                 usm_echo_row_t *echo)
{
    usm_bwrite_t result = {.id = id, .rev = m->has->rev, .edge = m->has->edge};
    usm_error_t *err = NULL;
    if (turn->folder.fid == 0)
        err = usm__folder_change(&result, turn, id, m->mine, &m->ours);
    else if (fields)
        err = usm__merge_write(&result, m, turn, &turn->ref, id, NULL);
    if (turn->folder.fid && err && usm_error_is(err, USM_ENOTFOUND))
        err = usm__merge_elsewhere(&result, m, turn, id, err);
    if (err)
        return refuse(out, turn, echo, err);
    if (m->merged)
        result.rev = 0;
    USM_ERR(echo_done(turn, echo, &result, m->collided && m->policy == USM_SERVER_WINS ? USM_ECONFLICT : 0));
    return tell_change(out, turn, id, m, echo);
}

usm_error_t *usm_turn_change(usm_outcome_t *out, usm_turn_t *turn, const char *server_id, const usm_item_t *sent,
                             int partial)
{
    usm_echo_row_t echo;
    usm_item_row_t has;
    usm__merge_t m;
    const char *id;
    int found, known = 0;
    USM_ERR(begin(out, turn));
    USM_ERR(usm__sid_parse(&id, turn, server_id));
    if (id)
        USM_ERR(usm__device_has(&known, &has, turn, id, turn->pool));
    if (!known || has.withheld == USM_ITEM_HELD_BACK) {
        out->error = USM_ERROR(turn->pool, USM_ENOTFOUND, "the device has no such item");
        return NULL;
    }
    if (is_read_only(turn)) {
        out->error = USM_ERROR(turn->pool, USM_EUNSUPPORTED, "nothing can be changed in this folder");
        return NULL;
    }
    /* Two changes of one item in a request are two commands. */
    apr_uint64_t digest = item_digest(sent, apr_hash_get(turn->touched, id, APR_HASH_KEY_STRING) ? 23 : 19);
    const char *cid = apr_hash_get(turn->touched, id, APR_HASH_KEY_STRING)
                          ? apr_psprintf(turn->pool, "%s#%" APR_UINT64_T_HEX_FMT, server_id, digest)
                          : server_id;
    USM_ERR(find_echo(&found, &echo, turn, USM_ECHO_CHANGE, cid, digest));
    if (!found)
        USM_ERR(usm__echo_put(turn, &echo));
    int fields = usm__merge_begin(&m, turn, usm_item_copy(sent, turn->pool), &has, partial);
    if (turn->folder.fid && (!found || !echo.done)) {
        usm_error_t *err;
        USM_ERR(usm__refused(&err, turn, USM_ECHO_CHANGE, usm__hash(id, strlen(id), item_digest(sent, 31))));
        if (err)
            return refuse_again(out, turn, &echo, err);
    }
    if (!found || !echo.done)
        USM_ERR(apply_change(out, turn, id, &m, fields, &echo));
    else
        USM_ERR(tell_change(out, turn, id, &m, &echo));
    return out->error ? NULL : usm__flag_keep(turn, id, sent);
}

/* ---- delete ---- */

static usm_error_t *note_deleted(usm_turn_t *turn, const char *id, const usm_item_row_t *has)
{
    if (!apr_hash_get(turn->touched, id, APR_HASH_KEY_STRING))
        usm__mutate(turn, USM__KILL, has);
    for (int i = 0; i < turn->mutations->nelts; i++) {
        usm__mutation_t *m = &APR_ARRAY_IDX(turn->mutations, i, usm__mutation_t);
        if (m->op == USM__ADD && strcmp(m->row.id, id) == 0)
            m->op = USM__NONE;
    }
    touch(turn, id, 0, NULL);
    return NULL;
}

/* *kept_p 1: it was edited on the server meanwhile, and the edit survives. */
/* @a begun: it was tried before, and nobody knows what became of it. */
static usm_error_t *remove_item(int *kept_p, usm_turn_t *turn, const char *id, const usm_item_row_t *has,
                                usm_delete_e how, int begun)
{
    usm_session_t *session = turn->session;
    *kept_p = 0;
    if (turn->folder.fid == 0)
        return usm__folder_delete(turn, id, begun);
    /* A mail's flags do not stand against its deletion; an edited item does, unless the client is to win. */
    int mail = turn->folder.cls == USM_EMAIL;
    usm_error_t *err;
    if (mail || (has->rev && !has->withheld))
        err = USM__BVT(session)->remove(&session->call, &turn->ref, id, how, mail ? 0 : has->rev, turn->pool);
    else /* merged, and not yet told to the device: there is no revision to compare */
        err = USM_ERROR(turn->pool, USM_ECONFLICT, "no revision is known");
    if (err && usm_error_class(err) == USM_CLASS_CONFLICT) {
        usm_error_clear(err);
        err = usm__delete_contested(kept_p, turn, id, has, how);
    }
    if (err && usm_error_class(err) == USM_CLASS_NOTFOUND) {
        usm_error_clear(err);
        err = NULL;
    }
    return usm__checked(session, err);
}

/* A device drops a folder with all that it has below it. What is left of that on the server comes back. */
static usm_error_t *note_deleted_below(usm_turn_t *turn, const char *id)
{
    apr_array_header_t *ids;
    usm_item_row_t has;
    int known;
    if (turn->folder.fid)
        return NULL;
    USM_ERR(usm__folders_below(&ids, turn, id));
    for (int i = 0; i < ids->nelts; i++) {
        USM_ERR(usm__device_has(&known, &has, turn, APR_ARRAY_IDX(ids, i, const char *), turn->pool));
        if (known)
            note_deleted(turn, has.id, &has);
    }
    return NULL;
}

/* A device drops an item before it is told that it may not: what stays on the server has to come back to it. Folders it
 * keeps until it hears of success. */
static usm_error_t *give_back(usm_turn_t *turn, const char *id, const usm_item_row_t *has)
{
    if (turn->folder.fid == 0)
        return NULL;
    USM_ERR(note_deleted(turn, id, has));
    return queue_again(turn, id);
}

usm_error_t *usm_turn_delete(usm_outcome_t *out, usm_turn_t *turn, const char *server_id, usm_delete_e how)
{
    usm_echo_row_t echo;
    usm_item_row_t has;
    const char *id;
    int found, known = 0;
    USM_ERR(begin(out, turn));
    USM_ERR(usm__sid_parse(&id, turn, server_id));
    if (id)
        USM_ERR(usm__device_has(&known, &has, turn, id, turn->pool));
    if (!known || has.withheld == USM_ITEM_HELD_BACK) {
        out->error = USM_ERROR(turn->pool, USM_ENOTFOUND, "the device has no such item");
        return NULL;
    }
    if (is_read_only(turn)) {
        out->error = USM_ERROR(turn->pool, USM_EUNSUPPORTED, "nothing can be changed in this folder");
        return NULL;
    }
    USM_ERR(find_echo(&found, &echo, turn, USM_ECHO_DELETE, server_id, (apr_uint64_t)how + 29));
    if (!found)
        USM_ERR(usm__echo_put(turn, &echo));
    if (!found || !echo.done) {
        int kept;
        usm_error_t *err = NULL;
        if (turn->folder.fid)
            USM_ERR(usm__refused(&err, turn, USM_ECHO_DELETE, usm__hash(id, strlen(id), (apr_uint64_t)how + 37)));
        if (err) {
            USM_ERR(refuse_again(out, turn, &echo, err));
            return give_back(turn, id, &has);
        }
        err = remove_item(&kept, turn, id, &has, how, found);
        if (err) {
            USM_ERR(refuse(out, turn, &echo, err));
            return give_back(turn, id, &has);
        }
        USM_ERR(echo_done(turn, &echo, &(usm_bwrite_t){.id = id, .edge = USM_TIME_NONE}, kept ? USM_ECONFLICT : 0));
    } else if (echo.code && echo.code != USM_ECONFLICT) {
        out->error =
            USM_ERROR(turn->pool, (apr_status_t)echo.code, "%s (repeated)", usm_code_text((apr_status_t)echo.code));
        return give_back(turn, id, &has);
    }
    USM_ERR(note_deleted(turn, id, &has));
    USM_ERR(note_deleted_below(turn, id));
    /* Edited on the server meanwhile: the edit survives and the item comes back to the device. */
    return echo.code ? queue_again(turn, id) : NULL;
}

/* ---- fetch ---- */

usm_error_t *usm_turn_fetch(usm_item_t **item_p, usm_turn_t *turn, const char *server_id, const usm_fetch_t *fetch,
                            apr_pool_t *pool)
{
    usm_session_t *session = turn->session;
    usm_item_row_t has;
    const char *id;
    int known = 0;
    USM_ERR(usm__sid_parse(&id, turn, server_id));
    if (id && !turn->initial)
        USM_ERR(usm__device_has(&known, &has, turn, id, pool));
    if (!known || has.withheld == USM_ITEM_HELD_BACK || turn->folder.fid == 0)
        return USM_ERROR(pool, USM_ENOTFOUND, "the device has no such item");
    usm_bget_t got = {.id = id};
    apr_pool_t *scratch;
    apr_pool_create(&scratch, pool);
    USM_ERR(usm__checked(session, USM__BVT(session)->get(&got, 1, &session->call, &turn->ref, fetch, pool, scratch)));
    apr_pool_destroy(scratch);
    if (got.error)
        return got.error;
    if (!got.item)
        return USM_ERROR(pool, USM_ENOTFOUND, "the item is gone");
    USM_ERR(usm__flags_show(session, &turn->ref, &got, 1));
    *item_p = got.item;
    return NULL;
}

/* ---- for other kinds of commands ---- */

usm_error_t *usm__apply_begin(usm_outcome_t *out, usm_turn_t *turn)
{
    return begin(out, turn);
}

usm_error_t *usm__apply_find(int *found_p, usm_echo_row_t *echo, usm_turn_t *turn, int kind, const char *cid,
                             apr_uint64_t digest)
{
    return find_echo(found_p, echo, turn, kind, cid, digest);
}

usm_error_t *usm__apply_put(usm_turn_t *turn, const usm_echo_row_t *echo)
{
    return usm__echo_put(turn, echo);
}

usm_error_t *usm__apply_done(usm_turn_t *turn, usm_echo_row_t *echo, const usm_bwrite_t *result)
{
    return echo_done(turn, echo, result, 0);
}

usm_error_t *usm__apply_refuse(usm_outcome_t *out, usm_turn_t *turn, usm_echo_row_t *echo, usm_error_t *err)
{
    return refuse(out, turn, echo, err);
}

usm_error_t *usm__apply_added(usm_outcome_t *out, usm_turn_t *turn, const usm_item_t *item,
                              const usm_echo_row_t *echo)
{
    return note_added(out, turn, item, echo, 0);
}

usm_error_t *usm__apply_queue(usm_turn_t *turn, const char *id, int state)
{
    return queue(turn, id, state);
}

apr_uint64_t usm__apply_digest(const usm_item_t *item, apr_uint64_t seed)
{
    return item_digest(item, seed);
}
