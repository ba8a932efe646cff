/* SPDX-License-Identifier: Apache-2.0 */
/* usmctl state (show, check, reset) and usmctl upkeep. */
#include "tools/ctl_table.h"

#include <apr_strings.h>
#include <apr_time.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 100         /* devices deleted in one transaction */
#define LOGIN_DAYS 2      /* a sealed session is trusted for a day at most */
#define DAYS_MAX 36500
#define DAYS_DEFAULT 180

static const char *const class_names[USM_CLASS_COUNT] = {"hierarchy", "email", "contact",  "event",
                                                         "task",      "note",  "recipient"};

/* ---- show ---- */

enum { FOLDER, CLASS, EPOCH, GENERATION, ITEMS, WAITING, STARTED, BUSY, NAME, COLUMNS };
static const ctl_column_t columns[COLUMNS] = {
    [FOLDER] = {"FOLDER", "folder", 1},
    [CLASS] = {"CLASS", "class", 0},
    [EPOCH] = {"EPOCH", "epoch", 0},
    [GENERATION] = {"GENERATION", "generation", 1},
    [ITEMS] = {"ITEMS", "items", 1},
    [WAITING] = {"WAITING", "waiting", 1},
    [STARTED] = {"STARTED", "started", 0},
    [BUSY] = {"BUSY", "busy", 0},
    [NAME] = {"NAME", "name", 0},
};

typedef struct show_t {
    apr_pool_t *pool;
    ctl_table_t table;
} show_t;

static const char *number(apr_int64_t n, apr_pool_t *pool)
{
    return apr_psprintf(pool, "%" APR_INT64_T_FMT, n);
}

static usm_error_t *show_collection(void *baton, const usm_collection_sum_t *sum)
{
    show_t *show = baton;
    const usm_collection_row_t *row = &sum->row;
    const char *cells[COLUMNS] = {
        [FOLDER] = number(row->fid, show->pool),
        [CLASS] = row->cls < USM_CLASS_COUNT ? class_names[row->cls] : "?",
        [EPOCH] = apr_psprintf(show->pool, "%" APR_UINT64_T_HEX_FMT, (apr_uint64_t)row->epoch),
        [GENERATION] = number(row->gen, show->pool),
        [ITEMS] = number(sum->items, show->pool),
        [WAITING] = number(sum->waiting, show->pool),
        [STARTED] = ctl_time_text(row->created, show->pool),
        [BUSY] = row->lease && *row->lease ? ctl_shown(row->lease, show->pool) : NULL,
        [NAME] = sum->gone ? "(gone)" : sum->folder ? ctl_shown(sum->folder, show->pool) : NULL,
    };
    ctl_table_row(&show->table, cells);
    return NULL;
}

static usm_error_t *show(ctl_t *ctl)
{
    show_t show = {.pool = ctl->pool};
    usm_store_t *store;
    usm_device_row_t device;
    usm_txn_t *txn;
    int found;
    USM_ERR(ctl_store_open(&store, ctl));
    USM_ERR(store->vt->begin(&txn, store, USM_TXN_READ, NULL, ctl->pool));
    USM_ERR(store->vt->device_get(&found, &device, txn, ctl->opt[CTL_USER], ctl->opt[CTL_DEVICE], ctl->pool));
    if (!found)
        return USM_ERROR(ctl->pool, USM_ENOTFOUND, "user %s has no device %s (usmctl devices lists them)",
                         ctl->opt[CTL_USER], ctl->opt[CTL_DEVICE]);
    ctl_table_start(&show.table, ctl, columns, COLUMNS);
    USM_ERR(store->vt->collection_scan(txn, device.id, show_collection, &show, ctl->pool));
    ctl_table_end(&show.table);
    return store->vt->commit(txn);
}

/* ---- check ---- */

typedef struct look_t {
    int json, count;
    apr_int64_t left;
} look_t;

