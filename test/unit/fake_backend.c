/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_backend.h"

#include <apr_strings.h>
#include <apr_time.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

fake_t fake;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static int lock(void)
{
    return pthread_mutex_lock(&mutex);
}

static void unlock(const int *guard)
{
    pthread_mutex_unlock(&mutex);
}

/* Each function of the backend runs alone. */
#define GUARD __attribute__((cleanup(unlock), unused)) int guard = lock()

static const int text_fields[4] = {USM_CONTACT_FIRST_NAME, USM_CONTACT_LAST_NAME, USM_CONTACT_COMPANY,
                                   USM_CONTACT_JOB_TITLE};

struct usm_blogin_t {
    int refs, dropped;
    char user[40];
};

/* Of full items: they live as long as the process. */
static apr_pool_t *full_pool(void)
{
    static apr_pool_t *pool;
    if (!pool)
        apr_pool_create(&pool, NULL);
    return pool;
}

void fake_reset(void)
{
    memset(&fake, 0, sizeof fake);
    fake.clock = 1000;
    fake.unsearchable = "";
    fake_folder("32", "Contacts", NULL, USM_ROLE_DEFAULT, USM_CONTACT, NULL);
    fake_folder("33", "More", "32", USM_ROLE_USER, USM_CONTACT, NULL);
}

int fake_folder(const char *id, const char *name, const char *parent, usm_role_e role, usm_class_e cls,
                const char *token)
{
    int i = fake.folder_count++;
    snprintf(fake.folders[i].id, sizeof fake.folders[i].id, "%s", id);
    snprintf(fake.folders[i].name, sizeof fake.folders[i].name, "%s", name);
    snprintf(fake.folders[i].parent, sizeof fake.folders[i].parent, "%s", parent ? parent : "");
    snprintf(fake.folders[i].token, sizeof fake.folders[i].token, "%s", token ? token : "");
    fake.folders[i].role = role;
    fake.folders[i].cls = cls;
    fake.folders[i].alive = 1;
    return i;
}

fake_item_t *fake_add(const char *folder, const char *first, const char *last)
{
    fake_item_t *item = &fake.items[fake.count++];
    memset(item, 0, sizeof *item);
    snprintf(item->id, sizeof item->id, "%d", 100 + fake.count);
    snprintf(item->folder, sizeof item->folder, "%s", folder);
    snprintf(item->text[0], sizeof item->text[0], "%s", first);
    snprintf(item->text[1], sizeof item->text[1], "%s", last);
    item->alive = 1;
    item->edge = USM_TIME_NONE;
    item->rev = ++fake.clock;
    return item;
}

fake_item_t *fake_add_full(const char *folder, const usm_item_t *item)
{
    fake_item_t *made = fake_add(folder, "", "");
    made->full = usm_item_copy(item, full_pool());
    return made;
}

/* The old one stays behind as a deleted item. */
void fake_move(fake_item_t *item, const char *folder)
{
    fake_item_t *ghost = &fake.items[fake.count++];
    *ghost = *item;
    fake_remove(ghost);
    snprintf(item->folder, sizeof item->folder, "%s", folder);
    fake_touch(item);
}

void fake_touch(fake_item_t *item)
{
    item->rev = ++fake.clock;
}

void fake_remove(fake_item_t *item)
{
    item->alive = 0;
    item->rev = ++fake.clock;
}

fake_item_t *fake_find(const char *id)
{
    for (int alive = 1; alive >= 0; alive--) { /* a moved item has left a dead one of its id behind */
        for (int i = 0; i < fake.count; i++) {
            if (fake.items[i].alive == alive && strcmp(fake.items[i].id, id) == 0)
                return &fake.items[i];
        }
    }
    return NULL;
}

int fake_alive(const char *folder)
{
    int n = 0;
    for (int i = 0; i < fake.count; i++)
        n += fake.items[i].alive && strcmp(fake.items[i].folder, folder) == 0;
    return n;
}

static usm_error_t *reach(usm_bcall_t *call, apr_pool_t *pool)
{
    call->stats->backend_calls++;
    call->renewed |= fake.renew;
    fake.renew = 0;
    if (fake.on_call)
        fake.on_call();
    return fake.down ? USM_ERROR(pool, USM_EUNAVAILABLE, "down on command") : NULL;
}

