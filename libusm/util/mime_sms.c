/* SPDX-License-Identifier: Apache-2.0 */
/* A short message as a mail: readers see who and what; the words of the device stand in headers of its own. */
#include "util/mime_int.h"
#include "util/text.h"

#include <apr_strings.h>
#include <apr_time.h>
#include <string.h>

#define SUBJECT_MAX 60 /* bytes of the text that stand for it in a list */

/* "Name" [MOBILE:+49 30 1] as an address that mail programs can show: nobody can be written to there. */
static const char *address_of(const char *text, apr_pool_t *pool)
{
    const char *bracket = strchr(text, '[');
    const char *number = bracket && strchr(bracket, ':') ? strchr(bracket, ':') + 1 : text;
    char *digits = apr_pstrdup(pool, number), *to = digits;
    for (const char *p = number; *p && *p != ']' && *p != ';' && *p != ','; p++) {
        if ((*p >= '0' && *p <= '9') || *p == '+')
            *to++ = *p;
    }
    *to = '\0';
    char *name = apr_pstrmemdup(pool, text, bracket ? (apr_size_t)(bracket - text) : strlen(text)), *end;
    for (char *p = name; *p; p++)
        *p = *p == '"' ? ' ' : *p;
    while (*name == ' ')
        name++;
    for (end = name + strlen(name); end > name && end[-1] == ' ';)
        *--end = '\0';
    usm_addr_t one = {.name = *name ? name : NULL,
                      .addr = apr_pstrcat(pool, *digits ? digits : "unknown", "@sms.invalid", NULL)};
    const usm_addrs_t list = {.count = 1, .items = &one};
    return usm__mime_address_list(&list, pool);
}

static const char *subject_of(const usm_sms_t *sms, apr_pool_t *pool)
{
    apr_size_t len = strcspn(sms->text, "\r\n");
    if (sms->subject && *sms->subject)
        return sms->subject;
    return apr_pstrmemdup(pool, sms->text, len > SUBJECT_MAX ? usm__text_cut(sms->text, len, SUBJECT_MAX) : len);
}

usm_error_t *usm__mime_sms(const char **data_p, apr_size_t *len_p, const usm_sms_t *sms, const char *message_id,
                           apr_pool_t *pool)
{
    static const char *const words[] = {"low", "normal", "high"};
    const usm__sender_t nobody = {.message_id = message_id};
    usm_draft_t draft = {.importance = -1, .subject = subject_of(sms, pool), .body = USM_BODY_TEXT, .data = sms->text,
                         .len = strlen(sms->text)};
    char date[APR_RFC822_DATE_LEN];
    usm__mail_t mail;
    USM_ERR(usm__mime_draft(data_p, len_p, NULL, 0, &draft, &nobody, pool));
    if (sms->importance >= USM_IMP_LOW && sms->importance <= USM_IMP_HIGH)
        usm__head_set(data_p, len_p, "Importance", words[sms->importance], pool);
    if (sms->received != USM_TIME_NONE) {
        apr_rfc822_date(date, apr_time_from_msec(sms->received));
        usm__head_set(data_p, len_p, "Date", date, pool);
    }
    if (sms->to) {
        usm__head_set(data_p, len_p, "To", address_of(sms->to, pool), pool);
        usm__head_set(data_p, len_p, USM__SMS_TO, usm__mime_header_text(sms->to, pool), pool);
    }
    usm__head_set(data_p, len_p, "From", address_of(sms->from ? sms->from : "", pool), pool);
    if (sms->from)
        usm__head_set(data_p, len_p, USM__SMS_FROM, usm__mime_header_text(sms->from, pool), pool);
    usm__head_set(data_p, len_p, USM__SMS_CLASS, USM__SMS_CLASS_VALUE, pool);
    USM_ERR(usm__mime_prepare(&mail, *data_p, *len_p, NULL, pool));
    *data_p = mail.data;
    *len_p = mail.len;
    return NULL;
}
