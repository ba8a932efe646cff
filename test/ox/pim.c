/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "data.h"
#include "pim.h"
#include "seedfield.h"

/*
 * What contacts, appointments and tasks have in common: rows, objects, field checks, all, list, get, updates, delete.
 */

/* ---- values ---- */

static const struct oxd_folder *seen_in(const struct oxd_req *req, const struct oxd_obj *o,
                                        const struct oxd_folder *view)
{
    const struct oxd_place *p;

    if (view)
        return view;
    p = req->user ? oxd_obj_place_of(o, req->user->id) : NULL;
    return p && p->folder ? p->folder : o->folder;
}

static json_t *time_value(struct oxd_req *req, const struct oxd_obj *o, const struct oxd_column *col)
{
    const json_t *v = json_object_get(o->f, col->name);

    if (!json_is_integer(v))
        return NULL;
    if (col->type == OXG_TIME_FULL && oxd_obj_bool(o, "full_time"))
        return json_integer(json_integer_value(v));
    return json_integer(oxd_time_out(req->tz, json_integer_value(v)));
}

/* A new reference, or NULL: the column has no value. */
static json_t *value(struct oxd_req *req, const struct oxd_class *cls, const struct oxd_obj *o,
                     const struct oxd_folder *view, const struct oxd_column *col)
{
    char id[16];

    switch (col->type) {
    case OXG_TIME:
    case OXG_TIME_FULL:
        return time_value(req, o, col);
    case OXG_ID:
        g_snprintf(id, sizeof(id), "%d", o->id);
        return json_string(id);
    case OXG_CREATED_BY:
        g_snprintf(id, sizeof(id), "%d", o->created_by);
        return json_string(id);
    case OXG_MODIFIED_BY:
        g_snprintf(id, sizeof(id), "%d", o->modified_by);
        return json_string(id);
    case OXG_CREATED:
        return json_integer(oxd_time_out(req->tz, o->created));
    case OXG_MODIFIED:
        return json_integer(oxd_time_out(req->tz, o->modified));
    case OXG_MODIFIED_UTC:
        return json_integer(o->modified);
    case OXG_FOLDER:
        return json_string(seen_in(req, o, view)->id);
    case OXG_ATTACHMENTS:
        return json_integer(o->attachments);
    case OXG_ATTACHMENT_MODIFIED:
        return o->attachments ? json_integer(o->attachment_modified) : NULL;
    default:
        if (col->type >= OXG_MODULE)
            return cls->own(req, o, view, col->type);
        return json_incref(json_object_get(o->f, col->name));
    }
}

void oxd_pim_row(struct oxd_req *req, const struct oxd_class *cls, GString *out, const struct oxd_obj *o,
                 const struct oxd_folder *view, const struct oxd_colsel *sel, size_t n)
{
    g_string_append_c(out, '[');
    for (size_t i = 0; i < n; i++) {
        const struct oxd_column *col = sel[i].col;

        if (i)
            g_string_append_c(out, ',');
        if (!col) {
            g_string_append(out, "null");
        } else if (col->type == OXG_STR) {
            oxd_text_str(out, json_string_value(json_object_get(o->f, col->name)));
        } else if (col->type == OXG_ID) {
            g_string_append_c(out, '"');
            oxd_text_int(out, o->id);
            g_string_append_c(out, '"');
        } else if (col->type == OXG_MODIFIED) {
            oxd_text_int(out, oxd_time_out(req->tz, o->modified));
        } else {
            json_t *v = value(req, cls, o, view, col);

            oxd_text_json(out, v);
            json_decref(v);
        }
    }
    g_string_append_c(out, ']');
}

json_t *oxd_pim_object(struct oxd_req *req, const struct oxd_class *cls, const struct oxd_obj *o,
                       const struct oxd_folder *view)
{
    json_t *out = json_object();

    for (const struct oxd_column *c = cls->columns; c->id; c++) {
        json_t *v = value(req, cls, o, view, c);

        if (v && !json_is_null(v))
            json_object_set_new(out, c->name, v);
        else
            json_decref(v);
    }
    return out;
}

/* ---- finding ---- */

struct oxd_folder *oxd_pim_folder(struct oxd_req *req, const struct oxd_class *cls, const char *id)
{
    struct oxd_folder *f = oxd_folder_find(req->ctx, req->user, id);

