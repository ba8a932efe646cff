/* SPDX-License-Identifier: Apache-2.0 */
/* Module chronos: writing. */
#include "ox/ox_chronos.h"

#include "ox/ox_attach.h"

#include <apr_strings.h>
#include <string.h>
#include <usm/fields.h>

#define SHORT_TEXT 64 /* characters kept of a value that is too long by the server's judgement */
#define SHORT_NOTE 4000
#define SHORTEN_MAX 8

static const char *stamp_text(apr_int64_t stamp, apr_pool_t *pool)
{
    return apr_psprintf(pool, "%" APR_INT64_T_FMT, stamp);
}

/* A timestamp that no edit stands against. */
static apr_int64_t far_stamp(void)
{
    return ox_now() + USM_DAY_MS;
}

/* ---- values that are too long ---- */

/* The row that an entry of the server's complaint means: a number of the legacy module, or a member's name. */
static const ox_event_row_t *row_named(const ox_json_t *id)
{
    int count;
    const ox_field_t *fields = ox_map_fields(&count, USM_EVENT);
    const char *name = ox_json_has_int(id) ? NULL : ox_json_str(id, NULL);
    for (int i = 0; i < count; i++) {
        const ox_event_row_t *row = ox_event_row(fields[i].field);
        if (row && (name ? strcmp(name, row->key) == 0 : fields[i].column == (int)ox_json_int(id, -1)))
            return row;
    }
    return NULL;
}

/* Shorten what the server complained of. @return how many values were shortened. */
static int shorten(ox_json_t *event, const ox_json_t *envelope, apr_pool_t *pool)
{
    static const char *const keys[] = {"truncated", "problematic"};
    int done = 0;
    for (int k = 0; k < 2; k++) {
        const ox_json_t *list = ox_json_get(envelope, keys[k]);
        for (int i = 0; i < ox_json_count(list); i++) {
            const ox_json_t *entry = ox_json_at(list, i);
            const ox_event_row_t *row = row_named(ox_json_is_object(entry) ? ox_json_get(entry, "id") : entry);
            const char *text = row ? ox_json_str(ox_json_get(event, row->key), NULL) : NULL;
            int max = (int)ox_json_int(ox_json_get(entry, "max_size"), 0);
            if (max <= 0)
                max = row && row->field == USM_EVENT_BODY ? SHORT_NOTE : SHORT_TEXT;
            const char *cut = text ? ox_pim_cut(text, max, pool) : NULL;
            if (!cut || strlen(cut) == strlen(text))
                continue;
            ox_json_set_text(event, row->key, cut);
            done++;
        }
    }
    return done;
}

/* What a writing call gave back: {created, updated, deleted, conflicts}. A resource that is taken is in the way of all
 * of it. */
static usm_error_t *check_conflicts(const ox_answer_t *answer, apr_pool_t *pool)
{
    if (ox_json_count(ox_json_get(answer->data, "conflicts")) > 0)
        return USM_ERROR(pool, USM_EINVALID, "a resource of the event is not free");
    return NULL;
}

/* Write, and again with shorter values when some were too long. */
static usm_error_t *put(ox_answer_t *answer, usm_bcall_t *call, const char *path, ox_json_t *body, ox_json_t *event,
                        apr_pool_t *pool)
{
    for (int round = 0;; round++) {
        usm_error_t *err = ox_put(answer, call, path, body, pool);
        if (!err)
            return check_conflicts(answer, pool);
        if (round >= SHORTEN_MAX || !usm_error_is(err, USM_ETRUNCATED) || shorten(event, answer->root, pool) == 0)
            return err;
        usm_error_clear(err);
    }
}

/* A synchronising client neither asks about overlaps nor makes OX send mail: the device sends its own. */
static usm_error_t *put_update(ox_answer_t *answer, const ox_writing_t *w, const char *id, const char *recurrence_id,
                               const char *stamp)
{
    ox_json_t *body = ox_json_object(w->pool);
    ox_json_set(body, "event", w->object);
    return put(answer, w->call,
               ox_path(w->pool, "chronos", "action", "update", "folder", ox_chronos_folder(w->folder, w->pool), "id",
                       id, "timestamp", stamp, "recurrenceId", recurrence_id, "checkConflicts", "false",
                       "sendInternalNotifications", "false", NULL),
               body, w->object, w->pool);
}

