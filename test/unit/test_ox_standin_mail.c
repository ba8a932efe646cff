/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: ox_mail.c ox_mail_get.c ox_mail_kind.c ox_mail_write.c ox_thread.c */
/* Mail of the OX backend against the stand-in. */
#include "ox_test.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <apr_strings.h>
#include <string.h>
#include <sys/resource.h>
#include <usm/fields.h>
#include "ox/ox_mail.h"

#define INBOX "default0/INBOX"

static const char seed[] =
    "{\"contexts\":[{\"id\":1,\"name\":\"example.org\",\"users\":["
    "{\"id\":4,\"login\":\"anton\",\"password\":\"secret\",\"displayName\":\"Anton Meier\","
    "\"email\":\"anton@example.org\",\"caps\":{\"usm\":true,\"active_sync\":true},\"contactId\":7,"
    "\"mails\":[{\"folder\":\"INBOX\",\"generate\":3000,\"seed\":1,\"until\":1700000000000},"
    "{\"from\":\"Berta <berta@example.org>\",\"subject\":\"Minutes\",\"text\":\"-\","
    "\"html\":\"<p>Hello w\\u00f6rld</p>\",\"date\":1700470800000,\"uid\":4710,\"message_id\":\"<m1@example.org>\","
    "\"headers\":{\"Reply-To\":\"Max M <max@example.org>\",\"References\":\"<m0@example.org>\"},"
    "\"attachments\":[{\"name\":\"minutes.pdf\",\"type\":\"application/pdf\",\"size\":18000},"
    "{\"name\":\"n.eml\",\"type\":\"message/rfc822\",\"text\":\"Subject: inner\\r\\n\\r\\nbody\"}]},"
    "{\"folder\":\"Eight\",\"raw64\":"
    "\"RnJvbTogYUBleGFtcGxlLm9yZwpTdWJqZWN0OiB4CkNvbnRlbnQtVHlwZTogdGV4dC9wbGFpbjsgY2hhc"
    "nNldD1sYXRpbjEKQ29udGVudC1UcmFuc2Zlci1FbmNvZGluZzogOGJpdAoK/Gb8Cg==\"}]},"
    "{\"id\":5,\"login\":\"berta\",\"password\":\"secret\",\"displayName\":\"Berta Beispiel\",\"email\":"
    "\"berta@example.org\",\"contactId\":8,\"caps\":{\"usm\":true,\"active_sync\":true}}]}]}";

typedef struct env_t {
    apr_pool_t *pool;
    standin_t *oxd;
    usm_bcall_t *call;
    const usm_backend_vtable_t *vt;
} env_t;

static const usm_brange_t everything = {.since = USM_TIME_NONE};
static const usm_bref_t inbox = {.id = INBOX, .cls = USM_EMAIL, .role = USM_ROLE_INBOX};

static int setup(void **state)
{
    apr_pool_t *pool;
    apr_pool_create(&pool, NULL);
    env_t *e = apr_pcalloc(pool, sizeof *e);
    e->pool = pool;
    e->oxd = standin_start(seed, pool);
    if (e->oxd) {
        usm_backend_t *be = test_backend(e->oxd->port, NULL, pool);
        e->vt = be->vt;
        e->call = test_call(be, pool);
    }
    *state = e;
    return 0;
}

static int teardown(void **state)
{
    apr_pool_destroy(((env_t *)*state)->pool);
    return 0;
}

#define NEED_STANDIN(e)                                                                                                \
    if (!(e)->oxd) {                                                                                                   \
        print_message("stand-in is not built (no libmicrohttpd)\n");                                                 \
        skip();                                                                                                        \
    }

static const char *deliver(env_t *e, const char *more)
{
    return standin_control(e->oxd, "module/mail",
                           apr_psprintf(e->pool, "{\"user\":\"anton\",\"folder\":\"" INBOX "\"%s}", more), e->pool);
}

/* ---- detection ---- */

