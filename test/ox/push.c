/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
#include "server.h"
#include "seedfield.h"

/*
 * What a real OX installation tells others: Dovecot's PUT for new mail (spec 11.3) and the UDP packets of 11.2. One
 * thread sends and receives; events are queued. Module numbers in packets: 1 appointment, 4 task, 7 contact, 19 mail.
 */

#define SEP "\001"

struct event {
    bool mail;
    int ctx, user;             /* mail: whose */
    GArray *users;             /* folder: int */
    char *folder;
    int module;
    int64_t when, due;
    json_t *body;              /* mail: the notification */
};

struct listener {
    int ctx, user;
    struct sockaddr_in addr;
    int64_t until;
};

static GMutex lock;
static GThread *thread;
static int wake[2] = {-1, -1};
static int udp = -1;
static bool ending;
static GPtrArray *queue;       /* struct event * */
static GArray *listeners;      /* struct listener: type 1 */
static GArray *peers;          /* struct listener: type 4 and configured ones */
static char *dovecot_url, *dovecot_user, *dovecot_password;
static int64_t delay_ms, register_ms = 3600000;
static gint active;            /* somebody wants events: checked without the lock */

static void event_free(struct event *e)
{
    if (e->users)
        g_array_free(e->users, TRUE);
    g_free(e->folder);
    json_decref(e->body);
    g_free(e);
}

/* ---- Dovecot's PUT ---- */

struct target {
    char host[256], path[512];
    int port;
};

static int parse_url(const char *url, struct target *t)
{
    const char *p = strncmp(url, "http://", 7) ? NULL : url + 7;
    size_t n = p ? strcspn(p, ":/") : 0;

    if (!n || n >= sizeof(t->host))
        return -1;
    memcpy(t->host, p, n);
    t->host[n] = 0;
    t->port = p[n] == ':' ? atoi(p + n + 1) : 80;
    p += n + strcspn(p + n, "/");
    g_strlcpy(t->path, *p ? p : "/preliminary/http-notify/v1/notify", sizeof(t->path));
    return t->port > 0 && t->port < 65536 ? 0 : -1;
}

static int dial(const struct target *t)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *ai = NULL;
    struct timeval tv = {2, 0};
    char port[8];
    int fd = -1;

    g_snprintf(port, sizeof(port), "%d", t->port);
    if (getaddrinfo(t->host, port, &hints, &ai) || !ai)
        return -1;
    fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
        if (connect(fd, ai->ai_addr, ai->ai_addrlen) < 0) {
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(ai);
    return fd;
}

/* The HTTP status of the answer, -1: no answer. */
static int put(const struct target *t, const char *user, const char *password, const char *body)
{
    char *auth = g_strdup_printf("%s:%s", user ? user : "", password ? password : "");
    char *b64 = g_base64_encode((const guchar *)auth, strlen(auth));
    char *text =
        g_strdup_printf("PUT %s HTTP/1.1\r\nHost: %s:%d\r\n%s%s%sContent-Type: application/json; charset=utf-8\r\n"
                        "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
                        t->path, t->host, t->port, user ? "Authorization: Basic " : "", user ? b64 : "",
                        user ? "\r\n" : "", strlen(body), body);
    char answer[512];
    int fd = dial(t), status = -1;
    ssize_t n;

    if (fd >= 0 && send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text)) {
        n = recv(fd, answer, sizeof(answer) - 1, 0);
        if (n > 12 && !strncmp(answer, "HTTP/1.", 7))
            status = atoi(answer + 9);
    }
    if (fd >= 0)
        close(fd);
    g_free(auth);
    g_free(b64);
    g_free(text);
    return status;
}

static int put_body(const json_t *body)
{
    struct target t;
    char *user, *password, *text;
    int status = -1;

    g_mutex_lock(&lock);
    if (!dovecot_url || parse_url(dovecot_url, &t) < 0) {
        g_mutex_unlock(&lock);
        return -1;
    }
    user = g_strdup(dovecot_user);
    password = g_strdup(dovecot_password);
    g_mutex_unlock(&lock);
    text = json_dumps(body, JSON_COMPACT);
    status = put(&t, user, password, text);
    free(text);
    g_free(user);
    g_free(password);
    return status;
}

/* ---- UDP ---- */

