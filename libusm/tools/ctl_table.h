/* SPDX-License-Identifier: Apache-2.0 */
/** @file ctl_table.h  Listings: a table for people, JSON for programs. */
#ifndef USM_TOOLS_CTL_TABLE_H
#define USM_TOOLS_CTL_TABLE_H

#include <apr_tables.h>

#include "tools/ctl.h"

#define CTL_COLUMNS_MAX 16

typedef struct ctl_column_t {
    const char *head; /**< of the table; NULL: in JSON only */
    const char *name; /**< in JSON */
    int number;
} ctl_column_t;

typedef struct ctl_table_t {
    const ctl_column_t *columns;
    int count, json, printed;
    apr_array_header_t *rows; /**< of count cells; a table must see all of them before it knows its widths */
} ctl_table_t;

/** Begin a listing; JSON when --json is given. */
void ctl_table_start(ctl_table_t *table, ctl_t *ctl, const ctl_column_t *columns, int count);
/** One row. Cells are what ctl_shown() gives, lines between them allowed in JSON; NULL = not known. They must live
 * until the end, save for JSON, which is written at once. */
void ctl_table_row(ctl_table_t *table, const char *const *cells);
void ctl_table_end(ctl_table_t *table);
/** UTC, to the second; NULL when there is none. */
const char *ctl_time_text(usm_time_t ms, apr_pool_t *pool);

#endif
