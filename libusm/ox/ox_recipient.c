/* SPDX-License-Identifier: Apache-2.0 */
/* Whom the user writes to, as a folder that can only be read: contacts?action=search (spec 4.5, 4.6) for all that have
 * an address, those used most first (column 608). Collected addresses are contacts too. The global address list is left
 * out: devices search it. One item is one address; its id is made of the address, so that two contacts with one address
 * are one item, and one whose contact was made anew stays itself. There is no feed of changes: the list is asked for as
 * a whole, which is one call of bounded size, and the cursor is its digest. */
#include "ox/ox.h"

#include <apr_lib.h>
#include <apr_sha1.h>
#include <apr_strings.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <usm/fields.h>

#define DIRECTORY 6 /* folder of the global address list */
#define LOOK_EVERY_MS 600000 /* whoever waits for changes need not hear of a new rank at once */
#define ADDRESS_MAX 254

enum { C_RANK, C_NAME, C_ALIAS, C_EMAIL, C_COUNT = C_EMAIL + 3 };
#define COLUMNS "608,500,515,555,556,557"

typedef struct recipient_t {
    char id[2 * APR_SHA1_DIGESTSIZE + 1];
    const char *address, *name, *alias;
    apr_int64_t rank;
    apr_uint64_t rev;
} recipient_t;

/* ---- the list ---- */

/* FNV-1a. */
static apr_uint64_t hash_text(const char *text, apr_uint64_t h)
{
    for (const unsigned char *p = (const unsigned char *)(text ? text : ""); *p; p++)
        h = (h ^ *p) * APR_UINT64_C(1099511628211);
    return (h ^ 0xff) * APR_UINT64_C(1099511628211);
}

static void name_of(char *id, const char *address, apr_pool_t *pool)
{
    unsigned char digest[APR_SHA1_DIGESTSIZE];
    apr_sha1_ctx_t sha;
    char *lower = apr_pstrdup(pool, address);
    for (char *p = lower; *p; p++)
        *p = (char)apr_tolower(*p);
    apr_sha1_init(&sha);
    apr_sha1_update_binary(&sha, (const unsigned char *)lower, (unsigned)strlen(lower));
    apr_sha1_final(digest, &sha);
    for (int i = 0; i < APR_SHA1_DIGESTSIZE; i++)
        apr_snprintf(id + 2 * i, 3, "%02x", digest[i]);
}

static void take_contact(apr_array_header_t *list, const ox_json_t *row, apr_pool_t *pool)
{
    const char *name = ox_json_text(ox_json_at(row, C_NAME), pool);
    const char *alias = ox_json_text(ox_json_at(row, C_ALIAS), pool);
    apr_int64_t rank = ox_json_int(ox_json_at(row, C_RANK), 0);
    for (int i = 0; i < 3; i++) {
        const char *address = ox_json_text(ox_json_at(row, C_EMAIL + i), pool);
        if (!address || strlen(address) > ADDRESS_MAX || !strchr(address, '@'))
            continue;
        recipient_t *r = apr_array_push(list);
        *r = (recipient_t){.address = address, .name = name && *name ? name : address,
                           .alias = alias && *alias ? alias : NULL,
                           .rank = rank < 0 ? 0 : rank > APR_INT32_MAX ? APR_INT32_MAX : rank};
        name_of(r->id, address, pool);
        r->rev = hash_text(r->alias, hash_text(r->name, hash_text(address, APR_UINT64_C(14695981039346656037))));
        r->rev = (r->rev ^ (apr_uint64_t)r->rank) * APR_UINT64_C(1099511628211);
        r->rev = r->rev ? r->rev : 1;
    }
}

static int by_id(const void *a, const void *b)
{
    const recipient_t *x = a, *y = b;
    int order = strcmp(x->id, y->id);
    return order ? order : x->rank != y->rank ? (x->rank < y->rank ? 1 : -1) : x->rev < y->rev ? -1 : x->rev > y->rev;
}

static int by_rank(const void *a, const void *b)
{
    const recipient_t *x = a, *y = b;
    return x->rank != y->rank ? (x->rank < y->rank ? 1 : -1) : strcmp(x->id, y->id);
}

