/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: ap_config.c mod_eas.c */
/* The command table as httpd walks it, merging of locations, and the module record with its hooks. */
#include "ap_test.h"

/* Every row is a directive of httpd, once, and nothing else is but AuthBasicProvider. */
static void test_rows(void **state)
{
    int count = 0, id;

    while (eas_ap_commands[count].name != NULL) {
        count++;
    }
    assert_int_equal(count, EAS_DIRECTIVE_COUNT + 1);
    for (id = 0; id < EAS_DIRECTIVE_COUNT; id++) {
        const eas_directive_t *row = eas_directive_get((eas_directive_id_t)id);

        assert_string_equal(eas_ap_commands[id].name, row->name);
        assert_int_equal(eas_ap_commands[id].req_override, RSRC_CONF | ACCESS_CONF);
        assert_int_equal(eas_ap_commands[id].args_how, TAKE1);
    }
    assert_string_equal(eas_ap_commands[count - 1].name, "AuthBasicProvider");
}

/* A line of the configuration, and what httpd is to say of it. */
static void test_set(void **state)
{
    static const struct {
        const char *name, *text;
        int good;
    } rows[] = {
        {"EASStore", "sqlite:/var/lib/eas.db", 1},
        {"EASStore", "mysql://host/db", 0},
        {"EASOxUrl", "https://ox.example.org/ajax/", 1},
        {"EASOxUrl", "ftp://ox.example.org/", 0},
        {"EASRequireTLS", "off", 1},
        {"EASRequireTLS", "maybe", 0},
        {"EASHeartbeatMax", "3540", 1},
        {"EASHeartbeatMax", "3541", 0},
        {"EASHeartbeatMax", "long", 0},
        {"EASMaxBody", "4M", 1},
        {"EASMaxBody", "4T", 0},
        {"EASOxCAFile", "ca.pem", 1},
        {"EASOxCAFile", "/etc/ssl/ca.pem", 1},
    };
    apr_pool_t *pool = *state;
    eas_ap_dir_t *dir;
    unsigned i;

    ap_test_start(pool);
    for (i = 0; i < COUNT(rows); i++) {
        const char *fault;

        dir = eas_ap_dir_create(pool, NULL);
        fault = ap_test_directive(dir, rows[i].name, rows[i].text, pool);
        if ((fault == NULL) != rows[i].good) {
            fail_msg("row %u: %s", i, fault != NULL ? fault : "taken");
        }
        /* The administrator has to see which line it is about. */
        if (fault != NULL && strstr(fault, rows[i].name) == NULL) {
            fail_msg("row %u: the complaint does not name the directive: %s", i, fault);
        }
    }
}

/* Paths are below ServerRoot; what httpd can make no path of is a fault. */
static void test_path(void **state)
{
    apr_pool_t *pool = *state;
    eas_ap_dir_t *dir;
    const char *fault;

    ap_test_start(pool);
    dir = eas_ap_dir_create(pool, NULL);
    assert_null(ap_test_directive(dir, "EASOxCAFile", "ssl/ca.pem", pool));
    assert_string_equal(dir->conf->ox_ca, "/etc/httpd/ssl/ca.pem");
    ap_fake.server_root = NULL;
    fault = ap_test_directive(dir, "EASOxCAFile", "ssl/other.pem", pool);
    assert_non_null(fault);
    assert_non_null(strstr(fault, "EASOxCAFile"));
    assert_string_equal(dir->conf->ox_ca, "/etc/httpd/ssl/ca.pem");
}

/* An inner section wins where it says something; its providers replace those outside, as mod_auth_basic's do. */
static void test_merge(void **state)
{
    apr_pool_t *pool = *state;
    eas_ap_dir_t *outer, *inner, *both;

    ap_test_start(pool);
    outer = eas_ap_dir_create(pool, NULL);
    inner = eas_ap_dir_create(pool, NULL);
    assert_null(ap_test_directive(outer, "EASHeartbeatMax", "1000", pool));
    assert_null(ap_test_directive(outer, "EASRetryAfter", "30", pool));
    assert_null(ap_test_directive(inner, "EASRetryAfter", "90", pool));
    assert_null(ap_test_directive(outer, "AuthBasicProvider", "OX", pool));

    both = eas_ap_dir_merge(pool, outer, inner);
    assert_int_equal(both->conf->heartbeat_max, 1000);
    assert_int_equal(both->conf->retry_after, 90);
    assert_int_equal(both->providers, 1);
    assert_int_equal(both->has_ox, 1);

    assert_null(ap_test_directive(inner, "AuthBasicProvider", "file", pool));
    assert_null(ap_test_directive(inner, "AuthBasicProvider", "ldap", pool));
    both = eas_ap_dir_merge(pool, outer, inner);
    assert_int_equal(both->providers, 2);
    assert_int_equal(both->has_ox, 0);
    /* Merging has changed neither. */
    assert_int_equal(outer->conf->retry_after, 30);
    assert_int_equal(inner->conf->heartbeat_max, 3540);
}

/* The module's hooks are there, and the login comes before mod_auth_basic, which would answer an outage with 500. */
static void test_module(void **state)
{
    request_rec *r = ap_test_start(*state);

    assert_int_equal(ap_fake.handler_count, 3);
    assert_ptr_equal(ap_fake.handlers[0], eas_ap_handler);
    assert_ptr_equal(ap_fake.handlers[1], eas_ap_autodiscover);
    assert_non_null(ap_fake.child_init);
    assert_non_null(ap_fake.check_authn);
    assert_string_equal(ap_fake.authn_before, "mod_auth_basic.c");
    assert_string_equal(ap_fake.provider_group, AUTHN_PROVIDER_GROUP);
    assert_string_equal(ap_fake.provider_name, "ox");
    assert_ptr_equal(eas_module.cmds, eas_ap_commands);
    assert_ptr_equal(eas_module.merge_dir_config, eas_ap_dir_merge);
    assert_ptr_equal(eas_ap_dir(r), ap_test_dir(r));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_rows), POOL_TEST(test_set), POOL_TEST(test_path), POOL_TEST(test_merge), POOL_TEST(test_module),
    };

    return RUN_TESTS(tests);
}
