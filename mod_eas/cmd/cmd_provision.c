/* SPDX-License-Identifier: Apache-2.0 */
/* Provision (MS-ASPROV): the device asks for the policy, then says that it has taken it. */
#include "eas.h"

#include <apr_strings.h>
#include <string.h>

#include "eas_devinfo.h"
#include "eas_policy.h"

enum { PROVISION_OK = 1, PROVISION_PROTOCOL = 2, PROVISION_WIPE_FAILED = 2 };
enum { WIPE_DONE = 1 };
enum { POLICY_OK = 1, POLICY_UNKNOWN_TYPE = 3, POLICY_WRONG_KEY = 5 };
enum { CLIENT_APPLIED = 1, CLIENT_MANAGED = 4 };

/* What is to be answered. */
typedef struct answer_t {
    int info_status;   /* of DeviceInformation, 0 without */
    int policy_status; /* 0: no Policies element */
    const char *type;  /* PolicyType to name */
    apr_uint32_t key;  /* 0: none */
    int with_data;
} answer_t;

/* First phase: a key that is good for the second phase only. The key in force stays in force until then. */
static usm_error_t *offer(answer_t *answer, eas_ctx_t *ctx)
{
    char digest[EAS_POLICY_DIGEST_LEN];
    usm_policy_t policy = *usm_device_policy(ctx->session);

    eas_policy_digest(digest, ctx->policy, ctx->version);
    USM_ERR(eas_policy_key(&answer->key, &policy, ctx->pool));
    policy.pending_key = answer->key;
    policy.pending_digest = digest;
    USM_ERR(usm_device_policy_set(ctx->session, &policy));
    answer->policy_status = POLICY_OK;
    answer->with_data = 1;
    return NULL;
}

/*
 * Second phase. An empty pending digest marks a temporary key that was used: the device which has lost our answer asks
 * again and gets the same final key.
 */
static usm_error_t *acknowledge(answer_t *answer, eas_ctx_t *ctx, const eas_node_t *key)
{
    usm_policy_t policy = *usm_device_policy(ctx->session);
    apr_int64_t given = 0;

    if (!eas_node_int(key, 1, APR_UINT32_MAX, &given) || (apr_uint32_t)given != policy.pending_key) {
        answer->policy_status = POLICY_WRONG_KEY;
        return NULL;
    }
    answer->policy_status = POLICY_OK;
    if (policy.pending_digest == NULL || *policy.pending_digest == '\0') {
        answer->key = policy.key;
        return NULL;
    }
    USM_ERR(eas_policy_key(&answer->key, &policy, ctx->pool));
    policy.key = answer->key;
    policy.digest = policy.pending_digest;
    policy.pending_digest = "";
    return usm_device_policy_set(ctx->session, &policy);
}

static usm_error_t *answer_policy(answer_t *answer, eas_ctx_t *ctx, const eas_node_t *policy)
{
    const eas_node_t *key = eas_node_child(policy, EAS_Provision_PolicyKey);
    apr_int64_t status;

    answer->type = eas_node_child_text(policy, EAS_Provision_PolicyType);
    if (answer->type == NULL || *answer->type == '\0') {
        return eas_answer_status(ctx, PROVISION_PROTOCOL);
    }
    if (strcmp(answer->type, eas_policy_type(ctx->version)) != 0) {
        answer->policy_status = POLICY_UNKNOWN_TYPE;
        return NULL;
    }
    if (key == NULL) {
        return offer(answer, ctx);
    }
    if (!eas_node_int(eas_node_child(policy, EAS_Provision_Status), CLIENT_APPLIED, CLIENT_MANAGED, &status)) {
        return eas_answer_status(ctx, PROVISION_PROTOCOL);
    }
    if (status != CLIENT_APPLIED) {
        usm_log(ctx->log, USM_LOG_INFO, EASLOGNO(10), "device %s took the policy with status %d", ctx->device_id,
                (int)status);
    }
    /* One that forbids nothing is obeyed by whoever applies it in part, or not, or has another manager. */
    if (status != CLIENT_APPLIED && !ctx->conf->partial_policy && ctx->policy != eas_policy_default()) {
        return eas_answer_status(ctx, status == CLIENT_MANAGED ? EAS_STATUS_ExternallyManagedDevicesNotAllowed
                                                               : EAS_STATUS_DeviceNotFullyProvisionable);
    }
    return acknowledge(answer, ctx, key);
}

/*
 * DeviceInformation belongs into the first request from 14.1 on, and into Settings before: there it is passed over.
 * *MISSING_P: it is obligatory and not there.
 */
static usm_error_t *take_information(answer_t *answer, int *missing_p, eas_ctx_t *ctx, const eas_node_t *doc)
{
    const eas_node_t *info = eas_node_child(doc, EAS_Settings_DeviceInformation);
    const eas_node_t *policies = eas_node_child(doc, EAS_Provision_Policies);
    const eas_node_t *policy = eas_node_child(policies, EAS_Provision_Policy);

    *missing_p = 0;
    if (ctx->version < 141) {
        return NULL;
    }
    if (info == NULL) {
        *missing_p = policy != NULL && eas_node_child(policy, EAS_Provision_PolicyKey) == NULL;
        return NULL;
    }
    return eas_devinfo_set(&answer->info_status, ctx, info);
}

