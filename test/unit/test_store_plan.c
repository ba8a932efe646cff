/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: sql.c */
/* No statement may walk a whole table: every one is explained by the database itself, which has enough rows to know
 * what it does. Findings carry the statement's name. */
#include "store_test.h"

#include <apr_strings.h>
#include <stdio.h>
#include <string.h>

#define USERS 4
#define COLLECTIONS 6
#define ITEMS 400

static apr_pool_t *pool;

static void fill(usm_store_t *store)
{
    const usm_store_vtable_t *vt = store->vt;
    for (int u = 0; u < USERS; u++) {
        usm_txn_t *txn = test_begin(store, USM_TXN_WRITE, pool);
        usm_id_t user;
        OK(vt->user_id(&user, txn, apr_psprintf(pool, "1/%d", u)));
        usm_device_row_t device = {.user = user, .device_id = apr_psprintf(pool, "dev%d", u), .device_type = "t"};
        OK(vt->device_add(txn, &device));
        for (int i = 0; i < 50; i++) {
            usm_echo_row_t sent = {.device = device.id, .kind = USM_ECHO_SEND, .at = i, .cid = apr_itoa(pool, i)};
            OK(vt->attr_set(txn, device.id, apr_itoa(pool, i), "v"));
            OK(vt->echo_put(txn, &sent));
            OK(vt->login_set(txn, apr_psprintf(pool, "login%d-%d", u, i), "v", i));
        }
        for (int c = 0; c < COLLECTIONS; c++) {
            usm_folder_row_t folder = {.user = user, .backend_id = apr_itoa(pool, c), .name = "f"};
            OK(vt->folder_add(txn, &folder));
            usm_collection_row_t coll = {.device = device.id, .fid = folder.fid, .epoch = c, .gen = 5, .prev = 4};
            int done;
            OK(vt->collection_reset(&done, txn, &coll, 0));
            for (int i = 0; i < ITEMS; i++) {
                const char *id = apr_psprintf(pool, "id%06d", i);
                usm_item_row_t item = {.id = id, .born = 2, .died = USM_GEN_INF, .edge = i};
                usm_pending_row_t pending = {.id = id, .ord = i};
                usm_echo_row_t echo = {.collection = coll.id, .base = i, .cid = id};
                /* Generation 3 touched a few. */
                if (i % 40 == 0)
                    item.born = 3;
                else if (i % 40 == 1)
                    item.died = 3;
                OK(vt->item_add(txn, coll.id, &item));
                OK(vt->pending_put(txn, coll.id, &pending));
                if (i % 10 == 0)
                    OK(vt->pending_take(txn, coll.id, &pending, 2 + i / 10 % 4));
                if (i % 20 == 0)
                    OK(vt->echo_put(txn, &echo));
            }
        }
        OK(vt->commit(txn));
    }
}

/* SQLite tells the plan of a statement whose parameters have no values; MariaDB's differs with them, so they are
 * written into the text. As texts: an index serves a number written as text, but not the other way round. */
static const char *with_values(const char *sql)
{
    const char *out = "", *start = sql;
    for (; *sql; sql++) {
        if (*sql != '?')
            out = apr_psprintf(pool, "%s%c", out, *sql);
        else if (sql - start > 7 && (!strncmp(sql - 6, "LIMIT ", 6) || !strncmp(sql - 7, "OFFSET ", 7)))
            out = apr_pstrcat(pool, out, "3", NULL);
        else
            out = apr_pstrcat(pool, out, "'3'", NULL);
    }
    return out;
}

/* Those that concern all rows of their owner, or stop after a few of them. All others must find their rows by more
 * than the owner: their cost must not grow with a collection. */
static int owns_all(const char *name)
{
    static const char *const names[] = {"ITEM_WIPE",     "PENDING_WIPE",      "ECHO_WIPE",   "SENT_NTH",
                                        "DEVICE_DELETE", "COLLECTION_DELETE", "LOGIN_EXPIRE",
                                        "DEVICE_SCAN",   "CLASH_",            "BAD_SCAN",    "BAD_TRIM",
                                        "BAD_WIPE",      "BAD_LIST",          "BAD_NEXT",    "COLLECTION_SCAN",
                                        "DEVICE_STALE",  "REMADE_TRIM",       "DEVICE_COUNT", "AUDIT_SCAN"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!strncmp(name, names[i], strlen(names[i])))
            return 1;
    }
    return 0;
}

static int by_owner_only(const char *detail)
{
    return strstr(detail, "(collection=?)") || strstr(detail, "(device=?)") || strstr(detail, "(usr=?)");
}

static int bad_sqlite(const char *detail)
{
    /* "SEARCH t USING …" is an index; "SCAN" is the whole table or index, save for a subquery's own rows. */
    return !strncmp(detail, "SCAN ", 5) && strcmp(detail, "SCAN t") != 0 && strcmp(detail, "SCAN (subquery-1)") != 0;
}

