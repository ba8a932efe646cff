/* SPDX-License-Identifier: Apache-2.0 */
/* Notes as mails, in the form that Apple's Notes and other IMAP programs keep them. */
#include "util/mime_int.h"
#include "util/text.h"

#include <apr_strings.h>
#include <apr_tables.h>
#include <string.h>

#define KEYWORDS_MAX 300

const usm_list_t *usm__mime_keywords(const char *text, apr_pool_t *pool)
{
    usm_list_t *list = apr_pcalloc(pool, sizeof *list);
    usm__mime_init();
    char *decoded = g_mime_utils_header_decode_text(NULL, text), *word = apr_palloc(pool, strlen(decoded) + 1);
    list->items = apr_palloc(pool, sizeof *list->items * KEYWORDS_MAX);
    for (const char *p = decoded; *p && list->count < KEYWORDS_MAX; p += *p == ',') {
        apr_size_t n = 0;
        int quoted = 0;
        p += strspn(p, " \t\r\n");
        for (; *p && (quoted || *p != ','); p++) {
            quoted ^= *p == '"';
            if (*p == '\\' && quoted && p[1])
                p++;
            else if (*p == '"')
                continue;
            word[n++] = *p;
        }
        while (n && (word[n - 1] == ' ' || word[n - 1] == '\t'))
            n--;
        if (n)
            list->items[list->count++] = usm__text_clean(pool, word, n, NULL);
    }
    g_free(decoded);
    return list->count ? list : NULL;
}

/* Words with a comma in them stand in quotes. */
const char *usm__mime_keyword_list(const usm_list_t *list, apr_pool_t *pool)
{
    apr_array_header_t *parts = apr_array_make(pool, list->count * 2, sizeof(const char *));
    for (int i = 0; i < list->count; i++) {
        const char *word = list->items[i];
        char *out = apr_palloc(pool, strlen(word) * 2 + 3), *o = out;
        int quote = strpbrk(word, ",\"\\") != NULL;
        if (quote)
            *o++ = '"';
        for (; *word; word++) {
            if (*word == '"' || *word == '\\')
                *o++ = '\\';
            *o++ = *word;
        }
        if (quote)
            *o++ = '"';
        *o = '\0';
        APR_ARRAY_PUSH(parts, const char *) = i ? ", " : "";
        APR_ARRAY_PUSH(parts, const char *) = out;
    }
    return usm__mime_header_text(apr_array_pstrcat(pool, parts, 0), pool);
}

usm_error_t *usm__mime_note(const char **data_p, apr_size_t *len_p, const char *old, apr_size_t old_len,
                            const usm__note_t *note, const usm__sender_t *sender, apr_pool_t *pool)
{
    usm_draft_t draft = {.importance = -1, .subject = note->subject, .body = note->body, .data = note->data,
                         .len = note->len};
    usm__mail_t mail;
    USM_ERR(usm__mime_draft(data_p, len_p, old, old_len, &draft, sender, pool));
    if (note->keywords)
        usm__head_set(data_p, len_p, "Keywords",
                      note->keywords->count ? usm__mime_keyword_list(note->keywords, pool) : NULL, pool);
    usm__head_set(data_p, len_p, USM__NOTE_UUID, note->uuid, pool);
    usm__head_set(data_p, len_p, USM__NOTE_TYPE, USM__NOTE_TYPE_VALUE, pool);
    USM_ERR(usm__mime_prepare(&mail, *data_p, *len_p, sender, pool));
    *data_p = mail.data;
    *len_p = mail.len;
    return NULL;
}
