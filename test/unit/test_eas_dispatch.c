/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: eas_dispatch.c eas_status.c eas_version.c */
/* The checks before a command, in their order, and how each version is told of a refusal. */
#include "eas_test.h"

#include "eas_policy.h"

/* A FolderSync with one SyncKey. */
static void write_foldersync(eas_writer_t *w, void *baton)
{
    eas_writer_start(w, EAS_FolderHierarchy_FolderSync);
    eas_writer_tag_text(w, EAS_FolderHierarchy_SyncKey, baton);
    eas_writer_end(w);
}

static test_request_t foldersync(const char *version, apr_pool_t *pool)
{
    test_request_t request = {.cmd = "FolderSync", .version = version};

    test_body(&request, write_foldersync, "0", pool);
    return request;
}

/* One thing wrong with an otherwise good FolderSync: what 14.1 and 12.1 are told. STATUS 0: HTTP in both. */
static const struct {
    const char *what;
    test_request_t change;
    int status, http;
} refusals[] = {
    {"no TLS", {.clear = 1}, 0, 403},
    {"GET", {.method = "GET"}, 0, 501},
    {"invented method", {.method = "BREW"}, 0, 501},
    {"no query", {.args = ""}, 0, 400},
    {"no command", {.args = "DeviceId=A1&DeviceType=T"}, 0, 400},
    {"broken base64", {.args = "jAAJ"}, 0, 400},
    {"no credentials", {.no_login = 1}, 0, 401},
    {"no device id", {.args = "Cmd=FolderSync&DeviceType=T"}, 108, 400},
    {"device id too long",
     {.args = "Cmd=FolderSync&DeviceId=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa&DeviceType=T"},
     108,
     400},
    {"device id with a path", {.args = "Cmd=FolderSync&DeviceId=../../etc&DeviceType=T"}, 108, 400},
    {"no device type", {.args = "Cmd=FolderSync&DeviceId=A1"}, 109, 400},
    {"version 1.0", {.version = "1.0"}, 0, 505},
    {"version 14", {.version = "14"}, 0, 400},
    {"version 14.10", {.version = "14.10"}, 0, 400},
    {"unknown command", {.args = "Cmd=Dance&DeviceId=A1&DeviceType=T"}, 0, 501},
    {"command of later versions", {.args = "Cmd=Find&DeviceId=A1&DeviceType=T"}, 0, 400},
    {"command gone since 14.0", {.args = "Cmd=GetHierarchy&DeviceId=A1&DeviceType=T"}, 0, 501},
    {"content type", {.type = "text/plain"}, 101, 400},
    {"content type's end", {.type = "application/vnd.ms-sync.wbxmlx"}, 101, 400},
    {"body too big", {.http_body = 413}, 0, 413},
    {"body timed out", {.http_body = 408}, 0, 408},
    {"unknown coding", {.coding = "br"}, 0, 415},
    {"broken gzip", {.coding = "gzip"}, 0, 400},
    {"not WBXML", {.body = "<xml/>", .body_len = 6}, 102, 400},
    {"unknown token", {.body = "\x03\x01\x6A\x00\x00\x07\x7F", .body_len = 7}, 102, 400},
    {"root of another command", {.body = "\x03\x01\x6A\x00\x05", .body_len = 5}, 103, 400},
};

/* The request with what ROW changes. */
static test_request_t changed(const test_request_t *base, const test_request_t *change)
{
    test_request_t request = *change;

    request.cmd = base->cmd;
    request.version = change->version != NULL ? change->version : base->version;
    if (request.body == NULL) {
        request.body = base->body;
        request.body_len = base->body_len;
    }
    return request;
}

static void test_refusals(void **state)
{
    apr_pool_t *pool = *state;
    unsigned i, old;

    for (i = 0; i < COUNT(refusals); i++) {
        for (old = 0; old < 2; old++) {
            eas_conf_t *conf = test_start(pool);
            const char *version = old ? "12.1" : "14.1";
            test_request_t base = foldersync(version, pool);
            test_request_t request = changed(&base, &refusals[i].change);
            test_answer_t *answer = test_run(&request, conf, pool);
            int in_document = !old && refusals[i].status != 0;
            int http = in_document ? 200 : refusals[i].http;
            const eas_token_t *root = in_document ? eas_token_find(answer->doc != NULL ? answer->doc->tag : 0) : NULL;

            if (answer->rsp.http != http || (answer->doc != NULL) != in_document ||
                (in_document && test_int(answer->doc, eas_token_tag(eas_token_by_name(root->page_name, "Status"))) !=
                                    refusals[i].status)) {
                fail_msg("row %u, %s, version %s: HTTP %d, %s", i, refusals[i].what, version, answer->rsp.http,
                         in_document ? "or another Status" : "or a body");
            }
            assert_int_equal(fake.closes, 0);
        }
    }
}

