/* SPDX-License-Identifier: Apache-2.0 */
/** @file eas_oof.h  Settings/Oof (MS-ASCMD 2.2.3.116): out of office. */
#ifndef EAS_OOF_H
#define EAS_OOF_H

#include "eas.h"

/** Statuses of a property of Settings (MS-ASCMD 2.2.3.177.15). */
enum {
    SETTINGS_OK = 1,
    SETTINGS_PROTOCOL = 2,
    SETTINGS_DENIED = 3,
    SETTINGS_UNAVAILABLE = 4,
    SETTINGS_ARGUMENTS = 5,
    SETTINGS_CONFLICT = 6,
    SETTINGS_POLICY = 7,
    SETTINGS_IRM_OFF = EAS_STATUS_IRM_FeatureDisabled
};

/** Answer one Oof: write its Status and what follows it. Open-Xchange has one text for whoever writes, and days instead
 * of times: an external text wins over an internal one; a notice that no audience may get is switched off. */
usm_error_t *eas_oof(eas_ctx_t *ctx, const eas_node_t *node, eas_writer_t *out);

#endif
