/* SPDX-License-Identifier: Apache-2.0 */
/* usmctl access, wipe and audit: what an administrator decides of a device, and the record of it. */
#include "tools/ctl_table.h"

#include <apr_strings.h>
#include <apr_user.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- deciding ---- */

/* What is to become of a device's standing. @return NULL, or why it cannot. */
typedef const char *(*decide_fn)(usm_standing_t *standing, const char **action_p, ctl_t *ctl);

/* Who is at the keyboard, also behind sudo. */
static const char *actor(ctl_t *ctl)
{
    apr_uid_t uid;
    apr_gid_t gid;
    char *name = NULL;
    const char *real = getenv("SUDO_USER");
    if (!real && apr_uid_current(&uid, &gid, ctl->pool) == APR_SUCCESS)
        apr_uid_name_get(&name, uid, ctl->pool);
    return apr_psprintf(ctl->pool, "usmctl:%.200s", real ? real : name ? name : "?");
}

/* In a handle that only reads: one that writes would make the user. */
static usm_error_t *find_user(usm_id_t *user_p, usm_store_t *store, ctl_t *ctl)
{
    usm_txn_t *txn;
    USM_ERR(store->vt->begin(&txn, store, USM_TXN_READ, NULL, ctl->pool));
    USM_ERR(ctl_user_wanted(user_p, ctl, store, txn));
    return store->vt->commit(txn);
}

static usm_error_t *decide_in(const char **fault_p, usm_id_t user, usm_store_t *store, usm_txn_t *txn, decide_fn decide,
                              ctl_t *ctl)
{
    usm_standing_t standing;
    usm_audit_row_t row = {.user = user, .device_id = ctl->opt[CTL_DEVICE], .actor = actor(ctl), .detail = ""};
    USM_ERR(store->vt->standing_get(&standing, txn, row.user, row.device_id));
    *fault_p = decide(&standing, &row.action, ctl);
    if (*fault_p)
        return NULL;
    standing.changed = row.at = (usm_time_t)apr_time_as_msec(apr_time_now());
    USM_ERR(store->vt->standing_put(txn, row.user, row.device_id, &standing));
    return store->vt->audit_add(txn, &row);
}

static usm_error_t *decided(const char **fault_p, decide_fn decide, ctl_t *ctl)
{
    usm_store_t *store;
    usm_txn_t *txn;
    usm_id_t user;
    USM_ERR(ctl_store_open(&store, ctl));
    USM_ERR(find_user(&user, store, ctl));
    USM_ERR(store->vt->begin(&txn, store, USM_TXN_WRITE, NULL, ctl->pool));
    usm_error_t *err = decide_in(fault_p, user, store, txn, decide, ctl);
    if (err || *fault_p) {
        store->vt->rollback(txn);
        return err;
    }
    return store->vt->commit(txn);
}

static int run(decide_fn decide, const char *done, ctl_t *ctl)
{
    const char *fault = NULL;
    usm_error_t *err = decided(&fault, decide, ctl);
    if (err)
        return ctl_error(err);
    if (fault)
        return ctl_fault("%s", fault);
    puts(done);
    return CTL_OK;
}

static int names_device(ctl_t *ctl)
{
    return ctl->opt[CTL_USER] && ctl->opt[CTL_DEVICE] && *ctl->opt[CTL_DEVICE] && strlen(ctl->opt[CTL_DEVICE]) <= 64;
}

/* ---- access ---- */

static const struct {
    const char *name;
    usm_access_e access;
    const char *done;
} accesses[] = {
    {"allow", USM_ACCESS_ALLOW, "the device may come in, whatever the rules say"},
    {"block", USM_ACCESS_BLOCK, "the device is kept out"},
    {"clear", USM_ACCESS_UNSET, "the rules decide again"},
};

static size_t access_wanted(const char *name)
{
    size_t i = 0;
    while (i < sizeof accesses / sizeof accesses[0] && (!name || strcmp(accesses[i].name, name) != 0))
        i++;
    return i;
}

static const char *decide_access(usm_standing_t *standing, const char **action_p, ctl_t *ctl)
{
    size_t i = access_wanted(ctl->arg);
    standing->access = accesses[i].access;
    *action_p = accesses[i].name;
    return NULL;
}

