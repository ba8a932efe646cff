/* SPDX-License-Identifier: Apache-2.0 */
/* Mail: what changed in a folder. The ladder of spec 3.6: state of the folder, then its newest mails, then all of
 * them. */
#include "ox/ox_mail.h"

#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#define NEWEST_MAX 2000     /* more new mails than this: list them all */
#define CHUNK_FIRST 1000    /* rows of the first call of a full listing */
#define CHUNK_LAST 16000    /* calls grow up to this: the server sorts the folder anew for each */
#define LISTINGS_MAX 4      /* a folder that moves under our hands is listed anew so often */
#define TOP 200             /* newest mails whose flags are looked at between two full listings */
#define TOP_MAX (4 * TOP)   /* as many they may become before all are listed */

/* Columns of a listing and their places. */
enum { C_ID, C_FLAGS, C_COLOR, C_RECEIVED };
#define COLUMNS "600,611,102,610"

apr_uint64_t ox_mail_rev(apr_int64_t flags, apr_int64_t color)
{
    return OX_MAIL_REV | (apr_uint64_t)(flags & OX_FLAGS_KEPT) | (apr_uint64_t)(color & 0xff) << 16;
}

/* ---- the folder's state ---- */

const char *ox_mailstate_text(const ox_mailstate_t *s, apr_pool_t *pool)
{
    const char *text = apr_psprintf(pool, "m1 %s %" APR_INT64_T_FMT " %" APR_INT64_T_FMT " %s",
                                    ox_http_escape(s->validity, pool), s->total, s->unread,
                                    ox_http_escape(s->next, pool));
    if (!s->has_top)
        return text;
    return apr_psprintf(pool, "%s %" APR_INT64_T_FMT " %" APR_UINT64_T_HEX_FMT " %" APR_INT64_T_FMT
                        " %" APR_INT64_T_FMT, text, s->top_since, s->top_sum, s->top_count, s->top_unread);
}

/* validity and next stay in their escaped form: they are only compared, and digits look the same in both. */
int ox_mailstate_parse(ox_mailstate_t *s, const char *text, apr_pool_t *pool)
{
    char *words[9], *copy = text ? apr_pstrdup(pool, text) : NULL, *state = NULL;
    int count = 0;
    for (char *w = copy ? apr_strtok(copy, " ", &state) : NULL; w && count < 9; w = apr_strtok(NULL, " ", &state))
        words[count++] = w;
    if ((count != 5 && count != 9) || strcmp(words[0], "m1") != 0)
        return 0;
    memset(s, 0, sizeof *s);
    s->validity = words[1];
    s->total = apr_atoi64(words[2]);
    s->unread = apr_atoi64(words[3]);
    s->next = words[4];
    s->has_top = count == 9;
    if (s->has_top) {
        s->top_since = apr_atoi64(words[5]);
        s->top_sum = strtoull(words[6], NULL, 16);
        s->top_count = apr_atoi64(words[7]);
        s->top_unread = apr_atoi64(words[8]);
    }
    return 1;
}

static const char *text_or_dash(const ox_json_t *j, apr_pool_t *pool)
{
    const char *text = ox_json_text(j, pool);
    return text && *text && strlen(text) <= 100 ? text : "-";
}

/* For mail systems without `examine`: the counters of the folder object. */
static usm_error_t *read_counters(ox_mailstate_t *s, usm_bcall_t *call, const char *folder, apr_pool_t *pool)
{
    ox_answer_t answer;
    USM_ERR(ox_get(&answer, call, ox_path(pool, "folders", "action", "get", "id", folder, NULL), pool));
    s->validity = s->next = "-";
    s->total = ox_json_int(ox_json_get(answer.data, "total"), -1);
    s->unread = ox_json_int(ox_json_get(answer.data, "unread"), -1);
    if (s->total < 0 || s->unread < 0)
        return USM_ERROR(pool, USM_EBACKEND, "mail folder without counters");
    return NULL;
}

