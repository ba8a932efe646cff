/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OXD_H
#define OXD_H

/*
 * oxd - a stand-in for an Open-Xchange server's HTTP API, for tests.
 *
 * The picture: http.c turns one HTTP request into a struct oxd_req; dispatch.c finds the row of its module and
 * action, takes the data lock, checks the session and calls the action; the action sets exactly one reply with one
 * of the oxd_reply_* or oxd_fail calls and returns; request.c writes the envelope. `multiple` makes child requests and
 * runs them through the same oxd_dispatch().
 *
 * Locks. One data lock (a rwlock) guards everything below struct oxd_world. dispatch.c takes it: shared for plain
 * actions, exclusive for rows with OXS_WRITE. Actions, seeds, dump, restore, control hooks and folder hooks always run
 * with it held and never take it. Sessions, counters, faults and the push queue have small locks of their own, and are
 * always taken after the data lock, never before.
 *
 * Memory. GLib throughout. Strings and buffers that need to live as long as the request come from
 * oxd_req_strdup/printf. json_t reference counts are atomic; objects of the store may be increfed into replies but are
 * never changed while another thread could hold them: writers replace members only under the exclusive lock, and
 * replies are serialised before the lock is given up.
 */

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include <jansson.h>

/* ---- words ---- */

/* Content kinds of folders, as numbers in `content_type` and `allowed_modules` (spec 2.3). */
enum oxd_kind {
    OXK_NONE = 0,
    OXK_TASKS = 1,
    OXK_CALENDAR = 2,
    OXK_CONTACTS = 3,
    OXK_UNBOUND = 4,
    OXK_SYSTEM = 5,
    OXK_MAIL = 7,
    OXK_INFOSTORE = 8,
    OXK_MAX
};

/* Values of standard_folder_type (spec 2.3). */
enum { OXF_NONE = 0, OXF_TASKS = 1, OXF_CALENDAR = 2, OXF_CONTACTS = 3, OXF_INBOX = 7, OXF_INFOSTORE = 8,
       OXF_DRAFTS = 9, OXF_SENT = 10, OXF_SPAM = 11, OXF_TRASH = 12 };

/* Folder types (spec 2.2, column 302). OXT_SHARED is never stored, it is how a stranger sees a private folder. */
enum { OXT_PRIVATE = 1, OXT_PUBLIC = 2, OXT_SHARED = 3, OXT_SYSTEM = 5, OXT_MAIL = 7 };

/* Error categories and their numbers (spec 1.6). */
enum oxd_cat {
    OXC_USER_INPUT = 1,
    OXC_CONFIGURATION = 2,
    OXC_PERMISSION_DENIED = 3,
    OXC_TRY_AGAIN = 4,
    OXC_SERVICE_DOWN = 5,
    OXC_CONNECTIVITY = 6,
    OXC_ERROR = 8,
    OXC_CONFLICT = 9,
    OXC_CAPACITY = 11,
    OXC_TRUNCATED = 12,
    OXC_WARNING = 13
};

struct oxd_world;
struct oxd_ctx;
struct oxd_user;
struct oxd_folder;
struct oxd_session;
struct oxd_req;

/* ---- the data ---- */

struct oxd_options {
    int port, control_port;   /* 0: any free one */
    const char *port_file;    /* "port control-port\n" is written there once both listen */
    const char *seed;         /* JSON seed file, SEED.md */
    int seed_large;           /* > 0: make the large data set with this random seed instead */
    const char *state;        /* state file: restored at start if it exists, saved at the end */
    const char *prefix;       /* "/ajax/" */
    bool ip_check;
    bool any_address;         /* listen on all addresses, not only loopback */
    int threads;
    int max_sessions;         /* per user, SES-0007 beyond it */
};

/* A permission of a folder: spec 2.4. */
struct oxd_perm {
    int entity;
    bool group;
    uint32_t bits;
};

