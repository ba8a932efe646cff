/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "data.h"
#include "modules.h"
#include "pim.h"
#include "seedfield.h"

/* Module attachment: files of appointments, tasks and contacts. Spec 7. */

struct att {
    int id, attached, module, created_by;
    int64_t created;
    char *filename, *type;
    GString *bytes;
    bool gone;              /* detached; kept for updates */
    int64_t when;           /* made or detached */
};

enum { A_ID = 1, A_CREATED_BY, A_CREATED, A_FOLDER, A_ATTACHED, A_MODULE, A_NAME, A_SIZE, A_TYPE, A_RTF };

static const struct oxd_column columns[] = {
    {1, "id", A_ID}, {2, "created_by", A_CREATED_BY}, {4, "creation_date", A_CREATED}, {800, "folder", A_FOLDER},
    {801, "attached", A_ATTACHED}, {802, "module", A_MODULE}, {803, "filename", A_NAME}, {804, "file_size", A_SIZE},
    {805, "file_mimetype", A_TYPE}, {806, "rft_flag", A_RTF}, {0, NULL, 0},
};

static void att_free(void *data)
{
    struct att *a = data;

    g_free(a->filename);
    g_free(a->type);
    g_string_free(a->bytes, TRUE);
    g_free(a);
}

static GPtrArray *table(struct oxd_ctx *ctx)
{
    if (!ctx->attach)
        ctx->attach = g_ptr_array_new_with_free_func(att_free);
    return ctx->attach;
}

static enum oxd_kind kind_of(int64_t module)
{
    return module == 1 ? OXK_CALENDAR : module == 4 ? OXK_TASKS : module == 7 ? OXK_CONTACTS : OXK_NONE;
}

static struct att *att_new(struct oxd_obj *o, int id, int module, const char *name, const char *type, const char *data,
                           size_t len, int64_t stamp, int user)
{
    struct att *a = g_new0(struct att, 1);

    a->id = id > 0 ? id : oxd_new_id(o->folder->ctx);
    a->attached = o->id;
    a->module = module;
    a->created_by = user;
    a->created = a->when = stamp;
    a->filename = g_strdup(name && *name ? name : "attachment");
    a->type = g_strdup(type);
    a->bytes = g_string_new_len(data, (gssize)len);
    g_ptr_array_add(table(o->folder->ctx), a);
    o->attachments++;
    o->attachment_modified = stamp;
    return a;
}

/* ---- which object ---- */

struct target {
    struct oxd_obj *o;
    struct oxd_folder *f;
    int module;
};

static int find(struct oxd_req *req, int64_t module, int64_t attached, const char *folder, int right, struct target *t)
{
    enum oxd_kind kind = kind_of(module);

    if (kind == OXK_NONE)
        return oxd_fail(req, "ATT-0011", "Module %" G_GINT64_FORMAT " has no attachments", module);
    t->module = (int)module;
    t->f = oxd_folder_find(req->ctx, req->user, folder);
    t->o = oxd_obj_find(req->ctx, kind, attached);
    if (!t->f || !t->o || !oxd_obj_in(t->o, t->f))
        return oxd_fail(req, "ATT-0404", "Object %" G_GINT64_FORMAT " not found in folder %s", attached,
                        folder ? folder : "(null)");
    if (!oxd_obj_can(t->o, t->f, req->user, right))
        return oxd_fail(req, "ATT-0405", NULL);
    return 0;
}

static int find_by_params(struct oxd_req *req, int right, struct target *t)
{
    const char *attached = oxd_param_need(req, "attached"), *folder = attached ? oxd_param_need(req, "folder") : NULL;
    const char *module = folder ? oxd_param_need(req, "module") : NULL;

    if (!module)
        return -1;
    return find(req, g_ascii_strtoll(module, NULL, 10), g_ascii_strtoll(attached, NULL, 10), folder, right, t);
}

static struct att *att_find(struct oxd_req *req, const struct target *t, int64_t id)
{
    GPtrArray *all = req->ctx->attach;