static void test_listing(void **state)
{
    env_t *e = *state;
    NEED_STANDIN(e);
    noted_t n;
    usm_bsink_t sink = noted_sink(&n, e->pool);
    const char *cursor, *next;
    int changed;
    apr_uint64_t rev, before;
    test_ok(e->vt->changes(&cursor, e->call, &inbox, &everything, NULL, 0, &sink, e->pool, e->pool), "all");
    assert_int_equal(n.upserts, 3001);
    assert_int_equal(n.begins, 1);
    assert_int_equal(n.ends, 1);
    assert_true(noted_has(&n, '+', "4710", &rev));
    assert_int_equal(rev, OX_MAIL_REV);

    /* Nothing new: one call, the same text. */
    before = e->call->stats->backend_calls;
    test_ok(e->vt->changed(&changed, e->call, &inbox, cursor, e->pool), "changed");
    assert_false(changed);
    assert_int_equal(e->call->stats->backend_calls - before, 1);
    sink = noted_sink(&n, e->pool);
    before = e->call->stats->backend_calls;
    test_ok(e->vt->changes(&next, e->call, &inbox, &everything, cursor, 0, &sink, e->pool, e->pool), "nothing");
    assert_string_equal(next, cursor);
    assert_int_equal(n.lines->nelts, 0);
    assert_int_equal(e->call->stats->backend_calls - before, 1);

    /* A new mail: state and the newest chunk. */
    deliver(e, ",\"subject\":\"new\",\"text\":\"x\"");
    test_ok(e->vt->changed(&changed, e->call, &inbox, cursor, e->pool), "changed");
    assert_true(changed);
    before = e->call->stats->backend_calls;
    test_ok(e->vt->changes(&next, e->call, &inbox, &everything, cursor, 0, &sink, e->pool, e->pool), "new mail");
    assert_int_equal(e->call->stats->backend_calls - before, 2);
    assert_int_equal(n.begins, 0);
    assert_int_equal(n.upserts, 1);
    cursor = next;

    /* One in and one out: the counts do not add up, so everything is compared. */
    deliver(e, ",\"subject\":\"newer\",\"text\":\"x\"");
    standin_control(e->oxd, "module/mail",
                    "{\"op\":\"expunge\",\"user\":\"anton\",\"folder\":\"" INBOX "\",\"id\":\"4710\"}", e->pool);
    sink = noted_sink(&n, e->pool);
    test_ok(e->vt->changes(&next, e->call, &inbox, &everything, cursor, 0, &sink, e->pool, e->pool), "in and out");
    assert_int_equal(n.begins, 1);
    assert_false(noted_has(&n, '+', "4710", NULL));
    cursor = next;

    /* A flag that no counter shows is seen by a forced comparison only. */
    standin_control(e->oxd, "module/mail",
                    "{\"op\":\"flags\",\"user\":\"anton\",\"folder\":\"" INBOX "\",\"id\":\"4711\",\"flags\":9}",
                    e->pool);
    sink = noted_sink(&n, e->pool);
    test_ok(e->vt->changes(&next, e->call, &inbox, &everything, cursor, 1, &sink, e->pool, e->pool), "forced");
    assert_int_equal(n.begins, 1);
    assert_true(noted_has(&n, '+', "4711", &rev));
    assert_int_equal(rev, OX_MAIL_REV | 9);

    standin_control(e->oxd, "module/mail", "{\"op\":\"validity\",\"user\":\"anton\",\"folder\":\"" INBOX "\"}",
                    e->pool);
    test_fails(e->vt->changes(&next, e->call, &inbox, &everything, cursor, 0, &sink, e->pool, e->pool), USM_ECURSOR,
               "new ids");
}

static void flags_of(env_t *e, const char *id, int flags)
{
    standin_control(e->oxd, "module/mail",
                    apr_psprintf(e->pool, "{\"op\":\"flags\",\"user\":\"anton\",\"folder\":\"" INBOX
                                 "\",\"id\":\"%s\",\"flags\":%d}", id, flags), e->pool);
}

