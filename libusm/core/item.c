/* SPDX-License-Identifier: Apache-2.0 */
#include "core.h"

#include <usm/zone.h>

#define USM_FIELD(id, type, column, key, page, tag, since, until, flags) {#id, USM_T_##type, flags},
#define USM_FIELD_INNER(id, type, column, key, flags) {#id, USM_T_##type, flags},
static const usm_fieldinfo_t contact_fields[] = {
#include <usm/tbl/contact.h>
};
static const usm_fieldinfo_t event_fields[] = {
#include <usm/tbl/event.h>
};
static const usm_fieldinfo_t task_fields[] = {
#include <usm/tbl/task.h>
};
static const usm_fieldinfo_t email_fields[] = {
#include <usm/tbl/email.h>
};
static const usm_fieldinfo_t note_fields[] = {
#include <usm/tbl/note.h>
};
static const usm_fieldinfo_t folder_fields[] = {
#include <usm/tbl/folder.h>
};
static const usm_fieldinfo_t recipient_fields[] = {
#include <usm/tbl/recipient.h>
};
#undef USM_FIELD
#undef USM_FIELD_INNER

#define TABLE(t) {t, sizeof t / sizeof t[0]}
static const struct {
    const usm_fieldinfo_t *fields;
    int count;
} classes[USM_CLASS_COUNT] = {
    [USM_FOLDER] = TABLE(folder_fields), [USM_EMAIL] = TABLE(email_fields), [USM_CONTACT] = TABLE(contact_fields),
    [USM_EVENT] = TABLE(event_fields),   [USM_TASK] = TABLE(task_fields),   [USM_NOTE] = TABLE(note_fields),
    [USM_RECIPIENT] = TABLE(recipient_fields),
};
_Static_assert(sizeof contact_fields / sizeof contact_fields[0] <= USM_MAX_FIELDS, "too many contact fields");

static const usm__form_e kinds[USM_T_COUNT] = {
#define USM_TYPE(name, kind) [USM_T_##name] = USM__KIND_##kind,
    USM_TYPES(USM_TYPE)
#undef USM_TYPE
};

usm__form_e usm__type_kind(usm_type_e type)
{
    return kinds[type];
}

int usm_class_fields(usm_class_e cls)
{
    return (unsigned)cls < USM_CLASS_COUNT ? classes[cls].count : 0;
}

const usm_fieldinfo_t *usm_field(usm_class_e cls, int field)
{
    return field >= 0 && field < usm_class_fields(cls) ? &classes[cls].fields[field] : NULL;
}

usm_item_t *usm_item_create(usm_class_e cls, apr_pool_t *pool)
{
    usm_item_t *item = apr_palloc(pool, sizeof *item);
    item->cls = cls;
    item->pool = pool;
    item->v = apr_pcalloc(pool, sizeof(usm_value_t) * (apr_size_t)(usm_class_fields(cls) + 1));
    return item;
}

void usm_item_set_text(usm_item_t *item, int field, const char *text)
{
    item->v[field].state = text && *text ? USM_SET : USM_EMPTY;
    item->v[field].u.text = text;
}

void usm_item_set_num(usm_item_t *item, int field, apr_int64_t num)
{
    item->v[field].state = USM_SET;
    item->v[field].u.num = num;
}

void usm_item_set_ptr(usm_item_t *item, int field, const void *ptr)
{
    item->v[field].state = ptr ? USM_SET : USM_EMPTY;
    item->v[field].u.text = ptr; /* all pointers of the union share their representation */
}

void usm_item_set_empty(usm_item_t *item, int field)
{
    item->v[field].state = USM_EMPTY;
    item->v[field].u.text = NULL;
}

const char *usm_item_text(const usm_item_t *item, int field)
{
    return item->v[field].state == USM_SET ? item->v[field].u.text : NULL;
}

apr_int64_t usm_item_num(const usm_item_t *item, int field, apr_int64_t dflt)
{
    return item->v[field].state == USM_SET ? item->v[field].u.num : dflt;
}

/* ---- copy ---- */

static const char *dup_text(const char *s, apr_pool_t *pool)
{
    return s ? apr_pstrdup(pool, s) : NULL;
}

