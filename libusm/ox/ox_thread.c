/* SPDX-License-Identifier: Apache-2.0 */
/* Mails with what names their conversation: headers of a listing, row by row. */
#include "ox/ox_mail.h"

#include <apr_strings.h>

#define HEADERS "Thread-Index,References,In-Reply-To,Message-ID"

typedef struct walk_t {
    usm_bthread_fn fn;
    void *baton;
    apr_pool_t *pool; /* of one row */
} walk_t;

/* Columns: id, flags, received, subject, and the headers. */
static usm_error_t *on_row(void *baton, const ox_json_t *row)
{
    walk_t *w = baton;
    apr_pool_clear(w->pool);
    usm_item_t *mail = usm_item_create(USM_EMAIL, w->pool);
    const char *id = ox_json_text(ox_json_at(row, 0), w->pool), *refs = ox_json_text(ox_json_at(row, 5), w->pool);
    if (!id || !*id || ox_json_int(ox_json_at(row, 1), 0) & OX_DELETED)
        return NULL;
    usm_item_set_text(mail, USM_EMAIL_SUBJECT, ox_json_text(ox_json_at(row, 3), w->pool));
    usm_item_set_text(mail, USM_EMAIL_THREAD_INDEX, ox_json_text(ox_json_at(row, 4), w->pool));
    usm_item_set_text(mail, USM_EMAIL_REFERENCES, refs ? refs : ox_json_text(ox_json_at(row, 6), w->pool));
    usm_item_set_text(mail, USM_EMAIL_MESSAGE_ID, ox_json_text(ox_json_at(row, 7), w->pool));
    return w->fn(w->baton, id, ox_json_int(ox_json_at(row, 2), 0), mail);
}

usm_error_t *ox_threads(usm_bcall_t *call, const usm_bref_t *folder, int max, usm_bthread_fn fn, void *baton,
                        apr_pool_t *scratch_pool)
{
    walk_t w = {.fn = fn, .baton = baton};
    ox_answer_t answer;
    if (folder->cls != USM_EMAIL)
        return NULL;
    apr_pool_create(&w.pool, scratch_pool);
    return ox_get_rows(&answer, call,
                       ox_path(scratch_pool, "mail", "action", "all", "folder", folder->id, "columns",
                               "600,611,610,607", "headers", HEADERS, "sort", "610", "order", "desc",
                               "left_hand_limit", "0", "right_hand_limit", apr_itoa(scratch_pool, max), "timezone",
                               "UTC", NULL),
                       on_row, &w, scratch_pool);
}
