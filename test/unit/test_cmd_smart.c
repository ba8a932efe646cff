/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: cmd_smart.c answer.c answer_event.c cmd_sendmail.c */
/* SmartReply and SmartForward on a real engine: what goes out, what the original is flagged with, and what is refused
 * with which Status. */
#include "sync_test.h"

#include <usm/fields.h>

#include "eas_query.h"

#define ORIGINAL                                                                                                       \
    "From: Berta <berta@example.org>\r\nTo: anton@example.org\r\nSubject: Frage\r\nMessage-ID: <orig@example.org>\r\n" \
    "MIME-Version: 1.0\r\nContent-Type: text/"
#define MESSAGE "From: anton@example.org%0D%0ATo: berta@example.org%0D%0ASubject: AW%0D%0A%0D%0AAntwort%0D%0A"

static apr_pool_t *pool;
static fake_item_t *mail, *person;
static const char *mail_id;
static usm_body_t *body; /* of the mail */

/* Read bodies are cut and converted by the server: TYPE's source, and the text that the server makes of it. */
static void set_source(const char *type, const char *text)
{
    const char *source = apr_pstrcat(pool, ORIGINAL, type, "; charset=utf-8\r\n\r\n", text, "\r\n", NULL);
    body = apr_pcalloc(pool, sizeof *body);
    body->mime = (usm_bodyform_t){.data = source, .len = strlen(source), .full_size = strlen(source)};
    body->text = (usm_bodyform_t){.data = "Klartext", .len = 8, .full_size = 8};
    usm_item_set_ptr(mail->full, USM_EMAIL_BODY, body);
}

static int start(void **state)
{
    static usm_addr_t berta = {.name = "Berta", .addr = "berta@example.org"};
    static const usm_addrs_t from = {.count = 1, .items = &berta};
    int rv = sync_setup(state);
    pool = *state;
    usm_item_t *item = usm_item_create(USM_EMAIL, pool);
    usm_item_set_text(item, USM_EMAIL_SUBJECT, "Frage");
    usm_item_set_text(item, USM_EMAIL_MESSAGE_ID, "<orig@example.org>");
    usm_item_set_num(item, USM_EMAIL_SENT, map_time("2026-01-31T10:00:00Z"));
    usm_item_set_ptr(item, USM_EMAIL_FROM, &from);
    mail = fake_add_full("40", item);
    person = fake_add("32", "Anna", "Meier");
    mail_id = apr_pstrcat(pool, sync_expand("$M"), ":", mail->id, NULL);
    set_source("plain", "Urtext");
    return rv;
}
#define RUN_TEST(function) cmocka_unit_test_setup_teardown(function, start, sync_teardown)

static int verb(void)
{
    return (int)usm_item_num(mail->full, USM_EMAIL_LAST_VERB, USM_VERB_NONE);
}

/* TEXT with the ids in it: @M is the mail, @C the contact, @L the mail as a LongId, @A a part of it as one. */
static const char *with_ids(const char *text)
{
    const char *at;
    while ((at = strchr(text, '@')) && strchr("MCLA", at[1])) {
        usm_session_t *session = sync_ctx(141)->session;
        const char *id = at[1] == 'M'   ? mail_id
                         : at[1] == 'C' ? apr_pstrcat(pool, sync_expand("$C"), ":", person->id, NULL)
                                        : usm_ref_make(session, mail_id, at[1] == 'A' ? "2" : NULL, pool);
        text = apr_pstrcat(pool, apr_pstrmemdup(pool, text, (apr_size_t)(at - text)), id, at + 2, NULL);
    }
    return text;
}

/* The Status of a command; 0: sent. */
static int run(eas_handler_t handler, unsigned version, const char *rest)
{
    const char *tag = handler == eas_cmd_smartreply ? "SmartReply" : "SmartForward";
    sync_run(handler, version, apr_pstrcat(pool, "ComposeMail:", tag, "{", with_ids(rest), "}", NULL));
    return sync_status;
}

#define SOURCE "Source{FolderId=$M ItemId=@M} "
#define MIME "ComposeMail:Mime='#" MESSAGE "' "

