/* SPDX-License-Identifier: Apache-2.0 */
#include "wbxml/wbxml_writer.h"

#include <apr_strings.h>
#include <string.h>

#include "wbxml/wbxml_text.h"

#define SWITCH_PAGE 0x00
#define END 0x01
#define STR_I 0x03
#define OPAQUE 0xC3
#define HAS_CONTENT 0x40

/* A little below 16 KB, so that with the allocators' own heads the block is four pages and not five. */
#define CHUNK (16 * 1024 - 256)

struct eas_writer_t {
    apr_bucket_brigade *brigade;
    apr_off_t max;
    unsigned long released; /* how often the buckets were passed on */
    char *at;               /* where the next byte goes, in the last bucket */
    apr_size_t room;        /* bytes free there */
    eas_writer_state_t s;
};

void eas_writer_fail(eas_writer_t *w, eas_wbxml_code_t code)
{
    if (w->s.error.code == EAS_WBXML_OK) {
        w->s.error.code = code;
        w->s.error.offset = (apr_size_t)w->s.bytes;
        w->s.error.page = w->s.page;
        w->s.error.token = w->s.open > 0 ? EAS_TAG_TOKEN(w->s.stack[w->s.open - 1].tag) : 0;
    }
}

/*
 * False, and the error set, when LEN more bytes are too many. The ENDs of the open elements are always kept free, so
 * that a document can be closed after an item that did not fit was rolled back.
 */
static int has_room(eas_writer_t *w, apr_off_t len)
{
    if (w->s.error.code != EAS_WBXML_OK) {
        return 0;
    }
    if (len > w->max + w->s.files - w->s.bytes - (apr_off_t)w->s.open) {
        eas_writer_fail(w, EAS_WBXML_SIZE);
        return 0;
    }
    return 1;
}

static void add_chunk(eas_writer_t *w)
{
    apr_bucket_alloc_t *list = w->brigade->bucket_alloc;
    char *block = apr_bucket_alloc(CHUNK, list);
    apr_bucket *b = apr_bucket_heap_create(block, CHUNK, apr_bucket_free, list);

    /* The bucket is born full; its length then follows what is written. */
    b->length = 0;
    APR_BRIGADE_INSERT_TAIL(w->brigade, b);
    w->s.last = b;
    w->s.last_is_ours = 1;
    w->at = block;
    w->room = CHUNK;
}

static void put_unbounded(eas_writer_t *w, const char *data, apr_size_t len)
{
    w->s.bytes += (apr_off_t)len;
    w->s.just_opened = 0;
    while (len > 0) {
        apr_size_t n;

        if (w->room == 0) {
            add_chunk(w);
        }
        n = len < w->room ? len : w->room;
        memcpy(w->at, data, n);
        w->at += n;
        w->room -= n;
        w->s.last->length += n;
        data += n;
        len -= n;
    }
}

static void put(eas_writer_t *w, const char *data, apr_size_t len)
{
    if (has_room(w, (apr_off_t)len)) {
        put_unbounded(w, data, len);
    }
}

static void put_byte(eas_writer_t *w, unsigned byte)
{
    char c = (char)byte;

    put(w, &c, 1);
}

static void put_mb(eas_writer_t *w, apr_uint32_t value)
{
    char bytes[5];
    int i = sizeof(bytes);

    bytes[--i] = (char)(value & 0x7F);
    while ((value >>= 7) != 0) {
        bytes[--i] = (char)((value & 0x7F) | 0x80);
    }
    put(w, bytes + i, sizeof(bytes) - (apr_size_t)i);
}

/* The brigade's last bucket, if it has one. */
static apr_bucket *last_bucket(apr_bucket_brigade *brigade)
{
    return APR_BRIGADE_EMPTY(brigade) ? NULL : APR_BRIGADE_LAST(brigade);
}

