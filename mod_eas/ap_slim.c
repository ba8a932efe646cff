/* SPDX-License-Identifier: Apache-2.0 */
/* A request that waits needs no request_rec: that is two thirds of the memory. One like it is made for the answer. */
#include "ap_park.h"

#include <apr_strings.h>
#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <util_filter.h>

#define LONGEST 1024 /* bytes of a header or line that are kept */
#define NODE (8192 - APR_MEMNODE_T_SIZE) /* bytes in the smallest node of a pool */
#define NODES_MAX 256
#define UNUSED_MAX 32
#define PAGE 4096

typedef struct part_t {
    const char **to;
    const char *text;
    apr_size_t len;
} part_t;

static void save_headers(part_t *parts, const request_rec *r)
{
    parts[0].text = apr_table_get(r->headers_in, "User-Agent");
    parts[1].text = apr_table_get(r->headers_in, "Accept-Encoding");
    parts[2].text = apr_table_get(r->headers_in, "Connection");
}

static eas_ap_saved_t *save(const request_rec *r)
{
    eas_ap_saved_t head = {.server = r->server, .request_time = r->request_time, .proto_num = r->proto_num}, *saved;
    part_t parts[] = {{&head.agent, NULL, 0}, {&head.encoding, NULL, 0}, {&head.connection, NULL, 0},
                      {&head.uri, r->uri, 0}, {&head.args, r->args, 0}, {&head.the_request, r->the_request, 0},
                      {&head.user, r->user, 0}, {&head.hostname, r->hostname, 0}, {&head.ip, r->useragent_ip, 0}};
    const unsigned count = sizeof(parts) / sizeof(parts[0]);
    apr_size_t total = 0;
    char *at;
    unsigned i;

    save_headers(parts, r);
    for (i = 0; i < count; i++) {
        apr_size_t len = parts[i].text != NULL ? strlen(parts[i].text) : 0;

        parts[i].len = len < LONGEST ? len : LONGEST;
        total += parts[i].len + 1;
    }
    saved = malloc(sizeof(*saved) + total);
    if (saved == NULL) {
        return NULL;
    }
    at = saved->text;
    for (i = 0; i < count; i++) {
        if (parts[i].text != NULL) {
            *parts[i].to = at;
            memcpy(at, parts[i].text, parts[i].len);
            at += parts[i].len;
            *at++ = '\0';
        }
    }
    memcpy(saved, &head, sizeof(head));
    return saved;
}

/* Has memory of this node ever been written to? What is fresh from the system has not, but for its head. */
static int was_used(const apr_memnode_t *node)
{
    unsigned char resident = 0;
    const char *last = node->endp - 1;

    return mincore((void *)(last - (apr_uintptr_t)last % PAGE), 1, &resident) == 0 && (resident & 1) != 0;
}

/* What earlier requests of the connection have left free is taken from its allocator, and given back to the system. */
static void drain(apr_allocator_t *allocator)
{
    apr_memnode_t *nodes = NULL;
    int i, unused = 0;

    apr_allocator_max_free_set(allocator, APR_ALLOCATOR_MAX_FREE_UNLIMITED);
    for (i = 0; i < NODES_MAX && unused < UNUSED_MAX; i++) {
        apr_memnode_t *node = apr_allocator_alloc(allocator, NODE);

        if (node == NULL) {
            break;
        }
        unused = was_used(node) ? 0 : unused + 1;
        node->next = nodes;
        nodes = node;
    }
    apr_allocator_max_free_set(allocator, 1);
    if (nodes != NULL) {
        apr_allocator_free(allocator, nodes);
    }
}

/* From its first wait on the connection keeps nothing for its next request: it would keep it for an hour. */
static void give_back(eas_conn_t *conn, apr_pool_t *request_pool)
{
    apr_allocator_t *allocator = apr_pool_allocator_get(conn->c->pool);

    apr_allocator_max_free_set(allocator, 1);
    apr_pool_destroy(request_pool);
    if (!conn->in_all) {
        drain(allocator);
    }
}

int eas_slim_drop(eas_conn_t *conn)
{
    request_rec *r = conn->r;

    free(conn->saved);
    conn->saved = save(r);
    if (conn->saved == NULL) {
        return 0;
    }
    conn->r = NULL;
    give_back(conn, r->pool);
    return 1;
}

request_rec *eas_slim_restore(eas_conn_t *conn)
{
    const eas_ap_saved_t *saved = conn->saved;
    const core_dir_config *core;
    conn_rec *c = conn->c;
    request_rec *r;

    r = ap_create_request(c);
    r->server = saved->server;
    r->per_dir_config = saved->server->lookup_defaults;
    r->request_time = saved->request_time;
    r->method = "POST";
    r->method_number = M_POST;
    r->proto_num = saved->proto_num;
    r->protocol = saved->proto_num >= HTTP_VERSION(1, 1) ? "HTTP/1.1" : "HTTP/1.0";
    r->the_request = apr_pstrdup(r->pool, saved->the_request);
    r->uri = apr_pstrdup(r->pool, saved->uri);
    r->args = apr_pstrdup(r->pool, saved->args);
    r->unparsed_uri = apr_pstrcat(r->pool, r->uri, r->args != NULL ? "?" : "", r->args, NULL);
    r->user = apr_pstrdup(r->pool, saved->user);
    r->ap_auth_type = r->user != NULL ? apr_pstrdup(r->pool, "Basic") : NULL;
    r->hostname = apr_pstrdup(r->pool, saved->hostname);
    r->useragent_ip = apr_pstrdup(r->pool, saved->ip);
    r->handler = "eas";
    r->status = HTTP_OK;
    if (saved->agent != NULL) {
        apr_table_set(r->headers_in, "User-Agent", saved->agent);
    }
    if (saved->encoding != NULL) {
        apr_table_set(r->headers_in, "Accept-Encoding", saved->encoding);
    }
    if (saved->connection != NULL) {
        apr_table_set(r->headers_in, "Connection", saved->connection);
    }
    /* Without it the end of this request would read, and eat, the next one. */
    ap_add_input_filter("HTTP_IN", NULL, r, c);
    ap_location_walk(r);
    core = ap_get_core_module_config(r->per_dir_config);
    r->log = core->log;
    ap_run_insert_filter(r);
    return r;
}
