/* SPDX-License-Identifier: Apache-2.0 */
/* Mail objects of the API turned into RFC 822 messages. */
#include "mime.h"
#include "mail_html.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <gmime/gmime.h>

/* Address members come as text or as [[name, address], …]. */
static void addresses_fill(InternetAddressList *list, const json_t *value)
{
    json_t *row;
    size_t i;
    if (json_is_string(value)) {
        InternetAddressList *more = internet_address_list_parse(NULL, json_string_value(value));
        if (more) {
            internet_address_list_append(list, more);
            g_object_unref(more);
        }
        return;
    }
    json_array_foreach(value, i, row)
    {
        const char *addr = json_string_value(json_array_get(row, 1));
        const char *name = json_string_value(json_array_get(row, 0));
        if (json_is_string(row)) {
            addresses_fill(list, row);
        } else if (addr) {
            InternetAddress *ia = internet_address_mailbox_new(name, addr);
            internet_address_set_charset(ia, "utf-8");
            internet_address_list_add(list, ia);
            g_object_unref(ia);
        }
    }
}

static GMimeObject *text_part(const char *sub, const char *text)
{
    GMimeTextPart *part = g_mime_text_part_new_with_subtype(sub);
    g_mime_text_part_set_charset(part, "utf-8");
    g_mime_text_part_set_text(part, text);
    g_mime_part_set_content_encoding(GMIME_PART(part), GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
    return GMIME_OBJECT(part);
}

static GMimeObject *body_part(const json_t *body)
{
    const char *type = json_string_value(json_object_get(body, "content_type"));
    const char *text = json_string_value(json_object_get(body, "content"));
    if (!text) {
        text = "";
    }
    if (type && g_ascii_strcasecmp(type, "ALTERNATIVE") == 0) {
        char *plain = mail_html_to_text(text);
        GMimeMultipart *alt = g_mime_multipart_new_with_subtype("alternative");
        GMimeObject *first = text_part("plain", plain);
        GMimeObject *second = text_part("html", text);
        g_mime_multipart_add(alt, first);
        g_mime_multipart_add(alt, second);
        g_object_unref(first);
        g_object_unref(second);
        g_free(plain);
        return GMIME_OBJECT(alt);
    }
    return text_part(type && g_ascii_strncasecmp(type, "text/html", 9) == 0 ? "html" : "plain", text);
}

/* An attached message keeps its structure: it may not be base64, so it goes in as a message part. */
static GMimeObject *message_part(const mime_file_t *file)
{
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(file->data, file->len);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    GMimeMessage *inner = g_mime_parser_construct_message(parser, NULL);
    GMimeObject *out = inner ? GMIME_OBJECT(g_mime_message_part_new_with_message("rfc822", inner)) : NULL;
    g_clear_object(&inner);
    g_object_unref(parser);
    g_object_unref(stream);
    return out;
}

static GMimeObject *file_part(const mime_file_t *file)
{
    const char *type = file->type && strchr(file->type, '/') ? file->type : "application/octet-stream";
    if (g_ascii_strncasecmp(type, "message/rfc822", 14) == 0) {
        GMimeObject *msg = message_part(file);
        if (msg) {
            return msg;
        }
    }
    GMimePart *part = g_mime_part_new();
    GMimeContentType *ct = g_mime_content_type_parse(NULL, type);
    g_mime_object_set_content_type(GMIME_OBJECT(part), ct);
    g_object_unref(ct);
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(file->data, file->len);
    GMimeDataWrapper *content = g_mime_data_wrapper_new_with_stream(stream, GMIME_CONTENT_ENCODING_DEFAULT);
    g_object_unref(stream);
    g_mime_part_set_content(part, content);
    g_object_unref(content);
    g_mime_part_set_content_encoding(part, GMIME_CONTENT_ENCODING_BASE64);
    g_mime_object_set_disposition(GMIME_OBJECT(part), file->cid ? "inline" : "attachment");
    if (file->name) {
        g_mime_part_set_filename(part, file->name);
    }
    if (file->cid) {
        g_mime_object_set_content_id(GMIME_OBJECT(part), file->cid);
    }
    return GMIME_OBJECT(part);
}

static void headers_fill(GMimeMessage *msg, const json_t *mail)
{
    static const struct {
        const char *member;
        GMimeAddressType type;
    } lists[] = {
        {"from", GMIME_ADDRESS_TYPE_FROM},
        {"to", GMIME_ADDRESS_TYPE_TO},
        {"cc", GMIME_ADDRESS_TYPE_CC},
        {"bcc", GMIME_ADDRESS_TYPE_BCC},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        addresses_fill(g_mime_message_get_addresses(msg, lists[i].type), json_object_get(mail, lists[i].member));
    }
    const char *subject = json_string_value(json_object_get(mail, "subject"));
    const char *notify = json_string_value(json_object_get(mail, "disp_notification_to"));
    json_int_t prio = json_integer_value(json_object_get(mail, "priority"));
    g_mime_message_set_subject(msg, subject ? subject : "", "utf-8");
    if (notify && *notify) {
        g_mime_object_set_header(GMIME_OBJECT(msg), "Disposition-Notification-To", notify, "utf-8");
    }
    if (prio >= 1 && prio <= 5) {
        char num[8];
        g_snprintf(num, sizeof(num), "%d", (int)prio);
        g_mime_object_set_header(GMIME_OBJECT(msg), "X-Priority", num, "us-ascii");
    }
    const char *name;
    json_t *value;
    json_object_foreach(json_object_get(mail, "headers"), name, value)
    {
        if (json_is_string(value)) {
            g_mime_object_set_header(GMIME_OBJECT(msg), name, json_string_value(value), "utf-8");
        }
    }
}

static void stamps_fill(GMimeMessage *msg, const json_t *mail)
{
    const json_t *when = json_object_get(mail, "sent_date");
    GDateTime *date = json_is_integer(when) ? g_date_time_new_from_unix_utc(json_integer_value(when) / 1000)
                                            : g_date_time_new_now_utc();
    if (date) {
        g_mime_message_set_date(msg, date);
        g_date_time_unref(date);
    }
    if (!g_mime_message_get_message_id(msg)) {
        char *id = g_mime_utils_generate_message_id("ox.example.org");
        g_mime_message_set_message_id(msg, id);
        g_free(id);
    }
}

char *mime_build(const json_t *mail, const mime_file_t *files, size_t n_files, size_t *out_len)
{
    GMimeMessage *msg = g_mime_message_new(TRUE);
    GMimeObject *root = body_part(json_array_get(json_object_get(mail, "attachments"), 0));
    headers_fill(msg, mail);
    stamps_fill(msg, mail);
    if (n_files) {
        GMimeMultipart *mixed = g_mime_multipart_new_with_subtype("mixed");
        g_mime_multipart_add(mixed, root);
        g_object_unref(root);
        root = GMIME_OBJECT(mixed);
        for (size_t i = 0; i < n_files; i++) {
            GMimeObject *part = file_part(&files[i]);
            g_mime_multipart_add(mixed, part);
            g_object_unref(part);
        }
    }
    g_mime_message_set_mime_part(msg, root);
    g_object_unref(root);
    GMimeFormatOptions *format = g_mime_format_options_new();
    g_mime_format_options_set_newline_format(format, GMIME_NEWLINE_FORMAT_DOS);
    char *text = g_mime_object_to_string(GMIME_OBJECT(msg), format);
    g_mime_format_options_free(format);
    g_object_unref(msg);
    *out_len = strlen(text);
    return text;
}