eas_writer_t *eas_writer_create(apr_bucket_brigade *brigade, apr_off_t max, apr_pool_t *pool)
{
    static const char header[] = {0x03, 0x01, 0x6A, 0x00};
    eas_writer_t *w = apr_pcalloc(pool, sizeof(*w));

    w->brigade = brigade;
    w->max = max;
    w->s.last = last_bucket(brigade);
    put(w, header, sizeof(header));
    return w;
}

/* Is TAG to be left out, where the writer stands? */
static int left_out(const eas_writer_t *w, unsigned tag)
{
    const unsigned *at = w->s.only;

    if (w->s.skipping > 0 || at == NULL || w->s.open != w->s.only_depth) {
        return w->s.skipping > 0;
    }
    while (*at != 0 && *at != tag) {
        at++;
    }
    return *at == 0;
}

void eas_writer_only(eas_writer_t *w, const unsigned *tags)
{
    w->s.only = tags;
    w->s.only_depth = w->s.open;
}

void eas_writer_start(eas_writer_t *w, unsigned tag)
{
    int changes_page;

    if (w->s.error.code != EAS_WBXML_OK) {
        return;
    }
    if (left_out(w, tag)) {
        w->s.skipping++;
        return;
    }
    if (eas_token_find(tag) == NULL) {
        eas_writer_fail(w, EAS_WBXML_UNKNOWN_TOKEN);
        w->s.error.page = EAS_TAG_PAGE(tag);
        w->s.error.token = tag & 0xFF;
        return;
    }
    if (w->s.open == 0 ? w->s.root_closed : w->s.stack[w->s.open - 1].has_value) {
        eas_writer_fail(w, w->s.open == 0 ? EAS_WBXML_STRUCTURE : EAS_WBXML_MIXED);
        return;
    }
    if (w->s.open == EAS_WRITER_DEPTH) {
        eas_writer_fail(w, EAS_WBXML_DEPTH);
        return;
    }
    changes_page = w->s.page != EAS_TAG_PAGE(tag);
    /* The tag, and its END later. */
    if (!has_room(w, changes_page ? 4 : 2)) {
        return;
    }
    if (changes_page) {
        put_byte(w, SWITCH_PAGE);
        put_byte(w, EAS_TAG_PAGE(tag));
        w->s.page = EAS_TAG_PAGE(tag);
    }
    put_byte(w, EAS_TAG_TOKEN(tag) | HAS_CONTENT);
    if (w->s.open > 0) {
        w->s.stack[w->s.open - 1].has_child = 1;
    }
    memset(&w->s.stack[w->s.open], 0, sizeof(w->s.stack[0]));
    w->s.stack[w->s.open++].tag = (apr_uint16_t)tag;
    w->s.just_opened = 1;
}

void eas_writer_end(eas_writer_t *w)
{
    const char end = END;

    if (w->s.error.code != EAS_WBXML_OK) {
        return;
    }
    if (w->s.skipping > 0) {
        w->s.skipping--;
        return;
    }
    if (w->s.open == 0) {
        eas_writer_fail(w, EAS_WBXML_STRUCTURE);
        return;
    }
    if (w->s.only != NULL && w->s.open == w->s.only_depth) {
        w->s.only = NULL;
    }
    if (w->s.just_opened) {
        w->at[-1] &= ~HAS_CONTENT;
        w->s.just_opened = 0;
    } else {
        put_unbounded(w, &end, 1);
    }
    w->s.open--;
    w->s.root_closed = w->s.open == 0;
}

void eas_writer_empty(eas_writer_t *w, unsigned tag)
{
    eas_writer_start(w, tag);
    eas_writer_end(w);
}

/* Whether the open element may take a value now; it then has it. */
static int begin_value(eas_writer_t *w)
{
    if (w->s.error.code != EAS_WBXML_OK || w->s.skipping > 0) {
        return 0;
    }
    if (w->s.open == 0) {
        eas_writer_fail(w, EAS_WBXML_STRUCTURE);
        return 0;
    }
    if (w->s.stack[w->s.open - 1].has_child || w->s.stack[w->s.open - 1].has_value) {
        eas_writer_fail(w, EAS_WBXML_MIXED);
        return 0;
    }
    w->s.stack[w->s.open - 1].has_value = 1;
    return 1;
}

