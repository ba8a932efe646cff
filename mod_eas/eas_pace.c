/* SPDX-License-Identifier: Apache-2.0 */
#include "eas_pace.h"

#include <apr_sha1.h>
#include <apr_thread_proc.h>
#include <stdatomic.h>
#include <string.h>

#define SETS 512         /* times SLOTS devices are remembered */
#define SLOTS 8
#define RECENT 16        /* requests of a device that are told apart */
#define RECENT_SECONDS 600
#define TELL_SECONDS 600 /* between two log lines about a device */
#define LOCK_TRIES 200
#define LOCK_SECONDS 3   /* nobody holds a lock longer and lives */
#define BODY_MAX 65536   /* bytes of a body that are looked at */
#define POINT 1000
#define REPEAT_POINTS (10 * POINT)
#define MINUTE_MS 60000

typedef struct recent_t {
    apr_uint32_t what; /* 0: free */
    apr_uint32_t at;   /* second */
    apr_uint16_t count;
    apr_uint16_t is_poll;
} recent_t;

typedef struct slot_t {
    apr_uint64_t device; /* 0: free */
    apr_int64_t at;      /* millisecond of `level` */
    apr_int64_t level;   /* thousandths of a point */
    apr_int64_t told;    /* second of the last log line */
    unsigned refused;    /* since then */
    int by_repeats;      /* the last points were for those */
    recent_t recent[RECENT];
} slot_t;

typedef struct set_t {
    _Atomic apr_uint32_t lock; /* 0, or the second it was taken in */
    slot_t slots[SLOTS];
} set_t;

struct eas_pace_t {
    set_t sets[SETS];
};

apr_size_t eas_pace_size(void)
{
    return sizeof(eas_pace_t);
}

eas_pace_t *eas_pace_table(void *memory)
{
    return memory;
}

apr_uint64_t eas_pace_device(const char *user, const char *device_id)
{
    unsigned char sum[APR_SHA1_DIGESTSIZE];
    apr_sha1_ctx_t sha;
    apr_uint64_t number;

    apr_sha1_init(&sha);
    apr_sha1_update(&sha, user, (unsigned)strlen(user) + 1);
    apr_sha1_update(&sha, device_id, (unsigned)strlen(device_id));
    apr_sha1_final(sum, &sha);
    memcpy(&number, sum, sizeof(number));
    return number != 0 ? number : 1;
}

apr_uint32_t eas_pace_what(int command, const void *body, apr_size_t len)
{
    const unsigned char *at = body;
    apr_uint64_t hash = APR_UINT64_C(0xcbf29ce484222325) ^ (apr_uint64_t)len << 8 ^ (apr_uint64_t)command;
    apr_size_t i, n = len < BODY_MAX ? len : BODY_MAX;

    for (i = 0; i < n; i++) {
        hash = (hash ^ at[i]) * APR_UINT64_C(0x100000001b3);
    }
    hash ^= hash >> 32;
    return (apr_uint32_t)hash != 0 ? (apr_uint32_t)hash : 1;
}

/* A lock that outlives whoever took it only for seconds. False: it could not be had. */
static int lock(set_t *set, apr_time_t now)
{
    apr_uint32_t second = (apr_uint32_t)apr_time_sec(now) | 1;
    int i;

    for (i = 0; i < LOCK_TRIES; i++) {
        apr_uint32_t held = 0;

        if (atomic_compare_exchange_weak(&set->lock, &held, second)) {
            return 1;
        }
        if (held != 0 && second - held > LOCK_SECONDS && second - held < APR_UINT32_MAX / 2 &&
            atomic_compare_exchange_strong(&set->lock, &held, second)) {
            return 1;
        }
        apr_thread_yield();
    }
    return 0;
}

static void unlock(set_t *set)
{
    atomic_store(&set->lock, 0);
}

/* What is left of the slot's points. A clock that was put back forgives nothing. */
static apr_int64_t level(const slot_t *slot, const eas_pace_limits_t *limits, apr_time_t now)
{
    apr_int64_t passed = apr_time_as_msec(now) - slot->at, out;

    if (passed <= 0) {
        return slot->level;
    }
    out = passed > MINUTE_MS * 1440 ? slot->level : passed * limits->rate * POINT / MINUTE_MS;
    return out < slot->level ? slot->level - out : 0;
}

static void leak(slot_t *slot, const eas_pace_limits_t *limits, apr_time_t now)
{
    slot->level = level(slot, limits, now);
    slot->at = apr_time_as_msec(now);
}

