/* SPDX-License-Identifier: Apache-2.0 */
/* Both sides have edited: what becomes of the losing version, and of a client's change whose item is no longer where
 * it was. What happens for which pair of edits is told by the rows of libusm/tbl/conflicts.h. */
#include "core.h"

#include <apr_sha1.h>

#define TEXT_MAX 16384   /* bytes of a losing version that are kept */
#define VALUE_MAX 4096   /* bytes of one of its values */
#define CONFLICTS_MAX 500 /* of a user */

const char *usm__uid(usm_turn_t *turn, const char *seed)
{
    unsigned char d[APR_SHA1_DIGESTSIZE];
    apr_sha1_ctx_t sha;
    apr_sha1_init(&sha);
    apr_sha1_update(&sha, seed, (unsigned)strlen(seed));
    apr_sha1_final(d, &sha);
    d[6] = (unsigned char)((d[6] & 0x0F) | 0x50); /* a name-based UUID (RFC 4122, version 5) */
    d[8] = (unsigned char)((d[8] & 0x3F) | 0x80);
    return apr_psprintf(turn->pool, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", d[0], d[1],
                        d[2], d[3], d[4], d[5], d[6], d[7], d[8], d[9], d[10], d[11], d[12], d[13], d[14], d[15]);
}

/* ---- the losing version as text ---- */

static const char *attendees_text(const usm_attendees_t *a, apr_pool_t *pool)
{
    apr_array_header_t *parts = apr_array_make(pool, a->count, sizeof(const char *));
    for (int i = 0; i < a->count; i++)
        APR_ARRAY_PUSH(parts, const char *) = a->items[i].email ? a->items[i].email : "?";
    return apr_array_pstrcat(pool, parts, ',');
}

static const char *list_text(const usm_list_t *list, apr_pool_t *pool)
{
    apr_array_header_t *parts = apr_array_make(pool, list->count, sizeof(const char *));
    for (int i = 0; i < list->count; i++)
        APR_ARRAY_PUSH(parts, const char *) = list->items[i];
    return apr_array_pstrcat(pool, parts, ',');
}

static const char *value_text(usm_type_e type, const usm_value_t *v, apr_pool_t *pool)
{
    if (v->state != USM_SET)
        return "";
    switch (usm__type_kind(type)) {
    case USM__KIND_text:
        return v->u.text;
    case USM__KIND_num:
        return apr_psprintf(pool, "%" APR_INT64_T_FMT, v->u.num);
    case USM__KIND_list:
        return list_text(v->u.list, pool);
    case USM__KIND_body:
        if (v->u.body->html.data && !v->u.body->text.data)
            return apr_pstrmemdup(pool, v->u.body->html.data, v->u.body->html.len);
        return v->u.body->text.data ? apr_pstrmemdup(pool, v->u.body->text.data, v->u.body->text.len) : "(not as text)";
    case USM__KIND_blob:
        return apr_psprintf(pool, "(%" APR_SIZE_T_FMT " bytes)", v->u.blob->len);
    case USM__KIND_attendees:
        return attendees_text(v->u.attendees, pool);
    case USM__KIND_flag:
        return apr_psprintf(pool, "%d", v->u.flag->status);
    case USM__KIND_recurrence:
        return apr_psprintf(pool, "kind %d, every %d", (int)v->u.recurrence->freq, (int)v->u.recurrence->interval);
    case USM__KIND_exceptions:
        return apr_psprintf(pool, "(%d)", v->u.exceptions->count);
    default:
        return "(not shown)"; /* addresses and attachments of mails, which nobody can change */
    }
}

/* Cut at a character. */
static const char *cut(const char *text, apr_size_t max, apr_pool_t *pool)
{
    if (strlen(text) <= max)
        return text;
    while (max && ((unsigned char)text[max] & 0xC0) == 0x80)
        max--;
    return apr_pstrcat(pool, apr_pstrmemdup(pool, text, max), "...", NULL);
}

