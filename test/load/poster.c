/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <openssl/evp.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "poster.h"

enum { BODY_MAX = 1 << 20, ONE_MAX = 8192 };

int post_parse(post_t *post, char *text)
{
    char *space = strchr(text, ' '), *host, *at, *slash, *colon;

    if (!space || strncmp(space + 1, "http://", 7) != 0)
        return -1;
    *space = 0;
    post->method = text;
    host = space + 8;
    slash = strchr(host, '/');
    at = strchr(host, '@');
    if (!slash)
        return -1;
    post->path = strdup(slash);
    *slash = 0;
    if (at && at < slash) {
        *at = 0;
        post->credentials = host;
        host = at + 1;
    }
    colon = strchr(host, ':');
    post->to.sin_family = AF_INET;
    post->to.sin_port = htons((unsigned short)atoi(colon ? colon + 1 : "80"));
    if (colon)
        *colon = 0;
    return inet_pton(AF_INET, host, &post->to.sin_addr) == 1 ? 0 : -1;
}

void expand(char *out, size_t size, const char *text, int n, const char *user)
{
    size_t len = 0;

    while (*text && len + 1 < size) {
        int width = 0, used = 0;

        if (strncmp(text, "{user}", 6) == 0 && user) {
            len += (size_t)snprintf(out + len, size - len, "%s", user);
            text += 6;
        } else if (sscanf(text, "{n%d}%n", &width, &used) == 1 && used > 0) {
            len += (size_t)snprintf(out + len, size - len, "%0*d", width, n);
            text += used;
        } else if (strncmp(text, "{n}", 3) == 0) {
            len += (size_t)snprintf(out + len, size - len, "%d", n);
            text += 3;
        } else {
            out[len++] = *text++;
        }
    }
    out[len < size ? len : size - 1] = 0;
}

static int write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

        if (n <= 0)
            return -1;
        data += n;
        len -= (size_t)n;
    }
    return 0;
}

/* Reads an answer with Content-Length. Its status, or -1. */
static int read_answer(int fd)
{
    char buf[ONE_MAX];
    size_t len = 0;

    for (;;) {
        ssize_t n = recv(fd, buf + len, sizeof(buf) - 1 - len, 0);
        const char *end, *length;

        if (n <= 0)
            return -1;
        len += (size_t)n;
        buf[len] = 0;
        end = strstr(buf, "\r\n\r\n");
        length = strcasestr(buf, "\r\nContent-Length:");
        if (end && (!length || length > end || len >= (size_t)(end - buf) + 4 + strtoul(length + 17, NULL, 10)))
            return atoi(buf + 9);
        if (len == sizeof(buf) - 1)
            return -1;
    }
}

static int dial(const post_t *post)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

    if (fd >= 0)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&post->to, sizeof(post->to)) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static size_t head_of(char *head, size_t size, const post_t *post, size_t len)
{
    char login[400] = "", name[256];
    int n;

    if (post->credentials) {
        snprintf(name, sizeof(name), "%s", post->credentials);
        memcpy(login, "Authorization: Basic ", 21);
        n = EVP_EncodeBlock((unsigned char *)login + 21, (const unsigned char *)name, (int)strlen(name));
        memcpy(login + 21 + n, "\r\n", 3);
    }
    n = snprintf(head, size,
                 "%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n%sContent-Length: %zu\r\n\r\n",
                 post->method, post->path, login, len);
    return n > 0 ? (size_t)n : 0;
}

/* One request; on a connection that the server has closed meanwhile, once more. */
static int post_one(int *fd, const post_t *post, const char *body, size_t len)
{
    char head[1024];
    size_t head_len = head_of(head, sizeof(head), post, len);

    for (int tries = 0; tries < 2; tries++) {
        int status;

        if (*fd < 0)
            *fd = dial(post);
        if (*fd < 0)
            return -1;
        status = write_all(*fd, head, head_len) || write_all(*fd, body, len) ? -1 : read_answer(*fd);
        if (status >= 0)
            return status / 100 == 2 ? 0 : -1;
        close(*fd);
        *fd = -1;
    }
    return -1;
}

int post_all(const post_t *post, const int *users, int count, const char *user_template,
             void (*about)(void *baton, const int *users, int count), void *baton)
{
    char *body = malloc(BODY_MAX);
    int fd = -1, failed = 0, batch = post->batch > 1 ? post->batch : 1;

    for (int i = 0; body && i < count; i += batch) {
        int n = count - i < batch ? count - i : batch;
        size_t len = 0;

        for (int k = 0; k < n && len + ONE_MAX < BODY_MAX; k++) {
            char user[128];

            expand(user, sizeof(user), user_template, users[i + k], NULL);
            if (batch > 1)
                body[len++] = k ? ',' : '[';
            expand(body + len, ONE_MAX, post->body, users[i + k], user);
            len += strlen(body + len);
        }
        if (batch > 1)
            body[len++] = ']';
        if (about)
            about(baton, users + i, n);
        failed += post_one(&fd, post, body, len) != 0;
    }
    if (fd >= 0)
        close(fd);
    free(body);
    return body ? failed : count;
}
