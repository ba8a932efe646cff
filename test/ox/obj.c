/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "data.h"
#include "pim.h"
#include "seedfield.h"

/* The store of groupware objects: where they are, when they changed, what they left behind. */

struct oxd_obj *oxd_obj_find(const struct oxd_ctx *ctx, enum oxd_kind kind, int64_t id)
{
    if (id <= 0 || id > INT32_MAX || !ctx->store[kind])
        return NULL;
    return g_hash_table_lookup(ctx->store[kind], GINT_TO_POINTER((int)id));
}

void oxd_obj_free(void *data)
{
    struct oxd_obj *o = data;

    for (guint i = 0; o->places && i < o->places->len; i++)
        g_free(g_array_index(o->places, struct oxd_place, i).message);
    if (o->places)
        g_array_free(o->places, TRUE);
    if (o->image)
        g_string_free(o->image, TRUE);
    g_free(o->image_type);
    json_decref(o->f);
    g_free(o);
}

struct oxd_obj *oxd_obj_new(struct oxd_folder *folder, int id, int user, json_t *members, int64_t stamp)
{
    struct oxd_obj *o = g_new0(struct oxd_obj, 1);
    struct oxd_ctx *ctx = folder->ctx;

    o->id = id > 0 ? id : oxd_new_id(ctx);
    if (o->id > ctx->next_id)
        ctx->next_id = o->id;
    o->kind = folder->kind;
    o->folder = folder;
    o->created = o->modified = stamp;
    o->created_by = o->modified_by = user;
    o->f = members;
    g_hash_table_replace(ctx->store[o->kind], GINT_TO_POINTER(o->id), o);
    g_ptr_array_add(folder->objs, o);
    oxd_event_folder(folder, stamp);
    return o;
}

void oxd_folder_tomb(struct oxd_folder *f, const struct oxd_obj *o, int64_t when)
{
    struct oxd_tomb t = {o->id, when, (int)oxd_obj_int(o, "recurrence_id", 0)};

    g_array_append_val(f->tombs, t);
    oxd_event_folder(f, when);
}

static void leave(struct oxd_obj *o, struct oxd_folder *f, int64_t stamp)
{
    /* Objects that go are mostly the newest ones. */
    for (guint i = f->objs->len; i > 0; i--) {
        if (f->objs->pdata[i - 1] == o) {
            g_ptr_array_remove_index(f->objs, i - 1);
            break;
        }
    }
    if (stamp)
        oxd_folder_tomb(f, o, stamp);
}

void oxd_obj_delete(struct oxd_obj *o, int64_t stamp)
{
    leave(o, o->folder, stamp);
    for (guint i = 0; o->places && i < o->places->len; i++) {
        struct oxd_place *p = &g_array_index(o->places, struct oxd_place, i);

        if (p->folder && p->folder != o->folder)
            leave(o, p->folder, stamp);
    }
    g_hash_table_remove(o->folder->ctx->store[o->kind], GINT_TO_POINTER(o->id));
}

void oxd_obj_move(struct oxd_obj *o, struct oxd_folder *to, int64_t stamp)
{
    struct oxd_folder *from = o->folder;

    if (from == to)
        return;
    leave(o, from, stamp);
    o->folder = to;
    for (guint i = 0; o->places && i < o->places->len; i++) {
        struct oxd_place *p = &g_array_index(o->places, struct oxd_place, i);

        if (p->folder == from)
            p->folder = to;
    }
    if (!g_ptr_array_find(to->objs, o, NULL))
        g_ptr_array_add(to->objs, o);
    oxd_event_folder(to, stamp);
}

struct oxd_place *oxd_obj_place_of(const struct oxd_obj *o, int user)
{
    for (guint i = 0; o->places && i < o->places->len; i++) {
        struct oxd_place *p = &g_array_index(o->places, struct oxd_place, i);

        if (p->user == user)
            return p;
    }
    return NULL;
}

struct oxd_place *oxd_obj_place(struct oxd_obj *o, struct oxd_folder *folder, int user)
{
    struct oxd_place *p = oxd_obj_place_of(o, user), fresh = {folder, user, -1, 0, NULL};

    if (p)
        return p;
    if (!o->places)
        o->places = g_array_new(FALSE, FALSE, sizeof(struct oxd_place));
    g_array_append_val(o->places, fresh);
    if (folder && !g_ptr_array_find(folder->objs, o, NULL)) {
        g_ptr_array_add(folder->objs, o);
        oxd_event_folder(folder, o->modified);
    }
    return &g_array_index(o->places, struct oxd_place, o->places->len - 1);
}

