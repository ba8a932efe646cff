/* SPDX-License-Identifier: Apache-2.0 */
/* Moving items between folders. Each move is written down as begun, with the device, before the server is asked, and as
 * done with its new id right after, in the transaction that also tells the device's two collections. */
#include "hint.h"

#include <usm/mail.h>

#define MOVES_KEPT_MS (7 * USM_DAY_MS)
#define MOVES_KEPT 100
#define RUNNING_WAIT_MS 20000
#define TOGETHER 50 /* in one call: what a server can do before the call is over */

/* A folder as the device has it. */
typedef struct place_t {
    usm_folder_row_t folder;
    usm_collection_row_t coll;
    usm_bref_t ref;
    int synced; /* the device has a collection of it */
} place_t;

typedef struct one_t {
    usm_move_t *move;
    const char *id; /* the backend's */
    usm_echo_row_t echo;
    int found, running; /* of `echo`, as it was before */
    int ours;           /* to be moved now */
} one_t;

/* Neighbours with the same two folders. */
typedef struct batch_t {
    usm_session_t *session;
    place_t from, to;
    one_t *ones;
    int count;
    apr_pool_t *result_pool, *pool;
} batch_t;

static void settle(usm_move_t *move, usm_move_e outcome, usm_error_t *err)
{
    move->outcome = outcome;
    move->error = err;
}

static usm_error_t *find_place(int *found_p, place_t *place, usm_session_t *session, const char *folder,
                               apr_pool_t *pool)
{
    usm_txn_t *txn;
    apr_int64_t fid = usm__fid_parse(folder);
    memset(place, 0, sizeof *place);
    *found_p = 0;
    if (!fid)
        return NULL;
    USM_ERR(usm__read(&txn, session, pool));
    USM_ERR(usm__finish(session, txn, USM__VT(session)->collection_get(&place->synced, &place->coll, &place->folder,
                                                                       txn, session->device.id, session->device.user,
                                                                       fid, pool)));
    *found_p = place->folder.fid && !place->folder.gone && place->folder.role != USM_ROLE_OUTBOX;
    if (*found_p)
        usm__folder_ref(&place->ref, &place->folder);
    return NULL;
}

/* ---- what was asked before ---- */

/* Of two requests at once one finds the other: reading and writing down are one transaction. */
static usm_error_t *claim_one(batch_t *b, usm_txn_t *txn, one_t *one)
{
    usm_session_t *session = b->session;
    const char *cid = apr_psprintf(b->pool, "%s>%s", one->move->item, one->move->to);
    usm_time_t now = usm__now();
    one->ours = one->running = 0;
    USM_ERR(USM__VT(session)->echo_get(&one->found, &one->echo, txn, 0, session->device.id, 0, USM_ECHO_MOVE, cid,
                                       b->result_pool));
    if (one->found && one->echo.done)
        return NULL;
    one->running = one->found && !one->echo.code && now - one->echo.at < session->ctx->config.timeout_ms;
    if (one->running)
        return NULL;
    one->ours = 1;
    one->echo = (usm_echo_row_t){.device = session->device.id, .kind = USM_ECHO_MOVE, .cid = cid,
                                 .edge = USM_TIME_NONE, .at = now};
    return USM__VT(session)->echo_put(txn, &one->echo);
}

static usm_error_t *claim(int *running_p, batch_t *b)
{
    usm_txn_t *txn;
    usm_error_t *err = NULL;
    *running_p = 0;
    USM_ERR(usm__write(&txn, b->session, b->pool));
    for (int i = 0; !err && i < b->count; i++) {
        if (!b->ones[i].ours)
            err = claim_one(b, txn, &b->ones[i]);
        *running_p |= b->ones[i].running;
    }
    return usm__finish(b->session, txn, err);
}

/* Has the device been told of the item in the source folder? Of two versions that it may have the older one: it is told
 * once too often rather than never. */
static usm_error_t *source_row(int *found_p, usm_item_row_t *row, batch_t *b, usm_txn_t *txn, const char *id)
{
    const usm_store_vtable_t *vt = USM__VT(b->session);
    const usm_collection_row_t *coll = &b->from.coll;
    *found_p = 0;
    if (!b->from.synced)
        return NULL;
    USM_ERR(vt->item_get(found_p, row, txn, coll->id, coll->prev, id, b->pool));
    return *found_p ? NULL : vt->item_get(found_p, row, txn, coll->id, coll->gen, id, b->pool);
}

