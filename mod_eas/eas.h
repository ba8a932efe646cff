/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The protocol ring's own words: a request as the web server hands it in, the answer it gets back, and the context that
 * command handlers work with. Nothing here knows httpd. A request is of one thread; requests do not know of each other.
 */
#ifndef EAS_H
#define EAS_H

#include <apr_buckets.h>
#include <apr_tables.h>
#include <usm/usm.h>

#include "eas_conf.h"
#include "eas_pace.h"
#include "eas_policy.h"
#include "eas_query.h"
#include "eas_slot.h"
#include "eas_table.h"
#include "eas_version.h"
#include "wbxml/wbxml_node.h"
#include "wbxml/wbxml_writer.h"

#define EAS_ANSWER_MAX (64 << 20) /* bytes of an answer */
#define EAS_SMALL_BODY (1 << 20)  /* bytes of a request to a command without EAS_CMD_BIG_BODY */
#define EAS_DEVICE_ID_STRICT 32   /* characters of a device id (MS-ASHTTP 2.2.1.1.1.2.3) */
#define EAS_ID_MAX 64             /* characters of a key or id (MS-ASCMD) */
#define EAS_WBXML_TYPE "application/vnd.ms-sync.wbxml"

/* A number of tbl/lognos for usm_log(): the module's numbers are negative, the library's positive. */
#define EASLOGNO(n) (-(n))

/* What the web server knows of a request. All text is UTF-8 and lives as long as POOL. */
typedef struct eas_request_t {
    const char *method;
    const char *args;            /* query string as it came, NULL without */
    const char *user, *password; /* of the credentials; password NULL when the user came in another way */
    usm_login_t *login;          /* NULL: nobody has checked the credentials with the groupware server yet */
    usm_error_t *login_error;    /* why there is no login although it was tried */
    const char *group;           /* environment variable EAS_GROUP, NULL without */
    int is_tls;                  /* came over TLS, here or at a proxy that is trusted */
    usm_context_t *usm;          /* NULL: see usm_error */
    usm_error_t *usm_error;      /* why the state database or the configuration cannot be used */
    eas_pace_t *pace;            /* NULL: nobody is slowed */
    const eas_conf_t *conf;
    const usm_log_t *log;
    apr_pool_t *pool;
    apr_bucket_alloc_t *bucket_alloc;
    void *baton; /* for the functions below */
    /* A header, or NULL. */
    const char *(*header)(void *baton, const char *name);
    /*
     * Reads the whole body, at most MAX bytes, into the pool. Returns 0 or the HTTP status to answer with (400, 408,
     * 413). To be called once.
     */
    int (*read_body)(void *baton, apr_size_t max, const char **data_p, apr_size_t *len_p);
    /* Has the device gone, or is the server stopping? For commands that wait. May block for a moment only. */
    int (*stop)(void *baton);
    int can_park; /* the request may leave its thread: rsp->park */
    apr_int64_t wait_max; /* ms a command may wait in its thread; 0: as long as it wants */
    /* A command is about to wait in the thread, or has waited: may it, or are there too many? NULL: any number may. */
    int (*enter)(void *baton);
    void (*leave)(void *baton);
    /* Which device it is, as soon as that is known: sets key->serial. NULL: nobody needs to know. */
    void (*claim)(void *baton, eas_slot_key_t *key);
} eas_request_t;

typedef struct eas_park_t eas_park_t; /* eas_park.h */

/* The answer. */
typedef struct eas_response_t {
    eas_park_t *park;         /* not NULL: there is no answer yet, and nothing else is set; see eas_park.h */
    int http;                 /* status */
    const char *content_type; /* NULL when there is no body */
    apr_table_t *headers;
    apr_bucket_brigade *body;
    apr_off_t length;
    apr_table_t *
        notes; /* eas-user, eas-device, eas-cmd, eas-status, eas-ox-calls, eas-store, eas-store-rows: for access logs */
} eas_response_t;

