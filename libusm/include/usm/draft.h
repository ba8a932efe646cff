/* SPDX-License-Identifier: Apache-2.0 */
/** @file draft.h  Drafts that a client writes: kept in the Drafts folder, changed there, sent from there.
 *
 * Texts are UTF-8. What is NULL (0, -1) the client has not said: a change leaves it as it is. */
#ifndef USM_DRAFT_H
#define USM_DRAFT_H

#include <usm/sync.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A file to be attached. */
typedef struct usm_newfile_t {
    const char *name, *content_type, *content_id; /**< the last two may be NULL */
    int is_inline;
    const char *data;
    apr_size_t len;
    const char *part; /**< out: the part's id in the draft, NULL when it is not known */
} usm_newfile_t;

typedef struct usm_draft_t {
    const char *to, *cc, *bcc, *reply_to; /**< lists as they stand in headers; "" = nobody */
    const char *subject;
    int importance;                       /**< usm_importance_e, -1 = not said */
    int body;                             /**< USM_BODY_TEXT, USM_BODY_HTML, USM_BODY_MIME (the whole message), 0 */
    const char *data;                     /**< the body's bytes */
    apr_size_t len;
    usm_newfile_t *files;
    int file_count;
    const char **removed; /**< ids of parts that go */
    int removed_count;
    int send;             /**< send it now, with a copy in Sent; the draft goes */
} usm_draft_t;

/** Apply a draft of the client's in a turn of a Drafts folder, as usm_turn_add() (by @a client_id) or, with
 * @a server_id, as usm_turn_change(). A mail cannot be changed: a changed draft is another item, of which the device is
 * told in the same turn, with a delete of the old one. A draft that somebody else changed or removed meanwhile is not
 * lost: what the device has said becomes a draft of its own. One that was sent is deleted on the device by a later
 * change. Outcome: server_id is that of the draft as it is now; errors also RECIPIENT (send) and those of
 * usm_session_send(). Repeats of a lost answer neither store nor send twice. OX: mail?action=import, delete, new. */
usm_error_t *usm_turn_draft(usm_outcome_t *out, usm_turn_t *turn, const char *client_id, const char *server_id,
                            usm_draft_t *draft);

/** A short message of a phone. */
typedef struct usm_sms_t {
    const char *from, *to; /**< as the device writes people: "Name" [MOBILE:+49301]; at least one of them */
    const char *subject;   /**< may be NULL */
    const char *text;
    usm_time_t received;   /**< USM_TIME_NONE = now */
    int importance;        /**< usm_importance_e, -1 = not said */
    int read;
} usm_sms_t;

/** Put a short message into a mail folder, where it is a mail of kind USM_MAIL_SMS, as usm_turn_add(). It is not sent
 * to anybody. Outcome errors: INVALID (a control character in a header, no text, no mail folder), QUOTA, FORBIDDEN. OX:
 * mail?action=import. */
usm_error_t *usm_turn_sms(usm_outcome_t *out, usm_turn_t *turn, const char *client_id, const usm_sms_t *sms);

#ifdef __cplusplus
}
#endif
#endif