static int explain_sqlite(usm__db_t *db, const char *name, const char *sql)
{
    usm__dbstmt_t *stmt;
    const usm__val_t *row;
    usm__val_t none[USM__FIND + 16] = {{.kind = USM__NULL}};
    int params = 0, bad = 0, rows = 0;
    for (const char *p = sql; (p = strchr(p, '?')); p++) {
        int number = p[1] >= '0' && p[1] <= '9' ? (int)apr_strtoi64(p + 1, NULL, 10) : params + 1;
        params = number > params ? number : params;
    }
    const usm__driver_t *driver = test_driver();
    OK(driver->prepare(&stmt, db, apr_pstrcat(pool, "EXPLAIN QUERY PLAN ", sql, NULL), pool));
    OK(driver->exec(stmt, none, (apr_size_t)params, pool));
    for (;;) {
        OK(driver->fetch(&row, stmt, pool));
        if (!row)
            break;
        const char *detail = apr_pstrmemdup(pool, row[3].s, row[3].len);
        rows++;
        /* A sort's own B-tree would also cost what the index saves. */
        if (bad_sqlite(detail) || strstr(detail, "TEMP B-TREE") || (!owns_all(name) && by_owner_only(detail))) {
            print_error("%s: %s\n", name, detail);
            bad = 1;
        }
    }
    if (strncmp(sql, "SELECT", 6) == 0 && !rows) {
        print_error("%s: no plan\n", name);
        bad = 1;
    }
    return bad;
}

static const char *column(const usm__val_t *row, int i)
{
    return row[i].kind == USM__BLOB ? apr_pstrmemdup(pool, row[i].s, row[i].len) : "";
}

/* id, select_type, table, type, possible_keys, key, key_len, ref, rows, Extra */
static int explain_mariadb(usm__db_t *db, const char *name, const char *sql)
{
    usm__dbstmt_t *stmt;
    const usm__val_t *row;
    int bad = 0;
    const usm__driver_t *driver = test_driver();
    OK(driver->prepare(&stmt, db, apr_pstrcat(pool, "EXPLAIN ", with_values(sql), NULL), pool));
    OK(driver->exec(stmt, NULL, 0, pool));
    for (;;) {
        OK(driver->fetch(&row, stmt, pool));
        if (!row)
            break;
        const char *table = column(row, 2), *type = column(row, 3), *extra = column(row, 9);
        int writes_only = !strncmp(sql, "INSERT", 6) || !strncmp(sql, "REPLACE", 7);
        int no_table = strstr(extra, "Impossible") || strstr(extra, "no matching");
        if (writes_only || no_table || !strncmp(table, "<derived", 8))
            continue;
        /* 8 bytes of a key are the owner alone, save where they are the row's own id. */
        int own_id = !strcmp(column(row, 5), "PRIMARY") &&
                     (!strcmp(table, "usr") || !strcmp(table, "device") || !strcmp(table, "collection"));
        int many = strcmp(type, "const") != 0 && strcmp(type, "eq_ref") != 0 && !strcmp(column(row, 6), "8") &&
                   !own_id && !owns_all(name);
        if (many || !strcmp(type, "ALL") || !strcmp(type, "index") || !*type || strstr(extra, "filesort")) {
            print_error("%s: table %s, type %s, key %s (%s), %s\n", name, table, type, column(row, 5), column(row, 6),
                        extra);
            bad = 1;
        }
    }
    return bad;
}

static void test_plans(void **state)
{
    static const char *const tables[] = {"usr",  "device",  "device_attr", "folder", "collection",
                                         "item", "pending", "echo",        "sent",   "login",
                                         "clash", "bad",     "remade",      "standing", "audit"};
    usm_store_t *store;
    int bad = 0;
    apr_pool_create(&pool, NULL);
    const char *url = test_fresh_url(pool);
    OK(usm_store_sql()->open(&store, url, 0, NULL, pool));
    fill(store);
    usm__db_t *db = test_connect(url, pool);
    for (int analyzed = 0; analyzed < 2; analyzed++) {
        for (int i = 0; i < USM__STMT_COUNT; i++) {
            const char *sql = usm__stmt_text((usm__stmt_e)i, test_dialect);
            const char *name = apr_pstrcat(pool, usm__stmt_name((usm__stmt_e)i), analyzed ? " (analyzed)" : "", NULL);
            if (!strncmp(name, "CHECK_", 6) || !strncmp(name, "REPAIR_", 7))
                continue; /* a tool's: they look at everything, once */
            bad += test_dialect == USM__SQLITE ? explain_sqlite(db, name, sql) : explain_mariadb(db, name, sql);
        }
        if (test_dialect == USM__SQLITE)
            test_direct(db, "ANALYZE", pool);
        for (size_t i = 0; test_dialect == USM__MARIADB && i < sizeof tables / sizeof tables[0]; i++)
            assert_non_null(test_value(db, apr_psprintf(pool, "ANALYZE TABLE %s", tables[i]), pool));
    }
    assert_int_equal(bad, 0);
    apr_pool_destroy(pool);
}

/* The check itself must see a walk. */
static void test_finds_walks(void **state)
{
    usm_store_t *store;
    apr_pool_create(&pool, NULL);
    const char *url = test_fresh_url(pool), *walk = "SELECT id FROM item WHERE rev = 3";
    OK(usm_store_sql()->open(&store, url, 0, NULL, pool));
    fill(store);
    usm__db_t *db = test_connect(url, pool);
    print_message("a finding is wanted here: ");
    assert_true(test_dialect == USM__SQLITE ? explain_sqlite(db, "walk", walk) : explain_mariadb(db, "walk", walk));
    apr_pool_destroy(pool);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_plans), cmocka_unit_test(test_finds_walks)};
    return store_test_main(argv, tests, sizeof tests / sizeof tests[0]);
}
