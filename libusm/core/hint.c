/* SPDX-License-Identifier: Apache-2.0 */
/* Hints find who waits by digests, so that they need no memory of their own and no names. */
#include "hint.h"

#include <apr_lib.h>

#define BUCKETS 8192 /* of the tables of ears; a power of two, as the next ones are */
#define RECENT 4096
#define KEPT_BACK 4096 /* hints that came again too soon; those that find no place go out at once */
#define FOLDERS_STEP 8
#define HABITS 8192
#define ECHO_MS 5000 /* who finds what was hinted at so lately has found just that */

/* How a device that waits again goes on. */
typedef struct habit_t {
    apr_uint64_t device;
    usm_time_t at, pushed_at;
    int interval;
} habit_t;

/* The newest hints, one in each place. */
typedef struct recent_t {
    apr_uint64_t key;
    usm_time_t at;
} recent_t;

/* What has just gone out, and whether it came again meanwhile. */
typedef struct sent_t {
    usm_hint_t hint;
    usm_time_t at;
    int again;
} sent_t;

struct usm__hub_t {
    apr_thread_mutex_t *lock;
    usm__ear_t *users[BUCKETS], *logins[BUCKETS];
    recent_t recent[RECENT];
    sent_t sent[KEPT_BACK];
    habit_t *habits; /* NULL: nobody has waited yet */
    apr_pool_t *pool;
    int kept; /* places of `sent` with `again` */
    usm_hint_fn fn;
    void *baton;
};

usm_error_t *usm__hub_make(usm__hub_t **hub_p, apr_pool_t *pool)
{
    usm__hub_t *hub = apr_pcalloc(pool, sizeof *hub);
    hub->pool = pool;
    apr_status_t rv = apr_thread_mutex_create(&hub->lock, APR_THREAD_MUTEX_DEFAULT, pool);
    *hub_p = hub;
    return rv ? USM_ERROR_APR(pool, rv, "cannot make a lock") : NULL;
}

apr_thread_mutex_t *usm__hub_lock(usm__hub_t *hub)
{
    return hub->lock;
}

/* ---- digests ---- */

#define MARKS ((apr_uint64_t)USM__EAR_MARKS)

/* The lowest bits of a folder's digest are marks where it is kept. */
static apr_uint64_t digest(const char *text, apr_uint64_t seed)
{
    apr_uint64_t h = usm__hash(text, strlen(text), seed) & ~MARKS;
    return h ? h : MARKS + 1;
}

static apr_uint64_t digest_login(const char *login)
{
    char lower[256];
    apr_size_t i = 0;
    for (; login[i] && i < sizeof lower - 1; i++)
        lower[i] = (char)apr_tolower(login[i]);
    lower[i] = '\0';
    return digest(lower, 2);
}

static void fill(usm_hint_t *hint, apr_uint64_t user, const char *folder, usm_hint_kind_e kind)
{
    *hint = (usm_hint_t){.user = user, .folder = folder ? digest(folder, 3) : 0, .kind = kind};
}

void usm_hint_for_user(usm_hint_t *hint, const char *user, const char *folder, usm_hint_kind_e kind)
{
    fill(hint, digest(user, 1), folder, kind);
}

void usm_hint_for_login(usm_hint_t *hint, const char *login, const char *folder, usm_hint_kind_e kind)
{
    fill(hint, digest_login(login), folder, kind);
}

/* ---- ears ---- */

/* Under the lock. */
static void link_ear(usm__ear_t *ear, usm__hub_t *hub)
{
    usm__ear_t **users = &hub->users[ear->user / 4 % BUCKETS], **logins = &hub->logins[ear->login / 4 % BUCKETS];
    ear->next = *users;
    ear->prev = users;
    if (*users)
        (*users)->prev = &ear->next;
    *users = ear;
    ear->next_login = *logins;
    ear->prev_login = logins;
    if (*logins)
        (*logins)->prev_login = &ear->next_login;
    *logins = ear;
}

/* Under the lock. */
static habit_t *habit_of(usm__hub_t *hub, apr_uint64_t device)
{
    if (!hub->habits)
        hub->habits = apr_pcalloc(hub->pool, sizeof(habit_t) * HABITS);
    return &hub->habits[device % HABITS];
}