static const usm_list_t *dup_list(const usm_list_t *in, apr_pool_t *pool)
{
    usm_list_t *out = apr_palloc(pool, sizeof *out);
    out->count = in->count;
    out->items = apr_palloc(pool, sizeof(char *) * (apr_size_t)(in->count + 1));
    for (int i = 0; i < in->count; i++)
        out->items[i] = apr_pstrdup(pool, in->items[i]);
    return out;
}

static const usm_addrs_t *dup_addrs(const usm_addrs_t *in, apr_pool_t *pool)
{
    usm_addrs_t *out = apr_palloc(pool, sizeof *out);
    out->count = in->count;
    out->items = apr_palloc(pool, sizeof(usm_addr_t) * (apr_size_t)(in->count + 1));
    for (int i = 0; i < in->count; i++) {
        out->items[i].name = dup_text(in->items[i].name, pool);
        out->items[i].addr = dup_text(in->items[i].addr, pool);
    }
    return out;
}

static void dup_form(usm_bodyform_t *form, apr_pool_t *pool)
{
    if (form->data)
        form->data = apr_pstrmemdup(pool, form->data, form->len);
}

static const usm_body_t *dup_body(const usm_body_t *in, apr_pool_t *pool)
{
    usm_body_t *out = apr_pmemdup(pool, in, sizeof *in);
    dup_form(&out->text, pool);
    dup_form(&out->html, pool);
    dup_form(&out->mime, pool);
    return out;
}

static const usm_blob_t *dup_blob(const usm_blob_t *in, apr_pool_t *pool)
{
    usm_blob_t *out = apr_palloc(pool, sizeof *out);
    out->data = in->len ? apr_pmemdup(pool, in->data, in->len) : NULL;
    out->len = in->len;
    out->content_type = dup_text(in->content_type, pool);
    return out;
}

static const usm_attendees_t *dup_attendees(const usm_attendees_t *in, apr_pool_t *pool)
{
    usm_attendees_t *out = apr_palloc(pool, sizeof *out);
    out->count = in->count;
    out->items = apr_palloc(pool, sizeof(usm_attendee_t) * (apr_size_t)(in->count + 1));
    for (int i = 0; i < in->count; i++) {
        out->items[i] = in->items[i];
        out->items[i].name = dup_text(in->items[i].name, pool);
        out->items[i].email = dup_text(in->items[i].email, pool);
        out->items[i].backend_ref = dup_text(in->items[i].backend_ref, pool);
    }
    return out;
}

static const usm_attachments_t *dup_attachments(const usm_attachments_t *in, apr_pool_t *pool)
{
    usm_attachments_t *out = apr_palloc(pool, sizeof *out);
    out->count = in->count;
    out->items = apr_palloc(pool, sizeof(usm_attachment_t) * (apr_size_t)(in->count + 1));
    for (int i = 0; i < in->count; i++) {
        out->items[i] = in->items[i];
        out->items[i].id = dup_text(in->items[i].id, pool);
        out->items[i].name = dup_text(in->items[i].name, pool);
        out->items[i].content_type = dup_text(in->items[i].content_type, pool);
        out->items[i].content_id = dup_text(in->items[i].content_id, pool);
        if (in->items[i].data)
            out->items[i].data = apr_pmemdup(pool, in->items[i].data, (apr_size_t)in->items[i].size);
    }
    return out;
}

static const usm_meeting_t *dup_meeting(const usm_meeting_t *in, apr_pool_t *pool)
{
    usm_meeting_t *out = apr_pmemdup(pool, in, sizeof *in);
    out->uid = dup_text(in->uid, pool);
    out->location = dup_text(in->location, pool);
    out->organizer.name = dup_text(in->organizer.name, pool);
    out->organizer.addr = dup_text(in->organizer.addr, pool);
    out->zone = dup_text(in->zone, pool);
    out->zone_rule = dup_text(in->zone_rule, pool);
    out->recur = in->recur ? apr_pmemdup(pool, in->recur, sizeof *in->recur) : NULL;
    return out;
}

