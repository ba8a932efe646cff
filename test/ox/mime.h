/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the stand-in needs to know about RFC 822 bytes. Nothing here keeps a reference to the bytes it was given, and
 * no GMime type leaves these files. All functions may be called by several threads at once.
 */
#ifndef OX_MIME_H
#define OX_MIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <jansson.h>

/* The cached part of a message: what a listing shows. Address lists are arrays of [name|null, address], never NULL. */
typedef struct mime_head {
    json_t *from;
    json_t *to;
    json_t *cc;
    json_t *bcc;
    json_t *subject;      /* string, or NULL when the header is absent */
    json_t *content_type; /* "text/plain" */
    json_t *notify;       /* Disposition-Notification-To as written, or NULL */
    json_t *message_id;   /* with its angle brackets, or NULL */
    json_t *references;   /* References, or NULL */
    int64_t sent;         /* Date header, UTC milliseconds; -1 when absent or unreadable */
    int priority;         /* X-Priority, 3 when absent */
} mime_head_t;

/* Reads the header block only; the body is not touched. Free with mime_head_free(). */
mime_head_t *mime_head_new(const char *raw, size_t len);
void mime_head_free(mime_head_t *head);

/* Length of the header block including the blank line that ends it. */
size_t mime_header_len(const char *raw, size_t len);

/* First header called name, unfolded but not decoded; NULL when absent. The caller frees it. */
char *mime_header_raw(const char *raw, size_t len, const char *name);

/* The same with encoded words decoded, as a new JSON string; NULL when absent. */
json_t *mime_header_text(const char *raw, size_t len, const char *name);

/* Calls fn with every header in order: name and decoded value. Stops when fn answers false. */
typedef bool (*mime_header_fn)(void *baton, const char *name, const char *value);
void mime_header_each(const char *raw, size_t len, mime_header_fn fn, void *baton);

/* Copy of the message without any header called name. *out_len gets its length; the caller frees the result. */
char *mime_header_drop(const char *raw, size_t len, const char *name, size_t *out_len);

/* Copy of the message with "name: value" put before all other headers; value must be ready for the wire. */
char *mime_header_put(const char *raw, size_t len, const char *name, const char *value, size_t *out_len);

/* Address header text to [[name|null, address], …]. A new array, empty when nothing can be read. */
json_t *mime_addresses(const char *text);

/* JSON string of bytes in an unknown character set: UTF-8 if they are that, else read as windows-1252. */
json_t *mime_json_text(const char *bytes, size_t len);

/* How mime_object() shows a message (section 3.4, `view`). */
enum mime_view {
    MIME_VIEW_RAW,
    MIME_VIEW_TEXT,
    MIME_VIEW_TEXT_ONLY,
    MIME_VIEW_HTML,
    MIME_VIEW_NOIMG,
    MIME_VIEW_DOCUMENT
};

typedef struct mime_opts {
    enum mime_view view;
    size_t max_size;                              /* longest body text in bytes, 0 = no limit */
    bool no_nested;                               /* show attached messages as attachments */
    bool attach_src;                              /* add `source` to attachments that carry messages */
    int64_t (*time_fn)(void *baton, int64_t utc); /* UTC to the value the request wants; NULL = as it is */
    void *baton;
} mime_opts_t;

/* Reads a view name; false when it is none. NULL and "" give MIME_VIEW_HTML. */
bool mime_view_parse(const char *name, enum mime_view *view);

/*
 * The message as members of a mail object: from, to, cc, bcc, subject, sent_date, priority, disp_notification_to,
 * content_type, attachment, headers, attachments, nested_msgs, truncated. A new object.
 */
json_t *mime_object(const char *raw, size_t len, const mime_opts_t *opts);

/* True when the message has parts a user would call attachments (column 602). */
bool mime_has_attachment(const char *raw, size_t len);

/* One part with its transfer encoding removed. */
typedef struct mime_bytes {
    char *data;
    size_t len;
    char *type; /* content type with charset for text */
    char *name; /* file name or NULL */
} mime_bytes_t;

/* Finds a part by its id ("1", "2.1") or, when id is NULL, by its Content-ID. False when there is none. */
bool mime_part(const char *raw, size_t len, const char *id, const char *cid, mime_bytes_t *out);
void mime_bytes_free(mime_bytes_t *bytes);

/* Searches the decoded text parts; match gets each as UTF-8. True as soon as one call answers true. */
typedef bool (*mime_match_fn)(void *baton, const char *text);
bool mime_text_any(const char *raw, size_t len, mime_match_fn match, void *baton);

/* Same over the parts' content types (kind 't'), dispositions ('d') or file names ('n'). */
bool mime_attr_any(const char *raw, size_t len, char kind, mime_match_fn match, void *baton);

/* A file for mime_build(). */
typedef struct mime_file {
    const char *name; /* may be NULL */
    const char *type; /* may be NULL: application/octet-stream */
    const char *cid;  /* may be NULL; set = shown inline */
    const char *data;
    size_t len;
} mime_file_t;

/*
 * Writes a message from a mail object (section 3.8): from, to, cc, bcc, subject, priority, disp_notification_to,
 * headers, attachments[0] as body (text/plain, text/html, ALTERNATIVE) and further files. 7-bit clean; CRLF; with Date
 * and Message-ID. The caller frees the result.
 */
char *mime_build(const json_t *mail, const mime_file_t *files, size_t n_files, size_t *out_len);

#endif
