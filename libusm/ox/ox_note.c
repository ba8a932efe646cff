/* SPDX-License-Identifier: Apache-2.0 */
/* Notes: mails of one folder in the form of Apple's Notes, which the web mail shows as well. A note is known by its
 * UUID; changed, it is a new mail with the same UUID, whoever has changed it, and the newest mail of a UUID is what the
 * note is. Other mails in the folder are none of ours. */
#include "ox/ox_mail.h"
#include "util/mime.h"

#include <apr_hash.h>
#include <apr_strings.h>
#include <string.h>

#define NOTES_MAX 20000 /* of a user; the newest ones */
#define UUID_MAX 100
#define SOURCE_MAX ((apr_size_t)64 * 1024 * 1024)
#define NO_FOLDER "n0" /* the cursor as long as there is none */

/* A mail that is a note. Those of one UUID are linked, the newest first. */
typedef struct note_t {
    const char *id;   /* UUID */
    const char *mail; /* id of the mail */
    apr_uint64_t rev;
    apr_int64_t received;
    struct note_t *older;
} note_t;

typedef struct notes_t {
    usm_bcall_t *call;
    const char *folder;       /* NULL: there is none yet */
    ox_mailstate_t state;
    apr_hash_t *by_id;        /* UUID → note_t */
    apr_array_header_t *list; /* note_t *, one of each UUID */
    apr_pool_t *pool;
} notes_t;

/* ---- the folder ---- */

static const char *name_of(const usm_bcall_t *call)
{
    return ((const ox_backend_t *)call->backend)->notes_folder;
}

/* Where it is and in which state: below the root, or on servers that keep everything below the inbox, there. */
static usm_error_t *find_folder(notes_t *n)
{
    static const char *const roots[] = {"default0/", "default0/INBOX/"};
    n->folder = NULL;
    for (int i = 0; i < 2 && !n->folder; i++) {
        const char *id = apr_pstrcat(n->pool, roots[i], name_of(n->call), NULL);
        usm_error_t *err = ox_mailstate_read(&n->state, NULL, n->call, id, n->pool);
        if (err && usm_error_class(err) != USM_CLASS_NOTFOUND)
            return err;
        if (!err)
            n->folder = id;
        usm_error_clear(err);
    }
    return NULL;
}

static usm_error_t *make_folder(notes_t *n)
{
    usm_error_t *err = ox_folder_create(&n->folder, n->call, NULL, USM_EMAIL, name_of(n->call), n->pool);
    if (err && usm_error_class(err) == USM_CLASS_EXISTS) { /* another device was faster */
        usm_error_clear(err);
        err = find_folder(n);
    }
    USM_ERR(err);
    return n->folder ? NULL : USM_ERROR(n->pool, USM_EBACKEND, "the folder for notes cannot be made");
}

/* ---- the notes in it ---- */

static apr_uint64_t rev_of(const char *mail, apr_int64_t received)
{
    apr_uint64_t h = APR_UINT64_C(0xcbf29ce484222325) ^ (apr_uint64_t)received;
    for (; *mail; mail++)
        h = (h ^ (unsigned char)*mail) * APR_UINT64_C(0x100000001b3);
    return h | 1;
}

/* A mail without a usable UUID is known by its own id, which becomes its UUID when it is changed. */
static const char *id_of(const char *uuid, const char *mail, apr_pool_t *pool)
{
    apr_size_t len;
    while (uuid && *uuid == ' ')
        uuid++;
    len = uuid ? strcspn(uuid, " \t\r\n") : 0;
    for (apr_size_t i = 0; i < len; i++) {
        if (uuid[i] <= ' ' || uuid[i] >= 0x7f)
            len = 0;
    }
    return len && len <= UUID_MAX ? apr_pstrmemdup(pool, uuid, len) : apr_pstrcat(pool, "m", mail, NULL);
}

