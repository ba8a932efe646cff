/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: sync_read.c */
/* Requests to Sync as they come: what is refused with which status, and what an empty or partial one stands for. */
#include "sync_test.h"

#include "eas_sync.h"

static void read_text(eas_sync_t *sync, unsigned version, const char *text, apr_pool_t *pool)
{
    memset(sync, 0, sizeof *sync);
    sync->ctx = sync_ctx(version);
    usm_error_t *err = eas_sync_read(sync, map_doc(sync_expand(text), pool));
    if (err)
        fail_msg("%s: %s", text, usm_error_text(err, pool));
}

#define COLL(rest) "AirSync:Sync{Collections{Collection{" rest "}}}"
#define KEY1 "SyncKey=1.1 CollectionId=$C"

typedef struct row_t {
    unsigned version;
    const char *text;
    int status; /* of the request */
    int folder; /* of its first collection, with status 0 */
} row_t;

static void run_rows(const row_t *rows, size_t count, apr_pool_t *pool)
{
    for (size_t i = 0; i < count; i++) {
        eas_sync_t sync;
        read_text(&sync, rows[i].version, rows[i].text, pool);
        if (sync.status != rows[i].status)
            fail_msg("row %zu (%s): status %d", i, rows[i].text, sync.status);
        if (!sync.status && APR_ARRAY_IDX(sync.collections, 0, eas_collection_t).status != rows[i].folder)
            fail_msg("row %zu (%s): the folder's status %d", i, rows[i].text,
                     APR_ARRAY_IDX(sync.collections, 0, eas_collection_t).status);
    }
}

static void test_shape(void **state)
{
    static const row_t rows[] = {
        {141, COLL("SyncKey=0 CollectionId=$C"), 0, 1},
        {141, COLL(KEY1), 0, 1},
        {141, "AirSync:Sync", 4, 0},
        {141, "AirSync:Sync{Collections}", 4, 0},
        {141, "AirSync:Sync{WindowSize=5}", 4, 0},
        {141, COLL("SyncKey=0"), 4, 0},
        {141, COLL("CollectionId=$C"), 4, 0},
        {141, COLL("SyncKey=0 CollectionId"), 4, 0},
        {141, COLL("SyncKey=#0 CollectionId=$C"), 4, 0},
        {141, COLL("SyncKey=0 CollectionId=12345678901234567890123456789012345678901234567890123456789012345"), 4, 0},
        {141, COLL("SyncKey=12345678901234567890123456789012345678901234567890123456789012345 CollectionId=$C"), 4, 0},
        {141, "AirSync:Sync{Collections{Collection{SyncKey=0 CollectionId=$C} Collection{SyncKey=0 CollectionId=$C}}}",
         4, 0},
        {141, "AirSync:Sync{Collections{Collection{SyncKey=0 CollectionId=$C} Collection{SyncKey=0 CollectionId=$D}}}",
         0, 1},
        /* the order is part of the schema from 12.1 on */
        {141, COLL("CollectionId=$C SyncKey=1.1"), 4, 0},
        {141, COLL(KEY1 " GetChanges DeletesAsMoves"), 4, 0},
        {141, COLL(KEY1 " DeletesAsMoves GetChanges WindowSize=5 Options Commands"), 0, 1},
        {141, COLL(KEY1 " WindowSize=5 WindowSize=6"), 4, 0},
        {141, COLL(KEY1 " MoreAvailable"), 4, 0},
        {120, COLL("CollectionId=$C SyncKey=1.1 Class=Contacts"), 0, 1},
        {121, COLL("Class=Contacts " KEY1), 0, 1},
        {121, COLL("Class=Email " KEY1), 4, 0},
        {121, COLL("Class=Nonsense " KEY1), 4, 0},
        {121, COLL(KEY1), 0, 1},
        {25, COLL("Class=Contacts " KEY1 " Supported GetChanges WindowSize=5"), 0, 1},
    };
    run_rows(rows, COUNT(rows), *state);
}

static void test_switches(void **state)
{
    static const row_t rows[] = {
        {141, COLL("SyncKey=0 CollectionId=$C GetChanges"), 4, 0},
        {141, COLL("SyncKey=0 CollectionId=$C GetChanges=1"), 4, 0},
        {141, COLL("SyncKey=0 CollectionId=$C GetChanges=0"), 0, 1},
        {141, COLL(KEY1 " GetChanges=2"), 4, 0},
        {141, COLL(KEY1 " DeletesAsMoves=x"), 4, 0},
        {141, COLL(KEY1 " WindowSize=x"), 4, 0},
        {141, COLL(KEY1 " WindowSize=-1"), 4, 0},
        {141, COLL(KEY1 " WindowSize=0"), 0, 1},
        {141, COLL(KEY1 " WindowSize=100000"), 0, 1},
        {141, COLL(KEY1 " ConversationMode=1"), 4, 0},
        {141, COLL("SyncKey=1.1 CollectionId=$M ConversationMode=1"), 0, 1},
        {141, COLL("SyncKey=1.1 CollectionId=$M Options{FilterType=8}"), 4, 0},
        {141, COLL("SyncKey=1.1 CollectionId=$M Options{AirSyncBase:BodyPartPreference{Type=1}}"), 164, 0},
    };
    run_rows(rows, COUNT(rows), *state);
}

