/* SPDX-License-Identifier: Apache-2.0 */
/** @file thread.h  Conversations: mails that answer each other.
 *
 * A conversation is named by 16 bytes, which follow from the mail alone: the GUID of its Thread-Index header where
 * there is one, else a digest of the first message it refers to, of its own Message-ID, or of its subject. So a mail
 * has the same one in each folder, on each device and after each restart. */
#ifndef USM_THREAD_H
#define USM_THREAD_H

#include <usm/session.h>
#include <usm/item.h>

#ifdef __cplusplus
extern "C" {
#endif

#define USM_THREAD_ID 16 /**< bytes */

/** "Re: AW: x" and "x" are one subject: the part of it that names the thread, inside of @a subject. */
const char *usm_thread_topic(const char *subject);
/** Name of the conversation of a mail (THREAD_INDEX, REFERENCES, MESSAGE_ID and SUBJECT count). */
void usm_thread_id(unsigned char id[USM_THREAD_ID], const usm_item_t *mail);
/** Place of a mail in its conversation: 5 bytes of time and 5 for each level of answers. In the item's pool. */
const unsigned char *usm_thread_index(apr_size_t *len_p, const usm_item_t *mail);

/** Move all mails of a conversation to the folder @a to (short id), from all folders but Sent, Drafts and the target
 * itself; the newest 20,000 mails of a folder are looked at. *found_p tells whether there was one, in the target too.
 * With @a always also what arrives later: this device's Sync of the inbox moves it before it is told of. The newest 100
 * such rules of a device are kept; one for the inbox takes back the one before. A repeat finds what is left to do.
 * Errors: FOLDER_GONE (no such folder), PARENT (none for mail), BUSY (there was more than fits into 20 seconds: come
 * again), UNAVAILABLE, BACKEND, STORE. OX: mail?action=all, mail?action=update. */
usm_error_t *usm_thread_move(int *found_p, usm_session_t *session, const unsigned char id[USM_THREAD_ID],
                             const char *to, int always, apr_pool_t *pool);

#ifdef __cplusplus
}
#endif
#endif
