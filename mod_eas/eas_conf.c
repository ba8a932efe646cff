/* SPDX-License-Identifier: Apache-2.0 */
#include "eas_conf.h"

#include <apr_cstr.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_uri.h>
#include <stddef.h>
#include <string.h>

#include "eas_rules.h"

static const eas_directive_t directives[EAS_DIRECTIVE_COUNT] = {
#define EAS_DIRECTIVE(name_, field_, kind_, group_, default_, min_, max_, help_)                                       \
    [EAS_DIRECTIVE_##                                                                                                  \
        field_] = {#name_, help_, EAS_DIRECTIVE_##field_,      EAS_KIND_##kind_, EAS_GROUP_##group_, default_,         \
                   min_,   max_,  offsetof(eas_conf_t, field_)},
#include "tbl/directives.h"
};

static int is_number(eas_kind_t kind)
{
    return kind == EAS_KIND_FLAG || kind == EAS_KIND_NUMBER || kind == EAS_KIND_BYTES || kind == EAS_KIND_CHOICE;
}

static apr_int64_t *number_of(eas_conf_t *conf, const eas_directive_t *row)
{
    return (apr_int64_t *)(void *)((char *)conf + row->offset);
}

static const char **text_of(eas_conf_t *conf, const eas_directive_t *row)
{
    return (const char **)(void *)((char *)conf + row->offset);
}

const eas_directive_t *eas_directive_get(eas_directive_id_t id)
{
    return &directives[id];
}

/* The number of a word among the row's, -1 when it is none of them. */
static int choice_of(const eas_directive_t *row, const char *text)
{
    const char *at = row->dflt;
    apr_size_t len = strlen(text);

    for (int n = 0; len > 0; n++) {
        apr_size_t word = strcspn(at, "|");

        if (word == len && apr_cstr_casecmpn(at, text, len) == 0) {
            return n;
        }
        if (at[word] == '\0') {
            break;
        }
        at += word + 1;
    }
    return -1;
}

static const char *set_choice(eas_conf_t *conf, const eas_directive_t *row, const char *text, apr_pool_t *pool)
{
    int n = choice_of(row, text);

    if (n < 0) {
        return apr_psprintf(pool, "%s must be one of %s", row->name, row->dflt);
    }
    *number_of(conf, row) = n;
    return NULL;
}

static const char *set_number(eas_conf_t *conf, const eas_directive_t *row, const char *text, apr_pool_t *pool)
{
    apr_int64_t value;
    apr_int64_t scale = 1;
    char *end;

    if (row->kind == EAS_KIND_CHOICE) {
        return set_choice(conf, row, text, pool);
    }
    if (row->kind == EAS_KIND_FLAG) {
        if (apr_cstr_casecmp(text, "on") != 0 && apr_cstr_casecmp(text, "off") != 0) {
            return apr_psprintf(pool, "%s must be on or off", row->name);
        }
        *number_of(conf, row) = apr_cstr_casecmp(text, "on") == 0;
        return NULL;
    }
    value = apr_isdigit(*text) && strlen(text) < 16 ? apr_strtoi64(text, &end, 10) : -1;
    if (value >= 0 && row->kind == EAS_KIND_BYTES && *end != '\0') {
        const char *units = "KMG";
        const char *unit = strchr(units, apr_toupper(*end));

        scale = unit != NULL ? (apr_int64_t)1 << (10 * (unit - units + 1)) : 1;
        end += unit != NULL;
    }
    if (value < 0 || *end != '\0' || value > row->max / scale || value * scale < row->min) {
        return apr_psprintf(pool, "%s must be a number from %" APR_INT64_T_FMT " to %" APR_INT64_T_FMT, row->name,
                            row->min, row->max);
    }
    *number_of(conf, row) = value * scale;
    return NULL;
}

/* NULL, or what is wrong with the address of a store. */
static const char *check_store(const char *text)
{
    if (strncmp(text, "sqlite:", 7) == 0) {
        return text[7] == '/' ? NULL : "the path after sqlite: must be absolute";
    }
    if (strncmp(text, "mariadb://", 10) == 0) {
        const char *path = strchr(text + 10, '/');

        return path != NULL && path[1] != '\0' && path[1] != '?' ? NULL : "mariadb:// needs a host and a database";
    }
    return "it must begin with sqlite:/ or mariadb://";
}

static const char *check_url(const char *text, apr_pool_t *pool)
{
    apr_uri_t uri;

    if (apr_uri_parse(pool, text, &uri) != APR_SUCCESS || uri.scheme == NULL || uri.hostname == NULL ||
        *uri.hostname == '\0') {
        return "it is not a URL with scheme and host";
    }
    if (strcmp(uri.scheme, "http") != 0 && strcmp(uri.scheme, "https") != 0) {
        return "it must begin with http:// or https://";
    }
    return uri.query != NULL || uri.fragment != NULL || uri.user != NULL ? "it must have no user, query or fragment"
                                                                         : NULL;
}

