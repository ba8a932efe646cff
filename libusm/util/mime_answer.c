/* SPDX-License-Identifier: Apache-2.0 */
/* Replies and forwards: an original's body and parts put into the message a device has written. */
#include "util/mime_int.h"
#include "util/text.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>

#define QUOTE_MAX ((apr_size_t)1 << 20) /* bytes of an original's body that are repeated */
#define DEPTH_MAX 32
#define REFERENCES_MAX 8000

/* The parts of a message that are its body. */
typedef struct bodies_t {
    GMimeObject *plain, *html;
} bodies_t;

static int is_attached(GMimeObject *object)
{
    const char *disposition = g_mime_object_get_disposition(object);
    return disposition && strcasecmp(disposition, "attachment") == 0;
}

static int is_encrypted(GMimeObject *object)
{
    GMimeContentType *type = g_mime_object_get_content_type(object);
    return GMIME_IS_MULTIPART_ENCRYPTED(object) || g_mime_content_type_is_type(type, "application", "pkcs7-mime") ||
           g_mime_content_type_is_type(type, "application", "x-pkcs7-mime");
}

/* Where the parts are alternatives all are looked at; of others the body is the first that is one. */
static void find_bodies(bodies_t *b, GMimeObject *object, int depth)
{
    if (!object || depth > DEPTH_MAX || is_attached(object) || is_encrypted(object))
        return;
    if (GMIME_IS_TEXT_PART(object)) {
        GMimeContentType *type = g_mime_object_get_content_type(object);
        if (!b->plain && g_mime_content_type_is_type(type, "text", "plain"))
            b->plain = object;
        else if (!b->html && g_mime_content_type_is_type(type, "text", "html"))
            b->html = object;
        return;
    }
    if (!GMIME_IS_MULTIPART(object))
        return;
    int all = g_mime_content_type_is_type(g_mime_object_get_content_type(object), "multipart", "alternative");
    for (int i = 0; i < g_mime_multipart_get_count(GMIME_MULTIPART(object)); i++) {
        find_bodies(b, g_mime_multipart_get_part(GMIME_MULTIPART(object), i), depth + 1);
        if (!all && (b->plain || b->html))
            return;
    }
}

/* Decoded, in UTF-8, at most @a max bytes. */
static const char *text_of(GMimeObject *part, apr_size_t max, apr_pool_t *pool)
{
    char *text = part ? g_mime_text_part_get_text(GMIME_TEXT_PART(part)) : NULL;
    apr_size_t len = text ? strlen(text) : 0;
    len = len > max ? usm__text_cut(text, len, max) : len;
    const char *out = text ? usm__text_clean(pool, text, len, NULL) : NULL;
    g_free(text);
    return out;
}

static void put_text(GMimeObject *part, const char *text)
{
    /* A client's own idea of line breaks or encoding no longer holds. */
    g_mime_content_type_set_parameter(g_mime_object_get_content_type(part), "charset", "utf-8");
    if (g_mime_object_get_content_type_parameter(part, "format"))
        g_mime_object_set_content_type_parameter(part, "format", "fixed");
    g_mime_text_part_set_text(GMIME_TEXT_PART(part), text);
    g_mime_part_set_content_encoding(GMIME_PART(part), usm__text_is_ascii(text, strlen(text))
                                                           ? GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE
                                                           : GMIME_CONTENT_ENCODING_BASE64);
}

/* ---- quoting ---- */

typedef struct buf_t {
    char *data;
    apr_size_t len, room;
    apr_pool_t *pool;
} buf_t;

static void add(buf_t *b, const char *text, apr_size_t len)
{
    if (b->len + len + 1 > b->room) {
        apr_size_t room = (b->len + len + 1) * 2;
        char *data = apr_palloc(b->pool, room);
        memcpy(data, b->data ? b->data : "", b->len);
        b->data = data;
        b->room = room;
    }
    memcpy(b->data + b->len, text, len);
    b->len += len;
    b->data[b->len] = '\0';
}

/* Each line after @a mark. */
static void add_lines(buf_t *b, const char *text, const char *mark)
{
    while (*text) {
        apr_size_t n = strcspn(text, "\n"), bare = n && text[n - 1] == '\r' ? n - 1 : n;
        add(b, mark, strlen(mark) - (*mark && *text == '>' && mark[1]));
        add(b, text, bare);
        add(b, "\r\n", 2);
        text += n + (text[n] == '\n');
    }
}

static void add_escaped(buf_t *b, const char *text)
{
    for (; *text; text++) {
        if (*text == '<')
            add(b, "&lt;", 4);
        else if (*text == '>')
            add(b, "&gt;", 4);
        else if (*text == '&')
            add(b, "&amp;", 5);
        else if (*text == '\n')
            add(b, "<br>\r\n", 6);
        else if (*text != '\r')
            add(b, text, 1);
    }
}

