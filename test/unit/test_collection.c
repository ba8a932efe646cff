/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: eas_collection.c */
/* Options of a collection: what is allowed, what sticks, what they ask of a turn. */
#include "map_test.h"

#include "eas_collection.h"

static void test_classes(void **state)
{
    for (int cls = 0; cls < USM_CLASS_COUNT; cls++) {
        const char *name = eas_class_name((usm_class_e)cls);
        int shared = cls == USM_RECIPIENT; /* it goes by the name of contacts */
        if (cls != USM_FOLDER && (int)eas_class_parse(name) != (shared ? USM_CONTACT : cls))
            fail_msg("class %d is %s", cls, name);
        for (int other = 0; other < USM_CLASS_COUNT; other++)
            assert_int_equal(eas_class_is((usm_class_e)other, name), *name && strcmp(eas_class_name(other), name) == 0);
    }
    assert_int_equal(eas_class_parse("email"), USM_CLASS_COUNT);
    assert_int_equal(eas_class_parse(""), USM_CLASS_COUNT);
    assert_int_equal(eas_class_parse("SMS"), USM_CLASS_COUNT);
    assert_int_equal(eas_class_parse(NULL), USM_CLASS_COUNT);
    assert_false(eas_class_is(USM_FOLDER, NULL) || eas_class_is(USM_FOLDER, ""));
}

/* MS-ASCMD 2.2.3.68.2; for contacts the filter is passed over. */
static void test_filters(void **state)
{
    static const struct {
        usm_class_e cls;
        const char *allowed;
    } rows[] = {{USM_EMAIL, "012345"},      {USM_EVENT, "04567"},    {USM_TASK, "08"},
                {USM_CONTACT, "012345678"}, {USM_NOTE, "012345678"}, {USM_FOLDER, ""}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (int filter = 0; filter <= 8; filter++) {
            if (eas_filter_allowed(rows[i].cls, filter) != (strchr(rows[i].allowed, '0' + filter) != NULL))
                fail_msg("class %d filter %d", rows[i].cls, filter);
        }
    }
}

static void same_options(const eas_options_t *a, const eas_options_t *b, const char *text)
{
    int same = a->filter == b->filter && a->conflict == b->conflict && a->window == b->window &&
               a->has_supported == b->has_supported && a->view.mime_support == b->view.mime_support &&
               a->max_items == b->max_items && a->conversations == b->conversations &&
               a->view.mime_truncation == b->view.mime_truncation && a->view.truncation == b->view.truncation &&
               a->view.prefs == b->view.prefs && memcmp(&a->supported, &b->supported, sizeof a->supported) == 0;
    for (int i = 0; same && i < a->view.prefs; i++) {
        const eas_bodypref_t *p = &a->view.pref[i], *q = &b->view.pref[i];
        same = p->type == q->type && p->all_or_none == q->all_or_none && p->preview == q->preview &&
               p->truncation == q->truncation;
    }
    if (!same)
        fail_msg("%s came back as something else", text);
}

static void test_pack(void **state)
{
    uint64_t seed = 42;
    for (int turn = 0; turn < 500; turn++) {
        eas_options_t out, in;
        eas_options_init(&out);
        out.filter = (int)(test_random(&seed) % 9);
        out.conflict = test_random(&seed) % 2 ? USM_CLIENT_WINS : USM_SERVER_WINS;
        out.window = (int)(test_random(&seed) % 513);
        out.max_items = (int)(test_random(&seed) % 201);
        out.conversations = (int)(test_random(&seed) % 2);
        out.has_supported = (int)(test_random(&seed) % 2);
        for (int i = 0; i < 2; i++)
            out.supported.bits[i] = (apr_uint64_t)test_random(&seed) << 32 | test_random(&seed);
        out.view.mime_support = (int)(test_random(&seed) % 3);
        out.view.mime_truncation = (apr_int64_t)(test_random(&seed) % 100000) - 1;
        out.view.truncation = (apr_int64_t)(test_random(&seed) % 3) - 1;
        out.view.prefs = (int)(test_random(&seed) % (EAS_PREFS_MAX + 1));
        for (int i = 0; i < out.view.prefs; i++)
            out.view.pref[i] = (eas_bodypref_t){.type = i + 1,
                                                .all_or_none = turn & 1,
                                                .preview = turn % 256,
                                                .truncation = (apr_int64_t)test_random(&seed) - 1};
        const char *text = eas_options_pack(&out, *state);
        eas_options_unpack(&in, text);
        same_options(&out, &in, text);
        assert_true(strlen(text) < 4096);
    }
}