/* "NAME: value" a line for each field of @a fields; *names_p "NAME,NAME". */
static const char *item_text(const char **names_p, const usm_item_t *item, const usm_fieldset_t *fields,
                             apr_pool_t *pool)
{
    apr_array_header_t *lines = apr_array_make(pool, 8, sizeof(const char *));
    apr_array_header_t *names = apr_array_make(pool, 8, sizeof(const char *));
    for (int f = 0; f < usm_class_fields(item->cls); f++) {
        const usm_fieldinfo_t *info = usm_field(item->cls, f);
        if (!USM_FIELDSET_HAS(fields, f))
            continue;
        const char *value = cut(value_text(info->type, &item->v[f], pool), VALUE_MAX, pool);
        APR_ARRAY_PUSH(names, const char *) = info->name;
        APR_ARRAY_PUSH(lines, const char *) = apr_pstrcat(pool, info->name, ": ", value, NULL);
    }
    *names_p = cut(apr_array_pstrcat(pool, names, ','), 1000, pool);
    return cut(apr_array_pstrcat(pool, lines, '\n'), TEXT_MAX, pool);
}

/* ---- the record ---- */

void usm__conflict_note(usm_turn_t *turn, const usm_bref_t *ref, const char *id, const usm__clash_t *clash)
{
    usm_conflict_row_t *row;
    const char *names = "", *lost = clash->lost ? item_text(&names, clash->lost, clash->fields, turn->pool) : "";
    usm_log(turn->session->log, USM_LOG_INFO, 105,
            "conflict: item %s of folder %" APR_INT64_T_FMT ": %s by the device, %s on the server: the %s wins%s%s", id,
            turn->folder.fid, clash->device_edit, clash->server_edit, clash->winner, *names ? ", in " : "", names);
    turn->clash = NULL;
    if (turn->session->ctx->config.conflict_keep == USM_KEEP_OFF)
        return;
    row = apr_pcalloc(turn->pool, sizeof *row);
    *row = (usm_conflict_row_t){.user = turn->session->device.user, .at = usm__now(), .cls = ref->cls,
                                .device = turn->session->device.device_id, .folder = apr_pstrdup(turn->pool, ref->id),
                                .id = apr_pstrdup(turn->pool, id), .device_edit = clash->device_edit,
                                .server_edit = clash->server_edit, .winner = clash->winner, .fields = names,
                                .lost = lost, .copy = turn->copy};
    turn->clash = row;
}

usm_error_t *usm__conflict_write(usm_turn_t *turn, usm_txn_t *txn)
{
    const usm_config_t *config = &turn->session->ctx->config;
    const usm_conflict_row_t *row = turn->clash;
    if (!row)
        return NULL;
    USM_ERR(USM__VT(turn->session)->conflict_add(txn, row));
    return USM__VT(turn->session)->conflict_trim(txn, row->user, CONFLICTS_MAX,
                                                 row->at - config->conflict_days * USM_DAY_MS);
}

/* ---- a copy of the losing version ---- */

/* What carries the mark that says which of the two is the copy; -1: items of the class are not copied. */
static int title_of(const usm_item_t *item)
{
    switch (item->cls) {
    case USM_CONTACT:
        return USM_CONTACT_LAST_NAME;
    case USM_TASK:
        return USM_TASK_SUBJECT;
    case USM_NOTE:
        return USM_NOTE_SUBJECT;
    case USM_EVENT: /* a second meeting would be one more in the calendars of all who take part */
        return usm_item_isset(item, USM_EVENT_ATTENDEES) ? -1 : USM_EVENT_SUBJECT;
    default:
        return -1;
    }
}

/* The whole losing version: the server's, with the client's edits in it when those have lost. */
static usm_item_t *losing_item(const usm__merge_t *m, const usm_item_t *theirs, apr_pool_t *pool)
{
    usm_item_t *item = usm_item_copy(theirs, pool);
    for (int f = 0; f < usm_class_fields(item->cls); f++) {
        unsigned flags = usm_field(item->cls, f)->flags;
        if (m->policy == USM_SERVER_WINS && USM_FIELDSET_HAS(&m->sent, f))
            item->v[f] = m->mine->v[f];
        if ((flags & (USM_F_RO | USM_F_NODIGEST)) || item->v[f].state != USM_SET)
            item->v[f].state = USM_ABSENT;
    }
    if (item->cls == USM_EVENT)
        item->v[USM_EVENT_UID].state = USM_ABSENT;
    return item;
}

