/* SPDX-License-Identifier: Apache-2.0 */
/* Contacts, appointments and tasks: writing. */
#include "ox/ox_pim.h"

#include "ox/ox_attach.h"
#include "ox/ox_picture.h"
#include "ox/ox_series.h"
#include "util/text.h"

#include <apr_strings.h>
#include <string.h>
#include <usm/recur.h>

#define SHORT_TEXT 64  /* characters kept of a value that is too long by the server's judgement */
#define SHORT_NOTE 4000
#define SHORTEN_MAX 8

/* ---- what an object needs beside its fields ---- */

static void add_word(const char **text, const char *word, apr_pool_t *pool)
{
    if (word && *word)
        *text = *text ? apr_pstrcat(pool, *text, " ", word, NULL) : word;
}

/* OX shows contacts by display name, which devices do not have. */
static const char *display_name(const usm_item_t *item, apr_pool_t *pool)
{
    static const int fallbacks[] = {USM_CONTACT_FILE_AS, USM_CONTACT_COMPANY, USM_CONTACT_NICK_NAME, USM_CONTACT_EMAIL1,
                                    USM_CONTACT_PHONE_MOBILE};
    const char *name = NULL;
    add_word(&name, usm_item_text(item, USM_CONTACT_FIRST_NAME), pool);
    add_word(&name, usm_item_text(item, USM_CONTACT_MIDDLE_NAME), pool);
    add_word(&name, usm_item_text(item, USM_CONTACT_LAST_NAME), pool);
    for (apr_size_t i = 0; !name && i < sizeof fallbacks / sizeof fallbacks[0]; i++)
        add_word(&name, usm_item_text(item, fallbacks[i]), pool);
    return name ? name : "?";
}

/* A synchronising client neither asks about overlaps nor makes OX send mail: the device sends its own. */
static void finish_event(ox_writing_t *w, int is_new)
{
    ox_json_set_bool(w->object, "ignore_conflicts", 1);
    ox_json_set_bool(w->object, "notification", 0);
    if (is_new && !ox_json_get(w->object, "end_date") && ox_json_get(w->object, "start_date"))
        ox_json_set(w->object, "end_date", ox_json_get(w->object, "start_date"));
}

static void finish_task(ox_writing_t *w)
{
    /* A device may say "complete" and leave the day out. */
    if (ox_json_int(ox_json_get(w->object, "status"), 0) == 3 &&
        ox_json_is_null(ox_json_get(w->object, "date_completed")))
        ox_json_set_int(w->object, "date_completed", ox_now());
}

static void finish_contact(ox_writing_t *w, const usm_fieldset_t *fields, int is_new)
{
    if (is_new && !ox_json_str(ox_json_get(w->object, "display_name"), NULL))
        ox_json_set_text(w->object, "display_name", display_name(w->item, w->pool));
    if (USM_FIELDSET_HAS(fields, USM_CONTACT_PICTURE) && usm_item_isset(w->item, USM_CONTACT_PICTURE))
        w->picture = w->item->v[USM_CONTACT_PICTURE].u.blob;
}

void ox_pim_encode(ox_writing_t *w, const usm_fieldset_t *fields, const ox_json_t *current, int is_new)
{
    ox_write_t map = {.object = w->object, .item = w->item, .fields = fields, .current = current,
                      .own_id = w->call->login->user_id, .pool = w->pool};
    ox_map_write(&map);
    if (w->folder->cls == USM_EVENT)
        finish_event(w, is_new);
    else if (w->folder->cls == USM_TASK)
        finish_task(w);
    else
        finish_contact(w, fields, is_new);
}

/* ---- values that are too long ---- */

const char *ox_pim_cut(const char *text, int chars, apr_pool_t *pool)
{
    const unsigned char *p = (const unsigned char *)text;
    while (*p && chars > 0) {
        int len = *p < 0x80 ? 1 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4;
        chars -= len == 4 ? 2 : 1;
        if (chars < 0)
            break;
        for (int i = 0; i < len && *p; i++)
            p++;
    }
    return apr_pstrmemdup(pool, text, (apr_size_t)((const char *)p - text));
}

