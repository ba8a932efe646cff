/* SPDX-License-Identifier: Apache-2.0 */
#include "ox/ox.h"

#include <apr_hash.h>
#include <apr_strings.h>
#include <string.h>

#define ROUNDS_MAX 32    /* levels of the mail tree that are followed */
#define FOLDERS_MAX 5000 /* of one user */
#define MAIL_ROOT "default0"
#define PRIVATE_ROOT "1"
#define GLOBAL_ADDRESS_BOOK "6"

/* Columns asked for; the enum is the position in the row. */
enum { C_ID, C_PARENT, C_TITLE, C_MODULE, C_SUBFOLDERS, C_RIGHTS, C_STANDARD, C_SUBSCRIBED, C_SUBSCR_SUB, C_STDTYPE,
       C_FOR_SYNC, C_OWNER };
#define COLUMNS "1,20,300,301,304,305,308,314,315,316,321,3030"

static const struct {
    const char *module;
    usm_class_e cls;
} module_rows[] = {{"calendar", USM_EVENT}, {"contacts", USM_CONTACT}, {"tasks", USM_TASK}, {"mail", USM_EMAIL}};

#define PIM_MODULES 3 /* the first rows: allVisible knows them */

/* standard_folder_type, spec 2.3 */
static const struct {
    int type;
    usm_role_e role;
} role_rows[] = {{1, USM_ROLE_DEFAULT}, {2, USM_ROLE_DEFAULT}, {3, USM_ROLE_DEFAULT}, {7, USM_ROLE_INBOX},
                 {9, USM_ROLE_DRAFTS},  {10, USM_ROLE_SENT},   {11, USM_ROLE_SPAM},   {12, USM_ROLE_TRASH}};

/* State of one listing. */
typedef struct listing_t {
    usm_bcall_t *call;
    apr_pool_t *pool;
    apr_array_header_t *folders; /* usm_bfolder_t */
    apr_hash_t *seen;            /* id → index + 1 in folders */
    apr_hash_t *listed;          /* mail folders whose children were asked for */
} listing_t;

int ox_rights(apr_int64_t bits)
{
    int folder = (int)(bits & 0x7f), read = (int)(bits >> 7 & 0x7f), write = (int)(bits >> 14 & 0x7f);
    int del = (int)(bits >> 21 & 0x7f);
    return (read >= 1 ? USM_RIGHT_READ : 0) | (folder >= 2 ? USM_RIGHT_CREATE : 0) |
           (write >= 1 ? USM_RIGHT_WRITE : 0) | (del >= 1 ? USM_RIGHT_DELETE : 0) |
           (folder >= 4 ? USM_RIGHT_SUBFOLDER : 0) | (bits >> 28 & 1 ? USM_RIGHT_ADMIN : 0);
}

static usm_role_e role_of(apr_int64_t type)
{
    for (apr_size_t i = 0; i < sizeof role_rows / sizeof role_rows[0]; i++) {
        if (role_rows[i].type == type)
            return role_rows[i].role;
    }
    return USM_ROLE_USER;
}

static int class_of(const char *module)
{
    for (apr_size_t i = 0; module && i < sizeof module_rows / sizeof module_rows[0]; i++) {
        if (strcmp(module, module_rows[i].module) == 0)
            return (int)module_rows[i].cls;
    }
    return -1;
}

/* A folder its user has switched off: unsubscribed in the mail tree, or marked in the folder's settings. */
static int is_switched_off(const ox_json_t *row, usm_class_e cls)
{
    const ox_json_t *sync = ox_json_at(row, C_FOR_SYNC), *value = ox_json_get(sync, "value");
    if (ox_json_is_object(sync) && !ox_json_is_null(value) && !ox_json_true(value))
        return 1;
    const ox_json_t *subscribed = ox_json_at(row, C_SUBSCRIBED);
    return cls == USM_EMAIL && !ox_json_is_null(subscribed) && !ox_json_true(subscribed) &&
           !ox_json_true(ox_json_at(row, C_STANDARD)) && !ox_json_true(ox_json_at(row, C_SUBSCR_SUB)) &&
           ox_json_int(ox_json_at(row, C_STDTYPE), 0) == 0;
}