static usm_error_t *make_copy(usm_turn_t *turn, const usm__merge_t *m, const usm_bref_t *ref, const usm_item_t *theirs)
{
    usm_session_t *session = turn->session;
    usm_item_t *item = losing_item(m, theirs, turn->pool);
    int title = title_of(item);
    usm_bwrite_t made = {0};
    usm_error_t *err = NULL;
    if (title < 0 || turn->copy)
        return NULL;
    const char *old = usm_item_text(item, title);
    const char *uid = usm__uid(turn, apr_psprintf(turn->pool, "copy|%s|%s|%" APR_INT64_T_FMT "|%" APR_INT64_T_FMT
                                                  "|%" APR_INT64_T_FMT "|%s", session->user,
                                                  session->device.device_id, turn->folder.fid, turn->coll.epoch,
                                                  turn->base, turn->command->cid));
    usm_item_set_text(item, title, old ? apr_pstrcat(turn->pool, old, " (conflict)", NULL) : "(conflict)");
    if (turn->begun_before) /* a process may have died behind the copy */
        err = USM__BVT(session)->find_uid(&made, &session->call, ref, uid, turn->pool, turn->pool);
    if (!err && !made.id)
        err = USM__BVT(session)->add(&made, &session->call, ref, item, uid, turn->pool, turn->pool);
    USM_ERR(usm__checked(session, err));
    turn->copy = made.id;
    return NULL;
}

usm_error_t *usm__conflict_merged(usm_turn_t *turn, const usm__merge_t *m, const usm_bref_t *ref,
                                  const usm_item_t *theirs)
{
    int server = m->policy == USM_SERVER_WINS;
    if (turn->session->ctx->config.conflict_keep == USM_KEEP_COPY) {
        usm_error_t *err = make_copy(turn, m, ref, theirs);
        if (err && (usm_error_class(err) == USM_CLASS_UNAVAILABLE || usm_error_class(err) == USM_CLASS_AUTH))
            return err;
        usm_error_clear(err); /* what cannot be copied stays in the log */
    }
    const char *edit = m->adding ? "add" : "change";
    const usm__clash_t clash = {.device_edit = edit, .server_edit = edit,
                                .winner = server ? "server" : "device", .lost = server ? m->mine : theirs,
                                .fields = &m->lost};
    usm__conflict_note(turn, ref, turn->command->cid, &clash);
    return NULL;
}

/* ---- delete against change ---- */

static int edits_seen(usm_fieldset_t *changed, const usm_turn_t *turn, const usm_item_t *item,
                      const usm_item_row_t *has)
{
    int n = 0;
    usm_digest_diff(changed, item, has->digests, has->digests_len);
    for (int f = 0; f < usm_class_fields(item->cls); f++) {
        if (!USM_FIELDSET_HAS(&turn->params.fetch.fields, f))
            USM_FIELDSET_DEL(changed, f);
        n += USM_FIELDSET_HAS(changed, f) != 0;
    }
    return n;
}

usm_error_t *usm__delete_contested(int *kept_p, usm_turn_t *turn, const char *id, const usm_item_row_t *has,
                                   usm_delete_e how)
{
    usm_session_t *session = turn->session;
    usm_fieldset_t changed;
    *kept_p = 0;
    for (int i = 0; i < 4; i++) {
        usm_bget_t got;
        USM_ERR(usm__read_now(&got, turn, &turn->ref, id));
        if (!got.item)
            return NULL;
        /* A newer revision alone is no edit: something that devices do not see has changed. */
        if (edits_seen(&changed, turn, got.item, has)) {
            int server = turn->params.conflict == USM_SERVER_WINS;
            usm__conflict_note(turn, &turn->ref, id,
                               &(usm__clash_t){.device_edit = "delete", .server_edit = "change",
                                               .winner = server ? "server" : "device", .fields = &changed,
                                               .lost = server ? NULL : got.item});
            *kept_p = server;
            if (server)
                return NULL;
        }
        usm_error_t *err = USM__BVT(session)->remove(&session->call, &turn->ref, id, how, got.rev, turn->pool);
        if (!err || usm_error_class(err) != USM_CLASS_CONFLICT)
            return usm__checked(session, err);
        usm_error_clear(err);
    }
    return USM_ERROR(turn->pool, USM_EBACKEND, "the item keeps changing on the server");
}