static const usm_exceptions_t *dup_exceptions(const usm_exceptions_t *in, apr_pool_t *pool)
{
    usm_exceptions_t *out = apr_palloc(pool, sizeof *out);
    out->count = in->count;
    out->items = apr_palloc(pool, sizeof(usm_exception_t) * (apr_size_t)(in->count + 1));
    for (int i = 0; i < in->count; i++) {
        out->items[i] = in->items[i];
        out->items[i].item = in->items[i].item ? usm_item_copy(in->items[i].item, pool) : NULL;
        out->items[i].id = dup_text(in->items[i].id, pool);
    }
    return out;
}

usm_item_t *usm_item_copy(const usm_item_t *in, apr_pool_t *pool)
{
    usm_item_t *out = usm_item_create(in->cls, pool);
    for (int f = 0; f < usm_class_fields(in->cls); f++) {
        out->v[f] = in->v[f];
        if (in->v[f].state != USM_SET)
            continue;
        const usm_value_t *v = &in->v[f];
        switch (kinds[classes[in->cls].fields[f].type]) {
        case USM__KIND_num:
            break;
        case USM__KIND_text:
            out->v[f].u.text = apr_pstrdup(pool, v->u.text);
            break;
        case USM__KIND_list:
            out->v[f].u.list = dup_list(v->u.list, pool);
            break;
        case USM__KIND_addrs:
            out->v[f].u.addrs = dup_addrs(v->u.addrs, pool);
            break;
        case USM__KIND_body:
            out->v[f].u.body = dup_body(v->u.body, pool);
            break;
        case USM__KIND_blob:
            out->v[f].u.blob = dup_blob(v->u.blob, pool);
            break;
        case USM__KIND_attendees:
            out->v[f].u.attendees = dup_attendees(v->u.attendees, pool);
            break;
        case USM__KIND_attachments:
            out->v[f].u.attachments = dup_attachments(v->u.attachments, pool);
            break;
        case USM__KIND_meeting:
            out->v[f].u.meeting = dup_meeting(v->u.meeting, pool);
            break;
        case USM__KIND_flag: {
            usm_flag_t *flag = apr_pmemdup(pool, v->u.flag, sizeof *flag);
            flag->type = dup_text(flag->type, pool);
            if (flag->more) {
                usm_flagmore_t *more = apr_pmemdup(pool, flag->more, sizeof *more);
                more->subject = dup_text(more->subject, pool);
                more->sub_ordinal = dup_text(more->sub_ordinal, pool);
                flag->more = more;
            }
            out->v[f].u.flag = flag;
            break;
        }
        case USM__KIND_recurrence:
            out->v[f].u.recurrence = apr_pmemdup(pool, v->u.recurrence, sizeof *v->u.recurrence);
            break;
        case USM__KIND_exceptions:
            out->v[f].u.exceptions = dup_exceptions(v->u.exceptions, pool);
            break;
        }
    }
    return out;
}

/* ---- digests ---- */

#define MASK48 APR_UINT64_C(0xFFFFFFFFFFFF)

apr_uint64_t usm__hash(const void *data, apr_size_t len, apr_uint64_t seed)
{
    const unsigned char *p = data;
    apr_uint64_t h = seed ? seed : APR_UINT64_C(0xcbf29ce484222325);
    for (apr_size_t i = 0; i < len; i++)
        h = (h ^ p[i]) * APR_UINT64_C(0x100000001b3);
    h ^= h >> 32; /* the upper bits of FNV are the better mixed ones */
    h *= APR_UINT64_C(0x9E3779B97F4A7C15);
    h ^= h >> 29;
    return h ? h : 1;
}

/* A separator that no text can hold keeps ("a","b") apart from ("ab",""). */
static apr_uint64_t hash_text(const char *s, apr_uint64_t h)
{
    h = usm__hash(s ? s : "", s ? strlen(s) : 0, h);
    return usm__hash("\0", 1, h);
}

static apr_uint64_t hash_num(apr_int64_t n, apr_uint64_t h)
{
    unsigned char b[8];
    for (int i = 0; i < 8; i++)
        b[i] = (unsigned char)((apr_uint64_t)n >> (8 * i));
    return usm__hash(b, sizeof b, h);
}