static void udp_send(const struct sockaddr_in *to, const char *text)
{
    if (udp >= 0)
        (void)!sendto(udp, text, strlen(text), MSG_NOSIGNAL, (const struct sockaddr *)to, sizeof(*to));
}

static char *packet(const char *data)
{
    return g_strdup_printf("1337" SEP "%zu" SEP "%s", strlen(data), data);
}

static bool event_for(const struct event *e, int user)
{
    for (guint i = 0; e->users && i < e->users->len; i++)
        if (g_array_index(e->users, int, i) == user)
            return true;
    return e->mail && e->user == user;
}

static void udp_event(const struct event *e)
{
    GString *users = g_string_new(NULL);
    char *data, *text, *folder = g_strdup_printf("%s" SEP, e->folder);
    int64_t now = g_get_monotonic_time();

    if (e->mail)
        g_string_printf(users, "%d", e->user);
    for (guint i = 0; e->users && i < e->users->len; i++)
        g_string_append_printf(users, "%s%d", i ? "," : "", g_array_index(e->users, int, i));
    data = g_strdup_printf("3" SEP "%s" SEP "%d" SEP "%d" SEP "%s" SEP "%" G_GINT64_FORMAT, e->mail ? "1" : e->folder,
                           e->module, e->ctx, users->str, e->when);
    text = packet(data);
    g_mutex_lock(&lock);
    for (guint i = 0; i < listeners->len; i++) {
        const struct listener *l = &g_array_index(listeners, struct listener, i);

        if (l->ctx == e->ctx && l->until > now && event_for(e, l->user))
            udp_send(&l->addr, folder);
    }
    for (guint i = 0; i < peers->len; i++)
        udp_send(&g_array_index(peers, struct listener, i).addr, text);
    g_mutex_unlock(&lock);
    g_string_free(users, TRUE);
    g_free(data);
    g_free(text);
    g_free(folder);
}

static void listener_set(GArray *list, const struct listener *l, bool by_addr)
{
    for (guint i = 0; i < list->len; i++) {
        struct listener *old = &g_array_index(list, struct listener, i);
        bool same = by_addr ? old->addr.sin_port == l->addr.sin_port &&
                                  old->addr.sin_addr.s_addr == l->addr.sin_addr.s_addr
                            : old->ctx == l->ctx && old->user == l->user;

        if (same) {
            *old = *l;
            return;
        }
    }
    if (list->len < 100000)
        g_array_append_val(list, *l);
}

static void udp_packet(char *text, const struct sockaddr_in *from)
{
    char **f = g_strsplit(text, SEP, 16);
    guint n = g_strv_length(f);
    struct listener l = {.addr = *from};
    size_t head = n >= 3 ? strlen(f[0]) + strlen(f[1]) + 2 : 0;

    l.until = g_get_monotonic_time() + register_ms * 1000;
    if (n >= 5 && !strcmp(f[0], "1337") && (size_t)atoi(f[1]) == strlen(text + head)) {
        g_mutex_lock(&lock);
        if (!strcmp(f[2], "1")) {
            l.user = atoi(f[3]);
            l.ctx = atoi(f[4]);
            listener_set(listeners, &l, false);
            udp_send(from, "OK" SEP);
        } else if (!strcmp(f[2], "4")) {
            l.addr.sin_port = htons((uint16_t)atoi(f[4]));
            if (inet_pton(AF_INET, f[3], &l.addr.sin_addr) == 1)
                listener_set(peers, &l, true);
        }
        g_atomic_int_set(&active, 1);
        g_mutex_unlock(&lock);
    }
    g_strfreev(f);
}

static void udp_read(void)
{
    struct sockaddr_in from;
    socklen_t len = sizeof(from);
    char buf[1024];
    ssize_t n = recvfrom(udp, buf, sizeof(buf) - 1, MSG_DONTWAIT, (struct sockaddr *)&from, &len);

    if (n > 0) {
        buf[n] = 0;
        udp_packet(buf, &from);
    }
}

/* ---- the thread ---- */

static struct event *next_event(int *timeout)
{
    int64_t now = g_get_monotonic_time();
    struct event *found = NULL;

    *timeout = 1000;
    g_mutex_lock(&lock);
    for (guint i = 0; i < queue->len && !found; i++) {
        struct event *e = queue->pdata[i];

        if (e->due <= now)
            found = g_ptr_array_remove_index(queue, i);
        else
            *timeout = MIN(*timeout, (int)((e->due - now) / 1000 + 1));
    }
    g_mutex_unlock(&lock);
    return found;
}

