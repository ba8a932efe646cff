/* SPDX-License-Identifier: Apache-2.0 */
/* usmctl check: is everything behind the module as it needs it? One line per question. */
#include "tools/ctl.h"

#include <apr_file_io.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <usm/backend.h>

#include "ox/ox_http.h"

#define PASSWORD_MAX 1024
/** A person waits. */
#define CONNECT_TIMEOUT_MS 5000
#define CALL_TIMEOUT_MS 20000

typedef struct check_t {
    ctl_t *ctl;
    apr_pool_t *pool;
    usm_config_t config;
    int faults;
    int https;
} check_t;

static void tell(check_t *c, int ok, const char *what, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
static void tell(check_t *c, int ok, const char *what, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    const char *text = apr_pvsprintf(c->pool, fmt, args);
    va_end(args);
    printf("%-5s  %-12s  %s\n", ok ? "ok" : "fault", what, ctl_shown(text, c->pool));
    fflush(stdout);
    c->faults += !ok;
}

static const char *reason(usm_error_t *err, apr_pool_t *pool)
{
    const char *text = apr_pstrdup(pool, usm_error_text(err, pool));
    usm_error_clear(err);
    return text;
}

/* ---- the questions ---- */

static void check_store(check_t *c)
{
    usm_store_t *store;
    usm_txn_t *txn;
    usm_error_t *err = ctl_store_open(&store, c->ctl);
    if (!err)
        err = store->vt->begin(&txn, store, USM_TXN_WRITE, NULL, c->pool);
    if (!err)
        store->vt->rollback(txn);
    if (err)
        tell(c, 0, "store", "%s", reason(err, c->pool));
    else
        tell(c, 1, "store", "opened for writing, schema version %d", ctl_store_wanted());
}

/* One call that needs no login; any answer will do. */
static usm_error_t *knock(check_t *c, int insecure)
{
    ox_http_t *http;
    ox_rsp_t rsp;
    apr_pool_t *pool;
    const char *url = c->config.backend_url;
    apr_pool_create(&pool, c->pool);
    ox_http_config_t config = {.user_agent = c->config.user_agent,
                               .ca = c->config.backend_ca,
                               .insecure = insecure,
                               .connect_timeout_ms = CONNECT_TIMEOUT_MS,
                               .timeout_ms = CALL_TIMEOUT_MS};
    ox_req_t req = {.method = "GET", .max = 1024 * 1024};
    req.url = apr_pstrcat(pool, url, *url && url[strlen(url) - 1] == '/' ? "" : "/", "system?action=ping", NULL);
    USM_ERR(ox_http_create(&http, &config, pool));
    return ox_http_perform(&rsp, http, &req, NULL, pool);
}

/* Without TLS only this machine may be spoken to. */
static int is_local(const char *url)
{
    static const char *const hosts[] = {"localhost", "127.0.0.1", "[::1]"};
    const char *host = strstr(url, "://");
    for (apr_size_t i = 0; host && i < sizeof hosts / sizeof hosts[0]; i++) {
        apr_size_t len = strlen(hosts[i]);
        if (strncasecmp(host + 3, hosts[i], len) == 0 && strchr("/:", host[3 + len]))
            return 1;
    }
    return 0;
}

/* @return 1 when a password may be sent there. */
static int check_tls(check_t *c, usm_error_t *verified_failed)
{
    if (verified_failed)
        tell(c, 0, "tls", "%s: its certificate must be valid, carry the name of the URL and come from a CA of the "
             "system or of --ca", reason(verified_failed, c->pool));
    else if (c->config.backend_insecure)
        tell(c, 1, "tls", "not checked, as told");
    else if (c->https)
        tell(c, 1, "tls", "certificate verified");
    else if (is_local(c->config.backend_url))
        tell(c, 1, "tls", "not used, the server is on this machine");
    else
        tell(c, 0, "tls", "not used: passwords would travel readable; give an https:// URL (or --insecure)");
    return !verified_failed && (c->https || c->config.backend_insecure || is_local(c->config.backend_url));
}

/* @return 1 when a login may be tried. */
static int check_server(check_t *c)
{
    int insecure = c->config.backend_insecure;
    usm_error_t *err = knock(c, insecure), *unverified = err;
    /* Does it fail for the certificate alone? Nothing secret is sent, so the question is harmless. */
    if (err && c->https && !insecure)
        unverified = knock(c, 1);
    if (unverified) {
        if (unverified != err)
            usm_error_clear(err);
        tell(c, 0, "server", "%s: look at the URL, the name, the firewall, and whether Open-Xchange runs",
             reason(unverified, c->pool));
        tell(c, 0, "tls", "not looked at: no connection");
        return 0;
    }
    tell(c, 1, "server", "%s answers", c->config.backend_url);
    return check_tls(c, err);
}

/* The first line of a file. */
static usm_error_t *read_password(char *password, const char *name, apr_pool_t *pool)
{
    apr_file_t *file;
    apr_status_t status = strcmp(name, "-") == 0 ? apr_file_open_stdin(&file, pool)
                                                 : apr_file_open(&file, name, APR_FOPEN_READ, 0, pool);
    if (status == APR_SUCCESS)
        status = apr_file_gets(password, PASSWORD_MAX, file);
    if (status != APR_SUCCESS)
        return USM_ERROR_APR(pool, status, "no password can be read from %s", name);
    password[strcspn(password, "\r\n")] = '\0';
    return NULL;
}

static usm_error_t *get_password(char *password, check_t *c)
{
    apr_size_t size = PASSWORD_MAX;
    const char *file = c->ctl->opt[CTL_PASSWORD_FILE];
    if (file || !isatty(STDIN_FILENO))
        return read_password(password, file ? file : "-", c->pool);
    apr_status_t status = apr_password_get(apr_psprintf(c->pool, "Password of %s: ", c->ctl->opt[CTL_USER]), password,
                                           &size);
    return status == APR_SUCCESS ? NULL : USM_ERROR_APR(c->pool, status, "no password was given");
}

static usm_error_t *log_in(const char **user_p, check_t *c, const char *password)
{
    const usm_backend_vtable_t *vt = usm_backend_ox();
    usm_backend_t *backend;
    usm_blogin_t *login;
    USM_ERR(vt->create(&backend, &c->config, NULL, c->pool));
    USM_ERR(vt->login(&login, backend, c->ctl->opt[CTL_USER], password, NULL, NULL, c->pool));
    *user_p = apr_pstrdup(c->pool, vt->user(login));
    vt->drop(login); /* logs out */
    vt->release(login);
    return NULL;
}

static const char *advice(const usm_error_t *err)
{
    switch (usm_error_class(err)) {
    case USM_CLASS_AUTH:
        return "try the name and the password in the web interface";
    case USM_CLASS_UNAVAILABLE:
        return "look at the log of Open-Xchange";
    default:
        return "is that the base URL of the HTTP API, with /ajax/ or /appsuite/api/ at the end?";
    }
}

static void check_login(check_t *c)
{
    char password[PASSWORD_MAX] = "";
    const char *user = NULL;
    const char *wanted = c->config.capabilities ? c->config.capabilities : "active_sync,usm";
    usm_error_t *err = get_password(password, c);
    if (!err)
        err = log_in(&user, c, password);
    memset(password, 0, sizeof password);
    if (err && usm_error_is(err, USM_EDISABLED)) {
        tell(c, 1, "login", "accepted");
        tell(c, 0, "capabilities", "%s: enable them for the user, for example by changeuser --access-active-sync on "
             "--access-usm on", reason(err, c->pool));
    } else if (err) {
        const char *todo = advice(err);
        tell(c, 0, "login", "%s: %s", reason(err, c->pool), todo);
        tell(c, 0, "capabilities", "not looked at, for want of a login");
    } else {
        tell(c, 1, "login", "accepted, the user's key is %s", user);
        tell(c, 1, "capabilities", "%s", *wanted ? wanted : "none are asked for");
    }
}

int ctl_check(ctl_t *ctl)
{
    check_t c = {.ctl = ctl, .pool = ctl->pool};
    const char *url = ctl->opt[CTL_OX];
    if (!url)
        return ctl_usage("no groupware server is named: give --ox or --conf");
    if (!ctl->opt[CTL_USER])
        return ctl_usage("check needs --user, the login name of somebody to try with");
    c.https = strncasecmp(url, "https://", 8) == 0;
    if (!c.https && strncasecmp(url, "http://", 7) != 0)
        return ctl_usage("--ox must begin with https:// or http://");
    c.config = (usm_config_t){.backend_url = url,
                              .backend_ca = ctl->opt[CTL_CA],
                              .backend_insecure = ctl->opt[CTL_INSECURE] != NULL,
                              .connect_timeout_ms = CONNECT_TIMEOUT_MS,
                              .timeout_ms = CALL_TIMEOUT_MS,
                              .client_id = ctl->opt[CTL_CLIENT_ID],
                              .user_agent = ctl->opt[CTL_USER_AGENT],
                              .capabilities = ctl->opt[CTL_CAPABILITIES]};
    check_store(&c);
    if (check_server(&c)) {
        check_login(&c);
    } else {
        tell(&c, 0, "login", "not tried: first mend the fault above");
        tell(&c, 0, "capabilities", "not looked at, for want of a login");
    }
    return c.faults ? CTL_FAULT : CTL_OK;
}