struct oxd_folder {
    struct oxd_ctx *ctx;
    char *id; /* "31", "default0/INBOX/Project"; changes when a mail folder or an ancestor is renamed */
    int num;                      /* the number of a groupware folder, 0 for mail */
    char *title;
    enum oxd_kind kind;
    int type;                     /* OXT_*, as its owner sees it */
    int std_type;                 /* OXF_* */
    int owner;                    /* user id; 0 for system folders */
    struct oxd_folder *parent;    /* NULL for the roots 1, 2, 3, 9 and a mail account's root default0 */
    GPtrArray *children;          /* struct oxd_folder *, in order of creation */
    GArray *perms;                /* struct oxd_perm; for mail: the owner's row */
    int created_by, modified_by;
    int64_t created, modified;    /* UTC ms */
    bool subscribed, used_for_sync;
    char *origin;                 /* path before it went to the trash, or NULL */
    json_t *meta;                 /* free client data or NULL */
    GPtrArray *objs;              /* PIM: struct oxd_obj * shown in this folder (pim.h) */
    GArray *tombs;                /* PIM: struct oxd_tomb of objects that left this folder (pim.h) */
    int64_t uidvalidity;          /* mail: unique over the server's life; kept over rename and move */
    int64_t uidnext;              /* mail: next UID */
    void *mail;                   /* mail: the mail module's own store, made and freed by its hooks */
};

struct oxd_group {
    int id;
    char *name;
    GArray *members;              /* int user ids */
};

struct oxd_user {
    struct oxd_ctx *ctx;
    int id;
    char *login, *password;
    char *display_name;
    char *email;                  /* primary address */
    GPtrArray *aliases;           /* char *: every further own address */
    char *tz, *locale;
    GTimeZone *zone;              /* of tz */
    int contact_id;               /* in folder 6 */
    bool admin, disabled;
    bool hard_delete;             /* mail setting: deletes do not go to the trash */
    bool no_sent_copy;            /* mail setting: no copy to Sent unless copy2Sent says so */
    int64_t quota_mail;           /* bytes, -1 unlimited */
    GHashTable *caps;             /* set of capability ids */
    GHashTable *mail_folders;     /* id -> struct oxd_folder *, owns them */
    struct oxd_folder *mail_root; /* default0 */
    struct oxd_folder *def[4];    /* default folders by OXK_TASKS, OXK_CALENDAR, OXK_CONTACTS */
    GArray *mail_tombs;           /* struct oxd_folder_tomb of mail folders */
    json_t *config;               /* values written through config/… : path -> value */
    json_t *attributes;           /* user?action=setAttribute */
    json_t *filters;              /* mailfilter: array of rules in order */
    int next_filter;
    void *mail;                   /* the mail module's own data of this user, or NULL */
};

/* A deleted or vanished folder. viewer 0: everybody saw it. */
struct oxd_folder_tomb {
    char *id;
    int64_t when;
    int viewer;
};

struct oxd_ctx {
    int id;
    char *name;
    bool locked;                  /* SES-0204 */
    GPtrArray *users;             /* struct oxd_user *, owns them */
    GPtrArray *groups;            /* struct oxd_group * */
    GHashTable *folders;          /* id -> struct oxd_folder *: groupware folders, owns them */
    GArray *folder_tombs;         /* struct oxd_folder_tomb */
    int next_folder, next_id;     /* one counter for the ids of all objects of a context */
    GHashTable *store[OXK_MAX];   /* PIM: id (GINT_TO_POINTER) -> struct oxd_obj *, owns them (pim.h) */
    void *attach;                 /* the attachment module's own */
};

struct oxd_world {
    GPtrArray *ctxs;              /* struct oxd_ctx *, owns them */
    int64_t next_uidvalidity;
    json_t *switches;             /* control: {"delete-ids":…}, see oxd_switch */
};

/* The one world. Read or written under the data lock only. */
extern struct oxd_world *oxd_world;
extern struct oxd_options oxd_options;

