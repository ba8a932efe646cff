/* SPDX-License-Identifier: Apache-2.0 */
/** @file text.h  Text from outside made fit for XML 1.0: valid UTF-8 without forbidden characters. Pure functions, any
 * thread. */
#ifndef USM_UTIL_TEXT_H
#define USM_UTIL_TEXT_H

#include <apr_pools.h>

/** Copy @a len bytes into @a pool and make them fit: broken UTF-8 becomes U+FFFD, characters that XML 1.0 forbids
 * (control characters but tab, newline and carriage return; U+FFFE, U+FFFF; surrogates) are dropped. The result is
 * NUL-terminated; *out_len (may be NULL) is its length, never larger than three times @a len. */
char *usm__text_clean(apr_pool_t *pool, const char *text, apr_size_t len, apr_size_t *out_len);

/** Is the text fit already? */
int usm__text_is_clean(const char *text, apr_size_t len);

/** Is every byte 7 bit? */
int usm__text_is_ascii(const char *text, apr_size_t len);

/** Largest length <= @a max at which UTF-8 text @a text of @a len bytes can be cut without cutting a character. */
apr_size_t usm__text_cut(const char *text, apr_size_t len, apr_size_t max);

/** Copy without white space at both ends. */
char *usm__text_trim(apr_pool_t *pool, const char *text, apr_size_t len);

/** HTML that is UTF-8 by now, with what its meta elements say of another charset made to say so too. @a html itself
 * when there is nothing to change, else a copy in @a pool; *len is its length before and after. Only the first 16 KiB
 * are looked at. */
const char *usm__html_utf8(const char *html, apr_size_t *len, apr_pool_t *pool);

#endif
