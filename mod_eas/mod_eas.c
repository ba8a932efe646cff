/* SPDX-License-Identifier: Apache-2.0 */
/* The module record and its hooks; nothing else. */
#include "ap_eas.h"

#include <ap_mpm.h>
#include <mpm_common.h>

static int post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *server)
{
    int result = eas_ap_pace_init(pconf, plog, ptemp, server);

    if (result == OK) {
        result = eas_ap_slot_init(pconf, plog, ptemp, server);
    }
    return result == OK ? eas_ap_push_init(pconf) : result;
}

static void child_init(apr_pool_t *pool, server_rec *server)
{
    eas_ap_slot_child(pool);
    eas_ap_context_init(pool, server);
    eas_ap_park_init(pool, server);
    eas_ap_notify_init(pool);
    eas_ap_push_child(pool, server);
}

static void child_status(server_rec *server, pid_t pid, ap_generation_t generation, int slot, mpm_child_status status)
{
    if (status == MPM_CHILD_EXITED) {
        eas_ap_slot_ended((apr_uint32_t)pid);
    }
}

static void register_hooks(apr_pool_t *pool)
{
    ap_hook_post_config(post_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_status(child_status, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_init(child_init, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_handler(eas_ap_handler, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_handler(eas_ap_autodiscover, NULL, NULL, APR_HOOK_MIDDLE);
    eas_ap_park_register();
    ap_hook_handler(eas_ap_notify, NULL, NULL, APR_HOOK_MIDDLE);
    eas_ap_auth_register(pool);
}

AP_DECLARE_MODULE(eas) = {
    STANDARD20_MODULE_STUFF, eas_ap_dir_create, eas_ap_dir_merge, NULL, NULL, eas_ap_commands, register_hooks,
#if defined(AP_MODULE_FLAG_NONE)
    AP_MODULE_FLAG_NONE,
#endif
};
