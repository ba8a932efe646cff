/* SPDX-License-Identifier: Apache-2.0 */
#include "mime.h"

#include <apr_strings.h>
#include <apr_time.h>
#include <gmime/gmime.h>
#include <string.h>

#define LINE_LIMIT 998     /* RFC 5322 2.1.1 */
#define HEADERS_MAX 262144 /* bytes of the header block of a message from a device */

void usm__mime_init(void)
{
    g_mime_init();
}

static apr_status_t unref(void *object)
{
    g_object_unref(object);
    return APR_SUCCESS;
}

/* The pool owns the reference. */
static void *owned(void *object, apr_pool_t *pool)
{
    if (object)
        apr_pool_cleanup_register(pool, object, unref, apr_pool_cleanup_null);
    return object;
}

static int is_clean(const char *data, apr_size_t len)
{
    apr_size_t line = 0;
    for (apr_size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)data[i];
        if (c >= 0x80 || c == 0)
            return 0;
        line = c == '\n' ? 0 : line + 1;
        if (line > LINE_LIMIT + 1)
            return 0;
    }
    return 1;
}

/* The header block must end, and early: what follows is the body. */
static int header_block_ok(const char *data, apr_size_t len)
{
    for (apr_size_t i = 0; i + 1 < len; i++) {
        if (i > HEADERS_MAX)
            return 0;
        if (data[i] == '\n' && (data[i + 1] == '\n' || (i + 2 < len && data[i + 1] == '\r' && data[i + 2] == '\n')))
            return 1;
    }
    return len <= HEADERS_MAX; /* headers alone are a message with an empty body */
}

static GMimeMessage *parse(const char *data, apr_size_t len, apr_pool_t *pool)
{
    GMimeStream *stream = owned(g_mime_stream_mem_new_with_buffer(data, len), pool);
    GMimeParser *parser = owned(g_mime_parser_new_with_stream(stream), pool);
    g_mime_parser_set_persist_stream(parser, FALSE);
    GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);
    return owned(message, pool);
}

static int count_recipients(GMimeMessage *message)
{
    InternetAddressList *all = g_mime_message_get_all_recipients(message);
    int n = 0;
    for (int i = 0; all && i < internet_address_list_length(all); i++) {
        InternetAddress *a = internet_address_list_get_address(all, i);
        if (INTERNET_ADDRESS_IS_MAILBOX(a)) {
            const char *addr = internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(a));
            n += addr && strchr(addr, '@') != NULL;
        } else if (INTERNET_ADDRESS_IS_GROUP(a)) {
            n += internet_address_list_length(internet_address_group_get_members(INTERNET_ADDRESS_GROUP(a)));
        }
    }
    if (all)
        g_object_unref(all);
    return n;
}

static const char *from_address(GMimeMessage *message, apr_pool_t *pool)
{
    InternetAddressList *from = g_mime_message_get_from(message);
    if (!from || internet_address_list_length(from) == 0)
        return NULL;
    InternetAddress *a = internet_address_list_get_address(from, 0);
    const char *addr = INTERNET_ADDRESS_IS_MAILBOX(a) ? internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(a)) : NULL;
    return apr_pstrdup(pool, addr ? addr : "");
}

/* Lines that the message lacks, in front of it: so its own bytes need not be touched. */
static const char *missing_headers(usm__mail_t *mail, GMimeMessage *message, apr_pool_t *pool)
{
    const char *id = g_mime_message_get_message_id(message), *lines = "";
    GMimeObject *object = GMIME_OBJECT(message), *part = g_mime_message_get_mime_part(message);
    if (id && *id) {
        mail->message_id = apr_pstrcat(pool, "<", id, ">", NULL);
    } else {
        apr_uint64_t random[2];
        apr_generate_random_bytes((unsigned char *)random, sizeof random);
        const char *domain = mail->from ? strrchr(mail->from, '@') : NULL;
        mail->message_id = apr_psprintf(pool, "<%" APR_UINT64_T_HEX_FMT ".%" APR_UINT64_T_HEX_FMT "@%s>", random[0],
                                        random[1], domain && domain[1] ? domain + 1 : "mobile.invalid");
        lines = apr_pstrcat(pool, lines, "Message-ID: ", mail->message_id, "\r\n", NULL);
    }
    if (!g_mime_object_get_header(object, "Date")) {
        char date[APR_RFC822_DATE_LEN];
        apr_rfc822_date(date, apr_time_now());
        char *gmt = strstr(date, "GMT");
        if (gmt)
            *gmt = '\0';
        lines = apr_pstrcat(pool, lines, "Date: ", date, "+0000\r\n", NULL);
    }
    if (!g_mime_object_get_header(object, "MIME-Version") && part && g_mime_object_get_header(part, "Content-Type"))
        lines = apr_pstrcat(pool, lines, "MIME-Version: 1.0\r\n", NULL);
    return lines;
}

