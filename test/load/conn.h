/* SPDX-License-Identifier: Apache-2.0 */
/* One HTTP/1.1 connection of the load client, plain or TLS, that never blocks. Buffers exist only while something is
 * on its way, so that tens of thousands of waiting ones stay small. */
#ifndef LOAD_CONN_H
#define LOAD_CONN_H

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stddef.h>

typedef struct conn_t {
    int fd; /* -1: closed */
    int epoll;
    unsigned interest;
    enum { CONN_CLOSED, CONN_CONNECTING, CONN_HANDSHAKE, CONN_OPEN } state;
    SSL *ssl;
    char *in, *out;
    size_t in_len, in_size, out_len, out_sent;
    const char *error; /* why conn_work() failed */
} conn_t;

typedef struct answer_t {
    int status;
    int closes; /* the server ends the connection after it */
    const unsigned char *body;
    size_t len, total; /* of the body, and with the head */
} answer_t;

void conn_init(conn_t *conn);
/* Begin to connect; SOURCE is the last two bytes of the local address 127.0.x.y, 0 = any. TLS may be NULL. Events of
 * EPOLL carry BATON. 0 or -1. */
int conn_open(conn_t *conn, int epoll, const struct sockaddr_in *to, unsigned source, SSL_CTX *tls, void *baton);
/* Send a request (a copy of it); once the connection stands. 0 or -1. */
int conn_send(conn_t *conn, const char *head, size_t head_len, const void *body, size_t body_len, void *baton);
/* Do what can be done now, reading MAX bytes at most. 1: bytes came in; 0: none; -1: closed or broken. */
int conn_work(conn_t *conn, size_t max, void *baton);
/* 1: an answer is complete and stays until conn_taken(); 0: not yet; -1: it is none. */
int conn_answer(answer_t *answer, const conn_t *conn);
void conn_taken(conn_t *conn, const answer_t *answer);
/* Read nothing until the next conn_work(). */
void conn_pause(conn_t *conn, void *baton);
void conn_close(conn_t *conn);

#endif
