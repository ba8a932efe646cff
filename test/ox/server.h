/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OXD_SERVER_H
#define OXD_SERVER_H

/* The parts around the modules: sessions, faults, counters, the two HTTP ports. Own locks; see oxd.h. */

#include "oxd.h"

/* ---- session.c ---- */

struct oxd_session {
    gint refs;
    char id[33], secret[33];
    char *client, *user_agent, *ip;
    int ctx_id, user_id;
    int64_t last;
    bool autologin;
};

/*
 * Finds the session of the request's parameter `session` and makes the checks of spec 1.3 in their order; sets session,
 * ctx, user and tz of the request. Returns 0, or -1 with the error set. Under the data lock.
 */
int oxd_session_check(struct oxd_req *req);
/* Sets tz from the parameter timezone or the user. -1: unknown zone, error set. */
int oxd_req_zone(struct oxd_req *req);
void oxd_session_unref(struct oxd_session *s);
/* Drops the sessions of a user, or of all (NULL): they answer SES-0203 from then on. Returns how many. */
int oxd_sessions_drop(const struct oxd_user *user);
/* Gives every session another secret, so that its cookies are wrong (SES-0206). */
int oxd_sessions_spoil(const struct oxd_user *user);
json_t *oxd_sessions_dump(void);
/* The user id of a session, 0 if there is no such session. */
int oxd_session_user(const char *id);

/* ---- fault.c ---- */

enum oxd_fault_kind { OXF_NO_FAULT, OXF_STATUS, OXF_ERROR, OXF_BODY, OXF_TRUNCATE, OXF_CUT, OXF_WARN };

struct oxd_fault {
    int64_t delay_ms;
    enum oxd_fault_kind kind;
    bool after;             /* the call is made first, its answer is lost or spoilt */
    int status;
    int retry_after;        /* seconds, 0: no such header */
    char code[32];
    enum oxd_cat cat;
    char *body;             /* OXF_BODY, OXF_STATUS: sent instead; g_free */
    char *content_type;
};

/* The faults due for this call, if any; counts them down. */
struct oxd_fault oxd_fault_take(const struct oxd_req *req);
/* Adds a rule of the control port; -1: *err says what is wrong with it (g_free). */
int oxd_fault_add(const json_t *rule, char **err);
void oxd_fault_clear(void);
json_t *oxd_fault_dump(void);

/* ---- counters (fault.c too) ---- */

void oxd_count_call(const char *module, const char *action);
void oxd_count_bytes(size_t in, size_t out);
json_t *oxd_counts(void);
void oxd_counts_reset(void);

/* ---- http.c, control.c ---- */

/* Starts both ports, writes the port file; -1 with a message on stderr. */
int oxd_http_start(void);
void oxd_http_stop(void);
/* Handles one call of the control port: method, path and body are set. Takes the locks it needs. */
void oxd_control(struct oxd_req *req);
/* True once POST /quit was called. */
bool oxd_quit_wanted(void);

/* ---- seed.c, seedlarge.c, state.c ---- */

/* Replaces the world by the seed's. -1: *err (g_free). Exclusive lock. */
int oxd_seed_load(const json_t *seed, char **err);
/* A seed for oxd_seed_load: one user with 100,000 mails among 50 users. scale 1: full size, 100: a hundredth. */
json_t *oxd_seed_large(unsigned random_seed, int scale);
json_t *oxd_state_dump(void);
int oxd_state_restore(const json_t *state, char **err);
/* To a file through a temporary one. */
int oxd_state_save(const char *path, char **err);

/* ---- push.c ---- */

void oxd_push_start(void);
void oxd_push_stop(void);
/* Control: {"dovecot":url|null,"login":…,"password":…,"udp-port":n,"peers":[{"host","port"}],"delay":ms}. */
int oxd_push_config(const json_t *config, json_t **answer, char **err);
/* Sends a notification at once, for tests of receivers. */
int oxd_push_send(const json_t *what, json_t **answer, char **err);

#endif
