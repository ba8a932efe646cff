/* SPDX-License-Identifier: Apache-2.0 */
/* Handler "eas-notify". */
#include "ap_eas.h"

#include "eas_notify.h"

/* Of this child. */
static eas_flow_t flow;

void eas_ap_notify_init(apr_pool_t *pchild)
{
    flow.clear_at = 0;
    apr_thread_mutex_create(&flow.mutex, APR_THREAD_MUTEX_DEFAULT, pchild);
}

static void raise_hint(const eas_request_t *req, const usm_hint_t *hint)
{
    eas_ap_push_raise(req->usm, hint);
}

int eas_ap_notify(request_rec *r)
{
    eas_response_t rsp = {0};
    eas_request_t req;

    if (r->handler == NULL || strcmp(r->handler, "eas-notify") != 0) {
        return DECLINED;
    }
    eas_ap_request(&req, r);
    eas_notify(&rsp, &req, &flow, raise_hint);
    return eas_ap_answer(r, &rsp);
}
