/* SPDX-License-Identifier: Apache-2.0 */
/* Flags and deletions of many mails of a folder in one `multiple`, whose requests of the module mail run in order. */
#include "ox/ox_mail.h"

/* Deletions of one kind are one request with a list of ids. */
typedef struct many_t {
    const usm_bref_t *folder;
    usm_bmail_t *rows;
    int count;
    ox_json_t *requests;
    int *index; /* of a row's request, -1 = none */
    apr_pool_t *pool;
} many_t;

static void add_updates(many_t *m)
{
    for (int i = 0; i < m->count; i++) {
        usm_bmail_t *row = &m->rows[i];
        ox_json_t *body = NULL;
        m->index[i] = -1;
        /* A follow-up flag is compared with the server's first: that is done one by one. */
        if (row->item && !USM_FIELDSET_HAS(row->fields, USM_EMAIL_FLAG))
            body = ox_mail_flags_body(&row->result.rev, row->item, row->fields, row->rev, m->pool);
        if (!body)
            continue;
        ox_json_t *request =
            ox_request(m->pool, "mail", "update", "folder", m->folder->id, "id", row->id, NULL);
        ox_json_set(request, "data", body);
        m->index[i] = ox_json_count(m->requests);
        ox_json_add(m->requests, request);
    }
}

static void add_deletes(many_t *m, usm_delete_e how)
{
    ox_json_t *list = ox_json_array(m->pool), *one;
    for (int i = 0; i < m->count; i++) {
        if (m->rows[i].item || m->rows[i].how != how)
            continue;
        one = ox_json_object(m->pool);
        ox_json_set_text(one, "folder", m->folder->id);
        ox_json_set_text(one, "id", m->rows[i].id);
        ox_json_add(list, one);
        m->index[i] = ox_json_count(m->requests);
    }
    if (!ox_json_count(list))
        return;
    ox_json_t *request = ox_request(m->pool, "mail", "delete", "harddelete",
                                    how == USM_DELETE_HARD ? "true" : NULL, NULL);
    ox_json_set(request, "data", list);
    ox_json_add(m->requests, request);
}

usm_error_t *ox_mail_edit(usm_bmail_t *rows, int count, usm_bcall_t *call, const usm_bref_t *folder,
                          apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    ox_json_t *answers;
    many_t m = {.folder = folder, .rows = rows, .count = count, .requests = ox_json_array(scratch_pool),
                .index = apr_pcalloc(scratch_pool, sizeof(int) * (apr_size_t)(count + 1)), .pool = scratch_pool};
    (void)result_pool;
    add_updates(&m);
    add_deletes(&m, USM_DELETE_TRASH);
    add_deletes(&m, USM_DELETE_HARD);
    if (!ox_json_count(m.requests))
        return NULL;
    USM_ERR(ox_multiple(&answers, call, m.requests, scratch_pool));
    for (int i = 0; i < count; i++) {
        const ox_json_t *answer = m.index[i] >= 0 ? ox_json_at(answers, m.index[i]) : NULL;
        usm_error_t *err = answer ? ox_error_of(answer, scratch_pool) : NULL;
        if (err && usm_error_class(err) == USM_CLASS_UNAVAILABLE)
            return err;
        /* A deletion's answer lists what stayed. */
        rows[i].done = answer && !err && (rows[i].item || ox_json_count(ox_json_get(answer, "data")) == 0);
        usm_error_clear(err);
    }
    return NULL;
}
