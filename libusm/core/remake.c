/* SPDX-License-Identifier: Apache-2.0 */
/* A client's change whose item is no longer where it was: it follows the item, or makes it again. An item may be
 * deleted and made again several times, and devices may hold any of the ids that it had meanwhile; the store knows them
 * all by one UID, so that all of them find the one that lives. One request at a time makes an item again. */
#include "core.h"

#define FOLDERS_MAX 64   /* folders of a user that are looked through for an item */
#define LEASE_MS 120000
#define LEASE_WAIT_MS 20000

/* ---- the item is not where it was ---- */

typedef struct places_t {
    usm_turn_t *turn;
    apr_array_header_t *refs; /**< usm_bref_t */
} places_t;

static usm_error_t *add_place(void *baton, const usm_folder_row_t *row)
{
    places_t *p = baton;
    if (row->cls != p->turn->folder.cls || row->fid == p->turn->folder.fid || row->role == USM_ROLE_OUTBOX ||
        p->refs->nelts >= FOLDERS_MAX)
        return NULL;
    usm_bref_t *ref = apr_array_push(p->refs);
    usm__folder_ref(ref, row);
    ref->id = apr_pstrdup(p->turn->pool, ref->id);
    return NULL;
}

/* The user's other folders of the class. */
static usm_error_t *other_places(places_t *places, usm_turn_t *turn)
{
    usm_session_t *session = turn->session;
    usm_txn_t *txn;
    *places = (places_t){.turn = turn, .refs = apr_array_make(turn->pool, 8, sizeof(usm_bref_t))};
    USM_ERR(usm__read(&txn, session, turn->pool));
    return usm__finish(session, txn, USM__VT(session)->folder_scan(txn, session->device.user, 0, add_place, places,
                                                                   turn->pool));
}

/* Ids of contacts, events and tasks stay what they are when an item moves (OX: one sequence of ids per module). */
static usm_error_t *find_moved(const usm_bref_t **ref_p, usm_bget_t *got, usm_turn_t *turn, const char *id)
{
    places_t places;
    *ref_p = NULL;
    USM_ERR(other_places(&places, turn));
    for (int i = 0; i < places.refs->nelts && !*ref_p; i++) {
        const usm_bref_t *ref = &APR_ARRAY_IDX(places.refs, i, usm_bref_t);
        usm_error_t *err = usm__read_now(got, turn, ref, id);
        if (err && usm_error_class(err) != USM_CLASS_PERM && usm_error_class(err) != USM_CLASS_NOTFOUND)
            return err; /* nobody knows: made again, it might be there twice */
        if (!err && got->item)
            *ref_p = ref;
        usm_error_clear(err); /* a folder that cannot be read has nothing for us */
    }
    return NULL;
}

/* NULL, or why the device's change is not enough to make the item again. */
static const char *cannot_make(const usm__merge_t *m)
{
    const usm_item_t *item = m->mine;
    if (item->cls == USM_EVENT) {
        if (usm_item_isset(item, USM_EVENT_ATTENDEES) ||
            usm_digest_of(m->has->digests, m->has->digests_len, USM_EVENT_ATTENDEES))
            return "a meeting";
        if (!usm_item_isset(item, USM_EVENT_START) || !usm_item_isset(item, USM_EVENT_END))
            return "no times";
    }
    for (int f = 0; m->partial && f < usm_class_fields(item->cls); f++) {
        if (!(usm_field(item->cls, f)->flags & USM_F_RO) && !USM_FIELDSET_HAS(&m->sent, f) &&
            usm_digest_of(m->has->digests, m->has->digests_len, f))
            return "only a part of it is known";
    }
    return NULL;
}

/* The name under which an item is made again that never was before. */
static const char *first_uid(usm_turn_t *turn, const usm_item_t *item, const char *id)
{
    const char *own = item->cls == USM_EVENT ? usm_item_text(item, USM_EVENT_UID) : NULL;
    return own ? own : usm__uid(turn, apr_psprintf(turn->pool, "again|%s|%d|%s", turn->session->user,
                                                   (int)turn->folder.cls, id));
}

/* The row of @a like->id; it is written when it is not there. */
static usm_error_t *get_row(usm_remade_row_t *row, usm_txn_t *txn, const usm_remade_row_t *like, usm_turn_t *turn)
{
    const usm_store_vtable_t *vt = USM__VT(turn->session);
    int found;
    USM_ERR(vt->remade_get(&found, row, txn, like->user, like->cls, like->id, turn->pool));
    if (found)
        return NULL;
    USM_ERR(vt->remade_add(txn, like));
    USM_ERR(vt->remade_get(&found, row, txn, like->user, like->cls, like->id, turn->pool));
    return found ? NULL : USM_ERROR(turn->pool, USM_EINTERNAL, "a row that was just written is not there");
}

/* The row of the id, and the lease of all that the item was. */
static usm_error_t *try_claim(int *done_p, usm_remade_row_t *row, usm_turn_t *turn, const usm_remade_row_t *like,
                              usm_txn_t *txn)
{
    const usm_store_vtable_t *vt = USM__VT(turn->session);
    usm_remade_row_t first, root;
    int days = turn->session->ctx->config.device_days;
    if (days > 0) /* a device that holds an older id was forgotten and starts over */
        USM_ERR(vt->remade_trim(txn, like->user, like->at - days * USM_DAY_MS));
    USM_ERR(get_row(row, txn, like, turn));
    first = *row;
    first.id = row->root;
    first.at = like->at;
    USM_ERR(get_row(&root, txn, &first, turn)); /* it may have been too old, and what came of it not */
    if (*root.lease && usm__lease_is_dead(root.lease))
        USM_ERR(vt->remade_unlease(txn, &root, root.lease));
    return vt->remade_lease(done_p, txn, &root, turn->lease_owner, like->at, like->at + LEASE_MS);
}

