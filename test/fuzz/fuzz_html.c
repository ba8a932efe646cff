/* SPDX-License-Identifier: Apache-2.0 */
/* HTML and text into each other: never more than twice as long, good characters stay good, and a text that goes out as
 * HTML comes back as it was. */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>

#include "eas_html.h"
#include "wbxml/wbxml_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition) ((condition) ? (void)0 : abort())

/* The text without CR, and without blanks at its end. */
static size_t canonical(char *out, const char *text, size_t len)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        if (text[i] != '\r')
            out[n++] = text[i];
    }
    while (n > 0 && isspace((unsigned char)out[n - 1]))
        n--;
    return n;
}

static void there_and_back(const char *text, apr_size_t len, apr_pool_t *pool)
{
    apr_size_t html_len, back_len;
    char *html = eas_text_to_html(&html_len, text, len, pool);
    char *back = eas_html_to_text(&back_len, html, html_len, pool);
    char *a = apr_palloc(pool, len + 1), *b = apr_palloc(pool, back_len + 1);
    size_t n = canonical(a, text, len);

    CHECK(strlen(html) <= html_len && html[html_len] == '\0');
    CHECK(canonical(b, back, back_len) == n && memcmp(a, b, n) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *html = (const char *)data;
    apr_size_t len;
    apr_pool_t *pool;
    char *text;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    text = eas_html_to_text(&len, html, size, pool);
    CHECK(len <= 2 * size && text[len] == '\0');
    if (eas_xml_check(html, size, NULL) == size) {
        CHECK(eas_xml_check(text, len, NULL) == len);
        there_and_back(html, size, pool);
    }
    apr_pool_destroy(pool);
    return 0;
}
