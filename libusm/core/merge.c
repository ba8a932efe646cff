/* SPDX-License-Identifier: Apache-2.0 */
/* Three-way merge of one item, field by field: base is the digests of what the device has, theirs what the server has
 * now, mine what the client sent. Fields of one unit count as one field. See libusm/doc/conflicts.md. */
#include "core.h"

#define MERGE_TRIES 4

/* What the client left out and may not keep is deleted. */
static int client_value(usm__merge_t *m, int f, const usm_turn_t *turn, int partial)
{
    const usm_fieldinfo_t *info = usm_field(m->mine->cls, f);
    const usm_fieldset_t *ghosted = turn->params.ghosted;
    if (info->flags & USM_F_RO)
        return 0;
    if (m->mine->v[f].state != USM_ABSENT)
        return 1;
    if (partial || (info->flags & USM_F_KEEP) || (ghosted && USM_FIELDSET_HAS(ghosted, f)))
        return 0;
    if (usm_digest_of(m->has->digests, m->has->digests_len, f))
        usm_item_set_empty(m->mine, f);
    return 1;
}

int usm__merge_begin(usm__merge_t *m, usm_turn_t *turn, usm_item_t *mine, const usm_item_row_t *has, int partial)
{
    int n = 0;
    *m = (usm__merge_t){.mine = mine, .has = has, .policy = turn->params.conflict, .partial = partial};
    for (int f = 0; f < usm_class_fields(mine->cls); f++) {
        const usm_fieldinfo_t *info = usm_field(mine->cls, f);
        if (!client_value(m, f, turn, partial))
            continue;
        USM_FIELDSET_ADD(&m->sent, f);
        if (mine->v[f].state == USM_ABSENT)
            continue;
        if (!(info->flags & USM_F_NODIGEST) &&
            usm_value_digest(info->type, &mine->v[f]) == usm_digest_of(has->digests, has->digests_len, f))
            continue;
        USM_FIELDSET_ADD(&m->ours, f);
        n++;
    }
    return n;
}

/* The fields that are judged together with @a f, itself included. */
static int same_unit(usm_class_e cls, int f, int other)
{
    unsigned unit = usm_field(cls, f)->flags & USM_F_UNIT_MASK;
    return f == other || (unit && (usm_field(cls, other)->flags & USM_F_UNIT_MASK) == unit);
}

static int server_changed(const usm__merge_t *m, const usm_item_t *theirs, int f)
{
    const usm_fieldinfo_t *info = usm_field(theirs->cls, f);
    return !(info->flags & USM_F_NODIGEST) &&
           usm_value_digest(info->type, &theirs->v[f]) != usm_digest_of(m->has->digests, m->has->digests_len, f);
}

static int differs(const usm__merge_t *m, const usm_item_t *theirs, int f)
{
    return !usm_value_equal(usm_field(theirs->cls, f)->type, &m->mine->v[f], &theirs->v[f]);
}

/* A unit in which both sides have made different edits: all of it is the winner's. */
static void settle_unit(usm__merge_t *m, const usm_item_t *theirs, int first)
{
    usm_class_e cls = theirs->cls;
    for (int f = 0; f < usm_class_fields(cls); f++) {
        if (!same_unit(cls, first, f) || !USM_FIELDSET_HAS(&m->sent, f))
            continue;
        if (differs(m, theirs, f))
            USM_FIELDSET_ADD(&m->lost, f);
        if (m->policy == USM_SERVER_WINS) {
            USM_FIELDSET_DEL(&m->ours, f);
        } else if (differs(m, theirs, f)) {
            if (m->mine->v[f].state == USM_ABSENT)
                usm_item_set_empty(m->mine, f);
            USM_FIELDSET_ADD(&m->ours, f);
        }
    }
    m->collided = 1;
}

/* Has the server edited a unit in which the client wants something else than is there now? */
static int collides(const usm__merge_t *m, const usm_item_t *theirs, int first)
{
    int mine_differ = 0, theirs_changed = 0;
    for (int f = 0; f < usm_class_fields(theirs->cls); f++) {
        if (!same_unit(theirs->cls, first, f))
            continue;
        mine_differ |= USM_FIELDSET_HAS(&m->ours, f) && !(usm_field(theirs->cls, f)->flags & USM_F_NODIGEST) &&
                       differs(m, theirs, f);
        theirs_changed |= server_changed(m, theirs, f);
    }
    return mine_differ && theirs_changed;
}

