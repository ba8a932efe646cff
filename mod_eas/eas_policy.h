/* SPDX-License-Identifier: Apache-2.0 */
/* The policy document and the keys that stand for it (MS-ASPROV). All is constant: any thread may call. */
#ifndef EAS_POLICY_H
#define EAS_POLICY_H

#include <apr_pools.h>
#include <usm/usm.h>

#include "wbxml/wbxml_writer.h"

#define EAS_POLICY_DIGEST_LEN 41 /* with its NUL */

/* The PolicyType of VERSION. */
const char *eas_policy_type(unsigned version);

/* One row per element of EASProvisionDoc. */
enum {
#define EAS_POLICY(element_, value_, kind_, min_, max_) EAS_POLICY_##element_,
#include "tbl/policy.h"
    EAS_POLICY_COUNT
};

/* A policy: a value for each row, as text. */
typedef struct eas_policy_t {
    const char *name;
    const char *values[EAS_POLICY_COUNT];
} eas_policy_t;

/* The one that forbids nothing. */
const eas_policy_t *eas_policy_default(void);

/* A policy in POOL that forbids nothing yet. NAME is copied. */
eas_policy_t *eas_policy_create(const char *name, apr_pool_t *pool);

/* Sets ELEMENT to VALUE. Returns NULL, or what is wrong and what could stand there, in POOL. */
const char *eas_policy_set(eas_policy_t *policy, const char *element, const char *value, apr_pool_t *pool);

/* The number in row ROW, DFLT when it is empty. */
apr_int64_t eas_policy_number(const eas_policy_t *policy, int row, apr_int64_t dflt);

/* Writes Data with POLICY as VERSION knows it: an XML text for 2.5, EASProvisionDoc after that. */
void eas_policy_write(eas_writer_t *out, const eas_policy_t *policy, unsigned version);

/*
 * Digest of exactly what eas_policy_write() writes for VERSION: a change of rows that a version never sees must not
 * make its devices provision again.
 */
void eas_policy_digest(char digest[EAS_POLICY_DIGEST_LEN], const eas_policy_t *policy, unsigned version);

/* A random key, not 0, other than the two in POLICY. Error: the system's random source fails. */
usm_error_t *eas_policy_key(apr_uint32_t *key_p, const usm_policy_t *policy, apr_pool_t *pool);

/*
 * Checks the key a device sent against STATE, what it has taken. 0, or the common Status to answer with: 142, 143, 144.
 * KEY is 0 when the device sent none; OPTIONAL: then it may come in all the same.
 */
int eas_policy_check(const usm_policy_t *state, const eas_policy_t *policy, apr_uint32_t key, unsigned version,
                     int optional);

#endif
