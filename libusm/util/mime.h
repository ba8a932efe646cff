/* SPDX-License-Identifier: Apache-2.0 */
/* MIME for libusm. mime.c is the only file of the library that sees GMime. */
#ifndef USM_MIME_H
#define USM_MIME_H

#include <usm/error.h>

typedef struct usm__mail_t {
    const char *data; /**< the message, 7-bit clean, lines end in CR LF */
    apr_size_t len;
    const char *message_id; /**< with its angle brackets; made when the message had none */
    const char *from;       /**< bare address, NULL when the message has no From */
    int recipients;         /**< addresses in To, Cc and Bcc */
} usm__mail_t;

/** Once per process, before any thread. */
void usm__mime_init(void);
/** Check a message from a device and make it fit to be sent: parseable, 7-bit clean (a message that is clean keeps its
 * bytes; signed and encrypted parts are never re-encoded), with Message-ID, Date and MIME-Version. Result in @a pool,
 * or pointing into @a mime. Errors: MIME. */
usm_error_t *usm__mime_prepare(usm__mail_t *mail, const char *mime, apr_size_t len, apr_pool_t *pool);

#endif
