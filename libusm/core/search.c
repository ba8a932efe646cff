/* SPDX-License-Identifier: Apache-2.0 */
#include "core.h"

#include <stdlib.h>
#include <usm/search.h>

#define BUDGET_MS 20000
#define KEPT_MS 900000
#define ATTR "search"
#define ATTR_BYTES 60000
#define FOLDERS_AT_ONCE 8

/* ---- which folders ---- */

typedef struct folders_t {
    usm_session_t *session;
    const usm_query_t *query;
    apr_array_header_t *rows; /* usm_folder_row_t: all of the user's, then those to be searched */
    apr_pool_t *pool;
} folders_t;

static usm_error_t *keep_folder(void *baton, const usm_folder_row_t *row)
{
    folders_t *f = baton;
    if (row->role == USM_ROLE_OUTBOX)
        return NULL;
    usm_folder_row_t *kept = apr_array_push(f->rows);
    *kept = *row;
    kept->backend_id = apr_pstrdup(f->pool, row->backend_id);
    return NULL;
}

static const usm_folder_row_t *folder_of(const apr_array_header_t *rows, apr_int64_t fid)
{
    for (int i = 0; i < rows->nelts; i++) {
        if (APR_ARRAY_IDX(rows, i, usm_folder_row_t).fid == fid)
            return &APR_ARRAY_IDX(rows, i, usm_folder_row_t);
    }
    return NULL;
}

static int is_named(const folders_t *f, apr_int64_t fid)
{
    for (int i = 0; i < f->query->folder_count; i++) {
        if (usm__fid_parse(f->query->folders[i]) == fid)
            return 1;
    }
    return 0;
}

/* A tree from a groupware server may be broken: no more steps up than there are folders. */
static int is_wanted(const folders_t *f, const usm_folder_row_t *row)
{
    if (row->cls != f->query->cls)
        return 0;
    if (!f->query->folder_count)
        return 1;
    for (int steps = 0; row && steps <= f->rows->nelts; steps++) {
        if (is_named(f, row->fid))
            return 1;
        row = f->query->deep ? folder_of(f->rows, row->parent) : NULL;
    }
    return 0;
}

/* Where people look first comes first: time may run out. */
static int compare_folders(const void *a, const void *b)
{
    static const int ranks[USM_ROLE_COUNT] = {[USM_ROLE_INBOX] = -2, [USM_ROLE_SENT] = -1, [USM_ROLE_DRAFTS] = 1,
                                              [USM_ROLE_TRASH] = 2,  [USM_ROLE_SPAM] = 3};
    const usm_folder_row_t *x = a, *y = b;
    return ranks[x->role] != ranks[y->role] ? ranks[x->role] - ranks[y->role] : x->fid < y->fid ? -1 : 1;
}

static usm_error_t *choose_folders(apr_array_header_t **rows_p, folders_t *f)
{
    usm_txn_t *txn;
    f->rows = apr_array_make(f->pool, 64, sizeof(usm_folder_row_t));
    USM_ERR(usm__read(&txn, f->session, f->pool));
    USM_ERR(usm__finish(f->session, txn, USM__VT(f->session)->folder_scan(txn, f->session->device.user, 0, keep_folder,
                                                                          f, f->pool)));
    for (int i = 0; i < f->query->folder_count; i++) {
        apr_int64_t fid = usm__fid_parse(f->query->folders[i]);
        if (!fid || !folder_of(f->rows, fid))
            return USM_ERROR(f->pool, USM_EFOLDER_GONE, "a folder to be searched is gone or unknown");
    }
    apr_array_header_t *wanted = apr_array_make(f->pool, 64, sizeof(usm_folder_row_t));
    for (int i = 0; i < f->rows->nelts; i++) {
        const usm_folder_row_t *row = &APR_ARRAY_IDX(f->rows, i, usm_folder_row_t);
        if (is_wanted(f, row))
            APR_ARRAY_PUSH(wanted, usm_folder_row_t) = *row;
    }
    qsort(wanted->elts, (size_t)wanted->nelts, sizeof(usm_folder_row_t), compare_folders);
    *rows_p = wanted;
    return NULL;
}

/* ---- the kept result: "time;name\n", then a line "server id;received" for each hit ---- */

static usm_error_t *recall(const apr_array_header_t **hits_p, usm_session_t *session, const usm_query_t *query,
                           apr_pool_t *pool)
{
    const char *text;
    char *state, *line;
    *hits_p = NULL;
    if (!query->name || !query->reuse)
        return NULL;
    USM_ERR(usm_device_attr_get(&text, session, ATTR, pool));
    line = text ? apr_strtok(apr_pstrdup(pool, text), "\n", &state) : NULL;
    char *name = line ? strchr(line, ';') : NULL;
    if (!name || strcmp(name + 1, query->name) != 0 || usm__now() - apr_atoi64(line) > KEPT_MS)
        return NULL;
    apr_array_header_t *hits = apr_array_make(pool, 64, sizeof(usm_hit_t));
    while ((line = apr_strtok(NULL, "\n", &state))) {
        char *at = strrchr(line, ';'), *colon = strchr(line, ':');
        if (!at || !colon || colon > at)
            continue;
        *at = '\0';
        APR_ARRAY_PUSH(hits, usm_hit_t) = (usm_hit_t){.id = line, .cls = query->cls, .at = apr_atoi64(at + 1),
                                                      .folder = apr_pstrmemdup(pool, line, (apr_size_t)(colon - line))};
    }
    *hits_p = hits;
    return NULL;
}

