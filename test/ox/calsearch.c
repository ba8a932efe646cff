/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "cal.h"
#include "data.h"
#include "seedfield.h"

/* Lists over ranges of time: all, updates, conflicts, free/busy. */

/* ---- rows ---- */

struct rows {
    struct oxd_req *req;
    const struct oxd_colsel *sel;
    size_t n;
    GString *out;
    int64_t newest;
};

static struct rows rows_start(struct oxd_req *req)
{
    struct rows r = {.req = req, .out = g_string_new("[")};

    r.sel = oxd_columns(req, oxd_calendar.columns, false, &r.n);
    return r;
}

static void row(struct rows *r, const struct oxd_obj *o, const struct oxd_folder *view)
{
    if (r->out->len > 1)
        g_string_append_c(r->out, ',');
    oxd_pim_row(r->req, &oxd_calendar, r->out, o, view, r->sel, r->n);
    r->newest = MAX(r->newest, o->modified);
}

static int rows_reply(struct rows *r)
{
    g_string_append_c(r->out, ']');
    return oxd_reply_text(r->req, r->out, r->newest);
}

/* The object, or its occurrences within the range when masters were not asked for. */
static void rows_of(struct rows *r, const struct oxd_obj *o, const struct oxd_folder *view, int64_t from, int64_t to)
{
    struct cal_iter it;
    struct cal_occ occ;

    if (!cal_is_series(o) || oxd_param_bool(r->req, "recurrence_master", false)) {
        row(r, o, view);
        return;
    }
    cal_iter_init(&it, o, from, to, false);
    for (int n = 0; n < 1000 && cal_iter_next(&it, &occ); n++) {
        struct oxd_obj copy = cal_occ_object(o, &occ);

        row(r, &copy, view);
        cal_occ_free(&copy);
    }
}

static int by_start(gconstpointer a, gconstpointer b)
{
    const struct oxd_obj *x = *(struct oxd_obj *const *)a, *y = *(struct oxd_obj *const *)b;
    int64_t s = oxd_obj_int(x, "start_date", 0), t = oxd_obj_int(y, "start_date", 0);

    return s != t ? (s > t) - (s < t) : (x->id > y->id) - (x->id < y->id);
}

/* Times in parameters are read as UTC and shifted by the effective zone. */
static bool range(const struct oxd_req *req, int64_t *from, int64_t *to)
{
    const char *start = oxd_param(req, "start"), *end = oxd_param(req, "end");

    *from = start ? oxd_time_in(req->tz, g_ascii_strtoll(start, NULL, 10)) : INT64_MIN / 2;
    *to = end ? oxd_time_in(req->tz, g_ascii_strtoll(end, NULL, 10)) : INT64_MAX / 2;
    return start && end;
}

/* ---- all ---- */

struct seen {
    struct oxd_obj *o;
    struct oxd_folder *view;
};

static void collect(struct oxd_req *req, struct oxd_folder *f, GArray *out)
{
    for (guint i = 0; i < f->objs->len; i++) {
        struct seen s = {f->objs->pdata[i], f};

        if (oxd_obj_can(s.o, f, req->user, OXD_R_READ))
            g_array_append_val(out, s);
    }
}

static int seen_by_start(gconstpointer a, gconstpointer b)
{
    return by_start(&((const struct seen *)a)->o, &((const struct seen *)b)->o);
}

/* Appointments of one calendar, or of all the user's own and those he takes part in. */
static GArray *candidates(struct oxd_req *req)
{
    const char *id = oxd_param(req, "folder");
    GArray *out = g_array_new(FALSE, FALSE, sizeof(struct seen));
    struct oxd_folder *f;
    GHashTableIter it;
    void *v;

    if (id && *id && strcmp(id, "0")) {
        f = oxd_pim_folder(req, &oxd_calendar, id);
        if (f)
            collect(req, f, out);
        return out;
    }
    g_hash_table_iter_init(&it, req->ctx->folders);
    while (g_hash_table_iter_next(&it, NULL, &v)) {
        f = v;
        if (f->kind == OXK_CALENDAR && (f->owner == req->user->id || f->type == OXT_PUBLIC) &&
            oxd_folder_visible(f, req->user))
            collect(req, f, out);
    }
    return out;
}

