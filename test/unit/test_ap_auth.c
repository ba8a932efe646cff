/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: ap_auth.c */
/* The provider and the hook before mod_auth_basic: granted, refused, and what an outage is told as. */
#include "ap_test.h"

static request_rec *start(void **state)
{
    request_rec *r = ap_test_start(*state);
    usm_context_t *ctx;

    /* The context's first use has things to log. */
    assert_null(eas_ap_context(&ctx, ap_test_dir(r)->conf, r->pool));
    ap_fake.log_level = 0;
    assert_null(ap_test_directive(ap_test_dir(r), "AuthBasicProvider", "ox", *state));
    assert_null(ap_test_directive(ap_test_dir(r), "EASRequireTLS", "off", *state));
    ap_fake.retrieve();
    ap_fake.user = "anna";
    ap_fake.password = "secret";
    return r;
}

/* Each way a login can end: what mod_auth_basic hears from the provider, and what the hook answers. */
static void test_outcomes(void **state)
{
    static const struct {
        apr_status_t code;
        authn_status provider;
        int hook;
        int level; /* of the provider's line, 0: none */
    } rows[] = {
        {0, AUTH_GRANTED, DECLINED, 0},
        {USM_EDISABLED, AUTH_GRANTED, DECLINED, 0},
        {USM_EAUTH, AUTH_DENIED, DECLINED, APLOG_INFO},
        {USM_EUNAVAILABLE, AUTH_GENERAL_ERROR, HTTP_SERVICE_UNAVAILABLE, APLOG_ERR},
        {USM_ESTORE, AUTH_GENERAL_ERROR, HTTP_SERVICE_UNAVAILABLE, APLOG_ERR},
        {USM_EBUSY, AUTH_GENERAL_ERROR, HTTP_SERVICE_UNAVAILABLE, APLOG_ERR},
        {USM_ECONFIG, AUTH_GENERAL_ERROR, HTTP_INTERNAL_SERVER_ERROR, APLOG_ERR},
    };
    unsigned i;

    for (i = 0; i < COUNT(rows); i++) {
        request_rec *r = start(state);
        int hook;
        authn_status got;

        ap_fake.login_code = rows[i].code;
        got = ap_fake.provider->check_password(r, "anna", "secret");
        if (got != rows[i].provider || ap_fake.log_level != rows[i].level) {
            fail_msg("row %u: provider says %d, log level %d", i, got, ap_fake.log_level);
        }
        hook = ap_fake.check_authn(r);
        if (hook != rows[i].hook) {
            fail_msg("row %u: hook says %d", i, hook);
        }
        /* Nobody is asked twice for one request, and nobody's password is in the log. */
        assert_int_equal(ap_fake.logins, 1);
        assert_null(strstr(ap_fake.log_line, "secret"));
        if ((hook == HTTP_SERVICE_UNAVAILABLE) != (apr_table_get(r->err_headers_out, "Retry-After") != NULL)) {
            fail_msg("row %u: Retry-After", i);
        }
    }
}

/* Retry-After is the directive's. */
static void test_retry_after(void **state)
{
    request_rec *r = start(state);

    assert_null(ap_test_directive(ap_test_dir(r), "EASRetryAfter", "123", r->pool));
    ap_fake.login_code = USM_EUNAVAILABLE;
    assert_int_equal(ap_fake.check_authn(r), HTTP_SERVICE_UNAVAILABLE);
    assert_string_equal(apr_table_get(r->err_headers_out, "Retry-After"), "123");
}

/* The database or the configuration cannot be used: that is no wrong password either. */
static void test_no_context(void **state)
{
    request_rec *r = start(state);

    eas_conf_t *conf = eas_conf_create(r->pool); /* no EASStore */

    conf->require_tls = 0;
    ap_test_dir(r)->conf = conf;
    assert_int_equal(ap_fake.check_authn(r), HTTP_INTERNAL_SERVER_ERROR);
    assert_int_equal(ap_fake.logins, 0);
    assert_non_null(strstr(ap_fake.log_line, "EASStore"));
}

/* Where the hook keeps out of it: other providers, other kinds of authentication, no credentials. */
static void test_declines(void **state)
{
    static const struct {
        const char *type, *user, *password, *second_provider;
    } rows[] = {
        {"Digest", "anna", "secret", NULL}, {NULL, "anna", "secret", NULL},  {"Basic", NULL, NULL, NULL},
        {"Basic", "anna", NULL, NULL},      {"Basic", "anna", "secret", "file"},
    };
    unsigned i;
    request_rec *r;

    for (i = 0; i < COUNT(rows); i++) {
        r = start(state);
        ap_fake.login_code = USM_EUNAVAILABLE;
        ap_fake.auth_type = rows[i].type;
        ap_fake.user = rows[i].user;
        ap_fake.password = rows[i].password;
        if (rows[i].second_provider != NULL) {
            ap_test_directive(ap_test_dir(r), "AuthBasicProvider", rows[i].second_provider, r->pool);
        }
        if (ap_fake.check_authn(r) != DECLINED || ap_fake.logins != 0) {
            fail_msg("row %u", i);
        }
    }
    r = start(state);
    ap_test_dir(r)->has_ox = 0;
    ap_fake.login_code = USM_EUNAVAILABLE;
    assert_int_equal(ap_fake.check_authn(r), DECLINED);
}