/* A device that has just waited, and was told nothing, goes on at its pace. */
static void take_up(usm__ear_t *ear, usm__hub_t *hub, const usm_config_t *config)
{
    const habit_t *habit = habit_of(hub, ear->device);
    usm_time_t now = usm__now();
    ear->interval = config->poll_interval_ms;
    if (habit->device != ear->device)
        return;
    ear->pushed_at = habit->pushed_at;
    if (habit->interval > ear->interval && now - habit->at < 2 * (usm_time_t)habit->interval)
        ear->interval = habit->interval;
}

void usm__ear_open(usm__ear_t *ear, usm__hub_t *hub, usm_session_t *session)
{
    ear->user = digest(session->user, 1);
    ear->login = digest_login(session->call.name);
    ear->device = (apr_uint64_t)session->device.id;
    apr_thread_mutex_lock(hub->lock);
    take_up(ear, hub, &session->ctx->config);
    link_ear(ear, hub);
    apr_thread_mutex_unlock(hub->lock);
}

void usm__ear_take_over(usm__ear_t *ear, const usm__ear_t *from, apr_uint64_t *folders, usm__hub_t *hub)
{
    ear->user = from->user;
    ear->login = from->login;
    ear->folders = folders;
    ear->count = from->count;
    ear->hierarchy = from->hierarchy;
    ear->hierarchy_moved = from->hierarchy_moved;
    ear->moved = from->moved;
    ear->interval = from->interval;
    ear->tree_at = from->tree_at;
    ear->mail_at = from->mail_at;
    ear->pushed_at = from->pushed_at;
    ear->device = from->device;
    if (from->count)
        memcpy(folders, from->folders, sizeof *folders * (apr_size_t)from->count);
    link_ear(ear, hub);
}

void usm__ear_drop(usm__ear_t *ear)
{
    if (!ear->prev)
        return;
    *ear->prev = ear->next;
    if (ear->next)
        ear->next->prev = ear->prev;
    *ear->prev_login = ear->next_login;
    if (ear->next_login)
        ear->next_login->prev_login = ear->prev_login;
    ear->prev = ear->prev_login = NULL;
}

void usm__ear_close(usm__ear_t *ear, usm__hub_t *hub)
{
    apr_thread_mutex_lock(hub->lock);
    usm__ear_drop(ear);
    apr_thread_mutex_unlock(hub->lock);
}

void usm__ear_add(usm__ear_t *ear, usm__hub_t *hub, const char *folder, int marks, apr_pool_t *pool)
{
    apr_uint64_t *more = NULL;
    if (ear->count % FOLDERS_STEP == 0)
        more = apr_palloc(pool, sizeof *more * (apr_size_t)(ear->count + FOLDERS_STEP));
    apr_thread_mutex_lock(hub->lock);
    if (more && ear->count)
        memcpy(more, ear->folders, sizeof *more * (apr_size_t)ear->count);
    if (more)
        ear->folders = more;
    ear->folders[ear->count++] = digest(folder, 3) | (apr_uint64_t)marks;
    apr_thread_mutex_unlock(hub->lock);
}

int usm__ear_calm(usm__ear_t *ear, usm__hub_t *hub)
{
    apr_thread_mutex_lock(hub->lock);
    int moved = ear->moved;
    ear->moved = 0;
    apr_thread_mutex_unlock(hub->lock);
    return moved;
}

/* A mail server that tells of this user's mail goes on telling. */
static int mail_due(const usm__ear_t *ear, usm_time_t now)
{
    int pushed = ear->pushed_at && now - ear->pushed_at < USM__PUSHED_MS;
    return !pushed || now - ear->mail_at >= USM__PUSHED_EVERY_MS;
}

/* Under the lock. */
static int wants(usm__ear_t *ear, int i, usm__look_e look, const usm_config_t *config, usm_time_t now)
{
    int heard = i < 0 ? ear->hierarchy_moved : (int)(ear->folders[i] & USM__EAR_MOVED);
    if (heard || look == USM__LOOK_ALL)
        return 1;
    if (look == USM__LOOK_HINTED)
        return 0;
    if (i < 0)
        return now - ear->tree_at >= (usm_time_t)config->poll_interval_ms * USM__TREE_EVERY;
    return !(ear->folders[i] & USM__EAR_MAIL) || mail_due(ear, now);
}

