/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OXD_MODULES_H
#define OXD_MODULES_H

/* The rows of oxd_modules[]; each is defined in the file of that name. */

#include "oxd.h"

extern const struct oxs_module oxs_login, oxs_multiple, oxs_folders, oxs_folder, oxs_sync;
extern const struct oxs_module oxs_contacts, oxs_contacts_picture, oxs_image_picture, oxs_halo_picture;
extern const struct oxs_module oxs_tasks, oxs_calendar, oxs_chronos, oxs_itip, oxs_itip_legacy, oxs_attachment;
extern const struct oxs_module oxs_user, oxs_user_me, oxs_config, oxs_capabilities, oxs_quota, oxs_mailfilter,
    oxs_reminder;

/* Flags of a module's action by exact names, 0 if unknown: multiple asks for OXS_SERIAL. */
unsigned oxd_action_flags(const char *module, const char *action);

#endif
