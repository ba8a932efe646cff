/* SPDX-License-Identifier: Apache-2.0 */
/** @file pump.h  What context.c needs of pump.c. */
#ifndef USM_CORE_PUMP_H
#define USM_CORE_PUMP_H

#include "hint.h"

#include <usm/pump.h>

/** Ends the pump's thread, if there is one; before the context goes. */
void usm__pump_stop(usm_context_t *ctx);

#endif
