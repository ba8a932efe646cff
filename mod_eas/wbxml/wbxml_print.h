/* SPDX-License-Identifier: Apache-2.0 */
/* WBXML as indented XML for people: the debug log and usmctl decode. Not for machines: values are shortened and masked.
 */
#ifndef EAS_WBXML_PRINT_H
#define EAS_WBXML_PRINT_H

#include <apr_pools.h>

#include "wbxml/wbxml_error.h"

/* Most bytes of the remark that follows an error or a cut. */
#define EAS_PRINT_REMARK 256

/* How to print; 0 stands for the default. */
typedef struct eas_print_t {
    int mask_bodies;      /* show bodies, messages, attachments and notes as their length only */
    int show_secrets;     /* show passwords and policy keys: for tools on one's own captures, never for logs */
    int indent;           /* blanks per level; default 2 */
    apr_size_t value_max; /* bytes shown of one value; default 1024 */
    apr_size_t total_max; /* bytes of output before the closing remark; default 65536 */
} eas_print_t;

/*
 * Prints the document of LEN bytes into POOL and sets *TEXT_P to it, NUL terminated, lines ended by LF. OPTIONS may be
 * NULL. xmlns is given where the code page differs from the parent's. Opaque values: length and the first bytes in hex.
 * Passwords and policy keys: "***". Bad bytes show as U+FFFD, so that any request can be looked at. Returns the
 * reader's code, and the output then ends in a comment with the error; likewise where total_max cut it. ERROR may be
 * NULL.
 */
eas_wbxml_code_t eas_wbxml_print(const char **text_p, eas_wbxml_error_t *error, const void *data, apr_size_t len,
                                 const eas_print_t *options, apr_pool_t *pool);

/* Whether the value of TAG is a secret that no log may show. */
int eas_tag_is_secret(unsigned tag);

/* Whether the value of TAG is content that mask_bodies hides. */
int eas_tag_is_body(unsigned tag);

#endif
