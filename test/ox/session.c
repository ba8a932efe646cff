/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sys/random.h>
#include "server.h"
#include "modules.h"

/* Module login and the session checks of spec 1.2 - 1.5. */

static GMutex lock;
static GHashTable *sessions;  /* id -> struct oxd_session *, holds one reference each */
static GHashTable *auth_ids;

static void hex_id(char out[33])
{
    unsigned char raw[16];

    if (getrandom(raw, sizeof(raw), 0) != (ssize_t)sizeof(raw))
        g_error("no random bytes");
    for (int i = 0; i < 16; i++)
        g_snprintf(out + i * 2, 3, "%02x", raw[i]);
}

static void cookie_hash(char out[17], const char *client, const char *user_agent)
{
    uint64_t h = 14695981039346656037u;

    for (const char *p = client; *p; p++)
        h = (h ^ (unsigned char)*p) * 1099511628211u;
    h = (h ^ 0xff) * 1099511628211u;
    for (const char *p = user_agent; *p; p++)
        h = (h ^ (unsigned char)*p) * 1099511628211u;
    g_snprintf(out, 17, "%016" G_GINT64_MODIFIER "x", h);
}

/* The value of a cookie: true if it is there and equals want (or want is NULL, then *value is set; g_free). */
static bool cookie_is(const char *cookies, const char *name, const char *want, char **value)
{
    size_t n = strlen(name);

    for (const char *p = cookies; *p;) {
        const char *end;

        p += strspn(p, "; ");
        end = p + strcspn(p, ";");
        if (!strncmp(p, name, n) && p[n] == '=') {
            size_t len = (size_t)(end - p) - n - 1;

            if (want)
                return len == strlen(want) && !memcmp(p + n + 1, want, len);
            *value = g_strndup(p + n + 1, len);
            return true;
        }
        p = end;
    }
    return false;
}

void oxd_session_unref(struct oxd_session *s)
{
    if (!s || !g_atomic_int_dec_and_test(&s->refs))
        return;
    g_free(s->client);
    g_free(s->user_agent);
    g_free(s->ip);
    g_free(s);
}

static void unref_row(void *s)
{
    oxd_session_unref(s);
}

static void tables(void)
{
    if (!sessions) {
        sessions = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, unref_row);
        auth_ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    }
}

static struct oxd_session *session_find(const char *id)
{
    struct oxd_session *s;

    g_mutex_lock(&lock);
    tables();
    s = g_hash_table_lookup(sessions, id);
    if (s) {
        g_atomic_int_inc(&s->refs);
        s->last = oxd_now();
    }
    g_mutex_unlock(&lock);
    return s;
}

static bool ip_tolerated(const struct oxd_session *s, const struct oxd_req *req)
{
    const json_t *list = oxd_switch("ip-whitelist"), *entry;
    size_t i;
    bool same;

    g_mutex_lock(&lock);
    same = !strcmp(s->ip, req->peer_ip);
    g_mutex_unlock(&lock);
    if (same)
        return true;
    json_array_foreach(list, i, entry) {
        const char *pattern = json_string_value(entry);

        if (pattern && (!strcmp(pattern, req->peer_ip) || g_pattern_match_simple(pattern, s->client)))
            return true;
    }
    return false;
}

static int check_ip(struct oxd_req *req, struct oxd_session *s)
{
    const json_t *on = oxd_switch("ip-check");

    if (on ? json_is_true(on) : oxd_options.ip_check) {
        if (ip_tolerated(s, req))
            return 0;
        return oxd_fail(req, "SES-0205",
                        "Request to server was refused. Original client IP address changed. Please try again.\n"
                        "Client login IP changed from %s to %s and is not covered by IP white-list or netmask.",
                        s->ip, req->peer_ip);
    }
    if (!g_str_has_prefix(s->client, "USM-EAS") && !g_str_has_prefix(s->client, "USM-JSON")) {
        g_mutex_lock(&lock);
        g_free(s->ip);
        s->ip = g_strdup(req->peer_ip);
        g_mutex_unlock(&lock);
    }
    return 0;
}

