/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: ox_hint.c */
/* Notifications of mail servers: what each form means, and what is none. */
#include "ox_test.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <apr_strings.h>
#include <string.h>
#include <usm/usm.h>

static apr_pool_t *pool;

#define MAX 4
#define ONE "{\"user\":\"11@3\",\"event\":\"messageNew\",\"folder\":\"INBOX\"}"

static const struct {
    const char *in;
    apr_status_t code;
    int count;
    const char *user, *login, *folder; /* of the last hint */
    usm_hint_kind_e kind;
} rows[] = {
    {ONE, 0, 1, "3/11", NULL, "default0/INBOX", USM_HINT_MAIL},
    {"{\"user\":\"11@3\",\"event\":\"MESSAGENEW\",\"folder\":\"INBOX\",\"imap-uid\":7,\"unseen\":1}", 0, 1, "3/11",
     NULL, "default0/INBOX", USM_HINT_MAIL},
    {"{\"user\":\"Anna@example.org\",\"event\":\"flagsSet\",\"folder\":\"A/B\"}", 0, 1, NULL, "anna@example.org",
     "default0/A/B", USM_HINT_MAIL},
    {"{\"user\":\"anna\",\"event\":\"messageExpunge\"}", 0, 1, NULL, "Anna", NULL, USM_HINT_MAIL},
    {"{\"user\":\"11@\",\"event\":\"messageNew\"}", 0, 1, NULL, "11@", NULL, USM_HINT_MAIL},
    {"{\"user\":\"11@3@4\",\"event\":\"messageNew\"}", 0, 1, NULL, "11@3@4", NULL, USM_HINT_MAIL},
    {"{\"user\":\"11@3\",\"event\":\"mailboxRename\",\"folder\":\"Neu\"}", 0, 1, "3/11", NULL, NULL, USM_HINT_FOLDERS},
    {"{\"user\":\"11@3\",\"event\":\"mailboxSubscribe\",\"folder\":\"Neu\"}", 0, 0, NULL, NULL, NULL, 0},
    {"{\"user\":\"11@3\",\"event\":\"coffeeReady\"}", 0, 0, NULL, NULL, NULL, 0},
    {"[" ONE "," ONE ",{\"user\":\"b\",\"event\":\"messageNew\",\"folder\":null}]", 0, 3, NULL, "b", NULL,
     USM_HINT_MAIL},
    {"[]", 0, 0, NULL, NULL, NULL, 0},
    {"[" ONE "," ONE "," ONE "," ONE "," ONE "]", USM_ELIMIT, 0, NULL, NULL, NULL, 0},
    {"[" ONE ",1]", USM_EINVALID, 0, NULL, NULL, NULL, 0},
    {"", USM_EINVALID, 0, NULL, NULL, NULL, 0},
    {"7", USM_EINVALID, 0, NULL, NULL, NULL, 0},
    {"{\"user\":\"11@3\"}", USM_EINVALID, 0, NULL, NULL, NULL, 0},
    {"{\"user\":\"11@3\",\"event\":\"\"}", USM_EINVALID, 0, NULL, NULL, NULL, 0},
    {"{\"user\":11,\"event\":\"messageNew\"}", USM_EINVALID, 0, NULL, NULL, NULL, 0},
    {"{\"user\":\"11@3\",\"event\":\"messageNew\",\"folder\":7}", USM_EINVALID, 0, NULL, NULL, NULL, 0},
    {"{\"user\":\"11@3\",\"event\":\"messageNew\",\"folder\":\"\"}", USM_EINVALID, 0, NULL, NULL, NULL, 0},
};

static void test_rows(void **state)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        usm_hint_t hints[MAX] = {{0}}, wanted;
        int count = -1;
        usm_error_t *err = usm_hint_parse(hints, &count, MAX, NULL, rows[i].in, strlen(rows[i].in), pool);
        if (rows[i].code ? !usm_error_is(err, rows[i].code) : err != NULL || count != rows[i].count)
            fail_msg("row %zu: %s, %d hints", i, err ? usm_error_text(err, pool) : "no error", count);
        usm_error_clear(err);
        if (rows[i].code || !rows[i].count)
            continue;
        if (rows[i].user)
            usm_hint_for_user(&wanted, rows[i].user, rows[i].folder, rows[i].kind);
        else
            usm_hint_for_login(&wanted, rows[i].login, rows[i].folder, rows[i].kind);
        if (memcmp(&wanted, &hints[count - 1], sizeof wanted) != 0)
            fail_msg("row %zu: another hint", i);
    }
}

static void test_limits(void **state)
{
    usm_hint_t hints[MAX];
    int count;
    char *name = apr_palloc(pool, 700);
    memset(name, 'x', 699);
    name[699] = 0;
    const char *body = apr_psprintf(pool, "{\"user\":\"%s\",\"event\":\"messageNew\"}", name);
    usm_error_t *err = usm_hint_parse(hints, &count, MAX, "ox", body, strlen(body), pool);
    assert_true(usm_error_is(err, USM_EINVALID));
    usm_error_clear(err);
    err = usm_hint_parse(hints, &count, MAX, "other", ONE, strlen(ONE), pool);
    assert_true(usm_error_is(err, USM_EUNSUPPORTED));
    usm_error_clear(err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_limits)};
    apr_initialize();
    apr_pool_create(&pool, NULL);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_pool_destroy(pool);
    apr_terminate();
    return failed;
}