/* Flags of the newest mails are found without listing the folder; what they do not explain is. */
static void test_top_flags(void **state)
{
    env_t *e = *state;
    NEED_STANDIN(e);
    static const struct {
        const char *id;
        int flags, new_mail, full, calls;
    } rows[] = {
        {"4710", OX_FLAGGED | OX_ANSWERED, 0, 0, 2}, /* no counter shows it */
        {"4710", OX_SEEN, 0, 0, 2},
        {"2990", OX_FLAGGED, 0, 0, 2},
        {"4710", 0, 1, 0, 3},                        /* one has come as well */
        {"5", OX_SEEN | OX_ANSWERED, 0, 1, 0},       /* far behind: the counter of unread ones tells */
    };
    noted_t n;
    usm_bsink_t sink = noted_sink(&n, e->pool);
    const char *cursor, *next;
    apr_uint64_t rev;
    int changed;
    flags_of(e, "5", OX_ANSWERED);
    flags_of(e, "2990", OX_SEEN);
    ((ox_backend_t *)e->call->backend)->flag_compare_ms = 0;
    test_ok(e->vt->changes(&cursor, e->call, &inbox, &everything, NULL, 0, &sink, e->pool, e->pool), "all");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_ok(e->vt->changed(&changed, e->call, &inbox, cursor, e->pool), "before");
        assert_false(changed);
        if (rows[i].new_mail)
            deliver(e, ",\"subject\":\"new\",\"text\":\"x\"");
        flags_of(e, rows[i].id, rows[i].flags);
        test_ok(e->vt->changed(&changed, e->call, &inbox, cursor, e->pool), "changed");
        assert_true(changed);
        sink = noted_sink(&n, e->pool);
        apr_uint64_t before = e->call->stats->backend_calls;
        test_ok(e->vt->changes(&next, e->call, &inbox, &everything, cursor, 0, &sink, e->pool, e->pool), "flags");
        if (n.begins != rows[i].full)
            fail_msg("row %d: %d full listings", (int)i, n.begins);
        if (rows[i].calls)
            assert_int_equal(e->call->stats->backend_calls - before, rows[i].calls);
        assert_true(noted_has(&n, '+', rows[i].id, &rev));
        assert_int_equal(rev, OX_MAIL_REV | (apr_uint64_t)rows[i].flags);
        cursor = next;
    }
    /* Nothing new: the same text, so that nobody has to write it down. */
    sink = noted_sink(&n, e->pool);
    test_ok(e->vt->changes(&next, e->call, &inbox, &everything, cursor, 0, &sink, e->pool, e->pool), "nothing");
    assert_string_equal(next, cursor);
    assert_int_equal(n.lines->nelts, 0);
}

static void test_window(void **state)
{
    env_t *e = *state;
    NEED_STANDIN(e);
    noted_t n;
    usm_bsink_t sink = noted_sink(&n, e->pool);
    usm_brange_t range = {.since = APR_INT64_C(1700400000000)};
    const char *cursor;
    apr_uint64_t before = e->call->stats->backend_calls;
    test_ok(e->vt->changes(&cursor, e->call, &inbox, &range, NULL, 0, &sink, e->pool, e->pool), "window");
    assert_int_equal(n.upserts, 1);
    assert_true(noted_has(&n, '+', "4710", NULL));
    assert_int_equal(e->call->stats->backend_calls - before, 2);
    /* Mail that is marked deleted is not there. */
    standin_control(e->oxd, "module/mail",
                    "{\"op\":\"flags\",\"user\":\"anton\",\"folder\":\"" INBOX "\",\"id\":\"4710\",\"flags\":2}",
                    e->pool);
    sink = noted_sink(&n, e->pool);
    test_ok(e->vt->changes(&cursor, e->call, &inbox, &range, cursor, 1, &sink, e->pool, e->pool), "window");
    assert_int_equal(n.upserts, 0);
}

static void test_folder_gone(void **state)
{
    env_t *e = *state;
    NEED_STANDIN(e);
    noted_t n;
    usm_bsink_t sink = noted_sink(&n, e->pool);
    usm_bref_t gone = {.id = INBOX "/Nowhere", .cls = USM_EMAIL};
    const char *cursor;
    test_fails(e->vt->changes(&cursor, e->call, &gone, &everything, NULL, 0, &sink, e->pool, e->pool), USM_EFOLDER_GONE,
               "listing");
    assert_int_equal(n.begins, 0);
}

/* ---- reading ---- */