static void be_slow(void)
{
    int slow = fake.slow_write_ms;
    if (!slow)
        return;
    unlock(NULL);
    apr_sleep(slow * 1000);
    lock();
}

/* The write is done; should its answer get lost? */
static usm_error_t *written(apr_pool_t *pool)
{
    be_slow();
    if (fake.die_after > 0 && --fake.die_after == 0)
        return USM_ERROR(pool, USM_EUNAVAILABLE, "the answer was lost on command");
    return NULL;
}

static usm_error_t *f_create(usm_backend_t **b, const usm_config_t *config, const usm_log_t *log, apr_pool_t *pool)
{
    fake.base.vt = fake_backend();
    *b = &fake.base;
    return NULL;
}

static usm_error_t *f_login(usm_blogin_t **login_p, usm_backend_t *b, const char *name, const char *password,
                            const usm_log_t *log, usm_stats_t *stats, apr_pool_t *pool)
{
    GUARD;
    fake.logins++;
    if (fake.down)
        return USM_ERROR(pool, USM_EUNAVAILABLE, "down on command");
    if (strcmp(password, fake.bad_password) == 0 && *password)
        return USM_ERROR(pool, USM_EAUTH, "wrong on command");
    usm_blogin_t *login = calloc(1, sizeof *login);
    login->refs = 1;
    snprintf(login->user, sizeof login->user, "1/%s", name);
    *login_p = login;
    return NULL;
}

static const char *f_freeze(usm_blogin_t *login, apr_pool_t *pool)
{
    return apr_pstrdup(pool, login->user);
}

static usm_error_t *f_resume(usm_blogin_t **login_p, usm_backend_t *b, const char *frozen, apr_pool_t *pool)
{
    GUARD;
    if (strncmp(frozen, "1/", 2) != 0)
        return USM_ERROR(pool, USM_EINVALID, "of another version");
    usm_blogin_t *login = calloc(1, sizeof *login);
    login->refs = 1;
    snprintf(login->user, sizeof login->user, "%s", frozen);
    *login_p = login;
    return NULL;
}

static void f_retain(usm_blogin_t *login)
{
    GUARD;
    login->refs++;
}

static void f_release(usm_blogin_t *login)
{
    GUARD;
    if (--login->refs == 0)
        free(login);
}

static void f_drop(usm_blogin_t *login)
{
    GUARD;
    login->dropped = 1;
}

static const char *f_user(const usm_blogin_t *login)
{
    return login->user;
}

static usm_error_t *f_userinfo(usm_userinfo_t *info, usm_bcall_t *call, apr_pool_t *pool)
{
    GUARD;
    static const char *addresses[] = {"anton@example.org", "a.meier@example.org"};
    USM_ERR(reach(call, pool));
    info->display_name = "Anton Meier";
    info->primary_address = addresses[0];
    info->timezone = "Europe/Berlin";
    info->address_count = 2;
    info->addresses = addresses;
    return NULL;
}

static usm_error_t *f_folders(const apr_array_header_t **out, usm_bcall_t *call, const apr_array_header_t *known,
                              apr_pool_t *pool)
{
    GUARD;
    apr_array_header_t *list = apr_array_make(pool, 8, sizeof(usm_bfolder_t));
    USM_ERR(reach(call, pool));
    for (int i = fake.folder_count - 1; i >= 0; i--) { /* children first, to be unkind */
        if (!fake.folders[i].alive)
            continue;
        APR_ARRAY_PUSH(list, usm_bfolder_t) =
            (usm_bfolder_t){.id = fake.folders[i].id,
                            .name = fake.folders[i].name,
                            .cls = fake.folders[i].cls,
                            .role = fake.folders[i].role,
                            .parent = *fake.folders[i].parent ? fake.folders[i].parent : NULL,
                            .rights = USM_RIGHT_ALL};
    }
    *out = list;
    return NULL;
}

static int folder_at(const char *id)
{
    for (int i = 0; i < fake.folder_count; i++) {
        if (fake.folders[i].alive && strcmp(fake.folders[i].id, id) == 0)
            return i;
    }
    return -1;
}

