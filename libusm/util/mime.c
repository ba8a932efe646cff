/* SPDX-License-Identifier: Apache-2.0 */
#include "util/mime_int.h"
#include "util/text.h"

#include <apr_general.h>
#include <apr_strings.h>
#include <apr_time.h>
#include <string.h>

#define LINE_MAX_ 998        /* RFC 5322 2.1.1 */
#define STEP ((apr_size_t)1 << 20) /* bytes of a large message that are looked at in one go */
#define HEADERS_MAX 262144   /* bytes of the header block of a message from a device */

/* GMime must be set up once; nothing is ever torn down, since other parts of the process may use it too. */
void usm__mime_init(void)
{
    static gsize done;
    if (g_once_init_enter(&done)) {
        g_mime_init();
        g_once_init_leave(&done, 1);
    }
}

/* ---- looking ---- */

/* 7-bit bytes without NUL, and no line that a mail server would have to break. */
static int is_clean(const char *data, apr_size_t len)
{
    apr_size_t line = 0;
    for (apr_size_t i = 0; i < len; i++) {
        if (i % STEP == STEP - 1)
            usm_spool_passed(data + i + 1 - STEP, STEP);
        unsigned char c = (unsigned char)data[i];
        line = c == '\n' ? 0 : line + 1;
        if (c == 0 || c >= 0x80 || line > LINE_MAX_ + 1)
            return 0;
    }
    return 1;
}

/* The header block must end, and early: what follows is the body. */
static int header_block_ok(const char *data, apr_size_t len)
{
    for (apr_size_t i = 0; i + 1 < len && i <= HEADERS_MAX; i++) {
        if (data[i] == '\n' && (data[i + 1] == '\n' || (i + 2 < len && data[i + 1] == '\r' && data[i + 2] == '\n')))
            return 1;
    }
    return len <= HEADERS_MAX; /* headers alone are a message with an empty body */
}

GMimeStream *usm__gmime_stream(const char *data, apr_size_t len)
{
    apr_off_t at;
    int fd;
    if (!usm_spool_find(&fd, &at, data))
        return g_mime_stream_mem_new_with_buffer(data, len);
    /* Read from the file, so that its pages do not come into this process. The file is its spool's. */
    GMimeStream *stream = g_mime_stream_fs_new_with_bounds(fd, at, at + (apr_off_t)len);
    g_mime_stream_fs_set_owner(GMIME_STREAM_FS(stream), FALSE);
    return stream;
}

GMimeMessage *usm__gmime_parse(const char *data, apr_size_t len)
{
    GMimeStream *stream = usm__gmime_stream(data, len);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    g_mime_parser_set_format(parser, GMIME_FORMAT_MESSAGE);
    GMimeMessage *msg = g_mime_parser_construct_message(parser, NULL);
    g_object_unref(parser);
    g_object_unref(stream);
    return msg;
}

static int has_header(GMimeMessage *msg, const char *name)
{
    const char *value = g_mime_object_get_header(GMIME_OBJECT(msg), name);
    return value && *value;
}

/* The parser takes anything for a message; what has none of these headers is none. */
static int looks_like_message(GMimeMessage *msg)
{
    static const char *const names[] = {"From", "To", "Cc", "Bcc", "Subject", "Date", "MIME-Version"};
    for (apr_size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (has_header(msg, names[i]))
            return 1;
    }
    return 0;
}

static int count_mailboxes(InternetAddressList *list, const char **first_p, apr_pool_t *pool)
{
    int count = 0;
    for (int i = 0; list && i < internet_address_list_length(list); i++) {
        InternetAddress *one = internet_address_list_get_address(list, i);
        if (INTERNET_ADDRESS_IS_GROUP(one)) {
            count += count_mailboxes(internet_address_group_get_members(INTERNET_ADDRESS_GROUP(one)), first_p, pool);
            continue;
        }
        const char *addr = internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(one));
        if (!addr || !*addr)
            continue;
        if (count++ == 0 && first_p && !*first_p)
            *first_p = usm__text_clean(pool, addr, strlen(addr), NULL);
    }
    return count;
}

/* *authors_p: addresses in From. */
static void collect(usm__mail_t *mail, int *authors_p, GMimeMessage *msg, apr_pool_t *pool)
{
    static const GMimeAddressType types[] = {GMIME_ADDRESS_TYPE_TO, GMIME_ADDRESS_TYPE_CC, GMIME_ADDRESS_TYPE_BCC};
    const char *id = g_mime_message_get_message_id(msg);
    mail->recipients = 0;
    for (int i = 0; i < 3; i++)
        mail->recipients += count_mailboxes(g_mime_message_get_addresses(msg, types[i]), NULL, pool);
    mail->from = NULL;
    *authors_p = count_mailboxes(g_mime_message_get_from(msg), &mail->from, pool);
    mail->message_id = NULL;
    if (id && *id)
        mail->message_id = apr_pstrcat(pool, "<", usm__text_clean(pool, id, strlen(id), NULL), ">", NULL);
}

