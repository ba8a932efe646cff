/* SPDX-License-Identifier: Apache-2.0 */
/* Contacts, appointments and tasks: change detection and reading. Writing is in ox_pim_write.c. */
#include "ox/ox_pim.h"

#include "ox/ox_attach.h"
#include "ox/ox_cursor.h"
#include "ox/ox_picture.h"
#include "ox/ox_series.h"

#include <apr_strings.h>
#include <string.h>

/* Range of `all` for appointments: wide, but nothing that a server would have to think about. */
#define EVENTS_FROM "-2208988800000" /* 1900-01-01 */
#define EVENTS_TO "4102444800000"    /* 2100-01-01 */

static const char *const module_names[USM_CLASS_COUNT] = {
    [USM_CONTACT] = "contacts", [USM_EVENT] = "calendar", [USM_TASK] = "tasks"};

const char *ox_pim_name(usm_class_e cls)
{
    return module_names[cls];
}

/* ---- what every listing needs to know of an object ---- */

static void plan_state(ox_plan_t *plan, usm_class_e cls)
{
    static const int columns[USM_CLASS_COUNT] = {[USM_CONTACT] = 602, [USM_TASK] = 300};
    ox_plan_init(plan, cls);
    ox_plan_add(plan, 1);
    ox_plan_add(plan, 5);
    ox_plan_add(plan, columns[cls]);
    if (cls == USM_EVENT)
        ox_series_plan(plan);
}

/* A kind devices cannot show: distribution lists. */
static int is_hidden(const ox_plan_t *plan, const ox_json_t *row)
{
    return plan->cls == USM_CONTACT && ox_json_true(ox_plan_cell(plan, row, 602));
}

static int is_done(const ox_plan_t *plan, const ox_json_t *row)
{
    return plan->cls == USM_TASK && ox_json_int(ox_plan_cell(plan, row, 300), 0) == 3;
}

static usm_time_t edge_of(const ox_plan_t *plan, const ox_json_t *row, apr_pool_t *pool)
{
    if (is_done(plan, row))
        return USM_EDGE_DONE;
    return plan->cls == USM_EVENT ? ox_series_edge_of(plan, row, pool) : USM_TIME_NONE;
}

/* ---- changes ---- */

typedef struct feed_t {
    const ox_plan_t *plan;
    const usm_brange_t *range;
    const usm_bsink_t *sink; /* NULL: only look */
    int full, begun;
    ox_gather_t *series; /* appointments */
    ox_recent_t recent;
    apr_pool_t *pool, *iterpool;
} feed_t;

/* An id outside of a row: string, number, or an object that holds it. */
static const char *bare_id(const ox_json_t *row, apr_pool_t *pool)
{
    return ox_json_text(ox_json_is_object(row) ? ox_json_get(row, "id") : row, pool);
}

static usm_error_t *begin_once(feed_t *f)
{
    if (!f->full || f->begun || !f->sink)
        return NULL;
    f->begun = 1;
    return f->sink->begin_full(f->sink->baton);
}

static usm_error_t *on_row(void *baton, const ox_json_t *row)
{
    feed_t *f = baton;
    apr_pool_clear(f->iterpool);
    USM_ERR(begin_once(f));
    if (!ox_json_is_array(row)) {
        const char *gone = bare_id(row, f->iterpool);
        if (!gone)
            return NULL;
        ox_recent_add(&f->recent, gone, -1);
        return f->full || !f->sink ? NULL : f->sink->remove(f->sink->baton, gone);
    }
    const char *id = ox_json_text(ox_plan_cell(f->plan, row, 1), f->iterpool);
    apr_int64_t stamp = ox_json_int(ox_plan_cell(f->plan, row, 5), 0);
    if (!id || !*id)
        return NULL;
    ox_recent_add(&f->recent, id, stamp);
    if (!f->sink || (f->series && ox_gather_row(f->series, f->plan, row)))
        return NULL;
    usm_time_t edge = edge_of(f->plan, row, f->iterpool);
    int outside = f->range->since != USM_TIME_NONE && edge != USM_TIME_NONE && edge < f->range->since;
    int away = is_hidden(f->plan, row);
    if (f->full)
        return away || outside ? NULL : f->sink->upsert(f->sink->baton, id, (apr_uint64_t)stamp, edge, stamp);
    return away ? f->sink->remove(f->sink->baton, id)
                : f->sink->upsert(f->sink->baton, id, (apr_uint64_t)stamp, edge, stamp);
}

static void feed_init(feed_t *f, const ox_plan_t *plan, apr_pool_t *pool)
{
    memset(f, 0, sizeof *f);
    f->plan = plan;
    f->pool = pool;
    apr_pool_create(&f->iterpool, pool);
    ox_recent_init(&f->recent, pool);
}

