/* SPDX-License-Identifier: Apache-2.0 */
/* parkload - holds many waiting phones at an ActiveSync server, and measures how they are woken.
 *
 * Commands come on standard input, one a line; each is answered by one line of JSON when it is done:
 *   ramp                  set up all phones (Provision, FolderSync, Sync) until each of them waits
 *   hold SECONDS          go on waiting; answers that come meanwhile are counted
 *   wake COUNT [SECONDS]  change something for COUNT users, then tell the server of one after the other; the latency is
 *                         that from telling to the first byte of the phone's answer
 *   wake-all [SECONDS]    the same for all users at once
 *   hang-up COUNT         that many waiting phones are gone without a word
 *   reconnect             phones without a connection come again; done when each of them waits
 *   report                all sums so far
 * The end of input ends the program. It fails when a phone met anything it should not have.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "conn.h"
#include "device.h"
#include "poster.h"

enum { SOURCE_EACH = 20000, KINDS = 32, EVENTS = 1024, ALL_BYTES = 1 << 20, SLOW_MS = 50, SLOW_BYTES = 40 };

typedef struct phone_t {
    conn_t conn;
    device_t device;
    int user, number;
    int setting_up, slow;
    _Atomic int waiting;
    int on_old;      /* the request went out on a connection that had served before */
    double sent;
    double read_at;  /* slow: when to read some more of the answer, 0 = nothing has come */
    _Atomic double told; /* when the server was told of a change, 0 = it was not */
    double answered;
} phone_t;

static struct {
    int count, per_user, first_user, concurrency, heartbeat, sync_percent, slow_percent, tls;
    const char *user, *password, *version, *path;
    struct sockaddr_in to;
    post_t change, hint;
} opt = {.count = 100, .per_user = 1, .first_user = 10, .concurrency = 32, .heartbeat = 3000, .user = "u{n4}",
         .password = "secret-{user}", .version = "14.1", .path = "/Microsoft-Server-ActiveSync"};

static phone_t *phones;
static int epoll, setting_up, next_up, waiting, missing;
static SSL_CTX *tls;
static double *latencies;
static int latency_count;

/* What came of it. */
static struct {
    const char *text;
    long count;
} faults[KINDS];
static long answers, wakes, timeouts, reconnects, requests;

static double now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1000 + (double)ts.tv_nsec / 1e6;
}

static void fault(const phone_t *phone, const char *text)
{
    for (int i = 0; i < KINDS; i++) {
        if (!faults[i].text) {
            faults[i].text = text;
            fprintf(stderr, "parkload: phone %d, step %d: %s\n", phone->number, phone->device.step, text);
        }
        if (strcmp(faults[i].text, text) == 0) {
            faults[i].count++;
            return;
        }
    }
}

static long fault_count(void)
{
    long sum = 0;

    for (int i = 0; i < KINDS && faults[i].text; i++)
        sum += faults[i].count;
    return sum;
}

/* ---- one phone ---- */

static void set_waiting(phone_t *phone, int yes)
{
    waiting += yes - phone->waiting;
    phone->waiting = yes;
    if (yes && phone->setting_up) {
        phone->setting_up = 0;
        setting_up--;
    }
}

/* It has met something that must not be, and is out of the game until "reconnect". */
static void lose(phone_t *phone, const char *text)
{
    fault(phone, text);
    setting_up -= phone->setting_up;
    phone->setting_up = 0;
    set_waiting(phone, 0);
    conn_close(&phone->conn);
}

static void begin_step(phone_t *phone);

static void drop(phone_t *phone)
{
    set_waiting(phone, 0);
    conn_close(&phone->conn);
}

static void connect_phone(phone_t *phone)
{
    unsigned source = opt.count > SOURCE_EACH ? (unsigned)(2 + phone->number / SOURCE_EACH) : 0;

    drop(phone);
    phone->on_old = 0;
    if (conn_open(&phone->conn, epoll, &opt.to, source, tls, phone) != 0)
        lose(phone, "cannot connect");
    else
        begin_step(phone);
}

