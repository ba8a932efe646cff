/* SPDX-License-Identifier: Apache-2.0 */
/* The protocol versions, as numbers (14.1 is 141) and as devices spell them. */
#ifndef EAS_VERSION_H
#define EAS_VERSION_H

#include <apr_pools.h>

/* ROW(number, "text"), ascending: Android takes the last that it knows. */
#define EAS_VERSION_ROWS(ROW)                                                                                          \
    ROW(25, "2.5")                                                                                                     \
    ROW(120, "12.0")                                                                                                   \
    ROW(121, "12.1")                                                                                                   \
    ROW(140, "14.0")                                                                                                   \
    ROW(141, "14.1")                                                                                                   \
    ROW(160, "16.0")                                                                                                   \
    ROW(161, "16.1")

/* The number of the version spelled TEXT, exactly; 0 for NULL and for what is not in the rows. */
unsigned eas_version_parse(const char *text);

/* Whether NUMBER is in the rows. */
int eas_version_known(unsigned number);

/* The spelling of NUMBER, or "" when it is not in the rows. */
const char *eas_version_text(unsigned number);

/* The value of MS-ASProtocolVersions. */
const char *eas_version_list(void);

/* The same, of versions up to MAX; 0: all. In POOL or constant. */
const char *eas_version_list_to(unsigned max, apr_pool_t *pool);

#endif
