/* SPDX-License-Identifier: Apache-2.0 */
#include "eas_html.h"

#include <apr_strings.h>
#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

typedef struct text_t {
    char *buf;
    apr_size_t len;
    int line_ends, blank; /* line ends at the end of buf, a blank that is still to be written */
    int kept;             /* inside of <pre>: blanks and line ends are text */
    int open[2];          /* no ' and no " comes any more: what opens one is no value of an attribute */
} text_t;

static void put(text_t *t, char c)
{
    if (t->blank && t->line_ends == 0 && t->len)
        t->buf[t->len++] = ' ';
    t->blank = 0;
    t->line_ends = 0;
    t->buf[t->len++] = c;
}

#define ALWAYS INT_MAX /* a line end that somebody asked for, also at the very start */

static void line_end(text_t *t, int most)
{
    t->blank = 0;
    if ((t->len || most == ALWAYS) && t->line_ends < most) {
        t->buf[t->len++] = '\r';
        t->buf[t->len++] = '\n';
        t->line_ends++;
    }
}

static void put_utf8(text_t *t, unsigned long c)
{
    if (c < 0x80) {
        put(t, (char)c);
    } else if (c < 0x800) {
        put(t, (char)(0xC0 | c >> 6));
        put(t, (char)(0x80 | (c & 0x3F)));
    } else if (c < 0x10000) {
        put(t, (char)(0xE0 | c >> 12));
        put(t, (char)(0x80 | (c >> 6 & 0x3F)));
        put(t, (char)(0x80 | (c & 0x3F)));
    } else {
        put(t, (char)(0xF0 | c >> 18));
        put(t, (char)(0x80 | (c >> 12 & 0x3F)));
        put(t, (char)(0x80 | (c >> 6 & 0x3F)));
        put(t, (char)(0x80 | (c & 0x3F)));
    }
}

static const struct {
    const char *name;
    unsigned code;
} entities[] = {{"amp", '&'},      {"lt", '<'},       {"gt", '>'},        {"quot", '"'},     {"apos", '\''},
                {"nbsp", ' '},     {"auml", 0xE4},    {"ouml", 0xF6},     {"uuml", 0xFC},    {"Auml", 0xC4},
                {"Ouml", 0xD6},    {"Uuml", 0xDC},    {"szlig", 0xDF},    {"eacute", 0xE9},  {"egrave", 0xE8},
                {"agrave", 0xE0},  {"ccedil", 0xE7},  {"euro", 0x20AC},   {"copy", 0xA9},    {"reg", 0xAE},
                {"ndash", 0x2013}, {"mdash", 0x2014}, {"hellip", 0x2026}, {"laquo", 0xAB},   {"raquo", 0xBB},
                {"lsquo", 0x2018}, {"rsquo", 0x2019}, {"ldquo", 0x201C},  {"rdquo", 0x201D}, {"bdquo", 0x201E},
                {"sbquo", 0x201A}, {"bull", 0x2022},  {"middot", 0xB7}};

/* *p stands behind the '&'. Unknown ones stay as they are. */
static const char *entity(text_t *t, const char *p, const char *end)
{
    const char *semi = memchr(p, ';', (size_t)(end - p > 12 ? 12 : end - p));
    if (!semi || semi == p) {
        put(t, '&');
        return p;
    }
    if (*p == '#') {
        int hex = p[1] == 'x' || p[1] == 'X';
        unsigned long c = strtoul(p + 1 + hex, NULL, hex ? 16 : 10);
        int good = c == 9 || (c >= 32 && c < 0xD800) || (c >= 0xE000 && c < 0xFFFE) ||
                   (c >= 0x10000 && c < 0x110000);
        if (c == 10 || c == 13)
            t->blank = 1;
        else
            put_utf8(t, good ? c : 0xFFFD);
        return semi + 1;
    }
    for (apr_size_t i = 0; i < sizeof entities / sizeof entities[0]; i++) {
        if (strlen(entities[i].name) == (size_t)(semi - p) && strncmp(entities[i].name, p, (size_t)(semi - p)) == 0) {
            put_utf8(t, entities[i].code); /* &nbsp; is a blank that is meant: it is not folded */
            return semi + 1;
        }
    }
    put(t, '&');
    return p;
}

static int is_tag(const char *p, const char *end, const char *name)
{
    size_t n = strlen(name);
    return (size_t)(end - p) >= n && strncasecmp(p, name, n) == 0 &&
           ((size_t)(end - p) == n || !isalnum((unsigned char)p[n]));
}

static const struct {
    const char *name;
    int lines; /* line ends around it */
} blocks[] = {{"p", 2},  {"div", 1}, {"br", 0}, {"tr", 1}, {"li", 1}, {"ul", 1}, {"ol", 1}, {"table", 1}, {"h1", 2},
              {"h2", 2}, {"h3", 2},  {"h4", 2}, {"h5", 2}, {"h6", 2}, {"hr", 1}, {"blockquote", 1}, {"pre", 1}};

static const char *const silent[] = {"script", "style", "title"};

/* Words of their own: cells of a row, entries of a list to choose from. */
static const char *const apart[] = {"td", "th", "option", "textarea"};

/* Behind the closing tag of an element whose content is not text; the end when it is never closed. */
static const char *skip_element(const char *p, const char *end, const char *name)
{
    while (p < end && (p = memchr(p, '<', (size_t)(end - p)))) {
        if (p + 1 < end && p[1] == '/' && is_tag(p + 2, end, name)) {
            const char *gt = memchr(p, '>', (size_t)(end - p));
            return gt ? gt + 1 : end;
        }
        p++;
    }
    return end;
}

