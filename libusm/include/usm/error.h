/* SPDX-License-Identifier: Apache-2.0 */
/** @file error.h  Errors as values: a chain from the cause up to the border that answers the client.
 *
 * Every function that can fail returns `usm_error_t *`; NULL is success. An error lives in a pool of its own below
 * the pool it was made with, so forgetting one never outlives the request. Not thread safe: one chain, one thread. */
#ifndef USM_ERROR_H
#define USM_ERROR_H

#include <apr_errno.h>
#include <apr_pools.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What kind of thing went wrong: the closed set that protocols map. */
typedef enum usm_errclass_e {
    USM_CLASS_INTERNAL,    /**< a bug or broken set-up; an operator must look */
    USM_CLASS_TEMP,        /**< may work when tried again */
    USM_CLASS_UNAVAILABLE, /**< a server behind us is down; answer "later" */
    USM_CLASS_AUTH,        /**< credentials refused */
    USM_CLASS_PERM,        /**< known user, not allowed */
    USM_CLASS_NOTFOUND,
    USM_CLASS_EXISTS,
    USM_CLASS_CONFLICT,  /**< concurrent modification */
    USM_CLASS_STALE_KEY, /**< client must start the collection over */
    USM_CLASS_INVALID,   /**< what the client sent is wrong */
    USM_CLASS_LIMIT,     /**< too much, too many, too deep */
    USM_CLASS_QUOTA
} usm_errclass_e;

/** Codes lie in APR's user range, so that apr_strerror() and callers of APR can tell them from errno values. */
#define USM_ERR_BASE (APR_OS_START_USERERR + 7000)
enum {
#define USM_ERRDEF(name, number, cls, retry, text) USM_E##name = USM_ERR_BASE + number,
#include <usm/error_codes.h>
#undef USM_ERRDEF
    USM_E_END_
};

typedef struct usm_error_t {
    apr_status_t code;         /**< USM_E… or an APR status */
    const char *message;       /**< English text for the log, never for a device; may be NULL */
    struct usm_error_t *child; /**< the cause, or NULL */
    apr_pool_t *pool;          /**< owns the chain */
    const char *file;          /**< where it was made */
    int line;
} usm_error_t;

/** Make an error. @a pool owns it (in a subpool). @a fmt as printf; may be NULL. */
usm_error_t *usm_error_make(apr_pool_t *pool, const char *file, int line, apr_status_t code, usm_error_t *child,
                            const char *fmt, ...) __attribute__((format(printf, 6, 7)));
/** Add context to @a err (which is consumed). NULL stays NULL. */
usm_error_t *usm_error_wrap(usm_error_t *err, const char *file, int line, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/** Free the chain; NULL is fine. */
void usm_error_clear(usm_error_t *err);
/** The deepest code of the chain: what really happened. APR_SUCCESS for NULL. */
apr_status_t usm_error_code(const usm_error_t *err);
/** Class of the chain, from the outermost USM code in it; foreign codes are INTERNAL. */
usm_errclass_e usm_error_class(const usm_error_t *err);
/** 1 when trying again later may help. */
int usm_error_retry(const usm_error_t *err);
/** Is @a code anywhere in the chain? */
int usm_error_is(const usm_error_t *err, apr_status_t code);
/** Text of the whole chain, outermost first, joined by ": ". Allocated in @a pool. */
const char *usm_error_text(const usm_error_t *err, apr_pool_t *pool);
/** Short fixed text of a USM code, or "unknown error". */
const char *usm_code_text(apr_status_t code);
/** Name of a code such as "STALE_KEY", or NULL. */
const char *usm_code_name(apr_status_t code);

#define USM_ERROR(pool, code, ...) usm_error_make((pool), __FILE__, __LINE__, (code), NULL, __VA_ARGS__)
#define USM_ERROR_APR(pool, status, ...) usm_error_make((pool), __FILE__, __LINE__, (status), NULL, __VA_ARGS__)
/** Pass an error up. */
#define USM_ERR(expr)                                                                                                  \
    do {                                                                                                               \
        usm_error_t *usm_err__ = (expr);                                                                               \
        if (usm_err__)                                                                                                 \
            return usm_err__;                                                                                          \
    } while (0)
/** Pass an error up with context. */
#define USM_ERR_W(expr, ...)                                                                                           \
    do {                                                                                                               \
        usm_error_t *usm_err__ = (expr);                                                                               \
        if (usm_err__)                                                                                                 \
            return usm_error_wrap(usm_err__, __FILE__, __LINE__, __VA_ARGS__);                                         \
    } while (0)

#ifdef __cplusplus
}
#endif
#endif