static void encode(const ox_writing_t *w, const usm_fieldset_t *fields, const ox_json_t *current, int both_times)
{
    ox_event_write_t e = {.object = w->object, .item = w->item, .fields = fields, .current = current,
                          .own_id = w->call->login->user_id, .both_times = both_times, .pool = w->pool};
    ox_event_write(&e);
}

/* ---- series: ox_series_write.c says which parts are to be written ---- */

static const char *unfit(const usm_recurrence_t *rule, usm_time_t first)
{
    const char *why = usm_recurrence_check(rule, first);
    return why ? why : rule->regenerate ? "it is reckoned from the day of completion" : NULL;
}

usm_error_t *ox_chronos_current(ox_json_t **event_p, usm_bcall_t *call, const usm_bref_t *folder, const char *id,
                                apr_pool_t *pool)
{
    ox_answer_t answer;
    USM_ERR(ox_get(&answer, call,
                   ox_path(pool, "chronos", "action", "get", "folder", ox_chronos_folder(folder, pool), "id", id, NULL),
                   pool));
    if (!ox_json_is_object(answer.data))
        return USM_ERROR(pool, USM_EBACKEND, "an event without data");
    *event_p = answer.data;
    return NULL;
}

static usm_error_t *write_master(ox_series_write_t *s, const usm_fieldset_t *fields)
{
    ox_answer_t answer;
    encode(s->w, fields, s->master, 0);
    USM_ERR(put_update(&answer, s->w, s->id, NULL, ox_series_stamp_text(s)));
    ox_series_note_stamp(s, &answer);
    return NULL;
}

/* What one element of the answer to `delete` says: an error may be an envelope of its own. */
static usm_error_t *delete_error(const ox_answer_t *answer, apr_pool_t *pool)
{
    for (int i = 0; i < ox_json_count(answer->data); i++) {
        const ox_json_t *one = ox_json_at(answer->data, i), *inner = ox_json_get(one, "error");
        USM_ERR(ox_error_of(ox_json_is_object(inner) ? inner : one, pool));
    }
    return NULL;
}

static usm_error_t *put_delete(ox_answer_t *answer, usm_bcall_t *call, const usm_bref_t *folder, const char *id,
                               const char *recurrence_id, const char *stamp, apr_pool_t *pool)
{
    ox_json_t *body = ox_json_object(pool), *list = ox_json_array(pool), *one = ox_json_object(pool);
    ox_json_set_text(one, "id", id);
    ox_json_set_text(one, "folder", ox_chronos_folder(folder, pool));
    if (recurrence_id)
        ox_json_set_text(one, "recurrenceId", recurrence_id);
    ox_json_add(list, one);
    ox_json_set(body, "events", list);
    USM_ERR(ox_put(answer, call,
                   ox_path(pool, "chronos", "action", "delete", "timestamp", stamp, "sendInternalNotifications",
                           "false", NULL),
                   body, pool));
    return delete_error(answer, pool);
}

static int position_of(const ox_series_write_t *s, usm_time_t day)
{
    return usm_recur_position(usm_series_rule(s->is), usm_series_first(s->is, s->w->pool), day);
}

static usm_error_t *remove_occurrence(ox_series_write_t *s, usm_time_t day)
{
    ox_answer_t answer;
    apr_pool_t *pool = s->w->pool;
    if (!position_of(s, day)) /* there is none: that is what the device wants */
        return NULL;
    USM_ERR(put_delete(&answer, s->w->call, s->w->folder, s->id, ox_event_recurrence_id(s->is, day, pool),
                       ox_series_stamp_text(s), pool));
    ox_series_note_stamp(s, &answer);
    return NULL;
}

