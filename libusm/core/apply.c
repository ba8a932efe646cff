/* SPDX-License-Identifier: Apache-2.0 */
/* Changes from the client: each is written down as begun before the groupware server is asked, and as done with its
 * result right after. So a repeat, whether the answer was lost, the process died, or the first request still runs,
 * finds out what became of it and never does it twice. */
#include "core.h"

#include <apr_sha1.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define LEASE_MS 120000
#define LEASE_RENEW_MS 30000
#define LEASE_WAIT_MS 20000
#define MERGE_TRIES 4

/* ---- lease: one request at a time applies client changes to a collection ---- */

static const char *lease_owner(apr_pool_t *pool)
{
    char host[65] = "";
    apr_uint64_t nonce = 0;
    gethostname(host, sizeof host - 1);
    usm__random(&nonce, 6);
    return apr_psprintf(pool, "%.64s/%ld/%" APR_UINT64_T_HEX_FMT, host, (long)getpid(), nonce);
}

/* A process of this host that has died holds nothing. */
static int owner_is_dead(const char *owner, const char *mine)
{
    const char *a = strchr(owner, '/'), *b = strchr(mine, '/');
    if (!a || !b || a - owner != b - mine || strncmp(owner, mine, (size_t)(a - owner)) != 0)
        return 0;
    long pid = strtol(a + 1, NULL, 10);
    return pid > 0 && kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

static usm_error_t *try_lease(int *done_p, usm_turn_t *turn, apr_pool_t *pool)
{
    usm_session_t *session = turn->session;
    usm_collection_row_t coll;
    usm_folder_row_t folder;
    usm_txn_t *txn;
    usm_time_t now = usm__now();
    int found;
    USM_ERR(usm__read(&txn, session, pool));
    USM_ERR(usm__finish(session, txn, USM__VT(session)->collection_get(&found, &coll, &folder, txn, session->device.id,
                                                                       session->device.user, turn->coll.fid, pool)));
    *done_p = 0;
    if (!found || coll.epoch != turn->coll.epoch)
        return USM_ERROR(pool, USM_ESTALE_KEY, "the collection was started over meanwhile");
    turn->overtaken = coll.gen != turn->coll.gen;
    USM_ERR(usm__write(&txn, session, pool));
    usm_error_t *err = NULL;
    if (coll.lease && *coll.lease && owner_is_dead(coll.lease, turn->lease_owner))
        err = USM__VT(session)->collection_unlease(txn, coll.id, coll.lease);
    if (!err)
        err = USM__VT(session)->collection_lease(done_p, txn, coll.id, coll.epoch, turn->lease_owner, now,
                                                 now + LEASE_MS);
    return usm__finish(session, txn, err);
}

static apr_status_t drop_lease(void *data)
{
    usm_turn_t *turn = data;
    usm_session_t *session = turn->session;
    usm_txn_t *txn;
    apr_pool_t *pool;
    if (!turn->leased || apr_pool_create(&pool, NULL))
        return APR_SUCCESS;
    usm_error_t *err = usm__write(&txn, session, pool);
    if (!err)
        err = usm__finish(session, txn, USM__VT(session)->collection_unlease(txn, turn->coll.id, turn->lease_owner));
    usm_error_clear(err); /* the lease runs out by itself */
    apr_pool_destroy(pool);
    return APR_SUCCESS;
}

/* Many changes at a slow server take longer than a lease lasts. */
static usm_error_t *renew_lease(usm_turn_t *turn)
{
    usm_session_t *session = turn->session;
    usm_time_t now = usm__now();
    usm_txn_t *txn;
    int done = 0;
    USM_ERR(usm__write(&txn, session, turn->pool));
    USM_ERR(usm__finish(session, txn, USM__VT(session)->collection_lease(&done, txn, turn->coll.id, turn->coll.epoch,
                                                                         turn->lease_owner, now, now + LEASE_MS)));
    if (!done)
        return USM_ERROR(turn->pool, USM_EBUSY, "another request of this device has taken over");
    turn->lease_renew = now + LEASE_RENEW_MS;
    return NULL;
}

usm_error_t *usm__turn_lease(usm_turn_t *turn)
{
    usm_time_t until = usm__now() + LEASE_WAIT_MS;
    apr_pool_t *iterpool;
    int done = 0;
    if (turn->leased)
        return usm__now() < turn->lease_renew ? NULL : renew_lease(turn);
    turn->lease_owner = lease_owner(turn->pool);
    apr_pool_create(&iterpool, turn->pool);
    for (;;) {
        apr_pool_clear(iterpool);
        USM_ERR(try_lease(&done, turn, iterpool));
        if (done)
            break;
        if (usm__now() > until)
            return USM_ERROR(turn->pool, USM_EBUSY, "another request of this device still applies its changes");
        apr_sleep(50000);
    }
    apr_pool_destroy(iterpool);
    turn->leased = 1;
    turn->lease_renew = usm__now() + LEASE_RENEW_MS;
    apr_pool_pre_cleanup_register(turn->pool, turn, drop_lease);
    /* While waiting, the other request may have finished: look at the key again. */
    return turn->overtaken ? usm__turn_validate(turn) : NULL;
}

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
    usm_session_t *session = turn->session;
    usm_txn_t *txn;
    *found_p = 0;
    USM_ERR(usm__read(&txn, session, turn->pool));
    USM_ERR(usm__finish(session, txn, USM__VT(session)->echo_get(found_p, echo, txn, turn->coll.id, 0, turn->base, kind,
                                                                 cid, turn->pool)));
    if (*found_p && echo->digest != digest)
        *found_p = 0; /* the same id for something else: a new command */
    if (!*found_p)
        *echo = (usm_echo_row_t){.collection = turn->coll.id, .base = turn->base, .kind = kind, .cid = cid,
                                 .digest = digest, .edge = USM_TIME_NONE, .at = usm__now()};
    return NULL;
}

