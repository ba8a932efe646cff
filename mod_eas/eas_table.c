/* SPDX-License-Identifier: Apache-2.0 */
#include "eas_table.h"

#include <apr_cstr.h>
#include <apr_strings.h>

static const eas_command_t commands[EAS_COMMAND_COUNT] = {
#define EAS_COMMAND(name_, code_, first_, last_, root_, flags_, handler_, doc_)                                        \
    [EAS_COMMAND_##name_] = {.name = #name_,                                                                           \
                             .doc = doc_,                                                                              \
                             .id = EAS_COMMAND_##name_,                                                                \
                             .code = code_,                                                                            \
                             .first = first_,                                                                          \
                             .last = last_,                                                                            \
                             .root_tag = root_,                                                                        \
                             .flags = flags_},
#include "mod_eas/tbl/commands.h"
};

static const eas_status_t statuses[] = {
#define EAS_STATUS(code_, name_, first_, http_, text_) {code_, #name_, first_, http_, text_},
#include "mod_eas/tbl/status.h"
};

const eas_command_t *eas_command_get(eas_command_id_t id)
{
    return &commands[id];
}

const eas_command_t *eas_command_by_name(const char *name)
{
    int i;

    for (i = 0; i < EAS_COMMAND_COUNT; i++) {
        if (apr_cstr_casecmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

const eas_command_t *eas_command_by_code(int code)
{
    int i;

    for (i = 0; i < EAS_COMMAND_COUNT; i++) {
        if (code >= 0 && commands[i].code == code) {
            return &commands[i];
        }
    }
    return NULL;
}

int eas_command_in_version(const eas_command_t *command, unsigned version)
{
    return version >= command->first && version <= command->last;
}

const char *eas_command_list(apr_pool_t *pool)
{
    const char *list = "";
    int i;

    for (i = 0; i < EAS_COMMAND_COUNT; i++) {
        if (commands[i].flags & EAS_CMD_BUILT) {
            list = apr_pstrcat(pool, list, *list ? "," : "", commands[i].name, NULL);
        }
    }
    return list;
}

const eas_status_t *eas_status_find(int code)
{
    apr_size_t i;

    for (i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        if (statuses[i].code == code) {
            return &statuses[i];
        }
    }
    return NULL;
}

int eas_status_http(int *code_p, unsigned version)
{
    const eas_status_t *row = eas_status_find(*code_p);

    if (row == NULL) {
        return 200;
    }
    if (version < 140) {
        return row->http;
    }
    if (version < row->first) {
        *code_p = EAS_STATUS_ServerError;
    }
    return 200;
}
