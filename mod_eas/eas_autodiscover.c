/* SPDX-License-Identifier: Apache-2.0 */
#include "eas_autodiscover.h"

#include <apr_cstr.h>
#include <apr_escape.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_xml.h>
#include <string.h>

#define SCHEMAS "http://schemas.microsoft.com/exchange/autodiscover/"
#define RESPONSE_NS SCHEMAS "mobilesync/responseschema/2006"
#define FRAME_NS SCHEMAS "responseschema/2006"
#define ADDRESS_MAX_LEN 320

/* Codes of the framework's errors. */
enum { INVALID_REQUEST = 600, NO_PROVIDER = 601 };

/* Codes of the provider's errors, in Action. */
enum { PROTOCOL_ERROR = 2 };

typedef struct request_t {
    const char *address, *schema;
    int requests; /* elements of that name */
} request_t;

typedef struct ad_t {
    eas_response_t *rsp;
    const eas_request_t *req;
    const eas_autodiscover_t *where;
    apr_pool_t *pool;
    int error; /* for the log */
} ad_t;

static void put(ad_t *ad, int http, const char *type, const char *text)
{
    ad->rsp->http = http;
    ad->rsp->content_type = type;
    ad->rsp->length = (apr_off_t)strlen(text);
    apr_brigade_puts(ad->rsp->body, NULL, NULL, text);
}

static const char *escape(const ad_t *ad, const char *text)
{
    return apr_pescape_entity(ad->pool, text, 0);
}

static void put_xml(ad_t *ad, const char *inner)
{
    put(ad, 200, "text/xml; charset=utf-8",
        apr_pstrcat(ad->pool, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<Autodiscover xmlns=\"" FRAME_NS "\">",
                    inner, "</Autodiscover>\n", NULL));
}

/* What is wrong with the question as such: the framework answers, no provider was asked. */
static void put_frame_error(ad_t *ad, int code, const char *message)
{
    apr_time_t now = apr_time_now();
    apr_time_exp_t at;

    ad->error = code;
    apr_time_exp_gmt(&at, now);
    put_xml(ad,
            apr_psprintf(ad->pool,
                         "<Response><Error Time=\"%02d:%02d:%02d.%06d0\" Id=\"%u\"><ErrorCode>%d</ErrorCode>"
                         "<Message>%s</Message><DebugData/></Error></Response>",
                         at.tm_hour, at.tm_min, at.tm_sec, at.tm_usec, (unsigned)(now & 0xffffffff), code, message));
}

static void put_action(ad_t *ad, const char *user, const char *action)
{
    put_xml(ad, apr_pstrcat(ad->pool, "<Response xmlns=\"" RESPONSE_NS "\"><Culture>en:us</Culture>", user, "<Action>",
                            action, "</Action></Response>", NULL));
}

static const char *user_xml(const ad_t *ad, const char *name, const char *address)
{
    const char *display = name != NULL && *name != '\0'
                              ? apr_pstrcat(ad->pool, "<DisplayName>", escape(ad, name), "</DisplayName>", NULL)
                              : "";

    return apr_pstrcat(ad->pool, "<User>", display, "<EMailAddress>", escape(ad, address), "</EMailAddress></User>",
                       NULL);
}

static const char *endpoint(const ad_t *ad)
{
    return ad->req->conf->url != NULL ? ad->req->conf->url : ad->where->endpoint;
}

static void put_settings(ad_t *ad, const usm_userinfo_t *info)
{
    const char *url = escape(ad, endpoint(ad));

    put_action(ad, user_xml(ad, info->display_name, info->primary_address),
               apr_pstrcat(ad->pool, "<Settings><Server><Type>MobileSync</Type><Url>", url, "</Url><Name>", url,
                           "</Name></Server></Settings>", NULL));
}

/* ---- the question ---- */

static const char *text_of(const apr_xml_elem *elem, apr_pool_t *pool)
{
    const char *text = "";
    const apr_text *t;

    for (t = elem->first_cdata.first; t != NULL; t = t->next) {
        text = apr_pstrcat(pool, text, t->text, NULL);
        if (strlen(text) > EAS_AUTODISCOVER_BODY_MAX) {
            break;
        }
    }
    while (apr_isspace(*text)) {
        text++;
    }
    return apr_pstrmemdup(pool, text, strcspn(text, " \t\r\n"));
}

static void read_elements(request_t *request, const apr_xml_elem *root, apr_pool_t *pool)
{
    const apr_xml_elem *elem, *child;

    for (elem = root->first_child; elem != NULL; elem = elem->next) {
        if (apr_cstr_casecmp(elem->name, "Request") != 0) {
            continue;
        }
        request->requests++;
        for (child = elem->first_child; child != NULL; child = child->next) {
            if (apr_cstr_casecmp(child->name, "EMailAddress") == 0) {
                request->address = text_of(child, pool);
            } else if (apr_cstr_casecmp(child->name, "AcceptableResponseSchema") == 0) {
                request->schema = text_of(child, pool);
            }
        }
    }
}