/* An earlier check wins: the later fault must not show. */
static void test_order(void **state)
{
    static const struct {
        const char *what;
        test_request_t request;
        int http, status;
    } rows[] = {
        {"method before query", {.method = "PUT", .args = "x"}, 501, 0},
        {"query before credentials", {.args = "jAAJ", .no_login = 1}, 400, 0},
        {"credentials before device", {.args = "Cmd=FolderSync", .version = "14.1", .no_login = 1}, 401, 0},
        {"device before version", {.args = "Cmd=FolderSync&DeviceType=T", .version = "0.9"}, 400, 108},
        {"version before command", {.args = "Cmd=Dance&DeviceId=A1&DeviceType=T", .version = "0.9"}, 400, 0},
        {"command before policy", {.cmd = "GetHierarchy", .version = "14.1"}, 501, 137},
        {"policy before body", {.cmd = "FolderSync", .version = "14.1", .http_body = 413}, 200, 142},
        {"policy before WBXML", {.cmd = "FolderSync", .version = "14.1", .body = "x", .body_len = 1}, 200, 142},
    };
    apr_pool_t *pool = *state;
    unsigned i;

    for (i = 0; i < COUNT(rows); i++) {
        eas_conf_t *conf = test_start(pool);
        test_answer_t *answer;

        conf->require_policy = 1;
        answer = test_run(&rows[i].request, conf, pool);
        if (answer->rsp.http != rows[i].http ||
            atoi(apr_table_get(answer->rsp.notes, "eas-status")) != rows[i].status) {
            fail_msg("row %u, %s: HTTP %d, status %s", i, rows[i].what, answer->rsp.http,
                     apr_table_get(answer->rsp.notes, "eas-status"));
        }
    }
}

static void test_options(void **state)
{
    static const char *const queries[] = {NULL,     "",    "Cmd=Options&DeviceId=A&DeviceType=Outlook",
                                          "User=x", "%%%", "jAAJ"};
    apr_pool_t *pool = *state;
    unsigned i;

    for (i = 0; i < COUNT(queries); i++) {
        eas_conf_t *conf = test_start(pool);
        test_request_t request = {.method = "OPTIONS", .args = queries[i]};
        test_answer_t *answer = test_run(&request, conf, pool);

        assert_int_equal(answer->rsp.http, 200);
        assert_int_equal(answer->len, 0);
        assert_string_equal(apr_table_get(answer->rsp.headers, "MS-ASProtocolVersions"),
                            "2.5,12.0,12.1,14.0,14.1,16.0,16.1");
        assert_string_equal(apr_table_get(answer->rsp.headers, "MS-ASProtocolCommands"), eas_command_list(pool));
        assert_non_null(apr_table_get(answer->rsp.headers, "MS-Server-ActiveSync"));
        assert_int_equal(fake.sessions, 0);
    }
}

/* Every built command has a handler, and is in the header; the others have none. */
static void test_handlers(void **state)
{
    int i;

    for (i = 0; i < EAS_COMMAND_COUNT; i++) {
        const eas_command_t *command = eas_command_get((eas_command_id_t)i);
        eas_handler_t handler = eas_command_handler(command->id);

        if ((command->flags & EAS_CMD_BUILT) != 0 ? handler == NULL || handler == eas_cmd_none : handler != NULL) {
            fail_msg("row %d, %s", i, command->name);
        }
    }
}

