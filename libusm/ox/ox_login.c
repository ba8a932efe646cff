/* SPDX-License-Identifier: Apache-2.0 */
#include "ox/ox.h"

#include <apr_atomic.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <string.h>

#define CLIENT_VERSION "1.0"
#define LOGOUT_TIMEOUT_MS 5000

/* ---- session and cookies of a login ---- */

/* Caller holds the lock, or is alone. */
static void set_state(usm_blogin_t *login, const char *session, const char *cookies)
{
    apr_pool_t *pool;
    apr_pool_create(&pool, login->pool);
    apr_pool_tag(pool, "ox_login state");
    session = apr_pstrdup(pool, session);
    cookies = apr_pstrdup(pool, cookies);
    if (login->state_pool)
        apr_pool_destroy(login->state_pool);
    login->state_pool = pool;
    login->session = session;
    login->cookies = cookies;
}

/* Set-Cookie values laid over a Cookie header: same name replaces. */
static const char *merge_cookies(const char *old, const apr_array_header_t *set, apr_pool_t *pool)
{
    apr_array_header_t *all = apr_array_make(pool, 8, sizeof(const char *));
    char *copy = apr_pstrdup(pool, old), *next;
    for (char *one = copy; *one; one = next) {
        next = strstr(one, "; ");
        if (next) {
            *next = '\0';
            next += 2;
        } else {
            next = one + strlen(one);
        }
        APR_ARRAY_PUSH(all, const char *) = one;
    }
    for (int i = 0; set && i < set->nelts; i++) {
        const char *cookie = APR_ARRAY_IDX(set, i, const char *);
        apr_size_t name_len = (apr_size_t)(strchr(cookie, '=') - cookie) + 1;
        int k = 0;
        while (k < all->nelts && strncmp(APR_ARRAY_IDX(all, k, const char *), cookie, name_len) != 0)
            k++;
        if (k == all->nelts)
            apr_array_push(all);
        APR_ARRAY_IDX(all, k, const char *) = cookie;
    }
    const char *text = "";
    for (int i = 0; i < all->nelts; i++)
        text = apr_pstrcat(pool, text, i ? "; " : "", APR_ARRAY_IDX(all, i, const char *), NULL);
    return text;
}

void ox_login_snap(ox_snap_t *snap, usm_blogin_t *login, apr_pool_t *pool)
{
    apr_thread_mutex_lock(login->lock);
    snap->session = apr_pstrdup(pool, login->session);
    snap->cookies = apr_pstrdup(pool, login->cookies);
    snap->generation = login->generation;
    apr_thread_mutex_unlock(login->lock);
}

void ox_login_cookies(usm_blogin_t *login, const ox_snap_t *snap, const apr_array_header_t *set, apr_pool_t *pool)
{
    if (!set)
        return;
    apr_thread_mutex_lock(login->lock);
    if (login->generation == snap->generation) {
        const char *merged = merge_cookies(login->cookies, set, pool);
        if (strcmp(merged, login->cookies) != 0)
            set_state(login, apr_pstrdup(pool, login->session), merged);
    }
    apr_thread_mutex_unlock(login->lock);
}

static usm_error_t *login_make(usm_blogin_t **login_p, ox_backend_t *be, int context_id, int user_id,
                               const char *session, const char *cookies, apr_pool_t *scratch_pool)
{
    apr_pool_t *pool;
    if (apr_pool_create_unmanaged_ex(&pool, NULL, NULL) != APR_SUCCESS)
        return USM_ERROR(scratch_pool, USM_ENOMEM, "cannot make a login");
    apr_pool_tag(pool, "ox_login");
    usm_blogin_t *login = apr_pcalloc(pool, sizeof *login);
    login->be = be;
    login->pool = pool;
    login->refs = 1;
    login->context_id = context_id;
    login->user_id = user_id;
    login->user = apr_psprintf(pool, "%d/%d", context_id, user_id);
    if (apr_thread_mutex_create(&login->lock, APR_THREAD_MUTEX_DEFAULT, pool) != APR_SUCCESS) {
        apr_pool_destroy(pool);
        return USM_ERROR(scratch_pool, USM_ENOMEM, "cannot make a login");
    }
    set_state(login, session, cookies);
    *login_p = login;
    return NULL;
}

/* ---- the login call ---- */

/* What a login answered. */
typedef struct fresh_t {
    const char *session, *cookies;
    int context_id, user_id;
} fresh_t;

