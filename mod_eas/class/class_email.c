/* SPDX-License-Identifier: Apache-2.0 */
/* Elements of a mail that are made of several fields or of none (MS-ASEMAIL 2.2.2). */
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

static const char *message_class(const usm_item_t *item)
{
    const char *type = usm_item_text(item, USM_EMAIL_CONTENT_TYPE);
    if (!type)
        return "IPM.Note";
    if (strncasecmp(type, "multipart/signed", 16) == 0)
        return "IPM.Note.SMIME.MultipartSigned";
    if (strncasecmp(type, "application/pkcs7-mime", 22) == 0 || strncasecmp(type, "application/x-pkcs7-mime", 24) == 0)
        return "IPM.Note.SMIME";
    if (strncasecmp(type, "multipart/report", 16) == 0)
        return "REPORT.IPM.Note.NDR";
    return "IPM.Note";
}

/* The thread is named by its first message: the first of References, else the message itself. */
static void conversation(eas_map_t *map, const usm_item_t *item)
{
    unsigned char digest[APR_SHA1_DIGESTSIZE], index[5];
    apr_sha1_ctx_t sha;
    const char *root = usm_item_text(item, USM_EMAIL_REFERENCES), *end;
    usm_time_t t = usm_item_num(item, USM_EMAIL_SENT, usm_item_num(item, USM_EMAIL_RECEIVED, 0));
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

void eas_email_extra(eas_map_t *map, const usm_item_t *item)
{
    const char *subject = usm_item_text(item, USM_EMAIL_SUBJECT);
    if (usm_item_isset(item, USM_EMAIL_TO) && item->v[USM_EMAIL_TO].u.addrs->count)
        eas_writer_tag_text(map->out, EAS_Email_DisplayTo, display_to(item->v[USM_EMAIL_TO].u.addrs, map->pool));
    if (subject)
        eas_writer_tag_text(map->out, EAS_Email_ThreadTopic, thread_topic(subject));
    if (!usm_item_isset(item, USM_EMAIL_IMPORTANCE)) /* Android reads a missing one as low */
        eas_writer_tag_int(map->out, EAS_Email_Importance, USM_IMP_NORMAL);
    eas_writer_tag_text(map->out, EAS_Email_MessageClass, message_class(item));
    eas_writer_tag_text(map->out, EAS_Email_InternetCPID, "65001");
    if (map->ctx->version >= 120)
        eas_writer_tag_text(map->out, EAS_Email_ContentClass, "urn:content-classes:message");
    if (map->ctx->version >= 140)
        conversation(map, item);
    if (map->ctx->version >= 160 && usm_item_num(item, USM_EMAIL_DRAFT, 0))
        eas_writer_tag_int(map->out, EAS_Email2_IsDraft, 1);
}
