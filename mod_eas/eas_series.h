/* SPDX-License-Identifier: Apache-2.0 */
/** @file eas_series.h  Recurring items on the wire (MS-ASCAL 2.2.2.21, 2.2.2.37; MS-ASTASK 2.2.2.18).
 *
 * libusm knows an occurrence by its day in the series' zone, and expands a series with the zone's whole history. A
 * device expands it with the one rule of the Timezone blob and knows an occurrence by its instant. Where that rule and
 * the history tell different times, the device is told the instants of its own reckoning, so that the hour on the wall
 * is right, and what it says is taken the same way. */
#ifndef EAS_SERIES_H
#define EAS_SERIES_H

#include <usm/recur.h>

#include "eas_map.h"

#define EAS_EXCEPTIONS_MAX 1000 /* MS-ASCAL 2.2.2.22 */

void eas_encode_recurrence(eas_map_t *map, const eas_row_t *row, const usm_value_t *v);
/** The rule, with `until` still the instant of the wire: eas_recurrence_settle() makes it a day. */
usm_error_t *eas_decode_recurrence(usm_item_t *item, eas_map_t *map, const eas_row_t *row, const eas_node_t *node);
void eas_encode_exceptions(eas_map_t *map, const eas_row_t *row, const usm_value_t *v);

/** An event time for the wire; @a event is the event or the series it belongs to. */
usm_time_t eas_series_wire(const eas_map_t *map, const usm_item_t *event, usm_time_t t, int all_day);
/** Start of the occurrence planned for a day, on the wire. */
usm_time_t eas_series_wire_start(const eas_map_t *map, const usm_item_t *event, usm_time_t day);
/** A time off the wire; @a rule: of the Timezone blob that came along, NULL: the event's own. */
usm_time_t eas_series_unwire(const eas_map_t *map, const usm_item_t *event, usm_time_t t, int all_day,
                             const eas_tzrule_t *rule);
/** The same; where what @a known has in @a field is told to devices as just this time, it is that: of two instants with
 * one local time a device knows one. */
usm_time_t eas_series_unwire_known(const eas_map_t *map, const usm_item_t *event, usm_time_t t, int all_day,
                                   const eas_tzrule_t *rule, const usm_item_t *known, int field);
/** Make until a day, and see whether the rule can be. Errors: INVALID. */
usm_error_t *eas_recurrence_settle(usm_item_t *item, const usm_item_t *view, eas_map_t *map,
                                   const eas_tzrule_t *rule);
/** Read the Exceptions of ApplicationData into @a item. @a view: the event's fields as they will be. Errors: INVALID.
 */
usm_error_t *eas_exceptions_read(usm_item_t *item, const usm_item_t *view, eas_map_t *map, const eas_node_t *data,
                                 const eas_tzrule_t *rule);
/** What a command for one occurrence (16.x) makes of the series map->base: an item with its EXCEPTIONS. @a data NULL:
 * it is deleted. Errors: INVALID; NOTFOUND (no such occurrence). */
usm_error_t *eas_occurrence_decode(usm_item_t **item_p, eas_map_t *map, const char *instance_id,
                                   const eas_node_t *data);
/** Day of the occurrence of @a event that an InstanceId in either form means. Errors as above. */
usm_error_t *eas_occurrence_day(usm_time_t *day_p, eas_map_t *map, const usm_item_t *event, const char *instance_id);
/** First day of a recurring task. */
usm_time_t eas_task_first(const usm_item_t *task);

#endif
