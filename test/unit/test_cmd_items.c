/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: cmd_getitemestimate.c cmd_ping.c cmd_sendmail.c watch.c */
/* Ping, GetItemEstimate and SendMail on a real engine. */
#include "sync_test.h"

static apr_pool_t *pool;

static int start(void **state)
{
    int rv = sync_setup(state);
    pool = *state;
    return rv;
}
#define RUN_TEST(function) cmocka_unit_test_setup_teardown(function, start, sync_teardown)

typedef struct row_t {
    unsigned version;
    const char *text, *want; /* NULL: no document */
    int http;
} row_t;

static void run_rows(eas_handler_t handler, const row_t *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        sync_patience = 0;
        eas_node_t *answer = sync_run(handler, rows[i].version, rows[i].text);
        const char *got = answer ? map_text(answer, pool) : NULL;
        if (!got != !rows[i].want || (got && strcmp(got, sync_expand(rows[i].want)) != 0) ||
            sync_http != (rows[i].http ? rows[i].http : 200))
            fail_msg("row %zu (%s): HTTP %d %s", i, rows[i].text, sync_http, got ? got : "empty");
    }
}

/* ---- Ping ---- */

#define PING(beat, folders) "Ping:Ping{" beat " Folders{" folders "}}"
#define C_ "Folder{Id=$C Class=Contacts} "

static void test_ping_requests(void **state)
{
    static const row_t rows[] = {
        {141, "", "Status=3", 0},
        {141, "Ping:Ping", "Status=3", 0},
        {141, "Ping:Ping{HeartbeatInterval=60}", "Status=3", 0},
        {141, "Ping:Ping{Folders{" C_ "}}", "Status=3", 0},
        {141, PING("HeartbeatInterval=60", ""), "Status=3", 0},
        {141, PING("HeartbeatInterval=x", C_), "Status=4", 0},
        {141, PING("HeartbeatInterval=60", C_ C_), "Status=4", 0},
        {141, PING("HeartbeatInterval=60", "Folder{Class=Contacts}"), "Status=4", 0},
        {141, PING("HeartbeatInterval=60", "Folder{Id Class=Contacts}"), "Status=4", 0},
        {141, PING("HeartbeatInterval=60", "Folder{Id=$C Class=Nonsense}"), "Status=4", 0},
        {141, PING("HeartbeatInterval=60", "Folder{Id='a;b' Class=Contacts}"), "Status=4", 0},
        {141, PING("HeartbeatInterval=59", C_), "Status=5 HeartbeatInterval=60", 0},
        {141, PING("HeartbeatInterval=0", C_), "Status=5 HeartbeatInterval=60", 0},
        {141, PING("HeartbeatInterval=-1", C_), "Status=5 HeartbeatInterval=60", 0},
        {141, PING("HeartbeatInterval=3541", C_), "Status=5 HeartbeatInterval=3540", 0},
        {141, PING("HeartbeatInterval=99999999999", C_), "Status=5 HeartbeatInterval=3540", 0},
    };
    run_rows(eas_cmd_ping, rows, COUNT(rows));
    const char *folders = "";
    for (int i = 0; i < 301; i++)
        folders = apr_psprintf(pool, "%sFolder{Id=%d Class=Email} ", folders, i);
    eas_node_t *answer =
        sync_run(eas_cmd_ping, 141, apr_pstrcat(pool, "Ping:Ping{HeartbeatInterval=60 Folders{", folders, "}}", NULL));
    assert_string_equal(map_text(answer, pool), "Status=6 MaxFolders=300");
}

/* The parameters stick: a later Ping may leave out both or either. */
static void test_ping_sticks(void **state)
{
    static const row_t rows[] = {
        {141, PING("HeartbeatInterval=60", C_), "Status=2 Folders{Folder=$C}", 0},
        {141, "", "Status=2 Folders{Folder=$C}", 0},
        {141, "Ping:Ping{HeartbeatInterval=90}", "Status=2 Folders{Folder=$C}", 0},
        {141, "Ping:Ping{HeartbeatInterval=5}", "Status=5 HeartbeatInterval=60", 0},
        {141, "Ping:Ping{Folders{Folder{Id=$D Class=Contacts}}}", "Status=1", 0},
        {141, "", "Status=1", 0},
        {25, PING("HeartbeatInterval=60", C_ "Folder{Id=$D Class=Contacts}"), "Status=2 Folders{Folder=$C}", 0},
    };
    sync_all(141, "$C", "");
    sync_all(141, "$D", "");
    fake_add("32", "News", "Now");
    run_rows(eas_cmd_ping, rows, COUNT(rows));
}

static int asked;
static void something_happens(void)
{
    if (++asked == 2)
        fake_add("33", "News", "Now");
}

