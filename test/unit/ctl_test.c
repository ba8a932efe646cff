/* SPDX-License-Identifier: Apache-2.0 */
/* The program's source is included with another name for main(), so that its tables and its command line are the real
 * ones. */
int usmctl_main(int argc, const char *const *argv);
#define main usmctl_main
#include "tools/usmctl.c"
#undef main

#include "ctl_test.h"

#include <apr_file_io.h>
#include <apr_file_info.h>
#include <unistd.h>

/* What FD is for the time of a run. */
typedef struct redirect_t {
    int fd, saved;
    FILE *file;
} redirect_t;

static void redirect(redirect_t *to, int fd)
{
    to->fd = fd;
    to->file = tmpfile();
    assert_non_null(to->file);
    to->saved = dup(fd);
    dup2(fileno(to->file), fd);
}

static const char *restore(redirect_t *from, apr_pool_t *pool)
{
    apr_size_t len;
    char *text;

    dup2(from->saved, from->fd);
    close(from->saved);
    fseek(from->file, 0, SEEK_END);
    len = (apr_size_t)ftell(from->file);
    rewind(from->file);
    text = apr_palloc(pool, len + 1);
    text[fread(text, 1, len, from->file)] = '\0';
    fclose(from->file);
    return text;
}

ctl_result_t ctl_test_bytes(const char *line, const char *input, apr_size_t len, apr_pool_t *pool)
{
    redirect_t in, out, err;
    ctl_result_t result;
    char **words;
    int argc;

    assert_int_equal(apr_tokenize_to_argv(apr_pstrcat(pool, "usmctl ", line, NULL), &words, pool), APR_SUCCESS);
    for (argc = 0; words[argc] != NULL; argc++) {
    }
    fflush(stdout);
    fflush(stderr);
    clearerr(stdin);
    redirect(&in, STDIN_FILENO);
    fwrite(input, 1, len, in.file);
    fflush(in.file);
    lseek(STDIN_FILENO, 0, SEEK_SET);
    redirect(&out, STDOUT_FILENO);
    redirect(&err, STDERR_FILENO);
    result.code = usmctl_main(argc, (const char *const *)words);
    fflush(stdout);
    fflush(stderr);
    result.err = restore(&err, pool);
    result.out = restore(&out, pool);
    restore(&in, pool);
    return result;
}

ctl_result_t ctl_test_run(const char *line, const char *input, apr_pool_t *pool)
{
    return ctl_test_bytes(line, input, strlen(input), pool);
}

void ctl_test_expect(const char *line, const char *input, int code, const char *wanted, apr_pool_t *pool)
{
    ctl_result_t result = ctl_test_run(line, input, pool);
    const char *where = code == CTL_OK ? result.out : result.err;

    if (result.code != code || strstr(where, wanted) == NULL || (code == CTL_OK) != (*result.err == '\0') ||
        (code != CTL_OK && strncmp(result.err, "usmctl: ", 8) != 0)) {
        fail_msg("usmctl %s: %d\n%s%s", line, result.code, result.out, result.err);
    }
}

static apr_status_t remove_folder(void *data)
{
    const char *folder = data;
    apr_finfo_t info;
    apr_pool_t *pool;
    apr_dir_t *dir;

    apr_pool_create(&pool, NULL);
    if (apr_dir_open(&dir, folder, pool) == APR_SUCCESS) {
        while (apr_dir_read(&info, APR_FINFO_NAME, dir) == APR_SUCCESS) {
            apr_file_remove(apr_pstrcat(pool, folder, "/", info.name, NULL), pool);
        }
        apr_dir_close(dir);
    }
    apr_dir_remove(folder, pool);
    apr_pool_destroy(pool);
    return APR_SUCCESS;
}

const char *ctl_test_folder(apr_pool_t *pool)
{
    const char *tmp;
    char *folder;

    assert_int_equal(apr_temp_dir_get(&tmp, pool), APR_SUCCESS);
    folder = apr_pstrcat(pool, tmp, "/ctl_test.XXXXXX", NULL);
    assert_non_null(mkdtemp(folder));
    apr_pool_cleanup_register(pool, folder, remove_folder, apr_pool_cleanup_null);
    return folder;
}

const char *ctl_test_file(const char *folder, const char *name, const char *text, apr_pool_t *pool)
{
    const char *path = apr_pstrcat(pool, folder, "/", name, NULL);
    apr_file_t *file;

    assert_int_equal(apr_file_open(&file, path, APR_FOPEN_WRITE | APR_FOPEN_CREATE | APR_FOPEN_TRUNCATE,
                                   APR_FPROT_OS_DEFAULT, pool),
                     APR_SUCCESS);
    assert_int_equal(apr_file_puts(text, file), APR_SUCCESS);
    apr_file_close(file);
    return path;
}

const char *ctl_test_store(apr_pool_t *pool)
{
    const char *url = apr_pstrcat(pool, "sqlite:", ctl_test_folder(pool), "/x.db", NULL);

    ctl_test_expect(apr_pstrcat(pool, "schema --upgrade --store ", url, NULL), "", CTL_OK, "the tables were made",
                    pool);
    return url;
}
