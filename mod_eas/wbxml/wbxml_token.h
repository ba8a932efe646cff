/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The token table of MS-ASWBXML: every tag that a code page assigns, with the versions that know it and its type.
 * A tag is one number, page << 8 | token, and has a constant EAS_<page>_<tag> (EAS_AirSync_Sync, EAS_Email2_Bcc).
 * The table is made from tbl/eas-codepages.tsv at build time and is constant: any thread may read it.
 */
#ifndef EAS_WBXML_TOKEN_H
#define EAS_WBXML_TOKEN_H

#include "mod_eas/tbl/tokens.h"

/* A last version of "still in use". */
#define EAS_VERSION_OPEN 255

#define EAS_TAG(page, token) ((unsigned)(page) << 8 | (unsigned)(token))
#define EAS_TAG_PAGE(tag) ((unsigned)(tag) >> 8)
#define EAS_TAG_TOKEN(tag) ((unsigned)(tag)&0x3F)

/* How an element's value travels (MS-ASDTYPE); the names are those of the table's type column. */
typedef enum {
    EAS_TYPE_container,
    EAS_TYPE_empty,
    EAS_TYPE_string,
    EAS_TYPE_integer,
    EAS_TYPE_unsignedByte,
    EAS_TYPE_boolean,
    EAS_TYPE_dateTime,
    EAS_TYPE_compactDateTime,
    EAS_TYPE_double,
    EAS_TYPE_opaque,
    EAS_TYPE_base64,
    EAS_TYPE_timezone,
    EAS_TYPE_integerOrEmpty,
    EAS_TYPE_stringOrInteger,
    EAS_TYPE_stringOrOpaque,
    EAS_TYPE_containerOrString
} eas_type_t;

typedef struct eas_token_t {
    const char *name;          /* the tag's name, NULL in a slot that is not assigned */
    const char *page_name;     /* "AirSync" */
    const char *xmlns;         /* "AirSync:" */
    unsigned char page;        /* code page */
    unsigned char token;       /* 0x05 to 0x3F */
    unsigned char min_version; /* first protocol version times ten: 25, 120, 121, 140, 141, 160, 161 */
    unsigned char max_version; /* last one, or EAS_VERSION_OPEN */
    unsigned char type;        /* eas_type_t */
} eas_token_t;

/* The row of TAG in constant time, or NULL when its page or token is not assigned. */
const eas_token_t *eas_token_find(unsigned tag);

/* The row of the tag NAME in the page named PAGE_NAME, or NULL. Compares all rows: for tools and tests. */
const eas_token_t *eas_token_by_name(const char *page_name, const char *name);

/* The next assigned row after ROW in order of page and token; the first for NULL; NULL after the last. */
const eas_token_t *eas_token_next(const eas_token_t *row);

/* The tag of ROW. */
unsigned eas_token_tag(const eas_token_t *row);

/* The name of a code page ("AirSync"), or NULL when there is no such page. */
const char *eas_page_name(unsigned page);

/* Whether TAG is assigned and VERSION (times ten) lies in its range. */
int eas_token_in_version(unsigned tag, unsigned version);

#endif