    if (!f) {
        oxd_fail(req, cls->e_no_folder, "Folder %s not found in context %d", id ? id : "(null)", req->ctx->id);
        return NULL;
    }
    if (f->kind != cls->kind) {
        oxd_fail(req, cls->e_folder, "Folder %s holds %s", id, oxd_kind_names[f->kind]);
        return NULL;
    }
    if (!oxd_folder_visible(f, req->user) || !oxd_right(oxd_folder_rights(f, req->user), OXD_R_READ)) {
        oxd_fail(req, cls->e_read, "User %d may not read folder %s", req->user->id, id);
        return NULL;
    }
    return f;
}

struct oxd_obj *oxd_pim_find(struct oxd_req *req, const struct oxd_class *cls, struct oxd_folder *view, int64_t id)
{
    struct oxd_obj *o = oxd_obj_find(req->ctx, cls->kind, id);
    const struct oxd_folder *f = o ? seen_in(req, o, view) : NULL;

    if (!o || (view && !oxd_obj_in(o, view))) {
        if (cls->kind == OXK_CALENDAR)
            oxd_fail(req, o ? "CAL-4041" : cls->e_not_found, "Event not found [id %" G_GINT64_FORMAT "]", id);
        else
            oxd_fail(req, cls->e_not_found, "%s %" G_GINT64_FORMAT " not found in context %d.", cls->noun, id,
                     req->ctx->id);
        return NULL;
    }
    if (!oxd_obj_can(o, f, req->user, OXD_R_READ)) {
        oxd_fail(req, cls->e_read, "User %d may not read object %" G_GINT64_FORMAT, req->user->id, id);
        return NULL;
    }
    return o;
}

/* ---- writing members ---- */

static int too_long(struct oxd_req *req, const struct oxd_class *cls, const struct oxd_column *col, const char *text)
{
    const json_t *sw = oxd_switch("text-max");
    int max = json_is_integer(sw) ? (int)json_integer_value(sw) : cls->text_max;
    glong len = g_utf8_strlen(text, -1);

    for (const struct oxd_limit *l = cls->limits; l && l->id; l++)
        if (l->id == col->id)
            max = json_is_integer(sw) ? MAX(max, l->chars) : l->chars;
    if (len <= max)
        return 0;
    oxd_fail(req, cls->e_long, "The field %s has %ld characters, %d are possible", col->name, len, max);
    json_object_set_new(req->reply.error, "truncated",
                        json_pack("[{s:i, s:I, s:i}]", "id", col->id, "length", (json_int_t)len, "max_size", max));
    return -1;
}

static bool bad_char(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 && !strchr("\t\n\r", *text))
            return true;
    return false;
}

static int wrong_type(struct oxd_req *req, const struct oxd_class *cls, const struct oxd_column *col)
{
    return oxd_fail(req, cls->e_type, "The field %s has a value of a wrong type", col->name);
}

static int apply_text(struct oxd_req *req, const struct oxd_class *cls, const struct oxd_column *col, const json_t *v,
                      json_t *members)
{
    const char *text = json_string_value(v);
    char num[32];

    if (json_is_integer(v)) {
        g_snprintf(num, sizeof(num), "%" JSON_INTEGER_FORMAT, json_integer_value(v));
        text = num;
    }
    if (!text)
        return wrong_type(req, cls, col);
    if (!*text) {
        json_object_del(members, col->name);
        return 0;
    }
    if (cls->kind == OXK_TASKS && bad_char(text))
        return oxd_fail(req, "TSK-0058", "The field %s has a bad character", col->name);
    if (too_long(req, cls, col, text) < 0)
        return -1;
    return json_object_set_new(members, col->name, json_string(text));
}

static int apply_int(struct oxd_req *req, const struct oxd_class *cls, const struct oxd_column *col, const json_t *v,
                     json_t *members, bool full)
{
    int64_t n = json_integer_value(v);

    if (json_is_string(v)) {
        n = oxd_json_id(v);
        if (n < 0 && strcmp(json_string_value(v), "-1"))
            return wrong_type(req, cls, col);
    } else if (json_is_real(v)) {
        n = (int64_t)json_real_value(v);
    } else if (!json_is_integer(v)) {
        return wrong_type(req, cls, col);
    }
    if (col->type == OXG_TIME || (col->type == OXG_TIME_FULL && !full))
        n = oxd_time_in(req->tz, n);
    else if (col->type == OXG_DATE || col->type == OXG_TIME_FULL)
        n -= ((n % 86400000) + 86400000) % 86400000;
    return json_object_set_new(members, col->name, json_integer(n));
}

