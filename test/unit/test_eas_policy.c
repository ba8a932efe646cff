/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: eas_policy.c */
/* The policy document of each version, and its digest. */
#include "eas_test.h"

#include "eas_policy.h"

static const eas_policy_t *the_policy;

static void write_policy(eas_writer_t *w, void *baton)
{
    eas_writer_start(w, EAS_Provision_Policy);
    eas_policy_write(w, the_policy, *(unsigned *)baton);
    eas_writer_end(w);
}

static unsigned versions[] = {25, 120, 121, 140, 141, 160, 161};

/* What is written has only elements of the version, in the order of their rows, and forbids nothing. */
static void test_documents(void **state)
{
    apr_pool_t *pool = *state;
    unsigned i;

    the_policy = eas_policy_default();
    for (i = 1; i < COUNT(versions); i++) {
        test_request_t request = {0};
        eas_node_t *root;
        const eas_node_t *doc, *node;
        unsigned count = 0;

        test_body(&request, write_policy, &versions[i], pool);
        assert_int_equal(eas_node_parse(&root, NULL, request.body, request.body_len, NULL, pool), EAS_WBXML_OK);
        assert_null(eas_node_outside_version(root, versions[i]));
        doc = eas_node_child(eas_node_child(root, EAS_Provision_Data), EAS_Provision_EASProvisionDoc);
        EAS_NODE_EACH(node, doc)
        {
            const char *name = eas_token_find(node->tag)->name;
            const char *text = eas_node_text(node);

            count++;
            if ((strncmp(name, "Allow", 5) == 0 && strcmp(text, "0") == 0) ||
                (strncmp(name, "Require", 7) == 0 && strcmp(text, "0") != 0)) {
                fail_msg("version %u: %s is %s", versions[i], name, text);
            }
        }
        /* 12.0 has the basic ones, all later versions the same. */
        assert_int_equal(count, versions[i] == 120 ? 11 : 42);
    }
}

/* Digests differ exactly where the documents do. */
static void test_digests(void **state)
{
    apr_pool_t *pool = *state;
    unsigned i, j;

    the_policy = eas_policy_default();
    for (i = 0; i < COUNT(versions); i++) {
        for (j = 0; j < COUNT(versions); j++) {
            test_request_t a = {0}, b = {0};
            char da[EAS_POLICY_DIGEST_LEN], db[EAS_POLICY_DIGEST_LEN];
            int same;

            test_body(&a, write_policy, &versions[i], pool);
            test_body(&b, write_policy, &versions[j], pool);
            same = a.body_len == b.body_len && memcmp(a.body, b.body, a.body_len) == 0;
            eas_policy_digest(da, the_policy, versions[i]);
            eas_policy_digest(db, the_policy, versions[j]);
            if (same != (strcmp(da, db) == 0)) {
                fail_msg("versions %u and %u", versions[i], versions[j]);
            }
            assert_int_equal(strlen(da), EAS_POLICY_DIGEST_LEN - 1);
        }
    }
}

static void test_keys(void **state)
{
    usm_policy_t policy = {.key = 1, .pending_key = 2, .digest = "", .pending_digest = ""};
    apr_uint32_t keys[64];
    unsigned i, j;

    for (i = 0; i < COUNT(keys); i++) {
        assert_null(eas_policy_key(&keys[i], &policy, *state));
        assert_true(keys[i] > 0 && keys[i] != 1 && keys[i] != 2);
        for (j = 0; j < i; j++) {
            assert_int_not_equal(keys[i], keys[j]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {POOL_TEST(test_documents), POOL_TEST(test_digests), POOL_TEST(test_keys)};
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