int oxd_req_zone(struct oxd_req *req)
{
    const char *name = oxd_param(req, "timezone");

    req->tz = req->user ? req->user->zone : NULL;
    if (!name || !*name)
        return 0;
    req->tz = oxd_zone(name);
    return req->tz ? 0 : oxd_fail(req, "SVL-0004", "Unknown time zone: %s", name);
}

int oxd_session_check(struct oxd_req *req)
{
    const char *id = oxd_param(req, "session");
    char hash[17], name[64];
    struct oxd_session *s;
    bool good;

    if (!id || !*id)
        return oxd_fail(req, "SES-0201", NULL);
    s = session_find(id);
    if (!s)
        return oxd_fail(req, "SES-0203", "Your session %s expired. Please start a new browser session.", id);
    req->session = s;
    cookie_hash(hash, s->client, req->user_agent);
    g_snprintf(name, sizeof(name), "open-xchange-secret-%s", hash);
    g_mutex_lock(&lock);
    good = cookie_is(req->cookie, name, s->secret, NULL);
    g_mutex_unlock(&lock);
    if (!good)
        return oxd_fail(req, "SES-0206", NULL);
    req->ctx = oxd_ctx_find(s->ctx_id);
    req->user = req->ctx ? oxd_user_find(req->ctx, s->user_id) : NULL;
    if (!req->user || req->user->disabled)
        return oxd_fail(req, "SES-0203", "Your session %s expired. Please start a new browser session.", id);
    if (req->ctx->locked)
        return oxd_fail(req, "SES-0204", NULL);
    if (check_ip(req, s) < 0)
        return -1;
    return oxd_req_zone(req);
}

/* ---- making sessions ---- */

static void add_cookie(struct oxd_req *req, const char *name, const char *hash, const char *value)
{
    if (!req->reply.cookies)
        req->reply.cookies = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(req->reply.cookies, g_strdup_printf("%s%s=%s; Path=/; HttpOnly", name, hash, value));
}

static void login_cookies(struct oxd_req *req, const struct oxd_session *s)
{
    char hash[17];
    char *jsession = g_strdup_printf("%.20s.APP1", s->id);

    cookie_hash(hash, s->client, s->user_agent);
    add_cookie(req, "JSESSIONID", "", jsession);
    add_cookie(req, "open-xchange-secret-", hash, s->secret);
    if (g_ascii_strcasecmp(s->user_agent, "Open-Xchange USM HTTP Client"))
        add_cookie(req, "open-xchange-public-session-", hash, s->secret);
    g_free(jsession);
}

static int login_answer(struct oxd_req *req, const struct oxd_session *s, const struct oxd_user *user)
{
    login_cookies(req, s);
    return oxd_reply_bare(req, json_pack("{s:s, s:s, s:i, s:i, s:s}", "session", s->id, "user", user->login, "user_id",
                                         user->id, "context_id", user->ctx->id, "locale", user->locale));
}

static int sessions_of(const struct oxd_user *user)
{
    GHashTableIter it;
    void *value;
    int n = 0;

    g_hash_table_iter_init(&it, sessions);
    while (g_hash_table_iter_next(&it, NULL, &value)) {
        const struct oxd_session *s = value;

        n += s->user_id == user->id && s->ctx_id == user->ctx->id;
    }
    return n;
}

static bool auth_id_used(const char *id)
{
    bool used;

    if (!id)
        return false;
    g_mutex_lock(&lock);
    tables();
    if (g_hash_table_size(auth_ids) > 100000)
        g_hash_table_remove_all(auth_ids);
    used = !g_hash_table_add(auth_ids, g_strdup(id));
    g_mutex_unlock(&lock);
    return used;
}

