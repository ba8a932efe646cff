/* SPDX-License-Identifier: Apache-2.0 */
#include "wbxml/wbxml_text.h"

#include <string.h>

#define ALL(byte) (APR_UINT64_C(0x0101010101010101) * (byte))

/* How long a character that starts with this byte is; 0 when none starts so. */
static apr_size_t sequence_len(unsigned char c)
{
    if (c < 0x80) {
        return 1;
    }
    if (c < 0xC2 || c > 0xF4) {
        return 0;
    }
    return c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
}

/* The length of the good character at S; or 0, and *BAD_P says how much is wrong. */
static apr_size_t good_char(const unsigned char *s, apr_size_t len, apr_size_t *bad_p)
{
    static const apr_uint32_t smallest[5] = {0, 0, 0x80, 0x800, 0x10000};
    apr_size_t need = sequence_len(s[0]), i;
    apr_uint32_t c = s[0];

    *bad_p = 1;
    if (need <= 1) {
        return need == 1 && (c >= 0x20 || c == '\t' || c == '\n' || c == '\r');
    }
    c &= 0x7Fu >> need;
    for (i = 1; i < need; i++) {
        if (i >= len || (s[i] & 0xC0) != 0x80) {
            *bad_p = i;
            return 0;
        }
        c = c << 6 | (s[i] & 0x3F);
    }
    *bad_p = need;
    if (c < smallest[need] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF) || c == 0xFFFE || c == 0xFFFF) {
        return 0;
    }
    return need;
}

/* The character check was nine tenths of the codec's time; eight bytes at a time make it half of that or less. */
static int eight_plain(const unsigned char *s)
{
    apr_uint64_t w;

    memcpy(&w, s, sizeof(w));
    return (w & ALL(0x80)) == 0 && ((w - ALL(0x20)) & ~w & ALL(0x80)) == 0;
}

apr_size_t eas_xml_check(const char *text, apr_size_t len, apr_size_t *bad_p)
{
    const unsigned char *s = (const unsigned char *)text, *end = s + len;
    apr_size_t bad = 0, n;

    while (s < end) {
        while (end - s >= 8 && eight_plain(s)) {
            s += 8;
        }
        if (s == end) {
            break;
        }
        n = good_char(s, (apr_size_t)(end - s), &bad);
        if (n == 0) {
            if (bad_p != NULL) {
                *bad_p = bad;
            }
            break;
        }
        s += n;
    }
    return (apr_size_t)(s - (const unsigned char *)text);
}

apr_size_t eas_xml_tail(const char *text, apr_size_t len)
{
    apr_size_t back;

    for (back = 1; back <= 3 && back <= len; back++) {
        unsigned char c = (unsigned char)text[len - back];

        if ((c & 0xC0) != 0x80) {
            return sequence_len(c) > back ? back : 0;
        }
    }
    return 0;
}

const char *eas_xml_clean(const char *text, apr_size_t *len_p, apr_pool_t *pool)
{
    const apr_size_t mark_len = sizeof(EAS_XML_REPLACEMENT) - 1;
    apr_size_t len = *len_p, out = 0, pos, good, bad = 0;
    char *copy = NULL;

    for (pos = 0; pos < len; pos += good + bad) {
        bad = 0;
        good = eas_xml_check(text + pos, len - pos, &bad);
        if (pos == 0 && good == len) {
            return text;
        }
        if (copy == NULL) {
            copy = apr_palloc(pool, len * mark_len + 1);
        }
        memcpy(copy + out, text + pos, good);
        out += good;
        if (bad > 0) {
            memcpy(copy + out, EAS_XML_REPLACEMENT, mark_len);
            out += mark_len;
        }
    }
    if (copy == NULL) {
        return text;
    }
    copy[out] = '\0';
    *len_p = out;
    return copy;
}

apr_size_t eas_utf8_cut(const char *text, apr_size_t len, apr_size_t max)
{
    if (len <= max) {
        return len;
    }
    return max - eas_xml_tail(text, max);
}
