/* SPDX-License-Identifier: Apache-2.0 */
#include "device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    INBOX = 2,
    AS_HEARTBEAT = WB(0, 0x29),
    PI_PING = WB(13, 0x05), PI_STATUS = WB(13, 0x07), PI_HEARTBEAT = WB(13, 0x08), PI_FOLDERS = WB(13, 0x09),
    PI_FOLDER = WB(13, 0x0A), PI_ID = WB(13, 0x0B), PI_CLASS = WB(13, 0x0C)
};

typedef struct found_t {
    int status, type, more, changes;
    char key[72], policy[16], id[16], inbox[16];
} found_t;

void device_init(device_t *device, int sync_waits)
{
    memset(device, 0, sizeof(*device));
    device->policy[0] = device->folder_key[0] = device->key[0] = '0';
    device->sync_waits = sync_waits;
}

static void open_all(wb_out_t *out, const int *tags)
{
    for (; *tags; tags++)
        wb_open(out, *tags);
}

static void close_n(wb_out_t *out, int n)
{
    while (n-- > 0)
        wb_close(out);
}

static void provision(const device_t *device, wb_out_t *out)
{
    static const int info[] = {SE_DEVICEINFO, SE_SET, 0}, policy[] = {PR_POLICIES, PR_POLICY, 0};

    wb_open(out, PR_PROVISION);
    if (device->step == PROVISION) {
        open_all(out, info);
        wb_text(out, SE_MODEL, "Load");
        close_n(out, 2);
    }
    open_all(out, policy);
    wb_text(out, PR_TYPE, "MS-EAS-Provisioning-WBXML");
    if (device->step == ACKNOWLEDGE) {
        wb_text(out, PR_KEY, device->policy);
        wb_text(out, PR_STATUS, "1");
    }
    close_n(out, 3);
}

static void sync(const device_t *device, wb_out_t *out, int heartbeat)
{
    static const int to_collection[] = {AS_SYNC, AS_COLLECTIONS, AS_COLLECTION, 0};
    char number[16];

    open_all(out, to_collection);
    wb_text(out, AS_KEY, device->key);
    wb_text(out, AS_ID, device->folder);
    if (device->step != START) {
        wb_empty(out, AS_GETCHANGES);
        wb_text(out, AS_WINDOW, "100");
    }
    close_n(out, 2);
    if (device->step == WAIT) {
        snprintf(number, sizeof(number), "%d", heartbeat);
        wb_text(out, AS_HEARTBEAT, number);
    }
    wb_close(out);
}

static void ping(const device_t *device, wb_out_t *out, int heartbeat)
{
    char number[16];

    snprintf(number, sizeof(number), "%d", heartbeat);
    wb_open(out, PI_PING);
    wb_text(out, PI_HEARTBEAT, number);
    wb_open(out, PI_FOLDERS);
    wb_open(out, PI_FOLDER);
    wb_text(out, PI_ID, device->folder);
    wb_text(out, PI_CLASS, "Email");
    close_n(out, 3);
}

const char *device_request(const device_t *device, wb_out_t *out, int heartbeat)
{
    wb_begin(out);
    switch (device->step) {
    case PROVISION:
    case ACKNOWLEDGE:
        provision(device, out);
        return "Provision";
    case FOLDERSYNC:
        wb_open(out, FH_SYNC);
        wb_text(out, FH_KEY, device->folder_key);
        wb_close(out);
        return "FolderSync";
    case WAIT:
        if (!device->sync_waits) {
            ping(device, out, heartbeat);
            return "Ping";
        }
        sync(device, out, heartbeat);
        return "Sync";
    default:
        sync(device, out, heartbeat);
        return "Sync";
    }
}

static void copy(char *to, size_t size, const wb_event_t *event)
{
    size_t len = event->len < size - 1 ? event->len : size - 1;

    memcpy(to, event->text, len);
    to[len] = 0;
}

static void find_text(found_t *found, const wb_event_t *event)
{
    char number[16];

    copy(number, sizeof(number), event);
    switch (event->tag) {
    case AS_STATUS:
    case FH_STATUS:
    case PR_STATUS:
    case PI_STATUS:
        if (found->status <= 1)
            found->status = atoi(number);
        break;
    case AS_KEY:
    case FH_KEY:
        copy(found->key, sizeof(found->key), event);
        break;
    case PR_KEY:
        copy(found->policy, sizeof(found->policy), event);
        break;
    case FH_ID:
        copy(found->id, sizeof(found->id), event);
        break;
    case FH_TYPE:
        found->type = atoi(number);
        break;
    default:
        break;
    }
}

static void find(void *baton, const wb_event_t *event)
{
    found_t *found = baton;

    if (event->kind == WB_TEXT) {
        find_text(found, event);
    } else if (event->kind == WB_START) {
        found->more |= event->tag == AS_MORE;
        found->changes += event->tag == AS_ADD || event->tag == AS_CHANGE || event->tag == AS_DELETE;
    } else if (event->tag == FH_ADD && found->type == INBOX) {
        memcpy(found->inbox, found->id, sizeof(found->inbox));
    }
}

static const char *take_wait(device_t *device, const found_t *found)
{
    if (device->sync_waits) {
        if (found->key[0])
            memcpy(device->key, found->key, sizeof(device->key));
        device->woken = found->changes > 0;
        device->step = found->more ? DRAIN : WAIT;
        return found->status > 1 ? "status of a waiting Sync" : NULL;
    }
    device->woken = found->status == 2;
    device->step = device->woken ? DRAIN : WAIT;
    return found->status == 1 || found->status == 2 ? NULL : "status of a Ping";
}

const char *device_take(device_t *device, const unsigned char *body, size_t len)
{
    found_t found = {0};

    if (len && wb_read(body, len, find, &found) != 0)
        return "no WBXML";
    if (device->step == WAIT)
        return take_wait(device, &found);
    if (found.status > 1)
        return "status";
    switch (device->step) {
    case PROVISION:
    case ACKNOWLEDGE:
        if (!found.policy[0])
            return "no policy key";
        memcpy(device->policy, found.policy, sizeof(device->policy));
        break;
    case FOLDERSYNC:
        if (!found.inbox[0] || !found.key[0])
            return "no inbox";
        memcpy(device->folder, found.inbox, sizeof(device->folder));
        memcpy(device->folder_key, found.key, sizeof(device->folder_key));
        break;
    default:
        if (found.key[0])
            memcpy(device->key, found.key, sizeof(device->key));
        if (device->step == DRAIN && found.more)
            return NULL;
        break;
    }
    device->step++;
    return NULL;
}
