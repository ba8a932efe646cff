/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Module `mail` of the stand-in: what its files share.
 *
 * mail_store.c keeps the messages of each folder; mail_gen.c writes synthetic ones; mail_list.c answers all, list,
 * search and the counters; mail_search.c judges search terms; mail_get.c answers get and attachment; mail_change.c
 * update, copy, delete, clear; mail_imap.c keeps them on a real IMAP server; mail_send.c new, import, autosave and
 * receipts; mail_compose.c reply and forward;
 * mail_seed.c seeds, dump, restore and the control hook; mail.c is the table of actions. mime.h knows RFC 822 and
 * nothing of the server.
 *
 * All functions want the data lock; those that change something want it exclusively.
 */
#ifndef OX_MAIL_H
#define OX_MAIL_H

#include "oxd.h"
#include "mime.h"

/* Flag bits (spec 3.3). */
enum {
    MAIL_ANSWERED = 1,
    MAIL_DELETED = 2,
    MAIL_DRAFT = 4,
    MAIL_FLAGGED = 8,
    MAIL_RECENT = 16,
    MAIL_SEEN = 32,
    MAIL_USER = 64,
    MAIL_SPAM = 128,
    MAIL_FORWARDED = 256,
    MAIL_MDN_SENT = 512,
    MAIL_SETTABLE = 1 | 2 | 4 | 8 | 32 | 128 | 256 | 512
};

typedef struct mail_msg {
    int64_t received; /* UTC ms */
    uint32_t uid;
    uint32_t size; /* bytes of the raw message */
    uint16_t flags;
    uint8_t color;
    gint attachment;   /* 0 not looked at yet, 1 no, 2 yes */
    uint32_t gen_seed; /* raw NULL: mail_gen_raw() makes the bytes again from these two */
    uint32_t gen_index;
    GBytes *raw;
    mime_head_t *head; /* made when first asked for */
} mail_msg_t;

typedef struct mail_imap mail_imap_t;

typedef struct mail_box {
    struct oxd_folder *folder;
    char *imap_state; /* what STATUS said when it was read from a real server */
    mail_msg_t **v; /* by UID, ascending */
    size_t n, cap;
    int unread, deleted;
    int64_t bytes;
    GMutex order_lock;
    GPtrArray *order; /* the last order made, or NULL */
    int order_key;
} mail_box_t;

/* ---- mail_store.c ---- */

/* The folder's messages; made empty when it has none yet. */
mail_box_t *mail_box(struct oxd_folder *f);
/* The same, but NULL when there is none. */
const mail_box_t *mail_box_peek(const struct oxd_folder *f);
void mail_box_free(mail_box_t *box);
/* By UID; NULL when there is none. */
mail_msg_t *mail_find(const mail_box_t *box, uint32_t uid);
/* By the id of the API (decimal UID); NULL also when id is no number. */
mail_msg_t *mail_find_id(const mail_box_t *box, const char *id);
/* By Message-ID, with or without angle brackets. */
mail_msg_t *mail_find_message_id(const struct oxd_user *user, const mail_box_t *box, const char *message_id);
/* Appends with the folder's next UID; takes its own reference of raw. received < 0: now. */
mail_msg_t *mail_add(struct oxd_folder *f, GBytes *raw, int flags, int color, int64_t received);
/* Appends message number index of the generator, of the given size. */
mail_msg_t *mail_add_generated(struct oxd_folder *f, uint32_t seed, uint32_t index, uint32_t size, int flags, int color,
                               int64_t received);
void mail_flags_set(mail_box_t *box, mail_msg_t *msg, int flags);
void mail_remove(struct oxd_folder *f, mail_msg_t *msg);
/* Copies into dst (which may be the same folder) under a new UID. */
mail_msg_t *mail_copy(struct oxd_folder *dst, const mail_msg_t *msg);
/* A copy in dst, the original removed. */
mail_msg_t *mail_move(struct oxd_folder *src, mail_msg_t *msg, struct oxd_folder *dst);
/* Removes (hard) or moves to the trash all messages of the folder. */
void mail_empty(struct oxd_user *user, struct oxd_folder *f, bool hard);
/* Would a delete of the user in this folder be final? */
bool mail_delete_is_hard(const struct oxd_user *user, const struct oxd_folder *f);
/* Head of the message, cached. Never NULL. */
const mime_head_t *mail_head(const struct oxd_user *user, mail_msg_t *msg);
bool mail_has_attachment(const struct oxd_user *user, mail_msg_t *msg);
/* Bytes of the message; g_bytes_unref() them. */
GBytes *mail_raw(const struct oxd_user *user, const mail_msg_t *msg);
/* Messages in ascending order of a sort column (600, 603 … 661), ties by UID. g_ptr_array_unref() it. */
GPtrArray *mail_order(const struct oxd_user *user, mail_box_t *box, int key);
/* Bytes all mail of the user takes. */
int64_t mail_usage(const struct oxd_user *user);
/* Is there room for more bytes? False also while the switch mail-quota is "full". */
bool mail_room(const struct oxd_user *user, int64_t more);

