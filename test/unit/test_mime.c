/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: mime.c mime_answer.c mime_draft.c */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <apr_tables.h>
#include <stdlib.h>
#include <string.h>
#include "util/mime.h"
#include "util/text.h"

static apr_pool_t *pool;

#define HEAD                                                                                                           \
    "From: Anton <anton@example.org>\r\nTo: a@example.net\r\nDate: Mon, 20 Nov 2023 09:00:00 +0000\r\n"               \
    "Message-ID: <m@example.org>\r\nMIME-Version: 1.0\r\n"
#define SIGNED_PART                                                                                                    \
    "Content-Type: text/plain;\r\n   charset=utf-8\r\nX-Odd:   spaces  \r\nContent-Transfer-Encoding: "                \
    "quoted-printable\r\n"                                                                                             \
    "\r\nline =C3=BC \r\n\r\n-- \r\nend"
#define SIGNED                                                                                                         \
    "Content-Type: multipart/signed; boundary=\"b1\"; micalg=sha-256; "                                                \
    "protocol=\"application/pkcs7-signature\"\r\n\r\n"                                                                 \
    "--b1\r\n" SIGNED_PART "\r\n--b1\r\nContent-Type: application/pkcs7-signature\r\n"                                 \
    "Content-Transfer-Encoding: base64\r\n\r\nMIIB\r\n--b1--\r\n"

static usm__mail_t prepare(const char *in)
{
    usm__mail_t mail;
    usm_error_t *err = usm__mime_prepare(&mail, in, strlen(in), NULL, pool);
    if (err)
        fail_msg("%s", usm_error_text(err, pool));
    assert_true(usm__text_is_ascii(mail.data, mail.len));
    return mail;
}

/* A message with all it needs keeps its bytes, not even copied. */
static void test_untouched(void **state)
{
    static const char *const rows[] = {
        HEAD "Subject: =?utf-8?q?=C3=BC?=\r\n\r\nHello\r\n",
        HEAD SIGNED,
        HEAD "Content-Type: multipart/mixed; boundary=x\r\n\r\npreamble\r\n--x\r\n\r\na\r\n--x--\r\nepilogue",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        usm__mail_t mail = prepare(rows[i]);
        if (mail.data != rows[i] || mail.len != strlen(rows[i]) || mail.recipients != 1 ||
            strcmp(mail.from, "anton@example.org") != 0 || strcmp(mail.message_id, "<m@example.org>") != 0)
            fail_msg("row %d", (int)i);
    }
}

static const struct {
    const char *in;
    int recipients;
    const char *from;
} count_rows[] = {
    {"From: a@x\r\nTo: b@x, \"C, D\" <c@x>\r\nCc: d@x\r\nBcc: e@x\r\n\r\n", 4, "a@x"},
    {"To: g: b@x, c@x;\r\n\r\n", 2, NULL},
    {"From: a@x\r\nSubject: none\r\n\r\n", 0, "a@x"},
    {"From: a@x, b@x\r\nTo:\r\n\r\n", 0, "a@x"},
    {"From: =?utf-8?b?w7w=?= <a@x>\r\nTo: undisclosed-recipients:;\r\nBcc: e@x\r\n\r\n", 1, "a@x"},
};

static void test_count(void **state)
{
    for (size_t i = 0; i < sizeof count_rows / sizeof count_rows[0]; i++) {
        usm__mail_t mail = prepare(count_rows[i].in);
        int same = count_rows[i].from ? mail.from && strcmp(mail.from, count_rows[i].from) == 0 : !mail.from;
        if (mail.recipients != count_rows[i].recipients || !same)
            fail_msg("row %d: %d recipients, from %s", (int)i, mail.recipients, mail.from ? mail.from : "none");
    }
}