void oxd_obj_unplace(struct oxd_obj *o, int user, int64_t stamp)
{
    for (guint i = 0; o->places && i < o->places->len; i++) {
        struct oxd_place *p = &g_array_index(o->places, struct oxd_place, i);

        if (p->user != user)
            continue;
        if (p->folder && p->folder != o->folder)
            leave(o, p->folder, stamp);
        g_free(p->message);
        g_array_remove_index(o->places, i);
        return;
    }
}

bool oxd_obj_in(const struct oxd_obj *o, const struct oxd_folder *folder)
{
    if (o->folder == folder)
        return true;
    for (guint i = 0; o->places && i < o->places->len; i++)
        if (g_array_index(o->places, struct oxd_place, i).folder == folder)
            return true;
    return false;
}

void oxd_obj_touch(struct oxd_obj *o, int user, int64_t stamp)
{
    o->modified = stamp;
    if (user)
        o->modified_by = user;
    oxd_event_folder(o->folder, stamp);
    for (guint i = 0; o->places && i < o->places->len; i++) {
        const struct oxd_place *p = &g_array_index(o->places, struct oxd_place, i);

        if (p->folder && p->folder != o->folder)
            oxd_event_folder(p->folder, stamp);
    }
}

int64_t oxd_obj_int(const struct oxd_obj *o, const char *name, int64_t dflt)
{
    return oxd_field_int(o->f, name, dflt);
}

const char *oxd_obj_str(const struct oxd_obj *o, const char *name)
{
    return oxd_field_str(o->f, name, NULL);
}

bool oxd_obj_bool(const struct oxd_obj *o, const char *name)
{
    return oxd_field_bool(o->f, name, false);
}

bool oxd_obj_can(const struct oxd_obj *o, const struct oxd_folder *view, const struct oxd_user *user, int field)
{
    unsigned right = oxd_right(oxd_folder_rights(view, user), field);

    if (oxd_obj_bool(o, "private_flag") && o->created_by != user->id && !oxd_obj_place_of(o, user->id))
        return false;
    return right >= 2 || (right == 1 && o->created_by == user->id);
}

/* ---- dump and restore ---- */

static json_t *dump_places(const struct oxd_obj *o)
{
    json_t *out = json_array();

    for (guint i = 0; o->places && i < o->places->len; i++) {
        const struct oxd_place *p = &g_array_index(o->places, struct oxd_place, i);

        json_array_append_new(out, json_pack("{s:s?, s:i, s:i, s:i, s:s?}", "folder", p->folder ? p->folder->id : NULL,
                                             "user", p->user, "alarm", p->alarm, "confirm", p->confirm, "message",
                                             p->message));
    }
    return out;
}

static json_t *dump_obj(const struct oxd_obj *o)
{
    json_t *v = json_pack("{s:i, s:s, s:I, s:I, s:i, s:i, s:i, s:I, s:O}", "id", o->id, "folder", o->folder->id,
                          "created", (json_int_t)o->created, "modified", (json_int_t)o->modified, "createdBy",
                          o->created_by, "modifiedBy", o->modified_by, "attachments", o->attachments,
                          "attachmentModified", (json_int_t)o->attachment_modified, "f", o->f);

    if (o->places)
        json_object_set_new(v, "places", dump_places(o));
    if (o->image) {
        char *b64 = g_base64_encode((const guchar *)o->image->str, o->image->len);

        json_object_set_new(v, "image", json_string(b64));
        json_object_set_new(v, "imageType", json_string(o->image_type));
        json_object_set_new(v, "imageModified", json_integer(o->image_modified));
        g_free(b64);
    }
    return v;
}

static int by_id(gconstpointer a, gconstpointer b)
{
    const struct oxd_obj *x = *(struct oxd_obj *const *)a, *y = *(struct oxd_obj *const *)b;

    return (x->id > y->id) - (x->id < y->id);
}