/* May this folder of somebody else, or of everybody, be shown? */
static int is_shown(usm_show_e show, const ox_json_t *row)
{
    const ox_json_t *value = ox_json_get(ox_json_at(row, C_FOR_SYNC), "value");
    return show == USM_SHOW_ALL || (show == USM_SHOW_CHOSEN && ox_json_true(value));
}

static usm_bfolder_t *take_row(listing_t *l, const ox_json_t *row)
{
    const char *id = ox_json_text(ox_json_at(row, C_ID), l->pool);
    const char *name = ox_json_text(ox_json_at(row, C_TITLE), l->pool);
    int cls = class_of(ox_json_str(ox_json_at(row, C_MODULE), NULL));
    if (!id || !*id || strlen(id) > 500 || cls < 0 || strcmp(id, GLOBAL_ADDRESS_BOOK) == 0 ||
        strcmp(id, MAIL_ROOT) == 0 || apr_hash_get(l->seen, id, APR_HASH_KEY_STRING) ||
        l->folders->nelts >= FOLDERS_MAX || is_switched_off(row, (usm_class_e)cls))
        return NULL;
    usm_bfolder_t f = {.id = id, .name = name && *name ? name : id, .cls = (usm_class_e)cls};
    f.parent = ox_json_text(ox_json_at(row, C_PARENT), l->pool);
    f.role = role_of(ox_json_int(ox_json_at(row, C_STDTYPE), 0));
    f.rights = ox_rights(ox_json_int(ox_json_at(row, C_RIGHTS), 0));
    f.has_children = ox_json_true(ox_json_at(row, C_SUBFOLDERS));
    if (cls != USM_EMAIL && !(f.rights & USM_RIGHT_READ))
        return NULL;
    usm_bfolder_t *taken = apr_array_push(l->folders);
    *taken = f;
    apr_hash_set(l->seen, id, APR_HASH_KEY_STRING, id);
    return taken;
}

/* The user's own folders. A server before 7.x names no types: there the mark of a default folder says enough. */
static void take_private(listing_t *l, const ox_json_t *rows)
{
    for (int i = 0; i < ox_json_count(rows); i++) {
        const ox_json_t *row = ox_json_at(rows, i);
        usm_bfolder_t *f = take_row(l, row);
        if (f && ox_json_is_null(ox_json_at(row, C_STDTYPE)) && ox_json_true(ox_json_at(row, C_STANDARD)))
            f->role = USM_ROLE_DEFAULT;
    }
}

/* Another user's default folder is none of this user's; its owner's name tells two calendars of one name apart. */
static void take_foreign(listing_t *l, const ox_json_t *rows, usm_show_e show, int with_owner)
{
    for (int i = 0; i < ox_json_count(rows); i++) {
        const ox_json_t *row = ox_json_at(rows, i);
        usm_bfolder_t *f = is_shown(show, row) ? take_row(l, row) : NULL;
        if (!f)
            continue;
        const char *owner = with_owner ? ox_json_text(ox_json_at(row, C_OWNER), l->pool) : NULL;
        f->role = USM_ROLE_USER;
        if (owner && *owner)
            f->name = apr_psprintf(l->pool, "%s (%s)", f->name, owner);
    }
}

static void take_visible(listing_t *l, const ox_json_t *data)
{
    const ox_backend_t *be = (const ox_backend_t *)l->call->backend;
    take_private(l, ox_json_get(data, "private"));
    take_foreign(l, ox_json_get(data, "public"), be->show_public, 0);
    take_foreign(l, ox_json_get(data, "shared"), be->show_shared, 1);
}

/* A class has one default folder on a device, whatever a server says. */
static void fix_roles(listing_t *l)
{
    int seen[USM_CLASS_COUNT][USM_ROLE_COUNT] = {{0}};
    for (int i = 0; i < l->folders->nelts; i++) {
        usm_bfolder_t *f = &APR_ARRAY_IDX(l->folders, i, usm_bfolder_t);
        if (f->role != USM_ROLE_USER && seen[f->cls][f->role]++)
            f->role = USM_ROLE_USER;
    }
}

static ox_json_t *list_request(listing_t *l, const char *parent)
{
    apr_hash_set(l->listed, apr_pstrdup(l->pool, parent), APR_HASH_KEY_STRING, "");
    return ox_request(l->pool, "folders", "list", "parent", parent, "columns", COLUMNS, "all", "1", "timezone", "UTC",
                      NULL);
}

