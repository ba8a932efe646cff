/* SPDX-License-Identifier: Apache-2.0 */
#include <stdatomic.h>
#include <time.h>
#include "oxd.h"

/* clock_shift is what control added to the real clock; last_stamp the newest stamp given out. */
static _Atomic int64_t clock_shift, last_stamp;
static atomic_bool equal_stamps;
static _Atomic int64_t frozen;  /* > 0: the clock stands still there */

static int64_t real_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t oxd_now(void)
{
    int64_t at = atomic_load(&frozen);

    return at > 0 ? at : real_ms() + atomic_load(&clock_shift);
}

int64_t oxd_stamp(void)
{
    int64_t now = oxd_now(), last = atomic_load(&last_stamp), next;

    do {
        if (atomic_load(&equal_stamps) && last > 0)
            return last;
        next = now > last ? now : last + 1;
    } while (!atomic_compare_exchange_weak(&last_stamp, &last, next));
    return next;
}

void oxd_clock_freeze(bool stand)
{
    atomic_store(&frozen, 0);
    if (stand)
        atomic_store(&frozen, oxd_now());
}

void oxd_clock_set(int64_t ms)
{
    atomic_store(&frozen, 0);
    atomic_store(&clock_shift, ms > 0 ? ms - real_ms() : 0);
    /* A clock that was set back must be able to hand out old stamps again: tests ask for it on purpose. */
    atomic_store(&last_stamp, ms > 0 ? ms - 1 : 0);
}

void oxd_clock_equal(bool equal)
{
    if (equal && atomic_load(&last_stamp) == 0)
        oxd_stamp();
    atomic_store(&equal_stamps, equal);
}

void oxd_clock_atleast(int64_t ms)
{
    int64_t last = atomic_load(&last_stamp);

    while (last < ms && !atomic_compare_exchange_weak(&last_stamp, &last, ms))
        continue;
}

GTimeZone *oxd_zone(const char *name)
{
    static GMutex lock;
    static GHashTable *zones;
    GTimeZone *tz;

    if (!name || !*name)
        return NULL;
    g_mutex_lock(&lock);
    if (!zones)
        zones = g_hash_table_new(g_str_hash, g_str_equal);
    tz = g_hash_table_lookup(zones, name);
    if (!tz && g_hash_table_size(zones) < 2000) {
        tz = g_time_zone_new_identifier(name);
        if (tz)
            g_hash_table_insert(zones, g_strdup(name), tz);
    }
    g_mutex_unlock(&lock);
    return tz;
}

int64_t oxd_zone_offset(GTimeZone *tz, int64_t utc_ms)
{
    int64_t sec = utc_ms >= 0 ? utc_ms / 1000 : (utc_ms - 999) / 1000;
    gint i;

    if (!tz)
        return 0;
    i = g_time_zone_find_interval(tz, G_TIME_TYPE_UNIVERSAL, sec);
    return i < 0 ? 0 : (int64_t)g_time_zone_get_offset(tz, i) * 1000;
}

int64_t oxd_time_out(GTimeZone *tz, int64_t utc_ms)
{
    return utc_ms + oxd_zone_offset(tz, utc_ms);
}

int64_t oxd_time_in(GTimeZone *tz, int64_t time_ms)
{
    int64_t utc = time_ms - oxd_zone_offset(tz, time_ms);

    /* Near a change of the offset the first guess used the wrong side; the second one is on the right side, and in
     * the gap of a spring change both are as good. */
    return time_ms - oxd_zone_offset(tz, utc);
}