/* It waits once its request is out. */
static void note_sent(phone_t *phone)
{
    if (phone->device.step == WAIT && phone->conn.state == CONN_OPEN && !phone->conn.out)
        set_waiting(phone, 1);
}

static void begin_step(phone_t *phone)
{
    char head[1024], user[128], password[128], login[300], basic[420];
    const char *name;
    wb_out_t out;
    int n;

    if (phone->conn.state == CONN_CLOSED) {
        reconnects++;
        connect_phone(phone);
        return;
    }
    expand(user, sizeof(user), opt.user, phone->user, NULL);
    expand(password, sizeof(password), opt.password, phone->user, user);
    snprintf(login, sizeof(login), "%s:%s", user, password);
    EVP_EncodeBlock((unsigned char *)basic, (const unsigned char *)login, (int)strlen(login));
    name = device_request(&phone->device, &out, opt.heartbeat);
    n = snprintf(head, sizeof(head),
                 "POST %s?Cmd=%s&User=%s&DeviceId=load%06d&DeviceType=Load HTTP/1.1\r\nHost: localhost\r\n"
                 "Authorization: Basic %s\r\nMS-ASProtocolVersion: %s\r\nX-MS-PolicyKey: %s\r\n"
                 "Content-Type: application/vnd.ms-sync.wbxml\r\nContent-Length: %zu\r\n\r\n",
                 opt.path, name, user, phone->number, basic, opt.version, phone->device.policy, out.len);
    requests++;
    phone->sent = now_ms();
    if (conn_send(&phone->conn, head, (size_t)n, out.data, out.len, phone) != 0)
        lose(phone, "cannot send");
    else
        note_sent(phone);
}

static void note_latency(phone_t *phone)
{
    double told = atomic_exchange(&phone->told, 0);

    if (told > 0 && latency_count < opt.count) {
        latencies[latency_count++] = phone->answered - told;
        missing--;
    }
}

static const char *http_text(int status)
{
    static char texts[600][16];

    if (status < 0 || status >= 600)
        status = 0;
    snprintf(texts[status], sizeof(texts[0]), "HTTP %d", status);
    return texts[status];
}

static void take_answer(phone_t *phone, const answer_t *answer, int ended)
{
    int was_waiting = phone->device.step == WAIT;
    const char *wrong;

    set_waiting(phone, 0);
    phone->read_at = 0;
    phone->on_old = 1;
    if (answer->status != 200) {
        lose(phone, http_text(answer->status));
        return;
    }
    answers++;
    wrong = device_take(&phone->device, answer->body, answer->len);
    ended |= answer->closes;
    conn_taken(&phone->conn, answer);
    if (wrong) {
        lose(phone, wrong);
        return;
    }
    if (ended)
        drop(phone);
    if (was_waiting) {
        wakes += phone->device.woken;
        timeouts += !phone->device.woken;
        if (phone->device.woken)
            note_latency(phone);
    }
    begin_step(phone);
}

/* The server may close a connection just when something is asked on it: that is asked again. */
static void on_broken(phone_t *phone)
{
    int again = phone->on_old && !phone->conn.in && now_ms() - phone->sent < 1000;
    const char *text = phone->conn.error ? phone->conn.error : "no memory";

    if (!again) {
        lose(phone, text);
        return;
    }
    drop(phone);
    begin_step(phone);
}

static void read_some(phone_t *phone, size_t max)
{
    answer_t answer;
    int had = phone->conn.in != NULL, n = conn_work(&phone->conn, max, phone), got;

    if (!had && phone->conn.in)
        phone->answered = now_ms();
    note_sent(phone);
    got = conn_answer(&answer, &phone->conn);
    if (got > 0)
        take_answer(phone, &answer, n < 0);
    else if (got < 0)
        lose(phone, "no HTTP");
    else if (n < 0)
        on_broken(phone);
}