int usm__ear_wants(usm__ear_t *ear, usm__hub_t *hub, int i, usm__look_e look, const usm_config_t *config)
{
    usm_time_t now = usm__now();
    apr_thread_mutex_lock(hub->lock);
    int yes = wants(ear, i, look, config, now);
    if (i < 0) {
        ear->hierarchy_moved = 0;
        ear->tree_at = yes ? now : ear->tree_at;
    } else {
        ear->folders[i] &= ~(apr_uint64_t)USM__EAR_MOVED;
    }
    apr_thread_mutex_unlock(hub->lock);
    return yes;
}

static apr_uint64_t sum_of(const usm__ear_t *ear)
{
    apr_uint64_t sum = (apr_uint64_t)ear->hierarchy << 2;
    for (int i = 0; i < ear->count; i++)
        sum += ear->folders[i] & ~MARKS;
    return sum;
}

void usm__ear_looked(usm__ear_t *ear, usm_session_t *session, usm__look_e look, int news)
{
    usm__hub_t *hub = session->ctx->hub;
    const usm_config_t *config = &session->ctx->config;
    usm_hint_t hint = {.kind = USM_HINT_LOOKED};
    usm_time_t now = usm__now();
    apr_thread_mutex_lock(hub->lock);
    if (look == USM__LOOK_ALL || (look == USM__LOOK_POLL && mail_due(ear, now)))
        ear->mail_at = now;
    ear->postponed = 0;
    if (news)
        ear->interval = config->poll_interval_ms;
    else if (look == USM__LOOK_POLL && ear->interval < config->poll_max_ms)
        ear->interval = ear->interval * 3 / 2 < config->poll_max_ms ? ear->interval * 3 / 2 : config->poll_max_ms;
    *habit_of(hub, ear->device) = (habit_t){.device = ear->device, .at = now, .interval = ear->interval,
                                            .pushed_at = ear->pushed_at};
    hint.user = ear->user;
    hint.folder = sum_of(ear);
    apr_thread_mutex_unlock(hub->lock);
    if (news || look != USM__LOOK_POLL)
        return;
    usm_hint_deliver(session->ctx, &hint);
    apr_thread_mutex_lock(hub->lock);
    ear->looked_at = 0; /* that was no other one */
    apr_thread_mutex_unlock(hub->lock);
    if (hub->fn)
        hub->fn(hub->baton, &hint);
}

int usm__ear_pause(const usm__ear_t *ear)
{
    apr_uint32_t r;
    usm__random(&r, sizeof r);
    return ear->interval - ear->interval / 8 + (int)(r % (apr_uint32_t)(ear->interval / 4 + 1));
}

/* Under the lock. */
static void hear(usm__ear_t *ear, const usm_hint_t *hint)
{
    int hit = 0;
    if (hint->kind == USM_HINT_LOOKED) {
        if (sum_of(ear) == hint->folder)
            ear->looked_at = usm__now();
        return;
    }
    if (hint->kind == USM_HINT_MAIL)
        ear->pushed_at = usm__now();
    if (hint->kind == USM_HINT_FOLDERS) {
        hit = ear->hierarchy;
        ear->hierarchy_moved |= (short)hit;
    }
    for (int i = 0; hint->kind != USM_HINT_FOLDERS && i < ear->count; i++) {
        if (!hint->folder && hint->kind == USM_HINT_MAIL && !(ear->folders[i] & USM__EAR_MAIL))
            continue;
        if (hint->folder && (ear->folders[i] & ~MARKS) != hint->folder)
            continue;
        ear->folders[i] |= USM__EAR_MOVED;
        hit = 1;
    }
    if (!hit || ear->moved)
        return;
    ear->moved = 1;
    if (ear->heard)
        ear->heard(ear);
}

/* ---- hints ---- */

static apr_uint64_t recent_key(apr_uint64_t user, apr_uint64_t folder)
{
    return (user * 31) ^ folder;
}

static void remember(usm__hub_t *hub, apr_uint64_t key, usm_time_t at)
{
    hub->recent[key / 4 % RECENT] = (recent_t){.key = key, .at = at};
}

static usm_time_t recall(const usm__hub_t *hub, apr_uint64_t key)
{
    const recent_t *r = &hub->recent[key / 4 % RECENT];
    return r->key == key ? r->at : 0;
}

