/* SPDX-License-Identifier: Apache-2.0 */
/* A phone of the load generator: what it has to remember to go on syncing one folder, and the requests it makes.
 * It knows nothing of the server but a base URL, so the same load can be put on any ActiveSync server. */
#ifndef BENCH_PHONE_H
#define BENCH_PHONE_H

#include <stddef.h>

typedef struct target_t {
    const char *url; /* "https://host:port", the ActiveSync path is added */
    const char *user, *password, *version;
    int folder_type; /* Type of the folder to sync: 2 inbox, 7 tasks, 8 calendar, 9 contacts */
    int window;      /* WindowSize */
    int body_max;    /* TruncationSize of plain text bodies; 0: no body is asked for */
    int filter;      /* FilterType */
} target_t;

/* One connection: libcurl's handle and the last answer. One thread. */
typedef struct link_t link_t;
link_t *link_open(const target_t *target);
void link_close(link_t *link);
/* Bytes of answers since the link was opened. */
unsigned long long link_bytes(const link_t *link);
/* Why the last request failed. */
const char *link_error(const link_t *link);

typedef struct phone_t {
    char device[64];
    char policy[32];
    char folder_key[128], sync_key[128];
    char folder[128];
    int adds, changes, deletes, more; /* of the last Sync answer */
} phone_t;

void phone_init(phone_t *phone, const char *device);
/* Each returns 0, or -1 with link_error(). */
int phone_options(phone_t *phone, link_t *link);
/* FolderSync; provisions first when the server asks for it; remembers the folder of the target's type. */
int phone_foldersync(phone_t *phone, link_t *link);
/* One Sync of the folder. With key "0" it only gets the first key. */
int phone_sync(phone_t *phone, link_t *link);
/* Provision, FolderSync and the first key: everything before the first Sync that brings items. */
int phone_prepare(phone_t *phone, link_t *link);

#endif