/* The device's slot; without one the least suspicious of its set becomes it, when MAKE is true. */
static slot_t *find(set_t *set, const eas_pace_limits_t *limits, const eas_pace_request_t *request, int make)
{
    slot_t *best = &set->slots[0];
    apr_int64_t least = level(best, limits, request->now);
    int i;

    for (i = 0; i < SLOTS; i++) {
        slot_t *slot = &set->slots[i];

        apr_int64_t here = level(slot, limits, request->now);

        if (slot->device == request->device) {
            return slot;
        }
        if (here < least || (here == least && slot->at < best->at)) {
            best = slot;
            least = here;
        }
    }
    if (!make) {
        return NULL;
    }
    memset(best, 0, sizeof(*best));
    best->device = request->device;
    return best;
}

static recent_t *find_recent(slot_t *slot, const eas_pace_request_t *request)
{
    apr_uint32_t second = (apr_uint32_t)apr_time_sec(request->now);
    int i;

    for (i = 0; i < RECENT; i++) {
        recent_t *r = &slot->recent[i];

        if (r->what == request->what && r->what != 0 && second - r->at <= RECENT_SECONDS) {
            return r;
        }
    }
    return NULL;
}

static void add_recent(slot_t *slot, const eas_pace_request_t *request)
{
    recent_t *oldest = &slot->recent[0];
    int i;

    for (i = 1; i < RECENT; i++) {
        if (slot->recent[i].at < oldest->at) {
            oldest = &slot->recent[i];
        }
    }
    oldest->what = request->what;
    oldest->at = (apr_uint32_t)apr_time_sec(request->now);
    oldest->count = 1;
    oldest->is_poll = (apr_uint16_t)(request->is_poll != 0);
}

/* After news the same question may well come again. */
static void forgive_polls(slot_t *slot)
{
    int i;

    for (i = 0; i < RECENT; i++) {
        if (slot->recent[i].is_poll) {
            slot->recent[i].count = 0;
        }
    }
}

eas_pace_e eas_pace_ask(int *tell_p, unsigned *count_p, eas_pace_t *pace, const eas_pace_limits_t *limits,
                        const eas_pace_request_t *request)
{
    set_t *set = &pace->sets[request->device % SETS];
    apr_int64_t second = apr_time_sec(request->now);
    eas_pace_e answer = EAS_PACE_GO;
    const recent_t *same;
    slot_t *slot;

    *tell_p = 0;
    *count_p = 0;
    if (!lock(set, request->now)) {
        return EAS_PACE_GO;
    }
    slot = find(set, limits, request, 0);
    if (slot != NULL) {
        leak(slot, limits, request->now);
        same = find_recent(slot, request);
        if (slot->level > limits->burst * POINT && (request->is_paced || (same && same->count > limits->repeats))) {
            answer = slot->by_repeats ? EAS_PACE_REPEATS : EAS_PACE_STORM;
            slot->refused++;
            if (second - slot->told >= TELL_SECONDS || slot->told == 0) {
                *tell_p = 1;
                *count_p = slot->refused;
                slot->told = second;
                slot->refused = 0;
            }
        }
    }
    unlock(set);
    return answer;
}

/* What a request costs. SAME: the note of its comings with this one, NULL when it is new; forgiven ones do not count.
 */
static apr_int64_t cost(const recent_t *same, const eas_pace_limits_t *limits, eas_pace_result_e result)
{
    if (same == NULL || same->count == 1) {
        return result == EAS_PACE_NEWS ? 0 : POINT;
    }
    return result != EAS_PACE_IDLE && same->count > limits->repeats ? REPEAT_POINTS : POINT;
}

void eas_pace_note(eas_pace_t *pace, const eas_pace_limits_t *limits, const eas_pace_request_t *request,
                   eas_pace_result_e result)
{
    set_t *set = &pace->sets[request->device % SETS];
    apr_int64_t points;
    recent_t *same;
    slot_t *slot;

    if (result == EAS_PACE_WAITED || !lock(set, request->now)) {
        return;
    }
    slot = find(set, limits, request, 1);
    leak(slot, limits, request->now);
    same = find_recent(slot, request);
    if (same != NULL) {
        same->count += same->count < APR_UINT16_MAX;
        same->at = (apr_uint32_t)apr_time_sec(request->now);
    } else {
        add_recent(slot, request);
        if (result == EAS_PACE_NEWS) {
            forgive_polls(slot);
        }
    }
    points = cost(same, limits, result);
    if (points > 0) {
        slot->by_repeats = points > POINT;
        slot->level += points;
        /* What lies far above the limit would keep the device out for long after it has come to its senses. */
        if (slot->level > (limits->burst + 20) * POINT) {
            slot->level = (limits->burst + 20) * POINT;
        }
    }
    unlock(set);
}