static int is_newer(const note_t *a, const note_t *b)
{
    apr_int64_t x = apr_atoi64(a->mail), y = apr_atoi64(b->mail); /* ids grow */
    return x != y ? x > y : a->received > b->received;
}

/* Columns: id, flags, received, type, UUID. */
static usm_error_t *on_row(void *baton, const ox_json_t *row)
{
    notes_t *n = baton;
    const char *type = ox_json_str(ox_json_at(row, 3), NULL);
    if (!type || strcasecmp(type, USM__NOTE_TYPE_VALUE) != 0 || n->list->nelts >= NOTES_MAX ||
        ox_json_int(ox_json_at(row, 1), 0) & OX_DELETED)
        return NULL;
    note_t *note = apr_pcalloc(n->pool, sizeof *note);
    note->mail = ox_json_text(ox_json_at(row, 0), n->pool);
    if (!note->mail || !*note->mail || strlen(note->mail) > UUID_MAX)
        return NULL;
    note->received = ox_json_int(ox_json_at(row, 2), 0);
    note->id = id_of(ox_json_text(ox_json_at(row, 4), n->pool), note->mail, n->pool);
    note->rev = rev_of(note->mail, note->received);
    note_t *first = apr_hash_get(n->by_id, note->id, APR_HASH_KEY_STRING), **link = &first;
    if (!first)
        APR_ARRAY_PUSH(n->list, const char *) = note->id;
    while (*link && !is_newer(note, *link))
        link = &(*link)->older;
    note->older = *link;
    *link = note;
    apr_hash_set(n->by_id, first->id, APR_HASH_KEY_STRING, first);
    return NULL;
}

static usm_error_t *list_notes(notes_t *n)
{
    ox_answer_t answer;
    n->by_id = apr_hash_make(n->pool);
    n->list = apr_array_make(n->pool, 32, sizeof(const char *));
    if (!n->folder)
        return NULL;
    return ox_get_rows(&answer, n->call,
                       ox_path(n->pool, "mail", "action", "all", "folder", n->folder, "columns", "600,611,610",
                               "headers", USM__NOTE_TYPE "," USM__NOTE_UUID, "sort", "610", "order", "desc",
                               "timezone", "UTC", NULL),
                       on_row, n, n->pool);
}

static usm_error_t *load(notes_t *n, usm_bcall_t *call, apr_pool_t *pool)
{
    *n = (notes_t){.call = call, .pool = pool};
    USM_ERR(find_folder(n));
    return list_notes(n);
}

static const note_t *note_of(const notes_t *n, const char *id)
{
    return apr_hash_get(n->by_id, id, APR_HASH_KEY_STRING);
}

/* ---- what changed ---- */

static int is_as_it_was(const notes_t *n, const char *cursor)
{
    ox_mailstate_t last;
    if (!n->folder || !cursor)
        return cursor && strcmp(cursor, NO_FOLDER) == 0;
    return ox_mailstate_parse(&last, cursor, n->pool) && ox_mailstate_same(&n->state, &last, n->pool);
}

static usm_error_t *note_changed(int *changed_p, usm_bcall_t *call, const usm_bref_t *folder, const char *cursor,
                                 apr_pool_t *scratch_pool)
{
    notes_t n = {.call = call, .pool = scratch_pool};
    USM_ERR(find_folder(&n));
    *changed_p = !is_as_it_was(&n, cursor);
    return NULL;
}

static usm_error_t *note_changes(const char **cursor_p, usm_bcall_t *call, const usm_bref_t *folder,
                                 const usm_brange_t *range, const char *cursor, int force_full,
                                 const usm_bsink_t *sink, apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    notes_t n = {.call = call, .pool = scratch_pool};
    USM_ERR(find_folder(&n));
    *cursor_p = n.folder ? ox_mailstate_text(&n.state, result_pool) : NO_FOLDER;
    if (!force_full && is_as_it_was(&n, cursor))
        return NULL;
    USM_ERR(list_notes(&n));
    USM_ERR(sink->begin_full(sink->baton));
    for (int i = 0; i < n.list->nelts; i++) {
        const note_t *note = note_of(&n, APR_ARRAY_IDX(n.list, i, const char *));
        USM_ERR(sink->upsert(sink->baton, note->id, note->rev, USM_TIME_NONE, note->received));
    }
    return sink->end_full(sink->baton);
}

