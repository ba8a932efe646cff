/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: cmd_moveitems.c move.c */
/* MoveItems on a real engine. */
#include "sync_test.h"

static apr_pool_t *pool;
static const char *key_from, *key_to; /* of $C and $D on the device */

static int start(void **state)
{
    int rv = sync_setup(state);
    pool = *state;
    return rv;
}
#define RUN_TEST(function) cmocka_unit_test_setup_teardown(function, start, sync_teardown)

static const char *move_text(const char *item, const char *from, const char *to)
{
    return apr_psprintf(pool, "Move{SrcMsgId=%s SrcFldId=%s DstFldId=%s} ", item, from, to);
}

static const char *move(const char *text)
{
    eas_node_t *answer =
        sync_run(eas_cmd_moveitems, 141, apr_pstrcat(pool, "Move:MoveItems{", text, "}", NULL));
    return answer ? map_text(answer, pool) : "";
}

static const char *sid(const char *folder, const char *id)
{
    return apr_pstrcat(pool, sync_expand(folder), ":", id, NULL);
}

static void expect(const char *got, const char *want)
{
    want = sync_expand(want);
    if (strcmp(got, want) != 0)
        fail_msg("%s\ninstead of %s", got, want);
}

/* What the next Sync tells of a folder, as text; "" for nothing. *key_p goes on. */
static const char *told(const char *folder, const char **key_p)
{
    const char *text =
        apr_psprintf(pool, "AirSync:Sync{Collections{Collection{SyncKey=%s CollectionId=%s}}}", *key_p, folder);
    eas_node_t *answer = sync_run(eas_cmd_sync, 141, text);
    if (!answer)
        return "";
    *key_p = sync_key(answer, folder);
    const eas_node_t *node = eas_node_child(eas_node_child(answer, EAS_AirSync_Collections), EAS_AirSync_Collection);
    const eas_node_t *commands = eas_node_child(node, EAS_AirSync_Commands);
    return commands ? map_text(commands, pool) : "";
}

