/* SPDX-License-Identifier: Apache-2.0 */
/** @file eas_search.h  Stores that Search and Find look into: one row each in the command's table. */
#ifndef EAS_SEARCH_H
#define EAS_SEARCH_H

#include "eas_collection.h"

#define EAS_SEARCH_TEXT_MAX 1024 /**< bytes of FreeText, or of a query that is text (MS-ASCMD 2.2.3.191) */

/** Carry out a search and write what the element Store (or, in Find, Response) holds: Status first, then results, Range
 * and Total. Returns an error only when nothing can be told but that the whole command failed. */
typedef usm_error_t *(*eas_store_fn)(eas_ctx_t *ctx, const eas_node_t *node, eas_writer_t *out);

usm_error_t *eas_search_mailbox(eas_ctx_t *ctx, const eas_node_t *store, eas_writer_t *out);
usm_error_t *eas_search_gal(eas_ctx_t *ctx, const eas_node_t *store, eas_writer_t *out);
usm_error_t *eas_find_mailbox(eas_ctx_t *ctx, const eas_node_t *criterion, eas_writer_t *out);
usm_error_t *eas_find_gal(eas_ctx_t *ctx, const eas_node_t *criterion, eas_writer_t *out);
/** Is there a result by this name that a page further down can be of? A Find that begins in the middle is an error. */
usm_error_t *eas_find_is_kept(int *kept_p, eas_ctx_t *ctx, const char *name);
usm_error_t *eas_find_keep(eas_ctx_t *ctx, const char *name);

/** "first-last" of @a options' Range; a missing one is 0 to @a last_default. @return 0 when it is none. */
int eas_range_read(int *first, int *last, const eas_node_t *node, int last_default);
/** Split a search text into terms of @a query: words, "phrases", -without, and, with @a keywords, from:, to:, cc:,
 * bcc:, subject:, body: before them. @return 0 when it is too long or has too many. */
int eas_query_words(usm_query_t *query, const char *text, int keywords, apr_pool_t *pool);
/** Name for a kept result: a digest of everything below @a node, and @a more. */
const char *eas_query_name(const eas_node_t *node, const char *more, apr_pool_t *pool);
/** A page of hits: how many of them from *first_p on are shown (0 when there are none there). */
int eas_search_page(const apr_array_header_t *hits, int first, int last, int most);

#endif