/* ---- reading ---- */

/* The form it is kept in is the whole of it: the other one is made for who wants it. */
static const usm_body_t *body_of(const usm_item_t *mail, apr_pool_t *pool)
{
    usm_body_t *body = apr_pmemdup(pool, mail->v[USM_EMAIL_BODY].u.body, sizeof *body);
    body->native = body->html.data && (body->native == USM_BODY_HTML || !body->text.data) ? USM_BODY_HTML
                                                                                          : USM_BODY_TEXT;
    usm_bodyform_t *other = body->native == USM_BODY_HTML ? &body->text : &body->html;
    memset(other, 0, sizeof *other);
    return body->text.len || body->html.len ? body : NULL;
}

static usm_item_t *item_of(const usm_item_t *mail, apr_pool_t *pool)
{
    usm_item_t *item = usm_item_create(USM_NOTE, pool);
    const char *keywords = usm_item_text(mail, USM_EMAIL_KEYWORDS);
    usm_item_set_text(item, USM_NOTE_SUBJECT, usm_item_text(mail, USM_EMAIL_SUBJECT));
    usm_item_set_ptr(item, USM_NOTE_CATEGORIES, keywords ? usm__mime_keywords(keywords, pool) : NULL);
    usm_item_set_num(item, USM_NOTE_MODIFIED,
                     usm_item_num(mail, USM_EMAIL_SENT, usm_item_num(mail, USM_EMAIL_RECEIVED, 0)));
    usm_item_set_ptr(item, USM_NOTE_BODY,
                     usm_item_isset(mail, USM_EMAIL_BODY) ? body_of(mail, pool) : NULL);
    return item;
}

