/* SPDX-License-Identifier: Apache-2.0 */
/* Elements of a mail that are made of several fields or of none (MS-ASEMAIL 2.2.2). */
#include <apr_base64.h>
#include <apr_sha1.h>
#include <apr_strings.h>
#include <ctype.h>
#include <string.h>

#include "eas_map.h"

/* "Re: AW: Fwd: x" and "x" are one thread. */
static const char *thread_topic(const char *subject)
{
    for (;;) {
        while (isspace((unsigned char)*subject))
            subject++;
        int n = 0;
        while (isalpha((unsigned char)subject[n]) && n < 5)
            n++;
        if (n < 1 || n > 4 || subject[n] != ':')
            return subject;
        static const char *const prefixes[] = {"re", "aw", "fw", "fwd", "wg", "sv", "antw", "vs", "tr", "rv"};
        int known = 0;
        for (apr_size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
            known |= strlen(prefixes[i]) == (size_t)n && strncasecmp(prefixes[i], subject, (size_t)n) == 0;
        if (!known)
            return subject;
        subject += n + 1;
    }
}

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

#define THREAD_HEAD 22 /* bytes of a Thread-Index before its levels: 1, time 5, GUID 16 */
#define THREAD_MAX 512 /* bytes that are kept of one */

/* What Outlook and Exchange write into a mail is what they want to see again. */
static int thread_index(eas_map_t *map, const usm_item_t *item)
{
    const char *text = usm_item_text(item, USM_EMAIL_THREAD_INDEX);
    char *bare = text ? apr_pstrdup(map->pool, text) : NULL, *to = bare;
    for (const char *p = text; p && *p; p++) {
        if (isalnum((unsigned char)*p) || *p == '+' || *p == '/' || *p == '=')
            *to++ = *p;
    }
    if (!text || strlen(text) > 4 * THREAD_MAX)
        return 0;
    *to = '\0';
    unsigned char *raw = apr_pcalloc(map->pool, (apr_size_t)apr_base64_decode_len(bare) + 1);
    int len = apr_base64_decode_binary(raw, bare);
    if (len < THREAD_HEAD)
        return 0;
    len = len > THREAD_MAX ? THREAD_MAX : len;
    len -= (len - THREAD_HEAD) % 5;
    unsigned char *index = apr_palloc(map->pool, (apr_size_t)len);
    memcpy(index, raw + 1, 5);
    memcpy(index + 5, raw + THREAD_HEAD, (apr_size_t)(len - THREAD_HEAD));
    eas_writer_tag_opaque(map->out, EAS_Email2_ConversationId, raw + 6, 16);
    eas_writer_tag_opaque(map->out, EAS_Email2_ConversationIndex, index, (apr_size_t)(5 + len - THREAD_HEAD));
    return 1;
}

/* The thread is named by its first message: the first of References, else the message itself. */
static void conversation(eas_map_t *map, const usm_item_t *item)
{
    unsigned char digest[APR_SHA1_DIGESTSIZE], index[5];
    apr_sha1_ctx_t sha;
    const char *root = usm_item_text(item, USM_EMAIL_REFERENCES), *end;
    usm_time_t t = usm_item_num(item, USM_EMAIL_SENT, usm_item_num(item, USM_EMAIL_RECEIVED, 0));
    if (thread_index(map, item))
        return;
    if (!root || !(root = strchr(root, '<')))
        root = usm_item_text(item, USM_EMAIL_MESSAGE_ID);
    if (!root)
        root = thread_topic(usm_item_text(item, USM_EMAIL_SUBJECT) ? usm_item_text(item, USM_EMAIL_SUBJECT) : "");
    end = strchr(root, '>');
    apr_sha1_init(&sha);
    apr_sha1_update(&sha, root, (unsigned)(end ? (size_t)(end - root + 1) : strlen(root)));
    apr_sha1_final(digest, &sha);
    /* The header of a conversation index: bits 55 to 16 of the FILETIME (MS-ASCON 2.2.2.4). */
    apr_uint64_t filetime = ((apr_uint64_t)t + APR_UINT64_C(11644473600000)) * 10000;
    for (int i = 0; i < 5; i++)
        index[i] = (unsigned char)(filetime >> (48 - 8 * i));
    eas_writer_tag_opaque(map->out, EAS_Email2_ConversationId, digest, 16);
    eas_writer_tag_opaque(map->out, EAS_Email2_ConversationIndex, index, sizeof index);
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

void eas_email_extra(eas_map_t *map, const usm_item_t *item)
{
    const char *subject = usm_item_text(item, USM_EMAIL_SUBJECT);
    if (usm_item_isset(item, USM_EMAIL_TO) && item->v[USM_EMAIL_TO].u.addrs->count)
        eas_writer_tag_text(map->out, EAS_Email_DisplayTo, display_to(item->v[USM_EMAIL_TO].u.addrs, map->pool));
    if (subject)
        eas_writer_tag_text(map->out, EAS_Email_ThreadTopic, thread_topic(subject));
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
        eas_writer_tag_int(map->out, EAS_Email2_IsDraft, 1);
}
