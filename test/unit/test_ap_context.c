/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: ap_context.c */
/* One context per distinct backend, shared by locations, and what is told when there can be none. */
#include "ap_test.h"

#include <apr_thread_proc.h>

/* Locations that differ only in how they answer share a context; another store or another server is another one. */
static void test_sharing(void **state)
{
    static const struct {
        const char *name, *text;
        int shared;
    } rows[] = {
        {"EASHeartbeatMax", "1000", 1},      {"EASRequireTLS", "off", 1},
        {"EASOxConnections", "3", 0},        {"EASOxUrl", "https://other.example.org/ajax/", 0},
        {"EASCapabilities", "webmail", 0},
    };
    request_rec *r = ap_test_start(*state);
    usm_context_t *first, *again;
    unsigned i;

    assert_null(eas_ap_context(&first, ap_test_dir(r)->conf, r->pool));
    assert_non_null(first);
    for (i = 0; i < COUNT(rows); i++) {
        eas_ap_dir_t *inner = eas_ap_dir_create(r->pool, NULL);
        usm_context_t *other;

        assert_null(ap_test_directive(inner, rows[i].name, rows[i].text, r->pool));
        inner = eas_ap_dir_merge(r->pool, ap_test_dir(r), inner);
        assert_null(eas_ap_context(&other, inner->conf, r->pool));
        if ((other == first) != rows[i].shared) {
            fail_msg("row %u", i);
        }
    }
    assert_null(eas_ap_context(&again, ap_test_dir(r)->conf, r->pool));
    assert_ptr_equal(again, first);
}

/* A context outlives the request that made it, and its configuration the one it was made from. */
static void test_lifetime(void **state)
{
    request_rec *r = ap_test_start(*state);
    usm_context_t *first, *again;
    apr_pool_t *request;
    eas_conf_t *conf;

    apr_pool_create(&request, r->pool);
    conf = eas_conf_copy(ap_test_dir(r)->conf, request);
    assert_null(eas_ap_context(&first, conf, request));
    apr_pool_destroy(request);
    assert_null(eas_ap_context(&again, ap_test_dir(r)->conf, r->pool));
    assert_ptr_equal(again, first);
    assert_string_equal(usm_context_config(again)->backend_url, "https://ox.example.org/ajax/");
}

/* What is missing is named, with the code of a mistake in the configuration, and nothing is tried. */
static void test_config(void **state)
{
    static const struct {
        const char *store, *url, *min, *names;
    } rows[] = {
        {NULL, "https://ox.example.org/", "60", "EASStore"},
        {"sqlite:/nowhere/eas.db", NULL, "60", "EASOxUrl"},
        {"sqlite:/nowhere/eas.db", "https://ox.example.org/", "3540", "EASHeartbeatMin"},
    };
    request_rec *r = ap_test_start(*state);
    unsigned i;

    for (i = 0; i < COUNT(rows); i++) {
        eas_ap_dir_t *dir = eas_ap_dir_create(r->pool, NULL);
        usm_context_t *ctx;
        usm_error_t *err;

        if (rows[i].store != NULL) {
            ap_test_directive(dir, "EASStore", rows[i].store, r->pool);
        }
        if (rows[i].url != NULL) {
            ap_test_directive(dir, "EASOxUrl", rows[i].url, r->pool);
        }
        ap_test_directive(dir, "EASHeartbeatMin", rows[i].min, r->pool);
        ap_test_directive(dir, "EASHeartbeatMax", "3539", r->pool);
        err = eas_ap_context(&ctx, dir->conf, r->pool);
        if (err == NULL || !usm_error_is(err, USM_ECONFIG) || ctx != NULL ||
            strstr(usm_error_text(err, r->pool), rows[i].names) == NULL) {
            fail_msg("row %u: %s", i, err != NULL ? usm_error_text(err, r->pool) : "no error");
        }
    }
}

/* A database that cannot be had is an outage: told once in the log, then left alone for a while. */
static void test_outage(void **state)
{
    request_rec *r = ap_test_start(*state);
    eas_ap_dir_t *dir = eas_ap_dir_create(r->pool, NULL);
    usm_context_t *ctx;
    int i;

    ap_test_directive(dir, "EASStore", "sqlite:/nonexistent/folder/eas.db", r->pool);
    ap_test_directive(dir, "EASOxUrl", "https://ox.example.org/ajax/", r->pool);
    ap_fake.log_lines = 0;
    for (i = 0; i < 3; i++) {
        usm_error_t *err = eas_ap_context(&ctx, dir->conf, r->pool);

        assert_non_null(err);
        assert_null(ctx);
        assert_true(usm_error_is(err, USM_ESTORE));
        assert_int_equal(usm_error_class(err), USM_CLASS_UNAVAILABLE);
        assert_int_equal(ap_fake.log_lines, 1);
        assert_int_equal(ap_fake.log_level, APLOG_ERR);
        assert_non_null(strstr(ap_fake.log_line, "EAS00021"));
        assert_non_null(strstr(ap_fake.log_line, "/nonexistent/folder"));
    }
    /* The others are served. */
    assert_null(eas_ap_context(&ctx, ap_test_dir(r)->conf, r->pool));
    assert_non_null(ctx);
}

typedef struct asker_t {
    const eas_conf_t *conf;
    usm_context_t *ctx;
} asker_t;

static void *ask(apr_thread_t *thread, void *baton)
{
    asker_t *asker = baton;
    apr_pool_t *pool;

    apr_pool_create_unmanaged_ex(&pool, NULL, NULL);
    usm_error_clear(eas_ap_context(&asker->ctx, asker->conf, pool));
    apr_pool_destroy(pool);
    return NULL;
}

/* Threads that come at once get the same one. */
static void test_threads(void **state)
{
    request_rec *r = ap_test_start(*state);
    apr_thread_t *threads[8];
    asker_t askers[8];
    apr_status_t status;
    unsigned i;

    for (i = 0; i < COUNT(threads); i++) {
        askers[i] = (asker_t){.conf = ap_test_dir(r)->conf};
        assert_int_equal(apr_thread_create(&threads[i], NULL, ask, &askers[i], r->pool), APR_SUCCESS);
    }
    for (i = 0; i < COUNT(threads); i++) {
        apr_thread_join(&status, threads[i]);
        assert_non_null(askers[i].ctx);
        assert_ptr_equal(askers[i].ctx, askers[0].ctx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_sharing), POOL_TEST(test_lifetime), POOL_TEST(test_config),
        POOL_TEST(test_outage),  POOL_TEST(test_threads),
    };

    return RUN_TESTS(tests);
}
