/* SPDX-License-Identifier: Apache-2.0 */
/* Elements of a mail that are made of several fields or of none (MS-ASEMAIL 2.2.2). */
#include <apr_strings.h>
#include <string.h>

#include "eas_map.h"

static const char *display_to(const usm_addrs_t *to, apr_pool_t *pool)
{
    const char *text = "";
    for (int i = 0; i < to->count && strlen(text) < 4096; i++) {
        const char *one = to->items[i].name && *to->items[i].name ? to->items[i].name : to->items[i].addr;
        if (!one)
            continue;
        text = *text ? apr_pstrcat(pool, text, ";", one, NULL) : one;
    }
    return text;
}

static const char *meeting_class(const usm_meeting_t *m)
{
    switch (m->method) {
    case USM_MEETING_CANCEL:
        return "IPM.Schedule.Meeting.Canceled";
    case USM_MEETING_REPLY:
        return m->answer == USM_ATT_ACCEPTED   ? "IPM.Schedule.Meeting.Resp.Pos"
               : m->answer == USM_ATT_DECLINED ? "IPM.Schedule.Meeting.Resp.Neg"
                                               : "IPM.Schedule.Meeting.Resp.Tent";
    case USM_MEETING_COUNTER: /* a tentative answer with another time */
        return "IPM.Schedule.Meeting.Resp.Tent";
    default:
        return "IPM.Schedule.Meeting.Request";
    }
}

/* MS-ASEMAIL 2.2.2.49. ContentClass is an invention of Exchange's CDO. */
static const struct {
    const char *message_class, *content_class;
} kinds[] = {
    [USM_MAIL_NOTE] = {"IPM.Note", "urn:content-classes:message"},
    [USM_MAIL_CLEAR_SIGNED] = {"IPM.Note.SMIME.MultipartSigned", "urn:content-classes:message"},
    [USM_MAIL_SEALED] = {"IPM.Note.SMIME", "urn:content-classes:message"},
    [USM_MAIL_MEETING] = {"IPM.Schedule.Meeting.Request", "urn:content-classes:calendarmessage"},
    [USM_MAIL_FAILED] = {"REPORT.IPM.Note.NDR", "urn:content-classes:dsn"},
    [USM_MAIL_DELIVERED] = {"REPORT.IPM.Note.DR", "urn:content-classes:dsn"},
    [USM_MAIL_DELAYED] = {"REPORT.IPM.Note.DELAYED", "urn:content-classes:dsn"},
    [USM_MAIL_READ] = {"REPORT.IPM.Note.IPNRN", "urn:content-classes:mdn"},
    [USM_MAIL_UNREAD] = {"REPORT.IPM.Note.IPNNRN", "urn:content-classes:mdn"},
    [USM_MAIL_SMS] = {"IPM.Note.Mobile.SMS", "urn:content-classes:message"},
};

static void put_class(eas_map_t *map, const usm_item_t *item)
{
    apr_int64_t kind = usm_item_num(item, USM_EMAIL_KIND, USM_MAIL_NOTE);
    const char *name = kinds[kind].message_class;
    if (kind == USM_MAIL_MEETING && usm_item_isset(item, USM_EMAIL_MEETING))
        name = meeting_class(item->v[USM_EMAIL_MEETING].u.meeting);
    eas_writer_tag_text(map->out, EAS_Email_MessageClass, name);
    if (map->ctx->version >= 120)
        eas_writer_tag_text(map->out, EAS_Email_ContentClass, kinds[kind].content_class);
}

/* ---- conversations (MS-ASCON) ---- */

static void conversation(eas_map_t *map, const usm_item_t *item)
{
    unsigned char id[USM_THREAD_ID];
    apr_size_t len;
    const unsigned char *index = usm_thread_index(&len, item);
    usm_thread_id(id, item);
    eas_writer_tag_opaque(map->out, EAS_Email2_ConversationId, id, sizeof id);
    eas_writer_tag_opaque(map->out, EAS_Email2_ConversationIndex, index, len);
}

static int same_address(const char *a, const char *b)
{
    return a && b && strcasecmp(a, b) == 0;
}

static const usm_addr_t *first_of(const usm_item_t *item, int field)
{
    return usm_item_isset(item, field) && item->v[field].u.addrs->count ? &item->v[field].u.addrs->items[0] : NULL;
}

/* Who has sent it in the place of another (MS-ASEMAIL 2.2.2.69). */
static void put_sender(eas_map_t *map, const usm_item_t *item)
{
    const usm_addr_t *sender = first_of(item, USM_EMAIL_SENDER), *from = first_of(item, USM_EMAIL_FROM);
    if (sender && !(from && same_address(sender->addr, from->addr)))
        eas_writer_tag_text(map->out, EAS_Email2_Sender, eas_address(sender, map->pool));
}

/* One of the user's own addresses is in Bcc, and it is not a mail of his own (MS-ASEMAIL 2.2.2.61). */
static void put_received_as_bcc(eas_map_t *map, const usm_item_t *item)
{
    const usm_addrs_t *bcc = usm_item_isset(item, USM_EMAIL_BCC) ? item->v[USM_EMAIL_BCC].u.addrs : NULL;
    const usm_addr_t *from = first_of(item, USM_EMAIL_FROM);
    const usm_userinfo_t *info = NULL;
    int named = 0, own = 0;
    usm_error_t *err = bcc && map->ctx->session ? usm_session_userinfo(&info, map->ctx->session) : NULL;
    usm_error_clear(err);
    for (int i = 0; !err && info && i < info->address_count; i++) {
        own |= from && same_address(info->addresses[i], from->addr);
        for (int k = 0; k < bcc->count; k++)
            named |= same_address(info->addresses[i], bcc->items[k].addr);
    }
    if (named && !own)
        eas_writer_tag_int(map->out, EAS_Email2_ReceivedAsBcc, 1);
}

/* Whoever goes on writing it must see who will get it in secret. */
static void put_draft(eas_map_t *map, const usm_item_t *item)
{
    eas_writer_tag_int(map->out, EAS_Email2_IsDraft, 1);
    if (first_of(item, USM_EMAIL_BCC))
        eas_writer_tag_text(map->out, EAS_Email2_Bcc,
                            eas_address_list(item->v[USM_EMAIL_BCC].u.addrs, ", ", map->pool));
}

void eas_email_extra(eas_map_t *map, const usm_item_t *item)
{
    const char *subject = usm_item_text(item, USM_EMAIL_SUBJECT);
    if (usm_item_isset(item, USM_EMAIL_TO) && item->v[USM_EMAIL_TO].u.addrs->count)
        eas_writer_tag_text(map->out, EAS_Email_DisplayTo, display_to(item->v[USM_EMAIL_TO].u.addrs, map->pool));
    if (subject)
        eas_writer_tag_text(map->out, EAS_Email_ThreadTopic, usm_thread_topic(subject));
    if (!usm_item_isset(item, USM_EMAIL_IMPORTANCE)) /* Android reads a missing one as low */
        eas_writer_tag_int(map->out, EAS_Email_Importance, USM_IMP_NORMAL);
    put_class(map, item);
    eas_writer_tag_text(map->out, EAS_Email_InternetCPID, "65001");
    if (map->ctx->version >= 140) {
        conversation(map, item);
        put_sender(map, item);
        put_received_as_bcc(map, item);
    }
    if (map->ctx->version >= 160 && usm_item_num(item, USM_EMAIL_DRAFT, 0))
        put_draft(map, item);
}
