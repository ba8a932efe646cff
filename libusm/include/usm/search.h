/* SPDX-License-Identifier: Apache-2.0 */
/** @file search.h  Searching a user's folders, and reading what was found.
 *
 * A result is a list of hits, newest first. It is kept with the device for a while, so that a client can go through it
 * page by page without a new search for each. One thread per session. */
#ifndef USM_SEARCH_H
#define USM_SEARCH_H

#include <apr_tables.h>
#include <usm/item.h>
#include <usm/session.h>

#ifdef __cplusplus
extern "C" {
#endif

struct usm_fetch_t;

#define USM_TERMS_MAX 32
#define USM_HITS_MAX 1000 /**< of one result; the newest are kept */

/** Where a word is looked for. ANY: sender, recipients, subject and text. */
typedef enum usm_where_e {
    USM_IN_ANY,
    USM_IN_FROM,
    USM_IN_TO,
    USM_IN_CC,
    USM_IN_BCC,
    USM_IN_SUBJECT,
    USM_IN_BODY
} usm_where_e;

/** A word or phrase that must be there (with @a not: must not), as part of a text, whatever its case. */
typedef struct usm_term_t {
    usm_where_e where;
    const char *text;
    int not;
} usm_term_t;

typedef struct usm_query_t {
    usm_term_t terms[USM_TERMS_MAX];
    int term_count;
    usm_time_t after, before; /**< received later or earlier than this; USM_TIME_NONE = no limit */
    const unsigned char *thread; /**< name of a conversation (usm/thread.h) that the mails are of; NULL = any */
    const char **folders;     /**< short ids; none = all folders of the class */
    int folder_count;
    int deep;                 /**< 1: the folders below them too */
    usm_class_e cls;          /**< of the items wanted; only mails can be searched so far */
    const char *name;         /**< of this search: the same name finds the kept result; NULL = none is kept */
    int reuse;                /**< 1: take a kept result of this name if there is one */
} usm_query_t;

typedef struct usm_hit_t {
    const char *id, *folder; /**< server id, short id of its folder */
    usm_class_e cls;
    usm_time_t at; /**< received */
} usm_hit_t;

/** Search. *hits_p (usm_hit_t) lives in @a pool. Folders are searched in order of their importance until 20 seconds
 * have passed: what was found by then is the result. Errors: FOLDER_GONE (one of the folders), INVALID (too many
 * terms), UNAVAILABLE, BACKEND, STORE. OX: mail?action=search, several folders in one `multiple`. */
usm_error_t *usm_search(const apr_array_header_t **hits_p, usm_session_t *session, const usm_query_t *query,
                        apr_pool_t *pool);
/** Read @a count hits of one class into @a items (NULL: gone meanwhile or not to be read), in as few calls as can be.
 * Errors: UNAVAILABLE, BACKEND, STORE. */
usm_error_t *usm_hits_read(usm_item_t **items, usm_session_t *session, const usm_hit_t *hits, int count,
                           const struct usm_fetch_t *fetch, apr_pool_t *pool);

#ifdef __cplusplus
}
#endif
#endif