static void test_get(void **state)
{
    env_t *e = *state;
    NEED_STANDIN(e);
    usm_fetch_t fetch = fetch_all(USM_EMAIL, USM_BODY_TEXT | USM_BODY_HTML);
    usm_bget_t gets[2] = {{.id = "4710"}, {.id = "99999"}};
    test_ok(e->vt->get(gets, 2, e->call, &inbox, &fetch, e->pool, e->pool), "get");
    assert_null(gets[1].item);
    assert_null(gets[1].error);
    const usm_item_t *m = gets[0].item;
    assert_non_null(m);
    assert_int_equal(gets[0].rev, OX_MAIL_REV);
    assert_int_equal(gets[0].edge, APR_INT64_C(1700470800000));
    assert_string_equal(usm_item_text(m, USM_EMAIL_SUBJECT), "Minutes");
    assert_int_equal(usm_item_num(m, USM_EMAIL_RECEIVED, 0), APR_INT64_C(1700470800000));
    assert_int_equal(usm_item_num(m, USM_EMAIL_READ, -1), 0);
    assert_int_equal(usm_item_num(m, USM_EMAIL_IMPORTANCE, -1), USM_IMP_NORMAL);
    assert_string_equal(m->v[USM_EMAIL_FROM].u.addrs->items[0].addr, "berta@example.org");
    assert_string_equal(m->v[USM_EMAIL_FROM].u.addrs->items[0].name, "Berta");
    assert_string_equal(m->v[USM_EMAIL_REPLY_TO].u.addrs->items[0].addr, "max@example.org");
    assert_string_equal(usm_item_text(m, USM_EMAIL_MESSAGE_ID), "<m1@example.org>");
    assert_string_equal(usm_item_text(m, USM_EMAIL_REFERENCES), "<m0@example.org>");
    const usm_body_t *body = m->v[USM_EMAIL_BODY].u.body;
    assert_int_equal(body->native, USM_BODY_HTML);
    assert_string_equal(body->html.data, "<p>Hello w\xc3\xb6rld</p>");
    assert_string_equal(body->text.data, "Hello w\xc3\xb6rld");
    assert_false(body->text.truncated);
    assert_null(body->mime.data);
    const usm_attachments_t *files = m->v[USM_EMAIL_ATTACHMENTS].u.attachments;
    assert_int_equal(files->count, 2);
    assert_string_equal(files->items[0].name, "minutes.pdf");
    assert_int_equal(files->items[0].size, 18000);
    assert_true(files->items[1].is_message);

    /* Reading leaves the mail unread; cutting tells the whole size. */
    fetch.body_forms = USM_BODY_TEXT;
    fetch.text_max = 7;
    test_ok(e->vt->get(gets, 1, e->call, &inbox, &fetch, e->pool, e->pool), "get cut");
    body = gets[0].item->v[USM_EMAIL_BODY].u.body;
    assert_int_equal(usm_item_num(gets[0].item, USM_EMAIL_READ, -1), 0);
    assert_string_equal(body->text.data, "Hello w"); /* not half of the o umlaut */
    assert_true(body->text.truncated);
    assert_int_equal(body->text.full_size, 12);
    assert_int_equal(body->native, USM_BODY_HTML);
}

/* A thousand parts take no more room than their text needs. */
static void test_many_parts(void **state)
{
    env_t *e = *state;
    NEED_STANDIN(e);
    enum { PARTS = 1000, LINE = 2000 };
    apr_array_header_t *text = apr_array_make(e->pool, PARTS + 2, sizeof(const char *));
    APR_ARRAY_PUSH(text, const char *) = "From: a@example.org\r\nSubject: many\r\nMIME-Version: 1.0\r\n"
                                         "Content-Type: multipart/mixed; boundary=x\r\n\r\n";
    const char *part = apr_psprintf(e->pool, "--x\r\n\r\n%0*d\r\n", LINE, 7);
    for (int i = 0; i < PARTS; i++)
        APR_ARRAY_PUSH(text, const char *) = part;
    APR_ARRAY_PUSH(text, const char *) = "--x--\r\n";
    const char *mime = apr_array_pstrcat(e->pool, text, 0);
    usm_bwrite_t stored = {.edge = USM_TIME_NONE};
    test_ok(e->vt->store_mail(&stored, e->call, &inbox, mime, strlen(mime), USM_STORE_READ | USM_STORE_DRAFT,
                              e->pool, e->pool), "store");
    usm_fetch_t fetch = fetch_all(USM_EMAIL, USM_BODY_TEXT);
    usm_bget_t get = {.id = stored.id};
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    test_ok(e->vt->get(&get, 1, e->call, &inbox, &fetch, e->pool, e->pool), "get");
    getrusage(RUSAGE_SELF, &after);
    assert_non_null(get.item);
    assert_int_equal(get.item->v[USM_EMAIL_BODY].u.body->text.len, (LINE + 1) * PARTS - 1);
    assert_in_range(after.ru_maxrss - before.ru_maxrss, 0, 600 << 10);
}

