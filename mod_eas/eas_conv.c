/* SPDX-License-Identifier: Apache-2.0 */
/* One converter per type of field, never per field. */
#include "eas_map.h"

#include <apr_base64.h>
#include <apr_strings.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "eas_series.h"
#include "eas_timezone.h"

#define PAGE_OF(tag) ((tag) >> 8)
#define ADDRESSES_MAX 32768 /* bytes, MS-ASEMAIL 2.2.2.78 */
#define ATTENDEES_MAX 2000
#define PICTURE_MAX 49152 /* characters of base64, MS-ASCNTC 2.2.2.57 */

static usm_error_t *bad(eas_map_t *map, const eas_row_t *row)
{
    return USM_ERROR(map->pool, USM_EINVALID, "%s has a value that is not allowed", row->name);
}

/* ---- times ---- */

static int digits(const char **p, int n)
{
    int v = 0;
    for (; n > 0; n--, (*p)++) {
        if (!isdigit((unsigned char)**p))
            return -1;
        v = v * 10 + (**p - '0');
    }
    return v;
}

static apr_int64_t civil(int y, int m, int d)
{
    y -= m <= 2;
    int era = y / 400, yoe = y - era * 400, doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return (apr_int64_t)era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static int month_days(int y, int m)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return m == 2 && ((y % 4 == 0 && y % 100 != 0) || y % 400 == 0) ? 29 : days[m - 1];
}

int eas_time_parse(usm_time_t *t, const char *p)
{
    int part[6], dashed, ms = 0;
    static const int width[] = {4, 2, 2, 2, 2, 2};
    static const char between[] = "--T::";
    if (!p || strlen(p) < 8)
        return 0;
    dashed = p[4] == '-';
    for (int i = 0; i < 6; i++) {
        if (i && (between[i - 1] == 'T' || dashed) && *p++ != between[i - 1])
            return 0;
        if ((part[i] = digits(&p, width[i])) < 0)
            return 0;
    }
    if (*p == '.') {
        int scale = 100;
        for (p++; isdigit((unsigned char)*p); p++, scale /= 10)
            ms += (*p - '0') * scale;
    }
    if (strcmp(p, "Z") != 0 || part[0] < 1601 || part[1] < 1 || part[1] > 12 || part[2] < 1 ||
        part[2] > month_days(part[0], part[1]) || part[3] > 23 || part[4] > 59 || part[5] > 59)
        return 0;
    *t = ((civil(part[0], part[1], part[2]) * 24 + part[3]) * 60 + part[4]) * 60000 + part[5] * 1000 + ms;
    return 1;
}

/* Calendar and Notes write the compact form, everything else the punctuated one (MS-ASDTYPE 2.3). */
static eas_time_form_t form_of(unsigned tag)
{
    return PAGE_OF(tag) == PAGE_OF(EAS_Calendar_StartTime) || PAGE_OF(tag) == PAGE_OF(EAS_Notes_LastModifiedDate)
               ? EAS_TIME_COMPACT
               : EAS_TIME_DASHED;
}

static void put_time(eas_map_t *map, unsigned tag, usm_time_t t)
{
    char text[EAS_TIME_LEN];
    if (eas_time_format(text, t, form_of(tag)))
        eas_writer_tag_text(map->out, tag, text);
}

static void enc_time(eas_map_t *map, const eas_row_t *row, const usm_value_t *v)
{
    put_time(map, row->tag, v->u.num);
}

static usm_error_t *dec_time(usm_item_t *item, eas_map_t *map, const eas_row_t *row, const eas_node_t *node)
{
    usm_time_t t;
    if (!eas_time_parse(&t, eas_node_text(node)))
        return bad(map, row);
    usm_item_set_num(item, row->field, t);
    return NULL;
}

/* A day goes out as one minute before noon, which is the same day in all zones from -11:59 to +12, and to a user whose
 * clock is further off at a time that is that day by UTC and by that clock. What comes back is midnight in the device's
 * zone, noon, or what was sent, and half a day's shift brings all of them to that day. */
#define NOON_MS (12 * 3600000 - 60000)
static usm_time_t noon_for(const eas_map_t *map, usm_time_t day)
{
    eas_tzrule_t rule;
    const char *zone = eas_user_zone(map);
    if (!zone || !eas_tz_zone(&rule, zone, map->pool))
        return NOON_MS;
    usm_time_t offset = (usm_time_t)eas_tz_offset(&rule, day + NOON_MS) * 1000;
    if (offset > USM_DAY_MS / 2)
        return USM_DAY_MS - offset - 60000;
    return offset <= -USM_DAY_MS / 2 ? -offset : NOON_MS;
}