static usm_error_t *f_token(const char **token, usm_bcall_t *call, const usm_bref_t *folder, apr_pool_t *pool)
{
    GUARD;
    int i = folder_at(folder->id);
    *token = i >= 0 && *fake.folders[i].token ? apr_pstrdup(pool, fake.folders[i].token) : NULL;
    return reach(call, pool);
}

static usm_error_t *f_folder_create(const char **id, usm_bcall_t *call, const char *parent, usm_class_e cls,
                                    const char *name, apr_pool_t *pool)
{
    GUARD;
    USM_ERR(reach(call, pool));
    fake.adds++;
    *id = apr_psprintf(pool, "%d", 50 + fake.folder_count);
    fake_folder(*id, name, parent, USM_ROLE_USER, cls, NULL);
    return written(pool);
}

static usm_error_t *f_folder_update(const char **id, usm_bcall_t *call, const usm_bref_t *folder, const char *parent,
                                    const char *name, apr_pool_t *pool)
{
    GUARD;
    int i = folder_at(folder->id);
    USM_ERR(reach(call, pool));
    if (i < 0)
        return USM_ERROR(pool, USM_ENOTFOUND, "no such folder");
    if (name)
        snprintf(fake.folders[i].name, sizeof fake.folders[i].name, "%s", name);
    if (parent)
        snprintf(fake.folders[i].parent, sizeof fake.folders[i].parent, "%s", parent);
    *id = fake.folders[i].id;
    return written(pool);
}

static usm_error_t *f_folder_delete(usm_bcall_t *call, const usm_bref_t *folder, apr_pool_t *pool)
{
    GUARD;
    int i = folder_at(folder->id);
    USM_ERR(reach(call, pool));
    if (i < 0)
        return USM_ERROR(pool, USM_ENOTFOUND, "no such folder");
    fake.folders[i].alive = 0;
    return written(pool);
}

static usm_error_t *f_changed(int *changed, usm_bcall_t *call, const usm_bref_t *folder, const char *cursor,
                              apr_pool_t *pool)
{
    GUARD;
    apr_uint64_t since = strtoull(cursor, NULL, 10);
    USM_ERR(reach(call, pool));
    *changed = 0;
    for (int i = 0; i < fake.count; i++)
        *changed |= strcmp(fake.items[i].folder, folder->id) == 0 && fake.items[i].rev + fake.overlap > since;
    return NULL;
}

static usm_error_t *f_changes(const char **cursor_p, usm_bcall_t *call, const usm_bref_t *folder,
                              const usm_brange_t *range, const char *cursor, int force_full, const usm_bsink_t *sink,
                              apr_pool_t *pool, apr_pool_t *scratch)
{
    GUARD;
    apr_uint64_t since = cursor ? strtoull(cursor, NULL, 10) : 0, newest = since;
    int full = !cursor || force_full;
    USM_ERR(reach(call, pool));
    if (cursor && since < fake.cursor_void)
        return USM_ERROR(pool, USM_ECURSOR, "void on command");
    if (full)
        USM_ERR(sink->begin_full(sink->baton));
    for (int i = 0; i < fake.count; i++) {
        fake_item_t *item = &fake.items[i];
        if (strcmp(item->folder, folder->id) != 0 || (!full && item->rev + fake.overlap <= since))
            continue;
        newest = item->rev > newest ? item->rev : newest;
        int outside = range->since != USM_TIME_NONE && item->edge != USM_TIME_NONE && item->edge < range->since;
        if (item->alive && !(full && outside))
            USM_ERR(sink->upsert(sink->baton, item->id, item->rev, item->edge, i));
        else if (!full)
            USM_ERR(sink->remove(sink->baton, item->id));
    }
    if (full)
        USM_ERR(sink->end_full(sink->baton));
    *cursor_p = apr_psprintf(pool, "%" APR_UINT64_T_FMT, newest);
    return NULL;
}

/* A mail has its first text as subject, and FAKE_PART as its attachment "2". */
static usm_item_t *to_mail(const fake_item_t *item, apr_pool_t *pool)
{
    static usm_attachment_t part = {
        .id = "2", .name = "notes.txt", .content_type = "text/plain; charset=utf-8", .size = sizeof FAKE_PART - 1};
    static const usm_attachments_t parts = {1, &part};
    usm_item_t *out = usm_item_create(USM_EMAIL, pool);
    usm_item_set_text(out, USM_EMAIL_SUBJECT, apr_pstrdup(pool, item->text[0]));
    usm_item_set_ptr(out, USM_EMAIL_ATTACHMENTS, &parts);
    return out;
}

