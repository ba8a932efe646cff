/* SPDX-License-Identifier: Apache-2.0 */
#include "eas_slot.h"

#include <apr_thread_proc.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#define SETS 8192 /* chosen by user, so that all devices of one are in one set */
#define WAYS 32
#define CUT_MIN 15 /* seconds of a wait that is taken for cut rather than for given up */
#define CUTS 3
#define LOCK_TRIES 200
#define LOCK_SECONDS 3 /* nobody holds a lock longer and lives */

typedef struct child_t {
    _Atomic apr_uint32_t pid;   /* 0: free */
    _Atomic apr_uint32_t life;  /* counts the processes that have had the slot */
    _Atomic apr_uint32_t lost;  /* a message could not be written */
    _Atomic apr_uint32_t parked;
    _Atomic apr_uint32_t blocked;
} child_t;

typedef struct entry_t {
    _Atomic apr_uint64_t device; /* 0: free */
    apr_uint64_t user;
    _Atomic apr_uint32_t serial; /* of the newest request */
    apr_uint32_t second;         /* when it was made */
    apr_uint32_t life;           /* of the slot */
    apr_int32_t slot;            /* plus 1; 0: not parked */
    apr_uint16_t cut, cuts;      /* seconds after which it hung up, and how often in a row */
} entry_t;

typedef struct set_t {
    _Atomic apr_uint32_t lock; /* 0, or the second it was taken in */
    apr_uint32_t serial;       /* the last one given out */
    entry_t entries[WAYS];
} set_t;

struct eas_slots_t {
    child_t children[EAS_SLOTS_MAX];
    set_t sets[SETS];
};

apr_size_t eas_slots_size(void)
{
    return sizeof(eas_slots_t);
}

eas_slots_t *eas_slots_table(void *memory)
{
    return memory;
}

/* ---- children ---- */