/* One that has not been changed yet is named by its series and comes into being with both times. */
static usm_error_t *write_occurrence(ox_series_write_t *s, const usm_exception_t *old, usm_time_t day,
                                     const usm_item_t *want, usm_fieldset_t *fields)
{
    ox_answer_t answer;
    apr_pool_t *pool = s->w->pool;
    ox_json_t *current = (ox_json_t *)s->master;
    int is_new = !old || !old->id;
    ox_writing_t w = {.call = s->w->call, .folder = s->w->folder, .item = want, .object = ox_json_object(pool),
                      .pool = pool};
    if (is_new && !position_of(s, day))
        return USM_ERROR(pool, USM_EINVALID, "there is no such occurrence");
    if (!is_new || !current)
        USM_ERR(ox_chronos_current(&current, w.call, w.folder, is_new ? s->id : old->id, pool));
    if (is_new) {
        USM_FIELDSET_ADD(fields, USM_EVENT_START);
        USM_FIELDSET_ADD(fields, USM_EVENT_END);
    }
    encode(&w, fields, current, is_new);
    USM_ERR(put_update(&answer, &w, is_new ? s->id : old->id,
                       is_new ? ox_event_recurrence_id(s->is, day, pool) : NULL, ox_series_stamp_text(s)));
    ox_series_note_stamp(s, &answer);
    return NULL;
}

static const ox_series_ops_t series_ops = {
    .get = ox_chronos_get,
    .unfit = unfit,
    .write_master = write_master,
    .remove_occurrence = remove_occurrence,
    .write_occurrence = write_occurrence,
};

/* ---- state after a write ---- */

/* Revision and end of an event; those of a series cover its exceptions. Revision 0: it is not there. */
static usm_error_t *read_state(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder, apr_pool_t *pool)
{
    usm_bget_t get = {.id = result->id};
    usm_fetch_t fetch = {.body_forms = 0};
    USM_FIELDSET_ADD(&fetch.fields, USM_EVENT_RECURRENCE);
    USM_FIELDSET_ADD(&fetch.fields, USM_EVENT_EXCEPTIONS);
    USM_ERR(ox_chronos_get(&get, 1, call, folder, &fetch, pool, pool));
    if (get.error)
        return get.error;
    result->rev = get.item ? get.rev : 0;
    result->edge = get.edge;
    return NULL;
}

/* The answer has the event as it is now. */
static usm_error_t *state_after(usm_bwrite_t *result, const ox_writing_t *w, const ox_answer_t *answer,
                                const char *list)
{
    const ox_json_t *event = ox_json_at(ox_json_get(answer->data, list), 0);
    const char *id = ox_json_get_text(event, "id", w->pool);
    apr_int64_t stamp = id && strcmp(id, result->id) == 0 ? ox_json_int(ox_json_get(event, "timestamp"), 0) : 0;
    stamp = answer->timestamp > stamp ? answer->timestamp : stamp;
    result->rev = stamp > 0 ? (apr_uint64_t)stamp : 0;
    if (usm_series_rule(w->item))
        result->edge = usm_series_edge(w->item, w->pool);
    else if (usm_item_isset(w->item, USM_EVENT_END))
        result->edge = usm_item_num(w->item, USM_EVENT_END, 0);
    if (result->rev &&
        (usm_series_rule(w->item) ? usm_item_isset(w->item, USM_EVENT_START) : result->edge != USM_TIME_NONE))
        return NULL;
    usm_error_t *err = read_state(result, w->call, w->folder, w->pool);
    if (err && usm_error_class(err) != USM_CLASS_UNAVAILABLE) {
        usm_error_clear(err); /* it is written: the next detection will tell the rest */
        err = NULL;
    }
    return err;
}

/* ---- add ---- */

/* Times that no zone comes with are in the user's. */
static usm_error_t *fallback_zone(const char **zone_p, usm_bcall_t *call, const usm_item_t *item, apr_pool_t *pool)
{
    usm_userinfo_t info = {.timezone = NULL};
    *zone_p = NULL;
    if (usm_item_num(item, USM_EVENT_ALL_DAY, 0) || usm_item_isset(item, USM_EVENT_TIMEZONE))
        return NULL;
    USM_ERR(ox_userinfo(&info, call, pool));
    *zone_p = info.timezone;
    return NULL;
}

