/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: eas_autodiscover.c */
/* Both forms of Autodiscover: who gets which address, which error for which question, and what XML must not bring. */
#include "eas_test.h"

#include "eas_autodiscover.h"

#define NS "http://schemas.microsoft.com/exchange/autodiscover/"
#define MOBILE NS "mobilesync/responseschema/2006"
#define ASK(address, schema)                                                                                           \
    "<Request><EMailAddress>" address "</EMailAddress><AcceptableResponseSchema>" schema                               \
    "</AcceptableResponseSchema></Request>"
#define DOC(inner)                                                                                                     \
    "<?xml version=\"1.0\" encoding=\"utf-8\"?><Autodiscover xmlns=\"" NS "mobilesync/requestschema/2006\">" inner     \
    "</Autodiscover>"
#define XML_PATH "/Autodiscover/Autodiscover.xml"

static test_answer_t *ask(const test_request_t *request, const char *path, const eas_conf_t *conf, apr_pool_t *pool)
{
    const eas_autodiscover_t where = {.path = path,
                                      .endpoint = "https://mail.example.org/Microsoft-Server-ActiveSync",
                                      .xml = "https://mail.example.org/autodiscover/autodiscover.xml"};
    test_answer_t *answer = apr_pcalloc(pool, sizeof(*answer));
    eas_request_t req;

    test_request_fill(&req, request, conf, pool);
    eas_autodiscover(&answer->rsp, &req, &where);
    test_answer_read(answer, pool);
    return answer;
}

static test_answer_t *post(const char *body, const eas_conf_t *conf, apr_pool_t *pool)
{
    const test_request_t request = {.body = body, .body_len = strlen(body)};

    return ask(&request, XML_PATH, conf, pool);
}

static void expect(const test_answer_t *answer, unsigned row, int http, const char *text)
{
    if (answer->rsp.http != http || (text == NULL ? answer->len > 0 : strstr(answer->data, text) == NULL)) {
        fail_msg("row %u: HTTP %d: %s", row, answer->rsp.http, answer->data);
    }
}

/* What is asked, and a piece of the answer. */
static void test_questions(void **state)
{
    static const struct {
        const char *body, *answer;
    } rows[] = {
        {DOC(ASK("anna@example.org", MOBILE)),
         "<Type>MobileSync</Type><Url>https://mail.example.org/Microsoft-Server-ActiveSync</Url>"
         "<Name>https://mail.example.org/Microsoft-Server-ActiveSync</Name>"},
        /* An alias, in a form nobody writes: the answer has the primary address. */
        {DOC(ASK("\n  ALIAS@example.org\n", MOBILE)),
         "<User><DisplayName>Anna Test</DisplayName><EMailAddress>a@example.org</EMailAddress></User>"},
        {DOC(ASK("anna@example.org", NS "outlook/responseschema/2006a")), "<ErrorCode>601</ErrorCode>"},
        {DOC(ASK("anna@example.org", "")), "<ErrorCode>601</ErrorCode>"},
        {DOC(ASK("anna", MOBILE)), "<Action><Error><Status>2</Status>"},
        {DOC(ASK("a@b@c", MOBILE)), "<Action><Error><Status>2</Status>"},
        {DOC(ASK("@", MOBILE)), "<Action><Error><Status>2</Status>"},
        {DOC(ASK("a@b.c", MOBILE) ASK("a@b.c", MOBILE)), "<ErrorCode>600</ErrorCode>"},
        {DOC(""), "<ErrorCode>600</ErrorCode>"},
        {DOC("<Request/>"), "<ErrorCode>600</ErrorCode>"},
        {DOC("<Request><EMailAddress>a@b.c</EMailAddress></Request>"), "<ErrorCode>600</ErrorCode>"},
        {"<Other/>", "<ErrorCode>600</ErrorCode>"},
        {"<Autodiscover>", "<ErrorCode>600</ErrorCode>"},
        {"no XML", "<ErrorCode>600</ErrorCode>"},
        {"", "<ErrorCode>600</ErrorCode>"},
    };
    eas_conf_t *conf = test_start(*state);
    unsigned i;

    for (i = 0; i < COUNT(rows); i++) {
        test_answer_t *answer = post(rows[i].body, conf, *state);

        expect(answer, i, 200, rows[i].answer);
        assert_string_equal(answer->rsp.content_type, "text/xml; charset=utf-8");
    }
    assert_int_equal(fake.transient, 1);
}

/* A document type is refused with all that could stand in it, also where an encoding hides it. */
static void test_entities(void **state)
{
    static const char *const rows[] = {
        "<!DOCTYPE Autodiscover [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>"
        "<Autodiscover>" ASK("&x;@example.org", MOBILE) "</Autodiscover>",
        "<!DOCTYPE Autodiscover SYSTEM \"http://evil.example/x.dtd\"><Autodiscover>" ASK("a@b.c",
                                                                                         MOBILE) "</Autodiscover>",
        "<!doctype Autodiscover [<!ENTITY a \"aaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]>"
        "<Autodiscover>" ASK("&b;@example.org", MOBILE) "</Autodiscover>",
    };
    const char *hidden =
        "<!DOCTYPE Autodiscover [<!ENTITY x \"anna\">]><Autodiscover>" ASK("&x;@example.org", MOBILE) "</Autodiscover>";
    eas_conf_t *conf = test_start(*state);
    apr_size_t len = strlen(hidden), k;
    char *wide = apr_palloc(*state, 2 * len + 2);
    test_request_t request = {.body = wide, .body_len = 2 * len + 2};
    unsigned i;

    for (i = 0; i < COUNT(rows); i++) {
        expect(post(rows[i], conf, *state), i, 200, "<ErrorCode>600</ErrorCode>");
    }
    wide[0] = '\xff';
    wide[1] = '\xfe';
    for (k = 0; k < len; k++) {
        wide[2 * k + 2] = hidden[k];
        wide[2 * k + 3] = '\0';
    }
    expect(ask(&request, XML_PATH, conf, *state), i, 200, "<ErrorCode>600</ErrorCode>");
    assert_int_equal(fake.sessions, 0);
}