static void test_ping_waits(void **state)
{
    sync_all(141, "$C", "");
    sync_all(141, "$D", "");
    asked = 0;
    sync_patience = 100;
    sync_meanwhile = something_happens;
    eas_node_t *answer =
        sync_run(eas_cmd_ping, 141, sync_expand(PING("HeartbeatInterval=60", C_ "Folder{Id=$D Class=Contacts}")));
    assert_string_equal(map_text(answer, pool), sync_expand("Status=2 Folders{Folder=$D}"));
    assert_true(sync_patience > 0);
}

/* A folder that the device never synced is passed over: answering for it makes a loop. */
static void test_ping_unsynced(void **state)
{
    static const row_t rows[] = {{141, PING("HeartbeatInterval=60", C_), "Status=1", 0}};
    fake_add("32", "News", "Now");
    run_rows(eas_cmd_ping, rows, COUNT(rows));
}

/* An id that is no folder: told once, so that the device gets its folders anew, and no loop after that. */
static void test_ping_unknown(void **state)
{
    static const row_t rows[] = {
        {141, PING("HeartbeatInterval=60", C_ "Folder{Id=9999 Class=Email}"), "Status=7", 0},
        {141, "", "Status=1", 0},
    };
    sync_all(141, "$C", "");
    run_rows(eas_cmd_ping, rows, COUNT(rows));
}

static void a_folder_comes(void)
{
    if (++asked == 2)
        fake_folder("77", "New", NULL, USM_ROLE_USER, USM_CONTACT, NULL);
}

static void test_ping_hierarchy(void **state)
{
    sync_all(141, "$C", "");
    asked = 0;
    sync_patience = 100;
    sync_meanwhile = a_folder_comes;
    assert_string_equal(map_text(sync_run(eas_cmd_ping, 141, PING("HeartbeatInterval=60", C_)), pool), "Status=7");
}

/* ---- GetItemEstimate ---- */

#define ESTIMATE(rest) "GetItemEstimate:GetItemEstimate{Collections{Collection{" rest "}}}"

static void test_estimate_requests(void **state)
{
    static const row_t rows[] = {
        {141, "GetItemEstimate:GetItemEstimate", "Status=103", 0},
        {141, "GetItemEstimate:GetItemEstimate{Collections}", "Status=103", 0},
        {121, "GetItemEstimate:GetItemEstimate{Collections}", NULL, 400},
        {141, ESTIMATE("AirSync:SyncKey=0 GetItemEstimate:CollectionId=$C"),
         "Response{Status=3 Collection{CollectionId=$C}}", 0},
        {141, ESTIMATE("AirSync:SyncKey=1.1 GetItemEstimate:CollectionId=$C"),
         "Response{Status=3 Collection{CollectionId=$C}}", 0},
        {141, ESTIMATE("GetItemEstimate:CollectionId=$C"), "Response{Status=3 Collection{CollectionId=$C}}", 0},
        {141, ESTIMATE("AirSync:SyncKey=1.1 GetItemEstimate:CollectionId=9999"),
         "Response{Status=2 Collection{CollectionId=9999}}", 0},
        {141, ESTIMATE("AirSync:SyncKey=1.1"), "Response{Status=2 Collection}", 0},
        {141, ESTIMATE("AirSync:SyncKey=1.1 GetItemEstimate:CollectionId=$C AirSync:Options{MaxItems=5}"),
         "Response{Status=2 Collection{CollectionId=$C}}", 0},
        {141, ESTIMATE("AirSync:SyncKey=1.1 GetItemEstimate:CollectionId=$M AirSync:Options{FilterType=9}"),
         "Status=103", 0},
        {141, ESTIMATE("AirSync:SyncKey=1.1 GetItemEstimate:CollectionId=$M AirSync:Options{FilterType=8}"),
         "Status=110", 0},
        {141, ESTIMATE("AirSync:SyncKey=1.1 GetItemEstimate:CollectionId=$C AirSync:ConversationMode=1"), "Status=103",
         0},
        /* the filter for SMS, which is not here, is nobody's business */
        {141, ESTIMATE("AirSync:SyncKey=1.1 GetItemEstimate:CollectionId=$M AirSync:Options{FilterType=8 Class=SMS}"),
         "Response{Status=3 Collection{CollectionId=$M}}", 0},
        {121, ESTIMATE("Class=Contacts CollectionId=$C AirSync:FilterType=0 SyncKey=1.1"),
         "Response{Status=3 Collection{Class=Contacts CollectionId=$C}}", 0},
    };
    run_rows(eas_cmd_getitemestimate, rows, COUNT(rows));
}

static const char *estimate(const char *key)
{
    return map_text(sync_run(eas_cmd_getitemestimate, 141,
                             apr_psprintf(pool, ESTIMATE("AirSync:SyncKey=%s GetItemEstimate:CollectionId=$C"), key)),
                    pool);
}