/* What is no name or no password is refused without asking anybody; lengths are counted after the domain is off. */
static void test_credentials(void **state)
{
    static char long_text[1200];
    static const struct {
        const char *user, *password;
        int user_len, password_len; /* > 0: of a long text */
        const char *strip;
        authn_status want;
        const char *asked; /* the name that the groupware server is asked for */
    } rows[] = {
        {"", "secret", 0, 0, "off", AUTH_DENIED, NULL},
        {"anna", "", 0, 0, "off", AUTH_DENIED, NULL},
        {NULL, "secret", 256, 0, "off", AUTH_GRANTED, NULL},
        {NULL, "secret", 257, 0, "off", AUTH_DENIED, NULL},
        {"anna", NULL, 0, 1024, "off", AUTH_GRANTED, "anna"},
        {"anna", NULL, 0, 1025, "off", AUTH_DENIED, NULL},
        {"EXAMPLE\\anna", "secret", 0, 0, "off", AUTH_GRANTED, "EXAMPLE\\anna"},
        {"EXAMPLE\\anna", "secret", 0, 0, "on", AUTH_GRANTED, "anna"},
        {"EXAMPLE\\", "secret", 0, 0, "on", AUTH_DENIED, NULL},
        {"anna@example.org", "secret", 0, 0, "on", AUTH_GRANTED, "anna@example.org"},
        {"Z\xfcrich", "secret", 0, 0, "off", AUTH_GRANTED, "Z\xc3\xbcrich"}, /* ISO 8859-1 */
    };
    unsigned i;

    memset(long_text, 'x', sizeof(long_text) - 1);
    for (i = 0; i < COUNT(rows); i++) {
        request_rec *r = start(state);
        const char *user = rows[i].user, *password = rows[i].password;
        authn_status got;

        if (user == NULL) {
            user = apr_pstrmemdup(r->pool, long_text, (apr_size_t)rows[i].user_len);
        }
        if (password == NULL) {
            password = apr_pstrmemdup(r->pool, long_text, (apr_size_t)rows[i].password_len);
        }
        assert_null(ap_test_directive(ap_test_dir(r), "EASLoginStripDomain", rows[i].strip, r->pool));
        got = ap_fake.provider->check_password(r, user, password);
        if (got != rows[i].want || ap_fake.logins != (got == AUTH_GRANTED)) {
            fail_msg("row %u: %d after %d logins", i, got, ap_fake.logins);
        }
        if (rows[i].asked != NULL) {
            assert_string_equal(ap_fake.login_user, rows[i].asked);
        }
    }
}

/* Other credentials in the same request are tried anew, and an old success is not theirs. */
static void test_other_credentials(void **state)
{
    request_rec *r = start(state);

    assert_int_equal(ap_fake.provider->check_password(r, "anna", "secret"), AUTH_GRANTED);
    ap_fake.login_code = USM_EAUTH;
    assert_int_equal(ap_fake.provider->check_password(r, "anna", "wrong"), AUTH_DENIED);
    assert_int_equal(ap_fake.provider->check_password(r, "bert", "secret"), AUTH_DENIED);
    assert_int_equal(ap_fake.logins, 3);
    assert_null(eas_ap_state(r)->login);
}

/* TLS is asked of mod_ssl, and of the environment for a proxy that the administrator trusts; never of the client. */
static void test_tls(void **state)
{
    static const struct {
        int https;
        const char *env;
        int want;
    } rows[] = {{0, NULL, 0}, {1, NULL, 1}, {0, "on", 1}, {0, "ON", 1}, {0, "off", 0}, {0, "", 0}, {1, "off", 1}};
    unsigned i;

    for (i = 0; i < COUNT(rows); i++) {
        request_rec *r = start(state);

        apr_table_setn(r->headers_in, "X-Forwarded-Proto", "https");
        apr_table_setn(r->headers_in, "HTTPS", "on");
        ap_fake.https = rows[i].https;
        if (rows[i].env != NULL) {
            apr_table_setn(r->subprocess_env, "HTTPS", rows[i].env);
        }
        if (eas_ap_is_tls(r) != rows[i].want) {
            fail_msg("row %u", i);
        }
        assert_null(ap_test_directive(ap_test_dir(r), "EASRequireTLS", "on", r->pool));
        if (ap_fake.check_authn(r) != (rows[i].want ? DECLINED : HTTP_FORBIDDEN) || ap_fake.logins != rows[i].want) {
            fail_msg("row %u: the password went on", i);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_outcomes), POOL_TEST(test_retry_after), POOL_TEST(test_no_context),
        POOL_TEST(test_declines), POOL_TEST(test_credentials), POOL_TEST(test_other_credentials),
        POOL_TEST(test_tls),
    };

    return RUN_TESTS(tests);
}
