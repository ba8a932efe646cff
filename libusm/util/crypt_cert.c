/* SPDX-License-Identifier: Apache-2.0 */
#include <usm/cert.h>

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <openssl/x509_vfy.h>

/* What OpenSSL's findings mean for the certificate itself, and for one on the way. */
static const struct {
    int code;
    usm_cert_e here, on_way;
} findings[] = {
    {X509_V_OK, USM_CERT_GOOD, USM_CERT_GOOD},
    {X509_V_ERR_CERT_SIGNATURE_FAILURE, USM_CERT_SIGNATURE, USM_CERT_SIGNATURE},
    {X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE, USM_CERT_SIGNATURE, USM_CERT_SIGNATURE},
    {X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY, USM_CERT_SIGNATURE, USM_CERT_SIGNATURE},
    {X509_V_ERR_CA_MD_TOO_WEAK, USM_CERT_SIGNATURE, USM_CERT_SIGNATURE},
    {X509_V_ERR_EE_KEY_TOO_SMALL, USM_CERT_SIGNATURE, USM_CERT_SIGNATURE},
    {X509_V_ERR_CA_KEY_TOO_SMALL, USM_CERT_SIGNATURE, USM_CERT_SIGNATURE},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, USM_CERT_UNTRUSTED, USM_CERT_UNTRUSTED},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, USM_CERT_UNTRUSTED, USM_CERT_UNTRUSTED},
    {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, USM_CERT_UNTRUSTED, USM_CERT_UNTRUSTED},
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, USM_CERT_UNTRUSTED, USM_CERT_UNTRUSTED},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, USM_CERT_UNTRUSTED, USM_CERT_UNTRUSTED},
    {X509_V_ERR_CERT_UNTRUSTED, USM_CERT_UNTRUSTED, USM_CERT_UNTRUSTED},
    {X509_V_ERR_CERT_REJECTED, USM_CERT_UNTRUSTED, USM_CERT_UNTRUSTED},
    {X509_V_ERR_CERT_CHAIN_TOO_LONG, USM_CERT_CHAIN, USM_CERT_CHAIN},
    {X509_V_ERR_PATH_LENGTH_EXCEEDED, USM_CERT_CHAIN, USM_CERT_CHAIN},
    {X509_V_ERR_SUBJECT_ISSUER_MISMATCH, USM_CERT_CHAIN, USM_CERT_CHAIN},
    {X509_V_ERR_AKID_SKID_MISMATCH, USM_CERT_CHAIN, USM_CERT_CHAIN},
    {X509_V_ERR_INVALID_PURPOSE, USM_CERT_PURPOSE, USM_CERT_CHAIN_PURPOSE},
    {X509_V_ERR_KEYUSAGE_NO_CERTSIGN, USM_CERT_CHAIN_PURPOSE, USM_CERT_CHAIN_PURPOSE},
    {X509_V_ERR_CERT_HAS_EXPIRED, USM_CERT_EXPIRED, USM_CERT_EXPIRED},
    {X509_V_ERR_CERT_NOT_YET_VALID, USM_CERT_EXPIRED, USM_CERT_EXPIRED},
    {X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD, USM_CERT_PERIODS, USM_CERT_PERIODS},
    {X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD, USM_CERT_PERIODS, USM_CERT_PERIODS},
    {X509_V_ERR_INVALID_CA, USM_CERT_ROLES, USM_CERT_ROLES},
    {X509_V_ERR_INVALID_NON_CA, USM_CERT_ROLES, USM_CERT_ROLES},
    {X509_V_ERR_CERT_REVOKED, USM_CERT_REVOKED, USM_CERT_CHAIN_REVOKED},
    {X509_V_ERR_UNABLE_TO_GET_CRL, USM_CERT_UNKNOWN, USM_CERT_UNKNOWN},
    {X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER, USM_CERT_UNKNOWN, USM_CERT_UNKNOWN},
    {X509_V_ERR_CRL_SIGNATURE_FAILURE, USM_CERT_UNKNOWN, USM_CERT_UNKNOWN},
    {X509_V_ERR_CRL_NOT_YET_VALID, USM_CERT_UNKNOWN, USM_CERT_UNKNOWN},
    {X509_V_ERR_CRL_HAS_EXPIRED, USM_CERT_UNKNOWN, USM_CERT_UNKNOWN},
    {X509_V_ERR_CRL_PATH_VALIDATION_ERROR, USM_CERT_UNKNOWN, USM_CERT_UNKNOWN},
};