/* ---- 7-bit clean ---- */

static void encode_headers(GMimeObject *object)
{
    GMimeHeaderList *list = g_mime_object_get_header_list(object);
    for (int i = 0; i < g_mime_header_list_get_count(list); i++) {
        GMimeHeader *header = g_mime_header_list_get_header_at(list, i);
        const char *raw = g_mime_header_get_raw_value(header);
        if (!raw || usm__text_is_ascii(raw, strlen(raw)))
            continue;
        char *value = g_strdup(g_mime_header_get_value(header));
        g_mime_header_set_value(header, NULL, value ? value : "", "utf-8");
        g_free(value);
    }
}

/* Bytes under a signature or an encryption are not ours to touch: not even the headers of such a part. */
int usm__gmime_is_sealed(GMimeObject *object)
{
    return GMIME_IS_MULTIPART_SIGNED(object) || GMIME_IS_MULTIPART_ENCRYPTED(object);
}

static void encode_tree(GMimeObject *object)
{
    encode_headers(object);
    if (usm__gmime_is_sealed(object))
        return;
    if (GMIME_IS_MULTIPART(object)) {
        for (int i = 0; i < g_mime_multipart_get_count(GMIME_MULTIPART(object)); i++)
            encode_tree(g_mime_multipart_get_part(GMIME_MULTIPART(object), i));
    } else if (GMIME_IS_MESSAGE_PART(object)) {
        GMimeMessage *inner = g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));
        if (inner) {
            encode_headers(GMIME_OBJECT(inner));
            encode_tree(g_mime_message_get_mime_part(inner));
        }
    } else if (GMIME_IS_PART(object)) {
        /* GMime leaves "binary" as it is: that is not what a 7-bit way can carry. */
        if (g_mime_part_get_content_encoding(GMIME_PART(object)) == GMIME_CONTENT_ENCODING_BINARY)
            g_mime_part_set_content_encoding(GMIME_PART(object), GMIME_CONTENT_ENCODING_BASE64);
        g_mime_object_encode(object, GMIME_ENCODING_CONSTRAINT_7BIT);
    }
}

/* Memory for what is small; a file, written by GMime itself, for what is not. */
static usm_error_t *write_large(const char **data_p, apr_size_t *len_p, GMimeMessage *msg, GMimeFormatOptions *format,
                                apr_pool_t *pool)
{
    usm_spool_t *spool = usm_spool_create(pool);
    int fd;
    USM_ERR(usm_spool_file(&fd, spool));
    GMimeStream *file = g_mime_stream_fs_new(fd);
    GMimeStream *stream = g_mime_stream_buffer_new(file, GMIME_STREAM_BUFFER_BLOCK_WRITE);
    g_mime_stream_fs_set_owner(GMIME_STREAM_FS(file), FALSE);
    gssize wrote = g_mime_object_write_to_stream(GMIME_OBJECT(msg), format, stream);
    int good = wrote >= 0 && g_mime_stream_flush(stream) == 0;
    apr_off_t end = g_mime_stream_tell(file);
    g_object_unref(stream);
    g_object_unref(file);
    if (!good || end < (apr_off_t)USM_SPOOL_ROOM)
        return USM_ERROR(pool, USM_ENOMEM, "no room for a message on its way");
    *len_p = (apr_size_t)end - USM_SPOOL_ROOM;
    usm_spool_end(spool, *len_p);
    return usm_spool_data(data_p, spool);
}

usm_error_t *usm__gmime_write(const char **data_p, apr_size_t *len_p, GMimeMessage *msg, apr_size_t about,
                              apr_pool_t *pool)
{
    GMimeFormatOptions *format = g_mime_format_options_new();
    usm_error_t *err = NULL;
    g_mime_format_options_set_newline_format(format, GMIME_NEWLINE_FORMAT_DOS);
    if (about > USM_SPOOL_SMALL) {
        err = write_large(data_p, len_p, msg, format, pool);
    } else {
        GMimeStream *stream = g_mime_stream_mem_new();
        g_mime_object_write_to_stream(GMIME_OBJECT(msg), format, stream);
        GByteArray *bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));
        *data_p = apr_pstrmemdup(pool, (const char *)bytes->data, bytes->len);
        *len_p = bytes->len;
        g_object_unref(stream);
    }
    g_mime_format_options_free(format);
    return err;
}

/* usm__text_is_ascii() of a message of any size. */
static int is_ascii(const char *data, apr_size_t len)
{
    for (apr_size_t at = 0; at < len; at += STEP) {
        apr_size_t n = len - at < STEP ? len - at : STEP;
        if (!usm__text_is_ascii(data + at, n))
            return 0;
        usm_spool_passed(data + at, n);
    }
    return 1;
}

