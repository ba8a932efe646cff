/* SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "data.h"
#include "server.h"

struct oxd_options oxd_options = {.prefix = "/ajax/", .threads = 4, .max_sessions = 100};

static volatile sig_atomic_t ended;

static void on_signal(int sig)
{
    ended = sig;
}

static void usage(FILE *out)
{
    fputs("usage: oxd [options]            a stand-in for an Open-Xchange server, for tests\n"
          "  --port N            port of the HTTP API, 0 for any (default)\n"
          "  --control-port N    port of the control calls, 0 for any (default)\n"
          "  --port-file FILE    both ports are written there once they listen\n"
          "  --seed FILE         the data to start with (SEED.md)\n"
          "  --seed-large N      the large data set, made with random seed N\n"
          "  --seed-scale N      the large data set N times smaller (default 1)\n"
          "  --state FILE        read at start if it exists (the seed is ignored then), written at the end\n"
          "  --prefix PATH       base path (default /ajax/)\n"
          "  --ip-check          sessions are bound to their IP address (SES-0205)\n"
          "  --max-sessions N    per user, SES-0007 beyond it (default 100)\n"
          "  --threads N         threads of the API port (default 4)\n"
          "  --any-address       listen on all addresses, not only on 127.0.0.1\n",
          out);
}

static int seed_scale = 1;

static int options(int argc, char **argv)
{
    static const struct option table[] = {
        {"port", 1, NULL, 'p'},       {"control-port", 1, NULL, 'c'}, {"port-file", 1, NULL, 'f'},
        {"seed", 1, NULL, 's'},       {"seed-large", 1, NULL, 'l'},   {"seed-scale", 1, NULL, 'S'},
        {"state", 1, NULL, 'S' + 256}, {"prefix", 1, NULL, 'x'},      {"ip-check", 0, NULL, 'i'},
        {"max-sessions", 1, NULL, 'm'}, {"threads", 1, NULL, 't'},    {"any-address", 0, NULL, 'a'},
        {"help", 0, NULL, 'h'},       {NULL, 0, NULL, 0},
    };
    int c;

    while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
        switch (c) {
        case 'p': oxd_options.port = atoi(optarg); break;
        case 'c': oxd_options.control_port = atoi(optarg); break;
        case 'f': oxd_options.port_file = optarg; break;
        case 's': oxd_options.seed = optarg; break;
        case 'l': oxd_options.seed_large = atoi(optarg); break;
        case 'S': seed_scale = MAX(1, atoi(optarg)); break;
        case 'S' + 256: oxd_options.state = optarg; break;
        case 'x': oxd_options.prefix = optarg; break;
        case 'i': oxd_options.ip_check = true; break;
        case 'm': oxd_options.max_sessions = atoi(optarg); break;
        case 't': oxd_options.threads = CLAMP(atoi(optarg), 1, 64); break;
        case 'a': oxd_options.any_address = true; break;
        case 'h': usage(stdout); exit(0);
        default: usage(stderr); return -1;
        }
    }
    if (optind < argc) {
        usage(stderr);
        return -1;
    }
    return 0;
}

static json_t *read_json(const char *path, char **err)
{
    json_error_t e;
    json_t *v = json_load_file(path, JSON_ALLOW_NUL, &e);

    if (!v)
        *err = g_strdup_printf("%s:%d: %s", path, e.line, e.text);
    return v;
}

static int load(char **err)
{
    bool have_state = oxd_options.state && g_file_test(oxd_options.state, G_FILE_TEST_EXISTS);
    json_t *v = NULL;
    int rc = 0;

    if (have_state)
        v = read_json(oxd_options.state, err);
    else if (oxd_options.seed_large)
        v = oxd_seed_large((unsigned)oxd_options.seed_large, seed_scale);
    else if (oxd_options.seed)
        v = read_json(oxd_options.seed, err);
    else
        v = json_pack("{s:[{s:i, s:s, s:[]}]}", "contexts", "id", 1, "name", "example.org", "users");
    if (!v)
        return -1;
    rc = have_state ? oxd_state_restore(v, err) : oxd_seed_load(v, err);
    json_decref(v);
    return rc;
}

int main(int argc, char **argv)
{
    struct sigaction sa = {.sa_handler = on_signal};
    char *err = NULL;
    int rc = 0;

    if (options(argc, argv) < 0)
        return 2;
    json_object_seed(1);
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    signal(SIGPIPE, SIG_IGN);
    oxd_world = oxd_world_new();
    if (load(&err) < 0) {
        fprintf(stderr, "oxd: %s\n", err ? err : "no data");
        return 1;
    }
    oxd_push_start();
    if (oxd_http_start() < 0)
        return 1;
    while (!ended && !oxd_quit_wanted()) {
        struct timespec tick = {0, 50000000};

        nanosleep(&tick, NULL);
    }
    oxd_http_stop();
    oxd_push_stop();
    if (oxd_options.state && oxd_state_save(oxd_options.state, &err) < 0) {
        fprintf(stderr, "oxd: %s\n", err);
        rc = 1;
    }
    oxd_world_free(oxd_world);
    return rc;
}
