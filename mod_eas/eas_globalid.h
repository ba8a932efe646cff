/* SPDX-License-Identifier: Apache-2.0 */
/** @file eas_globalid.h  GlobalObjId: a meeting's UID as versions up to 14.1 have it in mails (MS-ASEMAIL 2.2.2.37). */
#ifndef EAS_GLOBALID_H
#define EAS_GLOBALID_H

#include <apr_pools.h>

#define EAS_GLOBALID_UID_MAX 1000 /* bytes of a UID */

/** Base64 of the id that stands for @a uid; @a year, @a month, @a day name one occurrence, 0 = the series. NULL when
 * the UID is too long. */
const char *eas_globalid_make(const char *uid, int year, int month, int day, apr_pool_t *pool);
/** UID of a calendar item out of a GlobalObjId in base64 (MS-ASEMAIL 3.1.4.7). NULL when it is none. */
const char *eas_globalid_uid(const char *base64, apr_pool_t *pool);

#endif
