/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: eas_mapbody.c */
/* Bodies: which form a device gets, how it is cut, and what it may send. */
#include "map_test.h"

#include <usm/fields.h>

#define TEXT(data_) .text = {.data = data_, .len = sizeof(data_) - 1, .full_size = sizeof(data_) - 1}
#define HTML(data_) .html = {.data = data_, .len = sizeof(data_) - 1, .full_size = sizeof(data_) - 1}
#define MIME(data_) .mime = {.data = data_, .len = sizeof(data_) - 1, .full_size = sizeof(data_) - 1}
#define PREF(type_, max_) {.type = type_, .truncation = max_}
#define HEAD "<html><head><meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\"></head><body>"

static const usm_body_t
    plain = {.native = USM_BODY_TEXT, TEXT("plain text")},
    html = {.native = USM_BODY_HTML, HTML("<p>html</p>")},
    both = {.native = USM_BODY_HTML, HTML("<p>html</p>"), TEXT("text")},
    all = {.native = USM_BODY_HTML, HTML("<p>html</p>"), TEXT("text"), MIME("Subject: x\r\n\r\nmime")},
    umlauts = {.native = USM_BODY_TEXT, TEXT("\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80!")},
    signed_ = {.native = USM_BODY_TEXT, TEXT("text"), MIME("Subject: x\r\n\r\nsigned"), .is_signed = 1},
    raw8 = {.native = USM_BODY_TEXT, TEXT("text"), MIME("S: \xFF\r\n\r\nx"), .is_signed = 1},
    huge = {.native = USM_BODY_HTML, .html = {.data = "<p>start", .len = 8, .full_size = 1000000, .truncated = 1}},
    empty = {.native = USM_BODY_TEXT, TEXT("")};

typedef struct row_t {
    const usm_body_t *body;
    eas_view_t view;
    const char *want; /* children of Body; NULL: no Body */
} row_t;

static const char *encoded(unsigned version, usm_class_e cls, const row_t *row, apr_pool_t *pool)
{
    usm_item_t *item = usm_item_create(cls, pool);
    eas_view_t view = row->view;
    if (view.mime_truncation == 0)
        view.mime_truncation = -1; /* rows that say nothing */
    usm_item_set_ptr(item,
                     cls == USM_EMAIL   ? (int)USM_EMAIL_BODY
                     : cls == USM_EVENT ? (int)USM_EVENT_BODY
                                        : (int)USM_CONTACT_BODY,
                     row->body);
    const eas_node_t *node = map_encode(map_ctx(version, NULL, pool), item, NULL, &view, pool);
    node = eas_node_child(node, EAS_AirSyncBase_Body);
    return node ? map_text(node, pool) : NULL;
}

static void run_rows(const row_t *rows, size_t count, unsigned version, usm_class_e cls, apr_pool_t *pool)
{
    for (size_t i = 0; i < count; i++) {
        const char *got = encoded(version, cls, &rows[i], pool);
        if (!got != !rows[i].want || (got && strcmp(got, rows[i].want) != 0))
            fail_msg("row %zu:\n got %s\nwant %s", i, got, rows[i].want);
    }
}