/* What is missing is put in front; the rest keeps its bytes. */
static void test_missing(void **state)
{
    static const char in[] = "From: a@example.org\r\nTo: b@x\r\n\r\nHello\r\n";
    usm__mail_t mail = prepare(in), other = prepare(in);
    assert_string_equal(mail.data + mail.len - strlen(in), in);
    assert_int_equal(mail.message_id[0], '<');
    assert_non_null(strstr(mail.message_id, "@example.org>"));
    assert_non_null(strstr(mail.data, apr_pstrcat(pool, "Message-ID: ", mail.message_id, "\r\n", NULL)));
    assert_non_null(strstr(mail.data, "\r\nDate: "));
    assert_non_null(strstr(mail.data, " +0000\r\n"));
    assert_non_null(strstr(mail.data, "MIME-Version: 1.0\r\n"));
    assert_string_not_equal(mail.message_id, other.message_id);
    mail = prepare("From: a@x\nTo: b@x\nMessage-ID: <1@x>\nDate: x\nMIME-Version: 1.0\n\nHello\nyou\n");
    assert_string_equal(mail.data, "From: a@x\r\nTo: b@x\r\nMessage-ID: <1@x>\r\nDate: x\r\nMIME-Version: 1.0\r\n\r\n"
                                   "Hello\r\nyou\r\n");
}

/* 8-bit text is encoded, and says the same afterwards. */
static void test_encode(void **state)
{
    usm__mail_t mail = prepare(HEAD "Subject: Gr\xc3\xbc\xc3\x9f" "e\r\nContent-Type: text/plain; charset=utf-8\r\n"
                                    "Content-Transfer-Encoding: 8bit\r\n\r\nGr\xc3\xbc\xc3\x9f" "e\r\n");
    assert_non_null(strstr(mail.data, "Subject: =?"));
    assert_null(strstr(mail.data, "8bit"));
    assert_true(strstr(mail.data, "Gr=C3=BC=C3=9Fe") || strstr(mail.data, "R3LDvMOfZ"));
    assert_non_null(strstr(mail.data, "Message-ID: <m@example.org>"));

    mail = prepare("From: =?utf-8?q?x?= <a@x>\r\nTo: J\xc3\xbcrgen <b@x>\r\nMessage-ID: <1@x>\r\n\r\nHello\r\n");
    assert_int_equal(mail.recipients, 1);
    assert_non_null(strstr(mail.data, "<b@x>"));

    /* parts: the 8-bit one is encoded, its clean neighbour is not */
    mail = prepare(
        HEAD "Content-Type: multipart/mixed; boundary=q\r\n\r\n--q\r\nContent-Type: text/plain\r\n\r\nclean one\r\n"
             "--q\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\xc3\xbc\r\n"
             "--q\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n"
             "\xff\xfe\x80\r\n--q--\r\n");
    assert_non_null(strstr(mail.data, "\r\n\r\nclean one\r\n"));
    assert_non_null(strstr(mail.data, "base64"));

    /* a line too long for mail servers */
    char *line = apr_palloc(pool, 3001);
    memset(line, 'x', 3000);
    line[3000] = '\0';
    mail = prepare(apr_pstrcat(pool, HEAD "Content-Type: text/plain\r\n\r\n", line, "\r\n", NULL));
    size_t longest = 0;
    for (const char *p = mail.data; *p; p += strcspn(p, "\n") + (p[strcspn(p, "\n")] != '\0'))
        longest = strcspn(p, "\n") > longest ? strcspn(p, "\n") : longest;
    assert_in_range(longest, 1, 999);
}

/* A signed part keeps its bytes although the header above it had to be encoded. */
static void test_signed(void **state)
{
    usm__mail_t mail = prepare(HEAD "Subject: \xc3\xbc\r\n" SIGNED);
    assert_non_null(strstr(mail.data, "\r\n" SIGNED_PART "\r\n--b1\r\n"));
    assert_non_null(strstr(mail.data, "Subject: =?"));
    mail = prepare(HEAD "Subject: \xc3\xbc\r\nContent-Type: multipart/mixed; boundary=out\r\n\r\n--out\r\n" SIGNED
                        "\r\n--out--\r\n");
    assert_non_null(strstr(mail.data, "\r\n" SIGNED_PART "\r\n--b1\r\n"));
}

