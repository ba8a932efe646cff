/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: cmd_provision.c eas_devinfo.c */
/* Provision: both phases, their keys, and what a device that does not play by the rules is told. */
#include "eas_test.h"

#include "eas_policy.h"

typedef struct body_t {
    const char *type, *key, *status;
    int information, no_policies, wipe, account; /* wipe: the Status reported */
} body_t;

static void write_body(eas_writer_t *w, void *baton)
{
    const body_t *body = baton;

    eas_writer_start(w, EAS_Provision_Provision);
    if (body->information) {
        eas_writer_start(w, EAS_Settings_DeviceInformation);
        eas_writer_start(w, EAS_Settings_Set);
        eas_writer_tag_text(w, EAS_Settings_Model, "Model\n1");
        eas_writer_tag_text(w, EAS_Settings_OS, "OS 1");
        eas_writer_end(w);
        eas_writer_end(w);
    }
    if (!body->no_policies) {
        eas_writer_start(w, EAS_Provision_Policies);
        eas_writer_start(w, EAS_Provision_Policy);
        eas_writer_tag_text(w, EAS_Provision_PolicyType, body->type);
        eas_writer_tag_text(w, EAS_Provision_PolicyKey, body->key);
        eas_writer_tag_text(w, EAS_Provision_Status, body->status);
        eas_writer_end(w);
        eas_writer_end(w);
    }
    if (body->wipe) {
        eas_writer_start(w, body->account ? EAS_Provision_AccountOnlyRemoteWipe : EAS_Provision_RemoteWipe);
        eas_writer_tag_int(w, EAS_Provision_Status, body->wipe);
        eas_writer_end(w);
    }
    eas_writer_end(w);
}

static eas_node_t *provision(const char *version, const body_t *body, apr_pool_t *pool)
{
    test_request_t request = {.cmd = "Provision", .version = version};
    eas_conf_t *conf = eas_conf_create(pool);
    test_answer_t *answer;

    test_body(&request, write_body, (void *)body, pool);
    answer = test_run(&request, conf, pool);
    assert_int_equal(answer->rsp.http, 200);
    assert_non_null(answer->doc);
    assert_int_equal(answer->doc->tag, EAS_Provision_Provision);
    return answer->doc;
}

static const eas_node_t *policy_of(const eas_node_t *doc)
{
    return eas_node_child(eas_node_child(doc, EAS_Provision_Policies), EAS_Provision_Policy);
}

static const char *const versions[] = {"2.5", "12.0", "12.1", "14.0", "14.1", "16.0", "16.1"};

static void test_two_phases(void **state)
{
    apr_pool_t *pool = *state;
    unsigned i;

    for (i = 0; i < COUNT(versions); i++) {
        unsigned version = eas_version_parse(versions[i]);
        body_t body = {.type = eas_policy_type(version), .information = version >= 141};
        const eas_node_t *policy, *data;
        const char *temporary, *final, *again;
        eas_node_t *doc;

        test_start(pool);
        doc = provision(versions[i], &body, pool);
        policy = policy_of(doc);
        data = eas_node_child(policy, EAS_Provision_Data);
        temporary = eas_node_child_text(policy, EAS_Provision_PolicyKey);
        assert_int_equal(test_int(doc, EAS_Provision_Status), 1);
        assert_int_equal(test_int(policy, EAS_Provision_Status), 1);
        assert_non_null(data);
        assert_int_equal(version < 120, eas_node_text(data) != NULL && data->len > 0);
        assert_null(eas_node_outside_version(doc, version));
        assert_int_equal(fake.policy.key, 0);
        assert_int_equal(version >= 141, fake.devinfo != NULL);

        body.information = 0;
        body.key = temporary;
        body.status = "1";
        policy = policy_of(provision(versions[i], &body, pool));
        final = eas_node_child_text(policy, EAS_Provision_PolicyKey);
        assert_int_equal(test_int(policy, EAS_Provision_Status), 1);
        assert_null(eas_node_child(policy, EAS_Provision_Data));
        assert_string_not_equal(temporary, final);
        assert_int_equal(apr_atoi64(final), fake.policy.key);
        assert_int_equal(eas_policy_check(&fake.policy, eas_policy_default(), fake.policy.key, version, 0), 0);

        /* The answer was lost: the same final key again. */
        again = eas_node_child_text(policy_of(provision(versions[i], &body, pool)), EAS_Provision_PolicyKey);
        assert_string_equal(again, final);
    }
}

