/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: ox_chronos.c ox_chronos_map.c ox_chronos_people.c ox_chronos_write.c */
/* Module chronos: what each member of an event means, what an edit writes and what it leaves alone, and answers in the
 * forms that servers of different versions give. */
#include "ox_test.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <apr_strings.h>
#include <string.h>
#include <usm/fields.h>
#include "ox/ox_chronos.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define HOUR APR_INT64_C(3600000)
#define OWN 4

static apr_pool_t *pool;

static ox_json_t *json(const char *text)
{
    char *copy = apr_pstrdup(pool, text);
    for (char *p = copy; *p; p++) {
        if (*p == '\'')
            *p = '"';
    }
    ox_json_t *j = ox_json_parse(copy, strlen(copy), pool);
    if (!j)
        fail_msg("no JSON: %s", text);
    return j;
}

#define BERLIN "'startDate':{'value':'20310106T100000','tzid':'Europe/Berlin'}," \
    "'endDate':{'value':'20310106T110000','tzid':'Europe/Berlin'}"

static usm_item_t *read_all(const ox_json_t *event)
{
    usm_fieldset_t all = {{0}};
    ox_event_read_t r = {.event = event, .item = usm_item_create(USM_EVENT, pool), .own_id = OWN};
    for (int f = 0; f < usm_class_fields(USM_EVENT); f++)
        USM_FIELDSET_ADD(&all, f);
    ox_event_read(&r, &all);
    return r.item;
}

/* A value as text: what these tests compare. */
static const char *text_of(const usm_item_t *item, int field)
{
    const usm_value_t *v = &item->v[field];
    const char *text = "";
    if (v->state != USM_SET)
        return v->state == USM_EMPTY ? "empty" : "absent";
    switch (usm_field(USM_EVENT, field)->type) {
    case USM_T_TEXT:
    case USM_T_EMAIL:
    case USM_T_ZONE:
        return v->u.text;
    case USM_T_BODY:
        return apr_pstrmemdup(pool, v->u.body->text.data, v->u.body->text.len);
    case USM_T_EVTIME:
        return ox_time_text(v->u.num, OX_FORM_UTC, pool);
    case USM_T_LIST:
        for (int i = 0; i < v->u.list->count; i++)
            text = apr_pstrcat(pool, text, i ? "|" : "", v->u.list->items[i], NULL);
        return text;
    case USM_T_RECURRENCE:
        return ox_rule_text(v->u.recurrence, &(ox_first_t){.day = usm_date_make(2031, 1, 6)}, pool);
    case USM_T_EXCEPTIONS:
        for (int i = 0; i < v->u.exceptions->count; i++)
            text = apr_pstrcat(pool, text, i ? "," : "",
                               ox_time_text(v->u.exceptions->items[i].day, OX_FORM_DATE, pool), NULL);
        return text;
    case USM_T_ATTENDEES:
        for (int i = 0; i < v->u.attendees->count; i++) {
            const usm_attendee_t *a = &v->u.attendees->items[i];
            text = apr_psprintf(pool, "%s%s%s/%d/%d/%s", text, i ? " " : "", a->email, a->type, a->status,
                                a->backend_ref ? a->backend_ref : "-");
        }
        return text;
    default:
        return apr_psprintf(pool, "%" APR_INT64_T_FMT, v->u.num);
    }
}

#define ALARM(trigger) "'alarms':[{'action':'DISPLAY','trigger':{" trigger "}}]"
#define PEOPLE                                                                                                         \
    "'organizer':{'entity':4,'email':'anton@example.org'},'attendees':["                                              \
    "{'entity':4,'cuType':'INDIVIDUAL','uri':'mailto:anton@example.org','partStat':'ACCEPTED'},"                      \
    "{'entity':5,'uri':'mailto:berta@example.org','role':'OPT-PARTICIPANT','partStat':'DECLINED'},"                   \
    "{'entity':4,'cuType':'GROUP','uri':'mailto:all@example.org'},"                                                   \
    "{'entity':4,'cuType':'RESOURCE','email':'room@example.org','partStat':'ACCEPTED'},"                              \
    "{'uri':'mailto:x@example.net','cn':'X','role':'CHAIR','partStat':'TENTATIVE'},"                                  \
    "{'uri':'urn:uuid:1','partStat':'TENTATIVE'}]"

