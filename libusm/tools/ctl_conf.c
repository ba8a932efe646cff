/* SPDX-License-Identifier: Apache-2.0 */
/* Settings out of httpd's configuration, so that an administrator need not write them twice. */
#include "tools/ctl.h"

#include <apr_file_io.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>

/** httpd takes lines of this length. */
#define LINE_MAX_BYTES 8192

typedef struct reader_t {
    ctl_t *ctl;
    const char *file;
    int line;
    unsigned given;                      /**< CTL_BIT() of what the command line has */
    const char *found[CTL_OPTION_COUNT]; /**< value in the file so far */
} reader_t;

/* The first argument as httpd reads it: a word, or quoted with backslashes before quotes and backslashes. */
static const char *argument(const char *text, apr_pool_t *pool)
{
    char *out = apr_palloc(pool, strlen(text) + 1), *o = out;
    char quote = *text == '"' || *text == '\'' ? *text++ : '\0';
    for (; *text && (quote ? *text != quote : !apr_isspace(*text)); text++) {
        if (quote && *text == '\\' && (text[1] == quote || text[1] == '\\'))
            text++;
        *o++ = *text;
    }
    *o = '\0';
    return out;
}

static int find_directive(const char *line, apr_size_t len)
{
    for (int o = 0; o < CTL_OPTION_COUNT; o++) {
        const char *name = ctl_options[o].directive;
        if (name && strlen(name) == len && strncasecmp(name, line, len) == 0)
            return o;
    }
    return -1;
}

static usm_error_t *take(reader_t *r, int option, const char *value)
{
    const ctl_option_t *opt = &ctl_options[option];
    apr_pool_t *pool = r->ctl->pool;
    if (strstr(value, "${") || strstr(value, "%{"))
        return USM_ERROR(pool, USM_ECONFIG, "%s:%d: the value of %s is computed by httpd: give --%s", r->file, r->line,
                         opt->directive, opt->name);
    if (option == CTL_CA && *value != '/')
        return USM_ERROR(pool, USM_ECONFIG, "%s:%d: %s is relative to ServerRoot: give --%s", r->file, r->line,
                         opt->directive, opt->name);
    if (!opt->argument && strcasecmp(value, "on") != 0 && strcasecmp(value, "off") != 0)
        return USM_ERROR(pool, USM_ECONFIG, "%s:%d: %s must be on or off", r->file, r->line, opt->directive);
    if (r->found[option] && strcmp(r->found[option], value) != 0)
        return USM_ERROR(pool, USM_ECONFIG, "%s:%d: %s has another value than before: give --%s", r->file, r->line,
                         opt->directive, opt->name);
    r->found[option] = value;
    return NULL;
}

static usm_error_t *read_line(reader_t *r, const char *line)
{
    while (apr_isspace(*line))
        line++;
    apr_size_t len = strcspn(line, " \t\r\n");
    int option = find_directive(line, len);
    /* What the command line has need not be clear in the file. */
    if (option < 0 || r->given & 1u << option)
        return NULL;
    line += len;
    while (apr_isspace(*line))
        line++;
    return take(r, option, argument(line, r->ctl->pool));
}

/* A line with its continuations. *got_p 0 at the end of the file. */
static usm_error_t *next_line(char *line, int *got_p, reader_t *r, apr_file_t *file)
{
    apr_size_t len = 0;
    *got_p = 0;
    for (;;) {
        if (apr_file_gets(line + len, (int)(LINE_MAX_BYTES - len), file) != APR_SUCCESS) {
            line[len] = '\0';
            return NULL;
        }
        *got_p = 1;
        len += strlen(line + len);
        r->line++;
        if (len + 2 > LINE_MAX_BYTES)
            return USM_ERROR(r->ctl->pool, USM_ECONFIG, "%s:%d: the line is too long", r->file, r->line);
        if (len < 2 || line[len - 1] != '\n' || line[len - 2] != '\\')
            return NULL;
        len -= 2;
    }
}

usm_error_t *ctl_conf_read(ctl_t *ctl, const char *name)
{
    reader_t r = {.ctl = ctl, .file = name};
    char *line = apr_palloc(ctl->pool, LINE_MAX_BYTES);
    apr_file_t *file;
    usm_error_t *err = NULL;
    int got;
    for (int o = 0; o < CTL_OPTION_COUNT; o++)
        r.given |= ctl->opt[o] ? 1u << o : 0;
    apr_status_t status = apr_file_open(&file, name, APR_FOPEN_READ | APR_FOPEN_BUFFERED, 0, ctl->pool);
    if (status != APR_SUCCESS)
        return USM_ERROR_APR(ctl->pool, status, "%s cannot be read", name);
    do {
        err = next_line(line, &got, &r, file);
        if (!err && got)
            err = read_line(&r, line);
    } while (!err && got);
    apr_file_close(file);
    for (int o = 0; !err && o < CTL_OPTION_COUNT; o++) {
        if (r.found[o] && (ctl_options[o].argument || strcasecmp(r.found[o], "on") == 0))
            ctl->opt[o] = r.found[o];
    }
    return err;
}
