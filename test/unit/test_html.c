/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: eas_html.c */
/* HTML to text and back. The source is included, so that the bytes which its searches look at can be counted. */
#include "wbxml_test.h"

#include <strings.h>

#include "wbxml/wbxml_text.h"

static size_t steps;

static void *counted_memchr(const void *data, int c, size_t len)
{
    void *found = memchr(data, c, len);
    steps += found ? (size_t)((char *)found - (const char *)data) + 1 : len;
    return found;
}

static int counted_strncasecmp(const char *a, const char *b, size_t len)
{
    steps += len;
    return strncasecmp(a, b, len);
}

#define memchr counted_memchr
#define strncasecmp counted_strncasecmp
#include "eas_html.c"
#undef memchr
#undef strncasecmp

static const struct {
    const char *html, *text;
} rows[] = {
    {"", ""},
    {"abc", "abc"},
    {"  a \n\t b  ", "a b"},
    {"a<br>b<BR/>c<br />d", "a\r\nb\r\nc\r\nd"},
    {"<p>one</p><p>two</p>", "one\r\n\r\ntwo"},
    {"<div>one</div><div>two</div>", "one\r\ntwo"},
    {"<ul><li>one<li>two</ul>three", "one\r\ntwo\r\nthree"},
    {"<b>bo</b>ld <i>x</i>", "bold x"},
    {"&lt;a&gt; &amp;amp; &quot;q&quot; &apos;", "<a> &amp; \"q\" '"},
    {"&#65;&#x42;&#X43;", "ABC"},
    {"&auml;&szlig;&euro;&#228;&#x1F600;", "\xC3\xA4\xC3\x9F\xE2\x82\xAC\xC3\xA4\xF0\x9F\x98\x80"},
    {"a&nbsp;&nbsp;b", "a  b"},
    {"a&#9;b", "a\tb"},
    {"a&#10;b", "a b"},
    {"&unknown; &; & &x", "&unknown; &; & &x"},
    {"&#0;&#xD800;&#xFFFE;&#x110000;&#-5;&#9999999999;&#1;",
     EAS_XML_REPLACEMENT EAS_XML_REPLACEMENT EAS_XML_REPLACEMENT EAS_XML_REPLACEMENT EAS_XML_REPLACEMENT
         EAS_XML_REPLACEMENT EAS_XML_REPLACEMENT},
    {"<html><head><title>T</title><style>p{}</style></head><body>text</body></html>", "text"},
    {"<head><meta charset=utf-8><body>no end of the head", "no end of the head"},
    {"a<script>if (1<2) x('</p>');</script>b", "ab"},
    {"a<SCRIPT>x</sCript >b", "ab"},
    {"a<script/>b", "ab"},
    {"a<script>never closed", "a"},
    {"a<scripted>b", "ab"},
    {"a<!-- x > y -- -> z -->b", "ab"},
    {"a<!-- never closed", "a"},
    {"a<!---->b", "ab"},
    {"a<![if !x]>b<![endif]>c", "abc"},
    {"<!DOCTYPE html><?xml version=1?>x", "x"},
    {"1 < 2 <3 <", "1 < 2 <3 <"},
    {"a</", "a</"},
    {"a<", "a<"},
    {"a&", "a&"},
    {"a<b never closed", "a"},
    {"<br>x", "\r\nx"},
    {"<p></p><div></div>x", "x"},
    {"<table><tr><td>a</td><td>b</td></tr><tr><th>c</th></tr></table>", "a b\r\nc"},
    {"<pre>one\n  two\r\n\n\tthree\n</pre>  four  five", "one\r\n  two\r\n\r\n\tthree\r\nfour five"},
    {"x<pre>\r\none\ntwo</pre>", "x\r\none\r\ntwo"},
    {"<pre> a  b", " a  b"},
    {"a<img alt=\"x > y\" title='<b>'>b", "ab"},
    {"a<img alt = \"x>y\" src=z>b", "ab"},
    {"a<p class='q\"r' style=s:t>b", "a\r\n\r\nb"},
    {"a<i title=Bob's>b</i> it's", "ab it's"},
    {"a<i title=\"never closed>b</i> c", "ab c"},
    {"a<i title='x>b<i title=\"y>c", "abc"},
    {"<o:p>x</o:p><h1>y</h1>z", "x\r\n\r\ny\r\n\r\nz"},
};

/* In a block of exactly its size, so that a sanitizer sees a step too far. */
static char *to_text(const char *html, size_t len, apr_size_t *out_len, apr_pool_t *pool)
{
    return eas_html_to_text(out_len, test_exact(html, len, pool), len, pool);
}

static void test_rows(void **state)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        apr_size_t len;
        char *text = to_text(rows[i].html, strlen(rows[i].html), &len, *state);
        if (strcmp(text, rows[i].text) != 0 || len != strlen(rows[i].text))
            fail_msg("row %zu (%s): \"%s\"", i, rows[i].html, text);
    }
}

static void check_any(const char *html, size_t len, apr_pool_t *pool)
{
    apr_size_t out;
    char *text = to_text(html, len, &out, pool);
    if (out > 2 * len || text[out] != '\0')
        fail_msg("%zu bytes out of %zu", (size_t)out, len);
    if (eas_xml_check(html, len, NULL) == len && eas_xml_check(text, out, NULL) != out)
        fail_msg("good text became bad: %.*s", (int)len, html);
}