static usm_item_t *to_item(const fake_item_t *item, apr_pool_t *pool)
{
    if (item->full)
        return usm_item_copy(item->full, pool);
    usm_item_t *out = usm_item_create(USM_CONTACT, pool);
    for (int f = 0; f < 4; f++) {
        if (item->text[f][0])
            usm_item_set_text(out, text_fields[f], apr_pstrdup(pool, item->text[f]));
    }
    return out;
}

static usm_error_t *f_get(usm_bget_t *gets, int count, usm_bcall_t *call, const usm_bref_t *folder,
                          const usm_fetch_t *fetch, apr_pool_t *pool, apr_pool_t *scratch)
{
    GUARD;
    USM_ERR(reach(call, pool));
    fake.gets++;
    if (fake.no_get)
        return USM_ERROR(pool, USM_EUNAVAILABLE, "no reading on command");
    for (int i = 0; i < count; i++) {
        fake_item_t *item = fake_find(gets[i].id);
        gets[i].item = NULL;
        if (item && item->alive && strcmp(item->folder, folder->id) == 0) {
            if (item->broken < 0)
                return USM_ERROR(pool, -item->broken, "the call fails for one item");
            if (item->broken) {
                gets[i].error = USM_ERROR(pool, item->broken, "broken on command");
                continue;
            }
            if (strcmp(item->text[0], "poison") == 0) {
                gets[i].error = USM_ERROR(pool, USM_EINVALID, "cannot be read");
                continue;
            }
            gets[i].item = folder->cls == USM_EMAIL && !item->full ? to_mail(item, pool) : to_item(item, pool);
            gets[i].rev = item->rev;
            gets[i].edge = item->edge;
        }
    }
    return NULL;
}

static void take(fake_item_t *item, const usm_item_t *in, const usm_fieldset_t *fields)
{
    if (item->full) {
        usm_item_t *copy = usm_item_copy(in, full_pool());
        for (int f = 0; f < usm_class_fields(in->cls); f++) {
            if (fields ? USM_FIELDSET_HAS(fields, f) : copy->v[f].state == USM_SET)
                item->full->v[f] = copy->v[f];
        }
        return;
    }
    for (int f = 0; f < 4; f++) {
        const char *text = usm_item_text(in, text_fields[f]);
        if (!fields || USM_FIELDSET_HAS(fields, text_fields[f]))
            snprintf(item->text[f], sizeof item->text[f], "%s", text ? text : "");
    }
}

static usm_error_t *f_add(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder, const usm_item_t *in,
                          const char *uid, apr_pool_t *pool, apr_pool_t *scratch)
{
    GUARD;
    USM_ERR(reach(call, pool));
    if (in->cls == USM_CONTACT && usm_item_text(in, USM_CONTACT_FIRST_NAME) &&
        strcmp(usm_item_text(in, USM_CONTACT_FIRST_NAME), "refuse") == 0)
        return USM_ERROR(pool, USM_EINVALID, "refused on command");
    fake.adds++;
    fake_item_t *item = fake_add(folder->id, "", "");
    if (fake.full || in->cls != USM_CONTACT)
        item->full = usm_item_create(in->cls, full_pool());
    snprintf(item->uid, sizeof item->uid, "%s", uid);
    take(item, in, NULL);
    result->id = apr_pstrdup(pool, item->id);
    result->rev = item->rev;
    result->edge = item->edge;
    return written(pool);
}

static usm_error_t *f_find_uid(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder, const char *uid,
                               apr_pool_t *pool, apr_pool_t *scratch)
{
    GUARD;
    memset(result, 0, sizeof *result);
    USM_ERR(reach(call, pool));
    for (int i = 0; i < fake.count; i++) {
        if (fake.items[i].alive && strcmp(fake.items[i].uid, uid) == 0 &&
            strcmp(fake.items[i].folder, folder->id) == 0) {
            result->id = apr_pstrdup(pool, fake.items[i].id);
            result->rev = fake.items[i].rev;
            result->edge = fake.items[i].edge;
        }
    }
    return NULL;
}

