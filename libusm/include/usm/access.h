/* SPDX-License-Identifier: Apache-2.0 */
/** @file access.h  What an administrator has decided of a device: whether it may come in, whether it is to be wiped. It
 * is kept by user and device id, so that it holds before the device first comes and after it was forgotten. Decisions
 * and what devices answer are recorded (usmctl audit).
 *
 * One thread per session. */
#ifndef USM_ACCESS_H
#define USM_ACCESS_H

#include <usm/session.h>

#ifdef __cplusplus
extern "C" {
#endif

/** May the device come in? QUARANTINE: rules have kept it out, and it waits for somebody to decide. */
typedef enum usm_access_e { USM_ACCESS_UNSET, USM_ACCESS_ALLOW, USM_ACCESS_BLOCK, USM_ACCESS_QUARANTINE } usm_access_e;

/** How far a wipe has got: asked for by an administrator, told to the device, confirmed by it, refused by it. */
typedef enum usm_wipe_e { USM_WIPE_NONE, USM_WIPE_ASKED, USM_WIPE_SENT, USM_WIPE_DONE, USM_WIPE_FAILED } usm_wipe_e;

typedef struct usm_standing_t {
    usm_access_e access;
    usm_wipe_e wipe;
    int account_only;   /**< of the wipe: the account's data, not the device */
    usm_time_t changed; /**< meaningless when nothing is decided */
} usm_standing_t;

/** What is decided of the session's device, as it was when the session was opened; no statement. */
const usm_standing_t *usm_device_standing(const usm_session_t *session);

/** Note how far the wipe of the session's device has got; @a detail (NULL = none, up to 1,024 bytes) goes into the
 * record. Nothing happens when no wipe is asked for any more (it was cancelled meanwhile): *standing_p tells what is so
 * now; it may be NULL. Errors: STORE. */
usm_error_t *usm_device_wiped(const usm_standing_t **standing_p, usm_session_t *session, usm_wipe_e wipe,
                              const char *detail);

/** Note that rules keep the session's device out until somebody decides; @a why goes into the record. *first_p: it was
 * not so before. What an administrator has decided meanwhile stays. Errors: STORE. */
usm_error_t *usm_device_quarantine(int *first_p, usm_session_t *session, const char *why);

#ifdef __cplusplus
}
#endif
#endif
