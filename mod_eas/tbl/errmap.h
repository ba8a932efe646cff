/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The border between libusm's errors and what a device is told. The first row that fits an error wins.
 * EAS_ERRMAP(command, kind, what, status)
 *   command: of tbl/commands.h, or ANY
 *   kind, what: CODE and a name of usm/error_codes.h: that code is anywhere in the chain; CLASS and a name of
 *               usm_errclass_e: the class of the chain
 *   status: below 100: the command's own Status; from 100: a common Status, an HTTP status up to 12.1 (tbl/status.h);
 *           from 200: an HTTP status in every version, 503 with Retry-After
 */

/* What is down comes back: devices keep their state and try again. Before all others, whatever the command says. */
EAS_ERRMAP(ANY, CLASS, UNAVAILABLE, 503)
EAS_ERRMAP(ANY, CODE, DISABLED, 126)
EAS_ERRMAP(ANY, CLASS, AUTH, 401)
EAS_ERRMAP(ANY, CODE, DEVICES, 177)

EAS_ERRMAP(FolderSync, CLASS, STALE_KEY, 9)
EAS_ERRMAP(FolderSync, CLASS, INVALID, 9)
EAS_ERRMAP(FolderSync, CLASS, LIMIT, 151)
EAS_ERRMAP(FolderSync, CLASS, TEMP, 6)
EAS_ERRMAP(FolderSync, CLASS, NOTFOUND, 6)
EAS_ERRMAP(FolderSync, CLASS, PERM, 6)

EAS_ERRMAP(FolderCreate, CLASS, STALE_KEY, 9)
EAS_ERRMAP(FolderCreate, CODE, PARENT, 5)
EAS_ERRMAP(FolderCreate, CLASS, EXISTS, 2)
EAS_ERRMAP(FolderCreate, CLASS, NOTFOUND, 5)
EAS_ERRMAP(FolderCreate, CLASS, PERM, 3)
EAS_ERRMAP(FolderCreate, CLASS, INVALID, 10)
EAS_ERRMAP(FolderCreate, CLASS, TEMP, 6)
EAS_ERRMAP(FolderCreate, CLASS, CONFLICT, 6)

EAS_ERRMAP(FolderUpdate, CLASS, STALE_KEY, 9)
EAS_ERRMAP(FolderUpdate, CODE, PARENT, 5)
EAS_ERRMAP(FolderUpdate, CLASS, EXISTS, 2)
EAS_ERRMAP(FolderUpdate, CLASS, NOTFOUND, 4)
EAS_ERRMAP(FolderUpdate, CLASS, PERM, 2)
EAS_ERRMAP(FolderUpdate, CLASS, INVALID, 10)
EAS_ERRMAP(FolderUpdate, CLASS, TEMP, 6)
EAS_ERRMAP(FolderUpdate, CLASS, CONFLICT, 6)

EAS_ERRMAP(FolderDelete, CLASS, STALE_KEY, 9)
EAS_ERRMAP(FolderDelete, CLASS, NOTFOUND, 4)
EAS_ERRMAP(FolderDelete, CLASS, PERM, 3)
EAS_ERRMAP(FolderDelete, CLASS, INVALID, 10)
EAS_ERRMAP(FolderDelete, CLASS, TEMP, 6)
EAS_ERRMAP(FolderDelete, CLASS, CONFLICT, 6)

EAS_ERRMAP(MoveItems, CLASS, TEMP, 503)

/* The groupware server would not take it, and says no more. */
EAS_ERRMAP(SendMail, CODE, INVALID, 120)
EAS_ERRMAP(SendMail, CODE, LIMIT, 122)
EAS_ERRMAP(SmartReply, CODE, INVALID, 120)
EAS_ERRMAP(SmartReply, CODE, LIMIT, 122)
EAS_ERRMAP(SmartReply, CODE, UNSUPPORTED, 146)
EAS_ERRMAP(SmartForward, CODE, INVALID, 120)
EAS_ERRMAP(SmartForward, CODE, LIMIT, 122)
EAS_ERRMAP(SmartForward, CODE, UNSUPPORTED, 146)

EAS_ERRMAP(Search, CLASS, TEMP, 3)
EAS_ERRMAP(Provision, CLASS, TEMP, 3)
EAS_ERRMAP(Settings, CLASS, TEMP, 4)

EAS_ERRMAP(ResolveRecipients, CLASS, TEMP, 6)

EAS_ERRMAP(ValidateCert, CLASS, INTERNAL, 17)
EAS_ERRMAP(ValidateCert, CLASS, TEMP, 17)

/* MS-ASCMD 2.2.1.7: what cannot be had, for whatever reason, is 500; it has no document to tell more. */
EAS_ERRMAP(GetAttachment, CLASS, NOTFOUND, 500)
EAS_ERRMAP(GetAttachment, CLASS, LIMIT, 500)

EAS_ERRMAP(ItemOperations, CLASS, NOTFOUND, 6)
EAS_ERRMAP(ItemOperations, CLASS, LIMIT, 11)
EAS_ERRMAP(ItemOperations, CLASS, PERM, 16)
EAS_ERRMAP(ItemOperations, CLASS, INVALID, 2)
EAS_ERRMAP(ItemOperations, CLASS, TEMP, 3)

EAS_ERRMAP(ANY, CODE, MIME, 107)
EAS_ERRMAP(ANY, CODE, REPEATED, 118)
EAS_ERRMAP(ANY, CODE, RECIPIENT, 119)
EAS_ERRMAP(ANY, CODE, SENDER, 120)
EAS_ERRMAP(ANY, CLASS, TEMP, 111)
EAS_ERRMAP(ANY, CLASS, CONFLICT, 111)
EAS_ERRMAP(ANY, CLASS, PERM, 130)
EAS_ERRMAP(ANY, CLASS, QUOTA, 113)
EAS_ERRMAP(ANY, CLASS, STALE_KEY, 132)
EAS_ERRMAP(ANY, CLASS, INVALID, 103)
EAS_ERRMAP(ANY, CLASS, LIMIT, 103)
EAS_ERRMAP(ANY, CLASS, NOTFOUND, 150)
EAS_ERRMAP(ANY, CLASS, EXISTS, 110)
EAS_ERRMAP(ANY, CLASS, INTERNAL, 110)
#undef EAS_ERRMAP