/* First round: everything that is known beforehand. */
static ox_json_t *first_requests(listing_t *l, const apr_array_header_t *known)
{
    ox_json_t *requests = ox_json_array(l->pool);
    for (int i = 0; i < PIM_MODULES; i++)
        ox_json_add(requests, ox_request(l->pool, "folders", "allVisible", "content_type", module_rows[i].module,
                                         "columns", COLUMNS, "timezone", "UTC", NULL));
    ox_json_add(requests, list_request(l, MAIL_ROOT));
    for (int i = 0; known && i < known->nelts; i++) {
        const usm_bfolder_t *f = &APR_ARRAY_IDX(known, i, usm_bfolder_t);
        if (f->cls == USM_EMAIL && f->has_children && !apr_hash_get(l->listed, f->id, APR_HASH_KEY_STRING))
            ox_json_add(requests, list_request(l, f->id));
    }
    return requests;
}

static ox_json_t *further_requests(listing_t *l)
{
    ox_json_t *requests = ox_json_array(l->pool);
    for (int i = 0; i < l->folders->nelts; i++) {
        const usm_bfolder_t *f = &APR_ARRAY_IDX(l->folders, i, usm_bfolder_t);
        if (f->cls == USM_EMAIL && f->has_children && !apr_hash_get(l->listed, f->id, APR_HASH_KEY_STRING))
            ox_json_add(requests, list_request(l, f->id));
    }
    return requests;
}

/* An answer that failed must not look like an empty one, or every folder of a module would vanish from devices. Only a
 * module the user may not use, or a parent that has gone since, has no folders. */
static usm_error_t *take_answer(listing_t *l, const ox_json_t *answer, int is_visible, int is_root)
{
    usm_error_t *err = ox_error_of(answer, l->pool);
    if (err) {
        usm_errclass_e cls = usm_error_class(err);
        if (cls == USM_CLASS_PERM || (cls == USM_CLASS_NOTFOUND && !is_visible && !is_root)) {
            usm_error_clear(err);
            return NULL;
        }
        return err;
    }
    const ox_json_t *data = ox_json_get(answer, "data");
    if (is_visible ? !ox_json_is_object(data) : !ox_json_is_array(data))
        return USM_ERROR(l->pool, USM_EBACKEND, "listing of folders without data");
    if (is_visible) {
        take_visible(l, data);
        return NULL;
    }
    for (int i = 0; i < ox_json_count(data); i++)
        take_row(l, ox_json_at(data, i));
    return NULL;
}

/* Roots of OX are no folders of a device, and what hangs below a folder we leave out moves up. */
static void fix_parents(listing_t *l)
{
    for (int i = 0; i < l->folders->nelts; i++) {
        usm_bfolder_t *f = &APR_ARRAY_IDX(l->folders, i, usm_bfolder_t);
        if (f->parent && (!apr_hash_get(l->seen, f->parent, APR_HASH_KEY_STRING) || strcmp(f->parent, f->id) == 0))
            f->parent = NULL;
    }
}

static apr_hash_t *by_id(const apr_array_header_t *known, apr_pool_t *pool)
{
    apr_hash_t *hash = apr_hash_make(pool);
    for (int i = 0; known && i < known->nelts; i++) {
        const usm_bfolder_t *f = &APR_ARRAY_IDX(known, i, usm_bfolder_t);
        apr_hash_set(hash, f->id, APR_HASH_KEY_STRING, f);
    }
    return hash;
}

/* UIDVALIDITY of mail folders seen for the first time, all in one call: by it a folder is known again after a rename,
 * which changes its id. */
