/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: crypt_cert.c cmd_validatecert.c */
/* Certificates made here, with one fault each, and what ValidateCert says of them. */
#include "sync_test.h"

#include <apr_base64.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <usm/cert.h>

#define YEAR (365 * 86400L)

typedef struct made_t {
    X509 *cert;
    EVP_PKEY *key;
} made_t;

enum { ROOT, MIDDLE, LEAF, OLD, SERVER, FOREIGN, UNDER_LEAF, REVOKED, SPOILED, MADE };
static made_t made[MADE];
static apr_pool_t *pool;
static const char *store, *store_crl;

static void extend(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    assert_non_null(ext);
    X509_add_ext(cert, ext, -1);
    X509_EXTENSION_free(ext);
}

/* BY NULL: signs itself. */
static void make(made_t *m, const char *name, const made_t *by, int serial, int ca, const char *usage, long from,
                 long to)
{
    X509_NAME *subject;
    m->key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    m->cert = X509_new();
    X509_set_version(m->cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(m->cert), serial);
    X509_gmtime_adj(X509_getm_notBefore(m->cert), from);
    X509_gmtime_adj(X509_getm_notAfter(m->cert), to);
    X509_set_pubkey(m->cert, m->key);
    subject = X509_get_subject_name(m->cert);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(m->cert, by ? X509_get_subject_name(by->cert) : subject);
    extend(m->cert, by ? by->cert : m->cert, NID_basic_constraints, ca ? "critical,CA:TRUE" : "CA:FALSE");
    if (ca)
        extend(m->cert, by ? by->cert : m->cert, NID_key_usage, "critical,keyCertSign,cRLSign");
    if (usage)
        extend(m->cert, by ? by->cert : m->cert, NID_ext_key_usage, usage);
    assert_true(X509_sign(m->cert, by ? by->key : m->key, EVP_sha256()) > 0);
}

static void put_crl(BIO *out, const made_t *by, int serial)
{
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *now = X509_gmtime_adj(NULL, -60), *then = X509_gmtime_adj(NULL, YEAR);
    X509_CRL_set_version(crl, 1);
    X509_CRL_set_issuer_name(crl, X509_get_subject_name(by->cert));
    X509_CRL_set1_lastUpdate(crl, now);
    X509_CRL_set1_nextUpdate(crl, then);
    if (serial) {
        X509_REVOKED *entry = X509_REVOKED_new();
        ASN1_INTEGER *number = ASN1_INTEGER_new();
        ASN1_INTEGER_set(number, serial);
        X509_REVOKED_set_serialNumber(entry, number);
        X509_REVOKED_set_revocationDate(entry, now);
        X509_CRL_add0_revoked(crl, entry);
        ASN1_INTEGER_free(number);
    }
    assert_true(X509_CRL_sign(crl, by->key, EVP_sha256()) > 0);
    PEM_write_bio_X509_CRL(out, crl);
    X509_CRL_free(crl);
    ASN1_TIME_free(now);
    ASN1_TIME_free(then);
}

static const char *write_store(const char *name, int with_crl)
{
    const char *dir, *path;
    apr_temp_dir_get(&dir, pool);
    path = apr_psprintf(pool, "%s/%s.%ld.pem", dir, name, (long)getpid());
    BIO *out = BIO_new_file(path, "w");
    PEM_write_bio_X509(out, made[ROOT].cert);
    if (with_crl) {
        put_crl(out, &made[ROOT], 0);
        put_crl(out, &made[MIDDLE], 8);
    }
    BIO_free(out);
    return path;
}

static int start(void **state)
{
    int rv = sync_setup(state);
    pool = *state;
    make(&made[ROOT], "Root", NULL, 1, 1, NULL, -60, YEAR);
    make(&made[MIDDLE], "Middle", &made[ROOT], 2, 1, NULL, -60, YEAR);
    make(&made[LEAF], "leaf", &made[MIDDLE], 3, 0, "emailProtection", -60, YEAR);
    make(&made[OLD], "old", &made[MIDDLE], 4, 0, "emailProtection", -YEAR, -60);
    make(&made[SERVER], "server", &made[MIDDLE], 5, 0, "serverAuth", -60, YEAR);
    make(&made[FOREIGN], "foreign", NULL, 6, 0, "emailProtection", -60, YEAR);
    make(&made[UNDER_LEAF], "under", &made[LEAF], 7, 0, "emailProtection", -60, YEAR);
    make(&made[REVOKED], "revoked", &made[MIDDLE], 8, 0, "emailProtection", -60, YEAR);
    make(&made[SPOILED], "spoiled", &made[MIDDLE], 9, 0, "emailProtection", -60, YEAR);
    store = write_store("eas-ca", 0);
    store_crl = write_store("eas-ca-crl", 1);
    return rv;
}

static int stop(void **state)
{
    apr_file_remove(store, pool);
    apr_file_remove(store_crl, pool);
    for (int i = 0; i < MADE; i++) {
        X509_free(made[i].cert);
        EVP_PKEY_free(made[i].key);
    }
    return sync_teardown(state);
}

static usm_blob_t der(int which)
{
    unsigned char *bytes = NULL;
    int len = i2d_X509(made[which].cert, &bytes);
    usm_blob_t blob = {.data = apr_pmemdup(pool, bytes, (apr_size_t)len), .len = (apr_size_t)len};
    OPENSSL_free(bytes);
    if (which == SPOILED) /* the last byte is of the signature */
        ((unsigned char *)(apr_uintptr_t)blob.data)[len - 1] ^= 1;
    return blob;
}