static int apply_one(struct oxd_req *req, const struct oxd_class *cls, const struct oxd_column *col, json_t *v,
                     json_t *members, bool full)
{
    if (json_is_null(v)) {
        json_object_del(members, col->name);
        return 0;
    }
    switch (col->type) {
    case OXG_STR:
        return apply_text(req, cls, col, v, members);
    case OXG_BOOL:
        if (!json_is_boolean(v) && !json_is_integer(v) && !json_is_string(v))
            return wrong_type(req, cls, col);
        return json_object_set_new(members, col->name,
                                   json_boolean(json_is_true(v) || json_integer_value(v) ||
                                                !g_strcmp0(json_string_value(v), "true")));
    case OXG_JSON:
        return json_object_set_new(members, col->name, json_deep_copy(v));
    case OXG_NUMBER:
        if (!json_is_number(v) && !json_is_string(v))
            return wrong_type(req, cls, col);
        return json_object_set(members, col->name, v);
    case OXG_DIGITS:
        if (json_is_integer(v))
            return json_object_set_new(members, col->name,
                                       json_sprintf("%" JSON_INTEGER_FORMAT, json_integer_value(v)));
        if (!json_is_string(v) || strspn(json_string_value(v), "0123456789") != json_string_length(v))
            return oxd_fail(req, cls->kind == OXK_TASKS ? "TSK-0055" : cls->e_type,
                            "The field %s is not a number of minutes", col->name);
        return json_object_set(members, col->name, v);
    default:
        return apply_int(req, cls, col, v, members, full);
    }
}

int oxd_pim_apply(struct oxd_req *req, const struct oxd_class *cls, const json_t *body, json_t *members)
{
    const json_t *full_v = json_object_get(body, "full_time");
    bool full = full_v ? json_is_true(full_v) : oxd_field_bool(members, "full_time", false);

    for (const struct oxd_column *c = cls->columns; c->id; c++) {
        json_t *v = c->type < OXG_RO ? json_object_get(body, c->name) : NULL;

        if (v && apply_one(req, cls, c, v, members, full) < 0)
            return -1;
    }
    return 0;
}

bool oxd_pim_stale(struct oxd_req *req, const struct oxd_class *cls, const struct oxd_obj *o)
{
    int64_t ts = oxd_param_int(req, "timestamp", INT64_MAX);

    if (ts >= o->modified)
        return false;
    if (cls->kind == OXK_CALENDAR)
        oxd_fail(req, cls->e_conflict,
                 "Concurrent modification [id %d, client timestamp %" G_GINT64_FORMAT
                 ", actual timestamp %" G_GINT64_FORMAT "]",
                 o->id, ts, o->modified);
    else
        oxd_fail(req, cls->e_conflict, NULL);
    return true;
}

/* ---- lists ---- */

struct sort_row {
    struct oxd_obj *o;
    json_t *key;
    guint at;
};

static int sort_cmp(gconstpointer a, gconstpointer b)
{
    const struct sort_row *x = a, *y = b;
    int c;

    if (json_is_string(x->key) && json_is_string(y->key))
        c = g_utf8_collate(json_string_value(x->key), json_string_value(y->key));
    else if (json_is_integer(x->key) && json_is_integer(y->key))
        c = (json_integer_value(x->key) > json_integer_value(y->key)) -
            (json_integer_value(x->key) < json_integer_value(y->key));
    else
        c = (x->key != NULL) - (y->key != NULL);
    return c;
}

static int sort_asc(gconstpointer a, gconstpointer b)
{
    int c = sort_cmp(a, b);
    const struct sort_row *x = a, *y = b;

    return c ? c : (x->at > y->at) - (x->at < y->at);
}

static int sort_desc(gconstpointer a, gconstpointer b)
{
    int c = sort_cmp(b, a);
    const struct sort_row *x = a, *y = b;

    return c ? c : (x->at > y->at) - (x->at < y->at);
}

void oxd_pim_sort(struct oxd_req *req, const struct oxd_class *cls, GPtrArray *objs)
{
    int64_t id = oxd_param_int(req, "sort", 0);
    const char *order = oxd_param(req, "order");
    const struct oxd_column *col;
    struct sort_row *rows;

    for (col = cls->columns; col->id && col->id != id; col++)
        continue;
    if (!id || !col->id || objs->len < 2)
        return;
    rows = g_new0(struct sort_row, objs->len);
    for (guint i = 0; i < objs->len; i++) {
        rows[i].o = objs->pdata[i];
        rows[i].key = value(req, cls, rows[i].o, NULL, col);
        rows[i].at = i;
    }
    qsort(rows, objs->len, sizeof(*rows), order && !g_ascii_strncasecmp(order, "desc", 4) ? sort_desc : sort_asc);
    for (guint i = 0; i < objs->len; i++) {
        objs->pdata[i] = rows[i].o;
        json_decref(rows[i].key);
    }
    g_free(rows);
}

