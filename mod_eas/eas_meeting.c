/* SPDX-License-Identifier: Apache-2.0 */
/* MeetingRequest of a mail (MS-ASEMAIL 2.2.2.48): what an invitation, an answer or a cancellation says. */
#include <apr_base64.h>
#include <apr_strings.h>
#include <string.h>

#include "eas_globalid.h"
#include "eas_map.h"

enum { SINGLE, MASTER, INSTANCE, EXCEPTION };
enum { TYPE_NONE, TYPE_INITIAL, TYPE_FULL };

/* The rule of the zone it is in: as the mail has it, by its name, else the reader's own. */
static void rule_of(eas_tzrule_t *rule, eas_map_t *map, const usm_meeting_t *m)
{
    const char *own = eas_user_zone(map);
    memset(rule, 0, sizeof *rule);
    if (m->zone_rule && eas_tz_posix(rule, m->zone_rule))
        return;
    if (m->zone && eas_tz_zone(rule, m->zone, map->pool))
        return;
    if (!own || !eas_tz_zone(rule, own, map->pool))
        memset(rule, 0, sizeof *rule);
}

/* Days of 16.x are the same everywhere; before, a day begins at the reader's midnight. */
static usm_time_t wire_time(eas_map_t *map, const usm_meeting_t *m, usm_time_t t)
{
    eas_tzrule_t rule;
    const char *own = eas_user_zone(map);
    if (!m->floating || (m->all_day && map->ctx->version >= 160) || !own || !eas_tz_zone(&rule, own, map->pool))
        return t;
    return eas_tz_to_utc(&rule, t);
}

static void put_time(eas_map_t *map, const usm_meeting_t *m, unsigned tag, usm_time_t t, eas_time_form_t form)
{
    char text[EAS_TIME_LEN];
    if (t != USM_TIME_NONE && eas_time_format(text, wire_time(map, m, t), form))
        eas_writer_tag_text(map->out, tag, text);
}

static void put_zone(eas_map_t *map, const usm_meeting_t *m)
{
    unsigned char blob[EAS_TZ_BLOB];
    char text[EAS_TZ_BLOB * 4 / 3 + 8];
    eas_tzrule_t rule;
    rule_of(&rule, map, m);
    eas_tz_to_blob(blob, &rule);
    apr_base64_encode_binary(text, blob, EAS_TZ_BLOB);
    eas_writer_tag_text(map->out, EAS_Email_TimeZone, text);
}

static void put_recurrence(eas_map_t *map, const usm_meeting_t *m, const usm_meetrecur_t *r)
{
    static const int types[] = {[USM_RECUR_DAILY] = 0, [USM_RECUR_WEEKLY] = 1, [USM_RECUR_MONTHLY] = 2,
                                [USM_RECUR_MONTHLY_NTH] = 3, [USM_RECUR_YEARLY] = 5, [USM_RECUR_YEARLY_NTH] = 6};
    eas_writer_t *out = map->out;
    eas_writer_start(out, EAS_Email_Recurrences);
    eas_writer_start(out, EAS_Email_Recurrence);
    eas_writer_tag_int(out, EAS_Email_Type, types[r->type]);
    eas_writer_tag_int(out, EAS_Email_Interval, r->interval);
    put_time(map, m, EAS_Email_Until, r->until, EAS_TIME_COMPACT);
    if (r->occurrences)
        eas_writer_tag_int(out, EAS_Email_Occurrences, r->occurrences);
    if (r->week)
        eas_writer_tag_int(out, EAS_Email_WeekOfMonth, r->week);
    if (r->day)
        eas_writer_tag_int(out, EAS_Email_DayOfMonth, r->day);
    if (r->days)
        eas_writer_tag_int(out, EAS_Email_DayOfWeek, r->days);
    if (r->month)
        eas_writer_tag_int(out, EAS_Email_MonthOfYear, r->month);
    if (map->ctx->version >= 140 && r->type >= USM_RECUR_MONTHLY) /* Gregorian; obligatory where months count */
        eas_writer_tag_int(out, EAS_Email2_CalendarType, 0);
    if (map->ctx->version >= 141 && r->type == USM_RECUR_WEEKLY)
        eas_writer_tag_int(out, EAS_Email2_FirstDayOfWeek, r->first_day);
    eas_writer_end(out);
    eas_writer_end(out);
}