static usm_error_t *keep(apr_array_header_t *hits, usm_session_t *session, const usm_query_t *query, apr_pool_t *pool)
{
    apr_array_header_t *lines = apr_array_make(pool, hits->nelts + 1, sizeof(const char *));
    apr_size_t bytes = 64;
    if (!query->name || strlen(query->name) > 1000 || strpbrk(query->name, "\n"))
        return NULL;
    APR_ARRAY_PUSH(lines, const char *) = apr_psprintf(pool, "%" APR_INT64_T_FMT ";%s", usm__now(), query->name);
    bytes += strlen(query->name);
    for (int i = 0; i < hits->nelts; i++) {
        const usm_hit_t *hit = &APR_ARRAY_IDX(hits, i, usm_hit_t);
        const char *line = apr_psprintf(pool, "%s;%" APR_INT64_T_FMT, hit->id, hit->at);
        bytes += strlen(line) + 1;
        if (bytes > ATTR_BYTES) {
            hits->nelts = i; /* later pages must not have more than can be kept */
            break;
        }
        APR_ARRAY_PUSH(lines, const char *) = line;
    }
    return usm_device_attr_set(session, ATTR, apr_array_pstrcat(pool, lines, '\n'));
}

/* ---- searching ---- */

static int compare_hits(const void *a, const void *b)
{
    const usm_hit_t *x = a, *y = b;
    return x->at != y->at ? (x->at < y->at ? 1 : -1) : strcmp(y->id, x->id);
}

/* Those of one conversation, which no server can look for; of what was found by words those that are of it. */
static usm_error_t *take_thread(usm_bsearch_t *search, usm_session_t *session, const usm_query_t *query,
                                apr_pool_t *scratch)
{
    apr_array_header_t *mails = apr_array_make(scratch, 16, sizeof(usm_bhit_t)), *kept = search->hits;
    apr_hash_t *found = apr_hash_make(scratch);
    if (search->error)
        return NULL;
    search->error = usm__thread_find(mails, session, search->folder, query->thread, scratch);
    if (search->error)
        return usm_error_class(search->error) == USM_CLASS_UNAVAILABLE ? search->error : NULL;
    for (int i = 0; i < kept->nelts; i++)
        apr_hash_set(found, APR_ARRAY_IDX(kept, i, usm_bhit_t).id, APR_HASH_KEY_STRING, "");
    search->hits = apr_array_make(scratch, 16, sizeof(usm_bhit_t));
    for (int i = 0; i < mails->nelts; i++) {
        const usm_bhit_t *mail = &APR_ARRAY_IDX(mails, i, usm_bhit_t);
        if ((!query->term_count || apr_hash_get(found, mail->id, APR_HASH_KEY_STRING)) &&
            (query->after == USM_TIME_NONE || mail->at > query->after) &&
            (query->before == USM_TIME_NONE || mail->at < query->before))
            APR_ARRAY_PUSH(search->hits, usm_bhit_t) = *mail;
    }
    return NULL;
}

/* One batch of folders; a folder that went meanwhile has no hits. */
static usm_error_t *search_some(apr_array_header_t *hits, usm_session_t *session, const usm_query_t *query,
                                const usm_folder_row_t *rows, int count, apr_pool_t *pool, apr_pool_t *scratch)
{
    usm_bsearch_t searches[FOLDERS_AT_ONCE];
    usm_bref_t refs[FOLDERS_AT_ONCE];
    for (int i = 0; i < count; i++) {
        usm__folder_ref(&refs[i], &rows[i]);
        searches[i] = (usm_bsearch_t){.folder = &refs[i],
                                      .hits = apr_array_make(scratch, 64, sizeof(usm_bhit_t))};
    }
    if (!query->thread || query->term_count)
        USM_ERR(usm__checked(session, USM__BVT(session)->search(searches, count, &session->call, query, scratch,
                                                                scratch)));
    for (int i = 0; i < count && query->thread; i++)
        USM_ERR(take_thread(&searches[i], session, query, scratch));
    for (int i = 0; i < count; i++) {
        if (searches[i].error)
            usm_log(session->log, USM_LOG_INFO, 109, "folder %" APR_INT64_T_FMT " was not searched: %s", rows[i].fid,
                    usm_error_text(searches[i].error, scratch));
        for (int k = 0; k < searches[i].hits->nelts; k++) {
            const usm_bhit_t *found = &APR_ARRAY_IDX(searches[i].hits, k, usm_bhit_t);
            const char *sid = usm__sid_make(rows[i].fid, found->id, pool);
            if (!strchr(sid, '~')) /* an id that leads nowhere without the device's own list */
                APR_ARRAY_PUSH(hits, usm_hit_t) = (usm_hit_t){.id = sid, .folder = usm__fid_text(rows[i].fid, pool),
                                                              .cls = query->cls, .at = found->at};
        }
    }
    return NULL;
}

