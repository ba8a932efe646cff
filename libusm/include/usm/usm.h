/* SPDX-License-Identifier: Apache-2.0 */
/** @file usm.h  Everything of libusm's public interface. */
#ifndef USM_H
#define USM_H

#include <usm/draft.h>
#include <usm/cert.h>
#include <usm/error.h>
#include <usm/fields.h>
#include <usm/hint.h>
#include <usm/item.h>
#include <usm/log.h>
#include <usm/mail.h>
#include <usm/spool.h>
#include <usm/meeting.h>
#include <usm/people.h>
#include <usm/access.h>
#include <usm/pump.h>
#include <usm/read.h>
#include <usm/search.h>
#include <usm/recur.h>
#include <usm/session.h>
#include <usm/sync.h>
#include <usm/thread.h>
#include <usm/types.h>
#include <usm/watch.h>
#include <usm/zone.h>

#define USM_VERSION_STRING "0.1.0"
/** Version of the library at run time. Call usm_library_init() once per process before any thread (it initialises the
 * foreign libraries). */
const char *usm_version(void);
usm_error_t *usm_library_init(apr_pool_t *pool);

#endif
