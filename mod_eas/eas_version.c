/* SPDX-License-Identifier: Apache-2.0 */
#include "eas_version.h"

#include <apr_strings.h>
#include <string.h>

static const struct {
    unsigned number;
    const char *text;
} versions[] = {
#define EAS_VERSION_ROW(number_, text_) {number_, text_},
    EAS_VERSION_ROWS(EAS_VERSION_ROW)
#undef EAS_VERSION_ROW
};

#define VERSION_COUNT (sizeof(versions) / sizeof(versions[0]))

unsigned eas_version_parse(const char *text)
{
    unsigned i;

    for (i = 0; text != NULL && i < VERSION_COUNT; i++) {
        if (strcmp(versions[i].text, text) == 0) {
            return versions[i].number;
        }
    }
    return 0;
}

int eas_version_known(unsigned number)
{
    return *eas_version_text(number) != '\0';
}

const char *eas_version_text(unsigned number)
{
    unsigned i;

    for (i = 0; i < VERSION_COUNT; i++) {
        if (versions[i].number == number) {
            return versions[i].text;
        }
    }
    return "";
}

const char *eas_version_list(void)
{
    /* Each row brings a comma before it; the first one is skipped. */
    static const char list[] =
#define EAS_VERSION_ROW(number_, text_) "," text_
        EAS_VERSION_ROWS(EAS_VERSION_ROW)
#undef EAS_VERSION_ROW
        ;

    return list + 1;
}

const char *eas_version_list_to(unsigned max, apr_pool_t *pool)
{
    const char *list = "";
    unsigned i;

    if (max == 0) {
        return eas_version_list();
    }
    for (i = 0; i < VERSION_COUNT && versions[i].number <= max; i++) {
        list = apr_pstrcat(pool, list, i > 0 ? "," : "", versions[i].text, NULL);
    }
    return list;
}
