/* SPDX-License-Identifier: Apache-2.0 */
/** @file eas_html.h  Text out of HTML and HTML out of text, both in one linear pass. */
#ifndef EAS_HTML_H
#define EAS_HTML_H

#include <apr_pools.h>

/** Readable text of an HTML document: tags dropped, block elements and <br> become line ends, white space folded,
 * entities decoded, title, script and style left out. @a html need not be terminated. What was good UTF-8 stays so.
 * Length into *@a out_len. Result in @a pool, NUL terminated, at most twice as long. */
char *eas_html_to_text(apr_size_t *out_len, const char *html, apr_size_t len, apr_pool_t *pool);
/** A minimal HTML document that shows the text as it is; eas_html_to_text() gives the same text back, but for blanks
 * and line ends at its end. */
char *eas_text_to_html(apr_size_t *out_len, const char *text, apr_size_t len, apr_pool_t *pool);

#endif