const char *eas_conf_set(eas_conf_t *conf, eas_directive_id_t id, const char *text, apr_pool_t *pool)
{
    const eas_directive_t *row = &directives[id];
    const char *fault = NULL;

    if (is_number(row->kind)) {
        fault = set_number(conf, row, text, pool);
    } else {
        apr_size_t len = strlen(text);

        if ((apr_int64_t)len < row->min || (apr_int64_t)len > row->max) {
            return apr_psprintf(pool, "%s must have %" APR_INT64_T_FMT " to %" APR_INT64_T_FMT " characters", row->name,
                                row->min, row->max);
        }
        fault = row->kind == EAS_KIND_RULES ? eas_rules_read(&conf->rules, text, pool) : NULL;
        if (fault != NULL) {
            return apr_psprintf(pool, "%s: %s", row->name, fault);
        }
        fault = row->kind == EAS_KIND_STORE ? check_store(text) : NULL;
        fault = row->kind == EAS_KIND_URL ? check_url(text, pool) : fault;
        if (fault != NULL) {
            return apr_psprintf(pool, "%s '%s': %s", row->name, text, fault);
        }
        *text_of(conf, row) = apr_pstrmemdup(pool, text, len);
    }
    if (fault == NULL) {
        conf->given[id] = 1;
    }
    return fault;
}

eas_conf_t *eas_conf_create(apr_pool_t *pool)
{
    eas_conf_t *conf = apr_pcalloc(pool, sizeof(*conf));
    int i;

    for (i = 0; i < EAS_DIRECTIVE_COUNT; i++) {
        if (directives[i].dflt == NULL || directives[i].kind == EAS_KIND_CHOICE) {
            continue; /* the first word is number 0 */
        }
        if (is_number(directives[i].kind)) {
            set_number(conf, &directives[i], directives[i].dflt, pool);
        } else {
            *text_of(conf, &directives[i]) = directives[i].dflt;
        }
    }
    return conf;
}

eas_conf_t *eas_conf_merge(const eas_conf_t *base, const eas_conf_t *inner, apr_pool_t *pool)
{
    eas_conf_t *conf = apr_pmemdup(pool, base, sizeof(*base));
    int i;

    for (i = 0; i < EAS_DIRECTIVE_COUNT; i++) {
        if (!inner->given[i]) {
            continue;
        }
        if (is_number(directives[i].kind)) {
            *number_of(conf, &directives[i]) = *number_of((eas_conf_t *)inner, &directives[i]);
        } else {
            *text_of(conf, &directives[i]) = *text_of((eas_conf_t *)inner, &directives[i]);
        }
        if (directives[i].kind == EAS_KIND_RULES) {
            conf->rules = inner->rules;
        }
        conf->given[i] = 1;
    }
    return conf;
}

static int same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

int eas_conf_same_backend(const eas_conf_t *a, const eas_conf_t *b)
{
    int i;

    for (i = 0; i < EAS_DIRECTIVE_COUNT; i++) {
        const eas_directive_t *row = &directives[i];

        if (row->group != EAS_GROUP_BACKEND) {
            continue;
        }
        if (is_number(row->kind) ? *number_of((eas_conf_t *)a, row) != *number_of((eas_conf_t *)b, row)
                                 : !same_text(*text_of((eas_conf_t *)a, row), *text_of((eas_conf_t *)b, row))) {
            return 0;
        }
    }
    return 1;
}

eas_conf_t *eas_conf_copy(const eas_conf_t *conf, apr_pool_t *pool)
{
    eas_conf_t *copy = apr_pmemdup(pool, conf, sizeof(*conf));
    int i;

    for (i = 0; i < EAS_DIRECTIVE_COUNT; i++) {
        if (!is_number(directives[i].kind)) {
            const char **text = text_of(copy, &directives[i]);

            *text = apr_pstrdup(pool, *text);
        }
    }
    return copy;
}

const char *eas_conf_check(const eas_conf_t *conf)
{
    if (conf->store == NULL) {
        return "EASStore is not set for this location";
    }
    if (conf->ox_url == NULL) {
        return "EASOxUrl is not set for this location";
    }
    return conf->heartbeat_min > conf->heartbeat_max ? "EASHeartbeatMin is greater than EASHeartbeatMax" : NULL;
}

void eas_conf_usm(usm_config_t *config, const eas_conf_t *conf, const usm_log_t *log)
{
    memset(config, 0, sizeof(*config));
    config->store = conf->store;
    config->store_max = (int)conf->store_max;
    config->backend = "ox";
    config->backend_url = conf->ox_url;
    config->backend_ca = conf->ox_ca;
    config->backend_insecure = (int)conf->ox_insecure;
    config->backend_max = (int)conf->ox_max;
    config->connect_timeout_ms = (int)conf->ox_connect_timeout * 1000;
    config->timeout_ms = (int)conf->ox_timeout * 1000;
    config->client_id = conf->client_id;
    config->user_agent = conf->user_agent;
    config->capabilities = conf->capabilities;
    config->login_ttl_s = (int)conf->login_ttl;
    config->poll_interval_ms = (int)conf->poll_interval * 1000;
    config->poll_max_ms = (int)conf->poll_max * 1000;
    config->poll_rate = (int)conf->poll_rate;
    config->full_compare_s = (int)conf->full_compare;
    config->flag_compare_s = (int)conf->flag_compare;
    config->device_days = (int)conf->device_days;
    config->devices_max = (int)conf->devices_max;
    config->window_max_days = (int)conf->window_max_days;
    config->folders_max = (int)conf->max_folders;
    config->notes_folder = strcmp(conf->notes_folder, "none") == 0 ? "" : conf->notes_folder;
    config->conflict_keep = (usm_keep_e)conf->conflict_keep;
    config->conflict_days = (int)conf->conflict_days;
    config->show_shared = (usm_show_e)conf->show_shared;
    config->show_public = (usm_show_e)conf->show_public;
    config->calendar = (usm_calendar_e)conf->calendar;
    if (log != NULL) {
        config->log = *log;
    }
}
