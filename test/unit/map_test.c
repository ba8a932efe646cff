/* SPDX-License-Identifier: Apache-2.0 */
#include "map_test.h"

#include "core/core.h"

const unsigned map_versions[] = {25, 120, 121, 140, 141, 160, 161, 0};

static usm_session_t *session_in(const char *zone, apr_pool_t *pool)
{
    static const char *addresses[] = {"a@b", "alias@b"};
    usm_session_t *session = apr_pcalloc(pool, sizeof *session);
    usm_userinfo_t *info = apr_pcalloc(pool, sizeof *info);
    session->pool = pool;
    session->user = "1/4";
    session->ctx = apr_pcalloc(pool, sizeof *session->ctx);
    assert_int_equal(apr_thread_mutex_create(&session->ctx->lock, APR_THREAD_MUTEX_DEFAULT, pool), APR_SUCCESS);
    session->login = apr_pcalloc(pool, sizeof *session->login);
    session->login->info = info;
    info->primary_address = addresses[0];
    info->addresses = addresses;
    info->address_count = 2;
    info->timezone = zone;
    return session;
}

eas_ctx_t *map_ctx(unsigned version, const char *zone, apr_pool_t *pool)
{
    eas_ctx_t *ctx = apr_pcalloc(pool, sizeof *ctx);
    ctx->conf = eas_conf_create(pool);
    ctx->pool = pool;
    ctx->version = version;
    ctx->session = zone ? session_in(zone, pool) : NULL;
    return ctx;
}

/* ---- notation ---- */

static const char *skip_blanks(const char *p)
{
    while (*p == ' ' || *p == '\n')
        p++;
    return p;
}

static const char *word(char *out, size_t size, const char *p)
{
    size_t n = strcspn(p, ":={} \n");
    assert_true(n > 0 && n < size);
    memcpy(out, p, n);
    out[n] = '\0';
    return p + n;
}

static int hex(char c)
{
    const char *digits = "0123456789ABCDEF", *at = strchr(digits, c);
    assert_true(c && at);
    return (int)(at - digits);
}

static const char *put_value(eas_writer_t *w, const char *p, apr_pool_t *pool)
{
    int quoted = *p == '\'', opaque;
    size_t len = strcspn(p += quoted, quoted ? "'" : "} \n"), n = 0;
    char *value = apr_palloc(pool, len + 1);
    for (size_t i = 0; i < len; i++) {
        value[n++] = p[i] == '%' ? (char)(hex(p[i + 1]) << 4 | hex(p[i + 2])) : p[i];
        i += p[i] == '%' ? 2 : 0;
    }
    opaque = n > 0 && value[0] == '#';
    if (opaque)
        eas_writer_opaque(w, value + 1, n - 1);
    else if (n)
        eas_writer_text(w, value, n);
    return p + len + quoted;
}

/* One element; *page is the last page named. */
static const char *put_element(eas_writer_t *w, const char *p, char page[40], apr_pool_t *pool)
{
    char name[64];
    p = word(name, sizeof name, p);
    if (*p == ':') {
        apr_cpystrn(page, name, 40);
        p = word(name, sizeof name, p + 1);
    }
    const eas_token_t *token = eas_token_by_name(page, name);
    if (!token)
        fail_msg("there is no %s:%s", page, name);
    eas_writer_start(w, eas_token_tag(token));
    if (*p == '=')
        p = put_value(w, p + 1, pool);
    if (*p == '{') {
        for (p = skip_blanks(p + 1); *p && *p != '}'; p = skip_blanks(p))
            p = put_element(w, p, page, pool);
        assert_int_equal(*p, '}');
        p++;
    }
    eas_writer_end(w);
    return p;
}

