/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text as WBXML may carry it: UTF-8 of characters that XML 1.0 allows (TAB, LF, CR, U+0020 to U+D7FF, U+E000 to U+FFFD,
 * U+10000 to U+10FFFF). iOS and others drop a whole answer that holds anything else, so this is the one place that
 * knows. Nothing here keeps state: any thread may call it.
 */
#ifndef EAS_WBXML_TEXT_H
#define EAS_WBXML_TEXT_H

#include <apr_pools.h>

/* What stands in for each broken byte sequence or forbidden character: U+FFFD. */
#define EAS_XML_REPLACEMENT "\xEF\xBF\xBD"

/*
 * Checks LEN bytes. Returns the length of the longest good prefix: LEN when all is good. Otherwise *BAD_P (if not NULL)
 * is the length, 1 to 4, of what is wrong there: one forbidden character or one broken sequence.
 */
apr_size_t eas_xml_check(const char *text, apr_size_t len, apr_size_t *bad_p);

/* How many bytes at the end of TEXT are the start of a character whose rest is missing: 0 to 3. */
apr_size_t eas_xml_tail(const char *text, apr_size_t len);

/*
 * TEXT itself when it is good, else a copy in POOL (NUL terminated) with U+FFFD for each thing that eas_xml_check()
 * names. *LEN_P is the length before and after.
 */
const char *eas_xml_clean(const char *text, apr_size_t *len_p, apr_pool_t *pool);

/* The greatest length <= MAX at which TEXT of LEN bytes can be cut without splitting a UTF-8 character. */
apr_size_t eas_utf8_cut(const char *text, apr_size_t len, apr_size_t max);

#endif