static void test_mime(void **state)
{
    env_t *e = *state;
    NEED_STANDIN(e);
    usm_fetch_t fetch = fetch_all(USM_EMAIL, USM_BODY_MIME);
    usm_bref_t eight = {.id = "default0/Eight", .cls = USM_EMAIL};
    usm_bget_t get = {.id = "4710"};
    test_ok(e->vt->get(&get, 1, e->call, &inbox, &fetch, e->pool, e->pool), "MIME");
    const usm_body_t *body = get.item->v[USM_EMAIL_BODY].u.body;
    assert_non_null(strstr(body->mime.data, "Subject: Minutes"));
    assert_int_equal(body->mime.full_size, usm_item_num(get.item, USM_EMAIL_SIZE, 0));
    assert_int_equal(body->mime.len, body->mime.full_size);
    fetch.mime_max = 100;
    test_ok(e->vt->get(&get, 1, e->call, &inbox, &fetch, e->pool, e->pool), "MIME, cut");
    body = get.item->v[USM_EMAIL_BODY].u.body;
    assert_int_equal(body->mime.len, 100);
    assert_true(body->mime.truncated);
    assert_true(body->mime.full_size > 18000);

    /* 8-bit source comes byte for byte; its text is UTF-8. */
    noted_t n;
    usm_bsink_t sink = noted_sink(&n, e->pool);
    const char *cursor;
    fetch = fetch_all(USM_EMAIL, USM_BODY_MIME | USM_BODY_TEXT);
    test_ok(e->vt->changes(&cursor, e->call, &eight, &everything, NULL, 0, &sink, e->pool, e->pool), "list");
    get.id = "1";
    test_ok(e->vt->get(&get, 1, e->call, &eight, &fetch, e->pool, e->pool), "8-bit MIME");
    body = get.item->v[USM_EMAIL_BODY].u.body;
    assert_non_null(strstr(body->mime.data, "\n\xfc" "f\xfc"));
    assert_non_null(strstr(body->text.data, "\xc3\xbc" "f\xc3\xbc"));
}

static void test_many(void **state)
{
    env_t *e = *state;
    NEED_STANDIN(e);
    usm_fetch_t fetch = fetch_all(USM_EMAIL, USM_BODY_TEXT | USM_BODY_HTML | USM_BODY_MIME_IF_SIGNED);
    usm_bget_t gets[50];
    apr_uint64_t before = e->call->stats->backend_calls;
    fetch.text_max = fetch.html_max = 4096;
    for (int i = 0; i < 50; i++)
        gets[i] = (usm_bget_t){.id = apr_itoa(e->pool, i + 1)};
    test_ok(e->vt->get(gets, 50, e->call, &inbox, &fetch, e->pool, e->pool), "50 mails");
    assert_int_equal(e->call->stats->backend_calls - before, 1);
    for (int i = 0; i < 50; i++) {
        if (!gets[i].item || gets[i].error)
            fail_msg("mail %d cannot be read", i + 1);
        const usm_body_t *body = gets[i].item->v[USM_EMAIL_BODY].u.body;
        if (!body->text.data && !body->html.data)
            fail_msg("mail %d has no body", i + 1);
    }
}

/* ---- writing ---- */