static void on_event(phone_t *phone)
{
    if (phone->conn.state == CONN_CLOSED)
        return;
    if (phone->slow && phone->waiting && phone->conn.state == CONN_OPEN && !phone->conn.out) {
        conn_pause(&phone->conn, phone);
        phone->read_at = now_ms() + SLOW_MS;
        return;
    }
    read_some(phone, ALL_BYTES);
}

/* Those that take their answers a few bytes at a time. */
static void read_slowly(void)
{
    double now = now_ms();

    for (int i = 0; i < opt.count && opt.slow_percent; i++) {
        phone_t *phone = &phones[i];

        if (phone->read_at == 0 || phone->read_at > now)
            continue;
        phone->read_at = now + SLOW_MS;
        read_some(phone, SLOW_BYTES);
    }
}

/* ---- the loop ---- */

static void set_up_more(void)
{
    while (next_up < opt.count && setting_up < opt.concurrency) {
        setting_up++;
        phones[next_up].setting_up = 1;
        connect_phone(&phones[next_up++]);
    }
}

static void turn(int ms)
{
    struct epoll_event events[EVENTS];
    int n = epoll_wait(epoll, events, EVENTS, ms);

    for (int i = 0; i < n; i++)
        on_event(events[i].data.ptr);
    read_slowly();
    set_up_more();
}

static int connected(void)
{
    int n = 0;

    for (int i = 0; i < opt.count; i++)
        n += phones[i].conn.state != CONN_CLOSED;
    return n;
}

/* Until all that live are waiting again, or the time is over. */
static void settle(double seconds)
{
    double until = now_ms() + seconds * 1000;

    while (now_ms() < until && (next_up < opt.count || waiting < connected()))
        turn(20);
}

/* ---- waking ---- */

typedef struct task_t {
    int *users, count, spacing_ms;
    atomic_int done;
    int failed;
} task_t;

static void note_told(void *baton, const int *users, int count)
{
    double at = now_ms();

    (void)baton;
    for (int i = 0; i < count; i++) {
        phone_t *phone = &phones[(users[i] - opt.first_user) * opt.per_user];

        for (int k = 0; k < opt.per_user && phone + k < phones + opt.count; k++) {
            if (phone[k].waiting)
                atomic_store(&phone[k].told, at);
        }
    }
}