int cal_all(struct oxd_req *req)
{
    const char *sort = oxd_param(req, "sort");
    int64_t from, to;
    struct rows r;
    GArray *list;

    if (!oxd_param_need(req, "start") || !oxd_param_need(req, "end") || !oxd_param_need(req, "columns"))
        return -1;
    range(req, &from, &to);
    list = candidates(req);
    if (req->reply.kind == OXR_ERROR) {
        g_array_free(list, TRUE);
        return -1;
    }
    if (!sort || atoi(sort) == 201)
        g_array_sort(list, seen_by_start);
    r = rows_start(req);
    for (guint i = 0; i < list->len; i++) {
        const struct seen *s = &g_array_index(list, struct seen, i);

        if (cal_in_range(s->o, from, to))
            rows_of(&r, s->o, s->view, from, to);
    }
    g_array_free(list, TRUE);
    return rows_reply(&r);
}

int cal_new_appointments(struct oxd_req *req)
{
    int64_t from, to, limit = oxd_param_int(req, "limit", INT64_MAX), n = 0;
    GArray *list;
    struct rows r;

    range(req, &from, &to);
    list = candidates(req);
    g_array_sort(list, seen_by_start);
    r = rows_start(req);
    for (guint i = 0; i < list->len && n < limit; i++) {
        const struct seen *s = &g_array_index(list, struct seen, i);
        struct cal_iter it;
        struct cal_occ occ;

        cal_iter_init(&it, s->o, from, to, false);
        if (cal_iter_next(&it, &occ)) {
            struct oxd_obj copy = cal_occ_object(s->o, &occ);

            row(&r, &copy, s->view);
            cal_occ_free(&copy);
            n++;
        }
    }
    g_array_free(list, TRUE);
    return rows_reply(&r);
}

/* ---- updates ---- */

static void deleted_ids(struct rows *r, const struct oxd_folder *f, int64_t ts)
{
    GHashTable *seen = g_hash_table_new(g_direct_hash, g_direct_equal);

    for (guint i = 0; i < f->tombs->len; i++) {
        const struct oxd_tomb *t = &g_array_index(f->tombs, struct oxd_tomb, i);
        const struct oxd_obj *o;

        if (t->when <= ts)
            continue;
        r->newest = MAX(r->newest, t->when);
        o = oxd_obj_find(f->ctx, OXK_CALENDAR, t->id);
        if ((o && oxd_obj_in(o, f)) || !g_hash_table_add(seen, GINT_TO_POINTER(t->id)))
            continue;
        if (r->out->len > 1)
            g_string_append_c(r->out, ',');
        oxd_pim_deleted_id(&oxd_calendar, r->out, t->id);
    }
    g_hash_table_destroy(seen);
}

int cal_updates(struct oxd_req *req)
{
    const char *since = oxd_param_need(req, "timestamp"), *folder = oxd_param(req, "folder");
    const char *ignore = oxd_param(req, "ignore");
    int64_t ts, from, to;
    bool ranged = range(req, &from, &to);
    struct rows r;
    GArray *list;

    if (!since)
        return -1;
    if (!folder && (!ranged || !ignore || !strstr(ignore, "deleted")))
        return oxd_fail(req, "SVL-0002", "Without folder, start, end and ignore=deleted are needed");
    ts = g_ascii_strtoll(since, NULL, 10);
    list = candidates(req);
    if (req->reply.kind == OXR_ERROR) {
        g_array_free(list, TRUE);
        return -1;
    }
    r = rows_start(req);
    r.newest = ts;
    for (guint i = 0; i < list->len && (!ignore || !strstr(ignore, "changed")); i++) {
        const struct seen *s = &g_array_index(list, struct seen, i);

        if (s->o->modified > ts && cal_in_range(s->o, from, to))
            rows_of(&r, s->o, s->view, from, to);
    }
    g_array_free(list, TRUE);
    if (folder && (!ignore || !strstr(ignore, "deleted")))
        deleted_ids(&r, oxd_folder_find(req->ctx, req->user, folder), ts);
    return rows_reply(&r);
}

/* ---- conflicts ---- */

static bool takes_resource(const struct oxd_obj *o, int64_t id)
{
    const json_t *p;
    size_t i;

    json_array_foreach(json_object_get(o->f, "participants"), i, p)
        if (oxd_field_int(p, "type", 0) == 3 && oxd_json_id(json_object_get(p, "id")) == id)
            return true;
    return false;
}

static bool shares_resource(const struct oxd_obj *a, const struct oxd_obj *b)
{
    const json_t *p;
    size_t i;

    json_array_foreach(json_object_get(a->f, "participants"), i, p)
        if (oxd_field_int(p, "type", 0) == 3 && takes_resource(b, oxd_json_id(json_object_get(p, "id"))))
            return true;
    return false;
}

