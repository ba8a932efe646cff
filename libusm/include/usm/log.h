/* SPDX-License-Identifier: Apache-2.0 */
/** @file log.h  Where libusm's messages go: a sink carried by the session or context, never a global. */
#ifndef USM_LOG_H
#define USM_LOG_H

#include <apr_pools.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum usm_level_e {
    USM_LOG_ERR,    /**< an operator must act */
    USM_LOG_WARNING,/**< degraded */
    USM_LOG_NOTICE, /**< start, stop, schema */
    USM_LOG_INFO,   /**< one line per command */
    USM_LOG_DEBUG,  /**< decisions */
    USM_LOG_TRACE   /**< requests to the groupware server, statements */
} usm_level_e;

/** A sink. @a write gets one line without newline; it must be callable from any thread when the sink belongs to a
 * context. @a enabled may be NULL (everything is written). Secrets never reach a sink. */
typedef struct usm_log_t {
    void *baton;
    int (*enabled)(void *baton, usm_level_e level);
    void (*write)(void *baton, usm_level_e level, int number, const char *line);
} usm_log_t;

/** Write a message. @a log may be NULL. @a number is the message's number in the log-number registry of the library
 * (libusm/tbl/lognos), 0 for TRACE only. Lines longer than 1,024 bytes are cut; control characters are escaped. */
void usm_log(const usm_log_t *log, usm_level_e level, int number, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/** Would a message of this level be written? */
int usm_log_on(const usm_log_t *log, usm_level_e level);

#ifdef __cplusplus
}
#endif
#endif