static void test_flags(void **state)
{
    env_t *e = *state;
    NEED_STANDIN(e);
    usm_item_t *item = usm_item_create(USM_EMAIL, e->pool);
    usm_fieldset_t fields = {{0}};
    usm_flag_t flag = {.status = 2};
    usm_fetch_t fetch = fetch_all(USM_EMAIL, 0);
    usm_bwrite_t w = {.edge = 77};
    usm_bget_t get = {.id = "4710"};
    usm_item_set_num(item, USM_EMAIL_READ, 1);
    usm_item_set_ptr(item, USM_EMAIL_FLAG, &flag);
    USM_FIELDSET_ADD(&fields, USM_EMAIL_READ);
    USM_FIELDSET_ADD(&fields, USM_EMAIL_FLAG);
    test_ok(e->vt->update(&w, e->call, &inbox, "4710", item, &fields, OX_MAIL_REV, e->pool, e->pool), "set flags");
    assert_int_equal(w.rev, OX_MAIL_REV | OX_SEEN | OX_FLAGGED);
    assert_int_equal(w.edge, 77);
    test_ok(e->vt->get(&get, 1, e->call, &inbox, &fetch, e->pool, e->pool), "get");
    assert_int_equal(get.rev, w.rev);
    assert_int_equal(usm_item_num(get.item, USM_EMAIL_READ, -1), 1);
    assert_int_equal(get.item->v[USM_EMAIL_FLAG].u.flag->status, 2);
    usm_item_set_num(item, USM_EMAIL_READ, 0);
    usm_item_set_empty(item, USM_EMAIL_FLAG);
    test_ok(e->vt->update(&w, e->call, &inbox, "4710", item, &fields, 0, e->pool, e->pool), "clear flags");
    assert_int_equal(w.rev, OX_MAIL_REV);
    test_fails(e->vt->update(&w, e->call, &inbox, "99999", item, &fields, OX_MAIL_REV, e->pool, e->pool), USM_ENOTFOUND,
               "flags of a mail that is gone");

    test_ok(e->vt->remove(e->call, &inbox, "4710", USM_DELETE_TRASH, w.rev, e->pool), "to the trash");
    test_ok(e->vt->get(&get, 1, e->call, &inbox, &fetch, e->pool, e->pool), "get");
    assert_null(get.item);
    noted_t n;
    usm_bsink_t sink = noted_sink(&n, e->pool);
    usm_bref_t trash = {.id = "default0/Trash", .cls = USM_EMAIL};
    const char *cursor;
    test_ok(e->vt->changes(&cursor, e->call, &trash, &everything, NULL, 0, &sink, e->pool, e->pool), "trash");
    assert_int_equal(n.upserts, 1);
    test_fails(e->vt->add(&w, e->call, &inbox, item, "u", e->pool, e->pool), USM_EUNSUPPORTED, "add");
}

static void test_send(void **state)
{
    static const char mail[] = "From: Anton Meier <anton@example.org>\r\nTo: berta@example.org\r\nSubject: hi\r\n"
                               "Message-ID: <sent-1@example.org>\r\nMIME-Version: 1.0\r\n\r\nHello\r\n";
    static const char forged[] = "From: boss@example.org\r\nTo: berta@example.org\r\n\r\nHello\r\n";
    static const char lonely[] = "From: anton@example.org\r\nSubject: nobody\r\n\r\nHello\r\n";
    env_t *e = *state;
    NEED_STANDIN(e);
    int found;
    test_ok(e->vt->was_sent(&found, e->call, "<sent-1@example.org>", e->pool), "was sent");
    assert_false(found);
    test_ok(e->vt->send(e->call, mail, strlen(mail), 1, e->pool), "send");
    test_ok(e->vt->was_sent(&found, e->call, "<sent-1@example.org>", e->pool), "was sent");
    assert_true(found);
    test_ok(e->vt->was_sent(&found, e->call, "<sent-10@example.org>", e->pool), "another one was sent");
    assert_false(found);
    test_fails(e->vt->send(e->call, forged, strlen(forged), 1, e->pool), USM_ESENDER, "somebody else's address");
    test_fails(e->vt->send(e->call, lonely, strlen(lonely), 1, e->pool), USM_ERECIPIENT, "no recipient");
    /* Sent, but no room for the copy: not to be sent again, so no error. */
    standin_control(e->oxd, "switch", "{\"mail-quota\":\"full\"}", e->pool);
    test_ok(e->vt->send(e->call, mail, strlen(mail), 1, e->pool), "send with a full mailbox");
}

