/* SPDX-License-Identifier: Apache-2.0 */
/** @file ox_json.h  JSON values and a reader of row streams. ox_json.c alone includes jansson.
 *
 * Readers take NULL and values of another type: they answer NULL, 0 or the default, so that a look into what a server
 * sent needs no checks. Values belong to the pool they were parsed or made in; a value of one thread. */
#ifndef OX_JSON_H
#define OX_JSON_H

#include <usm/error.h>

typedef struct json_t ox_json_t;

/** Parse @a len bytes. NULL when it is no JSON. Leading white space is skipped; broken UTF-8 and lone surrogates are
 * repaired rather than refused. The value lives in @a pool. */
ox_json_t *ox_json_parse(const char *text, apr_size_t len, apr_pool_t *pool);
/** The same, but given back with ox_json_free(): for values that live shortly. */
ox_json_t *ox_json_parse_short(const char *text, apr_size_t len);
void ox_json_free(ox_json_t *j);

/** The JSON inside the HTML page that answers an upload: text between the outermost "({" and "})"; a page that is plain
 * JSON is taken as it is. NULL when there is none. */
ox_json_t *ox_json_parse_callback(const char *html, apr_size_t len, apr_pool_t *pool);

int ox_json_is_object(const ox_json_t *j);
int ox_json_is_array(const ox_json_t *j);
int ox_json_is_string(const ox_json_t *j);
int ox_json_is_number(const ox_json_t *j);
/** No value or null. */
int ox_json_is_null(const ox_json_t *j);
/** true, a number other than 0, or the strings "true" and "1". */
int ox_json_true(const ox_json_t *j);

ox_json_t *ox_json_get(const ox_json_t *object, const char *key);
int ox_json_count(const ox_json_t *array);
ox_json_t *ox_json_at(const ox_json_t *array, int index);
/** An integer, also from a string of digits or a real number. */
apr_int64_t ox_json_int(const ox_json_t *j, apr_int64_t dflt);
/** The same for times, which are kept within what can be reckoned with: a quarter of a million years around 1970. */
apr_int64_t ox_json_time(const ox_json_t *j, apr_int64_t dflt);
/** Is it something ox_json_int() can read? */
int ox_json_has_int(const ox_json_t *j);
/** Bytes of a string value, NULL when it is none; *len_p may be NULL. Lives as long as the value. */
const char *ox_json_str(const ox_json_t *j, apr_size_t *len_p);
/** A string or number as text fit for XML (util/text.h), in @a pool; NULL for anything else. */
const char *ox_json_text(const ox_json_t *j, apr_pool_t *pool);
const char *ox_json_get_text(const ox_json_t *object, const char *key, apr_pool_t *pool);

/** Makers; the value lives in @a pool. Setting a member or element copies what is given; a value that was set belongs
 * to its holder as well. */
ox_json_t *ox_json_object(apr_pool_t *pool);
ox_json_t *ox_json_array(apr_pool_t *pool);
void ox_json_set_text(ox_json_t *object, const char *key, const char *text); /**< NULL sets null */
void ox_json_set_int(ox_json_t *object, const char *key, apr_int64_t num);
void ox_json_set_bool(ox_json_t *object, const char *key, int yes);
void ox_json_set_null(ox_json_t *object, const char *key);
void ox_json_set(ox_json_t *object, const char *key, ox_json_t *value);
void ox_json_add(ox_json_t *array, ox_json_t *value);
void ox_json_add_text(ox_json_t *array, const char *text);
void ox_json_del(ox_json_t *object, const char *key);
/** ox_json_get() without regard to the key's case; of several the one spelled like @a key, else any. */
const ox_json_t *ox_json_get_nocase(const ox_json_t *object, const char *key);

/** Give an object the members of another one as well (NULL: none). */
void ox_json_merge(ox_json_t *object, const ox_json_t *more);
/** Are two values the same, as OX sees it: no value, null, "" and [] are. */
int ox_json_equal(const ox_json_t *a, const ox_json_t *b);

/** Compact text, in @a pool. */
const char *ox_json_dump(apr_size_t *len_p, const ox_json_t *j, apr_pool_t *pool);

#endif
