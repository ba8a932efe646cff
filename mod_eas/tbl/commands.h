/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands of EAS (MS-ASCMD 2.2.1, MS-ASHTTP 2.2.1.1.1.1.2), in the order of the MS-ASProtocolCommands header.
 * EAS_COMMAND(name, code, first version, last version, root tag, flags, handler, "what it does")
 *   code: in the base64 query, or -1 for commands that only the plain form has
 *   versions: times ten; EAS_VERSION_OPEN: still in use
 *   root tag: of request and answer, or 0 when the command has no WBXML root
 *   flags: EAS_CMD_... of eas_table.h; the handler of rows without EAS_CMD_BUILT is eas_cmd_none
 */
EAS_COMMAND(Sync, 0, 25, EAS_VERSION_OPEN, EAS_AirSync_Sync,
            EAS_CMD_BUILT | EAS_CMD_NEEDS_POLICY | EAS_CMD_BIG_BODY | EAS_CMD_WBXML_IN | EAS_CMD_EMPTY_OK |
                EAS_CMD_LONG_POLL | EAS_CMD_PACED,
            eas_cmd_sync, "exchange the items of collections")
EAS_COMMAND(SendMail, 1, 25, EAS_VERSION_OPEN, EAS_ComposeMail_SendMail,
            EAS_CMD_BUILT | EAS_CMD_NEEDS_POLICY | EAS_CMD_BIG_BODY | EAS_CMD_WBXML_IN |
                EAS_CMD_MIME_IN, eas_cmd_sendmail,
            "send a message")
EAS_COMMAND(SmartForward, 2, 25, EAS_VERSION_OPEN, EAS_ComposeMail_SmartForward,
            EAS_CMD_BUILT | EAS_CMD_NEEDS_POLICY | EAS_CMD_BIG_BODY | EAS_CMD_WBXML_IN | EAS_CMD_MIME_IN,
            eas_cmd_smartforward, "forward a message of the mailbox")
EAS_COMMAND(SmartReply, 3, 25, EAS_VERSION_OPEN, EAS_ComposeMail_SmartReply,
            EAS_CMD_BUILT | EAS_CMD_NEEDS_POLICY | EAS_CMD_BIG_BODY | EAS_CMD_WBXML_IN | EAS_CMD_MIME_IN,
            eas_cmd_smartreply, "answer a message of the mailbox")
EAS_COMMAND(GetAttachment, 4, 25, 121, 0, EAS_CMD_BUILT | EAS_CMD_NEEDS_POLICY | EAS_CMD_EMPTY_OK,
            eas_cmd_getattachment, "fetch an attachment")
EAS_COMMAND(GetHierarchy, -1, 25, 121, EAS_FolderHierarchy_Folders,
            EAS_CMD_NEEDS_POLICY | EAS_CMD_EMPTY_OK, eas_cmd_none, "list the mail folders")
EAS_COMMAND(CreateCollection, -1, 25, 121, 0, EAS_CMD_NEEDS_POLICY | EAS_CMD_WBXML_IN, eas_cmd_none,
            "make a folder; a relic of version 1")
EAS_COMMAND(DeleteCollection, -1, 25, 121, 0, EAS_CMD_NEEDS_POLICY | EAS_CMD_WBXML_IN, eas_cmd_none,
            "remove a folder; a relic of version 1")
EAS_COMMAND(MoveCollection, -1, 25, 121, 0, EAS_CMD_NEEDS_POLICY | EAS_CMD_WBXML_IN, eas_cmd_none,
            "move a folder; a relic of version 1")
EAS_COMMAND(FolderSync, 9, 25, EAS_VERSION_OPEN, EAS_FolderHierarchy_FolderSync,
            EAS_CMD_BUILT | EAS_CMD_NEEDS_POLICY | EAS_CMD_WBXML_IN | EAS_CMD_PACED, eas_cmd_foldersync,
            "exchange the folder hierarchy")
EAS_COMMAND(FolderCreate, 10, 25, EAS_VERSION_OPEN, EAS_FolderHierarchy_FolderCreate,
            EAS_CMD_BUILT | EAS_CMD_NEEDS_POLICY | EAS_CMD_WBXML_IN, eas_cmd_foldercreate, "make a folder")
