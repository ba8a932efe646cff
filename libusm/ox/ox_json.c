/* SPDX-License-Identifier: Apache-2.0 */
#include "ox/ox_json.h"
#include "util/text.h"

#include <apr_strings.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static apr_status_t decref(void *data)
{
    json_decref(data);
    return APR_SUCCESS;
}

static ox_json_t *owned(json_t *j, apr_pool_t *pool)
{
    if (j)
        apr_pool_cleanup_register(pool, j, decref, apr_pool_cleanup_null);
    return j;
}

/* ---- parsing ---- */

static int hex4(const char *p)
{
    int value = 0;
    for (int i = 0; i < 4; i++) {
        int c = (unsigned char)p[i];
        int digit = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

static int surrogate_at(const char *p, apr_size_t left)
{
    int code = left >= 6 && p[0] == '\\' && p[1] == 'u' ? hex4(p + 2) : -1;
    return code >= 0xdc00 && code <= 0xdfff ? 2 : code >= 0xd800 && code <= 0xdbff ? 1 : 0;
}

/* What strict parsers refuse and Java's writers let through: broken UTF-8, raw control characters, half surrogates. */
static char *repair(const char *text, apr_size_t *len_p, apr_pool_t *pool)
{
    apr_size_t len;
    char *s = usm__text_clean(pool, text, *len_p, &len);
    int in_string = 0;
    for (apr_size_t i = 0; i < len; i++) {
        if (s[i] == '"') {
            in_string = !in_string;
        } else if (in_string && (unsigned char)s[i] < 0x20) {
            s[i] = ' ';
        } else if (in_string && s[i] == '\\') {
            int kind = surrogate_at(s + i, len - i);
            if (kind == 1 && surrogate_at(s + i + 6, len - i > 6 ? len - i - 6 : 0) == 2)
                i += 11;
            else if (kind)
                memcpy(s + i + 2, "fffd", 4);
            else
                i++;
        }
    }
    *len_p = len;
    return s;
}

static json_t *load(const char *text, apr_size_t len)
{
    json_error_t error;
    return json_loadb(text, len, JSON_ALLOW_NUL | JSON_DECODE_ANY, &error);
}

ox_json_t *ox_json_parse_short(const char *text, apr_size_t len)
{
    json_t *j = load(text, len);
    if (!j && len > 0) {
        apr_pool_t *pool;
        apr_pool_create(&pool, NULL);
        const char *fixed = repair(text, &len, pool);
        j = load(fixed, len);
        apr_pool_destroy(pool);
    }
    return j;
}

void ox_json_free(ox_json_t *j)
{
    json_decref(j);
}

ox_json_t *ox_json_parse(const char *text, apr_size_t len, apr_pool_t *pool)
{
    return text ? owned(ox_json_parse_short(text, len), pool) : NULL;
}

ox_json_t *ox_json_parse_callback(const char *html, apr_size_t len, apr_pool_t *pool)
{
    apr_size_t at = 0, end = len;
    if (!html)
        return NULL;
    while (at < len && (unsigned char)html[at] <= ' ')
        at++;
    if (at < len && html[at] == '{')
        return ox_json_parse(html + at, len - at, pool);
    while (at + 1 < len && !(html[at] == '(' && html[at + 1] == '{'))
        at++;
    while (end >= at + 2 && !(html[end - 2] == '}' && html[end - 1] == ')'))
        end--;
    if (at + 3 >= len || end < at + 4)
        return NULL;
    return ox_json_parse(html + at + 1, end - at - 2, pool);
}

/* ---- reading ---- */

int ox_json_is_object(const ox_json_t *j)
{
    return json_is_object(j);
}

int ox_json_is_array(const ox_json_t *j)
{
    return json_is_array(j);
}

int ox_json_is_string(const ox_json_t *j)
{
    return json_is_string(j);
}

int ox_json_is_number(const ox_json_t *j)
{
    return json_is_number(j);
}

int ox_json_is_null(const ox_json_t *j)
{
    return !j || json_is_null(j);
}

int ox_json_true(const ox_json_t *j)
{
    if (json_is_string(j))
        return strcmp(json_string_value(j), "true") == 0 || strcmp(json_string_value(j), "1") == 0;
    return json_is_true(j) || (json_is_integer(j) && json_integer_value(j) != 0);
}

ox_json_t *ox_json_get(const ox_json_t *object, const char *key)
{
    return json_object_get(object, key);
}

int ox_json_count(const ox_json_t *array)
{
    return (int)json_array_size(array);
}

ox_json_t *ox_json_at(const ox_json_t *array, int index)
{
    return index < 0 ? NULL : json_array_get(array, (size_t)index);
}

static int digits(const char *s, apr_size_t len)
{
    if (len > 0 && *s == '-') {
        s++;
        len--;
    }
    if (len == 0 || len > 18)
        return 0;
    for (apr_size_t i = 0; i < len; i++) {
        if (s[i] < '0' || s[i] > '9')
            return 0;
    }
    return 1;
}

int ox_json_has_int(const ox_json_t *j)
{
    if (json_is_string(j))
        return digits(json_string_value(j), json_string_length(j));
    if (json_is_real(j))
        return json_real_value(j) > -9.0e18 && json_real_value(j) < 9.0e18;
    return json_is_integer(j);
}

apr_int64_t ox_json_int(const ox_json_t *j, apr_int64_t dflt)
{
    if (!ox_json_has_int(j))
        return dflt;
    if (json_is_string(j))
        return apr_atoi64(json_string_value(j));
    if (json_is_real(j))
        return (apr_int64_t)json_real_value(j);
    return json_integer_value(j);
}

#define TIME_LIMIT APR_INT64_C(8640000000000000) /* what JavaScript has for a date, ms */

apr_int64_t ox_json_time(const ox_json_t *j, apr_int64_t dflt)
{
    apr_int64_t t = ox_json_int(j, dflt);
    if (!ox_json_has_int(j))
        return dflt;
    return t > TIME_LIMIT ? TIME_LIMIT : t < -TIME_LIMIT ? -TIME_LIMIT : t;
}

const char *ox_json_str(const ox_json_t *j, apr_size_t *len_p)
{
    if (!json_is_string(j))
        return NULL;
    if (len_p)
        *len_p = json_string_length(j);
    return json_string_value(j);
}

const char *ox_json_text(const ox_json_t *j, apr_pool_t *pool)
{
    if (json_is_string(j))
        return usm__text_clean(pool, json_string_value(j), json_string_length(j), NULL);
    if (json_is_integer(j) || (ox_json_has_int(j) && (double)ox_json_int(j, 0) == json_real_value(j)))
        return apr_psprintf(pool, "%" APR_INT64_T_FMT, ox_json_int(j, 0));
    if (json_is_real(j)) {
        char num[40]; /* APR's own %g is wrong for large exponents */
        snprintf(num, sizeof num, "%.15g", json_real_value(j));
        return apr_pstrdup(pool, num);
    }
    return NULL;
}

const char *ox_json_get_text(const ox_json_t *object, const char *key, apr_pool_t *pool)
{
    return ox_json_text(json_object_get(object, key), pool);
}

const ox_json_t *ox_json_get_nocase(const ox_json_t *object, const char *key)
{
    const ox_json_t *exact = ox_json_get(object, key);
    void *it = exact ? NULL : json_object_iter((json_t *)object);
    while (it && strcasecmp(json_object_iter_key(it), key) != 0)
        it = json_object_iter_next((json_t *)object, it);
    return it ? json_object_iter_value(it) : exact;
}

/* ---- making ---- */

ox_json_t *ox_json_object(apr_pool_t *pool)
{
    return owned(json_object(), pool);
}

ox_json_t *ox_json_array(apr_pool_t *pool)
{
    return owned(json_array(), pool);
}

/* Text from our own side is clean; should it not be, an empty string is better than a member that is missing. */
static json_t *string_of(const char *text)
{
    json_t *j = text ? json_string(text) : json_null();
    return j ? j : json_string("");
}

void ox_json_set_text(ox_json_t *object, const char *key, const char *text)
{
    json_object_set_new(object, key, string_of(text));
}

void ox_json_set_int(ox_json_t *object, const char *key, apr_int64_t num)
{
    json_object_set_new(object, key, json_integer(num));
}

void ox_json_set_bool(ox_json_t *object, const char *key, int yes)
{
    json_object_set_new(object, key, json_boolean(yes));
}

void ox_json_set_null(ox_json_t *object, const char *key)
{
    json_object_set_new(object, key, json_null());
}

void ox_json_set(ox_json_t *object, const char *key, ox_json_t *value)
{
    json_object_set(object, key, value);
}

void ox_json_add(ox_json_t *array, ox_json_t *value)
{
    json_array_append(array, value);
}

void ox_json_add_text(ox_json_t *array, const char *text)
{
    json_array_append_new(array, string_of(text));
}

void ox_json_del(ox_json_t *object, const char *key)
{
    json_object_del(object, key);
}

void ox_json_merge(ox_json_t *object, const ox_json_t *more)
{
    json_object_update(object, (json_t *)more);
}

static int is_nothing(const ox_json_t *j)
{
    return ox_json_is_null(j) || (json_is_string(j) && !json_string_length(j)) ||
           (json_is_array(j) && !json_array_size(j));
}

int ox_json_equal(const ox_json_t *a, const ox_json_t *b)
{
    return (is_nothing(a) && is_nothing(b)) || json_equal((json_t *)a, (json_t *)b);
}

const char *ox_json_dump(apr_size_t *len_p, const ox_json_t *j, apr_pool_t *pool)
{
    char *text = json_dumps(j, JSON_COMPACT | JSON_ENCODE_ANY);
    const char *copy = apr_pstrdup(pool, text ? text : "null");
    free(text);
    if (len_p)
        *len_p = strlen(copy);
    return copy;
}