/* The native type if it was asked for, else the other one converted. */
static void test_choice(void **state)
{
    static const row_t rows[] = {
        {&plain, {.prefs = 2, .pref = {PREF(1, -1), PREF(2, -1)}}, "Type=1 EstimatedDataSize=10 Data='plain text'"},
        {&plain, {.prefs = 2, .pref = {PREF(2, -1), PREF(1, -1)}}, "Type=1 EstimatedDataSize=10 Data='plain text'"},
        {&html, {.prefs = 2, .pref = {PREF(1, -1), PREF(2, -1)}}, "Type=2 EstimatedDataSize=11 Data=<p>html</p>"},
        {&html, {.prefs = 1, .pref = {PREF(1, -1)}}, "Type=1 EstimatedDataSize=4 Data=html"},
        {&both, {.prefs = 1, .pref = {PREF(1, -1)}}, "Type=1 EstimatedDataSize=4 Data=text"},
        {&plain, {.prefs = 1, .pref = {PREF(2, -1)}},
         "Type=2 EstimatedDataSize=116 Data='" HEAD "plain text</body></html>'"},
        /* only RTF, or MIME that may not be had: the native type stands in */
        {&plain, {.prefs = 1, .pref = {PREF(3, -1)}}, "Type=1 EstimatedDataSize=10 Data='plain text'"},
        {&html, {.prefs = 1, .pref = {PREF(4, 3)}}, "Type=2 EstimatedDataSize=11 Truncated=1 Data=<p>"},
        {&all, {.prefs = 1, .pref = {PREF(4, -1)}, .mime_support = 1}, "Type=2 EstimatedDataSize=11 Data=<p>html</p>"},
        /* MIME */
        {&all, {.prefs = 2, .pref = {PREF(2, -1), PREF(4, -1)}, .mime_support = 2},
         "Type=4 EstimatedDataSize=18 Data='Subject: x\r\n\r\nmime'"},
        {&all, {.prefs = 2, .pref = {PREF(2, -1), PREF(4, -1)}, .mime_support = 1},
         "Type=2 EstimatedDataSize=11 Data=<p>html</p>"},
        {&all, {.prefs = 2, .pref = {PREF(2, -1), PREF(4, -1)}}, "Type=2 EstimatedDataSize=11 Data=<p>html</p>"},
        {&all, {.prefs = 1, .pref = {PREF(2, -1)}, .mime_support = 2}, "Type=2 EstimatedDataSize=11 Data=<p>html</p>"},
        {&signed_, {.prefs = 2, .pref = {PREF(1, -1), PREF(4, -1)}, .mime_support = 1},
         "Type=4 EstimatedDataSize=20 Data='Subject: x\r\n\r\nsigned'"},
        {&empty, {.prefs = 1, .pref = {PREF(1, -1)}}, "Type=1 EstimatedDataSize=0"},
        {&empty, {.prefs = 1, .pref = {PREF(1, 0)}}, "Type=1 EstimatedDataSize=0"},
    };
    run_rows(rows, COUNT(rows), 141, USM_EMAIL, *state);
}

/* Characters stay whole; a signed message is never cut. */
static void test_truncation(void **state)
{
    static const row_t rows[] = {
        {&plain, {.prefs = 1, .pref = {PREF(1, 5)}}, "Type=1 EstimatedDataSize=10 Truncated=1 Data=plain"},
        {&plain, {.prefs = 1, .pref = {PREF(1, 10)}}, "Type=1 EstimatedDataSize=10 Data='plain text'"},
        {&plain, {.prefs = 1, .pref = {PREF(1, 0)}}, "Type=1 EstimatedDataSize=10 Truncated=1"},
        {&umlauts, {.prefs = 1, .pref = {PREF(1, 1)}}, "Type=1 EstimatedDataSize=10 Truncated=1"},
        {&umlauts, {.prefs = 1, .pref = {PREF(1, 2)}}, "Type=1 EstimatedDataSize=10 Truncated=1 Data=\xC3\xA4"},
        {&umlauts, {.prefs = 1, .pref = {PREF(1, 4)}}, "Type=1 EstimatedDataSize=10 Truncated=1 Data=\xC3\xA4"},
        {&umlauts,
         {.prefs = 1, .pref = {PREF(1, 8)}},
         "Type=1 EstimatedDataSize=10 Truncated=1 Data=\xC3\xA4\xE2\x82\xAC"},
        {&umlauts,
         {.prefs = 1, .pref = {PREF(1, 9)}},
         "Type=1 EstimatedDataSize=10 Truncated=1 Data=\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"},
        {&all,
         {.prefs = 1, .pref = {PREF(4, 7)}, .mime_support = 2},
         "Type=4 EstimatedDataSize=18 Truncated=1 Data=Subject"},
        {&all,
         {.prefs = 1, .pref = {PREF(4, -1)}, .mime_support = 2, .mime_truncation = 7},
         "Type=4 EstimatedDataSize=18 Truncated=1 Data=Subject"},
        {&signed_,
         {.prefs = 1, .pref = {PREF(4, 7)}, .mime_support = 2, .mime_truncation = 3},
         "Type=4 EstimatedDataSize=20 Data='Subject: x\r\n\r\nsigned'"},
        {&raw8,
         {.prefs = 1, .pref = {PREF(4, -1)}, .mime_support = 2},
         "Type=4 EstimatedDataSize=9 Data=#S: \xFF\r\n\r\nx"},
        /* the server has given the start only */
        {&huge, {.prefs = 1, .pref = {PREF(2, 500)}}, "Type=2 EstimatedDataSize=1000000 Truncated=1 Data=<p>start"},
        {&huge, {.prefs = 1, .pref = {PREF(1, 500)}}, "Type=1 EstimatedDataSize=1000000 Truncated=1 Data=start"},
    };
    run_rows(rows, COUNT(rows), 141, USM_EMAIL, *state);
}

