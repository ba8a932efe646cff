/* SPDX-License-Identifier: Apache-2.0 */
/** @file mail.h  What a client asks for outside of turns: moving items, sending, answering and forwarding mails.
 *
 * Ids of folders and items are those that turns hand out. One thread per session. */
#ifndef USM_MAIL_H
#define USM_MAIL_H

#include <usm/item.h>
#include <usm/session.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum usm_move_e {
    USM_MOVE_DONE,
    USM_MOVE_NO_SOURCE, /**< folder or item unknown */
    USM_MOVE_NO_TARGET, /**< folder unknown, or for items of another class */
    USM_MOVE_SAME,      /**< source and target are one folder */
    USM_MOVE_REFUSED,   /**< the server does not want to: no right, no room, … */
    USM_MOVE_LATER      /**< nothing happened, or nobody knows: ask again */
} usm_move_e;

/** One item to be moved. */
typedef struct usm_move_t {
    const char *item, *from, *to; /**< server id, short ids of the folders */
    usm_move_e outcome;
    const char *new_id; /**< server id in the target folder; NULL when the server did not tell it */
    usm_error_t *error; /**< why not, for the log; NULL when done */
} usm_move_t;

/** Move items between folders of one class, in order; neighbours with the same folders share calls. What a device has
 * moved it is not told again: its collections of both folders know of it. Other devices see a delete and an add. A
 * repeat (within 7 days, also while the first still runs, then it waits for it) moves nothing and has the outcome of
 * the first. Outcomes and new ids live in @a pool. Errors: UNAVAILABLE, BACKEND, STORE: of some moves nothing is known,
 * to be repeated as a whole. OX: update with folder_id, in `multiple`. */
usm_error_t *usm_items_move(usm_session_t *session, usm_move_t *moves, int count, apr_pool_t *pool);

/** A message to be sent. */
typedef struct usm_outgoing_t {
    const char *client_id; /**< 1..64 bytes, names the message for this device; NULL = none */
    const char *mime;      /**< the message as the device wrote it; NULL: made of the members below */
    apr_size_t len;
    int save_in_sent;
    int verb;             /**< USM_VERB_REPLIED, USM_VERB_FORWARDED, or USM_VERB_NONE: nothing is answered */
    const char *original; /**< server id of the mail or event that is answered or forwarded */
    int has_instance;     /**< 1: of a series the occurrence planned to start at `instance` */
    usm_time_t instance;
    int complete;         /**< 1: the message holds all it needs of the original */
    const usm_addrs_t *to; /**< without `mime`: to whom the original is forwarded */
    const char *note;      /**< without `mime`: text above it, may be NULL */
    int note_is_html;
} usm_outgoing_t;

/** Send a message once, with an original's body and parts added to it where they are wanted (the rules are those of
 * usm_session_send()). The original gets the flag "answered" or "forwarded" afterwards. An encrypted message of the
 * device is sent as it is. An event that is forwarded goes along as iCalendar. Errors as usm_session_send(), and:
 * NOTFOUND (original, occurrence), UNSUPPORTED (an occurrence of what does not recur), LIMIT (too large). OX:
 * mail?action=get, new, update. */
usm_error_t *usm_mail_send(usm_session_t *session, const usm_outgoing_t *out);

#ifdef __cplusplus
}
#endif
#endif