static usm_error_t *encode_new(const ox_writing_t *w, const char *uid)
{
    usm_fieldset_t fields = {{0}};
    ox_event_write_t e = {.object = w->object, .item = w->item, .fields = &fields,
                          .own_id = w->call->login->user_id, .pool = w->pool};
    const char *organizer = usm_item_text(w->item, USM_EVENT_ORGANIZER_EMAIL);
    for (int f = 0; f < usm_class_fields(USM_EVENT); f++) {
        if (usm_item_isset(w->item, f))
            USM_FIELDSET_ADD(&fields, f);
    }
    USM_ERR(fallback_zone(&e.fallback_zone, w->call, w->item, w->pool));
    ox_event_write(&e);
    if (uid || usm_item_text(w->item, USM_EVENT_UID))
        ox_json_set_text(w->object, "uid", uid ? uid : usm_item_text(w->item, USM_EVENT_UID));
    if (organizer) {
        ox_json_t *who = ox_json_object(w->pool);
        ox_json_set_text(who, "uri", apr_pstrcat(w->pool, "mailto:", organizer, NULL));
        ox_json_set_text(who, "email", organizer);
        ox_json_set(w->object, "organizer", who);
    }
    return NULL;
}

/* An event that does not get all of its exceptions or files is not left behind, but for a server that cannot be asked:
 * then the repeat finds it by its uid and completes it. */
static usm_error_t *complete(usm_bwrite_t *result, const ox_writing_t *w, usm_error_t *err)
{
    if (!err)
        return read_state(result, w->call, w->folder, w->pool);
    if (usm_error_class(err) != USM_CLASS_UNAVAILABLE)
        usm_error_clear(ox_chronos_remove(w->call, w->folder, result->id, USM_DELETE_HARD, 0, w->pool));
    return err;
}

static usm_error_t *add_exceptions(usm_bwrite_t *result, ox_writing_t *w, apr_int64_t stamp)
{
    return complete(result, w, ox_series_add(&series_ops, w, result->id, stamp));
}

static usm_error_t *add_files(usm_bwrite_t *result, const ox_writing_t *w)
{
    return complete(result, w, ox_attach_write(w->call, w->folder, result->id,
                                               w->item->v[USM_EVENT_ATTACHMENTS].u.attachments, w->pool));
}

usm_error_t *ox_chronos_add(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder, const usm_item_t *item,
                            const char *uid, apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    ox_answer_t answer;
    ox_writing_t w = {.call = call, .folder = folder, .item = item, .object = ox_json_object(scratch_pool),
                      .pool = scratch_pool};
    USM_ERR(ox_series_check(&series_ops, item, NULL, scratch_pool));
    USM_ERR(encode_new(&w, uid));
    USM_ERR(put(&answer, call,
                ox_path(scratch_pool, "chronos", "action", "new", "folder", ox_chronos_folder(folder, scratch_pool),
                        "checkConflicts", "false", "sendInternalNotifications", "false", NULL),
                w.object, w.object, scratch_pool));
    result->id = ox_json_get_text(ox_json_at(ox_json_get(answer.data, "created"), 0), "id", result_pool);
    if (!result->id)
        return USM_ERROR(result_pool, USM_EBACKEND, "new event without id");
    USM_ERR(state_after(result, &w, &answer, "created"));
    if (usm_item_isset(item, USM_EVENT_ATTACHMENTS))
        USM_ERR(add_files(result, &w));
    return usm_item_isset(item, USM_EVENT_EXCEPTIONS) ? add_exceptions(result, &w, answer.timestamp) : NULL;
}

/* ---- find by uid ---- */

typedef struct search_t {
    const char *uid;
    const char *id;
    apr_pool_t *pool;
} search_t;

static usm_error_t *on_uid(void *baton, const ox_json_t *event)
{
    search_t *s = baton;
    const char *uid = ox_json_str(ox_json_get(event, "uid"), NULL);
    if (!s->id && uid && strcmp(uid, s->uid) == 0 && !ox_event_master(event, s->pool))
        s->id = ox_json_get_text(event, "id", s->pool);
    return NULL;
}

