/* SPDX-License-Identifier: Apache-2.0 */
/* The module record and its hooks; nothing else. */
#include "ap_eas.h"

static void child_init(apr_pool_t *pool, server_rec *server)
{
    eas_ap_context_init(pool, server);
}

static void register_hooks(apr_pool_t *pool)
{
    ap_hook_post_config(eas_ap_pace_init, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_init(child_init, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_handler(eas_ap_handler, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_handler(eas_ap_autodiscover, NULL, NULL, APR_HOOK_MIDDLE);
    eas_ap_auth_register(pool);
}

AP_DECLARE_MODULE(eas) = {
    STANDARD20_MODULE_STUFF, eas_ap_dir_create, eas_ap_dir_merge, NULL, NULL, eas_ap_commands, register_hooks,
#if defined(AP_MODULE_FLAG_NONE)
    AP_MODULE_FLAG_NONE,
#endif
};