static usm_error_t *note_get(usm_bget_t *gets, int count, usm_bcall_t *call, const usm_bref_t *folder,
                             const usm_fetch_t *fetch, apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    usm_fetch_t whole = {.body_forms = USM_BODY_TEXT | USM_BODY_HTML, .text_max = APR_UINT64_MAX,
                         .html_max = APR_UINT64_MAX};
    static const int fields[] = {USM_EMAIL_SUBJECT, USM_EMAIL_SENT, USM_EMAIL_RECEIVED, USM_EMAIL_KEYWORDS,
                                 USM_EMAIL_BODY};
    usm_bget_t *mails = apr_pcalloc(scratch_pool, sizeof *mails * (apr_size_t)count);
    int *at = apr_pcalloc(scratch_pool, sizeof *at * (apr_size_t)count), wanted = 0;
    notes_t n;
    for (apr_size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        USM_FIELDSET_ADD(&whole.fields, fields[i]);
    USM_ERR(load(&n, call, scratch_pool));
    for (int i = 0; i < count; i++) {
        const note_t *note = note_of(&n, gets[i].id);
        gets[i] = (usm_bget_t){.id = gets[i].id, .edge = USM_TIME_NONE, .rev = note ? note->rev : 0};
        if (note) {
            at[wanted] = i;
            mails[wanted++].id = note->mail;
        }
    }
    if (!wanted)
        return NULL;
    const usm_bref_t place = {.id = n.folder, .cls = USM_EMAIL};
    USM_ERR(ox_mail_get(mails, wanted, call, &place, &whole, result_pool, scratch_pool));
    for (int i = 0; i < wanted; i++) {
        usm_bget_t *get = &gets[at[i]];
        get->error = mails[i].error;
        get->later = mails[i].later;
        get->item = mails[i].item ? item_of(mails[i].item, result_pool) : NULL;
    }
    return NULL;
}

/* ---- writing ---- */

/* What the item says of the fields. */
static void take_fields(usm__note_t *note, const usm_item_t *item, const usm_fieldset_t *fields)
{
    static const usm_list_t none = {.count = 0};
    if (USM_FIELDSET_HAS(fields, USM_NOTE_SUBJECT))
        note->subject = usm_item_isset(item, USM_NOTE_SUBJECT) ? usm_item_text(item, USM_NOTE_SUBJECT) : "";
    if (USM_FIELDSET_HAS(fields, USM_NOTE_CATEGORIES))
        note->keywords =
            usm_item_isset(item, USM_NOTE_CATEGORIES) ? item->v[USM_NOTE_CATEGORIES].u.list : &none;
    if (USM_FIELDSET_HAS(fields, USM_NOTE_BODY)) {
        const usm_body_t *body = usm_item_isset(item, USM_NOTE_BODY) ? item->v[USM_NOTE_BODY].u.body : NULL;
        const usm_bodyform_t *form = body && body->html.data ? &body->html : body ? &body->text : NULL;
        note->body = body && body->html.data ? USM_BODY_HTML : USM_BODY_TEXT;
        note->data = form && form->data ? form->data : "";
        note->len = form && form->data ? form->len : 0;
    }
}

/* Make the mail and store it; *made_p is its row afterwards, with the others of its UUID. */
static usm_error_t *store(const note_t **made_p, const char **mail_p, notes_t *n, const usm__note_t *note,
                          const char *old, apr_size_t old_len)
{
    usm_userinfo_t info;
    const char *data;
    apr_size_t len;
    USM_ERR(ox_userinfo(&info, n->call, n->pool));
    const usm__sender_t sender = {.name = info.display_name, .address_count = info.address_count,
                                  .addresses = info.addresses};
    USM_ERR(usm__mime_note(&data, &len, old, old_len, note, &sender, n->pool));
    USM_ERR(ox_mail_import(mail_p, n->call, n->folder, OX_SEEN, data, len, n->pool));
    USM_ERR(list_notes(n));
    for (*made_p = note_of(n, note->uuid); *made_p; *made_p = (*made_p)->older) {
        if (strcmp((*made_p)->mail, *mail_p) == 0)
            return NULL;
    }
    return USM_ERROR(n->pool, USM_EBACKEND, "a note is not in its folder after it was written");
}

static usm_error_t *remove_mails(const notes_t *n, const note_t *first, const char *but, int hard)
{
    ox_answer_t answer;
    ox_json_t *list = ox_json_array(n->pool);
    for (; first; first = first->older) {
        if (but && strcmp(first->mail, but) == 0)
            continue;
        ox_json_t *one = ox_json_object(n->pool);
        ox_json_set_text(one, "folder", n->folder);
        ox_json_set_text(one, "id", first->mail);
        ox_json_add(list, one);
    }
    if (!ox_json_count(list))
        return NULL;
    return ox_put(&answer, n->call, ox_path(n->pool, "mail", "action", "delete", "harddelete", hard ? "true" : NULL,
                                            NULL), list, n->pool);
}

static usm_error_t *note_add(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder, const usm_item_t *item,
                             const char *uid, apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    notes_t n = {.call = call, .pool = scratch_pool};
    usm__note_t note = {.uuid = uid, .data = "", .body = USM_BODY_TEXT};
    usm_fieldset_t all;
    const note_t *made;
    const char *mail;
    memset(&all, 0xff, sizeof all);
    take_fields(&note, item, &all);
    USM_ERR(find_folder(&n));
    if (!n.folder)
        USM_ERR(make_folder(&n));
    USM_ERR(store(&made, &mail, &n, &note, NULL, 0));
    *result = (usm_bwrite_t){.id = apr_pstrdup(result_pool, uid), .rev = made->rev, .edge = USM_TIME_NONE};
    return NULL;
}

static usm_error_t *note_find_uid(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder, const char *uid,
                                  apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    notes_t n;
    USM_ERR(load(&n, call, scratch_pool));
    const note_t *note = note_of(&n, uid);
    if (note)
        *result = (usm_bwrite_t){.id = apr_pstrdup(result_pool, uid), .rev = note->rev, .edge = USM_TIME_NONE};
    return NULL;
}

/* Mail servers have no guard against two writers. Each of them looks once it has written: who finds that another one
 * was faster takes its own version back and merges anew. */
static usm_error_t *note_update(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder, const char *id,
                                const usm_item_t *item, const usm_fieldset_t *fields, apr_uint64_t rev,
                                apr_pool_t *result_pool, apr_pool_t *scratch_pool)
{
    notes_t n;
    ox_rsp_t rsp;
    usm__note_t note = {.uuid = id};
    const note_t *made;
    const char *mail;
    USM_ERR(load(&n, call, scratch_pool));
    const note_t *was = note_of(&n, id);
    if (!was)
        return USM_ERROR(scratch_pool, USM_ENOTFOUND, "note %.100s is gone", id);
    if (was->rev != rev)
        return USM_ERROR(scratch_pool, USM_ECONFLICT, "note %.100s was changed meanwhile", id);
    take_fields(&note, item, fields);
    USM_ERR(ox_get_bytes(&rsp, call,
                         ox_path(scratch_pool, "mail", "action", "get", "folder", n.folder, "id", was->mail, "src", "1",
                                 "save", "1", "unseen", "true", NULL),
                         SOURCE_MAX, scratch_pool));
    usm_error_t *err = store(&made, &mail, &n, &note, rsp.body, rsp.len);
    ox_http_free(&rsp, scratch_pool);
    USM_ERR(err);
    if (made->older && strcmp(made->older->mail, was->mail) != 0 && is_newer(made->older, was)) {
        const note_t own = {.mail = mail};
        USM_ERR(remove_mails(&n, &own, NULL, 1));
        return USM_ERROR(scratch_pool, USM_ECONFLICT, "note %.100s was changed meanwhile", id);
    }
    USM_ERR(remove_mails(&n, made->older, NULL, 1));
    *result = (usm_bwrite_t){.id = apr_pstrdup(result_pool, id), .rev = made->rev, .edge = USM_TIME_NONE};
    return NULL;
}

static usm_error_t *note_remove(usm_bcall_t *call, const usm_bref_t *folder, const char *id, usm_delete_e how,
                                apr_uint64_t rev, apr_pool_t *scratch_pool)
{
    notes_t n;
    USM_ERR(load(&n, call, scratch_pool));
    const note_t *note = note_of(&n, id);
    if (!note)
        return USM_ERROR(scratch_pool, USM_ENOTFOUND, "note %.100s is gone", id);
    if (rev && note->rev != rev)
        return USM_ERROR(scratch_pool, USM_ECONFLICT, "note %.100s was changed meanwhile", id);
    USM_ERR(remove_mails(&n, note->older, NULL, 1)); /* what a process that died has left behind */
    const note_t newest = {.mail = note->mail};
    return remove_mails(&n, &newest, NULL, how == USM_DELETE_HARD);
}

usm_error_t *ox_note_clear(usm_bcall_t *call, apr_pool_t *pool)
{
    notes_t n;
    USM_ERR(load(&n, call, pool));
    for (int i = 0; i < n.list->nelts; i++)
        USM_ERR(remove_mails(&n, note_of(&n, APR_ARRAY_IDX(n.list, i, const char *)), NULL, 0));
    return NULL;
}

const ox_module_t ox_note_module = {
    .changed = note_changed,
    .changes = note_changes,
    .get = note_get,
    .add = note_add,
    .find_uid = note_find_uid,
    .update = note_update,
    .remove = note_remove,
};
