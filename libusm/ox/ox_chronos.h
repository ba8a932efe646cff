/* SPDX-License-Identifier: Apache-2.0 */
/** @file ox_chronos.h  Module chronos of OX 7.10 and later (spec 5.6, 5.7): appointments as events, an alternative to
 * the legacy module calendar (ox_pim.h). Ids of events are the same in both, and so are revisions, so that a site can
 * change from one to the other without its devices noticing.
 *
 * Differences that matter: members have names, not columns; times carry their zone; an occurrence is named by its
 * original start; what a member holds beyond the item is kept when it is written. */
#ifndef OX_CHRONOS_H
#define OX_CHRONOS_H

#include "ox/ox_rfc5545.h"
#include "ox/ox_series.h"

/* ---- events and items (ox_chronos_map.c, ox_chronos_people.c) ---- */

/** When an event takes place. */
typedef struct ox_event_times_t {
    int known, all_day;       /**< known 0: the event does not tell */
    usm_time_t start, end;    /**< as EVTIME fields: instants, or days with the end behind the last */
    const char *zone, *end_zone; /**< IANA names, "UTC" for times written so; NULL for days */
    ox_first_t first;         /**< for rules and recurrence ids */
} ox_event_times_t;
void ox_event_times(ox_event_times_t *times, const ox_json_t *event, apr_pool_t *pool);

typedef struct ox_event_read_t {
    const ox_json_t *event;
    usm_item_t *item;
    const usm_fetch_t *fetch; /**< bytes of bodies wanted; NULL = all */
    int own_id;               /**< user id of the login */
    ox_event_times_t times;   /**< made by ox_event_read() */
} ox_event_read_t;

typedef struct ox_event_write_t {
    ox_json_t *object; /**< gets the members */
    const usm_item_t *item;
    const usm_fieldset_t *fields;
    const ox_json_t *current;   /**< the event as it is; NULL: a new one */
    const char *fallback_zone;  /**< of times whose zone nobody names */
    int own_id, both_times;     /**< both_times: of a new exception, even where they are the master's */
    int times_done;
    apr_pool_t *pool;
} ox_event_write_t;

struct ox_event_row_t;
typedef void (*ox_event_read_fn)(const ox_event_read_t *r, const struct ox_event_row_t *row);
/** @a v is set or empty. */
typedef void (*ox_event_write_fn)(ox_event_write_t *w, const struct ox_event_row_t *row, const usm_value_t *v);

/** A field and the members that it is made of, the one that a plain value stands in first. */
typedef struct ox_event_row_t {
    int field;
    const char *key, *more; /**< more: further members to ask for, separated by commas, or NULL */
    ox_event_read_fn read;
    ox_event_write_fn write; /**< NULL: never written by an update */
} ox_event_row_t;
/** Row of a field; NULL: module chronos has nothing for it. Static. */
const ox_event_row_t *ox_event_row(int field);
/** `fields` of a request: @a base and the members of the fields. */
const char *ox_event_fields(const char *base, const usm_fieldset_t *fields, apr_pool_t *pool);
/** Read the fields of @a fields into r->item. */
void ox_event_read(ox_event_read_t *r, const usm_fieldset_t *fields);
/** Write those of w->fields that w->item has set or empty, leaving out what would change nothing. */
void ox_event_write(ox_event_write_t *w);

/** recurrenceId of the occurrence planned for @a day. */
const char *ox_event_recurrence_id(const usm_item_t *series, usm_time_t day, apr_pool_t *pool);
/** Id of the series that an event is a changed occurrence of; NULL: of none. */
const char *ox_event_master(const ox_json_t *event, apr_pool_t *pool);
/** Mail address of a calendar user, without "mailto:"; NULL: it has none. */
const char *ox_event_address(const ox_json_t *person, apr_pool_t *pool);
/** Is the event somebody else's, to which the user was invited? */
int ox_event_is_guest(const ox_json_t *event, int own_id, apr_pool_t *pool);

void ox_event_read_attendees(const ox_event_read_t *r, const ox_event_row_t *row);
void ox_event_write_attendees(ox_event_write_t *w, const ox_event_row_t *row, const usm_value_t *v);
void ox_event_read_organizer(const ox_event_read_t *r, const ox_event_row_t *row);
void ox_event_read_own_status(const ox_event_read_t *r, const ox_event_row_t *row);
/** partStat of an enum usm_attendee_status_e. */
const char *ox_event_part_stat(int status);

/* ---- calls ---- */

/** A folder's id as the module wants it: "31" is "cal://0/31". */
const char *ox_chronos_folder(const usm_bref_t *folder, apr_pool_t *pool);
usm_error_t *ox_chronos_get(usm_bget_t *gets, int count, usm_bcall_t *call, const usm_bref_t *folder,
                            const usm_fetch_t *fetch, apr_pool_t *result_pool, apr_pool_t *scratch_pool);
/** All of an event. */
usm_error_t *ox_chronos_current(ox_json_t **event_p, usm_bcall_t *call, const usm_bref_t *folder, const char *id,
                                apr_pool_t *pool);
usm_error_t *ox_chronos_add(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder, const usm_item_t *item,
                            const char *uid, apr_pool_t *result_pool, apr_pool_t *scratch_pool);
usm_error_t *ox_chronos_find_uid(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder, const char *uid,
                                 apr_pool_t *result_pool, apr_pool_t *scratch_pool);
usm_error_t *ox_chronos_update(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder, const char *id,
                               const usm_item_t *item, const usm_fieldset_t *fields, apr_uint64_t rev,
                               apr_pool_t *result_pool, apr_pool_t *scratch_pool);
usm_error_t *ox_chronos_remove(usm_bcall_t *call, const usm_bref_t *folder, const char *id, usm_delete_e how,
                               apr_uint64_t rev, apr_pool_t *scratch_pool);
usm_error_t *ox_chronos_confirm(usm_bcall_t *call, const usm_bref_t *folder, const char *id, usm_time_t day,
                                int status, const char *message, apr_pool_t *scratch_pool);
/** The request of a `multiple` that moves an event. */
ox_json_t *ox_chronos_move(const char *id, const usm_bref_t *from, const usm_bref_t *to, apr_pool_t *pool);
usm_error_t *ox_chronos_busy(usm_busy_query_t *queries, int count, usm_bcall_t *call, usm_time_t from, usm_time_t to,
                             apr_pool_t *result_pool, apr_pool_t *scratch_pool);

#endif