static const char *find_last_nocase(const char *text, const char *what)
{
    apr_size_t n = strlen(what), len = strlen(text);
    for (apr_size_t i = len >= n ? len - n + 1 : 0; i-- > 0;) {
        if (strncasecmp(text + i, what, n) == 0)
            return text + i;
    }
    return NULL;
}

/* What stands between the body tags, or all of it. */
static const char *inner_html(const char *html, apr_pool_t *pool)
{
    const char *start = html, *end = find_last_nocase(html, "</body");
    for (const char *p = html; *p; p++) {
        if (*p == '<' && strncasecmp(p, "<body", 5) == 0 && (p[5] == '>' || apr_isspace(p[5]))) {
            const char *close = strchr(p, '>');
            start = close ? close + 1 : p;
            break;
        }
    }
    if (!end || end < start)
        end = start + strlen(start);
    return apr_pstrmemdup(pool, start, (apr_size_t)(end - start));
}

static const char *join_text(const char *own, const char *quoted, const char *head, int forward, apr_pool_t *pool)
{
    buf_t b = {.pool = pool};
    add_lines(&b, own ? own : "", "");
    add(&b, "\r\n", 2);
    if (head) {
        add_lines(&b, "-----Original Message-----\n", "");
        add_lines(&b, head, "");
        add(&b, "\r\n", 2);
    }
    add_lines(&b, quoted, forward ? "" : "> ");
    return b.data;
}

static const char *join_html(const char *own, const char *quoted, const char *head, int forward, apr_pool_t *pool)
{
    buf_t b = {.pool = pool};
    const char *end = find_last_nocase(own, "</body");
    apr_size_t before = end ? (apr_size_t)(end - own) : strlen(own);
    const char *open = forward ? "<br><div>" : "<br><blockquote type=\"cite\">";
    const char *close = forward ? "</div>" : "</blockquote>";
    add(&b, own, before);
    if (head) {
        add(&b, "<hr><div>", 9);
        add_escaped(&b, head);
        add(&b, "</div>", 6);
    }
    add(&b, open, strlen(open));
    add(&b, quoted, strlen(quoted));
    add(&b, close, strlen(close));
    add(&b, own + before, strlen(own + before));
    return b.data;
}

static const char *as_html(const char *text, apr_pool_t *pool)
{
    buf_t b = {.pool = pool};
    add(&b, "", 0);
    add_escaped(&b, text);
    return b.data;
}

/* ---- parts ---- */

/* A multipart/mixed at the top, to which parts can be added. */
static GMimeMultipart *mixed_top(GMimeMessage *msg)
{
    GMimeObject *top = g_mime_message_get_mime_part(msg);
    if (top && GMIME_IS_MULTIPART(top) &&
        g_mime_content_type_is_type(g_mime_object_get_content_type(top), "multipart", "mixed"))
        return GMIME_MULTIPART(top);
    GMimeMultipart *mixed = g_mime_multipart_new_with_subtype("mixed");
    g_mime_multipart_set_boundary(mixed, NULL);
    if (top)
        g_mime_multipart_add(mixed, top);
    g_mime_message_set_mime_part(msg, GMIME_OBJECT(mixed));
    g_object_unref(mixed); /* the message holds it */
    return mixed;
}

static int is_shown_image(GMimeObject *part)
{
    return g_mime_object_get_content_id(part) && !is_attached(part) &&
           g_mime_content_type_is_type(g_mime_object_get_content_type(part), "image", "*");
}

typedef struct carry_t {
    GMimeMessage *msg;
    bodies_t bodies; /* of the original: these stand in the text already */
    int images_only;
} carry_t;

static void carry_parts(carry_t *c, GMimeObject *object, int depth)
{
    if (!object)
        return;
    if (GMIME_IS_MULTIPART(object) && !GMIME_IS_MULTIPART_ENCRYPTED(object) && depth < DEPTH_MAX) {
        for (int i = 0; i < g_mime_multipart_get_count(GMIME_MULTIPART(object)); i++)
            carry_parts(c, g_mime_multipart_get_part(GMIME_MULTIPART(object), i), depth + 1);
        return;
    }
    if (object == c->bodies.plain || object == c->bodies.html || (c->images_only && !is_shown_image(object)))
        return;
    g_mime_multipart_add(mixed_top(c->msg), object);
}

static void attach_whole(GMimeMessage *msg, GMimeMessage *original)
{
    GMimeMessagePart *part = g_mime_message_part_new_with_message("rfc822", original);
    g_mime_object_set_disposition(GMIME_OBJECT(part), "attachment");
    g_mime_multipart_add(mixed_top(msg), GMIME_OBJECT(part));
    g_object_unref(part);
}

/* A message without a body that could take text gets one in front. */
static void need_body(bodies_t *own, GMimeMessage *msg)
{
    GMimeObject *top = g_mime_message_get_mime_part(msg);
    if (own->plain || own->html)
        return;
    GMimeTextPart *text = g_mime_text_part_new_with_subtype("plain");
    own->plain = GMIME_OBJECT(text);
    if (!top)
        g_mime_message_set_mime_part(msg, own->plain);
    else
        g_mime_multipart_insert(mixed_top(msg), 0, own->plain);
    g_object_unref(text);
}

