/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statuses below 100, which each command has for itself (MS-ASCMD 2.2.3.177).
 * EAS_CMD_STATUS(command, prefix, name, code, first version, last version, "text")
 *   prefix, name: joined, the enumerator in the code; versions: times ten, those in which the command may say it
 * test/proto/test_i06_statuses.py provokes each row in each of its versions; a row that nothing provokes fails there.
 */
EAS_CMD_STATUS(Sync, SYNC_, OK, 1, 25, 161, "done")
EAS_CMD_STATUS(Sync, SYNC_, STALE_KEY, 3, 25, 161, "the key is none of this device and folder: start over with 0")
EAS_CMD_STATUS(Sync, SYNC_, PROTOCOL, 4, 25, 161, "the request breaks the schema or contradicts itself")
EAS_CMD_STATUS(Sync, SYNC_, SERVER, 5, 25, 161, "the folder cannot be served; up to 12.1 also: try again")
EAS_CMD_STATUS(Sync, SYNC_, CONVERSION, 6, 25, 161, "the item is refused, do not send it again")
EAS_CMD_STATUS(Sync, SYNC_, CONFLICT, 7, 25, 161, "changed on both sides, the server's version was kept")
EAS_CMD_STATUS(Sync, SYNC_, NOT_FOUND, 8, 25, 161, "there is no such item")
EAS_CMD_STATUS(Sync, SYNC_, FULL, 9, 25, 161, "the mailbox is full")
EAS_CMD_STATUS(Sync, SYNC_, HIERARCHY, 12, 25, 161, "there is no such folder: FolderSync")
EAS_CMD_STATUS(Sync, SYNC_, INCOMPLETE, 13, 121, 161, "nothing is kept that the request could refer to: send it whole")
EAS_CMD_STATUS(Sync, SYNC_, RANGE, 14, 121, 161, "Wait or HeartbeatInterval out of range")
EAS_CMD_STATUS(Sync, SYNC_, TOO_MANY, 15, 121, 161, "too many collections")
EAS_CMD_STATUS(Sync, SYNC_, RETRY, 16, 140, 161, "try again")

EAS_CMD_STATUS(FolderSync, FOLDERSYNC_, OK, 1, 25, 161, "done")
EAS_CMD_STATUS(FolderSync, FOLDERSYNC_, SERVER, 6, 25, 161, "the folders cannot be had now")
EAS_CMD_STATUS(FolderSync, FOLDERSYNC_, STALE_KEY, 9, 25, 161, "the key is none of this device: start over with 0")
EAS_CMD_STATUS(FolderSync, FOLDERSYNC_, MALFORMED, 10, 25, 161, "the request breaks the schema")

EAS_CMD_STATUS(FolderCreate, FOLDERCREATE_, OK, 1, 25, 161, "done")
EAS_CMD_STATUS(FolderCreate, FOLDERCREATE_, EXISTS, 2, 25, 161, "the parent has a folder of that name")
EAS_CMD_STATUS(FolderCreate, FOLDERCREATE_, SPECIAL, 3, 25, 161, "the recipient cache, or no right to make one")
EAS_CMD_STATUS(FolderCreate, FOLDERCREATE_, NO_PARENT, 5, 25, 161, "there is no such parent")
EAS_CMD_STATUS(FolderCreate, FOLDERCREATE_, SERVER, 6, 25, 161, "try again")
EAS_CMD_STATUS(FolderCreate, FOLDERCREATE_, STALE_KEY, 9, 25, 161, "the key is none of this device")
EAS_CMD_STATUS(FolderCreate, FOLDERCREATE_, MALFORMED, 10, 25, 161, "the request breaks the schema, or a default type")

EAS_CMD_STATUS(FolderUpdate, FOLDERUPDATE_, OK, 1, 25, 161, "done")
EAS_CMD_STATUS(FolderUpdate, FOLDERUPDATE_, EXISTS, 2, 25, 161, "the name is taken there, or a special folder")
EAS_CMD_STATUS(FolderUpdate, FOLDERUPDATE_, SPECIAL, 3, 25, 161, "the recipient cache")
EAS_CMD_STATUS(FolderUpdate, FOLDERUPDATE_, NOT_FOUND, 4, 25, 161, "there is no such folder")
EAS_CMD_STATUS(FolderUpdate, FOLDERUPDATE_, NO_PARENT, 5, 25, 161, "there is no such parent")
EAS_CMD_STATUS(FolderUpdate, FOLDERUPDATE_, SERVER, 6, 25, 161, "try again")
EAS_CMD_STATUS(FolderUpdate, FOLDERUPDATE_, STALE_KEY, 9, 25, 161, "the key is none of this device")
EAS_CMD_STATUS(FolderUpdate, FOLDERUPDATE_, MALFORMED, 10, 25, 161, "the request breaks the schema")

EAS_CMD_STATUS(FolderDelete, FOLDERDELETE_, OK, 1, 25, 161, "done")
EAS_CMD_STATUS(FolderDelete, FOLDERDELETE_, SPECIAL, 3, 25, 161, "a special folder")
EAS_CMD_STATUS(FolderDelete, FOLDERDELETE_, NOT_FOUND, 4, 25, 161, "there is no such folder")
EAS_CMD_STATUS(FolderDelete, FOLDERDELETE_, SERVER, 6, 25, 161, "try again")
EAS_CMD_STATUS(FolderDelete, FOLDERDELETE_, STALE_KEY, 9, 25, 161, "the key is none of this device")
EAS_CMD_STATUS(FolderDelete, FOLDERDELETE_, MALFORMED, 10, 25, 161, "the request breaks the schema")

EAS_CMD_STATUS(GetItemEstimate, ESTIMATE_, OK, 1, 25, 161, "done")
EAS_CMD_STATUS(GetItemEstimate, ESTIMATE_, NO_FOLDER, 2, 25, 161, "there is no such folder, or what is asked fits none")
EAS_CMD_STATUS(GetItemEstimate, ESTIMATE_, NOT_PRIMED, 3, 25, 161, "the folder was not synchronised yet")
EAS_CMD_STATUS(GetItemEstimate, ESTIMATE_, STALE_KEY, 4, 25, 161, "the key is none of this device and folder")
#undef EAS_CMD_STATUS
