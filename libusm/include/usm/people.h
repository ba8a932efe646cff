/* SPDX-License-Identifier: Apache-2.0 */
/** @file people.h  The directory and the address books as a place to look people up: who they are, what they look like,
 * when they have time. What a user may not see in the groupware is not found here either.
 *
 * Results live in the pool that is given. One thread per session. */
#ifndef USM_PEOPLE_H
#define USM_PEOPLE_H

#include <apr_tables.h>
#include <usm/item.h>
#include <usm/session.h>

#ifdef __cplusplus
extern "C" {
#endif

#define USM_PEOPLE_TEXT_MAX 1024 /**< bytes of a text that people are looked for by */
#define USM_PEOPLE_MAX 1000      /**< found by one text; the first of them by name */
#define USM_MEMBERS_MAX 1000     /**< of a distribution list */

/** A person, or a distribution list. What is unknown is NULL. */
typedef struct usm_person_t {
#define USM_PERSON(member, column, tag) const char *member;
#include <usm/tbl/person.h>
#undef USM_PERSON
    const char *address2, *address3;
    const char *id, *folder; /**< the backend's, for the functions below */
    const char *picture;     /**< likewise; NULL = has none */
    apr_int64_t user;        /**< the backend's number of a user of the groupware, 0 = is none: nobody knows his time */
    int in_directory;        /**< 1: of the directory, 0: of an address book */
    int is_list;
    int member_count;        /**< of a list; only name, address and user of its members are known */
    struct usm_person_t *members;
} usm_person_t;

/** One text to look for. */
typedef struct usm_people_query_t {
    const char *text;           /**< beginning of a name or an address, whatever its case; a first and a last name */
    int everywhere;             /**< 1: in the user's address books and lists too */
    apr_array_header_t *people; /**< usm_person_t, by name; set by usm_people_search() */
    usm_error_t *error;         /**< this text alone could not be looked for: INVALID (too short), FORBIDDEN */
} usm_people_query_t;

/** Look for @a count texts, in as few calls as can be. Wildcards of the groupware in a text stand for themselves.
 * Errors: UNAVAILABLE, BACKEND. OX: contacts?action=search in folder 6, or in all folders. */
usm_error_t *usm_people_search(usm_people_query_t *queries, int count, usm_session_t *session, apr_pool_t *pool);

/** Picture of a person, if need be scaled by the server to at most @a max bytes. Errors: NOTFOUND (there is none),
 * LIMIT (it is larger, however small it is made), UNAVAILABLE, BACKEND. OX: contacts/picture?action=get. */
usm_error_t *usm_people_picture(const usm_blob_t **picture_p, usm_session_t *session, const usm_person_t *person,
                                apr_size_t max, apr_pool_t *pool);

/** A time in which somebody is not free. */
typedef struct usm_busy_t {
    usm_time_t start, end; /**< [start, end); DATEs when it is of whole days */
    int whole_days;
    enum usm_busy_e busy;
} usm_busy_t;

/** The time of one user. */
typedef struct usm_busy_query_t {
    apr_int64_t user;
    apr_array_header_t *times; /**< usm_busy_t; set by usm_people_busy() */
    usm_error_t *error;        /**< this user's time cannot be had */
} usm_busy_query_t;

/** When are the users taken between @a from and @a to? Whole days around both may come with it. Errors: UNAVAILABLE,
 * BACKEND. OX: calendar?action=freebusy, several in one `multiple`. */
usm_error_t *usm_people_busy(usm_busy_query_t *queries, int count, usm_session_t *session, usm_time_t from,
                             usm_time_t to, apr_pool_t *pool);

/** The out-of-office notice. */
typedef enum usm_away_e { USM_AWAY_OFF, USM_AWAY_ON, USM_AWAY_DAYS } usm_away_e;
typedef struct usm_away_t {
    usm_away_e state;
    usm_time_t first, last; /**< DATEs: first and last day of DAYS; USM_TIME_NONE = open */
    const char *text;       /**< plain; NULL when read: there is none; when written: leave it as it is */
} usm_away_t;

/** Read the notice; a user who never had one is OFF without a text. Errors: UNSUPPORTED (the server has no such thing
 * for this user), UNAVAILABLE, BACKEND. OX: mailfilter?action=list&flag=vacation. */
usm_error_t *usm_away_get(usm_away_t *away, usm_session_t *session, apr_pool_t *pool);
/** Write it. The user's rules for mail other than the notice stay as they are, and so do parts of the notice that are
 * none of usm_away_t. The last writer wins. Errors: INVALID (days that end before they begin; on without any text),
 * UNSUPPORTED (also: the server cannot limit it to days), UNAVAILABLE, BACKEND. OX: mailfilter?action=new|update. */
usm_error_t *usm_away_set(usm_session_t *session, const usm_away_t *away, apr_pool_t *pool);

#ifdef __cplusplus
}
#endif
#endif
