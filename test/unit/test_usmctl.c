/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: usmctl.c usm.c */
/* The command line: where options may stand, what is refused with which exit code, and what reaches a terminal. */
#include "ctl_test.h"

#include <usm/usm.h>

static void test_wrong_lines(void **state)
{
    static const struct {
        const char *line, *complaint;
    } rows[] = {
        {"", "no command is given"},
        {"frobnicate", "no command is called frobnicate"},
        {"--frobnicate version", "no option is called --frobnicate"},
        {"version --json", "version takes no option --json"},
        {"version x", "version takes no argument x"},
        {"decode a b", "decode takes no argument b"},
        {"version --help=x", "--help takes no value"},
        {"schema --store", "--store needs a value"},
        {"devices --user a --user b", "--user is given twice"},
        {"-- --help", "no command is called --help"},
        {"check --user a", "no groupware server is named"},
        {"check --ox https://x", "check needs --user"},
        {"check --ox ftp://x --user a", "--ox must begin with"},
        {"reset --user a", "reset needs --user and --device"},
        {"reset --device a", "reset needs --user and --device"},
        {"reset --user a --device b", "give --yes"},
        {"decode --mask --show-secrets", "contradict"},
    };
    unsigned i;

    for (i = 0; i < COUNT(rows); i++) {
        ctl_result_t result = ctl_test_run(rows[i].line, "y\n", *state);

        if (result.code != CTL_USAGE || *result.out != '\0' || strstr(result.err, rows[i].complaint) == NULL ||
            strstr(result.err, "usmctl --help") == NULL) {
            fail_msg("row %u: %d\n%s%s", i, result.code, result.out, result.err);
        }
    }
}

/* Every option and command is in the help; where it stands on the line does not matter. */
static void test_help(void **state)
{
    static const char *const lines[] = {"--help", "schema --help", "--help schema", "--store x --help devices"};
    ctl_result_t first = ctl_test_run("--help", "", *state);
    unsigned i;
    int o;

    assert_int_equal(first.code, CTL_OK);
    for (o = 0; o < CTL_OPTION_COUNT; o++) {
        assert_non_null(strstr(first.out, apr_pstrcat(*state, "--", ctl_options[o].name, NULL)));
        assert_non_null(strstr(first.out, ctl_options[o].help));
    }
    for (i = 0; i < COUNT(lines); i++) {
        ctl_result_t result = ctl_test_run(lines[i], "", *state);

        assert_int_equal(result.code, CTL_OK);
        assert_string_equal(result.out, first.out);
        assert_string_equal(result.err, "");
    }
}

static void test_version(void **state)
{
    int version = ctl_store_wanted();

    assert_true(version > 0);
    assert_string_equal(usm_version(), USM_VERSION_STRING);
    ctl_test_expect("version", "", CTL_OK,
                    apr_psprintf(*state, "usmctl %s, libusm %s, schema version %d\n", USM_VERSION_STRING, usm_version(),
                                 version),
                    *state);
}

/* Values with '=' and without, and "-" and what is behind "--" as words. */
static void test_values(void **state)
{
    apr_pool_t *pool = *state;
    const char *url = ctl_test_store(pool);

    ctl_test_expect(apr_pstrcat(pool, "schema --store=", url, NULL), "", CTL_OK, "library: schema version", pool);
    ctl_test_expect(apr_pstrcat(pool, "--store ", url, " schema", NULL), "", CTL_OK, "library: schema version", pool);
    ctl_test_expect("decode --hex -", "03016a00", CTL_FAULT, "-: ", pool);
    ctl_test_expect("decode --hex -- --no-such-file", "", CTL_FAULT, "--no-such-file cannot be opened", pool);
}

/* Text from outside does not steer a terminal. */
static void test_shown(void **state)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"", ""},
        {"Gr\xc3\xbc\xc3\x9f" "e", "Gr\xc3\xbc\xc3\x9f" "e"},
        {"a\xc2\x9b" "b", "a?b"},
        {"a\xc2\xa0" "b", "a\xc2\xa0" "b"},
        {"a\x7f" "b", "a?b"},
    };
    ctl_result_t result;
    const char *c;
    unsigned i;

    for (i = 0; i < COUNT(rows); i++) {
        assert_string_equal(ctl_shown(rows[i].text, *state), rows[i].want);
    }
    result = ctl_test_run("a\x1b[2Jb", "", *state);
    assert_int_equal(result.code, CTL_USAGE);
    for (c = result.err; *c != '\0'; c++) {
        assert_true((unsigned char)*c >= ' ' || *c == '\n');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_wrong_lines), POOL_TEST(test_help), POOL_TEST(test_version), POOL_TEST(test_values),
        POOL_TEST(test_shown),
    };

    return RUN_TESTS(tests);
}
