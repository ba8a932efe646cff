/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: eas_oof.c */
/* Out of office: what a device says, what is kept of it, and what it is told. */
#include "sync_test.h"

#include <string.h>

#define OOF(text) "Settings:Settings{Oof{" text "}}"
#define MESSAGE(who, enabled, text) \
    "OofMessage{AppliesTo" who " Enabled=" enabled " ReplyMessage=" text " BodyType=Text}"
#define FIRST (19681 * USM_DAY_MS)
#define LAST (19682 * USM_DAY_MS)
#define DAYS "StartTime=2030-07-01T10:00:00Z EndTime=2030-07-03T22:00:00Z" /* the user's zone is that of the fake */

static void test_set(void **state)
{
    static const struct {
        const char *in;
        int status;
        usm_away_e away;
        int days; /* 0: open */
        const char *text;
    } rows[] = {
        {OOF("Set{OofState=1 " MESSAGE("Internal", "1", "in") "}"), 1, USM_AWAY_ON, 0, "in"},
        {OOF("Set{OofState=1 " MESSAGE("Internal", "1", "in") " " MESSAGE("ExternalUnknown", "1", "ex") "}"), 1,
         USM_AWAY_ON, 0, "ex"},
        {OOF("Set{OofState=1 " MESSAGE("Internal", "0", "in") "}"), 1, USM_AWAY_OFF, 0, "in"},
        {OOF("Set{OofState=2 " DAYS " " MESSAGE("ExternalKnown", "1", "ex") "}"), 1, USM_AWAY_DAYS, 1, "ex"},
        {OOF("Set{OofState=0 " DAYS "}"), 1, USM_AWAY_OFF, 0, "alt"},
        {OOF("Set{" MESSAGE("Internal", "1", "in") "}"), 1, USM_AWAY_ON, 0, "in"},
        {OOF("Set{OofState=2}"), 2, USM_AWAY_ON, 0, "alt"},
        {OOF("Set{OofState=7}"), 5, USM_AWAY_ON, 0, "alt"},
        {OOF("Set{OofState=1 OofMessage{Enabled=1}}"), 2, USM_AWAY_ON, 0, "alt"},
        {OOF("Set{OofState=1 OofMessage{AppliesToInternal Enabled=1 ReplyMessage=x}}"), 2, USM_AWAY_ON, 0, "alt"},
        {OOF("Set{OofState=1 OofMessage{AppliesToInternal Enabled=1 ReplyMessage=x BodyType=RTF}}"), 5, USM_AWAY_ON, 0,
         "alt"},
        {OOF("Set{OofState=1 " MESSAGE("Internal", "1", "a") " " MESSAGE("Internal", "1", "b") "}"), 6, USM_AWAY_ON, 0,
         "alt"},
        {OOF("Set{OofState=1 " MESSAGE("ExternalKnown", "1", "a") " " MESSAGE("ExternalUnknown", "1", "b") "}"), 6,
         USM_AWAY_ON, 0, "alt"},
        {OOF("Set Get{BodyType=Text}"), 2, USM_AWAY_ON, 0, "alt"},
        {OOF(""), 2, USM_AWAY_ON, 0, "alt"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fake.away = (usm_away_t){.state = USM_AWAY_ON, .first = USM_TIME_NONE, .last = USM_TIME_NONE, .text = "alt"};
        const eas_node_t *oof = eas_node_child(sync_run(eas_cmd_settings, 141, rows[i].in), EAS_Settings_Oof);
        apr_int64_t status = -1;
        eas_node_int(eas_node_child(oof, EAS_Settings_Status), 0, 99, &status);
        if (status != rows[i].status || fake.away.state != rows[i].away || strcmp(fake.away.text, rows[i].text) != 0 ||
            (fake.away.first != USM_TIME_NONE) != rows[i].days || (fake.away.last != USM_TIME_NONE) != rows[i].days)
            fail_msg("row %zu: status %d, state %d, text %s", i, (int)status, fake.away.state, fake.away.text);
        if (rows[i].days)
            assert_true(fake.away.first == map_time("2030-07-01T00:00:00Z") && fake.away.last > fake.away.first &&
                        fake.away.last % USM_DAY_MS == 0);
    }
    (void)state;
}

static void test_get(void **state)
{
    static const struct {
        usm_away_t away;
        const char *state, *text; /* text: in the first message */
        int times;
    } rows[] = {
        {{.state = USM_AWAY_OFF, .first = USM_TIME_NONE, .last = USM_TIME_NONE}, "0", NULL, 0},
        {{.state = USM_AWAY_ON, .first = USM_TIME_NONE, .last = USM_TIME_NONE, .text = "weg"}, "1", "weg", 0},
        {{.state = USM_AWAY_DAYS, .first = FIRST, .last = LAST, .text = "weg"}, "2", "weg", 1},
        {{.state = USM_AWAY_DAYS, .first = USM_TIME_NONE, .last = LAST, .text = "weg"}, "2", "weg", 1},
        {{.state = USM_AWAY_DAYS, .first = FIRST, .last = USM_TIME_NONE, .text = "weg"}, "2", "weg", 1},
        {{.state = USM_AWAY_OFF, .first = FIRST, .last = LAST, .text = "weg"}, "0", "weg", 1},
    };
    static const unsigned path[] = {EAS_Settings_Oof, EAS_Settings_Get, 0};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fake.away = rows[i].away;
        const eas_node_t *got = eas_node_path(sync_run(eas_cmd_settings, 120, OOF("Get{BodyType=text}")), path);
        const eas_node_t *message = eas_node_child(got, EAS_Settings_OofMessage);
        const char *text = eas_node_child_text(message, EAS_Settings_ReplyMessage);
        usm_time_t from = 0, to = 0;
        assert_string_equal(eas_node_child_text(got, EAS_Settings_OofState), rows[i].state);
        assert_int_equal(eas_node_count(got, EAS_Settings_OofMessage), 3);
        assert_int_equal(!text, !rows[i].text);
        assert_true(!text || strcmp(text, rows[i].text) == 0);
        int times = eas_time_parse(&from, eas_node_child_text(got, EAS_Settings_StartTime)) &&
                    eas_time_parse(&to, eas_node_child_text(got, EAS_Settings_EndTime));
        if (times != rows[i].times || (times && from >= to))
            fail_msg("row %zu", i);
    }
    fake.away = rows[1].away;
    const eas_node_t *html = sync_run(eas_cmd_settings, 120, OOF("Get{BodyType=HTML}"));
    assert_non_null(strstr(map_text(html, *state), "BodyType=HTML"));
    assert_non_null(strstr(map_text(sync_run(eas_cmd_settings, 120, OOF("Get{BodyType=x}")), *state), "Oof{Status=5}"));
    assert_non_null(strstr(map_text(sync_run(eas_cmd_settings, 120, OOF("Get")), *state), "Oof{Status=2}"));
}

/* What the groupware server says against it, for both directions; one that is down holds up everything. */
static void test_refusals(void **state)
{
    static const struct {
        apr_status_t code;
        int status;
    } rows[] = {{USM_EUNSUPPORTED, 3}, {USM_EFORBIDDEN, 3}, {USM_EINVALID, 5}, {USM_EBACKEND, 4}, {USM_EQUOTA, 3}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *expected = apr_psprintf(*state, "Status=1 Oof{Status=%d}", rows[i].status);
        fake.refusal = rows[i].code;
        assert_string_equal(map_text(sync_run(eas_cmd_settings, 161, OOF("Get{BodyType=Text}")), *state), expected);
        assert_string_equal(map_text(sync_run(eas_cmd_settings, 161, OOF("Set{OofState=0}")), *state), expected);
    }
    fake.refusal = 0;
    fake.down = 1;
    sync_run(eas_cmd_settings, 161, OOF("Get{BodyType=Text}"));
    assert_int_equal(sync_http, 503);
}

int main(void)
{
    const struct CMUnitTest tests[] = {SYNC_TEST(test_set), SYNC_TEST(test_get), SYNC_TEST(test_refusals)};

    return RUN_TESTS(tests);
}
