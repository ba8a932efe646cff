/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: eas_access.c */
/* Rules and decisions together: which of them a device is told, who hears of it, and what OPTIONS offers. */
#include "eas_test.h"

#include <stdlib.h>
#include <unistd.h>

#include "eas_rules.h"

static eas_conf_t *conf_of(const char *rules, apr_pool_t *pool)
{
    eas_conf_t *conf = test_start(pool);
    char *path = apr_pstrdup(pool, "/tmp/eas_access.XXXXXX");
    const char *fault;
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, rules, strlen(rules)), strlen(rules));
    close(fd);
    fault = eas_conf_set(conf, EAS_DIRECTIVE_rules_file, path, pool);
    unlink(path);
    if (fault != NULL) {
        fail_msg("%s", fault);
    }
    assert_null(eas_conf_set(conf, EAS_DIRECTIVE_require_policy, "off", pool));
    return conf;
}

static void test_rules(void **state)
{
    static const struct {
        const char *rules, *version;
        usm_standing_t standing;
        int status; /* 101: let in, to a command that then misses its body */
    } rows[] = {
        {"[rules]\nblock user=anna", "14.1", {0}, 129},
        {"[rules]\nblock user=bert", "14.1", {0}, 101},
        {"[rules]\nblock user=anna", "14.1", {.access = USM_ACCESS_ALLOW}, 101},
        {"[rules]\nallow user=anna", "14.1", {.access = USM_ACCESS_BLOCK}, 129},
        {"[rules]\nblock user=anna", "14.1", {.access = USM_ACCESS_QUARANTINE}, 129},
        /* One that waited, until the rules were changed. */
        {"[rules]\nallow user=anna", "14.1", {.access = USM_ACCESS_QUARANTINE}, 101},
        {"[rules]\nquarantine", "14.1", {0}, 129},
        {"[rules]\nquarantine", "14.1", {.access = USM_ACCESS_QUARANTINE}, 129},
        {"[rules]\nquarantine", "14.1", {.access = USM_ACCESS_ALLOW}, 101},
        {"[rules]\nquarantine", "14.1", {.access = USM_ACCESS_ALLOW, .wipe = USM_WIPE_ASKED}, 140},
        {"[rules]\nquarantine", "14.1", {.wipe = USM_WIPE_ASKED}, 140},
        {"[rules]\nallow max=14.0", "14.0", {0}, 101},
        {"[rules]\nallow max=14.0", "14.1", {0}, 138},
        {"[rules]\nblock device=^ABC type=Phone version=14.1", "14.1", {0}, 129},
        {"[rules]\nblock group=x", "14.1", {0}, 101},
    };
    unsigned i;

    for (i = 0; i < COUNT(rows); i++) {
        eas_conf_t *conf = conf_of(rows[i].rules, *state);
        const test_request_t request = {.cmd = "FolderSync", .version = rows[i].version};
        int status;

        fake.standing = rows[i].standing;
        status = atoi(apr_table_get(test_run(&request, conf, *state)->rsp.notes, "eas-status"));
        if (status != rows[i].status) {
            fail_msg("row %u: Status %d", i, status);
        }
    }
}

/* The user hears of a device that waits, once. */
static void test_quarantine(void **state)
{
    eas_conf_t *conf = conf_of("[rules]\nquarantine\n", *state);
    const test_request_t request = {.cmd = "FolderSync", .version = "14.1"};
    unsigned i;

    assert_null(eas_conf_set(conf, EAS_DIRECTIVE_admin_mail, "root@example.org", *state));
    for (i = 0; i < 3; i++) {
        test_run(&request, conf, *state);
        assert_int_equal(fake.standing.access, USM_ACCESS_QUARANTINE);
        assert_int_equal(fake.sends, 1);
    }
    assert_non_null(strstr(fake.sent, "To: <a@example.org>\r\nCc: <root@example.org>\r\n"));
    assert_non_null(strstr(fake.sent, "Device:  ABC123\r\n"));
    conf = conf_of("[rules]\nquarantine\n", *state);
    assert_null(eas_conf_set(conf, EAS_DIRECTIVE_quarantine_mail, "off", *state));
    test_run(&request, conf, *state);
    assert_int_equal(fake.standing.access, USM_ACCESS_QUARANTINE);
    assert_int_equal(fake.sends, 0);
}

/* A device is offered what it may speak. */
static void test_options(void **state)
{
    eas_conf_t *conf = conf_of("[rules]\nallow user=anna max=14.1\n", *state);
    const test_request_t request = {.method = "OPTIONS"};

    assert_string_equal(apr_table_get(test_run(&request, conf, *state)->rsp.headers, "MS-ASProtocolVersions"),
                        "2.5,12.0,12.1,14.0,14.1");
    conf = conf_of("[rules]\nallow type=x max=14.1\n", *state);
    assert_string_equal(apr_table_get(test_run(&request, conf, *state)->rsp.headers, "MS-ASProtocolVersions"),
                        eas_version_list());
}

/* What only DeviceInformation tells. */
static void test_information(void **state)
{
    eas_conf_t *conf = conf_of("[rules]\nblock model=\"^Brick 3$\" os=^Old\n", *state);
    const test_request_t request = {.cmd = "FolderSync", .version = "14.1"};

    assert_string_equal(apr_table_get(test_run(&request, conf, *state)->rsp.notes, "eas-status"), "101");
    fake.devinfo = "Model: Brick 3\nOS: Older\n";
    assert_string_equal(apr_table_get(test_run(&request, conf, *state)->rsp.notes, "eas-status"), "129");
}

int main(void)
{
    const struct CMUnitTest tests[] = {POOL_TEST(test_rules), POOL_TEST(test_quarantine), POOL_TEST(test_options),
                                       POOL_TEST(test_information)};
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