int ctl_access(ctl_t *ctl)
{
    size_t i = access_wanted(ctl->arg);
    if (i == sizeof accesses / sizeof accesses[0])
        return ctl_usage("access needs one of allow, block and clear");
    if (!names_device(ctl))
        return ctl_usage("access needs --user and --device");
    return run(decide_access, accesses[i].done, ctl);
}

/* ---- wipe ---- */

static const char *decide_wipe(usm_standing_t *standing, const char **action_p, ctl_t *ctl)
{
    standing->wipe = USM_WIPE_ASKED;
    standing->account_only = ctl->opt[CTL_ACCOUNT_ONLY] != NULL;
    *action_p = standing->account_only ? "wipe-account" : "wipe";
    return NULL;
}

static const char *decide_cancel(usm_standing_t *standing, const char **action_p, ctl_t *ctl)
{
    if (standing->wipe == USM_WIPE_NONE)
        return "no wipe of this device is asked for";
    /* Of one that is done only the ban is lifted that came with it. */
    *action_p = standing->wipe == USM_WIPE_DONE ? "wipe-clear" : "wipe-cancel";
    standing->wipe = USM_WIPE_NONE;
    standing->account_only = 0;
    return NULL;
}

static int confirmed(ctl_t *ctl)
{
    char answer[16];
    if (ctl->opt[CTL_YES] || ctl->opt[CTL_CANCEL])
        return 1;
    fprintf(stderr, "Have device %s of user %s delete %s? [y/N] ", ctl_shown(ctl->opt[CTL_DEVICE], ctl->pool),
            ctl_shown(ctl->opt[CTL_USER], ctl->pool),
            ctl->opt[CTL_ACCOUNT_ONLY] ? "the data of this account" : "ALL that is on it");
    return fgets(answer, sizeof answer, stdin) && (*answer == 'y' || *answer == 'Y');
}

int ctl_wipe(ctl_t *ctl)
{
    if (!names_device(ctl))
        return ctl_usage("wipe needs --user and --device");
    if (ctl->opt[CTL_CANCEL] && ctl->opt[CTL_ACCOUNT_ONLY])
        return ctl_usage("--cancel goes without --account-only");
    if (!ctl->opt[CTL_YES] && !ctl->opt[CTL_CANCEL] && !isatty(STDIN_FILENO))
        return ctl_usage("nobody is there to be asked: give --yes");
    if (!confirmed(ctl))
        return ctl_fault("nothing was done");
    if (ctl->opt[CTL_CANCEL])
        return run(decide_cancel, "no wipe is asked for any more", ctl);
    return run(decide_wipe, "the device is told when it next comes; usmctl devices says how far it has got", ctl);
}

/* ---- audit ---- */

static const ctl_column_t audit_columns[] = {
    {"TIME", "time", 0}, {"USER", "user", 0},     {"DEVICE", "device", 0},
    {"WHO", "who", 0},   {"ACTION", "action", 0}, {"DETAIL", "detail", 0},
};

static usm_error_t *see_audit(void *baton, const usm_audit_row_t *row)
{
    ctl_table_t *table = baton;
    apr_pool_t *pool = table->rows->pool;
    const char *const cells[] = {
        ctl_time_text(row->at, pool),    ctl_shown(row->user_key, pool),
        ctl_shown(row->device_id, pool), ctl_shown(row->actor, pool),
        ctl_shown(row->action, pool),    *row->detail ? ctl_shown(row->detail, pool) : NULL,
    };
    ctl_table_row(table, cells);
    return NULL;
}

static usm_error_t *list_audit(ctl_t *ctl)
{
    ctl_table_t table;
    usm_store_t *store;
    usm_txn_t *txn;
    usm_id_t user = 0;
    USM_ERR(ctl_store_open(&store, ctl));
    USM_ERR(store->vt->begin(&txn, store, USM_TXN_READ, NULL, ctl->pool));
    USM_ERR(ctl_user_wanted(&user, ctl, store, txn));
    ctl_table_start(&table, ctl, audit_columns, sizeof audit_columns / sizeof audit_columns[0]);
    USM_ERR(store->vt->audit_scan(txn, user, see_audit, &table, ctl->pool));
    ctl_table_end(&table);
    return store->vt->commit(txn);
}

int ctl_audit(ctl_t *ctl)
{
    usm_error_t *err = list_audit(ctl);
    return err ? ctl_error(err) : CTL_OK;
}