static void test_commands(void **state)
{
#define CMDS(rest) COLL(KEY1 " Commands{" rest "}")
#define DATA "ApplicationData{Contacts:FirstName=x}"
    static const row_t rows[] = {
        {141, CMDS("Add{ClientId=c1 " DATA "}"), 0, 1},
        {141, CMDS("Add{ClientId=c1}"), 4, 0},
        {141, CMDS("Add{" DATA "}"), 4, 0},
        {141, CMDS("Add{ClientId " DATA "}"), 4, 0},
        {141, CMDS("Add{ClientId=12345678901234567890123456789012345678901234567890123456789012345 " DATA "}"), 4, 0},
        {141, CMDS("Change{ServerId=1 " DATA "}"), 0, 1},
        {141, CMDS("Change{ServerId=1}"), 4, 0},
        {141, CMDS("Change{" DATA "}"), 4, 0},
        {161, CMDS("Change{ServerId=1 Email2:Send}"), 0, 1},
        {141, CMDS("Delete{ServerId=1}"), 0, 1},
        {141, CMDS("Delete"), 4, 0},
        {141, CMDS("Delete{ServerId}"), 4, 0},
        {141, CMDS("Fetch{ServerId=1}"), 0, 1},
        {141, CMDS("Fetch"), 4, 0},
        {141, CMDS("SoftDelete{ServerId=1}"), 4, 0},
        {141, COLL(KEY1 " Commands"), 0, 1},
        {141, COLL("SyncKey=0 CollectionId=$C Commands{Delete{ServerId=1}}"), 4, 0},
    };
    run_rows(rows, COUNT(rows), *state);
    for (int count = EAS_SYNC_COMMANDS_MAX; count <= EAS_SYNC_COMMANDS_MAX + 1; count++) {
        apr_array_header_t *parts = apr_array_make(*state, count, sizeof(const char *));
        eas_sync_t sync;
        for (int i = 0; i < count; i++)
            APR_ARRAY_PUSH(parts, const char *) = "Delete{ServerId=1}";
        read_text(&sync, 141,
                  apr_pstrcat(*state, "AirSync:Sync{Collections{Collection{" KEY1 " Commands{",
                              apr_array_pstrcat(*state, parts, ' '), "}}}}", NULL),
                  *state);
        assert_int_equal(sync.status, count > EAS_SYNC_COMMANDS_MAX ? 4 : 0);
    }
}

/* Folders that are not there: iOS must get an invalid key, not "not found", or it loops. */
static void test_unknown_folders(void **state)
{
    static const row_t rows[] = {
        {141, COLL("SyncKey=0 CollectionId=9999"), 0, SYNC_HIERARCHY},
        {141, COLL("SyncKey=1.1 CollectionId=9999"), 0, SYNC_STALE_KEY},
        {141, COLL("SyncKey=1.1 CollectionId=RI"), 0, SYNC_STALE_KEY},
        {141, COLL("SyncKey=1.1 CollectionId='a;b'"), 0, SYNC_STALE_KEY},
    };
    run_rows(rows, COUNT(rows), *state);
}