/* Behind a quoted value that begins at @a p; @a p + 1 when it never ends. */
static const char *skip_value(text_t *t, const char *p, const char *end)
{
    int *none = &t->open[*p == '"'];
    const char *close = *none ? NULL : memchr(p + 1, *p, (size_t)(end - p - 1));
    *none |= !close;
    return close ? close + 1 : p + 1;
}

/* The '>' of a tag: not one in a value. */
static const char *tag_end(text_t *t, const char *p, const char *end)
{
    char before = 0;
    while (p < end && *p != '>') {
        if (before == '=' && (*p == '"' || *p == '\'')) {
            p = skip_value(t, p, end);
            before = 0;
            continue;
        }
        if (!isspace((unsigned char)*p))
            before = *p;
        p++;
    }
    return p < end ? p : NULL;
}

static void in_pre(text_t *t, const char **gt, const char *end, int closing)
{
    t->kept = !closing;
    if (closing)
        return;
    if (*gt + 1 < end && (*gt)[1] == '\r')
        ++*gt;
    if (*gt + 1 < end && (*gt)[1] == '\n') /* the first line end is only for those who read the source */
        ++*gt;
}

/* What a block does to the lines around it. */
static void block(text_t *t, const char *name, const char *end)
{
    for (apr_size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
        if (is_tag(name, end, blocks[i].name)) {
            if (blocks[i].lines == 0)
                line_end(t, ALWAYS);
            for (int n = 0; n < blocks[i].lines; n++)
                line_end(t, blocks[i].lines);
        }
    }
    for (apr_size_t i = 0; i < sizeof apart / sizeof apart[0]; i++)
        t->blank |= is_tag(name, end, apart[i]);
}

/* *p stands behind the '<'. */
static const char *tag(text_t *t, const char *p, const char *end)
{
    if (end - p >= 3 && strncmp(p, "!--", 3) == 0) {
        for (const char *q = p + 3; (q = memchr(q, '-', (size_t)(end - q))) && q + 2 < end; q++) {
            if (q[1] == '-' && q[2] == '>')
                return q + 3;
        }
        return end;
    }
    const char *name = *p == '/' ? p + 1 : p, *gt;
    if (name == end || (!isalpha((unsigned char)*name) && *p != '!' && *p != '?')) {
        put(t, '<');
        return p;
    }
    gt = tag_end(t, p, end);
    if (!gt)
        return end;
    for (apr_size_t i = 0; *p != '/' && i < sizeof silent / sizeof silent[0]; i++) {
        if (is_tag(name, end, silent[i]))
            return gt[-1] == '/' ? gt + 1 : skip_element(gt + 1, end, silent[i]);
    }
    block(t, name, end);
    if (is_tag(name, end, "pre"))
        in_pre(t, &gt, end, *p == '/');
    return gt + 1;
}

char *eas_html_to_text(apr_size_t *out_len, const char *html, apr_size_t len, apr_pool_t *pool)
{
    const char *p = html, *end = html + len;
    /* A tag of three bytes gives four (<p>), a lone byte at most one and a blank before it. */
    text_t t = {.buf = apr_palloc(pool, len * 2 + 8)};
    while (p < end) {
        char c = *p++;
        if (c == '<' && p < end)
            p = tag(&t, p, end);
        else if (c == '&' && p < end)
            p = entity(&t, p, end);
        else if (t.kept && c == '\n')
            line_end(&t, ALWAYS);
        else if (isspace((unsigned char)c) && !(t.kept && (c == ' ' || c == '\t')))
            t.blank |= !t.kept;
        else
            put(&t, c);
    }
    while (t.len && isspace((unsigned char)t.buf[t.len - 1]))
        t.len--;
    t.buf[t.len] = '\0';
    *out_len = t.len;
    return t.buf;
}

/* What a character of a text is in HTML; NULL: itself. Blanks that HTML would fold or drop are made to stay, so that a
 * text that goes to a device and comes back is the same text. */
static const char *escaped(const char *text, apr_size_t i, apr_size_t len)
{
    switch (text[i]) {
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '&':
        return "&amp;";
    case '\n':
        return "<br>\n";
    case '\r':
        return "";
    case '\t':
        return "&#9;";
    case ' ':
        return i == 0 || i + 1 == len || isspace((unsigned char)text[i - 1]) || isspace((unsigned char)text[i + 1])
                   ? "&nbsp;"
                   : NULL;
    default:
        return NULL;
    }
}

char *eas_text_to_html(apr_size_t *out_len, const char *text, apr_size_t len, apr_pool_t *pool)
{
    static const char head[] = "<html><head><meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\">"
                               "</head><body>";
    static const char tail[] = "</body></html>";
    apr_size_t room = sizeof head + sizeof tail, n = sizeof head - 1;
    for (apr_size_t i = 0; i < len; i++) {
        const char *as = escaped(text, i, len);
        room += as ? strlen(as) : 1;
    }
    char *out = apr_palloc(pool, room);
    memcpy(out, head, n);
    for (apr_size_t i = 0; i < len; i++) {
        const char *as = escaped(text, i, len);
        apr_size_t width = as ? strlen(as) : 1;
        memcpy(out + n, as ? as : text + i, width);
        n += width;
    }
    memcpy(out + n, tail, sizeof tail);
    *out_len = n + sizeof tail - 1;
    return out;
}
