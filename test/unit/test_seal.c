/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: seal.c */
#include "test_core.h"

static void test_seal(void **state)
{
    (void)state;
    const char *plain = "{\"session\":\"0123456789abcdef\"}", *sealed = usm__seal(plain, "pässword", pool);
    assert_non_null(sealed);
    assert_null(strstr(sealed, "0123456789abcdef"));
    assert_string_equal(usm__unseal(sealed, "pässword", pool), plain);
    assert_string_not_equal(sealed, usm__seal(plain, "pässword", pool)); /* salt and nonce are new each time */
    assert_null(usm__unseal(sealed, "password", pool));
    assert_null(usm__unseal(sealed, "", pool));
    assert_string_equal(usm__unseal(usm__seal("", "p", pool), "p", pool), "");
}

/* Whatever is changed or missing, it does not open. */
static void test_broken(void **state)
{
    static const char *const rows[] = {"", "1.", "1.AAAA", "2.AAAA", "x", "1.????"};
    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (usm__unseal(rows[i], "p", pool))
            fail_msg("row %u opened", i);
    }
    assert_null(usm__unseal(NULL, "p", pool));
    char *sealed = apr_pstrdup(pool, usm__seal("text", "p", pool));
    for (apr_size_t i = 2; i < strlen(sealed); i += 7) {
        char was = sealed[i];
        sealed[i] = was == 'A' ? 'B' : 'A';
        if (usm__unseal(sealed, "p", pool))
            fail_msg("opened although byte %d was changed", (int)i);
        sealed[i] = was;
    }
    assert_non_null(usm__unseal(sealed, "p", pool));
}

static void test_hmac(void **state)
{
    char a[65], b[65];
    (void)state;
    usm__hmac_hex(a, "key", 3, "ab", "c");
    usm__hmac_hex(b, "key", 3, "a", "bc");
    assert_string_not_equal(a, b);
    usm__hmac_hex(b, "kez", 3, "ab", "c");
    assert_string_not_equal(a, b);
    usm__hmac_hex(b, "key", 3, "ab", "c");
    assert_string_equal(a, b);
    assert_int_equal(strlen(a), 64);
    assert_int_equal(strspn(a, "0123456789abcdef"), 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_seal), cmocka_unit_test(test_broken),
                                       cmocka_unit_test(test_hmac)};
    return cmocka_run_group_tests_name("seal", tests, pool_up, pool_down);
}
