/* SPDX-License-Identifier: Apache-2.0 */
/* The policy document and the keys that stand for it (MS-ASPROV). All is constant: any thread may call. */
#ifndef EAS_POLICY_H
#define EAS_POLICY_H

#include "eas.h"

#define EAS_POLICY_DIGEST_LEN 41 /* with its NUL */

/* The PolicyType of VERSION. */
const char *eas_policy_type(unsigned version);

/* Writes Data with the policy as VERSION knows it: an XML text for 2.5, EASProvisionDoc after that. */
void eas_policy_write(eas_writer_t *out, unsigned version);

/*
 * Digest of exactly what eas_policy_write() writes for VERSION: a change of rows that a version never sees must not
 * make its devices provision again.
 */
void eas_policy_digest(char digest[EAS_POLICY_DIGEST_LEN], unsigned version);

/* A random key, not 0, other than the two in POLICY. Error: the system's random source fails. */
usm_error_t *eas_policy_key(apr_uint32_t *key_p, const usm_policy_t *policy, apr_pool_t *pool);

/*
 * Checks the key a device sent against POLICY, its state. 0, or the common Status to answer with: 142, 143, 144. KEY is
 * 0 when the device sent none; OPTIONAL: then it may come in all the same.
 */
int eas_policy_check(const usm_policy_t *policy, apr_uint32_t key, unsigned version, int optional);

#endif