int oxd_pim_rows(struct oxd_req *req, const struct oxd_class *cls, GPtrArray *objs, struct oxd_folder *view)
{
    int64_t limit = oxd_param_int(req, "limit", INT64_MAX), left = oxd_param_int(req, "left_hand_limit", 0);
    int64_t right = oxd_param_int(req, "right_hand_limit", INT64_MAX), newest = 0;
    const struct oxd_colsel *sel;
    GString *out;
    size_t n;

    sel = oxd_columns(req, cls->columns, false, &n);
    if (!n)
        return oxd_fail(req, "SVL-0002", "Missing the following request parameter: columns");
    out = g_string_sized_new(objs->len * 64 + 16);
    g_string_append_c(out, '[');
    right = MIN(right, limit);
    for (guint i = (guint)CLAMP(left, 0, (int64_t)objs->len); i < objs->len && (int64_t)i < right; i++) {
        const struct oxd_obj *o = objs->pdata[i];

        if (out->len > 1)
            g_string_append_c(out, ',');
        oxd_pim_row(req, cls, out, o, view, sel, n);
        newest = MAX(newest, o->modified);
    }
    g_string_append_c(out, ']');
    return oxd_reply_text(req, out, newest);
}

int oxd_pim_all(struct oxd_req *req, const struct oxd_class *cls)
{
    const char *id = oxd_param_need(req, "folder");
    struct oxd_folder *f = id ? oxd_pim_folder(req, cls, id) : NULL;
    GPtrArray *objs;
    int rc;

    if (!f)
        return -1;
    objs = g_ptr_array_sized_new(f->objs->len);
    for (guint i = 0; i < f->objs->len; i++)
        if (oxd_obj_can(f->objs->pdata[i], f, req->user, OXD_R_READ))
            g_ptr_array_add(objs, f->objs->pdata[i]);
    oxd_pim_sort(req, cls, objs);
    rc = oxd_pim_rows(req, cls, objs, f);
    g_ptr_array_free(objs, TRUE);
    return rc;
}

int oxd_pim_list(struct oxd_req *req, const struct oxd_class *cls)
{
    json_t *body = oxd_body_array(req), *v;
    const struct oxd_colsel *sel;
    int64_t newest = 0;
    GString *out;
    size_t i, n;

    if (!body)
        return -1;
    sel = oxd_columns(req, cls->columns, false, &n);
    out = g_string_new("[");
    json_array_foreach(body, i, v) {
        const char *folder = oxd_json_text(req, v, json_object_get(v, "folder") ? "folder" : "folder_id");
        struct oxd_folder *f = folder ? oxd_pim_folder(req, cls, folder) : NULL;
        struct oxd_obj *o = folder && !f ? NULL : oxd_pim_find(req, cls, f, oxd_json_id(json_object_get(v, "id")));

        if (!o) {
            g_string_free(out, TRUE);
            return -1;
        }
        if (out->len > 1)
            g_string_append_c(out, ',');
        oxd_pim_row(req, cls, out, o, f, sel, n);
        newest = MAX(newest, o->modified);
    }
    g_string_append_c(out, ']');
    return oxd_reply_text(req, out, newest);
}

int oxd_pim_get(struct oxd_req *req, const struct oxd_class *cls)
{
    const char *folder = oxd_param(req, "folder"), *id = oxd_param_need(req, "id");
    struct oxd_folder *f = folder && *folder ? oxd_pim_folder(req, cls, folder) : NULL;
    struct oxd_obj *o;

    if (!id || (folder && *folder && !f))
        return -1;
    o = oxd_pim_find(req, cls, f, g_ascii_strtoll(id, NULL, 10));
    if (!o)
        return -1;
    return oxd_reply(req, oxd_pim_object(req, cls, o, f), o->modified);
}

void oxd_pim_deleted_id(const struct oxd_class *cls, GString *out, int id)
{
    bool text = cls->string_ids;

    if (cls->switch_ids && oxd_switch(cls->switch_ids))
        text = oxd_switch_is(cls->switch_ids, "string");
    if (text)
        g_string_append_c(out, '"');
    oxd_text_int(out, id);
    if (text)
        g_string_append_c(out, '"');
}

