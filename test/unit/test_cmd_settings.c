/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: cmd_settings.c eas_devinfo.c */
/* Settings: which property gets which Status, in which order. */
#include "eas_test.h"

/* A document as a list of steps: tag to open, 0 to close, text for the element just opened. */
typedef struct step_t {
    unsigned tag;
    const char *text;
} step_t;

#define OPEN(tag_)                                                                                                     \
    {                                                                                                                  \
        EAS_Settings_##tag_, NULL                                                                                      \
    }
#define TEXT(tag_, text_)                                                                                              \
    {                                                                                                                  \
        EAS_Settings_##tag_, text_                                                                                     \
    }
#define CLOSE                                                                                                          \
    {                                                                                                                  \
        0, NULL                                                                                                        \
    }
#define END                                                                                                            \
    {                                                                                                                  \
        1, NULL                                                                                                        \
    }

static void write_steps(eas_writer_t *w, void *baton)
{
    const step_t *step;

    eas_writer_start(w, EAS_Settings_Settings);
    for (step = baton; step->tag != 1; step++) {
        if (step->tag == 0) {
            eas_writer_end(w);
        } else if (step->text != NULL) {
            eas_writer_tag_text(w, step->tag, step->text);
        } else {
            eas_writer_start(w, step->tag);
        }
    }
    eas_writer_end(w);
}

static test_answer_t *settings(const char *version, const step_t *steps, apr_pool_t *pool)
{
    test_request_t request = {.cmd = "Settings", .version = version};
    eas_conf_t *conf = test_start(pool);

    test_body(&request, write_steps, (void *)steps, pool);
    conf->require_policy = 1;
    return test_run(&request, conf, pool);
}

static const char long_password[] = "0123456789012345678901234567890123456789012345678901234567890123456789"
                                    "0123456789012345678901234567890123456789012345678901234567890123456789"
                                    "0123456789012345678901234567890123456789012345678901234567890123456789"
                                    "0123456789012345678901234567890123456789012345";

static const struct {
    const char *what;
    unsigned tag; /* of the property, 0: the document's own Status is meant */
    int status;
    step_t steps[8];
} rows[] = {
    {"nothing", 0, 2, {END}},
    {"only Status", 0, 2, {TEXT(Status, "1"), END}},
    {"twice", 0, 2, {OPEN(UserInformation), CLOSE, OPEN(UserInformation), CLOSE, END}},
    {"oof get", EAS_Settings_Oof, 3, {OPEN(Oof), OPEN(Get), TEXT(BodyType, "Text"), CLOSE, CLOSE, END}},
    {"oof get html", EAS_Settings_Oof, 3, {OPEN(Oof), OPEN(Get), TEXT(BodyType, "HTML"), CLOSE, CLOSE, END}},
    {"oof get without type", EAS_Settings_Oof, 2, {OPEN(Oof), OPEN(Get), CLOSE, CLOSE, END}},
    {"oof get of another type", EAS_Settings_Oof, 5, {OPEN(Oof), OPEN(Get), TEXT(BodyType, "RTF"), CLOSE, CLOSE, END}},
    {"oof set", EAS_Settings_Oof, 3, {OPEN(Oof), OPEN(Set), TEXT(OofState, "0"), CLOSE, CLOSE, END}},
    {"oof alone", EAS_Settings_Oof, 2, {OPEN(Oof), CLOSE, END}},
    {"password",
     EAS_Settings_DevicePassword,
     7,
     {OPEN(DevicePassword), OPEN(Set), TEXT(Password, "1234"), CLOSE, CLOSE, END}},
    {"no password", EAS_Settings_DevicePassword, 2, {OPEN(DevicePassword), OPEN(Set), CLOSE, CLOSE, END}},
    {"long password",
     EAS_Settings_DevicePassword,
     5,
     {OPEN(DevicePassword), OPEN(Set), TEXT(Password, long_password), CLOSE, CLOSE, END}},
    {"information",
     EAS_Settings_DeviceInformation,
     1,
     {OPEN(DeviceInformation), OPEN(Set), TEXT(Model, "M"), CLOSE, CLOSE, END}},
    {"information without Set", EAS_Settings_DeviceInformation, 2, {OPEN(DeviceInformation), CLOSE, END}},
    {"information of something else",
     EAS_Settings_DeviceInformation,
     5,
     {OPEN(DeviceInformation), OPEN(Set), TEXT(Password, "M"), CLOSE, CLOSE, END}},
    {"user without Get", EAS_Settings_UserInformation, 2, {OPEN(UserInformation), CLOSE, END}},
    {"user", EAS_Settings_UserInformation, 1, {OPEN(UserInformation), OPEN(Get), CLOSE, CLOSE, END}},
    {"rights",
     EAS_Settings_RightsManagementInformation,
     168,
     {OPEN(RightsManagementInformation), OPEN(Get), CLOSE, CLOSE, END}},
};

