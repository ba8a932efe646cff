/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ApplicationData from a device. The first byte picks class and version, the rest is WBXML. Besides not crashing: what
 * was taken can be written for that version and read again, and from then on nothing changes any more.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>

#include "core/core.h"
#include "eas_map.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition) ((condition) ? (void)0 : abort())

/* A session that only knows what its user is called. */
static usm_session_t *make_session(apr_pool_t *pool)
{
    static const char *addresses[] = {"a@b"};
    static const usm_userinfo_t info = {
        .primary_address = "a@b", .timezone = "Pacific/Auckland", .address_count = 1, .addresses = addresses};
    usm_session_t *session = apr_pcalloc(pool, sizeof(*session));

    session->ctx = apr_pcalloc(pool, sizeof(*session->ctx));
    session->login = apr_pcalloc(pool, sizeof(*session->login));
    session->login->info = &info;
    CHECK(apr_thread_mutex_create(&session->ctx->lock, APR_THREAD_MUTEX_DEFAULT, pool) == APR_SUCCESS);
    return session;
}

static usm_item_t *decode(eas_map_t *map, const eas_node_t *node)
{
    usm_item_t *item = NULL;
    usm_error_t *err = eas_map_decode(&item, map, node);

    CHECK(err == NULL || usm_error_class(err) == USM_CLASS_INVALID);
    CHECK((err == NULL) == (item != NULL));
    usm_error_clear(err);
    return item;
}

static const eas_node_t *encode(eas_map_t *map, const usm_item_t *item)
{
    apr_bucket_brigade *bb = apr_brigade_create(map->pool, apr_bucket_alloc_create(map->pool));
    eas_node_t *root;
    const char *data;
    apr_size_t len;

    map->out = eas_writer_create(bb, 1 << 26, map->pool);
    eas_writer_start(map->out, EAS_AirSync_ApplicationData);
    eas_map_encode(map, item, NULL);
    eas_writer_end(map->out);
    CHECK(eas_writer_finish(map->out) == EAS_WBXML_OK);
    CHECK(eas_wbxml_flatten(&data, &len, bb, 1 << 26, map->pool) == EAS_WBXML_OK);
    CHECK(eas_node_parse(&root, NULL, data, len, NULL, map->pool) == EAS_WBXML_OK);
    CHECK(eas_node_outside_version(root, map->ctx->version) == NULL);
    return root;
}

static void same(const usm_item_t *a, const usm_item_t *b)
{
    for (int f = 0; f < usm_class_fields(a->cls); f++) {
        if (usm_item_isset(a, f) && usm_item_isset(b, f))
            CHECK(usm_value_equal(usm_field(a->cls, f)->type, &a->v[f], &b->v[f]));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned versions[] = {25, 120, 121, 140, 141, 160, 161, 141};
    static const usm_class_e classes[] = {USM_EMAIL, USM_CONTACT, USM_EVENT, USM_TASK, USM_NOTE};
    const eas_limits_t limits = {.repair = 1};
    eas_view_t view = {.truncation = -1, .mime_truncation = -1};
    eas_ctx_t ctx = {0};
    eas_map_t map = {.ctx = &ctx, .view = &view, .server_id = "5:7"};
    usm_item_t *first, *second, *third;
    eas_node_t *root;
    apr_pool_t *pool;

    if (size < 1)
        return 0;
    apr_initialize();
    apr_pool_create(&pool, NULL);
    ctx.pool = map.pool = pool;
    ctx.version = versions[data[0] & 7];
    map.cls = classes[(data[0] >> 3 & 7) % 5];
    ctx.session = data[0] & 64 ? NULL : make_session(pool);
    if (eas_node_parse(&root, NULL, data + 1, size - 1, &limits, pool) == EAS_WBXML_OK &&
        eas_node_outside_version(root, ctx.version) == NULL && (first = decode(&map, root)) != NULL &&
        (second = decode(&map, encode(&map, first))) != NULL) {
        third = decode(&map, encode(&map, second));
        if (third != NULL)
            same(second, third);
        map.server_id = NULL; /* an Add has defaults */
        decode(&map, root);
    }
    apr_pool_destroy(pool);
    return 0;
}