static usm_error_t *f_update(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder, const char *id,
                             const usm_item_t *in, const usm_fieldset_t *fields, apr_uint64_t rev, apr_pool_t *pool,
                             apr_pool_t *scratch)
{
    GUARD;
    fake_item_t *item = fake_find(id);
    USM_ERR(reach(call, pool));
    if (!item || !item->alive || strcmp(item->folder, folder->id) != 0)
        return USM_ERROR(pool, USM_ENOTFOUND, "no such item");
    if (item->rev > rev && (folder->cls != USM_EMAIL || USM_FIELDSET_HAS(fields, USM_EMAIL_FLAG)))
        return USM_ERROR(pool, USM_ECONFLICT, "newer on the server");
    if (fake.refuse)
        return USM_ERROR(pool, USM_EINVALID, "refused on command");
    fake.updates++;
    take(item, in, fields);
    fake_touch(item);
    result->id = apr_pstrdup(pool, id);
    result->rev = item->rev;
    result->edge = item->edge;
    return written(pool);
}

static usm_error_t *f_remove(usm_bcall_t *call, const usm_bref_t *folder, const char *id, usm_delete_e how,
                             apr_uint64_t rev, apr_pool_t *pool)
{
    GUARD;
    fake_item_t *item = fake_find(id);
    USM_ERR(reach(call, pool));
    if (!item || !item->alive || strcmp(item->folder, folder->id) != 0)
        return USM_ERROR(pool, USM_ENOTFOUND, "no such item");
    if (rev && item->rev > rev)
        return USM_ERROR(pool, USM_ECONFLICT, "newer on the server");
    fake.removes++;
    fake_remove(item);
    return written(pool);
}

/* Items of mail folders get a new id, others keep theirs. */
static usm_error_t *f_move(usm_bmove_t *moves, int count, usm_bcall_t *call, const usm_bref_t *from,
                           const usm_bref_t *to, apr_pool_t *pool, apr_pool_t *scratch)
{
    GUARD;
    USM_ERR(reach(call, pool));
    for (int i = 0; i < count; i++) {
        fake_item_t *item = fake_find(moves[i].id);
        if (!item || !item->alive || strcmp(item->folder, from->id) != 0) {
            moves[i].error = USM_ERROR(pool, USM_ENOTFOUND, "no such item");
            continue;
        }
        if (strcmp(item->text[0], "stay") == 0) {
            moves[i].error = USM_ERROR(pool, USM_EFORBIDDEN, "refused on command");
            continue;
        }
        fake_item_t *copy = &fake.items[fake.count++]; /* the old one stays behind as a deleted item */
        *copy = *item;
        fake_remove(item);
        if (from->cls == USM_EMAIL)
            snprintf(copy->id, sizeof copy->id, "%d", 100 + fake.count);
        snprintf(copy->folder, sizeof copy->folder, "%s", to->id);
        fake_touch(copy);
        fake.moves++;
        moves[i].result = (usm_bwrite_t){.id = apr_pstrdup(pool, copy->id), .edge = copy->edge};
    }
    return written(pool);
}

/* In two pieces. */
static usm_error_t *f_part(apr_uint64_t *size_p, usm_bcall_t *call, const usm_bref_t *folder, const char *id,
                           const char *part, usm_data_fn fn, void *baton, apr_pool_t *pool)
{
    GUARD;
    fake_item_t *item = fake_find(id);
    USM_ERR(reach(call, pool));
    if (!item || !item->alive || folder->cls != USM_EMAIL || strcmp(part, "2") != 0)
        return USM_ERROR(pool, USM_ENOTFOUND, "no such part");
    USM_ERR(fn(baton, FAKE_PART, 4));
    USM_ERR(fn(baton, &FAKE_PART[4], sizeof FAKE_PART - 5));
    *size_p = sizeof FAKE_PART - 1;
    return NULL;
}

static usm_error_t *f_folder_clear(usm_bcall_t *call, const usm_bref_t *folder, apr_pool_t *pool)
{
    GUARD;
    USM_ERR(reach(call, pool));
    for (int i = 0; i < fake.count; i++) {
        if (fake.items[i].alive && strcmp(fake.items[i].folder, folder->id) == 0)
            fake_remove(&fake.items[i]);
    }
    return written(pool);
}

