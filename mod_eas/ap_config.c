/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of tbl/directives.h as httpd's command table. */
#include "ap_eas.h"

#include <apr_cstr.h>
#include <apr_strings.h>

void *eas_ap_dir_create(apr_pool_t *pool, char *dir)
{
    eas_ap_dir_t *d = apr_pcalloc(pool, sizeof(*d));

    d->conf = eas_conf_create(pool);
    return d;
}

void *eas_ap_dir_merge(apr_pool_t *pool, void *base_, void *inner_)
{
    const eas_ap_dir_t *base = base_, *inner = inner_;
    eas_ap_dir_t *d = apr_pmemdup(pool, inner->providers > 0 ? inner : base, sizeof(*d));

    d->conf = eas_conf_merge(base->conf, inner->conf, pool);
    return d;
}

const eas_ap_dir_t *eas_ap_dir(const request_rec *r)
{
    return ap_get_module_config(r->per_dir_config, &eas_module);
}

/* The one setter of all rows; the row's number is the command's data. */
static const char *set_row(cmd_parms *cmd, void *dir, const char *text)
{
    const eas_directive_t *row = eas_directive_get((eas_directive_id_t)(apr_uintptr_t)cmd->info);
    eas_ap_dir_t *d = dir;

    if (row->kind == EAS_KIND_PATH || row->kind == EAS_KIND_RULES) {
        text = ap_server_root_relative(cmd->pool, text);
        if (text == NULL) {
            return apr_psprintf(cmd->pool, "%s: not a path", row->name);
        }
    }
    /* Nobody else has this object while the configuration is read. */
    return eas_conf_set((eas_conf_t *)d->conf, row->id, text, cmd->pool);
}

/*
 * AuthBasicProvider belongs to mod_auth_basic, and httpd gives a directive to every module that names it. We only look
 * whether "ox" is the location's provider: where it is alone, its outages can be told as such (see ap_auth.c).
 */
static const char *see_provider(cmd_parms *cmd, void *dir, const char *name)
{
    eas_ap_dir_t *d = dir;

    d->providers++;
    d->has_ox |= apr_cstr_casecmp(name, "ox") == 0;
    return NULL;
}

const command_rec eas_ap_commands[] = {
#define EAS_DIRECTIVE(name_, field_, kind_, group_, default_, min_, max_, help_)                                       \
    {#name_, {.take1 = set_row}, (void *)EAS_DIRECTIVE_##field_, RSRC_CONF | ACCESS_CONF, TAKE1, help_},
#include "tbl/directives.h"
    {"AuthBasicProvider", {.take1 = see_provider}, NULL, OR_AUTHCFG, ITERATE, "seen here, served by mod_auth_basic"},
    {.name = NULL}};
