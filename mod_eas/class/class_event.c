/* SPDX-License-Identifier: Apache-2.0 */
/* Events (MS-ASCAL 2.2.2): all-day times, meetings, and what 16.x has instead. */
#include <apr_strings.h>
#include <string.h>

#include "eas_map.h"
#include "eas_timezone.h"

#define HALF_HOUR 1800000

/* All-day events are days. Up to 14.1 a device gets midnight of the event's zone in UTC, from 16.0 the bare day. */
static int rule_of(eas_tzrule_t *rule, eas_map_t *map, const usm_item_t *item)
{
    const char *zone = usm_item_text(item, USM_EVENT_TIMEZONE), *own;
    if (zone && eas_tz_zone(rule, zone, map->pool))
        return 1;
    own = eas_user_zone(map);
    return own && eas_tz_zone(rule, own, map->pool);
}

usm_time_t eas_event_wire_time(eas_map_t *map, usm_time_t t)
{
    eas_tzrule_t rule;
    if (!usm_item_num(map->item, USM_EVENT_ALL_DAY, 0) || map->ctx->version >= 160 || !rule_of(&rule, map, map->item))
        return t;
    return eas_tz_to_utc(&rule, t);
}

static int is_self(const usm_userinfo_t *info, const char *email)
{
    for (int i = 0; info && email && i < info->address_count; i++) {
        if (strcasecmp(info->addresses[i], email) == 0)
            return 1;
    }
    return 0;
}

/* 0 appointment, 1 meeting of the user's own, 3 meeting of somebody else's. OX names the owner as a participant of each
 * appointment: that alone makes no meeting. */
static int meeting_status(eas_map_t *map, const usm_item_t *item)
{
    const usm_userinfo_t *info = NULL;
    const char *organizer = usm_item_text(item, USM_EVENT_ORGANIZER_EMAIL);
    int others = 0;
    usm_error_t *err = map->ctx->session ? usm_session_userinfo(&info, map->ctx->session) : NULL;
    usm_error_clear(err);
    if (!usm_item_isset(item, USM_EVENT_ATTENDEES))
        return 0;
    const usm_attendees_t *list = item->v[USM_EVENT_ATTENDEES].u.attendees;
    for (int i = 0; i < list->count; i++)
        others += !is_self(info, list->items[i].email);
    /* The organizer is not among the attendees: an invitation to the user alone names nobody else there. */
    if (organizer && !is_self(info, organizer))
        return 3;
    return others ? 1 : 0;
}

int eas_event_skips(eas_map_t *map, const eas_row_t *row)
{
    int meeting_row = row->field == USM_EVENT_ATTENDEES || row->field == USM_EVENT_ORGANIZER_EMAIL;
    if (row->field == USM_EVENT_TIMEZONE)
        return map->ctx->version >= 160 && usm_item_num(map->item, USM_EVENT_ALL_DAY, 0);
    return meeting_row && meeting_status(map, map->item) == 0;
}

void eas_event_extra(eas_map_t *map, const usm_item_t *item)
{
    const char *location = usm_item_text(item, USM_EVENT_LOCATION),
               *organizer = usm_item_text(item, USM_EVENT_ORGANIZER_EMAIL);
    const char *own_zone = eas_user_zone(map);
    int status = meeting_status(map, item), all_day = usm_item_num(item, USM_EVENT_ALL_DAY, 0) != 0;
    /* The zone that all-day times were written in has to be told, whether the event names one or not. */
    if (!usm_item_isset(item, USM_EVENT_TIMEZONE) && own_zone && !(all_day && map->ctx->version >= 160))
        eas_zone_put(map, own_zone);
    if (map->ctx->version >= 160 && location) {
        eas_writer_start(map->out, EAS_AirSyncBase_Location);
        eas_writer_tag_text(map->out, EAS_AirSyncBase_DisplayName, location);
        eas_writer_end(map->out);
    }
    if (!usm_item_isset(item, USM_EVENT_ALL_DAY))
        eas_writer_tag_int(map->out, EAS_Calendar_AllDayEvent, 0);
    if (!usm_item_isset(item, USM_EVENT_SENSITIVITY))
        eas_writer_tag_int(map->out, EAS_Calendar_Sensitivity, USM_SENS_NORMAL);
    eas_writer_tag_int(map->out, EAS_Calendar_MeetingStatus, status);
    if (status && organizer)
        eas_writer_tag_text(map->out, EAS_Calendar_OrganizerName, organizer);
    if (map->ctx->version >= 140 && status) {
        static const int response[] = {[USM_ATT_NONE] = 5, [USM_ATT_TENTATIVE] = 2, [USM_ATT_ACCEPTED] = 3,
                                       [USM_ATT_DECLINED] = 4};
        apr_int64_t own = usm_item_num(item, USM_EVENT_OWN_STATUS, USM_ATT_NONE);
        eas_writer_tag_int(map->out, EAS_Calendar_ResponseType, status == 1 ? 1 : response[own & 3]);
    }
}

static usm_time_t floor_to(usm_time_t t, usm_time_t unit)
{
    return t - ((t % unit) + unit) % unit;
}