/* A document type has no place here, and is where entities come from. The parser itself stops at their declaration,
 * also in encodings that this search does not see. */
static int has_doctype(const char *data, apr_size_t len)
{
    const char *at = data;

    while ((at = memchr(at, '<', len - (apr_size_t)(at - data))) != NULL) {
        if (len - (apr_size_t)(at - data) >= 9 && apr_cstr_casecmpn(at, "<!DOCTYPE", 9) == 0) {
            return 1;
        }
        at++;
    }
    return 0;
}

/* @return 0, or the framework's error. */
static int parse(request_t *request, const char *data, apr_size_t len, apr_pool_t *pool)
{
    apr_xml_parser *parser = apr_xml_parser_create(pool);
    apr_xml_doc *doc = NULL;
    /* A parser that was fed must be told of the end: that frees what is not in the pool. */
    apr_status_t fed = len > 0 && !has_doctype(data, len) ? apr_xml_parser_feed(parser, data, len) : APR_EGENERAL;
    apr_status_t rv = apr_xml_parser_done(parser, &doc);

    if (fed != APR_SUCCESS || rv != APR_SUCCESS || doc == NULL || doc->root == NULL ||
        apr_cstr_casecmp(doc->root->name, "Autodiscover") != 0) {
        return INVALID_REQUEST;
    }
    read_elements(request, doc->root, pool);
    return request->requests == 1 && request->address != NULL && request->schema != NULL ? 0 : INVALID_REQUEST;
}

static int is_address(const char *text)
{
    const char *at = strchr(text, '@');

    return at != NULL && at > text && at[1] != '\0' && strchr(at + 1, '@') == NULL && strlen(text) <= ADDRESS_MAX_LEN;
}

/* Names and addresses, as Open-Xchange knows them: the device asks with whatever the user typed. */
static usm_error_t *find_user(const usm_userinfo_t **info_p, ad_t *ad)
{
    const eas_request_t *req = ad->req;
    usm_login_t *login = req->login;
    usm_session_t *session;

    if (req->usm_error != NULL || req->login_error != NULL) {
        return req->usm_error != NULL ? req->usm_error : req->login_error;
    }
    if (login == NULL) {
        USM_ERR(usm_login(&login, req->usm, req->user, req->password, req->log, ad->pool));
    }
    USM_ERR(usm_session_open(&session, req->usm, login, req->password, "autodiscover", "autodiscover", 1, req->log,
                             ad->pool));
    return usm_session_userinfo(info_p, session);
}

/* A failed login is the web server's to answer; a user who may not come in is told nothing else than a stranger to the
 * service is; an outage is one, and no reason to ask for another password. */
static void put_failure(ad_t *ad, usm_error_t *err)
{
    int disabled = usm_error_is(err, USM_EDISABLED);

    ad->rsp->http = disabled ? 403 : usm_error_class(err) == USM_CLASS_AUTH ? 401 : 503;
    if (ad->rsp->http == 503) {
        apr_table_setn(ad->rsp->headers, "Retry-After",
                       apr_psprintf(ad->pool, "%" APR_INT64_T_FMT, ad->req->conf->retry_after));
        usm_log(ad->req->log, USM_LOG_WARNING, EASLOGNO(71), "autodiscover: %s", usm_error_text(err, ad->pool));
    }
    usm_error_clear(err);
}

static void redirect(ad_t *ad, const request_t *request)
{
    const char *at = strchr(request->address, '@');
    const char *target = apr_psprintf(ad->pool, "%.*s@%s", (int)(at - request->address), request->address,
                                      ad->req->conf->redirect_domain);

    put_action(ad, user_xml(ad, NULL, request->address),
               apr_pstrcat(ad->pool, "<Redirect>", escape(ad, target), "</Redirect>", NULL));
}

static int is_in_domain(const char *address, const char *domain)
{
    return apr_cstr_casecmp(strchr(address, '@') + 1, domain) == 0;
}

static void answer_xml(ad_t *ad)
{
    const eas_request_t *req = ad->req;
    const usm_userinfo_t *info;
    request_t request = {0};
    const char *data = "";
    apr_size_t len = 0;
    usm_error_t *err;
    int http;

    if (strcmp(req->method, "POST") != 0) {
        /* What browsers and scanners ask, and some clients before they post. */
        put_frame_error(ad, INVALID_REQUEST, "Invalid Request");
        return;
    }
    http = req->read_body(req->baton, EAS_AUTODISCOVER_BODY_MAX, &data, &len);
    if (http != 0) {
        ad->rsp->http = http;
        return;
    }
    if (parse(&request, data, len, ad->pool) != 0) {
        put_frame_error(ad, INVALID_REQUEST, "Invalid Request");
        return;
    }
    if (apr_cstr_casecmp(request.schema, RESPONSE_NS) != 0) {
        /* Outlook asks for its own schema first, at the same place. */
        put_frame_error(ad, NO_PROVIDER, "Provider is not available");
        return;
    }
    if (!is_address(request.address)) {
        put_action(ad, "",
                   apr_psprintf(ad->pool,
                                "<Error><Status>%d</Status><Message>EMailAddress is no mail address</Message>"
                                "<DebugData>EMailAddress</DebugData></Error>",
                                PROTOCOL_ERROR));
        return;
    }
    if (req->conf->redirect_domain != NULL && !is_in_domain(request.address, req->conf->redirect_domain)) {
        redirect(ad, &request);
        return;
    }
    err = find_user(&info, ad);
    if (err != NULL) {
        put_failure(ad, err);
    } else {
        put_settings(ad, info);
    }
}