/* Asking again leaves the key in force alone until the new one is acknowledged. */
static void test_old_key_stays(void **state)
{
    apr_pool_t *pool = *state;
    body_t body = {.type = eas_policy_type(140)};

    test_start(pool);
    fake.policy.key = 7;
    provision("14.0", &body, pool);
    assert_int_equal(fake.policy.key, 7);
    assert_int_not_equal(fake.policy.pending_key, 7);
    assert_int_not_equal(fake.policy.pending_key, 0);
}

static void test_refusals(void **state)
{
    static const struct {
        const char *what, *version;
        body_t body;
        int status, policy_status;
    } rows[] = {
        {"no policies", "12.1", {.no_policies = 1}, 2, 0},
        {"no policy type", "12.1", {.type = NULL}, 2, 0},
        {"empty policy type", "12.1", {.type = ""}, 2, 0},
        {"unknown type", "12.1", {.type = "x"}, 1, 3},
        {"the type of 2.5", "14.1", {.type = "MS-WAP-Provisioning-XML", .information = 1}, 1, 3},
        {"the type of 12.0", "2.5", {.type = "MS-EAS-Provisioning-WBXML"}, 1, 3},
        {"no information", "14.1", {.type = "MS-EAS-Provisioning-WBXML"}, 165, 0},
        {"no information", "16.1", {.type = "MS-EAS-Provisioning-WBXML"}, 165, 0},
        {"foreign key", "14.0", {.type = "MS-EAS-Provisioning-WBXML", .key = "5", .status = "1"}, 1, 5},
        {"key 0", "14.0", {.type = "MS-EAS-Provisioning-WBXML", .key = "0", .status = "1"}, 1, 5},
        {"key is text", "14.0", {.type = "MS-EAS-Provisioning-WBXML", .key = "x", .status = "1"}, 1, 5},
        {"no status", "14.0", {.type = "MS-EAS-Provisioning-WBXML", .key = "5"}, 2, 0},
        {"status 5", "14.0", {.type = "MS-EAS-Provisioning-WBXML", .key = "5", .status = "5"}, 2, 0},
        {"wipe nobody asked for", "14.0", {.no_policies = 1, .wipe = 1}, 1, 0},
    };
    apr_pool_t *pool = *state;
    unsigned i;

    for (i = 0; i < COUNT(rows); i++) {
        eas_node_t *doc;
        const eas_node_t *policy;

        test_start(pool);
        doc = provision(rows[i].version, &rows[i].body, pool);
        policy = policy_of(doc);
        if (test_int(doc, EAS_Provision_Status) != rows[i].status ||
            (rows[i].policy_status == 0 ? policy != NULL
                                        : test_int(policy, EAS_Provision_Status) != rows[i].policy_status) ||
            eas_node_child(policy, EAS_Provision_PolicyKey) != NULL || fake.policy.key != 0) {
            fail_msg("row %u, %s: status %d, policy status %d", i, rows[i].what, test_int(doc, EAS_Provision_Status),
                     test_int(policy, EAS_Provision_Status));
        }
    }
}

/* The policy demands nothing: however a device takes it, it may come in. */
static void test_client_status(void **state)
{
    static const char *const statuses[] = {"1", "2", "3", "4"};
    apr_pool_t *pool = *state;
    unsigned i;

    for (i = 0; i < COUNT(statuses); i++) {
        body_t body = {.type = eas_policy_type(140)};

        test_start(pool);
        body.key = eas_node_child_text(policy_of(provision("14.0", &body, pool)), EAS_Provision_PolicyKey);
        body.status = statuses[i];
        assert_int_equal(test_int(policy_of(provision("14.0", &body, pool)), EAS_Provision_Status), 1);
        assert_int_not_equal(fake.policy.key, 0);
    }
}

