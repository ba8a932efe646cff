/* SPDX-License-Identifier: Apache-2.0 */
#include "eas.h"

#include <apr_strings.h>
#include <string.h>
#include <zlib.h>

#include "wbxml/wbxml_text.h"

/* zlib packs a run of one byte about 1,000 times; what devices send packs 20 times at best. */
#define RATIO_MAX 200
#define CHUNK 16384

static apr_status_t end_inflate(void *stream)
{
    inflateEnd(stream);
    return APR_SUCCESS;
}

/* Memory of zlib out of the scratch pool. */
static voidpf zlib_alloc(voidpf pool, uInt items, uInt size)
{
    return apr_palloc(pool, (apr_size_t)items * size);
}

static void zlib_free(voidpf pool, voidpf address)
{
}

/* Room for at least CHUNK more bytes behind HAVE; doubles. */
static char *grow(char *data, apr_size_t have, apr_size_t *room_p, apr_pool_t *pool)
{
    char *more;

    if (*room_p - have >= CHUNK) {
        return data;
    }
    *room_p = *room_p * 2 + CHUNK;
    more = apr_palloc(pool, *room_p + 1);
    if (have > 0) {
        memcpy(more, data, have);
    }
    return more;
}

static int inflate_all(char **data_p, apr_size_t *len_p, z_stream *z, apr_size_t max, apr_size_t packed,
                       apr_pool_t *pool)
{
    apr_size_t room = 0, have = 0;
    char *data = NULL;
    int rv = Z_OK;

    while (rv != Z_STREAM_END) {
        data = grow(data, have, &room, pool);
        z->next_out = (Bytef *)data + have;
        z->avail_out = CHUNK;
        rv = inflate(z, Z_NO_FLUSH);
        have += CHUNK - z->avail_out;
        if (have > max || have / RATIO_MAX > packed) {
            return 413;
        }
        /* No progress although there is room: the stream ends too early. */
        if ((rv != Z_OK && rv != Z_STREAM_END) || (rv == Z_OK && z->avail_in == 0 && z->avail_out > 0)) {
            return 400;
        }
    }
    data[have] = '\0';
    *data_p = data;
    *len_p = have;
    return z->avail_in > 0 ? 400 : 0;
}

int eas_inflate(const char **data_p, apr_size_t *len_p, const char *data, apr_size_t len, apr_size_t max,
                apr_pool_t *pool)
{
    apr_pool_t *scratch;
    char *unpacked = NULL;
    z_stream z;
    int http;

    if (len > APR_UINT32_MAX / 2) {
        return 413;
    }
    apr_pool_create(&scratch, pool);
    memset(&z, 0, sizeof(z));
    z.zalloc = zlib_alloc;
    z.zfree = zlib_free;
    z.opaque = scratch;
    z.next_in = (Bytef *)data;
    z.avail_in = (uInt)len;
    /* 32: zlib finds out itself whether the head is gzip's or its own. */
    if (inflateInit2(&z, MAX_WBITS + 32) != Z_OK) {
        apr_pool_destroy(scratch);
        return 500;
    }
    apr_pool_cleanup_register(scratch, &z, end_inflate, apr_pool_cleanup_null);
    http = inflate_all(&unpacked, len_p, &z, max, len, scratch);
    if (http == 0) {
        *data_p = apr_pstrmemdup(pool, unpacked, *len_p);
    }
    apr_pool_destroy(scratch);
    return http;
}

/* Whether TEXT is UTF-8. Control characters, which XML forbids but passwords may have, do not matter. */
static int is_utf8(const char *text)
{
    apr_size_t len = strlen(text);

    while (len > 0) {
        apr_size_t bad = 0, good = eas_xml_check(text, len, &bad);

        text += good;
        len -= good;
        if (len > 0 && (unsigned char)*text >= 0x20) {
            return 0;
        }
        text += len > 0;
        len -= len > 0;
    }
    return 1;
}

const char *eas_utf8(const char *text, apr_pool_t *pool)
{
    char *utf8, *at;

    if (text == NULL || is_utf8(text)) {
        return text;
    }
    utf8 = at = apr_palloc(pool, strlen(text) * 2 + 1);
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;

        if (c < 0x80) {
            *at++ = (char)c;
        } else {
            *at++ = (char)(0xC0 | c >> 6);
            *at++ = (char)(0x80 | (c & 0x3F));
        }
    }
    *at = '\0';
    return utf8;
}
