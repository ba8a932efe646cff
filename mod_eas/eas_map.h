/* SPDX-License-Identifier: Apache-2.0 */
/** @file eas_map.h  Items to ApplicationData and back, through the rows of usm/tbl/.
 *
 * A row names the element of a field and the versions it exists in; how a value is written depends on the field's type
 * alone (eas_conv.c). What no row can say, because it is made of several fields or of none, is in class/. */
#ifndef EAS_MAP_H
#define EAS_MAP_H

#include <usm/usm.h>

#include "eas.h"
#include "eas_timezone.h"

#define EAS_PREFS_MAX 4

/** One BodyPreference (MS-ASAIRS 2.2.2.12). */
typedef struct eas_bodypref_t {
    int type; /**< 1 text, 2 HTML, 3 RTF, 4 MIME */
    int all_or_none;
    int preview;              /**< characters, 0 = none */
    apr_int64_t truncation;   /**< bytes, -1 = whole */
} eas_bodypref_t;

/** How a device wants its items. */
typedef struct eas_view_t {
    int prefs;
    eas_bodypref_t pref[EAS_PREFS_MAX];
    int mime_support;            /**< 0 never, 1 signed only, 2 all */
    apr_int64_t mime_truncation; /**< bytes, -1 = whole */
    apr_int64_t truncation;      /**< 2.5: bytes, -1 = whole */
    eas_bodypref_t part;         /**< BodyPartPreference; type 0 = none */
    int full;                    /**< Fetch: nothing is cut unless the preferences say so */
} eas_view_t;

/** What an encoder or decoder works with. */
typedef struct eas_map_t {
    eas_ctx_t *ctx;
    eas_writer_t *out; /**< encoding */
    usm_class_e cls;
    const eas_view_t *view;
    const char *server_id; /**< of the item being encoded: part of its attachments' references */
    const usm_item_t *item;
    const usm_item_t *series; /**< while an occurrence of it is being written */
    const usm_item_t *base;   /**< decoding a change: the item as the server has it, NULL when that is not needed */
    apr_pool_t *pool;
} eas_map_t;

typedef struct eas_row_t {
    const char *name;
    usm_type_e type;
    int field;
    unsigned tag;          /**< 0: no element of its own */
    unsigned since, until; /**< versions times ten */
} eas_row_t;

/** Rows of a class, ended by one without a name. */
const eas_row_t *eas_map_rows(usm_class_e cls);

/** NULL, or why @a item cannot be written: a time that ActiveSync has no text for, of it or of its exceptions. */
const char *eas_map_fault(const usm_item_t *item, apr_pool_t *pool);
/** Write the children of ApplicationData: all set fields, or, with @a changed, those alone (a mail whose flags changed
 * is sent as just these; other classes are sent whole, since a device drops what is missing, but for a picture that is
 * not in @a changed; one that went is sent empty). Never nothing at all. */
void eas_map_encode(eas_map_t *map, const usm_item_t *item, const usm_fieldset_t *changed);
/** Read ApplicationData into an item: set where there is a value, empty where the tag is empty. Elements of other
 * versions, of no row or of one that devices cannot change are passed over. Errors: INVALID (a value that cannot be).
 */
usm_error_t *eas_map_decode(usm_item_t **item_p, eas_map_t *map, const eas_node_t *data);
/** The part of eas_map_decode() that goes by rows: read the children of @a data into @a item. */
usm_error_t *eas_map_read_rows(usm_item_t *item, eas_map_t *map, const eas_node_t *data);
/** Does the row's element exist in a version? */
int eas_map_in_version(const eas_row_t *row, unsigned version);
/** Fields that stay when a change leaves them out: those the version has no element for, and, by the Supported list
 * kept from the first Sync, the ghosted ones. @a supported NULL = there was no Supported element. */
void eas_map_ghosted(usm_fieldset_t *ghosted, usm_class_e cls, unsigned version, const usm_fieldset_t *supported);
/** Read a Supported element. */
void eas_map_supported(usm_fieldset_t *set, usm_class_e cls, const eas_node_t *node);
/** What to ask the backend for. */
void eas_map_fetch(usm_fetch_t *fetch, usm_class_e cls, unsigned version, const eas_view_t *view);