static void write_answer(const answer_t *answer, eas_ctx_t *ctx, eas_writer_t *out)
{
    eas_writer_start(out, EAS_Provision_Provision);
    if (answer->info_status != 0) {
        eas_writer_start(out, EAS_Settings_DeviceInformation);
        eas_writer_tag_int(out, EAS_Settings_Status, answer->info_status);
        eas_writer_end(out);
    }
    eas_put_status(ctx, out, EAS_Provision_Status, PROVISION_OK);
    if (answer->policy_status != 0) {
        eas_writer_start(out, EAS_Provision_Policies);
        eas_writer_start(out, EAS_Provision_Policy);
        eas_writer_tag_text(out, EAS_Provision_PolicyType, answer->type);
        eas_writer_tag_int(out, EAS_Provision_Status, answer->policy_status);
        if (answer->key != 0) {
            eas_writer_tag_int(out, EAS_Provision_PolicyKey, answer->key);
        }
        if (answer->with_data) {
            eas_policy_write(out, ctx->policy, ctx->version);
        }
        eas_writer_end(out);
        eas_writer_end(out);
    }
    eas_writer_end(out);
}

/* ---- wipe (MS-ASPROV 3.1.5.1.2) ---- */

static void write_wipe(eas_ctx_t *ctx, eas_writer_t *out, int status, unsigned tag)
{
    eas_writer_start(out, EAS_Provision_Provision);
    eas_put_status(ctx, out, EAS_Provision_Status, status);
    if (tag != 0) {
        eas_writer_start(out, tag);
        eas_writer_end(out);
    }
    eas_writer_end(out);
}

/* Whatever the device wants of Provision, it is told to wipe, until it says that it has. What it says is noted before
 * it is answered: it does not wait for the answer. */
static usm_error_t *wipe(int *done_p, eas_ctx_t *ctx, const eas_node_t *doc, eas_writer_t *out)
{
    const usm_standing_t *standing = usm_device_standing(ctx->session);
    unsigned tag = standing->account_only ? EAS_Provision_AccountOnlyRemoteWipe : EAS_Provision_RemoteWipe;
    const eas_node_t *report = eas_node_child(doc, tag);
    apr_int64_t said = 0;
    usm_wipe_e state = USM_WIPE_SENT;

    if (report != NULL) {
        int good = eas_node_int(eas_node_child(report, EAS_Provision_Status), 0, 255, &said) && said == WIPE_DONE;

        state = good ? USM_WIPE_DONE : USM_WIPE_FAILED;
    }
    USM_ERR(usm_device_wiped(&standing, ctx->session, state,
                             apr_psprintf(ctx->pool, "%s%s", standing->account_only ? "account only" : "whole device",
                                          state == USM_WIPE_FAILED ? apr_psprintf(ctx->pool, ", status %d", (int)said)
                                                                   : "")));
    *done_p = standing->wipe != USM_WIPE_NONE;
    if (!*done_p) {
        return NULL; /* cancelled meanwhile */
    }
    usm_log(ctx->log, USM_LOG_NOTICE, EASLOGNO(12), "device %s of %s: wipe %s", ctx->device_id, ctx->req->user,
            state == USM_WIPE_SENT   ? "told"
            : state == USM_WIPE_DONE ? "done, the device says"
                                     : "failed, the device says");
    write_wipe(ctx, out, state == USM_WIPE_FAILED ? PROVISION_WIPE_FAILED : PROVISION_OK,
               state == USM_WIPE_DONE ? 0 : tag);
    return NULL;
}

usm_error_t *eas_cmd_provision(eas_ctx_t *ctx, const eas_node_t *doc, eas_writer_t *out)
{
    const eas_node_t *policies = eas_node_child(doc, EAS_Provision_Policies);
    const eas_node_t *policy = eas_node_child(policies, EAS_Provision_Policy);
    answer_t answer = {0};
    int missing, wiped = 0;

    if (usm_device_standing(ctx->session)->wipe != USM_WIPE_NONE) {
        USM_ERR(wipe(&wiped, ctx, doc, out));
        if (wiped) {
            return NULL;
        }
    }
    if (policy == NULL) {
        /* Nobody asked for a wipe. A device that reports one all the same has nothing left to be told. */
        if (eas_node_child(doc, EAS_Provision_RemoteWipe) == NULL &&
            eas_node_child(doc, EAS_Provision_AccountOnlyRemoteWipe) == NULL) {
            return eas_answer_status(ctx, PROVISION_PROTOCOL);
        }
        usm_log(ctx->log, USM_LOG_NOTICE, EASLOGNO(11), "device %s reports a wipe that was not asked for",
                ctx->device_id);
    }
    USM_ERR(take_information(&answer, &missing, ctx, doc));
    if (missing) {
        return eas_answer_status(ctx, EAS_STATUS_DeviceInformationRequired);
    }
    if (policy != NULL) {
        USM_ERR(answer_policy(&answer, ctx, policy));
    }
    if (!ctx->answered) {
        write_answer(&answer, ctx, out);
    }
    return NULL;
}
