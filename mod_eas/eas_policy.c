/* SPDX-License-Identifier: Apache-2.0 */
#include "eas_policy.h"

#include <apr_escape.h>
#include <apr_lib.h>
#include <apr_sha1.h>
#include <apr_strings.h>
#include <string.h>

#include "eas.h"

typedef enum { KIND_BOOL, KIND_NUMBER, KIND_LIST } kind_t;

static const struct {
    unsigned tag;
    const char *name, *value;
    kind_t kind;
    apr_int64_t min, max;
} rows[EAS_POLICY_COUNT] = {
#define EAS_POLICY(element_, value_, kind_, min_, max_)                                                                \
    {EAS_Provision_##element_, #element_, value_, KIND_##kind_, min_, max_},
#include "tbl/policy.h"
};

static const eas_policy_t permissive = {"default",
                                        {
#define EAS_POLICY(element_, value_, kind_, min_, max_) value_,
#include "tbl/policy.h"
                                        }};

const char *eas_policy_type(unsigned version)
{
    return version < 120 ? "MS-WAP-Provisioning-XML" : "MS-EAS-Provisioning-WBXML";
}

const eas_policy_t *eas_policy_default(void)
{
    return &permissive;
}

eas_policy_t *eas_policy_create(const char *name, apr_pool_t *pool)
{
    eas_policy_t *policy = apr_pmemdup(pool, &permissive, sizeof(permissive));

    policy->name = apr_pstrdup(pool, name);
    return policy;
}

/* ---- settings ---- */

static const char *check_number(int row, const char *value, apr_pool_t *pool)
{
    apr_int64_t number;
    char *end;

    if (*value == '\0' && *rows[row].value == '\0') {
        return NULL;
    }
    number = apr_strtoi64(value, &end, 10);
    if (end == value || *end != '\0' || apr_isspace(*value) || number < rows[row].min || number > rows[row].max) {
        return apr_psprintf(pool, "%s must be a number from %" APR_INT64_T_FMT " to %" APR_INT64_T_FMT "%s",
                            rows[row].name, rows[row].min, rows[row].max,
                            *rows[row].value == '\0' ? ", or empty for no limit" : "");
    }
    return NULL;
}

/* Names of programs, or base64: words with commas between them. */
static const char *check_list(int row, const char *value, apr_pool_t *pool)
{
    if (strlen(value) > 16384) {
        return apr_psprintf(pool, "%s is too long", rows[row].name);
    }
    for (; *value != '\0'; value++) {
        if ((unsigned char)*value < ' ' || *value == 0x7f) {
            return apr_psprintf(pool, "%s must be words with commas between them", rows[row].name);
        }
    }
    return NULL;
}

/* MaxCalendarAgeFilter leaves a gap: 1 to 3 are mail's. */
static const char *check_age(int row, const char *value, apr_pool_t *pool)
{
    if (row == EAS_POLICY_MaxCalendarAgeFilter && strchr("123", *value) != NULL && *value != '\0') {
        return apr_psprintf(pool, "%s must be 0, 4, 5, 6 or 7", rows[row].name);
    }
    return NULL;
}

const char *eas_policy_set(eas_policy_t *policy, const char *element, const char *value, apr_pool_t *pool)
{
    const char *fault;
    int row;

    for (row = 0; row < EAS_POLICY_COUNT && strcmp(rows[row].name, element) != 0; row++) {
    }
    if (row == EAS_POLICY_COUNT) {
        return apr_psprintf(pool,
                            "no setting is called %s: they are called as the elements of EASProvisionDoc, such "
                            "as %s",
                            element, rows[0].name);
    }
    fault = rows[row].kind == KIND_LIST ? check_list(row, value, pool) : check_number(row, value, pool);
    if (fault == NULL) {
        fault = check_age(row, value, pool);
    }
    if (fault == NULL) {
        policy->values[row] = apr_pstrdup(pool, value);
    }
    return fault;
}

apr_int64_t eas_policy_number(const eas_policy_t *policy, int row, apr_int64_t dflt)
{
    const char *value = policy->values[row];

    return *value != '\0' ? apr_atoi64(value) : dflt;
}

/* ---- the document ---- */

/* 2.5 knows the security policies of Windows Mobile: 4131 is "a password is needed", 1 says no. */
static const char *wap_document(const eas_policy_t *policy)
{
    static const char *const documents[] = {
#define WAP(needed)                                                                                                    \
    "<wap-provisioningdoc><characteristic type=\"SecurityPolicy\">"                                                    \
    "<parm name=\"4131\" value=\"" needed "\"/></characteristic></wap-provisioningdoc>"
        WAP("1"), WAP("0")};

    return documents[eas_policy_number(policy, EAS_POLICY_DevicePasswordEnabled, 0) != 0];
}

static void write_list(eas_writer_t *out, int row, const char *words)
{
    eas_writer_start(out, rows[row].tag);
    while (*words != '\0') {
        apr_size_t len;

        words += strspn(words, ", \t");
        len = strcspn(words, ",");
        if (len > 0) {
            eas_writer_start(out, (unsigned)rows[row].min);
            eas_writer_text(out, words, len);
            eas_writer_end(out);
        }
        words += len;
    }
    eas_writer_end(out);
}

void eas_policy_write(eas_writer_t *out, const eas_policy_t *policy, unsigned version)
{
    int row;

    eas_writer_start(out, EAS_Provision_Data);
    if (version < 120) {
        eas_writer_text(out, wap_document(policy), strlen(wap_document(policy)));
        eas_writer_end(out);
        return;
    }
    eas_writer_start(out, EAS_Provision_EASProvisionDoc);
    for (row = 0; row < EAS_POLICY_COUNT; row++) {
        if (!eas_token_in_version(rows[row].tag, version)) {
            continue;
        }
        if (rows[row].kind == KIND_LIST) {
            write_list(out, row, policy->values[row]);
        } else {
            eas_writer_tag_text(out, rows[row].tag, policy->values[row]);
        }
    }
    eas_writer_end(out);
    eas_writer_end(out);
}

void eas_policy_digest(char digest[EAS_POLICY_DIGEST_LEN], const eas_policy_t *policy, unsigned version)
{
    unsigned char sum[APR_SHA1_DIGESTSIZE];
    apr_sha1_ctx_t sha;
    int row;

    apr_sha1_init(&sha);
    if (version < 120) {
        apr_sha1_update(&sha, wap_document(policy), (unsigned)strlen(wap_document(policy)));
    } else {
        for (row = 0; row < EAS_POLICY_COUNT; row++) {
            if (eas_token_in_version(rows[row].tag, version)) {
                unsigned char token = (unsigned char)EAS_TAG_TOKEN(rows[row].tag);

                apr_sha1_update_binary(&sha, &token, 1);
                apr_sha1_update(&sha, policy->values[row], (unsigned)strlen(policy->values[row]) + 1);
            }
        }
    }
    apr_sha1_final(sum, &sha);
    apr_escape_hex(digest, sum, sizeof(sum), 0, NULL);
}

/* ---- keys ---- */

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

int eas_policy_check(const usm_policy_t *state, const eas_policy_t *policy, apr_uint32_t key, unsigned version,
                     int optional)
{
    char digest[EAS_POLICY_DIGEST_LEN];

    if (key == 0) {
        return optional ? 0 : EAS_STATUS_DeviceNotProvisioned;
    }
    if (key != state->key) {
        return EAS_STATUS_InvalidPolicyKey;
    }
    eas_policy_digest(digest, policy, version);
    return state->digest != NULL && strcmp(state->digest, digest) == 0 ? 0 : EAS_STATUS_PolicyRefresh;
}
