/* SPDX-License-Identifier: Apache-2.0 */
/* Short messages (MS-ASMS): ApplicationData of an Add. */
#include <string.h>

#include "eas_draft.h"
#include "eas_map.h"

#define PEOPLE_MAX 4096
#define TEXT_MAX 65536

static int read_text(const char **text_p, const eas_node_t *data, unsigned tag, apr_size_t max)
{
    const char *text = eas_node_child_text(data, tag);
    *text_p = text && *text ? text : NULL;
    return !text || strlen(text) <= max;
}

usm_error_t *eas_sms_read(usm_sms_t *sms, eas_ctx_t *ctx, const eas_node_t *command)
{
    const eas_node_t *data = eas_node_child(command, EAS_AirSync_ApplicationData);
    const eas_node_t *body = eas_node_child(data, EAS_AirSyncBase_Body), *read = eas_node_child(data, EAS_Email_Read);
    const char *date = eas_node_child_text(data, EAS_Email_DateReceived);
    const eas_node_t *importance = eas_node_child(data, EAS_Email_Importance);
    apr_int64_t n = 1;
    int good = read_text(&sms->from, data, EAS_Email_From, PEOPLE_MAX) &&
               read_text(&sms->to, data, EAS_Email_To, PEOPLE_MAX) &&
               read_text(&sms->subject, data, EAS_Email_Subject, PEOPLE_MAX) &&
               read_text(&sms->text, body, EAS_AirSyncBase_Data, TEXT_MAX);
    sms->received = USM_TIME_NONE;
    sms->importance = -1;
    sms->read = 0;
    good = good && (!read || eas_node_bool(read, &sms->read)) && (!date || eas_time_parse(&sms->received, date)) &&
           eas_node_int(eas_node_child(body, EAS_AirSyncBase_Type), 1, 1, &n) &&
           (!importance || eas_node_int(importance, USM_IMP_LOW, USM_IMP_HIGH, &n));
    if (!good)
        return USM_ERROR(ctx->pool, USM_EINVALID, "a short message that cannot be read");
    if (importance)
        sms->importance = (int)n;
    return NULL;
}