/* Under which UID is it made again? Until drop_claim() nobody else makes it. */
static usm_error_t *claim(usm_remade_row_t *row, usm_turn_t *turn, const usm_item_t *item, const char *id)
{
    usm_time_t until = usm__now() + LEASE_WAIT_MS;
    const char *first = first_uid(turn, item, id);
    for (;;) {
        usm_txn_t *txn;
        int done = 0;
        usm_remade_row_t like = {.user = turn->session->device.user, .cls = turn->folder.cls, .id = id, .uid = first,
                                 .root = id, .at = usm__now()};
        USM_ERR(usm__write(&txn, turn->session, turn->pool));
        USM_ERR(usm__finish(turn->session, txn, try_claim(&done, row, turn, &like, txn)));
        if (done)
            return NULL;
        if (usm__now() > until)
            return USM_ERROR(turn->pool, USM_EBUSY, "another device's request is making the item again");
        apr_sleep(50000);
    }
}

/* @a made: what it lives as now, NULL when that is not known. Gives back @a err, or what went wrong here. */
static usm_error_t *drop_claim(usm_turn_t *turn, const usm_remade_row_t *row, const char *made, usm_error_t *err)
{
    const usm_store_vtable_t *vt = USM__VT(turn->session);
    usm_txn_t *txn;
    usm_error_t *failed = usm__write(&txn, turn->session, turn->pool);
    if (!failed) {
        usm_remade_row_t now = *row;
        now.id = made;
        now.at = usm__now();
        failed = made ? vt->remade_add(txn, &now) : NULL;
        if (!failed)
            failed = vt->remade_unlease(txn, row, turn->lease_owner);
        failed = usm__finish(turn->session, txn, failed);
    }
    if (failed) {
        usm_remade_row_t root = *row;
        root.id = row->root;
        usm__lease_owe(turn->session, 0, &root, turn->lease_owner);
    }
    if (!err)
        return failed;
    usm_error_clear(failed);
    return err;
}

/* Where is what another device's change has made of the item? It may have been moved since. */
static usm_error_t *find_made(const usm_bref_t **ref_p, const char **found_p, usm_turn_t *turn, const char *uid)
{
    usm_session_t *session = turn->session;
    usm_bwrite_t made = {0};
    places_t places;
    *ref_p = &turn->ref;
    USM_ERR(other_places(&places, turn));
    for (int i = -1; i < places.refs->nelts && !made.id; i++) {
        if (i >= 0)
            *ref_p = &APR_ARRAY_IDX(places.refs, i, usm_bref_t);
        usm_error_t *err = USM__BVT(session)->find_uid(&made, &session->call, *ref_p, uid, turn->pool, turn->pool);
        if (err && (i < 0 || (usm_error_class(err) != USM_CLASS_PERM && usm_error_class(err) != USM_CLASS_NOTFOUND)))
            return usm__checked(session, err);
        usm_error_clear(err);
    }
    *found_p = made.id;
    return NULL;
}

static usm_error_t *make_or_find(usm_bwrite_t *result, const char **made_p, usm_turn_t *turn, usm__merge_t *m,
                                 const char *uid)
{
    usm_session_t *session = turn->session;
    const usm_bref_t *ref = NULL;
    usm_bwrite_t there;
    usm_bget_t got;
    USM_ERR(find_made(&ref, made_p, turn, uid));
    if (!*made_p) {
        USM_ERR(usm__checked(session, USM__BVT(session)->add(result, &session->call, &turn->ref, m->mine, uid,
                                                             turn->pool, turn->pool)));
        *made_p = result->id;
        return NULL;
    }
    USM_ERR(usm__read_now(&got, turn, ref, *made_p));
    USM_ERR(usm__merge_write(&there, m, turn, ref, *made_p, &got));
    if (ref == &turn->ref)
        *result = there;
    return NULL;
}

static usm_error_t *make_again(usm_bwrite_t *result, usm_turn_t *turn, usm__merge_t *m, const char *id)
{
    usm_remade_row_t row;
    const char *made = NULL;
    USM_ERR(claim(&row, turn, m->mine, id));
    usm_error_t *err = make_or_find(result, &made, turn, m, row.uid);
    return drop_claim(turn, &row, made, err);
}

usm_error_t *usm__merge_elsewhere(usm_bwrite_t *result, usm__merge_t *m, usm_turn_t *turn, const char *id,
                                  usm_error_t *gone)
{
    const usm_bref_t *ref = NULL;
    usm_bget_t got;
    *result = (usm_bwrite_t){.edge = USM_TIME_NONE};
    if (turn->folder.cls == USM_EMAIL)
        return gone; /* flags of a mail are not worth making it again, and its id means something else elsewhere */
    USM_ERR(find_moved(&ref, &got, turn, id));
    if (ref) {
        usm_bwrite_t there;
        USM_ERR(usm__merge_write(&there, m, turn, ref, id, &got));
        return NULL;
    }
    const char *why = cannot_make(m);
    if (!why) {
        USM_ERR(make_again(result, turn, m, id));
        return NULL;
    }
    usm__conflict_note(turn, &turn->ref, id,
                       &(usm__clash_t){.device_edit = "change", .server_edit = "delete", .winner = "server",
                                       .lost = m->mine, .fields = &m->ours});
    return USM_ERROR(turn->pool, USM_ENOTFOUND, "deleted on the server and not made again: %s", why);
}
