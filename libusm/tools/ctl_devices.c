/* SPDX-License-Identifier: Apache-2.0 */
/* usmctl devices and usmctl reset: what is known of devices, and forgetting one. */
#include "tools/ctl_table.h"

#include <apr_strings.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The columns of the listing. */
enum { USER, DEVICE, TYPE, FIRST, LAST, COLLECTIONS, ITEMS, ACCESS, WIPE, COLUMNS };
static const ctl_column_t columns[COLUMNS] = {
    [USER] = {"USER", "user", 0},
    [DEVICE] = {"DEVICE", "device", 0},
    [TYPE] = {"TYPE", "type", 0},
    [FIRST] = {"FIRST SEEN", "first_seen", 0},
    [LAST] = {"LAST SEEN", "last_seen", 0},
    [COLLECTIONS] = {"COLLECTIONS", "collections", 1},
    [ITEMS] = {"ITEMS", "items", 1},
    [ACCESS] = {"ACCESS", "access", 0},
    [WIPE] = {"WIPE", "wipe", 0},
};

typedef struct listing_t {
    apr_pool_t *pool;
    ctl_table_t table;
} listing_t;

static const char *access_text(const usm_standing_t *standing)
{
    switch (standing->access) {
    case USM_ACCESS_ALLOW:
        return "allowed";
    case USM_ACCESS_BLOCK:
        return "blocked";
    case USM_ACCESS_QUARANTINE:
        return "quarantine";
    default:
        return NULL;
    }
}

static const char *wipe_text(const usm_standing_t *standing, apr_pool_t *pool)
{
    static const char *const states[] = {NULL, "asked for", "told", "done", "failed"};
    if (standing->wipe == USM_WIPE_NONE || standing->wipe > USM_WIPE_FAILED)
        return NULL;
    return apr_pstrcat(pool, states[standing->wipe], standing->account_only ? " (account)" : "", NULL);
}

static usm_error_t *see(void *baton, const usm_device_sum_t *sum)
{
    listing_t *list = baton;
    if (list->table.json)
        apr_pool_clear(list->pool);
    const char *const cells[COLUMNS] = {
        [USER] = ctl_shown(sum->user_key, list->pool),
        [DEVICE] = ctl_shown(sum->device.device_id, list->pool),
        [TYPE] = ctl_shown(sum->device.device_type, list->pool),
        [FIRST] = ctl_time_text(sum->device.created, list->pool),
        [LAST] = ctl_time_text(sum->device.seen, list->pool),
        [COLLECTIONS] = apr_psprintf(list->pool, "%" APR_INT64_T_FMT, sum->collections),
        [ITEMS] = apr_psprintf(list->pool, "%" APR_INT64_T_FMT, sum->items),
        [ACCESS] = access_text(&sum->device.standing),
        [WIPE] = wipe_text(&sum->device.standing, list->pool),
    };
    ctl_table_row(&list->table, cells);
    return NULL;
}

static usm_error_t *list_devices(ctl_t *ctl)
{
    listing_t list;
    usm_store_t *store;
    usm_txn_t *txn;
    usm_id_t user = 0;
    apr_pool_create(&list.pool, ctl->pool);
    USM_ERR(ctl_store_open(&store, ctl));
    USM_ERR(store->vt->begin(&txn, store, USM_TXN_READ, NULL, ctl->pool));
    USM_ERR(ctl_user_wanted(&user, ctl, store, txn));
    ctl_table_start(&list.table, ctl, columns, COLUMNS);
    USM_ERR(store->vt->device_scan(txn, user, see, &list, ctl->pool));
    ctl_table_end(&list.table);
    return store->vt->commit(txn);
}

usm_error_t *ctl_user_wanted(usm_id_t *user_p, ctl_t *ctl, usm_store_t *store, usm_txn_t *txn)
{
    *user_p = 0;
    if (!ctl->opt[CTL_USER])
        return NULL;
    USM_ERR(store->vt->user_id(user_p, txn, ctl->opt[CTL_USER]));
    if (!*user_p)
        return USM_ERROR(ctl->pool, USM_ENOTFOUND, "no user has the key %s", ctl->opt[CTL_USER]);
    return NULL;
}

int ctl_devices(ctl_t *ctl)
{
    usm_error_t *err = list_devices(ctl);
    return err ? ctl_error(err) : CTL_OK;
}

/* Nothing is locked while a person thinks. */
static int confirmed(ctl_t *ctl)
{
    char answer[16];
    if (ctl->opt[CTL_YES])
        return 1;
    fprintf(stderr, "Forget all that is known of device %s of user %s? It will load everything again. [y/N] ",
            ctl_shown(ctl->opt[CTL_DEVICE], ctl->pool), ctl_shown(ctl->opt[CTL_USER], ctl->pool));
    return fgets(answer, sizeof answer, stdin) && (*answer == 'y' || *answer == 'Y');
}

static usm_error_t *find_device(usm_id_t *id_p, usm_store_t *store, ctl_t *ctl)
{
    usm_device_row_t row;
    usm_txn_t *txn;
    int found;
    USM_ERR(store->vt->begin(&txn, store, USM_TXN_READ, NULL, ctl->pool));
    USM_ERR(store->vt->device_get(&found, &row, txn, ctl->opt[CTL_USER], ctl->opt[CTL_DEVICE], ctl->pool));
    if (!found)
        return USM_ERROR(ctl->pool, USM_ENOTFOUND, "user %s has no device %s (usmctl devices lists them)",
                         ctl->opt[CTL_USER], ctl->opt[CTL_DEVICE]);
    *id_p = row.id;
    return store->vt->commit(txn);
}

static usm_error_t *reset(int *done_p, ctl_t *ctl)
{
    usm_store_t *store;
    usm_txn_t *txn;
    usm_id_t device = 0;
    *done_p = 0;
    USM_ERR(ctl_store_open(&store, ctl));
    USM_ERR(find_device(&device, store, ctl));
    if (!confirmed(ctl))
        return NULL;
    USM_ERR(store->vt->begin(&txn, store, USM_TXN_WRITE, NULL, ctl->pool));
    USM_ERR(store->vt->device_delete(txn, device));
    USM_ERR(store->vt->commit(txn));
    *done_p = 1;
    return NULL;
}

int ctl_reset(ctl_t *ctl)
{
    int done;
    if (!ctl->opt[CTL_USER] || !ctl->opt[CTL_DEVICE])
        return ctl_usage("reset needs --user and --device");
    if (!ctl->opt[CTL_YES] && !isatty(STDIN_FILENO))
        return ctl_usage("nobody is there to be asked: give --yes");
    usm_error_t *err = reset(&done, ctl);
    if (err)
        return ctl_error(err);
    if (!done)
        return ctl_fault("nothing was done");
    puts("the device starts over with its next request");
    return CTL_OK;
}
