/* SPDX-License-Identifier: Apache-2.0 */
/* Plain text and HTML bodies turned into each other, and the light cleaning the HTML views do. UTF-8 in and out. */
#ifndef OX_MAIL_HTML_H
#define OX_MAIL_HTML_H

#include <stdbool.h>

/* Tags removed, entities resolved, block ends as line ends. The caller frees the result. */
char *mail_html_to_text(const char *html);

/* Escaped, line ends as <br />. The caller frees the result. */
char *mail_html_from_text(const char *text);

/*
 * Drops scripts, event handlers and javascript: links. body_only keeps what is between the body tags; no_images takes
 * the address away from images that lie on other servers. The caller frees the result.
 */
char *mail_html_clean(const char *html, bool body_only, bool no_images);

#endif
