/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Autodiscover (MS-ASCMD 2.2.1.1): where a device finds its server, given nothing but a mail address. Two forms: the
 * XML document that phones post with their credentials, and the small JSON that newer clients get before they have any.
 * Knows no httpd; any thread.
 */
#ifndef EAS_AUTODISCOVER_H
#define EAS_AUTODISCOVER_H

#include "eas.h"

#define EAS_AUTODISCOVER_BODY_MAX 65536 /* bytes of a request */

/* Where the caller was found. All absolute URLs, UTF-8. */
typedef struct eas_autodiscover_t {
    const char *path;     /* of the request, unescaped: what ends in .json, or has /autodiscover.json/ in it, is v2 */
    const char *endpoint; /* of ActiveSync, unless the location's EASUrl says otherwise */
    const char *xml;      /* of the XML form, for clients that ask the JSON form for it */
} eas_autodiscover_t;

/*
 * Answers one request of either form; RSP is zeroed by the caller and always filled. The XML form needs credentials
 * (HTTP 401 without), the JSON form none.
 */
void eas_autodiscover(eas_response_t *rsp, const eas_request_t *req, const eas_autodiscover_t *where);

#endif
