/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: eas_park.c */
/* Commands that wait without a thread: on a real engine, Ping and Sync leave and come back. */
#include "sync_test.h"

#include "core/core.h"
#include "eas_park.h"

static apr_pool_t *pool;
static eas_slot_key_t claimed;
static int wakes, entered, may_enter, session_gone;
static usm_wake_e last_reason;

static int start(void **state)
{
    int rv = sync_setup(state);
    pool = *state;
    wakes = entered = session_gone = 0;
    may_enter = 1;
    return rv;
}
#define PARK_TEST(function) cmocka_unit_test_setup_teardown(function, start, sync_teardown)

static void wake(void *baton, usm_wake_e reason)
{
    last_reason = reason;
    wakes++;
}

static int enter(void *baton)
{
    entered++;
    return may_enter;
}

static void leave(void *baton)
{
    entered--;
}

/* A request of the device up to its command; TEXT is its document. */
static eas_ctx_t *begin(eas_command_id_t command, const char *text, int can_park)
{
    eas_ctx_t *ctx = sync_ctx(141);
    eas_request_t *req = apr_pmemdup(pool, ctx->req, sizeof *req);
    req->can_park = can_park;
    req->enter = enter;
    req->leave = leave;
    req->user = "anton";
    req->usm = ctx->session->ctx;
    req->conf = ctx->conf;
    req->pool = pool;
    req->bucket_alloc = ctx->rsp->body->bucket_alloc;
    ctx->req = req;
    ctx->command = eas_command_get(command);
    ctx->device_id = "dev1";
    ctx->device_type = "Test";
    ctx->body = "";
    ctx->doc = map_doc(sync_expand(text), pool);
    ctx->rsp->http = 200;
    ctx->key = claimed;
    return ctx;
}

static eas_park_t *run(eas_command_id_t command, const char *text)
{
    eas_ctx_t *ctx = begin(command, text, 1);
    usm_error_t *err = eas_command_handler(command)(ctx, ctx->doc, ctx->out);
    if (err)
        fail_msg("%s", usm_error_text(err, pool));
    if (!ctx->rsp->park)
        return NULL;
    assert_int_equal(eas_park_arm(ctx->rsp->park, wake, NULL, NULL, pool), EAS_PARK_ARMED);
    return ctx->rsp->park;
}

/* What the device is told; NULL: nothing. *AGAIN_P: it waits on. */
static const char *resume(int *again_p, eas_park_t *park, eas_resume_e why)
{
    eas_ctx_t *ctx = begin(EAS_COMMAND_Ping, "", 1);
    eas_response_t rsp = {0};
    eas_wbxml_error_t error;
    eas_node_t *root;
    size_t len;
    if (session_gone)
        usm__login_suspect(ctx->session->login);
    eas_resume(&rsp, ctx->req, park, why);
    *again_p = rsp.park != NULL;
    if (rsp.park) {
        assert_ptr_equal(rsp.park, park);
        return NULL;
    }
    sync_http = rsp.http;
    if (rsp.length == 0)
        return NULL;
    char *data = test_flatten(rsp.body, &len, pool);
    assert_int_equal(eas_node_parse(&root, &error, data, len, NULL, pool), EAS_WBXML_OK);
    return map_text(root, pool);
}

#define PING "Ping:Ping{HeartbeatInterval=60 Folders{Folder{Id=$C Class=Contacts} }}"

static void test_ping(void **state)
{
    int again;
    sync_all(141, "$C", "");
    eas_park_t *park = run(EAS_COMMAND_Ping, PING);
    assert_non_null(park);
    assert_string_equal(park->device_id, "dev1");
    assert_null(resume(&again, park, EAS_RESUME_LOOK)); /* nothing is new */
    assert_true(again);
    assert_int_equal(eas_park_arm(park, wake, NULL, NULL, pool), EAS_PARK_ARMED);
    fake_add("32", "A", "B");
    assert_string_equal(resume(&again, park, EAS_RESUME_LOOK), sync_expand("Status=2 Folders{Folder=$C}"));
    assert_false(again);
    eas_park_free(park);
    /* With news from the start nobody waits. */
    assert_null(run(EAS_COMMAND_Ping, PING));
}

