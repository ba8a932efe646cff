/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: sql_schema.c url.c */
/* The schema: the same on both databases, made once by any number of processes, moved forward, never backward. */
#include "store_test.h"

#include <apr_file_io.h>
#include <apr_strings.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static apr_pool_t *pool;
static const char *url;

static int setup(void **state)
{
    apr_pool_create(&pool, NULL);
    url = test_fresh_url(pool);
    return 0;
}

static int teardown(void **state)
{
    apr_pool_destroy(pool);
    return 0;
}

static usm_error_t *open_store(void)
{
    usm_store_t *store;
    return usm_store_sql()->open(&store, url, 2, NULL, pool);
}

static const char *version(usm__db_t *db)
{
    return test_value(db, "SELECT version FROM usm_schema", pool);
}

/* ---- the two texts ---- */

/* What can be asked of a table: its columns in order (! = not null), primary key, indexes, foreign keys. */
static const char *const asks[USM__DIALECTS][4] = {
    {"SELECT group_concat(name || CASE WHEN \"notnull\" OR pk THEN '!' ELSE '' END, ' ') FROM pragma_table_info('%s')",
     "SELECT group_concat(name, ' ') FROM (SELECT name FROM pragma_table_info('%s') WHERE pk ORDER BY pk)",
     "SELECT group_concat(x, '; ') FROM (SELECT (SELECT group_concat(name, ' ') FROM (SELECT name FROM "
     "pragma_index_info(l.name) ORDER BY seqno)) || CASE WHEN \"unique\" THEN ' unique' ELSE '' END AS x "
     "FROM pragma_index_list('%s') l WHERE origin <> 'pk' ORDER BY x)",
     "SELECT group_concat(\"from\" || '>' || \"table\" || '.' || \"to\" || ' ' || on_delete, '; ') "
     "FROM pragma_foreign_key_list('%s')"},
    {"SELECT GROUP_CONCAT(CONCAT(column_name, IF(is_nullable = 'NO', '!', '')) ORDER BY ordinal_position "
     "SEPARATOR ' ') FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = '%s'",
     "SELECT GROUP_CONCAT(column_name ORDER BY seq_in_index SEPARATOR ' ') FROM information_schema.statistics "
     "WHERE table_schema = DATABASE() AND table_name = '%s' AND index_name = 'PRIMARY'",
     "SELECT GROUP_CONCAT(x ORDER BY x SEPARATOR '; ') FROM (SELECT CONCAT(GROUP_CONCAT(column_name ORDER BY "
     "seq_in_index SEPARATOR ' '), IF(non_unique, '', ' unique')) AS x FROM information_schema.statistics "
     "WHERE table_schema = DATABASE() AND table_name = '%s' AND index_name <> 'PRIMARY' GROUP BY index_name, "
     "non_unique) t",
     "SELECT GROUP_CONCAT(CONCAT(k.column_name, '>', k.referenced_table_name, '.', k.referenced_column_name, ' ', "
     "r.delete_rule) SEPARATOR '; ') FROM information_schema.key_column_usage k JOIN "
     "information_schema.referential_constraints r ON r.constraint_schema = k.constraint_schema AND "
     "r.constraint_name = k.constraint_name AND r.table_name = k.table_name WHERE k.constraint_schema = DATABASE() "
     "AND k.table_name = '%s'"},
};

static const char *const tables_ask[USM__DIALECTS] = {
    "SELECT group_concat(name, ' ') FROM (SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE "
    "'sqlite_%' ORDER BY name)",
    "SELECT GROUP_CONCAT(table_name ORDER BY table_name SEPARATOR ' ') FROM information_schema.tables WHERE "
    "table_schema = DATABASE()",
};

static const char *put_name(const char *ask, const char *name)
{
    const char *at = strstr(ask, "%s");
    return apr_pstrcat(pool, apr_pstrmemdup(pool, ask, (apr_size_t)(at - ask)), name, at + 2, NULL);
}

static void test_same_tables(void **state)
{
    static char first[16384];
    OK(open_store());
    usm__db_t *db = test_connect(url, pool);
    const char *tables = test_value(db, tables_ask[test_dialect], pool), *all = tables;
    char *last, *list = apr_pstrdup(pool, tables);
    for (char *name = apr_strtok(list, " ", &last); name; name = apr_strtok(NULL, " ", &last)) {
        all = apr_pstrcat(pool, all, "\n", name, NULL);
        for (int i = 0; i < 4; i++) {
            const char *answer = test_value(db, put_name(asks[test_dialect][i], name), pool);
            all = apr_pstrcat(pool, all, " | ", answer ? answer : "-", NULL);
        }
    }
    assert_non_null(strstr(all, "\nitem | collection! idlen! id! born! died! rev! edge withheld! digests | collection "
                                "idlen id born | "));
    if (*first)
        assert_string_equal(all, first);
    apr_cpystrn(first, all, sizeof first);
}

