/* SPDX-License-Identifier: Apache-2.0 */
/* Series of appointments: listing and reading. Writing is in ox_series_write.c. */
#include "ox/ox_series.h"

#include <apr_hash.h>
#include <apr_strings.h>
#include <string.h>
#include <usm/recur.h>

#define MEMBERS_MAX 5000 /* changed occurrences of one series that are read */

void ox_series_plan(ox_plan_t *plan)
{
    static const int columns[] = {202, 206, 208, 209, 210, 401};
    usm_fieldset_t fields = {{0}};
    for (apr_size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
        ox_plan_add(plan, columns[i]);
    USM_FIELDSET_ADD(&fields, USM_EVENT_RECURRENCE);
    ox_plan_fields(plan, &fields);
}

static const char *master_of(const ox_plan_t *plan, const ox_json_t *row, apr_pool_t *pool)
{
    const char *id = ox_json_text(ox_plan_cell(plan, row, 206), pool);
    return id && strcmp(id, "0") != 0 ? id : NULL;
}

int ox_series_is_member(const ox_plan_t *plan, const ox_json_t *row)
{
    apr_int64_t series = ox_json_int(ox_plan_cell(plan, row, 206), 0);
    return plan->cls == USM_EVENT && series != 0 && series != ox_json_int(ox_plan_cell(plan, row, 1), 0);
}

int ox_series_is_master(const ox_plan_t *plan, const ox_json_t *row)
{
    return plan->cls == USM_EVENT && ox_json_int(ox_plan_cell(plan, row, 209), 0) != 0 &&
           !ox_series_is_member(plan, row);
}

usm_time_t ox_series_edge_of(const ox_plan_t *plan, const ox_json_t *row, apr_pool_t *pool)
{
    static const int fields[] = {USM_EVENT_TIMEZONE, USM_EVENT_ALL_DAY, USM_EVENT_START, USM_EVENT_END,
                                 USM_EVENT_RECURRENCE};
    const ox_json_t *end = ox_plan_cell(plan, row, 202);
    usm_fieldset_t set = {{0}};
    if (!ox_series_is_master(plan, row))
        return ox_json_has_int(end) ? ox_json_time(end, 0) : USM_TIME_NONE;
    for (apr_size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        USM_FIELDSET_ADD(&set, fields[i]);
    ox_read_t r = {.plan = plan, .row = row, .item = usm_item_create(USM_EVENT, pool)};
    ox_map_read(&r, &set);
    return usm_series_rule(r.item) ? usm_series_edge(r.item, pool) : ox_json_time(end, USM_TIME_NONE);
}

/* ---- listing ---- */

typedef struct member_t {
    const char *id;
    apr_int64_t stamp;
    usm_time_t edge;
} member_t;

typedef struct series_t {
    const char *id;
    int listed; /* the master itself */
    int changed; /* it has changed occurrences */
    apr_int64_t stamp;
    usm_time_t edge;
    const ox_json_t *days; /* which, where the request for them must say it */
    apr_array_header_t *members; /* member_t */
} series_t;

struct ox_gather_t {
    ox_gather_ask_fn ask;
    apr_pool_t *pool;
    apr_hash_t *series; /* master's id → series_t */
};

ox_gather_t *ox_gather_create(ox_gather_ask_fn ask, apr_pool_t *pool)
{
    ox_gather_t *g = apr_palloc(pool, sizeof *g);
    g->ask = ask;
    g->pool = pool;
    g->series = apr_hash_make(pool);
    return g;
}

static series_t *series_of(ox_gather_t *g, const char *id)
{
    series_t *s = apr_hash_get(g->series, id, APR_HASH_KEY_STRING);
    if (s)
        return s;
    s = apr_pcalloc(g->pool, sizeof *s);
    s->id = apr_pstrdup(g->pool, id);
    s->edge = USM_TIME_NONE;
    s->members = apr_array_make(g->pool, 0, sizeof(member_t));
    apr_hash_set(g->series, s->id, APR_HASH_KEY_STRING, s);
    return s;
}

void ox_gather_add(ox_gather_t *g, const ox_gathered_t *row)
{
    const char *id = apr_pstrdup(g->pool, row->id);
    series_t *s = series_of(g, row->master ? row->master : id);
    s->stamp = row->stamp > s->stamp ? row->stamp : s->stamp;
    if (row->master) {
        APR_ARRAY_PUSH(s->members, member_t) = (member_t){id, row->stamp, row->edge};
    } else {
        s->listed = 1;
        s->changed = row->changed;
        s->days = row->days;
        s->edge = row->edge;
    }
}

int ox_gather_row(ox_gather_t *g, const ox_plan_t *plan, const ox_json_t *row)
{
    int member = ox_series_is_member(plan, row);
    if (!member && !ox_series_is_master(plan, row))
        return 0;
    ox_gathered_t r = {.id = ox_json_text(ox_plan_cell(plan, row, 1), g->pool),
                       .master = member ? master_of(plan, row, g->pool) : NULL,
                       .stamp = ox_json_int(ox_plan_cell(plan, row, 5), 0),
                       .edge = ox_series_edge_of(plan, row, g->pool),
                       .changed = ox_json_count(ox_plan_cell(plan, row, 210)) > 0};
    ox_gather_add(g, &r);
    return 1;
}

ox_json_t *ox_gather_ask(const usm_bref_t *folder, const char *id, const ox_json_t *days, apr_pool_t *pool)
{
    return ox_request(pool, "calendar", "getChangeExceptions", "id", id, "folder", folder->id, "columns", "1,5",
                      "timezone", "UTC", NULL);
}

/* The end of the last occurrence, or of one that was moved behind it. */
static usm_time_t edge_of(const series_t *s)
{
    usm_time_t edge = s->edge;
    for (int i = 0; edge != USM_TIME_NONE && i < s->members->nelts; i++) {
        usm_time_t own = APR_ARRAY_IDX(s->members, i, member_t).edge;
        edge = own > edge ? own : edge;
    }
    return edge;
}

static usm_error_t *tell(const usm_bsink_t *sink, const char *id, apr_int64_t stamp, usm_time_t edge, int full,
                         usm_time_t since)
{
    if (full && since != USM_TIME_NONE && edge != USM_TIME_NONE && edge < since)
        return NULL;
    return sink->upsert(sink->baton, id, (apr_uint64_t)stamp, edge, stamp);
}

/* A series that is new to the device may take the place of occurrences that it has had alone. */
usm_error_t *ox_gather_complete(ox_gather_t *g, const usm_bsink_t *sink, usm_bcall_t *call, const usm_bref_t *folder)
{
    ox_json_t *requests = ox_json_array(g->pool), *answers;
    apr_array_header_t *asked = apr_array_make(g->pool, 4, sizeof(series_t *));
    for (apr_hash_index_t *hi = apr_hash_first(g->pool, g->series); hi; hi = apr_hash_next(hi)) {
        void *value;
        int known = 1;
        apr_hash_this(hi, NULL, NULL, &value);
        series_t *s = value;
        if (s->listed && s->changed)
            USM_ERR(sink->knows(&known, sink->baton, s->id));
        if (known)
            continue;
        ox_json_add(requests, g->ask(folder, s->id, s->days, g->pool));
        APR_ARRAY_PUSH(asked, series_t *) = s;
    }
    if (!asked->nelts)
        return NULL;
    USM_ERR(ox_multiple(&answers, call, requests, g->pool));
    for (int i = 0; i < asked->nelts; i++) {
        const ox_json_t *rows = ox_json_get(ox_json_at(answers, i), "data");
        for (int k = 0; k < ox_json_count(rows); k++) {
            const ox_json_t *row = ox_json_at(rows, k);
            int object = ox_json_is_object(row);
            member_t m = {.id = ox_json_text(object ? ox_json_get(row, "id") : ox_json_at(row, 0), g->pool),
                          .edge = USM_TIME_NONE};
            m.stamp = ox_json_int(object ? ox_json_get(row, "timestamp") : ox_json_at(row, 1), 0);
            if (m.id)
                APR_ARRAY_PUSH(APR_ARRAY_IDX(asked, i, series_t *)->members, member_t) = m;
        }
    }
    return NULL;
}

/* Occurrences on their own: where nothing is known of their series, and what the device has from before it was there.
 */
static usm_error_t *tell_members(const series_t *s, const usm_bsink_t *sink, int full, usm_time_t since)
{
    int known = s->listed;
    if (!known)
        USM_ERR(sink->knows(&known, sink->baton, s->id));
    for (int i = 0; i < s->members->nelts; i++) {
        const member_t *m = &APR_ARRAY_IDX(s->members, i, member_t);
        int alone = !known;
        if (known)
            USM_ERR(sink->knows(&alone, sink->baton, m->id));
        if (alone) /* one that has not changed itself has to be looked at again because of its series */
            USM_ERR(tell(sink, m->id, s->listed ? s->stamp : m->stamp, m->edge, full, since));
    }
    return NULL;
}

usm_error_t *ox_gather_tell(ox_gather_t *g, const usm_bsink_t *sink, int full, usm_time_t since)
{
    for (apr_hash_index_t *hi = apr_hash_first(g->pool, g->series); hi; hi = apr_hash_next(hi)) {
        void *value;
        apr_hash_this(hi, NULL, NULL, &value);
        const series_t *s = value;
        if (s->listed || !full)
            USM_ERR(tell(sink, s->id, s->stamp, s->listed ? edge_of(s) : USM_TIME_NONE, full, since));
        if (!s->listed || !full) /* a full listing says by itself what is not there any more */
            USM_ERR(tell_members(s, sink, full, since));
    }
    return NULL;
}

/* ---- reading ---- */

static ox_json_t *ask_members(const ox_reading_t *r, const char *id)
{
    return ox_request(r->pool, "calendar", "getChangeExceptions", "id", id, "folder", r->folder->id, "columns",
                      ox_plan_text(r->plan, r->pool), "timezone", "UTC", NULL);
}

static ox_json_t *ask_master(const ox_reading_t *r, const char *id)
{
    ox_json_t *list = ox_json_array(r->pool), *one = ox_json_object(r->pool);
    ox_json_t *request = ox_request(r->pool, "calendar", "list", "columns", "1", "timezone", "UTC",
                                    "recurrence_master", "true", NULL);
    ox_json_set_text(one, "folder", r->folder->id);
    ox_json_set_text(one, "id", id);
    ox_json_add(list, one);
    ox_json_set(request, "data", list);
    return request;
}

static void add_members(const ox_reading_t *r, usm_bget_t *get, const ox_json_t *rows)
{
    usm_item_t *item = get->item;
    const usm_exceptions_t *gone =
        usm_item_isset(item, USM_EVENT_EXCEPTIONS) ? item->v[USM_EVENT_EXCEPTIONS].u.exceptions : NULL;
    int count = ox_json_count(rows), old = gone ? gone->count : 0;
    usm_exceptions_t *list = apr_pcalloc(item->pool, sizeof *list);
    count = count > MEMBERS_MAX ? MEMBERS_MAX : count;
    list->items = apr_pcalloc(item->pool, sizeof(usm_exception_t) * (apr_size_t)(count + old + 1));
    list->count = old;
    if (old)
        memcpy(list->items, gone->items, sizeof(usm_exception_t) * (apr_size_t)old);
    for (int i = 0; i < count; i++) {
        const ox_json_t *row = ox_json_at(rows, i), *day = ox_plan_cell(r->plan, row, 208);
        apr_uint64_t stamp = (apr_uint64_t)ox_json_int(ox_plan_cell(r->plan, row, 5), 0);
        usm_item_t *own = usm_item_create(USM_EVENT, item->pool);
        if (!ox_json_is_array(row) || !ox_json_has_int(day))
            continue;
        ox_read_t read = {.plan = r->plan, .row = row, .item = own, .fetch = r->fetch,
                          .own_id = r->call->login->user_id};
        ox_map_read(&read, &r->fetch->fields);
        list->items[list->count++] = (usm_exception_t){.day = usm_date_floor(ox_json_time(day, 0)), .item = own,
                                                       .id = ox_json_text(ox_plan_cell(r->plan, row, 1), item->pool)};
        get->rev = stamp > get->rev ? stamp : get->rev;
    }
    usm_item_set_ptr(item, USM_EVENT_EXCEPTIONS, list->count ? list : NULL);
}

/* The answer for one row. An error of one series is that series' own. */
static usm_error_t *take_answer(const ox_reading_t *r, int at, const ox_json_t *answer)
{
    usm_bget_t *get = &r->gets[at];
    int member = r->series[at].master != NULL;
    usm_error_t *err = ox_error_of(answer, r->result_pool);
    const ox_json_t *data = ox_json_get(answer, "data");
    if (err && usm_error_class(err) == USM_CLASS_NOTFOUND) {
        usm_error_clear(err);
        if (!member) /* gone between the two calls */
            get->item = NULL;
        return NULL;
    }
    if (err && (usm_error_class(err) == USM_CLASS_UNAVAILABLE || usm_error_class(err) == USM_CLASS_AUTH))
        return err;
    if (err || !ox_json_is_array(data)) {
        get->item = NULL;
        get->error = err ? err : USM_ERROR(r->result_pool, USM_EBACKEND, "the exceptions of a series are not told");
    } else if (member) {
        get->item = ox_json_is_array(ox_json_at(data, 0)) ? NULL : get->item;
    } else {
        add_members(r, get, data);
    }
    return NULL;
}

usm_error_t *ox_series_read(const ox_reading_t *r)
{
    ox_json_t *requests = ox_json_array(r->pool), *answers;
    apr_array_header_t *rows = apr_array_make(r->pool, 8, sizeof(int));
    for (int i = 0; r->series && i < r->count; i++) {
        const ox_series_row_t *s = &r->series[i];
        if (!r->gets[i].item || (!s->master && !s->changed))
            continue;
        ox_json_add(requests, s->master ? ask_master(r, s->master) : ask_members(r, r->gets[i].id));
        APR_ARRAY_PUSH(rows, int) = i;
    }
    if (!rows->nelts)
        return NULL;
    USM_ERR(ox_multiple(&answers, r->call, requests, r->pool));
    for (int i = 0; i < rows->nelts; i++)
        USM_ERR(take_answer(r, APR_ARRAY_IDX(rows, i, int), ox_json_at(answers, i)));
    return NULL;
}

void ox_series_finish(const ox_reading_t *r)
{
    for (int i = 0; r->series && i < r->count; i++) {
        usm_item_t *item = r->gets[i].item;
        if (!item)
            continue;
        if (r->series[i].master) { /* an occurrence without its series is an event like any other */
            usm_item_set_empty(item, USM_EVENT_RECURRENCE);
            usm_item_set_empty(item, USM_EVENT_EXCEPTIONS);
        } else if (usm_series_rule(item)) {
            usm_series_reduce(item);
            r->gets[i].edge = usm_series_edge(item, r->pool);
        } else {
            usm_item_set_empty(item, USM_EVENT_EXCEPTIONS);
        }
    }
}