#define AON(type_, max_) {.type = type_, .truncation = max_, .all_or_none = 1}
static void test_all_or_none(void **state)
{
    static const row_t rows[] = {
        {&both, {.prefs = 2, .pref = {AON(2, 5), AON(1, 5)}}, "Type=1 EstimatedDataSize=4 Data=text"},
        {&both, {.prefs = 2, .pref = {AON(2, 11), AON(1, 5)}}, "Type=2 EstimatedDataSize=11 Data=<p>html</p>"},
        {&both, {.prefs = 2, .pref = {AON(2, -1), AON(1, 5)}}, "Type=2 EstimatedDataSize=11 Data=<p>html</p>"},
        /* none is left: the size alone */
        {&plain, {.prefs = 1, .pref = {AON(1, 5)}}, "Type=1 EstimatedDataSize=10 Truncated=1"},
        {&both, {.prefs = 2, .pref = {AON(2, 2), AON(1, 2)}}, "Type=1 EstimatedDataSize=4 Truncated=1"},
        {&huge, {.prefs = 1, .pref = {AON(1, 5000)}}, "Type=1 EstimatedDataSize=1000000 Truncated=1"},
        /* MIME too large: the next type; a signed one goes all the same */
        {&all, {.prefs = 2, .pref = {PREF(2, -1), AON(4, 7)}, .mime_support = 2},
         "Type=2 EstimatedDataSize=11 Data=<p>html</p>"},
        {&signed_, {.prefs = 1, .pref = {AON(4, 7)}, .mime_support = 2},
         "Type=4 EstimatedDataSize=20 Data='Subject: x\r\n\r\nsigned'"},
    };
    run_rows(rows, COUNT(rows), 141, USM_EMAIL, *state);
}

#define PREVIEW(type_, max_, chars_) {.type = type_, .truncation = max_, .preview = chars_}
static void test_preview(void **state)
{
    static const row_t rows[] = {
        {&html, {.prefs = 1, .pref = {PREVIEW(2, 0, 3)}}, "Type=2 EstimatedDataSize=11 Truncated=1 Preview=htm"},
        {&plain, {.prefs = 1, .pref = {PREVIEW(1, -1, 255)}},
         "Type=1 EstimatedDataSize=10 Data='plain text' Preview='plain text'"},
        {&umlauts, {.prefs = 1, .pref = {PREVIEW(1, 0, 2)}},
         "Type=1 EstimatedDataSize=10 Truncated=1 Preview=\xC3\xA4\xE2\x82\xAC"},
        {&plain, {.prefs = 1, .pref = {{.type = 1, .truncation = 5, .all_or_none = 1, .preview = 2}}},
         "Type=1 EstimatedDataSize=10 Truncated=1 Preview=pl"},
    };
    run_rows(rows, COUNT(rows), 141, USM_EMAIL, *state);
    static const row_t old = {
        &plain, {.prefs = 1, .pref = {PREVIEW(1, 0, 3)}}, "Type=1 EstimatedDataSize=10 Truncated=1"};
    run_rows(&old, 1, 121, USM_EMAIL, *state);
}