/* Lines end in CR LF; @a data itself when they do already. */
static const char *with_crlf(const char *data, apr_size_t *len_p, apr_pool_t *pool)
{
    apr_size_t bare = 0, n = 0, len = *len_p;
    for (apr_size_t i = 0; i < len; i++)
        bare += data[i] == '\n' && (i == 0 || data[i - 1] != '\r');
    if (!bare)
        return data;
    char *out = apr_palloc(pool, len + bare + 1);
    for (apr_size_t i = 0; i < len; i++) {
        if (data[i] == '\n' && (i == 0 || data[i - 1] != '\r'))
            out[n++] = '\r';
        out[n++] = data[i];
    }
    out[n] = '\0';
    *len_p = n;
    return out;
}

/* Header values with raw 8-bit text are written anew as encoded words (RFC 2047). */
static void encode_headers(GMimeObject *object)
{
    GMimeHeaderList *list = g_mime_object_get_header_list(object);
    for (int i = 0; i < g_mime_header_list_get_count(list); i++) {
        GMimeHeader *header = g_mime_header_list_get_header_at(list, i);
        const char *raw = g_mime_header_get_raw_value(header);
        if (raw && !is_clean(raw, strlen(raw)))
            g_mime_header_set_value(header, NULL, g_mime_header_get_value(header), "utf-8");
    }
}

static void encode_part(GMimeObject *parent, GMimeObject *part, gpointer baton)
{
    (void)parent;
    (void)baton;
    encode_headers(part);
}

static const char *write_out(GMimeMessage *message, apr_size_t *len_p, apr_pool_t *pool)
{
    GMimeFormatOptions *options = g_mime_format_options_new();
    GMimeStream *stream = owned(g_mime_stream_mem_new(), pool);
    g_mime_format_options_set_newline_format(options, GMIME_NEWLINE_FORMAT_DOS);
    gssize written = g_mime_object_write_to_stream(GMIME_OBJECT(message), options, stream);
    g_mime_format_options_free(options);
    GByteArray *bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));
    if (written < 0 || !bytes)
        return NULL;
    *len_p = bytes->len;
    return (const char *)bytes->data;
}

usm_error_t *usm__mime_prepare(usm__mail_t *mail, const char *mime, apr_size_t len, apr_pool_t *pool)
{
    memset(mail, 0, sizeof *mail);
    GMimeMessage *message = header_block_ok(mime, len) ? parse(mime, len, pool) : NULL;
    if (!message || g_mime_header_list_get_count(g_mime_object_get_header_list(GMIME_OBJECT(message))) == 0)
        return USM_ERROR(pool, USM_EMIME, "not a message: no header can be read");
    mail->recipients = count_recipients(message);
    mail->from = from_address(message, pool);
    const char *lines = missing_headers(mail, message, pool);
    if (!is_clean(mime, len)) {
        encode_headers(GMIME_OBJECT(message));
        g_mime_message_foreach(message, encode_part, NULL);
        g_mime_object_encode(GMIME_OBJECT(message), GMIME_ENCODING_CONSTRAINT_7BIT);
        mime = write_out(message, &len, pool);
        if (!mime || !is_clean(mime, len))
            return USM_ERROR(pool, USM_EMIME, "the message has parts that cannot be made 7-bit clean");
    }
    mime = with_crlf(mime, &len, pool);
    apr_size_t extra = strlen(lines);
    if (extra) {
        char *joined = apr_palloc(pool, extra + len + 1);
        memcpy(joined, lines, extra);
        memcpy(joined + extra, mime, len);
        joined[extra + len] = '\0';
        mime = joined;
        len += extra;
    }
    mail->data = mime;
    mail->len = len;
    return NULL;
}
