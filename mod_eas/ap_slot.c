/* SPDX-License-Identifier: Apache-2.0 */
/* The table of eas_slot.h in memory that the children inherit, and a pipe to each of them. */
#include "ap_eas.h"

#include <ap_mpm.h>
#include <apr_shm.h>
#include <errno.h>
#include <fcntl.h>
#include <http_core.h>
#include <http_log.h>
#include <unistd.h>

APLOG_USE_MODULE(eas);

#define PIPES_MAX 64 /* children beyond that are not told anything: they find out by themselves, later */

/* Made by the parent while it reads its configuration; a child only sets which slot is its own. */
static struct {
    eas_slots_t *table; /* NULL: there is no shared memory, each child is on its own */
    int limit, count;   /* of children, and of pipes */
    int pipes[PIPES_MAX][2];
    int mine;
} slots = {.mine = EAS_SLOT_NONE};

static apr_status_t forget(void *data)
{
    int i;

    for (i = 0; i < slots.count; i++) {
        close(slots.pipes[i][0]);
        close(slots.pipes[i][1]);
    }
    slots.table = NULL;
    slots.count = 0;
    slots.mine = EAS_SLOT_NONE;
    return APR_SUCCESS;
}

int eas_ap_slot_init(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *server)
{
    apr_shm_t *shm;
    usm_log_t log;

    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) {
        return OK; /* the configuration is read twice at the start */
    }
    if (apr_shm_create(&shm, eas_slots_size(), NULL, pconf) != APR_SUCCESS) {
        eas_ap_log_server(&log, server);
        usm_log(&log, USM_LOG_NOTICE, EASLOGNO(90), "no shared memory: children do not know of each other's devices");
        return OK;
    }
    slots.table = eas_slots_table(apr_shm_baseaddr_get(shm)); /* anonymous: the kernel hands it out zeroed */
    slots.limit = 1;
    ap_mpm_query(AP_MPMQ_HARD_LIMIT_DAEMONS, &slots.limit);
    while (slots.count < slots.limit && slots.count < PIPES_MAX &&
           pipe2(slots.pipes[slots.count], O_NONBLOCK | O_CLOEXEC) == 0) {
        slots.count++;
    }
    apr_pool_cleanup_register(pconf, NULL, forget, apr_pool_cleanup_null);
    return OK;
}

void eas_ap_slot_child(apr_pool_t *pchild)
{
    char rest[512];

    slots.mine = EAS_SLOT_NONE;
    if (slots.table != NULL) {
        slots.mine = eas_slot_take(slots.table, slots.limit, (apr_uint32_t)getpid());
    }
    if (eas_ap_slot_fd() < 0) {
        return;
    }
    while (read(slots.pipes[slots.mine][0], rest, sizeof(rest)) > 0) {
        /* what was said to the child that had the slot before */
    }
}

void eas_ap_slot_ended(apr_uint32_t pid)
{
    if (slots.table != NULL) {
        eas_slot_free(slots.table, pid);
    }
}

eas_slots_t *eas_ap_slots(void)
{
    return slots.table;
}

int eas_ap_slot_mine(void)
{
    return slots.mine;
}

int eas_ap_slot_fd(void)
{
    return slots.mine == EAS_SLOT_NONE || slots.mine >= slots.count ? -1 : slots.pipes[slots.mine][0];
}

void eas_ap_slot_post(int slot, eas_slot_type_e type, apr_uint64_t payload)
{
    eas_slot_message_t message = {.type = type, .payload = payload};
    int i;

    for (i = 0; i < slots.count; i++) {
        if ((slot == EAS_SLOT_ALL ? i == slots.mine : i != slot) || !eas_slot_is_used(slots.table, i)) {
            continue;
        }
        /* Shorter than PIPE_BUF: all of it or nothing. */
        if (write(slots.pipes[i][1], &message, sizeof(message)) != (ssize_t)sizeof(message)) {
            eas_slot_note_loss(slots.table, i);
        }
    }
}

int eas_ap_slot_read(int *lost_p, eas_slot_message_t *messages, int max)
{
    ssize_t got;

    *lost_p = 0;
    if (eas_ap_slot_fd() < 0) {
        return 0;
    }
    *lost_p = eas_slot_take_loss(slots.table, slots.mine);
    got = read(slots.pipes[slots.mine][0], messages, (size_t)max * sizeof(*messages));
    return got > 0 ? (int)((size_t)got / sizeof(*messages)) : 0;
}
