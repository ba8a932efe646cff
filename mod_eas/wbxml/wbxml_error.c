/* SPDX-License-Identifier: Apache-2.0 */
#include "wbxml/wbxml_error.h"

#include <apr_strings.h>

#include "wbxml/wbxml_token.h"

static const struct {
    unsigned status;
    const char *text;
} rows[] = {
#define EAS_WBXML_ROW(code_, status_, text_) [EAS_WBXML_##code_] = {status_, text_},
    EAS_WBXML_ROWS(EAS_WBXML_ROW)
#undef EAS_WBXML_ROW
};

const char *eas_wbxml_code_text(eas_wbxml_code_t code)
{
    return rows[code].text;
}

unsigned eas_wbxml_code_status(eas_wbxml_code_t code)
{
    return rows[code].status;
}

const char *eas_wbxml_error_text(const eas_wbxml_error_t *error, apr_pool_t *pool)
{
    const char *page = eas_page_name(error->page);

    switch (error->code) {
    case EAS_WBXML_UNKNOWN_PAGE:
        return apr_psprintf(pool, "%s: %u, at byte %" APR_SIZE_T_FMT, rows[error->code].text, error->token,
                            error->offset);
    case EAS_WBXML_UNKNOWN_TOKEN:
    case EAS_WBXML_GLOBAL:
        return apr_psprintf(pool, "%s: 0x%02X in page %u (%s), at byte %" APR_SIZE_T_FMT, rows[error->code].text,
                            error->token, error->page, page != NULL ? page : "none", error->offset);
    default:
        return apr_psprintf(pool, "%s, at byte %" APR_SIZE_T_FMT, rows[error->code].text, error->offset);
    }
}
