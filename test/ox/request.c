/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "server.h"

struct oxd_req *oxd_req_new(void)
{
    struct oxd_req *req = g_new0(struct oxd_req, 1);

    req->method = "GET";
    req->module = req->path = req->action = "";
    req->peer_ip = req->user_agent = req->accept = req->cookie = "";
    req->params = g_array_sized_new(FALSE, FALSE, sizeof(struct oxd_param), 12);
    req->chunk = g_string_chunk_new(512);
    req->owned = g_ptr_array_new_with_free_func(g_free);
    req->reply.status = 200;
    req->reply.more = -1;
    return req;
}

static void part_free(struct oxd_part *part)
{
    g_free(part->name);
    g_free(part->filename);
    g_free(part->content_type);
    g_free(part->data);
    g_free(part);
}

static void reply_clear(struct oxd_reply *reply)
{
    json_decref(reply->data);
    json_decref(reply->extra);
    json_decref(reply->error);
    if (reply->text)
        g_string_free(reply->text, TRUE);
    if (reply->cookies)
        g_ptr_array_free(reply->cookies, TRUE);
}

void oxd_req_free(struct oxd_req *req)
{
    if (!req)
        return;
    reply_clear(&req->reply);
    oxd_session_unref(req->session);
    if (req->out)
        g_string_free(req->out, TRUE);
    if (req->parts) {
        for (guint i = 0; i < req->parts->len; i++)
            part_free(req->parts->pdata[i]);
        g_ptr_array_free(req->parts, TRUE);
    }
    json_decref(req->body);
    g_array_free(req->params, TRUE);
    g_ptr_array_free(req->owned, TRUE);
    g_string_chunk_free(req->chunk);
    g_free(req);
}

void oxd_req_add_param(struct oxd_req *req, const char *name, const char *value)
{
    struct oxd_param p = {oxd_req_strdup(req, name), oxd_req_strdup(req, value ? value : "")};

    g_array_append_val(req->params, p);
}

char *oxd_req_strdup(struct oxd_req *req, const char *s)
{
    return s ? g_string_chunk_insert(req->chunk, s) : NULL;
}

char *oxd_req_printf(struct oxd_req *req, const char *fmt, ...)
{
    va_list ap;
    char *s;

    va_start(ap, fmt);
    s = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    g_ptr_array_add(req->owned, s);
    return s;
}

const char *oxd_param(const struct oxd_req *req, const char *name)
{
    for (guint i = 0; i < req->params->len; i++) {
        const struct oxd_param *p = &g_array_index(req->params, struct oxd_param, i);

        if (!strcmp(p->name, name))
            return p->value;
    }
    return NULL;
}

bool oxd_param_bool(const struct oxd_req *req, const char *name, bool dflt)
{
    const char *v = oxd_param(req, name);

    return v ? !g_ascii_strcasecmp(v, "true") || !strcmp(v, "1") : dflt;
}

int64_t oxd_param_int(const struct oxd_req *req, const char *name, int64_t dflt)
{
    const char *v = oxd_param(req, name);
    char *end;
    int64_t n;

    if (!v || !*v)
        return dflt;
    n = g_ascii_strtoll(v, &end, 10);
    return *end ? dflt : n;
}

const char *oxd_param_need(struct oxd_req *req, const char *name)
{
    const char *v = oxd_param(req, name);

    if (!v || !*v) {
        oxd_fail(req, "SVL-0002", "Missing the following request parameter: %s", name);
        return NULL;
    }
    return v;
}

json_t *oxd_body_array(struct oxd_req *req)
{
    if (json_is_array(req->body))
        return req->body;
    oxd_fail(req, "SVL-0003", "The body must be a JSON array.");
    return NULL;
}

json_t *oxd_body_object(struct oxd_req *req)
{
    if (json_is_object(req->body))
        return req->body;
    oxd_fail(req, "SVL-0003", "The body must be a JSON object.");
    return NULL;
}

const struct oxd_part *oxd_part(const struct oxd_req *req, const char *name)
{
    for (guint i = 0; req->parts && i < req->parts->len; i++) {
        const struct oxd_part *part = req->parts->pdata[i];

        if (!strcmp(part->name, name))
            return part;
    }
    return NULL;
}

