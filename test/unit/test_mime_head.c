/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: mime_head.c */
/* The header block as bytes: what is a field of a name, what is refused, and that the rest keeps its form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <string.h>
#include "util/mime.h"

static apr_pool_t *pool;

static void test_has(void **state)
{
    static const struct {
        const char *data;
        int want;
    } rows[] = {
        {"Bcc: a\r\n\r\n", 1}, {"bCC : a\n\n", 1},     {"To: b\r\nBcc: a\r\n\r\n", 1}, {"Bcc:", 1},
        {"Bcc", 0},            {"Bccx: a\r\n\r\n", 0}, {"To: b\r\n Bcc: a\r\n\r\n", 0}, {"To: b\r\n\r\nBcc: a\r\n", 0},
        {"", 0},               {"\r\nBcc: a\r\n", 0},  {"\nBcc: a\n", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (usm__head_has(rows[i].data, strlen(rows[i].data), "Bcc") != rows[i].want)
            fail_msg("row %zu", i);
    }
}

static void test_ok(void **state)
{
    static const struct {
        const char *data;
        apr_size_t len;
        int want;
    } rows[] = {
#define ROW(text, want) {text, sizeof(text) - 1, want}
        ROW("To: b\r\n\r\nbody\rmore", 1), ROW("To: b\n\n", 1), ROW("", 1),        ROW("To: b\rBcc: a\r\n\r\n", 0),
        ROW("To: b\0c\r\n\r\n", 0),        ROW("To: b\r", 0),   ROW("To: b\r\r\n\r\n", 0),
#undef ROW
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (usm__head_ok(rows[i].data, rows[i].len) != rows[i].want)
            fail_msg("row %zu", i);
    }
}

static void test_set(void **state)
{
    static const struct {
        const char *data, *value, *want;
    } rows[] = {
        {"To: b\r\n\r\nbody", "x", "Bcc: x\r\nTo: b\r\n\r\nbody"},
        {"To: b\r\nBcc: a,\r\n c\r\nCc: d\r\n\r\nBcc: body", NULL, "To: b\r\nCc: d\r\n\r\nBcc: body"},
        {"BCC: a\nbcc: c\nTo:  b \n\nx", "y", "Bcc: y\r\nTo:  b \n\nx"},
        {"Bcc: a", NULL, ""},
        {"", "x", "Bcc: x\r\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *data = rows[i].data;
        apr_size_t len = strlen(data);
        usm__head_set(&data, &len, "Bcc", rows[i].value, pool);
        if (len != strlen(rows[i].want) || strcmp(data, rows[i].want) != 0)
            fail_msg("row %zu: %s", i, data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_has), cmocka_unit_test(test_ok), cmocka_unit_test(test_set),
    };
    apr_initialize();
    apr_pool_create(&pool, NULL);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_pool_destroy(pool);
    apr_terminate();
    return failed;
}
