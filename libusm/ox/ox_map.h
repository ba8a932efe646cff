/* SPDX-License-Identifier: Apache-2.0 */
/** @file ox_map.h  Items ⇄ OX objects, driven by the rows of usm/tbl/. A converter belongs to a type, never to a field.
 *
 * A new field is a row in usm/tbl/<class>.h. A new type is a row in USM_TYPES and a reader and a writer in one of the
 * ox_conv_*.c files; the table in ox_map.c does not compile without them. */
#ifndef OX_MAP_H
#define OX_MAP_H

#include "ox/ox.h"
#include <usm/fields.h>

/** A row of usm/tbl/, the OX side of it. */
typedef struct ox_field_t {
    int field;
    usm_type_e type;
    int column; /* 0 = not a column */
    const char *key;
    unsigned flags;
} ox_field_t;
/** Rows of a class, in order of the field ids. Static. */
const ox_field_t *ox_map_fields(int *count_p, usm_class_e cls);

#define OX_COLUMN_MAX 4000

/** Which columns a listing asks for, and where they are in its rows. */
typedef struct ox_plan_t {
    usm_class_e cls;
    int count;
    int columns[USM_MAX_FIELDS + 32];
    short at[OX_COLUMN_MAX]; /* column number → position + 1 */
} ox_plan_t;
void ox_plan_init(ox_plan_t *plan, usm_class_e cls);
void ox_plan_add(ox_plan_t *plan, int column);
/** Add the columns of the fields in @a fields, with those their types need beside. */
void ox_plan_fields(ox_plan_t *plan, const usm_fieldset_t *fields);
const char *ox_plan_text(const ox_plan_t *plan, apr_pool_t *pool);
/** Value of a column, NULL when it was not asked for. */
static inline ox_json_t *ox_plan_cell(const ox_plan_t *plan, const ox_json_t *row, int column)
{
    return plan->at[column] ? ox_json_at(row, plan->at[column] - 1) : NULL;
}

/** What a reader may look at besides its own value. */
typedef struct ox_read_t {
    const ox_plan_t *plan;
    const ox_json_t *row;
    usm_item_t *item;
    const usm_fetch_t *fetch; /* bytes of bodies wanted */
    int own_id;               /* user id of the login */
} ox_read_t;

/** What a writer may look at besides its own value. */
typedef struct ox_write_t {
    ox_json_t *object;
    const usm_item_t *item;
    const usm_fieldset_t *fields; /* written along */
    const ox_json_t *current;     /* object as it is now, NULL when it is new or was not needed */
    int own_id;
    apr_pool_t *pool;
} ox_write_t;

typedef void (*ox_read_fn)(const ox_read_t *r, const ox_field_t *f, const ox_json_t *value);
typedef void (*ox_write_fn)(const ox_write_t *w, const ox_field_t *f, const usm_value_t *v);

/** Read a row into the item: fields of @a fields that have a column. Null columns make a field empty. */
void ox_map_read(const ox_read_t *r, const usm_fieldset_t *fields);
/** Read one value. */
void ox_map_read_value(const ox_read_t *r, const ox_field_t *f, const ox_json_t *value);
/** Write the fields of @a w->fields that the item has set or empty, as members of the object. Read-only fields and the
 * uid are left out. */
void ox_map_write(const ox_write_t *w);

/* Converters: ox_conv_simple.c, ox_conv_people.c, ox_conv_recur.c. */
#define OX_CONVERTER(name)                                                                                             \
    void ox_read_##name(const ox_read_t *r, const ox_field_t *f, const ox_json_t *value);                             \
    void ox_write_##name(const ox_write_t *w, const ox_field_t *f, const usm_value_t *v);
#define USM_TYPE(name, kind) OX_CONVERTER(name)
USM_TYPES(USM_TYPE)
#undef USM_TYPE

/** Why OX cannot hold a rule for a series that begins on a day; NULL when it can. */
const char *ox_recurrence_unfit(const usm_recurrence_t *rule, usm_time_t first);

/** A list of mail addresses as mail has it: [[name, address], …]. */
const usm_addrs_t *ox_addrs(const ox_json_t *list, apr_pool_t *pool);
/** Cut a text body to what the fetch wants. */
const usm_body_t *ox_text_body(const char *text, apr_size_t len, apr_uint64_t max, apr_pool_t *pool);

/** OX's number of a colour of enum usm_label_e. */
int ox_color_of(apr_int64_t label);

/** Ids of internal users among the attendees of @a item that have no mail address yet are added to @a ids (int). */
void ox_attendees_unknown(apr_array_header_t *ids, const usm_item_t *item);
/** Give attendees found by ox_attendees_unknown() the addresses of @a users: rows [id, display name, address].
 * Attendees whose address stays unknown are dropped. */
void ox_attendees_resolve(usm_item_t *item, const ox_json_t *users);

#endif