usm_error_t *ox_mailstate_read(ox_mailstate_t *s, const ox_mailstate_t *last, usm_bcall_t *call, const char *folder,
                               apr_pool_t *pool)
{
    ox_answer_t answer;
    if (last && strcmp(last->validity, "-") == 0)
        return read_counters(s, call, folder, pool);
    usm_error_t *err = ox_get(&answer, call, ox_path(pool, "mail", "action", "examine", "folder", folder, NULL), pool);
    if (usm_error_is(err, USM_EUNSUPPORTED)) {
        usm_error_clear(err);
        return read_counters(s, call, folder, pool);
    }
    USM_ERR(err);
    s->validity = text_or_dash(ox_json_get(answer.data, "validity"), pool);
    s->next = text_or_dash(ox_json_get(answer.data, "next"), pool);
    s->total = ox_json_int(ox_json_get(answer.data, "total"), -1);
    s->unread = ox_json_int(ox_json_get(answer.data, "unread"), -1);
    if (strcmp(s->validity, "-") == 0 || s->total < 0) /* not to be taken for a new set of ids */
        return USM_ERROR(pool, USM_EBACKEND, "state of the mail folder is incomplete");
    return NULL;
}

/* ---- listings ---- */

typedef struct walk_t {
    usm_bcall_t *call;
    const usm_bref_t *folder;
    const usm_brange_t *range;
    const usm_bsink_t *sink;
    apr_pool_t *pool, *iterpool;
    /* newest mails */
    apr_int64_t old_next, found, found_unread;
    /* one chunk */
    int rows, chunk_found;
    int past; /* a row was older than the range */
    /* the newest mails: the sums so far, and their rows where they are wanted */
    ox_mailstate_t *top;
    apr_int64_t top_next; /* mails from this id on are not looked at */
    apr_array_header_t *top_rows;
    int top_past;
    /* full listing */
    int full;
    const char *overlap; /* id that the chunk's first row must have, NULL = the first chunk */
    char last[256];
    int shifted;
} walk_t;

static usm_error_t *list_chunk(walk_t *w, apr_int64_t left, apr_int64_t right, ox_row_fn on_row)
{
    ox_answer_t answer;
    apr_pool_t *pool;
    apr_pool_create(&pool, w->pool);
    w->rows = w->chunk_found = 0;
    USM_ERR(ox_get_rows(&answer, w->call,
                        ox_path(pool, "mail", "action", "all", "folder", w->folder->id, "columns", COLUMNS, "sort",
                                "610", "order", "desc", "left_hand_limit",
                                apr_psprintf(pool, "%" APR_INT64_T_FMT, left), "right_hand_limit",
                                apr_psprintf(pool, "%" APR_INT64_T_FMT, right), "timezone", "UTC", NULL),
                        on_row, w, pool));
    apr_pool_destroy(pool);
    return NULL;
}

static usm_error_t *tell(walk_t *w, const char *id, const ox_json_t *row)
{
    apr_int64_t flags = ox_json_int(ox_json_at(row, C_FLAGS), 0), color = ox_json_int(ox_json_at(row, C_COLOR), 0);
    apr_int64_t received = ox_json_int(ox_json_at(row, C_RECEIVED), 0);
    if (w->range->since != USM_TIME_NONE && received < w->range->since) {
        w->past = 1;
        return NULL;
    }
    if (flags & OX_DELETED)
        return w->full ? NULL : w->sink->remove(w->sink->baton, id);
    return w->sink->upsert(w->sink->baton, id, ox_mail_rev(flags, color), received, received);
}

/* ---- flags of the newest mails ---- */

/* Added up, so that a mail can be counted in whatever its place. */
static apr_uint64_t row_digest(const char *id, const ox_json_t *row)
{
    apr_uint64_t h = APR_UINT64_C(0xcbf29ce484222325);
    apr_int64_t flags = ox_json_int(ox_json_at(row, C_FLAGS), 0), color = ox_json_int(ox_json_at(row, C_COLOR), 0);
    for (; *id; id++)
        h = (h ^ (unsigned char)*id) * APR_UINT64_C(0x100000001b3);
    h = (h ^ (ox_mail_rev(flags, color) << 1 | ((flags & OX_DELETED) != 0))) * APR_UINT64_C(0x9E3779B97F4A7C15);
    return h ^ h >> 29;
}

static void top_add(ox_mailstate_t *top, const char *id, const ox_json_t *row)
{
    top->top_sum += row_digest(id, row);
    top->top_count++;
    top->top_unread += !(ox_json_int(ox_json_at(row, C_FLAGS), 0) & OX_SEEN);
}

