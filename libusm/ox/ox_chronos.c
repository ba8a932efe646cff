/* SPDX-License-Identifier: Apache-2.0 */
/* Module chronos: change detection and reading. Writing is in ox_chronos_write.c. */
#include "ox/ox_chronos.h"

#include "ox/ox_attach.h"
#include "ox/ox_cursor.h"

#include <apr_hash.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>
#include <usm/fields.h>

/* Range of `all`: wide, but nothing that a server would have to think about. */
#define EVENTS_FROM "19000101T000000Z"
#define EVENTS_TO "21000101T000000Z"
#define MEMBERS_MAX 5000 /* changed occurrences of one series that are read */

/* What every listing must know of an event. */
#define STATE_FIELDS "id,seriesId,timestamp,recurrenceId,startDate,endDate,rrule,changeExceptionDates"

const char *ox_chronos_folder(const usm_bref_t *folder, apr_pool_t *pool)
{
    const char *p = folder->id;
    while (apr_isdigit(*p))
        p++;
    return *folder->id && !*p ? apr_pstrcat(pool, "cal://0/", folder->id, NULL) : folder->id;
}

static const char *id_of(const ox_json_t *event, apr_pool_t *pool)
{
    const char *id = ox_json_is_object(event) ? ox_json_get_text(event, "id", pool) : ox_json_text(event, pool);
    return id && *id ? id : NULL;
}

static apr_int64_t stamp_of(const ox_json_t *event)
{
    const ox_json_t *stamp = ox_json_get(event, "timestamp");
    return ox_json_int(stamp ? stamp : ox_json_get(event, "lastModified"), 0);
}

static int is_master(const ox_json_t *event, apr_pool_t *pool)
{
    return ox_json_str(ox_json_get(event, "rrule"), NULL) && !ox_event_master(event, pool);
}

