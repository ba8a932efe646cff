/* SPDX-License-Identifier: Apache-2.0 */
#include "util/text.h"

#include <apr_strings.h>
#include <stdint.h>
#include <string.h>

/* Eight bytes at once: is there one below 0x20 or above 0x7e? May say yes wrongly, never no wrongly. */
static int word_is_odd(const unsigned char *p)
{
    uint64_t w;
    memcpy(&w, p, sizeof w);
    uint64_t low = (w - UINT64_C(0x2020202020202020)) & ~w;
    return ((low | w) & UINT64_C(0x8080808080808080)) != 0;
}

/* Length of the plain ASCII run at the start that needs no look. */
static apr_size_t plain_run(const unsigned char *p, apr_size_t len)
{
    apr_size_t n = 0;
    while (len - n >= 8 && !word_is_odd(p + n))
        n += 8;
    return n;
}

/* Length of the well-formed character at p, 0 when it is broken. *code is set when well-formed. */
static apr_size_t decode(const unsigned char *p, apr_size_t len, unsigned *code)
{
    unsigned c = p[0];
    apr_size_t need = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
    if (need == 0 || need > len)
        return 0;
    unsigned value = need == 1 ? c : c & (0xffu >> (need + 1));
    for (apr_size_t i = 1; i < need; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (p[i] & 0x3f);
    }
    if ((need == 3 && (value < 0x800 || (value >= 0xd800 && value < 0xe000))) ||
        (need == 4 && (value < 0x10000 || value > 0x10ffff)))
        return 0;
    *code = value;
    return need;
}

static int allowed(unsigned c)
{
    return c >= 0x20 ? c != 0xfffe && c != 0xffff : c == '\t' || c == '\n' || c == '\r';
}

int usm__text_is_clean(const char *text, apr_size_t len)
{
    const unsigned char *p = (const unsigned char *)text;
    apr_size_t i = 0;
    while (i < len) {
        unsigned code = 0;
        i += plain_run(p + i, len - i);
        if (i >= len)
            break;
        apr_size_t n = decode(p + i, len - i, &code);
        if (n == 0 || !allowed(code))
            return 0;
        i += n;
    }
    return 1;
}

/* How many bytes a broken sequence swallows: the lead byte and the continuation bytes that could belong to it. */
static apr_size_t broken_length(const unsigned char *p, apr_size_t len)
{
    apr_size_t most = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : p[0] >= 0xc2 ? 2 : 1;
    apr_size_t n = 1;
    while (n < most && n < len && (p[n] & 0xc0) == 0x80)
        n++;
    return n;
}

char *usm__text_clean(apr_pool_t *pool, const char *text, apr_size_t len, apr_size_t *out_len)
{
    if (usm__text_is_clean(text, len)) {
        if (out_len)
            *out_len = len;
        return apr_pstrmemdup(pool, text, len);
    }
    const unsigned char *p = (const unsigned char *)text;
    char *out = apr_palloc(pool, len * 3 + 1);
    apr_size_t o = 0, i = 0;
    while (i < len) {
        unsigned code = 0;
        apr_size_t n = decode(p + i, len - i, &code);
        if (n == 0) {
            memcpy(out + o, "\xef\xbf\xbd", 3);
            o += 3;
            i += broken_length(p + i, len - i);
            continue;
        }
        if (allowed(code)) {
            memcpy(out + o, p + i, n);
            o += n;
        }
        i += n;
    }
    out[o] = '\0';
    if (out_len)
        *out_len = o;
    return out;
}

int usm__text_is_ascii(const char *text, apr_size_t len)
{
    for (apr_size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] >= 0x80)
            return 0;
    }
    return 1;
}

apr_size_t usm__text_cut(const char *text, apr_size_t len, apr_size_t max)
{
    if (len <= max)
        return len;
    apr_size_t n = max;
    while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
        n--;
    return n;
}

char *usm__text_trim(apr_pool_t *pool, const char *text, apr_size_t len)
{
    while (len > 0 && strchr(" \t\r\n", text[0]) && text[0] != '\0') {
        text++;
        len--;
    }
    while (len > 0 && text[len - 1] != '\0' && strchr(" \t\r\n", text[len - 1]))
        len--;
    return apr_pstrmemdup(pool, text, len);
}

/* ---- HTML ---- */

#define META_WITHIN 16384
#define METAS 4 /* elements that are looked at: each may copy the document */

static const char *find_nocase(const char *at, const char *end, const char *what)
{
    apr_size_t n = strlen(what);
    for (; at + n <= end; at++) {
        if (strncasecmp(at, what, n) == 0)
            return at;
    }
    return NULL;
}

/* The charset's name inside of a meta element: [*name, returned end). NULL when there is none before @a end. */
static const char *meta_charset(const char **name, const char *at, const char *end)
{
    while ((at = find_nocase(at, end, "<meta")) != NULL) {
        const char *close = memchr(at, '>', (apr_size_t)(end - at));
        const char *word = close ? find_nocase(at, close, "charset=") : NULL;
        if (!close)
            return NULL;
        if (word) {
            word += 8;
            word += word < close && (*word == '"' || *word == '\'');
            *name = word;
            while (word < close && !strchr("\"'; />", *word))
                word++;
            return word;
        }
        at = close;
    }
    return NULL;
}

const char *usm__html_utf8(const char *html, apr_size_t *len, apr_pool_t *pool)
{
    static const char utf8[] = "utf-8";
    const char *name, *after, *from = html;
    apr_size_t done = 0;
    for (int i = 0; i < METAS && done < META_WITHIN && done < *len; i++) {
        apr_size_t look = *len < META_WITHIN ? *len : META_WITHIN;
        after = meta_charset(&name, from + done, from + look);
        if (!after)
            break;
        apr_size_t before = (apr_size_t)(name - from), old = (apr_size_t)(after - name), rest = *len - before - old;
        done = before + sizeof utf8 - 1;
        if (old == sizeof utf8 - 1 && strncasecmp(name, utf8, old) == 0)
            continue;
        char *out = apr_palloc(pool, done + rest + 1);
        memcpy(out, from, before);
        memcpy(out + before, utf8, sizeof utf8 - 1);
        memcpy(out + done, after, rest);
        *len = done + rest;
        out[*len] = '\0';
        from = out;
    }
    return from;
}
