/* SPDX-License-Identifier: Apache-2.0 */
/* usmsync: the state file, and reading and writing files. */
#include "tools/sync.h"

#include <apr_file_io.h>
#include <apr_sha1.h>
#include <apr_strings.h>
#include <string.h>

#define STATE ".usmsync"
#define WORDS 5

const char *sync_hash(const char *text, apr_size_t len, apr_pool_t *pool)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char digest[APR_SHA1_DIGESTSIZE];
    apr_sha1_ctx_t sha;
    char *out = apr_palloc(pool, 2 * sizeof digest + 1);
    apr_sha1_init(&sha);
    apr_sha1_update(&sha, text, (unsigned)len);
    apr_sha1_final(digest, &sha);
    for (apr_size_t i = 0; i < sizeof digest; i++) {
        out[2 * i] = hex[digest[i] >> 4];
        out[2 * i + 1] = hex[digest[i] & 15];
    }
    out[2 * sizeof digest] = '\0';
    return out;
}

const char *sync_safe_name(const char *text, apr_pool_t *pool)
{
    char *out = apr_palloc(pool, 61);
    int n = 0;
    for (; text && *text && n < 60; text++) {
        unsigned char c = (unsigned char)*text;
        int plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-';
        if (plain)
            out[n++] = (char)c;
        else if (n && out[n - 1] != '_')
            out[n++] = '_';
    }
    out[n] = '\0';
    return out;
}

usm_error_t *sync_file_read(const char **text_p, apr_size_t *len_p, const char *path, apr_pool_t *pool)
{
    apr_file_t *file;
    apr_finfo_t info;
    apr_status_t rv = apr_file_open(&file, path, APR_READ | APR_BINARY, 0, pool);
    if (!rv)
        rv = apr_file_info_get(&info, APR_FINFO_SIZE, file);
    if (rv)
        return USM_ERROR_APR(pool, rv, "%s", path);
    if (info.size > SYNC_FILE_MAX)
        return USM_ERROR(pool, USM_ELIMIT, "%s is too large", path);
    char *text = apr_palloc(pool, (apr_size_t)info.size + 1);
    rv = apr_file_read_full(file, text, (apr_size_t)info.size, len_p);
    apr_file_close(file);
    if (rv && rv != APR_EOF)
        return USM_ERROR_APR(pool, rv, "%s", path);
    text[*len_p] = '\0';
    *text_p = text;
    return NULL;
}

usm_error_t *sync_file_write(const char *path, const char *text, apr_size_t len, apr_pool_t *pool)
{
    const char *part = apr_pstrcat(pool, path, ".part", NULL);
    apr_file_t *file;
    apr_status_t rv = apr_file_open(&file, part, APR_WRITE | APR_CREATE | APR_TRUNCATE | APR_BINARY,
                                    APR_FPROT_UREAD | APR_FPROT_UWRITE, pool);
    if (!rv) {
        rv = apr_file_write_full(file, text, len, NULL);
        if (!rv)
            rv = apr_file_sync(file);
        apr_status_t closed = apr_file_close(file);
        rv = rv ? rv : closed;
    }
    if (!rv)
        rv = apr_file_rename(part, path, pool);
    return rv ? USM_ERROR_APR(pool, rv, "%s", path) : NULL;
}

sync_folder_t *sync_folder_find(sync_state_t *state, const char *fid)
{
    for (int i = 0; i < state->folders->nelts; i++) {
        sync_folder_t *f = &APR_ARRAY_IDX(state->folders, i, sync_folder_t);
        if (strcmp(f->fid, fid) == 0)
            return f;
    }
    return NULL;
}

sync_file_t *sync_file_find(sync_folder_t *folder, const char *sid, const char *name)
{
    for (int i = 0; i < folder->files->nelts; i++) {
        sync_file_t *f = &APR_ARRAY_IDX(folder->files, i, sync_file_t);
        if (f->sid && (sid ? strcmp(f->sid, sid) == 0 : strcmp(f->name, name) == 0))
            return f;
    }
    return NULL;
}

/* ---- the state: a line each, words between tabs ---- */

static usm_error_t *take_line(sync_state_t *state, char *line, apr_pool_t *pool)
{
    const char *word[WORDS] = {line};
    int count = 1;
    for (char *p = line; *p; p++) {
        if (*p != '\t')
            continue;
        *p = '\0';
        if (count < WORDS)
            word[count] = p + 1;
        count++;
    }
    if (strcmp(word[0], "hierarchy") == 0 && count == 2) {
        state->hierarchy_key = word[1];
    } else if (strcmp(word[0], "folder") == 0 && count == 5) {
        sync_folder_t f = {.fid = word[1], .key = word[2], .cls = (usm_class_e)apr_atoi64(word[3]), .dir = word[4],
                           .files = apr_array_make(pool, 64, sizeof(sync_file_t))};
        APR_ARRAY_PUSH(state->folders, sync_folder_t) = f;
    } else if (strcmp(word[0], "item") == 0 && count == 5 && sync_folder_find(state, word[1])) {
        sync_file_t f = {.sid = word[2], .name = word[3], .hash = word[4]};
        APR_ARRAY_PUSH(sync_folder_find(state, word[1])->files, sync_file_t) = f;
    } else {
        return USM_ERROR(pool, USM_EINVALID, "%s/" STATE " has a line that is not understood", state->top);
    }
    return NULL;
}

usm_error_t *sync_state_read(sync_state_t *state, const char *top, apr_pool_t *pool)
{
    const char *text;
    apr_size_t len;
    char *rest;
    *state = (sync_state_t){.top = top, .hierarchy_key = "0",
                            .folders = apr_array_make(pool, 16, sizeof(sync_folder_t))};
    usm_error_t *err = sync_file_read(&text, &len, apr_pstrcat(pool, top, "/" STATE, NULL), pool);
    if (err && APR_STATUS_IS_ENOENT(usm_error_code(err))) {
        usm_error_clear(err);
        return NULL;
    }
    USM_ERR(err);
    for (char *line = apr_strtok(apr_pstrdup(pool, text), "\n", &rest); line; line = apr_strtok(NULL, "\n", &rest))
        USM_ERR(take_line(state, line, pool));
    return NULL;
}

usm_error_t *sync_state_write(const sync_state_t *state, apr_pool_t *pool)
{
    apr_array_header_t *lines = apr_array_make(pool, 256, sizeof(const char *));
    APR_ARRAY_PUSH(lines, const char *) = apr_psprintf(pool, "hierarchy\t%s\n", state->hierarchy_key);
    for (int i = 0; i < state->folders->nelts; i++) {
        const sync_folder_t *f = &APR_ARRAY_IDX(state->folders, i, sync_folder_t);
        if (f->gone)
            continue;
        APR_ARRAY_PUSH(lines, const char *) =
            apr_psprintf(pool, "folder\t%s\t%s\t%d\t%s\n", f->fid, f->key, (int)f->cls, f->dir);
        for (int k = 0; k < f->files->nelts; k++) {
            const sync_file_t *file = &APR_ARRAY_IDX(f->files, k, sync_file_t);
            if (file->sid)
                APR_ARRAY_PUSH(lines, const char *) =
                    apr_psprintf(pool, "item\t%s\t%s\t%s\t%s\n", f->fid, file->sid, file->name, file->hash);
        }
    }
    const char *text = apr_array_pstrcat(pool, lines, 0);
    return sync_file_write(apr_pstrcat(pool, state->top, "/" STATE, NULL), text, strlen(text), pool);
}