static bool password_in_query(const struct oxd_req *req)
{
    for (guint i = 0; i < req->nquery; i++)
        if (!strcmp(g_array_index(req->params, struct oxd_param, i).name, "password"))
            return true;
    return false;
}

static int do_login(struct oxd_req *req)
{
    const char *name, *password, *client = oxd_param(req, "client"), *ip = oxd_param(req, "clientIP");
    const char *agent = oxd_param(req, "clientUserAgent");
    const json_t *max = NULL;
    struct oxd_session *s;
    struct oxd_user *user;
    int limit;

    if (password_in_query(req))
        return oxd_fail(req, "SVL-0001", "The password must not be sent in the query string.");
    name = oxd_param_need(req, "name");
    password = name ? oxd_param_need(req, "password") : NULL;
    if (!password)
        return -1;
    if (auth_id_used(oxd_param(req, "authId")))
        return oxd_fail(req, "SES-0008", "Login with authId %s was already made.", oxd_param(req, "authId"));
    user = oxd_user_by_login(name);
    if (!user || user->disabled || strcmp(user->password, password))
        return oxd_fail(req, "LGI-0006", "Invalid credentials.");
    if (user->ctx->locked)
        return oxd_fail(req, "SES-0204", NULL);
    max = oxd_switch("max-sessions");
    limit = json_is_integer(max) ? (int)json_integer_value(max) : oxd_options.max_sessions;
    s = g_new0(struct oxd_session, 1);
    s->refs = 1;
    hex_id(s->id);
    hex_id(s->secret);
    s->client = g_strdup(client ? client : "default");
    s->user_agent = g_strdup(agent ? agent : req->user_agent);
    s->ip = g_strdup(ip && *ip ? ip : req->peer_ip);
    s->ctx_id = user->ctx->id;
    s->user_id = user->id;
    s->last = oxd_now();
    req->session = s;
    req->user = user;
    g_mutex_lock(&lock);
    tables();
    if (sessions_of(user) >= limit) {
        g_mutex_unlock(&lock);
        return oxd_fail(req, "SES-0007", "Max. session size for user %d in context %d exceeded", user->id,
                        user->ctx->id);
    }
    g_atomic_int_inc(&s->refs);
    g_hash_table_insert(sessions, s->id, s);
    g_mutex_unlock(&lock);
    return login_answer(req, s, user);
}

static int do_logout(struct oxd_req *req)
{
    if (oxd_session_check(req) < 0)
        return oxd_reply_status(req, 403, "Forbidden");
    g_mutex_lock(&lock);
    g_hash_table_remove(sessions, req->session->id);
    g_mutex_unlock(&lock);
    return oxd_reply_empty(req);
}

static int do_store(struct oxd_req *req)
{
    char hash[17];

    if (oxd_session_check(req) < 0)
        return -1;
    cookie_hash(hash, req->session->client, req->session->user_agent);
    add_cookie(req, "open-xchange-session-", hash, req->session->id);
    return oxd_reply_bare(req, json_object());
}

static int do_autologin(struct oxd_req *req)
{
    const char *client = oxd_param(req, "client");
    char hash[17], name[64], *id = NULL;
    struct oxd_param p = {"session", NULL};

    if (auth_id_used(oxd_param(req, "authId")))
        return oxd_fail(req, "SES-0008", "This login attempt was already made.");
    cookie_hash(hash, client ? client : "default", req->user_agent);
    g_snprintf(name, sizeof(name), "open-xchange-session-%s", hash);
    if (!cookie_is(req->cookie, name, NULL, &id))
        return oxd_fail(req, "LGI-0016", "There is no autologin cookie.");
    p.value = oxd_req_strdup(req, id);
    g_free(id);
    g_array_prepend_val(req->params, p);
    if (oxd_session_check(req) < 0)
        return -1;
    return login_answer(req, req->session, req->user);
}