/* A request on its way through the protocol ring. What is not set yet is NULL or 0. */
typedef struct eas_ctx_t {
    const eas_request_t *req;
    eas_response_t *rsp;
    const eas_conf_t *conf;
    const usm_log_t *log;
    apr_pool_t *pool; /* the request's */
    eas_query_t *query;
    unsigned version; /* times ten */
    const eas_command_t *command;
    const char *device_id, *device_type;
    const eas_policy_t *policy; /* that the rules give the device; set once there is a session */
    apr_uint32_t policy_key; /* as the device sent it, 0 without */
    usm_login_t *login;
    usm_session_t *session;
    const char *body; /* the request's body, unpacked; "" when empty */
    apr_size_t body_len;
    int is_mime;     /* the body is a message, not WBXML (SendMail and its like up to 12.1) */
    eas_node_t *doc; /* the decoded body, NULL when empty or a message */
    eas_writer_t *out;
    eas_writer_mark_t start; /* nothing written */
    int status;              /* EAS Status for the log, 0 = none */
    int answered;            /* the answer is complete */
    int multipart;           /* the answer is the document and the parts behind it (MS-ASCMD 2.2.1.10.1.1) */
    apr_array_header_t *parts; /* eas_part_t; NULL = none */
    const char *raw_type;      /* the answer is no document but the one part, of this type */
    int slowed;              /* refused for its device's pace */
    eas_pace_result_e came;  /* what came of the command, as far as its handler knows */
    eas_slot_key_t key;      /* the device among all; device 0: it is not known */
    apr_time_t began;
} eas_ctx_t;

/* Bytes that go out as they are: of a file, or DATA. They live as long as the request's pool. */
typedef struct eas_part_t {
    apr_file_t *file;
    const char *data;
    apr_off_t len;
} eas_part_t;

/* Appends a part and returns its number in a multipart answer: from 1 on, 0 is the document. */
int eas_part_add(eas_ctx_t *ctx, const eas_part_t *part);
/* Drops the parts from number FIRST on. */
void eas_part_drop(eas_ctx_t *ctx, int first);
/* Puts head and parts around the document that is in the answer's body, or the raw part in its place. */
void eas_part_finish(eas_ctx_t *ctx);

/*
 * A command. DOC is the decoded request, NULL when the body is empty or a message (see ctx->body). Writes the answer's
 * document to OUT, from the root on, or nothing: then the answer is truly empty. An error returned makes all of it
 * void: eas_answer_error() says what the device is told then.
 */
typedef usm_error_t *(*eas_handler_t)(eas_ctx_t *ctx, const eas_node_t *doc, eas_writer_t *out);

/* Serves one request: all checks, the command, the answer. RSP is zeroed by the caller and filled here, always. */
void eas_dispatch(eas_response_t *rsp, const eas_request_t *req);

/* The frame around a command that goes on later: a context that is yet to be filled, and the answer from it, unless
 * rsp->park is set again. ERR is consumed. */
eas_ctx_t *eas_dispatch_begin(eas_response_t *rsp, const eas_request_t *req);
void eas_dispatch_end(eas_ctx_t *ctx, usm_error_t *err);

/* The handler of a command, NULL when it is not built. */
eas_handler_t eas_command_handler(eas_command_id_t id);

/*
 * Completes the answer with STATUS alone, dropping what was written before: below 100 the command's own status, in the
 * command's document; from 100 on a common one, in the document from 14.0 on and as HTTP status before; from 200 on an
 * HTTP status in every version. Always NULL, so that handlers can return it.
 */
usm_error_t *eas_answer_status(eas_ctx_t *ctx, int status);

/* eas_answer_status() with what tbl/errmap.h has for ERR, which is logged and consumed. */
void eas_answer_error(eas_ctx_t *ctx, usm_error_t *err);

/* The status that tbl/errmap.h has for ERR in COMMAND; see eas_answer_status(). */
int eas_error_status(const usm_error_t *err, const eas_command_t *command);

/* Writes TAG with STATUS and notes it for the log. For the top-level Status of a document. */
void eas_put_status(eas_ctx_t *ctx, eas_writer_t *out, unsigned tag, int status);

/* Are all children of NODE among TAGS (a list that ends with 0), each once at most? */
int eas_node_only(const eas_node_t *node, const unsigned *tags);

/*
 * Unpacks a gzip or zlib body of LEN bytes into POOL. Returns 0, or the HTTP status to answer with: 400 when it is
 * broken, 413 when it would be more than MAX bytes or is packed suspiciously well.
 */
int eas_inflate(const char **data_p, apr_size_t *len_p, const char *data, apr_size_t len, apr_size_t max,
                apr_pool_t *pool);

/* TEXT when it is UTF-8, else TEXT taken as ISO 8859-1 and converted, in POOL: Outlook sends passwords like that. */
const char *eas_utf8(const char *text, apr_pool_t *pool);

/* The handlers of the rows. eas_cmd_none() is that of commands which are not built. */
#define EAS_COMMAND(name_, code_, first_, last_, root_, flags_, handler_, doc_)                                        \
    usm_error_t *handler_(eas_ctx_t *ctx, const eas_node_t *doc, eas_writer_t *out);
#include "tbl/commands.h"

#endif
