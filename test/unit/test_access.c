/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: access.c session.c sql_standing.c */
/* What is decided of a device reaches its sessions; what it answers is noted once, and not over a decision that came
 * meanwhile; the share of devices of a user. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <string.h>
#include <unistd.h>

#include <usm/access.h>

#include "core/core.h"
#include "fake_backend.h"

#define OK(expr)                                                                                                       \
    do {                                                                                                               \
        usm_error_t *e_ = (expr);                                                                                      \
        if (e_)                                                                                                        \
            fail_msg("%s: %s", #expr, usm_error_text(e_, pool));                                                       \
    } while (0)

static apr_pool_t *root, *pool;
static usm_context_t *ctx;
static char db_path[200];

static char seen[2000]; /* the record */

static usm_error_t *open_as(usm_session_t **session_p, const char *device, const char *type)
{
    usm_login_t *login;
    OK(usm_login(&login, ctx, "anton", "secret", NULL, pool));
    return usm_session_open(session_p, ctx, login, "secret", device, type, 0, NULL, pool);
}

static usm_session_t *session_of(const char *device)
{
    usm_session_t *session;
    OK(open_as(&session, device, "Phone"));
    return session;
}

static void decide(const usm_standing_t *standing, const char *device)
{
    usm_txn_t *txn;
    usm_id_t user;
    const char *key = usm_session_user(session_of("other"));
    OK(ctx->store_vt->begin(&txn, ctx->store, USM_TXN_WRITE, NULL, pool));
    OK(ctx->store_vt->user_id(&user, txn, key));
    OK(ctx->store_vt->standing_put(txn, user, device, standing));
    OK(ctx->store_vt->commit(txn));
}

static usm_error_t *see(void *baton, const usm_audit_row_t *row)
{
    apr_snprintf(seen + strlen(seen), sizeof seen - strlen(seen), "%s %s %s %s;", row->device_id, row->actor,
                 row->action, row->detail);
    return NULL;
}

static const char *audit(void)
{
    usm_txn_t *txn;
    *seen = '\0';
    OK(ctx->store_vt->begin(&txn, ctx->store, USM_TXN_READ, NULL, pool));
    OK(ctx->store_vt->audit_scan(txn, 0, see, NULL, pool));
    OK(ctx->store_vt->commit(txn));
    return seen;
}

static int start(int devices_max)
{
    usm_config_t config = {.backend_url = "fake:", .devices_max = devices_max};
    const char *dir;
    static int n;
    if (apr_pool_create(&pool, root))
        return 1;
    apr_temp_dir_get(&dir, pool);
    snprintf(db_path, sizeof db_path, "%s/usm-access-%ld-%d.db", dir, (long)getpid(), n++);
    fake_reset();
    config.store = apr_pstrcat(pool, "sqlite:", db_path, NULL);
    OK(usm__context_make(&ctx, &config, usm_store_sql(), fake_backend(), pool));
    return 0;
}

static int setup(void **state)
{
    return start(0);
}

static int setup_share(void **state)
{
    return start(2);
}

static int teardown(void **state)
{
    apr_pool_destroy(pool);
    remove(db_path);
    remove(apr_pstrcat(root, db_path, "-wal", NULL));
    remove(apr_pstrcat(root, db_path, "-shm", NULL));
    return 0;
}

/* ---- tests ---- */

static void test_nothing_decided(void **state)
{
    const usm_standing_t *standing = usm_device_standing(session_of("phone"));
    assert_true(standing->access == USM_ACCESS_UNSET && standing->wipe == USM_WIPE_NONE);
    standing = usm_device_standing(session_of("phone")); /* now the row is there */
    assert_true(standing->access == USM_ACCESS_UNSET && standing->wipe == USM_WIPE_NONE);
    assert_string_equal(audit(), "");
}

/* From the first session on, also of a device that comes later, and never another's. */
static void test_decided_before(void **state)
{
    const usm_standing_t block = {.access = USM_ACCESS_BLOCK, .changed = 5};
    decide(&block, "later");
    assert_int_equal(usm_device_standing(session_of("later"))->access, USM_ACCESS_BLOCK);
    assert_int_equal(usm_device_standing(session_of("later"))->access, USM_ACCESS_BLOCK);
    assert_int_equal(usm_device_standing(session_of("late"))->access, USM_ACCESS_UNSET);
}