static void top_reset(ox_mailstate_t *top)
{
    top->top_sum = 0;
    top->top_count = top->top_unread = 0;
}

/* Of a full listing: the first rows, and those received in the same millisecond as the last of them. */
static void top_collect(walk_t *w, const char *id, const ox_json_t *row)
{
    apr_int64_t received = ox_json_int(ox_json_at(row, C_RECEIVED), 0);
    w->top_past |= w->top->top_count >= TOP && received != w->top->top_since;
    if (w->top_past)
        return;
    w->top->top_since = received;
    top_add(w->top, id, row);
}

/* ---- step 3: new mails only ---- */

static usm_error_t *on_newest_row(void *baton, const ox_json_t *row)
{
    walk_t *w = baton;
    apr_pool_clear(w->iterpool);
    const char *id = ox_json_text(ox_json_at(row, C_ID), w->iterpool);
    w->rows++;
    if (!id || apr_atoi64(id) < w->old_next)
        return NULL;
    w->chunk_found++;
    w->found++;
    w->found_unread += !(ox_json_int(ox_json_at(row, C_FLAGS), 0) & OX_SEEN);
    if (ox_json_int(ox_json_at(row, C_RECEIVED), 0) >= w->top->top_since)
        top_add(w->top, id, row);
    return tell(w, id, row);
}

static int all_digits(const char *s)
{
    apr_size_t len = strlen(s);
    return len > 0 && len <= 18 && strspn(s, "0123456789") == len;
}

/* *done_p 1: the new mails explain the difference between the two states, nothing else happened. */
static usm_error_t *newest(int *done_p, walk_t *w, const ox_mailstate_t *old, const ox_mailstate_t *now)
{
    static const int sizes[] = {50, 200, 500, 1000};
    apr_int64_t left = 0, grown;
    *done_p = 0;
    if (!all_digits(old->next) || !all_digits(now->next))
        return NULL;
    w->old_next = apr_atoi64(old->next);
    grown = apr_atoi64(now->next) - w->old_next;
    if (grown <= 0 || grown > NEWEST_MAX)
        return NULL;
    for (int i = 0; w->found < grown; i++) {
        int size = sizes[i < 3 ? i : 3];
        USM_ERR(list_chunk(w, left, left + size, on_newest_row));
        left += size;
        if (w->chunk_found == 0 || w->rows < size)
            break;
    }
    *done_p = old->total + w->found == now->total && old->unread + w->found_unread == now->unread;
    return NULL;
}

/* ---- step 4: everything ---- */

static usm_error_t *on_full_row(void *baton, const ox_json_t *row)
{
    walk_t *w = baton;
    apr_pool_clear(w->iterpool);
    const char *id = ox_json_text(ox_json_at(row, C_ID), w->iterpool);
    if (!id || !*id || strlen(id) >= sizeof w->last)
        return NULL;
    if (w->rows++ == 0 && w->overlap) {
        w->shifted = strcmp(id, w->overlap) != 0;
        if (!w->shifted)
            return NULL;
    }
    apr_cpystrn(w->last, id, sizeof w->last);
    top_collect(w, id, row);
    return tell(w, id, row);
}

/* Chunks overlap by one row. When that row is another one, mails went or came in between and one may have been missed:
 * the folder is listed again. What was told stays told; it is the same. */
static usm_error_t *list_all(int *whole_p, walk_t *w)
{
    apr_int64_t left = 0;
    int size = CHUNK_FIRST;
    char overlap[sizeof w->last];
    w->overlap = NULL;
    w->past = w->shifted = w->top_past = 0;
    top_reset(w->top);
    w->top->top_since = 0;
    do {
        USM_ERR(list_chunk(w, left, left + size, on_full_row));
        int got = w->rows;
        if (w->shifted || w->past || got < size)
            break;
        apr_cpystrn(overlap, w->last, sizeof overlap);
        w->overlap = overlap;
        left += size - 1;
        if (w->range->since == USM_TIME_NONE && size < CHUNK_LAST)
            size *= 2;
    } while (1);
    *whole_p = !w->shifted;
    return NULL;
}

static usm_error_t *full(walk_t *w)
{
    int whole = 0;
    w->full = 1;
    USM_ERR(w->sink->begin_full(w->sink->baton));
    for (int i = 0; i < LISTINGS_MAX && !whole; i++)
        USM_ERR(list_all(&whole, w));
    if (!whole)
        return USM_ERROR(w->pool, USM_EBACKEND, "mail folder changes too fast to be listed");
    w->top->has_top = 1;
    return w->sink->end_full(w->sink->baton);
}