EAS_COMMAND(FolderDelete, 11, 25, EAS_VERSION_OPEN, EAS_FolderHierarchy_FolderDelete,
            EAS_CMD_BUILT | EAS_CMD_NEEDS_POLICY | EAS_CMD_WBXML_IN, eas_cmd_folderdelete, "remove a folder")
EAS_COMMAND(FolderUpdate, 12, 25, EAS_VERSION_OPEN, EAS_FolderHierarchy_FolderUpdate,
            EAS_CMD_BUILT | EAS_CMD_NEEDS_POLICY | EAS_CMD_WBXML_IN, eas_cmd_folderupdate, "rename or move a folder")
EAS_COMMAND(MoveItems, 13, 25, EAS_VERSION_OPEN, EAS_Move_MoveItems,
            EAS_CMD_BUILT | EAS_CMD_NEEDS_POLICY | EAS_CMD_WBXML_IN, eas_cmd_moveitems, "move items between folders")
EAS_COMMAND(GetItemEstimate, 14, 25, EAS_VERSION_OPEN, EAS_GetItemEstimate_GetItemEstimate,
            EAS_CMD_BUILT | EAS_CMD_NEEDS_POLICY | EAS_CMD_WBXML_IN | EAS_CMD_PACED, eas_cmd_getitemestimate,
            "count what a Sync would bring")
EAS_COMMAND(MeetingResponse, 15, 25, EAS_VERSION_OPEN, EAS_MeetingResponse_MeetingResponse,
            EAS_CMD_BUILT | EAS_CMD_NEEDS_POLICY | EAS_CMD_WBXML_IN, eas_cmd_meetingresponse,
            "accept or decline meetings")
EAS_COMMAND(Search, 16, 25, EAS_VERSION_OPEN, EAS_Search_Search,
            EAS_CMD_BUILT | EAS_CMD_NEEDS_POLICY | EAS_CMD_WBXML_IN, eas_cmd_search,
            "search mailbox, directory or documents")
EAS_COMMAND(Settings, 17, 120, EAS_VERSION_OPEN, EAS_Settings_Settings,
            EAS_CMD_BUILT | EAS_CMD_POLICY_LATER | EAS_CMD_WBXML_IN, eas_cmd_settings,
            "device information, out of office, user information")
EAS_COMMAND(Ping, 18, 25, EAS_VERSION_OPEN, EAS_Ping_Ping,
            EAS_CMD_BUILT | EAS_CMD_NO_POLICY | EAS_CMD_WBXML_IN | EAS_CMD_EMPTY_OK | EAS_CMD_LONG_POLL | EAS_CMD_PACED,
            eas_cmd_ping,
            "wait for changes")
EAS_COMMAND(ItemOperations, 19, 120, EAS_VERSION_OPEN, EAS_ItemOperations_ItemOperations,
            EAS_CMD_BUILT | EAS_CMD_NEEDS_POLICY | EAS_CMD_BIG_BODY | EAS_CMD_WBXML_IN, eas_cmd_itemoperations,
            "fetch items and attachments, empty folders, move conversations")
EAS_COMMAND(Provision, 20, 25, EAS_VERSION_OPEN, EAS_Provision_Provision,
            EAS_CMD_BUILT | EAS_CMD_NO_POLICY | EAS_CMD_NO_WIPE | EAS_CMD_WBXML_IN, eas_cmd_provision,
            "policies and remote wipe")
EAS_COMMAND(ResolveRecipients, 21, 25, EAS_VERSION_OPEN, EAS_ResolveRecipients_ResolveRecipients,
            EAS_CMD_BUILT | EAS_CMD_NEEDS_POLICY | EAS_CMD_WBXML_IN, eas_cmd_resolverecipients,
            "look up recipients, certificates, free and busy times")
EAS_COMMAND(ValidateCert, 22, 25, EAS_VERSION_OPEN, EAS_ValidateCert_ValidateCert,
            EAS_CMD_BUILT | EAS_CMD_NEEDS_POLICY | EAS_CMD_WBXML_IN, eas_cmd_validatecert,
            "check certificates")
EAS_COMMAND(Find, 23, 161, EAS_VERSION_OPEN, EAS_Find_Find,
            EAS_CMD_BUILT | EAS_CMD_NEEDS_POLICY | EAS_CMD_WBXML_IN, eas_cmd_find,
            "search mailbox or directory, with paging")
#undef EAS_COMMAND
