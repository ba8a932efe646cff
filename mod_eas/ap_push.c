/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hints between the children of this server: a pipe to each child, which a thread there reads. Beside that of
 * ap_slot.c, for hints come in floods that must not push out what is said of single devices.
 */
#include "ap_eas.h"

#include <ap_mpm.h>
#include <apr_thread_proc.h>
#include <errno.h>
#include <fcntl.h>
#include <http_core.h>
#include <http_log.h>
#include <poll.h>
#include <unistd.h>

APLOG_USE_MODULE(eas);

#define PIPES_MAX 64
#define PIPE_BYTES 1048576
#define READ_MAX 512 /* hints in one go */
#define WAIT_MS 1000 /* and the pipe's end is looked for so often */

static struct {
    int count;
    int pipes[PIPES_MAX][2];
    int stop[2];
    apr_thread_t *thread;
} push = {.stop = {-1, -1}};

static apr_status_t forget(void *data)
{
    int i;

    for (i = 0; i < push.count; i++) {
        close(push.pipes[i][0]);
        close(push.pipes[i][1]);
    }
    push.count = 0;
    return APR_SUCCESS;
}

int eas_ap_push_init(apr_pool_t *pconf)
{
    int limit = 1;

    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) {
        return OK;
    }
    ap_mpm_query(AP_MPMQ_HARD_LIMIT_DAEMONS, &limit);
    while (push.count < limit && push.count < PIPES_MAX &&
           pipe2(push.pipes[push.count], O_NONBLOCK | O_CLOEXEC) == 0) {
        /* As long as it is allowed to: a smaller one does as well. */
        fcntl(push.pipes[push.count][1], F_SETPIPE_SZ, PIPE_BYTES);
        push.count++;
    }
    apr_pool_cleanup_register(pconf, NULL, forget, apr_pool_cleanup_null);
    return OK;
}

static int own_pipe(void)
{
    int mine = eas_ap_slot_mine();

    return mine >= 0 && mine < push.count ? push.pipes[mine][0] : -1;
}

static void *APR_THREAD_FUNC run(apr_thread_t *thread, void *data)
{
    struct pollfd fds[] = {{.fd = own_pipe(), .events = POLLIN}, {.fd = push.stop[0], .events = POLLIN}};
    usm_hint_t hints[READ_MAX];
    ssize_t got, i;

    while (poll(fds, 2, WAIT_MS) >= 0 || errno == EINTR) {
        if (fds[1].revents != 0) {
            break;
        }
        got = read(fds[0].fd, hints, sizeof(hints));
        for (i = 0; i < got / (ssize_t)sizeof(hints[0]); i++) {
            eas_ap_context_hint(NULL, &hints[i]);
        }
    }
    return NULL;
}

static apr_status_t stop(void *data)
{
    apr_status_t rv;

    if (push.thread != NULL) {
        close(push.stop[1]); /* the thread sees the end */
        apr_thread_join(&rv, push.thread);
        close(push.stop[0]);
        push.thread = NULL;
    }
    return APR_SUCCESS;
}

void eas_ap_push_child(apr_pool_t *pchild, server_rec *server)
{
    usm_log_t log;
    char rest[512];

    push.thread = NULL;
    if (own_pipe() < 0) {
        return;
    }
    while (read(own_pipe(), rest, sizeof(rest)) > 0) {
        /* what was meant for the child that had the slot before */
    }
    if (pipe2(push.stop, O_CLOEXEC) == 0 &&
        apr_thread_create(&push.thread, NULL, run, NULL, pchild) == APR_SUCCESS) {
        apr_pool_pre_cleanup_register(pchild, NULL, stop);
        return;
    }
    push.thread = NULL;
    eas_ap_log_server(&log, server);
    usm_log(&log, USM_LOG_WARNING, EASLOGNO(101), "no thread for hints of other children: devices wait longer");
}

/* One who does not keep up finds the change by polling. */
static void tell_others(void *baton, const usm_hint_t *hint)
{
    int i;

    for (i = 0; i < push.count; i++) {
        if (i != eas_ap_slot_mine() && eas_slot_is_used(eas_ap_slots(), i)) {
            (void)!write(push.pipes[i][1], hint, sizeof(*hint));
        }
    }
}

usm_error_t *eas_ap_push_serve(usm_context_t *ctx)
{
    const usm_pump_config_t config = {.forward = tell_others};

    return usm_pump_start(ctx, &config);
}

void eas_ap_push_raise(usm_context_t *ctx, const usm_hint_t *hint)
{
    if (ctx != NULL) {
        usm_hint_raise(ctx, hint);
    } else {
        tell_others(NULL, hint);
    }
    eas_ap_context_hint(ctx, hint); /* locations may differ in what makes a context of its own */
}