static void test_reply(void **state)
{
    (void)state;
    assert_int_equal(run(eas_cmd_smartreply, 141, "ClientId=c1 SaveInSentItems " SOURCE MIME), 0);
    assert_non_null(strstr(fake.sent, "Antwort"));
    assert_non_null(strstr(fake.sent, "Urtext"));
    assert_non_null(strstr(fake.sent, "From: Berta"));
    assert_non_null(strstr(fake.sent, "References: <orig@example.org>"));
    assert_non_null(strstr(fake.sent, "In-Reply-To: <orig@example.org>"));
    assert_int_equal(verb(), USM_VERB_REPLIED);
    /* A repeat sends nothing. */
    assert_int_equal(run(eas_cmd_smartreply, 141, "ClientId=c1 SaveInSentItems " SOURCE MIME),
                     EAS_STATUS_MessagePreviouslySent);
    assert_int_equal(fake.sends, 1);
    assert_int_equal(run(eas_cmd_smartforward, 141, "ClientId=c2 Source{LongId=@L} " MIME), 0);
    assert_int_equal(verb(), USM_VERB_FORWARDED);
    assert_int_equal(fake.sends, 2);
}

/* The device has written all of it. */
static void test_replaced(void **state)
{
    (void)state;
    assert_int_equal(run(eas_cmd_smartreply, 141, "ClientId=c1 ReplaceMime " SOURCE MIME), 0);
    assert_non_null(strstr(fake.sent, "Antwort"));
    assert_null(strstr(fake.sent, "Urtext"));
    assert_non_null(strstr(fake.sent, "References: <orig@example.org>"));
}

/* An original that is HTML alone is text in an answer that is text. */
static void test_html_original(void **state)
{
    (void)state;
    set_source("html", "<html><body><b>Urtext</b></body></html>");
    assert_int_equal(run(eas_cmd_smartreply, 141, "ClientId=c1 " SOURCE MIME), 0);
    assert_non_null(strstr(fake.sent, "Klartext"));
}

static void test_forwardees(void **state)
{
    (void)state;
    assert_int_equal(run(eas_cmd_smartforward, 160,
                         "ClientId=c1 " SOURCE "Forwardees{Forwardee{ForwardeeName=Dora "
                         "ForwardeeEmail=dora@example.org} Forwardee{ForwardeeEmail=emil@example.org}} "
                         "AirSyncBase:Body{Type=1 Data=Schau}"),
                     0);
    assert_non_null(strstr(fake.sent, "dora@example.org"));
    assert_non_null(strstr(fake.sent, "emil@example.org"));
    assert_non_null(strstr(fake.sent, "Subject: FW: Frage"));
    assert_non_null(strstr(fake.sent, "Schau"));
    assert_non_null(strstr(fake.sent, "Urtext"));
    assert_int_equal(verb(), USM_VERB_FORWARDED);
}

static void test_refused(void **state)
{
    static const struct {
        unsigned version;
        const char *request;
        int status;
    } rows[] = {
        {141, SOURCE MIME, EAS_STATUS_InvalidXML},
        {141, "ClientId=c " MIME, EAS_STATUS_InvalidXML},
        {141, "ClientId=c " SOURCE, EAS_STATUS_InvalidXML},
        {141, "ClientId=c Source{FolderId=$M} " MIME, EAS_STATUS_InvalidXML},
        {141, "ClientId=c Source{LongId=@L ItemId=@M} " MIME, EAS_STATUS_InvalidCombinationOfIDs},
        {141, "ClientId=c Source{FolderId=$D ItemId=@M} " MIME, EAS_STATUS_ItemNotFound},
        {141, "ClientId=c Source{ItemId=nonsense} " MIME, EAS_STATUS_ItemNotFound},
        {141, "ClientId=c Source{FolderId=$M ItemId=@M9} " MIME, EAS_STATUS_ItemNotFound},
        {141, "ClientId=c Source{FolderId=$M ItemId=@M InstanceId=gestern} " MIME, EAS_STATUS_InvalidDateTime},
        {141, "ClientId=c Source{FolderId=$M ItemId=@M InstanceId=2026-01-31T10:00:00.000Z} " MIME,
         EAS_STATUS_NoRecurrenceInCalendar},
        {141, "ClientId=c Source{LongId=@A} " MIME, EAS_STATUS_ItemNotFound},
        {141, "ClientId=c AccountId=x " SOURCE MIME, EAS_STATUS_InvalidAccountId},
        {141, "ClientId=c " SOURCE "ComposeMail:Mime", EAS_STATUS_InvalidMIME},
        {160, "ClientId=c " SOURCE "Forwardees{Forwardee{ForwardeeName=x}}",
         EAS_STATUS_InvalidSmartForwardParameters},
        {160, "ClientId=c " SOURCE "Forwardees{Forwardee{ForwardeeEmail='a b@c'}}",
         EAS_STATUS_InvalidSmartForwardParameters},
        {160, "ClientId=c " SOURCE "Forwardees{Forwardee{ForwardeeName='a%0Ab' ForwardeeEmail=a@b}}",
         EAS_STATUS_InvalidSmartForwardParameters},
        {160, "ClientId=c " SOURCE "Forwardees", EAS_STATUS_InvalidSmartForwardParameters},
        {160, "ClientId=c " SOURCE "AirSyncBase:Body{Type=1 Data=x}", EAS_STATUS_InvalidSmartForwardParameters},
        {160, "ClientId=c " SOURCE "Forwardees{Forwardee{ForwardeeEmail=a@b}} AirSyncBase:Body{Type=4 Data=x}",
         EAS_STATUS_InvalidSmartForwardParameters},
        {160, "ClientId=c " SOURCE "Forwardees{Forwardee{ForwardeeEmail=a@b}} " MIME,
         EAS_STATUS_InvalidMimeBodyCombination},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (run(eas_cmd_smartforward, rows[i].version, rows[i].request) != rows[i].status)
            fail_msg("row %zu: %d", i, sync_status);
    }
    assert_int_equal(fake.sends, 0);
    assert_int_equal(verb(), USM_VERB_NONE);
}

