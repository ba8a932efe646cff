/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: ox_error.c */
#include "ox_test.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <apr_strings.h>
#include <string.h>

static apr_pool_t *pool;

#define E(code, categories, number)                                                                                    \
    "{\"error\":\"text\",\"code\":\"" code "\",\"categories\":" categories ",\"category\":" #number "}"

/* envelope → code, APR_SUCCESS = no error; session: a new login helps */
static const struct {
    const char *in;
    apr_status_t code;
    int session;
} rows[] = {
    {"{\"data\":[]}", APR_SUCCESS, 0},
    {"{\"code\":\"SES-0203\"}", APR_SUCCESS, 0},
    {E("TSK-0007", "\"CONFLICT\"", 9), USM_ECONFLICT, 0},
    {E("CON-0119", "\"CONFLICT\"", 9), USM_ECONFLICT, 0},
    {E("CAL-4120", "\"CONFLICT\"", 9), USM_ECONFLICT, 0},
    {E("ABC-0001", "\"CONFLICT\"", 9), USM_ECONFLICT, 0},
    {E("ABC-0001", "[\"CONFLICT\",\"ERROR\"]", 9), USM_ECONFLICT, 0},
    {"{\"error\":\"x\",\"category\":9}", USM_ECONFLICT, 0},
    {E("CAL-4090", "\"CONFLICT\"", 9), USM_EEXISTS, 0},
    {E("CON-0125", "\"ERROR\"", 8), USM_ENOTFOUND, 0},
    {E("TSK-0019", "\"ERROR\"", 8), USM_ENOTFOUND, 0},
    {E("CAL-4040", "\"USER_INPUT\"", 1), USM_ENOTFOUND, 0},
    {E("MSG-0032", "\"USER_INPUT\"", 1), USM_ENOTFOUND, 0},
    {E("CAL-4045", "\"USER_INPUT\"", 1), USM_EFOLDER_GONE, 0},
    {E("IMAP-1002", "\"ERROR\"", 8), USM_EFOLDER_GONE, 0},
    {E("FLD-0008", "\"ERROR\"", 8), USM_EFOLDER_GONE, 0},
    {E("FLD-1026", "\"PERMISSION_DENIED\"", 3), USM_ESPECIAL_FOLDER, 0},
    {E("TSK-0014", "\"PERMISSION_DENIED\"", 3), USM_EFORBIDDEN, 0},
    {E("TSK-0057", "\"USER_INPUT\"", 1), USM_EINVALID, 0},
    {E("CON-0101", "\"TRUNCATED\"", 12), USM_ETRUNCATED, 0},
    {E("MSG-0063", "\"CAPACITY\"", 11), USM_EQUOTA, 0},
    {E("TSK-0054", "\"TRY_AGAIN\"", 4), USM_EBACKEND, 0},
    {E("XYZ-0001", "\"SERVICE_DOWN\"", 5), USM_EUNAVAILABLE, 0},
    {E("XYZ-0001", "\"CONNECTIVITY\"", 6), USM_EUNAVAILABLE, 0},
    {E("XYZ-0001", "\"ERROR\"", 8), USM_EBACKEND, 0},
    {E("XYZ-0001", "\"NEVER_HEARD_OF\"", 99), USM_EBACKEND, 0},
    {"{\"error\":\"x\"}", USM_EBACKEND, 0},
    {"{\"error\":\"x\",\"categories\":\"WARNING\",\"data\":{}}", APR_SUCCESS, 0},
    {"{\"error\":\"x\",\"categories\":\"WARNING\"}", USM_EBACKEND, 0},
    {E("MSG-0078", "\"ERROR\"", 8), USM_EUNSUPPORTED, 0},
    {E("MSG-0056", "\"USER_INPUT\"", 1), USM_ESENDER, 0},
    {E("LGI-0006", "\"USER_INPUT\"", 1), USM_EAUTH, 0},
    {"{\"error\":\"x\",\"code\":\"LGI-0099\"}", USM_EAUTH, 0},
    {E("SES-0203", "\"TRY_AGAIN\"", 4), USM_EBACKEND, 1},
    {E("SES-0206", "\"TRY_AGAIN\"", 4), USM_EBACKEND, 1},
    {E("SES-0201", "\"ERROR\"", 8), USM_EBACKEND, 1},
    {E("SES-0009", "\"ERROR\"", 8), USM_EBACKEND, 1},
    {E("SES-0205", "\"PERMISSION_DENIED\"", 3), USM_EUNAVAILABLE, 1},
    {E("SES-0212", "\"ERROR\"", 8), USM_EBACKEND, 1},
    {E("SES-0204", "\"TRY_AGAIN\"", 4), USM_EUNAVAILABLE, 0},
    {E("SES-0007", "\"USER_INPUT\"", 1), USM_EUNAVAILABLE, 0},
};

static void test_codes(void **state)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ox_json_t *j = ox_json_parse(rows[i].in, strlen(rows[i].in), pool);
        usm_error_t *err = ox_error_of(j, pool);
        apr_status_t code = usm_error_code(err);
        if (code != rows[i].code || ox_error_is_session(j) != rows[i].session)
            fail_msg("row %d: %s, session %d", (int)i, err ? usm_code_name(code) : "no error", ox_error_is_session(j));
        usm_error_clear(err);
    }
}

static void test_columns(void **state)
{
    static const char in[] = "{\"truncated\":[{\"id\":500},501,\"502\",{\"x\":1},-3],\"problematic\":[{\"id\":518}]}";
    int columns[3] = {0};
    ox_json_t *j = ox_json_parse(in, sizeof in - 1, pool);
    assert_int_equal(ox_error_columns(columns, 3, j), 3);
    assert_int_equal(columns[0], 500);
    assert_int_equal(columns[1], 501);
    assert_int_equal(columns[2], 502);
    int more[8];
    assert_int_equal(ox_error_columns(more, 8, j), 4);
    assert_int_equal(more[3], 518);
}

static void test_rights(void **state)
{
    static const struct {
        apr_int64_t bits;
        int rights;
    } bits[] = {
        {0, 0},
        {403710016, USM_RIGHT_ALL},
        {257, USM_RIGHT_READ},
        {2113794, USM_RIGHT_READ | USM_RIGHT_CREATE | USM_RIGHT_WRITE | USM_RIGHT_DELETE},
        {4 | 1 << 7, USM_RIGHT_CREATE | USM_RIGHT_SUBFOLDER | USM_RIGHT_READ},
    };
    for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++) {
        if (ox_rights(bits[i].bits) != bits[i].rights)
            fail_msg("row %d: %d", (int)i, ox_rights(bits[i].bits));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codes), cmocka_unit_test(test_columns), cmocka_unit_test(test_rights),
    };
    apr_initialize();
    apr_pool_create(&pool, NULL);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_pool_destroy(pool);
    apr_terminate();
    return failed;
}