static usm_error_t *is_back(int *back_p, batch_t *b, const char *id)
{
    usm_session_t *session = b->session;
    usm_fetch_t fetch = {.text_max = 0};
    usm_bget_t get = {.id = id};
    usm_item_row_t row;
    usm_txn_t *txn;
    USM_ERR(usm__read(&txn, session, b->pool));
    USM_ERR(usm__finish(session, txn, source_row(back_p, &row, b, txn, id)));
    if (*back_p)
        return NULL;
    USM_ERR(usm__checked(session, USM__BVT(session)->get(&get, 1, &session->call, &b->from.ref, &fetch, b->pool,
                                                         b->pool)));
    usm_error_clear(get.error);
    *back_p = get.item != NULL;
    return NULL;
}

/* A mail never comes back to a folder under the id it had there. Of other classes the id stays through all moves: what
 * is in the source folder now, or what the device was told of there, has been moved back since, so that this is a new
 * wish. */
static usm_error_t *reopen_one(batch_t *b, one_t *one)
{
    usm_session_t *session = b->session;
    usm_txn_t *txn;
    int back;
    if (!one->found || !one->echo.done || one->ours || b->from.folder.cls == USM_EMAIL)
        return NULL;
    USM_ERR(is_back(&back, b, one->id));
    if (!back)
        return NULL;
    one->ours = 1;
    one->echo.done = 0;
    one->echo.code = 0;
    one->echo.at = usm__now();
    USM_ERR(usm__write(&txn, session, b->pool));
    return usm__finish(session, txn, USM__VT(session)->echo_put(txn, &one->echo));
}

/* ---- the device's collections ---- */

/* Whatever key the device has of the folder, the newest or the one before: it does not have the item there. The newest
 * answer may have replaced its row, and taking that answer back must not bring the old row to life. */
static usm_error_t *forget(batch_t *b, usm_txn_t *txn, const place_t *place, const char *id)
{
    const usm_store_vtable_t *vt = USM__VT(b->session);
    const usm_collection_row_t *coll = &place->coll;
    USM_ERR(vt->item_kill(txn, coll->id, coll->gen, id, coll->prev));
    return vt->item_kill(txn, coll->id, coll->prev, id, coll->prev);
}

/* The device has seen to this item itself. */
static usm_error_t *leave_source(batch_t *b, usm_txn_t *txn, const one_t *one, usm_item_row_t *had, int *had_p)
{
    USM_ERR(source_row(had_p, had, b, txn, one->id));
    return *had_p ? forget(b, txn, &b->from, one->id) : NULL;
}

/* A collection that has just been started is given out again to who asks for it once more: no longer, now that it has
 * an item. A device that has its key has the one before the newest. */
static usm_error_t *used_now(usm_txn_t *txn, const usm_store_vtable_t *vt, usm_collection_row_t *coll)
{
    int done = 0;
    if (coll->gen > 1)
        return NULL;
    USM_ERR(vt->collection_advance(&done, txn, coll->id, coll->epoch, coll->gen, coll->gen + 1, coll->prev, "",
                                   usm__now()));
    coll->gen += done;
    return NULL;
}

static usm_error_t *enter_target(batch_t *b, usm_txn_t *txn, const usm_bwrite_t *result, const usm_item_row_t *had)
{
    usm_item_row_t row = *had, there;
    int found = 0;
    if (!b->to.synced || had->withheld == USM_ITEM_HELD_BACK)
        return NULL;
    USM_ERR(USM__VT(b->session)->item_get(&found, &there, txn, b->to.coll.id, b->to.coll.gen, result->id, b->pool));
    if (found && there.born <= b->to.coll.prev)
        return NULL;
    if (found)
        row = there; /* told with the newest answer, which may be taken back */
    row.id = result->id;
    row.born = b->to.coll.prev;
    row.died = USM_GEN_INF;
    /* What the device has may be older than what was moved: it is compared field by field when the folder is looked at
     * next. The revision of a mail is made of its flags, which a move keeps. */
    if (!found && b->from.folder.cls != USM_EMAIL)
        row.rev = 0;
    USM_ERR(used_now(txn, USM__VT(b->session), &b->to.coll));
    USM_ERR(forget(b, txn, &b->to, row.id));
    return USM__VT(b->session)->item_add(txn, b->to.coll.id, &row);
}

static usm_error_t *load_again(place_t *place, usm_session_t *session, usm_txn_t *txn, apr_pool_t *pool)
{
    return USM__VT(session)->collection_get(&place->synced, &place->coll, NULL, txn, session->device.id,
                                            session->device.user, place->folder.fid, pool);
}