int usm__merge_with(usm__merge_t *m, const usm_item_t *theirs)
{
    usm_fieldset_t judged;
    int left = 0;
    memset(&judged, 0, sizeof judged);
    for (int f = 0; f < usm_class_fields(theirs->cls); f++) {
        if (USM_FIELDSET_HAS(&judged, f) || !USM_FIELDSET_HAS(&m->ours, f))
            continue;
        for (int k = 0; k < usm_class_fields(theirs->cls); k++) {
            if (same_unit(theirs->cls, f, k))
                USM_FIELDSET_ADD(&judged, k);
        }
        if (collides(m, theirs, f))
            settle_unit(m, theirs, f);
    }
    for (int f = 0; f < usm_class_fields(theirs->cls); f++) {
        if (USM_FIELDSET_HAS(&m->ours, f) && !differs(m, theirs, f))
            USM_FIELDSET_DEL(&m->ours, f);
        left += USM_FIELDSET_HAS(&m->ours, f) != 0;
    }
    return left;
}

/* As the device reads it, so that digests compare; what it does not read itself is read whole. */
usm_error_t *usm__read_now(usm_bget_t *got, usm_turn_t *turn, const usm_bref_t *ref, const char *id)
{
    usm_session_t *session = turn->session;
    usm_fetch_t fetch = turn->params.fetch;
    for (int f = 0; f < usm_class_fields(ref->cls); f++)
        USM_FIELDSET_ADD(&fetch.fields, f);
    if (ref->cls == USM_EMAIL) {
        USM_FIELDSET_DEL(&fetch.fields, USM_EMAIL_BODY);
        fetch.body_forms = 0;
    } else if (!fetch.body_forms || !fetch.text_max) {
        fetch.body_forms = USM_BODY_TEXT;
        fetch.text_max = APR_UINT64_MAX;
    }
    *got = (usm_bget_t){.id = id};
    USM_ERR(usm__checked(session, USM__BVT(session)->get(got, 1, &session->call, ref, &fetch, turn->pool,
                                                         turn->pool)));
    USM_ERR(usm__flags_show(session, ref, got, 1));
    return got->error;
}

usm_error_t *usm__merge_write(usm_bwrite_t *result, usm__merge_t *m, usm_turn_t *turn, const usm_bref_t *ref,
                              const char *id, usm_bget_t *got)
{
    usm_session_t *session = turn->session;
    /* What the device has may be older than the revision that was tried last. */
    usm_bget_t now = {.rev = m->has->withheld ? 0 : m->has->rev};
    for (int i = 0; i < MERGE_TRIES; i++) {
        if (got || i > 0) {
            if (!got)
                USM_ERR(usm__read_now(&now, turn, ref, id));
            else
                now = *got;
            got = NULL;
            if (!now.item)
                return USM_ERROR(turn->pool, USM_ENOTFOUND, "deleted on the server meanwhile");
            m->merged = 1;
            int left = usm__merge_with(m, now.item);
            if (m->collided)
                USM_ERR(usm__conflict_merged(turn, m, ref, now.item));
            *result = (usm_bwrite_t){.id = id, .rev = now.rev, .edge = now.edge};
            if (!left)
                return NULL;
        }
        usm_error_t *err = USM__BVT(session)->update(result, &session->call, ref, id, m->mine, &m->ours, now.rev,
                                                     turn->pool, turn->pool);
        if (!err || usm_error_class(err) != USM_CLASS_CONFLICT)
            return usm__checked(session, err);
        usm_error_clear(err);
    }
    return USM_ERROR(turn->pool, USM_EBACKEND, "the item keeps changing on the server");
}

/* Digests of what the device has now: what it had, overlaid with what it sent. */
void usm__merge_overlay(usm_item_row_t *row, const usm_item_t *item, const usm_item_row_t *has, apr_pool_t *pool)
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
