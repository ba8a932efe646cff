/* SPDX-License-Identifier: Apache-2.0 */
#include <curl/curl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "phone.h"
#include "wb.h"

enum { ANSWER_MAX = 64 << 20, NEEDS_PROVISION = 1 };

struct link_t {
    CURL *curl;
    const target_t *target;
    unsigned char *data;
    size_t len, size;
    unsigned long long bytes;
    char error[512];
};

/* What is looked for in an answer. */
typedef struct found_t {
    int status;
    char key[128], policy[32];
    int adds, changes, deletes, more;
    int want_type, type;
    char id[128], folder[128];
} found_t;

static int fail(link_t *link, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static int fail(link_t *link, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vsnprintf(link->error, sizeof(link->error), fmt, args);
    va_end(args);
    return -1;
}

static size_t take(char *data, size_t size, size_t count, void *baton)
{
    link_t *link = baton;
    size_t len = size * count;

    if (len > ANSWER_MAX - link->len)
        return 0;
    if (link->len + len > link->size) {
        size_t wanted = (link->len + len) * 2;
        unsigned char *more = realloc(link->data, wanted);

        if (!more)
            return 0;
        link->data = more;
        link->size = wanted;
    }
    memcpy(link->data + link->len, data, len);
    link->len += len;
    return len;
}

link_t *link_open(const target_t *target)
{
    link_t *link = calloc(1, sizeof(*link));

    if (!link)
        return NULL;
    link->target = target;
    link->curl = curl_easy_init();
    if (!link->curl) {
        free(link);
        return NULL;
    }
    curl_easy_setopt(link->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(link->curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(link->curl, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(link->curl, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(link->curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
    curl_easy_setopt(link->curl, CURLOPT_USERNAME, target->user);
    curl_easy_setopt(link->curl, CURLOPT_PASSWORD, target->password);
    curl_easy_setopt(link->curl, CURLOPT_TIMEOUT, 600L);
    curl_easy_setopt(link->curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(link->curl, CURLOPT_WRITEDATA, link);
    return link;
}

void link_close(link_t *link)
{
    if (!link)
        return;
    curl_easy_cleanup(link->curl);
    free(link->data);
    free(link);
}

unsigned long long link_bytes(const link_t *link)
{
    return link->bytes;
}

const char *link_error(const link_t *link)
{
    return link->error;
}

/* The HTTP status, or -1. */
static long perform(link_t *link, const phone_t *phone, const char *command, const wb_out_t *out)
{
    char url[1024], version[64], policy[64];
    struct curl_slist *headers = NULL;
    CURLcode result;
    long status = -1;

    if (command)
        snprintf(url, sizeof(url), "%s/Microsoft-Server-ActiveSync?Cmd=%s&User=%s&DeviceId=%s&DeviceType=Load",
                 link->target->url, command, link->target->user, phone->device);
    else
        snprintf(url, sizeof(url), "%s/Microsoft-Server-ActiveSync", link->target->url);
    snprintf(version, sizeof(version), "MS-ASProtocolVersion: %s", link->target->version);
    snprintf(policy, sizeof(policy), "X-MS-PolicyKey: %s", phone->policy);
    headers = curl_slist_append(headers, version);
    headers = curl_slist_append(headers, policy);
    headers = curl_slist_append(headers, "Expect:");
    if (command)
        headers = curl_slist_append(headers, "Content-Type: application/vnd.ms-sync.wbxml");
    link->len = 0;
    curl_easy_setopt(link->curl, CURLOPT_URL, url);
    curl_easy_setopt(link->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(link->curl, CURLOPT_CUSTOMREQUEST, command ? "POST" : "OPTIONS");
    curl_easy_setopt(link->curl, CURLOPT_NOBODY, 0L);
    if (command) {
        curl_easy_setopt(link->curl, CURLOPT_POSTFIELDS, (const char *)out->data);
        curl_easy_setopt(link->curl, CURLOPT_POSTFIELDSIZE, (long)out->len);
    } else {
        curl_easy_setopt(link->curl, CURLOPT_HTTPGET, 1L);
    }
    result = curl_easy_perform(link->curl);
    if (result == CURLE_OK)
        curl_easy_getinfo(link->curl, CURLINFO_RESPONSE_CODE, &status);
    else
        fail(link, "%s: %s", command ? command : "OPTIONS", curl_easy_strerror(result));
    curl_slist_free_all(headers);
    link->bytes += link->len;
    return status;
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
        /* The first bad one counts. */
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
        found->adds += event->tag == AS_ADD;
        found->changes += event->tag == AS_CHANGE;
        found->deletes += event->tag == AS_DELETE || event->tag == AS_SOFTDELETE;
        found->more |= event->tag == AS_MORE;
    } else if (event->tag == FH_ADD && found->type == found->want_type && !found->folder[0]) {
        snprintf(found->folder, sizeof(found->folder), "%s", found->id);
    }
}

/* One command. 0: the answer is in found; NEEDS_PROVISION: the server wants a policy key; -1: an error. */
static int command(phone_t *phone, link_t *link, const char *name, const wb_out_t *out, found_t *found)
{
    long http;

    memset(found, 0, sizeof(*found));
    found->want_type = link->target->folder_type;
    if (out->full)
        return fail(link, "%s: request too long", name);
    http = perform(link, phone, name, out);
    if (http < 0)
        return -1;
    if (http == 449)
        return NEEDS_PROVISION;
    if (http != 200)
        return fail(link, "%s: HTTP %ld", name, http);
    if (link->len > 0 && wb_read(link->data, link->len, find, found) != 0)
        return fail(link, "%s: the answer is no WBXML document", name);
    if (found->status >= 142 && found->status <= 144)
        return NEEDS_PROVISION;
    if (found->status > 1)
        return fail(link, "%s: status %d", name, found->status);
    return 0;
}

void phone_init(phone_t *phone, const char *device)
{
    memset(phone, 0, sizeof(*phone));
    snprintf(phone->device, sizeof(phone->device), "%s", device);
    snprintf(phone->policy, sizeof(phone->policy), "0");
    snprintf(phone->folder_key, sizeof(phone->folder_key), "0");
    snprintf(phone->sync_key, sizeof(phone->sync_key), "0");
}

int phone_options(phone_t *phone, link_t *link)
{
    long http = perform(link, phone, NULL, NULL);

    return http == 200 ? 0 : http < 0 ? -1 : fail(link, "OPTIONS: HTTP %ld", http);
}

static int provision_step(phone_t *phone, link_t *link, int acknowledge)
{
    double version = atof(link->target->version);
    wb_out_t out;
    found_t found;

    wb_begin(&out);
    wb_open(&out, PR_PROVISION);
    if (!acknowledge && version >= 14.1) {
        wb_open(&out, SE_DEVICEINFO);
        wb_open(&out, SE_SET);
        wb_text(&out, SE_MODEL, "Load");
        wb_close(&out);
        wb_close(&out);
    }
    wb_open(&out, PR_POLICIES);
    wb_open(&out, PR_POLICY);
    wb_text(&out, PR_TYPE, version < 12.0 ? "MS-WAP-Provisioning-XML" : "MS-EAS-Provisioning-WBXML");
    if (acknowledge) {
        wb_text(&out, PR_KEY, phone->policy);
        wb_text(&out, PR_STATUS, "1");
    }
    wb_close(&out);
    wb_close(&out);
    wb_close(&out);
    if (command(phone, link, "Provision", &out, &found) != 0)
        return -1;
    if (!found.policy[0])
        return fail(link, "Provision: no policy key");
    snprintf(phone->policy, sizeof(phone->policy), "%s", found.policy);
    return 0;
}

static int provision(phone_t *phone, link_t *link)
{
    snprintf(phone->policy, sizeof(phone->policy), "0");
    return provision_step(phone, link, 0) == 0 && provision_step(phone, link, 1) == 0 ? 0 : -1;
}

int phone_foldersync(phone_t *phone, link_t *link)
{
    wb_out_t out;
    found_t found;
    int result;

    wb_begin(&out);
    wb_open(&out, FH_SYNC);
    wb_text(&out, FH_KEY, phone->folder_key);
    wb_close(&out);
    result = command(phone, link, "FolderSync", &out, &found);
    if (result == NEEDS_PROVISION) {
        if (provision(phone, link) != 0)
            return -1;
        result = command(phone, link, "FolderSync", &out, &found);
    }
    if (result != 0)
        return result < 0 ? -1 : fail(link, "FolderSync: asks for Provision again and again");
    if (!found.key[0])
        return fail(link, "FolderSync: no key");
    snprintf(phone->folder_key, sizeof(phone->folder_key), "%s", found.key);
    if (found.folder[0])
        snprintf(phone->folder, sizeof(phone->folder), "%s", found.folder);
    return 0;
}

static void write_options(wb_out_t *out, const target_t *target)
{
    char number[16];

    wb_open(out, AS_OPTIONS);
    snprintf(number, sizeof(number), "%d", target->filter);
    if (target->folder_type == 2)
        wb_text(out, AS_FILTER, number);
    if (target->body_max > 0 && atof(target->version) >= 12.0) {
        wb_open(out, BO_PREFERENCE);
        wb_text(out, BO_TYPE, "1");
        snprintf(number, sizeof(number), "%d", target->body_max);
        wb_text(out, BO_TRUNCATION, number);
        wb_close(out);
    }
    wb_close(out);
}

static const char *class_of(int folder_type)
{
    switch (folder_type) {
    case 7:
        return "Tasks";
    case 8:
        return "Calendar";
    case 9:
        return "Contacts";
    default:
        return "Email";
    }
}

int phone_sync(phone_t *phone, link_t *link)
{
    const target_t *target = link->target;
    int first = strcmp(phone->sync_key, "0") == 0, result;
    char window[16];
    wb_out_t out;
    found_t found;

    snprintf(window, sizeof(window), "%d", target->window);
    wb_begin(&out);
    wb_open(&out, AS_SYNC);
    wb_open(&out, AS_COLLECTIONS);
    wb_open(&out, AS_COLLECTION);
    if (atof(target->version) < 12.1)
        wb_text(&out, AS_CLASS, class_of(target->folder_type));
    wb_text(&out, AS_KEY, phone->sync_key);
    wb_text(&out, AS_ID, phone->folder);
    if (!first) {
        wb_empty(&out, AS_GETCHANGES);
        wb_text(&out, AS_WINDOW, window);
        write_options(&out, target);
    }
    wb_close(&out);
    wb_close(&out);
    wb_close(&out);
    result = command(phone, link, "Sync", &out, &found);
    if (result != 0)
        return result < 0 ? -1 : fail(link, "Sync: asks for Provision");
    phone->adds = found.adds;
    phone->changes = found.changes;
    phone->deletes = found.deletes;
    phone->more = found.more;
    if (found.key[0])
        snprintf(phone->sync_key, sizeof(phone->sync_key), "%s", found.key);
    return 0;
}

int phone_prepare(phone_t *phone, link_t *link)
{
    if (phone_foldersync(phone, link) != 0)
        return -1;
    if (!phone->folder[0])
        return fail(link, "no folder of type %d", link->target->folder_type);
    if (phone_sync(phone, link) != 0)
        return -1;
    return strcmp(phone->sync_key, "0") != 0 ? 0 : fail(link, "Sync: no first key");
}
