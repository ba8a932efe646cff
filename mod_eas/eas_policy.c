/* SPDX-License-Identifier: Apache-2.0 */
#include "eas_policy.h"

#include <apr_escape.h>
#include <apr_sha1.h>
#include <apr_strings.h>
#include <string.h>

static const struct {
    unsigned tag;
    const char *value;
} rows[] = {
#define EAS_POLICY(element_, value_) {EAS_Provision_##element_, value_},
#include "tbl/policy.h"
};

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

/* 2.5 knows the security policies of Windows Mobile: 4131 is "a password is needed", 1 says no. */
static const char wap_document[] = "<wap-provisioningdoc><characteristic type=\"SecurityPolicy\">"
                                   "<parm name=\"4131\" value=\"1\"/></characteristic></wap-provisioningdoc>";

const char *eas_policy_type(unsigned version)
{
    return version < 120 ? "MS-WAP-Provisioning-XML" : "MS-EAS-Provisioning-WBXML";
}

void eas_policy_write(eas_writer_t *out, unsigned version)
{
    unsigned i;

    eas_writer_start(out, EAS_Provision_Data);
    if (version < 120) {
        eas_writer_text(out, wap_document, sizeof(wap_document) - 1);
    } else {
        eas_writer_start(out, EAS_Provision_EASProvisionDoc);
        for (i = 0; i < ROW_COUNT; i++) {
            if (eas_token_in_version(rows[i].tag, version)) {
                eas_writer_tag_text(out, rows[i].tag, rows[i].value);
            }
        }
        eas_writer_end(out);
    }
    eas_writer_end(out);
}

void eas_policy_digest(char digest[EAS_POLICY_DIGEST_LEN], unsigned version)
{
    unsigned char sum[APR_SHA1_DIGESTSIZE];
    apr_sha1_ctx_t sha;
    unsigned i;

    apr_sha1_init(&sha);
    if (version < 120) {
        apr_sha1_update(&sha, wap_document, sizeof(wap_document) - 1);
    } else {
        for (i = 0; i < ROW_COUNT; i++) {
            if (eas_token_in_version(rows[i].tag, version)) {
                unsigned char token = (unsigned char)EAS_TAG_TOKEN(rows[i].tag);

                apr_sha1_update_binary(&sha, &token, 1);
                apr_sha1_update(&sha, rows[i].value, (unsigned)strlen(rows[i].value) + 1);
            }
        }
    }
    apr_sha1_final(sum, &sha);
    apr_escape_hex(digest, sum, sizeof(sum), 0, NULL);
}

usm_error_t *eas_policy_key(apr_uint32_t *key_p, const usm_policy_t *policy, apr_pool_t *pool)
{
    do {
        apr_status_t rv = apr_generate_random_bytes((unsigned char *)key_p, sizeof(*key_p));

        if (rv != APR_SUCCESS) {
            return USM_ERROR_APR(pool, rv, "making a policy key");
        }
    } while (*key_p == 0 || *key_p == policy->key || *key_p == policy->pending_key);
    return NULL;
}

int eas_policy_check(const usm_policy_t *policy, apr_uint32_t key, unsigned version, int optional)
{
    char digest[EAS_POLICY_DIGEST_LEN];

    if (key == 0) {
        return optional ? 0 : EAS_STATUS_DeviceNotProvisioned;
    }
    if (key != policy->key) {
        return EAS_STATUS_InvalidPolicyKey;
    }
    eas_policy_digest(digest, version);
    return policy->digest != NULL && strcmp(policy->digest, digest) == 0 ? 0 : EAS_STATUS_PolicyRefresh;
}
