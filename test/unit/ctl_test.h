/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines of usmctl in this process: exit code, what went to both outputs, input from a text. */
#ifndef CTL_TEST_H
#define CTL_TEST_H

#include "wbxml_test.h"

#include "tools/ctl.h"

typedef struct ctl_result_t {
    int code;
    const char *out, *err;
} ctl_result_t;

/* Runs "usmctl" with the words of LINE, which blanks part; INPUT is its standard input, no terminal. */
ctl_result_t ctl_test_run(const char *line, const char *input, apr_pool_t *pool);

/* As ctl_test_run(), with LEN bytes of input. */
ctl_result_t ctl_test_bytes(const char *line, const char *input, apr_size_t len, apr_pool_t *pool);

/* Fails the test unless usmctl ends with CODE, having written WANTED: to standard output when CODE is CTL_OK, else to
 * standard error with nothing else there but one complaint. */
void ctl_test_expect(const char *line, const char *input, int code, const char *wanted, apr_pool_t *pool);

/* A folder that goes with POOL, and a file of it with TEXT, whose path is returned. */
const char *ctl_test_folder(apr_pool_t *pool);
const char *ctl_test_file(const char *folder, const char *name, const char *text, apr_pool_t *pool);

/* The URL of a new store whose tables are made. */
const char *ctl_test_store(apr_pool_t *pool);

#endif