static void test_estimates(void **state)
{
    const char *key = sync_all(141, "$C", "");
    assert_string_equal(estimate(key), sync_expand("Response{Status=1 Collection{CollectionId=$C Estimate=0}}"));
    for (int i = 0; i < 3; i++)
        fake_add("32", "a", "b");
    /* as often as one likes: nothing is taken */
    for (int i = 0; i < 2; i++)
        assert_string_equal(estimate(key), sync_expand("Response{Status=1 Collection{CollectionId=$C Estimate=3}}"));
    for (int i = 0; i < 600; i++)
        fake_add("32", "a", "b");
    assert_string_equal(estimate(key), sync_expand("Response{Status=1 Collection{CollectionId=$C Estimate=512}}"));
    /* Android looks at the number alone */
    assert_string_equal(estimate("1.1"), sync_expand("Response{Status=4 Collection{CollectionId=$C Estimate=1}}"));
}

/* Samsung asks again until it is told 0. */
static void test_estimate_reaches_zero(void **state)
{
    const char *key = sync_all(141, "$C", "");
    fake_add("32", "a", "b");
    assert_non_null(strstr(estimate(key), "Estimate=1"));
    key = sync_key(sync_run(eas_cmd_sync, 141,
                            apr_psprintf(pool,
                                         "AirSync:Sync{Collections{Collection{SyncKey=%s "
                                         "CollectionId=$C}}}",
                                         key)),
                   "$C");
    assert_non_null(strstr(estimate(key), "Estimate=0"));
}

/* ---- SendMail ---- */

#define MAIL "From:%20anton@example.org%0D%0ATo:%20b@example.org%0D%0AMessage-ID:%20<1@x>%0D%0A%0D%0Ahello"
#define SEND(rest) "ComposeMail:SendMail{" rest "}"

static void test_send_wbxml(void **state)
{
    static const row_t rows[] = {
        {141, SEND("Mime=#" MAIL), "Status=103", 0},
        {141, SEND("ClientId Mime=#" MAIL), "Status=103", 0},
        {141, SEND("ClientId=12345678901234567890123456789012345678901 Mime=#" MAIL), "Status=103", 0},
        {141, SEND("ClientId=c0"), "Status=103", 0},
        {141, SEND("ClientId=c0 Mime"), "Status=107", 0},
        {141, SEND("ClientId=c0 Mime{ClientId=x}"), "Status=107", 0},
        {141, SEND("ClientId=c0 AccountId=x Mime=#" MAIL), "Status=166", 0},
        {141, SEND("ClientId=c0 Mime=#" MAIL " RightsManagement:TemplateID=12345678-0000-0000-0000-000000000000"),
         "Status=168", 0},
        {141, SEND("ClientId=c1 SaveInSentItems Mime=#" MAIL), NULL, 0},
        {141, SEND("ClientId=c1 SaveInSentItems Mime=#" MAIL), "Status=118", 0}, /* the answer was lost: sent once */
        {141, SEND("Mime=#" MAIL " ClientId=c2"), NULL, 0},
        {141, SEND("ClientId=c3 Mime=#" MAIL " RightsManagement:TemplateID=00000000-0000-0000-0000-000000000000"), NULL,
         0},
        {140, SEND("ClientId=c4 Mime=" MAIL), NULL, 0}, /* as text */
    };
    run_rows(eas_cmd_sendmail, rows, COUNT(rows));
    assert_int_equal(fake.sends, 4);
}

/* Up to 12.1 the body is the message, and there are no documents. */
static void test_send_mime(void **state)
{
    static const struct {
        const char *body;
        int http, sends;
    } rows[] = {{"From: anton@example.org\r\nTo: b@example.org\r\n\r\nhello", 0, 1}, {"", 400, 0}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        eas_ctx_t *ctx = sync_ctx(121);
        fake.sends = 0;
        ctx->is_mime = 1;
        ctx->command = eas_command_get(EAS_COMMAND_SendMail);
        ctx->body = rows[i].body;
        ctx->body_len = strlen(rows[i].body);
        usm_error_t *err = eas_cmd_sendmail(ctx, NULL, ctx->out);
        if (err)
            fail_msg("row %zu: %s", i, usm_error_text(err, pool));
        if (ctx->rsp->http != rows[i].http || fake.sends != rows[i].sends)
            fail_msg("row %zu: HTTP %d, %d sent", i, ctx->rsp->http, fake.sends);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_TEST(test_ping_requests),     RUN_TEST(test_ping_sticks),  RUN_TEST(test_ping_waits),
        RUN_TEST(test_ping_unsynced),     RUN_TEST(test_ping_unknown), RUN_TEST(test_ping_hierarchy),
        RUN_TEST(test_estimate_requests), RUN_TEST(test_estimates),    RUN_TEST(test_estimate_reaches_zero),
        RUN_TEST(test_send_wbxml),        RUN_TEST(test_send_mime),
    };
    return RUN_TESTS(tests);
}