static void enc_date(eas_map_t *map, const eas_row_t *row, const usm_value_t *v)
{
    int is_task = PAGE_OF(row->tag) == PAGE_OF(EAS_Tasks_DueDate);
    put_time(map, row->tag, v->u.num + (is_task ? 0 : noon_for(map, v->u.num)));
}

const char *eas_user_zone(const eas_map_t *map)
{
    const usm_userinfo_t *info = NULL;
    usm_error_t *err = map->ctx->session ? usm_session_userinfo(&info, map->ctx->session) : NULL;
    usm_error_clear(err);
    return err || !info ? NULL : info->timezone;
}

/* Twelve hours and more east of Greenwich, local midnight is noon or earlier of the day before. */
static usm_time_t far_east(eas_map_t *map, usm_time_t t)
{
    eas_tzrule_t rule;
    const char *zone = eas_user_zone(map);
    if (!zone || !eas_tz_zone(&rule, zone, map->pool))
        return 0;
    usm_time_t offset = (usm_time_t)eas_tz_offset(&rule, t) * 1000;
    return offset >= USM_DAY_MS / 2 && (t + offset) % USM_DAY_MS == 0 ? offset : 0;
}

usm_time_t eas_day_of(eas_map_t *map, usm_time_t t)
{
    usm_time_t east = far_east(map, t);
    return usm_date_floor(t + (east ? east : USM_DAY_MS / 2 - 1));
}

static usm_error_t *dec_date(usm_item_t *item, eas_map_t *map, const eas_row_t *row, const eas_node_t *node)
{
    usm_time_t t;
    if (!eas_time_parse(&t, eas_node_text(node)))
        return bad(map, row);
    usm_item_set_num(item, row->field, eas_day_of(map, t));
    return NULL;
}

static void enc_evtime(eas_map_t *map, const eas_row_t *row, const usm_value_t *v)
{
    put_time(map, row->tag, eas_event_wire_time(map, v->u.num));
}

/* ---- numbers ---- */

static void enc_int(eas_map_t *map, const eas_row_t *row, const usm_value_t *v)
{
    eas_writer_tag_int(map->out, row->tag, v->u.num);
}

static usm_error_t *dec_range(usm_item_t *item, eas_map_t *map, const eas_row_t *row, const eas_node_t *node,
                              apr_int64_t max)
{
    apr_int64_t n;
    if (!eas_node_int(node, 0, max, &n))
        return bad(map, row);
    usm_item_set_num(item, row->field, n);
    return NULL;
}

static usm_error_t *dec_int(usm_item_t *item, eas_map_t *map, const eas_row_t *row, const eas_node_t *node)
{
    return dec_range(item, map, row, node, APR_INT32_MAX);
}

static usm_error_t *dec_bool(usm_item_t *item, eas_map_t *map, const eas_row_t *row, const eas_node_t *node)
{
    int yes;
    if (!eas_node_bool(node, &yes))
        return bad(map, row);
    usm_item_set_num(item, row->field, yes);
    return NULL;
}

static void enc_busy(eas_map_t *map, const eas_row_t *row, const usm_value_t *v)
{
    int elsewhere = v->u.num == USM_BUSY_ELSEWHERE && map->ctx->version < 160;
    eas_writer_tag_int(map->out, row->tag, elsewhere ? USM_BUSY_BUSY : v->u.num);
}

static usm_error_t *dec_busy(usm_item_t *item, eas_map_t *map, const eas_row_t *row, const eas_node_t *node)
{
    return dec_range(item, map, row, node, USM_BUSY_ELSEWHERE);
}

static usm_error_t *dec_sensitivity(usm_item_t *item, eas_map_t *map, const eas_row_t *row, const eas_node_t *node)
{
    return dec_range(item, map, row, node, USM_SENS_CONFIDENTIAL);
}

/* Of a task; Exchange takes any number there (MS-ASTASK 2.2.2.15). */
static usm_error_t *dec_importance(usm_item_t *item, eas_map_t *map, const eas_row_t *row, const eas_node_t *node)
{
    USM_ERR(dec_int(item, map, row, node));
    if (item->v[row->field].u.num > USM_IMP_HIGH)
        item->v[row->field].u.num = USM_IMP_HIGH;
    return NULL;
}