static void test_sizes_of_columns(void **state)
{
    if (test_dialect != USM__MARIADB)
        return;
    OK(open_store());
    /* Bytes for what is compared, utf8mb4 for what people wrote, whatever the database's own default is. */
    usm__db_t *db = test_connect(url, pool);
    assert_string_equal(test_value(db,
                                   "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() "
                                   "AND character_set_name IS NOT NULL AND collation_name <> 'utf8mb4_bin'",
                                   pool),
                        "0");
    assert_string_equal(test_value(db,
                                   "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() "
                                   "AND engine <> 'InnoDB'",
                                   pool),
                        "0");
}

/* ---- versions ---- */

static void test_opened_twice(void **state)
{
    OK(open_store());
    OK(open_store());
    usm__db_t *db = test_connect(url, pool);
    assert_string_equal(version(db), apr_itoa(pool, usm__schema()->version));
}

static void test_newer_is_refused(void **state)
{
    OK(open_store());
    usm__db_t *db = test_connect(url, pool);
    test_direct(db, "UPDATE usm_schema SET version = 9999", pool);
    FAILS(USM_ESTORE_SCHEMA, open_store());
    assert_string_equal(version(db), "9999");
}

/* Looking makes nothing and moves nothing. */
static void test_only_looked_at(void **state)
{
    int found = -1;
    /* test_fresh_url() names a MariaDB database that is there, but of SQLite a file that is not. */
    if (test_dialect == USM__SQLITE) {
        FAILS(USM_ESTORE, usm__store_version(&found, url, pool));
    } else {
        OK(usm__store_version(&found, url, pool));
        assert_int_equal(found, 0);
    }
    OK(open_store());
    OK(usm__store_version(&found, url, pool));
    assert_int_equal(found, usm__schema()->version);
    usm__db_t *db = test_connect(url, pool);
    test_direct(db, "UPDATE usm_schema SET version = 9999", pool);
    OK(usm__store_version(&found, url, pool));
    assert_int_equal(found, 9999);
    test_direct(db, "DROP TABLE usm_schema", pool);
    OK(usm__store_version(&found, url, pool));
    assert_int_equal(found, 0);
    FAILS(USM_ECONFIG, usm__store_version(&found, "postgres:x", pool));
}

/* Steps that a later release might bring. */
static const usm__upgrade_t steps[] = {
    {2, USM__SQLITE, "CREATE TABLE later (a INTEGER)"},
    {2, USM__MARIADB, "CREATE TABLE later (a INT)"},
    {3, USM__SQLITE, "INSERT INTO later VALUES (30)"},
    {3, USM__SQLITE, "UPDATE later SET a = a + 1"},
    {3, USM__MARIADB, "INSERT INTO later VALUES (30)"},
    {3, USM__MARIADB, "UPDATE later SET a = a + 1"},
    {0, 0, NULL},
};

static const usm__upgrade_t broken_steps[] = {
    {2, USM__SQLITE, "CREATE TABLE later (a INTEGER)"},
    {2, USM__MARIADB, "CREATE TABLE later (a INT)"},
    {3, USM__SQLITE, "INSERT INTO nowhere VALUES (30)"},
    {3, USM__MARIADB, "INSERT INTO nowhere VALUES (30)"},
    {0, 0, NULL},
};

static usm_error_t *migrate(int *from_p, int to, const usm__upgrade_t *upgrades)
{
    usm__schema_t schema = *usm__schema();
    apr_pool_t *own;
    schema.version = to;
    schema.upgrades = upgrades;
    apr_pool_create(&own, pool);
    usm_error_t *err = usm__schema_migrate(from_p, test_driver(), test_connect(url, own), &schema, pool);
    apr_pool_destroy(own);
    return err;
}

/* An earlier schema: the first release's, as seen by a library that knows two more steps. */
static void make_version_1(usm__db_t *db)
{
    OK(open_store());
    test_direct(db, "UPDATE usm_schema SET version = 1", pool);
}

static void test_moves_forward(void **state)
{
    int from;
    usm__db_t *db = test_connect(url, pool);
    make_version_1(db);
    OK(migrate(&from, 3, steps));
    assert_int_equal(from, 1);
    assert_string_equal(version(db), "3");
    assert_string_equal(test_value(db, "SELECT a FROM later", pool), "31");
    OK(migrate(&from, 3, steps));
    assert_int_equal(from, 3);
    assert_string_equal(test_value(db, "SELECT a FROM later", pool), "31");
    FAILS(USM_ESTORE_SCHEMA, migrate(&from, 2, steps));
}

static void test_one_step(void **state)
{
    int from;
    usm__db_t *db = test_connect(url, pool);
    make_version_1(db);
    OK(migrate(&from, 2, steps));
    assert_string_equal(version(db), "2");
    OK(migrate(&from, 3, steps));
    assert_int_equal(from, 2);
    assert_string_equal(test_value(db, "SELECT a FROM later", pool), "31");
}