static const struct {
    const char *event;
    int field;
    const char *want;
} readings[] = {
    {BERLIN, USM_EVENT_START, "20310106T090000Z"},
    {BERLIN, USM_EVENT_END, "20310106T100000Z"},
    {BERLIN, USM_EVENT_TIMEZONE, "Europe/Berlin"},
    {BERLIN, USM_EVENT_ALL_DAY, "0"},
    {BERLIN, USM_EVENT_SUBJECT, "empty"},
    {BERLIN, USM_EVENT_BODY, "empty"},
    {BERLIN, USM_EVENT_CATEGORIES, "empty"},
    {BERLIN, USM_EVENT_REMINDER, "empty"},
    {BERLIN, USM_EVENT_RECURRENCE, "empty"},
    {BERLIN, USM_EVENT_EXCEPTIONS, "empty"},
    {BERLIN, USM_EVENT_ATTENDEES, "empty"},
    {BERLIN, USM_EVENT_ORGANIZER_EMAIL, "empty"},
    {BERLIN, USM_EVENT_OWN_STATUS, "empty"},
    {BERLIN, USM_EVENT_SENSITIVITY, "0"},
    {BERLIN, USM_EVENT_BUSY, "2"},
    {BERLIN, USM_EVENT_DTSTAMP, "empty"},
    {BERLIN, USM_EVENT_ATTACHMENTS, "empty"},
    {"'flags':['organizer','attachments']", USM_EVENT_ATTACHMENTS, "absent"},
    {"'attachments':[{'filename':'f'}]", USM_EVENT_ATTACHMENTS, "absent"},
    {"'startDate':{'value':'20310106T090000Z'}", USM_EVENT_START, "20310106T090000Z"},
    {"'startDate':{'value':'20310106T090000Z'}", USM_EVENT_END, "20310106T090000Z"},
    {"'startDate':{'value':'20310106T090000Z'}", USM_EVENT_TIMEZONE, "UTC"},
    {"'startDate':{'value':'20310106T090000','tzid':'Nowhere/Land'}", USM_EVENT_START, "20310106T090000Z"},
    {"'startDate':{'value':'20310106T090000'}", USM_EVENT_START, "20310106T090000Z"},
    {"'startDate':{'value':'20310106'}", USM_EVENT_ALL_DAY, "1"},
    {"'startDate':{'value':'20310106'}", USM_EVENT_TIMEZONE, "empty"},
    {"'startDate':{'value':'20310106'}", USM_EVENT_END, "20310107T000000Z"},
    {"'startDate':{'value':'20310106'},'endDate':{'value':'20310108'}", USM_EVENT_END, "20310108T000000Z"},
    {"'startDate':{'value':'20310106'},'endDate':{'value':'20310105'}", USM_EVENT_END, "20310107T000000Z"},
    {"'startDate':{'value':'soon'}", USM_EVENT_START, "empty"},
    {"'startDate':17", USM_EVENT_END, "empty"},
    {"'startDate':17", USM_EVENT_TIMEZONE, "empty"},
    {"'startDate':{'value':'20310106T100000','tzid':'Europe/Berlin'},"
     "'endDate':{'value':'20310106T130000','tzid':'Europe/Helsinki'}", USM_EVENT_END, "20310106T110000Z"},
    {"'summary':'S'", USM_EVENT_SUBJECT, "S"},
    {"'summary':''", USM_EVENT_SUBJECT, "empty"},
    {"'location':'L'", USM_EVENT_LOCATION, "L"},
    {"'description':'a\\nb'", USM_EVENT_BODY, "a\nb"},
    {"'uid':'u'", USM_EVENT_UID, "u"},
    {"'lastModified':17", USM_EVENT_DTSTAMP, "17"},
    {"'categories':['a','b c','',null]", USM_EVENT_CATEGORIES, "a|b c"},
    {"'class':'PUBLIC'", USM_EVENT_SENSITIVITY, "0"},
    {"'class':'PRIVATE'", USM_EVENT_SENSITIVITY, "2"},
    {"'class':'CONFIDENTIAL'", USM_EVENT_SENSITIVITY, "3"},
    {"'class':'X-SECRET'", USM_EVENT_SENSITIVITY, "2"},
    {"'transp':'TRANSPARENT'", USM_EVENT_BUSY, "0"},
    {"'transp':'OPAQUE','status':'TENTATIVE'", USM_EVENT_BUSY, "1"},
    {"'transp':'OPAQUE','extendedProperties':{'X-MICROSOFT-CDO-BUSYSTATUS':{'value':'OOF'}}", USM_EVENT_BUSY, "3"},
    {"'extendedProperties':{'X-MICROSOFT-CDO-BUSYSTATUS':{'value':'FREE'}}", USM_EVENT_BUSY, "2"},
    {"'status':'TENTATIVE','extendedProperties':{'X-MICROSOFT-CDO-BUSYSTATUS':{'value':'BUSY'}}", USM_EVENT_BUSY, "2"},
    {"'transp':'TRANSPARENT','extendedProperties':{'X-MICROSOFT-CDO-BUSYSTATUS':{'value':'OOF'}}", USM_EVENT_BUSY, "0"},
    {ALARM("'duration':'-PT15M'"), USM_EVENT_REMINDER, "15"},
    {ALARM("'duration':'-P1D','related':'START'"), USM_EVENT_REMINDER, "1440"},
    {ALARM("'duration':'-PT15M','related':'END'"), USM_EVENT_REMINDER, "empty"},
    {ALARM("'duration':'PT15M'"), USM_EVENT_REMINDER, "empty"},
    {ALARM("'dateTime':'20310106T080000Z'"), USM_EVENT_REMINDER, "empty"},
    {"'alarms':[{'action':'EMAIL','trigger':{'duration':'-PT5M'}},{'action':'AUDIO','trigger':{'duration':'-PT6M'}},"
     "{'trigger':{'duration':'-PT7M'}}]", USM_EVENT_REMINDER, "6"},
    {PEOPLE, USM_EVENT_ATTENDEES,
     "berta@example.org/2/3/5 room@example.org/3/2/- x@example.net/1/1/-"},
    {PEOPLE, USM_EVENT_ORGANIZER_EMAIL, "anton@example.org"},
    {PEOPLE, USM_EVENT_OWN_STATUS, "2"},
    {"'organizer':{'uri':'MAILTO:x@example.net'},"
     "'attendees':[{'uri':'mailto:X@example.net'},{'entity':4,'email':'a@b'}]",
     USM_EVENT_ATTENDEES, "a@b/1/0/4"},
    {"'attendees':[{'entity':4,'email':'a@b'},{'entity':6,'email':'c@d'}]", USM_EVENT_ATTENDEES, "c@d/1/0/6"},
    {BERLIN ",'rrule':'FREQ=WEEKLY;BYDAY=MO'", USM_EVENT_RECURRENCE, "FREQ=WEEKLY;BYDAY=MO"},
    {BERLIN ",'rrule':'FREQ=HOURLY'", USM_EVENT_RECURRENCE, "empty"},
    {BERLIN ",'rrule':'FREQ=WEEKLY;BYDAY=MO','recurrenceId':'20310106T090000Z'", USM_EVENT_RECURRENCE, "empty"},
    {"'rrule':'FREQ=WEEKLY;BYDAY=MO'", USM_EVENT_RECURRENCE, "empty"},
    {BERLIN ",'deleteExceptionDates':['20310113T090000Z','x','Europe/Berlin:20310120T100000','20310127']",
     USM_EVENT_EXCEPTIONS, "20310113,20310120,20310127"},
};

