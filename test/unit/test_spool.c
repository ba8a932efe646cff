/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: spool.c */
/* Bytes in memory and in files: all of them come back, and only those of files may go meanwhile. */
#include <apr_general.h>
#include <apr_strings.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <usm/spool.h>

static unsigned char byte_at(apr_size_t i)
{
    return (unsigned char)(i * 7 + i / 251);
}

/* A spool of @a len bytes, added in pieces of @a step. */
static const char *filled(usm_spool_t **spool_p, apr_size_t len, apr_size_t step, apr_pool_t *pool)
{
    usm_spool_t *spool = *spool_p = usm_spool_create(pool);
    const char *data = NULL;
    char *piece = apr_palloc(pool, step);
    for (apr_size_t at = 0; at < len; at += step) {
        apr_size_t n = len - at < step ? len - at : step;
        for (apr_size_t i = 0; i < n; i++)
            piece[i] = (char)byte_at(at + i);
        assert_null(usm_spool_add(spool, piece, n));
    }
    assert_int_equal(usm_spool_len(spool), len);
    assert_null(usm_spool_data(&data, spool));
    return data;
}

static void test_sizes(void **state)
{
    static const apr_size_t sizes[] = {0, 1, 1000, USM_SPOOL_SMALL - 1, USM_SPOOL_SMALL, USM_SPOOL_SMALL + 1,
                                       3 * USM_SPOOL_SMALL + 17};
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        usm_spool_t *spool;
        apr_pool_t *pool;
        apr_off_t at = 0;
        int fd = -1;
        apr_pool_create(&pool, *state);
        const char *data = filled(&spool, sizes[k], 70001, pool), *again = NULL;
        for (apr_size_t i = 0; i < sizes[k]; i++) {
            if ((unsigned char)data[i] != byte_at(i))
                fail_msg("size %zu: byte %zu", (size_t)sizes[k], (size_t)i);
        }
        assert_int_equal(data[sizes[k]], 0);
        assert_null(usm_spool_data(&again, spool));
        assert_ptr_equal(again, data);
        int in_file = usm_spool_find(&fd, &at, data);
        assert_int_equal(in_file, sizes[k] > USM_SPOOL_SMALL);
        if (in_file) {
            unsigned char one;
            assert_int_equal(at, USM_SPOOL_ROOM);
            assert_int_equal(usm_spool_room(data + 5), USM_SPOOL_ROOM + 5);
            assert_int_equal(pread(fd, &one, 1, at + 12345), 1);
            assert_int_equal(one, byte_at(12345));
        } else {
            assert_int_equal(usm_spool_room(data), 0);
        }
        apr_pool_destroy(pool);
        assert_false(usm_spool_find(&fd, &at, data));
    }
}

/* What was passed is there when it is looked at again, and what was written in front stays. */
static void test_passed(void **state)
{
    apr_size_t len = 4 * USM_SPOOL_SMALL + 99;
    usm_spool_t *spool;
    char *data = (char *)(uintptr_t)filled(&spool, len, 100000, *state);
    memcpy(data - 4, "head", 4);
    usm_spool_passed(data - 4, len + 4);
    usm_spool_passed(data + 100, 200);
    usm_spool_passed("not of a spool", 14);
    assert_memory_equal(data - 4, "head", 4);
    for (apr_size_t i = 0; i < len; i += 511)
        assert_int_equal((unsigned char)data[i], byte_at(i));
}

/* Somebody else writes the file. */
static void test_file(void **state)
{
    usm_spool_t *spool = usm_spool_create(*state);
    const char *data;
    int fd;
    assert_null(usm_spool_file(&fd, spool));
    assert_int_equal(lseek(fd, 0, SEEK_CUR), USM_SPOOL_ROOM);
    assert_int_equal(write(fd, "Hello", 5), 5);
    usm_spool_end(spool, 5);
    assert_null(usm_spool_data(&data, spool));
    assert_string_equal(data, "Hello");
}

static void test_no_room(void **state)
{
    usm_spool_t *spool = usm_spool_create(*state);
    char *piece = apr_pcalloc(*state, USM_SPOOL_SMALL + 1);
    usm_error_t *err;
    /* APR asks the environment and then looks for folders of its own; a limit of the process is nearer. */
    int low = dup(0), count = 0, held[4096];
    while (count < 4096 && (held[count] = dup(low)) >= 0)
        count++;
    if (count < 4096) {
        err = usm_spool_add(spool, piece, USM_SPOOL_SMALL + 1);
        assert_non_null(err);
        assert_true(usm_error_is(err, USM_ENOMEM));
        usm_error_clear(err);
    }
    while (count-- > 0)
        close(held[count]);
    close(low);
    spool = usm_spool_create(*state);
    assert_null(usm_spool_add(spool, piece, USM_SPOOL_SMALL + 1));
}

static int set_up(void **state)
{
    apr_initialize();
    apr_pool_create((apr_pool_t **)state, NULL);
    return 0;
}

static int tear_down(void **state)
{
    apr_pool_destroy(*state);
    apr_terminate();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sizes), cmocka_unit_test(test_passed),
                                       cmocka_unit_test(test_file), cmocka_unit_test(test_no_room)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