/* ---- mail_imap.c: users whose mail lies on a real IMAP server ---- */

/* From now on this user's folders are those of the server on that port of the loopback interface; folders that it
 * has not stay in memory. */
void mail_imap_attach(struct oxd_user *user, int port, const char *login, const char *password);
/* What there is stays in memory. */
void mail_imap_detach(struct oxd_user *user);
/* These do it on the server and nothing for other users. The UID of the new message, 0: not on a server. */
uint32_t mail_imap_append(struct oxd_folder *f, GBytes *raw, int flags, int color, int64_t received);
void mail_imap_flags(const struct oxd_folder *f, const mail_msg_t *msg);
void mail_imap_expunge(const struct oxd_folder *f, uint32_t uid);

/* ---- mail_gen.c ---- */

/* When and with which flags message index of count was received; until is the newest instant. */
void mail_gen_meta(uint32_t seed, uint32_t index, uint32_t count, int64_t until, int64_t *received, int *flags,
                   int *color);
/* The bytes of message index, the same at every call with the same arguments. */
void mail_gen_raw(const struct oxd_user *user, uint32_t seed, uint32_t index, int64_t received, GString *out);

/* ---- mail.c: helpers of all actions ---- */

/* The mail folder of a parameter or of an id; NULL: error IMAP-1002 (or a missing parameter) is set. */
struct oxd_folder *mail_folder_param(struct oxd_req *req, const char *name);
struct oxd_folder *mail_folder_id(struct oxd_req *req, const char *id);
/* The mail of parameters id or message_id in the folder; NULL: error MSG-0032 is set. */
mail_msg_t *mail_msg_param(struct oxd_req *req, struct oxd_folder *f);
/* Sets MSG-0032. Returns -1. */
int mail_fail_gone(struct oxd_req *req, const struct oxd_folder *f, const char *id);
/* Sets the quota error. Returns -1. */
int mail_fail_quota(struct oxd_req *req);
/* {"folder_id":…,"id":…} */
json_t *mail_path(const struct oxd_folder *f, const mail_msg_t *msg);

/* ---- mail_list.c ---- */

extern const struct oxd_column mail_columns[];
/* Columns and headers= of the request. *n is their number. */
const struct oxd_colsel *mail_colsel(struct oxd_req *req, size_t *n);
/* One row as JSON text. */
void mail_row(GString *out, struct oxd_req *req, const struct oxd_folder *f, mail_msg_t *msg,
              const struct oxd_colsel *cols, size_t n);
int mail_act_all(struct oxd_req *req);
int mail_act_list(struct oxd_req *req);
int mail_act_search(struct oxd_req *req);
int mail_act_examine(struct oxd_req *req);
int mail_act_count(struct oxd_req *req);
int mail_act_updates(struct oxd_req *req);
int mail_act_threaded(struct oxd_req *req);

/* ---- mail_search.c ---- */

typedef struct mail_term mail_term_t;
/* Reads a filter (spec 3.7) or the older array of {col, pattern}. NULL: error set. Free with mail_term_free(). */
mail_term_t *mail_term_parse(struct oxd_req *req, const json_t *body);
bool mail_term_match(const mail_term_t *term, const struct oxd_req *req, mail_msg_t *msg);
void mail_term_free(mail_term_t *term);

/* ---- mail_get.c ---- */
int mail_act_get(struct oxd_req *req);
int mail_act_attachment(struct oxd_req *req);

/* ---- mail_change.c ---- */
int mail_act_update(struct oxd_req *req);
int mail_act_copy(struct oxd_req *req);
int mail_act_delete(struct oxd_req *req);
int mail_act_clear(struct oxd_req *req);
int mail_act_all_seen(struct oxd_req *req);

/* ---- mail_send.c ---- */
int mail_act_new(struct oxd_req *req);
int mail_act_import(struct oxd_req *req);
int mail_act_autosave(struct oxd_req *req);
int mail_act_receipt(struct oxd_req *req);
/* Puts a message into the INBOX of every recipient of the server. sender may be NULL; kept in the outbox. */
void mail_deliver(const struct oxd_user *sender, GBytes *raw);
/* CRLF line ends everywhere. A new string. */
GString *mail_crlf(const char *raw, size_t len);
/* What was sent, oldest first, for the control port: [{"from","to":[…],"raw"}]. A new array. */
json_t *mail_outbox(bool forget);
/* Tells listeners about a new mail in f. */
void mail_announce(const struct oxd_user *user, const struct oxd_folder *f, mail_msg_t *msg);

/* ---- mail_compose.c ---- */
int mail_act_reply(struct oxd_req *req);
int mail_act_replyall(struct oxd_req *req);
int mail_act_forward(struct oxd_req *req);

/* ---- mail_seed.c ---- */
int mail_seed_load(struct oxd_ctx *ctx, struct oxd_user *user, const json_t *seed, char **err);
json_t *mail_dump(const struct oxd_ctx *ctx);
int mail_restore(struct oxd_ctx *ctx, const json_t *state, char **err);
int mail_control(struct oxd_req *req);

#endif