/* ---- version 2 ---- */

/* The value of a parameter of the query, unescaped; NULL without, or when it is badly written. */
static const char *parameter(const ad_t *ad, const char *name)
{
    char *args = apr_pstrdup(ad->pool, ad->req->args != NULL ? ad->req->args : ""), *state, *part, *value;

    for (part = apr_strtok(args, "&", &state); part != NULL; part = apr_strtok(NULL, "&", &state)) {
        value = strchr(part, '=');
        if (value == NULL || (apr_size_t)(value - part) != strlen(name) ||
            apr_cstr_casecmpn(part, name, strlen(name)) != 0) {
            continue;
        }
        return apr_punescape_url(ad->pool, value + 1, NULL, NULL, 1);
    }
    return NULL;
}

static void put_json_error(ad_t *ad, const char *code, const char *message)
{
    ad->error = 400;
    put(ad, 400, "application/json; charset=utf-8",
        apr_pstrcat(ad->pool, "{\"ErrorCode\":\"", code, "\",\"ErrorMessage\":\"", message, "\"}", NULL));
}

/* URLs are the administrator's or made from the request's host: none has a character that JSON must escape but these.
 */
static const char *json_text(const ad_t *ad, const char *text)
{
    char *out = apr_palloc(ad->pool, strlen(text) * 2 + 1), *at = out;

    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') {
            *at++ = '\\';
        }
        if (!apr_iscntrl(*text)) {
            *at++ = *text;
        }
    }
    *at = '\0';
    return out;
}

static void answer_json(ad_t *ad)
{
    static const char *const protocols[] = {"ActiveSync", "AutodiscoverV1"};
    const char *wanted = parameter(ad, "Protocol");
    const char *urls[] = {endpoint(ad), ad->where->xml};
    unsigned i;

    if (strcmp(ad->req->method, "GET") != 0 && strcmp(ad->req->method, "HEAD") != 0) {
        apr_table_setn(ad->rsp->headers, "Allow", "GET, HEAD");
        ad->rsp->http = 405;
        return;
    }
    if (wanted == NULL || *wanted == '\0') {
        put_json_error(ad, "MandatoryParameterMissing",
                       "A valid value must be provided for the query parameter 'Protocol'");
        return;
    }
    for (i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
        if (apr_cstr_casecmp(wanted, protocols[i]) == 0) {
            put(ad, 200, "application/json; charset=utf-8",
                apr_pstrcat(ad->pool, "{\"Protocol\":\"", protocols[i], "\",\"Url\":\"", json_text(ad, urls[i]), "\"}",
                            NULL));
            return;
        }
    }
    put_json_error(ad, "InvalidProtocol",
                   "The given value of 'Protocol' is invalid. Supported values are 'ActiveSync,AutodiscoverV1'");
}

/* ---- both ---- */

static int is_json(const char *path)
{
    const char *name = "autodiscover.json";
    const char *at;

    for (at = path; (at = strchr(at, '/')) != NULL; at++) {
        if (apr_cstr_casecmpn(at + 1, name, strlen(name)) == 0 &&
            (at[1 + strlen(name)] == '\0' || at[1 + strlen(name)] == '/')) {
            return 1;
        }
    }
    return 0;
}

void eas_autodiscover(eas_response_t *rsp, const eas_request_t *req, const eas_autodiscover_t *where)
{
    ad_t ad = {.rsp = rsp, .req = req, .where = where, .pool = req->pool};
    int json = is_json(where->path);

    rsp->headers = apr_table_make(req->pool, 4);
    rsp->notes = apr_table_make(req->pool, 4);
    rsp->body = apr_brigade_create(req->pool, req->bucket_alloc);
    rsp->http = 500;
    apr_table_setn(rsp->headers, "Cache-Control", "private");
    if (json) {
        answer_json(&ad);
    } else if (req->conf->require_tls && !req->is_tls) {
        rsp->http = 403;
    } else if (req->user == NULL || (req->login == NULL && req->password == NULL)) {
        rsp->http = 401;
    } else {
        answer_xml(&ad);
    }
    apr_table_setn(rsp->notes, "eas-user", !json && req->user != NULL ? req->user : "-");
    apr_table_setn(rsp->notes, "eas-cmd", "Autodiscover");
    apr_table_setn(rsp->notes, "eas-status", apr_itoa(req->pool, ad.error));
    usm_log(req->log, USM_LOG_INFO, EASLOGNO(70), "user=%s cmd=Autodiscover form=%s http=%d error=%d",
            !json && req->user != NULL ? req->user : "-", json ? "json" : "xml", rsp->http, ad.error);
}