/* Each address once, where it ranks best; of these the first @a max. */
static void choose(apr_array_header_t *list, int max)
{
    recipient_t *rows = (recipient_t *)list->elts;
    int kept = 0;
    qsort(rows, (size_t)list->nelts, sizeof *rows, by_id);
    for (int i = 0; i < list->nelts; i++) {
        if (!kept || strcmp(rows[kept - 1].id, rows[i].id) != 0)
            rows[kept++] = rows[i];
    }
    list->nelts = kept;
    qsort(rows, (size_t)kept, sizeof *rows, by_rank);
    list->nelts = kept > max ? max : kept;
}

static const char *ask_body(ox_json_t **body_p, apr_pool_t *pool)
{
    ox_json_t *body = ox_json_object(pool), *folders = ox_json_array(pool), *holder = ox_json_object(pool);
    ox_json_set_text(body, "email1", "*");
    ox_json_set_text(body, "email2", "*");
    ox_json_set_text(body, "email3", "*");
    ox_json_set_bool(body, "orSearch", 1);
    ox_json_set_bool(body, "emailAutoComplete", 1);
    ox_json_set_int(holder, "n", DIRECTORY);
    ox_json_add(folders, ox_json_get(holder, "n"));
    ox_json_set(body, "exclude_folders", folders);
    *body_p = body;
    return ox_path(pool, "contacts", "action", "search", "columns", COLUMNS, "sort", "608", "order", "desc",
                   "left_hand_limit", "0", "right_hand_limit", apr_itoa(pool, USM_RECIPIENTS_MAX), NULL);
}

/* *list_p: recipient_t, at most @a max. A user without contacts, or a server that wants more of a name before it looks,
 * has none. */
static usm_error_t *fetch_list(apr_array_header_t **list_p, usm_bcall_t *call, int max, apr_pool_t *pool)
{
    ox_answer_t answer;
    ox_json_t *body;
    const char *path = ask_body(&body, pool);
    *list_p = apr_array_make(pool, USM_RECIPIENTS_MAX, sizeof(recipient_t));
    usm_error_t *err = ox_put(&answer, call, path, body, pool);
    if (err && (usm_error_class(err) == USM_CLASS_PERM || usm_error_class(err) == USM_CLASS_INVALID)) {
        usm_error_clear(err);
        return NULL;
    }
    USM_ERR(err);
    if (!ox_json_is_array(answer.data)) /* no answer is not "all gone" */
        return USM_ERROR(pool, USM_EBACKEND, "search of contacts without data");
    for (int i = 0; i < ox_json_count(answer.data) && i < USM_RECIPIENTS_MAX; i++)
        take_contact(*list_p, ox_json_at(answer.data, i), pool);
    choose(*list_p, max);
    return NULL;
}

/* ---- the cursor: "1 max digest" ---- */

static int cursor_max(const char *cursor)
{
    int max = cursor && strncmp(cursor, "1 ", 2) == 0 ? atoi(cursor + 2) : 0;
    return max > 0 && max < USM_RECIPIENTS_MAX ? max : USM_RECIPIENTS_MAX;
}

static const char *cursor_of(const apr_array_header_t *list, int max, apr_pool_t *pool)
{
    apr_uint64_t h = APR_UINT64_C(14695981039346656037);
    for (int i = 0; i < list->nelts; i++)
        h = (hash_text(APR_ARRAY_IDX(list, i, recipient_t).id, h) ^ APR_ARRAY_IDX(list, i, recipient_t).rev) *
            APR_UINT64_C(1099511628211);
    return apr_psprintf(pool, "1 %d %" APR_UINT64_T_HEX_FMT, max, h);
}

/* ---- the module ---- */

static usm_error_t *recipient_changed(int *changed_p, usm_bcall_t *call, const usm_bref_t *folder, const char *cursor,
                                      apr_pool_t *scratch_pool)
{
    apr_array_header_t *list;
    const char *what = apr_pstrcat(scratch_pool, "recipients ", cursor, NULL);
    int max = cursor_max(cursor);
    *changed_p = 0;
    if (ox_now() - ox_login_noted(call->login, what) < LOOK_EVERY_MS)
        return NULL;
    USM_ERR(fetch_list(&list, call, max, scratch_pool));
    *changed_p = !cursor || strcmp(cursor, cursor_of(list, max, scratch_pool)) != 0;
    if (!*changed_p)
        ox_login_note(call->login, what, ox_now());
    return NULL;
}