static usm_cert_e judge(int code, int depth)
{
    for (apr_size_t i = 0; i < sizeof findings / sizeof findings[0]; i++) {
        if (findings[i].code == code)
            return depth > 0 ? findings[i].on_way : findings[i].here;
    }
    return USM_CERT_FAILED;
}

static apr_status_t free_store(void *data)
{
    X509_STORE_free(data);
    return APR_SUCCESS;
}

static apr_status_t free_chain(void *data)
{
    sk_X509_pop_free(data, X509_free);
    return APR_SUCCESS;
}

static usm_error_t *open_store(X509_STORE **store_p, const char *path, int revocation, apr_pool_t *pool)
{
    X509_STORE *store = X509_STORE_new();
    X509_LOOKUP *lookup;
    if (!store)
        return USM_ERROR(pool, USM_ENOMEM, "no memory for certificates");
    apr_pool_cleanup_register(pool, store, free_store, apr_pool_cleanup_null);
    if (path) {
        lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
        if (!lookup || X509_load_cert_crl_file(lookup, path, X509_FILETYPE_PEM) <= 0) {
            ERR_clear_error();
            return USM_ERROR(pool, USM_ECONFIG, "%.300s cannot be read as certificates", path);
        }
    } else {
        X509_STORE_set_default_paths(store);
    }
    X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN |
                                    (revocation ? X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL : 0));
    ERR_clear_error();
    *store_p = store;
    return NULL;
}

/* Bytes behind the certificate make it none. */
static X509 *parse(const usm_blob_t *blob)
{
    const unsigned char *at = blob->data;
    X509 *cert = blob->len && blob->len < APR_INT32_MAX ? d2i_X509(NULL, &at, (long)blob->len) : NULL;
    if (cert && at != blob->data + blob->len) {
        X509_free(cert);
        cert = NULL;
    }
    return cert;
}

static usm_cert_e verify(X509_STORE *store, X509 *cert, STACK_OF(X509) *chain)
{
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    usm_cert_e result = USM_CERT_FAILED;
    if (ctx && X509_STORE_CTX_init(ctx, store, cert, chain)) {
        X509_STORE_CTX_set_purpose(ctx, X509_PURPOSE_SMIME_SIGN);
        X509_STORE_CTX_set_depth(ctx, USM_CERT_CHAIN_MAX);
        int good = X509_verify_cert(ctx) == 1;
        result = judge(X509_STORE_CTX_get_error(ctx), X509_STORE_CTX_get_error_depth(ctx));
        if (!good && result == USM_CERT_GOOD)
            result = USM_CERT_FAILED;
    }
    X509_STORE_CTX_free(ctx);
    return result;
}

usm_error_t *usm_cert_check(usm_cert_e *results, const usm_blob_t *certs, int count, const usm_blob_t *chain,
                            int chain_count, const char *store_path, int revocation, apr_pool_t *pool)
{
    STACK_OF(X509) *others = sk_X509_new_null();
    X509_STORE *store = NULL;
    int broken = 0;
    if (!others)
        return USM_ERROR(pool, USM_ENOMEM, "no memory for certificates");
    apr_pool_cleanup_register(pool, others, free_chain, apr_pool_cleanup_null);
    for (int i = 0; i < chain_count; i++) {
        X509 *cert = parse(&chain[i]);
        if (cert && !sk_X509_push(others, cert)) {
            X509_free(cert);
            cert = NULL;
        }
        broken |= !cert;
    }
    USM_ERR(open_store(&store, store_path, revocation, pool));
    for (int i = 0; i < count; i++) {
        X509 *cert = parse(&certs[i]);
        results[i] = cert ? verify(store, cert, others) : USM_CERT_MALFORMED;
        if (broken && results[i] == USM_CERT_UNTRUSTED) /* the way may have been there */
            results[i] = USM_CERT_CHAIN;
        X509_free(cert);
    }
    ERR_clear_error();
    return NULL;
}
