/* SPDX-License-Identifier: Apache-2.0 */
/* Handler "eas-autodiscover". */
#include "ap_eas.h"

#include <apr_strings.h>
#include <http_core.h>
#include <http_protocol.h>

#include "eas_autodiscover.h"

#define ENDPOINT "/Microsoft-Server-ActiveSync"
#define XML_PATH "/autodiscover/autodiscover.xml"

/* An absolute URL of this server as the client sees it. Behind a proxy that ends TLS the scheme is not the
 * connection's. */
static const char *url_of(request_rec *r, const char *path)
{
    const char *host = r->hostname != NULL ? r->hostname : ap_get_server_name(r);
    apr_port_t port = ap_get_server_port(r);
    int tls = eas_ap_is_tls(r);

    /* A literal IPv6 address. */
    if (strchr(host, ':') != NULL && *host != '[') {
        host = apr_psprintf(r->pool, "[%s]", host);
    }
    if (port == 80 || port == 443) {
        return apr_pstrcat(r->pool, tls ? "https://" : "http://", host, path, NULL);
    }
    return apr_psprintf(r->pool, "%s%s:%u%s", tls ? "https://" : "http://", host, (unsigned)port, path);
}

int eas_ap_autodiscover(request_rec *r)
{
    eas_response_t rsp = {0};
    eas_autodiscover_t where;
    eas_request_t req;

    if (r->handler == NULL || strcmp(r->handler, "eas-autodiscover") != 0) {
        return DECLINED;
    }
    eas_ap_request(&req, r);
    where = (eas_autodiscover_t){
        .path = r->uri != NULL ? r->uri : "", .endpoint = url_of(r, ENDPOINT), .xml = url_of(r, XML_PATH)};
    eas_autodiscover(&rsp, &req, &where);
    return eas_ap_answer(r, &rsp);
}