static void test_ping_ends(void **state)
{
    int again;
    sync_all(141, "$C", "");
    eas_park_t *park = run(EAS_COMMAND_Ping, PING);
    fake_add("32", "A", "B");
    assert_string_equal(resume(&again, park, EAS_RESUME_END), "Status=1");
    eas_park_free(park);
    eas_park_free(NULL);
    sync_all(141, "$C", "");
    park = run(EAS_COMMAND_Ping, PING);
    assert_null(resume(&again, park, EAS_RESUME_FULL));
    assert_false(again);
    assert_int_equal(sync_http, 503);
    /* Past its time it ends, whoever woke it. */
    park->deadline = 1;
    assert_string_equal(resume(&again, park, EAS_RESUME_LOOK), "Status=1");
    eas_park_free(park);
}

static void test_sync(void **state)
{
    int again;
    const char *key = sync_all(141, "$C", "");
    const char *text = apr_psprintf(pool, "AirSync:Sync{Collections{Collection{SyncKey=%s CollectionId=$C}}Wait=2}",
                                    key);
    eas_park_t *park = run(EAS_COMMAND_Sync, text);
    assert_non_null(park);
    assert_null(resume(&again, park, EAS_RESUME_LOOK));
    assert_true(again);
    assert_int_equal(eas_park_arm(park, wake, NULL, NULL, pool), EAS_PARK_ARMED);
    assert_null(resume(&again, park, EAS_RESUME_END)); /* empty */
    assert_false(again);
    assert_int_equal(sync_http, 200);
    eas_park_free(park);
    park = run(EAS_COMMAND_Sync, text);
    fake_add("32", "A", "Bcdefg");
    assert_non_null(strstr(resume(&again, park, EAS_RESUME_LOOK), "Bcdefg"));
    eas_park_free(park);
}

/* What is down behind us neither ends the wait nor is asked in a hurry. */
static void test_outage(void **state)
{
    int again;
    sync_all(141, "$C", "");
    eas_park_t *park = run(EAS_COMMAND_Ping, PING);
    fake.down = 1;
    assert_null(resume(&again, park, EAS_RESUME_LOOK));
    assert_true(again);
    assert_int_equal(eas_park_arm(park, wake, NULL, NULL, pool), EAS_PARK_ARMED);
    fake.down = 0;
    park->watch = NULL; /* as when the state database was down */
    assert_int_equal(eas_park_arm(park, wake, NULL, NULL, pool), EAS_PARK_LATER);
    fake_add("32", "A", "B");
    assert_string_equal(resume(&again, park, EAS_RESUME_LOOK), sync_expand("Status=2 Folders{Folder=$C}"));
    eas_park_free(park);
}

/* No session any more: the device has to bring its password, so it is told that nothing happened. */
static void test_session_gone(void **state)
{
    int again;
    sync_all(141, "$C", "");
    eas_park_t *park = run(EAS_COMMAND_Ping, PING);
    session_gone = 1;
    assert_string_equal(resume(&again, park, EAS_RESUME_LOOK), "Status=1");
    eas_park_free(park);
}