/* What kind of mail it is, by the type of the message and by one of its parts. */
static void test_kinds(void **state)
{
    static const struct {
        const char *type, *part, *text;
        int kind;
    } rows[] = {
        {"text/plain", NULL, "x", USM_MAIL_NOTE},
        {"multipart/signed", "application/pkcs7-signature", "x", USM_MAIL_CLEAR_SIGNED},
        {"application/pkcs7-mime; name=smime.p7m", NULL, "x", USM_MAIL_SEALED},
        {"multipart/report", "message/delivery-status", "Action: failed", USM_MAIL_FAILED},
        {"multipart/report", "message/delivery-status", "A: b\\r\\n\\r\\nAction: delayed", USM_MAIL_DELAYED},
        {"multipart/report", "message/delivery-status", "action:relayed", USM_MAIL_DELIVERED},
        {"multipart/report", "message/delivery-status", "", USM_MAIL_FAILED},
        {"multipart/report", "message/disposition-notification", "Disposition: a/b; displayed", USM_MAIL_READ},
        {"multipart/report", "message/disposition-notification", "Disposition: a/b;deleted", USM_MAIL_UNREAD},
        {"multipart/alternative", "text/calendar",
         "BEGIN:VCALENDAR\\r\\nMETHOD:REQUEST\\r\\nBEGIN:VEVENT\\r\\nUID:u\\r\\nDTSTART:20300101T000000Z\\r\\n"
         "END:VEVENT\\r\\nEND:VCALENDAR", USM_MAIL_MEETING},
        {"multipart/alternative", "text/calendar", "no calendar", USM_MAIL_NOTE},
        {"multipart/mixed", "application/ics", "BEGIN:VCALENDAR", USM_MAIL_NOTE},
    };
    env_t *e = *state;
    NEED_STANDIN(e);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *body = rows[i].part ? apr_pstrcat(e->pool, "--b\\r\\nContent-Type: text/plain\\r\\n\\r\\nx\\r\\n--b"
                                                      "\\r\\nContent-Type: ", rows[i].part, "\\r\\n\\r\\n",
                                                      rows[i].text, "\\r\\n--b--", NULL)
                                        : rows[i].text;
        deliver(e, apr_pstrcat(e->pool, ",\"uid\":", apr_itoa(e->pool, 9000 + (int)i),
                               ",\"raw\":\"Subject: x\\r\\nMIME-Version: 1.0\\r\\nContent-Type: ", rows[i].type,
                               "; boundary=b\\r\\n\\r\\n", body, "\\r\\n\"", NULL));
        usm_fetch_t fetch = {.text_max = 100};
        USM_FIELDSET_ADD(&fetch.fields, USM_EMAIL_KIND);
        USM_FIELDSET_ADD(&fetch.fields, USM_EMAIL_ATTACHMENTS);
        usm_bget_t get = {.id = apr_itoa(e->pool, 9000 + (int)i)};
        test_ok(e->vt->get(&get, 1, e->call, &inbox, &fetch, e->pool, e->pool), "get");
        assert_non_null(get.item);
        if (usm_item_num(get.item, USM_EMAIL_KIND, -1) != rows[i].kind)
            fail_msg("row %d: kind %d", (int)i, (int)usm_item_num(get.item, USM_EMAIL_KIND, -1));
        assert_int_equal(usm_item_isset(get.item, USM_EMAIL_MEETING), rows[i].kind == USM_MAIL_MEETING);
    }
}

typedef struct seen_t {
    int count;
    const char *references, *message_id;
    apr_pool_t *pool;
} seen_t;

static usm_error_t *on_thread(void *baton, const char *id, usm_time_t received, const usm_item_t *mail)
{
    seen_t *s = baton;
    s->count++;
    if (strcmp(id, "4710") == 0) {
        s->references = apr_pstrdup(s->pool, usm_item_text(mail, USM_EMAIL_REFERENCES));
        s->message_id = apr_pstrdup(s->pool, usm_item_text(mail, USM_EMAIL_MESSAGE_ID));
    }
    return s->count == 7 ? USM_ERROR(s->pool, USM_ELIMIT, "enough") : NULL;
}

static void test_threads(void **state)
{
    env_t *e = *state;
    NEED_STANDIN(e);
    const usm_bref_t gone = {.id = "default0/None", .cls = USM_EMAIL};
    seen_t s = {.pool = e->pool};
    test_ok(e->vt->threads(e->call, &inbox, 5, on_thread, &s, e->pool), "five");
    assert_int_equal(s.count, 5);
    assert_string_equal(s.references, "<m0@example.org>");
    assert_string_equal(s.message_id, "<m1@example.org>");
    test_fails(e->vt->threads(e->call, &inbox, 5, on_thread, &s, e->pool), USM_ELIMIT, "stopped");
    test_fails(e->vt->threads(e->call, &gone, 5, on_thread, &s, e->pool), USM_EFOLDER_GONE, "no folder");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_listing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_top_flags, setup, teardown),
        cmocka_unit_test_setup_teardown(test_window, setup, teardown),
        cmocka_unit_test_setup_teardown(test_folder_gone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_get, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_parts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mime, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many, setup, teardown),
        cmocka_unit_test_setup_teardown(test_flags, setup, teardown),
        cmocka_unit_test_setup_teardown(test_kinds, setup, teardown),
        cmocka_unit_test_setup_teardown(test_send, setup, teardown),
        cmocka_unit_test_setup_teardown(test_threads, setup, teardown),
    };
    apr_initialize();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