static void test_wipe(void **state)
{
    const usm_standing_t ask = {.wipe = USM_WIPE_ASKED, .account_only = 1, .changed = 5}, none = {0};
    const usm_standing_t *now;
    decide(&ask, "phone");
    usm_session_t *session = session_of("phone");
    OK(usm_device_wiped(&now, session, USM_WIPE_SENT, "x"));
    assert_int_equal(now->wipe, USM_WIPE_SENT);
    OK(usm_device_wiped(NULL, session, USM_WIPE_SENT, "x")); /* told again: nothing new */
    OK(usm_device_wiped(NULL, session, USM_WIPE_FAILED, "status 2"));
    OK(usm_device_wiped(&now, session, USM_WIPE_DONE, NULL));
    assert_true(now->wipe == USM_WIPE_DONE && now->account_only);
    OK(usm_device_wiped(&now, session, USM_WIPE_SENT, NULL)); /* over is over */
    assert_int_equal(now->wipe, USM_WIPE_DONE);
    assert_string_equal(audit(), "phone device wipe-sent x;phone device wipe-failed status 2;phone device wipe-done ;");
    assert_int_equal(usm_device_standing(session_of("phone"))->wipe, USM_WIPE_DONE);

    /* Called off while the device is being answered. */
    decide(&ask, "phone");
    session = session_of("phone");
    decide(&none, "phone");
    OK(usm_device_wiped(&now, session, USM_WIPE_SENT, NULL));
    assert_int_equal(now->wipe, USM_WIPE_NONE);
    assert_int_equal(usm_device_standing(session_of("phone"))->wipe, USM_WIPE_NONE);
    usm_error_t *err = usm_device_wiped(NULL, session, USM_WIPE_ASKED, NULL);
    assert_true(usm_error_is(err, USM_EINVALID));
    usm_error_clear(err);
}

static void test_quarantine(void **state)
{
    const usm_standing_t allow = {.access = USM_ACCESS_ALLOW, .changed = 5};
    usm_session_t *early = session_of("phone"), *session = session_of("phone");
    int first;
    OK(usm_device_quarantine(&first, session, "rule 3"));
    assert_true(first);
    OK(usm_device_quarantine(&first, session, "rule 3"));
    assert_false(first);
    OK(usm_device_quarantine(&first, early, "rule 3")); /* which had not seen it */
    assert_false(first);
    assert_int_equal(usm_device_standing(session_of("phone"))->access, USM_ACCESS_QUARANTINE);
    assert_string_equal(audit(), "phone rules quarantine rule 3;");

    session = session_of("two");
    decide(&allow, "two"); /* meanwhile */
    OK(usm_device_quarantine(&first, session, "rule 3"));
    assert_false(first);
    assert_int_equal(usm_device_standing(session_of("two"))->access, USM_ACCESS_ALLOW);
}

/* The third is refused and leaves nothing behind; those that are there go on; a twin of Outlook is no third. */
static void test_share(void **state)
{
    usm_session_t *session;
    OK(open_as(&session, "one", "Phone"));
    OK(open_as(&session, "two", "WindowsOutlook15"));
    for (int i = 0; i < 2; i++) {
        usm_error_t *err = open_as(&session, "three", "Phone");
        assert_true(usm_error_is(err, USM_EDEVICES));
        usm_error_clear(err);
    }
    OK(open_as(&session, "two-again", "WindowsOutlook15"));
    OK(open_as(&session, "one", "Phone"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nothing_decided, setup, teardown),
        cmocka_unit_test_setup_teardown(test_decided_before, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wipe, setup, teardown),
        cmocka_unit_test_setup_teardown(test_quarantine, setup, teardown),
        cmocka_unit_test_setup_teardown(test_share, setup_share, teardown),
    };
    apr_initialize();
    apr_pool_create(&root, NULL);
    int failed = cmocka_run_group_tests_name("access", tests, NULL, NULL);
    apr_pool_destroy(root);
    apr_terminate();
    return failed;
}