/* The module has no search by uid: the legacy one is asked where it is still there, else the folder is gone through. */
usm_error_t *ox_chronos_find_uid(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder, const char *uid,
                                 apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    ox_answer_t answer;
    search_t s = {.uid = uid, .pool = result_pool};
    int known = 0;
    usm_error_t *err = ox_pim_find_event(&known, &s.id, call, uid, result_pool, scratch_pool);
    if (err && usm_error_class(err) == USM_CLASS_UNAVAILABLE)
        return err;
    usm_error_clear(err);
    if (!known)
        USM_ERR(ox_get_rows(&answer, call,
                            ox_path(scratch_pool, "chronos", "action", "all", "folder",
                                    ox_chronos_folder(folder, scratch_pool), "rangeStart", "19000101T000000Z",
                                    "rangeEnd", "21000101T000000Z", "fields", "id,uid,seriesId", "expand", "false",
                                    NULL),
                            on_uid, &s, scratch_pool));
    result->id = s.id;
    if (!s.id)
        return NULL;
    err = read_state(result, call, folder, scratch_pool);
    if ((err && usm_error_class(err) == USM_CLASS_NOTFOUND) || (!err && result->rev == 0)) {
        usm_error_clear(err); /* of another folder, or gone meanwhile */
        result->id = NULL;
        return NULL;
    }
    return err;
}

/* ---- update ---- */

/* Of somebody else's meeting only the reminder is the user's own. A phone that sends all of it back with that means
 * nothing by the rest; it is told what the rest is. */
static usm_error_t *update_as_guest(usm_bwrite_t *result, const ox_writing_t *w, const char *id,
                                    const usm_fieldset_t *fields, const ox_json_t *current, apr_uint64_t rev)
{
    ox_answer_t answer;
    usm_fieldset_t own = {{0}};
    result->id = id;
    USM_ERR(read_state(result, w->call, w->folder, w->pool));
    if (USM_FIELDSET_HAS(fields, USM_EVENT_REMINDER)) {
        USM_FIELDSET_ADD(&own, USM_EVENT_REMINDER);
        encode(w, &own, current, 0);
        USM_ERR(put_update(&answer, w, id, NULL, stamp_text((apr_int64_t)rev, w->pool)));
    }
    result->rev = 0;
    return NULL;
}

static int is_series(const ox_json_t *event, apr_pool_t *pool)
{
    return ox_json_str(ox_json_get(event, "rrule"), NULL) && !ox_event_master(event, pool);
}

static usm_error_t *update_fields(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder, const char *id,
                                  const usm_item_t *item, const usm_fieldset_t *fields, apr_uint64_t rev,
                                  apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    ox_answer_t answer;
    ox_json_t *current;
    ox_writing_t w = {.call = call, .folder = folder, .item = item, .object = ox_json_object(scratch_pool),
                      .pool = scratch_pool};
    USM_ERR(ox_chronos_current(&current, call, folder, id, scratch_pool));
    if (ox_event_is_guest(current, call->login->user_id, scratch_pool)) {
        USM_ERR(update_as_guest(result, &w, id, fields, current, rev));
        result->id = apr_pstrdup(result_pool, id);
        return NULL;
    }
    if (is_series(current, scratch_pool) || usm_item_isset(item, USM_EVENT_EXCEPTIONS) || usm_series_rule(item))
        return ox_series_update(&series_ops, result, &w, id, fields, current, rev, result_pool);
    encode(&w, fields, current, 0);
    USM_ERR(put_update(&answer, &w, id, NULL, stamp_text((apr_int64_t)rev, scratch_pool)));
    result->id = apr_pstrdup(result_pool, id);
    return state_after(result, &w, &answer, "updated");
}

/* Files are calls of their own, after the rest is written under the guard of its revision. Those of somebody else's
 * meeting stay as they are: the device is told. */