static int limit_of(const ox_json_t *envelope, int column, int dflt)
{
    const ox_json_t *list = ox_json_get(envelope, "truncated");
    for (int i = 0; i < ox_json_count(list); i++) {
        const ox_json_t *entry = ox_json_at(list, i);
        int max = (int)ox_json_int(ox_json_get(entry, "max_size"), 0);
        if (ox_json_int(ox_json_get(entry, "id"), 0) == column && max > 0)
            return max;
    }
    return dflt;
}

/* Shorten what the server complained of. @return how many values were shortened. */
static int shorten(ox_writing_t *w, const ox_json_t *envelope)
{
    int columns[64], done = 0, rows;
    int count = ox_error_columns(columns, 64, envelope);
    const ox_field_t *fields = ox_map_fields(&rows, w->folder->cls);
    for (int i = 0; i < count; i++) {
        for (int k = 0; k < rows; k++) {
            const char *text = fields[k].column == columns[i]
                                   ? ox_json_str(ox_json_get(w->object, fields[k].key), NULL)
                                   : NULL;
            int max = limit_of(envelope, columns[i], fields[k].type == USM_T_BODY ? SHORT_NOTE : SHORT_TEXT);
            const char *cut = text ? ox_pim_cut(text, max, w->pool) : NULL;
            if (!cut || strlen(cut) == strlen(text))
                continue;
            ox_json_set_text(w->object, fields[k].key, cut);
            done++;
        }
    }
    return done;
}

/* Write, and again with shorter values when some were too long. Some servers name one field at a time. */
usm_error_t *ox_pim_put(ox_answer_t *answer, ox_writing_t *w)
{
    for (int round = 0;; round++) {
        usm_error_t *err = w->picture ? ox_picture_write(answer, w->call, w->path, w->object, w->picture, w->pool)
                                      : ox_put(answer, w->call, w->path, w->object, w->pool);
        if (round >= SHORTEN_MAX || !usm_error_is(err, USM_ETRUNCATED) || shorten(w, answer->root) == 0)
            return err;
        usm_error_clear(err);
    }
}

/* ---- state after a write ---- */

/* Revision and end of an appointment; those of a series cover its exceptions. */
static usm_error_t *read_event_state(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder,
                                     apr_pool_t *pool)
{
    usm_bget_t get = {.id = result->id};
    usm_fetch_t fetch = {.body_forms = 0};
    USM_FIELDSET_ADD(&fetch.fields, USM_EVENT_RECURRENCE);
    USM_FIELDSET_ADD(&fetch.fields, USM_EVENT_EXCEPTIONS);
    USM_ERR(ox_pim_get(&get, 1, call, folder, &fetch, pool, pool));
    if (get.error)
        return get.error;
    result->rev = get.item ? get.rev : 0;
    result->edge = get.edge;
    return NULL;
}

usm_error_t *ox_pim_state(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder, apr_pool_t *pool)
{
    ox_answer_t answer;
    ox_json_t *list = ox_json_array(pool), *one = ox_json_object(pool);
    if (folder->cls == USM_EVENT)
        return read_event_state(result, call, folder, pool);
    ox_json_set_text(one, "folder", folder->id);
    ox_json_set_text(one, "id", result->id);
    ox_json_add(list, one);
    USM_ERR(ox_put(&answer, call,
                   ox_path(pool, ox_pim_name(folder->cls), "action", "list", "columns",
                           folder->cls == USM_TASK ? "1,5,300" : "1,5", "timezone", "UTC", NULL),
                   list, pool));
    const ox_json_t *row = ox_json_at(answer.data, 0);
    result->rev = (apr_uint64_t)ox_json_int(ox_json_at(row, 1), 0);
    if (folder->cls == USM_TASK)
        result->edge = ox_json_int(ox_json_at(row, 2), 0) == 3 ? USM_EDGE_DONE : USM_TIME_NONE;
    return NULL;
}

/* The envelope's timestamp is the object's new one. Only an event whose end we do not know must be read, and a task of
 * which we do not know whether it is done. */