static void enc_verb(eas_map_t *map, const eas_row_t *row, const usm_value_t *v)
{
    if (v->u.num)
        eas_writer_tag_int(map->out, row->tag, v->u.num);
}

/* ---- text ---- */

static void enc_text(eas_map_t *map, const eas_row_t *row, const usm_value_t *v)
{
    eas_writer_tag_text(map->out, row->tag, v->u.text);
}

static usm_error_t *dec_text(usm_item_t *item, eas_map_t *map, const eas_row_t *row, const eas_node_t *node)
{
    const char *text = eas_node_text(node);
    if (!text)
        return bad(map, row);
    usm_item_set_text(item, row->field, text);
    return NULL;
}

/* `"Name" <a@b>` and `a@b` are both sent for an address. NULL stays NULL. */
static const char *bare_address(const char *text, apr_pool_t *pool)
{
    const char *open = text ? strrchr(text, '<') : NULL, *close = open ? strchr(open, '>') : NULL;
    return close ? apr_pstrmemdup(pool, open + 1, (apr_size_t)(close - open - 1)) : text;
}

static usm_error_t *dec_email(usm_item_t *item, eas_map_t *map, const eas_row_t *row, const eas_node_t *node)
{
    const char *text = bare_address(eas_node_text(node), map->pool);
    if (!text)
        return bad(map, row);
    usm_item_set_text(item, row->field, text);
    return NULL;
}

static unsigned list_child(unsigned tag)
{
    switch (tag) {
    case EAS_Contacts_Categories:
        return EAS_Contacts_Category;
    case EAS_Calendar_Categories:
        return EAS_Calendar_Category;
    case EAS_Tasks_Categories:
        return EAS_Tasks_Category;
    case EAS_Notes_Categories:
        return EAS_Notes_Category;
    default:
        return EAS_Contacts_Child;
    }
}

static void enc_list(eas_map_t *map, const eas_row_t *row, const usm_value_t *v)
{
    if (!v->u.list->count)
        return;
    eas_writer_start(map->out, row->tag);
    for (int i = 0; i < v->u.list->count && i < 300; i++)
        eas_writer_tag_text(map->out, list_child(row->tag), v->u.list->items[i]);
    eas_writer_end(map->out);
}

static usm_error_t *dec_list(usm_item_t *item, eas_map_t *map, const eas_row_t *row, const eas_node_t *node)
{
    const eas_node_t *child;
    unsigned count = eas_node_count(node, list_child(row->tag));
    usm_list_t *list = apr_pcalloc(map->pool, sizeof *list);
    if (count > 300)
        return bad(map, row);
    list->items = apr_palloc(map->pool, sizeof(char *) * (count + 1));
    EAS_NODE_EACH_TAG(child, node, list_child(row->tag))
    {
        const char *text = eas_node_text(child);
        if (text && *text)
            list->items[list->count++] = text;
    }
    usm_item_set_ptr(item, row->field, list->count ? list : NULL);
    return NULL;
}

/* A quoted name can hold neither quotes nor backslashes that a simple reader would understand. */
const char *eas_address(const usm_addr_t *a, apr_pool_t *pool)
{
    const char *addr = a->addr ? a->addr : "";
    if (!a->name || !*a->name)
        return addr;
    char *name = apr_pstrdup(pool, a->name);
    for (char *p = name; *p; p++)
        *p = *p == '"' ? '\'' : *p == '\\' ? '/' : *p;
    return apr_pstrcat(pool, "\"", name, "\" <", addr, ">", NULL);
}

/* To and Cc separate by comma, ReplyTo by semicolon (MS-ASEMAIL 2.2.2.67). Whole addresses, as many as there is room
 * for. */
const char *eas_address_list(const usm_addrs_t *addrs, const char *separator, apr_pool_t *pool)
{
    apr_array_header_t *parts = apr_array_make(pool, addrs->count * 2, sizeof(const char *));
    apr_size_t len = 0, width = strlen(separator);
    for (int i = 0; i < addrs->count; i++) {
        const char *one = eas_address(&addrs->items[i], pool);
        len += strlen(one) + (i ? width : 0);
        if (len > ADDRESSES_MAX)
            break;
        if (i)
            APR_ARRAY_PUSH(parts, const char *) = separator;
        APR_ARRAY_PUSH(parts, const char *) = one;
    }
    return apr_array_pstrcat(pool, parts, '\0');
}

