/* SPDX-License-Identifier: Apache-2.0 */
/* Follow-up flags. The server keeps one bit of them; dates, reminder and completion are kept with the device that has
 * set them, by the mail's Message-ID, so that they survive moves and starting over there. Other devices see that the
 * mail is flagged. */
#include "core.h"

#include <apr_escape.h>

#define KIND 'F'
#define FLAGS_MAX 300

/* The times of usm_flagmore_t in the order of the text. */
static usm_time_t *time_at(usm_flagmore_t *more, int i)
{
    usm_time_t *const times[] = {&more->start,     &more->due,          &more->utc_start, &more->utc_due,
                                 &more->reminder,  &more->completed_on, &more->completed, &more->ordinal};
    return times[i];
}
#define TIMES 8

static const char *key_of(const usm_item_t *mail, const usm_bref_t *ref, const char *id, apr_pool_t *pool)
{
    const char *name = usm_item_text(mail, USM_EMAIL_MESSAGE_ID);
    if (!name || !*name)
        name = apr_pstrcat(pool, ref->id, "/", id, NULL);
    return apr_psprintf(pool, "%" APR_UINT64_T_HEX_FMT, usm__hash(name, strlen(name), 43));
}

/* "status;type;subject;sub ordinal;reminder set;times…", texts escaped. */
static const char *flag_text(const usm_flag_t *flag, apr_pool_t *pool)
{
    const usm_flagmore_t *m = flag->more;
    const char *const texts[] = {flag->type, m ? m->subject : NULL, m ? m->sub_ordinal : NULL};
    const char *text = apr_itoa(pool, flag->status);
    for (int i = 0; i < 3; i++)
        text = apr_pstrcat(pool, text, ";", texts[i] ? apr_pescape_urlencoded(pool, texts[i]) : "", NULL);
    if (!m)
        return text;
    text = apr_psprintf(pool, "%s;%d", text, m->reminder_set);
    for (int i = 0; i < TIMES; i++) {
        usm_time_t t = *time_at((usm_flagmore_t *)m, i);
        text = t == USM_TIME_NONE ? apr_pstrcat(pool, text, ";", NULL)
                                  : apr_psprintf(pool, "%s;%" APR_INT64_T_FMT, text, t);
    }
    return text;
}

static const char *unescaped(const char *text, apr_pool_t *pool)
{
    return *text ? apr_punescape_url(pool, text, NULL, NULL, 1) : NULL;
}

/* The next field; they may be empty. */
static char *take(char **text)
{
    char *field = *text, *end = field + strcspn(field, ";");
    *text = *end ? end + 1 : end;
    *end = '\0';
    return field;
}

static const usm_flag_t *flag_of(const char *value, apr_pool_t *pool)
{
    usm_flag_t *flag = apr_pcalloc(pool, sizeof *flag);
    usm_flagmore_t *more = apr_pcalloc(pool, sizeof *more);
    char *text = apr_pstrdup(pool, value);
    flag->status = (int)apr_atoi64(take(&text));
    flag->type = unescaped(take(&text), pool);
    more->subject = unescaped(take(&text), pool);
    more->sub_ordinal = unescaped(take(&text), pool);
    if (!*text)
        return flag;
    flag->more = more;
    more->reminder_set = (int)apr_atoi64(take(&text));
    for (int i = 0; i < TIMES; i++) {
        const char *field = take(&text);
        *time_at(more, i) = *field ? apr_atoi64(field) : USM_TIME_NONE;
    }
    return flag;
}

usm_error_t *usm__flags_show(usm_session_t *session, const usm_bref_t *ref, usm_bget_t *gets, int count)
{
    const apr_array_header_t *lines;
    if (ref->cls != USM_EMAIL || session->transient)
        return NULL;
    USM_ERR(usm__mailattr_lines(&lines, session));
    for (int i = 0; lines->nelts && i < count; i++) {
        usm_item_t *item = gets[i].item;
        if (!item || item->v[USM_EMAIL_FLAG].state == USM_ABSENT)
            continue;
        const char *key = key_of(item, ref, gets[i].id, item->pool);
        const char *value = usm__mailattr_find(lines, KIND, key);
        const usm_flag_t *own = value ? flag_of(value, item->pool) : NULL;
        int set = usm_item_isset(item, USM_EMAIL_FLAG) && item->v[USM_EMAIL_FLAG].u.flag->status == 2;
        if (!own)
            continue;
        if (own->status == (set ? 2 : 1)) {
            usm_item_set_ptr(item, USM_EMAIL_FLAG, own);
            continue;
        }
        /* Set where it was done, or cleared where it was set, by somebody else: what is kept is out of date. */
        USM_ERR(usm__mailattr_set(session, KIND, key, NULL, FLAGS_MAX));
        USM_ERR(usm__mailattr_lines(&lines, session));
    }
    return NULL;
}

/* Is there nothing that the server does not keep? */
static int is_plain(const usm_value_t *v)
{
    static const char *const usual[] = {"for Follow Up", "Flag for follow up", "Follow up", ""};
    const char *type = v->state == USM_SET ? v->u.flag->type : NULL;
    int known = !type;
    for (int i = 0; i < 4 && !known; i++)
        known = strcasecmp(type, usual[i]) == 0;
    return v->state != USM_SET || (v->u.flag->status == 2 && !v->u.flag->more && known);
}

usm_error_t *usm__flag_keep(usm_turn_t *turn, const char *id, const usm_item_t *sent)
{
    usm_session_t *session = turn->session;
    const usm_value_t *v = &sent->v[USM_EMAIL_FLAG];
    const apr_array_header_t *lines;
    usm_fetch_t fetch = {.text_max = 0};
    usm_bget_t get = {.id = id};
    if (turn->folder.cls != USM_EMAIL || v->state == USM_ABSENT || session->transient)
        return NULL;
    USM_ERR(usm__mailattr_lines(&lines, session));
    if (is_plain(v) && !lines->nelts)
        return NULL;
    USM_FIELDSET_ADD(&fetch.fields, USM_EMAIL_MESSAGE_ID);
    USM_ERR(usm__checked(session, USM__BVT(session)->get(&get, 1, &session->call, &turn->ref, &fetch, turn->pool,
                                                         turn->pool)));
    if (!get.item) {
        usm_error_clear(get.error);
        return NULL;
    }
    return usm__mailattr_set(session, KIND, key_of(get.item, &turn->ref, id, turn->pool),
                             is_plain(v) ? NULL : flag_text(v->u.flag, turn->pool), FLAGS_MAX);
}