/* Line ends and trailing blanks of a body change on every trip; they are not an edit. */
static apr_uint64_t hash_body_text(const char *data, apr_size_t len, apr_uint64_t h)
{
    while (len && (data[len - 1] == '\n' || data[len - 1] == '\r' || data[len - 1] == ' '))
        len--;
    if (!len)
        return 0; /* blank lines alone are no body */
    char buf[512];
    apr_size_t n = 0;
    for (apr_size_t i = 0; i < len; i++) {
        if (data[i] == '\r' && i + 1 < len && data[i + 1] == '\n')
            continue;
        buf[n++] = data[i] == '\r' ? '\n' : data[i];
        if (n == sizeof buf) {
            h = usm__hash(buf, n, h);
            n = 0;
        }
    }
    return usm__hash(buf, n, h);
}

static apr_uint64_t hash_body(const usm_body_t *b)
{
    const usm_bodyform_t *form = b->text.data ? &b->text : b->html.data ? &b->html : &b->mime;
    return form->data && form->len ? hash_body_text(form->data, form->len, 3) : 0;
}

/* Names and order of attendees differ between servers and devices; who takes part and with what answer does not.
 * So each one is hashed alone and the sum is taken. */
static apr_uint64_t hash_attendees(const usm_attendees_t *a)
{
    apr_uint64_t sum = 0;
    for (int i = 0; i < a->count; i++) {
        apr_uint64_t h = 7;
        for (const char *p = a->items[i].email ? a->items[i].email : ""; *p; p++) {
            char c = (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
            h = usm__hash(&c, 1, h);
        }
        sum += hash_num(a->items[i].status, h);
    }
    return sum;
}

static apr_uint64_t hash_recurrence(const usm_recurrence_t *r)
{
    const apr_int64_t parts[] = {r->freq, r->interval, r->weekdays, r->week, r->day, r->month, r->first_weekday,
                                 r->occurrences, r->until, r->regenerate};
    apr_uint64_t h = 11;
    for (apr_size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        h = hash_num(parts[i], h);
    return h;
}

/* In any order; what is taken away (empty) differs from what is as the series has it (absent). */
static apr_uint64_t hash_exceptions(const usm_exceptions_t *list)
{
    apr_uint64_t sum = 0;
    for (int i = 0; i < list->count; i++) {
        const usm_item_t *item = list->items[i].item;
        apr_uint64_t h = hash_num(list->items[i].day, item ? 13 : 15);
        for (int f = 0; item && f < classes[item->cls].count; f++) {
            const usm_fieldinfo_t *info = &classes[item->cls].fields[f];
            if (item->v[f].state == USM_ABSENT || (info->flags & (USM_F_NODIGEST | USM_F_SERIES)))
                continue;
            h = hash_num(f, h);
            h = hash_num((apr_int64_t)usm_value_digest(info->type, &item->v[f]), h);
        }
        sum += h;
    }
    return sum;
}

/* Devices know the rule of a zone and not its name: zones with the same rule are the same to them. Nearly all events of
 * a user are in one zone. */
static apr_uint64_t hash_zone(const char *name)
{
    static _Thread_local char last[65];
    static _Thread_local apr_uint64_t hash;
    apr_pool_t *pool;
    if (*last && strcmp(last, name) == 0)
        return hash;
    if (apr_pool_create(&pool, NULL))
        return hash_text(name, 5);
    const usm_zone_t *zone = usm_zone_open(name, pool);
    apr_uint64_t h = zone ? usm__hash(usm_zone_rule(zone), sizeof(usm_tzrule_t), 5) : hash_text(name, 5);
    apr_pool_destroy(pool);
    if (strlen(name) < sizeof last) {
        apr_cpystrn(last, name, sizeof last);
        hash = h;
    }
    return h;
}

apr_uint64_t usm_value_digest(usm_type_e type, const usm_value_t *v)
{
    apr_uint64_t h = 5;
    if (v->state != USM_SET)
        return 0;
    switch (kinds[type]) {
    case USM__KIND_num:
        h = hash_num(v->u.num, h);
        break;
    case USM__KIND_text:
        h = type == USM_T_ZONE ? hash_zone(v->u.text) : hash_text(v->u.text, h);
        break;
    case USM__KIND_list:
        if (!v->u.list->count)
            return 0;
        for (int i = 0; i < v->u.list->count; i++)
            h = hash_text(v->u.list->items[i], h);
        break;
    case USM__KIND_addrs:
        if (!v->u.addrs->count)
            return 0;
        for (int i = 0; i < v->u.addrs->count; i++)
            h = hash_text(v->u.addrs->items[i].name, hash_text(v->u.addrs->items[i].addr, h));
        break;
    case USM__KIND_body:
        h = hash_body(v->u.body);
        if (!h)
            return 0;
        break;
    case USM__KIND_blob:
        if (!v->u.blob->len)
            return 0;
        h = usm__hash(v->u.blob->data, v->u.blob->len, h);
        break;
    case USM__KIND_attendees:
        h = hash_attendees(v->u.attendees);
        if (!h)
            return 0;
        break;
    case USM__KIND_attachments:
        for (int i = 0; i < v->u.attachments->count; i++) {
            /* by what a client that adds one knows of it before there is an id */
            const usm_attachment_t *a = &v->u.attachments->items[i];
            h = hash_num((apr_int64_t)a->size, hash_text(a->name, h));
        }
        break;
    case USM__KIND_meeting: /* a mail never changes */
        h = hash_num(v->u.meeting->method, hash_text(v->u.meeting->uid, h));
        break;
    case USM__KIND_flag:
        if (!v->u.flag->status)
            return 0;
        h = hash_num(v->u.flag->status, h);
        break;
    case USM__KIND_recurrence:
        h = hash_recurrence(v->u.recurrence);
        break;
    case USM__KIND_exceptions:
        if (!v->u.exceptions->count)
            return 0;
        h = hash_exceptions(v->u.exceptions);
        break;
    }
    h &= MASK48;
    return h ? h : 1;
}

int usm_value_equal(usm_type_e type, const usm_value_t *a, const usm_value_t *b)
{
    return usm_value_digest(type, a) == usm_value_digest(type, b);
}

static void put_digest(unsigned char *p, int field, apr_uint64_t d)
{
    p[0] = (unsigned char)field;
    for (int i = 0; i < 6; i++)
        p[1 + i] = (unsigned char)(d >> (8 * i));
}

static apr_uint64_t take_digest(const unsigned char *p)
{
    apr_uint64_t d = 0;
    for (int i = 0; i < 6; i++)
        d |= (apr_uint64_t)p[1 + i] << (8 * i);
    return d;
}

void usm_item_digests(const unsigned char **data_p, apr_size_t *len_p, const usm_item_t *item, apr_pool_t *pool)
{
    int count = usm_class_fields(item->cls);
    unsigned char *data = apr_palloc(pool, (apr_size_t)(count * 7 + 1));
    apr_size_t len = 0;
    for (int f = 0; f < count; f++) {
        const usm_fieldinfo_t *info = &classes[item->cls].fields[f];
        apr_uint64_t d = info->flags & USM_F_NODIGEST ? 0 : usm_value_digest(info->type, &item->v[f]);
        if (d) {
            put_digest(data + len, f, d);
            len += 7;
        }
    }
    *data_p = len ? data : NULL;
    *len_p = len;
}

apr_uint64_t usm_digest_of(const unsigned char *data, apr_size_t len, int field)
{
    for (apr_size_t i = 0; i + 7 <= len; i += 7) {
        if (data[i] == field)
            return take_digest(data + i);
    }
    return 0;
}

int usm_digest_diff(usm_fieldset_t *changed, const usm_item_t *item, const unsigned char *data, apr_size_t len)
{
    int n = 0;
    memset(changed, 0, sizeof *changed);
    for (int f = 0; f < usm_class_fields(item->cls); f++) {
        const usm_fieldinfo_t *info = &classes[item->cls].fields[f];
        if (info->flags & USM_F_NODIGEST)
            continue;
        if (usm_value_digest(info->type, &item->v[f]) != usm_digest_of(data, len, f)) {
            USM_FIELDSET_ADD(changed, f);
            n++;
        }
    }
    return n;
}