static const char *updates_path(const feed_t *f, const usm_bref_t *folder, const ox_cursor_t *cursor)
{
    int events = f->plan->cls == USM_EVENT;
    return ox_path(f->pool, ox_pim_name(f->plan->cls), "action", "updates", "folder", folder->id, "columns",
                   ox_plan_text(f->plan, f->pool), "timestamp",
                   apr_psprintf(f->pool, "%" APR_INT64_T_FMT, ox_cursor_since(cursor)), "ignore", "false", "timezone",
                   "UTC", "recurrence_master", events ? "true" : NULL, NULL);
}

static const char *all_path(const feed_t *f, const usm_bref_t *folder)
{
    int events = f->plan->cls == USM_EVENT;
    const char *from = EVENTS_FROM;
    if (f->range->since != USM_TIME_NONE) /* whole days, and one more for zones */
        from = apr_psprintf(f->pool, "%" APR_INT64_T_FMT,
                            (f->range->since / USM_DAY_MS - 1 - (f->range->since < 0)) * USM_DAY_MS);
    return ox_path(f->pool, ox_pim_name(f->plan->cls), "action", "all", "folder", folder->id, "columns",
                   ox_plan_text(f->plan, f->pool), "start", events ? from : NULL, "end", events ? EVENTS_TO : NULL,
                   "timezone", "UTC", "recurrence_master", events ? "true" : NULL, NULL);
}

static usm_error_t *pim_changed(int *changed_p, usm_bcall_t *call, const usm_bref_t *folder, const char *cursor,
                                apr_pool_t *scratch_pool)
{
    ox_cursor_t at;
    ox_plan_t plan;
    ox_answer_t answer;
    feed_t f;
    *changed_p = 1;
    if (!ox_cursor_parse(&at, cursor))
        return NULL;
    ox_plan_init(&plan, folder->cls);
    ox_plan_add(&plan, 1);
    ox_plan_add(&plan, 5);
    feed_init(&f, &plan, scratch_pool);
    USM_ERR(ox_get_rows(&answer, call, updates_path(&f, folder, &at), on_row, &f, scratch_pool));
    *changed_p = ox_recent_is_news(&f.recent, &at, answer.timestamp);
    return NULL;
}

static usm_error_t *pim_changes(const char **cursor_p, usm_bcall_t *call, const usm_bref_t *folder,
                                const usm_brange_t *range, const char *cursor, int force_full, const usm_bsink_t *sink,
                                apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    ox_cursor_t at, next;
    ox_plan_t plan;
    ox_answer_t answer;
    feed_t f;
    int have = ox_cursor_parse(&at, cursor);
    apr_int64_t now = ox_now();
    plan_state(&plan, folder->cls);
    feed_init(&f, &plan, scratch_pool);
    f.range = range;
    f.sink = sink;
    f.full = !have || force_full;
    f.series = folder->cls == USM_EVENT ? ox_gather_create(ox_gather_ask, scratch_pool) : NULL;
    USM_ERR(ox_get_rows(&answer, call, f.full ? all_path(&f, folder) : updates_path(&f, folder, &at), on_row, &f,
                        scratch_pool));
    USM_ERR(begin_once(&f)); /* an empty folder */
    if (f.series && !f.full)
        USM_ERR(ox_gather_complete(f.series, sink, call, folder));
    if (f.series)
        USM_ERR(ox_gather_tell(f.series, sink, f.full, range->since));
    if (f.full)
        USM_ERR(sink->end_full(sink->baton));
    ox_cursor_next(&next, have && !f.full ? &at : NULL, &f.recent, answer.timestamp, now);
    *cursor_p = ox_cursor_text(&next, result_pool);
    return NULL;
}

/* ---- reading ---- */

/* A contact without a name to file it under is filed under its display name. */
static void finish_contact(const ox_reading_t *g, const ox_json_t *row, usm_item_t *item)
{
    if (item->cls != USM_CONTACT || usm_item_state(item, USM_CONTACT_FILE_AS) != USM_EMPTY)
        return;
    const char *name = ox_json_text(ox_plan_cell(g->plan, row, 500), item->pool);
    if (name && *name)
        usm_item_set_text(item, USM_CONTACT_FILE_AS, name);
}

