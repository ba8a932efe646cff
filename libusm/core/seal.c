/* SPDX-License-Identifier: Apache-2.0 */
/* Sealing: what the store keeps of a groupware session opens only with the user's password, which each request brings.
 * Text form: "1." base64url(salt 16 | nonce 12 | tag 16 | ciphertext). */
#include "core.h"

#include <apr_base64.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdlib.h>

#define ROUNDS 20000
#define SALT 16
#define NONCE 12
#define TAG 16
#define HEAD (SALT + NONCE + TAG)
#define PLAIN_MAX 65536

void usm__random(void *buf, apr_size_t len)
{
    if (RAND_bytes(buf, (int)len) != 1)
        abort(); /* without randomness no key may be handed out */
}

static int derive(unsigned char key[32], const char *password, const unsigned char *salt)
{
    return PKCS5_PBKDF2_HMAC(password, (int)strlen(password), salt, SALT, ROUNDS, EVP_sha256(), 32, key) == 1;
}

const char *usm__seal(const char *plain, const char *password, apr_pool_t *pool)
{
    int len = (int)strlen(plain), n = 0, tail = 0;
    unsigned char key[32];
    unsigned char *buf = apr_palloc(pool, HEAD + (apr_size_t)len + 16);
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    usm__random(buf, SALT + NONCE);
    int ok = c && len <= PLAIN_MAX && derive(key, password, buf) &&
             EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, buf + SALT) == 1 &&
             EVP_EncryptUpdate(c, buf + HEAD, &n, (const unsigned char *)plain, len) == 1 &&
             EVP_EncryptFinal_ex(c, buf + HEAD + n, &tail) == 1 &&
             EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG, buf + SALT + NONCE) == 1;
    EVP_CIPHER_CTX_free(c);
    OPENSSL_cleanse(key, sizeof key);
    if (!ok)
        return NULL;
    int total = HEAD + n + tail;
    char *text = apr_palloc(pool, (apr_size_t)apr_base64_encode_len(total) + 2);
    memcpy(text, "1.", 2);
    apr_base64_encode_binary(text + 2, buf, total);
    return text;
}

const char *usm__unseal(const char *sealed, const char *password, apr_pool_t *pool)
{
    if (!sealed || strncmp(sealed, "1.", 2) != 0 || strlen(sealed) > 2 * PLAIN_MAX)
        return NULL;
    unsigned char *buf = apr_palloc(pool, (apr_size_t)apr_base64_decode_len(sealed + 2) + 1);
    int total = apr_base64_decode_binary(buf, sealed + 2), n = 0, tail = 0;
    if (total < HEAD)
        return NULL;
    unsigned char key[32];
    char *plain = apr_palloc(pool, (apr_size_t)total);
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    int ok = c && derive(key, password, buf) &&
             EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, buf + SALT) == 1 &&
             EVP_DecryptUpdate(c, (unsigned char *)plain, &n, buf + HEAD, total - HEAD) == 1 &&
             EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG, buf + SALT + NONCE) == 1 &&
             EVP_DecryptFinal_ex(c, (unsigned char *)plain + n, &tail) == 1;
    EVP_CIPHER_CTX_free(c);
    OPENSSL_cleanse(key, sizeof key);
    if (!ok)
        return NULL;
    plain[n + tail] = '\0';
    return plain;
}

void usm__hmac_hex(char out[65], const void *key, apr_size_t key_len, const char *a, const char *b)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char parts[64], md[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    /* Both parts are digested first, so that ("ab","c") and ("a","bc") differ. */
    if (EVP_Digest(a, strlen(a), parts, NULL, EVP_sha256(), NULL) != 1 ||
        EVP_Digest(b ? b : "", b ? strlen(b) : 0, parts + 32, NULL, EVP_sha256(), NULL) != 1 ||
        !HMAC(EVP_sha256(), key, (int)key_len, parts, sizeof parts, md, &len))
        abort(); /* no memory for 64 bytes: nothing sensible can follow */
    OPENSSL_cleanse(parts, sizeof parts);
    for (unsigned i = 0; i < 32; i++) {
        out[2 * i] = hex[md[i] >> 4];
        out[2 * i + 1] = hex[md[i] & 15];
    }
    out[64] = '\0';
}
