/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Folder types (MS-ASCMD 2.2.3.186.3).
 * EAS_FOLDER(type, class, role, first version, creatable)
 *   class, role: of usm/types.h; the first row that fits a folder gives its type on the wire, ANY fits every role
 *   creatable: a device may make a folder of this type
 */
EAS_FOLDER(2, EMAIL, INBOX, 25, 0)
EAS_FOLDER(3, EMAIL, DRAFTS, 25, 0)
EAS_FOLDER(4, EMAIL, TRASH, 25, 0)
EAS_FOLDER(5, EMAIL, SENT, 25, 0)
EAS_FOLDER(6, EMAIL, OUTBOX, 25, 0)
EAS_FOLDER(12, EMAIL, ANY, 25, 1)
EAS_FOLDER(1, EMAIL, ANY, 25, 1)
EAS_FOLDER(7, TASK, DEFAULT, 25, 0)
EAS_FOLDER(15, TASK, ANY, 25, 1)
EAS_FOLDER(8, EVENT, DEFAULT, 25, 0)
EAS_FOLDER(13, EVENT, ANY, 25, 1)
EAS_FOLDER(9, CONTACT, DEFAULT, 25, 0)
EAS_FOLDER(14, CONTACT, ANY, 25, 1)
EAS_FOLDER(10, NOTE, DEFAULT, 140, 0)
EAS_FOLDER(17, NOTE, ANY, 140, 0)
EAS_FOLDER(19, RECIPIENT, ANY, 140, 0)
#undef EAS_FOLDER