struct oxd_ctx *oxd_ctx_find(int id);
/* How many users have their mail on a real server: then all calls have the data lock exclusively. */
extern int oxd_backed;
/* What has happened on the server since; elements of one `multiple` are not worth a look each. */
void mail_imap_refresh(struct oxd_user *user, bool in_multiple);
struct oxd_user *oxd_user_find(const struct oxd_ctx *ctx, int id);
/* By login name, "login@context name" too. */
struct oxd_user *oxd_user_by_login(const char *login);
/* By primary address or alias, ASCII case ignored; NULL: not one of this context. */
struct oxd_user *oxd_user_by_address(const struct oxd_ctx *ctx, const char *address);
/* Is the address (primary or alias) the user's own? */
bool oxd_user_owns_address(const struct oxd_user *user, const char *address);
bool oxd_user_has_cap(const struct oxd_user *user, const char *cap);
bool oxd_user_in_group(const struct oxd_user *user, int group);

/* A new id for an object of the context: under the exclusive lock. */
int oxd_new_id(struct oxd_ctx *ctx);

/* ---- clock and zones (clock.c) ---- */

/*
 * The modification stamp of a write: UTC ms, strictly increasing over the whole server, unless the control port asked
 * for equal stamps. Any thread.
 */
int64_t oxd_stamp(void);
/* The time of day as the stand-in's clock has it (control may set it). Any thread. */
int64_t oxd_now(void);
void oxd_clock_set(int64_t ms);      /* from now on the clock runs from here; 0: real time again */
void oxd_clock_freeze(bool stand);   /* true: it stands still; stamps still increase */
void oxd_clock_equal(bool equal);    /* true: every stamp repeats the last one */
void oxd_clock_atleast(int64_t ms);  /* later stamps are > ms: seeds and restore call it */
/* A zone by Olson name, NULL if unknown. Cached for ever; any thread. */
GTimeZone *oxd_zone(const char *name);
/* UTC offset of the zone in ms at the UTC instant. */
int64_t oxd_zone_offset(GTimeZone *tz, int64_t utc_ms);
/* "Time" (spec 1.9): UTC plus the zone's offset; and back. */
int64_t oxd_time_out(GTimeZone *tz, int64_t utc_ms);
int64_t oxd_time_in(GTimeZone *tz, int64_t time_ms);

/* ---- the request ---- */

/* One part of a multipart upload. data is NUL terminated beyond len. */
struct oxd_part {
    char *name, *filename, *content_type;
    char *data;
    size_t len;
};

struct oxd_param {
    const char *name, *value;
};

enum oxd_reply_kind { OXR_NONE, OXR_EMPTY, OXR_JSON, OXR_TEXT, OXR_BARE, OXR_RAW, OXR_HTML, OXR_ERROR };

struct oxd_reply {
    enum oxd_reply_kind kind;
    int status;                   /* HTTP */
    json_t *data;                 /* OXR_JSON: the payload, OXR_BARE: the whole body */
    GString *text;                /* OXR_TEXT: the payload as JSON text; OXR_RAW, OXR_HTML: the body */
    const char *content_type;     /* OXR_RAW */
    const char *callback;         /* not NULL: JSON goes out as an HTML page calling callback_<this> */
    int64_t timestamp;
    bool has_timestamp;
    int64_t more;                 /* >= 0: member "more" */
    json_t *extra;                /* further members of the envelope (warnings, problematic …) or NULL */
    json_t *error;                /* OXR_ERROR: the error object */
    const char *filename;         /* OXR_RAW: Content-Disposition */
    GPtrArray *cookies;           /* char *: Set-Cookie values */
};

