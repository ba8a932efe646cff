/* SPDX-License-Identifier: Apache-2.0 */
/* Folders: the hierarchy is a collection of these. Rows as in contact.h. Type on the wire is made of ROLE and CLASS. */
USM_FIELD(PARENT, FOLDERREF, 20, folder_id, FolderHierarchy, ParentId, 25, 161, USM_F_RW)
USM_FIELD(NAME, TEXT, 300, title, FolderHierarchy, DisplayName, 25, 161, USM_F_RW)
USM_FIELD_INNER(CLASS, CLASS, 301, module, USM_F_RO)
USM_FIELD_INNER(ROLE, ROLE, 316, standard_folder_type, USM_F_RO)
USM_FIELD_INNER(RIGHTS, INT, 305, own_rights, USM_F_RO | USM_F_NODIGEST)
