/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The authn provider "ox" for AuthBasicProvider. mod_auth_basic answers 500 when a provider fails, and devices would
 * take a 401 for a wrong password: so where "ox" is the only provider a hook before mod_auth_basic does the login and
 * answers outages with 503. The provider then finds the result.
 */
#include "ap_eas.h"

#include <apr_cstr.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>
#include <mod_auth.h>
#include <mod_ssl.h>
#include <string.h>

APLOG_USE_MODULE(eas);

#define PROVIDER "ox"
#define NAME_MAX_LEN 256
#define PASSWORD_MAX_LEN 1024

static APR_OPTIONAL_FN_TYPE(ssl_is_https) * is_https;

int eas_ap_is_tls(request_rec *r)
{
    const char *https = apr_table_get(r->subprocess_env, "HTTPS");

    if (is_https != NULL && is_https(r->connection)) {
        return 1;
    }
    return https != NULL && apr_cstr_casecmp(https, "on") == 0;
}

eas_ap_state_t *eas_ap_state(request_rec *r)
{
    eas_ap_state_t *state = ap_get_module_config(r->request_config, &eas_module);

    if (state == NULL) {
        state = apr_pcalloc(r->pool, sizeof(*state));
        eas_ap_log_request(&state->log, r);
        ap_set_module_config(r->request_config, &eas_module, state);
    }
    return state;
}

static const char *login_name(request_rec *r, const char *user)
{
    const char *slash = strchr(user, '\\');

    user = eas_ap_dir(r)->conf->login_strip_domain && slash != NULL ? slash + 1 : user;
    return eas_utf8(user, r->pool);
}

/* Tries the credentials once per request; login or error are in the state then. */
static eas_ap_state_t *login(request_rec *r, const char *user, const char *password)
{
    eas_ap_state_t *state = eas_ap_state(r);
    usm_context_t *usm;

    user = login_name(r, user);
    password = eas_utf8(password, r->pool);
    if (state->tried && strcmp(state->user, user) == 0 && strcmp(state->password, password) == 0) {
        return state;
    }
    state->tried = 1;
    state->user = user;
    state->password = password;
    state->login = NULL;
    state->error = NULL;
    if (*user == '\0' || strlen(user) > NAME_MAX_LEN || *password == '\0' || strlen(password) > PASSWORD_MAX_LEN) {
        state->error = USM_ERROR(r->pool, USM_EAUTH, "name or password is empty or too long");
        return state;
    }
    state->error = eas_ap_context(&usm, eas_ap_dir(r)->conf, r->pool);
    if (state->error == NULL) {
        state->error = usm_login(&state->login, usm, user, password, &state->log, r->pool);
    }
    return state;
}

/* A user who is not enabled has given the right password: the handler tells what the matter is. */
static int is_known(const eas_ap_state_t *state)
{
    return state->login != NULL || usm_error_is(state->error, USM_EDISABLED);
}

static int is_refused(const eas_ap_state_t *state)
{
    return state->login == NULL && usm_error_class(state->error) == USM_CLASS_AUTH;
}

static authn_status check_password(request_rec *r, const char *user, const char *password)
{
    eas_ap_state_t *state = login(r, user, password);

    if (is_known(state)) {
        return AUTH_GRANTED;
    }
    if (is_refused(state)) {
        usm_log(&state->log, USM_LOG_INFO, EASLOGNO(30), "login of %s from %s refused", state->user, r->useragent_ip);
        return AUTH_DENIED;
    }
    usm_log(&state->log, USM_LOG_ERR, EASLOGNO(31), "login of %s cannot be checked: %s", state->user,
            usm_error_text(state->error, r->pool));
    return AUTH_GENERAL_ERROR;
}

static int check_authn(request_rec *r)
{
    const eas_ap_dir_t *dir = eas_ap_dir(r);
    const char *type = ap_auth_type(r);
    const char *user, *password;
    eas_ap_state_t *state;

    if (!dir->has_ox || type == NULL || apr_cstr_casecmp(type, "Basic") != 0) {
        return DECLINED;
    }
    if (dir->conf->require_tls && !eas_ap_is_tls(r)) {
        usm_log(&eas_ap_state(r)->log, USM_LOG_INFO, EASLOGNO(32),
                "refused: EASRequireTLS is on, the request is not TLS");
        return HTTP_FORBIDDEN;
    }
    if (dir->providers != 1 || ap_get_basic_auth_components(r, &user, &password) != APR_SUCCESS || user == NULL ||
        password == NULL) {
        return DECLINED;
    }
    state = login(r, user, password);
    if (is_known(state) || is_refused(state)) {
        return DECLINED;
    }
    if (usm_error_class(state->error) == USM_CLASS_INTERNAL) {
        usm_log(&state->log, USM_LOG_ERR, EASLOGNO(33), "%s", usm_error_text(state->error, r->pool));
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    usm_log(&state->log, USM_LOG_WARNING, EASLOGNO(34), "login of %s: %s", state->user,
            usm_error_text(state->error, r->pool));
    apr_table_setn(r->err_headers_out, "Retry-After",
                   apr_psprintf(r->pool, "%" APR_INT64_T_FMT, dir->conf->retry_after));
    return HTTP_SERVICE_UNAVAILABLE;
}

static void find_ssl(void)
{
    is_https = APR_RETRIEVE_OPTIONAL_FN(ssl_is_https);
}

void eas_ap_auth_register(apr_pool_t *pool)
{
    static const authn_provider provider = {check_password, NULL};
    static const char *const before[] = {"mod_auth_basic.c", NULL};

    ap_hook_optional_fn_retrieve(find_ssl, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_check_authn(check_authn, NULL, before, APR_HOOK_FIRST, AP_AUTH_INTERNAL_PER_CONF);
    ap_register_auth_provider(pool, AUTHN_PROVIDER_GROUP, PROVIDER, AUTHN_PROVIDER_VERSION, &provider,
                              AP_AUTH_INTERNAL_PER_CONF);
}