static void *push_main(void *unused)
{
    (void)unused;
    for (;;) {
        struct pollfd fds[2] = {{.fd = wake[0], .events = POLLIN}, {.fd = udp, .events = POLLIN}};
        int timeout;
        struct event *e;
        char buf[64];

        while ((e = next_event(&timeout))) {
            udp_event(e);
            if (e->body)
                put_body(e->body);
            event_free(e);
        }
        poll(fds, udp >= 0 ? 2 : 1, timeout);
        if (fds[0].revents & POLLIN)
            (void)!read(wake[0], buf, sizeof(buf));
        if (udp >= 0 && (fds[1].revents & POLLIN))
            udp_read();
        g_mutex_lock(&lock);
        if (ending) {
            g_mutex_unlock(&lock);
            return NULL;
        }
        g_mutex_unlock(&lock);
    }
}

static void kick(void)
{
    (void)!write(wake[1], "", 1);
}

void oxd_push_start(void)
{
    if (pipe(wake) < 0)
        g_error("no pipe");
    queue = g_ptr_array_new();
    listeners = g_array_new(FALSE, FALSE, sizeof(struct listener));
    peers = g_array_new(FALSE, FALSE, sizeof(struct listener));
    thread = g_thread_new("push", push_main, NULL);
}

void oxd_push_stop(void)
{
    g_mutex_lock(&lock);
    ending = true;
    g_mutex_unlock(&lock);
    kick();
    g_thread_join(thread);
    for (guint i = 0; i < queue->len; i++)
        event_free(queue->pdata[i]);
    g_ptr_array_free(queue, TRUE);
    g_array_free(listeners, TRUE);
    g_array_free(peers, TRUE);
    g_free(dovecot_url);
    g_free(dovecot_user);
    g_free(dovecot_password);
    if (udp >= 0)
        close(udp);
    close(wake[0]);
    close(wake[1]);
}

/* A change of the same folder that still waits is joined, as the real queue does. */
static void enqueue(struct event *e)
{
    g_mutex_lock(&lock);
    for (guint i = 0; i < queue->len && !e->mail; i++) {
        struct event *old = queue->pdata[i];

        if (!old->mail && old->ctx == e->ctx && !strcmp(old->folder, e->folder)) {
            old->when = e->when;
            event_free(e);
            g_mutex_unlock(&lock);
            return;
        }
    }
    if (queue->len < 100000)
        g_ptr_array_add(queue, e);
    else
        event_free(e);
    g_mutex_unlock(&lock);
    kick();
}

/* A header's text in MIME's encoded words, as the notification carries it; g_free. */
static char *encoded(const char *text)
{
    char *b64, *out;

    if (!text)
        return g_strdup("");
    if (g_str_is_ascii(text))
        return g_strdup(text);
    b64 = g_base64_encode((const guchar *)text, strlen(text));
    out = g_strdup_printf("=?utf-8?B?%s?=", b64);
    g_free(b64);
    return out;
}

void oxd_event_mail(const struct oxd_user *user, const struct oxd_folder *f, int64_t uid, const char *from,
                    const char *subject, const char *snippet, int unseen)
{
    const char *box = strchr(f->id, '/');
    struct event *e;
    char *who, *words;

    if (!g_atomic_int_get(&active))
        return;
    e = g_new0(struct event, 1);
    who = g_strdup_printf("%d@%d", user->id, user->ctx->id);
    words = encoded(subject);
    e->mail = true;
    e->ctx = user->ctx->id;
    e->user = user->id;
    e->folder = g_strdup(f->id);
    e->module = 19;
    e->when = oxd_now();
    e->body = json_pack("{s:s, s:I, s:I, s:s, s:s, s:s, s:s, s:s, s:i}", "user", who, "imap-uidvalidity",
                        (json_int_t)f->uidvalidity, "imap-uid", (json_int_t)uid, "folder", box ? box + 1 : f->id,
                        "event", "MessageNew", "from", from ? from : "", "subject", words, "snippet",
                        snippet ? snippet : "", "unseen", unseen);
    g_free(who);
    g_free(words);
    enqueue(e);
}