static usm_error_t *put_echo(usm_turn_t *turn, const usm_echo_row_t *echo)
{
    usm_session_t *session = turn->session;
    usm_txn_t *txn;
    USM_ERR(usm__write(&txn, session, turn->pool));
    return usm__finish(session, txn, USM__VT(session)->echo_put(txn, echo));
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
    return put_echo(turn, echo);
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
    /* A retryable error leaves the echo open: the repeat tries again. */
    return echo && !usm_error_retry(err) ? echo_done(turn, echo, NULL, usm_error_code(err)) : NULL;
}

static void touch(usm_turn_t *turn, const char *id, int alive, const usm_item_row_t *row)
{
    usm__touched_t *t = apr_pcalloc(turn->pool, sizeof *t);
    t->id = apr_pstrdup(turn->pool, id);
    t->alive = alive;
    if (row)
        t->row = *row;
    t->row.id = t->id;
    apr_hash_set(turn->touched, t->id, APR_HASH_KEY_STRING, t);
}

static usm_error_t *queue_again(usm_turn_t *turn, const char *id)
{
    usm_session_t *session = turn->session;
    usm_pending_row_t row = {.id = id, .state = USM_PENDING_PRESENT, .edge = USM_TIME_NONE, .ord = APR_INT64_MAX - 1};
    usm_txn_t *txn;
    USM_ERR(usm__write(&txn, session, turn->pool));
    return usm__finish(session, txn, USM__VT(session)->pending_put(txn, turn->coll.id, &row));
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

/* ---- add ---- */

static const char *add_uid(usm_turn_t *turn, const char *client_id)
{
    unsigned char d[APR_SHA1_DIGESTSIZE];
    apr_sha1_ctx_t sha;
    const char *seed =
        apr_psprintf(turn->pool, "%s|%s|%" APR_INT64_T_FMT "|%" APR_INT64_T_FMT "|%" APR_INT64_T_FMT "|%s",
                     turn->session->user, turn->session->device.device_id, turn->folder.fid, turn->coll.epoch,
                     turn->base, client_id);
    apr_sha1_init(&sha);
    apr_sha1_update(&sha, seed, (unsigned)strlen(seed));
    apr_sha1_final(d, &sha);
    d[6] = (unsigned char)((d[6] & 0x0F) | 0x50); /* a name-based UUID (RFC 4122, version 5) */
    d[8] = (unsigned char)((d[8] & 0x3F) | 0x80);
    return apr_psprintf(turn->pool, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", d[0], d[1],
                        d[2], d[3], d[4], d[5], d[6], d[7], d[8], d[9], d[10], d[11], d[12], d[13], d[14], d[15]);
}

static const char *own_uid(const usm_item_t *item)
{
    return item->cls == USM_EVENT ? usm_item_text(item, USM_EVENT_UID) : NULL;
}

static usm_error_t *create(usm_bwrite_t *result, usm_turn_t *turn, const usm_item_t *item, const char *uid, int maybe)
{
    usm_session_t *session = turn->session;
    apr_pool_t *scratch;
    usm_error_t *err = NULL;
    apr_pool_create(&scratch, turn->pool);
    memset(result, 0, sizeof *result);
    /* An event brings its UID: a second add of it means the one that is there. */
    if (maybe || own_uid(item))
        err = USM__BVT(session)->find_uid(result, &session->call, &turn->ref, uid, turn->pool, scratch);
    if (!err && !result->id)
        err = USM__BVT(session)->add(result, &session->call, &turn->ref, item, uid, turn->pool, scratch);
    if (!err)
        apr_pool_destroy(scratch);
    return usm__checked(session, err);
}

static usm_error_t *note_added(usm_outcome_t *out, usm_turn_t *turn, const usm_item_t *item, const usm_echo_row_t *echo)
{
    usm_item_row_t row = {.id = echo->id, .rev = echo->rev, .edge = echo->edge}, has;
    int found = 0;
    usm_item_digests(&row.digests, &row.digests_len, item, turn->pool);
    USM_ERR(usm__device_has(&found, &has, turn, echo->id, turn->pool));
    if (found)
        usm__mutate(turn, USM__KILL, &row); /* the UID was known to the device under another client id */
    usm__mutate(turn, USM__ADD, &row);
    touch(turn, echo->id, 1, &row);
    out->server_id = usm__sid_make(turn->folder.fid, echo->id, turn->pool);
    return NULL;
}

usm_error_t *usm_turn_add(usm_outcome_t *out, usm_turn_t *turn, const char *client_id, const usm_item_t *item)
{
    usm_echo_row_t echo;
    usm_bwrite_t result;
    int found;
    USM_ERR(begin(out, turn));
    if (!client_id || !*client_id || strlen(client_id) > 64) {
        out->error = USM_ERROR(turn->pool, USM_EINVALID, "client id must have 1 to 64 bytes");
        return NULL;
    }
    if (item->cls != turn->folder.cls && turn->folder.fid) {
        out->error = USM_ERROR(turn->pool, USM_EINVALID, "item of another class than its folder");
        return NULL;
    }
    if (turn->folder.role == USM_ROLE_OUTBOX) {
        out->error = USM_ERROR(turn->pool, USM_EUNSUPPORTED, "nothing can be put into this folder");
        return NULL;
    }
    USM_ERR(find_echo(&found, &echo, turn, USM_ECHO_ADD, client_id, item_digest(item, 17)));
    if (!found || !echo.done) {
        if (!found)
            USM_ERR(put_echo(turn, &echo));
        const char *uid = own_uid(item) ? own_uid(item) : add_uid(turn, client_id);
        usm_error_t *err = turn->folder.fid ? create(&result, turn, item, uid, found)
                                            : usm__folder_add(&result, turn, item);
        if (err)
            return refuse(out, turn, &echo, err);
        USM_ERR(echo_done(turn, &echo, &result, 0));
    } else if (echo.code) {
        out->error =
            USM_ERROR(turn->pool, (apr_status_t)echo.code, "%s (repeated)", usm_code_text((apr_status_t)echo.code));
        return NULL;
    }
    return note_added(out, turn, item, &echo);
}

/* ---- change ---- */

/* Which fields does the client change? What it left out and may not keep is deleted. */
static int client_fields(usm_fieldset_t *ours, usm_item_t *item, const usm_turn_t *turn, const usm_item_row_t *has,
                         int partial)
{
    int n = 0;
    memset(ours, 0, sizeof *ours);
    for (int f = 0; f < usm_class_fields(item->cls); f++) {
        const usm_fieldinfo_t *info = usm_field(item->cls, f);
        const usm_fieldset_t *ghosted = turn->params.ghosted;
        apr_uint64_t base = usm_digest_of(has->digests, has->digests_len, f);
        if (info->flags & USM_F_RO)
            continue;
        if (item->v[f].state == USM_ABSENT) {
            if (partial || (info->flags & USM_F_KEEP) || (ghosted && USM_FIELDSET_HAS(ghosted, f)) || !base)
                continue;
            usm_item_set_empty(item, f);
        }
        if (!(info->flags & USM_F_NODIGEST) && usm_value_digest(info->type, &item->v[f]) == base)
            continue;
        USM_FIELDSET_ADD(ours, f);
        n++;
    }
    return n;
}

static void all_fields(usm_fetch_t *fetch, usm_class_e cls)
{
    memset(fetch, 0, sizeof *fetch);
    for (int f = 0; f < usm_class_fields(cls); f++)
        USM_FIELDSET_ADD(&fetch->fields, f);
    if (cls == USM_EMAIL)
        USM_FIELDSET_DEL(&fetch->fields, USM_EMAIL_BODY);
    fetch->body_forms = cls == USM_EMAIL ? 0 : USM_BODY_TEXT;
    fetch->text_max = APR_UINT64_MAX;
}

static usm_error_t *read_now(usm_bget_t *got, usm_turn_t *turn, const char *id)
{
    usm_session_t *session = turn->session;
    usm_fetch_t fetch;
    all_fields(&fetch, turn->folder.cls);
    *got = (usm_bget_t){.id = id};
    USM_ERR(usm__checked(session, USM__BVT(session)->get(got, 1, &session->call, &turn->ref, &fetch, turn->pool,
                                                         turn->pool)));
    return got->error;
}

/* Three-way: drop from `ours` what the server has already; @return 1 when a field differs on both sides. */
static int collide(usm_fieldset_t *ours, int *left_p, const usm_item_t *mine, const usm_item_t *theirs,
                   const usm_item_row_t *has, usm_policy_e policy)
{
    int collisions = 0;
    *left_p = 0;
    for (int f = 0; f < usm_class_fields(mine->cls); f++) {
        const usm_fieldinfo_t *info = usm_field(mine->cls, f);
        if (!USM_FIELDSET_HAS(ours, f))
            continue;
        apr_uint64_t now = usm_value_digest(info->type, &theirs->v[f]);
        if (now == usm_value_digest(info->type, &mine->v[f])) {
            USM_FIELDSET_DEL(ours, f);
            continue;
        }
        if (!(info->flags & USM_F_NODIGEST) && now != usm_digest_of(has->digests, has->digests_len, f)) {
            collisions = 1;
            if (policy == USM_SERVER_WINS) {
                USM_FIELDSET_DEL(ours, f);
                continue;
            }
        }
        (*left_p)++;
    }
    return policy == USM_SERVER_WINS && collisions;
}

/* *conflict_p: server's value won somewhere; *merged_p: the server had changes of its own. */
static usm_error_t *write_merged(usm_bwrite_t *result, int *conflict_p, int *merged_p, usm_turn_t *turn, const char *id,
                                 const usm_item_t *item, usm_fieldset_t *ours, const usm_item_row_t *has)
{
    usm_session_t *session = turn->session;
    apr_uint64_t rev = has->rev;
    int left = 1;
    for (int i = 0; i < MERGE_TRIES; i++) {
        usm_error_t *err =
            USM__BVT(session)->update(result, &session->call, &turn->ref, id, item, ours, rev, turn->pool, turn->pool);
        if (!err || usm_error_class(err) != USM_CLASS_CONFLICT)
            return usm__checked(session, err);
        usm_error_clear(err);
        usm_bget_t got;
        USM_ERR(read_now(&got, turn, id));
        if (!got.item)
            return USM_ERROR(turn->pool, USM_ENOTFOUND, "deleted on the server meanwhile");
        *merged_p = 1;
        *conflict_p |= collide(ours, &left, item, got.item, has, turn->params.conflict);
        rev = got.rev;
        *result = (usm_bwrite_t){.id = id, .rev = got.rev, .edge = got.edge};
        if (!left)
            return NULL;
    }
    return USM_ERROR(turn->pool, USM_EBACKEND, "the item keeps changing on the server");
}

/* Digests of what the device has now: what it had, overlaid with what it sent. */
static void overlay(usm_item_row_t *row, const usm_item_t *item, const usm_item_row_t *has, apr_pool_t *pool)
{
    const unsigned char *mine;
    apr_size_t mine_len;
    usm_item_digests(&mine, &mine_len, item, pool);
    unsigned char *out = apr_palloc(pool, mine_len + has->digests_len + 1);
    apr_size_t n = 0;
    for (apr_size_t i = 0; i + 7 <= has->digests_len; i += 7) {
        if (item->v[has->digests[i]].state == USM_ABSENT) {
            memcpy(out + n, has->digests + i, 7);
            n += 7;
        }
    }
    if (mine_len)
        memcpy(out + n, mine, mine_len);
    row->digests = n + mine_len ? out : NULL;
    row->digests_len = n + mine_len;
}

static usm_error_t *note_changed(usm_turn_t *turn, const char *id, const usm_item_t *item, const usm_item_row_t *has,
                                 apr_uint64_t rev, usm_time_t edge)
{
    usm_item_row_t row = {.id = id, .rev = rev, .edge = edge};
    overlay(&row, item, has, turn->pool);
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

static usm_error_t *apply_change(usm_outcome_t *out, usm_turn_t *turn, const char *id, usm_item_t *item,
                                 const usm_item_row_t *has, usm_echo_row_t *echo, int partial)
{
    usm_fieldset_t ours;
    usm_bwrite_t result = {.id = id, .rev = has->rev, .edge = has->edge};
    int conflict = 0, merged = 0;
    usm_error_t *err = NULL;
    if (turn->folder.fid == 0)
        err = usm__folder_change(&result, turn, id, item);
    else if (client_fields(&ours, item, turn, has, partial))
        err = write_merged(&result, &conflict, &merged, turn, id, item, &ours, has);
    if (err)
        return refuse(out, turn, echo, err);
    if (merged)
        result.rev = 0; /* no revision of the server's: what it has is compared field by field and sent */
    USM_ERR(echo_done(turn, echo, &result, conflict ? USM_ECONFLICT : 0));
    if (conflict)
        out->error = USM_ERROR(turn->pool, USM_ECONFLICT, "changed on both sides; the server's version is kept");
    if (merged)
        USM_ERR(queue_again(turn, id));
    return note_changed(turn, id, item, has, result.rev, result.edge);
}

usm_error_t *usm_turn_change(usm_outcome_t *out, usm_turn_t *turn, const char *server_id, const usm_item_t *sent,
                             int partial)
{
    usm_echo_row_t echo;
    usm_item_row_t has;
    const char *id;
    int found, known = 0;
    USM_ERR(begin(out, turn));
    USM_ERR(usm__sid_parse(&id, turn, server_id));
    if (id)
        USM_ERR(usm__device_has(&known, &has, turn, id, turn->pool));
    if (!known || has.withheld) {
        out->error = USM_ERROR(turn->pool, USM_ENOTFOUND, "the device has no such item");
        return NULL;
    }
    usm_item_t *item = usm_item_copy(sent, turn->pool);
    /* Two changes of one item in a request are two commands. */
    apr_uint64_t digest = item_digest(item, apr_hash_get(turn->touched, id, APR_HASH_KEY_STRING) ? 23 : 19);
    USM_ERR(find_echo(&found, &echo, turn, USM_ECHO_CHANGE, server_id, digest));
    if (!found)
        USM_ERR(put_echo(turn, &echo));
    if (!found || !echo.done)
        return apply_change(out, turn, id, item, &has, &echo, partial);
    if (echo.code && echo.code != USM_ECONFLICT) {
        out->error =
            USM_ERROR(turn->pool, (apr_status_t)echo.code, "%s (repeated)", usm_code_text((apr_status_t)echo.code));
        return NULL;
    }
    if (echo.code)
        out->error = USM_ERROR(turn->pool, USM_ECONFLICT, "changed on both sides (repeated)");
    if (!echo.rev)
        USM_ERR(queue_again(turn, id));
    return note_changed(turn, id, item, &has, echo.rev, echo.edge);
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

static usm_error_t *remove_item(usm_turn_t *turn, const char *id, const usm_item_row_t *has, usm_delete_e how)
{
    usm_session_t *session = turn->session;
    if (turn->folder.fid == 0)
        return usm__folder_delete(turn, id);
    /* A mail's flags do not stand against its deletion; an edited item does, unless the client is to win. */
    apr_uint64_t rev = turn->folder.cls == USM_EMAIL || turn->params.conflict == USM_CLIENT_WINS ? 0 : has->rev;
    usm_error_t *err = USM__BVT(session)->remove(&session->call, &turn->ref, id, how, rev, turn->pool);
    if (err && usm_error_class(err) == USM_CLASS_NOTFOUND) {
        usm_error_clear(err);
        err = NULL;
    }
    return usm__checked(session, err);
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
    if (!known) {
        out->error = USM_ERROR(turn->pool, USM_ENOTFOUND, "the device has no such item");
        return NULL;
    }
    USM_ERR(find_echo(&found, &echo, turn, USM_ECHO_DELETE, server_id, (apr_uint64_t)how + 29));
    if (!found)
        USM_ERR(put_echo(turn, &echo));
    if (!found || !echo.done) {
        usm_error_t *err = remove_item(turn, id, &has, how);
        int kept = err && usm_error_class(err) == USM_CLASS_CONFLICT;
        if (err && !kept) {
            USM_ERR(refuse(out, turn, &echo, err));
            return give_back(turn, id, &has);
        }
        usm_error_clear(err);
        USM_ERR(echo_done(turn, &echo, &(usm_bwrite_t){.id = id, .edge = USM_TIME_NONE}, kept ? USM_ECONFLICT : 0));
    } else if (echo.code && echo.code != USM_ECONFLICT) {
        out->error =
            USM_ERROR(turn->pool, (apr_status_t)echo.code, "%s (repeated)", usm_code_text((apr_status_t)echo.code));
        return give_back(turn, id, &has);
    }
    USM_ERR(note_deleted(turn, id, &has));
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
    if (!known || has.withheld || turn->folder.fid == 0)
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
    *item_p = got.item;
    return NULL;
}