static void enc_addrs(eas_map_t *map, const eas_row_t *row, const usm_value_t *v)
{
    if (v->u.addrs->count)
        eas_writer_tag_text(map->out, row->tag,
                            eas_address_list(v->u.addrs, row->tag == EAS_Email_ReplyTo ? "; " : ", ", map->pool));
}

/* ---- pictures ---- */

static void enc_picture(eas_map_t *map, const eas_row_t *row, const usm_value_t *v)
{
    if (v->u.blob->len > PICTURE_MAX / 4 * 3)
        return;
    char *text = apr_palloc(map->pool, (apr_size_t)apr_base64_encode_len((int)v->u.blob->len));
    apr_base64_encode_binary(text, v->u.blob->data, (int)v->u.blob->len);
    eas_writer_tag_text(map->out, row->tag, text);
}

unsigned char *eas_from_base64(apr_size_t *len_p, const char *text, apr_size_t max, apr_pool_t *pool)
{
    apr_size_t n = 0, padding = 0;
    char *clean = apr_palloc(pool, (text && strlen(text) <= 2 * max ? strlen(text) : 0) + 1);
    if (!text || strlen(text) > 2 * max)
        return NULL;
    for (; *text; text++) {
        if (isspace((unsigned char)*text))
            continue;
        padding += *text == '=';
        if (*text != '=' && (padding || (!isalnum((unsigned char)*text) && *text != '+' && *text != '/')))
            return NULL;
        clean[n++] = *text;
    }
    clean[n] = '\0';
    if (n > max || padding > 2)
        return NULL;
    unsigned char *data = apr_palloc(pool, (apr_size_t)apr_base64_decode_len(clean) + 1);
    *len_p = (apr_size_t)apr_base64_decode_binary(data, clean);
    return data;
}

static usm_error_t *dec_picture(usm_item_t *item, eas_map_t *map, const eas_row_t *row, const eas_node_t *node)
{
    usm_blob_t *blob = apr_pcalloc(map->pool, sizeof *blob);
    const unsigned char *data = eas_from_base64(&blob->len, eas_node_text(node), PICTURE_MAX, map->pool);
    if (!data)
        return bad(map, row);
    blob->data = data;
    blob->content_type = blob->len > 3 && memcmp(data, "\x89PNG", 4) == 0   ? "image/png"
                         : blob->len > 3 && memcmp(data, "GIF8", 4) == 0 ? "image/gif"
                                                                         : "image/jpeg";
    usm_item_set_ptr(item, row->field, blob->len ? blob : NULL);
    return NULL;
}

/* ---- zones, attendees, attachments, labels ---- */

void eas_zone_put(eas_map_t *map, const char *zone)
{
    unsigned char blob[EAS_TZ_BLOB];
    char text[EAS_TZ_BLOB * 4 / 3 + 8];
    eas_tzrule_t rule;
    if (!eas_tz_zone(&rule, zone, map->pool))
        memset(&rule, 0, sizeof rule);
    eas_tz_to_blob(blob, &rule);
    apr_base64_encode_binary(text, blob, EAS_TZ_BLOB);
    eas_writer_tag_text(map->out, EAS_Calendar_Timezone, text);
}

int eas_zone_read(eas_tzrule_t *rule, const eas_node_t *node, apr_pool_t *pool)
{
    apr_size_t len;
    const unsigned char *blob = eas_from_base64(&len, eas_node_text(node), 240, pool);
    return blob && eas_tz_from_blob(rule, blob, len);
}

static void enc_zone(eas_map_t *map, const eas_row_t *row, const usm_value_t *v)
{
    eas_zone_put(map, v->u.text);
}

static usm_error_t *dec_zone(usm_item_t *item, eas_map_t *map, const eas_row_t *row, const eas_node_t *node)
{
    eas_tzrule_t rule;
    if (!eas_zone_read(&rule, node, map->pool))
        return bad(map, row);
    const char *zone = eas_tz_find(&rule, eas_user_zone(map), map->pool);
    if (zone) /* a blob that no zone matches leaves the zone as it is: times on the wire are UTC */
        usm_item_set_text(item, row->field, zone);
    return NULL;
}

static const int wire_status[] = {[USM_ATT_NONE] = 0, [USM_ATT_TENTATIVE] = 2, [USM_ATT_ACCEPTED] = 3,
                                  [USM_ATT_DECLINED] = 4};