/* What is wrong with the original: nothing is sent. */
static void test_bad_originals(void **state)
{
    (void)state;
    assert_int_equal(run(eas_cmd_smartreply, 141, "ClientId=c1 Source{FolderId=$C ItemId=@C} " MIME),
                     EAS_STATUS_ItemNotFound);
    body->mime.truncated = 1;
    usm_item_set_ptr(mail->full, USM_EMAIL_BODY, body);
    assert_int_equal(run(eas_cmd_smartreply, 141, "ClientId=c2 " SOURCE MIME), 122); /* too large */
    body->mime.data = NULL;
    usm_item_set_ptr(mail->full, USM_EMAIL_BODY, body);
    assert_int_not_equal(run(eas_cmd_smartreply, 141, "ClientId=c3 " SOURCE MIME), 0);
    fake_remove(mail);
    assert_int_equal(run(eas_cmd_smartreply, 141, "ClientId=c4 " SOURCE MIME), EAS_STATUS_ItemNotFound);
    assert_int_equal(fake.sends, 0);
}

/* An event is told in words and as a calendar; a reply brings the words alone. */
static void test_events(void **state)
{
    static const usm_recurrence_t weekly = {.freq = USM_RECUR_WEEKLY, .interval = 1, .weekdays = 64, .occurrences = 3,
                                            .until = USM_TIME_NONE};
    usm_item_t *event = usm_item_create(USM_EVENT, pool);
    usm_item_set_text(event, USM_EVENT_SUBJECT, "Jour fixe");
    usm_item_set_text(event, USM_EVENT_LOCATION, "Raum 1");
    usm_item_set_text(event, USM_EVENT_TIMEZONE, "Europe/Berlin");
    usm_item_set_text(event, USM_EVENT_ORGANIZER_EMAIL, "host@example.org");
    usm_item_set_num(event, USM_EVENT_START, map_time("2026-01-31T10:00:00Z"));
    usm_item_set_num(event, USM_EVENT_END, map_time("2026-01-31T11:00:00Z"));
    fake_item_t *single = fake_add_full("41", usm_item_copy(event, pool));
    usm_item_set_ptr(event, USM_EVENT_RECURRENCE, &weekly);
    fake_item_t *series = fake_add_full("41", event);
    (void)state;
    const char *of_one = apr_pstrcat(pool, "Source{FolderId=$E ItemId=$E:", single->id, "} " MIME, NULL);
    assert_int_equal(run(eas_cmd_smartforward, 141, apr_pstrcat(pool, "ClientId=e1 ", of_one, NULL)), 0);
    assert_non_null(strstr(fake.sent, "text/calendar"));
    assert_non_null(strstr(fake.sent, "When: 2026-01-31 11:00 - 2026-01-31 12:00 (Europe/Berlin)"));
    assert_non_null(strstr(fake.sent, "Where: Raum 1"));
    assert_int_equal(run(eas_cmd_smartreply, 141, apr_pstrcat(pool, "ClientId=e2 ", of_one, NULL)), 0);
    assert_null(strstr(fake.sent, "text/calendar"));
    assert_non_null(strstr(fake.sent, "Subject: Jour fixe"));
    static const struct {
        int series;
        const char *instance;
        int status;
    } rows[] = {{1, "2026-02-07T10:00:00.000Z", 0}, {1, "2026-03-07T10:00:00.000Z", EAS_STATUS_ItemNotFound},
                {0, "2026-01-31T10:00:00.000Z", EAS_STATUS_NoRecurrenceInCalendar}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *text = apr_pstrcat(pool, "ClientId=i", apr_itoa(pool, (int)i), " Source{FolderId=$E ItemId=$E:",
                                       rows[i].series ? series->id : single->id, " InstanceId=", rows[i].instance,
                                       "} " MIME, NULL);
        if (run(eas_cmd_smartforward, 141, text) != rows[i].status)
            fail_msg("row %zu: %d", i, sync_status);
    }
    assert_int_equal(run(eas_cmd_smartforward, 160,
                         apr_psprintf(pool, "ClientId=e3 Source{FolderId=$E ItemId=$E:%s} "
                                      "Forwardees{Forwardee{ForwardeeEmail=dora@example.org}}", series->id)),
                     0);
    assert_non_null(strstr(fake.sent, "Subject: FW: Jour fixe"));
    fake_remove(series);
    assert_int_equal(run(eas_cmd_smartforward, 141,
                         apr_pstrcat(pool, "ClientId=e4 Source{FolderId=$E ItemId=$E:", series->id, "} " MIME, NULL)),
                     EAS_STATUS_ItemNotFound);
}

