/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: eas_table.c */
#include "wbxml_test.h"

#include "eas_table.h"

static void test_commands(void **state)
{
    static const struct {
        const char *name;
        int code;
        unsigned first, last, root_tag;
    } rows[] = {
        {"Sync", 0, 25, 255, 0x0005},
        {"SendMail", 1, 25, 255, 0x1505},
        {"SmartForward", 2, 25, 255, 0x1506},
        {"SmartReply", 3, 25, 255, 0x1507},
        {"GetAttachment", 4, 25, 121, 0},
        {"GetHierarchy", -1, 25, 121, 0x0705},
        {"CreateCollection", -1, 25, 121, 0},
        {"DeleteCollection", -1, 25, 121, 0},
        {"MoveCollection", -1, 25, 121, 0},
        {"FolderSync", 9, 25, 255, 0x0716},
        {"FolderCreate", 10, 25, 255, 0x0713},
        {"FolderDelete", 11, 25, 255, 0x0714},
        {"FolderUpdate", 12, 25, 255, 0x0715},
        {"MoveItems", 13, 25, 255, 0x0505},
        {"GetItemEstimate", 14, 25, 255, 0x0605},
        {"MeetingResponse", 15, 25, 255, 0x0807},
        {"Search", 16, 25, 255, 0x0F05},
        {"Settings", 17, 120, 255, 0x1205},
        {"Ping", 18, 25, 255, 0x0D05},
        {"ItemOperations", 19, 120, 255, 0x1405},
        {"Provision", 20, 25, 255, 0x0E05},
        {"ResolveRecipients", 21, 25, 255, 0x0A05},
        {"ValidateCert", 22, 25, 255, 0x0B05},
        {"Find", 23, 161, 255, 0x1905},
    };
    size_t i;

    assert_int_equal(EAS_COMMAND_COUNT, COUNT(rows));
    for (i = 0; i < COUNT(rows); i++) {
        const eas_command_t *c = eas_command_by_name(rows[i].name);

        if (c == NULL || strcmp(c->name, rows[i].name) != 0 || c->id != i || eas_command_get(c->id) != c ||
            c->code != rows[i].code || c->first != rows[i].first || c->last != rows[i].last ||
            c->root_tag != rows[i].root_tag) {
            fail_msg("row %zu", i);
        }
        if (eas_command_by_code(rows[i].code) != (rows[i].code < 0 ? NULL : c)) {
            fail_msg("row %zu: code", i);
        }
    }
    assert_ptr_equal(eas_command_by_name("fOLDERsYNC"), eas_command_get(EAS_COMMAND_FolderSync));
    assert_null(eas_command_by_name("FolderSyn"));
    assert_null(eas_command_by_name(""));
    assert_null(eas_command_by_code(5));
    assert_null(eas_command_by_code(24));
    assert_null(eas_command_by_code(-1));
}

static void test_flags(void **state)
{
    int i;

    for (i = 0; i < EAS_COMMAND_COUNT; i++) {
        const eas_command_t *c = eas_command_get((eas_command_id_t)i);
        unsigned policy = c->flags & (EAS_CMD_NEEDS_POLICY | EAS_CMD_NO_POLICY | EAS_CMD_POLICY_LATER);

        /* One of the three, so that no command can come without anybody having thought about it. */
        if (policy == 0 || (policy & (policy - 1)) != 0 || *c->doc == '\0') {
            fail_msg("%s", c->name);
        }
        assert_int_equal(policy == EAS_CMD_NO_POLICY, c->id == EAS_COMMAND_Ping || c->id == EAS_COMMAND_Provision);
        if (c->root_tag != 0 && eas_token_find(c->root_tag) == NULL) {
            fail_msg("%s", c->name);
        }
    }
}

static void test_versions(void **state)
{
    static const struct {
        eas_command_id_t id;
        unsigned version;
        int in;
    } rows[] = {
        {EAS_COMMAND_GetAttachment, 121, 1}, {EAS_COMMAND_GetAttachment, 140, 0}, {EAS_COMMAND_Settings, 25, 0},
        {EAS_COMMAND_Settings, 120, 1},      {EAS_COMMAND_Find, 160, 0},          {EAS_COMMAND_Find, 161, 1},
        {EAS_COMMAND_Sync, 25, 1},           {EAS_COMMAND_Sync, 161, 1},          {EAS_COMMAND_Sync, 10, 0},
    };
    size_t i;

    for (i = 0; i < COUNT(rows); i++) {
        if (eas_command_in_version(eas_command_get(rows[i].id), rows[i].version) != rows[i].in) {
            fail_msg("row %zu", i);
        }
    }
}

static void test_list(void **state)
{
    const char *list = apr_pstrcat(*state, ",", eas_command_list(*state), ",", NULL), *last = list;
    size_t len = 1;
    int i;

    for (i = 0; i < EAS_COMMAND_COUNT; i++) {
        const eas_command_t *c = eas_command_get((eas_command_id_t)i);
        const char *at = strstr(list, apr_pstrcat(*state, ",", c->name, ",", NULL));

        if ((at != NULL) != ((c->flags & EAS_CMD_BUILT) != 0) || (at != NULL && at < last)) {
            fail_msg("%s in %s", c->name, list);
        }
        if (at != NULL) {
            last = at;
            len += strlen(c->name) + 1;
        }
    }
    assert_int_equal(strlen(list), len);
}

static void test_status(void **state)
{
    static const struct {
        int code;
        unsigned version;
        int http, told;
    } rows[] = {
        {EAS_STATUS_InvalidWBXML, 121, 400, 102},
        {EAS_STATUS_InvalidWBXML, 140, 200, 102},
        {EAS_STATUS_InvalidPolicyKey, 25, 449, 144},
        {EAS_STATUS_InvalidPolicyKey, 161, 200, 144},
        {EAS_STATUS_ServerErrorRetryLater, 120, 503, 111},
        {EAS_STATUS_NoPicture, 140, 200, 110},
        {EAS_STATUS_NoPicture, 141, 200, 173},
        {EAS_STATUS_InvalidRecipients, 141, 200, 110},
        {EAS_STATUS_InvalidRecipients, 160, 200, 183},
        {EAS_STATUS_CommandNotSupported, 121, 501, 137},
        {EAS_STATUS_MailboxQuotaExceeded, 121, 507, 113},
        {3, 25, 200, 3},
        {1, 161, 200, 1},
    };
    size_t i;

    for (i = 0; i < COUNT(rows); i++) {
        int code = rows[i].code, http = eas_status_http(&code, rows[i].version);

        if (http != rows[i].http || code != rows[i].told) {
            fail_msg("row %zu: %d %d", i, http, code);
        }
    }
    assert_string_equal(eas_status_find(165)->name, "DeviceInformationRequired");
    assert_null(eas_status_find(157));
    assert_null(eas_status_find(1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commands), cmocka_unit_test(test_flags),
        cmocka_unit_test(test_versions), POOL_TEST(test_list),
        cmocka_unit_test(test_status),
    };

    return RUN_TESTS(tests);
}