static usm_error_t *f_send(usm_bcall_t *call, const char *mime, apr_size_t len, int save, apr_pool_t *pool)
{
    GUARD;
    USM_ERR(reach(call, pool));
    be_slow(); /* it comes to Sent at the end */
    if (fake.die_after < 0 && ++fake.die_after == 0)
        return USM_ERROR(pool, USM_EUNAVAILABLE, "not sent on command");
    fake.sends++;
    snprintf(fake.sent, sizeof fake.sent, "%.*s", (int)len, mime);
    return written(pool);
}

static usm_error_t *f_was_sent(int *found, usm_bcall_t *call, const char *id, apr_pool_t *pool)
{
    GUARD;
    *found = strstr(fake.sent, id) != NULL;
    return reach(call, pool);
}

static usm_error_t *f_confirm(usm_bcall_t *call, const usm_bref_t *folder, const char *id, usm_time_t day, int status,
                              const char *message, apr_pool_t *pool)
{
    GUARD;
    fake_item_t *item = fake_find(id);
    USM_ERR(reach(call, pool));
    if (!item || !item->alive)
        return USM_ERROR(pool, USM_ENOTFOUND, "no such item");
    if (fake.refuse)
        return USM_ERROR(pool, USM_EFORBIDDEN, "refused on command");
    fake.confirms++;
    fake.confirmed = status;
    fake.confirmed_day = day;
    snprintf(fake.said, sizeof fake.said, "%s", message ? message : "");
    fake_touch(item);
    return NULL;
}

/* A new event of the invitation's UID; one that is there is newer than any mail. */
static usm_error_t *f_take(int *applied, usm_bcall_t *call, const usm_bref_t *mails, const char *id,
                           const usm_meeting_t *meeting, const usm_bref_t *calendar, const char *event, int status,
                           const char *message, apr_pool_t *pool)
{
    GUARD;
    USM_ERR(reach(call, pool));
    *applied = 0;
    if (event)
        return NULL;
    if (!fake.take_into)
        return USM_ERROR(pool, USM_ENOTFOUND, "no invitation that could be taken");
    usm_item_t *item = usm_item_create(USM_EVENT, pool);
    usm_item_set_text(item, USM_EVENT_UID, meeting->uid);
    usm_item_set_text(item, USM_EVENT_ORGANIZER_EMAIL, "boss@example.net");
    usm_item_set_num(item, USM_EVENT_START, meeting->start);
    usm_item_set_num(item, USM_EVENT_END, meeting->end);
    fake_item_t *made = fake_add_full(fake.take_into, item);
    snprintf(made->uid, sizeof made->uid, "%s", meeting->uid);
    *applied = 1;
    fake.taken = status;
    return NULL;
}

/* ---- mails ---- */

static const char *subject_of(const fake_item_t *item)
{
    const char *text = item->full ? usm_item_text(item->full, USM_EMAIL_SUBJECT) : item->text[0];
    return text ? text : "";
}

/* Where it is looked for: the sender, or else the subject. */
static int matches(const fake_item_t *item, const usm_term_t *term)
{
    const usm_addrs_t *from =
        item->full && usm_item_isset(item->full, USM_EMAIL_FROM) ? item->full->v[USM_EMAIL_FROM].u.addrs : NULL;
    const char *text = term->where == USM_IN_FROM ? (from ? from->items[0].addr : "") : subject_of(item);
    return (strcasestr(text, term->text) == NULL) == (term->not != 0);
}

static usm_error_t *f_search(usm_bsearch_t *searches, int count, usm_bcall_t *call, const usm_query_t *query,
                             apr_pool_t *pool, apr_pool_t *scratch)
{
    GUARD;
    USM_ERR(reach(call, pool));
    fake.searches++;
    for (int i = 0; i < count; i++) {
        if (strcmp(searches[i].folder->id, fake.unsearchable) == 0)
            searches[i].error = USM_ERROR(pool, USM_EFORBIDDEN, "no searching on command");
        for (int k = 0; !searches[i].error && k < fake.count; k++) {
            const fake_item_t *item = &fake.items[k];
            int found = item->alive && strcmp(item->folder, searches[i].folder->id) == 0 &&
                        (query->after == USM_TIME_NONE || item->edge > query->after) &&
                        (query->before == USM_TIME_NONE || item->edge < query->before);
            for (int t = 0; found && t < query->term_count; t++)
                found = matches(item, &query->terms[t]);
            if (found)
                APR_ARRAY_PUSH(searches[i].hits, usm_bhit_t) = (usm_bhit_t){.id = item->id, .at = item->edge};
        }
    }
    return NULL;
}

