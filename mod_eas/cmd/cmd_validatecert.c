/* SPDX-License-Identifier: Apache-2.0 */
/* ValidateCert (MS-ASCMD 2.2.1.22): certificates that a device met in signed mail. */
#include <string.h>
#include <usm/cert.h>

#include "eas_map.h"

#define CERTIFICATES_MAX 100        /* MS-ASCMD 3.1.5.10 */
#define CERTIFICATE_CHARS 65536     /* of base64 */

enum { VALIDATE_OK = 1, VALIDATE_INVALID = 2 };

/* MS-ASCMD 2.2.3.177.18. Nobody says whose address it should be (12), and no list of revoked ones is fetched (14). */
static const int statuses[] = {
    [USM_CERT_GOOD] = 1,     [USM_CERT_MALFORMED] = 10, [USM_CERT_SIGNATURE] = 3,
    [USM_CERT_UNTRUSTED] = 4, [USM_CERT_CHAIN] = 5,     [USM_CERT_PURPOSE] = 6,
    [USM_CERT_EXPIRED] = 7,  [USM_CERT_PERIODS] = 8,    [USM_CERT_CHAIN_PURPOSE] = 9,
    [USM_CERT_ROLES] = 11,   [USM_CERT_REVOKED] = 13,   [USM_CERT_CHAIN_REVOKED] = 15,
    [USM_CERT_UNKNOWN] = 16, [USM_CERT_FAILED] = 17,
};

/* Those below @a node; one that is no base64 has no bytes. @return how many, -1 when they are too many. */
static int read_certificates(usm_blob_t *blobs, const eas_node_t *node, apr_pool_t *pool)
{
    const eas_node_t *child;
    int n = 0;
    EAS_NODE_EACH(child, node)
    {
        if (child->tag != EAS_ValidateCert_Certificate || n == CERTIFICATES_MAX)
            return -1;
        memset(&blobs[n], 0, sizeof blobs[n]);
        blobs[n].data = eas_from_base64(&blobs[n].len, eas_node_text(child), CERTIFICATE_CHARS, pool);
        if (!blobs[n].data)
            blobs[n].len = 0;
        n++;
    }
    return n;
}

usm_error_t *eas_cmd_validatecert(eas_ctx_t *ctx, const eas_node_t *doc, eas_writer_t *out)
{
    static const unsigned tags[] = {EAS_ValidateCert_CertificateChain, EAS_ValidateCert_Certificates,
                                    EAS_ValidateCert_CheckCRL, 0};
    const eas_node_t *crl = eas_node_child(doc, EAS_ValidateCert_CheckCRL);
    usm_blob_t *certs = apr_pcalloc(ctx->pool, sizeof *certs * CERTIFICATES_MAX);
    usm_blob_t *chain = apr_pcalloc(ctx->pool, sizeof *chain * CERTIFICATES_MAX);
    usm_cert_e results[CERTIFICATES_MAX];
    int count = read_certificates(certs, eas_node_child(doc, EAS_ValidateCert_Certificates), ctx->pool);
    int others = read_certificates(chain, eas_node_child(doc, EAS_ValidateCert_CertificateChain), ctx->pool);
    int revocation = 0;
    if (count <= 0 || others < 0 || !eas_node_only(doc, tags) || (crl && !eas_node_bool(crl, &revocation)))
        return eas_answer_status(ctx, VALIDATE_INVALID);
    USM_ERR(usm_cert_check(results, certs, count, chain, others, ctx->conf->cert_ca, revocation, ctx->pool));
    eas_writer_start(out, EAS_ValidateCert_ValidateCert);
    eas_put_status(ctx, out, EAS_ValidateCert_Status, VALIDATE_OK);
    for (int i = 0; i < count; i++) {
        eas_writer_start(out, EAS_ValidateCert_Certificate);
        eas_writer_tag_int(out, EAS_ValidateCert_Status, statuses[results[i]]);
        eas_writer_end(out);
    }
    eas_writer_end(out);
    return NULL;
}