static void test_refused(void **state)
{
    static const char *const rows[] = {
        "",
        "hello",
        "\r\n\r\nbody",
        "{\"json\":1}",
        HEAD "Content-Type: multipart/signed; boundary=\"b1\"; protocol=\"x/y\"\r\n\r\n--b1\r\nContent-Type: "
             "text/plain\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\xc3\xbc\r\n--b1\r\nContent-Type: "
             "x/y\r\n\r\n1\r\n--b1--\r\n",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        usm__mail_t mail;
        usm_error_t *err = usm__mime_prepare(&mail, rows[i], strlen(rows[i]), NULL, pool);
        if (usm_error_code(err) != USM_EMIME)
            fail_msg("row %d", (int)i);
        usm_error_clear(err);
    }
}

static void test_addresses(void **state)
{
    const usm_addrs_t *a = usm__mime_addresses("=?utf-8?q?J=C3=BCrgen?= <j@x>, b@x, g: c@x, \"D, E\" <d@x>;", pool);
    assert_non_null(a);
    assert_int_equal(a->count, 4);
    assert_string_equal(a->items[0].name, "J\xc3\xbcrgen");
    assert_string_equal(a->items[0].addr, "j@x");
    assert_null(a->items[1].name);
    assert_string_equal(a->items[3].name, "D, E");
    assert_null(usm__mime_addresses("", pool));
    assert_null(usm__mime_addresses("undisclosed-recipients:;", pool));
}

/* Nothing that a device may send may break us; what is accepted is 7-bit. */
static void test_random(void **state)
{
    static const char *const bits[] = {HEAD,
                                       "\r\n",
                                       "\r\n\r\n",
                                       "--b1\r\n",
                                       "--b1--\r\n",
                                       "\xc3\xbc",
                                       "\xff",
                                       "Content-Type: ",
                                       "multipart/mixed; boundary=b1\r\n",
                                       "message/rfc822\r\n",
                                       "text/plain\r\n",
                                       "x",
                                       "Content-Transfer-Encoding: base64\r\n",
                                       "=\r\n",
                                       "To: \xfc <\x80@x>\r\n",
                                       SIGNED};
    srand(11);
    for (int round = 0; round < 3000; round++) {
        apr_pool_t *p;
        usm__mail_t mail;
        apr_pool_create(&p, pool);
        const char *in = rand() % 2 ? HEAD : "";
        for (int n = rand() % 12; n > 0; n--)
            in = apr_pstrcat(p, in, bits[rand() % 16], NULL);
        usm_error_t *err = usm__mime_prepare(&mail, in, strlen(in), NULL, p);
        if (!err && !usm__text_is_ascii(mail.data, mail.len))
            fail_msg("round %d", round);
        apr_pool_destroy(p);
    }
}

/* ---- answers ---- */

static const char *answer(const char *mime, const char *original, int forward)
{
    const usm__original_t o = {.data = original, .len = strlen(original), .message_id = "<o@x>",
                               .references = "<r@x>\r\n <s@x>", .head = "From: o@x\n", .from = "o@x"};
    const char *data;
    apr_size_t len;
    usm_error_t *err = usm__mime_answer(&data, &len, mime, strlen(mime), &o, forward, pool);
    if (err)
        fail_msg("%s", usm_error_text(err, pool));
    usm__mail_t mail = prepare(apr_pstrmemdup(pool, data, len)); /* what comes out can be sent */
    return mail.data;
}

#define PLAIN "Content-Type: text/plain\r\n\r\n"
#define HTML "Content-Type: text/html\r\n\r\n"