usm_time_t usm__hinted_at(usm_session_t *session, const char *folder)
{
    usm__hub_t *hub = session->ctx->hub;
    const apr_uint64_t users[] = {digest(session->user, 1), digest_login(session->call.name)};
    apr_uint64_t id = digest(folder, 3);
    usm_time_t at = 0;
    apr_thread_mutex_lock(hub->lock);
    for (int i = 0; i < 2; i++) {
        usm_time_t one = recall(hub, recent_key(users[i], id)), any = recall(hub, recent_key(users[i], 0));
        at = one > at ? one : at;
        at = any > at ? any : at;
    }
    apr_thread_mutex_unlock(hub->lock);
    return at;
}

/* Under the lock. */
static void deliver(usm__hub_t *hub, const usm_hint_t *hint, usm_time_t now)
{
    usm__ear_t *ear;
    if (hint->kind != USM_HINT_LOOKED)
        remember(hub, recent_key(hint->user, hint->folder), now);
    for (ear = hub->users[hint->user / 4 % BUCKETS]; ear; ear = ear->next) {
        if (ear->user == hint->user)
            hear(ear, hint);
    }
    for (ear = hub->logins[hint->user / 4 % BUCKETS]; ear; ear = ear->next_login) {
        if (ear->login == hint->user)
            hear(ear, hint);
    }
}

static int same_hint(const usm_hint_t *a, const usm_hint_t *b)
{
    return a->user == b->user && a->folder == b->folder && a->kind == b->kind;
}

/* Under the lock. Is it too soon after the same one? Then it is kept back. */
static int keep_back(usm__hub_t *hub, const usm_hint_t *hint, usm_time_t now)
{
    sent_t *sent = &hub->sent[(hint->user / 4 + hint->folder / 4 + hint->kind) % KEPT_BACK];
    if (same_hint(&sent->hint, hint) && now - sent->at < USM_HINT_QUIET_MS) {
        hub->kept += !sent->again;
        sent->again = 1;
        return 1;
    }
    if (!sent->again) /* another one that waits in this place keeps it */
        *sent = (sent_t){.hint = *hint, .at = now};
    return 0;
}

void usm_hint_deliver(usm_context_t *ctx, const usm_hint_t *hint)
{
    apr_thread_mutex_lock(ctx->hub->lock);
    deliver(ctx->hub, hint, usm__now());
    apr_thread_mutex_unlock(ctx->hub->lock);
}

void usm_hint_raise(usm_context_t *ctx, const usm_hint_t *hint)
{
    usm__hub_t *hub = ctx->hub;
    usm_time_t now = usm__now();
    apr_thread_mutex_lock(hub->lock);
    /* Without a listener nobody may be there to send later what is kept back now. */
    int late = hub->fn && keep_back(hub, hint, now);
    if (!late)
        deliver(hub, hint, now);
    apr_thread_mutex_unlock(hub->lock);
    if (!late && hub->fn)
        hub->fn(hub->baton, hint);
}

void usm__hub_flush(usm_context_t *ctx, usm_time_t now)
{
    usm__hub_t *hub = ctx->hub;
    for (int i = 0; i < KEPT_BACK && hub->kept; i++) {
        usm_hint_t hint;
        apr_thread_mutex_lock(hub->lock);
        sent_t *sent = &hub->sent[i];
        int due = sent->again && now - sent->at >= USM_HINT_QUIET_MS;
        if (due) {
            hub->kept--;
            sent->again = 0;
            sent->at = now;
            hint = sent->hint;
            deliver(hub, &hint, now);
        }
        apr_thread_mutex_unlock(hub->lock);
        if (due && hub->fn)
            hub->fn(hub->baton, &hint);
    }
}

void usm_hint_listen(usm_context_t *ctx, usm_hint_fn fn, void *baton)
{
    ctx->hub->fn = fn;
    ctx->hub->baton = baton;
}

void usm__hint_own(usm_session_t *session, const char *folder, usm_hint_kind_e kind)
{
    usm_hint_t hint;
    usm_hint_for_user(&hint, session->user, folder, kind);
    usm_hint_raise(session->ctx, &hint);
}

void usm__hint_found(usm_session_t *session, const char *folder)
{
    if (usm__now() - usm__hinted_at(session, folder) > ECHO_MS)
        usm__hint_own(session, folder, USM_HINT_ITEMS);
}
