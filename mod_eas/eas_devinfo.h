/* SPDX-License-Identifier: Apache-2.0 */
/* DeviceInformation, which devices send with Settings or, from 14.1 on, with Provision. */
#ifndef EAS_DEVINFO_H
#define EAS_DEVINFO_H

#include "eas.h"

/* Statuses of DeviceInformation (MS-ASCMD 2.2.3.177.14). */
enum { EAS_DEVINFO_OK = 1, EAS_DEVINFO_PROTOCOL = 2, EAS_DEVINFO_ARGUMENTS = 5 };

/* The device attribute that holds it: a line "Element: value" each, in the order in which they came. */
#define EAS_DEVINFO_ATTR "device-information"

/*
 * Keeps what NODE, a Settings:DeviceInformation, tells with the device. *STATUS_P is the Status to answer for it: no
 * Set is a protocol error, an element that is not a value up to 1,024 characters a bad argument; nothing is kept then.
 */
usm_error_t *eas_devinfo_set(int *status_p, eas_ctx_t *ctx, const eas_node_t *node);

#endif