/* Errors of login and session. */
static void test_login_errors(void **state)
{
    static const struct {
        apr_status_t login, session;
        int http_old, http_new, status_new;
    } rows[] = {
        {USM_EUNAVAILABLE, 0, 503, 503, 0}, {USM_ESTORE, 0, 503, 503, 0},     {USM_EAUTH, 0, 401, 401, 0},
        {USM_EDISABLED, 0, 403, 200, 126},  {USM_EBACKEND, 0, 503, 200, 111}, {0, USM_ESTORE, 503, 503, 0},
        {USM_ECONFIG, 0, 500, 200, 110},
    };
    apr_pool_t *pool = *state;
    unsigned i, old;

    for (i = 0; i < COUNT(rows); i++) {
        for (old = 0; old < 2; old++) {
            eas_conf_t *conf = test_start(pool);
            test_request_t request = foldersync(old ? "12.0" : "16.1", pool);
            int http = old ? rows[i].http_old : rows[i].http_new;
            test_answer_t *answer;

            fake.login_code = rows[i].login;
            fake.session_code = rows[i].session;
            answer = test_run(&request, conf, pool);
            if (answer->rsp.http != http ||
                (answer->doc != NULL && test_int(answer->doc, EAS_FolderHierarchy_Status) != rows[i].status_new)) {
                fail_msg("row %u, old %u: HTTP %d", i, old, answer->rsp.http);
            }
            assert_int_equal(http == 503, apr_table_get(answer->rsp.headers, "Retry-After") != NULL);
        }
    }
}

static void test_policy_check(void **state)
{
    static const struct {
        const char *cmd, *key;
        apr_uint32_t stored;
        int same_digest, require, status;
    } rows[] = {
        {"FolderSync", NULL, 0, 0, 1, 142},
        {"FolderSync", "0", 0, 0, 1, 142},
        {"FolderSync", "0", 5, 1, 1, 142},
        {"FolderSync", "5", 5, 1, 1, 1},
        {"FolderSync", "6", 5, 1, 1, 144},
        {"FolderSync", "5", 5, 0, 1, 143},
        {"FolderSync", "5", 0, 1, 1, 144},
        {"FolderSync", "x", 5, 1, 1, 144},
        {"FolderSync", "-5", 5, 1, 1, 144},
        {"FolderSync", "5 ", 5, 1, 1, 144},
        {"FolderSync", "0", 0, 0, 0, 1},
        {"FolderSync", "6", 5, 1, 0, 144},
        {"FolderSync", "4294967301", 5, 1, 1, 144},
    };
    apr_pool_t *pool = *state;
    unsigned i;

    for (i = 0; i < COUNT(rows); i++) {
        eas_conf_t *conf = test_start(pool);
        test_request_t request = foldersync("14.1", pool);
        test_answer_t *answer;

        conf->require_policy = rows[i].require;
        fake.policy.key = rows[i].stored;
        if (rows[i].same_digest) {
            eas_policy_digest(fake.digest, eas_policy_default(), 141);
        }
        request.policy_key = rows[i].key;
        answer = test_run(&request, conf, pool);
        if (test_int(answer->doc, EAS_FolderHierarchy_Status) != rows[i].status) {
            fail_msg("row %u: status %d", i, test_int(answer->doc, EAS_FolderHierarchy_Status));
        }
        request.version = "12.1";
        eas_policy_digest(fake.digest, eas_policy_default(), rows[i].same_digest ? 121 : 25);
        answer = test_run(&request, conf, pool);
        if (answer->rsp.http != (rows[i].status == 1 ? 200 : 449)) {
            fail_msg("row %u, 12.1: HTTP %d", i, answer->rsp.http);
        }
    }
}

/* The policy key of a base64 query counts, and its version; headers beside it do not. */
static void test_base64(void **state)
{
    apr_pool_t *pool = *state;
    eas_conf_t *conf = test_start(pool);
    test_request_t request = foldersync("2.5", pool);
    test_answer_t *answer;

    conf->require_policy = 1;
    fake.policy.key = 0x04030201;
    eas_policy_digest(fake.digest, eas_policy_default(), 141);
    request.policy_key = "99";
    request.args = "jQkJBANhYmMEAQIDBAFU"; /* 8D 09 0904 03 abc 04 01020304 01 T */
    answer = test_run(&request, conf, pool);
    assert_int_equal(answer->rsp.http, 200);
    assert_int_equal(test_int(answer->doc, EAS_FolderHierarchy_Status), 1);
}

static void test_validate_is_not_kept(void **state)
{
    apr_pool_t *pool = *state;
    eas_conf_t *conf = test_start(pool);
    test_request_t request = foldersync("14.1", pool);

    test_run(&request, conf, pool);
    assert_int_equal(fake.transient, 0);
    request.device = "validate";
    test_run(&request, conf, pool);
    assert_int_equal(fake.transient, 1);
}