static void put_location(eas_map_t *map, const usm_meeting_t *m)
{
    if (!m->location)
        return;
    if (map->ctx->version < 160) {
        eas_writer_tag_text(map->out, EAS_Email_Location, m->location);
        return;
    }
    eas_writer_start(map->out, EAS_AirSyncBase_Location);
    eas_writer_tag_text(map->out, EAS_AirSyncBase_DisplayName, m->location);
    eas_writer_end(map->out);
}

static void put_organizer(eas_map_t *map, const usm_meeting_t *m)
{
    const usm_addr_t *o = &m->organizer;
    if (o->addr)
        eas_writer_tag_text(map->out, EAS_Email_Organizer, eas_address(o, map->pool));
}

static int message_type(const usm_meeting_t *m)
{
    if (m->method != USM_MEETING_REQUEST)
        return TYPE_NONE;
    return m->sequence > 0 ? TYPE_FULL : TYPE_INITIAL;
}

static void put_id(eas_map_t *map, const usm_meeting_t *m)
{
    int one = m->recurrence_id != USM_TIME_NONE;
    if (map->ctx->version < 160)
        eas_writer_tag_text(map->out, EAS_Email_GlobalObjId,
                            eas_globalid_make(m->uid, one ? m->rid_year : 0, one ? m->rid_month : 0,
                                              one ? m->rid_day : 0, map->pool));
}

void eas_encode_meeting(eas_map_t *map, const eas_row_t *row, const usm_value_t *v)
{
    const usm_meeting_t *m = v->u.meeting;
    eas_writer_t *out = map->out;
    unsigned version = map->ctx->version;
    eas_writer_start(out, row->tag);
    eas_writer_tag_int(out, EAS_Email_AllDayEvent, m->all_day);
    put_time(map, m, EAS_Email_StartTime, m->start, EAS_TIME_DASHED);
    /* The stamp is an instant also where the rest is floating. */
    eas_writer_tag_time(out, EAS_Email_DtStamp, m->stamp != USM_TIME_NONE ? m->stamp : m->start, EAS_TIME_DASHED);
    put_time(map, m, EAS_Email_EndTime, m->end, EAS_TIME_DASHED);
    eas_writer_tag_int(out, EAS_Email_InstanceType,
                       m->recurrence_id != USM_TIME_NONE ? EXCEPTION : m->recur ? MASTER : SINGLE);
    put_location(map, m);
    put_organizer(map, m);
    put_time(map, m, EAS_Email_RecurrenceId, m->recurrence_id, EAS_TIME_DASHED);
    if (m->reminder >= 0)
        eas_writer_tag_int(out, EAS_Email_Reminder, m->reminder);
    eas_writer_tag_int(out, EAS_Email_ResponseRequested, m->method == USM_MEETING_REQUEST && m->response_requested);
    if (m->recur)
        put_recurrence(map, m, m->recur);
    eas_writer_tag_int(out, EAS_Email_Sensitivity, m->sensitivity);
    eas_writer_tag_int(out, EAS_Email_BusyStatus,
                       m->busy == USM_BUSY_ELSEWHERE && version < 160 ? USM_BUSY_BUSY : m->busy);
    put_zone(map, m);
    put_id(map, m);
    if (version >= 140)
        eas_writer_tag_int(out, EAS_Email_DisallowNewTimeProposal, m->disallow_counter);
    if (version >= 141)
        eas_writer_tag_int(out, EAS_Email2_MeetingMessageType, message_type(m));
    if (version >= 160)
        eas_writer_tag_text(out, EAS_Calendar_UID, m->uid);
    if (version >= 161 && m->method == USM_MEETING_COUNTER) {
        put_time(map, m, EAS_MeetingResponse_ProposedStartTime, m->start, EAS_TIME_COMPACT);
        put_time(map, m, EAS_MeetingResponse_ProposedEndTime, m->end, EAS_TIME_COMPACT);
    }
    eas_writer_end(out);
}
