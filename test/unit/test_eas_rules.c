/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: eas_rules.c eas_policy.c */
/* The file of rules and policies: what strikes, and what is said of each thing that can be wrong in it. */
#include "eas_test.h"

#include <apr_file_io.h>
#include <stdlib.h>
#include <unistd.h>

#include "eas_rules.h"

static const char *file_of(const char *text, apr_pool_t *pool)
{
    char *path = apr_pstrdup(pool, "/tmp/eas_rules.XXXXXX");
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    return path;
}

static const eas_rules_t *rules_of(const char *text, apr_pool_t *pool)
{
    const char *path = file_of(text, pool), *fault;
    const eas_rules_t *rules = NULL;

    fault = eas_rules_read(&rules, path, pool);
    unlink(path);
    if (fault != NULL) {
        fail_msg("%s", fault);
    }
    return rules;
}

static void test_first_strikes(void **state)
{
    static const struct {
        eas_facts_t facts;
        eas_rule_action_t action;
        const char *policy;
        unsigned max;
        int line;
    } rows[] = {
        {{.user = "boss", .type = "iPhone"}, EAS_RULE_ALLOW, "strict", 141, 10},
        {{.user = "BOSS", .type = "iPhone"}, EAS_RULE_ALLOW, "strict", 141, 10},
        {{.user = "anna", .type = "iPhone"}, EAS_RULE_ALLOW, "default", 0, 13},
        {{.user = "anna", .type = "iPad"}, EAS_RULE_ALLOW, "default", 0, 0},
        {{.user = "anna", .type = "Bad Phone", .version = "14.1"}, EAS_RULE_BLOCK, "default", 0, 11},
        {{.user = "anna", .type = "Bad Phone", .version = "16.1"}, EAS_RULE_ALLOW, "default", 0, 0},
        /* What is not known strikes nothing. */
        {{.user = "anna", .type = "Bad Phone"}, EAS_RULE_ALLOW, "default", 0, 0},
        {{.user = "x", .agent = "say \"hi\""}, EAS_RULE_QUARANTINE, "default", 0, 12},
        {{.user = NULL}, EAS_RULE_ALLOW, "default", 0, 0},
    };
    const eas_rules_t *rules = rules_of("# two policies\n"
                                        "[policy default]\n"
                                        "  MinDevicePasswordLength = 4 \r\n"
                                        "[policy strict]\n"
                                        "DevicePasswordEnabled=1\n"
                                        "MaxInactivityTimeDeviceLock = \n"
                                        "\n"
                                        "[rules]\n"
                                        "# who is first wins\n"
                                        "allow policy=strict max=14.1 user=^boss$\n"
                                        "block type=\"^Bad Phone$\" version=^14\n"
                                        "quarantine agent=\"^say \\\"hi\\\"$\"   # and more\n"
                                        "allow type=^iPhone$\n",
                                        *state);
    unsigned i;

    for (i = 0; i < COUNT(rows); i++) {
        eas_decision_t decision;

        eas_rules_ask(&decision, rules, &rows[i].facts);
        if (decision.action != rows[i].action || decision.max_version != rows[i].max || decision.line != rows[i].line ||
            strcmp(decision.policy->name, rows[i].policy) != 0) {
            fail_msg("row %u: action %d, policy %s, line %d", i, (int)decision.action, decision.policy->name,
                     decision.line);
        }
    }
    assert_false(eas_rules_need_information(rules));
    assert_true(eas_rules_need_information(rules_of("[rules]\nblock os=Symbian\n", *state)));
    assert_false(eas_rules_need_information(NULL));
}

/* Without a file, and with an empty one, everybody may come and nothing is forbidden. */
static void test_none(void **state)
{
    const eas_facts_t facts = {.user = "anna"};
    eas_decision_t decision;

    eas_rules_ask(&decision, NULL, &facts);
    assert_true(decision.action == EAS_RULE_ALLOW && decision.policy == eas_policy_default());
    eas_rules_ask(&decision, rules_of("", *state), &facts);
    assert_true(decision.action == EAS_RULE_ALLOW && decision.policy == eas_policy_default());
}