static usm_error_t *make_clean(usm__mail_t *mail, GMimeMessage *msg, apr_pool_t *pool)
{
    encode_headers(GMIME_OBJECT(msg));
    GMimeObject *body = g_mime_message_get_mime_part(msg);
    if (body)
        encode_tree(body);
    USM_ERR(usm__gmime_write(&mail->data, &mail->len, msg, mail->len, pool));
    if (!is_ascii(mail->data, mail->len))
        return USM_ERROR(pool, USM_EMIME, "8-bit text in a place where it cannot be encoded");
    return NULL;
}

/* The next piece of a message with CR LF at the ends of its lines; @a out has room for twice as much. */
static apr_size_t crlf_piece(char *out, const char *data, apr_size_t at, apr_size_t len)
{
    apr_size_t n = 0;
    for (apr_size_t i = at; i < at + len; i++) {
        if (data[i] == '\n' && (i == 0 || data[i - 1] != '\r'))
            out[n++] = '\r';
        out[n++] = data[i];
    }
    return n;
}

/* Lines end in CR LF; nothing is copied when they do already. A large message is, once: then its headers can grow in
 * front of it. */
static usm_error_t *make_crlf(usm__mail_t *mail, apr_pool_t *pool)
{
    const char *data = mail->data;
    apr_size_t bare = 0;
    for (apr_size_t i = 0; i < mail->len; i++) {
        bare += data[i] == '\n' && (i == 0 || data[i - 1] != '\r');
        if (i % STEP == STEP - 1)
            usm_spool_passed(data + i + 1 - STEP, STEP);
    }
    if (!bare && (mail->len <= USM_SPOOL_SMALL || usm_spool_room(data) == USM_SPOOL_ROOM))
        return NULL;
    usm_spool_t *spool = usm_spool_create(pool);
    apr_size_t step = mail->len < STEP ? mail->len : STEP;
    char *piece = apr_palloc(pool, 2 * step + 1);
    for (apr_size_t at = 0; at < mail->len; at += step) {
        apr_size_t n = mail->len - at < step ? mail->len - at : step;
        USM_ERR(usm_spool_add(spool, piece, crlf_piece(piece, data, at, n)));
        usm_spool_passed(data + at, n);
    }
    mail->len = usm_spool_len(spool);
    return usm_spool_data(&mail->data, spool);
}

/* ---- missing headers ---- */

static const char *new_message_id(const char *from, apr_pool_t *pool)
{
    unsigned char raw[16];
    char hex[2 * sizeof raw + 1] = "";
    const char *at = from ? strrchr(from, '@') : NULL;
    if (apr_generate_random_bytes(raw, sizeof raw) != APR_SUCCESS)
        memset(raw, 0, sizeof raw);
    for (apr_size_t i = 0; i < sizeof raw; i++)
        apr_snprintf(hex + 2 * i, 3, "%02x", raw[i]);
    if (!at || !at[1] || !usm__text_is_ascii(at, strlen(at)))
        at = "@localhost";
    return apr_psprintf(pool, "<%s.%" APR_TIME_T_FMT "%s>", hex, apr_time_now(), at);
}

static void add_headers(usm__mail_t *mail, GMimeMessage *msg, const usm__sender_t *sender, apr_pool_t *pool)
{
    const char *end = "\r\n", *more = "";
    char date[APR_RFC822_DATE_LEN];
    if (!mail->message_id) {
        mail->message_id = sender && sender->message_id ? sender->message_id : new_message_id(mail->from, pool);
        more = apr_pstrcat(pool, more, "Message-ID: ", mail->message_id, end, NULL);
    }
    if (!has_header(msg, "Date")) {
        apr_rfc822_date(date, apr_time_now());
        date[sizeof date - 5] = '\0'; /* without " GMT", which RFC 5322 calls obsolete */
        more = apr_pstrcat(pool, more, "Date: ", date, " +0000", end, NULL);
    }
    if (!has_header(msg, "MIME-Version"))
        more = apr_pstrcat(pool, more, "MIME-Version: 1.0", end, NULL);
    if (!*more)
        return;
    usm__head_put(&mail->data, &mail->len, more, pool);
}

/* ---- whose mail it is ---- */

static int is_own(const usm__sender_t *sender, const char *addr)
{
    for (int i = 0; addr && i < sender->address_count; i++) {
        if (strcasecmp(sender->addresses[i], addr) == 0)
            return 1;
    }
    return 0;
}

static const char *unfolded(const char *text, apr_pool_t *pool)
{
    char *out = apr_pstrdup(pool, text ? text : ""), *to = out;
    for (const char *p = out; *p; p++) {
        if (*p != '\r' && *p != '\n')
            *to++ = *p == '\t' ? ' ' : *p;
    }
    *to = '\0';
    return out;
}

