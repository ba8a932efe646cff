/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: eas_conf.c */
/* Directives: defaults, values and their limits, merging. Everything runs over the rows. */
#include "eas_test.h"

/* How many rows were written. */
static int given(const eas_conf_t *conf)
{
    int count = 0;

    for (int i = 0; i < EAS_DIRECTIVE_COUNT; i++) {
        count += conf->given[i];
    }
    return count;
}

/* Defaults are what their text says: setting it gives the same and is no fault. */
static void test_defaults(void **state)
{
    apr_pool_t *pool = *state;
    eas_conf_t *conf = eas_conf_create(pool);
    eas_conf_t *set = eas_conf_create(pool);
    int i;

    for (i = 0; i < EAS_DIRECTIVE_COUNT; i++) {
        const eas_directive_t *row = eas_directive_get((eas_directive_id_t)i);
        const char *dflt = row->dflt;
        const char *fault;

        if (row->kind == EAS_KIND_CHOICE) {
            dflt = apr_pstrmemdup(pool, dflt, strcspn(dflt, "|"));
        }
        fault = dflt != NULL ? eas_conf_set(set, row->id, dflt, pool) : NULL;

        if (fault != NULL || row->id != (eas_directive_id_t)i || strncmp(row->name, "EAS", 3) != 0 ||
            *row->help == '\0') {
            fail_msg("row %d, %s: %s", i, row->name, fault);
        }
    }
    assert_int_equal(given(conf), 0);
    assert_true(eas_conf_same_backend(conf, set));
    assert_int_equal(conf->require_tls, 1);
    assert_int_equal(conf->max_body, 32 << 20);
    assert_int_equal(conf->show_shared, USM_SHOW_CHOSEN);
    assert_null(conf->store);
}

static void test_values(void **state)
{
    static const struct {
        eas_directive_id_t id;
        const char *text;
        int good;
    } rows[] = {
        {EAS_DIRECTIVE_store, "sqlite:/var/lib/eas/eas.db", 1},
        {EAS_DIRECTIVE_store, "sqlite:eas.db", 0},
        {EAS_DIRECTIVE_store, "mariadb://eas@localhost/eas?socket=/x", 1},
        {EAS_DIRECTIVE_store, "mariadb://eas@localhost", 0},
        {EAS_DIRECTIVE_store, "mariadb://eas@localhost/?socket=/x", 0},
        {EAS_DIRECTIVE_store, "postgres://x/y", 0},
        {EAS_DIRECTIVE_store, "", 0},
        {EAS_DIRECTIVE_ox_url, "https://ox.example.org/ajax/", 1},
        {EAS_DIRECTIVE_ox_url, "http://127.0.0.1:8080/ajax/", 1},
        {EAS_DIRECTIVE_ox_url, "https://u@ox.example.org/ajax/", 0},
        {EAS_DIRECTIVE_ox_url, "ox.example.org/ajax", 0},
        {EAS_DIRECTIVE_ox_url, "ftp://ox.example.org/", 0},
        {EAS_DIRECTIVE_ox_url, "https://", 0},
        {EAS_DIRECTIVE_ox_url, "https://x/?a=b", 0},
        {EAS_DIRECTIVE_require_tls, "ON", 1},
        {EAS_DIRECTIVE_require_tls, "off", 1},
        {EAS_DIRECTIVE_require_tls, "yes", 0},
        {EAS_DIRECTIVE_require_tls, "", 0},
        {EAS_DIRECTIVE_heartbeat_min, "1", 1},
        {EAS_DIRECTIVE_heartbeat_min, "3540", 1},
        {EAS_DIRECTIVE_heartbeat_min, "0", 0},
        {EAS_DIRECTIVE_heartbeat_min, "3541", 0},
        {EAS_DIRECTIVE_heartbeat_min, "-1", 0},
        {EAS_DIRECTIVE_heartbeat_min, "+1", 0},
        {EAS_DIRECTIVE_heartbeat_min, " 1", 0},
        {EAS_DIRECTIVE_heartbeat_min, "1x", 0},
        {EAS_DIRECTIVE_heartbeat_min, "1K", 0},
        {EAS_DIRECTIVE_heartbeat_min, "99999999999999999999", 0},
        {EAS_DIRECTIVE_max_body, "64K", 1},
        {EAS_DIRECTIVE_max_body, "1g", 1},
        {EAS_DIRECTIVE_max_body, "2G", 0},
        {EAS_DIRECTIVE_max_body, "9999999999999G", 0},
        {EAS_DIRECTIVE_max_body, "64KB", 0},
        {EAS_DIRECTIVE_max_body, "1T", 0},
        {EAS_DIRECTIVE_max_body, "65535", 0},
        {EAS_DIRECTIVE_capabilities, "", 1},
        {EAS_DIRECTIVE_client_id, "", 0},
        {EAS_DIRECTIVE_calendar, "chronos", 1},
        {EAS_DIRECTIVE_calendar, "caldav", 0},
        {EAS_DIRECTIVE_show_shared, "none", 1},
        {EAS_DIRECTIVE_show_shared, "ALL", 1},
        {EAS_DIRECTIVE_show_shared, "chosen", 1},
        {EAS_DIRECTIVE_show_shared, "al", 0},
        {EAS_DIRECTIVE_show_shared, "none|all", 0},
        {EAS_DIRECTIVE_show_shared, "some", 0},
        {EAS_DIRECTIVE_show_shared, "", 0},
    };
    apr_pool_t *pool = *state;
    unsigned i;

    for (i = 0; i < COUNT(rows); i++) {
        eas_conf_t *conf = eas_conf_create(pool);
        const char *fault = eas_conf_set(conf, rows[i].id, rows[i].text, pool);

        if ((fault == NULL) != rows[i].good || given(conf) != rows[i].good) {
            fail_msg("row %u, '%s': %s", i, rows[i].text, fault != NULL ? fault : "taken");
        }
    }
}

