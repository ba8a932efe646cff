/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conn.h"

enum { STEP = 16384, ANSWER_MAX = 4 << 20 };

void conn_init(conn_t *conn)
{
    memset(conn, 0, sizeof(*conn));
    conn->fd = -1;
}

static int want(conn_t *conn, unsigned events, void *baton)
{
    struct epoll_event event = {.events = events | EPOLLRDHUP, .data.ptr = baton};

    if (conn->interest == events)
        return 0;
    if (epoll_ctl(conn->epoll, conn->interest ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, conn->fd, &event) != 0)
        return -1;
    conn->interest = events;
    return 0;
}

int conn_open(conn_t *conn, int epoll, const struct sockaddr_in *to, unsigned source, SSL_CTX *tls, void *baton)
{
    struct sockaddr_in from = {.sin_family = AF_INET};
    int one = 1;

    conn_init(conn);
    conn->epoll = epoll;
    conn->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (conn->fd < 0)
        return -1;
    setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    setsockopt(conn->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
    from.sin_addr.s_addr = htonl(0x7f000000u | source);
    if ((source && bind(conn->fd, (struct sockaddr *)&from, sizeof(from)) != 0) ||
        (connect(conn->fd, (const struct sockaddr *)to, sizeof(*to)) != 0 && errno != EINPROGRESS)) {
        conn_close(conn);
        return -1;
    }
    if (tls) {
        conn->ssl = SSL_new(tls);
        if (!conn->ssl || SSL_set_fd(conn->ssl, conn->fd) != 1) {
            conn_close(conn);
            return -1;
        }
        SSL_set_connect_state(conn->ssl);
    }
    conn->state = CONN_CONNECTING;
    return want(conn, EPOLLOUT, baton);
}

void conn_pause(conn_t *conn, void *baton)
{
    want(conn, EPOLLPRI, baton);
}

void conn_close(conn_t *conn)
{
    SSL_free(conn->ssl);
    if (conn->fd >= 0)
        close(conn->fd);
    free(conn->in);
    free(conn->out);
    conn_init(conn);
}

/* -1: broken, 0: would block (the interest is set), else bytes. */
static ssize_t transfer(conn_t *conn, int writing, void *data, size_t len, void *baton)
{
    ssize_t n;

    if (!conn->ssl) {
        n = writing ? send(conn->fd, data, len, MSG_NOSIGNAL) : recv(conn->fd, data, len, 0);
        if (n > 0)
            return n;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return want(conn, writing ? EPOLLOUT : EPOLLIN, baton);
        conn->error = n == 0 ? "closed" : "reset";
        return -1;
    }
    ERR_clear_error();
    n = writing ? SSL_write(conn->ssl, data, (int)len) : SSL_read(conn->ssl, data, (int)len);
    if (n > 0)
        return n;
    switch (SSL_get_error(conn->ssl, (int)n)) {
    case SSL_ERROR_WANT_READ:
        return want(conn, EPOLLIN, baton);
    case SSL_ERROR_WANT_WRITE:
        return want(conn, EPOLLOUT, baton);
    case SSL_ERROR_ZERO_RETURN:
        conn->error = "closed";
        return -1;
    default:
        conn->error = "reset";
        return -1;
    }
}

static int set_up(conn_t *conn, void *baton)
{
    int bad = 0, n;
    socklen_t len = sizeof(bad);

    if (conn->state == CONN_CONNECTING) {
        if (getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &bad, &len) != 0 || bad) {
            conn->error = "refused";
            return -1;
        }
        conn->state = conn->ssl ? CONN_HANDSHAKE : CONN_OPEN;
    }
    if (conn->state != CONN_HANDSHAKE)
        return 0;
    ERR_clear_error();
    n = SSL_do_handshake(conn->ssl);
    if (n == 1) {
        conn->state = CONN_OPEN;
        return 0;
    }
    n = SSL_get_error(conn->ssl, n);
    if (n == SSL_ERROR_WANT_READ || n == SSL_ERROR_WANT_WRITE)
        return want(conn, n == SSL_ERROR_WANT_READ ? EPOLLIN : EPOLLOUT, baton);
    conn->error = "no TLS";
    return -1;
}

