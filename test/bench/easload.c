/* SPDX-License-Identifier: Apache-2.0 */
/* easload - puts a measured load on an ActiveSync server.
 *
 * It prepares its phones, prints "ready", waits for a line on standard input (so that whoever measures the server can
 * read its clocks between), puts the load on, and prints one line of JSON. Operations:
 *   options, foldersync, nochange   one phone per connection, the same request again and again, nothing new to tell
 *   first                           each request is the first Sync with items of a phone of its own
 *   drain                           one phone per connection syncs until nothing is left; a request is one Sync
 *   step                            one phone, synced; then one Sync per line on standard input
 */
#include <curl/curl.h>
#include <getopt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "phone.h"

enum { CONNECTIONS_MAX = 256, REQUESTS_MAX = 10000000, DRAIN_MAX = 100000 };

typedef enum operation_e { OPTIONS, FOLDERSYNC, NOCHANGE, FIRST, DRAIN, STEP } operation_e;
static const char *const operation_names[] = {"options", "foldersync", "nochange", "first", "drain", "step"};

typedef struct worker_t {
    pthread_t thread;
    const target_t *target;
    operation_e operation;
    link_t *link;
    phone_t *phones;
    int phone_count, requests;
    int done, failed;
    long adds, changes, deletes;
    unsigned long long bytes_before;
    double *ms; /* of each request */
} worker_t;

static double now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1000 + (double)ts.tv_nsec / 1e6;
}

static void complain(worker_t *worker)
{
    if (worker->failed++ == 0)
        fprintf(stderr, "easload: %s\n", link_error(worker->link));
}

/* Sync until nothing is left. */
static int settle(phone_t *phone, link_t *link)
{
    for (int i = 0; i < DRAIN_MAX; i++) {
        if (phone_sync(phone, link) != 0)
            return -1;
        if (!phone->more)
            return 0;
    }
    return -1;
}

static void *prepare(void *baton)
{
    worker_t *worker = baton;

    for (int i = 0; i < worker->phone_count; i++) {
        phone_t *phone = &worker->phones[i];
        int bad;

        if (worker->operation == OPTIONS)
            bad = phone_options(phone, worker->link);
        else if (worker->operation == FOLDERSYNC)
            bad = phone_foldersync(phone, worker->link);
        else
            bad = phone_prepare(phone, worker->link);
        if (!bad && (worker->operation == NOCHANGE || worker->operation == STEP))
            bad = settle(phone, worker->link);
        if (bad)
            complain(worker);
    }
    worker->bytes_before = link_bytes(worker->link);
    return NULL;
}

static int one(worker_t *worker, phone_t *phone)
{
    switch (worker->operation) {
    case OPTIONS:
        return phone_options(phone, worker->link);
    case FOLDERSYNC:
        return phone_foldersync(phone, worker->link);
    default:
        if (phone_sync(phone, worker->link) != 0)
            return -1;
        worker->adds += phone->adds;
        worker->changes += phone->changes;
        worker->deletes += phone->deletes;
        return 0;
    }
}

