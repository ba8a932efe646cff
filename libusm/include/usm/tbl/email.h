/* SPDX-License-Identifier: Apache-2.0 */
/* Mail. Rows as in contact.h. Only READ, FLAG and LAST_VERB ever change; everything else of a mail is fixed for ever,
 * so it has no digest. New rows at the end. */
#define D_ (USM_F_RO | USM_F_NODIGEST)
USM_FIELD(TO, ADDRS, 604, to, Email, To, 25, 161, D_)
USM_FIELD(CC, ADDRS, 605, cc, Email, Cc, 25, 161, D_)
USM_FIELD(FROM, ADDRS, 603, from, Email, From, 25, 161, D_)
USM_FIELD(SUBJECT, TEXT, 607, subject, Email, Subject, 25, 161, D_)
USM_FIELD(REPLY_TO, ADDRS, 0, reply_to, Email, ReplyTo, 25, 161, D_)
USM_FIELD(RECEIVED, TIME, 610, received_date, Email, DateReceived, 25, 161, D_)
USM_FIELD(IMPORTANCE, IMPORTANCE, 614, priority, Email, Importance, 25, 161, D_)
USM_FIELD(READ, BOOL, 611, flags, Email, Read, 25, 161, USM_F_KEEP)
USM_FIELD(ATTACHMENTS, ATTACHMENTS, 0, attachments, AirSyncBase, Attachments, 25, 161, D_)
USM_FIELD(BODY, BODY, 0, body, AirSyncBase, Body, 25, 161, D_)
USM_FIELD(FLAG, FLAG, 611, flags, Email, Flag, 120, 161, USM_F_KEEP)
USM_FIELD(LAST_VERB, VERB, 611, flags, Email2, LastVerbExecuted, 140, 161, USM_F_RO)
USM_FIELD_INNER(SENT, TIME, 609, sent_date, D_)
USM_FIELD_INNER(CONTENT_TYPE, TEXT, 656, content_type, D_)
USM_FIELD_INNER(SIZE, INT, 608, size, D_)
USM_FIELD_INNER(MESSAGE_ID, TEXT, 0, message_id, D_)
USM_FIELD_INNER(REFERENCES, TEXT, 0, references, D_)
USM_FIELD_INNER(DRAFT, BOOL, 611, flags, D_)
#undef D_