static void test_reading(void **state)
{
    for (size_t i = 0; i < COUNT(readings); i++) {
        const char *got = text_of(read_all(json(apr_pstrcat(pool, "{", readings[i].event, "}", NULL))),
                                  readings[i].field);
        if (strcmp(got, readings[i].want) != 0)
            fail_msg("row %zu: %s of %s is %s, not %s", i, usm_field(USM_EVENT, readings[i].field)->name,
                     readings[i].event, got, readings[i].want);
    }
}

static void test_every_field_has_a_row(void **state)
{
    usm_fieldset_t some = {{0}};
    for (int f = 0; f < usm_class_fields(USM_EVENT); f++) {
        if (!ox_event_row(f))
            fail_msg("module chronos has nothing for %s", usm_field(USM_EVENT, f)->name);
    }
    assert_null(ox_event_row(-1));
    USM_FIELDSET_ADD(&some, USM_EVENT_BUSY);
    USM_FIELDSET_ADD(&some, USM_EVENT_END);
    assert_string_equal(ox_event_fields("id,startDate", &some, pool),
                        "id,startDate,endDate,transp,status,extendedProperties");
}

/* ---- writing ---- */

static usm_recurrence_t *mondays(int count)
{
    usm_recurrence_t *r = apr_pcalloc(pool, sizeof *r);
    *r = (usm_recurrence_t){.freq = USM_RECUR_WEEKLY, .interval = 1, .weekdays = 2, .first_weekday = 1,
                            .occurrences = count, .until = USM_TIME_NONE};
    return r;
}

static void set_start(usm_item_t *item)
{
    usm_item_set_num(item, USM_EVENT_START, usm_date_make(2031, 1, 6) + 10 * HOUR);
}

static void set_end(usm_item_t *item)
{
    usm_item_set_num(item, USM_EVENT_END, usm_date_make(2031, 1, 6) + 10 * HOUR + HOUR / 2);
}

static void set_zone(usm_item_t *item)
{
    usm_item_set_text(item, USM_EVENT_TIMEZONE, "Europe/Paris"); /* of the same rule */
}

static void set_other_zone(usm_item_t *item)
{
    usm_item_set_text(item, USM_EVENT_TIMEZONE, "Europe/Helsinki");
}

static void set_all_day(usm_item_t *item)
{
    usm_item_set_num(item, USM_EVENT_ALL_DAY, 1);
    usm_item_set_num(item, USM_EVENT_START, usm_date_make(2031, 1, 6));
    usm_item_set_num(item, USM_EVENT_END, usm_date_make(2031, 1, 6));
}

static void set_twice_told(usm_item_t *item) /* the second 02:30 of the night in which the clock is put back */
{
    usm_item_set_num(item, USM_EVENT_START, usm_date_make(2031, 10, 26) + HOUR + HOUR / 2);
    usm_item_set_num(item, USM_EVENT_END, usm_date_make(2031, 10, 26) + 3 * HOUR);
}

static void set_texts(usm_item_t *item)
{
    usm_body_t *body = apr_pcalloc(pool, sizeof *body);
    body->text.data = "a\r\nb";
    body->text.len = 4;
    usm_item_set_text(item, USM_EVENT_SUBJECT, "New");
    usm_item_set_text(item, USM_EVENT_LOCATION, "Old");
    usm_item_set_text(item, USM_EVENT_UID, "other");
    usm_item_set_ptr(item, USM_EVENT_BODY, body);
}

static void set_nothing(usm_item_t *item)
{
    for (int f = 0; f < usm_class_fields(USM_EVENT); f++)
        usm_item_set_empty(item, f);
}

static void set_html_only(usm_item_t *item)
{
    usm_body_t *body = apr_pcalloc(pool, sizeof *body);
    body->html.data = "<p>";
    body->html.len = 3;
    usm_item_set_ptr(item, USM_EVENT_BODY, body);
}

static void set_away(usm_item_t *item)
{
    usm_item_set_num(item, USM_EVENT_BUSY, USM_BUSY_AWAY);
}

static void set_busy(usm_item_t *item)
{
    usm_item_set_num(item, USM_EVENT_BUSY, USM_BUSY_BUSY);
}

static void set_free(usm_item_t *item)
{
    usm_item_set_num(item, USM_EVENT_BUSY, USM_BUSY_FREE);
}

static void set_private(usm_item_t *item)
{
    usm_item_set_num(item, USM_EVENT_SENSITIVITY, USM_SENS_PRIVATE);
}

static void set_personal(usm_item_t *item)
{
    usm_item_set_num(item, USM_EVENT_SENSITIVITY, USM_SENS_PERSONAL);
}

static void set_reminder(usm_item_t *item)
{
    usm_item_set_num(item, USM_EVENT_REMINDER, 30);
}

static void no_reminder(usm_item_t *item)
{
    usm_item_set_empty(item, USM_EVENT_REMINDER);
}