/* Every prefix of every row, and random sequences of the pieces that mean something. */
static void test_hostile(void **state)
{
    static const char *const pieces[] = {"<",   ">",    "/",        "&",  "#",       ";",         "x",  "&#",
                                         "=\"",  "\"",   "='",       "'",  "<pre>",   "</pre>",    "<td>", "\r\n",
                                         "&#x", "<!--", "-->",      "--", "<script", "</script>", "<p", "<br>",
                                         " ",   "\n",   "\xC3\xA4", "9",  "&nbsp;",  "!",         "?",  "<style>"};
    uint64_t seed = 17;
    apr_pool_t *pool;
    apr_pool_create(&pool, *state);
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (size_t len = 0; len <= strlen(rows[i].html); len++)
            check_any(rows[i].html, len, pool);
        apr_pool_clear(pool);
    }
    for (int i = 0; i < 20000; i++) {
        char html[400] = "";
        for (int n = (int)(test_random(&seed) % 40); n > 0; n--)
            apr_cpystrn(html + strlen(html), pieces[test_random(&seed) % COUNT(pieces)], 12);
        check_any(html, strlen(html), pool);
        apr_pool_clear(pool);
    }
}

static size_t steps_of(const char *piece, size_t count, apr_pool_t *pool)
{
    size_t width = strlen(piece), len = width * count;
    char *html = malloc(len + 1);
    apr_size_t out;
    assert_non_null(html);
    for (size_t i = 0; i < count; i++)
        memcpy(html + i * width, piece, width);
    steps = 0;
    eas_html_to_text(&out, html, len, pool);
    free(html);
    return steps + len;
}

/* Twice the input, twice the work. */
static void test_linear(void **state)
{
    static const char *const pieces[] = {"<",
                                         "< ",
                                         "<1",
                                         "</",
                                         "<a",
                                         "<!",
                                         "<!-",
                                         "<!--",
                                         "<!-- -",
                                         "<script",
                                         "<script>",
                                         "<script></",
                                         "<style></style",
                                         "&",
                                         "&#",
                                         "&lt",
                                         "&;",
                                         "<p",
                                         "<p>",
                                         "-->",
                                         "<>",
                                         "<script><!--",
                                         "<br",
                                         "<title><",
                                         "<a =\"",
                                         "<a ='\">",
                                         "<a =\">'",
                                         "<pre>\n",
                                         "</pre> ",
                                         "a b"};
    for (size_t i = 0; i < COUNT(pieces); i++) {
        size_t one = steps_of(pieces[i], 4000, *state), two = steps_of(pieces[i], 8000, *state);
        if (two > one * 2 + 1000)
            fail_msg("row %zu (%s): %zu steps, then %zu", i, pieces[i], one, two);
    }
}

static void test_text_to_html(void **state)
{
    static const struct {
        const char *text, *body;
    } table[] = {
        {"", ""},
        {"a < b & c > d", "a &lt; b &amp; c &gt; d"},
        {"one\r\ntwo\nthree", "one<br>\ntwo<br>\nthree"},
        {"  two  blanks ", "&nbsp;&nbsp;two&nbsp;&nbsp;blanks&nbsp;"},
        {"a\tb", "a&#9;b"},
        {"\xC3\xA4\"'", "\xC3\xA4\"'"},
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        apr_size_t len;
        char *html = eas_text_to_html(&len, test_exact(table[i].text, strlen(table[i].text), *state),
                                      strlen(table[i].text), *state);
        char *body = strstr(html, "<body>"), *end = strstr(html, "</body></html>");
        assert_int_equal(len, strlen(html));
        assert_true(body && end);
        *end = '\0';
        if (strcmp(body + 6, table[i].body) != 0)
            fail_msg("row %zu: %s", i, body + 6);
    }
}

/* The text without CR, and without blanks at its end. */
static char *canonical(const char *text, apr_size_t len, apr_pool_t *pool)
{
    char *out = apr_palloc(pool, len + 1);
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] != '\r')
            out[n++] = text[i];
    }
    while (n && isspace((unsigned char)out[n - 1]))
        n--;
    out[n] = '\0';
    return out;
}

/* A note that a device got as HTML and sends back is the same note. */
static void test_round_trip(void **state)
{
    static const char *const pieces[] = {" ", "  ",    "\n",   "\r\n", "\t",     "a",        "Wort",     "<",   ">",
                                         "&", "&amp;", "<br>", "<p>",  "&nbsp;", "\xC3\xA4", "<script>", "-->", ";"};
    uint64_t seed = 23;
    apr_pool_t *pool;
    apr_pool_create(&pool, *state);
    for (int i = 0; i < 5000; i++) {
        char text[400] = "";
        apr_size_t html_len, len;
        for (int n = (int)(test_random(&seed) % 30); n > 0; n--)
            apr_cpystrn(text + strlen(text), pieces[test_random(&seed) % COUNT(pieces)], 12);
        char *html = eas_text_to_html(&html_len, text, strlen(text), pool);
        char *back = eas_html_to_text(&len, html, html_len, pool);
        assert_string_equal(canonical(back, len, pool), canonical(text, strlen(text), pool));
        apr_pool_clear(pool);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_rows),         POOL_TEST(test_hostile),    POOL_TEST(test_linear),
        POOL_TEST(test_text_to_html), POOL_TEST(test_round_trip),
    };
    return RUN_TESTS(tests);
}