const char *usm__mime_header_text(const char *text, apr_pool_t *pool)
{
    char *plain = apr_pstrdup(pool, text);
    usm__mime_init();
    for (char *p = plain; *p; p++) {
        if ((unsigned char)*p < ' ')
            *p = ' ';
    }
    char *encoded = g_mime_utils_header_encode_text(NULL, plain, "utf-8");
    const char *out = unfolded(encoded, pool);
    g_free(encoded);
    return out;
}

const char *usm__mime_address_list(const usm_addrs_t *addrs, apr_pool_t *pool)
{
    InternetAddressList *list = internet_address_list_new();
    usm__mime_init();
    for (int i = 0; i < addrs->count; i++) {
        InternetAddress *one = internet_address_mailbox_new(addrs->items[i].name, addrs->items[i].addr);
        internet_address_set_charset(one, "utf-8");
        internet_address_list_add(list, one);
        g_object_unref(one);
    }
    char *text = internet_address_list_to_string(list, NULL, TRUE);
    const char *out = unfolded(text, pool);
    g_free(text);
    g_object_unref(list);
    return out;
}

/* Who sends is decided by who has logged in, never by what the message says. */
static void own_sender(usm__mail_t *mail, int authors, GMimeMessage *msg, const usm__sender_t *sender, apr_pool_t *pool)
{
    InternetAddressList *list = g_mime_message_get_sender(msg);
    const char *agent = NULL;
    if (count_mailboxes(list, &agent, pool) && !is_own(sender, agent))
        usm__head_set(&mail->data, &mail->len, "Sender", NULL, pool);
    if (!sender->address_count || (authors == 1 && is_own(sender, mail->from)) || !has_header(msg, "From"))
        return;
    usm_addr_t own = {.name = sender->name && *sender->name ? sender->name : NULL, .addr = sender->addresses[0]};
    const usm_addrs_t addrs = {.count = 1, .items = &own};
    usm__head_set(&mail->data, &mail->len, "From", usm__mime_address_list(&addrs, pool), pool);
    mail->from = own.addr;
}

usm_error_t *usm__mime_prepare(usm__mail_t *mail, const char *mime, apr_size_t len, const usm__sender_t *sender,
                               apr_pool_t *pool)
{
    usm_error_t *err = NULL;
    int authors = 0;
    usm__mime_init();
    memset(mail, 0, sizeof *mail);
    int fine = len && header_block_ok(mime, len) && usm__head_ok(mime, len);
    GMimeMessage *msg = fine ? usm__gmime_parse(mime, len) : NULL;
    if (!msg || !looks_like_message(msg)) {
        g_clear_object(&msg);
        return USM_ERROR(pool, USM_EMIME, "what the device sent is not a mail");
    }
    collect(mail, &authors, msg, pool);
    mail->data = mime;
    mail->len = len;
    if (!is_clean(mime, len))
        err = make_clean(mail, msg, pool);
    if (!err)
        err = make_crlf(mail, pool);
    if (!err) {
        if (sender)
            own_sender(mail, authors, msg, sender, pool);
        add_headers(mail, msg, sender, pool);
    }
    g_object_unref(msg);
    return err;
}

/* ---- addresses ---- */

static void add_mailboxes(usm_addrs_t *out, int max, InternetAddressList *list, apr_pool_t *pool)
{
    for (int i = 0; i < internet_address_list_length(list) && out->count < max; i++) {
        InternetAddress *one = internet_address_list_get_address(list, i);
        if (INTERNET_ADDRESS_IS_GROUP(one)) {
            InternetAddressList *members = internet_address_group_get_members(INTERNET_ADDRESS_GROUP(one));
            if (members)
                add_mailboxes(out, max, members, pool);
            continue;
        }
        const char *addr = internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(one));
        const char *name = internet_address_get_name(one);
        if (!addr || !*addr)
            continue;
        usm_addr_t *a = &out->items[out->count++];
        a->addr = usm__text_clean(pool, addr, strlen(addr), NULL);
        a->name = name && *name ? usm__text_clean(pool, name, strlen(name), NULL) : NULL;
    }
}

const usm_addrs_t *usm__mime_addresses(const char *text, apr_pool_t *pool)
{
    enum { MAX = 500 };
    usm__mime_init();
    InternetAddressList *list = internet_address_list_parse(NULL, text);
    if (!list)
        return NULL;
    usm_addrs_t *out = apr_pcalloc(pool, sizeof *out);
    out->items = apr_pcalloc(pool, sizeof(usm_addr_t) * MAX);
    add_mailboxes(out, MAX, list, pool);
    g_object_unref(list);
    return out->count ? out : NULL;
}
