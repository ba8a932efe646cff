/* SPDX-License-Identifier: Apache-2.0 */
/** @file ctl.h  What the commands of usmctl share: options, settings, messages.
 *
 * One process, one thread, one pool that lives to the end. A command gets ctl_t, writes its result to standard output
 * and everything else to standard error, and returns the program's exit code. */
#ifndef USM_TOOLS_CTL_H
#define USM_TOOLS_CTL_H

#include <usm/store.h>

/** Exit codes: done; a fault was found or the work failed; the command line is wrong. */
enum { CTL_OK = 0, CTL_FAULT = 1, CTL_USAGE = 2 };

/* Rows: ROW(id, name, argument or NULL, directive of the module that --conf may take the value from or NULL, help).
 * A directive whose option takes no argument is "on" or "off". */
#define CTL_OPTION_ROWS(ROW)                                                                                           \
    ROW(HELP, "help", NULL, NULL, "tell the commands and options")                                                     \
    ROW(STORE, "store", "URL", "EASStore", "the state database: sqlite:/path or mariadb://user@host/database")         \
    ROW(CONF, "conf", "FILE", NULL, "take settings that are not given from a configuration of httpd")                  \
    ROW(HEX, "hex", NULL, NULL, "the document is written in hexadecimal digits")                                       \
    ROW(MASK, "mask", NULL, NULL, "show passwords and policy keys as *** (so it is anyway)")                           \
    ROW(MASK_BODIES, "mask-bodies", NULL, NULL, "show texts, messages and pictures as their length only")              \
    ROW(SHOW_SECRETS, "show-secrets", NULL, NULL, "show passwords and policy keys")                                    \
    ROW(UPGRADE, "upgrade", NULL, NULL, "make the tables, or move them forward to this library's version")             \
    ROW(USER, "user", "KEY", NULL, "a user: as listed (\"1/4\"), or for check the login name")                         \
    ROW(DEVICE, "device", "ID", NULL, "a device of the user")                                                          \
    ROW(JSON, "json", NULL, NULL, "write JSON")                                                                        \
    ROW(YES, "yes", NULL, NULL, "do not ask")                                                                          \
    ROW(OX, "ox", "URL", "EASOxUrl", "base URL of the Open-Xchange HTTP API, such as https://ox.example.org/ajax/")    \
    ROW(CA, "ca", "FILE", "EASOxCAFile", "CA certificates of that server")                                             \
    ROW(INSECURE, "insecure", NULL, "EASOxInsecure", "neither ask for TLS nor check the certificate")                  \
    ROW(CAPABILITIES, "capabilities", "LIST", "EASCapabilities", "what a user needs (active_sync,usm)")                \
    ROW(CLIENT_ID, "client-id", "TEXT", "EASClientId", "client identifier given at the login")                         \
    ROW(USER_AGENT, "user-agent", "TEXT", "EASUserAgent", "User-Agent of calls")                                       \
    ROW(REPAIR, "repair", NULL, NULL, "take away what is wrong")                                                       \
    ROW(DAYS, "days", "NUMBER", "EASDeviceDays", "forget devices not seen for so many days; 0 for none (180)")         \
    ROW(ACCOUNT_ONLY, "account-only", NULL, NULL, "wipe the account's data, not the whole device; needs version 16.1") \
    ROW(CANCEL, "cancel", NULL, NULL, "call a wipe off, or let a wiped device in again")                               \
    ROW(PASSWORD_FILE, "password-file", "FILE", NULL, "file whose first line is the password; - is standard input")

typedef enum ctl_option_e {
#define CTL_ROW(id, name, argument, directive, help) CTL_##id,
    CTL_OPTION_ROWS(CTL_ROW)
#undef CTL_ROW
    CTL_OPTION_COUNT
} ctl_option_e;

#define CTL_BIT(id) (1u << CTL_##id)

typedef struct ctl_option_t {
    const char *name, *argument, *directive, *help;
} ctl_option_t;

/** The rows, by number. */
extern const ctl_option_t ctl_options[CTL_OPTION_COUNT];

typedef struct ctl_t {
    apr_pool_t *pool;
    const char *opt[CTL_OPTION_COUNT]; /**< the option's value, "" of one without argument; NULL = not given */
    const char *arg;                   /**< the argument behind the command, NULL = none */
} ctl_t;

/** Write "usmctl: …" to standard error. @return CTL_FAULT. */
int ctl_fault(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/** The same for an error (may not be NULL), which is cleared. */
int ctl_error(usm_error_t *err);
/** The same for a wrong command line. @return CTL_USAGE. */
int ctl_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/** Text from outside as a terminal may get it: valid UTF-8 without control characters. In @a pool. */
const char *ctl_shown(const char *text, apr_pool_t *pool);

/** Fill options that are not given from the httpd configuration @a file: each directive must have one value in it.
 * Errors: CONFIG. */
usm_error_t *ctl_conf_read(ctl_t *ctl, const char *file);

/** Schema version that this library works with. */
int ctl_store_wanted(void);
/** Open the store that --store or --conf names, if its schema is this library's: nothing is made or moved. Errors:
 * CONFIG, BUSY, STORE, STORE_SCHEMA. */
usm_error_t *ctl_store_open(usm_store_t **store_p, ctl_t *ctl);
/** Complain of the schema version @a found. NULL when it is this library's. */
usm_error_t *ctl_store_judge(int found, apr_pool_t *pool);

/** The user that --user names, 0 when none is named. Errors: NOTFOUND. */
usm_error_t *ctl_user_wanted(usm_id_t *user_p, ctl_t *ctl, usm_store_t *store, usm_txn_t *txn);

/* ---- the commands, one file each (ctl_<name>.c); reset is in ctl_devices.c, bad in
 * ctl_conflicts.c ---- */

int ctl_decode(ctl_t *ctl);
int ctl_schema(ctl_t *ctl);
int ctl_devices(ctl_t *ctl);
int ctl_reset(ctl_t *ctl);
int ctl_conflicts(ctl_t *ctl);
int ctl_bad(ctl_t *ctl);
int ctl_check(ctl_t *ctl);
int ctl_state(ctl_t *ctl);
int ctl_upkeep(ctl_t *ctl);
int ctl_version(ctl_t *ctl);
int ctl_access(ctl_t *ctl);
int ctl_wipe(ctl_t *ctl);
int ctl_audit(ctl_t *ctl);

#endif
