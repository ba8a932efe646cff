/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy devices get: explicitly permissive. Gmail refuses accounts whose policy says only that no password is
 * needed, and settings that were set once must be reset, not left out: hence all elements, each with the value that
 * forbids nothing.
 * A file of EASRulesFile may have policies that forbid more.
 * EAS_POLICY(element, value, kind, min, max), in the order of MS-ASPROV 2.2.2.28
 *   value: text, "" for an empty element
 *   kind: BOOL (0, 1), NUMBER (from min to max, or empty where the value above is), LIST (of children min)
 * In which versions an element is sent is said by tbl/eas-codepages.tsv.
 */
EAS_POLICY(DevicePasswordEnabled, "0", BOOL, 0, 1)
EAS_POLICY(AlphanumericDevicePasswordRequired, "0", BOOL, 0, 1)
EAS_POLICY(PasswordRecoveryEnabled, "0", BOOL, 0, 1)
EAS_POLICY(RequireStorageCardEncryption, "0", BOOL, 0, 1)
EAS_POLICY(AttachmentsEnabled, "1", BOOL, 0, 1)
EAS_POLICY(MinDevicePasswordLength, "", NUMBER, 1, 16)
EAS_POLICY(MaxInactivityTimeDeviceLock, "", NUMBER, 0, 4294967295)
EAS_POLICY(MaxDevicePasswordFailedAttempts, "", NUMBER, 4, 16)
EAS_POLICY(MaxAttachmentSize, "", NUMBER, 0, 4294967295)
EAS_POLICY(AllowSimpleDevicePassword, "1", BOOL, 0, 1)
EAS_POLICY(DevicePasswordExpiration, "", NUMBER, 0, 4294967295)
EAS_POLICY(DevicePasswordHistory, "0", NUMBER, 0, 4294967295)
EAS_POLICY(AllowStorageCard, "1", BOOL, 0, 1)
EAS_POLICY(AllowCamera, "1", BOOL, 0, 1)
EAS_POLICY(RequireDeviceEncryption, "0", BOOL, 0, 1)
EAS_POLICY(AllowUnsignedApplications, "1", BOOL, 0, 1)
EAS_POLICY(AllowUnsignedInstallationPackages, "1", BOOL, 0, 1)
EAS_POLICY(MinDevicePasswordComplexCharacters, "1", NUMBER, 1, 4)
EAS_POLICY(AllowWiFi, "1", BOOL, 0, 1)
EAS_POLICY(AllowTextMessaging, "1", BOOL, 0, 1)
EAS_POLICY(AllowPOPIMAPEmail, "1", BOOL, 0, 1)
EAS_POLICY(AllowBluetooth, "2", NUMBER, 0, 2)
EAS_POLICY(AllowIrDA, "1", BOOL, 0, 1)
EAS_POLICY(RequireManualSyncWhenRoaming, "0", BOOL, 0, 1)
EAS_POLICY(AllowDesktopSync, "1", BOOL, 0, 1)
EAS_POLICY(MaxCalendarAgeFilter, "0", NUMBER, 0, 7)
EAS_POLICY(AllowHTMLEmail, "1", BOOL, 0, 1)
EAS_POLICY(MaxEmailAgeFilter, "0", NUMBER, 0, 5)
EAS_POLICY(MaxEmailBodyTruncationSize, "-1", NUMBER, -1, 2147483647)
EAS_POLICY(MaxEmailHTMLBodyTruncationSize, "-1", NUMBER, -1, 2147483647)
EAS_POLICY(RequireSignedSMIMEMessages, "0", BOOL, 0, 1)
EAS_POLICY(RequireEncryptedSMIMEMessages, "0", BOOL, 0, 1)
EAS_POLICY(RequireSignedSMIMEAlgorithm, "0", NUMBER, 0, 1)
EAS_POLICY(RequireEncryptionSMIMEAlgorithm, "0", NUMBER, 0, 4)
EAS_POLICY(AllowSMIMEEncryptionAlgorithmNegotiation, "2", NUMBER, 0, 2)
EAS_POLICY(AllowSMIMESoftCerts, "1", BOOL, 0, 1)
EAS_POLICY(AllowBrowser, "1", BOOL, 0, 1)
EAS_POLICY(AllowConsumerEmail, "1", BOOL, 0, 1)
EAS_POLICY(AllowRemoteDesktop, "1", BOOL, 0, 1)
EAS_POLICY(AllowInternetSharing, "1", BOOL, 0, 1)
EAS_POLICY(UnapprovedInROMApplicationList, "", LIST, EAS_Provision_ApplicationName, 0)
EAS_POLICY(ApprovedApplicationList, "", LIST, EAS_Provision_Hash, 0)
#undef EAS_POLICY