static usm_error_t *login_error(const ox_json_t *root, apr_pool_t *pool)
{
    usm_error_t *err = ox_error_of(root, pool);
    if (!err)
        return NULL;
    /* At the door a user error means the credentials; sessions that are full mean "later". */
    if (strncmp(ox_error_code(root), "SES-", 4) == 0)
        return USM_ERROR(pool, USM_EUNAVAILABLE, "login is not possible now: %s", usm_error_text(err, pool));
    if (usm_error_code(err) == USM_EINVALID || usm_error_code(err) == USM_EFORBIDDEN)
        return USM_ERROR(pool, USM_EAUTH, "%s", usm_error_text(err, pool));
    return err;
}

static const char *trace_id(apr_pool_t *pool)
{
    unsigned char raw[12];
    char *hex = apr_palloc(pool, 2 * sizeof raw + 1);
    if (apr_generate_random_bytes(raw, sizeof raw) != APR_SUCCESS)
        return NULL;
    for (apr_size_t i = 0; i < sizeof raw; i++)
        apr_snprintf(hex + 2 * i, 3, "%02x", raw[i]);
    return hex;
}

static usm_error_t *login_call(fresh_t *fresh, ox_backend_t *be, const char *name, const char *password,
                               usm_stats_t *stats, apr_pool_t *pool)
{
    ox_rsp_t rsp;
    ox_req_t req = {.method = "POST", .content_type = "application/x-www-form-urlencoded", .max = 1024 * 1024};
    req.url = apr_pstrcat(pool, be->base_url, ox_path(pool, "login", "action", "login", "authId", trace_id(pool), NULL),
                          NULL);
    req.body = apr_pstrcat(pool, "name=", ox_http_escape(name, pool), "&password=", ox_http_escape(password, pool),
                           "&client=", ox_http_escape(be->client_id, pool), "&version=" CLIENT_VERSION, NULL);
    req.body_len = strlen(req.body);
    usm_error_t *err = ox_http_perform(&rsp, be->http, &req, stats, pool);
    memset((char *)req.body, 0, req.body_len);
    USM_ERR_W(err, "login");
    if (stats)
        stats->backend_logins++;
    ox_json_t *root = ox_json_parse(rsp.body, rsp.len, pool);
    if (!ox_json_is_object(root))
        return USM_ERROR(pool, USM_EBACKEND, "login: HTTP %d without JSON", rsp.status);
    USM_ERR(login_error(root, pool));
    fresh->session = ox_json_get_text(root, "session", pool);
    fresh->context_id = (int)ox_json_int(ox_json_get(root, "context_id"), -1);
    fresh->user_id = (int)ox_json_int(ox_json_get(root, "user_id"), -1);
    fresh->cookies = merge_cookies("", rsp.cookies, pool);
    if (!fresh->session || !*fresh->session || fresh->context_id < 0 || fresh->user_id < 0)
        return USM_ERROR(pool, USM_EBACKEND, "login: answer without session or ids");
    return NULL;
}

static void logout(ox_backend_t *be, const char *session, const char *cookies, apr_pool_t *pool)
{
    ox_rsp_t rsp;
    ox_req_t req = {.method = "GET", .cookies = cookies, .timeout_ms = LOGOUT_TIMEOUT_MS, .max = 1024 * 1024};
    req.url = apr_pstrcat(pool, be->base_url, ox_path(pool, "login", "action", "logout", "session", session, NULL),
                          NULL);
    usm_error_clear(ox_http_perform(&rsp, be->http, &req, NULL, pool));
}

/* ---- capabilities ---- */

static int granted(const ox_json_t *data, const char *want)
{
    if (ox_json_is_object(data)) {
        const char *id = ox_json_str(ox_json_get(data, "id"), NULL);
        return id && strcmp(id, want) == 0;
    }
    for (int i = 0; i < ox_json_count(data); i++) {
        const ox_json_t *one = ox_json_at(data, i);
        const char *id = ox_json_str(ox_json_is_object(one) ? ox_json_get(one, "id") : one, NULL);
        if (id && strcmp(id, want) == 0)
            return 1;
    }
    return 0;
}

static usm_error_t *check_capabilities(usm_bcall_t *call, apr_pool_t *pool)
{
    const ox_backend_t *be = call->login->be;
    ox_answer_t answer;
    char *list = apr_pstrdup(pool, be->capabilities), *state = NULL;
    if (!*list)
        return NULL;
    usm_error_t *err = ox_get(&answer, call, ox_path(pool, "capabilities", "action", "all", NULL), pool);
    if (err && usm_error_class(err) == USM_CLASS_UNAVAILABLE)
        return err;
    if (err)
        return USM_ERROR(pool, USM_EDISABLED, "capabilities cannot be read: %s", usm_error_text(err, pool));
    for (char *want = apr_strtok(list, ", ", &state); want; want = apr_strtok(NULL, ", ", &state)) {
        if (!granted(answer.data, want))
            return USM_ERROR(pool, USM_EDISABLED, "user %s lacks the capability %s", call->login->user, want);
    }
    return NULL;
}

