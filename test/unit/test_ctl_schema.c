/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: ctl_schema.c */
/* Schema versions: made, moved forward and judged, but never by a command that only looks. */
#include "ctl_test.h"

#include <apr_file_info.h>

static void test_life(void **state)
{
    apr_pool_t *pool = *state;
    const char *path = apr_pstrcat(pool, ctl_test_folder(pool), "/x.db", NULL);
    const char *line = apr_pstrcat(pool, "schema --store sqlite:", path, NULL);
    apr_finfo_t info;

    ctl_test_expect(line, "", CTL_FAULT, "state database", pool);
    assert_true(APR_STATUS_IS_ENOENT(apr_stat(&info, path, APR_FINFO_TYPE, pool)));
    ctl_test_expect(apr_pstrcat(pool, line, " --upgrade", NULL), "", CTL_OK, "the tables were made", pool);
    ctl_test_expect(line, "", CTL_OK, apr_psprintf(pool, "database: schema version %d\n", ctl_store_wanted()), pool);
    ctl_test_expect(apr_pstrcat(pool, line, " --upgrade", NULL), "", CTL_OK, "nothing to do", pool);
}

/* Older, newer and none: each with its own advice. */
static void test_judge(void **state)
{
    apr_pool_t *pool = *state;
    int wanted = ctl_store_wanted();
    usm_error_t *err;

    assert_null(ctl_store_judge(wanted, pool));
    err = ctl_store_judge(wanted + 1, pool);
    assert_true(usm_error_is(err, USM_ESTORE_SCHEMA));
    assert_non_null(strstr(usm_error_text(err, pool), "newer usmctl"));
    err = ctl_store_judge(0, pool);
    assert_true(usm_error_is(err, USM_ESTORE_SCHEMA));
    assert_non_null(strstr(usm_error_text(err, pool), "no tables"));
    err = ctl_store_judge(-1, pool);
    assert_true(usm_error_is(err, USM_ESTORE_SCHEMA));
    assert_non_null(strstr(usm_error_text(err, pool), "move it forward"));
}

/* An empty file has no tables; one that is no database, or a folder that is not there, is a fault of the store. */
static void test_faults(void **state)
{
    apr_pool_t *pool = *state;
    const char *folder = ctl_test_folder(pool);
    const char *const rows[][2] = {
        {apr_pstrcat(pool, "schema --store sqlite:", ctl_test_file(folder, "empty", "", pool), NULL), "no tables"},
        {apr_pstrcat(pool, "schema --store sqlite:",
                     ctl_test_file(folder, "text", "this is no database, and it is long enough to tell", pool), NULL),
         "state database"},
        {"schema --store sqlite:/nonexistent/folder/x.db --upgrade", "usmctl"},
        {"schema --store mysql://x/y", "sqlite:"},
        {"schema", "no state database is named"},
        {"devices", "no state database is named"},
    };
    unsigned i;

    for (i = 0; i < COUNT(rows); i++) {
        ctl_test_expect(rows[i][0], "", CTL_FAULT, rows[i][1], pool);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {POOL_TEST(test_life), POOL_TEST(test_judge), POOL_TEST(test_faults)};

    return RUN_TESTS(tests);
}
