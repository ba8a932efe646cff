/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands that wait. Where the web server can take a request out of its thread, the handler ends with eas_wait() and
 * returns; what is needed to go on is kept in a few hundred bytes, and when something may have happened eas_resume()
 * opens a session without a password, looks, and gives the answer or waits on. Elsewhere eas_wait() waits in the
 * thread.
 */
#ifndef EAS_PARK_H
#define EAS_PARK_H

#include "eas.h"
#include "eas_slot.h"

#define EAS_PARK_BODY_MAX 32768 /* bytes of a request that are kept; with a longer one the device waits in a thread */

/* Why a parked request goes on. */
typedef enum {
    EAS_RESUME_LOOK, /* something may have changed */
    EAS_RESUME_END,  /* its time is over, a newer request of the device is here, or the server stops */
    EAS_RESUME_FULL, /* it could not be parked: there are too many */
    EAS_RESUME_CUT   /* the device is gone, and park->survives is known: there is no answer */
} eas_resume_e;

/* The second half of a command. RESULT: what was found, nothing when the time is over. DOC and OUT as for a handler. */
typedef usm_error_t *(*eas_resume_fn)(eas_ctx_t *ctx, const eas_node_t *doc, const usm_watch_result_t *result,
                                      eas_writer_t *out);

/* Keep in mind that connections of the device survive so many seconds. */
typedef usm_error_t *(*eas_learn_fn)(eas_ctx_t *ctx, apr_int64_t seconds);

struct eas_park_t {
    usm_watch_t *watch;   /* until eas_park_arm() */
    usm_parked_t *parked; /* from then on */
    eas_resume_fn resume;
    const eas_command_t *command;
    unsigned version;
    eas_learn_fn learn;
    apr_int64_t survives; /* seconds, with EAS_RESUME_CUT */
    apr_time_t deadline, began;
    eas_slot_key_t key;
    const char *user, *device_id, *device_type, *body; /* within this block */
    apr_size_t body_len;
    char text[];
};

/*
 * Wait for news of WATCH until DEADLINE (ms since 1970), then RESUME writes the answer; with news it does so at once.
 * To be returned by a handler. What the handler wrote before is kept only when it does not wait.
 */
usm_error_t *eas_wait(eas_ctx_t *ctx, usm_watch_t *watch, usm_time_t deadline, eas_resume_fn resume,
                      eas_learn_fn learn);

/* How long a device may wait at most, by what is known of its connections: a text that is kept with it. */
#define EAS_BEAT_MAX 3540 /* seconds */
#define EAS_BEAT_DAYS 7 /* then it is to be found out again */
typedef struct eas_beat_t {
    apr_int64_t limit; /* seconds, 0: nothing is known */
    apr_int64_t day;   /* since 1970, when that was learnt */
} eas_beat_t;
/* From "/limit/day", or anything else: nothing is known. */
void eas_beat_parse(eas_beat_t *beat, const char *text);
/* That text; "" when nothing is known. */
const char *eas_beat_text(const eas_beat_t *beat, apr_pool_t *pool);
void eas_beat_learn(eas_beat_t *beat, apr_int64_t seconds);
/* HIGH, or less, but not less than LOW. */
apr_int64_t eas_beat_high(const eas_beat_t *beat, apr_int64_t low, apr_int64_t high);

typedef enum {
    EAS_PARK_ARMED,
    EAS_PARK_MOVED,  /* armed, but there was a hint since the last look: look at once */
    EAS_PARK_LATER,  /* not armed, as nothing can be looked at now: look in some seconds */
    EAS_PARK_FAILED  /* go on with EAS_RESUME_END */
} eas_park_arm_e;

/* Now the session may go; WAKE(BATON) is called as usm_watch_park() says, perhaps at once. */
eas_park_arm_e eas_park_arm(eas_park_t *park, usm_wake_fn wake, void *baton, const usm_log_t *log, apr_pool_t *pool);
/* Forget it; NULL is nothing. */
void eas_park_free(eas_park_t *park);

/*
 * Go on. RSP is filled as by eas_dispatch(), or rsp->park is PARK again, to be armed. REQ needs usm, conf,
 * log, pool, bucket_alloc and pace. The caller frees PARK once it has an answer.
 */
void eas_resume(eas_response_t *rsp, const eas_request_t *req, eas_park_t *park, eas_resume_e why);

#endif