static bool shares_user(const struct oxd_obj *a, const struct oxd_obj *b)
{
    for (guint i = 0; a->places && i < a->places->len; i++) {
        const struct oxd_place *p = oxd_obj_place_of(b, g_array_index(a->places, struct oxd_place, i).user);

        if (p && p->confirm != 2)
            return true;
    }
    return false;
}

/* The first occurrence of `other` that overlaps one of o's next hundred. */
static bool first_clash(const struct oxd_obj *o, const struct oxd_obj *other, struct cal_occ *hit)
{
    struct cal_iter it, other_it;
    struct cal_occ occ;

    cal_iter_init(&it, o, INT64_MIN / 2, INT64_MAX / 2, false);
    for (int n = 0; n < 100 && cal_iter_next(&it, &occ); n++) {
        cal_iter_init(&other_it, other, occ.start, occ.end, false);
        if (cal_iter_next(&other_it, hit) && hit->end > occ.start)
            return true;
    }
    return false;
}

static json_t *conflict_object(struct oxd_req *req, const struct oxd_obj *other, const struct cal_occ *hit, bool hard)
{
    struct oxd_obj copy = cal_occ_object(other, hit);
    const struct oxd_place *p = oxd_obj_place_of(other, req->user->id);
    const struct oxd_folder *view = p && p->folder ? p->folder : other->folder;
    json_t *v;

    if (oxd_obj_can(other, view, req->user, OXD_R_READ)) {
        v = oxd_pim_object(req, &oxd_calendar, &copy, view);
    } else {
        bool full = oxd_obj_bool(other, "full_time");

        v = json_pack("{s:o, s:I, s:I, s:I}", "id", json_sprintf("%d", other->id), "start_date",
                      (json_int_t)(full ? hit->start : oxd_time_out(req->tz, hit->start)), "end_date",
                      (json_int_t)(full ? hit->end : oxd_time_out(req->tz, hit->end)), "shown_as",
                      (json_int_t)oxd_obj_int(other, "shown_as", 1));
    }
    json_object_set_new(v, "hard_conflict", json_boolean(hard));
    cal_occ_free(&copy);
    return v;
}

json_t *cal_conflicts(struct oxd_req *req, const struct oxd_obj *o, bool *hard)
{
    int64_t series = oxd_obj_int(o, "recurrence_id", 0);
    json_t *out = json_array();
    GHashTableIter it;
    void *v;

    g_hash_table_iter_init(&it, req->ctx->store[OXK_CALENDAR]);
    while (g_hash_table_iter_next(&it, NULL, &v) && json_array_size(out) < 50) {
        const struct oxd_obj *other = v;
        bool resource;
        struct cal_occ hit;

        if (other->id == o->id || oxd_obj_int(other, "shown_as", 1) == 4 ||
            (series && (other->id == series || oxd_obj_int(other, "recurrence_id", 0) == series)))
            continue;
        resource = shares_resource(o, other);
        if ((!resource && !shares_user(o, other)) || !first_clash(o, other, &hit))
            continue;
        *hard |= resource;
        json_array_append_new(out, conflict_object(req, other, &hit, resource));
    }
    if (json_array_size(out))
        return out;
    json_decref(out);
    return NULL;
}

/* ---- free/busy and the like ---- */

static bool busy_for(const struct oxd_obj *o, int64_t id, int64_t type)
{
    const struct oxd_place *p;

    if (type == 3)
        return takes_resource(o, id);
    p = oxd_obj_place_of(o, (int)id);
    return p && p->confirm != 2;
}

static json_t *busy(struct oxd_req *req, const struct oxd_obj *o, const struct cal_occ *occ)
{
    bool full = oxd_obj_bool(o, "full_time");
    json_t *v = json_pack("{s:o, s:I, s:I, s:I, s:b}", "id", json_sprintf("%d", o->id), "start_date",
                          (json_int_t)(full ? occ->start : oxd_time_out(req->tz, occ->start)), "end_date",
                          (json_int_t)(full ? occ->end : oxd_time_out(req->tz, occ->end)), "shown_as",
                          (json_int_t)oxd_obj_int(o, "shown_as", 1), "full_time", full);
    const struct oxd_place *p = oxd_obj_place_of(o, req->user->id);

    if (oxd_obj_str(o, "title") && oxd_obj_can(o, p && p->folder ? p->folder : o->folder, req->user, OXD_R_READ))
        json_object_set_new(v, "title", json_string(oxd_obj_str(o, "title")));
    return v;
}

