/* SPDX-License-Identifier: Apache-2.0 */
/** @file ox_mail.h  Mail: shared by detection (ox_mail.c), reading (ox_mail_get.c) and writing (ox_mail_write.c). */
#ifndef OX_MAIL_H
#define OX_MAIL_H

#include "ox/ox_map.h"

/* Flag bits, spec 3.3. */
enum { OX_ANSWERED = 1, OX_DELETED = 2, OX_DRAFT = 4, OX_FLAGGED = 8, OX_SEEN = 32, OX_SPAM = 128, OX_FORWARDED = 256,
       OX_MDN_SENT = 512 };
/** Those that belong to the mail's state for a device: not `recent` and `user`, and deleted mails are not shown at all.
 * */
#define OX_FLAGS_KEPT (OX_ANSWERED | OX_DRAFT | OX_FLAGGED | OX_SEEN | OX_SPAM | OX_FORWARDED | OX_MDN_SENT)
/** In every revision of a mail, so that one without any flag is not 0. */
#define OX_MAIL_REV (APR_UINT64_C(1) << 32)

apr_uint64_t ox_mail_rev(apr_int64_t flags, apr_int64_t color);

/** Where a mail folder stood when it was last looked at. */
typedef struct ox_mailstate_t {
    const char *validity, *next; /* "-" when the server does not tell */
    apr_int64_t total, unread;
    /* The newest mails with their flags, which the state does not tell of. */
    int has_top;               /* 0 = not known */
    apr_int64_t top_since;     /* those received from here on */
    apr_uint64_t top_sum;      /* sum over digests of id, flags and colour */
    apr_int64_t top_count, top_unread;
} ox_mailstate_t;
/** Text of a cursor, and back; parse gives 0 when it is none. */
const char *ox_mailstate_text(const ox_mailstate_t *state, apr_pool_t *pool);
int ox_mailstate_parse(ox_mailstate_t *state, const char *text, apr_pool_t *pool);
/** Read it. @a last: the state before, NULL = none; it tells which call the server understands. Errors: FOLDER_GONE. */
usm_error_t *ox_mailstate_read(ox_mailstate_t *state, const ox_mailstate_t *last, usm_bcall_t *call,
                               const char *folder, apr_pool_t *pool);
/** Is @a now what it was? @a old comes from ox_mailstate_parse(). */
int ox_mailstate_same(const ox_mailstate_t *now, const ox_mailstate_t *old, apr_pool_t *pool);

usm_error_t *ox_mail_get(usm_bget_t *gets, int count, usm_bcall_t *call, const usm_bref_t *folder,
                         const usm_fetch_t *fetch, apr_pool_t *result_pool, apr_pool_t *scratch_pool);
/** Set KIND and MEETING of @a item from the object @a mail of the mail @a id; reads one part more when it is about a
 * meeting or a report. Errors: UNAVAILABLE. */
usm_error_t *ox_mail_kind(usm_item_t *item, usm_bcall_t *call, const usm_bref_t *folder, const char *id,
                          const ox_json_t *mail, apr_pool_t *pool);
/** Id of the part of a mail that tells of a meeting; NULL when it has none. */
const char *ox_mail_calendar_part(const ox_json_t *mail, apr_pool_t *pool);
/** A header that has no member of its own in the object @a mail; of several the first; NULL = none. */
const char *ox_mail_header(const ox_json_t *mail, const char *name, apr_pool_t *pool);
/** Is it a part that the kind of mail tells of, and no attachment for people? */
int ox_mail_part_hidden(const ox_json_t *part);
/** OX: mail?action=attachment. A part of an attached message has the number of its own below that message's. */
usm_error_t *ox_mail_part(apr_uint64_t *size_p, usm_bcall_t *call, const usm_bref_t *folder, const char *id,
                          const char *part, usm_data_fn fn, void *baton, apr_pool_t *scratch_pool);
usm_error_t *ox_mail_add(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder, const usm_item_t *item,
                         const char *uid, apr_pool_t *result_pool, apr_pool_t *scratch_pool);
usm_error_t *ox_mail_find_uid(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder, const char *uid,
                              apr_pool_t *result_pool, apr_pool_t *scratch_pool);
usm_error_t *ox_mail_update(usm_bwrite_t *result, usm_bcall_t *call, const usm_bref_t *folder, const char *id,
                            const usm_item_t *item, const usm_fieldset_t *fields, apr_uint64_t rev,
                            apr_pool_t *result_pool, apr_pool_t *scratch_pool);
/** Body of mail?action=update for the flags of @a item that are in @a fields, NULL when there is nothing to do. *rev_p
 * is the revision afterwards, 0 when @a rev is none of a mail. */
ox_json_t *ox_mail_flags_body(apr_uint64_t *rev_p, const usm_item_t *item, const usm_fieldset_t *fields,
                              apr_uint64_t rev, apr_pool_t *pool);
/** Put a message into a folder with these flags. */
usm_error_t *ox_mail_import(const char **id_p, usm_bcall_t *call, const char *folder, int flags, const char *mime,
                            apr_size_t len, apr_pool_t *pool);
usm_error_t *ox_mail_remove(usm_bcall_t *call, const usm_bref_t *folder, const char *id, usm_delete_e how,
                            apr_uint64_t rev, apr_pool_t *scratch_pool);

#endif
