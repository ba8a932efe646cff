/* SPDX-License-Identifier: Apache-2.0 */
#include <usm/error.h>

#include <apr_strings.h>
#include <stdarg.h>

typedef struct code_row_t {
    apr_status_t code;
    const char *name;
    usm_errclass_e cls;
    int retry;
    const char *text;
} code_row_t;

static const code_row_t code_rows[] = {
#define USM_ERRDEF(name, number, cls, retry, text) {USM_E##name, #name, USM_CLASS_##cls, retry, text},
#include <usm/error_codes.h>
#undef USM_ERRDEF
};

static const code_row_t *find_row(apr_status_t code)
{
    for (apr_size_t i = 0; i < sizeof code_rows / sizeof code_rows[0]; i++) {
        if (code_rows[i].code == code)
            return &code_rows[i];
    }
    return NULL;
}

usm_error_t *usm_error_make(apr_pool_t *parent, const char *file, int line, apr_status_t code, usm_error_t *child,
                            const char *fmt, ...)
{
    apr_pool_t *pool = child ? child->pool : NULL;
    if (!pool) {
        apr_pool_create(&pool, parent);
        apr_pool_tag(pool, "usm_error");
    }
    usm_error_t *err = apr_pcalloc(pool, sizeof *err);
    err->code = code;
    err->child = child;
    err->pool = pool;
    err->file = file;
    err->line = line;
    if (fmt) {
        va_list ap;
        va_start(ap, fmt);
        err->message = apr_pvsprintf(pool, fmt, ap);
        va_end(ap);
    }
    return err;
}

usm_error_t *usm_error_wrap(usm_error_t *child, const char *file, int line, const char *fmt, ...)
{
    if (!child)
        return NULL;
    va_list ap;
    va_start(ap, fmt);
    const char *message = apr_pvsprintf(child->pool, fmt, ap);
    va_end(ap);
    return usm_error_make(NULL, file, line, child->code, child, "%s", message);
}

void usm_error_clear(usm_error_t *err)
{
    if (err)
        apr_pool_destroy(err->pool);
}

apr_status_t usm_error_code(const usm_error_t *err)
{
    apr_status_t code = APR_SUCCESS;
    for (; err; err = err->child)
        code = err->code;
    return code;
}

usm_errclass_e usm_error_class(const usm_error_t *err)
{
    for (; err; err = err->child) {
        const code_row_t *row = find_row(err->code);
        if (row)
            return row->cls;
    }
    return USM_CLASS_INTERNAL;
}

int usm_error_retry(const usm_error_t *err)
{
    for (; err; err = err->child) {
        const code_row_t *row = find_row(err->code);
        if (row)
            return row->retry;
    }
    return 0;
}

int usm_error_is(const usm_error_t *err, apr_status_t code)
{
    for (; err; err = err->child) {
        if (err->code == code)
            return 1;
    }
    return 0;
}

const char *usm_error_text(const usm_error_t *err, apr_pool_t *pool)
{
    const char *text = NULL;
    for (; err; err = err->child) {
        const char *part = err->message;
        if (!part) {
            char buf[128];
            const char *fixed = usm_code_text(err->code);
            part = find_row(err->code) ? fixed : apr_pstrdup(pool, apr_strerror(err->code, buf, sizeof buf));
        }
        text = text ? apr_pstrcat(pool, text, ": ", part, NULL) : apr_pstrdup(pool, part);
    }
    return text ? text : "no error";
}

const char *usm_code_text(apr_status_t code)
{
    const code_row_t *row = find_row(code);
    return row ? row->text : "unknown error";
}

const char *usm_code_name(apr_status_t code)
{
    const code_row_t *row = find_row(code);
    return row ? row->name : NULL;
}