/* eas_conv.c: by type */
typedef void (*eas_encode_fn)(eas_map_t *map, const eas_row_t *row, const usm_value_t *v);
typedef usm_error_t *(*eas_decode_fn)(usm_item_t *item, eas_map_t *map, const eas_row_t *row, const eas_node_t *node);
typedef struct eas_conv_t {
    eas_encode_fn encode; /**< NULL: written by the class */
    eas_decode_fn decode; /**< NULL: a device cannot set it */
} eas_conv_t;
extern const eas_conv_t eas_convs[USM_T_COUNT];
/** Bytes of a base64 text, which may be broken into lines; NULL when it is none or has more than @a max characters. */
unsigned char *eas_from_base64(apr_size_t *len_p, const char *text, apr_size_t max, apr_pool_t *pool);
/** Parse a dateTime in either form. @return 0 when it is none. */
int eas_time_parse(usm_time_t *t, const char *text);
/** Day that a dateTime stands for where a device means a day: midnight of its zone, noon, or midnight UTC. */
usm_time_t eas_day_of(eas_map_t *map, usm_time_t t);
/** Write the blob of a zone, or of UTC when it is unknown, as Calendar:Timezone. */
void eas_zone_put(eas_map_t *map, const char *zone);
/** Rule out of a Calendar:Timezone element. @return 0 when it is none. */
int eas_zone_read(eas_tzrule_t *rule, const eas_node_t *node, apr_pool_t *pool);
/** Name of the user's own zone; NULL when nobody knows. */
const char *eas_user_zone(const eas_map_t *map);

/** "Name" <address>, or the address alone. */
const char *eas_address(const usm_addr_t *a, apr_pool_t *pool);
/** Several of them, @a separator in between. */
const char *eas_address_list(const usm_addrs_t *addrs, const char *separator, apr_pool_t *pool);

/* eas_meeting.c */
void eas_encode_meeting(eas_map_t *map, const eas_row_t *row, const usm_value_t *v);
/* eas_flag.c */
void eas_encode_flag(eas_map_t *map, const eas_row_t *row, const usm_value_t *v);
usm_error_t *eas_decode_flag(usm_item_t *item, eas_map_t *map, const eas_row_t *row, const eas_node_t *node);
/* eas_mapbody.c */
void eas_encode_body(eas_map_t *map, const eas_row_t *row, const usm_value_t *v);
usm_error_t *eas_decode_body(usm_item_t *item, eas_map_t *map, const eas_row_t *row, const eas_node_t *node);

/* class/: before and after the rows */
void eas_email_extra(eas_map_t *map, const usm_item_t *item);
usm_error_t *eas_event_decoded(usm_item_t *item, eas_map_t *map, const eas_node_t *data);
void eas_event_extra(eas_map_t *map, const usm_item_t *item);
int eas_event_skips(eas_map_t *map, const eas_row_t *row);
void eas_contact_extra(eas_map_t *map, const usm_item_t *item);
void eas_task_extra(eas_map_t *map, const usm_item_t *item);
usm_error_t *eas_task_decoded(usm_item_t *item, eas_map_t *map, const eas_node_t *data);
void eas_note_extra(eas_map_t *map, const usm_item_t *item);
usm_error_t *eas_note_decoded(usm_item_t *item, eas_map_t *map, const eas_node_t *data);
/** Does a change of a note have to be read beside what the server has of it (map->base)? */
int eas_note_needs_base(const eas_node_t *data);
/** The Location of 16.x as the item's. */
void eas_event_place(usm_item_t *item, const eas_node_t *data);
/** An event time on the wire for the item's zone; used by the converter of EVTIME. */
usm_time_t eas_event_wire_time(eas_map_t *map, usm_time_t t);
/** Is it an occurrence whose series the user cannot see? */
int eas_event_is_orphan(const usm_item_t *item);
/** Does a change of an event have to be read beside what the server has of it (map->base)? */
int eas_event_needs_base(const eas_node_t *data, unsigned version);

#endif