static usm_error_t *recipient_changes(const char **cursor_p, usm_bcall_t *call, const usm_bref_t *folder,
                                      const usm_brange_t *range, const char *cursor, int force_full,
                                      const usm_bsink_t *sink, apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    apr_array_header_t *list;
    int max = range->max_items < 0 ? cursor_max(cursor) : range->max_items;
    max = max == 0 || max > USM_RECIPIENTS_MAX ? USM_RECIPIENTS_MAX : max;
    USM_ERR(fetch_list(&list, call, max, scratch_pool));
    *cursor_p = cursor_of(list, max, result_pool);
    ox_login_note(call->login, apr_pstrcat(scratch_pool, "recipients ", *cursor_p, NULL), ox_now());
    if (cursor && !force_full && strcmp(cursor, *cursor_p) == 0)
        return NULL;
    USM_ERR(sink->begin_full(sink->baton));
    for (int i = 0; i < list->nelts; i++) {
        const recipient_t *r = &APR_ARRAY_IDX(list, i, recipient_t);
        USM_ERR(sink->upsert(sink->baton, r->id, r->rev, USM_TIME_NONE, r->rank));
    }
    return sink->end_full(sink->baton);
}

static usm_item_t *item_of(const recipient_t *r, const usm_fetch_t *fetch, apr_pool_t *pool)
{
    usm_item_t *item = usm_item_create(USM_RECIPIENT, pool);
    if (USM_FIELDSET_HAS(&fetch->fields, USM_RECIPIENT_EMAIL))
        usm_item_set_text(item, USM_RECIPIENT_EMAIL, apr_pstrdup(pool, r->address));
    if (USM_FIELDSET_HAS(&fetch->fields, USM_RECIPIENT_FILE_AS))
        usm_item_set_text(item, USM_RECIPIENT_FILE_AS, apr_pstrdup(pool, r->name));
    if (USM_FIELDSET_HAS(&fetch->fields, USM_RECIPIENT_ALIAS))
        usm_item_set_text(item, USM_RECIPIENT_ALIAS, apr_pstrdup(pool, r->alias));
    if (USM_FIELDSET_HAS(&fetch->fields, USM_RECIPIENT_RANK))
        usm_item_set_num(item, USM_RECIPIENT_RANK, r->rank);
    return item;
}

static usm_error_t *recipient_get(usm_bget_t *gets, int count, usm_bcall_t *call, const usm_bref_t *folder,
                                  const usm_fetch_t *fetch, apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    apr_array_header_t *list;
    apr_hash_t *found = apr_hash_make(scratch_pool);
    USM_ERR(fetch_list(&list, call, USM_RECIPIENTS_MAX, scratch_pool));
    for (int i = 0; i < list->nelts; i++)
        apr_hash_set(found, APR_ARRAY_IDX(list, i, recipient_t).id, APR_HASH_KEY_STRING,
                     &APR_ARRAY_IDX(list, i, recipient_t));
    for (int i = 0; i < count; i++) {
        const recipient_t *r = apr_hash_get(found, gets[i].id, APR_HASH_KEY_STRING);
        gets[i] = (usm_bget_t){.id = gets[i].id, .edge = USM_TIME_NONE, .rev = r ? r->rev : 0,
                               .item = r ? item_of(r, fetch, result_pool) : NULL};
    }
    return NULL;
}

/* ---- what core never asks for ---- */

static usm_error_t *read_only(apr_pool_t *pool)
{
    return USM_ERROR(pool, USM_EUNSUPPORTED, "recipient information can only be read");
}

static usm_error_t *no_add(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder, const usm_item_t *item,
                           const char *uid, apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    return read_only(result_pool);
}

static usm_error_t *no_uid(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder, const char *uid,
                           apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    return read_only(result_pool);
}

static usm_error_t *no_update(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder, const char *id,
                              const usm_item_t *item, const usm_fieldset_t *fields, apr_uint64_t rev,
                              apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    return read_only(result_pool);
}

static usm_error_t *no_remove(usm_bcall_t *call, const usm_bref_t *folder, const char *id, usm_delete_e how,
                              apr_uint64_t rev, apr_pool_t *scratch_pool)
{
    return read_only(scratch_pool);
}

const ox_module_t ox_recipient_module = {
    .changed = recipient_changed,
    .changes = recipient_changes,
    .get = recipient_get,
    .add = no_add,
    .find_uid = no_uid,
    .update = no_update,
    .remove = no_remove,
};