static usm_error_t *state_after(usm_bwrite_t *result, const ox_writing_t *w, const ox_answer_t *answer)
{
    int event = w->folder->cls == USM_EVENT;
    result->rev = answer->timestamp > 0 ? (apr_uint64_t)answer->timestamp : 0;
    if (event && usm_series_rule(w->item))
        result->edge = usm_series_edge(w->item, w->pool);
    else if (event && usm_item_isset(w->item, USM_EVENT_END))
        result->edge = usm_item_num(w->item, USM_EVENT_END, 0);
    if (event && usm_series_rule(w->item) && usm_item_isset(w->item, USM_EVENT_START) && result->rev)
        return NULL;
    int task = w->folder->cls == USM_TASK;
    if (task && usm_item_num(w->item, USM_TASK_STATE, USM_TASK_OPEN) == USM_TASK_DONE)
        result->edge = USM_EDGE_DONE;
    if (result->rev && (!event || result->edge != USM_TIME_NONE) &&
        (!task || usm_item_isset(w->item, USM_TASK_STATE)))
        return NULL;
    usm_error_t *err = ox_pim_state(result, w->call, w->folder, w->pool);
    if (err && usm_error_class(err) != USM_CLASS_UNAVAILABLE) {
        usm_error_clear(err); /* it is written: the next detection will tell the rest */
        err = NULL;
    }
    return err;
}

/* ---- add ---- */

static void set_fields(usm_fieldset_t *fields, const usm_item_t *item)
{
    memset(fields, 0, sizeof *fields);
    for (int f = 0; f < usm_class_fields(item->cls); f++) {
        if (usm_item_isset(item, f))
            USM_FIELDSET_ADD(fields, f);
    }
}

static usm_error_t *check_recurrence(const usm_item_t *item, apr_pool_t *pool)
{
    const usm_recurrence_t *rule;
    if (item->cls == USM_EVENT)
        return ox_series_check(&ox_series_legacy, item, NULL, pool);
    if (item->cls != USM_TASK || !usm_item_isset(item, USM_TASK_RECURRENCE))
        return NULL;
    rule = item->v[USM_TASK_RECURRENCE].u.recurrence;
    usm_time_t due = usm_item_num(item, USM_TASK_DUE, 0);
    const char *why = ox_recurrence_unfit(rule, usm_item_num(item, USM_TASK_START, due));
    return why ? USM_ERROR(pool, USM_EINVALID, "the recurrence cannot be stored: %s", why) : NULL;
}

/* A series that does not get all of its exceptions is not left behind, but for a server that cannot be asked: then the
 * repeat finds it by its uid and completes it. */
static usm_error_t *add_exceptions(usm_bwrite_t *result, ox_writing_t *w, apr_int64_t stamp)
{
    usm_error_t *err = ox_series_add(&ox_series_legacy, w, result->id, stamp);
    if (!err)
        return ox_pim_state(result, w->call, w->folder, w->pool);
    if (usm_error_class(err) != USM_CLASS_UNAVAILABLE)
        usm_error_clear(ox_pim_remove(w->call, w->folder, result->id, USM_DELETE_HARD, 0, w->pool));
    return err;
}

/* Nor is an event that does not get all of its files. */
static usm_error_t *add_files(usm_bwrite_t *result, ox_writing_t *w)
{
    usm_error_t *err = ox_attach_write(w->call, w->folder, result->id, w->item->v[USM_EVENT_ATTACHMENTS].u.attachments,
                                       w->pool);
    if (!err)
        return ox_pim_state(result, w->call, w->folder, w->pool);
    if (usm_error_class(err) != USM_CLASS_UNAVAILABLE)
        usm_error_clear(ox_pim_remove(w->call, w->folder, result->id, USM_DELETE_HARD, 0, w->pool));
    return err;
}

usm_error_t *ox_pim_add(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder, const usm_item_t *item,
                        const char *uid, apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    ox_answer_t answer;
    usm_fieldset_t fields;
    ox_writing_t w = {.call = call, .folder = folder, .item = item, .object = ox_json_object(scratch_pool),
                   .pool = scratch_pool};
    int series = folder->cls == USM_EVENT && usm_item_isset(item, USM_EVENT_EXCEPTIONS);
    w.path = ox_path(scratch_pool, ox_pim_name(folder->cls), "action", "new", "timezone", "UTC", NULL);
    USM_ERR(check_recurrence(item, scratch_pool));
    set_fields(&fields, item);
    ox_pim_encode(&w, &fields, NULL, 1);
    ox_json_set_text(w.object, "folder_id", folder->id);
    if (uid)
        ox_json_set_text(w.object, "uid", uid);
    USM_ERR(ox_pim_put(&answer, &w));
    if (ox_json_get(answer.data, "conflicts"))
        return USM_ERROR(result_pool, USM_EINVALID, "a resource of the appointment is not free");
    result->id = ox_json_get_text(answer.data, "id", result_pool);
    if (!result->id)
        return USM_ERROR(result_pool, USM_EBACKEND, "new object without id");
    USM_ERR(state_after(result, &w, &answer));
    if (folder->cls == USM_EVENT && usm_item_isset(item, USM_EVENT_ATTACHMENTS))
        USM_ERR(add_files(result, &w));
    return series ? add_exceptions(result, &w, answer.timestamp) : NULL;
}

