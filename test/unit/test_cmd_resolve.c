/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: cmd_resolverecipients.c */
/* ResolveRecipients: who is meant by a text, what is told of him, and half hours. */
#include "sync_test.h"

#include <string.h>

static usm_person_t members[21];

static int start(void **state)
{
    static const usm_person_t people[] = {
        {.display_name = "Zoe", .address = "zoe@x.y", .picture = "/p", .user = 1, .in_directory = 1, .id = "1"},
        {.display_name = "Anna", .address = "anna@x.y", .user = 2, .in_directory = 1, .id = "2"},
        {.display_name = "Anna Klein", .address = "klein@x.y", .address2 = "k2@x.y", .user = 3, .in_directory = 1,
         .id = "3"},
        {.display_name = "Zoe daheim", .address = "ZOE@x.y", .id = "4"},
        {.display_name = "Fremd", .address = "f@z.y", .id = "5"},
        {.display_name = "Ohne", .id = "6"},
        {.display_name = "Team", .is_list = 1, .member_count = 2, .members = members, .id = "7"},
        {.display_name = "Tross", .is_list = 1, .member_count = 21, .members = members, .id = "8"},
    };
    int rv = sync_setup(state);
    memcpy(fake.people, people, sizeof people);
    fake.person_count = sizeof people / sizeof people[0];
    members[0] = (usm_person_t){.address = "zoe@x.y"};
    members[1] = (usm_person_t){.address = "klein@x.y"};
    fake.picture = "jpeg";
    fake.busy[0] = (usm_busy_t){.start = map_time("2030-01-07T01:00:00Z"), .end = map_time("2030-01-07T02:00:00Z"),
                                .busy = USM_BUSY_BUSY};
    fake.busy[1] = (usm_busy_t){.start = map_time("2030-01-07T01:40:00Z"), .end = map_time("2030-01-07T02:10:00Z"),
                                .busy = USM_BUSY_TENTATIVE};
    fake.busy_count = 2;
    return rv;
}
#define RUN_TEST(function) cmocka_unit_test_setup_teardown(function, start, sync_teardown)

#define ASK(to, options) "ResolveRecipients:ResolveRecipients{" to " " options "}"
#define WHO(type, name, address, more)                                                                                 \
    "RecipientCount=1 Recipient{Type=" type " DisplayName=" name " EmailAddress=" address more "}}"
#define SLOTS(digits) " Availability{Status=1 MergedFreeBusy=" digits "}"
#define TIMES "Options{Availability{StartTime=2030-01-07T00:00:00Z EndTime=2030-01-07T03:00:00Z}}"