static void enc_attendees(eas_map_t *map, const eas_row_t *row, const usm_value_t *v)
{
    const usm_attendees_t *list = v->u.attendees;
    eas_writer_start(map->out, row->tag);
    for (int i = 0; i < list->count; i++) {
        const usm_attendee_t *a = &list->items[i];
        int status = a->status >= 0 && a->status <= USM_ATT_DECLINED ? a->status : USM_ATT_NONE;
        eas_writer_start(map->out, EAS_Calendar_Attendee);
        eas_writer_tag_text(map->out, EAS_Calendar_Email, a->email ? a->email : "");
        eas_writer_tag_text(map->out, EAS_Calendar_Name, a->name && *a->name ? a->name : a->email ? a->email : "?");
        if (map->ctx->version >= 120) {
            eas_writer_tag_int(map->out, EAS_Calendar_AttendeeStatus, wire_status[status]);
            eas_writer_tag_int(map->out, EAS_Calendar_AttendeeType, a->type ? a->type : USM_ATT_REQUIRED);
        }
        eas_writer_end(map->out);
    }
    eas_writer_end(map->out);
}

static usm_error_t *dec_attendees(usm_item_t *item, eas_map_t *map, const eas_row_t *row, const eas_node_t *node)
{
    unsigned count = eas_node_count(node, EAS_Calendar_Attendee);
    usm_attendees_t *list = apr_pcalloc(map->pool, sizeof *list);
    const eas_node_t *child;
    if (count > ATTENDEES_MAX)
        return bad(map, row);
    list->items = apr_pcalloc(map->pool, sizeof(usm_attendee_t) * (count + 1));
    EAS_NODE_EACH_TAG(child, node, EAS_Calendar_Attendee)
    {
        usm_attendee_t *a = &list->items[list->count];
        apr_int64_t n = 0;
        memset(a, 0, sizeof *a); /* the one before may have been left out */
        a->email = bare_address(eas_node_child_text(child, EAS_Calendar_Email), map->pool);
        a->name = eas_node_child_text(child, EAS_Calendar_Name);
        a->type = USM_ATT_REQUIRED;
        if (eas_node_int(eas_node_child(child, EAS_Calendar_AttendeeType), 1, 3, &n))
            a->type = (int)n;
        if (eas_node_int(eas_node_child(child, EAS_Calendar_AttendeeStatus), 0, 5, &n))
            a->status = n == 2   ? USM_ATT_TENTATIVE
                        : n == 3 ? USM_ATT_ACCEPTED
                        : n == 4 ? USM_ATT_DECLINED
                                 : USM_ATT_NONE;
        if (a->email && strchr(a->email, '@'))
            list->count++;
    }
    usm_item_set_ptr(item, row->field, list->count ? list : NULL);
    return NULL;
}

static void enc_attachment(eas_map_t *map, const usm_attachment_t *a)
{
    int old = map->ctx->version < 120;
    /* Tools that only show items have no session; nobody will fetch with what they see. */
    const char *reference = map->ctx->session ? usm_ref_make(map->ctx->session, map->server_id, a->id, map->pool)
                                              : apr_pstrcat(map->pool, map->server_id, ":", a->id, NULL);
    const char *name = a->name && *a->name ? a->name : a->is_message ? "message.eml" : "attachment";
    if (!reference) /* nobody could ever fetch it */
        return;
    eas_writer_start(map->out, old ? EAS_Email_Attachment : EAS_AirSyncBase_Attachment);
    eas_writer_tag_text(map->out, old ? EAS_Email_DisplayName : EAS_AirSyncBase_DisplayName, name);
    eas_writer_tag_text(map->out, old ? EAS_Email_AttName : EAS_AirSyncBase_FileReference, reference);
    eas_writer_tag_int(map->out, old ? EAS_Email_AttMethod : EAS_AirSyncBase_Method, a->is_message ? 5 : 1);
    eas_writer_tag_int(map->out, old ? EAS_Email_AttSize : EAS_AirSyncBase_EstimatedDataSize, (apr_int64_t)a->size);
    if (!old && a->content_id && *a->content_id) {
        eas_writer_tag_text(map->out, EAS_AirSyncBase_ContentId, a->content_id);
        if (a->is_inline)
            eas_writer_tag_int(map->out, EAS_AirSyncBase_IsInline, 1);
    }
    eas_writer_end(map->out);
}

