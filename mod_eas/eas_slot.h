/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the child processes of a server know of each other: which of them there are, how much each of them has parked,
 * and which request of a device is its newest and where it waits. One block of memory of fixed size that processes
 * share; every function may be called by any thread of any of them. A process that dies with a lock delays the devices
 * of its set for some seconds; whoever does not get a lock in time does without (serial 0).
 */
#ifndef EAS_SLOT_H
#define EAS_SLOT_H

#include <apr.h>
#include <apr_time.h>

#define EAS_SLOTS_MAX 1024 /* children with a slot */
#define EAS_SLOT_NONE (-1)

typedef struct eas_slots_t eas_slots_t;

/* Bytes of a table, and MEMORY, zeroed and of that size, as a table. */
apr_size_t eas_slots_size(void);
eas_slots_t *eas_slots_table(void *memory);

/* A slot for process PID, among the first COUNT; those of processes that are gone are taken over. EAS_SLOT_NONE when
 * all are in use. */
int eas_slot_take(eas_slots_t *slots, int count, apr_uint32_t pid);
/* PID has ended. */
void eas_slot_free(eas_slots_t *slots, apr_uint32_t pid);
/* Is there a process in the slot? */
int eas_slot_is_used(const eas_slots_t *slots, int slot);
/* A message to the slot was lost: it has to look at everything. Reading the note clears it. */
void eas_slot_note_loss(eas_slots_t *slots, int slot);
int eas_slot_take_loss(eas_slots_t *slots, int slot);
/* How many requests are parked in a slot, and in all. */
unsigned eas_slot_parked(const eas_slots_t *slots, int slot);
unsigned eas_slots_parked(const eas_slots_t *slots);

/* A request waits in a thread of this slot: BY is 1, or -1 when it has waited. Returns how many do in all slots. */
unsigned eas_slot_block(eas_slots_t *slots, int slot, int by);

/* A request of a device: both numbers are digests (eas_pace_device()). */
typedef struct eas_slot_key_t {
    apr_uint64_t device;
    apr_uint64_t user;
    apr_uint32_t serial; /* of this request, from eas_slot_claim(); 0: not known */
} eas_slot_key_t;

/* The request becomes the device's newest; sets its serial. Returns the slot where an older one is parked, which is to
 * be told, or EAS_SLOT_NONE. */
int eas_slot_claim(eas_slots_t *slots, eas_slot_key_t *key, apr_time_t now);
/* Is it still? Reads only. */
int eas_slot_is_newest(const eas_slots_t *slots, const eas_slot_key_t *key);

typedef enum {
    EAS_SLOT_PARKED,
    EAS_SLOT_OLD,       /* there is a newer request of the device */
    EAS_SLOT_USER_FULL, /* the user has as many parked as may be */
    EAS_SLOT_FULL       /* the server has */
} eas_slot_park_e;

/* The request is to be parked in SLOT, within the limits; eas_slot_unpark() when it does not wait any more. */
eas_slot_park_e eas_slot_park(eas_slots_t *slots, const eas_slot_key_t *key, int slot, unsigned user_limit,
                              unsigned limit, apr_time_t now);
/*
 * The device hung up after so many seconds. Returns 0, or, when it was the third time in a row after about as many,
 * what its connections survive: a proxy or a firewall ends them, and the device does better with shorter waits.
 */
unsigned eas_slot_cut(eas_slots_t *slots, const eas_slot_key_t *key, unsigned seconds, apr_time_t now);
void eas_slot_unpark(eas_slots_t *slots, const eas_slot_key_t *key, int slot, apr_time_t now);

#endif
