/* SPDX-License-Identifier: Apache-2.0 */
#include "eas_query.h"

#include <apr_cstr.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <stddef.h>
#include <string.h>

#include "wbxml/wbxml_text.h"

/* Parameter tags of the base64 form (MS-ASHTTP 2.2.1.1.1.1.3); 2 and 5 are no longer in use. */
enum {
    TAG_ATTACHMENT_NAME,
    TAG_COLLECTION_ID,
    TAG_ITEM_ID = 3,
    TAG_LONG_ID,
    TAG_OCCURRENCE = 6,
    TAG_OPTIONS,
    TAG_USER
};
#define GUID_BYTES 16
#define OPTION_SAVE_IN_SENT 0x01
#define OPTION_ACCEPT_MULTIPART 0x02

static const struct {
    int status;
    const char *text;
} rows[] = {
#define EAS_QUERY_ROW(code_, status_, text_) [EAS_QUERY_##code_] = {status_, text_},
    EAS_QUERY_ROWS(EAS_QUERY_ROW)
#undef EAS_QUERY_ROW
};

/* Parameters that are one string, in both forms. */
static const struct {
    const char *name;
    int tag;
    apr_size_t offset;
} strings[] = {
    {"AttachmentName", TAG_ATTACHMENT_NAME, offsetof(eas_query_t, attachment_name)},
    {"CollectionId", TAG_COLLECTION_ID, offsetof(eas_query_t, collection_id)},
    {"ItemId", TAG_ITEM_ID, offsetof(eas_query_t, item_id)},
    {"LongId", TAG_LONG_ID, offsetof(eas_query_t, long_id)},
    {"Occurrence", TAG_OCCURRENCE, offsetof(eas_query_t, occurrence)},
    {"User", TAG_USER, offsetof(eas_query_t, user)},
};

const char *eas_query_text(eas_query_code_t code)
{
    return rows[code].text;
}

int eas_query_status(eas_query_code_t code)
{
    return rows[code].status;
}

static int hex_value(char c)
{
    return apr_isdigit(c) ? c - '0' : apr_isxdigit(c) ? apr_tolower(c) - 'a' + 10 : -1;
}

/* Decodes %XX in LEN bytes. NULL when a % is not followed by two hex digits. The result may hold NULs. */
static char *percent_decode(const char *text, apr_size_t len, apr_size_t *len_p, apr_pool_t *pool)
{
    char *out = apr_palloc(pool, len + 1);
    apr_size_t i, n = 0;

    for (i = 0; i < len; i++) {
        if (text[i] != '%') {
            out[n++] = text[i];
            continue;
        }
        if (len - i < 3 || hex_value(text[i + 1]) < 0 || hex_value(text[i + 2]) < 0) {
            return NULL;
        }
        out[n++] = (char)(hex_value(text[i + 1]) << 4 | hex_value(text[i + 2]));
        i += 2;
    }
    out[n] = '\0';
    *len_p = n;
    return out;
}