/* ---- find by uid ---- */

typedef struct search_t {
    const char *uid;
    const char *id;
    apr_pool_t *pool;
} search_t;

static usm_error_t *on_uid_row(void *baton, const ox_json_t *row)
{
    search_t *s = baton;
    const char *uid = ox_json_str(ox_json_at(row, 1), NULL);
    if (!s->id && uid && strcmp(uid, s->uid) == 0)
        s->id = ox_json_text(ox_json_at(row, 0), s->pool);
    return NULL;
}

usm_error_t *ox_pim_find_event(int *known_p, const char **id_p, usm_bcall_t *call, const char *uid,
                               apr_pool_t *result_pool, apr_pool_t *pool)
{
    ox_answer_t answer;
    usm_error_t *err = ox_get(&answer, call, ox_path(pool, "calendar", "action", "resolveuid", "uid", uid, NULL), pool);
    if (usm_error_class(err) == USM_CLASS_NOTFOUND && err) {
        usm_error_clear(err);
        *known_p = 1;
        return NULL;
    }
    USM_ERR(err);
    *known_p = 1;
    const char *id = ox_json_get_text(answer.data, "id", result_pool);
    if (id && apr_atoi64(id) > 0)
        *id_p = id;
    return NULL;
}

usm_error_t *ox_pim_find_uid(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder, const char *uid,
                             apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    search_t s = {.uid = uid, .pool = result_pool};
    if (folder->cls == USM_EVENT) {
        USM_ERR(ox_pim_find_event(&(int){0}, &s.id, call, uid, result_pool, scratch_pool));
    } else {
        ox_answer_t answer;
        USM_ERR(ox_get_rows(&answer, call,
                            ox_path(scratch_pool, ox_pim_name(folder->cls), "action", "all", "folder", folder->id,
                                    "columns", "1,223", "timezone", "UTC", NULL),
                            on_uid_row, &s, scratch_pool));
    }
    result->id = s.id;
    if (!s.id)
        return NULL;
    usm_error_t *err = ox_pim_state(result, call, folder, scratch_pool);
    if ((err && usm_error_class(err) == USM_CLASS_NOTFOUND) || (!err && result->rev == 0)) {
        usm_error_clear(err); /* of another folder, or gone meanwhile */
        result->id = NULL;
        return NULL;
    }
    return err;
}

/* ---- update ---- */

/* Give the internal users of an appointment the addresses devices know them by. */
static usm_error_t *add_addresses(ox_json_t *object, usm_bcall_t *call, apr_pool_t *pool)
{
    ox_json_t *users = ox_json_get(object, "users"), *rows;
    apr_array_header_t *ids = apr_array_make(pool, 8, sizeof(int));
    for (int i = 0; i < ox_json_count(users); i++)
        APR_ARRAY_PUSH(ids, int) = (int)ox_json_int(ox_json_get(ox_json_at(users, i), "id"), 0);
    USM_ERR(ox_pim_users(&rows, call, ids, pool));
    for (int i = 0; i < ox_json_count(users); i++) {
        for (int k = 0; k < ox_json_count(rows); k++) {
            const ox_json_t *row = ox_json_at(rows, k);
            if (ox_json_int(ox_json_at(row, 0), -1) == APR_ARRAY_IDX(ids, i, int))
                ox_json_set_text(ox_json_at(users, i), "mail", ox_json_text(ox_json_at(row, 2), pool));
        }
    }
    return NULL;
}

usm_error_t *ox_pim_current(ox_json_t **object_p, usm_bcall_t *call, const usm_bref_t *folder, const char *id,
                            int people, apr_pool_t *pool)
{
    ox_answer_t answer;
    USM_ERR(ox_get(&answer, call,
                   ox_path(pool, ox_pim_name(folder->cls), "action", "get", "id", id, "folder", folder->id, "timezone",
                           "UTC", NULL),
                   pool));
    *object_p = answer.data;
    return people ? add_addresses(answer.data, call, pool) : NULL;
}

