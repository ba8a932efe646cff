/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: ids.c */
#include "test_core.h"

static void test_keys(void **state)
{
    static const char *const bad[] = {"",
                                      "0",
                                      "1",
                                      "0123456789ab",
                                      "0123456789ab.",
                                      "0123456789ab.0",
                                      "0123456789ab.01",
                                      "0123456789ab.-1",
                                      "0123456789AB.1",
                                      "0123456789ab.1 ",
                                      " 0123456789ab.1",
                                      "0123456789ab.2147483647",
                                      "0123456789ab.9999999999999999999999999",
                                      "0123456789ab1.1",
                                      "{0123456789ab}1"};
    apr_int64_t epoch, gen;
    (void)state;
    assert_true(usm__key_parse(&epoch, &gen, usm__key_make(APR_INT64_C(0xABCDEF012345), 77, pool)));
    assert_true(epoch == APR_INT64_C(0xABCDEF012345) && gen == 77);
    assert_false(usm__key_parse(&epoch, &gen, NULL));
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (usm__key_parse(&epoch, &gen, bad[i]))
            fail_msg("row %u: %s was taken", i, bad[i]);
    }
}

static void test_folder_ids(void **state)
{
    static const struct {
        const char *text;
        apr_int64_t id;
    } rows[] = {{"7", 7}, {"0", 0}, {"07", 0}, {"-7", 0}, {"7 ", 0}, {"x", 0}, {"", 0}, {NULL, 0},
                {"899999999", 899999999}, {"900000000", 0}, {"999999999999999", 0}, {"9999999999999999", 0},
                {"900000001", 0}, {"RI", USM__FID_RECIPIENTS}, {"ri", 0}};
    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (usm__fid_parse(rows[i].text) != rows[i].id)
            fail_msg("row %u", i);
    }
    assert_string_equal(usm__fid_text(USM__FID_RECIPIENTS, pool), "RI");
    assert_string_equal(usm__sid_make(USM__FID_RECIPIENTS, "ab", pool), "RI:ab");
}

/* Plain ids pass as they are; whatever else a server may use gets a short name; none is longer than 64. */
static void test_server_ids(void **state)
{
    static const struct {
        const char *id, *sid;
    } rows[] = {{"4711", "12:4711"}, {"a-b_c.d", "12:a-b_c.d"}, {"con://0/32/101", NULL}, {"~x", NULL}, {"a b", NULL},
                {"1234567890123456789012345678901234567890", "12:1234567890123456789012345678901234567890"},
                {"12345678901234567890123456789012345678901", NULL}, {"\xc3\xbc", NULL}};
    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *sid = usm__sid_make(12, rows[i].id, pool);
        if (strlen(sid) > 64 || (rows[i].sid ? strcmp(sid, rows[i].sid) : strncmp(sid, "12:~", 4)))
            fail_msg("row %u: %s", i, sid);
        for (unsigned k = 0; k < i; k++) {
            if (strcmp(sid, usm__sid_make(12, rows[k].id, pool)) == 0)
                fail_msg("rows %u and %u share a server id", i, k);
        }
    }
    assert_string_equal(usm__sid_make(0, "9", pool), "9");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_keys), cmocka_unit_test(test_folder_ids),
                                       cmocka_unit_test(test_server_ids)};
    return cmocka_run_group_tests_name("ids", tests, pool_up, pool_down);
}