static void test_answers(void **state)
{
    static const struct {
        const char *mime, *original;
        int forward;
        const char *has, *has_not;
    } rows[] = {
        {HEAD PLAIN "new", PLAIN "old\r\n> older", 0, "> old\r\n>> older", "<blockquote"},
        {HEAD PLAIN "new", PLAIN "old", 1, "new\r\n\r\n-----Original Message-----\r\nFrom: o@x\r\n\r\nold", "> old"},
        {HEAD PLAIN "o@x wrote:", PLAIN "old", 0, "o@x wrote:\r\n\r\n> old", "Original Message"},
        {HEAD HTML "<BODY>new</BODY>", PLAIN "a<b\r\nc", 0, "a&lt;b<br>", "a<b"},
        {HEAD HTML "new", HTML "<html><body bgcolor=x>o<i>l</i>d</body></html>", 0, "o<i>l</i>d</blockquote>",
         "bgcolor"},
        {HEAD "\r\n", PLAIN "old", 0, "> old", NULL},
        {HEAD PLAIN "new", "", 0, "References: <r@x>", NULL},
        {HEAD PLAIN "new", "\r\n\r\n", 1, "new", NULL},
        {HEAD PLAIN "new", "Content-Type: multipart/mixed; boundary=x\r\n\r\n", 1, "new", NULL},
        {HEAD PLAIN "new", "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n", 1, "new", NULL},
        {HEAD PLAIN "new", "Content-Type: application/pkcs7-mime\r\n\r\nAAAA", 1, "message/rfc822", "\r\n> "},
        {HEAD PLAIN "new", "Content-Type: application/pkcs7-mime\r\n\r\nAAAA", 0, "new", "pkcs7"},
        {HEAD "Content-Type: application/pkcs7-mime\r\n\r\nAAAA", PLAIN "old", 0, "AAAA", "old"},
        {HEAD "In-Reply-To: <own@x>\r\n" PLAIN "new", PLAIN "old", 0, "In-Reply-To: <own@x>", "In-Reply-To: <o@x>"},
        {HEAD PLAIN "new", "Content-Type: text/plain; charset=nonsense\r\n\r\n\xff\xfe", 0, "bmV3", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *out = answer(rows[i].mime, rows[i].original, rows[i].forward);
        if (!strstr(out, rows[i].has) || (rows[i].has_not && strstr(out, rows[i].has_not)))
            fail_msg("row %d: %s", (int)i, out);
    }
}

/* What the user wrote is never cut, however much of the original is. */
static void test_long_answer(void **state)
{
    const char *long_text = apr_pstrcat(pool, apr_psprintf(pool, "%0*d", 3 << 20, 7), "\r\nlast words", NULL);
    const char *out = answer(apr_pstrcat(pool, HEAD PLAIN, long_text, NULL), PLAIN "old", 0);
    assert_non_null(strstr(out, "last words"));
    assert_non_null(strstr(out, "> old"));
    out = answer(apr_pstrcat(pool, HEAD HTML, long_text, NULL), apr_pstrcat(pool, PLAIN, long_text, NULL), 0);
    const char *own = strstr(out, "last words");
    assert_non_null(own);
    assert_null(strstr(own + 1, "last words"));
}

/* Ten thousand parts and very deep ones: all of them arrive, in time that grows with their number alone. */
static void test_many_parts(void **state)
{
    apr_array_header_t *parts = apr_array_make(pool, 10010, sizeof(const char *));
    APR_ARRAY_PUSH(parts, const char *) = "Content-Type: multipart/mixed; boundary=x\r\n\r\n";
    for (int i = 0; i < 10000; i++)
        APR_ARRAY_PUSH(parts, const char *) = "--x\r\nContent-Type: application/x-a\r\n\r\nq\r\n";
    const char *out = answer(HEAD PLAIN "new", apr_array_pstrcat(pool, parts, 0), 1);
    int count = 0;
    for (const char *p = out; (p = strstr(p, "application/x-a")); p++)
        count++;
    assert_int_equal(count, 10000);
    const char *deep = "Content-Type: application/x-deep\r\n\r\nq\r\n";
    for (int i = 0; i < 60; i++)
        deep = apr_psprintf(pool, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n%s\r\n--b%d--\r\n", i, i,
                            deep, i);
    assert_non_null(strstr(answer(HEAD PLAIN "new", deep, 1), "application/x-deep"));
}

/* ---- drafts ---- */

static const char *draft_of(const char *old, usm_draft_t *draft)
{
    static const char *addresses[] = {"me@example.org"};
    const usm__sender_t sender = {.name = "J\xc3\xbcrgen", .address_count = 1, .addresses = addresses,
                                  .message_id = "<v@x>"};
    const char *data;
    apr_size_t len;
    usm_error_t *err = usm__mime_draft(&data, &len, old, old ? strlen(old) : 0, draft, &sender, pool);
    if (err)
        fail_msg("%s", usm_error_text(err, pool));
    return prepare(apr_pstrmemdup(pool, data, len)).data;
}

static void test_drafts(void **state)
{
    static const char old[] =
        HEAD "Subject: s\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n" PLAIN "text\r\n--x\r\n"
             "Content-Type: a/one\r\n\r\n1\r\n--x\r\nContent-Type: a/two\r\n\r\n2\r\n--x--\r\n";
    const char *gone = "2";
    usm_newfile_t file = {.name = "\xc3\xbc.txt", .content_type = "multipart/mixed", .data = "x", .len = 1};
    usm_draft_t d = {.importance = -1, .to = "J\xc3\xbcrgen <j@x>, b@x", .subject = "\xc3\xa4", .body = USM_BODY_TEXT,
                     .data = "Gr\xc3\xbc\xc3\x9f" "e", .len = 7};
    const char *out = draft_of(NULL, &d);
    assert_non_null(strstr(out, "Message-ID: <v@x>\r\n"));
    assert_non_null(strstr(out, "To: =?"));
    assert_non_null(strstr(out, "<j@x>, b@x"));
    assert_non_null(strstr(out, "<me@example.org>"));
    d = (usm_draft_t){.importance = USM_IMP_HIGH, .to = "", .removed = &gone, .removed_count = 1, .files = &file,
                      .file_count = 1};
    out = draft_of(old, &d);
    assert_null(strstr(out, "a/one"));
    assert_non_null(strstr(out, "a/two"));
    assert_non_null(strstr(out, "Subject: s\r\n"));
    assert_non_null(strstr(out, "X-Priority: 1\r\n"));
    assert_non_null(strstr(out, "application/octet-stream")); /* a file is no multipart */
    assert_null(strstr(out, "\r\nTo:"));
    assert_string_equal(file.part, "3");
    d = (usm_draft_t){.importance = -1, .body = USM_BODY_MIME, .data = HEAD PLAIN "whole"};
    d.len = strlen(d.data);
    out = draft_of(old, &d);
    assert_non_null(strstr(out, "whole"));
    assert_non_null(strstr(out, "a/one"));
    assert_null(strstr(out, "\r\n\r\ntext"));
}

static void test_heads(void **state)
{
    static const char *const bad[] = {"A: b\rC: d\r\n\r\n", "A: b\r\n x\ry\r\n\r\n"};
    assert_true(usm__head_ok("A: b\r\nB: c\n\r\n\rbody", 20));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(usm__head_ok(bad[i], strlen(bad[i])));
    assert_false(usm__head_ok("A: \0b\r\n\r\n", 9));
    const char *data = "X: 1\r\nFrom: a\r\n b\r\nY: 2\r\nfrom : c\r\n\r\nFrom: body", *p = data;
    apr_size_t len = strlen(data);
    usm__head_set(&p, &len, "From", "d", pool);
    assert_string_equal(p, "From: d\r\nX: 1\r\nY: 2\r\n\r\nFrom: body");
    usm__head_set(&p, &len, "From", NULL, pool);
    assert_string_equal(p, "X: 1\r\nY: 2\r\n\r\nFrom: body");
    assert_true(usm__head_has(p, len, "y"));
    assert_false(usm__head_has(p, len, "From"));
    assert_int_equal(strlen(p), len);
    p = "A: b"; /* no end */
    len = 4;
    usm__head_set(&p, &len, "A", "c", pool);
    assert_string_equal(p, "A: c\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_untouched), cmocka_unit_test(test_count),   cmocka_unit_test(test_missing),
        cmocka_unit_test(test_encode),    cmocka_unit_test(test_signed),  cmocka_unit_test(test_refused),
        cmocka_unit_test(test_addresses), cmocka_unit_test(test_random),  cmocka_unit_test(test_answers),
        cmocka_unit_test(test_many_parts), cmocka_unit_test(test_long_answer), cmocka_unit_test(test_drafts),
        cmocka_unit_test(test_heads),
    };
    apr_initialize();
    apr_pool_create(&pool, NULL);
    usm__mime_init();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_pool_destroy(pool);
    apr_terminate();
    return failed;
}