/* ---- the backend's functions ---- */

usm_error_t *ox_login(usm_blogin_t **login_p, usm_backend_t *backend, const char *name, const char *password,
                      const usm_log_t *log, usm_stats_t *stats, apr_pool_t *scratch_pool)
{
    ox_backend_t *be = (ox_backend_t *)backend;
    usm_blogin_t *login;
    fresh_t fresh;
    if (!name || !*name || !password)
        return USM_ERROR(scratch_pool, USM_EAUTH, "login without name or password");
    USM_ERR(login_call(&fresh, be, name, password, stats, scratch_pool));
    USM_ERR(login_make(&login, be, fresh.context_id, fresh.user_id, fresh.session, fresh.cookies, scratch_pool));
    usm_bcall_t call = {.backend = backend, .login = login, .log = log, .stats = stats};
    usm_error_t *err = check_capabilities(&call, scratch_pool);
    if (err) {
        ox_login_drop(login);
        ox_login_release(login);
        return err;
    }
    *login_p = login;
    return NULL;
}

usm_error_t *ox_login_again(usm_bcall_t *call, unsigned generation, apr_pool_t *pool)
{
    usm_blogin_t *login = call->login;
    fresh_t fresh;
    usm_error_t *err = NULL;
    if (!call->name || !call->password)
        return USM_ERROR(pool, USM_EAUTH, "session of user %s is gone and no password is at hand", login->user);
    /* The lock is held over the call on purpose: nobody else can do anything with this login meanwhile, and whoever
     * waits finds the new session. */
    apr_thread_mutex_lock(login->lock);
    if (login->generation == generation) {
        err = login_call(&fresh, login->be, call->name, call->password, call->stats, pool);
        if (!err && (fresh.context_id != login->context_id || fresh.user_id != login->user_id)) {
            logout(login->be, fresh.session, fresh.cookies, pool);
            err = USM_ERROR(pool, USM_EAUTH, "login name now belongs to another user than %s", login->user);
        }
        if (!err) {
            set_state(login, fresh.session, fresh.cookies);
            login->generation++;
            call->renewed = 1;
        }
    }
    apr_thread_mutex_unlock(login->lock);
    usm_log(call->log, USM_LOG_DEBUG, 302, "OX session of user %s had gone: %s", login->user,
            err ? "login refused" : "logged in again");
    return err;
}

const char *ox_login_freeze(usm_blogin_t *login, apr_pool_t *pool)
{
    ox_snap_t snap;
    ox_json_t *frozen = ox_json_object(pool);
    ox_login_snap(&snap, login, pool);
    ox_json_set_int(frozen, "v", 1);
    ox_json_set_text(frozen, "session", snap.session);
    ox_json_set_text(frozen, "cookies", snap.cookies);
    ox_json_set_int(frozen, "context", login->context_id);
    ox_json_set_int(frozen, "user", login->user_id);
    return ox_json_dump(NULL, frozen, pool);
}

usm_error_t *ox_login_resume(usm_blogin_t **login_p, usm_backend_t *backend, const char *frozen,
                             apr_pool_t *scratch_pool)
{
    ox_json_t *f = ox_json_parse(frozen, strlen(frozen), scratch_pool);
    const char *session = ox_json_get_text(f, "session", scratch_pool);
    const char *cookies = ox_json_get_text(f, "cookies", scratch_pool);
    int context_id = (int)ox_json_int(ox_json_get(f, "context"), -1);
    int user_id = (int)ox_json_int(ox_json_get(f, "user"), -1);
    if (ox_json_int(ox_json_get(f, "v"), 0) != 1 || !session || !cookies || context_id < 0 || user_id < 0)
        return USM_ERROR(scratch_pool, USM_EINVALID, "stored session is not readable");
    return login_make(login_p, (ox_backend_t *)backend, context_id, user_id, session, cookies, scratch_pool);
}

void ox_login_retain(usm_blogin_t *login)
{
    apr_atomic_inc32(&login->refs);
}

void ox_login_release(usm_blogin_t *login)
{
    if (apr_atomic_dec32(&login->refs) != 0)
        return;
    if (apr_atomic_read32(&login->dropped))
        logout(login->be, login->session, login->cookies, login->pool);
    apr_pool_destroy(login->pool);
}

