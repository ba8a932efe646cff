/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: sms.c mime_sms.c class_sms.c */
/* Short messages put into a mail folder, on a real engine, and the mails that are made of them. */
#include "sync_test.h"

#include <usm/draft.h>

#include "util/mime.h"

static apr_pool_t *pool;
static const char *key;

static int start(void **state)
{
    int rv = sync_setup(state);
    pool = *state;
    key = sync_all(141, "$M", "");
    return rv;
}
#define RUN_TEST(function) cmocka_unit_test_setup_teardown(function, start, sync_teardown)

/* The Status of an Add; the key stays what it was. */
static const char *add(const char *folder, const char *data)
{
    const char *request = apr_psprintf(pool, "AirSync:Sync{Collections{Collection{SyncKey=%s CollectionId=%s Commands{"
                                       "Add{Class=SMS ClientId=s1 ApplicationData{%s}}}}}}",
                                       strcmp(folder, "$M") == 0 ? key : sync_all(141, folder, ""), folder, data);
    const unsigned path[] = {EAS_AirSync_Collections, EAS_AirSync_Collection, EAS_AirSync_Responses, EAS_AirSync_Add,
                             EAS_AirSync_Status, 0};
    const eas_node_t *status = eas_node_path(sync_run(eas_cmd_sync, 141, request), path);
    return status ? eas_node_text(status) : "";
}

#define GOOD "Email:From='Anna [MOBILE:+49]' DateReceived=2031-05-06T09:30:00.000Z Importance=0 Read=1 "
#define BODY "AirSyncBase:Body{Type=1 Data=Hallo}"

static void test_added_once(void **state)
{
    assert_string_equal(add("$M", GOOD BODY), "1");
    assert_string_equal(add("$M", GOOD BODY), "1");
    assert_int_equal(fake.adds, 1);
    fake.die_after = 1; /* stored, and the answer lost */
    assert_string_not_equal(add("$M", GOOD "AirSyncBase:Body{Type=1 Data=Zwei}"), "1");
    assert_string_equal(add("$M", GOOD "AirSyncBase:Body{Type=1 Data=Zwei}"), "1");
    assert_int_equal(fake.adds, 2);
    assert_int_equal(fake.sends, 0);
}

static void test_refused(void **state)
{
    static const char *const rows[] = {
        GOOD, BODY, "Email:From=x AirSyncBase:Body{Type=2 Data=x}", "Email:From=x Read=7 " BODY,
        "Email:From=x Importance=9 " BODY, "Email:From=x DateReceived=soon " BODY, "Email:From='a%0Ab' " BODY,
        "Email:From=x AirSyncBase:Body{Data=x}"};
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (strcmp(add("$M", rows[i]), "6") != 0)
            fail_msg("row %zu", i);
    }
    assert_string_equal(add("$C", GOOD BODY), "6");
    fake.refuse = 1;
    assert_string_equal(add("$M", GOOD BODY), "9");
    assert_string_equal(add("$M", GOOD BODY), "9");
    assert_int_equal(fake.adds, 0);
}

static void test_mails(void **state)
{
    static const struct {
        usm_sms_t sms;
        const char *lines[4];
    } rows[] = {
        {{.from = "\"Anna A\" [MOBILE:+49 (30) 1]", .text = "Hallo\nWelt", .received = USM_TIME_NONE, .importance = 2},
         {"From: Anna A <+49301@sms.invalid>\r\n", "Subject: Hallo\r\n", "Importance: high\r\n",
          "X-Message-Class: IPM.Note.Mobile.SMS\r\n"}},
        {{.to = "12345", .text = "x", .subject = "S", .received = 0, .importance = -1},
         {"To: 12345 <12345@sms.invalid>\r\n", "Subject: S\r\n", "From: unknown@sms.invalid\r\n",
          "Date: Thu, 01 Jan 1970"}},
        {{.from = "[:]", .text = "x", .received = USM_TIME_NONE, .importance = 0},
         {"unknown@sms.invalid", "Importance: low\r\n", "X-SMS-From: [:]\r\n", "Message-ID: <1@sms.invalid>\r\n"}},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *data;
        apr_size_t len;
        assert_null(usm__mime_sms(&data, &len, &rows[i].sms, "<1@sms.invalid>", pool));
        for (int k = 0; k < 4; k++) {
            if (!strstr(data, rows[i].lines[k]))
                fail_msg("row %zu: no %s in %s", i, rows[i].lines[k], data);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {RUN_TEST(test_added_once), RUN_TEST(test_refused), RUN_TEST(test_mails)};
    return RUN_TESTS(tests);
}
