/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: cmd_itemoperations.c cmd_getattachment.c eas_fetch.c eas_part.c read.c */
/* ItemOperations and GetAttachment on a real engine: what is fetched, what is refused with which Status, and how bytes
 * stand in an answer. */
#include "sync_test.h"

#include <apr_base64.h>

#include "eas_fetch.h"

static apr_pool_t *pool;
static const char *mail, *person; /* server ids */

static int start(void **state)
{
    int rv = sync_setup(state);

    pool = *state;
    mail = apr_pstrcat(pool, sync_expand("$M"), ":", fake_add("40", "Minutes", "")->id, NULL);
    person = apr_pstrcat(pool, sync_expand("$C"), ":", fake_add("32", "Anna", "Meier")->id, NULL);
    return rv;
}
#define RUN_TEST(function) cmocka_unit_test_setup_teardown(function, start, sync_teardown)

/* TEXT with the server ids in it: @M is the mail, @C the contact, @A the mail's attachment, @L the mail as a LongId. */
static const char *with_ids(const char *text)
{
    usm_session_t *session = sync_ctx(141)->session;
    const char *at;

    while ((at = strchr(text, '@')) != NULL) {
        const char *id = at[1] == 'M'   ? mail
                         : at[1] == 'C' ? person
                                        : usm_ref_make(session, mail, at[1] == 'A' ? "2" : NULL, pool);

        text = apr_pstrcat(pool, apr_pstrmemdup(pool, text, (apr_size_t)(at - text)), id, at + 2, NULL);
    }
    return text;
}

static const char *run(unsigned version, const char *text)
{
    eas_node_t *answer = sync_run(eas_cmd_itemoperations, version,
                                  apr_pstrcat(pool, "ItemOperations:ItemOperations{", with_ids(text), "}", NULL));

    return answer != NULL ? map_text(answer, pool) : "";
}

#define FETCH(what) "Fetch{Store=Mailbox " what "}"

static void test_fetch(void **state)
{
    static const struct {
        const char *request, *has;
    } rows[] = {
        {FETCH("AirSync:CollectionId=$M ServerId=@M"), "Minutes"},
        {FETCH("AirSync:CollectionId=$M ServerId=@M"), "Class=Email"},
        {FETCH("AirSync:CollectionId=$C ServerId=@C"), "Meier"},
        {FETCH("Search:LongId=@L"), "Minutes"},
        {FETCH("AirSyncBase:FileReference=@A"), "ContentType=text/plain"},
        {FETCH("AirSyncBase:FileReference=@A"), "Data=Ynl0ZXMgb2YgYW4gYXR0YWNobWVudA=="},
        {FETCH("AirSyncBase:FileReference=@A ItemOperations:Options{Range=2-5}"), "Range=2-5 Total=22"},
        {FETCH("AirSyncBase:FileReference=@A ItemOperations:Options{Range=2-5}"), "Data=dGVzIA=="},
        {FETCH("AirSyncBase:FileReference=@A ItemOperations:Options{Range=20-500}"), "Range=20-21"},
    };
    unsigned i;

    for (i = 0; i < COUNT(rows); i++) {
        const char *answer = run(141, rows[i].request);

        if (strstr(answer, rows[i].has) == NULL || strncmp(answer, "Status=1 Response{Fetch{Status=1 ", 33) != 0) {
            fail_msg("row %u: %s", i, answer);
        }
    }
}

