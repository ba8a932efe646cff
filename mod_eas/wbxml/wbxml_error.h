/* SPDX-License-Identifier: Apache-2.0 */
/* What can be wrong with a WBXML document, for reader and writer. */
#ifndef EAS_WBXML_ERROR_H
#define EAS_WBXML_ERROR_H

#include <apr_pools.h>

/*
 * EAS_WBXML_ROWS: one row per error: code, the EAS Status that tells a device of it (102 InvalidWBXML: does not decode;
 * 103 InvalidXML: decodes, but no schema knows it), text.
 */
#define EAS_WBXML_ROWS(ROW)                                                                                            \
    ROW(OK, 1, "no error")                                                                                             \
    ROW(TRUNCATED, 102, "the document ends too early")                                                                 \
    ROW(VERSION, 102, "not WBXML 1.1 to 1.3")                                                                          \
    ROW(CHARSET, 102, "the character set is not UTF-8")                                                                \
    ROW(STRING_TABLE, 102, "a string table")                                                                           \
    ROW(INTEGER, 102, "a number of more than 32 bits")                                                                 \
    ROW(GLOBAL, 102, "an entity, literal, extension, attribute or processing instruction")                             \
    ROW(UNKNOWN_PAGE, 102, "an unknown code page")                                                                     \
    ROW(UNKNOWN_TOKEN, 102, "an unknown token")                                                                        \
    ROW(STRUCTURE, 102, "text or an end outside of an element, or a second root")                                      \
    ROW(MIXED, 103, "an element with both text and elements")                                                          \
    ROW(TEXT, 102, "text that is not UTF-8 or holds characters that XML forbids")                                      \
    ROW(TRAILING, 102, "bytes after the end of the document")                                                          \
    ROW(DEPTH, 102, "elements nested too deep")                                                                        \
    ROW(ELEMENTS, 103, "too many elements")                                                                            \
    ROW(TEXT_LEN, 103, "a text that is too long")                                                                      \
    ROW(OPAQUE_LEN, 103, "an opaque value that is too long")                                                           \
    ROW(SIZE, 103, "the document is too big")                                                                          \
    ROW(VALUE, 103, "a value that has no text form")                                                                   \
    ROW(IO, 110, "the body cannot be read")

typedef enum {
#define EAS_WBXML_ROW(code_, status_, text_) EAS_WBXML_##code_,
    EAS_WBXML_ROWS(EAS_WBXML_ROW)
#undef EAS_WBXML_ROW
} eas_wbxml_code_t;

typedef struct eas_wbxml_error_t {
    eas_wbxml_code_t code;
    apr_size_t offset; /* where in the document */
    unsigned page;     /* the code page there */
    unsigned token;    /* the byte or token at fault, where there is one */
} eas_wbxml_error_t;

/* The constant text of CODE. */
const char *eas_wbxml_code_text(eas_wbxml_code_t code);

/* The EAS Status that tells a device of CODE: 1, 102, 103 or 110. */
unsigned eas_wbxml_code_status(eas_wbxml_code_t code);

/* One line for the log, with place, page and token, in POOL. */
const char *eas_wbxml_error_text(const eas_wbxml_error_t *error, apr_pool_t *pool);

#endif