static void test_notes(void **state)
{
    apr_pool_t *pool = *state;
    eas_conf_t *conf = test_start(pool);
    test_request_t request = foldersync("14.1", pool);
    test_answer_t *answer = test_run(&request, conf, pool);

    assert_string_equal(apr_table_get(answer->rsp.notes, "eas-user"), "anna");
    assert_string_equal(apr_table_get(answer->rsp.notes, "eas-device"), "ABC123");
    assert_string_equal(apr_table_get(answer->rsp.notes, "eas-cmd"), "FolderSync");
    assert_string_equal(apr_table_get(answer->rsp.notes, "eas-status"), "1");
    assert_string_equal(apr_table_get(answer->rsp.notes, "eas-ox-calls"), "3");
    assert_string_equal(apr_table_get(answer->rsp.notes, "eas-store"), "5");
    assert_string_equal(apr_table_get(answer->rsp.headers, "Cache-Control"), "private");
}

/* Commands that carry little may not have big bodies, whatever EASMaxBody says. */
static void test_small_body(void **state)
{
    apr_pool_t *pool = *state;
    eas_conf_t *conf = test_start(pool);
    test_request_t request = foldersync("14.1", pool);

    request.body_len = EAS_SMALL_BODY + 1;
    assert_int_equal(test_run(&request, conf, pool)->rsp.http, 413);
}

/* What a version does not know is not there for the device. */
static void test_hidden(void **state)
{
    static const struct {
        const char *version;
        unsigned hidden;
    } rows[] = {{"12.1", 1U << USM_NOTE | 1U << USM_RECIPIENT}, {"14.0", 0}, {"16.1", 0}};
    for (unsigned i = 0; i < COUNT(rows); i++) {
        test_request_t request = {.cmd = "FolderSync", .version = rows[i].version};
        test_start(*state);
        test_run(&request, eas_conf_create(*state), *state);
        assert_int_equal(fake.hidden, rows[i].hidden);
    }
}

/* What is decided of a device comes before its policy key, and its number fits the version. */
static void test_access(void **state)
{
    static const struct {
        usm_standing_t standing;
        const char *version, *key, *cmd;
        int http, status;
    } rows[] = {
        {{.access = USM_ACCESS_BLOCK}, "14.1", "0", "FolderSync", 200, 129},
        {{.access = USM_ACCESS_BLOCK}, "12.1", "0", "FolderSync", 403, 0},
        {{.access = USM_ACCESS_BLOCK}, "14.1", "0", "Ping", 200, 129},
        {{.wipe = USM_WIPE_ASKED}, "14.1", "5", "FolderSync", 200, 140},
        {{.wipe = USM_WIPE_SENT}, "12.1", "5", "FolderSync", 449, 0},
        {{.wipe = USM_WIPE_FAILED}, "12.1", "0", "FolderSync", 403, 0},
        {{.wipe = USM_WIPE_ASKED}, "2.5", NULL, "Ping", 403, 0},
        {{.wipe = USM_WIPE_DONE}, "14.1", "5", "FolderSync", 200, 129},
        {{.wipe = USM_WIPE_DONE}, "14.1", "5", "Provision", 200, 129},
        /* A device that knows no wipe of the account alone keeps what it has, and gets no more. */
        {{.wipe = USM_WIPE_ASKED, .account_only = 1}, "16.0", "5", "FolderSync", 200, 129},
        {{.wipe = USM_WIPE_ASKED, .account_only = 1}, "14.0", "5", "Provision", 200, 129},
        {{.wipe = USM_WIPE_ASKED, .account_only = 1}, "16.1", "5", "FolderSync", 200, 140},
    };
    unsigned i;

    for (i = 0; i < COUNT(rows); i++) {
        eas_conf_t *conf = test_start(*state);
        const test_request_t request = {.cmd = rows[i].cmd, .version = rows[i].version, .policy_key = rows[i].key};
        test_answer_t *answer;

        fake.standing = rows[i].standing;
        answer = test_run(&request, conf, *state);
        if (answer->rsp.http != rows[i].http ||
            (rows[i].status != 0 && atoi(apr_table_get(answer->rsp.notes, "eas-status")) != rows[i].status)) {
            fail_msg("row %u: HTTP %d, Status %s", i, answer->rsp.http, apr_table_get(answer->rsp.notes, "eas-status"));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_refusals),     POOL_TEST(test_order),
        POOL_TEST(test_options),      POOL_TEST(test_handlers),
        POOL_TEST(test_login_errors), POOL_TEST(test_policy_check),
        POOL_TEST(test_base64),       POOL_TEST(test_validate_is_not_kept),
        POOL_TEST(test_hidden), POOL_TEST(test_notes),        POOL_TEST(test_small_body), POOL_TEST(test_access),
    };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