static int do_refresh_secret(struct oxd_req *req)
{
    char hash[17];

    if (oxd_session_check(req) < 0)
        return -1;
    g_mutex_lock(&lock);
    hex_id(req->session->secret);
    cookie_hash(hash, req->session->client, req->session->user_agent);
    add_cookie(req, "open-xchange-secret-", hash, req->session->secret);
    g_mutex_unlock(&lock);
    return oxd_reply_empty(req);
}

/* The provider's own call: it must work from an address that is not the session's. */
static int do_changeip(struct oxd_req *req)
{
    const char *ip = oxd_param_need(req, "clientIP"), *id = oxd_param(req, "session");
    struct oxd_session *s = id ? session_find(id) : NULL;
    char hash[17], name[64];
    bool good;

    if (!s)
        return oxd_fail(req, id ? "SES-0203" : "SES-0201", NULL);
    req->session = s;
    cookie_hash(hash, s->client, req->user_agent);
    g_snprintf(name, sizeof(name), "open-xchange-secret-%s", hash);
    g_mutex_lock(&lock);
    good = cookie_is(req->cookie, name, s->secret, NULL);
    if (good && ip) {
        g_free(s->ip);
        s->ip = g_strdup(ip);
    }
    g_mutex_unlock(&lock);
    if (!good)
        return oxd_fail(req, "SES-0206", NULL);
    return ip ? oxd_reply(req, json_string("1"), -1) : -1;
}

/* ---- control ---- */

int oxd_sessions_drop(const struct oxd_user *user)
{
    GHashTableIter it;
    void *value;
    int n = 0;

    g_mutex_lock(&lock);
    tables();
    g_hash_table_iter_init(&it, sessions);
    while (g_hash_table_iter_next(&it, NULL, &value)) {
        const struct oxd_session *s = value;

        if (!user || (s->user_id == user->id && s->ctx_id == user->ctx->id)) {
            g_hash_table_iter_remove(&it);
            n++;
        }
    }
    g_mutex_unlock(&lock);
    return n;
}

int oxd_sessions_spoil(const struct oxd_user *user)
{
    GHashTableIter it;
    void *value;
    int n = 0;

    g_mutex_lock(&lock);
    tables();
    g_hash_table_iter_init(&it, sessions);
    while (g_hash_table_iter_next(&it, NULL, &value)) {
        struct oxd_session *s = value;

        if (!user || (s->user_id == user->id && s->ctx_id == user->ctx->id)) {
            hex_id(s->secret);
            n++;
        }
    }
    g_mutex_unlock(&lock);
    return n;
}

int oxd_session_user(const char *id)
{
    struct oxd_session *s = session_find(id);
    int user = s ? s->user_id : 0;

    oxd_session_unref(s);
    return user;
}

json_t *oxd_sessions_dump(void)
{
    json_t *out = json_array();
    GHashTableIter it;
    void *value;

    g_mutex_lock(&lock);
    tables();
    g_hash_table_iter_init(&it, sessions);
    while (g_hash_table_iter_next(&it, NULL, &value)) {
        const struct oxd_session *s = value;

        json_array_append_new(out, json_pack("{s:s, s:i, s:i, s:s, s:s, s:s, s:I}", "id", s->id, "context", s->ctx_id,
                                             "user", s->user_id, "client", s->client, "userAgent", s->user_agent, "ip",
                                             s->ip, "last", (json_int_t)s->last));
    }
    g_mutex_unlock(&lock);
    return out;
}

static const struct oxs_action actions[] = {
    {"login", 0, do_login},
    {"logout", 0, do_logout},
    {"store", 0, do_store},
    {"autologin", 0, do_autologin},
    {"refreshSecret", 0, do_refresh_secret},
    {"changeip", 0, do_changeip},
    {NULL, 0, NULL},
};

const struct oxs_module oxs_login = {.name = "login", .flags = OXS_NOSESSION | OXS_NOMULTI, .actions = actions};