static int is_gone(apr_uint32_t pid)
{
    return kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

int eas_slot_take(eas_slots_t *slots, int count, apr_uint32_t pid)
{
    int i;

    for (i = 0; i < count && i < EAS_SLOTS_MAX; i++) {
        child_t *child = &slots->children[i];
        apr_uint32_t held = atomic_load(&child->pid);

        if ((held == 0 || is_gone(held)) && atomic_compare_exchange_strong(&child->pid, &held, pid)) {
            atomic_fetch_add(&child->life, 1);
            atomic_store(&child->parked, 0);
            atomic_store(&child->blocked, 0);
            atomic_store(&child->lost, 0);
            return i;
        }
    }
    return EAS_SLOT_NONE;
}

void eas_slot_free(eas_slots_t *slots, apr_uint32_t pid)
{
    int i;

    for (i = 0; i < EAS_SLOTS_MAX; i++) {
        apr_uint32_t held = pid;

        if (atomic_compare_exchange_strong(&slots->children[i].pid, &held, 0)) {
            atomic_fetch_add(&slots->children[i].life, 1);
            atomic_store(&slots->children[i].parked, 0);
            atomic_store(&slots->children[i].blocked, 0);
        }
    }
}

int eas_slot_is_used(const eas_slots_t *slots, int slot)
{
    return slot >= 0 && slot < EAS_SLOTS_MAX && atomic_load(&slots->children[slot].pid) != 0;
}

void eas_slot_note_loss(eas_slots_t *slots, int slot)
{
    atomic_store(&slots->children[slot].lost, 1);
}

int eas_slot_take_loss(eas_slots_t *slots, int slot)
{
    return atomic_exchange(&slots->children[slot].lost, 0) != 0;
}

unsigned eas_slot_parked(const eas_slots_t *slots, int slot)
{
    return atomic_load(&slots->children[slot].parked);
}

unsigned eas_slots_parked(const eas_slots_t *slots)
{
    unsigned total = 0;
    int i;

    for (i = 0; i < EAS_SLOTS_MAX; i++) {
        total += atomic_load(&slots->children[i].parked);
    }
    return total;
}

unsigned eas_slot_block(eas_slots_t *slots, int slot, int by)
{
    unsigned total = 0;
    int i;

    atomic_fetch_add(&slots->children[slot].blocked, (apr_uint32_t)by);
    for (i = 0; i < EAS_SLOTS_MAX; i++) {
        total += atomic_load(&slots->children[i].blocked);
    }
    return total;
}

/* ---- devices ---- */

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

static set_t *set_of(const eas_slots_t *slots, const eas_slot_key_t *key)
{
    return (set_t *)&slots->sets[key->user % SETS];
}

static entry_t *find(set_t *set, const eas_slot_key_t *key)
{
    int i;

    for (i = 0; i < WAYS; i++) {
        if (atomic_load(&set->entries[i].device) == key->device) {
            return &set->entries[i];
        }
    }
    return NULL;
}

/* Where the entry's request is parked; nowhere when that process is gone. */
static int slot_of(const eas_slots_t *slots, const entry_t *entry)
{
    int slot = entry->slot - 1;

    return slot >= 0 && atomic_load(&slots->children[slot].life) == entry->life ? slot : EAS_SLOT_NONE;
}

/* One for a new device: a free one, else that of the oldest request, and of one that waits only when all do. */
static entry_t *make(const eas_slots_t *slots, set_t *set, const eas_slot_key_t *key)
{
    entry_t *best = NULL;
    int i, best_waits = 1;

    for (i = 0; i < WAYS; i++) {
        entry_t *entry = &set->entries[i];
        int waits = slot_of(slots, entry) != EAS_SLOT_NONE;

        if (atomic_load(&entry->device) == 0) {
            best = entry;
            break;
        }
        if (best == NULL || waits < best_waits || (waits == best_waits && entry->second < best->second)) {
            best = entry;
            best_waits = waits;
        }
    }
    atomic_store(&best->device, 0);
    best->slot = 0;
    best->cut = best->cuts = 0;
    best->user = key->user;
    atomic_store(&best->serial, 0);
    atomic_store(&best->device, key->device);
    return best;
}

int eas_slot_claim(eas_slots_t *slots, eas_slot_key_t *key, apr_time_t now)
{
    set_t *set = set_of(slots, key);
    int slot = EAS_SLOT_NONE;
    entry_t *entry;

    key->serial = 0;
    if (!lock(set, now)) {
        return EAS_SLOT_NONE;
    }
    entry = find(set, key);
    if (entry == NULL) {
        entry = make(slots, set, key);
    } else {
        slot = slot_of(slots, entry);
    }
    if (++set->serial == 0) {
        set->serial = 1;
    }
    key->serial = set->serial;
    atomic_store(&entry->serial, key->serial);
    entry->second = (apr_uint32_t)apr_time_sec(now);
    entry->slot = 0;
    unlock(set);
    return slot;
}

int eas_slot_is_newest(const eas_slots_t *slots, const eas_slot_key_t *key)
{
    const entry_t *entry = key->serial != 0 ? find(set_of(slots, key), key) : NULL;

    return entry == NULL || atomic_load(&entry->serial) == key->serial;
}

static unsigned count_of(const eas_slots_t *slots, const set_t *set, apr_uint64_t user)
{
    unsigned count = 0;
    int i;

    for (i = 0; i < WAYS; i++) {
        const entry_t *entry = &set->entries[i];

        count += atomic_load(&entry->device) != 0 && entry->user == user && slot_of(slots, entry) != EAS_SLOT_NONE;
    }
    return count;
}

eas_slot_park_e eas_slot_park(eas_slots_t *slots, const eas_slot_key_t *key, int slot, unsigned user_limit,
                              unsigned limit, apr_time_t now)
{
    set_t *set = set_of(slots, key);
    eas_slot_park_e result = EAS_SLOT_PARKED;
    entry_t *entry;

    if (eas_slots_parked(slots) >= limit) {
        return EAS_SLOT_FULL;
    }
    if (key->serial != 0 && lock(set, now)) {
        entry = find(set, key);
        if (entry != NULL && atomic_load(&entry->serial) != key->serial) {
            result = EAS_SLOT_OLD;
        } else if (count_of(slots, set, key->user) >= user_limit) {
            result = EAS_SLOT_USER_FULL;
        } else if (entry != NULL && slot >= 0) {
            entry->slot = slot + 1;
            entry->life = atomic_load(&slots->children[slot].life);
        }
        unlock(set);
    }
    if (result == EAS_SLOT_PARKED && slot >= 0) {
        atomic_fetch_add(&slots->children[slot].parked, 1);
    }
    return result;
}

unsigned eas_slot_cut(eas_slots_t *slots, const eas_slot_key_t *key, unsigned seconds, apr_time_t now)
{
    set_t *set = set_of(slots, key);
    unsigned limit = 0, apart;
    entry_t *entry;

    /* Whoever takes the phone into his hand hangs up early, and after any time. */
    if (seconds < CUT_MIN || seconds > APR_UINT16_MAX || key->serial == 0 || !lock(set, now)) {
        return 0;
    }
    entry = find(set, key);
    if (entry != NULL) {
        apart = seconds > entry->cut ? seconds - entry->cut : entry->cut - seconds;
        if (entry->cuts == 0 || apart > 2 + entry->cut / 10u) {
            entry->cuts = 0;
            entry->cut = (apr_uint16_t)seconds;
        }
        entry->cut = seconds < entry->cut ? (apr_uint16_t)seconds : entry->cut;
        if (++entry->cuts == CUTS) {
            entry->cuts = 0;
            limit = entry->cut - entry->cut / 10u;
        }
    }
    unlock(set);
    return limit;
}

void eas_slot_unpark(eas_slots_t *slots, const eas_slot_key_t *key, int slot, apr_time_t now)
{
    set_t *set = set_of(slots, key);
    entry_t *entry;

    if (slot >= 0) {
        atomic_fetch_sub(&slots->children[slot].parked, 1);
    }
    if (key->serial == 0 || !lock(set, now)) {
        return;
    }
    entry = find(set, key);
    if (entry != NULL && atomic_load(&entry->serial) == key->serial) {
        entry->slot = 0;
        if ((apr_uint32_t)apr_time_sec(now) - entry->second > entry->cut + 2u + entry->cut / 10u) {
            entry->cuts = 0; /* this one survived longer */
        }
    }
    unlock(set);
}
