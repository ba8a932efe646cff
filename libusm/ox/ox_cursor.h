/* SPDX-License-Identifier: Apache-2.0 */
/** @file ox_cursor.h  Where a feed of `updates` stands. Pure: no calls.
 *
 * OX stamps objects in milliseconds and may commit an older stamp after a newer one was read (spec 1.10). So a new
 * stamp is not trusted for 5 s: until then the feed is asked from one second before it, and the rows of that second
 * are known by a checksum, so that reading them again is no news. Text: "1 <stamp>" settled, "1 <stamp> <seen at>
 * <checksum>" not yet. */
#ifndef OX_CURSOR_H
#define OX_CURSOR_H

#include <apr_tables.h>
#include <usm/types.h>

#define OX_SETTLE_MS 5000
#define OX_OVERLAP_MS 1000

typedef struct ox_cursor_t {
    apr_int64_t stamp;
    apr_int64_t seen; /* our clock when the stamp was first seen */
    apr_uint64_t sum; /* of the rows newer than stamp - 1 s */
    int settled;
} ox_cursor_t;

/** 0 when the text is no cursor. */
int ox_cursor_parse(ox_cursor_t *cursor, const char *text);
const char *ox_cursor_text(const ox_cursor_t *cursor, apr_pool_t *pool);
/** Timestamp to ask `updates` from. */
apr_int64_t ox_cursor_since(const ox_cursor_t *cursor);

/** Rows seen in one answer. */
typedef struct ox_recent_t {
    apr_int64_t newest;
    int news; /* rows newer than the cursor's stamp, and deletions beyond what the checksum holds */
    apr_array_header_t *rows;
    int overflow;
} ox_recent_t;
void ox_recent_init(ox_recent_t *recent, apr_pool_t *pool);
/** Note a row; @a stamp -1: a deletion. */
void ox_recent_add(ox_recent_t *recent, const char *id, apr_int64_t stamp);
/** Does the answer tell of anything that was not known at @a cursor? @a answered: the envelope's timestamp. */
int ox_recent_is_news(const ox_recent_t *recent, const ox_cursor_t *cursor, apr_int64_t answered);
/** The cursor after an answer. @a old NULL: it was the first one. @a now: our clock before the call. */
void ox_cursor_next(ox_cursor_t *next, const ox_cursor_t *old, const ox_recent_t *recent, apr_int64_t answered,
                    apr_int64_t now);

#endif
