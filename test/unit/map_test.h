/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of the mapping share: a context without a web server, and documents in a short notation, so that a
 * test is a table of {in, out}:  Page:Tag{Tag=value Tag='a value' Tag}  The page holds until another one is named.
 */
#ifndef MAP_TEST_H
#define MAP_TEST_H

#include "wbxml_test.h"

#include "eas_map.h"

/* A context of VERSION (times ten) whose user is a@b in ZONE; no session at all when ZONE is NULL. */
eas_ctx_t *map_ctx(unsigned version, const char *zone, apr_pool_t *pool);

/* The document that TEXT stands for, through the writer and the parser as from the wire. %HH in a value is a byte; a
 * value that begins with '#' is sent as opaque. NULL when TEXT is empty. */
eas_node_t *map_doc(const char *text, apr_pool_t *pool);

/* The children of NODE in the notation, without pages; values in quotes where they have a blank. */
const char *map_text(const eas_node_t *node, apr_pool_t *pool);

/* ITEM as ApplicationData, written and parsed again. VIEW NULL: everything whole. */
eas_node_t *map_encode(eas_ctx_t *ctx, const usm_item_t *item, const usm_fieldset_t *changed, const eas_view_t *view,
                       apr_pool_t *pool);

/* The item that ApplicationData in the notation ("Contacts:FirstName=x") makes; NULL when it is refused. */
usm_item_t *map_decode(eas_ctx_t *ctx, usm_class_e cls, const char *text, const char *server_id, apr_pool_t *pool);

/* As map_decode(), of a node. */
usm_item_t *map_decode_node(eas_ctx_t *ctx, usm_class_e cls, const eas_node_t *node, const char *server_id,
                            apr_pool_t *pool);

/* A view with these defaults: no preference, nothing cut. */
void map_view(eas_view_t *view);

/* Time of "2026-01-31T23:59:59Z"; fails the test when it is none. */
usm_time_t map_time(const char *text);

/* Versions there are, ended by 0. */
extern const unsigned map_versions[];

#endif