    for (guint i = 0; all && i < all->len; i++) {
        struct att *a = all->pdata[i];

        if (a->id == id && a->attached == t->o->id && a->module == t->module && !a->gone)
            return a;
    }
    oxd_fail(req, "ATT-0001", "Attachment %" G_GINT64_FORMAT " not found", id);
    return NULL;
}

/* ---- rows ---- */

static json_t *value(const struct oxd_req *req, const struct att *a, const struct oxd_folder *f, int type)
{
    switch (type) {
    case A_ID: return json_sprintf("%d", a->id);
    case A_CREATED_BY: return json_integer(a->created_by);
    case A_CREATED: return json_integer(oxd_time_out(req->tz, a->created));
    case A_FOLDER: return json_integer(f->num);
    case A_ATTACHED: return json_integer(a->attached);
    case A_MODULE: return json_integer(a->module);
    case A_NAME: return json_string(a->filename);
    case A_SIZE: return json_integer((json_int_t)a->bytes->len);
    case A_TYPE: return json_string(a->type);
    default: return json_false();
    }
}

static json_t *row(struct oxd_req *req, const struct att *a, const struct oxd_folder *f, const struct oxd_colsel *sel,
                   size_t n)
{
    json_t *out = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(out, sel[i].col ? value(req, a, f, sel[i].col->type) : json_null());
    return out;
}

static int do_all(struct oxd_req *req)
{
    GPtrArray *all = req->ctx->attach;
    const struct oxd_colsel *sel;
    struct target t;
    int64_t newest = 0;
    json_t *out;
    size_t n;

    if (find_by_params(req, OXD_R_READ, &t) < 0)
        return -1;
    sel = oxd_columns(req, columns, false, &n);
    out = json_array();
    for (guint i = 0; all && i < all->len; i++) {
        const struct att *a = all->pdata[i];

        if (a->attached != t.o->id || a->module != t.module || a->gone)
            continue;
        json_array_append_new(out, row(req, a, t.f, sel, n));
        newest = MAX(newest, a->created);
    }
    return oxd_reply(req, out, newest);
}

static int do_list(struct oxd_req *req)
{
    json_t *body = oxd_body_array(req), *out, *v;
    const struct oxd_colsel *sel;
    struct target t;
    size_t i, n;

    if (!body || find_by_params(req, OXD_R_READ, &t) < 0)
        return -1;
    sel = oxd_columns(req, columns, false, &n);
    out = json_array();
    json_array_foreach(body, i, v) {
        const struct att *a = att_find(req, &t, oxd_json_id(v));

        if (!a) {
            json_decref(out);
            return -1;
        }
        json_array_append_new(out, row(req, a, t.f, sel, n));
    }
    return oxd_reply(req, out, t.o->attachment_modified);
}

static int do_get(struct oxd_req *req)
{
    const char *id = oxd_param_need(req, "id");
    struct target t;
    const struct att *a;
    json_t *out;

    if (!id || find_by_params(req, OXD_R_READ, &t) < 0 || !(a = att_find(req, &t, g_ascii_strtoll(id, NULL, 10))))
        return -1;
    out = json_object();
    for (const struct oxd_column *c = columns; c->id; c++)
        json_object_set_new(out, c->name, value(req, a, t.f, c->type));
    return oxd_reply(req, out, a->created);
}

static int do_updates(struct oxd_req *req)
{
    GPtrArray *all = req->ctx->attach;
    const char *ignore = oxd_param(req, "ignore");
    int64_t ts = oxd_param_int(req, "timestamp", 0), newest = ts;
    const struct oxd_colsel *sel;
    struct target t;
    json_t *out;
    size_t n;

    if (find_by_params(req, OXD_R_READ, &t) < 0)
        return -1;
    sel = oxd_columns(req, columns, false, &n);
    out = json_array();
    for (guint i = 0; all && i < all->len; i++) {
        const struct att *a = all->pdata[i];

        if (a->attached != t.o->id || a->module != t.module || a->when <= ts)
            continue;
        if (a->gone && (!ignore || !strstr(ignore, "deleted")))
            json_array_append_new(out, json_integer(a->id));
        else if (!a->gone)
            json_array_append_new(out, row(req, a, t.f, sel, n));
        newest = MAX(newest, a->when);
    }
    return oxd_reply(req, out, newest);
}

