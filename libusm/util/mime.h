/* SPDX-License-Identifier: Apache-2.0 */
/** @file mime.h  What libusm does with MIME itself. The files mime*.c alone include GMime. Any thread. */
#ifndef USM_UTIL_MIME_H
#define USM_UTIL_MIME_H

#include <usm/draft.h>
#include <usm/item.h>

/** A message ready to be sent. */
typedef struct usm__mail_t {
    const char *data; /**< 7-bit clean, lines end in CR LF */
    apr_size_t len;
    int recipients;         /**< addresses in To, Cc and Bcc */
    const char *from;       /**< bare address of the first From, NULL = none */
    const char *message_id; /**< with its angle brackets; made when the message had none */
} usm__mail_t;

/** Who sends. */
typedef struct usm__sender_t {
    const char *name;       /**< display name, may be NULL */
    int address_count;
    const char **addresses; /**< the user's own, the one to use first */
    const char *message_id; /**< for a message that has none, with brackets; NULL = a random one */
} usm__sender_t;

/** Once per process, before any thread; the other functions do it themselves when it was forgotten. */
void usm__mime_init(void);

/** Check a message a device wants to send and make it ready: Message-ID, Date and MIME-Version are added when they are
 * missing, lines end in CR LF, and 8-bit content is encoded, part by part. With a @a sender, a From that is not one of
 * his addresses alone becomes his first one, and a Sender of somebody else goes. A message that is complete and clean
 * keeps its bytes; signed and encrypted parts keep theirs in any case. The result lives in @a pool (or is @a mime
 * itself). Errors: MIME (not a message, a header with bare CR or NUL, or 8-bit bytes inside of a signed part, which
 * nobody could repair). */
usm_error_t *usm__mime_prepare(usm__mail_t *mail, const char *mime, apr_size_t len, const usm__sender_t *sender,
                               apr_pool_t *pool);

/** Parse a list of addresses as it stands in a header (RFC 2047 words decoded). NULL when there is none. */
const usm_addrs_t *usm__mime_addresses(const char *text, apr_pool_t *pool);
/** The other way: a header's value, 7-bit clean, in one line. */
const char *usm__mime_address_list(const usm_addrs_t *addrs, apr_pool_t *pool);

/** UTF-8 text as a header's value: encoded where it must be, line ends become blanks. */
const char *usm__mime_header_text(const char *text, apr_pool_t *pool);

/* ---- answers (mime_answer.c) ---- */

/** A message that is answered or forwarded. */
typedef struct usm__original_t {
    const char *data; /**< its source; NULL: only its headers are known, nothing of it is added */
    apr_size_t len;
    const char *text; /**< its body as plain text, for a source that has HTML alone; may be NULL */
    apr_size_t text_len;
    const char *message_id, *references; /**< as in the headers; may be NULL */
    const char *head;                    /**< lines "From: …\n…" to put above the body; may be NULL */
    const char *from;                    /**< bare address of its author; may be NULL */
} usm__original_t;

/** Forms of the body of a message: USM_BODY_TEXT, USM_BODY_HTML; 0 when it has none that can be read (also when it is
 * encrypted). */
int usm__mime_forms(const char *data, apr_size_t len);

/** Put an original into a message of a device: its body below the device's own, quoted in a reply; a forward gets its
 * attachments as well, a reply the images its HTML shows. An encrypted or signed original is attached whole, in a reply
 * left out. In-Reply-To (replies) and References are added unless they are there. A signed or encrypted message of the
 * device gets headers only. Errors: MIME. */
usm_error_t *usm__mime_answer(const char **data_p, apr_size_t *len_p, const char *mime, apr_size_t len,
                              const usm__original_t *original, int forward, apr_pool_t *pool);

/* ---- meetings (mime_invite.c) ---- */

/** Put an event's iCalendar into a message, as another form of its body. A signed or encrypted message stays as it is.
 * @a method is that of the calendar. */
usm_error_t *usm__mime_invite(const char **data_p, apr_size_t *len_p, const char *calendar, const char *method,
                              apr_pool_t *pool);
/** Addresses in To and Cc. */
const usm_addrs_t *usm__mime_recipients(const char *mime, apr_size_t len, apr_pool_t *pool);

/* ---- drafts (mime_draft.c) ---- */

/** Make the message of a draft: of @a old (NULL: there was none) and what @a draft says. Message-ID becomes the
 * sender's. The parts of draft->files are named. Errors: MIME. */
usm_error_t *usm__mime_draft(const char **data_p, apr_size_t *len_p, const char *old, apr_size_t old_len,
                             usm_draft_t *draft, const usm__sender_t *sender, apr_pool_t *pool);

/* ---- notes (mime_note.c) ---- */

#define USM__NOTE_TYPE "X-Uniform-Type-Identifier"
#define USM__NOTE_TYPE_VALUE "com.apple.mail-note"
#define USM__NOTE_UUID "X-Universally-Unique-Identifier"

/** What a note is to be. */
typedef struct usm__note_t {
    const char *uuid;           /**< printable, without blanks */
    const char *subject;        /**< NULL: as it was, "" = none */
    const usm_list_t *keywords; /**< NULL: as they were */
    int body;                   /**< USM_BODY_TEXT, USM_BODY_HTML, 0 = as it was */
    const char *data;
    apr_size_t len;
} usm__note_t;

/** Make the mail of a note: of @a old (NULL: there was none) and what @a note says; pictures in it stay. Its date is
 * now. 7-bit clean. Errors: MIME. */
usm_error_t *usm__mime_note(const char **data_p, apr_size_t *len_p, const char *old, apr_size_t old_len,
                            const usm__note_t *note, const usm__sender_t *sender, apr_pool_t *pool);
/** Words of a Keywords header, at most 300; NULL when there are none. And the other way. */
const usm_list_t *usm__mime_keywords(const char *text, apr_pool_t *pool);
const char *usm__mime_keyword_list(const usm_list_t *list, apr_pool_t *pool);

/* ---- short messages (mime_sms.c) ---- */

#define USM__SMS_CLASS "X-Message-Class"
#define USM__SMS_CLASS_VALUE "IPM.Note.Mobile.SMS"
#define USM__SMS_FROM "X-SMS-From"
#define USM__SMS_TO "X-SMS-To"

/** A short message as a mail. Errors: MIME. */
usm_error_t *usm__mime_sms(const char **data_p, apr_size_t *len_p, const usm_sms_t *sms, const char *message_id,
                           apr_pool_t *pool);

/* ---- header block as bytes (mime_head.c) ---- */

int usm__head_has(const char *data, apr_size_t len, const char *name);
/** 0 when the block holds NUL or a CR without its LF. */
int usm__head_ok(const char *data, apr_size_t len);
/** Replace all fields @a name by one (@a value NULL: by none), which comes first; a new copy in @a pool, or, of a
 * message in a spool, the same bytes with another head: what pointed to the old head is no longer good. */
void usm__head_set(const char **data_p, apr_size_t *len_p, const char *name, const char *value, apr_pool_t *pool);
/** Put lines in front. The same holds. */
void usm__head_put(const char **data_p, apr_size_t *len_p, const char *lines, apr_pool_t *pool);

#endif
