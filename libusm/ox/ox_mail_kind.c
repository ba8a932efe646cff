/* SPDX-License-Identifier: Apache-2.0 */
/* Mail: what kind of mail it is. The type of the message and of its parts tells; for reports and meetings one part has
 * to be read. */
#include "ox/ox_mail.h"
#include "util/ical_meeting.h"
#include "util/mime.h"

#include <apr_strings.h>
#include <string.h>

#define STATUS_MAX 65536 /* bytes of a report that are looked at */

static int type_is(const char *type, const char *want)
{
    apr_size_t len = strlen(want);
    return type && strncasecmp(type, want, len) == 0 && (!type[len] || type[len] == ';' || type[len] == ' ');
}

static const char *part_type(const ox_json_t *part)
{
    return ox_json_str(ox_json_get(part, "content_type"), NULL);
}

static const ox_json_t *find_part(const ox_json_t *mail, const char *type, const char *other)
{
    const ox_json_t *parts = ox_json_get(mail, "attachments");
    for (int i = 0; i < ox_json_count(parts); i++) {
        const char *have = part_type(ox_json_at(parts, i));
        if (type_is(have, type) || (other && type_is(have, other)))
            return ox_json_at(parts, i);
    }
    return NULL;
}

const char *ox_mail_calendar_part(const ox_json_t *mail, apr_pool_t *pool)
{
    const ox_json_t *part = find_part(mail, "text/calendar", "application/ics");
    return part ? ox_json_get_text(part, "id", pool) : NULL;
}

int ox_mail_part_hidden(const ox_json_t *part)
{
    const char *type = part_type(part), *disp = ox_json_str(ox_json_get(part, "disp"), NULL);
    if (ox_json_str(ox_json_get(part, "filename"), NULL))
        return 0;
    return type_is(type, "message/delivery-status") || type_is(type, "message/disposition-notification") ||
           (type_is(type, "text/calendar") && !(disp && strcmp(disp, "attachment") == 0));
}

/* ---- reports (RFC 3464, RFC 8098) ---- */

/* The word behind "name:" at the start of a line, the last one there is. */
static const char *field_word(const char *text, const char *name, apr_pool_t *pool)
{
    const char *found = NULL;
    apr_size_t len = strlen(name);
    for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        if (strncasecmp(line, name, len) == 0 && line[len] == ':')
            found = line + len + 1;
    }
    if (!found)
        return "";
    return apr_pstrmemdup(pool, found, strcspn(found, "\r\n"));
}

static int kind_of_status(const char *text, apr_pool_t *pool)
{
    const char *action = field_word(text, "Action", pool);
    action += strspn(action, " \t");
    return strncasecmp(action, "delayed", 7) == 0 ? USM_MAIL_DELAYED
           : strncasecmp(action, "delivered", 9) == 0 || strncasecmp(action, "relayed", 7) == 0 ||
                     strncasecmp(action, "expanded", 8) == 0
               ? USM_MAIL_DELIVERED
               : USM_MAIL_FAILED;
}

static int kind_of_disposition(const char *text, apr_pool_t *pool)
{
    const char *how = strrchr(field_word(text, "Disposition", pool), ';');
    how = how ? how + 1 + strspn(how + 1, " \t") : "";
    return strncasecmp(how, "deleted", 7) == 0 ? USM_MAIL_UNREAD : USM_MAIL_READ;
}

/* ---- the part ---- */

static usm_error_t *read_part(const char **text_p, apr_size_t *len_p, usm_bcall_t *call, const usm_bref_t *folder,
                              const char *id, const ox_json_t *part, apr_size_t max, apr_pool_t *pool)
{
    const char *part_id = ox_json_get_text(part, "id", pool);
    const char *content = ox_json_str(ox_json_get(part, "content"), len_p);
    ox_rsp_t rsp;
    *text_p = content;
    if (content && !ox_json_true(ox_json_get(part, "truncated")))
        return NULL;
    *text_p = "";
    *len_p = 0;
    if (!part_id || ox_json_int(ox_json_get(part, "size"), 0) > (apr_int64_t)max)
        return NULL;
    usm_error_t *err = ox_get_bytes(&rsp, call,
                                    ox_path(pool, "mail", "action", "attachment", "folder", folder->id, "id", id,
                                            "attachment", part_id, "save", "1", NULL),
                                    max, pool);
    if (err && usm_error_class(err) == USM_CLASS_UNAVAILABLE)
        return err;
    if (err) { /* then it is a mail like any other */
        usm_error_clear(err);
        return NULL;
    }
    *text_p = rsp.body ? rsp.body : "";
    *len_p = rsp.len;
    return NULL;
}

