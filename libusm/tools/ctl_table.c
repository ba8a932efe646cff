/* SPDX-License-Identifier: Apache-2.0 */
/* Listings of usmctl. */
#include "tools/ctl_table.h"

#include <apr_strings.h>
#include <apr_time.h>
#include <stdio.h>

const char *ctl_time_text(usm_time_t ms, apr_pool_t *pool)
{
    apr_time_exp_t t;
    if (ms <= 0 || apr_time_exp_gmt(&t, apr_time_from_msec(ms)) != APR_SUCCESS)
        return NULL;
    return apr_psprintf(pool, "%04d-%02d-%02dT%02d:%02d:%02dZ", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour,
                        t.tm_min, t.tm_sec);
}

void ctl_table_start(ctl_table_t *table, ctl_t *ctl, const ctl_column_t *columns, int count)
{
    *table = (ctl_table_t){.columns = columns, .count = count, .json = ctl->opt[CTL_JSON] != NULL};
    table->rows = apr_array_make(ctl->pool, 64 * count, sizeof(const char *));
    if (table->json)
        putchar('[');
}

/* ---- JSON ---- */

/* ctl_shown() has left no control characters but the ends of lines. */
static void print_json_text(const char *text)
{
    putchar('"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\' || *text == '\n')
            putchar('\\');
        putchar(*text == '\n' ? 'n' : *text);
    }
    putchar('"');
}

static void print_json(const ctl_table_t *table, const char *const *cells)
{
    fputs(table->printed ? ",\n" : "\n", stdout);
    for (int c = 0; c < table->count; c++) {
        printf("%s\"%s\": ", c ? ", " : "  {", table->columns[c].name);
        if (!cells[c] || table->columns[c].number)
            fputs(cells[c] ? cells[c] : "null", stdout);
        else
            print_json_text(cells[c]);
    }
    putchar('}');
}

void ctl_table_row(ctl_table_t *table, const char *const *cells)
{
    if (table->json)
        print_json(table, cells);
    for (int c = 0; !table->json && c < table->count; c++)
        APR_ARRAY_PUSH(table->rows, const char *) = cells[c];
    table->printed++;
}

/* ---- the table ---- */

static int width(const char *text)
{
    int chars = 0;
    for (; *text; text++)
        chars += ((unsigned char)*text & 0xc0) != 0x80;
    return chars;
}

static void print_row(const ctl_table_t *table, const char *const *cells, const int *widths)
{
    const char *between = "";
    for (int c = 0; c < table->count; c++) {
        const char *text = cells[c] ? cells[c] : "-";
        int pad = widths[c] - width(text);
        if (!table->columns[c].head)
            continue;
        fputs(between, stdout);
        if (table->columns[c].number)
            printf("%*s%s", pad, "", text);
        else
            printf("%s%*s", text, pad, "");
        between = "  ";
    }
    putchar('\n');
}

static void print_table(const ctl_table_t *table)
{
    const char *heads[CTL_COLUMNS_MAX];
    int widths[CTL_COLUMNS_MAX];
    for (int c = 0; c < table->count; c++) {
        heads[c] = table->columns[c].head;
        widths[c] = heads[c] ? width(heads[c]) : 0;
    }
    for (int i = 0; i < table->rows->nelts; i++) {
        const char *text = APR_ARRAY_IDX(table->rows, i, const char *);
        int wide = text ? width(text) : 1, c = i % table->count;
        widths[c] = wide > widths[c] ? wide : widths[c];
    }
    print_row(table, heads, widths);
    for (int i = 0; i < table->rows->nelts; i += table->count)
        print_row(table, &APR_ARRAY_IDX(table->rows, i, const char *), widths);
}

void ctl_table_end(ctl_table_t *table)
{
    if (table->json)
        puts(table->printed ? "\n]" : "]");
    else
        print_table(table);
}