/* Without a preference a mail tells its size, and everything else comes as text. */
static void test_no_preference(void **state)
{
    static const row_t mail[] = {
        {&plain, {.prefs = 0}, "Type=1 EstimatedDataSize=10 Truncated=1"},
        {&html, {.prefs = 0}, "Type=2 EstimatedDataSize=11 Truncated=1"},
        {&empty, {.prefs = 0}, "Type=1 EstimatedDataSize=0"},
        {&html, {.full = 1}, "Type=2 EstimatedDataSize=11 Data=<p>html</p>"},
    };
    static const row_t other[] = {{&plain, {.prefs = 0}, "Type=1 EstimatedDataSize=10 Data='plain text'"},
                                  {&html, {.prefs = 0}, "Type=1 EstimatedDataSize=4 Data=html"}};
    run_rows(mail, COUNT(mail), 141, USM_EMAIL, *state);
    run_rows(other, COUNT(other), 141, USM_CONTACT, *state);
}

static void test_native_type(void **state)
{
    usm_item_t *item = usm_item_create(USM_EMAIL, *state);
    usm_item_set_ptr(item, USM_EMAIL_BODY, &html);
    const eas_node_t *node = map_encode(map_ctx(120, NULL, *state), item, NULL, NULL, *state);
    assert_string_equal(eas_node_child_text(node, EAS_AirSyncBase_NativeBodyType), "2");
    node = map_encode(map_ctx(25, NULL, *state), item, NULL, NULL, *state);
    assert_null(eas_node_child(node, EAS_AirSyncBase_NativeBodyType));
}

/* ---- version 2.5 ---- */

static const char *only_bodies(const eas_node_t *node, apr_pool_t *pool)
{
    static const unsigned tags[] = {EAS_Email_BodySize,         EAS_Email_BodyTruncated,    EAS_Email_Body,
                                    EAS_Email_MIMETruncated,    EAS_Email_MIMEData,         EAS_Email_MIMESize,
                                    EAS_Contacts_BodySize,      EAS_Contacts_BodyTruncated, EAS_Contacts_Body,
                                    EAS_Calendar_BodyTruncated, EAS_Calendar_Body};
    const char *text = "";
    for (size_t i = 0; i < COUNT(tags); i++) {
        const char *one = eas_node_child_text(node, tags[i]);
        if (one)
            text = apr_pstrcat(pool, text, *text ? " " : "", eas_token_find(tags[i])->name, "=", one, NULL);
    }
    return text;
}