static usm_error_t *read_picture(const ox_reading_t *g, const ox_json_t *row, usm_item_t *item, const char *id)
{
    if (item->cls != USM_CONTACT || !USM_FIELDSET_HAS(&g->fetch->fields, USM_CONTACT_PICTURE))
        return NULL;
    if (ox_json_int(ox_plan_cell(g->plan, row, 597), 0) <= 0) {
        usm_item_set_empty(item, USM_CONTACT_PICTURE);
        return NULL;
    }
    return ox_picture_read(item, g->call, g->folder->id, id,
                           ox_json_text(ox_plan_cell(g->plan, row, 606), g->pool), g->fetch->picture_max, g->pool);
}

static usm_error_t *take_row(const ox_reading_t *g, const ox_json_t *row, int hint)
{
    const char *id = ox_json_text(ox_plan_cell(g->plan, row, 1), g->pool);
    usm_bget_t *get = NULL;
    /* The rows come in the order they were asked for, but for those that are missing. */
    for (int i = 0; id && i < g->count && !get; i++) {
        usm_bget_t *maybe = &g->gets[(i + hint) % g->count];
        if (!maybe->item && strcmp(maybe->id, id) == 0)
            get = maybe;
    }
    if (!get || is_hidden(g->plan, row))
        return NULL;
    usm_item_t *item = usm_item_create(g->folder->cls, g->result_pool);
    ox_read_t r = {.plan = g->plan, .row = row, .item = item, .fetch = g->fetch, .own_id = g->call->login->user_id};
    ox_map_read(&r, &g->fetch->fields);
    finish_contact(g, row, item);
    USM_ERR(read_picture(g, row, item, id));
    if (item->cls == USM_EVENT && USM_FIELDSET_HAS(&g->fetch->fields, USM_EVENT_ATTACHMENTS) &&
        usm_item_state(item, USM_EVENT_ATTACHMENTS) == USM_ABSENT)
        USM_ERR(ox_attach_read(item, g->call, g->folder, id, g->pool));
    get->item = item;
    get->rev = (apr_uint64_t)ox_json_int(ox_plan_cell(g->plan, row, 5), 0);
    get->edge = edge_of(g->plan, row, g->pool);
    if (g->series) {
        ox_series_row_t *s = &g->series[get - g->gets];
        s->changed = ox_json_count(ox_plan_cell(g->plan, row, 210)) > 0 && ox_series_is_master(g->plan, row);
        s->master = ox_series_is_member(g->plan, row) ? ox_json_text(ox_plan_cell(g->plan, row, 206), g->pool) : NULL;
    }
    return NULL;
}

static usm_error_t *take_rows(const ox_reading_t *g, const ox_json_t *rows)
{
    if (!ox_json_is_array(rows)) /* no answer is not "all gone" */
        return USM_ERROR(g->result_pool, USM_EBACKEND, "list without data");
    for (int i = 0; i < ox_json_count(rows); i++) {
        if (ox_json_is_array(ox_json_at(rows, i)))
            USM_ERR(take_row(g, ox_json_at(rows, i), i));
    }
    return NULL;
}

static ox_json_t *id_list(const ox_reading_t *g, int first, int count)
{
    ox_json_t *list = ox_json_array(g->pool);
    for (int i = first; i < first + count; i++) {
        ox_json_t *one = ox_json_object(g->pool);
        ox_json_set_text(one, "folder", g->folder->id);
        ox_json_set_text(one, "id", g->gets[i].id);
        ox_json_add(list, one);
    }
    return list;
}

/* Servers that fail a whole list for one missing object: ask for each by itself, in one call. */
static usm_error_t *get_singly(const ox_reading_t *g)
{
    ox_json_t *requests = ox_json_array(g->pool), *answers;
    for (int i = 0; i < g->count; i++) {
        ox_json_t *request = ox_request(g->pool, ox_pim_name(g->folder->cls), "list", "columns",
                                        ox_plan_text(g->plan, g->pool), "timezone", "UTC", "recurrence_master",
                                        g->folder->cls == USM_EVENT ? "true" : NULL, NULL);
        ox_json_set(request, "data", id_list(g, i, 1));
        ox_json_add(requests, request);
    }
    USM_ERR(ox_multiple(&answers, g->call, requests, g->pool));
    for (int i = 0; i < g->count; i++) {
        const ox_json_t *answer = ox_json_at(answers, i);
        usm_error_t *err = ox_error_of(answer, g->result_pool);
        if (!err)
            err = take_rows(g, ox_json_get(answer, "data"));
        if (!err)
            continue;
        if (usm_error_class(err) == USM_CLASS_NOTFOUND && !usm_error_is(err, USM_EFOLDER_GONE))
            usm_error_clear(err);
        else
            g->gets[i].error = err;
    }
    return NULL;
}