static void set_rule(usm_item_t *item)
{
    usm_item_set_ptr(item, USM_EVENT_RECURRENCE, mondays(4));
}

static void no_rule(usm_item_t *item)
{
    usm_item_set_empty(item, USM_EVENT_RECURRENCE);
}

static void set_people(usm_item_t *item)
{
    static usm_attendee_t people[] = {
        {.email = "BERTA@example.org", .type = USM_ATT_REQUIRED},
        {.email = "new@example.net", .name = "New", .type = USM_ATT_OPTIONAL},
        {.email = "caro@example.org", .backend_ref = "6", .type = USM_ATT_REQUIRED},
        {.email = "projector@example.org", .type = USM_ATT_RESOURCE},
    };
    static usm_attendees_t list = {4, people};
    usm_item_set_ptr(item, USM_EVENT_ATTENDEES, &list);
}

static void set_new_optional(usm_item_t *item)
{
    static usm_attendee_t people[] = {{.email = "new@example.net", .type = USM_ATT_OPTIONAL}};
    static usm_attendees_t list = {1, people};
    usm_item_set_ptr(item, USM_EVENT_ATTENDEES, &list);
}

static void no_people(usm_item_t *item)
{
    usm_item_set_empty(item, USM_EVENT_ATTENDEES);
}

static void set_categories(usm_item_t *item)
{
    static const char *words[] = {"a", "b, c"};
    static usm_list_t list = {2, words};
    usm_item_set_ptr(item, USM_EVENT_CATEGORIES, &list);
}

#define KEPT_ALARMS                                                                                                    \
    "'alarms':[{'id':1,'action':'EMAIL','trigger':{'duration':'-PT5M'}},{'id':2,'uid':'u','action':'DISPLAY',"       \
    "'acknowledged':17,'trigger':{'duration':'-PT15M'}},{'id':3,'action':'DISPLAY','trigger':{'duration':'-P1D'}}]"
#define AWAY "'X-MICROSOFT-CDO-BUSYSTATUS':{'value':'OOF'}"