static int do_document(struct oxd_req *req)
{
    const char *id = oxd_param_need(req, "id"), *type = oxd_param(req, "content_type");
    struct target t;
    const struct att *a;

    if (!id || find_by_params(req, OXD_R_READ, &t) < 0)
        return -1;
    a = att_find(req, &t, g_ascii_strtoll(id, NULL, 10));
    if (!a)
        return oxd_reply_status(req, 404, "Not Found");
    return oxd_reply_raw(req, oxd_req_strdup(req, type ? type : a->type),
                         g_string_new_len(a->bytes->str, (gssize)a->bytes->len), oxd_req_strdup(req, a->filename));
}

/* ---- attach and detach ---- */

static int attach_one(struct oxd_req *req, const json_t *json, const struct oxd_part *file, json_t *ids, int64_t stamp)
{
    const json_t *max = oxd_switch("attachment-max");
    struct target t;
    const char *name = oxd_field_str(json, "filename", file->filename);
    const struct att *a;

    if (find(req, oxd_json_id(json_object_get(json, "module")), oxd_json_id(json_object_get(json, "attached")),
             oxd_json_text(req, json, "folder"), OXD_R_WRITE, &t) < 0)
        return -1;
    if (json_is_integer(max) && file->len > (size_t)json_integer_value(max))
        return oxd_fail(req, "FLS-0003", "The file has %zu bytes", file->len);
    a = att_new(t.o, 0, t.module, name, file->content_type, file->data, file->len, stamp, req->user->id);
    json_array_append_new(ids, json_sprintf("%d", a->id));
    oxd_obj_touch(t.o, req->user->id, stamp);
    return 0;
}

static int do_attach(struct oxd_req *req)
{
    json_t *ids = json_array();
    int64_t stamp = oxd_stamp();
    int rc = 0;

    oxd_reply_as_html(req, "attach");
    for (int i = 0; rc == 0 && i < 50; i++) {
        char name[16];
        const struct oxd_part *json_part, *file;
        json_t *json;

        g_snprintf(name, sizeof(name), "json_%d", i);
        json_part = oxd_part(req, name);
        g_snprintf(name, sizeof(name), "file_%d", i);
        file = oxd_part(req, name);
        if (!json_part || !file)
            break;
        json = json_loadb(json_part->data, json_part->len, 0, NULL);
        rc = attach_one(req, json, file, ids, stamp);
        json_decref(json);
    }
    if (rc == 0 && !json_array_size(ids))
        rc = oxd_fail(req, "SVL-0003", "json_0 and file_0 are needed");
    if (rc < 0) {
        json_decref(ids);
        return -1;
    }
    return oxd_reply(req, ids, stamp);
}

static int do_detach(struct oxd_req *req)
{
    json_t *body = oxd_body_array(req), *v;
    int64_t stamp = oxd_stamp();
    struct target t;
    size_t i;

    if (!body || find_by_params(req, OXD_R_WRITE, &t) < 0)
        return -1;
    json_array_foreach(body, i, v)
        if (!att_find(req, &t, oxd_json_id(v)))
            return -1;
    json_array_foreach(body, i, v) {
        struct att *a = att_find(req, &t, oxd_json_id(v));

        if (!a)
            continue;
        a->gone = true;
        a->when = stamp;
        t.o->attachments--;
    }
    t.o->attachment_modified = stamp;
    oxd_obj_touch(t.o, req->user->id, stamp);
    return oxd_reply(req, NULL, stamp);
}

/* ---- hooks ---- */

