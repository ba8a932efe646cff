/* SPDX-License-Identifier: Apache-2.0 */
/* What the small tests of libusm/core share. */
#ifndef TEST_CORE_H
#define TEST_CORE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <string.h>

#include "core/core.h"

static apr_pool_t *pool;

static int pool_up(void **state)
{
    (void)state;
    return apr_initialize() || apr_pool_create(&pool, NULL);
}

static int pool_down(void **state)
{
    (void)state;
    apr_pool_destroy(pool);
    apr_terminate();
    return 0;
}

#endif