/* Each fault is told with its line and what could stand there. */
static void test_faults(void **state)
{
    static const struct {
        const char *text, *fault;
    } rows[] = {
        {"allow\n", "line 1: before this there must be a section"},
        {"[rule]\n", "line 1: a section is written [rules] or [policy NAME]"},
        {"[policy]\n", "line 1: a section is written"},
        {"[policy a b]\n", "letters, digits, - and _"},
        {"[policy x\n", "line 1: a section is written"},
        {"[policy x]\n[policy x]\n", "line 2: there is a policy x already"},
        {"[policy x]\nAllowCamera\n", "line 2: a setting of a policy is written ELEMENT = VALUE"},
        {"[policy x]\nAllowTea = 1\n", "no setting is called AllowTea"},
        {"[policy x]\nAllowCamera = yes\n", "AllowCamera must be a number from 0 to 1"},
        {"[policy x]\nAllowCamera =\n", "AllowCamera must be a number from 0 to 1"},
        {"[policy x]\nMinDevicePasswordLength = 17\n", "from 1 to 16, or empty for no limit"},
        {"[policy x]\nMaxCalendarAgeFilter = 2\n", "must be 0, 4, 5, 6 or 7"},
        {"[policy x]\nMaxEmailBodyTruncationSize = -2\n", "from -1"},
        {"[policy x]\nApprovedApplicationList = a\tb\n", "words with commas"},
        {"[rules]\n\n\nlet user=x\n", "line 4: let: a rule begins with allow, block or quarantine"},
        {"[rules]\nallow user\n", "user: what a rule looks at is written NAME=EXPRESSION"},
        {"[rules]\nallow colour=red\n", "nothing is called colour"},
        {"[rules]\nallow user=(\n", "( is no regular expression"},
        {"[rules]\nallow user=\"x\n", "a quotation mark is not closed"},
        {"[rules]\nallow policy=x\n[policy x]\n", "line 2: there is no policy x above"},
        {"[rules]\nallow max=15\n", "15 is no protocol version: 2.5,"},
    };
    const eas_rules_t *rules;
    unsigned i;

    for (i = 0; i < COUNT(rows); i++) {
        const char *path = file_of(rows[i].text, *state), *fault = eas_rules_read(&rules, path, *state);

        unlink(path);
        if (fault == NULL || strstr(fault, rows[i].fault) == NULL || strncmp(fault, path, strlen(path)) != 0) {
            fail_msg("row %u: %s", i, fault != NULL ? fault : "taken");
        }
    }
    assert_non_null(strstr(eas_rules_read(&rules, "/nowhere/at/all", *state), "cannot be read"));
}

static void write_policy(eas_writer_t *w, void *baton)
{
    eas_writer_start(w, EAS_Provision_Policy);
    eas_policy_write(w, baton, 141);
    eas_writer_end(w);
}

/* What a policy sets is in its document, lists as their words; 2.5 is told of the password alone. */
static void test_policy(void **state)
{
    const eas_rules_t *rules = rules_of("[policy default]\nDevicePasswordEnabled = 1\nMinDevicePasswordLength = 8\n"
                                        "UnapprovedInROMApplicationList = one two.exe, three ,,\n",
                                        *state);
    const eas_facts_t facts = {.user = "x"};
    test_request_t request = {0};
    char mine[EAS_POLICY_DIGEST_LEN], other[EAS_POLICY_DIGEST_LEN];
    eas_decision_t decision;
    const eas_node_t *doc, *list;
    eas_node_t *root;
    unsigned versions[] = {25, 120, 161}, i;

    eas_rules_ask(&decision, rules, &facts);
    assert_int_equal(eas_policy_number(decision.policy, EAS_POLICY_MinDevicePasswordLength, 0), 8);
    assert_int_equal(eas_policy_number(decision.policy, EAS_POLICY_MaxAttachmentSize, -5), -5);
    test_body(&request, write_policy, (void *)decision.policy, *state);
    assert_int_equal(eas_node_parse(&root, NULL, request.body, request.body_len, NULL, *state), EAS_WBXML_OK);
    doc = eas_node_child(eas_node_child(root, EAS_Provision_Data), EAS_Provision_EASProvisionDoc);
    assert_string_equal(eas_node_child_text(doc, EAS_Provision_MinDevicePasswordLength), "8");
    list = eas_node_child(doc, EAS_Provision_UnapprovedInROMApplicationList);
    assert_int_equal(eas_node_count(list, EAS_Provision_ApplicationName), 2);
    assert_string_equal(eas_node_child_text(list, EAS_Provision_ApplicationName), "one two.exe");
    for (i = 0; i < COUNT(versions); i++) {
        eas_policy_digest(mine, decision.policy, versions[i]);
        eas_policy_digest(other, eas_policy_default(), versions[i]);
        assert_string_not_equal(mine, other);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {POOL_TEST(test_first_strikes), POOL_TEST(test_none), POOL_TEST(test_faults),
                                       POOL_TEST(test_policy)};
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
