/* SPDX-License-Identifier: Apache-2.0 */
/** @file mime.h  What libusm does with MIME itself. mime.c alone includes GMime. Any thread. */
#ifndef USM_UTIL_MIME_H
#define USM_UTIL_MIME_H

#include <usm/item.h>

/** A message ready to be sent. */
typedef struct usm__mail_t {
    const char *data; /**< 7-bit clean, lines end in CR LF */
    apr_size_t len;
    int recipients;         /**< addresses in To, Cc and Bcc */
    const char *from;       /**< bare address of the first From, NULL = none */
    const char *message_id; /**< with its angle brackets; made when the message had none */
} usm__mail_t;

/** Once per process, before any thread; the other functions do it themselves when it was forgotten. */
void usm__mime_init(void);

/** Check a message a device wants to send and make it ready: Message-ID, Date and MIME-Version are added when they are
 * missing, lines end in CR LF, and 8-bit content is encoded, part by part. A message that is complete and clean keeps
 * its bytes; signed and encrypted parts keep theirs in any case. The result lives in @a pool (or is @a mime itself).
 * Errors: MIME (not a message, or 8-bit bytes inside of a signed part, which nobody could repair). */
usm_error_t *usm__mime_prepare(usm__mail_t *mail, const char *mime, apr_size_t len, apr_pool_t *pool);

/** Parse a list of addresses as it stands in a header (RFC 2047 words decoded). NULL when there is none. */
const usm_addrs_t *usm__mime_addresses(const char *text, apr_pool_t *pool);

#endif