static usm_error_t *fetch_tokens(listing_t *l, const apr_array_header_t *known)
{
    ox_json_t *requests = ox_json_array(l->pool), *answers;
    apr_array_header_t *asked = apr_array_make(l->pool, 8, sizeof(usm_bfolder_t *));
    apr_hash_t *old = by_id(known, l->pool);
    for (int i = 0; i < l->folders->nelts; i++) {
        usm_bfolder_t *f = &APR_ARRAY_IDX(l->folders, i, usm_bfolder_t);
        const usm_bfolder_t *before = f->cls == USM_EMAIL ? apr_hash_get(old, f->id, APR_HASH_KEY_STRING) : f;
        if (before) {
            f->token = before->token;
            continue;
        }
        ox_json_add(requests, ox_request(l->pool, "mail", "examine", "folder", f->id, NULL));
        APR_ARRAY_PUSH(asked, usm_bfolder_t *) = f;
    }
    if (!asked->nelts)
        return NULL;
    USM_ERR(ox_multiple(&answers, l->call, requests, l->pool));
    for (int i = 0; i < asked->nelts; i++) {
        /* A mail system without this call has no tokens: a rename is then a new folder. */
        const char *validity = ox_json_get_text(ox_json_get(ox_json_at(answers, i), "data"), "validity", l->pool);
        if (validity && strlen(validity) <= 64)
            APR_ARRAY_IDX(asked, i, usm_bfolder_t *)->token = validity;
    }
    return NULL;
}

/* Notes are mails of a folder that may not be there yet: it is made for the first of them. */
static void add_notes(listing_t *l)
{
    const ox_backend_t *be = (const ox_backend_t *)l->call->backend;
    int has_mail = 0;
    for (int i = 0; i < l->folders->nelts; i++)
        has_mail |= APR_ARRAY_IDX(l->folders, i, usm_bfolder_t).role == USM_ROLE_INBOX;
    if (has_mail && *be->notes_folder)
        APR_ARRAY_PUSH(l->folders, usm_bfolder_t) =
            (usm_bfolder_t){.id = OX_NOTES_ID, .name = be->notes_folder, .cls = USM_NOTE, .role = USM_ROLE_DEFAULT,
                            .rights = USM_RIGHT_READ | USM_RIGHT_CREATE | USM_RIGHT_WRITE | USM_RIGHT_DELETE};
}

usm_error_t *ox_folders(const apr_array_header_t **folders_p, usm_bcall_t *call, const apr_array_header_t *known,
                        apr_pool_t *pool)
{
    listing_t l = {.call = call, .pool = pool, .folders = apr_array_make(pool, 32, sizeof(usm_bfolder_t)),
                   .seen = apr_hash_make(pool), .listed = apr_hash_make(pool)};
    ox_json_t *requests = first_requests(&l, known);
    for (int round = 0; round < ROUNDS_MAX && ox_json_count(requests) > 0; round++) {
        ox_json_t *answers;
        USM_ERR(ox_multiple(&answers, call, requests, pool));
        for (int i = 0; i < ox_json_count(answers); i++)
            USM_ERR(take_answer(&l, ox_json_at(answers, i), round == 0 && i < PIM_MODULES,
                                round == 0 && i == PIM_MODULES));
        requests = further_requests(&l);
    }
    fix_parents(&l);
    fix_roles(&l);
    USM_ERR(fetch_tokens(&l, known));
    add_notes(&l);
    *folders_p = l.folders;
    return NULL;
}

usm_error_t *ox_folder_token(const char **token_p, usm_bcall_t *call, const usm_bref_t *folder, apr_pool_t *pool)
{
    ox_answer_t answer;
    *token_p = NULL;
    if (folder->cls != USM_EMAIL)
        return NULL;
    usm_error_t *err = ox_get(&answer, call, ox_path(pool, "mail", "action", "examine", "folder", folder->id, NULL),
                              pool);
    if (usm_error_is(err, USM_EUNSUPPORTED)) {
        usm_error_clear(err);
        return NULL;
    }
    USM_ERR(err);
    const char *validity = ox_json_get_text(answer.data, "validity", pool);
    if (validity && strlen(validity) <= 64)
        *token_p = validity;
    return NULL;
}

/* ---- changes by devices ---- */

/* Last writer wins on folders: a device's user does not see timestamps. */
static const char *far_timestamp(apr_pool_t *pool)
{
    return apr_psprintf(pool, "%" APR_INT64_T_FMT, ox_now() + USM_DAY_MS);
}

static const char *module_name(usm_class_e cls)
{
    for (apr_size_t i = 0; i < sizeof module_rows / sizeof module_rows[0]; i++) {
        if (module_rows[i].cls == cls)
            return module_rows[i].module;
    }
    return NULL;
}