void ox_login_drop(usm_blogin_t *login)
{
    apr_atomic_set32(&login->dropped, 1);
}

const char *ox_login_user(const usm_blogin_t *login)
{
    return login->user;
}

/* ---- who the user is ---- */

static void add_address(apr_array_header_t *list, const char *address)
{
    if (!address || !*address)
        return;
    for (int i = 0; i < list->nelts; i++) {
        if (strcasecmp(APR_ARRAY_IDX(list, i, const char *), address) == 0)
            return;
    }
    APR_ARRAY_PUSH(list, const char *) = address;
}

static void add_addresses(apr_array_header_t *list, const ox_json_t *addresses, apr_pool_t *pool)
{
    for (int i = 0; i < ox_json_count(addresses); i++)
        add_address(list, ox_json_text(ox_json_at(addresses, i), pool));
}

usm_error_t *ox_userinfo(usm_userinfo_t *info, usm_bcall_t *call, apr_pool_t *pool)
{
    ox_answer_t user, mail;
    memset(info, 0, sizeof *info);
    USM_ERR(ox_get(&user, call, ox_path(pool, "user", "action", "get", "timezone", "UTC", NULL), pool));
    USM_ERR(ox_get(&mail, call, "config/mail", pool));
    apr_array_header_t *list = apr_array_make(pool, 4, sizeof(const char *));
    info->display_name = ox_json_get_text(user.data, "display_name", pool);
    info->timezone = ox_json_get_text(user.data, "timezone", pool);
    add_address(list, ox_json_get_text(mail.data, "sendaddress", pool));
    add_address(list, ox_json_get_text(mail.data, "defaultaddress", pool));
    add_address(list, ox_json_get_text(user.data, "email1", pool));
    add_addresses(list, ox_json_get(mail.data, "addresses"), pool);
    add_addresses(list, ox_json_get(user.data, "aliases"), pool);
    if (!info->display_name)
        info->display_name = "";
    if (!info->timezone)
        info->timezone = "UTC";
    info->primary_address = list->nelts ? APR_ARRAY_IDX(list, 0, const char *) : "";
    info->address_count = list->nelts;
    info->addresses = (const char **)list->elts;
    return NULL;
}

usm_error_t *ox_login_sent_folder(const char **id_p, usm_bcall_t *call, apr_pool_t *pool)
{
    usm_blogin_t *login = call->login;
    ox_answer_t answer;
    apr_thread_mutex_lock(login->lock);
    *id_p = login->sent_folder;
    apr_thread_mutex_unlock(login->lock);
    if (*id_p)
        return NULL;
    USM_ERR(ox_get(&answer, call, "config/mail", pool));
    const char *id = ox_json_get_text(ox_json_get(answer.data, "folder"), "sent", pool);
    if (!id)
        return USM_ERROR(pool, USM_ENOTFOUND, "user %s has no Sent folder", login->user);
    apr_thread_mutex_lock(login->lock);
    if (!login->sent_folder)
        login->sent_folder = apr_pstrdup(login->pool, id);
    *id_p = login->sent_folder;
    apr_thread_mutex_unlock(login->lock);
    return NULL;
}

/* ---- what was found out a moment ago ---- */

#define SEEN_MAX 500

void ox_login_note(usm_blogin_t *login, const char *what, usm_time_t when)
{
    apr_thread_mutex_lock(login->lock);
    if (login->seen && apr_hash_count(login->seen) >= SEEN_MAX) {
        apr_pool_destroy(login->seen_pool);
        login->seen = NULL;
    }
    if (!login->seen) {
        apr_pool_create(&login->seen_pool, login->pool);
        login->seen = apr_hash_make(login->seen_pool);
    }
    usm_time_t *at = apr_hash_get(login->seen, what, APR_HASH_KEY_STRING);
    if (!at) {
        at = apr_palloc(login->seen_pool, sizeof *at);
        apr_hash_set(login->seen, apr_pstrdup(login->seen_pool, what), APR_HASH_KEY_STRING, at);
    }
    *at = when;
    apr_thread_mutex_unlock(login->lock);
}

usm_time_t ox_login_noted(usm_blogin_t *login, const char *what)
{
    apr_thread_mutex_lock(login->lock);
    const usm_time_t *at = login->seen ? apr_hash_get(login->seen, what, APR_HASH_KEY_STRING) : NULL;
    usm_time_t when = at ? *at : 0;
    apr_thread_mutex_unlock(login->lock);
    return when;
}