static const struct {
    const char *current; /* NULL: a new event */
    void (*set)(usm_item_t *item);
    const char *want;
} writings[] = {
    {BERLIN, set_start, "'startDate':{'value':'20310106T110000','tzid':'Europe/Berlin'},"
                        "'endDate':{'value':'20310106T110000','tzid':'Europe/Berlin'}"},
    {BERLIN, set_end, "'endDate':{'value':'20310106T113000','tzid':'Europe/Berlin'}"},
    {BERLIN, set_zone, ""},
    {BERLIN, set_other_zone, "'startDate':{'value':'20310106T110000','tzid':'Europe/Helsinki'},"
                             "'endDate':{'value':'20310106T120000','tzid':'Europe/Helsinki'}"},
    {BERLIN, set_all_day, "'startDate':{'value':'20310106'},'endDate':{'value':'20310107'}"},
    {"'startDate':{'value':'20310106'},'endDate':{'value':'20310107'}", set_all_day, ""},
    {BERLIN, set_twice_told, "'startDate':{'value':'20311026T013000Z'},"
                             "'endDate':{'value':'20311026T040000','tzid':'Europe/Berlin'}"},
    {"'startDate':{'value':'20310106T100000','tzid':'Europe/Berlin'},"
     "'endDate':{'value':'20310106T130000','tzid':'Europe/Helsinki'}", set_start,
     "'startDate':{'value':'20310106T110000','tzid':'Europe/Berlin'},"
     "'endDate':{'value':'20310106T130000','tzid':'Europe/Helsinki'}"},
    {BERLIN ",'rrule':'FREQ=WEEKLY;BYDAY=MO;UNTIL=20310120T090000Z'", set_start,
     "'rrule':'FREQ=WEEKLY;BYDAY=MO;UNTIL=20310120T100000Z',"
     "'startDate':{'value':'20310106T110000','tzid':'Europe/Berlin'},"
     "'endDate':{'value':'20310106T110000','tzid':'Europe/Berlin'}"},
    {NULL, set_start, "'startDate':{'value':'20310106T100000Z'},'endDate':{'value':'20310106T100000Z'}"},
    {NULL, set_all_day, "'startDate':{'value':'20310106'},'endDate':{'value':'20310107'}"},
    {BERLIN ",'location':'Old'", set_texts, "'summary':'New','description':'a\\nb'"},
    {BERLIN ",'description':'old'", set_html_only, ""},
    {BERLIN ",'location':'Old','summary':'S','description':'x','class':'PRIVATE','transp':'TRANSPARENT',"
            "'categories':['a'],'conferences':[1],'rrule':'FREQ=WEEKLY;BYDAY=MO','color':'red'",
     set_nothing, "'location':null,'summary':null,'description':null,'class':'PUBLIC','transp':'OPAQUE',"
                  "'categories':null,'rrule':null"},
    {BERLIN ",'class':'PUBLIC','transp':'OPAQUE'", set_nothing, ""},
    {BERLIN, set_away, "'extendedProperties':{" AWAY "}"},
    {NULL, set_away, "'transp':'OPAQUE','extendedProperties':{" AWAY "}"},
    {"'transp':'OPAQUE','extendedProperties':{'X-A':{'value':1}}", set_away,
     "'extendedProperties':{'X-A':{'value':1}," AWAY "}"},
    {"'transp':'OPAQUE','extendedProperties':{" AWAY "}", set_away, ""},
    {"'transp':'OPAQUE','extendedProperties':{" AWAY "}", set_busy,
     "'extendedProperties':{'X-MICROSOFT-CDO-BUSYSTATUS':{'value':'BUSY'}}"},
    {"'transp':'OPAQUE','extendedProperties':{" AWAY "}", set_free, "'transp':'TRANSPARENT'"},
    {"'transp':'OPAQUE','status':'TENTATIVE'", set_busy,
     "'extendedProperties':{'X-MICROSOFT-CDO-BUSYSTATUS':{'value':'BUSY'}}"},
    {"'class':'PUBLIC'", set_private, "'class':'PRIVATE'"},
    {"'class':'CONFIDENTIAL'", set_personal, "'class':'PUBLIC'"},
    {BERLIN, set_reminder, "'alarms':[{'action':'DISPLAY','trigger':{'duration':'-PT30M'}}]"},
    {KEPT_ALARMS, set_reminder,
     "'alarms':[{'id':1,'action':'EMAIL','trigger':{'duration':'-PT5M'}},{'id':2,'uid':'u','action':'DISPLAY',"
     "'trigger':{'duration':'-PT30M'}},{'id':3,'action':'DISPLAY','trigger':{'duration':'-P1D'}}]"},
    {KEPT_ALARMS, no_reminder, "'alarms':[{'id':1,'action':'EMAIL','trigger':{'duration':'-PT5M'}}]"},
    {ALARM("'duration':'-PT5M'"), no_reminder, "'alarms':null"},
    {ALARM("'duration':'-PT0H30M'"), set_reminder, ""},
    {BERLIN, set_rule, "'rrule':'FREQ=WEEKLY;BYDAY=MO;COUNT=4'"},
    {BERLIN ",'rrule':'COUNT=4;FREQ=WEEKLY'", set_rule, ""},
    {BERLIN ",'rrule':'FREQ=HOURLY'", set_rule, "'rrule':'FREQ=WEEKLY;BYDAY=MO;COUNT=4'"},
    {BERLIN ",'rrule':'FREQ=WEEKLY'", no_rule, "'rrule':null"},
    {BERLIN ",'rrule':'FREQ=HOURLY'", no_rule, ""},
    {"'categories':['a']", set_categories, "'categories':['a','b, c']"},
    {PEOPLE, set_people,
     "'attendees':[{'entity':4,'cuType':'INDIVIDUAL','uri':'mailto:anton@example.org','partStat':'ACCEPTED'},"
     "{'entity':5,'uri':'mailto:berta@example.org','role':'OPT-PARTICIPANT','partStat':'DECLINED'},"
     "{'entity':4,'cuType':'GROUP','uri':'mailto:all@example.org'},"
     "{'entity':4,'cuType':'RESOURCE','email':'room@example.org','partStat':'ACCEPTED'},"
     "{'uri':'mailto:new@example.net','email':'new@example.net','cn':'New','cuType':'INDIVIDUAL',"
     "'role':'OPT-PARTICIPANT'},"
     "{'entity':6,'uri':'mailto:caro@example.org','email':'caro@example.org','cuType':'INDIVIDUAL',"
     "'role':'REQ-PARTICIPANT'},"
     "{'uri':'mailto:projector@example.org','email':'projector@example.org','cuType':'RESOURCE',"
     "'role':'REQ-PARTICIPANT'}]"},
    {"'organizer':{'entity':4},'attendees':[{'entity':4},{'uri':'mailto:new@example.net','partStat':'ACCEPTED'}]",
     set_new_optional,
     "'attendees':[{'entity':4},{'uri':'mailto:new@example.net','role':'OPT-PARTICIPANT','partStat':'ACCEPTED'}]"},
    {PEOPLE, no_people,
     "'attendees':[{'entity':4,'cuType':'INDIVIDUAL','uri':'mailto:anton@example.org','partStat':'ACCEPTED'},"
     "{'entity':4,'cuType':'GROUP','uri':'mailto:all@example.org'},"
     "{'entity':4,'cuType':'RESOURCE','email':'room@example.org','partStat':'ACCEPTED'}]"},
    {BERLIN, no_people, ""},
};

static void test_writing(void **state)
{
    for (size_t i = 0; i < COUNT(writings); i++) {
        usm_item_t *item = usm_item_create(USM_EVENT, pool);
        usm_fieldset_t fields = {{0}};
        ox_event_write_t w = {.object = ox_json_object(pool), .item = item, .fields = &fields, .own_id = OWN,
                              .pool = pool};
        if (writings[i].current)
            w.current = json(apr_pstrcat(pool, "{", writings[i].current, "}", NULL));
        writings[i].set(item);
        for (int f = 0; f < usm_class_fields(USM_EVENT); f++) {
            if (usm_item_state(item, f) != USM_ABSENT)
                USM_FIELDSET_ADD(&fields, f);
        }
        ox_event_write(&w);
        if (!ox_json_equal(w.object, json(apr_pstrcat(pool, "{", writings[i].want, "}", NULL))))
            fail_msg("row %zu: %s, not %s", i, ox_json_dump(NULL, w.object, pool), writings[i].want);
    }
}

/* Whatever is read and written again changes nothing. */
static void test_nothing_new_is_nothing_written(void **state)
{
    for (size_t i = 0; i < COUNT(readings); i++) {
        ox_json_t *event = json(apr_pstrcat(pool, "{", readings[i].event, "}", NULL));
        usm_item_t *item = read_all(event);
        usm_fieldset_t fields = {{0}};
        ox_event_write_t w = {.object = ox_json_object(pool), .item = item, .fields = &fields, .current = event,
                              .own_id = OWN, .pool = pool};
        for (int f = 0; f < usm_class_fields(USM_EVENT); f++)
            USM_FIELDSET_ADD(&fields, f);
        ox_event_write(&w);
        /* A person without a mail address was never shown, and so is not said to be there. */
        if (!strstr(readings[i].event, "urn:uuid") && !strstr(readings[i].event, "null") &&
            !ox_json_equal(w.object, json("{}")))
            fail_msg("row %zu: %s: %s", i, readings[i].event, ox_json_dump(NULL, w.object, pool));
    }
}