/* Clients that leave the original to the server often write its head themselves. */
static const char *wanted_head(const usm__original_t *original, const char *own)
{
    return original->head && !(own && original->from && strstr(own, original->from)) ? original->head : NULL;
}

static void quote(GMimeMessage *msg, bodies_t *own, const bodies_t *theirs, const usm__original_t *original,
                  int forward, apr_pool_t *pool)
{
    const char *plain = text_of(theirs->plain, QUOTE_MAX, pool), *html = text_of(theirs->html, QUOTE_MAX, pool);
    const char *text = text_of(own->plain, APR_SIZE_MAX, pool);
    if (!plain && original->text)
        plain = usm__text_clean(pool, original->text, original->text_len, NULL);
    need_body(own, msg);
    if (own->plain && plain)
        put_text(own->plain, join_text(text, plain, wanted_head(original, text), forward, pool));
    text = text_of(own->html, APR_SIZE_MAX, pool);
    if (own->html && (html || plain)) {
        html = html ? inner_html(html, pool) : as_html(plain, pool);
        put_text(own->html, join_html(text ? text : "", html, wanted_head(original, text), forward, pool));
    }
}

static void merge(GMimeMessage *msg, GMimeMessage *theirs, const usm__original_t *original, int forward,
                  apr_pool_t *pool)
{
    GMimeObject *top = g_mime_message_get_mime_part(theirs);
    bodies_t own = {NULL, NULL};
    carry_t carry = {.msg = msg, .images_only = !forward};
    int sealed = top && (usm__gmime_is_sealed(top) || is_encrypted(top));
    find_bodies(&own, g_mime_message_get_mime_part(msg), 0);
    find_bodies(&carry.bodies, top, 0);
    if (forward && sealed) {
        attach_whole(msg, theirs);
        return;
    }
    quote(msg, &own, &carry.bodies, original, forward, pool);
    if (forward || (own.html && carry.bodies.html))
        carry_parts(&carry, top, 0);
}

/* ---- headers ---- */

static const char *one_line(const char *text, apr_pool_t *pool)
{
    char *out = apr_pstrdup(pool, text);
    for (char *p = out; *p; p++) {
        if ((unsigned char)*p < ' ' || (unsigned char)*p >= 0x7f)
            *p = ' ';
    }
    return out;
}

static void add_thread(const char **data_p, apr_size_t *len_p, const usm__original_t *original, int forward,
                       apr_pool_t *pool)
{
    if (!original->message_id || !*original->message_id || strlen(original->message_id) > REFERENCES_MAX)
        return;
    const char *id = one_line(original->message_id, pool);
    const char *before = original->references && strlen(original->references) < REFERENCES_MAX
                             ? apr_pstrcat(pool, one_line(original->references, pool), "\r\n ", NULL)
                             : "";
    if (!usm__head_has(*data_p, *len_p, "References"))
        usm__head_set(data_p, len_p, "References", apr_pstrcat(pool, before, id, NULL), pool);
    if (!forward && !usm__head_has(*data_p, *len_p, "In-Reply-To"))
        usm__head_set(data_p, len_p, "In-Reply-To", id, pool);
}

int usm__mime_forms(const char *data, apr_size_t len)
{
    bodies_t b = {NULL, NULL};
    usm__mime_init();
    GMimeMessage *msg = usm__gmime_parse(data, len);
    if (!msg)
        return 0;
    GMimeObject *top = g_mime_message_get_mime_part(msg);
    find_bodies(&b, top, 0);
    int forms = (b.plain ? USM_BODY_TEXT : 0) | (b.html ? USM_BODY_HTML : 0);
    g_object_unref(msg);
    return forms;
}

usm_error_t *usm__mime_answer(const char **data_p, apr_size_t *len_p, const char *mime, apr_size_t len,
                              const usm__original_t *original, int forward, apr_pool_t *pool)
{
    usm_error_t *err = NULL;
    usm__mime_init();
    *data_p = mime;
    *len_p = len;
    GMimeMessage *theirs = original->data ? usm__gmime_parse(original->data, original->len) : NULL;
    GMimeMessage *msg = theirs ? usm__gmime_parse(mime, len) : NULL;
    if (theirs && !msg) {
        g_object_unref(theirs);
        return USM_ERROR(pool, USM_EMIME, "what the device sent is not a mail");
    }
    if (msg) {
        GMimeObject *top = g_mime_message_get_mime_part(msg);
        if (!top || (!usm__gmime_is_sealed(top) && !is_encrypted(top))) {
            merge(msg, theirs, original, forward, pool);
            err = usm__gmime_write(data_p, len_p, msg, len + original->len, pool);
        }
        g_object_unref(msg);
    }
    if (theirs)
        g_object_unref(theirs);
    USM_ERR(err);
    add_thread(data_p, len_p, original, forward, pool);
    return NULL;
}