/* Only an appointment can be part of a series, and some of its converters must know the object as it is: participants
 * are replaced as a whole, times depend on "all day". A rule has to take away what another kind of rule left. */
static usm_error_t *read_current(ox_json_t **current_p, usm_bcall_t *call, const usm_bref_t *folder, const char *id,
                                 const usm_fieldset_t *fields, apr_pool_t *pool)
{
    int event = folder->cls == USM_EVENT;
    *current_p = NULL;
    if (!event && !(folder->cls == USM_TASK && USM_FIELDSET_HAS(fields, USM_TASK_RECURRENCE)))
        return NULL;
    return ox_pim_current(current_p, call, folder, id, event && USM_FIELDSET_HAS(fields, USM_EVENT_ATTENDEES), pool);
}

/* Is the appointment somebody else's, to which the user was invited? */
static int is_guest(const ox_json_t *current, int own_id)
{
    apr_int64_t organizer = ox_json_int(ox_json_get(current, "organizerId"), 0);
    const char *mail = ox_json_str(ox_json_get(current, "organizer"), NULL);
    const ox_json_t *people = ox_json_get(current, "participants");
    if (organizer > 0)
        return organizer != own_id;
    for (int i = 0; mail && i < ox_json_count(people); i++) { /* an organizer from outside has no id */
        const ox_json_t *one = ox_json_at(people, i);
        const char *other = ox_json_str(ox_json_get(one, "mail"), NULL);
        if (other && strcasecmp(other, mail) == 0 && ox_json_int(ox_json_get(one, "type"), 0) != 1)
            return 1;
    }
    return 0;
}

/* Of somebody else's meeting only what is the user's own is written (a phone that sends all of it back with its
 * reminder means nothing by the rest); the device is told what the rest is. @return whether anything is left. */
static int guests_fields(usm_fieldset_t *left, const usm_fieldset_t *fields)
{
    static const int own[] = {USM_EVENT_REMINDER, USM_EVENT_CATEGORIES};
    int n = 0;
    memset(left, 0, sizeof *left);
    for (int i = 0; i < 2; i++) {
        if (USM_FIELDSET_HAS(fields, own[i])) {
            USM_FIELDSET_ADD(left, own[i]);
            n++;
        }
    }
    return n;
}

static usm_error_t *update_as_guest(usm_bwrite_t *result, ox_writing_t *w, const char *id,
                                    const usm_fieldset_t *fields, const ox_json_t *current, apr_uint64_t rev)
{
    ox_answer_t answer;
    usm_fieldset_t left;
    result->id = id;
    USM_ERR(ox_pim_state(result, w->call, w->folder, w->pool));
    if (guests_fields(&left, fields)) {
        ox_pim_encode(w, &left, current, 0);
        w->path = ox_path(w->pool, "calendar", "action", "update", "folder", w->folder->id, "id", id, "timestamp",
                          apr_psprintf(w->pool, "%" APR_UINT64_T_FMT, rev), "timezone", "UTC", NULL);
        USM_ERR(ox_pim_put(&answer, w));
    }
    result->rev = 0;
    return NULL;
}

/* A changed occurrence that the user was invited to alone has a series somewhere, but is none. */
static int is_series(const ox_json_t *current)
{
    apr_int64_t series = ox_json_int(ox_json_get(current, "recurrence_id"), 0);
    return ox_json_int(ox_json_get(current, "recurrence_type"), 0) != 0 &&
           (series == 0 || series == ox_json_int(ox_json_get(current, "id"), 0));
}