static void test_device_information(void **state)
{
    apr_pool_t *pool = *state;
    body_t body = {.type = eas_policy_type(161), .information = 1};
    eas_node_t *doc;

    test_start(pool);
    doc = provision("16.1", &body, pool);
    assert_int_equal(test_int(eas_node_child(doc, EAS_Settings_DeviceInformation), EAS_Settings_Status), 1);
    assert_string_equal(fake.devinfo, "Model: Model 1\nOS: OS 1\n");
    /* Before 14.1 it belongs into Settings and is passed over here. */
    test_start(pool);
    doc = provision("14.0", &body, pool);
    assert_null(eas_node_child(doc, EAS_Settings_DeviceInformation));
    assert_null(fake.devinfo);
}

/* Whatever the device asks, it is told to wipe until it says that it has. */
static void test_wipe(void **state)
{
    static const struct {
        const char *version;
        int account, report, no_policies;
        usm_wipe_e before, after;
        int status, told;
    } rows[] = {
        {"2.5", 0, 0, 1, USM_WIPE_ASKED, USM_WIPE_SENT, 1, 1},  {"12.1", 0, 0, 0, USM_WIPE_ASKED, USM_WIPE_SENT, 1, 1},
        {"14.1", 0, 0, 0, USM_WIPE_SENT, USM_WIPE_SENT, 1, 1},  {"16.1", 1, 0, 1, USM_WIPE_ASKED, USM_WIPE_SENT, 1, 1},
        {"2.5", 0, 1, 1, USM_WIPE_SENT, USM_WIPE_DONE, 1, 0},   {"14.0", 0, 1, 1, USM_WIPE_ASKED, USM_WIPE_DONE, 1, 0},
        {"16.1", 1, 1, 1, USM_WIPE_SENT, USM_WIPE_DONE, 1, 0},  {"14.1", 0, 2, 1, USM_WIPE_SENT, USM_WIPE_FAILED, 2, 1},
        {"14.1", 0, 1, 1, USM_WIPE_FAILED, USM_WIPE_DONE, 1, 0},
    };
    unsigned i;

    for (i = 0; i < COUNT(rows); i++) {
        unsigned tag = rows[i].account ? EAS_Provision_AccountOnlyRemoteWipe : EAS_Provision_RemoteWipe;
        body_t body = {.type = eas_policy_type(eas_version_parse(rows[i].version)), .no_policies = rows[i].no_policies,
                       .wipe = rows[i].report, .account = rows[i].account};
        eas_node_t *doc;

        test_start(*state);
        fake.standing = (usm_standing_t){.wipe = rows[i].before, .account_only = rows[i].account};
        doc = provision(rows[i].version, &body, *state);
        if (test_int(doc, EAS_Provision_Status) != rows[i].status || fake.standing.wipe != rows[i].after ||
            (eas_node_child(doc, tag) != NULL) != rows[i].told || eas_node_child(doc, EAS_Provision_Policies) != NULL) {
            fail_msg("row %u: Status %d, state %d", i, test_int(doc, EAS_Provision_Status), (int)fake.standing.wipe);
        }
        /* Never the other one. */
        tag = rows[i].account ? EAS_Provision_RemoteWipe : EAS_Provision_AccountOnlyRemoteWipe;
        assert_null(eas_node_child(doc, tag));
    }
}

/* A report of the other kind of wipe is none of this one, and one that was called off meanwhile is not told. */
static void test_wipe_not_meant(void **state)
{
    body_t report = {.no_policies = 1, .wipe = 1}, ask = {.type = eas_policy_type(161), .information = 1};
    eas_node_t *doc;

    test_start(*state);
    fake.standing = (usm_standing_t){.wipe = USM_WIPE_SENT, .account_only = 1};
    doc = provision("16.1", &report, *state);
    assert_int_equal(fake.standing.wipe, USM_WIPE_SENT);
    assert_non_null(eas_node_child(doc, EAS_Provision_AccountOnlyRemoteWipe));

    test_start(*state);
    fake.standing = (usm_standing_t){.wipe = USM_WIPE_ASKED};
    fake.cancelled = 1;
    doc = provision("16.1", &ask, *state);
    assert_null(eas_node_child(doc, EAS_Provision_RemoteWipe));
    assert_non_null(policy_of(doc));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_two_phases),    POOL_TEST(test_old_key_stays),      POOL_TEST(test_refusals),
        POOL_TEST(test_client_status), POOL_TEST(test_device_information),
        POOL_TEST(test_wipe),          POOL_TEST(test_wipe_not_meant),
    };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