/* Names and addresses of internal users: rows [id, display name, address]. */
usm_error_t *ox_pim_users(ox_json_t **rows_p, usm_bcall_t *call, const apr_array_header_t *ids, apr_pool_t *pool)
{
    ox_answer_t answer;
    ox_json_t *list = ox_json_array(pool);
    *rows_p = NULL;
    for (int i = 0; i < ids->nelts; i++)
        ox_json_add_text(list, apr_itoa(pool, APR_ARRAY_IDX(ids, i, int)));
    if (!ids->nelts)
        return NULL;
    usm_error_t *err =
        ox_put(&answer, call, ox_path(pool, "user", "action", "list", "columns", "1,500,555", NULL), list, pool);
    if (err && (usm_error_class(err) == USM_CLASS_UNAVAILABLE || usm_error_class(err) == USM_CLASS_AUTH))
        return err;
    if (!err)
        *rows_p = answer.data;
    usm_error_clear(err); /* an appointment without some of its attendees' addresses is still one */
    return NULL;
}

typedef void (*item_fn)(void *baton, usm_item_t *item);

static void each_item(const ox_reading_t *g, item_fn fn, void *baton)
{
    for (int i = 0; i < g->count; i++) {
        usm_item_t *item = g->gets[i].item;
        if (!item)
            continue;
        fn(baton, item);
        const usm_exceptions_t *own = item->cls == USM_EVENT && usm_item_isset(item, USM_EVENT_EXCEPTIONS)
                                          ? item->v[USM_EVENT_EXCEPTIONS].u.exceptions
                                          : NULL;
        for (int k = 0; own && k < own->count; k++) {
            if (own->items[k].item) /* made here a moment ago: nobody else has seen it */
                fn(baton, (usm_item_t *)own->items[k].item);
        }
    }
}

static void note_unknown(void *baton, usm_item_t *item)
{
    ox_attendees_unknown(baton, item);
}

static void resolve(void *baton, usm_item_t *item)
{
    ox_attendees_resolve(item, baton);
}

static usm_error_t *resolve_attendees(const ox_reading_t *g)
{
    ox_json_t *users;
    apr_array_header_t *ids = apr_array_make(g->pool, 8, sizeof(int));
    each_item(g, note_unknown, ids);
    USM_ERR(ox_pim_users(&users, g->call, ids, g->pool));
    each_item(g, resolve, users);
    return NULL;
}

usm_error_t *ox_pim_get(usm_bget_t *gets, int count, usm_bcall_t *call, const usm_bref_t *folder,
                        const usm_fetch_t *fetch, apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    ox_plan_t plan;
    ox_answer_t answer;
    ox_reading_t g = {.gets = gets, .count = count, .call = call, .folder = folder, .fetch = fetch, .plan = &plan,
                   .result_pool = result_pool, .pool = scratch_pool};
    if (folder->cls == USM_EVENT)
        g.series = apr_pcalloc(scratch_pool, sizeof(ox_series_row_t) * (apr_size_t)(count + 1));
    plan_state(&plan, folder->cls);
    ox_plan_fields(&plan, &fetch->fields);
    if (folder->cls == USM_CONTACT) {
        ox_plan_add(&plan, 500);
        if (USM_FIELDSET_HAS(&fetch->fields, USM_CONTACT_PICTURE)) {
            ox_plan_add(&plan, 597);
            ox_plan_add(&plan, 606);
        }
    }
    for (int i = 0; i < count; i++) {
        gets[i].item = NULL;
        gets[i].error = NULL;
        gets[i].later = 0;
        gets[i].rev = 0;
        gets[i].edge = USM_TIME_NONE;
    }
    const char *path = ox_path(scratch_pool, ox_pim_name(folder->cls), "action", "list", "columns",
                               ox_plan_text(&plan, scratch_pool), "timezone", "UTC", "recurrence_master",
                               folder->cls == USM_EVENT ? "true" : NULL, NULL);
    usm_error_t *err = ox_put(&answer, call, path, id_list(&g, 0, count), scratch_pool);
    if (err && usm_error_class(err) == USM_CLASS_NOTFOUND && !usm_error_is(err, USM_EFOLDER_GONE)) {
        usm_error_clear(err);
        USM_ERR(count > 1 ? get_singly(&g) : NULL);
    } else {
        USM_ERR(err);
        USM_ERR(take_rows(&g, answer.data));
    }
    USM_ERR(ox_series_read(&g));
    USM_ERR(resolve_attendees(&g));
    ox_series_finish(&g);
    return NULL;
}

const ox_module_t ox_pim_module = {
    .changed = pim_changed,
    .changes = pim_changes,
    .get = ox_pim_get,
    .add = ox_pim_add,
    .find_uid = ox_pim_find_uid,
    .update = ox_pim_update,
    .remove = ox_pim_remove,
    .part = ox_attach_part,
};