static int base64_value(char c)
{
    if (apr_isalpha(c)) {
        return apr_isupper(c) ? c - 'A' : c - 'a' + 26;
    }
    if (apr_isdigit(c)) {
        return c - '0' + 52;
    }
    /* A proxy that takes the query for a form turns plus into a blank. */
    return c == '+' || c == '-' || c == ' ' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

/* Decodes both alphabets, with or without padding. NULL when TEXT is not base64. */
static unsigned char *base64_decode(const char *text, apr_size_t len, apr_size_t *len_p, apr_pool_t *pool)
{
    unsigned char *out = apr_palloc(pool, len * 3 / 4 + 1);
    apr_uint32_t bits = 0;
    apr_size_t i, n = 0, padding = 0;

    while (len > 0 && text[len - 1] == '=' && padding < 2) {
        len--;
        padding++;
    }
    if (len % 4 == 1) {
        return NULL;
    }
    for (i = 0; i < len; i++) {
        int value = base64_value(text[i]);

        if (value < 0) {
            return NULL;
        }
        bits = bits << 6 | (apr_uint32_t)value;
        if (i % 4 != 0) {
            out[n++] = (unsigned char)(bits >> (6 - i % 4 * 2));
        }
    }
    *len_p = n;
    return out;
}

/* The 32 hex digits of a GUID are one id in either case: the same device may send their 16 bytes, too. */
static void fold_guid(char *id, apr_size_t len)
{
    apr_size_t i;

    for (i = 0; i < len && apr_isxdigit(id[i]); i++) {
    }
    if (i == len && len == 2 * GUID_BYTES) {
        for (i = 0; i < len; i++) {
            id[i] = (char)apr_toupper(id[i]);
        }
    }
}

static eas_query_code_t set_device_id(eas_query_t *q, const char *data, apr_size_t len, apr_pool_t *pool)
{
    apr_size_t i;

    for (i = 0; i < len && data[i] > 0x20 && data[i] < 0x7F; i++) {
    }
    if (i == len) {
        if (len > EAS_DEVICE_ID_MAX) {
            return EAS_QUERY_DEVICE_ID;
        }
        if (len > 0) {
            char *id = apr_pstrmemdup(pool, data, len);

            fold_guid(id, len);
            q->device_id = id;
        }
        return EAS_QUERY_OK;
    }
    /* Only the base64 form carries bytes; a plain id with odd characters is nothing but wrong. */
    if (!q->is_base64 || len * 2 > EAS_DEVICE_ID_MAX) {
        return EAS_QUERY_DEVICE_ID;
    }
    {
        static const char digits[] = "0123456789ABCDEF";
        char *hex = apr_palloc(pool, len * 2 + 1);

        for (i = 0; i < len; i++) {
            hex[i * 2] = digits[(unsigned char)data[i] >> 4];
            hex[i * 2 + 1] = digits[(unsigned char)data[i] & 15];
        }
        hex[len * 2] = '\0';
        q->device_id = hex;
    }
    return EAS_QUERY_OK;
}

static eas_query_code_t set_device_type(eas_query_t *q, const char *data, apr_size_t len, apr_pool_t *pool)
{
    if (len > EAS_DEVICE_TYPE_MAX || eas_xml_check(data, len, NULL) != len) {
        return EAS_QUERY_DEVICE_TYPE;
    }
    q->device_type = len > 0 ? apr_pstrmemdup(pool, data, len) : NULL;
    return EAS_QUERY_OK;
}

/* Sets the I-th of strings[], unless it is set already. */
static eas_query_code_t set_string(eas_query_t *q, apr_size_t i, const char *data, apr_size_t len, apr_pool_t *pool)
{
    const char **field = (const char **)((char *)q + strings[i].offset);

    if (strings[i].tag == TAG_USER) {
        data = eas_xml_clean(data, &len, pool);
    } else if (eas_xml_check(data, len, NULL) != len) {
        return EAS_QUERY_PARAMETER;
    }
    if (*field == NULL) {
        *field = apr_pstrmemdup(pool, data, len);
    }
    return EAS_QUERY_OK;
}

/* One name=value of the plain form, decoded. */
static eas_query_code_t plain_parameter(eas_query_t *q, const char *name, const char *value, apr_size_t len,
                                        apr_pool_t *pool)
{
    apr_size_t i;

    if (apr_cstr_casecmp(name, "Cmd") == 0) {
        if (eas_xml_check(value, len, NULL) != len) {
            return EAS_QUERY_PARAMETER;
        }
        if (q->cmd == NULL && len > 0) {
            q->command = eas_command_by_name(value);
            q->cmd = q->command != NULL ? q->command->name : value;
            q->is_options = apr_cstr_casecmp(value, "OPTIONS") == 0;
        }
        return EAS_QUERY_OK;
    }
    if (apr_cstr_casecmp(name, "DeviceId") == 0) {
        return q->device_id == NULL ? set_device_id(q, value, len, pool) : EAS_QUERY_OK;
    }
    if (apr_cstr_casecmp(name, "DeviceType") == 0) {
        return q->device_type == NULL ? set_device_type(q, value, len, pool) : EAS_QUERY_OK;
    }
    if (apr_cstr_casecmp(name, "SaveInSent") == 0) {
        q->save_in_sent = len == 1 && (*value == 'T' || *value == 't' || *value == '1');
        return EAS_QUERY_OK;
    }
    for (i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
        if (apr_cstr_casecmp(name, strings[i].name) == 0) {
            return set_string(q, i, value, len, pool);
        }
    }
    return EAS_QUERY_OK;
}

static eas_query_code_t parse_plain(eas_query_t *q, const char *args, apr_pool_t *pool)
{
    while (*args != '\0') {
        apr_size_t len = strcspn(args, "&"), name_len = strcspn(args, "=&"), n;
        const char *name = percent_decode(args, name_len, &n, pool);
        const char *value = "";
        eas_query_code_t code;

        if (name_len < len) {
            value = percent_decode(args + name_len + 1, len - name_len - 1, &n, pool);
        } else {
            n = 0;
        }
        if (name == NULL || value == NULL) {
            return EAS_QUERY_PARAMETER;
        }
        code = plain_parameter(q, name, value, n, pool);
        if (code != EAS_QUERY_OK) {
            return code;
        }
        args += len + (args[len] == '&');
    }
    return EAS_QUERY_OK;
}

typedef struct bytes_t {
    const unsigned char *at;
    apr_size_t left;
} bytes_t;

/* Takes LEN bytes, or NULL when there are not so many. */
static const unsigned char *take(bytes_t *in, apr_size_t len)
{
    const unsigned char *at = in->at;

    if (len > in->left) {
        return NULL;
    }
    in->at += len;
    in->left -= len;
    return at;
}

/* Takes a length byte and so many bytes. */
static const char *take_counted(bytes_t *in, apr_size_t *len_p)
{
    const unsigned char *len = take(in, 1);

    if (len == NULL) {
        return NULL;
    }
    *len_p = *len;
    return (const char *)take(in, *len);
}

static eas_query_code_t binary_parameters(eas_query_t *q, bytes_t *in, apr_pool_t *pool)
{
    while (in->left > 0) {
        const unsigned char *tag = take(in, 1);
        apr_size_t len = 0, i;
        const char *value = take_counted(in, &len);

        if (value == NULL) {
            return EAS_QUERY_TRUNCATED;
        }
        if (*tag == TAG_OPTIONS) {
            if (len != 1) {
                return EAS_QUERY_PARAMETER;
            }
            q->save_in_sent = (*value & OPTION_SAVE_IN_SENT) != 0;
            q->accept_multipart = (*value & OPTION_ACCEPT_MULTIPART) != 0;
            continue;
        }
        for (i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
            if (*tag == strings[i].tag && set_string(q, i, value, len, pool) != EAS_QUERY_OK) {
                return EAS_QUERY_PARAMETER;
            }
        }
    }
    return EAS_QUERY_OK;
}

static eas_query_code_t parse_binary(eas_query_t *q, bytes_t in, apr_pool_t *pool)
{
    const unsigned char *head = take(&in, 4);
    const char *value;
    apr_size_t len = 0;
    eas_query_code_t code;

    q->is_base64 = 1;
    if (head == NULL || (value = take_counted(&in, &len)) == NULL) {
        return EAS_QUERY_TRUNCATED;
    }
    q->version = head[0];
    q->cmd_code = head[1];
    q->command = eas_command_by_code(head[1]);
    q->cmd = q->command != NULL ? q->command->name : apr_itoa(pool, head[1]);
    q->locale = head[2] | (unsigned)head[3] << 8;
    if ((code = set_device_id(q, value, len, pool)) != EAS_QUERY_OK) {
        return code;
    }
    if ((value = take_counted(&in, &len)) == NULL) {
        return EAS_QUERY_TRUNCATED;
    }
    if (len != 0 && len != 4) {
        return EAS_QUERY_POLICY_KEY;
    }
    if (len == 4) {
        const unsigned char *key = (const unsigned char *)value;

        q->has_policy_key = 1;
        q->policy_key = key[0] | key[1] << 8 | key[2] << 16 | (apr_uint32_t)key[3] << 24;
    }
    if ((value = take_counted(&in, &len)) == NULL) {
        return EAS_QUERY_TRUNCATED;
    }
    if ((code = set_device_type(q, value, len, pool)) != EAS_QUERY_OK) {
        return code;
    }
    return binary_parameters(q, &in, pool);
}

/* Whether ARGS is a list of parameters: an ampersand, or an equals sign that is not base64's padding. */
static int is_plain(const char *args)
{
    apr_size_t name_len = strcspn(args, "=");

    if (strchr(args, '&') != NULL || apr_cstr_casecmpn(args, "Cmd=", 4) == 0) {
        return 1;
    }
    return args[name_len + strspn(args + name_len, "=")] != '\0';
}

eas_query_code_t eas_query_parse(eas_query_t **query_p, const char *args, apr_pool_t *pool)
{
    eas_query_t *q = *query_p = apr_pcalloc(pool, sizeof(*q));
    apr_size_t len = args != NULL ? strlen(args) : 0;
    bytes_t in;
    char *text;

    q->cmd_code = -1;
    if (len == 0) {
        return EAS_QUERY_OK;
    }
    if (len > EAS_QUERY_MAX) {
        return EAS_QUERY_TOO_LONG;
    }
    if (is_plain(args)) {
        return parse_plain(q, args, pool);
    }
    text = percent_decode(args, len, &len, pool);
    if (text == NULL || (in.at = base64_decode(text, len, &in.left, pool)) == NULL) {
        return EAS_QUERY_MALFORMED;
    }
    return parse_binary(q, in, pool);
}