static void test_statuses(void **state)
{
    apr_pool_t *pool = *state;
    unsigned i;

    for (i = 0; i < COUNT(rows); i++) {
        test_answer_t *answer = settings("14.1", rows[i].steps, pool);
        const eas_node_t *node = rows[i].tag != 0 ? eas_node_child(answer->doc, rows[i].tag) : answer->doc;

        if (answer->rsp.http != 200 || test_int(node, EAS_Settings_Status) != rows[i].status ||
            node->child->tag != EAS_Settings_Status || (rows[i].tag == 0 && node->child->next != NULL) ||
            (rows[i].tag != 0 && test_int(answer->doc, EAS_Settings_Status) != 1)) {
            fail_msg("row %u, %s: status %d", i, rows[i].what, test_int(node, EAS_Settings_Status));
        }
    }
}

/* The request's order, Status first. iOS sends these two, before it has a policy key. */
static void test_order(void **state)
{
    static const step_t steps[] = {OPEN(UserInformation), OPEN(Get), CLOSE, CLOSE, OPEN(DeviceInformation), OPEN(Set),
                                   TEXT(OS, "iOS"),       CLOSE,     CLOSE, END};
    test_answer_t *answer = settings("16.1", steps, *state);
    const eas_node_t *node = answer->doc->child;

    assert_int_equal(node->tag, EAS_Settings_Status);
    assert_int_equal(node->next->tag, EAS_Settings_UserInformation);
    assert_int_equal(node->next->next->tag, EAS_Settings_DeviceInformation);
    assert_null(node->next->next->next);
    assert_string_equal(fake.devinfo, "OS: iOS\n");
}

static void test_user_information(void **state)
{
    static const step_t steps[] = {OPEN(UserInformation), OPEN(Get), CLOSE, CLOSE, END};
    static const unsigned old_path[] = {EAS_Settings_UserInformation, EAS_Settings_Get, EAS_Settings_EmailAddresses, 0};
    static const unsigned new_path[] = {EAS_Settings_UserInformation, EAS_Settings_Get, EAS_Settings_Accounts,
                                        EAS_Settings_Account, 0};
    const eas_node_t *node;

    node = eas_node_path(settings("14.0", steps, *state)->doc, old_path);
    assert_int_equal(eas_node_count(node, EAS_Settings_SMTPAddress), 2);
    assert_null(eas_node_child(node, EAS_Settings_PrimarySmtpAddress));
    node = eas_node_path(settings("14.1", steps, *state)->doc, new_path);
    assert_string_equal(eas_node_child_text(node, EAS_Settings_UserDisplayName), "Anna Test");
    assert_null(eas_node_child(node, EAS_Settings_AccountId));
    node = eas_node_child(node, EAS_Settings_EmailAddresses);
    assert_int_equal(eas_node_count(node, EAS_Settings_SMTPAddress), 2);
    assert_string_equal(eas_node_child_text(node, EAS_Settings_PrimarySmtpAddress), "a@example.org");
}

/* Rights management came with 14.1: before, the element is no part of the schema. */
static void test_versions(void **state)
{
    static const step_t steps[] = {OPEN(RightsManagementInformation), OPEN(Get), CLOSE, CLOSE, END};

    assert_int_equal(test_int(settings("14.0", steps, *state)->doc, EAS_Settings_Status), 103);
    assert_int_equal(settings("12.1", steps, *state)->rsp.http, 400);
    assert_int_equal(settings("2.5", steps, *state)->rsp.http, 400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {POOL_TEST(test_statuses), POOL_TEST(test_order),
                                       POOL_TEST(test_user_information), POOL_TEST(test_versions)};
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
