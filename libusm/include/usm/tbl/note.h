/* SPDX-License-Identifier: Apache-2.0 */
/* Notes. Rows as in contact.h; the words of OX are those of the mail that a note is kept as. New rows at the end. */
USM_FIELD(SUBJECT, TEXT, 607, subject, Notes, Subject, 140, 161, USM_F_KEEP)
USM_FIELD(BODY, BODY, 0, body, AirSyncBase, Body, 140, 161, USM_F_KEEP)
USM_FIELD(CATEGORIES, LIST, 0, keywords, Notes, Categories, 140, 161, USM_F_RW)
USM_FIELD(MODIFIED, TIME, 609, sent_date, Notes, LastModifiedDate, 140, 161, USM_F_RO | USM_F_NODIGEST)