/* A text that is good for ROW and not its default. */
static const char *other_value(const eas_directive_t *row, apr_pool_t *pool)
{
    switch (row->kind) {
    case EAS_KIND_FLAG:
        return strcmp(row->dflt, "on") == 0 ? "off" : "on";
    case EAS_KIND_NUMBER:
    case EAS_KIND_BYTES:
        return apr_psprintf(pool, "%" APR_INT64_T_FMT, row->max);
    case EAS_KIND_CHOICE:
        return strrchr(row->dflt, '|') + 1;
    case EAS_KIND_RULES:
        return "/dev/null";
    case EAS_KIND_STORE:
        return "sqlite:/other";
    case EAS_KIND_URL:
        return "http://other/";
    default:
        return "other";
    }
}

/* For each row: set inside wins, set outside shows through, and the other rows stay. */
static void test_merge(void **state)
{
    apr_pool_t *pool = *state;
    const eas_conf_t *none = eas_conf_create(pool);
    int i;

    for (i = 0; i < EAS_DIRECTIVE_COUNT; i++) {
        const eas_directive_t *row = eas_directive_get((eas_directive_id_t)i);
        eas_conf_t *one = eas_conf_create(pool);
        eas_conf_t *inner, *outer;

        assert_null(eas_conf_set(one, row->id, other_value(row, pool), pool));
        inner = eas_conf_merge(none, one, pool);
        outer = eas_conf_merge(one, none, pool);
        if (memcmp(inner, one, sizeof(*one)) != 0 || memcmp(outer, one, sizeof(*one)) != 0) {
            fail_msg("row %d, %s", i, row->name);
        }
        if (eas_conf_same_backend(one, none) != (row->group == EAS_GROUP_LOCATION)) {
            fail_msg("row %d, %s: does it choose the backend?", i, row->name);
        }
        assert_true(eas_conf_same_backend(one, eas_conf_copy(one, pool)));
    }
}

/* Setting the default inside is not the same as leaving it out. */
static void test_merge_default(void **state)
{
    apr_pool_t *pool = *state;
    eas_conf_t *outer = eas_conf_create(pool), *inner = eas_conf_create(pool);

    eas_conf_set(outer, EAS_DIRECTIVE_require_tls, "off", pool);
    eas_conf_set(inner, EAS_DIRECTIVE_require_tls, "on", pool);
    assert_int_equal(eas_conf_merge(outer, inner, pool)->require_tls, 1);
}

static void test_check(void **state)
{
    apr_pool_t *pool = *state;
    eas_conf_t *conf = eas_conf_create(pool);

    assert_non_null(eas_conf_check(conf));
    eas_conf_set(conf, EAS_DIRECTIVE_store, "sqlite:/x", pool);
    assert_non_null(eas_conf_check(conf));
    eas_conf_set(conf, EAS_DIRECTIVE_ox_url, "http://x/", pool);
    assert_null(eas_conf_check(conf));
    eas_conf_set(conf, EAS_DIRECTIVE_heartbeat_max, "10", pool);
    assert_non_null(eas_conf_check(conf));
}

static void test_usm(void **state)
{
    apr_pool_t *pool = *state;
    eas_conf_t *conf = eas_conf_create(pool);
    usm_config_t config;

    eas_conf_set(conf, EAS_DIRECTIVE_ox_timeout, "7", pool);
    eas_conf_set(conf, EAS_DIRECTIVE_poll_interval, "3", pool);
    eas_conf_set(conf, EAS_DIRECTIVE_full_compare, "7", pool);
    eas_conf_usm(&config, conf, NULL);
    assert_int_equal(config.timeout_ms, 7000);
    assert_int_equal(config.poll_interval_ms, 3000);
    assert_int_equal(config.full_compare_s, 7);
    assert_int_equal(config.device_days, 180);
    assert_int_equal(config.connect_timeout_ms, 5000);
    assert_string_equal(config.client_id, "USM-EAS");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_defaults),      POOL_TEST(test_values), POOL_TEST(test_merge),
        POOL_TEST(test_merge_default), POOL_TEST(test_check),  POOL_TEST(test_usm),
    };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