static eas_node_t *reparse(apr_bucket_brigade *bb, eas_writer_t *w, apr_pool_t *pool)
{
    const eas_limits_t limits = {.repair = 1};
    eas_wbxml_error_t error;
    eas_node_t *root;
    size_t len;
    if (eas_writer_finish(w) != EAS_WBXML_OK)
        fail_msg("cannot be written: %s", eas_wbxml_error_text(eas_writer_error(w), pool));
    char *data = test_flatten(bb, &len, pool);
    if (eas_node_parse(&root, &error, data, len, &limits, pool) != EAS_WBXML_OK)
        fail_msg("cannot be read: %s", eas_wbxml_error_text(&error, pool));
    return root;
}

eas_node_t *map_doc(const char *text, apr_pool_t *pool)
{
    char page[40] = "";
    apr_bucket_brigade *bb = test_brigade(pool);
    eas_writer_t *w = eas_writer_create(bb, 1 << 26, pool);
    if (!*text)
        return NULL;
    const char *end = skip_blanks(put_element(w, skip_blanks(text), page, pool));
    if (*end)
        fail_msg("left over: %s", end);
    return reparse(bb, w, pool);
}

static const char *text_of(const eas_node_t *node, apr_pool_t *pool)
{
    const char *name = eas_token_find(node->tag)->name, *value = apr_pstrmemdup(pool, node->data, node->len);
    if (node->child)
        return apr_pstrcat(pool, name, "{", map_text(node, pool), "}", NULL);
    if (node->is_empty)
        return name;
    if (node->is_opaque)
        return apr_pstrcat(pool, name, "=#", value, NULL);
    return apr_pstrcat(pool, name, strchr(value, ' ') ? "='" : "=", value, strchr(value, ' ') ? "'" : "", NULL);
}

const char *map_text(const eas_node_t *node, apr_pool_t *pool)
{
    const eas_node_t *child;
    apr_array_header_t *parts = apr_array_make(pool, 16, sizeof(const char *));
    EAS_NODE_EACH(child, node)
    {
        APR_ARRAY_PUSH(parts, const char *) = text_of(child, pool);
    }
    return apr_array_pstrcat(pool, parts, ' ');
}

/* ---- items ---- */

void map_view(eas_view_t *view)
{
    memset(view, 0, sizeof *view);
    view->truncation = view->mime_truncation = -1;
}

eas_node_t *map_encode(eas_ctx_t *ctx, const usm_item_t *item, const usm_fieldset_t *changed, const eas_view_t *view,
                       apr_pool_t *pool)
{
    eas_view_t whole;
    apr_bucket_brigade *bb = test_brigade(pool);
    eas_writer_t *w = eas_writer_create(bb, 1 << 26, pool);
    map_view(&whole);
    eas_map_t map = {
        .ctx = ctx, .out = w, .cls = item->cls, .view = view ? view : &whole, .server_id = "5:7", .pool = pool};
    eas_writer_start(w, EAS_AirSync_ApplicationData);
    eas_map_encode(&map, item, changed);
    eas_writer_end(w);
    return reparse(bb, w, pool);
}

usm_item_t *map_decode_node(eas_ctx_t *ctx, usm_class_e cls, const eas_node_t *node, const char *server_id,
                            apr_pool_t *pool)
{
    eas_view_t view;
    usm_item_t *item = NULL;
    map_view(&view);
    eas_map_t map = {.ctx = ctx, .cls = cls, .view = &view, .server_id = server_id, .pool = pool};
    usm_error_t *err = eas_map_decode(&item, &map, node);
    if (err && usm_error_class(err) != USM_CLASS_INVALID)
        fail_msg("%s", usm_error_text(err, pool));
    usm_error_clear(err);
    return err ? NULL : item;
}

usm_item_t *map_decode(eas_ctx_t *ctx, usm_class_e cls, const char *text, const char *server_id, apr_pool_t *pool)
{
    const char *doc = apr_pstrcat(pool, "AirSync:ApplicationData{", text, "}", NULL);
    return map_decode_node(ctx, cls, map_doc(doc, pool), server_id, pool);
}

usm_time_t map_time(const char *text)
{
    usm_time_t t;
    if (!eas_time_parse(&t, text))
        fail_msg("%s is no time", text);
    return t;
}
