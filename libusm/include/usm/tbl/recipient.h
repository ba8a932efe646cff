/* SPDX-License-Identifier: Apache-2.0 */
/* Recipient information: whom the user writes to. Rows as in contact.h; the columns are those of contacts. */
USM_FIELD(EMAIL, EMAIL, 555, email1, Contacts, Email1Address, 140, 161, USM_F_RO)
USM_FIELD(FILE_AS, TEXT, 500, display_name, Contacts, FileAs, 140, 161, USM_F_RO)
USM_FIELD(ALIAS, TEXT, 515, nickname, Contacts, Alias, 140, 161, USM_F_RO)
USM_FIELD(RANK, INT, 608, useCount, Contacts, WeightedRank, 140, 161, USM_F_RO)
