/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OXD_SEEDFIELD_H
#define OXD_SEEDFIELD_H

/* Members of seed and state objects with a default. */

#include "oxd.h"

static inline int64_t oxd_field_int(const json_t *obj, const char *key, int64_t dflt)
{
    const json_t *v = json_object_get(obj, key);

    return json_is_integer(v) ? json_integer_value(v) : dflt;
}

static inline const char *oxd_field_str(const json_t *obj, const char *key, const char *dflt)
{
    const json_t *v = json_object_get(obj, key);

    return json_is_string(v) ? json_string_value(v) : dflt;
}

static inline bool oxd_field_bool(const json_t *obj, const char *key, bool dflt)
{
    const json_t *v = json_object_get(obj, key);

    return json_is_boolean(v) ? json_is_true(v) : dflt;
}

#endif