static usm_error_t *finish_one(batch_t *b, usm_txn_t *txn, one_t *one, const usm_bmove_t *moved)
{
    usm_session_t *session = b->session;
    usm_item_row_t had;
    int known = 0;
    one->echo.code = moved->error ? usm_error_code(moved->error) : 0;
    one->echo.done = !moved->error; /* what was refused changed nothing: who asks again is asking anew */
    if (!moved->error) {
        one->echo.id = moved->result.id;
        one->echo.rev = moved->result.rev;
        one->echo.edge = moved->result.edge;
        USM_ERR(leave_source(b, txn, one, &had, &known));
        if (known && moved->result.id)
            USM_ERR(enter_target(b, txn, &moved->result, &had));
    }
    return USM__VT(session)->echo_put(txn, &one->echo);
}

static usm_error_t *finish(batch_t *b, const usm_bmove_t *moved)
{
    usm_session_t *session = b->session;
    usm_error_t *err;
    usm_txn_t *txn;
    int n = 0;
    USM_ERR(usm__write(&txn, session, b->pool));
    err = load_again(&b->from, session, txn, b->pool);
    if (!err)
        err = load_again(&b->to, session, txn, b->pool);
    for (int i = 0; !err && i < b->count; i++) {
        if (b->ones[i].ours)
            err = finish_one(b, txn, &b->ones[i], &moved[n++]);
    }
    if (!err)
        err = USM__VT(session)->echo_trim_sends(txn, session->device.id, MOVES_KEPT, usm__now() - MOVES_KEPT_MS);
    return usm__finish(session, txn, err);
}

/* ---- moving ---- */

static usm_move_e outcome_of(const usm_error_t *err)
{
    switch (usm_error_class(err)) {
    case USM_CLASS_NOTFOUND:
        return usm_error_is(err, USM_EPARENT) ? USM_MOVE_NO_TARGET : USM_MOVE_NO_SOURCE;
    case USM_CLASS_TEMP:
    case USM_CLASS_CONFLICT:
    case USM_CLASS_UNAVAILABLE:
        return USM_MOVE_LATER;
    default:
        return USM_MOVE_REFUSED;
    }
}

/* Begun once, and nobody knows what became of it: items that keep their id can be looked for. */
static usm_error_t *maybe_there(usm_bmove_t *moved, batch_t *b, const one_t *one)
{
    usm_session_t *session = b->session;
    usm_fetch_t fetch = {.text_max = 0};
    usm_bget_t get = {.id = one->id};
    if (b->from.folder.cls == USM_EMAIL || !moved->error || usm_error_class(moved->error) != USM_CLASS_NOTFOUND)
        return NULL;
    USM_ERR(usm__checked(session, USM__BVT(session)->get(&get, 1, &session->call, &b->to.ref, &fetch, b->pool,
                                                         b->pool)));
    usm_error_clear(get.error);
    if (!get.item)
        return NULL;
    usm_error_clear(moved->error);
    moved->error = NULL;
    moved->result = (usm_bwrite_t){.id = one->id, .edge = get.edge};
    return NULL;
}

static usm_error_t *move_ours(batch_t *b)
{
    usm_session_t *session = b->session;
    usm_bmove_t *moved = apr_pcalloc(b->pool, sizeof *moved * (apr_size_t)b->count);
    int n = 0, k = 0;
    for (int i = 0; i < b->count; i++) {
        if (b->ones[i].ours)
            moved[n++] = (usm_bmove_t){.id = b->ones[i].id, .result.edge = USM_TIME_NONE};
    }
    if (!n)
        return NULL;
    usm_error_t *err = usm__checked(session, USM__BVT(session)->move(moved, n, &session->call, &b->from.ref,
                                                                     &b->to.ref, b->result_pool, b->pool));
    for (int i = 0; i < n && err; i++)
        moved[i].error = err;
    for (int i = 0; !err && i < b->count; i++) {
        if (b->ones[i].ours)
            err = b->ones[i].found ? maybe_there(&moved[k], b, &b->ones[i]) : NULL;
        k += b->ones[i].ours;
    }
    if (!err) {
        usm__hint_own(session, b->from.ref.id, USM_HINT_ITEMS);
        usm__hint_own(session, b->to.ref.id, USM_HINT_ITEMS);
    }
    usm_error_t *stored = finish(b, moved);
    if (err) {
        usm_error_clear(stored);
        return err;
    }
    USM_ERR(stored);
    k = 0;
    for (int i = 0; i < b->count; i++) {
        usm_move_t *m = b->ones[i].move;
        if (!b->ones[i].ours)
            continue;
        const usm_bmove_t *r = &moved[k++];
        settle(m, r->error ? outcome_of(r->error) : USM_MOVE_DONE, r->error);
        if (!r->error && r->result.id)
            m->new_id = usm__sid_make(b->to.folder.fid, r->result.id, b->result_pool);
    }
    return NULL;
}