struct oxd_req {
    const char *method;           /* "GET" "PUT" "POST" */
    const char *module;           /* the row's name: "mail", "contacts/picture" … */
    const char *path;             /* what follows the module in the URL, no leading slash: "mail/sendaddress" */
    const char *action;           /* "" if none */
    GArray *params;               /* struct oxd_param: query, then form; in multiple: the members */
    guint nquery;                 /* that many of params came in the query string */
    json_t *body;                 /* PUT body, or the form field json / json_0 of an upload; NULL: none or not JSON */
    const char *raw;              /* PUT body as it came */
    size_t raw_len;
    GPtrArray *parts;             /* struct oxd_part * of a multipart upload, or NULL */
    struct oxd_session *session;  /* NULL for calls of the control port and for login */
    struct oxd_ctx *ctx;
    struct oxd_user *user;
    GTimeZone *tz;                /* the effective zone of "Time" values: parameter timezone, else the user's */
    const char *peer_ip, *user_agent, *accept, *cookie; /* "" if absent */
    bool in_multiple, internal;   /* internal: made by the control port */
    struct oxd_reply reply;
    GString *out;                 /* the body as it goes over the wire, made by oxd_dispatch under the lock */
    const char *out_type;
    void *scratch;                /* the module's own while it answers */
    GStringChunk *chunk;
    GPtrArray *owned;             /* things to g_free at the end */
};

