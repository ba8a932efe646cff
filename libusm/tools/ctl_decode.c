/* SPDX-License-Identifier: Apache-2.0 */
/* usmctl decode: a captured document for people to read, by the module's own decoder. */
#include "tools/ctl.h"

#include <apr_file_io.h>
#include <apr_lib.h>
#include <stdio.h>
#include <string.h>

#include "wbxml/wbxml_print.h"

#define DOCUMENT_MAX ((apr_size_t)64 << 20)
#define PRINT_MAX ((apr_size_t)256 << 20)

static usm_error_t *open_input(apr_file_t **file_p, const char *name, apr_pool_t *pool)
{
    apr_status_t status = strcmp(name, "-") == 0 ? apr_file_open_stdin(file_p, pool)
                                                 : apr_file_open(file_p, name, APR_FOPEN_READ, 0, pool);
    return status == APR_SUCCESS ? NULL : USM_ERROR_APR(pool, status, "%s cannot be opened", name);
}

/* All of the file, with a NUL behind. */
static usm_error_t *read_all(char **data_p, apr_size_t *len_p, const char *name, apr_size_t max, apr_pool_t *pool)
{
    apr_file_t *file;
    apr_size_t size = 64 * 1024, len = 0;
    char *data = apr_palloc(pool, size + 1);
    apr_status_t status = APR_SUCCESS;
    USM_ERR(open_input(&file, name, pool));
    while (status == APR_SUCCESS) {
        apr_size_t got = size - len;
        status = apr_file_read_full(file, data + len, got, &got);
        len += got;
        if (len > max)
            return USM_ERROR(pool, USM_ELIMIT, "%s is larger than %" APR_SIZE_T_FMT " bytes", name, max);
        if (len == size) {
            char *grown = apr_palloc(pool, 2 * size + 1);
            memcpy(grown, data, len);
            data = grown;
            size *= 2;
        }
    }
    if (status != APR_EOF)
        return USM_ERROR_APR(pool, status, "%s cannot be read", name);
    data[len] = '\0';
    *data_p = data;
    *len_p = len;
    return NULL;
}

static int digit(char c)
{
    return apr_isdigit(c) ? c - '0' : apr_isxdigit(c) ? apr_tolower(c) - 'a' + 10 : -1;
}

/* In place. White space may stand between any two digits. */
static usm_error_t *from_hex(char *data, apr_size_t *len_p, apr_pool_t *pool)
{
    apr_size_t digits = 0;
    for (apr_size_t i = 0; i < *len_p; i++) {
        int value = digit(data[i]);
        if (value < 0 && apr_isspace(data[i]))
            continue;
        if (value < 0)
            return USM_ERROR(pool, USM_EINVALID, "byte %" APR_SIZE_T_FMT " of the text is no hexadecimal digit", i);
        char *to = &data[digits / 2];
        *to = digits % 2 ? (char)((unsigned char)*to << 4 | value) : (char)value;
        digits++;
    }
    if (digits % 2)
        return USM_ERROR(pool, USM_EINVALID, "the number of hexadecimal digits is odd");
    *len_p = digits / 2;
    return NULL;
}

int ctl_decode(ctl_t *ctl)
{
    const char *name = ctl->arg ? ctl->arg : "-", *text;
    char *data = NULL;
    apr_size_t len = 0;
    eas_wbxml_error_t error;
    eas_print_t how = {.show_secrets = ctl->opt[CTL_SHOW_SECRETS] != NULL,
                       .mask_bodies = ctl->opt[CTL_MASK_BODIES] != NULL,
                       .value_max = DOCUMENT_MAX,
                       .total_max = PRINT_MAX};
    if (ctl->opt[CTL_MASK] && ctl->opt[CTL_SHOW_SECRETS])
        return ctl_usage("--mask and --show-secrets contradict each other");
    usm_error_t *err =
        read_all(&data, &len, name, ctl->opt[CTL_HEX] ? 3 * DOCUMENT_MAX : DOCUMENT_MAX, ctl->pool);
    if (!err && ctl->opt[CTL_HEX])
        err = from_hex(data, &len, ctl->pool);
    if (err)
        return ctl_error(err);
    eas_wbxml_code_t code = eas_wbxml_print(&text, &error, data, len, &how, ctl->pool);
    fputs(text, stdout);
    return code == EAS_WBXML_OK ? CTL_OK : ctl_fault("%s: %s", name, eas_wbxml_error_text(&error, ctl->pool));
}