static void test_bodies25(void **state)
{
    static const struct {
        usm_class_e cls;
        const usm_body_t *body;
        eas_view_t view;
        const char *want;
    } rows[] = {
        {USM_EMAIL, &plain, {.truncation = -1}, "BodySize=10 BodyTruncated=0 Body=plain text"},
        {USM_EMAIL, &html, {.truncation = -1}, "BodySize=4 BodyTruncated=0 Body=html"},
        {USM_EMAIL, &plain, {.truncation = 5}, "BodySize=10 BodyTruncated=1 Body=plain"},
        {USM_EMAIL, &plain, {.truncation = 0}, "BodySize=10 BodyTruncated=1"},
        {USM_EMAIL, &umlauts, {.truncation = 4}, "BodySize=10 BodyTruncated=1 Body=\xC3\xA4"},
        {USM_EMAIL, &plain, {.truncation = 5, .full = 1}, "BodySize=10 BodyTruncated=0 Body=plain text"},
        {USM_EMAIL, &all, {.truncation = -1, .mime_support = 2, .mime_truncation = 7},
         "MIMETruncated=1 MIMEData=Subject MIMESize=18"},
        {USM_EMAIL, &all, {.truncation = -1, .mime_support = 1}, "BodySize=4 BodyTruncated=0 Body=text"},
        {USM_EMAIL, &signed_, {.truncation = -1, .mime_support = 1, .mime_truncation = 7},
         "MIMETruncated=0 MIMEData=Subject: x\r\n\r\nsigned MIMESize=20"},
        {USM_CONTACT, &plain, {.truncation = -1}, "BodySize=10 BodyTruncated=0 Body=plain text"},
        {USM_EVENT, &plain, {.truncation = 5}, "BodyTruncated=1 Body=plain"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        usm_item_t *item = usm_item_create(rows[i].cls, *state);
        usm_item_set_ptr(item, rows[i].cls == USM_EMAIL ? (int)USM_EMAIL_BODY
                               : rows[i].cls == USM_EVENT ? (int)USM_EVENT_BODY : (int)USM_CONTACT_BODY, rows[i].body);
        const eas_node_t *node = map_encode(map_ctx(25, NULL, *state), item, NULL, &rows[i].view, *state);
        if (strcmp(only_bodies(node, *state), rows[i].want) != 0)
            fail_msg("row %zu: %s", i, only_bodies(node, *state));
    }
}

/* ---- from devices ---- */

static void test_decode(void **state)
{
    static const struct {
        unsigned version;
        const char *text;
        int want; /* USM_SET …, -1: refused */
        const char *body;
    } rows[] = {
        {141, "AirSyncBase:Body{Type=1 Data='a b'}", USM_SET, "a b"},
        {141, "AirSyncBase:Body{Type=1 EstimatedDataSize=3 Truncated=0 Data=abc}", USM_SET, "abc"},
        {141, "AirSyncBase:Body{Type=2 Data='<p>a</p><p>b</p>'}", USM_SET, "a\r\n\r\nb"},
        {141, "AirSyncBase:Body", USM_EMPTY, NULL},
        {141, "AirSyncBase:Body{Type=1 Data}", USM_EMPTY, NULL},
        {141, "AirSyncBase:Body{Type=2 Data=<br>}", USM_EMPTY, NULL},
        /* without Data, or with its start alone, nothing is said about the whole */
        {141, "AirSyncBase:Body{Type=1}", USM_ABSENT, NULL},
        {141, "AirSyncBase:Body{Type=1 EstimatedDataSize=9 Truncated=1 Data=abc}", USM_ABSENT, NULL},
        {141, "AirSyncBase:Body{Type=3 Data=e1xydGY}", USM_ABSENT, NULL},
        {141, "AirSyncBase:Body{Data=x}", -1, NULL},
        {141, "AirSyncBase:Body{Type=9 Data=x}", -1, NULL},
        /* opaque is allowed, and is not trusted */
        {141, "AirSyncBase:Body{Type=1 Data=#abc}", USM_SET, "abc"},
        {141, "AirSyncBase:Body{Type=1 Data=#a%FF%01b}", USM_SET, "a\xEF\xBF\xBD\xEF\xBF\xBD" "b"},
        {141, "AirSyncBase:Body{Type=2 Data=#a%FFb}", USM_SET, "a\xEF\xBF\xBD" "b"},
        {25, "Contacts:Body=abc", USM_SET, "abc"},
        {25, "Contacts:Body", USM_EMPTY, NULL},
        {25, "Contacts:BodySize=9 BodyTruncated=1 Body=abc", USM_ABSENT, NULL},
        {25, "Contacts:BodySize=9 BodyTruncated=0 Body=abc", USM_SET, "abc"},
        {120, "Contacts:Body=abc", USM_ABSENT, NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        usm_item_t *item = map_decode(map_ctx(rows[i].version, NULL, *state), USM_CONTACT, rows[i].text, "5:1", *state);
        if (!item != (rows[i].want == -1))
            fail_msg("row %zu (%s) is %s", i, rows[i].text, item ? "taken" : "refused");
        if (item && (int)usm_item_state(item, USM_CONTACT_BODY) != rows[i].want)
            fail_msg("row %zu (%s): state %d", i, rows[i].text, usm_item_state(item, USM_CONTACT_BODY));
        const usm_body_t *body = rows[i].want == USM_SET ? item->v[USM_CONTACT_BODY].u.body : NULL;
        if (body && (body->text.len != strlen(rows[i].body) || strcmp(body->text.data, rows[i].body) != 0))
            fail_msg("row %zu (%s): \"%s\"", i, rows[i].text, body->text.data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_choice),   POOL_TEST(test_truncation),    POOL_TEST(test_all_or_none),
        POOL_TEST(test_preview),  POOL_TEST(test_no_preference), POOL_TEST(test_native_type),
        POOL_TEST(test_bodies25), POOL_TEST(test_decode),
    };
    return RUN_TESTS(tests);
}
