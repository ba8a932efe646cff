/* SPDX-License-Identifier: Apache-2.0 */
/* A phone of the load client as a machine of steps: it is told of answers and says what to send next. */
#ifndef LOAD_DEVICE_H
#define LOAD_DEVICE_H

#include <stddef.h>

#include "bench/wb.h"

typedef enum step_e { PROVISION, ACKNOWLEDGE, FOLDERSYNC, START, DRAIN, WAIT, STEPS } step_e;

typedef struct device_t {
    char policy[16], folder_key[64], key[72], folder[16];
    step_e step;
    int sync_waits; /* waits by Sync, not by Ping */
    int woken;      /* the last wait ended with news */
} device_t;

void device_init(device_t *device, int sync_waits);
/* The command's name, and its document in OUT. */
const char *device_request(const device_t *device, wb_out_t *out, int heartbeat);
/* Take the answer to the current step and go on to the next. NULL, or what is wrong with it. */
const char *device_take(device_t *device, const unsigned char *body, size_t len);

#endif
