/* SPDX-License-Identifier: Apache-2.0 */
/** @file ox.h  What the files of the OX backend share: the backend, the login, calls and their errors.
 *
 * A call is: path with parameters → session and cookies of the login are added → answer's envelope → error or data.
 * Calls log in again once when the server has forgotten the session. Everything that a call returns lives in its pool.
 * */
#ifndef OX_H
#define OX_H

#include <apr_hash.h>
#include <apr_thread_mutex.h>
#include <usm/backend.h>
#include "ox/ox_http.h"
#include "ox/ox_json.h"
#include "ox/ox_stream.h"

typedef struct ox_backend_t {
    usm_backend_t base; /* first: core sees only this */
    apr_pool_t *pool;
    ox_http_t *http;
    const char *base_url; /* ends with '/' */
    const char *origin;   /* scheme://host[:port] of it */
    const char *client_id, *capabilities;
    usm_show_e show_shared, show_public; /**< folders that are not the user's own */
    const char *notes_folder; /**< name of the mail folder with notes, "" = devices get none */
    usm_calendar_e calendar;
    apr_int64_t flag_compare_ms; /* see usm_config_t */
    usm_log_t log;
} ox_backend_t;

/* ---- login (ox_login.c) ---- */

struct usm_blogin_t {
    ox_backend_t *be;
    apr_pool_t *pool;         /* root pool of the login */
    apr_thread_mutex_t *lock; /* guards everything below */
    apr_uint32_t refs, dropped; /**< atomic: the lock may be held over a call */
    unsigned generation;    /* counts logins: who sees an old one need not log in again */
    apr_pool_t *state_pool; /* session and cookies; made anew with them */
    const char *session;
    const char *cookies;
    const char *sent_folder; /* NULL until it was asked for */
    apr_pool_t *seen_pool;   /* of seen */
    apr_hash_t *seen;        /* text → when it held: see ox_login_note() */
    int context_id, user_id; /* constant */
    const char *user;        /* "context/user"; constant */
};

/** Session and cookies at one moment, copied into a pool. */
typedef struct ox_snap_t {
    const char *session, *cookies;
    unsigned generation;
} ox_snap_t;
void ox_login_snap(ox_snap_t *snap, usm_blogin_t *login, apr_pool_t *pool);
/** The server refused the session of @a generation: log in again unless another thread has done so. Errors: AUTH (also
 * when the call has no password), UNAVAILABLE, BACKEND. */
usm_error_t *ox_login_again(usm_bcall_t *call, unsigned generation, apr_pool_t *pool);
/** Take over cookies of an answer to a call made with @a snap. */
void ox_login_cookies(usm_blogin_t *login, const ox_snap_t *snap, const apr_array_header_t *set, apr_pool_t *pool);
/** Note that @a what was true at an instant, and ask when it was (0 = never, or long ago). For all requests of the
 * login in this process, so that what one has found out no other asks for again. */
void ox_login_note(usm_blogin_t *login, const char *what, usm_time_t at);
usm_time_t ox_login_noted(usm_blogin_t *login, const char *what);
/** Id of the user's Sent folder, in @a pool. */
usm_error_t *ox_login_sent_folder(const char **id_p, usm_bcall_t *call, apr_pool_t *pool);

usm_error_t *ox_login(usm_blogin_t **login_p, usm_backend_t *backend, const char *name, const char *password,
                      const usm_log_t *log, usm_stats_t *stats, apr_pool_t *scratch_pool);
const char *ox_login_freeze(usm_blogin_t *login, apr_pool_t *pool);
usm_error_t *ox_login_resume(usm_blogin_t **login_p, usm_backend_t *backend, const char *frozen,
                             apr_pool_t *scratch_pool);
void ox_login_retain(usm_blogin_t *login);
void ox_login_release(usm_blogin_t *login);
void ox_login_drop(usm_blogin_t *login);
const char *ox_login_user(const usm_blogin_t *login);
usm_error_t *ox_userinfo(usm_userinfo_t *info, usm_bcall_t *call, apr_pool_t *pool);

/* ---- notifications (ox_hint.c) ---- */

usm_error_t *ox_notification(usm_hint_t *hints, int *count, int max, const char *body, apr_size_t len,
                             apr_pool_t *pool);

/* ---- errors (ox_error.c) ---- */

/** The error an envelope tells of, NULL when it is good (also: a warning beside data). */
usm_error_t *ox_error_of(const ox_json_t *envelope, apr_pool_t *pool);
/** Code of an envelope such as "SES-0203", "" when there is none. Lives as long as the envelope. */
const char *ox_error_code(const ox_json_t *envelope);
/** Does the envelope say that the session is no longer good, so that a login helps? */
int ox_error_is_session(const ox_json_t *envelope);
/** Column numbers an error of category TRUNCATED complains of: "truncated":[{"id":500},…] or "problematic". @return how
 * many were written to @a columns. */