static void *load(void *baton)
{
    worker_t *worker = baton;

    for (int i = 0; i < worker->requests; i++) {
        phone_t *phone = &worker->phones[worker->operation == FIRST ? i : 0];
        double began = now_ms();

        if (one(worker, phone) != 0) {
            complain(worker);
            if (worker->operation == DRAIN)
                break;
            continue;
        }
        worker->ms[worker->done++] = now_ms() - began;
        if (worker->operation == DRAIN && !phone->more)
            break;
    }
    return NULL;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void print_result(worker_t *workers, int count, double seconds)
{
    int done = 0, failed = 0, at = 0;
    long adds = 0, changes = 0, deletes = 0;
    unsigned long long bytes = 0;
    double *all;

    for (int i = 0; i < count; i++) {
        done += workers[i].done;
        failed += workers[i].failed;
        adds += workers[i].adds;
        changes += workers[i].changes;
        deletes += workers[i].deletes;
        bytes += link_bytes(workers[i].link) - workers[i].bytes_before;
    }
    all = calloc((size_t)done + 1, sizeof(*all));
    if (!all)
        exit(1);
    for (int i = 0; i < count; i++) {
        memcpy(all + at, workers[i].ms, (size_t)workers[i].done * sizeof(*all));
        at += workers[i].done;
    }
    qsort(all, (size_t)done, sizeof(*all), by_size);
    printf("{\"requests\": %d, \"failed\": %d, \"seconds\": %.6f, \"bytes\": %llu, \"adds\": %ld, \"changes\": %ld, "
           "\"deletes\": %ld, \"p50_ms\": %.3f, \"p99_ms\": %.3f}\n",
           done, failed, seconds, bytes, adds, changes, deletes, done ? all[done / 2] : 0.0,
           done ? all[(size_t)done * 99 / 100] : 0.0);
    fflush(stdout);
    free(all);
}

static void all_do(worker_t *workers, int count, void *(*what)(void *))
{
    for (int i = 0; i < count; i++)
        if (pthread_create(&workers[i].thread, NULL, what, &workers[i]) != 0)
            exit(1);
    for (int i = 0; i < count; i++)
        pthread_join(workers[i].thread, NULL);
}

static int wait_line(void)
{
    int c;

    while ((c = getchar()) != '\n')
        if (c == EOF)
            return 0;
    return 1;
}

static void step(worker_t *worker)
{
    worker->requests = 1;
    while (wait_line()) {
        double began = now_ms();

        worker->done = worker->failed = 0;
        worker->adds = worker->changes = worker->deletes = 0;
        worker->bytes_before = link_bytes(worker->link);
        load(worker);
        print_result(worker, 1, (now_ms() - began) / 1000);
    }
}

static void make_worker(worker_t *worker, const target_t *target, operation_e operation, int index, int requests,
                        const char *prefix)
{
    worker->target = target;
    worker->operation = operation;
    worker->requests = requests;
    worker->phone_count = operation == FIRST ? requests : 1;
    worker->link = link_open(target);
    worker->phones = calloc((size_t)worker->phone_count, sizeof(*worker->phones));
    worker->ms = calloc((size_t)requests, sizeof(*worker->ms));
    if (!worker->link || !worker->phones || !worker->ms) {
        fprintf(stderr, "easload: out of memory\n");
        exit(1);
    }
    for (int i = 0; i < worker->phone_count; i++) {
        char device[64];

        snprintf(device, sizeof(device), "%.20s%dx%d", prefix, index, i);
        phone_init(&worker->phones[i], device);
    }
}

static void usage(void)
{
    fprintf(stderr, "usage: easload -u URL -n USER -p PASSWORD [-V VERSION] [-d DEVICE] [-c CONNECTIONS]\n"
                    "               [-r REQUESTS] [-f FOLDERTYPE] [-w WINDOW] [-b BODYBYTES] [-F FILTER] OPERATION\n"
                    "OPERATION: options foldersync nochange first drain step\n");
    exit(2);
}

static int number(const char *text, int low, int high)
{
    char *end;
    long value = strtol(text, &end, 10);

    if (end == text || *end || value < low || value > high) {
        fprintf(stderr, "easload: %s is not a number from %d to %d\n", text, low, high);
        exit(2);
    }
    return (int)value;
}

typedef struct arguments_t {
    target_t target;
    const char *device;
    int connections, requests;
    operation_e operation;
} arguments_t;

static void parse(arguments_t *args, int argc, char **argv)
{
    int c;

    while ((c = getopt(argc, argv, "u:n:p:V:d:c:r:f:w:b:F:")) != -1) {
        switch (c) {
        case 'u': args->target.url = optarg; break;
        case 'n': args->target.user = optarg; break;
        case 'p': args->target.password = optarg; break;
        case 'V': args->target.version = optarg; break;
        case 'd': args->device = optarg; break;
        case 'c': args->connections = number(optarg, 1, CONNECTIONS_MAX); break;
        case 'r': args->requests = number(optarg, 1, REQUESTS_MAX); break;
        case 'f': args->target.folder_type = number(optarg, 1, 19); break;
        case 'w': args->target.window = number(optarg, 1, 512); break;
        case 'b': args->target.body_max = number(optarg, 0, 1 << 30); break;
        case 'F': args->target.filter = number(optarg, 0, 8); break;
        default: usage();
        }
    }
    if (optind != argc - 1 || !args->target.url || !args->target.user || !args->target.password)
        usage();
    for (args->operation = OPTIONS; args->operation <= STEP; args->operation++)
        if (strcmp(argv[optind], operation_names[args->operation]) == 0)
            return;
    usage();
}

int main(int argc, char **argv)
{
    arguments_t args = {.target = {.version = "14.1", .folder_type = 2, .window = 100},
                        .device = "load",
                        .connections = 1,
                        .requests = 1};
    worker_t *workers;
    double began;
    int failed = 0;

    parse(&args, argc, argv);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    if (args.operation == STEP)
        args.connections = 1;
    workers = calloc((size_t)args.connections, sizeof(*workers));
    if (!workers)
        return 1;
    for (int i = 0; i < args.connections; i++) {
        int share = args.requests / args.connections + (i < args.requests % args.connections);

        make_worker(&workers[i], &args.target, args.operation, i, share > 0 ? share : 1, args.device);
    }
    all_do(workers, args.connections, prepare);
    for (int i = 0; i < args.connections; i++)
        failed += workers[i].failed;
    printf(failed ? "failed\n" : "ready\n");
    fflush(stdout);
    if (failed)
        return 1;
    if (args.operation == STEP) {
        step(workers);
        return 0;
    }
    if (!wait_line())
        return 1;
    began = now_ms();
    all_do(workers, args.connections, load);
    print_result(workers, args.connections, (now_ms() - began) / 1000);
    for (int i = 0; i < args.connections; i++)
        failed += workers[i].failed;
    return failed ? 1 : 0;
}