void eas_writer_text(eas_writer_t *w, const char *text, apr_size_t len)
{
    if (!begin_value(w) || len == 0) {
        return;
    }
    put_byte(w, STR_I);
    while (len > 0) {
        apr_size_t bad = 0, good = eas_xml_check(text, len, &bad);

        put(w, text, good);
        if (bad > 0) {
            put(w, EAS_XML_REPLACEMENT, sizeof(EAS_XML_REPLACEMENT) - 1);
        }
        text += good + bad;
        len -= good + bad;
    }
    put_byte(w, 0);
}

void eas_writer_text_int(eas_writer_t *w, apr_int64_t value)
{
    char text[24];

    eas_writer_text(w, text, (apr_size_t)apr_snprintf(text, sizeof(text), "%" APR_INT64_T_FMT, value));
}

/* Days since 1970 to year, month, day of the Gregorian calendar, by eras of 400 years counted from 1 March. */
static void civil_from_days(apr_int64_t days, int *year_p, int *month_p, int *day_p)
{
    apr_int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097;
    int doe = (int)(z - era * 146097);
    int yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int march = (5 * doy + 2) / 153;

    *day_p = doy - (153 * march + 2) / 5 + 1;
    *month_p = march < 10 ? march + 3 : march - 9;
    *year_p = (int)(yoe + era * 400) + (*month_p <= 2);
}

int eas_time_format(char text[EAS_TIME_LEN], apr_int64_t ms, eas_time_form_t form)
{
    const apr_int64_t first = APR_INT64_C(-62135596800), last = APR_INT64_C(253402300799);
    apr_int64_t seconds = ms / 1000 - (ms % 1000 < 0), days;
    int year, month, day, rest;

    text[0] = '\0';
    if (seconds < first || seconds > last) {
        return 0;
    }
    days = seconds / 86400 - (seconds % 86400 < 0);
    rest = (int)(seconds - days * 86400);
    civil_from_days(days, &year, &month, &day);
    apr_snprintf(text, EAS_TIME_LEN,
                 form == EAS_TIME_COMPACT ? "%04d%02d%02dT%02d%02d%02dZ" : "%04d-%02d-%02dT%02d:%02d:%02d.000Z", year,
                 month, day, rest / 3600, rest / 60 % 60, rest % 60);
    return 1;
}

void eas_writer_text_time(eas_writer_t *w, apr_int64_t ms, eas_time_form_t form)
{
    char text[EAS_TIME_LEN];

    if (!eas_time_format(text, ms, form)) {
        eas_writer_fail(w, EAS_WBXML_VALUE);
        return;
    }
    eas_writer_text(w, text, strlen(text));
}

/* The opaque value's head. False when nothing may follow. */
static int begin_opaque(eas_writer_t *w, apr_off_t len)
{
    if (!begin_value(w) || len == 0) {
        return 0;
    }
    if (len < 0 || len > (apr_off_t)APR_UINT32_MAX) {
        eas_writer_fail(w, EAS_WBXML_SIZE);
        return 0;
    }
    put_byte(w, OPAQUE);
    put_mb(w, (apr_uint32_t)len);
    return has_room(w, len);
}

void eas_writer_opaque(eas_writer_t *w, const void *data, apr_size_t len)
{
    if (begin_opaque(w, (apr_off_t)len)) {
        put(w, data, len);
    }
}

/* Buckets that are not ours have been added, LEN bytes: the next byte of our own needs a new chunk. */
static void added_foreign(eas_writer_t *w, apr_off_t len)
{
    w->s.bytes += len;
    w->s.last = APR_BRIGADE_LAST(w->brigade);
    w->s.last_is_ours = 0;
    w->at = NULL;
    w->room = 0;
}

void eas_writer_opaque_bucket(eas_writer_t *w, apr_bucket *bucket)
{
    apr_off_t len = bucket->length == (apr_size_t)-1 ? -1 : (apr_off_t)bucket->length;

    if (!begin_opaque(w, len)) {
        apr_bucket_destroy(bucket);
        return;
    }
    APR_BRIGADE_INSERT_TAIL(w->brigade, bucket);
    added_foreign(w, len);
}