/* An Add without times: the server's clock, rounded up to the half hour, stands in. */
static usm_error_t *default_times(usm_item_t *item, eas_map_t *map)
{
    usm_time_t now = apr_time_as_msec(apr_time_now()), round = (now / HALF_HOUR + 1) * HALF_HOUR;
    usm_time_t start = usm_item_num(item, USM_EVENT_START, USM_TIME_NONE),
               end = usm_item_num(item, USM_EVENT_END, USM_TIME_NONE);
    if (start == USM_TIME_NONE && end == USM_TIME_NONE) {
        int all_day = usm_item_num(item, USM_EVENT_ALL_DAY, 0) != 0; /* to_days() takes the nearest midnight: today's */
        usm_item_set_num(item, USM_EVENT_START, all_day ? now - USM_DAY_MS / 2 : round);
        usm_item_set_num(item, USM_EVENT_END, all_day ? now + USM_DAY_MS / 2 : round + HALF_HOUR);
        return NULL;
    }
    if (start == USM_TIME_NONE && end > round)
        usm_item_set_num(item, USM_EVENT_START, round);
    else if (end == USM_TIME_NONE && start <= now)
        usm_item_set_num(item, USM_EVENT_END, round + HALF_HOUR);
    else
        return USM_ERROR(map->pool, USM_EINVALID, "an event needs a start before its end");
    return NULL;
}

/* Days of an all-day event, out of the zone it came in: that of the blob, though no zone may have that rule. The end is
 * exclusive and at least one day later. */
static void to_days(usm_item_t *item, eas_map_t *map, const eas_node_t *data)
{
    static const int fields[] = {USM_EVENT_START, USM_EVENT_END};
    const eas_node_t *blob = eas_node_child(data, EAS_Calendar_Timezone);
    eas_tzrule_t rule;
    int zoned = map->ctx->version < 160 && (eas_zone_read(&rule, blob, map->pool) || rule_of(&rule, map, item));
    for (int i = 0; i < 2; i++) {
        usm_time_t t = usm_item_num(item, fields[i], USM_TIME_NONE);
        if (t == USM_TIME_NONE)
            continue;
        if (zoned)
            t += (usm_time_t)eas_tz_offset(&rule, t) * 1000;
        /* devices an hour off at a change of the clock still mean that day */
        usm_item_set_num(item, fields[i], floor_to(t + USM_DAY_MS / 2, USM_DAY_MS));
    }
    usm_time_t start = usm_item_num(item, USM_EVENT_START, USM_TIME_NONE),
               end = usm_item_num(item, USM_EVENT_END, USM_TIME_NONE);
    if (start != USM_TIME_NONE && end != USM_TIME_NONE && end <= start)
        usm_item_set_num(item, USM_EVENT_END, start + USM_DAY_MS);
}

/* What a device of this version must not say (MS-ASCAL 2.2.2), and what it says instead. */
static void read_uid(usm_item_t *item, eas_map_t *map, const eas_node_t *data)
{
    const char *client_uid = eas_node_child_text(data, EAS_Calendar_ClientUid);
    if (map->ctx->version < 160)
        return;
    item->v[USM_EVENT_UID].state = item->v[USM_EVENT_ORGANIZER_EMAIL].state = USM_ABSENT;
    if (client_uid && *client_uid && !map->server_id)
        usm_item_set_text(item, USM_EVENT_UID, client_uid);
}

static void read_place(usm_item_t *item, const eas_node_t *data)
{
    const eas_node_t *place = eas_node_child(data, EAS_AirSyncBase_Location);
    const char *name = eas_node_child_text(place, EAS_AirSyncBase_DisplayName);
    if (name || (place && place->is_empty))
        usm_item_set_text(item, USM_EVENT_LOCATION, name);
}

/* No event is without these: an empty tag of theirs says nothing. */
static void keep_times(usm_item_t *item)
{
    static const int fields[] = {USM_EVENT_START, USM_EVENT_END, USM_EVENT_TIMEZONE};
    for (int i = 0; i < 3; i++) {
        if (usm_item_state(item, fields[i]) == USM_EMPTY)
            item->v[fields[i]].state = USM_ABSENT;
    }
}

usm_error_t *eas_event_decoded(usm_item_t *item, eas_map_t *map, const eas_node_t *data)
{
    const eas_node_t *recurrence = eas_node_child(data, EAS_Calendar_Recurrence);
    keep_times(item);
    usm_time_t start = usm_item_num(item, USM_EVENT_START, USM_TIME_NONE),
               end = usm_item_num(item, USM_EVENT_END, USM_TIME_NONE);
    if (recurrence && !recurrence->is_empty)
        return USM_ERROR(map->pool, USM_EINVALID, "recurring events cannot be taken from devices");
    read_place(item, data);
    read_uid(item, map, data);
    if (start != USM_TIME_NONE && end != USM_TIME_NONE && start > end)
        return USM_ERROR(map->pool, USM_EINVALID, "the event ends before it starts");
    if (!map->server_id && (start == USM_TIME_NONE || end == USM_TIME_NONE))
        USM_ERR(default_times(item, map));
    if (usm_item_num(item, USM_EVENT_ALL_DAY, 0))
        to_days(item, map, data);
    return NULL;
}