static int add_from_json(struct oxd_ctx *ctx, const json_t *v, bool seed, char **err)
{
    int module = (int)oxd_field_int(v, "module", 0);
    struct oxd_obj *o = kind_of(module) ? oxd_obj_find(ctx, kind_of(module), oxd_field_int(v, "attached", 0)) : NULL;
    const char *text = oxd_field_str(v, "text", NULL), *b64 = oxd_field_str(v, "base64", NULL);
    int64_t size = CLAMP(oxd_field_int(v, "size", 0), 0, 50 << 20);
    gsize len = 0;
    guchar *raw;
    struct att *a;

    if (!o && seed) {
        *err = g_strdup_printf("attachment of %d: no such object", (int)oxd_field_int(v, "attached", 0));
        return -1;
    }
    if (!o)
        return 0;
    if (b64) {
        raw = g_base64_decode(b64, &len);
    } else {
        len = text ? strlen(text) : (gsize)size;
        raw = g_malloc(len + 1);
        if (text)
            memcpy(raw, text, len);
        else
            memset(raw, 'x', len);
    }
    a = att_new(o, (int)oxd_field_int(v, "id", 0), module, oxd_field_str(v, "filename", "attachment"),
                oxd_field_str(v, "type", "application/octet-stream"), (char *)raw, len,
                oxd_field_int(v, "created", o->modified), (int)oxd_field_int(v, "createdBy", o->created_by));
    if (a->id > ctx->next_id)
        ctx->next_id = a->id;
    g_free(raw);
    return 0;
}

static int seed_load(struct oxd_ctx *ctx, struct oxd_user *user, const json_t *seed, char **err)
{
    const json_t *v;
    size_t i;

    json_array_foreach(json_object_get(seed, "attachments"), i, v)
        if (add_from_json(ctx, v, true, err) < 0)
            return -1;
    return 0;
}

static json_t *dump(const struct oxd_ctx *ctx)
{
    const GPtrArray *all = ctx->attach;
    json_t *out = json_array();

    for (guint i = 0; all && i < all->len; i++) {
        const struct att *a = all->pdata[i];
        char *b64;

        if (a->gone || !oxd_obj_find(ctx, kind_of(a->module), a->attached))
            continue;
        b64 = g_base64_encode((const guchar *)a->bytes->str, a->bytes->len);
        json_array_append_new(out, json_pack("{s:i, s:i, s:i, s:I, s:i, s:s, s:s, s:s}", "id", a->id, "attached",
                                             a->attached, "module", a->module, "created", (json_int_t)a->created,
                                             "createdBy", a->created_by, "filename", a->filename, "type", a->type,
                                             "base64", b64));
        g_free(b64);
    }
    return out;
}

static int restore(struct oxd_ctx *ctx, const json_t *state, char **err)
{
    const json_t *v;
    size_t i;

    json_array_foreach(state, i, v) {
        struct oxd_obj *o = oxd_obj_find(ctx, kind_of(oxd_field_int(v, "module", 0)), oxd_field_int(v, "attached", 0));
        int64_t newest = o ? o->attachment_modified : 0;

        /* The dump of the objects has the count already. */
        if (o)
            o->attachments--;
        if (add_from_json(ctx, v, false, err) < 0)
            return -1;
        if (o)
            o->attachment_modified = newest;
    }
    return 0;
}

static void ctx_free(struct oxd_ctx *ctx)
{
    if (ctx->attach)
        g_ptr_array_free(ctx->attach, TRUE);
    ctx->attach = NULL;
}

static const struct oxs_action actions[] = {
    {"all", 0, do_all},
    {"list", 0, do_list},
    {"get", 0, do_get},
    {"updates", 0, do_updates},
    {"document", OXS_NOMULTI, do_document},
    {"attach", OXS_WRITE | OXS_NOMULTI, do_attach},
    {"detach", OXS_WRITE, do_detach},
    {NULL, 0, NULL},
};

const struct oxs_module oxs_attachment = {
    .name = "attachment", .actions = actions, .seed_load = seed_load, .dump = dump, .restore = restore,
    .ctx_free = ctx_free,
};
