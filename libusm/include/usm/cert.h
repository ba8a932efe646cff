/* SPDX-License-Identifier: Apache-2.0 */
/** @file cert.h  Are certificates good for signed mail? Any thread. */
#ifndef USM_CERT_H
#define USM_CERT_H

#include <usm/error.h>
#include <usm/item.h>

#ifdef __cplusplus
extern "C" {
#endif

#define USM_CERT_CHAIN_MAX 20 /**< certificates between the one that is checked and one that is trusted */

/** What is wrong with a certificate. */
typedef enum usm_cert_e {
    USM_CERT_GOOD,
    USM_CERT_MALFORMED,     /**< is none */
    USM_CERT_SIGNATURE,     /**< its signature, or one on the way to a trusted one */
    USM_CERT_UNTRUSTED,     /**< no way leads to a trusted one */
    USM_CERT_CHAIN,         /**< the way is too long, or the chain that was given is broken */
    USM_CERT_PURPOSE,       /**< not for signing mail */
    USM_CERT_EXPIRED,       /**< or not valid yet, here or on the way */
    USM_CERT_PERIODS,       /**< its times cannot be read */
    USM_CERT_CHAIN_PURPOSE, /**< one on the way must not be used like that */
    USM_CERT_ROLES,         /**< one on the way is no CA */
    USM_CERT_REVOKED,
    USM_CERT_CHAIN_REVOKED, /**< one on the way is */
    USM_CERT_UNKNOWN,       /**< nobody can tell whether it was revoked: no good revocation list is there */
    USM_CERT_FAILED
} usm_cert_e;

/** Check @a count certificates (DER); @a chain: others that may be on the way, trusted by nobody for that. @a store:
 * PEM file with the CAs that are trusted and their revocation lists, NULL = the system's CAs. @a revocation: want a
 * revocation list for each certificate on the way; none is ever fetched. Errors: CONFIG (the file cannot be read). */
usm_error_t *usm_cert_check(usm_cert_e *results, const usm_blob_t *certs, int count, const usm_blob_t *chain,
                            int chain_count, const char *store, int revocation, apr_pool_t *pool);

#ifdef __cplusplus
}
#endif
#endif