/* ---- between the two: flags of the newest mails ---- */

typedef struct toprow_t {
    const char *id;
    apr_int64_t flags, color, received;
} toprow_t;

static usm_error_t *on_top_row(void *baton, const ox_json_t *row)
{
    walk_t *w = baton;
    apr_int64_t received = ox_json_int(ox_json_at(row, C_RECEIVED), 0);
    const char *id = ox_json_text(ox_json_at(row, C_ID), w->pool);
    w->rows++;
    if (!id || received < w->top->top_since) {
        w->top_past |= id != NULL;
        return NULL;
    }
    if (apr_atoi64(id) >= w->top_next) /* has come after the state was read */
        return NULL;
    top_add(w->top, id, row);
    toprow_t *r = apr_array_push(w->top_rows);
    *r = (toprow_t){.id = id, .flags = ox_json_int(ox_json_at(row, C_FLAGS), 0),
                    .color = ox_json_int(ox_json_at(row, C_COLOR), 0), .received = received};
    return NULL;
}

/* Read them as they are now into *top; w->top_rows are their rows. *whole_p 0: there are too many by now. */
static usm_error_t *read_top(int *whole_p, ox_mailstate_t *top, walk_t *w, const ox_mailstate_t *had)
{
    int size = (int)(had->top_count < TOP_MAX ? had->top_count : TOP_MAX) + 20;
    apr_int64_t left = 0;
    *top = *had;
    top_reset(top);
    w->top = top;
    w->top_next = apr_atoi64(had->next);
    w->top_rows = apr_array_make(w->pool, TOP, sizeof(toprow_t));
    w->top_past = 0;
    do {
        USM_ERR(list_chunk(w, left, left + size, on_top_row));
        left += size;
    } while (!w->top_past && w->rows == size && left <= TOP_MAX);
    *whole_p = w->top_past || w->rows < size;
    return NULL;
}

static const char *top_key(const usm_bref_t *folder, const ox_mailstate_t *s, apr_pool_t *pool)
{
    return apr_psprintf(pool, "%s %" APR_INT64_T_FMT " %" APR_UINT64_T_HEX_FMT " %" APR_INT64_T_FMT, folder->id,
                        s->top_since, s->top_sum, s->top_count);
}

static int same_top(const ox_mailstate_t *a, const ox_mailstate_t *b)
{
    return a->top_sum == b->top_sum && a->top_count == b->top_count;
}

int ox_mailstate_same(const ox_mailstate_t *now, const ox_mailstate_t *old, apr_pool_t *pool)
{
    return strcmp(ox_http_escape(now->validity, pool), old->validity) == 0 &&
           strcmp(ox_http_escape(now->next, pool), old->next) == 0 && now->total == old->total &&
           now->unread == old->unread;
}

/* Is it time to look at flags again? Only where ids grow, so that what is not new must have been there before. */
static int top_due(usm_bcall_t *call, const usm_bref_t *folder, const ox_mailstate_t *old, apr_pool_t *pool)
{
    usm_time_t noted = ox_login_noted(call->login, top_key(folder, old, pool)), age = ox_now() - noted;
    return old->has_top && all_digits(old->next) &&
           (age < 0 || age >= call->login->be->flag_compare_ms || noted <= call->hinted);
}

static usm_error_t *mail_changed(int *changed_p, usm_bcall_t *call, const usm_bref_t *folder, const char *cursor,
                                 apr_pool_t *scratch_pool)
{
    ox_mailstate_t last, now, top;
    walk_t w = {.call = call, .folder = folder, .pool = scratch_pool};
    int whole;
    *changed_p = 1;
    if (!ox_mailstate_parse(&last, cursor, scratch_pool))
        return NULL;
    USM_ERR(ox_mailstate_read(&now, &last, call, folder->id, scratch_pool));
    if (!ox_mailstate_same(&now, &last, scratch_pool))
        return NULL;
    *changed_p = 0;
    if (!top_due(call, folder, &last, scratch_pool))
        return NULL;
    USM_ERR(read_top(&whole, &top, &w, &last));
    *changed_p = !whole || !same_top(&top, &last);
    if (!*changed_p)
        ox_login_note(call->login, top_key(folder, &last, scratch_pool), ox_now());
    return NULL;
}

