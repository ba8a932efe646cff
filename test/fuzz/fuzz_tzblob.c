/* SPDX-License-Identifier: Apache-2.0 */
/* Time zones from devices, as blobs and as POSIX rules: what was taken gives the same rule again through a blob, and
 * offsets that a clock can have. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "eas_timezone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition) ((condition) ? (void)0 : abort())

static void use_rule(const eas_tzrule_t *rule, int from_blob)
{
    static const usm_time_t times[] = {0, APR_INT64_C(1767225600000), APR_INT64_C(-11644473600000),
                                       APR_INT64_C(253402300799000)};
    unsigned char blob[EAS_TZ_BLOB];
    eas_tzrule_t again;

    eas_tz_to_blob(blob, rule);
    if (eas_tz_from_blob(&again, blob, sizeof(blob)))
        CHECK(!from_blob || eas_tz_same(rule, &again));
    else
        CHECK(!from_blob); /* a POSIX rule can have offsets that no blob has */
    for (unsigned i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        int offset = eas_tz_offset(rule, times[i]);

        CHECK(offset == rule->std_offset || offset == rule->dst_offset);
        eas_tz_to_utc(rule, times[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    eas_tzrule_t rule;
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    if (eas_tz_from_blob(&rule, data, size)) {
        CHECK(size == EAS_TZ_BLOB && rule.dst_offset >= rule.std_offset);
        use_rule(&rule, 1);
        if (data[4] == 'F') /* opens many files: not for every input */
            eas_tz_find(&rule, "Europe/Berlin", pool);
    }
    if (eas_tz_posix(&rule, apr_pstrmemdup(pool, (const char *)data, size)))
        use_rule(&rule, 0);
    eas_tz_zone(&rule, apr_pstrmemdup(pool, (const char *)data, size), pool);
    apr_pool_destroy(pool);
    return 0;
}
