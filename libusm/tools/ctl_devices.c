/* SPDX-License-Identifier: Apache-2.0 */
/* usmctl devices and usmctl reset: what is known of devices, and forgetting one. */
#include "tools/ctl.h"

#include <apr_strings.h>
#include <apr_tables.h>
#include <apr_time.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The columns of the listing: head of the table, name in JSON, is it a number? */
enum { USER, DEVICE, TYPE, FIRST, LAST, COLLECTIONS, ITEMS, COLUMNS };
static const struct {
    const char *head, *name;
    int number;
} columns[COLUMNS] = {
    [USER] = {"USER", "user", 0},
    [DEVICE] = {"DEVICE", "device", 0},
    [TYPE] = {"TYPE", "type", 0},
    [FIRST] = {"FIRST SEEN", "first_seen", 0},
    [LAST] = {"LAST SEEN", "last_seen", 0},
    [COLLECTIONS] = {"COLLECTIONS", "collections", 1},
    [ITEMS] = {"ITEMS", "items", 1},
};

typedef struct row_t {
    const char *cell[COLUMNS]; /**< NULL: not known */
} row_t;

typedef struct listing_t {
    apr_pool_t *pool;
    apr_array_header_t *rows; /**< row_t; a table must see all of them before it knows its widths */
    int json, count;
} listing_t;

/* UTC, to the second. */
static const char *time_text(usm_time_t ms, apr_pool_t *pool)
{
    apr_time_exp_t t;
    if (ms <= 0 || apr_time_exp_gmt(&t, apr_time_from_msec(ms)) != APR_SUCCESS)
        return NULL;
    return apr_psprintf(pool, "%04d-%02d-%02dT%02d:%02d:%02dZ", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour,
                        t.tm_min, t.tm_sec);
}

static void fill(row_t *row, const usm_device_sum_t *sum, apr_pool_t *pool)
{
    row->cell[USER] = ctl_shown(sum->user_key, pool);
    row->cell[DEVICE] = ctl_shown(sum->device.device_id, pool);
    row->cell[TYPE] = ctl_shown(sum->device.device_type, pool);
    row->cell[FIRST] = time_text(sum->device.created, pool);
    row->cell[LAST] = time_text(sum->device.seen, pool);
    row->cell[COLLECTIONS] = apr_psprintf(pool, "%" APR_INT64_T_FMT, sum->collections);
    row->cell[ITEMS] = apr_psprintf(pool, "%" APR_INT64_T_FMT, sum->items);
}

/* ---- JSON ---- */

/* ctl_shown() has left no control characters. */
static void print_json_text(const char *text)
{
    putchar('"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            putchar('\\');
        putchar(*text);
    }
    putchar('"');
}

static void print_json(const row_t *row, int first)
{
    fputs(first ? "\n" : ",\n", stdout);
    for (int c = 0; c < COLUMNS; c++) {
        printf("%s\"%s\": ", c ? ", " : "  {", columns[c].name);
        if (!row->cell[c] || columns[c].number)
            fputs(row->cell[c] ? row->cell[c] : "null", stdout);
        else
            print_json_text(row->cell[c]);
    }
    putchar('}');
}

/* ---- the table ---- */

static int width(const char *text)
{
    int chars = 0;
    for (; *text; text++)
        chars += ((unsigned char)*text & 0xc0) != 0x80;
    return chars;
}

static void print_row(const char *const *cell, const int *widths)
{
    for (int c = 0; c < COLUMNS; c++) {
        const char *text = cell[c] ? cell[c] : "-";
        int pad = widths[c] - width(text);
        if (columns[c].number)
            printf("%*s%s", pad, "", text);
        else
            printf("%s%*s", text, pad, "");
        fputs(c + 1 < COLUMNS ? "  " : "\n", stdout);
    }
}

static void print_table(const apr_array_header_t *rows)
{
    const char *heads[COLUMNS];
    int widths[COLUMNS];
    for (int c = 0; c < COLUMNS; c++) {
        heads[c] = columns[c].head;
        widths[c] = width(heads[c]);
    }
    for (int i = 0; i < rows->nelts; i++) {
        for (int c = 0; c < COLUMNS; c++) {
            const char *text = APR_ARRAY_IDX(rows, i, row_t).cell[c];
            int wide = text ? width(text) : 1;
            widths[c] = wide > widths[c] ? wide : widths[c];
        }
    }
    print_row(heads, widths);
    for (int i = 0; i < rows->nelts; i++)
        print_row(APR_ARRAY_IDX(rows, i, row_t).cell, widths);
}

/* ---- the commands ---- */

static usm_error_t *see(void *baton, const usm_device_sum_t *sum)
{
    listing_t *list = baton;
    if (list->json) {
        row_t row;
        apr_pool_clear(list->pool);
        fill(&row, sum, list->pool);
        print_json(&row, !list->count++);
    } else {
        fill(apr_array_push(list->rows), sum, list->pool);
    }
    return NULL;
}

static usm_error_t *list_devices(ctl_t *ctl)
{
    listing_t list = {.json = ctl->opt[CTL_JSON] != NULL};
    usm_store_t *store;
    usm_txn_t *txn;
    usm_id_t user = 0;
    apr_pool_create(&list.pool, ctl->pool);
    list.rows = apr_array_make(ctl->pool, 64, sizeof(row_t));
    USM_ERR(ctl_store_open(&store, ctl));
    USM_ERR(store->vt->begin(&txn, store, USM_TXN_READ, NULL, ctl->pool));
    if (ctl->opt[CTL_USER]) {
        USM_ERR(store->vt->user_id(&user, txn, ctl->opt[CTL_USER]));
        if (!user)
            return USM_ERROR(ctl->pool, USM_ENOTFOUND, "no user has the key %s", ctl->opt[CTL_USER]);
    }
    if (list.json)
        putchar('[');
    USM_ERR(store->vt->device_scan(txn, user, see, &list, ctl->pool));
    if (list.json)
        puts(list.count ? "\n]" : "]");
    else
        print_table(list.rows);
    return store->vt->commit(txn);
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