int64_t oxd_json_id(const json_t *value)
{
    char *end;
    int64_t n;

    if (json_is_integer(value))
        return json_integer_value(value);
    if (!json_is_string(value) || !*json_string_value(value))
        return -1;
    n = g_ascii_strtoll(json_string_value(value), &end, 10);
    return *end ? -1 : n;
}

const char *oxd_json_text(struct oxd_req *req, const json_t *obj, const char *key)
{
    const json_t *v = json_object_get(obj, key);

    if (json_is_integer(v))
        return oxd_req_printf(req, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
    return json_string_value(v);
}

int oxd_reply(struct oxd_req *req, json_t *data, int64_t ts)
{
    json_decref(req->reply.data);
    req->reply.kind = OXR_JSON;
    req->reply.data = data;
    req->reply.has_timestamp = ts >= 0;
    req->reply.timestamp = ts;
    return 0;
}

int oxd_reply_text(struct oxd_req *req, GString *json, int64_t ts)
{
    oxd_reply(req, NULL, ts);
    if (req->reply.text)
        g_string_free(req->reply.text, TRUE);
    req->reply.kind = OXR_TEXT;
    req->reply.text = json;
    return 0;
}

int oxd_reply_bare(struct oxd_req *req, json_t *value)
{
    oxd_reply(req, value, -1);
    req->reply.kind = OXR_BARE;
    return 0;
}

int oxd_reply_raw(struct oxd_req *req, const char *content_type, GString *bytes, const char *filename)
{
    oxd_reply_text(req, bytes, -1);
    req->reply.kind = OXR_RAW;
    req->reply.content_type = content_type;
    req->reply.filename = filename;
    return 0;
}

int oxd_reply_status(struct oxd_req *req, int status, const char *text)
{
    GString *page = g_string_new(NULL);

    g_string_printf(page, "<html><head><title>%d</title></head><body><h1>%s</h1></body></html>", status, text);
    oxd_reply_raw(req, "text/html; charset=UTF-8", page, NULL);
    req->reply.status = status;
    return 0;
}

int oxd_reply_empty(struct oxd_req *req)
{
    oxd_reply(req, NULL, -1);
    req->reply.kind = OXR_EMPTY;
    return 0;
}

void oxd_reply_as_html(struct oxd_req *req, const char *action)
{
    req->reply.callback = action;
}

void oxd_reply_more(struct oxd_req *req, int64_t more)
{
    req->reply.more = more;
}

void oxd_reply_member(struct oxd_req *req, const char *name, json_t *value)
{
    if (!req->reply.extra)
        req->reply.extra = json_object();
    json_object_set_new(req->reply.extra, name, value);
}

static int dump_to_string(const char *buffer, size_t size, void *data)
{
    g_string_append_len(data, buffer, (gssize)size);
    return 0;
}

void oxd_text_json(GString *out, const json_t *v)
{
    if (!v || json_dump_callback(v, dump_to_string, out, JSON_COMPACT | JSON_ENCODE_ANY) < 0)
        g_string_append(out, "null");
}

void oxd_text_int(GString *out, int64_t v)
{
    char buf[24], *p = buf + sizeof(buf);
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

    do {
        *--p = (char)('0' + u % 10);
        u /= 10;
    } while (u);
    if (v < 0)
        *--p = '-';
    g_string_append_len(out, p, buf + sizeof(buf) - p);
}

void oxd_text_str(GString *out, const char *s)
{
    char *fixed = NULL;
    const char *run;

    if (!s) {
        g_string_append(out, "null");
        return;
    }
    if (!g_utf8_validate(s, -1, NULL))
        s = fixed = g_utf8_make_valid(s, -1);
    g_string_append_c(out, '"');
    for (run = s; *s; s++) {
        unsigned char c = (unsigned char)*s;

        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        g_string_append_len(out, run, s - run);
        run = s + 1;
        if (c == '\n' || c == '\r')
            g_string_append(out, c == '\n' ? "\\n" : "\\r");
        else
            g_string_append_printf(out, "\\u%04x", c);
    }
    g_string_append_len(out, run, s - run);
    g_string_append_c(out, '"');
    g_free(fixed);
}

static void envelope(GString *out, const struct oxd_reply *r)
{
    const char *sep = "";
    const char *key;
    json_t *value;

    if (r->kind == OXR_ERROR) {
        /* A WARNING may stand beside good data. */
        oxd_text_json(out, r->error);
        if (r->data && out->len > 1) {
            g_string_truncate(out, out->len - 1);
            g_string_append(out, ",\"data\":");
            oxd_text_json(out, r->data);
            g_string_append_c(out, '}');
        }
        return;
    }
    g_string_append_c(out, '{');
    if (r->data || r->text) {
        g_string_append(out, "\"data\":");
        if (r->text)
            g_string_append_len(out, r->text->str, (gssize)r->text->len);
        else
            oxd_text_json(out, r->data);
        sep = ",";
    }
    if (r->has_timestamp) {
        g_string_append_printf(out, "%s\"timestamp\":%" G_GINT64_FORMAT, sep, r->timestamp);
        sep = ",";
    }
    if (r->more >= 0) {
        g_string_append_printf(out, "%s\"more\":%" G_GINT64_FORMAT, sep, r->more);
        sep = ",";
    }
    json_object_foreach(r->extra, key, value) {
        g_string_append_printf(out, "%s\"%s\":", sep, key);
        oxd_text_json(out, value);
        sep = ",";
    }
    g_string_append_c(out, '}');
}

GString *oxd_reply_body(struct oxd_req *req, const char **content_type)
{
    struct oxd_reply *r = &req->reply;
    GString *out;

    *content_type = "text/javascript; charset=UTF-8";
    if (r->kind == OXR_RAW) {
        *content_type = r->content_type;
        out = r->text;
        r->text = NULL;
        return out ? out : g_string_new(NULL);
    }
    out = g_string_sized_new(r->text ? r->text->len + 64 : 512);
    if (r->callback) {
        *content_type = "text/html; charset=UTF-8";
        g_string_append_printf(
            out,
            "<html><head><script type=\"text/javascript\">(parent[\"callback_%s\"] || window.opener && "
            "window.opener[\"callback_%s\"])(",
            r->callback, r->callback);
    }
    if (r->kind == OXR_BARE)
        oxd_text_json(out, r->data);
    else if (r->kind != OXR_EMPTY && r->kind != OXR_NONE)
        envelope(out, r);
    if (r->callback)
        g_string_append(out, ")</script></head></html>");
    return out;
}

const struct oxd_colsel *oxd_columns(struct oxd_req *req, const struct oxd_column *table, bool with_headers, size_t *n)
{
    const char *cols = oxd_param(req, "columns"), *headers = with_headers ? oxd_param(req, "headers") : NULL;
    GArray *out = g_array_new(FALSE, TRUE, sizeof(struct oxd_colsel));
    char **words = g_strsplit(cols ? cols : "", ",", -1);
    struct oxd_colsel *sel;

    for (char **w = words; *w; w++) {
        struct oxd_colsel c = {0};
        int64_t id = g_ascii_strtoll(g_strstrip(*w), NULL, 10);

        if (!**w && !w[1])
            break;
        for (const struct oxd_column *t = table; t->id && !c.col; t++)
            if (t->id == id)
                c.col = t;
        if (!c.col && with_headers && **w && !g_ascii_isdigit(**w))
            c.header = oxd_req_strdup(req, *w);
        g_array_append_val(out, c);
    }
    g_strfreev(words);
    words = g_strsplit(headers ? headers : "", ",", -1);
    for (char **w = words; *w; w++) {
        struct oxd_colsel c = {.header = oxd_req_strdup(req, g_strstrip(*w))};

        if (**w)
            g_array_append_val(out, c);
    }
    g_strfreev(words);
    *n = out->len;
    sel = (struct oxd_colsel *)(void *)g_array_free(out, FALSE);
    g_ptr_array_add(req->owned, sel);
    return sel;
}