static usm_error_t *tell_flaw(void *baton, const usm_flaw_t *flaw)
{
    look_t *look = baton;
    look->left += flaw->repaired ? 0 : flaw->found;
    if (look->json)
        printf("%s\n  {\"check\": \"%s\", \"found\": %" APR_INT64_T_FMT ", \"repaired\": %" APR_INT64_T_FMT "}",
               look->count++ ? "," : "", flaw->name, flaw->found, flaw->repaired);
    else if (flaw->found)
        printf("%s: %" APR_INT64_T_FMT "%s\n", flaw->what, flaw->found, flaw->repaired ? ", taken away" : "");
    return NULL;
}

static usm_error_t *check(look_t *look, ctl_t *ctl)
{
    usm_store_t *store;
    usm_txn_t *txn;
    int repair = ctl->opt[CTL_REPAIR] != NULL;
    USM_ERR(ctl_store_open(&store, ctl));
    USM_ERR(store->vt->begin(&txn, store, repair ? USM_TXN_WRITE : USM_TXN_READ, NULL, ctl->pool));
    if (look->json)
        putchar('[');
    USM_ERR(store->vt->integrity(txn, repair, tell_flaw, look));
    USM_ERR(store->vt->commit(txn));
    if (look->json)
        puts("\n]");
    else if (!look->left)
        puts("the state is sound");
    return NULL;
}

int ctl_state(ctl_t *ctl)
{
    look_t look = {.json = ctl->opt[CTL_JSON] != NULL};
    usm_error_t *err = NULL;
    const char *what = ctl->arg ? ctl->arg : "";
    if (strcmp(what, "reset") == 0)
        return ctl_reset(ctl);
    if (strcmp(what, "show") == 0) {
        if (!ctl->opt[CTL_USER] || !ctl->opt[CTL_DEVICE])
            return ctl_usage("state show needs --user and --device");
        err = show(ctl);
    } else if (strcmp(what, "check") == 0) {
        err = check(&look, ctl);
    } else {
        return ctl_usage("state takes one of show, check, reset");
    }
    if (err)
        return ctl_error(err);
    return look.left ? ctl_fault("the state is not sound: usmctl state check --repair takes away what is wrong")
                     : CTL_OK;
}

/* ---- upkeep ---- */

static usm_error_t *upkeep(usm_expired_t *gone, ctl_t *ctl, int days)
{
    usm_store_t *store;
    usm_txn_t *txn;
    apr_pool_t *pool;
    usm_time_t now = apr_time_as_msec(apr_time_now());
    apr_int64_t before;
    apr_pool_create(&pool, ctl->pool);
    USM_ERR(ctl_store_open(&store, ctl));
    do {
        before = gone->devices;
        apr_pool_clear(pool);
        if (!days)
            break;
        USM_ERR(store->vt->begin(&txn, store, USM_TXN_WRITE, NULL, pool));
        USM_ERR(store->vt->expire(gone, txn, now - days * USM_DAY_MS, BATCH, pool));
        USM_ERR(store->vt->commit(txn));
    } while (gone->devices - before == BATCH);
    USM_ERR(store->vt->begin(&txn, store, USM_TXN_WRITE, NULL, pool));
    USM_ERR(store->vt->expire_rest(gone, txn, now - LOGIN_DAYS * USM_DAY_MS));
    return store->vt->commit(txn);
}

int ctl_upkeep(ctl_t *ctl)
{
    usm_expired_t gone = {0};
    char *end = NULL;
    const char *text = ctl->opt[CTL_DAYS];
    long days = text ? strtol(text, &end, 10) : DAYS_DEFAULT;
    if (text && (!*text || *end || days < 0 || days > DAYS_MAX))
        return ctl_usage("--days is a number from 0 to %d", DAYS_MAX);
    usm_error_t *err = upkeep(&gone, ctl, (int)days);
    if (err)
        return ctl_error(err);
    if (ctl->opt[CTL_JSON])
        printf("{\"devices\": %" APR_INT64_T_FMT ", \"collections\": %" APR_INT64_T_FMT ", \"sessions\": %"
               APR_INT64_T_FMT "}\n", gone.devices, gone.collections, gone.logins);
    else
        printf("forgotten: %" APR_INT64_T_FMT " devices, %" APR_INT64_T_FMT " collections of folders that are gone, %"
               APR_INT64_T_FMT " old sessions\n", gone.devices, gone.collections, gone.logins);
    return CTL_OK;
}