/* Ids gone since ts and not back again. Returns the newest stamp seen. */
static int64_t deleted_ids(const struct oxd_class *cls, const struct oxd_folder *f, int64_t ts, GString *out)
{
    GHashTable *seen = g_hash_table_new(g_direct_hash, g_direct_equal);
    int64_t newest = 0;

    for (guint i = 0; i < f->tombs->len; i++) {
        const struct oxd_tomb *t = &g_array_index(f->tombs, struct oxd_tomb, i);
        const struct oxd_obj *o;

        if (t->when <= ts)
            continue;
        newest = MAX(newest, t->when);
        o = oxd_obj_find(f->ctx, cls->kind, t->id);
        if ((o && oxd_obj_in(o, f)) || !g_hash_table_add(seen, GINT_TO_POINTER(t->id)))
            continue;
        if (out->len > 1)
            g_string_append_c(out, ',');
        oxd_pim_deleted_id(cls, out, t->id);
    }
    g_hash_table_destroy(seen);
    return newest;
}

int oxd_pim_updates(struct oxd_req *req, const struct oxd_class *cls)
{
    const char *id = oxd_param_need(req, "folder"), *ignore = oxd_param(req, "ignore");
    const char *since = id ? oxd_param_need(req, "timestamp") : NULL;
    struct oxd_folder *f = since ? oxd_pim_folder(req, cls, id) : NULL;
    bool deletions = ignore ? !strstr(ignore, "deleted") : cls->deletions_by_default;
    bool changes = !ignore || !strstr(ignore, "changed");
    int64_t ts = since ? g_ascii_strtoll(since, NULL, 10) : 0, newest = ts;
    const struct oxd_colsel *sel;
    GString *out;
    size_t n;

    if (!f)
        return -1;
    sel = oxd_columns(req, cls->columns, false, &n);
    out = g_string_new("[");
    for (guint i = 0; changes && i < f->objs->len; i++) {
        const struct oxd_obj *o = f->objs->pdata[i];

        if (o->modified <= ts || !oxd_obj_can(o, f, req->user, OXD_R_READ))
            continue;
        if (out->len > 1)
            g_string_append_c(out, ',');
        oxd_pim_row(req, cls, out, o, f, sel, n);
        newest = MAX(newest, o->modified);
    }
    if (deletions) {
        int64_t gone = deleted_ids(cls, f, ts, out);

        newest = MAX(newest, gone);
    }
    g_string_append_c(out, ']');
    if (newest == ts && cls->kind == OXK_CONTACTS && oxd_switch_is("contacts-timestamp", "zero"))
        newest = 0;
    return oxd_reply_text(req, out, newest);
}

/* ---- delete ---- */

static json_t *refused_id(const struct oxd_class *cls, const struct oxd_obj *o, const struct oxd_folder *f)
{
    char id[16];

    g_snprintf(id, sizeof(id), "%d", o->id);
    if (oxd_switch_is("delete-conflict", "objects"))
        return json_pack("{s:s, s:s}", "id", id, "folder", f->id);
    return json_string(id);
}

int oxd_pim_delete(struct oxd_req *req, const struct oxd_class *cls,
                   int (*remove)(struct oxd_req *req, struct oxd_obj *o, struct oxd_folder *view, const json_t *item))
{
    const char *since = oxd_param_need(req, "timestamp");
    int64_t ts = since ? g_ascii_strtoll(since, NULL, 10) : 0, newest = 0;
    json_t *items, *v, *refused;
    size_t i;

    if (!since)
        return -1;
    items = json_is_object(req->body) ? json_pack("[O]", req->body) : json_incref(oxd_body_array(req));
    if (!items)
        return -1;
    refused = json_array();
    json_array_foreach(items, i, v) {
        const char *folder = oxd_json_text(req, v, json_object_get(v, "folder") ? "folder" : "folder_id");
        struct oxd_folder *f = oxd_pim_folder(req, cls, folder);
        struct oxd_obj *o = f ? oxd_pim_find(req, cls, f, oxd_json_id(json_object_get(v, "id"))) : NULL;

        if (!o)
            break;
        if (o->modified > ts) {
            if (oxd_switch_is("delete-conflict", "error")) {
                oxd_pim_stale(req, cls, o);
                break;
            }
            newest = MAX(newest, o->modified);
            json_array_append_new(refused, refused_id(cls, o, f));
            continue;
        }
        if (remove(req, o, f, v) < 0)
            break;
    }
    json_decref(items);
    if (req->reply.kind == OXR_ERROR) {
        json_decref(refused);
        return -1;
    }
    if (!json_array_size(refused) || !newest)
        newest = oxd_stamp();
    return oxd_reply(req, refused, newest);
}
