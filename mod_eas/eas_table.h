/* SPDX-License-Identifier: Apache-2.0 */
/* Look-ups in the rows of tbl/commands.h and tbl/status.h. All is constant: any thread may read it. */
#ifndef EAS_TABLE_H
#define EAS_TABLE_H

#include <apr_pools.h>

#include "wbxml/wbxml_token.h"

/* What a command wants and can. */
enum {
    EAS_CMD_BUILT = 1 << 0,        /* there is a handler; the command is named in MS-ASProtocolCommands */
    EAS_CMD_NEEDS_POLICY = 1 << 1, /* the policy key is checked before the handler */
    EAS_CMD_NO_POLICY = 1 << 2,    /* the policy key is not looked at (MS-ASPROV 3.1.5.1) */
    EAS_CMD_WBXML_IN = 1 << 3,     /* takes a WBXML body */
    EAS_CMD_MIME_IN = 1 << 4,      /* takes message/rfc822, and no WBXML, up to 12.1 */
    EAS_CMD_EMPTY_OK = 1 << 5,     /* may come without a body */
    EAS_CMD_LONG_POLL = 1 << 6,    /* may wait for changes */
    EAS_CMD_POLICY_LATER = 1 << 7, /* the policy key is checked, but a device that has none yet may come */
    EAS_CMD_PACED = 1 << 9,        /* refused to a device that has been too busy for nothing (eas_pace.h) */
    EAS_CMD_NO_WIPE = 1 << 10,     /* may come from a device that is to be wiped: it is how that is told */
    EAS_CMD_BIG_BODY = 1 << 8      /* carries messages or items: its body may have EASMaxBody bytes */
};

/* One number per command, dense from 0: index of tables by command. */
typedef enum {
#define EAS_COMMAND(name_, code_, first_, last_, root_, flags_, handler_, doc_) EAS_COMMAND_##name_,
#include "mod_eas/tbl/commands.h"
    EAS_COMMAND_COUNT
} eas_command_id_t;

typedef struct eas_command_t {
    const char *name;
    const char *doc;
    eas_command_id_t id;
    int code;          /* in the base64 query, -1 without */
    unsigned first;    /* first protocol version, times ten */
    unsigned last;     /* last one, or EAS_VERSION_OPEN */
    unsigned root_tag; /* 0 without a WBXML root */
    unsigned flags;    /* EAS_CMD_... */
} eas_command_t;

/* The row of a command. */
const eas_command_t *eas_command_get(eas_command_id_t id);

/* The row of the command NAME, without regard to case, or NULL. */
const eas_command_t *eas_command_by_name(const char *name);

/* The row of the command with this code in the base64 query, or NULL. */
const eas_command_t *eas_command_by_code(int code);

/* Whether the command exists in VERSION (times ten). */
int eas_command_in_version(const eas_command_t *command, unsigned version);

/* The value of MS-ASProtocolCommands: all built commands, separated by commas, in POOL. */
const char *eas_command_list(apr_pool_t *pool);

/* EAS_STATUS_InvalidWBXML and so on. */
typedef enum {
    EAS_STATUS_OK = 1,
#define EAS_STATUS(code_, name_, first_, http_, text_) EAS_STATUS_##name_ = code_,
#include "mod_eas/tbl/status.h"
} eas_status_code_t;

/* SYNC_STALE_KEY and so on: what is below 100 is of one command. */
enum {
#define EAS_CMD_STATUS(command_, prefix_, name_, code_, first_, last_, text_) prefix_##name_ = code_,
#include "mod_eas/tbl/cmdstatus.h"
};

typedef struct eas_status_t {
    int code;
    const char *name;
    unsigned first; /* first version that may see the code, times ten */
    int http;       /* what up to 12.1 is sent instead */
    const char *text;
} eas_status_t;

/* The row of a common status code, or NULL for codes that belong to one command or to nothing. */
const eas_status_t *eas_status_find(int code);

/*
 * What VERSION is told for the common status CODE: 200 when the code itself may be sent, else the HTTP code to send
 * instead. From 14.0 on a code that is newer than the version becomes *CODE_P = 110.
 */
int eas_status_http(int *code_p, unsigned version);

#endif