int ox_error_columns(int *columns, int max, const ox_json_t *envelope);

/* ---- calls (ox_call.c) ---- */

typedef struct ox_answer_t {
    ox_json_t *root;       /* the envelope, also when the call failed with one; NULL when there was none */
    ox_json_t *data;       /* NULL when absent or null */
    apr_int64_t timestamp; /* -1 when absent */
} ox_answer_t;

/** "module?action=x&name=value…": pairs of const char *, ended by NULL. Values are escaped; a NULL value leaves its
 * pair out. */
const char *ox_path(apr_pool_t *pool, const char *module, ...);
/** The same for a list of decimal numbers as `columns`. */
const char *ox_columns(apr_pool_t *pool, const int *columns, int count);

usm_error_t *ox_get(ox_answer_t *answer, usm_bcall_t *call, const char *path, apr_pool_t *pool);
usm_error_t *ox_put(ox_answer_t *answer, usm_bcall_t *call, const char *path, const ox_json_t *body, apr_pool_t *pool);
/** PUT of text/plain. */
usm_error_t *ox_put_text(ox_answer_t *answer, usm_bcall_t *call, const char *path, const char *text, apr_size_t len,
                         apr_pool_t *pool);
/** POST of a form; the answer is an HTML page around the envelope. */
usm_error_t *ox_post_parts(ox_answer_t *answer, usm_bcall_t *call, const char *path, const ox_part_t *parts, int count,
                           apr_pool_t *pool);
/** GET whose `data` rows go to @a on_row as they arrive; answer->data is then an empty array. */
usm_error_t *ox_get_rows(ox_answer_t *answer, usm_bcall_t *call, const char *path, ox_row_fn on_row, void *baton,
                         apr_pool_t *pool);
/** Several requests in one call. @a requests as spec 1.12; *answers_p is an array of as many envelopes. Errors of
 * single requests stay in their envelopes. */
usm_error_t *ox_multiple(ox_json_t **answers_p, usm_bcall_t *call, const ox_json_t *requests, apr_pool_t *pool);
/** GET of bytes, at most @a max. @a path may also be a server-relative URL ("/ajax/image/…"). Errors: NOTFOUND (404).
 * */
usm_error_t *ox_get_bytes(ox_rsp_t *rsp, usm_bcall_t *call, const char *path, apr_size_t max, apr_pool_t *pool);
/** GET of bytes which go to @a fn as they arrive, at most @a max; nothing of them is kept. *seen_p is their number. An
 * error of @a fn ends the call. Errors as ox_get_bytes(). */
usm_error_t *ox_get_stream(apr_uint64_t *seen_p, usm_bcall_t *call, const char *path, apr_size_t max, usm_data_fn fn,
                           void *baton, apr_pool_t *pool);

/** A request object for ox_multiple(): module, action, and pairs as in ox_path(). */
ox_json_t *ox_request(apr_pool_t *pool, const char *module, const char *action, ...);

/** Milliseconds since 1970. */
usm_time_t ox_now(void);

/* ---- folders (ox_folder.c) ---- */

usm_error_t *ox_folders(const apr_array_header_t **folders_p, usm_bcall_t *call, const apr_array_header_t *known,
                        apr_pool_t *pool);
usm_error_t *ox_folder_token(const char **token_p, usm_bcall_t *call, const usm_bref_t *folder, apr_pool_t *pool);
usm_error_t *ox_folder_create(const char **id_p, usm_bcall_t *call, const char *parent_id, usm_class_e cls,
                              const char *name, apr_pool_t *pool);
usm_error_t *ox_folder_update(const char **id_p, usm_bcall_t *call, const usm_bref_t *folder, const char *parent_id,
                              const char *name, apr_pool_t *pool);
usm_error_t *ox_folder_delete(usm_bcall_t *call, const usm_bref_t *folder, apr_pool_t *scratch_pool);
usm_error_t *ox_folder_clear(usm_bcall_t *call, const usm_bref_t *folder, apr_pool_t *scratch_pool);
/** USM_RIGHT_… of OX's permission bits (spec 2.4). */
int ox_rights(apr_int64_t bits);

/* ---- what differs between mail and the PIM modules: ox_backend.c chooses by the folder's class ---- */