static void test_guests(void **state)
{
    static const struct {
        const char *event;
        int guest;
    } rows[] = {
        {"{}", 0},
        {"{'organizer':{'entity':4}}", 0},
        {"{'organizer':{'entity':5,'email':'b@c'}}", 1},
        {"{'organizer':{'email':'x@example.net'}}", 0},
        {"{'organizer':{'email':'x@example.net'},'attendees':[{'uri':'mailto:X@EXAMPLE.net'},{'entity':4}]}", 1},
        {"{'organizer':{'email':'anton@example.org'},'attendees':[{'entity':4,'email':'anton@example.org'}]}", 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (ox_event_is_guest(json(rows[i].event), OWN, pool) != rows[i].guest)
            fail_msg("row %zu: %s", i, rows[i].event);
    }
    assert_string_equal(ox_event_part_stat(USM_ATT_TENTATIVE), "TENTATIVE");
    assert_null(ox_event_address(json("{'uri':'urn:x'}"), pool));
}

static void test_folder_ids(void **state)
{
    static const char *const rows[][2] = {
        {"31", "cal://0/31"}, {"cal://0/31", "cal://0/31"}, {"cal://3/x", "cal://3/x"}, {"", ""}};
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_string_equal(ox_chronos_folder(&(usm_bref_t){.id = rows[i][0]}, pool), rows[i][1]);
}

/* ---- answers ---- */

#define LOGIN                                                                                                          \
    {                                                                                                                  \
        .match = "action=login", .body = "{\"session\":\"s\",\"user_id\":4,\"context_id\":1}"                         \
    }
#define END                                                                                                            \
    {                                                                                                                  \
        .match = NULL                                                                                                  \
    }
#define E(code, category) "{\"error\":\"x\",\"categories\":\"" category "\",\"code\":\"" code "\"}"

typedef struct env_t {
    mock_t *mock;
    usm_bcall_t *call;
    const usm_backend_vtable_t *vt;
    apr_pool_t *pool, *calls;
} env_t;

static const usm_bref_t calendar = {.id = "31", .cls = USM_EVENT};
static const usm_brange_t everything = {.since = USM_TIME_NONE};

static env_t start(const canned_t *rows)
{
    env_t e;
    apr_pool_create(&e.pool, pool);
    e.mock = mock_start(rows, e.pool);
    apr_pool_create(&e.calls, e.pool);
    test_calendar = USM_CALENDAR_CHRONOS;
    usm_backend_t *be = test_backend(mock_port(e.mock), "", e.pool);
    e.vt = be->vt;
    e.call = test_call(be, e.calls);
    return e;
}

static void stop(env_t *e)
{
    apr_pool_destroy(e->calls);
    apr_pool_destroy(e->pool);
}

#define TIMES "\"startDate\":{\"value\":\"20310106\"},\"endDate\":{\"value\":\"20310107\"}"

/* A deletion that names an occurrence by its series is none of the series. */
static void test_deletions(void **state)
{
    static const canned_t rows[] = {
        LOGIN,
        {.match = "action=updates",
         .body = "{\"timestamp\":1700000000000,\"data\":{\"newAndModified\":[{\"id\":\"9\",\"timestamp\":1600000000001,"
                 TIMES "},{\"timestamp\":5}],\"deleted\":["
                 "{\"id\":\"5\",\"seriesId\":\"5\",\"recurrenceId\":\"20310113\",\"timestamp\":1600000000002},"
                 "{\"id\":\"6\",\"seriesId\":\"5\",\"recurrenceId\":\"20310113\"},{\"id\":\"7\"},\"8\",{}]}}"},
        END};
    env_t e = start(rows);
    noted_t n;
    usm_bsink_t sink = noted_sink(&n, e.pool);
    const char *cursor;
    int changed;
    test_ok(e.vt->changes(&cursor, e.call, &calendar, &everything, "1 1600000000000", 0, &sink, e.pool, e.pool),
            "changes");
    assert_int_equal(n.upserts, 1);
    assert_true(noted_has(&n, '+', "9", NULL));
    assert_false(noted_has(&n, '-', "5", NULL));
    assert_int_equal(n.removes, 3);
    assert_int_equal(mock_count(e.mock, "folder=cal%3A%2F%2F0%2F31"), 1);
    test_ok(e.vt->changed(&changed, e.call, &calendar, "1 1600000000000", e.pool), "changed");
    assert_int_equal(changed, 1);
    test_ok(e.vt->changed(&changed, e.call, &calendar, "rubbish", e.pool), "changed");
    assert_int_equal(changed, 1);
    stop(&e);
}

/* No answer, or one in another form, is an error: never "all gone", never "nothing new". */
static void test_no_answer_is_no_answer(void **state)
{
    static const canned_t rows[] = {
        LOGIN, {.match = "action=updates", .body = "{\"timestamp\":1700000000000}"},
        {.match = "action=list", .body = "{\"timestamp\":1700000000000}"},
        {.match = "action=get", .body = "{\"data\":[]}"},
        {.match = "action=new", .body = "{\"data\":{\"created\":[]}}"}, END};
    env_t e = start(rows);
    noted_t n;
    usm_bsink_t sink = noted_sink(&n, e.pool);
    usm_bget_t get = {.id = "5"};
    usm_fetch_t fetch = fetch_all(USM_EVENT, USM_BODY_TEXT);
    usm_fieldset_t none = {{0}};
    usm_bwrite_t w = {0};
    usm_item_t *item = usm_item_create(USM_EVENT, e.pool);
    const char *cursor;
    usm_item_set_num(item, USM_EVENT_START, 0);
    usm_item_set_text(item, USM_EVENT_TIMEZONE, "Europe/Berlin");
    test_fails(e.vt->changes(&cursor, e.call, &calendar, &everything, "1 1600000000000", 0, &sink, e.pool, e.pool),
               USM_EBACKEND, "changes");
    test_fails(e.vt->get(&get, 1, e.call, &calendar, &fetch, e.pool, e.pool), USM_EBACKEND, "get");
    test_fails(e.vt->update(&w, e.call, &calendar, "5", item, &none, 1, e.pool, e.pool), USM_EBACKEND, "update");
    test_fails(e.vt->add(&w, e.call, &calendar, item, "u", e.pool, e.pool), USM_EBACKEND, "add");
    stop(&e);
}

/* One missing event fails a whole list: the others are asked for by themselves. */
static void test_list_with_a_gap(void **state)
{
    static const canned_t rows[] = {
        LOGIN, {.match = "action=list", .body = E("CAL-4040", "USER_INPUT")},
        {.match = "multiple",
         .body = "[{\"data\":[{\"id\":\"1\",\"timestamp\":7," TIMES "}]}," E("CAL-4040", "USER_INPUT") ","
                 E("CAL-5000", "ERROR") "]"},
        END};
    env_t e = start(rows);
    usm_bget_t gets[] = {{.id = "1"}, {.id = "2"}, {.id = "3"}};
    usm_fetch_t fetch = fetch_all(USM_EVENT, USM_BODY_TEXT);
    test_ok(e.vt->get(gets, 3, e.call, &calendar, &fetch, e.pool, e.pool), "get");
    assert_non_null(gets[0].item);
    assert_int_equal(gets[0].rev, 7);
    assert_null(gets[1].item);
    assert_null(gets[1].error);
    assert_true(usm_error_is(gets[2].error, USM_EBACKEND));
    usm_error_clear(gets[2].error);
    test_ok(e.vt->get(&gets[1], 1, e.call, &calendar, &fetch, e.pool, e.pool), "get of one");
    assert_null(gets[1].item);
    stop(&e);
}

/* A changed occurrence that has gone since takes neither its series nor the other one with it. */
static void test_occurrence_gone_meanwhile(void **state)
{
    static const canned_t rows[] = {
        LOGIN,
        {.match = "action=list",
         .body = "{\"data\":[{\"id\":\"5\",\"seriesId\":\"5\",\"timestamp\":7,\"rrule\":\"FREQ=DAILY\"," TIMES
                 ",\"changeExceptionDates\":[\"20310108\",\"20310109\"]}]}"},
        {.match = "multiple", .body = "[" E("CAL-4042", "USER_INPUT") "]", .times = 1},
        {.match = "multiple",
         .body = "[" E("CAL-4042", "USER_INPUT") ",{\"data\":[{\"id\":\"6\",\"seriesId\":\"5\",\"timestamp\":9,"
                 "\"recurrenceId\":\"20310109\",\"summary\":\"other\"," TIMES "}]}]"},
        END};
    env_t e = start(rows);
    usm_bget_t get = {.id = "5"};
    usm_fetch_t fetch = fetch_all(USM_EVENT, USM_BODY_TEXT);
    test_ok(e.vt->get(&get, 1, e.call, &calendar, &fetch, e.pool, e.pool), "get");
    assert_non_null(get.item);
    const usm_exceptions_t *x = get.item->v[USM_EVENT_EXCEPTIONS].u.exceptions;
    assert_int_equal(x->count, 1);
    assert_string_equal(x->items[0].id, "6");
    assert_int_equal(x->items[0].day, usm_date_make(2031, 1, 9));
    assert_int_equal(get.rev, 9);
    stop(&e);
}

static void test_refused_deletions(void **state)
{
    static const canned_t rows[] = {
        LOGIN, {.match = "timestamp=1&", .body = "{\"data\":[{\"id\":\"5\",\"error\":" E("CAL-4120", "CONFLICT") "}]}"},
        {.match = "timestamp=2&",
         .body = "{\"data\":[{\"id\":\"5\",\"error\":\"x\",\"code\":\"CAL-4040\",\"categories\":\"USER_INPUT\"}]}"},
        {.match = "timestamp=3&", .body = "{\"data\":[{\"id\":\"5\",\"deleted\":[]}]}"},
        {.match = "timestamp=4&", .body = E("CAL-4032", "PERMISSION_DENIED")}, END};
    env_t e = start(rows);
    test_fails(e.vt->remove(e.call, &calendar, "5", USM_DELETE_HARD, 1, e.pool), USM_ECONFLICT, "newer");
    test_fails(e.vt->remove(e.call, &calendar, "5", USM_DELETE_HARD, 2, e.pool), USM_ENOTFOUND, "gone");
    test_ok(e.vt->remove(e.call, &calendar, "5", USM_DELETE_HARD, 3, e.pool), "deleted");
    test_fails(e.vt->remove(e.call, &calendar, "5", USM_DELETE_HARD, 4, e.pool), USM_EFORBIDDEN, "forbidden");
    stop(&e);
}

/* A value that is too long is named by a member or by the legacy column; a resource that is taken ends it. */
static void test_long_values_and_taken_rooms(void **state)
{
    static const canned_t rows[] = {
        LOGIN,
        {.match = "action=new",
         .body = "{\"error\":\"x\",\"categories\":\"TRUNCATED\",\"code\":\"CAL-4229\","
                 "\"truncated\":[{\"id\":\"summary\",\"max_size\":3},{\"id\":400,\"max_size\":2}]}", .times = 1},
        {.match = "action=new",
         .body = "{\"data\":{\"created\":[{\"id\":\"9\",\"timestamp\":12}]},\"timestamp\":13}", .times = 1},
        {.match = "action=new", .body = "{\"data\":{\"created\":[],\"conflicts\":[{\"id\":\"1\"}]}}"}, END};
    env_t e = start(rows);
    usm_item_t *item = usm_item_create(USM_EVENT, e.pool);
    usm_bwrite_t w = {0};
    set_all_day(item);
    usm_item_set_text(item, USM_EVENT_SUBJECT, "too long");
    usm_item_set_text(item, USM_EVENT_LOCATION, "here");
    test_ok(e.vt->add(&w, e.call, &calendar, item, "u", e.pool, e.pool), "add");
    assert_string_equal(w.id, "9");
    assert_int_equal(w.rev, 13);
    assert_int_equal(mock_count(e.mock, "\"summary\":\"too\""), 1);
    assert_int_equal(mock_count(e.mock, "\"location\":\"he\""), 1);
    test_fails(e.vt->add(&w, e.call, &calendar, item, "u2", e.pool, e.pool), USM_EINVALID, "a room that is taken");
    stop(&e);
}

/* Where the legacy module is gone, the folder is searched for the uid; of a series its master is meant. */
static void test_find_uid_without_the_legacy_module(void **state)
{
    static const canned_t rows[] = {
        LOGIN, {.match = "resolveuid", .body = E("SVL-0001", "ERROR")},
        {.match = "action=all",
         .body = "{\"data\":[{\"id\":\"6\",\"seriesId\":\"5\",\"uid\":\"u\"},{\"id\":\"5\",\"seriesId\":\"5\","
                 "\"uid\":\"u\"},{\"id\":\"7\",\"uid\":\"v\"}]}"},
        {.match = "action=list", .body = "{\"data\":[{\"id\":\"5\",\"timestamp\":8," TIMES "}]}"}, END};
    env_t e = start(rows);
    usm_bwrite_t found;
    test_ok(e.vt->find_uid(&found, e.call, &calendar, "u", e.pool, e.pool), "find");
    assert_string_equal(found.id, "5");
    assert_int_equal(found.rev, 8);
    test_ok(e.vt->find_uid(&found, e.call, &calendar, "w", e.pool, e.pool), "find nothing");
    assert_null(found.id);
    stop(&e);
}

static void test_busy(void **state)
{
    static const canned_t rows[] = {
        LOGIN,
        {.match = "multiple",
         .body = "[{\"data\":[{\"attendee\":{\"entity\":5},\"freeBusyTime\":["
                 "{\"startTime\":1700470800000,\"endTime\":1700474400000,\"fbType\":\"BUSY-TENTATIVE\"},"
                 "{\"startTime\":\"20231121T090000Z\",\"endTime\":\"20231121T100000Z\","
                 "\"fbType\":\"BUSY-UNAVAILABLE\"},"
                 "{\"startTime\":1700438400000,\"endTime\":1700524800000,\"fbType\":\"X\"},"
                 "{\"startTime\":1700470800000,\"endTime\":1700474400000,\"fbType\":\"FREE\"},"
                 "{\"startTime\":1700474400000,\"endTime\":1700470800000},{}]}]},"
                 E("CAL-4030", "PERMISSION_DENIED") "]"},
        END};
    env_t e = start(rows);
    usm_busy_query_t q[] = {{.user = 5, .times = apr_array_make(e.pool, 4, sizeof(usm_busy_t))},
                            {.user = 6, .times = apr_array_make(e.pool, 4, sizeof(usm_busy_t))}};
    test_ok(e.vt->busy(q, 2, e.call, APR_INT64_C(1700438400000), APR_INT64_C(1700524800000), e.pool, e.pool), "busy");
    assert_int_equal(q[0].times->nelts, 3);
    const usm_busy_t *t = (const usm_busy_t *)q[0].times->elts;
    assert_int_equal(t[0].busy, USM_BUSY_TENTATIVE);
    assert_false(t[0].whole_days);
    assert_int_equal(t[1].busy, USM_BUSY_AWAY);
    assert_int_equal(t[1].start, usm_date_make(2023, 11, 21) + 9 * HOUR);
    assert_int_equal(t[2].busy, USM_BUSY_BUSY);
    assert_true(t[2].whole_days);
    assert_true(usm_error_is(q[1].error, USM_EFORBIDDEN));
    usm_error_clear(q[1].error);
    stop(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reading),
        cmocka_unit_test(test_every_field_has_a_row),
        cmocka_unit_test(test_writing),
        cmocka_unit_test(test_nothing_new_is_nothing_written),
        cmocka_unit_test(test_guests),
        cmocka_unit_test(test_folder_ids),
        cmocka_unit_test(test_deletions),
        cmocka_unit_test(test_no_answer_is_no_answer),
        cmocka_unit_test(test_list_with_a_gap),
        cmocka_unit_test(test_occurrence_gone_meanwhile),
        cmocka_unit_test(test_refused_deletions),
        cmocka_unit_test(test_long_values_and_taken_rooms),
        cmocka_unit_test(test_find_uid_without_the_legacy_module),
        cmocka_unit_test(test_busy),
    };
    apr_initialize();
    apr_pool_create(&pool, NULL);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_pool_destroy(pool);
    apr_terminate();
    return failed;
}