/* One Fetch that fails does not keep the others from their answer. */
static void test_fetch_refused(void **state)
{
    static const struct {
        const char *request;
        int status;
    } rows[] = {
        {FETCH(""), ITEMS_PROTOCOL},
        {"Fetch{AirSync:CollectionId=$M ServerId=@M}", ITEMS_PROTOCOL},
        {FETCH("AirSync:CollectionId=$M ServerId=@M AirSyncBase:FileReference=@A"), ITEMS_PROTOCOL},
        {FETCH("AirSync:CollectionId=$M ServerId=@M ItemOperations:Options{Range=1-2}"), ITEMS_PROTOCOL},
        {FETCH("AirSyncBase:FileReference=@A ItemOperations:Options{AirSync:MIMESupport=2}"), ITEMS_PROTOCOL},
        {"Fetch{Store=DocumentLibrary DocumentLibrary:LinkId=x}", ITEMS_STORE},
        {FETCH("AirSync:CollectionId=$M ServerId=nonsense"), ITEMS_NOT_FOUND},
        {FETCH("AirSync:CollectionId=$C ServerId=@M"), ITEMS_NOT_FOUND},
        {FETCH("AirSync:ServerId=@M"), ITEMS_NOT_FOUND},
        {FETCH("AirSync:CollectionId=$M ServerId=@M9"), ITEMS_NOT_FOUND},
        {FETCH("Search:LongId=@A"), ITEMS_NOT_FOUND},
        {FETCH("AirSyncBase:FileReference=@L"), ITEMS_NOT_FOUND},
        {FETCH("AirSyncBase:FileReference=@Ax"), ITEMS_NOT_FOUND},
        {FETCH("AirSyncBase:FileReference=nonsense"), ITEMS_NOT_FOUND},
        {FETCH("AirSyncBase:FileReference"), ITEMS_BAD_ATTACHMENT},
        {FETCH("AirSyncBase:FileReference=@A ItemOperations:Options{Range=5-2}"), ITEMS_RANGE},
        {FETCH("AirSyncBase:FileReference=@A ItemOperations:Options{Range=22-30}"), ITEMS_RANGE},
        {FETCH("AirSyncBase:FileReference=@A ItemOperations:Options{Range=-2}"), ITEMS_RANGE},
        {FETCH("AirSyncBase:FileReference=@A ItemOperations:Options{Range=1-2-3}"), ITEMS_RANGE},
        {FETCH("AirSyncBase:FileReference=@A ItemOperations:Options{Range=1-99999999999999999}"), ITEMS_RANGE},
    };
    unsigned i;

    for (i = 0; i < COUNT(rows); i++) {
        static const char good[] = " ItemOperations:" FETCH("AirSync:CollectionId=$M ServerId=@M");
        const char *answer = run(141, apr_pstrcat(pool, rows[i].request, good, NULL));
        const char *want = apr_psprintf(pool, "Status=1 Response{Fetch{Status=%d ", rows[i].status);
        const char *other = strstr(answer, "Fetch{Status=1 ");

        if (strncmp(answer, want, strlen(want) - 1) != 0 || other == NULL || strstr(other, "Minutes") == NULL) {
            fail_msg("row %u: %s", i, answer);
        }
    }
}

/* The whole command is refused, or fails with the server. */
static void test_command_refused(void **state)
{
    const char *many = "";
    int i;

    assert_string_equal(run(141, ""), "Status=2");
    assert_string_equal(run(121, "Options"), "Status=2");
    for (i = 0; i < 101; i++) {
        many = apr_pstrcat(pool, many, "ItemOperations:" FETCH("Search:LongId=x") " ", NULL);
    }
    assert_string_equal(run(141, many), "Status=11");
    fake.down = 1;
    assert_string_equal(run(141, FETCH("AirSync:CollectionId=$M ServerId=@M")), "");
    assert_int_equal(sync_http, 503);
}

static void test_clear(void **state)
{
    int inner = fake_folder("60", "Inner", "40", USM_ROLE_USER, USM_EMAIL, NULL);
    int sent = fake_folder("61", "Sent", "40", USM_ROLE_SENT, USM_EMAIL, NULL); /* as mail servers may have it */

    fake_add("60", "Below", "");
    assert_string_equal(run(141, "EmptyFolderContents{AirSync:CollectionId=$C}"),
                        sync_expand("Status=1 Response{EmptyFolderContents{Status=1 CollectionId=$C}}"));
    assert_int_equal(fake_alive("32"), 0);
    assert_int_equal(fake_alive("40"), 1);
    run(141, "EmptyFolderContents{AirSync:CollectionId=$M ItemOperations:Options{DeleteSubFolders}}");
    assert_int_equal(fake_alive("40"), 0);
    assert_int_equal(fake_alive("60"), 1);
    assert_int_equal(fake.folders[inner].alive, 0);
    assert_int_equal(fake.folders[sent].alive, 1);
    assert_non_null(strstr(run(141, "EmptyFolderContents{AirSync:CollectionId=999}"), "EmptyFolderContents{Status="));
    assert_null(strstr(run(141, "EmptyFolderContents{AirSync:CollectionId=999}"), "EmptyFolderContents{Status=1 "));
    assert_non_null(strstr(run(141, "EmptyFolderContents"), "EmptyFolderContents{Status=2"));
}