static usm_error_t *f_threads(usm_bcall_t *call, const usm_bref_t *folder, int max, usm_bthread_fn fn, void *baton,
                              apr_pool_t *scratch)
{
    GUARD;
    USM_ERR(reach(call, scratch));
    for (int k = 0; k < fake.count && max; k++) {
        const fake_item_t *item = &fake.items[k];
        if (!item->alive || !item->full || strcmp(item->folder, folder->id) != 0)
            continue;
        USM_ERR(fn(baton, item->id, item->edge, usm_item_copy(item->full, scratch)));
        max--;
    }
    return NULL;
}

/* A mail that is broken is left to be done alone. */
static usm_error_t *f_edit_mails(usm_bmail_t *rows, int count, usm_bcall_t *call, const usm_bref_t *folder,
                                 apr_pool_t *pool, apr_pool_t *scratch)
{
    GUARD;
    USM_ERR(reach(call, pool));
    fake.edits++;
    for (int i = 0; i < count; i++) {
        fake_item_t *item = fake_find(rows[i].id);
        if (!item || !item->alive || item->broken || strcmp(item->folder, folder->id) != 0)
            continue;
        if (rows[i].item) {
            take(item, rows[i].item, rows[i].fields);
            fake_touch(item);
        } else {
            fake_remove(item);
        }
        rows[i].result.rev = item->rev;
        rows[i].done = 1;
    }
    return written(pool);
}

/* The rest of the line that begins with NAME. */
static const char *header(const char *mime, const char *name, apr_pool_t *pool)
{
    const char *at = strcasestr(mime, name);
    return at ? apr_pstrmemdup(pool, at + strlen(name), strcspn(at + strlen(name), "\r\n")) : "";
}

/* All that is known of it is its source, its subject and that it was read. */
static usm_error_t *f_store_mail(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder, const char *mime,
                                 apr_size_t len, int how, apr_pool_t *pool, apr_pool_t *scratch)
{
    GUARD;
    USM_ERR(reach(call, pool));
    if (fake.refuse)
        return USM_ERROR(pool, USM_EQUOTA, "refused on command");
    fake.adds++;
    usm_item_t *mail = usm_item_create(USM_EMAIL, scratch);
    usm_body_t *body = apr_pcalloc(scratch, sizeof *body);
    body->mime = (usm_bodyform_t){.data = apr_pstrmemdup(scratch, mime, len), .len = len, .full_size = len};
    usm_item_set_ptr(mail, USM_EMAIL_BODY, body);
    usm_item_set_text(mail, USM_EMAIL_SUBJECT, header(body->mime.data, "\nSubject: ", scratch));
    usm_item_set_num(mail, USM_EMAIL_READ, how & USM_STORE_READ);
    fake_item_t *item = fake_add_full(folder->id, mail);
    snprintf(item->uid, sizeof item->uid, "%s", header(body->mime.data, "\nMessage-ID: ", scratch));
    *result = (usm_bwrite_t){.id = apr_pstrdup(pool, item->id), .rev = item->rev, .edge = item->edge};
    return written(pool);
}

static usm_error_t *f_find_mail(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder, const char *id,
                                apr_pool_t *pool, apr_pool_t *scratch)
{
    return f_find_uid(result, call, folder, apr_psprintf(scratch, "%.*s", (int)sizeof fake.items[0].uid - 1, id), pool,
                      scratch);
}

/* ---- people ---- */

static usm_error_t *refused(apr_pool_t *pool)
{
    return fake.refusal ? USM_ERROR(pool, fake.refusal, "refused on command") : NULL;
}

static int begins(const char *text, const char *with)
{
    return text && strncasecmp(text, with, strlen(with)) == 0;
}

