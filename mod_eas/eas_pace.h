/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who runs too fast: requests of a device that lead to nothing are counted, and a device with too many of them is told
 * to come later. A healthy phone never notices: what brings something new costs nothing, a repeat after a lost answer
 * next to nothing.
 *
 * The count is a bucket that leaks. It gets
 *    0  for a request that brought either side something new, and for one that waited
 *    1  for one that had nothing to tell or failed, and for the repeat of a request
 *   10  for a repeat beyond EASThrottleRepeats whose answer had something to say all the same: the device does not take
 *       what it is given
 * and loses EASThrottleRate a minute. Above EASThrottle commands with EAS_CMD_PACED are refused, and others when they
 * are such repeats.
 *
 * The table is one block of memory of fixed size, which processes may share: sets of slots, each set under a lock of
 * its own. A device that needs a slot takes the least suspicious one of its set; so under pressure the good are
 * forgotten first. A process that dies with the lock delays its set for some seconds, no more: whoever does not get a
 * lock in time is not counted.
 */
#ifndef EAS_PACE_H
#define EAS_PACE_H

#include <apr.h>
#include <apr_time.h>

typedef struct eas_pace_t eas_pace_t;

/* What came of a request. */
typedef enum {
    EAS_PACE_NEWS,   /* something new for the device or from it */
    EAS_PACE_IDLE,   /* nothing */
    EAS_PACE_FAILED, /* refused */
    EAS_PACE_WAITED  /* it took its time, which paces the device by itself */
} eas_pace_result_e;

typedef enum {
    EAS_PACE_GO,
    EAS_PACE_REPEATS, /* refused: the same again and again */
    EAS_PACE_STORM    /* refused: too much of anything */
} eas_pace_e;

/* The directives. */
typedef struct eas_pace_limits_t {
    apr_int64_t burst;   /* EASThrottle, not 0 */
    apr_int64_t rate;    /* EASThrottleRate */
    apr_int64_t repeats; /* EASThrottleRepeats */
} eas_pace_limits_t;

/* One request. */
typedef struct eas_pace_request_t {
    apr_uint64_t device; /* eas_pace_device() */
    apr_uint32_t what;   /* eas_pace_what(); 0 while it is not known */
    int is_paced;        /* the command has EAS_CMD_PACED */
    int is_poll;         /* it says nothing but "is there news?", so that the same comes after all news */
    apr_time_t now;
} eas_pace_request_t;

/* Bytes of a table. */
apr_size_t eas_pace_size(void);
/* MEMORY, zeroed and of that size, as a table. */
eas_pace_t *eas_pace_table(void *memory);

/* The device as a number: of the user's key and the device's id, so that the same id of two users is two devices. */
apr_uint64_t eas_pace_device(const char *user, const char *device_id);
/* The request as a number: of the command and its body. */
apr_uint32_t eas_pace_what(int command, const void *body, apr_size_t len);

/*
 * May this request be served? *TELL_P is true when a refusal is the device's first for some minutes and ought to be
 * logged; *COUNT_P is how many requests of it were refused since the last such one. Any thread of any process.
 */
eas_pace_e eas_pace_ask(int *tell_p, unsigned *count_p, eas_pace_t *pace, const eas_pace_limits_t *limits,
                        const eas_pace_request_t *request);

/* Count what came of a request that was served. */
void eas_pace_note(eas_pace_t *pace, const eas_pace_limits_t *limits, const eas_pace_request_t *request,
                   eas_pace_result_e result);

#endif