static void enc_attachments(eas_map_t *map, const eas_row_t *row, const usm_value_t *v)
{
    if (!v->u.attachments->count)
        return;
    eas_writer_start(map->out, map->ctx->version < 120 ? EAS_Email_Attachments : row->tag);
    for (int i = 0; i < v->u.attachments->count; i++)
        enc_attachment(map, &v->u.attachments->items[i]);
    eas_writer_end(map->out);
}

/* A colour is a category with Outlook's name for it. */
static const char *const label_names[] = {
    [USM_LABEL_RED] = "Red Category",       [USM_LABEL_ORANGE] = "Orange Category",
    [USM_LABEL_YELLOW] = "Yellow Category", [USM_LABEL_GREEN] = "Green Category",
    [USM_LABEL_BLUE] = "Blue Category",     [USM_LABEL_PURPLE] = "Purple Category",
    [USM_LABEL_PINK] = "Pink Category",     [USM_LABEL_GRAY] = "Gray Category",
    [USM_LABEL_LIGHT_GREEN] = "Light Green Category", [USM_LABEL_LIGHT_BLUE] = "Light Blue Category"};
#define LABELS ((apr_int64_t)(sizeof label_names / sizeof label_names[0]))

/* The container is there even when it is empty (MS-ASEMAIL 2.2.2.16). */
static void enc_label(eas_map_t *map, const eas_row_t *row, const usm_value_t *v)
{
    apr_int64_t label = v->state == USM_SET ? v->u.num : USM_LABEL_NONE;
    eas_writer_start(map->out, row->tag);
    if (label > USM_LABEL_NONE && label < LABELS)
        eas_writer_tag_text(map->out, EAS_Email_Category, label_names[label]);
    eas_writer_end(map->out);
}

/* The first one that is a colour; the server can keep one. None at all that it could keep is refused, not lost. */
static usm_error_t *dec_label(usm_item_t *item, eas_map_t *map, const eas_row_t *row, const eas_node_t *node)
{
    const eas_node_t *child;
    EAS_NODE_EACH_TAG(child, node, EAS_Email_Category)
    {
        const char *text = eas_node_text(child);
        for (apr_int64_t i = USM_LABEL_RED; text && i < LABELS; i++) {
            if (strcasecmp(text, label_names[i]) == 0) {
                usm_item_set_num(item, row->field, i);
                return NULL;
            }
        }
    }
    return bad(map, row);
}

const eas_conv_t eas_convs[USM_T_COUNT] = {
    [USM_T_TEXT] = {enc_text, dec_text},
    [USM_T_INT] = {enc_int, dec_int},
    [USM_T_BOOL] = {enc_int, dec_bool},
    [USM_T_DATE] = {enc_date, dec_date},
    [USM_T_TIME] = {enc_time, dec_time},
    [USM_T_EVTIME] = {enc_evtime, dec_time},
    [USM_T_BUSY] = {enc_busy, dec_busy},
    [USM_T_SENSITIVITY] = {enc_int, dec_sensitivity},
    [USM_T_IMPORTANCE] = {enc_int, dec_importance},
    [USM_T_TASKSTATE] = {enc_int, dec_bool},
    [USM_T_VERB] = {enc_verb, NULL},
    [USM_T_REMINDER] = {enc_int, dec_int},
    [USM_T_ZONE] = {enc_zone, dec_zone},
    [USM_T_LIST] = {enc_list, dec_list},
    [USM_T_ADDRS] = {enc_addrs, NULL},
    [USM_T_EMAIL] = {enc_text, dec_email},
    [USM_T_BODY] = {eas_encode_body, eas_decode_body},
    [USM_T_PICTURE] = {enc_picture, dec_picture},
    [USM_T_ATTENDEES] = {enc_attendees, dec_attendees},
    [USM_T_ATTACHMENTS] = {enc_attachments, NULL},
    [USM_T_FLAG] = {eas_encode_flag, eas_decode_flag},
    [USM_T_LABEL] = {enc_label, dec_label},
    [USM_T_MEETING] = {eas_encode_meeting, NULL},
    [USM_T_FOLDERREF] = {NULL, NULL},
    [USM_T_ROLE] = {NULL, NULL},
    [USM_T_CLASS] = {NULL, NULL},
    [USM_T_RECURRENCE] = {eas_encode_recurrence, eas_decode_recurrence},
    [USM_T_EXCEPTIONS] = {eas_encode_exceptions, NULL}, /* read when the event's times are known: class_event.c */
};
