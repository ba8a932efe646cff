/* SPDX-License-Identifier: Apache-2.0 */
/* usmctl conflicts and usmctl bad: what went against a user's wish, and why. */
#include "tools/ctl_table.h"

#include <apr_strings.h>
#include <string.h>

typedef struct listing_t {
    apr_pool_t *pool;
    ctl_table_t table;
} listing_t;

static const char *shown(const char *text, apr_pool_t *pool)
{
    return text && *text ? ctl_shown(text, pool) : NULL;
}

/* ---- conflicts ---- */

static const ctl_column_t conflict_columns[] = {
    {"TIME", "time", 0},       {"USER", "user", 0},           {"DEVICE", "device", 0},
    {"CLASS", "class", 0},     {"FOLDER", "folder", 0},       {"ITEM", "item", 0},
    {"DEVICE DID", "device_edit", 0}, {"SERVER DID", "server_edit", 0}, {"WON", "won", 0},
    {"IN", "fields", 0},       {NULL, "lost", 0},             {NULL, "copy", 0},
};

/* Line by line: the ends of lines are ours. */
static const char *shown_lines(const char *text, apr_pool_t *pool)
{
    apr_array_header_t *lines = apr_array_make(pool, 8, sizeof(const char *));
    char *state, *copy = apr_pstrdup(pool, text);
    for (char *line = apr_strtok(copy, "\n", &state); line; line = apr_strtok(NULL, "\n", &state))
        APR_ARRAY_PUSH(lines, const char *) = ctl_shown(line, pool);
    return lines->nelts ? apr_array_pstrcat(pool, lines, '\n') : NULL;
}

static usm_error_t *see_conflict(void *baton, const usm_conflict_row_t *row)
{
    static const char *const classes[USM_CLASS_COUNT] = {
        [USM_CONTACT] = "contact", [USM_EVENT] = "event", [USM_TASK] = "task", [USM_EMAIL] = "mail",
        [USM_NOTE] = "note"};
    listing_t *list = baton;
    apr_pool_t *pool = list->pool;
    if (list->table.json)
        apr_pool_clear(pool);
    const char *const cells[] = {
        ctl_time_text(row->at, pool), shown(row->user_key, pool), shown(row->device, pool),
        (unsigned)row->cls < USM_CLASS_COUNT ? classes[row->cls] : NULL, shown(row->folder, pool),
        shown(row->id, pool), shown(row->device_edit, pool), shown(row->server_edit, pool), shown(row->winner, pool),
        shown(row->fields, pool), shown_lines(row->lost, pool), shown(row->copy, pool)};
    ctl_table_row(&list->table, cells);
    return NULL;
}

/* ---- bad ---- */

static const ctl_column_t bad_columns[] = {
    {"SINCE", "since", 0},   {"USER", "user", 0}, {"DEVICE", "device", 0},
    {"FOLDER", "folder", 0}, {"ITEM", "item", 0}, {"WHAT", "what", 0},
    {"REASON", "reason", 0},
};

static const char *what_was_bad(const usm_bad_row_t *row)
{
    switch (row->kind) {
    case USM_BAD_HELD_BACK:
        return row->retry ? "held back for now" : "held back";
    case USM_ECHO_ADD + 1:
        return "add refused";
    case USM_ECHO_CHANGE + 1:
        return "change refused";
    case USM_ECHO_DELETE + 1:
        return "delete refused";
    default:
        return "refused";
    }
}

static usm_error_t *see_bad(void *baton, const usm_bad_row_t *row)
{
    listing_t *list = baton;
    apr_pool_t *pool = list->pool;
    const char *const cells[] = {ctl_time_text(row->at, pool), shown(row->user_key, pool), shown(row->device, pool),
                                 shown(row->folder, pool), shown(row->item, pool), what_was_bad(row),
                                 shown(row->reason, pool)};
    ctl_table_row(&list->table, cells);
    return NULL;
}

/* ---- the commands ---- */

static usm_error_t *list_all(ctl_t *ctl, int conflicts)
{
    listing_t list;
    usm_store_t *store;
    usm_txn_t *txn;
    usm_id_t user;
    apr_pool_create(&list.pool, ctl->pool);
    USM_ERR(ctl_store_open(&store, ctl));
    USM_ERR(store->vt->begin(&txn, store, USM_TXN_READ, NULL, ctl->pool));
    USM_ERR(ctl_user_wanted(&user, ctl, store, txn));
    if (conflicts) {
        ctl_table_start(&list.table, ctl, conflict_columns, sizeof conflict_columns / sizeof conflict_columns[0]);
        USM_ERR(store->vt->conflict_scan(txn, user, see_conflict, &list, ctl->pool));
    } else {
        ctl_table_start(&list.table, ctl, bad_columns, sizeof bad_columns / sizeof bad_columns[0]);
        USM_ERR(store->vt->bad_list(txn, user, see_bad, &list, ctl->pool));
    }
    ctl_table_end(&list.table);
    return store->vt->commit(txn);
}

int ctl_conflicts(ctl_t *ctl)
{
    usm_error_t *err = list_all(ctl, 1);
    return err ? ctl_error(err) : CTL_OK;
}

int ctl_bad(ctl_t *ctl)
{
    usm_error_t *err = list_all(ctl, 0);
    return err ? ctl_error(err) : CTL_OK;
}
