/* SPDX-License-Identifier: Apache-2.0 */
/** @file session.h  Context (one per process), login (one per user and password), session (one per request). */
#ifndef USM_SESSION_H
#define USM_SESSION_H

#include <usm/error.h>
#include <usm/log.h>
#include <usm/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Which folders that are not the user's own are shown to devices: those the user marked for synchronization in the
 * groupware, none, or all that he did not mark against it. */
typedef enum usm_show_e { USM_SHOW_CHOSEN, USM_SHOW_NONE, USM_SHOW_ALL } usm_show_e;

/** What is kept of the version that loses a conflict: an entry in the conflict log, nothing, or an entry and a copy of
 * the item beside it. */
typedef enum usm_keep_e { USM_KEEP_LOG, USM_KEEP_OFF, USM_KEEP_COPY } usm_keep_e;

/** Which of the groupware's two interfaces calendars go through, for a groupware that has two. */
typedef enum usm_calendar_e { USM_CALENDAR_LEGACY, USM_CALENDAR_CHRONOS } usm_calendar_e;

/** Configuration of a context. Zeroed members mean the default named behind them. Strings must outlive the context. */
typedef struct usm_config_t {
    const char *store; /**< "sqlite:/path/to/file" or "mariadb://user@host/db?password_file=/path&socket=/path" */
    int store_max;              /**< database connections at most, 16 */
    const char *backend;        /**< "ox" */
    const char *backend_url;    /**< base URL of the groupware API, e.g. "https://ox.example.org/ajax/" */
    const char *backend_ca;     /**< file with trusted CAs; NULL: the system's */
    int backend_insecure;       /**< 1: do not check the certificate (tests only) */
    int backend_max;            /**< HTTP connections kept, 64 */
    int connect_timeout_ms;     /**< 5,000 */
    int timeout_ms;             /**< of one call, 60,000 */
    const char *client_id;      /**< "USM-EAS" */
    const char *user_agent;     /**< "Open-Xchange USM HTTP Client" */
    const char *capabilities;   /**< comma list a user needs, "active_sync,usm"; "" = none */
    int login_ttl_s;            /**< a verified login is trusted for so long without asking again, 3,600 */
    int login_negative_ttl_s;   /**< a refused one, 60 */
    int poll_interval_ms;       /**< pause between the first two checks of what is watched, 15,000; while nothing
                                     changes it grows */
    int poll_max_ms;            /**< up to this, 180,000 */
    int poll_rate;              /**< checks per second that this process begins because it is time, 50; others come
                                     later, in their order. Those that hints ask for do not count */
    int full_compare_s;         /**< mail folders: full comparison at least so often, 300 */
    int flag_compare_s;         /**< mail folders: flags of the newest mails are compared so often, 60 */
    int folders_max;            /**< folders that devices of a user get at most, 1,000 */
    int window_max_days;        /**< administrator's limit on mail age, 0 = none */
    usm_show_e show_shared;     /**< folders of other users, USM_SHOW_CHOSEN */
    usm_show_e show_public;     /**< public folders, USM_SHOW_CHOSEN */
    const char *notes_folder;   /**< name of the mail folder that keeps notes, "Notes"; "" = devices get no notes */
    usm_calendar_e calendar;    /**< USM_CALENDAR_LEGACY */
    apr_size_t turn_bytes_max;  /**< soft maximum of item bytes in one turn, 4 MiB */
    usm_keep_e conflict_keep;   /**< USM_KEEP_LOG */
    int devices_max;            /**< devices that a user may have, 0 = any number */
    int device_days;            /**< a device not seen for so many days is forgotten, 0 = never */
    int conflict_days;          /**< days that entries of the conflict log are kept, 30 */
    usm_log_t log;              /**< sink for what belongs to no session */
} usm_config_t;

/** Make a context. @a pool must live as long as the process and be used by one thread during the call; afterwards the
 * context is thread safe. Opens nothing but checks the configuration and the database's schema (migrating it forward).
 * Errors: CONFIG, STORE, STORE_SCHEMA. */
usm_error_t *usm_context_create(usm_context_t **ctx_p, const usm_config_t *config, apr_pool_t *pool);
const usm_config_t *usm_context_config(const usm_context_t *ctx);

/** Counters of a process since start: rows of usm/tbl/counters.h. */
typedef struct usm_stats_t {
#define USM_COUNTER(name, unit, text) apr_uint64_t name;
#include <usm/tbl/counters.h>
#undef USM_COUNTER
} usm_stats_t;
void usm_context_stats(usm_stats_t *stats, usm_context_t *ctx);