static void test_no_way(void **state)
{
    int from;
    usm__db_t *db = test_connect(url, pool);
    make_version_1(db);
    FAILS(USM_ESTORE_SCHEMA, migrate(&from, 3, steps + 2));
    FAILS(USM_ESTORE_SCHEMA, migrate(&from, 4, steps));
}

/* A step that fails: SQLite is as before, MariaDB stands behind the last whole step; both go on from there. */
static void test_broken_step(void **state)
{
    int from;
    usm__db_t *db = test_connect(url, pool);
    make_version_1(db);
    FAILS(USM_ESTORE, migrate(&from, 3, broken_steps));
    assert_string_equal(version(db), test_dialect == USM__SQLITE ? "1" : "2");
    OK(migrate(&from, 3, steps));
    assert_string_equal(version(db), "3");
    assert_string_equal(test_value(db, "SELECT a FROM later", pool), "31");
}

static void test_half_made(void **state)
{
    usm__db_t *db = test_connect(url, pool);
    const char *const *sql = usm__schema()->create[test_dialect];
    for (int i = 0; i < 5; i++)
        test_direct(db, sql[i], pool);
    OK(open_store());
    assert_string_equal(version(db), apr_itoa(pool, usm__schema()->version));
    assert_string_equal(test_value(db, "SELECT COUNT(*) FROM login", pool), "0");
}

/* ---- several at once ---- */

static void run_processes(int (*work)(void))
{
    pid_t pids[6];
    for (int i = 0; i < 6; i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);
        if (!pids[i])
            _exit(work());
    }
    for (int i = 0; i < 6; i++) {
        int status;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
    }
}

static int report(usm_error_t *err)
{
    if (err)
        fprintf(stderr, "%s\n", usm_error_text(err, pool));
    return err != NULL;
}

static int open_in_child(void)
{
    return report(open_store());
}

static int migrate_in_child(void)
{
    int from;
    return report(migrate(&from, 3, steps));
}

static void test_many_start_at_once(void **state)
{
    run_processes(open_in_child);
    usm__db_t *db = test_connect(url, pool);
    assert_string_equal(version(db), apr_itoa(pool, usm__schema()->version));
    test_direct(db, "UPDATE usm_schema SET version = 1", pool);
    run_processes(migrate_in_child);
    assert_string_equal(version(db), "3");
    assert_string_equal(test_value(db, "SELECT a FROM later", pool), "31");
}

/* ---- odd databases ---- */

static void test_no_database_file(void **state)
{
    apr_file_t *file;
    if (test_dialect != USM__SQLITE)
        return;
    const char *path = apr_pstrmemdup(pool, url + 7, strcspn(url + 7, "?"));
    assert_int_equal(apr_file_open(&file, path, APR_FOPEN_WRITE | APR_FOPEN_CREATE, 0x600, pool), 0);
    for (int i = 0; i < 1000; i++)
        apr_file_puts("this is not a database ", file);
    apr_file_close(file);
    FAILS(USM_ESTORE, open_store());
}

/* A user who may only read and write rows: enough where someone else has made the tables. */
static void test_few_rights(void **state)
{
    if (test_dialect != USM__MARIADB)
        return;
    usm__db_t *db = test_connect(url, pool);
    const char *database = test_value(db, "SELECT DATABASE()", pool);
    test_direct(db, "CREATE USER IF NOT EXISTS 'few'@'localhost' IDENTIFIED BY 'p w'", pool);
    test_direct(db,
                apr_psprintf(pool, "GRANT SELECT, INSERT, UPDATE, DELETE ON %s.* TO 'few'@'localhost'", database),
                pool);
    const char *root = url, *path = apr_psprintf(pool, "/tmp/usm-test-password-%d", (int)getpid());
    apr_file_t *file;
    assert_int_equal(apr_file_open(&file, path, APR_FOPEN_WRITE | APR_FOPEN_CREATE | APR_FOPEN_TRUNCATE, 0x600, pool),
                     0);
    apr_file_puts("p w\n", file);
    apr_file_close(file);
    const char *few = apr_pstrcat(pool, "mariadb://few", strchr(url, '@'), "&password_file=", path, NULL);
    url = few;
    FAILS(USM_ESTORE, open_store());
    url = root;
    OK(open_store());
    url = few;
    OK(open_store());
    usm_store_t *store;
    OK(usm_store_sql()->open(&store, url, 2, NULL, pool));
    test_collection(store, "1/4", pool);
    apr_file_remove(path, pool);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_same_tables, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sizes_of_columns, setup, teardown),
        cmocka_unit_test_setup_teardown(test_opened_twice, setup, teardown),
        cmocka_unit_test_setup_teardown(test_newer_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_only_looked_at, setup, teardown),
        cmocka_unit_test_setup_teardown(test_moves_forward, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_step, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_way, setup, teardown),
        cmocka_unit_test_setup_teardown(test_broken_step, setup, teardown),
        cmocka_unit_test_setup_teardown(test_half_made, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_start_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_database_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_few_rights, setup, teardown),
    };
    return store_test_main(argv, tests, sizeof tests / sizeof tests[0]);
}
