/* SPDX-License-Identifier: Apache-2.0 */
/** @file pump.h  The thread of a context that works for those who wait: it sends on hints that were kept back. A
 * process that serves requests has one; without it each waiting device looks for itself. */
#ifndef USM_PUMP_H
#define USM_PUMP_H

#include <usm/hint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What the pump needs of its process. Functions are called from the pump's thread, but `forward` from any. */
typedef struct usm_pump_config_t {
    usm_hint_fn forward; /**< bring a hint to the other processes of this node; must not block. NULL: there are none */
    void *baton;
} usm_pump_config_t;

/** Start the pump of @a ctx, which ends with the context; once per context, before others wait in it. @a config is
 * copied. Errors: LIMIT (no thread). */
usm_error_t *usm_pump_start(usm_context_t *ctx, const usm_pump_config_t *config);

#ifdef __cplusplus
}
#endif
#endif