static void test_rows(void **state)
{
    static const struct {
        unsigned version;
        const char *in, *out;
    } rows[] = {
        {25, ASK("To=zoe@x.y", ""), "Status=1 Response{To=zoe@x.y Status=1 " WHO("1", "Zoe", "zoe@x.y", "")},
        {25, ASK("To='Z <Zoe@X.y>'", ""),
         "Status=1 Response{To='Z <Zoe@X.y>' Status=1 " WHO("1", "Zoe", "zoe@x.y", "")},
        {25, ASK("To=anna", ""), "Status=1 Response{To=anna Status=1 " WHO("1", "Anna", "anna@x.y", "")},
        {25, ASK("To=fre", ""), "Status=1 Response{To=fre Status=1 " WHO("2", "Fremd", "f@z.y", "")},
        {25, ASK("To=ohne", ""), "Status=1 Response{To=ohne Status=4}"},
        {25, ASK("To=zoe@x.yz", ""), "Status=1 Response{To=zoe@x.yz Status=4}"},
        {121, ASK("To=an", ""),
         "Status=1 Response{To=an Status=2 RecipientCount=2 "
         "Recipient{Type=1 DisplayName=Anna EmailAddress=anna@x.y} "
         "Recipient{Type=1 DisplayName='Anna Klein' EmailAddress=klein@x.y}}"},
        {121, ASK("To=an", "Options{MaxAmbiguousRecipients=1}"),
         "Status=1 Response{To=an Status=3 RecipientCount=2 Recipient{Type=1 DisplayName=Anna EmailAddress=anna@x.y}}"},
        {140, ASK("To=zoe", "Options{CertificateRetrieval=2}"),
         "Status=1 Response{To=zoe Status=1 " WHO("1", "Zoe", "zoe@x.y", " Certificates{Status=7 CertificateCount=0}")},
        {140, ASK("To=zoe", TIMES), "Status=1 Response{To=zoe Status=1 " WHO("1", "Zoe", "zoe@x.y", SLOTS("002210"))},
        {140, ASK("To=k2@x.y", TIMES),
         "Status=1 Response{To=k2@x.y Status=4}"}, /* the fake knows first addresses only */
        {140, ASK("To=klein@x.y", TIMES),
         "Status=1 Response{To=klein@x.y Status=1 " WHO("1", "'Anna Klein'", "klein@x.y", SLOTS("333333"))},
        {140, ASK("To=anna", TIMES),
         "Status=1 Response{To=anna Status=1 " WHO("1", "Anna", "anna@x.y", " Availability{Status=163}")},
        {140, ASK("To=fremd", TIMES),
         "Status=1 Response{To=fremd Status=1 " WHO("2", "Fremd", "f@z.y", " Availability{Status=163}")},
        {140, ASK("To=team", TIMES),
         "Status=1 Response{To=team Status=1 RecipientCount=1 Recipient{Type=2 DisplayName=Team EmailAddress" SLOTS(
             "333333") "}}"},
        {140, ASK("To=tross", TIMES),
         "Status=1 Response{To=tross Status=1 RecipientCount=1 Recipient{Type=2 DisplayName=Tross EmailAddress "
         "Availability{Status=161}}}"},
        {141, ASK("To=zoe To=anna", "Options{Picture{MaxSize=3}}"),
         "Status=1 Response{To=zoe Status=1 " WHO("1", "Zoe", "zoe@x.y", " Picture{Status=174}")
         " Response{To=anna Status=1 " WHO("1", "Anna", "anna@x.y", " Picture{Status=173}")},
        {25, ASK("", ""), "Status=5"},
        {25, ASK("To", ""), "Status=5"},
        {25, ASK("To=zoe", "Options{CertificateRetrieval=4}"), "Status=5"},
        {25, ASK("To=zoe", "Options{MaxCertificates=x}"), "Status=5"},
        {25, ASK("To=zoe", "Options{MaxAmbiguousRecipients=10000}"), "Status=5"},
        {25, ASK("To=zoe", "Options Options"), "Status=5"},
        {140, ASK("To=zoe", "Options{Availability}"), "Status=5"},
        {140, ASK("To=zoe", "Options{Availability{StartTime=2030-01-07T00:00:00Z EndTime=2030-01-07T00:29:59Z}}"),
         "Status=5"},
        {140, ASK("To=zoe", "Options{Availability{StartTime=2030-01-07T00:00:00Z EndTime=2030-02-18T00:00:01Z}}"),
         "Status=5"},
        {141, ASK("To=zoe", "Options{Picture{MaxPictures=x}}"), "Status=5"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *got = map_text(sync_run(eas_cmd_resolverecipients, rows[i].version, rows[i].in), *state);
        if (strcmp(got, rows[i].out) != 0)
            fail_msg("row %zu: %s", i, got);
    }
}

/* A whole day is one of the user's zone; what lies outside of the span counts for nothing. */
static void test_slots(void **state)
{
    static const struct {
        const char *start, *end;
        int whole;
        const char *slots;
    } rows[] = {
        {"2030-01-06T00:00:00Z", "2030-01-07T00:00:00Z", 0, "000000"},
        {"2030-01-07T03:00:00Z", "2030-01-08T00:00:00Z", 0, "000000"},
        {"2030-01-01T00:00:00Z", "2030-02-07T00:00:00Z", 0, "222222"},
        {"2030-01-07T00:29:59Z", "2030-01-07T00:30:01Z", 0, "220000"},
        {"2030-01-07T00:30:00Z", "2030-01-07T01:00:00Z", 0, "020000"},
        {"2030-01-06T00:00:00Z", "2030-01-08T00:00:00Z", 1, "222222"},
    };
    fake.busy_count = 1;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fake.busy[0] = (usm_busy_t){.start = map_time(rows[i].start), .end = map_time(rows[i].end),
                                    .whole_days = rows[i].whole, .busy = USM_BUSY_BUSY};
        const char *got = map_text(sync_run(eas_cmd_resolverecipients, 140, ASK("To=zoe", TIMES)), *state);
        if (!strstr(got, rows[i].slots))
            fail_msg("row %zu: %s", i, got);
    }
}

/* What passes is told so; servers that are down hold up everything. */
static void test_failures(void **state)
{
    static const struct {
        apr_status_t code;
        const char *out;
    } rows[] = {{USM_EUNAVAILABLE, "Status=162"}, {USM_EBACKEND, "Status=162"}, {USM_EFORBIDDEN, "Status=163"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fake.refusal = rows[i].code;
        const char *got = map_text(sync_run(eas_cmd_resolverecipients, 140, ASK("To=anna", TIMES)), *state);
        assert_non_null(strstr(got, rows[i].out));
    }
    fake.refusal = 0;
    fake.down = 1;
    sync_run(eas_cmd_resolverecipients, 140, ASK("To=anna", TIMES));
    assert_int_equal(sync_http, 503);
}

/* A hundred names, and no more. */
static void test_many(void **state)
{
    const char *text = "";
    for (int i = 0; i < 101; i++)
        text = apr_pstrcat(*state, text, " To=zoe", NULL);
    assert_string_equal(map_text(sync_run(eas_cmd_resolverecipients, 25, apr_psprintf(*state, ASK("%s", ""), text)),
                                 *state),
                        "Status=5");
    const eas_node_t *answer = sync_run(eas_cmd_resolverecipients, 25, apr_psprintf(*state, ASK("%s", ""), text + 7));
    assert_int_equal(eas_node_count(answer, EAS_ResolveRecipients_Response), 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {RUN_TEST(test_rows), RUN_TEST(test_slots), RUN_TEST(test_failures),
                                       RUN_TEST(test_many)};

    return RUN_TESTS(tests);
}
