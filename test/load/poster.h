/* SPDX-License-Identifier: Apache-2.0 */
/* What changes the groupware server and tells of it: requests made from a template, one after the other, by a thread
 * of its own. */
#ifndef LOAD_POSTER_H
#define LOAD_POSTER_H

#include <netinet/in.h>
#include <stddef.h>

typedef struct post_t {
    struct sockaddr_in to;
    const char *method, *path, *credentials; /* credentials: "name:password" or NULL */
    const char *body;                        /* with {user} and {n} */
    int batch; /* bodies in one request, as a JSON array; 1: each by itself, no array */
} post_t;

/* Parse "METHOD http://name:password@127.0.0.1:port/path". 0 or -1. */
int post_parse(post_t *post, char *text);
/* TEXT with {user}, {n} and {user} replaced. */
void expand(char *out, size_t size, const char *text, int n, const char *user);
/* Post for COUNT users; before each request ABOUT is told which are in it. The number of requests that failed. */
int post_all(const post_t *post, const int *users, int count, const char *user_template,
             void (*about)(void *baton, const int *users, int count), void *baton);

#endif
