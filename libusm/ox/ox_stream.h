/* SPDX-License-Identifier: Apache-2.0 */
/** @file ox_stream.h  Reads an envelope as it arrives and hands out each element of its `data` array at once, so that a
 * listing of any length needs the memory of its longest row.
 *
 * Everything outside the rows (timestamp, error, code, categories, …) is kept, bounded, and parsed at the end: an
 * envelope whose `data` is an empty array, or whatever else `data` was. */
#ifndef OX_STREAM_H
#define OX_STREAM_H

#include "ox/ox_json.h"

/** Gets one row. It lives during the call. An error ends the reading. */
typedef usm_error_t *(*ox_row_fn)(void *baton, const ox_json_t *row);

typedef struct ox_stream_t ox_stream_t;

/** Make a reader in @a pool. */
ox_stream_t *ox_stream_create(ox_row_fn on_row, void *baton, apr_pool_t *pool);
/** Take the next piece. Nonzero: stop, ox_stream_end() tells why. */
int ox_stream_feed(ox_stream_t *stream, const char *data, apr_size_t len);
/** How many rows were handed out. */
apr_size_t ox_stream_rows(const ox_stream_t *stream);
/** The end of the input. *envelope_p is what remained beside the rows. Errors: that of the row function; BACKEND (no
 * JSON, cut off); LIMIT (a row or the rest is too large). */
usm_error_t *ox_stream_end(ox_json_t **envelope_p, ox_stream_t *stream, apr_pool_t *pool);

#endif