static usm_error_t *read_meeting(usm_item_t *item, usm_bcall_t *call, const usm_bref_t *folder, const char *id,
                                 const ox_json_t *part, apr_pool_t *pool)
{
    const char *text;
    apr_size_t len;
    USM_ERR(read_part(&text, &len, call, folder, id, part, USM__MEETING_MAX, pool));
    const usm_meeting_t *meeting = usm__meeting_read(text, len, item->pool);
    usm_item_set_ptr(item, USM_EMAIL_MEETING, meeting);
    if (meeting)
        usm_item_set_num(item, USM_EMAIL_KIND, USM_MAIL_MEETING);
    return NULL;
}

/* What the device that has put a short message here has said of its people. */
static void take_people(usm_item_t *item, int field, const ox_json_t *mail, const char *header)
{
    const char *text = ox_mail_header(mail, header, item->pool);
    usm_addr_t *one = apr_pcalloc(item->pool, sizeof *one);
    usm_addrs_t *list = apr_pcalloc(item->pool, sizeof *list);
    one->addr = text;
    *list = (usm_addrs_t){.count = 1, .items = one};
    if (item->v[field].state != USM_ABSENT)
        usm_item_set_ptr(item, field, text ? list : NULL);
}

static int take_sms(usm_item_t *item, const ox_json_t *mail)
{
    const char *cls = ox_mail_header(mail, USM__SMS_CLASS, item->pool);
    if (!cls || strcasecmp(cls, USM__SMS_CLASS_VALUE) != 0)
        return 0;
    usm_item_set_num(item, USM_EMAIL_KIND, USM_MAIL_SMS);
    take_people(item, USM_EMAIL_FROM, mail, USM__SMS_FROM);
    take_people(item, USM_EMAIL_TO, mail, USM__SMS_TO);
    if (usm_item_isset(item, USM_EMAIL_SENT)) /* the server knows when it was put here */
        usm_item_set_num(item, USM_EMAIL_RECEIVED, usm_item_num(item, USM_EMAIL_SENT, 0));
    return 1;
}

usm_error_t *ox_mail_kind(usm_item_t *item, usm_bcall_t *call, const usm_bref_t *folder, const char *id,
                          const ox_json_t *mail, apr_pool_t *pool)
{
    const char *type = ox_json_str(ox_json_get(mail, "content_type"), NULL), *text;
    const ox_json_t *part;
    apr_size_t len;
    usm_item_set_num(item, USM_EMAIL_KIND, USM_MAIL_NOTE);
    if (take_sms(item, mail))
        return NULL;
    if (type_is(type, "multipart/signed")) {
        usm_item_set_num(item, USM_EMAIL_KIND, USM_MAIL_CLEAR_SIGNED);
    } else if (type_is(type, "application/pkcs7-mime") || type_is(type, "application/x-pkcs7-mime")) {
        usm_item_set_num(item, USM_EMAIL_KIND, USM_MAIL_SEALED);
    } else if ((part = find_part(mail, "message/delivery-status", NULL)) != NULL) {
        USM_ERR(read_part(&text, &len, call, folder, id, part, STATUS_MAX, pool));
        usm_item_set_num(item, USM_EMAIL_KIND, kind_of_status(text, pool));
    } else if ((part = find_part(mail, "message/disposition-notification", NULL)) != NULL) {
        USM_ERR(read_part(&text, &len, call, folder, id, part, STATUS_MAX, pool));
        usm_item_set_num(item, USM_EMAIL_KIND, kind_of_disposition(text, pool));
    } else if ((part = find_part(mail, "text/calendar", "application/ics")) != NULL) {
        return read_meeting(item, call, folder, id, part, pool);
    }
    return NULL;
}