usm_error_t *ox_chronos_update(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder, const char *id,
                               const usm_item_t *item, const usm_fieldset_t *fields, apr_uint64_t rev,
                               apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    usm_fieldset_t rest = *fields;
    ox_json_t *current;
    const usm_value_t *files = &item->v[USM_EVENT_ATTACHMENTS];
    if (!USM_FIELDSET_HAS(fields, USM_EVENT_ATTACHMENTS))
        return update_fields(result, call, folder, id, item, fields, rev, result_pool, scratch_pool);
    USM_FIELDSET_DEL(&rest, USM_EVENT_ATTACHMENTS);
    result->id = apr_pstrdup(result_pool, id);
    if (memcmp(&rest, &(usm_fieldset_t){{0}}, sizeof rest) != 0)
        USM_ERR(update_fields(result, call, folder, id, item, &rest, rev, result_pool, scratch_pool));
    result->rev = 0;
    USM_ERR(ox_chronos_current(&current, call, folder, id, scratch_pool));
    if (ox_event_is_guest(current, call->login->user_id, scratch_pool))
        return NULL;
    return ox_attach_write(call, folder, result->id, files->state == USM_SET ? files->u.attachments : NULL,
                           scratch_pool);
}

/* ---- remove ---- */

usm_error_t *ox_chronos_remove(usm_bcall_t *call, const usm_bref_t *folder, const char *id, usm_delete_e how,
                               apr_uint64_t rev, apr_pool_t *scratch_pool)
{
    ox_answer_t answer;
    apr_int64_t stamp = rev ? (apr_int64_t)rev : far_stamp();
    return put_delete(&answer, call, folder, id, NULL, stamp_text(stamp, scratch_pool), scratch_pool);
}

/* ---- move ---- */

ox_json_t *ox_chronos_move(const char *id, const usm_bref_t *from, const usm_bref_t *to, apr_pool_t *pool)
{
    /* A move stands against no edit: whatever the event has become meanwhile goes to the other folder. */
    return ox_request(pool, "chronos", "move", "folder", ox_chronos_folder(from, pool), "id", id, "timestamp",
                      stamp_text(far_stamp(), pool), "targetFolder", ox_chronos_folder(to, pool), NULL);
}

/* ---- answers to invitations ---- */

/* An occurrence is answered by its series and original start, one that is an event of its own by its id. */
static usm_error_t *find_occurrence(const char **id_p, const char **recurrence_p, usm_bcall_t *call,
                                    const usm_bref_t *folder, usm_time_t day, apr_pool_t *pool)
{
    usm_bget_t get = {.id = *id_p};
    usm_fetch_t fetch = {.body_forms = 0};
    for (int f = 0; f < usm_class_fields(USM_EVENT); f++)
        USM_FIELDSET_ADD(&fetch.fields, f);
    USM_ERR(ox_chronos_get(&get, 1, call, folder, &fetch, pool, pool));
    if (get.error)
        return get.error;
    const usm_recurrence_t *rule = get.item ? usm_series_rule(get.item) : NULL;
    const usm_exception_t *own = rule ? usm_series_exception(get.item, day) : NULL;
    if (!rule || (own ? !own->item : !usm_recur_position(rule, usm_series_first(get.item, pool), day)))
        return USM_ERROR(pool, USM_ENOTFOUND, "there is no such occurrence");
    if (own && own->id)
        *id_p = own->id;
    else
        *recurrence_p = ox_event_recurrence_id(get.item, day, pool);
    return NULL;
}

usm_error_t *ox_chronos_confirm(usm_bcall_t *call, const usm_bref_t *folder, const char *id, usm_time_t day,
                                int status, const char *message, apr_pool_t *scratch_pool)
{
    ox_answer_t answer;
    ox_json_t *body = ox_json_object(scratch_pool), *who = ox_json_object(scratch_pool);
    const char *recurrence_id = NULL;
    if (day != USM_TIME_NONE)
        USM_ERR(find_occurrence(&id, &recurrence_id, call, folder, day, scratch_pool));
    ox_json_set_int(who, "entity", call->login->user_id);
    ox_json_set_text(who, "partStat", ox_event_part_stat(status));
    ox_json_set_text(who, "comment", message ? message : "");
    ox_json_set(body, "attendee", who);
    /* An answer is the user's own: no edit of the meeting stands against it. */
    return ox_put(&answer, call,
                  ox_path(scratch_pool, "chronos", "action", "updateAttendee", "folder",
                          ox_chronos_folder(folder, scratch_pool), "id", id, "timestamp",
                          stamp_text(far_stamp(), scratch_pool), "recurrenceId", recurrence_id, NULL),
                  body, scratch_pool);
}