int cal_freebusy(struct oxd_req *req)
{
    int64_t id = oxd_param_int(req, "id", -1), type = oxd_param_int(req, "type", 1), from, to, newest = 0;
    GPtrArray *list = g_ptr_array_new();
    json_t *out;
    GHashTableIter it;
    void *v;

    if (!oxd_param_need(req, "id") || !range(req, &from, &to)) {
        g_ptr_array_free(list, TRUE);
        return oxd_fail(req, "SVL-0002", "id, start and end are needed");
    }
    g_hash_table_iter_init(&it, req->ctx->store[OXK_CALENDAR]);
    while (g_hash_table_iter_next(&it, NULL, &v))
        if (busy_for(v, id, type))
            g_ptr_array_add(list, v);
    g_ptr_array_sort(list, by_start);
    out = json_array();
    for (guint i = 0; i < list->len; i++) {
        struct cal_iter occs;
        struct cal_occ occ;

        cal_iter_init(&occs, list->pdata[i], from, to, false);
        while (cal_iter_next(&occs, &occ)) {
            json_array_append_new(out, busy(req, list->pdata[i], &occ));
            newest = MAX(newest, ((struct oxd_obj *)list->pdata[i])->modified);
        }
    }
    g_ptr_array_free(list, TRUE);
    return oxd_reply(req, out, newest);
}

int cal_has(struct oxd_req *req)
{
    int64_t from, to;
    json_t *out;
    GArray *list;

    if (!range(req, &from, &to) || to - from > 400 * OXD_DAY || to < from)
        return oxd_fail(req, "SVL-0004", "start and end must be at most 400 days apart");
    list = candidates(req);
    out = json_array();
    for (int64_t day = from; day < to; day += OXD_DAY) {
        bool any = false;

        for (guint i = 0; i < list->len && !any; i++)
            any = cal_in_range(g_array_index(list, struct seen, i).o, day, MIN(day + OXD_DAY, to));
        json_array_append_new(out, json_boolean(any));
    }
    g_array_free(list, TRUE);
    return oxd_reply(req, out, -1);
}

int cal_search(struct oxd_req *req)
{
    json_t *body = oxd_body_object(req);
    const char *pattern = oxd_field_str(body, "pattern", "*"), *letter = oxd_field_str(body, "startletter", NULL);
    char *p, *glob;
    GPtrArray *hits;
    GArray *list;
    int rc;

    if (!body)
        return -1;
    if (json_object_get(body, "folder"))
        oxd_req_add_param(req, "folder", oxd_json_text(req, body, "folder"));
    list = candidates(req);
    p = g_utf8_casefold(letter ? letter : pattern, -1);
    glob = letter ? g_strdup_printf("%s*", p) : strpbrk(p, "*?") ? g_strdup(p) : g_strdup_printf("*%s*", p);
    hits = g_ptr_array_new();
    for (guint i = 0; i < list->len; i++) {
        struct oxd_obj *o = g_array_index(list, struct seen, i).o;
        char *t = g_utf8_casefold(oxd_obj_str(o, "title") ? oxd_obj_str(o, "title") : "", -1);

        if (g_pattern_match_simple(glob, t))
            g_ptr_array_add(hits, o);
        g_free(t);
    }
    g_array_free(list, TRUE);
    g_free(p);
    g_free(glob);
    rc = oxd_pim_rows(req, &oxd_calendar, hits, NULL);
    g_ptr_array_free(hits, TRUE);
    return rc;
}

struct oxd_obj *cal_by_uid(const struct oxd_ctx *ctx, const struct oxd_user *user, const char *uid)
{
    GHashTableIter it;
    void *v;

    g_hash_table_iter_init(&it, ctx->store[OXK_CALENDAR]);
    while (g_hash_table_iter_next(&it, NULL, &v)) {
        struct oxd_obj *o = v;

        if (g_strcmp0(oxd_obj_str(o, "uid"), uid) || cal_is_exception(o))
            continue;
        if (oxd_obj_place_of(o, user->id) || oxd_obj_can(o, o->folder, user, OXD_R_READ))
            return o;
    }
    return NULL;
}

int cal_resolve_uid(struct oxd_req *req)
{
    const char *uid = oxd_param_need(req, "uid");
    const struct oxd_obj *o = uid ? cal_by_uid(req->ctx, req->user, uid) : NULL;

    if (!uid)
        return -1;
    if (!o)
        return oxd_fail(req, "CAL-4040", "Event not found [uid %s]", uid);
    return oxd_reply(req, json_pack("{s:i}", "id", o->id), -1);
}