static const char *get_attachment(eas_ctx_t *ctx, const char *name)
{
    usm_error_t *err;
    apr_size_t len;
    char *data;

    ctx->query->attachment_name = name;
    err = eas_cmd_getattachment(ctx, NULL, ctx->out);
    if (err != NULL) {
        return usm_error_is(err, USM_ENOTFOUND) ? "not found" : "another error";
    }
    eas_part_finish(ctx);
    apr_brigade_pflatten(ctx->rsp->body, &data, &len, pool);
    assert_int_equal(len, ctx->rsp->length);
    return apr_pstrmemdup(pool, data, len);
}

static void test_getattachment(void **state)
{
    eas_ctx_t *ctx = sync_ctx(120);

    assert_string_equal(get_attachment(ctx, usm_ref_make(ctx->session, mail, "2", pool)), FAKE_PART);
    assert_string_equal(ctx->rsp->content_type, "text/plain");
    assert_string_equal(get_attachment(sync_ctx(120), usm_ref_make(ctx->session, mail, "3", pool)), "not found");
    assert_string_equal(get_attachment(sync_ctx(120), usm_ref_make(ctx->session, mail, NULL, pool)), "not found");
    assert_string_equal(get_attachment(sync_ctx(120), "nonsense"), "not found");
    ctx = sync_ctx(120);
    ctx->query->attachment_name = "";
    assert_null(eas_cmd_getattachment(ctx, NULL, ctx->out));
    assert_int_equal(ctx->answered, 1);
}

/* A type goes into a header: no blank, no line end, one slash, or it is taken as bytes. */
static void test_type(void **state)
{
    static const char *const rows[][2] = {
        {"text/plain", "text/plain"},
        {"text/html; charset=x", "text/html"},
        {"application/vnd.ms-excel", "application/vnd.ms-excel"},
        {NULL, "application/octet-stream"},
        {"", "application/octet-stream"},
        {"text", "application/octet-stream"},
        {"a/b/c", "application/octet-stream"},
        {"a/b\r\nX: y", "a/b"},
        {"\r\na/b", "application/octet-stream"},
    };
    unsigned i;

    for (i = 0; i < COUNT(rows); i++) {
        usm_attachment_t info = {.content_type = rows[i][0]};

        assert_string_equal(eas_fetch_type(&info, pool), rows[i][1]);
    }
}

/* Document and parts: the head counts them and has their places. */
static void test_multipart(void **state)
{
    static const char want[] = "\x03\x00\x00\x00" "\x1c\x00\x00\x00\x03\x00\x00\x00" "\x1f\x00\x00\x00\x05\x00\x00\x00"
                               "\x24\x00\x00\x00\x00\x00\x00\x00" "doc12345";
    eas_ctx_t *ctx = sync_ctx(141);
    eas_part_t part = {.data = "12345", .len = 5}, none = {.data = "", .len = 0};
    apr_size_t len;
    char *data;

    ctx->multipart = 1;
    ctx->rsp->body = test_brigade(pool);
    apr_brigade_puts(ctx->rsp->body, NULL, NULL, "doc");
    ctx->rsp->length = 3;
    assert_int_equal(eas_part_add(ctx, &part), 1);
    assert_int_equal(eas_part_add(ctx, &none), 2);
    assert_int_equal(eas_part_add(ctx, &part), 3);
    eas_part_drop(ctx, 3);
    eas_part_drop(ctx, 9);
    eas_part_finish(ctx);
    apr_brigade_pflatten(ctx->rsp->body, &data, &len, pool);
    assert_int_equal(len, sizeof(want) - 1);
    assert_int_equal(ctx->rsp->length, len);
    assert_memory_equal(data, want, len);
    assert_string_equal(ctx->rsp->content_type, "application/vnd.ms-sync.multipart");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_TEST(test_fetch), RUN_TEST(test_fetch_refused), RUN_TEST(test_command_refused),
        RUN_TEST(test_clear), RUN_TEST(test_getattachment), RUN_TEST(test_type),
        RUN_TEST(test_multipart),
    };

    return RUN_TESTS(tests);
}