void oxd_event_folder(const struct oxd_folder *f, int64_t when)
{
    static const int modules[OXK_MAX] = {[OXK_CALENDAR] = 1, [OXK_TASKS] = 4, [OXK_CONTACTS] = 7};
    struct event *e;

    if (!g_atomic_int_get(&active))
        return;
    e = g_new0(struct event, 1);
    e->ctx = f->ctx->id;
    e->folder = g_strdup(f->id);
    e->module = modules[f->kind];
    e->when = when;
    e->users = g_array_new(FALSE, FALSE, sizeof(int));
    for (guint i = 0; i < f->ctx->users->len; i++) {
        const struct oxd_user *u = f->ctx->users->pdata[i];

        if (oxd_folder_visible(f, u))
            g_array_append_val(e->users, u->id);
    }
    e->due = g_get_monotonic_time() + delay_ms * 1000;
    enqueue(e);
}

/* ---- control ---- */

static int udp_open(int port)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    socklen_t len = sizeof(sa);

    if (udp >= 0)
        close(udp);
    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    udp = socket(AF_INET, SOCK_DGRAM, 0);
    if (udp < 0 || bind(udp, (struct sockaddr *)&sa, sizeof(sa)) < 0 ||
        getsockname(udp, (struct sockaddr *)&sa, &len) < 0)
        return -1;
    return ntohs(sa.sin_port);
}

static void add_peers(const json_t *list)
{
    const json_t *v;
    size_t i;

    json_array_foreach(list, i, v) {
        struct listener l = {.addr = {.sin_family = AF_INET}, .until = INT64_MAX};

        l.addr.sin_port = htons((uint16_t)oxd_field_int(v, "port", 44335));
        if (inet_pton(AF_INET, oxd_field_str(v, "host", "127.0.0.1"), &l.addr.sin_addr) == 1)
            listener_set(peers, &l, true);
    }
}

int oxd_push_config(const json_t *config, json_t **answer, char **err)
{
    const json_t *port = json_object_get(config, "udpPort"), *url = json_object_get(config, "dovecot");
    int bound = -1;
    struct target t;

    if (json_is_string(url) && parse_url(json_string_value(url), &t) < 0) {
        *err = g_strdup("dovecot: only http://host:port/path");
        return -1;
    }
    g_mutex_lock(&lock);
    if (url) {
        g_free(dovecot_url);
        g_free(dovecot_user);
        g_free(dovecot_password);
        dovecot_url = g_strdup(json_string_value(url));
        dovecot_user = g_strdup(oxd_field_str(config, "login", NULL));
        dovecot_password = g_strdup(oxd_field_str(config, "password", NULL));
    }
    if (json_object_get(config, "peers")) {
        g_array_set_size(peers, 0);
        add_peers(json_object_get(config, "peers"));
    }
    delay_ms = oxd_field_int(config, "delay", delay_ms);
    register_ms = oxd_field_int(config, "registerTimeout", register_ms);
    if (json_is_integer(port))
        bound = udp_open((int)json_integer_value(port));
    else if (peers->len && udp < 0)
        bound = udp_open(0);
    g_atomic_int_set(&active, dovecot_url || peers->len || listeners->len);
    g_mutex_unlock(&lock);
    kick();
    *answer = json_pack("{s:b, s:i}", "ok", 1, "udpPort", bound);
    return 0;
}

int oxd_push_send(const json_t *what, json_t **answer, char **err)
{
    const json_t *data = json_object_get(what, "udp"), *body = json_object_get(what, "dovecot");
    struct sockaddr_in to = {.sin_family = AF_INET};
    int status = 0;

    if (body)
        status = put_body(body);
    if (json_is_string(data)) {
        char *text = g_strdup(json_string_value(data)), *p;

        to.sin_port = htons((uint16_t)oxd_field_int(what, "port", 0));
        inet_pton(AF_INET, oxd_field_str(what, "host", "127.0.0.1"), &to.sin_addr);
        p = json_is_true(json_object_get(what, "bare")) ? g_strdup(text) : packet(text);
        g_mutex_lock(&lock);
        if (udp < 0)
            udp_open(0);
        udp_send(&to, p);
        g_mutex_unlock(&lock);
        g_free(text);
        g_free(p);
    }
    if (!body && !data) {
        *err = g_strdup("give dovecot or udp");
        return -1;
    }
    *answer = json_pack("{s:i}", "status", status);
    return 0;
}