static void *run_task(void *baton)
{
    task_t *task = baton;

    task->failed = post_all(&opt.change, task->users, task->count, opt.user, NULL, NULL);
    for (int i = 0; task->spacing_ms && i < task->count; i++) {
        usleep((unsigned)task->spacing_ms * 1000);
        task->failed += post_all(&opt.hint, task->users + i, 1, opt.user, note_told, NULL);
    }
    if (!task->spacing_ms)
        task->failed += post_all(&opt.hint, task->users, task->count, opt.user, note_told, NULL);
    task->done = 1;
    return NULL;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double percentile(double p)
{
    return latency_count ? latencies[(int)(p * (latency_count - 1) + 0.5)] : 0;
}

static void wake(int count, int all, double seconds)
{
    int users = (opt.count + opt.per_user - 1) / opt.per_user, expected = 0;
    pthread_t thread;
    task_t task = {.count = all || count > users ? users : count, .spacing_ms = all ? 0 : 5};
    double until, began;

    task.users = calloc((size_t)users, sizeof(int));
    for (int i = 0; i < users; i++)
        task.users[i] = opt.first_user + i;
    for (int i = 0; !all && i < task.count; i++) { /* any of them, each once */
        int k = i + (int)(random() % (users - i)), user = task.users[i];

        task.users[i] = task.users[k];
        task.users[k] = user;
    }
    for (int i = 0; i < task.count; i++) {
        for (int k = 0; k < opt.per_user; k++) {
            int n = (task.users[i] - opt.first_user) * opt.per_user + k;

            expected += n < opt.count && phones[n].conn.state != CONN_CLOSED;
        }
    }
    latency_count = 0;
    missing = expected;
    began = now_ms();
    pthread_create(&thread, NULL, run_task, &task);
    until = now_ms() + seconds * 1000;
    while (!task.done || (missing > 0 && now_ms() < until)) {
        turn(20);
        if (!task.done)
            until = now_ms() + seconds * 1000;
    }
    pthread_join(thread, NULL);
    settle(seconds);
    qsort(latencies, (size_t)latency_count, sizeof(double), by_value);
    printf("{\"command\":\"%s\",\"users\":%d,\"expected\":%d,\"woken\":%d,\"post_failed\":%d,\"ms\":%.0f,"
           "\"p50_ms\":%.2f,\"p90_ms\":%.2f,\"p99_ms\":%.2f,\"max_ms\":%.2f",
           all ? "wake-all" : "wake", task.count, expected, latency_count, task.failed, now_ms() - began,
           percentile(0.5), percentile(0.9), percentile(0.99), percentile(1));
    for (int i = 0; i < opt.count; i++)
        atomic_store(&phones[i].told, 0);
    free(task.users);
}

/* ---- commands ---- */

static void hang_up(int count)
{
    for (int i = 0; i < opt.count && count > 0; i++) {
        if (phones[i].waiting) {
            drop(&phones[i]);
            count--;
        }
    }
}

static void reconnect_all(void)
{
    for (int i = 0; i < next_up; i++) {
        if (phones[i].conn.state == CONN_CLOSED) {
            connect_phone(&phones[i]);
            if (i % opt.concurrency == 0)
                turn(0);
        }
    }
    settle(600);
}

static void report(void)
{
    printf(",\"phones\":%d,\"connected\":%d,\"waiting\":%d,\"requests\":%ld,\"answers\":%ld,\"wakes\":%ld,"
           "\"timeouts\":%ld,\"reconnects\":%ld,\"failed\":%ld,\"faults\":{",
           opt.count, connected(), waiting, requests, answers, wakes, timeouts, reconnects, fault_count());
    for (int i = 0; i < KINDS && faults[i].text; i++)
        printf("%s\"%s\":%ld", i ? "," : "", faults[i].text, faults[i].count);
    printf("}}\n");
    fflush(stdout);
}

static void run_command(const char *line)
{
    char name[32] = "";
    double a = 0, b = 0, began = now_ms();
    int got = sscanf(line, "%31s %lf %lf", name, &a, &b);

    if (strcmp(name, "wake") == 0) {
        wake((int)a, 0, got > 2 ? b : 30);
        report();
        return;
    }
    if (strcmp(name, "wake-all") == 0) {
        wake(0, 1, got > 1 ? a : 60);
        report();
        return;
    }
    if (strcmp(name, "ramp") == 0) {
        set_up_more();
        settle(3600);
    } else if (strcmp(name, "hold") == 0) {
        while (now_ms() < began + a * 1000)
            turn(20);
    } else if (strcmp(name, "hang-up") == 0) {
        hang_up((int)a);
    } else if (strcmp(name, "reconnect") == 0) {
        reconnect_all();
    }
    printf("{\"command\":\"%s\",\"ms\":%.0f", name, now_ms() - began);
    report();
}

/* ---- start ---- */

static int usage(void)
{
    fprintf(stderr,
            "usage: parkload --to 127.0.0.1:PORT [--tls] [--count N] [--per-user N] [--first-user N] [--user u{n4}]\n"
            "       [--password secret-{user}] [--concurrency N] [--heartbeat SECONDS] [--sync-percent N]\n"
            "       [--slow-percent N] --change 'POST http://…' --change-body TEXT\n"
            "       --hint 'PUT http://…' --hint-body TEXT [--hint-batch N]\n"
            "In texts {user} is the user's name, {n} his number, {n5} the same with five digits.\n");
    return 2;
}

static int set_address(const char *text)
{
    char host[64];
    int port;

    if (sscanf(text, "%63[0-9.]:%d", host, &port) != 2)
        return -1;
    opt.to.sin_family = AF_INET;
    opt.to.sin_port = htons((unsigned short)port);
    return inet_pton(AF_INET, host, &opt.to.sin_addr) == 1 ? 0 : -1;
}

static int parse(int argc, char **argv)
{
    static const struct option options[] = {
        {"to", 1, NULL, 't'},          {"tls", 0, NULL, 's'},         {"count", 1, NULL, 'n'},
        {"per-user", 1, NULL, 'p'},    {"first-user", 1, NULL, 'f'},  {"user", 1, NULL, 'u'},
        {"password", 1, NULL, 'w'},    {"concurrency", 1, NULL, 'c'}, {"heartbeat", 1, NULL, 'h'},
        {"sync-percent", 1, NULL, 'y'}, {"slow-percent", 1, NULL, 'l'}, {"change", 1, NULL, 'C'},
        {"change-body", 1, NULL, 'B'}, {"hint", 1, NULL, 'H'},        {"hint-body", 1, NULL, 'J'},
        {"hint-batch", 1, NULL, 'b'},  {NULL, 0, NULL, 0}};
    int c, bad = 0;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (c) {
        case 't': bad |= set_address(optarg) != 0; break;
        case 's': opt.tls = 1; break;
        case 'n': opt.count = atoi(optarg); break;
        case 'p': opt.per_user = atoi(optarg); break;
        case 'f': opt.first_user = atoi(optarg); break;
        case 'u': opt.user = optarg; break;
        case 'w': opt.password = optarg; break;
        case 'c': opt.concurrency = atoi(optarg); break;
        case 'h': opt.heartbeat = atoi(optarg); break;
        case 'y': opt.sync_percent = atoi(optarg); break;
        case 'l': opt.slow_percent = atoi(optarg); break;
        case 'C': bad |= post_parse(&opt.change, optarg) != 0; break;
        case 'B': opt.change.body = optarg; break;
        case 'H': bad |= post_parse(&opt.hint, optarg) != 0; break;
        case 'J': opt.hint.body = optarg; break;
        case 'b': opt.hint.batch = atoi(optarg); break;
        default: bad = 1; break;
        }
    }
    return bad || !opt.to.sin_port || opt.count < 1 || opt.per_user < 1 || opt.concurrency < 1 ? -1 : 0;
}

