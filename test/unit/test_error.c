/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: error.c */
#include "test_core.h"

static usm_error_t *deep(void)
{
    return USM_ERROR(pool, USM_ESTALE_KEY, "key of generation %d", 4);
}

static usm_error_t *middle(void)
{
    USM_ERR_W(deep(), "folder %s", "7");
    return NULL;
}

static void test_chain(void **state)
{
    (void)state;
    usm_error_t *err = middle();
    assert_string_equal(usm_error_text(err, pool), "folder 7: key of generation 4");
    assert_int_equal(usm_error_code(err), USM_ESTALE_KEY);
    assert_int_equal(usm_error_class(err), USM_CLASS_STALE_KEY);
    assert_true(usm_error_is(err, USM_ESTALE_KEY));
    assert_false(usm_error_is(err, USM_EBUSY));
    usm_error_clear(err);
    usm_error_clear(NULL);
    assert_null(usm_error_wrap(NULL, "f", 1, "nothing"));
}

/* Each code has a name, a text and a class, and no two share a number. */
static void test_codes(void **state)
{
    static const struct {
        apr_status_t code;
        const char *name;
        usm_errclass_e cls;
        int retry;
    } rows[] = {
#define USM_ERRDEF(name, number, cls, retry, text) {USM_E##name, #name, USM_CLASS_##cls, retry},
#include <usm/error_codes.h>
#undef USM_ERRDEF
    };
    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        usm_error_t *err = USM_ERROR(pool, rows[i].code, NULL);
        if (strcmp(usm_code_name(rows[i].code), rows[i].name) || usm_error_class(err) != rows[i].cls ||
            usm_error_retry(err) != rows[i].retry || strcmp(usm_error_text(err, pool), usm_code_text(rows[i].code)))
            fail_msg("row %u: %s", i, rows[i].name);
        for (unsigned k = 0; k < i; k++) {
            if (rows[k].code == rows[i].code)
                fail_msg("%s and %s share a number", rows[k].name, rows[i].name);
        }
        usm_error_clear(err);
    }
}

/* A code of the operating system is nobody's class but ours, and says what it is. */
static void test_foreign(void **state)
{
    (void)state;
    usm_error_t *err = USM_ERROR_APR(pool, APR_ENOENT, NULL);
    assert_int_equal(usm_error_class(err), USM_CLASS_INTERNAL);
    assert_int_equal(usm_error_retry(err), 0);
    assert_non_null(strstr(usm_error_text(err, pool), "o such file"));
    err = usm_error_make(pool, __FILE__, __LINE__, USM_EUNAVAILABLE, err, "cannot connect");
    assert_int_equal(usm_error_class(err), USM_CLASS_UNAVAILABLE); /* the outermost code of ours decides */
    assert_int_equal(usm_error_code(err), APR_ENOENT);
    assert_null(usm_code_name(APR_ENOENT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_chain), cmocka_unit_test(test_codes),
                                       cmocka_unit_test(test_foreign)};
    return cmocka_run_group_tests_name("error", tests, pool_up, pool_down);
}
