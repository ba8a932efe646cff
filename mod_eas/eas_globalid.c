/* SPDX-License-Identifier: Apache-2.0 */
#include "eas_globalid.h"

#include <apr_base64.h>
#include <apr_strings.h>
#include <ctype.h>
#include <string.h>

#define HEAD 40 /* class id 16, date 4, creation time 8, zeroes 8, length 4 */
#define VCAL_HEAD 12 /* "vCal-Uid" and 01 00 00 00 */

static const unsigned char class_id[16] = {0x04, 0x00, 0x00, 0x00, 0x82, 0x00, 0xE0, 0x00,
                                           0x74, 0xC5, 0xB7, 0x10, 0x1A, 0x82, 0xE0, 0x08};
static const unsigned char vcal[VCAL_HEAD] = {'v', 'C', 'a', 'l', '-', 'U', 'i', 'd', 1, 0, 0, 0};

static int nibble(char c)
{
    const char *digits = "0123456789abcdef", *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* Bytes of a UID that Outlook has made: the whole id in hex. 0 when it is another one. */
static apr_size_t from_hex(unsigned char *raw, const char *uid)
{
    apr_size_t len = strlen(uid);
    if (len % 2 || len < 2 * HEAD)
        return 0;
    for (apr_size_t i = 0; i < len; i += 2) {
        int high = nibble(uid[i]), low = nibble(uid[i + 1]);
        if (high < 0 || low < 0)
            return 0;
        raw[i / 2] = (unsigned char)(high << 4 | low);
    }
    return memcmp(raw, class_id, sizeof class_id) == 0 ? len / 2 : 0;
}

const char *eas_globalid_make(const char *uid, int year, int month, int day, apr_pool_t *pool)
{
    apr_size_t uid_len = strlen(uid), size;
    if (uid_len > EAS_GLOBALID_UID_MAX)
        return NULL;
    unsigned char *raw = apr_pcalloc(pool, HEAD + VCAL_HEAD + uid_len + 1);
    size = from_hex(raw, uid);
    if (!size) {
        apr_size_t rest = VCAL_HEAD + uid_len + 1;
        memset(raw, 0, HEAD);
        memcpy(raw, class_id, sizeof class_id);
        for (int i = 0; i < 4; i++)
            raw[36 + i] = (unsigned char)(rest >> (8 * i));
        memcpy(raw + HEAD, vcal, VCAL_HEAD);
        memcpy(raw + HEAD + VCAL_HEAD, uid, uid_len + 1);
        size = HEAD + rest;
    }
    raw[16] = (unsigned char)(year >> 8);
    raw[17] = (unsigned char)year;
    raw[18] = (unsigned char)month;
    raw[19] = (unsigned char)day;
    char *text = apr_palloc(pool, (apr_size_t)apr_base64_encode_len((int)size));
    apr_base64_encode_binary(text, raw, (int)size);
    return text;
}

const char *eas_globalid_uid(const char *base64, apr_pool_t *pool)
{
    static const char hex[] = "0123456789ABCDEF";
    if (!base64 || strlen(base64) > 4 * EAS_GLOBALID_UID_MAX)
        return NULL;
    for (const char *p = base64; *p; p++) {
        if (!isalnum((unsigned char)*p) && !strchr("+/=", *p))
            return NULL;
    }
    unsigned char *raw = apr_pcalloc(pool, (apr_size_t)apr_base64_decode_len(base64) + 1);
    apr_size_t size = (apr_size_t)apr_base64_decode_binary(raw, base64), rest = 0;
    if (size < HEAD || memcmp(raw, class_id, sizeof class_id) != 0)
        return NULL;
    for (int i = 0; i < 4; i++)
        rest |= (apr_size_t)raw[36 + i] << (8 * i);
    if (size > HEAD + VCAL_HEAD && memcmp(raw + HEAD, vcal, 8) == 0 && rest > VCAL_HEAD && rest <= size - HEAD)
        return apr_pstrmemdup(pool, (const char *)raw + HEAD + VCAL_HEAD, rest - VCAL_HEAD - 1);
    memset(raw + 16, 0, 4);
    char *out = apr_palloc(pool, 2 * size + 1);
    for (apr_size_t i = 0; i < size; i++) {
        out[2 * i] = hex[raw[i] >> 4];
        out[2 * i + 1] = hex[raw[i] & 15];
    }
    out[2 * size] = '\0';
    return out;
}