usm_error_t *usm_search(const apr_array_header_t **hits_p, usm_session_t *session, const usm_query_t *query,
                        apr_pool_t *pool)
{
    folders_t folders = {.session = session, .query = query, .pool = pool};
    usm_time_t until = usm__now() + BUDGET_MS;
    apr_array_header_t *rows = NULL, *hits = apr_array_make(pool, 64, sizeof(usm_hit_t));
    apr_pool_t *iterpool;
    if (query->term_count > USM_TERMS_MAX || query->cls >= USM_CLASS_COUNT)
        return USM_ERROR(pool, USM_EINVALID, "a search that cannot be");
    USM_ERR(recall(hits_p, session, query, pool));
    if (*hits_p)
        return NULL;
    USM_ERR(choose_folders(&rows, &folders));
    apr_pool_create(&iterpool, pool);
    for (int i = 0; i < rows->nelts && usm__now() < until; i += FOLDERS_AT_ONCE) {
        int left = rows->nelts - i;
        apr_pool_clear(iterpool);
        USM_ERR(search_some(hits, session, query, &APR_ARRAY_IDX(rows, i, usm_folder_row_t),
                            left < FOLDERS_AT_ONCE ? left : FOLDERS_AT_ONCE, pool, iterpool));
    }
    apr_pool_destroy(iterpool);
    qsort(hits->elts, (size_t)hits->nelts, sizeof(usm_hit_t), compare_hits);
    if (hits->nelts > USM_HITS_MAX)
        hits->nelts = USM_HITS_MAX;
    USM_ERR(keep(hits, session, query, pool));
    *hits_p = hits;
    return NULL;
}

/* ---- reading ---- */

/* One call: what is gone or cannot be read stays NULL, what came at all counts as done. */
static usm_error_t *read_some(usm_item_t **items, char *done, usm_session_t *session, const usm_bref_t *ref,
                              usm_bget_t *gets, const int *index, int count, const usm_fetch_t *fetch,
                              apr_pool_t *pool)
{
    apr_pool_t *scratch;
    apr_pool_create(&scratch, pool);
    usm_error_t *err = usm__checked(session, USM__BVT(session)->get(gets, count, &session->call, ref, fetch, pool,
                                                                    scratch));
    if (err && usm_error_class(err) == USM_CLASS_NOTFOUND) { /* the folder went */
        usm_error_clear(err);
        apr_pool_destroy(scratch);
        return NULL;
    }
    USM_ERR(err);
    USM_ERR(usm__flags_show(session, ref, gets, count));
    for (int k = 0; k < count; k++) {
        items[index[k]] = gets[k].item;
        if (gets[k].later && k > 0) /* an answer holds only so much: it is asked for again */
            done[index[k]] = 0;
        usm_error_clear(gets[k].error);
    }
    apr_pool_destroy(scratch);
    return NULL;
}

/* Those of one folder, from @a first on; as many of the rest as come with it are taken, wherever they stand. */
static usm_error_t *read_folder(usm_item_t **items, char *done, usm_session_t *session, const usm_hit_t *hits,
                                int first, int count, const usm_fetch_t *fetch, apr_pool_t *pool)
{
    usm_bget_t gets[USM__GET_BATCH];
    int index[USM__GET_BATCH], n = 0;
    usm__place_t place;
    for (int i = first; i < count && n < USM__GET_BATCH; i++) {
        if (done[i] || strcmp(hits[i].folder, hits[first].folder) != 0)
            continue;
        done[i] = 1;
        usm_error_t *err = usm__item_place(&place, session, hits[i].id, pool);
        if (err && usm_error_class(err) == USM_CLASS_NOTFOUND) {
            usm_error_clear(err);
            continue;
        }
        USM_ERR(err);
        gets[n] = (usm_bget_t){.id = place.id};
        index[n++] = i;
    }
    return n ? read_some(items, done, session, &place.ref, gets, index, n, fetch, pool) : NULL;
}

usm_error_t *usm_hits_read(usm_item_t **items, usm_session_t *session, const usm_hit_t *hits, int count,
                           const usm_fetch_t *fetch, apr_pool_t *pool)
{
    char *done = apr_pcalloc(pool, (apr_size_t)count + 1);
    memset(items, 0, sizeof *items * (apr_size_t)count);
    for (int i = 0; i < count; i++) {
        if (!done[i])
            USM_ERR(read_folder(items, done, session, hits, i, count, fetch, pool));
    }
    return NULL;
}
