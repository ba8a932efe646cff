/* SPDX-License-Identifier: Apache-2.0 */
/* Events (MS-ASCAL 2.2.2): all-day times, meetings, and what 16.x has instead. */
#include <apr_strings.h>
#include <string.h>

#include "eas_draft.h"
#include "eas_series.h"

#define HALF_HOUR 1800000

usm_time_t eas_event_wire_time(eas_map_t *map, usm_time_t t)
{
    return eas_series_wire(map, map->series ? map->series : map->item, t,
                           usm_item_num(map->item, USM_EVENT_ALL_DAY, 0) != 0);
}

static int is_self(const usm_userinfo_t *info, const char *email)
{
    for (int i = 0; info && email && i < info->address_count; i++) {
        if (strcasecmp(info->addresses[i], email) == 0)
            return 1;
    }
    return 0;
}

static const char *organizer_of(const eas_map_t *map, const usm_item_t *item)
{
    return usm_item_text(map->series ? map->series : item, USM_EVENT_ORGANIZER_EMAIL);
}

/* 0 appointment, 1 meeting of the user's own, 3 meeting of somebody else's. OX names the owner as a participant of each
 * appointment: that alone makes no meeting. */
static int meeting_status(eas_map_t *map, const usm_item_t *item)
{
    const usm_userinfo_t *info = NULL;
    const char *organizer = organizer_of(map, item);
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

/* How the user has answered, and when; an occurrence says so too (MS-ASCAL 2.2.2.3, 2.2.2.40). */
static void put_answer(eas_map_t *map, const usm_item_t *item, int status)
{
    static const int response[] = {[USM_ATT_NONE] = 5, [USM_ATT_TENTATIVE] = 2, [USM_ATT_ACCEPTED] = 3,
                                   [USM_ATT_DECLINED] = 4};
    int own = (int)usm_item_num(item, USM_EVENT_OWN_STATUS, USM_ATT_NONE) & 3;
    usm_time_t at = usm_item_num(item, USM_EVENT_DTSTAMP, USM_TIME_NONE);
    if (status == 3 && own != USM_ATT_NONE && at != USM_TIME_NONE) /* OX keeps no time of its own for that */
        eas_writer_tag_time(map->out, EAS_Calendar_AppointmentReplyTime, at, EAS_TIME_COMPACT);
    eas_writer_tag_int(map->out, EAS_Calendar_ResponseType, status == 1 ? 1 : response[own]);
}

int eas_event_is_orphan(const usm_item_t *item)
{
    return usm_item_isset(item, USM_EVENT_PLANNED_DAY) && !usm_series_rule(item);
}

/* Elements that only an event as a whole has. */
static void put_whole(eas_map_t *map, const usm_item_t *item, int status, int all_day)
{
    const char *own_zone = eas_user_zone(map), *organizer = organizer_of(map, item);
    /* The zone that all-day times were written in has to be told, whether the event names one or not. */
    if (!usm_item_isset(item, USM_EVENT_TIMEZONE) && own_zone && !(all_day && map->ctx->version >= 160))
        eas_zone_put(map, own_zone);
    if (status && organizer)
        eas_writer_tag_text(map->out, EAS_Calendar_OrganizerName, organizer);
    /* Who was invited to one occurrence alone has an orphan (MS-ASCAL 2.2.2.1); before 16.0 it is any event. */
    if (map->ctx->version >= 160 && eas_event_is_orphan(item))
        eas_writer_tag_time(map->out, EAS_AirSyncBase_InstanceId,
                            eas_series_wire_start(map, item, usm_item_num(item, USM_EVENT_PLANNED_DAY, 0)),
                            EAS_TIME_COMPACT);
    if (map->ctx->version < 140 || !status)
        return;
    eas_writer_tag_int(map->out, EAS_Calendar_ResponseRequested, 1);
    eas_writer_tag_int(map->out, EAS_Calendar_DisallowNewTimeProposal, 1); /* OX keeps no proposals */
}

/* An occurrence that has none where the series has one says so. */
static void put_place(eas_map_t *map, const char *location)
{
    if (location) {
        eas_writer_start(map->out, EAS_AirSyncBase_Location);
        eas_writer_tag_text(map->out, EAS_AirSyncBase_DisplayName, location);
        eas_writer_end(map->out);
    } else if (map->series && usm_item_isset(map->series, USM_EVENT_LOCATION)) {
        eas_writer_empty(map->out, EAS_AirSyncBase_Location);
    }
}

void eas_event_extra(eas_map_t *map, const usm_item_t *item)
{
    const char *location = usm_item_text(item, USM_EVENT_LOCATION);
    int status = meeting_status(map, item), all_day = usm_item_num(item, USM_EVENT_ALL_DAY, 0) != 0;
    if (!map->series)
        put_whole(map, item, status, all_day);
    if (map->ctx->version >= 160)
        put_place(map, location);
    if (!usm_item_isset(item, USM_EVENT_ALL_DAY))
        eas_writer_tag_int(map->out, EAS_Calendar_AllDayEvent, 0);
    if (!usm_item_isset(item, USM_EVENT_SENSITIVITY))
        eas_writer_tag_int(map->out, EAS_Calendar_Sensitivity, USM_SENS_NORMAL);
    eas_writer_tag_int(map->out, EAS_Calendar_MeetingStatus, status);
    if (map->ctx->version >= 140 && status)
        put_answer(map, item, status);
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

/* Times off the wire, by the zone they came in: that of the blob, though no zone may have that rule. The end of an
 * all-day event is exclusive and at least one day later. */
static void to_times(usm_item_t *item, const usm_item_t *view, eas_map_t *map, const eas_tzrule_t *rule)
{
    static const int fields[] = {USM_EVENT_START, USM_EVENT_END};
    int all_day = usm_item_num(view, USM_EVENT_ALL_DAY, 0) != 0;
    for (int i = 0; i < 2; i++) {
        if (usm_item_isset(item, fields[i]))
            usm_item_set_num(item, fields[i],
                             map->base ? eas_series_unwire_known(map, view, usm_item_num(item, fields[i], 0), all_day,
                                                                 rule, map->base, fields[i])
                                       : eas_series_unwire(map, view, usm_item_num(item, fields[i], 0), all_day, rule));
    }
    usm_time_t start = usm_item_num(item, USM_EVENT_START, USM_TIME_NONE),
               end = usm_item_num(item, USM_EVENT_END, USM_TIME_NONE);
    if (all_day && start != USM_TIME_NONE && end != USM_TIME_NONE && end <= start)
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

/* OX has one text for the place: its name; of a place without one, what there is of an address. Coordinates alone are
 * no text that would tell anybody anything. */
static const char *place_name(const eas_node_t *place, apr_pool_t *pool)
{
    static const unsigned tags[] = {EAS_AirSyncBase_Street, EAS_AirSyncBase_PostalCode, EAS_AirSyncBase_City,
                                    EAS_AirSyncBase_State,  EAS_AirSyncBase_Country,    EAS_AirSyncBase_Annotation,
                                    EAS_AirSyncBase_LocationUri};
    const char *name = eas_node_child_text(place, EAS_AirSyncBase_DisplayName), *text = NULL;
    if (name && *name)
        return name;
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        const char *part = eas_node_child_text(place, tags[i]);
        if (part && *part)
            text = text ? apr_pstrcat(pool, text, i == 2 ? " " : ", ", part, NULL) : part;
    }
    return text;
}

void eas_event_place(usm_item_t *item, const eas_node_t *data)
{
    const eas_node_t *place = eas_node_child(data, EAS_AirSyncBase_Location);
    const char *name = place ? place_name(place, item->pool) : NULL;
    if (place && (name || place->is_empty || eas_node_child(place, EAS_AirSyncBase_DisplayName)))
        usm_item_set_text(item, USM_EVENT_LOCATION, name);
}

/* The files as they will be: what there is without what goes, and what is new (MS-ASAIRS 2.2.2.8). */
static usm_error_t *read_files(usm_item_t *item, eas_map_t *map, const eas_node_t *data)
{
    const eas_node_t *node = eas_node_child(data, EAS_AirSyncBase_Attachments);
    const usm_item_t *base = map->base;
    eas_draft_t said = {.now = NULL};
    if (map->ctx->version < 160 || !node || !map->ctx->session)
        return NULL;
    USM_ERR(eas_draft_files(&said, map->ctx, node, map->server_id));
    const usm_attachments_t *old =
        base && usm_item_isset(base, USM_EVENT_ATTACHMENTS) ? base->v[USM_EVENT_ATTACHMENTS].u.attachments : NULL;
    usm_attachments_t *list = apr_pcalloc(map->pool, sizeof *list);
    int most = (old ? old->count : 0) + said.draft.file_count;
    list->items = apr_pcalloc(map->pool, sizeof(usm_attachment_t) * (apr_size_t)(most + 1));
    for (int i = 0; old && i < old->count; i++) {
        int gone = 0;
        for (int k = 0; k < said.draft.removed_count; k++)
            gone |= strcmp(said.draft.removed[k], old->items[i].id) == 0;
        if (!gone)
            list->items[list->count++] = old->items[i];
    }
    for (int i = 0; i < said.draft.file_count; i++) {
        const usm_newfile_t *f = &said.draft.files[i];
        if (!f->name || !*f->name)
            return USM_ERROR(map->pool, USM_EINVALID, "an attachment without a name");
        list->items[list->count++] =
            (usm_attachment_t){.name = f->name, .content_type = f->content_type, .size = f->len, .data = f->data};
    }
    usm_item_set_ptr(item, USM_EVENT_ATTACHMENTS, list->count ? list : NULL);
    return NULL;
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

/* The event as it will be: what is said, and the rest as the server has it. */
static usm_item_t *view_of(const usm_item_t *item, const usm_item_t *base, apr_pool_t *pool)
{
    usm_item_t *view = usm_item_create(USM_EVENT, pool);
    for (int f = 0; f < usm_class_fields(USM_EVENT); f++)
        view->v[f] = base && item->v[f].state == USM_ABSENT ? base->v[f] : item->v[f];
    return view;
}

static int changes(const usm_item_t *item, const usm_item_t *base, int field)
{
    return item->v[field].state != USM_ABSENT &&
           !usm_value_equal(usm_field(USM_EVENT, field)->type, &item->v[field], &base->v[field]);
}

/* From 16.0 on a device has dropped all exceptions when it gives a series other times or another rule (MS-ASCAL
 * 3.1.4.9). What the server keeps of them is told to it again. */
static void forget_exceptions(usm_item_t *item, const eas_map_t *map)
{
    static const int fields[] = {USM_EVENT_START, USM_EVENT_END, USM_EVENT_ALL_DAY, USM_EVENT_RECURRENCE};
    const usm_item_t *base = map->base;
    if (map->ctx->version < 160 || !base || !usm_series_rule(base) || !usm_item_isset(base, USM_EVENT_EXCEPTIONS))
        return;
    for (int i = 0; i < 4; i++) {
        if (changes(item, base, fields[i]))
            usm_item_set_empty(item, USM_EVENT_EXCEPTIONS);
    }
}

/* A blob has no name: of all zones with its rule the event's own is meant. */
static void keep_zone(usm_item_t *item, const usm_item_t *base)
{
    if (base && usm_item_isset(item, USM_EVENT_TIMEZONE) &&
        usm_value_equal(USM_T_ZONE, &item->v[USM_EVENT_TIMEZONE], &base->v[USM_EVENT_TIMEZONE]))
        item->v[USM_EVENT_TIMEZONE] = base->v[USM_EVENT_TIMEZONE];
}

/* A series repeats in its zone: without one it would be in the user's own. */
static usm_error_t *series_zone(usm_item_t *item, const usm_item_t *view, eas_map_t *map, int blob)
{
    const char *own = eas_user_zone(map);
    if (usm_item_num(view, USM_EVENT_ALL_DAY, 0))
        return NULL;
    if (blob && !usm_item_isset(item, USM_EVENT_TIMEZONE))
        return USM_ERROR(map->pool, USM_EINVALID, "a series in a time zone that nobody knows");
    if (!usm_item_isset(view, USM_EVENT_TIMEZONE) && own)
        usm_item_set_text(item, USM_EVENT_TIMEZONE, own);
    return NULL;
}

static usm_error_t *read_series(usm_item_t *item, eas_map_t *map, const eas_node_t *data, const eas_tzrule_t *rule)
{
    const usm_item_t *view = view_of(item, map->base, map->pool);
    if (usm_series_rule(item))
        USM_ERR(eas_recurrence_settle(item, view, map, rule));
    view = view_of(item, map->base, map->pool);
    if (map->ctx->version < 160 || !map->server_id)
        USM_ERR(eas_exceptions_read(item, view, map, data, rule));
    if (usm_item_isset(item, USM_EVENT_EXCEPTIONS)) {
        usm_item_t *whole = view_of(item, map->base, map->pool);
        usm_series_reduce(whole);
        item->v[USM_EVENT_EXCEPTIONS] = whole->v[USM_EVENT_EXCEPTIONS];
    }
    forget_exceptions(item, map);
    return NULL;
}

int eas_event_needs_base(const eas_node_t *data, unsigned version)
{
    static const unsigned series[] = {EAS_Calendar_Recurrence, EAS_Calendar_Exceptions};
    static const unsigned times[] = {EAS_Calendar_StartTime, EAS_Calendar_EndTime, EAS_Calendar_AllDayEvent};
    int some = 0, timed = 0;
    for (int i = 0; i < 2; i++)
        some |= eas_node_child(data, series[i]) != NULL;
    for (int i = 0; i < 3; i++)
        timed |= eas_node_child(data, times[i]) != NULL;
    /* From 16.0 on what is left out stays as it is. Before, a series needs its zone by name: zones with one rule today
     * may have had others. */
    return version >= 160 ? some || timed || eas_node_child(data, EAS_AirSyncBase_Attachments) : some;
}

usm_error_t *eas_event_decoded(usm_item_t *item, eas_map_t *map, const eas_node_t *data)
{
    const eas_node_t *blob = eas_node_child(data, EAS_Calendar_Timezone);
    eas_tzrule_t zone, *rule = NULL;
    keep_times(item);
    usm_time_t start = usm_item_num(item, USM_EVENT_START, USM_TIME_NONE),
               end = usm_item_num(item, USM_EVENT_END, USM_TIME_NONE);
    eas_event_place(item, data);
    USM_ERR(read_files(item, map, data));
    read_uid(item, map, data);
    if (start != USM_TIME_NONE && end != USM_TIME_NONE && start > end)
        return USM_ERROR(map->pool, USM_EINVALID, "the event ends before it starts");
    if (!map->server_id && (start == USM_TIME_NONE || end == USM_TIME_NONE))
        USM_ERR(default_times(item, map));
    if (eas_zone_read(&zone, blob, map->pool))
        rule = &zone;
    keep_zone(item, map->base);
    const usm_item_t *view = view_of(item, map->base, map->pool);
    if (usm_series_rule(view))
        USM_ERR(series_zone(item, view, map, rule != NULL));
    view = view_of(item, map->base, map->pool);
    to_times(item, view, map, rule);
    return read_series(item, map, data, rule);
}