/* The value of a parameter, NULL if it was not sent. Lives as long as the request. */
const char *oxd_param(const struct oxd_req *req, const char *name);
bool oxd_param_bool(const struct oxd_req *req, const char *name, bool dflt); /* true, 1 */
int64_t oxd_param_int(const struct oxd_req *req, const char *name, int64_t dflt);
/* The value of a required parameter; missing: sets the error SVL-0002 and returns NULL. */
const char *oxd_param_need(struct oxd_req *req, const char *name);
/* The body if it is an array (object); else sets the error SVL-0003 and returns NULL. */
json_t *oxd_body_array(struct oxd_req *req);
json_t *oxd_body_object(struct oxd_req *req);
/* An upload's part by name, NULL if there is none. */
const struct oxd_part *oxd_part(const struct oxd_req *req, const char *name);
char *oxd_req_strdup(struct oxd_req *req, const char *s);
char *oxd_req_printf(struct oxd_req *req, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

/* ids arrive as numbers or strings: -1 if the value is neither. */
int64_t oxd_json_id(const json_t *value);
/* obj[key] as text, also if it is a number; NULL if missing or null. */
const char *oxd_json_text(struct oxd_req *req, const json_t *obj, const char *key);

/* ---- replies: the last one set counts. All return 0 so that an action can `return oxd_reply_…` ---- */

/* {"data":data,"timestamp":ts}; takes the reference of data (NULL: no member data); ts < 0: no timestamp. */
int oxd_reply(struct oxd_req *req, json_t *data, int64_t ts);
/* The same with data as ready JSON text, for big lists; takes the string. */
int oxd_reply_text(struct oxd_req *req, GString *json, int64_t ts);
/* The bare JSON value, no envelope. Takes the reference. */
int oxd_reply_bare(struct oxd_req *req, json_t *value);
/* Bytes of a type; takes the string; filename may be NULL. content_type must live as long as the request. */
int oxd_reply_raw(struct oxd_req *req, const char *content_type, GString *bytes, const char *filename);
/* An HTTP status with a small HTML page. */
int oxd_reply_status(struct oxd_req *req, int status, const char *text);
/* 200, empty body. */
int oxd_reply_empty(struct oxd_req *req);
/* Answers to uploads: JSON wrapped into the page that calls callback_<action> (spec 1.7). Call besides oxd_reply. */
void oxd_reply_as_html(struct oxd_req *req, const char *action);
/* Member "more" of mail lists. */
void oxd_reply_more(struct oxd_req *req, int64_t more);
/* A further member of the envelope; takes the reference. */
void oxd_reply_member(struct oxd_req *req, const char *name, json_t *value);
/*
 * An error by its code: category and message come from the one table in errors.c; desc is the English error_desc, NULL
 * repeats the message. Returns -1, so that actions can `return oxd_fail(…)`.
 */
int oxd_fail(struct oxd_req *req, const char *code, const char *desc, ...) G_GNUC_PRINTF(3, 4);
/* The same with a category other than the table's. */
int oxd_fail_cat(struct oxd_req *req, const char *code, enum oxd_cat cat, const char *desc, ...) G_GNUC_PRINTF(4, 5);
const char *oxd_cat_name(enum oxd_cat cat);
enum oxd_cat oxd_cat_by_name(const char *name); /* 0: unknown */

/* ---- columns ---- */

/*
 * A column of a module (spec 1.8). Modules keep one const table, ended by id 0; type is the module's own business (an
 * enum of getters).
 */
struct oxd_column {
    int id;
    const char *name;
    int type;
};

/*
 * The columns asked for by `columns=` (and `headers=` when with_headers): one entry per requested position. col NULL:
 * not in the table → null, or with_headers and not a number: header is its name.
 */
struct oxd_colsel {
    const struct oxd_column *col;
    const char *header;
};
/* Result owned by the request. A trailing comma is tolerated. *n is 0 when the parameter is missing. */
const struct oxd_colsel *oxd_columns(struct oxd_req *req, const struct oxd_column *table, bool with_headers, size_t *n);

/* JSON text writers, for rows built without json_t. */
void oxd_text_str(GString *out, const char *utf8);           /* NULL: null; broken UTF-8 is replaced */
void oxd_text_int(GString *out, int64_t v);
void oxd_text_json(GString *out, const json_t *v);           /* NULL: null */

/* ---- modules ---- */

enum {
    OXS_WRITE = 1,          /* runs under the exclusive lock */
    OXS_WRITE_UNSEEN = 2,   /* the same unless the parameter unseen=true is there */
    OXS_NOSESSION = 4,      /* no session needed (login) */
    OXS_NOMULTI = 8,        /* refused inside multiple */
    OXS_SERIAL = 16,        /* multiple keeps the order of these */
    OXS_NOLOCK = 32         /* takes no lock, finds no session: looks after itself */
};

struct oxs_action {
    const char *name;       /* "" for calls without action= */
    unsigned flags;
    int (*handle)(struct oxd_req *req);
};

/*
 * One row of the one table oxd_modules[] in dispatch.c. Hooks may be NULL. All run under the exclusive lock but
 * `handle` of actions without OXS_WRITE, `counts` and `dump`.
 */
struct oxs_module {
    const char *name;                   /* path below the prefix; the longest match wins */
    const char *cap;                    /* capability the user needs, or NULL; code denied is sent without it */
    const char *denied;
    unsigned flags;                     /* or-ed into every action's */
    enum oxd_kind kind;                 /* folders of this kind belong to the module, OXK_NONE: none */
    const struct oxs_action *actions;   /* ended by name NULL */
    /*
     * Seed: called once per user with the user's seed object, and once per context with user NULL and the context's,
     * after all users and folders exist. Returns 0, or -1 with *err set (g_free).
     */
    int (*seed_load)(struct oxd_ctx *ctx, struct oxd_user *user, const json_t *seed, char **err);
    /* Everything of the context that this module owns, as JSON; restore reads it back into an empty context whose users
     * and folders exist. Also the answer of the control port's dump. */
    json_t *(*dump)(const struct oxd_ctx *ctx);
    int (*restore)(struct oxd_ctx *ctx, const json_t *state, char **err);
    /* POST /module/<name> of the control port: req->body is the JSON sent, req->ctx and ->user are set when "user" was
     * given. Replies with oxd_reply or oxd_fail like an action. */
    int (*control)(struct oxd_req *req);
    /* Folder hooks for folders of `kind`. */
    void (*folder_counts)(const struct oxd_folder *f, const struct oxd_user *viewer, int *total, int *fresh,
                          int *unread, int *deleted);
    void (*folder_clear)(struct oxd_folder *f, struct oxd_user *by);
    void (*folder_free)(struct oxd_folder *f);   /* frees f->mail and the like; no traces */
    void (*user_free)(struct oxd_user *user);    /* frees user->mail */
    void (*ctx_free)(struct oxd_ctx *ctx);       /* frees what the module keeps in the context */
    int64_t (*user_bytes)(const struct oxd_user *user); /* what the user's mails take, for quota?action=mail */
};

extern const struct oxs_module *const oxd_modules[];  /* NULL ended */
const struct oxs_module *oxd_module_by_kind(enum oxd_kind kind);

extern const struct oxs_module oxs_mail;              /* mail.c */

/*
 * Runs one call: module row, action, lock, session or user, handler. The reply is in req->reply whatever the result.
 * With req->internal the user is already set and no session is looked for.
 */
void oxd_dispatch(struct oxd_req *req);
/* A request below another one (multiple, control): shares nothing but the strings given. Free with oxd_req_free. */
struct oxd_req *oxd_req_new(void);
void oxd_req_free(struct oxd_req *req);
void oxd_req_add_param(struct oxd_req *req, const char *name, const char *value);
/* The body of the answer as it goes over the wire. */
GString *oxd_reply_body(struct oxd_req *req, const char **content_type);

/* A switch of the control port (POST /switch {"name":value}), NULL if it was never set. Under the data lock. */
const json_t *oxd_switch(const char *name);
bool oxd_switch_is(const char *name, const char *value);

/* ---- folders: data.c has the tree, folders.c the HTTP module ---- */

/* Rights, spec 2.4. */
#define OXD_BITS(folder, rd, wr, del, admin) \
    ((uint32_t)(folder) | (uint32_t)(rd) << 7 | (uint32_t)(wr) << 14 | (uint32_t)(del) << 21 | (uint32_t)(admin) << 28)
#define OXD_BITS_OWNER OXD_BITS(64, 64, 64, 64, 1)
enum { OXD_R_FOLDER = 0, OXD_R_READ = 7, OXD_R_WRITE = 14, OXD_R_DELETE = 21, OXD_R_ADMIN = 28 };

/* Groupware folder or the user's own mail folder ("default…") by id; NULL if there is none. No rights are checked. */
struct oxd_folder *oxd_folder_find(const struct oxd_ctx *ctx, const struct oxd_user *user, const char *id);
/* The user's mail folder of an OXF_ type (inbox, sent, trash …). */
struct oxd_folder *oxd_mail_folder_std(const struct oxd_user *user, int std_type);
/* A new mail folder below parent, with a new UIDVALIDITY; used by seeds and by folders?action=new. NULL: name taken. */
struct oxd_folder *oxd_mail_folder_new(struct oxd_user *user, struct oxd_folder *parent, const char *title,
                                       int std_type);
/* A new UIDVALIDITY, unique over the server's life. */
int64_t oxd_new_uidvalidity(void);
/* The user's rights: own row and those of the user's groups or-ed field by field as maxima. */
uint32_t oxd_folder_rights(const struct oxd_folder *f, const struct oxd_user *user);
/* One field of the rights: OXD_R_*: 0, 1, 2, 4, 64. */
static inline unsigned oxd_right(uint32_t bits, int field)
{
    return field == OXD_R_ADMIN ? (bits >> 28) & 1 : (bits >> field) & 0x7f;
}
bool oxd_folder_visible(const struct oxd_folder *f, const struct oxd_user *user);
/* Is f or one of its ancestors the trash? */
bool oxd_folder_in_trash(const struct oxd_folder *f);

/* ---- events: push.c; cheap when nobody listens ---- */

/* New mail was delivered into f (not for IMAP-like appends): Dovecot PUT when a target is set, UDP to registered
 * clients. */
void oxd_event_mail(const struct oxd_user *user, const struct oxd_folder *f, int64_t uid, const char *from,
                    const char *subject, const char *snippet, int unseen);
/* The content of a groupware folder changed. */
void oxd_event_folder(const struct oxd_folder *f, int64_t when);

#endif
