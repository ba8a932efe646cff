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

EAS_CMD_STATUS(MoveItems, MOVE_, NO_SOURCE, 1, 25, 161, "there is no such item, or no such folder to take it from")
EAS_CMD_STATUS(MoveItems, MOVE_, NO_TARGET, 2, 25, 161, "there is no such folder to bring it to")
EAS_CMD_STATUS(MoveItems, MOVE_, SUCCESS, 3, 25, 161, "done")
EAS_CMD_STATUS(MoveItems, MOVE_, SAME, 4, 25, 161, "it is there already")
EAS_CMD_STATUS(MoveItems, MOVE_, FAILED, 5, 25, 161, "it is refused, or has several targets")
EAS_CMD_STATUS(MoveItems, MOVE_, LOCKED, 7, 25, 161, "try again")

EAS_CMD_STATUS(Ping, PING_, EXPIRED, 1, 25, 161, "nothing has changed")
EAS_CMD_STATUS(Ping, PING_, CHANGES, 2, 25, 161, "folders have changed")
EAS_CMD_STATUS(Ping, PING_, MISSING, 3, 25, 161, "interval or folders are neither given nor known")
EAS_CMD_STATUS(Ping, PING_, SYNTAX, 4, 25, 161, "the request breaks the schema")
EAS_CMD_STATUS(Ping, PING_, RANGE, 5, 25, 161, "the interval is out of range")
EAS_CMD_STATUS(Ping, PING_, TOO_MANY, 6, 25, 161, "too many folders")
EAS_CMD_STATUS(Ping, PING_, HIERARCHY, 7, 25, 161, "the folders are not what the device believes: FolderSync")

EAS_CMD_STATUS(Search, SEARCH_, OK, 1, 25, 161, "done")
EAS_CMD_STATUS(Search, SEARCH_, INVALID, 2, 25, 161, "the query or its options cannot be")
EAS_CMD_STATUS(Search, SEARCH_, SERVER, 3, 25, 161, "try again")
EAS_CMD_STATUS(Search, SEARCH_, DENIED, 5, 25, 161, "the user may not search here")
EAS_CMD_STATUS(Search, SEARCH_, NOT_FOUND, 6, 120, 161, "there are no documents here")
EAS_CMD_STATUS(Search, SEARCH_, TOO_COMPLEX, 8, 120, 161, "a query of a form that is not for searching")
EAS_CMD_STATUS(Search, SEARCH_, HIERARCHY, 11, 120, 161, "there is no such folder: FolderSync")
EAS_CMD_STATUS(Search, SEARCH_, BEYOND, 12, 25, 161, "the range is too large")

EAS_CMD_STATUS(Find, FIND_, OK, 1, 161, 161, "done")
EAS_CMD_STATUS(Find, FIND_, INVALID, 2, 161, 161, "the request cannot be")
EAS_CMD_STATUS(Find, FIND_, HIERARCHY, 3, 161, 161, "there is no such folder: FolderSync")
EAS_CMD_STATUS(Find, FIND_, BAD_RANGE, 4, 161, 161, "a page of a search that is not known")
#undef EAS_CMD_STATUS