static int prepare(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur < (rlim_t)opt.count + 64) {
        fprintf(stderr, "parkload: %lu descriptors are too few\n", (unsigned long)limit.rlim_cur);
        return -1;
    }
    epoll = epoll_create1(EPOLL_CLOEXEC);
    phones = calloc((size_t)opt.count, sizeof(*phones));
    latencies = calloc((size_t)opt.count, sizeof(*latencies));
    if (opt.tls) {
        tls = SSL_CTX_new(TLS_client_method());
        if (!tls)
            return -1;
        SSL_CTX_set_verify(tls, SSL_VERIFY_NONE, NULL);
        SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE);
        SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
    }
    for (int i = 0; phones && i < opt.count; i++) {
        conn_init(&phones[i].conn);
        phones[i].number = i;
        phones[i].user = opt.first_user + i / opt.per_user;
        phones[i].slow = i % 100 < opt.slow_percent;
        device_init(&phones[i].device, i * 37 % 100 < opt.sync_percent);
    }
    return epoll < 0 || !phones || !latencies ? -1 : 0;
}

/* Commands are read while phones wait. */
int main(int argc, char **argv)
{
    static char line[256];
    size_t len = 0;

    if (parse(argc, argv) != 0)
        return usage();
    if (prepare() != 0)
        return 1;
    signal(SIGPIPE, SIG_IGN);
    for (;;) {
        struct timespec none = {0, 0};
        fd_set set;

        FD_ZERO(&set);
        FD_SET(0, &set);
        turn(10);
        if (pselect(1, &set, NULL, NULL, &none, NULL) <= 0)
            continue;
        ssize_t n = read(0, line + len, 1);
        if (n <= 0)
            break;
        if (line[len] == '\n' || len + 2 == sizeof(line)) {
            line[len] = 0;
            len = 0;
            run_command(line);
        } else {
            len++;
        }
    }
    return fault_count() ? 1 : 0;
}