void eas_writer_opaque_file(eas_writer_t *w, apr_file_t *file, apr_off_t offset, apr_off_t len, apr_pool_t *pool)
{
    if (begin_opaque(w, len)) {
        apr_brigade_insert_file(w->brigade, file, offset, len, pool);
        added_foreign(w, len);
    }
}

void eas_writer_text_file(eas_writer_t *w, apr_file_t *file, apr_off_t offset, apr_off_t len, apr_pool_t *pool)
{
    if (!begin_value(w) || len <= 0) {
        return;
    }
    put_byte(w, STR_I);
    if (has_room(w, 1)) {
        apr_brigade_insert_file(w->brigade, file, offset, len, pool);
        w->s.files += len;
        added_foreign(w, len);
    }
    put_byte(w, 0);
}

void eas_writer_tag_text(eas_writer_t *w, unsigned tag, const char *text)
{
    if (text != NULL) {
        eas_writer_start(w, tag);
        eas_writer_text(w, text, strlen(text));
        eas_writer_end(w);
    }
}

void eas_writer_tag_int(eas_writer_t *w, unsigned tag, apr_int64_t value)
{
    eas_writer_start(w, tag);
    eas_writer_text_int(w, value);
    eas_writer_end(w);
}

void eas_writer_tag_time(eas_writer_t *w, unsigned tag, apr_int64_t ms, eas_time_form_t form)
{
    eas_writer_start(w, tag);
    eas_writer_text_time(w, ms, form);
    eas_writer_end(w);
}

void eas_writer_tag_opaque(eas_writer_t *w, unsigned tag, const void *data, apr_size_t len)
{
    eas_writer_start(w, tag);
    eas_writer_opaque(w, data, len);
    eas_writer_end(w);
}

void eas_writer_mark(const eas_writer_t *w, eas_writer_mark_t *mark)
{
    mark->state = w->s;
    mark->state.last_len = w->s.last != NULL ? w->s.last->length : 0;
    mark->released = w->released;
}

void eas_writer_rollback(eas_writer_t *w, const eas_writer_mark_t *mark)
{
    apr_bucket *after, *next;
    apr_bucket_heap *heap;

    if (mark->released != w->released) {
        eas_writer_fail(w, EAS_WBXML_STRUCTURE);
        return;
    }
    w->s = mark->state;
    /* Without a last bucket the brigade was empty at the mark. */
    after = w->s.last != NULL ? APR_BUCKET_NEXT(w->s.last) : APR_BRIGADE_FIRST(w->brigade);
    for (; after != APR_BRIGADE_SENTINEL(w->brigade); after = next) {
        next = APR_BUCKET_NEXT(after);
        apr_bucket_delete(after);
    }
    w->at = NULL;
    w->room = 0;
    if (w->s.last_is_ours) {
        heap = w->s.last->data;
        w->s.last->length = w->s.last_len;
        w->at = heap->base + w->s.last->start + w->s.last_len;
        w->room = CHUNK - w->s.last_len;
        if (w->s.just_opened) {
            w->at[-1] |= HAS_CONTENT;
        }
    }
}

void eas_writer_release(eas_writer_t *w)
{
    w->released++;
    w->s.last = last_bucket(w->brigade);
    w->s.last_is_ours = 0;
    w->s.just_opened = 0;
    w->at = NULL;
    w->room = 0;
}

apr_off_t eas_writer_bytes(const eas_writer_t *w)
{
    return w->s.bytes;
}

const eas_wbxml_error_t *eas_writer_error(const eas_writer_t *w)
{
    return &w->s.error;
}

eas_wbxml_code_t eas_writer_finish(eas_writer_t *w)
{
    if (!w->s.root_closed) {
        eas_writer_fail(w, EAS_WBXML_STRUCTURE);
    }
    return w->s.error.code;
}