static void test_statuses(void **state)
{
    fake_add("32", "Anna", "Arm");
    fake_add("32", "stay", "Here");
    sync_all(141, "$C", "");
    static const struct {
        const char *item, *from, *to, *want;
    } rows[] = {
        {"$C:101", "$C", "$C", "SrcMsgId=$C:101 Status=4"},
        {"$C:101", "9999", "$D", "SrcMsgId=$C:101 Status=1"},
        {"$C:101", "9999", "9999", "SrcMsgId=$C:101 Status=1"},
        {"$C:999", "$C", "$D", "SrcMsgId=$C:999 Status=1"},
        {"$D:101", "$C", "$D", "SrcMsgId=$D:101 Status=1"},
        {"nonsense", "$C", "$D", "SrcMsgId=nonsense Status=1"},
        {"$C:101", "$C", "9999", "SrcMsgId=$C:101 Status=2"},
        {"$C:101", "$C", "x", "SrcMsgId=$C:101 Status=2"},
        {"$C:101", "$C", "$M", "SrcMsgId=$C:101 Status=2"},
        {"$C:102", "$C", "$D", "SrcMsgId=$C:102 Status=5"},
        {"$C:101", "$C", "$D", "SrcMsgId=$C:101 Status=3 DstMsgId=$D:101"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *got = move(move_text(rows[i].item, rows[i].from, rows[i].to));
        expect(got, apr_pstrcat(pool, "Response{", rows[i].want, "}", NULL));
    }
    assert_int_equal(fake.moves, 1);
    assert_int_equal(fake_alive("33"), 1);
}

static void test_schema(void **state)
{
    static const char *const rows[] = {
        "Move:MoveItems", "Move:MoveItems{Move{SrcMsgId=1 SrcFldId=$C}}",
        "Move:MoveItems{Move{SrcFldId=$C DstFldId=$D}}",
        "Move:MoveItems{Response{SrcMsgId=1}}", "Move:MoveItems{Move{SrcMsgId=1 DstFldId=$D}}"};
    for (size_t i = 0; i < COUNT(rows); i++) {
        sync_run(eas_cmd_moveitems, 141, rows[i]);
        assert_int_equal(sync_status, 103);
        sync_run(eas_cmd_moveitems, 121, rows[i]);
        assert_int_equal(sync_http, 400);
    }
    apr_array_header_t *parts = apr_array_make(pool, 1001, sizeof(const char *));
    for (int i = 0; i < 1001; i++)
        APR_ARRAY_PUSH(parts, const char *) = move_text("1:1", "1", "2");
    move(apr_array_pstrcat(pool, parts, '\0'));
    assert_int_equal(sync_status, 103);
}

/* One item to two folders: the first is done, the second refused. */
static void test_two_targets(void **state)
{
    fake_add("32", "Anna", "Arm");
    sync_all(141, "$C", "");
    expect(move(apr_pstrcat(pool, move_text("$C:101", "$C", "$D"), move_text("$C:101", "$C", "$E"),
                            move_text("$C:101", "$C", "$D"), NULL)),
           "Response{SrcMsgId=$C:101 Status=3 DstMsgId=$D:101} Response{SrcMsgId=$C:101 Status=5} "
           "Response{SrcMsgId=$C:101 Status=3 DstMsgId=$D:101}");
    expect(move("Move{SrcMsgId=$C:101 SrcFldId=$C DstFldId=$D DstFldId=$E}"),
           "Response{SrcMsgId=$C:101 Status=5}");
    assert_int_equal(fake.moves, 1);
}

/* The device that moves is told neither of the one that left nor of the one that came; later edits it is told. */
static void test_not_told_back(void **state)
{
    fake_add("32", "Anna", "Arm");
    fake_add("32", "Berta", "Bein");
    key_from = sync_all(141, "$C", "");
    key_to = sync_all(141, "$D", "");
    expect(move(move_text("$C:101", "$C", "$D")), "Response{SrcMsgId=$C:101 Status=3 DstMsgId=$D:101}");
    assert_string_equal(told("$C", &key_from), "");
    assert_string_equal(told("$D", &key_to), "");
    fake_item_t *item = fake_find("101");
    snprintf(item->text[1], sizeof item->text[1], "Changed");
    fake_touch(item);
    const char *text = told("$D", &key_to);
    if (strncmp(text, "Change{ServerId=", 16) != 0 || !strstr(text, "Changed"))
        fail_msg("%s", text);
    assert_string_equal(told("$C", &key_from), "");
}

/* The answer to the Sync before the move was lost: its repeat neither brings the item back nor loses it. */
static void test_after_lost_sync(void **state)
{
    fake_add("32", "Anna", "Arm");
    key_from = sync_all(141, "$C", "");
    key_to = sync_all(141, "$D", "");
    fake_add("32", "Carl", "Cop");
    fake_add("33", "Dora", "Dom");
    const char *old_from = key_from, *old_to = key_to;
    told("$C", &key_from); /* lost */
    told("$D", &key_to);
    expect(move(move_text("$C:101", "$C", "$D")), "Response{SrcMsgId=$C:101 Status=3 DstMsgId=$D:101}");
    const char *again = told("$C", &old_from);
    assert_null(strstr(again, "Anna"));
    assert_null(strstr(again, "Delete"));
    assert_non_null(strstr(again, "Carl"));
    again = told("$D", &old_to);
    assert_null(strstr(again, "Anna"));
    assert_non_null(strstr(again, "Dora"));
    assert_string_equal(told("$C", &old_from), "");
    assert_string_equal(told("$D", &old_to), "");
}

static void test_repeats(void **state)
{
    fake_add("32", "Anna", "Arm");
    sync_all(141, "$C", "");
    const char *request = move_text("$C:101", "$C", "$D"), *want = "Response{SrcMsgId=$C:101 Status=3 DstMsgId=$D:101}";
    for (int i = 0; i < 3; i++)
        expect(move(request), want);
    assert_int_equal(fake.moves, 1);
    /* There, back, and there again: the same words, but a new wish. */
    expect(move(move_text("$D:101", "$D", "$C")), "Response{SrcMsgId=$D:101 Status=3 DstMsgId=$C:101}");
    expect(move(request), want);
    assert_int_equal(fake.moves, 3);
    assert_int_equal(fake_alive("33"), 1);
}

/* The server did it, but its answer was lost: the device asks again. */
static void test_lost_at_the_server(void **state)
{
    fake_add("32", "Anna", "Arm");
    sync_all(141, "$C", "");
    const char *request = move_text("$C:101", "$C", "$D");
    fake.die_after = 1;
    move(request);
    assert_int_equal(sync_http, 503);
    expect(move(request), "Response{SrcMsgId=$C:101 Status=3 DstMsgId=$D:101}");
    assert_int_equal(fake.moves, 1);
    fake.down = 1;
    move(move_text("$D:101", "$D", "$C"));
    assert_int_equal(sync_http, 503);
    fake.down = 0;
    expect(move(move_text("$D:101", "$D", "$C")), "Response{SrcMsgId=$D:101 Status=3 DstMsgId=$C:101}");
}

/* Mails get new ids. */
static void test_mails(void **state)
{
    fake_folder("45", "Old mails", NULL, USM_ROLE_USER, USM_EMAIL, NULL);
    fake_add("40", "Anna", "Arm");
    sync_run(eas_cmd_foldersync, 141, "FolderHierarchy:FolderSync{SyncKey=0}");
    const char *to = NULL;
    for (int i = 1; i < 12 && !to; i++) /* the new folder has one of the first short ids */
        to = strstr(move(move_text("$M:101", "$M", apr_itoa(pool, i))), "Status=3") ? apr_itoa(pool, i) : NULL;
    assert_non_null(to);
    const char *want = apr_psprintf(pool, "Response{SrcMsgId=$M:101 Status=3 DstMsgId=%s:102}", to);
    expect(move(move_text("$M:101", "$M", to)), want);
    assert_int_equal(fake.moves, 1);
}

/* A hundred moves are two calls of the server and few transactions. */
static void test_batches(void **state)
{
    apr_array_header_t *parts = apr_array_make(pool, 100, sizeof(const char *));
    for (int i = 0; i < 100; i++) {
        fake_item_t *item = fake_add("32", "Anna", "Arm");
        APR_ARRAY_PUSH(parts, const char *) = move_text(sid("$C", item->id), "$C", "$D");
    }
    key_from = sync_all(141, "$C", "");
    key_to = sync_all(141, "$D", "");
    eas_ctx_t *ctx = sync_ctx(141);
    const char *text = apr_pstrcat(pool, "Move:MoveItems{", apr_array_pstrcat(pool, parts, '\0'), "}", NULL);
    eas_node_t *doc = map_doc(sync_expand(text), pool);
    assert_null(eas_cmd_moveitems(ctx, doc, ctx->out));
    assert_int_equal(fake.moves, 100);
    assert_int_equal(usm_session_stats(ctx->session)->backend_calls, 2);
    assert_string_equal(told("$C", &key_from), "");
    assert_string_equal(told("$D", &key_to), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_TEST(test_statuses),   RUN_TEST(test_schema),  RUN_TEST(test_two_targets),
        RUN_TEST(test_not_told_back), RUN_TEST(test_after_lost_sync), RUN_TEST(test_repeats),
        RUN_TEST(test_lost_at_the_server), RUN_TEST(test_mails), RUN_TEST(test_batches),
    };
    return RUN_TESTS(tests);
}