/* The flag is not worth an error: the message has gone. */
static void test_flag_fails(void **state)
{
    (void)state;
    fake.refuse = 1;
    assert_int_equal(run(eas_cmd_smartreply, 141, "ClientId=c1 " SOURCE MIME), 0);
    assert_int_equal(fake.sends, 1);
    assert_int_equal(verb(), USM_VERB_NONE);
}

/* Up to 12.1 the message is the body, and the original stands in the query. */
static void test_from_query(void **state)
{
    static const char message[] = "From: anton@example.org\r\nTo: berta@example.org\r\nSubject: AW\r\n"
                                  "Message-ID: <m@example.org>\r\n\r\nAntwort\r\n";
    static const struct {
        const char *folder, *item, *long_id, *occurrence;
        int empty, status;
    } rows[] = {
        {"$M", "@M", NULL, NULL, 0, 0},
        {"$M", "@M", NULL, NULL, 0, 0}, /* the same again */
        {"$M", "@M", NULL, NULL, 1, EAS_STATUS_InvalidMIME},
        {"$C", "@M", NULL, NULL, 0, EAS_STATUS_ItemNotFound},
        {"", "", "@L", "2026-01-31T10:00:00.000Z", 0, EAS_STATUS_InvalidCombinationOfIDs},
        {"$M", "", NULL, NULL, 0, EAS_STATUS_InvalidXML},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        eas_ctx_t *ctx = sync_ctx(121);
        ctx->query->collection_id = sync_expand(rows[i].folder);
        ctx->query->item_id = with_ids(rows[i].item);
        ctx->query->long_id = rows[i].long_id ? with_ids(rows[i].long_id) : NULL;
        ctx->query->occurrence = rows[i].occurrence;
        ctx->is_mime = 1;
        ctx->body = message;
        ctx->body_len = rows[i].empty ? 0 : sizeof message - 1;
        usm_error_t *err = eas_cmd_smartreply(ctx, NULL, ctx->out);
        if (err || ctx->status != rows[i].status)
            fail_msg("row %zu: %d %s", i, ctx->status, err ? usm_error_text(err, pool) : "");
    }
    assert_int_equal(fake.sends, 1);
    assert_non_null(strstr(fake.sent, "Urtext"));
    assert_int_equal(verb(), USM_VERB_REPLIED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {RUN_TEST(test_reply), RUN_TEST(test_replaced), RUN_TEST(test_html_original),
                                       RUN_TEST(test_forwardees), RUN_TEST(test_refused),
                                       RUN_TEST(test_bad_originals), RUN_TEST(test_flag_fails), RUN_TEST(test_events),
                                       RUN_TEST(test_from_query)};
    return RUN_TESTS(tests);
}