static void test_findings(void **state)
{
    static const struct {
        int which, chain; /* chain: -1 none */
        int crl, revocation;
        usm_cert_e result;
    } rows[] = {
        {LEAF, MIDDLE, 0, 0, USM_CERT_GOOD},           {LEAF, -1, 0, 0, USM_CERT_UNTRUSTED},
        {ROOT, -1, 0, 0, USM_CERT_PURPOSE},            {FOREIGN, -1, 0, 0, USM_CERT_UNTRUSTED},
        {OLD, MIDDLE, 0, 0, USM_CERT_EXPIRED},         {SERVER, MIDDLE, 0, 0, USM_CERT_PURPOSE},
        {SPOILED, MIDDLE, 0, 0, USM_CERT_SIGNATURE},   {LEAF, MIDDLE, 0, 1, USM_CERT_UNKNOWN},
        {LEAF, MIDDLE, 1, 1, USM_CERT_GOOD},           {REVOKED, MIDDLE, 1, 1, USM_CERT_REVOKED},
        {REVOKED, MIDDLE, 1, 0, USM_CERT_GOOD},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        usm_blob_t cert = der(rows[i].which), chain = rows[i].chain >= 0 ? der(rows[i].chain) : cert;
        usm_cert_e result;
        usm_error_t *err = usm_cert_check(&result, &cert, 1, &chain, rows[i].chain >= 0,
                                          rows[i].crl ? store_crl : store, rows[i].revocation, pool);
        assert_null(err);
        if (result != rows[i].result)
            fail_msg("row %zu: %d", i, result);
    }
    (void)state;
}

/* One below a certificate that is no CA; broken chains; bytes that are none; a file that is none. */
static void test_others(void **state)
{
    usm_blob_t certs[3] = {der(UNDER_LEAF), der(LEAF), {.data = (const unsigned char *)"x", .len = 1}};
    usm_blob_t chain[3] = {der(MIDDLE), der(LEAF), certs[2]};
    usm_cert_e results[3];
    assert_null(usm_cert_check(results, certs, 3, chain, 2, store, 0, pool));
    assert_true(results[0] == USM_CERT_ROLES || results[0] == USM_CERT_CHAIN_PURPOSE ||
                results[0] == USM_CERT_UNTRUSTED);
    assert_int_equal(results[1], USM_CERT_GOOD);
    assert_int_equal(results[2], USM_CERT_MALFORMED);
    assert_null(usm_cert_check(results, certs, 2, chain + 2, 1, store, 0, pool));
    assert_int_equal(results[1], USM_CERT_CHAIN);
    assert_null(usm_cert_check(results, certs, 2, NULL, 0, NULL, 0, pool));
    assert_int_equal(results[1], USM_CERT_UNTRUSTED);
    usm_error_t *err = usm_cert_check(results, certs, 1, NULL, 0, "/nonexistent/ca.pem", 0, pool);
    assert_true(usm_error_is(err, USM_ECONFIG));
    usm_error_clear(err);
    (void)state;
}

static const char *base64(int which)
{
    usm_blob_t blob = der(which);
    char *text = apr_palloc(pool, (apr_size_t)apr_base64_encode_len((int)blob.len));
    apr_base64_encode_binary(text, blob.data, (int)blob.len);
    return text;
}

#define ASK(text) "ValidateCert:ValidateCert{" text "}"

static void test_command(void **state)
{
    const char *cert = base64(LEAF), *chain = base64(MIDDLE), *many = "";
    sync_cert_ca = store;
    const struct {
        const char *in, *out;
    } rows[] = {
        {apr_psprintf(pool, ASK("CertificateChain{Certificate='%s'} Certificates{Certificate='%s' Certificate='%s' "
                                "Certificate='!!' Certificate}"), chain, cert, base64(OLD)),
         "Status=1 Certificate{Status=1} Certificate{Status=7} Certificate{Status=10} Certificate{Status=10}"},
        {apr_psprintf(pool, ASK("CertificateChain{Certificate='%s'} Certificates{Certificate='%s'} CheckCRL=1"), chain,
                      cert), "Status=1 Certificate{Status=16}"},
        {apr_psprintf(pool, ASK("Certificates{Certificate='%s'} CheckCRL=0"), cert), "Status=1 Certificate{Status=4}"},
        {ASK(""), "Status=2"},
        {ASK("Certificates"), "Status=2"},
        {ASK("Certificates{Status=1}"), "Status=2"},
        {ASK("Certificates{Certificate=x} CheckCRL=7"), "Status=2"},
        {ASK("Certificates{Certificate=x} Certificates{Certificate=x}"), "Status=2"},
        {ASK("CertificateChain{Status=1} Certificates{Certificate=x}"), "Status=2"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int version = 25; version <= 161; version += 136) {
            const char *got = map_text(sync_run(eas_cmd_validatecert, (unsigned)version, rows[i].in), *state);
            if (strcmp(got, rows[i].out) != 0)
                fail_msg("row %zu: %s", i, got);
        }
    }
    for (int i = 0; i < 101; i++)
        many = apr_pstrcat(pool, many, " Certificate=x", NULL);
    assert_string_equal(map_text(sync_run(eas_cmd_validatecert, 141, apr_psprintf(pool, ASK("Certificates{%s}"), many)),
                                 *state), "Status=2");
    sync_cert_ca = "/nonexistent/ca.pem";
    assert_string_equal(map_text(sync_run(eas_cmd_validatecert, 141, ASK("Certificates{Certificate=x}")), *state),
                        "Status=17");
    sync_cert_ca = NULL;
}

#define RUN_TEST(function) cmocka_unit_test_setup_teardown(function, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {RUN_TEST(test_findings), RUN_TEST(test_others), RUN_TEST(test_command)};

    return RUN_TESTS(tests);
}
