/* SPDX-License-Identifier: Apache-2.0 */
/* Who may come in: what administrators have decided of a device, and what the rules say. One request, one thread. */
#ifndef EAS_ACCESS_H
#define EAS_ACCESS_H

#include "eas.h"

/* The newest version that the rules leave to whoever asks with OPTIONS, times ten; 0 = any. ctx->query may be NULL. */
unsigned eas_access_max_version(eas_ctx_t *ctx);

/*
 * May the device come in? Needs the session; sets ctx->policy. *STATUS_P: 0, or the common Status or HTTP status to
 * refuse it with: 129, 138, 140 (403 where a device of 12.1 and before has no policy key). What rules keep out until
 * somebody decides is noted, and told to the user and the administrator by mail, once.
 */
usm_error_t *eas_access_check(int *status_p, eas_ctx_t *ctx);

#endif