static usm_error_t *update_fields(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder, const char *id,
                                  const usm_item_t *item, const usm_fieldset_t *fields, apr_uint64_t rev,
                                  apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    ox_answer_t answer;
    ox_json_t *current;
    ox_writing_t w = {.call = call, .folder = folder, .item = item, .object = ox_json_object(scratch_pool),
                      .pool = scratch_pool};
    USM_ERR(read_current(&current, call, folder, id, fields, scratch_pool));
    if (folder->cls == USM_EVENT && is_guest(current, call->login->user_id)) {
        USM_ERR(update_as_guest(result, &w, id, fields, current, rev));
        result->id = apr_pstrdup(result_pool, id);
        return NULL;
    }
    if (folder->cls == USM_EVENT &&
        (is_series(current) || usm_item_isset(item, USM_EVENT_EXCEPTIONS) || usm_series_rule(item)))
        return ox_series_update(&ox_series_legacy, result, &w, id, fields, current, rev, result_pool);
    USM_ERR(check_recurrence(item, scratch_pool));
    ox_pim_encode(&w, fields, current, 0);
    w.path = ox_path(scratch_pool, ox_pim_name(folder->cls), "action", "update", "folder", folder->id, "id", id,
                     "timestamp", apr_psprintf(scratch_pool, "%" APR_UINT64_T_FMT, rev), "timezone", "UTC", NULL);
    USM_ERR(ox_pim_put(&answer, &w));
    if (ox_json_get(answer.data, "conflicts"))
        return USM_ERROR(result_pool, USM_EINVALID, "a resource of the appointment is not free");
    result->id = ox_json_get_text(answer.data, "id", result_pool);
    if (!result->id)
        result->id = apr_pstrdup(result_pool, id);
    USM_ERR(state_after(result, &w, &answer));
    if (folder->cls == USM_TASK && usm_item_isset(item, USM_TASK_RECURRENCE) &&
        usm_item_num(item, USM_TASK_STATE, USM_TASK_OPEN) == USM_TASK_DONE)
        result->rev = 0; /* OX makes the next task and may take the rule from this one: it is looked at again */
    return NULL;
}

static int is_empty(const usm_fieldset_t *set)
{
    for (apr_size_t i = 0; i < sizeof set->bits / sizeof set->bits[0]; i++) {
        if (set->bits[i])
            return 0;
    }
    return 1;
}

/* Files are calls of their own, after the rest is written under the guard of its revision. Those of somebody else's
 * meeting stay as they are: the device is told. */
usm_error_t *ox_pim_update(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder, const char *id,
                           const usm_item_t *item, const usm_fieldset_t *fields, apr_uint64_t rev,
                           apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    usm_fieldset_t rest = *fields;
    ox_json_t *current;
    if (folder->cls != USM_EVENT || !USM_FIELDSET_HAS(fields, USM_EVENT_ATTACHMENTS))
        return update_fields(result, call, folder, id, item, fields, rev, result_pool, scratch_pool);
    USM_FIELDSET_DEL(&rest, USM_EVENT_ATTACHMENTS);
    result->id = apr_pstrdup(result_pool, id);
    if (!is_empty(&rest))
        USM_ERR(update_fields(result, call, folder, id, item, &rest, rev, result_pool, scratch_pool));
    result->rev = 0;
    USM_ERR(ox_pim_current(&current, call, folder, id, 0, scratch_pool));
    if (is_guest(current, call->login->user_id))
        return NULL;
    return ox_attach_write(call, folder, result->id,
                           usm_item_isset(item, USM_EVENT_ATTACHMENTS)
                               ? item->v[USM_EVENT_ATTACHMENTS].u.attachments
                               : NULL,
                           scratch_pool);
}

/* ---- remove ---- */

usm_error_t *ox_pim_remove(usm_bcall_t *call, const usm_bref_t *folder, const char *id, usm_delete_e how,
                           apr_uint64_t rev, apr_pool_t *scratch_pool)
{
    ox_answer_t answer;
    ox_json_t *list = ox_json_array(scratch_pool), *one = ox_json_object(scratch_pool);
    apr_int64_t stamp = rev ? (apr_int64_t)rev : ox_now() + USM_DAY_MS;
    ox_json_set_text(one, "folder", folder->id);
    ox_json_set_text(one, "id", id);
    ox_json_add(list, one);
    USM_ERR(ox_put(&answer, call,
                   ox_path(scratch_pool, ox_pim_name(folder->cls), "action", "delete", "timestamp",
                           apr_psprintf(scratch_pool, "%" APR_INT64_T_FMT, stamp), "timezone", "UTC", NULL),
                   list, scratch_pool));
    /* What comes back was not deleted because it is newer. */
    if (ox_json_count(answer.data) > 0)
        return USM_ERROR(scratch_pool, USM_ECONFLICT, "object %.60s has been changed meanwhile", id);
    return NULL;
}