typedef struct ox_module_t {
    usm_error_t *(*changed)(int *changed_p, usm_bcall_t *call, const usm_bref_t *folder, const char *cursor,
                            apr_pool_t *scratch_pool);
    usm_error_t *(*changes)(const char **cursor_p, usm_bcall_t *call, const usm_bref_t *folder,
                            const usm_brange_t *range, const char *cursor, int force_full, const usm_bsink_t *sink,
                            apr_pool_t *result_pool, apr_pool_t *scratch_pool);
    usm_error_t *(*get)(usm_bget_t *gets, int count, usm_bcall_t *call, const usm_bref_t *folder,
                        const usm_fetch_t *fetch, apr_pool_t *result_pool, apr_pool_t *scratch_pool);
    usm_error_t *(*add)(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder, const usm_item_t *item,
                        const char *uid, apr_pool_t *result_pool, apr_pool_t *scratch_pool);
    usm_error_t *(*find_uid)(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder, const char *uid,
                             apr_pool_t *result_pool, apr_pool_t *scratch_pool);
    usm_error_t *(*update)(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder, const char *id,
                           const usm_item_t *item, const usm_fieldset_t *fields, apr_uint64_t rev,
                           apr_pool_t *result_pool, apr_pool_t *scratch_pool);
    usm_error_t *(*remove)(usm_bcall_t *call, const usm_bref_t *folder, const char *id, usm_delete_e how,
                           apr_uint64_t rev, apr_pool_t *scratch_pool);
    /** NULL: items of the module have no parts. */
    usm_error_t *(*part)(apr_uint64_t *size_p, usm_bcall_t *call, const usm_bref_t *folder, const char *id,
                         const char *part, usm_data_fn fn, void *baton, apr_pool_t *scratch_pool);
} ox_module_t;

extern const ox_module_t ox_pim_module, ox_mail_module, ox_note_module, ox_recipient_module, ox_chronos_module;
/** Do the call's appointments go through module chronos? */
static inline int ox_is_chronos(const usm_bcall_t *call, usm_class_e cls)
{
    return cls == USM_EVENT && call->login->be->calendar == USM_CALENDAR_CHRONOS;
}
/** Remove all notes (ox_note.c); other mails in their folder stay. */
usm_error_t *ox_note_clear(usm_bcall_t *call, apr_pool_t *pool);
#define OX_NOTES_ID "notes" /**< backend id of the folder of notes, wherever they are kept */

usm_error_t *ox_mail_edit(usm_bmail_t *rows, int count, usm_bcall_t *call, const usm_bref_t *folder,
                          apr_pool_t *result_pool, apr_pool_t *scratch_pool);
usm_error_t *ox_mail_store(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder, const char *mime,
                           apr_size_t len, int how, apr_pool_t *result_pool, apr_pool_t *scratch_pool);
usm_error_t *ox_mail_find(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder, const char *message_id,
                          apr_pool_t *result_pool, apr_pool_t *scratch_pool);
usm_error_t *ox_search(usm_bsearch_t *searches, int count, usm_bcall_t *call, const usm_query_t *query,
                       apr_pool_t *result_pool, apr_pool_t *scratch_pool);
usm_error_t *ox_threads(usm_bcall_t *call, const usm_bref_t *folder, int max, usm_bthread_fn fn, void *baton,
                        apr_pool_t *scratch_pool);
/* ---- people (ox_people.c) and the out-of-office notice (ox_mailfilter.c) ---- */

usm_error_t *ox_people(usm_people_query_t **queries, int count, usm_bcall_t *call, apr_pool_t *result_pool,
                       apr_pool_t *scratch_pool);
usm_error_t *ox_people_picture(const usm_blob_t **picture_p, usm_bcall_t *call, const usm_person_t *person,
                               apr_size_t max, apr_pool_t *pool);
usm_error_t *ox_people_busy(usm_busy_query_t *queries, int count, usm_bcall_t *call, usm_time_t from, usm_time_t to,
                            apr_pool_t *result_pool, apr_pool_t *scratch_pool);
usm_error_t *ox_away_get(usm_away_t *away, usm_bcall_t *call, apr_pool_t *pool);
usm_error_t *ox_away_set(usm_bcall_t *call, const usm_away_t *away, const usm_userinfo_t *info, apr_pool_t *pool);

usm_error_t *ox_move(usm_bmove_t *moves, int count, usm_bcall_t *call, const usm_bref_t *from, const usm_bref_t *to,
                     apr_pool_t *result_pool, apr_pool_t *scratch_pool);
/** Put an invitation into the calendar (ox_meeting.c); see usm_backend_vtable_t.take_invitation. */
usm_error_t *ox_take_invitation(int *applied_p, usm_bcall_t *call, const usm_bref_t *mails, const char *id,
                                const usm_meeting_t *meeting, const usm_bref_t *calendar, const char *event, int status,
                                const char *message, apr_pool_t *pool);
/** Answer an invitation (ox_meeting.c); see usm_backend_vtable_t.confirm. */
usm_error_t *ox_confirm(usm_bcall_t *call, const usm_bref_t *folder, const char *id, usm_time_t day, int status,
                        const char *message, apr_pool_t *scratch_pool);

usm_error_t *ox_mail_send(usm_bcall_t *call, const char *mime, apr_size_t len, int save_in_sent,
                          apr_pool_t *scratch_pool);
usm_error_t *ox_mail_was_sent(int *found_p, usm_bcall_t *call, const char *message_id, apr_pool_t *scratch_pool);

#endif