static void test_waits(void **state)
{
    static const struct {
        const char *wait;
        int status;
        apr_int64_t limit, ms;
    } rows[] = {
        {"", 0, 0, 0},
        {"Wait=10", 0, 0, 600000},
        {"Wait=59", 0, 0, 59 * 60000},
        {"Wait=0", 14, 1, 0},
        {"Wait=60", 14, 59, 0},
        {"Wait=-5", 14, 1, 0},
        {"Wait", 4, 0, 0},
        {"Wait=x", 4, 0, 0},
        {"HeartbeatInterval=60", 0, 0, 60000},
        {"HeartbeatInterval=3540", 0, 0, 3540000},
        {"HeartbeatInterval=59", 14, 60, 0},
        {"HeartbeatInterval=3541", 14, 3540, 0},
        {"HeartbeatInterval=99999999999", 14, 3540, 0},
        {"Wait=5 HeartbeatInterval=300", 4, 0, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        eas_sync_t sync;
        read_text(&sync, 141,
                  apr_pstrcat(*state, "AirSync:Sync{Collections{Collection{" KEY1 "}} ", rows[i].wait, "}", NULL),
                  *state);
        if (sync.status != rows[i].status || sync.limit != rows[i].limit || sync.wait_ms != rows[i].ms)
            fail_msg("row %zu (%s): %d, limit %" APR_INT64_T_FMT ", %" APR_INT64_T_FMT " ms", i, rows[i].wait,
                     sync.status, sync.limit, sync.wait_ms);
    }
}

static void test_windows(void **state)
{
    static const struct {
        const char *window;
        int want;
    } rows[] = {
        {"", 100}, {"WindowSize=1", 1}, {"WindowSize=512", 512}, {"WindowSize=0", 512}, {"WindowSize=513", 512}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        eas_sync_t sync;
        read_text(&sync, 141,
                  apr_pstrcat(*state, "AirSync:Sync{Collections{Collection{" KEY1 " ", rows[i].window, "}}}", NULL),
                  *state);
        if (APR_ARRAY_IDX(sync.collections, 0, eas_collection_t).window != rows[i].want)
            fail_msg("row %zu", i);
        read_text(&sync, 141,
                  apr_pstrcat(*state, "AirSync:Sync{Collections{Collection{" KEY1 "}} ", rows[i].window, "}", NULL),
                  *state);
        if (sync.window != (*rows[i].window ? rows[i].want : 0))
            fail_msg("row %zu, of the request: %d", i, sync.window);
    }
}

static void test_too_many(void **state)
{
    apr_array_header_t *parts = apr_array_make(*state, 400, sizeof(const char *));
    eas_sync_t sync;
    for (int i = 0; i <= EAS_SYNC_COLLECTIONS_MAX; i++)
        APR_ARRAY_PUSH(parts, const char *) = "Collection{SyncKey=0 CollectionId=1}";
    read_text(&sync, 141,
              apr_pstrcat(*state, "AirSync:Sync{Collections{", apr_array_pstrcat(*state, parts, ' '), "}}", NULL),
              *state);
    assert_int_equal(sync.status, 15);
    assert_int_equal(sync.limit, EAS_SYNC_COLLECTIONS_MAX);
}

/* Only fetches, and GetChanges unsaid: no changes are added (iOS). */
static void test_fetch_only(void **state)
{
    static const struct {
        const char *text;
        int want;
    } rows[] = {
        {COLL(KEY1), 1},
        {COLL(KEY1 " GetChanges=0"), 0},
        {COLL(KEY1 " Commands{Fetch{ServerId=1}}"), 0},
        {COLL(KEY1 " GetChanges Commands{Fetch{ServerId=1}}"), 1},
        {COLL(KEY1 " Commands{Fetch{ServerId=1} Delete{ServerId=2}}"), 1},
        {COLL("SyncKey=0 CollectionId=$C"), 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        eas_sync_t sync;
        read_text(&sync, 141, rows[i].text, *state);
        if (APR_ARRAY_IDX(sync.collections, 0, eas_collection_t).get_changes != rows[i].want)
            fail_msg("row %zu", i);
    }
}

static void test_deletes(void **state)
{
    static const struct {
        const char *text;
        usm_delete_e want;
    } rows[] = {{COLL(KEY1), USM_DELETE_TRASH},
                {COLL(KEY1 " DeletesAsMoves"), USM_DELETE_TRASH},
                {COLL(KEY1 " DeletesAsMoves=1"), USM_DELETE_TRASH},
                {COLL(KEY1 " DeletesAsMoves=0"), USM_DELETE_HARD}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        eas_sync_t sync;
        read_text(&sync, 141, rows[i].text, *state);
        if (APR_ARRAY_IDX(sync.collections, 0, eas_collection_t).how != rows[i].want)
            fail_msg("row %zu", i);
    }
}

/* ---- empty and partial requests ---- */

static const char *summary(const eas_sync_t *sync, apr_pool_t *pool)
{
    const char *text =
        apr_psprintf(pool, "%d wait=%" APR_INT64_T_FMT " window=%d", sync->status, sync->wait_ms, sync->window);
    for (int i = 0; !sync->status && i < sync->collections->nelts; i++) {
        const eas_collection_t *col = &APR_ARRAY_IDX(sync->collections, i, eas_collection_t);
        text = apr_psprintf(pool, "%s %s/%s/%d/%d/%d", text, col->id, col->key, col->window, col->get_changes,
                            col->unproven);
    }
    return text;
}

static void remember(const char *text, unsigned version, apr_pool_t *pool)
{
    eas_sync_t sync;
    read_text(&sync, version, text, pool);
    assert_int_equal(sync.status, 0);
    usm_error_t *err = eas_sync_remember(&sync);
    if (err)
        fail_msg("%s", usm_error_text(err, pool));
}

static void expect(unsigned version, const char *text, const char *want, apr_pool_t *pool)
{
    eas_sync_t sync;
    read_text(&sync, version, text, pool);
    assert_string_equal(summary(&sync, pool), sync_expand(want));
}

static void test_nothing_kept(void **state)
{
    static const row_t rows[] = {
        {141, "", SYNC_INCOMPLETE, 0},
        {121, "", SYNC_INCOMPLETE, 0},
        {120, "", SYNC_PROTOCOL, 0},
        {141, "AirSync:Sync{Wait=5 Partial}", SYNC_INCOMPLETE, 0},
        {141, "AirSync:Sync{Partial Collections{Collection{" KEY1 "}}}", SYNC_INCOMPLETE, 0},
        {141, "AirSync:Sync{Partial}", SYNC_PROTOCOL, 0},
    };
    run_rows(rows, COUNT(rows), *state);
}

static void test_empty_and_partial(void **state)
{
    remember("AirSync:Sync{Collections{Collection{SyncKey=1.1 CollectionId=$C WindowSize=7} "
             "Collection{SyncKey=2.2 CollectionId=$M GetChanges=0}} Wait=10 WindowSize=50}",
             141, *state);
    expect(141, "", "0 wait=600000 window=50 $C/1.1/7/1/0 $M/2.2/100/0/0", *state);
    /* what a partial one names counts, all else is as it was */
    expect(141, "AirSync:Sync{Wait=20 Partial}", "0 wait=1200000 window=50 $C/1.1/7/1/0 $M/2.2/100/0/0", *state);
    expect(141, "AirSync:Sync{HeartbeatInterval=90 Partial}", "0 wait=90000 window=50 $C/1.1/7/1/0 $M/2.2/100/0/0",
           *state);
    expect(141, "AirSync:Sync{WindowSize=9 Partial}", "0 wait=600000 window=9 $C/1.1/7/1/0 $M/2.2/100/0/0", *state);
    expect(141, "AirSync:Sync{Collections{Collection{SyncKey=3.3 CollectionId=$M}} Partial}",
           "0 wait=600000 window=50 $M/3.3/100/1/0 $C/1.1/7/1/0", *state);
    expect(141, "AirSync:Sync{Collections{Collection{SyncKey=3.3 CollectionId=$T}} Partial}",
           "0 wait=600000 window=50 $T/3.3/100/1/0 $C/1.1/7/1/0 $M/2.2/100/0/0", *state);
    /* a whole one forgets what it does not name */
    remember("AirSync:Sync{Collections{Collection{SyncKey=1.1 CollectionId=$C}}}", 141, *state);
    expect(141, "", "0 wait=0 window=0 $C/1.1/100/1/0", *state);
}

/* A folder that fails for the moment is still asked for next time; one that is gone or has to start over is not. */
static void test_failed_folders(void **state)
{
    static const struct {
        int status, kept;
    } rows[] = {{SYNC_OK, 1}, {SYNC_RETRY, 1}, {SYNC_SERVER, 1}, {SYNC_STALE_KEY, 0}, {SYNC_HIERARCHY, 0}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        eas_sync_t sync;
        read_text(&sync, 141, "AirSync:Sync{Collections{Collection{" KEY1 "} Collection{SyncKey=1.1 CollectionId=$D}}}",
                  *state);
        APR_ARRAY_IDX(sync.collections, 1, eas_collection_t).status = rows[i].status;
        assert_null(eas_sync_remember(&sync));
        read_text(&sync, 141, "", *state);
        if (sync.collections->nelts != 1 + rows[i].kept)
            fail_msg("row %zu: %d folders", i, sync.collections->nelts);
    }
}

/* As many folders as there may be fit into what is kept. */
static void test_keeps_many(void **state)
{
    eas_sync_t sync;
    read_text(&sync, 141, COLL(KEY1), *state);
    eas_collection_t one = APR_ARRAY_IDX(sync.collections, 0, eas_collection_t);
    one.key = "123456789012345678901234567890.12345678901234567890123456789012";
    while (sync.collections->nelts < EAS_SYNC_COLLECTIONS_MAX)
        APR_ARRAY_PUSH(sync.collections, eas_collection_t) = one;
    assert_null(eas_sync_remember(&sync));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SYNC_TEST(test_shape),
        SYNC_TEST(test_switches),
        SYNC_TEST(test_commands),
        SYNC_TEST(test_unknown_folders),
        SYNC_TEST(test_waits),
        SYNC_TEST(test_windows),
        SYNC_TEST(test_too_many),
        SYNC_TEST(test_fetch_only),
        SYNC_TEST(test_deletes),
        SYNC_TEST(test_nothing_kept),
        SYNC_TEST(test_empty_and_partial),
        SYNC_TEST(test_failed_folders),
        SYNC_TEST(test_keeps_many),
    };
    return RUN_TESTS(tests);
}