json_t *oxd_pim_dump(const struct oxd_ctx *ctx, enum oxd_kind kind)
{
    GPtrArray *sorted = g_ptr_array_new();
    json_t *objs = json_array(), *tombs = json_object();
    GHashTableIter it;
    void *value;

    g_hash_table_iter_init(&it, ctx->store[kind]);
    while (g_hash_table_iter_next(&it, NULL, &value))
        g_ptr_array_add(sorted, value);
    g_ptr_array_sort(sorted, by_id);
    for (guint i = 0; i < sorted->len; i++)
        json_array_append_new(objs, dump_obj(sorted->pdata[i]));
    g_ptr_array_free(sorted, TRUE);
    g_hash_table_iter_init(&it, ctx->folders);
    while (g_hash_table_iter_next(&it, NULL, &value)) {
        const struct oxd_folder *f = value;
        json_t *list;

        if (f->kind != kind || !f->tombs->len)
            continue;
        list = json_array();
        for (guint i = 0; i < f->tombs->len; i++) {
            const struct oxd_tomb *t = &g_array_index(f->tombs, struct oxd_tomb, i);

            json_array_append_new(list, json_pack("[i, I, i]", t->id, (json_int_t)t->when, t->series));
        }
        json_object_set_new(tombs, f->id, list);
    }
    return json_pack("{s:o, s:o}", "objects", objs, "tombs", tombs);
}

static void restore_places(struct oxd_obj *o, const json_t *list)
{
    const json_t *v;
    size_t i;

    json_array_foreach(list, i, v) {
        const char *id = oxd_field_str(v, "folder", NULL);
        struct oxd_place *p = oxd_obj_place(o, id ? g_hash_table_lookup(o->folder->ctx->folders, id) : NULL,
                                            (int)oxd_field_int(v, "user", 0));

        p->alarm = (int)oxd_field_int(v, "alarm", -1);
        p->confirm = (int)oxd_field_int(v, "confirm", 0);
        p->message = g_strdup(oxd_field_str(v, "message", NULL));
    }
}

static int restore_obj(struct oxd_ctx *ctx, enum oxd_kind kind, const json_t *v, char **err)
{
    struct oxd_folder *f = g_hash_table_lookup(ctx->folders, oxd_field_str(v, "folder", ""));
    const char *image = oxd_field_str(v, "image", NULL);
    struct oxd_obj *o;

    if (!f || f->kind != kind) {
        *err = g_strdup_printf("object %d: its folder is gone", (int)oxd_field_int(v, "id", 0));
        return -1;
    }
    o = oxd_obj_new(f, (int)oxd_field_int(v, "id", 0), (int)oxd_field_int(v, "createdBy", 0),
                    json_deep_copy(json_object_get(v, "f")), oxd_field_int(v, "modified", 0));
    o->created = oxd_field_int(v, "created", 0);
    o->modified_by = (int)oxd_field_int(v, "modifiedBy", 0);
    o->attachments = (int)oxd_field_int(v, "attachments", 0);
    o->attachment_modified = oxd_field_int(v, "attachmentModified", 0);
    restore_places(o, json_object_get(v, "places"));
    if (image) {
        gsize len;
        guchar *raw = g_base64_decode(image, &len);

        o->image = g_string_new_len((char *)raw, (gssize)len);
        o->image_type = g_strdup(oxd_field_str(v, "imageType", "image/jpeg"));
        o->image_modified = oxd_field_int(v, "imageModified", 0);
        g_free(raw);
    }
    return 0;
}

int oxd_pim_restore(struct oxd_ctx *ctx, enum oxd_kind kind, const json_t *state, char **err)
{
    const json_t *v, *t;
    const char *id;
    json_t *list;
    size_t i;

    json_array_foreach(json_object_get(state, "objects"), i, v)
        if (restore_obj(ctx, kind, v, err) < 0)
            return -1;
    json_object_foreach(json_object_get(state, "tombs"), id, list) {
        struct oxd_folder *f = g_hash_table_lookup(ctx->folders, id);

        if (!f)
            continue;
        json_array_foreach(list, i, t) {
            struct oxd_tomb tomb = {(int)json_integer_value(json_array_get(t, 0)),
                                    json_integer_value(json_array_get(t, 1)),
                                    (int)json_integer_value(json_array_get(t, 2))};

            g_array_append_val(f->tombs, tomb);
        }
    }
    return 0;
}

/* ---- folder hooks ---- */

void oxd_pim_counts(const struct oxd_folder *f, const struct oxd_user *viewer, int *total, int *fresh, int *unread,
                    int *deleted)
{
    *total = (int)f->objs->len;
    *fresh = *unread = *deleted = 0;
}

void oxd_pim_clear(struct oxd_folder *f, struct oxd_user *by)
{
    int64_t stamp = oxd_stamp();

    for (guint i = f->objs->len; i > 0; i--) {
        struct oxd_obj *o = f->objs->pdata[i - 1];

        if (!oxd_obj_can(o, f, by, OXD_R_DELETE))
            continue;
        if (o->folder == f)
            oxd_obj_delete(o, stamp);
        else
            oxd_obj_unplace(o, f->owner, stamp);
        i = MIN(i, f->objs->len + 1);
    }
}