/* What is not ours, or was cut, gives options that can be used. */
static void test_unpack_rubbish(void **state)
{
    static const char *const rows[] = {NULL, "", "3;1;1", "rubbish", "1"};
    eas_options_t dflt, o;
    eas_options_init(&dflt);
    for (size_t i = 0; i < COUNT(rows); i++) {
        eas_options_unpack(&o, rows[i]);
        same_options(&dflt, &o, rows[i] ? rows[i] : "NULL");
    }
    dflt.view.prefs = 4;
    const char *whole = eas_options_pack(&dflt, *state);
    for (size_t len = 0; len < strlen(whole); len++) {
        eas_options_unpack(&o, test_exact(apr_pstrmemdup(*state, whole, len), len + 1, *state));
        assert_true(o.view.prefs <= EAS_PREFS_MAX);
    }
}

typedef struct row_t {
    unsigned version;
    usm_class_e cls;
    const char *options;
    int status;
    const char *packed; /* with status 0 */
} row_t;

static void test_read(void **state)
{
    static const row_t rows[] = {
        {141, USM_EMAIL, "", 0, "1;0;0;100;0;-1;-1;0;0;0"},
        {141, USM_EMAIL, "Options", 0, "1;0;0;100;0;-1;-1;0;0;0"},
        {141, USM_EMAIL, "Options{FilterType=3 Conflict=0 MIMESupport=2 MIMETruncation=4}", 0,
         "1;3;1;100;2;10240;-1;0;0;0"},
        {141, USM_EMAIL, "Options{MIMETruncation=8 Conflict=1}", 0, "1;0;0;100;0;-1;-1;0;0;0"},
        {141, USM_EMAIL, "Options{MIMETruncation=0}", 0, "1;0;0;100;0;0;-1;0;0;0"},
        {25, USM_EMAIL, "Options{Truncation=7}", 0, "1;0;0;100;0;-1;51200;0;0;0"},
        {25, USM_EMAIL, "Options{Truncation=9 RTFTruncation=1}", 0, "1;0;0;100;0;-1;-1;0;0;0"},
        {141, USM_EMAIL, "Options{AirSyncBase:BodyPreference{Type=1 TruncationSize=500}}", 0,
         "1;0;0;100;0;-1;-1;0;0;0;1,0,0,500"},
        {141, USM_EMAIL,
         "Options{AirSyncBase:BodyPreference{Type=2 TruncationSize=0 AllOrNone=1 Preview=255} BodyPreference{Type=1}}",
         0, "1;0;0;100;0;-1;-1;0;0;0;2,1,255,0;1,0,0,-1"},
        {141, USM_EMAIL, "Options{AirSyncBase:BodyPreference{Type=1 AllOrNone}}", 0,
         "1;0;0;100;0;-1;-1;0;0;0;1,1,0,-1"},
        {141, USM_EMAIL, "Options{AirSyncBase:BodyPreference{Type=4 TruncationSize=4294967295}}", 0,
         "1;0;0;100;0;-1;-1;0;0;0;4,0,0,4294967295"},
        /* order, repeats, nonsense */
        {141, USM_EMAIL, "Options{AirSyncBase:BodyPreference{TruncationSize=5 Type=1}}", 4, NULL},
        {141, USM_EMAIL, "Options{AirSyncBase:BodyPreference{Type=1 AllOrNone=1 TruncationSize=5}}", 4, NULL},
        {141, USM_EMAIL, "Options{AirSyncBase:BodyPreference{Type=1 Type=2}}", 4, NULL},
        {141, USM_EMAIL, "Options{AirSyncBase:BodyPreference{Type=1} BodyPreference{Type=1}}", 4, NULL},
        {141, USM_EMAIL, "Options{AirSyncBase:BodyPreference}", 4, NULL},
        {141, USM_EMAIL, "Options{AirSyncBase:BodyPreference{Type=0}}", 4, NULL},
        {141, USM_EMAIL, "Options{AirSyncBase:BodyPreference{Type=5}}", 4, NULL},
        {141, USM_EMAIL, "Options{AirSyncBase:BodyPreference{Type=1 TruncationSize=-1}}", 4, NULL},
        {141, USM_EMAIL, "Options{AirSyncBase:BodyPreference{Type=1 TruncationSize=4294967296}}", 4, NULL},
        {141, USM_EMAIL, "Options{AirSyncBase:BodyPreference{Type=1 Preview=256}}", 4, NULL},
        {141, USM_EMAIL, "Options{AirSyncBase:BodyPreference{Type=1 AllOrNone=2}}", 4, NULL},
        {141, USM_EMAIL, "Options{AirSyncBase:BodyPreference{Type=1 Data=x}}", 4, NULL},
        {141, USM_EMAIL, "Options{AirSyncBase:BodyPartPreference{Type=2 TruncationSize=5}}", 0,
         "1;0;0;100;0;-1;-1;0;0;0;12,0,0,5"},
        {141, USM_EMAIL, "Options{AirSyncBase:BodyPartPreference{Type=1}}", 164, NULL},
        {141, USM_EMAIL, "Options{FilterType=6}", 4, NULL},
        {141, USM_EMAIL, "Options{FilterType=8}", 4, NULL},
        {141, USM_EMAIL, "Options{FilterType=9}", 4, NULL},
        {141, USM_EMAIL, "Options{FilterType=x}", 4, NULL},
        {141, USM_EVENT, "Options{FilterType=7}", 0, "1;7;0;100;0;-1;-1;0;0;0"},
        {141, USM_EVENT, "Options{FilterType=1}", 4, NULL},
        {141, USM_TASK, "Options{FilterType=8}", 0, "1;8;0;100;0;-1;-1;0;0;0"},
        {141, USM_CONTACT, "Options{FilterType=2}", 0, "1;2;0;100;0;-1;-1;0;0;0"},
        {141, USM_EMAIL, "Options{Conflict=2}", 4, NULL},
        {141, USM_EMAIL, "Options{MIMESupport=3}", 4, NULL},
        {141, USM_EMAIL, "Options{MIMETruncation=9}", 4, NULL},
        {141, USM_EMAIL, "Options{MaxItems=5}", 4, NULL},
        /* classes: one's own, and SMS beside mail */
        {141, USM_EMAIL, "Options{Class=Email FilterType=1}", 0, "1;1;0;100;0;-1;-1;0;0;0"},
        {141, USM_EMAIL, "Options{Class=Email FilterType=1} Options{Class=SMS FilterType=2}", 0,
         "1;1;0;100;0;-1;-1;0;0;0;99,0,0,0"},
        {141, USM_EMAIL, "Options{Class=SMS FilterType=2} Options{Class=Email FilterType=1}", 0,
         "1;1;0;100;0;-1;-1;0;0;0;99,0,0,0"},
        {141, USM_RECIPIENT, "Options{MaxItems=7}", 0, "2;7;0;0;0;100;0;-1;-1;0;0;0"},
        {141, USM_RECIPIENT, "Options{MaxItems=700 Class=Contacts}", 0, "2;200;0;0;0;100;0;-1;-1;0;0;0"},
        {141, USM_RECIPIENT, "Options{MaxItems=0}", 4, NULL},
        {141, USM_EMAIL, "Options{Class=SMS FilterType=2}", 0, "1;0;0;100;0;-1;-1;0;0;0;99,0,0,0"},
        {141, USM_EMAIL, "Options{Class=SMS} Options{Class=SMS}", 4, NULL},
        {141, USM_EMAIL, "Options{Class=Email} Options{Class=Email}", 4, NULL},
        {141, USM_EMAIL, "Options{Class=Calendar}", 4, NULL},
        {141, USM_CONTACT, "Options{Class=Contacts} Options{Class=SMS}", 4, NULL},
        {141, USM_CONTACT, "Options{Class=Nonsense}", 4, NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *text = apr_pstrcat(*state, "AirSync:Collection{CollectionId=5 ", rows[i].options, "}", NULL);
        eas_options_t o;
        eas_options_init(&o);
        int status = eas_options_read(&o, map_doc(text, *state), rows[i].version, rows[i].cls);
        if (status != rows[i].status)
            fail_msg("row %zu (%s): status %d", i, rows[i].options, status);
        if (!status && strcmp(eas_options_pack(&o, *state), rows[i].packed) != 0)
            fail_msg("row %zu (%s): %s", i, rows[i].options, eas_options_pack(&o, *state));
    }
}

/* New Options replace the block; what Supported said stays; no Options leave all as it was. */
static void test_sticky(void **state)
{
    eas_options_t o;
    eas_options_init(&o);
    o.has_supported = 1;
    o.supported.bits[0] = 5;
    assert_int_equal(
        eas_options_read(&o, map_doc("AirSync:Collection{Options{FilterType=3 Conflict=0}}", *state), 141, USM_EMAIL),
        0);
    assert_int_equal(eas_options_read(&o, map_doc("AirSync:Collection{SyncKey=1}", *state), 141, USM_EMAIL), 0);
    assert_string_equal(eas_options_pack(&o, *state), "1;3;1;100;0;-1;-1;1;5;0");
    assert_int_equal(
        eas_options_read(&o, map_doc("AirSync:Collection{Options{MIMESupport=1}}", *state), 141, USM_EMAIL), 0);
    assert_string_equal(eas_options_pack(&o, *state), "1;0;0;100;1;-1;-1;1;5;0");
    /* one that is refused changes nothing */
    assert_int_equal(
        eas_options_read(&o, map_doc("AirSync:Collection{Options{FilterType=2 Conflict=9}}", *state), 141, USM_EMAIL),
        4);
    assert_string_equal(eas_options_pack(&o, *state), "1;0;0;100;1;-1;-1;1;5;0");
}

static void test_apply(void **state)
{
    static const struct {
        usm_class_e cls;
        int filter, limit, days, open_only; /* days 0: everything */
    } rows[] = {
        {USM_EMAIL, 0, 0, 0, 0},  {USM_EMAIL, 1, 0, 1, 0},  {USM_EMAIL, 2, 0, 3, 0},   {USM_EMAIL, 3, 0, 7, 0},
        {USM_EMAIL, 4, 0, 14, 0}, {USM_EMAIL, 5, 0, 31, 0}, {USM_EMAIL, 0, 10, 10, 0}, {USM_EMAIL, 5, 10, 10, 0},
        {USM_EMAIL, 3, 10, 7, 0}, {USM_EVENT, 4, 0, 14, 0}, {USM_EVENT, 6, 0, 92, 0},  {USM_EVENT, 7, 0, 183, 0},
        {USM_EVENT, 0, 10, 0, 0}, {USM_TASK, 8, 0, 0, 1},   {USM_TASK, 0, 0, 0, 0},    {USM_CONTACT, 3, 0, 0, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        eas_ctx_t *ctx = map_ctx(141, NULL, *state);
        usm_turn_params_t params = {0};
        eas_options_t o;
        eas_options_init(&o);
        o.filter = rows[i].filter;
        ((eas_conf_t *)ctx->conf)->window_max_days = rows[i].limit;
        eas_options_apply(&params, &o, rows[i].cls, ctx);
        usm_time_t now = apr_time_as_msec(apr_time_now()), want = now - rows[i].days * USM_DAY_MS;
        if (rows[i].days ? params.since > want || params.since < want - 60000 : params.since != USM_TIME_NONE)
            fail_msg("row %zu: since", i);
        if (params.open_tasks_only != rows[i].open_only)
            fail_msg("row %zu: open tasks", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_classes), POOL_TEST(test_filters), POOL_TEST(test_pack),  POOL_TEST(test_unpack_rubbish),
        POOL_TEST(test_read),    POOL_TEST(test_sticky),  POOL_TEST(test_apply),
    };
    return RUN_TESTS(tests);
}