static usm_error_t *tell_top(walk_t *w)
{
    for (int i = 0; i < w->top_rows->nelts; i++) {
        const toprow_t *r = &APR_ARRAY_IDX(w->top_rows, i, toprow_t);
        if (w->range->since != USM_TIME_NONE && r->received < w->range->since)
            continue;
        if (r->flags & OX_DELETED)
            USM_ERR(w->sink->remove(w->sink->baton, r->id));
        else
            USM_ERR(w->sink->upsert(w->sink->baton, r->id, ox_mail_rev(r->flags, r->color), r->received, r->received));
    }
    return NULL;
}

/* *done_p 1: beside the new mails only flags of the newest ones have changed, and they are told. The sums of @a now are
 * those from before, the new mails counted in. */
static usm_error_t *flags_only(int *done_p, walk_t *w, const ox_mailstate_t *old, ox_mailstate_t *now)
{
    ox_mailstate_t top;
    int whole;
    *done_p = 0;
    if (!now->has_top || !all_digits(now->next) || old->total + w->found != now->total)
        return NULL;
    USM_ERR(read_top(&whole, &top, w, now));
    w->top = now;
    if (!whole || top.top_count != now->top_count ||
        old->unread + w->found_unread + top.top_unread - now->top_unread != now->unread)
        return NULL;
    if (!same_top(&top, now))
        USM_ERR(tell_top(w));
    now->top_sum = top.top_sum;
    now->top_unread = top.top_unread;
    *done_p = 1;
    return NULL;
}

/* What the sums were, for the steps to go on from. */
static void take_top(ox_mailstate_t *now, const ox_mailstate_t *old)
{
    now->has_top = old->has_top;
    now->top_since = old->top_since;
    now->top_sum = old->top_sum;
    now->top_count = old->top_count;
    now->top_unread = old->top_unread;
}

static usm_error_t *steps(walk_t *w, const ox_mailstate_t *old, ox_mailstate_t *now)
{
    int done = 0;
    take_top(now, old);
    if (!ox_mailstate_same(now, old, w->pool))
        USM_ERR(newest(&done, w, old, now));
    else if (!top_due(w->call, w->folder, old, w->pool))
        return NULL;
    if (done) { /* the others were not looked at */
        ox_login_note(w->call->login, top_key(w->folder, now, w->pool),
                      ox_login_noted(w->call->login, top_key(w->folder, old, w->pool)));
        return NULL;
    }
    USM_ERR(flags_only(&done, w, old, now));
    if (!done)
        USM_ERR(full(w));
    ox_login_note(w->call->login, top_key(w->folder, now, w->pool), ox_now());
    return NULL;
}

static usm_error_t *mail_changes(const char **cursor_p, usm_bcall_t *call, const usm_bref_t *folder,
                                 const usm_brange_t *range, const char *cursor, int force_full,
                                 const usm_bsink_t *sink, apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    ox_mailstate_t old, now = {0};
    walk_t w = {.call = call, .folder = folder, .range = range, .sink = sink, .pool = scratch_pool, .top = &now};
    int have = ox_mailstate_parse(&old, cursor, scratch_pool);
    apr_pool_create(&w.iterpool, scratch_pool);
    USM_ERR(ox_mailstate_read(&now, have ? &old : NULL, call, folder->id, scratch_pool));
    if (have && strcmp(ox_http_escape(now.validity, scratch_pool), old.validity) != 0)
        return USM_ERROR(result_pool, USM_ECURSOR, "mail folder %.100s has other ids than before", folder->id);
    if (have && !force_full) {
        USM_ERR(steps(&w, &old, &now));
    } else {
        USM_ERR(full(&w));
        ox_login_note(call->login, top_key(folder, &now, scratch_pool), ox_now());
    }
    *cursor_p = ox_mailstate_text(&now, result_pool);
    return NULL;
}

const ox_module_t ox_mail_module = {
    .changed = mail_changed,
    .changes = mail_changes,
    .get = ox_mail_get,
    .add = ox_mail_add,
    .find_uid = ox_mail_find_uid,
    .update = ox_mail_update,
    .remove = ox_mail_remove,
    .part = ox_mail_part,
};
