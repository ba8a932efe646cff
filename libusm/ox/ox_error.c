/* SPDX-License-Identifier: Apache-2.0 */
#include "ox/ox.h"

#include <string.h>

/* Codes that say more than their category. Spec 1.6, 1.10 and the code lists of each module. */
static const struct {
    const char *code;
    apr_status_t status;
} code_rows[] = {
    {"TSK-0019", USM_ENOTFOUND},        {"TSK-0048", USM_ENOTFOUND},       {"CON-0125", USM_ENOTFOUND},
    {"CAL-4040", USM_ENOTFOUND},        {"CAL-4041", USM_ENOTFOUND},       {"CAL-4042", USM_ENOTFOUND},
    {"CAL-4047", USM_ENOTFOUND},        {"MSG-0032", USM_ENOTFOUND},       {"MSG-0049", USM_ENOTFOUND},
    {"CAL-4045", USM_EFOLDER_GONE},     {"IMAP-1002", USM_EFOLDER_GONE},   {"FLD-0008", USM_EFOLDER_GONE},
    {"TSK-0006", USM_EFOLDER_GONE},     {"TSK-0059", USM_EFOLDER_GONE},    {"FLD-1004", USM_EFOLDER_GONE},
    {"CON-0103", USM_EFOLDER_GONE},     {"FLD-1012", USM_EEXISTS},         {"IMAP-1016", USM_EEXISTS},
    {"FLD-1026", USM_ESPECIAL_FOLDER},  {"FLD-1027", USM_ESPECIAL_FOLDER}, {"CAL-4090", USM_EEXISTS},
    {"CAL-4091", USM_EINVALID},         {"CAL-4092", USM_EINVALID},        {"MSG-0078", USM_EUNSUPPORTED},
    {"MSG-0056", USM_ESENDER},          {"MSG-0114", USM_ERECIPIENT},      {"TSK-0007", USM_ECONFLICT},
    {"FLD-1022", USM_ECONFLICT},        {"CON-0119", USM_ECONFLICT},       {"CAL-4120", USM_ECONFLICT},
    {"CAL-4121", USM_ECONFLICT},        {"OX-0001", USM_ECONFLICT},        {"LGI-0006", USM_EAUTH},
    {"SES-0007", USM_EUNAVAILABLE},     {"SES-0207", USM_EUNAVAILABLE},    {"SES-0002", USM_EUNAVAILABLE},
    {"SES-0204", USM_EUNAVAILABLE},     {"SES-0208", USM_EUNAVAILABLE},    {"SES-0205", USM_EUNAVAILABLE},
    {"SES-0203", USM_EBACKEND},            {"SES-0206", USM_EBACKEND},           {"SES-0201", USM_EBACKEND},
    {"SES-0009", USM_EBACKEND},            {"SES-0212", USM_EBACKEND},
};

static const struct {
    const char *name;
    int number;
    apr_status_t status;
} category_rows[] = {
    {"USER_INPUT", 1, USM_EINVALID},        {"CONFIGURATION", 2, USM_EBACKEND},
    {"PERMISSION_DENIED", 3, USM_EFORBIDDEN}, {"TRY_AGAIN", 4, USM_EBACKEND},
    {"SERVICE_DOWN", 5, USM_EUNAVAILABLE},  {"CONNECTIVITY", 6, USM_EUNAVAILABLE},
    {"ERROR", 8, USM_EBACKEND},             {"CONFLICT", 9, USM_ECONFLICT},
    {"CAPACITY", 11, USM_EQUOTA},           {"TRUNCATED", 12, USM_ETRUNCATED},
    {"WARNING", 13, APR_SUCCESS},
};

/* Codes after which a new login and a repeat of the call help. Spec 1.3. */
static const char *const session_codes[] = {"SES-0201", "SES-0203", "SES-0206", "SES-0009", "SES-0205", "SES-0212"};

const char *ox_error_code(const ox_json_t *envelope)
{
    const char *code = ox_json_str(ox_json_get(envelope, "code"), NULL);
    return code ? code : "";
}

int ox_error_is_session(const ox_json_t *envelope)
{
    const char *code = ox_error_code(envelope);
    if (!ox_json_get(envelope, "error"))
        return 0;
    for (apr_size_t i = 0; i < sizeof session_codes / sizeof session_codes[0]; i++) {
        if (strcmp(code, session_codes[i]) == 0)
            return 1;
    }
    return 0;
}

/* Index into category_rows, -1 = none that we know. */
static int category_of(const ox_json_t *envelope)
{
    const ox_json_t *names = ox_json_get(envelope, "categories");
    const char *name = ox_json_str(ox_json_is_array(names) ? ox_json_at(names, 0) : names, NULL);
    apr_int64_t number = ox_json_int(ox_json_get(envelope, "category"), 0);
    int count = (int)(sizeof category_rows / sizeof category_rows[0]);
    for (int i = 0; i < count; i++) {
        if (name ? strcmp(name, category_rows[i].name) == 0 : number == category_rows[i].number)
            return i;
    }
    return -1;
}

static apr_status_t status_of(const ox_json_t *envelope, int category)
{
    const char *code = ox_error_code(envelope);
    for (apr_size_t i = 0; i < sizeof code_rows / sizeof code_rows[0]; i++) {
        if (strcmp(code, code_rows[i].code) == 0)
            return code_rows[i].status;
    }
    if (category >= 0)
        return category_rows[category].status;
    return strncmp(code, "LGI-", 4) == 0 ? USM_EAUTH : USM_EBACKEND;
}

usm_error_t *ox_error_of(const ox_json_t *envelope, apr_pool_t *pool)
{
    if (!ox_json_get(envelope, "error"))
        return NULL;
    int category = category_of(envelope);
    apr_status_t status = status_of(envelope, category);
    if (status == APR_SUCCESS) {
        if (!ox_json_is_null(ox_json_get(envelope, "data")))
            return NULL;
        status = USM_EBACKEND;
    }
    const char *text = ox_json_get_text(envelope, "error_desc", pool);
    if (!text)
        text = ox_json_get_text(envelope, "error", pool);
    return USM_ERROR(pool, status, "OX %s (%s): %.300s", ox_error_code(envelope),
                     category >= 0 ? category_rows[category].name : "no category", text ? text : "");
}

int ox_error_columns(int *columns, int max, const ox_json_t *envelope)
{
    static const char *const keys[] = {"truncated", "problematic"};
    int count = 0;
    for (int k = 0; k < 2; k++) {
        const ox_json_t *list = ox_json_get(envelope, keys[k]);
        for (int i = 0; i < ox_json_count(list) && count < max; i++) {
            const ox_json_t *entry = ox_json_at(list, i);
            apr_int64_t id = ox_json_int(ox_json_is_object(entry) ? ox_json_get(entry, "id") : entry, 0);
            if (id > 0 && id < 100000)
                columns[count++] = (int)id;
        }
    }
    return count;
}