static void test_configured(void **state)
{
    eas_conf_t *conf = test_start(*state);

    assert_null(eas_conf_set(conf, EAS_DIRECTIVE_url, "https://eas.example.org/a&b", *state));
    expect(post(DOC(ASK("anna@example.org", MOBILE)), conf, *state), 0, 200,
           "<Url>https://eas.example.org/a&amp;b</Url>");
    assert_null(eas_conf_set(conf, EAS_DIRECTIVE_redirect_domain, "new.example", *state));
    expect(post(DOC(ASK("anna&amp;b@example.org", MOBILE)), conf, *state), 1, 200,
           "<Action><Redirect>anna&amp;b@new.example</Redirect></Action>");
    expect(post(DOC(ASK("anna@NEW.example", MOBILE)), conf, *state), 2, 200, "<Settings>");
}

/* Who may not ask is not told why his question is wrong, and an outage asks nobody for another password. */
static void test_refusals(void **state)
{
    static const struct {
        test_request_t request;
        apr_status_t login_code;
        int http;
    } rows[] = {
        {{.no_login = 1}, 0, 401}, {{.clear = 1}, 0, 403},       {{.http_body = 413}, 0, 413}, {{0}, USM_EAUTH, 401},
        {{0}, USM_EDISABLED, 403}, {{0}, USM_EUNAVAILABLE, 503}, {{0}, USM_ESTORE, 503},
    };
    const char *body = DOC(ASK("anna@example.org", MOBILE));
    unsigned i;

    for (i = 0; i < COUNT(rows); i++) {
        eas_conf_t *conf = test_start(*state);
        test_request_t request = rows[i].request;
        test_answer_t *answer;

        request.body = body;
        request.body_len = strlen(body);
        fake.login_code = rows[i].login_code;
        answer = ask(&request, XML_PATH, conf, *state);
        expect(answer, i, rows[i].http, NULL);
        assert_int_equal(apr_table_get(answer->rsp.headers, "Retry-After") != NULL, rows[i].http == 503);
    }
}

static void test_get(void **state)
{
    const test_request_t request = {.method = "GET"};

    expect(ask(&request, XML_PATH, test_start(*state), *state), 0, 200, "<ErrorCode>600</ErrorCode>");
}

/* Version 2: any letter case, with and without the address in the path, and no credentials needed. */
static void test_json(void **state)
{
#define EAS_JSON "{\"Protocol\":\"ActiveSync\",\"Url\":\"https://mail.example.org/Microsoft-Server-ActiveSync\"}"
    static const struct {
        const char *method, *path, *args;
        int http;
        const char *answer;
    } rows[] = {
        {"GET", "/autodiscover/autodiscover.json", "Email=anna%40example.org&Protocol=ActiveSync&RedirectCount=1", 200,
         EAS_JSON},
        {"GET", "/Autodiscover/Autodiscover.JSON/v1.0/anna@example.org", "protocol=activesync", 200, EAS_JSON},
        {"GET", "/autodiscover/autodiscover.json", "Protocol=Active%53ync", 200, EAS_JSON},
        {"GET", "/autodiscover/autodiscover.json", "Protocol=AutodiscoverV1", 200,
         "\"Url\":\"https://mail.example.org/autodiscover/autodiscover.xml\""},
        {"GET", "/autodiscover/autodiscover.json", "Protocol=EWS", 400, "InvalidProtocol"},
        {"GET", "/autodiscover/autodiscover.json", "Protocol=%00", 400, "MandatoryParameterMissing"},
        {"GET", "/autodiscover/autodiscover.json", "Protocol=%zz", 400, "MandatoryParameterMissing"},
        {"GET", "/autodiscover/autodiscover.json", "Protocol=", 400, "MandatoryParameterMissing"},
        {"GET", "/autodiscover/autodiscover.json", NULL, 400, "MandatoryParameterMissing"},
        {"POST", "/autodiscover/autodiscover.json", "Protocol=ActiveSync", 405, NULL},
        {"GET", "/autodiscover/autodiscover.jsonx", "Protocol=ActiveSync", 403, NULL},
    };
    eas_conf_t *conf = test_start(*state);
    unsigned i;

    for (i = 0; i < COUNT(rows); i++) {
        const test_request_t request = {.method = rows[i].method, .args = rows[i].args, .no_login = 1, .clear = 1};

        expect(ask(&request, rows[i].path, conf, *state), i, rows[i].http, rows[i].answer);
    }
    assert_int_equal(fake.logins, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {POOL_TEST(test_questions), POOL_TEST(test_entities), POOL_TEST(test_configured),
                                       POOL_TEST(test_refusals),  POOL_TEST(test_get),      POOL_TEST(test_json)};
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
