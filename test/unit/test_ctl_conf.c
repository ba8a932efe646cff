/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: ctl_conf.c */
/* Settings out of httpd's configuration: how it is written, what wins, and what cannot be taken from there. */
#include "ctl_test.h"

static ctl_t *fresh(apr_pool_t *pool)
{
    ctl_t *ctl = apr_pcalloc(pool, sizeof(*ctl));

    ctl->pool = pool;
    return ctl;
}

static void test_values(void **state)
{
    static const struct {
        const char *text;
        int option;
        const char *want; /* NULL: not given */
    } rows[] = {
        {"EASStore sqlite:/a", CTL_STORE, "sqlite:/a"},
        {"EASStore sqlite:/a\n", CTL_STORE, "sqlite:/a"},
        {"  \teasstore\t sqlite:/a \r\n", CTL_STORE, "sqlite:/a"},
        {"EASStore \"sqlite:/a b\"\n", CTL_STORE, "sqlite:/a b"},
        {"EASStore 'sqlite:/a\"b'\n", CTL_STORE, "sqlite:/a\"b"},
        {"EASStore \"sqlite:/a\\\"b\\\\c\"\n", CTL_STORE, "sqlite:/a\"b\\c"},
        {"EASStore \\\n  sqlite:/a\n", CTL_STORE, "sqlite:/a"},
        {"EASStore sqlite:/a\nEASStore sqlite:/a\n", CTL_STORE, "sqlite:/a"},
        {"#EASStore sqlite:/a\n", CTL_STORE, NULL},
        {"EASStores sqlite:/a\n", CTL_STORE, NULL},
        {"EASStor sqlite:/a\n", CTL_STORE, NULL},
        {"<Location /x>\nEASOxUrl https://a/\n</Location>\n", CTL_OX, "https://a/"},
        {"EASOxInsecure On\n", CTL_INSECURE, "On"},
        {"EASOxInsecure off\n", CTL_INSECURE, NULL},
        {"EASOxCAFile /etc/ca.pem\n", CTL_CA, "/etc/ca.pem"},
        {"EASCapabilities \"\"\n", CTL_CAPABILITIES, ""},
        {"", CTL_STORE, NULL},
    };
    apr_pool_t *pool = *state;
    const char *folder = ctl_test_folder(pool);
    unsigned i;

    for (i = 0; i < COUNT(rows); i++) {
        ctl_t *ctl = fresh(pool);
        usm_error_t *err = ctl_conf_read(ctl, ctl_test_file(folder, "c", rows[i].text, pool));
        const char *got = ctl->opt[rows[i].option];

        if (err != NULL || (got == NULL) != (rows[i].want == NULL) || (got != NULL && strcmp(got, rows[i].want) != 0)) {
            fail_msg("row %u: %s", i, err != NULL ? usm_error_text(err, pool) : got != NULL ? got : "nothing");
        }
    }
}

static void test_faults(void **state)
{
    static const struct {
        const char *text, *complaint;
    } rows[] = {
        {"\nEASStore sqlite:${DIR}/a\n", ":2: the value of EASStore is computed"},
        {"EASStore %{ENV:STORE}\n", ":1: the value of EASStore is computed"},
        {"EASOxCAFile ca.pem\n", ":1: EASOxCAFile is relative"},
        {"EASOxInsecure maybe\n", ":1: EASOxInsecure must be on or off"},
        {"EASStore sqlite:/a\n\\\n\nEASStore sqlite:/b\n", ":4: EASStore has another value"},
    };
    apr_pool_t *pool = *state;
    const char *folder = ctl_test_folder(pool);
    unsigned i;

    for (i = 0; i < COUNT(rows); i++) {
        ctl_t *ctl = fresh(pool);
        usm_error_t *err = ctl_conf_read(ctl, ctl_test_file(folder, "c", rows[i].text, pool));
        int o;

        if (err == NULL || !usm_error_is(err, USM_ECONFIG) ||
            strstr(usm_error_text(err, pool), rows[i].complaint) == NULL) {
            fail_msg("row %u: %s", i, err != NULL ? usm_error_text(err, pool) : "taken");
        }
        /* Nothing is taken from a file that is not clear. */
        for (o = 0; o < CTL_OPTION_COUNT; o++) {
            assert_null(ctl->opt[o]);
        }
    }
}

/* What the command line has need not be clear in the file. */
static void test_given(void **state)
{
    apr_pool_t *pool = *state;
    const char *folder = ctl_test_folder(pool);
    ctl_t *ctl = fresh(pool);

    ctl->opt[CTL_STORE] = "sqlite:/mine";
    assert_null(ctl_conf_read(ctl, ctl_test_file(folder, "c",
                                                 "EASStore ${X}\nEASStore sqlite:/a\nEASOxUrl https://a/\n", pool)));
    assert_string_equal(ctl->opt[CTL_STORE], "sqlite:/mine");
    assert_string_equal(ctl->opt[CTL_OX], "https://a/");
}

/* Lines of any length up to httpd's limit; beyond it a complaint, also when they come in pieces. */
static void test_lengths(void **state)
{
    static const struct {
        int len, pieces, good;
    } rows[] = {{8000, 1, 1}, {8189, 1, 1}, {8192, 1, 0}, {20000, 1, 0}, {4000, 2, 1}, {4200, 2, 0}};
    apr_pool_t *pool = *state;
    const char *folder = ctl_test_folder(pool);
    unsigned i;
    int p;

    for (i = 0; i < COUNT(rows); i++) {
        char *filler = apr_palloc(pool, (apr_size_t)rows[i].len + 1);
        const char *text = "";
        usm_error_t *err;

        memset(filler, '#', (apr_size_t)rows[i].len);
        filler[rows[i].len] = '\0';
        for (p = 0; p < rows[i].pieces; p++) {
            text = apr_pstrcat(pool, text, filler, p + 1 < rows[i].pieces ? "\\\n" : "\n", NULL);
        }
        err = ctl_conf_read(fresh(pool), ctl_test_file(folder, "c", text, pool));
        if ((err == NULL) != rows[i].good || (err != NULL && strstr(usm_error_text(err, pool), "too long") == NULL)) {
            fail_msg("row %u: %s", i, err != NULL ? usm_error_text(err, pool) : "taken");
        }
    }
}

static void test_missing(void **state)
{
    ctl_test_expect(apr_pstrcat(*state, "schema --conf ", ctl_test_folder(*state), "/none", NULL), "", CTL_FAULT,
                    "/none cannot be read", *state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_values), POOL_TEST(test_faults),  POOL_TEST(test_given),
        POOL_TEST(test_lengths), POOL_TEST(test_missing),
    };

    return RUN_TESTS(tests);
}
