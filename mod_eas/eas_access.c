/* SPDX-License-Identifier: Apache-2.0 */
#include "eas_access.h"

#include <apr_strings.h>
#include <string.h>

#include "eas_devinfo.h"
#include "eas_rules.h"

/* A value of DeviceInformation: a line "Element: value". */
static const char *information(const char *all, const char *element, apr_pool_t *pool)
{
    apr_size_t len = strlen(element);

    while (all != NULL && *all != '\0') {
        if (strncmp(all, element, len) == 0 && strncmp(all + len, ": ", 2) == 0) {
            return apr_pstrmemdup(pool, all + len + 2, strcspn(all + len + 2, "\n"));
        }
        all = strchr(all, '\n');
        all = all != NULL ? all + 1 : NULL;
    }
    return NULL;
}

static void common_facts(eas_facts_t *facts, eas_ctx_t *ctx)
{
    *facts = (eas_facts_t){.user = ctx->req->user,
                           .group = ctx->req->group,
                           .agent = ctx->req->header(ctx->req->baton, "User-Agent"),
                           .device = ctx->query != NULL ? ctx->query->device_id : NULL,
                           .type = ctx->query != NULL ? ctx->query->device_type : NULL};
}

unsigned eas_access_max_version(eas_ctx_t *ctx)
{
    eas_decision_t decision;
    eas_facts_t facts;

    common_facts(&facts, ctx);
    eas_rules_ask(&decision, ctx->conf->rules, &facts);
    return decision.max_version;
}

static usm_error_t *decide(eas_decision_t *decision, eas_ctx_t *ctx)
{
    const eas_rules_t *rules = ctx->conf->rules;
    const char *told = NULL;
    eas_facts_t facts;

    common_facts(&facts, ctx);
    facts.device = ctx->device_id;
    facts.type = ctx->device_type;
    facts.version = eas_version_text(ctx->version);
    if (eas_rules_need_information(rules)) {
        USM_ERR(usm_device_attr_get(&told, ctx->session, EAS_DEVINFO_ATTR, ctx->pool));
        facts.model = information(told, "Model", ctx->pool);
        facts.os = information(told, "OS", ctx->pool);
        facts.name = information(told, "FriendlyName", ctx->pool);
    }
    eas_rules_ask(decision, rules, &facts);
    return NULL;
}

/* ---- quarantine ---- */

/* What came from the device stands in the text alone, without anything that could end a line. */
static const char *tame(const char *text, apr_pool_t *pool)
{
    char *copy = apr_pstrndup(pool, text != NULL ? text : "-", 200), *at;

    for (at = copy; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7f) {
            *at = '?';
        }
    }
    return copy;
}

static usm_error_t *tell(eas_ctx_t *ctx)
{
    const usm_userinfo_t *info;
    const char *admin = ctx->conf->admin_mail, *text;
    usm_outgoing_t mail = {.save_in_sent = 0};

    USM_ERR(usm_session_userinfo(&info, ctx->session));
    if (info->primary_address == NULL || strpbrk(info->primary_address, "\r\n<>") != NULL) {
        return NULL;
    }
    text = apr_pstrcat(ctx->pool, "From: <", info->primary_address, ">\r\nTo: <", info->primary_address, ">\r\n",
                       admin != NULL ? apr_pstrcat(ctx->pool, "Cc: <", admin, ">\r\n", NULL) : "",
                       "Subject: A device waits to be let in\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
                       "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
                       "A device wants to synchronise this account and waits for an administrator to let it in.\r\n\r\n"
                       "Account: ",
                       tame(ctx->req->user, ctx->pool), " (", usm_session_user(ctx->session),
                       ")\r\nDevice:  ", tame(ctx->device_id, ctx->pool),
                       "\r\nType:    ", tame(ctx->device_type, ctx->pool),
                       "\r\nProgram: ", tame(ctx->req->header(ctx->req->baton, "User-Agent"), ctx->pool),
                       "\r\n\r\nIf this is not your device, change your password.\r\n", NULL);
    mail.mime = text;
    mail.len = strlen(text);
    mail.client_id = "quarantine";
    return usm_mail_send(ctx->session, &mail);
}

static usm_error_t *quarantine(eas_ctx_t *ctx, int line)
{
    int first;
    usm_error_t *err;

    USM_ERR(usm_device_quarantine(
        &first, ctx->session,
        apr_psprintf(ctx->pool, "line %d of EASRulesFile, type %s", line, tame(ctx->device_type, ctx->pool))));
    if (!first) {
        return NULL;
    }
    usm_log(ctx->log, USM_LOG_NOTICE, EASLOGNO(13), "device %s of %s waits to be let in", ctx->device_id,
            ctx->req->user);
    if (!ctx->conf->quarantine_mail) {
        return NULL;
    }
    err = tell(ctx);
    if (err != NULL) {
        usm_log(ctx->log, USM_LOG_WARNING, EASLOGNO(14), "nobody could be told that device %s waits: %s",
                ctx->device_id, usm_error_text(err, ctx->pool));
        usm_error_clear(err);
    }
    return NULL;
}

/* ---- the check ---- */

/* A wiped device stays out, so that one who finds it does not get its owner's mail again. A wipe of the account alone
 * is not made one of the whole device because the device knows no better: it is only kept out. */
static int check_wipe(const eas_ctx_t *ctx, const usm_standing_t *standing)
{
    if (standing->wipe == USM_WIPE_DONE || (standing->account_only && ctx->version < 161)) {
        return EAS_STATUS_DeviceIsBlockedForThisUser;
    }
    if (ctx->command->flags & EAS_CMD_NO_WIPE) {
        return 0;
    }
    /* MS-ASCMD: without a policy key there is nothing that could be renewed. */
    return ctx->version < 140 && ctx->policy_key == 0 ? 403 : EAS_STATUS_RemoteWipeRequested;
}

usm_error_t *eas_access_check(int *status_p, eas_ctx_t *ctx)
{
    const usm_standing_t *standing = usm_device_standing(ctx->session);
    eas_decision_t decision;

    USM_ERR(decide(&decision, ctx));
    ctx->policy = decision.policy;
    *status_p = 0;
    if (standing->access == USM_ACCESS_BLOCK ||
        (standing->access != USM_ACCESS_ALLOW && decision.action == EAS_RULE_BLOCK)) {
        *status_p = EAS_STATUS_DeviceIsBlockedForThisUser;
    } else if (standing->wipe != USM_WIPE_NONE) {
        *status_p = check_wipe(ctx, standing);
    } else if (standing->access != USM_ACCESS_ALLOW && decision.action == EAS_RULE_QUARANTINE) {
        *status_p = EAS_STATUS_DeviceIsBlockedForThisUser;
        return quarantine(ctx, decision.line);
    } else if (decision.max_version != 0 && ctx->version > decision.max_version) {
        *status_p = EAS_STATUS_VersionNotSupported;
    }
    return NULL;
}
