/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The query string of an EAS request in both forms, plain and base64 (MS-ASHTTP 2.2.1.1.1), as one struct. Nothing here
 * looks at headers: where a field of the base64 form wins over a header (version, policy key, multipart) the caller
 * decides by the has_ fields.
 */
#ifndef EAS_QUERY_H
#define EAS_QUERY_H

#include <apr_pools.h>

#include "eas_table.h"

#define EAS_QUERY_MAX 4096     /* longest query string */
#define EAS_DEVICE_ID_MAX 64   /* longest device id, in characters; the grammar says 32 */
#define EAS_DEVICE_TYPE_MAX 64 /* longest device type */

/* EAS_QUERY_ROWS: code, the EAS Status for it, text. */
#define EAS_QUERY_ROWS(ROW)                                                                                            \
    ROW(OK, 1, "no error")                                                                                             \
    ROW(TOO_LONG, 101, "the query string is too long")                                                                 \
    ROW(MALFORMED, 101, "the query string is neither a list of parameters nor base64")                                 \
    ROW(TRUNCATED, 101, "a length in the base64 query goes beyond its end")                                            \
    ROW(POLICY_KEY, 101, "the policy key in the base64 query has neither 0 nor 4 bytes")                               \
    ROW(PARAMETER, 101, "a parameter that cannot be read")                                                             \
    ROW(DEVICE_ID, 108, "the device id is too long or has odd characters")                                             \
    ROW(DEVICE_TYPE, 109, "the device type is too long or has odd characters")

typedef enum {
#define EAS_QUERY_ROW(code_, status_, text_) EAS_QUERY_##code_,
    EAS_QUERY_ROWS(EAS_QUERY_ROW)
#undef EAS_QUERY_ROW
} eas_query_code_t;

typedef struct eas_query_t {
    int is_base64;
    int is_options;  /* Cmd=OPTIONS, as Outlook writes on its OPTIONS requests */
    const char *cmd; /* the command's name in the table's spelling; as it came when unknown; NULL without */
    int cmd_code;    /* the code of the base64 form; -1 in the plain form */
    const eas_command_t *command; /* NULL when there is none or it is unknown */
    const char *device_id;        /* NULL without; see eas_query_parse() */
    const char *device_type;      /* NULL without */
    const char *user;             /* NULL without; says nothing about who asks */
    unsigned version;             /* times ten; 0 in the plain form */
    unsigned locale;              /* MS-LCID, 0 without */
    int has_policy_key;           /* the base64 form has one; the plain form has it in a header */
    apr_uint32_t policy_key;
    const char *attachment_name; /* NULL without, likewise the next */
    const char *collection_id;
    const char *item_id;
    const char *long_id;
    const char *occurrence;
    int save_in_sent;
    int accept_multipart;
} eas_query_t;

/*
 * Parses ARGS, the query string as it came (NULL for none), into *QUERY_P in POOL. A query without parameters, as
 * OPTIONS requests have it, is fine: then all is NULL. On another code than EAS_QUERY_OK *QUERY_P holds what was read
 * so far.
 *
 * The device id comes out the same from both forms: printable bytes as they are, else (the bytes of a GUID) in
 * upper-case hex, and 32 hex digits are in upper case always. Parameter names compare without case; the first of
 * several strings wins; unknown ones are ignored.
 * "+" is a plus sign. Base64 may lack padding, be percent-encoded, or use the URL-safe alphabet. A value that holds
 * what XML forbids, NUL included, is an error, but in the user's name it is replaced.
 */
eas_query_code_t eas_query_parse(eas_query_t **query_p, const char *args, apr_pool_t *pool);

/* The constant text of CODE. */
const char *eas_query_text(eas_query_code_t code);

/* The EAS Status that tells a device of CODE; eas_status_http() then has the HTTP code. */
int eas_query_status(eas_query_code_t code);

#endif