/** Check name and password, against the cache, the store's sealed sessions, or the groupware server. The login
 * stays valid as long as @a pool (it is counted). Password bytes are UTF-8 (the caller converts Latin-1).
 * Errors: AUTH, DISABLED (known user without the capabilities), UNAVAILABLE, BACKEND, STORE. */
usm_error_t *usm_login(usm_login_t **login_p, usm_context_t *ctx, const char *name, const char *password,
                       const usm_log_t *log, apr_pool_t *pool);
/** Stable key of the user over renames of the login name, e.g. "1/4" (context and user id of OX). */
const char *usm_login_user(const usm_login_t *login);

/** What a user is called. */
typedef struct usm_userinfo_t {
    const char *display_name, *primary_address, *timezone;
    int address_count;
    const char **addresses; /**< primary first, each once */
} usm_userinfo_t;

/** Open a session of @a login (made with @a password, which is needed again when the groupware server has forgotten
 * its session; it must outlive @a pool) on the device @a device_id (1..64 bytes, printable). Makes the device's row
 * when it is new, unless @a transient is 1: then nothing is ever stored for it and turns fail with UNSUPPORTED except
 * the hierarchy's first one. @a log, @a login must outlive @a pool; the session is of one thread at a time. Errors:
 * STORE. */
usm_error_t *usm_session_open(usm_session_t **session_p, usm_context_t *ctx, usm_login_t *login, const char *password,
                              const char *device_id, const char *device_type, int transient, const usm_log_t *log,
                              apr_pool_t *pool);
/** Folders whose class has its bit (1 << usm_class_e) set in @a classes are not there for this session: they are not in
 * its hierarchy, and one that the device has from an earlier session goes. A new session hides USM_RECIPIENT only. */
void usm_session_hide(usm_session_t *session, unsigned classes);
/** Addresses and names of the user, cached with the login. Result lives as long as the session. */
usm_error_t *usm_session_userinfo(const usm_userinfo_t **info_p, usm_session_t *session);
/** Counters of this session alone. */
const usm_stats_t *usm_session_stats(const usm_session_t *session);
apr_pool_t *usm_session_pool(const usm_session_t *session);
const char *usm_session_user(const usm_session_t *session);
const char *usm_session_device(const usm_session_t *session);

/** Policy state of the device. Keys are 0 when there is none. */
typedef struct usm_policy_t {
    apr_uint32_t key;         /**< acknowledged key */
    apr_uint32_t pending_key; /**< handed out, not yet acknowledged */
    const char *digest;       /**< of the policy the acknowledged key stands for, "" when none; max 64 bytes */
    const char *pending_digest;
} usm_policy_t;
/** Read what usm_session_open() has loaded; no statement. */
const usm_policy_t *usm_device_policy(const usm_session_t *session);
usm_error_t *usm_device_policy_set(usm_session_t *session, const usm_policy_t *policy);

/** Small named values a protocol keeps with the device (sticky request parameters, device information). @a name up to
 * 32 bytes, @a value up to 64 KiB. A value that is not there is NULL. Errors: STORE, LIMIT. */
usm_error_t *usm_device_attr_get(const char **value_p, usm_session_t *session, const char *name, apr_pool_t *pool);
usm_error_t *usm_device_attr_set(usm_session_t *session, const char *name, const char *value);

/** Send a complete RFC 822 message once. @a client_id (1..64 bytes, NULL = none) names it for this device: a repeat
 * within the last 100 messages or 7 days gives REPEATED and sends nothing. Makes the message 7-bit clean; the server
 * removes Bcc. A From that is not the user's becomes the user's. Errors: RECIPIENT (there is none), MIME, LIMIT (more
 * than 100 MiB), QUOTA, SENDER, UNAVAILABLE, BACKEND; while another request is still sending it: BUSY.
 * What becomes of a send whose end nobody knows (the server's answer was lost, a process died): the repeat looks for it
 * in Sent by its Message-ID and sends again only what is not there. One that was not to be saved in Sent cannot be
 * found: it is sent again, at least once instead of perhaps never, under the same Message-ID, by which mail servers
 * know a message that comes twice. OX: mail?action=new. */
usm_error_t *usm_session_send(usm_session_t *session, const char *client_id, const char *mime, apr_size_t len,
                              int save_in_sent);

#ifdef __cplusplus
}
#endif
#endif
