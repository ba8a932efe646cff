/* SPDX-License-Identifier: Apache-2.0 */
#include "eas_devinfo.h"

#include <apr_strings.h>
#include <string.h>

#define VALUE_MAX 1024

/* TEXT as one line. */
static const char *one_line(const char *text, apr_pool_t *pool)
{
    char *copy = apr_pstrdup(pool, text);
    char *at;

    for (at = copy; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ') {
            *at = ' ';
        }
    }
    return copy;
}

usm_error_t *eas_devinfo_set(int *status_p, eas_ctx_t *ctx, const eas_node_t *node)
{
    static const unsigned fields[] = {EAS_Settings_Model,          EAS_Settings_IMEI,
                                      EAS_Settings_FriendlyName,   EAS_Settings_OS,
                                      EAS_Settings_OSLanguage,     EAS_Settings_PhoneNumber,
                                      EAS_Settings_UserAgent,      EAS_Settings_EnableOutboundSMS,
                                      EAS_Settings_MobileOperator, 0};
    const eas_node_t *set = eas_node_child(node, EAS_Settings_Set);
    const eas_node_t *field;
    const char *all = "";

    *status_p = EAS_DEVINFO_PROTOCOL;
    if (set == NULL) {
        return NULL;
    }
    *status_p = EAS_DEVINFO_ARGUMENTS;
    if (!eas_node_only(set, fields)) {
        return NULL;
    }
    EAS_NODE_EACH(field, set)
    {
        const char *text = eas_node_text(field);

        if (text == NULL || field->len > VALUE_MAX) {
            return NULL;
        }
        all =
            apr_pstrcat(ctx->pool, all, eas_token_find(field->tag)->name, ": ", one_line(text, ctx->pool), "\n", NULL);
    }
    USM_ERR(usm_device_attr_set(ctx->session, EAS_DEVINFO_ATTR, all));
    *status_p = EAS_DEVINFO_OK;
    return NULL;
}
