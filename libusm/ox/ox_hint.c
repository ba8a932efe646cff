/* SPDX-License-Identifier: Apache-2.0 */
/* What mail servers tell of: the body of Dovecot's driver for Open-Xchange (spec 11.3), and the same form with more
 * events, from the Lua script that comes with mod_eas. libusm/doc/notifications.md tells it to those who write others.
 */
#include "ox/ox.h"

#include <apr_cstr.h>
#include <apr_strings.h>
#include <string.h>
#include <usm/backend.h>

#define NAME_MAX_LEN 512

typedef struct event_t {
    const char *name;
    int kind; /* usm_hint_kind_e, or nothing that devices see */
} event_t;

#define NOTHING (-1)

static const event_t events[] = {
    {"messageNew", USM_HINT_MAIL},      {"messageAppend", USM_HINT_MAIL},    {"messageExpunge", USM_HINT_MAIL},
    {"messageRead", USM_HINT_MAIL},     {"messageTrash", USM_HINT_MAIL},     {"flagsSet", USM_HINT_MAIL},
    {"flagsClear", USM_HINT_MAIL},      {"mailboxCreate", USM_HINT_FOLDERS}, {"mailboxDelete", USM_HINT_FOLDERS},
    {"mailboxRename", USM_HINT_FOLDERS}, {"mailboxSubscribe", NOTHING},      {"mailboxUnsubscribe", NOTHING},
};

/* "11@3": user 11 of context 3. The key of that user, or NULL when the text is of another form. */
static const char *key_of(const char *user, apr_pool_t *pool)
{
    apr_size_t id = strspn(user, "0123456789"), context;
    if (!id || user[id] != '@')
        return NULL;
    context = strspn(user + id + 1, "0123456789");
    if (!context || user[id + 1 + context])
        return NULL;
    return apr_psprintf(pool, "%s/%.*s", user + id + 1, (int)id, user);
}

/* A text of a sane length that is there, NULL otherwise. */
static const char *text_of(const ox_json_t *j, const char *name, apr_pool_t *pool)
{
    const char *text = ox_json_is_string(ox_json_get(j, name)) ? ox_json_get_text(j, name, pool) : NULL;
    return text && *text && strlen(text) <= NAME_MAX_LEN ? text : NULL;
}

static usm_error_t *read_one(usm_hint_t *hints, int *count, const ox_json_t *j, apr_pool_t *pool)
{
    const char *event = text_of(j, "event", pool), *user = text_of(j, "user", pool);
    const char *folder = text_of(j, "folder", pool);
    int kind = NOTHING;
    if (!ox_json_is_object(j) || !event || !user)
        return USM_ERROR(pool, USM_EINVALID, "a notification has texts \"user\" and \"event\"");
    if (!ox_json_is_null(ox_json_get(j, "folder")) && !folder)
        return USM_ERROR(pool, USM_EINVALID, "\"folder\" is no mailbox name");
    for (apr_size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        if (apr_cstr_casecmp(events[i].name, event) == 0)
            kind = events[i].kind;
    }
    if (kind == NOTHING)
        return NULL; /* there may be others that we need not know */
    /* OX names mail folders so. */
    folder = folder && kind == USM_HINT_MAIL ? apr_pstrcat(pool, "default0/", folder, NULL) : NULL;
    const char *key = key_of(user, pool);
    if (key)
        usm_hint_for_user(&hints[*count], key, folder, (usm_hint_kind_e)kind);
    else
        usm_hint_for_login(&hints[*count], user, folder, (usm_hint_kind_e)kind);
    ++*count;
    return NULL;
}

usm_error_t *ox_notification(usm_hint_t *hints, int *count, int max, const char *body, apr_size_t len, apr_pool_t *pool)
{
    const ox_json_t *j = ox_json_parse(body, len, pool);
    *count = 0;
    if (!ox_json_is_array(j))
        return j ? read_one(hints, count, j, pool) : USM_ERROR(pool, USM_EINVALID, "not JSON");
    if (ox_json_count(j) > max)
        return USM_ERROR(pool, USM_ELIMIT, "%d notifications at once, %d may be", ox_json_count(j), max);
    for (int i = 0; i < ox_json_count(j); i++)
        USM_ERR(read_one(hints, count, ox_json_at(j, i), pool));
    return NULL;
}