static int flush(conn_t *conn, void *baton)
{
    while (conn->out) {
        ssize_t n = transfer(conn, 1, conn->out + conn->out_sent, conn->out_len - conn->out_sent, baton);

        if (n <= 0)
            return (int)n;
        conn->out_sent += (size_t)n;
        if (conn->out_sent == conn->out_len) {
            free(conn->out);
            conn->out = NULL;
            return want(conn, EPOLLIN, baton);
        }
    }
    return 0;
}

int conn_send(conn_t *conn, const char *head, size_t head_len, const void *body, size_t body_len, void *baton)
{
    free(conn->out);
    conn->out = malloc(head_len + body_len);
    if (!conn->out)
        return -1;
    memcpy(conn->out, head, head_len);
    memcpy(conn->out + head_len, body, body_len);
    conn->out_len = head_len + body_len;
    conn->out_sent = 0;
    return conn->state == CONN_OPEN ? flush(conn, baton) : 0;
}

int conn_work(conn_t *conn, size_t max, void *baton)
{
    int some = 0;

    if (set_up(conn, baton) != 0)
        return -1;
    if (conn->state != CONN_OPEN)
        return 0;
    if (flush(conn, baton) != 0)
        return -1;
    while (max > 0) {
        size_t step = max < STEP ? max : STEP;
        ssize_t n;
        char room[STEP];

        n = transfer(conn, 0, room, step, baton);
        if (n <= 0)
            return n < 0 ? -1 : some;
        if (conn->in_len + (size_t)n > ANSWER_MAX) {
            conn->error = "too long an answer";
            return -1;
        }
        if (conn->in_len + (size_t)n + 1 > conn->in_size) {
            char *more = realloc(conn->in, conn->in_len + (size_t)n + 1);

            if (!more)
                return -1;
            conn->in = more;
            conn->in_size = conn->in_len + (size_t)n + 1;
        }
        memcpy(conn->in + conn->in_len, room, (size_t)n);
        conn->in_len += (size_t)n;
        conn->in[conn->in_len] = 0;
        max -= (size_t)n;
        some = 1;
    }
    return some;
}

/* A header's value, or NULL. HEAD ends with the empty line. */
static const char *header(const char *head, const char *end, const char *name)
{
    size_t len = strlen(name);

    for (const char *line = strstr(head, "\r\n"); line && line < end; line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, name, len) == 0 && line[2 + len] == ':')
            return line + 3 + len + strspn(line + 3 + len, " ");
    }
    return NULL;
}

int conn_answer(answer_t *answer, const conn_t *conn)
{
    const char *end, *length, *closes;
    size_t head;

    memset(answer, 0, sizeof(*answer));
    if (!conn->in)
        return 0;
    end = strstr(conn->in, "\r\n\r\n");
    if (!end)
        return 0;
    if (strncmp(conn->in, "HTTP/1.", 7) != 0)
        return -1;
    head = (size_t)(end - conn->in) + 4;
    answer->status = atoi(conn->in + 9);
    length = header(conn->in, end, "Content-Length");
    closes = header(conn->in, end, "Connection");
    if (!length)
        return -1;
    answer->len = (size_t)strtoul(length, NULL, 10);
    answer->closes = closes && strncasecmp(closes, "close", 5) == 0;
    answer->body = (const unsigned char *)conn->in + head;
    answer->total = head + answer->len;
    return conn->in_len >= answer->total;
}

void conn_taken(conn_t *conn, const answer_t *answer)
{
    (void)answer; /* one request at a time: nothing can stand behind it */
    free(conn->in);
    conn->in = NULL;
    conn->in_len = conn->in_size = 0;
}