/* When the event leaves a window of time: for a series, the end of its last occurrence. */
static usm_time_t edge_of(const ox_json_t *event, apr_pool_t *pool)
{
    static const int fields[] = {USM_EVENT_TIMEZONE, USM_EVENT_ALL_DAY, USM_EVENT_START, USM_EVENT_END,
                                 USM_EVENT_RECURRENCE};
    usm_fieldset_t set = {{0}};
    ox_event_read_t r = {.event = event, .item = usm_item_create(USM_EVENT, pool)};
    for (apr_size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        USM_FIELDSET_ADD(&set, fields[i]);
    ox_event_read(&r, &set);
    if (usm_series_rule(r.item))
        return usm_series_edge(r.item, pool);
    /* A rule without words here may go on for ever. */
    return is_master(event, pool) ? USM_TIME_NONE : usm_item_num(r.item, USM_EVENT_END, USM_TIME_NONE);
}

/* ---- changes ---- */

typedef struct feed_t {
    const usm_bref_t *folder;
    const usm_brange_t *range;
    const usm_bsink_t *sink; /* NULL: only look */
    int full, begun;
    ox_gather_t *series;
    ox_recent_t recent;
    apr_pool_t *pool, *iterpool;
} feed_t;

static void feed_init(feed_t *f, const usm_bref_t *folder, apr_pool_t *pool)
{
    memset(f, 0, sizeof *f);
    f->folder = folder;
    f->pool = pool;
    apr_pool_create(&f->iterpool, pool);
    ox_recent_init(&f->recent, pool);
}

static usm_error_t *begin_once(feed_t *f)
{
    if (f->begun++ || !f->full)
        return NULL;
    return f->sink->begin_full(f->sink->baton);
}

static usm_error_t *on_event(void *baton, const ox_json_t *event)
{
    feed_t *f = baton;
    apr_pool_clear(f->iterpool);
    const char *id = id_of(event, f->iterpool), *master = ox_event_master(event, f->iterpool);
    apr_int64_t stamp = stamp_of(event);
    if (!id)
        return NULL;
    ox_recent_add(&f->recent, id, stamp);
    if (!f->sink)
        return NULL;
    USM_ERR(begin_once(f));
    usm_time_t edge = edge_of(event, f->iterpool);
    const ox_json_t *days = ox_json_get(event, "changeExceptionDates");
    if (master || is_master(event, f->iterpool)) {
        ox_gathered_t row = {.id = id, .master = master, .stamp = stamp, .edge = edge,
                             .changed = ox_json_count(days) > 0, .days = f->full ? NULL : days};
        ox_gather_add(f->series, &row);
        return NULL;
    }
    if (f->full && f->range->since != USM_TIME_NONE && edge != USM_TIME_NONE && edge < f->range->since)
        return NULL;
    return f->sink->upsert(f->sink->baton, id, (apr_uint64_t)stamp, edge, stamp);
}

/* An occurrence that was taken out may be told by the number of its series, which goes on. */
static usm_error_t *on_deleted(feed_t *f, const ox_json_t *event)
{
    apr_pool_clear(f->iterpool);
    const char *id = id_of(event, f->iterpool), *series = ox_json_get_text(event, "seriesId", f->iterpool);
    if (!id)
        return NULL;
    ox_recent_add(&f->recent, id, -1);
    if (!f->sink || (ox_json_get(event, "recurrenceId") && series && strcmp(series, id) == 0))
        return NULL;
    return f->sink->remove(f->sink->baton, id);
}

static usm_error_t *read_updates(ox_answer_t *answer, feed_t *f, usm_bcall_t *call, const ox_cursor_t *cursor)
{
    const char *since = apr_psprintf(f->pool, "%" APR_INT64_T_FMT, ox_cursor_since(cursor));
    USM_ERR(ox_get(answer, call,
                   ox_path(f->pool, "chronos", "action", "updates", "folder", ox_chronos_folder(f->folder, f->pool),
                           "timestamp", since, "fields", f->sink ? STATE_FIELDS : "id,timestamp", "expand", "false",
                           NULL),
                   f->pool));
    const ox_json_t *changed = ox_json_get(answer->data, "newAndModified");
    const ox_json_t *gone = ox_json_get(answer->data, "deleted");
    if (!ox_json_is_object(answer->data)) /* no answer is not "nothing new" */
        return USM_ERROR(f->pool, USM_EBACKEND, "updates without data");
    for (int i = 0; i < ox_json_count(gone); i++)
        USM_ERR(on_deleted(f, ox_json_at(gone, i)));
    for (int i = 0; i < ox_json_count(changed); i++)
        USM_ERR(on_event(f, ox_json_at(changed, i)));
    return NULL;
}

static const char *all_path(const feed_t *f)
{
    const char *from = EVENTS_FROM;
    if (f->range->since != USM_TIME_NONE) /* one more day for zones */
        from = ox_time_text(usm_date_floor(f->range->since) - USM_DAY_MS, OX_FORM_UTC, f->pool);
    return ox_path(f->pool, "chronos", "action", "all", "folder", ox_chronos_folder(f->folder, f->pool), "rangeStart",
                   from, "rangeEnd", EVENTS_TO, "fields", STATE_FIELDS, "expand", "false", NULL);
}

static usm_error_t *chronos_changed(int *changed_p, usm_bcall_t *call, const usm_bref_t *folder, const char *cursor,
                                    apr_pool_t *scratch_pool)
{
    ox_cursor_t at;
    ox_answer_t answer;
    feed_t f;
    *changed_p = 1;
    if (!ox_cursor_parse(&at, cursor))
        return NULL;
    feed_init(&f, folder, scratch_pool);
    USM_ERR(read_updates(&answer, &f, call, &at));
    *changed_p = ox_recent_is_news(&f.recent, &at, answer.timestamp);
    return NULL;
}

#define ONE_FIELDS "id,timestamp"

static ox_json_t *occurrences(const usm_bref_t *folder, const char *id, const ox_json_t *days, int first, int count,
                              apr_pool_t *pool)
{
    ox_json_t *list = ox_json_array(pool);
    for (int i = first; i < first + count && i < ox_json_count(days) && i < MEMBERS_MAX; i++) {
        ox_json_t *one = ox_json_object(pool);
        ox_json_set_text(one, "id", id);
        ox_json_set_text(one, "folder", ox_chronos_folder(folder, pool));
        ox_json_set_text(one, "recurrenceId", ox_json_text(ox_json_at(days, i), pool));
        ox_json_add(list, one);
    }
    return list;
}

static ox_json_t *ask_members(const usm_bref_t *folder, const char *id, const ox_json_t *days, apr_pool_t *pool)
{
    ox_json_t *request = ox_request(pool, "chronos", "list", "fields", ONE_FIELDS, NULL);
    ox_json_set(request, "data", occurrences(folder, id, days, 0, MEMBERS_MAX, pool));
    return request;
}

static usm_error_t *chronos_changes(const char **cursor_p, usm_bcall_t *call, const usm_bref_t *folder,
                                    const usm_brange_t *range, const char *cursor, int force_full,
                                    const usm_bsink_t *sink, apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    ox_cursor_t at, next;
    ox_answer_t answer;
    feed_t f;
    int have = ox_cursor_parse(&at, cursor);
    apr_int64_t now = ox_now();
    feed_init(&f, folder, scratch_pool);
    f.range = range;
    f.sink = sink;
    f.full = !have || force_full;
    f.series = ox_gather_create(ask_members, scratch_pool);
    if (f.full)
        USM_ERR(ox_get_rows(&answer, call, all_path(&f), on_event, &f, scratch_pool));
    else
        USM_ERR(read_updates(&answer, &f, call, &at));
    USM_ERR(begin_once(&f)); /* an empty folder */
    if (!f.full)
        USM_ERR(ox_gather_complete(f.series, sink, call, folder));
    USM_ERR(ox_gather_tell(f.series, sink, f.full, range->since));
    if (f.full)
        USM_ERR(sink->end_full(sink->baton));
    ox_cursor_next(&next, have && !f.full ? &at : NULL, &f.recent, answer.timestamp, now);
    *cursor_p = ox_cursor_text(&next, result_pool);
    return NULL;
}

/* ---- reading ---- */

/* What one more call must find out of an event of the list. */
typedef struct row_t {
    const char *master;     /* of a changed occurrence */
    const ox_json_t *days;  /* of a series with changed occurrences: which */
    ox_event_times_t times; /* of the series */
} row_t;

typedef struct reading_t {
    usm_bget_t *gets;
    row_t *rows; /* as many */
    int count;
    usm_bcall_t *call;
    const usm_bref_t *folder;
    const usm_fetch_t *fetch;
    const char *fields;
    apr_pool_t *result_pool, *pool;
} reading_t;

static usm_item_t *read_event(const reading_t *g, const ox_json_t *event, ox_event_times_t *times, apr_pool_t *pool)
{
    ox_event_read_t r = {.event = event, .item = usm_item_create(USM_EVENT, pool), .fetch = g->fetch,
                         .own_id = g->call->login->user_id};
    ox_event_read(&r, &g->fetch->fields);
    if (times)
        *times = r.times;
    return r.item;
}

static usm_error_t *take_event(const reading_t *g, const ox_json_t *event, int hint)
{
    const char *id = id_of(event, g->pool);
    usm_bget_t *get = NULL;
    /* They come in the order they were asked for, but for those that are missing. */
    for (int i = 0; id && i < g->count && !get; i++) {
        usm_bget_t *maybe = &g->gets[(i + hint) % g->count];
        if (!maybe->item && strcmp(maybe->id, id) == 0)
            get = maybe;
    }
    if (!get)
        return NULL;
    row_t *row = &g->rows[get - g->gets];
    get->item = read_event(g, event, &row->times, g->result_pool);
    get->rev = (apr_uint64_t)stamp_of(event);
    get->edge = edge_of(event, g->pool);
    row->master = ox_event_master(event, g->pool);
    row->days = is_master(event, g->pool) && ox_json_count(ox_json_get(event, "changeExceptionDates"))
                    ? ox_json_get(event, "changeExceptionDates")
                    : NULL;
    if (USM_FIELDSET_HAS(&g->fetch->fields, USM_EVENT_ATTACHMENTS) &&
        usm_item_state(get->item, USM_EVENT_ATTACHMENTS) == USM_ABSENT)
        return ox_attach_read(get->item, g->call, g->folder, id, g->pool);
    return NULL;
}

static usm_error_t *take_events(const reading_t *g, const ox_json_t *events)
{
    if (!ox_json_is_array(events)) /* no answer is not "all gone" */
        return USM_ERROR(g->result_pool, USM_EBACKEND, "list without data");
    for (int i = 0; i < ox_json_count(events); i++)
        USM_ERR(take_event(g, ox_json_at(events, i), i));
    return NULL;
}

static ox_json_t *id_list(const reading_t *g, int first, int count)
{
    ox_json_t *list = ox_json_array(g->pool);
    for (int i = first; i < first + count; i++) {
        ox_json_t *one = ox_json_object(g->pool);
        ox_json_set_text(one, "id", g->gets[i].id);
        ox_json_set_text(one, "folder", ox_chronos_folder(g->folder, g->pool));
        ox_json_add(list, one);
    }
    return list;
}

static ox_json_t *list_request(const reading_t *g, ox_json_t *ids, const char *fields)
{
    ox_json_t *request = ox_request(g->pool, "chronos", "list", "fields", fields, NULL);
    ox_json_set(request, "data", ids);
    return request;
}

/* Servers that fail a whole list for one missing event: ask for each by itself, in one call. */
static usm_error_t *get_singly(const reading_t *g)
{
    ox_json_t *requests = ox_json_array(g->pool), *answers;
    for (int i = 0; i < g->count; i++)
        ox_json_add(requests, list_request(g, id_list(g, i, 1), g->fields));
    USM_ERR(ox_multiple(&answers, g->call, requests, g->pool));
    for (int i = 0; i < g->count; i++) {
        usm_error_t *err = ox_error_of(ox_json_at(answers, i), g->result_pool);
        if (!err)
            err = take_events(g, ox_json_get(ox_json_at(answers, i), "data"));
        if (err && usm_error_class(err) == USM_CLASS_NOTFOUND && !usm_error_is(err, USM_EFOLDER_GONE))
            usm_error_clear(err);
        else if (err)
            g->gets[i].error = err;
    }
    return NULL;
}

/* ---- series ---- */

static void add_member(const reading_t *g, int at, usm_exceptions_t *list, const ox_json_t *event)
{
    usm_bget_t *get = &g->gets[at];
    apr_pool_t *pool = get->item->pool;
    usm_time_t day =
        ox_recurrence_day(ox_json_str(ox_json_get(event, "recurrenceId"), NULL), &g->rows[at].times.first, pool);
    apr_uint64_t stamp = (apr_uint64_t)stamp_of(event);
    const char *id = id_of(event, pool);
    if (day == USM_TIME_NONE || !id)
        return;
    list->items[list->count++] =
        (usm_exception_t){.day = day, .item = read_event(g, event, NULL, pool),
                          .id = strcmp(id, get->id) != 0 ? id : NULL};
    get->rev = stamp > get->rev ? stamp : get->rev;
}

static void add_members(const reading_t *g, int at, const ox_json_t *events)
{
    usm_item_t *item = g->gets[at].item;
    const usm_exceptions_t *old =
        usm_item_isset(item, USM_EVENT_EXCEPTIONS) ? item->v[USM_EVENT_EXCEPTIONS].u.exceptions : NULL;
    int count = ox_json_count(events) > MEMBERS_MAX ? MEMBERS_MAX : ox_json_count(events), had = old ? old->count : 0;
    usm_exceptions_t *list = apr_pcalloc(item->pool, sizeof *list);
    list->items = apr_pcalloc(item->pool, sizeof(usm_exception_t) * (apr_size_t)(count + had + 1));
    list->count = had;
    if (had)
        memcpy(list->items, old->items, sizeof(usm_exception_t) * (apr_size_t)had);
    for (int i = 0; i < count; i++)
        add_member(g, at, list, ox_json_at(events, i));
    usm_item_set_ptr(item, USM_EVENT_EXCEPTIONS, list->count ? list : NULL);
}

/* One of the occurrences has gone since the series was read: each by itself. */
static usm_error_t *members_singly(const reading_t *g, int at)
{
    ox_json_t *requests = ox_json_array(g->pool), *answers, *events = ox_json_array(g->pool);
    for (int i = 0; i < ox_json_count(g->rows[at].days) && i < MEMBERS_MAX; i++)
        ox_json_add(requests, list_request(g, occurrences(g->folder, g->gets[at].id, g->rows[at].days, i, 1, g->pool),
                                           g->fields));
    USM_ERR(ox_multiple(&answers, g->call, requests, g->pool));
    for (int i = 0; i < ox_json_count(answers); i++) {
        usm_error_t *err = ox_error_of(ox_json_at(answers, i), g->result_pool);
        ox_json_t *event = ox_json_at(ox_json_get(ox_json_at(answers, i), "data"), 0);
        if (err && usm_error_class(err) != USM_CLASS_NOTFOUND)
            return err;
        usm_error_clear(err);
        if (event)
            ox_json_add(events, event);
    }
    add_members(g, at, events);
    return NULL;
}

/* The answer for one row. An error of one series is that series' own. */
static usm_error_t *take_answer(const reading_t *g, int at, const ox_json_t *answer)
{
    usm_bget_t *get = &g->gets[at];
    int member = g->rows[at].master != NULL;
    usm_error_t *err = ox_error_of(answer, g->result_pool);
    const ox_json_t *data = ox_json_get(answer, "data");
    if (err && usm_error_class(err) == USM_CLASS_NOTFOUND) {
        usm_error_clear(err);
        if (member)
            return NULL;
        err = members_singly(g, at);
        data = NULL;
        if (!err)
            return NULL;
    }
    if (err && (usm_error_class(err) == USM_CLASS_UNAVAILABLE || usm_error_class(err) == USM_CLASS_AUTH))
        return err;
    if (err || !ox_json_is_array(data)) {
        get->item = NULL;
        get->error = err ? err : USM_ERROR(g->result_pool, USM_EBACKEND, "the exceptions of a series are not told");
    } else if (member) {
        get->item = ox_json_count(data) ? NULL : get->item; /* part of a series in the same folder */
    } else {
        add_members(g, at, data);
    }
    return NULL;
}

static ox_json_t *ask_more(const reading_t *g, int at)
{
    ox_json_t *list = ox_json_array(g->pool), *one = ox_json_object(g->pool);
    if (!g->rows[at].master)
        return list_request(g, occurrences(g->folder, g->gets[at].id, g->rows[at].days, 0, MEMBERS_MAX, g->pool),
                            g->fields);
    ox_json_set_text(one, "id", g->rows[at].master);
    ox_json_set_text(one, "folder", ox_chronos_folder(g->folder, g->pool));
    ox_json_add(list, one);
    return list_request(g, list, ONE_FIELDS);
}

static usm_error_t *read_series(const reading_t *g)
{
    ox_json_t *requests = ox_json_array(g->pool), *answers;
    apr_array_header_t *asked = apr_array_make(g->pool, 8, sizeof(int));
    for (int i = 0; i < g->count; i++) {
        if (!g->gets[i].item || (!g->rows[i].master && !g->rows[i].days))
            continue;
        ox_json_add(requests, ask_more(g, i));
        APR_ARRAY_PUSH(asked, int) = i;
    }
    if (!asked->nelts)
        return NULL;
    USM_ERR(ox_multiple(&answers, g->call, requests, g->pool));
    for (int i = 0; i < asked->nelts; i++)
        USM_ERR(take_answer(g, APR_ARRAY_IDX(asked, i, int), ox_json_at(answers, i)));
    return NULL;
}

static void finish(const reading_t *g)
{
    for (int i = 0; i < g->count; i++) {
        usm_item_t *item = g->gets[i].item;
        if (!item)
            continue;
        if (!g->rows[i].master && usm_series_rule(item)) {
            usm_series_reduce(item);
            g->gets[i].edge = usm_series_edge(item, g->pool);
        } else { /* an occurrence without its series is an event like any other */
            usm_item_set_empty(item, USM_EVENT_RECURRENCE);
            usm_item_set_empty(item, USM_EVENT_EXCEPTIONS);
        }
    }
}

usm_error_t *ox_chronos_get(usm_bget_t *gets, int count, usm_bcall_t *call, const usm_bref_t *folder,
                            const usm_fetch_t *fetch, apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    ox_answer_t answer;
    reading_t g = {.gets = gets, .count = count, .call = call, .folder = folder, .fetch = fetch,
                   .result_pool = result_pool, .pool = scratch_pool};
    g.rows = apr_pcalloc(scratch_pool, sizeof(row_t) * (apr_size_t)(count + 1));
    g.fields = ox_event_fields(STATE_FIELDS, &fetch->fields, scratch_pool);
    for (int i = 0; i < count; i++)
        gets[i] = (usm_bget_t){.id = gets[i].id, .edge = USM_TIME_NONE};
    const char *path = ox_path(scratch_pool, "chronos", "action", "list", "fields", g.fields, NULL);
    usm_error_t *err = ox_put(&answer, call, path, id_list(&g, 0, count), scratch_pool);
    if (err && usm_error_class(err) == USM_CLASS_NOTFOUND && !usm_error_is(err, USM_EFOLDER_GONE)) {
        usm_error_clear(err);
        USM_ERR(count > 1 ? get_singly(&g) : NULL);
    } else {
        USM_ERR(err);
        USM_ERR(take_events(&g, answer.data));
    }
    USM_ERR(read_series(&g));
    finish(&g);
    return NULL;
}

const ox_module_t ox_chronos_module = {
    .changed = chronos_changed,
    .changes = chronos_changes,
    .get = ox_chronos_get,
    .add = ox_chronos_add,
    .find_uid = ox_chronos_find_uid,
    .update = ox_chronos_update,
    .remove = ox_chronos_remove,
    .part = ox_attach_part,
};