/* Connections of the device end early: it is told to wait no longer than they last. */
static void test_shorter_waits(void **state)
{
    int again;
    const char *key = sync_all(141, "$C", "");
    const char *text = apr_psprintf(pool, "AirSync:Sync{Collections{Collection{SyncKey=%s CollectionId=$C}}Wait=5}",
                                    key);
    eas_park_t *park = run(EAS_COMMAND_Ping, PING);
    park->survives = 90;
    assert_null(resume(&again, park, EAS_RESUME_CUT));
    assert_false(again);
    eas_park_free(park);
    sync_patience = 0;
    assert_string_equal(map_text(sync_run(eas_cmd_ping, 141, "Ping:Ping{HeartbeatInterval=120}"), pool),
                        "Status=5 HeartbeatInterval=90");
    assert_string_equal(map_text(sync_run(eas_cmd_ping, 141, "Ping:Ping{HeartbeatInterval=80}"), pool), "Status=1");
    park = run(EAS_COMMAND_Sync, text);
    park->survives = 200;
    resume(&again, park, EAS_RESUME_CUT);
    eas_park_free(park);
    assert_string_equal(map_text(sync_run(eas_cmd_sync, 141, text), pool), "Status=14 Limit=3");
    park = run(EAS_COMMAND_Sync, ""); /* as the last time, only shorter */
    assert_true(park->deadline <= apr_time_as_msec(apr_time_now()) + 200000);
    eas_park_free(park);
}

static void test_beat_text(void **state)
{
    static const char *const bad[] = {NULL, "", "90", "/", "/x/y", "/-1/99999", "/90", "/90/19000"};
    eas_beat_t beat = {0}, again;
    for (size_t i = 0; i < COUNT(bad); i++) {
        eas_beat_parse(&beat, bad[i]);
        assert_int_equal(beat.limit, 0);
    }
    assert_string_equal(eas_beat_text(&beat, pool), "");
    assert_int_equal(eas_beat_high(&beat, 60, 3540), 3540);
    eas_beat_learn(&beat, 90);
    eas_beat_parse(&again, eas_beat_text(&beat, pool));
    assert_int_equal(again.limit, 90);
    assert_int_equal(again.day, beat.day);
    assert_int_equal(eas_beat_high(&beat, 60, 3540), 90);
    assert_int_equal(eas_beat_high(&beat, 100, 3540), 100);
    assert_int_equal(eas_beat_high(&beat, 10, 80), 80);
}

static void test_newer_one(void **state)
{
    sync_all(141, "$C", "");
    eas_park_t *park = run(EAS_COMMAND_Ping, PING), *newer = run(EAS_COMMAND_Ping, PING);
    assert_int_equal(wakes, 1);
    assert_int_equal(last_reason, USM_WAKE_SUPERSEDED);
    eas_park_free(park);
    eas_park_free(newer);
}

/* Where it cannot leave, or is too long to be kept, it waits in its thread, if that may be. */
static void test_in_the_thread(void **state)
{
    eas_command_id_t ping = EAS_COMMAND_Ping;
    sync_all(141, "$C", "");
    for (int big = 0; big < 2; big++) {
        eas_ctx_t *ctx = begin(ping, PING, big);
        ctx->body_len = big ? EAS_PARK_BODY_MAX + 1 : 0;
        sync_patience = 2;
        assert_null(eas_command_handler(ping)(ctx, ctx->doc, ctx->out));
        assert_null(ctx->rsp->park);
        assert_int_equal(ctx->status, 1);
        assert_int_equal(entered, 0);
    }
    may_enter = 0;
    eas_ctx_t *ctx = begin(ping, PING, 0);
    assert_null(eas_command_handler(ping)(ctx, ctx->doc, ctx->out));
    assert_int_equal(ctx->rsp->http, 503);
    may_enter = 1;
    ctx = begin(ping, PING, 0);
    ((eas_request_t *)ctx->req)->wait_max = 100;
    sync_patience = 1000;
    assert_null(eas_command_handler(ping)(ctx, ctx->doc, ctx->out));
    assert_true(apr_time_now() - ctx->began < apr_time_from_sec(20));
    assert_int_equal(ctx->status, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PARK_TEST(test_ping),      PARK_TEST(test_ping_ends),     PARK_TEST(test_sync),
        PARK_TEST(test_outage),    PARK_TEST(test_session_gone),  PARK_TEST(test_newer_one),
        PARK_TEST(test_beat_text), PARK_TEST(test_shorter_waits), PARK_TEST(test_in_the_thread),
    };

    return RUN_TESTS(tests);
}