static usm_error_t *f_people(usm_people_query_t **queries, int count, usm_bcall_t *call, apr_pool_t *pool,
                             apr_pool_t *scratch)
{
    GUARD;
    USM_ERR(reach(call, pool));
    for (int i = 0; i < count; i++) {
        queries[i]->error = refused(pool);
        for (int k = fake.person_count - 1; k >= 0; k--) {
            const usm_person_t *p = &fake.people[k];
            if ((begins(p->display_name, queries[i]->text) || begins(p->address, queries[i]->text)) &&
                (p->in_directory || queries[i]->everywhere))
                APR_ARRAY_PUSH(queries[i]->people, usm_person_t) = *p;
        }
    }
    return NULL;
}

static usm_error_t *f_picture(const usm_blob_t **picture_p, usm_bcall_t *call, const usm_person_t *person,
                              apr_size_t max, apr_pool_t *pool)
{
    GUARD;
    usm_blob_t *blob = apr_pcalloc(pool, sizeof *blob);
    USM_ERR(reach(call, pool));
    USM_ERR(refused(pool));
    if (strlen(fake.picture) > max)
        return USM_ERROR(pool, USM_ELIMIT, "too large");
    blob->data = (const unsigned char *)fake.picture;
    blob->len = strlen(fake.picture);
    *picture_p = blob;
    return NULL;
}

static usm_error_t *f_busy(usm_busy_query_t *queries, int count, usm_bcall_t *call, usm_time_t from, usm_time_t to,
                           apr_pool_t *pool, apr_pool_t *scratch)
{
    GUARD;
    USM_ERR(reach(call, pool));
    for (int i = 0; i < count; i++) {
        if (queries[i].user == 2)
            queries[i].error = USM_ERROR(pool, fake.refusal ? fake.refusal : USM_EFORBIDDEN, "nobody may know");
        for (int k = 0; queries[i].user == 1 && k < fake.busy_count; k++)
            APR_ARRAY_PUSH(queries[i].times, usm_busy_t) = fake.busy[k];
        if (queries[i].user == 3)
            APR_ARRAY_PUSH(queries[i].times, usm_busy_t) =
                (usm_busy_t){.start = from, .end = to, .busy = USM_BUSY_AWAY};
    }
    return NULL;
}

static usm_error_t *f_away_get(usm_away_t *away, usm_bcall_t *call, apr_pool_t *pool)
{
    GUARD;
    USM_ERR(reach(call, pool));
    USM_ERR(refused(pool));
    *away = fake.away;
    return NULL;
}

static usm_error_t *f_away_set(usm_bcall_t *call, const usm_away_t *away, const usm_userinfo_t *info, apr_pool_t *pool)
{
    GUARD;
    const char *old = fake.away.text;
    USM_ERR(reach(call, pool));
    USM_ERR(refused(pool));
    if (!old && !away->text && away->state != USM_AWAY_OFF)
        return USM_ERROR(pool, USM_EINVALID, "no text");
    fake.away = *away;
    fake.away.text = away->text ? apr_pstrdup(full_pool(), away->text) : old;
    return NULL;
}

static const usm_backend_vtable_t vtable = {
    .name = "fake", .create = f_create, .login = f_login, .freeze = f_freeze, .resume = f_resume, .retain = f_retain,
    .release = f_release, .drop = f_drop, .user = f_user, .userinfo = f_userinfo, .folders = f_folders,
    .folder_token = f_token, .folder_create = f_folder_create, .folder_update = f_folder_update,
    .folder_delete = f_folder_delete, .changed = f_changed, .changes = f_changes, .get = f_get, .add = f_add,
    .find_uid = f_find_uid, .update = f_update, .remove = f_remove, .move = f_move, .part = f_part,
    .folder_clear = f_folder_clear, .search = f_search, .threads = f_threads, .edit_mails = f_edit_mails,
    .store_mail = f_store_mail, .find_mail = f_find_mail, .send = f_send,
    .was_sent = f_was_sent, .confirm = f_confirm,
    .take_invitation = f_take, .people = f_people, .picture = f_picture, .busy = f_busy,
    .away_get = f_away_get, .away_set = f_away_set};

const usm_backend_vtable_t *fake_backend(void)
{
    return &vtable;
}
