/* SPDX-License-Identifier: Apache-2.0 */
#include "wbxml/wbxml_token.h"

#include <string.h>

#define TOKENS_PER_PAGE 64

static const eas_token_t table[EAS_PAGE_COUNT * TOKENS_PER_PAGE] = {
#define EAS_TOKEN(page_, token_, page_name_, name_, min_, max_, type_, xmlns_)                                         \
    [(page_)*TOKENS_PER_PAGE + (token_)] = {.name = #name_,                                                            \
                                            .page_name = #page_name_,                                                  \
                                            .xmlns = xmlns_,                                                           \
                                            .page = page_,                                                             \
                                            .token = token_,                                                           \
                                            .min_version = min_,                                                       \
                                            .max_version = max_,                                                       \
                                            .type = EAS_TYPE_##type_},
#include "mod_eas/tbl/tokens.h"
};

static const char *const page_names[EAS_PAGE_COUNT] = {
#define EAS_PAGE(page_, name_, xmlns_) [page_] = #name_,
#include "mod_eas/tbl/tokens.h"
};

const eas_token_t *eas_token_find(unsigned tag)
{
    const eas_token_t *row;

    if ((tag >> 8) >= EAS_PAGE_COUNT || (tag & 0xFF) >= TOKENS_PER_PAGE) {
        return NULL;
    }
    row = &table[(tag >> 8) * TOKENS_PER_PAGE + (tag & 0xFF)];
    return row->name != NULL ? row : NULL;
}

const eas_token_t *eas_token_next(const eas_token_t *row)
{
    const eas_token_t *end = table + sizeof(table) / sizeof(table[0]);

    for (row = row == NULL ? table : row + 1; row < end; row++) {
        if (row->name != NULL) {
            return row;
        }
    }
    return NULL;
}

const eas_token_t *eas_token_by_name(const char *page_name, const char *name)
{
    const eas_token_t *row = NULL;

    while ((row = eas_token_next(row)) != NULL) {
        if (strcmp(row->name, name) == 0 && strcmp(row->page_name, page_name) == 0) {
            return row;
        }
    }
    return NULL;
}

unsigned eas_token_tag(const eas_token_t *row)
{
    return EAS_TAG(row->page, row->token);
}

const char *eas_page_name(unsigned page)
{
    return page < EAS_PAGE_COUNT ? page_names[page] : NULL;
}

int eas_token_in_version(unsigned tag, unsigned version)
{
    const eas_token_t *row = eas_token_find(tag);

    return row != NULL && version >= row->min_version && version <= row->max_version;
}