/* What was done before, as it was told then. */
static void settle_repeats(batch_t *b)
{
    for (int i = 0; i < b->count; i++) {
        one_t *one = &b->ones[i];
        if (one->ours)
            continue;
        if (one->running) {
            settle(one->move, USM_MOVE_LATER,
                   USM_ERROR(b->result_pool, USM_EBUSY, "another request of this device is moving the item"));
        } else {
            settle(one->move, USM_MOVE_DONE, NULL);
            if (one->echo.id)
                one->move->new_id = usm__sid_make(b->to.folder.fid, one->echo.id, b->result_pool);
        }
    }
}

static usm_error_t *run_batch(batch_t *b)
{
    usm_time_t until = usm__now() + RUNNING_WAIT_MS;
    int running;
    for (;;) {
        USM_ERR(claim(&running, b));
        if (!running || usm__now() > until)
            break;
        apr_sleep(50000);
    }
    for (int i = 0; i < b->count; i++)
        USM_ERR(reopen_one(b, &b->ones[i]));
    settle_repeats(b);
    return move_ours(b);
}

/* Moves from @a first on with the same two folders, as many as a call takes. */
static int same_folders(const usm_move_t *moves, int count, int first)
{
    int n = first + 1;
    while (n < count && n - first < TOGETHER && strcmp(moves[n].from, moves[first].from) == 0 &&
           strcmp(moves[n].to, moves[first].to) == 0)
        n++;
    return n - first;
}

static int is_twice(const batch_t *b, const char *item)
{
    for (int i = 0; i < b->count; i++) {
        if (strcmp(b->ones[i].move->item, item) == 0)
            return 1;
    }
    return 0;
}

/* *done_p: how many of @a moves were dealt with. An item that comes a second time is left to the next batch, which
 * finds it moved. */
static usm_error_t *start_batch(int *done_p, usm_session_t *session, usm_move_t *moves, int count,
                                apr_pool_t *result_pool, apr_pool_t *pool)
{
    batch_t b = {.session = session, .result_pool = result_pool, .pool = pool};
    int from, to, i;
    *done_p = count;
    USM_ERR(find_place(&from, &b.from, session, moves[0].from, pool));
    USM_ERR(find_place(&to, &b.to, session, moves[0].to, pool));
    usm_move_e outcome = !from                                       ? USM_MOVE_NO_SOURCE
                         : !to || b.from.folder.cls != b.to.folder.cls ? USM_MOVE_NO_TARGET
                         : b.from.folder.fid == b.to.folder.fid      ? USM_MOVE_SAME
                                                                     : USM_MOVE_DONE;
    b.ones = apr_pcalloc(pool, sizeof *b.ones * (apr_size_t)count);
    for (i = 0; i < count; i++) {
        one_t *one = &b.ones[b.count];
        *one = (one_t){.move = &moves[i]};
        if (outcome == USM_MOVE_DONE && is_twice(&b, moves[i].item))
            break;
        if (from)
            USM_ERR(usm__sid_find(&one->id, session, b.from.folder.fid, b.from.synced ? b.from.coll.id : 0,
                                  b.from.coll.gen, moves[i].item, pool));
        if (outcome != USM_MOVE_DONE || !one->id)
            settle(&moves[i], outcome != USM_MOVE_DONE ? outcome : USM_MOVE_NO_SOURCE,
                   USM_ERROR(result_pool, USM_ENOTFOUND, "an id that fits no item or folder"));
        else
            b.count++;
    }
    *done_p = i;
    return b.count ? run_batch(&b) : NULL;
}

usm_error_t *usm_items_move(usm_session_t *session, usm_move_t *moves, int count, apr_pool_t *pool)
{
    apr_pool_t *iterpool;
    if (session->transient)
        return USM_ERROR(pool, USM_EUNSUPPORTED, "nothing is kept for this device");
    apr_pool_create(&iterpool, pool);
    for (int i = 0, done; i < count; i += done) {
        apr_pool_clear(iterpool);
        for (int k = i; k < count && k < i + TOGETHER; k++)
            moves[k].new_id = NULL;
        USM_ERR(start_batch(&done, session, moves + i, same_folders(moves, count, i), pool, iterpool));
    }
    apr_pool_destroy(iterpool);
    return NULL;
}