static const char *root_of(usm_class_e cls)
{
    return cls == USM_EMAIL ? MAIL_ROOT : PRIVATE_ROOT;
}

static usm_error_t *create_below(const char **id_p, usm_bcall_t *call, const char *parent, const char *module,
                                 const char *name, apr_pool_t *pool)
{
    ox_answer_t answer;
    ox_json_t *body = ox_json_object(pool), *folder = ox_json_object(pool);
    ox_json_set_text(folder, "title", name);
    ox_json_set_text(folder, "module", module);
    ox_json_set_int(folder, "subscribed", 1);
    ox_json_set(body, "folder", folder);
    USM_ERR(ox_put(&answer, call, ox_path(pool, "folders", "action", "new", "folder_id", parent, "tree", "0", NULL),
                   body, pool));
    *id_p = ox_json_text(answer.data, pool);
    return *id_p ? NULL : USM_ERROR(pool, USM_EBACKEND, "new folder without id");
}

usm_error_t *ox_folder_create(const char **id_p, usm_bcall_t *call, const char *parent_id, usm_class_e cls,
                              const char *name, apr_pool_t *pool)
{
    const char *module = module_name(cls);
    if (!module)
        return USM_ERROR(pool, USM_EUNSUPPORTED, "OX has no folders of class %d", (int)cls);
    usm_error_t *err = create_below(id_p, call, parent_id ? parent_id : root_of(cls), module, name, pool);
    if (err && !parent_id && cls == USM_EMAIL && usm_error_class(err) == USM_CLASS_PERM) {
        /* Mail servers that keep everything below the inbox. */
        usm_error_clear(err);
        err = create_below(id_p, call, MAIL_ROOT "/INBOX", module, name, pool);
    }
    return err;
}

usm_error_t *ox_folder_update(const char **id_p, usm_bcall_t *call, const usm_bref_t *folder, const char *parent_id,
                              const char *name, apr_pool_t *pool)
{
    ox_answer_t answer;
    ox_json_t *body = ox_json_object(pool), *fields = ox_json_object(pool);
    if (name)
        ox_json_set_text(fields, "title", name);
    if (parent_id)
        ox_json_set_text(fields, "folder_id", *parent_id ? parent_id : root_of(folder->cls)); /* "" = the root */
    ox_json_set(body, "folder", fields);
    USM_ERR(ox_put(&answer, call,
                   ox_path(pool, "folders", "action", "update", "id", folder->id, "timestamp", far_timestamp(pool),
                           "tree", "0", NULL),
                   body, pool));
    const char *id = ox_json_text(answer.data, pool);
    *id_p = id && *id ? id : apr_pstrdup(pool, folder->id);
    return NULL;
}

usm_error_t *ox_folder_delete(usm_bcall_t *call, const usm_bref_t *folder, apr_pool_t *scratch_pool)
{
    ox_answer_t answer;
    ox_json_t *ids = ox_json_array(scratch_pool);
    ox_json_add_text(ids, folder->id);
    USM_ERR(ox_put(&answer, call,
                   ox_path(scratch_pool, "folders", "action", "delete", "timestamp", far_timestamp(scratch_pool),
                           "tree", "0", "failOnError", "true", NULL),
                   ids, scratch_pool));
    if (ox_json_count(answer.data) > 0)
        return USM_ERROR(scratch_pool, USM_EFORBIDDEN, "OX did not delete folder %.100s", folder->id);
    return NULL;
}

usm_error_t *ox_folder_clear(usm_bcall_t *call, const usm_bref_t *folder, apr_pool_t *scratch_pool)
{
    ox_answer_t answer;
    ox_json_t *ids = ox_json_array(scratch_pool);
    if (folder->cls == USM_NOTE)
        return ox_note_clear(call, scratch_pool);
    ox_json_add_text(ids, folder->id);
    USM_ERR(ox_put(&answer, call,
                   ox_path(scratch_pool, folder->cls == USM_EMAIL ? "mail" : "folders", "action", "clear", NULL), ids,
                   scratch_pool));
    if (ox_json_count(answer.data) > 0)
        return USM_ERROR(scratch_pool, USM_EFORBIDDEN, "OX did not empty folder %.100s", folder->id);
    return NULL;
}
